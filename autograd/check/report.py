"""What `gradcheck` found, to read in a terminal, in a notebook, or as data."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from autograd.check.problem import Diagnosis

Verdict = Literal["right", "wrong", "not differentiable here", "cannot tell"]
SHOWN, FEW = 12, 6  # rows of a table before "… and 20 more", and of one with nothing wrong in it
CAVEAT = "This compares the formula with f as it was given. Whether f is what you meant, it cannot know."


RECORDERS: list[Callable[[Any], Any]] = []  # who wants to know of every report that is made


def recorded(report: Any) -> Any:
    """The report, shown to the recorders: this is how the checks of a whole file are collected."""
    for recorder in RECORDERS:
        recorder(report)
    return report


@dataclass(frozen=True, slots=True)
class Component:
    """One partial derivative: the student's, the engine's, and what finite differences say.

    `status` is "right", "wrong", or "lost in rounding". `point` counts the points that were tried: 0 is `at` itself.
    `yours` is NaN where the shape did not fit, or no formula was given; `finite_difference` where none was taken.
    """

    name: str
    yours: float
    expected: float
    finite_difference: float
    relative_error: float
    status: str
    point: int = 0


@dataclass(frozen=True, slots=True)
class GradientReport:
    """The outcome of a check: true when the formula is right.

    `verdict`     "right", "wrong", "not differentiable here" or "cannot tell"
    `reason`      the verdict in one or two sentences
    `diagnosis`   explanations of a wrong formula, best first
    `components`  one row for each partial derivative, worst first
    `notes`       what else was noticed
    `points`      at how many points the formula was compared
    """

    verdict: Verdict
    reason: str
    components: list[Component]
    diagnosis: list[Diagnosis] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    points: int = 0
    rtol: float = 1e-6
    seed: int = 0
    has_formula: bool = True

    def __bool__(self) -> bool:
        return self.verdict == "right"

    @property
    def score(self) -> float:
        """The part of the components that are right, from 0 to 1 (1 only where the verdict is "right")."""
        if self:
            return 1.0
        part = sum(c.status == "right" for c in self.components) / max(1, len(self.components))
        return min(part, 1.0 - 1.0 / (len(self.components) + 1))

    def raise_if_wrong(self) -> GradientReport:
        """Itself; AssertionError with the whole report if the verdict is "wrong"."""
        if self.verdict == "wrong":
            raise AssertionError(str(self))
        return self

    def to_dict(self) -> dict[str, Any]:
        """As plain data, for JSON; None stands for "no number"."""
        return {
            "verdict": self.verdict,
            "right": bool(self),
            "reason": self.reason,
            "score": self.score,
            "points": self.points,
            "rtol": self.rtol,
            "seed": self.seed,
            "components": [{name: plain(getattr(c, name)) for name in Component.__slots__} for c in self.components],
            "diagnosis": [d.to_dict() for d in self.diagnosis],
            "notes": list(self.notes),
        }

    def _rows(self) -> tuple[list[str], list[list[str]], int]:
        """(heads, rows of text, how many were left out)."""
        wrong = sum(c.status != "right" for c in self.components)
        shown = self.components[: max(min(SHOWN, wrong), FEW)] if self else self.components[:SHOWN]
        heads = ["component", "yours", "expected", "finite difference", "relative error", ""]
        rows = [
            [
                c.name + ("*" if c.point else ""),
                _number(c.yours),
                _number(c.expected),
                _number(c.finite_difference),
                f"{c.relative_error:.1e}" if c.relative_error == c.relative_error else "–",
                "" if c.status == "right" and self else c.status,
            ]
            for c in shown
        ]
        if not self.has_formula:
            heads[1:3] = ["engine"]
            rows = [[r[0], *r[2:]] for r in rows]
        return heads, rows, len(self.components) - len(shown)

    def _remarks(self) -> list[str]:
        remarks = list(self.notes)
        if any(c.point for c in self.components[:SHOWN]):
            remarks.insert(0, "* this row shows another point than the one you gave.")
        return remarks + ([CAVEAT] if self.has_formula else [])

    def __str__(self) -> str:
        lines = [f"{self.verdict.upper()}: {self.reason}"]
        heads, rows, more = self._rows()
        if rows:
            lines += ["", *_table(heads, rows)]
            if more:
                lines.append(f"  … and {more} more")
        if self.diagnosis:
            lines += ["", "What happened, the best explanation first:"]
            for i, d in enumerate(self.diagnosis, 1):
                lines.append(f"  {i}. {d.text}" + (f" [{d.kind}, {d.where}]" if d.where else f" [{d.kind}]"))
        lines += ["", *self._remarks()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        heads, rows, more = self._rows()
        color = {"right": "#1a7f37", "wrong": "#b42318"}.get(self.verdict, "#8a5a00")
        parts = [
            '<div style="font-family:sans-serif;max-width:60em">'
            f'<p><b style="color:{color}">{html.escape(self.verdict)}</b>: {html.escape(self.reason)}</p>'
        ]
        if rows:
            parts.append(html_table(heads, rows))
            if more:
                parts.append(f"<p>… and {more} more</p>")
        if self.diagnosis:
            parts.append("<p>What happened, the best explanation first:</p><ol>")
            for d in self.diagnosis:
                formula = f"<br>it should be: ${html.escape(d.latex)}$" if d.latex else ""
                parts.append(
                    f"<li>{html.escape(d.text)} <small>({html.escape(d.kind)}: {html.escape(d.where)})</small>"
                    f"{formula}</li>"
                )
            parts.append("</ol>")
        parts += [f"<p><small>{html.escape(r)}</small></p>" for r in self._remarks()]
        return "".join(parts) + "</div>"


COLORS = {"right": "#1a7f37", "wrong": "#b42318", "WRONG": "#b42318"}


def html_table(heads: list[str], rows: list[list[str]], *, formulas: bool = False) -> str:
    """A table as HTML, every cell escaped; with `formulas`, σ_j^l is set with its indices."""
    cell = 'style="padding:2px 10px;text-align:left;font-variant-numeric:tabular-nums"'

    def written(text: str) -> str:
        shown = markup(text) if formulas else html.escape(text)
        return f'<b style="color:{COLORS[text]}">{shown}</b>' if text in COLORS else shown

    head = "".join(f"<th {cell}>{html.escape(h)}</th>" for h in heads)
    body = "".join("<tr>" + "".join(f"<td {cell}>{written(c)}</td>" for c in r) + "</tr>" for r in rows)
    return f'<table style="border-collapse:collapse;font-family:sans-serif"><tr>{head}</tr>{body}</table>'


def markup(text: str) -> str:
    """σ_j^{l+1} with its indices below and above, as HTML; everything else is escaped."""
    shown, count = html.escape(text), 1
    while count:  # the innermost braces first
        shown, count = re.subn(r"([_^])\{([^{}]*)\}", _raised, shown)
    return re.sub(r"([_^])(\(\w\)|[^\W_]+)", _raised, shown)


def _raised(match: re.Match[str]) -> str:
    tag = "sub" if match[1] == "_" else "sup"
    return f"<{tag}>{match[2]}</{tag}>"


def _table(heads: list[str], rows: list[list[str]]) -> list[str]:
    widths = [max(len(r[i]) for r in [heads, *rows]) for i in range(len(heads))]
    lines = []
    for row in [heads, *rows]:
        cells = [c.rjust(w) if i else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))]
        lines.append(("  " + "  ".join(cells)).rstrip())
    return lines


def _number(x: float) -> str:
    return f"{x:.9g}" if x == x else "–"


def plain(x: Any) -> Any:
    """A number for JSON: None where there is none."""
    return None if isinstance(x, float) and not math.isfinite(x) else x
