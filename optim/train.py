"""The lecture's training algorithm.

    1. The model comes with its weights.
    2. Forward propagation, for every x in D.
    3. Backpropagation on a minibatch (or on any misclassified x), and the update of the weights.
    4. Verify that the cost E(w) has indeed fallen; else perturb the weights at random and restart, a couple of times.
    5. At an optimum ∇E, averaged over all examples, is 0: ‖∇E‖ is kept in the history.

The gradients come from the scalar graph: compiled once into a program on whole minibatches (`autograd.compile`),
or, with ``backend="eager"``, from a fresh graph and ``backward()`` for each of them. Both give the same history.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from autograd import DomainError, Value, total
from optim.optimizer import Array, Optimizer
from optim.schedules import Schedule

Sampler = Literal["shuffle", "misclassified"]
Cost = Callable[[Any, Any], Value]


@dataclass
class History:
    """What happened in training; each list has one entry for each epoch, the first being the start (epoch 0).

    cost           E(w) over all examples, with the penalty
    gradient_norm  ‖∇E‖ of the same
    accuracy       share of examples classified rightly, 0 … 1
    test_accuracy  the same on the test data, if any was given
    learning_rate  η of the epoch's last step (at the start: of the first)
    attempt        which attempt it was: 0, then 1 after the first restart, …
    best_epoch     the place in these lists of the lowest cost: the model has these parameters
    steps          how many updates were made in all
    seconds        how long it took
    stopped        why it ended: "all epochs done", "nothing misclassified", "interrupted"
    """

    cost: list[float] = field(default_factory=list)
    gradient_norm: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    test_accuracy: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    attempt: list[int] = field(default_factory=list)
    best_epoch: int = 0
    steps: int = 0
    seconds: float = 0.0
    stopped: str = "all epochs done"

    @property
    def restarts(self) -> int:
        """How often the weights were perturbed and the training begun again."""
        return self.attempt[-1] if self.attempt else 0

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data, for JSON."""
        return asdict(self)

    def plot(self, axes: Any = None) -> Any:
        """Draw the cost and the accuracy over the epochs with matplotlib; returns the figure's axes."""
        import matplotlib.pyplot as plt

        axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")[1] if axes is None else axes
        epochs = range(len(self.cost))
        axes[0].semilogy(epochs, self.cost, color="#0072b2")
        axes[0].set(xlabel="epoch", ylabel="cost E(w)")
        axes[1].plot(epochs, self.accuracy, color="#0072b2", label="training data")
        if self.test_accuracy:
            axes[1].plot(epochs, self.test_accuracy, color="#d55e00", linestyle="--", label="test data")
            axes[1].legend()
        axes[1].set(xlabel="epoch", ylabel="accuracy")
        return axes

    def __str__(self) -> str:
        best = self.best_epoch
        norm = self.gradient_norm[best]
        lines = [
            f"{len(self.cost) - 1} epochs, {self.steps} steps in {self.seconds:.1f} s ({self.stopped})",
            f"cost {self.cost[0]:.4g} → {self.cost[best]:.4g} at epoch {best}, ‖∇E‖ there {norm:.3g}",
            f"accuracy {self.accuracy[best]:.1%}"
            + (f", on the test data {self.test_accuracy[best]:.1%}" if self.test_accuracy else ""),
        ]
        if self.restarts:
            lines.append(f"{self.restarts} restart(s) from perturbed weights")
        return "\n".join(lines)


def train(
    model: Any,
    cost: Cost,
    data: tuple[Any, Any],
    optimizer: Optimizer,
    *,
    epochs: int = 10,
    batch_size: int = 32,
    sampler: Sampler = "shuffle",
    restarts: int = 2,
    penalty: Callable[[], Value] | None = None,
    schedule: Schedule | float | None = None,
    test: tuple[Any, Any] | None = None,
    significant: float = 0.01,
    perturbation: float = 0.5,
    seed: int = 0,
    backend: str = "auto",
    program: Any = None,
    progress: bool | None = None,
    on_epoch: Callable[[History], None] | None = None,
) -> History:
    """Train `model` so that the average of `cost(model(x), y)` over the data falls; returns the `History`.

    `model`       anything that is called with one x and has `parameters()`, like `nn.MLP`
    `cost`        cost(outputs, target) of ONE example, such as `nn.binary_cross_entropy`. For a model with K > 1
                  outputs the labels 0 … K-1 reach it as one-hot rows
    `data`        (X, y): X of shape (m, n); y holds m labels, or one-hot or target rows
    `optimizer`   built on `model.parameters()`
    `epochs`      passes over the data, ≥ 0; `batch_size` examples to a step, 1 … m
    `sampler`     "shuffle": every example once an epoch, in random order; "misclassified": only those that the
                  model gets wrong at the start of the epoch (the lecture's step 3); it ends when there are none
    `restarts`    how often to begin again from perturbed weights when an attempt did not lower the cost by the
                  fraction `significant`; `perturbation` is the size of the noise (standard deviation)
    `penalty`     a function of no arguments: a term that does not depend on the example, such as
                  ``lambda: l2_penalty(model, lam, m)``
    `schedule`    a learning rate schedule that replaces the optimizer's
    `test`        (X, y) to measure accuracy on, after each epoch
    `backend`     of `autograd.compile`, or "eager" for one graph per minibatch
    `program`     what `autograd.compile` made of this very model, cost and penalty, to save compiling them again
    `progress`    show a bar; None: when standard error is a terminal

    The best parameters seen at the end of an epoch are the ones that the model is left with, also after Ctrl-C
    (the history then says "interrupted") and after an error. The same seed gives the same history.

    Raises ValueError or TypeError that names the argument, before anything is changed.
    """
    _check_settings(epochs, batch_size, sampler, restarts, significant, perturbation, seed)
    X, y = _data("data", data)
    for what, thing in (("model", model), ("cost", cost)):
        if not callable(thing):
            raise TypeError(f"{what} must be something to call, such as nn.MLP or nn.mse; got {thing!r}")
    parameters = list(model.parameters())
    _check_parameters(optimizer, parameters)
    if batch_size > len(X):
        raise ValueError(f"batch_size={batch_size}, but there are only {len(X)} examples. Write batch_size={len(X)}.")
    if program is not None and len(program.parameters) != len(parameters):
        raise ValueError(f"the program has {len(program.parameters)} parameters, and the model has {len(parameters)}")
    outputs = model(X[0])
    width = _outputs(outputs)
    T = targets("data", y, width)
    _check_targets("data", cost, outputs, T)
    task = _Task(model, cost, X, T, parameters, penalty, backend, program)
    tested = None
    if test is not None:
        test_X, test_y = _data("test", test, columns=X.shape[1])
        tested = (test_X, targets("test", test_y, width))
        _check_targets("test", cost, outputs, tested[1])
    if schedule is not None:
        optimizer.lr = schedule
    rng = np.random.default_rng(seed)
    history, best = History(), task.w.copy()
    began = time.perf_counter()

    def look(attempt: int) -> None:
        """Verify the cost: measure after an epoch, and keep the parameters if they are the best so far."""
        value, gradient = task.measure()
        history.cost.append(value)
        history.gradient_norm.append(float(np.linalg.norm(gradient)))
        history.accuracy.append(task.accuracy(X, T))
        if tested:
            history.test_accuracy.append(task.accuracy(*tested))
        history.learning_rate.append(optimizer.schedule.rate(max(optimizer.k, 1)))
        history.attempt.append(attempt)
        if value < history.cost[history.best_epoch]:
            history.best_epoch = len(history.cost) - 1
            best[:] = task.w

    with _bar(progress, epochs) as advance:
        try:
            look(0)
            for attempt in range(restarts + 1):
                at_start = history.cost[-1]
                for _ in range(epochs):
                    order = rng.permutation(len(X))
                    if sampler == "misclassified":
                        order = order[task.wrong(X, T)[order]]
                        if not len(order):
                            history.stopped = "nothing misclassified"
                            break
                    for first in range(0, len(order), batch_size):
                        task.step(optimizer, order[first : first + batch_size])
                        history.steps += 1
                    look(attempt)
                    advance(history)
                    if on_epoch:
                        on_epoch(history)
                fell = min(c for c, a in zip(history.cost, history.attempt, strict=True) if a == attempt)
                if not epochs or fell <= (1 - significant) * at_start or history.stopped != "all epochs done":
                    break
                if attempt < restarts:
                    task.set(task.w + perturbation * rng.standard_normal(len(task.w)))
                    optimizer.reset()
                    look(attempt + 1)
        except KeyboardInterrupt:
            history.stopped = "interrupted"
        except DomainError as error:
            error.add_note(
                f"in training, after {history.steps} steps. If the cost was growing, use a smaller learning rate."
            )
            raise
        finally:
            task.set(best)
            task.finish()
            history.seconds = time.perf_counter() - began
    return history


class _Task:
    """The cost over the data, as something to measure and to step down on: compiled or eager."""

    def __init__(
        self,
        model: Any,
        cost: Cost,
        X: Array,
        T: Array,
        parameters: list[Value],
        penalty: Callable[[], Value] | None,
        backend: str,
        program: Any = None,
    ) -> None:
        self.model, self.cost, self.X, self.T = model, cost, X, T
        self.parameters, self.penalty = parameters, penalty
        # with one output: σ(z) ≥ ½ where z ≥ 0, if the cost takes the weighted input z (a logit) itself
        self.threshold = 0.0 if getattr(cost, "__name__", "").endswith("with_logits") else 0.5
        self.program: Any = program
        if program is not None:
            self.w: Array = program.parameters
        elif backend != "eager":
            from autograd.compile import compile

            self.program = compile(self._example, parameters, backend=backend, penalty=penalty)
            self.w = self.program.parameters
        else:
            self.w = np.array([p.data for p in parameters])

    def _example(self, x: Any, t: Any) -> Value:
        return self.cost(self.model(x), t)

    def gradient(self, rows: Any) -> tuple[float, Array]:
        """E and ∇E, averaged over these examples, with the penalty."""
        if self.program is not None:
            value, gradient = self.program(self.X[rows], self.T[rows])
            return float(value), gradient
        examples = [self._example(x, _as_target(t)) for x, t in zip(self.X[rows], self.T[rows], strict=True)]
        root = total(examples) / len(examples)
        if self.penalty is not None:
            root = root + self.penalty()
        for p in self.parameters:
            p.grad = 0.0
        root.backward()
        return root.data, np.array([p.grad for p in self.parameters])

    def step(self, optimizer: Optimizer, rows: Any) -> None:
        """Backpropagation on these examples, and the update."""
        _, gradient = self.gradient(rows)
        optimizer.step_array(self.w, gradient)
        if self.program is None:
            self.set(self.w)

    def measure(self) -> tuple[float, Array]:
        """E and ∇E over all examples."""
        if self.program is not None:
            return self.gradient(slice(None))
        value, gradient = 0.0, np.zeros(len(self.w))
        for first in range(0, len(self.X), 64):  # in blocks: a graph of all examples may not fit in memory
            rows = slice(first, first + 64)
            share = len(self.X[rows]) / len(self.X)
            part, slope = self.gradient(rows)
            value += share * part
            gradient += share * slope
        return value, gradient

    def set(self, w: Array) -> None:
        """Give the model these parameters."""
        if self.w is not w:
            self.w[:] = w
        if self.program is None:
            for p, number in zip(self.parameters, self.w.tolist(), strict=True):
                p.data = number

    def finish(self) -> None:
        """Leave the Values right."""
        if self.program is not None:
            self.program.write_back()

    def wrong(self, X: Array, T: Array) -> Array:
        """Which examples are misclassified, as an array of bool."""
        self.finish()
        if hasattr(self.model, "predict_all"):
            predicted = np.asarray(self.model.predict_all(X))
        else:
            predicted = np.array([_decide(self.model(x), self.threshold) for x in X])
        wanted = T.argmax(axis=1) if T.ndim == 2 else (T > 0.5).astype(int)
        return np.asarray(predicted != wanted)

    def accuracy(self, X: Array, T: Array) -> float:
        """The share of examples classified rightly."""
        return 1.0 - float(np.mean(self.wrong(X, T)))


def targets(name: str, y: Any, width: int) -> Array:
    """The y of `name` as float targets: (m, K) for a model with K = `width` > 1 outputs, (m,) for one output.

    Labels 0 … K-1 become one-hot rows. Raises ValueError that names the row that does not fit.
    """
    array = np.asarray(y)
    if width == 1:
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        if array.ndim != 1:
            raise ValueError(f"{name}: the model has one output, but y has shape {array.shape}; give one number a row")
        return array.astype(float)
    if array.ndim == 2:
        if array.shape[1] != width:
            raise ValueError(f"{name}: the model has {width} outputs, but the rows of y have {array.shape[1]}")
        return array.astype(float)
    for row, label in enumerate(array.tolist()):
        if label != int(label) or not 0 <= label < width:
            raise ValueError(
                f"{name}: row {row} of y is {label}, but the model has {width} outputs, so labels are 0 … {width - 1}"
            )
    rows: Array = np.eye(width)[array.astype(int)]
    return rows


def _check_targets(name: str, cost: Cost, outputs: Any, T: Array) -> None:
    """Show the different targets to the cost, as plain numbers: a program sees only Values and cannot check them."""
    rows, first = np.unique(T, axis=0, return_index=True)
    if len(rows) > 200:  # of many numbers to be predicted, the extreme ones and some others
        columns = rows.reshape(len(rows), -1)
        some = sorted({*range(100), *columns.argmin(axis=0).tolist()[:50], *columns.argmax(axis=0).tolist()[:50]})
        rows, first = rows[some], first[some]
    for t, row in zip(rows, first.tolist(), strict=True):
        try:
            cost(outputs, _as_target(t))
        except DomainError:
            continue  # the outputs are saturated: that is no fault of the target
        except (TypeError, ValueError) as error:
            raise type(error)(f"{name}: row {row} of y (counted from 0): {error}") from None


def _as_target(t: Any) -> Any:
    return t.tolist() if isinstance(t, np.ndarray) else float(t)


def _outputs(z: Any) -> int:
    if isinstance(z, Value):
        return 1
    if isinstance(z, Sequence | np.ndarray) and len(z) and all(isinstance(v, Value) for v in z):
        return len(z)
    raise TypeError(f"model(x) must return a Value or a list of Values; got {z!r} of type {type(z).__name__}")


def _decide(z: Any, threshold: float) -> int:
    if isinstance(z, Value):
        return int(z.data >= threshold)
    return int(np.argmax([v.data for v in z]))


def _data(name: str, data: Any, columns: int | None = None) -> tuple[Array, Any]:
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise TypeError(f"{name} must be a pair (X, y); got {type(data).__name__}")
    try:
        X = np.asarray(data[0], dtype=float)
        y = np.asarray(data[1], dtype=float)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name}: X and y must be arrays of numbers with rows of one length ({error})") from None
    if not y.ndim:
        raise TypeError(f"{name}: y must hold one target for each row of X; got {data[1]!r}")
    if X.ndim != 2 or not len(X):
        raise ValueError(f"{name}: X must have shape (examples, features), at least one example; got {X.shape}")
    if columns is not None and X.shape[1] != columns:
        raise ValueError(f"{name}: X has {X.shape[1]} columns, but the training data has {columns}")
    if len(y) != len(X):
        raise ValueError(f"{name}: X has {len(X)} rows, but y has {len(y)}")
    for what, array in (("X", X), ("y", y)):
        wrong = np.argwhere(~np.isfinite(array))
        if len(wrong):
            place = ", ".join(f"{axis} {i}" for axis, i in zip(("row", "column"), wrong[0].tolist(), strict=False))
            raise ValueError(f"{name}: {what} holds {array[tuple(wrong[0])]} at {place} (counted from 0)")
    return np.ascontiguousarray(X), y


def _check_parameters(optimizer: Any, parameters: list[Value]) -> None:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer must be an optimizer, such as SGD(model.parameters(), lr=0.1); got {optimizer!r}")
    if len(optimizer.params) != len(parameters) or any(
        a is not b for a, b in zip(optimizer.params, parameters, strict=True)
    ):
        raise ValueError(
            f"the optimizer has {len(optimizer.params)} parameters that are not this model's {len(parameters)}: "
            f"build it with {type(optimizer).__name__}(model.parameters(), …)"
        )


def _check_settings(
    epochs: Any, batch_size: Any, sampler: Any, restarts: Any, significant: float, perturbation: float, seed: Any
) -> None:
    whole = (("epochs", epochs, 0), ("batch_size", batch_size, 1), ("restarts", restarts, 0), ("seed", seed, 0))
    for name, number, least in whole:
        if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < least:
            raise ValueError(f"{name} must be a whole number, at least {least}; got {number!r}")
    if sampler not in ("shuffle", "misclassified"):
        raise ValueError(f'sampler must be "shuffle" or "misclassified"; got {sampler!r}')
    if not 0 <= significant < 1:
        raise ValueError(f"significant is a fraction of the cost, 0 ≤ significant < 1; got {significant!r}")
    if not 0 < perturbation < math.inf:
        raise ValueError(f"perturbation must be greater than 0; got {perturbation!r}")


@contextmanager
def _bar(progress: bool | None, epochs: int) -> Iterator[Callable[[History], None]]:
    """A progress bar on standard error; yields what is to be called after each epoch."""
    if progress is None:
        progress = sys.stderr.isatty()
    if not progress or not epochs:
        yield lambda history: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("training", total=epochs, note="")

        def advance(history: History) -> None:
            done = history.attempt.count(history.attempt[-1]) - 1
            note = f"cost {history.cost[-1]:.4g}, accuracy {history.accuracy[-1]:.1%}"
            bar.update(task, completed=done, note=note)

        yield advance
