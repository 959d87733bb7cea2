"""Products in sums, with what the examples share on one side: the same results, in few arrays."""

import numpy as np
import pytest

from autograd import Value, compile, dot, exp, softplus, sqrt, total
from autograd.compile.matrix.runner import Matrix
from autograd.reverse import gradient

N, K = 7, 3
GENERATOR = np.random.default_rng(4)
V = np.array([[Value(v) for v in row] for row in GENERATOR.normal(size=(N, K)) / 2], dtype=object)
W = np.array([Value(w) for w in GENERATOR.normal(size=N) / 2], dtype=object)
X = GENERATOR.normal(size=(6, N))


def squares_of_products(x):
    """A factorisation machine, as in its paper."""
    y = total([])
    for f in range(K):
        products = [V[i, f] * x[i] for i in range(N)]
        y += sum(products) ** 2 - sum(p**2 for p in products)
    return softplus(y)


def squares_written_out(x):
    return sum(sum(V[i, f] * x[i] * V[i, f] * x[i] - V[i, f] * x[i] for i in range(N)) for f in range(K)) ** 2


def squares_of_matrices(x):
    return np.sum((x @ V) ** 2 - (x * x) @ (V * V)).tanh()


def pairs(x):
    """The same machine over all pairs, factor by factor."""
    return softplus(
        sum(V[i, f] * V[j, f] * x[i] * x[j] for f in range(K) for i in range(N) for j in range(i + 1, N))
    )  # fmt: skip


def pairs_of_dots(x):
    return softplus(sum((V[i] @ V[j]) * x[i] * x[j] for i in range(N) for j in range(i + 1, N)))


def scaled(x):
    """The scale of the example inside the sums of a layer."""
    scale = 1 / sqrt(sum(v * v for v in x) + 1)
    return sum(sum(V[i, f] * x[i] * scale for i in range(N)).tanh() for f in range(K))


def kept(x):
    """A product that the cost needs for itself; a term next to W·x."""
    p = [w * v for w, v in zip(W, x, strict=True)]
    return sum(exp(a) * a for a in p) + sum(a * a for a in p) + sum(W[0] * v + v for v in x) ** 2


def squares_alone(x):
    squares = [(w * v) ** 2 for w, v in zip(W, x, strict=True)]
    return dot([0.0, 0.0, 2.0], [W[0] * x[0], squares[1], total(squares)]).tanh()


def of_the_root(x):
    return W[0] * x[0] * W[0] * x[1]


def of_two(x):
    """Two things with the same weights, as in comparisons by pairs."""
    strength = [sum(w * v for w, v in zip(W[:3], y, strict=True)) for y in (x[:3], x[3:6])]
    return softplus(strength[0] - strength[1])


def windows(x):
    """The mean of a filter over all places."""
    return sum(W[k] * x[i + k] for i in range(5) for k in range(3)).tanh()


COSTS = [
    (of_two, 3),
    (windows, 3),
    (squares_of_products, 5),
    (squares_written_out, 5),
    (squares_of_matrices, 5),
    (pairs, 7),
    (pairs_of_dots, 7),
    (scaled, 6),
    (kept, 3),
    (squares_alone, 4),
    (of_the_root, 3),
]
PARAMETERS = [*V.flat, *W]


def engine(cost):
    roots = [cost(x) for x in X]
    return np.mean([r.data for r in roots]), np.mean([gradient(r, PARAMETERS) for r in roots], axis=0)


@pytest.mark.parametrize(("cost", "most"), COSTS, ids=lambda x: getattr(x, "__name__", ""))
def test_grouped_products_give_the_same_in_few_arrays(cost, most):
    program = compile(cost, PARAMETERS, backend="numpy")
    value, slopes = program(X)
    expected = engine(cost)
    assert value == pytest.approx(expected[0], rel=1e-13)
    np.testing.assert_allclose(slopes, expected[1], rtol=1e-12, atol=1e-14)
    assert len(Matrix(program.recording).plan.forward) <= most


def test_grouped_products_elsewhere(slow_backend):
    def cost(x):
        return squares_of_products(x) + pairs(x) + kept(x)

    value, slopes = compile(cost, PARAMETERS, backend=slow_backend)(X)
    expected = engine(cost)
    assert value == pytest.approx(expected[0], rel=1e-13)
    np.testing.assert_allclose(slopes, expected[1], rtol=1e-12, atol=1e-14)


def test_the_text_is_that_of_the_books():
    program = compile(squares_of_matrices, PARAMETERS, backend="numpy")
    value, slopes = program(X)
    names = {}
    exec(program.source, names)
    again = names["program"](program.parameters, X)
    assert again[0] == pytest.approx(value)
    np.testing.assert_allclose(again[1], slopes)
    assert "(W1 * W1).sum(axis=-1)" in program.source


def test_two_sums_with_the_same_weights_are_one_product():
    program = compile(of_two, PARAMETERS, backend="numpy")
    program(X)
    assert "X[:, 0:3] - X[:, 3:6]" in program.source
    assert program.source.count(" @ ") == 2


def test_what_is_too_large_only_when_grouped():
    """(w·x)² is no larger than 1 where w² is."""
    w = Value(1e200, "w")
    program = compile(lambda x: (w * x) ** 2 + w * x, [w], backend="numpy")
    value, slopes = program([1e-200, 2e-200])
    assert value == pytest.approx((1 + 1 + 4 + 2) / 2)
    assert slopes[0] == pytest.approx(1e-200 * (2 + 1 + 8 + 2) / 2)
