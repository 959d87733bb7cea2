"""Is a gradient that was derived by hand the gradient of f?

>>> from autograd import sigmoid
>>> print(gradcheck(lambda w: (w * 2.0).sigmoid(), 0.5, lambda w: 2 * sigmoid(2 * w) * (1 - sigmoid(2 * w))).verdict)
right
>>> print(gradcheck(lambda w: (w * 2.0).sigmoid(), 0.5, lambda w: sigmoid(2 * w) * (1 - sigmoid(2 * w))).verdict)
wrong

The formula is compared with the engine's exact gradient, at the point given and at others around it; the engine
in turn with finite differences, which know nothing of the chain rule.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.check.diagnosis.diagnose import diagnose
from autograd.check.differences import accusation, components
from autograd.check.kinks import Kink, one_sided
from autograd.check.problem import Diagnosis, Point, Problem
from autograd.check.report import GradientReport, Verdict, recorded
from autograd.check.samples import LOST, WRONG, Sample, Samples
from autograd.check.structure import Arguments, shape_words
from autograd.check.symbolic import as_functions
from autograd.check.trial import Formula, FormulaFailure, Function, Look
from autograd.check.verdict_wrong import cut_off, elsewhere, reshaped
from autograd.order import arguments as arguments_of
from autograd.order import without_collector

MOST_POINTS = 100_000  # each is kept until the report is made, about 2 kB


def gradcheck(
    f: Callable[..., Any],
    at: Any,
    gradient: Callable[..., Any] | None = None,
    *,
    points: int = 8,
    rtol: float = 1e-6,
    seed: int = 0,
    explain: bool = True,
) -> GradientReport:
    """Check the hand-derived `gradient` of `f` around the point `at`; without one, check the engine itself.

    `f`         takes Values in the structure of `at` (an object array of Values for an array) and returns one Value
    `at`        a tuple with one entry for each argument: floats, arrays, nested lists or dicts of them. One bare
                argument may stand without the tuple; a list is one argument
    `gradient`  takes plain floats and float arrays in the same structure and returns the derivatives in that
                structure (a single gradient for a single argument)
    `points`    how many more points are tried, at most 100,000, drawn at random around `at`; where f is smooth,
                some with other signs
    `rtol`      two numbers agree when they differ by at most this part of the larger
    `seed`      of the random points
    `explain`   whether to search for the mistake in a wrong formula

    f and gradient may also be SymPy expressions (see `autograd.check.symbolic`). The report is true when the
    formula is right. Raises TypeError or ValueError where f is not one deterministic Value, or where the formula
    raises, returns something else than a gradient, or changes its arguments.
    """
    if isinstance(points, bool) or not isinstance(points, int) or not 0 <= points <= MOST_POINTS:
        raise ValueError(
            f"points is how many random points are tried besides `at`, 0 to {MOST_POINTS:,}; got {points!r}"
        )
    if not isinstance(rtol, float | int) or not 0 < rtol < 1:
        raise ValueError(f"rtol is a relative tolerance between 0 and 1, such as 1e-6; got {rtol!r}")
    if isinstance(seed, int) and seed < 0:
        raise ValueError(f"seed is a whole number, 0 or more; got {seed!r}")
    f, gradient, at = as_functions(f, gradient, at)
    if not callable(f):
        raise TypeError(f"f must be a function (the order is gradcheck(f, at, gradient)); got {f!r} for it")
    arguments = Arguments(at, f)
    formula = None if gradient is None else Formula(gradient, arguments)
    check = _Check(Samples(Function(f, arguments), formula, rtol, seed), points, rtol, seed, explain=explain)
    with without_collector():
        report: GradientReport = recorded(check.report())
    return report


class _Check:
    """The steps of one check. (A class only because the steps share their inputs.)"""

    def __init__(self, samples: Samples, points: int, rtol: float, seed: int, *, explain: bool) -> None:
        self.explain = explain
        self.samples, self.f, self.formula = samples, samples.f, samples.formula
        self.points, self.rtol, self.seed = points, float(rtol), seed
        self.arguments, self.notes = samples.arguments, samples.notes

    def report(self) -> GradientReport:
        """Look at f at `at` and around it, compare, and say what was found."""
        here = self.f.first_look(self.samples.rng)
        corner = here.corner or self.f.beside_a_comparison(here, self.samples.rng)
        stuck = self._formula_at(here, corner)
        if stuck:
            return self._report("cannot tell", stuck)
        looks = [here] if here.exact is not None and corner is None else []
        around = self.samples.around(self.points)
        looks += around
        if not looks and corner is None:
            return self._report("cannot tell", f"no point was found where f has a gradient. {here.why}")
        if len(around) < self.points:
            self.notes.append(f"f has a gradient at {len(around)} of the {self.points} points tried around `at`.")
        if here.root is None:
            self.notes.append(f"At the point you gave, {here.why.splitlines()[0]}; other points were used.")
        if looks and self.formula is not None and self.points:
            looks += self.samples.beyond(looks)
        self.samples.compare(looks)
        if corner is not None:
            return self._at_a_corner(here, corner)
        if here.root is not None and here.exact is None:
            steep: Verdict = "not differentiable here" if "no finite slope" in here.why else "cannot tell"
            return self._report(steep, f"f has no finite gradient at this point: {here.why}")
        return self._verdict()

    def _formula_at(self, here: Look, corner: Kink | None) -> str:
        """Run the formula at `at`, for its errors. Returns why nothing can be said, if so."""
        if self.formula is None or here.root is None:
            return ""
        try:
            self.formula(here.at)
        except FormulaFailure as failure:
            if failure.overflow:
                return f"{failure}. Write it so that it stays finite, or check it at smaller numbers"
            if corner is None and here.exact is not None:
                kind = TypeError if isinstance(failure.error, TypeError) else ValueError
                raise kind(str(failure)) from failure.error
        return ""

    def _verdict(self) -> GradientReport:
        if not self.samples.all:
            return self._report("cannot tell", "the formula could not be evaluated at any point where f has a gradient")
        engine, told = accusation(self.samples)
        places = _points(len(self.samples.all))
        if self.formula is None:
            if engine:
                return self._report("wrong", engine)
            if not told or self.samples.mean_nothing().any():
                why = "f's values have too few digits here for finite differences (cancellation or overflow)"
                return self._report("cannot tell", why)
            agree = f"the engine's gradient agrees with finite differences at {_points(told)}. No formula was given."
            return self._report("right", agree)
        if engine:
            return self._report("cannot tell", engine)
        if self.samples.wrong().any():
            return self._wrong(self.formula)
        unknown = self.samples.mean_nothing()
        if unknown.any():
            return self._report("cannot tell", f"the gradient along {self._some(unknown)} {self._lost_how(unknown)}")
        lost = self.samples.all[0].status == LOST
        if lost.any():
            self.notes.append(f"Along {self._some(lost)} the numbers differ at the point you gave, by rounding only.")
        if self.samples.unseen:
            n = self.samples.unseen
            self.notes.append(
                f"{n} of the branches of relu, max and abs {'were' if n > 1 else 'was'} taken at no point: what the "
                "formula gives there was not compared. Check it at another point, too."
            )
        idle = np.all([(s.exact == 0) & (s.claimed == 0) for s in self.samples.all], axis=0)
        if idle.any():
            self.notes.append(f"Along {self._some(idle)} both are 0 at every point, so little was compared there.")
        if self.arguments.size == 1:
            return self._report("right", f"the formula agrees with f at {places}.")
        return self._report("right", f"all {self.arguments.size} components of the formula agree with f at {places}.")

    def _lost_how(self, unknown: Any) -> str:
        for s in self.samples.all:
            if (30 * self.samples.noise_at(s) > self.samples.tolerance * np.abs(s.exact))[unknown].any():
                return "is lost in rounding (catastrophic cancellation in f): too few digits are left to compare"
        return (
            "is so small that what yours is off by may be rounding, as in 1 - 1/(1 + exp(-40)) = 0. "
            "Check it where the gradient is larger"
        )

    # -- A wrong formula ----------------------------------------------------------------------------------------

    def _wrong(self, formula: Formula) -> GradientReport:
        for _ in range(4):  # a dropout mask of few units may be the same twice
            self.f.again(self.samples.all[0].look)
        wrong = self.samples.wrong()
        n = int(wrong.sum())
        reason = f"{n} of {len(wrong)} components disagree{'s' * (n == 1)} with f."
        if len(wrong) == 1:
            reason = "the formula disagrees with f."
        cut = cut_off(self.samples, formula)
        if cut is not None:
            reason += " The formula gives whole numbers: the fractions were cut off."
            return self._report("wrong", reason, [cut])
        bent = [(self.arguments.blocks[i], formula.shapes[i]) for i in sorted(self.samples.bent)]
        words = [shape_words(block, shape) for block, shape in bent]
        for block, shape in bent:
            if math.prod(shape) == block.size:
                self.notes.append(f"The table shows d{block.name} brought into the shape of {block.name}.")
        words += elsewhere(self.samples, formula)
        found = reshaped(self.samples, formula) + self._diagnosis()
        if self.f.compares and any(d.kind == "unknown" for d in found):
            self.notes.append(
                "f compares its numbers (an if, max() or np.maximum of an array), which leaves no trace in its graph. "
                "Write autograd.relu or autograd.maximum there, and the diagnosis sees more."
            )
        return self._report("wrong", " ".join([reason, *words]), found)

    def _diagnosis(self) -> list[Diagnosis]:
        whole = [s for s in self.samples.all if not s.look.on_kink and np.isfinite(s.claimed).all()]
        if not self.explain or not any((s.status == WRONG).any() for s in whole):
            return []
        return diagnose(
            Problem(
                self.f.f,
                self.arguments.names,
                self.arguments.blocks,
                [self._point(s, lines=s is whole[0] or self.f.compares) for s in whole],
                self.samples.tolerance,
            )
        )

    def _point(self, s: Sample, *, lines: bool) -> Point:
        root, inputs = s.look.root, s.look.inputs
        if lines or root is None:
            root, inputs = self.f.graph(s.look.at, lines=True)
        slack = self.samples.tolerance * np.abs(s.claimed) + 30 * self.samples.noise_at(s)
        off = np.abs(s.claimed - s.exact)
        slack = np.where(s.status == LOST, 1e4 * (slack + off), slack)  # what was lost tells nothing
        return Point(s.look.at, root, inputs, s.exact, s.claimed, slack)

    # -- A corner -------------------------------------------------------------------------------------------------

    def _at_a_corner(self, here: Look, corner: Kink) -> GradientReport:
        where = ""
        if corner.nodes:
            node = corner.nodes[0]
            where = f", in {node._rule.name}({', '.join(f'{a._data:g}' for a in arguments_of(node))})"
        which, left, right = self._component_of(here, corner)
        reason = ""
        if corner.jump is not None:
            reason = f"f jumps at this point, from {corner.jump[0]:.6g} to {corner.jump[1]:.6g}: it has no slope there."
        reason = reason or (
            f"f has a corner at this point{where}: its slope{which} is {left + 0.0:.6g} to the left and "
            f"{right + 0.0:.6g} to the right."
        )
        if not self.samples.all or self.formula is None:
            return self._report("not differentiable here", reason)
        off = sum(bool((s.status == WRONG).any()) for s in self.samples.all)
        said = f"the formula is wrong at {off} of" if off else "the formula agrees at all of"
        self.notes.append(f"At the {len(self.samples.all)} points around it, where f is smooth: {said} them.")
        return self._report("not differentiable here", reason, self._diagnosis() if off else [])

    def _component_of(self, here: Look, corner: Kink) -> tuple[str, float, float]:
        """The corner along one component if it shows there, else along the direction in which it was found."""
        n = self.arguments.size
        if n == 1:
            d = float(corner.direction[0])
            return "", *((corner.left / d, corner.right / d) if d > 0 else (corner.right / d, corner.left / d))
        assert here.root is not None
        for i in range(min(n, 100) if corner.nodes else 0):
            step = np.zeros(n)
            step[i] = 1.0
            right, size = one_sided(here.root, here.inputs, step, set(corner.nodes))
            back, _ = one_sided(here.root, here.inputs, -step, set(corner.nodes))
            if abs(right + back) > 1e-7 * size:
                return f" along {self.arguments.names[i]}", -back, right
        return " along a random direction", corner.left, corner.right

    # -- The report -----------------------------------------------------------------------------------------------

    def _report(self, verdict: Verdict, reason: str, diagnosis: list[Diagnosis] | None = None) -> GradientReport:
        return GradientReport(
            verdict,
            reason,
            components(self.samples),
            diagnosis or [],
            self.notes,
            len(self.samples.all),
            self.rtol,
            self.seed,
            self.formula is not None,
        )

    def _some(self, which: Any) -> str:
        names = [n for n, w in zip(self.arguments.names, which, strict=True) if w]
        return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _points(n: int) -> str:
    return "1 point" if n == 1 else f"{n} points"
