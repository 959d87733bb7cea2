"""Functions to functions: `grad`, `value_and_grad`, `jacobian`, `hessian`.

>>> grad(lambda x: x**3)(2.0)
12.0
>>> grad(grad(lambda x: x**3))(2.0)
12.0
>>> hessian(lambda x: x[0] ** 2 * x[1])([1.0, 3.0])
array([[6., 2.],
       [2., 0.]])

The first gradient is the backward pass on floats. For a gradient of a gradient the same rules run on
Values: the backward pass is then itself recorded, and can be differentiated again.

None of these touches the ``.grad`` of any Value that `f` uses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from functools import wraps
from typing import Any

import numpy as np

from autograd import reverse, rules
from autograd.order import arguments, topological
from autograd.value import NUMBERS, Value, constant, node_of

Function = Callable[..., Any]
_depth: ContextVar[int] = ContextVar("depth", default=0)  # how many of these transforms we are inside of


def grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The gradient of `f` along argument number `argnums` (the first, unless you say otherwise).

    `f` takes Values, or lists, arrays and dicts of them, and returns one Value. The gradient takes numbers in
    the same structure, and returns the partial derivatives in that structure: a float for a float, an array for
    an array, a list for a list. With several `argnums`, a tuple of these.

    At Values it returns Values, which know what they were made from. A cost that has a gradient in it needs these:

    >>> w = Value(3.0)
    >>> slope = grad(lambda x: w * x**2)(Value(2.0))  # 2·w·x
    >>> slope.backward()
    >>> w.grad
    4.0

    Raises TypeError if `f` returns something other than one Value.
    """
    both = value_and_grad(f, argnums)

    @wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    return gradient


def value_and_grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """Like `grad`, but returns (f(x), ∂f/∂x)."""

    _demand_function(f)
    wanted = _listed(argnums)

    @wraps(f)
    def value_and_gradient(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        chosen, record, numbers = _chosen(wanted, len(args)), _recording(args), list(args)
        variables: list[Value] = []
        for i in chosen:
            numbers[i] = variable(args[i], variables)
        z = _call(f, numbers, kwargs)
        if isinstance(z, np.ndarray) and not z.ndim:
            z = z[()]  # np.tensordot and np.squeeze leave one Value in a box
        _demand_value(z, f)
        slopes: Sequence[Any]
        if record:
            slopes = derivatives(z, variables)
        else:
            slopes, z = reverse.gradient(z, variables), z._data
        rest = iter(slopes)
        result = tuple(restore(args[i], rest) for i in chosen)
        return z, result[0] if isinstance(argnums, int) else result

    return value_and_gradient


def jacobian(f: Function, argnums: int = 0) -> Function:
    """The matrix of ∂f_i/∂x_j, as an array of shape (shape of f's result) + (shape of x).

    `f` returns a list or an array of Values (or one Value: then this is the gradient, as an array).
    """

    _demand_function(f)
    wanted = _listed(argnums)
    if len(wanted) != 1:
        raise TypeError(f"a Jacobian or Hessian is along one argument; got argnums={argnums!r:.80}")

    @wraps(f)
    def matrix(*args: Any, **kwargs: Any) -> Any:
        (chosen,), record, numbers = _chosen(wanted, len(args)), _recording(args), list(args)
        if isinstance(args[chosen], dict):
            raise TypeError("a Jacobian or Hessian is a matrix, so give a number, a list or an array, not a dict")
        variables: list[Value] = []
        numbers[chosen] = variable(args[chosen], variables)
        z = np.asarray(_call(f, numbers, kwargs), dtype=object)
        shape = z.shape + np.shape(np.asarray(args[chosen], dtype=object))
        rows: list[Any] = []
        for element in z.flat:
            if isinstance(element, NUMBERS) and any(isinstance(other, Value) for other in z.flat):
                element = constant(element)  # one that does not depend on x
            _demand_value(element, f)
            rows += derivatives(element, variables) if record else reverse.gradient(element, variables)
        result = np.empty(len(rows), dtype=object if record else float)
        result[:] = rows
        return result.reshape(shape)[()]

    return matrix


def hessian(f: Function, argnums: int = 0) -> Function:
    """The matrix of ∂²f/∂x_i∂x_j: the Jacobian of the gradient."""
    return jacobian(grad(f, argnums), argnums)


# -- The chain rule, run on Values --------------------------------------------------------------------------


def derivatives(root: Value, wrt: Sequence[Value]) -> list[Value]:
    """∂root/∂w for each w, as Values made from the graph of `root`, so that they can be differentiated again."""
    _, made = topological(root)
    adjoint: dict[Value, Value] = {root: constant(1.0)}
    wanted = {root, *wrt}
    for node in made:  # only what depends on a w is differentiated
        if any(a in wanted for a in arguments(node)):
            wanted.add(node)
    for node in reversed(made):
        upstream = adjoint.get(node)
        if upstream is None:
            continue
        args = arguments(node)
        for i, argument in enumerate(args):
            if argument not in wanted:
                continue
            slope = node._rule.slope(i, node, args)
            if slope is None or (not isinstance(slope, Value) and slope == 0):
                continue
            amount = upstream if not isinstance(slope, Value) and slope == 1 else upstream * slope
            before = adjoint.get(argument)
            adjoint[argument] = amount if before is None else before + amount
    return [adjoint.get(w) or constant(0.0) for w in wrt]


# -- Structures: numbers, arrays, lists, tuples and dicts of them ---------------------------------------------


def variable(x: Any, leaves: list[Value]) -> Any:
    """`x` with a fresh Value in place of every number; the Values are appended to `leaves` in order.

    A number becomes a leaf. A Value, which an outer transform may be differentiating, becomes a copy of itself.
    """
    if isinstance(x, Value):
        leaf = node_of(rules.copy, (x,))
    elif isinstance(x, NUMBERS):
        leaf = Value(x)
    elif isinstance(x, np.ndarray):
        array = np.empty(x.shape, dtype=object)
        for place in np.ndindex(x.shape):
            array[place] = variable(x[place], leaves)
        return array
    elif isinstance(x, dict):
        return {key: variable(item, leaves) for key, item in x.items()}
    elif isinstance(x, list | tuple):
        return like(x, [variable(item, leaves) for item in x])
    else:
        raise TypeError(
            f"cannot differentiate along {x!r:.80} of type {type(x).__name__}: "
            "give numbers, arrays, or lists and dicts of them"
        )
    leaves.append(leaf)
    return leaf


def restore(x: Any, numbers: Any) -> Any:
    """The structure of `x`, filled from the iterator `numbers`."""
    if isinstance(x, np.ndarray):
        flat = [next(numbers) for _ in range(x.size)]
        array = np.empty(x.size, dtype=object if any(isinstance(n, Value) for n in flat) else float)
        array[:] = flat
        return array.reshape(x.shape)
    if isinstance(x, dict):
        return {key: restore(item, numbers) for key, item in x.items()}
    if isinstance(x, list | tuple):
        return like(x, [restore(item, numbers) for item in x])
    return next(numbers)


def like(x: Any, items: list[Any]) -> Any:
    """`items` as a list or tuple of the same kind as x; a named tuple keeps its names."""
    return type(x)(*items) if hasattr(x, "_fields") else type(x)(items)


def _call(f: Function, args: list[Any], kwargs: dict[str, Any]) -> Any:
    outer = _depth.set(_depth.get() + 1)
    try:
        return f(*args, **kwargs)
    finally:
        _depth.reset(outer)


def _recording(args: tuple[Any, ...]) -> bool:
    """Whether the gradient must itself be differentiable: we are inside another transform, or were given Values."""
    return _depth.get() > 0 or any(_holds_value(a) for a in args)


def _holds_value(x: Any) -> bool:
    if isinstance(x, Value):
        return True
    if isinstance(x, np.ndarray):
        return x.dtype == object and any(_holds_value(i) for i in x.flat)
    if isinstance(x, dict):
        return any(_holds_value(i) for i in x.values())
    return isinstance(x, list | tuple) and any(_holds_value(i) for i in x)


def _listed(argnums: int | Sequence[int]) -> list[int]:
    chosen: list[Any] = list(argnums) if isinstance(argnums, list | tuple | range) else [argnums]
    for i in chosen:
        if isinstance(i, bool) or not isinstance(i, int):
            raise TypeError(
                f"argnums= is the number of an argument, from 0, or several of them; got {argnums!r:.80}. "
                "The point stands in brackets of its own: grad(f)(x)"
            )
    return chosen


def _chosen(argnums: list[int], count: int) -> list[int]:
    for i in argnums:
        if not -count <= i < count:
            raise ValueError(
                f"argnums={i}, but the function was called with {count} argument(s) without a name, numbered from 0"
            )
    return argnums


def _demand_function(f: Any) -> None:
    if not callable(f):
        raise TypeError(f"this takes a function of Values, such as lambda x: x**2; got {f!r}")


def _demand_value(z: Any, f: Function) -> None:
    if isinstance(z, Value):
        return
    name, shown = getattr(f, "__name__", "f"), " ".join(repr(z).split())
    hint = (
        "For a gradient choose one of them, or their sum; jacobian differentiates all."
        if _holds_value(z)
        else "If it should depend on its arguments, look for .data, float() or the math module inside it: they lose "
        "the graph."
    )
    raise TypeError(f"{name} must return one Value; it returned {shown:.80} of type {type(z).__name__}. {hint}")
