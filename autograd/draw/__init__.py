"""A graph as a picture: ``draw(root)`` → a `Drawing`.

The way of a picture through this folder:

    text.py      labels and numbers, made fit to be shown
    model.py     a graph as plain rows: nodes and edges
    closing.py   a large graph with its scopes closed to one box each
    theme.py     colours and line styles
    dot.py       the rows as DOT, the language of Graphviz
    render.py    running Graphviz
    svg.py       what is added to Graphviz's SVG: words for a screen reader, exact numbers on hovering
    layout.py    where Graphviz puts everything
    tikz.py, mermaid.py   the rows for LaTeX and for Markdown
    files.py     how files are written
    drawing.py   draw() and what it returns
"""

from autograd.draw.drawing import Drawing, draw

__all__ = ["Drawing", "draw"]
