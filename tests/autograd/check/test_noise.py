"""Rounding is neither over- nor underestimated; and the chain rule from other people's numbers."""

import math

import mpmath
import numpy as np
import pytest

import autograd as ag
from autograd import Value, gradcheck
from autograd.check import noise
from autograd.check.surrogate import surrogate
from autograd.reverse import gradient

CASES = {
    "cancellation": (lambda m, x: (1 - m.cos(x)) / x**2, 1e-4),
    "saturation": (lambda m, x: 1 - 1 / (1 + m.exp(-x)), 25.0),
    "difference": (lambda m, x: m.exp(x) - m.exp(x + 1e-9), 3.0),
    "smooth": (lambda m, x: m.sin(x) * m.exp(-x), 1.3),
}


@pytest.mark.parametrize("name", CASES)
def test_the_rounding_in_a_value(name):
    f, at = CASES[name]
    root = f(ag, Value(at))
    with mpmath.workdps(40):
        error = abs(float(f(mpmath, mpmath.mpf(at)) - mpmath.mpf(root.data)))
    assert error <= noise.of_value(root) <= 1e-7 * max(1.0, abs(root.data))


@pytest.mark.parametrize("name", CASES)
def test_the_rounding_in_a_gradient(name):
    f, at = CASES[name]
    x = Value(at)
    root = f(ag, x)
    (found,) = gradient(root, [x])
    with mpmath.workdps(40):
        error = abs(float(mpmath.diff(lambda t: f(mpmath, t), mpmath.mpf(at)) - mpmath.mpf(found)))
    spread, scale = noise.of_engine(root, [x], np.random.default_rng(0))
    assert error <= 30 * spread[0] + 1e-15 * scale[0]
    assert scale[0] >= abs(found) * (1 - 1e-12)


@pytest.mark.parametrize(("kind", "eps"), [(float, 2.0**-52), (np.float32, 2.0**-23), (np.float16, 2.0**-10)])
def test_the_digits_that_a_formula_works_with(kind, eps):
    def pair(x):
        return np.asarray(np.tanh(x.astype(kind)) * kind(3), dtype=float), np.tanh(x) * 3

    assert noise.resolution(pair, np.array([0.3, -0.7, 1.1]), np.zeros(3), np.random.default_rng(0)) == eps


def test_a_constant_tells_nothing_of_its_digits():
    pair = lambda x: (np.ones(2), x**2)  # noqa: E731
    assert noise.resolution(pair, np.array([0.3, -0.7]), np.zeros(2), np.random.default_rng(0)) is None


# -- The surrogate -------------------------------------------------------------------------------------------------


def network(w):
    a = (w * 2.0).tanh()
    b = a * a + a
    return a, b, (b.exp() + a * 3.0) * w


def test_with_true_numbers_it_gives_the_true_gradient():
    w = Value(0.4)
    a, b, e = network(w)
    e.backward()
    for claimed in ({}, {a: a.grad}, {b: b.grad}, {a: a.grad, b: b.grad}):
        root, inputs = surrogate(e, [w], claimed, "w", ())
        assert gradient(root, inputs)[0] == pytest.approx(w.grad, rel=1e-12)
    root, inputs = surrogate(e, [a], {b: b.grad}, "a", ())
    assert gradient(root, inputs)[0] == pytest.approx(a.grad, rel=1e-12)


def test_a_claim_is_believed_up_to_the_first_one_on_each_way():
    w = Value(0.4)
    a, b, e = network(w)
    e.backward()
    root, inputs = surrogate(e, [a], {b: 10.0}, "a", ())
    assert gradient(root, inputs)[0] == pytest.approx(10.0 * (2 * a.data + 1) + 3.0 * w.data)
    root, inputs = surrogate(e, [w], {a: 7.0, b: 10.0}, "w", ())  # every way from w to b leads through a
    assert gradient(root, inputs)[0] == pytest.approx(7.0 * 2 * (1 - a.data**2) + e.data / w.data)


def test_what_the_cost_does_not_use_has_gradient_0():
    w, v = Value(0.4), Value(1.0)
    root, inputs = surrogate(w * 2.0, [v], {}, "v", ())
    assert gradient(root, inputs) == [0.0]


def test_the_target_may_be_the_cost_itself():
    e = Value(0.4) * 2.0
    root, inputs = surrogate(e, [e], {}, "E", ())
    assert gradient(root, inputs) == [1.0]


# -- A formula of few digits is not right whatever it says ------------------------------------------------------------


@pytest.mark.parametrize("factor", [1.05, 0.5, -1.0])
@pytest.mark.parametrize(
    "rounded", [lambda g: g.astype(np.float16), lambda g: np.round(g, 3)], ids=["float16", "three digits"]
)
def test_few_digits_do_not_hide_a_mistake(rounded, factor):
    at = np.array([0.3, 0.7])
    assert gradcheck(lambda x: ag.dot(x, x), at, lambda x: rounded(2 * x)).verdict == "right"
    assert gradcheck(lambda x: ag.dot(x, x), at, lambda x: rounded(factor * 2 * x)).verdict == "wrong"


def test_a_mistake_in_float32_is_one():
    at = np.array([0.3, 0.7], np.float32)
    assert gradcheck(lambda x: ag.dot(x, x), at, lambda x: 2 * x).verdict == "right"
    report = gradcheck(lambda x: ag.dot(x, x), at, lambda x: 2.001 * x)
    assert (report.verdict, report.diagnosis[0].kind) == ("wrong", "factor")


def test_the_tail_of_a_sigmoid_is_not_taken_for_float32():
    report = gradcheck(lambda w: ag.log(1 + ag.exp(w)), -30.0, lambda w: 1 - 1 / (1 + math.exp(w)))
    assert report.verdict == "right"
    assert not any("float32" in note for note in report.notes)


def test_a_finite_difference_that_is_lost_in_rounding_is_not_shown():
    def pendulum(length):  # a hundred steps, each of which may enlarge the rounding of those before
        angle, speed = 0.3, 0.0
        for _ in range(100):
            speed = speed - 0.981 / length * ag.sin(angle)
            angle = angle + 0.1 * speed
        return (angle - 0.1) ** 2

    report = gradcheck(pendulum, 1.0)
    assert report.verdict == "right"
    assert "at 9 points" not in report.reason  # most of them told nothing
    shown = report.components[0]
    assert math.isnan(shown.finite_difference) or shown.relative_error < 1e-2
