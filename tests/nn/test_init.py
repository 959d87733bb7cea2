"""Initial weights: their spread, their names, their seeds."""

import math

import numpy as np
import pytest

import nn
from nn.init import BY_NAME, initial

N_IN, N_OUT = 200, 300
SPREAD = {  # the standard deviations that the papers ask for
    "zeros": 0.0,
    "uniform": 1 / math.sqrt(3 * N_IN),
    "normal": 1 / math.sqrt(N_IN),
    "xavier": math.sqrt(2 / (N_IN + N_OUT)),
    "xavier_uniform": math.sqrt(2 / (N_IN + N_OUT)),
    "xavier_normal": math.sqrt(2 / (N_IN + N_OUT)),
    "he": math.sqrt(2 / N_IN),
    "he_uniform": math.sqrt(2 / N_IN),
    "he_normal": math.sqrt(2 / N_IN),
}


@pytest.mark.parametrize("name", BY_NAME)
def test_spread(name):
    w = initial(name, N_IN, N_OUT, np.random.default_rng(0))
    assert w.shape == (N_IN, N_OUT)
    assert w.std() == pytest.approx(SPREAD[name], rel=0.02)
    assert abs(w.mean()) <= 4 * SPREAD[name] / math.sqrt(N_IN * N_OUT)


@pytest.mark.parametrize("name", ["uniform", "xavier_uniform", "he_uniform"])
def test_uniform_weights_have_their_limits(name):
    w = initial(name, N_IN, N_OUT, np.random.default_rng(0))
    limit = SPREAD[name] * math.sqrt(3)
    assert 0.99 * limit < np.abs(w).max() <= limit


def test_own_scale():
    rng = np.random.default_rng(0)
    assert 0.99 < nn.init.uniform(100, 100, rng, limit=1.0).max() <= 1.0
    assert nn.init.normal(100, 100, rng, sd=3.0).std() == pytest.approx(3.0, rel=0.05)


def test_biases_start_at_zero_and_a_function_may_be_given():
    model = nn.MLP(2, [3, 1], init=lambda n_in, n_out, rng: np.arange(n_in * n_out).reshape(n_in, n_out))
    assert [[w.data for w in u.w] for u in model.layers[0].neurons] == [[0, 3], [1, 4], [2, 5]]  # w_ij: from i to j
    assert {u.b.data for layer in model.layers for u in layer.neurons} == {0.0}


def test_zeros_keep_the_units_of_a_layer_equal_and_leave_relu_where_it_is():
    X, Y = [[0.0, 1.0], [1.0, 0.5], [1.0, 1.0]], [1, 0, 1]
    moved = {}
    for activation in ("sigmoid", "relu"):
        model = nn.MLP(2, [3, 1], activation, init="zeros")
        for _ in range(5):
            descend(model, X, Y, 1.0)
        units = [tuple(p.data for p in (*u.w, u.b)) for u in model.layers[0].neurons]
        assert len(set(units)) == 1
        moved[activation] = any(units[0])
    assert moved == {"sigmoid": True, "relu": False}


def test_random_weights_learn_what_no_line_separates():
    X, Y = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1, 0]
    model = nn.MLP(2, [4, 1], "tanh", seed=0)
    first = descend(model, X, Y, 1.0)
    for _ in range(300):
        last = descend(model, X, Y, 1.0)
    assert last < 0.1 * first
    assert model.accuracy(X, Y) == 1.0
    assert nn.MLP(2, [4, 1], "tanh", init="zeros").accuracy(X, Y) == 0.5


def descend(model, X, Y, lr):
    """One step of the lecture's update w = w - η ∂E/∂w on all the data; returns E before it."""
    E = sum(nn.binary_cross_entropy(model(x), y) for x, y in zip(X, Y, strict=True)) / len(X)
    model.zero_grad()
    E.backward()
    for p in model.parameters():
        p.data -= lr * p.grad
    return E.data


def test_refused():
    for bad in ("xaver", 3, None):
        with pytest.raises(ValueError, match="there is no initialisation"):
            nn.MLP(2, [1], init=bad)
    for bad in (lambda a, b, r: np.zeros((b, a)), lambda a, b, r: np.full((a, b), np.nan), lambda a, b, r: "x"):
        with pytest.raises(ValueError, match=r"finite numbers of shape \(n_in, n_out\) = \(2, 1\)"):
            nn.MLP(2, [1], init=bad)
    with pytest.raises(ValueError, match="type float64, with nan in it"):
        nn.MLP(2, [1], init=lambda a, b, r: np.full((a, b), np.nan))
