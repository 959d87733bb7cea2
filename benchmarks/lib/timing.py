"""Times of several contenders for the same work, measured in turns.

On a shared machine the speed drifts. So the contenders take turns, block by block, and what is reported is the
median over blocks; a ratio is always between medians of the same run.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

Step = Callable[[], tuple[Any, Any]]  # does the work once; returns (value, gradient)


class Unavailable(Exception):
    """A contender that cannot run here, and why: it is skipped with a note."""


@dataclass(frozen=True, slots=True)
class Time:
    """Seconds per call: the median over blocks, and the fastest and slowest block."""

    median: float
    fastest: float
    slowest: float
    blocks: int
    calls: int

    def to_dict(self) -> dict[str, float]:
        return asdict(self)


def interleaved(
    steps: dict[str, Callable[[], Any]],
    *,
    blocks: int = 9,
    seconds: float = 0.02,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Time]:
    """Time each step in turns; a block holds as many calls as fit in `seconds` (at least one).

    clock   `time.perf_counter`, or `time.process_time`: the processor's time of all threads of this process, in which
            what else the machine is doing does not count

    The cyclic collector is off, and runs between blocks, outside the time: engines with cycles would eat the memory.
    Steps that take longer than ten blocks should are timed in the first three blocks only.
    """
    calls: dict[str, int] = {}
    spent: dict[str, list[float]] = {name: [] for name in steps}
    was_on = gc.isenabled()
    gc.disable()
    try:
        for name, step in steps.items():
            step()
            start = clock()
            step()
            calls[name] = max(1, int(seconds / max(clock() - start, 1e-9)))
        for block in range(blocks):
            for name, step in steps.items():
                if block >= 3 and spent[name][0] > 10 * seconds:
                    continue
                gc.collect()
                turns = range(calls[name])
                start = clock()
                for _ in turns:
                    step()
                spent[name].append((clock() - start) / calls[name])
    finally:
        if was_on:
            gc.enable()
    return {n: Time(statistics.median(t), min(t), max(t), len(t), calls[n]) for n, t in spent.items()}


def in_turns(
    slower: Callable[[], Any],
    faster: Callable[[], Any],
    *,
    blocks: int,
    seconds: float = 0.02,
    clock: Callable[[], float] = time.perf_counter,
) -> list[float]:
    """How many times faster the second is, block by block: as closely in turns as the clock allows.

    The cyclic collector is off, and runs between blocks.
    """
    calls: dict[Callable[[], Any], int] = {}

    def spent(step: Callable[[], Any]) -> float:
        gc.collect()
        gc.disable()
        try:
            step()  # after the collector the caches are cold
            turns = range(calls.get(step, 1))
            start = clock()
            for _ in turns:
                step()
            return (clock() - start) / len(turns)
        finally:
            gc.enable()

    for step in (slower, faster):
        while calls.get(step, 1) < 1e6 and (each := spent(step)) * calls.get(step, 1) < seconds:
            calls[step] = max(2 * calls.get(step, 1), int(seconds / max(each, 1e-9)))
    return [spent(slower) / spent(faster) for _ in range(blocks)]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A contender that is ready to run."""

    step: Step
    preparation: float  # seconds: tracing and compiling, where there is such a thing


def prepare(makers: dict[str, Callable[[], Step]]) -> tuple[dict[str, Prepared], dict[str, str]]:
    """Make every contender ready. Returns those, and for each that cannot run the reason.

    The preparation ends with the first call, so that compilation on first use counts as compilation.
    """
    ready, notes = {}, {}
    for name, make in makers.items():
        try:
            start = time.perf_counter()
            step = make()
            if step() is None:
                raise Unavailable("returns nothing in this version")
            ready[name] = Prepared(step, time.perf_counter() - start)
        except Unavailable as reason:
            notes[name] = str(reason)
        except ImportError as error:
            notes[name] = f"not installed ({error.name})" if error.name else f"not installed ({error})"
        except Exception as error:  # one broken contender must not hide the others: it is named in the report
            notes[name] = f"FAILED with {type(error).__name__}: {(str(error) or '-').splitlines()[0]}"
    return ready, notes


def disagreements(ready: dict[str, Prepared], reference: str, *, rtol: float = 1e-9) -> dict[str, float]:
    """The largest relative difference of each contender's (value, gradient) from the reference's.

    Raises ArithmeticError if one is above `rtol`: a fast wrong gradient is no result.
    """
    value, gradient = ready[reference].step()
    with_value, without = flat((value, gradient)), flat((None, gradient))
    found = {}
    for name, contender in ready.items():
        result = contender.step()
        got, expected = flat(result), without if result[0] is None else with_value
        if got.shape != expected.shape:
            raise ArithmeticError(f"{name} returns {got.size} numbers where {reference} returns {expected.size}")
        found[name] = float(np.max(np.abs(got - expected)) / np.max(np.abs(expected)))
        if not found[name] <= rtol:
            raise ArithmeticError(f"{name} disagrees with {reference} by {found[name]:.2e} (relative)")
    return found


def flat(result: tuple[Any, Any]) -> np.ndarray:
    """(value, gradient) as one row of numbers; the value None (not computed) is left out."""
    value, gradient = result
    return np.concatenate([np.ravel([] if value is None else value), np.ravel(gradient)]).astype(float)
