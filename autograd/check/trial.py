"""Running what the student gave, f and the formula, and saying clearly what is wrong with either.

Errors here are about the program (a formula that returns nothing, an f that is not built from Values), not
about the mathematics: that is the verdict's.
"""

from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd.check.kinks import Kink, gradient_beside, kink, on_kinks
from autograd.check.problem import Array
from autograd.check.structure import Arguments
from autograd.errors import DomainError, Line, users_line
from autograd.order import topological
from autograd.reverse import gradient
from autograd.scope import noting_lines, watching
from autograd.value import Value


@dataclass(slots=True)
class Look:
    """f at one point. `exact` is None where f has no gradient: then `why` says why, or `corner` is the kink."""

    at: Array
    root: Value | None = None
    inputs: list[Value] = field(default_factory=list)
    exact: Array | None = None
    corner: Kink | None = None
    on_kink: bool = False
    why: str = ""


class Function:
    """f, evaluated at flat points. `arguments` says how a flat point becomes the arguments."""

    def __init__(self, f: Callable[..., Any], arguments: Arguments) -> None:
        if not callable(f):
            raise TypeError(f"f must be a function that returns one Value; got {f!r} of type {type(f).__name__}")
        self.f, self.arguments = f, arguments
        self.reads: list[Line] = []  # the lines of f that read .data: they lose the graph
        self.is_text = bool(getattr(f, "is_text", False))  # not a program: it has no lines to point at
        self.compares = False  # whether f compares Values: then its graph may depend on their numbers
        self.is_smooth = False  # whether it is known that no operation in it has a kink

    def graph(self, flat: Array, *, lines: bool = False, labels: bool = True) -> tuple[Value, list[Value]]:
        """The graph of f at this point, and its inputs. DomainError where f is not defined."""
        args, leaves = self.arguments.values(flat, labels=labels)
        with noting_lines() if lines and not self.is_text else contextlib.nullcontext():
            root = self.f(*args)
        if isinstance(root, np.ndarray) and root.shape == ():
            root = root.item()
        if not isinstance(root, Value):
            raise TypeError(_not_a_value(root))
        if not math.isfinite(root._data):
            raise DomainError(f"f is {root._data} here: the result is too large for a float")
        return root, leaves

    def _said(self, error: DomainError) -> str:
        return str(error).split("\n  at ")[0] if self.is_text else str(error)

    def number(self, flat: Array) -> float | None:
        """f at this point; None where it is not defined."""
        try:
            return self.graph(flat)[0]._data
        except DomainError:
            return None

    def look(self, flat: Array, rng: np.random.Generator) -> Look:
        """f at this point with its exact gradient."""
        look = Look(flat)
        try:
            look.root, look.inputs = root, inputs = self.graph(flat)
        except DomainError as error:
            look.why = f"f is not defined there: {self._said(error)}"
            return look
        try:
            nodes = [] if self.is_smooth else on_kinks(root)
            look.on_kink = bool(nodes)
            if nodes:
                look.corner = kink(root, inputs, nodes, rng)
                if look.corner is None:
                    look.exact = gradient_beside(root, inputs, set(nodes), rng)
            else:
                look.exact = np.array(gradient(root, inputs))
        except DomainError as error:
            look.why = self._said(error)
        return look

    def first_look(self, rng: np.random.Generator) -> Look:
        """`look` at the point that the user gave, and is f a function at all?"""

        def noticed(value: Value, what: str) -> None:
            line = users_line()
            if what == ".data" and line is not None and line not in self.reads:
                self.reads.append(line)
            self.compares |= what != ".data"

        flat = self.arguments.flat
        with watching(noticed):
            look = self.look(flat, rng)
        if look.root is None:
            return look
        leaves, made = topological(look.root)
        self.is_smooth = not self.compares and not any(node._rule.branch for node in made)
        if not set(look.inputs) & set(leaves):
            raise ValueError(
                "f returned a Value that was not made from its arguments, so every slope would be 0. "
                "Look for fresh Values, .data or float() inside f: they lose the graph" + _lines(self.reads)
            )
        self.again(look)
        return look

    def again(self, look: Look) -> None:
        """ValueError unless f is what it was at this point."""
        assert look.root is not None
        again, first = self.number(look.at), look.root._data
        if again is None or abs(again - first) > 1e-12 * max(abs(again), abs(first)):
            raise ValueError(
                f"f is not deterministic: at the same point it gave {first!r}, then "
                f"{'nothing' if again is None else repr(again)}. Draw random numbers once, outside f"
            )

    def beside_a_comparison(self, look: Look, rng: np.random.Generator) -> Kink | None:
        """The corner or the jump that an ``if`` in f makes at this point, if any: f just left and right of it."""
        if not (self.compares or self.reads) or look.exact is None:
            return None
        size = np.maximum(np.abs(look.at), 1.0)
        d = rng.standard_normal(self.arguments.size) * size
        corners, jumps = [], []
        for t in (1e-7, 1e-9):
            right, left = self.look(look.at + t * d, rng), self.look(look.at - t * d, rng)
            if right.exact is None or left.exact is None or right.root is None or left.root is None:
                return None
            a, b = float(right.exact @ d), float(left.exact @ d)
            scale = float(np.abs(right.exact) @ np.abs(d) + np.abs(left.exact) @ np.abs(d))
            corners.append((abs(a - b), scale, b, a))
            jumps.append((left.root._data, right.root._data))
        (far, scale, _, _), (near, _, left_slope, right_slope) = corners
        wide, jump = (abs(after - before) for before, after in jumps)
        # neither shrinks with the distance
        if jump > 1e-6 * max(map(abs, jumps[1])) and jump > 0.5 * wide:
            return Kink([], d, left_slope, right_slope, jumps[1])
        return Kink([], d, left_slope, right_slope) if near > 1e-6 * scale and near > 0.5 * far else None


def _not_a_value(result: Any) -> str:
    if isinstance(result, list | tuple | np.ndarray):
        shape = np.shape(np.asarray(result, dtype=object))
        return (
            f"f must return one Value, a single number to be differentiated; it returned {type(result).__name__} "
            f"of shape {shape}. Sum it, or choose one element"
        )
    if result is None:
        return "f must return one Value; it returned None: is a `return` missing?"
    return (
        f"f must return one Value; it returned {result!r} of type {type(result).__name__}, which is not built from the "
        "Values it was given. Look for .data, float() or the math module inside it: they lose the graph"
    )


def _lines(lines: list[Line]) -> str:
    return "".join(f"\n  .data is read at {file}, line {number}: {text}" for file, number, text in lines[:3])


class FormulaFailure(Exception):
    """The formula gave no usable numbers at a point. `overflow` where it only ran out of floats."""

    def __init__(self, message: str, *, overflow: bool, error: BaseException | None = None) -> None:
        super().__init__(message)
        self.overflow, self.error = overflow, error


class Formula:
    """The student's gradient, evaluated at flat points on copies of the arguments."""

    def __init__(self, formula: Callable[..., Any], arguments: Arguments) -> None:
        if not callable(formula):
            raise TypeError(
                "gradient must be a function of the same arguments as f, which returns the derivatives; "
                f"got {formula!r} of type {type(formula).__name__}"
            )
        self.formula, self.arguments = formula, arguments
        self.dtypes: set[np.dtype[Any]] = set()
        self.shapes: list[tuple[int, ...]] = []
        self.whole: list[bool] = []  # whether each block came as whole numbers, in the last call

    def __call__(self, flat: Array) -> Array:
        """The claimed gradient, flat. A block whose shape does not fit is turned if it can be, else NaN.

        Raises FormulaFailure where the formula raises or gives what is not a finite number, TypeError or ValueError
        where it returns something else than a gradient, or changes its arguments.
        """
        args = self.arguments.plain(flat)
        kept = copy.deepcopy(args)
        overflowed: list[str] = []
        try:
            with np.errstate(all="ignore", over="call", call=lambda kind, flag: overflowed.append(kind)):
                result = self.formula(*args)
        except OverflowError as error:
            raise FormulaFailure(
                f"the formula overflows{self.place(flat)}: {error}", overflow=True, error=error
            ) from None
        except Exception as error:
            message = f"the formula raised {type(error).__name__}{self.place(flat)}: {error}"
            raise FormulaFailure(message, overflow=False, error=error) from None
        for name, arg, before in zip(self.arguments.argument_names, args, kept, strict=True):
            if not _same(arg, before):
                raise ValueError(
                    f"the formula changed its argument {name} in place. It must leave its arguments as they are: "
                    f"work on a copy, {name}.copy(), or write {name} = {name} - … instead of {name} -= …"
                )
        arrays = self.arguments.read_gradient(result)
        self.shapes = [a.shape for a in arrays]
        self.dtypes |= {a.dtype for a in arrays}
        self.whole = [a.dtype.kind in "iu" for a in arrays]
        claimed = np.full(self.arguments.size, np.nan)
        for block, array in zip(self.arguments.blocks, arrays, strict=True):
            wrong = np.argwhere(~np.isfinite(array))
            if len(wrong):
                place = tuple(int(i) for i in wrong[0])
                where = f"d{block.name}" + (f"[{','.join(map(str, place))}]" if place else "")
                raise FormulaFailure(
                    f"the formula gives {array[place]} for {where}{self.place(flat)}"
                    + " (it overflows)" * bool(overflowed),
                    overflow=bool(overflowed),
                )
            if array.shape == block.shape or array.size == block.size == 1:
                claimed[block.slice] = array.ravel()
            elif array.shape == block.shape[::-1]:
                claimed[block.slice] = array.T.ravel()
            elif array.size == block.size:
                claimed[block.slice] = array.ravel()
        return claimed

    def misshapen(self) -> list[int]:
        """The blocks (by number) whose shape does not fit, in the last call."""
        return [
            i
            for i, (block, shape) in enumerate(zip(self.arguments.blocks, self.shapes, strict=True))
            if shape != block.shape and not math.prod(shape) == block.size == 1
        ]

    def place(self, flat: Array) -> str:
        """ " at w = 0.5, x = 2": where that is."""
        names = self.arguments.names
        shown = ", ".join(f"{n} = {x:.6g}" for n, x in list(zip(names, flat, strict=True))[:4])
        return f" at {shown}" + (", …" if len(names) > 4 else "")


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and a.shape == b.shape and bool(np.array_equal(a, b, equal_nan=True))
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(_same(a[k], b[k]) for k in b)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(_same(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b)
