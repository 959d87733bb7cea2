"""How each operation is written in Python, on floats.

Arithmetic is written with its sign (`autograd.expression`), everything else as a call. A few are shorter and faster
written out, where their arguments are names or numbers: ``relu(x)`` is ``(x if x > 0.0 else 0.0)``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from autograd.rules import RULES

# The functions that the text calls. The C functions of the math module are the fastest that Python has.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: op.value for name, op in RULES.items()},
    "max": max,
    "inf": math.inf,  # type: ignore[dict-item]
    "nan": math.nan,  # type: ignore[dict-item]
}

# Written out, for arguments that are names or numbers. The same branches as in autograd.rules.
WRITTEN_OUT: dict[str, str] = {
    "copy": "{0}",
    "relu": "(0.0 if {0} <= 0.0 else {0})",
    "step": "(1.0 if {0} > 0.0 else 0.0)",
    "sigmoid": "(1.0 / (1.0 + exp(-{0})) if {0} >= -700.0 else exp({0}))",
    "maximum": "({0} if {0} >= {1} or {0} != {0} else {1})",  # NaN stays NaN
    "minimum": "({0} if {0} <= {1} or {0} != {0} else {1})",
    "where": "({1} if {0} > 0 else {2})",
    "abs": "fabs({0})",
}
FUNCTIONS["fabs"] = math.fabs


# What a program brings along to run by itself: names of the math module, and functions of a line or two.
MATH: dict[str, str] = {
    **{n: n for n in ("exp", "log", "log1p", "expm1", "tanh", "sqrt", "sin", "cos", "tan", "erf", "fabs")},
    "inf": "inf", "nan": "nan",
    "power": "pow as power", "pow": "pow",
}  # fmt: skip
DEFINITIONS: dict[str, str] = {
    "sigmoid": "return 1.0 / (1.0 + exp(-x)) if x >= -700.0 else exp(x)",
    "softplus": "return max(x, 0.0) + log1p(exp(-fabs(x)))",
    "relu": "return 0.0 if x <= 0.0 else x",
    "step": "return 1.0 if x > 0.0 else 0.0",
    "sign": "return 1.0 if x > 0.0 else -1.0 if x < 0.0 else 0.0",
    "copy": "return x",
    "abs": "return fabs(x)",
    "maximum": "return x if x >= y or x != x else y",
    "minimum": "return x if x <= y or x != x else y",
    "where": "return y if x > 0 else z",
    "xlogy": "return 0.0 if x == 0 else x * log(y)",
    "power_slope": "return 0.0 if y == 0 else y * power(x, y - 1)",
    "pow_slope": "return 0.0 if y == 0 else y * power(x, y - 1)",
}
_TWO = frozenset({"maximum", "minimum", "xlogy", "power_slope", "pow_slope"})


def header(text: str) -> str:
    """The imports and definitions that a program's text needs to run by itself."""
    words = set(re.findall(r"[a-z_][a-z_0-9]*", text))
    defined = [name for name in DEFINITIONS if name in words]
    for name in defined:
        words |= set(re.findall(r"[a-z_][a-z_0-9]*", DEFINITIONS[name]))
    parts = []
    imported = [MATH[name] for name in sorted(MATH) if name in words]
    if imported:
        parts.append(f"from math import {', '.join(imported)}")
    for name in defined:
        names = "x, y, z" if name == "where" else "x, y" if name in _TWO else "x"
        parts.append(f"def {name}({names}):\n    {DEFINITIONS[name]}")
    return "".join(part + "\n\n\n" for part in parts)


def call(name: str, args: list[str]) -> str:
    """The text of an operation that has no sign of its own, for the texts of its arguments."""
    if name in ("power", "power_slope"):
        return _power(name, *args)
    if name == "maximum" and len(args) > 2:
        return f"max({', '.join(args)})"
    if name in WRITTEN_OUT and all(_is_atom(a) for a in args):
        return WRITTEN_OUT[name].format(*args)
    return f"{name}({', '.join(args)})"


def _is_atom(text: str) -> bool:
    return text.isidentifier() or text.replace(".", "", 1).isdigit()


def _power(name: str, x: str, n: str) -> str:
    """xⁿ and n·xⁿ⁻¹: a small whole exponent is a product."""
    try:
        exponent = float(n)
    except ValueError:
        return f"{name}({x}, {n})"
    if not x.isidentifier() or exponent not in (2.0, 3.0, 4.0):
        return f"{name}({x}, {n})"
    times = int(exponent)
    return (
        f"({' * '.join([x] * times)})" if name == "power" else f"({' * '.join([repr(exponent)] + [x] * (times - 1))})"
    )
