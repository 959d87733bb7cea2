"""The JAX function gives what the engine gives: every row of the table, random graphs, models; on its own, too."""

import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import recipes

import autograd
from autograd import DomainError, Value, dot, rules
from autograd.compile import compile
from autograd.compile.jax import runner as jax_matrix
from autograd.compile.jax import text as jax_text
from autograd.compile.record import record
from autograd.compile.simplify import simplify
from autograd.op import SumOp

jax = pytest.importorskip("jax", reason="the jax backend needs jax")


def engine(cost, leaves, rows):
    """(mean, gradient) by the engine, one example after the other."""
    for leaf in leaves:
        leaf.grad = 0
    value = 0.0
    for row in rows:
        root = cost(*row)
        root.backward()
        value += root.data / len(rows)
    return value, np.array([leaf.grad for leaf in leaves]) / len(rows)


def function(cost, leaves, batch, jit=True):
    """(mean, gradient) by the JAX function."""
    recording = simplify(record(cost, leaves, [x[0] for x in batch]))
    run = jax.value_and_grad(jax_matrix.cost_function(recording))
    with jax_matrix.float64():
        rows = len(batch[0])
        value, gradient = (jax.jit(run) if jit else run)(
            jax.numpy.array([leaf.data for leaf in leaves]), np.full(rows, 1 / rows), *batch
        )
        return float(value), np.asarray(gradient)


def assert_same(got, expected, rtol=1e-11):
    assert got[0] == pytest.approx(expected[0], rel=rtol, abs=rtol)
    np.testing.assert_allclose(got[1], expected[1], rtol=rtol, atol=rtol * max(1.0, np.abs(expected[1]).max()))


def test_an_argument_without_columns():
    w, t, nothing = Value(0.5), np.arange(7.0), np.zeros((7, 0))
    value, gradient = compile(lambda x, t: w * t + autograd.total(x), w, backend="jax")(nothing, t)
    assert (value, gradient[0]) == (1.5, 3.0)


POINTS = np.array([[0.7, 1.3, -0.4], [1.5, 0.6, 2.0], [2.0, 2.0, 2.0], [1.0, 0.5, 1.0]])
KINKS = np.array([[0.0, 0.0, 1.0], [-1.0, 0.5, 0.0], [0.5, 0.5, -2.0]])


@pytest.mark.parametrize("op", [op for op in rules.RULES.values() if op.slopes and not isinstance(op, SumOp)], ids=str)
def test_every_row_of_the_table(op):
    moved = [Value(0.0), Value(0.0), Value(0.0)]

    def cost(*row):
        args = [m + x for m, x in zip(moved, row, strict=False)]
        if op.slopes[-1] is None:  # an exponent that is held fixed
            args[1:] = [1.5] if op.arity == 2 else args[1:]
        return autograd.functions.apply(op, *args)

    points = np.vstack([POINTS, KINKS]) if op.branch else POINTS
    batch = [np.ascontiguousarray(points[:, i]) for i in range(op.arity)]
    rows = list(zip(*(x.tolist() for x in batch), strict=True))
    assert_same(function(cost, moved, batch, jit=False), engine(cost, moved, rows))


@given(recipes(kinks=True))
@settings(max_examples=10, deadline=None)
def test_random_graphs_over_a_batch(recipe):
    leaves = [Value(v) for v in recipe.inputs]
    x = np.array([-0.8, 0.3, 1.1])

    def cost(x):
        return recipe.run([leaf * x if i % 2 == 0 else leaf for i, leaf in enumerate(leaves)])

    assert_same(function(cost, leaves, [x]), engine(cost, leaves, [(v,) for v in x.tolist()]))


def network(sizes, seed=0):
    random = np.random.default_rng(seed)
    layers = [
        ([[Value(v) for v in row] for row in random.normal(size=(m, n))], [Value(v) for v in random.normal(size=m)])
        for n, m in pairwise(sizes)
    ]
    return layers, [v for rows, biases in layers for v in [*(w for row in rows for w in row), *biases]]


def output(layers, x):
    for rows, biases in layers:
        x = [
            (sum(w * xi for w, xi in zip(row, x, strict=True)) + b).tanh() for row, b in zip(rows, biases, strict=True)
        ]
    return x


def attention(layers, xs):
    """One head: every position looks at all others."""
    (query, _), (key, _), (value, _) = layers
    q, k, v = ([[dot(row, x) for row in m] for x in xs] for m in (query, key, value))
    mixed = []
    for qi in q:
        exps = [dot(qi, kj).exp() for kj in k]
        mixed.append([sum(e * vj[c] for e, vj in zip(exps, v, strict=True)) / sum(exps) for c in range(len(v[0]))])
    return sum(m * m for row in mixed for m in row)


@pytest.mark.parametrize("rows", [1, 7])
def test_models(rows):
    random = np.random.default_rng(1)
    layers, leaves = network((3, 4, 2))
    x, t = random.normal(size=(rows, 3)), random.normal(size=(rows, 2))

    def cost(x, t):
        return sum((y - tk) ** 2 for y, tk in zip(output(layers, x), t, strict=True))

    program = compile(cost, leaves, backend="jax")
    assert_same(program(x, t), engine(cost, leaves, list(zip(x.tolist(), t.tolist(), strict=True))))
    assert ".T" in program.source
    assert "arrays of a JAX function" in program.explain()


def test_attention_and_a_penalty():
    random = np.random.default_rng(2)
    heads = [network((3, 2), seed)[0][0] for seed in range(3)]
    leaves = [w for rows, _ in heads for row in rows for w in row]
    x = random.normal(size=(4, 5, 3))
    penalty = lambda: 0.1 * sum(w * w for w in leaves)  # noqa: E731
    program = compile(lambda x: attention(heads, x), leaves, backend="jax", penalty=penalty)
    expected = engine(lambda x: attention(heads, x) + penalty(), leaves, [(row,) for row in x.tolist()])
    assert_same(program(x), expected)


def test_parameters_in_any_order_and_repeated():
    ws = [Value(float(k)) for k in range(1, 13)]
    x = np.array([[0.5, -1.0, 2.0]])

    def cost(x):  # transposed, strided, reversed, interleaved with a bias, and one twice
        a = [dot([ws[3 * j + i] for j in range(3)], x) for i in range(3)]
        b = [dot([ws[4 * i], ws[4 * i + 1], ws[4 * i + 2]], x, ws[4 * i + 3]) for i in range(3)]
        c = dot(ws[2::-1], x) + dot([ws[0], ws[0], ws[5]], x) + ws[11]
        return sum((ai * bi).tanh() for ai, bi in zip(a, b, strict=True)) * 0.1 + c * 0.01

    assert_same(function(cost, ws, [x]), engine(cost, ws, [(row,) for row in x.tolist()]))


def test_graph_without_a_batch():
    leaves = [Value(0.3), Value(-0.7)]
    program = compile(lambda: (leaves[0] * leaves[1]).exp() + leaves[1] ** 3, leaves, backend="jax")
    assert_same(program(), engine(lambda: (leaves[0] * leaves[1]).exp() + leaves[1] ** 3, leaves, [()]))


def test_cost_that_does_not_use_the_example():
    a = Value(3.0)
    for reduce, times in (("mean", 1), ("sum", 4)):
        value, gradient = compile(lambda x: a * a, [a], backend="jax", reduce=reduce)(np.arange(4.0))
        assert value == 9.0 * times
        assert gradient.tolist() == [6.0 * times]


def test_blocks_of_rows(monkeypatch):
    monkeypatch.setattr(jax_matrix, "BLOCK", 8)
    a, b = Value(0.5), Value(2.0)
    x = np.linspace(-1, 1, 21)
    program = compile(lambda x: (a * x).sin(), [a, b], backend="jax", penalty=lambda: a * b)
    assert_same(program(x), (np.sin(0.5 * x).mean() + 1.0, np.array([(x * np.cos(0.5 * x)).mean() + 2.0, 0.5])))


def test_result_that_is_not_finite_names_the_node_and_the_row():
    a = Value(1.0, "a")
    program = compile(lambda x: (a * x).log(), [a], backend="jax")
    with pytest.raises(DomainError, match=r"row 1 .*log fails"):
        program(np.array([1.0, -3.0, 4.0]))


def test_float64_whatever_jax_is_set_to():
    before = jax.numpy.asarray(1.0).dtype
    a = Value(1.0)
    value, gradient = compile(lambda x: a / x, [a], backend="jax")(np.array([3.0]))
    assert value == 1 / 3
    assert gradient.dtype == np.float64
    assert jax.numpy.asarray(1.0).dtype == before


def test_source_runs_by_itself():
    layers, leaves = network((3, 2))
    program = compile(lambda x: sum(output(layers, x)), leaves, backend="jax")
    x = np.random.default_rng(0).normal(size=(4, 3))
    value, _ = program(x)
    names = {}
    exec(program.source, names)
    assert "autograd" not in program.source
    with jax_matrix.float64():
        assert float(names["cost"](program.parameters, np.full(4, 0.25), x)) == pytest.approx(value, rel=1e-14)


def test_every_row_has_a_spelling():
    for op in rules.RULES.values():
        if op.slopes and not isinstance(op, SumOp) and op is not rules.power:
            assert op.name in {**jax_text.INFIX, **jax_text.SPELLED, **jax_text.WRITTEN_OUT}


def test_without_jax(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    a = Value(1.0)
    with pytest.raises(ImportError, match=r"needs jax \(pip install 'chalkgrad\[jax\]'\)"):
        compile(lambda: a * a, [a], backend="jax")


def test_the_function_of_a_program_is_what_a_user_takes_along():
    from autograd.compile.jax import cost_function

    w, b = Value(0.5), Value(-0.25)
    program = compile(lambda x, t: (w * x + b - t) ** 2, [w, b], penalty=lambda: 0.1 * w * w)
    with pytest.raises(ValueError, match="call it once"):
        cost_function(program)
    x, t = np.array([1.0, 2.0, -3.0]), np.array([0.5, 0.0, 1.0])
    expected = program(x, t)
    with jax_matrix.float64():
        value, gradient = jax.value_and_grad(cost_function(program))(program.parameters, np.full(3, 1 / 3), x, t)
        assert_same((float(value), np.asarray(gradient)), expected)
