"""The parameters of an optimizer, each of them looked at before anything begins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from reprlib import repr as short
from typing import Protocol

from optim._numbers import finite


class Parameter(Protocol):
    """All that an optimizer needs to know of a parameter. A `label`, if there is one, is used in messages.

    Attributes will do as well: properties are the weaker demand, which pyright wants for a Value.
    """

    @property
    def data(self) -> float: ...
    @data.setter
    def data(self, data: float, /) -> None: ...
    @property
    def grad(self) -> float: ...
    @grad.setter
    def grad(self, grad: float, /) -> None: ...


def parameters(params: Iterable[Parameter], optimizer: str) -> tuple[Parameter, ...]:
    """The parameters, each of them looked at."""
    if hasattr(params, "data") and hasattr(params, "grad"):
        raise TypeError(f"params must be a list of parameters, but a single one was given. Write {optimizer}([p], …).")
    write = f"Write {optimizer}(model.parameters(), …)."
    if not isinstance(params, Iterable):
        raise TypeError(f"params must be a list of parameters, but a {type(params).__name__} was given. {write}")
    found = tuple(params)
    if not found:
        raise ValueError(
            "There are no parameters. A generator can be read only once, and what an operation made is none: instead "
            f"of Value(0.5) * 0.1 write Value(0.5 * 0.1). {write}"
        )
    seen: dict[int, int] = {}
    for i, p in enumerate(found):
        missing = [name for name in (".data", ".grad") if not hasattr(p, name[1:])]
        if missing:
            raise TypeError(f"params[{i}] is {short(p)}, a {type(p).__name__} without {' and '.join(missing)}. {write}")
        if getattr(p, "is_leaf", True) is False:
            raise ValueError(
                f"{name_of(found, i)} was made by an operation, and would be made again by the next forward pass. Only "
                f"what no operation made can be trained. {write}"
            )
        finite(f"The .data of {name_of(found, i)}", p.data, "Value(0.5)")
        if id(p) in seen:
            raise ValueError(
                f"{name_of(found, i)} is the same parameter as params[{seen[id(p)]}]. It would be updated twice. "
                "Give each parameter once."
            )
        seen[id(p)] = i
    return found


def name_of(params: Sequence[object], i: int) -> str:
    """How a message calls the i-th parameter: by its place, and by its label if it has one."""
    label = getattr(params[i], "label", "")
    return f"params[{i}] ({short(label)})" if label else f"params[{i}]"
