"""The lecture's formula sheet, F1 to F9 as printed, put to the checker.

Each printed formula is read (`autograd.check.indexed`), calculated literally on a small sigmoid network with the
lecture's objective, and compared by `gradcheck` with the network's true gradients. Whatever stands on the right
of a formula is given its true value, so each formula is judged by itself. For one that is wrong, every formula
one slip away from it is tried, and the one that is right at all points is shown.

No verdict is written down here: change a printed line, and the table changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from autograd import functions
from autograd.check.indexed import Node, Slope, Symbol, calculate, latex, read, repairs, symbol
from autograd.check.problem import Array
from autograd.check.report import GradientReport, html_table
from autograd.check.sheet_network import (
    EXAMPLES,
    LEARNING_RATE,
    SIZES,
    Check,
    L,
    Run,
    Setting,
    along_all_outputs,
    along_outputs,
    along_weights,
    upper_of,
)
from autograd.check.verdict import gradcheck


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


class FormulaSheet(list[Row]):
    """The rows, with a table for the terminal and one for a page."""

    HEADS = ("", "as printed", "verdict", "evidence", "what the checker found instead")

    def cells(self) -> list[list[str]]:
        """The table as text, row by row."""
        return [[r.name, r.printed, r.verdict, f"{r.reading}: {said(r)}", found(r)] for r in self]

    def __str__(self) -> str:
        lines = []
        for r in self:
            lines += [f"{r.name:4} {r.verdict.upper():9} {r.printed}", f"     {r.reading}: {said(r)}"]
            if r.slip:
                lines.append(f"     the slip: {r.slip}")
            if r.corrected:
                lines.append(f"     it should be: {r.corrected}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return html_table(list(self.HEADS), self.cells(), formulas=True)

    def markdown(self) -> str:
        """The table in Markdown, for a README."""

        def code(text: str) -> str:
            return f"`{text}`" if text else ""

        def plain(text: str) -> str:
            return text.replace("_", r"\_")

        cells = [
            [
                r.name,
                code(r.printed),
                r.verdict,
                plain(f"{r.reading}: {said(r)}"),
                plain(r.slip) + (f": {code(r.corrected)}" if r.corrected else ""),
            ]
            for r in self
        ]
        rows = [list(self.HEADS), ["---"] * 5, *cells]
        return "\n".join("| " + " | ".join(c.replace("|", r"\|") for c in row) + " |" for row in rows)

    def to_dict(self) -> list[dict[str, Any]]:
        """As plain data, for JSON."""
        return [r.to_dict() for r in self]


def said(row: Row) -> str:
    """The evidence in one line."""
    e = row.evidence
    if "component" in e:
        return (
            f"{e['wrong']} of {e['compared']} numbers off, e.g. {e['component']}: "
            f"printed {e['printed']:.5g}, true {e['true']:.5g}"
        )
    if "said" in e:
        return str(e["said"])
    return f"{e['compared']} numbers agree" + (f" to {e['error']:.0e}" if e["error"] else " exactly")


def found(row: Row) -> str:
    """The slip and the corrected formula in one line."""
    return f"{row.slip}: {row.corrected}" if row.corrected else row.slip


# -- Checking one printed formula -------------------------------------------------------------------------------


def literal(tree: Node, lhs: Symbol, layer: int, shape: tuple[int, ...], look: Any) -> Array:
    """The right-hand side for every index of the left-hand side, exactly as printed."""
    result = np.empty(shape)
    for place in np.ndindex(shape):
        indices = dict(zip(lhs.indices, place, strict=True))
        result[place] = calculate(tree, look, lambda upper: upper_of(upper, layer), indices)
    return result


def examine(name: str, printed: str, lhs: str, rhs: str, reading: str, checks: Mapping[int, Check], seed: int) -> Row:
    """Check ``lhs = rhs`` at each layer; where it is wrong, look for the slip."""
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
        printed,
        f"{latex(Slope(None, below))} = {latex(tree)}",
        reading,
        next((r.verdict for r in reports if not r), "right"),
        slip,
        corrected,
        corrected_latex,
        evidence(reports),
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
        return calculate(formula, look, lambda upper: upper_of(upper, layer), indices)
    except (KeyError, IndexError, ZeroDivisionError):
        return np.inf  # a symbol that does not exist


def evidence(reports: Sequence[GradientReport]) -> dict[str, Any]:
    """The numbers behind the verdict on one formula."""
    rows = [c for r in reports for c in r.components]
    wrong = [c for c in rows if c.status != "right"]
    result: dict[str, Any] = {
        "compared": len(rows),
        "wrong": len(wrong),
        "points": sum(r.points for r in reports),
        "error": max((c.relative_error for c in rows), default=0.0),
    }
    if wrong:
        worst = wrong[0]
        result |= {"component": worst.name, "printed": worst.yours, "true": worst.expected}
    return result


# -- The sheet ----------------------------------------------------------------------------------------------------


def formulas() -> dict[str, str]:
    """The right-hand sides of the printed formulas for gradients of E, by name."""
    return {
        "F2": "∂E/∂σ_j^l · ∂σ_j^l/∂sum_j^l · ∂sum_j^l/∂w_ij^l + λ/(2m) w_ij^l",
        "F5": "Σ_{p=1}^{s_{l+1}} ∂E/∂σ_j^{l+1} · ∂σ_j^{l+1}/∂sum_j^{l+1} · w_jp^{l+1}",
        "F6": "- y_j/σ_j^L - (1 - y_j)/(1 - σ_j^L)",
        "F7 back": "Σ_{p=1}^{s_{l+1}} ∂E/∂σ_j^{l+1} σ_j^{l+1} (1 - σ_j^{l+1}) w_jp^{l+1}",
        "F7 weights": "∂E/∂σ_j^l σ_j^l (1 - σ_j^l) σ_i^{l-1} + λ/(2m) w_ij^l",
        "F8": "1/m_b Σ_{i=1}^{m_b} - y_j^(i)/σ_j^L(x^(i)) - (1 - y_j^(i))/(1 - σ_j^L(x^(i)))",
    }


def formula_sheet(seed: int = 0) -> FormulaSheet:
    """Every formula F1 … F9 of the lecture, checked as it is printed.

    The rows come in the order of the sheet; a formula that says several things has several rows.
    """
    s, printed = Setting.draw(seed), formulas()
    one, minibatch = "E of one example", "E of a minibatch, Σ over both terms, σ_j^L moved alike for all"
    every, inner = range(1, L + 1), range(2, L)

    def row(name: str, lhs: str, rhs: str, reading: str, checks: Mapping[int, Check]) -> Row:
        return examine(name, f"∂E/∂{lhs} = {rhs}", lhs, rhs, reading, checks, seed)

    return FormulaSheet(
        [
            *forward_rows(s),
            row("F2", "w_ij^l", printed["F2"], f"{one}, every layer", along_weights(s, every)),
            *slope_rows(s, seed),
            row("F5", "σ_j^l", printed["F5"], f"{one}, every hidden layer", along_outputs(s, range(1, L))),
            row("F6", "σ_j^L", printed["F6"], f"{one}, without the 1/m", along_outputs(s, [L])),
            row("F6", "σ_j^L", printed["F6"], "the whole E, with its 1/m", along_outputs(s, [L], share=1 / EXAMPLES)),
            row("F7", "σ_j^l", printed["F7 back"], f"{one}, the layers of the loop", along_outputs(s, inner)),
            row("F7", "w_ij^l", printed["F7 weights"], f"{one}, the layers of the loop", along_weights(s, inner)),
            *loop_rows(s),
            row("F8", "σ_j^L", printed["F8"], minibatch, along_all_outputs(s)),
            *relu_rows(seed),
        ]
    )


def _compared(name: str, printed: str, tex: str, reading: str, pairs: Sequence[tuple[float, float]]) -> Row:
    """A row from (printed, true) numbers."""
    off = [abs(a - b) / max(abs(a), abs(b), 1e-300) for a, b in pairs]
    wrong = sum(o > 1e-9 for o in off)
    result: dict[str, Any] = {"compared": len(pairs), "wrong": wrong, "points": 1, "error": max(off)}
    if wrong:
        worst = int(np.argmax(off))
        result |= {"component": f"number {worst + 1}", "printed": pairs[worst][0], "true": pairs[worst][1]}
    return Row(name, printed, tex, reading, "wrong" if wrong else "right", evidence=result)


def forward_rows(setting: Setting) -> Iterator[Row]:
    """F1: the forward pass, against the engine's `dot` and `sigmoid`."""
    for lhs, rhs in [
        ("sum_j^l", "Σ_{k=1}^{s_{l-1}} w_kj^l σ_k^{l-1}"),
        ("σ_i^l", "1/(1 + e^{-sum_i^l})"),
    ]:
        tree, left, pairs = read(rhs), symbol(lhs), []
        for x, y in zip(setting.features, setting.labels, strict=True):
            run = Run(setting.weights, x, y)
            for layer in range(1, L + 1):

                def look(what: Any, indices: Mapping[str, int], run: Run = run, layer: int = layer) -> float:
                    return run.look(what, indices, layer)

                numbers = literal(tree, left, layer, (SIZES[layer],), look)
                pairs += [(float(v), look(left, {left.indices: k})) for k, v in enumerate(numbers)]
        yield _compared("F1", f"{lhs} = {rhs}", f"{latex(left)} = {latex(tree)}", "every unit, every example", pairs)


def slope_rows(setting: Setting, seed: int) -> Iterator[Row]:
    """F3 and F4: the slopes of one unit."""
    run = Run(setting.weights, setting.features[0], setting.labels[0])
    for rhs in ("(1/(1+e^{-sum})) (1 - 1/(1+e^{-sum}))", "σ_j^l (1 - σ_j^l)"):
        tree = read(rhs)

        def gradient(total: float, tree: Node = tree) -> float:
            known = {"sum": total, "σ": functions.sigmoid(total)}
            return calculate(tree, lambda what, _: known[what.name], lambda _: 0, {})  # type: ignore[union-attr]

        reports = [
            gradcheck(functions.sigmoid, node._data, gradient, seed=seed)
            for layer in run.sum.values()
            for node in layer
        ]
        left = Slope(symbol("σ_j^l"), symbol("sum_j^l"))
        verdict = next((r.verdict for r in reports if not r), "right")
        yield Row(
            "F3", f"{left} = {rhs}", f"{latex(left)} = {latex(tree)}", "every unit", verdict, evidence=evidence(reports)
        )
    tree, reports = read("σ_i^{l-1}"), []
    for layer in range(1, L + 1):
        below = np.array([s._data for s in run.σ[layer - 1]])
        for j in range(SIZES[layer]):

            def along(w: Array, below: Array = below, layer: int = layer) -> Array:
                return np.array(
                    [calculate(tree, lambda _, at: below[at["i"]], lambda _: 0, {"i": i}) for i in range(len(w))]
                )

            column = setting.weights[layer][:, j]
            reports.append(
                gradcheck(lambda w, below=below: functions.dot(w, below), column, along, seed=seed, points=3)
            )
    left = Slope(symbol("sum_j^l"), symbol("w_ij^l"))
    verdict = next((r.verdict for r in reports if not r), "right")
    yield Row(
        "F4", f"{left} = {tree}", f"{latex(left)} = {latex(tree)}", "every weight", verdict, evidence=evidence(reports)
    )


def loop_rows(setting: Setting) -> Iterator[Row]:
    """F7's update, and which weights its loop reaches."""
    x, y = setting.features[0], setting.labels[0]
    run = Run(setting.weights, x, y).backward()
    slopes = [None, *(np.vectorize(lambda v: v.grad, otypes=[float])(w) for w in run.w[1:])]
    square = sum(float((g**2).sum()) for g in slopes[1:])
    tree, left = read("w_ij^l - η ∂E/∂w_ij^l"), symbol("w_ij^l")
    new: list[Any] = [None]
    for layer in range(1, L + 1):

        def look(what: Any, indices: Mapping[str, int], layer: int = layer) -> float:
            return run.look(what, indices, layer)

        new.append(literal(tree, left, layer, setting.weights[layer].shape, look))
    after = Run(new, x, y).cost._data
    fall = (run.cost._data - after) / (LEARNING_RATE * square)
    verdict = "right" if 0.5 < fall <= 1.0 + LEARNING_RATE else "wrong"
    yield Row(
        "F7", f"w_ij^l = {tree}", f"{latex(left)} = {latex(tree)}", "all weights at once, with the true gradient",
        verdict, evidence={
            "compared": 1,
            "said": f"E falls from {run.cost._data:.6f} to {after:.6f}, {fall:.3f} of η‖∇E‖² (1 as η → 0)",
            "fall": fall,
        },
    )  # fmt: skip
    yield _loop_row(setting)


def _loop_row(setting: Setting) -> Row:
    """Which weights the loop ``for l = L-1 down to 2`` reaches; if not all, how far down it must go."""
    wanted, direct = set(range(1, L + 1)), {L}  # F6 and F2 together give layer L without the loop

    def reached(last: int) -> set[int]:
        return set(range(L - 1, last - 1, -1))

    missed = sorted(wanted - reached(2))
    count = sum(setting.weights[layer].size for layer in missed)
    total = sum(w.size for w in setting.weights[1:])
    enough = next((last for last in (2, 1, 0) if reached(last) | direct >= wanted), None)
    corrected = ""
    if missed and enough is not None:
        rest = " and ".join(f"w^{layer}" for layer in sorted(wanted - reached(enough)))
        corrected = f"for l = L-1 down to {enough}" + (f", and {rest} by F6 and F2" if rest else "")
    return Row(
        "F7",
        "for l = L-1 down to 2",
        r"\text{for } l = L-1 \text{ down to } 2",
        f"layers 0 … L with L = {L}, weights w^1 … w^{L}",
        "wrong" if missed else "right",
        f"the loop gives no gradient to {' and '.join(f'w^{layer}' for layer in missed)}" if missed else "",
        corrected,
        evidence={"compared": total, "wrong": count, "said": f"{count} of {total} weights are never updated"},
    )


def relu_rows(seed: int) -> Iterator[Row]:
    """F9: the ReLU and its stated subgradient; and what there is at 0."""
    tex = r"\mathrm{relu}(\mathrm{sum}) = \max(0, \mathrm{sum})"

    def subgradient(total: float) -> float:
        return 1.0 if total > 0 else 0.0

    reports = [gradcheck(functions.relu, at, subgradient, seed=seed) for at in (-2.0, -0.5, 0.5, 2.0)]
    verdict = next((r.verdict for r in reports if not r), "right")
    printed = "relu(sum) = max(0, sum), subgradient 1 if sum > 0, 0 if sum < 0"
    yield Row("F9", printed, tex, "on both sides of 0", verdict, evidence=evidence(reports))
    corner = gradcheck(functions.relu, 0.0, subgradient, seed=seed)
    yield Row(
        "F9", "relu at sum = 0 (the sheet leaves it open)", tex, "at 0", corner.verdict,
        evidence={"compared": 1, "said": corner.reason},
    )  # fmt: skip
