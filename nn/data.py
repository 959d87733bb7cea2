"""Data as the networks take it, checked once: an error names the row and the column.

X is a matrix, one example a row, one feature a column. y holds one label for each example, a whole number from
0 to K-1, or one one-hot row for each: a 1 in the column of its class, 0 elsewhere. x is one row of X, as Values.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd import Value
from autograd.rules import CONSTANT
from autograd.scope import NOTES, Note, note
from autograd.value import NUMBERS, constant

ONE = (Value, *NUMBERS)  # what counts as one number
NAMES = ". If these are names of classes: names, y = np.unique(y, return_inverse=True)"

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]
Row = tuple[Value, ...]


def matrix(X: Any, columns: int | None = None) -> Floats:
    """`X` as a float array of shape (m, columns).

    Raises ValueError if it is not a matrix of finite numbers, or is not as wide as it should be.
    """
    try:
        rows = unmasked(X, "X")
    except ValueError as error:
        if "inhomogeneous" not in str(error):
            raise
        raise ValueError("X has rows of different lengths: every example needs the same number of features") from None
    numbers = _numbers(rows, "X")
    if numbers.ndim != 2:
        hint = " For one example write X[None, :]." if numbers.ndim == 1 else ""
        raise ValueError(f"X is a matrix, one example a row; got an array of shape {numbers.shape}.{hint}")
    if columns is not None and numbers.shape[1] != columns:
        raise ValueError(f"X should have {columns} columns, one for each input; got {numbers.shape[1]}")
    wrong = np.argwhere(~np.isfinite(numbers))
    if len(wrong):
        i, j = map(int, wrong[0])
        raise ValueError(f"X[{i}, {j}] is {numbers[i, j]} (row {i}, column {j}): the data must be finite numbers")
    return numbers


def labels(y: Any, m: int | None = None, K: int | None = None) -> Labels:
    """`y`, labels or one-hot rows, as an integer array of shape (m,), each from 0 to K-1.

    Raises ValueError naming the first row that is wrong.
    """
    try:
        given = _numbers(unmasked(y, "y"), "y")
    except ValueError as error:
        if "inhomogeneous" in str(error):
            raise ValueError("y has rows of different lengths") from None
        raise
    if given.ndim not in (1, 2) or (given.ndim == 2 and given.shape[1] == 1):
        hint = " Write y.ravel()." if given.ndim == 2 else ""
        raise ValueError(f"y holds one label for each example, or one one-hot row; got shape {given.shape}.{hint}")
    if m is not None and len(given) != m:
        raise ValueError(f"X has {m} examples, and y has {len(given)}: each example needs its label")
    if given.ndim == 2:
        if K is not None and given.shape[1] != K:
            raise ValueError(f"the one-hot rows of y should have {K} columns, one for each class; got {given.shape[1]}")
        wrong = np.flatnonzero(~(np.isin(given, (0, 1)).all(axis=1) & (given.sum(axis=1) == 1)))
        if len(wrong):
            raise ValueError(f"row {wrong[0]} of y is not one-hot (one 1 and otherwise 0): {given[wrong[0]].tolist()}")
        return given.argmax(axis=1).astype(np.int64)  # type: ignore[no-any-return, unused-ignore]
    top = np.inf if K is None else K - 1
    wrong = np.flatnonzero(~((given == np.floor(given)) & (given >= 0) & (given <= top)))
    if len(wrong):
        upto = "K-1" if K is None else K - 1
        raise ValueError(f"y[{wrong[0]}] is {given[wrong[0]]:.12g}: labels are whole numbers from 0 to {upto}")
    return given.astype(np.int64)


def one_hot(y: Any, K: int) -> Floats:
    """The lecture's y_k: row i has a 1.0 in the column of label y[i], and 0.0 elsewhere. One label gives one row.

    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]])

    Raises ValueError naming the row whose label is not a whole number from 0 to K-1.
    """
    if isinstance(K, bool) or not isinstance(K, int | np.integer) or K < 1:
        raise ValueError(f"K, the number of classes, is a whole number of at least 1; got {K!r}")
    if np.ndim(y) > 1:
        raise ValueError(f"one_hot takes a list of labels; got an array of shape {np.shape(y)}")
    rows: Floats = np.eye(K)[labels(np.atleast_1d(y), K=int(K))]
    return rows if np.ndim(y) else rows[0]


def unmasked(given: Any, name: str) -> npt.NDArray[Any]:
    """`given` as an array. Raises ValueError if NumPy has been told that some of it does not count."""
    if np.ma.is_masked(given):
        place = np.argwhere(np.ma.getmaskarray(given))[0].tolist()
        raise ValueError(f"{name} is masked at {place}, so there is no number; leave such rows out")
    return np.asarray(given)


def _numbers(array: npt.NDArray[Any], name: str) -> Floats:
    if array.dtype.kind in "fiub":
        return array.astype(np.float64, copy=False)
    if array.dtype.kind == "O":  # a list with None in it, or a column of a table
        flat = array.ravel()
        for n, item in enumerate(flat):
            if not isinstance(item, float | int | np.floating | np.integer):
                place = ", ".join(str(int(i)) for i in np.unravel_index(n, array.shape))
                hint = NAMES if name == "y" and isinstance(item, str) else ""
                raise ValueError(f"{name}[{place}] is {item!r:.80} of type {type(item).__name__}, not a number{hint}")
        return array.astype(np.float64)
    hint = NAMES if name == "y" and array.dtype.kind in "US" else ""
    raise ValueError(f"{name} should hold real numbers; got an array of type {array.dtype}{hint}")


# -- One example as Values ------------------------------------------------------------------------------------

_X: list[Note] = []  # the notes of the inputs, x_1, x_2, …: the same for every example


def as_row(x: Any, n: int) -> Row:
    """One example as Values: the numbers become constants x_1 … x_n, and Values are taken as they are.

    Raises ValueError if there are not n of them, or naming the first that is not finite; TypeError naming the
    first that is not a number.
    """
    if isinstance(x, np.ndarray) and x.ndim == 1:
        entries = x.tolist()
    elif n == 1 and isinstance(x, ONE):
        entries = [x]
    elif (
        isinstance(x, str | dict | set | Value | np.ndarray)
        or not isinstance(x, Iterable)
        or getattr(x, "ndim", 1) != 1  # a table of pandas, a tensor
    ):
        shape = f" of shape {tuple(x.shape)}" if hasattr(x, "shape") else ""
        many = " For many examples use forward_array(X)." if getattr(x, "ndim", 1) == 2 else ""
        raise TypeError(f"x is one example, a list of {n} numbers; got {type(x).__name__}{shape}.{many}")
    else:
        entries = x.tolist() if hasattr(x, "tolist") else list(x)  # a tensor of torch
    if len(entries) != n:
        raise ValueError(f"x has {len(entries)} entries; this network takes {n}")
    while len(_X) < n:
        _X.append(Note(f"x_{len(_X) + 1}"))
    make = object.__new__
    row = []
    for v, known in zip(entries, _X):  # noqa: B905 (_X may be longer)
        if v.__class__ is Value:
            row.append(v)
            continue
        if v.__class__ is not float or v - v != 0.0:
            row.append(v if isinstance(v, Value) else _checked(v, len(row)))
            continue
        node = make(Value)  # autograd.value.constant, without its checks
        node._data = v
        node._grad = 0.0
        node._rule = CONSTANT
        node._x = node._y = None
        node._note = note(known.label) if NOTES else known
        row.append(node)
    return tuple(row)


def _checked(v: Any, column: int) -> Value:
    try:
        node = constant(v) if isinstance(v, NUMBERS) else Value(v)
    except (TypeError, ValueError) as error:
        raise type(error)(f"x[{column}], the input of column {column}, is {v!r:.80}: {error}") from None
    node.label = f"x_{column + 1}"
    return node
