"""Neuron and Layer: formula (F1) of the lecture.

    sum_j^l = Σ_i w_ij^l σ_i^{l-1} + b_j^l        σ_j^l = g(sum_j^l)

Labels are the lecture's: w_12^1 joins input 1 to unit 2 of layer 1 (with a comma from ten on: w_1,12^1), b_2^1 is
that unit's bias, sum_2^1 its weighted input, σ_2^1 its output. What layer l makes belongs to the scope "layer<l>".

>>> unit = Neuron(2, "tanh", seed=0)
>>> out = unit([0.5, -1.0])
>>> out.label, out.scope, [a.label for a in out.args[0].args]
('σ_1^1', 'layer1', ['w_11^1', 'w_21^1', 'b_1^1', 'x_1', 'x_2'])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Value, name_scope
from autograd.functions import dot, dot_node
from autograd.op import find
from autograd.scope import NOTES, Note
from nn import data
from nn.data import Row, as_row
from nn.init import Initialiser, generator, initial
from nn.module import Module

Seed = int | np.random.Generator | None

# g by name; linear is no operation at all
ACTIVATIONS: dict[str, Callable[[Value], Value] | None] = {
    "sigmoid": Value.sigmoid,
    "tanh": Value.tanh,
    "relu": Value.relu,
    "linear": None,
}


class _Last:
    """The weights and the bias that a neuron used last, as the row that its nodes share (no Module looks in here)."""

    __slots__ = ("row",)

    def __init__(self) -> None:
        self.row: Row = ()


class Neuron(Module):
    """One unit: g(Σ_i w_i x_i + b). The sum is a single `dot` node.

    n_in        how many inputs, at least 1
    activation  g: "sigmoid", "tanh", "relu" or "linear"
    bias        whether there is a b
    init        how the weights start, see `nn.init`; seed: an integer, or a numpy Generator, for the same start again
    expand      write the sum as single products and sums instead: larger graphs, for teaching
    layer, unit the lecture's l and j, for the labels
    nonlin      micrograd's option, in place of `activation`: True is "relu", False "linear"

    `w` (a list of Values), `b` (a Value or None) and `activation` may be replaced.
    """

    def __init__(
        self,
        n_in: int,
        activation: str = "sigmoid",
        *,
        bias: bool = True,
        init: str | Initialiser = "xavier",
        seed: Seed = None,
        expand: bool = False,
        layer: int = 1,
        unit: int = 1,
        nonlin: bool | None = None,
    ) -> None:
        n_in = size(n_in, "the number of inputs, n_in,")
        self.activation = _activation(activation, nonlin)
        self.expand = expand
        j, self._scope = f"{unit}^{layer}", f"layer{layer}"
        self._sum, self._out = Note(f"sum_{j}", self._scope), Note(f"σ_{j}", self._scope)
        self._last = _Last()
        start = initial(init, n_in, 1, generator(seed))[:, 0].tolist()
        with name_scope(self._scope):
            self.w = [Value(w, f"w_{i}{',' if i > 9 or unit > 9 else ''}{j}") for i, w in enumerate(start, start=1)]
            self.b = Value(0.0, f"b_{j}") if bias else None

    @property
    def n_in(self) -> int:
        """How many inputs it takes."""
        return len(self.w)

    @property
    def activation(self) -> str:
        """The name of g."""
        return self._activation

    @activation.setter
    def activation(self, name: str) -> None:
        if not isinstance(name, str) or name not in ACTIVATIONS:
            raise ValueError(f"there is no activation {name!r}: choose {', '.join(ACTIVATIONS)}")
        self._activation = name

    def __call__(self, x: Any) -> Value:
        """The output for one example, a sequence of n_in numbers or Values."""
        return self.forward(as_row(x, self.n_in))

    def forward(self, xs: Row) -> Value:
        """The output for inputs that already are a row of Values."""
        w, b = self.w, self.b
        if len(w) != len(xs):
            raise ValueError(f"{self} has {len(w)} weights and gets {len(xs)} inputs: it needs one for each")
        if NOTES or self.expand:
            return self._noted(xs)
        try:
            row = (*w, b) if b is not None else tuple(w)
            if row == self._last.row:  # the same Values as last time: all examples share one tuple
                row = self._last.row
            else:
                self._last.row = row
            z = dot_node(row, xs)
        except AttributeError:  # somebody put plain numbers among the weights: `dot` wraps them
            z = dot(w, xs, b)
        z._note = self._sum
        g = ACTIVATIONS[self._activation]
        if g is None:
            return z
        out = g(z)
        out._note = self._out
        return out

    def _noted(self, xs: Row) -> Value:
        """The same with scopes inside scopes, noted lines, or the sum written out."""
        with name_scope(self._scope):
            z: Any
            if self.expand:
                products = [w * x for w, x in zip(self.w, xs, strict=True)]
                z = products[0] if self.b is None else self.b + products[0]
                for product in products[1:]:
                    z = z + product
            else:
                z = dot(self.w, xs, self.b)
            z.label = self._sum.label
            g = ACTIVATIONS[self._activation]
            if g is None:
                return z  # type: ignore[no-any-return]
            out = g(z)
            out.label = self._out.label
            return out

    def __repr__(self) -> str:
        return f"Neuron({self.n_in}, {self.activation!r}{'' if self.b is not None else ', bias=False'})"


class Layer(Module):
    """Several units that share their inputs. The options are those of `Neuron`; `number` is the lecture's l."""

    def __init__(
        self,
        n_in: int,
        n_out: int,
        activation: str = "sigmoid",
        *,
        bias: bool = True,
        init: str | Initialiser = "xavier",
        seed: Seed = None,
        expand: bool = False,
        number: int = 1,
        nonlin: bool | None = None,
    ) -> None:
        activation = _activation(activation, nonlin)
        n_in, n_out = size(n_in, "the number of inputs, n_in,"), size(n_out, f"the number of units of layer {number}")
        weights = initial(init, n_in, n_out, generator(seed))
        self.neurons = [
            Neuron(
                n_in, activation, bias=bias, expand=expand, layer=number, unit=j + 1,
                init=lambda _in, _out, _rng, column=weights[:, j : j + 1]: column,  # type: ignore[misc]
            )
            for j in range(n_out)
        ]  # fmt: skip

    @property
    def n_in(self) -> int:
        """How many inputs it takes."""
        return self.neurons[0].n_in

    @property
    def n_out(self) -> int:
        """How many units it has."""
        return len(self.neurons)

    def __call__(self, x: Any) -> Any:
        """The outputs for one example: a list of Values, or one Value if there is one unit."""
        return one_or_all(self.forward(as_row(x, self.n_in)))

    def forward(self, xs: Row) -> Row:
        """The outputs for inputs that already are a row of Values, as a row of Values."""
        return tuple([neuron.forward(xs) for neuron in self.neurons])

    def forward_array(self, X: data.Floats) -> data.Floats:
        """The outputs for a matrix of inputs, without a graph: shape (m, n_in) to (m, n_out)."""
        W = np.array([[_number(w) for w in neuron.w] for neuron in self.neurons])
        b = np.array([0.0 if neuron.b is None else _number(neuron.b) for neuron in self.neurons])
        Z = X @ W.T + b
        for name in {neuron.activation for neuron in self.neurons} - {"linear"}:
            units = [j for j, neuron in enumerate(self.neurons) if neuron.activation == name]
            Z[:, units] = find(name).array(Z[:, units])
        return Z  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        names, biased = {neuron.activation for neuron in self.neurons}, all(n.b is not None for n in self.neurons)
        activation = repr(names.pop()) if len(names) == 1 else "mixed activations"
        return f"Layer({self.n_in}, {self.n_out}, {activation}{'' if biased else ', bias=False'})"


# -- Small checks -------------------------------------------------------------------------------------------


def _activation(name: str, nonlin: bool | None) -> str:
    """The name of g, as `activation` or micrograd's `nonlin` gives it."""
    if isinstance(name, bool | np.bool_):  # Neuron(2, False)
        name, nonlin = "sigmoid", bool(name)
    if nonlin is None:
        return name
    if not isinstance(nonlin, bool):
        raise TypeError(f"nonlin is True (relu) or False (linear); got {nonlin!r:.80}")
    if name != "sigmoid":  # (which is what it is if nothing is said)
        raise ValueError(f"activation={name!r} and nonlin={nonlin} both say what g is: give one of them")
    return "relu" if nonlin else "linear"


def size(n: Any, what: str) -> int:
    """`n` as a whole number of at least 1, or a ValueError that says `what` it is."""
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
        raise ValueError(f"{what} is a whole number of at least 1; got {n!r}")
    return int(n)


def one_or_all(row: Row) -> Value | list[Value]:
    """What a call returns: a list of Values, or one Value if there is one."""
    return row[0] if len(row) == 1 else list(row)


def _number(w: Any) -> float:
    return w._data if isinstance(w, Value) else float(w)
