"""Places where a mistake can be made, as a person sees them.

Nobody forgets the slope of one sigmoid among twenty. A mistake is made once per idea: in a term of the cost,
in a layer's activation, on one side of a matrix product, at one use of a shared value. A `Group` is such a
place: the edges of the graph that belong to one idea.

The graph itself shows which nodes belong together: those made in the same way (the same operation of
operands made in the same way, however many there are) and used in the same way. Scopes and the
lines of the user's program give coarser groups: all steps of a recurrent network, all layers of a loop.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from autograd.check.diagnose_graph import Graph, Ints, Part

SMALL = 400  # edges; in a graph as small as this, each edge is a place of its own, too
COMMUTATIVE = frozenset({"sum", "mul", "maximum", "minimum"})
Role = Literal["whole", "block", "term", "slope", "into"]


@dataclass(frozen=True, slots=True)
class Group:
    """Edges that belong to one idea.

    `role`   "block" (all edges into one argument), "term" (terms of a sum), "slope" (slopes of an operation),
             "into" (the whole upstream gradient of a value)
    `cost`   how much has to be said to name it: simple places first
    `part`   the sum inside a sum that it is, if it is one
    """

    role: Role
    edges: Ints
    cost: float
    part: Part | None = None
    outer: bool = False  # whether these are terms of the cost itself


@dataclass(frozen=True, slots=True)
class Uses:
    """What is left if ``=`` is written for ``+=``: `kept` edges stay, `dropped` ones are overwritten."""

    kept: Ints
    dropped: Ints
    which: str  # "first" or "last"
    cost: float


class Groups:
    """All places of a graph: `groups`, `uses`, and `terms` (the terms of the cost: what the root is the sum of)."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.block = np.full(len(graph.nodes), -1)
        for number, block in enumerate(graph.problem.blocks):
            for i, node in enumerate(graph.nodes):
                if block.offset <= node.component < block.offset + block.size:
                    self.block[i] = number
        self._raw_of = {component: raw for raw, component in enumerate(graph.component) if component >= 0}
        self._names: dict[Hashable, int] = {}
        self._colour()
        self.order = [self._order_of(i) for i in range(len(graph.nodes))]
        self._parts = self._mixed_parts()
        self.groups = self._all_groups()
        self._reach = graph.reach()
        self._below: list[list[int]] = [[] for _ in graph.nodes]
        for e, s in enumerate(graph.src.tolist()):
            self._below[s].append(e)
        self.uses = self._all_uses()
        self.terms = self._terms()

    # -- Which nodes belong together -----------------------------------------------------------------------------

    def _colour(self) -> None:
        """`made`: the same number for nodes made in the same way; `alike`: made and used in the same way."""
        graph = self.graph
        below: list[list[tuple[int, int]]] = [[] for _ in graph.nodes]
        above: list[list[tuple[int, int]]] = [[] for _ in graph.nodes]
        for s, d, slot in zip(graph.src.tolist(), graph.dst.tolist(), graph.slot.tolist(), strict=True):
            place = 0 if graph.nodes[s].op in COMMUTATIVE else slot
            below[s].append((place, d))
            above[d].append((place, s))
        self.made = [0] * len(graph.nodes)
        self.alike = [0] * len(graph.nodes)
        order = np.argsort(graph.level, kind="stable").tolist()
        for i in reversed(order):
            node = graph.nodes[i]
            exponent = graph.raw[node.operands[1]]._data if node.op == "power" else 0.0
            operands = frozenset((place, self.made[d]) for place, d in below[i])
            self.made[i] = self._name(node.op, int(self.block[i]), exponent, operands)
        for i in order:
            uses = frozenset((place, self.alike[s]) for place, s in above[i])
            self.alike[i] = self._name("used", self.made[i], uses)

    def transposed(self, raw: int) -> int | None:
        """For the component W[i, j] of a square matrix among the arguments: where W[j, i] is; None if it is none."""
        component = self.graph.component[raw]
        if component < 0:
            return None
        block = self.graph.problem.block_of(component)
        if len(block.shape) != 2 or block.shape[0] != block.shape[1]:
            return None
        i, j = divmod(component - block.offset, block.shape[1])
        return self._raw_of.get(block.offset + j * block.shape[1] + i)

    def _name(self, *key: Hashable) -> int:
        return self._names.setdefault(key, len(self._names))

    def _order_of(self, i: int) -> int:
        node = self.graph.nodes[i]
        return node.raw if node.raw >= 0 else max(node.operands)

    # -- Places -----------------------------------------------------------------------------------------------------

    def _all_groups(self) -> list[Group]:
        graph = self.graph
        found: dict[bytes, Group] = {}

        def add(role: Role, edges: Iterable[int], cost: float, part: Part | None = None) -> None:
            array = np.unique(np.fromiter(edges, np.int64))
            if len(array):
                outer = bool((graph.src[array] == 0).all()) and graph.nodes[0].op == "sum"
                found.setdefault(array.tobytes(), Group(role, array, cost, part, outer))

        is_sum = [n.op == "sum" for n in graph.nodes]
        add("whole", np.flatnonzero(graph.src == 0).tolist(), 0.0)
        for number in range(len(graph.problem.blocks)):
            edges = np.flatnonzero(self.block[graph.dst] == number)
            if len(edges):
                add("block", edges, 0.2)
        for part in self._named_parts():
            add("term", part[0], 0.4, part[1])
        lines = [n.origin.line[1] if n.origin.line else 0 for n in graph.nodes]
        scopes = [n.origin.scope for n in graph.nodes]
        ops = [n.op for n in graph.nodes]
        near = self._near()
        single = range(len(graph.nodes))
        keys: list[tuple[list[Hashable], float]] = [
            (list(self.alike), 0.5),
            (list(self.made), 0.55),
            ([*zip(ops, lines, strict=True)], 0.6),
            ([*zip(ops, near, strict=True)], 0.62),
            ([*zip(ops, lines, near, strict=True)], 0.64),
            ([*zip(ops, scopes, strict=True)], 0.6),
            (list(ops), 0.7),
        ]
        if len(graph.src) <= SMALL:
            keys.append((list(single), 1.2))
        known: set[bytes] = set()
        for key, cost in keys:
            numbers: dict[Hashable, int] = {}
            partition = np.array([numbers.setdefault(k, len(numbers)) for k in key]).tobytes()
            if partition in known:
                continue  # the same places again
            known.add(partition)
            families: dict[tuple[Any, ...], list[int]] = {}
            for e, (s, d, slot) in enumerate(zip(graph.src, graph.dst, graph.slot, strict=True)):
                place = 0 if ops[s] in COMMUTATIVE and self.made[s] != self.made[d] else int(slot)
                if is_sum[s]:
                    families.setdefault(("term", key[s], key[d]), []).append(e)
                elif ops[s] == "mul":
                    families.setdefault(("slope", key[s], key[d]), []).append(e)
                    families.setdefault(("slope", key[s], key[d], slot), []).append(e)
                else:
                    families.setdefault(("slope", key[s], place), []).append(e)
                    families.setdefault(("slope", key[s], key[d], place), []).append(e)
            for family, edges_ in list(families.items()):
                if family[0] == "term":
                    families.update(self._of_either_sign(family, edges_))
            for family, edges_ in families.items():
                outer = family[0] == "term" and all(graph.src[e] == 0 for e in edges_)
                add(family[0], edges_, cost - 0.1 * outer)
            into: dict[Hashable, list[int]] = {}
            for e, d in enumerate(graph.dst.tolist()):
                if ops[d] != "input":
                    into.setdefault(key[d], []).append(e)
            for edges_ in into.values():
                add("into", edges_, cost + 0.05)
        return list(found.values())

    def _of_either_sign(self, family: tuple[Any, ...], edges: list[int]) -> dict[tuple[Any, ...], list[int]]:
        """Terms that are added, and terms that are subtracted: the a and the b of a - b."""
        slopes = self.graph.slope[edges]
        size = np.abs(slopes)
        if np.ptp(size) > 1e-12 * size.max() or (slopes < 0).all() or (slopes > 0).all():
            return {}
        added = [e for e in edges if self.graph.slope[e, 0] > 0]
        return {(*family, "+"): added, (*family, "-"): sorted(set(edges) - set(added))}

    def _near(self) -> list[int]:
        """For each node the arguments that are at most three edges below, as the bits of a number.

        The steps of a recurrent network are made in different ways (each of the one before), yet each unit
        stands close above its own weights.
        """
        own = [1 << int(b) if b >= 0 else 0 for b in self.block]
        near = list(own)
        for _ in range(3):
            further = list(own)
            for s, d in zip(self.graph.src.tolist(), self.graph.dst.tolist(), strict=True):
                further[s] |= near[d]
            near = further
        return near

    def _named_parts(self) -> list[tuple[Ints, Part]]:
        """Sums inside sums that hold more than one kind of term, or that the user gave a name."""
        out: dict[Hashable, tuple[list[int], Part]] = {}
        for part, edges, kinds in self._parts:
            if part.origin.label or len(kinds) > 1:
                known = out.setdefault((self.alike[part.node], part.origin.label, kinds), ([], part))
                known[0].extend(edges.tolist())
                if part.last - part.first > known[1].last - known[1].first:
                    out[self.alike[part.node], part.origin.label, kinds] = (known[0], part)
        return [(np.unique(np.array(edges, np.int64)), part) for edges, part in out.values()]

    def _mixed_parts(self) -> list[tuple[Part, Ints, frozenset[int]]]:
        """The sums inside sums that hold more than one kind of term or have a label: their edges and kinds."""
        graph, alike = self.graph, np.array(self.alike)
        rows: dict[int, tuple[Ints, Ints, Ints]] = {}
        out = []
        for part in graph.parts:
            if part.node not in rows:
                edges = np.flatnonzero(graph.src == part.node)
                kinds = alike[graph.dst[edges]]
                changes = np.flatnonzero(np.diff(kinds)) + 1
                ends = np.append(changes, len(edges))  # where each run of one kind ends
                rows[part.node] = edges, kinds, ends[np.searchsorted(changes, np.arange(len(edges)), side="right")]
            edges, kinds, end_of_run = rows[part.node]
            first, last = np.searchsorted(edges, (part.first, part.last)).tolist()
            if first < last and (part.origin.label or end_of_run[first] < last):
                out.append((part, edges[first:last], frozenset(kinds[first:last].tolist())))
        return out

    def _terms(self) -> list[Ints]:
        """The edges of the root, if it is a sum, by kind of term."""
        graph = self.graph
        families: dict[int, list[int]] = {}
        for e in np.flatnonzero(graph.src == 0).tolist():
            families.setdefault(self.alike[graph.dst[e]], []).append(e)
        return [np.array(edges) for edges in families.values()] if graph.nodes[0].op == "sum" else []

    # -- `=` for `+=` -------------------------------------------------------------------------------------------------

    def _all_uses(self) -> list[Uses]:
        found: dict[bytes, Uses] = {}

        def add(kept: list[int], dropped: list[int], which: str, cost: float) -> None:
            if kept and dropped:
                cost += 0.3 if which == "middle" else -0.5 * self._fans_out(kept, dropped)
                drop = np.unique(np.array(dropped, np.int64))
                found.setdefault(drop.tobytes(), Uses(np.array(kept, np.int64), drop, which, cost))

        for kept, dropped, which in self._repeated_parts():
            add(kept, dropped, which, 0.6)
        graph = self.graph
        uses: list[list[int]] = [[] for _ in graph.nodes]
        for e, d in enumerate(graph.dst.tolist()):
            uses[d].append(e)
        for edges in uses:
            edges.sort(key=lambda e: (self.order[graph.src[e]], int(graph.slot[e])))
        for family in self._shared(uses):
            self._by_position([uses[i] for i in family], add, 0.7)
            kinds: dict[int, list[int]] = {}
            for i in family:
                for e in uses[i]:
                    kinds.setdefault(self.alike[graph.src[e]], []).append(e)
            ordered = sorted(kinds.values(), key=lambda es: min(self.order[graph.src[e]] for e in es))
            for edges in ordered if len(ordered) > 1 else []:
                which = "last" if edges is ordered[-1] else "first" if edges is ordered[0] else "middle"
                add(edges, [e for other in ordered if other is not edges for e in other], which, 0.75)
                for members in ordered if len(ordered) > 1 else []:  # several uses of one kind: one of those
                    rows = self._rows(members)
                    self._by_position(rows, add, 0.8)
        sums: dict[tuple[int, int], list[int]] = {}
        for e in np.flatnonzero([graph.nodes[s].op == "sum" for s in graph.src]).tolist():
            sums.setdefault((self.alike[graph.src[e]], self.alike[graph.dst[e]]), []).append(e)
        for members in sums.values():
            rows_: dict[int, list[int]] = {}
            for e in members:
                rows_.setdefault(int(graph.src[e]), []).append(e)
            self._by_position(list(rows_.values()), add, 0.65)
        return list(found.values())

    def _fans_out(self, kept: list[int], dropped: list[int]) -> bool:
        """Whether ``=`` for ``+=`` is likelier than a forgotten term: what is dropped lives on beside the shared value.

        So it is for a value inside the graph, and for an argument that is dropped in a product with other arguments.
        A normaliser (Σ e in e/Σ e) that was taken for a constant is a rule forgotten, not a loop.
        """
        graph = self.graph
        if all(graph.nodes[s].op != "sum" for s in graph.src[kept]) and any(map(self._is_shared, dropped)):
            return False
        for e in dropped:
            s, d = int(graph.src[e]), int(graph.dst[e])
            if s == 0 and graph.nodes[0].op == "sum":
                return False
            if graph.nodes[d].op == "input":
                others = [o for o in self._below[s] if o != e]
                if graph.nodes[s].op == "sum" or not others:
                    return False
                if any(self._reach[graph.dst[o]] >> graph.nodes[d].component & 1 for o in others):
                    return False
        return True

    def _is_shared(self, e: int) -> bool:
        """Whether this edge leads from a sum over several values of one kind."""
        s, d = int(self.graph.src[e]), int(self.graph.dst[e])
        alike = [o for o in self._below[s] if self.alike[self.graph.dst[o]] == self.alike[d]]
        return self.graph.nodes[s].op == "sum" and len(alike) > 1

    def _rows(self, edges: list[int]) -> list[list[int]]:
        rows: dict[int, list[int]] = {}
        for e in edges:
            rows.setdefault(int(self.graph.dst[e]), []).append(e)
        return list(rows.values())

    def _shared(self, uses: list[list[int]]) -> list[list[int]]:
        """Families of nodes that are used more than once: the arguments, one by one and block by block, and values."""
        families: dict[Hashable, list[int]] = {}
        for i, edges in enumerate(uses):
            if len(edges) > 1:
                families.setdefault(self.alike[i], []).append(i)
                line = self.graph.nodes[i].origin.line
                if line is not None and self.graph.nodes[i].op != "input":
                    families.setdefault((line[1], self.graph.nodes[i].op), []).append(i)
        everything = [i for i, edges in enumerate(uses) if len(edges) > 1 and self.graph.nodes[i].op == "input"]
        if everything:
            families["all"] = everything
        return list(families.values())

    def _by_position(self, rows: list[list[int]], add: object, cost: float) -> None:
        """Keep only the first, or only the last, of each row."""
        rows = [row for row in rows if len(row) > 1]
        for which, kept in (("last", -1), ("first", 0)):
            keep = [row[kept] for row in rows]
            left = set(keep)
            add(keep, [e for row in rows for e in row if e not in left], which, cost)  # type: ignore[operator]

    def _repeated_parts(self) -> list[tuple[list[int], list[int], str]]:
        """Sums over examples, each a sum of terms of several kinds: only the first or last example kept."""
        graph = self.graph
        families: dict[tuple[int, frozenset[int]], list[Ints]] = {}
        for part, edges, kinds in self._parts:
            if len(kinds) > 1:
                families.setdefault((part.node, kinds), []).append(edges)
        for node in np.unique(graph.src):
            if graph.nodes[node].op == "sum":
                edges = np.flatnonzero(graph.src == node)
                kinds = frozenset(self.alike[d] for d in graph.dst[edges])
                families.setdefault((int(node), kinds), []).append(edges)
        out = []
        for parts in families.values():
            least, most = min(parts, key=len), max(parts, key=len)
            n = len(least)
            if 2 * n <= len(most):
                out.append((most[:n].tolist(), most[n:].tolist(), "first"))
                out.append((most[-n:].tolist(), most[:-n].tolist(), "last"))
        return out
