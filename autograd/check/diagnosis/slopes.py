"""A slope that is in no table of mistakes: solved for, then given a name.

The gradient is linear in the slopes of one place. So the slopes that the student must have used are the solution of
linear equations, one for each component; if there are fewer slopes than components and the equations can be met at all
points, the mistake is there. What remains is to recognise the numbers as a formula in what the operation
sees: its result z and its arguments x and y.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product as pairs

import numpy as np

from autograd.check.diagnosis.changes import Candidate
from autograd.check.diagnosis.effects import NOTHING, gradients
from autograd.check.diagnosis.fit import Fit, ratio
from autograd.check.diagnosis.graph import Change, Graph
from autograd.check.diagnosis.groups import Group, Groups
from autograd.check.problem import Array, Block, Kind
from autograd.check.wrong_slopes import WrongSlope, evaluate
from autograd.expression import Expression, number, symbol

NODES = 3000  # whose values a factor is compared with
MOST = 48  # slopes that are solved for at once
SAMPLES = 48  # numbers that a formula is compared with
UNNAMED = "no formula that I know"
FUNCTIONS = ("exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "abs", "sign", "step")


def solved(graph: Graph, places: Iterable[Group], fit: Fit) -> Iterator[tuple[Candidate, bool]]:
    """Places where some slopes give the student's gradient, and whether they were recognised as a formula."""
    for group in places:
        if graph.is_late:
            return
        sources = graph.src[group.edges]
        ops = {graph.nodes[s].op for s in sources.tolist()}
        slots = set(graph.slot[group.edges].tolist())
        count = len(group.edges)
        if len(ops) > 1 or ops == {"sum"} or len(slots) > 1 or count > min(MOST, graph.exact.shape[1]):
            continue
        if group.role == "into" or np.ptp(graph.level[sources]) > 0:
            continue
        solution = _solve(graph, group, fit)
        if solution is None:
            continue
        slopes, says_something = solution
        numbers = graph.operands(group.edges)
        names = {"z": graph.value[sources], **dict(zip("xyuv", numbers, strict=False))}
        flat = {n: np.ravel(v)[:SAMPLES] for n, v in names.items()}
        formula = recognised(np.ravel(slopes)[:SAMPLES], flat)
        if formula is not None:
            exact = np.broadcast_to(evaluate(formula, names), slopes.shape)
            cost = 2.4 + 0.1 * _size(formula)
            wrong = WrongSlope("wrong-slope", formula, cost)
            yield Candidate("wrong-slope", group, Change(group.edges, exact), group.cost + cost, slope=wrong), True
        elif says_something:
            wrong = WrongSlope("wrong-slope", symbol("…"), 3.0, UNNAMED)
            yield Candidate("wrong-slope", group, Change(group.edges, slopes), group.cost + 3.0, slope=wrong), False


def quantities(graph: Graph, places: Iterable[Group], misfit: Fit) -> Iterator[Candidate]:
    """Places where the gradient is multiplied, or divided, by a quantity of the graph: 1/σ of a layer norm left out.

    At each point the factor is solved for; then it is looked up among the values of the nodes.
    """
    nodes = [i for i, n in enumerate(graph.nodes) if n.op != "input" and np.ptp(graph.value[i]) > 0][:NODES]
    if len(graph.points) < 3 or not nodes:
        return
    values = graph.value[nodes]
    divides = _divisors(graph)
    for group in places:
        if graph.is_late:
            return
        without, right = gradients(graph, [Change(group.edges, 0 * graph.slope[group.edges]), NOTHING])
        through = right - without
        c = ratio((graph.claimed - without)[:, None], through[:, None])
        if not np.isfinite(c).all() or misfit(without + c[:, None] * through).max() > misfit.most:
            continue
        for power in (1, -1):
            near = np.abs(values**power - c).max(axis=1) <= 1e-8 * np.abs(c).max()
            for k in np.flatnonzero(near)[:1]:
                node = nodes[int(k)]
                change = Change(group.edges, graph.slope[group.edges] * c)
                kind: Kind = "missing-slope" if power < 0 or node in divides else "wrong-slope"
                words = "is multiplied by {}" if power > 0 else "is divided by {}"
                yield Candidate(kind, group, change, group.cost + 1.9, by=words, node=node)


def component_wise(graph: Graph, groups: Groups, misfit: Fit) -> Iterator[Candidate]:
    """Arrays whose gradient lacks a factor, or has one too many, that is another one in each row, column or place."""
    vectors, divisors = _vectors(graph, groups), _divisors(graph)
    for group in groups.groups:
        if group.role != "block":
            continue
        block = graph.problem.blocks[int(groups.block[graph.dst[group.edges[0]]])]
        claimed, exact = graph.claimed[:, block.slice], graph.exact[:, block.slice]
        kept = (exact != 0).any(axis=0)
        if kept.sum() < 2 or ((exact == 0) != (claimed == 0)).any():
            continue
        with np.errstate(all="ignore"):
            ratio = np.where(exact == 0, 1.0, claimed / exact)
        for node, v in vectors:
            for spread in _spreads(v, block.shape):
                for power in (1, -1):
                    with np.errstate(all="ignore"):
                        factor = np.where(exact == 0, 1.0, spread.T**power)
                    if not (np.abs(factor - ratio) <= 1e-7 * np.abs(ratio)).all():
                        continue
                    change = Change(group.edges, graph.slope[group.edges] * _of_edges(graph, group, block, factor))
                    kind: Kind = "missing-slope" if power < 0 or node in divisors else "wrong-slope"
                    words = "is multiplied by {}" if power > 0 else "lacks the factor {}"
                    yield Candidate(kind, group, change, group.cost + 1.9, by=words, node=node)


def forgotten_divisors(graph: Graph, groups: Groups) -> Iterator[Candidate]:
    """Every array whose gradient may lack a 1/s that is another one in each row, column or place: no 1/s of a norm."""
    divisors = _divisors(graph)
    vectors = [(node, v) for node, v in _vectors(graph, groups) if node in divisors]
    for group in groups.groups:
        if group.role != "block" or not vectors:
            continue
        block = graph.problem.blocks[int(groups.block[graph.dst[group.edges[0]]])]
        for node, v in vectors:
            for spread in _spreads(v, block.shape):
                if np.ptp(spread):
                    change = Change(group.edges, graph.slope[group.edges] * _of_edges(graph, group, block, spread.T))
                    cost = group.cost + 1.9
                    yield Candidate("missing-slope", group, change, cost, by="is multiplied by {}", node=node)


def _of_edges(graph: Graph, group: Group, block: Block, factor: Array) -> Array:
    places = [graph.nodes[d].component - block.offset for d in graph.dst[group.edges].tolist()]
    return np.asarray(factor.T[places])


def _vectors(graph: Graph, groups: Groups) -> list[tuple[int, Array]]:
    """The arguments, and the values of nodes that are made and used alike: the first node, and vector × point."""
    families: dict[tuple[int, int], list[int]] = {}
    for i, node in enumerate(graph.nodes[:NODES]):
        key = (0, int(groups.block[i])) if node.op == "input" else (1, groups.alike[i])
        if node.op != "input" or groups.block[i] >= 0:
            families.setdefault(key, []).append(i)
    for members in families.values():
        members.sort(key=lambda i: (graph.nodes[i].component, groups.order[i]))
    return [(members[0], graph.value[members]) for members in families.values() if len(members) > 1]


def _spreads(v: Array, shape: tuple[int, ...]) -> Iterator[Array]:
    """A vector (× point) laid along each axis of an array of this shape, flat."""
    points = v.shape[1]
    if len(v) == np.prod(shape):
        yield v
    for axis, n in enumerate(shape if len(shape) > 1 else ()):
        if n == len(v):
            along = [1] * len(shape)
            along[axis] = n
            yield np.broadcast_to(v.reshape(*along, points), (*shape, points)).reshape(-1, points)


def _divisors(graph: Graph) -> set[int]:
    """The nodes by which something is divided."""
    below = zip(graph.src.tolist(), graph.dst.tolist(), graph.slot.tolist(), strict=True)
    return {d for s, d, slot in below if graph.nodes[s].op == "div" and slot == 1}


def _solve(graph: Graph, group: Group, fit: Fit) -> tuple[Array, bool] | None:
    """The slopes (edge × point) that meet the student's gradient, if there are any.

    Also whether that says something: it does not where any other numbers in place of the wrong ones were met as well.
    """
    edges, count, n = group.edges, len(group.edges), len(graph.points)
    none = Change(edges, np.zeros((count, n)))
    one_each = [Change(edges, np.repeat(np.eye(count)[k][:, None], n, axis=1)) for k in range(count)]
    found = gradients(graph, [none, *one_each])
    without, share = found[0], found[1:] - found[0]
    slopes = np.zeros((count, n))
    for p in range(n):
        wanted = graph.claimed[p] - without[p]
        scale = np.maximum(np.abs(graph.claimed[p]), fit.floor[p])
        matrix = (share[:, p] / scale).T
        if not np.isfinite(matrix).all():
            return None
        slopes[:, p], _, rank, _ = np.linalg.lstsq(matrix, wanted / scale, rcond=1e-12)
        if rank < count or np.abs(matrix @ slopes[:, p] - wanted / scale).max() > fit.most:
            return None
    wrong = np.any(np.abs(graph.claimed - graph.exact) > graph.slack, axis=0)
    other = wrong * np.random.default_rng(0).uniform(0.5, 1, graph.exact.shape[1])
    met = matrix @ np.linalg.lstsq(matrix, other, rcond=1e-12)[0]
    return slopes, bool(np.abs(met - other).max(initial=0.0) > 1e-3)


def recognised(values: Array, names: dict[str, Array]) -> Expression | None:
    """The simplest formula in these names that gives these values, perhaps times a number.

    >>> z = np.linspace(0.1, 0.9, 7)
    >>> print(recognised((1 - z) * (1 - z), {"z": z}))
    (1 - z) * (1 - z)
    """
    if len(values) < 4:  # so few numbers are met by many formulas
        return None
    pool = _pool(names)
    texts: list[Expression] = [tree for tree, _ in pool]
    table = np.array([v for _, v in pool])
    close = 1e-8 * np.abs(values).max() + 1e-300
    hit = np.flatnonzero(np.abs(table - values).max(axis=1) <= close)
    if len(hit):
        return texts[int(hit[0])]
    with np.errstate(all="ignore"):
        ratio = values / table
        steady = np.ptp(ratio, axis=1) <= 1e-8 * np.abs(ratio[:, 0])
        for k in np.flatnonzero(np.isfinite(ratio).all(axis=1) & steady):
            return Expression("mul", (number(round(float(ratio[k, 0]), 9)), texts[k]))
        for op, result in (
            ("mul", table[:, None] * table),
            ("add", table[:, None] + table),
            ("sub", table[:, None] - table),
            ("div", table[:, None] / table),
        ):
            hits = np.argwhere(np.abs(result - values).max(axis=2) <= close)
            if len(hits):
                i, j = min(hits.tolist(), key=sum)
                return Expression(op, (texts[i], texts[j]))
    return None


def _size(tree: Expression) -> int:
    return 1 + sum(_size(a) for a in tree.args) if tree.op else 1


def _pool(names: dict[str, Array]) -> list[tuple[Expression, Array]]:
    """Small formulas, simplest first, each with its values; of several that come to the same, the first."""
    leaves = [symbol(n) for n in names] + [number(1), number(2)]
    trees = list(leaves)
    variables = leaves[: len(names)]
    trees += [Expression("mul", (v, v)) for v in variables]
    trees += [Expression("neg", (v,)) for v in variables]
    trees += [number(1) - v for v in variables] + [number(1) + v for v in variables]
    trees += [
        Expression(op, (a, b)) for op in ("mul", "add", "sub", "div") for a, b in pairs(variables, variables) if a != b
    ]
    trees += [number(1) - Expression("mul", (v, v)) for v in variables]
    trees += [number(1) + Expression("mul", (v, v)) for v in variables]
    trees += [Expression("mul", (v, Expression("mul", (v, v)))) for v in variables]
    trees += [Expression(f, (v,)) for f in FUNCTIONS for v in variables]
    size = len(next(iter(names.values())))
    seen: set[bytes] = set()
    pool = []
    for tree in trees:
        values = np.broadcast_to(np.asarray(evaluate(tree, names), float), (size,))
        with np.errstate(over="ignore"):
            key = values.astype(np.float32).tobytes()
        if np.isfinite(values).all() and key not in seen:
            seen.add(key)
            pool.append((tree, values))
    return pool
