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
from autograd.check.replay import EPS, Tape
from autograd.value import Value

SINGLE, HALF = 2.0**-23, 2.0**-10  # the last digit of float32 and float16; EPS is that of float64
RUNS = 12  # errors of one digit often cancel, in 1 - 1/(1 + e) half of the time: a few runs may show nothing


def of_engine(
    root: Value, inputs: Sequence[Value], rng: np.random.Generator, tape: Tape | None = None
) -> tuple[Array, Array]:
    """For each input: the rounding noise in ∂root/∂input, and Σ |contribution| over all ways through the graph.

    The second is the size that the component would have if nothing cancelled. `tape` is that of the graph, if known.
    """
    tape = tape or Tape(root, inputs)
    at = np.array([[x._data for x in inputs]])
    exact, scale = tape.backwards(tape.run(at))
    values = tape.run(np.repeat(at, RUNS, axis=0), rng)
    if not np.isfinite(values).all():
        return np.full(len(inputs), np.inf), scale[:, 0]  # the last digit decides whether it is defined at all
    moved, _ = tape.backwards(values, rng)
    with np.errstate(all="ignore"):
        spread = np.abs(moved - exact).max(axis=1)
    return np.where(np.isfinite(spread), spread, np.inf), scale[:, 0]


def of_value(root: Value) -> float:
    """A bound on the rounding error in f itself: each node's own, and what it inherits along its slopes."""
    tape = Tape(root, [])
    return float(tape.rounding(tape.run(np.empty((1, 0))))[0])


def of_formula(claim: Callable[[Array], Array | None], at: Array, eps: float, rng: np.random.Generator) -> Array:
    """For each component of the claimed gradient: how much it moves when the arguments' last digits do."""
    here = claim(at)
    spread = np.zeros(len(at))
    if here is None:
        return spread
    for size in np.repeat([4 * eps, 64 * eps, max(64 * eps, min(1e5 * eps, 1e-5))], 4):
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
        size = np.abs(exact).max(axis=0)
        visible = np.maximum(20 * EPS * size, 20 * noise)
        # 1 - 1/(1 + eᶻ) has few digits, too, where it is small: that is no float32
        digits = np.abs(near).max(axis=0) > 64 * EPS / SINGLE * max(1.0, size.max())
        should = (np.ptp(exact, axis=0) > visible) & (np.ptp(far, axis=0) > 0) & digits
        if not should.any():
            return None
        if (np.ptp(near, axis=0)[should] > 0).mean() > 0.1:
            return EPS if coarser == SINGLE else SINGLE
    return HALF


def _around(pair: Pair, at: Array, distance: float, count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    found = [pair(at * (1 + distance * rng.uniform(-1, 1, len(at)))) for _ in range(count)]
    kept = [f for f in found if f is not None]
    return np.array([c for c, _ in kept]), np.array([e for _, e in kept])
