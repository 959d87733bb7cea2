"""W4: one training step (value and gradient) of a tiny character GPT on a 9-letter name, all in scalars.

16-dimensional embeddings, 4 heads, 1 layer, RMS norm, ReLU MLP, softmax cross-entropy: 4,192 parameters, about
76,000 nodes. The model text runs on any engine whose values have + - * / **, exp, log and relu.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice, pairwise
from typing import Any

import numpy as np

from benchmarks.lib.timing import Step
from benchmarks.workloads import engines

LETTERS = 27  # a to z, and the mark that begins and ends a name
POSITIONS, WIDTH, HEADS = 16, 16, 4
SHAPES = {
    "letter": (LETTERS, WIDTH),
    "position": (POSITIONS, WIDTH),
    "query": (WIDTH, WIDTH),
    "key": (WIDTH, WIDTH),
    "value": (WIDTH, WIDTH),
    "mix": (WIDTH, WIDTH),
    "up": (4 * WIDTH, WIDTH),
    "down": (WIDTH, 4 * WIDTH),
    "out": (LETTERS, WIDTH),
}
NAME = "elizabeth"


def tokens(name: str = NAME) -> list[int]:
    """The mark, then the letters: each letter is predicted from all before it."""
    return [26, *(ord(letter) - ord("a") for letter in name)]


def start(seed: int = 0) -> np.ndarray:
    """4,192 numbers, normal with standard deviation 0.08 … 0.2: large enough that every part matters."""
    random = np.random.default_rng(seed)
    return np.concatenate([random.normal(0, 0.2 if n == "letter" else 0.08, a * b) for n, (a, b) in SHAPES.items()])


def named(leaves: Sequence[Any]) -> dict[str, list[list[Any]]]:
    """The leaves as matrices by name, each a list of rows."""
    rest = iter(leaves)
    return {name: [list(islice(rest, cols)) for _ in range(rows)] for name, (rows, cols) in SHAPES.items()}


def linear(matrix: list[list[Any]], x: Sequence[Any]) -> list[Any]:
    return [sum(w * xi for w, xi in zip(row, x, strict=True)) for row in matrix]


def rms_norm(x: Sequence[Any]) -> list[Any]:
    scale = (sum(xi * xi for xi in x) / len(x) + 1e-5) ** -0.5
    return [xi * scale for xi in x]


def softmax(logits: Sequence[Any]) -> list[Any]:
    exps = [z.exp() for z in logits]  # (the logits are small: no need to subtract the largest)
    total = sum(exps)
    return [e / total for e in exps]


def attention(net: dict[str, Any], x: list[Any], keys: list[Any], values: list[Any]) -> list[Any]:
    """Attention of one position to itself and all before it, whose keys and values are kept."""
    query = linear(net["query"], x)
    keys.append(linear(net["key"], x))
    values.append(linear(net["value"], x))
    size = WIDTH // HEADS
    heads: list[Any] = []
    for first in range(0, WIDTH, size):
        part = range(first, first + size)
        weights = softmax([sum(query[i] * key[i] for i in part) / size**0.5 for key in keys])
        heads += [sum(w * value[i] for w, value in zip(weights, values, strict=True)) for i in part]
    return linear(net["mix"], heads)


def cost(leaves: Sequence[Any], name: str = NAME) -> Any:
    """The mean of -log p(next letter)."""
    net, text = named(leaves), tokens(name)
    keys: list[Any] = []
    values: list[Any] = []
    losses = []
    for position, (token, following) in enumerate(pairwise(text)):
        x = rms_norm([a + b for a, b in zip(net["letter"][token], net["position"][position], strict=True)])
        x = [a + b for a, b in zip(attention(net, rms_norm(x), keys, values), x, strict=True)]
        hidden = [h.relu() for h in linear(net["up"], rms_norm(x))]
        x = [a + b for a, b in zip(linear(net["down"], hidden), x, strict=True)]
        losses.append(-softmax(linear(net["out"], x))[following].log())
    return sum(losses) * (1 / len(losses))


def micrograd() -> Step:
    return engines.eager(cost, start(), engines.micrograd_value())


def chalkgrad() -> Step:
    from autograd import Value

    return engines.eager(cost, start(), Value)


def contenders() -> dict[str, Callable[[], Step]]:
    return {
        "micrograd": micrograd,
        "chalkgrad eager": chalkgrad,
        **{f"chalkgrad {b}": lambda b=b: engines.recorded(cost, start(), b) for b in engines.BACKENDS},
        "CasADi SX": lambda: engines.casadi_step(cost, start()),
    }
