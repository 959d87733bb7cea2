"""Copies of graphs and graphs in a pickle: however deep, and what was shared stays shared."""

import copy
import io
import pickle
from itertools import pairwise
from typing import Any

import pytest

import autograd
from autograd import StaleGraphError, Value, name_scope
from autograd.copies import _here
from autograd.reverse import EDITS


def chain(x: Value, n: int) -> Value:
    y = x
    for i in range(n):
        y = y + x if i % 2 else (y * 1.0).maximum(x - 1.0)
    return y


def in_c(graph: Any, protocol: int) -> Any:
    return pickle.loads(pickle.dumps(graph, protocol))


def in_python(graph: Any, protocol: int) -> Any:
    file = io.BytesIO()
    pickle._Pickler(file, protocol).dump(graph)  # type: ignore[attr-defined]
    return pickle.loads(file.getvalue())


def deep(graph: Any, protocol: int) -> Any:
    return copy.deepcopy(graph)


@pytest.mark.parametrize("n", [1, 30, 10_000])
@pytest.mark.parametrize("copied", [deep, in_c, in_python])
@pytest.mark.parametrize("protocol", [0, 2, pickle.HIGHEST_PROTOCOL])
def test_a_copy_of_any_depth_is_shared_as_the_graph_is(n: int, copied: Any, protocol: int) -> None:
    if n > 2_000 and (protocol < 5 or copied is in_python):
        n = 2_000
    with name_scope("net"):
        x = Value(1.5, "x")
    z = chain(x, n)
    both = autograd.dot([x, z], [z, x], z)
    both.backward()
    gradient = x.grad
    x_2, z_2, both_2, inner, again = copied([x, z, both, z.args[0], x], protocol)
    assert again is x_2 is both_2.args[0] is not x
    assert both_2.args[1] is both_2.args[2] is both_2.args[3] is z_2
    assert z_2.args[0] is inner
    assert (x_2.label, x_2.scope, x_2.grad, both_2.data, both_2.grad) == ("x", "net", gradient, both.data, 1.0)
    assert (z_2.op, z_2.args[1].is_leaf) == (z.op, z.args[1].is_leaf)
    both_2.backward()
    assert (x_2.grad, x.grad) == (2 * gradient, gradient)


def test_many_results_of_one_graph_take_linear_time() -> None:
    results = [Value(1.0)]
    for _ in range(5_000):
        results.append(results[-1] + 1.0)
    for twins in (copy.deepcopy(results), in_c(results, 5)):  # minutes, if each looked through all below it
        assert all(twin.args[0] is before for before, twin in pairwise(twins))


def test_a_graph_of_many_ways_is_walked_once() -> None:
    y = x = Value(1.0)
    for _ in range(60):  # 2⁶⁰ ways from y down to x
        y = y + y
    for copied in (deep, in_c):
        x_2, y_2 = copied([x, y], 5)
        y_2.backward()
        assert x_2.grad == 2.0**60


def test_a_pickler_that_fails_leaves_nothing_behind() -> None:
    class Full:
        def write(self, some: bytes) -> int:
            raise OSError("no space left")

    x = Value(1.0)
    z = chain(x, 3_000)
    with pytest.raises(OSError, match="no space"):
        pickle.dump(z, Full())
    x.label = "now with a label"
    assert not len(_here.begun)
    assert not len(_here.below)
    file = io.BytesIO()
    pickler = pickle.Pickler(file)
    pickler.dump(z)
    pickler.dump([z, z.args[0]])  # the same pickler knows it already, and another one does not
    assert in_c(z, 5).data == z.data
    file.seek(0)
    reader = pickle.Unpickler(file)
    first, (second, inner) = reader.load(), reader.load()
    assert first is second
    assert first.args[0] is inner


def test_a_stale_graph_is_stale_in_another_process_too() -> None:
    w = Value(2.0)
    z = autograd.total([w, w])
    w.data = 3.0
    written = pickle.dumps((w, z))
    edits, EDITS[0] = EDITS[0], z._stamp  # the other process has counted as many edits as there were for z
    try:
        _, twin = pickle.loads(written)
        with pytest.raises(StaleGraphError):
            twin.backward()
    finally:
        EDITS[0] = edits


class Measured(Value):
    """A Value with an error bar."""

    __slots__ = ("error",)


class Noted(Value):
    """A Value with anything."""


def test_a_subclass_keeps_what_it_holds() -> None:
    for copied in (deep, in_c):
        bar = Value(0.25)
        x, y = Measured(1.0, "x"), Noted(2.0)
        x.error, y.remarks = bar, ["a", bar]  # type: ignore[attr-defined]
        x_2, y_2, bar_2, z_2 = copied([x, y, bar, x * y], 5)
        assert (type(x_2), type(y_2)) == (Measured, Noted)
        assert x_2.error is y_2.remarks[1] is bar_2 is not bar
        assert y_2.remarks[0] == "a"
        assert z_2.args == (x_2, y_2)


def test_a_shallow_copy_is_another_node_of_the_same_arguments() -> None:
    a = Value(2.0, "a")
    z = a * a
    twin = copy.copy(z)
    assert twin is not z
    assert twin.args == (a, a)
    leaf = copy.copy(a)
    leaf.data = 5.0
    assert (a.data, leaf.label) == (2.0, "a")
