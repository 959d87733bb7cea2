"""Is a gradient that was derived by hand the gradient of f?

>>> from autograd import sigmoid
>>> print(gradcheck(lambda w: (w * 2.0).sigmoid(), 0.5, lambda w: 2 * sigmoid(2 * w) * (1 - sigmoid(2 * w))).verdict)
right
>>> print(gradcheck(lambda w: (w * 2.0).sigmoid(), 0.5, lambda w: sigmoid(2 * w) * (1 - sigmoid(2 * w))).verdict)
wrong

The formula is compared with the engine's exact gradient, at the point given and at others around it; the engine
in turn with finite differences, which know nothing of the chain rule. Two right formulas differ by rounding
only, so a component counts as wrong when it is off by more than the tolerance *and* by more than what rounding
does to either side (see `autograd.check.noise`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd.check import finite, noise
from autograd.check.kinks import Kink, one_sided, signature
from autograd.check.problem import Array, Diagnosis, Evidence, Point, Problem
from autograd.check.report import Component, GradientReport, Verdict
from autograd.check.structure import Arguments, shape_words
from autograd.check.symbolic import as_functions
from autograd.check.trial import Formula, FormulaFailure, Function, Look
from autograd.errors import DomainError
from autograd.order import arguments as arguments_of
from autograd.order import topological

EPS = 2.0**-52
FINITE_BUDGET = 400_000  # edges of the graph that finite differences may evaluate for the table
RIGHT, WRONG, LOST = "right", "wrong", "lost in rounding"


def gradcheck(
    f: Callable[..., Any],
    at: Any,
    gradient: Callable[..., Any] | None = None,
    *,
    points: int = 8,
    rtol: float = 1e-6,
    seed: int = 0,
) -> GradientReport:
    """Check the hand-derived `gradient` of `f` around the point `at`; without one, check the engine itself.

    `f`         takes Values in the structure of `at` (an object array of Values for an array) and returns one Value
    `at`        a tuple with one entry for each argument: floats, arrays, nested lists or dicts of them. One bare
                argument may stand without the tuple; a list is one argument
    `gradient`  takes plain floats and float arrays in the same structure and returns the derivatives in that
                structure (a single gradient for a single argument)
    `points`    how many more points are tried, drawn at random around `at`
    `rtol`      two numbers agree when they differ by at most this part of the larger
    `seed`      of the random points

    f and gradient may also be SymPy expressions (see `autograd.check.symbolic`). The report is true when the
    formula is right. Raises TypeError or ValueError where f is not one deterministic Value, or where the formula
    raises, returns something else than a gradient, or changes its arguments.
    """
    if isinstance(points, bool) or not isinstance(points, int) or points < 0:
        raise ValueError(f"points is how many random points are tried besides `at`, 0 or more; got {points!r}")
    if not isinstance(rtol, float | int) or not 0 < rtol < 1:
        raise ValueError(f"rtol is a relative tolerance between 0 and 1, such as 1e-6; got {rtol!r}")
    f, gradient, at = as_functions(f, gradient, at)
    arguments = Arguments(at, f)
    check = _Check(
        Function(f, arguments), None if gradient is None else Formula(gradient, arguments), points, rtol, seed
    )
    return check.report()


@dataclass(slots=True)
class _Sample:
    """One point: f there, the claimed gradient, and for each component whether it is right."""

    look: Look
    exact: Array
    claimed: Array
    status: np.ndarray[Any, Any]
    noise: Array  # rounding noise in the exact gradient; its scale, were there no cancellation
    scale: Array
    value_noise: float = -1.0  # rounding noise in f itself; -1: not computed


class _Check:
    """The steps of one check. (A class only because the steps share their inputs.)"""

    def __init__(self, f: Function, formula: Formula | None, points: int, rtol: float, seed: int) -> None:
        self.f, self.formula, self.points, self.rtol, self.seed = f, formula, points, float(rtol), seed
        self.arguments = f.arguments
        self.rng = np.random.default_rng(seed)
        self.notes: list[str] = []
        self.eps = EPS
        self.samples: list[_Sample] = []
        self.bent: set[int] = set()  # blocks whose gradient came in another shape

    def report(self) -> GradientReport:
        here = self.f.first_look(self.rng)
        corner = here.corner or self.f.beside_a_comparison(here, self.rng)
        stuck = self._here(here, corner is not None)
        looks = [here] if here.exact is not None and corner is None else []
        missed = 0
        for _ in range(self.points):
            look = self._nearby()
            if look is None:
                missed += 1
            else:
                looks.append(look)
        if stuck:
            return self._report("cannot tell", stuck)
        if not looks and corner is None:
            why = here.why or "no point was found where f has a gradient"
            return self._report("cannot tell", f"no point was found where f has a gradient. {why}")
        if missed and self.points:
            self.notes.append(
                f"f has a gradient at {self.points - missed} of the {self.points} points tried around `at`."
            )
        if here.exact is None and corner is None and looks and not here.root:
            self.notes.append(f"At the point you gave, {here.why.split(chr(10))[0]}; other points were used.")
        self._compare(looks)
        if here.root is not None and here.exact is None and corner is None:
            return self._report(
                "cannot tell" if "overflow" in here.why else "not differentiable here",
                f"f has no finite gradient at this point: {here.why}",
            )
        if corner is not None:
            return self._at_a_corner(here, corner)
        return self._verdict()

    # -- Gathering --------------------------------------------------------------------------------------------

    def _here(self, here: Look, corner: bool) -> str:
        """Run the formula at `at`, for its errors. Returns why nothing can be said, if so."""
        if self.formula is None or here.root is None:
            return ""
        try:
            self.formula(here.at)
        except FormulaFailure as failure:
            if failure.overflow:
                return f"{failure}. Write it so that it stays finite, or check it at smaller numbers"
            if not corner and here.exact is not None:
                raise (TypeError if isinstance(failure.error, TypeError) else ValueError)(
                    str(failure)
                ) from failure.error
        return ""

    def _nearby(self) -> Look | None:
        """A random point around `at` where f has a gradient; closer and closer, if that is hard to find."""
        at = self.arguments.flat
        size = np.empty_like(at)
        for block in self.arguments.blocks:
            part = at[block.slice]
            size[block.slice] = np.maximum(np.abs(part), np.sqrt(np.mean(part**2))) if part.size else 0.0
        size[size == 0] = 0.5
        for attempt in range(14):
            flat = self.arguments.rounded(at + 0.5 * 0.5**attempt * size * self.rng.uniform(-1, 1, len(at)))
            with np.errstate(all="ignore"):
                look = self.f.look(flat, self.rng)
            if look.exact is not None:
                return look
        return None

    def _claim(self, flat: Array) -> Array | None:
        assert self.formula is not None
        try:
            return self.formula(flat)
        except FormulaFailure:
            return None

    def _compare(self, looks: list[Look]) -> None:
        failures = []
        for look in looks:
            assert look.exact is not None
            claimed = look.exact
            if self.formula is not None:
                try:
                    claimed = self.formula(look.at)
                    self.bent |= set(self.formula.misshapen())
                except FormulaFailure as failure:
                    failures.append(str(failure))
                    continue
            n = len(look.exact)
            self.samples.append(_Sample(look, look.exact, claimed, np.full(n, RIGHT, object), np.zeros(n), np.zeros(n)))
        if failures:
            self.notes.append(f"The formula could not be evaluated at {len(failures)} points: {failures[0]}.")
        if self.formula is None:
            return
        self._find_precision()
        for sample in self.samples:
            self._judge(sample)
        if self.samples:
            again = self._claim(self.samples[0].look.at)
            if again is None or not np.array_equal(again, self.samples[0].claimed, equal_nan=True):
                raise ValueError("the formula is not deterministic: called twice at one point it gave two answers")

    def _find_precision(self) -> None:
        """The formula may have been computed in float32: then its last digits mean less."""
        assert self.formula is not None
        floats = [d for d in self.formula.dtypes if d.kind == "f"]
        self.eps = max([EPS, *(float(np.finfo(d).eps) for d in floats if d.itemsize < 8)])
        claims = np.array([s.claimed for s in self.samples])
        if self.eps == EPS and len(claims) > 2:
            with np.errstate(all="ignore"):
                single = np.array_equal(claims, claims.astype(np.float32), equal_nan=True)
                rough = (np.frexp(claims)[0] * 2**16) % 1 != 0  # more than 16 digits are used: not a simple fraction
            moving = np.ptp(claims, axis=0) > 0
            if single and rough[:, moving].any():
                self.eps = float(np.finfo(np.float32).eps)
        if self.eps > EPS:
            self.notes.append(
                f"The formula's numbers have {-math.log10(self.eps):.0f} digits (float32 or less), so agreement is "
                f"asked for to {self._rtol():.0e} only."
            )

    def _rtol(self) -> float:
        return max(self.rtol, 1000 * self.eps)

    # -- Judging ----------------------------------------------------------------------------------------------

    def _judge(self, sample: _Sample) -> None:
        """Each component at one point: right, wrong, or lost in rounding."""
        look, claimed, exact = sample.look, sample.claimed, sample.exact
        off = np.abs(claimed - exact)
        size = np.maximum(np.abs(claimed), np.abs(exact))
        failing = ~(off <= self._rtol() * size)
        if not failing.any():
            return
        assert look.root is not None
        sample.status[failing] = WRONG
        sample.noise, sample.scale = noise.of_engine(look.root, look.inputs, self.rng)
        lost = off <= 30 * sample.noise * (self.eps / EPS)
        if self.eps > EPS:
            lost |= off <= 32 * self.eps * sample.scale
        if (failing & ~lost & (off <= 1e-3 * size)).any() or (failing & ~lost & (off <= 1e-6)).any():
            spread = noise.of_formula(self._claim, look.at, self.eps, self.rng)
            lost |= off <= 8 * np.minimum(spread, 1e-3 * np.maximum(1.0, size))
        tiny = off <= 1e-10 * (self.eps / EPS) * max(1.0, abs(look.root._data), float(np.abs(exact).max()))
        if (failing & ~lost & tiny).any():
            lost = lost | (tiny & noise.is_erratic(self._residual, look.at, self.rng))
        sample.status[failing & lost] = LOST

    def _residual(self, flat: Array) -> Array | None:
        claimed = self._claim(flat)
        look = self.f.look(flat, self.rng)
        return None if claimed is None or look.exact is None else claimed - look.exact

    def _means_nothing(self) -> np.ndarray[Any, Any]:
        """The components of which no point tells anything: rounding is as large as what is compared."""
        unknown = np.ones(self.arguments.size, dtype=bool)
        for sample in self.samples:
            if not sample.scale.any():
                assert sample.look.root is not None
                sample.noise, sample.scale = noise.of_engine(sample.look.root, sample.look.inputs, self.rng)
            scale = np.maximum(np.abs(sample.exact), sample.scale)
            fine = np.where(
                sample.status == LOST, 30 * sample.noise <= self._rtol() * scale, sample.noise <= 0.1 * scale
            )
            if self.eps > EPS:
                fine |= sample.status == LOST
            unknown &= ~fine
            if not unknown.any():
                break
        return unknown

    def _verdict(self) -> GradientReport:
        if not self.samples:
            return self._report("cannot tell", "the formula could not be evaluated at any point where f has a gradient")
        engine = self._engine_against_differences()
        wrong = np.any([s.status == WRONG for s in self.samples], axis=0)
        for i in self.bent:
            wrong[self.arguments.blocks[i].slice] = True
        if self.formula is None:
            return self._engine_verdict(engine)
        if engine:
            return self._report("cannot tell", engine)
        if wrong.any():
            return self._wrong(wrong)
        if (self.samples[0].status == LOST).any():
            lost = [n for n, s in zip(self.arguments.names, self.samples[0].status, strict=True) if s == LOST]
            self.notes.append(f"Along {_some(lost)} the numbers differ at the point you gave, by rounding only.")
        unknown = self._means_nothing()
        if unknown.any():
            names = _some([n for n, u in zip(self.arguments.names, unknown, strict=True) if u])
            return self._report(
                "cannot tell",
                f"the gradient along {names} is lost in rounding (catastrophic cancellation in f): "
                "too few digits are left to compare",
            )
        return self._report(
            "right", f"{self._count()} agree{'s' * (self.arguments.size == 1)} with f at {self._places()}."
        )

    def _wrong(self, wrong: np.ndarray[Any, Any]) -> GradientReport:
        n = int(wrong.sum())
        reason = (
            f"{n} of {len(wrong)} components disagree{'s' * (n == 1)} with f."
            if len(wrong) > 1
            else "the formula disagrees with f."
        )
        words = [shape_words(self.arguments.blocks[i], self.formula.shapes[i]) for i in sorted(self.bent)]  # type: ignore[union-attr]
        return self._report("wrong", " ".join([reason, *words]), self._diagnosis())

    def _diagnosis(self) -> list[Diagnosis]:
        found: list[Diagnosis] = []
        whole = [s for s in self.samples if not s.look.on_kink and np.isfinite(s.claimed).all()]
        for i in sorted(self.bent):
            block = self.arguments.blocks[i]
            off = [s.status[block.slice] == WRONG for s in self.samples]
            shape = self.formula.shapes[i]  # type: ignore[union-attr]
            if not np.any(off) and math.prod(shape) == block.size:
                turned = shape == block.shape[::-1]
                text = f"d{block.name} has shape {shape} and should have {block.shape}. " + (
                    "It is transposed: transposed back, it is right."
                    if turned
                    else "Its numbers are right; only the shape is not."
                )
                evidence = Evidence(0.0, len(self.samples))
                found.append(
                    Diagnosis("transposed" if turned else "permuted", f"d{block.name}", None, text, evidence=evidence)
                )
        if whole and any((s.status == WRONG).any() for s in whole):
            try:
                from autograd.check.diagnose import diagnose
            except ImportError:
                return found
            found += diagnose(self._problem(whole))
        return found

    def _problem(self, samples: list[_Sample]) -> Problem:
        made = []
        for s in samples:
            root, inputs = self.f.graph(s.look.at, lines=True)
            slack = self._rtol() * np.maximum(np.abs(s.claimed), np.abs(s.exact)) + 30 * s.noise
            made.append(Point(s.look.at, root, inputs, s.exact, s.claimed, slack))
        return Problem(self.f.f, self.arguments.names, self.arguments.blocks, made, self._rtol())

    def _at_a_corner(self, here: Look, corner: Kink) -> GradientReport:
        where = ""
        if corner.nodes:
            node = corner.nodes[0]
            where = f" at {node._rule.name}({', '.join(f'{a._data:g}' for a in arguments_of(node))})"
        which, left, right = self._component_of(here, corner)
        reason = (
            f"f has a corner at this point{where}: its slope{which} is {left + 0.0:.6g} to the left and "
            f"{right + 0.0:.6g} to the right."
        )
        if self.samples and self.formula is not None:
            off = [i for i, s in enumerate(self.samples) if (s.status == WRONG).any()]
            said = f"the formula is wrong at {len(off)} of" if off else "the formula agrees at all of"
            self.notes.append(f"At the {len(self.samples)} points around it, where f is smooth: {said} them.")
            if off:
                return self._report("not differentiable here", reason, self._diagnosis())
        return self._report("not differentiable here", reason)

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

    # -- The engine against finite differences ------------------------------------------------------------------

    def _finite(self, sample: _Sample, direction: Array) -> finite.Slope:
        """The slope of f along a direction, from values of f only; steps that cross a kink are not used."""
        look = sample.look
        assert look.root is not None
        branches = signature(look.root)
        if sample.value_noise < 0:
            sample.value_noise = noise.of_value(look.root)

        def along(t: float) -> float | None:
            try:
                root, _ = self.f.graph(look.at + t * direction)
            except DomainError:
                return None
            return root._data if not branches or signature(root) == branches else None

        return finite.slope(along, noise=sample.value_noise)

    def _engine_against_differences(self) -> str:
        """What to say if the engine's gradient is not the slope of f. One random direction at each point."""
        self.informative = 0
        for sample in self.samples:
            look = sample.look
            size = np.maximum(np.abs(look.at), 0.1)
            direction = size * self.rng.choice([-1.0, 1.0], len(size)) * self.rng.uniform(0.5, 1, len(size))
            found = self._finite(sample, direction)
            if found.slope != found.slope or look.on_kink:
                continue
            terms = sample.exact * direction
            expected, scale = float(terms.sum()), float(np.abs(terms).sum())
            if found.error > 1e-2 * max(abs(expected), abs(found.slope)) and found.error > 1e-4 * scale:
                continue
            self.informative += 1
            if abs(found.slope - expected) > 1e-6 * scale + 10 * found.error:
                if not sample.scale.any():
                    assert look.root is not None
                    sample.noise, sample.scale = noise.of_engine(look.root, look.inputs, self.rng)
                if abs(found.slope - expected) > 30 * float(sample.noise @ np.abs(direction)):
                    reads = "".join(
                        f" f reads .data at line {n} ({t}): that part has no gradient." for _, n, t in self.f.reads
                    )
                    return (
                        "the engine's gradient is not the slope of f: along one direction the engine says "
                        f"{expected:.9g}, finite differences {found.slope:.9g} (± {found.error:.1g}).{reads}"
                    )
        return ""

    def _engine_verdict(self, engine: str) -> GradientReport:
        if engine:
            return self._report("wrong", engine)
        if not self.informative or self._means_nothing().any():
            return self._report(
                "cannot tell", "f's values have too few digits here for finite differences (cancellation or overflow)"
            )
        return self._report(
            "right", f"the engine's gradient agrees with finite differences at {self._places()}. No formula was given."
        )

    # -- The table ----------------------------------------------------------------------------------------------

    def _report(self, verdict: Verdict, reason: str, diagnosis: list[Diagnosis] | None = None) -> GradientReport:
        formula = self.formula
        if verdict == "wrong" and formula is not None and any(d.kind in "iu" for d in formula.dtypes):
            self.notes.append("The formula returns whole numbers (integers): were fractions cut off somewhere?")
        return GradientReport(
            verdict, reason, self._components(), diagnosis or [], self.notes, len(self.samples), self.rtol, self.seed,
            formula is not None,
        )  # fmt: skip

    def _components(self) -> list[Component]:
        if not self.samples:
            return []
        bent = np.zeros(self.arguments.size, dtype=bool)
        for i in self.bent:
            bent[self.arguments.blocks[i].slice] = True
        rows = []
        shift = int(not np.array_equal(self.samples[0].look.at, self.arguments.flat))
        errors = np.array([_relative(s.claimed, s.exact) for s in self.samples])
        for i, name in enumerate(self.arguments.names):
            states = [s.status[i] for s in self.samples]
            state = WRONG if WRONG in states or bent[i] else LOST if RIGHT not in states else RIGHT
            at = 0
            if states[0] != WRONG and WRONG in states:
                at = int(np.argmax([e if s == WRONG else -1 for e, s in zip(errors[:, i], states, strict=True)]))
            rows.append((i, at, state, name))
        rows.sort(key=lambda r: (r[2] != WRONG, r[2] != LOST, -np.nan_to_num(errors[r[1], r[0]], nan=np.inf)))
        edges = self._edges()
        allowed = max(12, FINITE_BUDGET // (20 * edges))
        components = []
        for k, (i, at, state, name) in enumerate(rows):
            sample = self.samples[at]
            yours = math.nan if self.formula is None else float(sample.claimed[i])
            expected, difference = float(sample.exact[i]), math.nan
            if k < allowed:
                direction = np.zeros(self.arguments.size)
                direction[i] = max(abs(sample.look.at[i]), 0.1)
                difference = self._finite(sample, direction).slope / direction[i]
            error = float(errors[at, i])
            if self.formula is None:
                error = float(_relative(np.array(difference), np.array(expected)))
            components.append(Component(name, yours, expected, difference, error, state, at + shift))
        return components

    def _edges(self) -> int:
        root = self.samples[0].look.root
        assert root is not None
        return max(1, sum(len(arguments_of(n)) for n in topological(root)[1]))

    def _count(self) -> str:
        return "the formula" if self.arguments.size == 1 else f"all {self.arguments.size} components of the formula"

    def _places(self) -> str:
        return "1 point" if len(self.samples) == 1 else f"{len(self.samples)} points"


def _relative(a: Array, b: Array) -> Array:
    """|a - b| / max(|a|, |b|), and 0 where both are 0."""
    size = np.maximum(np.abs(a), np.abs(b))
    return np.divide(np.abs(a - b), size, out=np.where(np.isnan(size), np.nan, 0.0), where=size > 0)


def _some(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
