"""Flattening: one loop over all numbers of all rows, where a processor would stumble over the ends of short rows.

A processor takes four or eight numbers at a time. A row of 10 leaves two over, every time, and a function such as exp
costs as much for one number as for four. Where such a function is called, and everything it reads are whole rows, rows
are nothing but a way of counting: the loop runs over all m · n numbers. What does need the row and the column (a bias
that all rows share, a sum over the rows) is done before and after, in cheap loops of their own.

    for r in range(m):                              for r in range(m):
        for i in range(10):                             for i in range(10):
            x0 = t2[r, i] + P[2400 + i]      becomes        t3[r, i] = t2[r, i] + P[2400 + i]
            t4[r, i] = exp(x0)                      for k in range(m * 10):
                                                        t4_[k] = exp(t3_[k])
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

from autograd.compile.matrix.tensors import Elementwise, Expr, Number, Ref, Seed, Shape, Sum, Tensor
from autograd.compile.numba.fusing import Each, Item, Statement, refs


def flattened(
    statement: Statement, heavy: Collection[str], temporary: Callable[[Shape, bool], Ref]
) -> Sequence[Statement]:
    """The statement, or an equal loop in up to three parts, of which the middle one is flat.

    heavy      the names of the operations that are worth it
    temporary  makes memory for a result of this shape, (if so) one for every example
    """
    if not isinstance(statement, Each) or not statement.batched or not statement.shape:
        return [statement]
    if not any(_calls(item.value, heavy) for item in statement.items):
        return [statement]
    parts = _Parts(statement, heavy, temporary)
    for item in statement.items:
        parts.add(item)
    return parts.statements()


class _Parts:
    """Three lists of items. An item goes to the first part that comes after all that it reads."""

    def __init__(self, each: Each, heavy: Collection[str], temporary: Callable[[Shape, bool], Ref]) -> None:
        self.shape, self.heavy, self.temporary = each.shape, heavy, temporary
        self.items: tuple[list[Item], list[Item], list[Item]] = ([], [], [])
        self.read: dict[int, int] = {}  # by tensor: the last part that reads it
        self.made: dict[int, int] = {}  # and the last one that writes it

    def add(self, item: Item) -> None:
        """Sort in an item: its heavy functions into the flat part, with what they need before it."""
        value = self.split(item.value)
        target = item.target
        wide = target is not None and (item.over_batch or not self.is_flat(target))
        least = self.after(value)
        if target is not None:
            least = max(least, self.after(target), self.read.get(id(target.tensor), 0))
        if wide or least == 2:
            part = 2
        elif self.is_flat(value):
            part = 1
        else:
            part = 0 if least == 0 else 2
        if part == 0 and target is None:
            part = 2
        self.put(part, replace(item, value=value))

    def put(self, part: int, item: Item) -> None:
        """An item, as the last of a part."""
        self.items[part].append(item)
        for tensor in _tensors(item.value):
            self.read[tensor] = max(part, self.read.get(tensor, 0))
        if item.target is not None:
            self.made[id(item.target.tensor)] = part

    def after(self, e: Expr) -> int:
        """The last of the parts in which something was made that this reads."""
        return max((self.made.get(tensor, 0) for tensor in _tensors(e)), default=0)

    def split(self, e: Expr) -> Expr:
        """The expression; heavy functions in it that stand beside other things are computed in the flat part."""
        if self.is_flat(e) and self.after(e) < 2:
            return e
        if isinstance(e, Sum):
            terms = [(c, self.split(x)) for c, x in e.terms]
            return replace(e, terms=terms, constant=None if e.constant is None else self.split(e.constant))
        if not isinstance(e, Elementwise):
            return e
        args = tuple(self.split(x) for x in e.args)
        e = replace(e, args=args)
        if e.op.name not in self.heavy or not self.is_full(e) or self.after(e) == 2:
            return e
        if any(not self.is_flat(x) and (self.after(x) > 0 or not self.is_full(x)) for x in args):
            return e
        flat = replace(e, args=tuple(x if self.is_flat(x) else self.kept(0, x) for x in args))
        return self.kept(1, flat)

    def kept(self, part: int, e: Expr) -> Ref:
        """Memory that holds the value of this expression, computed in this part."""
        ref = self.temporary(self.shape, True)
        self.put(part, Item(ref, e))
        return ref

    def is_full(self, e: Expr) -> bool:
        """Whether there is one number of it for every row and column."""
        return e.batched and tuple(n for n in e.shape if n > 1) == self.shape

    def is_flat(self, e: Expr) -> bool:
        """Whether the k-th number of it is made of the k-th numbers of what it reads."""
        if isinstance(e, Ref):
            return self.is_full(e) and e.whole
        if isinstance(e, Number | Seed):
            return True
        if isinstance(e, Elementwise):
            return all(self.is_flat(x) for x in e.args)
        if isinstance(e, Sum):
            return all(self.is_flat(x) for _, x in e.terms) and (e.constant is None or self.is_flat(e.constant))
        return False

    def statements(self) -> list[Statement]:
        """The loops, without those that turned out to be empty."""
        return [_loop(self.shape, items, flat=part == 1) for part, items in enumerate(self.items) if items]


def _loop(shape: Shape, items: list[Item], *, flat: bool) -> Each:
    """A loop over the rows and these columns, of several items."""
    reads: list[Ref | Tensor] = []
    writes: list[Ref] = []
    for item in items:
        reads += refs(item.value)
        if item.target is not None:
            reads += [item.target] * item.add
            writes.append(item.target)
    return Each([], reads, writes, True, shape, items, flat)


def _tensors(e: Expr) -> Iterator[int]:
    for x in refs(e):
        yield id(x if isinstance(x, Tensor) else x.tensor)


def _calls(e: Expr, heavy: Collection[str]) -> bool:
    if isinstance(e, Elementwise):
        return e.op.name in heavy or any(_calls(x, heavy) for x in e.args)
    if isinstance(e, Sum):
        return any(_calls(x, heavy) for _, x in e.terms) or (e.constant is not None and _calls(e.constant, heavy))
    return False
