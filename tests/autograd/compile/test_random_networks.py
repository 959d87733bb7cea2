"""Random networks of vectors: layers, picked and repeated columns, products, softmax, in any arrangement.

Where `test_random_programs` tries all operations on single numbers, this tries what becomes matrices, views, gathers.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd as F
from autograd import Value
from autograd.compile import compile

STEPS = (
    "layer", "shared", "activate", "pick", "add", "multiply", "softmax", "scale", "window", "scores", "constant",
    "turns", "norm", "repeat", "largest", "products",
)  # fmt: skip


class Network:
    """A network made from a list of (step, a, b): whole numbers that choose the operands and sizes."""

    def __init__(self, steps, width, seed):
        self.steps, self.width = steps, width
        self.random = np.random.default_rng(seed)
        self.weights = []  # in the order of use
        self.params = []

    def weight(self, *shape):
        """The next weights: made at the first run, the same ones in later runs."""
        if self.used == len(self.weights):
            values = [Value(x) for x in self.random.normal(scale=0.6, size=int(np.prod(shape)))]
            self.params += values
            self.weights.append(np.array(values, dtype=object).reshape(shape))
        self.used += 1
        return self.weights[self.used - 1]

    def cost(self, x, t):
        self.used = 0
        made = [list(x), list(self.weight(3))]
        for step, a, b in self.steps:
            u, v = made[a % len(made)], made[b % len(made)]
            n = min(len(u), len(v))
            if step == "layer":
                W, c = self.weight(1 + b % 4, len(u)), self.weight(1 + b % 4)
                made.append(
                    [sum((w * ui for w, ui in zip(row, u, strict=True)), cj) for row, cj in zip(W, c, strict=True)]
                )
            elif step == "shared":
                W = self.weights[a % self.used].reshape(-1)
                rows = max(1, len(W) // len(u))
                made.append(
                    [F.total([W[(r * len(u) + k) % len(W)] * u[k] for k in range(len(u))]) for r in range(rows)]
                )
            elif step == "activate":
                made.append([(F.tanh, F.sigmoid, F.sin, F.softplus)[b % 4](ui) for ui in u])
            elif step == "pick":
                made.append([u[(a + b * k) % len(u)] for k in range(1 + (a + b) % 6)])
            elif step == "add":
                made.append([ui - 0.5 * vi if b % 2 else ui + vi for ui, vi in zip(u[:n], v[:n], strict=True)])
            elif step == "multiply":
                made.append([F.tanh(ui) * vi for ui, vi in zip(u[:n], v[::-1][:n], strict=True)])
            elif step == "softmax":
                e = [F.exp(F.tanh(ui)) for ui in u]
                S = sum(e)
                made.append([ei / S for ei in e])
            elif step == "scale":
                made.append([F.tanh(v[0]) * ui + 0.25 for ui in u])
            elif step == "window":
                size = min(2, len(u), len(v))
                made.append([F.dot(u[k : k + size], v[:size]) for k in range(len(u) + 1 - size)])
            elif step == "scores":
                made.append([F.tanh(ui * vj) for ui in u[:3] for vj in v[:3]])
            elif step == "turns":  # log Σ exp of the same numbers in another order
                made.append([F.log(F.total([F.exp(ui) for ui in [*u[k:], *u[:k], *v[:2]]])) for k in range(min(3, n))])
            elif step == "norm":
                mean = sum(u) / len(u)
                spread = F.sqrt(sum((ui - mean) ** 2 for ui in u) / len(u) + 0.1)
                made.append([(ui - mean) / spread for ui in u])
            elif step == "repeat":
                made.append([u[a % len(u)]] * (1 + b % 4))
            elif step == "largest":
                made.append(
                    [F.maximum(ui, vi) + F.log(F.exp(ui) + F.exp(vi)) for ui, vi in zip(u[:n], v[:n], strict=True)]
                )
            elif step == "products":  # W Wᵀ of parameters alone
                W = self.weights[a % self.used]
                W = W.reshape(len(W), -1)[:3]
                made.append([F.tanh(F.dot(list(p), list(q))) for p in W for q in W])
            else:
                made.append([F.dot([1.0, -2.0, 0.5, 3.0][: len(u)], u[:4]), u[-1] * 2 - 1])
        return sum(F.dot(z, z) * 0.1 for z in made[-3:]) + (made[-1][0] - t) ** 2


networks = st.builds(
    Network,
    st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 11), st.integers(0, 11)), min_size=1, max_size=7),
    st.integers(1, 5),
    st.integers(0, 5),
)


def check(network, backend, rows, seed):
    random = np.random.default_rng(seed)
    network.cost([0.1] * network.width, 0.0)  # makes the weights
    x, t = random.normal(size=(rows, network.width)), random.normal(size=rows)
    expected, expected_slopes = compile(network.cost, network.params, backend="python")(x, t)
    program = compile(network.cost, network.params, backend=backend)
    value, slopes = program(x, t)
    scale = max(1.0, np.abs(expected_slopes).max())
    assert value == pytest.approx(expected, rel=1e-11)
    np.testing.assert_allclose(slopes, expected_slopes, rtol=1e-11, atol=1e-12 * scale)
    if backend == "numpy":
        namespace = {}
        exec(program.source, namespace)
        got, got_slopes = namespace["program"](program.parameters, x, t)
        assert got == pytest.approx(expected, rel=1e-11)
        np.testing.assert_allclose(got_slopes, expected_slopes, rtol=1e-11, atol=1e-12 * scale)


def test_two_views_that_repeat_the_same_axis():
    steps = [("window", 10, 9), ("window", 10, 3), ("window", 10, 3), ("layer", 3, 2), *[("activate", 1, 3)] * 2]
    check(Network([*steps, ("window", 10, 3)], 2, 1), "numpy", 2, 1)


def test_the_largest_of_the_same_parameters_in_several_orders():
    check(Network([("turns", 1, 1), ("norm", 2, 2)], 3, 1), "numpy", 2, 1)


@given(networks, st.integers(1, 3), st.integers(0, 3))
@settings(max_examples=60)
def test_random_networks(network, rows, seed):
    check(network, "numpy", rows, seed)


@given(networks, st.integers(1, 3), st.integers(0, 3))
@settings(max_examples=3)
def test_random_networks_on_the_others(slow_backend, network, rows, seed):
    check(network, slow_backend, rows, seed)
