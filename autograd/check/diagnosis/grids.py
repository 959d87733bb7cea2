"""The grids in which the edges of a place lie: rows, columns, examples.

A matrix product has one edge for each row, column and example, an activation one for each unit and example.
The grid is found from the graph: the units of a family of nodes made and used alike differ in the components of the
arguments beside them; nodes of one family beside the same components are the same unit for different examples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from autograd.check.diagnosis.graph import Graph, Ints
from autograd.check.diagnosis.groups import Groups
from autograd.check.problem import Block, Kind

PRODUCTS = frozenset({"mul", "div", "power"})
EXAMPLE = "example"  # the axis of a grid along which the same parameters are used again


@dataclass(frozen=True, slots=True)
class Grid:
    """The edges of a place, by what they stand for: `axes` are the names, `where` the indices (axis × edge)."""

    axes: tuple[str, ...]
    where: Ints
    shape: tuple[int, ...]
    edge_at: Ints  # the place in the group for each cell

    def moved(self, where: Ints) -> Ints:
        """For each edge the one at other indices."""
        return np.asarray(self.edge_at[tuple(where)])


class Units:
    """Which unit, and which example, each node is."""

    def __init__(self, graph: Graph, groups: Groups) -> None:
        self.graph, self.groups = graph, groups
        self.below_of = below = [list[int]() for _ in graph.nodes]
        self.above: list[list[int]] = [[] for _ in graph.nodes]
        for e, (s, d) in enumerate(zip(graph.src.tolist(), graph.dst.tolist(), strict=True)):
            below[s].append(d)
            self.above[d].append(e)
        beside = self._beside(below)
        families: dict[int, list[int]] = {}
        for i, kind in enumerate(groups.made):
            families.setdefault(kind, []).append(i)
        self.unit, self.example = np.zeros(len(graph.nodes), np.int64), np.zeros(len(graph.nodes), np.int64)
        self.families = {}
        for kind, members in families.items():
            members.sort(key=lambda i: groups.order[i])
            seen: dict[int, list[int]] = {}
            for i in members:
                seen.setdefault(beside[i], []).append(i)
            for u, same in enumerate(seen.values()):
                self.unit[same] = u
                self.example[same] = np.arange(len(same))
            sizes = {len(same) for same in seen.values()}
            if len(sizes) == 1 and len(seen) > 1:
                self.families[kind] = np.array(list(seen.values()))  # unit × example

    def _beside(self, below: list[list[int]]) -> list[int]:
        """For each node the components of the arguments beside it, as the bits of a number."""
        graph = self.graph
        bits = [1 << n.component if n.component >= 0 else 0 for n in graph.nodes]
        for i in np.argsort(-graph.level, kind="stable").tolist():
            if graph.nodes[i].op == "input":
                continue
            mine = 0
            for d in below[i]:
                if graph.nodes[d].op == "input" or (graph.nodes[d].op in PRODUCTS and self._is_term(d, below)):
                    mine |= bits[d]
            if not mine:
                for d in below[i]:
                    mine |= bits[d]
            bits[i] = mine
        return bits

    def _is_term(self, i: int, below: list[list[int]]) -> bool:
        return any(self.graph.nodes[d].op == "input" for d in below[i])

    def row_of(self, source: int) -> int:
        """The node whose term a product is; any other node itself."""
        graph = self.graph
        if graph.nodes[source].op in PRODUCTS and len(self.above[source]) == 1:
            top = int(graph.src[self.above[source][0]])
            if graph.nodes[top].op == "sum":
                return top
        return source

    def grid(self, edges: Ints) -> Grid | None:
        """The grid in which these edges lie, if they lie in one."""
        rows = [self.row_of(s) for s in self.graph.src[edges].tolist()]
        ways = self._axes_below(edges, rows), self._axes_beside(edges, rows), self._axes_of_factors(edges)
        for axes in (*ways, self._axes_between(edges)):
            grid = _complete(axes)
            if grid is not None:
                return grid
        return None

    def _axes_below(self, edges: Ints, rows: list[int]) -> list[Axis]:
        """By the unit above and the unit (or the component of an argument) below."""
        cols = self.graph.dst[edges].tolist()
        if not self._are_inputs(cols):
            axes: list[Axis] = [("unit above", self.unit[rows].tolist()), ("unit below", self.unit[cols].tolist())]
            return [*axes, (EXAMPLE, self.example[rows].tolist()), (EXAMPLE, self.example[cols].tolist())]
        uses: dict[int, int] = {}
        example = [0] * len(edges)
        for k in sorted(range(len(edges)), key=lambda k: self.groups.order[rows[k]]):
            example[k] = uses[cols[k]] = uses.get(cols[k], -1) + 1
        return [*self._components(cols), (EXAMPLE, example)]

    def _axes_beside(self, edges: Ints, rows: list[int]) -> list[Axis]:
        """By the unit above and the other factor of the product: a kernel that moves along a signal."""
        others = self._other_factors(edges)
        if not others:
            return []
        axes: list[Axis] = [("unit above", self.unit[rows].tolist()), (EXAMPLE, self.example[rows].tolist())]
        return [*axes, *(self._components(others) if self._are_inputs(others) else [])]

    def _other_factors(self, edges: Ints) -> list[int]:
        """Where each of these edges leads out of a product, its other factor; [] if one does not."""
        graph, others = self.graph, []
        for e, s in zip(edges.tolist(), graph.src[edges].tolist(), strict=True):
            beside = [o for o in self.below_of[s] if o != graph.dst[e]]
            if graph.nodes[s].op != "mul" or len(beside) != 1:
                return []
            others.append(beside[0])
        return others

    def _axes_between(self, edges: Ints) -> list[Axis]:
        """By unit and by the examples of both factors: the products q_i·k_j of an attention."""
        others = self._other_factors(edges)
        if not others:
            return []
        cols = self.graph.dst[edges].tolist()
        units, other = self.unit[cols].tolist(), self.unit[others].tolist()
        axes: list[Axis] = [("row", self.example[others].tolist()), ("column", self.example[cols].tolist())]
        return [*axes, ("unit", units), *([("other unit", other)] if other != units else [])]

    def _axes_of_factors(self, edges: Ints) -> list[Axis]:
        """By the unit below and the constants that several coefficients share: δ_p in Σ_p Σ_j δ_p w_pj h_j."""
        factors, cols = self.factors(edges), self.graph.dst[edges].tolist()
        below: list[Axis] = [("unit below", self.unit[cols].tolist())]
        axes = self._components(cols) if self._are_inputs(cols) else below
        for which in factors:
            rank: dict[int, int] = {}
            index = [rank.setdefault(raw, len(rank)) for raw in which]
            if len(rank) < len(edges):
                axes.append(("unit above", index))
        return axes if len(factors) > 1 else []

    def factors(self, edges: Ints) -> list[list[int]]:
        """The constants (places in `Graph.raw`) that make up the coefficients, one list for each; [] if they differ."""
        made_of = [self.graph.factors[e] for e in edges.tolist()]
        return [list(column) for column in zip(*made_of, strict=True)] if len({*map(len, made_of)}) == 1 else []

    def _are_inputs(self, nodes: list[int]) -> bool:
        blocks = {int(self.groups.block[i]) for i in nodes}
        return len(blocks) == 1 and -1 not in blocks

    def _components(self, nodes: list[int]) -> list[Axis]:
        block = self.graph.problem.blocks[int(self.groups.block[nodes[0]])]
        at = np.unravel_index([self.graph.nodes[i].component - block.offset for i in nodes], block.shape or (1,))
        return [(name, index.tolist()) for name, index in zip(_axes_of(block), at, strict=False)]


Axis = tuple[str, list[int]]


def _complete(axes: list[Axis]) -> Grid | None:
    """The grid with these axes, if each of its cells holds one edge."""
    kept: dict[tuple[int, ...], str] = {}
    for name, index in axes:
        if len(set(index)) > 1:
            kept.setdefault(tuple(index), name)
    if not kept:
        return None
    units = [name for name in kept.values() if name.startswith("unit")]
    names = ["unit" if len(units) == 1 and name == units[0] else name for name in kept.values()]
    where = np.array(list(kept))
    shape = tuple(int(n) for n in where.max(axis=1) + 1)
    if int(np.prod(shape)) != where.shape[1]:
        return None
    cells = np.full(shape, -1)
    cells[tuple(where)] = np.arange(where.shape[1])
    return None if (cells < 0).any() else Grid(tuple(names), where, shape, cells)


def moves(grid: Grid) -> Iterator[tuple[str, Kind, Ints]]:
    """Every slip of an index in this grid: in words, what it is called, and the edge that is taken for each edge."""
    for a, (name, n) in enumerate(zip(grid.axes, grid.shape, strict=True)):
        for by, words in ((1, "next"), (-1, "previous")):
            where = grid.where.copy()
            where[a] = (where[a] + by) % n
            yield f"of the {words} {name}", "permuted", grid.moved(where)
        if n > 2:
            where = grid.where.copy()
            where[a] = n - 1 - where[a]
            yield f"with the index of the {name} running backwards", "permuted", grid.moved(where)
        for k, words in ((0, "first"), (n - 1, "last")):
            where = grid.where.copy()
            where[a] = k
            yield f"of the {words} {name} for all", "wrong-point", grid.moved(where)
        for b, (other, m) in enumerate(zip(grid.axes, grid.shape, strict=True)):
            if a != b and m <= n:
                where = grid.where.copy()
                where[a] = where[b]
                words = f"with the index of the {other} in place of that of the {name}"
                yield words, "wrong-point", grid.moved(where)
    for a, b in combinations(range(len(grid.axes)), 2):
        if grid.shape[a] == grid.shape[b]:
            where = grid.where.copy()
            where[[a, b]] = where[[b, a]]
            yield "with its two indices exchanged", "transposed", grid.moved(where)


def _axes_of(block: Block) -> list[str]:
    if len(block.shape) == 2:
        return [f"row of {block.name}", f"column of {block.name}"]
    if len(block.shape) == 1:
        return [f"component of {block.name}"]
    return [f"place along axis {k} of {block.name}" for k in range(len(block.shape))]
