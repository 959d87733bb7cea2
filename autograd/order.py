"""The topological order of a graph, without recursion: a chain of a million nodes is no deeper than one.

A node comes after all that it was made from. Walked backwards, every node therefore comes before its
arguments: by the time the chain rule leaves a node, all that it contributes to has been there.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

Node = Any  # anything with _x and _y, as autograd.value.Value has


def arguments(node: Node) -> tuple[Node, ...]:
    """What the node was made from, with repeats: ``a * a`` has two."""
    x, y = node._x, node._y
    if x is None:
        return ()
    if x.__class__ is tuple:
        return x if y is None else x + y
    return (x,) if y is None else (x, y)


def topological(root: Node) -> tuple[list[Node], list[Node]]:
    """All that `root` was made from, as (leaves, made): each node in `made` comes after its arguments.

    >>> from autograd import Value
    >>> a = Value(2.0, "a")
    >>> b = a * a
    >>> leaves, made = topological(b + a)
    >>> [leaf.label for leaf in leaves], [node.op for node in made]
    (['a'], ['*', '+'])
    """
    leaves: list[Node] = []
    made: list[Node] = []
    if root._x is None:
        return [root], made
    seen = {root}
    above: list[Node] = [None]  # the way down from the root; a node is done when all its arguments are known
    waiting: dict[Node, Iterator[Node]] = {}  # for a node of many arguments: those not looked at yet
    meet, enter, leave = seen.add, above.append, above.pop
    node = root
    while node is not None:
        x = node._x
        if x.__class__ is tuple:
            rest = waiting.get(node)
            if rest is None:
                rest = waiting[node] = iter(arguments(node))
            below = _next_made(rest, seen, leaves)
            if below is not None:
                enter(node)
                node = below
                continue
        else:
            if x not in seen:
                meet(x)
                if x._x is not None:
                    enter(node)
                    node = x
                    continue
                leaves.append(x)
            y = node._y
            if y is not None and y not in seen:
                meet(y)
                if y._x is not None:
                    enter(node)
                    node = y
                    continue
                leaves.append(y)
        made.append(node)
        node = leave()
    return leaves, made


@contextmanager
def without_collector() -> Iterator[None]:
    """Without the cyclic garbage collector, while many graphs are built: they hold no cycles for it to find.

    It would walk the growing graphs again and again.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _next_made(rest: Iterator[Node], seen: set[Node], leaves: list[Node]) -> Node | None:
    """The next argument that is new and not a leaf; the new leaves before it are noted on the way."""
    for argument in rest:
        if argument not in seen:
            seen.add(argument)
            if argument._x is not None:
                return argument
            leaves.append(argument)
    return None
