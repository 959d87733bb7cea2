"""F7, the loop of the sheet: run as it is printed on the small network, and mended if it is wrong.

The program is carried out line by line. The weights that it leaves behind are compared with w - η ∂E/∂w, where
∂E/∂w is the engine's. If they differ, the programs one edit away are run, then those two edits away
(`autograd.check.sheet.program.edits`); the first that leave the right weights behind at all points are shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np

from autograd.check.problem import Array
from autograd.check.sheet.examine import Row, compared
from autograd.check.sheet.indexed import Slope, Symbol, calculate
from autograd.check.sheet.network import EXAMPLES, LEARNING_RATE, SCALARS, SIZES, L, Run, Setting, layer_of, upper_of
from autograd.check.sheet.program import Bound, Edit, Program, Statement, edits, read_statement

POINTS = 3  # networks on which a program is run
Weights = dict[int, Array]


class Missing(Exception):
    """A line needs a number that is not there: of a layer that does not exist, or not calculated yet."""


class Machine:
    """Every number that the lines of a program can read or write, for one example on one network.

    The forward pass is done and stays as it is; ∂E/∂σ and ∂E/∂w are empty; w is what the program changes.
    """

    def __init__(self, setting: Setting, example: int) -> None:
        self.x, self.y = setting.features[example], setting.labels[example]
        run = Run(setting.weights, self.x, self.y).backward()
        number = np.vectorize(lambda v: v._data, otypes=[float])
        slope = np.vectorize(lambda v: v.grad, otypes=[float])
        self.w: Weights = {k: setting.weights[k].copy() for k in range(1, L + 1)}
        self.σ = {k: number(layer) for k, layer in run.σ.items()}
        self.sum = {k: number(layer) for k, layer in run.sum.items()}
        self.slopes: dict[str, dict[int, Array]] = {"σ": {}, "w": {}}
        self.true_slopes = {k: slope(run.w[k]) for k in range(1, L + 1)}
        self.cost = run.cost._data

    def again(self) -> Machine:
        """A machine that goes on from here, and leaves this one as it is."""
        other = copy(self)
        other.w, other.slopes = dict(self.w), {name: dict(table) for name, table in self.slopes.items()}
        return other

    def cost_with(self, weights: Weights) -> float:
        """E with other weights."""
        return Run([None, *(weights[k] for k in sorted(weights))], self.x, self.y).cost._data

    def expected(self) -> Weights:
        """w - η ∂E/∂w, with the engine's ∂E/∂w."""
        return {k: self.w[k] - LEARNING_RATE * slope for k, slope in self.true_slopes.items()}

    def run(self, program: Program, given: Sequence[Statement] = ()) -> Weights:
        """Carry out the `given` lines, then the program. Raises Missing where a line cannot be carried out."""
        for s in (*given, *program.before):
            self.carry_out(s)
        for layer in program.layers(L):
            for s in program.body:
                self._write(s, layer, self.calculated(s, layer))
        for s in program.after:
            self.carry_out(s)
        return self.w

    def carry_out(self, s: Statement) -> None:
        """A line that is not in the loop: once, or for every layer for which it can be, all of them at once."""
        if s.at is not None or not s.for_each_layer:
            layer = L if s.at is None else s.at.layer(L)
            self._write(s, layer, self.calculated(s, layer))
            return
        found = {}
        for layer in range(L, 0, -1):
            try:
                found[layer] = self.calculated(s, layer)
            except Missing:
                continue
        for layer, numbers in found.items():
            self._write(s, layer, numbers)

    def _write(self, s: Statement, layer: int, numbers: Array) -> None:
        table = self.slopes[s.target.name] if isinstance(s.left, Slope) else self.w
        table[layer_of(s.target.layer, layer)] = numbers

    def calculated(self, s: Statement, layer: int) -> Array:
        """The right side of a line, for every index of the left side."""
        at = layer_of(s.target.layer, layer)
        if not 1 <= at <= L:
            raise Missing(f"{s.left} with l = {layer}: there is no such layer")
        shape = (SIZES[at],) if s.target.name == "σ" else (SIZES[at - 1], SIZES[at])
        indices = dict(zip(s.target.indices, np.ogrid[tuple(slice(n) for n in shape)], strict=True))
        try:
            found = calculate(s.right, lambda w, i: self._look(w, i, layer), lambda u: upper_of(u, layer), indices)
        except KeyError as error:
            raise Missing(f"{s.left} with l = {layer} needs {error.args[0]}") from None
        except (IndexError, ValueError):
            raise Missing(f"{s.left} with l = {layer} needs a layer or a unit that does not exist") from None
        return np.broadcast_to(found, shape)

    def _look(self, what: Symbol | Slope, indices: Mapping[str, Any], layer: int) -> Any:
        if isinstance(what, Slope) and what.above is not None:
            return self._local(what.above, what.below, indices, layer)
        s = what.below if isinstance(what, Slope) else what
        if s.name in SCALARS:
            return SCALARS[s.name]
        tables: dict[str, Any] = {"σ": self.σ, "sum": self.sum, "w": self.w, "y": {L: self.y}}
        table = self.slopes[s.name] if isinstance(what, Slope) else tables[s.name]
        at = layer_of(s.layer or "L", layer)
        if at not in table:
            raise KeyError(f"{'∂E/∂' * isinstance(what, Slope)}{s.name}^{at}, which is not there")
        return table[at][tuple(indices[i] for i in s.indices)]

    def _local(self, above: Symbol, below: Symbol, indices: Mapping[str, Any], layer: int) -> Any:
        """∂σ/∂sum by F3, ∂sum/∂w by F4; 0 along another unit's sum or weight."""
        at = layer_of(above.layer, layer)
        unit = indices[above.indices]
        if above.name == "σ":
            σ = self.σ[at][unit]
            return np.where(unit == indices[below.indices], σ * (1 - σ), 0.0)
        return np.where(unit == indices[below.indices[1]], self.σ[at - 1][indices[below.indices[0]]], 0.0)


# -- The search -----------------------------------------------------------------------------------------------------


class Points:
    """The networks on which a program is run. `given` are the lines before it; without any, ∂E/∂w is the engine's."""

    def __init__(self, seed: int, given: Sequence[Statement] = ()) -> None:
        self.machines = [Machine(Setting.draw(seed + k), k % EXAMPLES) for k in range(POINTS)]
        self.wanted = [m.expected() for m in self.machines]
        self.started = [m.again() for m in self.machines]
        for m in self.started:
            if not given:
                m.slopes["w"] = dict(m.true_slopes)
        self.stopped: Missing | None = None  # one of the given lines cannot be carried out
        try:
            for m in self.started:
                for s in given:
                    m.carry_out(s)
        except Missing as error:
            self.stopped = error

    def run(self, program: Program, point: int = 0) -> Weights:
        """The weights after the program. Raises Missing where a line cannot be carried out."""
        if self.stopped is not None:
            raise self.stopped
        return self.started[point].again().run(program)

    def fits(self, program: Program) -> bool:
        """Whether the program leaves the right weights behind, at all points."""
        try:
            return all(_same(self.run(program, k), wanted) for k, wanted in enumerate(self.wanted))
        except Missing:
            return False

    def mended(self, program: Program) -> list[tuple[str, Program]]:
        """The right programs one edit away; if there are none, two edits away, those of the loop first."""
        singles = list(edits(program))
        found = [(e.what, e.program) for e in singles if self.fits(e.program)]
        for of_lines in (0, 1, 2):
            found = found or list(self._pairs(singles, of_lines))
        return found

    def _pairs(self, singles: Sequence[Edit], of_lines: int) -> Iterator[tuple[str, Program]]:
        seen = set()
        for a in singles:
            for b in edits(a.program) if a.of_line <= of_lines else ():
                if a.of_line + b.of_line == of_lines and b.program not in seen:
                    seen.add(b.program)
                    if self.fits(b.program):
                        yield f"{a.what}; and {b.what}", b.program


def _same(found: Weights, wanted: Weights) -> bool:
    return all(bool((np.abs(found[k] - w) <= 1e-9 * np.abs(w)).all()) for k, w in wanted.items())


# -- Rows -------------------------------------------------------------------------------------------------------------


def program_row(name: str, program: Program, rows: Mapping[Statement, Row], points: Points) -> Row:
    """The program as printed. `rows` are those of its lines: a line that is wrong by itself is mended first."""
    wanted, reading = points.wanted[0], "run as printed, after F6 and F2 for layer L; every weight after the pass"
    try:
        pairs = _pairs(points.run(program), wanted)
        row = compared(name, str(program), program.latex(), reading, pairs)
    except Missing as error:
        total = sum(w.size for w in wanted.values())
        facts = {"compared": total, "wrong": total, "points": 1, "said": f"it stops, for {error}"}
        row = Row(name, str(program), program.latex(), reading, "wrong", evidence=facts)
    if row.verdict == "right":
        return row
    mended = {s: read_statement(r.corrected) for s, r in rows.items() if r.corrected}
    slips = [f"in {s.left}: {rows[s].slip}" for s in mended]
    start = program.with_lines(mended)
    ways = [("", start)] if points.fits(start) else points.mended(start)
    if not ways:
        return replace(row, slip="; ".join([*slips, "no single or double slip explains the rest"]))
    what, best = ways[0]
    slip = "; ".join([*slips, what] if what else slips)
    if len(ways) > 1:
        slip += f" ({len(ways)} ways of mending it fit equally well)"
    return replace(row, slip=slip, corrected=str(best), corrected_latex=best.latex())


def update_row(name: str, line: Statement, points: Points) -> Row:
    """A line that changes the weights, by itself, with the engine's ∂E/∂w."""
    alone = Program(Bound(True, 0), Bound(True, 0), (), after=(line,))
    reading = "by itself, with the true ∂E/∂w, all weights at once"
    found, wanted, machine = points.run(alone), points.wanted[0], points.machines[0]
    row = compared(name, str(line), line.latex(), reading, _pairs(found, wanted))
    if row.verdict == "right":
        square = sum(float((g**2).sum()) for g in machine.true_slopes.values())
        after = machine.cost_with(found)
        fall = (machine.cost - after) / (LEARNING_RATE * square)
        said = f"E falls from {machine.cost:.6f} to {after:.6f}, {fall:.3f} of η‖∇E‖² (1 as η → 0)"
        return replace(row, evidence={**row.evidence, "said": said, "fall": fall})
    ways = [e for e in edits(alone) if e.of_line and points.fits(e.program)]
    if not ways:
        return replace(row, slip="no single slip explains it")
    best = ways[0].program.after[0]
    return replace(row, slip=ways[0].repair, corrected=str(best), corrected_latex=best.latex())


def _pairs(found: Weights, truth: Weights) -> dict[str, tuple[float, float]]:
    return {
        f"w^{layer}[{','.join(map(str, place))}]": (float(found[layer][place]), float(wanted[place]))
        for layer, wanted in truth.items()
        for place in np.ndindex(wanted.shape)
    }
