r"""A small part of LaTeX as MathML, which browsers show and screen readers speak by themselves.

>>> mathml(r"\frac{1}{m}")
'<math><mfrac><mn>1</mn><mi>m</mi></mfrac></math>'

It knows what the lecture's formulas and the rows of `autograd.spell.latex` need: letters, numbers, signs, Greek,
``^`` and ``_``, ``\frac``, ``\sqrt``, ``\sum`` with limits, ``\partial``, ``\left( … \right)``, ``\text``, ``\mathrm``
and cases. Anything else is a ValueError: a formula is shown whole or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape

IDENTIFIERS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "eta": "η", "lambda": "λ", "mu": "μ", "sigma": "σ", "phi": "φ",
    "tau": "τ", "rho": "ρ", "infty": "∞",
}  # fmt: skip
OPERATORS = {
    "partial": "∂", "nabla": "∇", "cdot": "·", "ge": "≥", "le": "≤", "to": "→", "in": "∈",
    "ldots": "…", "dots": "…", "quad": "\u2003", "leftarrow": "←", "{": "{", "}": "}",
}  # fmt: skip
FUNCTIONS = {"log", "exp", "max", "min", "sin", "cos", "tan", "tanh"}
TOKEN = re.compile(r"\s+|\\(?:[A-Za-z]+|.)|\d+(?:\.\d+)?|.", re.DOTALL)
BRACKETS = "()[]|{}‖."
OPERATOR = re.compile(r"<mo[^>]*>[^)\]}‖|]+</mo>$")  # what a difference cannot begin with
LARGE = ("<mfrac", "<munder", "<mover", "<mtable")  # what brackets should be as tall as
TALL = ' style="font-size:1.7em;position:relative;top:.1em"'  # without a math font no browser stretches a bracket
SPACE = '<mspace width="0.17em"></mspace>'
ENDS = ("}", r"\right", r"\\", r"\end")


SCRIPTED = re.compile(r"([^\W\d_]+[\u0300-\u030c]?)(?:_([\w,]+))?(?:\^(\w+))?")


def mathml(latex: str, *, display: bool = False, names: Mapping[str, str] | None = None) -> str:
    """The formula as one `<math>` element; `display` for one that stands on a line of its own.

    `names` maps single letters of the formula to elements that stand for them, such as an `identifier`: so a label
    can be any text.
    """
    body = _Parser(latex, names or {}).whole()
    return f"<math{' display=' + chr(34) + 'block' + chr(34) if display else ''}>{body}</math>"


def identifier(label: str) -> str:
    """Any label as one element. In the lecture's w_12^1, what stands below and above is set there.

    >>> identifier("w_12^1"), identifier("<b>")
    ('<msubsup><mi>w</mi><mi>12</mi><mi>1</mi></msubsup>', '<mi>&lt;b&gt;</mi>')
    """
    parts = SCRIPTED.fullmatch(label)
    if parts is None or not (parts[2] or parts[3]):
        return f"<mi>{escape(label)}</mi>"
    base, below, above = (f"<mi>{escape(part or '')}</mi>" for part in parts.groups())
    if parts[2] and parts[3]:
        return f"<msubsup>{base}{below}{above}</msubsup>"
    return f"<msub>{base}{below}</msub>" if parts[2] else f"<msup>{base}{above}</msup>"


def _bracket(sign: str) -> str:
    return f'<mo stretchy="false">{sign}</mo>'


def _grown(items: list[str]) -> list[str]:
    """The items of a row, with larger brackets around what is tall. What closes may bear an exponent."""
    grown, opened = list(items), list[int]()
    for at, item in enumerate(items):
        if item in OPENING:
            opened.append(at)
        elif opened and CLOSING.match(item):
            start = opened.pop()
            if any(tag in each for each in items[start + 1 : at] for tag in LARGE):
                for place in (start, at):
                    grown[place] = grown[place].replace("<mo", f"<mo{TALL}", 1)
    return grown


OPENING = [_bracket(sign) for sign in "(["]
CLOSING = re.compile(r"(?:<msu[bp](?:sup)?>)?" + _bracket("[])]"))


class _Parser:
    def __init__(self, latex: str, names: Mapping[str, str]) -> None:
        self.latex, self.names = latex, names
        self.tokens = TOKEN.findall(latex)
        self.at = 0

    def whole(self) -> str:
        items = self.row("")
        if self.at < len(self.tokens):
            raise self.wrong(f"an unexpected {self.tokens[self.at]!r}")
        return "".join(items)

    def wrong(self, what: str) -> ValueError:
        return ValueError(f"{what} in the formula {self.latex!r}")

    def peek(self) -> str:
        while self.at < len(self.tokens) and self.tokens[self.at].isspace():
            self.at += 1
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, expected: str = "") -> str:
        token = self.peek()
        if not token or (expected and token != expected):
            raise self.wrong(f"{expected or 'more'} is missing")
        self.at += 1
        return token

    def row(self, end: str) -> list[str]:
        """Items up to `end` (not included)."""
        items: list[str] = []
        while (token := self.peek()) and token != end:
            if token in ENDS:
                break
            sign = token in ("-", "+") and (not items or OPERATOR.search(items[-1]))
            if items and token[1:] in FUNCTIONS and token[0] == "\\" and not OPERATOR.search(items[-1]):
                items.append(SPACE)  # y log x
            items.append(self.scripted())
            if sign:  # the sign of a number, and not a difference: no space after it
                items[-1] = items[-1].replace("<mo>", '<mo form="prefix">', 1)
        return _grown(items)

    def scripted(self) -> str:
        limits = self.peek() in (r"\sum", r"\max")
        base, below, above = self.atom(), "", ""
        while (token := self.peek()) in ("_", "^"):
            self.take()
            if token == "_":
                below = self.argument()
            else:
                above = self.argument()
        if not below and not above:
            return base
        if above and base.startswith(("<msup>", "<msubsup>")):  # (w¹)², which w with two raised numbers does not say
            base = f"<mrow>{_bracket('(')}{base}{_bracket(')')}</mrow>"
        over, under, both = ("mover", "munder", "munderover") if limits else ("msup", "msub", "msubsup")
        tag = both if below and above else under if below else over
        return f"<{tag}>{base}{below}{above}</{tag}>"

    def argument(self) -> str:
        """What a script or a command applies to, as one element."""
        if self.peek() != "{":
            return self.atom()
        self.take("{")
        items = self.row("}")
        self.take("}")
        return items[0] if len(items) == 1 else f"<mrow>{''.join(items)}</mrow>"

    def verbatim(self) -> str:
        """The text between braces, with its spaces."""
        self.take("{")
        start = self.at
        while self.at < len(self.tokens) and self.tokens[self.at] != "}":
            self.at += 1
        text = "".join(self.tokens[start : self.at])
        self.take("}")
        return text

    def atom(self) -> str:
        token = self.peek()
        if token == "{":
            return self.argument()
        self.take()
        if token in self.names:
            return self.names[token]
        if token.startswith("\\"):
            return self.command(token[1:])
        if token[0].isdigit():
            return f"<mn>{token}</mn>"
        if token.isalpha():
            return f"<mi>{token}</mi>"
        if token in BRACKETS:
            return _bracket(token)
        if token == "/":
            return '<mo lspace="0" rspace="0">/</mo>'
        return f"<mo>{'−' if token == '-' else escape(token)}</mo>"

    def command(self, name: str) -> str:
        if name == "frac":
            return f"<mfrac>{self.argument()}{self.argument()}</mfrac>"
        if name == "sqrt":
            return f"<msqrt>{self.argument()}</msqrt>"
        if name == "sum":
            return '<mo largeop="false" class="sum">∑</mo>'
        if name in ("mathrm", "operatorname"):
            return f'<mi mathvariant="normal">{escape(self.verbatim())}</mi>'
        if name == "text":
            text = self.verbatim()
            return f"<mtext>{escape(text).replace(' ', chr(160))}</mtext>"
        if name == "mathrel":  # += is one sign
            return f"<mo>{escape(self.verbatim())}{self.take('=')}</mo>"
        if name == "begin":
            return self.cases()
        if name == "left":
            opening = self.take()
            items = self.row(r"\right")
            self.take(r"\right")
            closing = self.take()
            first, last = ("" if each == "." else _bracket(each) for each in (opening, closing))
            return f"<mrow>{''.join(_grown([first, *items, last]))}</mrow>"
        if name in IDENTIFIERS:
            return f"<mi>{IDENTIFIERS[name]}</mi>"
        if name in OPERATORS:
            return f"<mo>{OPERATORS[name]}</mo>"
        if name in FUNCTIONS:
            space = "" if self.peek() in ("(", r"\left", "_", "^") else SPACE
            return f"<mi>{name}</mi><mo>&#8289;</mo>{space}"
        if name in (",", ";", " "):
            return '<mspace width="0.2em"></mspace>'
        raise self.wrong(f"the unknown command \\{name}")

    def cases(self) -> str:
        r"""What follows ``\begin``: ``{cases} a & b \\ c & d \end{cases}``, a brace before rows of two cells."""
        if self.verbatim() != "cases":
            raise self.wrong("an unknown environment")
        rows = []
        while self.peek() != r"\end":
            before = self.at
            cells = ["".join(self.row("&"))]
            while self.peek() == "&":
                self.take()
                cells.append("".join(self.row("&")))
            rows.append("<mtr>" + "".join(f'<mtd style="text-align: left">{cell}</mtd>' for cell in cells) + "</mtr>")
            if self.peek() == r"\\":
                self.take()
            if self.at == before:
                raise self.wrong(r"\end is missing")
        self.take()
        if self.verbatim() != "cases":
            raise self.wrong("cases that do not end")
        return f"<mrow><mo>{{</mo><mtable>{''.join(rows)}</mtable></mrow>"
