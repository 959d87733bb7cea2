"""The number of another step: h_t where h_{t-1} belongs, in a recurrent network or along a signal.

Each component of an argument that is used again and again meets another number at each use: U[i, j] meets h_{t-1}[j]
at step t. The numbers of a component, in the order of its uses, are a row; here they are moved along it by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from autograd.check.diagnosis.changes import Candidate
from autograd.check.diagnosis.graph import Change, Graph, Ints
from autograd.check.diagnosis.groups import Group, Groups
from autograd.check.problem import Array
from autograd.rules import RULES

COST = 1.9


@dataclass(frozen=True, slots=True)
class _Uses:
    """The uses of the components of an argument, first step first: component × step."""

    edges: Ints
    rows: Ints  # the sums that the products belong to
    others: Ints  # what the component is multiplied by, a place in `Graph.raw`; -1 for a constant


def other_steps(graph: Graph, groups: Groups) -> Iterator[Candidate]:
    """Every argument with the numbers of the next step, or of the one before, at each of its uses."""
    above: list[list[int]] = [[] for _ in graph.nodes]
    for e, d in enumerate(graph.dst.tolist()):
        above[d].append(e)
    for number in range(len(graph.problem.blocks)):
        uses = _uses_of(graph, groups, number, above)
        if uses is None:
            continue
        place = Group("slope", np.sort(uses.edges.ravel()), 0.5)
        right = graph.slope[uses.edges]
        outputs = _outputs(graph, uses, above)
        ends: list[tuple[str, list[Array | None]]] = [
            ("next", [np.zeros_like(right[:, 0]), right[:, 0], None if outputs is None else outputs]),
            ("previous", [np.zeros_like(right[:, 0]), right[:, -1]]),
        ]
        name = graph.problem.blocks[number].name
        for which, fills in ends:
            for fill in fills:
                if fill is None:
                    continue
                parts = [right[:, 1:], fill[:, None]] if which == "next" else [fill[:, None], right[:, :-1]]
                slopes = np.concatenate(parts, axis=1)
                if np.array_equal(slopes, right):
                    continue
                then = "t for t-1" if which == "next" else "t-1 for t"
                by = f"what {name} is multiplied by in the {which} step, not in this one (is it the index {then}?)"
                yield Candidate("wrong-point", place, _change(uses.edges, slopes), place.cost + COST, by=by)
        yield from _slopes_before(graph, uses, above)


def _uses_of(graph: Graph, groups: Groups, block: int, above: list[list[int]]) -> _Uses | None:
    found: list[list[tuple[int, int, int, int, int]]] = []
    for node in np.flatnonzero((groups.block == block) & graph.is_input).tolist():
        mine = []
        for e in above[node]:
            s, other = int(graph.src[e]), -1
            row = s
            if graph.nodes[s].op == "mul":
                other = graph.nodes[s].operands[1 - int(graph.slot[e])]
                if len(above[s]) != 1:
                    return None
                row = int(graph.src[above[s][0]])
            if graph.nodes[row].op != "sum":
                return None
            mine.append((-int(graph.level[row]), groups.order[row], e, row, other))
        if len({level for level, *_ in mine}) < len(mine):
            return None  # examples side by side, not one step after the other
        found.append(sorted(mine))
    if not found or len({len(f) for f in found}) != 1 or len(found[0]) < 2:
        return None
    table = np.array(found, np.int64)
    return _Uses(table[:, :, 2], table[:, :, 3], table[:, :, 4])


def _outputs(graph: Graph, uses: _Uses, above: list[list[int]]) -> Array | None:
    """What each component would be multiplied by one step after its last: h_T[j] for U[i, j]."""
    if (uses.others[:, -1] < 0).any():
        return None
    node_of = {n.raw: i for i, n in enumerate(graph.nodes) if n.raw >= 0}
    below = dict(zip(graph.src.tolist(), graph.dst.tolist(), strict=True))
    last: dict[int, int] = dict(zip(uses.rows[:, -2].tolist(), uses.rows[:, -1].tolist(), strict=True))
    out = []
    for other in uses.others[:, -1].tolist():
        node, ops = node_of.get(other), list[str]()
        while node is not None and node not in last:  # from h_{T-1}[j] down to its sum
            ops.append(graph.nodes[node].op)
            node = below.get(node) if len(graph.nodes[node].operands) == 1 else None
        if node is None:
            return None
        node = last[node]
        for op in reversed(ops):  # and from the sum of the last step up again
            users = [int(graph.src[e]) for e in above[node] if graph.nodes[graph.src[e]].op == op]
            if len(users) != 1:
                return None
            node = users[0]
        out.append(graph.value[node])
    return np.array(out)


def _slopes_before(graph: Graph, uses: _Uses, above: list[list[int]]) -> Iterator[Candidate]:
    """The slope of the activation above the sums, with the output of the step before."""
    tops: list[list[int]] = []
    for row in dict.fromkeys(map(tuple, uses.rows.tolist())):
        users = [above[r] for r in row]
        if any(len(u) != 1 for u in users):
            return
        tops.append([u[0] for u in users])
    edges = np.array(tops, np.int64)  # unit × step: from the output down to its sum
    ops = {graph.nodes[s].op for s in graph.src[edges].ravel().tolist()}
    if len(ops) != 1 or len(np.unique(edges)) != edges.size:
        return
    op = RULES.get(ops.pop())
    if op is None or op.arity != 1:
        return
    z, x = graph.value[graph.src[edges]], graph.value[graph.dst[edges]]
    for first in (np.zeros_like(z[:, :1]), z[:, -1:]):
        before = np.concatenate([first, z[:, :-1]], axis=1)
        at = np.concatenate([np.full_like(x[:, :1], np.nan), x[:, :-1]], axis=1)
        with np.errstate(all="ignore"):
            slopes = np.asarray(op.slope(0, before, [at]))
        if slopes.shape == z.shape and np.isfinite(slopes).all():
            place = Group("slope", np.sort(edges.ravel()), 0.5)
            by = f"the slope of {op.name} in the previous step, not in this one (is it the index t-1 for t?)"
            yield Candidate("wrong-point", place, _change(edges, slopes), place.cost + COST, by=by)


def _change(edges: Ints, slopes: Array) -> Change:
    flat = edges.ravel()
    order = np.argsort(flat)
    return Change(flat[order], slopes.reshape(len(flat), -1)[order])
