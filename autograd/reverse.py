"""The chain rule in reverse topological order.

    ∂E/∂x  =  Σ over the nodes z made from x of   ∂E/∂z · ∂z/∂x

Each node receives its ∂E/∂z (the upstream gradient) and pushes, to each of its arguments, that gradient
times its own slope. Contributions add up: `+=`, never `=`.

For speed the push of each operation is a small function with its slopes written out. Nobody wrote it:
the rules in the table, called with symbols, print it. To read one:

>>> print(push_source(RULES["mul"]))
def push(node):
    g = node._grad
    x = node._x
    y = node._y
    xd = x._data
    yd = y._data
    if node._data != xd * yd:
        changed(node)
    x._grad += g * yd
    y._grad += g * xd
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograd.errors import DomainError, StaleGraphError, ieee_is_on
from autograd.expression import Expression, number, symbol, write
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
    node = root
    try:
        prepare(root, leaves, before, made)
        root._grad = 1.0
        if ieee_is_on():
            for node in reversed(made):
                push_ieee(node)
            return
        for node in reversed(made):
            push = node._rule.push  # (a line of its own: Python finds an attribute faster than a method)
            push(node)
        if not math.isfinite(sum([leaf._grad for leaf in leaves])):
            _find_overflow(made)
    except BaseException as error:
        _put(leaves, before)
        for other in topological(root)[1]:
            other._grad = None
        if isinstance(error, ArithmeticError | ValueError) and not isinstance(error, DomainError):
            raise no_slope(node) from None
        raise


def prepare(root: Node, leaves: list[Node], before: list[float], made: list[Node]) -> None:
    """Set every gradient below `root` to 0, and fill the lists: the leaves, what they held, and the others in order.

    This is the walk of `autograd.order.topological`, with one saving: a node whose gradient is this very zero
    has been met, so no set of the nodes is needed.
    """
    zero = float("0")  # a zero of this pass's own
    above: list[Node] = [None]
    waiting: dict[Node, Iterator[Node]] = {}
    known: set[int] = set()  # rows of arguments that are done: the units of a layer share their row of inputs
    enter, leave = above.append, above.pop
    met, held, done = leaves.append, before.append, made.append
    if root._x is None:
        held(root._grad)
        met(root)
        return
    node = root
    node._grad = zero
    while node is not None:
        x, y = node._x, node._y
        if x.__class__ is tuple:
            rest = waiting.get(node) or iter(x if y is None or id(y) in known else x + y)
            for argument in rest:
                if argument._grad is not zero:
                    if argument._x is not None:
                        argument._grad = zero
                        waiting[node] = rest
                        enter(node)
                        node = argument
                        break
                    held(argument._grad)
                    met(argument)
                    argument._grad = zero
            else:
                known.add(id(y))
                done(node)
                node = leave()
            continue
        if x._grad is not zero:
            if x._x is not None:
                x._grad = zero
                enter(node)
                node = x
                continue
            held(x._grad)
            met(x)
            x._grad = zero
        if y is not None and y._grad is not zero:
            if y._x is not None:
                y._grad = zero
                enter(node)
                node = y
                continue
            held(y._grad)
            met(y)
            y._grad = zero
        done(node)
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
        "then call backward()."
    )


def no_slope(node: Node) -> DomainError:
    """The error for a node whose slope is infinite or undefined."""
    args = arguments(node)
    power = ". Along y, x ** y has a slope only for x > 0; a plain number y is held fixed" * (node._rule.name == "pow")
    return _domain_error(node, f"{node._rule.name} has no finite slope at {values_of(args)}{power}")


def _find_overflow(made: list[Node]) -> None:
    for node in reversed(made):
        if not math.isfinite(node._grad):
            raise _domain_error(node, f"the gradient at {name_of(node)} is {node._grad}, not a finite number")
        for _, argument, slope in contributions(node):
            if slope is not None and not math.isfinite(node._grad * slope):
                raise _domain_error(
                    node,
                    f"the gradient overflows at {node._rule.name}: upstream {node._grad!r} times slope {slope!r} "
                    f"along {name_of(argument)}",
                )


def _domain_error(node: Node, message: str) -> DomainError:
    args = arguments(node)
    return DomainError(message, node._rule.name, tuple(a._data for a in args), tuple(a.label for a in args))


def name_of(node: Node) -> str:
    """The node's label, or what made it."""
    return shown(node.label) or (f"the result of {node._rule.name}" if node._x is not None else "a number")


def values_of(args: tuple[Node, ...]) -> str:
    """The operands of an operation, for a message: ``x = 0.0`` or ``w = 2.0, 3.0``."""
    told = [f"{shown(a.label)} = {a._data!r}" if a.label else f"{a._data!r}" for a in args[:6]]
    return ", ".join(told) + (f", … ({len(args)} in all)" if len(args) > 6 else "")


def shown(label: str) -> str:
    """A label, for a message: short, and without what a terminal would act on."""
    short = label if len(label) <= 60 else label[:59] + "…"
    return short if short.isprintable() else repr(short)


# -- Writing the push functions -----------------------------------------------------------------------------

NAMES = "xyuvw"  # the arguments of an operation, in generated text


def float_names() -> dict[str, Callable[..., float]]:
    """The functions that generated text may call: each row of the table by its name, on floats."""
    return {op.name: op.value for op in RULES.values()}


def value_text(op: Op, names: list[str]) -> str:
    """How z is written, as Python: ``xd * yd`` or ``exp(xd)``."""
    return write(op.on(*map(symbol, names))) if op.infix else f"{op.name}({', '.join(names)})"


def slope_text(op: Op, i: int, names: list[str]) -> str | None:
    """How ∂z/∂(argument i) is written, as Python; None if the argument is held fixed."""
    slope = op.slope(i, symbol("z"), [symbol(n) for n in names])
    return None if slope is None else write(slope if isinstance(slope, Expression) else number(slope))


def push_source(op: Op) -> str:
    """The text of the push function of a row of the table."""
    if isinstance(op, SumOp):
        return _push_source_of_sum(op)
    names = list(NAMES[: op.arity])
    data = [n + "d" for n in names]
    slopes = [slope_text(op, i, data) for i in range(len(names))]
    lines = ["def push(node):", "    g = node._grad"]
    lines += [f"    {n} = node._{n}" for n in names] if len(names) <= 2 else [f"    {', '.join(names)} = node._x"]
    lines += [f"    {n}d = {n}._data" for n in names]
    if any("z" in (s or "") for s in slopes):
        lines += ["    z = node._data"]
    lines += [f"    if node._data != {value_text(op, data)}:", "        changed(node)"]
    for name, slope in zip(names, slopes, strict=True):
        lines += _accumulate(name, slope)
    return "\n".join(lines)


def _push_source_of_sum(op: SumOp) -> str:
    names = list(NAMES[: len(op.term.slopes)])
    data = [n + "._data" for n in names]
    # to add up all terms again would cost as much as the push itself: do so only if some number was edited since
    lines = ["def push(node):", "    if node._stamp != EDITS[0]:", "        changed(node)"]
    lines += ["    g = node._grad", "    xs = node._x"]
    if len(names) == 1:
        lines += ["    for x in xs:"]
    else:  # the factors stand in two rows, the offset (if any) at the end of the first
        lines += ["    ys = node._y", "    if len(xs) > len(ys):", "        xs[-1]._grad += g"]
        lines += ["    for x, y in zip(xs, ys):"]
    for i, name in enumerate(names):
        lines += ["    " + line for line in _accumulate(name, slope_text(op.term, i, data))]
    return "\n".join(lines)


def _accumulate(name: str, slope: str | None) -> list[str]:
    """The line that adds upstream · slope to an argument."""
    if slope is None or slope == "0":
        return []
    if slope == "1":
        return [f"    {name}._grad += g"]
    if slope == "-1":
        return [f"    {name}._grad -= g"]
    bare = slope.replace("._", "").isidentifier()
    return [f"    {name}._grad += g * {slope if bare else f'({slope})'}"]


def _make_pushes() -> None:
    names = {**float_names(), "changed": changed, "EDITS": EDITS, "__name__": __name__}
    for op in RULES.values():
        if op.slopes or isinstance(op, SumOp):
            scope: dict[str, Any] = {}
            exec(compile(push_source(op), f"<push of {op.name}>", "exec"), names, scope)
            op.push = scope["push"]


_make_pushes()
