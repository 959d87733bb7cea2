"""Section 4: training by every method, and what the best network says about the test images."""

from __future__ import annotations

from html import escape

from autograd.lecture import figures
from autograd.lecture.experiments import Results
from autograd.lecture.notation import html
from autograd.lecture.tables import Places, behind, confusion, figure, images, table
from autograd.lecture.training import ADAM, BATCH, RHO
from autograd.spell.mathml import mathml

UPDATES = [
    ("SGD", r"w \leftarrow w - \eta g"),
    ("momentum", r"v \leftarrow \alpha v - \eta g \quad w \leftarrow w + v"),
    ("AdaGrad", r"G \leftarrow G + g^2 \quad w \leftarrow w - \eta \frac{g}{\sqrt{G}}"),
    ("RMSProp", r"G \leftarrow \rho G + (1 - \rho) g^2 \quad w \leftarrow w - \eta \frac{g}{\sqrt{G}}"),
    (
        "Adam",
        r"v \leftarrow \alpha v + (1 - \alpha) g \quad G \leftarrow \rho G + (1 - \rho) g^2"
        r" \quad w \leftarrow w - \eta \frac{v / (1 - \alpha^k)}{\sqrt{G / (1 - \rho^k)}}",
    ),
]
HEADS = [
    "method", "settings", "epochs", "steps", "cost E(w)", "‖∇E‖", "training accuracy", "test accuracy", "seconds",
]  # fmt: skip
MOST = 20  # wrong images that are shown


def places(r: Results) -> Places:
    """The updates, the curves, the table of all runs, the confusion matrix, the images."""
    best = r.outcome.run
    rows = []
    for run in r.runs:
        h, n = run.history, run.history.best_epoch
        rows.append(
            [
                html(run.method.name), html(run.method.settings), len(h.cost) - 1, f"{h.steps:,}", f"{h.cost[n]:.4f}",
                f"{h.gradient_norm[n]:.3f}", f"{h.accuracy[n]:.1%}", f"{h.test_accuracy[n]:.1%}", f"{h.seconds:.1f}",
            ]
        )  # fmt: skip
    curves = [
        [run.method.name, epoch, f"{c:.4f}", f"{a:.1%}"]
        for run in r.runs
        for epoch, (c, a) in enumerate(zip(run.history.cost, run.history.test_accuracy, strict=True))
    ]
    return {
        "batch": BATCH,
        "epoch_steps": -(-r.data.m // BATCH),
        "updates": table(
            "The updates. g is ∂E/∂w, η the learning rate. Squares, roots and quotients are taken entry by entry. "
            f"v and G start at 0; k counts the steps. RMSProp has ρ = {RHO:g}; Adam has α = {ADAM[0]:g} and "
            f"ρ = {ADAM[1]:g}. A small ε beside each root keeps it from 0",
            ["method", "update"],
            [[name, " &emsp; ".join(map(mathml, latex.split(r"\quad")))] for name, latex in UPDATES],
            raw=True,
        ),
        "best": escape(best.method.name),
        "best_accuracy": f"{best.test_accuracy:.1%}",
        "training_figure": figure(
            figures.training(r.runs),
            "Cost (logarithmic) and test accuracy at the end of each epoch. Epoch 0 is the start.",
            behind(table("Each epoch of each method", ["method", "epoch", "cost", "test accuracy"], curves)),
        ),
        "training_table": table(
            "With the weights of the lowest cost of each run. ‖∇E‖ is the length of the gradient of E(w), which is "
            "averaged over all m examples: 0 at an optimum",
            HEADS,
            rows,
            raw=True,
        ),
        "confusion": confusion(r.outcome.confusion),
        **_galleries(r),
    }


def _galleries(r: Results) -> Places:
    """One image of each digit that is right, and those that are wrong."""
    y, guess = r.data.y_test, r.outcome.predicted
    wrong = [i for i in range(len(y)) if y[i] != guess[i]]
    right = [next(i for i in range(len(y)) if y[i] == guess[i] == digit) for digit in sorted({*y[y == guess].tolist()})]

    def gallery(which: list[int]) -> str:
        return images(r.data.X_test, y, guess, r.outcome.probabilities, which)

    if not wrong:
        said = "None is wrong."
    else:
        which = f"all {len(wrong)}" if len(wrong) <= MOST else f"{MOST} of the {len(wrong)}"
        said = f"Below them {which} that are wrong."
    return {"right_images": gallery(right), "wrong_images": gallery(wrong[:MOST]) if wrong else "", "wrong_said": said}
