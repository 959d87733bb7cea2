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

COMPARED = ("compares a Value (==)", "use where(c, a, b), maximum, minimum, relu or abs, which stay in the graph")
ASKED = ("uses a Value as a condition", COMPARED[1])
KEY = ("uses a Value as a key", "give the cost one-hot rows, and use dot(row, values)")
BEFORE = "do this to the data before, and pass the result to the program"
FLOAT = ("uses float on a Value", f"compute with the Value itself (autograd.exp for math.exp), or {BEFORE}")
DISGUISES = {
    "difference == 0": (lambda x, t, w: w if x - t == 0 else w * x, COMPARED),
    "unequal": (lambda x, t, w: w if x != t else w * x, COMPARED),
    "unequal to a number": (lambda x, t, w: w if x != 2.0 else w * x, COMPARED),
    "absolute": (lambda x, t, w: w if abs(x) == 1.0 else w * x, COMPARED),
    "negative": (lambda x, t, w: w if -x == 1.0 else w * x, COMPARED),
    "reflected": (lambda x, t, w: w if 1.0 - x**2 == 0.0 else w * x, COMPARED),
    "not difference": (lambda x, t, w: w if not (x - t) else w * x, ASKED),
    "any": (lambda x, t, w: w if any(a - 1.0 for a in (x, t)) else w * x, ASKED),
    "dictionary": (lambda x, t, w: {0.0: w, 1.0: 2 * w}[t], KEY),
    "dictionary with a default": (lambda x, t, w: {0.0: w}.get(t, 2 * w), KEY),
    "set": (lambda x, t, w: w * len({x, t}), KEY),
    "member": (lambda x, t, w: w * x if 2 * t in {0.0, 2.0} else w, KEY),
    "int": (lambda x, t, w: [w, 2 * w][int(t)], ("uses int on a Value", BEFORE)),
    "float": (lambda x, t, w: w * float(x), FLOAT),
    "math": (lambda x, t, w: w * math.exp(x + t), FLOAT),
    "floor": (lambda x, t, w: w * math.floor(x), ("uses math.floor on a Value", BEFORE)),
    "round": (lambda x, t, w: w * round(x, 1), ("uses round on a Value", BEFORE)),
    "remainder": (lambda x, t, w: w * (x % 2), ("uses % on a Value", BEFORE)),
    "remainder of": (lambda x, t, w: w * (3.0 % x), ("uses % on a Value", BEFORE)),
    "whole part": (lambda x, t, w: w * (x // 2), ("uses // on a Value", BEFORE)),
}


@pytest.mark.parametrize("name", DISGUISES)
def test_a_decision_in_disguise(name):
    cost, (does, instead) = DISGUISES[name]
    w = Value(1.0, "w")
    with pytest.raises(TraceError) as error:
        compile(lambda x, t: cost(x, t, w), [w])([1.0, 2.0], [0.0, 1.0])
    told, _, where = str(error.value).partition("\n")  # the line that it quotes says much, too
    assert told.startswith(f"the cost {does} that depends on the example. ")
    assert told.endswith(f"Instead: {instead}.")
    assert "test_limits.py, line" in where


def test_parameters_may_be_asked_for_as_ever():
    """`if bias:` and look-ups of parameters do not depend on the example."""
    w, b = Value(2.0, "w"), Value(1.0, "b")
    names = {w: "weight", b: "bias"}

    def cost(x):
        z = w * x
        return z + b if b and names[b] == "bias" and z != w else z

    assert compile(cost, [w, b])([1.0, 3.0])[0] == 5.0


def test_a_number_is_always_itself():
    w = Value(2.0)
    assert compile(lambda x: w if x != x else w * x if x == x else 0 * w, [w])([1.0, 3.0])[0] == 4.0  # x != x: NaN?


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
    "twister": np.random.Generator(np.random.MT19937(3)).normal,
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


def test_a_cost_that_sets_a_parameter_is_refused_and_nothing_is_changed():
    w = Value(2.0, label="w")

    def cost(x):
        w.data = 0.5
        return (w * x) ** 2

    with pytest.raises(TraceError, match="the cost sets w to another number"):
        compile(cost, [w])([1.0])
    assert w.data == 2.0


def even(k, x):
    return x if k == 0 else odd(k - 1, x) * 2.0


def odd(k, x):
    return even(k - 1, x) * GENERATOR.normal()


def test_a_draw_in_functions_that_call_each_other():
    w = Value(1.0)
    with pytest.raises(TraceError, match="random"):
        compile(lambda: even(4, w), [w])()


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_a_draw_that_came_out_alike_twice(draw):
    w = Value(1.0)
    with pytest.raises(TraceError, match="random"):
        compile(lambda x: w * x if draw() < 1e6 else w, [w])([1.0, 1.0])


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


@pytest.mark.parametrize(
    "f", [lambda x: F.where(x, 1.0, 2.0), lambda x: F.maximum(x, 1.0), lambda x: F.minimum(x, 1.0), F.relu, F.sigmoid]
)
def test_nan_passes_no_choice_unseen(backend, f):
    w = Value(2.0)
    program = compile(lambda x: w * f(x), [w], backend=backend)
    program([1.0, 2.0])
    with pytest.raises(ValueError, match=r"^row 1 of the batch: argument 0 holds nan"):
        program([1.0, math.nan])
    function = compile(lambda x: f(x) + 0.0 * x, backend=backend)
    function(1.0)
    function(2.0)
    with pytest.raises(ValueError, match="nan"):
        function(math.nan)


def test_a_draw_in_the_penalty():
    w = Value(1.0)
    with pytest.raises(TraceError, match="random"):
        compile(lambda: w * 2, [w], penalty=lambda: w * GENERATOR.random())()
    with pytest.raises(TraceError, match="random"):
        compile(lambda x: w * x, [w], penalty=lambda: w * GENERATOR.random())([1.0, 2.0])


@pytest.mark.parametrize("point", [Value(3.0), [Value(3.0)], [1.0, Value(3.0)], np.array([Value(3.0)], dtype=object)])
def test_a_program_is_not_differentiated_through(point):
    program = compile(lambda a: np.sum(a) ** 2)
    with pytest.raises(TypeError, match="plain numbers"):
        program(point)


@pytest.mark.parametrize("cost", [lambda x, t: x[0], lambda x, t: x.shape[0], lambda x, t: t[5], lambda x: x])
def test_what_the_cost_was_called_with(cost):
    with pytest.raises((AttributeError, IndexError, TypeError)) as caught:
        compile(cost, [Value(1.0)])([1.0, 2.0], [[1.0, 2.0, 3.0]] * 2)
    assert "Input" not in str(caught.value)
    assert caught.value.__notes__ == [
        "The cost was called with one example, the first row of each argument: a number, an array of shape (3,)."
    ]


def test_a_batch_without_parameters():
    w = Value(1.0)
    with pytest.raises(TypeError) as caught:
        compile(lambda x, t: (w * x - t) ** 2)([1.0, 2.0], [1.0, 2.0])
    assert caught.value.__notes__ == [
        "The cost was called with the arguments themselves, since no params were given: a list, a list."
    ]


def test_without_params_the_message_speaks_of_arguments():
    with pytest.raises(TraceError, match=r"depends on the arguments\. .* replayed for all numbers"):
        compile(lambda a: a if a > 0 else -a)(3.0)
