"""draw(): what the picture shows, read back from Graphviz's own reading of the DOT text and from the SVG."""

import json
import re
from collections import Counter
from xml.etree import ElementTree

import numpy as np
import pytest

from autograd import Value, dot, ieee, maximum, name_scope
from autograd.draw import model, render
from autograd.draw.drawing import Drawing, draw

SVG = "{http://www.w3.org/2000/svg}"


def expression():
    a, b, c = Value(2, "a"), Value(-3, "b"), Value(10, "c")
    result = a * b + c
    result.label = "L"
    return result


def read(drawing):
    """(names of the nodes, edges with repeats, boxes with their members) as Graphviz understands the text."""
    graph = json.loads(render.render(drawing.source, "json0"))
    name = {each["_gvid"]: each["name"] for each in graph.get("objects", [])}
    boxes = {n: each for n, each in ((e["name"], e) for e in graph.get("objects", [])) if n.startswith("cluster")}
    edges = Counter((name[e["tail"]], name[e["head"]]) for e in graph.get("edges", []))
    return set(name.values()) - set(boxes), edges, boxes, name


def shown(drawing):
    """The words in each node of the SVG, by the node's name."""
    root = ElementTree.fromstring(drawing.svg())
    return {
        group.get("data-node"): ["".join(text.itertext()) for text in group.iter(f"{SVG}text")]
        for group in root.iter(f"{SVG}g")
        if group.get("data-node")
    }


def test_every_value_and_every_operation_is_a_node():
    nodes, edges, _, _ = read(draw(expression()))
    assert nodes == {"n0", "n1", "o2", "n2", "n3", "o4", "n4"}
    assert edges == Counter(
        [("n0", "o2"), ("n1", "o2"), ("o2", "n2"), ("n2", "o4"), ("n3", "o4"), ("o4", "n4")]
    )  # fmt: skip


def test_parallel_edges_are_kept():
    a = Value(3, "a")
    assert read(draw(a * a))[1]["n0", "o1"] == 2
    assert read(draw(a * a, operations="merged"))[1]["n0", "n1"] == 2
    assert read(draw(dot([a, a, a], [a, 1, 1])))[1]["n0", "o3"] == 4


def test_before_backward_there_is_a_dash_and_afterwards_the_number():
    root = expression()
    before = shown(draw(root))
    root.backward()
    after = shown(draw(root))
    assert before["n0"] == ["a", "data", "2", "grad", "—"]
    assert all("—" in words for name, words in before.items() if name[0] == "n")
    assert after["n0"] == ["a", "data", "2", "grad", "-3"]
    assert after["n4"] == ["L", "data", "4", "grad", "1"]
    assert not any("—" in words for words in after.values())


def test_a_gradient_that_is_zero_does_not_look_like_one_that_was_not_computed():
    x, y = Value(1, "x"), Value(5, "y")
    root = x * 0 + y
    assert shown(draw(root))["n0"][-1] == "—"
    root.backward()
    assert shown(draw(root))["n0"][-1] == "0"


def test_a_leaf_used_only_by_a_root_without_backward_keeps_its_dash():
    shared, mine, other = Value(1, "shared"), Value(2, "mine"), Value(3, "other")
    first, second = shared * mine, shared * other
    first.backward()
    words = {w[0]: w[-1] for w in shown(draw([first, second])).values() if len(w) == 5}
    assert words == {"shared": "2", "mine": "1", "other": "—"}


def test_a_leaf_alone():
    a = Value(1, "a")
    assert shown(draw(a)) == {"n0": ["a", "data", "1", "grad", "—"]}
    a.backward()
    assert shown(draw(a))["n0"][-1] == "1"


def test_a_constant_is_its_number_alone():
    assert shown(draw(Value(1.5, "x") * 2))["n1"] == ["2"]


def test_the_picture_is_of_the_moment_it_was_drawn():
    root = expression()
    drawing = draw(root)
    root.backward()
    assert shown(drawing)["n0"][-1] == "—"


def test_scopes_are_boxes_inside_each_other():
    x = Value(1, "x")
    with name_scope("net"):
        y = x + 1
        with name_scope("layer1"):
            z = y * y
    nodes, _, boxes, name = read(draw(z))
    members = {box: {name[i] for i in each.get("nodes", [])} for box, each in boxes.items()}
    assert members == {"cluster_0": {"n1", "o2", "n2", "o3", "n3"}, "cluster_1": {"o3", "n3"}}
    assert "n0" in nodes
    assert not read(draw(z, scopes="off"))[2]


def test_the_subgradient_is_stated_at_a_value_that_sits_at_the_kink():
    at, beside = Value(0, "at").relu(), Value(1, "beside").relu()
    words = shown(draw(at + beside))
    assert words["n1"][-1] == "relu'(0) = 0"
    assert not any("relu'" in w for w in words["n3"])
    assert "½" in shown(draw(maximum(Value(2), Value(2))))["n2"][-1]
    with ieee():
        lost = Value(float("inf")) - Value(float("inf"))
        draw(lost.relu())


def test_the_order_of_arguments_is_marked_only_where_it_matters():
    a, b = Value(6, "a"), Value(3, "b")
    marks = lambda root: [e.mark for e in draw(root)._picture.edges]  # noqa: E731
    assert marks(a / b) == ["1st", "2nd", ""]
    assert marks(a * b) == ["", "", ""]


def test_slopes_stand_at_the_arrows():
    a, b = Value(2, "a"), Value(-3, "b")
    assert [e.mark for e in draw(a * b, slopes=True)._picture.edges] == ["slope -3", "slope 2", ""]
    assert [e.mark for e in draw(Value(0).sqrt(), slopes=True)._picture.edges] == ["slope ?", ""]


def test_the_same_program_gives_the_same_source_in_topological_order():
    assert draw(expression()).source == draw(expression()).source
    seen = set()
    for edge in draw(expression())._picture.edges:
        seen.add(edge.tail)
        assert edge.head not in seen


def test_options_change_what_is_shown():
    root = expression()
    assert shown(draw(root, show="labels"))["n0"] == ["a"]
    assert shown(draw(root, show="data"))["n0"] == ["a", "data", "2"]
    assert shown(draw(root, numbers=".2f"))["n0"][2] == "2.00"
    assert shown(draw(root, numbers=lambda x: f"<{x:g}>"))["n0"][2] == "<2>"
    assert "rankdir=TB" in draw(root, direction="TB").source
    assert shown(draw(root, operations="merged"))["n4"] == ["L", "op", "+", "data", "4", "grad", "—"]
    assert "Heading" in draw(root, title="Heading").svg()
    assert draw(root, theme="dark").source != draw(root).source
    assert draw(root, highlight=root).source != draw(root).source


def test_kinds_differ_without_colour():
    """In the theme for black-and-white printing only shape and border are left to tell them apart."""
    root = Value(2, "x") * 3 + 1
    source = draw(root, theme="print").source
    looks = {}
    for name in ("n0", "n1", "n2", "n4", "o2"):  # leaf, constant, made, root, operation
        line = re.search(rf"^\s*{name} \[label=.*>(?: | \[)?(.*)\]$|^\s*{name} \[(.*)\]$", source, re.M)
        look = re.sub(r"label=(<.*>|\S+)|fillcolor=\S+|color=\S+|fontcolor=\S+", "", line.group(0)).split("[", 1)[1]
        looks[name] = look
    assert len(set(looks.values())) == len(looks)


def test_the_svg_speaks_to_screen_readers():
    root = ElementTree.fromstring(draw(expression()).svg())
    assert root.get("role") == "img"
    assert "L" in root.get("aria-label")
    assert root[0].tag == f"{SVG}title"
    assert root[1].tag == f"{SVG}desc"
    assert "a = 2.0, gradient not computed" in root[1].text
    assert not [e for e in root.iter() if e.get("id")]


def test_two_pictures_can_stand_in_one_page():
    both = "<div>" + draw(expression()).svg() + draw(expression()).svg() + "</div>"
    assert len(ElementTree.fromstring(both)) == 2


def test_lists_and_arrays_of_values():
    a = Value(1, "a")
    roots = np.array([a + 1, a * 2], dtype=object)
    drawing = draw(roots)
    assert isinstance(drawing, Drawing)
    assert sum(n.root for n in drawing._picture.nodes) == 2
    assert draw(list(roots)).source == drawing.source
    assert drawing._repr_svg_() == drawing.svg()
    assert str(drawing) == drawing.source
    assert "Computation graph" in repr(drawing)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "says"),
    [
        (3.0, {}, TypeError, "3.0"),
        ("a", {}, TypeError, "'a'"),
        ([], {}, ValueError, "empty"),
        ([Value(1), 2], {}, TypeError, "the list holds 2"),
        (Value(1), {"direction": "up"}, ValueError, "direction"),
        (Value(1), {"show": "none"}, ValueError, "show"),
        (Value(1), {"operations": "hidden"}, ValueError, "operations"),
        (Value(1), {"scopes": "shut"}, ValueError, "scopes"),
        (Value(1), {"scopes": ["layer9"]}, ValueError, "layer9"),
        (Value(1), {"theme": "pink"}, ValueError, "theme"),
        (Value(1), {"title": 1}, TypeError, "title"),
        (Value(1), {"numbers": "%d"}, ValueError, "numbers"),
        (Value(1), {"numbers": 4}, TypeError, "numbers"),
        (Value(1), {"max_nodes": 0}, ValueError, "max_nodes"),
        (Value(1), {"max_nodes": 10**6}, ValueError, "max_nodes"),
        (Value(1), {"highlight": Value(1)}, ValueError, "highlight"),
        (Value(1), {"highlight": 1}, TypeError, "highlight"),
    ],
)
def test_bad_input_is_named(arguments, options, error, says):
    with pytest.raises(error, match=says):
        draw(arguments, **options)


def test_drawing_changes_nothing():
    root = expression()
    draw(root, slopes=True)
    assert root._grad is None
    assert [leaf._grad for leaf in model.in_order([root]) if leaf.is_leaf] == [0.0, 0.0, 0.0]


def test_a_named_input_shows_its_number() -> None:
    x = 0.5 * Value(2.0, "w")
    x.args[0].label = "x_1"
    assert "x_1 = 0.5" in draw(x).source
    assert "x_1 = 0.5" not in draw(x, show="labels").source
