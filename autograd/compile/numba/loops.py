"""Loops: a plan written out as loops over rows and columns, for a compiler such as numba's.

NumPy makes one pass through memory for each operation. Here every run of elementwise assignments over the same rows
and columns becomes one loop (`Each`), whose intermediate results never leave the processor's registers; what nobody
reads afterwards is not even stored. Matrix products stay calls of the BLAS.

    for r in range(m):                                      what NumPy does in four passes:
        for i in range(32):                                 dZ1 = dA1 · (A1 · (1 - A1)), db1 = dZ1.sum(axis=0)
            x5 = t8[r, i] * (t5[r, i] * (1.0 - t5[r, i]))
            t9[r, i] = x5
            G[2048 + i] += x5

`Loops` collects statements in order. Of the files beside it, `fusing` joins them, `flattening` does without rows where
it can, and `runner` compiles the text.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import rules
from autograd.compile.matrix.tensors import (
    Along,
    Assign,
    Elementwise,
    Expr,
    Largest,
    Plan,
    Product,
    Ref,
    Shape,
    Sum,
    Tensor,
    dense,
    whole,
)
from autograd.compile.numba.flattening import flattened
from autograd.compile.numba.functions import TEXTS
from autograd.compile.numba.fusing import Each, Item, Statement, fused, place, readers, refs
from autograd.compile.numba.loop_text import LoopText, index_text, nest

Array = NDArray[np.float64]
SMALL = 2_000  # products of two numbers in a matrix product, below which loops are faster than a call of the BLAS


class Loops:
    """The text of a plan as the function ``run(s, m, P, G, M, …)``.

    s is the weight of an example, m the number of rows, P the parameters, G their gradient, M the memory, of
    ``memory[0] + memory[1] * m`` numbers; the tables and the batch follow.
    """

    def __init__(self, plan: Plan, blas: bool) -> None:
        self.plan, self.blas = plan, blas
        self.writer = LoopText(plan)
        self.at = self.writer.at
        self.statements: list[Statement] = []
        self.totals: list[str] = []
        self.sums = self._sums()
        self.copies: dict[Any, Ref] = {}
        for a in plan.forward:
            self.assign(a)
        value = self.value()
        for a in plan.backward:
            self.assign(a)
        statements: list[Statement] = []
        for statement in fused(self.statements):
            statements += flattened(statement, TEXTS, self.temporary)
        self.read_elsewhere = readers(statements)
        body = [f"{name} = 0.0" for name in self.totals]
        for statement in statements:
            body += self.lines(statement)
        body.append(f"return {value}")
        names, self.memory = self.writer.declared(body)
        arguments = ["s", "m", "P", "G", "M", *self.writer.tables, *(f"B{tensor.argument}" for tensor in plan.inputs)]
        self.head = f"def run({', '.join(arguments)}):"
        self.body = names + body

    def lines(self, statement: Statement) -> list[str]:
        """The lines of a statement."""
        if not isinstance(statement, Each):
            return statement.lines
        return self.writer.loop(statement, lambda target: self.is_stored(target, statement))

    def is_stored(self, target: Ref, here: Statement) -> bool:
        """Whether anyone but this loop reads the result."""
        others = self.read_elsewhere.get(id(target.tensor), set()) - {id(here)}
        return target.tensor is self.plan.gradient or bool(others)

    # -- From assignments to statements -------------------------------------------------------------------------------

    def assign(self, a: Assign) -> None:
        """The statements of one assignment."""
        target = a.target
        if target.tensor in self.sums:
            return
        if a.scatter is not None:
            self.scatter(a)
        elif a.add:
            self.each(Item(target, self.flat(a.value), add=True))
        elif isinstance(a.value, Product | Along | Largest):
            self.reduce(a.value, target)
        else:
            self.each(Item(target, self.flat(self.started(a.value, target))))

    def started(self, value: Expr, target: Ref) -> Expr:
        """A sum, one of whose products is computed in place: ``target = Z; target = target + b``."""
        if not isinstance(value, Sum):
            return value
        for k, (c, term) in enumerate(value.terms):
            if isinstance(term, Product) and term.batched == target.batched and _same(term.shape, target.shape):
                self.reduce(term, target)
                terms = [*value.terms[:k], (c, target), *value.terms[k + 1 :]]
                return replace(value, terms=terms)
        return value

    def flat(self, e: Expr) -> Expr:
        """The expression with everything that is not elementwise computed beforehand."""
        if isinstance(e, Elementwise):
            return replace(e, args=tuple(self.flat(x) for x in e.args))
        if isinstance(e, Sum):
            constant = None if e.constant is None else self.flat(e.constant)
            return replace(e, terms=[(c, self.flat(x)) for c, x in e.terms], constant=constant)
        if isinstance(e, Product | Along | Largest):
            ref = self.temporary(e.shape, e.batched)
            self.reduce(e, ref)
            return ref
        return e

    def temporary(self, shape: Shape, batched: bool) -> Ref:
        """Memory for a result."""
        return whole(Tensor("temporary", math.prod(shape), batched, shape), shape)

    def ref(self, e: Expr) -> Ref:
        """The expression as a view of memory, computed beforehand if need be."""
        if isinstance(e, Ref):
            return e
        ref = self.temporary(e.shape, e.batched)
        self.assign(Assign(ref, e))
        return ref

    def each(self, item: Item, batched: bool | None = None, shape: Shape | None = None) -> None:
        """A loop of one line."""
        if item.target is not None:
            batched = item.target.batched or item.over_batch
            shape = item.target.shape
        assert batched is not None
        assert shape is not None
        reads = list(refs(item.value)) + ([item.target] if item.target is not None and item.add else [])
        writes = [] if item.target is None else [item.target]
        self.statements.append(Each([], reads, writes, batched, tuple(n for n in shape if n > 1), [item]))

    def scatter(self, a: Assign) -> None:
        """``target[columns] += value``, where a column may occur more than once."""
        assert a.scatter is not None
        value = self.flat(a.value)
        row = whole(a.target.tensor, (a.target.tensor.size,))
        index = self.writer.table(np.ascontiguousarray(a.scatter).reshape(-1))
        name = self.writer.array(row.tensor)
        at = [f"{x}{d}" for d, x in enumerate("c" * len(value.shape))]
        flat = index_text(0, dense(value.shape), at)
        batched = value.batched or row.batched
        line = f"{name}[{'r, ' if row.batched else ''}{index}[{flat}]] += {self.at(value, at)}"
        lines = nest(batched, value.shape, at, [line])
        self.statements.append(Statement(lines, [*refs(value), row], [row]))

    def value(self) -> str:
        """E: the weight times the sum over the examples, plus the penalty."""
        plan, batched = self.plan, bool(self.plan.inputs)
        parts: list[tuple[float, Expr]] = [(1.0, plan.root)] if isinstance(plan.root, Ref) else list(plan.root.terms)
        if isinstance(plan.root, Sum) and plan.root.constant is not None:
            parts.append((1.0, plan.root.constant))
        text = " + ".join(self.total(c, term, batched) for c, term in parts) or "0.0"
        if plan.penalty is None:
            return f"s * ({text})"
        return f"s * ({text}) + {self.total(1.0, plan.penalty, False)}"

    def _sums(self) -> dict[Tensor, Along]:
        """Sums of all numbers of an example that only the value of E reads."""
        plan = self.plan
        reads: dict[Tensor, int] = {}
        values = [*(a.value for a in [*plan.forward, *plan.backward]), plan.root, plan.penalty]
        for x in (x for value in values if value is not None for x in refs(value)):
            tensor = x if isinstance(x, Tensor) else x.tensor
            reads[tensor] = reads.get(tensor, 0) + 1
        terms = [plan.root] if isinstance(plan.root, Ref) else [term for _, term in plan.root.terms]
        last = {x.tensor for x in terms if isinstance(x, Ref) and x.tensor.size == 1 and reads[x.tensor] == 1}
        return {
            a.target.tensor: a.value
            for a in plan.forward
            if a.target.tensor in last and isinstance(a.value, Along) and not a.add and not a.value.over_batch
        }

    def total(self, c: float, term: Expr, batched: bool) -> str:
        """c · Σ over the examples of a term."""
        if isinstance(term, Ref):
            term = self.sums.get(term.tensor, term)
        if isinstance(term, Along) and not term.over_batch and math.prod(term.shape) == 1:
            term = term.x  # all of its numbers are added up
        elif isinstance(term, Product) and term.how in ".z" and math.prod(term.shape) == 1:
            a, b = self.ref(term.a), self.ref(term.b)
            k = (a.shape[-1],)
            last = [Ref(x.tensor, x.offset, k, x.strides[-1:]) for x in (a, b)]
            term = Elementwise(rules.mul, tuple(last), k, term.batched)
        name = f"v{len(self.totals)}"
        self.totals.append(name)
        self.each(Item(None, self.flat(term), total=name), term.batched, term.shape)
        scale = "" if c == 1.0 else f"{c!r} * "
        return scale + name + (" * m" if batched and not term.batched else "")

    # -- Sums, products, maxima ---------------------------------------------------------------------------------------

    def reduce(self, e: Product | Along | Largest, out: Ref) -> None:
        """The statement that computes a product, a sum over axes or a maximum into `out`."""
        if isinstance(e, Product):
            self.product(e, out)
            return
        if isinstance(e, Along) and not e.axes and e.over_batch and e.x.batched and not out.batched:
            self.each(Item(out, self.flat(_shaped(e.x, out.shape)), over_batch=True))
            return
        x = self.flat(e.x)
        largest = isinstance(e, Largest)
        axes = (len(x.shape) - 1,) if isinstance(e, Largest) else e.axes
        at = [f"c{d}" for d in range(len(x.shape))]
        kept = [d for d in range(len(x.shape)) if d not in axes]
        over_batch = isinstance(e, Along) and e.over_batch
        target = self.at(_shaped(out, tuple(x.shape[d] for d in kept)), [at[d] for d in kept])
        inner = [at[d] for d in axes]
        term = self.at(x, at)
        if largest:
            lines = [f"z = {self.at(x, [*at[:-1], '0'])}"]
            lines += nest(False, (x.shape[-1],), inner, [f"y = {term}", "z = z if z >= y else y"])
        else:
            lines = ["z = 0.0", *nest(False, tuple(x.shape[d] for d in axes), inner, [f"z += {term}"])]
        lines.append(f"{target} {'+=' if over_batch else '='} z")
        names, lengths = [at[d] for d in kept], tuple(x.shape[d] for d in kept)
        lines = nest(x.batched if over_batch else out.batched, lengths, names, lines)
        if over_batch:
            lines = nest(False, lengths, names, [f"{target} = 0.0"]) + lines
        self.statements.append(Statement(lines, list(refs(x)), [out]))

    def product(self, e: Product, out: Ref) -> None:
        """A matrix product: one call of the BLAS where it is large and its operands lie together, else loops."""
        a, b = self.ref(e.a), self.ref(e.b)
        if e.how == "." or not self.blas or math.prod(a.shape) * b.shape[-1 if e.how != "z" else 0] * 32 < SMALL:
            self.loops(e, a, b, out)
            return
        shape = {"z": (a.shape[0], b.shape[0]), "a": (a.shape[0], b.shape[-1]), "b": (a.shape[-1], b.shape[-1])}[e.how]
        over_batch = e.over_batch and (a.batched or b.batched)
        stacked = (a.batched and b.batched) if e.how == "b" else (a.batched and not b.batched and not over_batch)
        if e.how == "b" and over_batch and stacked:
            layouts = "rows", "rows", ""
        elif not over_batch and e.how != "b" and stacked and out.batched:
            layouts = "rows", "", "rows"
        elif not (a.batched or b.batched or out.batched):
            layouts = "", "", ""
        else:
            self.loops(e, a, b, out)
            return
        a, left = self.operand(a, layouts[0], e.how == "b")
        b, right = self.operand(b, layouts[1], e.how == "z")
        result = self.matrix(out, layouts[2], shape=shape)
        target = out if result else self.temporary(shape, out.batched)
        result = result or self.matrix(target, layouts[2])
        self.statements.append(Statement([f"np.dot({left}, {right}, {result})"], [a, b], [target]))
        if target is not out:
            self.each(Item(out, _shaped(target, out.shape)))

    def operand(self, x: Ref, flat: str, transposed: bool) -> tuple[Ref, str]:
        """A view that the BLAS can read, and its name: of a copy, if the numbers do not lie together."""
        if not self.matrix(x, flat, transposed):
            key = "copy", place(x), x.shape
            fixed = x.tensor is self.plan.parameters  # two products may share its copy
            if not fixed or key not in self.copies:
                self.copies[key] = self.temporary(x.shape, x.batched)
                self.each(Item(self.copies[key], x))
            x = self.copies[key]
        return x, self.matrix(x, flat, transposed)

    def matrix(self, x: Ref, flat: str, transposed: bool = False, shape: Shape | None = None) -> str:
        """The name of a view that the BLAS can take as it is; "" if there is none. `shape`: to be written into."""
        if shape is not None and len(x.shape) != 2:
            if not _same(x.shape, shape) or x.strides[-1] != 1:
                return ""
            x = Ref(x.tensor, x.offset, shape, dense(shape))
        n, k = x.shape
        step = x.tensor.size if n == 1 else x.strides[0]
        if flat == "rows" and n > 1 and x.strides[0] * n != x.tensor.size:
            return ""
        lies = (x.strides[1] == 1 or k == 1) and (step == k or (n == 1 and flat != "rows"))
        if not lies:
            return ""
        if x.batched and n == 1 and k == x.tensor.size:  # (m, size), as it is
            return self.writer.array(x.tensor) + ".T" * transposed
        if flat == "rows":
            return self.writer.view(x.tensor, f".reshape(m * {n}, {k})" + ".T" * transposed)
        if x.batched:
            return ""
        return self.writer.view(x.tensor, f"[{x.offset}:{x.offset + n * k}].reshape({n}, {k})" + ".T" * transposed)

    def loops(self, e: Product, a: Ref, b: Ref, out: Ref) -> None:
        """A matrix product as loops; the innermost one runs along rows of memory."""
        if e.how == ".":
            *lead, last = (f"c{d}" for d in range(len(a.shape)))
            line = f"z += {self.at(a, [*lead, last])} * {self.at(b, [*lead, last])}"
            target = self.at(_shaped(out, a.shape[:-1]), lead)
            inner = ["z = 0.0", *nest(False, a.shape[-1:], [last], [line]), f"{target} = z"]
            lines = nest(out.batched, a.shape[:-1], lead, inner)
            self.statements.append(Statement(lines, [a, b], [out]))
            return
        i, j, k = "c0", "c1", "c2"
        if e.how == "z":
            lengths, left, right, row, middle, column = (a.shape[0], a.shape[1], b.shape[0]), [i, k], [j, k], i, k, j
        elif e.how == "a":
            lengths, left, right, row, middle, column = (a.shape[0], a.shape[1], b.shape[1]), [i, j], [j, k], i, j, k
        else:
            lengths, left, right, row, middle, column = (a.shape[1], a.shape[0], b.shape[1]), [i, j], [i, k], j, i, k
        m, n, p = lengths
        target = self.at(_shaped(out, (m, p)), [row, column])
        summed = (a.batched or b.batched) and not out.batched
        zero = nest(out.batched, (m, p), [row, column], [f"{target} = 0.0"])
        if e.how == "z" and not summed:
            line = f"z += {self.at(a, left)} * {self.at(b, right)}"
            inner = ["z = 0.0", *nest(False, (n,), [middle], [line]), f"{target} = z"]
            lines = nest(out.batched, (m, p), [row, column], inner)
        else:
            inner = [f"z = {self.at(a, left)}"]
            inner += nest(False, (p,), [column], [f"{target} += z * {self.at(b, right)}"])
            lines = zero + nest(a.batched or b.batched or out.batched, (m, n), [row, middle], inner)
        self.statements.append(Statement(lines, [a, b], [out]))


# -- Helpers -----------------------------------------------------------------------------------------------------------


def _same(shape: Shape, other: Shape) -> bool:
    return [n for n in shape if n > 1] == [n for n in other if n > 1]


def _shaped(x: Any, shape: Shape) -> Any:
    """A view in a shape that differs only in axes of length 1, or of a row as a grid; other expressions as they are."""
    if not isinstance(x, Ref) or x.shape == shape:
        return x
    if _same(x.shape, shape):
        steps = iter([s for n, s in zip(x.shape, x.strides, strict=True) if n > 1])
        return Ref(x.tensor, x.offset, shape, tuple(next(steps) if n > 1 else 0 for n in shape))
    assert x.strides == dense(x.shape)
    return Ref(x.tensor, x.offset, shape, dense(shape))
