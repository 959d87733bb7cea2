"""Aligned: arrays that begin where a line of the processor's cache does.

NumPy's arrays begin at any multiple of 16 bytes. Then every vector of 64 bytes lies in two lines, and sums and products
of short arrays take up to a fifth longer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LINE = 64  # bytes; the widest vectors of a processor are as wide
ITEM = 8  # bytes of a float64


def zeros(size: int) -> NDArray[np.float64]:
    """So many zeros, beginning at a line."""
    memory = np.zeros(size * ITEM + LINE, dtype=np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + size * ITEM].view(np.float64)
