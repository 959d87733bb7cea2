"""The arguments of f as one flat vector, and back: floats, arrays, nested lists and dicts of them."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autograd.check.problem import Array, Block
from autograd.transform import like
from autograd.value import NUMBERS, Value


class Arguments:
    """How the arguments of f lie in one flat vector.

    `at` is a tuple of arguments; anything else is one argument (so a list is *one* argument). Every number,
    array or rectangular list of numbers among them becomes a `Block`.

    Raises TypeError for what is not a number, ValueError for NaN, infinity, or no numbers at all.
    """

    def __init__(self, at: Any, f: Callable[..., Any] | None = None) -> None:
        self.args: tuple[Any, ...] = at if isinstance(at, tuple) else (at,)
        self.argument_names = _argument_names(f, len(self.args))
        self.blocks: list[Block] = []
        self.dtypes: list[Any] = []
        numbers: list[Array] = []
        self.args = tuple(
            self._read(arg, name, i, numbers)
            for i, (arg, name) in enumerate(zip(self.args, self.argument_names, strict=True))
        )
        if not numbers or not sum(n.size for n in numbers):
            raise ValueError("`at` holds no numbers, so there is no gradient to check")
        self.flat: Array = np.concatenate([n.ravel() for n in numbers])
        self.names = [block.component(i) for block in self.blocks for i in range(block.size)]

    @property
    def size(self) -> int:
        """How many numbers there are."""
        return len(self.flat)

    def _read(self, x: Any, name: str, argument: int, numbers: list[Array]) -> Any:
        """`x` with every number, array, or rectangular list of numbers replaced by its `Block`."""
        if isinstance(x, dict):
            return {k: self._read(v, f"{name}[{k!r}]", argument, numbers) for k, v in x.items()}
        if isinstance(x, list | tuple) and not _is_rectangular(x):
            return like(x, [self._read(v, f"{name}[{i}]", argument, numbers) for i, v in enumerate(x)])
        array = _as_array(x, name)
        kind = "list" if isinstance(x, list | tuple) else "array" if isinstance(x, np.ndarray) else "number"
        if kind == "number" and array.shape:  # a tensor, a column of a table
            raise TypeError(
                f"`at` must hold numbers, arrays, or lists and dicts of them; {name} is of type {type(x).__name__}: "
                f"write np.asarray({name}, dtype=float)"
            )
        block = Block(name, array.shape, sum(b.size for b in self.blocks), argument)
        self.blocks.append(block)
        self.dtypes.append(array.dtype if isinstance(x, np.ndarray | np.floating) else np.dtype(float))
        numbers.append(array.astype(float))
        return _Leaf(block, kind, len(self.blocks) - 1)

    def rounded(self, flat: Array) -> Array:
        """`flat` as the arguments can hold it: float32 arrays have fewer digits."""
        out = flat.copy()
        for block, dtype in zip(self.blocks, self.dtypes, strict=True):
            out[block.slice] = flat[block.slice].astype(dtype)
        return out

    def plain(self, flat: Array) -> tuple[Any, ...]:
        """The arguments as plain floats and float arrays, fresh copies."""

        def fill(leaf: _Leaf) -> Any:
            array = flat[leaf.block.slice].astype(self.dtypes[leaf.index]).reshape(leaf.block.shape)
            if leaf.kind == "number":
                return float(array)
            return array if leaf.kind == "array" else array.tolist()

        return tuple(_map(arg, fill) for arg in self.args)

    def values(self, flat: Array, *, labels: bool = True) -> tuple[tuple[Any, ...], list[Value]]:
        """The arguments as Values in the same structure, and these Values in flat order."""
        numbers = flat.tolist()
        leaves = [Value(x, n) for x, n in zip(numbers, self.names, strict=True)] if labels else [*map(Value, numbers)]

        def fill(leaf: _Leaf) -> Any:
            if leaf.kind == "number":
                return leaves[leaf.block.offset]
            array = np.empty(leaf.block.size, dtype=object)
            array[:] = leaves[leaf.block.slice]
            array = array.reshape(leaf.block.shape)
            return array if leaf.kind == "array" else array.tolist()

        return tuple(_map(arg, fill) for arg in self.args), leaves

    def read_gradient(self, result: Any, who: str = "the formula") -> list[np.ndarray[Any, Any]]:
        """What a formula returned, one array for each block, in whatever shape it came.

        Raises TypeError where the structure is another one than that of `at`, ValueError where a dict lacks a key or
        a list has another length.
        """
        if len(self.args) == 1:
            if isinstance(result, tuple) and len(result) == 1:
                result = result[0]
            parts = [result]
        else:
            if not isinstance(result, tuple | list):
                raise TypeError(
                    f"{who} must return a tuple of {len(self.args)} gradients, one for each of "
                    f"{', '.join(self.argument_names)}; it returned {_shown(result)}"
                )
            if len(result) != len(self.args):
                raise ValueError(
                    f"{who} must return {len(self.args)} gradients, one for each of {', '.join(self.argument_names)}; "
                    f"it returned {len(result)}"
                )
            parts = list(result)
        found: list[np.ndarray[Any, Any]] = []
        for arg, part in zip(self.args, parts, strict=True):
            self._match(arg, part, who, found)
        return found

    def _match(self, arg: Any, part: Any, who: str, found: list[np.ndarray[Any, Any]]) -> None:
        if isinstance(arg, _Leaf):
            found.append(_as_gradient(part, arg.block.name, who))
        elif isinstance(arg, dict):
            if not isinstance(part, dict):
                raise TypeError(f"{who} must return a dict with the keys {_keys(arg)}; it returned {_shown(part)}")
            lacks, extra = [k for k in arg if k not in part], [k for k in part if k not in arg]
            if lacks or extra:
                said = [f"lacks {_keys(lacks)}"] * bool(lacks) + [f"has {_keys(extra)} besides"] * bool(extra)
                raise ValueError(f"the dict that {who} returned {' and '.join(said)}; it should have {_keys(arg)}")
            for k, item in arg.items():
                self._match(item, part[k], who, found)
        else:
            if not isinstance(part, list | tuple | np.ndarray) or (isinstance(part, np.ndarray) and not part.shape):
                raise TypeError(f"{who} must return a list of {len(arg)} gradients here; it returned {_shown(part)}")
            if len(part) != len(arg):
                raise ValueError(f"{who} must return a list of {len(arg)} gradients; it returned {len(part)}")
            for item, p in zip(arg, part, strict=True):
                self._match(item, p, who, found)


class _Leaf:
    """Stands in the structure where a block was: a "number", an "array" or a "list"."""

    def __init__(self, block: Block, kind: str, index: int) -> None:
        self.block, self.kind, self.index = block, kind, index


def _map(x: Any, fill: Callable[[_Leaf], Any]) -> Any:
    if isinstance(x, _Leaf):
        return fill(x)
    if isinstance(x, dict):
        return {k: _map(v, fill) for k, v in x.items()}
    return like(x, [_map(v, fill) for v in x])


def _argument_names(f: Callable[..., Any] | None, count: int) -> list[str]:
    """The names that f gives to its arguments; x1, x2, … where it gives none."""
    if count == 0:
        raise ValueError("`at` is an empty tuple: there is nothing to differentiate along")
    try:
        signature = inspect.signature(f) if f is not None else None
    except (TypeError, ValueError):
        signature = None
    if signature is None:
        return ["x"] if count == 1 else [f"x{i + 1}" for i in range(count)]
    try:
        signature.bind(*range(count))
    except TypeError:
        takes = ", ".join(signature.parameters)
        raise TypeError(
            f"f takes ({takes}), but `at` gives it {count} argument{'s' * (count > 1)}. "
            "`at` is a tuple with one entry for each argument; a list counts as one argument"
        ) from None
    names: list[str] = []
    for parameter in signature.parameters.values():
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            names.append(parameter.name)
        elif parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}[{i}]" for i in range(count - len(names))]
    return names[:count]


def _is_rectangular(x: Any) -> bool:
    """Whether `x` is numbers, or equally shaped lists of numbers, all the way down (not empty, and without names)."""
    if hasattr(x, "_fields"):
        return False
    if isinstance(x, list | tuple):
        if not x or not all(_is_rectangular(i) for i in x):
            return False
        return len({_list_shape(i) for i in x}) == 1
    return not isinstance(x, dict | np.ndarray)


def _list_shape(x: Any) -> tuple[int, ...]:
    return (len(x), *_list_shape(x[0])) if isinstance(x, list | tuple) else ()


def _numbers(x: Any, name: str) -> Iterator[float]:
    for place, item in np.ndenumerate(np.asarray(x, dtype=object)):
        if isinstance(item, Value):
            item = item.data
        if not isinstance(item, NUMBERS):
            where = f"{name}[{','.join(map(str, place))}]" if place else name
            raise TypeError(f"`at` must hold real numbers; {where} is {item!r} of type {type(item).__name__}")
        try:
            yield float(item)
        except OverflowError:
            where = f"{name}[{','.join(map(str, place))}]" if place else name
            raise ValueError(f"`at` must hold numbers that fit into a float; {where} has too many digits") from None


def _as_array(x: Any, name: str) -> np.ndarray[Any, Any]:
    if isinstance(x, np.ndarray | np.floating) and np.asarray(x).dtype.kind == "f":
        array = np.asarray(x)
    else:
        if isinstance(x, str | bytes) or x is None:
            raise TypeError(f"`at` must hold real numbers; {name} is {x!r} of type {type(x).__name__}")
        flat = list(_numbers(x, name))
        array = np.array(flat).reshape(np.shape(np.asarray(x, dtype=object)))
    wrong = np.argwhere(~np.isfinite(array))
    if len(wrong):
        place = ",".join(map(str, wrong[0]))
        raise ValueError(
            f"`at` must hold finite numbers; {name}{f'[{place}]' if place else ''} is {array[tuple(wrong[0])]}"
        )
    return array


def _as_gradient(x: Any, name: str, who: str) -> np.ndarray[Any, Any]:
    """One block of what a formula returned, as an array of real numbers."""
    if isinstance(x, Value) or (
        isinstance(x, np.ndarray | list | tuple) and any(isinstance(i, Value) for i in np.ravel(np.array(x, object)))
    ):
        raise TypeError(
            f"{who} returned a Value for the gradient along {name}. It gets plain numbers and must return plain "
            "numbers: take .data, or use functions of floats and arrays"
        )
    if x is None:
        raise TypeError(f"{who} returned None for the gradient along {name}: is a `return` missing?")
    if isinstance(x, str | bytes | dict | set) or callable(x):
        raise TypeError(f"{who} must return numbers for the gradient along {name}; it returned {_shown(x)}")
    try:
        array = np.asarray(x)
        if array.dtype == object:
            array = array.astype(float)
    except (TypeError, ValueError):
        raise TypeError(
            f"{who} must return numbers in one shape for the gradient along {name}; it returned {_shown(x)}"
        ) from None
    if array.dtype.kind == "c":
        raise TypeError(f"{who} returned complex numbers for the gradient along {name}")
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{who} must return numbers for the gradient along {name}; it returned {_shown(x)}")
    return array


def shape_words(block: Block, shape: tuple[int, ...]) -> str:
    """A shape that does not fit, in words: "dW1 has shape (3, 2); W1 has (2, 3): transposed?"."""
    text = f"d{block.name} has shape {_shape(shape)}; {block.name} has {_shape(block.shape)}"
    if shape == block.shape[::-1] and len(shape) > 1:
        return text + ": transposed?"
    if math.prod(shape) == block.size:
        return text + ": as many numbers, in another shape"
    if math.prod(shape) == 1:
        return text + ": one number for a whole array. Was it summed too far?"
    if len(shape) > len(block.shape) and shape[len(shape) - len(block.shape) :] == block.shape:
        return text + ": is a sum over the first axis (the examples) missing?"
    return text


def _shape(shape: tuple[int, ...]) -> str:
    return str(shape) if shape else "() (a single number)"


def _shown(x: Any) -> str:
    text = repr(x)
    return f"{text if len(text) <= 60 else text[:57] + '…'} of type {type(x).__name__}"


def _keys(keys: Any) -> str:
    return ", ".join(map(repr, keys))
