"""Fusing: which loops can be done together.

A `Statement` is some lines, and what they read and write; an `Each` is a loop over rows and columns. A loop joins an
earlier one over the same rows and columns, ahead of the statements in between, if nobody can tell the difference:

- none of these writes what it reads, or reads or writes what it writes;
- what the earlier loop makes, it reads at the same row and column only, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from autograd.compile.matrix.tensors import Along, Elementwise, Expr, Gather, Largest, Product, Ref, Shape, Sum, Tensor

AHEAD = 12  # how many statements a loop may be moved forward, to be joined with an earlier one

Place = tuple[int, int, tuple[tuple[int, int], ...]]  # tensor, offset, (length, stride) of each axis


def place(ref: Ref) -> Place:
    """Equal for views of the same columns in the same order, whatever axes of length 1 they have."""
    axes = zip(ref.shape, ref.strides, strict=True)
    return id(ref.tensor), ref.offset, tuple((n, s) for n, s in axes if n > 1)


@dataclass(eq=False)
class Item:
    """One line of a loop: ``target = value``, ``target += value``, or a part of the value of E: ``total += value``.

    `over_batch`: the target has one row for all examples, and the lines of all of them are added up in it.
    """

    target: Ref | None
    value: Expr
    add: bool = False
    over_batch: bool = False
    total: str = ""


@dataclass(eq=False)
class Statement:
    """Lines, and which tensors they read and write."""

    lines: list[str] = field(default_factory=list)
    reads: list[Ref | Tensor] = field(default_factory=list)
    writes: list[Ref] = field(default_factory=list)


@dataclass(eq=False)
class Each(Statement):
    """A loop over the examples (if `batched`) and over the columns, whose items can be done one after the other.

    `flat`: over the numbers of all rows, without telling where a row ends. It reads and writes whole rows only.
    """

    batched: bool = False
    shape: Shape = ()
    items: list[Item] = field(default_factory=list)
    flat: bool = False


def fused(statements: Sequence[Statement]) -> list[Statement]:
    """The statements, in order, with each loop joined to the first one that it can be done together with."""
    rest = list(statements)
    done: list[Statement] = []
    while rest:
        first = rest.pop(0)
        done.append(first)
        if not isinstance(first, Each):
            continue
        skipped: list[Statement] = []
        k = 0
        while k < len(rest) and len(skipped) <= AHEAD:
            other = rest[k]
            if isinstance(other, Each) and _joins(first, other, skipped):
                first.items += other.items
                first.reads += other.reads
                first.writes += other.writes
                del rest[k]
            else:
                skipped.append(other)
                k += 1
    return done


def readers(statements: Sequence[Statement]) -> dict[int, set[int]]:
    """For each tensor (by its id) the statements (by theirs) that read it."""
    found: dict[int, set[int]] = {}
    for statement in statements:
        for x in statement.reads:
            found.setdefault(id(x if isinstance(x, Tensor) else x.tensor), set()).add(id(statement))
    return found


def refs(e: Expr) -> Iterator[Ref | Tensor]:
    """What an expression reads."""
    if isinstance(e, Ref):
        yield e
    elif isinstance(e, Gather):
        yield e.tensor
    elif isinstance(e, Elementwise):
        for x in e.args:
            yield from refs(x)
    elif isinstance(e, Sum):
        for _, x in e.terms:
            yield from refs(x)
        if e.constant is not None:
            yield from refs(e.constant)
    elif isinstance(e, Product):
        yield from refs(e.a)
        yield from refs(e.b)
    elif isinstance(e, Along | Largest):
        yield from refs(e.x)


def _joins(first: Each, other: Each, between: list[Statement]) -> bool:
    """Whether `other` can be done in the loop of `first`, ahead of the statements in between."""
    if (first.batched, first.shape) != (other.batched, other.shape):
        return False
    for statement in between:
        if _meet(other.reads, statement.writes) or _meet(other.writes, [*statement.reads, *statement.writes]):
            return False
    stored = {place(item.target) for item in first.items if item.target is not None and not item.over_batch}
    for x in other.reads:  # what the loop has just made is read at the same index
        made = _meet([x], first.writes)
        if made and (isinstance(x, Tensor) or place(x) not in stored or not _meet_only(x, first.writes)):
            return False
    for x in other.writes:
        touched = [y for y in [*first.reads, *first.writes] if _meet([x], [y])]
        if any(isinstance(y, Tensor) or place(y) != place(x) for y in touched):
            return False
    sums = {place(item.target) for item in [*first.items, *other.items] if item.target is not None and item.over_batch}
    plain = {place(y) for y in [*first.reads, *other.reads] if isinstance(y, Ref)}
    return not sums & (stored | plain)


def _meet(some: Sequence[Ref | Tensor], others: Sequence[Ref | Tensor]) -> bool:
    """Whether any of these look at a column that any of those look at, too."""
    for x in some:
        for y in others:
            a, b = (x if isinstance(x, Tensor) else x.tensor), (y if isinstance(y, Tensor) else y.tensor)
            if a is b and (isinstance(x, Tensor) or isinstance(y, Tensor) or _overlap(x, y)):
                return True
    return False


def _overlap(x: Ref, y: Ref) -> bool:
    ends = []
    for ref in (x, y):
        reach = [(n - 1) * s for n, s in zip(ref.shape, ref.strides, strict=True)]
        ends.append((ref.offset + sum(min(0, d) for d in reach), ref.offset + sum(max(0, d) for d in reach)))
    near = ends[0][0] <= ends[1][1] and ends[1][0] <= ends[0][1]
    return near and bool(np.isin(x.columns(), y.columns()).any())


def _meet_only(x: Ref, writes: Sequence[Ref]) -> bool:
    return all(place(y) == place(x) for y in writes if _meet([x], [y]))
