"""What can go wrong with a calculation, said so that a student can act on it.

``DomainError``: an operation was used where it is not defined, or its result is not a finite number.
``StaleGraphError``: a number was changed after the graph had used it.
``ieee()``: let infinities and NaN flow, as NumPy does, instead of raising ``DomainError``.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_OURS = frozenset({"autograd", "nn", "optim"})
_ieee: ContextVar[int] = ContextVar("ieee", default=0)  # how many blocks of it are open


class DomainError(ValueError):
    """An operation outside its domain, or with a result that is not finite.

    Attributes: ``op`` (name of the operation), ``values`` (the numbers it was given), ``labels``
    (their labels, "" where there is none), ``where`` (file, line number and text of the user's line).
    """

    def __init__(
        self,
        message: str,
        op: str = "",
        values: tuple[float, ...] = (),
        labels: tuple[str, ...] = (),
        where: Line | None = None,
    ) -> None:
        self.message, self.op, self.values, self.labels = message, op, values, labels
        self.where = where or users_line()
        super().__init__(message + at(self.where))

    def __reduce__(self) -> tuple[Any, ...]:
        return DomainError, (self.message, self.op, self.values, self.labels, self.where)


class StaleGraphError(RuntimeError):
    """``.data`` was edited after the forward pass, so the graph no longer describes its own numbers."""


@contextmanager
def ieee() -> Iterator[None]:
    """Let inf and NaN flow inside this block, as NumPy does: ``with autograd.ieee(): …``.

    Outside such a block an operation that is not defined, or whose result is not finite, raises `DomainError`.
    """
    _ieee.set(_ieee.get() + 1)
    try:
        yield
    finally:  # (the blocks of generators that take turns do not end in the order in which they began)
        _ieee.set(max(_ieee.get() - 1, 0))


def ieee_is_on() -> bool:
    """Whether we are inside ``with ieee():``."""
    return _ieee.get() > 0


Line = tuple[str, int, str]  # file, line number, the line's text


def users_line() -> Line | None:
    """The innermost line being run that belongs neither to this project nor to NumPy."""
    frame = sys._getframe(1)
    while frame is not None:
        package = frame.f_globals.get("__name__", "").split(".")[0]
        if package not in _OURS and package not in ("numpy", "contextlib"):
            file, number = frame.f_code.co_filename, frame.f_lineno
            return file, number, linecache.getline(file, number, frame.f_globals).strip()
        frame = frame.f_back  # type: ignore[assignment]
    return None


def at(line: Line | None) -> str:
    """The end of an error message: where in the user's own text it happened."""
    if line is None:
        return ""
    file, number, text = line
    return f"\n  at {file}, line {number}" + (f": {text}" if text else "")
