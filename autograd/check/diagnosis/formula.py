"""Formulas in a diagnosis, as text and as LaTeX, from the same expression.

>>> w = symbol("W1")
>>> tree = product(number(0.5), total_of(Expression("power", (w, number(2)))))
>>> plain(tree), latex(tree)
('0.5·Σ W1²', '0.5 \\\\, \\\\sum W_{1}^{2}')
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from fractions import Fraction

from autograd.expression import ATOM, BINDING, Expression, number, symbol

__all__ = ["latex", "number", "plain", "product", "simplified", "symbol", "total_of"]

GREEK = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta kappa lambda mu nu xi pi rho sigma tau phi chi psi omega".split()  # noqa: SIM905
)
SUPERSCRIPT = str.maketrans("-0123456789.", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹·")
ESCAPED = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "#": r"\#", "$": r"\$", "%": r"\%", "&": r"\&", "_": r"\_",
    "^": r"\hat{}", "~": r"\sim{}",
}  # fmt: skip
LATEX_FUNCTION = {
    "sigmoid": r"\sigma", "exp": r"\exp", "log": r"\log", "sin": r"\sin", "cos": r"\cos", "tan": r"\tan",
    "tanh": r"\tanh", "maximum": r"\max", "minimum": r"\min",
}  # fmt: skip


def product(*factors: Expression) -> Expression:
    """The product, without factors of 1."""
    out: Expression | None = None
    for f in factors:
        if f != number(1):
            out = f if out is None else out * f
    return number(1) if out is None else out


def total_of(term: Expression) -> Expression:
    """Σ term."""
    return Expression("Σ", (term,))


def simplified(tree: Expression) -> Expression:
    """With the arithmetic of numbers done, and without factors and exponents of 1: 2·x^(2 - 1) is 2·x."""
    args: tuple[Expression, ...] = tree.args
    values = [a.args[0] if a.op == "" and not isinstance(a.args[0], str) else None for a in args]
    if tree.op in _FOLDED and None not in values:
        return number(_FOLDED[tree.op](*values))
    if tree.op == "power" and values[1] in (0.0, 1.0):
        return args[0] if values[1] else number(1)
    if tree.op == "mul" and 1.0 in values:
        return args[1] if values[0] == 1.0 else args[0]
    if tree.op == "div" and args[0] in (args[1], -args[1]):
        return number(1.0 if args[0] == args[1] else -1.0)
    if tree.op == "mul" and args[1].op == "neg":
        return -simplified(Expression("mul", (args[0], args[1].args[0])))
    if tree.op == "mul" and args[0] == args[1]:
        return Expression("power", (args[0], number(2)))
    if tree.op == "mul" and args[1] == Expression("power", (args[0], number(2))):
        return Expression("power", (args[0], number(3)))
    if tree.op in ("add", "sub") and values[1] == 0.0:
        return args[0]
    if tree.op == "sub" and values[0] == 0.0:
        return -args[1]
    return tree


_FOLDED: dict[str, Callable[..., float]] = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "neg": lambda a: -a,
}  # fmt: skip


def plain(tree: Expression) -> str:
    """As text: ``0.5·Σ W1²``."""
    return _plain(tree)[0]


def latex(tree: Expression) -> str:
    """As LaTeX. Names are escaped, so that they break nothing."""
    return _latex(tree)[0]


def _plain(tree: Expression) -> tuple[str, int]:
    if tree.op == "":
        return _atom(tree.args[0])
    if tree.op == "Σ":
        return f"Σ {_wrap(_plain(tree.args[0]), 2)}", 1
    if tree.op in ("power", "pow"):
        exponent = _plain(tree.args[1])[0]
        raised = (
            exponent.translate(SUPERSCRIPT)
            if re.fullmatch(r"-?\d+", exponent)
            else f"^{exponent}"
            if exponent.isidentifier()
            else f"^({exponent})"
        )
        return _wrap(_plain(tree.args[0]), ATOM) + raised, ATOM - 1
    if tree.op == "neg":
        return "-" + _wrap(_plain(tree.args[0]), BINDING["neg"]), BINDING["neg"]
    if tree.op in BINDING:
        return _infix(tree, _plain, {"add": " + ", "sub": " - ", "mul": "·", "div": "/"})
    return f"{tree.op}({', '.join(_plain(a)[0] for a in tree.args)})", ATOM


def _latex(tree: Expression) -> tuple[str, int]:
    if tree.op == "":
        what = tree.args[0]
        return (_latex_name(what), ATOM) if isinstance(what, str) else _atom(what)
    if tree.op == "Σ":
        return rf"\sum {_wrap(_latex(tree.args[0]), 2, True)}", 1
    if tree.op in ("power", "pow"):
        return f"{_wrap(_latex(tree.args[0]), ATOM, True)}^{{{_latex(tree.args[1])[0]}}}", ATOM - 1
    if tree.op == "div":
        return rf"\frac{{{_latex(tree.args[0])[0]}}}{{{_latex(tree.args[1])[0]}}}", ATOM
    if tree.op == "sqrt":
        return rf"\sqrt{{{_latex(tree.args[0])[0]}}}", ATOM
    if tree.op == "neg":
        return "-" + _wrap(_latex(tree.args[0]), BINDING["neg"], True), BINDING["neg"]
    if tree.op in BINDING:
        return _infix(tree, _latex, {"add": " + ", "sub": " - ", "mul": r" \, "}, True)
    name = LATEX_FUNCTION.get(tree.op) or rf"\operatorname{{{_escape(tree.op)}}}"
    return rf"{name}\left({', '.join(_latex(a)[0] for a in tree.args)}\right)", ATOM


def _infix(tree: Expression, write: object, signs: dict[str, str], big: bool = False) -> tuple[str, int]:
    own = BINDING[tree.op]
    left, right = (write(a) for a in tree.args)  # type: ignore[operator]
    tight = own if tree.op in ("add", "mul") else own + 1
    if tree.op == "mul" and tree.args[1].op == "Σ":  # 2·Σ x, but (Σ x)·2
        tight = 1
    return f"{_wrap(left, own, big)}{signs[tree.op]}{_wrap(right, tight, big)}", own


def _wrap(written: tuple[str, int], least: int, big: bool = False) -> str:
    text, binding = written
    if binding >= least:
        return text
    return rf"\left({text}\right)" if big else f"({text})"


def _atom(what: str | float) -> tuple[str, int]:
    if isinstance(what, str):
        return what, ATOM
    if math.isfinite(what) and what == int(what) and abs(what) < 1e15:
        return str(int(what)), ATOM if what >= 0 else BINDING["neg"]
    near = Fraction(what).limit_denominator(12)
    text = (
        str(near)
        if near and abs(what / float(near) - 1) < 1e-12 and near.denominator in (3, 6, 7, 9, 12)
        else f"{what:.6g}"
    )
    return text, (ATOM if "/" not in text else 2) if what >= 0 else BINDING["neg"]


def _latex_name(name: str) -> str:
    """W1 as W_{1}, sigma as \\sigma, anything else as text."""
    if name == "…":
        return r"\dots"
    match = re.fullmatch(r"([A-Za-z]+)_?(\d*)", name)
    if match:
        stem, index = match.groups()
        shown = f"\\{stem}" if stem in GREEK else stem if len(stem) == 1 else rf"\mathrm{{{stem}}}"
        return shown + (f"_{{{index}}}" if index else "")
    return rf"\text{{{_escape(name)}}}" if not re.fullmatch(r"[^\x00-\x7f]", name) else name


def _escape(text: str) -> str:
    return "".join(ESCAPED.get(c, c) for c in text)
