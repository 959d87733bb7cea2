"""Operands: where the numbers behind the scalar slots are, and the views and copies that read them.

Each slot is a column of a tensor. The columns that an operand needs are a view of its tensor where their positions are
affine in the indices (a matrix inside the flat vector of parameters, a slice of a layer), and are gathered otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from autograd.compile.matrix.nodes import Factor, Node
from autograd.compile.matrix.tensors import (
    Assign,
    Expr,
    Gather,
    Number,
    Ref,
    Shape,
    Table,
    Tensor,
    affine,
    dense,
    whole,
)
from autograd.compile.record import Recording

Index = np.ndarray[Any, Any]


class Operands:
    """The tensors that there are so far, and the assignments that make them."""

    def __init__(self, recording: Recording) -> None:
        self.r = recording
        self.parameters = Tensor("parameters", recording.parameter_count, False, (recording.parameter_count,), "w")
        self.inputs = [
            Tensor("input", math.prod(shape), True, shape or (1,), "", argument=k)
            for k, shape in enumerate(recording.shapes)
        ]
        self.where: dict[int, tuple[Tensor | None, float]] = {  # slot -> its tensor and column; a constant is its own
            slot: (None, value) for slot, value in recording.constants.items()
        }
        self.order: dict[Tensor | None, int] = {None: -1, self.parameters: 0}
        self.forward: list[Assign] = []
        self.gathered: dict[tuple[int, bytes], Tensor] = {}
        self.invented = 0  # slots behind which there is no scalar node
        self.mixed = False  # whether there are products with constants that are 0 for what a sum does not have
        self.bounds: set[int] = set()
        self.scopes = {place: recording.scopes.get(slot, "") for slot, place in recording.parameters.items()}
        self.is_batched = recording.batched()
        for slot, place in recording.parameters.items():
            self.where[slot] = (self.parameters, place)
        starts = np.cumsum([0] + [t.size for t in self.inputs])
        for slot, place in recording.inputs.items():
            k = int(np.searchsorted(starts, place, side="right")) - 1
            self.where[slot] = (self.inputs[k], place - int(starts[k]))
        for tensor in self.inputs:
            self.order[tensor] = len(self.order)

    # -- Slots ------------------------------------------------------------------------------------------------------

    def tensor(self, x: Factor) -> Tensor | None:
        """The tensor that a factor is a column of; None for a constant."""
        return None if x.__class__ is float else self.where[x][0]  # type: ignore[index]

    def column(self, x: Factor) -> float:
        """The column of its tensor; a constant itself."""
        return x if x.__class__ is float else self.where[x][1]  # type: ignore[index]

    def place(self, x: Factor) -> float:
        """The column, to sort by; constants stay in the order in which they come."""
        return 0.0 if self.tensor(x) is None else self.column(x)

    def is_shared(self, x: Factor) -> bool:
        """Whether all examples share it."""
        tensor = self.tensor(x)
        return tensor is None or not tensor.batched

    def _are_batched(self, nodes: Sequence[Node]) -> bool:
        """Whether these, of which one is a scalar node, are one for every example."""
        return self.is_batched[max(n.slot for n in nodes)]

    def new_slots(self, tensor: Tensor | None, start: int, count: int) -> list[int]:
        """Slots for columns of a tensor behind which there is no scalar node."""
        self.invented += count
        slots = list(range(-self.invented, count - self.invented))
        self.where.update({slot: (tensor, start + k) for k, slot in enumerate(slots)})
        return slots

    # -- Views ------------------------------------------------------------------------------------------------------

    def _index(self, row: Sequence[Factor]) -> Index:
        return np.array([self.column(x) for x in row])

    def _shape(self, operands: Iterable[Sequence[Factor]], n: int) -> Shape:
        """The shape of n nodes with these operands: that of a tensor all of whose columns they are; else (n,), or the
        (n/b, b) in which all are affine when they are not in a row.
        """
        tensors = {k: (self.tensor(row[0]), self._index(row).reshape(n, -1)) for k, row in enumerate(operands)}
        indices = [index for tensor, index in tensors.values() if tensor is not None]
        if all(affine(i) is not None for i in indices):
            for tensor, index in tensors.values():
                if tensor and 1 not in tensor.shape and np.array_equal(index, np.arange(tensor.size)[:, None]):
                    return tensor.shape
            return (n,)
        for index in indices:
            steps = np.diff(index[:, 0])
            breaks: Any = np.flatnonzero(steps != steps[0]) if len(steps) else []
            if len(breaks):
                b = int(breaks[0]) + 1
                if (
                    b > 1
                    and n % b == 0
                    and all(affine(i.reshape(n // b, b, *i.shape[1:])) is not None for i in indices)
                ):
                    return (n // b, b)
        return (n,)

    def _operand(self, row: Sequence[Factor], shape: Shape) -> Expr:
        """These slots, all of one tensor, as an array of this shape."""
        tensor = self.tensor(row[0])
        index = self._index(row)
        if tensor is None:
            return Number(float(index[0])) if np.all(index == index[0]) else Table(index.reshape(shape))
        return self.operand_at(tensor, index, shape)

    def operand_at(self, tensor: Tensor, index: Index, shape: Shape) -> Ref:
        """These columns of a tensor as an array of this shape: a view, or a copy."""
        found = affine(index.reshape(shape))
        if found is not None:
            return Ref(tensor, found[0], shape, found[1])
        index = index.ravel()
        key = (id(tensor), index.tobytes())
        copy = self.gathered.get(key)
        if copy is None:
            copy = self.gathered[key] = Tensor("gather", len(index), tensor.batched, shape, slots=[])
            self.forward.append(Assign(whole(copy, (len(index),)), Gather(tensor, index.astype(int))))
            self.order[copy] = len(self.order)
        return whole(copy, shape)

    def _factor(self, row: Sequence[Factor], shape: Shape) -> Expr:
        """An operand of a matrix product: an array, even if all of its constants are equal."""
        operand = self._operand(row, shape)
        return Table(np.full(shape, operand.value)) if isinstance(operand, Number) else operand

    def assign(self, nodes: list[Node], value: Expr, shape: Shape) -> None:
        """A new tensor of these nodes, in this order."""
        tensor = Tensor("node", len(nodes), self._are_batched(nodes), shape, slots=[n.slot for n in nodes])
        self.order[tensor] = len(self.order)
        for column, node in enumerate(nodes):
            self.where[node.slot] = (tensor, column)
        self.forward.append(Assign(whole(tensor), value))

    def _result(self, slot: int) -> Ref:
        """A result that may be a leaf."""
        if slot in self.r.constants:
            tensor = Tensor("node", 1, False, (1,), slots=[slot])
            self.forward.append(Assign(whole(tensor), Number(self.r.constants[slot])))
            return whole(tensor)
        where, column = self.where[slot]
        assert where is not None
        return Ref(where, int(column), (1,), dense((1,)))
