"""Section 5: learning rates, and whether they meet the sufficient condition."""

from __future__ import annotations

from autograd.lecture import figures
from autograd.lecture.experiments import Results
from autograd.lecture.notation import displayed, html
from autograd.lecture.tables import Places, behind, figure, table
from autograd.lecture.training import HIDDEN

CONDITION = r"\sum_k \eta_k = \infty \quad \text{and} \quad \sum_k \eta_k^2 \le \gamma < \infty"


def places(r: Results) -> Places:
    """The condition, the curves, the table with the reasons."""
    rows = []
    for each in r.scheduled:
        c = each.schedule.conditions()
        rows.append(
            [
                html(each.name), "∞" if c.sum_diverges else "finite", "finite" if c.squares_converge else "∞",
                "yes" if c else "no", html(c.why), f"{each.history.cost[-1]:.4f}",
                f"{each.history.test_accuracy[-1]:.1%}",
            ]
        )  # fmt: skip
    curves = [
        [html(each.name), epoch, f"{eta:.4g}", f"{c:.4f}"]
        for each in r.scheduled
        for epoch, (eta, c) in enumerate(zip(each.history.learning_rate, each.history.cost, strict=True))
    ]
    heads = ["η_k", "Σ\u00a0η_k", "Σ\u00a0η_k²", "meets it", "why", "cost at the end", "test accuracy"]
    return {
        "condition": displayed(CONDITION),
        "side_hidden": HIDDEN,
        "schedule_figure": figure(
            figures.schedules(r.scheduled),
            "The learning rate of every step, and the cost at the end of each epoch.",
            behind(table("Each epoch with each schedule", ["schedule", "epoch", "rate", "cost"], curves, raw=True)),
        ),
        "schedule_table": table("Does the schedule meet the sufficient condition?", heads, rows, raw=True),
        "schedule_steps": f"{r.scheduled[0].history.steps:,}",
    }
