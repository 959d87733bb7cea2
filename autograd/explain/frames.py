"""One picture per step, for slides of any kind; and how files are written here: whole or not at all."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from autograd.draw.files import write_whole
from autograd.draw.svg import SVG
from autograd.draw.theme import LIGHT

if TYPE_CHECKING:
    from autograd.explain.explanation import Explanation

Maker = Callable[["Explanation"], str]

LETTER = 21  # size of the caption's letters, in points
LINE = 30
NARROWEST = 900
MOST = 4  # formulas under a picture


def save(path: str | os.PathLike[str], makers: dict[str, Maker], explanation: Explanation) -> Path:
    """Write an explanation to a file in the form that its ending names. Returns the path."""
    path = Path(path)
    maker = makers.get(path.suffix[1:].lower())
    if maker is None:
        raise ValueError(f"{path.name!r} does not end in {' or '.join('.' + form for form in makers)}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {str(path.parent)!r} to save {path.name!r} in")
    if path.is_dir():
        raise IsADirectoryError(f"{str(path)!r} is a folder, not a file")
    write_whole(path, maker(explanation).encode())
    return path


def write(explanation: Explanation, folder: str | os.PathLike[str]) -> list[Path]:
    """step-001.svg, step-002.svg, …: all pictures are made before the first is written."""
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"{str(folder)!r} is a file; give a folder for the pictures")
    if not folder.exists() and not folder.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {str(folder.parent)!r} to make {folder.name!r} in")
    pictures = pictures_of(explanation)
    digits = max(3, len(str(len(pictures))))
    paths = [folder / f"step-{i:0{digits}}.svg" for i in range(1, len(pictures) + 1)]
    new = not folder.exists()
    folder.mkdir(exist_ok=True)
    try:
        for path, picture in zip(paths, pictures, strict=True):
            write_whole(path, picture.encode())
    except BaseException:
        if new:  # leave no half of a film behind
            shutil.rmtree(folder, ignore_errors=True)
        raise
    return paths


def pictures_of(explanation: Explanation) -> list[str]:
    """One SVG text per step, all of the same size: the graph, and below it what happens."""
    graph = explanation.stage.drawn()
    _, _, across, down = (float(x) for x in graph.get("viewBox", "0 0 1 1").split())
    width = max(across, NARROWEST)
    letters = int(width / (0.5 * LETTER))
    captions = [_caption(explanation, k, letters) for k in range(len(explanation))]
    height = down + LINE * (max(map(len, captions)) + 1)
    return [_frame(explanation, k, caption, width, height, letters) for k, caption in enumerate(captions)]


def _caption(explanation: Explanation, k: int, letters: int) -> list[str]:
    step = explanation[k]
    lines = textwrap.wrap(f"{k + 1}/{len(explanation)}  {step.phase}: {step.text}", letters)
    lines += explanation.writer.lines(step.formulas, step.contributions)[:MOST]
    return lines + ["…"] * (len(step.formulas) > MOST)


def _frame(explanation: Explanation, k: int, caption: list[str], width: float, height: float, letters: int) -> str:
    graph = explanation.stage.drawn()
    explanation.stage.show(graph, k)
    mark(graph, explanation.stage.scenes[k].node, explanation.stage.scenes[k].edges)
    _, _, across, down = (float(x) for x in graph.get("viewBox", "0 0 1 1").split())
    for name, size in (("x", (width - across) / 2), ("y", 0), ("width", across), ("height", down)):
        graph.set(name, f"{size:g}")
    graph.attrib.pop("style", None)
    frame = ElementTree.Element(
        f"{{{SVG}}}svg", {"viewBox": f"0 0 {width:g} {height:g}", "width": f"{width:g}pt", "height": f"{height:g}pt"}
    )
    ElementTree.SubElement(frame, f"{{{SVG}}}title").text = caption[0]
    ElementTree.SubElement(frame, f"{{{SVG}}}rect", {"width": "100%", "height": "100%", "fill": LIGHT.background})
    frame.append(graph)
    for i, line in enumerate(caption):
        look = {
            "x": "20", "y": f"{down + LINE * (i + 1):g}", "fill": LIGHT.text, "font-size": str(LETTER),
            "font-family": "Helvetica,Arial,sans-serif",
        }  # fmt: skip
        if len(line) > letters:
            look |= {"textLength": f"{width - 40:g}", "lengthAdjust": "spacingAndGlyphs"}
        ElementTree.SubElement(frame, f"{{{SVG}}}text", look).text = line
    ElementTree.register_namespace("", SVG)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(frame, encoding="unicode") + "\n"


def mark(drawn: ElementTree.Element, node: str, edges: tuple[str, ...]) -> None:
    """Mark a node and edges of a picture, by a thick line in the colour for that."""
    for group in drawn.iter(f"{{{SVG}}}g"):
        if (node and group.get("data-node") == node) or (group.get("data-edge") or "-") in edges:
            for shape in group:
                if shape.tag in (f"{{{SVG}}}path", f"{{{SVG}}}polygon", f"{{{SVG}}}ellipse"):
                    shape.set("stroke", LIGHT.highlight)
                    shape.set("stroke-width", "4")
                    if group.get("data-edge") and shape.tag == f"{{{SVG}}}polygon":
                        shape.set("fill", LIGHT.highlight)
