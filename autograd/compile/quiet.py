"""Quiet: NumPy without its warnings. Programs look for inf and NaN in what comes out, and name the node and the row."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from typing import Any

import numpy as np

_CONTEXT = copy_context()
_CONTEXT.run(np.seterr, all="ignore")


def quietly(f: Callable[..., Any], *args: Any) -> Any:
    """``f(*args)`` with NumPy's warnings off.

    NumPy 2 keeps that setting in the context, so that running in a copy of one that has it is all that is needed, at
    a tenth of the time of `np.errstate`.
    """
    return _CONTEXT.copy().run(f, *args)


if int(np.__version__.split(".")[0]) < 2:

    def quietly(f: Callable[..., Any], *args: Any) -> Any:
        """``f(*args)`` with NumPy's warnings off."""
        with np.errstate(all="ignore"):
            return f(*args)
