"""Eagerly: what the engine itself makes of a batch, asked where the result of a program is not finite.

A program only says that something is inf or NaN. The row is found by halving the batch; the engine names the node.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd import reverse
from autograd.compile.batch import Array
from autograd.errors import DomainError, ieee_is_on
from autograd.transform import variable
from autograd.value import Value


@dataclass
class Engine:
    """The cost and the penalty of a program, without the program; `values` are its parameters."""

    cost: Callable[..., Any]
    penalty: Callable[[], Any] | Value | None
    values: list[Value]

    def of_arguments(self, args: tuple[Any, ...]) -> tuple[float, Array]:
        """(value, gradient) where the arguments are what is differentiated. Raises DomainError naming the node."""
        leaves: list[Value] = []
        root = self.cost(*variable(args, leaves))
        if self.penalty is not None:
            root = root + self._penalty()
        return root._data, np.array(reverse.gradient(root, leaves))

    def of_batch(
        self, data: list[Array], weight: float, is_finite: Callable[[list[Array]], bool]
    ) -> tuple[float, Array]:
        """weight · Σ over the rows, plus the penalty, where the program's result was not finite.

        Raises DomainError naming the row and the node; under `ieee()` inf and NaN flow. `is_finite` asks the program
        about some of the rows.
        """
        rows = range(len(data[0]) if data else 1)
        if ieee_is_on():
            return self._of_rows(data, rows, weight)
        suspect = _first_bad(data, is_finite)
        self._of_rows(data, [suspect], weight)  # raises, as a rule
        if not is_finite([x[suspect : suspect + 1] for x in data]):
            # the simplified cost is too large on its way, (w·x)² as w²·x², where the cost itself is not
            value, gradient = self._of_rows(data, rows, weight)
            if math.isfinite(value) and np.isfinite(gradient).all():
                return value, gradient
        raise DomainError(f"the cost or its gradient, added up over {len(rows)} rows, is too large for a float")

    def _of_rows(self, data: list[Array], rows: Iterable[int], weight: float) -> tuple[float, Array]:
        """weight · Σ over these rows, plus the penalty."""
        value, gradient = 0.0, np.zeros(len(self.values))
        for k in rows:
            try:
                leaves: list[Value] = []
                root = self.cost(*[variable(x[k] if np.ndim(x[k]) else float(x[k]), leaves) for x in data])
                if not data and self.penalty is not None:  # no batch: one sum of two terms
                    root = root + self._penalty()
                slopes = reverse.gradient(root, self.values)
            except DomainError as error:
                if data:
                    error.args = (f"row {k} of the batch: {error.args[0]}",)
                raise
            value += weight * root._data
            gradient += weight * np.array(slopes)
        if data and self.penalty is not None:
            extra = self._penalty()
            value += extra._data
            gradient += reverse.gradient(extra, self.values)
        return value, gradient

    def _penalty(self) -> Any:
        return self.penalty() if callable(self.penalty) else self.penalty


def _first_bad(data: list[Array], is_finite: Callable[[list[Array]], bool]) -> int:
    """A row whose result is not finite, found by halving the batch."""
    first, last = 0, len(data[0]) if data else 1
    while last - first > 1:
        middle = (first + last) // 2
        if is_finite([x[first:middle] for x in data]):
            first = middle
        else:
            last = middle
    return first


def demand_finite(parameters: Array, values: Sequence[Value], data: list[Array]) -> None:
    """Nothing finite comes of parameters (DomainError) or data (ValueError) that are not finite."""
    if not np.isfinite(parameters).all():
        k = int(np.argmin(np.isfinite(parameters)))
        label = f" ({values[k].label})" if values[k].label else ""
        raise DomainError(f"parameter {k}{label} is {parameters[k]}: was the learning rate too large?")
    for k, x in enumerate(data):
        if not np.isfinite(x).all():
            place = tuple(int(i) for i in np.argwhere(~np.isfinite(x))[0])
            column = f" in column {', '.join(map(str, place[1:]))}" if len(place) > 1 else ""
            raise ValueError(f"row {place[0]} of the batch: argument {k} holds {x[place]}{column}, not a finite number")
