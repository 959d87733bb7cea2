"""What a program cannot hold: decisions in disguise, chance, parameters that are replaced."""

import copy
import math
import pickle
import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from autograd import Value, grad
from autograd import functions as F
from autograd.compile import TraceError, compile

DISGUISES = {
    "difference == 0": (lambda x, t, w: w if x - t == 0 else w * x, "where"),
    "not difference": (lambda x, t, w: w if not (x - t) else w * x, "where"),
    "any": (lambda x, t, w: w if any(a - 1.0 for a in (x, t)) else w * x, "where"),
    "dictionary": (lambda x, t, w: {0.0: w, 1.0: 2 * w}[t], "one-hot"),
    "dictionary with a default": (lambda x, t, w: {0.0: w}.get(t, 2 * w), "one-hot"),
    "set": (lambda x, t, w: w * len({x, t}), "one-hot"),
    "member": (lambda x, t, w: w * x if 2 * t in {0.0, 2.0} else w, "one-hot"),
    "int": (lambda x, t, w: [w, 2 * w][int(t)], "int"),
    "float": (lambda x, t, w: w * float(x), "float"),
    "math": (lambda x, t, w: w * math.exp(x + t), "autograd.exp"),
    "floor": (lambda x, t, w: w * math.floor(x), "math.floor"),
    "round": (lambda x, t, w: w * round(x, 1), "round"),
    "remainder": (lambda x, t, w: w * (x % 2), "%"),
    "remainder of": (lambda x, t, w: w * (3.0 % x), "%"),
    "whole part": (lambda x, t, w: w * (x // 2), "//"),
}


@pytest.mark.parametrize("name", DISGUISES)
def test_a_decision_in_disguise(name):
    cost, says = DISGUISES[name]
    w = Value(1.0, "w")
    with pytest.raises(TraceError, match=says) as error:
        compile(lambda x, t: cost(x, t, w), [w])([1.0, 2.0], [0.0, 1.0])
    assert "test_limits.py, line" in str(error.value)


def test_parameters_may_be_asked_for_as_ever():
    """`if bias:` and look-ups of parameters do not depend on the example."""
    w, b = Value(2.0, "w"), Value(1.0, "b")
    names = {w: "weight", b: "bias"}

    def cost(x):
        z = w * x
        return z + b if b and names[b] == "bias" and z != w else z

    assert compile(cost, [w, b])([1.0, 3.0])[0] == 5.0


def test_a_slope_along_the_example_in_the_cost():
    """The engine may keep the numbers of the example in its own sets and dicts."""
    w = Value(2.0, "w")
    program = compile(lambda x: grad(lambda u: w * u**3)(x) ** 2, [w], backend="numpy")
    value, slopes = program([1.0, 2.0])
    assert value == pytest.approx(np.mean([(6 * x**2) ** 2 for x in (1.0, 2.0)]))
    assert slopes[0] == pytest.approx(value)


GENERATOR = np.random.default_rng(5)


DRAWS = {
    "random": random.random,
    "numpy": np.random.rand,
    "method": GENERATOR.normal,
    "function": lambda: GENERATOR.normal(),
    "own": random.Random(2).random,
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
@pytest.mark.parametrize("batch", [(), ([1.0],), ([1.0, 1.0],)])
def test_a_draw_is_not_frozen(draw, batch):
    w = Value(1.0)
    cost = (lambda x: w * x * draw()) if batch else (lambda: w * draw())
    with pytest.raises(TraceError, match="random"):
        compile(cost, [w])(*batch)


def test_a_draw_where_the_arguments_are_differentiated():
    with pytest.raises(TraceError, match="random"):
        compile(lambda a: a * random.gauss(0, 1))(1.0)


def test_the_same_draw_each_time_is_a_number():
    w = Value(2.0)

    def cost():
        random.seed(4)
        return w * random.random()

    assert compile(cost, [w])()[0] == 2 * random.Random(4).random()


@pytest.mark.parametrize("as_list", [True, False])
def test_a_parameter_that_was_replaced(as_list):
    class Model:
        def __init__(self):
            self.w, self.b = Value(1.0, "w"), Value(0.0, "b")

        def parameters(self):
            return [self.w, self.b]

    model = Model()
    params = model.parameters() if as_list else model
    program = compile(lambda x: model.w * x + model.b, params)
    program([1.0])
    new = Value(5.0, "w")
    if as_list:
        params[0] = new
    else:
        model.w = new
    new.data = 6.0
    with pytest.raises(ValueError, match="parameter 0 was replaced"):
        program([1.0])


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_program_is_not_copied(how):
    w = Value(1.0)
    with pytest.raises(TypeError, match="compile the cost again"):
        how(compile(lambda x: w * x, [w]))


def test_a_cost_of_one_column_says_what_a_row_is():
    w = Value(1.0)
    with pytest.raises(TypeError, match=r"returned ndarray of shape \(1,\).*\(m, 1\)"):
        compile(lambda x: w * x, [w])(np.ones((3, 1)))


def test_an_integer_that_is_too_large():
    w = Value(1.0)
    with pytest.raises(ValueError, match="argument 0 holds an integer that is too large"):
        compile(lambda x: w * x, [w])([10**400, 1])


def test_threads_of_every_backend(backend):
    rng = np.random.default_rng(0)
    w = [Value(x) for x in rng.normal(size=8)]
    program = compile(lambda x, t: (F.tanh(F.dot(w, x)) - t) ** 2, w, backend=backend)
    batches = [(rng.normal(size=(n, 8)), rng.normal(size=n)) for n in (3, 40, 9)]
    expected = [program(*b) for b in batches]
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda b: program(*b), batches * 30))
    for (value, slopes), (right, right_slopes) in zip(results, expected * 30, strict=True):
        assert value == right
        np.testing.assert_array_equal(slopes, right_slopes)


def test_a_number_that_is_not_finite_has_a_row_and_a_column():
    w = Value(1.0)
    program = compile(lambda x: w * x[0] + x[1], [w])
    with pytest.raises(ValueError, match=r"row 1 of the batch: argument 0 holds nan in column 1, not a finite"):
        program([[1.0, 2.0], [3.0, math.nan]])
