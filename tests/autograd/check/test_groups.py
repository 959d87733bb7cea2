"""Places in a graph: what belongs together is found from the graph's own structure."""

import numpy as np
import pytest

import autograd as ag
from autograd.check.diagnosis.effects import Trials, gradient, gradients
from autograd.check.diagnosis.graph import Change, Graph
from autograd.check.diagnosis.groups import Groups
from autograd.check.problem import Block, Point, Problem
from autograd.reverse import gradient as exact_gradient
from autograd.transform import variable


def problem_of(f, at, names, points=3):
    """A Problem whose formula is right; only its graphs are looked at."""
    rng = np.random.default_rng(0)
    blocks, offset = [], 0
    for i, (a, name) in enumerate(zip(at, names, strict=True)):
        blocks.append(Block(name, np.shape(a), offset, i))
        offset += blocks[-1].size
    made = []
    for _ in range(points):
        numbers = [np.asarray(a) + 0.3 * rng.normal(size=np.shape(a)) for a in at]
        leaves = []
        root = f(*(variable(n if n.shape else float(n), leaves) for n in numbers))
        exact = np.array(exact_gradient(root, leaves))
        flat = np.concatenate([np.ravel(n) for n in numbers])
        made.append(Point(flat, root, leaves, exact, exact, 1e-9 * np.abs(exact)))
    return Problem(f, [b.component(i) for b in blocks for i in range(b.size)], blocks, made)


def network(W, b, v):
    h = [ag.tanh(ag.dot(row, [0.5, -1.0], bias)) for row, bias in zip(W, b, strict=True)]
    return (ag.dot(v, h) - 0.3) ** 2 + 0.1 * sum(w * w for w in W.ravel())


@pytest.fixture(scope="module")
def graph():
    rng = np.random.default_rng(1)
    return Graph(
        problem_of(network, (rng.normal(size=(3, 2)), rng.normal(size=3), rng.normal(size=3)), ["W", "b", "v"])
    )


def test_the_flattened_graph_has_the_same_gradient(graph):
    assert gradient(graph) == pytest.approx(graph.exact, rel=1e-12)


@pytest.mark.parametrize(
    "f",
    [
        lambda x, y: (x * y - y / 3 + 2).exp() * x + abs(y),
        lambda x, y: ag.total([x, y, x]) * ag.dot([x, 2.0, y], [y, x, y], x),
        lambda x, y: -(((x - y) / 4) ** 2) - (-x) * 3 + ag.maximum(x, y) ** (x * x),
        lambda x, y: x,
        lambda x, y: 2 * (x + y),
    ],
)
def test_any_graph_is_flattened_without_changing_its_gradient(f):
    graph = Graph(problem_of(f, (1.3, 0.8), ["x", "y"]))
    assert gradient(graph) == pytest.approx(graph.exact, rel=1e-12)


def test_a_change_of_slopes_is_the_chain_rule_with_those_slopes(graph):
    edges = np.flatnonzero([graph.nodes[s].op == "tanh" for s in graph.src])
    changed = gradients(graph, [Change(edges, np.ones((len(edges), len(graph.points))))])[0]
    for k, point in enumerate(graph.points):
        W, b, v = point.at[:6].reshape(3, 2), point.at[6:9], point.at[9:]
        h = np.tanh(W @ [0.5, -1.0] + b)
        delta = 2 * (v @ h - 0.3) * v  # without tanh's slope
        expected = np.concatenate([np.ravel(np.outer(delta, [0.5, -1.0]) + 0.2 * W), delta, 2 * (v @ h - 0.3) * h])
        assert changed[k] == pytest.approx(expected, rel=1e-12)


def test_both_ways_to_try_a_change_agree(graph):
    """By a pass over the graph, and by the effect on the gradient: for every place with every factor."""
    changes = [Change(g.edges, 3 * graph.slope[g.edges] - 1) for g in Groups(graph).groups]
    trials = Trials(graph, changes, range(len(graph.points)))
    plain = np.flatnonzero(trials.crossed == 0)
    assert len(plain) > 5
    assert trials._by_effects(graph, plain) == pytest.approx(trials._backwards(graph, plain), rel=1e-11, abs=1e-13)
    elsewhere = graph.changed(changes[-1])  # nothing is left from the graph with the other slopes
    assert trials._by_effects(elsewhere, plain) == pytest.approx(
        trials._backwards(elsewhere, plain), rel=1e-11, abs=1e-13
    )


def test_edges_that_a_path_crosses_twice_are_known():
    graph = Graph(problem_of(lambda x, y: ag.sin(ag.sin(x) * y), (0.4, 0.7), ["x", "y"]))
    sines = np.flatnonzero([graph.nodes[s].op == "sin" for s in graph.src])
    trials = Trials(graph, [Change(sines, graph.slope[sines]), Change(sines[:1], graph.slope[sines[:1]])], [0])
    assert trials.crossed.tolist() == [1, 0]


def test_the_units_of_a_layer_are_one_place(graph):
    groups = Groups(graph)
    layers = [g for g in groups.groups if {graph.nodes[s].op for s in graph.src[g.edges]} == {"tanh"}]
    assert any(len(g.edges) == 3 for g in layers)


def test_each_argument_is_a_place_and_each_term_of_the_cost(graph):
    groups = Groups(graph)
    blocks = [set(groups.block[graph.dst[g.edges]].tolist()) for g in groups.groups if g.role == "block"]
    assert {0} in blocks
    assert {2} in blocks
    assert sorted(len(t) for t in groups.terms) == [1, 6]  # the square, and Σ w²


def test_every_use_of_a_shared_value_can_be_the_only_one():
    graph = Graph(problem_of(lambda x: ag.sin(x) * 2 + ag.exp(x) * ag.tanh(x), (0.4,), ["x"]))
    groups = Groups(graph)
    kept = [graph.nodes[graph.src[u.kept[0]]].op for u in groups.uses if len(u.kept) == 1 and len(u.dropped) == 2]
    assert sorted(kept) == ["exp", "sin", "tanh"]


def test_points_whose_graph_has_another_shape_are_left_out():
    def f(x):
        return x * x if x > 0.5 else x * 3.0

    graph = Graph(problem_of(f, (0.5,), ["x"], points=9))
    assert 0 < len(graph.points) < 9


def test_a_loop_twice_as_long_has_twice_as_many_ways_to_overwrite_something():
    """Of the uses of x in hundreds of steps the first and the last are candidates: each of them would be quadratic."""

    def uses(steps):
        def f(x):
            v = x
            for _ in range(steps):
                v = (v + x).tanh()
            return v

        return Groups(Graph(problem_of(f, (0.3,), ["x"]))).uses

    short, long = uses(50), uses(100)
    assert sum(len(u.dropped) for u in long) < 3 * sum(len(u.dropped) for u in short)
