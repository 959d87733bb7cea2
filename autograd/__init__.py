"""chalkgrad: write the scalar maths as on the slide, and see every step of the chain rule.

>>> from autograd import Value
>>> w, x = Value(0.5, "w"), Value(2.0, "x")
>>> y = (w * x).sigmoid()
>>> y.backward()
>>> round(w.grad, 6)
0.393224
"""

from autograd.check import gradcheck
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
