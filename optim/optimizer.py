"""An optimizer is an update formula on arrays.

`update(w, g, state)` is that formula, on flat float64 arrays: the parameters w, the gradient g = ∂E/∂w, and what
the method remembers between steps. Two callers share it:

    step()             collects .data and .grad of the parameters, updates, and writes .data back
    step_array(w, g)   updates the array of a compiled program in place, in as few NumPy calls as the formula has

A new method is a subclass with one formula, `change`, the Δw in w ← w + Δw.
"""

import math
from abc import ABC, abstractmethod
from array import array
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from reprlib import repr as short
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from optim._numbers import count, is_number
from optim._parameters import Parameter, name_of, parameters
from optim.schedules import Constant, Schedule, as_schedule

Array: TypeAlias = npt.NDArray[np.float64]

SETTINGS: Final = frozenset({"params", "momentum", "nesterov", "weight_decay", "alpha", "betas", "eps"})
CLEARED: Final = float("0")  # what zero_grad() writes; its own object, so that step() can tell if nothing came after


class State:
    """What a method remembers: `k`, the number of steps taken, and arrays by name, all 0 before the first.

    A step reads `old` and writes `new`; they change places when the step has succeeded. So a step that fails
    leaves no trace, and no step allocates. `scratch` is two arrays for intermediate results.
    """

    __slots__ = ("k", "new", "old", "scratch")

    def __init__(self, names: Iterable[str], n: int) -> None:
        self.k = 0
        self.old: dict[str, Array] = {name: np.zeros(n) for name in names}
        self.new: dict[str, Array] = {name: np.zeros(n) for name in self.old}
        self.scratch: tuple[Array, Array] = (np.zeros(n), np.zeros(n))


class Optimizer(ABC):
    """Moves parameters against their gradients.

    `params` is any iterable of objects with `.data` and `.grad`; `lr`, the learning rate η, is a number > 0 or a
    `Schedule`. Subclasses name the arrays that they `remember` and give the formula `change`.

    Raises TypeError or ValueError if there are no parameters, if one of them is given twice, has no `.data` or
    `.grad`, or has a `.data` that is not a finite number, and if the learning rate is not a number > 0.
    """

    def __init__(self, params: Iterable[Parameter], lr: float | Schedule, *, remember: Sequence[str] = ()) -> None:
        self.params: Final = parameters(params, type(self).__name__)
        self.schedule = as_schedule(lr)
        self._remember: Final = tuple(remember)
        self.state = self.new_state()
        self._looked_at: tuple[Array | None, Array | None] = (None, None)
        # The 0 that a parameter with a backward() of its own holds before the first
        self._blank = [p.grad if hasattr(p, "backward") and p.grad == 0 else CLEARED for p in self.params]

    def __setattr__(self, name: str, value: object) -> None:
        if name == "learning_rate":
            raise AttributeError("The learning rate is called lr. Write opt.lr = 0.1.")
        if name in SETTINGS and name in vars(self):
            raise AttributeError(
                f"{name} was settled when this {type(self).__name__} was built: only lr can be changed in the middle. "
                f"Write {type(self).__name__}(model.parameters(), …) with the new {name}."
            )
        object.__setattr__(self, name, value)

    @abstractmethod
    def change(self, w: Array, g: Array, state: State, eta: float) -> Array:
        """The formula: Δw at step `state.k + 1` with learning rate η, as an array of `state`'s own.

        It reads `w`, `g` and `state.old`, and writes `state.new` (every array of it) and `state.scratch` only.
        """

    # The formula on arrays

    def update(self, w: Array, g: Array, state: State, out: Array | None = None) -> Array:
        """Return the new parameters w + Δw and move `state` one step on; `out=w` updates in place.

        `w` and `g` are float64 arrays of shape (n,). A step is taken whole or not at all: if the gradient, what
        is remembered, or a new parameter is not finite, ValueError names the parameter, and nothing has changed.
        """
        if self._looked_at[0] is not w or self._looked_at[1] is not g:
            self._look_at(w, g)
        eta = self.schedule.rate(state.k + 1)
        if not 0 <= eta < math.inf:
            raise ValueError(
                f"The learning rate of step {state.k + 1} is {eta}, from {self.schedule!r}. "
                "A schedule must give a finite number, 0 or greater."
            )
        with np.errstate(all="ignore"):  # what is not finite is named below, instead of warned of here
            change = self.change(w, g, state, eta)
            # One product finds everything: an inf or nan on either side makes it inf or nan (inf · 0 is nan), and
            # w + Δw can only overflow where w Δw does. A product may overflow for less, so look again before
            # complaining.
            sound = math.isfinite(_product(w, change))
            for kept in state.new.values():
                sound = sound and (kept is change or math.isfinite(_product(kept, change)))
            if not sound:
                self._complain_if_not_finite(w, g, state, eta, w + change)
        new = np.add(w, change, out=out)
        state.old, state.new = state.new, state.old
        state.k += 1
        return new

    def new_state(self) -> State:
        """A state before the first step, for as many parameters as this optimizer has."""
        return State(self._remember, len(self.params))

    def step_array(self, w: Array, g: Array) -> None:
        """Take one step on a flat array: w ← w + Δw, in place.

        `w` (such as `program.parameters`) and `g` have one float64 entry for each parameter, in their order. The
        parameters' own `.data` is not touched: `program.write_back()` does that. Raises as `update` does.
        """
        self.update(w, g, self.state, out=w)

    # The same, on parameters

    def step(self) -> None:
        """Take one step: collect `.data` and `.grad`, update, write `.data` back.

        The order is zero_grad(), backward(), step(). Raises RuntimeError if no gradient has been touched since
        zero_grad(), or since the parameters were made, and the step would do nothing; and as `update` does.
        """
        w, g = self._collect("data"), self._collect("grad")
        if self._nothing_came(w, g):
            raise RuntimeError(
                f"There is no gradient to step along: no backward() has reached any of the {len(self.params)} "
                "parameters since zero_grad(), or since they were made. The order is zero_grad(), backward(), step(). "
                "If you did call backward(): its cost was not made from these parameters."
            )
        self.update(w, g, self.state, out=w)
        for p, new in zip(self.params, w.tolist(), strict=True):
            p.data = new

    def zero_grad(self) -> None:
        """Set every parameter's `.grad` to 0: backward() adds to it."""
        for p in self.params:
            p.grad = CLEARED

    # What has happened so far

    @property
    def k(self) -> int:
        """The number of steps taken."""
        return self.state.k

    @property
    def lr(self) -> float:
        """The learning rate of the next step. Assign a number > 0 or a `Schedule` to change it."""
        return self.schedule.rate(self.k + 1)

    @lr.setter
    def lr(self, value: float | Schedule) -> None:
        self.schedule = as_schedule(value)

    def reset(self) -> None:
        """Forget all steps, for a restart: k = 0, and what is remembered is 0."""
        self.state = self.new_state()

    def state_dict(self) -> dict[str, Any]:
        """What changes from step to step, as plain data (text, numbers, lists) for JSON.

        The settings are not in it: they stand in the line that builds the optimizer.
        """
        return {
            "optimizer": type(self).__name__,
            "k": self.k,
            "arrays": {name: kept.tolist() for name, kept in self.state.old.items()},
        }

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Go on from a `state_dict()`. TypeError or ValueError if it does not fit, and then nothing has changed."""
        mine = type(self).__name__
        if not isinstance(saved, Mapping):
            raise TypeError(f"A saved state is a dict, but {short(saved)} was given. Write opt.state_dict().")
        kind = saved.get("optimizer")
        if kind != mine:
            raise ValueError(f"This is the state of {kind!r}, not of {mine}. Load it into the optimizer it is from.")
        k = count("The saved step count k", saved.get("k"), "opt.state_dict()", least=0)
        arrays = saved.get("arrays")
        if not isinstance(arrays, Mapping) or set(arrays) != set(self._remember):
            found = sorted(arrays) if isinstance(arrays, Mapping) else arrays
            raise ValueError(
                f"The saved state holds the arrays {short(found)}, but this {mine} remembers "
                f"{sorted(self._remember)}. Build the optimizer with the settings it was saved with."
            )
        state = self.new_state()
        for name, values in arrays.items():
            try:
                kept = np.array(values, dtype=np.float64)
            except (TypeError, ValueError) as problem:
                raise ValueError(f"The saved array {name!r} is not a list of numbers: {problem}.") from None
            if kept.shape != (len(self.params),):
                raise ValueError(
                    f"The saved array {name!r} has the shape {kept.shape}, but there are {len(self.params)} "
                    "parameters. Load it into an optimizer of the same model."
                )
            if not np.isfinite(kept).all():
                raise ValueError(f"The saved array {name!r} holds a number that is not finite.")
            state.old[name] = kept
        state.k = k
        self.state = state

    def __repr__(self) -> str:
        lr = self.schedule.eta if isinstance(self.schedule, Constant) else self.schedule
        hidden = {"params", "schedule", "state"}
        settings = {name: v for name, v in vars(self).items() if name[0] != "_" and name not in hidden}
        shown = ", ".join(f"{name}={v!r}" for name, v in ({"lr": lr} | settings).items())
        count = len(self.params)
        return f"{type(self).__name__}(<{count} parameter{'s' * (count != 1)}>, {shown})"

    # When something is wrong

    def _nothing_came(self, w: Array, g: Array) -> bool:
        """Whether all gradients are those that stood there before any backward(), and the step would do nothing."""
        for p, blank in zip(self.params, self._blank, strict=True):
            if p.grad is not CLEARED and p.grad is not blank:
                return False
        with np.errstate(all="ignore"):
            return not self.change(w, g, self.state, self.lr).any()

    def _collect(self, attribute: str) -> Array:
        values = list(map(attrgetter(attribute), self.params))
        try:
            return np.frombuffer(array("d", values))  # stricter than np.array, which takes None for nan
        except TypeError:
            for i, value in enumerate(values):
                if not is_number(value):
                    raise TypeError(
                        f"The .{attribute} of {name_of(self.params, i)} is {short(value)}, not a number. Run "
                        "backward() before step()."
                    ) from None
            raise

    def _look_at(self, w: Array, g: Array) -> None:
        n = len(self.params)
        for name, given in (("w", w), ("g", g)):
            if not isinstance(given, np.ndarray) or given.dtype != np.float64 or given.shape != (n,):
                is_array = isinstance(given, np.ndarray)
                found = f"{given.dtype} of shape {given.shape}" if is_array else type(given).__name__
                raise ValueError(
                    f"{name} must be a float64 array of shape ({n},), one entry for each parameter, but it is "
                    f"{found}. Write for example np.array([…], dtype=float)."
                )
        self._looked_at = (w, g)

    def _complain_if_not_finite(self, w: Array, g: Array, state: State, eta: float, new: Array) -> None:
        """Name the first parameter that the step would break. Do nothing if there is none."""
        at = f"at step {state.k + 1}. Nothing was changed."
        if (i := _first_not_finite(g)) is not None:
            raise ValueError(
                f"The gradient of {name_of(self.params, i)} is {g[i]} {at} Look for a log(0), a division by 0 or "
                "an overflow in the cost."
            )
        if (i := _first_not_finite(w)) is not None:
            raise ValueError(f"{name_of(self.params, i)} is already {w[i]} {at} Start from finite numbers.")
        for name, made in (*state.new.items(), ("the new value", new)):
            if (i := _first_not_finite(made)) is not None:
                raise ValueError(
                    f"{name_of(self.params, i)} is {w[i]}, and {name} would be {made[i]} {at} Its gradient is "
                    f"{g[i]} and the learning rate {eta}: one of them is too large."
                )


def _product(a: Array, b: Array) -> float:
    """Σ a_i b_i. BLAS would share a long one among threads, and wait for them: milliseconds, on a busy machine."""
    return float(a.dot(b) if len(a) < 10_000 else np.einsum("i,i", a, b))


def _first_not_finite(x: Array) -> int | None:
    bad = np.flatnonzero(~np.isfinite(x))
    return int(bad[0]) if bad.size else None
