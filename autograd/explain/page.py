"""A page that steps through the passes: buttons, keys, a picture that changes, the gradients as they grow.

One file, no network. Without JavaScript it is the list of all steps under the finished picture.
"""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from autograd.draw.render import RenderError
from autograd.explain import notebook, player

if TYPE_CHECKING:
    from autograd.explain.explanation import Explanation

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"  # nothing from outside
BUTTONS = (
    ("first", "Start", "Start: the first step"),
    ("back", "←", "Step back"),
    ("play", "Play", "Play or pause"),
    ("next", "→", "Step forward"),
    ("last", "End", "End: the last step"),
    ("turn", "Backward", "To the backward pass"),
)


def write(explanation: Explanation) -> str:
    """The whole page."""
    name = html.escape(explanation.writer.name(explanation.root))
    try:
        picture = ElementTree.tostring(explanation.stage.drawn(), encoding="unicode")
    except (ValueError, RenderError) as error:
        picture = f"<p>{html.escape(str(error))}</p>"
    buttons = "".join(
        f'<button type="button" id="{id}" title="{about}" aria-label="{about}">{shown}</button>'
        for id, shown, about in BUTTONS
    )
    # "<" is written as an escape, so that no label can end the script that holds it
    story = json.dumps(_story(explanation), ensure_ascii=True).replace("<", "\\u003c")
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta http-equiv="Content-Security-Policy" content="{POLICY}" />
<title>Backpropagation, step by step: {name}</title>
<style>
{player.style()}</style>
</head>
<body>
<main>
<h1>Backpropagation, step by step: {name}</h1>
<div class="picture" tabindex="0" role="region" aria-label="The graph">{picture}</div>
<div class="controls" role="group" aria-label="Steps">{buttons}<span class="count" id="count"></span>
<input type="range" id="where" min="0" value="0" aria-label="Step" /></div>
<p class="quiet" aria-live="polite" id="said"></p>
<div class="below">
<ol class="steps">
{_items(explanation)}
</ol>
<div class="wide" tabindex="0" role="region" aria-label="Values and gradients so far">{_table(explanation)}</div>
</div>
<p class="hint keys">Keys: ← → one step, Home and End, B to the backward pass, space to play and pause</p>
</main>
<script type="application/json" id="story">{story}</script>
<script>{player.SCRIPT}</script>
</body>
</html>
"""


def _items(explanation: Explanation) -> str:
    total = len(explanation)
    return "\n".join(
        f'<li><div class="phase">{step.phase.capitalize()} pass, step {i} of {total}</div>'
        f"<p>{html.escape(step.text)}</p>{notebook.lines(step, explanation)}</li>"
        for i, step in enumerate(explanation, 1)
    )


def _table(explanation: Explanation) -> str:
    """Every name with its value and its gradient; the script takes them back to where a step is."""
    writer = explanation.writer
    root = html.escape(writer.name(explanation.root))
    values = {step.node: step.value for step in explanation.forward}
    rows = "".join(
        f'<tr data-row="{i}"><th scope="row">{html.escape(writer.name(name))}</th>'
        f"<td>{html.escape(writer.number(values[name]))}</td>"
        f'<td class="grad">{html.escape(writer.number(gradient))}</td></tr>'
        for i, (name, gradient) in enumerate(explanation.gradients.items())
    )
    return (
        '<table><caption>So far</caption><thead><tr><th scope="col">name</th><th scope="col">value</th>'
        f'<th scope="col">∂{root}/∂name</th></tr></thead><tbody>{rows}</tbody></table>'
    )


def _story(explanation: Explanation) -> dict[str, Any]:
    """What the script needs: for each step what it changes in the picture and in the table, and the steps of a view."""
    stage, number = explanation.stage, explanation.writer.number
    row = {name: i for i, name in enumerate(explanation.gradients)}
    scenes = []
    for step, scene in zip(explanation, stage.scenes, strict=True):
        table: list[tuple[int, int, str]] = []
        if step.phase == "forward":
            table.append((row[step.node], 1, number(step.value)))
        elif step.node == explanation.root:
            table.append((row[step.node], 2, number(1.0)))
        table += [(row[c.to], 2, number(c.total)) for c in step.contributions]
        picture = [(*place, text) for place, text in scene.sets if place[0]]
        scenes.append({"node": scene.node, "edges": scene.edges, "picture": picture, "table": table})
    nodes = stage.picture.nodes if stage.picture else []
    return {
        "views": [(view.start, view.stop) for view in stage.views],
        "backward": next(i for i, view in enumerate(stage.views) if view.start >= len(explanation.forward)),
        "constants": [node.id for node in nodes if node.kind == "constant"],
        "scenes": scenes,
    }
