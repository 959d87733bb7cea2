"""Text: a matrix program as the vectorised backpropagation that a textbook prints.

The same plan that runs (`autograd.compile.matrix.calls`), written to be read: names from the labels and scopes, shapes
as comments. The text runs by itself, with NumPy only.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd import rules
from autograd.compile.matrix.expressions import reshaped
from autograd.compile.matrix.slices import block_of, index_of, slice_of, table_of
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
)
from autograd.compile.matrix.text_names import TURNED, Names
from autograd.compile.matrix.text_shapes import has_rows, left_out, own_shape, repeated, squeezed
from autograd.compile.record import Recording
from autograd.spell import numpy as spell

Text = tuple[str, int]  # the text and how tightly it binds: 1 sums, 2 products, 3 signs, 4 powers, 9 names and calls


def source(plan: Plan, recording: Recording, mean: bool = True) -> str:
    """The program as a function of the flat parameters and the batch, which returns (value, gradient)."""
    return Writer(plan, recording, mean).write()


def explain(plan: Plan, recording: Recording) -> str:
    """Which scalar nodes became which array, a line for each."""
    writer = Writer(plan, recording, True)
    writer.write()
    rows = "m × " if plan.inputs else ""
    lines = [
        f"{recording.recorded or len(recording):,} nodes of the graph"
        + (" of one example" if plan.inputs else "")
        + f" became {len(plan.forward)} arrays, for the whole batch at once:"
    ]
    for name, ref in writer.pieces.items():
        low, high = int(ref.columns().min()), int(ref.columns().max())
        size = math.prod(ref.shape)
        lines.append(
            f"  {name:6} {' × '.join(map(str, ref.shape)):12} {size:,} parameters, from number {low} to {high}"
        )
    for a in plan.forward:
        tensor, value = a.target.tensor, a.value
        shape = (rows if tensor.batched else "") + " × ".join(map(str, tensor.shape))
        lines.append(f"  {writer.names[tensor]:6} {shape:12} {_described(value, tensor)}")
        text = writer.texts.get(tensor)
        if text and isinstance(value, Sum):
            lines[-1] += f": {text}"
    return "\n".join(lines)


def _described(value: Expr, tensor: Tensor) -> str:
    if isinstance(value, Elementwise):
        return f"{tensor.size} {value.op.name} node(s)"
    if isinstance(value, Sum):
        terms = 0
        for _, t in value.terms:
            if isinstance(t, Product):
                terms += t.a.shape[-1]
            else:
                terms += math.prod([t.x.shape[k] for k in t.axes]) if isinstance(t, Along) else 1
        return f"{tensor.size} sum(s) of {terms} term(s)"
    if isinstance(value, Largest):
        return f"{tensor.size} maxima, to keep the exponentials small"
    return f"{tensor.size} columns, gathered"


class Writer(Names):
    """Writes a plan."""

    def __init__(self, plan: Plan, recording: Recording, mean: bool) -> None:
        super().__init__(plan, recording)
        self.mean = mean
        self.lines: list[str] = []
        self.texts: dict[Tensor, str] = {}
        self.used: set[str] = set()
        self.constants: dict[str, tuple[str, str, Shape]] = {}  # by their text: those that have a name
        self.started: set[Tensor] = set()
        targets = [a.target.tensor for a in plan.backward]
        self.changing = {t for t in targets if targets.count(t) > 1}  # written in several steps
        self.slopes: list[tuple[str, Ref]] = []  # along the matrices, not yet in the flat gradient

    def write(self) -> str:
        """All of it."""
        plan = self.plan
        self.names[plan.parameters] = "w"
        for tensor in plan.inputs:
            name = self.r.names[tensor.argument] if tensor.argument < len(self.r.names) else f"x{tensor.argument}"
            self.names[tensor] = self.fresh(name.upper() if tensor.size > 1 and len(name) == 1 else name, number=False)
        self._name_tensors()
        for a in plan.forward:
            self.assign(a)
        self.value()
        for a in plan.backward:
            self.assign(a)
        self._place_slopes()
        return self._assembled()

    def _assembled(self) -> str:
        plan = self.plan
        arguments = ", ".join(["w", *(self.names[t] for t in plan.inputs)])
        head = [f"def program({arguments}):"]
        shapes = [f"{self.names[t]} {self._shape(t.shape, True)}" for t in plan.inputs]
        about = f"w ({plan.parameters.size},)" + "".join(f", {s}" for s in shapes)
        head.append(f'    """The value and its gradient: {about}."""')
        body = []
        if plan.inputs:
            first = plan.inputs[0]
            body.append(f"m = len({self.names[first]})")
            for t in plan.inputs:
                body.append(f"{self.names[t]} = np.reshape({self.names[t]}, ({self._rows(t.shape)}))")
        for name, ref in self.pieces.items():
            if name != "w":
                body.append(self._commented(f"{name} = {slice_of('w', ref)[0]}", ref.shape, False))
        for name, text, shape in self.constants.values():
            body.append(self._commented(f"{name} = {text}", shape, False))
        body += self.lines
        body.append("return value, gradient")
        imports = ["import math", "", "import numpy as np"] if "erf" in self.used else ["import numpy as np"]
        blocks = ["\n".join(imports)]
        blocks += [spell.DEFINITIONS[name].strip() for name in spell.DEFINITIONS if name in self.used]
        blocks.append("\n".join([*head, *(f"    {line}" for line in body)]))
        return "\n\n\n".join(blocks) + "\n"

    # -- Lines ----------------------------------------------------------------------------------------------------

    def assign(self, a: Assign) -> None:
        """One assignment."""
        tensor = a.target.tensor
        if tensor is self.plan.gradient:
            return self._gradient(a)
        if tensor not in self.names:
            node = next((t for t, d in self.plan.adjoints.items() if d is tensor), None)
            self.names[tensor] = self.fresh(f"d{self.names[node]}", number=False) if node else self.fresh("G")
        name = self.names[tensor]
        if a.scatter is not None:
            self._start(tensor)
            value = self._fit(self.text(a.value), a.value, (len(a.scatter),))
            flat = name if len(tensor.shape) == 1 else f"{name}.reshape({'m, ' if tensor.batched else ''}-1)"
            if a.value.batched and not tensor.batched:
                value = f"{value}.sum(axis=0)"
            index = f"(slice(None), {self.index(a.scatter)})" if tensor.batched else self.index(a.scatter)
            self.lines.append(f"np.add.at({flat}, {index}, {value})")
        elif a.target.whole:
            text = self._fit(self.text(a.value), a.value, tensor.shape, tensor.batched)
            if not a.add:
                if isinstance(a.value, Number):
                    text = f"np.full({self._shape(tensor.shape, tensor.batched)}, {text})"
                elif tensor in self.changing:  # an array of its own, and in order
                    text = f"np.array(np.broadcast_to({text}, {self._shape(tensor.shape, tensor.batched)}), order='C')"
                elif not self._is_full(a.value, tensor):
                    text = f"np.broadcast_to({text}, {self._shape(tensor.shape, tensor.batched)}).copy()"
                self.texts.setdefault(tensor, text)
                self.lines.append(self._commented(f"{name} = {text}", tensor.shape, tensor.batched))
            else:
                self._start(tensor)
                self.lines.append(f"{name} += {text}")
            self.started.add(tensor)
        else:
            self._start(tensor)
            value = self._fit(self.text(a.value), a.value, a.target.shape, tensor.batched)
            place = self.view(a.target, assign=True)
            self.lines.append(f"{place} {'+=' if a.add else '='} {value}")
        return None

    def _start(self, tensor: Tensor) -> None:
        if tensor not in self.started:
            self.started.add(tensor)
            self.lines.append(f"{self.names[tensor]} = np.zeros({self._shape(tensor.shape, tensor.batched)})")

    def _gradient(self, a: Assign) -> None:
        if a.scatter is not None:
            self._place_slopes()
            value = self._fit(self.text(a.value), a.value, (len(a.scatter),))
            value = f"{value}.sum(axis=0)" if a.value.batched else value
            self.lines.append(f"np.add.at(gradient, {self.index(a.scatter)}, {value})")
            return
        if isinstance(a.value, Number) and a.value.value == 0.0:
            return
        target = a.target
        steps = tuple(s for n, s in zip(target.shape, target.strides, strict=True) if n > 1)
        name = self.known.get((target.offset, target.shape, steps))
        if name is None and len(target.shape) == 1:  # the weights of a layer of one unit are a matrix, too
            name = self.known.get((target.offset, (1, *target.shape), steps))
            target = Ref(target.tensor, target.offset, (1, *target.shape), (1, *target.strides)) if name else target
        slope = reshaped(a.value, target.shape) or a.value
        text = self._fit(self.text(slope), slope, target.shape, False)
        if name is not None and f"d{name}" not in self.taken and not a.add:
            name = self.fresh(f"d{name}", number=False)
            if not self._is_full(slope, target.tensor):
                text = f"np.broadcast_to({text}, {self._shape(target.shape, False)})"
            self.lines.append(self._commented(f"{name} = {text}", target.shape, False))
            self.slopes.append((name, target))
            return
        text = self._fit(self.text(a.value), a.value, a.target.shape, False)
        self._place_slopes()
        if a.add and a.target.whole and len(a.target.shape) == 1:
            self.lines.append(f"gradient += {text}")
            return
        matrix = self.around.get((id(self.plan.parameters), *a.target.key[1:]))
        place, assignable = slice_of("gradient", matrix or a.target)
        if matrix:
            place, assignable = place + block_of(a.target, matrix), True
        self.lines.append(f"{place}{'' if assignable else '[...]'} {'+=' if a.add else '='} {text}")

    def _place_slopes(self) -> None:
        """Put the slopes along the matrices into the flat gradient."""
        gradient = self.plan.gradient
        in_a_row = sorted(self.slopes, key=lambda s: s[1].offset)
        ends = np.cumsum([0, *(math.prod(r.shape) for _, r in in_a_row)])
        if (
            gradient not in self.started
            and in_a_row
            and ends[-1] == gradient.size
            and all(
                r.offset == end and r.strides == dense(r.shape) for (_, r), end in zip(in_a_row, ends[:-1], strict=True)
            )
        ):
            self.started.add(gradient)
            flat = [name if len(r.shape) == 1 else f"{name}.ravel()" for name, r in in_a_row]
            self.lines.append(f"gradient = np.concatenate([{', '.join(flat)}])")
        elif self.slopes or gradient not in self.started:
            self._start_gradient()
            for name, ref in self.slopes:
                place, assignable = slice_of("gradient", ref)
                self.lines.append(f"{place}{'' if assignable else '[...]'} = {name}")
        self.slopes = []

    def _start_gradient(self) -> None:
        if self.plan.gradient not in self.started:
            self.started.add(self.plan.gradient)
            self.lines.append(f"gradient = np.zeros({self.plan.gradient.size})")

    def value(self) -> None:
        """The line of the value."""
        root, batched = self.plan.root, bool(self.plan.inputs)
        pieces: list[tuple[float, Text]] = []
        shared: list[tuple[float, Text]] = []  # what is the same for all examples: its mean is itself
        terms = (
            [(1.0, root)]
            if isinstance(root, Ref)
            else [*root.terms, *([(1.0, root.constant)] if root.constant else [])]
        )
        for c, term in terms:
            if not batched or term.batched:
                pieces.append((c, (self._total(term), 9)))
            elif isinstance(term, Number):
                c *= term.value
                shared.append((math.copysign(1.0, c), (repr(abs(c)), 9)) if self.mean else (c, ("m", 9)))
            else:
                text = self._total(term)
                shared.append((c, (text, 9) if self.mean else (f"m * {text}", 2)))
        if batched and self.mean and pieces:
            text = _joined(pieces)
            pieces = [(1.0, (f"({text}) / m" if len(pieces) > 1 else f"{text} / m", 2))]
        text = _joined([*pieces, *shared])
        if self.plan.penalty is not None:
            text += f" + np.sum({self.text(self.plan.penalty)[0]})"
        self.lines.append(f"value = {text}")

    def _total(self, term: Expr) -> str:
        if isinstance(term, Number):
            return repr(term.value)
        if isinstance(term, Product) and math.prod(term.shape) == 1:
            a, b = (self.text(squeezed(x)) for x in (term.a, term.b))
            return f"np.sum({_wrapped(a, 2)} * {_wrapped(b, 3)})"
        if isinstance(term, Along):
            return f"np.sum({self.text(squeezed(term.x))[0]})"
        return f"np.sum({self.text(term)[0]})"

    def table(self, values: np.ndarray[Any, Any]) -> str:
        """The text of an array of constants; a long one gets a name."""
        return self._named("C", table_of(values), values.shape, values.size > 8)

    def index(self, index: Any) -> str:
        """The text of columns in any order; a long one gets a name."""
        text = index_of(index)
        return self._named("I", text, (len(index),), len(text) > 50)

    def _named(self, letter: str, text: str, shape: Shape, is_long: bool) -> str:
        if not is_long:
            return text
        if text not in self.constants:
            self.constants[text] = self.fresh(letter), text, shape
        return self.constants[text][0]

    # -- Expressions ----------------------------------------------------------------------------------------------

    def text(self, expr: Expr) -> Text:
        """An expression whose value has the shape (m, *expr.shape), or broadcasts to it."""
        if isinstance(expr, Ref):
            return self.view(expr), 9
        if isinstance(expr, Number):
            return repr(expr.value), 9 if expr.value >= 0 else 3
        if isinstance(expr, Table):
            return self.table(expr.values), 9
        if isinstance(expr, Seed):
            if not self.plan.inputs or not self.mean:
                return ("m", 9) if expr.rows else ("1.0", 9)
            return ("1.0", 9) if expr.rows else ("1 / m", 2)
        if isinstance(expr, Sum):
            return self._sum(expr)
        if isinstance(expr, Elementwise):
            return self._elementwise(expr)
        if isinstance(expr, Product):
            return self._product(expr)
        if isinstance(expr, Along):
            if expr.shape == (1,) and len(expr.axes) == len(expr.x.shape) - 1 and not expr.x.batched:
                inner = reshaped(expr.x, tuple(n for n in expr.x.shape if n > 1) or (1,)) or expr.x
                row = len(inner.shape) == 1 and own_shape(inner) in (None, inner.shape)
                end = "sum(keepdims=True)" if row else "sum().reshape(1)"
                return f"{_wrapped(self._full(inner), 9)}.{end}", 9
            return self._along(expr), 9
        if isinstance(expr, Largest):
            return self._along_last(expr.x, "max"), 9
        assert isinstance(expr, Gather)
        flat = self._flat(expr.tensor)
        return f"{flat}[{':, ' if expr.tensor.batched else ''}{self.index(expr.index)}]", 9

    def _along(self, expr: Along) -> str:
        """A sum over axes and over the batch. An axis along which a view repeats itself has length 1 in its text."""
        x, same = expr.x, repeated(expr.x)
        if expr.axes == (len(x.shape) - 1,) and not expr.over_batch and not same:
            return self._along_last(x, "sum")
        text = _wrapped(self.text(x), 9)
        if same & set(expr.axes):
            text, same = f"np.broadcast_to({text}, {self._shape(x.shape, x.batched)})", set()
        axes = [k - len(x.shape) for k in expr.axes if k >= left_out(x)]
        over_batch = expr.over_batch and x.batched
        if over_batch:
            axes.insert(0, 0)
        if axes:
            text = f"{text}.sum(axis={axes[0] if len(axes) == 1 else tuple(axes)})"
        if same:
            kept = tuple(n for k, n in enumerate(x.shape) if k not in expr.axes)
            text = f"np.broadcast_to({text}, {self._shape(kept, x.batched and not over_batch)})"
        return text

    def _along_last(self, x: Expr, what: str) -> str:
        """The sum or max along the last axis. Of a single row the axis is kept; of a transpose it is the other one."""
        row = reshaped(x, x.shape[1:]) if len(x.shape) == 2 and x.shape[0] == 1 else None
        row = row if row is not None and own_shape(row) in (None, row.shape) else None
        text = _wrapped(self._full(row or x), 9)
        if row is not None:
            return f"{text}.{what}(axis=-1, keepdims=True)"
        return f"{text.removesuffix(TURNED)}.{what}(axis={-2 if text.endswith(TURNED) else -1})"

    def _sum(self, expr: Sum) -> Text:
        pieces: list[tuple[float, Text]] = []
        for c, term in [*expr.terms, *([(1.0, expr.constant)] if expr.constant is not None else [])]:
            text = self._term(term, expr.shape)
            number = term.value if isinstance(term, Number) else 1.0 if text[0] == "1.0" else None
            if number is None:
                pieces.append((c, text))
            else:
                pieces.append((math.copysign(1.0, c * number), (repr(abs(c * number)), 9)))
        if not pieces:
            return "0.0", 9
        if len(pieces) == 1:
            c, text = pieces[0]
            if c == 1.0:
                return text
            return (f"-{_wrapped(text, 3)}", 3) if c == -1.0 else (f"{c!r} * {_wrapped(text, 3)}", 2)
        return _joined(pieces), 1

    def _term(self, expr: Expr, shape: Shape) -> Text:
        """A term of a sum, or an argument, in the shape of the whole."""
        text = self.text(expr)
        fitted = self._fit(text, expr, shape)
        return text if fitted == text[0] else (fitted, 9)

    def _elementwise(self, expr: Elementwise) -> Text:
        name = expr.op.name
        if name == "mul" and isinstance(expr.args[1], Seed):
            inner, (seed, _) = self._term(expr.args[0], expr.shape), self.text(expr.args[1])
            if seed != "m":
                return inner if seed == "1.0" else (f"{_wrapped(inner, 2)} / m", 2)
        args = [self._term(x, expr.shape) for x in expr.args]
        if name in spell.INFIX:
            own = 1 if name in ("add", "sub") else 2
            return f"{_wrapped(args[0], own)} {spell.INFIX[name]} {_wrapped(args[1], own + 1)}", own
        if name == "neg":
            return f"-{_wrapped(args[0], 3)}", 3
        if name in ("power", "power_slope") and isinstance(expr.args[1], Number):
            n, x = expr.args[1].value, _wrapped(args[0], 9)
            return (f"{x} ** {_short(n)}", 4) if name == "power" else (f"{_short(n)} * {x} ** {_short(n - 1)}", 2)
        if name in spell.DEFINITIONS:
            self.used.add(name)
        return spell.call(name, [t for t, _ in args]), 9

    def _product(self, expr: Product) -> Text:
        a, b = expr.a, expr.b
        if expr.how == ".":
            return self._along_last(Elementwise(rules.mul, (a, b), a.shape, expr.batched), "sum"), 9
        if expr.how != "b" and a.shape[0] == 1 and a.batched and not b.batched:
            # one row of activations for each example: they are the rows of a matrix
            rows = _wrapped(self._full(squeezed(a, 0)), 2)
            second = _wrapped(self._full(b), 9)
            return f"{rows} @ {_turned(second, False) if expr.how == 'z' else second}", 2
        if expr.how == "b" and expr.over_batch and a.batched and b.batched:
            if a.shape[0] == 1:
                first, second = (_wrapped(self._full(squeezed(x, 0)), 9) for x in (a, b))
                return f"{first}.T @ {second}", 2
            first = f"{_wrapped(self._full(a), 9)}.reshape(-1, {a.shape[1]})"
            return f"{first}.T @ {_wrapped(self._full(b), 9)}.reshape(-1, {b.shape[1]})", 2
        first, second = _wrapped(self._full(a), 9), _wrapped(self._full(b), 9)
        if expr.how == "z":
            second = _turned(second, b.batched)
        if expr.how == "b":
            first = _turned(first, a.batched)
        if expr.over_batch:
            return f"({first} @ {second}).sum(axis=0)", 9
        return f"{first} @ {second}", 2

    def _full(self, expr: Expr) -> Text:
        """An operand of a matrix product, which must have all its rows and columns."""
        text = self.text(expr)
        if repeated(expr):
            return f"np.broadcast_to({text[0]}, {self._shape(expr.shape, expr.batched)})", 9
        return text

    def _fit(self, text: Text, expr: Expr, shape: Shape, batched: bool | None = None) -> str:
        """The text, with a reshape where the expression's own shape is another one."""
        own = own_shape(expr)
        if own is None or own == shape:
            return text[0]
        if isinstance(expr, Along) and (own, shape) == ((), (1,)) and text[0].endswith(".sum(axis=-1)"):
            return text[0].removesuffix(")") + ", keepdims=True)"
        if repeated(expr):
            text = f"np.broadcast_to({text[0]}, {self._shape(expr.shape, expr.batched)})", 9
        rows = ["m"] if expr.batched else []
        return f"{_wrapped(text, 9)}.reshape({', '.join([*rows, *map(str, shape)])})"

    def _is_full(self, expr: Expr, tensor: Tensor) -> bool:
        """Whether the value has all the rows and columns, and need not be repeated."""
        if own_shape(expr) is None or repeated(expr):
            return False
        return has_rows(expr) or not tensor.batched


def _short(x: float) -> str:
    """An exponent."""
    return repr(int(x) if x == int(x) else x)


def _wrapped(text: Text, least: int) -> str:
    return text[0] if text[1] >= least else f"({text[0]})"


def _turned(text: str, batched: bool) -> str:
    """The transpose."""
    for swap in (TURNED,) if batched else (".T", TURNED):
        if text.endswith(swap):
            return text.removesuffix(swap)
    return text + (TURNED if batched else ".T")


def _joined(pieces: list[tuple[float, Text]]) -> str:
    """c · a + d · b …, with signs."""
    result = ""
    for c, text in sorted(pieces, key=lambda p: p[0] < 0):
        size = _wrapped(text, 2) if abs(c) == 1.0 else f"{abs(c)!r} * {_wrapped(text, 3)}"
        if not result:
            result = size if c > 0 else f"-{size}"
        else:
            result += f" + {size}" if c > 0 else f" - {size}"
    return result or "0.0"
