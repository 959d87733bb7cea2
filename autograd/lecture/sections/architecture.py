"""Section 1: the network and its cost."""

from __future__ import annotations

from autograd.lecture.diagram import architecture
from autograd.lecture.experiments import Results
from autograd.lecture.notation import displayed, side_by_side
from autograd.lecture.tables import Places, figure
from autograd.lecture.training import LAMBDA

FORWARD = (
    r"\mathrm{sum}_j^l = \sum_{i=1}^{s_{l-1}} w_{ij}^l \, \sigma_i^{l-1} + b_j^l"
    r" \quad \sigma_j^l = \frac{1}{1 + e^{- \mathrm{sum}_j^l}}"
)
OBJECTIVE = (
    r"E(w) = - \frac{1}{m} \left[ \sum_{i=1}^{m} \sum_{k=1}^{K} y_k^{(i)} \log \sigma_k^L (x^{(i)})"
    r" + (1 - y_k^{(i)}) \log (1 - \sigma_k^L (x^{(i)})) \right]"
    r" + \frac{\lambda}{2m} \sum_l \sum_i \sum_j (w_{ij}^l)^2"
)


def places(r: Results) -> Places:
    """The data, the numbers of units, the picture, the formulas."""
    n, K = r.data.X.shape[1], 10
    hidden = 3 * n
    return {
        "examples": f"{r.data.m + len(r.data.X_test):,}",
        "m": f"{r.data.m:,}",
        "tested": len(r.data.X_test),
        "inputs": n,
        "outputs": K,
        "hidden": hidden,
        "parameters": f"{n * hidden + hidden + hidden * K + K:,}",
        "architecture": figure(
            architecture([n, hidden, K], ["features φ(x)", "hidden layer", "one unit per class"]),
            "The network. Every unit is joined to all units of the layer before; only a few are drawn.",
        ),
        "forward": side_by_side(FORWARD),
        "objective": displayed(OBJECTIVE),
        "lam": LAMBDA,
    }
