"""What the checker knows when a formula is wrong, and what a diagnosis says about it.

A `Problem` is the function `f`, how its arguments lie in one flat vector, and several `Point`s: at each the
graph of `f`, the exact gradient and the one that the student's formula gave. The search for the mistake
reads only this, and returns `Diagnosis` records.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from autograd.value import Value

Array = NDArray[np.float64]
Kind = Literal[
    "sign", "factor", "term-sign", "term-factor", "missing-term", "extra-term", "missing-slope", "wrong-slope",
    "wrong-point", "transposed", "permuted", "swapped", "overwritten", "unknown",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Block:
    """One array (or number) among the arguments: where its components lie in the flat vector.

    `name`      as a student would write it: "W1", "p['bias']", "layers[0]"
    `shape`     () for a number
    `offset`    the place of its first component
    `argument`  which argument of f it belongs to, counted from 0
    """

    name: str
    shape: tuple[int, ...]
    offset: int
    argument: int = 0

    @property
    def size(self) -> int:
        """How many components."""
        return math.prod(self.shape)

    @property
    def slice(self) -> slice:
        """Its components in the flat vector."""
        return slice(self.offset, self.offset + self.size)

    def component(self, i: int) -> str:
        """The name of component `i`, counted from the block's first: "W1[0,2]"."""
        place = np.unravel_index(i, self.shape)
        return f"{self.name}[{','.join(str(int(p)) for p in place)}]" if self.shape else self.name


@dataclass(frozen=True, slots=True)
class Point:
    """One place where the formula was tried. All arrays are flat, in the order of `Problem.names`.

    `at`       the numbers the arguments had
    `root`     the graph of f, made there while lines were noted; its inputs carry labels
    `inputs`   the leaves of that graph that are the arguments
    `exact`    the true gradient
    `claimed`  the gradient that the formula gave
    `slack`    how far `claimed` may lie from `exact` and still be right: tolerance and rounding
    """

    at: Array
    root: Value
    inputs: list[Value]
    exact: Array
    claimed: Array
    slack: Array


@dataclass(frozen=True, slots=True)
class Problem:
    """A formula that does not agree with f: everything that a diagnosis may look at. `rtol` is the caller's."""

    f: Callable[..., Any]
    names: list[str]
    blocks: list[Block]
    points: list[Point]
    rtol: float = 1e-6

    def block_of(self, i: int) -> Block:
        """The block that flat component `i` belongs to."""
        return next(b for b in self.blocks if b.offset <= i < b.offset + b.size)


@dataclass(frozen=True, slots=True)
class Evidence:
    """How well an explanation fits.

    `error`       the largest relative distance between the explanation's gradient and the student's
    `points`      at how many points they were compared
    `next_best`   the next explanation in one line, "" if there was none
    `next_error`  its error (NaN if there was none)
    """

    error: float
    points: int
    next_best: str = ""
    next_error: float = math.nan


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One explanation of what is wrong.

    `kind`      what sort of mistake, one of `Kind`
    `where`     the place in the graph, in the user's own labels
    `factor`    the number involved (-1 for a sign, 0.5 for a forgotten 2, …); None if there is none
    `text`      one sentence for the student
    `latex`     the corrected term ("" if there is nothing to write)
    `evidence`  how well it fits
    """

    kind: Kind
    where: str
    factor: float | None
    text: str
    latex: str = ""
    evidence: Evidence = field(default_factory=lambda: Evidence(math.nan, 0))

    def to_dict(self) -> dict[str, Any]:
        """As plain data, for JSON: NaN becomes None."""
        data = asdict(self)
        data["evidence"] = {k: None if v != v else v for k, v in data["evidence"].items()}
        return data
