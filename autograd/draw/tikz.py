"""The rows of a picture as TikZ, at the places that Graphviz found: for slides and papers in LaTeX.

The file compiles alone (`pdflatex name.tex`), and `\\input{name}` puts the picture into a document that has
`\\usepackage{tikz}`. It needs nothing but LaTeX's own packages, so letters that pdfLaTeX does not know appear by
their number (U+4E2D); Greek letters, accents, subscripts and superscripts are set as they should be.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import replace
from typing import Any

from autograd.draw import dot, render
from autograd.draw.model import Edge, Node, Picture
from autograd.draw.text import NOT_COMPUTED
from autograd.draw.theme import Theme

SCALE = 0.72  # Graphviz lays out text of 16 points, TeX sets it in 11
LARGEST = 16_000.0  # points: TeX knows no larger length

Point = tuple[float, float]


def write(picture: Picture, theme: Theme, direction: str = "LR") -> str:
    """The LaTeX text. Raises ValueError if the picture is larger than TeX can hold."""
    layout = _layout(picture, theme, direction)
    x0, y0, x1, y1 = _numbers(layout["bb"])
    width, height = (x1 - x0) * SCALE + 12, (y1 - y0) * SCALE + 12
    if max(width, height) > LARGEST:
        raise ValueError(
            f"this picture is {max(width, height):,.0f} points long, and TeX knows no length above {LARGEST:,.0f}. "
            "Draw a part of it, or save as .svg."
        )
    places = {each["name"]: each for each in layout.get("objects", [])}
    routes = {each["id"]: each for each in layout.get("edges", [])}
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
        f"\\begin{{tikzpicture}}[x={SCALE}bp,y={SCALE}bp,font=\\sffamily\\small,inner sep=1pt]",
        *_colors(theme),
    ]
    for scope, name in dot.scopes_of(picture.nodes).items():
        left, low, right, high = _numbers(places[name]["bb"])
        lines.append(
            f"  \\draw[dashed,rounded corners=4pt,scope] ({left:.1f},{low:.1f}) rectangle ({right:.1f},{high:.1f});"
        )
        lines.append(
            f"  \\node[anchor=north west,text=scope,inner sep=3pt] at ({left:.1f},{high:.1f}) {{{text(scope[-1])}}};"
        )
    for i, edge in enumerate(picture.edges):
        lines += _edge(edge, routes[f"e{i}"])
    lines += [_node(node, places[node.id]) for node in picture.nodes]
    heading = picture.title or picture.footnote
    if heading and "lp" in layout:
        x, y = _numbers(layout["lp"])
        lines.append(f"  \\node[text=ink] at ({x:.1f},{y:.1f}) {{{text(heading)}}};")
    return "\n".join([*lines, "\\end{tikzpicture}%", "\\pictureends", ""])


def _layout(picture: Picture, theme: Theme, direction: str) -> Any:
    """Where everything goes. Only the width of the text matters for that, so its letters are all made harmless."""
    nodes = [
        replace(
            n, title=_plain(n.title), rows=[(_plain(a), _plain(b)) for a, b in n.rows], note=_plain(n.note)
        )
        for n in picture.nodes
    ]  # fmt: skip
    harmless = replace(picture, nodes=nodes, title=_plain(picture.title), footnote=_plain(picture.footnote))
    source = dot.write(harmless, theme, direction, edge_ids=True)
    return json.loads(render.render(source, "json0"))


def _plain(line: str) -> str:
    """Letters about as wide as what TeX will set."""
    return "".join(
        c if (c.isascii() and c.isalnum()) or c in " .-+" else "m" * (6 if "{U+" in text(c) else 1) for c in line
    )


def _node(node: Node, place: Any) -> str:
    x, y = _numbers(place["pos"])
    width, height = float(place["width"]) * 72 * SCALE, float(place["height"]) * 72 * SCALE
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
    title = text(node.title)
    if not (node.rows or node.note):
        return f"  \\node[{','.join(keys)}] ({node.id}) at ({x:.1f},{y:.1f}) {{{title}}};"
    rows = [f"\\multicolumn{{2}}{{c}}{{\\textbf{{{title}}}}}"] if title else []
    for what, shown in node.rows:
        value = f"\\textcolor{{gradient}}{{{text(shown)}}}" if what == "grad" and shown != NOT_COMPUTED else text(shown)
        rows.append(f"{{\\scriptsize {text(what)}}} & {value}")
    if node.note:
        rows.append(f"\\multicolumn{{2}}{{c}}{{\\scriptsize\\itshape {text(node.note)}}}")
    body = " \\\\ ".join(rows)
    table = f"\\begin{{tabular}}{{@{{}}l@{{\\enspace}}r@{{}}}}{body}\\end{{tabular}}"
    return f"  \\node[{','.join(keys)}] ({node.id}) at ({x:.1f},{y:.1f}) {{{table}}};"


def _edge(edge: Edge, route: Any) -> list[str]:
    """The splines of an edge, and the straight bit that carries the arrow's head."""
    lines = []
    for part in str(route["pos"]).split(";"):
        points = part.split(" ")
        ends = {p[0]: _point(p[2:]) for p in points if p[0] in "es"}
        curve = [_point(p) for p in points if p[0] not in "es"]
        path = _at(curve[0])
        for i in range(1, len(curve) - 2, 3):
            path += f" .. controls {_at(curve[i])} and {_at(curve[i + 1])} .. {_at(curve[i + 2])}"
        if "e" in ends:
            path += f" -- {_at(ends['e'])}"
        lines.append(f"  \\draw[->,>=latex,edgeline,line width=0.8pt] {path};")
    if edge.mark and "lp" in route:
        lines.append(
            f"  \\node[text=faint,font=\\sffamily\\scriptsize] at {_at(_point(route['lp']))} {{{text(edge.mark)}}};"
        )
    return lines


def _colors(theme: Theme) -> list[str]:
    named = {
        "ink": theme.text, "faint": theme.faint, "gradient": theme.gradient, "edgeline": theme.line,
        "scope": theme.scope, "highlight": theme.highlight,
    }  # fmt: skip
    for kind in ("leaf", "made", "root", "operation", "closed"):
        named[f"{kind}fill"], named[f"{kind}line"] = getattr(theme, kind)
    return [f"  \\definecolor{{{name}}}{{HTML}}{{{color[1:].upper()}}}" for name, color in named.items()]


def _numbers(words: str) -> list[float]:
    return [float(x) for x in words.split(",")]


def _point(words: str) -> Point:
    x, y = _numbers(words)[:2]
    return x, y


def _at(point: Point) -> str:
    return f"({point[0]:.1f},{point[1]:.1f})"


# -- Text ---------------------------------------------------------------------------------------------------

SPECIAL = {
    "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", "$": "\\$", "&": "\\&", "%": "\\%", "#": "\\#", "_": "\\_",
    "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "<": "\\textless{}", ">": "\\textgreater{}",
    "|": "\\textbar{}", '"': "\\textquotedbl{}", "'": "{'}", "`": "{`}", "-": "{-}",
    "[": "{[}", "]": "{]}",
    "—": "---", "–": "--", "…": "\\dots{}", "·": "\\ensuremath{\\cdot}", "×": "\\ensuremath{\\times}",
    "−": "\\ensuremath{-}", "∂": "\\ensuremath{\\partial}", "∇": "\\ensuremath{\\nabla}", "∑": "\\ensuremath{\\sum}",
    "√": "\\ensuremath{\\surd}", "∞": "\\ensuremath{\\infty}", "≤": "\\ensuremath{\\le}", "≥": "\\ensuremath{\\ge}",
    "′": "\\ensuremath{'}", "½": "\\ensuremath{\\frac12}", "↵": "\\ensuremath{\\hookleftarrow}",
    "→": "\\ensuremath{\\to}", "\N{REPLACEMENT CHARACTER}": "?",
}  # fmt: skip
SPECIAL['"'] = "{''}"  # the straight mark is not in LaTeX's default font encoding
ACCENTS = {
    "\u0300": "\\`", "\u0301": "\\'", "\u0302": "\\^", "\u0303": "\\~", "\u0304": "\\=", "\u0307": "\\.",
    "\u0308": '\\"', "\u030a": "\\r", "\u030c": "\\v", "\u0327": "\\c",
}  # fmt: skip
# Greek capitals that look like Latin ones have no command of their own.
LIKE_LATIN = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΧο", "ABEZHIKMNOPTXo", strict=True))


def text(line: str) -> str:
    """Any line of text as LaTeX that sets it and does nothing else.

    >>> text("50% of $x_1$"), text("σ₁ é")
    ('50\\\\% of \\\\$x\\\\_1\\\\$', "\\\\ensuremath{\\\\sigma}\\\\ensuremath{_{1}} \\\\'{e}")
    """
    return "".join(map(_letter, line))


def _letter(c: str) -> str:
    if c in SPECIAL:
        return SPECIAL[c]
    if c.isascii():
        return c
    if c in LIKE_LATIN:
        return f"\\ensuremath{{\\mathrm{{{LIKE_LATIN[c]}}}}}"
    greek = re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER (\w+)", unicodedata.name(c, ""))
    if greek and greek[2] in GREEK:
        name = GREEK[greek[2]]
        return f"\\ensuremath{{\\{name if greek[1] == 'SMALL' else name.capitalize()}}}"
    kind, *parts = [p if p.startswith("<") else chr(int(p, 16)) for p in unicodedata.decomposition(c).split()] or [""]
    if kind in ("<sub>", "<super>") and len(parts) == 1 and parts[0].isascii():
        return f"\\ensuremath{{{'_' if kind == '<sub>' else '^'}{{{parts[0]}}}}}"
    if len(parts) == 1 and kind.isascii() and kind.isalpha() and parts[0] in ACCENTS:
        return f"{ACCENTS[parts[0]]}{{{kind}}}"
    return " " if c.isspace() else f"{{\\tiny U+{ord(c):04X}}}"


GREEK = {
    unicodedata.name(letter).rsplit(" ", 1)[1]: name
    for letter, name in {
        "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
        "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho",
        "σ": "sigma", "τ": "tau", "υ": "upsilon", "φ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega",
    }.items()
}  # fmt: skip
