"""Loop text: the lines of a loop, and of everything in it, as numba compiles them.

Every tensor of a program lies in one array of memory, ``M``: what all examples share first, then m rows of each of the
others. The names of the tensors, and views of them, are declared at the top of the function.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import numpy as np

from autograd.compile.matrix.tensors import (
    Elementwise,
    Expr,
    Gather,
    Number,
    Plan,
    Ref,
    Seed,
    Shape,
    Sum,
    Table,
    Tensor,
    dense,
)
from autograd.compile.numba.fusing import Each, Place, place
from autograd.expression import symbol, write

AXES = "ijkl"
WRITTEN_OUT = {
    "copy": "{0}", "relu": "(0.0 if {0} <= 0.0 else {0})", "step": "(1.0 if {0} > 0.0 else 0.0)",
    "abs": "fabs({0})", "sqrt": "math.sqrt({0})", "where": "({1} if {0} > 0.0 else {2})",
    "maximum": "({0} if {0} >= {1} or {0} != {0} else {1})",  # NaN stays NaN
    "minimum": "({0} if {0} <= {1} or {0} != {0} else {1})",
}  # fmt: skip


class LoopText:
    """What has a name in the text, and the text of loops and expressions.

    arrays      the tensors: (m, size) numbers, or (size,) of one that all examples share
    tables      constants, which are arguments of the function
    functions   the functions that the text calls
    """

    def __init__(self, plan: Plan) -> None:
        self.inputs = plan.inputs
        self.arrays: dict[Tensor, str] = {plan.parameters: "P", plan.gradient: "G"}
        self.arrays.update({tensor: f"B{tensor.argument}" for tensor in plan.inputs})
        self.tables: dict[str, Any] = {}
        self.functions: set[str] = set()
        self._views: dict[str, str] = {}  # by what they are of: their names
        self._tables: dict[Any, str] = {}
        self._local: dict[Place, str] = {}
        self._fresh = count()
        self._flat = False

    # -- Names ----------------------------------------------------------------------------------------------------

    def array(self, tensor: Tensor) -> str:
        """The name of a tensor's memory."""
        return self.arrays.setdefault(tensor, f"t{len(self.arrays)}")

    def view(self, tensor: Tensor, text: str) -> str:
        """The name of a view of a tensor: ``text`` is what is written behind the tensor's own name."""
        what = self.array(tensor) + text
        return self._views.setdefault(what, f"{self.array(tensor)}_{len(self._views)}")

    def table(self, values: Any) -> str:
        """The name of an array of constants."""
        values = np.asarray(values)
        key = (values.dtype.kind, values.tobytes())
        if key not in self._tables:
            self._tables[key] = f"c{len(self.tables)}_"
            self.tables[self._tables[key]] = values.astype(np.int64 if values.dtype.kind in "iu" else float)
        return self._tables[key]

    def declared(self, lines: Sequence[str]) -> tuple[list[str], tuple[int, int]]:
        """The names that these lines need, one line for each, and how much memory that takes: shared, for a row."""
        used = {word for line in lines for word in _words(line)}
        views = [f"{name} = {what}" for what, name in self._views.items() if name in used]
        used |= {word for line in views for word in _words(line)}
        tensors = [t for t, name in self.arrays.items() if name in used and name[0] == "t"]
        shared = sum(t.size for t in tensors if not t.batched)
        at = {False: 0, True: 0}
        names = []
        for tensor in tensors:
            start = at[tensor.batched]
            end = at[tensor.batched] = start + tensor.size
            if tensor.batched:
                before = f"{shared} + " * bool(shared)
                text = f"M[{before}{start} * m : {before}{end} * m].reshape(m, {tensor.size})"
            else:
                text = f"M[{start}:{end}]"
            names.append(f"{self.arrays[tensor]} = {text}")
        return names + views, (shared, at[True])

    # -- Loops ----------------------------------------------------------------------------------------------------

    def loop(self, statement: Each, is_stored: Callable[[Ref], bool]) -> list[str]:
        """The lines of a loop; `is_stored` says whether anyone else reads a result."""
        before: list[str] = []
        lines: list[str] = []
        self._local, self._flat = {}, statement.flat
        index = list(AXES[: len(statement.shape)])
        for item in statement.items:
            value = self.inside(item.value, statement.shape, index)
            if item.target is None:
                lines.append(f"{item.total} += {value}")
                continue
            target = self.inside(item.target, statement.shape, index, memory=True)
            if item.over_batch:
                before += nest(False, statement.shape, index, [f"{target} = 0.0"])
                lines.append(f"{target} += {value}")
                continue
            name = f"x{next(self._fresh)}"
            if item.add:
                value = f"{self.inside(item.target, statement.shape, index)} + {value}"
            lines.append(f"{name} = {value}")
            if is_stored(item.target):
                lines.append(f"{target} = {name}")
            self._local[place(item.target)] = name
        self._local, self._flat = {}, False
        if statement.flat:
            return ["for k in range(m * " + f"{math.prod(statement.shape)}):", *("    " + line for line in lines)]
        return before + nest(statement.batched, statement.shape, index, lines)

    def inside(self, e: Expr, shape: Shape, index: list[str], *, memory: bool = False) -> str:
        """The text of an expression within a loop over `shape`, which has no axes of length 1."""
        left = list(zip(shape, index, strict=True))
        at: list[str] = []
        for n in reversed(e.shape):
            at.append(left.pop()[1] if n > 1 else "0")
        return self.at(e, at[::-1], memory=memory)

    # -- Expressions, at an index -------------------------------------------------------------------------------------

    def at(self, e: Expr, index: Sequence[str], *, memory: bool = False) -> str:
        """The text of one element."""
        if isinstance(e, Ref):
            if not memory and (known := self._local.get(place(e))) is not None:
                return known
            if self._flat:
                return f"{self.view(e.tensor, f'.reshape(m * {e.tensor.size})')}[k]"
            column = index_text(e.offset, e.strides, index)
            return f"{self.array(e.tensor)}[{'r, ' if e.batched else ''}{column}]"
        if isinstance(e, Number):
            return f"({e.value!r})" if e.value < 0 else repr(float(e.value))
        if isinstance(e, Seed):
            return "(s * m)" if e.rows else "s"
        if isinstance(e, Table):
            return f"{self.table(np.ascontiguousarray(e.values).reshape(-1))}[{index_text(0, dense(e.shape), index)}]"
        if isinstance(e, Gather):
            return f"{self.array(e.tensor)}[{'r, ' if e.batched else ''}{self.table(e.index)}[{index[0]}]]"
        if isinstance(e, Sum):
            return self.sum(e, index)
        assert isinstance(e, Elementwise)
        return self.elementwise(e, index)

    def sum(self, e: Sum, index: Sequence[str]) -> str:
        """Σ c · term + constant."""
        text = ""
        for c, term in e.terms:
            sign = (" - " if c < 0 else " + ") if text else ("-" if c < 0 else "")
            text += sign + ("" if abs(c) == 1.0 else f"{abs(c)!r} * ") + self.at(term, _fit(index, e, term))
        if e.constant is not None:
            text += (" + " if text else "") + self.at(e.constant, _fit(index, e, e.constant))
        return f"({text or '0.0'})"

    def elementwise(self, e: Elementwise, index: Sequence[str]) -> str:
        """An operation of the table."""
        args = [self.at(x, _fit(index, e, x)) for x in e.args]
        name = e.op.name
        if e.op.infix:
            return write(e.op.on(*map(symbol, args))) if all(map(_is_closed, args)) else _infix(e.op, args)
        if name in ("power", "power_slope") and isinstance(e.args[1], Number):
            n = e.args[1].value
            times = n if name == "power" else n - 1
            if times in (1.0, 2.0, 3.0) and _is_closed(args[0]):
                text = " * ".join([args[0]] * int(times))
                return f"({text})" if name == "power" else f"({n!r} * {text})"
        if name in WRITTEN_OUT:
            return WRITTEN_OUT[name].format(*args)
        self.functions.add(name)
        return f"{name}({', '.join(args)})"


# -- Helpers -----------------------------------------------------------------------------------------------------------


def index_text(offset: int, strides: Sequence[int], index: Sequence[str]) -> str:
    """offset + Σ stride · index."""
    parts = [i if s == 1 else f"{s} * {i}" for s, i in zip(strides, index, strict=True) if i != "0" and s != 0]
    if offset or not parts:
        parts.insert(0, str(offset))
    return " + ".join(parts)


def nest(batched: bool, shape: Sequence[int], index: Sequence[str], lines: Sequence[str]) -> list[str]:
    """The lines inside a loop over the rows, if batched, and over each axis."""
    heads = ["for r in range(m):"] * batched
    heads += [f"for {i} in range({n}):" for i, n in zip(index, shape, strict=True)]
    return ["    " * d + head for d, head in enumerate(heads)] + ["    " * len(heads) + line for line in lines]


def _fit(index: Sequence[str], outer: Expr, inner: Expr) -> list[str]:
    """The index of an operand, whose axes are the last ones of the result, or of length 1."""
    last = list(index)[len(index) - len(inner.shape) :]
    lengths = outer.shape[len(outer.shape) - len(inner.shape) :]
    return ["0" if n == 1 and full != 1 else i for i, n, full in zip(last, inner.shape, lengths, strict=True)]


def _infix(op: Any, args: list[str]) -> str:
    sign = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
    return f"(-{args[0]})" if op.name == "neg" else f"({args[0]} {sign[op.name]} {args[1]})"


def _is_closed(text: str) -> bool:
    return text.isidentifier()


def _words(line: str) -> set[str]:
    return set("".join(c if c.isalnum() or c == "_" else " " for c in line).split())
