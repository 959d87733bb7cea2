# ruff: noqa: B905 (the models are written as users write them: a plain zip)
"""A program gives what the eager engine gives, on the models that people write."""

import numpy as np
import pytest

import autograd as F
import nn
from autograd import Value
from autograd.compile import compile
from autograd.compile.record import flat_parameters
from autograd.reverse import gradient


def eager(cost, params, data, penalty=None, reduce="mean"):
    """(value, gradient) by the engine, one example after the other."""
    leaves = flat_parameters(params)
    total, slopes = 0.0, np.zeros(len(leaves))
    rows = len(data[0]) if data else 1
    for row in range(rows):
        example = [objects(x[row]) for x in data]
        root = cost(*example)
        total += root.data
        slopes += gradient(root, leaves)
    scale = 1 / rows if data and reduce == "mean" else 1.0
    total, slopes = total * scale, slopes * scale
    if penalty is not None:
        root = penalty if isinstance(penalty, Value) else penalty()
        total, slopes = total + root.data, slopes + gradient(root, leaves)
    return total, slopes


def objects(x):
    if np.ndim(x) == 0:
        return Value(float(x))
    result = np.empty(np.shape(x), dtype=object)
    for place in np.ndindex(result.shape):
        result[place] = Value(float(x[place]))
    return result


def assert_same(cost, params, data, backend, rtol=1e-12, **options):
    program = compile(cost, params, backend=backend, **options)
    value, slopes = program(*data)
    expected, expected_slopes = eager(cost, params, data, options.get("penalty"), options.get("reduce", "mean"))
    assert value == pytest.approx(expected, rel=rtol)
    assert slopes.dtype == np.float64
    np.testing.assert_allclose(slopes, expected_slopes, rtol=rtol, atol=rtol * np.abs(expected_slopes).max())
    return program


def matrix(rng, *shape, label=""):
    return np.array([Value(x) for x in rng.normal(scale=0.5, size=shape).ravel()], dtype=object).reshape(shape)


def one_hot(rng, rows, classes):
    return np.eye(classes)[rng.integers(0, classes, rows)]


# Each takes a random generator and returns (cost, params, data).


def logistic_regression(rng):
    w, b = matrix(rng, 5), Value(0.1)

    def cost(x, t):
        p = F.sigmoid(F.dot(w, x, b))
        return -(t * F.log(p) + (1 - t) * F.log(1 - p))

    return cost, [w, b], (rng.normal(size=(7, 5)), rng.integers(0, 2, 7).astype(float))


def mlp(activation, style):
    def make(rng):
        W1, b1, W2, b2 = matrix(rng, 6, 4), matrix(rng, 6), matrix(rng, 3, 6), matrix(rng, 3)

        def layer(W, b, x):
            if style == "dot":
                return [F.dot(r, x, c) for r, c in zip(W, b)]
            if style == "sum":
                return [sum((w * xi for w, xi in zip(r, x)), c) for r, c in zip(W, b)]
            if style == "arrays":
                return W @ np.array(list(x), dtype=object) + b
            out = []
            for r, c in zip(W, b):  # from the right, one term at a time, products the other way round
                z = c
                for w, xi in list(zip(r, x))[::-1]:
                    z = xi * w + z
                out.append(z)
            return out

        def cost(x, t):
            h = [getattr(z, activation)() for z in layer(W1, b1, x)]
            p = [z.sigmoid() for z in layer(W2, b2, h)]
            return -F.total([tk * F.log(pk) + (1 - tk) * F.log(1 - pk) for pk, tk in zip(p, t)])

        return cost, [W1, b1, W2, b2], (rng.normal(size=(8, 4)), one_hot(rng, 8, 3))

    return make


def softmax_classifier(rng):
    W, b = matrix(rng, 4, 5), matrix(rng, 4)

    def cost(x, t):
        e = [F.exp(F.dot(r, x, c)) for r, c in zip(W, b)]
        S = sum(e)
        return -sum(tk * F.log(ek / S) for tk, ek in zip(t, e))

    return cost, [W, b], (rng.normal(size=(6, 5)), one_hot(rng, 6, 4))


def neurons(rng):
    """The parameters of a unit stand together: w_1 … w_n, b."""
    layers = [[[Value(x) for x in rng.normal(size=n + 1)] for _ in range(m)] for n, m in ((3, 5), (5, 2))]

    def cost(x, t):
        for k, layer in enumerate(layers):
            z = [sum((w * xi for w, xi in zip(unit[:-1], x)), 0.0) + unit[-1] for unit in layer]
            x = [a.tanh() if k == 0 else a for a in z]
        return ((x[0] - t) ** 2 + (x[1] + t) ** 2) / 2

    return cost, layers, (rng.normal(size=(5, 3)), rng.normal(size=5))


def gaussian_mixture(rng):
    """log Σ_k π_k N(x; μ_k, σ_k), written out."""
    a, mu, s = matrix(rng, 3), matrix(rng, 3), matrix(rng, 3)

    def cost(x):
        e = [F.exp(v) for v in a]
        S = sum(e)
        density = 0.0
        for ek, m, sk in zip(e, mu, s):
            sigma = F.exp(sk)
            density = density + ek / S * F.exp(-0.5 * ((x - m) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
        return -F.log(density)

    return cost, [a, mu, s], (rng.normal(size=9),)


def recurrent(rng):
    U, W, b, v = matrix(rng, 4, 2), matrix(rng, 4, 4), matrix(rng, 4), matrix(rng, 4)

    def cost(xs, t):
        h = [Value(0.0)] * 4
        for x in xs:
            h = [F.tanh(F.dot(u, x) + F.dot(w, h) + c) for u, w, c in zip(U, W, b)]
        return (F.dot(v, h) - t) ** 2

    return cost, [U, W, b, v], (rng.normal(size=(6, 5, 2)), rng.normal(size=6))


def attention(rng):
    Q, K, V = matrix(rng, 4, 3), matrix(rng, 4, 3), matrix(rng, 2, 3)

    def cost(xs):
        q, k, v = ([[F.dot(r, x) for r in M] for x in xs] for M in (Q, K, V))
        result = 0.0
        for qi in q:
            e = [F.exp(F.dot(qi, kj) * 0.5) for kj in k]
            S = sum(e)
            out = [sum(ej / S * vj[d] for ej, vj in zip(e, v)) for d in range(2)]
            result = result + out[0] * out[1]
        return result

    return cost, [Q, K, V], (rng.normal(size=(4, 5, 3)),)


def polynomial_regression(rng):
    w = matrix(rng, 5)
    return (
        (lambda x, y: (sum(wk * x**k for k, wk in enumerate(w)) - y) ** 2),
        [w],
        (rng.normal(size=9), rng.normal(size=9)),
    )


def embedding(rng):
    """Rows are picked, more than once, in no regular order."""
    E, w = matrix(rng, 5, 3), matrix(rng, 3)
    words = [3, 0, 3, 4, 1, 3]

    def cost(t):
        total = sum(F.tanh(F.dot(E[i], w)) * (k + 1) for k, i in enumerate(words))
        pairs = sum(E[i][0] * E[j][1] * t for i, j in zip(words, words[::-1]))
        return (total + pairs - t) ** 2

    return cost, [E, w], (rng.normal(size=4),)


def kinks(rng):
    w, b = matrix(rng, 6), matrix(rng, 6)

    def cost(x):
        z = [F.maximum(a * x, c) for a, c in zip(w, b)]
        return sum(F.where(zk - 0.1, zk * zk, F.abs(zk)) for zk in z) + F.minimum(z[0], z[5]) + F.relu(z[2] - z[3])

    return cost, [w, b], (rng.normal(size=11),)


def functions(rng):
    w = matrix(rng, 7)

    def cost(x):
        a = [F.exp(w[0] * x), F.log1p(w[1] ** 2), F.expm1(w[2]), F.sqrt(1 + w[3] ** 2), F.sin(w[4] + x)]
        return F.dot(a, w[:5]) + F.erf(w[5] * x) + F.cos(w[6]) * F.tan(0.1 * x) + (1 + x * x) ** w[6] + w[0] ** 3

    return cost, [w], (rng.normal(size=6),)


def constant_features(rng):
    """Sums with constants for weights, and parts that no example touches."""
    w, c = matrix(rng, 4), np.linspace(-1, 2, 4)
    return (lambda x: (F.dot(c, w) * x + sum(w) / 3 - 2 * w[1]) ** 2 + w[0] * w[3]), [w], (rng.normal(size=5),)


def convolution(rng):
    """Sliding windows over the inputs, then over what came out, with weights that all windows share."""
    u, v, b = matrix(rng, 3, 3), matrix(rng, 2, 3), Value(0.2)

    def cost(xs, t):
        maps = [[F.tanh(F.dot(row, xs[i : i + 3], b)) for i in range(6)] for row in u]
        z = [sum(F.dot(row, maps[k][i : i + 3]) for k in range(3)) for row in v for i in range(4)]
        z += [F.dot(v[0], maps[1][i : i + 3]) * F.dot(v[1], maps[1][i : i + 3]) for i in range(0, 4, 2)]
        return (F.total([a * a for a in z]) - t) ** 2

    return cost, [u, v, b], (rng.normal(size=(5, 8)), rng.normal(size=5))


def network_of_modules(rng):
    """The project's own layers, where a unit's bias follows its weights, and its softmax cross-entropy."""
    model = nn.MLP(4, [5, 4, 3], activation="relu", output="linear", seed=3)
    return (lambda x, t: nn.cross_entropy(model(x), t)), model, (rng.normal(size=(6, 4)), one_hot(rng, 6, 3))


MODELS = {
    "logistic": logistic_regression,
    "mlp-sigmoid-dot": mlp("sigmoid", "dot"),
    "mlp-sigmoid-sum": mlp("sigmoid", "sum"),
    "mlp-tanh-arrays": mlp("tanh", "arrays"),
    "mlp-relu-loop": mlp("relu", "loop"),
    **{
        f.__name__: f
        for f in (
            softmax_classifier,
            neurons,
            gaussian_mixture,
            recurrent,
            attention,
            polynomial_regression,
            embedding,
            kinks,
            functions,
            constant_features,
            convolution,
            network_of_modules,
        )
    },
}


# JAX needs a second or two for each program: it gets one of each kind
ON_JAX = ("logistic", "mlp-sigmoid-sum", "gaussian_mixture", "attention", "embedding", "kinks", "convolution")


@pytest.mark.parametrize(
    ("backend", "name"),
    [(b, n) for b in ("python", "numpy", "numba", "jax") for n in (ON_JAX if b == "jax" else MODELS)],
)
def test_a_program_is_the_eager_engine(name, backend, available):
    cost, params, data = MODELS[name](np.random.default_rng(7))
    assert_same(cost, params, data, available(backend))


@pytest.mark.parametrize(
    ("backend", "name"),
    [(b, n) for b in ("python", "numpy", "numba") for n in ("mlp-sigmoid-sum", "recurrent", "constant_features")]
    + [("jax", "constant_features")],
)
def test_with_a_penalty_and_the_sum_over_the_batch(name, backend, available):
    available(backend)
    cost, params, data = MODELS[name](np.random.default_rng(8))
    leaves = flat_parameters(params)
    penalties = [
        {"reduce": "sum", "penalty": lambda: 0.3 * sum(w * w for w in leaves)},
        {"penalty": lambda: F.dot(leaves[1:], leaves[1:]) * 0.01},
        {"penalty": leaves[0] * leaves[0]},
    ]
    for options in penalties[: 1 if backend == "jax" else 3]:
        assert_same(cost, params, data, backend, **options)


@pytest.mark.parametrize("name", ["mlp-sigmoid-dot", "kinks"])
def test_any_number_of_rows(name, backend):
    cost, params, data = MODELS[name](np.random.default_rng(9))
    program = compile(cost, params, backend=backend)
    for rows in (3, 1, 3):
        some = tuple(x[:rows] for x in data)
        value, slopes = program(*some)
        expected, expected_slopes = eager(cost, params, some)
        assert value == pytest.approx(expected, rel=1e-12)
        np.testing.assert_allclose(slopes, expected_slopes, rtol=1e-12, atol=1e-12 * np.abs(expected_slopes).max())


@pytest.mark.parametrize("name", ["mlp-tanh-arrays", "attention", "embedding", "functions"])
def test_a_closed_graph_has_no_batch(name, backend):
    cost, params, data = MODELS[name](np.random.default_rng(10))
    example = [x[0].tolist() for x in data]

    def closed():
        return cost(*example)

    assert_same(closed, params, (), backend)


def test_a_cost_that_ignores_the_example(backend):
    w = [Value(2.0), Value(3.0)]
    assert_same(lambda x: w[0] * w[1], w, (np.ones(4),), backend, reduce="sum")
    assert_same(lambda x: w[0], w, (np.ones(4),), backend)
    assert_same(lambda x: x * x, w, (np.arange(4.0),), backend)
    assert_same(lambda x: F.where(w[0], w[1] * w[1], x), w, (np.arange(4.0),), backend)


def test_the_same_program_however_the_sums_are_written():
    from autograd.compile.tensors import Product

    found = []
    for style in ("dot", "sum", "arrays", "loop"):
        cost, params, data = mlp("sigmoid", style)(np.random.default_rng(3))
        program = compile(cost, params, backend="numpy")
        program(*data)
        plan = program._runner.plan
        products = [t.shape for a in plan.forward for _, t in getattr(a.value, "terms", []) if isinstance(t, Product)]
        found.append((len(plan.forward), len(plan.backward), products))
    assert found == [found[0]] * 4
    assert found[0][2] == [(6,), (3,)]  # one matrix product for each layer


@pytest.mark.parametrize("reduce", ["mean", "sum"])
@pytest.mark.parametrize("name", MODELS)
def test_the_readable_source_runs_by_itself(name, reduce):
    cost, params, data = MODELS[name](np.random.default_rng(11))
    leaves = flat_parameters(params)
    options = {"reduce": reduce, "penalty": lambda: 0.1 * F.dot(leaves, leaves)}
    program = compile(cost, params, backend="numpy", **options)
    value, slopes = program(*data)
    namespace = {}
    exec(program.source, namespace)
    got, got_slopes = namespace["program"](program.parameters, *data)
    assert got == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(got_slopes, slopes, rtol=1e-11, atol=1e-12 * np.abs(slopes).max())


def test_the_source_is_the_backpropagation_of_a_textbook():
    model = nn.MLP(4, [3, 2], seed=0)
    program = compile(
        lambda x, t: nn.binary_cross_entropy(model(x), t), model, penalty=lambda: nn.l2_penalty(model, 0.5, 2)
    )
    rng = np.random.default_rng(0)
    program(rng.normal(size=(2, 4)), one_hot(rng, 2, 2))
    lines = [line.split("  #")[0].strip() for line in program.source.splitlines()]
    for line in (
        "Z1 = X @ W1.T + b1",
        "A1 = sigmoid(Z1)",
        "Z2 = A1 @ W2.T + b2",
        "dZ2 = (sigmoid(Z2) - T) / m",
        "dW2 = dZ2.T @ A1 + 0.25 * W2",
        "db2 = dZ2.sum(axis=0)",
        "dA1 = dZ2 @ W2",
        "dZ1 = dA1 * (A1 * (1.0 - A1))",
        "dW1 = dZ1.T @ X + 0.25 * W1",
        "db1 = dZ1.sum(axis=0)",
    ):
        assert line in lines, program.source
    assert "Z1     m × 3        3 sum(s) of 5 term(s): X @ W1.T + b1" in program.explain()
