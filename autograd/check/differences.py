"""The engine's gradient against finite differences of f, which know nothing of the chain rule."""

from __future__ import annotations

import math

import numpy as np

from autograd.check import finite, noise
from autograd.check.kinks import signature
from autograd.check.problem import Array
from autograd.check.replay import Tape
from autograd.check.report import FEW, SHOWN, Component
from autograd.check.samples import EPS, LOST, RIGHT, WRONG, Sample, Samples
from autograd.errors import DomainError
from autograd.order import arguments, topological

BUDGET = 1_000_000  # edges of graphs that finite differences may evaluate; at least LEAST slopes are found
LEAST = 1
AT_ONCE = 8  # halvings of a step
SCALES = (1.0, 1e-3, 1e-6)  # step lengths that are tried before the engine is accused


class Spent:
    """How many edges were evaluated, so that a check of a large graph ends soon."""

    def __init__(self, samples: Samples) -> None:
        root = samples.all[0].look.root if samples.all else None
        self.edges = sum(len(arguments(n)) for n in topological(root)[1]) if root is not None else 0
        self.total = 0

    def left(self, done: int, share: float) -> bool:
        """Whether another slope may be found, after `done` of them, within this share of the budget."""
        return done < LEAST or self.total < share * BUDGET


def along(samples: Samples, sample: Sample, direction: Array, spent: Spent, scale: float = 1.0) -> finite.Slope:
    """The slope of f along a direction, from values of f only; steps that cross a kink are not used."""
    expected = float(sample.exact @ direction)
    look, f = sample.look, samples.f
    assert look.root is not None
    tape = samples.tape()
    if sample.value_noise < 0:
        sample.value_noise = noise.of_value(look.root)
    # the rounding of f, and of the arguments when a step is added to them
    rounding = sample.value_noise + EPS * float(np.abs(sample.exact) @ np.abs(look.at))
    if tape is not None:
        return finite.slope(_Replayed(tape, look.at, direction, spent), scale, rounding, expected)
    branches = signature(look.root)

    def value(t: float) -> float | None:
        spent.total += spent.edges
        try:
            root, _ = f.graph(look.at + t * direction, labels=False)
        except DomainError:
            return None
        return root._data if not branches or signature(root) == branches else None

    return finite.slope(value, scale, rounding, expected)


class _Replayed:
    """f along a line, from its graph: a step and all its halves are calculated at once."""

    def __init__(self, tape: Tape, at: Array, direction: Array, spent: Spent) -> None:
        self.tape, self.at, self.direction, self.spent = tape, at, direction, spent
        self.known: dict[float, float] = {}

    def __call__(self, t: float) -> float | None:
        if t not in self.known:
            self.spent.total += self.spent.edges
            steps = [0.0, *(sign * abs(t) * 0.5**k for k in range(AT_ONCE) for sign in (1, -1))]
            values, signs = self.tape.at(self.at + np.outer(steps, self.direction))
            values = np.where((signs == signs[:, :1]).all(axis=0), values, np.nan)
            self.known.update(zip(steps, values.tolist(), strict=True))
        found = self.known[t]
        return found if found == found else None


@np.errstate(all="ignore")  # an error of infinity says that nothing is known
def accusation(samples: Samples) -> tuple[str, int]:
    """What to say if the engine's gradient is not the slope of f ("" if it is), and how many points told anything.

    One random direction is enough at each point: a wrong component shows along almost every direction. Where numbers
    under- or overflow inside f at points that the user did not give, these points are left out.
    """
    told, spent = 0, Spent(samples)
    found: dict[int, str] = {}
    for k, sample in enumerate(samples.all):
        if sample.look.on_kink:
            continue
        if not spent.left(k, 0.5):
            break
        agrees, said = _agreement(samples, sample, spent)
        told += agrees
        if said:
            found[k] = said
    reads = "".join(f" f reads .data at line {n} ({t}): no gradient flows there." for _, n, t in samples.f.reads)
    if not told or samples.formula is None or reads or any(_is_given(samples, k) for k in found):
        return next((said + reads for said in found.values()), ""), told
    if found:
        many = f"{len(found)} points" if len(found) > 1 else "1 point"
        samples.notes.append(f"{many} away from yours told nothing: numbers inside f are too large or too small there.")
        samples.all = [s for k, s in enumerate(samples.all) if k not in found]
    return "", told


def _is_given(samples: Samples, k: int) -> bool:
    return bool(np.array_equal(samples.all[k].look.at, samples.arguments.flat))


def _agreement(samples: Samples, sample: Sample, spent: Spent) -> tuple[bool, str]:
    """Whether finite differences agree with the engine at this point, and what to say if they do not."""
    size = np.maximum(np.abs(sample.look.at), 0.1)
    direction = size * samples.rng.choice([-1.0, 1.0], len(size)) * samples.rng.uniform(0.5, 1, len(size))
    terms = sample.exact * direction
    expected, scale = float(terms.sum()), float(np.abs(terms).sum())
    off = None
    for step in SCALES:
        found = along(samples, sample, direction, spent, step)
        if not _says_something(found, expected, scale):
            continue
        if abs(found.slope - expected) <= 1e-6 * scale + 10 * found.error:
            return True, ""
        off = off or found
    if off is None:
        return False, ""
    if own := _own_scale(sample, scale):
        off = along(samples, sample, direction, spent, own)
        if not _says_something(off, expected, scale):
            return False, ""
        if abs(off.slope - expected) <= 1e-6 * scale + 10 * off.error:
            return True, ""
    samples.measure(sample)
    if abs(off.slope - expected) <= 30 * float(sample.noise @ np.abs(direction)):
        return False, ""
    return False, (
        "the engine's gradient is not the slope of f: along one direction the engine says "
        f"{expected:.9g}, finite differences {off.slope:.9g} (± {off.error:.1g})."
    )


def _own_scale(sample: Sample, expected: float) -> float:
    """The length within which f changes by itself, if steps jump over it: 1/x near 0, a narrow peak. Else 0."""
    f = sample.look.root
    own = abs(f._data / expected) if f is not None and expected else 0.0
    return own if own < SCALES[-1] else 0.0


def _says_something(found: finite.Slope, expected: float, scale: float) -> bool:
    """Whether a finite difference is known well enough to be compared."""
    if found.slope != found.slope:
        return False
    return found.error <= 1e-2 * max(abs(expected), abs(found.slope)) or found.error <= 1e-4 * scale


@np.errstate(all="ignore")
def components(samples: Samples) -> list[Component]:
    """One row for each partial derivative, worst first: at the point given, or where it is wrong if not there."""
    if not samples.all:
        return []
    given = np.array_equal(samples.all[0].look.at, samples.arguments.flat)
    errors = np.array([relative(s.claimed, s.exact) for s in samples.all])
    wrong = samples.wrong()
    rows = []
    for i, name in enumerate(samples.arguments.names):
        states = [s.status[i] for s in samples.all]
        state = WRONG if wrong[i] else RIGHT if RIGHT in states else LOST
        at = 0
        if states[0] != WRONG and WRONG in states:
            at = int(np.argmax([e if s == WRONG else -1.0 for e, s in zip(errors[:, i], states, strict=True)]))
        rows.append((i, at, state, name))
    rows.sort(key=lambda r: (r[2] != WRONG, r[2] != LOST, -np.nan_to_num(errors[r[1], r[0]], nan=np.inf)))
    spent, most = Spent(samples), max(SHOWN if wrong.any() else FEW, BUDGET // 10_000)
    return [
        _component(samples, samples.all[at], i, name, state, at + (not given), spent, k, most)
        for k, (i, at, state, name) in enumerate(rows)
    ]


def _component(
    samples: Samples, sample: Sample, i: int, name: str, state: str, point: int, spent: Spent, row: int, most: int
) -> Component:
    expected, found = float(sample.exact[i]), math.nan
    if row < most and spent.left(row, 0.5):
        direction = np.zeros(samples.arguments.size)
        direction[i] = max(abs(sample.look.at[i]), 0.1)
        slope, told = along(samples, sample, direction, spent), float(sample.exact[i] * direction[i])
        if abs(slope.slope - told) > 1e-3 * abs(told):
            if own := _own_scale(sample, told):
                slope = along(samples, sample, direction, spent, own)
            if told and not _says_something(slope, told, abs(told)):  # lost in the rounding of f
                slope = finite.Slope(math.nan, math.nan)
        found = slope.slope / float(direction[i])
    yours = math.nan if samples.formula is None else float(sample.claimed[i])
    other = found if samples.formula is None else yours
    return Component(name, yours, expected, found, float(relative(np.array(other), np.array(expected))), state, point)


def relative(a: Array, b: Array) -> Array:
    """|a - b| / max(|a|, |b|), and 0 where both are 0."""
    size = np.maximum(np.abs(a), np.abs(b))
    return np.divide(np.abs(a - b), size, out=np.where(np.isnan(size), np.nan, 0.0), where=size > 0)
