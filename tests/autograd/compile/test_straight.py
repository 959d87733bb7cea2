"""Straight-line Python under odd functions: it gives what the eager engine gives, errors included."""

import ast
import gc
import inspect
import math
import re
from importlib import import_module

import numpy as np
import pytest
from hypothesis import example, given, settings
from strategies import Recipe, recipes

import autograd as F
from autograd import DomainError, Value, ieee, value_and_grad
from autograd.compile import compile
from autograd.compile.record import record
from autograd.compile.simplify import simplify
from autograd.compile.slopes import slopes
from autograd.compile.straight import runner, statements
from autograd.compile.straight.runner import function
from autograd.compile.straight.statements import source


def outcome(work):
    """(value, all slopes in a row), or what went wrong: the error's type, and its message without the line."""
    try:
        value, slopes = work()
    except (ArithmeticError, ValueError, TypeError) as error:
        return type(error), str(error).partition("\n")[0]
    return [value, *flat(list(slopes))]


def flat(x):
    if isinstance(x, dict):
        x = list(x.values())
    return [y for i in x for y in flat(i)] if isinstance(x, list | tuple) else np.ravel(x).tolist()


def assert_same(f, *points):
    """Recorded at the first of these points, the program does at each of them what the engine does."""
    program = compile(f, backend="python")
    for point in (*points, points[0]):
        expected = outcome(lambda at=point: value_and_grad(f, tuple(range(len(at))))(*at))
        got = outcome(lambda at=point: (lambda value, slopes: (value, [slopes]))(*program(*at)))
        if isinstance(expected, tuple):
            assert got == expected
        else:
            np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-300)


ODD = {
    "a constant": (lambda x: Value(3.0) * 2, (1.0,)),
    "a constant that cannot be folded": (lambda x: x + F.exp(Value(1000.0)), (2.0,)),
    "the argument": (lambda x: x, (1.5,)),
    "minus the argument": (lambda x: -x, (1.5,), (0.0,)),
    "one argument of two": (lambda x, y: x * 2, (3.0, 4.0)),
    "the same argument twice": (lambda x, y: x * x + y / y + F.maximum(x, x) + x**x, (1.5, 2.0), (0.5, 3.0)),
    "squares of squares": (lambda x: ((x**2) ** 2 - x * x) ** 2, (1.5,), (-0.3,)),
    "whole numbers": (lambda x, n: x**3 * n, (2, 3), (True, np.int64(-2)), (np.float32(0.5), 1)),
    "a number too large": (lambda x: x * 2, (1,), (10**400,)),
    "not a number": (lambda x: x * 2, (1.0,), (math.nan,), (-math.inf,), ("3",), (3j,), (None,)),
    "an array of no axes": (lambda x: x * x, (np.array(2.0),), (np.array(-1),)),
    "a dict": (lambda d: d["a"] * d["b"][0] + d["b"][1], ({"a": 2.0, "b": [3.0, 4.0]},)),
    "an empty list": (lambda x, y: F.total([y, *x]), ([], 1.0)),
    "a list": (lambda x: F.total(x), ([1.0, 2.0],)),
    "either branch": (lambda c, x, y: F.where(c, x * y, x / y), (1.0, 2.0, 3.0), (0.0, 2.0, 3.0), (-1.0, 2.0, 4.0)),
    "a branch that fails": (lambda c, x: F.where(c, x, F.log(x)), (1.0, 2.0), (1.0, -2.0)),
    "powers at 0": (lambda x: x**0 + x**1 + x**2 + x**3 + x**4 + x**1.5, (0.0,), (2.0,), (-1.0,)),
    "roots at 0": (lambda x: x**0.5, (4.0,), (0.0,), (-1.0,)),
    "negative powers": (lambda x: x**-1 + x**-2 + x**-0.5, (2.0,), (0.0,), (-1.0,)),
    "a power of values": (lambda x, y: x**y, (2.0, 3.0), (0.0, 2.0), (0.0, 0.0), (-1.0, 2.0), (0.0, -1.0)),
    "a power of 2": (lambda x: 2**x, (3.0,), (2000.0,)),
    "kinks": (lambda x, y: F.relu(x) + F.maximum(x, y) * F.minimum(x, y) + abs(y), (0.0, 0.0), (1.0, -1.0)),
    "every function": (
        lambda x: sum(f(x) for f in (F.exp, F.log1p, F.expm1, F.sigmoid, F.softplus, F.erf, F.sin, F.cos, F.tan)),
        (0.3,), (-0.9,), (1.5,), (-1.0,),
    ),
    "far out": (lambda x, y: F.sigmoid(x) + F.sigmoid(y) + F.softplus(x), (1e5, -1e5), (-745.0, 745.0)),
    "infinite": (lambda x: F.exp(x) * 1e300 * x, (1.0,), (1000.0,), (100.0,), (1e308,)),
    "infinite, but for the order": (lambda x: 1e200 * x * 1e200 * x, (1e-300,), (1e-110,), (1.0,)),
    "negative zero": (lambda x: x * -3.0 - -2.0 + x / -0.5, (0.0,), (-0.0,)),
    "numbers as a user writes them": (lambda x: 1e-300 * x + 1e22 * x - 123456789 * x + 0.1 * x, (0.7,)),
    "nothing useful": (lambda x: (x - x) * x.exp() + 0 * x, (2.0,)),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_odd_functions(name):
    f, *points = ODD[name]
    assert_same(f, *points)


def test_a_program_outlives_its_errors():
    program = compile(lambda x: F.log(x), backend="python")
    with pytest.raises(DomainError, match=r"log fails at -1\.0"):
        program(-1.0)
    assert program(1.0) == (0.0, (1.0,))
    with pytest.raises(DomainError, match=r"log fails at 0\.0"):
        program(0.0)
    assert program(2.0) == (math.log(2.0), (0.5,))
    with ieee():
        assert program(0.0) == (-math.inf, (math.inf,))


def test_an_error_names_the_line_of_the_node():
    def cost(x, y):
        ratio = x / y
        return ratio * 2

    program = compile(cost, backend="python")
    program(1.0, 2.0)
    with pytest.raises(DomainError, match=r"div fails at 1\.0, 0\.0.*\n.*test_straight\.py.*ratio = x / y"):
        program(1.0, 0.0)


def test_what_overflows_only_when_added_up_is_a_result():
    program = compile(lambda x, y: x + y - y, backend="python")
    program(1.0, 1.0)
    assert program(1.7e308, -1.7e308) == (1.7e308, (1.0, 0.0))
    program = compile(lambda x, y: 1e308 * x - 1e308 * y, backend="python")
    program(0.1, 0.1)
    assert program(1.0, 1.0) == (0.0, (1e308, -1e308))


def test_without_arguments_and_without_parameters():
    w = Value(2.0, "w")
    assert compile(lambda: Value(3.0), [w], backend="python")()[0] == 3.0
    assert compile(lambda: w * w, [], backend="python")()[0] == 4.0
    assert compile(lambda: w * w, backend="python")() == (4.0, ())


# -- Long and deep ---------------------------------------------------------------------------------------------


def nested(step, times):
    def f(x, y):
        z = x
        for _ in range(times):
            z = step(z, x, y)
        return z * y

    return f


@pytest.mark.parametrize(
    "step",
    [
        lambda z, x, y: F.sin(z),
        lambda z, x, y: y - z,
        lambda z, x, y: y / (z + 1),
        lambda z, x, y: z * x + 0.3,
        lambda z, x, y: (z + 0.3) * 0.5,
        lambda z, x, y: -F.tanh(-z * y),
        lambda z, x, y: F.where(z, F.maximum(z, y), F.relu(y)) * 0.9,
        lambda z, x, y: F.sqrt(z * z + y**2) - F.exp(-z),
    ],
)
def test_nests_of_any_depth(step):
    assert_same(nested(step, 2000), (0.5, 0.25))


def test_sums_of_any_length():
    terms = 3_000
    assert_same(lambda x, y: F.total([F.sin(x + k) * y for k in range(terms)]), (0.5, 0.25))
    assert_same(lambda x, y: sum((x * y * F.cos(x * k) for k in range(terms)), y), (0.5, 0.25))
    assert_same(lambda x, y: F.dot([x * k for k in range(terms)], [y + k for k in range(terms)], y), (0.5, 0.25))


def test_parts_that_are_shared_again_and_again():
    def doubled(x, y, *, of=F.exp):
        a, b = of(x), of(y)
        for _ in range(60):
            a, b = b, a * 0.5 + b * 0.5
        return F.log(a + b)

    def added(x, y):
        a, b = F.exp(x), F.exp(y)
        for _ in range(40):
            a, b = b, a + b
        return F.log(b)

    assert_same(doubled, (0.5, 0.25))
    assert_same(added, (0.5, 0.25))


@given(recipe=recipes(kinks=True, steps=30))
@settings(max_examples=60)
def test_however_long_a_line_may_be(recipe):
    recording = record(lambda *xs: recipe.run(xs), example=recipe.inputs)
    expected = value_and_grad(lambda *xs: recipe.run(xs), tuple(range(len(recipe.inputs))))(*recipe.inputs)
    before = statements.LONG
    try:
        for statements.LONG in (0, 20, before):
            for graph in (recording, simplify(recording)):
                for checked in (False, True):
                    value, slopes = function(source(graph, checked=checked))(*recipe.inputs)
                    scale = max(1.0, abs(expected[0]), *map(abs, expected[1]))
                    np.testing.assert_allclose(
                        [value, *slopes], [expected[0], *expected[1]], rtol=1e-12, atol=1e-12 * scale
                    )
    finally:
        statements.LONG = before


# -- The text --------------------------------------------------------------------------------------------------


def text(cost, *example):
    return source(simplify(record(cost, example=example)))


@given(recipe=recipes(kinks=True, steps=25))
@example(Recipe((0.0,), (("sin", (0,)), ("cos", (0,)))))
@settings(max_examples=25)
def test_no_function_is_called_twice_for_the_same(recipe):
    text = source(simplify(record(lambda *xs: recipe.run(xs), example=recipe.inputs)))
    calls = [ast.unparse(node) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    slopes = ("sin(", "cos(", "exp(", "log(", "sigmoid(")  # of others, which may stand beside them
    for call in set(calls):
        if not call.startswith("sign("):  # which occurs in both slopes of a maximum
            assert calls.count(call) <= 1 + call.startswith(slopes)


def test_the_gradient_of_a_node_is_one_sum():
    written = text(lambda x, y: F.sin(x) * y + F.exp(F.sin(x)) - F.sin(x) / y, 1.0, 2.0)
    sine, exponential = re.search(r"(v\d+) = sin", written)[1], re.search(r"(v\d+) = exp", written)[1]
    assert f"(-1.0 / p1 + {exponential} + p1) * cos(p0)" in written
    assert f"({re.search(rf'(v.) = {sine} / p1', written)[1]} / p1) + {sine})" in written


def test_squares_have_the_slope_of_the_books():
    assert "(2.0 * p0," in text(lambda x: x**2, 3.0)
    assert "3.0 * p0 * p0" in text(lambda x: x**3, 3.0)


def test_labels_are_names_where_they_can_be():
    labels = ["w", "lambda", "exp", "print", "v3", "b", "b", "__debug__", "α", "two words", "None", ""]
    leaves = [Value(float(k), label) for k, label in enumerate(labels)]
    recording = record(lambda: F.total([x * x for x in leaves]), leaves)
    head = source(recording).splitlines()[0]
    assert head == f"def program(w, {', '.join(f'p{k}' for k in range(1, len(labels)))}):"
    value, slopes = function(source(recording))(*range(len(labels)))
    assert value == sum(k * k for k in range(len(labels)))
    assert list(slopes) == [2.0 * k for k in range(len(labels))]


def test_every_slope_is_written_as_the_table_has_it():
    numbers = [0.7, 1.3, -0.4]
    for op in F.rules.RULES.values():
        z = op.evaluate(numbers[: op.arity]) if op.arity else 0.0
        values = [z, *numbers[: op.arity or 0]]
        for k, slope in enumerate(slopes(op)):
            expected = op.slope(k, *([values[0], values[1:]]))
            if slope is None:
                assert expected in (None, 0)
                continue
            for upstream, sign in ((" + g", 1.0), (" - g", -1.0), (" + 1.0", 0.5), (" - 1.0", -0.5)):
                term = slope.times(upstream, [f"t[{i}]" if i in slope.needs else "?" for i in range(4)], range(4))
                got = eval("0.0" + term, {**F.spell.python.FUNCTIONS, "g": 2.0, "t": values})
                assert got == pytest.approx(2.0 * sign * expected, rel=1e-14), (op, k, term)


def test_one_function_is_made_where_numbers_are_differentiated(monkeypatch):
    made = []
    straight = import_module("autograd.compile.straight.runner")
    monkeypatch.setattr(straight, "source", lambda *a, **k: made.append(k) or source(*a, **k))
    program = compile(lambda x: x.tanh(), backend="python")
    assert program(0.5) == program(0.5)
    assert len(made) == 1
    assert "tanh" in program.source
    assert "raise" not in program.source


@pytest.mark.parametrize("checked", [False, True])
@pytest.mark.parametrize("lines", [1, 7])
def test_a_very_long_function_is_compiled_in_sections(monkeypatch, checked, lines):
    def cost(a, b):
        z = a
        for k in range(40):
            z = (z * b).sin() + a if k % 2 else z.log()
            z = z * z + 1
        return z

    text = source(simplify(record(cost, example=(0.7, 1.3))), checked=checked)
    plain = function(text)
    monkeypatch.setattr(runner, "LONG", 0)
    monkeypatch.setattr(runner, "SECTION", lines)
    long = function(text)
    assert long(0.7, 1.3) == plain(0.7, 1.3)
    with pytest.raises(ValueError) as said:
        plain(-0.7, 1.3)
    with pytest.raises(ValueError, match=re.escape(str(said.value))):
        long(-0.7, 1.3)
    overflow = function(source(simplify(record(lambda a: a * a, example=(1.0,))), checked=checked))
    if checked:
        with pytest.raises(ValueError):  # without a message: the engine says it
            overflow(1e300)
    else:
        assert overflow(1e300)[0] == math.inf


def test_the_collector_is_on_again():
    program = compile(lambda x: x.tanh(), backend="python")
    program(1.0)
    assert gc.isenabled()
    w = Value(1.0, "w")
    with pytest.raises(ZeroDivisionError):
        compile(lambda: w * (1 / 0), [w], backend="python")
    assert gc.isenabled()


def test_many_rows_go_through_in_blocks(monkeypatch):
    w = Value(0.5)
    x = np.linspace(-1.0, 1.0, 37)
    whole = compile(lambda x: (w * x).tanh(), w, backend="python")(x)
    monkeypatch.setattr(runner, "BLOCK", 5)
    value, gradient = compile(lambda x: (w * x).tanh(), w, backend="python")(x)
    assert (value, gradient[0]) == (whole[0], whole[1][0])


# -- Names --------------------------------------------------------------------------------------------------------


def line_of(program, begins):
    return next(line for line in program.source.splitlines() if line.startswith(begins))


def test_the_text_calls_the_arguments_what_the_cost_calls_them():
    w, b = Value(2.0, "w"), Value(1.0, "v")
    program = compile(lambda x, t: (w * x[0] + b * x[1] - t) ** 2, [w, b], backend="python", penalty=lambda: 0.1 * w**2)
    assert np.hstack(program([[1.0, 2.0]], [3.0])) == pytest.approx([1.4, 2.4, 4.0])
    assert line_of(program, "def program") == "def program(w, v, x0, x1, t):"
    assert line_of(program, "def penalty") == "def penalty(w, v):"
    assert (
        line_of(program, "# For one") == "# For one example. A batch has the mean over its examples, plus the penalty."
    )


@pytest.mark.parametrize(
    ("cost", "labels", "signature"),
    [
        (lambda x, x0, w: x[0] * x0 * w, ["w", "x1"], "w, p1, x0, x1, x2"),  # the first two would both be x0
        (lambda x, w, t: x[0] * w * t, ["w", "x1"], "w, p1, x0, x1, x2"),  # two would be w
        (lambda x, s, t: x[0] * s * t, ["g1", "x1"], "p0, p1, x0, x1, x2"),  # s and g1 are ours
        (lambda x, exp, t: x[0] * exp * t, ["lambda", "print"], "p0, p1, x0, x1, x2"),
        (lambda rows, vec, t: rows[0] * vec * t, ["rate", "rate"], "p0, p1, rows0, vec, t"),
    ],
)
def test_names_that_would_clash_are_not_taken(cost, labels, signature):
    leaves = [Value(2.0, labels[0]), Value(3.0, labels[1])]
    program = compile(_times(cost, leaves), leaves, backend="python")
    assert np.hstack(program([[5.0]], [7.0], [11.0])) == pytest.approx([2310.0, 1155.0, 770.0])
    assert line_of(program, "def program") == f"def program({signature}):"


def _times(cost, leaves):
    def product(*args):
        return cost(*args) * leaves[0] * leaves[1]

    product.__signature__ = inspect.signature(cost)
    return product
