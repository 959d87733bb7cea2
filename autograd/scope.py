"""Where a node comes from: its label, the scope it was made in, and (when asked for) the user's line.

Almost every node has none of these, so a node keeps one slot for all three, and making a node asks only
whether anyone is taking notes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from autograd.errors import Line, users_line


@dataclass(frozen=True, slots=True)
class Note:
    """What is known of a node besides its numbers."""

    label: str = ""
    scope: str = ""
    line: Line | None = None


NOTES: list[object] = []  # one entry for each open name_scope or noting_lines; empty: nobody takes notes
_open: ContextVar[tuple[list[str], ...]] = ContextVar("open", default=())  # each open scope, a list of its name
_scope: ContextVar[str] = ContextVar("scope", default="")  # their names: "net/layer1"
_lines: ContextVar[int] = ContextVar("lines", default=0)  # how many blocks of noting_lines are open


@contextmanager
def name_scope(name: str) -> Iterator[None]:
    """Everything made inside belongs to `name`: a picture draws it as one box.

    Scopes nest: inside ``name_scope("net")`` and then ``name_scope("layer1")`` the scope is "net/layer1".

    >>> from autograd import Value
    >>> with name_scope("layer1"):
    ...     a = Value(1.0) + 2.0
    >>> a.scope
    'layer1'
    """
    if not isinstance(name, str):
        raise TypeError(f"a scope's name is text; got {name!r}")
    if not name:
        raise ValueError('a scope needs a name, for example name_scope("layer1")')
    mine, before, outer = [name], _open.get(), _scope.get()
    opened = (*before, mine)
    _open.set(opened)
    _scope.set(f"{outer}/{name}" if outer else name)
    NOTES.append(mine)
    try:
        yield
    finally:
        NOTES.pop()
        if _open.get() is not opened:  # generators that take turns: their scopes do not end in the order they began
            before = tuple(scope for scope in _open.get() if scope is not mine)
            outer = "/".join(name for (name,) in before)
        _open.set(before)
        _scope.set(outer)


@contextmanager
def noting_lines() -> Iterator[None]:
    """Every node made inside remembers the user's line that made it (`Value.line`). Slow: for checking."""
    _lines.set(_lines.get() + 1)
    NOTES.append("lines")
    try:
        yield
    finally:
        NOTES.pop()
        _lines.set(max(_lines.get() - 1, 0))


def note(label: str = "") -> Note | None:
    """The note for a node made now; None if there is nothing to say."""
    scope = _scope.get()
    line = users_line() if _lines.get() > 0 else None
    return Note(label, scope, line) if label or scope or line else None


# -- Watching: who traces a program wants to know when the user's code looks at a number --------------------

Watcher = Callable[[Any, str], None]
WATCHERS: list[Watcher] = []


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Call `watcher(value, what)` whenever a Value is compared ("<") or its number is read (".data").

    A program recorded from one example must not depend on that example's numbers; this is how it finds out.
    """
    WATCHERS.append(watcher)
    try:
        yield
    finally:
        WATCHERS.remove(watcher)


def looked_at(value: Any, what: str) -> None:
    """Tell the watchers."""
    for watcher in WATCHERS:
        watcher(value, what)
