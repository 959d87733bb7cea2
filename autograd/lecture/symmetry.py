"""What zero initialisation does to a hidden layer, and what a perturbation and a restart do for it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

import nn
from autograd.lecture.data import Digits
from autograd.lecture.plan import Plan
from autograd.lecture.training import BATCH, HIDDEN, fit
from optim import SGD
from optim.history import History


@dataclass(slots=True)
class Start:
    """A training from one kind of first weights.

    spread    at the end of each epoch, how far the hidden units' weights lie apart: max_i (max_j w_ij^1 - min_j w_ij^1)
    units     how many different hidden units there are at the end
    moved     how many of the `weights` (without biases) are not what they were at the start
    """

    name: str
    activation: str
    history: History = field(default_factory=History)
    spread: list[float] = field(default_factory=list)
    units: int = 0
    moved: int = 0
    weights: int = 0


@dataclass(frozen=True, slots=True)
class Restart:
    """ReLU from zeros, without biases: the cost at the ends of the epochs of each attempt, and ‖∇E‖ at the start."""

    history: History
    attempts: list[list[float]]
    first_gradient: float


def first_layer(model: nn.MLP) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """w_ij^1 with a row for each hidden unit j."""
    return np.array([[w.data for w in neuron.w] for neuron in model.layers[0].neurons])


def different(rows: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> int:
    """How many different rows there are; rounding does not make a difference."""
    return len(np.unique(np.round(rows, 9), axis=0))


def starts(data: Digits, plan: Plan, seed: int) -> list[Start]:
    """Sigmoid units from zeros and from random weights; ReLU units from zeros."""
    results = []
    for name, activation, init in [
        ("sigmoid, zeros", "sigmoid", "zeros"),
        ("sigmoid, random", "sigmoid", "xavier"),
        ("ReLU, zeros", "relu", "zeros"),
    ]:
        model = nn.MLP(64, [HIDDEN, 10], activation, init=init, seed=seed)
        start, weights = Start(name, activation), model.weights()
        before = [w.data for w in weights]

        def look(_: object = None, model: nn.MLP = model, start: Start = start) -> None:
            start.spread.append(float(np.ptp(first_layer(model), axis=0).max()))

        look()
        start.history = fit(
            model, data, SGD(model.parameters(), 0.5), epochs=plan.side_epochs, batch_size=BATCH, restarts=0, seed=seed,
            on_epoch=look,
        )  # fmt: skip
        start.units = different(first_layer(model))
        start.moved = sum(w.data != b for w, b in zip(weights, before, strict=True))
        start.weights = len(weights)
        results.append(start)
    return results


def restart(data: Digits, plan: Plan, seed: int) -> Restart:
    """The lecture's step 4 where it is needed: from zeros a ReLU network without biases does not move."""
    model = nn.MLP(64, [HIDDEN, 10], "relu", init="zeros", bias=False, seed=seed)
    history = fit(
        model, data, SGD(model.parameters(), 0.1), epochs=plan.side_epochs // 2, batch_size=BATCH,
        restarts=2, seed=seed, perturbation=0.1,
    )  # fmt: skip
    attempts = [
        [c for c, a in zip(history.cost, history.attempt, strict=True) if a == n] for n in range(history.restarts + 1)
    ]
    return Restart(history, attempts, history.gradient_norm[0])
