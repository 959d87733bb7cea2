"""An explanation as one LaTeX beamer frame: the graph, with one overlay per step.

The file compiles alone (`pdflatex name.tex`, once) and uses nothing but beamer and TikZ. The inputs appear together on
the first overlay; then every step has its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd.draw import tikz
from autograd.draw.layout import Box, layout
from autograd.draw.model import Picture
from autograd.draw.text import NOT_COMPUTED
from autograd.draw.theme import LIGHT
from autograd.spell import latex
from autograd.spell.latex_text import text

if TYPE_CHECKING:
    from autograd.explain.explanation import Explanation, Step

WIDTH, HEIGHT = 400.0, 118.0  # points that the graph may take on a slide of 16:9
FORWARD_HEIGHT = 150.0  # … in the forward pass, where there is one formula below it
SMALLEST = 0.5  # of a graph that would have to be smaller than this, each overlay shows the part it is about
BORDER = 16.0  # points around the picture, for thick lines
MOST = 3  # formulas on a slide
MARKED = "highlight,line width=2pt"  # how an arrow looks that a step is about

Shown = dict[tuple[str, str], list[tuple[int, str]]]  # for each place: from which overlay on it shows which text


def write(explanation: Explanation) -> str:
    """The LaTeX text. Raises ValueError if the graph is too large to draw."""
    stage = explanation.stage
    stage.drawn()  # too large a graph fails here, in words
    picture: Picture = stage.picture  # type: ignore[assignment]
    name = latex.name(explanation.writer.name(explanation.root))
    return "\n".join(
        [
            "% One overlay for each step. Compiles alone: pdflatex this-file.tex",
            r"\documentclass[aspectratio=169,11pt]{beamer}",
            r"\usepackage{tikz}",
            r"\setbeamertemplate{navigation symbols}{}",
            r"\begin{document}",
            rf"\begin{{frame}}[t]{{Backpropagation, step by step: ${name}$}}",
            r"\centering",
            *_graph(picture, explanation),
            r"",
            r"\raggedright",
            *_captions(explanation),
            r"\end{frame}",
            r"\end{document}",
            "",
        ]
    )


def _graph(picture: Picture, explanation: Explanation) -> list[str]:
    """The graph once; the numbers in it, and what is marked, appear on their overlays."""
    stage = explanation.stage
    places = layout(picture, LIGHT, "LR")
    width, height = tikz.size(places.whole)
    overlay = {k: i for i, view in enumerate(stage.views, 1) for k in view}
    shown: Shown = {}
    for k, scene in enumerate(stage.scenes):
        for place, written in scene.sets:
            shown.setdefault(place, []).append((overlay[k], written))
    scale = min(1.0, WIDTH / width, HEIGHT / height)
    lines = []
    if scale < SMALLEST:
        scale = SMALLEST
        for i, view in enumerate(stage.views, 1):
            about = [places.nodes[name] for name in dict.fromkeys(stage.scenes[k].node for k in view) if name]
            height = FORWARD_HEIGHT if explanation[view.start].phase == "forward" else HEIGHT
            lines.append(rf"\only<{i}>{{\clip {_window(about, places.whole, height)};}}")
    lines += [arrow for route in places.edges for arrow in tikz.arrows(route)]
    for k, scene in enumerate(stage.scenes):
        marked = [places.edges[int(name[1:])] for name in scene.edges]
        lines += [rf"\only<{overlay[k]}>{{{arrow}}}" for route in marked for arrow in tikz.arrows(route, MARKED)]
    for i, (edge, route) in enumerate(zip(picture.edges, places.edges, strict=True)):
        if edge.mark and route.mark:
            lines.append(tikz.mark(_changing(shown, f"e{i}", "slope"), route.mark))
    for node in picture.nodes:
        cells = {what: _changing(shown, node.id, what) for what, _ in node.rows if what in ("data", "grad")}
        lines.append(tikz.node(node, places.nodes[node.id], cells))
    for i, view in enumerate(stage.views, 1):
        nodes = dict.fromkeys(stage.scenes[k].node for k in view)
        lines += [rf"\only<{i}>{{{_frame_around(places.nodes[name])}}}" for name in nodes if name]
    return [
        rf"\scalebox{{{scale:.3f}}}{{%",
        tikz.BEGIN,
        *tikz.colors(LIGHT),
        *(f"  {line}" for line in lines),
        r"\end{tikzpicture}}",
    ]


def _changing(shown: Shown, name: str, what: str) -> str:
    r"""One text after the other: ``\only<1-3>{---}\only<4->{0.5}``."""
    texts = [(1, "" if what == "slope" else NOT_COMPUTED), *shown.get((name, what), [])]
    parts = []
    for (first, written), (after, _) in zip(texts, [*texts[1:], (0, "")], strict=True):
        if after == first or not written:
            continue  # replaced on the same overlay
        until = "" if after == 0 else f"{after - 1}"
        parts.append(rf"\only<{first}-{until}>{{{text(written)}}}")
    return "".join(parts)


def _window(about: list[Box], whole: Box, height: float) -> str:
    """The part of a large graph that has room on a slide: around the middle of what a step is about."""
    unit = SMALLEST * tikz.SCALE  # points on the slide for each point of the picture
    sides = []
    for middles, room, middle, length in (
        ([box.x for box in about], WIDTH, whole.x, whole.width + BORDER),
        ([box.y for box in about], height, whole.y, whole.height + BORDER),
    ):
        seen = min(length, (room - 12) / unit)
        wanted = sum(middles) / len(middles) if middles else middle
        first = min(max(wanted - seen / 2, middle - length / 2), middle + length / 2 - seen)
        sides.append((first, first + seen))
    (left, right), (low, high) = sides
    return f"{tikz.at((left, low))} rectangle {tikz.at((right, high))}"


def _frame_around(box: Box) -> str:
    width, height = box.width * tikz.SCALE + 4, box.height * tikz.SCALE + 4
    return (
        rf"\node[draw=highlight,line width=3pt,rounded corners=4pt,minimum width={width:.1f}bp,"
        rf"minimum height={height:.1f}bp] at {tikz.at((box.x, box.y))} {{}};"
    )


def _captions(explanation: Explanation) -> list[str]:
    lines = []
    for i, view in enumerate(explanation.stage.views, 1):
        steps = [explanation[k] for k in view]
        if len(steps) == 1:
            body = _caption(steps[0], explanation)
        else:
            given = ", ".join(f"${step.latex}$" for step in steps[:12]) + (r", \dots" if len(steps) > 12 else "")
            body = rf"\textbf{{Forward pass.}} Given: {given}."
        lines.append(rf"\only<{i}>{{{body}\par}}")
    return lines


def _caption(step: Step, explanation: Explanation) -> str:
    start = len(step.formulas) - len(step.contributions)
    formulas = [rf"$\displaystyle {explanation.writer.latex(each)}$" for each in step.formulas]
    for i, c in enumerate(step.contributions, start):
        formulas[i] += rf"\quad(total ${latex.number_text(explanation.writer.number(c.total))}$)"
    formulas = formulas[:MOST] + [r"$\dots$"] * (len(formulas) > MOST)
    size = r"\small " if len(formulas) < MOST else r"\footnotesize "
    return (
        rf"{size}\textbf{{{step.phase.capitalize()} pass.}} {text(step.text)}\par\smallskip "
        + r"\par\smallskip ".join(formulas)
    )
