"""A wrong index: the right quantity of the wrong unit, row, column or example is found wherever it stands."""

import re

import numpy as np
import pytest

import autograd as ag
from autograd import gradcheck
from autograd.check.diagnosis.graph import Graph
from autograd.check.diagnosis.grids import Units, moves
from autograd.check.diagnosis.groups import Groups
from autograd.check.problem import Block, Point, Problem
from autograd.reverse import gradient as slopes
from autograd.value import Value

RNG = np.random.default_rng(8)
X, Y = RNG.normal(size=(4, 3)), RNG.normal(size=(4, 3))
WEIGHTS = RNG.normal(size=(3, 3)), RNG.normal(size=(3, 3))


def network(W1, W2):
    total = 0.0
    for x, y in zip(X, Y, strict=True):
        h = [ag.sigmoid(ag.dot(w, x)) for w in W1]
        o = [ag.dot(w, h) for w in W2]
        total = total + sum((a - b) ** 2 for a, b in zip(o, y, strict=True))
    return total


def by_hand(slip):
    """The gradient of `network`, with a slip of an index."""

    def gradient(W1, W2):
        H = 1 / (1 + np.exp(-X @ W1.T))
        targets = np.roll(Y, -1, axis=0) if slip == "next target" else Y
        D, S = 2 * (H @ W2.T - targets), H * (1 - H)
        below = D @ W2  # Σ_p ∂E/∂o_p w_pj
        if slip == "j for p":
            below = D * W2.sum(axis=0)  # Σ_p ∂E/∂o_j w_pj
        if slip == "first column":
            below = np.repeat(D @ W2[:, :1], 3, axis=1)
        if slip == "sum too short":
            below = D[:, :-1] @ W2[:-1]
        if slip == "next slope":
            S = np.roll(S, -1, axis=1)
        if slip == "slope of the last example":
            S = np.repeat(S[-1:], 4, axis=0)
        delta = below * S
        outputs = {"next example": np.roll(H, -1, axis=0), "x for h": X, "first unit": np.repeat(H[:, :1], 3, axis=1)}
        above = D if slip == "delta of the wrong layer" else delta
        return above.T @ X, D.T @ outputs.get(slip, H)

    return gradient


@pytest.mark.parametrize(
    ("slip", "kind", "where", "words"),
    [
        ("j for p", "wrong-point", "along sigmoid", "the unit below in place of that of the unit above"),
        ("first column", "wrong-point", "along sigmoid", "the slope of the first unit below for all"),
        ("sum too short", "missing-term", "along sigmoid", "leaves out the last unit above of 3"),
        ("next slope", "permuted", "slope of sigmoid", "the slope of the next unit"),
        ("slope of the last example", "wrong-point", "slope of sigmoid", "the slope of the last example for all"),
        ("next example", "permuted", "along W2", "the slope of the next example"),
        ("first unit", "wrong-point", "along W2", "the slope of the first column of W2 for all"),
        ("x for h", "wrong-point", "along W2", "the numbers that multiply W1 in place of the slope"),
        ("delta of the wrong layer", "wrong-point", "W1", "the gradient of .* in place of the gradient that arrives"),
        ("next target", "permuted", "²", "the constant in .* of the next example"),
    ],
)
def test_slips_of_an_index_in_a_network(slip, kind, where, words):
    report = gradcheck(network, WEIGHTS, by_hand(slip), points=3)
    assert report.verdict == "wrong"
    best = report.diagnosis[0]
    assert (best.kind, where in best.where) == (kind, True), best
    assert pytest.approx(0, abs=1e-8) == best.evidence.error
    assert best.text.startswith(("A slip of an index: ", "At "))
    assert re.search(words, best.text), best.text


def test_the_network_by_hand_is_right():
    assert gradcheck(network, WEIGHTS, by_hand(""), points=3)


def test_a_kernel_that_is_not_turned():
    """The gradient of a convolution along the signal needs the kernel the other way round."""
    t = RNG.normal(size=6)

    def f(k, z):
        return sum((sum(k[j] * z[i + j] for j in range(3)) - t[i]) ** 2 for i in range(6))

    def gradient(k, z):
        e = 2 * (np.correlate(z, k) - t)
        return np.correlate(z, e), np.convolve(e, k[::-1])  # right: np.convolve(e, k)

    best = gradcheck(f, (RNG.normal(size=3), RNG.normal(size=8)), gradient).diagnosis[0]
    assert best.kind == "permuted"
    assert "along z" in best.where
    assert "component of k running backwards" in best.text


def test_components_that_are_left_at_zero():
    def gradient(x):
        d = 2 * x
        d[-1] = 0
        return d

    best = gradcheck(lambda x: ag.total([v * v for v in x]), (np.array([0.3, -0.7, 1.1]),), gradient).diagnosis[0]
    assert (best.kind, best.where, best.factor) == ("missing-term", "∂f/∂x", 0.0)
    assert "x[2] is 0" in best.text


# -- The grids ----------------------------------------------------------------------------------------------------


@pytest.fixture
def units():
    """The units in the graph of the network."""
    made = [np.array([Value(v) for v in w.ravel()], dtype=object).reshape(w.shape) for w in WEIGHTS]
    root, leaves = network(*made), [v for w in made for v in w.ravel()]
    exact = np.array(slopes(root, leaves))
    at = np.array([v.data for v in leaves])
    blocks = [Block("W1", (3, 3), 0), Block("W2", (3, 3), 9)]
    names = [b.component(i) for b in blocks for i in range(9)]
    point = Point(at, root, leaves, exact, exact + 1, 1e-6 + 0 * exact)
    graph = Graph(Problem(network, names, blocks, [point]))
    return Units(graph, Groups(graph))


def test_places_lie_in_grids(units):
    shapes = {}
    for group in units.groups.groups:
        grid = units.grid(group.edges)
        if grid is not None:
            shapes.setdefault(tuple(sorted(zip(grid.axes, grid.shape, strict=True))), grid)
    assert (("example", 4), ("unit", 3)) in shapes  # the sigmoids
    assert (("example", 4), ("unit above", 3), ("unit below", 3)) in shapes  # the products of layer 2, along h
    assert (("column of W1", 3), ("example", 4), ("row of W1", 3)) in shapes
    for grid in shapes.values():
        assert sorted(grid.edge_at.ravel().tolist()) == list(range(grid.where.shape[1]))
        for words, _, other in moves(grid):
            assert other.shape == (grid.where.shape[1],), words
