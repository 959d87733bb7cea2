"""What a setting may be. Every message says what was wrong, what was given, and what to write instead."""

import math
from operator import index
from reprlib import repr as short

import numpy as np


def is_number(value: object) -> bool:
    """Whether `value` is one real number of Python or NumPy (True and False are not)."""
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def finite(name: str, value: object, write: str) -> float:
    """`value` as a finite float; TypeError if it is no number, ValueError if it is nan or infinite."""
    if not is_number(value):
        raise TypeError(
            f"{name} must be a number, but {short(value)} was given, which is a {type(value).__name__}. "
            f"Write for example {write}."
        )
    try:
        number = float(value)  # type: ignore[arg-type]  # is_number has looked
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite, but {number} was given. Write for example {write}.")
    return number


def positive(name: str, value: object, write: str) -> float:
    """`value` as a float > 0."""
    number = finite(name, value, write)
    if number <= 0:
        raise ValueError(f"{name} must be greater than 0, but {number} was given. Write for example {write}.")
    return number


def not_negative(name: str, value: object, write: str) -> float:
    """`value` as a float ≥ 0."""
    number = finite(name, value, write)
    if number < 0:
        raise ValueError(f"{name} must be 0 or greater, but {number} was given. Write for example {write}.")
    return number


def fraction(name: str, value: object, write: str) -> float:
    """`value` as a float in [0, 1)."""
    number = finite(name, value, write)
    if not 0 <= number < 1:
        raise ValueError(
            f"{name} must be at least 0 and less than 1, but {number} was given. Write for example {write}."
        )
    return number


def count(name: str, value: object, write: str, least: int = 1) -> int:
    """`value` as a whole number ≥ `least`."""
    if not is_number(value) or isinstance(value, (float, np.floating)):
        raise TypeError(
            f"{name} must be a whole number, but {short(value)} was given, which is a "
            f"{type(value).__name__}. Write for example {write}."
        )
    number = index(value)  # type: ignore[arg-type]  # is_number has looked
    if number < least:
        raise ValueError(f"{name} must be {least} or greater, but {number} was given. Write for example {write}.")
    return number
