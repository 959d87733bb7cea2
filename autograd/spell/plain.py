"""How an expression is written as plain text, for a terminal: ``w · x + b``, ``σ · (1 - σ)``, ``(-0.5)²``."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from autograd import expression
from autograd.expression import Expression, symbol

WORD = re.compile(r"[\w#\u0300-\u030c]+(,\w+)*(\^\w+)?'*…?")  # names that need no parentheses: w, v1, w_1,10^2, x̂, E'
RAISED = "^⁻⁰¹²³⁴⁵⁶⁷⁸⁹"
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
PRIVATE = 0xF0000  # from here on, letters that no label should hold

Atom = Callable[[str], str]  # what a private letter stands for


def name(label: str) -> str:
    """A label inside a formula: in parentheses if it is more than one word.

    >>> name("w_12^1"), name("my loss")
    ('w_12^1', '(my loss)')
    """
    return label if WORD.fullmatch(label) or label == "…" else f"({label})"


def write(
    tree: Expression,
    names: Callable[[str], str] = name,
    numbers: Callable[[float], str] = "{:.4g}".format,
    *,
    factor: bool = False,
) -> str:
    """The expression as text. `names` writes a symbol, `numbers` a number; `factor`: it stands beside a "·".

    >>> from autograd.expression import number, symbol
    >>> x, s = symbol("x"), symbol("s")
    >>> write(Expression("power", (x - 1, number(2.0)))), write(s * (1 - s)), write(x - 1, factor=True)
    ('(x - 1)²', 's · (1 - s)', '(x - 1)')
    """
    # each name and number is one private letter while the tree is printed, so that no label is taken for a sign
    atoms: list[str] = []

    def marked(node: Expression) -> Expression:
        if node.op:
            return Expression(node.op, tuple(map(marked, node.args)))
        what = node.args[0]
        atoms.append(names(what) if isinstance(what, str) else numbers(what))
        return symbol(chr(PRIVATE + len(atoms) - 1))

    def atom(letter: str) -> str:
        return atoms[ord(letter) - PRIVATE]

    text = expression.write(marked(tree), lambda op, args: _call(op, args, atom)).replace(" * ", " · ")
    if factor and len(text) > 1:
        text = f"({text})"
    result = ""
    for c, after in zip(text, text[1:] + " ", strict=True):
        shown = atom(c) if ord(c) >= PRIVATE else c
        first = result[-1:] in ("", "(", "|", "[") or result.endswith(", ")
        loose = shown.startswith("-") and not first
        raised = after in RAISED and (shown.startswith("-") or "^" in shown)
        if ord(c) < PRIVATE:
            result += c
        elif shown.startswith("(") and (result + after)[-2:] in ("()", "||"):  # log(a + b), not log((a + b))
            result += shown[1:-1]
        else:
            result += f"({shown})" if loose or raised else shown
    return f"({result})" if factor and result.startswith("-") else result


def _call(op: str, args: list[str], atom: Atom) -> str:
    """A function of texts in which every name and number is one letter."""
    if op in ("power", "pow"):
        return _power(args[0], args[1], atom)
    if op in ("power_slope", "pow_slope"):
        x, n = args
        exponent = atom(n) if len(n) == 1 else ""
        if not _is_number(exponent):
            return f"{_tight(n)} · {_tight(x)}^({n} - 1)"
        less = float(exponent) - 1
        return f"{n} · {_tight(x)}" + ("" if less == 1 else _raised(f"{less:g}"))
    form = {
        "abs": "|{0}|", "copy": "{0}", "step": "[{0} > 0]", "maximum": "max({0}, {1})", "minimum": "min({0}, {1})",
        "log1p": "log(1 + {0})", "where": "({1} if {0} > 0, else {2})",
    }.get(op)  # fmt: skip
    if form:
        return form.format(*args)
    if op == "xlogy":
        return f"{_tight(args[0])} · log({args[1]})"
    return f"{op}({', '.join(args)})"


def _power(x: str, n: str, atom: Atom) -> str:
    exponent = atom(n) if len(n) == 1 else ""
    return _tight(x) + (_raised(exponent) if _is_number(exponent) else f"^{_tight(n)}")


def _raised(exponent: str) -> str:
    whole = float(exponent).is_integer() and abs(float(exponent)) < 1000
    return f"{float(exponent):g}".translate(SUPERSCRIPT) if whole else f"^({exponent})"


def _tight(text: str) -> str:
    return text if len(text) == 1 else f"({text})"


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
