"""The mistake in a formula: which small change of the chain rule gives the gradient that the student has?

The gradient is a sum over paths of products of slopes. For each place in the graph (`groups`) and each kind
of mistake (`mistakes`) there is a changed gradient; those that agree with the student's at all points explain
it (`search`), and are put into words (`words`), the simplest first.
"""

from __future__ import annotations

import numpy as np

from autograd.check.diagnosis.changes import Candidate
from autograd.check.diagnosis.effects import gradient
from autograd.check.diagnosis.explanation import Explanation, Finding
from autograd.check.diagnosis.other_numbers import new_weights
from autograd.check.diagnosis.several import WORK, Search
from autograd.check.diagnosis.words import diagnoses, unknown
from autograd.check.problem import Diagnosis, Evidence, Problem
from autograd.order import topological


def diagnose(problem: Problem) -> list[Diagnosis]:
    """What is wrong with the formula, best explanation first; one of kind "unknown" if nothing explains it.

    Two mistakes that together explain it are two diagnoses in a row, and their texts say so.
    """
    usable = [p for p in problem.points if np.isfinite(p.claimed).all() and np.isfinite(p.exact).all()]
    if not usable:
        return [unknown(problem, None, None)]
    with np.errstate(all="ignore"):  # formulas are tried that overflow; what is not finite fits nothing
        return _searched(problem)


def _searched(problem: Problem) -> list[Diagnosis]:
    unused = _unused(problem)
    if unused is not None:
        return [unused]
    search = Search(problem)
    if search.misfit(gradient(search.graph)).max() <= search.fit:
        search.misfit.be_strict()  # what is wrong is very small
    if search.misfit(gradient(search.graph)).max() <= search.fit:
        return [unknown(problem, search.graph, None)]
    found = search.single() or search.odd_slopes(named=True)
    stepped = None if found else new_weights(problem)
    if stepped is not None:
        return [stepped]
    found = (
        found
        or search.quantities()
        or search.products()
        or search.indices()
        or search.other_numbers()
        or _stranger(search)
        or search.odd_slopes(named=False)
    )
    found.sort(key=lambda e: e.cost)
    return diagnoses(search.groups, _distinct(found), search.nearest) or [
        unknown(problem, search.graph, search.nearest, search.untried)
    ]


def _unused(problem: Problem) -> Diagnosis | None:
    """What to say if the only wrong components are of arguments that f does not use."""
    used = {leaf for p in problem.points for leaf in topological(p.root)[0]}
    idle = [not any(p.inputs[i] in used for p in problem.points) for i in range(len(problem.names))]
    wrong = np.any([np.abs(p.claimed - p.exact) > p.slack for p in problem.points], axis=0)
    if not wrong.any() or (wrong & ~np.array(idle)).any():
        return None
    names = [n for n, w in zip(problem.names, wrong.tolist(), strict=True) if w]
    some = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    blocks = [b.name for b in problem.blocks if wrong[b.slice].any()]
    text = f"f does not use {some}: its slope along what it does not use is 0, and yours is not."
    where = ", ".join(f"∂f/∂{name}" for name in blocks)
    return Diagnosis("extra-term", where, None, text, "0", Evidence(0.0, len(problem.points)))


def _stranger(search: Search) -> list[Explanation]:
    """One quantity taken for another everywhere, or two mistakes at once; if the first fits, with less patience."""
    found = search.mixups()
    return found + search.several(WORK // 10 if found else WORK)


def _distinct(found: list[Explanation]) -> list[Explanation]:
    """One explanation for each way of saying it: of places that come to the same, the simplest."""
    out: list[Explanation] = []
    seen = set()
    for e in found:
        key = tuple(sorted(_saying(f) for f in e.findings))
        if key not in seen:
            seen.add(key)
            out.append(e)
    return out


def _saying(finding: Finding) -> tuple[str, str]:
    factor = "" if finding.factor is None else f"{finding.factor:.9g}"
    return finding.kind, factor or (finding.by if isinstance(finding, Candidate) and finding.slope is None else "")
