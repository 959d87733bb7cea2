"""Calls: a plan written out as NumPy calls that allocate nothing.

`Calls.source` is a function of the weight and the batch whose lines are calls with an `out`. All other names in it are
arrays: the tensors' views, temporary results, constants. `Calls.bind` makes these for a number of rows, and returns the
function.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import rules
from autograd.compile.matrix.arrays import Arrays, is_short_row
from autograd.compile.matrix.entropy import Entropy, entropies, with_distance
from autograd.compile.matrix.expressions import unseeded
from autograd.compile.matrix.scatter import Columns, scatter
from autograd.compile.matrix.tensors import (
    Along,
    Assign,
    Elementwise,
    Expr,
    Gather,
    Largest,
    Number,
    Plan,
    Product,
    Ref,
    Seed,
    Shape,
    Sum,
    Table,
    Tensor,
    dense,
    whole,
)
from autograd.spell.numpy import UFUNCS

Array = NDArray[np.float64]


def _vecdot(a: Array, b: Array, out: Array) -> Array:
    """The products of corresponding rows, before NumPy 2."""
    result: Array = np.einsum("...k,...k->...", a, b, out=out)
    return result


SHORT = 4  # numbers
VECDOT = getattr(np, "vecdot", _vecdot)


class Calls(Arrays):
    """The text of a plan, and the arrays that its names stand for.

    unit   whether the gradient that it writes is that of the sum over the batch, still to be multiplied by the weight
    """

    def __init__(self, plan: Plan) -> None:
        self.unit = plan.penalty is None
        if self.unit:
            plan = replace(plan, backward=[replace(a, value=unseeded(a.value)) for a in plan.backward])
        super().__init__(plan)
        self.root = plan.root
        self.lines: list[str] = []
        self.pairs: dict[Any, str] = {}
        self.seeded = False
        self.source = self._write()
        self.code = compile(self.source, "<matrix program>", "exec")

    def bind(self, rows: int, parameters: Array, gradient: Array) -> Callable[..., float]:
        """The function for batches of this many rows. It reads `parameters` and writes `gradient`."""
        names: dict[str, Any] = {name: getattr(np, name) for name in sorted(set(UFUNCS.values()))}
        names |= {"matmul": np.matmul, "vecdot": VECDOT, "copyto": np.copyto, "take": np.take}
        names |= {"copysign": np.copysign, "signbit": np.signbit, "seed": np.ones(())}
        names |= {"greater_equal": np.greater_equal, "putmask": np.putmask, "heaviside": np.heaviside}
        names |= {"logical_not": np.logical_not}
        names |= {"reduce": np.add.reduce, "largest": np.maximum.reduce, "scatter": scatter, "where": np.where}
        names |= {f"{name}_of": op.array for name, op in rules.RULES.items()} | {"np": np, "rows": rows}
        names |= self.arrays(rows, parameters, gradient)
        exec(self.code, names)
        run: Callable[..., float] = names["run"]
        return run

    # -- Writing --------------------------------------------------------------------------------------------------

    def _write(self) -> str:
        found = entropies(self.plan)
        costs = {id(x.cost): x for x in found}
        slopes: dict[int, list[str]] = {}
        for a in self.plan.forward:
            if id(a) in costs:
                slopes[id(costs[id(a)].slope)] = self.entropy(costs[id(a)])
            else:
                self.assign(a)
        value = self.value()
        for a in self.plan.backward:
            if id(a) in slopes:
                self.lines += slopes[id(a)]
            else:
                self.assign(a)
        head = ["def run(s, " + ", ".join(f"B{t.argument}" for t in self.plan.inputs) + "):"]
        for tensor in self.plan.inputs:
            k = tensor.argument
            if self.copied[tensor]:
                head.append(
                    f"    copyto({self.view(whole(tensor, (tensor.size,)))}, B{k}.reshape(rows, {tensor.size}))"
                )
        head += [f"    {name} = {text}" for name, text in self.seen.items()]
        head += ["    seed.fill(s)"] * (self.seeded and not self.unit)
        return "\n".join([*head, *(f"    {line}" for line in self.lines), f"    return {value}"]) + "\n"

    def out(self, line: str) -> None:
        """One line."""
        self.lines.append(line)

    def assign(self, a: Assign) -> None:
        """One assignment of the plan."""
        if a.scatter is not None:
            value = self.name_of(a.value)
            over_batch = a.value.batched and not a.target.tensor.batched
            index, summed = self.constant_index(Columns(a.scatter)), ", True" if over_batch else ""
            row = Ref(a.target.tensor, 0, (a.target.tensor.size,), (1,))
            self.out(f"scatter({self.view(row)}, {index}, {value}{summed})")
        elif a.add:
            if (
                isinstance(a.value, Sum)
                and len(a.value.terms) == 1
                and a.value.constant is None
                and a.value.terms[0][0] == 1.0
            ):
                a = Assign(a.target, a.value.terms[0][1], True)
            view = self.view(a.target)
            self.out(f"add({view}, {self.name_of(a.value)}, {view})")
        elif isinstance(a.value, Sum):
            self.sum(a.value, a.target, a.target.tensor in self.turned)
        else:
            self.emit(a.value, a.target)

    def name_of(self, expr: Expr) -> str:
        """The name of an array that holds this expression, computed now if need be."""
        if isinstance(expr, Ref):
            return self.view(expr)
        if isinstance(expr, Number):
            return self.constant(expr.value)
        if isinstance(expr, Table):
            return self.constant(expr.values)
        if isinstance(expr, Seed):
            self.seeded = True
            return "seed * rows" if expr.rows else "seed"
        ref = self.temporary(expr.shape, expr.batched)
        self.emit(expr, ref)
        return self.view(ref)

    def emit(self, expr: Expr, out: Ref) -> None:
        """Lines that write the expression into `out`."""
        if isinstance(expr, Sum):
            self.sum(expr, out)
        elif isinstance(expr, Elementwise):
            self.elementwise(expr, out)
        elif isinstance(expr, Product):
            self.product(expr, out)
        elif isinstance(expr, Along):
            self.along(expr, out)
        elif isinstance(expr, Largest):
            x = self._array(expr.x)
            if not self._one_by_one("maximum", x, out):
                self.out(f"largest({self.view(x)}, axis=-1, out={self.view(out)})")
        elif isinstance(expr, Gather):
            source = whole(expr.tensor, (expr.tensor.size,))
            axis = 1 if expr.tensor.batched else 0
            self.out(f"take({self.view(source)}, {self.constant_index(expr.index)}, {axis}, {self.view(out)}, 'clip')")
        else:
            self.out(f"copyto({self.view(out)}, {self.name_of(expr)})")

    def sum(self, expr: Sum, out: Ref, turned: bool = False) -> None:
        """Σ c · term + constant, with as few calls as possible; if `turned`, -b - Σ …, with b the bias among them."""
        name = self.view(out)
        if turned:
            bias = next(term for c, term in expr.terms if c == 1.0 and is_short_row(term, out))
            self.sum(replace(expr, terms=[(c, term) for c, term in expr.terms if term is not bias]), out)
            self.out(f"subtract({self.repeated(bias, out, -1.0)}, {name}, {name})")
            return
        terms = sorted(expr.terms, key=lambda t: (isinstance(t[1], Ref | Seed), t[1].batched != out.batched, t[0] < 0))
        rest: list[tuple[float, Expr]] = list(terms)
        constant = expr.constant
        if not rest:
            self.out(f"copyto({name}, {self.name_of(constant or Number(0.0))})")
            return
        c, first = rest.pop(0)
        if not isinstance(first, Ref | Seed) and first.batched != out.batched:  # all examples share it
            first = self._array(first)
        plain = isinstance(first, Ref | Seed)
        if not plain:
            self.emit(first, out)
            self.scale(name, c)
        elif c == 1.0 and rest and isinstance(rest[0][1], Ref) and abs(rest[0][0]) == 1.0:
            d, second = rest.pop(0)
            self.out(f"{'add' if d > 0 else 'subtract'}({self.name_of(first)}, {self.name_of(second)}, {name})")
        elif constant is not None and abs(c) == 1.0:
            self.out(f"{'add' if c > 0 else 'subtract'}({self.name_of(constant)}, {self.name_of(first)}, {name})")
            constant = None
        elif c == 1.0:
            self.out(f"copyto({name}, {self.name_of(first)})")
        elif c == -1.0:
            self.negate(self.name_of(first), name)
        else:
            self.out(f"multiply({self.name_of(first)}, {self.constant(c)}, {name})")
        for c, term in rest:
            if abs(c) == 1.0:
                other = self.repeated(term, out) if is_short_row(term, out) else self.name_of(term)
            else:
                ref = self.temporary(term.shape, term.batched)
                other = self.view(ref)
                if isinstance(term, Ref | Table | Seed):
                    self.out(f"multiply({self.name_of(term)}, {self.constant(c)}, {other})")
                else:
                    self.emit(term, ref)
                    self.scale(other, c)
            self.out(f"{'subtract' if c == -1.0 else 'add'}({name}, {other}, {name})")
        if constant is not None:
            self.out(f"add({name}, {self.name_of(constant)}, {name})")

    def repeated(self, row: Expr, like: Ref, sign: float = 1.0) -> str:
        """± a short row that all examples share, written out for every example: a product with a column of ± 1.

        NumPy takes longer for adding such a row to a matrix than for this and adding two matrices.
        """
        assert isinstance(row, Ref)
        size = math.prod(row.shape)
        ref = self.temporary(like.shape, True)
        flat = Ref(ref.tensor, 0, (size,), (1,))
        once = Ref(row.tensor, row.offset, (1, size), (size, 1))
        self.columns.add(sign)
        self.out(f"{'column' if sign > 0 else 'minus'}.dot({self.view(once)}, {self.view(flat)})")
        return self.view(ref)

    def scale(self, name: str, c: float) -> None:
        """The line that multiplies an array by a constant, in place."""
        if c == -1.0:
            self.negate(name, name)
        elif c != 1.0:
            self.out(f"multiply({name}, {self.constant(c)}, {name})")

    def negate(self, x: str, out: str) -> None:
        """-x. (NumPy 2.4's `negative` is wrong from a column to a column, where it is one of eight.)"""
        self.out(f"multiply({x}, {self.constant(-1.0)}, {out})")

    def elementwise(self, expr: Elementwise, out: Ref) -> None:
        """A row of the rule table."""
        name = self.view(out)
        args: list[str] = []
        free = True  # `out` itself can hold one intermediate result
        for x in expr.args:
            if (
                free
                and not isinstance(x, Ref | Number | Table | Seed)
                and x.batched == out.batched
                and x.shape == out.shape
            ):
                self.emit(x, out)
                args.append(name)
                free = False
            else:
                args.append(self.name_of(x))
        op = expr.op.name
        if op in ("sigmoid", "softplus") and isinstance(expr.args[0], Ref) and expr.args[0].key in self.paired:
            self.pair(op, expr.args[0], out)
        elif op == "sigmoid":
            x = expr.args[0]
            if isinstance(x, Ref) and x.tensor in self.turned:  # -z is there already, in the same memory
                args = [name]
            else:
                self.negate(args[0], name)
            self.out(f"exp({name}, {name})")
            self.out(f"add({name}, {self.constant(1.0)}, {name})")
            self.out(f"divide({self.constant(1.0)}, {name}, {name})")
        elif op == "softplus":
            other = self.view(self.temporary(expr.shape, expr.batched))
            self.out(f"copysign({args[0]}, {self.constant(-1.0)}, {other})")
            self.out(f"exp({other}, {other})")
            self.out(f"log1p({other}, {other})")
            self.out(f"maximum({args[0]}, {self.constant(0.0)}, out={name})")
            self.out(f"add({name}, {other}, {name})")
        elif op == "neg":
            self.negate(args[0], name)
        elif op == "relu":
            self.out(f"maximum({args[0]}, {self.constant(0.0)}, out={name})")
        elif op == "step":
            self.out(f"heaviside({args[0]}, {self.constant(0.0)}, {name})")
        elif op in ("power", "power_slope") and isinstance(expr.args[1], Number) and args[0] != name:
            self.power(op, args, expr.args[1].value, name)
        elif op in UFUNCS:
            last = f"out={name}" if op in ("maximum", "minimum") else name  # by position it is faster, but NumPy warns
            self.out(f"{UFUNCS[op]}({', '.join(args)}, {last})")
        else:
            self.out(f"copyto({name}, {op}_of({', '.join(args)}))")

    def power(self, op: str, args: list[str], n: float, name: str) -> None:
        """xⁿ or n·xⁿ⁻¹."""
        exponent = n if op == "power" else n - 1
        if exponent in (2.0, 3.0):
            self.out(f"multiply({args[0]}, {args[0]}, {name})")
            if exponent == 3.0:
                self.out(f"multiply({name}, {args[0]}, {name})")
        else:
            self.out(f"power({args[0]}, {self.constant(exponent)}, {name})")
        if op == "power_slope":
            self.scale(name, n)

    def pair(self, op: str, z: Ref, out: Ref) -> None:
        """softplus(z) = max(z, 0) + log(1 + e) and σ(z) = (1 or e)/(1 + e) with e = e^-|z|, computed once."""
        name, x = self.view(out), self.view(z)
        first = z.key not in self.pairs
        if first:
            self.pairs[z.key] = self.view(self.temporary(z.shape, z.batched))
        e = self.pairs[z.key]
        if first:
            self.out(f"copysign({x}, {self.constant(-1.0)}, {e})")
            self.out(f"exp({e}, {e})")
        if op == "softplus":
            other = self.view(self.temporary(z.shape, z.batched))
            self.out(f"log1p({e}, {name})")
            self.out(f"maximum({x}, {self.constant(0.0)}, out={other})")
            self.out(f"add({name}, {other}, {name})")
            return
        mask = f"m{len(self.masks)}"
        self.masks[mask] = (z.shape, z.batched)
        numerator = e
        if first:  # softplus still needs e
            numerator = self.view(self.temporary(z.shape, z.batched))
            self.out(f"copyto({numerator}, {e})")
        else:
            del self.pairs[z.key]
        self.out(f"add({e}, {self.constant(1.0)}, {name})")
        self.out(f"greater_equal({x}, {self.constant(0.0)}, {mask})")
        self.out(f"putmask({numerator}, {mask}, {self.constant(1.0)})")
        self.out(f"divide({numerator}, {name}, {name})")

    def entropy(self, x: Entropy) -> list[str]:
        """Lines for log(1 + e) and m - t now, and those for the slope, of the same e, for later: see `entropy`."""
        z, t, shape = self.view(x.z), self.view(x.t), x.z.shape
        cost, slope = self.view(x.cost.target), self.view(x.slope.target)
        away = self.temporary(shape, True)
        e, distance = self.view(self.temporary(shape, True)), self.view(away)
        mask = f"m{len(self.masks)}"
        self.masks[mask] = (shape, True)
        self.out(f"copysign({z}, {self.constant(-1.0)}, {e})")
        self.out(f"exp({e}, {e})")
        self.out(f"log1p({e}, {cost})")
        self.out(f"signbit({z}, {mask})")  # (which, unlike z < 0, tells -0.0 from 0.0 as copysign does)
        self.out(f"logical_not({mask}, {mask})")
        self.out(f"copyto({distance}, {mask})")
        self.out(f"subtract({distance}, {t}, {distance})")
        self.root = with_distance(self.root, x.linear, away, x.z)
        self.seeded = self.seeded or x.seeded
        return [
            f"add({e}, {self.constant(1.0)}, {slope})",
            f"divide({e}, {slope}, {slope})",
            f"copysign({slope}, {z}, {slope})",
            f"subtract({distance}, {slope}, {slope})",
            *([f"multiply({slope}, seed, {slope})"] if x.seeded else []),
        ]

    def _all(self, x: Ref) -> str:
        """The text of the sum of everything: a product with ones, which is faster than a sum."""
        if not x.batched:
            return f"reduce({self.view(x, 'all')})"
        self.ones.add(x.tensor.size)
        return f"ones{x.tensor.size}.dot({self.view(x, 'all')})"

    # -- Matrix products ------------------------------------------------------------------------------------------

    def product(self, expr: Product, out: Ref) -> None:
        """A matrix product; where the rows of all examples lie one under the other, a single one."""
        a, b = self._array(expr.a), self._array(expr.b)
        if expr.how != ".":
            out = _matrix(
                out,
                {"z": (a.shape[0], b.shape[0]), "a": (a.shape[0], b.shape[-1]), "b": (a.shape[-1], b.shape[-1])}[
                    expr.how
                ],
            )
        if expr.how == ".":
            self.out(f"vecdot({self.name_of(a)}, {self.name_of(b)}, {self.view(out)})")
        elif expr.how == "b" and expr.over_batch:
            self._over_batch(a, b, out)
        elif expr.over_batch:
            result = self.temporary(expr.shape, True)
            self._matmul(expr.how, a, b, result)
            self.out(f"reduce({self.view(result)}, 0, None, {self.view(out)})")
        else:
            self._matmul(expr.how, a, b, out)

    def _matmul(self, how: str, a: Ref, b: Ref, out: Ref) -> None:
        if a.batched and not b.batched and out.batched and _stacks(a) and _stacks(out):
            left, target = self.view(a, "rows"), self.view(out, "rows")
            flat = out.shape[-1] == (out.tensor.size if out.shape[0] == 1 else out.strides[0]) and out.strides[-1] == 1
        else:
            left, target = self.view(a, "", how == "b"), self.view(out)
            flat = not (a.batched or b.batched) and out.strides == dense(out.shape)
        self._times(flat, left, self.view(b, "", how == "z"), target)

    def _times(self, flat: bool, left: str, right: str, out: str) -> None:
        """The line of a product: `dot`, and better its method, is the faster one, but it wants a dense `out`."""
        self.out(f"{left}.dot({right}, {out})" if flat else f"matmul({left}, {right}, {out})")

    def _over_batch(self, dz: Ref, a: Ref, out: Ref) -> None:
        """Σ over the batch of dZᵀ A."""
        if dz.batched and not a.batched:  # A is the same for all: Σ dZ first
            total = self.temporary(dz.shape, False)
            self.along(Along(dz, (), True, dz.shape, False), total)
            dz = total
        if not dz.batched and a.batched:
            total = self.temporary(a.shape, False)
            self.along(Along(a, (), True, a.shape, False), total)
            a = total
        if dz.batched:
            dz, a = self._stacked(dz), self._stacked(a)
            left, right = self.view(dz, "rows", True), self.view(a, "rows")
        else:
            left, right = self.view(dz, "", True), self.view(a)
        self._times(out.strides == dense(out.shape), left, right, self.view(out))

    def _stacked(self, x: Ref) -> Ref:
        if _stacks(x):
            return x
        copy = self.temporary(x.shape, True)
        self.out(f"copyto({self.view(copy)}, {self.view(x)})")
        return copy

    def _array(self, x: Expr) -> Ref:
        if isinstance(x, Ref):
            return x
        if isinstance(x, Table):  # constants get memory of their own, written when the program is bound
            tensor = Tensor("node", x.values.size, False, x.shape)
            ref = whole(tensor, x.shape)
            self.out(f"copyto({self.view(ref)}, {self.constant(x.values)})")
            return ref
        ref = self.temporary(x.shape, x.batched)
        self.emit(x, ref)
        return ref

    # -- Sums over axes -------------------------------------------------------------------------------------------

    def along(self, expr: Along, out: Ref) -> None:
        """Σ over axes of a row and over the batch."""
        x = self._array(expr.x)
        out = _fitted(out, tuple(n for k, n in enumerate(x.shape) if k not in expr.axes))
        last = expr.axes == (len(x.shape) - 1,) and not expr.over_batch
        if expr.over_batch and x.whole and (expr.axes or out.strides == dense(out.shape)):
            total = self.temporary(x.shape, False) if expr.axes else out
            flat, target = (Ref(t.tensor, t.offset, (x.tensor.size,), (1,)) for t in (x, total))
            self.ones.add(1)
            self.out(f"ones1.dot({self.view(flat)}, {self.view(target)})")
            if expr.axes:
                self.along(Along(total, expr.axes, False, out.shape, False), out)
        elif last and self._one_by_one("add", x, out):
            pass
        elif last and x.batched and x.whole and out.whole and x.tensor.kind != "input":
            rows = Ref(x.tensor, 0, (x.tensor.size // x.shape[-1], x.shape[-1]), (x.shape[-1], 1))
            ones = self.constant(np.ones(x.shape[-1]))
            self.out(f"{self.view(rows, 'rows')}.dot({ones}, {self.view(out, 'all')})")
        else:
            axes = [k + x.batched for k in expr.axes]
            axes = [0, *axes] if expr.over_batch else axes
            self.out(f"reduce({self.view(x)}, {axes[0] if len(axes) == 1 else tuple(axes)}, None, {self.view(out)})")

    def _one_by_one(self, op: str, x: Ref, out: Ref) -> bool:
        """A sum or maximum along a short last axis, one call for each step: NumPy is slow in reducing such an axis."""
        n = x.shape[-1]
        if not 1 < n <= SHORT or x.tensor.kind == "input":
            return False
        first, *others = (Ref(x.tensor, x.offset + k * x.strides[-1], x.shape[:-1], x.strides[:-1]) for k in range(n))
        out = _fitted(out, first.shape)
        so_far = self.view(first)
        for other in others:
            self.out(f"{op}({so_far}, {self.view(other)}, out={self.view(out)})")
            so_far = self.view(out)
        return True

    # -- The value ------------------------------------------------------------------------------------------------

    def value(self) -> str:
        """The text of E: weight · Σ over the batch of the root, plus the penalty."""
        root, batched = self.root, bool(self.plan.inputs)
        pieces: list[str] = []
        if isinstance(root, Ref):
            pieces.append(self._total(1.0, root, batched))
        else:
            for c, term in root.terms:
                pieces.append(self._total(c, term, batched))
            if root.constant is not None:
                pieces.append(self._total(1.0, root.constant, batched))
        pieces.sort(key=lambda piece: piece.startswith("-"))  # a - b, not -b + a
        self.out(f"value = s * ({' + '.join(pieces).replace(' + -', ' - ') or '0.0'})")
        if self.plan.penalty is not None:
            self.out(f"value = value + {self._total(1.0, self.plan.penalty, False)}")
        return "float(value)"

    def _total(self, c: float, term: Expr, batched: bool) -> str:
        """The text of c · Σ over the batch."""
        scale = {1.0: "", -1.0: "-"}.get(c, f"{c!r} * ")
        if isinstance(term, Number):
            return f"{c * term.value!r}" + (" * rows" if batched else "")
        if isinstance(term, Product) and term.how in "z." and math.prod(term.shape) == 1:
            a, b = term.a, term.b
            if isinstance(a, Ref) and isinstance(b, Ref) and a.batched == b.batched and a.whole and b.whole:
                return f"{scale}{self.view(a, 'all')}.dot({self.view(b, 'all')})" + (
                    " * rows" if batched and not a.batched else ""
                )
        if isinstance(term, Along) and isinstance(term.x, Ref) and term.x.whole:
            text = self._all(term.x)
        elif (
            isinstance(term, Elementwise)
            and term.op is rules.mul
            and all(isinstance(x, Ref) and x.whole and x.batched == term.batched for x in term.args)
        ):
            text = "{}.dot({})".format(*(self.view(x, "all") for x in term.args if isinstance(x, Ref)))
        elif isinstance(term, Ref) and term.whole and term.batched:
            text = self._all(term)
        else:
            text = f"{self.name_of(term)}.sum()"
        return scale + text + (" * rows" if batched and not term.batched else "")


def _stacks(x: Ref) -> bool:
    """Whether the rows of all examples lie one under the other with one stride."""
    if x.strides and x.strides[-1] == 0 and x.shape[-1] > 1:
        return False
    return x.shape[0] == 1 or x.strides[0] * x.shape[0] == x.tensor.size


def _matrix(x: Ref, shape: Shape) -> Ref:
    """A row, seen as the matrix of this shape that it is."""
    if len(x.shape) == 2:
        return _fitted(x, shape)
    if 1 in shape:
        strides = (x.tensor.size, x.strides[0]) if shape[0] == 1 else (x.strides[0], 1)
        return Ref(x.tensor, x.offset, shape, strides)
    return Ref(x.tensor, x.offset, shape, dense(shape))


def _fitted(x: Ref, shape: Shape) -> Ref:
    """The same view in a shape that differs only in axes of length 1."""
    if x.shape == shape:
        return x
    steps = iter([s for n, s in zip(x.shape, x.strides, strict=True) if n > 1])
    return Ref(x.tensor, x.offset, shape, tuple(next(steps) if n > 1 else x.tensor.size for n in shape))
