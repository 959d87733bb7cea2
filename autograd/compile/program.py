"""Program: a compiled cost, called with a batch, that returns (value, gradient).

>>> from autograd import Value
>>> w = Value(2.0, "w")
>>> program = compile(lambda x, t: (w * x - t) ** 2, [w])
>>> value, gradient = program([1.0, 2.0], [3.0, 3.0])
>>> value, gradient
(1.0, array([1.]))
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from autograd.compile.record import Recording
from autograd.value import Value

Array = NDArray[np.float64]


class Runner(Protocol):
    """What a backend makes of a recording: ``make(recording) -> Runner``.

    Called with the flat parameters and the batch (one array for each argument, leading axis the batch, C-contiguous
    float64; [] if there is none), it returns Σ_rows cost · weight + penalty, and its gradient as a fresh array.
    Non-finite results are returned as they are; `Program` finds the node and the row.
    """

    source: str

    def __call__(self, parameters: Array, batch: list[Array], weight: float) -> tuple[float, Array]: ...


def compile(
    cost: Callable[..., Any],
    params: Any = None,
    *,
    backend: str = "auto",
    reduce: str = "mean",
    penalty: Callable[[], Any] | Value | None = None,
) -> Program:
    """(see Program)"""
    return Program(cost, params, backend=backend, reduce=reduce, penalty=penalty)


class Program:
    """Skeleton; the public face."""

    source: str
    backend: str
    parameters: Array

    def __init__(self, cost: Callable[..., Any], params: Any, *, backend: str, reduce: str, penalty: Any) -> None: ...

    def __call__(self, *batch: Any) -> tuple[float, Sequence[float]]: ...

    def write_back(self) -> None: ...

    def explain(self) -> str: ...
