"""One printed formula: calculated literally, compared with the truth, and repaired if it is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from autograd.check.problem import Array
from autograd.check.report import GradientReport
from autograd.check.sheet.indexed import Node, Slope, Symbol, calculate, latex, read, symbol
from autograd.check.sheet.network import Check, upper_of
from autograd.check.sheet.slips import repairs
from autograd.check.verdict import gradcheck

BRACKETED = re.compile(r"Σ\S+ *\(")  # a sum sign with parentheses behind it


@dataclass(frozen=True, slots=True)
class Row:
    """One formula of the sheet and what the checker found.

    `printed`    as in the lecture; `latex` the same; `reading` what was compared with what
    `verdict`    "right", "wrong" or "not differentiable here"
    `slip`       what is wrong, in words; `corrected` the formula that is right ("" where nothing had to be found)
    `evidence`   numbers: components compared and wrong, points, the worst component with both numbers, …
    """

    name: str
    printed: str
    latex: str
    reading: str
    verdict: str
    slip: str = ""
    corrected: str = ""
    corrected_latex: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return asdict(self)


def literal(tree: Node, lhs: Symbol, layer: int, shape: tuple[int, ...], look: Any) -> Array:
    """The right-hand side for every index of the left-hand side, exactly as printed."""
    result = np.empty(shape)
    for place in np.ndindex(shape):
        indices = dict(zip(lhs.indices, place, strict=True))
        result[place] = calculate(tree, look, lambda upper: upper_of(upper, layer), indices)
    return result


def examine(name: str, lhs: str, rhs: str, reading: str, checks: Mapping[int, Check], seed: int) -> Row:
    """Check ``∂E/∂lhs = rhs`` at each layer; where it is wrong, look for the slip."""
    tree, below = read(rhs), symbol(lhs)

    def verdicts(formula: Node, points: int = 5) -> Iterator[GradientReport]:
        for layer, (f, at, looker) in checks.items():

            def gradient(x: Array, layer: int = layer, looker: Any = looker) -> Array:
                return literal(formula, below, layer, x.shape, looker(x))

            yield gradcheck(f, at, gradient, points=points, seed=seed, explain=False)

    reports = list(verdicts(tree))
    slip = corrected = corrected_latex = ""
    if not all(reports):
        fits = list(_fitting(tree, below, checks))
        if not fits:
            fits = [b for a in repairs(tree, below.indices) for b in _fitting(a.formula, below, checks, a.what)]
        fits = [(what, formula) for what, formula in fits if all(verdicts(formula, 2))]
        if fits:
            slip, best = fits[0]
            corrected = f"{Slope(None, below)} = {best}"
            corrected_latex = f"{latex(Slope(None, below))} = {latex(best)}"
        else:
            slip = "no single or double slip explains it"
    return Row(
        name,
        f"{Slope(None, below)} = {rhs}",
        f"{latex(Slope(None, below))} = {latex(tree, bare=not BRACKETED.search(rhs))}",
        reading,
        next((r.verdict for r in reports if not r), "right"),
        slip,
        corrected,
        corrected_latex,
        evidence(reports, list(checks)),
    )


def _fitting(tree: Node, lhs: Symbol, checks: Mapping[int, Check], before: str = "") -> Iterator[tuple[str, Node]]:
    """The formulas one slip away from `tree` that give the true numbers at every layer."""
    truths = []
    for layer, (_, at, looker) in checks.items():
        look = looker(at)
        truth = {p: look(Slope(None, lhs), dict(zip(lhs.indices, p, strict=True))) for p in np.ndindex(at.shape)}
        truths.append((layer, look, truth))
    for repair in repairs(tree, lhs.indices):
        if all(
            abs(_calculated(repair.formula, lhs, layer, place, look) - exact) <= 1e-9 * max(1e-3, abs(exact))
            for layer, look, truth in truths
            for place, exact in truth.items()
        ):
            yield (f"{before}, and {repair.what}" if before else repair.what), repair.formula


def _calculated(formula: Node, lhs: Symbol, layer: int, place: tuple[int, ...], look: Any) -> float:
    try:
        indices = dict(zip(lhs.indices, place, strict=True))
        return float(calculate(formula, look, lambda upper: upper_of(upper, layer), indices))
    except (KeyError, IndexError, ZeroDivisionError):
        return np.inf  # a symbol that does not exist


def compared(name: str, printed: str, tex: str, reading: str, pairs: Mapping[str, tuple[float, float]]) -> Row:
    """A row from (printed, true) numbers by name."""
    off = {n: abs(a - b) / max(abs(a), abs(b), 1e-300) for n, (a, b) in pairs.items()}
    wrong = sum(o > 1e-9 for o in off.values())
    result: dict[str, Any] = {"compared": len(pairs), "wrong": wrong, "points": 1, "error": max(off.values())}
    if wrong:
        worst = max(off, key=off.__getitem__)
        result |= {"component": worst, "printed": pairs[worst][0], "true": pairs[worst][1]}
    return Row(name, printed, tex, reading, "wrong" if wrong else "right", evidence=result)


def evidence(reports: Sequence[GradientReport], layers: Sequence[int] = ()) -> dict[str, Any]:
    """The numbers behind the verdict on one formula; `layers` are where each report was made, if it matters."""
    rows = [c for r in reports for c in r.components]
    wrong = [(k, c) for k, r in enumerate(reports) for c in r.components if c.status != "right"]
    result: dict[str, Any] = {
        "compared": len(rows),
        "wrong": len(wrong),
        "points": sum(r.points for r in reports),
        "error": max((c.relative_error for c in rows), default=0.0),
    }
    if wrong:
        k, worst = wrong[0]
        name, bracket, index = worst.name.partition("[")
        layer = f"^{layers[k]}" if layers else ""
        result |= {"component": name + layer + bracket + index, "printed": worst.yours, "true": worst.expected}
    return result
