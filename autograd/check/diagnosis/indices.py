"""Slips of an index: the right quantity, of the wrong unit, row, column or example.

The edges of a place lie in a grid (`autograd.check.diagnosis.grids`). In F5, Σ_p ∂E/∂sum_p w_jp, the student writes j
for p: each edge then gets its slope, or the gradient that arrives at it, from another edge of the same grid.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from autograd.check.diagnosis.changes import Candidate
from autograd.check.diagnosis.effects import arriving
from autograd.check.diagnosis.graph import Change, Graph, Ints
from autograd.check.diagnosis.grids import EXAMPLE, Grid, Units, moves
from autograd.check.diagnosis.groups import Group, Groups
from autograd.check.problem import Array, Kind
from autograd.rules import RULES

FAMILIES = 40  # other vectors that are tried in place of one


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

    def _ops_of(self, nodes: Ints) -> set[str]:
        return {self.graph.nodes[i].op for i in nodes.tolist()}

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
        found += self._other_axis(edges, grid, right)
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
        constant = graph.constants[graph.dst[edges]]
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

    def _other_axis(self, edges: Ints, grid: Grid, right: Array) -> Iterator[Slip]:
        """The total of a row where that of the column belongs: a softmax along the wrong axis."""
        graph, sources = self.graph, self.graph.src[edges]
        if len(grid.axes) != 2 or self._ops_of(sources) != {"sum"} or len(set(sources.tolist())) < 2:
            return
        terms = right * graph.value[graph.dst[edges]]
        cube = terms[grid.edge_at]
        for a in (0, 1):
            if not (np.diff(sources[grid.edge_at], axis=a) == 0).all():  # not the axis that is summed over
                continue
            other = np.broadcast_to(cube.sum(axis=1 - a, keepdims=True), cube.shape)[tuple(grid.where)]
            yours, right_one = (f"{'an' if n[0] in 'aeio' else 'a'} {n}" for n in (grid.axes[a], grid.axes[1 - a]))
            words = f"one total for {yours} in place of the one for {right_one}: a sum over the wrong axis"
            with np.errstate(all="ignore"):
                yield "wrong-point", right * (graph.value[sources] / other), 2.0, words, -1
                words = f"one total of everything in place of one for {right_one}: a sum without its axis"
                yield "wrong-point", right * (graph.value[sources] / cube.sum(axis=(0, 1))), 2.0, words, -1

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
