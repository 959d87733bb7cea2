"""Learning rates η_k, and whether they promise convergence.

Steps are counted from 1: the first step that an optimizer takes has the rate `schedule(1)`. So the lecture's
1/k begins with 1, and its η_0 in (1-β_k) η_0 + β_k η_K, β_k = k/K, is where the line starts, one step before
the first: η_1 is already a K-th of the way to η_K, and step K is the first that has the rate η_K itself.

The lecture's sufficient condition for the convergence of stochastic gradient descent (Robbins & Monro 1951):

    Σ η_k = ∞          the steps can reach an optimum however far away it is
    Σ η_k² ≤ γ < ∞     the noise of the gradients dies out

It is sufficient, not necessary: schedules that fail it are in daily use, and stop at a neighbourhood of an
optimum (Σ η_k² = ∞) or may stop short of it (Σ η_k < ∞). Each schedule says which, and why, in `conditions()`.

>>> print(InverseTime(1.0).conditions())
Σ η = ∞, Σ η² < ∞: meets the sufficient condition. Σ 1/k grows like log k, without end. Σ 1/k² = π²/6, so γ = η_0² π²/6.
>>> print(LinearDecay(eta_0=0.5, eta_K=0.0, K=1000).conditions())
Σ η < ∞, Σ η² < ∞: does not meet the sufficient condition. From step 1000 on the rate is 0: Σ η = η_0 (K-1)/2 = 249.75.
Whatever has not been reached by then is never reached.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from reprlib import repr as short

from optim._numbers import count, is_number, not_negative, positive


@dataclass(frozen=True, slots=True)
class Conditions:
    """The verdict on Σ η_k = ∞ and Σ η_k² ≤ γ < ∞; true when both hold.

    `bound` is a γ, an upper bound of Σ η_k², or None where that sum is infinite. `why` is a sentence or two.
    """

    sum_diverges: bool
    squares_converge: bool
    why: str
    bound: float | None = None

    def __bool__(self) -> bool:
        return self.sum_diverges and self.squares_converge

    def __str__(self) -> str:
        first = "Σ η = ∞" if self.sum_diverges else "Σ η < ∞"
        second = "Σ η² < ∞" if self.squares_converge else "Σ η² = ∞"
        verdict = "meets" if self else "does not meet"
        return f"{first}, {second}: {verdict} the sufficient condition. {self.why}"


class Schedule(ABC):
    """η_k, the learning rate at step k = 1, 2, 3, …

    `schedule(k)` is the rate at step k: a finite number ≥ 0. For a schedule of your own, write a class with
    `rate(k)` and `conditions()`.
    """

    __slots__ = ()

    def __call__(self, k: int) -> float:
        """η_k. Raises TypeError or ValueError if k is not a whole number ≥ 1."""
        return self.rate(count("The step k", k, f"{type(self).__name__}(…)(1) for the first step"))

    @abstractmethod
    def rate(self, k: int) -> float:
        """The formula: η_k for a whole k ≥ 1, which is not checked again."""

    @abstractmethod
    def conditions(self) -> Conditions:
        """Whether Σ η_k = ∞ and Σ η_k² < ∞, and why."""


@dataclass(frozen=True, slots=True)
class Constant(Schedule):
    """η_k = η, with η > 0."""

    eta: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "eta", positive("The learning rate eta", self.eta, "Constant(0.1)"))

    def rate(self, k: int) -> float:
        """η."""
        return self.eta

    def conditions(self) -> Conditions:
        """Σ η diverges, and so does Σ η²."""
        return _constant_from_some_step_on(self.eta)


@dataclass(frozen=True, slots=True)
class InverseTime(Schedule):
    """η_k = η_0 / (1 + (k-1)/τ), with η_0 > 0 and τ > 0.

    τ = 1, the default, is the lecture's η_0/k. A larger τ falls as slowly as you need: after τ steps the rate
    has halved. The first rate is η_0.
    """

    eta_0: float
    tau: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "eta_0", positive("The first rate eta_0", self.eta_0, "InverseTime(1.0)"))
        object.__setattr__(self, "tau", positive("The time tau", self.tau, "InverseTime(1.0, tau=100)"))

    def rate(self, k: int) -> float:
        """η_0 / (1 + (k-1)/τ)."""
        return self.eta_0 / (1 + (k - 1) / self.tau)

    def conditions(self) -> Conditions:
        """Both hold. γ = η_0² π²/6 at τ = 1; otherwise γ = η_0² (1 + τ), by comparing with ∫ dx/(1 + x/τ)²."""
        if self.tau == 1:
            why = "Σ 1/k grows like log k, without end. Σ 1/k² = π²/6, so γ = η_0² π²/6."
            return Conditions(True, True, why, self.eta_0 * self.eta_0 * math.pi**2 / 6)
        why = (
            "Σ η_0/(1 + (k-1)/τ) grows like η_0 τ log k, without end. "
            "Its squares add up to at most γ = η_0² (1 + τ), since ∫ dx/(1 + x/τ)² from 0 to ∞ is τ."
        )
        return Conditions(True, True, why, self.eta_0 * self.eta_0 * (1 + self.tau))


@dataclass(frozen=True, slots=True)
class Power(Schedule):
    """η_k = η_0 k^-p, with η_0 > 0 and p ≥ 0.

    p = 1 is the lecture's η_0/k; p = 1/2 is the η_0/√k of the O(1/√k) rate on convex problems.
    """

    eta_0: float
    p: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "eta_0", positive("The first rate eta_0", self.eta_0, "Power(1.0, p=0.75)"))
        object.__setattr__(self, "p", not_negative("The power p", self.p, "Power(1.0, p=0.75)"))

    def rate(self, k: int) -> float:
        """η_0 k^-p."""
        return float(self.eta_0 * k**-self.p)

    def conditions(self) -> Conditions:
        """Both hold for 1/2 < p ≤ 1 only; γ = η_0² 2p/(2p-1), and η_0² π²/6 at p = 1."""
        p = self.p
        diverges, converge = p <= 1, p > 0.5
        first = f"Σ k^-p is infinite, since p = {p:g} ≤ 1." if diverges else f"Σ k^-p is finite, since p = {p:g} > 1."
        if not converge:
            return Conditions(diverges, False, f"{first} Σ k^-2p is infinite, since p ≤ 1/2.")
        if p == 1:
            return Conditions(True, True, f"{first} Σ 1/k² = π²/6.", self.eta_0 * self.eta_0 * math.pi**2 / 6)
        # Σ k^-2p ≤ 1 + ∫_1^∞ x^-2p dx
        gamma = self.eta_0 * self.eta_0 * (1 + 1 / (2 * p - 1))
        second = "Σ k^-2p is finite, since p > 1/2: at most 1 + ∫ x^-2p dx from 1 to ∞ = 2p/(2p-1)."
        return Conditions(diverges, True, f"{first} {second}", gamma)


@dataclass(frozen=True, slots=True)
class _Descent(Schedule):
    """From η_0 down to η_K in K steps, and η_K from then on; η_0 > 0, 0 ≤ η_K ≤ η_0, K ≥ 1."""

    eta_0: float
    eta_K: float
    K: int

    def __post_init__(self) -> None:
        write = f"{type(self).__name__}(eta_0=0.5, eta_K=0.05, K=1000)"
        first = positive("The first rate eta_0", self.eta_0, write)
        last = not_negative("The last rate eta_K", self.eta_K, write)
        if last > first:
            raise ValueError(
                f"The last rate eta_K must not be greater than the first, but eta_0={first} and eta_K={last} "
                f"were given. Are they swapped? Write for example {write}."
            )
        object.__setattr__(self, "eta_0", first)
        object.__setattr__(self, "eta_K", last)
        object.__setattr__(self, "K", count("The number of steps K", self.K, write))

    @abstractmethod
    def _squares(self) -> float:
        """Σ η_k² / η_0² where η_K = 0."""

    def conditions(self) -> Conditions:
        """Never both: either η_K > 0 and Σ η² = ∞, or η_K = 0 and Σ η < ∞."""
        if self.eta_K > 0:
            return _constant_from_some_step_on(self.eta_K, self.K)
        # Σ_{k≤K} (1-k/K) = Σ_{k≤K} (1 + cos(π k/K))/2 = (K-1)/2
        why = (
            f"From step {self.K} on the rate is 0: Σ η = η_0 (K-1)/2 = {self.eta_0 * (self.K - 1) / 2:g}. "
            "Whatever has not been reached by then is never reached."
        )
        return Conditions(False, True, why, self.eta_0 * self.eta_0 * self._squares())


@dataclass(frozen=True, slots=True)
class LinearDecay(_Descent):
    """η_k = (1-β_k) η_0 + β_k η_K with β_k = k/K, and η_K for k ≥ K; η_0 > 0, 0 ≤ η_K ≤ η_0, K ≥ 1.

    The lecture's convex combination. η_0 itself is never used: the first step, k = 1, has β_1 = 1/K.
    """

    def rate(self, k: int) -> float:
        """(1-β_k) η_0 + β_k η_K, β_k = min(k/K, 1)."""
        if k >= self.K:
            return self.eta_K
        beta = k / self.K
        return (1 - beta) * self.eta_0 + beta * self.eta_K

    def _squares(self) -> float:
        """Σ_{k≤K} (1-k/K)² = (K-1)(2K-1)/6K."""
        return (self.K - 1) * (2 * self.K - 1) / (6 * self.K)


@dataclass(frozen=True, slots=True)
class Cosine(_Descent):
    """η_k = η_K + (η_0-η_K) (1 + cos(π k/K))/2, and η_K for k ≥ K; η_0 > 0, 0 ≤ η_K ≤ η_0, K ≥ 1.

    Half a wave from η_0 down to η_K: slow, fast, slow (Loshchilov & Hutter 2017, SGDR, without restarts).
    """

    def rate(self, k: int) -> float:
        """η_K + (η_0-η_K) (1 + cos(π min(k/K, 1)))/2."""
        if k >= self.K:
            return self.eta_K
        return self.eta_K + (self.eta_0 - self.eta_K) * (1 + math.cos(math.pi * k / self.K)) / 2

    def _squares(self) -> float:
        """Σ_{k≤K} ((1 + cos(π k/K))/2)² = (3K-4)/8 for K ≥ 2, as Σ cos = -1 and Σ cos² = K/2; 0 for K = 1."""
        return max(3 * self.K - 4, 0) / 8


@dataclass(frozen=True, slots=True)
class Step(Schedule):
    """η_k = η_0 factor^⌊(k-1)/every⌋, with η_0 > 0, 0 < factor ≤ 1, every ≥ 1.

    The rate stays for `every` steps and is then multiplied by `factor`: a staircase. The first rate is η_0.
    """

    eta_0: float
    every: int
    factor: float = 0.1

    def __post_init__(self) -> None:
        write = "Step(0.1, every=1000, factor=0.5)"
        object.__setattr__(self, "eta_0", positive("The first rate eta_0", self.eta_0, write))
        object.__setattr__(self, "every", count("The length of a stair, every,", self.every, write))
        object.__setattr__(self, "factor", positive("The factor", self.factor, write))
        if self.factor > 1:
            raise ValueError(
                f"The factor must be at most 1, but {self.factor} was given. "
                f"The rate would grow without end. Write for example {write}."
            )

    def rate(self, k: int) -> float:
        """η_0 factor^⌊(k-1)/every⌋."""
        return float(self.eta_0 * self.factor ** ((k - 1) // self.every))

    def conditions(self) -> Conditions:
        """A geometric series: both sums are finite, unless factor = 1."""
        if self.factor == 1:
            return _constant_from_some_step_on(self.eta_0)
        total = self.eta_0 * self.every / (1 - self.factor)
        stairs = f"{self.every} steps on each stair"
        why = (
            f"A geometric series, {stairs}: Σ η = {self.every} η_0/(1 - {self.factor:g}) = {total:g}. "
            "Steps of plain SGD with bounded gradients may stop short of the optimum."
        )
        return Conditions(False, True, why, self.eta_0 * self.eta_0 * self.every / (1 - self.factor**2))


def _constant_from_some_step_on(eta: float, k: int = 1) -> Conditions:
    stays = "The rate is" if k == 1 else f"From step {k} on the rate stays"
    return Conditions(
        True,
        False,
        f"{stays} {eta:g}: Σ η grows without end, but so does Σ η². "
        "The noise of single examples does not die out; the steps end up near an optimum, not at it.",
    )


def as_schedule(lr: object) -> Schedule:
    """A learning rate as a schedule: a number > 0 is constant. TypeError or ValueError for anything else."""
    if isinstance(lr, Schedule):
        return lr
    if callable(lr):  # a function, or the class of a schedule
        raise TypeError(
            f"lr must be a number or a schedule, but {short(lr)} was given. Write for example lr=0.1 or "
            "lr=InverseTime(1.0)."
        )
    if is_number(lr) and -math.inf < lr < 0:  # type: ignore[operator]
        raise ValueError(
            f"The learning rate lr must be greater than 0, but {lr} was given. The minus sign of the descent is "
            f"already in the formula. Write lr={-lr}."  # type: ignore[operator]
        )
    return Constant(positive("The learning rate lr", lr, "lr=0.1"))
