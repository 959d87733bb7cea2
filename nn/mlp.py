"""MLP: the lecture's network, layers in a row, each fully joined to the next.

>>> model = MLP(2, [3, 1], seed=0)
>>> model
MLP(2, [3, 1], activation='sigmoid', output='sigmoid')
>>> p = model([0.5, -1.0])
>>> p.label, p.scope
('σ_1^2', 'layer2')
>>> p.backward()
>>> [w.label for w in model.layers[0].neurons[1].w]
['w_12^1', 'w_22^1']
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np

from autograd import DomainError, Value
from autograd.errors import ieee_is_on
from nn import data
from nn.data import Row, as_row
from nn.init import Initialiser, generator
from nn.layers import ACTIVATIONS, Layer, Neuron, Seed, one_or_all, size
from nn.module import Module

# With one output, class 1 is where the output reaches this. (A ReLU cannot be below 0: it must be above.)
THRESHOLDS = {"sigmoid": 0.5, "tanh": 0.0, "linear": 0.0, "relu": float(np.nextafter(0.0, 1.0))}


class MLP(Module):
    """The lecture's network: layers in a row, each fully joined to the next.

    n_in        input units: the dimension of the features φ(x)
    sizes       [n_1, …, n_L], the units of each layer; n_L = K, the outputs
    activation  of the hidden layers: one name for all, or a list with one for each; a list of L names includes the
                output layer's, in place of `output`. Names: "sigmoid", "tanh", "relu", "linear"
    output      activation of the output layer; "linear" where the cost is computed from logits
    seed        an integer, or a numpy Generator, for the same weights again; None: different each time
    init        how the weights start: a name or function of `nn.init`; biases start at 0
    bias        whether the units have one
    expand      write each weighted sum as single products and sums: larger graphs, for teaching

    A single sigmoid unit, ``MLP(n, [1])``, is logistic regression.

    Raises ValueError for an empty network, a size below 1, an unknown name, or a list of the wrong length.
    """

    def __init__(
        self,
        n_in: int,
        sizes: Sequence[int],
        activation: str | Sequence[str] = "sigmoid",
        output: str = "sigmoid",
        seed: Seed = None,
        *,
        init: str | Initialiser = "xavier",
        bias: bool = True,
        expand: bool = False,
    ) -> None:
        if isinstance(sizes, str) or not isinstance(sizes, Iterable):
            raise TypeError(f"the sizes are a list, one number of units for each layer, like [3, 1]; got {sizes!r}")
        widths = list(sizes)
        if not widths:
            raise ValueError("an empty network: give at least one layer, for example MLP(2, [3, 1])")
        widths = [size(n_in, "the number of inputs, n_in,")] + [
            size(n, f"the number of units of layer {l}")
            for l, n in enumerate(widths, start=1)  # noqa: E741 (the lecture's l)
        ]
        names = _activations(activation, output, len(widths) - 1)
        rng = generator(seed)
        self.layers = [
            Layer(before, after, name, bias=bias, init=init, seed=rng, expand=expand, number=number)
            for number, (before, after, name) in enumerate(zip(widths, widths[1:], names, strict=False), start=1)
        ]

    @classmethod
    def for_data(
        cls, X: Any, y: Any, *, seed: Seed = None, factor: int = 3, hidden_layers: int = 1, **options: Any
    ) -> Self:
        """The lecture's default architecture (Step 0) for the data X, y.

        Inputs: the columns of X. Outputs: the number of classes K, from labels 0 … K-1 or from one-hot rows. Hidden
        units in each layer: `factor` (the lecture: 3 or 4) × the inputs; one hidden layer, or `hidden_layers` of
        the same size. The other options are those of `MLP`.

        Raises ValueError naming the row (and column) of X or y that is wrong, or the class without an example.
        """
        rows = data.matrix(X)
        if not rows.size:
            raise ValueError(f"X has no data: its shape is {rows.shape}")
        classes = data.labels(y, len(rows))
        K = int(np.shape(y)[1]) if np.ndim(y) == 2 else int(classes.max()) + 1
        missing = sorted(set(range(K)) - set(classes.tolist())) if np.ndim(y) == 1 else []
        if missing:
            raise ValueError(f"no example has label {missing[0]}: the labels should be 0 … K-1 without a gap")
        if K < 2:
            raise ValueError("y has one class only: there is nothing to tell apart")
        size(factor, "factor")
        if isinstance(hidden_layers, bool) or not isinstance(hidden_layers, int) or hidden_layers < 0:
            raise ValueError(f"hidden_layers is a whole number, 0 or more; got {hidden_layers!r}")
        n = rows.shape[1]
        return cls(n, [factor * n] * hidden_layers + [K], seed=seed, **options)

    @property
    def n_in(self) -> int:
        """How many inputs it takes."""
        return self.layers[0].n_in

    @property
    def n_out(self) -> int:
        """How many outputs it has: the lecture's K."""
        return self.layers[-1].n_out

    def __call__(self, x: Any) -> Any:
        """f_w(x) for one example: a list of Values, or one Value if there is one output.

        x is a sequence of n_in numbers or Values, or a row of a NumPy array. Raises ValueError if it has another
        length, or naming the column that is not a finite number.
        """
        return one_or_all(self.forward(as_row(x, self.n_in)))

    def forward(self, xs: Row) -> Row:
        """The outputs for inputs that already are a row of Values, as a row of Values."""
        for layer in self.layers:
            xs = layer.forward(xs)
        return xs

    def forward_array(self, X: Any) -> data.Floats:
        """The outputs for many examples at once, as numbers without a graph: shape (m, n_in) to (m, K).

        The same numbers as ``model(x)`` for each row, up to rounding.
        """
        A = data.matrix(X, self.n_in)
        if not self._is_plain():  # somebody's own neurons: ask them, example by example
            rows = [[v._data for v in self.forward(as_row(x, self.n_in))] for x in A]
            return np.array(rows).reshape(len(A), self.n_out)
        with np.errstate(all="ignore"):
            for layer in self.layers:
                A = layer.forward_array(A)
        wrong = np.argwhere(~np.isfinite(A))
        if len(wrong) and not ieee_is_on():
            i, j = map(int, wrong[0])
            raise DomainError(f"output {j} is {A[i, j]} for row {i} of X: the weights or the data are too large")
        return A

    def predict(self, x: Any) -> int:
        """The class of one example: the largest output's; with one output, 1 from σ = 0.5 on (linear: from 0 on)."""
        if isinstance(x, np.ndarray) and x.ndim == 2:
            raise TypeError(f"x is one example; got an array of shape {x.shape}. For many examples use predict_all(X).")
        xs = as_row(x, self.n_in)
        return int(self._classes(np.array([[v._data for v in self.forward(xs)]]))[0])

    def predict_all(self, X: Any) -> data.Labels:
        """`predict` for every row of X, as an integer array."""
        return self._classes(self.forward_array(X))

    def accuracy(self, X: Any, y: Any) -> float:
        """The share of the rows of X, from 0 to 1, whose class is the one that y gives (labels or one-hot rows)."""
        predicted = self.predict_all(X)
        if not len(predicted):
            raise ValueError("X has no rows: there is no accuracy of nothing")
        return float(np.mean(predicted == data.labels(y, len(predicted), max(self.n_out, 2))))

    def architecture(self) -> dict[str, Any] | None:
        """What it takes to build the same network again: plain data, saved with the parameters.

        None if the layers were changed so that no ``MLP(…)`` makes them, or share weights.
        """
        sizes, names = [layer.n_out for layer in self.layers], [layer.neurons[0].activation for layer in self.layers]
        widths, bias = [self.n_in, *sizes], self.layers[0].neurons[0].b is not None
        regular = self._is_plain() and all(
            (neuron.n_in, neuron.activation, neuron.b is not None) == (before, name, bias)
            and all(isinstance(p, Value) for p in (*neuron.w, *([neuron.b] if bias else [])))
            for layer, before, name in zip(self.layers, widths, names, strict=False)
            for neuron in layer.neurons
        )
        own = sum((before + bias) * n for before, n in zip(widths, sizes, strict=False)) == len(self.parameters())
        expand = any(neuron.expand for layer in self.layers for neuron in layer.neurons)
        plan = {"n_in": self.n_in, "sizes": sizes, "activation": names, "bias": bias, "expand": expand}
        return plan if regular and own else None

    def _classes(self, A: data.Floats) -> data.Labels:
        if A.shape[1] > 1:
            return A.argmax(axis=1).astype(np.int64)  # type: ignore[no-any-return, unused-ignore]
        threshold = THRESHOLDS[self.layers[-1].neurons[0].activation]
        return (A[:, 0] >= threshold).astype(np.int64)

    def _is_plain(self) -> bool:
        return all(type(layer).forward is Layer.forward for layer in self.layers) and all(
            type(n).forward is Neuron.forward for layer in self.layers for n in layer.neurons
        )

    def __repr__(self) -> str:
        plan, name = self.architecture(), type(self).__name__
        if plan is None:
            return f"{name} of [{', '.join(map(repr, self.layers))}]"
        *hidden, output = plan["activation"]
        same = hidden[0] if len(set(hidden)) == 1 else hidden
        return (
            f"{name}({plan['n_in']}, {plan['sizes']}"
            + (f", activation={same!r}" if hidden else "")
            + f", output={output!r}{'' if plan['bias'] else ', bias=False'})"
        )


def _activations(activation: str | Sequence[str], output: str, count: int) -> list[str]:
    one = isinstance(activation, str)
    names = (
        [activation] * (count - 1) if one else list(activation) if isinstance(activation, Iterable) else [activation]
    )
    for name in (activation, output) if one else (*names, output):
        if not isinstance(name, str) or name not in ACTIVATIONS:
            raise ValueError(f"there is no activation {name!r}: choose {', '.join(ACTIVATIONS)}")
    if len(names) not in (count - 1, count):
        raise ValueError(
            f"activation lists {len(names)} names; a network of {count} layers takes {count} (or {count - 1}, "
            "for the hidden layers only)"
        )
    return [str(name) for name in names] + [output] * (count - len(names))
