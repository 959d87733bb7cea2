"""The diagnosis names the mistake that was made: kind, place and factor, for formulas written by hand."""

import re

import numpy as np
import pytest

import autograd as ag
from autograd.check.problem import Evidence
from autograd.check.verdict import gradcheck

RNG = np.random.default_rng(5)
X, Y, M, LAM = RNG.normal(size=(6, 3)), np.array([1.0, 0, 1, 1, 0, 1]), 6, 0.3


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def first(f, at, gradient, **options):
    return gradcheck(f, at, gradient, **options).diagnosis[0]


# -- Formulas of one number ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "wrong", "kind", "factor"),
    [
        (lambda x: (3 * x - 2) ** 2, lambda x: 3 * (3 * x - 2), "factor", 0.5),
        (lambda x: (3 * x - 2) ** 2, lambda x: -6 * (3 * x - 2), "sign", -1.0),
        (lambda x: ag.sin(x**2), lambda x: np.cos(x**2), "missing-slope", None),
        (lambda x: ag.exp(x), lambda x: x * np.exp(x - 1), "wrong-slope", None),
        (lambda x: ag.log(ag.tanh(x)), lambda x: (1 - np.tanh(x)) / np.tanh(x), "wrong-slope", None),
        (lambda x: ag.log(ag.tanh(x)), lambda x: (1 - x**2) / np.tanh(x), "wrong-point", None),
        (lambda x: ag.sigmoid(ag.sigmoid(x)) * x, None, None, None),
        (lambda x: x * ag.exp(x), lambda x: np.exp(x), "missing-term", 0.0),
        (lambda x: ag.sin(x) / x, lambda x: np.cos(x) / x + np.sin(x) / x**2, "term-sign", -1.0),
        (lambda x: ag.sin(x) + x**3, lambda x: np.cos(x) + x**2, "term-factor", 1 / 3),
        (lambda x: ag.sin(x) + x**3, lambda x: np.cos(x) + 3 * x**2 + 0.5 * x, "extra-term", 0.5),
    ],
)
def test_a_formula_of_one_number(f, wrong, kind, factor):
    if wrong is None:  # right: nothing to diagnose
        assert gradcheck(f, 0.7).diagnosis == []
        return
    found = first(f, 0.7, wrong)
    assert found.kind == kind
    assert found.factor == (None if factor is None else pytest.approx(factor))
    assert found.evidence.error < 1e-6
    assert found.evidence.points == 9
    assert found.text
    assert found.latex


# -- Models ----------------------------------------------------------------------------------------------------------


def logistic(w, b):
    cost = 0.0
    for i in range(M):
        p = ag.sigmoid(ag.dot(w, X[i], b))
        cost = cost - (Y[i] * ag.log(p) + (1 - Y[i]) * ag.log(1 - p)) / M
    penalty = LAM / 2 * sum(wk**2 for wk in w)
    return cost + penalty


def logistic_gradient(change):
    def gradient(w, b):
        p = sigmoid(X @ w + b)
        delta = (p - Y) / M
        if change == "slope twice":
            delta = delta * p * (1 - p)
        dw, db = X.T @ delta, delta.sum()
        penalty = {"no penalty": 0.0, "penalty doubled": 2.0}.get(change, 1.0) * LAM * w
        if change == "sum":
            dw, db = M * dw, M * db
        if change == "last":
            dw, db = X[-1] * delta[-1], delta[-1]
        if change == "no x":
            dw = np.full(3, delta.sum())
        if change == "bias penalised":
            db = db + LAM * b
        if change == "reversed":
            return (dw + penalty)[::-1], db
        return dw + penalty, (-db if change == "bias sign" else db)

    return gradient


@pytest.mark.parametrize(
    ("change", "kind", "where", "factor"),
    [
        ("slope twice", "wrong-slope", "sigmoid", None),
        ("no penalty", "missing-term", r"0.15·Σ w²", 0.0),
        ("penalty doubled", "term-factor", r"0.15·Σ w².*line \d+: penalty", 2.0),
        ("sum", "term-factor", "log", 6.0),
        ("last", "overwritten", "log", None),
        ("no x", "missing-slope", "w", None),
        ("bias penalised", "extra-term", "∂f/∂b", LAM),
        ("reversed", "permuted", "∂f/∂w", None),
        ("bias sign", "sign", "∂f/∂b", -1.0),
    ],
)
def test_logistic_regression(change, kind, where, factor):
    found = first(logistic, (RNG.normal(size=3), 0.2), logistic_gradient(change))
    assert found.kind == kind
    assert re.search(where, found.where)
    assert found.factor == (None if factor is None else pytest.approx(factor))


def network(W1, b1, W2, b2):
    with ag.name_scope("hidden"):
        h = [ag.tanh(ag.dot(row, X[0], bias)) for row, bias in zip(W1, b1, strict=True)]
    with ag.name_scope("output"):
        o = [ag.tanh(ag.dot(row, h, bias)) for row, bias in zip(W2, b2, strict=True)]
    return sum((a - b) ** 2 for a, b in zip(o, [0.1, 0.5, -0.4], strict=True))


def network_gradient(change):
    def gradient(W1, b1, W2, b2):
        h = np.tanh(W1 @ X[0] + b1)
        o = np.tanh(W2 @ h + b2)
        delta = 2 * (o - [0.1, 0.5, -0.4]) * (1 if change == "output slope" else 1 - o**2)
        below = (W2 if change == "not transposed" else W2.T) @ delta
        below = below * (1 if change == "hidden slope" else 1 - h**2)
        first_bias, second_bias = (delta, below) if change == "swapped" else (below, delta)
        outer = np.outer(delta, W1 @ X[0] + b1 if change == "z for h" else h)
        dW1 = np.outer(below / (1 - h**2) if change == "W1 only" else below, X[0])
        return dW1, first_bias, outer.T if change == "transposed" else outer, second_bias

    return gradient


@pytest.mark.parametrize(
    ("change", "kind", "where"),
    [
        ("output slope", "missing-slope", "output: the slope of tanh in layer 2"),
        ("hidden slope", "missing-slope", "hidden: the slope of tanh in layer 1"),
        ("W1 only", "missing-slope", "hidden: the slope of tanh in layer 1.*on the way to W1"),
        ("not transposed", "transposed", "W2"),
        ("transposed", "transposed", "∂f/∂W2"),
        ("z for h", "wrong-point", "along W2"),
        ("swapped", "swapped", "∂f/∂b1, ∂f/∂b2"),
    ],
)
def test_a_network_with_scopes(change, kind, where):
    at = (RNG.normal(size=(3, 3)), RNG.normal(size=3), RNG.normal(size=(3, 3)), RNG.normal(size=3))
    found = first(network, at, network_gradient(change))
    assert found.kind == kind
    assert re.search(where, found.where)


def test_a_label_names_the_place():
    def f(w, v):
        h = ag.tanh(2 * w)
        h.label = "h"
        return h * v + ag.exp(h)

    def last_use_only(w, v):
        h = np.tanh(2 * w)
        return 2 * (1 - h**2) * np.exp(h), h

    found = first(f, (0.3, 0.7), last_use_only)
    assert found.kind == "overwritten"
    assert "the uses of h" in found.where


def test_a_softmax_with_its_own_paths_only():
    def f(z):
        powers = [ag.exp(s) for s in z]
        norm = sum(powers)
        return sum(c * e / norm for c, e in zip([0.3, -1.0, 2.0], powers, strict=True))

    def diagonal(z):
        s = np.exp(z) / np.exp(z).sum()
        return np.array([0.3, -1.0, 2.0]) * s * (1 - s)

    found = first(f, np.array([0.2, -0.5, 1.0]), diagonal)
    assert found.kind == "missing-term"
    assert "from one value to the others" in found.text


# -- Two mistakes, ties, and none that is known ----------------------------------------------------------------------


def test_two_mistakes_are_both_named():
    def gradient(w, b):
        p = sigmoid(X @ w + b)
        delta = (p - Y) / M * p * (1 - p)  # the slope twice, and no penalty
        return X.T @ delta, delta.sum()

    report = gradcheck(logistic, (RNG.normal(size=3), 0.2), gradient)
    assert {d.kind for d in report.diagnosis[:2]} == {"wrong-slope", "missing-term"}
    assert report.diagnosis[0].text.startswith("Mistake 1 of 2")


def test_the_factors_of_all_terms_are_solved_for_at_once():
    def f(x):
        return sum(ag.sin(v) for v in x) + 2 * sum(ag.exp(v) for v in x) + sum(v**3 for v in x)

    def gradient(x):
        return -np.cos(x) + 4 * np.exp(x) + 0 * x

    found = gradcheck(f, np.array([0.1, 0.4, -0.3]), gradient).diagnosis
    assert {(d.kind, d.factor) for d in found[:3]} == {("term-sign", -1.0), ("term-factor", 2.0), ("missing-term", 0.0)}


def test_explanations_that_fit_equally_well_are_all_listed():
    found = gradcheck(lambda x: x * ag.exp(x), 0.4, lambda x: np.exp(x)).diagnosis
    assert {d.kind for d in found} >= {"missing-term", "overwritten"}
    assert "explanations fit equally well" in found[0].text
    assert found[0].evidence.next_best.startswith(found[1].kind)


def test_what_nobody_would_write_is_unknown_and_the_right_arguments_are_named():
    def gradient(w, b):
        p = sigmoid(X @ w + b)
        delta = (p - Y) / M
        return X.T @ delta + LAM * w + np.cos(17 * w + b) * np.exp(b * w[::-1]), delta.sum()

    found = first(logistic, (RNG.normal(size=3), 0.2), gradient, points=3)
    assert found.kind == "unknown"
    assert "w (3 of 3)" in found.text
    assert "Right: b." in found.text
    assert not found.evidence.error <= 1e-6


def test_a_diagnosis_is_plain_data():
    found = first(lambda x: x**2, 0.4, lambda x: x)
    data = found.to_dict()
    assert data["kind"] == "factor"
    assert data["evidence"]["points"] == 9
    assert isinstance(found.evidence, Evidence)


# -- Against an independent chain rule ---------------------------------------------------------------------------------


@pytest.mark.parametrize("op", ["tanh", "sigmoid", "sin", "exp", "softplus", "sqrt", "log"])
def test_a_missing_slope_of_any_function_between_two_others(op):
    """∂f/∂x = cos(g(2 + x²)) · g'(2 + x²) · 2x, with g' forgotten."""
    numeric = {
        "tanh": np.tanh, "sigmoid": sigmoid, "sin": np.sin, "exp": np.exp, "softplus": lambda v: np.log1p(np.exp(v)),
        "sqrt": np.sqrt, "log": np.log,
    }[op]  # fmt: skip

    def f(x):
        return sum(ag.sin(getattr(ag, op)(2 + v**2)) for v in x)

    def gradient(x):
        return np.cos(numeric(2 + x**2)) * 2 * x

    found = first(f, np.array([0.3, 0.8, -0.5]), gradient)
    assert found.kind == "missing-slope"
    assert f"the slope of {op}" in found.where


# -- Slopes that are in no table ---------------------------------------------------------------------------------------


def weighted_tanh(W, v):
    h = [ag.tanh(ag.dot(row, X[0])) for row in W]
    return ag.dot(v, h) ** 2


@pytest.mark.parametrize(
    ("slope", "shown"),
    [
        (lambda z, h: h**3, "z³"),
        (lambda z, h: 1 / (1 + z**2), "1/(1 + x²)"),
        (lambda z, h: 3 * (1 - h), "3·(1 - z)"),
        (lambda z, h: np.exp(-(z**2)) * np.cos(3 * h), "no formula that I know"),
    ],
)
def test_a_slope_that_is_in_no_table_is_solved_for(slope, shown):
    def gradient(W, v):
        z = W @ X[0]
        h = np.tanh(z)
        return np.outer(2 * (v @ h) * v * slope(z, h), X[0]), 2 * (v @ h) * h

    found = gradcheck(weighted_tanh, (RNG.normal(size=(3, 3)), RNG.normal(size=3)), gradient, points=4).diagnosis
    assert found[0].kind == "wrong-slope"
    assert shown in found[0].text


# -- A mistake, and the components in another order --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claim", "kinds"),
    [
        (lambda w, v: (LAM * v, X.T @ (X @ w)), ["factor", "swapped"]),
        (lambda w, v: (np.roll(-X.T @ (X @ w) / M, 1), LAM * v), ["sign", "permuted"]),
        (lambda w, v: (-X.T @ (X @ w) / M, 0 * v), ["sign", "missing-term"]),
    ],
)
def test_a_mistake_and_another_order(claim, kinds):
    def f(w, v):
        return ag.total([(ag.dot(w, x)) ** 2 for x in X]) / (2 * M) + LAM / 2 * ag.dot(v, v)

    found = gradcheck(f, (RNG.normal(size=3), RNG.normal(size=3)), claim, points=4).diagnosis
    assert sorted(d.kind for d in found[:2]) == sorted(kinds)


def test_the_corrected_term_is_written_with_the_names_of_the_arguments():
    """What it says is the right term itself, and each letter in it is an argument or explained beside it."""
    best = first(lambda x: x * x + ag.exp(x), 1.3, lambda x: 2 * x)
    assert best.latex.startswith(r"+ \frac{\partial}{\partial x} (\exp")
    best = first(lambda x: ag.sin(x) / x, 1.3, lambda x: np.cos(x) / x + np.sin(x) / x**2)
    assert best.kind == "term-sign"
    assert best.latex == r"\frac{\partial}{\partial x} = \frac{-z}{x} \quad (z = \frac{\sin\left(x\right)}{x})"
    best = first(lambda a: ag.tanh(a * a), 1.3, lambda a: 2 * a * (1 - np.tanh(a * a)))
    assert best.latex.endswith(r"= 1 - z^{2} \quad (z = \tanh\left(a^{2}\right))")
    best = first(lambda x, y: x * y + ag.exp(x) * y, (1.3, 0.4), lambda x, y: (y, x))
    assert r"\partial \left(x, y\right)" in best.latex


def test_a_search_that_takes_too_long_is_ended_and_says_so(monkeypatch):
    monkeypatch.setattr("autograd.check.diagnosis.search.SECONDS", 0.0)
    report = gradcheck(lambda x: ag.sin(x**2), 0.7, lambda x: np.cos(x**2))
    assert report.verdict == "wrong"
    assert report.diagnosis[0].kind == "unknown"
    assert "ended before everything was tried" in report.diagnosis[0].text


def test_what_is_right_at_most_points_is_explained_at_the_others():
    """The slope 0.1 of a leaky unit, where it is off, was taken for 1: most points near 0.5 say nothing of it."""
    found = first(lambda x: ag.maximum(x, 0.1 * x), 0.5, lambda x: 1.0)
    assert (found.kind, found.factor) == ("term-factor", 10.0)


def test_a_factor_close_to_1_is_written_with_all_its_digits():
    assert "is 1.000002 times" in first(lambda x: ag.exp(x), 0.5, lambda x: 1.000002 * np.exp(x)).text
