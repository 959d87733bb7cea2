"""A graph as Python statements: the forward and the backward pass as the text of one function, without a loop.

A node that is needed once is written into the line that needs it; any other gets a name and a line. The gradient of a
node is one sum, over all the places where the node is used.

>>> from autograd.compile.record import record
>>> print(source(record(lambda a, b: (a * b).tanh(), example=(1.0, 2.0))))
def program(p0, p1):
    v3 = tanh(p0 * p1)
    g2 = 1.0 - v3 * v3
    return v3, (g2 * p1, g2 * p0)

CPython compiles two or three more names in a line in the time that one more line takes. So there are few lines, of up
to LONG characters: no more, since it recurses on nested expressions.
"""

from __future__ import annotations

from collections.abc import Iterable

from autograd import rules
from autograd.compile.record import Recording
from autograd.compile.slopes import Slope, product, slopes
from autograd.compile.straight.names import active, input_names, live, named, pairs, parameter_names
from autograd.expression import ATOM, BINDING, SIGN
from autograd.op import Op, SumOp
from autograd.spell import python

MUL = rules.mul  # found faster here
INFIX = {rules.RULES[name]: (f" {sign} ", BINDING[name]) for name, sign in SIGN.items()}
LONG = 300  # characters of one expression: it may nest no deeper than CPython's compiler recurses


def source(recording: Recording, name: str = "program", root: int | None = None, *, checked: bool = False) -> str:
    """The text of ``name(p0, p1, …, x0, x1, …)``, which returns (cost, tuple of ∂cost/∂p); of a penalty, without x.

    With `checked` it raises ValueError where one of these is not finite.
    """
    return _Writer(recording, recording.root if root is None else root).function(name, checked)


class _Writer:
    """For each slot: `text`, and how tightly it `binds`; `gradient`, the terms known so far, each with its sign."""

    def __init__(self, recording: Recording, root: int) -> None:
        self.r, self.root = recording, root
        self.lines: list[str] = []
        parameters = parameter_names(recording)
        inputs = input_names(recording, parameters)
        self.names = {i: parameters[k] for i, k in recording.parameters.items()}
        self.names |= {i: inputs[k] for i, k in recording.inputs.items()}
        self.signature = [*parameters, *inputs] if root == recording.root else parameters
        self.live = live(recording, root)
        self.active = active(recording)
        self.named = named(recording, root, self.live, self.active)
        self.text = [""] * (root + 1)
        self.binds = [ATOM] * (root + 1)
        self.gradient = [""] * (root + 1)
        self.several = bytearray(root + 1)  # whether the gradient is a sum

    def function(self, name: str, checked: bool) -> str:
        """The whole text."""
        r = self.r
        self.forward()
        self.backward()
        results = ["0.0"] * r.parameter_count
        for i, place in r.parameters.items():
            if i <= self.root and self.gradient[i]:
                results[place] = _without_plus(self.gradient[i])
        value = self.text[self.root]
        if checked:
            texts = [value, *results]
            value, *results = [t if _is_atom(t) else self._assigned(f"r{k}", t) for k, t in enumerate(texts)]
            self._assigned("s", self._added_up("s", [f" + {text}" for text in dict.fromkeys([value, *results])]))
            self.lines.append("if s - s != 0.0: raise ValueError")  # inf - inf and nan - nan are nan
        body = "".join([f"    {line}\n" for line in self.lines])
        end = "," if len(results) == 1 else ""
        return f"def {name}({', '.join(self.signature)}):\n{body}    return {value}, ({', '.join(results)}{end})"

    # -- Forward ------------------------------------------------------------------------------------------------

    def forward(self) -> None:
        """The text of every slot; a line for each that has a name."""
        r, text, binds, live, named, lines = self.r, self.text, self.binds, self.live, self.named, self.lines
        for i, (op, args) in enumerate(zip(r.ops[: self.root + 1], r.args, strict=False)):
            if not live[i]:
                continue
            if not args:
                text[i] = repr(r.constants[i]) if i in r.constants else self.names[i]
                continue
            infix = INFIX.get(op)
            if infix is not None:  # (written out: this is where the time goes)
                sign, binding = infix
                x, y = args
                left, right = text[x], text[y]
                if binds[x] < binding:
                    left = f"({left})"
                if binds[y] <= binding:  # a - (b - c) needs its parentheses, and so does a + (b + c): floats
                    right = f"({right})"
                elif right[0] == "-" and binding == 1:
                    sign, right = (" + " if sign == " - " else " - "), right[1:]
                written = f"{left}{sign}{right}"
            elif isinstance(op, SumOp):
                written, binding = self._added_up(f"v{i}", self._terms(op, args)), 1
            elif op is rules.neg:
                written, binding = "-" + self._factor(args[0], 3), 3
            else:
                written, binding = python.call(op.name, [text[a] for a in args]), ATOM
            if named[i] or len(written) > LONG:
                text[i] = name = f"v{i}"
                if written != name:
                    lines.append(f"{name} = {written}")
            else:
                text[i], binds[i] = written, binding

    def _factor(self, slot: int, least: int) -> str:
        """The text, in parentheses if it binds less tightly than this."""
        return self.text[slot] if self.binds[slot] >= least else f"({self.text[slot]})"

    def _terms(self, op: Op, args: tuple[int, ...]) -> list[str]:
        """The terms of a sum, each with its sign."""
        if op is rules.dot:
            n = len(args) // 2
            products = [_plus(f"{self._factor(w, 2)} * {self._factor(x, 3)}") for w, x in pairs(args)]
            return [_plus(self._factor(a, 2)) for a in args[n : len(args) - n]] + products
        return [_plus(self._factor(a, 2)) for a in args]

    # -- Lines --------------------------------------------------------------------------------------------------

    def _assigned(self, name: str, text: str) -> str:
        if text != name:
            self.lines.append(f"{name} = {text}")
        return name

    def _added_up(self, name: str, terms: Iterable[str]) -> str:
        """The sum of these terms; if it is long, its beginning is a line, or several, under this name."""
        line = ""
        for term in terms:
            if len(line) > LONG:
                line = " + " + self._assigned(name, _without_plus(line))
            line += term
        return _without_plus(line)

    # -- Backward -----------------------------------------------------------------------------------------------

    def backward(self) -> None:
        """The gradient of every parameter; a line for each other one that is needed more than once."""
        ops, all_args, active, text, lines = self.r.ops, self.r.args, self.active, self.text, self.lines
        gradient, several = self.gradient, self.several
        known: dict[Op, list[tuple[int, Slope]]] = {}
        if active[self.root]:
            gradient[self.root] = " + 1.0"
        for i in range(self.root, -1, -1):
            g, args = gradient[i], all_args[i]
            if not g or not args:
                continue
            op = ops[i]
            square = op is MUL and args[0] == args[1]
            times = 1 if square or (len(args) == 2 and active[args[0]] != active[args[1]]) else len(args)
            if several[i] and times > 1:
                lines.append(f"g{i} = {_without_plus(g)}")
                g = f" + g{i}"
            elif several[i] or len(g) > LONG or (times > 1 and (g[-1] == ")" or g.find(" ", 3) > 0)):
                g = self._upstream(i, g, times)
            if square:  # both slopes of x·x at once
                self._add(args[0], f"{product(g[:3] + '2.0', g[3:])} * {text[args[0]]}")
                continue
            along = known.get(op)
            if along is None:
                if isinstance(op, SumOp):
                    self._through_sum(op, args, g)
                    continue
                along = known[op] = [(k, slope) for k, slope in enumerate(slopes(op)) if slope is not None]
            for k, slope in along:
                a = args[k]
                if not active[a]:
                    continue
                if slope.is_one:
                    term = g
                elif slope.is_argument:
                    term = product(g, text[args[slope.place - 1]])
                else:
                    term = slope.times(g, text, (i, *args))
                before = gradient[a]
                if not before:
                    gradient[a] = term
                elif len(before) > LONG:
                    self._add(a, term)
                else:
                    gradient[a] = before + term
                    several[a] = 1

    def _upstream(self, i: int, g: str, times: int) -> str:
        """The gradient of this slot as one term, which is to stand so many times: short, or a name."""
        short = times == 1 or _is_atom(g[3:]) or (times == 2 and _is_pair(g[3:]))
        if not short or len(g) > LONG:
            return " + " + self._assigned(f"g{i}", _without_plus(g))
        return f" + ({_without_plus(g)})" if self.several[i] else g

    def _through_sum(self, op: Op, args: tuple[int, ...], g: str) -> None:
        """What a total or a dot passes on."""
        if op is rules.total:
            amounts = [(a, g) for a in args]
        else:
            n = len(args) // 2
            amounts = [(a, g) for a in args[n : len(args) - n]]
            for w, x in pairs(args):
                amounts += [(w, product(g, self.text[x])), (x, product(g, self.text[w]))]
        for a, term in amounts:
            if self.active[a]:
                self._add(a, term)

    def _add(self, slot: int, term: str) -> None:
        """One more term of a gradient."""
        before = self.gradient[slot]
        if len(before) > LONG:
            before = " + " + self._assigned(f"g{slot}", _without_plus(before))
        self.gradient[slot] = before + term
        if before:
            self.several[slot] = 1


def _plus(text: str) -> str:
    """A product as a term."""
    return f" - {text[1:]}" if text[0] == "-" else f" + {text}"


def _without_plus(terms: str) -> str:
    """Terms as an expression: " + a - b" is a - b, and " + (a - b)" as well."""
    if terms[1] == "-":
        return "-" + terms[3:]
    return terms[4:-1] if terms[3] == "(" and terms.find(")") == len(terms) - 1 else terms[3:]


def _is_atom(text: str) -> bool:
    """A name or a number?"""
    return text.isidentifier() or (text[0].isdigit() and " " not in text)


def _is_pair(text: str) -> bool:
    """A product of two of them? Writing it twice is cheaper than a line for it, and it runs as fast."""
    return text.count(" ") == 2 and " * " in text and "(" not in text
