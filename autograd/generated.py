"""The functions of the engine as text: an operator and a push for each row of the rule table.

Nobody wrote them. The rules, called with symbols, print them, so that they are as fast as what one would write by hand.

>>> from autograd.rules import RULES
>>> print(push_source(RULES["mul"]))
def push(node):
    g = node._grad
    x = node._x
    y = node._y
    xd = x._data
    yd = y._data
    if node._data != xd * yd:
        changed(node)
    x._grad += g * yd
    y._grad += g * xd
>>> print(operator_source(RULES["mul"]))
def operator(x, y):
    if y.__class__ is not Value:
        y = operand(y)
        if y is NotImplemented:
            return y
    try:
        z = x._data * y._data
    except (ArithmeticError, ValueError):
        z = amiss(op, (x, y))
    if z - z != 0.0:
        z = amiss(op, (x, y))
    node = new(Value)
    node._data = z
    node._grad = None
    node._rule = op
    node._x = x
    node._y = y
    node._note = note() if NOTES else None
    return node
"""

from __future__ import annotations

from collections.abc import Callable

from autograd.expression import Expression, number, symbol, write
from autograd.op import Op, SumOp
from autograd.rules import RULES

NAMES = "xyuvw"  # the arguments of an operation, in generated text


def float_names() -> dict[str, Callable[..., float]]:
    """The functions that generated text may call: each row of the table by its name, on floats."""
    return {op.name: op.value for op in RULES.values()}


def value_text(op: Op, names: list[str]) -> str:
    """How z is written, as Python: ``xd * yd`` or ``exp(xd)``."""
    return write(op.on(*map(symbol, names))) if op.infix else f"{op.name}({', '.join(names)})"


def slope_text(op: Op, i: int, names: list[str]) -> str | None:
    """How ∂z/∂(argument i) is written, as Python; None if the argument is held fixed."""
    slope = op.slope(i, symbol("z"), [symbol(n) for n in names])
    return None if slope is None else write(slope if isinstance(slope, Expression) else number(slope))


def push_source(op: Op) -> str:
    """The text of the push function of a row of the table."""
    if isinstance(op, SumOp):
        return _push_source_of_sum(op)
    names = list(NAMES[: op.arity])
    data = [n + "d" for n in names]
    slopes = [slope_text(op, i, data) for i in range(len(names))]
    lines = ["def push(node):", "    g = node._grad"]
    lines += [f"    {n} = node._{n}" for n in names] if len(names) <= 2 else [f"    {', '.join(names)} = node._x"]
    lines += [f"    {n}d = {n}._data" for n in names]
    if any("z" in (s or "") for s in slopes):
        lines += ["    z = node._data"]
    lines += [f"    if node._data != {value_text(op, data)}:", "        changed(node)"]
    for name, slope in zip(names, slopes, strict=True):
        lines += _accumulate(name, slope)
    return "\n".join(lines)


def _push_source_of_sum(op: SumOp) -> str:
    names = list(NAMES[: len(op.term.slopes)])
    data = [n + "._data" for n in names]
    # to add up all terms again would cost as much as the push itself: do so only if some number was edited since
    lines = ["def push(node):", "    if node._stamp != EDITS[0]:", "        changed(node)"]
    lines += ["    g = node._grad", "    xs = node._x"]
    if len(names) == 1:
        lines += ["    for x in xs:"]
    else:  # the factors stand in two rows, the offset (if any) at the end of the first
        lines += ["    ys = node._y", "    if len(xs) > len(ys):", "        xs[-1]._grad += g"]
        lines += ["    for x, y in zip(xs, ys):"]
    for i, name in enumerate(names):
        lines += ["    " + line for line in _accumulate(name, slope_text(op.term, i, data))]
    return "\n".join(lines)


def _accumulate(name: str, slope: str | None) -> list[str]:
    """The line that adds upstream · slope to an argument."""
    if slope is None or slope == "0":
        return []
    if slope == "1":
        return [f"    {name}._grad += g"]
    if slope == "-1":
        return [f"    {name}._grad -= g"]
    bare = slope.replace("._", "").isidentifier()
    return [f"    {name}._grad += g * {slope if bare else f'({slope})'}"]


def sweep_source(*common: str) -> str:
    """The text of the function that pushes from every node, the last first.

    To call a function takes Python as long as what the push of a sum does. So the pushes of the operations with these
    names stand in the loop itself.
    """
    lines = ["def sweep(made):", "    try:", "        for node in reversed(made):", "            op = node._rule"]
    for k, name in enumerate(common):
        lines += [f"            {'elif' if k else 'if'} op is op_{name}:"]
        lines += [" " * 12 + line for line in push_source(RULES[name]).split("\n")[1:]]
    lines += ["            else:", "                push = op.push", "                push(node)"]
    return "\n".join([*lines, "    except (ArithmeticError, ValueError):", "        raise no_slope(node) from None"])


def operator_source(op: Op, *, reflected: bool = False) -> str:
    """The text of the operator for a row of the table that takes one or two arguments."""
    names = list("xy"[: op.arity])
    result = value_text(op, [n + "._data" for n in names])
    lines = [f"def operator({', '.join(reversed(names) if reflected else names)}):"]
    if op.arity == 2:
        other = "x" if reflected else "y"
        lines += [
            f"    if {other}.__class__ is not Value:",
            f"        {other} = operand({other})",
            f"        if {other} is NotImplemented:",
            f"            return {other}",
        ]
    args = f"({', '.join(names)},)" if len(names) == 1 else f"({', '.join(names)})"
    lines += [
        "    try:",
        f"        z = {result}",
        "    except (ArithmeticError, ValueError):",
        f"        z = amiss(op, {args})",
        "    if z - z != 0.0:",
        f"        z = amiss(op, {args})",
        "    node = new(Value)",
        "    node._data = z",
        "    node._grad = None",
        "    node._rule = op",
        "    node._x = x",
        f"    node._y = {'y' if op.arity == 2 else None}",
        "    node._note = note() if NOTES else None",
        "    return node",
    ]
    return "\n".join(lines)
