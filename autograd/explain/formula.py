"""The formulas of a step: how a value is computed, and the chain rule for each contribution.

A formula is a row of pieces: signs ("=", "+=", "·"), partial derivatives, and expressions of names and numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from autograd import expression
from autograd.expression import Expression, symbol
from autograd.op import SumOp, find
from autograd.trace import Argument, Contribution, Record

LOCAL = 4  # where in a line of the chain rule its last factor stands, the slope
MANY = 4  # terms of a sum that are written out; of more, the first few


@dataclass(frozen=True, slots=True)
class Partial:
    """∂top/∂bottom. Where that could mean two things, `place` says along which one: "1st {}" of x · x, or "{} here"."""

    top: str
    bottom: str
    place: str = ""


Piece = str | Partial | Expression
Formula = tuple[Piece, ...]


def of(record: Record, root: str, uses: Callable[[str], int]) -> tuple[Formula, ...]:
    """The formulas of a step: how the value is computed, or one line of the chain rule for each contribution.

    `uses` says in how many places a name is used.
    """
    if record.phase == "forward":
        return (_forward(record),)
    start: tuple[Formula, ...] = ((Partial(root, root), "=", expression.number(1.0)),) if record.node == root else ()
    places = _places(record, root, uses)
    return start + tuple(_chain_rule(record, c, root, places[c.position]) for c in record.contributions)


def _forward(record: Record) -> Formula:
    result = expression.number(record.value)
    if not record.args:
        return (symbol(record.node), "=", result)
    named = made_of(record.rule, [_shown(a) for a in record.args])
    numbers = made_of(record.rule, [expression.number(a.value) for a in record.args])
    if record.rule == "copy" or numbers in (named, result, -expression.number(abs(record.value))):  # z = -x = -2
        return (symbol(record.node), "=", named, "=", result)
    return (symbol(record.node), "=", named, "=", numbers, "=", result)


def _chain_rule(record: Record, c: Contribution, root: str, place: str) -> Formula:
    """∂E/∂w += ∂E/∂s · ∂s/∂w = upstream · slope = amount."""
    upstream = expression.number(math.nan if record.upstream is None else record.upstream)
    return (
        Partial(root, c.to), "+=", Partial(root, record.node), "·", Partial(record.node, c.to, place),
        "=", upstream, "·", expression.number(c.slope), "=", expression.number(c.amount),
    )  # fmt: skip


def slope(record: Record, c: Contribution, line: Formula) -> Formula:
    """∂s/∂w = x = 2: the rule, called with names, prints itself. Empty if the rule is a number, which says it all.

    `line` is the line of the chain rule in which ∂s/∂w stands.
    """
    args = [_shown(a) for a in record.args]
    rule = find(record.rule).slope(c.position, symbol(record.node), args)
    if not isinstance(rule, Expression) or not _has_name(rule):
        return ()
    return (line[LOCAL], "=", rule, "=", expression.number(c.slope))


def _places(record: Record, root: str, uses: Callable[[str], int]) -> dict[int, str]:
    """For each contribution, by its position, what tells its slope from others that ∂/∂x could mean; mostly nothing.

    An argument that stands there more than once has a slope for each place, counted as it is read: w · x + b · w. And
    the slope of E itself along an x that is used elsewhere, too, is not yet the ∂E/∂x that comes out at the end.
    """
    op, order = find(record.rule), range(len(record.args))
    if isinstance(op, SumOp):
        pairs, offset = op.operands(order)
        read = [i for pair in pairs for i in pair] + ([] if offset is None else [offset])
    else:
        read = list(order)
    to = {c.position: c.to for c in record.contributions}
    met: dict[str, list[int]] = {}
    for position in read:
        if position in to:
            met.setdefault(to[position], []).append(position)
    places = dict.fromkeys(to, "")
    for name, same in met.items():
        if len(same) > 1:
            places.update({i: f"{_ordinal(k)} {{}}" for k, i in enumerate(same, 1)})
        elif record.node == root and uses(name) > 1:
            places[same[0]] = "{} here"
    return places


def _ordinal(n: int) -> str:
    """1st, 2nd, 3rd, 4th, …, 11th, …"""
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"


def _has_name(tree: Expression) -> bool:
    return any(map(_has_name, tree.args)) if tree.op else isinstance(tree.args[0], str)


def _shown(argument: Argument) -> Expression:
    return symbol(argument.name) if argument.name else expression.number(argument.value)


def made_of(rule: str, args: Sequence[Expression]) -> Expression:
    """The operation of these arguments. A sum of many terms is written out, a long one with dots."""
    op = find(rule)
    if not isinstance(op, SumOp):
        return Expression(rule, tuple(args))
    pairs, offset = op.operands(args)
    terms = [pair[0] if len(pair) == 1 else Expression(op.term.name, pair) for pair in pairs]
    if len(terms) > MANY:
        terms = [*terms[: MANY - 2], symbol("…"), terms[-1]]
    if offset is not None:
        terms.append(offset)
    result = terms[0] if terms else expression.number(0.0)
    for term in terms[1:]:
        result = result + term
    return result
