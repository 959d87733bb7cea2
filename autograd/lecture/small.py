"""One small network, one example: its graph before and after backward()."""

from __future__ import annotations

from dataclasses import dataclass

import nn
from autograd.draw import draw
from autograd.stats import GraphStats, graph_stats

X, Y = [1.0, 0.5], 1


@dataclass(frozen=True, slots=True)
class Small:
    """The graph of E for one example of a 2-2-1 network.

    before, after   SVG texts by theme, "light" and "dark": without and with the gradients
    parameters      (label, value, ∂E/∂it) for each weight and bias
    """

    x: list[float]
    y: int
    output: float
    cost: float
    before: dict[str, str]
    after: dict[str, str]
    parameters: list[tuple[str, float, float]]
    stats: GraphStats


def small(seed: int) -> Small:
    """Build it, draw it, backpropagate, draw it again."""
    model = nn.MLP(2, [2, 1], seed=seed)
    output = model(X)
    cost = nn.binary_cross_entropy(output, Y)
    cost.label = "E"
    before = {theme: draw(cost, theme=theme, operations="merged").svg() for theme in ("light", "dark")}
    cost.backward()
    after = {theme: draw(cost, theme=theme, operations="merged").svg() for theme in ("light", "dark")}
    return Small(
        X, Y, output.data, cost.data, before, after,
        [(p.label, p.data, p.grad) for p in model.parameters()], graph_stats(cost),
    )  # fmt: skip
