"""Mixing: sums over parts of one tensor, each with constants of its own, as one matrix product.

A graph network averages over the neighbours of each node, and every node has its own number of them; smoothing, finite
differences and interpolation have other weights near a border. Sums of different lengths, or with different constants,
would be an array each. With a 0 for every part that a sum does not have, they are one matrix product:

    Z = C H,    z_ik = Σ_j c_ij h_jk

The sums that share no part with each other (here: those of different k) are found first. Those with the same C become
the columns of one product.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograd.compile.matrix.nodes import Node
from autograd.compile.matrix.sums import Sums
from autograd.compile.matrix.tensors import Expr, Product, Shape, Table, Tensor

FEW = 3  # different rows of constants that may be arrays of their own
LARGEST = 1 << 22  # numbers in one C
ROWS = 32  # examples, where there is a batch
ENTRY, TERM, ARRAY = 0.2, 4.0, 5_000.0  # nanoseconds, forward and backward: of a number in C, of a term, of an array


@dataclass
class Mixture:
    """A sum: Σ weights[x] · x over parts x of one tensor, and what else it adds."""

    node: Node
    weights: dict[int, float]
    rest: Node


@dataclass
class Mix:
    """Mixtures that share parts: row i of the matrix belongs to the i-th of them, column j to the j-th part."""

    rows: list[Mixture]
    parts: list[int]
    matrix: np.ndarray[Any, Any]


def mix(grouper: Sums, nodes: Iterable[Node]) -> set[int]:
    """Make tensors of the mixtures among the nodes of one level; the slots that this was done for are returned."""
    families: dict[Any, list[Mixture]] = {}
    for node in nodes:
        found = _mixture(grouper, node)
        if found is not None:
            tensor, mixture, others = found
            key = tensor, others, grouper.is_batched[node.slot], node.slot in grouper.r.held
            families.setdefault(key, []).append(mixture)
    done: set[int] = set()
    for (tensor, *_), members in families.items():
        different = {tuple(m.weights[x] for x in sorted(m.weights, key=grouper.column)) for m in members}
        if len(different) <= FEW:
            continue
        apart = _apart(grouper, members)
        sizes = [len(rows) * len({x for m in rows for x in m.weights}) for rows in apart]
        if max(sizes) > LARGEST:
            continue
        alike = min((_mixes(grouper, apart, canonical) for canonical in (False, True)), key=len)
        terms = sum(len(m.weights) for m in members)
        times = ROWS if tensor.batched else 1
        cost = len(alike) * ARRAY + sum(sizes) * times * ENTRY
        if 2 * len(alike) <= len(different) and cost <= len(different) * ARRAY + terms * times * TERM:
            for mixes in alike:
                _assign(grouper, tensor, mixes)
            done.update(m.node.slot for m in members)
    return done


def _mixture(grouper: Sums, node: Node) -> tuple[Tensor, Mixture, Any] | None:
    """The tensor that most single terms are of, the node as a mixture of its parts, the kinds of its other terms."""
    by_tensor: dict[Tensor, dict[int, float]] = {}
    for c, x in node.singles:
        tensor = grouper.tensor(x)
        if tensor is not None:
            by_tensor.setdefault(tensor, {})[x] = c
    if not by_tensor:
        return None
    tensor = max(by_tensor, key=lambda t: (len(by_tensor[t]), grouper.order[t]))
    weights = by_tensor[tensor]
    rest = replace(node, singles=[(c, x) for c, x in node.singles if x not in weights])
    others: set[Any] = set()
    for key, _, _ in grouper.terms(rest):
        if key in others:
            return None  # a longer sum, such as a layer's
        others.add(key)
    return tensor, Mixture(node, weights, rest), tuple(sorted(others))


def _apart(grouper: Sums, members: list[Mixture]) -> list[list[Mixture]]:
    """The mixtures by the parts that they share, directly or through others."""
    above: dict[int, int] = {}  # from a part towards one that stands for all that it goes together with

    def top(x: int) -> int:
        while above[x] != x:
            above[x] = x = above[above[x]]
        return x

    for m in members:
        first, *others = m.weights
        for x in (first, *others):
            above.setdefault(x, x)
        for x in others:
            above[top(x)] = top(first)
    together: dict[int, list[Mixture]] = {}
    for m in members:
        together.setdefault(top(next(iter(m.weights))), []).append(m)
    return sorted(together.values(), key=lambda rows: min(grouper.column(x) for m in rows for x in m.weights))


def _mixes(grouper: Sums, apart: list[list[Mixture]], canonical: bool) -> list[list[Mix]]:
    """Their matrices; those that are the same together. The rows are in the order of what else is added, then in that
    in which they were met, or in one that depends on the numbers only.
    """
    found: dict[Any, list[Mix]] = {}
    for rows in apart:
        parts = sorted({x for m in rows for x in m.weights}, key=grouper.column)
        column = {x: j for j, x in enumerate(parts)}
        matrix = np.zeros((len(rows), len(parts)))
        for row, m in zip(matrix, rows, strict=True):
            for x, c in m.weights.items():
                row[column[x]] = c

        def key(i: int, rows: list[Mixture] = rows, matrix: Any = matrix) -> Any:
            others = [grouper.place(x) for x in rows[i].rest.operands()]
            return others, tuple(matrix[i]) if canonical else rows[i].node.slot

        order = sorted(range(len(rows)), key=key)
        matrix = matrix[order]
        alike = found.setdefault((matrix.shape, matrix.tobytes()), [])
        alike.append(Mix([rows[i] for i in order], parts, alike[0].matrix if alike else matrix))
    return list(found.values())


def _assign(grouper: Sums, tensor: Tensor, mixes: list[Mix]) -> None:
    """One tensor of all of these: C H, or where the parts of each lie in a row, H Cᵀ."""
    table = Table(mixes[0].matrix)
    n, (rows, parts) = len(mixes), table.values.shape
    operand = grouper.operand_at(tensor, np.array([grouper.column(x) for m in mixes for x in m.parts]), (n, parts))
    members = [m for mix in mixes for m in mix.rows]
    a: Expr = operand
    b: Expr = table
    shape: Shape = (n, rows)
    if not tensor.batched and n > 1 and operand.strides[0] < operand.strides[1]:
        members = [mix.rows[i] for i in range(rows) for mix in mixes]
        a, b, shape = table, operand, (rows, n)
    if 1 in shape:
        shape = (n * rows,)
    rest = [m.rest for m in members]
    total = grouper.sum_of(rest, grouper.blocks(rest), shape, 0, 0)
    total.terms.insert(0, (1.0, Product(a, b, "z", shape, total.batched)))
    grouper.assign(rest, total, shape)
    grouper.mixed = True
