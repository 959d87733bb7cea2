"""The rows of a picture as DOT, the language of Graphviz, written by the graphviz package."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import groupby

from autograd.draw.model import Node, Picture
from autograd.draw.text import NOT_COMPUTED
from autograd.draw.theme import Theme

LARGE = 150  # nodes
FONT = "Arial"  # one name alone: both Graphvizes then know how wide its letters are


def write(picture: Picture, theme: Theme, direction: str = "LR", *, edge_ids: bool = False) -> str:
    """The DOT text; with `edge_ids` each edge is called e0, e1, …, so that a layout can be read back."""
    import graphviz  # (only where it is needed: it takes longer to load than the engine)

    graph = graphviz.Digraph(
        graph_attr={
            "rankdir": direction, "bgcolor": theme.background, "fontname": FONT, "fontcolor": theme.text,
            "nodesep": "0.22", "ranksep": "0.42", "pad": "0.15",
        },
        node_attr={"fontname": FONT, "fontsize": "16", "fontcolor": theme.text, "shape": "box", "margin": "0.08,0.04"},
        edge_attr={
            "color": theme.line, "penwidth": "1.4", "arrowsize": "0.8",
            "fontname": FONT, "fontsize": "12", "fontcolor": theme.faint,
        },
    )  # fmt: skip
    if len(picture.nodes) > LARGE:
        graph.attr(nslimit="2", mclimit="0.5")  # a good layout soon, instead of the best one late
    if picture.title or picture.footnote:
        small = f'<FONT POINT-SIZE="13">{text(picture.footnote)}</FONT>' if picture.footnote else ""
        heading = [text(picture.title)] if picture.title else []
        graph.attr(label=markup("<BR/>".join([*heading, *([small] if small else [])])), labelloc="t", fontsize="20")
    boxes = scopes_of(picture.nodes)
    for scope, nodes in groupby(sorted(picture.nodes, key=lambda n: n.scope), key=lambda n: n.scope):
        with ExitStack() as open_boxes:
            inner = graph
            for depth in range(1, len(scope) + 1):
                inner = open_boxes.enter_context(inner.subgraph(name=boxes[scope[:depth]]))
                inner.attr(
                    label=markup(text(scope[depth - 1])), style="rounded,dashed", color=theme.scope,
                    fontcolor=theme.scope, fontsize="15", penwidth="1.5", margin="10", labeljust="l",
                )  # fmt: skip
            for node in nodes:
                inner.node(node.id, label=label(node, theme), **style(node, theme))
    arrows = Counter(edge.head for edge in picture.edges)
    for i, edge in enumerate(picture.edges):
        more = {"id": f"e{i}"} if edge_ids else {}
        if edge.mark:
            more["label"] = markup(text(edge.mark))
        if arrows[edge.head] == 1:
            more["weight"] = "4"  # what has one argument stands in one line with it
        graph.edge(edge.tail, edge.head, **more)
    return str(graph.source)


def text(line: str) -> str:
    """Any line of text inside an HTML-like label. Graphviz replaces its own backslash escapes there, too."""
    return html.escape(line).replace("\\", "\\\\")


def markup(body: str) -> str:
    """What the graphviz package takes for an HTML-like label."""
    return f"<{body}>"


def label(node: Node, theme: Theme) -> str:
    """The label of a node: its title, a row each for data and gradient, a note."""
    if node.kind == "operation":
        from graphviz import escape

        return escape(node.title.replace("&", "&amp;"))  # type: ignore[no-any-return]
    if node.kind == "constant" or not (node.rows or node.note):
        return markup(text(node.title)) if node.title else " "
    body = ""
    if node.title:
        body += f'<TR><TD COLSPAN="2"><B>{text(node.title)}</B></TD></TR>'
    for what, shown in node.rows:
        value = text(shown)
        if what == "grad":
            color = theme.faint if shown == NOT_COMPUTED else theme.gradient
            value = f'<FONT COLOR="{color}">{value}</FONT>'
        body += (
            f'<TR><TD ALIGN="LEFT"><FONT POINT-SIZE="12" COLOR="{theme.faint}">{text(what)}</FONT></TD>'
            f'<TD ALIGN="RIGHT">{value}</TD></TR>'
        )
    if node.note:
        body += f'<TR><TD COLSPAN="2"><FONT POINT-SIZE="12"><I>{text(node.note)}</I></FONT></TD></TR>'
    return markup(f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">{body}</TABLE>')


def style(node: Node, theme: Theme) -> dict[str, str]:
    """Shape, border and colours. Leaves are rounded, the root has a double border, closed scopes a dashed one."""
    look = {"style": "filled", "penwidth": "1.6"}
    if node.kind == "operation":
        look.update(shape="ellipse", margin="0.04,0.0", width="0.5", height="0.4", fontsize="18")
        fill, border = theme.operation
    elif node.kind == "constant":
        look.update(shape="plaintext", style="", margin="0.04,0.02", width="0.2", height="0.2", fontcolor=theme.faint)
        fill = border = ""
    elif node.kind == "closed":
        look.update(style="filled,dashed", penwidth="2.5")
        fill, border = theme.closed
    elif node.root:
        look.update(style="filled,rounded" if node.kind == "leaf" else "filled", penwidth="2")
        fill, border = theme.root
    elif node.kind == "leaf":
        look.update(style="filled,rounded", penwidth="2.5")
        fill, border = theme.leaf
    else:
        fill, border = theme.made
    if node.root:
        look["peripheries"] = "2"
    if fill:
        look.update(fillcolor=fill, color=border)
    if node.highlight:
        look.update(color=theme.highlight, penwidth="5")
        if node.kind == "constant":
            look.update(shape="box")
    return look


def scopes_of(nodes: Sequence[Node]) -> dict[tuple[str, ...], str]:
    """The boxes of a picture and their names, outer ones first."""
    boxes: dict[tuple[str, ...], str] = {}
    for scope in sorted({node.scope for node in nodes}):
        for depth in range(1, len(scope) + 1):
            boxes.setdefault(scope[:depth], f"cluster_{len(boxes)}")
    return boxes
