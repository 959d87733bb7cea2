"""What a recording cannot hold: a decision that depends on the numbers.

``if x > 0`` would be frozen as it came out for the one example that is recorded. So this is an error, which says which
line to change, and how.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.errors import at, users_line
from autograd.value import NUMBERS, Value


class TraceError(ValueError):
    """The cost cannot be recorded once and replayed for all examples: its graph depends on their numbers."""


class Input(Value):
    """A number of the example. Its uses that Python would let pass without a word are errors here."""

    __slots__ = ("refused",)  # what was said when it was used as an index
    __hash__ = Value.__hash__

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if isinstance(other, (*NUMBERS, Value)):
            raise TraceError(frozen(self, "==", True))
        return NotImplemented

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __bool__(self) -> bool:
        raise TraceError(frozen(self, "a condition", True))

    def __index__(self) -> int:
        self.refused = frozen(self, "an index", True)
        raise TraceError(self.refused)


def inputs_for(x: Any, leaves: list[Value]) -> Any:
    """An Input for a number; an object array of them for an array of numbers. They are appended to `leaves`."""
    array = np.asarray(x, dtype=float)
    result = np.empty(array.shape, dtype=object)
    for place in np.ndindex(array.shape):
        result[place] = leaf = Input(float(array[place]))
        leaves.append(leaf)
    return result if array.shape else result[()]


def refused(leaves: list[Value]) -> str | None:
    """What was said when one of these was used as an index: NumPy hides it behind an IndexError of its own."""
    return next((leaf.refused for leaf in leaves if hasattr(leaf, "refused")), None)


def frozen(value: Value, what: str, example: bool) -> str:
    """The message: `what` was done with this Value, which depends on the example (or else on the parameters)."""
    name = f" ({value.label})" if value.label else ""
    of = "the example" if example else "the parameters"
    if what == ".data":
        does, instead = f"reads .data of a Value{name}", "compute with the Value itself"
    elif what == "an index":
        does, instead = f"uses a Value{name} as an index", "give the cost one-hot rows, and use dot(row, values)"
    else:
        does = f"compares a Value{name} ({what})" if what != "a condition" else f"uses a Value{name} as a condition"
        instead = "use where(c, a, b), maximum, minimum, relu or abs, which stay in the graph"
    return (
        f"the cost {does} that depends on {of}. The program is recorded once and replayed for all examples, so this "
        f"would be frozen as it came out for one of them. Instead: {instead}.{at(users_line())}"
    )
