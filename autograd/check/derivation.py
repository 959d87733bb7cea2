"""The first wrong line of a derivation.

Backpropagation by hand is a list of lines, from the cost downwards: ∂E/∂σ², ∂E/∂sum², ∂E/∂w², ∂E/∂σ¹, …
One slip makes every line below it wrong, too. So each line is judged *given the lines above it as the student
wrote them*: the chain rule is run from the student's own numbers, and compared with what the line makes of them.

>>> import numpy as np
>>> from autograd import log, sigmoid
>>> def forward(w):
...     s = w * 2.0
...     p = sigmoid(s)
...     return {"s": s, "p": p, "E": -log(p)}
>>> report = check_derivation(forward, 0.5, {
...     "dp": lambda p: 1 / p,               # the minus sign is missing
...     "ds": lambda dp, p: dp * p * (1 - p),
...     "dw": lambda ds: ds * 2.0,
... })
>>> [line.status for line in report.lines]
['wrong', 'consequence', 'consequence']
>>> report.first_wrong.name
'dp'
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograd.check.derivation_lines import Formula, Line, Place, line_of, place_at, run_forward, run_line
from autograd.check.diagnosis.diagnose import diagnose
from autograd.check.differences import relative
from autograd.check.lines import DerivationReport, LineResult, Status
from autograd.check.noise import of_engine
from autograd.check.problem import Array, Block, Diagnosis, Point, Problem
from autograd.check.report import Component, recorded
from autograd.check.samples import Samples
from autograd.check.structure import Arguments, shape_words
from autograd.check.surrogate import surrogate
from autograd.check.trial import Function
from autograd.errors import DomainError
from autograd.reverse import gradient
from autograd.value import Value


def check_derivation(
    forward: Callable[..., Mapping[str, Any]],
    at: Any,
    lines: Mapping[str, Formula] | Sequence[Line | tuple[Any, ...]],
    *,
    cost: str = "E",
    points: int = 4,
    rtol: float = 1e-6,
    seed: int = 0,
    explain: bool = True,
) -> DerivationReport:
    """Find the first line of a derivation that is wrong by itself.

    `forward`  takes Values in the structure of `at` and returns a dict of the quantities of the forward pass by
               name (Values, or arrays and lists of them; plain numbers may be among them), with the cost as `cost`
    `lines`    {"dp": formula, …} in the student's order, or a list of (name, formula) or (name, target, formula).
               "dp" and "∂E/∂p" are the gradient along p. A formula's parameters are forward quantities and
               arguments by name, and earlier lines by "d" and name: ``lambda dp, p: dp * p * (1 - p)``
    `points`, `rtol`, `seed`, `explain` as in `gradcheck`

    The status of a line is "right"; "wrong" (by itself, given the lines above); "consequence" (it follows from lines
    above, one of which is wrong). Raises TypeError or ValueError for a formula that does not run, and for one
    that asks for a quantity that is not there.
    """
    arguments = Arguments(at, forward)
    function = Function(lambda *args: run_forward(forward, args, cost)[cost], arguments)
    samples = Samples(function, None, rtol, seed)
    here = function.first_look(samples.rng)
    if here.root is None:
        raise ValueError(f"the forward pass has no value at `at`: {here.why}")
    looks = [here, *(samples.nearby() for _ in range(points))]
    places = [
        place_at(forward, arguments, look.at, cost)
        for look in looks
        if look is not None and look.exact is not None and not look.on_kink
    ]
    if not places:
        raise ValueError("no point was found where the cost has a gradient; move `at` away from the kinks")
    parsed = [line_of(entry) for entry in (lines.items() if isinstance(lines, Mapping) else lines)]
    if not parsed:
        raise ValueError("a derivation needs at least one line")
    done: list[LineResult] = []
    for line in parsed:
        result = _check(line, parsed[: len(done)], done, places, float(rtol), samples.rng)
        if explain and result.components and result.status == "wrong":
            above = [e.target for e in parsed[: len(done)]]
            found = _diagnose(line, places, above, float(rtol), samples.rng)
            if _unexplained(found) and done and all(r.status == "right" for r in done):
                # a mistake with what the lines above have dealt with: dp taken for ds, σ' once more
                whole = _diagnose(line, places, [], float(rtol), samples.rng)
                found = found if _unexplained(whole) else whole
            result = replace(result, diagnosis=found)
        done.append(result)
    report: DerivationReport = recorded(DerivationReport(done, len(places)))
    return report


# -- One line -------------------------------------------------------------------------------------------------


def _check(
    line: Line,
    above: Sequence[Line],
    done: Sequence[LineResult],
    places: list[Place],
    rtol: float,
    rng: np.random.Generator,
) -> LineResult:
    if line.target not in places[0].nodes or not any(isinstance(x, Value) for x in places[0].nodes[line.target].flat):
        have = ", ".join(n for n, a in places[0].nodes.items() if any(isinstance(x, Value) for x in a.flat))
        raise ValueError(f"line {line.name} is the gradient of {line.target!r}, which forward does not have: {have}")
    shape = places[0].nodes[line.target].shape
    block = Block(line.target, shape, 0)
    for place in places:
        place.claimed[line.target] = run_line(line, above, place)
    found = places[0].claimed[line.target].shape
    if found != shape and not math.prod(found) == math.prod(shape) == 1:
        for place in places:  # the lines below are judged as if this one had been right
            place.claimed[line.target] = _truth(place, line.target, []).reshape(shape)
        return LineResult(line.name, line.target, "wrong", shape_words(block, found), [])
    for place in places:
        place.claimed[line.target] = place.claimed[line.target].reshape(shape)

    used = [e.target for e in above if {"d" + e.target, e.name} & set(inspect.signature(line.formula).parameters)]
    every = [e.target for e in above]
    status: Status = "wrong"
    if _agrees(line.target, places, [], rtol, rng):
        status = "right"
    elif above and any(_agrees(line.target, places, given, rtol, rng) for given in (every, used)):
        status = "consequence"
    broken = [r for r in done if r.status == "wrong"]
    culprit = broken[0].name if broken else "a line above"
    reason = {
        "right": "",
        "consequence": f"right given the lines above; wrong only because {culprit} is",
        "wrong": "on its own, besides what it inherits" if broken else "by itself: the first wrong line",
    }[status]
    given = [] if status == "consequence" else every
    components = _components(line.target, block, places, given, status)
    return LineResult(line.name, line.target, status, reason, components)


def _local(place: Place, target: str, given: Sequence[str]) -> tuple[Value, list[Value]]:
    """A graph whose gradient along its inputs is ∂E/∂target by the chain rule from the student's `given` lines."""
    numbers = {}
    for name in given:
        if name != target:
            for node, number in zip(place.nodes[name].flat, place.claimed[name].flat, strict=True):
                if isinstance(node, Value):
                    numbers[node] = float(number)
    return surrogate(place.cost, list(place.nodes[target].flat), numbers, target, place.nodes[target].shape)


def _truth(place: Place, target: str, given: Sequence[str]) -> Array:
    root, inputs = _local(place, target, given)
    return np.array(gradient(root, inputs))


def _agrees(target: str, places: list[Place], given: Sequence[str], rtol: float, rng: np.random.Generator) -> bool:
    for place in places:
        root, inputs = _local(place, target, given)
        exact, claimed = np.array(gradient(root, inputs)), place.claimed[target].ravel()
        off, size = np.abs(claimed - exact), np.maximum(np.abs(claimed), np.abs(exact))
        if (off <= rtol * size).all():
            continue
        spread, scale = of_engine(root, inputs, rng)
        if not (off <= rtol * size + 30 * spread + 64 * 2.0**-52 * scale).all():
            return False
    return True


def _components(
    target: str, block: Block, places: list[Place], given: Sequence[str], status: Status
) -> list[Component]:
    truths = np.array([_truth(place, target, given) for place in places])
    claims = np.array([place.claimed[target].ravel() for place in places])
    errors = relative(claims, truths)
    rows = []
    for i in range(block.size):
        at = 0 if errors[0, i] > 1e-6 else int(np.argmax(errors[:, i]))
        off = errors[at, i] > 1e-6 and status != "right"
        rows.append(
            Component(
                block.component(i), float(claims[at, i]), float(truths[at, i]), math.nan, float(errors[at, i]),
                "wrong" if off else "right", at,
            )
        )  # fmt: skip
    return sorted(rows, key=lambda r: -r.relative_error)


def _unexplained(found: Sequence[Diagnosis]) -> bool:
    return not found or found[0].kind == "unknown"


def _diagnose(
    line: Line, places: list[Place], given: Sequence[str], rtol: float, rng: np.random.Generator
) -> list[Diagnosis]:
    points = []
    for place in places:
        root, inputs = _local(place, line.target, given)
        exact, claimed = np.array(gradient(root, inputs)), place.claimed[line.target].ravel()
        spread, _ = of_engine(root, inputs, rng)
        slack = rtol * np.abs(claimed) + 30 * spread
        at = np.array([x._data for x in inputs])
        points.append(Point(at, root, inputs, exact, claimed, slack))
    block = Block(line.target, places[0].nodes[line.target].shape, 0)
    names = [block.component(i) for i in range(block.size)]
    try:
        return diagnose(Problem(line.formula, names, [block], points, rtol))
    except DomainError:
        return []
