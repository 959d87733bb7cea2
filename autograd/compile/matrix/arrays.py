"""Arrays: what the names in a plan's calls stand for.

While a plan is written out, every view, temporary result and constant gets a name; `Arrays.arrays` makes them, for a
number of rows. Results take over the memory of what they are made from where nobody needs that any more.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import rules
from autograd.compile.aligned import zeros
from autograd.compile.matrix.expressions import parts
from autograd.compile.matrix.memory import View, view_of
from autograd.compile.matrix.tensors import (
    Assign,
    Elementwise,
    Expr,
    Gather,
    Plan,
    Ref,
    Shape,
    Sum,
    Tensor,
    dense,
    whole,
)

Array = NDArray[np.float64]
IN_PLACE = frozenset({"sigmoid", "tanh", "exp"})  # whose argument may be overwritten by the result
SHORT_ROW = 32  # numbers


def is_short_row(term: Expr, out: Ref) -> bool:
    """Whether this is a row that all examples share, and short enough to be written out for each: `Calls.repeated`."""
    if not (isinstance(term, Ref) and out.batched and not term.batched and term.shape == out.shape):
        return False
    return 1 < math.prod(term.shape) <= SHORT_ROW and term.strides == dense(term.shape)


class Arrays:
    """Names, and the arrays that they stand for."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.views: dict[Any, str] = {}
        self.specs: dict[str, View] = {}
        self.constants: dict[str, Any] = {}
        self.known: dict[float, str] = {}
        self.ones: set[int] = set()
        self.columns: set[float] = set()
        self.masks: dict[str, tuple[Shape, bool]] = {}
        self.seen: dict[str, str] = {}  # inputs that are used as they are passed
        self.tensors: dict[Tensor, None] = {}  # in order
        self.copied = self._copied()
        self.paired = self._paired()
        self.shared = self._shared()
        self.turned = self._turned()

    def arrays(self, rows: int, parameters: Array, gradient: Array) -> dict[str, Any]:
        """What the names stand for, in batches of this many rows."""
        memory: dict[Tensor, Array] = {self.plan.parameters: parameters, self.plan.gradient: gradient}
        names: dict[str, Any] = dict(self.constants)
        for name, spec in self.specs.items():
            tensor = self.shared.get(spec.tensor, spec.tensor)
            if tensor not in memory:
                memory[tensor] = zeros(tensor.size * (rows if tensor.batched else 1))
            names[name] = view_of(spec, memory[tensor], rows)
        for name, (shape, batched) in self.masks.items():
            names[name] = np.zeros((rows, *shape) if batched else shape, dtype=bool)
        names |= {"column" if c > 0 else "minus": np.full((rows, 1), c) for c in self.columns}
        return names | {f"ones{n}": np.ones(rows * n) for n in self.ones}

    def _tensor(self, shape: Shape, batched: bool) -> Tensor:
        tensor = Tensor("temporary", math.prod(shape), batched, shape)
        self.tensors[tensor] = None
        return tensor

    def _copied(self) -> dict[Tensor, bool]:
        """For each input: whether its rows must be copied, because the program looks at parts of them."""
        result = dict.fromkeys(self.plan.inputs, False)

        def look(expr: Expr) -> None:
            if (
                isinstance(expr, Ref)
                and expr.tensor in result
                and not (expr.whole and max(expr.shape) == expr.tensor.size)
            ):
                result[expr.tensor] = True
            for part in parts(expr):
                look(part)

        for a in [*self.plan.forward, *self.plan.backward]:
            look(a.value)
        look(self.plan.root)
        return result

    def _paired(self) -> set[Any]:
        """What softplus and its slope, the sigmoid, are both computed of: they share e^-|z|."""
        seen: dict[str, set[Any]] = {"softplus": set(), "sigmoid": set()}

        def look(expr: Expr) -> None:
            if isinstance(expr, Elementwise) and expr.op.name in seen and isinstance(expr.args[0], Ref):
                seen[expr.op.name].add(expr.args[0].key)
            for part in parts(expr):
                look(part)

        for a in [*self.plan.forward, *self.plan.backward]:
            look(a.value)
        return seen["softplus"] & seen["sigmoid"]

    def _shared(self) -> dict[Tensor, Tensor]:
        """Results that take over the memory of what they are made from, which nobody needs any more: A for Z."""
        reads: dict[Tensor, int] = {}

        def look(expr: Expr) -> None:
            if isinstance(expr, Ref | Gather):
                reads[expr.tensor] = reads.get(expr.tensor, 0) + 1
            for part in parts(expr):
                look(part)

        for a in [*self.plan.forward, *self.plan.backward]:
            look(a.value)
        for result in (self.plan.root, self.plan.penalty):
            if result is not None:
                look(result)
        shared: dict[Tensor, Tensor] = {}
        for a in self.plan.forward:
            value, tensor = a.value, a.target.tensor
            if isinstance(value, Elementwise) and value.op.name in IN_PLACE and isinstance(value.args[0], Ref):
                x = value.args[0]
                once = reads[x.tensor] == 1 and x.whole and x.key not in self.paired
                if once and x.tensor.kind == "node" and x.batched == tensor.batched:
                    shared[tensor] = shared.get(x.tensor, x.tensor)
        return shared

    def _turned(self) -> set[Tensor]:
        """What is computed as -z instead of z: the sums of which σ(z) = 1/(1 + e^-z) is made, and nothing else."""
        made: dict[Tensor, list[Assign]] = {}
        turned: set[Tensor] = set()
        for a in self.plan.forward:
            made.setdefault(a.target.tensor, []).append(a)
            x = a.value.args[0] if isinstance(a.value, Elementwise) and a.value.op is rules.sigmoid else None
            if not isinstance(x, Ref) or a.target.tensor not in self.shared or len(made.get(x.tensor, [])) != 1:
                continue
            z, target = made[x.tensor][0].value, made[x.tensor][0].target
            if not (isinstance(z, Sum) and target.whole and len(z.terms) > 1 and z.constant is None):
                continue
            if any(c == 1.0 and is_short_row(term, target) for c, term in z.terms):
                turned.add(x.tensor)
        return turned

    def view(self, ref: Ref, flat: str = "", transposed: bool = False) -> str:
        """The name of a view."""
        tensor = ref.tensor
        if tensor in self.copied and not self.copied[tensor]:
            short = f"X{tensor.argument}"
            if flat == "all":
                short += "_all"
                self.seen[short] = f"B{tensor.argument}.reshape(-1)"
            elif len(ref.shape) == 2 and not flat:
                short += f"_{ref.shape[0]}" + ("T" if transposed else "")
                shape = ref.shape[::-1] if transposed else ref.shape
                self.seen[short] = f"B{tensor.argument}.reshape(rows, {', '.join(map(str, shape))})"
            else:
                plain = len(self.plan.shapes[tensor.argument]) == 1
                self.seen[short] = f"B{tensor.argument}" + ("" if plain else f".reshape(rows, {tensor.size})")
                short += ".T" if transposed else ""
            return short
        spec = View(tensor, ref.offset, ref.shape, ref.strides, flat, transposed)
        key = (id(tensor), *ref.key[1:], flat, transposed)
        name = self.views.get(key)
        if name is None:
            name = self.views[key] = f"a{len(self.views)}"
            self.specs[name] = spec
            if tensor not in (self.plan.parameters, self.plan.gradient):
                self.tensors[tensor] = None
        return name

    def constant(self, value: Any) -> str:
        """The name of a constant array or number."""
        if np.ndim(value) == 0:
            name = self.known.get(float(value))
            if name is not None:
                return name
            self.known[float(value)] = f"c{len(self.constants)}"
        name = f"c{len(self.constants)}"
        self.constants[name] = np.array(value, dtype=float)
        return name

    def constant_index(self, index: Any) -> str:
        """The name of an array of columns."""
        name = f"i{len(self.constants)}"
        self.constants[name] = index
        return name

    def temporary(self, shape: Shape, batched: bool) -> Ref:
        """A new array."""
        return whole(self._tensor(shape, batched), shape)
