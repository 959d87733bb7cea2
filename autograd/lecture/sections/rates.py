"""Section 8: the rates O(1/k) and O(1/√k), seen where they are promised."""

from __future__ import annotations

from autograd.lecture import figures
from autograd.lecture.experiments import Results
from autograd.lecture.notation import html, scientific
from autograd.lecture.tables import Places, behind, figure, table

HEADS = ["problem", "learning rate", "E*", "‖∇E‖ there", "E - E*", "slope measured", "slope of the bound"]


def places(r: Results) -> Places:
    """The curves, the slopes beside the theorem's, and the gradients of single examples at the optimum."""
    rows = [
        [q.name, html(q.formula), f"{q.optimum:.6f}", scientific(q.gradient_norm, 0), scientific(q.gap[-1]),
         f"{q.slope:.2f}", f"{q.theory:g}"]
        for q in r.rates
    ]  # fmt: skip
    curves = [[q.name, f"{k:,}", f"{gap:.4g}"] for q in r.rates for k, gap in zip(q.k, q.gap, strict=True)]
    return {
        "rates_figure": figure(
            figures.rates(r.rates),
            "E - E* against the step k. On logarithmic axes a power of k is a straight line.",
            behind(table("Each mark", ["problem", "k", "E - E*"], curves)),
        ),
        "rates_table": table(
            f"After {r.plan.sgd_steps:,} steps; the slope is fitted from step {r.rates[0].fitted_from:,} on",
            HEADS, rows, raw=True,
        ),
        "features": 16,
        "repeats": r.plan.sgd_repeats,
        "example_norms": " ".join(
            f"For the {q.name.split(',')[0]} problem, ‖∇E‖ = {scientific(q.gradient_norm, 0)}, but "
            f"{html('‖∇E_i‖')} is {q.example_norm:.2f} for an average example <i>i</i>."
            for q in r.rates
        ),
    }  # fmt: skip
