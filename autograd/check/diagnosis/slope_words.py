"""What was found at a slope, said to a student: what yours has there, and what it should be."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.check.diagnosis.changes import Candidate
from autograd.check.diagnosis.formula import latex, plain, simplified
from autograd.check.diagnosis.groups import Group
from autograd.check.diagnosis.places import Where, Words, number_or_c
from autograd.check.problem import Diagnosis
from autograd.check.wrong_slopes import WrongSlope, right_slope
from autograd.expression import Expression, symbol
from autograd.rules import RULES

# The slopes of operations with a kink
PIECEWISE = {
    "relu": "1 where {x} > 0, else 0",
    "abs": "1 where {x} > 0, -1 where {x} < 0",
    "maximum": "1 along the larger of the two, 0 along the other",
    "minimum": "1 along the smaller of the two, 0 along the other",
}

# of uv and u/v, by the sign between the letters
PRODUCT_RULES = {
    "v": "(u v)' = u' v + u v'",
    "/": r"\left(\frac{u}{v}\right)' = \frac{u' v - u v'}{v^{2}}",
}


def taken_instead(words: Words, finding: Candidate, place: Group) -> Diagnosis:
    """A slip of an index, a part of a sum that was left out, or a quantity that was multiplied in."""
    if finding.raw >= 0:
        one, two = plain(words.show(finding.node)), plain(words.show(finding.raw))
        line = words.line([finding.node]) if finding.kind == "swapped" else words.line([finding.raw])
        text = f"In yours, {finding.by.format(one, two)}."
        tex = rf"{latex(words.show(finding.node))} \leftrightarrow {latex(words.show(finding.raw))}"
        return Diagnosis(finding.kind, f"{one}, {two}{line}", None, text, tex)
    by = finding.by.replace("{}", plain(words.show(finding.node)))
    if by.startswith("as if "):
        return Diagnosis(finding.kind, "the forward pass", None, f"Yours comes out {by}")
    if by.startswith("is "):
        where = words.place(place, slope=False)
        text = f"{where.what[0].upper()}{where.what[1:]} {by} in yours, and should not be."
        return Diagnosis(finding.kind, str(where), None, text, latex(words.show(finding.node)))
    if by.startswith("lacks "):
        where = words.place(place, slope=False)
        factor = plain(words.show(finding.node))
        text = f"{where.what[0].upper()}{where.what[1:]} {by} in yours: multiply it by {factor}."
        return Diagnosis(finding.kind, str(where), None, text, latex(words.show(finding.node)))
    if by.startswith("("):
        shown = words.show(finding.node)
        text = f"In yours, {plain(shown)} was differentiated as {by}."
        return Diagnosis(finding.kind, f"{plain(shown)}{words.line([finding.node])}", None, text, PRODUCT_RULES[by[2]])
    where = words.place(place, slope=True)
    if finding.kind == "missing-slope":  # the whole gradient that arrives
        where = words.place(place, slope=False)
        text = f"At {where.what}, yours leaves out {by}"
        return Diagnosis(finding.kind, str(where), None, text, "")
    if finding.kind == "missing-term":
        return Diagnosis(
            finding.kind, str(where), None, f"At {where.what}, yours leaves out {by}", right_tex(words, place)
        )
    if finding.kind == "term-sign":
        text = f"At {where.what}, {by} has the wrong sign in yours."
        return Diagnosis(finding.kind, str(where), -1.0, text, right_tex(words, place))
    slip = "" if " in place of the " in by and "index" not in by else "A slip of an index: "
    text = f"{slip}{'at' if slip else 'At'} {where.what}, yours takes {by}."
    if place.role in ("whole", "block"):
        tex = rf"\frac{{\partial f}}{{\partial {words.along(place.edges)}}}"
        return Diagnosis(finding.kind, str(where), None, text, tex)
    return Diagnosis(finding.kind, str(where), None, text, right_tex(words, place))


def right_tex(words: Words, place: Group) -> str:
    """The right slope at this place, in LaTeX."""
    graph, first = words.graph, int(place.edges[0])
    source, slot = graph.nodes[int(graph.src[first])], int(graph.slot[first])
    if source.op == "sum":
        shown = words.show_sum(place.edges[graph.src[place.edges] == graph.src[first]])
        return rf"\frac{{\partial}}{{\partial {words.along(place.edges)}}} {latex(shown)}"
    right = right_slope(RULES[source.op], slot)
    assert right is not None
    if len({graph.nodes[i].op for i in graph.src[place.edges].tolist()}) > 1:
        by, shown = latex(symbol(words.blocks(place.edges))), words.show(int(graph.src[first]))
        return rf"\frac{{\partial}}{{\partial {by}}} \left({latex(shown)}\right)"
    names, _, letters = _names(words, place, source.op, slot, right)
    by = latex(names.get("x" if slot == 0 else "y", symbol("x")))
    return rf"\frac{{\partial}}{{\partial {by}}} = {latex(_renamed(right, names))}{letters}"


def other_slope(words: Words, finding: Candidate, place: Group) -> Diagnosis:
    """Another slope was written at this place, or none."""
    graph, where = words.graph, words.place(place, slope=True)
    if finding.by and place.role == "slope":
        where = Where(f"{where.what}, on the way to {finding.by}", where.line)
    wrong = finding.slope
    assert wrong is not None
    source = graph.nodes[int(graph.src[place.edges[0]])]
    if place.role == "into":
        text = (
            f"At {where.what}, {wrong.words}: yours is multiplied by {plain(wrong.slope)}, which does not belong there."
        )
        return Diagnosis(finding.kind, str(where), None, text, latex(wrong.slope))
    if source.op == "sum":
        return _coefficients(words, finding, place, where)
    slot = int(graph.slot[place.edges[0]])
    names, legend, letters = _names(words, place, source.op, slot, wrong.slope)
    right = right_slope(RULES[source.op], slot)
    assert right is not None
    tex = rf"\frac{{\partial}}{{\partial {latex(names.get('x' if slot == 0 else 'y', symbol('x')))}}}"
    tex += f" = {latex(_renamed(right, names))}{letters}"
    should = _in_words(source.op, names) or plain(_renamed(right, names))
    legend = f" ({legend})" if legend else ""
    if finding.kind == "missing-slope":
        verb = "it should be" if source.op in PIECEWISE else "multiply by"
        text = f"In yours, {where.what} is missing: {verb} {should}{legend}."
    elif finding.kind == "transposed":
        text = f"At {where.what}, yours has the matrix transposed."
    elif wrong.slope == symbol("…"):
        text = (
            f"In yours, {where.what}, or what arrives there, is wrong: one number for each place explains yours, but "
            f"{wrong.words} gives these numbers. The slope should be {should}{legend}."
        )
    elif finding.raw >= 0 and "{}" in wrong.words:
        taken = plain(words.raw(finding.raw))
        text = f"In yours, {where.what} has {taken} in place of {plain(names['y' if slot == 0 else 'x'])}{legend}."
    else:
        text = f"In yours, {where.what} is {_used(wrong, source.op, slot, names)}. It should be {should}{legend}."
    return Diagnosis(finding.kind, str(where), None, text, tex)


def _coefficients(words: Words, finding: Candidate, place: Group, where: Where) -> Diagnosis:
    """The numbers that multiply the terms of a sum were left out, or used the wrong way round."""
    graph = words.graph
    assert finding.slope is not None
    shown = words.show_sum(place.edges[graph.src[place.edges] == graph.src[place.edges[0]]])
    how = "left out" if finding.kind == "missing-slope" else "used the wrong way round"
    one = finding.slope.words == "one of the factors"
    which = "One of the factors that multiply" if one else "The numbers that multiply"
    text = f"{which} {words.blocks(place.edges) or 'the terms'} in {where.what} {'is' if one else 'are'} {how}."
    return Diagnosis(finding.kind, str(where), None, text, latex(shown))


def _used(wrong: WrongSlope, op: str, slot: int, names: dict[str, Expression]) -> str:
    """What was written in place of the slope."""
    if wrong.slope == right_slope(RULES[op], slot):
        return wrong.words
    for other, text in PIECEWISE.items():
        if RULES[other].arity == 2 and wrong.slope == right_slope(RULES[other], slot):
            return text.format(x="x")
    used = _in_words(wrong.words.removeprefix("the slope of "), names) or plain(_renamed(wrong.slope, names))
    return f"{used}, {wrong.words}" if wrong.words and used != wrong.words else used


def _in_words(op: str, names: dict[str, Expression]) -> str:
    """The slope of an operation with a kink, without step and sign; "" for any other."""
    return PIECEWISE[op].format(x=plain(names["x"])) if op in PIECEWISE else ""


def _names(words: Words, place: Group, op: str, slot: int, wrong: Expression) -> tuple[dict[str, Expression], str, str]:
    """What to call z, x and y in a slope, and what the letters stand for, as text and in LaTeX after the formula.

    Short names stand for themselves.
    """
    graph = words.graph
    source = int(graph.src[place.edges[0]])
    taken = {b.name for b in graph.problem.blocks}
    names: dict[str, Expression] = {}
    meaning: dict[str, str] = {}
    stands_for: dict[str, str] = {}
    for k, letter in zip(range(len(graph.nodes[source].operands)), "xyuv", strict=False):
        edge = np.flatnonzero((graph.src == source) & (graph.slot == k))
        raw = graph.nodes[source].operands[k]
        shown = words.show(int(graph.dst[edge[0]])) if len(edge) else number_or_c(graph.raw_value[raw])
        if len(plain(shown)) <= 12 and shown.op not in ("add", "sub", "mul", "div", "neg", "Σ"):
            names[letter] = shown
        else:
            free = next(c for c in (letter, *"uvabpqr") if c not in taken and symbol(c) not in names.values())
            names[letter], meaning[letter] = symbol(free), f"{free} = {plain(shown)}"
            stands_for[letter] = f"{free} = {latex(shown)}"
    free = next(c for c in "zsto" if c not in taken)
    names["z"] = symbol(free)
    output = f"the output of {op}" if RULES[op].arity == 1 else plain(words.show(source))
    meaning = {"z": f"{free} {'is' if RULES[op].arity == 1 else '='} {output}", **meaning}
    stands_for = {"z": f"{free} = {latex(words.show(source))}", **stands_for}
    right = right_slope(RULES[op], slot)
    along = _symbols(right) if right is not None else set[str]()
    tex = ", ".join(text for letter, text in stands_for.items() if letter in {*along, "xyuv"[slot]})
    used = _symbols(wrong) | along
    return (
        names,
        ", ".join(text for letter, text in meaning.items() if letter in used),
        rf" \quad ({tex})" if tex else "",
    )


def _symbols(tree: Expression) -> set[str]:
    if tree.op == "":
        return {tree.args[0]} if isinstance(tree.args[0], str) else set()
    return set().union(*(_symbols(a) for a in tree.args))


def _renamed(tree: Expression, names: dict[str, Expression]) -> Expression:
    if tree.op == "":
        what: Any = tree.args[0]
        return names.get(what, tree) if isinstance(what, str) else tree
    return simplified(Expression(tree.op, tuple(_renamed(a, names) for a in tree.args)))
