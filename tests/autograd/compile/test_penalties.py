"""A penalty reads as in the books, dW1 = … + λ/m · W1, whatever parameters it is over, and is the engine's."""

from itertools import pairwise

import numpy as np
import pytest

import autograd as F
from autograd import Value
from autograd.compile import compile
from autograd.reverse import gradient


def network(sizes, bias):
    """(cost, layers): each layer a list of (weights of a unit, its bias or None), flat in this order."""
    rng = np.random.default_rng(0)
    layers = [
        [([Value(x) for x in rng.normal(size=n)], Value(rng.normal()) if bias else None) for _ in range(m)]
        for n, m in pairwise(sizes)
    ]

    def cost(x, t):
        for layer in layers:
            x = [F.tanh(F.dot(w, x, b) if b is not None else F.dot(w, x)) for w, b in layer]
        return F.total([(a - b) ** 2 for a, b in zip(x, t, strict=True)])

    return cost, layers


def flat(layers, weights=True, biases=True):
    units = [unit for layer in layers for unit in layer]
    return [p for w, b in units for p in [*(w if weights else ()), *([b] if biases and b is not None else [])]]


PENALTIES = {
    "weights": lambda layers: F.total([0.05 * w * w for w in flat(layers, biases=False)]),
    "dot": lambda layers: 0.05 * F.dot(flat(layers, biases=False), flat(layers, biases=False)),
    "all": lambda layers: 0.05 * sum(w * w for w in flat(layers)),
    "biases": lambda layers: 0.05 * sum(w * w for w in [*flat(layers, weights=False), layers[0][0][0][0]]),
    "one layer": lambda layers: 0.05 * sum(w * w for w in flat(layers[1:])),
    "each its own": lambda layers: sum((k + 1) * F.dot(*[flat([x], biases=False)] * 2) for k, x in enumerate(layers)),
    "absolute": lambda layers: 0.05 * F.total([abs(w) for w in flat(layers, biases=False)]),
    "absolute, all": lambda layers: 0.05 * F.total([abs(w) for w in flat(layers)]),
    "both": lambda layers: F.total([0.05 * abs(w) + 0.1 * w**2 for w in flat(layers)]),
    "far out": lambda layers: F.total([F.relu(w * w - 1) for w in flat(layers, biases=False)]),
}


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", PENALTIES)
def test_penalties(name, bias):
    cost, layers = network((5, 7, 6, 4), bias)
    parameters = flat(layers)
    program = compile(cost, parameters, backend="numpy", penalty=lambda: PENALTIES[name](layers))
    rng = np.random.default_rng(1)
    X, T = rng.normal(size=(3, 5)), rng.normal(size=(3, 4))
    value, slopes = program(X, T)
    root = sum((cost(x, t) for x, t in zip(X, T, strict=True)), Value(0.0)) * (1 / 3) + PENALTIES[name](layers)
    assert value == pytest.approx(root.data, rel=1e-12)
    np.testing.assert_allclose(slopes, gradient(root, parameters), rtol=1e-12, atol=1e-14)
    namespace = {}
    exec(program.source, namespace)
    value, slopes = namespace["program"](program.parameters, X, T)
    assert value == pytest.approx(root.data, rel=1e-12)
    np.testing.assert_allclose(slopes, gradient(root, parameters), rtol=1e-12, atol=1e-14)
    if name not in ("both", "far out", "biases"):
        for gathered in ("np.r_", "[[", "np.add.at"):
            assert gathered not in program.source
        assert "W3" in program.source
        assert "W4" not in program.source


def test_a_penalty_over_all_parameters_is_one_line():
    cost, layers = network((5, 7, 6, 1), bias=True)
    program = compile(cost, flat(layers), backend="numpy", penalty=lambda: PENALTIES["all"](layers))
    program(np.zeros((3, 5)), np.zeros((3, 1)))
    lines = [line.split("  #")[0].strip() for line in program.source.splitlines()]
    assert "W2 = w[42:90].reshape(6, 8)[:, :7]" in lines  # each unit's weights, and then its bias
    assert "dW3 = dZ3.T @ A2" in lines  # a layer of one unit, as any other
    assert "db3 = dZ3.sum(axis=0)" in lines
    assert sum("w * w" in line for line in lines) == 1
    assert lines[-2:] == ["gradient += 0.1 * w", "return value, gradient"]
