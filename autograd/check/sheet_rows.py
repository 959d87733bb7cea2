"""The formulas of the sheet that are not gradients of E: F1, F3, F4, the loop of F7, and F9."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from autograd import functions
from autograd.check.indexed import Node, Slope, Symbol, calculate, latex, read, symbol
from autograd.check.problem import Array
from autograd.check.sheet_examine import Row, evidence, literal
from autograd.check.sheet_network import LEARNING_RATE, SIZES, L, Run, Setting, layer_of
from autograd.check.verdict import gradcheck


def compared(name: str, printed: str, tex: str, reading: str, pairs: Mapping[str, tuple[float, float]]) -> Row:
    """A row from (printed, true) numbers by name."""
    off = {n: abs(a - b) / max(abs(a), abs(b), 1e-300) for n, (a, b) in pairs.items()}
    wrong = sum(o > 1e-9 for o in off.values())
    result: dict[str, Any] = {"compared": len(pairs), "wrong": wrong, "points": 1, "error": max(off.values())}
    if wrong:
        worst = max(off, key=off.__getitem__)
        result |= {"component": worst, "printed": pairs[worst][0], "true": pairs[worst][1]}
    return Row(name, printed, tex, reading, "wrong" if wrong else "right", evidence=result)


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
            return calculate(tree, lambda what, _: known[what.name], lambda _: 0, {})  # type: ignore[union-attr]

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


def loop_rows(setting: Setting, back: str, weights: str) -> Iterator[Row]:
    """F7's update, in both readings, and which weights its loop reaches.

    `back` and `weights` are the loop's formulas for ∂E/∂σ_j^l and ∂E/∂w_ij^l, as corrected.
    """
    x, y = setting.features[0], setting.labels[0]
    run = Run(setting.weights, x, y).backward()
    slopes = [None, *(np.vectorize(lambda v: v.grad, otypes=[float])(w) for w in run.w[1:])]
    square = sum(float((g**2).sum()) for g in slopes[1:])
    tree, left = read("w_ij^l - η ∂E/∂w_ij^l"), symbol("w_ij^l")
    printed, tex = f"w_ij^l = {tree}", f"{latex(left)} = {latex(tree)}"
    new = _descended(setting, run, back, weights, at_once=True)
    truth = [None, *(w - LEARNING_RATE * g for w, g in zip(setting.weights[1:], slopes[1:], strict=True))]
    row = compared("F7", printed, tex, "all weights at once, after the loop", _pairs(new, truth))
    after = Run(new, x, y).cost._data
    fall = (run.cost._data - after) / (LEARNING_RATE * square)
    said = f"E falls from {run.cost._data:.6f} to {after:.6f}, {fall:.3f} of η‖∇E‖² (1 as η → 0)"
    yield row if row.verdict == "wrong" else replace(row, evidence={**row.evidence, "said": said, "fall": fall})
    row = compared(
        "F7", printed, tex, "inside the loop, layer by layer, as it stands",
        _pairs(_descended(setting, run, back, weights, at_once=False), truth),
    )  # fmt: skip
    if row.verdict == "wrong":
        row = replace(
            row,
            slip="w^{l+1} is changed before ∂E/∂σ_j^l, which needs it as it was",
            corrected="first every ∂E/∂w_ij^l, then every update at once" if _pairs_agree(new, truth) else "",
        )
    yield row
    yield _loop_row(setting)


def _descended(setting: Setting, run: Run, back: str, weights: str, *, at_once: bool) -> list[Any]:
    """The weights after one pass of the loop down to layer 1: updated at once, or each layer as soon as it can be."""
    update, lhs_σ, lhs_w = read("w_ij^l - η ∂E/∂w_ij^l"), symbol("σ_j^l"), symbol("w_ij^l")
    trees = {"σ": read(back), "w": read(weights)}
    current = [None, *(w.copy() for w in setting.weights[1:])]
    dσ = {L: np.array([s.grad for s in run.σ[L]])}
    dw: dict[int, Array] = {}

    def look(what: Any, indices: Mapping[str, int], layer: int) -> float:
        if isinstance(what, Slope) and what.above is None:
            table = dσ if what.below.name == "σ" else dw
            array = table[layer_of(what.below.layer, layer)]
            return float(array[tuple(indices[i] for i in what.below.indices)])
        if isinstance(what, Symbol) and what.name == "w":
            array = current[layer_of(what.layer, layer)]
            return float(array[tuple(indices[i] for i in what.indices)])
        return run.look(what, indices, layer)

    def step(layer: int) -> Array:
        return literal(update, lhs_w, layer, setting.weights[layer].shape, lambda s, at: look(s, at, layer))

    for layer in range(L, 0, -1):

        def at_layer(what: Any, indices: Mapping[str, int], layer: int = layer) -> float:
            return look(what, indices, layer)

        if layer < L:
            dσ[layer] = literal(trees["σ"], lhs_σ, layer, (SIZES[layer],), at_layer)
        dw[layer] = literal(trees["w"], lhs_w, layer, setting.weights[layer].shape, at_layer)
        if not at_once:
            current[layer] = step(layer)
    return [None, *(step(layer) for layer in range(1, L + 1))] if at_once else current


def _pairs(found: list[Any], truth: list[Any]) -> dict[str, tuple[float, float]]:
    return {
        f"w^{layer}[{','.join(map(str, place))}]": (float(found[layer][place]), float(truth[layer][place]))
        for layer in range(1, L + 1)
        for place in np.ndindex(truth[layer].shape)
    }


def _pairs_agree(found: list[Any], truth: list[Any]) -> bool:
    return all(np.allclose(f, t, rtol=1e-9, atol=0) for f, t in zip(found[1:], truth[1:], strict=True))


def _loop_row(setting: Setting) -> Row:
    """Which weights the loop ``for l = L-1 down to 2`` reaches; if not all, how far down it must go."""
    wanted, direct = set(range(1, L + 1)), {L}  # F6 and F2 together give layer L without the loop

    def reached(last: int) -> set[int]:
        return set(range(L - 1, last - 1, -1))

    missed = sorted(wanted - reached(2))
    count = sum(setting.weights[layer].size for layer in missed)
    total = sum(w.size for w in setting.weights[1:])
    enough = next((last for last in (2, 1, 0) if reached(last) | direct >= wanted), None)
    corrected = ""
    if missed and enough is not None:
        rest = " and ".join(f"w^{layer}" for layer in sorted(wanted - reached(enough)))
        corrected = f"for l = L-1 down to {enough}" + (f", and {rest} by F6 and F2" if rest else "")
    return Row(
        "F7",
        "for l = L-1 down to 2",
        r"\text{for } l = L-1 \text{ down to } 2",
        f"layers 0 … L with L = {L}, weights w^1 … w^{L}",
        "wrong" if missed else "right",
        f"the loop gives no gradient to {' and '.join(f'w^{layer}' for layer in missed)}" if missed else "",
        corrected,
        evidence={"compared": total, "wrong": count, "said": f"{count} of {total} weights are never updated"},
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
