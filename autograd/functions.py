"""The functions of the engine: ``exp(x)`` and its kin, for a Value, a float, or an array of either.

Each takes
- a Value, and returns a Value (the method ``x.exp()`` is the same thing);
- a float, and returns a float, or raises `DomainError` where the function is not defined;
- a NumPy array or a list, element by element; a list becomes an array.

The slope of each, and the slope used at a kink, stand in `autograd.rules`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd import rules
from autograd.errors import DomainError, ieee_is_on
from autograd.expression import Expression
from autograd.op import Op
from autograd.reverse import EDITS
from autograd.scope import NOTES, note
from autograd.value import NUMBERS, Value, constant, new, node_of, operand

METHODS = {op: getattr(Value, op.name) for op in rules.RULES.values() if op.arity and hasattr(Value, op.name)}


def exp(x: Any) -> Any:
    """eˣ. Slope: eˣ."""
    return apply(rules.exp, x)


def log(x: Any) -> Any:
    """Natural logarithm, for x > 0. Slope: 1/x."""
    return apply(rules.log, x)


def log1p(x: Any) -> Any:
    """log(1 + x), accurate for small x; for x > -1. Slope: 1/(1 + x)."""
    return apply(rules.log1p, x)


def expm1(x: Any) -> Any:
    """eˣ - 1, accurate for small x. Slope: eˣ."""
    return apply(rules.expm1, x)


def sqrt(x: Any) -> Any:
    """Square root, for x ≥ 0. Slope: 1/(2√x), so backward() needs x > 0."""
    return apply(rules.sqrt, x)


def sin(x: Any) -> Any:
    """Sine of x in radians. Slope: cos x."""
    return apply(rules.sin, x)


def cos(x: Any) -> Any:
    """Cosine of x in radians. Slope: -sin x."""
    return apply(rules.cos, x)


def tan(x: Any) -> Any:
    """Tangent of x in radians. Slope: 1 + tan² x."""
    return apply(rules.tan, x)


def tanh(x: Any) -> Any:
    """Hyperbolic tangent. Slope: 1 - tanh² x."""
    return apply(rules.tanh, x)


def sigmoid(x: Any) -> Any:
    """The lecture's smooth step (F1): 1/(1 + e⁻ˣ), without overflow at any x. Slope: σ(1 - σ) (F3)."""
    return apply(rules.sigmoid, x)


def relu(x: Any) -> Any:
    """max(0, x) (F9). Slope: 1 if x > 0, 0 if x < 0, and 0 at x = 0."""
    return apply(rules.relu, x)


def softplus(x: Any) -> Any:
    """log(1 + eˣ), without overflow at any x. Slope: the sigmoid of x."""
    return apply(rules.softplus, x)


def abs(x: Any) -> Any:
    """|x|. Slope: the sign of x, and 0 at x = 0."""
    return apply(rules.abs, x)


def erf(x: Any) -> Any:
    """The error function, 2/√π · ∫₀ˣ e^(-t²) dt. Slope: 2/√π · e^(-x²)."""
    return apply(rules.erf, x)


def maximum(x: Any, y: Any) -> Any:
    """The larger of the two. Slope: 1 for the larger, 0 for the other; ½ and ½ at a tie.

    For an array of Values, `np.maximum`, `np.clip` and `np.max` only compare, and hand out one of the two as it is: a
    plain number where that is the larger, and at a tie the first, which then has the whole slope.
    """
    return apply(rules.maximum, x, y)


def minimum(x: Any, y: Any) -> Any:
    """The smaller of the two. Slope: 1 for the smaller, 0 for the other; ½ and ½ at a tie."""
    return apply(rules.minimum, x, y)


def where(c: Any, a: Any, b: Any) -> Any:
    """`a` where c > 0 (or c is True), else `b`: an ``if`` that a graph can hold. c gets no gradient.

    Both `a` and `b` are computed, so both must be defined.
    """
    return apply(rules.where, c, a, b)


def total(xs: Iterable[Any]) -> Any:
    """Σ x_k as one node, however many terms there are. Slope along each: 1."""
    terms = _row(xs, "total")
    if not any(isinstance(x, Value) for x in terms):
        return apply(rules.total, *_no_rows(terms, "total")) if terms else 0.0
    return node_of(rules.total, tuple(_nodes(terms, "total")))


def dot(ws: Iterable[Any], xs: Iterable[Any], bias: Any = None) -> Any:
    """Σ w_k·x_k + bias as one node: the lecture's sum_j (F1). Slopes: x_k along w_k, w_k along x_k, 1 along the bias.

    Raises ValueError if there are not as many w as x, or none.
    """
    first = ws if ws.__class__ is tuple else tuple(ws) if ws.__class__ is list else _row(ws, "dot")
    second = xs if xs.__class__ is tuple else tuple(xs) if xs.__class__ is list else _row(xs, "dot")
    if len(first) != len(second) or not first:
        raise ValueError(
            f"dot multiplies pairs, so it needs as many w as x, at least one: got {len(first)} w and {len(second)} x"
        )
    if bias is not None:
        first = (*first, bias)
    try:
        return dot_node(first, second)
    except AttributeError:  # not all of them are Values
        if not any(isinstance(x, Value) for x in first + second):
            return apply(rules.dot, *_no_rows(first, "dot"), *_no_rows(second, "dot"))
        return dot_node(_nodes(first, "dot"), _nodes(second, "dot"))


def dot_node(ws: tuple[Value, ...], xs: tuple[Value, ...]) -> Value:
    """A `dot` node of Values that are known to fit: w_1 … w_n and perhaps the offset, x_1 … x_n."""
    offset = ws[-1]._data if len(ws) > len(xs) else 0.0
    z = sum([w._data * x._data for w, x in zip(ws, xs)], offset)  # noqa: B905 (ws may hold the offset, too)
    if z - z != 0.0:
        return node_of(rules.dot, ws + xs)
    node = new(Value)
    node._data = z
    node._grad = None
    node._rule = rules.dot
    node._x = ws
    node._y = xs
    node._stamp = EDITS[0]
    node._note = note() if NOTES else None
    return node


def apply(op: Op, *args: Any) -> Any:
    """`op` on whatever the arguments are: see the head of this file."""
    if args[0].__class__ is Value and args[-1].__class__ is Value and op in METHODS:
        return METHODS[op](*args)  # what is asked for most often, at once
    for a in args:
        if isinstance(a, np.ndarray | list | tuple):
            return _elementwise(op, args)
    for a in args:
        if isinstance(a, Value):
            return a.apply(op, args)
    for a in args:
        if not isinstance(a, NUMBERS):
            if isinstance(a, Expression):
                return a.apply(op, args)
            if hasattr(a, "__array__"):  # a column of pandas, a tensor
                return _elementwise(op, args)
            raise TypeError(f"{op.name} takes Values, numbers and arrays; got {a!r:.80} of type {type(a).__name__}")
    return node_of(op, tuple(constant(a) for a in args))._data


def _elementwise(op: Op, args: tuple[Any, ...]) -> Any:
    try:
        arrays: list[Any] = [a if isinstance(a, Value) else np.asarray(a) for a in args]
    except ValueError:
        raise ValueError(f"{op.name} got rows of different lengths: they make no array") from None
    for a in arrays:
        if isinstance(a, np.ndarray) and a.dtype.kind not in "fiubO":
            raise TypeError(f"{op.name} takes Values, numbers and arrays of them; got an array of {a.dtype}")
    if all(isinstance(a, np.ndarray) and a.dtype != object for a in arrays):
        arrays = [np.asarray(a, dtype=float) for a in arrays]
        with np.errstate(all="ignore"):
            z = np.asarray(op.array(*arrays))
        wrong = np.argwhere(~np.isfinite(z))
        if len(wrong) and not ieee_is_on():
            place = tuple(int(i) for i in wrong[0])
            values = tuple(float(a[place]) for a in np.broadcast_arrays(*arrays))
            shown = ", ".join(map(repr, values))
            raise DomainError(
                f"{op.name} fails at {shown} (element {place}): it would be {z[place]}",
                op.name,
                values,
                ("",) * len(values),
            )
        return z
    boxed = []
    for a in arrays:
        box = np.empty(a.shape if isinstance(a, np.ndarray) else (), dtype=object)
        box[...] = a
        boxed.append(box)
    frames = np.broadcast_arrays(*boxed)
    result = np.empty(frames[0].shape, dtype=object)
    for place in np.ndindex(result.shape):
        result[place] = apply(op, *(f[place] for f in frames))
    return result


def _row(xs: Any, name: str) -> tuple[Any, ...]:
    if xs.__class__ is tuple:
        return xs
    if xs.__class__ is np.ndarray and xs.ndim == 1:
        return tuple(xs.tolist())  # Python's own floats are quicker than NumPy's, one by one
    if xs.__class__ is np.ndarray:
        raise TypeError(f"{name} takes one row of numbers; got an array of shape {xs.shape}. Write W @ x, or X.ravel()")
    if isinstance(xs, Value | str) or not isinstance(xs, Iterable):
        raise TypeError(f"{name} takes a list of Values or numbers; got {xs!r:.80} of type {type(xs).__name__}")
    return tuple(xs)


def _no_rows(xs: tuple[Any, ...], name: str) -> tuple[Any, ...]:
    """`xs`, none of which is a row itself: the sum over the rows of a matrix W would be Wᵀx."""
    for x in xs:
        if isinstance(x, list | tuple | np.ndarray):
            raise TypeError(
                f"{name} takes one row of numbers; got {x!r:.80} of type {type(x).__name__} in it. "
                f"For a list of rows write [{name}(row{', x' * (name == 'dot')}) for row in W]"
            )
    return xs


def _nodes(xs: tuple[Any, ...], name: str) -> tuple[Value, ...]:
    """`xs` as Values. A tuple of Values is returned as it is, so that neurons of one layer share their inputs."""
    for x in xs:
        if x.__class__ is not Value:
            break
    else:
        return xs
    nodes = tuple(operand(x) for x in xs)
    for x, n in zip(xs, nodes, strict=True):
        if n is NotImplemented:
            raise TypeError(f"{name} takes a list of Values or numbers; got {x!r:.80} of type {type(x).__name__} in it")
    return nodes


for _op, _method in METHODS.items():  # help(Value.exp), and what a notebook shows of x.exp, is the same as for exp
    _method.__doc__ = globals()[_op.name].__doc__
