"""A graph run again with other numbers, at many points at once.

f itself is slow: it builds its graph anew at every point. Where the graph does not depend on the numbers (no ``if`` on
a Value, no ``.data``), the graph of one point gives f at any other. Nodes of one kind at one level are calculated
together, as one array.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autograd.check.problem import Array
from autograd.op import Op, SumOp
from autograd.order import arguments, topological
from autograd.value import Value

EPS = 2.0**-52
ROOM = 4_000_000  # numbers that are held at once
Ints = NDArray[np.int64]
SIGN = {"add": 1.0, "sub": -1.0}  # of the second argument


@dataclass(frozen=True, slots=True)
class Batch:
    """Nodes of one operation that need nothing of each other: their rows, and those of each argument.

    `signs` belong to a chain a + b - c + …, which is one operation here: +1 or -1 for each argument.
    """

    rule: Op
    rows: Ints
    args: Ints  # argument × node
    signs: Array | None = None

    @property
    def terms(self) -> int:
        """How many terms a `dot` has."""
        return len(self.args) // 2


class Tape:
    """The graph below `root` as a few array operations. All numbers are row × point, one row for each node."""

    def __init__(self, root: Value, inputs: Sequence[Value]) -> None:
        leaves, made = topological(root)
        leaves = leaves + list(set(inputs) - set(leaves))
        row = {node: i for i, node in enumerate(leaves + made)}
        self.start = np.array([v._data for v in leaves])
        self.inputs: Ints = np.array([row[x] for x in inputs], np.int64)
        self.size, self.root = len(row), row[root]
        self.width = self.size  # numbers that one point takes
        self.batches = list(self._batches(made, row))

    def _batches(self, made: list[Value], row: dict[Value, int]) -> Iterator[Batch]:
        rules = {node._rule.name: node._rule for node in made}
        below = {row[node]: [row[a] for a in arguments(node)] for node in made}
        name = {row[node]: node._rule.name for node in made}
        uses = [0] * self.size
        for args in below.values():
            for a in args:
                uses[a] += 1
        signs: dict[int, list[float]] = {}
        for i, (first, *rest) in list(below.items()):
            if name[i] in SIGN:
                chain = signs.pop(first) if first in signs and uses[first] == 1 else None
                terms = below.pop(first) if chain is not None else [first]  # (a + b) - c is one sum
                terms += rest
                signs[i], below[i] = [*(chain or [1.0]), SIGN[name[i]]], terms
        level = [0] * self.size
        families: dict[tuple[int, str, int], list[int]] = {}
        for i, args in below.items():
            level[i] = 1 + max([level[a] for a in args])
            families.setdefault(
                (level[i], name[i] if len(args) < 3 or i not in signs else "chain", len(args)), []
            ).append(i)
            self.width += len(args)
        for (_, kind, _), rows in sorted(families.items(), key=lambda item: item[0][0]):
            args_ = np.array([below[i] for i in rows]).T
            if kind == "chain":
                yield Batch(
                    rules[name[rows[0]]], np.array(rows), args_, np.array([signs[i] for i in rows]).T[:, :, None]
                )
            else:
                yield Batch(rules[kind], np.array(rows), args_)

    def run(self, points: Array, shake: np.random.Generator | None = None) -> Array:
        """Every node at these points (point × argument). With `shake`, each result is rounded at random."""
        values = np.zeros((self.size, len(points)))
        values[: len(self.start)] = self.start[:, None]
        values[self.inputs] = points.T
        with np.errstate(all="ignore"):
            for batch in self.batches:
                found = _value(batch, values)
                if shake is not None:
                    found = found * _jitter(found, shake) + _shaken(batch, values, shake)
                values[batch.rows] = found
        return values

    def signs(self, values: Array) -> Array:
        """Which branch every node with a kink takes: relu, max, abs."""
        signs = [np.sign(b.rule.branch(*values[b.args])) for b in self.batches if b.rule.branch is not None]
        return np.concatenate(signs) if signs else np.empty((0, values.shape[1]))

    def at(self, points: Array) -> tuple[Array, Array]:
        """f at these points, NaN where it is not defined, and the branches taken there."""
        found, signs = [], []
        most = max(1, ROOM // self.width)
        for first in range(0, len(points), most):
            values = self.run(points[first : first + most])
            found.append(np.where(np.isfinite(values).all(axis=0), values[self.root], np.nan))
            signs.append(self.signs(values))
        return np.concatenate(found), np.concatenate(signs, axis=1)

    def backwards(self, values: Array, shake: np.random.Generator | None = None) -> tuple[Array, Array]:
        """∂f/∂argument (argument × point), and Σ |contribution| over all ways through the graph."""
        adjoint, size = np.zeros_like(values), np.zeros_like(values)
        adjoint[self.root] = size[self.root] = 1.0
        with np.errstate(all="ignore"):
            for batch in reversed(self.batches):
                up, total = adjoint[batch.rows], size[batch.rows]
                if shake is not None:
                    up = up * _jitter(up, shake)
                for which, slope in _slopes(batch, values):
                    amount = up * slope
                    if shake is not None:
                        amount = np.where(np.abs(slope) == 1, amount, amount * _jitter(amount, shake))
                    np.add.at(adjoint, which, amount)
                    np.add.at(size, which, total * np.abs(slope))
        return adjoint[self.inputs], size[self.inputs]

    def rounding(self, values: Array) -> Array:
        """A bound on the rounding error of f: each node's own, and what it inherits along its slopes."""
        error = np.zeros_like(values)
        with np.errstate(all="ignore"):
            for batch in self.batches:
                error[batch.rows] = EPS / 2 * _sizes(batch, values)
                for which, slope in _slopes(batch, values):
                    inherited = np.abs(slope) * error[which]
                    error[batch.rows] += inherited if inherited.ndim == 2 else inherited.sum(axis=0)
        return np.asarray(error[self.root])


def _value(batch: Batch, values: Array) -> Array:
    if batch.signs is not None:
        return np.asarray((batch.signs * values[batch.args]).sum(axis=0))
    if not isinstance(batch.rule, SumOp):
        return np.asarray(batch.rule.array(*values[batch.args]))
    if len(batch.rule.term.slopes) == 1:
        return np.asarray(values[batch.args].sum(axis=0))
    n = batch.terms
    terms = (values[batch.args[:n]] * values[batch.args[len(batch.args) - n :]]).sum(axis=0)
    return np.asarray(terms + values[batch.args[n]] if len(batch.args) > 2 * n else terms)


def _slopes(batch: Batch, values: Array) -> Iterator[tuple[Ints, Array]]:
    """The rows of arguments that are not held fixed, and ∂node/∂argument: of one argument, or of all terms of a sum."""
    if batch.signs is not None:
        yield batch.args, np.broadcast_to(batch.signs, (*batch.args.shape, values.shape[1]))
        return
    numbers = values[batch.args]
    if not isinstance(batch.rule, SumOp):
        for i, which in enumerate(batch.args):
            slope = batch.rule.slope(i, values[batch.rows], list(numbers))
            if slope is not None:
                yield which, np.broadcast_to(np.asarray(slope, float), numbers[i].shape)
        return
    if len(batch.rule.term.slopes) == 1:
        yield batch.args, np.ones(numbers.shape)
        return
    n, most = batch.terms, len(batch.args)
    if n:
        yield batch.args[:n], numbers[most - n :]
        yield batch.args[most - n :], numbers[:n]
    if most > 2 * n:
        yield batch.args[n], np.ones(numbers[n].shape)


def _jitter(like: Array, rng: np.random.Generator) -> Array:
    return np.asarray((1.0 - EPS) + 2 * EPS * rng.integers(0, 2, like.shape))


def _partial(batch: Batch, values: Array) -> Array:
    """The sums within a chain, all but the last."""
    assert batch.signs is not None
    return np.asarray(np.cumsum(batch.signs * values[batch.args], axis=0)[1:-1])


def _shaken(batch: Batch, values: Array, rng: np.random.Generator) -> Array | float:
    """What rounding at random makes of the sums within a chain."""
    if batch.signs is None:
        return 0.0
    partial = _partial(batch, values)
    return np.asarray(EPS * (partial * rng.choice([-1.0, 1.0], partial.shape)).sum(axis=0))


def _sizes(batch: Batch, values: Array) -> Array:
    """The sizes of all results that were rounded: of a chain, every sum within it."""
    size = np.abs(values[batch.rows])
    return size if batch.signs is None else size + np.abs(_partial(batch, values)).sum(axis=0)
