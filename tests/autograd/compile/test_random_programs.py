"""A program gives what the eager engine gives, on random graphs with fan-out, repeats and shared parts."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from strategies import Recipe, recipes

from autograd import Value, exp, log
from autograd.compile import compile
from autograd.compile.record import record
from autograd.compile.simplify import simplify
from autograd.order import topological
from autograd.reverse import gradient


def engine(recipe, leaves, inputs):
    root = recipe.run([*leaves, *inputs])
    return root.data, gradient(root, leaves)


def assert_close(value, slopes, expected, expected_slopes, rtol=1e-12):
    scale = max(1.0, abs(expected), *(abs(s) for s in expected_slopes))
    assert value == pytest.approx(expected, rel=rtol, abs=rtol * scale)
    np.testing.assert_allclose(slopes, expected_slopes, rtol=rtol, atol=rtol * scale)


@given(recipe=recipes(kinks=True, steps=14), data=st.data())
@settings(max_examples=120)
def test_a_batch_through_a_random_graph(quick_backend, recipe, data):
    a_batch(quick_backend, recipe, data)


@given(recipe=recipes(kinks=True, steps=14), data=st.data())
@settings(max_examples=4)
def test_a_batch_through_a_random_graph_slowly(slow_backend, recipe, data):
    a_batch(slow_backend, recipe, data)


def a_batch(backend, recipe, data):
    count = data.draw(st.integers(1, len(recipe.inputs)))
    rows = data.draw(st.integers(1, 3))
    number = st.floats(-2, 2, allow_nan=False).map(lambda x: round(x, 3))
    columns = [
        np.array(data.draw(st.lists(number, min_size=rows, max_size=rows))) for _ in range(len(recipe.inputs) - count)
    ]
    leaves = [Value(x) for x in recipe.inputs[:count]]
    program = compile(lambda *xs: recipe.run([*leaves, *xs]), leaves, backend=backend)
    if not columns:
        program = compile(lambda: recipe.run(leaves), leaves, backend=backend)
        value, slopes = program()
        assert_close(value, slopes, *engine(recipe, leaves, []))
        return
    value, slopes = program(*columns)
    if backend == "numpy":
        namespace = {}
        exec(program.source, namespace)
        assert_close(*namespace["program"](program.parameters, *columns), value, slopes)
    each = [engine(recipe, leaves, [Value(c[row]) for c in columns]) for row in range(rows)]
    assert_close(value, slopes, np.mean([v for v, _ in each]), np.mean([s for _, s in each], axis=0))


ONCE_WRONG = {
    "a slope that several parameters share, in the readable text": (
        ("add", (0, 0)), ("double", (3,)), ("add", (0, 2)), ("add", (5, 6)), ("square", (7,)), ("tanh", (8,)),
        ("square", (9,)), ("square", (1,)), ("add", (10, 11)), ("sub", (12, 0)),
    ),
    "a sum of nodes that all have the coefficient 1": (
        ("neg", (0,)), ("add", (0, 0)), ("double", (3,)), ("square", (0,)), ("add", (0, 2)), ("add", (6, 8)),
        ("add", (0, 0)), ("square", (1,)), *[("neg", (0,))] * 4, *[("add", (0, 0))] * 3, *[("neg", (0,))] * 2,
        ("add", (0, 1)), ("double", (0,)), ("total", (2, 2, 7, 11, 4)),
    ),
    "a slope of two parameters that is one number": (("add", (0, 1)), ("neg", (0,))),
    "a slope of a parameter that is a constant": (("neg", (0,)),),
    "a slope of two parameters that is a constant": (("add", (0, 1)), *[("add", (0, 0))] * 15, ("add", (2, 4))),
    "a product that has an axis less than its views": (("add", (0, 1)), ("dot", (0, 4, 4, 0)), ("add", (0, 0))),
    "softplus(-z) before softplus(z)": (
        ("neg", (0,)), ("softplus", (4,)), ("sub", (0, 4)), ("softplus", (0,)), ("dot", (6, 5, 6)), ("abs", (8,)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("steps", ONCE_WRONG.values(), ids=ONCE_WRONG)
def test_programs_that_were_wrong_once(steps, count):
    recipe = Recipe((0.5, 1.5, 2.5, 0.0), steps)
    leaves = [Value(x) for x in recipe.inputs[:count]]
    program = compile(lambda *xs: recipe.run([*leaves, *xs]), leaves, backend="numpy")
    columns = [np.array([0.25, -1.0]), np.array([1.5, 0.5]), np.array([0.75, 0.5])][: 4 - count]
    value, slopes = program(*columns)
    each = [engine(recipe, leaves, [Value(x) for x in row]) for row in zip(*columns, strict=True)]
    assert_close(value, slopes, np.mean([v for v, _ in each]), np.mean([s for _, s in each], axis=0))
    namespace = {}
    exec(program.source, namespace)
    assert_close(*namespace["program"](program.parameters, *columns), value, slopes)


def test_log_sum_exps_of_parameters_and_inputs_in_any_order(backend):
    w = [Value(x) for x in (-0.2, 0.1, 0.4)]

    def cost(x):
        return log(exp(w[0]) + exp(x)) + 2.0 * log(exp(x) + exp(w[2])) * log(exp(x) + exp(w[1]))

    rows = np.array([0.7, -1.0])
    value, slopes = compile(cost, w, backend=backend)(rows)
    roots = [cost(Value(x)) for x in rows]
    each = [gradient(root, w) for root in roots]
    assert_close(value, slopes, np.mean([root.data for root in roots]), np.mean(each, axis=0))


@given(recipe=recipes(textbook=True, steps=7), count=st.integers(1, 4))
@settings(max_examples=150)
def test_what_people_write_out(quick_backend, recipe, count):
    leaves = [Value(x) for x in recipe.inputs]
    root = recipe.run(leaves)
    assume(all(abs(node.data) < 12 for node in topological(root)[1][:-5]))  # the engine rounds log(1 - σ(30))
    value, slopes = root.data, gradient(root, leaves)
    columns = [np.array([x, x]) for x in recipe.inputs[count:]]
    program = compile(lambda *xs: recipe.run([*leaves[:count], *xs]), leaves[:count], backend=quick_backend)
    assert_close(*program(*columns), value, slopes[:count], rtol=1e-9)


@given(recipe=recipes(kinks=True, steps=20))
def test_the_arguments_differentiated(quick_backend, recipe):
    the_arguments(quick_backend, recipe)


@given(recipe=recipes(kinks=True, steps=20))
@settings(max_examples=3)
def test_the_arguments_differentiated_slowly(slow_backend, recipe):
    the_arguments(slow_backend, recipe)


def the_arguments(backend, recipe):
    program = compile(lambda *xs: recipe.run(xs), backend=backend)
    leaves = [Value(x) for x in recipe.inputs]
    if backend == "python":
        program(*recipe.inputs)
        namespace = {}
        exec(program.source, namespace)
        assert_close(*namespace["program"](*recipe.inputs), *program(*recipe.inputs), rtol=1e-14)
    for _ in range(2):  # recorded, then replayed
        value, slopes = program(*recipe.inputs)
        assert isinstance(slopes, tuple)
        assert_close(value, slopes, *engine(recipe, leaves, []))


@given(recipe=recipes(kinks=True, steps=20))
def test_simplifying_keeps_the_value_and_shrinks_the_graph(recipe):
    recording = record(lambda *xs: recipe.run(xs), example=recipe.inputs)
    simple = simplify(recording)
    again = simplify(simple)
    assert again.same_graph(simple)
    assert evaluate(simple, recipe.inputs) == pytest.approx(evaluate(recording, recipe.inputs), rel=1e-12, abs=1e-12)


def evaluate(recording, numbers):
    """The forward pass of a recording, slot by slot."""
    values = []
    for i, (op, args) in enumerate(zip(recording.ops, recording.args, strict=True)):
        if i in recording.constants:
            values.append(recording.constants[i])
        elif not args:
            values.append(numbers[recording.parameters[i]])
        else:
            values.append(
                max(values[a] for a in args) if i in recording.held else op.evaluate([values[a] for a in args])
            )
    return values[recording.root]
