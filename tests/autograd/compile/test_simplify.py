"""What a person would simplify is simplified, and nothing else changes."""

import math
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd as F
from autograd import Value, name_scope, value_and_grad
from autograd.compile.record import record
from autograd.compile.simplify import simplify
from autograd.compile.straight.runner import function
from autograd.compile.straight.statements import source


def operations(cost, *example, held=False):
    """The names of the operations that are left, sorted."""
    simple = simplify(record(cost, example=example))
    return sorted(op.name for i, (op, args) in enumerate(zip(simple.ops, simple.args, strict=True)) if args)


def assert_same(cost, *example):
    """The simplified program has the value and the slopes that the engine has."""
    value, slopes = function(source(simplify(record(cost, example=example))))(*example)
    expected, gradient = value_and_grad(cost, range(len(example)))(*example)
    assert [value, *slopes] == pytest.approx([expected, *gradient], rel=1e-13, abs=1e-14)


SAME = [
    (lambda x, y: x + 0, []),
    (lambda x, y: 0 + x * 1 / 1 - 0, []),
    (lambda x, y: -1 * (-x), []),
    (lambda x, y: x - x + y, []),
    (lambda x, y: x * 0 + y, []),
    (lambda x, y: x**1 * y**0, []),
    (lambda x, y: +x, []),
    (lambda x, y: x**2, ["mul"]),
    (lambda x, y: x + x + x, ["mul"]),
    (lambda x, y: (2 * x + 1) + (x * 3 - 2), ["add", "mul"]),
    (lambda x, y: (1 - x) + (x - 1) + y, []),
    (lambda x, y: x + -y, ["sub"]),
    (lambda x, y: -x * -y, ["mul"]),
    (lambda x, y: 2 * (3 * x), ["mul"]),
    (lambda x, y: x / 4, ["mul"]),
    (lambda x, y: (x * y) + (y * x), ["mul", "mul"]),
    (lambda x, y: (x + y).tanh() * (x + y).tanh(), ["add", "mul", "tanh"]),
    (lambda x, y: F.dot([x, 2.0, 0.0], [y, 3.0, x]), ["add", "mul"]),
    (lambda x, y: F.dot([x, 3.0], [y, y]), ["add", "mul", "mul"]),
    (lambda x, y: F.dot([x, y], [y, 3.0]), ["add", "mul", "mul"]),
    (lambda x, y: F.total([x, 1.0, y, 2.0]), ["add", "add"]),
    (lambda x, y: -x / y, ["div", "neg"]),
    (lambda x, y: x * 0 / y + x, ["add", "div"]),  # for y = 0 this is no number
    (lambda x, y: F.exp(F.log(x)).log(), ["log"]),
    (lambda x, y: F.where(1.0, x, y), []),
    (lambda x, y: F.exp(0.0) * x + math.pi - math.pi, []),
]
STABLE = [
    (lambda x, y: F.log(F.sigmoid(x)), ["neg", "neg", "softplus"]),
    (lambda x, y: F.log(1 - F.sigmoid(x)), ["neg", "softplus"]),
    (lambda x, y: F.log1p(-F.sigmoid(x)), ["neg", "softplus"]),
    (lambda x, y: 1 / (1 + F.exp(-x)), ["sigmoid"]),
    (lambda x, y: F.exp(x) / (1 + F.exp(x)), ["sigmoid"]),
    (lambda x, y: F.log(1 + F.exp(x)), ["softplus"]),
    (lambda x, y: F.log(1 / (1 + F.exp(-x))), ["neg", "neg", "softplus"]),
    (lambda x, y: F.log(F.exp(x) + F.exp(y)), ["add", "add", "exp", "exp", "log", "maximum", "sub", "sub"]),
    (lambda x, y: F.log(F.exp(x)), []),
    (lambda x, y: x + F.softplus(y - x), ["add", "softplus", "sub"]),
    (lambda x, y: 2 * F.softplus(x) - F.softplus(y), ["mul", "softplus", "softplus", "sub"]),
    (lambda x, y: 2 * F.softplus(x - y) - F.softplus(y), ["mul", "softplus", "softplus", "sub", "sub"]),
    (lambda x, y: F.exp(x) / F.exp(y), ["div", "exp", "exp"]),
    (lambda x, y: F.exp(x) * 0 / (F.exp(x) + F.exp(y) + F.exp(x) * 0) + y, []),
]


@pytest.mark.parametrize(
    "cost",
    [lambda x: 0.05 * x * x, lambda x: 0.05 * x**2, lambda x: x * 0.1 * (0.5 * x)],
)
def test_the_constant_stands_before_the_square(cost):
    assert "return 0.05 * (p0 * p0)," in source(simplify(record(cost, example=(0.3,))))


@pytest.mark.parametrize(("cost", "left"), SAME + STABLE)
def test_what_is_left(cost, left):
    assert operations(cost, 0.3, 0.6) == left
    assert_same(cost, 0.3, 0.6)


def test_labels_and_scopes_stay_with_what_is_left():
    def cost(x):
        double, six = x * 2.0, Value(3.0) * 2
        double.label, six.label = "double", "six"
        with name_scope("hidden"):
            squashed = double.tanh()
        squashed.label = "squashed"
        return squashed * six + double

    simple = simplify(record(cost, example=(0.3,)))
    assert {simple.ops[i].name: label for i, label in simple.labels.items()} == {"mul": "double", "tanh": "squashed"}
    assert {simple.ops[i].name: scope for i, scope in simple.scopes.items()} == {"tanh": "hidden"}


def test_the_penalty_is_kept_where_the_cost_is_another():
    w = Value(2.0)
    simple = simplify(record(lambda x: x * w, [w], (0.3,), lambda: w * w + 0 * w))
    assert (simple.ops[simple.root].name, simple.ops[simple.penalty].name, len(simple)) == ("mul", "mul", 4)


def cross_entropy(p, t):
    return -(t * F.log(p) + (1 - t) * F.log(1 - p))


@pytest.mark.parametrize(
    "cost",
    [
        lambda z, t: cross_entropy(F.sigmoid(z), t),
        lambda z, t: cross_entropy(1 / (1 + F.exp(-z)), t),
        lambda z, t: cross_entropy(1 / (1 + F.exp(-z)), t) * 2 / 2,
        lambda z, t: (t - 1) * F.log(1 - F.sigmoid(z)) - t * F.log(F.sigmoid(z)),
        lambda z, t: -F.dot([t, 1 - t], [F.log(F.sigmoid(z)), F.log(1 - F.sigmoid(z))]),
        lambda z, t: t * F.softplus(-z) + (1 - t) * F.softplus(z),
    ],
)
def test_cross_entropy_is_softplus_minus_tz(cost):
    assert operations(cost, 0.3, 1.0) == ["mul", "softplus", "sub"]


# a + b·t + 2, as a person may write it; the constants and the factors in either order
WEIGHTS = {
    "plain": lambda a, b, t: a + b * t + 2.0,
    "turned": lambda a, b, t: 2.0 - (-(t * b) - a),
    "dot": lambda a, b, t: F.dot([b, 0.5], [t, 4.0], a),
    "dot turned": lambda a, b, t: F.dot([t, 4.0], [b, 0.5], a),
    "total": lambda a, b, t: F.total([a, b * t, 2.0]),
    "twice": lambda a, b, t: 2 * (a / 2 + (b * t / 2 + 1.0)),
    "minus": lambda a, b, t: -(-(a + 1.0) - (b * t + 1.0)),
}


@given(
    st.sampled_from(sorted(WEIGHTS)),
    st.sampled_from(sorted(WEIGHTS)),
    st.sampled_from([-2.0, 0.5, 3.0]),
    st.sampled_from([-1.5, 1.0]),
    st.sampled_from([-1.0, 0.0, 4.0]),
)
@settings(max_examples=25)
def test_two_softpluses_meet_whatever_their_weights_are(first, second, a, b, c):
    def cost(z, t):
        falling = WEIGHTS[first](a, b, t) * F.softplus(-z)
        return falling - 1.5 - F.softplus(z) * -WEIGHTS[second](c, -b, t) + 3 * t + 0.25

    assert operations(cost, 0.7, 0.4).count("softplus") == (1 if a + c + 4 else 0)
    assert_same(cost, 0.7, 0.4)


def test_cross_entropy_of_a_difference():
    def cost(a, b, t):
        return cross_entropy(F.sigmoid(a - b), t)

    assert operations(cost, 0.3, 0.2, 1.0) == ["mul", "softplus", "sub", "sub"]


def test_no_gradient_through_the_largest():
    def cost(a, b, c):
        return F.log(F.exp(a) + F.exp(b) + F.exp(c))

    simple = simplify(record(cost, example=(1.0, 2.0, 3.0)))
    (held,) = simple.held
    assert simple.ops[held].name == "maximum"
    assert len(simple.args[held]) == 3


def test_a_maximum_that_the_user_took_passes_its_gradient_on():
    def before(a, b):
        return F.maximum(a, b) * 0.5 + F.log(F.exp(a) + F.exp(b))

    def after(a, b):
        return F.log(F.exp(a) + F.exp(b)) + F.maximum(a, b) ** 2

    e, f = 1 / (1 + math.exp(1.0)), 1 / (1 + math.exp(-1.0))
    for cost, slope in ((before, 0.5), (after, 4.0)):
        _, slopes = function(source(simplify(record(cost, example=(1.0, 2.0)))))(1.0, 2.0)
        assert slopes == pytest.approx((e, f + slope))


def test_a_sum_of_equal_exponentials():
    def cost(a, b):
        return F.log(F.total([F.exp(a)] * 3)) * b + F.exp(b) / F.total([F.exp(b)] * 4)

    assert operations(cost, 1.0, 2.0) == ["add", "add", "mul"]


def test_a_shift_that_the_user_made_is_kept():
    def cost(a, b):
        m = F.maximum(a, b)
        return F.log(F.exp(a - m) + F.exp(b - m)) + m

    assert not simplify(record(cost, example=(1.0, 2.0))).held


def test_softplus_trees_are_one_log_sum_exp():
    def cost(*z):
        while len(z) > 1:
            z = [a + (b - a).softplus() for a, b in zip(z[::2], z[1::2], strict=True)]
        return z[0]

    assert operations(cost, 0.1, 0.2, 0.3, 0.4) == ["add"] + ["exp"] * 4 + ["log", "maximum"] + ["sub"] * 4 + ["total"]


def test_an_operation_that_fails_is_left_to_fail_when_it_runs():
    w = Value(1.0)

    def cost():
        return F.where(w, w, Value(1.0) * 3.0)

    assert sorted(op.name for op, a in zip(*_lists(cost, [w]), strict=True) if a) == ["where"]


def _lists(cost, params):
    simple = simplify(record(cost, params))
    return simple.ops, simple.args


def test_long_chains_of_softplus_stay_stable_and_take_linear_time():
    def cost(*z):
        result = z[0]
        for other in z[1:]:
            result = result + (other - result).softplus()
        return result

    numbers = [math.sin(k) * 800 for k in range(600)]
    simple = simplify(record(cost, example=numbers))
    assert len(simple) < 15 * len(numbers)
    largest = max(numbers)
    exact = largest + math.log(math.fsum(math.exp(z - largest) for z in numbers))
    value, slopes = function(source(simple))(*numbers)
    assert value == pytest.approx(exact, rel=1e-13)
    assert list(slopes) == pytest.approx([math.exp(z - exact) for z in numbers], rel=1e-10, abs=1e-300)


def lines_run(work):
    """How many lines of Python are run."""
    count = 0

    def trace(frame, event, argument):
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("z", [lambda w, k: w[0] * k + w[1], lambda w, k: w[0] * k - w[1] * w[2]])
def test_many_cross_entropies_take_linear_time(z):
    w = [Value(0.1 * k) for k in range(3)]

    def work(examples):
        terms = [cross_entropy(F.sigmoid(z(w, k)), 0.25 * (k % 5)) for k in range(examples)]
        recording = record(lambda: F.total(terms), w)
        return lines_run(lambda: simplify(recording))

    assert work(160) < 2.2 * work(80)
