"""The lecture's formula sheet, F1 to F9 as printed, put to the checker.

Each printed formula is read (`autograd.check.sheet.indexed`), calculated literally on a small sigmoid network with the
lecture's objective, and compared by `gradcheck` with the network's true gradients. Whatever stands on the right
of a formula is given its true value, so each formula is judged by itself. For one that is wrong, every formula
one slip away from it is tried, and the one that is right at all points is shown.

No verdict is written down here: change a printed line (``formula_sheet(printed={"F6": …})``), and the table changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from autograd.check.report import html_table
from autograd.check.sheet.examine import Row, examine
from autograd.check.sheet.indexed import Slope
from autograd.check.sheet.loop import Points, program_row, update_row
from autograd.check.sheet.network import (
    EXAMPLES,
    Check,
    L,
    Setting,
    along_all_outputs,
    along_outputs,
    along_weights,
)
from autograd.check.sheet.program import Bound, Statement, read_program, read_statement
from autograd.check.sheet.rows import forward_rows, relu_rows, slope_rows


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
            f"{e['wrong']} of {e['compared']} numbers off, e.g. {as_in_lecture(e['component'])}: "
            f"printed {e['printed']:.5g}, true {e['true']:.5g}"
        )
    if "said" in e:
        return str(e["said"])
    return f"{e['compared']} numbers agree" + (f" to {e['error']:.0e}" if e["error"] else " exactly")


def as_in_lecture(component: str) -> str:
    """The lecture counts from 1, and writes no comma where none is needed: ``w^3[1,2]`` is w_23^3."""
    name, _, index = component.partition("[")
    base, raised, layer = name.partition("^")
    places = [str(int(k) + 1) for k in index.rstrip("]").split(",")]
    below = "".join(places) if all(len(k) == 1 for k in places) else "{" + ",".join(places) + "}"
    return f"{base}_{below}{raised}{layer}"


def found(row: Row) -> str:
    """The slip and the corrected formula in one line."""
    return f"{row.slip}: {row.corrected}" if row.corrected else row.slip


def formulas() -> dict[str, str]:
    """The printed formulas for gradients of E, by name: F2, F5, F6, F8, and F7, which is a loop."""
    return {
        "F2": "∂E/∂w_ij^l = ∂E/∂σ_j^l · ∂σ_j^l/∂sum_j^l · ∂sum_j^l/∂w_ij^l + λ/(2m) w_ij^l",
        "F5": "∂E/∂σ_j^l = Σ_{p=1}^{s_{l+1}} ∂E/∂σ_j^{l+1} · ∂σ_j^{l+1}/∂sum_j^{l+1} · w_jp^{l+1}",
        "F6": "∂E/∂σ_j^L = - y_j/σ_j^L - (1 - y_j)/(1 - σ_j^L)",
        "F7": """
            for l = L-1 down to 2:
              ∂E/∂σ_j^l = Σ_{p=1}^{s_{l+1}} ∂E/∂σ_j^{l+1} σ_j^{l+1} (1 - σ_j^{l+1}) w_jp^{l+1}
              ∂E/∂w_ij^l = ∂E/∂σ_j^l σ_j^l (1 - σ_j^l) σ_i^{l-1} + λ/(2m) w_ij^l
              w_ij^l = w_ij^l - η ∂E/∂w_ij^l
            """,
        "F8": "∂E/∂σ_j^L = 1/m_b Σ_{i=1}^{m_b} - y_j^(i)/σ_j^L(x^(i)) - (1 - y_j^(i))/(1 - σ_j^L(x^(i)))",
    }


def formula_sheet(seed: int = 0, printed: Mapping[str, str] | None = None) -> FormulaSheet:
    """Every formula F1 … F9 of the lecture, checked as it is printed.

    The rows come in the order of the sheet; a formula that says several things has several rows. `printed` are other
    texts in place of the lecture's, by name (see `formulas`); F7 is a loop, with its lines indented.

    Raises ValueError for a text that cannot be read, or a name that is none.
    """
    texts = {**formulas(), **(printed or {})}
    if len(texts) > len(formulas()):
        raise ValueError(f"there is no formula {(set(texts) - set(formulas())).pop()!r}; there are {list(formulas())}")
    lines = {name: read_statement(text) for name, text in texts.items() if name != "F7"}
    s, loop = Setting.draw(seed), read_program(texts["F7"])
    one, minibatch = "E of one example", "E of a minibatch, Σ over both terms, σ_j^L moved alike for all"
    every, hidden = range(1, L + 1), range(1, L)
    looped = sorted(set(loop.layers(L)) & set(hidden)) or hidden

    def row(name: str, reading: str, checks: Mapping[int, Check]) -> Row:
        lhs, rhs = texts[name].strip().split(" = ", 1)
        return examine(name, lhs.removeprefix("∂E/∂"), rhs, reading, checks, seed)

    def line_row(line: Statement) -> Row:
        if not isinstance(line.left, Slope):
            return update_row("F7", line, Points(seed))
        along = along_outputs if line.target.name == "σ" else along_weights
        reading = f"{one}, the layers of the loop"
        return examine("F7", str(line.target), str(line.right), reading, along(s, looped), seed)

    f2 = row("F2", f"{one}, every layer", along_weights(s, every))
    f6 = row("F6", f"{one}, without the 1/m", along_outputs(s, [L]))
    of_loop = {line: line_row(line) for line in loop.lines}
    given = [_best(f6, lines["F6"]), replace(_best(f2, lines["F2"]), at=Bound(True, 0))]
    return FormulaSheet(
        [
            *forward_rows(s),
            f2,
            *slope_rows(s, seed),
            row("F5", f"{one}, every hidden layer", along_outputs(s, hidden)),
            f6,
            row("F6", "the whole E, with its 1/m", along_outputs(s, [L], share=1 / EXAMPLES)),
            *of_loop.values(),
            program_row("F7", loop, of_loop, Points(seed, given)),
            row("F8", minibatch, along_all_outputs(s)),
            *relu_rows(seed),
        ]
    )


def _best(row: Row, printed: Statement) -> Statement:
    """The formula as corrected, if it had to be."""
    return read_statement(row.corrected) if row.corrected else printed
