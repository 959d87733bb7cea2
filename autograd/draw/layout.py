"""Where Graphviz puts everything, for pictures that are drawn by another program."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from autograd.draw import dot, render
from autograd.draw.model import Picture
from autograd.draw.theme import Theme
from autograd.spell.latex_text import text

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, by its middle: in points, y upwards, like everything here."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Route:
    """The way of an arrow.

    curves   Bézier splines: a point, then triples of two control points and the next point
    tips     where the head of each ends, None for one without a head
    mark     where the text beside it stands
    """

    curves: list[list[Point]]
    tips: list[Point | None]
    mark: Point | None


@dataclass(frozen=True, slots=True)
class Layout:
    """A place for everything: nodes and scopes by their names in DOT, edges in the order of the picture."""

    whole: Box
    nodes: dict[str, Box]
    scopes: dict[str, Box]
    edges: list[Route]
    heading: Point | None


def layout(picture: Picture, theme: Theme, direction: str) -> Layout:
    """Ask Graphviz. Only the width of the text matters for that, so its letters are all made harmless."""
    nodes = [
        replace(
            n, title=_plain(n.title), rows=[(_plain(a), _plain(b)) for a, b in n.rows], note=_plain(n.note)
        )
        for n in picture.nodes
    ]  # fmt: skip
    harmless = replace(picture, nodes=nodes, title=_plain(picture.title), footnote=_plain(picture.footnote))
    found = json.loads(render.render(dot.write(harmless, theme, direction, edge_ids=True), "json0"))
    objects = found.get("objects", [])
    routes = {each["id"]: _route(each) for each in found.get("edges", [])}
    return Layout(
        whole=_corners(found["bb"]),
        nodes={each["name"]: _middle(each) for each in objects if "pos" in each},
        scopes={each["name"]: _corners(each["bb"]) for each in objects if "bb" in each},
        edges=[routes[f"e{i}"] for i in range(len(picture.edges))],
        heading=_point(found["lp"]) if "lp" in found else None,
    )


def _plain(line: str) -> str:
    """Letters about as wide as what TeX will set."""
    return "".join(
        c if (c.isascii() and c.isalnum()) or c in " .-+" else "m" * (3 if "U+" in text(c) else 1) for c in line
    )


def _route(edge: Any) -> Route:
    curves, tips = [], []
    for part in str(edge["pos"]).split(";"):
        points = part.split(" ")
        ends = {p[0]: _point(p[2:]) for p in points if p[0] in "es"}
        curves.append([_point(p) for p in points if p[0] not in "es"])
        tips.append(ends.get("e"))
    return Route(curves, tips, _point(edge["lp"]) if "lp" in edge else None)


def _middle(node: Any) -> Box:
    return Box(*_point(node["pos"]), float(node["width"]) * 72, float(node["height"]) * 72)


def _corners(words: str) -> Box:
    left, low, right, high = map(float, words.split(","))
    return Box((left + right) / 2, (low + high) / 2, right - left, high - low)


def _point(words: str) -> Point:
    x, y = map(float, words.split(",")[:2])
    return x, y
