"""The tape gives what the engine gives: every row of the table, random graphs, sums of all kinds, batches."""

import math
import os
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import recipes

import autograd
from autograd import DomainError, Value, dot, rules, total
from autograd.compile import compile
from autograd.compile.linear import form, uses
from autograd.compile.numba import kernel as numba_kernel
from autograd.compile.numba.tape import BLOCK, NumbaRunner, tape
from autograd.compile.record import record
from autograd.op import SumOp

numba = pytest.importorskip("numba", reason="the numba backend needs numba")


def both(cost, numbers):
    """(value, gradient) by the engine and by the tape, of the recording as it is (not simplified)."""
    leaves = [Value(x) for x in numbers]
    root = cost(*leaves)
    root.backward()
    run = NumbaRunner(record(lambda: cost(*leaves), leaves))
    return (root.data, [leaf.grad for leaf in leaves]), run(np.array(numbers, float), [], 1.0)


def assert_same(cost, *numbers, rtol=1e-13):
    (value, gradient), (got, slopes) = both(cost, numbers)
    assert got == pytest.approx(value, rel=rtol, abs=1e-300)
    np.testing.assert_allclose(slopes, gradient, rtol=rtol, atol=rtol * max(map(abs, gradient)))


POINTS = [(0.7, 1.3, -0.4), (-1.5, 0.6, 2.0), (2.0, 2.0, 2.0), (0.0, 0.5, 1.0)]


@pytest.mark.parametrize("op", [op for op in rules.RULES.values() if op.slopes and not isinstance(op, SumOp)], ids=str)
def test_every_row_of_the_table(op):
    tried = 0
    for point in POINTS:
        at = point[: op.arity]
        try:
            op.evaluate(at)
            [op.slope(i, op.evaluate(at), at) for i in range(op.arity)]
        except (ArithmeticError, ValueError):
            continue
        assert_same(lambda *leaves: autograd.functions.apply(op, *leaves) * 3.0, *at)
        tried += 1
    assert tried >= 2


@pytest.mark.parametrize("x", [-1000.0, -800.0, -30.0, 30.0, 1000.0])
def test_sigmoid_and_softplus_far_out(x):
    assert_same(lambda a: a.sigmoid() + a.softplus() * 0.5, x)


@given(recipes(kinks=True))
@settings(max_examples=60, deadline=None)
def test_random_graphs(recipe):
    assert_same(lambda *inputs: recipe.run(inputs), *recipe.inputs, rtol=1e-11)


@given(recipes(kinks=True, many=True))
@settings(max_examples=25, deadline=None)
def test_random_graphs_over_a_batch(recipe):
    numbers = np.array(recipe.inputs)
    x = np.linspace(-1, 1, 5)

    def cost(x, *leaves):
        return recipe.run([leaf * x if i % 2 else leaf for i, leaf in enumerate(leaves)])

    leaves = [Value(v) for v in numbers]
    root = sum(cost(float(xi), *leaves) for xi in x) / len(x)
    root.backward()
    value, gradient = compile(lambda x: cost(x, *leaves), leaves, backend="numba")(x)
    expected = np.array([leaf.grad for leaf in leaves])
    assert value == pytest.approx(root.data, rel=1e-11, abs=1e-11)
    np.testing.assert_allclose(gradient, expected, rtol=1e-10, atol=1e-11 * max(1.0, np.abs(expected).max()))


def test_sums_however_they_were_added_up():
    assert_same(lambda a, b, c: sum([a * b, b * c, c * a]), 1.5, -2.0, 3.0)
    assert_same(lambda a, b, c: a * b - 2 * (b * c) + a - 1 - (c - 4.5 * a), 1.5, -2.0, 3.0)
    assert_same(lambda a, b, c: dot([a, b, c], [a, a, b], c) + total([a, a, b]), 1.5, -2.0, 3.0)
    assert_same(lambda a, b: a * a + b * b + a * a * b, 1.5, -2.0)
    assert_same(lambda a, b: -(a * b) - (a + b) + 0.0 * a, 1.5, -2.0)
    assert_same(lambda a, b: (a - b) * (b - a) - (a - b), 1.5, -2.0)


def test_products_of_a_sum_that_stand_side_by_side_become_rows():
    n = 40

    def cost(*p):
        return dot(p[:n], p[n:]).tanh() + sum(w * w for w in p[:n])

    run = compile(cost, backend="numba")
    run(*np.sin(np.arange(2.0 * n)))
    assert "dot of rows" in run.explain()
    assert_same(cost, *np.sin(np.arange(2.0 * n)))


def test_a_run_over_several_levels_is_walked_backwards():
    def cost(*p):
        row = list(p)
        for _ in range(4):  # dots of dots: one run of one operation
            row = [dot(row, row[k:] + row[:k]) * 0.3 for k in range(len(row))]
            row = [dot(row, p) for _ in row]
        return total(row)

    assert_same(cost, 0.3, -0.5, 0.8, 0.1)


def test_softmax_of_huge_logits_needs_the_largest():
    leaves = [Value(x) for x in (1.0, 2.0, 3.0)]

    def cost():
        exps = [z.exp() for z in leaves]
        return -(exps[1] / sum(exps)).log()

    run = compile(cost, leaves, backend="numba")
    run.parameters = 1000.0, 998.5, -1000.0
    value, gradient = run()
    p = np.exp(np.array([0.0, -1.5, -2000.0]))
    p /= p.sum()
    assert value == pytest.approx(-math.log(p[1]), rel=1e-12)
    np.testing.assert_allclose(gradient, p - [0, 1, 0], rtol=1e-12, atol=1e-15)


def test_long_chain():
    def cost(x):
        z = x
        for _ in range(20_000):
            z = (z * 0.99).sin() + x
        return z

    assert_same(cost, 0.3)


@pytest.mark.parametrize("rows", [1, BLOCK - 1, BLOCK, 2 * BLOCK + 5])
def test_batches_of_any_size(rows):
    random = np.random.default_rng(0)
    x, t = random.normal(size=(rows, 3)), random.normal(size=rows)
    ws = [Value(w) for w in random.normal(size=4)]
    penalty = lambda: 0.1 * sum(w * w for w in ws[:3])  # noqa: E731
    run = compile(lambda x, t: (dot(ws[:3], x, ws[3]).tanh() - t) ** 2, ws, backend="numba", penalty=penalty)
    value, gradient = run(x, t)
    w = np.array([w.data for w in ws])
    z = np.tanh(x @ w[:3] + w[3])
    slope = 2 * (z - t) * (1 - z * z) / rows
    assert value == pytest.approx(((z - t) ** 2).mean() + 0.1 * w[:3] @ w[:3], rel=1e-12)
    np.testing.assert_allclose(gradient, [*(slope @ x + 0.2 * w[:3]), slope.sum()], rtol=1e-12)
    run.parameters[:] *= 2
    assert run(x, t)[0] != value


def test_result_that_is_not_finite_names_the_node_and_the_row():
    a = Value(1.0, "a")
    run = compile(lambda x: (a * x).log(), [a], backend="numba")
    with pytest.raises(DomainError, match=r"row 2 .*log fails"):
        run(np.array([1.0, 2.0, -3.0, 4.0]))
    single = compile(lambda: a.exp(), [a], backend="numba")
    single()
    single.parameters[0] = 1000.0
    with pytest.raises(DomainError, match="exp fails at a = 1000"):
        single()


def test_parameters_that_the_cost_does_not_use_have_gradient_zero():
    a, b = Value(2.0), Value(3.0)
    value, gradient = compile(lambda: b * b, [a, b], backend="numba")()
    assert value == 9.0
    assert gradient.tolist() == [0.0, 6.0]


def test_gradients_are_fresh_arrays():
    a = Value(2.0)
    run = compile(lambda: a * a * a, [a], backend="numba")
    first = run()[1]
    run.parameters[0] = 5.0
    run()
    assert first[0] == 12.0


def test_cost_that_is_a_leaf_or_a_number():
    a = Value(2.0)
    assert compile(lambda: a, [a], backend="numba")() == (2.0, [1.0])
    assert compile(lambda: a + 0.0 * a, [a], backend="numba")()[0] == 2.0


def test_tape_orders_instructions_by_level_and_operation():
    leaves = [Value(float(k)) for k in range(1, 5)]
    recording = record(lambda: total([x.exp() * y.sin() for x in leaves for y in leaves]), leaves)
    made = tape(recording, recording.root)
    codes = [int(code) for code, _, _ in made.runs]
    assert len(codes) == len(set(codes)) == 3  # exp, sin, and one dot that took in all products
    (_, constant), products = form(recording, recording.root, uses(recording))
    assert constant == 0.0
    assert products == []  # the linear form alone leaves products outside


def test_auto_takes_the_tape_for_a_large_graph_without_a_batch():
    leaves = [Value(0.01 * k) for k in range(80)]
    large = compile(lambda: total([(x * y).tanh() for x in leaves for y in leaves[: len(leaves) - 1]]), leaves)
    assert large.backend == "numba"
    assert compile(lambda: dot(leaves, leaves), leaves).backend == "python"


def test_auto_takes_the_tape_for_a_batch_without_matrices():
    random = np.random.default_rng(0)
    steps = [(random.integers(20 + k), 20 + k - 1) for k in range(1500)]
    ws = [Value(w) for w in random.normal(size=20)]

    def cost(x):
        made = [w * x for w in ws]
        for a, b in steps:
            made.append((made[a] * made[b] + made[a]).sin())
        return made[-1]

    def network(x):  # 50 units: a layer is one matrix, however many nodes it has
        return sum((sum(w * x for w in ws) + 0.1 * k).tanh() for k in range(50))

    x = random.normal(size=3)
    for made, backend in ((compile(cost, ws), "numba"), (compile(network, ws), "numpy")):
        made(x)
        assert made.backend == backend


def test_no_recording_is_refused_silently():
    a = Value(1.0)
    recording = record(lambda: a.exp() * 2.0, [a])
    recording.held.add(next(i for i, op in enumerate(recording.ops) if op is rules.exp))
    with pytest.raises(NotImplementedError, match="exp"):
        tape(recording, recording.root)


# -- The compiled text ------------------------------------------------------------------------------------------


def test_text_runs_by_itself_and_has_a_branch_for_every_row():
    text = numba_kernel.source(rows=False)
    assert "autograd" not in text
    for op in numba_kernel.ROWS:
        assert f"# {op.name}\n" in text


def test_cache_is_outside_the_repository(monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "chosen"))
    assert numba_kernel.cache_folder() == tmp_path / "chosen"
    path = numba_kernel._written("x = 1\n", "example.py")
    before = path.stat().st_mtime_ns
    assert numba_kernel._written("x = 1\n", "example.py") == path
    assert path.stat().st_mtime_ns == before  # a new date would make numba compile again
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    folder = numba_kernel.cache_folder().resolve()
    assert os.path.dirname(numba_kernel.__file__) not in str(folder)  # noqa: PTH120


def test_cache_folder_that_cannot_be_written(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file" / "below"))
    path = numba_kernel._written("x = 1\n", "example.py")
    assert path.read_text() == "x = 1\n"


def test_without_numba(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    numba_kernel.compiled.cache_clear()
    a = Value(1.0)
    with pytest.raises(ImportError, match=r"needs numba \(pip install 'chalkgrad\[fast\]'\)"):
        compile(lambda: a * a, [a], backend="numba")
