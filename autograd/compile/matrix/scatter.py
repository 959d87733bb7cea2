"""Scatter: adding to columns in any order, with repeats, as ``np.add.at`` does; faster for many rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
KEPT = 8  # for how many batch sizes the places are kept


class Columns:
    """Columns to add to, and for each number of rows the places that they have in the whole array."""

    def __init__(self, index: Any) -> None:
        self.index = np.ascontiguousarray(index, dtype=np.int64).ravel()
        self.known: dict[tuple[int, int], NDArray[np.int64]] = {}

    def places(self, rows: int, size: int) -> NDArray[np.int64]:
        """Where the columns are in an array of so many rows of this size, row by row."""
        found = self.known.get((rows, size))
        if found is None:
            if len(self.known) >= KEPT:
                self.known.pop(next(iter(self.known)))
            found = self.known[rows, size] = (np.arange(rows)[:, None] * size + self.index).ravel()
        return found


def scatter(target: Array, columns: Columns, value: Array, over_batch: bool = False) -> None:
    """``target[..., columns] += value``, where a column may occur more than once."""
    if over_batch:
        value = value.sum(axis=0)
    places = columns.places(target.size // target.shape[-1], target.shape[-1])
    target += np.bincount(places, value.ravel(), target.size).reshape(target.shape)
