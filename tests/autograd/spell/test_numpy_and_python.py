"""Every row of the table is written in Python and in NumPy, and means the same there."""

import math

import numpy as np
import pytest

from autograd import rules
from autograd.expression import BINDING, SIGN
from autograd.op import SumOp
from autograd.spell import numpy as in_numpy
from autograd.spell import python as in_python

ROWS = [op for op in rules.RULES.values() if op.slopes and not isinstance(op, SumOp)]
POINTS = [0.0, 0.3, 1.0, 2.5, -0.7]


def points(op):
    for first in POINTS:
        for second in (2.0, 3.0, 0.0, 0.5, -1.5)[: 1 if op.arity == 1 else None]:
            args = (first, second, -0.25)[: op.arity]
            try:
                yield args, op.evaluate(args)
            except (ArithmeticError, ValueError):
                continue


@pytest.mark.parametrize("op", ROWS, ids=lambda op: op.name)
def test_numpy(op):
    if op.name in SIGN:
        assert SIGN[op.name] == in_numpy.INFIX[op.name]
        return
    names = {"np": np, "math": math}
    exec("".join(in_numpy.DEFINITIONS.values()), names)
    text = in_numpy.call(op.name, list("xyz")[: op.arity])
    for args, expected in points(op):
        with np.errstate(all="ignore"):
            got = eval(text, {**names, **{n: np.array([a]) for n, a in zip("xyz", args, strict=False)}})
        assert got[0] == pytest.approx(expected, rel=1e-14, abs=1e-300), (args, text)


@pytest.mark.parametrize("op", [op for op in ROWS if op.name not in BINDING], ids=lambda op: op.name)
def test_python(op):
    for args, expected in points(op):
        texts = [in_python.call(op.name, list("xyz")[: op.arity])]  # of names,
        texts.append(in_python.call(op.name, [f"({n} + 0.0)" for n in "xyz"[: op.arity]]))  # of expressions,
        texts.append(in_python.call(op.name, ["x", *map(repr, args[1:])]))  # and with numbers
        for text in texts:
            alone = {}
            exec(in_python.header(text), alone)  # as part of a program that stands alone
            for names in (in_python.FUNCTIONS, alone):
                got = eval(text, {**names, **dict(zip("xyz", args, strict=False))})
                assert got == pytest.approx(expected, rel=1e-14, abs=1e-300), (args, text)
