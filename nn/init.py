"""Where the weights of a layer start.

Each function takes (n_in, n_out, rng), the inputs of the layer, its units and a ``numpy.random.Generator``, and
returns an array of shape (n_in, n_out): row i, column j holds w_ij. Biases start at 0.

A network takes any of these by name or as a function, and so any function of your own:

>>> import nn
>>> model = nn.MLP(2, [3, 1], init="he", seed=0)
>>> model = nn.MLP(2, [3, 1], init=lambda n_in, n_out, rng: rng.normal(0, 0.01, (n_in, n_out)), seed=0)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Initialiser = Callable[[int, int, np.random.Generator], Any]


def zeros(n_in: int, n_out: int, rng: np.random.Generator) -> Array:
    """w_ij = 0. All units of a hidden layer then get the same gradient and stay copies of one another.

    The lecture names it as the other common choice for sigmoid units; with ReLU nothing moves at all.
    """
    return np.zeros((n_in, n_out))


def uniform(n_in: int, n_out: int, rng: np.random.Generator, limit: float | None = None) -> Array:
    """w_ij ~ U(-limit, limit), with limit = 1/√n_in if none is given.

    Source: the "commonly used heuristic", formula 1 of Glorot & Bengio 2010.
    """
    limit = n_in**-0.5 if limit is None else limit
    return rng.uniform(-limit, limit, (n_in, n_out))


def normal(n_in: int, n_out: int, rng: np.random.Generator, sd: float | None = None) -> Array:
    """w_ij ~ N(0, sd²), with sd = 1/√n_in if none is given, so that sum_j has the scale of one input.

    Source: LeCun, Bottou, Orr & Müller, Efficient BackProp, 1998, formula 16.
    """
    return rng.normal(0.0, n_in**-0.5 if sd is None else sd, (n_in, n_out))


def xavier_uniform(n_in: int, n_out: int, rng: np.random.Generator) -> Array:
    """w_ij ~ U(-a, a) with a = √(6/(n_in + n_out)): signals and gradients keep their scale. For sigmoid and tanh.

    Source: Glorot & Bengio, Understanding the difficulty of training deep feedforward neural networks, AISTATS 2010,
    formula 16.
    """
    a = (6.0 / (n_in + n_out)) ** 0.5
    return rng.uniform(-a, a, (n_in, n_out))


def xavier_normal(n_in: int, n_out: int, rng: np.random.Generator) -> Array:
    """w_ij ~ N(0, 2/(n_in + n_out)): the variance that Glorot & Bengio 2010 ask for (formula 12)."""
    return rng.normal(0.0, (2.0 / (n_in + n_out)) ** 0.5, (n_in, n_out))


def he_uniform(n_in: int, n_out: int, rng: np.random.Generator) -> Array:
    """w_ij ~ U(-a, a) with a = √(6/n_in), which has He's variance 2/n_in. For ReLU."""
    a = (6.0 / n_in) ** 0.5
    return rng.uniform(-a, a, (n_in, n_out))


def he_normal(n_in: int, n_out: int, rng: np.random.Generator) -> Array:
    """w_ij ~ N(0, 2/n_in): a ReLU lets half of its inputs through, hence the 2. For ReLU.

    Source: He, Zhang, Ren & Sun, Delving deep into rectifiers, ICCV 2015, formula 10.
    """
    return rng.normal(0.0, (2.0 / n_in) ** 0.5, (n_in, n_out))


def generator(seed: object) -> np.random.Generator:
    """The random numbers that a seed stands for. Raises ValueError for what is no seed."""
    try:
        return np.random.default_rng(seed)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise ValueError(
            f"seed is a whole number of at least 0, a numpy Generator, or None for other weights each time; got "
            f"{seed!r:.80}"
        ) from None


xavier = xavier_uniform
he = he_normal

BY_NAME: dict[str, Initialiser] = {
    "zeros": zeros,
    "uniform": uniform,
    "normal": normal,
    "xavier": xavier,
    "xavier_uniform": xavier_uniform,
    "xavier_normal": xavier_normal,
    "he": he,
    "he_uniform": he_uniform,
    "he_normal": he_normal,
}


def initial(init: str | Initialiser, n_in: int, n_out: int, rng: np.random.Generator) -> Array:
    """The first weights of a layer, from a name or a function.

    Raises ValueError for an unknown name, or if the function returns anything but finite numbers of that shape.
    """
    if callable(init):
        make, name = init, getattr(init, "__name__", "init")
    elif isinstance(init, str) and init in BY_NAME:
        make, name = BY_NAME[init], init
    else:
        raise ValueError(f"there is no initialisation {init!r}: choose {', '.join(BY_NAME)}, or give a function")
    weights = np.asarray(make(n_in, n_out, rng))
    if weights.shape != (n_in, n_out) or weights.dtype.kind not in "fiu" or not np.isfinite(weights).all():
        what = f"shape {weights.shape}, type {weights.dtype}"
        if weights.dtype.kind == "f" and not np.isfinite(weights).all():
            what += f", with {weights[~np.isfinite(weights)][0]} in it"
        raise ValueError(f"{name} should return finite numbers of shape (n_in, n_out) = ({n_in}, {n_out}); got {what}")
    return weights.astype(np.float64)
