"""How well a gradient agrees with the student's, and which simple number a factor was before rounding."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from fractions import Fraction

import numpy as np

from autograd.check.diagnosis.effects import gradient
from autograd.check.diagnosis.graph import Graph
from autograd.check.problem import Array

EPS = 2.0**-52
FIT = 1e-6  # the largest relative misfit that counts as the same gradient
NOTHING = 1e-18  # what is so much smaller than the exact gradient is no rounding of it, but a number of its own
LOST = 1e-12  # of the exact gradient: what is smaller, and irregular, is the rounding of 0
LEAST = 5e-324  # the smallest number above 0


class Fit:
    """The relative distance between gradients and the student's, component by component.

    A component is compared with its own size, or with 10⁻⁹ of the largest of its array: of what cancels nearly
    completely, only rounding is left. `most` is the largest distance that counts as the same.
    """

    def __init__(self, graph: Graph, tolerance: float) -> None:
        self.most = max(FIT, tolerance)
        self.claimed, self.exact = graph.claimed, graph.exact
        self.strict = 1e-3 * graph.slack
        self.allowed = np.maximum(self.strict, 8 * EPS * _without_cancelling(graph))
        self.floor = np.full(graph.claimed.shape, LEAST)
        for block in graph.problem.blocks:
            peers = np.abs(graph.claimed[:, block.slice]).max(axis=1, keepdims=True)
            instead = np.abs(graph.exact[:, block.slice]).max(axis=1, keepdims=True)
            self.floor[:, block.slice] += 1e-9 * np.where(peers > 0, peers, instead)
            if _is_rounding(graph.claimed[:, block.slice], graph.exact[:, block.slice]):
                self.allowed[:, block.slice] = 4 * np.abs(graph.claimed[:, block.slice]).max()

    def be_strict(self) -> None:
        """Compare each component with its own size, however small it is beside the others of its array."""
        self.floor[:] = LEAST
        self.allowed = self.strict

    def __call__(self, gradient: Array, points: Sequence[int] | None = None) -> Array:
        """The misfit of gradients (… × point × component) at these points, or at all."""
        which = slice(None) if points is None else list(points)
        claimed = self.claimed[which]
        distance = np.abs(gradient - claimed)
        scale = np.maximum(np.abs(gradient), np.abs(claimed))
        with np.errstate(all="ignore"):
            misfit = distance / np.maximum(scale, self.floor[which])
        misfit[~np.isfinite(misfit)] = np.inf
        own = (scale >= NOTHING * np.abs(self.exact[which])) | (scale == 0)
        misfit[(distance <= self.allowed[which]) & own] = 0.0
        return np.asarray(misfit)


def _without_cancelling(graph: Graph) -> Array:
    """How large the gradient would be if no two ways through the graph cancelled: its rounding is a part of this."""
    upright = copy(graph)
    upright.slope, upright.passes = np.abs(graph.slope), {}
    size = gradient(upright)
    return np.where(np.isfinite(size), size, 0.0)


def _is_rounding(claimed: Array, exact: Array) -> bool:
    """Whether the student's numbers are what rounding leaves of 0, such as Σ (p - y) of a softmax."""
    if not claimed.any() or (np.abs(claimed).max(axis=1) > LOST * np.abs(exact).max(axis=1)).any():
        return False
    with np.errstate(all="ignore"):
        part = claimed / exact
    return bool(len(part) > 2 and np.isfinite(part).all() and np.ptp(part) > 0.5 * np.abs(part).max())


def ratio(amount: Array, through: Array) -> Array:
    """The c for which c · through comes nearest to amount (… × point × component), for each of the leading axes."""
    size = np.abs(through).max(axis=(-2, -1), keepdims=True)  # so that no square overflows or vanishes
    with np.errstate(all="ignore"):
        unit = through / size
        return np.asarray((unit * (amount / size)).sum(axis=(-2, -1)) / (unit * unit).sum(axis=(-2, -1)))


def common(wanted: Array) -> float | None:
    """The factor that most components agree on at all points; None if hardly any do."""
    if wanted.shape[1] < 1:
        return None
    with np.errstate(all="ignore"):
        steady = wanted[0][np.abs(wanted - wanted[0]).max(axis=0) <= 1e-8 * np.abs(wanted[0])]
    steady = steady[np.isfinite(steady)]
    if not len(steady):
        return None
    values, counts = np.unique(np.round(steady, 9), return_counts=True)
    return simple(float(steady[np.argmin(np.abs(steady - values[np.argmax(counts)]))]))


def simple(c: float) -> float:
    """The simple number that c was before rounding, if there is one."""
    if abs(c) < 1e-9:
        return 0.0
    near = Fraction(c).limit_denominator(1000)
    return float(near) if near and abs(c / float(near) - 1) < 1e-7 else c


def cost_of(c: float) -> float:
    """How surprising a factor is: -1 and 0 least, then 2 and ½, then other simple fractions."""
    if c in (-1.0, 0.0):
        return 1.0
    if c < 0:  # a sign and a factor
        return 0.6 + cost_of(-c)
    near = Fraction(c).limit_denominator(1000)
    if abs(c / float(near or 1) - 1) > 1e-12:
        return 1.8
    return 1.2 if abs(c) in (2.0, 0.5) else 1.4 if 1 in (abs(near.numerator), near.denominator) else 1.6
