"""Expressions of matrix programs, looked at and made: their parts, their tensors, other shapes, sums, products."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from autograd import rules
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
    Table,
    Tensor,
    affine,
)


def parts(expr: Expr) -> list[Expr]:
    """The expressions directly inside."""
    if isinstance(expr, Sum):
        return [t for _, t in expr.terms]
    if isinstance(expr, Elementwise):
        return list(expr.args)
    if isinstance(expr, Product):
        return [expr.a, expr.b]
    if isinstance(expr, Along | Largest):
        return [expr.x]
    if isinstance(expr, Gather):  # the whole row, in a way that needs it as it lies
        return [Ref(expr.tensor, -1, (), ())]
    return []


def key_of(x: Expr) -> Any:
    """Equal for equal expressions, if they are made of views by elementwise operations; else for the same one only."""
    if isinstance(x, Ref):
        return x.key
    if isinstance(x, Number):
        return "number", x.value
    return (x.op.name, x.shape, *map(key_of, x.args)) if isinstance(x, Elementwise) else id(x)


def summed(x: Expr, axes: tuple[int, ...], over_batch: bool, shape: Shape) -> Along:
    """x, summed over these axes, and over the batch if it is one for every example."""
    over_batch = over_batch and x.batched
    if isinstance(x, Along) and not x.axes:  # a sum over the batch already
        x, over_batch = x.x, True
    return Along(x, axes, over_batch, shape, x.batched and not over_batch)


def reshaped(expr: Expr, shape: Shape) -> Expr | None:
    """The expression as an array of another shape of the same size, if that needs no copy."""
    if expr.shape == shape or isinstance(expr, Number | Seed):
        return expr
    if isinstance(expr, Ref):
        found = affine(expr.columns().reshape(shape))
        return None if found is None else Ref(expr.tensor, found[0], shape, found[1])
    if isinstance(expr, Table):
        return Table(expr.values.reshape(shape))
    if isinstance(expr, Elementwise):
        args = [reshaped(x, shape) for x in expr.args]
        return None if None in args else Elementwise(expr.op, tuple(args), shape, expr.batched)  # type: ignore[arg-type]
    if isinstance(expr, Sum):
        terms = [(c, reshaped(x, shape)) for c, x in expr.terms]
        constant = None if expr.constant is None else reshaped(expr.constant, shape)
        if any(x is None for _, x in terms) or (constant is None) != (expr.constant is None):
            return None
        return Sum(terms, constant, shape, expr.batched)  # type: ignore[arg-type]
    if tuple(n for n in expr.shape if n > 1) != tuple(n for n in shape if n > 1):
        return None
    if isinstance(expr, Product):
        return replace(expr, shape=shape)
    if isinstance(expr, Along):
        return replace(expr, shape=shape)
    return None


def unseeded(expr: Expr) -> Expr:
    """The expression where the seed is 1: x for x · Seed."""
    if isinstance(expr, Elementwise):
        args = tuple(map(unseeded, expr.args))
        if expr.op is rules.mul and isinstance(args[1], Seed) and not args[1].rows:
            x = args[0]
            if (x.shape, x.batched) == (expr.shape, expr.batched):
                return x
        return replace(expr, args=args)
    if isinstance(expr, Sum):
        return replace(expr, terms=[(c, unseeded(x)) for c, x in expr.terms])
    if isinstance(expr, Product):
        return replace(expr, a=unseeded(expr.a), b=unseeded(expr.b))
    return replace(expr, x=unseeded(expr.x)) if isinstance(expr, Along | Largest) else expr


def times(x: Expr, y: Expr, shape: Shape, batched: bool) -> Expr:
    """x · y, element by element."""
    return Elementwise(rules.mul, (x, y), shape, batched)


def tensors_of(expr: Expr) -> set[Tensor]:
    """The tensors that an expression reads."""
    if isinstance(expr, Ref | Gather):
        return {expr.tensor}
    return set[Tensor]().union(*map(tensors_of, parts(expr)))
