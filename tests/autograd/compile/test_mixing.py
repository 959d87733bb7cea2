"""Sums with constants of their own, as in a graph network: one matrix product, whatever terms each of them lacks."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Value, compile, ieee
from autograd.compile.matrix.groups import plan
from autograd.compile.record import record
from autograd.compile.simplify import simplify
from autograd.reverse import gradient

RNG = np.random.default_rng(11)


def values(*shape):
    return np.array([Value(x) for x in RNG.normal(size=math.prod(shape)) / 2], dtype=object).reshape(shape)


def neighbours(n):
    """A graph in which the nodes have 1 to 4 neighbours."""
    pairs = {(i, (i * i + 1) % n) for i in range(n)} | {(i, (i + 1) % n) for i in range(0, n, 3)}
    pairs = {(min(p), max(p)) for p in pairs if p[0] != p[1]}
    return [sorted({j for p in pairs if i in p for j in p if j != i}) for i in range(n)]


W, V, B, U, ARM = values(3, 4), values(4, 2), values(4), values(9), values(150)


def features(h, w):
    return [[sum(x * y for x, y in zip(row, column, strict=True)) for column in zip(*w, strict=True)] for row in h]


def network(n, weight, *, own, bias=0.0):
    """Two layers of a graph network: features, then a weighted sum over the neighbours (and the node itself)."""
    near = [[i] * own + others for i, others in enumerate(neighbours(n))]
    x = RNG.normal(size=(n, 3)).tolist()

    def mixed(h):
        return [[sum(h[j][k] * weight(near, i, j) for j in near[i]) for k in range(len(h[0]))] for i in range(n)]

    def cost():
        a = [[(z + b).tanh() for z, b in zip(row, B * bias, strict=True)] for row in mixed(features(x, W))]
        return sum(z.softplus() for row in mixed(features(a, V)) for z in row)

    return cost


def normalised(near, i, j):
    return 1.0 / math.sqrt(len(near[i]) * len(near[j]))


def mean(near, i, _):
    return 1.0 / len(near[i])


def plain(*_):
    return 1.0


def smoothed(x):
    """A moving average that is narrower near the borders, twice; the weights are those of what is there."""
    for _ in range(2):
        rows = [{j: math.exp(-((i - j) ** 2)) for j in range(9) if abs(i - j) < 3} for i in range(9)]
        x = [sum(c / sum(row.values()) * x[j] for j, c in row.items()).tanh() for row in rows]
    return sum(u * v for u, v in zip(U, x, strict=True)) ** 2


def shared_beginnings(x):
    """Sums that begin alike, and sums of these."""
    sums = [x[0] * U[0]]
    for v in x[1:]:
        sums.append(sums[-1] + v * U[0])
    return sum(0.5 * s for s in sums).tanh() + sum(sums[:4]).tanh()


def arm(x):
    """An arm of many parts: the angle of each is the sum of all turns before it."""
    angle, reach, height = 0.0, -x[0], -x[1]
    for turn in ARM:
        angle = angle + turn
        reach, height = reach + angle.cos(), height + angle.sin()
    return reach**2 + height**2


def running_total(x):
    """Differences to a running total, of numbers of the example and of functions of them."""
    total = cost = 0.0
    for v, u in zip(x, U, strict=True):
        total = total + v.tanh() * 0.5
        cost = cost + (total * u - v) ** 2
    return cost


PARAMS = [*W.flat, *V.flat, *B, *U, *ARM]
ROWS = RNG.normal(size=(5, 9))
MODELS = {
    "normalised": (network(8, normalised, own=True), ()),
    "mean and bias": (network(8, mean, own=True, bias=1.0), ()),
    "sum without the node itself": (network(7, plain, own=False), ()),
    "smoothed": (smoothed, (ROWS,)),
    "shared beginnings": (shared_beginnings, (ROWS,)),
    "arm": (arm, (ROWS,)),
    "running total": (running_total, (ROWS,)),
}


def by_the_engine(cost, data, params=PARAMS):
    rows = list(zip(*data, strict=True)) or [()]
    costs = [cost(*([Value(v) for v in a] for a in row)) for row in rows]
    slopes = np.mean([gradient(c, params) for c in costs], axis=0)
    return float(np.mean([c.data for c in costs])), slopes


@pytest.mark.parametrize("name", MODELS)
def test_the_program_is_right(backend, name):
    cost, data = MODELS[name]
    value, slopes = compile(cost, PARAMS, backend=backend)(*data)
    expected, by_hand = by_the_engine(cost, data)
    assert value == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(slopes, by_hand, rtol=1e-12, atol=1e-14 * np.abs(by_hand).max())


@pytest.mark.parametrize("weight", [normalised, mean])
def test_the_number_of_arrays_does_not_depend_on_the_graph(weight):
    arrays = {len(plan(simplify(record(network(n, weight, own=True), PARAMS))).forward) for n in (8, 12, 17)}
    assert len(arrays) == 1
    assert arrays.pop() <= 8


def test_the_only_neighbour_of_another_is_a_row_like_others():
    line = [[0, 1], [0, 1, 2], *([i - 1, i, i + 1] for i in range(2, 6)), [5, 6]]  # 0 and 6 have one neighbour each
    x = RNG.normal(size=(7, 3)).tolist()

    def cost():
        h = features(x, W)
        return sum((sum(h[j][k] for j in near) / len(near) + B[k]).tanh() for near in line for k in range(4))

    program = compile(cost, PARAMS, backend="numpy")
    program()
    assert program.source.count(" @ ") == 2, program.source  # all rows of X W at once, forward and backward


@pytest.mark.parametrize(("cost", "most"), [(arm, 45), (running_total, 7)])
def test_a_running_sum_has_few_arrays(cost, most):
    assert len(plan(simplify(record(cost, PARAMS, (ROWS[0],)))).forward) <= most  # not some for each of its steps


def test_the_source_is_that_of_a_textbook():
    program = compile(network(8, normalised, own=True), PARAMS, backend="numpy")
    lines = [line.split("  #")[0].split(" = ") for line in program.source.splitlines() if " @ " in line]
    products = {target.strip(): formula for target, formula in lines}
    mixed = [formula for formula in products.values() if formula.startswith("C") and ".T" not in formula]
    assert len(mixed) == 3, products  # X W, C (X W), and C (A V)
    assert len(products) == 4 + 5, products  # and (A V); backward, each once more, but for the slopes along X
    names = {}
    exec(program.source, names)
    assert names["program"](program.parameters)[0] == pytest.approx(program()[0], rel=1e-14)


@st.composite
def mixtures(draw):
    """A sparse matrix for each of one or two layers, its constants from a small set, so that many are equal."""
    n = draw(st.integers(4, 9))
    constant = st.sampled_from([0.0, 0.0, 1.0, -1.0, 0.5, 0.25, 0.3])
    size = st.lists(st.lists(constant, min_size=n, max_size=n), min_size=n, max_size=n)
    return n, draw(st.lists(size, min_size=1, max_size=2)), draw(st.booleans()), draw(st.booleans())


@settings(max_examples=40, deadline=None)
@given(mixtures())
def test_random_mixtures(case):
    n, matrices, batched, biased = case

    def cost(*x):
        h = [u * v for u, v in zip(U, x[0], strict=False)] if x else list(U[:n])
        for matrix in matrices:
            sums = [
                sum((c * v for c, v in zip(row, h, strict=True) if c), U[i] * biased) for i, row in enumerate(matrix)
            ]
            h = [(s + 0.0 * U[0]).tanh() for s in sums]
        return sum(v * v for v in h)

    data = (ROWS[:, :n],) if batched else ()
    value, slopes = compile(cost, PARAMS, backend="numpy")(*data)
    expected, by_hand = by_the_engine(cost, data)
    assert value == pytest.approx(expected, rel=1e-12, abs=1e-15)
    np.testing.assert_allclose(slopes, by_hand, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("n", [2, 6])
def test_what_a_sum_does_not_have_may_be_infinite(n):
    rows = ROWS.copy()
    rows[1, 7] = np.inf

    def cost(x):
        z = [0.1 * x[i] + 0.2 * x[i + 1] + (0.3 + i) * x[i + 2] + (x[7] if i == 1 else 0.0) for i in range(n)]
        return sum(U[i] * v.tanh() for i, v in enumerate(z))

    program = compile(cost, PARAMS, backend="numpy")
    with ieee():
        value, slopes = program(rows)
        expected, by_hand = by_the_engine(cost, (rows,))
        assert value == pytest.approx(expected, rel=1e-13)
        np.testing.assert_allclose(slopes, by_hand, rtol=1e-12)
