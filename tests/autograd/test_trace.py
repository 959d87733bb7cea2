"""The records of a forward and a backward pass."""

import dataclasses
import math
import sys

import pytest
from hypothesis import given
from strategies import recipes

import autograd
from autograd import DomainError, StaleGraphError, Value, dot, ieee, maximum, sqrt, where
from autograd.order import topological
from autograd.trace import names_of, trace


def labelled(*numbers):
    return [Value(x, label) for x, label in zip(numbers, "abcdefgh", strict=False)]


def state(root):
    leaves, made = topological(root)
    return [(id(n), n._data, n._grad) for n in [*leaves, *made]]


@given(recipes(kinks=True))
def test_totals_end_in_the_gradients_of_backward(recipe):
    inputs = [Value(x, f"x{i}") for i, x in enumerate(recipe.inputs)]
    root = recipe.run(inputs)
    before = repr(state(root))
    told = trace(root, 2000)
    assert repr(state(root)) == before, "explaining wrote to the graph"
    root.backward()
    names = names_of(root)
    totals = {told.root: 1.0}
    for step in told.steps:
        for c in step.contributions:
            totals[c.to] = c.total
    for node, name in names.items():
        if not node.is_constant:
            assert told.gradients[name] == pytest.approx(node.grad, rel=1e-12, abs=1e-12)
            assert totals.get(name, 0.0) == told.gradients[name]
    assert len(told.gradients) == sum(not n.is_constant for n in names)


@given(recipes(kinks=True))
def test_each_step_stands_where_it_must(recipe):
    root = recipe.run([Value(x) for x in recipe.inputs])
    told = trace(root, 2000)
    forward = [s for s in told.steps if s.phase == "forward"]
    backward = [s for s in told.steps if s.phase == "backward"]
    assert list(told.steps) == forward + backward
    assert [s.node for s in backward] == [s.node for s in reversed(forward) if s.args]
    seen = set()
    for step in forward:
        assert {a.name for a in step.args if a.name} <= seen
        seen.add(step.node)
    running = dict.fromkeys(told.gradients, 0.0)
    running[told.root] = 1.0
    for step in backward:
        assert step.upstream == running[step.node], "a gradient grew after it was used"
        for c in step.contributions:
            assert c.amount == step.upstream * c.slope
            running[c.to] += c.amount
            assert c.total == running[c.to]


def test_a_fan_out_adds_up():
    (a,) = labelled(3.0)
    b = a * a
    b.label = "b"
    steps = trace(b + 2 * a).steps
    into_a = [c for s in steps for c in s.contributions if c.to == "a"]
    assert [c.amount for c in into_a] == [2.0, 3.0, 3.0]
    assert [c.total for c in into_a] == [2.0, 5.0, 8.0]
    assert sorted(c.position for s in steps if s.node == "b" for c in s.contributions) == [0, 1]


def test_plain_numbers_and_held_arguments_get_nothing():
    a, b, c = labelled(1.0, 2.0, 3.0)
    step = trace(where(a, b, c)).steps[-1]
    assert [x.to for x in step.contributions] == ["b", "c"]
    assert step.held == ("a",)
    step = trace(a**2).steps[-1]
    assert [(x.to, x.slope) for x in step.contributions] == [("a", 2.0)]
    assert [x.name for x in step.args] == ["a", ""]
    assert trace(where(a, b, c)).gradients["a"] == 0.0


def test_kinks_are_noted():
    a, b = labelled(0.0, 0.0)
    assert trace(a.relu()).steps[-1].note == "relu'(0) = 0"
    assert trace(maximum(a, b)).steps[-1].note == "a tie of maximum gives ½ and ½"
    assert trace((a + 1).relu()).steps[-1].note == ""


def test_names_are_stable_and_unique():
    a, b = Value(1.0, "w"), Value(2.0, "w")
    v1 = Value(3.0, "v1")
    root = a * b + v1
    assert list(names_of(root).values()) == list(names_of(root).values())
    assert sorted(names_of(root).values()) == ["v1", "v2", "v3", "w", "w#2"]


@pytest.mark.parametrize("labels", [["", "v1", "v2"], ["w", "w", "w#2"], ["w#2", "w", "w"], ["x", "x", "x"]])
def test_no_name_is_given_twice(labels):
    names = names_of(autograd.total([Value(1.0, label) for label in labels]))
    assert len(set(names.values())) == len(names) == 4


def test_a_leaf_alone():
    told = trace(Value(3.0, "a"))
    assert [(s.phase, s.node, s.upstream) for s in told.steps] == [("forward", "a", None), ("backward", "a", 1.0)]
    assert told.gradients == {"a": 1.0}


def test_records_are_plain_and_frozen():
    a, b = labelled(1.0, 2.0)
    step = trace(a * b).steps[-1]
    with pytest.raises(dataclasses.FrozenInstanceError):
        step.value = 2.0
    assert step == trace(a * b).steps[-1].__class__(**{f.name: getattr(step, f.name) for f in dataclasses.fields(step)})


def test_dot_is_one_step():
    ws, xs = labelled(1.0, 2.0), labelled(3.0, 4.0)
    for x, label in zip(xs, "xy", strict=True):
        x.label = label
    told = trace(dot(ws, xs, Value(5.0, "bias")))
    slopes = {c.to: c.slope for c in told.steps[-1].contributions}
    assert slopes == {"a": 3.0, "b": 4.0, "bias": 1.0, "x": 1.0, "y": 2.0}


def test_a_long_chain_is_refused_in_words():
    x = Value(1.0)
    for _ in range(100_000):
        x = x + 1.0
    limit = sys.getrecursionlimit()
    with pytest.raises(ValueError, match=r"100,000 operations: 200,001 steps, more than max_steps=500"):
        trace(x)
    assert sys.getrecursionlimit() == limit


@pytest.mark.parametrize("bad", [0, -1, 1.5, True, "many", 10**9])
def test_max_steps_is_a_whole_number(bad):
    with pytest.raises(ValueError, match="max_steps= is a whole number"):
        trace(Value(1.0), bad)


@pytest.mark.parametrize(("bad", "hint"), [(1.0, ""), (None, ""), ("x", ""), ([Value(1.0)], " Explain one of them")])
def test_only_a_value_can_be_explained(bad, hint):
    with pytest.raises(
        TypeError, match=rf"^explain takes one Value; got .* of type {type(bad).__name__}\.{hint}"
    ) as caught:
        trace(bad)
    assert ("Explain one" in str(caught.value)) == bool(hint)


def test_max_steps_is_the_number_of_steps_that_are_still_told():
    a, b = labelled(1.0, 2.0)
    z = (a * b + 1.0).exp()
    steps = len(trace(z).steps)
    assert (len(trace(z, steps).steps), steps) == (steps, 2 + 2 * 3)
    with pytest.raises(ValueError, match="2 inputs and 3 operations: 8 steps, more than max_steps=7"):
        trace(z, steps - 1)


def test_a_plain_number_alone():
    told = trace((2 * Value(3.0)).args[0])
    assert [(s.phase, s.value) for s in told.steps] == [("forward", 2.0), ("backward", 2.0)]


def test_errors_of_the_engine_are_its_own():
    a = Value(0.0, "a")
    with pytest.raises(DomainError, match=r"sqrt has no finite slope at a = 0\.0"):
        trace(sqrt(a))
    b = a + 1
    c = b * 2
    a.data = 5.0
    with pytest.raises(StaleGraphError):
        trace(c)
    assert a.grad == 0.0


def test_an_overflow_of_the_gradient():
    a = Value(0.0, "a")
    with pytest.raises(DomainError, match="overflows"):
        trace(a * 1e200 * 1e200)


def test_under_ieee_infinities_flow():
    with ieee():
        a = Value(0.0, "a")
        told = trace(sqrt(a))
    assert math.isinf(told.gradients["a"])


def test_inputs_are_told_in_the_order_in_which_they_are_used() -> None:
    v, w, x, b = Value(2.0, "v"), Value(3.0, "w"), Value(4.0), Value(5.0, "b")
    first = dot([w], [x], b)
    told = trace(dot([v], [first.sigmoid()]))  # a dot node lists its weights first
    assert told.inputs == ("w", "b", "v1", "v")
    assert [step.node for step in told.steps if not step.args] == list(told.inputs)


def test_thousands_of_one_label_are_numbered_in_linear_time() -> None:
    ws = [Value(float(i), "w") for i in range(1, 8_001)] + [Value(0.0, "w#3"), Value(0.0, "w")]
    names = names_of(autograd.total(ws))
    assert [names[w] for w in ws[:4]] == ["w", "w#2", "w#4", "w#5"]
    assert [names[w] for w in ws[-2:]] == ["w#3", "w#8002"]
    assert len(set(names.values())) == len(names)
