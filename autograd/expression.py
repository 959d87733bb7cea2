"""A rule called with symbols prints itself.

The partial derivatives in `autograd.rules` are plain arithmetic. Called with an `Expression` in place of
a number, the arithmetic builds a small tree, and the tree can be written down: as Python here, in other
languages in `autograd.spell`.

>>> x, y = symbol("x"), symbol("y")
>>> print(1 - x * (x + y))
1 - x * (x + y)
>>> print(-(x - (y - 1)) / (2 * y))
-(x - (y - 1)) / (2 * y)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# How tightly each operation binds; a function call and a name bind tightest of all.
BINDING = {"add": 1, "sub": 1, "mul": 2, "div": 2, "neg": 3}
SIGN = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
ATOM = 9


@dataclass(frozen=True, slots=True)
class Expression:
    """A tree of operations: `op` names a row of the rule table, or is "" for a name or a number."""

    op: str
    args: tuple[Any, ...]  # of Expression; for op "" the name (str) or the number (float)

    def apply(self, op: Any, args: tuple[Any, ...]) -> Expression:
        """The operation `op` of these arguments, as a tree."""
        return _node(op.name, *args)

    def __add__(self, other: object) -> Expression:
        return _node("add", self, other)

    def __radd__(self, other: object) -> Expression:
        return _node("add", other, self)

    def __sub__(self, other: object) -> Expression:
        return _node("sub", self, other)

    def __rsub__(self, other: object) -> Expression:
        return _node("sub", other, self)

    def __mul__(self, other: object) -> Expression:
        return _node("mul", self, other)

    def __rmul__(self, other: object) -> Expression:
        return _node("mul", other, self)

    def __truediv__(self, other: object) -> Expression:
        return _node("div", self, other)

    def __rtruediv__(self, other: object) -> Expression:
        return _node("div", other, self)

    def __neg__(self) -> Expression:
        return _node("neg", self)

    def __str__(self) -> str:
        return write(self)


def symbol(name: str) -> Expression:
    """A name that stands for a number."""
    return Expression("", (name,))


def number(value: float) -> Expression:
    """A number, as an expression."""
    return Expression("", (float(value),))


def _node(op: str, *args: object) -> Expression:
    return Expression(op, tuple(a if isinstance(a, Expression) else number(a) for a in args))  # type: ignore[arg-type]


def write(tree: Expression, call: Callable[[str, list[str]], str] | None = None) -> str:
    """The tree as Python text, with no more parentheses than needed.

    `call(name, texts)` writes a function of its arguments; without it, ``name(a, b)``.
    """
    return _write(tree, call or (lambda name, texts: f"{name}({', '.join(texts)})"))[0]


def _write(tree: Expression, call: Callable[[str, list[str]], str]) -> tuple[str, int]:
    if tree.op == "":
        what = tree.args[0]
        if isinstance(what, str):
            return what, ATOM
        text = repr(int(what)) if math.isfinite(what) and what == int(what) and abs(what) < 1e15 else repr(what)
        return text, ATOM if what >= 0 else BINDING["neg"]
    if tree.op not in BINDING:
        return call(tree.op, [_write(a, call)[0] for a in tree.args]), ATOM
    own = BINDING[tree.op]
    if tree.op == "neg":
        return "-" + _wrapped(tree.args[0], own, call), own
    left, right = tree.args
    # a - (b - c) needs its parentheses, (a - b) - c does not; floats are not associative, so a + (b + c) keeps them
    return f"{_wrapped(left, own, call)} {SIGN[tree.op]} {_wrapped(right, own + 1, call)}", own


def _wrapped(tree: Expression, least: int, call: Callable[[str, list[str]], str]) -> str:
    text, binding = _write(tree, call)
    return text if binding >= least else f"({text})"
