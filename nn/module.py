"""Module: what holds parameters, finds them, names them, and takes them from a saved state.

>>> from autograd import Value
>>> class Line(Module):
...     def __init__(self):
...         self.w, self.b = Value(2.0, "w"), Value(1.0, "b")
...     def __call__(self, x):
...         return self.w * x + self.b
>>> line = Line()
>>> line.state_dict()
{'w': 2.0, 'b': 1.0}
>>> [p.label for p in line.weights()]
['w']
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterator, Mapping
from functools import cache, wraps
from typing import Any

import numpy as np

from autograd import Value
from autograd.rules import LEAF
from autograd.value import NUMBERS, ZERO

Found = dict[Value, tuple[str, bool]]  # each parameter once: its name, and whether it is a bias

FEW = 16  # nodes of a result that a student wrote into __init__

_is_bias = cache(lambda name: re.fullmatch(r"b(ias(es)?)?_?\d*", name) is not None)


class Module:
    """Anything with parameters: a neuron, a layer, a network, or a model of your own.

    The parameters are the leaf Values among its attributes, and in the Modules, lists, tuples, dicts and object arrays
    there, in the order in which they were assigned; a Value that is met twice counts once. A subclass may override
    `parameters()`, as in micrograd, and `is_bias()`. Calling a Module calls its `forward`.

    A Module that is made with a result in the place of a weight warns: ``self.w = Value(0.5) * 0.1`` is not trained.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        own = cls.__dict__.get("__init__")
        if own is None:
            return

        @wraps(own)
        def init(self: Module, *args: Any, **kwargs: Any) -> None:
            own(self, *args, **kwargs)
            if type(self).__init__ is init:  # all is made: no subclass goes on from here
                _warn_of_results(self)

        cls.__init__ = init  # type: ignore[method-assign, assignment]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What `forward` returns."""
        forward = getattr(self, "forward", None)
        if forward is None:
            raise NotImplementedError(f"{type(self).__name__} defines neither __call__ nor forward")
        return forward(*args, **kwargs)

    def parameters(self) -> list[Value]:
        """Every parameter once, in a stable order."""
        return list(_found_below(self))

    def named_parameters(self) -> list[tuple[str, Value]]:
        """(name, parameter), in the order of `parameters()`. A name is the way to it: "layers.0.neurons.2.w.1"."""
        return [(name, p) for p, (name, _) in self._found().items()]

    def weights(self) -> list[Value]:
        """The parameters that are not biases: those that the penalty λ/(2m) Σ w² is about."""
        return [p for p, (_, bias) in self._found().items() if not bias]

    def is_bias(self, name: str) -> bool:
        """Whether the attribute (or dict key) `name` of this Module holds biases: b, b1, b_2, bias, biases.

        Override it if yours have other names.
        """
        return _is_bias(name)

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0: backward() adds to what is there."""
        for p in self.parameters():
            p._grad = ZERO

    def state_dict(self) -> dict[str, float]:
        """The number of every parameter, by name."""
        named = self.named_parameters()
        state = {name: p.data for name, p in named}
        if len(state) < len(named):
            names = [name for name, _ in named]
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"two parameters have the name {twice!r}: rename a dict key that has a dot in it")
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Give every parameter the number that `state` has for its name.

        Raises ValueError naming what is missing, unexpected, or not one finite number. Then no parameter has changed.
        """
        if not isinstance(state, Mapping):
            raise TypeError(f"a state is a dict of names and numbers, as state_dict() makes it; got {state!r:.80}")
        named = dict(self.named_parameters())
        missing = [name for name in named if name not in state]
        unexpected = [str(name) for name in state if name not in named]
        numbers: dict[str, float] = {}
        wrong: list[str] = []
        for name in named.keys() & state.keys():
            try:
                numbers[name] = _finite(state[name])
            except ValueError as error:
                wrong.append(f"{name} is {error}")
        if missing or unexpected or wrong:
            faults = [
                f"{kind}: {_some(names)}" for kind, names in (("missing", missing), ("unexpected", unexpected)) if names
            ]
            faults += [f"wrong: {_some(sorted(wrong))}"] if wrong else []
            raise ValueError(
                f"this state does not fit {type(self).__name__} with {len(named)} parameters; nothing was changed.\n  "
                + "\n  ".join(faults)
            )
        for name, p in named.items():
            p.data = numbers[name]

    def _found(self) -> Found:
        found: Found = {}
        _collect(self, "", found, set())
        return found


# -- Finding parameters -------------------------------------------------------------------------------------


def _collect(module: Module, prefix: str, found: Found, seen: set[int]) -> None:
    """The parameters of a Module, with names that begin with `prefix`."""
    if id(module) in seen:
        return
    if type(module).parameters is Module.parameters:
        seen.add(id(module))
        _attributes(module, prefix, found, seen)
        return
    names: Found = {}  # the subclass says which are its parameters; its attributes say what they are called
    _attributes(module, prefix, names, seen | {id(module)})
    seen.add(id(module))
    for i, p in enumerate(module.parameters()):
        found.setdefault(p, names.get(p, (f"{prefix}parameters.{i}", False)))


def _found_below(module: Module) -> Found:
    """The parameters among the attributes, whatever a subclass says."""
    found: Found = {}
    _attributes(module, "", found, {id(module)})
    return found


def _attributes(module: Module, prefix: str, found: Found, seen: set[int]) -> None:
    for name, x in _held(module):
        _walk(x, prefix + name, name, module, found, seen)


def _held(module: Module) -> Iterator[tuple[str, Any]]:
    for kind in type(module).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(module, name):
                yield name, getattr(module, name)
    yield from vars(module).items()


def _walk(x: Any, name: str, key: str, owner: Module, found: Found, seen: set[int]) -> None:
    if isinstance(x, Value):
        if x._rule is LEAF and x not in found:  # no constant, and no result of an earlier forward pass
            found[x] = (name, owner.is_bias(key))
    elif isinstance(x, Module):
        _collect(x, name + ".", found, seen)
    elif isinstance(x, list | tuple | dict | np.ndarray) and id(x) not in seen:
        seen.add(id(x))
        for place, item in _items(x):
            _walk(item, f"{name}.{place}", place if isinstance(x, dict) else key, owner, found, seen)


def _items(x: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(x, dict):
        return ((str(k), item) for k, item in x.items())
    if isinstance(x, np.ndarray):
        places = np.ndindex(x.shape) if x.dtype == object else ()
        return ((".".join(map(str, place)), x[place]) for place in places)
    return ((str(i), item) for i, item in enumerate(x))


# -- A result in the place of a weight -------------------------------------------------------------------------


def _warn_of_results(module: Module) -> None:
    """Warn of the first result in a Module that was just made, before any forward pass keeps its own there."""
    results: list[tuple[str, Value]] = []
    for name, x in _held(module):
        _results(x, name, results, set())
    found = _found_below(module) if results else {}
    for name, result in results[:100]:
        if _is_of_its_own(result, found):
            warnings.warn(
                f"{type(module).__name__}: {name} is the result of {result.op!r}, not a leaf: it is no parameter and "
                "will not be trained. Calculate with numbers first and make a Value of what comes out, "
                f"Value({result.data:.4g}) here; or keep the number alone, if it is not to be trained.",
                stacklevel=3,
            )
            return


def _results(x: Any, name: str, results: list[tuple[str, Value]], seen: set[int]) -> None:
    """What is held and is no leaf, with its name. A Module in here was made before, and has been looked at."""
    if isinstance(x, Value):
        if not x.is_leaf:
            results.append((name, x))
    elif isinstance(x, list | tuple | dict | np.ndarray) and id(x) not in seen:
        seen.add(id(x))
        for place, item in _items(x):
            _results(item, f"{name}.{place}", results, seen)


def _is_of_its_own(result: Value, found: Found) -> bool:
    """Whether this was made, in a few steps, of leaves that are no parameters."""
    todo, leaves = [result], 0
    for node in todo:
        if len(todo) > FEW or node in found:
            return False
        todo += node.args
        leaves += node._rule is LEAF
    return leaves > 0


# -- Messages ------------------------------------------------------------------------------------------------


def _finite(x: Any) -> float:
    if isinstance(x, np.ndarray) and x.ndim == 0:
        x = x[()]
    if isinstance(x, bool) or not isinstance(x, NUMBERS):
        shape = f" of shape {np.shape(x)}" if isinstance(x, np.ndarray | list | tuple) else ""
        raise ValueError(f"of type {type(x).__name__}{shape}, not one number")
    try:
        number = float(x)
    except OverflowError:
        raise ValueError("too large for a float, not a finite number") from None
    if not math.isfinite(number):
        raise ValueError(f"{x!s:.40}, not a finite number")
    return number


def _some(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
