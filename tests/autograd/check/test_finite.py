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


DERIVATIVES = {
    math.exp: math.exp,
    math.sin: math.cos,
    math.tanh: lambda x: 1 - math.tanh(x) ** 2,
    math.log: lambda x: 1 / x,
    math.sqrt: lambda x: 0.5 / math.sqrt(x),
    math.atan: lambda x: 1 / (1 + x * x),
}


def test_the_error_that_is_stated_is_the_error_that_is_made():
    worse = 0
    for f, derivative in DERIVATIVES.items():
        for x in (0.2 * k for k in range(1, 41)):
            found = slope(lambda t, f=f, x=x: f(x + t) if x + t > 0 else None)
            off, stated = abs(found.slope - derivative(x)), found.error + 2e-16 * abs(derivative(x))
            assert off <= 3 * stated, (f, x)
            worse += off > stated
    assert worse <= 3


def test_a_slope_that_is_expected_is_found_with_fewer_steps_and_another_one_is_not():
    def steps(expected):
        taken = []
        found = slope(lambda t: taken.append(t) or math.exp(1 + t), expected=expected)
        return len(taken), found

    (plain, without), (fewer, right) = steps(math.nan), steps(math.e)
    assert fewer <= 8 < plain  # four differences will do
    assert right.error < 1e-7
    assert without.error < 1e-11
    assert right.slope == pytest.approx(math.e, rel=1e-12)
    for wrong in (-math.e, 2.0, math.e * (1 + 1e-5)):
        assert steps(wrong) == (plain, without)


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
