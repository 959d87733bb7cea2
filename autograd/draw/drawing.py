"""draw(): from a Value to a picture that can be looked at, saved, and put on a slide."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

import numpy as np

from autograd.draw import closing, dot, mermaid, model, render, svg, tikz
from autograd.draw.files import write_whole
from autograd.draw.model import Picture, Show
from autograd.draw.text import NumberFormat, number_writer
from autograd.draw.theme import THEMES, Theme
from autograd.value import Value

DIRECTIONS = ("LR", "TB", "RL", "BT")
SUFFIXES = ("svg", "png", "pdf", "dot", "tex", "mmd")


class Drawing:
    """A picture of a graph, as it was when `draw` was called. A notebook shows it by itself.

    ``.source``  the DOT text;  ``.svg()``  the SVG text;  ``.save("name.svg")``  a file.
    """

    def __init__(self, picture: Picture, theme: Theme, direction: str) -> None:
        self._picture, self._theme, self._direction = picture, theme, direction
        self._svg: str | None = None
        self.source: str = dot.write(picture, theme, direction)

    def svg(self) -> str:
        """The picture as one `<svg>` element, with a description for screen readers and exact numbers on hovering.

        Raises `RenderError` if there is no Graphviz, neither the system's nor the one in graphviz-pure.
        """
        if self._svg is None:
            self._svg = svg.finish(render.render(self.source, "svg"), self._picture)
        return self._svg

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to a file; its ending says in which form. Returns the path.

        svg, png, pdf (needs the system's `dot`), dot (the source), tex (TikZ), mmd (Mermaid). The file is written
        whole or not at all. Raises ValueError for another ending, FileNotFoundError for a folder that is not there.
        """
        path = Path(path)
        form = path.suffix[1:].lower()
        if form not in SUFFIXES:
            raise ValueError(f"{path.name!r} does not end in one of {', '.join('.' + s for s in SUFFIXES)}")
        if not path.parent.is_dir():
            raise FileNotFoundError(f"there is no folder {str(path.parent)!r} to save {path.name!r} in")
        write_whole(path, self._as(form))
        return path

    def _as(self, form: str) -> bytes:
        if form == "svg":
            return ('<?xml version="1.0" encoding="UTF-8"?>\n' + self.svg() + "\n").encode()
        if form == "dot":
            return self.source.encode()
        if form == "tex":
            return tikz.write(self._picture, self._theme, self._direction).encode()
        if form == "mmd":
            return mermaid.write(self._picture, self._theme, self._direction).encode()
        return render.render(self.source, form, *([f"-Gdpi={self._dpi()}"] if form == "png" else []))

    def _dpi(self) -> int:
        """Dots per inch of a PNG: sharp on a slide, but no more than 8,000 dots either way."""
        width, height = re.findall(r'(?:width|height)="([\d.]+)pt"', self.svg())[:2]
        return max(1, min(192, int(8_000 * 72 / max(float(width), float(height)))))

    def _repr_svg_(self) -> str:
        return self.svg()

    def __str__(self) -> str:
        return self.source

    def __repr__(self) -> str:
        return f"<Drawing: {self._picture.name}>"


def draw(
    root: Value | Iterable[Value],
    *,
    direction: str = "LR",
    show: Show = "all",
    numbers: NumberFormat = ".4g",
    operations: str = "nodes",
    scopes: str | Iterable[str] = "open",
    slopes: bool = False,
    highlight: Value | Iterable[Value] = (),
    title: str = "",
    theme: str = "light",
    max_nodes: int = 400,
) -> Drawing:
    """Draw the graph below `root` (a Value, or several): what it was made from, and how.

    Each Value shows its label, its data and its gradient: a dash where none was computed yet, which is not 0.
    Leaves have round corners, constants are bare numbers, the root has a double border.

    direction   "LR" from left to right, "TB" from top to bottom, "RL", "BT"
    show        "all"; "data", without gradients; or "labels" alone
    numbers     how numbers are written: a format such as ".4g", or a function from a float to text
    operations  "nodes", between arguments and result, or "merged" into the result
    scopes      "open", a box around what was made in each name_scope; "closed", one box for all of it;
                "off"; or the names of the scopes to close
    slopes      write the slope ∂(result)/∂(argument) at each arrow into an operation
    highlight   Values to be marked
    title       a heading
    theme       "light", "dark", or "print" for black and white
    max_nodes   a larger graph has its scopes closed; if that does not make it fit, ValueError

    Raises TypeError or ValueError for anything else than that.

    >>> from autograd import Value
    >>> a = Value(3.0, "a")
    >>> picture = draw(a * a)
    >>> print(picture.source.count("n0 -> o1"))   # both edges of a * a
    2
    """
    roots = _values(root, "draw")
    lit = _values(highlight, "highlight=", empty=True)
    _one_of("direction", direction, DIRECTIONS)
    _one_of("show", show, get_args(Show))
    _one_of("operations", operations, ("nodes", "merged"))
    _one_of("theme", theme, tuple(THEMES))
    if not isinstance(title, str):
        raise TypeError(f"title= is text; got {title!r}")
    if isinstance(max_nodes, bool) or not isinstance(max_nodes, int) or not 1 <= max_nodes <= closing.HARD_LIMIT:
        raise ValueError(f"max_nodes= is a whole number from 1 to {closing.HARD_LIMIT:,}; got {max_nodes!r}")
    number = number_writer(numbers)

    order = model.in_order(roots)
    known = set(order)
    for value in lit:
        if value not in known:
            raise ValueError(f"highlight= holds a Value that is not in this graph: {value!r}")
    picture = model.picture(
        roots,
        order,
        number,
        show=show,
        merged=operations == "merged",
        scopes=scopes != "off",
        slopes=slopes,
        highlight=lit,
        boxes=_boxes(order, scopes, max_nodes),
        title=title,
    )
    return Drawing(picture, THEMES[theme], direction)


def _boxes(order: list[Value], scopes: str | Iterable[str], max_nodes: int) -> dict[Value, str]:
    """The closed box that each Value is in."""
    if isinstance(scopes, str):
        _one_of("scopes", scopes, ("open", "closed", "off"), " or a list of the scopes to close")
        if scopes == "open":
            return closing.fit(order, max_nodes)
        boxes = closing.close_at(order, 1) if scopes == "closed" else {}
    else:
        boxes = closing.close_named(order, list(scopes))
    if closing.drawn(order, boxes) > max_nodes:
        raise closing.too_large(len(order), max_nodes, f"with scopes={scopes!r}")
    return boxes


def _values(given: Any, what: str, *, empty: bool = False) -> list[Value]:
    if isinstance(given, Value):
        return [given]
    if isinstance(given, np.ndarray):
        given = given.ravel().tolist()
    if isinstance(given, str | bytes | dict) or not isinstance(given, Iterable):
        raise TypeError(f"{what} takes a Value or a list of Values; got {given!r} of type {type(given).__name__}")
    values = list(dict.fromkeys(given))
    for value in values:
        if not isinstance(value, Value):
            raise TypeError(f"{what} takes a Value or a list of Values; the list holds {value!r}")
    if not values and not empty:
        raise ValueError(f"{what} got an empty list: there is nothing to draw")
    return values


def _one_of(name: str, given: Any, known: tuple[str, ...], more: str = "") -> None:
    if given not in known:
        raise ValueError(f"{name}= is one of {', '.join(map(repr, known))}{more}; got {given!r}")
