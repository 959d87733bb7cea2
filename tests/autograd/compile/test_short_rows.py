"""Short rows that all examples share, such as biases, are written out for each of them; σ's sums are kept as -z."""

import numpy as np
import pytest

from autograd import Value, compile, ieee
from autograd.compile.aligned import zeros
from autograd.compile.matrix.arrays import SHORT_ROW
from autograd.reverse import gradient

RNG = np.random.default_rng(8)


def table(n, m):
    return [[Value(w) for w in row] for row in RNG.normal(0.0, 0.7, (n, m))]


def weighted(rows, x, *biases):
    sums = [sum(w * xi for w, xi in zip(row, x, strict=True)) for row in rows]
    for b in biases:
        sums = [z + bi for z, bi in zip(sums, b, strict=True)]
    return sums


W, V, C = table(5, 3), table(5, 3), table(2, 5)
LONG = table(SHORT_ROW + 1, 3)
(B,), (B2,), (B_LONG,), (ONE,) = table(1, 5), table(1, 5), table(1, SHORT_ROW + 1), table(1, 3)
MODELS = {
    "one bias": lambda x: sum(z.sigmoid() for z in weighted(W, x, B)),
    "two biases": lambda x: sum(z.sigmoid() for z in weighted(W, x, B, B2)),
    "one bias twice": lambda x: sum(z.sigmoid() for z in weighted(W, x, B, B)),
    "a bias taken off": lambda x: sum((z - b).sigmoid() for z, b in zip(weighted(W, x), B, strict=True)),
    "one added, one taken off": lambda x: sum((z - b).sigmoid() for z, b in zip(weighted(W, x, B2), B, strict=True)),
    "a bias halved": lambda x: sum((z + 0.5 * b).sigmoid() for z, b in zip(weighted(W, x), B, strict=True)),
    "a number as well": lambda x: sum((z + 0.5).sigmoid() for z in weighted(W, x, B)),
    "no bias": lambda x: sum(z.sigmoid() for z in weighted(W, x)),
    "two products": lambda x: sum(
        (z + u).sigmoid() for z, u in zip(weighted(W, x, B), weighted(V, [xi * xi for xi in x]), strict=True)
    ),
    "a product of the other sign": lambda x: sum((b - z).sigmoid() for z, b in zip(weighted(W, x), B, strict=True)),
    "the data themselves": lambda x: sum((xi + b).sigmoid() * w for xi, b, w in zip(x, ONE, W[0], strict=True)),
    "z used again": lambda x: sum(z.sigmoid() * z for z in weighted(W, x, B)),
    "another function": lambda x: sum(z.tanh() for z in weighted(W, x, B)),
    "two layers": lambda x: sum(
        z.sigmoid() for z in weighted(C, [z.sigmoid() for z in weighted(W, x, B)], [B2[0], B2[1]])
    ),
    "one unit": lambda x: weighted(W[:1], x, B[:1])[0].sigmoid(),
    "a row that is not short": lambda x: sum(z.sigmoid() for z in weighted(LONG, x, B_LONG)),
}
PARAMS = [w for rows in (W, V, C, LONG, [B, B2, B_LONG, ONE]) for row in rows for w in row]


@pytest.mark.parametrize("rows", [1, 7])
@pytest.mark.parametrize("name", MODELS)
def test_sums_with_rows_that_all_examples_share(name, rows, backend):
    model, data = MODELS[name], RNG.normal(size=(rows, 3))
    value, slopes = compile(model, PARAMS, backend=backend)(data)
    costs = [model(list(map(Value, x))) for x in data]
    assert value == pytest.approx(np.mean([c.data for c in costs]), rel=1e-13)
    np.testing.assert_allclose(slopes, np.mean([gradient(c, PARAMS) for c in costs], axis=0), rtol=1e-12, atol=1e-14)


def test_the_sum_of_a_sigmoid_is_kept_as_its_negative_only_where_nothing_else_reads_it():
    def text(name):
        program = compile(MODELS[name], PARAMS, backend="numpy")
        program(RNG.normal(size=(4, 3)))
        return program.fast_source

    assert "minus.dot(" in text("one bias")
    assert "column" not in text("one bias")
    assert "minus" not in text("z used again")
    assert "column.dot(" in text("z used again")
    assert "minus" not in text("a row that is not short")


def test_a_bias_that_is_infinite_stays_in_its_column():
    w, b = Value(1.0), [Value(1.0), Value(2.0)]
    with ieee():
        b[0].data = float("inf")
        program = compile(lambda x: (w * x + b[0]).sigmoid() + 2.0 * (w * x + b[1]).sigmoid(), [w, *b], backend="numpy")
        value, slopes = program([0.5, -0.5])
    other = [1 / (1 + np.exp(-2.5)), 1 / (1 + np.exp(-1.5))]
    assert value == pytest.approx(1 + sum(other), rel=1e-14)
    assert slopes[1] == 0.0
    assert slopes[2] == pytest.approx(sum(a * (1 - a) for a in other), rel=1e-14)


@pytest.mark.parametrize("size", [1, 7, 8, 1000])
def test_zeros_begin_at_a_line(size):
    array = zeros(size)
    assert array.ctypes.data % 64 == 0
    assert array.shape == (size,)
    assert array.dtype == np.float64
    assert not array.any()
    assert zeros(0).shape == (0,)
