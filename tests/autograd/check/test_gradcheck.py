"""The verdict: right formulas in any form are right, wrong ones are wrong, and what cannot be told is said."""

import json
import math
from array import array
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd as ag
from autograd import Value
from autograd.check import gradcheck

X = np.array([1.0, -2.0, 0.5])
T = np.array([0.3, -0.4])
W = np.array([[0.1, -0.3, 0.2], [0.4, 0.05, -0.6]])
B = np.array([0.1, -0.2])


def σ(x):
    return 1 / (1 + np.exp(-x))


def squared(W, b):
    e = W @ X + b - T
    return e @ e


def squared_gradient(W, b):
    e = W @ X + b - T
    return 2 * np.outer(e, X), 2 * e


def logistic(w):
    p = ag.sigmoid(ag.dot(w, X))
    return -(0.7 * p.log() + 0.3 * (1 - p).log())


# -- Right ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "at", "gradient"),
    [
        (lambda w: (2 * w).sigmoid(), 0.5, lambda w: 2 * σ(2 * w) * (1 - σ(2 * w))),
        (lambda w: (2 * w).sigmoid(), 0.5, lambda w: 2 * math.exp(-2 * w) / (1 + math.exp(-2 * w)) ** 2),
        (lambda w: w.sigmoid(), 30.0, lambda w: math.exp(-w) / (1 + math.exp(-w)) ** 2),
        (lambda w: w.sigmoid(), 36.0, lambda w: 1 / (2 + math.exp(w) + math.exp(-w))),
        (lambda x: x.tanh(), 15.0, lambda x: 1 / math.cosh(x) ** 2),
        (lambda x, y: (x - y) ** 2, (1 / 3, 1 / 3), lambda x, y: (2 * x - 2 * y, 2 * y - 2 * x)),
        (lambda x, y: x * x - y * y, (3.0, 4.0), lambda x, y: (2 * x, -2 * y)),
        (lambda x: x**3, 0.0, lambda x: 3 * x * x),
        (lambda x: 3 * x, 2, lambda x: 3),  # an integer is a number
        (lambda x: 3 * x, 2, lambda x: np.array([3.0])),
        (lambda x: 0 * x, 2.0, lambda x: 0.0),
        (lambda x, y: x * x + 0 * y, (2.0, 5.0), lambda x, y: (2 * x, 0.0)),
        (lambda xs: xs[0] * xs[1], [2.0, 3.0], lambda xs: [xs[1], xs[0]]),
        (lambda xs: xs[0] * xs[1], [2.0, 3.0], lambda xs: np.array([xs[1], xs[0]])),
        (squared, (W, B), squared_gradient),
        (squared, (W, B), lambda W, b: tuple(g.astype(np.float32) for g in squared_gradient(W, b))),
        (squared, (W.astype(np.float32), B.astype(np.float32)), squared_gradient),
        (squared, (W.tolist(), B.tolist()), None),
        (logistic, W[0], lambda w: (σ(w @ X) - 0.7) * X),
        (logistic, W[0], lambda w: (-0.7 / σ(w @ X) + 0.3 / (1 - σ(w @ X))) * σ(w @ X) * (1 - σ(w @ X)) * X),
        (lambda p: p["w"] * p["b"][0], {"w": 2.0, "b": [3.0]}, lambda p: {"w": p["b"][0], "b": [p["w"]]}),
        (
            lambda p: p[0] * p[1][0] * p[1][1]["a"],
            [2.0, [3.0, {"a": 4.0}]],
            lambda p: [p[1][0] * p[1][1]["a"], [p[0] * p[1][1]["a"], {"a": p[0] * p[1][0]}]],
        ),
        (lambda *xs: xs[0] * xs[1], (2.0, 3.0), lambda *xs: (xs[1], xs[0])),
        (lambda xs: np.sum(np.exp(xs)), np.array([1, 2, 3]), np.exp),
        (lambda x: x * 2, Value(3.0), lambda x: 2.0),
        (lambda x: x, np.float32(0.1), lambda x: 1.0),
        (lambda x: x**2, 1e150, lambda x: 2 * x),
        (lambda x: x**2, 1e-150, lambda x: 2 * x),
        (lambda x: x**0.5, 1e12, lambda x: 0.5 / math.sqrt(x)),
        (lambda x: x**0.5, 1e-12, lambda x: 0.5 / math.sqrt(x)),
        (lambda x: (1e8 * x).sin(), 1.0, lambda x: 1e8 * math.cos(1e8 * x)),
    ],
)
def test_a_right_formula_is_right_in_every_form(f, at, gradient):
    report = gradcheck(f, at, gradient) if gradient else gradcheck(f, at)
    assert report.verdict == "right", str(report)
    assert report
    assert report.score == 1.0


def test_a_formula_computed_in_float32_is_not_called_wrong():
    def in_single_precision(w):
        w, x = w.astype(np.float32), X.astype(np.float32)
        p = 1 / (1 + np.exp(-(w @ x)))
        return ((p - np.float32(0.7)) * x).astype(float)

    report = gradcheck(logistic, W[0], in_single_precision)
    assert report, str(report)
    assert "digits" in str(report)


@given(st.lists(st.floats(-3, 3), min_size=2, max_size=5), st.integers(0, 10))
@settings(max_examples=25, deadline=None)
def test_softmax_is_right_with_and_without_the_shift_that_avoids_overflow(xs, seed):
    def f(x):
        m = max(x)
        return ag.log(ag.total([(v - m).exp() for v in x])) + m

    def formula(x):
        e = np.exp(np.asarray(x))
        return e / e.sum()

    assert gradcheck(f, xs, formula, seed=seed, points=3)


# -- Wrong ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("off", [1.1e-6, 1e-4, 0.5, -2.0])
@pytest.mark.parametrize("component", [0, 5])
def test_one_component_off_by_more_than_the_tolerance_is_wrong(off, component):
    def formula(W, b):
        dW, db = squared_gradient(W, b)
        dW.flat[component] *= 1 + off
        return dW, db

    report = gradcheck(squared, (W, B), formula)
    assert report.verdict == "wrong"
    assert not report
    assert report.components[0].name == f"W[{component // 3},{component % 3}]"
    assert [c.status for c in report.components].count("wrong") == 1


def test_where_both_are_0_there_is_no_error():
    report = gradcheck(lambda x, y: x * 3.0, (1.0, 2.0), lambda x, y: (3.0, 0.0))
    assert {c.name: c.relative_error for c in report.components} == {"x": 0.0, "y": 0.0}
    assert "Along y both are 0 at every point" in report.notes[0]


def test_one_value_in_a_box_is_one_value():
    assert gradcheck(lambda w: np.tensordot(w, w, 1), np.array([1.0, 2.0]), lambda w: 2 * w)


def test_what_a_right_formula_is_told():
    one, two = (lambda x: x * 2, 1.0, lambda x: 2.0), (lambda x, y: x * 2 + y, (1.0, 2.0), lambda x, y: (2.0, 1.0))
    assert gradcheck(*one).reason == "the formula agrees with f at 9 points."
    assert gradcheck(*one).notes == gradcheck(*two).notes == []
    assert gradcheck(*one, points=0).reason == "the formula agrees with f at 1 point."
    assert gradcheck(*two, points=1).reason == "all 2 components of the formula agree with f at 2 points."
    assert gradcheck(*one[:2]).reason.startswith("the engine's gradient agrees with finite differences at 9 points.")


def test_a_diagnosis_is_made_where_it_is_wanted():
    wrong = (lambda x: x * 2, 1.0, lambda x: 3.0)
    assert gradcheck(*wrong).diagnosis
    assert not gradcheck(*wrong, explain=False).diagnosis
    with pytest.raises(TypeError, match=r"the order is gradcheck\(f, at, gradient\)\); got 1\.0 for it"):
        gradcheck(1.0, lambda x: x * 2)


def test_a_tiny_component_is_compared_by_its_own_size():
    f = lambda x, y: x + 1e-16 * y  # noqa: E731
    assert gradcheck(f, (1.0, 1.0), lambda x, y: (1.0, 1e-16))
    assert gradcheck(f, (1.0, 1.0), lambda x, y: (1.0, 2e-16)).verdict == "wrong"
    assert gradcheck(f, (1.0, 1.0), lambda x, y: (1.0, 0.0)).verdict == "wrong"


def test_a_formula_that_is_right_at_the_point_alone_is_wrong():
    report = gradcheck(lambda x: x**2, 2.0, lambda x: x + 2)  # 4 at x = 2
    assert report.verdict == "wrong"
    assert report.components[0].point > 0


def test_a_shape_that_does_not_fit_is_said_in_words():
    def formula(W, b):
        dW, db = squared_gradient(W, b)
        return dW.T, db

    report = gradcheck(squared, (W, B), formula)
    assert report.verdict == "wrong"
    assert "dW has shape (3, 2); W has (2, 3): transposed?" in str(report)
    assert "The table shows dW brought into the shape of W." in report.notes  # else 0.5 beside 0.5 is called wrong
    assert report.diagnosis[0].kind == "transposed"
    assert {c.name for c in report.components if c.status == "wrong"} == {
        f"W[{i},{j}]" for i in (0, 1) for j in range(3)
    }


@pytest.mark.parametrize(
    ("shape", "words"),
    [((4,), "db has shape (4,); b has (2,)"), ((), "summed too far"), ((5, 2), "sum over the first")],
)
def test_other_shapes(shape, words):
    report = gradcheck(squared, (W, B), lambda W, b: (squared_gradient(W, b)[0], np.zeros(shape)))
    assert report.verdict == "wrong"
    assert words in report.reason


# -- Corners --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "at", "gradient"),
    [
        (lambda x: x.relu(), 0.0, lambda x: float(x > 0)),
        (lambda x: x.relu(), 0.0, lambda x: 1.0),
        (lambda x: abs(x), 0.0, np.sign),
        (lambda x: (x - 0.3).relu(), 0.1 + 0.2, lambda x: float(x > 0.3)),  # 0 up to rounding
        (ag.maximum, (1.0, 1.0), lambda x, y: (float(x > y), float(y >= x))),
        (ag.minimum, (1.0, 1.0), lambda x, y: (float(x < y), float(y <= x))),
        (lambda x: -x if x < 0 else 2 * x, 0.0, lambda x: -1.0 if x < 0 else 2.0),
        (lambda x: x.relu() * (x - 1).relu(), 1.0, lambda x: (2 * x - 1) * (x > 1)),
        (lambda x, y, z: ag.maximum(ag.minimum(x, y), z), (1.0, 1.0, 1.0), None),
        (lambda x: ag.where(x, x + 1, x), 0.0, lambda x: 1.0),  # a jump
        (lambda x: x.sqrt(), 0.0, lambda x: 0.5 / np.sqrt(x)),
    ],
)
def test_corners_are_found(f, at, gradient):
    report = gradcheck(f, at, gradient)
    assert report.verdict == "not differentiable here", str(report)
    assert not report


@pytest.mark.parametrize(
    ("f", "at", "gradient"),
    [
        (lambda x: x.relu() - (-x).relu(), 0.0, lambda x: 1.0),
        (lambda x, y: ag.maximum(x, y) + ag.minimum(x, y), (1.0, 1.0), lambda x, y: (1.0, 1.0)),
        (lambda x: x.relu() ** 2, 0.0, lambda x: 2 * max(x, 0.0)),
        (lambda x: x * abs(x), 0.0, lambda x: 2 * abs(x)),
        (lambda x: ag.maximum(x, x), 1.0, lambda x: 1.0),
        (lambda x: (x - 1.0).relu(), 0.0, lambda x: float(x > 1)),
        (lambda x: (x * 1e-9).relu(), 1e-3, lambda x: 1e-9 * (x > 0)),
        (lambda x: x * x if x < 0 else x**3, 0.0, lambda x: 2 * x if x < 0 else 3 * x * x),
    ],
)
def test_a_kink_that_does_not_matter_is_not_reported(f, at, gradient):
    report = gradcheck(f, at, gradient)
    assert report.verdict == "right", str(report)


def test_the_slopes_on_both_sides_are_told():
    assert "0 to the left and 3 to the right" in gradcheck(lambda x: 3 * x.relu(), 0.0, lambda x: 3.0 * (x > 0)).reason
    assert "along y" in gradcheck(lambda x, y: x * x + abs(y), (1.0, 0.0)).reason


def test_the_table_holds_the_claim_the_engine_and_finite_differences():
    at = np.array([0.03, 3.0, -20.0])
    for factors, order, status in (
        (None, [0, 1, 2], ["right"] * 3),
        (np.array([3.0, 6.0, 3.0]), [1, 0, 2], ["wrong", "right", "right"]),
    ):
        report = gradcheck(lambda v: (v * v * v).sum(), at, None if factors is None else lambda v, k=factors: k * v * v)
        assert [(c.name, c.status, c.point) for c in report.components] == [
            (f"v[{i}]", state, 0) for i, state in zip(order, status, strict=True)
        ]
        for i, row in zip(order, report.components, strict=True):
            exact = 3 * at[i] ** 2
            assert (row.expected, row.finite_difference) == pytest.approx((exact, exact), rel=1e-6)
            if factors is None:
                assert math.isnan(row.yours)
                assert row.relative_error == pytest.approx(abs(row.finite_difference / exact - 1), abs=1e-15)
            else:
                assert row.yours == pytest.approx(factors[i] * at[i] ** 2, rel=1e-12)
                assert row.relative_error == pytest.approx(0.5 if i == 1 else 0.0, abs=1e-12)


# -- Cannot tell ------------------------------------------------------------------------------------------------


UNTOLD = [
    (lambda x: x.exp(), 1000.0, lambda x: 1.0),
    (lambda x: x.log(), -1.0, lambda x: 1 / x),
    (lambda x: x.sigmoid(), -800.0, lambda x: math.exp(-x) / (1 + math.exp(-x)) ** 2),
    (lambda x: x.sigmoid(), -800.0, lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2),
    (lambda x: (1 - x.cos()) / x**2, 1e-9, lambda x: -x / 12),
    (lambda x: (x + 1e17) - 1e17, 1.0, None),
    (lambda x: x * x.data, 3.0, lambda x: 2 * x),
]
WORDS = [  # not in the lines above, which a reason may quote
    "f is not defined there: exp fails at x = 1000.0: the result is too large for a float",
    "f is not defined there: log fails at x = -1.0: log needs a positive number",
    "the formula overflows at x = -800",
    "the formula gives nan for dx at x = -800 (it overflows)",
    "cancellation",
    "cancellation",
    "f reads .data at line ",
]


@pytest.mark.parametrize(
    ("f", "at", "gradient", "word"), [(*case, word) for case, word in zip(UNTOLD, WORDS, strict=True)]
)
def test_what_cannot_be_told_is_said(f, at, gradient, word):
    report = gradcheck(f, at, gradient)
    assert report.verdict == "cannot tell", str(report)
    assert word in report.reason
    assert not report
    assert isinstance(report.components, list)


def test_points_outside_the_domain_are_replaced():
    report = gradcheck(lambda x: (x - 1).log(), 1.01, lambda x: 1 / (x - 1))
    assert report
    assert report.points == 9


def test_without_a_formula_the_engine_is_checked():
    assert gradcheck(squared, (W, B))
    report = gradcheck(lambda x: x * x.data, 3.0)
    assert report.verdict == "wrong"
    assert report.components[0].finite_difference == pytest.approx(6)


# -- Bad input --------------------------------------------------------------------------------------------------


def changes_its_argument(W, b):
    W *= 2
    return W, b


@pytest.mark.parametrize(
    ("gradient", "message"),
    [
        (lambda W, b: 1 / 0, "the formula raised ZeroDivisionError"),
        (lambda W, b: W.nonsense, "the formula raised AttributeError"),
        (lambda W, b: W, "a tuple of 2 gradients, one for each of W, b"),
        (lambda W, b: (W, b, b), "2 gradients"),
        (lambda W, b: (W, None), "return"),
        (lambda W, b: (W, "0"), "numbers"),
        (lambda W, b: (W, b * 1j), "complex"),
        (lambda W, b: (W, [Value(1.0), Value(2.0)]), "Value"),
        (lambda W, b: (W, b * np.nan), r"nan for db\[0\]"),
        (lambda W, b: (W, np.array([1.0, np.inf])), r"inf for db\[1\]"),
        (changes_its_argument, "changed its argument W in place"),
        (lambda W, b: (W, np.random.default_rng().normal(size=2)), "not deterministic"),
        (3.0, "must be a function"),
    ],
)
def test_a_formula_that_is_not_one(gradient, message):
    with pytest.raises((TypeError, ValueError), match=message):
        gradcheck(squared, (W, B), gradient)


def test_a_formula_may_not_change_lists_and_dicts_either():
    def changes(x):
        k = "b" if isinstance(x, dict) else 1
        slopes = type(x)(x)
        x[k] = x[k] * 2.0
        return slopes

    for at in ([1.0, 2.0], {"a": 1.0, "b": 2.0}, {"a": 1.0, "b": np.ones(2)}):
        with pytest.raises(ValueError, match="changed its argument"):
            gradcheck(lambda x: ag.total([v.sum() if isinstance(v, np.ndarray) else v for v in items(x)]), at, changes)


def items(x):
    return x.values() if isinstance(x, dict) else x


def test_an_error_of_the_formula_says_where():
    for size, end in ((4, ": division by zero"), (5, ", …: division by zero")):
        where = r"ZeroDivisionError at w\[0\] = 1, w\[1\] = 2, w\[2\] = 3, w\[3\] = 4"
        with pytest.raises(ValueError, match=where + end):
            gradcheck(lambda w: w.sum(), np.arange(1.0, size + 1), lambda w: 1 / 0)


def test_a_formula_that_returns_the_wrong_keys():
    with pytest.raises(ValueError, match="lacks 'b'"):
        gradcheck(lambda p: p["w"] * p["b"], {"w": 1.0, "b": 2.0}, lambda p: {"w": p["b"]})


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: [x, x], "one Value"),
        (lambda x: np.array([x, x]), "one Value"),
        (lambda x: None, "return"),
        (lambda x: 2.0, "not built from"),
        (lambda x: x.data**2, "not built from"),
        (lambda x: Value(x.data) * 2, r"not made from its arguments[\s\S]*\.data is read at"),
        (lambda x: x * float(np.random.default_rng().normal()), "not deterministic"),
        (3.0, "must be a function"),
        (lambda x, y: x * y, "takes"),
    ],
)
def test_an_f_that_is_not_one(f, message):
    with pytest.raises((TypeError, ValueError), match=message):
        gradcheck(f, 2.0, lambda x: 2 * x)


@pytest.mark.parametrize(
    ("at", "message"),
    [
        ("2", "real numbers"),
        (None, "real numbers"),
        (1j, "real numbers"),
        (math.nan, "finite"),
        (np.array([1.0, np.inf]), r"x\[1\] is inf"),
        ((), "empty"),
        (np.zeros(0), "no numbers"),
        ([1.0, "a"], r"x\[1\]"),
    ],
)
def test_an_at_that_is_no_point(at, message):
    with pytest.raises((TypeError, ValueError), match=message):
        gradcheck(lambda x: x * x, at, lambda x: 2 * x)


@pytest.mark.parametrize("bad", [{"points": -1}, {"points": 2.5}, {"rtol": 0}, {"rtol": math.nan}])
def test_bad_options(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        gradcheck(lambda x: x * x, 1.0, lambda x: 2 * x, **bad)


# -- The report -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wrong():
    return gradcheck(squared, (W, B), lambda W, b: (squared_gradient(W, b)[0], squared_gradient(W, b)[1] / 2))


def test_the_table_has_the_worst_first(wrong):
    assert [c.name for c in wrong.components[:2]] == ["b[0]", "b[1]"]
    worst = wrong.components[0]
    assert worst.expected == pytest.approx(2 * worst.yours)
    assert worst.finite_difference == pytest.approx(worst.expected)
    assert worst.relative_error == pytest.approx(0.5)


def test_the_report_as_data(wrong):
    data = json.loads(json.dumps(wrong.to_dict(), allow_nan=False))
    assert data["verdict"] == "wrong"
    assert data["right"] is False
    assert data["components"][0]["name"] == "b[0]"
    assert data["score"] == pytest.approx(6 / 8)


def test_raise_if_wrong(wrong):
    with pytest.raises(AssertionError, match="WRONG"):
        wrong.raise_if_wrong()
    right = gradcheck(squared, (W, B), squared_gradient)
    assert right.raise_if_wrong() is right


def test_the_report_says_what_it_checks(wrong):
    assert "Whether f is what you meant" in str(wrong)


def test_labels_cannot_break_the_page():
    report = gradcheck(lambda p: p["<script>"] ** 2, {"<script>": 2.0}, lambda p: {"<script>": 1.0})
    assert "<script>" not in report._repr_html_()
    assert "&lt;script&gt;" in report._repr_html_()


def test_the_same_seed_gives_the_same_report():
    assert str(gradcheck(squared, (W, B), squared_gradient, seed=3)) == str(
        gradcheck(squared, (W, B), squared_gradient, seed=3)
    )


# -- SymPy ------------------------------------------------------------------------------------------------------


def test_sympy_expressions():
    sympy = pytest.importorskip("sympy")
    a, x = sympy.symbols("a x")
    f = sympy.exp(a * x) / (1 + x**2) + sympy.Max(0, x) * sympy.sqrt(a)
    right = [sympy.diff(f, a), sympy.diff(f, x)]
    assert gradcheck(f, (0.5, 2.0), right)
    assert gradcheck(f, {"x": 2.0, "a": 0.5}, {"a": right[0], x: right[1]})
    assert gradcheck(f, (0.5, 2.0), [right[0], 2 * right[1]]).verdict == "wrong"
    assert gradcheck(lambda x: x.tanh(), 0.5, 1 - sympy.tanh(x) ** 2)
    with pytest.raises(ValueError, match="symbol"):
        gradcheck(lambda x: x.tanh(), 0.5, 1 - sympy.tanh(a))
    with pytest.raises(TypeError, match="gamma"):
        gradcheck(sympy.gamma(x), 0.5, x)


# -- Rounding ---------------------------------------------------------------------------------------------------


SATURATED = {
    "1 - 1/(1 + e^w)": (lambda w: (1 + w.exp()).log(), lambda w: 1 - 1 / (1 + np.exp(w))),
    "σ(1 - σ)": (lambda w: 1 / (1 + (-w).exp()), lambda w: σ(w) * (1 - σ(w))),
    "σ(w)σ(-w)": (lambda w: w.sigmoid(), lambda w: σ(w) * σ(-w)),
    "4/(e^w + e^-w)²": (lambda w: w.tanh(), lambda w: 4 / (np.exp(w) + np.exp(-w)) ** 2),
    "1 - tanh²": (lambda w: (w.exp() - (-w).exp()) / (w.exp() + (-w).exp()), lambda w: 1 - np.tanh(w) ** 2),
    "-e^-w/(1 + e^-w)": (lambda w: -w.sigmoid().log(), lambda w: -np.exp(-w) / (1 + np.exp(-w))),
    "0": (lambda w: w.sin() ** 2 + w.cos() ** 2, lambda w: 0.0),
}


@pytest.mark.parametrize("form", SATURATED)
@pytest.mark.parametrize("w", [-40.0, -36.0, -20.0, 1e-8, 20.0, 30.0, 36.0])
def test_a_right_formula_that_loses_digits_is_never_called_wrong(form, w):
    f, formula = SATURATED[form]
    for seed in range(3):
        assert gradcheck(f, w, formula, seed=seed, points=4).verdict in ("right", "cannot tell")


@pytest.mark.parametrize("seed", range(12))
def test_a_formula_in_float32_is_never_called_wrong(seed):
    rng = np.random.default_rng(seed)
    n, scale = rng.integers(2, 6), 10.0 ** rng.integers(-6, 4)
    w, x = rng.normal(size=n) * scale, rng.normal(size=n) / scale * 10.0 ** rng.integers(-2, 3)
    narrow = x.astype(np.float32)

    def formula(w):
        return ((1 / (1 + np.exp(-(w.astype(np.float32) @ narrow)))) * narrow).astype(float)

    assert gradcheck(lambda w: ag.softplus(ag.dot(w, x)), w, formula).verdict in ("right", "cannot tell")


@pytest.mark.parametrize("off", [2e-6, 1e-5, 5e-5])
@pytest.mark.parametrize("w", [0.3, 5.0, 15.0, 30.0])
def test_a_small_mistake_is_not_taken_for_rounding(off, w):
    assert gradcheck(lambda w: ag.softplus(w), w, lambda w: (1 + off) * σ(w)).verdict == "wrong"
    assert gradcheck(lambda w: w + off * w.sin(), w, lambda w: 1.0).verdict == "wrong"


def test_a_claim_of_0_for_a_tiny_slope_is_not_called_right():
    assert not gradcheck(lambda x, y: x + 1e-16 * y * y, (1.0, 1.0), lambda x, y: (1.0, 0.0))
    assert gradcheck(lambda x: 1e-12 * x * x, 3.0, lambda x: 1e-12).verdict == "wrong"


def test_a_saturated_unit_is_not_taken_for_float32():
    x = np.array([16586636.0, -100797.8, -180096.6, 91877.9])
    w = np.array([-8.38288847e-07, -8.40462794e-07, 7.59970864e-07, 2.03370720e-07])  # tanh(-14)
    f = lambda w: ag.tanh(ag.dot(w, x))  # noqa: E731
    assert gradcheck(f, w, lambda w: (1 - np.tanh(w @ x) ** 2) * x)
    for seed in (0, 17, 25, 52):
        assert not gradcheck(f, w, lambda w: (1 - np.tanh(w @ x) ** 2) * x * (1 + 1e-5), seed=seed, explain=False)


def test_where_every_derivative_is_0_it_is_said():
    report = gradcheck(lambda x, y: x * x + 0 * y, (2.0, 5.0), lambda x, y: (2 * x, 0.0))
    assert "Along y both are 0" in str(report)
    assert "both are 0" not in str(gradcheck(lambda x: x * x, 2.0, lambda x: 2 * x))


# -- What only a hostile reader tries ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [lambda x: x * x + (5.0 if x > 1 else 0.0), lambda x: x * x + (5.0 if x.data > 1 else 0.0)],
    ids=["a comparison", "a number that is read"],
)
def test_a_jump_is_no_slope(f):
    report = gradcheck(f, 1.0, lambda x: 2 * x)
    assert report.verdict == "not differentiable here"
    assert "f jumps at this point, from 1 to 6" in report.reason
    assert gradcheck(f, 1.01, lambda x: 2 * x)


@pytest.mark.parametrize("cut", [int, round])
def test_fractions_that_are_cut_off(cut):
    report = gradcheck(lambda x: ag.total([v * v for v in x]), [0.3, 1.7], lambda x: [cut(2 * v) for v in x])
    assert report.verdict == "wrong"
    assert "which were cut off" in report.diagnosis[0].text


def test_whole_numbers_are_not_to_blame_for_a_term_too_many():
    report = gradcheck(lambda x, y: x * x, (1.0, 2.0), lambda x, y: (2 * x, 1))
    assert report.diagnosis[0].kind == "extra-term"
    assert not any("whole numbers" in note for note in report.notes)


@pytest.mark.parametrize("z", [19.0, 24.5, 28.0, 31.5])
def test_errors_of_one_digit_that_cancel_in_a_few_runs_are_counted(z):
    """1 - 1/(1 + e⁻ᶻ) has lost most of its digits; whether two errors cancel there is a matter of luck."""

    def f(z):
        return -ag.log(1 - 1 / (1 + ag.exp(-z)))

    def claim(z):
        return 1 / (1 + np.exp(-z))

    for seed in range(8):
        assert gradcheck(f, z, claim, seed=seed, points=4, explain=False).verdict != "wrong"


def test_what_is_lost_in_rounding_at_every_point_is_not_called_right():
    """p₀(1 - p₀) where p₀ = 1 - 10⁻⁴⁰: the engine's two paths cancel, and twice as much would look the same."""

    def f(s):
        e = [ag.exp(s), ag.exp(-s)]
        return 3.0 * (e[0] / (e[0] + e[1]))

    def claim(s, factor=1.0):
        return factor * 6 * np.exp(-2 * s) / (1 + np.exp(-2 * s)) ** 2

    assert gradcheck(f, 1.0, claim).verdict == "right"
    for factor in (1.0, 2.0):
        assert gradcheck(f, 60.0, lambda s, c=factor: claim(s, c), points=0).verdict == "cannot tell"


def test_more_digits_than_a_float_holds():
    with pytest.raises(ValueError, match="`at` must hold numbers that fit into a float; x has too many digits"):
        gradcheck(lambda x: x * 1.0, 10**400, lambda x: 1.0)


def test_what_is_like_an_array_and_is_none_is_refused():
    with pytest.raises(TypeError, match=r"w is of type array: write np\.asarray\(w, dtype=float\)"):
        gradcheck(lambda w: w**2, array("d", [1.0, 2.0]))


class Line(NamedTuple):
    w: float
    b: float


def test_a_named_tuple_keeps_its_names():
    assert gradcheck(lambda p: p.w**2 * p.b, (Line(3.0, 2.0),), lambda p: Line(2 * p.w * p.b, p.w**2))
    assert not gradcheck(lambda p: p.w**2 * p.b, (Line(3.0, 2.0),), lambda p: Line(p.w * p.b, p.w**2))
