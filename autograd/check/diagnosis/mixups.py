"""One quantity taken for another, wherever it occurs: two gates of a GRU exchanged, the sum taken for the output.

Values that are made and used alike (a layer, a gate) are a family. The slopes are those of the rule table, calculated
with the numbers of one family in place of those of another.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product

import numpy as np

from autograd.check.diagnosis.changes import Candidate
from autograd.check.diagnosis.graph import Change, Graph, Ints
from autograd.check.diagnosis.groups import Group, Groups
from autograd.check.problem import Array, Kind
from autograd.rules import RULES

MOST = 24  # families
STRANGE = 3.6  # what has to be believed: more than two simple mistakes
Members = list[int]


def mixups(graph: Graph, groups: Groups) -> Iterator[Candidate]:
    """Every two families of one size: exchanged, or one written for the other."""
    families = _families(graph, groups)
    uses = _Uses(graph)
    for a, b in combinations(families, 2):
        if len(a) != len(b) or graph.nodes[a[0]].op == graph.nodes[b[0]].op == "input":
            continue
        kinds: list[tuple[Kind, list[tuple[Members, Members]], float]] = [
            ("swapped", [(a, b), (b, a)], STRANGE),
            ("wrong-point", [(a, b)], STRANGE + 0.1),
            ("wrong-point", [(b, a)], STRANGE + 0.1),
        ]
        for kind, moves, cost in kinds:
            seen = set()
            # σ' is a slope with the output itself; 1 - z is made from z
            for of_itself, in_copies in product((True, False), (True, False)):
                change = _changed(graph, uses, moves, of_itself=of_itself, in_copies=in_copies)
                if change is not None and change.slopes.tobytes() not in seen:
                    seen.add(change.slopes.tobytes())
                    place = Group("slope", change.edges, 0.0)
                    words = "{} and {} are exchanged" if kind == "swapped" else "{} stands where {} should"
                    first, second = (moves[0][1][0], moves[0][0][0])
                    yield Candidate(kind, place, change, cost, by=words, node=first, raw=second)


def _families(graph: Graph, groups: Groups) -> list[Members]:
    found: dict[tuple[int, int], Members] = {}
    for i, node in enumerate(graph.nodes):
        if node.raw >= 0 and np.ptp(graph.value[i]) > 0:
            key = (0, int(groups.block[i])) if node.op == "input" else (1, groups.alike[i])
            found.setdefault(key, []).append(i)
    for members in found.values():
        members.sort(key=lambda i: groups.order[i])
    return list(found.values())[:MOST]


class _Uses:
    """Where the number of an unflattened node is used: in slopes, and in c·r and 1 - z, which are no steps."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.edges: dict[int, list[int]] = {}  # whose slope is calculated from it
        for e, s in enumerate(graph.src.tolist()):
            for raw in set(graph.nodes[s].operands):
                self.edges.setdefault(raw, []).append(e)
        varies = np.ptp(graph.raw_value, axis=1) > 0
        self.copies: dict[int, list[int]] = {}
        for i, args in enumerate(graph.arguments):
            moving = [a for a in set(args) if varies[a]]
            if len(moving) == 1 and graph.raw[i]._rule.name in ("add", "sub", "mul", "div", "neg"):
                self.copies.setdefault(moving[0], []).append(i)

    def move(self, raw: int, number: Array, raw_value: Array, touched: set[int], *, in_copies: bool) -> None:
        """Put another number in its place; if it is so said, in those that are made from it alone, too."""
        raw_value[raw] = number
        touched.update(self.edges.get(raw, ()))
        graph = self.graph
        for i in self.copies.get(raw, ()) if in_copies else ():
            if graph.arguments[i].count(raw) == 1:
                args = [number if a == raw else graph.raw_value[a] for a in graph.arguments[i]]
                self.move(i, graph.raw[i]._rule.array(*args), raw_value, touched, in_copies=True)


def _changed(
    graph: Graph, uses: _Uses, moves: list[tuple[Members, Members]], *, of_itself: bool, in_copies: bool
) -> Change | None:
    """The slopes with the numbers of the second family in place of the first. None if no slope is another one."""
    raw_value, value = graph.raw_value.copy(), graph.value.copy()
    touched: set[int] = set()
    for old, new in moves:
        for i, k in zip(old, new, strict=True):
            uses.move(graph.nodes[i].raw, graph.value[k], raw_value, touched, in_copies=in_copies)
        if of_itself:
            value[old] = graph.value[new]
            touched |= set(np.flatnonzero(np.isin(graph.src, old)).tolist())
    edges = np.array([e for e in sorted(touched) if graph.nodes[graph.src[e]].op != "sum"], np.int64)
    if not len(edges):
        return None
    slopes = slopes_with(graph, edges, value, raw_value)
    moved = np.flatnonzero((slopes != graph.slope[edges]).any(axis=1))
    if not len(moved) or not np.isfinite(slopes).all():
        return None
    return Change(edges[moved], slopes[moved])


def slopes_with(graph: Graph, edges: Ints, value: Array, raw_value: Array) -> Array:
    """The slopes of these edges (of operations, not of sums) with other numbers in the nodes."""
    out = np.empty((len(edges), len(graph.points)))
    families: dict[tuple[str, int], list[int]] = {}
    for k, e in enumerate(edges.tolist()):
        families.setdefault((graph.nodes[graph.src[e]].op, int(graph.slot[e])), []).append(k)
    for (op, slot), members in families.items():
        sources = graph.src[edges[members]]
        args = [raw_value[column] for column in np.array([graph.nodes[s].operands for s in sources.tolist()]).T]
        with np.errstate(all="ignore"):
            out[members] = RULES[op].slope(slot, value[sources], args)
    return out
