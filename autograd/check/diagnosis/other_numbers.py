"""The right formula with other numbers in it: of another point, of a forward pass without its bias, of new weights.

A notebook's formula may use an activation that was calculated once, in a cell above; the forward pass in it may lack
an argument that f has; and a loop that goes back through the layers may have updated a layer's weights before it
needs them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograd.check.diagnosis.changes import Candidate
from autograd.check.diagnosis.effects import arriving, gradients
from autograd.check.diagnosis.fit import Fit, ratio, simple
from autograd.check.diagnosis.graph import Change, Graph
from autograd.check.diagnosis.groups import Group, Groups
from autograd.check.diagnosis.mixups import slopes_with
from autograd.check.diagnosis.replacements import is_every_way
from autograd.check.problem import Array, Diagnosis, Evidence, Problem

COST = 2.2
STALE = "the numbers of the first point (calculated once, outside the formula?) in place of the ones at each point"


def other_numbers(graph: Graph, groups: Groups, places: list[Group], misfit: Fit) -> Iterator[Candidate]:
    """Every place with the numbers of the first point, every argument left out, every matrix after its update."""
    yield from _of_the_first_point(graph, places, misfit)
    yield from _without_an_argument(graph)
    yield from _after_the_update(graph, places, misfit)


def _of_the_first_point(graph: Graph, places: list[Group], misfit: Fit) -> Iterator[Candidate]:
    """Slopes, or what arrives at a value, that stay as they are at the first point. There the formula is right."""
    if misfit(graph.exact).max(axis=1)[0] > misfit.most:
        return
    arrives = arriving(graph)
    everything = Group("whole", np.flatnonzero(graph.is_input[graph.dst]), 0.0)
    for place in [everything, *places]:
        slopes = graph.slope[place.edges]
        if np.ptp(slopes, axis=1).any() and place is not everything:
            frozen = np.broadcast_to(slopes[:, :1], slopes.shape)
            yield Candidate("wrong-point", place, Change(place.edges, frozen), place.cost + COST, by=STALE)
        if is_every_way(graph, place.edges) or place is everything or place.role == "block":
            likeliest = np.argsort(-np.abs(arrives[graph.src[place.edges]]).min(axis=1), kind="stable")  # not 0
            below, first = np.unique(graph.dst[place.edges[likeliest]], return_index=True)
            kept = likeliest[first]
            slopes = np.zeros_like(slopes)
            slopes[kept] = arrives[below, :1] / arrives[graph.src[place.edges[kept]]]
            yield Candidate("wrong-point", place, Change(place.edges, slopes), place.cost + COST + 0.1, by=STALE)


def _without_an_argument(graph: Graph) -> Iterator[Candidate]:
    """The slopes of a forward pass in which an argument is 0."""
    edges = np.array([e for e, s in enumerate(graph.src.tolist()) if graph.nodes[s].op != "sum"], np.int64)
    for block in graph.problem.blocks:
        raw_value = graph.raw_value.copy()
        for i, args in enumerate(graph.arguments):
            if block.offset <= graph.component[i] < block.offset + block.size:
                raw_value[i] = 0.0
            elif args:
                raw_value[i] = graph.raw[i]._rule.array(*(raw_value[a] for a in args))
        value = graph.value_of(raw_value)
        slopes = slopes_with(graph, edges, value, raw_value)
        moved = np.flatnonzero((slopes != graph.slope[edges]).any(axis=1))
        if len(moved) and np.isfinite(slopes).all():
            place = Group("slope", edges[moved], 0.0)
            by = f"as if {block.name} were 0: is {block.name} left out of the forward pass?"
            yield Candidate("wrong-point", place, Change(edges[moved], slopes[moved]), COST, by=by)


def _after_the_update(graph: Graph, places: list[Group], misfit: Fit) -> Iterator[Candidate]:
    """w - η ∂f/∂w in place of w, where w is the slope of a product: the step was made too early. η is solved for."""
    right = gradients(graph, [Change(graph.src[:0], graph.slope[:0])])[0]
    for place in places:
        if graph.is_late:
            return
        sources = [graph.nodes[s] for s in graph.src[place.edges].tolist()]
        if place.role != "slope" or {n.op for n in sources} != {"mul"}:
            continue
        other = [n.operands[1 - slot] for n, slot in zip(sources, graph.slot[place.edges].tolist(), strict=True)]
        weights = [graph.component[raw] for raw in other]
        if min(weights) < 0:
            continue
        step = graph.exact[:, weights].T
        changed = gradients(graph, [Change(place.edges, graph.slope[place.edges] + step)])[0]
        through = right - changed
        eta = float(np.median(ratio((graph.claimed - right)[:, None], through[:, None])))
        if not 0 < abs(eta) < np.inf:
            continue
        eta = simple(eta)
        name = graph.problem.block_of(weights[0]).name
        by = f"{name} after its update, {name} - {eta:.6g}·∂f/∂{name}, in place of the {name} of the forward pass"
        yield Candidate("wrong-point", place, Change(place.edges, graph.slope[place.edges] - eta * step),
                        place.cost + COST, by=by)  # fmt: skip


def new_weights(problem: Problem) -> Diagnosis | None:
    """What to say of a formula that gives w - η ∂f/∂w, the weights after a step, in place of ∂f/∂w."""
    at, exact, claimed, slack = (
        np.array([getattr(p, which) for p in problem.points]) for which in ("at", "exact", "claimed", "slack")
    )
    eta = float(ratio(at - claimed, exact))
    if not 0 < eta < np.inf or len(at) < 2:  # (NaN where it overflows)
        return None
    eta = simple(eta)
    near: Array = 1e-9 * (np.abs(at) + np.abs(eta * exact)) + slack
    with_them, without = np.abs(at - eta * exact - claimed) <= near, np.abs(-eta * exact - claimed) <= near
    if not with_them.all() or without.all():
        return None
    text = f"Yours is the arguments after a step, w - {eta:.6g}·∂f/∂w. The gradient is ∂f/∂w alone."
    return Diagnosis("extra-term", "the whole gradient", None, text, r"\frac{\partial f}{\partial w}",
                     Evidence(0.0, len(at)))  # fmt: skip
