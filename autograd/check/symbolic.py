"""SymPy expressions in place of functions, where SymPy is installed.

Symbols are matched with arguments by name. If f is an expression, its symbols sorted by name are the arguments
(f = a*x + b has the arguments a, b, x), or `at` is one dict {name: number}. A gradient is then an expression
for one symbol, a list of them in that same order, or a dict by name. If f is a Python function, the symbols of
the gradient are the names of f's parameters.

The expression is walked node by node; nothing is turned into program text.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

from autograd import functions

# SymPy's names for functions that the engine has
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exp": functions.exp, "log": functions.log, "sin": functions.sin, "cos": functions.cos, "tan": functions.tan,
    "tanh": functions.tanh, "erf": functions.erf, "Abs": functions.abs, "sqrt": functions.sqrt,
    "Max": lambda *xs: _fold(functions.maximum, xs), "Min": lambda *xs: _fold(functions.minimum, xs),
    "sinh": lambda x: (functions.exp(x) - functions.exp(-x)) / 2,
    "cosh": lambda x: (functions.exp(x) + functions.exp(-x)) / 2,
    "sech": lambda x: 2 / (functions.exp(x) + functions.exp(-x)),
    "sign": lambda x: functions.where(x, 1.0, functions.where(-x, -1.0, 0.0)),
    "Heaviside": lambda x, half=0.5: functions.where(x, 1.0, functions.where(-x, 0.0, half)),
}  # fmt: skip


def is_symbolic(x: Any) -> bool:
    """Whether `x` is a SymPy expression or matrix, or a list, tuple or dict of them. Does not import SymPy."""
    if "sympy" not in sys.modules:
        return False
    import sympy

    if isinstance(x, list | tuple):
        return any(is_symbolic(i) for i in x)
    if isinstance(x, dict):
        return any(is_symbolic(i) for i in x.values())
    return isinstance(x, sympy.Basic | sympy.MatrixBase)


def as_functions(f: Any, gradient: Any, at: Any) -> tuple[Any, Any, Any]:
    """(f, gradient, at) with SymPy expressions replaced by functions; others are returned as they are."""
    if is_symbolic(f):
        names = sorted({s.name for s in f.free_symbols})
        if isinstance(at, dict):
            keys = {str(k): v for k, v in at.items()}
            lacking = [n for n in names if n not in keys]
            if lacking:
                raise ValueError(f"`at` gives no number for {', '.join(lacking)}; f has the symbols {', '.join(names)}")
            names, at = list(keys), tuple(keys.values())
        count = len(at) if isinstance(at, tuple) else 1
        if count != len(names):
            raise ValueError(
                f"f has the symbols {', '.join(names) or '(none)'}, in this order, but `at` gives {count} number(s)"
            )
        f = _function(f, names)
    elif is_symbolic(gradient):
        names = list(inspect.signature(f).parameters)
    if is_symbolic(gradient):
        gradient = _gradient(gradient, names)
    return f, gradient, at


def _gradient(gradient: Any, names: list[str]) -> Callable[..., Any]:
    if isinstance(gradient, dict):
        by_name = {str(k): v for k, v in gradient.items()}
        lacking = [n for n in names if n not in by_name]
        if lacking:
            raise ValueError(f"the gradient has no entry for {', '.join(lacking)}")
        gradient = tuple(by_name[n] for n in names)
    if hasattr(gradient, "tolist"):  # a matrix: its entries in order
        gradient = tuple(gradient)
    if isinstance(gradient, list | tuple):
        parts = [_function(g, names) for g in gradient]
        if len(parts) == 1:
            return parts[0]
        return _named(lambda *args: tuple(p(*args) for p in parts), names)
    return _function(gradient, names)


def _function(expression: Any, names: list[str]) -> Callable[..., Any]:
    """The expression as a function of numbers or Values, one for each name."""
    unknown = sorted({s.name for s in getattr(expression, "free_symbols", ())} - set(names))
    if unknown:
        raise ValueError(f"the formula has the symbol {', '.join(unknown)}; f has {', '.join(names)}")
    return _named(lambda *args: evaluate(expression, dict(zip(names, args, strict=True))), names)


def _named(function: Callable[..., Any], names: list[str]) -> Callable[..., Any]:
    function.is_text = True  # type: ignore[attr-defined]
    parameters = [inspect.Parameter(n, inspect.Parameter.POSITIONAL_ONLY) for n in names if n.isidentifier()]
    if len(parameters) == len(names):
        function.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return function


def evaluate(expression: Any, values: dict[str, Any]) -> Any:
    """The SymPy expression at these numbers or Values, in the engine's arithmetic.

    Raises TypeError for a function that the engine does not have.
    """
    import sympy

    expression = sympy.sympify(expression)
    if expression.is_Symbol:
        return values[expression.name]
    if expression.is_number and not expression.free_symbols:
        return float(expression)
    args = [evaluate(a, values) for a in expression.args]
    if expression.is_Add:
        return sum(args[1:], args[0])
    if expression.is_Mul:
        product = args[0]
        for a in args[1:]:
            product = product * a
        return product
    if expression.is_Pow:
        base, exponent = expression.args
        if base is sympy.E:
            return functions.exp(args[1])
        if exponent == -1:
            return 1 / args[0]
        return functions.exp(args[1] * functions.log(args[0])) if not exponent.is_number else args[0] ** args[1]
    name = type(expression).__name__
    if isinstance(expression, sympy.Piecewise):
        raise TypeError("Piecewise is not supported: write Max(0, x) or Abs(x), or use a Python function")
    if name not in FUNCTIONS:
        raise TypeError(f"the engine has no {name}; from SymPy it takes {', '.join(sorted(FUNCTIONS))}")
    return FUNCTIONS[name](*args)


def _fold(function: Callable[[Any, Any], Any], xs: tuple[Any, ...]) -> Any:
    result = xs[0]
    for x in xs[1:]:
        result = function(result, x)
    return result
