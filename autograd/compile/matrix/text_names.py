"""The names in a matrix program's text: what a textbook calls the arrays, and how a view of one is written.

A layer's sums are Z1, its activations A1, its weights W1 and b1: numbered by the scopes in which the nodes were made,
or in order. A letter that the user chose as label comes first.
"""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Iterable
from typing import Any

from autograd.compile.matrix.expressions import parts
from autograd.compile.matrix.slices import arange, around, block_of, slices_of
from autograd.compile.matrix.tensors import Elementwise, Expr, Largest, Plan, Product, Ref, Shape, Sum, Tensor
from autograd.compile.record import Recording
from autograd.spell import numpy as spell

ACTIVATIONS = frozenset({"sigmoid", "tanh", "relu"})
TURNED = ".swapaxes(-1, -2)"
LETTERS = {"exp": "E", "softplus": "L", "log": "L", "div": "R", "mul": "V"}


def views(plan: Plan, tensor: Tensor) -> list[Ref]:
    """The views of a tensor that are read."""
    todo: list[Expr] = [a.value for a in [*plan.forward, *plan.backward]] + [plan.root]
    found: dict[Any, Ref] = {}
    for expr in todo:
        todo += parts(expr)
        if isinstance(expr, Ref) and expr.tensor is tensor and expr.shape:
            found[expr.key] = expr
    return list(found.values())


class Names:
    """Names for the tensors of a plan, the matrices inside the parameters, and their views."""

    def __init__(self, plan: Plan, recording: Recording) -> None:
        self.plan, self.r = plan, recording
        self.names: dict[Tensor, str] = {}
        self.pieces: dict[str, Ref] = {}  # the matrices inside the flat vector of parameters
        self.known: dict[Any, str] = {}
        self.taken = {"np", "math", "m", "w", "value", "gradient", "program", "len", "slice", *spell.DEFINITIONS}
        self.slot_of = {place: slot for slot, place in recording.parameters.items()}
        self.around = around(views(plan, plan.parameters))

    def fresh(self, name: str, number: bool = True, n: int | None = None) -> str:
        """A name that is not taken."""
        if not name.isidentifier() or keyword.iskeyword(name) or not name.isascii():
            name = "V"
        if not number and name not in self.taken:
            self.taken.add(name)
            return name
        n = 1 if n is None else n
        while f"{name}{n}" in self.taken:
            n += 1
        self.taken.add(f"{name}{n}")
        return f"{name}{n}"

    def _name_tensors(self) -> None:
        layer = 0
        number: dict[Tensor, int] = {}
        for a in self.plan.forward:
            tensor, value = a.target.tensor, a.value
            scope = self._scope(tensor.slots)
            if isinstance(value, Sum) and any(isinstance(t, Product) and t.how == "z" for _, t in value.terms):
                layer += 1
                number[tensor] = layer if scope is None else scope
                self.names[tensor] = self.fresh("Z", n=number[tensor])
                for _, term in value.terms:
                    if isinstance(term, Product) and isinstance(term.b, Ref) and term.b.tensor is self.plan.parameters:
                        self._parameter(term.b, "W", number[tensor])
                    elif isinstance(term, Ref) and term.tensor is self.plan.parameters:
                        self._parameter(term, "b", number[tensor])
            elif isinstance(value, Elementwise):
                of = value.args[0].tensor if isinstance(value.args[0], Ref) else None
                n = number.get(of) if of is not None and len(value.args) == 1 else None
                if n is not None and value.op.name in ACTIVATIONS:
                    number[tensor] = n
                    self.names[tensor] = self.fresh("A", n=n)
                else:
                    self.names[tensor] = self.fresh(LETTERS.get(value.op.name, "V"), n=n)
            else:
                self.names[tensor] = self.fresh({Sum: "S", Largest: "M"}.get(type(value), "G"))

    def _scope(self, slots: Iterable[int]) -> int | None:
        """The number at the end of the scope that all of these slots share: 2 for layer2."""
        scopes = {self.r.scopes.get(s, "") for s in slots}
        found = re.search(r"(\d+)$", scopes.pop()) if len(scopes) == 1 else None
        return int(found.group(1)) if found else None

    def piece(self, ref: Ref, letter: str, n: int | None = None) -> str:
        """The name of a view of the parameters (or of the gradient: the same with a d)."""
        shape = tuple(k for k in ref.shape if k > 1) or (1,)
        if letter == "W" and len(ref.shape) == 2:
            shape = ref.shape
        key = (ref.offset, shape, tuple(s for s, k in zip(ref.strides, ref.shape, strict=True) if k > 1))
        name = self.known.get(key)
        if name is None:
            slots = [self.slot_of[int(c)] for c in ref.columns().ravel()[:200] if int(c) in self.slot_of]
            bases = {re.match(r"[A-Za-z]*", self.r.labels.get(s, ""))[0] for s in slots}  # type: ignore[index]
            base = bases.pop() if len(bases) == 1 else ""
            if len(ref.columns().ravel()) == 1 and self.r.labels.get(slots[0] if slots else -1, "").isidentifier():
                name = self.fresh(self.r.labels[slots[0]], number=False)
            elif ref.whole and len(shape) == 1 and not base:
                name = self.names[ref.tensor]  # all parameters, as they come
            else:
                letter = (base.upper() if len(shape) > 1 and len(base) == 1 else base) or letter
                name = self.fresh(letter, n=n if n is not None else self._scope(slots))
            self.known[key] = name
            strides = ref.strides if shape == ref.shape else key[2] or (1,)
            self.pieces[name] = Ref(ref.tensor, ref.offset, shape, strides)
        return name

    # -- Shapes ---------------------------------------------------------------------------------------------------

    def _rows(self, shape: Shape) -> str:
        return ", ".join(["m", *map(str, shape)])

    def _shape(self, shape: Shape, batched: bool) -> str:
        inner = ", ".join(["m"] * batched + [str(n) for n in shape])
        return f"({inner},)" if len(shape) + batched == 1 else f"({inner})"

    def _commented(self, line: str, shape: Shape, batched: bool) -> str:
        return f"{line}  # {self._shape(shape, batched)}"

    # -- Views ----------------------------------------------------------------------------------------------------

    def _flat(self, tensor: Tensor) -> str:
        name = self.names[tensor]
        if len(tensor.shape) == 1:
            return name
        return f"{name}.reshape(m, -1)" if tensor.batched else f"{name}.reshape(-1)"

    def view(self, ref: Ref, assign: bool = False) -> str:
        """The columns that a Ref looks at, in its shape."""
        tensor = ref.tensor
        if tensor is self.plan.parameters:
            return self._parameter(ref)
        name = self.names[tensor]
        if ref.shape == tensor.shape and ref.whole:
            return name
        repeated = [k for k, (n, s) in enumerate(zip(ref.shape, ref.strides, strict=True)) if n > 1 and s == 0]
        if repeated and not assign:
            keep = [k for k in range(len(ref.shape)) if k not in repeated]
            inner = Ref(
                tensor,
                ref.offset,
                tuple(ref.shape[k] for k in keep) or (1,),
                tuple(ref.strides[k] for k in keep) or (1,),
            )
            index = [":"] * tensor.batched + ["None" if k in repeated else ":" for k in range(len(ref.shape))]
            while index[0] == "None" and len(index) > 1:  # NumPy puts first axes there by itself
                index.pop(0)
            base = self.view(inner)
            if not keep:
                return (
                    base
                    if len(ref.shape) == 1
                    else f"{base}[{', '.join([':'] * tensor.batched + ['None'] * (len(ref.shape) - 1) + [':'])}]"
                )
            while index and index[-1] == ":":
                index.pop()
            return f"{base}[{', '.join(index)}]" if index else base
        sliced = slices_of(ref, tensor)
        if sliced is not None:
            return self._sliced(name, tensor, sliced)
        if ref.whole and not assign:
            return f"{name}.reshape({', '.join(['m'] * tensor.batched + [str(n) for n in ref.shape])})"
        if len(ref.shape) == 2:
            sliced = slices_of(ref.turned, tensor)
            if sliced is not None:
                return self._sliced(name, tensor, sliced) + TURNED + "[...]" * assign
        flat = Ref(tensor, ref.offset, (math.prod(ref.shape),), ref.strides[-1:])
        in_a_row = all(s == t * n for s, t, n in zip(ref.strides, ref.strides[1:], ref.shape[1:], strict=False))
        sliced = slices_of(flat, tensor) if in_a_row else None
        if sliced is not None:
            shape = ", ".join(["m"] * tensor.batched + [str(n) for n in ref.shape])
            return f"{self._sliced(name, tensor, sliced)}.reshape({shape})" + "[...]" * assign
        index_text = arange(ref)
        return f"{self._flat(tensor)}[{':, ' if tensor.batched else ''}{index_text}]"

    def _sliced(self, name: str, tensor: Tensor, slices: list[str]) -> str:
        return name if set(slices) == {":"} else f"{name}[{', '.join([':'] * tensor.batched + slices)}]"

    def _parameter(self, ref: Ref, letter: str = "", n: int | None = None) -> str:
        repeated = [k for k, (n, s) in enumerate(zip(ref.shape, ref.strides, strict=True)) if n > 1 and s == 0]
        if matrix := self.around.get(ref.key):
            return self.piece(matrix, "W", n) + block_of(ref, matrix)
        keep = [k for k in range(len(ref.shape)) if k not in repeated]
        inner = Ref(ref.tensor, ref.offset, tuple(ref.shape[k] for k in keep), tuple(ref.strides[k] for k in keep))
        if not repeated and len(keep) == 2 and 1 not in ref.shape and 0 < ref.strides[0] < ref.strides[1]:
            return self._parameter(ref.turned, letter, n) + ".T"
        row = self.known.get((inner.offset, (1, *inner.shape), inner.strides))  # the weights of a layer of one unit
        name = f"{row}[0]" if row else self.piece(inner, letter or ("W" if len(keep) == 2 else "w"), n)
        if not row and self.pieces[name].shape != inner.shape:
            name = f"{name}.reshape({', '.join(map(str, inner.shape))})" if inner.shape else f"{name}[0]"
        if repeated and keep and keep[0] < repeated[-1]:
            return f"{name}[{', '.join('None' if k in repeated else ':' for k in range(keep[0], len(ref.shape)))}]"
        return name
