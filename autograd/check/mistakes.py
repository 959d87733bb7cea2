"""Mistakes that people make with the chain rule: one table, for the bug lab and for the diagnosis.

A mistake is a small change of the chain rule. Here it can be switched on, to see what it does:

>>> from autograd import Value
>>> x = Value(3.0, "x")
>>> y = x * x + x
>>> backward(y, "overwrite")       # `=` for `+=`: only the last contribution is left
>>> x.grad                         # ∂y/∂x is 2x + 1 = 7
3.0
>>> with missing_slope("tanh"):
...     Value(2.0).tanh().backward()

Slopes that people write in place of the right one are listed by `autograd.check.wrong_slopes`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from autograd import reverse
from autograd.check.wrong_slopes import evaluate as evaluate
from autograd.check.wrong_slopes import wrong_slopes as wrong_slopes
from autograd.op import find
from autograd.order import Node, arguments, topological

# -- The bug lab -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mistake:
    """A way to get the backward pass wrong.

    Use it on one pass, ``backward(loss, mistake)``, or on all passes in a block, ``with mistake: loss.backward()``.

    `name`      what it is called
    `text`      what is done wrong, in one sentence
    `adds`      whether contributions are added (`+=`); if not, each overwrites the one before (`=`)
    `ordered`   whether a node waits for all that it contributes to; if not, it is done as soon as it is met
    `resets`    whether the gradients inside the graph start at 0; if not, they are left from the last pass
    `forgets`   whether setting ``.grad = 0`` between passes has an effect
    `slope`     (node, position, right slope) -> the slope that is used
    """

    name: str
    text: str
    adds: bool = True
    ordered: bool = True
    resets: bool = True
    forgets: bool = True
    slope: Callable[[Node, int, float], float] | None = None

    def __call__(self) -> Mistake:
        """Itself, so that ``with overwrite():`` reads like the other context managers."""
        return self

    def __enter__(self) -> Mistake:
        _switched_on.append((self, {}))
        reverse.backward = _backward_with_mistakes
        return self

    def __exit__(self, *_: object) -> None:
        _switched_on.pop()
        if not _switched_on:
            reverse.backward = _RIGHT


_RIGHT = reverse.backward
_switched_on: list[tuple[Mistake, dict[Node, float]]] = []  # with the gradients that were not forgotten

overwrite = Mistake("overwrite", "= is written for +=: of several contributions only the last is left.", adds=False)
any_order = Mistake(
    "any_order", "Nodes are not in topological order: a node passes on a gradient that is not complete.", ordered=False
)
stale = Mistake(
    "stale", "Gradients inside the graph are not set to 0 before a second pass, which adds to them.", resets=False
)
no_zero_grad = Mistake(
    "no_zero_grad", "zero_grad() is forgotten: each pass adds to the gradients of all passes before.", forgets=False
)
MISTAKES = {m.name: m for m in (overwrite, any_order, stale, no_zero_grad)}


def missing_slope(op: str) -> Mistake:
    """The local slope of every `op` is left out, as if it were 1."""
    return _with_slope(op, f"missing_slope({op!r})", f"The slope of {op} is left out.", lambda node, i, s: 1.0)


def wrong_sign(op: str) -> Mistake:
    """Every `op` passes its gradient on with the wrong sign."""
    return _with_slope(op, f"wrong_sign({op!r})", f"The slope of {op} has the wrong sign.", lambda node, i, s: -s)


def wrong_slope(op: str, slope: str) -> Mistake:
    """Every `op` of one argument has this slope instead: ``wrong_slope("tanh", "1 - z")``.

    Raises ValueError if it is none of those that `wrong_slopes` lists.
    """
    listed = {str(w.slope): w.slope for w in wrong_slopes(find(op), 0)} if find(op).arity == 1 else {}
    if slope not in listed:
        raise ValueError(
            f"{slope!r} is not in the table of mistakes for {op}; there are: {', '.join(listed) or 'none'}"
        )

    def used(node: Node, i: int, right: float) -> float:
        return float(evaluate(listed[slope], {"z": node._data, "x": arguments(node)[0]._data}))

    return _with_slope(op, f"wrong_slope({op!r}, {slope!r})", f"The slope of {op} is taken to be {slope}.", used)


def _with_slope(op: str, name: str, text: str, slope: Callable[[Node, int, float], float]) -> Mistake:
    rule = find(op)
    return Mistake(name, text, slope=lambda node, i, right: slope(node, i, right) if node._rule is rule else right)


def backward(root: Node, *mistakes: Mistake | str) -> None:
    """The chain rule with mistakes in it, by name or as `Mistake`; without any it is ``root.backward()``, slower.

    Raises ValueError for a name that is not in `MISTAKES`.
    """
    chosen = []
    for m in mistakes:
        if isinstance(m, str) and m not in MISTAKES:
            raise ValueError(f"there is no mistake {m!r}; there are {', '.join(MISTAKES)}")
        chosen.append(MISTAKES[m] if isinstance(m, str) else m)
    _pass(root, chosen)


def _backward_with_mistakes(root: Node) -> None:
    leaves = topological(root)[0]
    for mistake, before in _switched_on:
        if not mistake.forgets:
            for leaf in leaves:
                leaf._grad = before.get(leaf, leaf._grad)
    _pass(root, [mistake for mistake, _ in _switched_on])
    for mistake, before in _switched_on:
        if not mistake.forgets:
            before.update((leaf, leaf._grad) for leaf in leaves)


def _pass(root: Node, mistakes: Sequence[Mistake]) -> None:
    leaves, made = topological(root)
    order = list(reversed(made)) if all(m.ordered for m in mistakes) else _as_met(root)
    for node in made:
        if node._grad is None or all(m.resets for m in mistakes):
            node._grad = 0.0
    for leaf in leaves:
        leaf._grad = leaf._grad or 0.0
    root._grad = 1.0
    adds = all(m.adds for m in mistakes)
    for node in order:
        upstream = node._grad
        for i, argument, slope in reverse.contributions(node):
            if slope is None:
                continue
            for m in mistakes:
                slope = slope if m.slope is None else m.slope(node, i, slope)
            argument._grad = argument._grad + upstream * slope if adds else upstream * slope


def _as_met(root: Node) -> list[Node]:
    """The nodes below the root, nearest first: not a topological order."""
    order, seen = [root], {root}
    for node in order:
        for argument in arguments(node):
            if argument not in seen:
                seen.add(argument)
                order.append(argument)
    return [node for node in order if arguments(node)]
