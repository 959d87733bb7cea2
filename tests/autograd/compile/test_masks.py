"""Softmaxes over fewer and fewer numbers: masked matrices, with the engine's values and slopes."""

import math

import numpy as np
import pytest

from autograd import Value, reverse
from autograd import functions as F
from autograd.compile import compile
from autograd.compile.matrix.groups import plan
from autograd.compile.matrix.masks import OUTSIDE, completed
from autograd.compile.record import record
from autograd.compile.simplify import simplify

T, D = 5, 3
RNG = np.random.default_rng(4)
DATA = RNG.normal(size=(6, T, D))


def matrices(*names):
    made = {name: RNG.normal(size=(D, D)) for name in names}
    return {name: [[Value(x, name) for x in row] for row in M] for name, M in made.items()}


def times(W, x):
    return [sum(w * v for w, v in zip(row, x, strict=True)) for row in W]


def softmax(z):
    e = [F.exp(v) for v in z]
    total = sum(e)
    return [v / total for v in e]


def scores(q, keys):
    return [sum(a * b for a, b in zip(q, k, strict=True)) / math.sqrt(D) for k in keys]


def mixed(weights, vectors):
    return [sum(a * v[i] for a, v in zip(weights, vectors, strict=True)) for i in range(D)]


W = matrices("Q", "K", "V", "O", "Q2", "K2", "V2")
PARAMS = [v for M in W.values() for row in M for v in row]


def attention(X):
    """One head, all positions at once, and a matrix for the output."""
    q, k, v = ([times(W[n], x) for x in X] for n in "QKV")
    outputs = [times(W["O"], mixed(softmax(scores(q[t], k[: t + 1])), v[: t + 1])) for t in range(T)]
    return sum(z * z for o in outputs for z in o)


def two_layers(X):
    """Position by position through both layers, with the keys and values of earlier ones kept; residuals."""
    kept = [([], []), ([], [])]
    loss = 0.0
    for x in X:
        h = list(x)
        for (keys, values), names in zip(kept, (("Q", "K", "V"), ("Q2", "K2", "V2")), strict=True):
            q, k, v = (times(W[n], h) for n in names)
            keys.append(k)
            values.append(v)
            h = [a + b for a, b in zip(h, mixed(softmax(scores(q, keys)), values), strict=True)]
        loss = loss + F.log(sum(F.exp(z) for z in h)) - h[0]
    return loss / T


def window(X):
    """No position sees all others."""
    q, k = ([times(W[n], x) for x in X] for n in "QK")
    seen = [range(max(0, t - 2), t + 1) for t in range(T)]
    outputs = [mixed(softmax(scores(q[t], [k[u] for u in seen[t]])), [X[u] for u in seen[t]]) for t in range(T)]
    return sum(z * z * (i + 1) for o in outputs for i, z in enumerate(o))


def partial_likelihood(X):
    """Sums of exponentials over all that come later, as in Cox's model."""
    eta = [sum(w * v for w, v in zip(PARAMS, x, strict=False)) for x in X]
    return -sum(eta[i] - F.log(sum(F.exp(e) for e in eta[i:])) for i in range(T))


def looking_back(X):
    """A recurrent network that attends to its own steps: later keys need earlier rows."""
    states = []
    for x in X:
        q = times(W["Q"], x)
        seen = mixed(softmax(scores(q, states)), states) if states else [0.0] * D
        states.append([F.tanh(a + b) for a, b in zip(times(W["O"], seen), q, strict=True)])
    return sum(z * z for h in states for z in h)


def shared_scores(X):
    """Softmaxes over parts of the same numbers."""
    z = [PARAMS[i] * X[i][0] for i in range(T)]
    return sum((mixed(softmax(z[:n]), X[:n])[0] - PARAMS[0]) ** 2 for n in range(2, T + 1))


MODELS = [attention, two_layers, window, partial_likelihood, looking_back, shared_scores]


def engine(cost):
    roots = [cost(x) for x in DATA]
    slopes = np.mean([reverse.gradient(root, PARAMS) for root in roots], axis=0)
    return np.mean([root.data for root in roots]), slopes


@pytest.mark.parametrize("cost", MODELS, ids=lambda f: f.__name__)
def test_masked_matrices_give_the_same(cost):
    value, slopes = compile(cost, PARAMS, backend="numpy")(DATA)
    right, right_slopes = engine(cost)
    assert value == pytest.approx(right, rel=1e-12)
    np.testing.assert_allclose(slopes, right_slopes, rtol=1e-11, atol=1e-13)


def test_masked_matrices_elsewhere(slow_backend):
    program = compile(two_layers, PARAMS, backend=slow_backend)
    np.testing.assert_allclose(program(DATA)[1], engine(two_layers)[1], rtol=1e-11, atol=1e-13)


def recorded(cost):
    return simplify(record(cost, PARAMS, [DATA[0]]))


@pytest.mark.parametrize(("cost", "most"), [(attention, 12), (two_layers, 24), (partial_likelihood, 9)])
def test_rows_of_different_lengths_are_one_matrix(cost, most):
    recording = recorded(cost)
    assert len(plan(completed(recording)).forward) <= most < len(plan(recording).forward)


def test_a_network_that_looks_back_at_its_own_steps_is_left_alone():
    recording = recorded(looking_back)
    assert completed(recording) is recording


def test_softmaxes_of_one_length_are_left_alone():
    recording = recorded(lambda X: sum(softmax(x)[0] * PARAMS[0] for x in X))
    assert completed(recording) is recording


def test_what_is_outside_weighs_nothing_however_large_it_is():
    """A score that is masked may be larger than all others by far."""
    x = np.zeros((1, T, D))
    x[0, :, 0] = [0.0, 0.0, 0.0, 0.0, 1e6]
    q = Value(1.0)

    def cost(X):
        rows = [softmax([q * X[t][1] + X[u][0] * (q + X[t][2]) for u in range(t + 1)]) for t in range(T)]
        return sum(a * (u + 1) * q for row in rows for u, a in enumerate(row))

    value, slopes = compile(cost, [q], backend="numpy")(x)
    assert value == pytest.approx(1 + 1.5 + 2 + 2.5 + 5)
    assert np.isfinite(slopes).all()
    assert math.exp(OUTSIDE - 1e290) == 0.0


def test_the_text_shows_the_mask_and_runs_by_itself():
    program = compile(two_layers, PARAMS, backend="numpy")
    value, slopes = program(DATA)
    assert program.source.count("np.triu(np.full((5, 5), -1e+300), 1)") == 1
    names = {}
    exec(program.source, names)
    alone, its_slopes = names["program"](program.parameters, DATA)
    assert alone == pytest.approx(value, rel=1e-13)
    np.testing.assert_allclose(its_slopes, slopes, rtol=1e-11, atol=1e-14)
