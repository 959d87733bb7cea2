"""Numbers of any size: what is wrong is found at 1e-300 and at 1e300 as it is at 1."""

import numpy as np
import pytest

import autograd as ag
from autograd import gradcheck
from autograd.check.diagnosis.fit import Fit, ratio
from autograd.check.diagnosis.graph import Graph
from autograd.check.problem import Block, Point, Problem

SIZES = (1e-300, 1e-200, 1e-100, 1e-12, 1.0, 1e12, 1e100, 1e150)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("claim", "kind", "factor"), [(lambda x: x, "factor", 0.5), (lambda x: -2 * x, "sign", -1.0)], ids=["half", "sign"]
)
def test_a_square_at_any_size(size, claim, kind, factor):
    best = gradcheck(lambda x: x * x, size, claim, points=3).diagnosis[0]
    assert (best.kind, best.factor) == (kind, factor)


@pytest.mark.parametrize("size", [*SIZES, 1e300])
def test_terms_of_very_different_size(size):
    """The slope along b is tiny or huge beside that along a; its sign is wrong."""
    report = gradcheck(lambda a, b: a * b + a, (size, 2.0), lambda a, b: (b + 1, -a), points=3)
    assert (report.verdict, report.diagnosis[0].kind, report.diagnosis[0].where) == ("wrong", "sign", "∂f/∂b")


@pytest.mark.parametrize("size", [1e-34, 6.7e-11, 3e8, 1e100])
def test_a_forgotten_constant_of_nature(size):
    """Not "missing", however small a part of the right gradient is left."""
    best = gradcheck(lambda w: ag.exp(w / size), 0.3 * size, lambda w: np.exp(w / size), points=3).diagnosis[0]
    assert best.kind == "factor"
    assert best.factor == pytest.approx(size)


@pytest.mark.parametrize("size", [1e-12, 1e-30, 1e-200])
def test_a_tiny_wrong_component_is_not_passed_over(size):
    report = gradcheck(
        lambda w: w[0] * w[0] + size * (w[1] * w[1]),
        np.array([1.0, 2.0]),
        lambda w: np.array([2 * w[0], -2 * size * w[1]]),
        points=3,
    )
    assert report.verdict == "wrong"
    assert report.diagnosis[0].factor == -1.0


@pytest.mark.parametrize("size", [1e-300, 1e-170, 1.0, 1e170, 1e300])
def test_the_ratio_of_two_arrays(size):
    through = size * np.array([[1.0, -2.0], [0.5, 3.0]])
    assert float(ratio(0.25 * through, through)) == pytest.approx(0.25, rel=1e-14)


def test_what_is_left_of_a_difference_is_not_taken_for_a_number():
    """The gradient of the biases of a softmax sums to 0: given as 0, it is missing, and not "replaced by the mean"."""
    x, W = np.array([0.4, -1.3]), np.random.default_rng(0).normal(size=(3, 2))

    def f(W, b):
        scores = [ag.dot(row, x, c) for row, c in zip(W, b, strict=True)]
        return ag.log(ag.total([ag.exp(s) for s in scores])) - scores[1]

    def no_bias(W, b):
        e = np.exp(W @ x + b)
        return np.outer(e / e.sum() - np.eye(3)[1], x), 0 * b

    best = gradcheck(f, (W, np.array([0.2, -0.5, 1.1])), no_bias).diagnosis[0]
    assert (best.kind, best.where) == ("missing-term", "∂f/∂b")


def test_a_point_where_everything_cancels_hides_no_simple_mistake():
    """What two terms of size 1 leave at 0.7 is rounding, and may differ; at 0.2 the sign is plain."""
    c, points = float(np.cos(0.7)), []
    for x, exact, claimed in ((0.2, np.cos(0.2) - c, c - np.cos(0.2)), (0.7, 3e-17, -2e-17)):
        leaf = ag.Value(x)
        root = ag.sin(leaf) - leaf * c
        exact, claimed = np.array([exact]), np.array([claimed])
        points.append(Point(np.array([x]), root, [leaf], exact, claimed, 1e-6 * np.abs(claimed)))
    misfit = Fit(Graph(Problem(lambda x: root, ["x"], [Block("x", (), 0)], points)), 1e-6)
    right = np.array([p.exact for p in points])
    assert (misfit(-right) == 0).all()
    assert misfit(right).max() == pytest.approx(2)
