"""Nodes: which scalar nodes get a column of their own in a matrix program.

Every sum is written as a linear form, so that it does not matter how it was added up: products Σ u_k·v_k, single
terms, a constant. What is part of one longer sum gets no column.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from autograd import rules
from autograd.compile.linear import form, is_sum, uses
from autograd.compile.matrix.shared_sums import written_out
from autograd.compile.record import Recording
from autograd.op import Op

Factor = int | float  # a slot, or a constant


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
    for slot in written_out(r, count, added, weighted):
        count[slot] = 1
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
