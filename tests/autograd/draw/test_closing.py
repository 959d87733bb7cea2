"""Graphs that are too large to be read: scopes closed to one box each, or an error; never an endless layout."""

import itertools

import pytest

from autograd import Value, dot, name_scope
from autograd.draw import closing, model
from autograd.draw.drawing import draw


def network(sizes=(4, 12, 12, 1)):
    weights = {}
    xs = row = [Value(0.1 * i, f"x{i}") for i in range(sizes[0])]
    for depth, (n, m) in enumerate(itertools.pairwise(sizes), 1):
        weights[depth] = [[Value(0.1) for _ in range(n)] for _ in range(m)]  # made outside any scope
        with name_scope("net"), name_scope(f"layer{depth}"):
            row = [dot(w, row, 0.0).sigmoid() for w in weights[depth]]
    return row[0], xs


def test_a_large_graph_has_its_scopes_closed():
    root, xs = network()
    picture = draw(root, max_nodes=20)._picture
    closed = [node for node in picture.nodes if node.kind == "closed"]
    assert [node.title for node in closed] == ["layer1", "layer2", "layer3"]
    assert sum(int(dict(node.rows)["values"]) for node in closed) + 0 == len(model.in_order([root]))
    assert "closed" in picture.footnote
    assert len(xs) == 4


def test_weights_made_elsewhere_go_into_the_box_that_uses_them():
    root, _ = network((2, 3, 1))
    first = next(node for node in draw(root, scopes=["layer1"])._picture.nodes if node.title == "layer1")
    assert dict(first.rows)["leaves"] == "8"  # 6 weights, and the 2 inputs, which nothing else uses


def test_arrows_between_boxes_are_counted():
    root, _ = network((2, 3, 1))
    picture = draw(root, scopes=["net/layer1", "net/layer2"])._picture
    assert [(e.tail, e.head, e.mark) for e in picture.edges] == [("n0", "n1", "× 3")]


def test_the_deepest_level_that_fits_is_taken():
    root, _ = network()
    assert [n.title for n in draw(root, max_nodes=2)._picture.nodes] == ["net"]
    assert len(draw(root, scopes="closed")._picture.nodes) == 1


def test_too_large_is_an_error_that_says_what_to_do():
    x = root = Value(1.0)
    for _ in range(500):
        root = root + x
    with pytest.raises(ValueError, match=r"501 nodes.*max_nodes=400.*name_scope"):
        draw(root)
    with pytest.raises(ValueError, match="max_nodes=10"):
        draw(root, max_nodes=10, scopes="off")


def test_a_deep_graph_needs_no_recursion():
    root = Value(1.0)
    with name_scope("chain"):
        for _ in range(20_000):
            root = -root
    assert "20,000" in str(draw(root)._picture.nodes[0].rows)


def test_scopes_nested_deeper_than_anybody_can_read():
    def nested(depth):
        with name_scope(f"s{depth}"):
            return nested(depth - 1) if depth else Value(1.0) + Value(2.0)

    assert draw(nested(60)).svg()


def test_closing_counts_every_value_once():
    root, _ = network()
    order = model.in_order([root])
    for depth in (1, 2):
        boxes = closing.close_at(order, depth)
        assert closing.drawn(order, boxes) == len({boxes.get(v, v) for v in order})
