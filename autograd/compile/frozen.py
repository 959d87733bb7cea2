"""What a recording cannot hold: a decision that depends on the numbers.

``if x > 0`` would be frozen as it came out for the one example that is recorded. So this is an error, which says which
line to change, and how.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd.errors import at, users_line
from autograd.value import NUMBERS, Value

OURS = ("autograd", "nn", "optim")
COMPARISONS = ("<", "<=", ">", ">=", "==", "a condition")
CHANGES = (
    "the cost makes another graph for the last example of the batch than for the first: it depends on the numbers of "
    "the example, or on chance, in a way that cannot be recorded"
)
REFUSED: list[str] = []  # what was said of an index: NumPy hides it behind an IndexError of its own


class TraceError(ValueError):
    """The cost cannot be recorded once and replayed for all examples: its graph depends on their numbers."""


class Input(Value):
    """A number of the example, or what is calculated from such numbers alone.

    Without `compile` it would be a plain float. What Python then decides by its number, and would here decide by the
    node without a word (``==``, a condition, an index, a key), is an error.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if isinstance(other, (*NUMBERS, Value)):
            raise TraceError(frozen(self, "=="))
        return NotImplemented

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __bool__(self) -> bool:
        raise TraceError(frozen(self, "a condition"))

    def __index__(self) -> int:
        REFUSED.append(frozen(self, "an index"))
        raise TraceError(REFUSED[-1])

    def __hash__(self) -> int:
        caller = sys._getframe(1).f_globals.get("__name__", "")
        if caller.split(".")[0] not in OURS:  # the engine keeps nodes in sets and dicts; a cost looks numbers up there
            raise TraceError(frozen(self, "a key"))
        return Value.__hash__(self)


def _derived(name: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """An operator of Value and its reflection, which make an Input of Inputs and plain numbers."""
    operator, reflection = getattr(Value, f"__{name}__"), getattr(Value, f"__r{name}__")

    def of_inputs(self: Input, other: Any) -> Any:
        made = operator(self, other)
        if other.__class__ is not Value and made.__class__ is Value:
            made.__class__ = Input
        return made

    def reflected(self: Input, other: Any) -> Any:
        if other.__class__ is Value:  # Python asks a subclass first
            return operator(other, self)
        made = reflection(self, other)
        if made.__class__ is Value:
            made.__class__ = Input
        return made

    return of_inputs, reflected


def _of_one(name: str) -> Callable[..., Any]:
    operator = getattr(Value, name)

    def of_an_input(self: Input) -> Any:
        made = operator(self)
        if made.__class__ is Value:
            made.__class__ = Input
        return made

    return of_an_input


def _refused(name: str) -> Callable[..., Any]:
    """A function of plain numbers that no graph holds."""

    def of_the_example(self: Input, *_: Any) -> Any:
        raise TraceError(frozen(self, name))

    return of_the_example


Input.__name__ = Value.__name__  # in what Python says of it, such as "'Value' object is not subscriptable"
for sign in ("add", "sub", "mul", "truediv", "pow"):
    for method, function in zip((f"__{sign}__", f"__r{sign}__"), _derived(sign), strict=True):
        setattr(Input, method, function)
for method in ("__neg__", "__abs__"):
    setattr(Input, method, _of_one(method))
for method, text in {"int": "int", "float": "float", "round": "round", "floor": "math.floor", "ceil": "math.ceil",
                     "trunc": "math.trunc", "mod": "%", "floordiv": "//", "rmod": "%", "rfloordiv": "//",
                     "divmod": "divmod"}.items():  # fmt: skip
    setattr(Input, f"__{method}__", _refused(text))


def inputs_for(x: Any, leaves: list[Value]) -> Any:
    """An Input for a number; an object array of them for an array of numbers. They are appended to `leaves`."""
    array = np.asarray(x, dtype=float)
    result = np.empty(array.shape, dtype=object)
    for place in np.ndindex(array.shape):
        result[place] = leaf = Input(float(array[place]))
        leaves.append(leaf)
    return result if array.shape else result[()]


def release(leaves: list[Value]) -> None:
    """The cost has been run: from here on they are Values like others, and found in sets and dicts as fast."""
    for leaf in leaves:
        leaf.__class__ = Value


def frozen(value: Value, what: str, of: str = "the example") -> str:
    """The message: `what` was done with this Value, which depends on the example (the parameters, the arguments)."""
    name = f" ({value.label})" if value.label else ""
    every, one = ("numbers", "these") if of == "the arguments" else ("examples", "one of them")
    if what == ".data":
        does, instead = f"reads .data of a Value{name}", "compute with the Value itself"
    elif what in ("an index", "a key"):
        does, instead = f"uses a Value{name} as {what}", "give the cost one-hot rows, and use dot(row, values)"
    elif what not in COMPARISONS:
        does = f"uses {what} on a Value{name}"
        instead = "do this to the data before, and pass the result to the program"
        if what == "float":
            instead = f"compute with the Value itself (autograd.exp for math.exp), or {instead}"
    else:
        does = f"compares a Value{name} ({what})" if what != "a condition" else f"uses a Value{name} as a condition"
        instead = "use where(c, a, b), maximum, minimum, relu or abs, which stay in the graph"
    return (
        f"the cost {does} that depends on {of}. The program is recorded once and replayed for all {every}, so this "
        f"would be frozen as it came out for {one}. Instead: {instead}.{at(users_line())}"
    )
