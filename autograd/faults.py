"""What went wrong at a node, in words: which operation, on which numbers, under which labels."""

from __future__ import annotations

import math

from autograd.errors import DomainError
from autograd.op import Op
from autograd.order import Node, arguments


def no_slope(node: Node) -> DomainError:
    """The error for a node whose slope is infinite or undefined."""
    args = arguments(node)
    power = ". Along y, x ** y has a slope only for x > 0; a plain number y is held fixed" * (node._rule.name == "pow")
    return domain_error(node, f"{node._rule.name} has no finite slope at {values_of(args)}{power}")


def domain_error(node: Node, message: str) -> DomainError:
    """The error for an operation, with its operands."""
    args = arguments(node)
    return DomainError(message, node._rule.name, tuple(a._data for a in args), tuple(a.label for a in args))


def name_of(node: Node) -> str:
    """The node's label, or what made it."""
    return shown(node.label) or (f"the result of {node._rule.name}" if node._x is not None else "a number")


def values_of(args: tuple[Node, ...]) -> str:
    """The operands of an operation, for a message: ``x = 0.0`` or ``w = 2.0, 3.0``."""
    told = [f"{shown(a.label)} = {a._data!r}" if a.label else f"{a._data!r}" for a in args[:6]]
    return ", ".join(told) + (f", … ({len(args)} in all)" if len(args) > 6 else "")


def shown(label: str) -> str:
    """A label, for a message: short, and without what a terminal would act on."""
    short = label if len(label) <= 60 else label[:59] + "…"
    return short if short.isprintable() else repr(short)


def why(op: Op, values: list[float], z: float) -> str:
    """What is wrong with these operands, in words."""
    needs = {"log": "a positive number", "log1p": "a number greater than -1", "sqrt": "a number that is not negative"}
    if op.name in needs:
        return f"{op.name} needs {needs[op.name]}"
    if op.name == "div" and values[1] == 0:
        return "dividing by 0"
    if op.name in ("power", "pow") and values[0] < 0 and values[1] != int(values[1]):
        return "a negative number to a fractional power is not real"
    if op.name in ("power", "pow") and values[0] == 0:
        return "0 has no negative power"
    return "the result is too large for a float" if math.isinf(z) else "the result is not a number"
