"""Every method against its published formula, written once more in plain Python, one number at a time."""

from math import cos, sqrt
from types import SimpleNamespace

import numpy as np
import pytest

from optim import SGD, AdaGrad, Adam, AdamW, Constant, LinearDecay, RMSProp

STEPS = 200
START = [1.5, -0.75, 0.0, 40.0, 1e-3]
CURVATURE = [1.0, 0.1, 3.0, 0.02, 0.5]


def gradient(i, w, k):
    """Of a bowl in each direction, with noise that depends on the step."""
    return CURVATURE[i] * w + 0.3 * cos(7 * i + k * k)


# Each reference yields w after steps 1, 2, …: one parameter, η_k from `eta(k)`, ∂E/∂w from `slope(w, k)`.


def plain(w, slope, eta):
    for k in range(1, STEPS + 1):
        w = w - eta(k) * slope(w, k)
        yield w


def plain_with_decay(w, slope, eta, decay):
    for k in range(1, STEPS + 1):
        w = w - eta(k) * (slope(w, k) + decay * w)
        yield w


def lecture_momentum(w, slope, eta, alpha):
    v = 0.0
    for k in range(1, STEPS + 1):
        v = alpha * v - eta(k) * slope(w, k)
        w = w + v
        yield w


def sutskever_nesterov(theta, slope, eta, mu):
    """The published form: the gradient is taken ahead, at θ + μ v. What is yielded is that point ahead."""
    v = 0.0
    for k in range(1, STEPS + 1):
        v = mu * v - eta(k) * slope(theta + mu * v, k)
        theta = theta + v
        yield theta + mu * v


def adagrad(w, slope, eta, eps):
    squares = []
    for k in range(1, STEPS + 1):
        g = slope(w, k)
        squares.append(g * g)
        w = w - eta(k) / (sqrt(sum(squares)) + eps) * g
        yield w


def rmsprop(w, slope, eta, alpha, eps):
    mean_square = 0.0
    for k in range(1, STEPS + 1):
        g = slope(w, k)
        mean_square = alpha * mean_square + (1 - alpha) * g**2
        w = w - eta(k) * g / (sqrt(mean_square) + eps)
        yield w


def adamw(w, slope, eta, beta_1, beta_2, eps, decay):
    m = v = 0.0
    for k in range(1, STEPS + 1):
        g = slope(w, k)
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        m_hat = m / (1 - beta_1**k)
        v_hat = v / (1 - beta_2**k)
        w = w - eta(k) * (m_hat / (sqrt(v_hat) + eps) + decay * w)
        yield w


METHODS = {
    "SGD": (SGD, {}, plain, ()),
    "SGD weight decay": (SGD, {"weight_decay": 0.1}, plain_with_decay, (0.1,)),
    "SGD momentum 0.5": (SGD, {"momentum": 0.5}, lecture_momentum, (0.5,)),
    "SGD momentum 0.9": (SGD, {"momentum": 0.9}, lecture_momentum, (0.9,)),
    "SGD momentum 0.99": (SGD, {"momentum": 0.99}, lecture_momentum, (0.99,)),
    "SGD Nesterov": (SGD, {"momentum": 0.9, "nesterov": True}, sutskever_nesterov, (0.9,)),
    "AdaGrad": (AdaGrad, {}, adagrad, (1e-10,)),
    "AdaGrad eps": (AdaGrad, {"eps": 0.1}, adagrad, (0.1,)),
    "RMSProp": (RMSProp, {}, rmsprop, (0.99, 1e-8)),
    "RMSProp Hinton": (RMSProp, {"alpha": 0.9, "eps": 0.1}, rmsprop, (0.9, 0.1)),
    "Adam": (Adam, {}, adamw, (0.9, 0.999, 1e-8, 0.0)),
    "Adam other": (Adam, {"betas": (0.0, 0.5), "eps": 0.1}, adamw, (0.0, 0.5, 0.1, 0.0)),
    "AdamW": (AdamW, {}, adamw, (0.9, 0.999, 1e-8, 0.01)),
    "AdamW other": (AdamW, {"betas": (0.8, 0.9), "weight_decay": 0.2}, adamw, (0.8, 0.9, 1e-8, 0.2)),
}


@pytest.mark.parametrize("schedule", [Constant(0.05), LinearDecay(0.3, 0.01, 150)], ids=repr)
@pytest.mark.parametrize("method", METHODS)
def test_agrees_with_the_published_formula_over_200_steps(method, schedule):
    make, settings, reference, constants = METHODS[method]
    params = [SimpleNamespace(data=w, grad=0.0) for w in START]
    columns = [reference(w, lambda w, k, i=i: gradient(i, w, k), schedule, *constants) for i, w in enumerate(START)]
    opt = make(params, lr=schedule, **settings)
    path = []
    for k in range(1, STEPS + 1):
        for i, p in enumerate(params):
            p.grad = gradient(i, p.data, k)
        opt.step()
        path.append([p.data for p in params])
    assert opt.k == STEPS
    assert np.array(path) == pytest.approx(np.array(list(zip(*columns, strict=True))), rel=1e-12, abs=1e-12)


def test_weight_decay_and_nesterov_together():
    """The decay is part of the gradient that momentum sees."""
    p = SimpleNamespace(data=2.0, grad=0.0)
    opt = SGD([p], lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.5)
    reference = sutskever_nesterov(2.0, lambda w, k: gradient(0, w, k) + 0.5 * w, Constant(0.1), 0.9)
    for k, expected in enumerate(reference, start=1):
        p.grad = gradient(0, p.data, k)
        opt.step()
        assert p.data == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_the_first_steps_by_hand():
    """w = 1, g = 2, η = 0.1: numbers that one can work out on paper."""

    def first(make, **settings):
        p = SimpleNamespace(data=1.0, grad=2.0)
        make([p], lr=0.1, **settings).step()
        return p.data

    assert first(SGD) == pytest.approx(0.8, abs=1e-15)
    assert first(SGD, momentum=0.9) == pytest.approx(0.8, abs=1e-15)
    assert first(SGD, momentum=0.9, nesterov=True) == pytest.approx(1 - 0.9 * 0.2 - 0.2, abs=1e-15)
    assert first(SGD, weight_decay=1.0) == pytest.approx(0.7, abs=1e-15)
    assert first(AdaGrad, eps=2.0) == pytest.approx(1 - 0.1 * 2 / (2 + 2), abs=1e-15)
    assert first(RMSProp, alpha=0.75, eps=1.0) == pytest.approx(1 - 0.1 * 2 / (1 + 1), abs=1e-15)
    assert first(Adam, eps=2.0) == pytest.approx(1 - 0.1 * 2 / (2 + 2), abs=1e-15)
    assert first(AdamW, eps=2.0, weight_decay=0.5) == pytest.approx(0.95 - 0.1 * 0.5, abs=1e-15)
