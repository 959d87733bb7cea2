"""How a program behaves: parameters in two places, batches of the wrong kind, costs that cannot be recorded."""

import importlib.util
import math
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import autograd as F
from autograd import DomainError, Value, ieee
from autograd.compile import TraceError, choose, compile
from autograd.reverse import gradient


def line():
    """(program's ingredients) a straight line through the points, squared error."""
    w, b = Value(2.0, "w"), Value(-1.0, "b")
    return (lambda x, t: (w * x + b - t) ** 2), [w, b]


DATA = ([1.0, 2.0, 4.0], [3.0, 0.5, 1.0])

# -- Parameters ----------------------------------------------------------------------------------------------


def test_the_flat_array_is_what_the_program_computes_with(backend):
    cost, (w, b) = line()
    program = compile(cost, [w, b], backend=backend)
    assert program.parameters.tolist() == [2.0, -1.0]
    program.parameters -= [0.5, 0.25]
    before = program(*DATA)
    assert (w.data, b.data) == (2.0, -1.0)
    program.write_back()
    assert (w.data, b.data) == (1.5, -1.25)
    np.testing.assert_array_equal(program(*DATA)[1], before[1])
    w.data, b.data = 1.5, -1.25
    fresh = compile(cost, [w, b], backend=backend)
    assert fresh(*DATA)[0] == before[0]


def test_an_edit_of_a_value_is_taken_over(backend):
    cost, (w, b) = line()
    program = compile(cost, [w, b], backend=backend)
    program(*DATA)
    flat = program.parameters
    flat[1] = 7.0  # as an optimiser does
    w.data = 5.0
    value, _ = program(*DATA)
    assert program.parameters is flat
    assert flat.tolist() == [5.0, 7.0]
    assert value == pytest.approx(np.mean((5.0 * np.array(DATA[0]) + 7.0 - DATA[1]) ** 2))
    w.data = 2.0
    assert program.parameters.tolist() == [2.0, 7.0]


def test_two_programs_share_their_values(backend):
    cost, params = line()
    train, check = compile(cost, params, backend=backend), compile(cost, params, backend=backend, reduce="sum")
    check(*DATA)
    train.parameters[:] = [1.0, 1.0]
    train.write_back()
    assert check(*DATA)[0] == pytest.approx(3 * train(*DATA)[0])


def test_the_parameters_can_be_set_but_not_replaced():
    cost, params = line()
    program = compile(cost, params)
    flat = program.parameters
    program.parameters = [3.0, 4.0]
    assert program.parameters is flat
    assert flat.tolist() == [3.0, 4.0]


def test_nothing_is_written_back_if_a_parameter_is_not_finite():
    cost, (w, b) = line()
    program = compile(cost, [w, b])
    program.parameters[:] = [1.0, math.nan]
    with pytest.raises(ValueError, match="parameter 1 is nan"):
        program.write_back()
    assert w.data == 2.0


def test_the_gradient_of_an_earlier_call_stays(backend):
    cost, params = line()
    program = compile(cost, params, backend=backend)
    _, first = program(*DATA)
    kept = first.copy()
    program.parameters += 1.0
    program(*DATA)
    np.testing.assert_array_equal(first, kept)


def test_recording_leaves_values_and_gradients_alone(backend):
    cost, (w, b) = line()
    w.grad = 3.0
    program = compile(cost, [w, b], backend=backend)
    program.parameters[:] = [9.0, 9.0]
    program(*DATA)
    assert (w.data, w.grad, b.data, b.grad) == (2.0, 3.0, -1.0, 0.0)


def test_a_captured_number_that_is_edited_is_recorded_anew(backend):
    cost, params = line()
    scale = Value(2.0)
    program = compile(lambda x, t: cost(x, t) * scale, params, backend=backend)
    before = program(*DATA)[0]
    scale.data = 4.0
    assert program(*DATA)[0] == pytest.approx(2 * before)


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ([1.0], TypeError, "a parameter must be a Value; got 1.0"),
        ("ab", TypeError, "a parameter must be a Value"),
        ([Value(1.0, "a") + 1.0], ValueError, "is the result of"),
    ],
)
def test_what_is_not_a_parameter(params, error, message):
    with pytest.raises(error, match=message):
        compile(lambda x: x, params)


def test_a_parameter_given_twice():
    w = Value(1.0, "w")
    with pytest.raises(ValueError, match=r"parameter 2 \(w\) is the same Value as parameter 0"):
        compile(lambda x: w * x, [w, Value(2.0), w])


def test_parameters_from_an_iterator():
    cost, params = line()
    program = compile(cost, iter(params))
    before = program(*DATA)[0]
    params[0].data += 1.0
    assert program(*DATA)[0] != before


def test_more_parameters_than_at_recording():
    cost, params = line()
    program = compile(cost, params)
    program(*DATA)
    params.append(Value(0.0))
    with pytest.raises(ValueError, match="the number of parameters changed from 2 to 3"):
        program(*DATA)


# -- Without parameters: the arguments -----------------------------------------------------------------------


def test_the_arguments_are_differentiated(backend):
    program = compile(lambda x, y: x * y.tanh(), backend=backend)
    for x, y in ((3.0, 0.5), (-2.0, 1.5)):
        value, (dx, dy) = program(x, y)
        assert value == pytest.approx(x * math.tanh(y))
        assert (dx, dy) == pytest.approx((math.tanh(y), x * (1 - math.tanh(y) ** 2)))


def test_arguments_of_any_structure(backend):
    program = compile(lambda p, xs: p["a"] * xs[0] * xs[1] + p["b"] ** 3, backend=backend)
    value, slopes = program({"a": 2.0, "b": 3.0}, np.array([5.0, 7.0]))
    assert value == 97.0
    assert slopes.tolist() == [35.0, 27.0, 14.0, 10.0]
    with pytest.raises(ValueError, match="recorded with arguments of shape"):
        program({"a": 2.0, "b": 3.0}, np.array([5.0, 7.0, 8.0]))


def test_whole_numbers_are_numbers():
    program = compile(lambda x: x**2 / 2, backend="python")
    assert program(3) == (4.5, (3.0,))
    assert program(3) == (4.5, (3.0,))
    with pytest.raises((TypeError, ValueError)):
        program("3")


def test_an_array_where_a_number_was():
    program = compile(lambda x, y: x * y, backend="python")
    program(2.0, 3.0)
    with pytest.raises(ValueError, match="recorded with"):
        program(np.array([1.0, 2.0]), 3.0)
    with pytest.raises((TypeError, ValueError)):
        program(2.0)


# -- Batches -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("batch", "error", "message"),
    [
        (([[1.0, 2.0, 3.0]], [1.0]), ValueError, r"argument 0 has rows of shape \(3,\), .* rows of shape \(2,\)"),
        (([[1.0, 2.0], [3.0]], [1.0, 2.0]), ValueError, "argument 0 has rows of different lengths"),
        ((np.zeros((0, 2)), np.zeros(0)), ValueError, "the batch is empty"),
        (([[1.0, 2.0]], [1.0, 2.0]), ValueError, "argument 0 has 1 rows, but argument 1 has 2"),
        ((1.0, [1.0]), ValueError, "argument 0 is one number"),
        (([["a", "b"]], [1.0]), TypeError, "argument 0 must hold numbers"),
        (([[None, 1.0]], [1.0]), TypeError, "argument 0 must hold plain numbers"),
        ((np.ma.masked_less([[1.0, 2.0]], 2.0), [1.0]), ValueError, "argument 0 has masked entries"),
        (([[1.0, 2.0]],), TypeError, r"the cost takes 2 argument\(s\); the program got 1"),
    ],
)
def test_a_batch_of_the_wrong_kind(batch, error, message, backend):
    w = [Value(1.0), Value(2.0)]
    program = compile(lambda x, t: (F.dot(w, x) - t) ** 2, w, backend=backend)
    program(np.ones((3, 2)), np.ones(3))
    before = program.parameters.copy()
    with pytest.raises(error, match=message):
        program(*batch)
    np.testing.assert_array_equal(program.parameters, before)
    assert program(np.ones((3, 2)), np.ones(3))[0] == pytest.approx(4.0)


def test_batches_of_any_dtype_and_layout(backend):
    w = [Value(1.0), Value(2.0)]
    program = compile(lambda x, t: (F.dot(w, x) - t) ** 2, w, backend=backend)
    X, t = np.arange(12).reshape(2, 6), np.arange(6)
    expected = program(np.array(X.T, float), np.array(t, float))
    table = X.T.astype(object)
    table[0, 0] = np.bool_(False)
    for x, y in (
        (X.T, t),
        (table, t.astype(object)),
        (X.T.astype(np.float32), t.tolist()),
        (np.asfortranarray(X.T), t[::-1][::-1]),
    ):
        value, slopes = program(x, y)
        assert value == expected[0]
        np.testing.assert_array_equal(slopes, expected[1])


def test_a_million_rows_need_no_more_memory_than_a_block():
    w = [Value(0.5), Value(-0.25), Value(0.1)]
    program = compile(lambda x, t: (w[0] * x[0] + w[1] * x[1] + w[2] - t) ** 2, w, backend="numpy")
    rng = np.random.default_rng(0)
    X, t = rng.normal(size=(1_000_000, 2)), rng.normal(size=1_000_000)
    program(X[:2], t[:2])
    tracemalloc.start()
    try:
        value, slopes = program(X, t)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < X.nbytes / 4
    off = X @ [0.5, -0.25] + 0.1 - t
    assert value == pytest.approx(np.mean(off**2), rel=1e-12)
    np.testing.assert_allclose(slopes, [*(2 * off @ X / len(X)), 2 * off.mean()], rtol=1e-10)


def test_a_large_batch_goes_in_blocks_and_gives_the_same():
    rng = np.random.default_rng(0)
    W = [[Value(x) for x in row] for row in rng.normal(size=(6, 4))]

    def cost(x, t):
        return (F.total([F.tanh(F.dot(r, x)) for r in W]) - t) ** 2

    program = compile(cost, W, backend="numpy", penalty=lambda: 0.5 * F.total([w * w for r in W for w in r]))
    X, t = rng.normal(size=(1000, 4)), rng.normal(size=1000)
    whole, slopes = program(X, t)
    program._runner.block = 64
    in_blocks, block_slopes = program(X, t)
    assert program._runner.parts is not None
    assert in_blocks == pytest.approx(whole, rel=1e-13)
    np.testing.assert_allclose(block_slopes, slopes, rtol=1e-12, atol=1e-14)


# -- What cannot be recorded ---------------------------------------------------------------------------------


def branches(x, w):
    if x > 0:
        return w * x
    return w


IN_THE_GRAPH = "use where(c, a, b), maximum, minimum, relu or abs, which stay in the graph"
ROWS = "give the cost one-hot rows, and use dot(row, values)"
COSTS = {
    "compares": (branches, "compares a Value (>) that depends on the example", IN_THE_GRAPH),
    "reads": (
        lambda x, w: w * x.data,
        "reads .data of a Value that depends on the example",
        "compute with the Value itself",
    ),
    "equals": (lambda x, w: w if x == 1 else w * x, "compares a Value (==) that depends on the example", IN_THE_GRAPH),
    "condition": (
        lambda x, w: w if x else w * x,
        "uses a Value as a condition that depends on the example",
        IN_THE_GRAPH,
    ),
    "indexes": (lambda x, w: np.array([w, w * x, x])[x], "uses a Value as an index that depends on the example", ROWS),
    "indexes a list": (lambda x, w: [w, w * x, x][x], "uses a Value as an index that depends on the example", ROWS),
    "parameter": (
        lambda x, w: w * x if w > 0 else x,
        "compares a Value (w) (>) that depends on the parameters",
        IN_THE_GRAPH,
    ),
    "maximum": (lambda x, w: max(w * x, x), "compares a Value (>) that depends on the example", IN_THE_GRAPH),
}


@pytest.mark.parametrize("name", COSTS)
def test_a_decision_that_depends_on_the_numbers(name):
    cost, does, instead = COSTS[name]
    w = Value(1.0, "w")
    with pytest.raises(TraceError) as error:
        compile(lambda x: cost(x, w), [w])(np.ones(3))
    told, _, where = str(error.value).partition("\n")  # the line that it quotes says much, too
    assert told.startswith(f"the cost {does}. ")
    assert told.endswith(f"Instead: {instead}.")
    assert "test_program.py, line" in where


def test_a_decision_on_constants_is_fine():
    w = Value(2.0)
    limit = Value(3.0)
    assert compile(lambda x: w * x if limit > 0 else x, [w])([1.0, 3.0])[0] == 4.0


def test_a_graph_that_is_another_each_time():
    w = Value(1.0)
    calls = iter(range(10))
    with pytest.raises(TraceError, match="another graph"):
        compile(lambda x: w * x + next(calls), [w])([1.0, 2.0])


def test_the_math_module_loses_the_graph():
    with pytest.raises(TypeError, match=r"autograd\.exp"):
        compile(lambda x: math.exp(x))(1.0)


def test_a_cost_must_return_one_value():
    w = Value(1.0)
    with pytest.raises(TypeError, match="the cost must return one Value; it returned"):
        compile(lambda x: 3.0, [w])([1.0])
    with pytest.raises(TypeError, match="the penalty must return one Value"):
        compile(lambda x: w * x, [w], penalty=lambda: 3.0)([1.0])


def test_the_penalty_must_not_depend_on_the_example():
    w, seen = Value(1.0), []

    def cost(x):
        seen.append(x)
        return w * x

    with pytest.raises(TraceError, match="the penalty must not depend on the example"):
        compile(cost, [w], penalty=lambda: seen[-1] * w)([1.0])


def test_parameters_may_come_in_a_dict():
    w, b = Value(2.0), Value(1.0)
    program = compile(lambda x: w * x + b, {"w": w, "others": [b]})
    value, gradient = program([1.0, 2.0])
    assert (value, gradient.tolist()) == (4.0, [1.5, 1.0])


def test_an_edit_that_no_call_has_seen_is_not_overwritten():
    w, b = Value(2.0), Value(1.0)
    program = compile(lambda x: w * x + b, [w, b])
    program.parameters[:] = [5.0, 6.0]
    w.data = 7.0
    program.write_back()
    assert (w.data, b.data, program.parameters.tolist()) == (7.0, 6.0, [7.0, 6.0])


def test_a_program_says_what_it_is_and_what_runs():
    program = compile(*line(), backend="numpy")
    assert repr(program) == "<program of <lambda>, 2 parameters, not yet recorded>"
    with pytest.raises(ValueError, match="recorded at its first call"):
        _ = program.fast_source
    program(*DATA)
    assert repr(program) == "<program of <lambda>, 2 parameters, backend 'numpy'>"
    assert "multiply(" in program.fast_source
    assert "import numpy" not in program.fast_source
    assert "out=" not in program.source
    straight = compile(*line(), backend="python")
    straight(*DATA)
    assert straight.fast_source == straight.source


def test_the_options():
    with pytest.raises(TypeError, match="the cost as a function"):
        compile(3)
    with pytest.raises(ValueError, match='backend is "auto"'):
        compile(line()[0], backend="fortran")
    with pytest.raises(ValueError, match='reduce is "mean" or "sum"'):
        compile(line()[0], reduce="max")
    with pytest.raises(TypeError, match="penalty is a function"):
        compile(line()[0], penalty=0.1)


def test_before_the_first_call_there_is_nothing_to_see():
    cost, params = line()
    program = compile(cost, params)
    assert program.backend == "auto"
    with pytest.raises(ValueError, match="call it once"):
        _ = program.source
    program(*DATA)
    assert program.backend == "numpy"
    assert "def program(w" in program.source
    closed = compile(lambda: params[0] * params[1], params)
    assert closed.backend == "python"


# -- Not finite ----------------------------------------------------------------------------------------------


def test_a_domain_error_names_the_node_and_the_row(backend):
    w = Value(2.0, "w")
    program = compile(lambda x: F.log(w * x), [w], backend=backend)
    X = np.linspace(1, 2, 50)
    assert program(X)[0] == pytest.approx(np.log(2 * X).mean())
    X[37] = -3.0
    with pytest.raises(DomainError, match=r"row 37 of the batch: log fails at -6\.0") as error:
        program(X)
    assert error.value.op == "log"
    assert "F.log(w * x)" in str(error.value)
    with ieee():
        assert math.isnan(program(X)[0])


def test_rows_that_overflow_only_when_they_are_added_up(quick_backend):
    w = Value(1e308, "w")
    program = compile(lambda x: w * x, [w], backend=quick_backend, reduce="sum")
    assert program([0.5, 0.5]) == (1e308, [1.0])
    with pytest.raises(DomainError, match="the cost or its gradient, added up over 2 rows, is too large for a float"):
        program([1.0, 1.0])
    with ieee():
        assert program([1.0, 1.0]) == (math.inf, [2.0])


def test_a_penalty_counts_where_a_slope_is_not_finite(quick_backend):
    w, v = Value(0.0, "w"), Value(3.0, "v")
    program = compile(lambda x: F.sqrt(w) + x, [w, v], backend=quick_backend, penalty=lambda: 2 * v)
    with ieee():
        value, slopes = program([1.0, 3.0])
    assert (value, slopes.tolist()) == (8.0, [math.inf, 2.0])


def test_a_penalty_without_a_batch(quick_backend):
    w = Value(3.0, "w")
    for penalty in (lambda: 2 * w, 2 * w):
        assert compile(lambda: w * w, [w], backend=quick_backend, penalty=penalty)() == (15.0, [8.0])


def test_numbers_that_are_not_finite_to_begin_with(backend):
    w = Value(2.0, "w")
    program = compile(lambda x: w * F.tanh(x), [w], backend=backend)
    with pytest.raises(ValueError, match="row 1 of the batch: argument 0 holds nan"):
        program([1.0, math.nan])
    program.parameters[0] = math.inf
    with pytest.raises(DomainError, match=r"parameter 0 \(w\) is inf"):
        program([1.0, 2.0])
    with ieee():
        assert program([1.0, 2.0])[0] == math.inf


def test_what_is_not_finite_comes_without_warnings(backend):
    w = [Value(1.0), Value(0.0)]
    X = np.linspace(-1.0, 1.0, 80)
    program = compile(lambda x: x / w[1] + w[0], w, backend=backend)
    program.parameters[1] = 2.0
    program(X)  # a slope of 1e200 is finite, though its square is not
    if backend == "numpy":
        program._runner.block = 64
    program.parameters[1] = 1e-100
    assert abs(program(X + 0.5)[1][1]) > 1e199
    program.parameters[1] = 0.0
    with pytest.raises(DomainError, match="row 0"):
        program(X)
    with ieee():
        value, slopes = program(X)
    assert np.isnan(value)
    assert np.isnan(slopes[1])


def test_threads_do_not_mix():
    rng = np.random.default_rng(0)
    W = [[Value(x) for x in row] for row in rng.normal(size=(30, 40))]
    program = compile(lambda x: F.total([F.tanh(F.dot(r, x)) for r in W]), W, backend="numpy")
    batches = [rng.normal(size=(64, 40)) for _ in range(8)]
    expected = [program(x) for x in batches]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(program, batches * 20))
    for (value, slopes), (right, right_slopes) in zip(results, expected * 20, strict=True):
        assert value == right
        np.testing.assert_array_equal(slopes, right_slopes)


def test_a_slope_that_is_not_finite(backend):
    w = Value(1.0)
    program = compile(lambda x: F.sqrt(w * x), [w], backend=backend)
    with pytest.raises(DomainError, match="row 1 of the batch: sqrt has no finite slope"):
        program([4.0, 0.0, 1.0])


def test_without_a_batch_a_domain_error_names_the_node(backend):
    program = compile(lambda x, y: F.log(x) / y, backend=backend)
    assert program(1.0, 2.0) == (0.0, (0.5, 0.0))
    with pytest.raises(DomainError, match="log fails at"):
        program(-1.0, 2.0)
    with pytest.raises(DomainError, match="dividing by 0"):
        program(1.0, 0.0)
    with ieee():
        assert math.isnan(program(-1.0, 2.0)[0])
    w = Value(1.0, "w")
    closed = compile(lambda: F.log(w), [w], backend=backend)
    closed.parameters[:] = 0.0
    with pytest.raises(DomainError, match="w = 0"):
        closed()


def test_what_the_simplified_program_can_still_compute(backend):
    w = Value(1.0)
    program = compile(
        lambda x, t: -(t * F.log(F.sigmoid(w * x)) + (1 - t) * F.log(1 - F.sigmoid(w * x))), [w], backend=backend
    )
    program([0.0, 1.0], [0.0, 1.0])
    value, slopes = program([800.0, -800.0], [0.0, 1.0])  # log(1 - σ(800)) is log(0) when computed as written
    assert value == 800.0
    assert slopes[0] == 800.0
    z = [Value(0.0), Value(0.0), Value(0.0)]
    program = compile(lambda: -F.log(F.exp(z[0]) / F.total([F.exp(a) for a in z])), z, backend=backend)
    program.parameters[:] = [-2000.0, 1000.0, 0.0]
    value, slopes = program()
    assert value == 3000.0
    np.testing.assert_allclose(slopes, [-1.0, 1.0, 0.0], atol=1e-300)


# -- Size ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["python", "numpy"])
def test_long_sums_and_deep_nests(backend):
    w = Value(0.5)

    def deep():
        x = w
        for k in range(3000):
            x = (x + 1.0) * 0.5 if k % 2 else (x * w + x)
        return x.tanh()

    def long():
        return sum((w * k for k in range(5000)), w * w)

    for cost in (deep, long):
        program = compile(cost, [w], backend=backend)
        root = cost()
        value, slopes = program()
        assert value == pytest.approx(root.data, rel=1e-12)
        assert slopes[0] == pytest.approx(gradient(root, [w])[0], rel=1e-9, abs=1e-12)


def test_the_backend_that_is_chosen(monkeypatch):
    w = [Value(0.001 * k) for k in range(24 * 24)]

    def layers():
        h = w[:24]
        for _ in range(2):
            h = [F.tanh(sum(a * b for a, b in zip(w[24 * k :], h, strict=False))) for k in range(24)]
        return F.total(h)

    def irregular():
        x = w[0]
        for k in range(700):
            x = F.sin(x + w[k % 40]) * w[7 * k % 40]
        return x

    assert compile(lambda x: w[0] * x, w)([1.0])[0] == 0.0
    assert compile(lambda: F.total(w[:9]), w).backend == "python"
    monkeypatch.setattr(choose, "SMALL", 1000)
    has_numba = importlib.util.find_spec("numba") is not None
    assert compile(irregular, w).backend == ("numba" if has_numba else "python")
    monkeypatch.setattr(choose, "find_spec", lambda name: None)
    assert compile(layers, w).backend == "numpy"
    monkeypatch.setattr(choose, "plan", pytest.fail)  # to look for matrices where there are none takes very long
    assert compile(irregular, w).backend == "python"


def test_straight_line_python_with_a_thousand_arguments():
    program = compile(lambda xs: F.total([x * x for x in xs]), backend="python")
    value, slopes = program(np.arange(1500.0))
    assert value == np.sum(np.arange(1500.0) ** 2)
    np.testing.assert_array_equal(slopes, 2 * np.arange(1500.0))
