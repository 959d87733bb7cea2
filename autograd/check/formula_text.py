"""How a formula that was typed is written again: as text, and as LaTeX."""

from __future__ import annotations

import re

BINDING = {"add": 1, "sub": 1, "mul": 2, "div": 2, "neg": 3, "pow": 4}
ATOM = 9
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def as_text(name: str, args: list[tuple[str, int]]) -> str:
    """An operation of arguments that are written already, each with how tightly it binds: -2·w²."""
    if name == "pi":
        return "π"
    if name == "neg":
        return "-" + _right(args[0], 3)
    if name == "pow":
        base, (exponent, binding) = _wrapped(args[0], 5), args[1]
        if re.fullmatch(r"-?\d+", exponent):
            return base + exponent.translate(_RAISED)
        return f"{base}^{exponent if binding == ATOM else f'({exponent})'}"
    if name in BINDING:
        sign = {"add": " + ", "sub": " - ", "mul": "·", "div": "/"}[name]
        own = BINDING[name]
        return _wrapped(args[0], own) + sign + _right(args[1], own + (name in ("sub", "div")))
    return f"{name}({', '.join(text for text, _ in args)})"


_LATEX = {"exp": r"\exp", "log": r"\log", "sin": r"\sin", "cos": r"\cos", "tan": r"\tan", "tanh": r"\tanh"}
_LATEX |= {"maximum": r"\max", "minimum": r"\min", "sigmoid": r"\sigma"}


def as_latex(name: str, args: list[tuple[str, int]]) -> str:
    """The same in LaTeX."""
    if name == "pi":
        return r"\pi"
    if name == "neg":
        return "-" + _right(args[0], 3)
    if name == "pow":
        return f"{_wrapped(args[0], 5)}^{{{args[1][0]}}}"
    if name == "div":
        return rf"\frac{{{args[0][0]}}}{{{args[1][0]}}}"
    if name == "sqrt":
        return rf"\sqrt{{{args[0][0]}}}"
    if name in BINDING:
        sign = {"add": " + ", "sub": " - ", "mul": r" \, "}[name]
        own = BINDING[name]
        return _wrapped(args[0], own) + sign + _right(args[1], own + (name == "sub"))
    command = _LATEX.get(name, r"\operatorname{" + name + "}")
    return rf"{command}\left({', '.join(text for text, _ in args)}\right)"


def _wrapped(part: tuple[str, int], least: int) -> str:
    text, binding = part
    return text if binding >= least else f"({text})"


def _right(part: tuple[str, int], least: int) -> str:
    """What stands after a sign: a second sign gets parentheses."""
    return f"({part[0]})" if part[0].startswith("-") else _wrapped(part, least)
