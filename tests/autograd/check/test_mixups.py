"""One quantity in place of another: an exchanged gate, a factor's own parts, a lost target, a total of another axis."""

import re

import numpy as np
import pytest

import autograd as ag
from autograd import gradcheck

RNG = np.random.default_rng(21)
X, T = RNG.normal(size=(5, 3)), RNG.normal(size=5)
LABELS = [0, 1, 2, 1, 0]
Y = np.eye(3)[LABELS]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def found(f, at, gradient, *, points=4):
    report = gradcheck(f, at, gradient, points=points)
    assert report.verdict == "wrong"
    return report.diagnosis[0]


# -- A GRU --------------------------------------------------------------------------------------------------------

H, INPUT = RNG.normal(size=2), RNG.normal(size=2)
GRU = tuple(RNG.normal(size=(2, 4)) for _ in range(3))


def gru(Wz, Wr, Wh):
    u = [*INPUT, *H]
    z = [ag.sigmoid(ag.dot(row, u)) for row in Wz]
    r = [ag.sigmoid(ag.dot(row, u)) for row in Wr]
    gated = [*INPUT, *[a * b for a, b in zip(r, H, strict=True)]]
    n = [ag.tanh(sum(w * v for w, v in zip(row, gated, strict=True))) for row in Wh]
    return sum(((1 - a) * b + a * c) ** 2 for a, b, c in zip(z, H, n, strict=True)) / 2


def gru_by_hand(slip):
    def gradient(Wz, Wr, Wh):
        u = np.concatenate([INPUT, H])
        z, r = sigmoid(Wz @ u), sigmoid(Wr @ u)
        gated = np.concatenate([INPUT, r * H])
        n = np.tanh(Wh @ gated)
        h = (1 - z) * H + z * n
        if slip == "gates":
            z, r = r, z
            gated = np.concatenate([INPUT, r * H])
        dn, dz = h * z * (1 - n * n), h * (n - H) * z * (1 - z)
        dr = (Wh.T @ dn)[2:] * H * (z * (1 - z) if slip == "z for r" else r * (1 - r))
        return np.outer(dz, u), np.outer(dr, u), np.outer(dn, u if slip == "not gated" else gated)

    return gradient


def test_a_gru_by_hand_is_right():
    assert gradcheck(gru, GRU, gru_by_hand(""))


@pytest.mark.parametrize(
    ("slip", "kind", "text"),
    [
        ("gates", "swapped", r"sigmoid\(Σ c·W[zr]\) and sigmoid\(Σ c·W[zr]\) are exchanged"),
        ("z for r", "wrong-point", r"sigmoid\(Σ c·Wz\) stands where sigmoid\(Σ c·Wr\) should"),
        ("not gated", "wrong-point", r"along Wh has c in place of y \(y = c·sigmoid\(Σ c·Wr\)\)"),
    ],
)
def test_slips_in_a_gru(slip, kind, text):
    best = found(gru, GRU, gru_by_hand(slip))
    assert best.kind == kind
    assert re.search(text, best.text)


# -- Softmax --------------------------------------------------------------------------------------------------------


def by_rows(W):
    """Example by example, with the class that is asked for used on its own."""
    cost = 0.0
    for x, label in zip(X, LABELS, strict=True):
        e = [ag.exp(ag.dot(w, x)) for w in W]
        cost = cost - ag.log(e[label] / sum(e))
    return cost / 5


def by_matrices(W):
    E = np.exp(X @ W.T)
    return -np.sum(Y * np.log(E / E.sum(axis=1, keepdims=True))) / 5


def softmax_by_hand(W, axis=1, target=1):
    E = np.exp(X @ W.T)
    return (E / E.sum(axis=axis, keepdims=True) - target * Y).T @ X / 5


@pytest.mark.parametrize("f", [by_rows, by_matrices])
def test_a_softmax_along_the_wrong_axis(f):
    W = RNG.normal(size=(3, 3))
    assert gradcheck(f, (W,), softmax_by_hand)
    best = found(f, (W,), lambda W: softmax_by_hand(W, axis=0))
    assert best.kind == "wrong-point"
    assert "one total for a unit in place of the one for an example" in best.text


def test_the_target_of_a_softmax_forgotten():
    assert found(by_rows, (RNG.normal(size=(3, 3)),), lambda W: softmax_by_hand(W, target=0)).kind == "missing-term"


# -- Factors, constants, corners --------------------------------------------------------------------------------------


def test_a_factor_that_is_another_one_in_each_column():
    X, T = RNG.normal(size=(4, 2)), RNG.normal(size=(4, 2))

    def f(x, gamma):
        mean = x.sum(axis=0) / 4
        d = x - mean
        return np.sum((gamma * d / np.sqrt((d * d).sum(axis=0) / 4 + 1e-5) - T) ** 2) / 2

    def gradient(x, gamma, lost=1.0):
        s = np.sqrt(x.var(axis=0) + 1e-5)
        unit = (x - x.mean(axis=0)) / s
        dy = gamma * unit - T
        d = dy * (gamma if lost else 1)
        return (d - d.mean(axis=0) - unit * (d * unit).mean(axis=0)) / s, (dy * unit).sum(axis=0)

    at = (X, RNG.normal(size=2))
    assert gradcheck(f, at, gradient)
    best = found(f, at, lambda *a: gradient(*a, lost=0))
    assert (best.kind, best.where) == ("missing-slope", "∂f/∂x")
    assert "lacks the factor gamma" in best.text


def squares(w):
    return sum(0.5 * r * r for r in [ag.dot(w, x) - t for x, t in zip(X, T, strict=True)])


@pytest.mark.parametrize(
    ("claim", "kind", "text"),
    [
        (lambda w: X.T @ (X @ w), "missing-term", "yours leaves out the constant in"),
        (lambda w: X.T @ (X @ w + T), "term-sign", "the constant in .* has the wrong sign"),
        (lambda w: 2 * X.T @ (X @ w - T), "factor", "perhaps from a square"),
        (lambda w: X.T @ np.ones(5), "wrong-slope", "is 2. It should be 2·"),
    ],
)
def test_a_target_lost_in_a_square(claim, kind, text):
    """½·r·r is a square, however it is written; -t belongs to its inner part."""
    best = found(squares, (RNG.normal(size=3),), claim)
    assert best.kind == kind
    assert re.search(text, best.text)


def pooled(x):
    return sum((i + 1) * ag.tanh(ag.maximum(x[2 * i], x[2 * i + 1])) for i in range(3))


@pytest.mark.parametrize(
    ("share", "kind", "text"),
    [
        (lambda mine, other: 1.0, "missing-slope", "it should be 1 along the larger of the two, 0 along the other"),
        (lambda mine, other: float(mine < other), "wrong-slope", "is 1 along the smaller of the two"),
        (lambda mine, other: 0.5, "wrong-slope", "is 0.5"),
    ],
)
def test_max_pooling_gives_to_one_only(share, kind, text):
    def gradient(x, share=lambda mine, other: float(mine > other)):
        slopes = [(i // 2 + 1) * (1 - np.tanh(max(x[i], x[i ^ 1])) ** 2) for i in range(6)]
        return [s * share(x[i], x[i ^ 1]) for i, s in enumerate(slopes)]

    at = (RNG.normal(size=6).tolist(),)
    assert gradcheck(pooled, at, gradient)
    best = found(pooled, at, lambda x: gradient(x, share))
    assert best.kind == kind
    assert text in best.text


def test_what_arrives_from_above_forgotten():
    def f(W):
        h = [ag.tanh(ag.dot(w, X[0])) for w in W]
        return sum(v * v * v for v in h)

    W = RNG.normal(size=(2, 3))
    best = found(f, (W,), lambda W: np.outer(1 - np.tanh(W @ X[0]) ** 2, X[0]))
    assert best.kind == "missing-slope"


def test_a_factor_of_two_without_a_square_is_not_put_down_to_one():
    def f(w):
        return ag.total([ag.exp(v) * 2 for v in w])

    best = found(f, (RNG.normal(size=3),), lambda w: np.exp(w))
    assert best.factor == 0.5
    assert "square" not in best.text


def test_a_root_is_written_as_a_root():
    best = found(lambda w: ag.total(list(w)) / np.sqrt(2.0), (RNG.normal(size=3),), lambda w: np.ones(3))
    assert "√2 times what it should be: multiply it by 1/√2" in best.text


def test_a_sum_over_everything_in_place_of_one_over_the_examples():
    def f(b):
        return ag.total([ag.sigmoid(b[j] + x[j]) for x in X for j in range(3)])

    def claim(b):
        s = sigmoid(X + b)
        return (s * (1 - s)).sum() * np.ones(3)

    best = found(f, (RNG.normal(size=3),), claim)
    assert best.kind == "permuted"
    assert "is an axis missing in sum()" in best.text


def test_a_penalty_on_the_bias_in_one_array_with_the_weights():
    def f(p):
        return ag.total([ag.dot(p[:3], x, p[3]) ** 2 for x in X])

    def claim(p):
        e = 2 * (X @ p[:3] + p[3])
        return np.append(X.T @ e, e.sum() + 0.2 * p[3])

    best = found(f, (RNG.normal(size=4),), claim)
    assert best.kind == "extra-term"
    assert "0.2·(the number itself), at p[3]" in best.text


def test_the_rule_of_powers_for_an_exponential():
    def f(x, a):
        return a**x + ag.total([c**x for c in (2.0, 3.0)])

    def claim(x, a):
        return x * a ** (x - 1) + 2**x * np.log(2) + 3**x * np.log(3), x * a ** (x - 1)

    best = found(f, (1.5, 2.2), claim)
    assert best.kind == "wrong-slope"
    assert "the slope of a^x along x is x·a^(x - 1)" in best.text


def test_scores_with_rows_and_columns_exchanged():
    """dK = dSᵀ Q with dS in its place."""

    def f(q, k):
        return ag.total(
            [ag.exp(ag.dot(a, b)) * c for a, cs in zip(q, T2, strict=True) for b, c in zip(k, cs, strict=True)]
        )

    def claim(q, k, turned=True):
        D = np.exp(q @ k.T) * T2
        return D @ k, (D.T if turned else D) @ q

    T2, at = RNG.normal(size=(3, 3)), (RNG.normal(size=(3, 2)), RNG.normal(size=(3, 2)))
    assert gradcheck(f, at, claim)
    best = found(f, at, lambda q, k: claim(q, k, turned=False))
    assert best.kind == "transposed"
    assert "with its two indices exchanged" in best.text
    assert best.where.startswith("the slope of q·k along k")


@pytest.mark.parametrize(
    ("f", "claim", "where", "rule"),
    [
        (lambda x: x**3 * ag.tanh(x), lambda x: 3 * x * x * (1 - np.tanh(x) ** 2), "x³·tanh(x)", "(uv)' = u'v'"),
        (lambda x: ag.log(x) * x + ag.exp(x), lambda x: 1 / x + np.exp(x), "log(x)·x", "(uv)' = u'v'"),
        (lambda x: ag.sin(x) / x**3, lambda x: np.cos(x) / (3 * x * x), "sin(x)/x³", "(u/v)' = u'/v'"),
        (lambda x: ag.exp(x * ag.cos(x)), lambda x: -np.exp(x * np.cos(x)) * np.sin(x), "x·cos(x)", "(uv)' = u'v'"),
    ],
)
def test_slopes_of_a_product_multiplied(f, claim, where, rule):
    found = gradcheck(f, 1.3, claim).diagnosis
    assert any(d.kind == "wrong-slope" and d.where.startswith(where) and rule in d.text for d in found)
