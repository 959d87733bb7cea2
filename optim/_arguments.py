"""The arguments of `train`, checked before anything begins: an error names the argument. (The data: `optim._data`.)"""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np

from optim._numbers import is_number
from optim.optimizer import Optimizer

SAMPLERS = ("shuffle", "misclassified")


def check_settings(
    epochs: Any, batch_size: Any, sampler: Any, restarts: Any, significant: float, perturbation: float, seed: Any
) -> None:
    """ValueError that names the setting. (`batch_size` may be None.)"""
    size = 1 if batch_size is None else batch_size
    whole = (("epochs", epochs, 0), ("batch_size", size, 1), ("restarts", restarts, 0), ("seed", seed, 0))
    for name, number, least in whole:
        if isinstance(number, bool) or not isinstance(number, int | np.integer) or number < least:
            raise ValueError(f"{name} must be a whole number, at least {least}; got {number!r}")
    if sampler not in SAMPLERS:
        raise ValueError(f'sampler must be "shuffle" or "misclassified"; got {sampler!r}')
    if not is_number(significant) or not 0 <= significant < 1:
        raise ValueError(f"significant is a fraction of the cost, 0 ≤ significant < 1; got {significant!r}")
    if not is_number(perturbation) or not 0 < perturbation < math.inf:
        raise ValueError(f"perturbation must be greater than 0; got {perturbation!r}")


def parameters_of(model: Any, cost: Any, optimizer: Any, penalty: Any) -> list[Any]:
    """The model's parameters; TypeError or ValueError if the four do not belong together."""
    if not callable(model) or not callable(getattr(model, "parameters", None)):
        hint = " The model comes first, then the cost." if callable(getattr(cost, "parameters", None)) else ""
        raise TypeError(
            f"model must be something to call that has parameters(), such as an nn.MLP; got {model!r:.80}.{hint}"
        )
    if not callable(cost):
        raise TypeError(f"cost must be something to call, such as nn.mse; got {cost!r:.80}")
    try:
        inspect.signature(cost).bind("outputs", "target")
    except TypeError:
        raise TypeError(
            f"cost must take the outputs of one example and its target; {getattr(cost, '__name__', cost)!s:.80} takes "
            f"{inspect.signature(cost)}"
        ) from None
    except ValueError:
        pass  # what is written in C need not tell
    if penalty is not None and not callable(penalty):
        raise TypeError(f"penalty is a function of no arguments that returns a Value; got {penalty!r:.80}")
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"optimizer must be an optimizer, such as SGD(model.parameters(), lr=0.1); got {optimizer!r:.80}"
        )
    parameters = list(dict.fromkeys(model.parameters()))  # once each: a model that shares weights may repeat them
    if len(optimizer.params) != len(parameters) or any(
        a is not b for a, b in zip(optimizer.params, parameters, strict=True)
    ):
        raise ValueError(
            f"the optimizer has {len(optimizer.params)} parameters that are not this model's {len(parameters)}: "
            f"build it with {type(optimizer).__name__}(model.parameters(), …)"
        )
    return parameters
