"""The formulas of the sheet that are not gradients of E: F1, F3, F4 and F9."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from autograd import functions
from autograd.check.problem import Array
from autograd.check.sheet.examine import Row, compared, evidence, literal
from autograd.check.sheet.indexed import Node, Slope, calculate, latex, read, symbol
from autograd.check.sheet.network import SIZES, L, Run, Setting
from autograd.check.verdict import gradcheck


def forward_rows(setting: Setting) -> Iterator[Row]:
    """F1: the forward pass, against the engine's `dot` and `sigmoid`."""
    for lhs, rhs in [
        ("sum_j^l", "Σ_{k=1}^{s_{l-1}} w_kj^l σ_k^{l-1}"),
        ("σ_i^l", "1/(1 + e^{-sum_i^l})"),
    ]:
        tree, left, pairs = read(rhs), symbol(lhs), {}
        for i, (x, y) in enumerate(zip(setting.features, setting.labels, strict=True)):
            run = Run(setting.weights, x, y)
            for layer in range(1, L + 1):

                def look(what: Any, indices: Mapping[str, int], run: Run = run, layer: int = layer) -> float:
                    return run.look(what, indices, layer)

                numbers = literal(tree, left, layer, (SIZES[layer],), look)
                for k, v in enumerate(numbers):
                    pairs[f"{left.name}^{layer}[{k}] of example {i}"] = (float(v), look(left, {left.indices: k}))
        yield compared("F1", f"{lhs} = {rhs}", f"{latex(left)} = {latex(tree)}", "every unit, every example", pairs)


def slope_rows(setting: Setting, seed: int) -> Iterator[Row]:
    """F3 and F4: the slopes of one unit."""
    run = Run(setting.weights, setting.features[0], setting.labels[0])
    for rhs in ("(1/(1+e^{-sum})) (1 - 1/(1+e^{-sum}))", "σ_j^l (1 - σ_j^l)"):
        tree = read(rhs)

        def gradient(total: float, tree: Node = tree) -> float:
            known = {"sum": total, "σ": functions.sigmoid(total)}
            return float(calculate(tree, lambda what, _: known[what.name], lambda _: 0, {}))  # type: ignore[union-attr]

        reports = [
            gradcheck(functions.sigmoid, node._data, gradient, seed=seed)
            for layer in run.sum.values()
            for node in layer
        ]
        left = Slope(symbol("σ_j^l"), symbol("sum_j^l"))
        verdict = next((r.verdict for r in reports if not r), "right")
        yield Row(
            "F3", f"{left} = {rhs}", f"{latex(left)} = {latex(tree)}", "every unit", verdict, evidence=evidence(reports)
        )
    tree, reports = read("σ_i^{l-1}"), []
    for layer in range(1, L + 1):
        below = np.array([s._data for s in run.σ[layer - 1]])
        for j in range(SIZES[layer]):

            def along(w: Array, below: Array = below, layer: int = layer) -> Array:
                return np.array(
                    [calculate(tree, lambda _, at: below[at["i"]], lambda _: 0, {"i": i}) for i in range(len(w))]
                )

            column = setting.weights[layer][:, j]
            reports.append(
                gradcheck(lambda w, below=below: functions.dot(w, below), column, along, seed=seed, points=3)
            )
    left = Slope(symbol("sum_j^l"), symbol("w_ij^l"))
    verdict = next((r.verdict for r in reports if not r), "right")
    yield Row(
        "F4", f"{left} = {tree}", f"{latex(left)} = {latex(tree)}", "every weight", verdict, evidence=evidence(reports)
    )


def relu_rows(seed: int) -> Iterator[Row]:
    """F9: the ReLU and its stated subgradient; and what there is at 0."""
    tex = r"\mathrm{relu}(\mathrm{sum}) = \max(0, \mathrm{sum})"

    def subgradient(total: float) -> float:
        return 1.0 if total > 0 else 0.0

    reports = [gradcheck(functions.relu, at, subgradient, seed=seed) for at in (-2.0, -0.5, 0.5, 2.0)]
    verdict = next((r.verdict for r in reports if not r), "right")
    printed = "relu(sum) = max(0, sum), subgradient 1 if sum > 0, 0 if sum < 0"
    yield Row("F9", printed, tex, "on both sides of 0", verdict, evidence=evidence(reports))
    corner = gradcheck(functions.relu, 0.0, subgradient, seed=seed)
    yield Row(
        "F9", "relu at sum = 0 (the sheet leaves it open)", tex, "at 0", corner.verdict,
        evidence={"compared": 1, "said": corner.reason},
    )  # fmt: skip
