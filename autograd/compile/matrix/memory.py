"""Memory: tensors as flat arrays, and the views of them that NumPy's functions read and write."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autograd.compile.aligned import ITEM
from autograd.compile.matrix.tensors import Shape, Tensor

Array = NDArray[np.float64]


@dataclass(frozen=True)
class View:
    """An array over a tensor's memory: `rows` in front of `shape` if it is batched and not flat.

    flat   how the batch axis is laid out: "" (rows, *shape); "rows" (rows · shape[0], *shape[1:]);
           "all" one row of everything
    """

    tensor: Tensor
    offset: int
    shape: Shape
    strides: Shape
    flat: str = ""
    transposed: bool = False


def view_of(spec: View, memory: Array, rows: int) -> Array:
    """The array of a view, over the memory of its tensor for this many rows."""
    tensor, shape, strides = spec.tensor, spec.shape, spec.strides
    if tensor.batched:
        if spec.flat == "all":
            return memory
        if spec.flat == "rows":
            shape = (rows * shape[0], *shape[1:])
            strides = (strides[0] if spec.shape[0] > 1 else tensor.size, *strides[1:])
        else:
            shape, strides = (rows, *shape), (tensor.size, *strides)
    elif spec.flat == "all":
        return memory
    array: Array = np.ndarray(shape, np.float64, memory, spec.offset * ITEM, tuple(s * ITEM for s in strides))
    return array.swapaxes(-1, -2) if spec.transposed else array
