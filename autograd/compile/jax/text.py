"""The text of a matrix program as a pure function in JAX: its forward pass. JAX does the rest."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from autograd.compile.matrix.tensors import (
    Along,
    Elementwise,
    Expr,
    Gather,
    Largest,
    Number,
    Plan,
    Product,
    Ref,
    Sum,
    Table,
    Tensor,
)
from autograd.compile.record import Recording

INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
# How each row of the rule table is written in JAX: values only. So written, JAX's slopes at kinks are the table's.
SPELLED = {
    **{name: f"jnp.{name}" for name in ("sqrt", "exp", "log", "log1p", "expm1", "tanh", "sin", "cos", "tan")},
    **{name: f"jnp.{name}" for name in ("sign", "maximum", "minimum")},
    **{name: f"jax.nn.{name}" for name in ("sigmoid", "softplus", "relu")},
    "erf": "jax.scipy.special.erf",
    "xlogy": "jax.scipy.special.xlogy",
    "pow": "jnp.power",
}
WRITTEN_OUT = {
    "neg": "-{0}",
    "copy": "{0}",
    "abs": "jnp.sign({0}) * {0}",  # with jnp.abs the slope at 0 would be 1
    "step": "jnp.where({0} > 0, 1.0, 0.0)",
    "where": "jnp.where({0} > 0, {1}, {2})",
    "power_slope": "jnp.where({1} == 0, 0.0, {1} * jnp.power({0}, {1} - 1))",
    "pow_slope": "jnp.where({1} == 0, 0.0, {1} * jnp.power({0}, {1} - 1))",
}


def source(made: Plan, recording: Recording) -> tuple[str, dict[str, Any]]:
    """(the text of ``cost(w, weights, x0, x1, …)``, the constant tables that it refers to)."""
    writer = Writer(made, recording)
    return writer.text(), writer.tables


class Writer:
    """Writes a plan's forward pass in JAX."""

    def __init__(self, made: Plan, recording: Recording) -> None:
        self.plan, self.held = made, recording.held
        self.names: dict[Tensor, str] = {made.parameters: "w"}
        self.names.update({tensor: f"x{k}" for k, tensor in enumerate(made.inputs)})
        self.tables: dict[str, Any] = {}

    def text(self) -> str:
        """The whole function."""
        inputs = [self.names[t] for t in self.plan.inputs]
        lines = ["import jax", "import jax.numpy as jnp", "", ""]
        lines.append(f"def cost({', '.join(['w', 'weights', *inputs])}):")
        lines.append('    """Sum of weight · cost over the examples, plus the penalty."""')
        for tensor, name in zip(self.plan.inputs, inputs, strict=True):
            lines.append(f"    {name} = {name}.reshape(len(weights), {tensor.size})")
        for k, assign in enumerate(self.plan.forward):
            tensor = assign.target.tensor
            text = self.expr(assign.value)
            if any(slot in self.held for slot in tensor.slots):
                text = f"jax.lax.stop_gradient({text})  # all slopes along it cancel"
                self.names[tensor] = f"v{k}"
                lines.append(f"    v{k} = {text}")
                continue
            self.names[tensor] = f"v{k}"
            lines.append(f"    v{k} = {_bare(self.columns(text, assign.value, tensor))}")
        root = self.root()
        batched = self.plan.root.batched
        total = (
            f"jnp.vdot(weights, {_closed(root)}.reshape(-1))"
            if batched
            else f"weights.sum() * {_closed(root)}.reshape(())"
        )
        if self.plan.penalty is not None:
            total += f" + {self.expr(self.plan.penalty)}.reshape(())"
        lines.append(f"    return {total}")
        return "\n".join(lines) + "\n"

    def root(self) -> str:
        """The cost of each example. Sums over as many columns become one sum, which XLA computes in one loop."""
        e = self.plan.root
        if not isinstance(e, Sum):
            return self.expr(e)
        columns: dict[int, list[tuple[float, str]]] = {}
        rest: list[tuple[float, Expr]] = []
        for c, term in e.terms:
            inner = self.summed(term) if e.batched and term.batched else None
            if inner is None:
                rest.append((c, term))
            else:
                columns.setdefault(inner[1], []).append((c, inner[0]))
        parts = [f"{_total(each)}.sum(-1)" for each in columns.values()]
        if rest or e.constant is not None or not parts:
            text = self.expr(replace(e, terms=rest))
            parts.append(f"{_closed(text)}.reshape(-1)" if columns else text)
        return parts[0] if len(parts) == 1 else f"({' + '.join(parts)})"

    def summed(self, term: Expr) -> tuple[str, int] | None:
        """A term that adds up n columns: the text of these, (rows, n), and n."""
        if math.prod(term.shape) != 1:
            return None
        if isinstance(term, Product) and term.how == "z" and term.a.batched and term.b.batched:
            return f"{self.row(term.a)} * {self.row(term.b)}", term.a.shape[-1]
        if isinstance(term, Along) and not term.over_batch and term.x.batched:
            n = math.prod(term.x.shape)
            whole = isinstance(term.x, Ref) and term.x.whole
            if whole and isinstance(term.x, Ref):
                return self.names[term.x.tensor], n
            return f"{_closed(self.expr(term.x))}.reshape(-1, {n})", n
        return None

    def columns(self, text: str, value: Expr, tensor: Tensor) -> str:
        """The text, made (rows, size) or (size,): numbers and tables are spread out, grids laid in a row."""
        if isinstance(value, Number | Table) or tuple(value.shape) in ((), *(((1,),) if tensor.size > 1 else ())):
            spread = f"jnp.broadcast_to({text}, {(tensor.size,)})"
            return spread if not tensor.batched else f"jnp.broadcast_to({text}, (len(weights), {tensor.size}))"
        if tensor.batched and not value.batched:
            return f"jnp.broadcast_to(({text}).reshape({tensor.size}), (len(weights), {tensor.size}))"
        if len(value.shape) == 1:
            return text
        return f"{_closed(text)}.reshape({'-1, ' if tensor.batched else ''}{tensor.size})"

    # -- Expressions: text whose value has the shape of the expression, after a leading axis if it is batched ---------

    def expr(self, e: Expr) -> str:
        """The text of an expression."""
        if isinstance(e, Ref):
            return self.view(e)
        if isinstance(e, Number):
            return repr(float(e.value))
        if isinstance(e, Table):
            return self.table(e.values)
        if isinstance(e, Gather):
            return f"{self.names[e.tensor]}[..., {self.table(e.index)}]"
        if isinstance(e, Elementwise):
            return self.elementwise(e)
        if isinstance(e, Sum):
            return self.sum(e)
        if isinstance(e, Product):
            return self.product(e)
        if isinstance(e, Along):
            axes = tuple(a - len(e.x.shape) for a in e.axes)
            text = f"{_closed(self.expr(e.x))}.sum({axes})" if axes else self.expr(e.x)
            return f"{_closed(text)}.sum(0)" if e.over_batch else text
        if isinstance(e, Largest):
            return f"{_closed(self.expr(e.x))}.max(-1)"
        raise NotImplementedError(f"the jax backend cannot write {type(e).__name__}")

    def table(self, values: Any) -> str:
        """A name for an array of constants."""
        name = f"C{len(self.tables)}"
        self.tables[name] = np.asarray(values)
        return name

    def elementwise(self, e: Elementwise) -> str:
        """An operation of the table."""
        name, args = e.op.name, [self.expr(a) for a in e.args]
        if name in INFIX:
            return f"({args[0]} {INFIX[name]} {args[1]})"
        if name == "power":
            n = e.args[1].value if isinstance(e.args[1], Number) else None
            whole = n is not None and n == int(n) and abs(n) < 64
            return f"({args[0]} ** {int(n)})" if whole and n is not None else f"jnp.power({args[0]}, {args[1]})"
        if name in WRITTEN_OUT:
            return f"({WRITTEN_OUT[name].format(*args)})"
        return f"{SPELLED[name]}({', '.join(args)})"

    def sum(self, e: Sum) -> str:
        """Σ c · term + constant."""
        parts = [(c, self.expr(term)) for c, term in e.terms]
        if e.constant is not None:
            parts.append((1.0, self.expr(e.constant)))
        return _total(parts) if parts else "0.0"

    def product(self, e: Product) -> str:
        """A matrix product of the forward pass, for every example."""
        if e.how == ".":
            return f"({self.expr(e.a)} * {self.expr(e.b)}).sum(-1)"
        if e.how != "z":
            raise NotImplementedError(f"the jax backend writes the forward pass only, not the product {e.how!r}")
        (i, k), j = e.a.shape, e.b.shape[0]
        shape = _numbers(e.shape)
        if e.a.batched and not e.b.batched:
            rows = self.row(e.a) if i == 1 else f"{self.expr(e.a)}.reshape(-1, {k})"
            product = f"{rows} @ {self.expr(e.b)}.T"
            return product if i == 1 else f"({product}).reshape(-1, {shape})"
        if i == j == 1:
            return f"({self.row(e.a)} * {self.row(e.b)}).sum(-1, keepdims=True)"
        a, b = self.expr(e.a), self.expr(e.b)
        if e.a.batched:
            return f"jnp.einsum('rik,rjk->rij', {a}, {b}).reshape(-1, {shape})"
        if e.b.batched:
            return f"jnp.einsum('ik,rjk->rij', {a}, {b}).reshape(-1, {shape})"
        return f"({a} @ {b}.T).reshape({shape})"

    def row(self, e: Expr) -> str:
        """An operand of shape (1, K) as a plain row."""
        if isinstance(e, Ref):
            return self.view(Ref(e.tensor, e.offset, e.shape[1:], e.strides[1:]))
        return f"({self.expr(e)})[..., 0, :]"

    # -- Views --------------------------------------------------------------------------------------------------------

    def view(self, ref: Ref) -> str:
        """Columns of a tensor as slices and reshapes, which JAX turns into no work at all; or gathered."""
        name, tensor = self.names[ref.tensor], ref.tensor
        lead = "-1, " if tensor.batched else ""
        dots = "..., " if tensor.batched else ""
        if ref.whole:
            return name if len(ref.shape) == 1 else f"{name}.reshape({lead}{_numbers(ref.shape)})"
        axes = [k for k, (n, s) in enumerate(zip(ref.shape, ref.strides, strict=True)) if n > 1 and s != 0]
        axes.sort(key=lambda k: -ref.strides[k])
        dims = [(ref.shape[k], ref.strides[k]) for k in axes]
        text = _sliced(name, dots, lead, ref.offset, dims, tensor.size)
        if text is None:
            return f"{name}[..., {self.table(ref.columns())}]"
        if axes != sorted(axes):
            order = [sorted(axes).index(k) for k in axes]
            back = [order.index(k) for k in range(len(axes))]
            text = f"jnp.moveaxis({text}, {tuple(range(-len(axes), 0))}, {tuple(p - len(axes) for p in order)})"
            assert sorted(back) == list(range(len(axes)))
        if len(axes) == len(ref.shape):
            return text
        kept = tuple(n if k in axes else 1 for k, n in enumerate(ref.shape))
        text = f"{text}.reshape({lead}{_numbers(kept)})"
        if kept == ref.shape:
            return text
        first = f"{name}.shape[0], " if tensor.batched else ""
        return f"jnp.broadcast_to({text}, ({first}{_numbers(ref.shape)},))"


def _sliced(name: str, dots: str, lead: str, offset: int, dims: list[tuple[int, int]], size: int) -> str | None:
    """The columns offset + Σ i·s as slices and one reshape; None where rows overlap."""
    extent = 1 + sum((n - 1) * s for n, s in dims)
    if any(s < 0 for _, s in dims):
        return None
    if all(s == math.prod([n for n, _ in dims[k + 1 :]]) for k, (_, s) in enumerate(dims)):  # in a row
        text = f"{name}[{dots}{offset}:{offset + extent}]"
        return text if len(dims) == 1 else f"{text}.reshape({lead}{_numbers([n for n, _ in dims])})"
    (n, s), rest = dims[0], dims[1:]
    inner = 1 + sum((m - 1) * t for m, t in rest)
    if inner > s:
        return None
    if not rest:
        return f"{name}[{dots}{offset}:{offset + extent}:{s}]"
    if len(rest) > 1 or rest[0][1] != 1:
        return None
    missing = max(0, offset + n * s - size)
    text = f"{name}[{dots}{offset}:{min(size, offset + n * s)}]"
    if missing:
        text = f"jnp.pad({text}, {'((0, 0), ' if dots else ''}(0, {missing}){')' if dots else ''})"
    return f"{text}.reshape({lead}{n}, {s})[..., :{rest[0][0]}]"


def _total(parts: list[tuple[float, str]]) -> str:
    """Σ c · text."""
    text = ""
    for c, part in parts:
        sign = ("-" if c < 0 else "") if not text else (" - " if c < 0 else " + ")
        text += sign + (part if abs(c) == 1.0 else f"{float(abs(c))!r} * {part}")
    return _closed(text)


def _numbers(shape: Any) -> str:
    return ", ".join(str(int(n)) for n in shape)


def _bare(text: str) -> str:
    """The text without parentheses around all of it."""
    depth = 0
    for k, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0 and k < len(text) - 1:
            return text
    return text[1:-1] if text.startswith("(") else text


def _closed(text: str) -> str:
    """The text, in parentheses unless it needs none before ``.sum()``."""
    depth = 0
    for k, letter in enumerate(text):
        depth += (letter in "([") - (letter in ")]")
        if depth == 0 and not (letter.isalnum() or letter in "_.)]") and k < len(text) - 1:
            return f"({text})"
    return text
