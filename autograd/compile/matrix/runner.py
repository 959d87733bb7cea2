"""The matrix program, run with NumPy: every array is allocated once, every view made once, every call has an `out=`.

At a minibatch of 32 the time is the number of NumPy calls. So the plan is written out as one function whose lines are
nothing but such calls, and for every batch size the function is bound to its arrays: `fast_source` shows it. The
readable text of the same plan is `source` (`autograd.compile.matrix.text`).

Batches too large for the processor's caches are cut into blocks of rows, so that a million rows need no more memory
than one block.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.compile.aligned import zeros
from autograd.compile.matrix.adjoint import differentiate
from autograd.compile.matrix.calls import Calls
from autograd.compile.matrix.groups import plan
from autograd.compile.matrix.masks import completed
from autograd.compile.matrix.monomials import regrouped
from autograd.compile.matrix.tensors import Plan
from autograd.compile.record import Recording
from autograd.compile.simplify import simplify

Array = NDArray[np.float64]
BLOCK = 1 << 17  # how many numbers the tensors of one block of rows may hold: 1 MB,
PARAMETERS = 4  # or so many times the parameters, all of which every block reads and writes
KEPT = 8  # for how many batch sizes the arrays are kept


def make(recording: Recording) -> Matrix:
    """The runner of a recording: see `autograd.compile.program.Runner`."""
    return Matrix(recording)


class Matrix:
    """A matrix program, bound to arrays for the batch sizes that it has met."""

    written: Callable[[Plan], Any] = Calls  # how the plan is written out

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.completed = completed(regrouped(recording))
        self.plan = differentiate(plan(self.completed), self.completed)
        self.padded = self.plan.padded or self.completed is not recording
        self.calls = type(self).written(self.plan)
        self.lock = Lock()
        self.mean = True  # how the text of `source` weighs the examples; the weight itself is passed in
        self.fast_source = self.calls.source
        self.unit: bool = self.calls.unit
        self.bound: dict[int, Callable[..., float]] = {}
        self.parameters: Array | None = None
        self.gradient = zeros(self.plan.gradient.size)
        width = sum(t.size for t in self.calls.tensors if t.batched)
        self.block = max(64, max(BLOCK, PARAMETERS * recording.parameter_count) // max(1, width))
        self.parts: tuple[Matrix, Matrix | None] | None = None

    @property
    def source(self) -> str:
        """The readable text."""
        from autograd.compile.matrix.text import source

        return source(self.plan, self.completed, self.mean)

    def explain(self) -> str:
        """Which scalar nodes became which matrix."""
        from autograd.compile.matrix.text import explain

        return explain(self.plan, self.completed)

    def __call__(self, parameters: Array, batch: list[Array], weight: float) -> tuple[float, Array]:
        """(value, gradient): see `autograd.compile.program.Runner`."""
        rows = len(batch[0]) if batch else 1
        if rows > self.block:
            return self._in_blocks(parameters, batch, weight)
        if parameters is not self.parameters:
            self.bound.clear()
            self.parameters = parameters
        with self.lock:  # threads would share the arrays
            run = self.bound.get(rows)
            if run is None:
                if len(self.bound) >= KEPT:
                    self.bound.pop(next(iter(self.bound)))
                run = self.bound[rows] = self.calls.bind(rows, parameters, self.gradient)
            value = run(weight, *batch)
            return value, self.gradient * weight if self.unit else self.gradient.copy()

    def _in_blocks(self, parameters: Array, batch: list[Array], weight: float) -> tuple[float, Array]:
        if self.parts is None:
            self.parts = self, None
            if self.recording.penalty is not None:
                cost = simplify(replace(self.recording, penalty=None))
                penalty = simplify(replace(self.recording, penalty=None, root=self.recording.penalty, shapes=[]))
                self.parts = type(self)(cost), type(self)(penalty)
        cost_part, penalty_part = self.parts
        value, gradient = 0.0, np.zeros(len(parameters))
        if penalty_part is not None:
            value, gradient = penalty_part(parameters, [], 1.0)
        size = cost_part.block
        for start in range(0, len(batch[0]), size):
            part, slopes = cost_part(parameters, [x[start : start + size] for x in batch], weight)
            value += part
            gradient += slopes
        return value, gradient
