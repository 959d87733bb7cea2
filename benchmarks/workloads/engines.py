"""Scalar engines on which one and the same model text runs, and this project's ways to run it."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.lib.timing import Step, Unavailable

BACKENDS = ("python", "numpy", "numba", "jax")


def micrograd_value() -> Any:
    """micrograd's Value, with the exp and log that it lacks, written the way its own operations are.

    (Its operations make plain Values, so a subclass would lose the additions: they are set on the class.)
    Its topological order is recursive, so deep graphs need a higher recursion limit.
    """
    from micrograd.engine import Value

    def exp(self: Any) -> Any:
        out = Value(math.exp(self.data), (self,), "exp")

        def _backward() -> None:
            self.grad += out.data * out.grad

        out._backward = _backward
        return out

    def log(self: Any) -> Any:
        out = Value(math.log(self.data), (self,), "log")

        def _backward() -> None:
            self.grad += out.grad / self.data

        out._backward = _backward
        return out

    def sigmoid(self: Any) -> Any:
        return 1.0 / (1.0 + (-self).exp())

    Value.exp, Value.log, Value.sigmoid = exp, log, sigmoid
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 200_000))
    return Value


def casadi_value() -> Any:
    """CasADi's scalar symbol. It has no relu method: one is added."""
    import casadi

    casadi.SX.relu = lambda x: casadi.fmax(x, 0)
    casadi.SX.sigmoid = lambda x: 1 / (1 + casadi.exp(-x))
    return casadi.SX


def eager(build: Callable[[list[Any]], Any], start: Sequence[float], value: Any) -> Step:
    """Build the graph and run backward, every time. `build` makes the result from a list of leaves."""
    leaves = [value(float(x)) for x in start]

    def step() -> tuple[float, list[float]]:
        for leaf in leaves:
            leaf.grad = 0.0
        root = build(leaves)
        root.backward()
        return root.data, [leaf.grad for leaf in leaves]

    return step


def casadi_step(build: Callable[[list[Any]], Any], start: Sequence[float]) -> Step:
    """A CasADi SX function of value and gradient, called through its buffers (no copies)."""
    import casadi

    casadi_value()
    parameters = casadi.SX.sym("p", len(start))
    cost = build([parameters[i] for i in range(len(start))])
    function = casadi.Function("f", [parameters], [cost, casadi.gradient(cost, parameters)])
    p, value, gradient = np.array(start, float), np.zeros(1), np.zeros(len(start))
    buffer, run = function.buffer()
    buffer.set_arg(0, memoryview(p))
    buffer.set_res(0, memoryview(value))
    buffer.set_res(1, memoryview(gradient))

    def step() -> tuple[np.ndarray, np.ndarray]:
        run()
        return value, gradient

    step.keep = buffer, function, p  # type: ignore[attr-defined]  # CasADi does not hold on to them
    return step


def compiler() -> Callable[..., Any]:
    """This project's `compile`."""
    try:
        from autograd.compile import compile
    except ImportError:
        raise Unavailable("autograd.compile is not available") from None
    return compile


def program(cost: Callable[..., Any], params: Sequence[Any] | None, backend: str, **options: Any) -> Any:
    """A compiled program; Unavailable where the backend is."""
    try:
        return compiler()(cost, params, backend=backend, **options)
    except (ImportError, NotImplementedError) as error:
        raise Unavailable(f"backend {backend!r}: {str(error).splitlines()[0]}") from None
    except ValueError as error:
        if "backend" in str(error):
            raise Unavailable(f"backend {backend!r}: {str(error).splitlines()[0]}") from None
        raise


def recorded(build: Callable[[list[Any]], Any], start: Sequence[float], backend: str) -> Step:
    """The whole graph of `build`, recorded once and run as a program: no batch axis."""
    from autograd import Value

    leaves = [Value(float(x)) for x in start]
    run = program(lambda: build(leaves), leaves, backend)
    return lambda: run()
