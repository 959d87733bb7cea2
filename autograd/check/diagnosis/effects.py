"""What a change of slopes does to the gradient: many changes at once, at many points.

A change is tried in one of two ways. Backwards: the chain rule once more, with the other slopes. Or by its effect:
where no path crosses the changed edges twice, the gradient moves by

    Σ over the edges of  ∂f/∂source · (other slope - slope) · ∂target/∂arguments,

and the two outer factors, found once, serve for all changes. The first way costs a pass over the graph for each
change, the second a row of the Jacobian for each edge: whichever is less is taken. (What is left of a gradient that a
change takes away nearly completely is only rounding in the second way; where the student's is as faint, the first is
taken.)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autograd.check.diagnosis.graph import Change, Graph, Ints
from autograd.check.problem import Array

ROOM = 4_000_000  # numbers in one batch
SMALL = 3000  # edges and nodes of a graph on which passes are never too dear
STEP = 3000  # one step of a pass costs as much as so many multiplications
NOTHING = Change(np.empty(0, np.int64), np.empty((0, 1)))


class Trials:
    """Many changes, made ready to be tried again and again on graphs that differ in their slopes only."""

    def __init__(self, graph: Graph, changes: Sequence[Change], points: Sequence[int]) -> None:
        self.points, self.count = list(points), len(changes)
        self.lengths = np.array([len(c.edges) for c in changes], np.int64)
        full = [c for c in changes if len(c.edges)]
        self.edges = np.concatenate([NOTHING.edges, *(c.edges for c in full)])
        self.slopes = np.concatenate([np.empty((0, len(self.points))), *(c.slopes[:, self.points] for c in full)])
        self.which = np.repeat(np.arange(self.count), self.lengths)
        self.crossed = self._crossed(graph)

    def _crossed(self, graph: Graph) -> Ints:
        """For each change, 1 where a path may cross its edges twice."""
        highest, lowest = np.full(self.count, -1), np.full(self.count, len(graph.nodes) + 1)
        np.maximum.at(highest, self.which, graph.level[graph.src[self.edges]])
        inner = np.where(graph.is_input[graph.dst[self.edges]], len(graph.nodes), graph.level[graph.dst[self.edges]])
        np.minimum.at(lowest, self.which, inner)
        return (highest >= lowest).astype(np.int64)

    def gradients(self, graph: Graph, chosen: Sequence[int] | None = None) -> Array:
        """The gradient with each of the (chosen) changes, as change × point × component."""
        which = np.arange(self.count) if chosen is None else np.asarray(chosen, dtype=np.int64)
        out = np.zeros((len(which), len(self.points), graph.exact.shape[1]))
        plain = np.flatnonzero(self.crossed[which] == 0)
        if not self._effects_cost_less(graph, which[plain]):
            plain = plain[:0]
        rest = np.setdiff1d(np.arange(len(which)), plain)
        for k in _batches(self.lengths[which[plain]] * graph.exact.shape[1] * len(self.points)):
            out[plain[k]] = self._by_effects(graph, which[plain[k]])
        width = np.full(len(rest), (len(graph.nodes) + len(graph.src)) * len(self.points))
        for k in _batches(width):
            out[rest[k]] = self._backwards(graph, which[rest[k]])
        return out

    def _effects_cost_less(self, graph: Graph, which: Ints) -> bool:
        components, size = graph.exact.shape[1], len(graph.src) + len(graph.nodes)
        if len(graph.nodes) * components * len(self.points) > 2 * ROOM or (graph.is_faint and size < SMALL):
            return False
        known = tuple(self.points) in graph.passes or STEP * len(graph.steps) > size  # prepared once, for all to come
        prepared = 0 if known else len(graph.src) * components + 2 * STEP * len(graph.steps)
        effects = int(self.lengths[which].sum()) * components + prepared
        passes = -(-len(which) * size * len(self.points) // ROOM)
        return bool(effects < len(which) * size + passes * STEP * len(graph.steps))

    # -- By effect ----------------------------------------------------------------------------------------------------

    def _by_effects(self, graph: Graph, some: Ints) -> Array:
        adjoint, below, base = _passes(graph, self.points)
        number = np.full(self.count, -1)
        number[some] = np.arange(len(some))
        ours = np.flatnonzero(number[self.which] >= 0)
        out = np.repeat(base[None], len(some), axis=0)
        if not len(ours):
            return out
        edges, rows = self.edges[ours], number[self.which[ours]]
        moved = adjoint[graph.src[edges]] * (self.slopes[ours] - graph.slope[edges][:, self.points])
        effect = moved[:, :, None] * below[graph.dst[edges]]
        order = np.argsort(rows, kind="stable")
        starts = np.flatnonzero(np.diff(rows[order], prepend=-1))
        out[rows[order][starts]] += np.add.reduceat(effect[order], starts, axis=0)
        if not graph.is_faint:  # what is left of a - a is 0
            size = np.add.reduceat(np.abs(effect[order]), starts, axis=0)
            changed = out[rows[order][starts]]
            out[rows[order][starts]] = np.where(np.abs(changed) <= 1e-14 * size, 0.0, changed)
        return out

    # -- Backwards ----------------------------------------------------------------------------------------------------

    def _backwards(self, graph: Graph, some: Ints) -> Array:
        adjoint = self.adjoints(graph, some)
        nodes, components = graph.inputs
        out = np.zeros((len(some), len(self.points), graph.exact.shape[1]))
        out[:, :, components] = np.moveaxis(adjoint[nodes], 0, -1)
        return out

    def adjoints(self, graph: Graph, some: Ints) -> Array:
        """∂f/∂node with each of the changes, as node × change × point."""
        number = np.full(self.count, -1)
        number[some] = np.arange(len(some))
        ours = np.flatnonzero(number[self.which] >= 0)
        ours = ours[np.argsort(graph.step_of[self.edges[ours]], kind="stable")]
        edges, which, slopes = self.edges[ours], number[self.which[ours]], self.slopes[ours]
        bounds = np.searchsorted(graph.step_of[edges], np.arange(len(graph.steps) + 1)).tolist()
        adjoint = np.zeros((len(graph.nodes), len(some), len(self.points)))
        adjoint[0] = 1.0
        right = graph.slope[:, self.points]
        for k, (step, starts, targets) in enumerate(graph.steps):
            amount = adjoint[graph.src[step]]
            amount *= right[step][:, None, :]
            if bounds[k] < bounds[k + 1]:
                e, c = edges[bounds[k] : bounds[k + 1]], which[bounds[k] : bounds[k + 1]]
                amount[graph.row[e], c] = adjoint[graph.src[e], c] * slopes[bounds[k] : bounds[k + 1]]
            adjoint[targets] += np.add.reduceat(amount, starts, axis=0)
        return adjoint


def gradients(graph: Graph, changes: Sequence[Change], points: Sequence[int] | None = None) -> Array:
    """The gradient of f with each of the changes, as change × point × component."""
    return Trials(graph, changes, range(len(graph.points)) if points is None else points).gradients(graph)


def gradient(graph: Graph, points: Sequence[int] | None = None) -> Array:
    """The gradient of f with the slopes as they are, as point × component."""
    return np.asarray(gradients(graph, [NOTHING], points)[0])


def arriving(graph: Graph) -> Array:
    """∂f/∂node with the slopes as they are, at all points (node × point)."""
    if () not in graph.passes:
        every = Trials(graph, [NOTHING], range(len(graph.points)))
        graph.passes[()] = every.adjoints(graph, np.zeros(1, np.int64))[:, 0]
    return np.asarray(graph.passes[()])


def down(graph: Graph) -> Array:
    """∂node/∂argument with the slopes as they are, at all points (node × point × component)."""
    return _passes(graph, list(range(len(graph.points))))[1]


def _passes(graph: Graph, points: list[int]) -> tuple[Array, Array, Array]:
    """∂f/∂node (node × point), ∂node/∂arguments (node × point × component), and the gradient."""
    key = tuple(points)
    if key not in graph.passes:
        adjoint = Trials(graph, [NOTHING], points).adjoints(graph, np.zeros(1, np.int64))[:, 0]
        below = np.zeros((len(graph.nodes), len(points), graph.exact.shape[1]))
        nodes, components = graph.inputs
        below[nodes, :, components] = 1.0
        slope = graph.slope[:, points]
        for step, _, _ in reversed(graph.steps):
            by_source = step[np.argsort(graph.src[step], kind="stable")]
            sources, starts = np.unique(graph.src[by_source], return_index=True)
            amount = slope[by_source][:, :, None] * below[graph.dst[by_source]]
            below[sources] += np.add.reduceat(amount, starts, axis=0)
        graph.passes[key] = adjoint, below, below[0]
    found: tuple[Array, Array, Array] = graph.passes[key]
    return found


def _batches(sizes: Ints) -> list[Ints]:
    """Numbers 0, 1, … in runs that are not larger than there is room for."""
    if not len(sizes):
        return []
    run = np.cumsum(sizes) // ROOM
    return np.split(np.arange(len(sizes)), np.flatnonzero(np.diff(run)) + 1)
