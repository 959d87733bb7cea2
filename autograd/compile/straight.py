"""Straight-line Python: the forward and the backward pass of a small graph as one function, without a loop.

A node that is used once is written into the line that uses it; any other gets a name and a line. The slopes are
the rules of the table, called with symbols, so they print themselves.

>>> from autograd import Value
>>> from autograd.compile.record import record
>>> print(source(record(lambda a, b: (a * b).tanh(), example=(1.0, 2.0))))
def program(p0, p1):
    v3 = tanh(p0 * p1)
    g2 = 1.0 - v3 * v3
    return v3, (g2 * p1, g2 * p0)
"""

from __future__ import annotations

import keyword
import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd import rules
from autograd.compile.record import Recording
from autograd.expression import ATOM, BINDING, SIGN, Expression, number, symbol, write
from autograd.op import Op, SumOp
from autograd.spell import python

DEEP = 30  # how deep a fused expression may nest: CPython's compiler recurses on it
LONG = 30  # how many terms one line may add up
Array = NDArray[np.float64]
Text = tuple[str, int, int]  # the text, how tightly it binds, how deep it nests


def source(recording: Recording, name: str = "program", root: int | None = None, *, checked: bool = False) -> str:
    """The text of ``name(p0, p1, …, x0, x1, …)``, which returns (cost, tuple of ∂cost/∂p).

    With `checked` it raises ValueError where one of these is not finite.
    """
    return _Writer(recording, recording.root if root is None else root).function(name, checked)


def function(text: str, name: str = "program") -> Callable[..., tuple[float, tuple[float, ...]]]:
    """The function of this text."""
    names: dict[str, Any] = dict(python.FUNCTIONS)
    exec(compile(text, f"<{name}>", "exec"), names)
    made: Callable[..., tuple[float, tuple[float, ...]]] = names[name]
    return made


def make(recording: Recording) -> Straight:
    """The runner of a recording: see `autograd.compile.program.Runner`."""
    return Straight(recording)


class Straight:
    """A straight-line function, called once for every row of the batch."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.source = source(recording)
        self.function = function(self.source)
        self.penalty: Callable[..., Any] | None = None
        if recording.penalty is not None:
            text = source(recording, "penalty", recording.penalty)
            self.source += "\n\n\n" + text
            self.penalty = function(text, "penalty")
        self.source = python.header(self.source) + self.source + "\n"

    def __call__(self, parameters: Array, batch: list[Array], weight: float) -> tuple[float, Array]:
        """(value, gradient): see `autograd.compile.program.Runner`."""
        try:
            return self._rows(parameters.tolist(), batch, weight)
        except (ArithmeticError, ValueError):  # Python's floats raise where others return inf or NaN
            return math.nan, np.full(len(parameters), math.nan)

    def _rows(self, p: list[float], batch: list[Array], weight: float) -> tuple[float, Array]:
        if not batch:
            value, slopes = self.function(*p)
            return value, np.array(slopes)
        value, gradient = 0.0, np.zeros(len(p))
        for row in np.concatenate([x.reshape(len(x), -1) for x in batch], axis=1).tolist():
            cost, slopes = self.function(*p, *row)
            value += cost
            gradient += slopes
        value, gradient = value * weight, gradient * weight
        if self.penalty is not None:
            extra, slopes = self.penalty(*p, *[0.0] * self.recording.input_count)
            value, gradient = value + extra, gradient + slopes
        return value, gradient

    def checked(self) -> Callable[..., tuple[float, tuple[float, ...]]]:
        """The function, as one that raises ValueError where a result is not finite."""
        return function(source(self.recording, checked=True))

    def explain(self) -> str:
        """How many nodes became how many lines."""
        lines = self.source.count("\n")
        return f"{self.recording.recorded:,} nodes became {lines} lines of straight-line Python (forward and backward)."


class _Writer:
    def __init__(self, recording: Recording, root: int) -> None:
        self.r, self.root = recording, root
        self.live = self._below(root)
        self.active = self._active()
        self.names = self._leaf_names()
        self.lines: list[str] = []
        self.texts: dict[int, Text] = {}

    def _below(self, root: int) -> list[bool]:
        live = [False] * len(self.r)
        live[root] = True
        for i in range(root, -1, -1):
            if live[i]:
                for a in self.r.args[i]:
                    live[a] = True
        return live

    def _active(self) -> list[bool]:
        """Whether a slot depends on a parameter, other than through a held slot."""
        active = [False] * len(self.r)
        for i, args in enumerate(self.r.args):
            active[i] = i in self.r.parameters or (i not in self.r.held and any(active[a] for a in args))
        return active

    def _leaf_names(self) -> dict[int, str]:
        """p0, p1, … and x0, x1, …; a label that can be a name, and is the only one of its kind, is used instead."""
        taken = set(python.FUNCTIONS) | set(dir(__builtins__))
        labels = [self.r.labels.get(i, "") for i in (*self.r.parameters, *self.r.inputs)]
        names: dict[int, str] = {}
        for letter, leaves in (("p", self.r.parameters), ("x", self.r.inputs)):
            for i, place in leaves.items():
                label = self.r.labels.get(i, "")
                good = label.isidentifier() and label.isascii() and not keyword.iskeyword(label)
                own = good and label not in taken and labels.count(label) == 1 and label[0] not in "pxvgsr"
                names[i] = label if own else f"{letter}{place}"
        return names

    def function(self, name: str, checked: bool = False) -> str:
        r = self.r
        places = {place: self.names[i] for i, place in r.parameters.items()}
        inputs = {place: self.names[i] for i, place in r.inputs.items()}
        signature = [places.get(k, f"p{k}") for k in range(r.parameter_count)]
        signature += [inputs.get(k, f"x{k}") for k in range(r.input_count)]
        self.forward()
        value = self.texts[self.root][0]
        gradients = self.backward()
        results = [gradients.get(k, "0.0") for k in range(r.parameter_count)]
        if checked:
            value, *results = [self.assign(f"r{k}", text)[0] for k, text in enumerate([value, *results])]
            differences = self.summed([(f"({r} - {r})", ATOM, 1) for r in dict.fromkeys([value, *results])])[0]
            self.lines += [f"if {differences} != 0.0:", "    raise ValueError"]  # inf - inf and nan - nan are nan
        body = "".join(f"    {line}\n" for line in self.lines)
        end = "," if len(results) == 1 else ""
        return f"def {name}({', '.join(signature)}):\n{body}    return {value}, ({', '.join(results)}{end})"

    # -- Forward ------------------------------------------------------------------------------------------------

    def forward(self) -> None:
        r = self.r
        uses = self._uses()
        for i, (op, args) in enumerate(zip(r.ops, r.args, strict=True)):
            if not self.live[i]:
                continue
            if i in r.constants:
                value = r.constants[i]
                self.texts[i] = (repr(value), ATOM if math.copysign(1.0, value) > 0 else BINDING["neg"], 0)
            elif not args:
                self.texts[i] = (self.names[i], ATOM, 0)
            else:
                text = self.value(op, args)
                named = uses[i] > 1 or text[2] > DEEP
                self.texts[i] = self.assign(f"v{i}", text[0]) if named else text

    def assign(self, name: str, text: str) -> Text:
        self.lines.append(f"{name} = {text}")
        return name, ATOM, 0

    def _uses(self) -> list[int]:
        """How often the text of each slot will stand somewhere, in the forward and the backward pass."""
        r = self.r
        count = [0] * len(r)
        count[self.root] = 1
        for i, (op, args) in enumerate(zip(r.ops, r.args, strict=True)):
            if not self.live[i] or not args:
                continue
            often = 2 if op.name in python.WRITTEN_OUT or op.name == "power" else 1
            for a in args:
                count[a] += often
            if not self.active[i]:
                continue
            if op is rules.dot:
                n = len(args) // 2
                for w, x in zip(args[:n], args[-n:], strict=True):
                    count[x] += 2 * self.active[w]
                    count[w] += 2 * self.active[x]
            elif not isinstance(op, SumOp):
                for k, a in enumerate(args):
                    if self.active[a]:
                        _, z, used = _slope(op, k)
                        count[i] += 2 * z
                        for j in used:
                            count[args[j]] += 2
        return count

    def value(self, op: Op, args: tuple[int, ...]) -> Text:
        texts = [self.texts[a] for a in args]
        depth = 1 + max(t[2] for t in texts)
        name = op.name
        if name in SIGN:
            own = BINDING[name]
            return f"{_wrap(texts[0], own)} {SIGN[name]} {_wrap(texts[1], own + 1)}", own, depth
        if name == "neg":
            return "-" + _wrap(texts[0], 3), 3, depth
        if isinstance(op, SumOp):
            if op is rules.dot:
                n = len(args) // 2
                terms = texts[n : len(texts) - n]
                for w, x in zip(texts[:n], texts[-n:], strict=True):
                    terms.append((f"{_wrap(w, 2)} * {_wrap(x, 3)}", 2, max(w[2], x[2]) + 1))
            else:
                terms = texts
            return self.summed(terms)
        return python.call(name, [t[0] for t in texts]), ATOM, depth

    def summed(self, terms: list[Text]) -> Text:
        """A sum of any length, as lines of at most LONG terms."""
        while len(terms) > LONG:
            head, terms = terms[:LONG], terms[LONG:]
            terms.insert(0, self.assign(f"s{len(self.lines)}", _plus(head)))
        if len(terms) == 1:
            return terms[0]
        return _plus(terms), 1, max(t[2] for t in terms) + len(terms)

    # -- Backward -----------------------------------------------------------------------------------------------

    def backward(self) -> dict[int, str]:
        """The text of ∂root/∂p for every parameter that the root depends on."""
        r = self.r
        incoming: dict[int, list[Text]] = {self.root: [("1.0", ATOM, 0)]}
        result: dict[int, str] = {}
        for i in range(self.root, -1, -1):
            if i not in incoming or not self.active[i]:
                continue
            upstream = self.summed(incoming.pop(i))
            args = r.args[i]
            if not args:
                result[r.parameters[i]] = upstream[0]
                continue
            if (sum(self.active[a] for a in args) > 1 and upstream[1] != ATOM) or upstream[2] > DEEP:
                upstream = self.assign(f"g{i}", upstream[0])
            for a, amount in self.contributions(i, upstream):
                incoming.setdefault(a, []).append(amount)
        return result

    def contributions(self, i: int, g: Text) -> list[tuple[int, Text]]:
        op, args = self.r.ops[i], self.r.args[i]
        if op is rules.total:
            return [(a, g) for a in args if self.active[a]]
        if op is rules.dot:
            n = len(args) // 2
            result = [(a, g) for a in args[n : len(args) - n] if self.active[a]]
            for w, x in zip(args[:n], args[-n:], strict=True):
                result += [(a, _times(g, *self.texts[b][:2])) for a, b in ((w, x), (x, w)) if self.active[a]]
            return result
        result = []
        names: list[str] | None = None
        for k, a in enumerate(args):
            if self.active[a] and _slope(op, k)[0] is not None:
                names = names or [self.texts[b][0] for b in args]
                text, binding = _printed(op, k, self.texts[i][0], names)
                if text != "0.0":
                    result.append((a, _times(g, text, binding)))
        return result


def _plus(terms: list[Text]) -> str:
    text = _wrap(terms[0], 1)
    for t in terms[1:]:
        text += f" - {t[0][1:]}" if t[0].startswith("-") and t[1] >= 2 else f" + {_wrap(t, 2)}"
    return text


def _wrap(text: Text, least: int) -> str:
    return text[0] if text[1] >= least else f"({text[0]})"


def _times(g: Text, slope: str, binding: int) -> Text:
    if slope == "1.0":
        return g
    if slope == "-1.0":
        return ("-" + _wrap(g, 3), 3, g[2] + 1) if not g[0].startswith("-") or g[1] != 3 else (g[0][1:], ATOM, g[2])
    if g[0] == "1.0":
        return slope, binding, 1
    if g[0] == "-1.0":
        return "-" + _wrap((slope, binding, 0), 3), 3, 2
    return f"{_wrap(g, 2)} * {_wrap((slope, binding, 0), 3)}", 2, g[2] + 1


# -- Slopes, printed ----------------------------------------------------------------------------------------

_NAMES = ["a0", "a1", "a2", "a3", "a4"]


@cache
def _slope(op: Op, k: int) -> tuple[Expression | None, bool, tuple[int, ...]]:
    """The slope along argument k as an expression; whether it needs z; which arguments it needs."""
    arity = op.arity or 0
    slope = op.slope(k, symbol("z"), [symbol(n) for n in _NAMES[:arity]])
    if slope is None:
        return None, False, ()
    tree = slope if isinstance(slope, Expression) else number(slope)
    used = _symbols(tree)
    return tree, "z" in used, tuple(j for j in range(arity) if _NAMES[j] in used)


def slope_of(op: Op, k: int) -> Expression | None:
    """∂z/∂(argument k) with the symbols z, a0, a1, … for z and the arguments; None where it is held fixed."""
    return _slope(op, k)[0]


def _symbols(tree: Expression) -> set[str]:
    if tree.op == "":
        return {tree.args[0]} if isinstance(tree.args[0], str) else set()
    return set().union(*(_symbols(a) for a in tree.args))


@cache
def _template(op: Op, k: int) -> tuple[int | str | None, int]:
    """The slope as text with places for z and the arguments, and how tightly it binds; or the number of its only place.

    None for a power, which is written differently for different exponents.
    """
    tree = _slope(op, k)[0]
    assert tree is not None
    places = ["z", *_NAMES]
    if tree.op == "" and isinstance(tree.args[0], str):
        return places.index(tree.args[0]), ATOM
    names = {name: f"place{i}_" for i, name in enumerate(places)}
    filled = _filled(tree, names)
    text = write(filled, python.call)
    if "pow" in text:
        return None, ATOM
    for i in range(len(places)):
        text = text.replace(f"place{i}_", f"{{{i}}}")
    return text, BINDING["neg"] if text.startswith("-") and not filled.op else BINDING.get(filled.op, ATOM)


def _printed(op: Op, k: int, z: str, names: list[str]) -> tuple[str, int]:
    text, binding = _template(op, k)
    if isinstance(text, int):
        return (names[text - 1] if text else z), binding
    if text is not None:
        return text.format(z, *names), binding
    tree = _slope(op, k)[0]
    assert tree is not None
    filled = _filled(tree, {"z": z, **dict(zip(_NAMES, names, strict=False))})
    return write(filled, python.call), BINDING.get(filled.op, ATOM)


def _filled(tree: Expression, names: dict[str, str]) -> Expression:
    if tree.op == "":
        what = tree.args[0]
        return symbol(names.get(what, what)) if isinstance(what, str) else symbol(repr(what))
    args = tuple(_filled(a, names) for a in tree.args)
    return Expression(tree.op, args)
