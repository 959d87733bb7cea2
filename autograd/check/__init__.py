"""Checking a gradient that was derived by hand: is it right, and if not, which step is wrong.

`gradcheck` gives the verdict on a formula, `check_derivation` finds the first wrong line of a derivation, and
`formula_sheet` puts the lecture's own formulas to the test.
"""

from autograd.check.derivation import check_derivation
from autograd.check.derivation_lines import Line
from autograd.check.homework import assert_derivation, assert_gradient, hint, marks, score
from autograd.check.lines import DerivationReport, LineResult
from autograd.check.problem import Diagnosis, Evidence, Point, Problem
from autograd.check.report import Component, GradientReport
from autograd.check.sheet.derivation import sheet_derivation
from autograd.check.sheet.formulas import FormulaSheet, formula_sheet
from autograd.check.verdict import gradcheck

__all__ = [
    "Component",
    "DerivationReport",
    "Diagnosis",
    "Evidence",
    "FormulaSheet",
    "GradientReport",
    "Line",
    "LineResult",
    "Point",
    "Problem",
    "assert_derivation",
    "assert_gradient",
    "check_derivation",
    "formula_sheet",
    "gradcheck",
    "hint",
    "marks",
    "score",
    "sheet_derivation",
]
