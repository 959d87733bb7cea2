"""Finite differences of high order: slopes found from values of f alone, without the chain rule.

Ridders' method: central differences (f(x + h) - f(x - h)) / 2h at h, h/2, h/4, … are even in h, so each pair
of them removes one more power of h² (Richardson's extrapolation). The distance between neighbours in that
triangle is the estimate of the error: it shrinks while the steps are too long, and grows again when
rounding takes over; the best entry is kept. A second triangle, of shorter steps, must agree with it: a function
that swings within one step would otherwise look smooth.

Source: C. J. F. Ridders, "Accurate computation of F'(x) and F'(x)F''(x)", Adv. Eng. Software 4 (1982) 75-76.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

EPS = 2.0**-52


class Slope(NamedTuple):
    """A slope and how far it may be from the truth; both NaN where no step was short enough."""

    slope: float
    error: float


def slope(
    f: Callable[[float], float | None], scale: float = 1.0, noise: float = 0.0, expected: float = math.nan
) -> Slope:
    """f'(0) for a function of one number, by extrapolated central differences.

    `f` returns None where it has no value that may be used (undefined, or on the other side of a kink): then
    shorter steps are tried. `scale` is the length over which f is expected to change; steps start at scale/8.
    `noise` is how far rounding may have moved the values of f. If the first triangle finds the slope that was
    `expected`, which it cannot do by chance, the second is not needed.

    >>> import math
    >>> s = slope(lambda t: math.exp(1 + t))
    >>> bool(abs(s.slope - math.e) < 1e-11 and s.error < 1e-9)
    True
    """
    longer, scale, _ = _triangle(f, scale, noise, expected=expected)
    if abs(longer.slope - expected) <= 1e-7 * abs(expected):
        return longer
    for _ in range(8):
        shorter, scale, rounding = _triangle(f, scale / 37, noise, levels=6)
        if not abs(longer.slope - shorter.slope) > 10 * (longer.error + rounding):
            return longer if longer.error <= shorter.error or shorter.slope != shorter.slope else shorter
        longer = shorter
    return Slope(math.nan, math.nan)


def _triangle(
    f: Callable[[float], float | None], scale: float, noise: float, levels: int = 10, expected: float = math.nan
) -> tuple[Slope, float, float]:
    """Ridders' extrapolation, the scale at which steps could be taken, and the part of rounding in a difference."""
    h = scale / 8
    best = Slope(math.nan, math.inf)
    previous: list[float] = []
    size = rounding = 0.0
    tries = 0
    while len(previous) < levels and tries < 60:
        tries += 1
        above, below = f(h), f(-h)
        if above is None or below is None:
            if previous:  # a longer step was fine, a shorter one is not: f is not what it seems
                break
            h /= 4
            scale /= 4
            continue
        size = max(size, abs(above), abs(below))
        row = [(above - below) / (2 * h)]
        rounding = (2 * EPS * size + noise) / h
        for k, longer in enumerate(previous):
            finer = row[k] + (row[k] - longer) / (4.0 ** (k + 1) - 1)
            error = max(abs(finer - row[k]), abs(finer - longer)) + rounding
            row.append(finer)
            if error < best.error:
                best = Slope(finer, error)
        if previous and abs(row[-1] - previous[-1]) > 4 * best.error and len(row) > 3:
            break  # rounding has taken over
        met = abs(best.slope - expected) <= 1e-8 * abs(expected)  # False where nothing is expected
        if best.error <= (1e-7 if met else 1e-10) * abs(best.slope):
            break  # nothing more to be gained
        previous = row
        h /= 2
    return best if math.isfinite(best.slope) else Slope(math.nan, math.nan), scale, rounding
