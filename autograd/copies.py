"""Copies of graphs, and graphs in a pickle: without recursion, and what was shared stays shared.

`copy.deepcopy` and `pickle` go down a graph by calling themselves, and a chain of some hundred nodes is too deep for
that. Both ask each object how it is to be copied, though, and are told here to begin far below: by the time they come
to a node, what it was made from is already known to them.

>>> import pickle
>>> from autograd import Value
>>> x = Value(1.0, "x")
>>> y = x
>>> for _ in range(10_000):
...     y = y + x
>>> x_2, y_2 = pickle.loads(pickle.dumps((x, y)))
>>> y_2.backward()
>>> x_2.grad
10001.0
"""

from __future__ import annotations

import copyreg
import threading
from collections.abc import Container, Iterator
from copy import deepcopy
from typing import Any
from weakref import WeakSet

from autograd.order import Node, arguments

DEEP = 20  # so many nodes one below the other are left to pickle's own recursion
new = object.__new__


def shallow_copy(node: Node) -> Node:
    """A node of its own, with the same number, made from the same arguments."""
    twin = new(type(node))
    for name, held in _held(node):
        setattr(twin, name, held)
    return twin


def deep_copy(root: Node, memo: dict[int, Any]) -> Node:
    """A copy of the whole graph below `root`, but for what `memo` already holds a copy of."""
    for node in _in_order(root, memo):
        twin = memo[id(node)] = new(type(node))
        for name, held in _held(node):
            if name in ("_x", "_y"):
                held = tuple(memo[id(a)] for a in held) if held.__class__ is tuple else memo.get(id(held))
            elif name not in OWN:  # of a subclass
                held = deepcopy(held, memo)
            setattr(twin, name, held)
    return memo[id(root)]


def reduced(node: Node) -> tuple[Any, ...]:
    """What `pickle` asks of a node: its class, and its state, with what must be known before it."""
    first: _Below | None = None
    last: _Written | None = None
    if not node.is_leaf and not any(id(node) in below.ids for below in _here.below):
        last = _Written()
        if len(_here.begun) > DEEP:
            first = last.below = _Below(node)
    return copyreg.__newobj__, (type(node),), (first, _held(node), last), None, None, _restore  # type: ignore[attr-defined]


def _held(node: Node) -> list[tuple[str, Any]]:
    """All that a node holds, in slots and, if it is of a subclass that has them, in attributes."""
    state: Any = object.__getstate__(node)
    attributes, slots = state
    return [*slots.items(), *(attributes or {}).items()]


OWN = frozenset({"_data", "_grad", "_rule", "_note", "_stamp"})  # what a copy shares with its original


def _restore(node: Node, state: tuple[Any, ...]) -> None:
    for name, held in state[1]:
        setattr(node, name, held)
    if hasattr(node, "_stamp"):
        node._stamp = -1  # edits are counted anew in every process: let backward() look


class _Here(threading.local):
    """What is being pickled in this thread. A pickler that fails lets go of what it had begun, and so do these."""

    def __init__(self) -> None:
        self.begun: WeakSet[_Written] = WeakSet()  # nodes, one below the other
        self.below: WeakSet[_Below] = WeakSet()


_here = _Here()


class _Below:
    """Stands before a deep node: a list of nodes so far below one another that none of them is deep.

    While that list is written, no node of this graph looks below itself again.
    """

    def __init__(self, root: Node) -> None:
        order = _in_order(root, ())
        self.ids = set(map(id, order))
        self.landings: list[Node] = []
        deep: dict[Node, int] = {}
        for node in order:
            deep[node] = 1 + max((deep[a] for a in arguments(node)), default=0)
            if deep[node] > DEEP and node is not root:
                self.landings.append(node)
                deep[node] = 0

    def __reduce__(self) -> tuple[Any, ...]:
        _here.below.add(self)
        return list, (), None, iter(self.landings)


class _Written:
    """Stands after a node: when this is written, the node is."""

    def __init__(self) -> None:
        self.below: _Below | None = None
        _here.begun.add(self)

    def __reduce__(self) -> tuple[Any, ...]:
        _here.begun.discard(self)
        if self.below is not None:
            _here.below.discard(self.below)
        return bool, ()


def _in_order(root: Node, known: Container[int]) -> list[Node]:
    """All that `root` was made from, then `root`, arguments first. Where an id is known, nothing below is looked at."""
    order: list[Node] = []
    met = {id(root)}
    above: list[tuple[Node, Iterator[Node]]] = [(root, iter(arguments(root)))]
    while above:
        node, rest = above[-1]
        for argument in rest:
            if id(argument) not in met and id(argument) not in known:
                met.add(id(argument))
                above.append((argument, iter(arguments(argument))))
                break
        else:
            order.append(node)
            above.pop()
    return order
