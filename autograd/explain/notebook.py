"""An explanation inside a notebook: the picture, and a table of the steps. Nothing is loaded from anywhere."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from autograd.draw.render import RenderError
from autograd.explain import formula

if TYPE_CHECKING:
    from autograd.explain.explanation import Explanation, Step

MOST = 12  # lines of the chain rule for one node; the others are in `.contributions`
STYLE = """
.chalkgrad-explain { overflow-x: auto; }
.chalkgrad-explain table { border-collapse: collapse; margin: .5em 0; }
.chalkgrad-explain caption { text-align: left; font-weight: bold; padding: .4em 0; }
.chalkgrad-explain th, .chalkgrad-explain td { text-align: left; vertical-align: top; padding: .3em .8em;
  border-bottom: 1px solid #8888; }
.chalkgrad-explain td p { margin: 0 0 .3em; min-width: 14em; max-width: 34em; }
.chalkgrad-explain math { math-style: normal; }
.chalkgrad-explain mfrac > * { padding: .08em .12em; }
.chalkgrad-explain .line { margin: .3em 0; white-space: nowrap; }
"""


def write(explanation: Explanation) -> str:
    """The snippet, as one `<div>`."""
    try:
        picture = ElementTree.tostring(explanation.stage.drawn(), encoding="unicode")
    except (ValueError, RenderError) as error:
        picture = f"<p>{html.escape(str(error))}</p>"
    name = html.escape(explanation.writer.name(explanation.root))
    tables = _table("Forward pass: from the inputs to " + name, explanation.forward, 1, explanation)
    tables += _table(
        "Backward pass: the chain rule, from the end to the inputs",
        explanation.backward, len(explanation.forward) + 1, explanation,
    )  # fmt: skip
    return (
        f'<div class="chalkgrad-explain" tabindex="0" role="region" aria-label="Steps of the passes for {name}">'
        f"<style>{STYLE}</style>{picture}{tables}</div>"
    )


def _table(caption: str, steps: tuple[Step, ...], first: int, explanation: Explanation) -> str:
    rows = "".join(
        f'<tr><th scope="row">{i}</th><td>{html.escape(explanation.writer.name(step.node))}</td>'
        f"<td><p>{html.escape(step.text)}</p></td><td>{lines(step, explanation)}</td></tr>"
        for i, step in enumerate(steps, first)
    )
    head = "".join(f'<th scope="col">{word}</th>' for word in ("Step", "Value", "What happens", "Formula"))
    return f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def lines(step: Step, explanation: Explanation) -> str:
    """The formulas of a step, as HTML: for each contribution its line of the chain rule, the slope, and the total."""
    if not step.args and step.phase == "forward":
        return ""  # the sentence says it all
    writer = explanation.writer
    start = len(step.formulas) - len(step.contributions)
    out = [f'<div class="line">{writer.mathml(each)}</div>' for each in step.formulas[:start]]
    for each, c in list(zip(step.formulas[start:], step.contributions, strict=True))[:MOST]:
        slope = formula.slope(step, c, each)
        where = f'<span class="where"> where {writer.mathml(slope)}</span>' if slope else ""
        total = html.escape(writer.number(c.total))
        out.append(f'<div class="line">{writer.mathml(each)} <span class="total">(total {total})</span>{where}</div>')
    if len(step.contributions) > MOST:
        out.append(f'<div class="line">… and {len(step.contributions) - MOST} more like these</div>')
    return "".join(out)
