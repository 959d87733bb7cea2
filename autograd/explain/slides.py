"""An explanation as one LaTeX beamer frame: the graph, with one overlay per step.

The file compiles alone (`pdflatex name.tex`, once) and uses nothing but beamer and TikZ. The inputs appear together on
the first overlay; then every step has its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd.draw import tikz
from autograd.draw.model import Edge, Node, Picture
from autograd.draw.text import NOT_COMPUTED
from autograd.draw.theme import LIGHT
from autograd.spell import latex

if TYPE_CHECKING:
    from autograd.explain.explanation import Explanation, Step
    from autograd.explain.picture import Scene

WIDTH, HEIGHT = 400.0, 118.0  # points that the graph may take on a slide of 16:9
MOST = 3  # formulas on a slide

Shown = dict[tuple[str, str], list[tuple[int, str]]]  # for each place: from which overlay on it shows which text


def write(explanation: Explanation) -> str:
    """The LaTeX text. Raises ValueError if the graph is too large to draw."""
    stage = explanation.stage
    stage.drawn()  # too large a graph fails here, in words
    picture: Picture = stage.picture  # type: ignore[assignment]
    name = latex.name(explanation.writer.name(explanation.root))
    text = "\n".join(
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
    return text.replace(tikz.text("⁻"), r"\ensuremath{^{-}}")  # the raised minus of xⁿ⁻¹, which has no command


def _graph(picture: Picture, explanation: Explanation) -> list[str]:
    """The graph once; the numbers in it, and what is marked, appear on their overlays."""
    layout = tikz._layout(picture, LIGHT, "LR")
    places = {each["name"]: each for each in layout.get("objects", [])}
    routes = {each["id"]: each for each in layout.get("edges", [])}
    x0, y0, x1, y1 = tikz._numbers(layout["bb"])
    scale = min(1.0, WIDTH / ((x1 - x0) * tikz.SCALE + 12), HEIGHT / ((y1 - y0) * tikz.SCALE + 12))
    views = explanation.stage.views
    overlay = {k: i for i, view in enumerate(views, 1) for k in view}
    shown: Shown = {}
    for k, scene in enumerate(explanation.stage.scenes):
        for place, text in scene.sets:
            shown.setdefault(place, []).append((overlay[k], text))
    lines = [
        rf"\scalebox{{{scale:.3f}}}{{%",
        rf"\begin{{tikzpicture}}[x={tikz.SCALE}bp,y={tikz.SCALE}bp,font=\sffamily\small,inner sep=1pt]",
        *tikz._colors(LIGHT),
    ]
    lines += [f"  {_edge(edge, routes[f'e{i}'], 'edgeline,line width=0.8pt')}" for i, edge in enumerate(picture.edges)]
    for i, view in enumerate(views, 1):
        for k in view:
            lines += _marked_edges(explanation.stage.scenes[k], i, picture, routes)
    for i, edge in enumerate(picture.edges):
        place = routes[f"e{i}"].get("lp")
        if edge.mark and place:
            at = tikz._at(tikz._point(place))
            lines.append(
                rf"  \node[text=faint,font=\sffamily\scriptsize] at {at} {{{_changing(shown, f'e{i}', 'slope')}}};"
            )
    lines += [f"  {_node(node, places[node.id], shown)}" for node in picture.nodes]
    for i, view in enumerate(views, 1):
        nodes = dict.fromkeys(explanation.stage.scenes[k].node for k in view)
        lines += [rf"  \only<{i}>{{{_frame_around(places[node])}}}" for node in nodes if node]
    return [*lines, r"\end{tikzpicture}}"]


def _edge(edge: Edge, route: dict[str, str], look: str) -> str:
    """The line of an edge, without its mark."""
    line = tikz._edge(Edge(edge.tail, edge.head), route)[0]
    return line.strip().replace("edgeline,line width=0.8pt", look)


def _marked_edges(scene: Scene, overlay: int, picture: Picture, routes: dict[str, dict[str, str]]) -> list[str]:
    marked = [(picture.edges[int(name[1:])], routes[name]) for name in scene.edges]
    return [rf"  \only<{overlay}>{{{_edge(edge, route, 'highlight,line width=2pt')}}}" for edge, route in marked]


def _node(node: Node, place: dict[str, str], shown: Shown) -> str:
    """A node as in a still picture, with rows that change."""
    rows = [(what, f"\x00{i}") for i, (what, _) in enumerate(node.rows)]
    still = tikz._node(Node(node.id, node.kind, node.title, rows, node.note, scope=node.scope, root=node.root), place)
    for i, (what, text) in enumerate(node.rows):
        changing = _changing(shown, node.id, what) if what in ("data", "grad") else tikz.text(text)
        still = still.replace(tikz.text(f"\x00{i}"), changing, 1)
    return still.strip()


def _changing(shown: Shown, name: str, what: str) -> str:
    r"""One text after the other: ``\only<1-3>{---}\only<4->{0.5}``."""
    texts = [(1, "" if what == "slope" else NOT_COMPUTED), *shown.get((name, what), [])]
    parts = []
    for (first, text), (after, _) in zip(texts, [*texts[1:], (0, "")], strict=True):
        if after == first or not text:
            continue  # replaced on the same overlay
        until = "" if after == 0 else f"{after - 1}"
        parts.append(rf"\only<{first}-{until}>{{{tikz.text(text)}}}")
    return "".join(parts)


def _frame_around(place: dict[str, str]) -> str:
    x, y = tikz._numbers(place["pos"])
    width, height = float(place["width"]) * 72 * tikz.SCALE + 4, float(place["height"]) * 72 * tikz.SCALE + 4
    return (
        rf"\node[draw=highlight,line width=3pt,rounded corners=4pt,minimum width={width:.1f}bp,"
        rf"minimum height={height:.1f}bp] at ({x:.1f},{y:.1f}) {{}};"
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
        rf"{size}\textbf{{{step.phase.capitalize()} pass.}} {tikz.text(step.text)}\par\smallskip "
        + r"\par\smallskip ".join(formulas)
    )
