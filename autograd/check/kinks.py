"""Kinks: where the slope to the left and the slope to the right differ.

A row of the rule table with a kink names the quantity whose sign chooses the branch (`Op.branch`). A graph
stands on a kink where such a quantity is 0 (to within rounding). Whether that matters is another question:
relu(x) - relu(-x) is x, with slope 1 at 0. So we leave the point along a direction d, let every node on a kink
take the branch it takes on that way, and compare the slopes along d and along -d.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from autograd.check.problem import Array
from autograd.faults import no_slope
from autograd.op import SumOp
from autograd.order import arguments, topological
from autograd.reverse import slope_at
from autograd.value import Value

EPS = 2.0**-53
STEP = 1e-6  # how far a node is moved to see its branch; relative to its arguments
DIRECTIONS = 6


@dataclass(frozen=True, slots=True)
class Kink:
    """f has a corner here. `nodes` stand on it; along `direction` the slopes are `left` and `right`.

    `jump` are the values of f just left and right of it, if they are not the same.
    """

    nodes: list[Value]
    direction: Array
    left: float
    right: float
    jump: tuple[float, float] | None = None


def on_kinks(root: Value) -> list[Value]:
    """The nodes below `root` whose branch quantity is 0, to within the rounding of what they were made from.

    A branch that only constants choose, as in where(False, a, b), is no kink. DomainError where f has no finite slope.
    """
    leaves, made = topological(root)
    if not any(node._rule.branch for node in made):
        return []
    noise: dict[Value, float] = {}
    turning = _turning(leaves, made)
    found = []
    for node in made:
        args = arguments(node)
        if node in turning and node._rule.branch is not None:
            size = sum(noise.get(a, EPS * abs(a._data)) for a in args)
            if abs(node._rule.branch(*(a._data for a in args))) <= size:
                found.append(node)
        noise[node] = EPS * abs(node._data) + sum(
            abs(slope) * noise.get(a, EPS * abs(a._data)) for _, a, slope in _slopes(node)
        )
    return found


def _turning(leaves: Sequence[Value], made: Sequence[Value]) -> set[Value]:
    """The nodes whose branch depends on something that is no constant."""
    moving = {leaf for leaf in leaves if not leaf.is_constant}
    found = set()
    for node in made:
        args, branch = arguments(node), node._rule.branch
        if any(a in moving for a in args):
            moving.add(node)
        if branch is not None:
            values = [a._data for a in args]
            for i, a in enumerate(args):
                other = [v + max(1.0, abs(v)) if k == i else v for k, v in enumerate(values)]
                if a in moving and branch(*other) != branch(*values):
                    found.add(node)
    return found


def signature(root: Value) -> tuple[int, ...]:
    """Which branch every node with a kink took: a step that changes this has crossed a kink."""
    _, made = topological(root)
    return tuple(
        int(np.sign(node._rule.branch(*(a._data for a in arguments(node)))))  # type: ignore[misc]
        for node in _with_kinks(made)
    )


def _with_kinks(made: Sequence[Value]) -> list[Value]:
    return [node for node in made if node._rule.branch is not None]


def branches(root: Value) -> set[tuple[int, int, int]]:
    """Which way f went: for each node with a kink the shape of the graph, its number there, and its branch.

    The shape is that of all operations and constants: an ``if`` in f makes another graph.
    """
    leaves, made = topological(root)
    place = {node: i for i, node in enumerate([*leaves, *made])}
    operations = tuple((node._rule.name, *(place[a] for a in arguments(node))) for node in made)
    constants = tuple((place[leaf], leaf._data) for leaf in leaves if leaf.is_constant)
    shape, turning = hash((operations, constants)), _turning(leaves, made)
    sides = (side * (node in turning) for node, side in zip(_with_kinks(made), signature(root), strict=True))
    return {(shape, k, side) for k, side in enumerate(sides)} or {(shape, -1, 0)}


def kink(root: Value, inputs: Sequence[Value], nodes: list[Value], rng: np.random.Generator) -> Kink | None:
    """The corner at this point, or None if the kinks of `nodes` cancel and f has one gradient all the same."""
    size = np.array([max(abs(x._data), 1.0) for x in inputs])
    on = set(nodes)
    first, first_slope = None, 0.0
    for _ in range(DIRECTIONS):
        d = rng.standard_normal(len(inputs)) * size
        right, scale = one_sided(root, inputs, d, on)
        back, other = one_sided(root, inputs, -d, on)
        if abs(right + back) > 1e-7 * (scale + other):
            return Kink(nodes, d, -back, right)
        if first is not None:  # both sides agree along each line: is the slope also linear in the direction?
            both, total = one_sided(root, inputs, first + d, on)
            if abs(both - first_slope - right) > 1e-7 * (scale + other + total):
                return Kink(nodes, first + d, first_slope + right, both)
        first, first_slope = d, right
    return None


def one_sided(root: Value, inputs: Sequence[Value], direction: Array, on: set[Value]) -> tuple[float, float]:
    """The slope of root on leaving along `direction`, and the sum of the sizes of its terms.

    The chain rule run forwards; a node on a kink is moved a little along the direction, and its slope is what it
    then does. (A node that jumps there has an enormous slope, which is what is wanted.)
    """
    moving: dict[Value, float] = {x: float(d) for x, d in zip(inputs, direction, strict=True)}
    scale: dict[Value, float] = {x: abs(d) for x, d in moving.items()}
    _, made = topological(root)
    for node in made:
        args = arguments(node)
        if not any(a in moving for a in args):
            continue
        if node in on:
            speeds = [moving.get(a, 0.0) for a in args]
            t = STEP * max(1.0, *(abs(a._data) for a in args)) / max(1e-300, *map(abs, speeds))
            moved = node._rule.evaluate([a._data + t * s for a, s in zip(args, speeds, strict=True)])
            moving[node] = (moved - node._data) / t
            scale[node] = sum(scale.get(a, 0.0) for a in args)
        else:
            terms = [(slope, a) for _, a, slope in _slopes(node) if a in moving]
            moving[node] = sum(slope * moving[a] for slope, a in terms)
            scale[node] = sum(abs(slope) * scale[a] for slope, a in terms)
    return moving.get(root, 0.0), scale.get(root, 0.0)


def gradient_beside(root: Value, inputs: Sequence[Value], on: set[Value], rng: np.random.Generator) -> Array:
    """The gradient of the piece of f that one enters from here along a random direction.

    Where the kinks do not matter it is the gradient of f, whereas the engine's stated subgradients need not be.
    """
    _, made = topological(root)
    moving: dict[Value, float] = {x: float(d) for x, d in zip(inputs, rng.standard_normal(len(inputs)), strict=True)}
    slopes: dict[Value, list[float | None]] = {}
    for node in made:
        args = arguments(node)
        speeds = [moving.get(a, 0.0) for a in args]
        values = [a._data for a in args]
        if node in on and any(speeds):
            t = STEP * max(1.0, *map(abs, values)) / max(map(abs, speeds))
            values = [v + t * s for v, s in zip(values, speeds, strict=True)]
        slopes[node] = [slope_at(node._rule, i, node._data, values) for i in range(len(args))]
        moving[node] = sum((s or 0.0) * v for s, v in zip(slopes[node], speeds, strict=True))
    adjoint: dict[Value, float] = {root: 1.0}
    for node in reversed(made):
        upstream = adjoint.get(node, 0.0)
        for a, s in zip(arguments(node), slopes[node], strict=True):
            if s is not None:
                adjoint[a] = adjoint.get(a, 0.0) + upstream * s
    return np.array([adjoint.get(x, 0.0) for x in inputs])


def _slopes(node: Value) -> Iterator[tuple[int, Value, float]]:
    """The edges below a node along which something is passed."""
    args = arguments(node)
    values = [a._data for a in args]
    if isinstance(node._rule, SumOp) and len(args) > 8:  # the same slopes, without asking for each
        n = len(args) // 2 if len(node._rule.term.slopes) == 2 else 0
        offset = len(args) > 2 * n
        for i, a in enumerate(args):
            k = i if i < n else i - len(args) + n
            middle = n == 0 or (offset and i == n)
            yield i, a, 1.0 if middle else values[len(args) - n + k] if i < n else values[k]
        return
    for i, a in enumerate(args):
        try:
            slope = slope_at(node._rule, i, node._data, values)
        except (ArithmeticError, ValueError):
            raise no_slope(node) from None
        if slope is not None:
            yield i, a, slope
