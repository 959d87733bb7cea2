"""The loops give what the NumPy calls give. The text is plain Python, so most of this needs no compiler."""

import math
from itertools import pairwise

import mpmath
import numpy as np
import pytest
from costs import MODELS
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import recipes

from autograd import DomainError, Value, dot, rules, total
from autograd.compile import compile
from autograd.compile.matrix.runner import Matrix
from autograd.compile.numba.functions import TEXTS, header
from autograd.compile.numba.runner import Fused, FusedMatrix

FUNCTIONS = {name: op.value for name, op in rules.RULES.items()} | {
    "np": np, "math": math, "fabs": math.fabs, "inf": math.inf, "nan": math.nan,
}  # fmt: skip


class Interpreted(Fused):
    """The loops, run by Python itself."""

    def __init__(self, plan):
        super().__init__(plan)
        namespace = dict(FUNCTIONS)
        exec(self.source[self.source.index("def run(") :], namespace)
        self.compiled = namespace["run"]


class Slow(Matrix):
    written = Interpreted


def assert_same(program, data, rtol=1e-12):
    weight = 1 / len(data[0])
    batch = [np.ascontiguousarray(x, dtype=float) for x in data]
    expected, expected_slopes = Matrix(program.recording)(program.parameters, batch, weight)
    for _ in range(2):  # nothing may be left over from the first call
        value, slopes = Slow(program.recording)(program.parameters, batch, weight)
        assert value == pytest.approx(expected, rel=rtol, abs=rtol)
        scale = max(1.0, np.abs(expected_slopes).max(initial=0.0))
        np.testing.assert_allclose(slopes, expected_slopes, rtol=rtol, atol=rtol * scale)


@pytest.mark.parametrize("model", MODELS)
def test_models(model):
    cost, params, data = MODELS[model](np.random.default_rng(0))
    program = compile(cost, params, backend="numpy")
    program(*data)
    assert_same(program, data)


@given(recipe=recipes(kinks=True, steps=14), data=st.data())
@settings(max_examples=100)
def test_random_graphs(recipe, data):
    count = data.draw(st.integers(1, len(recipe.inputs) - 1)) if len(recipe.inputs) > 1 else 0
    number = st.floats(-2, 2).map(lambda x: round(x, 3))
    columns = [np.array(data.draw(st.lists(number, min_size=3, max_size=3))) for _ in recipe.inputs[count:]]
    leaves = [Value(x) for x in recipe.inputs[:count]]
    program = compile(lambda *xs: recipe.run([*leaves, *xs]), leaves, backend="numpy")
    program(*columns)
    assert_same(program, columns)


@pytest.mark.parametrize("choice", [rules.maximum, rules.minimum], ids=str)
def test_no_choice_hides_what_is_not_a_number(choice):
    w = Value(0.5)
    for cost in (lambda x, y: w * choice(x / y, y), lambda x, y: w * choice(y, x / y)):
        program = compile(cost, w, backend="numpy")
        program([1.0, 2.0], [3.0, 1.0])
        value, slopes = Slow(program.recording)(program.parameters, [np.array([1.0, math.nan]), np.ones(2)], 0.5)
        assert math.isnan(value)
        assert np.isnan(slopes).all()


def network(rng, sizes=(20, 12, 3)):
    leaves = [Value(w) for w in rng.normal(scale=0.4, size=sum(m * (n + 1) for n, m in pairwise(sizes)))]

    def cost(x, t):
        rest = iter(leaves)
        for n, m in pairwise(sizes):
            x = [dot([next(rest) for _ in range(n)], x, next(rest)).sigmoid() for _ in range(m)]
        return -total([tk * p.log() + (1 - tk) * (1 - p).log() for tk, p in zip(t, x, strict=True)])

    return cost, leaves, (rng.normal(size=(9, sizes[0])), rng.random((9, sizes[-1])))


@pytest.fixture(scope="module")
def compiled():
    """A network as loops, by the backend "numba", and as NumPy calls."""
    pytest.importorskip("numba")
    cost, leaves, data = network(np.random.default_rng(1))
    programs = [
        compile(cost, leaves, backend=b, penalty=lambda: 0.01 * dot(leaves[:60], leaves[:60]))
        for b in ("numba", "numpy")
    ]
    for program in programs:
        program(*data)
    assert isinstance(programs[0]._runner, FusedMatrix)
    return *programs, data


def test_the_compiled_loops(compiled):
    fused, calls, data = compiled
    for rows in (9, 1, 4, 9):
        some = [x[:rows] for x in data]
        value, slopes = fused(*some)
        expected, expected_slopes = calls(*some)
        assert value == pytest.approx(expected, rel=1e-13)
        np.testing.assert_allclose(slopes, expected_slopes, rtol=1e-12, atol=1e-15)
    assert "sigmoid(" in fused.fast_source
    assert "np.dot(" in fused.fast_source
    assert fused.source == calls.source  # what a person reads is the same
    assert fused.explain() == calls.explain()


def test_functions_run_over_whole_rows_as_one_loop():
    cost, leaves, data = network(np.random.default_rng(1))
    program = compile(cost, leaves, backend="numpy")
    program(*data)
    length, inside = "", {}
    for line in Fused(program._runner.plan).loops.body:
        if line.startswith("for "):
            length = line
        for name in ("sigmoid", "softplus"):
            if f"{name}(" in line:
                inside.setdefault(name, []).append(length)
    hidden, last = "for k in range(m * 12):", "for k in range(m * 3):"
    assert inside == {"sigmoid": [hidden, last], "softplus": [last]}


def test_the_compiled_loops_name_the_node_and_the_row(compiled):
    fused, calls, (X, T) = compiled
    X = X.copy()
    X[4, 2] = np.inf
    messages = []
    for program in (fused, calls):
        with pytest.raises((DomainError, ValueError)) as error:
            program(X, T)
        messages.append(str(error.value))
    assert messages[0] == messages[1]
    assert np.isfinite(fused(*compiled[2])[0])  # and the next call is right again


def test_a_large_batch_goes_in_blocks(compiled):
    fused, calls, (X, T) = compiled
    many = [np.tile(x, (2000, 1)) for x in (X, T)]
    assert len(many[0]) > fused._runner.block
    value, slopes = fused(*many)
    expected, expected_slopes = calls(X, T)
    assert value == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(slopes, expected_slopes, rtol=1e-11, atol=1e-13)


EXACTLY = {
    "exp": mpmath.exp, "log": mpmath.log, "log1p": mpmath.log1p, "expm1": mpmath.expm1, "tanh": mpmath.tanh,
    "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)), "softplus": lambda z: mpmath.log1p(mpmath.exp(z)),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_the_functions_are_exact_to_the_last_bits(name):
    pytest.importorskip("numba")
    from autograd.compile.numba.kernel import loaded

    lines = [*header({name}), "@njit(cache=True)", "def run(x, y):", "    for i in range(len(x)):"]
    run = loaded("\n".join([*lines, f"        y[i] = {name}(x[i])"]) + "\n", f"test_{name}_")
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(0, scale, 200) for scale in (1e-9, 0.1, 1, 30, 300)])
    x = np.concatenate([x, 10.0 ** rng.uniform(-320, 2, 100), [0.0, -0.0, 700.0, -700.0]])
    if name in ("log", "log1p"):
        x = np.abs(x) + (1e-320 if name == "log" else 0)
        x = np.concatenate([x, 10.0 ** rng.uniform(0, 308, 100), *([-rng.random(100)] if name == "log1p" else [])])
    y = np.empty_like(x)
    run(x, y)
    with mpmath.workdps(400 if name == "sigmoid" else 40):
        for given, found in zip(x.tolist(), y.tolist(), strict=True):
            exact = EXACTLY[name](mpmath.mpf(given))
            if exact > 1.7976931348623157e308:
                assert found == math.inf
                continue
            assert abs(found - exact) <= 5e-16 * abs(exact) + mpmath.mpf(5e-324), given
    special = np.array([math.nan, math.inf, -math.inf, 1e4, -1e4, -2.0])
    found = np.empty_like(special)
    run(special, found)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(found, rules.RULES[name].array(special), rtol=5e-16)
