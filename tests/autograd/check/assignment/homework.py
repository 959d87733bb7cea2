"""Homework: gradients by hand. Fill in the two questions, then run `chalkgrad check homework.py`."""

import numpy as np

import autograd as ag
from autograd.check import assert_derivation, assert_gradient

X = np.array([[1.0, 0.5], [-0.3, 2.0], [0.7, -1.2]])  # three examples, two features
Y = np.array([1.0, 0.0, 1.0])
LAMBDA = 0.1
x, y = X[0], np.array([1.0, 0.0])

# -- Given: the costs, written for the engine ---------------------------------------------------------------------


def cost(w):
    """Logistic regression: the mean cross-entropy and λ/(2m) Σ w²."""
    m = len(X)
    p = [ag.sigmoid(ag.dot(w, row)) for row in X]
    fit = -ag.total([t * ag.log(q) + (1 - t) * ag.log(1 - q) for t, q in zip(Y, p, strict=True)]) / m
    return fit + LAMBDA / (2 * m) * ag.total([v * v for v in w])


def network(W1, W2):
    """One hidden layer of sigmoids, and the lecture's cost for one example."""
    a = ag.sigmoid(W1 @ x)
    p = ag.sigmoid(W2 @ a)
    return {"a": a, "p": p, "x": x, "y": y, "E": -ag.total(y * ag.log(p) + (1 - y) * ag.log(1 - p))}


AT = np.array([0.4, -0.6])
AT2 = (np.array([[0.1, 0.4], [-0.5, 0.2], [0.3, -0.1]]), np.array([[0.2, -0.3, 0.5], [0.6, 0.1, -0.4]]))

# -- Question 1: the gradient of the cost along w -------------------------------------------------------------------


def gradient(w):
    p = 1 / (1 + np.exp(-X @ w))
    return X.T @ (p - Y) / len(X) + LAMBDA / len(X) * w


# -- Question 2: backpropagation, line by line ------------------------------------------------------------------------

lines = {
    "dp": lambda p, y: -y / p + (1 - y) / (1 - p),
    "dW2": lambda dp, p, a: np.outer(dp * p * (1 - p), a),
    "da": lambda dp, p, W2: W2.T @ (dp * p * (1 - p)),
    "dW1": lambda da, a, x: np.outer(da * a * (1 - a), x),
}

# -- The checks -----------------------------------------------------------------------------------------------------


def check_question_1():
    return assert_gradient(cost, AT, gradient)


def check_question_2():
    return assert_derivation(network, AT2, lines)
