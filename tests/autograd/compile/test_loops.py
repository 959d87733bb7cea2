"""The loops give what the NumPy calls give. The text is plain Python, so most of this needs no compiler."""

import math

import mpmath
import numpy as np
import pytest
from costs import MODELS
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import recipes

from autograd import Value, rules
from autograd.compile import compile
from autograd.compile.matrix import Matrix
from autograd.compile.numba_functions import TEXTS, header
from autograd.compile.numba_matrix import Fused

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


EXACTLY = {
    "exp": mpmath.exp, "log": mpmath.log, "log1p": mpmath.log1p, "expm1": mpmath.expm1, "tanh": mpmath.tanh,
    "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)), "softplus": lambda z: mpmath.log1p(mpmath.exp(z)),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_the_functions_are_exact_to_the_last_bits(name):
    pytest.importorskip("numba")
    from autograd.compile.numba_kernel import loaded

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
