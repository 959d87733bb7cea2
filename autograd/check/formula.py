"""Formulas typed at the command line: a small grammar of its own, parsed and never run as Python.

    numbers      2   0.5   1e-3
    names        w   x1   θ          (pi is π, unless you give it a value)
    operations   + - * / ** ^        (^ is ** ; both bind tighter than a minus sign before them)
    functions    exp(…) log(…) sigmoid(…) or σ(…) … maximum(…, …)
    parentheses  ( )

There is no implicit multiplication: 2x is an error that says so.

>>> f = parse("-2*w^2 + sigmoid(w*x)")
>>> print(f)
-2·w² + sigmoid(w·x)
>>> f.names
('w', 'x')
>>> round(f(w=1.0, x=2.0), 6)
-1.119203
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any

from autograd import functions, rules
from autograd.check.formula_text import ATOM, BINDING, as_latex, as_text
from autograd.op import Op, find
from autograd.value import Value

LONGEST = 5000  # characters
DEEPEST = 200  # open parentheses

FUNCTIONS = {
    **{n: n for n in ("exp", "log", "log1p", "expm1", "sqrt", "sin", "cos", "tan", "tanh", "sigmoid", "relu")},
    **{n: n for n in ("softplus", "erf", "abs", "maximum", "minimum")},
    "ln": "log", "max": "maximum", "min": "minimum", "σ": "sigmoid",
}  # fmt: skip
OPERATORS = {"+": "add", "-": "sub", "*": "mul", "/": "div", "**": "pow", "^": "pow"}
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[^\W\d]\w*)|(?P<sign>\*\*|[-+*/^(),]))"
)
COMMA = "a comma stands between the arguments of a function only; a decimal has a point, as in 1.5"


class FormulaError(ValueError):
    """What is wrong with a formula, and where: the place is underlined."""

    def __init__(self, message: str, text: str, start: int, end: int | None = None) -> None:
        self.start, self.end = start, max(start + 1, end or 0)
        first = max(0, start - 40)  # show the neighbourhood only
        shown = text[first : self.end + 40]
        underline = " " * (start - first) + "^" * min(self.end - start, 40)
        super().__init__(f"{message}\n  {shown}\n  {underline}")


@dataclass(frozen=True, slots=True)
class Formula:
    """A parsed formula, callable with a number or a Value for each of its `names`.

    `steps` are its operations in the order in which they are carried out (postfix): a number, a name, or
    (operation, number of arguments).
    """

    text: str
    steps: tuple[Any, ...]
    names: tuple[str, ...] = field(default=())

    def __call__(self, **values: Any) -> Any:
        """The formula at these numbers or Values. Raises DomainError where it is not defined."""
        stack: list[Any] = []
        for step in self.steps:
            if isinstance(step, float):
                stack.append(step)
            elif isinstance(step, str):
                stack.append(values.get(step, math.pi))
            else:
                name, count = step
                args = stack[-count:]
                del stack[-count:]
                stack.append(functions.apply(_operation(name, args), *args))
        return stack[0]

    def __str__(self) -> str:
        return self._written(as_text)

    def latex(self) -> str:
        """The formula as LaTeX."""
        return self._written(as_latex)

    def _written(self, write: Any) -> str:
        stack: list[tuple[str, int]] = []
        for step in self.steps:
            if isinstance(step, float):
                stack.append((f"{step:.12g}", ATOM))
            elif isinstance(step, str):
                stack.append((write(step, []) if step == "pi" else step, ATOM))
            else:
                name, count = step
                args = stack[-count:]
                del stack[-count:]
                stack.append((write(name, args), BINDING.get(name, ATOM)))
        return stack[0][0]


def _operation(name: str, args: list[Any]) -> Op:
    if name == "pow" and not isinstance(args[1], Value):
        return rules.power  # the exponent is held fixed, so the base may be negative
    return find(name)


# -- Parsing: Dijkstra's shunting yard, without recursion ----------------------------------------------------------


def parse(text: str) -> Formula:
    """The formula in `text`. Raises FormulaError with the place underlined."""
    if not isinstance(text, str):
        raise TypeError(f"a formula is text; got {text!r}")
    if len(text) > LONGEST:
        raise FormulaError(f"this formula has {len(text)} characters; at most {LONGEST} are read", text[:60], 0)
    return _Parser(text).formula()


_INSTEAD = {
    "=": "write the right-hand side only", "[": "use ( )", "|": "write abs(…)", "√": "write sqrt(…)", "÷": "write /",
    **dict.fromkeys("·×⋅∙•", "write *"), **dict.fromkeys("−–—", "write -"),
}  # fmt: skip


def _instead(sign: str) -> str:
    """What to write in place of a sign that looks right in a book."""
    plain = unicodedata.normalize("NFKD", sign).replace("\N{FRACTION SLASH}", "/").replace("\N{MINUS SIGN}", "-")
    kind = unicodedata.decomposition(sign)
    if sign in _INSTEAD:
        return f": {_INSTEAD[sign]}"
    if kind.startswith("<super>"):
        return f": write ^{plain}"
    if kind.startswith("<sub>"):
        return f": write _{plain}"
    return f": write {plain}" if kind.startswith("<fraction>") else ""


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.steps: list[Any] = []
        self.waiting: list[tuple[str, int, int]] = []  # operators, "(" and functions: (what, place, arguments so far)
        self.names: dict[str, None] = {}
        self.deep = 0

    def formula(self) -> Formula:
        text, place = self.text, 0
        operand_next = True  # whether an operand or an operator is due
        end = len(text.rstrip())
        if not end:
            raise FormulaError("the formula is empty", text or " ", 0)
        while place < end:
            match = _TOKEN.match(text, place)
            if match is None:
                bad = place + len(text[place:]) - len(text[place:].lstrip())
                raise FormulaError(f"{text[bad]!r} is not part of a formula{_instead(text[bad])}", text, bad)
            start, place = match.start(match.lastgroup or 0), match.end()
            token = match.group(match.lastgroup or 0)
            if match.lastgroup == "name" and not token.isidentifier():  # w², ½, w₁
                bad = start + next(i for i in range(len(token)) if not ("w" + token[: i + 1]).isidentifier())
                raise FormulaError(f"{text[bad]!r} is not part of a formula{_instead(text[bad])}", text, bad)
            if match.lastgroup == "sign" and token != "(":
                operand_next = self._sign(token, start, operand_next)
                continue
            if not operand_next:
                raise self._no_operator(start, place)
            if token == "(":
                self._open("(", start)
            elif match.lastgroup == "number":
                self._number(token, start, place)
                operand_next = False
            elif text[place:].lstrip().startswith("("):
                place = text.index("(", place) + 1
                self._call(token, start)
            else:
                self._name(token, start, place)
                operand_next = False
        if operand_next:
            raise FormulaError("the formula ends where a number, a name or a parenthesis should follow", text, end)
        while self.waiting:
            what, start, _ = self.waiting[-1]
            if what.endswith("("):
                raise FormulaError("this parenthesis is not closed", text, start, start + len(what))
            self._carry_out()
        return Formula(text.strip(), tuple(self.steps), tuple(self.names))

    def _number(self, token: str, start: int, end: int) -> None:
        value = float(token)
        if math.isinf(value):
            raise FormulaError("this number is too large for a float", self.text, start, end)
        self.steps.append(value)

    def _name(self, token: str, start: int, end: int) -> None:
        if token in FUNCTIONS and token != "σ":  # σ alone is a name, as in σ*(1 - σ)
            raise FormulaError(f"{token} is a function: write {token}(…)", self.text, start, end)
        if token != "pi":
            self.names[token] = None
        self.steps.append(token)

    def _call(self, token: str, start: int) -> None:
        if token not in FUNCTIONS:
            raise FormulaError(
                f"{token} is not a function. There is no implicit multiplication: write {token}*(…). "
                f"The functions are {', '.join(FUNCTIONS)}",
                self.text,
                start,
                start + len(token),
            )
        self._open(token + "(", start)

    def _open(self, what: str, start: int) -> None:
        self.deep += 1
        if self.deep > DEEPEST:
            raise FormulaError(f"more than {DEEPEST} parentheses are open here", self.text, start)
        self.waiting.append((what, start, 1))

    def _sign(self, token: str, start: int, operand_next: bool) -> bool:
        """An operator, a comma or a closing parenthesis. Returns whether an operand is due next."""
        if token == ")":
            self._close(start, operand_next)
            return False
        if operand_next:
            if token in "+-":  # a sign, not an operation
                if token == "-":
                    self.waiting.append(("neg", start, 1))
                return True
            raise FormulaError(f"a number, a name or a parenthesis should stand before {token!r}", self.text, start)
        if token == ",":
            self._carry_out_to_parenthesis(start, COMMA)
            what, place, count = self.waiting.pop()
            if what == "(":
                raise FormulaError(COMMA, self.text, start)
            self.waiting.append((what, place, count + 1))
            return True
        name = OPERATORS[token]
        while self.waiting and not self.waiting[-1][0].endswith("("):
            above = BINDING[self.waiting[-1][0]]
            if above < BINDING[name] or (above == BINDING[name] and name == "pow"):
                break
            self._carry_out()
        self.waiting.append((name, start, 2))
        return True

    def _close(self, start: int, operand_next: bool) -> None:
        if operand_next:
            raise FormulaError("something is missing before this parenthesis", self.text, start)
        self._carry_out_to_parenthesis(start, "this parenthesis was never opened")
        what, place, count = self.waiting.pop()
        self.deep -= 1
        if what == "(":
            return
        name = FUNCTIONS[what[:-1]]
        takes = find(name).arity
        if count != takes:
            raise FormulaError(f"{name} takes {takes} argument(s), not {count}", self.text, place, start + 1)
        self.steps.append((name, count))

    def _carry_out_to_parenthesis(self, start: int, otherwise: str) -> None:
        while self.waiting and not self.waiting[-1][0].endswith("("):
            self._carry_out()
        if not self.waiting:
            raise FormulaError(otherwise, self.text, start)

    def _carry_out(self) -> None:
        name, _, count = self.waiting.pop()
        self.steps.append((name, count))

    def _no_operator(self, start: int, end: int) -> FormulaError:
        left = re.split(r"[-+*/^(),\s]", self.text[:start].rstrip())[-1] or ")"
        return FormulaError(
            f"an operator is missing after {left}. There is no implicit multiplication: write * between the two",
            self.text,
            start,
            end,
        )
