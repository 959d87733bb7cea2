"""name_scope, graph_stats, noted lines, watching."""

from collections.abc import Iterator
from contextvars import copy_context

import pytest

from autograd import Value, graph_stats, ieee, name_scope
from autograd.errors import ieee_is_on
from autograd.scope import NOTES, noting_lines, watching


def test_scopes_nest_and_end() -> None:
    with name_scope("net"):
        with name_scope("layer1"):
            w = Value(1.0, "w")
            z = w * 2.0
        y = z + 1.0
    assert (w.scope, z.scope, y.scope, (y * 2).scope) == ("net/layer1", "net/layer1", "net", "")
    assert [a.scope for a in z.args] == ["net/layer1", "net/layer1"]  # the 2.0, too
    assert w.label == "w"
    z.label = "z"
    assert (z.label, z.scope) == ("z", "net/layer1")
    assert not NOTES


def test_a_scope_ends_when_its_block_fails() -> None:
    with pytest.raises(ZeroDivisionError), name_scope("a"):
        _ = 1 / 0
    assert Value(1.0).scope == ""
    for bad, error in (("", ValueError), (3, TypeError)):
        with pytest.raises(error), name_scope(bad):  # type: ignore[arg-type]
            pass


def test_stats() -> None:
    with name_scope("layer1"):
        w = Value(2.0, "w")
        z = w * w
    s = graph_stats(z + 1.0)
    assert (s.nodes, s.edges, s.depth, s.constants) == (4, 4, 2, 1)
    assert s.leaves == {"layer1": 1}
    assert s.operations == {"*": 1, "+": 1}
    assert str(s).splitlines() == [
        "4 nodes, 4 edges, depth 2, 1 leaf, 1 constant",
        "operations: 1 × *, 1 × +",
        "leaves by scope: 1 in layer1",
    ]
    assert graph_stats(w).depth == 0
    assert str(graph_stats(Value(2.0))) == "1 node, 0 edges, depth 0, 1 leaf, 0 constants\noperations: none"
    with pytest.raises(TypeError, match="takes a Value"):
        graph_stats(3.0)  # type: ignore[arg-type]


def test_nodes_remember_the_users_line() -> None:
    a = Value(1.0)
    with noting_lines():
        b = a * 3  # this very line
    assert a.line is None
    assert b.line is not None
    assert b.line[0] == __file__
    assert "this very line" in b.line[2]


def test_lines_are_noted_until_the_outermost_block_ends() -> None:
    with noting_lines():
        with noting_lines():
            pass
        assert Value(1.0).line is not None
    assert Value(1.0, "a").line is None


def test_a_watcher_hears_of_comparisons_and_reads() -> None:
    a, heard = Value(1.0), []
    with watching(lambda value, what: heard.append((value, what))):
        assert a > 0
        assert a <= 2
        _ = a.data
    _ = a.data
    assert heard == [(a, ">"), (a, "<="), (a, ".data")]


def test_scopes_of_generators_that_take_turns_leave_nothing_behind() -> None:
    def layer(name: str) -> Iterator[Value]:
        with name_scope(name):
            yield Value(1.0)
            yield Value(2.0)

    one, two, three = layer("one"), layer("two"), layer("three")
    assert [next(each).scope for each in (one, two, three)] == ["one", "one/two", "one/two/three"]
    list(one)  # the first to begin is the first to end
    assert Value(1.0).scope == "two/three"
    list(three)
    assert Value(1.0).scope == "two"
    list(two)
    assert not NOTES
    with name_scope("after"):
        assert Value(1.0).scope == "after"


def test_a_generator_may_end_in_another_context() -> None:
    def inside() -> Iterator[Value]:
        with name_scope("inside"), noting_lines(), ieee():
            yield Value(1.0)

    begun = inside()
    copy_context().run(next, begun)
    begun.close()
    assert not NOTES
    assert not ieee_is_on()


def test_ieee_of_generators_that_take_turns_ends_with_the_last() -> None:
    def quiet() -> Iterator[bool]:
        with ieee():
            yield ieee_is_on()
            yield ieee_is_on()

    one, two = quiet(), quiet()
    assert [next(one), next(two)] == [True, True]
    assert list(one) == [True]
    assert list(two) == [True]  # the end of the other did not end this one
    assert not ieee_is_on()
