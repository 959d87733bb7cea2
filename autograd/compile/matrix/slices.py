"""Slices: views of columns, written as a person writes them in NumPy: ``w[0:12].reshape(3, 4)``, ``X[:, 0, :]``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd.compile.matrix.tensors import Ref, Shape, Tensor, dense


def _range(start: int, n: int, step: int, size: int) -> str | None:
    """A slice of n columns from start, None if there is none."""
    if n == 1:
        return f"{start}:{start + 1}"
    if step < 0:
        return f"{start}:{max(start + n * step, -1)}:{step}".replace(":-1:", "::")
    if step == 0:
        return None
    if start == 0 and step == 1 and n == size:
        return ":"
    return f"{start}:{start + (n - 1) * step + 1}" + (f":{step}" if step > 1 else "")


def slices_of(ref: Ref, tensor: Tensor) -> list[str] | None:
    """The view as slices of the tensor's own axes, if it is one."""
    if len(ref.shape) == 1 and len(tensor.shape) == 1:
        one = _range(ref.offset, ref.shape[0], ref.strides[0], tensor.size)
        return None if one is None else [one]
    if len(tensor.shape) != 2:
        return None
    if min(ref.strides, default=0) < 0:
        return None
    width = tensor.shape[1]
    row, column = divmod(ref.offset, width)
    if ref.shape == (1,):
        return [str(row), f"{column}:{column + 1}"]
    if len(ref.shape) == 1:
        if ref.strides[0] % width == 0:  # part of a column
            part = _range(row, ref.shape[0], ref.strides[0] // width, tensor.shape[0])
            return None if part is None else [part, str(column)]
        part = _range(column, ref.shape[0], ref.strides[0], width)
        inside = column + (ref.shape[0] - 1) * ref.strides[0] < width
        return [str(row), part] if part is not None and inside else None
    if len(ref.shape) == 2:
        if (ref.shape[0] > 1 and ref.strides[0] % width) or column + (ref.shape[1] - 1) * ref.strides[1] >= width:
            return None
        first = _range(row, ref.shape[0], ref.strides[0] // width if ref.shape[0] > 1 else 1, tensor.shape[0])
        second = _range(column, ref.shape[1], ref.strides[1], width)
        return None if first is None or second is None else [first, second]
    return None


def slice_of(name: str, ref: Ref) -> tuple[str, bool]:
    """A view of a flat vector, and whether it can stand on the left of `=` as it is."""
    if ref.shape == (1,) or len(ref.shape) == 1:
        one = _range(ref.offset, ref.shape[0], ref.strides[0], -1)
        if one is not None:
            return f"{name}[{one}]", True
    if (len(ref.shape) == 2 and ref.strides[1] == 1) or ref.shape == (1, 1):
        rows, columns = ref.shape
        if ref.strides == dense(ref.shape) or rows == 1:
            return f"{name}[{ref.offset}:{ref.offset + rows * columns}].reshape({rows}, {columns})", False
        step = ref.strides[0]
        if step > columns and ref.offset + rows * step <= ref.tensor.size:
            return f"{name}[{ref.offset}:{ref.offset + rows * step}].reshape({rows}, {step})[:, :{columns}]", True
    if len(ref.shape) == 2 and 1 in ref.shape:  # a row, or a column
        one = _range(ref.offset, *max(zip(ref.shape, ref.strides, strict=True)), -1)
        if one is not None:
            return f"{name}[{one}].reshape{ref.shape}", False
    return f"{name}[{arange(ref)}]", True


def around(refs: Iterable[Ref]) -> dict[Any, Ref]:
    """For blocks of columns, such as W[:, 2:4], the matrix in which they lie: one of the views, or a new one."""
    two = sorted((r for r in refs if len(r.shape) == 2 and r.shape[0] > 1), key=lambda r: r.offset)
    matrices = [r for r in two if r.strides == dense(r.shape) and r.shape[1] > 1]
    found: dict[Any, Ref] = {}
    for block in two:
        width = block.strides[0]
        if block.strides[1] != 1 or block.shape[1] >= width:
            continue
        if not any(_inside(block, matrix) for matrix in matrices):
            if block.offset + block.shape[0] * width > block.tensor.size:
                continue
            matrices.append(Ref(block.tensor, block.offset, (block.shape[0], width), (width, 1)))
        found[block.key] = next(matrix for matrix in matrices if _inside(block, matrix))
    return {key: m for key, m in found.items() if sum(_inside(r, m) for r in two) > 1}  # (else it has its own name)


def _inside(block: Ref, matrix: Ref) -> bool:
    width = matrix.shape[1]
    row, column = divmod(block.offset - matrix.offset, width)
    fits = column + block.shape[1] <= width and 0 <= row <= matrix.shape[0] - block.shape[0]
    return fits and block.strides == (width, 1)


def block_of(block: Ref, matrix: Ref) -> str:
    """The block as slices of the matrix around it."""
    row, column = divmod(block.offset - matrix.offset, matrix.shape[1])
    rows = _range(row, block.shape[0], 1, matrix.shape[0])
    return f"[{rows}, {_range(column, block.shape[1], 1, matrix.shape[1])}]"


def arange(ref: Ref) -> str:
    """The columns of a view as text."""
    pieces = [str(ref.offset)] if ref.offset else []
    for k, (n, s) in enumerate(zip(ref.shape, ref.strides, strict=True)):
        after = ", None" * (len(ref.shape) - 1 - k)
        text = f"np.arange({n})" + (f"[:{after}]" if after else "")
        pieces.append(text if s == 1 else f"{s} * {text}")
    return " + ".join(pieces).replace("+ -", "- ")


def nested(index: np.ndarray[Any, Any], depth: int = 4) -> tuple[int, Shape, Shape] | None:
    """(offset, shape, strides), if the columns are those of a view with so many axes at most: windows, a transpose."""
    n = len(index)
    if n == 1:
        return int(index[0]), (), ()
    step = int(index[1] - index[0])
    breaks = np.flatnonzero(np.diff(index) != step)
    run = int(breaks[0]) + 1 if len(breaks) else n
    for b in range(run, 1, -1) if depth else ():
        if n % b == 0 and (index.reshape(-1, b) == index[::b, None] + step * np.arange(b)).all():
            outer = nested(index[::b], depth - 1)
            return None if outer is None else (outer[0], (*outer[1], b), (*outer[2], step))
    return None


def index_of(index: Any) -> str:
    """Columns in any order: as a list, or, where many stand in a row, as slices."""
    index = np.asarray(index)
    if len(index) > 8 and (view := nested(index)) is not None:
        offset, shape, strides = view
        text = arange(Ref(Tensor("node", 0, False), offset, shape, strides))
        return text if len(shape) == 1 else f"({text}).ravel()"
    runs = np.split(index, np.flatnonzero(np.diff(index) != 1) + 1)
    if len(runs) * 4 > len(index):
        return repr(index.tolist())
    return f"np.r_[{', '.join(f'{run[0]}:{run[-1] + 1}' for run in runs)}]"


def table_of(values: Any) -> str:
    """An array of constants as text."""
    if values.ndim == 2 and values.any() and values.size > 4:
        number = float(values[np.nonzero(values)][0])
        for name, triangle in (("triu", np.triu), ("tril", np.tril)):
            for k in range(1 - len(values), len(values[0])):
                if np.array_equal(values, triangle(np.full(values.shape, number), k)):  # as a causal mask
                    return f"np.{name}(np.full({values.shape}, {number!r}), {k})"
        if len(values) > 2 and np.array_equal(values, 1.0 - np.eye(len(values))):
            return f"1.0 - np.eye({len(values)})"
    return f"np.array({values.tolist()!r})"
