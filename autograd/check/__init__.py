"""Checking a gradient that was derived by hand: is it right, and if not, which step is wrong.

`gradcheck` gives the verdict on a formula, `check_derivation` finds the first wrong line of a derivation.
"""

from autograd.check.derivation import Line, check_derivation
from autograd.check.lines import DerivationReport, LineResult
from autograd.check.problem import Diagnosis, Evidence, Point, Problem
from autograd.check.report import Component, GradientReport
from autograd.check.verdict import gradcheck

__all__ = [
    "Component",
    "DerivationReport",
    "Diagnosis",
    "Evidence",
    "GradientReport",
    "Line",
    "LineResult",
    "Point",
    "Problem",
    "check_derivation",
    "gradcheck",
]
