"""Value: a number that remembers how it was made.

>>> a = Value(2.0, "a")
>>> b = Value(-3.0, "b")
>>> c = a * b + a**2
>>> c.data
-2.0
>>> c.backward()
>>> a.grad, b.grad        # ∂c/∂a = b + 2a,  ∂c/∂b = a
(1.0, 2.0)

A Value holds its number, the gradient that backward() leaves in it, and how it was made: a row of the rule
table and the Values it was made from. Nothing refers to what is made *from* it, so a graph has no cycles
and is freed the moment the last name for it goes.

The operators are one-liners in spirit: compute z, make a node. For speed their text is printed from the rule table:
see `autograd.generated`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Union

import numpy as np

from autograd import reverse, rules
from autograd.copies import deep_copy, reduced, shallow_copy
from autograd.errors import DomainError, Line, ieee_is_on
from autograd.faults import name_of, values_of, why
from autograd.generated import float_names, operator_source
from autograd.op import Op, SumOp, find
from autograd.order import arguments
from autograd.scope import NOTES, WATCHERS, Note, looked_at, note

Number = Union[float, int, bool, np.floating[Any], np.integer[Any], np.bool_]  # noqa: UP007 (used at run time)
EDITS = reverse.EDITS  # how often any .data was set: one number to ask whether anything has changed
NUMBERS = (float, int, np.floating, np.integer, np.bool_)  # bool is an int
ZERO = float("0")  # the gradient of a leaf that no backward() has touched; its own object, so that one can tell


class Value:
    """A number, its gradient, and the operation that made it.

    `data`    a finite number (int, bool and NumPy scalars become float)
    `label`   a name for pictures and explanations

    ``<`` and ``>`` compare the numbers. ``==`` does not: it asks whether both are the same node, so that Values can be
    kept in sets and dicts, and ``Value(2.0) == 2.0`` is False. Write ``v.data == 2.0``. A Value is always true in an
    ``if``, whatever its number.

    Raises TypeError if `data` is not a number, ValueError if it is NaN or infinite (see `autograd.ieee`).
    """

    __slots__ = ("_data", "_grad", "_note", "_rule", "_stamp", "_x", "_y")

    _data: float
    _grad: float | None  # None: not computed yet, which is not 0
    _rule: Op
    _x: Any  # the first argument, or a tuple of them for an operation of many
    _y: Any  # the second argument, or another tuple, or None
    _note: Note | None
    _stamp: int  # on nodes of many arguments: EDITS when it was made

    def __init__(self, data: Number, label: str = "", *more: Any) -> None:
        self._data = as_float(data)
        self._grad = ZERO  # a leaf starts at 0, so that p.data -= lr * p.grad works when the cost does not use p
        self._rule = rules.LEAF
        self._x = self._y = None
        if more or isinstance(label, tuple | list | set):  # micrograd's Value(data, children, op)
            raise TypeError(
                "Value(data, label) takes no children: an operation notes by itself what it was made from. "
                "Make a new function of those that there are, like x.exp(). A new operation is a row of the table in "
                "autograd.rules, applied with x.apply(op, (x, y))."
            )
        if not isinstance(label, str):
            raise TypeError(f"a label is text; got {label!r:.80}")
        self._note = note(label) if label or NOTES else None

    def backward(self) -> None:
        """The chain rule from here down: afterwards ``x.grad`` is ∂self/∂x for every x that self was made from.

        Leaves accumulate over calls, as in PyTorch; set ``x.grad = 0`` (or use ``zero_grad()``) to start afresh.
        The gradients of intermediate Values belong to the last call.

        Raises StaleGraphError if a number was changed since the forward pass, and DomainError where a slope is
        infinite or undefined. Then no leaf's gradient has changed.
        """
        reverse.backward(self)

    # -- What can be seen ---------------------------------------------------------------------------------

    @property
    def data(self) -> float:
        """The number."""
        if WATCHERS:
            looked_at(self, ".data")
        return self._data

    @data.setter
    def data(self, data: Number) -> None:
        self._data = as_float(data)
        EDITS[0] += 1

    @property
    def grad(self) -> float:
        """∂E/∂(this), from the last ``E.backward()``. Before that it is NaN, not 0, on all but leaves: not computed."""
        return math.nan if self._grad is None else self._grad

    @grad.setter
    def grad(self, grad: Number | None) -> None:
        if grad is None:
            self._grad = ZERO if self.is_leaf else None
        elif isinstance(grad, NUMBERS):
            if self._grad is None and grad != grad and not ieee_is_on():  # node.grad += …, by hand
                raise ValueError(
                    f"the gradient of {name_of(self)} is not computed yet: it reads NaN, not 0, so nothing can be "
                    "added to it. For a backward pass by hand, first set node.grad = 0.0 on every node."
                )
            self._grad = float(grad)
        else:
            raise TypeError(f"a gradient is a number; got {grad!r:.80} of type {type(grad).__name__}")

    @property
    def label(self) -> str:
        """Its name in pictures, explanations and messages."""
        return self._note.label if self._note else ""

    @label.setter
    def label(self, label: str) -> None:
        if not isinstance(label, str):
            raise TypeError(f"a label is text; got {label!r}")
        self._note = Note(label, self.scope, self.line)

    @property
    def scope(self) -> str:
        """The `name_scope` it was made in, "" if none."""
        return self._note.scope if self._note else ""

    @property
    def line(self) -> Line | None:
        """(file, number, text) of the user's line that made it, where lines are being noted."""
        return self._note.line if self._note else None

    @property
    def op(self) -> str:
        """The sign of the operation that made it: "+", "*", "exp", …; "" for a leaf."""
        return self._rule.symbol

    @property
    def args(self) -> tuple[Value, ...]:
        """What it was made from, with repeats: ``a * a`` has two. Empty for a leaf."""
        return arguments(self)

    @property
    def is_leaf(self) -> bool:
        """Whether no operation made it."""
        return self._x is None

    @property
    def is_constant(self) -> bool:
        """Whether it is a plain number that took part in an operation, like the 2 in ``2 * x``."""
        return self._rule is rules.CONSTANT

    _op = op  # micrograd's names for the same things
    _prev = args
    _children = args  # and microgpt's

    @property
    def _local_grads(self) -> tuple[float, ...]:
        """∂self/∂argument for each of `args`, by microgpt's name."""
        return tuple(slope or 0.0 for _, _, slope in reverse.contributions(self))

    @property
    def _backward(self) -> Callable[[], None]:
        """One step of the chain rule, by micrograd's name: from here to `args`, for who walks the graph by hand."""
        return lambda: reverse.hand_on(self)

    def item(self) -> float:
        """The number, by PyTorch's and NumPy's name."""
        return self.data

    def __repr__(self) -> str:
        grad = "not computed" if self._grad is None else repr(self._grad)
        return f"Value(data={self._data!r}, grad={grad}" + (f", label={self.label!r})" if self.label else ")")

    def __format__(self, spec: str) -> str:
        return format(self.data, spec) if spec else repr(self)

    # -- Comparison is of the numbers; equality and hash are of the node ------------------------------------

    def __lt__(self, other: Value | Number) -> bool:
        return self._compared("<", other, lambda x, y: x < y)

    def __le__(self, other: Value | Number) -> bool:
        return self._compared("<=", other, lambda x, y: x <= y)

    def __gt__(self, other: Value | Number) -> bool:
        return self._compared(">", other, lambda x, y: x > y)

    def __ge__(self, other: Value | Number) -> bool:
        return self._compared(">=", other, lambda x, y: x >= y)

    def _compared(self, sign: str, other: Any, compare: Callable[[float, float], bool]) -> bool:
        if WATCHERS:
            for side in (self, other):
                if isinstance(side, Value):
                    looked_at(side, sign)
        if isinstance(other, Value):
            return compare(self._data, other._data)
        if isinstance(other, int):  # Python compares a float with an integer of any size exactly
            return compare(self._data, other)
        return compare(self._data, float(other)) if isinstance(other, NUMBERS) else NotImplemented

    # -- NumPy and plain Python, met half way ---------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """np.exp(v), np.float64(2) * v, np.add(v, w): the operation of the same name; arrays go element by element."""
        f = _UFUNCS.get(ufunc.__name__)
        if f and method == "__call__" and not kwargs and all(isinstance(i, (Value, *NUMBERS)) for i in inputs):
            return f(*(i if isinstance(i, Value) else float(i) for i in inputs))
        boxed = [_box(i) if isinstance(i, Value) else i for i in inputs]
        if method != "__call__" or kwargs:
            return getattr(ufunc, method)(*boxed, **kwargs)
        if f is None:
            known = ", ".join(name for name in sorted(_UFUNCS) if hasattr(np, name))
            raise TypeError(f"np.{ufunc.__name__} has no rule for Values. There is one for: {known}")
        return np.frompyfunc(f, ufunc.nin, 1)(*boxed)

    def conjugate(self) -> Value:
        """Itself: a Value is real. (np.std and np.var ask for it.)"""
        return self

    def __float__(self) -> float:
        raise TypeError(
            "a Value is not turned into a float by itself, since its gradient would be lost without a word. "
            "Write v.data for the number, or autograd.exp(v) in place of math.exp(v). "
            "(An array that is to hold Values has dtype=object.)"
        )

    def __int__(self) -> int:
        raise TypeError("a Value is not turned into an int by itself. Write int(v.data) for the number.")

    def __round__(self, digits: int | None = None) -> float:
        raise TypeError("a Value is not rounded: no gradient passes a rounding. Write round(v.data) for the number.")

    def __copy__(self) -> Value:
        return shallow_copy(self)  # type: ignore[no-any-return]

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        """A copy of the whole graph below, however deep it is."""
        return deep_copy(self, memo)  # type: ignore[no-any-return]

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """For pickle, however deep the graph is."""
        return reduced(self)

    # -- Applying operations ----------------------------------------------------------------------------------

    def apply(self, op: Op, args: Sequence[Any]) -> Value:
        """The operation `op` of `args`, as a new node. Numbers among `args` become constants."""
        nodes = tuple(operand(a) for a in args)
        for node, a in zip(nodes, args, strict=True):
            if node is NotImplemented:
                raise TypeError(f"{op.name} takes Values and numbers; got {a!r:.80} of type {type(a).__name__}")
        return node_of(op, nodes)

    if TYPE_CHECKING:  # made from the rule table, at the end of this file

        def __add__(self, other: Value | Number) -> Value: ...
        def __radd__(self, other: Number) -> Value: ...
        def __sub__(self, other: Value | Number) -> Value: ...
        def __rsub__(self, other: Number) -> Value: ...
        def __mul__(self, other: Value | Number) -> Value: ...
        def __rmul__(self, other: Number) -> Value: ...
        def __truediv__(self, other: Value | Number) -> Value: ...
        def __rtruediv__(self, other: Number) -> Value: ...
        def __pow__(self, other: Value | Number) -> Value: ...
        def __rpow__(self, other: Number) -> Value: ...
        def __neg__(self) -> Value: ...
        def __pos__(self) -> Value: ...
        def __abs__(self) -> Value: ...
        def exp(self) -> Value: ...
        def log(self) -> Value: ...
        def log1p(self) -> Value: ...
        def expm1(self) -> Value: ...
        def sqrt(self) -> Value: ...
        def sin(self) -> Value: ...
        def cos(self) -> Value: ...
        def tan(self) -> Value: ...
        def tanh(self) -> Value: ...
        def sigmoid(self) -> Value: ...
        def relu(self) -> Value: ...
        def softplus(self) -> Value: ...
        def abs(self) -> Value: ...
        def erf(self) -> Value: ...
        def maximum(self, other: Value | Number) -> Value: ...
        def minimum(self, other: Value | Number) -> Value: ...


# -- Making nodes -----------------------------------------------------------------------------------------


def as_float(data: Any) -> float:
    """`data` as a finite Python float, or an error that says what it is instead."""
    if data.__class__ is not float:
        if isinstance(data, Value):
            raise TypeError(
                f"a Value holds a number; got {data!r:.80}, which already is a Value. Use it as it is, or its .data."
            )
        if not isinstance(data, NUMBERS):
            kind, hint = type(data).__name__, ""
            if isinstance(data, list | tuple) or getattr(data, "shape", None):
                hint = " Make one Value for each element: [Value(x) for x in xs]."
            elif isinstance(data, str) or (hasattr(data, "__float__") and not isinstance(data, np.generic)):
                hint = f" Did you mean Value(float({data!r:.80}))?"
            raise TypeError(f"a Value holds one Python or NumPy number; got {data!r:.80} of type {kind}.{hint}")
        try:
            data = float(data)
        except OverflowError:
            raise ValueError("this integer is too large for a float (the largest is about 1.8e308)") from None
    if data - data != 0.0 and not ieee_is_on():
        raise ValueError(
            f"a Value must be a finite number; got {data}. Look where it came from, "
            "or let inf and NaN flow with `with autograd.ieee():`."
        )
    return data  # type: ignore[no-any-return]


new = object.__new__


def constant(data: Number) -> Value:
    """A plain number as a node of the graph: the 2 in ``2 * x``."""
    node = new(Value)
    node._data = data if data.__class__ is float and data - data == 0.0 else as_float(data)
    node._grad = 0.0
    node._rule = rules.CONSTANT
    node._x = node._y = None
    node._note = note() if NOTES else None
    return node


def operand(x: Any) -> Value:
    """`x` as a node: itself, or a constant. NotImplemented if it is neither a Value nor a number."""
    kind = x.__class__
    if kind is float or kind is int or isinstance(x, NUMBERS):
        return constant(x)
    return x if isinstance(x, Value) else NotImplemented


def node_of(op: Op, args: tuple[Value, ...]) -> Value:
    """A node made by `op` from `args`: compute, then remember how. (The operators are faster copies of this.)"""
    try:
        z = float(op.evaluate([a._data for a in args]))
        if z - z != 0.0:
            z = amiss(op, args)
    except (ArithmeticError, ValueError):
        z = amiss(op, args)
    node = new(Value)
    node._data = z
    node._grad = None
    node._rule = op
    if isinstance(op, SumOp) and len(op.term.slopes) == 2:
        half = (len(args) + 1) // 2
        node._x, node._y = args[:half], args[half:]
    elif op.arity in (1, 2):
        node._x, node._y = args[0], args[1] if op.arity == 2 else None
    else:
        node._x, node._y = args, None
    node._stamp = EDITS[0]
    node._note = note() if NOTES else None
    return node


def amiss(op: Op, args: Sequence[Any]) -> float:
    """What to do when an operation fails or its result is not finite: raise, or let it flow under `ieee()`."""
    nodes = [a if isinstance(a, Value) else constant(a) for a in args]
    values = [n._data for n in nodes]
    with np.errstate(all="ignore"):
        z = float(op.array(*values))
    if ieee_is_on():
        return z
    shown = values_of(tuple(nodes))
    raise DomainError(
        f"{op.name} fails at {shown}: {why(op, values, z)} (it would be {z})",
        op.name,
        tuple(values),
        tuple(n.label for n in nodes),
    ) from None


# -- The operators, as `autograd.generated` writes them ------------------------------------------------------


def _operator(op: Op, name: str, *, reflected: bool = False) -> Callable[..., Any]:
    source = operator_source(op, reflected=reflected)
    names: dict[str, Any] = {
        **float_names(), "Value": Value, "operand": operand, "amiss": amiss, "new": new, "note": note,
        "NOTES": NOTES, "op": op, "__name__": __name__,
    }  # fmt: skip
    exec(compile(source, f"<operator {op.name}>", "exec"), names)
    made: Callable[..., Any] = names["operator"]
    made.__name__, made.__qualname__ = name, f"Value.{name}"
    made.__doc__ = f"{op.name} of Values: see autograd.rules."
    return made


_OPERATORS = {
    "add": "add", "sub": "sub", "mul": "mul", "truediv": "div", "neg": "neg", "pos": "copy", "abs": "abs",
}  # fmt: skip
_FUNCTIONS = [
    "exp", "log", "log1p", "expm1", "sqrt", "sin", "cos", "tan", "tanh", "sigmoid", "relu", "softplus", "abs", "erf",
    "maximum", "minimum",
]  # fmt: skip
for _name, _row in _OPERATORS.items():
    setattr(Value, f"__{_name}__", _operator(find(_row), f"__{_name}__"))
    if find(_row).arity == 2:
        setattr(Value, f"__r{_name}__", _operator(find(_row), f"__r{_name}__", reflected=True))


def _method_of_two(op: Op) -> Callable[[Value, Any], Any]:
    operator = _operator(op, op.name)

    def method(x: Value, y: Any) -> Any:
        if isinstance(y, np.ndarray | list | tuple):
            return np.frompyfunc(lambda each: method(x, each), 1, 1)(np.asarray(y, dtype=object))
        made = operator(x, y)
        return x.apply(op, (x, y)) if made is NotImplemented else made  # (it says what is wrong with y)

    method.__name__, method.__qualname__ = operator.__name__, operator.__qualname__
    return method


for _name in _FUNCTIONS:
    _op = find(_name)
    setattr(Value, _name, _operator(_op, _name) if _op.arity == 1 else _method_of_two(_op))

_power = _operator(rules.power, "power")
_pow = _operator(rules.pow, "pow")


def __pow__(x: Value, y: Any) -> Value:
    """x ** y. A plain number as exponent is held fixed; a Value as exponent gets its gradient, which needs x > 0."""
    return _pow(x, y) if isinstance(y, Value) else _power(x, y)  # type: ignore[no-any-return]


Value.__pow__ = __pow__  # type: ignore[method-assign]
Value.__rpow__ = _operator(rules.pow, "__rpow__", reflected=True)  # type: ignore[method-assign]

# What NumPy's functions do to Values; by a comparison Values are equal only if they are the same node
_UFUNCS: dict[str, Callable[..., Any]] = {
    **{name: getattr(Value, name) for name in _FUNCTIONS if find(name).arity == 1},
    "maximum": lambda x, y: node_of(rules.maximum, (operand(x), operand(y))),
    "minimum": lambda x, y: node_of(rules.minimum, (operand(x), operand(y))),
    "sign": lambda x: node_of(rules.sign, (x,)),
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "true_divide": operator.truediv, "negative": operator.neg, "positive": operator.pos, "absolute": operator.abs,
    "fabs": operator.abs, "power": operator.pow, "float_power": operator.pow,
    "square": lambda x: x * x, "reciprocal": lambda x: 1.0 / x, "exp2": lambda x: 2.0**x,
    "log2": lambda x: x.log() / math.log(2), "log10": lambda x: x.log() / math.log(10),
    "less": operator.lt, "less_equal": operator.le, "greater": operator.gt, "greater_equal": operator.ge,
    "equal": operator.is_, "not_equal": operator.is_not,
}  # fmt: skip
for _name in ("exp2", "log2", "log10", "fabs"):  # NumPy asks the objects in an array for methods of these names
    setattr(Value, _name, lambda self, f=_UFUNCS[_name]: f(self))


def _box(x: Value) -> Any:
    array = np.empty((), dtype=object)
    array[()] = x
    return array
