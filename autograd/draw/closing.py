"""A large graph with its scopes closed: one box for everything that was made inside a scope."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from autograd.order import arguments
from autograd.value import Value

HARD_LIMIT = 5_000  # no layout is asked for more than this many boxes


def close_at(order: Sequence[Value], depth: int) -> dict[Value, str]:
    """The box of each Value if scopes are closed at this depth: "net/layer1/unit3" is in "net" at depth 1."""
    return _boxes(order, lambda scope: "/".join(scope.split("/")[:depth]))


def close_named(order: Sequence[Value], names: Collection[str]) -> dict[Value, str]:
    """The box of each Value if the scopes called `names` are closed. Raises ValueError for one that is not there."""
    wanted, met = set(names), set()

    def box(scope: str) -> str:
        parts = scope.split("/")
        for i in range(1, len(parts) + 1):
            for name in ("/".join(parts[:i]), parts[i - 1]):  # "net/layer1", or just "layer1"
                if name in wanted:
                    met.add(name)
                    return "/".join(parts[:i])
        return ""

    boxes = _boxes(order, box)
    if wanted - met:
        there = ", ".join(sorted({value.scope for value in order} - {""})[:12]) or "none"
        raise ValueError(f"no scope is called {sorted(wanted - met)[0]!r}; the graph has: {there}")
    return boxes


def _boxes(order: Sequence[Value], box_of: Callable[[str], str]) -> dict[Value, str]:
    known: dict[str, str] = {"": ""}
    boxes: dict[Value, str] = {}
    for value in order:
        scope = value.scope
        if scope not in known:
            known[scope] = box_of(scope)
        if known[scope]:
            boxes[value] = known[scope]
    # A leaf outside, such as a weight made long before, goes into the box if nothing else uses it.
    users: dict[Value, str | None] = {}
    for value in order:
        box = boxes.get(value)
        for a in arguments(value):
            if a._x is None and a not in boxes:
                users[a] = box if users.get(a, box) == box else None
    boxes.update({leaf: box for leaf, box in users.items() if box is not None})
    return boxes


def fit(order: Sequence[Value], max_nodes: int) -> dict[Value, str]:
    """No boxes if the graph has at most `max_nodes`; else the deepest level at which closing the scopes makes it fit.

    Raises ValueError if none does.
    """
    if len(order) <= max_nodes:
        return {}
    deepest = max((scope.count("/") + 1 for scope in {value.scope for value in order} - {""}), default=0)
    for depth in range(deepest, 0, -1):
        boxes = close_at(order, depth)
        if drawn(order, boxes) <= max_nodes:
            return boxes
    raise too_large(
        len(order), max_nodes, "even with every scope closed" if deepest else "and it has no scopes to close"
    )


def drawn(order: Sequence[Value], boxes: dict[Value, str]) -> int:
    """How many Values and closed boxes the picture would show."""
    return len(order) - len(boxes) + len(set(boxes.values()))


def too_large(nodes: int, max_nodes: int, why: str) -> ValueError:
    """The error for a graph that cannot be drawn."""
    return ValueError(
        f"this graph has {nodes:,} nodes, more than max_nodes={max_nodes}, {why}. Draw a part of it, or write "
        "`with name_scope(...):` around its parts, which are then drawn as one box each, or give a larger "
        f"max_nodes (at most {HARD_LIMIT:,})."
    )
