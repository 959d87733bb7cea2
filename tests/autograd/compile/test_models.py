"""A program gives what the eager engine gives, on the models that people write."""

import numpy as np
import pytest
from costs import MODELS, matrix, mlp, one_hot

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
    for options in penalties[: 1 if backend in ("jax", "numba") else 3]:  # (they take seconds for each program)
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
    from autograd.compile.matrix.tensors import Product

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


def test_columns_of_a_matrix_with_eight(quick_backend):
    # NumPy 2.4's `negative` skips numbers that lie eight apart, in what it writes as well as in what it reads
    W = matrix(np.random.default_rng(0), 3, 8)
    data = np.array([0.5, -1.0]), np.array([[1.0, 2.0, 3.0], [0.0, -1.0, 1.0]])

    def cost(x, t):
        return sum((tk - r[0] * x - r[1] * F.sin(x) - F.sigmoid(r[2])) ** 2 for r, tk in zip(W, t, strict=True))

    assert_same(cost, [W], data, quick_backend)
