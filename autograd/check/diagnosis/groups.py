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
from functools import cached_property
from typing import Any, Literal

import numpy as np

from autograd.check.diagnosis.graph import Graph, Ints, Part
from autograd.check.diagnosis.uses import all_uses

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
    outer: bool = False  # whether these are terms of the cost itself, or all there is


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
        self.uses = all_uses(graph, self.made, self.alike, self.order, self._parts)
        self.terms = self._terms()

    @cached_property
    def reach(self) -> list[int]:
        """For each node the inputs below it, as the bits of a number."""
        return self.graph.reach()

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
                outer |= role == "block" and len(graph.problem.blocks) == 1
                found.setdefault(array.tobytes(), Group(role, array, cost, part, outer))

        is_sum = [n.op == "sum" for n in graph.nodes]
        add("whole", np.flatnonzero(graph.src == 0).tolist(), 0.0)
        for number in range(len(graph.problem.blocks)):
            edges = np.flatnonzero(self.block[graph.dst] == number)
            if len(edges):
                add("block", edges, 0.2)
        for part in self._named_parts():
            add("term", part[0], 0.4 if (graph.src[part[0]] == 0).all() else 0.45, part[1])
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
