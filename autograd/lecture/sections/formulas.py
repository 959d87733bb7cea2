"""Section 3: the formulas as printed. The verdicts are the checker's."""

from __future__ import annotations

from html import escape

from autograd.check.sheet.examine import Row
from autograd.check.sheet.formulas import said
from autograd.check.sheet.network import EXAMPLES, SIZES
from autograd.lecture.experiments import Results
from autograd.lecture.notation import html, listed
from autograd.lecture.tables import Places


def places(r: Results) -> Places:
    """A card for each statement, and how many are right."""
    verdicts = [row.verdict for row in r.sheet]
    other = len(verdicts) - verdicts.count("right") - verdicts.count("wrong")
    return {
        "sheet": "\n".join(map(_statement, r.sheet)),
        "sheet_units": " - ".join(map(str, SIZES)),
        "sheet_examples": EXAMPLES,
        "sheet_count": len(verdicts),
        "sheet_right": verdicts.count("right"),
        "sheet_wrong": verdicts.count("wrong"),
        "sheet_other": " One is about a point without a derivative." if other == 1 else "",
    }


def _statement(row: Row) -> str:
    sign = {"right": "✓", "wrong": "✗"}.get(row.verdict, "?")
    printed = _formula("" if row.name == "F9" else row.latex, row.printed)  # F9 says more than a formula
    if row.corrected:
        printed = (
            f'<div class="pair"><div><p class="label">as printed</p>{printed}</div>'
            f'<div><p class="label">it should be</p>{_formula(row.corrected_latex, row.corrected)}</div></div>'
        )
    parts = [
        f'<li class="{row.verdict if row.verdict in ("right", "wrong") else "other"}">',
        f'<p><span class="verdict">{sign} {escape(row.verdict)}</span><span class="name">{escape(row.name)}</span>',
        f'<span class="reading">{html(row.reading)}</span></p>',
        printed,
        f'<p class="evidence">{html(said(row).rstrip("."))}.</p>',
    ]
    if row.slip:
        parts.append(f"<p><b>The slip:</b> {html(row.slip)}.</p>")
    return "".join([*parts, "</li>"])


def _formula(latex: str, text: str) -> str:
    try:
        return listed(latex) if latex else f"<p>{html(text)}</p>"
    except ValueError:  # a formula that this small writer cannot set is still shown
        return f"<p><code>{escape(text)}</code></p>"
