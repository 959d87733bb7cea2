"""Tensors: the small language that a matrix program is written in, before it is written out.

A `Tensor` is a row of numbers for every example (or one row for all of them). A `Ref` looks at some of its columns as
an array: offset + Σ stride · index, so that the weights of a layer are a matrix inside the flat vector of parameters.
An expression is made of these:

    Ref, Table, Number, Seed          what there is (Seed: 1/m, the slope of the mean along each example's cost)
    Elementwise(op, args)             a row of the rule table
    Sum(terms, constant)              Σ coefficient · expression + constant
    Product(a, b, how)                a matrix product
    Along(x, axes, batch)             a sum over some of the axes, or over the batch
    Largest(x)                        the maximum along the last axis

and an `Assign` writes an expression into a Ref, or adds it. Forward pass and backward pass are both lists of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd.op import Op

Shape = tuple[int, ...]


@dataclass(eq=False)
class Tensor:
    """A variable of the program.

    kind     "parameters", "input", "node", "gradient" (of the parameters), "adjoint" (∂E/∂node), or "gather"
    size     how many columns it has
    batched  whether there is one row for every example
    shape    the shape of one row, for the reader; its product is the size
    slots    the scalar node behind every column
    """

    kind: str
    size: int
    batched: bool
    shape: Shape = ()
    name: str = ""
    slots: list[int] = field(default_factory=list)
    argument: int = -1  # for an input: which argument of the cost


class Expr:
    """Anything that has a value."""

    shape: Shape
    batched: bool


@dataclass(eq=False)
class Ref(Expr):
    """Columns of a tensor, seen as an array of this shape."""

    tensor: Tensor
    offset: int
    shape: Shape
    strides: Shape

    @property
    def batched(self) -> bool:  # type: ignore[override]
        """One for every example?"""
        return self.tensor.batched

    @property
    def key(self) -> tuple[Any, ...]:
        """Equal for equal views."""
        return id(self.tensor), self.offset, self.shape, self.strides

    @property
    def whole(self) -> bool:
        """Whether this is all of the tensor, in order."""
        return self.offset == 0 and math.prod(self.shape) == self.tensor.size and self.strides == dense(self.shape)

    @property
    def turned(self) -> Ref:
        """The transpose."""
        return Ref(self.tensor, self.offset, self.shape[::-1], self.strides[::-1])

    @property
    def overlaps(self) -> bool:
        """Whether it looks at a column more than once."""
        reach = 0
        for stride, n in sorted((abs(s), n) for s, n in zip(self.strides, self.shape, strict=True) if n > 1):
            if stride <= reach:
                columns = self.columns()
                return len(np.unique(columns)) < columns.size
            reach += stride * (n - 1)
        return False

    def columns(self) -> np.ndarray[Any, Any]:
        """The columns, as an array of the view's shape."""
        grid = np.full(self.shape, self.offset)
        for axis, stride in enumerate(self.strides):
            steps = np.arange(self.shape[axis]) * stride
            grid = grid + steps.reshape([-1 if a == axis else 1 for a in range(len(self.shape))])
        return grid


@dataclass(eq=False)
class Table(Expr):
    """Constants."""

    values: np.ndarray[Any, Any]
    batched: bool = False

    @property
    def shape(self) -> Shape:  # type: ignore[override]
        """Its shape."""
        return tuple(self.values.shape)


@dataclass(eq=False)
class Number(Expr):
    """One constant."""

    value: float
    shape: Shape = ()
    batched: bool = False


@dataclass(eq=False)
class Seed(Expr):
    """∂E/∂(the cost of one example): 1/m for the mean over m examples, 1 for the sum. `rows`: times m."""

    rows: bool = False
    shape: Shape = ()
    batched: bool = False


@dataclass(eq=False)
class Elementwise(Expr):
    """A row of the rule table, element by element."""

    op: Op
    args: tuple[Expr, ...]
    shape: Shape
    batched: bool


@dataclass(eq=False)
class Sum(Expr):
    """Σ coefficient · term + constant."""

    terms: list[tuple[float, Expr]]
    constant: Expr | None
    shape: Shape
    batched: bool


@dataclass(eq=False)
class Product(Expr):
    """A matrix product, for every example or over all of them.

    how   "z"  Z = A Bᵀ    (I, K), (J, K) -> (I, J)    the forward pass
          "a"  dA = dZ B   (I, J), (J, K) -> (I, K)    the slope along A
          "b"  dB = dZᵀ A  (I, J), (I, K) -> (J, K)    the slope along B
          "."  the products of corresponding rows: (…, K), (…, K) -> (…)
    over_batch   summed over the examples, too: for a B that all examples share
    """

    a: Expr
    b: Expr
    how: str
    shape: Shape
    batched: bool
    over_batch: bool = False


@dataclass(eq=False)
class Along(Expr):
    """The sum over some axes of a row, and over the batch."""

    x: Expr
    axes: tuple[int, ...]
    over_batch: bool
    shape: Shape
    batched: bool


@dataclass(eq=False)
class Largest(Expr):
    """The maximum along the last axis."""

    x: Expr
    shape: Shape
    batched: bool


@dataclass(eq=False)
class Gather(Expr):
    """Columns in any order, for which there is no view."""

    tensor: Tensor
    index: np.ndarray[Any, Any]

    @property
    def shape(self) -> Shape:  # type: ignore[override]
        """One row."""
        return (len(self.index),)

    @property
    def batched(self) -> bool:  # type: ignore[override]
        """One for every example?"""
        return self.tensor.batched


@dataclass(eq=False)
class Assign:
    """``target = value``; with `add`, ``target += value``. A `scatter` adds to columns in any order, with repeats."""

    target: Ref
    value: Expr
    add: bool = False
    scatter: np.ndarray[Any, Any] | None = None


@dataclass(eq=False)
class Plan:
    """A matrix program.

    forward    assignments, in order
    backward   assignments, in order: ∂E/∂node from the root down, then the gradient
    value      what E is made of: Σ over the batch of Seed-weighted per-example terms
    penalty    the term that is added once, or None
    padded     whether it multiplies numbers by 0 that the cost does not use (`padding`, `masks`): 0 · inf is not 0
    """

    forward: list[Assign]
    backward: list[Assign]
    root: Ref | Sum
    penalty: Ref | None
    parameters: Tensor
    gradient: Tensor
    inputs: list[Tensor]
    shapes: list[Shape] = field(default_factory=list)  # of one example's arguments
    adjoints: dict[Tensor, Tensor] = field(default_factory=dict)
    padded: bool = False


def dense(shape: Shape) -> Shape:
    """The strides of an array of this shape in C order."""
    strides, step = [], 1
    for n in reversed(shape):
        strides.append(step)
        step *= n
    return tuple(reversed(strides))


def whole(tensor: Tensor, shape: Shape | None = None) -> Ref:
    """All of a tensor."""
    shape = shape or tensor.shape
    return Ref(tensor, 0, shape, dense(shape))


def affine(index: np.ndarray[Any, Any]) -> tuple[int, Shape] | None:
    """(offset, strides) with index[i, j, …] = offset + i·s_0 + j·s_1 + …, or None if there are none."""
    if index.size == 1:
        return int(index.flat[0]), dense(index.shape)
    offset = int(index.flat[0])
    strides = []
    expected = np.full(index.shape, offset)
    for axis, n in enumerate(index.shape):
        second = tuple(1 if a == axis else 0 for a in range(index.ndim))
        stride = int(index[second]) - offset if n > 1 else 0
        strides.append(stride)
        expected += np.arange(n).reshape([-1 if a == axis else 1 for a in range(index.ndim)]) * stride
    if not np.array_equal(expected, index):
        return None
    natural = dense(index.shape)
    return offset, tuple(s if n > 1 else d for s, n, d in zip(strides, index.shape, natural, strict=True))
