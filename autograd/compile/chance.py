"""Chance: whether a cost drew random numbers while it was recorded.

A draw would be frozen: every call would replay the one that was recorded. Dropout masks, noise, or a minibatch that the
cost picks by itself are therefore passed to the program, as data.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import FunctionType, MethodType
from typing import Any

import numpy as np

from autograd.compile.frozen import OURS

DREW = (
    "the cost draws random numbers: recorded once, the same draw would be replayed at every call. Draw them outside, "
    "and pass them to the program as an argument"
)


def states(cost: Callable[..., Any]) -> list[object]:
    """Where the generators stand that the cost can draw from; another list afterwards means that it drew.

    These are `random` and `numpy.random` themselves, and generators that the cost captures or names, or a function
    that it calls.
    """
    common = np.random.get_state()  # noqa: NPY002 (it is what costs call that draw from it)
    return [random.getstate(), _plain(common), *map(_state, _captured(cost, set()))]


def _state(x: Any) -> object:
    if isinstance(x, random.Random):
        return x.getstate()
    return _plain(x.bit_generator.state if isinstance(x, np.random.Generator) else x.get_state())


def _plain(x: Any) -> object:
    """The state with bytes in place of arrays, so that it can be compared."""
    if isinstance(x, np.ndarray):
        return x.tobytes()
    if isinstance(x, dict):
        x = tuple(x.values())
    return [_plain(part) for part in x] if isinstance(x, tuple) else x


def _captured(function: Any, seen: set[int]) -> Iterator[Any]:
    """The generators that a function, or a function of the user's that it calls by name, has at hand."""
    seen.add(id(function))
    found = list(getattr(getattr(function, "__self__", None), "__dict__", {}).values())
    function = getattr(function, "__func__", function)
    known = getattr(function, "__globals__", {})
    found += [known[name] for name in getattr(getattr(function, "__code__", None), "co_names", ()) if name in known]
    for cell in getattr(function, "__closure__", None) or ():
        with suppress(ValueError):  # (a name that has no value yet)
            found.append(cell.cell_contents)
    for x in found:
        owner = getattr(x, "__self__", x)  # of generator.normal
        if isinstance(owner, random.Random | np.random.Generator | np.random.RandomState):
            yield owner
        elif isinstance(x, FunctionType | MethodType) and id(x) not in seen and _is_users(x):
            yield from _captured(x, seen)


def _is_users(function: Any) -> bool:
    return (function.__module__ or "").split(".")[0] not in OURS
