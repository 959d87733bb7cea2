"""chalkgrad: write the scalar maths as on the slide, and see every step of the chain rule.

>>> from autograd import Value
>>> w, x = Value(0.5, "w"), Value(2.0, "x")
>>> y = (w * x).sigmoid()
>>> y.backward()
>>> round(w.grad, 6)
0.393224
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from autograd.compile import compile
from autograd.draw import draw
from autograd.errors import DomainError, StaleGraphError, ieee
from autograd.explain import explain
from autograd.functions import (
    abs,
    cos,
    dot,
    erf,
    exp,
    expm1,
    log,
    log1p,
    maximum,
    minimum,
    relu,
    sigmoid,
    sin,
    softplus,
    sqrt,
    tan,
    tanh,
    total,
    where,
)
from autograd.scope import name_scope
from autograd.stats import GraphStats, graph_stats
from autograd.transform import grad, hessian, jacobian, value_and_grad
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.check import gradcheck

__all__ = [
    "DomainError",
    "GraphStats",
    "StaleGraphError",
    "Value",
    "abs",
    "compile",
    "cos",
    "dot",
    "draw",
    "erf",
    "exp",
    "explain",
    "expm1",
    "grad",
    "gradcheck",
    "graph_stats",
    "hessian",
    "ieee",
    "jacobian",
    "log",
    "log1p",
    "maximum",
    "minimum",
    "name_scope",
    "relu",
    "sigmoid",
    "sin",
    "softplus",
    "sqrt",
    "tan",
    "tanh",
    "total",
    "value_and_grad",
    "where",
]


def __getattr__(name: str) -> Any:
    if name in ("gradcheck", "check"):  # loaded when first asked for: the checker is as large as all the rest
        check = import_module("autograd.check")
        return check.gradcheck if name == "gradcheck" else check
    raise AttributeError(f"module 'autograd' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
