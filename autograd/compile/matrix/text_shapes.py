"""Shapes of texts: what shape the text of an expression has where NumPy's broadcasting does the rest."""

from __future__ import annotations

from autograd.compile.matrix.expressions import parts
from autograd.compile.matrix.tensors import (
    Along,
    Elementwise,
    Expr,
    Gather,
    Largest,
    Number,
    Product,
    Ref,
    Seed,
    Shape,
    Sum,
)


def own_shape(expr: Expr) -> Shape | None:
    """The shape that the text of an expression has, apart from the batch; None: it broadcasts."""
    if isinstance(expr, Product):
        if expr.how == ".":
            return expr.a.shape[:-1]
        i, k = (expr.a.shape[0], expr.b.shape[0]) if expr.how == "z" else (expr.a.shape[0], expr.b.shape[-1])
        if expr.how == "b":
            i = expr.a.shape[-1]
        if expr.how != "b" and i == 1 and expr.a.batched and not expr.b.batched:
            return (k,)
        return (i, k)
    if isinstance(expr, Along):
        return tuple(n for k, n in enumerate(expr.x.shape) if k not in expr.axes and k >= left_out(expr.x))
    if isinstance(expr, Largest | Ref | Gather):
        return expr.shape
    if isinstance(expr, Sum):
        return expr.shape if any(own_shape(t) is not None for _, t in expr.terms) else None
    if isinstance(expr, Elementwise):
        return expr.shape if any(own_shape(x) is not None for x in expr.args) else None
    return None


def has_rows(expr: Expr) -> bool:
    """Whether the text of an expression has a row for every example."""
    if isinstance(expr, Sum | Elementwise):
        return any(has_rows(x) for x in parts(expr))
    return expr.batched


def repeated(expr: Expr) -> set[int]:
    """The axes along which all numbers are the same, and which have length 1 in the text."""
    long = {k for k, n in enumerate(expr.shape) if n > 1}
    if isinstance(expr, Ref):
        return {k for k in long if expr.strides[k] == 0}
    if isinstance(expr, Number | Seed):
        return long
    if isinstance(expr, Sum | Elementwise):
        constant = [expr.constant] if isinstance(expr, Sum) and expr.constant is not None else []
        for x in [*parts(expr), *constant]:
            first = len(expr.shape) - len(x.shape)
            own = {k + first for k, n in enumerate(x.shape) if n > 1}
            long &= {k + first for k in repeated(x)} | (long - own)
        return long
    return set()


def left_out(expr: Expr) -> int:
    """How many first axes of length 1 the text of an expression lacks: a row times a matrix is a row."""
    own = own_shape(expr)
    return 0 if own is None else len(expr.shape) - len(own)


def squeezed(expr: Expr, axis: int | None = None) -> Expr:
    """A Ref without its axes of length 1 (or one of them)."""
    if isinstance(expr, Ref):
        keep = [k for k, n in enumerate(expr.shape) if (n > 1 if axis is None else k != axis)]
        if not keep:
            return Ref(expr.tensor, expr.offset, (1,), (1,))
        return Ref(expr.tensor, expr.offset, tuple(expr.shape[k] for k in keep), tuple(expr.strides[k] for k in keep))
    return expr
