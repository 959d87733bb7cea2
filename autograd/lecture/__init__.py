"""The lecture, carried out: ``chalkgrad lecture``. Everything below meets here; it alone uses `nn` and `optim`.

The way of the lecture through this folder:

    plan.py         how much is done: --quick or in full
    data.py         scikit-learn's digits, split
    small.py        one small network, before and after backward()
    training.py     the lecture's network trained by every method
    symmetry.py     what zero initialisation does, and the restart that mends it
    convex.py       the rates O(1/k) and O(1/√k)
    matrices.py     the scalar graph against the program made of it
    experiments.py  all of these, one after the other → `Results`
    notation.py, diagram.py, figures.py, tables.py   mathematics, pictures, tables
    sections/       what stands in each section of the page
    page.py         results → lecture.html (from page.html and style.css)
    report.py       results → the text for the terminal
"""

from autograd.lecture.experiments import Results, run
from autograd.lecture.page import write_page
from autograd.lecture.plan import FULL, QUICK, Plan

__all__ = ["FULL", "QUICK", "Plan", "Results", "run", "write_page"]
