"""Formulas that are right on one branch only, peaks that steps jump over, components that f does not use."""

import math

import numpy as np
import pytest

import autograd as ag
from autograd import gradcheck
from autograd.check.kinks import branches, on_kinks
from autograd.value import Value


@pytest.mark.parametrize(
    ("f", "claim"),
    [
        (lambda x: x * x if x > 0 else -x, lambda x: 2 * x),  # both branches are one operation
        (lambda x: 2 * x if x > 0 else 3 * x, lambda x: 2.0),  # both are the same, with another number
        (lambda x: ag.sqrt(x * x), lambda x: 1.0),
        (lambda x: x**3, lambda x: 3 * x * abs(x)),
        (lambda x: ag.log(x * x), lambda x: 2 / abs(x)),
    ],
    ids=["if", "another number", "root of a square", "abs in the formula", "log of a square"],
)
def test_a_formula_for_one_branch_is_wrong_and_the_report_says_where(f, claim):
    report = gradcheck(f, 0.2, claim)
    assert report.verdict == "wrong"
    assert "It is right at the point you gave, and wrong at x = -" in report.reason
    assert report.diagnosis[0].where


def test_other_signs_are_tried_only_where_f_and_the_formula_are_defined():
    def root(x):
        if x < 0:
            raise IndexError("far away, a formula need not work")
        return 0.5 / math.sqrt(x)

    assert gradcheck(lambda x: ag.sqrt(x), 2.0, root).points == 9
    complex_below_0 = gradcheck(lambda x: x**3, 2.0, lambda x: 3 * x * (x**0.5) ** 2)
    assert (complex_below_0.verdict, complex_below_0.points) == ("right", 9)


def test_a_condition_that_no_argument_can_change_is_no_kink():
    huber = lambda x: ag.where(ag.abs(x) < 1, 0.5 * x * x, ag.abs(x) - 0.5)  # noqa: E731
    x = Value(3.0)
    assert not on_kinks(huber(x))
    assert {side for *_, side in branches(huber(x))} == {0, 1}  # abs took one; where could take no other
    assert gradcheck(huber, 3.0, lambda x: x if abs(x) < 1 else math.copysign(1, x)).verdict == "right"
    report = gradcheck(huber, 0.3, lambda x: x)
    assert (report.verdict, report.diagnosis[0].kind) == ("wrong", "wrong-slope")
    assert on_kinks(ag.where(x - 3.0, x, -x))


@pytest.mark.parametrize(
    ("f", "at", "claim"),
    [
        (lambda x: 1 / x, 1e-150, lambda x: -1 / x**2),
        (
            lambda x: ag.exp(-(((x - 1) / 1e-9) ** 2)),
            1 + 5e-10,
            lambda x: -2 * (x - 1) / 1e-18 * math.exp(-(((x - 1) / 1e-9) ** 2)),
        ),
    ],
    ids=["close to a pole", "a narrow peak"],
)
def test_steps_that_jump_over_everything_accuse_nobody(f, at, claim):
    report = gradcheck(f, at, claim)
    assert report.verdict == "right"
    row = report.components[0]
    assert row.finite_difference == pytest.approx(row.expected, rel=1e-3)
    assert gradcheck(f, at, lambda x: -claim(x)).diagnosis[0].kind == "sign"


def test_a_slope_along_what_f_does_not_use():
    L = np.array([[1.2, 0.0], [0.3, 0.8]])
    best = gradcheck(lambda L: L[0, 0] * L[1, 1] + L[1, 0] ** 2, L, lambda L: np.array([[L[1, 1], 2 * L[1, 0]],
                     [2 * L[1, 0], L[0, 0]]])).diagnosis[0]  # fmt: skip
    assert (best.kind, best.where) == ("extra-term", "∂f/∂L")
    assert "f does not use L[0,1]:" in best.text


def test_a_point_at_which_all_is_rounding_does_not_hide_a_factor():
    """At the solution of H x = b the gradient is 0, or what rounding leaves of it."""
    H = np.array([[1 / (i + j + 1) for j in range(6)] for i in range(6)])
    b = H @ np.ones(6)

    def f(x):
        return sum((ag.dot(row, x) - c) ** 2 for row, c in zip(H, b, strict=True))

    best = gradcheck(f, np.ones(6), lambda x: H @ (H @ x - b)).diagnosis[0]
    assert (best.kind, best.factor) == ("factor", 0.5)


def test_a_gradient_too_small_to_tell_is_not_called_a_cancellation_in_f():
    report = gradcheck(lambda x: 1e-200 * x * x, 0.3, lambda x: 0.0)
    assert report.verdict == "cannot tell"
    assert "cancellation" not in report.reason
    assert "so small" in report.reason
    assert "cancellation" in gradcheck(lambda x: x * 1.0 - x, 1.0, lambda x: 1e-17).reason


def test_random_numbers_that_repeat_themselves_accuse_no_formula():
    """f is the same at the first twelve calls, as a dropout of few units may be."""
    calls = iter([*[1.0] * 12, *[0.0, 1.0] * 100])

    def f(x):
        return next(calls) * x * x

    with pytest.raises(ValueError, match="f is not deterministic"):
        gradcheck(f, 1.3, lambda x: 3 * x)


def test_one_wrong_number_is_met_by_any_factor_which_says_nothing():
    """Only at -1.26 the formula for the middle of a Huber loss is wrong; "1.25685 times" would be no explanation."""
    huber = lambda x: ag.where(ag.abs(x) < 1, 0.5 * x * x, ag.abs(x) - 0.5)  # noqa: E731
    found = gradcheck(huber, 0.3, lambda x: x).diagnosis
    assert {d.factor for d in found} == {None}
