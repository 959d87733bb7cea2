"""The formulas of a step, written once and printed as plain text, as LaTeX and as MathML.

A formula is a row of pieces: signs ("=", "+=", "·"), partial derivatives, and expressions of names and numbers.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from autograd import expression
from autograd.draw.text import one_line
from autograd.expression import Expression, symbol
from autograd.op import SumOp, find
from autograd.spell import latex
from autograd.trace import Argument, Contribution, Record

MANY = 4  # terms of a sum that are written out; of more, the first few
LONGEST = 24  # characters of a name


@dataclass(frozen=True, slots=True)
class Partial:
    """∂top/∂bottom."""

    top: str
    bottom: str


Piece = str | Partial | Expression
Formula = tuple[Piece, ...]


class Writer:
    """Prints formulas: knows how names are shown, and how numbers are written."""

    def __init__(self, names: Sequence[str], number: Callable[[float], str]) -> None:
        self.number = number
        self.names: dict[str, str] = {}
        for name in names:  # names that differ only in what cannot be shown still differ
            shown = first = one_line(name, LONGEST) or "?"
            copy = 1
            while shown in self.names.values():
                copy += 1
                shown = f"{first}#{copy}"
            self.names[name] = shown

    def name(self, name: str) -> str:
        """A name as one short line."""
        return self.names.get(name, name)

    # -- Plain text ---------------------------------------------------------------------------------------

    def text(self, formula: Formula) -> str:
        """One line of plain text."""
        words = []
        for i, piece in enumerate(formula):
            if isinstance(piece, Partial):
                words.append(self.partial(piece))
            elif isinstance(piece, Expression):
                factor = "·" in (formula[i - 1] if i else "", formula[i + 1] if i + 1 < len(formula) else "")
                words.append(self._tree(piece, factor))
            else:
                words.append(piece)
        return " ".join(words)

    def lines(self, formulas: Sequence[Formula], contributions: Sequence[Contribution]) -> list[str]:
        """The formulas of a step as plain text, those of the chain rule with the total that they bring."""
        texts = [self.text(each) for each in formulas]
        start = len(texts) - len(contributions)
        totals = [
            f"{text}   (total {self.number(c.total)})" for text, c in zip(texts[start:], contributions, strict=True)
        ]
        return texts[:start] + totals

    def partial(self, piece: Partial) -> str:
        """∂E/∂w; a name that is more than one word is put in parentheses."""
        return f"∂{self._atom(piece.top)}/∂{self._atom(piece.bottom)}"

    def _atom(self, name: str) -> str:
        shown = self.name(name)
        return shown if PLAIN.fullmatch(shown) or shown == "…" else f"({shown})"

    def _tree(self, tree: Expression, factor: bool = False) -> str:
        # each name and number is one private letter while the tree is printed, so that no label is taken for a sign
        atoms: list[str] = []

        def marked(node: Expression) -> Expression:
            if node.op:
                return Expression(node.op, tuple(map(marked, node.args)))
            what = node.args[0]
            atoms.append(self._atom(what) if isinstance(what, str) else self.number(what))
            return symbol(chr(0xF0000 + len(atoms) - 1))

        def atom(letter: str) -> str:
            return atoms[ord(letter) - 0xF0000]

        text = expression.write(marked(tree), lambda op, args: _call(op, args, atom)).replace(" * ", " · ")
        if factor and len(text) > 1:
            text = f"({text})"
        result = ""
        for c, after in zip(text, text[1:] + " ", strict=True):
            shown = atom(c) if ord(c) >= 0xF0000 else c
            first = result[-1:] in ("", "(", "|", "[") or result.endswith(", ")
            loose = shown.startswith("-") and not first
            raised = after in RAISED and (shown.startswith("-") or "^" in shown)
            if ord(c) < 0xF0000:
                result += c
            elif shown.startswith("(") and (result + after)[-2:] in ("()", "||"):  # log(a + b), not log((a + b))
                result += shown[1:-1]
            else:
                result += f"({shown})" if loose or raised else shown
        return f"({result})" if factor and result.startswith("-") else result

    # -- LaTeX --------------------------------------------------------------------------------------------

    def latex(self, formula: Formula) -> str:
        """LaTeX mathematics, without dollar signs."""
        words = []
        for i, piece in enumerate(formula):
            if isinstance(piece, Partial):
                top, bottom = latex.name(self.name(piece.top)), latex.name(self.name(piece.bottom))
                words.append(rf"\frac{{\partial {top}}}{{\partial {bottom}}}")
            elif isinstance(piece, Expression):
                text = latex.write(
                    piece, lambda n: latex.name(self.name(n)), lambda x: latex.number_text(self.number(x))
                )
                neighbours = (formula[i - 1] if i else "", formula[i + 1] if i + 1 < len(formula) else "")
                sum_like = piece.op in ("add", "sub", "neg") or text.startswith("-")
                words.append(rf"\left({text}\right)" if "·" in neighbours and sum_like else text)
            else:
                words.append({"·": r"\cdot", "+=": r"\mathrel{+}=", "…": r"\dots"}.get(piece, piece))
        return " ".join(words)

    # -- MathML -------------------------------------------------------------------------------------------

    def mathml(self, formula: Formula) -> str:
        """One `<math>` element. The expressions stand in it as text."""
        row = []
        for i, piece in enumerate(formula):
            if isinstance(piece, Partial):
                row.append(f"<mfrac>{self._d(piece.top)}{self._d(piece.bottom)}</mfrac>")
            elif isinstance(piece, Expression):
                factor = "·" in (formula[i - 1] if i else "", formula[i + 1] if i + 1 < len(formula) else "")
                if not piece.op and isinstance(piece.args[0], str):
                    row.append(_identifier(self.name(piece.args[0])))
                    continue
                tag = "mtext" if piece.op else "mn"
                row.append(f"<{tag}>{html.escape(self._tree(piece, factor))}</{tag}>")
            else:
                row.append(f"<mo>{html.escape(piece)}</mo>")
        return f'<math displaystyle="true"><mrow>{"".join(row)}</mrow></math>'

    def _d(self, name: str) -> str:
        return f"<mrow><mo>∂</mo>{_identifier(self.name(name))}</mrow>"


SCRIPTS = re.compile(r"([^\W\d_]+)(?:_([\w,]+))?(?:\^(\w+))?")


def _identifier(name: str) -> str:
    """A name in MathML, with what stands below and above set there."""
    parts = SCRIPTS.fullmatch(name)
    if parts is None or not (parts[2] or parts[3]):
        return f"<mi>{html.escape(name)}</mi>"
    base, below, above = (f"<mi>{html.escape(part or '')}</mi>" for part in parts.groups())
    if parts[2] and parts[3]:
        return f"<msubsup>{base}{below}{above}</msubsup>"
    return f"<msub>{base}{below}</msub>" if parts[2] else f"<msup>{base}{above}</msup>"


PLAIN = re.compile(r"[\w#]+(,\w+)*(\^\w+)?'*…?")  # names that need no parentheses: w, v1, w_1,10^2, E'
RAISED = "^⁻⁰¹²³⁴⁵⁶⁷⁸⁹"
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _call(op: str, args: list[str], atom: Callable[[str], str]) -> str:
    """A function of texts in which every name and number is one letter; `atom` tells what a letter stands for."""
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


def _power(x: str, n: str, atom: Callable[[str], str]) -> str:
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


# -- The formulas of a step -----------------------------------------------------------------------------------


def of(record: Record, root: str) -> tuple[Formula, ...]:
    """The formulas of a step: how the value is computed, or one line of the chain rule for each contribution."""
    if record.phase == "forward":
        return (_forward(record),)
    start: tuple[Formula, ...] = ((Partial(root, root), "=", expression.number(1.0)),) if record.node == root else ()
    return start + tuple(_chain_rule(record, c, root) for c in record.contributions)


def _forward(record: Record) -> Formula:
    result = expression.number(record.value)
    if not record.args:
        return (symbol(record.node), "=", result)
    named = made_of(record.rule, [_shown(a) for a in record.args])
    numbers = made_of(record.rule, [expression.number(a.value) for a in record.args])
    if named == numbers or record.rule == "copy":
        return (symbol(record.node), "=", named, "=", result)
    return (symbol(record.node), "=", named, "=", numbers, "=", result)


def _chain_rule(record: Record, c: Contribution, root: str) -> Formula:
    """∂E/∂w += ∂E/∂s · ∂s/∂w = upstream · slope = amount."""
    upstream = expression.number(math.nan if record.upstream is None else record.upstream)
    return (
        Partial(root, c.to), "+=", Partial(root, record.node), "·", Partial(record.node, c.to),
        "=", upstream, "·", expression.number(c.slope), "=", expression.number(c.amount),
    )  # fmt: skip


def slope(record: Record, c: Contribution) -> Formula:
    """∂s/∂w = x = 2: the rule, called with names, prints itself. Empty if the rule is a number, which says it all."""
    args = [_shown(a) for a in record.args]
    rule = find(record.rule).slope(c.position, symbol(record.node), args)
    if not isinstance(rule, Expression) or not _has_name(rule):
        return ()
    return (Partial(record.node, c.to), "=", rule, "=", expression.number(c.slope))


def _has_name(tree: Expression) -> bool:
    return any(map(_has_name, tree.args)) if tree.op else isinstance(tree.args[0], str)


def _shown(argument: Argument) -> Expression:
    return symbol(argument.name) if argument.name else expression.number(argument.value)


def made_of(rule: str, args: Sequence[Expression]) -> Expression:
    """The operation of these arguments. A sum of many terms is written out, a long one with dots."""
    op = find(rule)
    if not isinstance(op, SumOp):
        return Expression(rule, tuple(args))
    pairs, offset = op.operands(args)
    terms = [pair[0] if len(pair) == 1 else Expression(op.term.name, pair) for pair in pairs]
    if len(terms) > MANY:
        terms = [*terms[: MANY - 2], symbol("…"), terms[-1]]
    if offset is not None:
        terms.append(offset)
    result = terms[0] if terms else expression.number(0.0)
    for term in terms[1:]:
        result = result + term
    return result
