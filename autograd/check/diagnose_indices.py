"""Slips of an index: the right quantity, of the wrong unit, row, column or example.

The edges of a place lie in a grid: a matrix product has one for each row, column and example, an activation
one for each unit and example. In F5, Σ_p ∂E/∂sum_p w_jp, the student writes j for p: each edge then gets its slope, or
the gradient that arrives at it, from another edge of the same grid. The grid is found from the graph: the units of
a family of nodes made and used alike differ in the components of the arguments beside them; nodes of one family
beside the same components are the same unit for different examples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from autograd.check.diagnose_changes import Candidate
from autograd.check.diagnose_effects import arriving
from autograd.check.diagnose_graph import Change, Graph, Ints
from autograd.check.groups import Group, Groups
from autograd.check.problem import Array, Block, Kind
from autograd.rules import RULES

PRODUCTS = frozenset({"mul", "div", "power"})
EXAMPLE = "example"  # the axis of a grid along which the same parameters are used again
FAMILIES = 40  # other vectors that are tried in place of one


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
        for i, kind in enumerate(groups.alike):
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
        for axes in (self._axes_below(edges, rows), self._axes_beside(edges, rows), self._axes_of_factors(edges)):
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
        graph = self.graph
        others = []
        for e, s in zip(edges.tolist(), graph.src[edges].tolist(), strict=True):
            beside = [o for o in self.below_of[s] if o != graph.dst[e]]
            if graph.nodes[s].op != "mul" or len(beside) != 1:
                return []
            others.append(beside[0])
        axes: list[Axis] = [("unit above", self.unit[rows].tolist()), (EXAMPLE, self.example[rows].tolist())]
        return [*axes, *(self._components(others) if self._are_inputs(others) else [])]

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


@dataclass(frozen=True, slots=True)
class Vector:
    """Numbers that a unit has: `numbers` (unit × example × point), and what to call them."""

    numbers: Array
    words: str
    node: int = -1  # the node whose formula completes the words


class Slips:
    """The candidates: `of` one place, after the gradients that arrive everywhere have been calculated."""

    def __init__(self, graph: Graph, groups: Groups) -> None:
        self.graph, self.units = graph, Units(graph, groups)
        self.adjoint = arriving(graph)
        terms = np.zeros_like(graph.value)
        np.add.at(terms, graph.src, graph.slope * graph.value[graph.dst])
        self.constants = graph.value - terms  # of sums
        families = list(self.units.families.values())[:FAMILIES]
        self.values = [Vector(graph.value[members], "", int(members[0, 0])) for members in families]
        self.gradients = [Vector(self.adjoint[members], "the gradient of ", int(members[0, 0])) for members in families]
        for group in groups.groups:
            if (
                group.role != "into"
                and group.cost < 1
                and self._ops(group) == {"sum"}
                and len(self.values) < 2 * FAMILIES
            ):
                self.values += self._coefficients(group)

    def _ops(self, group: Group) -> set[str]:
        return {self.graph.nodes[s].op for s in self.graph.src[group.edges].tolist()}

    def of(self, group: Group) -> Iterator[Candidate]:
        """Every slip of an index at this place; none twice, none that changes nothing."""
        graph, edges = self.graph, group.edges
        if group.role == "into" or len(edges) < 2:
            return
        grid = self.units.grid(edges)
        if grid is None or len(self._ops(group)) > 1:
            return
        right, arrives = graph.slope[edges], self.adjoint[graph.src[edges]]
        found = [*self._moved(edges, grid, right, arrives), *self._left_out(grid, right)]
        found += self._other_constants(edges, grid)
        found += self._others(grid, right, right, self.values, "the slope")
        found += self._others(grid, right, arrives, self.gradients, "the gradient that arrives there")
        seen = {_key(right)}
        for kind, slopes, cost, words, node in found:
            if _key(slopes) not in seen and np.isfinite(slopes).all():
                seen.add(_key(slopes))
                yield Candidate(kind, group, Change(edges, slopes), group.cost + cost, by=words, node=node)

    def _moved(self, edges: Ints, grid: Grid, right: Array, arrives: Array) -> Iterator[Slip]:
        quantities = [("the slope", right, 2.0), ("the gradient that arrives there", arrives, 2.1)]
        above = self._step_above(edges)
        if above is not None:
            op = self.graph.nodes[self.graph.src[above[0]]].op
            quantities.append((f"the slope of the {op} above it", self.graph.slope[above], 2.6))
        factors = self.units.factors(edges)
        for which in factors if len(factors) > 1 else ():
            quantities.append(("one of the factors", self.graph.raw_value[which], 2.05))
        for what, numbers, cost in quantities:
            for words, kind, other in moves(grid):
                with np.errstate(all="ignore"):
                    slopes = right[other] if numbers is right else right * (numbers[other] / numbers)
                yield kind, slopes, cost, f"{what} {words}", -1

    def _other_constants(self, edges: Ints, grid: Grid) -> Iterator[Slip]:
        """The slope where the sum inside has the constant of another unit or example: the target of the next one."""
        graph, sources = self.graph, self.graph.src[edges]
        first = graph.nodes[sources[0]]
        op = RULES.get(first.op)
        if op is None or op.arity is None or op.arity > 2 or (graph.slot[edges] != 0).any():
            return
        if any(graph.nodes[d].op != "sum" for d in graph.dst[edges].tolist()):
            return
        x, *others = graph.operands(edges)
        constant = self.constants[graph.dst[edges]]
        for words, kind, other in moves(grid):
            args = [x - constant + constant[other], *others]
            with np.errstate(all="ignore"):
                slopes = np.asarray(op.slope(0, op.array(*args), args))
            yield kind, np.broadcast_to(slopes, x.shape), 2.3, f"the constant in {{}} {words}", int(graph.dst[edges[0]])

    def _step_above(self, edges: Ints) -> Ints | None:
        """The only edge above the unit of each edge, if there is one for each: σ' of the unit whose sum this is."""
        out = []
        for s in self.graph.src[edges].tolist():
            above = self.units.above[self.units.row_of(s)]
            if len(above) != 1 or self.graph.nodes[self.graph.src[above[0]]].op == "sum":
                return None
            out.append(above[0])
        return np.array(out, np.int64)

    def _left_out(self, grid: Grid, right: Array) -> Iterator[Slip]:
        """A sum that starts one too late, or ends one too early."""
        for index, name, n in zip(grid.where, grid.axes, grid.shape, strict=True):
            for k, words in ((0, "first"), (n - 1, "last")) if n > 2 else ():
                slopes = np.where((index == k)[:, None], 0.0, right)
                loop = "start one too late" if words == "first" else "end one too early"
                yield "missing-term", slopes, 1.9, f"the {words} {name} of {n}: does a loop or a sum {loop}?", -1

    def _others(self, grid: Grid, right: Array, numbers: Array, vectors: list[Vector], what: str) -> Iterator[Slip]:
        """Another layer's numbers in place of these, if these depend on one index (and the example) only."""
        example = grid.axes.index(EXAMPLE) if EXAMPLE in grid.axes else None
        for a in self._only_axis(grid, numbers):
            for v in vectors:
                if v.numbers.shape[0] != grid.shape[a]:
                    continue
                k = 0 * grid.where[a]
                if v.numbers.shape[1] > 1:
                    if example is None or v.numbers.shape[1] != grid.shape[example]:
                        continue
                    k = grid.where[example]
                other = v.numbers[grid.where[a], k]
                with np.errstate(all="ignore"):
                    slopes = other if numbers is right else right * (other / numbers)
                yield "wrong-point", slopes, 2.3, f"{v.words}{{}} in place of {what}", v.node

    def _coefficients(self, group: Group) -> Iterator[Vector]:
        """The constants that multiply the terms of a sum, such as the data: one for each unit and example."""
        grid = self.units.grid(group.edges)
        if grid is None:
            return
        slopes = self.graph.slope[group.edges]
        example = grid.axes.index(EXAMPLE) if EXAMPLE in grid.axes else None
        for a in self._only_axis(grid, slopes):
            cube = slopes[grid.edge_at]
            for b in reversed(range(len(grid.shape))):
                if b not in (a, example):
                    cube = np.take(cube, 0, axis=b)
            if example is None:
                cube = cube[:, None]
            elif example < a:
                cube = np.swapaxes(cube, 0, 1)
            yield Vector(cube, "the numbers that multiply ", int(self.graph.dst[group.edges[0]]))

    @staticmethod
    def _only_axis(grid: Grid, numbers: Array) -> list[int]:
        """The index on which these numbers depend, if it is one alone (beside the example)."""
        cube = numbers[grid.edge_at]
        varying = [
            b for b in range(len(grid.shape))
            if not np.allclose(cube, np.take(cube, [0], axis=b), rtol=1e-9, atol=0) and grid.axes[b] != EXAMPLE
        ]  # fmt: skip
        return varying if len(varying) == 1 else []


Slip = tuple[Kind, Array, float, str, int]


def _key(slopes: Array) -> bytes:
    with np.errstate(over="ignore"):
        return slopes[:256].astype(np.float32).tobytes()
