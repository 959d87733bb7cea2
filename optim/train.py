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

import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from autograd import DomainError, Value, total
from autograd.compile import TraceError, compile
from autograd.compile.record import one_value
from autograd.order import topological
from optim._arguments import check_settings, parameters_of
from optim._data import examples, targets
from optim._progress import bar
from optim._threads import one_if_small
from optim.history import History
from optim.optimizer import Array, Optimizer
from optim.schedules import Schedule

Sampler = Literal["shuffle", "misclassified"]
Cost = Callable[[Any, Any], Value]
BATCH = 32  # examples to a step, if there are so many and nothing else is said


def train(
    model: Any,
    cost: Cost,
    data: tuple[Any, Any],
    optimizer: Optimizer,
    *,
    epochs: int = 10,
    batch_size: int | None = None,
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
    `epochs`      passes over the data, ≥ 0; `batch_size` examples to a step, 1 … m (None: 32, or all if fewer)
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
    `on_epoch`    called with the history after each epoch; it may look at the model, change its numbers (to clip the
                  weights, say), set `optimizer.lr`, and end the training by raising KeyboardInterrupt

    The best parameters seen at the end of an epoch, as they were measured, before `on_epoch`, are the ones that the
    model is left with, also after Ctrl-C (the history then says "interrupted") and after an error. The same seed
    gives the same history. While it runs, matrix products use one thread if a step is small, where threadpoolctl is
    installed (see `optim._threads`).

    Raises ValueError or TypeError that names the argument, before anything is changed.
    """
    check_settings(epochs, batch_size, sampler, restarts, significant, perturbation, seed)
    if on_epoch is not None and not callable(on_epoch):
        raise TypeError(f"on_epoch is a function that takes the History after each epoch; got {on_epoch!r:.80}")
    X, y = examples("data", data)
    parameters = parameters_of(model, cost, optimizer, penalty)
    batch_size = min(BATCH, len(X)) if batch_size is None else batch_size
    if batch_size > len(X):
        raise ValueError(f"batch_size={batch_size}, but there are only {len(X)} examples. Write batch_size={len(X)}.")
    if program is not None and len(program.parameters) != len(parameters):
        raise ValueError(f"the program has {len(program.parameters)} parameters, and the model has {len(parameters)}")
    if program is not None and program._values != parameters:  # (== of Values asks whether they are the same)
        raise ValueError("the program was compiled for the parameters of another model, and would train that one")
    outputs = _first(model, X)
    width = _outputs(outputs)
    T = targets("data", y, width)
    _check_targets("data", cost, outputs, T)
    task = _Task(model, cost, X, T, parameters, penalty, backend, program)
    task.check()
    tested = None
    if test is not None:
        test_X, test_y = examples("test", test, columns=X.shape[1])
        tested = (test_X, targets("test", test_y, width))
        _check_targets("test", cost, outputs, tested[1])
    classes = _are_classes(T)
    if sampler == "misclassified" and not classes:
        raise ValueError('sampler="misclassified" needs classes, and y holds numbers to be predicted')
    if schedule is not None:
        optimizer.lr = schedule
    rng = np.random.default_rng(seed)
    history, best = History(), task.w.copy()
    began = time.perf_counter()

    def look(attempt: int) -> None:
        """Verify the cost: measure after an epoch, and keep the parameters if they are the best so far."""
        value, gradient = task.measure()
        right = task.accuracy(X, T) if classes else None
        right_in_test = task.accuracy(*tested) if classes and tested else None
        k = max(optimizer.k, 1) if attempt in history.attempt else optimizer.k + 1
        history.note(value, float(np.linalg.norm(gradient)), right, right_in_test, optimizer.schedule.rate(k), attempt)
        if history.best_epoch == len(history.cost) - 1:
            best[:] = task.w

    with one_if_small(batch_size * len(parameters)), bar(progress, epochs) as advance:
        try:
            try:
                look(0)
            except (TraceError, TypeError) as error:
                if program is None and backend != "eager":
                    error.add_note('Or train with backend="eager": a fresh graph for each minibatch, slower.')
                raise
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
                        task.finish()
                        on_epoch(history)
                        task.take_edits()
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
            smaller = "If the cost was growing, use a smaller learning rate." if history.steps else ""
            error.add_note(f"in training, after {history.steps} steps. {smaller}".rstrip())
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
        self.threshold = _threshold(cost, T)
        self.program: Any = program
        if program is not None:
            self.w: Array = program.parameters
        elif backend != "eager":
            self.program = compile(self._example, parameters, backend=backend, penalty=penalty)
            self.w = self.program.parameters
        else:
            self.w = np.array([p.data for p in parameters])

    def _example(self, x: Any, t: Any) -> Value:
        return one_value(self.cost(self.model(x), t), "the cost")

    def check(self) -> None:
        """TypeError if the cost or the penalty is no Value; ValueError if the cost depends on no parameter."""
        if self.penalty is not None:
            one_value(self.penalty(), "the penalty")
        own = set(self.parameters)
        for x, t in zip(self.X, self.T, strict=True):  # the first will do, unless it is one that costs a plain 0
            try:
                E = self._example(x, _as_target(t))
            except DomainError:
                return  # told when the cost is measured
            if not own.isdisjoint(topological(E)[0]):
                return
        raise ValueError(
            f"the cost depends on none of the model's {len(own)} parameters, so nothing would be learned. Look for "
            ".data, Value(…), float() or the math module in the model and in the cost: they lose the graph."
        )

    def gradient(self, rows: Any) -> tuple[float, Array]:
        """E and ∇E, averaged over these examples, with the penalty."""
        if self.program is not None:
            value, gradient = self.program(self.X[rows], self.T[rows])
            return float(value), gradient
        examples = [self._example(x, _as_target(t)) for x, t in zip(self.X[rows], self.T[rows], strict=True)]
        root = total(examples) / len(examples)
        if self.penalty is not None:
            root = root + one_value(self.penalty(), "the penalty")
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
            if self.program is not None:
                self.take_edits()  # before, or they would count as later than `w`
            self.w[:] = w
        if self.program is None:
            for p, number in zip(self.parameters, self.w.tolist(), strict=True):
                p.data = number

    def take_edits(self) -> None:
        """Go on from the numbers that the Values hold now."""
        if self.program is None:
            self.w[:] = [p.data for p in self.parameters]
        else:
            self.w = self.program.parameters  # (which is the same array, with what was edited)

    def finish(self) -> None:
        """Leave the Values right."""
        if self.program is not None:
            self.program.write_back()

    def wrong(self, X: Array, T: Array) -> Array:
        """Which examples are misclassified, as an array of bool."""
        self.finish()
        if T.ndim == 1 and self.threshold is not None and hasattr(self.model, "forward_array"):
            predicted = np.asarray(self.model.forward_array(X))[:, 0] >= self.threshold
        elif hasattr(self.model, "predict_all"):
            predicted = np.asarray(self.model.predict_all(X))
        else:
            threshold = 0.5 if self.threshold is None else self.threshold
            predicted = np.array([_decide(self.model(x), threshold) for x in X])
        wanted = T.argmax(axis=1) if T.ndim == 2 else (T > 0.5).astype(int)
        return np.asarray(predicted != wanted)

    def accuracy(self, X: Array, T: Array) -> float:
        """The share of examples classified rightly."""
        return 1.0 - float(np.mean(self.wrong(X, T)))


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


def _threshold(cost: Cost, T: Array) -> float | None:
    """From which output on one output says class 1, as far as the cost and the targets tell; else it is the model's.

    Halfway between the targets, 0 and 1 or -1 and 1; or where σ(z) ≥ ½, if the cost takes the weighted input z itself.
    """
    name = getattr(cost, "__name__", "")
    if name.endswith("with_logits") or (T < 0).any():
        return 0.0
    return 0.5 if name == "mse" else None


def _are_classes(T: Array) -> bool:
    """Whether targets say which class: 0 or 1 or a probability for each output, or -1 and 1 as in a hinge cost."""
    return bool(((T >= 0) & (T <= 1)).all() or np.isin(T, (-1, 1)).all())


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


def _first(model: Any, X: Array) -> Any:
    """What the model says of the first example."""
    try:
        return model(X[0])
    except (TypeError, ValueError) as error:
        error.add_note(f"That was model(X[0]), for the first example of the data: X has {X.shape[1]} columns.")
        raise
