"""What an operation is: its value, and its slope along each argument.

An operation knows nothing of graphs. It says what it makes of its arguments, ``z = op(x, y)``, and how
steeply z rises along each of them: ``∂z/∂x`` and ``∂z/∂y``, as functions of ``(z, x, y)`` in plain
arithmetic. Everything else (the backward pass, higher derivatives, generated programs, the formula on
a slide) reads these few lines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

# Arithmetic on floats, Values, arrays or expressions: the same text runs on all of them.
Slope = Callable[..., Any]

TABLE: dict[str, Op] = {}  # every operation, by name; filled by autograd.rules


class Op:
    """One row of the table.

    name      what it is called in Python: "mul", "exp"
    symbol    what a picture shows: "*", "exp"
    value     z as a function of its arguments, on floats
    array     the same on NumPy arrays
    slopes    ∂z/∂x, ∂z/∂y, …, each a function of (z, x, y, …); None where the argument is held fixed
    infix     `value` is written with operators, so it also runs on expressions
    branch    the quantity whose sign chooses the branch, for an operation with a kink; None otherwise
    at_kink   the slope that is used at the kink, in words
    """

    __slots__ = ("array", "at_kink", "branch", "infix", "name", "push", "slopes", "symbol", "value")

    def __init__(
        self,
        name: str,
        symbol: str,
        value: Callable[..., float],
        array: Callable[..., Any],
        *slopes: Slope | None,
        infix: bool = False,
        branch: Slope | None = None,
        at_kink: str = "",
    ) -> None:
        self.name, self.symbol, self.value, self.array = name, symbol, value, array
        self.slopes, self.infix, self.branch, self.at_kink = slopes, infix, branch, at_kink
        self.push: Callable[[Any], None] = _no_push  # made by autograd.reverse
        TABLE[name] = self

    @property
    def arity(self) -> int | None:
        """How many arguments it takes; None if any number."""
        return len(self.slopes)

    def slope(self, i: int, z: Any, args: Sequence[Any]) -> Any | None:
        """∂z/∂(argument i) at these numbers, Values, arrays or expressions; None if it is held fixed."""
        rule = self.slopes[i]
        return None if rule is None else rule(z, *args)

    def evaluate(self, args: Sequence[float]) -> float:
        """z for these floats. Raises what Python's own arithmetic raises."""
        return self.value(*args)

    def on(self, *args: Any) -> Any:
        """`value`, for an infix operation, on anything that has the operators."""
        return self.value(*args)

    def __call__(self, *args: Any) -> Any:
        """Apply to whatever the arguments are: this is how one rule runs on every kind of number."""
        for a in args:
            if hasattr(a, "apply"):
                return a.apply(self, args)
        if all(type(a) in (float, int) for a in args):
            return self.value(*args)
        return self.array(*args)

    def __reduce__(self) -> tuple[Callable[[str], Op], tuple[str]]:
        return find, (self.name,)  # there is one of each: a copied graph shares the table

    def __repr__(self) -> str:
        return f"<operation {self.name}>"


class SumOp(Op):
    """A sum of any number of terms, each made by one row of the table: Σ_k term(a_k, b_k) + offset.

    The arguments are a_1 … a_n, then the offset if there is one, then b_1 … b_n if the term takes two.
    The slopes are those of the term, so they are not written again.
    """

    __slots__ = ("term",)

    def __init__(self, name: str, symbol: str, term: Op) -> None:
        super().__init__(name, symbol, self._sum, self._sum)
        self.term = term

    @property
    def arity(self) -> None:
        """Any number."""
        return

    def operands(self, args: Sequence[Any]) -> tuple[list[tuple[Any, ...]], Any | None]:
        """The arguments as (the operands of each term, the offset or None)."""
        if len(self.term.slopes) == 1:
            return [(a,) for a in args], None
        n = len(args) // 2
        return list(zip(args[:n], args[-n:], strict=True)), args[n] if len(args) > 2 * n else None

    def slope(self, i: int, z: Any, args: Sequence[Any]) -> Any:
        """∂z/∂(argument i): the term's slope, or 1 for the offset."""
        if len(self.term.slopes) == 1:
            return self.term.slope(0, None, (args[i],))
        n = len(args) // 2
        if len(args) > 2 * n and i == n:
            return 1
        k = i if i < n else i - len(args) + n
        return self.term.slope(int(i >= n), None, (args[k], args[len(args) - n + k]))

    def _sum(self, *args: Any) -> Any:
        pairs, offset = self.operands(args)
        value = self.term.value
        return sum([value(*pair) for pair in pairs], 0.0 if offset is None else offset)


def find(name: str) -> Op:
    """The row of the table with this name."""
    try:
        return TABLE[name]
    except KeyError:
        raise KeyError(f"there is no operation {name!r}; the table has {', '.join(TABLE)}") from None


def on_arrays(f: Callable[[float], float]) -> Callable[[Any], Any]:
    """A function of floats, element by element, for the few that NumPy does not have."""
    return np.vectorize(f, otypes=[float])


def _no_push(node: Any) -> None:
    raise NotImplementedError(
        f"{node.op} is no row of the table in autograd/rules.py, from which the backward pass is made. Write it there, "
        "and how it is spelled in autograd/spell."
    )
