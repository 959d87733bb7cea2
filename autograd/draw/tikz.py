"""The rows of a picture as TikZ, at the places that Graphviz found: for slides and papers in LaTeX.

The file compiles alone (`pdflatex name.tex`), and `\\input{name}` puts the picture into a document that has
`\\usepackage{tikz}`. It needs nothing but LaTeX's own packages.
"""

from __future__ import annotations

from collections.abc import Mapping

from autograd.draw import dot
from autograd.draw.layout import Box, Point, Route, layout
from autograd.draw.model import Node, Picture
from autograd.draw.text import NOT_COMPUTED
from autograd.draw.theme import Theme
from autograd.spell.latex_text import text

SCALE = 0.72  # Graphviz lays out text of 16 points, TeX sets it in 11
LARGEST = 16_000.0  # points: TeX knows no larger length
BEGIN = f"\\begin{{tikzpicture}}[x={SCALE}bp,y={SCALE}bp,font=\\sffamily\\small,inner sep=1pt]"
LINE = "edgeline,line width=0.8pt"  # how an arrow looks


def write(picture: Picture, theme: Theme, direction: str = "LR") -> str:
    """The LaTeX text. Raises ValueError if the picture is larger than TeX can hold."""
    places = layout(picture, theme, direction)
    width, height = size(places.whole)
    if max(width, height) > LARGEST:
        raise ValueError(
            f"this picture is {max(width, height):,.0f} points long, and TeX knows no length above {LARGEST:,.0f}. "
            "Draw a part of it, or save as .svg."
        )
    lines = [
        "% Compiles alone, and by \\input in a document that has \\usepackage{tikz}.",
        "\\def\\pictureends{}",
        "\\expandafter\\ifx\\csname @nodocument\\endcsname\\relax\\else",
        "  \\documentclass{article}",
        f"  \\usepackage[paperwidth={width:.1f}bp,paperheight={height:.1f}bp,margin=4bp]{{geometry}}",
        "  \\usepackage{tikz}",
        "  \\pagestyle{empty}\\parindent=0pt \\topskip=0pt",
        "  \\def\\pictureends{\\end{document}}",
        "  \\begin{document}%",
        "\\fi",
        BEGIN,
        *colors(theme),
    ]
    for scope, name in dot.scopes_of(picture.nodes).items():
        box = places.scopes[name]
        corner = (box.x - box.width / 2, box.y + box.height / 2)
        opposite = (box.x + box.width / 2, box.y - box.height / 2)
        lines.append(f"  \\draw[dashed,rounded corners=4pt,scope] {at(corner)} rectangle {at(opposite)};")
        lines.append(f"  \\node[anchor=north west,text=scope,inner sep=3pt] at {at(corner)} {{{text(scope[-1])}}};")
    for edge, route in zip(picture.edges, places.edges, strict=True):
        lines += [f"  {arrow}" for arrow in arrows(route)]
        if edge.mark and route.mark:
            lines.append(f"  {mark(text(edge.mark), route.mark)}")
    lines += [f"  {node(each, places.nodes[each.id])}" for each in picture.nodes]
    heading = picture.title or picture.footnote
    if heading and places.heading:
        lines.append(f"  \\node[text=ink] at {at(places.heading)} {{{text(heading)}}};")
    return "\n".join([*lines, "\\end{tikzpicture}%", "\\pictureends", ""])


def size(whole: Box) -> Point:
    """Width and height of the page around a picture, in TeX's big points."""
    return whole.width * SCALE + 12, whole.height * SCALE + 12


def colors(theme: Theme) -> list[str]:
    """The definitions of the colours that everything else here uses."""
    named = {
        "ink": theme.text, "faint": theme.faint, "gradient": theme.gradient, "edgeline": theme.line,
        "scope": theme.scope, "highlight": theme.highlight,
    }  # fmt: skip
    for kind in ("leaf", "made", "root", "operation", "closed"):
        named[f"{kind}fill"], named[f"{kind}line"] = getattr(theme, kind)
    return [f"  \\definecolor{{{name}}}{{HTML}}{{{color[1:].upper()}}}" for name, color in named.items()]


def node(node: Node, box: Box, cells: Mapping[str, str] | None = None) -> str:
    """A node. `cells` holds LaTeX that stands in place of the text of the rows with these names."""
    width, height = box.width * SCALE, box.height * SCALE
    kind = "root" if node.root and node.kind in ("leaf", "made") else node.kind
    keys = [f"minimum width={width:.1f}bp", f"minimum height={height:.1f}bp", "align=center", "text=ink"]
    if node.kind != "constant":
        keys += [f"draw={kind}line", f"fill={kind}fill", "line width=1pt"]
    if node.kind == "operation":
        keys += [f"rounded corners={height / 2:.1f}bp"]
    elif node.kind == "leaf":
        keys += ["rounded corners=5pt"]
    elif node.kind == "closed":
        keys += ["dashed"]
    if node.root:
        keys += ["double", "double distance=1.5pt"]
    if node.highlight:
        keys += ["draw=highlight", "line width=3pt"]
    return f"\\node[{','.join(keys)}] ({node.id}) at {at((box.x, box.y))} {{{_content(node, cells or {})}}};"


def _content(node: Node, cells: Mapping[str, str]) -> str:
    title = text(node.title)
    if not (node.rows or node.note):
        return title
    rows = [f"\\multicolumn{{2}}{{c}}{{\\textbf{{{title}}}}}"] if title else []
    for what, shown in node.rows:
        value = cells.get(what, text(shown))
        coloured = what == "grad" and (shown != NOT_COMPUTED or what in cells)
        rows.append(
            f"{{\\scriptsize {text(what)}}} & " + (f"\\textcolor{{gradient}}{{{value}}}" if coloured else value)
        )
    if node.note:
        rows.append(f"\\multicolumn{{2}}{{c}}{{\\scriptsize\\itshape {text(node.note)}}}")
    body = " \\\\ ".join(rows)
    return f"\\begin{{tabular}}{{@{{}}l@{{\\enspace}}r@{{}}}}{body}\\end{{tabular}}"


def arrows(route: Route, look: str = LINE) -> list[str]:
    """The splines of an edge, each with the straight bit that carries the arrow's head."""
    lines = []
    for curve, tip in zip(route.curves, route.tips, strict=True):
        path = at(curve[0])
        for i in range(1, len(curve) - 2, 3):
            path += f" .. controls {at(curve[i])} and {at(curve[i + 1])} .. {at(curve[i + 2])}"
        if tip:
            path += f" -- {at(tip)}"
        lines.append(f"\\draw[->,>=latex,{look}] {path};")
    return lines


def mark(latex: str, place: Point) -> str:
    """The text beside an arrow."""
    return f"\\node[text=faint,font=\\sffamily\\scriptsize] at {at(place)} {{{latex}}};"


def at(point: Point) -> str:
    """A point in TikZ."""
    return f"({point[0]:.1f},{point[1]:.1f})"
