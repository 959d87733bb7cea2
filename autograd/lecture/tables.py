"""Tables, folded details and little images as HTML."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import numpy as np

from autograd.lecture.data import Floats, Labels
from autograd.lecture.notation import html

Places = dict[str, object]  # what stands in the places of page.html, by name


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[object]], *, raw: bool = False) -> str:
    """A table in a frame that scrolls sideways where it is too wide. Cells are text; `raw`: cells are HTML."""
    clean = str if raw else _clean
    rows = list(rows)
    numbers = [bool(rows) and n > 0 and bool(_number(cell)) for n, cell in enumerate(rows[0] if rows else heads)]
    head = "".join(
        f'<th scope="col"{" class=" + chr(34) + "number" + chr(34) if right else ""}>{html(h)}</th>'
        for h, right in zip(heads, numbers, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<th scope="row"{" class=short" if len(str(c)) < 28 else ""}>{clean(c)}</th>'
            if n == 0
            else f"<td{_number(c) or (' class=short' if len(str(c)) < 28 else '')}>{clean(c)}</td>"
            for n, c in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def details(summary: str, content: str) -> str:
    """Something that is shown on request."""
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"


def behind(content: str) -> str:
    """What is behind a plot, on request."""
    return details("The numbers behind this plot", content)


def figure(picture: str, caption: str, numbers: str = "") -> str:
    """A picture with its caption, and the numbers behind it."""
    return (
        f'<figure><div class="picture" tabindex="0" role="group" aria-label="{escape(caption)}">{picture}</div>'
        f"<figcaption>{escape(caption)}</figcaption>{numbers}</figure>"
    )


def confusion(counts: Labels) -> str:
    """The confusion matrix: a row for each digit, a column for each prediction; darker means more."""
    rows = []
    for digit, row in enumerate(counts):
        cells = []
        for guess, n in enumerate(row):
            kind = "right" if digit == guess else "wrong" if n else "none"
            strength = 0.25 + 0.75 * n / max(1, int(row.sum())) if n else 0
            said = str(n) if n else '<span role="img" aria-label="0">·</span>'
            cells.append(f'<td class="{kind}" style="--much:{strength:.2f}">{said}</td>')
        rows.append(f'<tr><th scope="row">{digit}</th>{"".join(cells)}</tr>')
    head = "".join(f'<th scope="col">{k}</th>' for k in range(len(counts)))
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Confusion matrix"><table class="confusion">'
        "<caption>Confusion matrix on the test images. Rows: the digit. Columns: the prediction.</caption>"
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def image(pixels: Floats, alt: str) -> str:
    """An 8 × 8 digit, dark on light, as an `<img>` that holds its own data."""
    from matplotlib.image import imsave

    file = io.BytesIO()
    nothing: Any = {"Software": None}  # no version in it: the same image everywhere
    imsave(file, pixels.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1, format="png", metadata=nothing)
    data = base64.b64encode(file.getvalue()).decode()
    return f'<img width="64" height="64" alt="{escape(alt)}" src="data:image/png;base64,{data}">'


def images(X: Floats, y: Labels, predicted: Labels, probabilities: Floats, which: Iterable[int]) -> str:
    """Digits with what the network says about them."""
    cards = []
    for i in which:
        right = y[i] == predicted[i]
        say = f"{'✓' if right else '✗'} {predicted[i]}"
        sure = float(probabilities[i, predicted[i]])
        more = "" if right else f", is {y[i]}"
        alt = f"handwritten {y[i]}, taken for {predicted[i]}"
        cards.append(
            f'<li class="{"right" if right else "wrong"}">{image(np.asarray(X[i]), alt)}'
            f"<span><b>{say}</b>{more}<br>σ = {sure:.2f}</span></li>"
        )
    return f'<ul class="digits">{"".join(cards)}</ul>'


def _clean(cell: object) -> str:
    return escape(str(cell))


def _number(cell: object) -> str:
    text = str(cell).strip()
    return ' class="number"' if text[:1].isdigit() or text[:2].lstrip("-−")[:1].isdigit() else ""
