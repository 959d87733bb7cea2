"""The steps of a forward and a backward pass, told: ``explain(root)`` → an `Explanation`.

formula.py      the formulas of a step
writer.py       the same, printed as text, LaTeX and MathML
words.py        what happens, in sentences
explanation.py  explain() and what it returns
terminal.py     for the terminal
notebook.py     for a notebook
picture.py      the graph, step by step
page.py         a page that steps through the passes (its script and style: player.py)
frames.py       one picture per step
slides.py       LaTeX beamer
"""

from autograd.explain.explanation import Explanation, Step, explain

__all__ = ["Explanation", "Step", "explain"]
