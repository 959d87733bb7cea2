"""Masks: softmaxes over fewer and fewer numbers, as in causal attention, made equally long.

Where position t looks only at the positions u ≤ t, its scores are a row of a triangle. Rows of different lengths would
be an array each. What is missing is therefore computed, too, and pushed out of the softmax as everybody does it:

    Z = Q Kᵀ + C,   C = 0 where t may look, -1e300 where it may not:   exp(Z - max Z) = 0 there, exactly

Then all rows are one matrix product, one maximum, one exponential, and R V is one matrix product again. A score that is
missing is made like the others, of the row's own factors (q_t) and those of a column (k_u); its weight is 0 and so is
everything that it passes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from autograd import rules
from autograd.compile.matrix.nodes import Node, nodes_of
from autograd.compile.record import Recording, empty_like
from autograd.op import Op

SUMS = (rules.add, rules.total)
OUTSIDE = -1e300  # exp(OUTSIDE - m) is 0 for every m that a score can be
FULL = 0.3  # the share of the matrix that must be there: more would be computed in vain

Key = tuple[int, ...]  # a column: the factors k_u, in the order of the row's factors q_t; or a score that rows share


@dataclass
class Row:
    """A softmax: for each column its score and its exponential; their largest and total (None: of one score)."""

    scores: list[int]
    exps: dict[int, int]  # by score
    largest: int | None = None
    total: int | None = None
    ratios: dict[int, int] = field(default_factory=dict)  # by score
    factors: Key = ()  # q_t; () where rows share the scores
    columns: dict[Key, int] = field(default_factory=dict)  # the scores, by column


def completed(recording: Recording) -> Recording:
    """The recording, with equally long rows; the same one if there is nothing to complete."""
    while len({len(recording.args[h]) for h in recording.held}) > 1:
        work = _Completion(recording)
        if not work.run():
            break
        recording = work.finish()  # in a second layer the rows are alike only when those of the first are
    return recording


class _Completion:
    """A recording in which slots are given new arguments, and new slots are added."""

    def __init__(self, recording: Recording) -> None:
        self.r = recording
        self.ops, self.args = list(recording.ops), list(recording.args)
        self.constants, self.held = dict(recording.constants), set(recording.held)
        self.scopes = dict(recording.scopes)
        self.nodes = nodes_of(recording)
        self.users: dict[int, list[int]] = {}
        for slot, args in enumerate(recording.args):
            for a in set(args):
                self.users.setdefault(a, []).append(slot)
        self.readers: dict[int, list[int]] = {}  # the nodes that need a slot
        for slot, node in self.nodes.items():
            for x in set(node.operands()):
                self.readers.setdefault(x, []).append(slot)
        self.numbers: dict[float, int] = {}

    def run(self) -> bool:
        """Whether there was something to complete."""
        found = False
        for family, keys in self._families():
            found |= self._complete(family, keys)
        return found

    # -- Finding ----------------------------------------------------------------------------------------------------

    def _rows(self) -> Iterator[Row]:
        """The softmaxes, and the sums of exponentials of a logarithm."""
        r = self.r
        for h in sorted(r.held):
            exps: dict[int, int] = {}
            for d in self.users.get(h, []):
                users = self.users.get(d, [])
                if r.ops[d] is rules.sub and r.args[d][1] == h and len(users) == 1 and r.ops[users[0]] is rules.exp:
                    exps[r.args[d][0]] = users[0]
            totals = {t for e in exps.values() for t in self.users[e] if sorted(r.args[t]) == sorted(exps.values())}
            if set(exps) == set(r.args[h]) and len(totals) == 1 and r.ops[(t := totals.pop())] in SUMS:
                row = Row(list(r.args[h]), exps, h, t)
                row.ratios = {
                    s: q
                    for s, e in exps.items()
                    for q in self.users[e]
                    if r.ops[q] is rules.div and r.args[q] == (e, t)
                }
                yield row
        for slot, args in enumerate(r.args):
            if r.ops[slot] is rules.div and args[0] == args[1] and r.ops[args[0]] is rules.exp:
                s = r.args[args[0]][0]
                yield Row([s], {s: args[0]}, ratios={s: slot})

    def _families(self) -> list[tuple[list[Row], list[Key]]]:
        """Rows that share columns, and all their columns."""
        rows = list(self._rows())
        times: dict[int, int] = {}
        for s in (s for row in rows for s in row.scores):
            times[s] = times.get(s, 0) + 1
        known: dict[Key, int] = {}  # column -> which family
        families: dict[int, tuple[list[Row], dict[Key, None]]] = {}
        for row in sorted(rows, key=lambda row: -len(row.scores)):
            if not self._split(row, times, known):
                continue
            members: list[Row] = [row]
            keys = dict.fromkeys(row.columns)
            for n in sorted({known[k] for k in row.columns if k in known}):
                more, columns = families.pop(n)
                members, keys = more + members, columns | keys
            families[id(row)] = members, keys
            known.update(dict.fromkeys(keys, id(row)))
        return [(members, list(keys)) for members, keys in families.values()]

    def _split(self, row: Row, times: dict[int, int], known: dict[Key, int]) -> bool:
        """Find the row's own factors and those of its columns; False if its scores are something else."""
        if all(times[s] > 1 for s in row.scores) or (row.total is not None and not row.ratios):
            row.columns = {(s,): s for s in row.scores}
            return len(row.scores) > 1
        pairs: list[list[tuple[int, int]]] = []
        for s in row.scores:
            node = self.nodes.get(s)
            found = _pairs(node) if node is not None else None
            if found is None:
                return False
            pairs.append(found)
        if len(pairs) == 1:
            for turned in (sorted(pairs[0]), sorted(p[::-1] for p in pairs[0])):
                row.factors, key = tuple(p[0] for p in turned), tuple(p[1] for p in turned)
                if key in known:
                    row.columns = {key: row.scores[0]}
                    return True
            return False
        common = set.intersection(*({x for p in found for x in p} for found in pairs))
        for s, found in zip(row.scores, pairs, strict=True):
            turned = sorted((p if p[0] in common else p[::-1]) for p in found)
            own = tuple(p[0] for p in turned)
            if any(x not in common for x in own) or row.factors not in ((), own):
                return False
            row.factors = own
            row.columns[tuple(p[1] for p in turned)] = s
        return len(row.columns) == len(row.scores)

    def _level(self, slot: int) -> int:
        return self.nodes[slot].level if slot in self.nodes else 0

    # -- Completing -------------------------------------------------------------------------------------------------

    def _complete(self, rows: list[Row], keys: list[Key]) -> bool:
        there = sum(len(row.columns) for row in rows)
        if there == len(rows) * len(keys) or there < FULL * len(rows) * len(keys):
            return False
        if any(len(row.factors) != len(rows[0].factors) for row in rows):
            return False
        # What is new is made of what comes before all of these rows: a network that looks back at its own steps needs
        # an earlier row for a later column
        first = min(self._level(row.scores[0]) + 1 if row.largest is None else self._level(row.largest) for row in rows)
        if any(self._level(x) >= first for key in keys for x in key):
            return False
        weighted = [self._weighted(row) for row in rows]
        templates = [
            values
            for found in weighted
            for _, values in found.values()
            if len(values) == len(keys) and all(self._level(v) < first for v in values.values())
        ]
        for row, found in zip(rows, weighted, strict=True):
            ratios = self._complete_row(row, keys)
            for slot, (c, values) in found.items():
                whole = next((t for t in templates if all(t[k] == v for k, v in values.items())), None)
                outside = [k for k in keys if k not in values]
                if whole is not None and outside:
                    more = self._new(rules.dot, (*(ratios[k] for k in outside), *(whole[k] for k in outside)), slot)
                    more = more if c == 1.0 else self._new(rules.mul, (self._number(c), more), slot)
                    before = self._new(self.ops[slot], self.args[slot], slot)
                    self.ops[slot], self.args[slot] = rules.add, (before, more)
        return True

    def _weighted(self, row: Row) -> dict[int, tuple[float, dict[Key, int]]]:
        """The nodes in which there is c·Σ r_u v_u, with c and v_u for each column."""
        key_of = {row.ratios[s]: k for k, s in row.columns.items() if s in row.ratios}
        found: dict[int, tuple[float, dict[Key, int]]] = {}
        for slot in {slot for q in key_of for slot in self.readers.get(q, ())}:
            node = self.nodes[slot]
            products = [(1.0, *node.args)] if node.op is rules.mul else node.products
            both = [(c, x, y) for c, u, v in products for x, y in ((u, v), (v, u))]
            terms = [(c, key_of[x], y) for c, x, y in both if isinstance(x, int) and isinstance(y, int) and x in key_of]
            values = {key: y for _, key, y in terms}
            if len(values) == len(terms) == len(row.columns) and len({c for c, _, _ in terms}) == 1:
                found[slot] = terms[0][0], values
        return found

    def _complete_row(self, row: Row, keys: list[Key]) -> dict[Key, int]:
        """Give the softmax all columns; its ratios are returned."""
        twin = row.scores[0]
        scores = {key: self._score(row, key, twin) for key in keys}
        if row.largest is None:
            row.largest = self._new(rules.maximum, (), twin)
            self.held.add(row.largest)
        self.args[row.largest] = tuple(scores.values())
        exps: list[int] = []
        for key, score in scores.items():
            e = row.exps.get(row.columns.get(key, -1))
            shifted = (score, row.largest)
            if e is None:
                e = self._new(rules.exp, (self._new(rules.sub, shifted, twin),), twin)
            elif row.total is None:
                self.args[e] = (self._new(rules.sub, shifted, twin),)
            else:
                self.args[self.r.args[e][0]] = shifted
            exps.append(e)
        if row.total is None:
            row.total = self._new(rules.total, tuple(exps), twin)
            self.args[row.ratios[twin]] = (exps[keys.index(next(iter(row.columns)))], row.total)
        self.ops[row.total], self.args[row.total] = rules.total, tuple(exps)
        there = {key: row.ratios.get(s) for key, s in row.columns.items()}
        return {
            key: there.get(key) or self._new(rules.div, (e, row.total), twin) for key, e in zip(keys, exps, strict=True)
        }

    def _score(self, row: Row, key: Key, twin: int) -> int:
        """The score of this column, with 0 added or, if it is outside, OUTSIDE."""
        there = row.columns.get(key)
        if row.factors:
            if there is not None:
                return there
            score = self._new(rules.dot, (*row.factors, *key), twin)
            c = self.nodes[twin].products[0][0]
            score = score if c == 1.0 else self._new(rules.mul, (self._number(c), score), twin)
        else:
            score = key[0]
        return self._new(rules.add, (score, self._number(OUTSIDE if there is None else 0.0)), twin)

    # -- Slots ------------------------------------------------------------------------------------------------------

    def _new(self, op: Op, args: tuple[int, ...], twin: int) -> int:
        """A new slot, in the scope of its twin."""
        self.ops.append(op)
        self.args.append(args)
        if twin in self.scopes:
            self.scopes[len(self.ops) - 1] = self.scopes[twin]
        return len(self.ops) - 1

    def _number(self, value: float) -> int:
        if value not in self.numbers:
            self.numbers[value] = self._new(rules.CONSTANT, (), -1)
            self.constants[self.numbers[value]] = value
        return self.numbers[value]

    def finish(self) -> Recording:
        """The recording: what the results need, arguments before results."""
        r, out, new = self.r, empty_like(self.r), dict[int, int]()
        todo = [x for x in (r.penalty, r.root) if x is not None]
        while todo:
            slot = todo[-1]
            missing = [a for a in self.args[slot] if a not in new]
            if slot in new or not missing:
                todo.pop()
                if slot not in new:
                    new[slot] = out.add(self.ops[slot], tuple(new[a] for a in self.args[slot]))
            else:
                todo += reversed(missing)
        for here, name in ((self.constants, "constants"), (self.scopes, "scopes")):
            setattr(out, name, {new[i]: v for i, v in here.items() if i in new})
        for name in ("parameters", "inputs", "labels"):
            setattr(out, name, {new[i]: v for i, v in getattr(r, name).items() if i in new})
        out.held = {new[i] for i in self.held if i in new}
        out.root, out.penalty = new[r.root], None if r.penalty is None else new[r.penalty]
        return out


def _pairs(node: Node) -> list[tuple[int, int]] | None:
    """The factors of the products, if the node is c·Σ u_k v_k and nothing else."""
    products = node.products
    if not node.is_sum or node.singles or node.constant or not products or len({c for c, _, _ in products}) > 1:
        return None
    return [(u, v) for _, u, v in products if isinstance(u, int) and isinstance(v, int)]
