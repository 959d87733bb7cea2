"""How many digits of a gradient mean anything.

`of_engine` runs the chain rule a few times with every result rounded differently, at random: what moves is
rounding noise (the idea of Vignes's CESTAC method, Math. Comput. Simul. 35 (1993) 233-261). `of_formula` asks
the student's formula the same question from outside, by moving its arguments in their last digits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from autograd.check.problem import Array
from autograd.order import arguments, topological
from autograd.reverse import contributions, slope_at
from autograd.value import Value

EPS, SINGLE, HALF = 2.0**-52, 2.0**-23, 2.0**-10  # float64, float32, float16
RUNS = 3


def of_engine(root: Value, inputs: Sequence[Value], rng: np.random.Generator) -> tuple[Array, Array]:
    """For each input: the rounding noise in ∂root/∂input, and Σ |contribution| over all ways through the graph.

    The second is the size that the component would have if nothing cancelled.
    """
    _, made = topological(root)
    exact, scale = _replay(made, root, inputs, None)
    spread = np.zeros(len(inputs))
    for _ in range(RUNS):
        try:
            moved, _ = _replay(made, root, inputs, rng)
        except (ArithmeticError, ValueError):
            return np.full(len(inputs), np.inf), scale  # the last digit decides whether it is defined at all
        spread = np.maximum(spread, np.abs(moved - exact))
    return spread, scale


def of_value(root: Value) -> float:
    """A bound on the rounding error in f itself: each node's own, and what it inherits along its slopes."""
    _, made = topological(root)
    error: dict[Value, float] = {}
    for node in made:
        inherited = sum(abs(slope or 0.0) * error.get(a, 0.0) for _, a, slope in contributions(node) if a in error)
        error[node] = inherited + EPS / 2 * abs(node._data)
    return error.get(root, 0.0)


def _replay(
    made: list[Value], root: Value, inputs: Sequence[Value], rng: np.random.Generator | None
) -> tuple[Array, Array]:
    values: dict[Value, float] = {}
    jitter = iter(1.0 + EPS * rng.choice([-1.0, 1.0], 3 * len(made)) if rng is not None else ())
    for node in made:
        z = node._data
        if rng is not None:
            z = node._rule.evaluate([values.get(a, a._data) for a in arguments(node)]) * next(jitter)
        values[node] = z
    adjoint: dict[Value, float] = {root: 1.0}
    size: dict[Value, float] = {root: 1.0}
    for node in reversed(made):
        upstream = adjoint.get(node, 0.0) * (next(jitter) if rng is not None else 1.0)
        total = size.get(node, 0.0)
        args = arguments(node)
        numbers = [values.get(a, a._data) for a in args]
        shake = next(jitter) if rng is not None else 1.0
        for i, a in enumerate(args):
            slope = slope_at(node._rule, i, values[node], numbers)
            if slope is not None:
                adjoint[a] = adjoint.get(a, 0.0) + upstream * slope * (shake if slope not in (1, -1) else 1.0)
                size[a] = size.get(a, 0.0) + total * abs(slope)
    return np.array([adjoint.get(x, 0.0) for x in inputs]), np.array([size.get(x, 0.0) for x in inputs])


def of_formula(claim: Callable[[Array], Array | None], at: Array, eps: float, rng: np.random.Generator) -> Array:
    """For each component of the claimed gradient: how much it moves when the arguments' last digits do."""
    here = claim(at)
    spread = np.zeros(len(at))
    if here is None:
        return spread
    for size in np.repeat([4.0, 64.0, 1e5], 4) * eps:
        moved = claim(at * (1 + size * rng.uniform(-1, 1, len(at))))
        if moved is not None:
            spread = np.maximum(spread, np.abs(moved - here))
    return spread


# Near a point: the claimed and the exact gradient, or None where either is not defined
Pair = Callable[[Array], tuple[Array, Array] | None]


def is_erratic(pair: Pair, at: Array, quantum: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """For each component: does claimed - exact look like rounding, and not like a mistake?

    A mistake is as smooth as f. Rounding changes its sign from one nearby point to the next; or the claim stays where
    it is (1 - 1/(1 + eᶻ) is 0 for every z < -37) while the exact gradient moves, by less than a `quantum`.
    """
    erratic = np.zeros(len(at), dtype=bool)
    for distance in (1e-3, 1e-2, 1e-1):
        claimed, exact = _around(pair, at, distance, 12, rng)
        if len(claimed) < 6:
            continue
        signs = np.sign(claimed - exact)
        steady = np.maximum((signs > 0).mean(axis=0), (signs < 0).mean(axis=0))
        erratic |= steady < 0.85
        moves = np.ptp(exact, axis=0) > 1e-9 * np.abs(exact).max(axis=0)
        still = (np.ptp(claimed, axis=0) == 0) & (np.abs(claimed - exact).max(axis=0) <= quantum)
        erratic |= moves & still
    return erratic


def resolution(pair: Pair, at: Array, noise: Array, rng: np.random.Generator) -> float | None:
    """The relative size of the last digit that the formula works with, 2⁻⁵² for float64; None if it does not show.

    Where the arguments move by one part in 10¹² a formula in float64 moves, one in float32 mostly does not. `noise` is
    that of the exact gradient: where it is as large as the movement, nothing can be seen.
    """
    far, _ = _around(pair, at, 1e-3, 3, rng)
    for distance, coarser in ((1e-12, SINGLE), (1e-5, HALF)):
        near, exact = _around(pair, at, distance, 3, rng)
        if len(near) < 3 or len(far) < 3:
            return None
        visible = np.maximum(20 * EPS * np.abs(exact).max(axis=0), 20 * noise)
        should = (np.ptp(exact, axis=0) > visible) & (np.ptp(far, axis=0) > 0)
        if not should.any():
            return None
        if (np.ptp(near, axis=0)[should] > 0).mean() > 0.1:
            return EPS if coarser == SINGLE else SINGLE
    return HALF


def _around(pair: Pair, at: Array, distance: float, count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    found = [pair(at * (1 + distance * rng.uniform(-1, 1, len(at)))) for _ in range(count)]
    kept = [f for f in found if f is not None]
    return np.array([c for c, _ in kept]), np.array([e for _, e in kept])
