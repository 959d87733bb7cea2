"""Nodes: which scalar nodes get a column of their own in a matrix program.

Every sum is written as a linear form, so that it does not matter how it was added up: products Σ u_k·v_k, single
terms, a constant. What is part of one longer sum gets no column.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from autograd import rules
from autograd.compile.linear import form, is_sum, uses
from autograd.compile.record import Recording
from autograd.op import Op

Factor = int | float  # a slot, or a constant
SHORT = 16  # terms of a sum that may be written out more than once,
TWICE = 3  # if that makes no more than so many times as many terms


@dataclass
class Node:
    """A scalar node that gets a column of its own."""

    slot: int
    op: Op
    args: tuple[int, ...] = ()
    products: list[tuple[float, Factor, Factor]] = field(default_factory=list)
    singles: list[tuple[float, int]] = field(default_factory=list)
    constant: float = 0.0
    level: int = 0

    @property
    def is_sum(self) -> bool:
        """A linear form?"""
        return self.op is rules.total

    def operands(self) -> Iterable[int]:
        """The slots it is made from."""
        yield from self.args
        for _, u, v in self.products:
            for x in (u, v):
                if isinstance(x, int):
                    yield x
        for _, x in self.singles:
            yield x


def nodes_of(recording: Recording) -> dict[int, Node]:
    """The nodes that get a column, by slot, in order."""
    r, count, added = recording, uses(recording), _only_added(recording)
    weighted = _weighted(r, added)
    _write_out(r, count, added, weighted)
    needed = [False] * len(r)
    for result in (r.root, r.penalty):
        if result is not None:
            needed[result] = True
    found: dict[int, Node] = {}
    for slot in range(len(r) - 1, -1, -1):
        if needed[slot] and r.args[slot]:
            plain = not is_sum(r, slot)
            node = Node(slot, r.ops[slot], r.args[slot]) if plain else _sum_node(r, slot, count, weighted)
            found[slot] = node
            for x in node.operands():
                needed[x] = True
    nodes = dict(reversed(found.items()))
    for node in nodes.values():
        node.level = 1 + max((nodes[x].level if x in nodes else 0 for x in node.operands()), default=0)
    return nodes


def _only_added(r: Recording) -> set[int]:
    """What is used in sums and in nothing else."""
    others = {r.root, r.penalty}
    for i, args in enumerate(r.args):
        n = len(args) // 2 if r.ops[i] is rules.dot else 0
        if n or not is_sum(r, i):
            others.update(args[:n] + args[-n:] if n else args)
    return {i for i in range(len(r)) if i not in others}


def _weighted(r: Recording, added: set[int]) -> set[int]:
    """Products of what all examples share and what they do not that are only added up, in whatever many sums.

    They are no nodes of their own: where weights repeat, as in a Toeplitz matrix, the sums are matrix products.
    """
    batched = r.batched()
    return {
        i
        for i in added
        if r.ops[i] is rules.mul and not is_sum(r, i) and batched[r.args[i][0]] != batched[r.args[i][1]]
    }


def _write_out(r: Recording, count: list[int], added: set[int], weighted: set[int]) -> None:
    """Short sums that are used more than once, but only in sums, are written out in each of them: `count` is made 1.

    Sums over neighbours begin alike, and so share their beginnings; but only whole sums are rows of one matrix. For
    the same reason c_1·x and c_2·x are written out, where there are several multiples of one x, or x is a product.
    All terms must be equally deep: what a step of an iteration adds to what was there before is no part of a matrix.
    """
    multiples = Counter(_base(r, i) for i in added if r.ops[i] is rules.mul and is_sum(r, i))
    depths = _depths(r)
    length: dict[int, float] = {}  # how many terms a sum has when those in it are written out; inf if it must not be
    for i in sorted(added):
        if not is_sum(r, i):
            continue
        base = _base(r, i) if r.ops[i] is rules.mul else -1
        if count[i] > 1 and count[base] == 1 and length.get(base) == math.inf:
            count[base] = 2  # a column of x, not of c·x
            multiples[base] = 2
        terms: list[float] = []
        for x in r.args[i]:
            if (_is_product(r, x) and (count[x] == 1 or x in weighted)) or depths[x] < depths[i]:
                terms.append(math.inf)
            elif x in length and count[x] == 1:
                terms.append(length[x])
            elif x not in r.constants:
                terms.append(1)
        n = length[i] = math.inf if r.ops[i] is rules.dot else sum(terms)
        alone = base >= 0 and multiples[base] == 1
        if count[i] > 1 and not alone and n <= SHORT and n * count[i] <= TWICE * (n + count[i]):
            count[i] = 1


def _depths(r: Recording) -> list[float]:
    """How many operations that are no sums lie below each slot, one above the other; inf for a constant."""
    result: list[float] = []
    for i, args in enumerate(r.args):
        below = max((result[x] for x in args if x not in r.constants), default=0.0)
        plain = bool(args) and (not is_sum(r, i) or r.ops[i] is rules.dot)
        result.append(math.inf if i in r.constants else below + plain)
    return result


def _is_product(r: Recording, slot: int) -> bool:
    """Whether this is a part of a matrix product: also a parameter times a constant, which is a number of the data."""
    if r.ops[slot] is rules.mul:
        return not is_sum(r, slot) or _base(r, slot) in r.parameters
    return r.ops[slot] is rules.dot


def _base(r: Recording, slot: int) -> int:
    """x, of c·x."""
    x, y = r.args[slot]
    return y if x in r.constants else x


def _sum_node(r: Recording, slot: int, count: list[int], weighted: set[int]) -> Node:
    (terms, constant), dots = form(r, slot, count)
    products: dict[tuple[Factor, Factor], float] = {}
    singles: dict[int, float] = {}
    for c, t in terms:
        if r.ops[t] is rules.mul and (count[t] == 1 or t in weighted):
            u, v = r.args[t]
            dots.append((c, u, v))
        else:
            singles[t] = singles.get(t, 0.0) + c
    for c, u, v in dots:
        pair = (v, u) if (v, u) in products else (u, v)
        products[pair] = products.get(pair, 0.0) + c
    listed = [(c, u, v) for (u, v), c in products.items()]
    return Node(slot, rules.total, (), listed, [(c, t) for t, c in singles.items()], constant)
