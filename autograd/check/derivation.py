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
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from autograd.check.diagnose import diagnose
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
from autograd.scope import noting_lines
from autograd.value import NUMBERS, Value

Formula = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a derivation: `formula` claims to be ∂E/∂`target`.

    The names of the formula's parameters say what it is given: forward quantities and arguments by their
    names, the results of lines above by "d" and the name of their target.
    """

    name: str
    target: str
    formula: Formula


@dataclass(slots=True)
class _Place:
    """The forward pass at one point: the cost, and every quantity as an array of nodes and as plain numbers."""

    at: Array
    cost: Value
    nodes: dict[str, np.ndarray[Any, Any]]
    plain: dict[str, Any]
    claimed: dict[str, np.ndarray[Any, Any]] = field(default_factory=dict)  # by target: the student's lines so far


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
    function = Function(lambda *args: _forward(forward, args, cost)[cost], arguments)
    samples = Samples(function, None, rtol, seed)
    here = function.first_look(samples.rng)
    if here.root is None:
        raise ValueError(f"the forward pass has no value at `at`: {here.why}")
    looks = [here, *(samples.nearby() for _ in range(points))]
    places = [
        _place(forward, arguments, look.at, cost)
        for look in looks
        if look is not None and look.exact is not None and not look.on_kink
    ]
    if not places:
        raise ValueError("no point was found where the cost has a gradient; move `at` away from the kinks")
    parsed = [_line(entry) for entry in (lines.items() if isinstance(lines, Mapping) else lines)]
    if not parsed:
        raise ValueError("a derivation needs at least one line")
    done: list[LineResult] = []
    for line in parsed:
        result = _check(line, parsed[: len(done)], done, places, float(rtol), samples.rng)
        if explain and result.components and result.status == "wrong":
            above = [e.target for e in parsed[: len(done)]]
            result = replace(result, diagnosis=_diagnose(line, places, above, float(rtol), samples.rng))
        done.append(result)
    report: DerivationReport = recorded(DerivationReport(done, len(places)))
    return report


# -- Reading --------------------------------------------------------------------------------------------------


def _forward(forward: Callable[..., Any], args: tuple[Any, ...], cost: str) -> Mapping[str, Any]:
    result = forward(*args)
    if not isinstance(result, Mapping):
        raise TypeError(
            f"forward must return a dict of the quantities by name, the cost as {cost!r}; it returned a "
            f"{type(result).__name__}"
        )
    if cost not in result:
        raise ValueError(f"forward returned {', '.join(map(str, result))}, but no cost {cost!r}")
    return result


def _place(forward: Callable[..., Any], arguments: Arguments, at: Array, cost: str) -> _Place:
    values, _ = arguments.values(at)
    with noting_lines():
        result = _forward(forward, values, cost)
    quantities = {**dict(zip(arguments.argument_names, values, strict=True)), **result}
    nodes, plain = {}, {}
    for name, quantity in quantities.items():
        if isinstance(quantity, Mapping):
            plain[name] = {k: _numbers(np.asarray(v, dtype=object)) for k, v in quantity.items()}
            continue
        array = np.asarray(quantity, dtype=object)
        nodes[name], plain[name] = array, _numbers(array)
    return _Place(at, result[cost], nodes, plain)


def _numbers(array: np.ndarray[Any, Any]) -> Any:
    """An array of Values and numbers as plain floats; one of them as a float; anything else as it is."""
    if not all(isinstance(x, (Value, *NUMBERS)) for x in array.flat):
        return array.item() if array.shape == () else array
    flat = [x._data if isinstance(x, Value) else float(x) for x in array.flat]
    return flat[0] if array.shape == () else np.array(flat).reshape(array.shape)


def _line(entry: Any) -> Line:
    if isinstance(entry, Line):
        return entry
    if not isinstance(entry, tuple) or len(entry) not in (2, 3):
        raise TypeError(f"a line is (name, formula) or (name, target, formula); got {entry!r}")
    name, formula = entry[0], entry[-1]
    if not isinstance(name, str) or not callable(formula):
        raise TypeError(f"a line is a name and a function; got {entry!r}")
    return Line(name, entry[1] if len(entry) == 3 else target_of(name), formula)


def target_of(name: str) -> str:
    """What a line differentiates along: "w" for "dw", "dE/dw" and "∂E/∂w"."""
    _, slash, below = name.rpartition("/")
    part = below if slash else name
    for start in ("∂", "d_", "d"):
        if part.startswith(start) and len(part) > len(start):
            return part[len(start) :]
    raise ValueError(f'cannot read from the name {name!r} what the line is the gradient of. Write "dw" or "∂E/∂w"')


# -- One line -------------------------------------------------------------------------------------------------


def _run(line: Line, above: Sequence[Line], place: _Place) -> np.ndarray[Any, Any]:
    known = dict(place.plain)
    for earlier in above:
        number = place.claimed[earlier.target]
        known["d" + earlier.target] = known[earlier.name] = number.copy() if number.shape else float(number)
    given = {}
    for parameter in inspect.signature(line.formula).parameters.values():
        if parameter.default is not parameter.empty or parameter.kind in (
            parameter.VAR_KEYWORD,
            parameter.VAR_POSITIONAL,
        ):
            continue
        if parameter.name not in known:
            raise ValueError(
                f"line {line.name} uses {parameter.name!r}, which is neither a quantity of the forward pass nor a line "
                f"above it. There are: {', '.join(known)}"
            )
        value = known[parameter.name]
        given[parameter.name] = value.copy() if isinstance(value, np.ndarray) else value
    try:
        with np.errstate(all="ignore"):
            result = np.asarray(line.formula(**given), dtype=float)
    except Exception as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"line {line.name} raised {type(error).__name__}: {error}") from error
    if not np.isfinite(result).all():
        raise ValueError(f"line {line.name} gives {result[~np.isfinite(result)].flat[0]}, not a finite number")
    return result


def _check(
    line: Line,
    above: Sequence[Line],
    done: Sequence[LineResult],
    places: list[_Place],
    rtol: float,
    rng: np.random.Generator,
) -> LineResult:
    if line.target not in places[0].nodes or not any(isinstance(x, Value) for x in places[0].nodes[line.target].flat):
        have = ", ".join(n for n, a in places[0].nodes.items() if any(isinstance(x, Value) for x in a.flat))
        raise ValueError(f"line {line.name} is the gradient of {line.target!r}, which forward does not have: {have}")
    shape = places[0].nodes[line.target].shape
    block = Block(line.target, shape, 0)
    for place in places:
        place.claimed[line.target] = _run(line, above, place)
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


def _local(place: _Place, target: str, given: Sequence[str]) -> tuple[Value, list[Value]]:
    """A graph whose gradient along its inputs is ∂E/∂target by the chain rule from the student's `given` lines."""
    numbers = {}
    for name in given:
        if name != target:
            for node, number in zip(place.nodes[name].flat, place.claimed[name].flat, strict=True):
                if isinstance(node, Value):
                    numbers[node] = float(number)
    return surrogate(place.cost, list(place.nodes[target].flat), numbers, target, place.nodes[target].shape)


def _truth(place: _Place, target: str, given: Sequence[str]) -> Array:
    root, inputs = _local(place, target, given)
    return np.array(gradient(root, inputs))


def _agrees(target: str, places: list[_Place], given: Sequence[str], rtol: float, rng: np.random.Generator) -> bool:
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
    target: str, block: Block, places: list[_Place], given: Sequence[str], status: Status
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


def _diagnose(
    line: Line, places: list[_Place], given: Sequence[str], rtol: float, rng: np.random.Generator
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
