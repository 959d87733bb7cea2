"""Each row of the table against mpmath, at ordinary and at singular points."""

import math

import mpmath
import numpy as np
import pytest

import autograd
from autograd import Value
from autograd.expression import Expression, symbol
from autograd.generated import push_source
from autograd.op import TABLE, Op, SumOp, find
from autograd.reverse import slope_at

mpmath.mp.dps = 60

mp = mpmath.mpf
ORDINARY = [-2.5, -1.0, -0.3, 0.4, 1.0, 3.7]
POSITIVE = [0.05, 0.4, 1.0, 3.7]
PAIRS = [(a, b) for a in ORDINARY for b in ORDINARY if a != b]

# name: (the function in mpmath, points)
ORACLES = {
    "add": (lambda x, y: x + y, PAIRS),
    "sub": (lambda x, y: x - y, PAIRS),
    "mul": (lambda x, y: x * y, PAIRS),
    "div": (lambda x, y: x / y, PAIRS),
    "neg": (lambda x: -x, ORDINARY),
    "copy": (lambda x: x, ORDINARY),
    "power": (lambda x, n: x**n, [(x, n) for x in ORDINARY for n in (-2, -1, 0, 1, 2, 3)]),
    "pow": (lambda x, y: x**y, [(x, y) for x in POSITIVE for y in ORDINARY]),
    "power_slope": (lambda x, n: n * x ** (n - 1), [(x, n) for x in ORDINARY for n in (-2, 0, 1, 2, 3)]),
    "pow_slope": (lambda x, y: y * x ** (y - 1), [(x, y) for x in POSITIVE for y in ORDINARY]),
    "xlogy": (lambda x, y: x * mpmath.log(y), [(x, y) for x in ORDINARY for y in POSITIVE]),
    "sqrt": (mpmath.sqrt, POSITIVE),
    "exp": (mpmath.exp, [*ORDINARY, -700.0, 700.0]),
    "log": (mpmath.log, [*POSITIVE, 1e-300, 1e300]),
    "log1p": (mpmath.log1p, [-0.9, -1e-12, 1e-12, 3.7]),
    "expm1": (mpmath.expm1, [*ORDINARY, 1e-12]),
    "sigmoid": (lambda x: 1 / (1 + mpmath.exp(-x)), [*ORDINARY, -1000.0, 1000.0]),
    "softplus": (lambda x: mpmath.log(1 + mpmath.exp(x)), [*ORDINARY, -1000.0, 1000.0]),
    "tanh": (mpmath.tanh, [*ORDINARY, -1000.0, 1000.0]),
    "erf": (mpmath.erf, [*ORDINARY, -30.0]),
    "sin": (mpmath.sin, ORDINARY),
    "cos": (mpmath.cos, ORDINARY),
    "tan": (mpmath.tan, ORDINARY),
    "step": (lambda x: mp(1 if x > 0 else 0), ORDINARY),
    "sign": (mpmath.sign, ORDINARY),
    "relu": (lambda x: max(x, mp(0)), ORDINARY),
    "abs": (abs, ORDINARY),
    "maximum": (max, PAIRS),
    "minimum": (min, PAIRS),
    "where": (lambda c, a, b: a if c > 0 else b, [(c, *p) for c in (-1.0, 2.0) for p in PAIRS[:4]]),
}
FIXED = [name for name, op in TABLE.items() if op.slopes]


def test_every_row_has_an_oracle() -> None:
    assert set(ORACLES) == set(FIXED)


@pytest.mark.parametrize("name", FIXED)
def test_value_and_slopes_against_mpmath(name: str) -> None:
    op, (oracle, points) = find(name), ORACLES[name]
    for point in points:
        values = [float(v) for v in (point if isinstance(point, tuple) else (point,))]
        exact = [mp(v) for v in values]
        z = op.evaluate(values)
        assert z == pytest.approx(float(oracle(*exact)), rel=1e-14, abs=1e-300)
        assert float(op.array(*map(np.float64, values))) == pytest.approx(z, rel=1e-14, abs=1e-300)
        for i in range(len(values)):
            slope = slope_at(op, i, z, values)
            if slope is not None:
                h = mp(10) ** -15 * (abs(exact[i]) or 1)  # relative, so that a step from 1e-300 stays on its side of 0
                expected = mpmath.diff(lambda v, i=i, at=exact: oracle(*at[:i], v, *at[i + 1 :]), exact[i], h=h)
                # σ(1 - σ) and 1 - tanh² are the slopes as the lecture prints them: exact to 1e-16 of the largest slope
                assert slope == pytest.approx(float(expected.real), rel=1e-12, abs=1e-15), (name, point, i)


@pytest.mark.parametrize("name", [n for n in FIXED if TABLE[n].branch])
def test_the_slope_at_a_kink_lies_between_the_one_sided_slopes(name: str) -> None:
    op = find(name)
    at = {1: [0.0], 2: [1.5, 1.5], 3: [0.0, 2.0, 2.0]}[len(op.slopes)]
    assert op.branch is not None
    assert op.branch(*at) == 0
    assert op.at_kink
    for i in range(len(at)):
        slope = slope_at(op, i, op.evaluate(at), at)
        if slope is None:
            continue
        sides = []
        for h in (1e-7, -1e-7):
            moved = [v + (h if j == i else 0.0) for j, v in enumerate(at)]
            sides.append(slope_at(op, i, op.evaluate(moved), moved))
        assert min(sides) <= slope <= max(sides)


def test_the_stated_subgradients() -> None:
    for f, at, expected in (
        (autograd.relu, [0.0], [0.0]),
        (autograd.abs, [0.0], [0.0]),
        (autograd.maximum, [2.0, 2.0], [0.5, 0.5]),
        (autograd.minimum, [2.0, 2.0], [0.5, 0.5]),
    ):
        leaves = [Value(v) for v in at]
        f(*leaves).backward()
        assert [leaf.grad for leaf in leaves] == expected


@pytest.mark.parametrize("name", FIXED)
def test_a_rule_called_with_symbols_prints_what_it_computes(name: str) -> None:
    op, (_, points) = find(name), ORACLES[name]
    point = points[len(points) // 2]
    values = [float(v) for v in (point if isinstance(point, tuple) else (point,))]
    names = list("xyuv"[: len(values)])
    z = op.evaluate(values)
    functions = {row.name: row.value for row in TABLE.values()}
    for i in range(len(values)):
        tree = op.slope(i, symbol("z"), [symbol(n) for n in names])
        if op.slopes[i] is not None:
            text = str(tree) if isinstance(tree, Expression) else repr(tree)
            assert eval(text, functions, dict(zip(names, values, strict=True), z=z)) == slope_at(op, i, z, values)


@pytest.mark.parametrize("name", FIXED)
def test_a_row_on_arrays_is_the_row_element_by_element(name: str) -> None:
    op, (_, points) = find(name), ORACLES[name]
    columns = zip(*[p if isinstance(p, tuple) else (p,) for p in points], strict=True)
    axes = [np.array(list(dict.fromkeys(column)), float) for column in columns]
    args = [axis.reshape(-1, *[1] * (len(axes) - 1 - k)) for k, axis in enumerate(axes)]  # of shapes that broadcast
    with np.errstate(all="ignore"):
        z = op(*args)
        slopes = [op.slope(i, z, args) for i in range(len(args))]
    assert z.shape == tuple(map(len, axes))
    for place in np.ndindex(z.shape):
        at = [float(axis[k]) for axis, k in zip(axes, place, strict=True)]
        number = op(*at)
        assert type(number) in (float, int)
        assert z[place] == pytest.approx(number, rel=1e-14, abs=1e-300)
        for i, slope in enumerate(slopes):
            expected = op.slope(i, number, at)
            if expected is None:
                assert slope is None
            else:
                assert type(expected) in (float, int)
                assert np.broadcast_to(slope, z.shape)[place] == pytest.approx(expected, rel=1e-13, abs=1e-300)


def test_every_operation_has_its_push() -> None:
    for op in TABLE.values():
        if op.slopes or isinstance(op, SumOp):
            assert push_source(op).startswith("def push(node):")


def test_an_operation_made_elsewhere_is_told_where_it_belongs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TABLE, "twice", None)  # so that it is gone afterwards
    twice = Op("twice", "twice", lambda x: 2 * x, lambda x: 2 * x, lambda z, x: 2)
    x = Value(3.0)
    with pytest.raises(NotImplementedError, match=r"twice is no row of the table in autograd/rules\.py"):
        x.apply(twice, (x,)).backward()
    assert x.grad == 0.0


def test_powers_at_awkward_points() -> None:
    for base, exponent, expected in ((-3.0, 2, -6.0), (0.0, 0, 0.0), (0.0, 1, 1.0), (0.0, 2, 0.0), (-2.0, -1, -0.25)):
        x = Value(base)
        (x**exponent).backward()
        assert x.grad == expected
    x, y = Value(0.0), Value(2.0)
    (x**y).backward()
    assert (x.grad, y.grad) == (0.0, 0.0)
    y = Value(3.0)
    (2**y).backward()
    assert y.grad == pytest.approx(8 * math.log(2), rel=1e-15)


def test_unknown_operation_is_named() -> None:
    with pytest.raises(KeyError, match="there is no operation 'foo'"):
        find("foo")
