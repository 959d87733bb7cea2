"""Corners are found exactly where the slopes on the two sides differ."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd as ag
from autograd import Value
from autograd.check import gradcheck
from autograd.check.kinks import gradient_beside, kink, on_kinks, one_sided, signature
from autograd.reverse import gradient


@st.composite
def pieces(draw, depth=3):
    """A function with f(t·x) = t·f(x) for t > 0: its slopes at 0 are f(1) to the right and -f(-1) to the left."""
    kinds = ["x", "-x"] if depth == 0 else ["x", "relu", "abs", "max", "min", "add", "scale"]
    kind = draw(st.sampled_from(kinds))
    if kind in ("x", "-x"):
        return (lambda x: x) if kind == "x" else (lambda x: -x)
    a, b = draw(pieces(depth=depth - 1)), draw(pieces(depth=depth - 1))
    c = draw(st.sampled_from([-2.0, -1.0, 0.5, 3.0]))
    return {
        "relu": lambda x: ag.relu(a(x)),
        "abs": lambda x: ag.abs(a(x)),
        "max": lambda x: ag.maximum(a(x), b(x)),
        "min": lambda x: ag.minimum(a(x), b(x)),
        "add": lambda x: a(x) + b(x),
        "scale": lambda x: c * a(x),
    }[kind]


@given(pieces())
@settings(max_examples=120, deadline=None)
def test_the_slopes_at_0_of_pieces(f):
    right, left = f(1.0), -f(-1.0)
    x = Value(0.0)
    root = f(x)
    on = set(on_kinks(root))
    assert one_sided(root, [x], np.array([1.0]), on)[0] == pytest.approx(right, abs=1e-9)
    assert -one_sided(root, [x], np.array([-1.0]), on)[0] == pytest.approx(left, abs=1e-9)
    found = kink(root, [x], list(on), np.random.default_rng(0)) if on else None
    assert (found is not None) == (abs(right - left) > 1e-9)
    if found is not None:
        (d,) = found.direction
        sides = (left, right) if d > 0 else (right, left)
        assert (found.left / d, found.right / d) == pytest.approx(sides, abs=1e-9)
    else:
        assert gradient_beside(root, [x], on, np.random.default_rng(0))[0] == pytest.approx(right, abs=1e-9)


@given(pieces(), st.floats(0.1, 2), st.booleans())
@settings(max_examples=30, deadline=None)
def test_the_verdict_at_0_of_pieces(f, scale, shifted):
    at = scale if shifted else 0.0
    right, left = f(1.0), -f(-1.0)
    report = gradcheck(
        lambda x: scale * f(x - at), at, lambda x: scale * (right if x > at else left), points=3, explain=False
    )
    assert report.verdict == ("right" if abs(right - left) < 1e-9 else "not differentiable here")


@pytest.mark.parametrize("n", [2, 5, 6])
@pytest.mark.parametrize("kind", ["dot", "dot with an offset", "total"])
def test_along_a_direction_a_sum_of_any_length_rises_as_its_gradient_says(n, kind):
    rng = np.random.default_rng(n)
    vs = [Value(x) for x in rng.normal(size=2 * n + 1)]
    root = ag.total(vs) if kind == "total" else ag.dot(vs[:n], vs[n : 2 * n], vs[-1] if kind != "dot" else None)
    d = rng.normal(size=len(vs))
    rise, size = one_sided(root, vs, d, set())
    terms = np.array(gradient(root, vs)) * d
    assert (rise, size) == pytest.approx((terms.sum(), np.abs(terms).sum()), rel=1e-12)


def test_a_slope_that_is_not_linear_in_the_direction():
    """The median of three equal numbers has f'(-d) = -f'(d) for every d, and no gradient all the same."""
    x, y, z = (Value(1.0) for _ in range(3))
    root = ag.maximum(ag.minimum(x, y), ag.minimum(ag.maximum(x, y), z))
    nodes = on_kinks(root)
    assert kink(root, [x, y, z], nodes, np.random.default_rng(0)) is not None


@pytest.mark.parametrize(
    ("f", "at", "reason"),
    [
        (
            lambda x: ag.abs(3 * x) - x,
            0.0,
            "f has a corner at this point, in abs(0): its slope is -4 to the left and 2",
        ),
        (lambda x, y: y - ag.relu(6 - 2 * x * y), (1.5, 2.0), "in relu(0): its slope along x is 4 to the left and 0"),
        (
            lambda x, y: ag.maximum(x, 5 * y),
            (10.0, 2.0),
            "in maximum(10, 10): its slope along x is 0 to the left and 1",
        ),
        (lambda x: x * 2 if x > 1 else x, 1.0, "f jumps at this point, from 1 to 2: it has no slope there."),
        (lambda x: x * x if x > 1 else 2 - x, 1.0, "f has a corner at this point: its slope is -1 to the left and 2"),
    ],
)
def test_the_reason_tells_the_slopes_on_both_sides(f, at, reason):
    for seed in (0, 1):
        report = gradcheck(f, at, seed=seed)
        assert report.verdict == "not differentiable here"
        assert reason in report.reason


def test_beside_a_corner_the_formula_is_compared():
    for factor, said in ((2.0, "the formula agrees at all of them"), (3.0, "the formula is wrong at ")):
        report = gradcheck(lambda x: ag.relu(2 * x), 0.0, lambda x, k=factor: k * (x > 0))
        assert report.verdict == "not differentiable here"
        assert any(said in note for note in report.notes)
        assert bool(report.diagnosis) == (factor == 3.0)


def test_a_number_near_0_is_on_the_kink_only_within_rounding():
    tenth, fifth = Value(0.1), Value(0.2)
    assert on_kinks((tenth + fifth - 0.3).relu())
    assert not on_kinks((tenth + fifth - 0.3 + 1e-13).relu())
    assert not on_kinks(Value(1e-300).relu())


def test_the_signature_changes_across_a_kink():
    assert signature(Value(1.0).relu()) != signature(Value(-1.0).relu())
    assert signature(Value(1.0).exp()) == ()


@pytest.mark.parametrize("distance", [1e-6, 1e-9, 1e-11, 1e-12, 1e-14])
def test_close_to_a_kink_the_engine_is_not_accused(distance):
    """Steps that do not cross the kink are too short for the digits of x: they tell nothing against the engine."""
    assert gradcheck(lambda x: ag.relu(x - 1), 1.0 + distance, lambda x: float(x > 1)).verdict == "right"


def test_a_corner_beside_an_infinite_slope_is_told_as_such():
    report = gradcheck(lambda x: ag.sqrt(x) * ag.relu(x + 1), 0.0, lambda x: 0.0)
    assert report.verdict == "not differentiable here"
    assert "sqrt has no finite slope at x = 0.0" in report.reason
