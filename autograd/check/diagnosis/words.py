"""What was found, said to a student: one sentence, and the corrected term."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

import numpy as np

from autograd.check.diagnosis.arrays import Rearranged
from autograd.check.diagnosis.changes import Candidate
from autograd.check.diagnosis.explanation import Explanation
from autograd.check.diagnosis.formula import latex
from autograd.check.diagnosis.graph import Graph, Mask
from autograd.check.diagnosis.groups import Group, Groups
from autograd.check.diagnosis.places import Words
from autograd.check.diagnosis.slope_words import other_slope, right_tex, taken_instead
from autograd.check.diagnosis.uses import Uses
from autograd.check.problem import Diagnosis, Evidence, Problem
from autograd.expression import symbol

MANY = 5  # explanations that are shown


def number_text(c: float) -> str:
    """A factor as people write it: 2, ½, 1/8, √2, 0.37."""
    near = Fraction(c).limit_denominator(1000)
    if near == 0 or abs(c / float(near) - 1) > 1e-9:
        square = Fraction(c * c).limit_denominator(100)
        if square and abs(c * c / float(square) - 1) < 1e-9 and 1 in (square.numerator, square.denominator):
            root = f"√{square.numerator}" if square.denominator == 1 else f"1/√{square.denominator}"
            return "-" * (c < 0) + root
        return f"{c:.6g}" if abs(c - 1) > 1e-4 else f"{c:.9g}"  # not 1 for 1.000002
    if near.denominator == 1:
        return str(near.numerator)
    return str(near).replace("1/2", "½") if abs(near) == Fraction(1, 2) else str(near)


def diagnoses(groups: Groups, found: list[Explanation], nearest: Explanation | None) -> list[Diagnosis]:
    """The explanations as diagnoses, best first, each with its evidence."""
    words = Words(groups)
    said = [[_said(words, f) for f in e.findings] for e in found[:MANY]]
    out: list[Diagnosis] = []
    for k, (explanation, parts) in enumerate(zip(found, said, strict=False)):
        rivals = [j for j in range(len(said)) if j != k]
        if rivals:
            other, error = said[rivals[0]], found[rivals[0]].error
            next_best = " and ".join(f"{d.kind}: {d.where}" for d in other)
        elif nearest is not None:
            other, error = [_said(words, f) for f in nearest.findings], nearest.error
            next_best = " and ".join(f"{d.kind}: {d.where}" for d in other)
        else:
            next_best, error = "", float("nan")
        evidence = Evidence(explanation.error, len(groups.graph.points), next_best, error)
        ties = [e for e in found if e.cost <= found[0].cost + 0.5]
        for i, d in enumerate(parts):
            text = d.text
            if len(parts) > 1:
                text = f"Mistake {i + 1} of {len(parts)} that together explain it: {text}"
            elif len(ties) > 1 and k < len(ties):
                text += f" ({len(ties)} explanations fit equally well.)"
            out.append(replace(d, text=text, evidence=evidence))
    return out


def unknown(problem: Problem, graph: Graph | None, nearest: Explanation | None, untried: int = 0) -> Diagnosis:
    """No change explains it: which arrays are right, and which are not. At `untried` places not all was tried."""
    if graph is None:
        text = "The formula gives no finite number at any point, so no mistake was looked for."
        return Diagnosis("unknown", "everywhere", None, text)
    wrong: Mask = np.asarray((np.abs(graph.claimed - graph.exact) > graph.slack).any(axis=0))
    bad = [b.name for b in problem.blocks if wrong[b.slice].any()]
    good = [b.name for b in problem.blocks if not wrong[b.slice].any()]
    parts = [f"{b.name} ({int(wrong[b.slice].sum())} of {b.size})" for b in problem.blocks if wrong[b.slice].any()]
    text = f"No simple mistake explains this. Wrong components: {', '.join(parts)}."
    if good:
        text += (
            f" Right: {', '.join(good)}. So the mistake is in what only {', '.join(bad)} need{'s' * (len(bad) == 1)}."
        )
    if graph.is_late:
        text += " (The search took too long and was ended before everything was tried.)"
    elif untried:
        text += (
            f" (The graph is large: at {untried} places only factors were tried, and two mistakes at once were not "
            "looked for.)"
        )
    evidence = Evidence(float("nan") if nearest is None else nearest.error, len(graph.points))
    return Diagnosis("unknown", ", ".join(f"∂f/∂{name}" for name in bad), None, text, "", evidence)


def _said(words: Words, finding: Candidate | Rearranged) -> Diagnosis:
    if isinstance(finding, Rearranged):
        return _rearranged(finding)
    if isinstance(finding.place, Uses):
        return _overwritten(words, finding, finding.place)
    if finding.by and finding.slope is None:
        return taken_instead(words, finding, finding.place)
    if finding.factor is not None:
        return _factor(words, finding, finding.place, finding.factor)
    return other_slope(words, finding, finding.place)


def _rearranged(r: Rearranged) -> Diagnosis:
    names = " and ".join(b.name for b in r.blocks)
    where = ", ".join(f"∂f/∂{b.name}" for b in r.blocks)
    tex = ", ".join(rf"\frac{{\partial f}}{{\partial {latex(symbol(b.name))}}}" for b in r.blocks)
    if r.kind == "extra-term":
        shown = r.words.replace("{c}", f"{r.factor:.6g}" if r.factor is not None else "")
        text = f"The gradient of {names} has a term too many: {shown}. The cost does not contain it."
        if r.factor is None:
            text = (
                f"The gradient of {names} is off by {shown}: is there a term too many, or is data (a target, an "
                "input) taken from the wrong place?"
            )
        return Diagnosis(r.kind, where, r.factor, text, rf"{tex} = \text{{yours}} - ({latex(symbol(shown))})")
    if r.kind == "missing-term":
        return Diagnosis(r.kind, where, 0.0, f"The gradient along {r.words} is 0 in yours, and should not be.", tex)
    if r.kind == "transposed":
        text = f"The gradient of {names} is {r.words}: rows and columns are exchanged."
        return Diagnosis(r.kind, where, None, text, rf"{tex} = \text{{yours}}^{{\top}}")
    if r.kind == "swapped":
        if len(r.blocks) == 2 and "given for" not in r.words:
            return Diagnosis(r.kind, where, None, f"The gradients of {names} are swapped: {r.words}.", tex)
        return Diagnosis(r.kind, where, None, f"The gradient of {r.blocks[0].name} is another array: {r.words}.", tex)
    return Diagnosis(r.kind, where, None, f"The components of the gradient of {names} are {r.words}.", tex)


def _overwritten(words: Words, finding: Candidate, uses: Uses) -> Diagnosis:
    where = words.place(uses, slope=False)
    n = len(uses.kept) + len(uses.dropped)
    left = f"the {uses.which} one" if uses.which != "middle" else "one of them"
    text = f"Contributions add up (+=, not =). At {where.what}, only {left} counts in yours."
    if "the uses of" not in where.what:
        text = f"Contributions add up (+=, not =). Of {n} terms in {where.what}, only {left} counts in yours."
    tex = r"\frac{\partial f}{\partial x} = \sum_{z} \frac{\partial f}{\partial z} \, \frac{\partial z}{\partial x}"
    return Diagnosis("overwritten", str(where), None, text, tex)


def _factor(words: Words, finding: Candidate, place: Group, c: float) -> Diagnosis:
    graph, where = words.graph, words.place(place, slope=False)
    above = np.unique(graph.src[place.edges])
    is_term = place.role not in ("whole", "block") and graph.nodes[int(above[0])].op == "sum"
    shown = words.show_sum(place.edges[graph.src[place.edges] == above[0]]) if is_term else None
    by = latex(symbol(words.blocks(place.edges))) if place.role == "block" else words.along(place.edges)
    if place.role == "slope" and not is_term:
        tex = right_tex(words, place)  # the slope there is all that is wrong
    elif place.role == "into":
        tex = rf"\frac{{\partial f}}{{\partial \left({latex(words.show(int(graph.dst[place.edges[0]])))}\right)}}"
    elif shown is None:
        tex = rf"\frac{{\partial f}}{{\partial {by}}}"
    else:
        tex = rf"\frac{{\partial}}{{\partial {by}}} ({latex(shown)})"
    subject = where.what[0].upper() + where.what[1:]
    if c == 0:
        if place.role in ("whole", "block"):
            return Diagnosis("missing-term", str(where), 0.0, f"{subject} is 0 in yours, and should not be.", tex)
        if not is_term:
            where = words.path(place)
        text = f"{'The contribution of ' if is_term else ''}{where.what} is missing from yours: add it."
        text = text[0].upper() + text[1:]
        return Diagnosis("missing-term", str(where), 0.0, text, f"+ {tex}" if is_term else tex)
    is_slope = place.role == "slope" and not is_term
    if c == -1:
        text = f"{subject} has the wrong sign: multiply it by -1."
        return Diagnosis(finding.kind, str(where), -1.0, text, tex if is_slope else rf"{tex} = -(\text{{yours}})")
    right = 1 / c
    count = _count(words, place, c)
    text = f"{subject} is {number_text(c)} times what it should be: multiply it by {number_text(right)}{count}."
    tex = tex if is_slope else rf"{tex} = {_tex_number(right)} \cdot (\text{{yours}})"
    return Diagnosis(finding.kind, str(where), c, text, tex)


def _count(words: Words, place: Group, c: float) -> str:
    """ " (there are 8 terms)", if the factor is a number of things that are summed up."""
    n = round(c if abs(c) >= 1 else 1 / c)
    graph = words.graph
    if n > 2 and (abs(c - n) < 1e-9 or abs(1 / c - n) < 1e-9):
        for source in np.unique(graph.src):
            kinds = [words.groups.alike[d] for d in graph.dst[graph.src == source].tolist()]
            if graph.nodes[source].op == "sum" and any(kinds.count(k) == n for k in set(kinds)):
                return f" (there is a sum of {n} terms: perhaps a mean was taken for a sum, or a sum for a mean)"
    if abs(c) in (2.0, 0.5) and _has_square(graph, place):
        return " (perhaps from a square: (u²)' = 2u)"
    return ""


def _has_square(graph: Graph, place: Group) -> bool:
    """Whether a square is at this place, or at most two steps from it."""
    near = np.isin(np.arange(len(graph.nodes)), np.concatenate([graph.src[place.edges], graph.dst[place.edges]]))
    for _ in range(2):
        found, beside = (graph.dst, graph.src) if place.role != "block" else (graph.src, graph.dst)
        near[found[near[beside]]] = True
    return any(
        graph.nodes[i].op == "power" and graph.raw[graph.nodes[i].operands[1]]._data == 2 for i in np.flatnonzero(near)
    )


def _tex_number(c: float) -> str:
    near = Fraction(c).limit_denominator(1000)
    if near and abs(c / float(near) - 1) < 1e-9 and near.denominator != 1:
        return rf"{'-' if near < 0 else ''}\tfrac{{{abs(near.numerator)}}}{{{near.denominator}}}"
    return re.sub(r"√(\d+)", r"\\sqrt{\1}", number_text(c))
