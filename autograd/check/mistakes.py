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

`wrong_slopes` lists, for an operation of the rule table, the slopes that people write in place of the right one.
They are not a list of special cases: each is a small edit of the rule's own expression (a factor or a
power dropped, a sign flipped, the input taken for the output), or the slope of another function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd import reverse
from autograd.check.problem import Kind
from autograd.expression import Expression, number, symbol
from autograd.op import Op, SumOp, find
from autograd.order import Node, arguments, topological
from autograd.rules import RULES

FLAT = frozenset({"neg", "copy", "step", "sign"})  # nobody takes their slopes for another's
NAMES = ("x", "y", "u", "v")  # the arguments of an operation in a slope; z is its result

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


# -- Slopes that people write in place of the right one --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WrongSlope:
    """`slope`, an expression in z (the result) and x, y (the arguments), in place of the right one."""

    kind: Kind
    slope: Expression
    cost: float  # how far-fetched it is
    words: str = ""


def right_slope(op: Op, i: int) -> Expression | None:
    """∂z/∂(argument i) as an expression; None if the argument is held fixed."""
    if isinstance(op, SumOp):
        raise TypeError("a sum has the slopes of its terms")
    slope = op.slope(i, symbol("z"), [symbol(n) for n in NAMES[: op.arity]])
    if slope is None:
        return None
    return _spelled(slope if isinstance(slope, Expression) else number(slope))


def wrong_slopes(op: Op, i: int) -> list[WrongSlope]:
    """What people write in place of ∂z/∂(argument i), likeliest first; none twice.

    >>> from autograd.expression import write
    >>> [write(w.slope) for w in wrong_slopes(find("tanh"), 0)][:9]
    ['1', '1 - x * x', '1 - tanh(z) * tanh(z)', 'z * z', '-(z * z)', 'z * z - 1', '1 + z * z', '1 - z', '1 - x * z']
    """
    right = right_slope(op, i)
    if right is None:
        return []
    z, x = symbol("z"), symbol("x")
    of_one = sum(slope is not None for slope in op.slopes) == 1 and i == 0  # such as xⁿ, whose n is held fixed
    found: dict[Expression, WrongSlope] = {}

    def add(kind: Kind, slope: Expression, cost: float, words: str = "") -> None:
        if slope != right:
            found.setdefault(slope, WrongSlope(kind, slope, cost, words))

    add("missing-slope", number(1), 1.2)
    if of_one:
        again = _node(op.name, z, *map(symbol, NAMES[1 : op.arity]))
        add("wrong-point", substitute(right, {"z": x}), 1.8, "with the input in place of the output")
        add("wrong-point", substitute(right, {"z": again, "x": z}), 1.8, "taken at the output in place of the input")
        add("wrong-point", substitute(right, {"x": z}), 1.8, "taken at the output in place of the input")
    for edited in edits(right, ["z", *NAMES[: op.arity]]):
        add("wrong-slope", edited, 2.0)
    if of_one:
        add("wrong-slope", _node("mul", right, right), 2.0, "multiplied in twice")
        add("wrong-slope", z, 2.1, "the function itself")
        if op.name == "exp":
            add("wrong-slope", _node("mul", x, _node("exp", _node("sub", x, number(1)))), 2.1, "the rule for powers")
        add("wrong-slope", x, 2.1)
        add("wrong-slope", _node("neg", z), 2.2)
        for other in RULES.values():
            if (
                other.arity == 1
                and other is not op
                and other.name not in ("neg", "copy", "step", "sign", "power_slope")
            ):
                slope = right_slope(other, 0)
                if slope is not None:
                    words = f"the slope of {other.name}"
                    add("wrong-slope", substitute(slope, {"z": _node(other.name, x)}), 2.4, words)
                    add("wrong-slope", slope, 2.5, words)
    for edited in list(edits(right, ["z", *NAMES[: op.arity]])):
        for twice in edits(edited, ["z", *NAMES[: op.arity]]):
            add("wrong-slope", twice, 3.0)
    return list(found.values())


def edits(tree: Expression, names: Sequence[str]) -> Iterator[Expression]:
    """Every expression that is one small slip away from `tree`."""
    if tree.op == "":
        if isinstance(tree.args[0], str):
            yield from (symbol(n) for n in names if n != tree.args[0])
        return
    args = tree.args
    if tree.op in ("add", "sub", "mul", "div"):  # one side forgotten
        yield args[0]
        yield args[1] if tree.op != "div" else _node("div", number(1), args[1])
        if tree.op == "sub":
            yield _node("neg", args[1])
            yield _node("sub", args[1], args[0])
    if tree.op in ("add", "sub"):
        yield _node("sub" if tree.op == "add" else "add", *args)
    if tree.op == "div":
        yield _node("mul", *args)
        yield _node("div", args[0], _node("mul", args[1], args[1]))
    if len(args) == 1:  # -(e) or f(e): the sign or the function forgotten
        yield args[0]
        if tree.op in _PARTNER:
            yield _node(_PARTNER[tree.op], *args)
    if tree.op == "power":
        yield args[0]
    for k, argument in enumerate(args):
        for edited in edits(argument, names):
            yield Expression(tree.op, (*args[:k], edited, *args[k + 1 :]))


_PARTNER = {"sin": "cos", "cos": "sin", "step": "sign", "sign": "step", "exp": "log", "log": "exp"}


def substitute(tree: Expression, names: Mapping[str, Expression]) -> Expression:
    """`tree` with expressions in place of names."""
    if tree.op == "":
        return names.get(tree.args[0], tree) if isinstance(tree.args[0], str) else tree
    return Expression(tree.op, tuple(substitute(a, names) for a in tree.args))


def evaluate(tree: Expression, names: Mapping[str, Any]) -> Any:
    """The number (or array) that the expression stands for; inf and NaN where it is not defined."""
    if tree.op == "":
        what = tree.args[0]
        return names[what] if isinstance(what, str) else what
    with np.errstate(all="ignore"):
        return RULES[tree.op].array(*(np.asarray(evaluate(a, names), float) for a in tree.args))


def _spelled(tree: Expression) -> Expression:
    """With n·xⁿ⁻¹ and x·log y written out, so that they can be edited like everything else."""
    if tree.op == "":
        return tree
    args = [_spelled(a) for a in tree.args]
    if tree.op == "power_slope":
        x, n = args
        return _node("mul", n, _node("power", x, _node("sub", n, number(1))))
    if tree.op == "xlogy":
        return _node("mul", args[0], _node("log", args[1]))
    return Expression(tree.op, tuple(args))


def _node(op: str, *args: Expression) -> Expression:
    return Expression(op, args)
