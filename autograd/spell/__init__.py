"""How each operation is written in Python, NumPy, LaTeX and plain text: spellings, never derivatives.

mathml.py reads LaTeX and writes MathML, so that a formula is spelled once for papers and for pages.
"""
