"""Straight-line code, compiled by numba: a small graph without a batch, at the speed of the processor.

It is the text of `autograd.compile.straight.statements`, with the functions of the table put in front. Compiling it
takes a second or two, the first time; it is kept in the user's cache folder.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from autograd.compile.numba.functions import header
from autograd.compile.numba.kernel import loaded
from autograd.compile.record import Recording
from autograd.compile.straight.runner import Function, Straight
from autograd.compile.straight.statements import source
from autograd.rules import RULES

Array = NDArray[np.float64]


class NumbaStraight(Straight):
    """A function without loops that numba compiles: of floats, or (`on_arrays`) of all parameters as one array."""

    def __init__(self, recording: Recording) -> None:
        super().__init__(recording)
        self.fast_source = on_arrays(self._text, recording.parameter_count)
        self.on_arrays: Callable[..., float] | None = None

    def __call__(self, parameters: Array, batch: list[Array], weight: float) -> tuple[float, Array]:
        """(value, gradient): see `autograd.compile.program.Runner`."""
        if self.on_arrays is None:
            self.on_arrays = loaded(self.fast_source, "straight_")
        gradient = np.empty(len(parameters))
        return self.on_arrays(parameters, gradient), gradient

    def checked(self) -> Function:
        """The function of floats, as one that raises ValueError where a result is not finite."""
        text = source(self.recording, "run", checked=True)
        made: Function = loaded(on_floats(text, self.recording.parameter_count), "straight_")
        return made

    def explain(self) -> str:
        """How many nodes became how many lines."""
        return super().explain() + " numba compiles them."


def on_floats(program: str, count: int) -> str:
    """A program of `count` floats, with all that it needs to be compiled."""
    kinds = "float64, " * count  # said beforehand: whole numbers are to be floats, too
    return _with_functions(program, f'@njit("({kinds})", error_model="numpy", cache=True)\n{program}\n')


def on_arrays(program: str, count: int) -> str:
    """The same as ``run(P, G)``, of the parameters P; the slopes are written into G."""
    lines = [
        '@njit(error_model="numpy", forceinline=True)',
        program,
        "",
        "",
        '@njit("(float64[::1], float64[::1])", error_model="numpy", cache=True)',
        "def run(P, G):",
        f"    value, slopes = program({', '.join(f'P[{k}]' for k in range(count))})",
        f"    for k in range({count}):",
        "        G[k] = slopes[k]",
        "    return value",
    ]
    return _with_functions(program, "\n".join(lines) + "\n")


def _with_functions(program: str, text: str) -> str:
    words: set[str] = set(re.findall(r"[a-z_][a-z_0-9]*", program))
    return "\n".join([*header(words & set(RULES)), text])
