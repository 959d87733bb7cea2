"""What happened in a training."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(repr=False)
class History:
    """What happened in training; each list has an entry for the start of each attempt and one for each of its epochs.

    cost           E(w) over all examples, with the penalty
    gradient_norm  ‖∇E‖ of the same
    accuracy       share of examples classified rightly, 0 … 1; empty if the targets are not classes
    test_accuracy  the same on the test data, if any was given
    learning_rate  η of the epoch's last step; at the start of an attempt, of the step to come
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

    def note(
        self,
        cost: float,
        gradient_norm: float,
        accuracy: float | None,
        test_accuracy: float | None,
        learning_rate: float,
        attempt: int,
    ) -> None:
        """Add an entry to each list (None: to all but this one)."""
        for numbers, number in ((self.accuracy, accuracy), (self.test_accuracy, test_accuracy)):
            if number is not None:
                numbers.append(number)
        self.gradient_norm.append(gradient_norm)
        self.learning_rate.append(learning_rate)
        self.attempt.append(attempt)
        self.cost.append(cost)
        if cost < self.cost[self.best_epoch]:
            self.best_epoch = len(self.cost) - 1

    @property
    def restarts(self) -> int:
        """How often the weights were perturbed and the training begun again."""
        return self.attempt[-1] if self.attempt else 0

    @property
    def epochs(self) -> int:
        """How many epochs were done, over all attempts."""
        return len(self.cost) - self.restarts - 1

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data, for JSON."""
        return asdict(self)

    def plot(self, axes: Any = None) -> Any:
        """Draw the cost and, for classes, the accuracy over the epochs with matplotlib; returns the axes."""
        import matplotlib.pyplot as plt

        if not self.cost:
            raise ValueError("this training has not begun: there is nothing to plot")
        axes = plt.subplots(1, 2, figsize=(9, 3.2), layout="constrained")[1] if axes is None else axes
        epochs = range(len(self.cost))
        axes[0].plot(epochs, self.cost, color="#0072b2")
        axes[0].set(xlabel="epoch", ylabel="cost E(w)")
        if min(self.cost) > 0:
            logarithmic(axes[0])
        if self.accuracy:
            axes[1].plot(epochs, self.accuracy, color="#0072b2", label="training data")
        if self.test_accuracy:
            axes[1].plot(epochs, self.test_accuracy, color="#d55e00", linestyle="--", label="test data")
            axes[1].legend()
        axes[1].set(xlabel="epoch", ylabel="accuracy")
        return axes

    def __str__(self) -> str:
        if not self.cost:
            return f"not begun ({self.stopped})"
        best = self.best_epoch
        attempt = self.attempt[best]
        where = f"epoch {best - self.attempt.index(attempt)}" + (f" of attempt {attempt + 1}" if self.restarts else "")
        lines = [
            f"{_count(self.epochs, 'epoch')}, {_count(self.steps, 'step')} in {self.seconds:.1f} s ({self.stopped})",
            f"cost {self.cost[0]:.4g} → {self.cost[best]:.4g} at {where}, ‖∇E‖ there {self.gradient_norm[best]:.3g}",
        ]
        if self.accuracy:
            test = f", on the test data {self.test_accuracy[best]:.1%}" if self.test_accuracy else ""
            lines.append(f"accuracy {self.accuracy[best]:.1%}{test}")
        if self.restarts:
            lines.append(f"{_count(self.restarts, 'restart')} from perturbed weights")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<History: {'; '.join(str(self).splitlines())}>"


def _count(n: int, thing: str) -> str:
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"


def logarithmic(axes: Any) -> None:
    """Make the vertical axis of matplotlib's `axes` logarithmic, with the ticks 1, 2, 5, 10, …"""
    from matplotlib.ticker import FormatStrFormatter, LogLocator, NullLocator

    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    axes.yaxis.set_minor_locator(NullLocator())
