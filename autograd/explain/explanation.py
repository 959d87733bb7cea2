"""explain(): from a Value to the story of its forward and backward pass."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import overload

from autograd.draw.text import NumberFormat, number_writer
from autograd.explain import formula, frames, notebook, page, slides, terminal, words
from autograd.explain.formula import Formula
from autograd.explain.picture import Stage
from autograd.explain.writer import Writer
from autograd.trace import MAX_STEPS, Record, trace
from autograd.value import Value

MOST = 6  # lines of the chain rule in one step's LaTeX; a dot product may have hundreds


@dataclass(frozen=True, slots=True)
class Step(Record):
    """A step of a pass (see `autograd.trace.Record`) with its words.

    text      a sentence or two in plain words
    latex     the step's formula: LaTeX mathematics, without dollar signs
    formulas  the same as rows of pieces, for other ways of printing
    """

    text: str = ""
    latex: str = ""
    formulas: tuple[Formula, ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        return self.text


class Explanation(Sequence[Step]):
    """The steps of a forward and a backward pass, as they were when `explain` was called. A notebook shows it.

    ``print(explanation)``        for the terminal
    ``.save("page.html")``        a page that steps through the passes, offline
    ``.frames("folder")``         one picture per step, for any slides
    ``.tikz("slides.tex")``       a LaTeX beamer frame with one overlay per step
    ``.gradients``                ∂(root)/∂(name), by name
    """

    def __init__(self, root: Value, numbers: NumberFormat = ".4g", max_steps: int = MAX_STEPS) -> None:
        told = trace(root, max_steps)
        self.root = told.root
        self.gradients = dict(told.gradients)
        self.inputs = told.inputs
        self.writer = Writer(list(told.gradients), number_writer(numbers))
        uses = Counter(c.to for record in told.steps for c in record.contributions)
        self._steps = tuple(self._step(record, uses) for record in told.steps)
        self.stage = Stage(root, self)

    def _step(self, record: Record, uses: Counter[str]) -> Step:
        formulas = formula.of(record, self.root, uses.__getitem__)
        return Step(
            **{each.name: getattr(record, each.name) for each in fields(record)},
            text=words.of(record, self.root, self.writer, uses.__getitem__),
            latex=self._latex(formulas),
            formulas=formulas,
        )

    def _latex(self, formulas: tuple[Formula, ...]) -> str:
        lines = [self.writer.latex(each) for each in formulas[:MOST]]
        if len(formulas) > MOST:
            lines.append(r"\dots")
        if len(lines) <= 1:
            return "".join(lines)
        return r"\begin{aligned} " + r" \\ ".join("& " + line for line in lines) + r" \end{aligned}"

    @overload
    def __getitem__(self, i: int) -> Step: ...
    @overload
    def __getitem__(self, i: slice) -> tuple[Step, ...]: ...
    def __getitem__(self, i: int | slice) -> Step | tuple[Step, ...]:
        return self._steps[i]

    def __len__(self) -> int:
        return len(self._steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self._steps)

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps: forward, inputs first, then backward."""
        return self._steps

    @property
    def forward(self) -> tuple[Step, ...]:
        """The steps that compute the values."""
        return tuple(step for step in self._steps if step.phase == "forward")

    @property
    def backward(self) -> tuple[Step, ...]:
        """The steps that hand the gradients back."""
        return tuple(step for step in self._steps if step.phase == "backward")

    def __str__(self) -> str:
        return terminal.write(self)

    def __repr__(self) -> str:
        return f"<Explanation of {self.writer.name(self.root)}: {len(self)} steps>"

    def _repr_html_(self) -> str:
        return notebook.write(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a page that steps through the passes: one file that needs no network. Returns the path.

        The ending is .html (or .htm); .txt for what `print` shows; .tex for `tikz`. The file is written whole or not
        at all. Raises ValueError for another ending, FileNotFoundError for a folder that is not there.
        """
        return frames.save(path, {"html": page.write, "htm": page.write, "txt": _text, "tex": slides.write}, self)

    def frames(self, folder: str | os.PathLike[str]) -> list[Path]:
        """One SVG picture per step, step-001.svg and so on, into `folder`, which is made if it is not there.

        Returns their paths, in order. Raises NotADirectoryError if there is a file of that name, ValueError if the
        graph is too large to draw.
        """
        return frames.write(self, folder)

    def tikz(self, path: str | os.PathLike[str]) -> Path:
        """A LaTeX file (.tex) with one beamer frame: the graph, with one overlay per step. Compiles alone (pdflatex).

        A slide has room for some ten nodes. Of a larger graph each overlay shows the part that it is about.

        Raises ValueError for another ending or a graph too large to draw, FileNotFoundError for a folder that is not
        there.
        """
        return frames.save(path, {"tex": slides.write}, self)


def _text(explanation: Explanation) -> str:
    return f"{explanation}\n"


def explain(root: Value, *, numbers: NumberFormat = ".4g", max_steps: int = MAX_STEPS) -> Explanation:
    """Every step of the forward and the backward pass for `root`. No ``.grad`` is read or written.

    numbers    how numbers are written: a format such as ".4g", or a function from a float to text
    max_steps  a graph with more steps is refused (ValueError)

    Raises TypeError if `root` is no Value, DomainError where a slope is infinite or undefined, StaleGraphError if a
    number was changed after the forward pass.

    >>> from autograd import Value
    >>> w, x = Value(0.5, "w"), Value(2.0, "x")
    >>> s = w * x; s.label = "s"
    >>> E = (s - 1.5) ** 2; E.label = "E"
    >>> print(explain(E))
    Forward pass: from the inputs to E
    <BLANKLINE>
       1  w = 0.5   (given)
       2  x = 2   (given)
       3  s = w · x = 0.5 · 2 = 1
       4  v1 = s - 1.5 = 1 - 1.5 = -0.5
       5  E = v1² = (-0.5)² = 0.25
    <BLANKLINE>
    Backward pass: the chain rule, from the end to the inputs
    <BLANKLINE>
       6  The backward pass starts here: ∂E/∂E = 1, since E changes one for one with itself. The
          slope of xⁿ is n·xⁿ⁻¹.
            ∂E/∂v1 += ∂E/∂E · ∂E/∂v1 = 1 · (-1) = -1   (total -1)   where ∂E/∂v1 = 2 · v1 = -1
       7  ∂E/∂v1 = -1 has come in. A difference hands its gradient on: to what is subtracted, with
          the sign turned.
            ∂E/∂s += ∂E/∂v1 · ∂v1/∂s = (-1) · 1 = -1   (total -1)
       8  ∂E/∂s = -1 has come in. A product hands to each factor its gradient times the other
          factor.
            ∂E/∂w += ∂E/∂s · ∂s/∂w = (-1) · 2 = -2   (total -2)       where ∂s/∂w = x = 2
            ∂E/∂x += ∂E/∂s · ∂s/∂x = (-1) · 0.5 = -0.5   (total -0.5)   where ∂s/∂x = w = 0.5
    <BLANKLINE>
    Gradients
    <BLANKLINE>
          ∂E/∂w = -2
          ∂E/∂x = -0.5
    """
    return Explanation(root, numbers, max_steps)
