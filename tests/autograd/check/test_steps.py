"""The number of another step, the total of another axis, a factor forgotten on all ways but its own."""

import numpy as np
import pytest

import autograd as ag
from autograd import gradcheck

RNG = np.random.default_rng(3)
X, H = RNG.normal(size=(4, 2)), 3


def first(f, at, claim):
    assert gradcheck(f, at, lambda *a: claim(*a, None)).verdict == "right"

    def of(slip):
        report = gradcheck(f, at, lambda *a: claim(*a, slip), points=4)
        assert report.verdict == "wrong"
        return report.diagnosis[0]

    return of


# -- A recurrent cell -------------------------------------------------------------------------------------------------


def last_state(W, U, v):
    h = [0.0] * H
    for x in X:
        h = [ag.tanh(ag.dot(w, x) + ag.dot(u, h)) for w, u in zip(W, U, strict=True)]
    return ag.dot(v, h) ** 2


def through_time(W, U, v, slip):
    h = [np.zeros(H)]
    for x in X:
        h.append(np.tanh(W @ x + U @ h[-1]))
    e = 2 * (v @ h[-1])
    dh, dW, dU = e * v, 0 * W, 0 * U
    for t in range(len(X), 0, -1):
        dz = dh * (1 - h[t - 1 if slip == "slope" else t] ** 2)
        dW += np.outer(dz, X[t - 2 if slip == "x" else t - 1])
        dU += np.outer(dz, h[t if slip == "h" else t - 1])
        dh = U.T @ dz
    return dW, dU, e * h[-1]


@pytest.mark.parametrize(
    ("slip", "where", "words"),
    [
        ("h", "∂f/∂U", "what U is multiplied by in the next step"),
        ("x", "the term Σ c·W of the inner sum", "what W is multiplied by in the previous step"),
        ("slope", "the slope of tanh", "the slope of tanh in the previous step"),
    ],
)
def test_the_number_of_another_step(slip, where, words):
    at = RNG.normal(size=(H, 2)), RNG.normal(size=(H, H)), RNG.normal(size=H)
    best = first(last_state, at, through_time)(slip)
    assert best.kind == "wrong-point"
    assert best.where.startswith(where)
    assert words in best.text


def test_one_unit_through_time():
    def f(w, u):
        h = 0.0
        for x in X[:, 0]:
            h = ag.tanh(w * x + u * h)
        return h * h

    def claim(w, u, slip):
        h = [0.0]
        for x in X[:, 0]:
            h.append(float(np.tanh(w * x + u * h[-1])))
        dh, dw, du = 2 * h[-1], 0.0, 0.0
        for t in range(4, 0, -1):
            dz = dh * (1 - h[t] ** 2)
            dw, du, dh = dw + dz * X[t - 1, 0], du + dz * h[t if slip else t - 1], dz * u
        return dw, du

    best = first(f, (0.5, 0.8), claim)("h")
    assert (best.kind, best.where.split(" (")[0]) == ("wrong-point", "∂f/∂u")


# -- A softmax --------------------------------------------------------------------------------------------------------

V = RNG.normal(size=(3, 4))


def softmax_of_rows(S):
    rows = [[ag.exp(s) for s in row] for row in S]
    return ag.total([c * e / sum(row) for row, cs in zip(rows, V, strict=True) for e, c in zip(row, cs, strict=True)])


def back_through_softmax(S, slip):
    of_p, of_sum = slip or (1, 1)
    e = np.exp(S)
    p = e / e.sum(axis=of_p, keepdims=True)
    return p * (V - (V * p).sum(axis=of_sum, keepdims=True))


@pytest.mark.parametrize(
    ("slip", "words"),
    [
        ((1, 0), "what comes back through the sum of a column"),
        ((1, None), "what comes back through the sum of everything"),
        ((0, 0), "the total of a column"),
        ((0, 1), "the total of a column"),
        ((None, None), "the total of everything"),
        ((None, 1), "the total of everything"),
    ],
)
def test_a_softmax_with_the_wrong_axis(slip, words):
    best = first(softmax_of_rows, RNG.normal(size=(3, 4)), back_through_softmax)(slip)
    assert best.kind == "wrong-point"
    assert "exp(S)" in best.where
    assert words in best.text
    assert ("is an axis missing" in best.text) == (None in slip)


def test_a_sum_without_its_axis_in_a_cross_entropy():
    labels = [0, 2, 1, 2]

    def f(W):
        losses = [
            ag.log(sum(ag.exp(ag.dot(w, x)) for w in W)) - ag.dot(W[k], x) for x, k in zip(X, labels, strict=True)
        ]
        return ag.total(losses)

    def claim(W, slip):
        e = np.exp(X @ W.T)
        return (e / e.sum(axis=slip or 1, keepdims=True) if slip != "all" else e / e.sum()).T @ X - np.eye(3)[
            labels
        ].T @ X

    assert "a sum without its axis" in first(f, RNG.normal(size=(3, 2)), claim)("all").text


# -- Longer products and mixtures -------------------------------------------------------------------------------------


def test_gamma_forgotten_on_the_way_to_x():
    target = RNG.normal(size=5)

    def f(x, g):
        mu = sum(x) / 5
        s = ag.sqrt(sum((v - mu) ** 2 for v in x) / 5 + 1e-5)
        return 0.5 * sum((gi * (v - mu) / s - t) ** 2 for v, gi, t in zip(x, g, target, strict=True))

    def claim(x, g, slip):
        s = np.sqrt(x.var() + 1e-5)
        unit = (x - x.mean()) / s
        d = g * unit - target
        du = d if slip else d * g
        return (du - du.mean() - unit * (du * unit).mean()) / s, d * unit

    best = first(f, (RNG.normal(size=5), 1 + RNG.uniform(size=5)), claim)("no gamma")
    assert best.kind == "missing-slope"
    assert "leaves out the factor g, on every way but its own" in best.text


def mixture(mu, a):
    weights = [ag.exp(v) for v in a]
    return -sum(
        ag.log(sum(e / sum(weights) * ag.exp(-0.5 * (x - m) ** 2) for e, m in zip(weights, mu, strict=True)))
        for x in DATA
    )


DATA = 2 * RNG.normal(size=3)


def responsibilities(mu, a, slip):
    pi = np.exp(a) / np.exp(a).sum()
    joint = pi * np.exp(-0.5 * (DATA[:, None] - mu) ** 2)
    right = joint / joint.sum(axis=1, keepdims=True)
    r = {None: right, "left out": 1.0, "not normalised": joint, "other axis": joint / joint.sum(axis=0)}[slip]
    return -(r * (DATA[:, None] - mu)).sum(axis=0), -(right - pi).sum(axis=0)


def test_responsibilities_of_a_mixture():
    of = first(mixture, (RNG.normal(size=2), RNG.normal(size=2)), responsibilities)
    best = of("not normalised")
    assert (best.kind, "the slope of log, on the way to mu" in best.where) == ("missing-slope", True)
    best = of("left out")
    assert best.kind == "missing-slope"
    assert "yours leaves out what arrives from above" in best.text
    # three slopes of log meet the two wrong numbers whatever these are: that says nothing
    assert of("other axis").kind == "unknown"


# -- Two at once ------------------------------------------------------------------------------------------------------


def test_a_norm_without_its_division_and_with_a_constant_variance():
    T = RNG.normal(size=(3, 2))

    def f(x):
        d = x - x.sum(axis=0) / 3
        return np.sum((d / np.sqrt((d * d).sum(axis=0) / 3 + 1e-5) - T) ** 2) / 2

    def claim(x, slip):
        s = np.sqrt(x.var(axis=0) + 1e-5)
        unit = (x - x.mean(axis=0)) / s
        d = unit - T
        return (d - d.mean(axis=0) - (0 if slip else unit * (d * unit).mean(axis=0))) / (1 if slip else s)

    best = first(f, RNG.normal(size=(3, 2)), claim)("both")
    assert best.kind in ("missing-slope", "missing-term", "overwritten")
    assert best.text.startswith("Mistake 1 of 2 that together explain it")
