"""Slopes that people write in place of the right one.

`wrong_slopes` lists them for an operation of the rule table. They are not a list of special cases: each is a small edit
of the rule's own expression (a factor or a power dropped, a sign flipped, the input taken for the output), or the slope
of another function.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd.check.problem import Kind
from autograd.expression import Expression, number, symbol
from autograd.op import Op, SumOp
from autograd.rules import RULES

FLAT = frozenset({"neg", "copy", "step", "sign"})  # nobody takes their slopes for another's
NAMES = ("x", "y", "u", "v")  # the arguments of an operation in a slope; z is its result


@dataclass(frozen=True, slots=True)
class WrongSlope:
    """`slope`, an expression in z (the result) and x, y (the arguments), in place of the right one."""

    kind: Kind
    slope: Expression
    cost: float  # how far-fetched it is
    words: str = ""


def right_slope(op: Op, i: int) -> Expression | None:
    """∂z/∂(argument i) as an expression; None if the argument is held fixed."""
    if isinstance(op, SumOp):
        raise TypeError("a sum has the slopes of its terms")
    slope = op.slope(i, symbol("z"), [symbol(n) for n in NAMES[: op.arity]])
    if slope is None:
        return None
    return _spelled(slope if isinstance(slope, Expression) else number(slope))


def wrong_slopes(op: Op, i: int) -> list[WrongSlope]:
    """What people write in place of ∂z/∂(argument i), likeliest first; none twice.

    >>> from autograd.expression import write
    >>> from autograd.op import find
    >>> [write(w.slope) for w in wrong_slopes(find("tanh"), 0)][:9]
    ['1', '1 - x * x', '1 - tanh(z) * tanh(z)', 'z * z', '-(z * z)', 'z * z - 1', '1 + z * z', '1 - z', '1 - x * z']
    """
    right = right_slope(op, i)
    if right is None:
        return []
    z, x = symbol("z"), symbol("x")
    of_one = sum(slope is not None for slope in op.slopes) == 1 and i == 0  # such as xⁿ, whose n is held fixed
    found: dict[Expression, WrongSlope] = {}

    def add(kind: Kind, slope: Expression, cost: float, words: str = "") -> None:
        if slope != right:
            found.setdefault(slope, WrongSlope(kind, slope, cost, words))

    add("missing-slope", number(1), 1.2)
    if of_one:
        again = _node(op.name, z, *map(symbol, NAMES[1 : op.arity]))
        add("wrong-point", substitute(right, {"z": x}), 1.8, "with the input in place of the output")
        add("wrong-point", substitute(right, {"z": again, "x": z}), 1.8, "taken at the output in place of the input")
        add("wrong-point", substitute(right, {"x": z}), 1.8, "taken at the output in place of the input")
    for edited in edits(right, ["z", *NAMES[: op.arity]]):
        add("wrong-slope", edited, 2.0)
    if right.op == "" and isinstance(right.args[0], str):  # a factor p of a product: 1 - p
        add("wrong-slope", _node("sub", number(1), right), 2.0)
    along_other = right_slope(op, 1 - i) if len(op.slopes) == 2 else None
    if along_other is not None:
        add("wrong-slope", along_other, 2.1, "the slope along the other argument")
    if of_one:
        add("wrong-slope", _node("mul", right, right), 2.0, "multiplied in twice")
        add("wrong-slope", z, 2.1, "the function itself")
        if op.name == "exp":
            add("wrong-slope", _node("mul", x, _node("exp", _node("sub", x, number(1)))), 2.1, "the rule for powers")
        add("wrong-slope", x, 2.1)
        add("wrong-slope", _node("neg", z), 2.2)
        for other in RULES.values():
            if (
                other.arity == 1
                and other is not op
                and other.name not in ("neg", "copy", "step", "sign", "power_slope")
            ):
                slope = right_slope(other, 0)
                if slope is not None:
                    words = f"the slope of {other.name}"
                    add("wrong-slope", substitute(slope, {"z": _node(other.name, x)}), 2.4, words)
                    add("wrong-slope", slope, 2.5, words)
    for edited in list(edits(right, ["z", *NAMES[: op.arity]])):
        for twice in edits(edited, ["z", *NAMES[: op.arity]]):
            add("wrong-slope", twice, 3.0)
    return list(found.values())


def edits(tree: Expression, names: Sequence[str]) -> Iterator[Expression]:
    """Every expression that is one small slip away from `tree`."""
    if tree.op == "":
        if isinstance(tree.args[0], str):
            yield from (symbol(n) for n in names if n != tree.args[0])
        return
    args = tree.args
    if tree.op in ("add", "sub", "mul", "div"):  # one side forgotten
        yield args[0]
        yield args[1] if tree.op != "div" else _node("div", number(1), args[1])
        if tree.op == "sub":
            yield _node("neg", args[1])
            yield _node("sub", args[1], args[0])
    if tree.op in ("add", "sub"):
        yield _node("sub" if tree.op == "add" else "add", *args)
    if tree.op == "div":
        yield _node("mul", *args)
        yield _node("div", args[0], _node("mul", args[1], args[1]))
    if len(args) == 1:  # -(e) or f(e): the sign or the function forgotten
        yield args[0]
        if tree.op in _PARTNER:
            yield _node(_PARTNER[tree.op], *args)
    if tree.op == "power":
        yield args[0]
    for k, argument in enumerate(args):
        for edited in edits(argument, names):
            yield Expression(tree.op, (*args[:k], edited, *args[k + 1 :]))


_PARTNER = {"sin": "cos", "cos": "sin", "step": "sign", "sign": "step", "exp": "log", "log": "exp"}


def substitute(tree: Expression, names: Mapping[str, Expression]) -> Expression:
    """`tree` with expressions in place of names."""
    if tree.op == "":
        return names.get(tree.args[0], tree) if isinstance(tree.args[0], str) else tree
    return Expression(tree.op, tuple(substitute(a, names) for a in tree.args))


def evaluate(tree: Expression, names: Mapping[str, Any]) -> Any:
    """The number (or array) that the expression stands for; inf and NaN where it is not defined."""
    if tree.op == "":
        what = tree.args[0]
        return names[what] if isinstance(what, str) else what
    with np.errstate(all="ignore"):
        return _calculated(tree, names)


def _calculated(tree: Expression, names: Mapping[str, Any]) -> Any:
    if tree.op == "":
        return np.asarray(names[tree.args[0]] if isinstance(tree.args[0], str) else tree.args[0], float)
    return RULES[tree.op].array(*[_calculated(a, names) for a in tree.args])


class Program:
    """Many expressions, calculated together: what they have in common only once."""

    def __init__(self, trees: Sequence[Expression]) -> None:
        self._place: dict[Expression, int] = {}
        self._steps: list[tuple[str, Any]] = []  # an operation and where its arguments are, or a name or number
        self._outputs = [self._add(tree) for tree in trees]

    def _add(self, tree: Expression) -> int:
        if tree not in self._place:
            step = (tree.op, tree.args[0] if tree.op == "" else [self._add(a) for a in tree.args])
            self._place[tree] = len(self._steps)
            self._steps.append(step)
        return self._place[tree]

    def run(self, names: Mapping[str, Any], shape: tuple[int, ...]) -> np.ndarray[Any, np.dtype[np.float64]]:
        """The arrays (of this shape) that the expressions stand for, stacked; inf and NaN where one is not defined."""
        values: list[Any] = []
        with np.errstate(all="ignore"):
            for op, what in self._steps:
                if op == "":
                    values.append(np.asarray(names[what] if isinstance(what, str) else what, float))
                else:
                    values.append(RULES[op].array(*[values[k] for k in what]))
        out = np.empty((len(self._outputs), *shape))
        for row, k in zip(out, self._outputs, strict=True):
            row[...] = values[k]
        return out


def _spelled(tree: Expression) -> Expression:
    """With n·xⁿ⁻¹ and x·log y written out, so that they can be edited like everything else."""
    if tree.op == "":
        return tree
    args = [_spelled(a) for a in tree.args]
    if tree.op in ("power_slope", "pow_slope"):
        x, n = args
        return _node("mul", n, _node(tree.op.removesuffix("_slope"), x, _node("sub", n, number(1))))
    if tree.op == "xlogy":
        return _node("mul", args[0], _node("log", args[1]))
    return Expression(tree.op, tuple(args))


def _node(op: str, *args: Expression) -> Expression:
    return Expression(op, args)
