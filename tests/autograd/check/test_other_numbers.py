"""Formulas with other numbers in them: of a cell above, of a forward pass without its bias, of new weights."""

import numpy as np
import pytest

import autograd as ag
from autograd.check import gradcheck

X = np.array([[0.5, -1.0], [2.0, 0.3], [-0.7, 0.9], [1.1, 1.2]])
Y = np.array([0.3, -0.2, 0.8, 0.1])
AT = (np.array([[0.4, -0.3, 0.2], [0.1, 0.5, -0.6]]), np.array([0.1, -0.2, 0.3]), np.array([0.7, -0.4, 0.9]))


def cost(W, b, v):
    out = [ag.dot(v, [ag.tanh(ag.dot(x, W[:, j], b[j])) for j in range(3)]) for x in X]
    return sum((o - y) ** 2 for o, y in zip(out, Y, strict=True)) / 4


def gradient(W, b, v, *, h=None, slope=None, back=None, error=None):
    """The right one, but for what is given in place of the hidden units, of their slopes, of v, or of the error."""
    own = np.tanh(X @ W + b)
    e = (own @ v - Y) / 2 if error is None else error
    up = np.outer(e, v if back is None else back) * (1 - own**2 if slope is None else slope)
    return X.T @ up, up.sum(axis=0), (own if h is None else h).T @ e


H = np.tanh(X @ AT[0] + AT[1])


@pytest.mark.parametrize(
    ("wrong", "kind", "where", "said"),
    [
        (lambda W, b, v: gradient(W, b, v, h=H), "wrong-point", "along v", "the numbers of the first point"),
        (lambda W, b, v: gradient(W, b, v, slope=1 - H**2), "wrong-point", "tanh", "the numbers of the first point"),
        (lambda W, b, v: gradient(W, b, v, back=AT[2]), "wrong-point", "along tanh", "the numbers of the first point"),
        (lambda W, b, v: gradient(*AT), "wrong-point", "∂f/∂v, W, b", "the numbers of the first point"),
        (lambda W, b, v: gradient(W, 0 * b, v), "wrong-point", "the forward pass", "as if b were 0"),
        (lambda W, b, v: gradient(W, b, v, back=v - 0.25 * gradient(W, b, v)[2]), "wrong-point", "along tanh",
         "v after its update, v - 0.25·∂f/∂v"),
        (lambda W, b, v: tuple(w - 0.1 * g for w, g in zip((W, b, v), gradient(W, b, v), strict=True)),
         "extra-term", "the whole gradient", "w - 0.1·∂f/∂w"),
    ],
)  # fmt: skip
def test_where_the_other_numbers_stand(wrong, kind, where, said):
    assert gradcheck(cost, AT, gradient)
    first = gradcheck(cost, AT, wrong).diagnosis[0]
    assert (first.kind, where in first.where, said in first.text) == (kind, True, True)


def test_a_formula_with_numbers_of_an_earlier_call():
    left = [H]

    def forgetful(W, b, v):
        left.append(np.tanh(X @ W + b))
        return gradient(W, b, v, h=left[-2])

    with pytest.raises(ValueError, match="something that an earlier call left behind"):
        gradcheck(cost, AT, forgetful)


def test_one_array_of_whole_numbers_is_told_as_such():
    def cut(W, b, v):
        dW, db, dv = gradient(W, b, v)
        return dW, db.astype(int), dv

    (first,) = gradcheck(cost, AT, cut).diagnosis
    assert first.where == "∂f/∂b"
    assert "fractions, which were cut off" in first.text
    nothing = gradcheck(lambda w, b: (w * 0.3 + b * 0.2) ** 2, (1.0, 2.0), lambda w, b: (0.6 * (w * 0.3 + b * 0.2), 0))
    assert nothing.diagnosis[0].kind == "missing-term"  # a 0 says nothing of fractions


def test_a_weight_whose_gradient_is_0_has_no_update():
    def f(w, v):
        return v * ag.tanh(w) - v * ag.tanh(w) + ag.sin(w)

    assert gradcheck(f, (0.4, 0.7), lambda w, v: (np.exp(np.sin(3 * w)), 0.0)).diagnosis[0].kind == "unknown"
