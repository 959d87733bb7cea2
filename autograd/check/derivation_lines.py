"""What a derivation is made of, and running it: the forward pass at a point, and the student's lines in turn."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd.check.problem import Array
from autograd.check.structure import Arguments
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
class Place:
    """The forward pass at one point: the cost, and every quantity as an array of nodes and as plain numbers."""

    at: Array
    cost: Value
    nodes: dict[str, np.ndarray[Any, Any]]
    plain: dict[str, Any]
    claimed: dict[str, np.ndarray[Any, Any]] = field(default_factory=dict)  # by target: the student's lines so far


def run_forward(forward: Callable[..., Any], args: tuple[Any, ...], cost: str) -> Mapping[str, Any]:
    """The quantities by name. TypeError or ValueError where there is no dict, or no cost in it."""
    result = forward(*args)
    if not isinstance(result, Mapping):
        raise TypeError(
            f"forward must return a dict of the quantities by name, the cost as {cost!r}; it returned a "
            f"{type(result).__name__}"
        )
    if cost not in result:
        raise ValueError(f"forward returned {', '.join(map(str, result))}, but no cost {cost!r}")
    return result


def place_at(forward: Callable[..., Any], arguments: Arguments, at: Array, cost: str) -> Place:
    """The forward pass there, its arguments among the quantities."""
    values, _ = arguments.values(at)
    with noting_lines():
        result = run_forward(forward, values, cost)
    quantities = {**dict(zip(arguments.argument_names, values, strict=True)), **result}
    nodes, plain = {}, {}
    for name, quantity in quantities.items():
        if isinstance(quantity, Mapping):
            plain[name] = {k: _numbers(np.asarray(v, dtype=object)) for k, v in quantity.items()}
            continue
        array = np.asarray(quantity, dtype=object)
        nodes[name], plain[name] = array, _numbers(array)
    return Place(at, result[cost], nodes, plain)


def _numbers(array: np.ndarray[Any, Any]) -> Any:
    """An array of Values and numbers as plain floats; one of them as a float; anything else as it is."""
    if not all(isinstance(x, (Value, *NUMBERS)) for x in array.flat):
        return array.item() if array.shape == () else array
    flat = [x._data if isinstance(x, Value) else float(x) for x in array.flat]
    return flat[0] if array.shape == () else np.array(flat).reshape(array.shape)


def line_of(entry: Any) -> Line:
    """(name, formula) or (name, target, formula) as a line. TypeError for anything else."""
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


def run_line(line: Line, above: Sequence[Line], place: Place) -> np.ndarray[Any, Any]:
    """What the line makes of the quantities there and of the lines above it.

    Raises TypeError or ValueError where the formula does, for what is not there, and for NaN or infinity.
    """
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
            returned = line.formula(**given)
            result = np.asarray(returned, dtype=float)  # (None becomes NaN)
    except Exception as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"line {line.name} raised {type(error).__name__}: {error}") from error
    if returned is None:
        raise TypeError(f"line {line.name} returned None: is a `return` missing?")
    if not np.isfinite(result).all():
        raise ValueError(f"line {line.name} gives {result[~np.isfinite(result)].flat[0]}, not a finite number")
    return result
