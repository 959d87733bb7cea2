"""The small sigmoid network on which the lecture's formula sheet is checked, in the lecture's notation.

Layers l = 0 … L, s_l units in layer l, w_ij^l from unit i of layer l-1 to unit j of layer l, no biases. A `Run` is one
pass forwards and backwards for one example; it looks up any number that a printed formula asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd import functions
from autograd.check.problem import Array
from autograd.check.sheet.indexed import Slope, Symbol
from autograd.reverse import contributions
from autograd.value import Value

SIZES = (2, 3, 3, 3)  # units in layers 0 … L; hidden layers alike, as the lecture has them
EXAMPLES = 4
LAMBDA = 0.3
LEARNING_RATE = 0.01
L = len(SIZES) - 1

Weights = list[Any]  # w[l] for l = 1 … L, w[0] unused
Lookup = Callable[[Symbol | Slope, Mapping[str, int]], float]
# What a formula is compared with, at one layer: f, where, and the numbers to look up at a point there
Check = tuple[Callable[..., Value], Array, Callable[[Array], Lookup]]


@dataclass(frozen=True, slots=True)
class Setting:
    """Weights, features and labels at which the sheet is checked."""

    weights: Weights
    features: Array  # EXAMPLES × s_0
    labels: Array  # EXAMPLES × K, of 0 and 1

    @classmethod
    def draw(cls, seed: int) -> Setting:
        """Random weights, features and labels."""
        rng = np.random.default_rng(seed)
        weights = [None, *(rng.normal(size=SIZES[k : k + 2]) for k in range(L))]
        return cls(
            weights, rng.normal(size=(EXAMPLES, SIZES[0])), np.eye(SIZES[L])[rng.integers(SIZES[L], size=EXAMPLES)]
        )


class Run:
    """One forward and backward pass for one example, from layer `start` on: every number a formula may ask for."""

    def __init__(
        self, weights: Weights, outputs: Any, labels: Array, *, start: int = 0, shift: Any = None, share: float = 1.0
    ) -> None:
        self.labels = labels
        self.w = [None, *(values_of(w) for w in weights[1:])]
        self.σ: dict[int, Any] = {start: values_of(outputs)}
        self.sum: dict[int, Any] = {}
        for layer in range(start + 1, L + 1):
            columns = self.w[layer].T
            self.sum[layer] = [functions.dot(column, self.σ[layer - 1]) for column in columns]
            self.σ[layer] = [functions.sigmoid(s) for s in self.sum[layer]]
        if shift is not None:
            self.σ[L] = [s + d for s, d in zip(self.σ[L], shift, strict=True)]
        self.cost = share * bernoulli(self.σ[L], labels) + penalty(self.w)

    def backward(self) -> Run:
        """Fill in the gradients."""
        self.cost.backward()
        return self

    def look(self, what: Symbol | Slope, indices: Mapping[str, int], layer: int) -> float:
        """The number that a printed symbol or slope stands for, with its printed layer and indices."""
        if isinstance(what, Slope):
            below = self._node(what.below, indices, layer)
            if what.above is None:
                return below.grad
            above = self._node(what.above, indices, layer)
            return sum((slope or 0.0) for _, node, slope in contributions(above) if node is below)
        if what.name in SCALARS:
            return SCALARS[what.name]
        if what.name == "y":
            return float(self.labels[indices[what.indices]])
        return float(self._node(what, indices, layer)._data)

    def _node(self, s: Symbol, indices: Mapping[str, int], layer: int) -> Value:
        at = layer_of(s.layer or "l", layer)
        places = tuple(indices[i] for i in (s.indices or "j"))
        tables: dict[str, Any] = {"σ": self.σ, "sum": self.sum, "w": self.w}
        node: Any = tables[s.name][at]
        for place in places:
            node = node[place]
        return node  # type: ignore[no-any-return]


SCALARS = {"λ": LAMBDA, "m": float(EXAMPLES), "m_b": float(EXAMPLES), "η": LEARNING_RATE}


def bernoulli(outputs: Any, labels: Array) -> Value:
    """The lecture's cost of one example: -Σ_k y_k log σ_k + (1 - y_k) log(1 - σ_k)."""
    pairs = zip(outputs, labels, strict=True)
    return -functions.total([y * functions.log(σ) + (1 - y) * functions.log(1 - σ) for σ, y in pairs])  # type: ignore[no-any-return]


def penalty(weights: Weights) -> Value:
    """λ/(2m) Σ (w_ij^l)² over all weights."""
    return LAMBDA / (2 * EXAMPLES) * functions.total([w * w for layer in weights[1:] for w in layer.flat])  # type: ignore[no-any-return]


def values_of(array: Any) -> Any:
    """`array` with every plain number as a Value."""
    result = np.empty(np.shape(array), dtype=object)
    for place, x in np.ndenumerate(np.asarray(array, dtype=object)):
        result[place] = x if isinstance(x, Value) else Value(float(x))
    return result


def layer_of(text: str, layer: int) -> int:
    """The layer that l, l-1, l+1 or L means."""
    return {"l": layer, "l-1": layer - 1, "l+1": layer + 1, "L": L}[text]


def upper_of(text: str, layer: int) -> int:
    """The upper end of a sum: s_{l+1}, m_b."""
    return EXAMPLES if text == "m_b" else SIZES[layer_of(text.removeprefix("s_").strip("{}"), layer)]


# -- What each left-hand side is compared with --------------------------------------------------------------------


def along_weights(setting: Setting, layers: Sequence[int], example: int = 0) -> dict[int, Check]:
    """E of one example (with the penalty) as a function of w^l."""
    x, y = setting.features[example], setting.labels[example]

    def check(layer: int) -> Check:
        def run(w: Any) -> Run:
            return Run([*setting.weights[:layer], w, *setting.weights[layer + 1 :]], x, y)

        def looker(w: Array) -> Any:
            done = run(w).backward()
            return lambda what, indices: done.look(what, indices, layer)

        return (lambda w: run(w).cost), setting.weights[layer], looker

    return {layer: check(layer) for layer in layers}


def along_outputs(setting: Setting, layers: Sequence[int], *, share: float = 1.0, example: int = 0) -> dict[int, Check]:
    """E of one example as a function of σ^l; `share` 1/m makes it that example's part of the whole E."""
    y = setting.labels[example]

    def check(layer: int) -> Check:
        def run(σ: Any) -> Run:
            return Run(setting.weights, σ, y, start=layer, share=share)

        def looker(σ: Array) -> Any:
            done = run(σ).backward()
            return lambda what, indices: done.look(what, indices, layer)

        outputs = Run(setting.weights, setting.features[example], y).σ[layer]
        return (lambda σ: run(σ).cost), np.array([s._data for s in outputs]), looker

    return {layer: check(layer) for layer in layers}


def along_all_outputs(setting: Setting) -> dict[int, Check]:
    """The minibatch cost when σ_j^L moves by the same amount for every example: F8 has one number for all of them."""

    def runs(shift: Any) -> list[Run]:
        return [Run(setting.weights, x, y, shift=shift) for x, y in zip(setting.features, setting.labels, strict=True)]

    def cost(σ: Any) -> Value:
        return functions.total([r.cost for r in runs(σ)]) / EXAMPLES  # type: ignore[no-any-return]

    def looker(shift: Array) -> Any:
        done = [r.backward() for r in runs(shift)]

        def look(what: Symbol | Slope, indices: Mapping[str, int]) -> float:
            if isinstance(what, Slope):
                return float(np.mean([r.look(what, indices, L) for r in done]))
            run = done[indices["i"]] if what.example else done[0]
            return run.look(Symbol(what.name, what.indices, what.layer), indices, L)

        return look

    return {L: (cost, np.zeros(SIZES[L]), looker)}
