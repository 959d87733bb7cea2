"""Every single change of the chain rule that the diagnosis tries: each place, with each kind of mistake."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from autograd.check.diagnose_graph import Change, Graph, Ints
from autograd.check.groups import Group, Groups
from autograd.check.problem import Array, Kind
from autograd.check.uses import Uses
from autograd.check.wrong_slopes import WrongSlope, evaluate, right_slope, substitute, wrong_slopes
from autograd.expression import number, symbol
from autograd.rules import RULES

ACTIVATIONS = ("sigmoid", "tanh", "relu", "softplus", "exp", "sin")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A change of some slopes that might be the student's.

    `factor`  the slopes times this number (None: other slopes)
    `slope`   what was written in place of the slope, if it was something else
    `by`      a quantity that the slopes were multiplied by, or what was taken in their place, in words
    `node`    the node whose formula completes these words, -1 if none
    """

    kind: Kind
    place: Group | Uses
    change: Change
    cost: float
    factor: float | None = None
    slope: WrongSlope | None = None
    by: str = ""
    node: int = -1


def times(graph: Graph, place: Group, factor: float, cost: float = 0.0) -> Candidate:
    """All slopes of the group times a number."""
    change = Change(place.edges, graph.slope[place.edges] * factor)
    return Candidate(kind_of_factor(place, factor), place, change, place.cost + cost, factor)


def kind_of_factor(place: Group, factor: float) -> Kind:
    """What to call a factor at this place."""
    if factor == 0:
        return "missing-term"
    whole = place.role in ("whole", "block")
    if factor == -1:
        return "sign" if whole else "term-sign"
    return "factor" if whole else "term-factor"


def overwritten(graph: Graph, uses: Uses) -> Candidate:
    """``=`` in place of ``+=``."""
    return Candidate("overwritten", uses, Change(uses.dropped, 0.0 * graph.slope[uses.dropped]), uses.cost + 1.25)


def own_paths(graph: Graph, groups: Groups) -> list[Candidate]:
    """Where values are divided by a sum of the same values, as in a softmax: only each value's own part of the sum.

    The paths through the sum from one value to the others are dropped; the path back to itself is kept, as part
    of the direct slope.
    """
    below: list[list[int]] = [[] for _ in graph.nodes]
    above: list[list[int]] = [[] for _ in graph.nodes]
    for e, (s, d) in enumerate(zip(graph.src.tolist(), graph.dst.tolist(), strict=True)):
        below[s].append(e)
        above[d].append(e)
    families: dict[tuple[int, int], dict[int, Array]] = {}
    for z, node in enumerate(graph.nodes):
        if node.op != "sum" or len(below[z]) < 2:
            continue
        top, through = z, np.ones(len(graph.points))
        while len(above[top]) == 1 and len(below[graph.src[above[top][0]]]) == 1:  # 1/Z, √Z: still shared by all
            through = through * graph.slope[above[top][0]]
            top = int(graph.src[above[top][0]])
        terms = {int(graph.dst[e]): e for e in below[z]}
        new: dict[int, Array] = {}
        for user in above[top]:
            new[user] = 0 * through
            for direct in below[graph.src[user]]:
                term, on = int(graph.dst[direct]), np.ones(len(graph.points))
                while term not in terms and len(below[term]) == 1:  # c·e in place of e
                    on = on * graph.slope[below[term][0]]
                    term = int(graph.dst[below[term][0]])
                if direct != user and term in terms and (on != 0).all():
                    own = graph.slope[user] * through * graph.slope[terms[term]]
                    new[direct] = graph.slope[direct] + own / on
        if len(new) >= 2 * len(above[top]) > 2:
            families.setdefault((groups.alike[z], groups.alike[graph.src[above[top][0]]]), {}).update(new)
    out = []
    for slopes in families.values():
        edges = np.array(sorted(slopes), np.int64)
        change = Change(edges, np.array([slopes[e] for e in edges.tolist()]))
        by = "the paths from one value to the others, through their sum."
        out.append(Candidate("missing-term", Group("slope", edges, 0.6), change, 1.9, by=by))
    return out


def on_the_way(graph: Graph, groups: Groups) -> list[Candidate]:
    """Wrong slopes that spoil the way to one argument only: σ' left out of ∂f/∂W, but not of ∂f/∂b.

    Where each edge into an argument is reached on one way only, the slopes on that way are as good as its own.
    """
    above: list[list[int]] = [[] for _ in graph.nodes]
    families: dict[tuple[int, int], list[int]] = {}
    for e, (s, d) in enumerate(zip(graph.src.tolist(), graph.dst.tolist(), strict=True)):
        above[d].append(e)
        if graph.nodes[d].op == "input":
            families.setdefault((int(groups.block[d]), groups.alike[s]), []).append(e)
    out = []
    for (block, _), family in families.items():
        edges = np.array(family, np.int64)
        way = edges
        for _ in range(5):
            parents = [above[s] for s in graph.src[way].tolist()]
            if any(len(p) != 1 for p in parents):
                break
            way = np.array([p[0] for p in parents], np.int64)
            tops = {graph.nodes[s].op for s in graph.src[way].tolist()}
            slots = set(graph.slot[way].tolist())
            if len(tops) > 1 or len(slots) > 1:
                break
            if tops != {"sum"}:
                name = graph.problem.blocks[block].name
                out += _spoiled(graph, edges, way, tops.pop(), slots.pop(), name)
    return out


def _spoiled(graph: Graph, edges: Ints, way: Ints, op: str, slot: int, name: str) -> list[Candidate]:
    numbers = graph.operands(way)
    names = {"z": graph.value[graph.src[way]], **dict(zip("xyuv", numbers, strict=False))}
    place = Group("slope", np.unique(way), 0.9)
    out = []
    with np.errstate(all="ignore"):
        for wrong in _wrong_slopes(op, slot):
            ratio = np.broadcast_to(evaluate(wrong.slope, names), graph.slope[way].shape) / graph.slope[way]
            if wrong.cost < 3 and np.isfinite(ratio).all() and not _proportional(ratio, np.ones(ratio.shape)):
                change = Change(edges, graph.slope[edges] * ratio)
                out.append(Candidate(wrong.kind, place, change, place.cost + wrong.cost, slope=wrong, by=name))
    return out


def replacements(graph: Graph, groups: Groups, group: Group) -> list[Candidate]:
    """Other slopes at this place; none twice, none that is the right slope times a constant."""
    right = graph.slope[group.edges]
    seen: set[bytes] = set()
    out = []
    with np.errstate(all="ignore"):
        candidates = list(_replacements(graph, groups, group))
    for candidate in candidates:
        wrong = candidate.change.slopes
        with np.errstate(all="ignore"):
            rounded = wrong[:64].astype(np.float32).tobytes()
        if rounded not in seen and np.isfinite(wrong).all() and not _proportional(wrong, right):
            seen.add(rounded)
            out.append(candidate)
    return out


def _proportional(a: Array, b: Array) -> bool:
    """Whether a is a constant times b."""
    if len(a) > 64 and not _proportional(a[:64], b[:64]):
        return False
    with np.errstate(all="ignore"):
        ratio = a / b
    both = (a == 0) & (b == 0)
    ratio = ratio[~both]
    return ratio.size == 0 or bool(np.isfinite(ratio).all() and np.ptp(ratio) <= 1e-9 * abs(ratio.flat[0]))


def _replacements(graph: Graph, groups: Groups, group: Group) -> Iterator[Candidate]:
    edges, right = group.edges, graph.slope[group.edges]
    first = graph.nodes[graph.src[edges[0]]]
    alike = all(graph.nodes[s].op == first.op for s in graph.src[edges])
    slots = np.unique(graph.slot[edges])
    if group.role == "into":
        yield from _extra_slopes(graph, group)
    elif alike and first.op == "sum":
        numbers = np.abs(right[right != 1])
        if len({groups.made[d] for d in graph.dst[edges].tolist()}) > 1:
            return
        if numbers.size and np.ptp(numbers) > 1e-12 * numbers.max():  # if all are the same, they are a factor
            for sign in (1.0, -1.0):
                yield _candidate(
                    group, edges, np.full(right.shape, sign), WrongSlope("missing-slope", number(sign), 1.2)
                )
        yield from _one_factor_less(graph, group)
        yield _candidate(
            group, edges, 1 / right, WrongSlope("wrong-slope", number(1), 2.5, "dividing in place of multiplying")
        )
    elif alike and len(slots) == 1:
        slot = int(slots[0])
        op = RULES[first.op]
        numbers = graph.operands(edges)
        names = {"z": graph.value[graph.src[edges]], **dict(zip("xyuv", numbers, strict=False))}
        for wrong in _wrong_slopes(op.name, slot):
            slopes = np.broadcast_to(evaluate(wrong.slope, names), (len(edges), len(graph.points)))
            yield _candidate(group, edges, slopes, wrong)
        if first.op in ("mul", "div"):
            yield from _neighbours(graph, groups, group, slot, names)


def _one_factor_less(graph: Graph, group: Group) -> Iterator[Candidate]:
    """The coefficient t·x without the t, where t is another number in each term."""
    factors = [graph.factors[e] for e in group.edges.tolist()]
    for k in range(len(factors[0]) if len({len(f) for f in factors}) == 1 else 0):
        numbers = graph.raw_value[[f[k] for f in factors]]
        if np.ptp(numbers) > 0 and (numbers != 0).all():
            wrong = WrongSlope("missing-slope", number(1), 1.3, "one of the factors")
            yield _candidate(group, group.edges, graph.slope[group.edges] / numbers, wrong)


@cache
def _wrong_slopes(op: str, slot: int) -> list[WrongSlope]:
    return wrong_slopes(RULES[op], slot)


def _candidate(group: Group, edges: Ints, slopes: Array, wrong: WrongSlope) -> Candidate:
    return Candidate(wrong.kind, group, Change(edges, slopes), group.cost + wrong.cost, slope=wrong)


def _neighbours(graph: Graph, groups: Groups, group: Group, slot: int, names: dict[str, Array]) -> Iterator[Candidate]:
    """The slope of a product is the other factor; people take that factor's input, or its transpose, instead."""
    other = "y" if slot == 0 else "x"
    right = right_slope(RULES[graph.nodes[graph.src[group.edges[0]]].op], slot)
    if right is None:
        return
    before, transposed = names[other].copy(), names[other].copy()
    words = ""
    is_transposed = False
    for row, s in enumerate(graph.src[group.edges].tolist()):
        raw = graph.nodes[s].operands[1 - slot]
        rule, args = graph.raw[raw]._rule, graph.arguments[raw]
        if rule.arity == 1 and rule.slopes:
            before[row] = graph.raw_value[args[0]]
            words = rule.name
        twin = groups.transposed(raw)
        if twin is not None:
            transposed[row] = graph.raw_value[twin]
            is_transposed = True
    if words:
        slopes = evaluate(right, {**names, other: before})
        wrong = WrongSlope("wrong-point", right, 1.7, f"the input of {words} in place of its output")
        yield _candidate(group, group.edges, slopes, wrong)
    if is_transposed:
        slopes = evaluate(right, {**names, other: transposed})
        yield _candidate(group, group.edges, slopes, WrongSlope("transposed", right, 1.5))


def _extra_slopes(graph: Graph, group: Group) -> Iterator[Candidate]:
    """The upstream gradient times the slope of a function that is not there, or was multiplied in already."""
    value = graph.value[graph.dst[group.edges]]
    for name in ACTIVATIONS:
        slope = right_slope(RULES[name], 0)
        if slope is None:
            continue
        for argument, cost in (("input", 2.2), ("output", 2.4)):
            z = RULES[name].array(value) if argument == "input" else value
            ratio = evaluate(substitute(slope, {"z": symbol("z")}), {"z": z, "x": value})
            wrong = WrongSlope("wrong-slope", slope, cost, f"one slope of {name} too many")
            change = Change(group.edges, graph.slope[group.edges] * ratio)
            yield Candidate("wrong-slope", group, change, group.cost + cost, slope=wrong, by=f"the slope of {name}")
