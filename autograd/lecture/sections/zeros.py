"""Section 7: what zero initialisation does to a hidden layer."""

from __future__ import annotations

from autograd.lecture import figures
from autograd.lecture.experiments import Results
from autograd.lecture.tables import Places, behind, figure, table
from autograd.lecture.training import HIDDEN

HEADS = ["start", "spread at first", "spread at the end", "different units", "weights moved", "cost", "test accuracy"]


def places(r: Results) -> Places:
    """The spread of the hidden units for each start, and why nothing moves."""
    rows = [
        [s.name, f"{s.spread[0]:.3g}", f"{s.spread[-1]:.3g}", s.units, f"{s.moved:,} of {s.weights:,}",
         f"{s.history.cost[-1]:.3f}", f"{s.history.test_accuracy[-1]:.1%}"]
        for s in r.starts
    ]  # fmt: skip
    curves = [[s.name, epoch, f"{v:.4g}"] for s in r.starts for epoch, v in enumerate(s.spread)]
    sigmoid = next(s for s in r.starts if s.spread[0] == 0 and s.activation == "sigmoid")
    relu = next(s for s in r.starts if s.activation == "relu")
    blank = int((r.data.X == 0).all(axis=0).sum())
    still, moved = sigmoid.weights - sigmoid.moved, f"{relu.moved:,}" if relu.moved else "None"
    said = f"The {still:,} weights that did not move belong to {blank} pixels that are blank in every training image. "
    return {
        "spread_figure": figure(
            figures.spread(r.starts),
            "The spread: the largest difference, over the inputs i, between the weights of two hidden units j.",
            behind(table("Each epoch from each start", ["start", "epoch", "spread"], curves)),
        ),
        "zeros_table": table(f"After training; {HIDDEN} hidden units", HEADS, rows),
        "zeros_said": (said if still == blank * HIDDEN else "")
        + f"With ReLU units it is worse: relu(0) = 0 with slope 0, so no gradient passes. {moved} of its "
        f"{relu.weights:,} weights moved; only the biases of the output units learn how frequent each class is.",
    }
