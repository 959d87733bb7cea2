"""Program: a compiled cost, called with a batch, that returns (value, gradient).

>>> from autograd import Value
>>> w = Value(2.0, "w")
>>> program = compile(lambda x, t: (w * x - t) ** 2, [w])
>>> program([1.0, 2.0], [3.0, 3.0])
(1.0, array([1.]))
>>> program.parameters[0] -= 0.5        # what an optimiser does
>>> program.write_back()
>>> w.data
1.5
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from importlib import import_module
from operator import attrgetter
from threading import Lock
from typing import Any, Protocol

import numpy as np

from autograd import rules
from autograd.compile.aligned import zeros
from autograd.compile.arguments import flattened, is_plain
from autograd.compile.batch import Array, arrays
from autograd.compile.chance import DREW, states
from autograd.compile.choose import choose
from autograd.compile.eagerly import Engine, demand_finite
from autograd.compile.frozen import CHANGES, TraceError
from autograd.compile.quiet import quietly
from autograd.compile.record import Recording, flat_parameters, record
from autograd.compile.simplify import simplify
from autograd.errors import ieee_is_on
from autograd.order import without_collector
from autograd.value import EDITS, NUMBERS, Value

# Each backend is a module with `make(recording) -> Runner`; imported when it is first asked for.
BACKENDS = {"python": "straight", "numpy": "matrix", "numba": "numba", "jax": "jax"}  # the folder of each
NEEDS = {"numba": "numba (pip install 'chalkgrad[fast]')", "jax": "jax (pip install 'chalkgrad[jax]')"}

_KIND = attrgetter("__class__", "dtype", "shape", "strides")


class Runner(Protocol):
    """What a backend makes of a recording: ``make(recording) -> Runner``.

    Called with the flat parameters and the batch (one array for each argument, leading axis the batch, C-contiguous
    float64; [] if there is none), it returns weight · Σ_rows cost + penalty, and its gradient as a fresh array.
    Non-finite results are returned as they are; `Program` finds the node and the row.
    """

    mean: bool  # whether `source` is of the mean over the examples, or of the sum

    @property
    def source(self) -> str:
        """The program as text."""

    def explain(self) -> str:
        """Which nodes became what."""

    def __call__(self, parameters: Array, batch: list[Array], weight: float) -> tuple[float, Array]:
        """(value, gradient)."""


def compile(
    cost: Callable[..., Any],
    params: Any = None,
    *,
    backend: str = "auto",
    reduce: str = "mean",
    penalty: Callable[[], Any] | Value | None = None,
) -> Program:
    """The program for ``cost(*example)``, which is written for ONE example and returns one Value.

    With `params` (a list of Values, or a Module) the program takes arrays whose leading axis is the batch and
    returns (E, ∂E/∂params): E is the mean over the examples (or the sum: ``reduce="sum"``), the gradient is a flat
    array in the order of `params`. A cost of no arguments has no batch.

    Without `params` the arguments themselves are differentiated, and there is no batch; the gradient is flat in
    their order: a tuple of floats if all arguments are numbers, else an array.

    penalty   adds a term that does not depend on the example: a function of no arguments, like
              ``lambda: lam / (2 * m) * sum(w * w for w in weights)``
    backend   "python" (straight-line, for small graphs), "numpy" (matrices), "numba", "jax", or "auto"

    The cost is run at the first call, and recorded; from then on only numbers flow. A decision that depends on
    these numbers cannot be recorded and raises `TraceError`; so does a cost that draws random numbers. Plain numbers
    that the cost captures keep the values that they had then: a number that will change is an argument, or a Value
    whose ``.data`` is edited. Parameters, too, are edited and not replaced by other Values.
    """
    return Program(cost, params, backend=backend, reduce=reduce, penalty=penalty)


class Program:
    """A compiled cost; see `compile`.

    parameters   the flat float64 array that optimisers update in place. It is what the program computes with. An
                 edit of a parameter's ``.data`` is taken over into it at the next call; the other way, from the
                 array into the Values, is `write_back`. Where both were changed, the Value's edit counts.
    """

    def __init__(
        self,
        cost: Callable[..., Any],
        params: Any = None,
        *,
        backend: str = "auto",
        reduce: str = "mean",
        penalty: Callable[[], Any] | Value | None = None,
    ) -> None:
        if not callable(cost):
            raise TypeError(f"compile takes the cost as a function of one example; got {cost!r}")
        if backend not in ("auto", *BACKENDS):
            raise ValueError(f'backend is "auto", {", ".join(map(repr, BACKENDS))}; got {backend!r}')
        if reduce not in ("mean", "sum"):
            raise ValueError(f'reduce is "mean" or "sum"; got {reduce!r}')
        if penalty is not None and not callable(penalty) and not isinstance(penalty, Value):
            raise TypeError(f"penalty is a function of no arguments that returns a Value; got {penalty!r}")
        if isinstance(params, Iterator):
            params = list(params)  # it will be asked for again
        self._cost, self._params, self._penalty = cost, params, penalty
        self._asked, self._mean = backend, reduce == "mean"
        self._values = [] if params is None else flat_parameters(params)
        self._engine = Engine(cost, penalty, self._values)
        self._parameters: Array = zeros(len(self._values))
        self._parameters[:] = [v._data for v in self._values]
        self._agreed = self._parameters.copy()  # the numbers on which the Values and the array last agreed
        self._edits = EDITS[0]
        self._length = len(params) if params.__class__ is list else 0
        self._runner: Runner | None = None
        self._backend = backend
        self._recording: Recording | None = None
        self._kinds: list[Any] | None = None
        self._blind = False  # whether NaN may pass unseen: where(NaN, a, b) is b
        self._structure: Any = None  # of the arguments, where they are what is differentiated
        self._arguments: Array = np.zeros(0)  # and their numbers
        self._lock = Lock()
        self._straight: Callable[..., Any] | None = None  # for numbers only: called without any ceremony
        if params is not None and _takes_nothing(cost):
            self._make(())

    # -- Calling ------------------------------------------------------------------------------------------------

    def __call__(self, *batch: Any) -> tuple[float, Any]:
        """(E, ∂E/∂params) for this batch.

        Raises ValueError for a batch of another shape than the recorded one, TraceError (at the first call) for a
        cost that cannot be recorded, DomainError naming the row and the node where the result is not finite.
        """
        if self._straight is not None:
            try:
                if self._blind and not math.isfinite(sum(batch)):
                    raise ValueError
                result: tuple[float, Any] = self._straight(*batch)
                if result[0].__class__ is float:
                    return result
            except (ArithmeticError, ValueError, TypeError):
                pass  # said better below
        if self._params is None:
            return self._differentiate(batch)
        if EDITS[0] != self._edits or (self._params.__class__ is list and len(self._params) != self._length):
            self._take_edits()
        runner = self._runner
        data: Any = batch
        try:  # arrays of the same shape, dtype and layout as the last ones that were checked?
            alike = list(map(_KIND, batch)) == self._kinds
        except AttributeError:
            alike = False
        if not alike:
            data = arrays(batch, self._recording.shapes if runner is not None and self._recording is not None else None)
            self._kinds = list(map(_KIND, data))
        if (runner is None or self._blind) and not ieee_is_on():
            demand_finite(self._parameters, self._values, data)
        if runner is None:
            runner = self._make(data)
        weight = 1.0 / len(data[0]) if self._mean and data else 1.0
        value, gradient, finite = quietly(_run, runner, self._parameters, data, weight)
        if not finite:
            if ieee_is_on():  # neither Python's own floats nor products with 0 let inf flow as the engine does
                as_the_engine = self._backend != "python" and not getattr(runner, "padded", False)
                return (value, gradient) if as_the_engine else self._amiss(data, weight)
            if not (math.isfinite(value) and np.isfinite(gradient).all()):  # (or only a square was too large)
                return self._amiss(data, weight)
        return value, gradient

    @property
    def parameters(self) -> Array:
        """The flat array of parameters, updated in place by optimisers."""
        if EDITS[0] != self._edits:
            self._take_edits()
        return self._parameters

    @parameters.setter
    def parameters(self, numbers: Any) -> None:
        self.parameters[:] = numbers

    def write_back(self) -> None:
        """From the flat array into the Values' ``.data``."""
        if EDITS[0] != self._edits:
            self._take_edits()
        if not np.isfinite(self._parameters).all() and not ieee_is_on():
            k = int(np.argmin(np.isfinite(self._parameters)))
            raise ValueError(f"parameter {k} is {self._parameters[k]}: nothing was written back")
        for value, number in zip(self._values, self._parameters.tolist(), strict=True):
            value._data = number
        self._agreed[:] = self._parameters
        EDITS[0] += 1  # other programs may share these Values
        self._edits = EDITS[0]

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        raise TypeError("a program is neither copied nor pickled: compile the cost again where it is needed")

    # -- Looking ------------------------------------------------------------------------------------------------

    @property
    def backend(self) -> str:
        """The backend in use; "auto" until the first call."""
        return self._backend

    @property
    def source(self) -> str:
        """The program as readable text: it runs by itself, with NumPy only."""
        return self._made().source

    @property
    def fast_source(self) -> str:
        """The calls that run, where they are not the readable text itself: the same program, without allocations."""
        runner = self._made()
        return getattr(runner, "fast_source", runner.source)

    def explain(self) -> str:
        """Which scalar nodes became what."""
        return self._made().explain()

    @property
    def recording(self) -> Recording:
        """The simplified graph that the program computes."""
        self._made()
        assert self._recording is not None
        return self._recording

    def __repr__(self) -> str:
        state = f"backend {self._backend!r}" if self._runner is not None else "not yet recorded"
        return f"<program of {getattr(self._cost, '__name__', 'cost')}, {len(self._values)} parameters, {state}>"

    def _made(self) -> Runner:
        if self._runner is None:
            raise ValueError(
                "the program is recorded at its first call, since only then the shape of an example is known: "
                "call it once"
            )
        return self._runner

    # -- Recording ------------------------------------------------------------------------------------------------

    def _make(self, data: Sequence[Any]) -> Runner:
        with without_collector():
            batched = self._params is not None and bool(data)
            before = self._generators()
            recording = self._record([x[0] for x in data] if batched else data)
            after = self._generators()
            drew = after != before
            if batched or drew:
                again = self._record([x[-1] for x in data] if batched else data)
                if drew and self._generators() != after:  # (a cost that seeds draws the same numbers each time)
                    raise TraceError(DREW)
                if not recording.same_graph(again):
                    raise TraceError(CHANGES)
            if recording.penalty is not None and not recording.shapes:  # no batch: one sum of two terms
                recording.root = recording.add(rules.add, (recording.root, recording.penalty))
                recording.penalty = None
            self._recording = simplify(recording)
            self._backend = self._asked if self._asked != "auto" else choose(self._recording)
            self._blind = rules.where in self._recording.ops
            self._runner = backend_module(self._backend).make(self._recording)
            self._runner.mean = self._mean
        return self._runner

    def _record(self, example: Sequence[Any]) -> Recording:
        if self._params is None:
            cost = _telling(self._cost, "the arguments themselves, since no params were given")
            return record(cost, None, example, self._penalty)
        cost = _telling(self._cost, "one example, the first row of each argument")
        with self._current():
            return record(cost, self._values, example, self._penalty)

    def _generators(self) -> list[Any]:
        """Where the generators of random numbers stand."""
        return [states(f) for f in (self._cost, self._penalty) if callable(f)]

    def _take_edits(self) -> None:
        """Take over what was edited through the Values since the two last agreed."""
        given = flat_parameters(self._params) if self._params is not None else []
        if len(given) != len(self._values):
            raise ValueError(
                f"the number of parameters changed from {len(self._values)} to {len(given)} since the program was "
                "made: compile again"
            )
        if given != self._values:  # (== of Values asks whether they are the same)
            k = next(k for k, value in enumerate(given) if value is not self._values[k])
            raise ValueError(
                f"parameter {k} was replaced by another Value since the program was made: set its .data instead, or "
                "compile again"
            )
        now = np.array([v._data for v in self._values])
        edited = (now != self._agreed) & ~(np.isnan(now) & np.isnan(self._agreed))
        self._parameters[edited] = now[edited]
        self._agreed[edited] = now[edited]
        self._edits = EDITS[0]
        if self._recording is not None and any(leaf._data != number for leaf, number in self._recording.others):
            self._runner = self._recording = self._straight = self._kinds = (
                None  # a captured number was edited: record anew
            )
            if self._params is not None and _takes_nothing(self._cost):
                self._make(())

    @contextmanager
    def _current(self) -> Iterator[None]:
        """Inside, the Values hold the numbers of the flat array."""
        before = [v._data for v in self._values]
        for value, number in zip(self._values, self._parameters.tolist(), strict=True):
            value._data = number
        try:
            yield
        finally:
            for value, number in zip(self._values, before, strict=True):
                value._data = number

    # -- The arguments differentiated -------------------------------------------------------------------------------

    def _differentiate(self, args: tuple[Any, ...]) -> tuple[float, Any]:
        numbers: list[float] = []
        first: Any = args[0] if len(args) == 1 else None
        plain = first.__class__ is np.ndarray and is_plain(first)
        structure = [first.shape] if plain else [flattened(a, numbers) for a in args]
        flat = first.ravel() if plain else numbers
        if self._runner is not None and EDITS[0] != self._edits:
            self._take_edits()
        if self._runner is None:
            self._structure = structure
            self._make(args)
            self._arguments = np.zeros(len(flat))
        elif structure != self._structure:
            before, now = (", ".join(map(str, x)) or "none" for x in (self._structure, structure))
            raise ValueError(f"the program was recorded with arguments of shape {before}; got {now}")
        runner = self._made()
        scalars = all(isinstance(a, NUMBERS) for a in args)
        if scalars and self._straight is None and hasattr(runner, "checked"):
            self._straight = runner.checked()
        with self._lock:  # one array for all calls: a runner may be bound to it
            self._arguments[:] = flat
            value, gradient, finite = quietly(_run, runner, self._arguments, [], 1.0)
        if not finite and not (math.isfinite(value) and np.isfinite(gradient).all()):
            value, gradient = self._engine.of_arguments(args)
        return value, tuple(gradient.tolist()) if scalars else gradient

    # -- Not finite -------------------------------------------------------------------------------------------------

    def _amiss(self, data: list[Array], weight: float) -> tuple[float, Array]:
        """Something is not finite: find the row, and let the eager engine say which node it is."""
        if not ieee_is_on():
            demand_finite(self._parameters, self._values, data)
        with self._current(), np.errstate(all="ignore"):
            return self._engine.of_batch(data, weight, self._is_finite)

    def _is_finite(self, data: list[Array]) -> bool:
        weight = 1.0 / len(data[0]) if data else 1.0
        value, gradient, _ = quietly(_run, self._made(), self._parameters, data, weight)
        return math.isfinite(value) and bool(np.isfinite(gradient).all())


def _run(runner: Runner, parameters: Array, batch: list[Array], weight: float) -> tuple[float, Array, bool]:
    """(value, gradient, whether they are finite, and not too large to be squared)."""
    value, gradient = runner(parameters, batch, weight)
    return value, gradient, math.isfinite(value + gradient.dot(gradient))


def backend_module(name: str) -> Any:
    """The module that makes runners for this backend; ImportError says what to install."""
    try:
        return import_module(f"autograd.compile.{BACKENDS[name]}.runner")
    except ModuleNotFoundError as error:
        if name in NEEDS and error.name == name:
            raise ImportError(f'backend "{name}" needs {NEEDS[name]}') from None
        raise


def _takes_nothing(cost: Callable[..., Any]) -> bool:
    try:
        return not inspect.signature(cost).parameters
    except (TypeError, ValueError):
        return False


def _telling(cost: Callable[..., Any], given: str) -> Callable[..., Any]:
    """The cost, with a note on what it was called with where Python says only that this is not subscriptable."""

    @wraps(cost)
    def told(*example: Any) -> Any:
        try:
            return cost(*example)
        except (AttributeError, IndexError, TypeError) as error:
            if example:
                kinds = [f"an array of shape {x.shape}" if isinstance(x, np.ndarray) else
                         "a number" if isinstance(x, Value) else f"a {type(x).__name__}" for x in example]  # fmt: skip
                error.add_note(f"The cost was called with {given}: {', '.join(kinds)}.")
            raise

    return told
