"""Random graphs: a recipe says which operation is applied to which earlier results.

A recipe is plain data, so that the same graph can be built from Values, from torch tensors, from mpmath
numbers or from Python's complex numbers, and the results compared.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

import autograd

# Operations that are defined everywhere and stay moderate, so that random compositions neither fail nor explode.
SMOOTH = {
    "add": lambda F, x, y: x + y,
    "sub": lambda F, x, y: x - y,
    "mul": lambda F, x, y: x * y,
    "neg": lambda F, x: -x,
    "double": lambda F, x: 2 * x,
    "minus_from_one": lambda F, x: 1 - x,
    "square": lambda F, x: x**2,
    "ratio": lambda F, x, y: x / (1 + y * y),
    "tanh": lambda F, x: F.tanh(x),
    "sigmoid": lambda F, x: F.sigmoid(x),
    "softplus": lambda F, x: F.softplus(x),
    "sin": lambda F, x: F.sin(x),
    "cos": lambda F, x: F.cos(x),
    "bell": lambda F, x: F.exp(-(x * x)),
    "log_of_square": lambda F, x: F.log(1 + x * x),
    "root": lambda F, x: F.sqrt(1 + x * x),
    "power": lambda F, x, y: (1 + x * x) ** F.tanh(y),
}
KINKED = {
    "relu": lambda F, x: F.relu(x),
    "abs": lambda F, x: F.abs(x),
    "maximum": lambda F, x, y: F.maximum(x, y),
    "minimum": lambda F, x, y: F.minimum(x, y),
}
MANY = {
    "total": lambda F, *xs: F.total(xs),
    "dot": lambda F, *xs: F.dot(xs[: len(xs) // 2], xs[-(len(xs) // 2) :], xs[len(xs) // 2] if len(xs) % 2 else None),
}
# What people write out, and what a program may write in another way: log σ, softmax, the cross-entropy, …
TEXTBOOK = {
    "log_sigmoid": lambda F, x: F.log(F.sigmoid(x)),
    "log_of_one_minus_sigmoid": lambda F, x: F.log(1 - F.sigmoid(x)),
    "logistic": lambda F, x: 1 / (1 + F.exp(-x)),
    "logit": lambda F, x: F.log(F.sigmoid(x) / (1 - F.sigmoid(x))),
    "cross_entropy": lambda F, x, y: -(y * F.log(F.sigmoid(x)) + (1 - y) * F.log(1 - F.sigmoid(x))),
    "softplus_of_minus": lambda F, x: F.softplus(-x),
    "softpluses": lambda F, x, y: F.softplus(x - y) + F.softplus(y - x),
    "log_sum_exp": lambda F, x, y: F.log(F.exp(x) + F.exp(y)),
    "log_sum_exp_of_three": lambda F, x, y, z: F.log(F.exp(x) + F.exp(y) + F.exp(z)),
    "softmax": lambda F, x, y: F.exp(x) / (F.exp(x) + F.exp(y)),
    "log_softmax": lambda F, x, y: F.log(F.exp(x) / (F.exp(x) + F.exp(y))),
    "product_of_exps": lambda F, x, y: F.exp(F.tanh(x) + F.tanh(y)) * F.exp(-F.tanh(x)),
    "exp_of_log": lambda F, x: F.exp(F.log(1 + x * x)),
    "log_of_exp": lambda F, x: F.log(F.exp(x)),
    "nothing_added": lambda F, x: (x * 0.0 + x * 1.0 + 0.0) ** 1,
    "cancelling": lambda F, x, y: x + y - x,
    "linear": lambda F, x, y: 3 * x - y / 4 + 2.5,
}
ALL = {**SMOOTH, **KINKED, **TEXTBOOK, **MANY}
ARITY = {name: f.__code__.co_argcount - 1 for name, f in ALL.items()}


@dataclass(frozen=True)
class Recipe:
    """`steps` applied to `inputs` in turn; the result is the sum of squashed last steps, so that all matter."""

    inputs: tuple[float, ...]
    steps: tuple[tuple[str, tuple[int, ...]], ...]

    def run(self, inputs: Any, F: Any = autograd) -> Any:
        """Build the graph from these inputs, with the functions of F."""
        made = list(inputs)
        for name, places in self.steps:
            made.append(F.tanh(ALL[name](F, *(made[p] for p in places))) if name in ("mul", "square") else
                        ALL[name](F, *(made[p] for p in places)))  # fmt: skip
        result = made[-1]
        for other in made[-3:-1]:
            result = result + other * other
        return result


@st.composite
def recipes(
    draw: st.DrawFn, *, kinks: bool = False, many: bool = True, textbook: bool = False, steps: int = 12, inputs: int = 4
) -> Recipe:
    """A recipe with fan-out, repeated operands and shared subexpressions."""
    number = st.floats(-2, 2, allow_nan=False).map(lambda x: round(x, 3))
    values = tuple(draw(st.lists(number, min_size=1, max_size=inputs)))
    names = [*SMOOTH, *(KINKED if kinks else ()), *(MANY if many else ()), *(TEXTBOOK if textbook else ())]
    chosen = []
    for k in range(draw(st.integers(1, steps))):
        name = draw(st.sampled_from(names))
        count = ARITY[name] if name not in MANY else draw(st.integers(2, 5))
        places = tuple(draw(st.integers(0, len(values) + k - 1)) for _ in range(count))
        chosen.append((name, places))
    return Recipe(values, tuple(chosen))


class ComplexFunctions:
    """The functions on Python's complex numbers, for complex-step derivatives."""

    tanh, sin, cos, exp, log, sqrt = np.tanh, np.sin, np.cos, np.exp, np.log, np.sqrt

    @staticmethod
    def sigmoid(x: Any) -> Any:
        return 1 / (1 + np.exp(-x))

    @staticmethod
    def softplus(x: Any) -> Any:
        return np.log(1 + np.exp(x))

    @staticmethod
    def total(xs: Any) -> Any:
        return sum(xs)

    @staticmethod
    def dot(ws: Any, xs: Any, bias: Any = None) -> Any:
        return sum(w * x for w, x in zip(ws, xs, strict=True)) + (0 if bias is None else bias)
