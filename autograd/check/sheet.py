"""The lecture's formula sheet, F1 to F9 as printed, put to the checker.

Each printed formula is read (`autograd.check.indexed`), calculated literally on a small sigmoid network with the
lecture's objective, and compared by `gradcheck` with the network's true gradients. Whatever stands on the right
of a formula is given its true value, so each formula is judged by itself. For one that is wrong, every formula
one slip away from it is tried, and the one that is right at all points is shown.

No verdict is written down here: change a printed line, and the table changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autograd.check.report import html_table
from autograd.check.sheet_examine import Row, examine
from autograd.check.sheet_network import (
    EXAMPLES,
    Check,
    L,
    Setting,
    along_all_outputs,
    along_outputs,
    along_weights,
)
from autograd.check.sheet_rows import forward_rows, loop_rows, relu_rows, slope_rows


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

    back = row("F7", "σ_j^l", printed["F7 back"], f"{one}, the layers of the loop", along_outputs(s, inner))
    weights = row("F7", "w_ij^l", printed["F7 weights"], f"{one}, the layers of the loop", along_weights(s, inner))

    def best(found: Row, which: str) -> str:
        return found.corrected.partition(" = ")[2] or printed[which]

    return FormulaSheet(
        [
            *forward_rows(s),
            row("F2", "w_ij^l", printed["F2"], f"{one}, every layer", along_weights(s, every)),
            *slope_rows(s, seed),
            row("F5", "σ_j^l", printed["F5"], f"{one}, every hidden layer", along_outputs(s, range(1, L))),
            row("F6", "σ_j^L", printed["F6"], f"{one}, without the 1/m", along_outputs(s, [L])),
            row("F6", "σ_j^L", printed["F6"], "the whole E, with its 1/m", along_outputs(s, [L], share=1 / EXAMPLES)),
            back,
            weights,
            *loop_rows(s, best(back, "F7 back"), best(weights, "F7 weights")),
            row("F8", "σ_j^L", printed["F8"], minibatch, along_all_outputs(s)),
            *relu_rows(seed),
        ]
    )
