r"""How each row of the rule table is written in LaTeX mathematics, for pdfLaTeX, MathJax and KaTeX alike.

>>> from autograd.expression import Expression, symbol
>>> x, y = symbol("x"), symbol("sigma_1")
>>> print(write(-(x - (y - 1)) / (2 * y)))
\frac{-\left(x - \left(\sigma_{1} - 1\right)\right)}{2 \cdot \sigma_{1}}
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable

from autograd.expression import Expression

# How tightly a formula holds together. The numbers are LaTeX's own: a fraction needs no parentheses, -x does on the
# right of a sign, and what stands under an exponent must be one letter.
SUM, MINUS, PRODUCT, CALL, FRACTION, ATOM = range(6)

# For each row: the formula with a place for each argument, how tightly each place holds (None: anything may stand
# there), and how tightly the whole does.
ROWS: dict[str, tuple[str, tuple[int | None, ...], int]] = {
    "leaf": ("%s", (None,), SUM),
    "constant": ("%s", (None,), SUM),
    "add": ("%s + %s", (SUM, PRODUCT), SUM),
    "sub": ("%s - %s", (SUM, PRODUCT), SUM),
    "mul": (r"%s \cdot %s", (MINUS, PRODUCT), PRODUCT),
    "div": (r"\frac{%s}{%s}", (None, None), FRACTION),
    "neg": ("-%s", (PRODUCT,), MINUS),
    "copy": ("%s", (SUM,), SUM),
    "power": ("%s^{%s}", (ATOM, None), FRACTION),
    "power_slope": (r"%s \cdot {%s}^{%s}", (MINUS, ATOM, None), PRODUCT),
    "pow": ("%s^{%s}", (ATOM, None), FRACTION),
    "pow_slope": (r"%s \cdot {%s}^{%s}", (MINUS, ATOM, None), PRODUCT),
    "xlogy": (r"%s \cdot \log\left(%s\right)", (MINUS, None), PRODUCT),
    "log": (r"\log\left(%s\right)", (None,), CALL),
    "log1p": (r"\log\left(1 + %s\right)", (PRODUCT,), CALL),
    "sqrt": (r"\sqrt{%s}", (None,), FRACTION),
    "exp": ("e^{%s}", (None,), FRACTION),
    "expm1": ("e^{%s} - 1", (None,), SUM),
    "sigmoid": (r"\operatorname{sigmoid}\left(%s\right)", (None,), CALL),
    "softplus": (r"\log\left(1 + e^{%s}\right)", (None,), CALL),
    "tanh": (r"\tanh\left(%s\right)", (None,), CALL),
    "erf": (r"\operatorname{erf}\left(%s\right)", (None,), CALL),
    "sin": (r"\sin\left(%s\right)", (None,), CALL),
    "cos": (r"\cos\left(%s\right)", (None,), CALL),
    "tan": (r"\tan\left(%s\right)", (None,), CALL),
    "step": (r"\left[%s > 0\right]", (SUM,), CALL),
    "sign": (r"\operatorname{sign}\left(%s\right)", (None,), CALL),
    "relu": (r"\max\left(0, %s\right)", (None,), CALL),
    "abs": (r"\left|%s\right|", (None,), CALL),
    "maximum": (r"\max\left(%s, %s\right)", (None, None), CALL),
    "minimum": (r"\min\left(%s, %s\right)", (None, None), CALL),
    "where": (r"\begin{cases} %s & \text{if } %s > 0 \\ %s & \text{else} \end{cases}", (None, SUM, None), CALL),
}
# A sum of many terms is written out term by term, by the row of its terms.
SUMS = {"total": "copy", "dot": "mul"}


def write(
    tree: Expression, names: Callable[[str], str] | None = None, numbers: Callable[[float], str] | None = None
) -> str:
    """The expression in LaTeX. `names` writes a symbol, `numbers` a number; if not given, `name` and `number` do."""
    return _write(tree, names or name, numbers or number)[0]


def _write(tree: Expression, names: Callable[[str], str], numbers: Callable[[float], str]) -> tuple[str, int]:
    if tree.op == "":
        what = tree.args[0]
        if isinstance(what, str):
            return names(what), ATOM
        text = numbers(what)
        return text, MINUS if text.startswith("-") else PRODUCT if r"\cdot" in text else ATOM
    return row(tree.op, [_write(a, names, numbers) for a in tree.args])


def row(op: str, args: list[tuple[str, int]]) -> tuple[str, int]:
    """One operation of formulas that are written already, each with how tightly it holds; the result likewise.

    >>> row("mul", [("a + b", SUM), ("c", ATOM)])
    ('\\\\left(a + b\\\\right) \\\\cdot c', 2)
    """
    if op in SUMS:
        return _sum(SUMS[op], args)
    if op in ("power_slope", "pow_slope"):  # n · x^(n-1): the exponent comes up twice
        return _power_slope(*args)
    if op == "where":
        args = [args[1], args[0], args[2]]
    form, places, binding = ROWS[op]
    if op == "copy":
        return args[0]
    text = form % tuple(_wrapped(a, least) for a, least in zip(args, places, strict=True))
    return text, min(binding, MINUS) if text.startswith("-") else binding  # a + (-1 · b), not a + -1 · b


def _sum(term: str, args: list[tuple[str, int]]) -> tuple[str, int]:
    offset = []
    if term == "copy":
        terms = [[a] for a in args]
    else:
        n = len(args) // 2
        terms = [list(pair) for pair in zip(args[:n], args[len(args) - n :], strict=True)]
        offset = args[n : len(args) - n]
    written = [row(term, each) for each in terms] + offset
    if not written:
        return "0", ATOM
    first, *rest = written
    text = " + ".join([first[0], *(_wrapped(each, PRODUCT) for each in rest)])
    return text, SUM if rest else first[1]


def _power_slope(x: tuple[str, int], n: tuple[str, int]) -> tuple[str, int]:
    form, places, binding = ROWS["power_slope"]
    try:
        less = f"{float(n[0]) - 1:g}"
    except ValueError:
        less = f"{_wrapped(n, SUM)} - 1"
    base = _wrapped(x, ATOM)
    if less == "1":
        return f"{_wrapped(n, MINUS)} \\cdot {_wrapped(x, PRODUCT)}", PRODUCT
    return form % (_wrapped(n, places[0]), base, less), binding


def _wrapped(formula: tuple[str, int], least: int | None) -> str:
    text, binding = formula
    return text if least is None or binding >= least else rf"\left({text}\right)"


def number(x: float) -> str:
    r"""A number to four digits: ``0.25``, ``1.5 \cdot 10^{-7}``.

    >>> print(number(-0.0), number(1.5e-7), number(float("inf")))
    0 1.5 \cdot 10^{-7} \infty
    """
    if math.isnan(x):
        return r"\mathrm{NaN}"
    if math.isinf(x):
        return r"\infty" if x > 0 else r"-\infty"
    return number_text(format(x + 0.0, ".4g"))


def number_text(text: str) -> str:
    r"""A number that is written already, such as ``1.5e-07``; any other text is set as a name."""
    mantissa, e, exponent = text.partition("e")
    try:
        float(text)
    except ValueError:
        return name(text)
    if not e:
        return {"inf": r"\infty", "-inf": r"-\infty", "nan": r"\mathrm{NaN}"}.get(text, text)
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"


# -- Names --------------------------------------------------------------------------------------------------

GREEK = [
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi",
    "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
]  # fmt: skip
LIKE_LATIN = {
    "alpha": "A", "beta": "B", "epsilon": "E", "zeta": "Z", "eta": "H", "iota": "I", "kappa": "K", "mu": "M", "nu": "N",
    "omicron": "O", "rho": "P", "tau": "T", "chi": "X",
}  # fmt: skip
SPECIAL = {
    "\\": r"\backslash ", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_",
    "~": r"{\sim}", "^": r"{\wedge}", " ": r"{\ }", "'": "{}'", "<": "{<}", ">": "{>}", "-": "{-}", "+": "{+}",
    "*": "{*}", "=": "{=}", "|": r"\vert ", "·": r"{\cdot}", "×": r"{\times}", "−": "{-}", "∂": r"\partial ",
    "∇": r"\nabla ", "∑": r"{\textstyle\sum}", "√": r"\surd ", "∞": r"\infty ", "≤": r"{\le}", "≥": r"{\ge}",
    "′": "{}'", "→": r"{\to}", "…": r"\dots ", "—": r"\text{---}", "↵": r"\hookleftarrow ", '"': "{}''", "`": "{}`",
    "/": "{/}", ":": "{:}", ",": "{,}", "!": "{!}", "?": "{?}",
}  # fmt: skip
ACCENTS = {
    "\u0300": "grave", "\u0301": "acute", "\u0302": "hat", "\u0303": "tilde", "\u0304": "bar", "\u0305": "bar",
    "\u0306": "breve", "\u0307": "dot", "\u0308": "ddot", "\u030a": "mathring", "\u030c": "check",
}  # fmt: skip


def name(label: str) -> str:
    r"""Any label as LaTeX that sets it and does nothing else: letters as variables, words upright.

    >>> for label in ("w", "w_12", "w_1,10^2", "w1", "σ₁", "ŷ", "loss", "50% {x}", "E'"):
    ...     print(name(label))
    w
    w_{12}
    {w_{1{,}10}^{2}}
    w_{1}
    \sigma_{1}
    \hat{y}
    \mathrm{loss}
    {\mathrm{50\%{\ }\{x\}}}
    {E{}'}
    """
    parts = re.fullmatch(r"([^\W\d_]+[\u0300-\u030c]?)(?:_(\w[\w,]*))?(?:\^(\w+))?", label)  # the lecture's w_ij^l
    if parts and label.replace(parts[1], "", 1).isascii() and _is_word(parts[1]) and (parts[2] or parts[3]):
        below = f"_{{{_scripted(parts[2])}}}" if parts[2] else ""
        return f"{{{_word(parts[1])}{below}^{{{_scripted(parts[3])}}}}}" if parts[3] else _word(parts[1]) + below
    if _is_word(label):
        return _word(label)
    base = label.rstrip("₀₁₂₃₄₅₆₇₈₉")
    if base != label and base.isalpha() and _is_word(base):
        return f"{_word(base)}_{{{unicodedata.normalize('NFKC', label[len(base) :])}}}"
    body = _letters(label)
    return rf"{{\mathrm{{{body}}}}}" if len(label) > 2 else f"{{{body}}}"


def _scripted(text: str) -> str:
    return _word(text) if text.isalnum() else _letters(text)


def _is_word(text: str) -> bool:
    if text.isascii():
        return text.isalnum()
    return len(accented(text)) == 1 and text[0].isalpha() and _letter(text).startswith("\\")


def _word(text: str) -> str:
    if text.lower() in GREEK:
        return "\\" + (text if text in GREEK else _capital(text.lower()))
    if len(text) == 1 or text.isdigit() or not text.isascii():
        return _letter(text).strip()
    if text[1:].isdigit() and text.isascii():
        return f"{text[0]}_{{{text[1:]}}}"
    return rf"\mathrm{{{text}}}"


def _letters(text: str) -> str:
    return "".join(map(_letter, accented(text))).strip()


def accented(text: str) -> list[str]:
    """The letters of a text, each with the accent that stands above it, if any: one of its own, or put there.

    >>> accented("ŷx\N{COMBINING CIRCUMFLEX ACCENT}")
    ['ŷ', 'x̂']
    """
    return re.findall(r".[\u0300-\u030c]?", unicodedata.normalize("NFC", text), re.DOTALL)


def _letter(c: str) -> str:
    if c in SPECIAL:
        return SPECIAL[c]
    if c.isascii():
        return c if c.isprintable() else "?"
    letter, *marks = list(unicodedata.normalize("NFD", c))
    if len(marks) == 1 and marks[0] in ACCENTS and letter.isalpha():
        return rf"\{ACCENTS[marks[0]]}{{{_letter(letter).strip()}}}"
    if len(c) > 1:
        return "".join(map(_letter, c))
    if command := greek(c):
        return command + " "
    kind, *parts = unicodedata.decomposition(c).split() or [""]
    if kind in ("<sub>", "<super>") and len(parts) == 1 and int(parts[0], 16) < 128:
        return f"{'{}_' if kind == '<sub>' else '{}^'}{{{chr(int(parts[0], 16))}}}"
    return rf"{{\scriptstyle U{{+}}{ord(c):04X}}}"


def greek(c: str) -> str:
    r"""The command of a Greek letter, empty for any other letter.

    >>> greek("σ"), greek("Σ"), greek("Α"), greek("a")
    ('\\sigma', '\\Sigma', '\\mathrm{A}', '')
    """
    words = unicodedata.name(c, "").split()
    if words[:1] != ["GREEK"] or words[2:3] != ["LETTER"] or len(words) != 4:
        return ""
    letter = {"LAMDA": "lambda"}.get(words[3], words[3].lower())
    if letter not in (*GREEK, "omicron"):
        return ""
    if words[1] == "SMALL":
        return r"\mathrm{o}" if letter == "omicron" else "\\" + letter
    return _capital_command(letter)


def _capital(letter: str) -> str:
    return _capital_command(letter).removeprefix("\\")


def _capital_command(letter: str) -> str:
    """Greek capitals that look like Latin ones have no command of their own."""
    if letter in ("gamma", "delta", "theta", "lambda", "xi", "pi", "sigma", "upsilon", "phi", "psi", "omega"):
        return "\\" + letter.capitalize()
    return rf"\mathrm{{{LIKE_LATIN[letter]}}}"
