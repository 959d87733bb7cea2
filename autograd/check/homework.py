"""Gradient checks as homework: assertions for pytest and nbgrader, hints and marks.

assert_gradient(cost, at, students_formula, hint="place")     # AssertionError with as much as the teacher allows
score(report, out_of=4)                                       # partial marks, for each component or line
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from autograd.check.derivation import check_derivation
from autograd.check.lines import DerivationReport
from autograd.check.report import GradientReport
from autograd.check.verdict import gradcheck

Report = GradientReport | DerivationReport
Level = Literal["verdict", "place", "diagnosis"]
LEVELS: tuple[Level, ...] = ("verdict", "place", "diagnosis")


def assert_gradient(
    f: Callable[..., Any], at: Any, gradient: Callable[..., Any], *, hint: Level = "diagnosis", **options: Any
) -> GradientReport:
    """`gradcheck`, as an assertion: AssertionError unless the formula is right.

    The message holds what `hint` allows: "verdict" only, the "place" too, or the whole "diagnosis". A formula that
    does not run, or returns something else than a gradient, fails in the same way. `options` are gradcheck's.
    """
    _level(hint)
    if gradient is None:
        raise AssertionError("there is no formula to check: gradient is None")
    try:
        report = gradcheck(f, at, gradient, **options)
    except (TypeError, ValueError) as error:
        raise AssertionError(f"the formula could not be checked: {error}") from error
    if not report:
        raise AssertionError(hint_of(report, hint))
    return report


def assert_derivation(
    forward: Callable[..., Any], at: Any, lines: Any, *, hint: Level = "diagnosis", **options: Any
) -> DerivationReport:
    """`check_derivation`, as an assertion: AssertionError unless every line is right. See `assert_gradient`."""
    _level(hint)
    try:
        report = check_derivation(forward, at, lines, **options)
    except (TypeError, ValueError) as error:
        raise AssertionError(f"the derivation could not be checked: {error}") from error
    if not report:
        raise AssertionError(hint_of(report, hint))
    return report


def hint(report: Report, level: Level = "diagnosis") -> str:
    """As much of a report as a student may see.

    "verdict": right or wrong, nothing else. "place": which components or which line, no numbers. "diagnosis": all.
    """
    _level(level)
    if level == "diagnosis":
        return str(report)
    if level == "verdict" or report:
        return f"{report.verdict.upper()}."
    if isinstance(report, DerivationReport):
        first = report.first_wrong
        return f"{report.verdict.upper()}. Look at the line {first.name if first else '?'}."
    wrong = [c.name for c in report.components if c.status == "wrong"]
    some = ", ".join(wrong[:6]) + (f" and {len(wrong) - 6} more" if len(wrong) > 6 else "")
    places = list(dict.fromkeys(d.where for d in report.diagnosis[:1] if d.where))
    parts = [f"Look at {some}." if wrong else "", f"It has to do with {places[0]}." if places else ""]
    return " ".join([f"{report.verdict.upper()}.", *(p for p in parts if p)])


def marks(report: Report) -> dict[str, float]:
    """1 or 0 for each component of a gradient, or for each line of a derivation.

    A line that follows rightly from a wrong line above it has its mark: a slip costs once.
    """
    if isinstance(report, DerivationReport):
        return {line.name: float(line.status != "wrong") for line in report.lines}
    return {c.name: float(c.status == "right") for c in report.components}


def score(report: Report, out_of: float = 1.0) -> float:
    """Partial marks between 0 and `out_of`; all of them only for a report that is right."""
    if out_of < 0:
        raise ValueError(f"out_of is the number of marks, 0 or more; got {out_of!r}")
    return out_of * report.score


def _level(level: str) -> None:
    if level not in LEVELS:
        raise ValueError(f"hint is one of {', '.join(map(repr, LEVELS))}; got {level!r}")


hint_of = hint  # inside functions with an argument of that name
