"""The chain rule in reverse topological order.

    ∂E/∂x  =  Σ over the nodes z made from x of   ∂E/∂z · ∂z/∂x

Each node receives its ∂E/∂z (the upstream gradient) and pushes, to each of its arguments, that gradient
times its own slope. Contributions add up: `+=`, never `=`.

For speed the push of each operation is a small function with its slopes written out: see `autograd.generated`.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograd.errors import StaleGraphError, ieee_is_on
from autograd.faults import domain_error, name_of, no_slope, values_of
from autograd.generated import float_names, push_source, sweep_source
from autograd.op import Op, SumOp
from autograd.order import Node, arguments, topological
from autograd.rules import RULES

EDITS = [0]  # how often any .data was set, anywhere
_one_at_a_time = threading.RLock()  # two threads may share parameters; their passes do not mix


def backward(root: Node) -> None:
    """∂root/∂node for every node below `root`, into ``.grad``.

    Leaves accumulate over calls. The gradients of all other nodes belong to this pass alone. If anything
    goes wrong nothing is half done: the leaves keep the gradients they had.
    """
    leaves: list[Node] = []
    before: list[float] = []
    with _one_at_a_time:
        try:
            sweep(root, leaves, before)
            for leaf, old in zip(leaves, before, strict=True):
                leaf._grad += old
        except BaseException:  # Ctrl-C may come at any line
            _put(leaves, before)
            raise


def gradient(root: Node, wrt: list[Node]) -> list[float]:
    """∂root/∂w for each leaf w in `wrt`, leaving every ``.grad`` as it was."""
    with _one_at_a_time:
        made = topological(root)[1]
        kept = [node._grad for node in made]
        leaves: list[Node] = []
        before: list[float] = []
        try:
            sweep(root, leaves, before)
            below = set(leaves)
            result = [w._grad if w in below else 0.0 for w in wrt]
            _put(made + leaves, kept + before)
        except BaseException:
            _put(made + leaves, kept + before)
            raise
    return result


def sweep(root: Node, leaves: list[Node], before: list[float]) -> None:
    """One backward pass. Fills the lists: the leaves, which then hold this pass's gradients, and what they held."""
    made: list[Node] = []
    try:
        prepare(root, leaves, before, made)
        root._grad = 1.0
        if ieee_is_on():
            for node in reversed(made):
                push_ieee(node)
            return
        _push_all(made)
        if not math.isfinite(sum([leaf._grad for leaf in leaves])):
            _find_overflow(made)
    except BaseException:
        _put(leaves, before)
        for other in topological(root)[1]:
            other._grad = None
        raise


def prepare(root: Node, leaves: list[Node], before: list[float], made: list[Node]) -> None:
    """Set every gradient below `root` to 0, and fill the lists: the leaves, what they held, and the others in order.

    This is the walk of `autograd.order.topological`, with one saving: a node whose gradient is this very zero
    has been met, so no set of the nodes is needed.
    """
    zero = float("0")  # a zero of this pass's own
    above: list[Node] = []  # the way down from the root
    owner: Node = None  # the last of these that has many arguments, and those that it has not looked at yet
    rest: Iterator[Node] = iter(())
    further: list[tuple[Node, Iterator[Node]]] = []  # the same for those above it
    known: set[int] = set()  # rows of arguments that are done: the units of a layer share their row of inputs
    enter, leave = above.append, above.pop
    met, held, done = leaves.append, before.append, made.append
    if root._x is None:
        held(root._grad)
        met(root)
        return
    node = root
    node._grad = zero
    while True:
        x = node._x  # on the way down
        if x.__class__ is tuple:
            further.append((owner, rest))
            y = node._y
            owner, rest = node, iter(x if y is None or id(y) in known else x + y)
        elif x._grad is not zero:
            if x._x is not None:
                x._grad = zero
                enter(node)
                node = x
                continue
            held(x._grad)
            met(x)
            x._grad = zero
        while True:  # on the way up: what is below x is done
            if node is owner:
                for y in rest:
                    if y._grad is not zero:
                        if y._x is not None:
                            break
                        held(y._grad)
                        met(y)
                        y._grad = zero
                else:
                    known.add(id(node._y))
                    owner, rest = further.pop()
                    y = None
            else:
                y = node._y
            if y is not None and y._grad is not zero:
                if y._x is not None:
                    y._grad = zero
                    enter(node)
                    node = y
                    break
                held(y._grad)
                met(y)
                y._grad = zero
            done(node)
            if not above:
                return
            node = leave()


def _put(nodes: list[Node], gradients: list[float]) -> None:
    for node, gradient in zip(nodes, gradients, strict=False):  # (a pass that was interrupted has noted one more)
        node._grad = gradient


def hand_on(node: Node) -> None:
    """One step of the chain rule by itself: add to the gradient of each argument. Not computed counts as 0 here."""
    if node._x is None:
        return
    changed(node)
    try:
        slopes = list(contributions(node))
    except (ArithmeticError, ValueError):
        raise no_slope(node) from None
    for _, argument, slope in slopes:
        if slope is not None:
            argument._grad = (argument._grad or 0.0) + (node._grad or 0.0) * slope


def contributions(node: Node) -> Iterator[tuple[int, Node, float | None]]:
    """(position, argument, slope) for every edge below `node`; the slope is None where the argument is held fixed."""
    args = arguments(node)
    values = [a._data for a in args]
    for i, argument in enumerate(args):
        yield i, argument, slope_at(node._rule, i, node._data, values)


def push_ieee(node: Node) -> None:
    """The push of any node, where inf and NaN may flow."""
    with np.errstate(all="ignore"):
        changed(node)
        for _, argument, slope in contributions(node):
            if slope is not None:
                argument._grad += node._grad * slope


def slope_at(op: Op, i: int, z: float, values: list[float]) -> float | None:
    """∂z/∂(argument i) as a float. Under `ieee()` a slope that is infinite or undefined is inf or NaN."""
    try:
        slope = op.slope(i, z, values)
    except (ArithmeticError, ValueError):
        if not ieee_is_on():
            raise
        with np.errstate(all="ignore"):
            slope = op.slope(i, np.float64(z), [np.float64(v) for v in values])
    return None if slope is None else float(slope)


# -- What can go wrong ------------------------------------------------------------------------------------


def changed(node: Node) -> None:
    """Called by a push when a node is no longer what its operation makes of its arguments."""
    args = arguments(node)
    values = [a._data for a in args]
    try:
        now = node._rule.evaluate(values)
    except (ArithmeticError, ValueError):  # it was made under ieee()
        with np.errstate(all="ignore"):
            now = float(node._rule.array(*values))
    if node._data == now or (node._data != node._data and now != now):  # NaN is still NaN
        return
    raise StaleGraphError(
        f"a number was changed after the forward pass: {name_of(node)} was computed as {node._data!r}, but "
        f"{node._rule.name} of {values_of(args)} is {now!r}. Build the expression again after changing .data, "
        "then call backward(). To change the result of an operation itself, first make a leaf of it: "
        "Value(result.data)."
    )


def _find_overflow(made: list[Node]) -> None:
    for node in reversed(made):
        if not math.isfinite(node._grad):
            raise domain_error(node, f"the gradient at {name_of(node)} is {node._grad}, not a finite number")
        for _, argument, slope in contributions(node):
            if slope is not None and not math.isfinite(node._grad * slope):
                raise domain_error(
                    node,
                    f"the gradient overflows at {node._rule.name}: upstream {node._grad!r} times slope {slope!r} "
                    f"along {name_of(argument)}",
                )


def _make_pushes() -> Callable[[list[Node]], None]:
    """Give each row of the table its push; returns the function that pushes from all nodes of a list."""
    names = {**float_names(), "changed": changed, "EDITS": EDITS, "no_slope": no_slope, "__name__": __name__}
    names |= {f"op_{op.name}": op for op in RULES.values()}
    scope: dict[str, Any] = {}
    for op in RULES.values():
        if op.slopes or isinstance(op, SumOp):
            exec(compile(push_source(op), f"<push of {op.name}>", "exec"), names, scope)
            op.push = scope["push"]
    exec(compile(sweep_source("add", "mul"), "<sweep>", "exec"), names, scope)
    made: Callable[[list[Node]], None] = scope["sweep"]
    return made


_push_all = _make_pushes()
