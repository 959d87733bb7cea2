"""Padding: sums that lack some terms, made as long as the others with zeros.

A convolution with padded borders, written as ``sum(k * x for … if inside)``, has fewer terms at the border; a row of a
triangular matrix, or one without its diagonal, has fewer than a full row. Sums of different lengths would be a matrix
each. Here they are completed:

    with zeros for the numbers of the example, where the weights are those of a longer sum (a convolution),
    with zeros for the weights, where the sums are over parts of the same numbers (a triangle, all but one).

Then they are one matrix product, of a copy of the numbers (or the weights) that is multiplied by a mask of 1 and 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from autograd import rules
from autograd.compile.matrix.nodes import Factor, Node
from autograd.compile.matrix.sums import FULL, Sums
from autograd.compile.matrix.tensors import Assign, Elementwise, Table, Tensor, whole

Key = tuple[int, int, float]
Pairs = dict[Factor, Factor]


def pad(grouper: Sums, nodes: Iterable[Node]) -> None:
    """Complete the sums among the nodes of one level, in place."""
    sums = [node for node in nodes if node.is_sum and node.products and grouper.is_batched[node.slot]]
    if len({len(node.products) for node in sums}) < 2 and _share_numbers(grouper, sums[:2]):
        return  # as in a layer
    families: dict[Any, list[Node]] = {}
    terms: dict[int, dict[Key, list[tuple[Factor, Factor | None]]]] = {}
    for node in sums:
        found: dict[Key, list[tuple[Factor, Factor | None]]] = {}
        for key, u, v in grouper.terms(node):
            found.setdefault(key, []).append((u, v))
        main = max((k for k in found if k[1] != -2), key=lambda k: (len(found[k]), k))
        others = tuple(sorted((k, len(t)) for k, t in found.items() if k != main))
        terms[node.slot] = found
        families.setdefault((main, others, node.slot in grouper.r.held), []).append(node)
    for (main, _, _), members in families.items():
        pairs = [terms[node.slot][main] for node in members]
        left, right = pairs[0][0]
        if len(members) < 2 or right is None or grouper.is_shared(left) or not grouper.is_shared(right):
            continue
        if any(len({v for _, v in p}) < len(p) or len({u for u, _ in p}) < len(p) for p in pairs):
            continue  # a number or a weight that occurs twice
        _pad_family(grouper, main, members, [dict(p) for p in pairs])  # type: ignore[arg-type]


def _share_numbers(grouper: Sums, nodes: Sequence[Node]) -> bool:
    """Whether these sums are over the same numbers of the example."""
    factors = [{x for _, u, v in node.products for x in (u, v) if not grouper.is_shared(x)} for node in nodes]
    return all(f == factors[0] for f in factors)


def _pad_family(grouper: Sums, main: Key, nodes: list[Node], pairs: list[Pairs]) -> None:
    """Complete sums of the same tensors. `pairs`: for each of them its numbers, with the weight of each."""
    by_weight = [{v: u for u, v in p.items()} for p in pairs]
    longest = max(map(len, pairs))
    if min(map(len, pairs)) < longest:
        whole_rows = list({tuple(sorted(b, key=grouper.place)): 0 for b in by_weight if len(b) == longest})
        of = {w: row for row in reversed(whole_rows) for w in row}
        rows = [of.get(next(iter(b))) for b in by_weight]
        if all(row is not None and b.keys() <= set(row) for row, b in zip(rows, by_weight, strict=True)):
            if sum(map(len, pairs)) >= FULL * len(pairs) * longest:
                numbers = _masked(
                    grouper, [[b.get(w) for w in row or ()] for row, b in zip(rows, by_weight, strict=True)]
                )
                for node, row, x in zip(nodes, rows, numbers, strict=True):
                    _replace(grouper, node, main, zip(x, row or (), strict=True))
            return
    every = sorted({u for p in pairs for u in p}, key=grouper.place)
    if all(len(p) == len(every) for p in pairs) or len({tuple(p) for p in pairs}) < len(pairs) / 2:
        return
    if sum(map(len, pairs)) >= FULL * len(pairs) * len(every):
        weights = _masked(grouper, [[p.get(u) for u in every] for p in pairs])
        for node, w in zip(nodes, weights, strict=True):
            _replace(grouper, node, main, zip(every, w, strict=True))


def _masked(grouper: Sums, rows: Sequence[Sequence[Factor | None]]) -> Sequence[Sequence[Factor]]:
    """These rows of factors with zeros where there is None: constants, or the slots of a tensor of their own."""
    if all(x is None or grouper.tensor(x) is None for row in rows for x in row):  # constants
        grouper.mixed = True
        return [[0.0 if x is None else x for x in row] for row in rows]
    different = list(dict.fromkeys(map(tuple, rows)))
    mask = np.array([[0.0 if x is None else 1.0 for x in row] for row in different])
    index = np.array([[-1.0 if x is None else grouper.column(x) for x in row] for row in different])
    source = grouper.tensor(next(x for row in different for x in row if x is not None))
    assert source is not None
    operand = grouper.operand_at(source, _filled(index, mask > 0, source.size), mask.shape)
    masked = Tensor("node", mask.size, source.batched, mask.shape)
    grouper.forward.append(
        Assign(whole(masked), Elementwise(rules.mul, (operand, Table(mask)), mask.shape, source.batched))
    )
    grouper.order[masked] = len(grouper.order)
    slots = {row: grouper.new_slots(masked, k * mask.shape[1], mask.shape[1]) for k, row in enumerate(different)}
    return [slots[tuple(row)] for row in rows]


def _filled(index: np.ndarray[Any, Any], there: np.ndarray[Any, Any], size: int) -> np.ndarray[Any, Any]:
    """Columns for the places that are masked: such that all are a view, if they can be; any others do as well."""
    i, j = np.nonzero(there)
    plane = np.linalg.lstsq(np.column_stack([i, j, np.ones(len(i))]), index[there], rcond=None)[0]
    rows, columns = np.indices(index.shape)
    view: np.ndarray[Any, Any] = np.rint(plane[0] * rows + plane[1] * columns + plane[2])
    if (view[there] == index[there]).all() and view.min() >= 0 and view.max() < size:
        return view
    first = index[np.arange(len(index)), there.argmax(axis=1)]
    filled: np.ndarray[Any, Any] = np.where(there, index, first[:, None])
    return filled


def _replace(grouper: Sums, node: Node, main: Key, pairs: Iterable[tuple[Factor, Factor]]) -> None:
    others = [p for p in node.products if grouper.key_of(p) != main]
    node.products = [*others, *((main[2], u, v) for u, v in pairs)]
