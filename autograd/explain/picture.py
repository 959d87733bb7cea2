"""The graph of an explanation as a picture that changes from step to step.

It is drawn once, with room for the longest number that each place will ever show; a step then only changes texts and
marks what it is about. So nothing moves between two steps.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from autograd.draw import closing, dot, model, render, svg
from autograd.draw.text import NOT_COMPUTED
from autograd.draw.theme import LIGHT
from autograd.order import arguments
from autograd.trace import names_of
from autograd.value import Value

if TYPE_CHECKING:
    from autograd.explain.explanation import Explanation

MAX_NODES = 400  # more are not laid out one by one: their scopes are closed

Place = tuple[str, str]  # (a node's or an edge's name, what is shown there: "data", "grad" or "slope")


@dataclass(frozen=True, slots=True)
class Scene:
    """What a step changes in the picture: the texts that appear, and the node and edges that it is about."""

    node: str
    edges: tuple[str, ...]
    sets: tuple[tuple[Place, str], ...]


class Stage:
    """The picture, and a `Scene` for every step."""

    def __init__(self, root: Value, explanation: Explanation) -> None:
        self.trouble = ""
        self.picture: model.Picture | None = None
        self.ids: dict[str, str] = {}
        self.edges: dict[tuple[str, int], str] = {}  # by (name of the node, position of the argument)
        names = names_of(root)
        order = model.in_order([root])
        number, shown = explanation.writer.number, explanation.writer.name
        try:
            boxes = closing.fit(order, MAX_NODES)
        except ValueError as error:
            self.trouble = str(error)
        else:
            self.picture = model.picture([root], order, number, merged=True, boxes=boxes)
            self._find(order, boxes, names)
        self.scenes = [self._scene(step, explanation) for step in explanation]
        self.views = _views(explanation)
        if self.picture is None:
            return
        called = {self.ids[name]: shown(name) for name in self.ids}
        longest: dict[Place, str] = {}  # at least as wide as a dash
        for scene in self.scenes:
            for place, text in scene.sets:
                longest[place] = max(longest.get(place, "000"), text, key=len)
        for node in self.picture.nodes:
            if node.kind in ("leaf", "made"):
                node.title = called[node.id]
                node.rows = [(what, longest.get((node.id, what), text)) for what, text in node.rows]
                node.rows = [
                    (w, NOT_COMPUTED if w == "grad" and (node.id, w) not in longest else t) for w, t in node.rows
                ]
                node.about = node.title
        for i, edge in enumerate(self.picture.edges):
            edge.mark = longest.get((f"e{i}", "slope"), edge.mark if edge.mark.startswith("×") else "")
        self.picture.name = f"Computation graph of {shown(explanation.root)}"
        self.picture.about = "The steps beside this picture tell what it shows."
        self._svg: str | None = None

    def _find(self, order: Sequence[Value], boxes: dict[Value, str], names: dict[Value, str]) -> None:
        """Which node and which edge of the picture belongs to what: counted as `autograd.draw.model` counts them."""
        counted: dict[Any, str] = {}
        edges = 0
        for value in order:
            counted.setdefault(boxes.get(value, value), f"n{len(counted)}")
            if names[value]:
                self.ids[names[value]] = counted[boxes.get(value, value)]
            if value in boxes:
                continue
            for i, argument in enumerate(arguments(value)):
                if argument not in boxes:
                    self.edges[names[value], i] = f"e{edges}"
                    edges += 1

    def _scene(self, step: Any, explanation: Explanation) -> Scene:
        number = explanation.writer.number
        here = self.ids.get(step.node, "")
        ways = range(len(step.args)) if step.phase == "forward" else [c.position for c in step.contributions]
        edges = [self.edges[step.node, i] for i in ways if (step.node, i) in self.edges]
        sets: list[tuple[Place, str]] = []
        if step.phase == "forward":
            sets.append(((here, "data"), number(step.value)))
        elif step.node == explanation.root:
            sets.append(((here, "grad"), number(1.0)))
        for c in step.contributions:
            sets.append(((self.ids.get(c.to, ""), "grad"), number(c.total)))
            if (step.node, c.position) in self.edges:
                sets.append(((self.edges[step.node, c.position], "slope"), f"× {number(c.slope)}"))
        return Scene(here, tuple(edges), tuple(sets))

    def drawn(self) -> ElementTree.Element:
        """The picture after the last step, as an `<svg>` element. Raises ValueError if the graph is too large to draw.

        A node's group has ``data-node="n3"``, an edge's ``data-edge="e5"``, and the texts that change ``data-what``.
        """
        if self.picture is None:
            raise ValueError(self.trouble)
        if self._svg is None:
            raw = ElementTree.fromstring(render.render(dot.write(self.picture, LIGHT, edge_ids=True), "svg"))
            for group in raw.iter(f"{{{svg.SVG}}}g"):
                if group.get("class") == "edge":
                    group.set("data-edge", group.get("id", ""))
            root = ElementTree.fromstring(svg.finish(ElementTree.tostring(raw), self.picture))
            self._find_texts(root, {node.id: node for node in self.picture.nodes})
            self.show(root, len(self.scenes) - 1)
            self._svg = ElementTree.tostring(root, encoding="unicode")
        return ElementTree.fromstring(self._svg)

    def _find_texts(self, root: ElementTree.Element, nodes: dict[str, model.Node]) -> None:
        """Give each text that changes its ``data-what``, and let its end stay where it is as the number changes."""
        for group in root.iter(f"{{{svg.SVG}}}g"):
            texts = list(group.iter(f"{{{svg.SVG}}}text")) if group.get("class") in ("node", "edge") else []
            node = nodes.get(group.get("data-node", ""))
            if group.get("class") == "edge" and texts:
                texts[0].set("data-what", "slope")
            elif node is not None and node.kind in ("leaf", "made"):
                right = f"{_right(group) - 9:.2f}"
                for i, (what, _) in enumerate(node.rows):
                    text = texts[2 * i + 2]  # the title, then what and how much for each row
                    text.set("data-what", what)
                    text.set("text-anchor", "end")
                    text.set("x", right)

    def show(self, drawn: ElementTree.Element, k: int) -> None:
        """Set the texts of a picture to what they are after step `k` (from 0)."""
        texts = self.texts(k)
        for group in drawn.iter(f"{{{svg.SVG}}}g"):
            name = group.get("data-node") or group.get("data-edge") or ""
            for text in group.iter(f"{{{svg.SVG}}}text"):
                what = text.get("data-what", "")
                if what in ("data", "grad", "slope"):
                    text.text = texts.get((name, what), "" if what == "slope" else NOT_COMPUTED)

    def texts(self, k: int) -> dict[Place, str]:
        """What stands where after step `k`."""
        return {place: text for scene in self.scenes[: k + 1] for place, text in scene.sets}


def _right(group: ElementTree.Element) -> float:
    """The right border of a node, the inner one if it has two."""
    borders = [s for s in group.iter() if s.tag in (f"{{{svg.SVG}}}path", f"{{{svg.SVG}}}polygon")]
    points = [re.findall(r"(-?[\d.]+),-?[\d.]+", s.get("points") or s.get("d") or "") for s in borders]
    return min(max(map(float, xs)) for xs in points if xs)


def _views(explanation: Explanation) -> list[range]:
    """The steps that are shown together: the inputs at once, then every step by itself."""
    inputs = sum(step.phase == "forward" and not step.args for step in explanation)
    return [range(inputs), *(range(i, i + 1) for i in range(inputs, len(explanation)))]
