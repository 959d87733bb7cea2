"""Straight-line Python: a small graph as one function of floats, called once for every row of the batch."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from textwrap import dedent
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.compile.record import Recording
from autograd.compile.straight.statements import source
from autograd.order import without_collector
from autograd.spell import python

Array = NDArray[np.float64]
Function = Callable[..., tuple[float, tuple[float, ...]]]
LONG = 1 << 22  # characters: some 100,000 operations
SECTION = 1 << 9  # lines
BLOCK = 1 << 12  # rows that are Python's floats at a time: a million rows need no more memory than this


def make(recording: Recording) -> Straight:
    """The runner of a recording: see `autograd.compile.program.Runner`."""
    return Straight(recording)


class Straight:
    """A straight-line function, called once for every row of the batch."""

    mean = True

    def __init__(self, recording: Recording) -> None:
        self.recording = recording

    @cached_property
    def function(self) -> Function:
        """The cost of one example and its slopes."""
        return function(self._text)

    @cached_property
    def penalty(self) -> Function | None:
        """What does not depend on the example."""
        return function(self._penalty_text, "penalty") if self._penalty_text else None

    @cached_property
    def source(self) -> str:
        """The functions as text, with what they need to run by themselves."""
        text = "\n\n\n".join(filter(None, [self._text, self._penalty_text]))
        return python.header(text) + self._note() + text + "\n"

    def _note(self) -> str:
        if not self.recording.shapes:
            return ""
        penalty = ", plus the penalty" if self._penalty_text else ""
        return f"# For one example. A batch has the {'mean' if self.mean else 'sum'} over its examples{penalty}.\n"

    @cached_property
    def _text(self) -> str:
        with without_collector():
            return source(self.recording)

    @cached_property
    def _penalty_text(self) -> str:
        root = self.recording.penalty
        return "" if root is None else source(self.recording, "penalty", root)

    def __call__(self, parameters: Array, batch: list[Array], weight: float) -> tuple[float, Array]:
        """(value, gradient): see `autograd.compile.program.Runner`."""
        try:
            return self._rows(parameters.tolist(), batch, weight)
        except (ArithmeticError, ValueError):  # Python's floats raise where others return inf or NaN
            return math.nan, np.full(len(parameters), math.nan)

    def _rows(self, p: list[float], batch: list[Array], weight: float) -> tuple[float, Array]:
        if not batch:
            value, slopes = self.function(*p)
            return value, np.array(slopes)
        value, gradient = 0.0, np.zeros(len(p))
        for first in range(0, len(batch[0]), BLOCK):
            part = [x[first : first + BLOCK] for x in batch]
            for row in np.concatenate([x.reshape(len(x), -1) for x in part], axis=1).tolist():
                cost, slopes = self.function(*p, *row)
                value += cost
                gradient += slopes
        value, gradient = value * weight, gradient * weight
        if self.penalty is not None:
            extra, slopes = self.penalty(*p)
            value, gradient = value + extra, gradient + slopes
        return value, gradient

    def checked(self) -> Function:
        """The function, as one that raises ValueError where a result is not finite."""
        self.function = function(source(self.recording, checked=True))  # one will do: see __call__
        return self.function

    def explain(self) -> str:
        """How many nodes became how many lines."""
        lines = self.source.count("\n")
        return f"{self.recording.recorded:,} nodes became {lines} lines of straight-line Python (forward and backward)."


def function(text: str, name: str = "program") -> Function:
    """The function of this text."""
    names: dict[str, Any] = dict(python.FUNCTIONS)
    with without_collector():
        if len(text) > LONG:
            return _in_sections(text)
        exec(compile(text, f"<{name}>", "exec"), names)
    made: Function = names[name]
    return made


def _in_sections(text: str) -> Function:
    """A very long function, compiled section by section, whose variables are in a dict: four times as slow a call, but
    half the time to compile and little memory. (CPython needs 5 kB for each operation of a function, all at once.)
    """
    head, *lines = text.split("\n")
    arguments = head[head.index("(") + 1 : head.index(")")].split(", ")
    last = compile(lines.pop().strip().removeprefix("return "), "<result>", "eval")
    starts = range(0, len(lines), SECTION)
    sections = [compile(dedent("\n".join(lines[k : k + SECTION])), "<section>", "exec") for k in starts]

    def run(*numbers: float) -> tuple[float, tuple[float, ...]]:
        names: dict[str, Any] = python.FUNCTIONS | dict(zip(arguments, numbers, strict=True))
        for section in sections:
            exec(section, names)
        made: tuple[float, tuple[float, ...]] = eval(last, names)
        return made

    return run
