"""Finite differences agree with derivatives that are known to many digits, and say how well."""

import math

import mpmath
import pytest

from autograd.check.finite import slope


@pytest.mark.parametrize("name", ["exp", "sin", "tanh", "log", "sqrt", "erf"])
@pytest.mark.parametrize("x", [0.3, 1.0, 7.0])
def test_smooth_functions(name, x):
    f, exact = getattr(math, name, None), float(mpmath.diff(getattr(mpmath, name), x))
    found = slope(lambda t: f(x + t) if x + t > 0 else None)
    assert abs(found.slope - exact) <= 10 * found.error + 1e-12 * abs(exact)
    assert found.error < 1e-7 * max(1.0, abs(exact))


def test_steps_that_may_not_be_used_are_shortened():
    found = slope(lambda t: None if abs(t) > 1e-4 else (2 + t) ** 3)
    assert found.slope == pytest.approx(12, rel=1e-7)


def test_no_step_at_all_is_no_slope():
    assert math.isnan(slope(lambda t: None).slope)


def test_lost_digits_show_in_the_error():
    found = slope(lambda t: (1 + t + 1e15) - 1e15, noise=0.125)
    assert abs(found.slope - 1) < found.error


def test_a_function_that_swings_within_one_step():
    found = slope(lambda t: math.sin(1e8 * (1 + t)), noise=1e-8)
    assert found.slope == pytest.approx(1e8 * math.cos(1e8), rel=1e-3)
