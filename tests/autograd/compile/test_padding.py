"""Sums that lack terms: padded matrices, with the engine's values and slopes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Value, ieee, reverse
from autograd import functions as F
from autograd.compile import compile
from autograd.compile.matrix.groups import plan
from autograd.compile.record import record
from autograd.compile.simplify import simplify

N = 5
RNG = np.random.default_rng(8)
IMAGES, ROWS = RNG.normal(size=(4, N, N)), RNG.normal(size=(6, N))


def values(*shape):
    if len(shape) == 1:
        return [Value(x) for x in RNG.normal(size=shape)]
    return [values(*shape[1:]) for _ in range(shape[0])]


def flat(x):
    return [v for part in x for v in flat(part)] if isinstance(x, list) else [x]


K, L, B, M, U = values(2, 3, 3), values(2, 2, 3, 3), values(2), values(N, N), values(N * (N - 1) // 2)
PARAMS = flat([K, L, B, M, U])


def convolved(planes, kernels, i, j):
    """Σ over the window around (i, j), as far as it is inside."""
    z = 0.0
    for plane, kernel in zip(planes, kernels, strict=True):
        for u in range(3):
            for v in range(3):
                if 0 <= i + u - 1 < N and 0 <= j + v - 1 < N:
                    z = z + kernel[u][v] * plane[i + u - 1][j + v - 1]
    return z


def convolution(X):
    """Two layers, each as large as the image."""
    h = [[[F.tanh(convolved([X], [K[c]], i, j) + B[c]) for j in range(N)] for i in range(N)] for c in range(2)]
    return sum(F.softplus(convolved(h, L[c], i, j)) for c in range(2) for i in range(N) for j in range(N))


def triangle(x):
    """Each number from those before it."""
    return sum((x[i] - sum(M[i][j] * x[j] for j in range(i))) ** 2 for i in range(N))


def hidden_triangle(x):
    """The same with weights that are shared, as in an autoregressive network."""
    h = [[F.tanh(F.dot([M[q][c] for q in range(i)], x[:i], B[0])) for c in range(3)] for i in range(1, N)]
    return sum(z * z * (i + 1) for i, row in enumerate(h) for z in row)


def all_but_one(x):
    """Each number from all others."""
    return sum(F.softplus(-x[i] * sum(M[i][j] * x[j] for j in range(N) if j != i)) for i in range(N))


def symmetric(x):
    """The same with one weight for each pair."""
    pairs = {(i, j): U[k] for k, (i, j) in enumerate((i, j) for i in range(N) for j in range(i))}
    rows = [sum(pairs[max(i, j), min(i, j)] * x[j] for j in range(N) if j != i) for i in range(N)]
    return sum(F.softplus(-2 * x[i] * z) for i, z in enumerate(rows))


MODELS = [
    (convolution, IMAGES, 10),
    (triangle, ROWS, 6),
    (hidden_triangle, ROWS, 5),
    (all_but_one, ROWS, 6),
    (symmetric, ROWS, 7),
]


def engine(cost, data, params):
    roots = [cost(x) for x in data]
    return np.mean([r.data for r in roots]), np.mean([reverse.gradient(r, params) for r in roots], axis=0)


@pytest.mark.parametrize(("cost", "data", "most"), MODELS, ids=[m[0].__name__ for m in MODELS])
def test_padded_matrices_give_the_same_in_few_arrays(cost, data, most):
    program = compile(cost, PARAMS, backend="numpy")
    value, slopes = program(data)
    right, right_slopes = engine(cost, data, PARAMS)
    assert value == pytest.approx(right, rel=1e-12)
    np.testing.assert_allclose(slopes, right_slopes, rtol=1e-11, atol=1e-13)
    assert len(plan(simplify(record(cost, PARAMS, [data[0]]))).forward) <= most
    names = {}
    exec(program.source, names)
    np.testing.assert_allclose(names["program"](program.parameters, data)[1], slopes, rtol=1e-11, atol=1e-13)


def test_padded_matrices_elsewhere(slow_backend):
    value, slopes = compile(convolution, PARAMS, backend=slow_backend)(IMAGES)
    right, right_slopes = engine(convolution, IMAGES, PARAMS)
    assert value == pytest.approx(right, rel=1e-12)
    np.testing.assert_allclose(slopes, right_slopes, rtol=1e-11, atol=1e-13)


def test_a_padded_convolution_in_blocks_of_rows():
    program = compile(convolution, PARAMS, backend="numpy")
    many = np.tile(IMAGES, (30, 1, 1))
    whole = program(many)[0]
    program._runner.block = 7
    assert program(many)[0] == pytest.approx(whole, rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    there=st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=2, max_size=7),
    shared=st.booleans(),
    shift=st.integers(0, 3),
    constant=st.booleans(),
)
def test_any_terms_may_be_missing(there, shared, shift, constant):
    weights = [Value(0.3 * k - 1.0) for k in range(4 if shared else 4 * len(there))]

    def cost(x):
        result = weights[0] * x[0]
        for i, row in enumerate(there):
            z = weights[1] if constant else 0.0
            for j in range(4):
                if row[j]:
                    z = z + weights[j if shared else 4 * i + j] * x[(j + shift * i) % 4]
            result = result + F.tanh(z) * (i + 1) if isinstance(z, Value) else result
        return result

    data = np.random.default_rng(0).normal(size=(3, 4))
    value, slopes = compile(cost, weights, backend="numpy")(data)
    right, right_slopes = engine(cost, data, weights)
    assert value == pytest.approx(right, rel=1e-12, abs=1e-14)
    np.testing.assert_allclose(slopes, right_slopes, rtol=1e-10, atol=1e-13)


def test_what_is_multiplied_by_zero_may_be_infinite(backend):
    w = [Value(0.1 * (k + 1)) for k in range(16)]

    def cost(x):  # each unit looks at the other numbers, not at its own
        sums = [sum((w[4 * i + j] * x[j] for j in range(4) if j != i), 0.0) for i in range(4)]
        return sum((s.tanh() * (k + 1) for k, s in enumerate(sums)), 0.0)

    rows = np.array([[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]])
    program = compile(cost, w, backend=backend)
    program(rows)
    rows[1, 3] = np.inf
    with ieee():
        value, gradient = program(rows)
        roots = [cost(row.tolist()) for row in rows]
        assert value == pytest.approx(np.mean([root.data for root in roots]))
        expected = np.mean([reverse.gradient(root, w) for root in roots], axis=0)
        np.testing.assert_allclose(gradient, expected, rtol=1e-12)


def test_constants_of_sums_of_different_lengths(backend):
    def cost(x):
        long, short = 0.1 * x[0] + 0.2 * x[1] + 0.3 * x[2] + 0.7 * x[3], 0.4 * x[0] + 0.5 * x[1] + 0.6 * x[2]
        return (B[0] * F.tanh(long) + B[1] * F.tanh(short)) ** 2

    value, slopes = compile(cost, B, backend=backend)(ROWS)
    costs = [cost([Value(v) for v in row]) for row in ROWS]
    assert value == pytest.approx(np.mean([c.data for c in costs]), rel=1e-13)
    np.testing.assert_allclose(slopes, np.mean([reverse.gradient(c, B) for c in costs], axis=0), rtol=1e-12)
