"""Derivations by hand of models that are not in the benchmark's corpus, each with a mistake that students make."""

import numpy as np
import pytest

import autograd as ag
from autograd import gradcheck

RNG = np.random.default_rng(12)
X, COUNTS = RNG.normal(size=(6, 3)), RNG.integers(0, 5, 6).astype(float)
SIDES = np.array([1.0, -1, 1, 1, -1, -1])


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def best(f, at, gradient):
    report = gradcheck(f, at, gradient, points=4)
    assert report.verdict == "wrong"
    return report.diagnosis[0]


# -- Poisson regression -------------------------------------------------------------------------------------------


def poisson(w):
    return ag.total([ag.exp(ag.dot(w, x)) - t * ag.dot(w, x) for x, t in zip(X, COUNTS, strict=True)]) / 6


@pytest.mark.parametrize(
    ("claim", "kind", "where"),
    [
        (lambda w: X.T @ (X @ w - COUNTS) / 6, "wrong-point", "exp"),
        (lambda w: X.T @ (np.exp(X @ w) - COUNTS), "factor", "whole"),
        (lambda w: X.T @ np.exp(X @ w) / 6, "missing-term", "w"),
    ],
)
def test_poisson_regression(claim, kind, where):
    found = best(poisson, 0.3 * RNG.normal(size=3), claim)
    assert (found.kind, where in found.where) == (kind, True)


# -- Cosine similarity, layer norm ----------------------------------------------------------------------------------


def cosine(a, b):
    return ag.dot(a, b) / (ag.sqrt(ag.dot(a, a)) * ag.sqrt(ag.dot(b, b)))


def cosine_by_hand(a, b, norm=lambda n: n**2, sign=-1):
    na, nb = np.linalg.norm(a), np.linalg.norm(b)
    c = sign * (a @ b) / (na * nb)
    return b / (na * nb) + c * a / norm(na), a / (na * nb) + c * b / norm(nb)


def test_cosine_similarity():
    at = RNG.normal(size=3), RNG.normal(size=3)
    assert gradcheck(cosine, at, cosine_by_hand)
    assert best(cosine, at, lambda a, b: cosine_by_hand(a, b, sign=0)).kind == "missing-term"
    assert best(cosine, at, lambda a, b: cosine_by_hand(a, b, sign=1)).kind == "term-sign"
    assert best(cosine, at, lambda a, b: cosine_by_hand(a, b)[::-1]).kind == "swapped"
    found = best(cosine, at, lambda a, b: cosine_by_hand(a, b, norm=lambda n: n))
    assert (found.kind, "sqrt" in found.where) == ("wrong-slope", True)


def test_layer_norm_without_its_scale():
    """The whole gradient is multiplied by a quantity of the graph: 1/σ was left out."""
    t = RNG.normal(size=5)

    def f(x):
        mean = ag.total(list(x)) / 5
        var = ag.total([(v - mean) ** 2 for v in x]) / 5
        return ag.total([c * (v - mean) / ag.sqrt(var + 1e-5) for c, v in zip(t, x, strict=True)])

    def by_hand(x, *, scaled=True, of_variance=True):
        s = np.sqrt(x.var() + 1e-5)
        unit = (x - x.mean()) / s
        d = t - t.mean() - of_variance * unit * (t * unit).mean()
        return d / s if scaled else d

    at = RNG.normal(size=5)
    assert gradcheck(f, (at,), by_hand)
    found = best(f, (at,), lambda x: by_hand(x, scaled=False))
    assert (found.kind, found.where) == ("missing-slope", "the whole gradient")
    assert "sqrt(" in found.text
    assert best(f, (at,), lambda x: by_hand(x, of_variance=False)).kind == "missing-term"


# -- Pairs, labels, gates ---------------------------------------------------------------------------------------------


def test_elo_ratings():
    games = [(0, 1), (0, 2), (1, 2), (2, 0)]

    def f(r):
        return -ag.total([ag.log(ag.sigmoid(r[i] - r[j])) for i, j in games])

    def by_hand(loser):
        def gradient(r):
            d = np.zeros(3)
            for i, j in games:
                p = 1 - sigmoid(r[i] - r[j])
                d[i] -= p
                d[j] += loser * p
            return d

        return gradient

    at = (RNG.normal(size=3),)
    assert gradcheck(f, at, by_hand(1))
    assert best(f, at, by_hand(0)).kind == "missing-term"
    found = best(f, at, by_hand(-1))  # "the terms that are subtracted" are a place
    assert (found.kind, found.where.startswith("the term -r")) == ("term-sign", True)


def svm(w):
    return ag.total([ag.maximum(0.0, 1 - s * ag.dot(w, x)) for x, s in zip(X, SIDES, strict=True)])


def svm_by_hand(w, *, masked=True, labelled=True):
    active = (1 - SIDES * (X @ w) > 0) if masked else np.ones(6)
    return -(active * (SIDES if labelled else 1.0)) @ X


def test_a_support_vector_machine():
    w = RNG.normal(size=3)
    near = (0.5 * w / (SIDES * (X @ w)).max(),)  # every margin is violated, at the points around it, too
    assert gradcheck(svm, near, svm_by_hand)
    found = best(svm, near, lambda w: svm_by_hand(w, masked=False))  # so this shows further away only
    assert (found.kind, "maximum" in found.where) == ("missing-slope", True)
    found = best(svm, (2 * RNG.normal(size=3),), lambda w: svm_by_hand(w, labelled=False))
    assert found.kind == "missing-slope"
    assert "One of the factors that multiply w" in found.text


def test_a_branch_that_is_never_taken_is_mentioned():
    report = gradcheck(lambda x: ag.relu(x) + ag.relu(x * x + 1), 2.0, lambda x: float(x > 0) + 2 * x)
    assert report.verdict == "right"
    assert any("taken at no point" in note for note in report.notes)  # x² + 1 is never below 0


def test_a_sign_and_a_factor_are_two_mistakes():
    report = gradcheck(lambda w: ag.total([v**3 for v in w]), (RNG.normal(size=3),), lambda w: -w * w)
    kinds = [(d.kind, d.factor) for d in report.diagnosis[:2]]
    assert kinds == [("sign", -1.0), ("factor", pytest.approx(1 / 3))]
    assert report.diagnosis[0].text.startswith("Mistake 1 of 2 that together explain it")


def test_the_normaliser_of_a_softmax_taken_as_constant():
    def f(s):
        powers = [ag.exp(v) for v in s]
        total = ag.total(powers)
        return ag.total([c * (p / total) for c, p in zip((0.3, -1.2, 0.8), powers, strict=True)])

    def claim(s):
        p = np.exp(s) / np.exp(s).sum()
        return np.array([0.3, -1.2, 0.8]) * p  # … - p Σ c p

    assert best(f, (RNG.normal(size=3),), claim).kind == "missing-term"


def test_a_formula_of_physics():
    gm = 6.67e-11 * 5.97e24

    def f(m, v, r):
        return 0.5 * m * v**2 - gm * m / r

    at = (1000.0, 7500.0, 7e6)
    found = best(f, at, lambda m, v, r: (0.5 * v**2 - gm / r, m * v, -gm * m / r**2))
    assert (found.kind, found.where) == ("sign", "∂f/∂r")
    found = best(f, at, lambda m, v, r: (0.5 * v**2 - gm / r, m * v, m / r**2))
    assert (found.kind, found.where, found.factor) == ("factor", "∂f/∂r", pytest.approx(1 / gm))
