"""The data of a training, checked before anything begins: an error names the row and the column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def examples(name: str, data: Any, columns: int | None = None) -> tuple[Array, Array]:
    """(X, y) as float arrays, X of shape (examples, features), finite and of one length.

    Raises TypeError or ValueError that says what is wrong with `name`, and where.
    """
    if not isinstance(data, tuple | list) or len(data) != 2:
        given = f"a {type(data).__name__}" + (f" of {len(data)}" if isinstance(data, tuple | list) else "")
        raise TypeError(
            f"{name} must be a pair (X, y); got {given}. From a list of examples (x, y), write X, y = zip(*examples)."
        )
    X, y = _numbers(name, "X", data[0]), _numbers(name, "y", data[1])
    if not y.ndim:
        raise TypeError(f"{name}: y must hold one target for each row of X; got {data[1]!r}")
    if X.ndim != 2 or not X.size:
        hint = " For one feature, write X[:, None]." if X.ndim == 1 and len(X) else ""
        raise ValueError(
            f"{name}: X must have shape (examples, features), at least one example and one feature; got {X.shape}."
            + hint
        )
    if columns is not None and X.shape[1] != columns:
        raise ValueError(f"{name}: X has {X.shape[1]} columns, but the training data has {columns}")
    if len(y) != len(X):
        hint = ". Did you mean X.T? An example is a row" if len(y) == X.shape[1] else ""
        raise ValueError(f"{name}: X has {len(X)} rows, but y has {len(y)}{hint}")
    for what, array in (("X", X), ("y", y)):
        wrong = np.argwhere(~np.isfinite(array))
        if len(wrong):
            place = ", ".join(f"{axis} {i}" for axis, i in zip(("row", "column"), wrong[0].tolist(), strict=False))
            raise ValueError(f"{name}: {what} holds {array[tuple(wrong[0])]} at {place} (counted from 0)")
    return np.ascontiguousarray(X), y


def _numbers(name: str, what: str, given: Any) -> Array:
    if isinstance(given, Iterator):
        raise TypeError(f"{name}: {what} is a {type(given).__name__}, which can be read only once; write list(…)")
    if hasattr(given, "toarray"):
        raise TypeError(f"{name}: {what} is a sparse {type(given).__name__}; write {what}.toarray()")
    if np.ma.is_masked(given):
        place = np.argwhere(np.ma.getmaskarray(given))[0].tolist()
        raise ValueError(f"{name}: {what} is masked at {place}, so there is no number; leave such rows out")
    try:
        array: Array = np.asarray(given)
    except ValueError:
        raise TypeError(f"{name}: {what} must be numbers in rows of one length; here the lengths differ") from None
    if array.dtype.kind == "c":
        raise TypeError(f"{name}: {what} must hold real numbers, not complex ones")
    if array.dtype.kind in "mM":  # NumPy would count days or nanoseconds, and take a missing date for -9.2e18
        raise TypeError(f"{name}: {what} must hold numbers, not dates or times ({array.dtype})")
    if array.dtype.kind in "USO":  # text, or a column that holds something that is not a number
        for i, item in enumerate(array.ravel()):
            if isinstance(item, str | bytes | dict | list | tuple):
                shown = str(item) if isinstance(item, str) else item  # without NumPy's np.str_
                hint = ". If these are names of classes: names, y = np.unique(y, return_inverse=True)"
                raise TypeError(
                    f"{name}: {what} must hold numbers, but entry {i} is {shown!r:.60}"
                    + (hint if what == "y" and isinstance(item, str) else "")
                )
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError) as error:
        for i, item in enumerate(array.ravel()):
            if not hasattr(item, "__float__") and item is not None:  # a missing entry or a date, of pandas
                raise TypeError(f"{name}: {what} must hold numbers, but entry {i} is {item!r:.60}") from None
        raise TypeError(f"{name}: {what} must hold numbers, and be an array or a list of rows ({error})") from None


def targets(name: str, y: Any, width: int) -> Array:
    """The y of `name` as float targets: (m, K) for a model with K = `width` > 1 outputs, (m,) for one output.

    Labels 0 … K-1 become one-hot rows. Raises ValueError that names the row that does not fit.
    """
    array = np.asarray(y)
    if width == 1:
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        if array.ndim != 1:
            hint = " (labels of one-hot rows: y.argmax(axis=1))" if array.ndim == 2 else ""
            raise ValueError(
                f"{name}: the model has one output, but y has shape {array.shape}; give one number a row{hint}"
            )
        return array.astype(float)
    if array.ndim == 2:
        if array.shape[1] != width:
            raise ValueError(f"{name}: the model has {width} outputs, but the rows of y have {array.shape[1]}")
        return array.astype(float)
    if array.ndim != 1:
        raise ValueError(f"{name}: y must hold one label a row, or a row of {width} targets; got shape {array.shape}")
    for row, label in enumerate(array.tolist()):
        if label != int(label) or not 0 <= label < width:
            raise ValueError(
                f"{name}: row {row} of y is {label}, but the model has {width} outputs, so labels are 0 … {width - 1}"
            )
    rows: Array = np.eye(width)[array.astype(int)]
    return rows
