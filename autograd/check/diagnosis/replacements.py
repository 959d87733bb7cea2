"""Other slopes in place of the right ones: at an operation, for the terms of a sum, on the way to one argument."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from autograd.check.diagnosis.changes import Candidate
from autograd.check.diagnosis.effects import arriving
from autograd.check.diagnosis.graph import Change, Graph, Ints
from autograd.check.diagnosis.groups import Group, Groups
from autograd.check.problem import Array, Kind
from autograd.check.wrong_slopes import Program, WrongSlope, evaluate, right_slope, substitute, wrong_slopes
from autograd.expression import number, symbol
from autograd.rules import RULES

FAR = 9  # how far above an argument
DEEPEST = 3  # how far below a factor its parts are looked for
HEAD = 64  # edges by which slopes are compared first
SYMMETRIC = frozenset({"maximum", "minimum"})
ACTIVATIONS = ("sigmoid", "tanh", "relu", "softplus", "exp", "sin")


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
        for _ in range(FAR):
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
    place = Group("slope", np.unique(way), 0.9)
    listed = _wrong_slopes(op, slot)
    likely = next((k for k, w in enumerate(listed) if w.cost >= 3), len(listed))  # the strangest stand last
    found = _program(op, slot, likely).run(_numbers(graph, way), graph.slope[way].shape)
    out = []
    with np.errstate(all="ignore"):
        ratios = found / graph.slope[way]
        usable = np.isfinite(ratios).all(axis=(1, 2)) & (np.ptp(ratios, axis=(1, 2)) > 1e-9 * np.abs(ratios[:, 0, 0]))
        for k in np.flatnonzero(usable).tolist():
            wrong, change = listed[k], Change(edges, graph.slope[edges] * ratios[k])
            out.append(Candidate(wrong.kind, place, change, place.cost + wrong.cost, slope=wrong, by=name))
    return out


def replacements(graph: Graph, groups: Groups, group: Group) -> list[Candidate]:
    """Other slopes at this place; none twice, none that is the right slope times a constant."""
    with np.errstate(all="ignore"):
        found = [*_edited(graph, group), *_replacements(graph, groups, group)]
        if not found:
            return []
        heads = np.array([c.change.slopes[:HEAD] for c in found]).reshape(len(found), -1)
        right = graph.slope[group.edges]
        out = [found[k] for k in _different(heads, right[:HEAD])]
        if len(group.edges) > HEAD:  # the others were looked at no further
            out = [c for c in out if np.isfinite(c.change.slopes).all() and not _proportional(c.change.slopes, right)]
    return out


def _different(wrong: Array, right: Array) -> list[int]:
    """Which rows are slopes of their own: finite, not a constant times the right ones, not those of a row before."""
    right = right.ravel()
    ratio = wrong / right
    both = (wrong == 0) & (right == 0)
    most = np.where(both, -np.inf, ratio).max(axis=1, initial=-np.inf)
    least = np.where(both, np.inf, ratio).min(axis=1, initial=np.inf)
    same = both.all(axis=1) | (np.isfinite(most + least) & (most - least <= 1e-9 * np.abs(most)))
    usable = np.flatnonzero(np.isfinite(wrong).all(axis=1) & ~same).tolist()
    rounded = wrong.astype(np.float32)
    first: dict[bytes, int] = {}
    for k in usable:
        first.setdefault(rounded[k].tobytes(), k)
    return list(first.values())


def _proportional(a: Array, b: Array) -> bool:
    """Whether a is a constant times b."""
    with np.errstate(all="ignore"):
        ratio = a / b
    both = (a == 0) & (b == 0)
    ratio = ratio[~both]
    return ratio.size == 0 or bool(np.isfinite(ratio).all() and np.ptp(ratio) <= 1e-9 * abs(ratio.flat[0]))


def _edited(graph: Graph, group: Group) -> Iterator[Candidate]:
    """The slopes that people write in place of that of an operation."""
    edges = group.edges
    ops, slots = {graph.nodes[s].op for s in graph.src[edges].tolist()}, set(graph.slot[edges].tolist())
    if group.role == "into" or len(ops) > 1 or ops == {"sum"}:
        return
    op, slot, names = ops.pop(), slots.pop(), _numbers(graph, edges)
    if slots:  # of a maximum, both arguments
        if op not in SYMMETRIC:
            return
        second = (graph.slot[edges] == 1)[:, None]
        names["x"], names["y"] = np.where(second, names["y"], names["x"]), np.where(second, names["x"], names["y"])
        slot = 0
    listed = _wrong_slopes(op, slot)
    program = _program(op, slot, len(listed))
    shape = len(edges), len(graph.points)
    if len(edges) <= HEAD:
        for wrong, slopes in zip(listed, program.run(names, shape), strict=True):
            yield _candidate(group, edges, slopes, wrong)
        return
    heads = program.run({n: v[:HEAD] for n, v in names.items()}, (HEAD, shape[1])).reshape(len(listed), -1)
    for k in _different(heads, graph.slope[edges][:HEAD]):
        slopes = np.broadcast_to(evaluate(listed[k].slope, names), shape)
        yield _candidate(group, edges, slopes, listed[k])


def _numbers(graph: Graph, edges: Ints) -> dict[str, Array]:
    """What the operations above these edges see: the result z and the arguments x, y, … (edge × point each)."""
    return {"z": graph.value[graph.src[edges]], **dict(zip("xyuv", graph.operands(edges), strict=False))}


def _replacements(graph: Graph, groups: Groups, group: Group) -> Iterator[Candidate]:
    edges, right = group.edges, graph.slope[group.edges]
    first = graph.nodes[graph.src[edges[0]]]
    alike = all(graph.nodes[s].op == first.op for s in graph.src[edges])
    slots = np.unique(graph.slot[edges])
    if group.role == "into":
        yield from _extra_slopes(graph, group)
    if group.role == "into" or (group.role == "slope" and is_every_way(graph, edges)):
        yield from _unreached(graph, group if group.role == "into" else Group("into", edges, group.cost + 0.05))
    if group.role == "into":
        return
    if alike and first.op == "sum":
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
        names = _numbers(graph, edges)
        if first.op in ("mul", "div"):
            yield from _neighbours(graph, groups, group, int(slots[0]), names)
        yield from _other_constant(graph, group, int(slots[0]), names)


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


@cache
def _program(op: str, slot: int, count: int) -> Program:
    return Program([w.slope for w in _wrong_slopes(op, slot)[:count]])


def _candidate(group: Group, edges: Ints, slopes: Array, wrong: WrongSlope) -> Candidate:
    return Candidate(wrong.kind, group, Change(edges, slopes), group.cost + wrong.cost, slope=wrong)


def _neighbours(graph: Graph, groups: Groups, group: Group, slot: int, names: dict[str, Array]) -> Iterator[Candidate]:
    """The slope of a product is the other factor; people take what that factor was made from, or its transpose."""
    other = "y" if slot == 0 else "x"
    sources = graph.src[group.edges]
    right = right_slope(RULES[graph.nodes[sources[0]].op], slot)
    if right is None:
        return
    raws = [graph.nodes[s].operands[1 - slot] for s in sources.tolist()]
    for path, below in _below(graph, raws):
        wrong = WrongSlope("wrong-point", right, 1.5 + 0.2 * len(path), "{} in place of {}")
        rule = graph.raw[raws[0]]._rule
        if len(path) == 1 and rule.arity == 1:
            wrong = WrongSlope("wrong-point", right, 1.7, f"the input of {rule.name} in place of its output")
        slopes = evaluate(right, {**names, other: graph.raw_value[below]})
        change = Change(group.edges, np.broadcast_to(slopes, names[other].shape))
        yield Candidate(wrong.kind, group, change, group.cost + wrong.cost, slope=wrong, raw=below[0])
    twins = [groups.transposed(raw) for raw in raws]
    if any(t is not None for t in twins):
        turned = [raw if t is None else t for t, raw in zip(twins, raws, strict=True)]
        slopes = evaluate(right, {**names, other: graph.raw_value[turned]})
        yield _candidate(group, group.edges, slopes, WrongSlope("transposed", right, 1.5))


def _other_constant(graph: Graph, group: Group, slot: int, names: dict[str, Array]) -> Iterator[Candidate]:
    """The slope where the sum inside has lost its constant, or has it with the other sign: the target t of w·x - t."""
    letter, below = "xyuv"[slot], graph.dst[group.edges]
    constant = graph.constants[below]
    right = right_slope(RULES[graph.nodes[graph.src[group.edges[0]]].op], slot)
    if right is None or not constant.any() or any(graph.nodes[d].op != "sum" for d in below.tolist()):
        return
    op = RULES[graph.nodes[graph.src[group.edges[0]]].op]
    kinds: list[tuple[Kind, float, float, str]] = [
        ("missing-term", 1.0, 1.3, "the constant in {}."),
        ("term-sign", 2.0, 1.5, "the constant in {}"),
    ]
    for kind, times_, cost, words in kinds:
        moved = {**names, letter: names[letter] - times_ * constant}
        moved["z"] = op.array(*(moved[n] for n in "xyuv"[: op.arity]))
        change = Change(group.edges, np.broadcast_to(evaluate(right, moved), constant.shape))
        yield Candidate(kind, group, change, group.cost + cost, by=words, node=int(below[0]))


def _below(graph: Graph, raws: list[int]) -> Iterator[tuple[tuple[int, ...], list[int]]]:
    """What these nodes were made from, nearest first, each with the way down, if it is the same way for all."""
    level: list[tuple[tuple[int, ...], list[int]]] = [((), raws)]
    for _ in range(DEEPEST):
        further = []
        for path, nodes in level:
            rules = {graph.raw[r]._rule for r in nodes}
            arity = rules.pop().arity if len(rules) == 1 else None
            for i in range(arity or 0):
                further.append(((*path, i), [graph.arguments[r][i] for r in nodes]))
        yield from further
        level = further[:8]


def is_every_way(graph: Graph, edges: Ints) -> bool:
    """Whether no other edges lead to the nodes below these, which are no arguments."""
    below = np.unique(graph.dst[edges])
    return bool(not graph.is_input[below].any() and graph.uses[below].sum() == len(edges))


def _unreached(graph: Graph, group: Group) -> Iterator[Candidate]:
    """All that arrives from above is left out: ∂f/∂x is taken to be ∂u/∂x, where u is the step after x."""
    sources, below = graph.src[group.edges], graph.dst[group.edges]
    _, first = np.unique(below, return_index=True)
    outer = np.abs(graph.slope[graph.src == 0])
    unit = float(outer.flat[0]) if graph.nodes[0].op == "sum" and np.ptp(outer) <= 1e-12 * outer.flat[0] else 1.0
    slopes = np.zeros((len(below), len(graph.points)))
    slopes[first] = unit / arriving(graph)[sources[first]]
    words = "what arrives from above, as if it were {}."
    for sign in (1.0, -1.0):
        said = words.replace("{}", f"{sign * unit:.6g}")
        yield Candidate("missing-slope", group, Change(group.edges, sign * slopes), group.cost + 1.9, by=said)


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
