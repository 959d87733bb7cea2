"""Adjoint: the backward pass of a matrix program, made from its forward pass.

It is the chain rule of `autograd.reverse`, one tensor at a time: from the root down, the adjoint of each tensor is
passed on to what it was made from, times the slope. Slopes of elementwise operations are the rules of the table,
called with symbols. A view passes its adjoint to the columns it looks at; what all examples share adds up over the
batch.

An adjoint that is the same number everywhere (that of the loss, or of each term of a sum) is kept as that number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from autograd.compile.matrix.expressions import key_of, reshaped, summed, tensors_of, times
from autograd.compile.matrix.tensors import (
    Along,
    Assign,
    Elementwise,
    Expr,
    Gather,
    Number,
    Plan,
    Product,
    Ref,
    Seed,
    Shape,
    Sum,
    Tensor,
    dense,
    whole,
)
from autograd.compile.record import Recording
from autograd.compile.slopes import slope_of
from autograd.expression import Expression
from autograd.op import find


@dataclass
class Amount:
    """coefficient · (Seed) · expr; the same number everywhere if there is no expr."""

    coefficient: float = 1.0
    seeded: bool = False
    expr: Expr | None = None
    rows: bool = False  # a bare seed that counts once for every row of the batch

    @property
    def same(self) -> Any:
        """Equal for amounts that differ only in the coefficient."""
        return self.seeded, None if self.expr is None else key_of(self.expr), self.rows


def differentiate(plan: Plan, recording: Recording) -> Plan:
    """The plan, with its backward pass."""
    return Backward(plan, recording).run()


class Backward:
    """The chain rule on tensors."""

    def __init__(self, plan: Plan, recording: Recording) -> None:
        self.plan = plan
        self.active = self._active(recording)
        self.received: dict[Tensor, list[tuple[Ref, Amount]]] = {}
        self.scattered: dict[Tensor, list[tuple[Any, Expr]]] = {}
        self.made: dict[Any, Ref] = {}  # elementwise tensors by what they are: (op, arguments)
        self.outputs = {id(a.value): a.target.tensor for a in plan.forward}
        for a in plan.forward:
            if isinstance(a.value, Elementwise) and all(isinstance(x, Ref) for x in a.value.args):
                key = (a.value.op.name, *(x.key for x in a.value.args if isinstance(x, Ref)))
                self.made[key] = Ref(a.target.tensor, 0, a.value.shape, dense(a.value.shape))

    def _active(self, recording: Recording) -> set[Tensor]:
        active = {self.plan.parameters}
        for a in self.plan.forward:
            held = any(s in recording.held for s in a.target.tensor.slots)
            if not held and any(t in active for t in tensors_of(a.value)):
                active.add(a.target.tensor)
        return active

    def run(self) -> Plan:
        """From the root to the gradient."""
        plan = self.plan
        one = Amount(1.0, True)
        batched = bool(plan.inputs)
        if isinstance(plan.root, Sum):
            self.pass_on(plan.root, replace(one, rows=batched and not plan.root.batched))
        else:
            self.give(plan.root, replace(one, rows=batched and not plan.root.batched), plan.root.batched)
        if plan.penalty is not None:
            self.give(plan.penalty, Amount(1.0), False)
        for a in reversed(plan.forward):
            tensor = a.target.tensor
            if tensor in self.active and (tensor in self.received or tensor in self.scattered):
                self.pass_on(a.value, self.collect(tensor, a.value))
        self.write(
            whole(plan.gradient), self.received.get(plan.parameters, []), self.scattered.get(plan.parameters, [])
        )
        self._slopes_early()
        return plan

    def _slopes_early(self) -> None:
        """Move each part of the gradient up to where what it is made of has just been computed."""
        ready = {a.target.tensor: k for k, a in enumerate(self.plan.backward)}
        gradient = self.plan.gradient
        keys: list[int] = []
        latest = -1
        for k, a in enumerate(self.plan.backward):
            key = k
            if a.target.tensor is gradient:
                key = max((ready.get(t, -1) for t in tensors_of(a.value)), default=-1)
                key = max(key, latest) if a.add else key  # after what it adds to
                latest = max(latest, key)
            keys.append(key)
        order = sorted(range(len(keys)), key=lambda k: (keys[k], self.plan.backward[k].target.tensor is gradient))
        self.plan.backward = [self.plan.backward[k] for k in order]

    # -- Receiving ------------------------------------------------------------------------------------------------

    def give(self, ref: Expr, amount: Amount, batched: bool) -> None:
        """Add to the adjoint of what `ref` looks at. `batched`: whether the amount is one for every example."""
        if not isinstance(ref, Ref) or ref.tensor not in self.active:
            return
        repeated = tuple(k for k, (n, s) in enumerate(zip(ref.shape, ref.strides, strict=True)) if s == 0 and n > 1)
        over_batch = batched and not ref.tensor.batched
        if amount.expr is None:
            times = math.prod([ref.shape[k] for k in repeated])
            amount = replace(amount, coefficient=amount.coefficient * times, rows=amount.rows or over_batch)
        elif over_batch and not amount.expr.batched:
            amount = replace(amount, rows=True)  # the same for every example
        if amount.expr is not None and (repeated or (over_batch and amount.expr.batched)):
            shape = tuple(n for k, n in enumerate(ref.shape) if k not in repeated)
            amount = replace(amount, expr=summed(amount.expr, repeated, over_batch, shape))
        if repeated:
            keep = [k for k in range(len(ref.shape)) if k not in repeated]
            ref = Ref(ref.tensor, ref.offset, tuple(ref.shape[k] for k in keep), tuple(ref.strides[k] for k in keep))
        if ref.overlaps:  # a sliding window: columns are met several times
            columns = ref.columns().ravel()
            value = self._terms([amount], ref.shape, ref.tensor.batched)
            self.scattered.setdefault(ref.tensor, []).append((columns, value))
            return
        self.received.setdefault(ref.tensor, []).append(_simplest(ref, amount))

    def collect(self, tensor: Tensor, made_by: Expr) -> Amount:
        """The whole adjoint of a tensor: a number, or a tensor of its own, written by assignments."""
        received, scattered = self.received.pop(tensor, []), self.scattered.pop(tensor, [])
        if not scattered and all(a.expr is None and r.whole for r, a in received):
            amounts = [a for _, a in received]
            if all(a.seeded == amounts[0].seeded and a.rows == amounts[0].rows for a in amounts) and not _has_product(
                made_by
            ):
                return replace(amounts[0], coefficient=sum(a.coefficient for a in amounts))
        if len(received) == 1 and not scattered and (same := _as_it_is(*received[0])):
            return Amount(expr=whole(same, tensor.shape))
        adjoint = Tensor("adjoint", tensor.size, tensor.batched, tensor.shape, slots=tensor.slots)
        self.plan.adjoints[tensor] = adjoint
        self.write(whole(adjoint), received, scattered)
        return Amount(1.0, False, whole(adjoint))

    def write(self, target: Ref, received: list[tuple[Ref, Amount]], scattered: list[tuple[Any, Expr]]) -> None:
        """The assignments that add up an adjoint. What is written first is assigned, not added."""
        tensor = target.tensor
        views: dict[Any, list[tuple[Ref, Amount]]] = {}
        for ref, amount in received:
            views.setdefault(ref.key[1:], []).append((ref, amount))
        written = np.zeros(tensor.size, dtype=bool)
        out = self.plan.backward
        for items in _in_order(list(views.values()), tensor.size):
            ref = items[0][0]
            view = Ref(tensor, ref.offset, ref.shape, ref.strides)
            columns = np.unique(view.columns())
            already = written[columns]
            if already.any() and not already.all():
                self._zero(tensor, written)
                already[:] = True
            out.append(
                Assign(view, self._added([a for _, a in items], ref.shape, tensor.batched), add=bool(already.any()))
            )
            written[columns] = True
        if not written.all():
            self._zero(tensor, written)
        for index, expr in scattered:
            out.append(Assign(target, expr, add=True, scatter=index))

    def _zero(self, tensor: Tensor, written: Any) -> None:
        """Zeros in the columns that nothing was written to."""
        missing = np.flatnonzero(~written)
        for run in np.split(missing, np.flatnonzero(np.diff(missing) != 1) + 1):
            shape = (len(run),)
            self.plan.backward.append(Assign(Ref(tensor, int(run[0]), shape, dense(shape)), Number(0.0)))
        written[:] = True

    def _added(self, amounts: list[Amount], shape: Shape, batched: bool) -> Expr:
        """The sum of amounts: c · Seed · (± e_1 ± e_2 …) where that saves multiplications."""
        merged: dict[Any, Amount] = {}
        for a in amounts:
            before = merged.get(a.same)
            merged[a.same] = a if before is None else replace(a, coefficient=a.coefficient + before.coefficient)
        rest = [a for a in merged.values() if a.coefficient != 0.0] or [Amount(0.0)]
        rest.sort(key=lambda a: 0 if isinstance(a.expr, Product) else 1)
        size = abs(rest[0].coefficient)
        if all(a.seeded and not a.rows and abs(a.coefficient) == size for a in rest) and any(a.expr for a in rest):
            rest.sort(key=lambda a: 0 if a.coefficient > 0 and a.expr is not None else 1)
            sign = 1.0 if rest[0].coefficient > 0 else -1.0
            inner = self._terms(
                [replace(a, seeded=False, coefficient=sign * a.coefficient / size) for a in rest], shape, batched
            )
            return Sum([(sign * size, times(inner, Seed(), shape, batched))], None, shape, batched)
        return self._terms(rest, shape, batched)

    def _terms(self, amounts: list[Amount], shape: Shape, batched: bool) -> Expr:
        terms: list[tuple[float, Expr]] = []
        constant: Expr | None = None
        for a in amounts:
            if a.expr is None and not a.seeded:
                constant = Number(a.coefficient + (constant.value if isinstance(constant, Number) else 0.0))
            elif a.expr is None:
                terms.append((a.coefficient, Seed(a.rows)))
            else:
                terms.append((a.coefficient, times(a.expr, Seed(a.rows), shape, batched) if a.seeded else a.expr))
        if len(terms) == 1 and constant is None and terms[0][0] == 1.0:
            return terms[0][1]
        return Sum(terms, constant, shape, batched)

    # -- Passing on -----------------------------------------------------------------------------------------------

    def pass_on(self, expr: Expr, amount: Amount) -> None:
        """From the adjoint of an expression to its parts."""
        if isinstance(expr, Sum):
            for c, term in expr.terms:
                part = replace(amount, coefficient=c * amount.coefficient)
                self.pass_on(term, self._over_batch(part) if expr.batched and not term.batched else part)
        elif isinstance(expr, Ref):
            self.give(expr, self._seen(amount, expr.shape), self._is_batched(expr, amount))
        elif isinstance(expr, Elementwise):
            self._elementwise(expr, amount)
        elif isinstance(expr, Product):
            self._product(expr, amount)
        elif isinstance(expr, Along):
            self.pass_on(expr.x, self._spread(amount, expr.x.shape))
        elif isinstance(expr, Gather) and expr.tensor in self.active:
            if amount.expr is None:
                filled = Tensor("adjoint", len(expr.index), expr.tensor.batched, expr.shape)
                self.plan.backward.append(Assign(whole(filled), self._terms([amount], filled.shape, filled.batched)))
                amount = Amount(1.0, False, whole(filled))
            assert amount.expr is not None
            self.scattered.setdefault(expr.tensor, []).append((expr.index, self._seen(amount, expr.shape).expr))  # type: ignore[arg-type]

    def _over_batch(self, amount: Amount) -> Amount:
        """The amount that reaches a term that all examples share."""
        if amount.expr is None:
            return replace(amount, rows=True)
        if not amount.expr.batched:
            return amount
        return replace(amount, expr=Along(amount.expr, (), True, amount.expr.shape, False))

    def _is_batched(self, expr: Expr, amount: Amount) -> bool:
        """Whether an amount that reaches `expr` is one for every example."""
        if amount.expr is not None:
            return amount.expr.batched
        return bool(self.plan.inputs) and amount.seeded and not amount.rows

    def _elementwise(self, expr: Elementwise, amount: Amount) -> None:
        z = self.made.get((expr.op.name, *(x.key if isinstance(x, Ref) else id(x) for x in expr.args)))
        for k, x in enumerate(expr.args):
            if not isinstance(x, Ref) or x.tensor not in self.active:
                continue
            slope = slope_of(expr.op, k)
            if slope is None:
                continue
            names: dict[str, Expr] = {f"a{i}": arg for i, arg in enumerate(expr.args)}
            if z is not None:
                names["z"] = z
            else:
                names["z"] = self._output(expr)
            c, factor = self._slope(slope, names, expr.shape, expr.batched)
            if c == 0.0:
                continue
            seen = self._seen(amount, expr.shape)
            value = seen.expr
            if factor is not None:
                value = factor if value is None else times(value, factor, expr.shape, expr.batched)
            self.give(x, replace(seen, coefficient=seen.coefficient * c, expr=value, rows=seen.rows), expr.batched)

    def _output(self, expr: Elementwise) -> Expr:
        tensor = self.outputs.get(id(expr))
        if tensor is None:
            return expr  # part of a sum: its value is not kept
        return Ref(tensor, 0, expr.shape, dense(expr.shape))

    def _slope(
        self, tree: Expression, names: dict[str, Expr], shape: Shape, batched: bool
    ) -> tuple[float, Expr | None]:
        """A printed slope as (coefficient, array), with arrays in place of the symbols."""
        if tree.op == "neg":
            c, x = self._slope(tree.args[0], names, shape, batched)
            return -c, x
        if tree.op == "" and not isinstance(tree.args[0], str):
            return tree.args[0], None
        if tree.op == "mul":
            (c, x), (d, y) = (self._slope(a, names, shape, batched) for a in tree.args)
            if x is None or y is None:
                return c * d, x or y
            return c * d, self._node("mul", (x, y), shape, batched)
        if tree.op == "div":
            (c, x), (d, y) = (self._slope(a, names, shape, batched) for a in tree.args)
            if y is None:
                return c / d, x
            if x is None:
                return 1.0 / d, self._node("div", (Number(c), y), shape, batched)
            return c / d, self._node("div", (x, y), shape, batched)
        if tree.op == "sub":  # x - 0, at the kink of max(0, x)
            (c, x), (d, y) = (self._slope(a, names, shape, batched) for a in tree.args)
            if y is None and d == 0.0:
                return c, x
            if x is None and c == 0.0:
                return -d, y
        if tree.op == "":
            x = names[tree.args[0]]
            return (x.value, None) if isinstance(x, Number) else (1.0, x)
        args = tuple(self._value(a, names, shape, batched) for a in tree.args)
        return 1.0, self._node(tree.op, args, shape, batched)

    def _value(self, tree: Expression, names: dict[str, Expr], shape: Shape, batched: bool) -> Expr:
        c, x = self._slope(tree, names, shape, batched)
        if x is None:
            return Number(c)
        if c == 1.0:
            return x
        return (
            self._node("neg", (x,), shape, batched) if c == -1.0 else self._node("mul", (Number(c), x), shape, batched)
        )

    def _node(self, name: str, args: tuple[Expr, ...], shape: Shape, batched: bool) -> Expr:
        if all(isinstance(x, Number) for x in args):
            return Number(find(name).evaluate([x.value for x in args if isinstance(x, Number)]))
        known = self.made.get((name, *(x.key if isinstance(x, Ref) else id(x) for x in args)))
        return known or Elementwise(find(name), args, shape, batched and any(x.batched for x in args))

    def _product(self, expr: Product, amount: Amount) -> None:
        a, b = expr.a, expr.b
        if expr.how == "." or amount.expr is None:
            if expr.how == "z":  # the products of all rows with all rows, each with the same adjoint: one row of each
                assert math.prod(expr.shape) == 1
            shape = a.shape if expr.how == "." else (1, a.shape[-1])
            spread = self._spread(amount, shape)
            for x, other in ((a, b), (b, a)):
                if isinstance(x, Ref) and x.tensor in self.active:
                    value = other if spread.expr is None else times(spread.expr, other, shape, expr.batched)
                    c = spread.coefficient
                    if isinstance(value, Number):
                        c, value = c * value.value, spread.expr  # type: ignore[assignment]
                    self.give(x, replace(spread, coefficient=c, expr=value, rows=spread.rows), expr.batched)
            return
        i, j = a.shape[0], b.shape[0]
        dz = self._seen(amount, (i, j)).expr
        assert dz is not None
        for x, other, how, shape in ((a, b, "a", a.shape), (b, a, "b", b.shape)):
            if isinstance(x, Ref) and x.tensor in self.active:
                over_batch = not x.tensor.batched and (dz.batched or other.batched)
                first, second = dz, other
                if how == "b" and x.strides[0] < x.strides[1] and 1 not in shape:  # the view of a matrix, transposed:
                    x, first, second, shape = x.turned, other, dz, shape[::-1]  # (dZᵀ A)ᵀ = Aᵀ dZ
                batched = not over_batch and (dz.batched or other.batched)
                product = Product(first, second, how, shape, batched, over_batch)
                self.give(x, replace(amount, expr=product), False)

    def _seen(self, amount: Amount, shape: Shape) -> Amount:
        """The same amount, its array seen in another shape of the same size."""
        if isinstance(amount.expr, Along) and amount.expr.shape != shape and isinstance(amount.expr.x, Ref):
            x = self._seen(Amount(expr=amount.expr.x), shape).expr
            assert x is not None
            return replace(amount, expr=Along(x, (), True, shape, False))
        if isinstance(amount.expr, Ref) and amount.expr.shape != shape:
            assert amount.expr.whole
            return replace(amount, expr=Ref(amount.expr.tensor, 0, shape, dense(shape)))
        return amount

    def _spread(self, amount: Amount, shape: Shape) -> Amount:
        """An amount, repeated along new last axes."""
        if isinstance(amount.expr, Along):  # a sum over the batch
            inner = self._spread(Amount(expr=amount.expr.x), shape).expr
            assert inner is not None
            return replace(amount, expr=replace(amount.expr, x=inner, shape=shape))
        if isinstance(amount.expr, Ref):
            size, axes = math.prod(amount.expr.shape), len(shape) - 1
            while math.prod(shape[:axes]) != size:
                axes -= 1
            strides = (*dense(shape[:axes]), *[0] * (len(shape) - axes))
            return replace(amount, expr=Ref(amount.expr.tensor, 0, shape, strides))
        return amount


def _as_it_is(ref: Ref, amount: Amount) -> Tensor | None:
    """The adjoint that is received by a whole tensor and is all that it receives."""
    x = amount.expr
    if not isinstance(x, Ref) or x.tensor.kind != "adjoint" or x.batched != ref.batched:
        return None
    return x.tensor if ref.whole and x.whole and replace(amount, expr=None) == Amount() else None


def _in_order(views: list[list[tuple[Ref, Amount]]], size: int) -> list[list[tuple[Ref, Amount]]]:
    """The largest view first; but what goes to all columns, such as a penalty's slope, last if the others fill them."""
    views = sorted(views, key=lambda items: -math.prod(items[0][0].shape))
    if len(views) > 2 and views[0][0][0].whole:
        columns = np.concatenate([items[0][0].columns().ravel() for items in views[1:]])
        if len(columns) == size == len(np.unique(columns)):
            return views[1:] + views[:1]
    return views


def _simplest(ref: Ref, amount: Amount) -> tuple[Ref, Amount]:
    """The same contribution without axes of length 1, and in the tensor's own shape if it is all of the tensor."""
    shapes = [tuple(n for n in ref.shape if n > 1) or (1,)]
    if ref.whole:
        shapes.append(ref.tensor.shape)
    for shape in shapes:
        view = reshaped(ref, shape)
        expr = None if amount.expr is None else reshaped(amount.expr, shape)
        if isinstance(view, Ref) and (expr is not None or amount.expr is None):
            ref, amount = view, replace(amount, expr=expr)
    return ref, amount


def _has_product(expr: Expr) -> bool:
    """Whether the adjoint must be an array: a matrix product, or a gather, is passed on by another one."""
    return isinstance(expr, Sum) and any(isinstance(t, Product) and t.how == "z" for _, t in expr.terms)
