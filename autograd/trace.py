"""One forward and one backward pass, written down step by step as plain records.

A record holds numbers and names, nothing of the graph: it can be kept, compared, printed. Terminal, notebook, page
and slides all tell the same records (`autograd.explain`).

>>> from autograd import Value
>>> w, x = Value(0.5, "w"), Value(2.0, "x")
>>> for step in trace((w * x).relu()).steps:
...     print(step.phase, step.node, step.value, [(c.to, c.slope, c.amount, c.total) for c in step.contributions])
forward w 0.5 []
forward x 2.0 []
forward v1 1.0 []
forward v2 1.0 []
backward v2 1.0 [('v1', 1.0, 1.0, 1.0)]
backward v1 1.0 [('w', 2.0, 2.0, 2.0), ('x', 0.5, 0.5, 0.5)]

Nothing is written to any ``.grad``: the gradients live in a dict of this pass.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from autograd import reverse
from autograd.errors import DomainError, ieee_is_on
from autograd.faults import name_of, no_slope
from autograd.order import arguments, topological
from autograd.value import Value

MAX_STEPS = 500
HARD_LIMIT = 20_000  # nobody reads more steps than that, and no page holds them

Phase = Literal["forward", "backward"]


@dataclass(frozen=True, slots=True)
class Argument:
    """What an operation was given: `name` is "" for a plain number such as the 2 in ``2 * x``."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one step of the chain rule adds to the gradient of one argument.

    to        the argument's name
    slope     ∂(node)/∂(argument)
    amount    upstream · slope, which is added
    total     the argument's gradient after adding: at a fan-out it grows from step to step
    position  which of the operation's arguments it is, from 0
    """

    to: str
    slope: float
    amount: float
    total: float
    position: int


@dataclass(frozen=True, slots=True)
class Record:
    """One step: a number computed from others (forward), or a gradient handed on to the arguments (backward).

    node           its name: the user's label, or v1, v2, …
    op             the sign of the operation that made it; "" for an input
    rule           the row of the rule table: "mul", "exp"; "leaf" for an input
    value          its number
    args           what it was made from, with repeats
    upstream       backward: ∂(root)/∂(node), complete when the step begins; forward: None
    contributions  backward: one for each argument that is not a plain number or held fixed
    held           backward: arguments that get no gradient from here, like the condition of `where`
    note           which slope is used, if the node sits exactly at a kink
    """

    phase: Phase
    node: str
    op: str
    rule: str
    value: float
    args: tuple[Argument, ...] = ()
    upstream: float | None = None
    contributions: tuple[Contribution, ...] = ()
    held: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """The records of both passes, and the gradients that they end in.

    root       the name of what was differentiated
    steps      forward (inputs first), then backward
    gradients  ∂(root)/∂(name) for every name, in forward order
    inputs     the names that no operation made
    """

    root: str
    steps: tuple[Record, ...]
    gradients: dict[str, float]
    inputs: tuple[str, ...]


def trace(root: Value, max_steps: int = MAX_STEPS) -> Trace:
    """Both passes for `root`, as records.

    Raises TypeError if `root` is no Value; ValueError if there would be more than `max_steps` steps; DomainError where
    a slope is infinite or undefined; StaleGraphError if a number was changed after the forward pass.
    """
    if not isinstance(root, Value):
        hint = " Explain one of them, or their sum." if isinstance(root, list | tuple | np.ndarray) else ""
        raise TypeError(f"explain takes one Value; got {root!r:.80} of type {type(root).__name__}.{hint}")
    if isinstance(max_steps, bool) or not isinstance(max_steps, int) or not 1 <= max_steps <= HARD_LIMIT:
        raise ValueError(f"max_steps= is a whole number from 1 to {HARD_LIMIT:,}; got {max_steps!r}")
    leaves, made = _in_order(root)
    inputs = [leaf for leaf in leaves if not leaf.is_constant or leaf is root]
    steps = len(inputs) + 2 * len(made)
    if steps > max_steps:
        plural = "s" * (len(inputs) != 1)
        raise ValueError(
            f"this graph has {len(inputs):,} input{plural} and {len(made):,} operations: {steps:,} steps, more than "
            f"max_steps={max_steps:,}. Explain a part of it (one unit, one example), use dot() and total() for long "
            f"sums, or give a larger max_steps (at most {HARD_LIMIT:,})."
        )
    names = names_of(root)
    for node in made:
        reverse.changed(node)
    forward = [_forward(node, names) for node in [*inputs, *made]]
    gradients = dict.fromkeys([*inputs, *made], 0.0)
    gradients[root] = 1.0
    backward = [_backward(node, names, gradients) for node in reversed(made)]
    if not made:
        backward = [Record("backward", names[root], "", "leaf", root._data, upstream=1.0)]
    return Trace(
        names[root],
        (*forward, *backward),
        {names[node]: g for node, g in gradients.items()},
        tuple(names[leaf] for leaf in inputs),
    )


def names_of(root: Value) -> dict[Value, str]:
    """A name for every node below `root`, each used once: its label, or v1, v2, … in topological order.

    A label that is there twice gets a number: "w", "w#2". Plain numbers without a label are called "".
    """
    leaves, made = _in_order(root)
    taken = {node.label for node in [*leaves, *made]}
    given: set[str] = {""}
    names: dict[Value, str] = {}
    copies: dict[str, int] = {}  # how often a label has been met
    count = 0
    for node in [*leaves, *made]:
        name = node.label
        if not name and not (node.is_constant and node is not root):
            while not name or name in taken:
                count += 1
                name = f"v{count}"
        elif name in given and name:
            copy = copies.get(name, 1) + 1
            while (other := f"{name}#{copy}") in taken or other in given:
                copy += 1
            copies[name] = copy
            name = other
        given.add(name)
        names[node] = name
    return names


def _in_order(root: Value) -> tuple[list[Value], list[Value]]:
    """The leaves and the others below `root`, in topological order, the leaves in the order in which they are used."""
    leaves, made = topological(root)
    used = dict.fromkeys(a for node in made for a in arguments(node) if a.is_leaf)
    return list(used) or leaves, made


def _forward(node: Value, names: dict[Value, str]) -> Record:
    return Record(
        "forward", names[node], node.op, node._rule.name, node._data, _arguments(node, names), note=kink(node)
    )


def _backward(node: Value, names: dict[Value, str], gradients: dict[Value, float]) -> Record:
    """One step of the chain rule: what the node's gradient adds to the gradients of its arguments."""
    upstream = gradients[node]
    contributions = []
    held = []
    for i, argument, slope in _slopes(node):
        if argument not in gradients:  # a plain number
            continue
        if slope is None:
            held.append(argument)
            continue
        with np.errstate(all="ignore"):
            amount = upstream * slope
            gradients[argument] += amount
        if not math.isfinite(gradients[argument]) and not ieee_is_on():
            raise DomainError(
                f"the gradient overflows at {node._rule.name}: upstream {upstream!r} times slope {slope!r} "
                f"along {name_of(argument)}",
                node._rule.name,
                tuple(a._data for a in arguments(node)),
                tuple(a.label for a in arguments(node)),
            )
        contributions.append(Contribution(names[argument], slope, amount, gradients[argument], i))
    return Record(
        "backward",
        names[node],
        node.op,
        node._rule.name,
        node._data,
        _arguments(node, names),
        upstream,
        tuple(contributions),
        tuple(names[a] for a in dict.fromkeys(held)),
        kink(node),
    )


def _slopes(node: Value) -> Iterable[tuple[int, Any, float | None]]:
    try:
        return list(reverse.contributions(node))
    except (ArithmeticError, ValueError):
        raise no_slope(node) from None


def _arguments(node: Value, names: dict[Value, str]) -> tuple[Argument, ...]:
    return tuple(Argument(names[a], a._data) for a in arguments(node))


def kink(node: Value) -> str:
    """Which slope is used here, in words, if the node sits exactly at the kink of its operation."""
    op = node._rule
    if op.branch is None or op.branch(*(a._data for a in arguments(node))) != 0:
        return ""
    return op.at_kink
