"""The batch: what the user passes, as arrays whose leading axis is the example, checked before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_FLOAT = np.dtype(np.float64)


def arrays(batch: Sequence[Any], shapes: Sequence[tuple[int, ...]] | None = None) -> list[Array]:
    """The arguments as C-contiguous float64 arrays with one leading axis of equal, non-zero length.

    `shapes`, once known, are the shapes of one example. Raises TypeError for what is not numbers, ValueError for
    ragged rows, an empty batch, arguments of unequal length, and rows of another shape than the recorded ones.
    """
    if shapes is not None and len(batch) != len(shapes):
        raise TypeError(f"the cost takes {len(shapes)} argument(s); the program got {len(batch)}")
    result = []
    for k, x in enumerate(batch):
        if x.__class__ is not np.ndarray or x.dtype is not _FLOAT or not x.flags.c_contiguous:
            x = _array(x, k)
        if not x.shape:
            raise ValueError(
                f"{_name(k)} is one number; the program takes a batch: an array with a row for each example"
            )
        if shapes is not None and x.shape[1:] != shapes[k]:
            raise ValueError(
                f"{_name(k)} has rows of shape {x.shape[1:]}, "
                f"but the program was recorded with rows of shape {shapes[k]}"
            )
        result.append(x)
    if result:
        rows = len(result[0])
        for k, x in enumerate(result):
            if len(x) != rows:
                raise ValueError(f"{_name(0)} has {rows} rows, but {_name(k)} has {len(x)}: one row for each example")
        if rows == 0:
            raise ValueError("the batch is empty: the mean over no examples is not defined")
    return result


def numbers(x: Any, what: str = "an argument") -> Array:
    """`x` as an array of floats of any shape."""
    try:
        array = np.asarray(x)
    except ValueError:
        raise ValueError(f"{what} has rows of different lengths: every example must have the same shape") from None
    if array.dtype == object:
        for first in array.flat:
            if isinstance(first, list | tuple | np.ndarray):
                raise ValueError(f"{what} has rows of different lengths: every example must have the same shape")
            if not isinstance(first, float | int | np.number | np.bool_):
                raise TypeError(f"{what} must hold plain numbers; it holds {first!r} of type {type(first).__name__}")
        try:
            array = array.astype(float)  # such as a table whose columns are of several types
        except OverflowError:
            raise ValueError(f"{what} holds an integer that is too large for a float") from None
    if np.ma.is_masked(x):
        raise ValueError(f"{what} has masked entries: fill them, or leave their rows out")
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{what} must hold numbers; got an array of dtype {array.dtype}")
    return np.ascontiguousarray(array, dtype=float).reshape(array.shape)


def _array(x: Any, k: int) -> Array:
    return numbers(x, _name(k))


def _name(k: int) -> str:
    return f"argument {k}"
