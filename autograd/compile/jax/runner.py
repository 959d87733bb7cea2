"""The "jax" backend: the matrices recovered from the scalar graph, as a JAX function.

The forward pass of the plan (`autograd.compile.matrix.groups`) is written out as a pure function of the flat
parameters, the weight of each example, and the batch. JAX does the rest: its own derivative, its compiler, its devices.
The text is `source`: it needs only JAX, so a user who outgrows one machine can take it along, and `cost_function` is
what any JAX library (optax, sharding, `jax.hessian`) takes. Whole epochs and several devices:
`autograd.compile.jax.epoch`.

Numbers are float64, whatever JAX is set to elsewhere in the program.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from autograd.compile.jax.text import source
from autograd.compile.matrix.groups import plan
from autograd.compile.matrix.masks import completed
from autograd.compile.matrix.monomials import regrouped
from autograd.compile.matrix.tensors import Shape
from autograd.compile.record import Recording

if TYPE_CHECKING:
    from autograd.compile.program import Program

Array = NDArray[np.float64]
BLOCK = 1 << 16  # rows that are computed at a time: a million rows need no more memory than this


def the_jax() -> Any:
    """The module jax. Raises ImportError, saying what to install, where there is none."""
    try:
        return import_module("jax")
    except ModuleNotFoundError:
        raise ImportError("backend \"jax\" needs jax (pip install 'chalkgrad[jax]')") from None


def float64() -> Any:
    """A context in which JAX computes in float64, without changing its setting for the rest of the program."""
    jax = the_jax()
    if jax.config.jax_enable_x64:
        return nullcontext()  # (JAX calls a function faster where its settings are the same everywhere)
    return jax.enable_x64(True) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64()


def cost_function(graph: Program | Recording) -> Callable[..., Any]:
    """The pure JAX function ``cost(w, weights, *batch)``: Σ weight · cost of each example, plus the penalty.

    `graph` is a program (of whatever backend) or its recording. `w` is the flat vector of parameters, `weights` has one
    number for each example (1/m for the mean; one number if there is no batch). Differentiate, compile and distribute
    it as any other JAX function.

    Raises ValueError for a program with a batch that was never called: it is recorded at its first call.
    """
    recording = completed(regrouped(graph if isinstance(graph, Recording) else graph.recording))
    text, tables = source(plan(recording), recording)
    return _function(text, tables)


def _function(text: str, tables: dict[str, Any]) -> Callable[..., Any]:
    names: dict[str, Any] = dict(tables)
    exec(compile(text, "<jax program>", "exec"), names)
    made: Callable[..., Any] = names["cost"]
    return made


class JaxRunner:
    """A recording as a jitted JAX function of value and gradient. Compiled once for every number of rows."""

    def __init__(self, recording: Recording) -> None:
        jax, given = the_jax(), recording
        recording = completed(regrouped(given))
        self.plan = plan(recording)
        self.padded = self.plan.padded or recording is not given
        self.source, tables = source(self.plan, recording)
        self.cost = _function(self.source, tables)
        both = jax.value_and_grad(self.cost)

        def run(w: Any, weights: Any, *batch: Any) -> Any:
            value, gradient = both(w, weights, *batch)
            return jax.numpy.append(gradient, value)  # one array: half the way back to NumPy

        self._run = jax.jit(run)
        self._weights: dict[tuple[int, float], Any] = {}
        self._shapes: list[Shape] = recording.shapes
        self._penalty = recording.penalty is not None

    def explain(self) -> str:
        """What became of the scalar nodes."""
        count = sum(len(a.target.tensor.slots) for a in self.plan.forward)
        lines = [f"{count} scalar nodes became {len(self.plan.forward)} arrays of a JAX function:"]
        for k, a in enumerate(self.plan.forward):
            tensor = a.target.tensor
            rows = "one row for each example" if tensor.batched else "shared by all examples"
            lines.append(f"  v{k}  {len(tensor.slots)} nodes, {rows}")
        return "\n".join(lines)

    def __call__(self, parameters: Array, batch: list[Array], weight: float) -> tuple[float, Array]:
        """weight · Σ over the examples of the cost + penalty, and its gradient."""
        rows = len(batch[0]) if batch else 1
        with float64():
            result = np.array(self._run(parameters, self._weigh(min(rows, BLOCK), weight), *(x[:BLOCK] for x in batch)))
            if rows > BLOCK:
                once = np.asarray(self._run(parameters, np.zeros(1), *(x[:1] for x in batch)))  # the penalty
                for first in range(BLOCK, rows, BLOCK):
                    part = [x[first : first + BLOCK] for x in batch]
                    result += np.asarray(self._run(parameters, self._weigh(len(part[0]), weight), *part)) - once
        return float(result[-1]), result[:-1]

    def _weigh(self, rows: int, weight: float) -> Any:
        """`rows` times the weight, on the device."""
        weights = self._weights.get((rows, weight))
        if weights is None:
            if len(self._weights) > 8:
                self._weights.clear()
            weights = self._weights[rows, weight] = the_jax().numpy.full(rows, weight)
        return weights


def make(recording: Recording) -> JaxRunner:
    """The backend: see `autograd.compile.program.Runner`. Raises ImportError where JAX is not installed."""
    return JaxRunner(recording)
