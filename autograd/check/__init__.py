"""Checking a gradient that was derived by hand: is it right, and if not, which step is wrong.

`gradcheck` gives the verdict on a formula, `check_derivation` finds the first wrong line of a derivation, and
`formula_sheet` puts the lecture's own formulas to the test.

    structure, trial    the arguments as one vector; running what the student gave, and saying what is wrong with it
                        (`symbolic`: SymPy expressions)
    samples             the points at which f and formula are compared (`surroundings`), and the judgement at each
    differences         the engine itself against differences of high order (`finite`)
    kinks, noise        where f has a corner, and how many digits mean anything (`replay`: the graph at many points)
    verdict             all this together (`problem`: what is known of a wrong formula, `verdict_wrong`: what can be
                        said without a search, `report`: how it is told)
    mistakes            what people do to the chain rule: one table (`wrong_slopes`)
    diagnosis           a folder: which of these mistakes it was
    derivation          the first wrong line of several (`derivation_lines`, `surrogate`; `lines`: how it is told)
    sheet               a folder: the lecture's formulas, as printed
    formula, command    ``chalkgrad check`` (`formula_text`; `homework`: assertions, marks and hints;
                        `homework_file`: a file of checks, `apart`: in a process of its own)

Each name is a file or a folder.
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
