"""What was found, said to a student: one sentence, and the corrected term."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from autograd.check.diagnose_arrays import Rearranged
from autograd.check.diagnose_changes import Candidate
from autograd.check.diagnose_formula import latex, plain, simplified
from autograd.check.diagnose_graph import Graph, Mask
from autograd.check.diagnose_places import Where, Words, number_or_c
from autograd.check.diagnose_search import Explanation
from autograd.check.groups import Group, Groups
from autograd.check.problem import Diagnosis, Evidence, Problem
from autograd.check.uses import Uses
from autograd.check.wrong_slopes import right_slope
from autograd.expression import Expression, symbol
from autograd.rules import RULES

MANY = 5  # explanations that are shown


def number_text(c: float) -> str:
    """A factor as people write it: 2, ½, 1/8, 0.37."""
    near = Fraction(c).limit_denominator(1000)
    if near == 0 or abs(c / float(near) - 1) > 1e-9:
        return f"{c:.6g}"
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
    if untried:
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
        return _instead(words, finding, finding.place)
    if finding.factor is not None:
        return _factor(words, finding, finding.place, finding.factor)
    return _slope(words, finding, finding.place)


def _instead(words: Words, finding: Candidate, place: Group) -> Diagnosis:
    """A slip of an index, a part of a sum that was left out, or a quantity that was multiplied in."""
    by = finding.by.replace("{}", plain(words.show(finding.node)))
    if by.startswith("is "):
        where = words.place(place, slope=False)
        text = f"{where.what[0].upper()}{where.what[1:]} {by} in yours, and should not be."
        return Diagnosis(finding.kind, str(where), None, text, latex(words.show(finding.node)))
    where = words.place(place, slope=True)
    if finding.kind == "missing-term":
        return Diagnosis(
            finding.kind, str(where), None, f"At {where.what}, yours leaves out {by}", _right_tex(words, place)
        )
    text = f"A slip of an index: at {where.what}, yours takes {by}."
    return Diagnosis(finding.kind, str(where), None, text, _right_tex(words, place))


def _right_tex(words: Words, place: Group) -> str:
    """The right slope at this place."""
    graph, first = words.graph, int(place.edges[0])
    source, slot = graph.nodes[int(graph.src[first])], int(graph.slot[first])
    if source.op == "sum":
        shown = words.show_sum(place.edges[graph.src[place.edges] == graph.src[first]])
        return rf"\frac{{\partial}}{{\partial w}} {latex(shown)}"
    right = right_slope(RULES[source.op], slot)
    assert right is not None
    names, _ = _names(words, place, source.op, slot, right)
    by = latex(names.get("x" if slot == 0 else "y", symbol("x")))
    return rf"\frac{{\partial}}{{\partial {by}}} = {latex(_renamed(right, names))}"


def _rearranged(r: Rearranged) -> Diagnosis:
    names = " and ".join(b.name for b in r.blocks)
    where = ", ".join(f"∂f/∂{b.name}" for b in r.blocks)
    tex = ", ".join(rf"\frac{{\partial f}}{{\partial {latex(symbol(b.name))}}}" for b in r.blocks)
    if r.kind == "extra-term":
        shown = r.words.replace("{c}", f"{r.factor:.6g}" if r.factor is not None else "")
        text = f"The gradient of {names} has a term too many: {shown}. The cost does not contain it."
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
    of = "f" if place.role in ("whole", "block") or shown is None else f"({latex(shown)})"
    by = latex(symbol(words.blocks(place.edges))) if place.role == "block" else "w"
    tex = rf"\frac{{\partial {of}}}{{\partial {by}}}" if of == "f" else rf"\frac{{\partial}}{{\partial {by}}} {of}"
    subject = where.what[0].upper() + where.what[1:]
    if c == 0:
        if place.role in ("whole", "block"):
            return Diagnosis("missing-term", str(where), 0.0, f"{subject} is 0 in yours, and should not be.", tex)
        if not is_term:
            where = words.path(place)
        text = f"{'The contribution of ' if is_term else ''}{where.what} is missing from yours: add it."
        text = text[0].upper() + text[1:]
        return Diagnosis("missing-term", str(where), 0.0, text, f"+ {tex}" if is_term else tex)
    if c == -1:
        text = f"{subject} has the wrong sign: multiply it by -1."
        return Diagnosis(finding.kind, str(where), -1.0, text, rf"{tex} = -(\text{{yours}})")
    right = 1 / c
    count = _count(words, place, c)
    text = f"{subject} is {number_text(c)} times what it should be: multiply it by {number_text(right)}{count}."
    return Diagnosis(finding.kind, str(where), c, text, rf"{tex} = {_tex_number(right)} \cdot (\text{{yours}})")


def _count(words: Words, place: Group, c: float) -> str:
    """ " (there are 8 terms)", if the factor is a number of things that are summed up."""
    n = round(c if abs(c) >= 1 else 1 / c)
    graph = words.graph
    if n > 2 and (abs(c - n) < 1e-9 or abs(1 / c - n) < 1e-9):
        for source in np.unique(graph.src):
            kinds = [words.groups.alike[d] for d in graph.dst[graph.src == source].tolist()]
            if graph.nodes[source].op == "sum" and any(kinds.count(k) == n for k in set(kinds)):
                return f" (there is a sum of {n} terms: perhaps a mean was taken for a sum, or a sum for a mean)"
    if abs(c) in (2.0, 0.5):
        return " (perhaps from a square: (u²)' = 2u)"
    return ""


def _tex_number(c: float) -> str:
    near = Fraction(c).limit_denominator(1000)
    if near and abs(c / float(near) - 1) < 1e-9 and near.denominator != 1:
        return rf"{'-' if near < 0 else ''}\tfrac{{{abs(near.numerator)}}}{{{near.denominator}}}"
    return number_text(c)


def _slope(words: Words, finding: Candidate, place: Group) -> Diagnosis:
    graph, where = words.graph, words.place(place, slope=True)
    if finding.by and place.role == "slope":
        where = Where(f"{where.what}, on the way to {finding.by}", where.line)
    assert finding.slope is not None
    source = graph.nodes[int(graph.src[place.edges[0]])]
    if place.role == "into":
        by = plain(finding.slope.slope)
        text = f"At {where.what}, {finding.slope.words}: yours is multiplied by {by}, which does not belong there."
        return Diagnosis(finding.kind, str(where), None, text, latex(finding.slope.slope))
    if source.op == "sum":
        shown = words.show_sum(place.edges[graph.src[place.edges] == graph.src[place.edges[0]]])
        how = "left out" if finding.kind == "missing-slope" else "used the wrong way round"
        which = (
            "One of the factors that multiply"
            if finding.slope.words == "one of the factors"
            else "The numbers that multiply"
        )
        verb = "is" if which.startswith("One") else "are"
        text = f"{which} {words.blocks(place.edges) or 'the terms'} in {where.what} {verb} {how}."
        return Diagnosis(finding.kind, str(where), None, text, latex(shown))
    slot = int(graph.slot[place.edges[0]])
    names, legend = _names(words, place, source.op, slot, finding.slope.slope)
    right = right_slope(RULES[source.op], slot)
    assert right is not None
    right = _renamed(right, names)
    tex = rf"\frac{{\partial}}{{\partial {latex(names.get('x' if slot == 0 else 'y', symbol('x')))}}} = {latex(right)}"
    with_legend = f" ({legend})" if legend else ""
    if finding.kind == "missing-slope":
        text = f"In yours, {where.what} is missing: multiply by {plain(right)}{with_legend}."
        return Diagnosis(finding.kind, str(where), None, text, tex)
    if finding.kind == "transposed":
        return Diagnosis(finding.kind, str(where), None, f"At {where.what}, yours has the matrix transposed.", tex)
    wrong = finding.slope
    if wrong.slope == symbol("…"):
        text = (
            f"In yours, {where.what}, or what arrives there, is wrong: one number for each place explains yours, but "
            f"{wrong.words} gives these numbers. The slope should be {plain(right)}{with_legend}."
        )
        return Diagnosis(finding.kind, str(where), None, text, tex)
    used = (
        f"{wrong.words}" if wrong.slope == right_slope(RULES[source.op], slot) else plain(_renamed(wrong.slope, names))
    )
    note = f", {wrong.words}" if wrong.words and used != wrong.words else ""
    text = f"In yours, {where.what} is {used}{note}. It should be {plain(right)}{with_legend}."
    return Diagnosis(finding.kind, str(where), None, text, tex)


def _names(words: Words, place: Group, op: str, slot: int, wrong: Expression) -> tuple[dict[str, Expression], str]:
    """What to call z, x and y in a slope, and what the letters stand for. Short names stand for themselves."""
    graph = words.graph
    source = int(graph.src[place.edges[0]])
    taken = {b.name for b in graph.problem.blocks}
    names: dict[str, Expression] = {}
    meaning: dict[str, str] = {}
    for k, letter in zip(range(len(graph.nodes[source].operands)), "xyuv", strict=False):
        edge = np.flatnonzero((graph.src == source) & (graph.slot == k))
        raw = graph.nodes[source].operands[k]
        shown = words.show(int(graph.dst[edge[0]])) if len(edge) else number_or_c(graph.raw_value[raw])
        if len(plain(shown)) <= 12 and shown.op not in ("add", "sub", "mul", "div", "neg", "Σ"):
            names[letter] = shown
        else:
            free = next(c for c in (letter, *"uvabpqr") if c not in taken and symbol(c) not in names.values())
            names[letter], meaning[letter] = symbol(free), f"{free} = {plain(shown)}"
    free = next(c for c in "zsto" if c not in taken)
    names["z"] = symbol(free)
    output = f"the output of {op}" if RULES[op].arity == 1 else plain(words.show(source))
    meaning = {"z": f"{free} {'is' if RULES[op].arity == 1 else '='} {output}", **meaning}
    right = right_slope(RULES[op], slot)
    used = _symbols(wrong) | (_symbols(right) if right is not None else set())
    return names, ", ".join(text for letter, text in meaning.items() if letter in used)


def _symbols(tree: Expression) -> set[str]:
    if tree.op == "":
        return {tree.args[0]} if isinstance(tree.args[0], str) else set()
    return set().union(*(_symbols(a) for a in tree.args))


def _renamed(tree: Expression, names: dict[str, Expression]) -> Expression:
    if tree.op == "":
        what: Any = tree.args[0]
        return names.get(what, tree) if isinstance(what, str) else tree
    return simplified(Expression(tree.op, tuple(_renamed(a, names) for a in tree.args)))
