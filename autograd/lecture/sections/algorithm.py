"""Section 6: misclassified examples, the cost verified, the restart."""

from __future__ import annotations

from autograd.lecture import figures
from autograd.lecture.experiments import Results
from autograd.lecture.tables import Places, behind, figure, table
from optim.history import History


def places(r: Results) -> Places:
    """Both trainings as curves, with their numbers and what they show in words."""
    h, again, times = r.misclassified, r.restart.attempts, r.restart.history.restarts
    ended = f"In the first attempt the cost {_went(again[0])}. " + (
        f"So the weights were perturbed at random, {'once' if times == 1 else f'{times} times'}. "
        f"In the last attempt the cost {_went(again[-1])}."
        if times
        else "No restart was needed."
    )
    attempts = [[n, epoch, f"{cost:.4f}"] for n, costs in enumerate(again, start=1) for epoch, cost in enumerate(costs)]
    return {
        "picked_figure": figure(
            figures.picked(h),
            "The cost after each epoch, and how many training examples are misclassified then.",
            behind(_verified(h, r.data.m)),
        ),
        "picked_said": _said(h),
        "picked_norm": f"{h.gradient_norm[h.best_epoch]:.3f}",
        "restart_norm": f"{r.restart.first_gradient:.3g}",
        "restart_said": ended,
        "restart_figure": figure(
            figures.restarts(again),
            "The cost after each epoch of each attempt.",
            behind(table("Verification of the cost", ["attempt", "epoch", "cost E(w)"], attempts)),
        ),
    }


def _verified(h: History, m: int) -> str:
    """The cost of each epoch, with the question of step 4: has it fallen?"""
    wrong = [round((1 - a) * m) for a in h.accuracy]
    rows = [
        [epoch, f"{c:.4f}", "" if not epoch else "yes" if c < h.cost[epoch - 1] else "no", w, f"{g:.3f}", f"{t:.1%}"]
        for epoch, (c, w, g, t) in enumerate(zip(h.cost, wrong, h.gradient_norm, h.test_accuracy, strict=True))
    ]
    heads = ["epoch", "cost E(w)", "has it fallen?", "misclassified", "‖∇E‖", "test accuracy"]
    return table("SGD on misclassified examples", heads, rows)


def _went(costs: list[float]) -> str:
    first, last = f"{costs[0]:.4f}", f"{costs[-1]:.4f}"
    return f"stayed at {first}" if first == last else f"went from {first} to {last}"


def _said(h: History) -> str:
    rose = sum(b >= a for a, b in zip(h.cost, h.cost[1:], strict=False))
    went = f"The cost went from {h.cost[0]:.3f} to {h.cost[h.best_epoch]:.3f}"
    if not rose:
        return f"{went} and fell in every epoch."
    return (
        f"{went} (epoch {h.best_epoch}), but it rose in {rose} of {len(h.cost) - 1} epochs: a step that mends one "
        "example may spoil others. The best weights are kept."
    )
