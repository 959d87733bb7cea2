"""The lecture's network trained by every method, from the same first weights, on the same minibatches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import nn
from autograd.compile import compile
from autograd.lecture.data import Digits, Floats, Labels
from autograd.lecture.plan import Plan
from optim import SGD, AdaGrad, Adam, Constant, Cosine, InverseTime, LinearDecay, Optimizer, RMSProp, Schedule, Step
from optim.history import History
from optim.train import train

LAMBDA = 0.1
BATCH = 32
RHO = 0.99  # how much of its past RMSProp keeps, for the squares; Adam: for the gradients and for the squares
ADAM = (0.9, 0.999)
HIDDEN = 32  # units of the smaller network, where the lecture's own size is not the point


@dataclass(frozen=True, slots=True)
class Method:
    """A way to train: its name, its settings in the lecture's letters, the optimizer, examples to a step."""

    name: str
    settings: str
    optimizer: Callable[[Any], Optimizer]
    batch: int = BATCH


METHODS = [
    Method("SGD, one example", "η = 0.1, m_b = 1", lambda w: SGD(w, 0.1), batch=1),
    Method("minibatch SGD", "η = 0.5", lambda w: SGD(w, 0.5)),
    Method("momentum α = 0.5", "η = 0.3", lambda w: SGD(w, 0.3, momentum=0.5)),
    Method("momentum α = 0.9", "η = 0.1", lambda w: SGD(w, 0.1, momentum=0.9)),
    Method("momentum α = 0.99", "η = 0.01", lambda w: SGD(w, 0.01, momentum=0.99)),
    Method("AdaGrad", "η = 0.05", lambda w: AdaGrad(w, 0.05)),
    Method("RMSProp", "η = 0.003", lambda w: RMSProp(w, 0.003, alpha=RHO)),
    Method("Adam", "η = 0.005", lambda w: Adam(w, 0.005, betas=ADAM)),
]


@dataclass(frozen=True, slots=True)
class Run:
    """One training: the method, what happened, and the weights with the lowest cost."""

    method: Method
    history: History
    weights: Floats

    @property
    def cost(self) -> float:
        """The lowest cost E(w) at the end of an epoch."""
        return self.history.cost[self.history.best_epoch]

    @property
    def test_accuracy(self) -> float:
        """The share of the test examples classified rightly, with the weights of the lowest cost."""
        return self.history.test_accuracy[self.history.best_epoch]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the best run says about the test images: its predictions, and how often digit i was taken for j."""

    run: Run
    predicted: Labels
    probabilities: Floats
    confusion: Labels


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A learning rate schedule, its formula, and the training with it."""

    name: str
    schedule: Schedule
    history: History


def fit(model: nn.MLP, data: Digits, optimizer: Optimizer, *, epochs: int, seed: int, **options: Any) -> History:
    """`optim.train` with the lecture's cost and penalty. Ctrl-C ends everything, not only this training."""
    history = train(
        model,
        nn.binary_cross_entropy,
        (data.X, data.y),
        optimizer,
        epochs=epochs,
        penalty=lambda: nn.l2_penalty(model, LAMBDA, data.m),
        test=(data.X_test, data.y_test),
        seed=seed,
        progress=False,
        **options,
    )
    if history.stopped == "interrupted":
        raise KeyboardInterrupt
    return history


class Trainer:
    """The lecture's network for these data, compiled once, and trained again and again from the same first weights."""

    def __init__(self, data: Digits, seed: int) -> None:
        self.data, self.seed = data, seed
        self.model = nn.MLP.for_data(data.X, data.y, seed=seed)
        self.parameters = self.model.parameters()
        self.first = np.array([p.data for p in self.parameters])
        self.program = compile(
            lambda x, t: nn.binary_cross_entropy(self.model(x), t),
            self.parameters,
            penalty=lambda: nn.l2_penalty(self.model, LAMBDA, data.m),
        )

    def set(self, weights: Floats) -> None:
        """Give the network these weights."""
        self.program.parameters[:] = weights
        self.program.write_back()

    def train(self, method: Method, plan: Plan) -> Run:
        """Train from the first weights by `method`."""
        self.set(self.first)
        history = fit(
            self.model, self.data, method.optimizer(self.parameters), seed=self.seed, program=self.program, restarts=0,
            epochs=plan.single if method.batch == 1 else plan.epochs, batch_size=method.batch,
        )  # fmt: skip
        return Run(method, history, self.program.parameters.copy())

    def outcome(self, runs: list[Run]) -> Outcome:
        """The run with the lowest cost on the training data, on the test images: they have no part in the choice."""
        best = min(runs, key=lambda run: run.cost)
        self.set(best.weights)
        probabilities = self.model.forward_array(self.data.X_test)
        predicted = self.model.predict_all(self.data.X_test)
        confusion = np.zeros((10, 10), dtype=np.int64)
        np.add.at(confusion, (self.data.y_test, predicted), 1)
        return Outcome(best, predicted, probabilities, confusion)


def misclassified(data: Digits, plan: Plan, seed: int) -> History:
    """The lecture's step 3 as it stands: backpropagation on misclassified examples only, one at a time."""
    model = nn.MLP(64, [HIDDEN, 10], seed=seed)
    optimizer = SGD(model.parameters(), 0.2)
    return fit(
        model, data, optimizer, epochs=plan.side_epochs, seed=seed, batch_size=1, sampler="misclassified", restarts=2,
    )  # fmt: skip


def schedules(steps: int) -> dict[str, Schedule]:
    """Those of the lecture, and two in common use, for a training of so many steps."""
    return {
        "η_k = η": Constant(0.5),
        "η_k = 1/k": InverseTime(1.0),
        "η_k = 1/(1 + (k-1)/τ), τ = 100": InverseTime(1.0, tau=100),
        "η_k = (1-β_k) η_0 + β_k η_K, β_k = k/K": LinearDecay(1.0, 0.05, steps),
        "a factor ½ at every quarter": Step(1.0, every=max(1, steps // 4), factor=0.5),
        "half a cosine wave": Cosine(1.0, 0.0, steps),
    }


def train_scheduled(data: Digits, plan: Plan, seed: int) -> Iterator[Scheduled]:
    """Minibatch SGD on the smaller network with each schedule."""
    steps = plan.side_epochs * -(-data.m // BATCH)
    for name, schedule in schedules(steps).items():
        model = nn.MLP(64, [HIDDEN, 10], seed=seed)
        optimizer = SGD(model.parameters(), schedule)
        history = fit(model, data, optimizer, epochs=plan.side_epochs, batch_size=BATCH, restarts=0, seed=seed)
        yield Scheduled(name, schedule, history)
