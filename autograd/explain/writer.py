"""How the formulas of a step are printed: as plain text, LaTeX and MathML, by the spellings of `autograd.spell`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape

from autograd.draw.text import one_line
from autograd.explain.formula import Formula, Partial
from autograd.expression import Expression
from autograd.spell import latex, plain
from autograd.spell.mathml import identifier, mathml
from autograd.trace import Contribution

LONGEST = 24  # characters of a name
PRIVATE = 0xF0000  # from here on, letters that stand for names while a formula becomes MathML
NUMBER = re.compile(r"-?(\d+(\.\d+)?(e[-+]?\d+)?|inf|nan)")  # what LaTeX sets as a number


class Writer:
    """Prints formulas: knows how names are shown, and how numbers are written."""

    def __init__(self, names: Sequence[str], number: Callable[[float], str]) -> None:
        self.number = number
        self.names: dict[str, str] = {}
        taken: dict[str, int] = {}  # what is shown already, and how often it was met
        for name in names:  # names that differ only in what cannot be shown still differ
            shown = first = one_line(name, LONGEST) or "?"
            while shown in taken:
                taken[first] += 1
                shown = f"{first}#{taken[first]}"
            taken[shown] = 1
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
                words.append(plain.write(piece, self._word, self.number, factor=_is_factor(formula, i)))
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
        """∂E/∂w; a name that is more than one word is put in parentheses, and so is the 2nd x of x · x."""
        below = self._word(piece.bottom)
        if piece.place:
            below = f"({piece.place.format(self.name(piece.bottom))})"
        return f"∂{self._word(piece.top)}/∂{below}"

    def _word(self, name: str) -> str:
        return plain.name(self.name(name))

    # -- LaTeX --------------------------------------------------------------------------------------------

    def latex(self, formula: Formula) -> str:
        """LaTeX mathematics, without dollar signs."""
        return self._latex(
            formula, lambda name: latex.name(self.name(name)), lambda x: latex.number_text(self.number(x))
        )

    def _latex(self, formula: Formula, names: Callable[[str], str], numbers: Callable[[float], str]) -> str:
        words = []
        for i, piece in enumerate(formula):
            if isinstance(piece, Partial):
                below = names(piece.bottom)
                if piece.place:
                    before, after = piece.place.split("{}")
                    below = "".join([rf"\text{{{before}}}" * bool(before), below, rf"\text{{{after}}}" * bool(after)])
                    below = f"({below})"
                words.append(rf"\frac{{\partial {names(piece.top)}}}{{\partial {below}}}")
            elif isinstance(piece, Expression):
                text = latex.write(piece, names, numbers)
                loose = piece.op in ("add", "sub", "neg") or text.startswith("-")
                words.append(rf"\left({text}\right)" if loose and _is_factor(formula, i) else text)
            else:
                words.append({"·": r"\cdot", "+=": r"\mathrel{+}="}.get(piece, piece))
        return " ".join(words)

    # -- MathML -------------------------------------------------------------------------------------------

    def mathml(self, formula: Formula) -> str:
        """One `<math>` element: the LaTeX, read again, in which one letter stands for each name."""
        known: dict[str, str] = {}  # the letter of each element
        elements = {}

        def letter(element: str) -> str:
            short = known.setdefault(element, chr(PRIVATE + len(known)))
            elements[short] = element
            return short

        def number(x: float) -> str:  # a function of the user's may write anything
            text = self.number(x)
            return latex.number_text(text) if NUMBER.fullmatch(text) else letter(f"<mn>{escape(text)}</mn>")

        return mathml(self._latex(formula, lambda name: letter(identifier(self.name(name))), number), names=elements)


def _is_factor(formula: Formula, i: int) -> bool:
    """Whether a piece stands beside a "·"."""
    return "·" in (formula[i - 1] if i else "", formula[i + 1] if i + 1 < len(formula) else "")
