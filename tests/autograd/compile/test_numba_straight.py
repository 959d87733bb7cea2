"""A small graph without a batch, compiled by numba as one function without loops."""

import math
from itertools import pairwise

import numpy as np
import pytest

import autograd as F
from autograd import DomainError, Value, compile
from autograd.compile.numba.runner import FusedMatrix, make
from autograd.compile.numba.straight import NumbaStraight
from autograd.compile.record import record

pytest.importorskip("numba")

EVERYTHING = {  # every operation of the table, at least once
    "powers": lambda a, b, c: a**2 + b**-1.5 + c**3 + a**b + 2**c + (a + 1) ** 0.5 + a.sqrt() / b - -c,
    "exponentials": lambda a, b, c: (
        (a * b).exp() + b.log() + F.log1p(a) + F.expm1(c) + F.softplus(a - b) + (b * c).sigmoid()
    ),
    "bends": lambda a, b, c: (
        (a - b).relu() * 2
        + abs(b - c)
        + F.maximum(a, b * c)
        + F.minimum(a, c)
        + F.where(a - c, a * b, b * b)
        + F.where(a, -0.75, b)
    ),
    "waves": lambda a, b, c: a.sin() * b.cos() + F.tan(c) + (a * c).tanh() + F.erf(b) + F.total([a, b, c, a]),
    "products": lambda a, b, c: F.dot([a, b], [b, c], a) * F.dot([a, b, c], [a, a, 2.0]),
}


@pytest.fixture(scope="module")
def all_of_them():
    def cost(a, b, c):
        return F.total([f(a, b, c) for f in EVERYTHING.values()])

    program = compile(cost, backend="numba")
    program(0.7, 1.3, 0.4)
    return cost, program


def test_every_operation(all_of_them):
    cost, program = all_of_them
    assert isinstance(program._runner, NumbaStraight)
    for point in ((0.7, 1.3, 0.4), (1.6, 0.2, 1.1), (2, 1, 1)):  # whole numbers, too
        value, slopes = program(*point)
        leaves = [Value(x) for x in point]
        root = cost(*leaves)
        root.backward()
        assert value == pytest.approx(root.data, rel=1e-13)
        assert slopes == pytest.approx([leaf.grad for leaf in leaves], rel=1e-12)
    assert "numba compiles them" in program.explain()


def test_outside_its_domain_it_says_what_the_engine_says(all_of_them):
    _, program = all_of_them
    with pytest.raises(DomainError, match=r"fails at -1\.5"):
        program(-1.5, 1.3, 0.4)
    assert math.isfinite(program(0.7, 1.3, 0.4)[0])


def test_an_array_or_a_list():
    program = compile(lambda x: F.total([100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in pairwise(x)]))
    fast = compile(program._cost, backend="numba")
    x = np.linspace(-1, 1, 9)
    value, slopes = program(x)
    for argument in (x, x.tolist(), x[::-1][::-1], tuple(x), x.astype(object)):
        for run in (program, fast):
            assert run(argument)[0] == pytest.approx(value, rel=1e-14)
            np.testing.assert_allclose(run(argument)[1], slopes, rtol=1e-13)
    kept = fast(x)[1]
    fast(x + 1)
    np.testing.assert_allclose(kept, slopes)  # a result stays as it is
    with pytest.raises(ValueError, match=r"of shape \(9,\); got \(8,\)"):
        fast(x[:8])


def test_a_small_graph_with_a_batch_becomes_loops():
    w, b = Value(0.5), Value(0.1)
    runner = make(record(lambda x, t: (w * x + b - t) ** 2, [w, b], (1.0, 2.0)))
    assert isinstance(runner, FusedMatrix)  # on the tape, numbers would go one at a time, slower than through NumPy


@pytest.mark.parametrize("f", [F.maximum, F.minimum])
def test_nan_does_not_vanish_in_the_larger_of_two(f):
    w, c = Value(2.0, "w"), Value(3.0, "c")
    for cost in (lambda: w * f(F.log(c), 0.3), lambda: w * f(0.3, F.log(c))):
        c.data = 3.0
        program = compile(cost, [w], backend="numba")
        program()
        c.data = -3.0  # recorded anew: a part without parameters that is NaN
        with pytest.raises(DomainError, match=r"log fails at c = -3\.0"):
            program()
