"""The "numba" backend: a tape of instructions, and one compiled loop that runs any tape.

For graphs that are large and irregular: no matrices to find, too long for a function without loops. The recording
becomes instructions ordered by level (an instruction's level is one more than its arguments'), and within a level by
operation, so that the loop works through *runs* of equal instructions:

    for each run (operation, first, last):        backwards: the runs in reverse,
        for i in first … last:                        g[x[i]] += g[i] · slope(v[i], v[x[i]], v[y[i]])
            v[i] = operation(v[x[i]], v[y[i]])        for each argument

Sums are found in whatever way they were added up (`autograd.compile.linear`): a chain of products and sums is one
instruction `dot`, other sums are one instruction `linear`.

The loops are text generated from the rule table (`autograd.compile.numba.kernel`), compiled once for all tapes and kept
in the user's cache folder. With a batch, every value is a row of numbers, one for each example of a block.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from autograd import rules
from autograd.compile.linear import form, is_sum, uses
from autograd.compile.numba import kernel
from autograd.compile.record import Recording

Array = NDArray[np.float64]
Index = NDArray[np.int64]
BLOCK = 32  # examples that are computed at a time: the values of a block should stay in the processor's cache


@dataclass(frozen=True)
class Tape:
    """Instructions as arrays. The values are v[0 …]: first the leaves, then one for each instruction.

    parameters    how many of the leaves are parameters: they come first, in their own order
    inputs        then the numbers of the example, in their own order
    constants     then the constants
    runs          rows (code of the operation, first instruction, one past the last)
    x, y, u       the arguments of each instruction; for a sum x … y are its entries, u the offset
    left, right, factor    the entries of sums: left·right for `dot`, factor·left for `linear`
    root          the result
    """

    parameters: int
    inputs: int
    constants: Array
    runs: Index
    x: Index
    y: Index
    u: Index
    left: Index
    right: Index
    factor: Array
    root: int

    @property
    def leaves(self) -> int:
        """How many values no instruction makes."""
        return self.parameters + self.inputs + len(self.constants)

    def __len__(self) -> int:
        return len(self.x)

    @property
    def arrays(self) -> tuple[Index | Array | int, ...]:
        """What the loops take."""
        return self.leaves, self.runs, self.x, self.y, self.u, self.left, self.right, self.factor


@dataclass
class _Instruction:
    code: str
    args: Sequence[int] = ()
    left: Sequence[int] = ()
    right: Sequence[int] = ()
    factor: Sequence[float] = ()


class _Builder:
    """Collects instructions by the recording's slots; slots from `len(recording)` on are new ones."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.count = uses(recording)
        self.made: dict[int, _Instruction] = {}
        self.constants = dict(recording.constants)
        self.known: dict[float, int] = {value: slot for slot, value in self.constants.items()}
        self.next = len(recording)
        self.helps: dict[int, int] = {}  # new slot -> the slot of the recording that it is a part of

    def new(self) -> int:
        self.next += 1
        return self.next - 1

    def constant(self, value: float) -> int:
        slot = self.known.get(value)
        if slot is None:
            slot = self.known[value] = self.new()
            self.constants[slot] = value
        return slot

    def add(self, slot: int) -> list[int]:
        """The instruction(s) for a slot of the recording; returns what it needs."""
        recording = self.recording
        op, args = recording.ops[slot], recording.args[slot]
        if slot in recording.held or (op is rules.maximum and len(args) != 2):
            if op is not rules.maximum:
                raise NotImplementedError(f"the numba backend cannot hold the slopes of {op.name}")
            self.made[slot] = _Instruction("largest", left=args)
            return list(args)
        if not is_sum(recording, slot):
            self.made[slot] = _Instruction(op.name, args)
            return list(args)
        (found, constant), products = form(recording, slot, self.count)
        terms = []
        for c, t in found:  # a product that is used nowhere else is part of the sum
            if recording.ops[t] is rules.mul and self.count[t] == 1:
                w, x = recording.args[t]
                products.append((c, w, x))
            else:
                terms.append((c, t))
        needed = [t for _, t in terms] + [f for _, w, x in products for f in (w, x)]
        alike: dict[float, list[tuple[int, int]]] = {}
        for c, w, x in products:
            alike.setdefault(c, []).append((w, x))
        if constant:
            terms = [*terms, (1.0, self.constant(constant))]
        if set(alike) == {1.0} and len(terms) <= 1 and (not terms or terms[0][0] == 1.0):
            offset = terms[0][1] if terms else self.constant(0.0)
            self.dot(slot, alike[1.0], offset)
            return needed
        for c, pairs in alike.items():
            terms = [*terms, (c, product := self.new())]
            self.helps[product] = slot
            self.dot(product, pairs, self.constant(0.0))
        self.linear(slot, terms)
        return needed

    def dot(self, slot: int, pairs: list[tuple[int, int]], offset: int) -> None:
        if len(pairs) == 1 and self.constants.get(offset) == 0.0:
            self.made[slot] = _Instruction("mul", pairs[0])
        else:
            self.made[slot] = _Instruction("dot", (offset,), [w for w, _ in pairs], [x for _, x in pairs])

    def linear(self, slot: int, terms: list[tuple[float, int]]) -> None:
        factors, slots = tuple(c for c, _ in terms), tuple(t for _, t in terms)
        if factors == (1.0, 1.0):
            self.made[slot] = _Instruction("add", slots)
        elif factors == (1.0, -1.0):
            self.made[slot] = _Instruction("sub", slots)
        elif factors == (-1.0, 1.0):
            self.made[slot] = _Instruction("sub", slots[::-1])
        elif factors == (-1.0,):
            self.made[slot] = _Instruction("neg", slots)
        elif len(terms) == 1:
            self.made[slot] = _Instruction("mul", (self.constant(factors[0]), slots[0]))
        else:
            self.made[slot] = _Instruction("linear", left=slots, factor=factors)


def tape(recording: Recording, root: int) -> Tape:
    """The instructions for one result of a recording."""
    build = _Builder(recording)
    needed = {root}
    for slot in range(root, -1, -1):
        if slot in needed and recording.args[slot]:
            needed.update(build.add(slot))
    level = _levels(build)
    order = sorted(build.made, key=lambda s: (level[s], kernel.CODES[build.made[s].code], s))
    return _numbered(build, order, root)


def _levels(build: _Builder) -> dict[int, int]:
    """How far each instruction is from the leaves; a helper comes just before the slot that it helps."""
    level: dict[int, int] = {}
    made, helps = build.made, build.helps
    for slot in sorted(made, key=lambda s: (helps.get(s, s), s not in helps)):
        i = made[slot]
        level[slot] = 1 + max((level.get(a, 0) for part in (i.args, i.left, i.right) for a in part), default=0)
    return level


def _numbered(build: _Builder, order: list[int], root: int) -> Tape:
    recording = build.recording
    parameters, inputs = recording.parameter_count, recording.input_count
    constants = list(build.constants)
    place = dict(recording.parameters)
    place.update({slot: parameters + at for slot, at in recording.inputs.items()})
    place.update({slot: parameters + inputs + k for k, slot in enumerate(constants)})
    leaves = parameters + inputs + len(constants)
    place.update({slot: leaves + k for k, slot in enumerate(order)})
    x, y, u = (np.zeros(len(order), np.int64) for _ in range(3))
    left: list[int] = []
    right: list[int] = []
    factor: list[float] = []
    codes = np.zeros(len(order), np.int64)
    for k, slot in enumerate(order):
        i = build.made[slot]
        codes[k] = kernel.CODES[i.code]
        if i.left:
            lefts, rights = [place[s] for s in i.left], [place[s] for s in i.right]
            x[k], y[k], u[k] = len(left), len(left) + len(lefts), place[i.args[0]] if i.args else 0
            if i.code == "dot" and _in_a_row(lefts) and _in_a_row(rights):
                codes[k] = kernel.CODES["dot of rows"]
                x[k], y[k] = len(left), len(left) + 1  # one entry: where the rows begin; their length as a factor
                lefts, rights, factors = lefts[:1], rights[:1], [float(len(lefts))]
            else:
                factors = list(i.factor) or [0.0] * len(lefts)
            left += lefts
            right += rights or [0] * len(lefts)
            factor += factors
        else:
            for array, arg in zip((x, y, u), i.args, strict=False):
                array[k] = place[arg]
    edges = np.flatnonzero(np.diff(codes)) + 1
    first = np.concatenate([[0], edges]) if len(codes) else np.zeros(0, np.int64)
    last = np.concatenate([edges, [len(codes)]]) if len(codes) else np.zeros(0, np.int64)
    return Tape(
        parameters=parameters,
        inputs=inputs,
        constants=np.array([build.constants[s] for s in constants], float),
        runs=np.ascontiguousarray(np.column_stack([codes[first], first, last]).astype(np.int64)),
        x=x,
        y=y,
        u=u,
        left=np.array(left, np.int64),
        right=np.array(right, np.int64),
        factor=np.array(factor, float),
        root=place[root],
    )


def _in_a_row(slots: list[int]) -> bool:
    return slots == list(range(slots[0], slots[0] + len(slots)))


class _Single:
    """A tape that is run on one set of numbers."""

    def __init__(self, made: Tape) -> None:
        self.tape, self.arrays = made, made.arrays
        self.v = np.zeros(made.leaves + len(made))
        self.g = np.zeros_like(self.v)
        self.v[made.leaves - len(made.constants) : made.leaves] = made.constants
        self.run = kernel.compiled(rows=False)

    def __call__(self, parameters: Array, weight: float) -> tuple[float, Array]:
        """(weight · value, its gradient)."""
        v, g, made = self.v, self.g, self.tape
        v[: made.parameters] = parameters
        g[:] = 0.0
        g[made.root] = weight
        self.run(v, g, *self.arrays)
        return weight * float(v[made.root]), g[: made.parameters].copy()


class _Rows:
    """A tape that is run on blocks of examples; every value is a row, one number for each example."""

    def __init__(self, made: Tape) -> None:
        self.tape, self.arrays = made, made.arrays
        self.v = np.zeros((made.leaves + len(made), BLOCK))
        self.g = np.zeros_like(self.v)
        self.v[made.leaves - len(made.constants) : made.leaves] = made.constants[:, None]
        self.run = kernel.compiled(rows=True)

    def __call__(self, parameters: Array, batch: list[Array], weight: float) -> tuple[float, Array]:
        """Σ over the examples of (weight · value), and its gradient."""
        v, g, made = self.v, self.g, self.tape
        count = len(batch[0])
        v[: made.parameters] = parameters[:, None]
        value, gradient = 0.0, np.zeros(made.parameters)
        for first in range(0, count, BLOCK):
            size = min(BLOCK, count - first)
            at = made.parameters
            for array in batch:
                part = array[first : first + size].reshape(size, -1).T
                v[at : at + len(part), :size] = part
                at += len(part)
            g[:] = 0.0
            g[made.root, :size] = weight
            self.run(v, g, size, *self.arrays)
            value += float(v[made.root, :size].sum())
            gradient += g[: made.parameters].sum(1)
        return weight * value, gradient


class NumbaRunner:
    """A recording as tapes: one for the cost, one for the penalty if there is one."""

    def __init__(self, recording: Recording) -> None:
        cost = tape(recording, recording.root)
        self.source = kernel.source(rows=bool(recording.shapes))
        self.tape = cost
        self._rows = _Rows(cost) if recording.shapes else None
        self._single = None if recording.shapes else _Single(cost)
        self._penalty = None if recording.penalty is None else _Single(tape(recording, recording.penalty))
        self.lock = Lock()

    def explain(self) -> str:
        """How many instructions there are, by operation."""
        names = {code: name for name, code in kernel.CODES.items()}
        count: Counter[str] = Counter()
        for code, first, last in self.tape.runs.tolist():
            count[names[code]] += last - first
        found = ", ".join(f"{n} × {name}" for name, n in count.most_common())
        return f"a tape of {len(self.tape)} instructions in {len(self.tape.runs)} runs: {found}"

    def __call__(self, parameters: Array, batch: list[Array], weight: float) -> tuple[float, Array]:
        """Σ over the examples of (cost · weight) + penalty, and its gradient along the parameters."""
        with self.lock:  # threads would share the values and slopes
            if self._single is not None:
                value, gradient = self._single(parameters, weight)
            else:
                assert self._rows is not None
                value, gradient = self._rows(parameters, batch, weight)
            if self._penalty is not None:
                extra, slope = self._penalty(parameters, 1.0)
                value += extra
                gradient += slope
        return value, gradient
