"""Arguments: the numbers in whatever is passed where the arguments themselves are differentiated, and its structure."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.compile.batch import Array
from autograd.transform import variable
from autograd.value import Value


def is_plain(x: Array) -> bool:
    """Floats, all of them finite?"""
    return x.dtype == np.float64 and math.isfinite(x.sum())


def flattened(x: Any, numbers: list[float]) -> Any:
    """Append the numbers of a nested argument in order. Its structure is returned: () for a number, the shape of an
    array or of a list of lists, and lists and dicts of these.

    Raises what `autograd.transform.variable` raises where something is not a number, or not finite.
    """
    kind = x.__class__
    if kind is float and x - x == 0.0:
        numbers.append(x)
        return ()
    if kind is np.ndarray and is_plain(x):
        numbers += x.ravel().tolist()
        return x.shape
    if kind is list or kind is tuple:
        if set(map(type, x)) == {float} and math.isfinite(sum(x)):
            numbers += x
            return (len(x),)
        items = [flattened(i, numbers) for i in x]
        alike = items and items[0].__class__ is tuple and items.count(items[0]) == len(items)
        return (len(items), *items[0]) if alike else items
    if isinstance(x, dict):
        return {k: flattened(v, numbers) for k, v in x.items()}
    leaves: list[Value] = []
    variable(x, leaves)
    if not all(leaf.is_leaf for leaf in leaves):
        raise TypeError(
            f"a program takes plain numbers; got {x!r:.80}. To differentiate through a Value, call the cost"
        )
    numbers += [leaf._data for leaf in leaves]
    return np.shape(x)
