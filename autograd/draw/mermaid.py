"""The rows of a picture as a Mermaid flowchart, for Markdown pages."""

from __future__ import annotations

from autograd.draw.dot import scopes_of
from autograd.draw.model import Node, Picture
from autograd.draw.theme import Theme

# Opening and closing bracket: this is how Mermaid writes a shape.
SHAPES = {
    "leaf": ("(", ")"),
    "constant": ("[", "]"),
    "made": ("[", "]"),
    "operation": ("([", "])"),
    "closed": ("{{", "}}"),
}


def write(picture: Picture, theme: Theme, direction: str = "LR") -> str:
    """The Mermaid text."""
    lines = [f"flowchart {direction}"]
    boxes = scopes_of(picture.nodes)
    inside: dict[tuple[str, ...], list[Node]] = {scope: [] for scope in [(), *boxes]}
    for node in picture.nodes:
        inside[node.scope].append(node)
    open_scope: tuple[str, ...] = ()
    for scope, nodes in inside.items():  # outer boxes come before inner ones: close what does not hold this one
        while open_scope != scope[: len(open_scope)] or (scope and len(open_scope) >= len(scope)):
            lines.append("  " * len(open_scope) + "end")
            open_scope = open_scope[:-1]
        if scope:
            lines.append("  " * len(scope) + f'subgraph {boxes[scope]}["{text(scope[-1])}"]')
            open_scope = scope
        lines += ["  " * (len(scope) + 1) + _node(node) for node in nodes]
    lines += ["  " * depth + "end" for depth in range(len(open_scope), 0, -1)]
    for edge in picture.edges:
        mark = f'|"{text(edge.mark)}"|' if edge.mark else ""
        lines.append(f"  {edge.tail} -->{mark} {edge.head}")
    for name in ("leaf", "made", "root", "operation", "closed"):
        fill, border = getattr(theme, name)
        width = "3px" if name in ("leaf", "root") else "1.5px"
        dashed = ",stroke-dasharray:6 4" if name == "closed" else ""
        lines.append(f"  classDef {name} fill:{fill},stroke:{border},stroke-width:{width},color:{theme.text}{dashed}")
    lines.append(f"  classDef constant fill:none,stroke:none,color:{theme.faint}")
    lines.append(f"  classDef highlight stroke:{theme.highlight},stroke-width:5px")
    return "\n".join(lines) + "\n"


def _node(node: Node) -> str:
    left, right = ("[[", "]]") if node.root and node.kind == "made" else SHAPES[node.kind]
    rows = [node.title] if node.title else []
    rows += [f"{what} {shown}" for what, shown in node.rows] + ([node.note] if node.note else [])
    classes = "root" if node.root and node.kind in ("leaf", "made") else node.kind
    line = f'{node.id}{left}"{"<br/>".join(map(text, rows)) or " "}"{right}:::{classes}'
    return f"{line}\n  class {node.id} highlight" if node.highlight else line


def text(line: str) -> str:
    """Any line of text inside Mermaid's quotes: all but letters, digits and spaces by number."""
    # Mermaid keeps numbered letters as "ﬂ°…¶ß" while it works: a label must not hold its sign.
    line = line.replace("ﬂ", "fl")
    return "".join(c if c == " " or c.isalnum() else f"#{ord(c)};" for c in line)
