"""Checking a gradient that was derived by hand: is it right, and if not, which step is wrong.

`gradcheck` gives the verdict.
"""

from autograd.check.problem import Diagnosis, Evidence, Point, Problem
from autograd.check.report import Component, GradientReport
from autograd.check.verdict import gradcheck

__all__ = ["Component", "Diagnosis", "Evidence", "GradientReport", "Point", "Problem", "gradcheck"]
