"""W1: the expression of micrograd's README, from two numbers: build (or call) and differentiate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.lib.timing import Step
from benchmarks.workloads import engines

START = (-4.0, 2.0)


def expression(a: Any, b: Any) -> Any:
    """g(a, b), line by line as there."""
    c = a + b
    d = a * b + b**3
    c = c + c + 1
    c = c + 1 + c + (-a)
    d = d + d * 2 + (b + a).relu()
    d = d + 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    return g + 10.0 / f


def micrograd() -> Step:
    return engines.eager(lambda ab: expression(*ab), START, engines.micrograd_value())


def chalkgrad() -> Step:
    from autograd import Value

    return engines.eager(lambda ab: expression(*ab), START, Value)


def compiled(backend: str) -> Step:
    run = engines.program(expression, None, backend)
    return lambda: run(*START)


def casadi() -> Step:
    return engines.casadi_step(lambda ab: expression(*ab), START)


def torch() -> Step:
    import torch

    a, b = (torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in START)

    def step() -> tuple[float, tuple[float, float]]:
        a.grad = b.grad = None
        g = expression(a, b)
        g.backward()
        return g.item(), (a.grad.item(), b.grad.item())

    return step


def jax() -> Step:
    import jax

    jax.config.update("jax_enable_x64", True)

    def plain(a: Any, b: Any) -> Any:
        relu = jax.nn.relu
        c = a + b
        d = a * b + b**3
        c = c + c + 1
        c = c + 1 + c + (-a)
        d = d + d * 2 + relu(b + a)
        d = d + 3 * d + relu(b - a)
        e = c - d
        f = e**2
        return f / 2.0 + 10.0 / f

    run = jax.jit(jax.value_and_grad(plain, (0, 1)))
    return lambda: jax.block_until_ready(run(*START))


def contenders() -> dict[str, Callable[[], Step]]:
    return {
        "micrograd": micrograd,
        "chalkgrad eager": chalkgrad,
        **{f"chalkgrad {b}": lambda b=b: compiled(b) for b in engines.BACKENDS},
        "CasADi SX": casadi,
        "torch eager": torch,
        "JAX jit": jax,
    }
