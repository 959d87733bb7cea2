"""The readable text of a program is what a person would write, and it gives what the program gives."""

import numpy as np
import pytest

import autograd as F
from autograd import Value
from autograd.compile import compile
from autograd.compile.matrix.slices import slice_of, table_of
from autograd.compile.matrix.tensors import Ref, Tensor


def matrix(*shape):
    numbers = np.random.default_rng(2).normal(scale=0.5, size=shape)
    return np.array([Value(x) for x in numbers.ravel()], dtype=object).reshape(shape)


def attention():
    W = matrix(12, 4)

    def cost(X, Y):
        q, k, v = (X @ W[4 * i : 4 * i + 4].T for i in range(3))
        e = np.exp(q @ k.T / 2)
        return ((e / e.sum(axis=1, keepdims=True) @ v - Y) ** 2).sum()

    lines = [
        "Z1 = X @ W1.T",
        "Z2 = 0.5 * (Z1[:, :, 0:4] @ Z1[:, :, 4:8].swapaxes(-1, -2))",
        "M1 = Z2.max(axis=-1)",
        "E1 = np.exp(S1)",
        "S2 = E1.sum(axis=-1)",
        "R1 = E1 / S2[:, :, None]",
        "Z3 = R1 @ Z1[:, :, 8:12] - Y",
        "dZ3 = 2.0 * (Z3 / m)",
        "dR1 = dZ3 @ Z1[:, :, 8:12].swapaxes(-1, -2)",
        "dS1 = dE1 * E1",
        "dZ1[:, :, 0:4] = 0.5 * (dS1 @ Z1[:, :, 4:8])",
        "dZ1[:, :, 8:12] = R1.swapaxes(-1, -2) @ dZ3",
        "dW1 = dZ1.reshape(-1, 12).T @ X.reshape(-1, 4)",
    ]
    return cost, [W], [(3, 4), (3, 4)], lines


def recurrent_on_concatenated_rows():
    W, b = matrix(4, 7), matrix(4)

    def cost(xs):
        h = np.zeros(4)
        for x in xs:
            h = np.tanh(W @ np.concatenate([x, h]) + b)
        return h.sum()

    lines = [
        "Z2 = xs[:, 1, :] @ W1[:, 0:3].T + A1 @ W1[:, 3:7].T + b1",
        "A2 = np.tanh(Z2)",
        "dZ2 = dA2 * (1.0 - A2 * A2)",
        "dA1 = dZ2 @ W1[:, 3:7]",
    ]
    return cost, [W, b], [(3, 3)], lines


def layer_norm():
    g, c = matrix(4), matrix(4)

    def cost(x):
        mean = sum(x) / 4
        spread = F.sqrt(sum((xi - mean) ** 2 for xi in x) / 4 + 0.1)
        return F.total([(gi * (xi - mean) / spread + ci) ** 3 for xi, gi, ci in zip(x, g, c, strict=True)])

    lines = [
        "S1 = 0.25 * X.sum(axis=-1, keepdims=True)",
        "S2 = X - S1",
        "S3 = 0.25 * (S2 * S2).sum(axis=-1, keepdims=True) + 0.1",
        "V3 = S4 ** 3",
        "dS4 = 3 * S4 ** 2 / m",
        "dw2 = dS4.sum(axis=0)",
    ]
    return cost, [g, c], [(4,)], lines


def one_unit():
    w, b = matrix(1, 3), matrix(1)

    def cost(x, t):
        return F.softplus(F.dot(w[0], x, b[0])) - t * F.dot(w[0], x, b[0]) + 0.5 * sum(wk * wk for wk in w[0])

    return cost, [w, b], [(3,), ()], ["Z1 = X @ W1.T + b1", "dZ1 = (sigmoid(Z1) - t) / m", "dW1 = dZ1.T @ X + W1"]


def chain():
    """A step of a hidden Markov model, and the largest of the same numbers in another order."""
    A, b = matrix(3, 3), matrix(3)

    def cost(x):
        alpha = [F.log(F.total([F.exp(A[i][j] + x[i]) for i in range(3)])) for j in range(3)]
        turned = [F.log(F.total([F.exp(alpha[(i + j) % 3]) for i in range(3)])) for j in range(3)]
        return F.dot(turned, b) - 0.25

    return cost, [A, b], [(3,)], ["S1 = W1 + X[:, :, None]", "M1 = S1.max(axis=-2)", "S3 = E1.sum(axis=-2)"]


def toeplitz():
    """Weights that repeat along diagonals; and the same weights transposed, times constants."""
    c = matrix(4)

    def cost(x):
        z = [sum(c[abs(i - j)] * x[j] for j in range(4)) for i in range(4)]
        y = [c[0] * 2.0 * z[0] - 3.0 * z[1], z[2] + 0.5 * z[3]]
        return F.dot(z, z) - F.dot(y, y)

    return cost, [c], [(4,)], ["Z1 = X @ G1.T", "dG1 = dZ1.T @ X"]


def tied():
    W, b = matrix(2, 5), matrix(5)

    def cost(x):
        return (((x @ W.T) @ W + b - x) ** 2).sum() - x.sum() + 3 * b[0] - 2.0

    lines = ["Z1 = X @ W1.T", "Z2 = Z1 @ W1 + b2 - X", "dW1 = Z1.T @ dZ2 + dZ1.T @ X"]
    return cost, [W, b], [(5,)], lines


MODELS = [attention, recurrent_on_concatenated_rows, layer_norm, one_unit, chain, toeplitz, tied]


@pytest.mark.parametrize("model", MODELS)
def test_the_lines_of_a_textbook(model):
    cost, params, shapes, expected = model()
    rng = np.random.default_rng(3)
    data = [rng.normal(size=(5, *shape)) for shape in shapes]
    program = compile(cost, params, backend="numpy")
    value, slopes = program(*data)
    lines = [line.split("  #")[0].strip() for line in program.source.splitlines()]
    for line in expected:
        assert line in lines, f"{line}\n{program.source}"
    for silly in ("[:, :, :]", "* 1.0", "+ -", "[None", ".reshape(m, 1)"):
        assert silly not in program.source, program.source
    namespace = {}
    exec(program.source, namespace)
    others = namespace["program"](program.parameters, *data), compile(cost, params, backend="python")(*data)
    for got, got_slopes in others:
        assert got == pytest.approx(value, rel=1e-12)
        np.testing.assert_allclose(got_slopes, slopes, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("taken", ["len", "slice", "np", "m", "value", "sigmoid", "Z1", "lambda", "a b"])
def test_names_that_the_text_uses_itself(taken):
    w = [Value(x, taken) for x in (0.5, -0.25, 1.5, 0.75)]
    namespace = {"F": F, "w": w}
    argument = taken if taken.isidentifier() and taken != "lambda" else "x"
    exec(f"def cost({argument}): return F.dot([w[k] for k in (0, 1, 0, 3)], {argument}).sigmoid() * w[2]", namespace)
    program = compile(namespace["cost"], w, backend="numpy")
    X = np.random.default_rng(4).normal(size=(3, 4))
    value, slopes = program(X)
    exec(program.source, namespace)
    got, got_slopes = namespace["program"](program.parameters, X)
    assert got == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(got_slopes, slopes, rtol=1e-12)


@pytest.mark.parametrize("shape", [(2, 2), (2, 4), (3, 2), (3, 3), (4, 2)])
def test_constants_are_what_their_text_says(shape):
    for values in (1 - np.eye(*shape), np.eye(*shape), np.triu(np.full(shape, 0.5), -1), np.tril(np.ones(shape))):
        np.testing.assert_array_equal(eval(table_of(values)), values)


def test_a_program_without_parameters():
    program = compile(lambda x, t: (x[0] - t) ** 2, [], backend="numpy")
    program([[1.0], [2.0]], [2.0, 4.0])
    namespace = {}
    exec(program.source, namespace)
    value, slopes = namespace["program"](program.parameters, [[1.0], [2.0]], [2.0, 4.0])
    assert value == 2.5
    assert slopes.shape == (0,)


@pytest.mark.parametrize(
    ("reduce", "expected"),
    [
        ("mean", "np.sum(V1) / m + 0.5 * np.sum(W1[0] * W1[0]) - 0.25"),
        ("sum", "np.sum(V1) + 0.5 * (m * np.sum(W1[0] * W1[0])) - 0.25 * m"),
    ],
)
def test_what_is_the_same_for_all_examples(reduce, expected):
    w, b = [Value(0.5), Value(-1.0)], Value(0.3)
    program = compile(
        lambda x: F.maximum(F.dot(w, x, b), 0) + 0.5 * F.dot(w, w) - 0.25, [w, b], backend="numpy", reduce=reduce
    )
    X = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.5]])
    value, slopes = program(X)
    lines = [line.split("  #")[0].strip() for line in program.source.splitlines()]
    assert f"value = {expected}" in lines, program.source
    assert "0.5 + 0.5 * np.sign(Z1)" in program.source  # not Z1 - 0.0
    namespace = {}
    exec(program.source, namespace)
    got, got_slopes = namespace["program"](program.parameters, X)
    assert got == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(got_slopes, slopes, rtol=1e-12)


@pytest.mark.parametrize(
    ("shape", "strides", "expected"),
    [
        ((3,), (2,), "w[9:14:2]"),
        ((1, 3), (1, 2), "w[9:14:2].reshape(1, 3)"),
        ((3, 1), (-4, 1), "w[9::-4].reshape(3, 1)"),
        ((3, 1), (4, 9), "w[9:18:4].reshape(3, 1)"),
        ((3, 1), (4, 1), "w[9:21].reshape(3, 4)[:, :1]"),
        ((1, 1), (0, 0), "w[9:10].reshape(1, 1)"),
        ((2, 3), (3, 1), "w[9:15].reshape(2, 3)"),
        ((2, 3), (1, 2), "w[9 + np.arange(2)[:, None] + 2 * np.arange(3)]"),
    ],
)
def test_views_of_the_parameters(shape, strides, expected):
    text, _ = slice_of("w", Ref(Tensor("parameters", 40, False), 9, shape, strides))
    assert text == expected
    grid = np.ix_(*(s * np.arange(n) for n, s in zip(shape, strides, strict=True)))
    np.testing.assert_array_equal(eval(text, {"np": np, "w": np.arange(40.0)}), 9 + sum(grid))
