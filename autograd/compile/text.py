"""Text: a matrix program as the vectorised backpropagation that a textbook prints.

The same plan that runs (`autograd.compile.calls`), written to be read: names from the labels and scopes, shapes as
comments. The text runs by itself, with NumPy only.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd.compile.adjoint import reshaped
from autograd.compile.record import Recording
from autograd.compile.slices import arange, index_of, slice_of, slices_of
from autograd.compile.tensors import (
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
from autograd.spell import numpy as spell

ACTIVATIONS = frozenset({"sigmoid", "tanh", "relu"})
LETTERS = {"exp": "E", "softplus": "L", "log": "L", "div": "R", "mul": "V"}
Text = tuple[str, int]  # the text and how tightly it binds: 1 sums, 2 products, 3 signs, 9 names and calls


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
        size = int(np.prod(ref.shape))
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
                terms += int(np.prod([t.x.shape[k] for k in t.axes])) if isinstance(t, Along) else 1
        return f"{tensor.size} sum(s) of {terms} term(s)"
    if isinstance(value, Largest):
        return f"{tensor.size} maxima, to keep the exponentials small"
    return f"{tensor.size} columns, gathered"


class Writer:
    """Writes a plan."""

    def __init__(self, plan: Plan, recording: Recording, mean: bool) -> None:
        self.plan, self.r, self.mean = plan, recording, mean
        self.names: dict[Tensor, str] = {}
        self.pieces: dict[str, Ref] = {}  # the matrices inside the flat vector of parameters
        self.known: dict[Any, str] = {}
        self.lines: list[str] = []
        self.texts: dict[Tensor, str] = {}
        self.used: set[str] = set()
        self.taken = {"np", "math", "m", "w", "value", "gradient", "program", *spell.DEFINITIONS}
        self.started: set[Tensor] = set()
        targets = [a.target.tensor for a in plan.backward]
        self.changing = {t for t in targets if targets.count(t) > 1}  # written in several steps
        self.slopes: list[tuple[str, Ref]] = []  # along the matrices, not yet in the flat gradient
        self.slot_of = {place: slot for slot, place in recording.parameters.items()}

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
            body.append(self._commented(f"{name} = {slice_of('w', ref)[0]}", ref.shape, False))
        body += self.lines
        body.append("return value, gradient")
        imports = ["import math", "", "import numpy as np"] if "erf" in self.used else ["import numpy as np"]
        parts = ["\n".join(imports)]
        parts += [spell.DEFINITIONS[name].strip() for name in spell.DEFINITIONS if name in self.used]
        parts.append("\n".join([*head, *(f"    {line}" for line in body)]))
        return "\n\n\n".join(parts) + "\n"

    # -- Names ----------------------------------------------------------------------------------------------------

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
                        self.piece(term.b, "W", number[tensor])
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
            index = f"(slice(None), {index_of(a.scatter)})" if tensor.batched else index_of(a.scatter)
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
                self.lines.append(f"{name} = {name} + {_wrapped((text, 1), 2)}")
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
            inner = self._rows(tensor.shape) if tensor.batched else ", ".join(map(str, tensor.shape)) + ","
            self.lines.append(f"{self.names[tensor]} = np.zeros(({inner}))")

    def _gradient(self, a: Assign) -> None:
        if a.scatter is not None:
            self._place_slopes()
            value = self._fit(self.text(a.value), a.value, (len(a.scatter),))
            value = f"{value}.sum(axis=0)" if a.value.batched else value
            self.lines.append(f"np.add.at(gradient, {index_of(a.scatter)}, {value})")
            return
        if isinstance(a.value, Number) and a.value.value == 0.0:
            return
        text = self._fit(self.text(a.value), a.value, a.target.shape, False)
        name = self.known.get((a.target.offset, a.target.shape, a.target.strides))
        if name is not None and f"d{name}" not in self.taken and not a.add:
            name = self.fresh(f"d{name}", number=False)
            self.lines.append(self._commented(f"{name} = {text}", a.target.shape, False))
            self.slopes.append((name, a.target))
            return
        self._place_slopes()
        place, assignable = slice_of("gradient", a.target)
        self.lines.append(f"{place}{'' if assignable else '[...]'} {'+=' if a.add else '='} {text}")

    def _place_slopes(self) -> None:
        """Put the slopes along the matrices into the flat gradient."""
        gradient = self.plan.gradient
        in_a_row = sorted(self.slopes, key=lambda s: s[1].offset)
        ends = np.cumsum([0, *(int(np.prod(r.shape)) for _, r in in_a_row)])
        if (
            gradient not in self.started
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
        pieces: list[tuple[float, str]] = []
        terms = (
            [(1.0, root)]
            if isinstance(root, Ref)
            else [*root.terms, *([(1.0, root.constant)] if root.constant else [])]
        )
        for c, term in terms:
            text = self._total(term)
            pieces.append((c, f"m * {text}" if batched and not term.batched else text))
        text = _joined(pieces)
        if batched and self.mean:
            text = f"({text}) / m" if len(pieces) > 1 else f"{text} / m"
        if self.plan.penalty is not None:
            text += f" + np.sum({self.text(self.plan.penalty)[0]})"
        self.lines.append(f"value = {text}")

    def _total(self, term: Expr) -> str:
        if isinstance(term, Number):
            return repr(term.value)
        if isinstance(term, Product) and int(np.prod(term.shape)) == 1:
            a, b = (self.text(_squeezed(x)) for x in (term.a, term.b))
            return f"np.sum({_wrapped(a, 2)} * {_wrapped(b, 3)})"
        if isinstance(term, Along):
            return f"np.sum({self.text(_squeezed(term.x))[0]})"
        return f"np.sum({self.text(term)[0]})"

    # -- Expressions ----------------------------------------------------------------------------------------------

    def text(self, expr: Expr) -> Text:
        """An expression whose value has the shape (m, *expr.shape), or broadcasts to it."""
        if isinstance(expr, Ref):
            return self.view(expr), 9
        if isinstance(expr, Number):
            return repr(expr.value), 9 if expr.value >= 0 else 3
        if isinstance(expr, Table):
            return f"np.array({expr.values.tolist()!r})", 9
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
                inner = reshaped(expr.x, tuple(n for n in expr.x.shape if n > 1) or (1,))
                return f"{_wrapped(self.text(inner or expr.x), 9)}.sum().reshape(1)", 9
            axes = [k - len(expr.x.shape) for k in expr.axes]
            if expr.over_batch and expr.x.batched:
                axes.insert(0, 0)
            axis = str(axes[0]) if len(axes) == 1 else str(tuple(axes))
            return f"{_wrapped(self.text(expr.x), 9)}.sum(axis={axis})", 9
        if isinstance(expr, Largest):
            return f"{_wrapped(self.text(expr.x), 9)}.max(axis=-1)", 9
        assert isinstance(expr, Gather)
        flat = self._flat(expr.tensor)
        return f"{flat}[{':, ' if expr.tensor.batched else ''}{index_of(expr.index)}]", 9

    def _sum(self, expr: Sum) -> Text:
        pieces: list[tuple[float, Text]] = [(c, self._term(t, expr.shape)) for c, t in expr.terms]
        if expr.constant is not None:
            constant = self.text(expr.constant)
            first = bool(pieces) and pieces[0][0] < 0
            pieces.insert(0 if first else len(pieces), (1.0, constant))
        if not pieces:
            return "0.0", 9
        if len(pieces) == 1:
            c, text = pieces[0]
            if c == 1.0:
                return text
            return (f"-{_wrapped(text, 3)}", 3) if c == -1.0 else (f"{c!r} * {_wrapped(text, 3)}", 2)
        return _joined([(c, _wrapped(t, 2)) for c, t in pieces]), 1

    def _term(self, expr: Expr, shape: Shape) -> Text:
        """A term of a sum, or an argument, in the shape of the whole."""
        text = self.text(expr)
        fitted = self._fit(text, expr, shape)
        return text if fitted == text[0] else (fitted, 9)

    def _elementwise(self, expr: Elementwise) -> Text:
        name = expr.op.name
        if name == "mul" and isinstance(expr.args[1], Seed) and not expr.args[1].rows:
            inner = self._term(expr.args[0], expr.shape)
            return (f"{_wrapped(inner, 2)} / m", 2) if self.plan.inputs and self.mean else inner
        args = [self._term(x, expr.shape) for x in expr.args]
        if name in spell.INFIX:
            own = 1 if name in ("add", "sub") else 2
            return f"{_wrapped(args[0], own)} {spell.INFIX[name]} {_wrapped(args[1], own + 1)}", own
        if name == "neg":
            return f"-{_wrapped(args[0], 3)}", 3
        if name in spell.DEFINITIONS:
            self.used.add(name)
        return spell.call(name, [t for t, _ in args]), 9

    def _product(self, expr: Product) -> Text:
        a, b = expr.a, expr.b
        if expr.how == ".":
            return f"({_wrapped(self.text(a), 2)} * {_wrapped(self.text(b), 3)}).sum(axis=-1)", 9
        if expr.how != "b" and a.shape[0] == 1 and a.batched and not b.batched:
            # one row of activations for each example: they are the rows of a matrix
            rows = _wrapped(self._full(_squeezed(a, 0)), 2)
            return f"{rows} @ {_wrapped(self._full(b), 9)}{'.T' if expr.how == 'z' else ''}", 2
        if expr.how == "b" and expr.over_batch and a.batched and b.batched:
            if a.shape[0] == 1:
                first, second = (_wrapped(self._full(_squeezed(x, 0)), 9) for x in (a, b))
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
        if isinstance(expr, Ref) and any(s == 0 and n > 1 for s, n in zip(expr.strides, expr.shape, strict=True)):
            return f"np.broadcast_to({text[0]}, ({', '.join(['m'] * expr.batched + [str(n) for n in expr.shape])},))", 9
        return text

    def _fit(self, text: Text, expr: Expr, shape: Shape, batched: bool | None = None) -> str:
        """The text, with a reshape where the expression's own shape is another one."""
        own = _own_shape(expr)
        if own is None or own == shape:
            return text[0]
        rows = ["m"] if expr.batched else []
        return f"{_wrapped(text, 9)}.reshape({', '.join([*rows, *map(str, shape)])})"

    def _is_full(self, expr: Expr, tensor: Tensor) -> bool:
        """Whether the value has all the rows and columns, and need not be repeated."""
        if isinstance(expr, Number | Seed | Table):
            return False
        if isinstance(expr, Sum):
            return any(self._is_full(t, tensor) for _, t in expr.terms)
        if isinstance(expr, Elementwise):
            return any(self._is_full(x, tensor) for x in expr.args)
        if isinstance(expr, Ref) and any(s == 0 and n > 1 for s, n in zip(expr.strides, expr.shape, strict=True)):
            return False
        return expr.batched or not tensor.batched

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
            base = self.view(inner)
            if not keep:
                return (
                    base
                    if len(ref.shape) == 1
                    else f"{base}[{', '.join([':'] * tensor.batched + ['None'] * (len(ref.shape) - 1) + [':'])}]"
                )
            while index and index[-1] == ":":
                index.pop()
            return f"{base}[{', '.join(index)}]"
        sliced = slices_of(ref, tensor)
        if sliced is not None:
            return f"{name}[{', '.join([':'] * tensor.batched + sliced)}]"
        if ref.whole and not assign:
            return f"{name}.reshape({', '.join(['m'] * tensor.batched + [str(n) for n in ref.shape])})"
        if len(ref.shape) == 2 and not assign:
            turned = Ref(tensor, ref.offset, ref.shape[::-1], ref.strides[::-1])
            sliced = slices_of(turned, tensor)
            if sliced is not None:
                return f"{name}[{', '.join([':'] * tensor.batched + sliced)}].swapaxes(-1, -2)"
        index_text = arange(ref)
        return f"{self._flat(tensor)}[{':, ' if tensor.batched else ''}{index_text}]"

    def _parameter(self, ref: Ref, letter: str = "", n: int | None = None) -> str:
        repeated = [k for k, (n, s) in enumerate(zip(ref.shape, ref.strides, strict=True)) if n > 1 and s == 0]
        keep = [k for k in range(len(ref.shape)) if k not in repeated]
        inner = Ref(ref.tensor, ref.offset, tuple(ref.shape[k] for k in keep), tuple(ref.strides[k] for k in keep))
        name = self.piece(inner, letter or ("W" if len(keep) == 2 else "w"), n)
        stored = self.pieces[name].shape
        if stored != inner.shape:
            name = f"{name}.reshape({', '.join(map(str, inner.shape))})" if inner.shape else f"{name}[0]"
        if repeated and keep:
            return f"{name}[{', '.join('None' if k in repeated else ':' for k in range(len(ref.shape)))}]"
        return name


def _wrapped(text: Text, least: int) -> str:
    return text[0] if text[1] >= least else f"({text[0]})"


def _turned(text: str, batched: bool) -> str:
    """The transpose."""
    swap = ".swapaxes(-1, -2)" if batched else ".T"
    return text.removesuffix(swap) if text.endswith(swap) else text + swap


def _joined(pieces: list[tuple[float, str]]) -> str:
    """c · a + d · b …, with signs."""
    result = ""
    for c, text in sorted(pieces, key=lambda p: p[0] < 0):
        size = text if abs(c) == 1.0 else f"{abs(c)!r} * ({text})" if " " in text else f"{abs(c)!r} * {text}"
        if not result:
            result = size if c > 0 else f"-({size})" if " + " in size or " - " in size else f"-{size}"
        else:
            result += f" + {size}" if c > 0 else f" - {size}"
    return result or "0.0"


def _own_shape(expr: Expr) -> Shape | None:
    """The shape that the text of an expression has, apart from the batch; None: it broadcasts."""
    if isinstance(expr, Product):
        if expr.how == ".":
            return expr.a.shape[:-1]
        i, k = (expr.a.shape[0], expr.b.shape[0]) if expr.how == "z" else (expr.a.shape[0], expr.b.shape[-1])
        if expr.how == "b":
            i = expr.a.shape[-1]
        if expr.how != "b" and i == 1 and expr.a.batched and not expr.b.batched:
            return (k,)
        return (i, k)
    if isinstance(expr, Along):
        return tuple(n for k, n in enumerate(expr.x.shape) if k not in expr.axes)
    if isinstance(expr, Largest | Ref | Gather):
        return expr.shape
    if isinstance(expr, Sum):
        return expr.shape if any(_own_shape(t) is not None for _, t in expr.terms) else None
    if isinstance(expr, Elementwise):
        return expr.shape if any(_own_shape(x) is not None for x in expr.args) else None
    return None


def _squeezed(expr: Expr, axis: int | None = None) -> Expr:
    """A Ref without its axes of length 1 (or one of them)."""
    if isinstance(expr, Ref):
        keep = [k for k, n in enumerate(expr.shape) if (n > 1 if axis is None else k != axis)]
        if not keep:
            return Ref(expr.tensor, expr.offset, (1,), (1,))
        return Ref(expr.tensor, expr.offset, tuple(expr.shape[k] for k in keep), tuple(expr.strides[k] for k in keep))
    return expr
