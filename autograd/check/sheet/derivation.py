"""The formula sheet as one derivation, from the output layer down, to find its first wrong line."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd.check.derivation import check_derivation
from autograd.check.derivation_lines import Line
from autograd.check.lines import DerivationReport
from autograd.check.sheet.examine import literal
from autograd.check.sheet.formulas import formulas
from autograd.check.sheet.indexed import Slope, Symbol, symbols
from autograd.check.sheet.network import SCALARS, SIZES, L, Run, Setting, layer_of
from autograd.check.sheet.program import Statement, read_program, read_statement


def sheet_derivation(seed: int = 0) -> DerivationReport:
    """F6, F2, F7 and F5 as printed, one after the other: ∂E/∂σ^L, ∂E/∂w^L, ∂E/∂σ^{L-1}, … down to ∂E/∂w^1.

    Each line uses the lines above it as they are printed; E is the cost of one example, with the penalty.
    """
    setting, printed = Setting.draw(seed), formulas()

    def forward(w1: Any, w2: Any, w3: Any) -> dict[str, Any]:
        run = Run([None, w1, w2, w3], setting.features[0], setting.labels[0])
        outputs = {f"σ{k}": run.σ[k] for k in range(L + 1)}
        return {**outputs, **{f"sum{k}": run.sum[k] for k in range(1, L + 1)}, "y": run.labels, "E": run.cost}

    statements = {name: (name, read_statement(text)) for name, text in printed.items() if name != "F7"}
    loop = {s.target.name: ("F7", s) for s in read_program(printed["F7"]).lines if isinstance(s.left, Slope)}
    lines = []
    for layer in range(L, 0, -1):
        inside = 1 < layer < L
        back = loop["σ"] if inside else statements["F6" if layer == L else "F5"]
        lines += [_line(*back, layer), _line(*(loop["w"] if inside else statements["F2"]), layer)]
    return check_derivation(forward, tuple(setting.weights[1:]), lines, points=2, seed=seed, explain=False)


def _line(name: str, statement: Statement, layer: int) -> Line:
    lhs, tree = statement.target, statement.right
    target = f"{lhs.name}{layer}"
    shape = (SIZES[layer],) if lhs.name == "σ" else (SIZES[layer - 1], SIZES[layer])

    def formula(**known: Any) -> Any:
        def look(what: Symbol | Slope, indices: Mapping[str, int]) -> float:
            return _number(what, indices, layer, known)

        return literal(tree, lhs, layer, shape, look)

    parameters = [
        inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY)
        for n in sorted({n for s in symbols(tree) for n in _needs(s, layer)})
    ]
    formula.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return Line(f"∂E/∂{lhs.name}^{layer} ({name})", target, formula)


def _needs(what: Symbol | Slope, layer: int) -> list[str]:
    """The names of the quantities that a printed symbol stands for."""
    if isinstance(what, Slope):
        below = f"{what.below.name}{layer_of(what.below.layer or 'l', layer)}"
        if what.above is None:
            return ["d" + below]
        at = layer_of(what.above.layer, layer)
        return [f"σ{at}"] if what.above.name == "σ" else [f"σ{at - 1}"]  # by F3 and by F4
    if what.name in SCALARS:
        return []
    return ["y"] if what.name == "y" else [f"{what.name}{layer_of(what.layer or 'l', layer)}"]


def _number(what: Symbol | Slope, indices: Mapping[str, int], layer: int, known: Mapping[str, Any]) -> float:
    if isinstance(what, Symbol) and what.name in SCALARS:
        return SCALARS[what.name]
    array = np.asarray(known[_needs(what, layer)[0]])
    if isinstance(what, Symbol):
        return float(array[tuple(indices[i] for i in what.indices)])
    if what.above is None:
        return float(array[tuple(indices[i] for i in what.below.indices)])
    if what.above.name == "σ":  # F3
        σ = array[indices[what.above.indices]]
        return float(σ * (1 - σ))
    return float(array[indices[what.below.indices[0]]])  # F4
