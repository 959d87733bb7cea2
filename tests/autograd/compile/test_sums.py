"""Products of rows of two tables, each row with a few others only: copies of rows, instead of many small matrices."""

import random

import numpy as np
import pytest

from autograd import Value, compile
from autograd.compile.matrix.groups import plan
from autograd.compile.record import record
from autograd.compile.simplify import simplify
from autograd.reverse import gradient

RNG = np.random.default_rng(3)
U, V = ([[Value(x) for x in row] for row in RNG.normal(size=(n, 3)) / 2] for n in (12, 9))
PARAMS = [x for table in (U, V) for row in table for x in row]
X = RNG.normal(size=(4, 12))


def pairs(count, seed=1):
    choice = random.Random(seed)
    return [(choice.randrange(12), choice.randrange(9), choice.gauss(0.0, 1.0)) for _ in range(count)]


def dot(u, v):
    return sum(a * b for a, b in zip(u, v, strict=True))


def ratings(observed):
    """Matrix factorisation: some entries of U Vᵀ are known, some of them twice."""
    return lambda: sum((dot(U[i], V[j]) - y) ** 2 for i, j, y in observed)


def words(observed):
    """Words and their neighbours, and one that is none."""
    return lambda: (
        -sum(dot(U[i], V[j]).sigmoid().log() + (-dot(U[j], V[i % 9])).sigmoid().log() for i, j, _ in observed)
    )


def of_the_example(x):
    """Rows scaled by the example."""
    return sum((dot([x[i] * u for u in U[i]], V[j]) - y).tanh() for i, j, y in pairs(20))


@pytest.mark.parametrize("model", [ratings(pairs(60)), words(pairs(30))])
def test_pairs_of_rows(backend, model):
    value, slopes = compile(model, PARAMS, backend=backend)()
    cost = model()
    assert value == pytest.approx(cost.data, rel=1e-13)
    np.testing.assert_allclose(slopes, gradient(cost, PARAMS), rtol=1e-12, atol=1e-13)


def test_pairs_of_rows_of_every_example(backend):
    value, slopes = compile(of_the_example, PARAMS, backend=backend)(X)
    costs = [of_the_example(list(map(Value, row))) for row in X]
    assert value == pytest.approx(np.mean([c.data for c in costs]), rel=1e-13)
    np.testing.assert_allclose(slopes, np.mean([gradient(c, PARAMS) for c in costs], axis=0), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("model", [ratings, words])
def test_there_are_few_arrays(model):
    arrays = [len(plan(simplify(record(model(pairs(n)), PARAMS))).forward) for n in (30, 60, 90)]
    assert max(arrays) <= 20  # and not some for every row of a table
