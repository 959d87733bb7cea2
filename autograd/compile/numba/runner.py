"""The matrix program as loops that numba compiles: the same plan as `autograd.compile.matrix.runner`, in fewer passes.

The text (`autograd.compile.numba.loops`) is compiled when the program is first called, which takes some seconds, and
kept in the user's cache folder: the same program starts at once the next time, in any process.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from autograd.compile.choose import is_regular
from autograd.compile.matrix.runner import Matrix
from autograd.compile.matrix.tensors import Plan
from autograd.compile.numba.functions import header
from autograd.compile.numba.kernel import loaded
from autograd.compile.numba.loops import Loops
from autograd.compile.numba.straight import NumbaStraight
from autograd.compile.numba.tape import NumbaRunner
from autograd.compile.record import Recording

Array = NDArray[np.float64]
LINES = 200  # of loops, above which compiling them would take more than a few seconds
SHORT = 400  # nodes of a graph, above which the same is true of a function without loops; below, any loops are few


class Fused:
    """A plan as compiled loops; it takes the place of `autograd.compile.matrix.calls.Calls`."""

    unit = False  # the seed is the weight

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.loops = Loops(plan, blas=find_spec("scipy") is not None)  # numba calls the BLAS through SciPy
        lines = [self.loops.head, *("    " + line for line in self.loops.body)]
        # sums may be taken in any order, so that the processor can take several numbers at a time
        kind = '@njit(fastmath={"reassoc", "contract"}, error_model="numpy", cache=True)'
        self.source = "\n".join([*header(self.loops.writer.functions), kind, *lines]) + "\n"
        self.tensors = [tensor for tensor in self.loops.writer.arrays if tensor not in plan.inputs]
        self.compiled: Callable[..., float] | None = None

    def bind(self, rows: int, parameters: Array, gradient: Array) -> Callable[..., float]:
        """The function for batches of this many rows. It reads `parameters` and writes `gradient`."""
        if self.compiled is None:
            self.compiled = loaded(self.source, "loops_")
        shared, columns = self.loops.memory
        memory = np.zeros(shared + columns * rows)
        run, tables = self.compiled, self.loops.writer.tables.values()
        fixed = parameters, gradient, memory, *tables
        if all(len(shape) == 1 for shape in self.plan.shapes):
            return lambda weight, *batch: run(weight, rows, *fixed, *batch)
        shapes = [(rows, tensor.size) for tensor in self.plan.inputs]
        return lambda weight, *batch: run(
            weight, rows, *fixed, *(x.reshape(shape) for x, shape in zip(batch, shapes, strict=True))
        )


class FusedMatrix(Matrix):
    """A matrix program whose elementwise parts are compiled loops."""

    written = Fused


def make(recording: Recording) -> FusedMatrix | NumbaStraight | NumbaRunner:
    """The backend "numba": loops over rows and matrices for a batch, a function without loops for a small graph without
    a batch, the tape for what would take long to compile.

    Raises ImportError where numba is not installed.
    """
    if find_spec("numba") is None:
        raise ImportError("backend \"numba\" needs numba (pip install 'chalkgrad[fast]')")
    short = len(recording) <= SHORT
    if recording.shapes and (short or is_regular(recording)):
        fused = FusedMatrix(recording)
        if len(fused.calls.loops.body) <= LINES:
            return fused
    if short and not recording.shapes and recording.parameter_count:
        return NumbaStraight(recording)
    return NumbaRunner(recording)
