"""A graph as plain rows: what a picture shows, before anybody decides how it looks.

Every Value is a node. So is every operation, between its arguments and its result, unless they are merged.
Names count up in topological order (n0, n1, …; the operation that makes n4 is o4), so that the same program
always gives the same picture.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from autograd.draw.text import NOT_COMPUTED, one_line
from autograd.op import SumOp
from autograd.order import arguments, topological
from autograd.reverse import contributions
from autograd.value import Value

Kind = Literal["leaf", "constant", "made", "operation", "closed"]
Show = Literal["all", "data", "labels"]

EITHER_WAY = ("add", "mul", "maximum", "minimum")  # the order of their arguments does not matter
ORDINALS = ("1st", "2nd", "3rd")
DEEPEST = 8  # boxes inside each other; deeper ones are drawn as one


@dataclass(slots=True)
class Node:
    """One thing in the picture. `rows` are (what, text) pairs under the title; `about` is the exact story."""

    id: str
    kind: Kind
    title: str = ""
    rows: list[tuple[str, str]] = field(default_factory=list)
    note: str = ""
    about: str = ""
    scope: tuple[str, ...] = ()
    root: bool = False
    highlight: bool = False


@dataclass(slots=True)
class Edge:
    """From what was used to what was made; `mark` stands beside the arrow."""

    tail: str
    head: str
    mark: str = ""


@dataclass(slots=True)
class Picture:
    """All rows, with the words for a reader who does not see it."""

    nodes: list[Node]
    edges: list[Edge]
    title: str
    name: str
    about: str
    footnote: str = ""


class _Roots:
    """Stands above several roots, so that one walk meets what is below any of them."""

    _y = None

    def __init__(self, roots: Sequence[Value]) -> None:
        self._x = tuple(roots)


def in_order(roots: Sequence[Value]) -> list[Value]:
    """Everything below the roots, arguments first, each leaf just before it is used. No recursion."""
    order: dict[Value, None] = {}
    for node in topological(_Roots(roots))[1][:-1]:
        order.update(dict.fromkeys(arguments(node)))
        order[node] = None
    order.update(dict.fromkeys(roots))
    return list(order)


def picture(
    roots: Sequence[Value],
    order: Sequence[Value],
    number: Callable[[float], str],
    *,
    show: Show = "all",
    merged: bool = False,
    scopes: bool = True,
    slopes: bool = False,
    highlight: Iterable[Value] = (),
    boxes: Mapping[Value, str] | None = None,
    title: str = "",
) -> Picture:
    """The rows for everything in `order` (see `in_order`); `boxes` names the closed box that a Value is in."""
    boxes = boxes or {}
    top, lit = set(roots), set(highlight)
    reached = {a for node in order if node._x is not None and node._grad is not None for a in arguments(node)}
    nodes: list[Node] = []
    edges: list[Edge] = []
    bundles: Counter[tuple[str, str]] = Counter()
    closed: dict[str, Node] = {}
    inside: dict[str, list[Value]] = {}
    ids: dict[Value, str] = {}
    names: dict[Value, str] = {}
    count = 0

    for value in order:
        box = boxes.get(value)
        if box is not None:  # one of many inside a closed box
            if box not in closed:
                closed[box] = Node(f"n{count}", "closed", one_line(box.split("/")[-1]), scope=_path(box)[:-1])
                nodes.append(closed[box])
                inside[box] = []
                count += 1
            ids[value] = closed[box].id
            inside[box].append(value)
            closed[box].root |= value in top
            closed[box].highlight |= value in lit
            for a in arguments(value):
                if boxes.get(a) != box:
                    bundles[ids[a], ids[value]] += 1
            continue

        ids[value] = f"n{count}"
        names[value] = one_line(value.label) or (number(value._data) if value.is_constant else ids[value])
        scope = _path(value.scope) if scopes else ()
        node = Node(ids[value], _kind(value), scope=scope, root=value in top, highlight=value in lit)
        _fill(node, value, number, show, value in reached)
        node.about = _about(value, names, value in reached)
        if value._x is not None:
            target = node.id
            if merged:
                node.rows.insert(0, ("op", one_line(value.op)))
            else:
                target = f"o{count}"
                sign = Node(target, "operation", one_line(value.op), scope=scope, highlight=node.highlight)
                sign.about = f"{value._rule.name}, which makes {names[value]}"
                nodes.append(sign)
            marks = _marks(value, number, slopes)
            for a, mark in zip(arguments(value), marks, strict=True):
                if a in boxes:
                    bundles[ids[a], target] += 1
                else:
                    edges.append(Edge(ids[a], target, mark))
            if not merged:
                edges.append(Edge(target, node.id))
        nodes.append(node)
        count += 1

    for box, values in inside.items():
        _fill_box(closed[box], values, box)
    edges += [Edge(tail, head, f"× {n:,}" if n > 1 else "") for (tail, head), n in bundles.items()]
    name = title or "Computation graph of " + (one_line(", ".join(r.label or "a Value" for r in roots)))
    made = sum(v._x is not None for v in order)
    counts = f"{len(order):,} values, {made:,} of them made by operations"
    lines = [n.about for n in nodes if n.kind not in ("operation", "constant")]
    if len(lines) > 40:
        lines = [*lines[:40], f"… and {len(lines) - 40} more"]
    footnote = f"{counts}; scopes closed to one box each" if closed else ""
    return Picture(nodes, edges, one_line(title, 120), one_line(f"{name}: {counts}", 200), "\n".join(lines), footnote)


def _path(scope: str) -> tuple[str, ...]:
    parts = tuple(one_line(part) or "·" for part in scope.split("/") if part)
    return parts if len(parts) <= DEEPEST else (*parts[: DEEPEST - 1], one_line("/".join(parts[DEEPEST - 1 :])))


def _kind(value: Value) -> Kind:
    if value._x is not None:
        return "made"
    return "constant" if value.is_constant else "leaf"


def _fill(node: Node, value: Value, number: Callable[[float], str], show: Show, reached: bool) -> None:
    node.title = one_line(value.label)
    if node.kind == "constant":
        named = f"{node.title} = {number(value._data)}" if node.title and show != "labels" else node.title
        node.title = named or number(value._data)
        return
    if show != "labels":
        node.rows.append(("data", number(value._data)))
    if show == "all":
        grad = gradient_of(value, reached)
        node.rows.append(("grad", NOT_COMPUTED if grad is None else number(grad)))
    if value._x is not None:
        node.note = kink(value)


def gradient_of(value: Value, reached: bool) -> float | None:
    """The gradient, None if it was not computed.

    A leaf's gradient starts at 0.0, so a leaf that is 0 counts as computed only if a backward pass has
    `reached` one of the Values made from it.
    """
    if value._x is None and not reached and value._grad == 0.0:
        return None
    return value._grad


def kink(value: Value) -> str:
    """Which slope is used here, in words, if the value sits exactly at the kink of its operation."""
    op = value._rule
    if op.branch is None or not op.at_kink:
        return ""
    return op.at_kink if op.branch(*(a._data for a in arguments(value))) == 0 else ""


def _marks(value: Value, number: Callable[[float], str], slopes: bool) -> list[str]:
    """What stands beside the arrows into an operation: which argument it is, where that matters; the slope."""
    args, op = arguments(value), value._rule
    ordered = len(args) > 1 and not isinstance(op, SumOp) and op.name not in EITHER_WAY and len(args) <= len(ORDINALS)
    marks = list(ORDINALS[: len(args)]) if ordered else [""] * len(args)
    if slopes:
        texts = _slopes(value, number)
        marks = [" ".join(filter(None, both)) for both in zip(marks, texts, strict=True)]
    return marks


def _slopes(value: Value, number: Callable[[float], str]) -> list[str]:
    try:
        found: list[Any] = [slope for _, _, slope in contributions(value)]
    except (ArithmeticError, ValueError):  # infinite or undefined, like the slope of √x at 0
        return ["slope ?" for _ in arguments(value)]
    return ["" if slope is None else f"slope {number(slope)}" for slope in found]


def _about(value: Value, names: Mapping[Value, str], reached: bool) -> str:
    label = one_line(value.label, None)
    if value.is_constant:
        return f"the number {value._data!r}"
    how = ""
    if value._x is not None:
        args = arguments(value)
        shown = [names.get(a, "a value in a closed box") for a in args[:6]] + ["…"] * (len(args) > 6)
        how = f", {value._rule.name} of {', '.join(shown)}"
    grad = gradient_of(value, reached)
    text = f"{label or names[value]} = {value._data!r}, "
    text += "gradient not computed" if grad is None else f"gradient {grad!r}"
    text += how
    if value.line is not None:
        file, line, _ = value.line
        text += f", made in {one_line(file, None)}, line {line}"
    note = kink(value) if value._x is not None else ""
    return f"{text}; {note}" if note else text


def _fill_box(node: Node, values: Sequence[Value], scope: str) -> None:
    made = Counter(v.op for v in values if v._x is not None)
    leaves = sum(v._x is None and not v.is_constant for v in values)
    node.rows = [("values", f"{len(values):,}"), ("leaves", f"{leaves:,}")]
    node.rows += [(one_line(op), f"× {n:,}") for op, n in made.most_common(4)]
    if len(made) > 4:
        node.rows.append(("other", f"× {made.total() - sum(n for _, n in made.most_common(4)):,}"))
    node.about = f"scope {one_line(scope, None)}: {len(values):,} values, {leaves:,} of them leaves"
