"""Section 2: the graph of one example, before and after backward()."""

from __future__ import annotations

from autograd.lecture.experiments import Results
from autograd.lecture.notation import html
from autograd.lecture.tables import Places, details, table


def places(r: Results) -> Places:
    """Both pictures, each for light and for dark, and the gradient as a table."""
    s = r.small

    def both(which: str, svgs: dict[str, str]) -> str:
        label = "The graph before backward()" if which == "before" else "The graph after backward(), with the gradients"
        inside = "".join(f'<div class="{theme}">{svg}</div>' for theme, svg in svgs.items())
        return f'<div class="graph {which}" tabindex="0" role="group" aria-label="{label}">{inside}</div>'

    rows = [[html(label), f"{value:.6f}", f"{slope:.6f}"] for label, value, slope in s.parameters]
    return {
        "small_x": f"({s.x[0]:g}, {s.x[1]:g})",
        "small_y": s.y,
        "small_nodes": s.stats.nodes,
        "small_output": f"{s.output:.4f}",
        "small_cost": f"{s.cost:.4f}",
        "graphs": both("before", s.before) + both("after", s.after),
        "small_table": details(
            "The gradient as a table",
            table("Each weight and bias", ["parameter", "value", "∂E/∂ parameter"], rows, raw=True),
        ),
    }
