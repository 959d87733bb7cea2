"""The points at which a formula is compared with f, and the judgement on every component at each.

Two right formulas differ by rounding only. So a component counts as wrong when it is off by more than the
tolerance *and* by more than what rounding does to either side (see `autograd.check.noise`); when it is off by
no more than rounding it is "lost in rounding", which is neither right nor wrong.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from autograd.check import noise
from autograd.check.problem import Array
from autograd.check.replay import Tape
from autograd.check.surroundings import Surroundings
from autograd.check.trial import Formula, FormulaFailure, Function, Look

EPS = 2.0**-52
COARSE = 1e-2  # however few digits a formula has, it must agree to so much
FEW = 4  # points at which the digits of a formula are counted
RIGHT, WRONG, LOST = "right", "wrong", "lost in rounding"


@dataclass(slots=True)
class Sample:
    """One point: f there, the exact and the claimed gradient, and for each component whether it is right.

    `noise` is the rounding noise in the exact gradient, `scale` the size it would have if nothing cancelled;
    both are 0 until somebody needs them (`measure`). `blur` is how far off a component is that the formula lost in
    rounding. `value_noise` is the rounding noise in f (-1: not measured).
    """

    look: Look
    exact: Array
    claimed: Array
    status: NDArray[np.object_]
    noise: Array
    scale: Array
    blur: Array
    value_noise: float = -1.0


class Samples(Surroundings):
    """Every point that was tried, with its judgement. `formula` is None if only the engine is checked."""

    def __init__(self, f: Function, formula: Formula | None, rtol: float, seed: int) -> None:
        super().__init__(f, formula, seed)
        self.tolerance = float(rtol)
        self.eps = EPS
        self.notes: list[str] = []
        self.bent: set[int] = set()  # blocks whose gradient came in another shape
        self.all: list[Sample] = []
        self._tape: Tape | None = None
        self._is_known = False  # whether there is a tape

    def tape(self) -> Tape | None:
        """The graph of the first point, if it gives f at all of the points, and so at those around them."""
        if not self._is_known and self.all:
            self._is_known = True
            self._tape = None if self.f.compares or self.f.reads else self._common_tape()
        return self._tape

    def _common_tape(self) -> Tape | None:
        looks = [s.look for s in self.all]
        if len(looks) == 1:  # it gives f where it was made: elsewhere, too?
            near = self.nearby(1e-2)
            looks += [near] if near is not None else []
        first = looks[0]
        if first.root is None or len(looks) == 1:
            return None
        tape = Tape(first.root, first.inputs)
        values = tape.run(np.array([look.at for look in looks]))
        found = values[tape.root]
        bounds = tape.rounding(values)
        true = np.array([look.root._data if look.root is not None else np.nan for look in looks])
        if not (np.abs(found - true) <= 1e-13 * np.abs(true) + 4 * bounds).all():
            return None
        for s, bound in zip(self.all, bounds.tolist(), strict=False):
            s.value_noise = bound
        return tape

    def compare(self, looks: list[Look]) -> None:
        """Run the formula at each of these points, and judge."""
        failures = []
        for look in looks:
            assert look.exact is not None
            claimed = look.exact
            if self.formula is not None:
                try:
                    claimed = self.formula(look.at)
                except FormulaFailure as failure:
                    failures.append(str(failure))
                    continue
                self.bent |= set(self.formula.misshapen())
            n = len(look.exact)
            status, zeros = np.full(n, RIGHT, object), np.zeros(n)
            self.all.append(Sample(look, look.exact, claimed, status, zeros, zeros, zeros))
        if failures:
            self.notes.append(f"The formula could not be evaluated at {len(failures)} points: {failures[0]}.")
        if self.formula is None or not self.all:
            return
        first = self.all[0]
        for _ in range(2):  # after another point, and after itself: it may hold numbers of the last call
            again = self.claim(first.look.at)
            if again is None or not np.array_equal(again, first.claimed, equal_nan=True):
                raise ValueError(
                    "the formula is not deterministic: called twice at one point it gave two answers. "
                    "Does it draw random numbers, or use something that an earlier call left behind?"
                )
        self._find_precision(self.formula)
        for sample in self.all:
            self._judge(sample)

    def measure(self, sample: Sample) -> Array:
        """How much rounding there is in the exact gradient."""
        look = sample.look
        if not sample.scale.any() and look.root is not None:
            found = noise.of_engine(look.root, look.inputs, self.rng, self.tape())
            sample.noise, sample.scale = found
        return sample.noise

    def noise_at(self, sample: Sample) -> Array:
        """The rounding noise in the exact gradient: measured there, or as large a part of it as where it was."""
        measured = [s for s in self.all if s.scale.any()]
        if sample.scale.any() or not measured:
            return sample.noise
        with np.errstate(all="ignore"):
            parts = [np.where(s.exact != 0, s.noise / np.abs(s.exact), 0.0) for s in measured]
        return np.asarray(np.max(parts, axis=0) * np.abs(sample.exact))

    def wrong(self) -> NDArray[np.bool_]:
        """Which components are wrong, at any point or by their shape."""
        wrong: NDArray[np.bool_] = np.any([s.status == WRONG for s in self.all], axis=0)
        for i in self.bent:
            wrong[self.arguments.blocks[i].slice] = True
        return wrong

    def mean_nothing(self) -> NDArray[np.bool_]:
        """The components of which no point tells anything: rounding is as large as what is compared.

        A point tells something where rounding is below the tolerance. Where none does, a component that agrees at
        every point is believed if its rounding is smaller than itself, or nothing beside f (a saturated unit). One that
        differs at every point, if by rounding only, is not.
        """
        unknown = np.ones(self.arguments.size, dtype=bool)
        faint = np.ones(self.arguments.size, dtype=bool)
        for sample in self.all:
            assert sample.look.root is not None
            self.measure(sample)
            blur = np.maximum(sample.blur, 30 * sample.noise)
            scale = np.maximum(np.abs(sample.exact), sample.scale)
            unknown &= blur > self.tolerance * scale
            # one part in a million of f for one part of x: less than that is 0 to any reader
            unit = abs(sample.look.root._data) / np.maximum(np.abs(sample.look.at), 1e-300)
            faint &= (sample.status == RIGHT) & ((blur <= self.tolerance * unit) | (sample.noise <= 0.1 * scale))
            if not unknown.any():
                break
        lost = np.any([s.status == LOST for s in self.all], axis=0)
        told = np.any([(s.status == RIGHT) & (s.exact != 0) for s in self.all], axis=0)
        return np.asarray((unknown & ~faint) | (lost & ~told))

    # -- Judging ----------------------------------------------------------------------------------------------

    def _find_precision(self, formula: Formula) -> None:
        """The formula may have been computed in float32: then its last digits mean less."""
        floats = [d for d in formula.dtypes if d.kind == "f"]
        self.eps = max([EPS, *(float(np.finfo(d).eps) for d in floats if d.itemsize < 8)])
        if self.eps == EPS:
            close = islice((s for s in self.all if self._differs_little(s)), FEW)
            found = (noise.resolution(self._pair, s.look.at, self.measure(s), self.rng) for s in close)
            coarse = []
            for eps in found:  # (saturated units look coarse)
                if eps is not None:
                    coarse.append(eps)
                if eps == EPS:
                    break
            self.eps = min(coarse, default=EPS)
        self.tolerance = max(self.tolerance, min(1000 * self.eps, COARSE))
        if self.eps > EPS:
            self.notes.append(
                f"The formula's numbers have {-math.log10(self.eps):.0f} digits (float32 or less), so agreement is "
                f"asked for to {self.tolerance:.0e} only."
            )

    def _differs_little(self, sample: Sample) -> bool:
        off, size = np.abs(sample.claimed - sample.exact), np.maximum(np.abs(sample.claimed), np.abs(sample.exact))
        return bool(((off > self.tolerance * size) & ((off < 1e-3 * size) | (off < 1e-5))).any())

    def _judge(self, sample: Sample) -> None:
        """Each component at one point: right, wrong, or lost in rounding."""
        look, claimed, exact = sample.look, sample.claimed, sample.exact
        off = np.abs(claimed - exact)
        size = np.maximum(np.abs(claimed), np.abs(exact))
        failing = ~(off <= self.tolerance * size)
        if not failing.any():
            return
        assert look.root is not None
        known = np.any([s.status == WRONG for s in self.all], axis=0)
        if known[failing].all() and (off > 1e-3 * size)[failing].all():
            sample.status[failing] = WRONG  # as at another point, where rounding was measured
            return
        self.measure(sample)
        single = self.eps / EPS
        lost = off <= 30 * sample.noise * single
        by_formula = np.zeros(len(off), dtype=bool)
        if single > 1:
            by_formula |= off <= 32 * self.eps * sample.scale
        if (failing & ~lost & ((off <= 1e-3 * size) | (off <= 1e-6))).any():
            spread = noise.of_formula(self.claim, look.at, self.eps, self.rng)
            by_formula |= off <= 8 * np.minimum(spread, 1e-3 * np.maximum(1.0, size))
        largest = max(1.0, abs(look.root._data), float(np.abs(exact).max()))
        tiny = off <= 1e-10 * single * largest
        if (failing & ~lost & ~by_formula & tiny).any():
            by_formula |= tiny & noise.is_erratic(self._pair, look.at, 8 * self.eps * largest, self.rng)
        sample.status[failing] = WRONG
        sample.status[failing & (lost | by_formula)] = LOST
        sample.blur = np.where(failing & by_formula, off, 0.0)

    def _pair(self, flat: Array) -> tuple[Array, Array] | None:
        claimed = self.claim(flat)
        look = self.f.look(flat, self.rng)
        return None if claimed is None or look.exact is None else (claimed, look.exact)
