"""The chain rule from numbers that somebody else found.

Given the graph of E, a quantity t in it, and claimed gradients g_q for quantities q between t and E, the graph

    S(t) = Σ_q g_q · q(t)  +  E(t with every q held fixed)

has as ∂S/∂t what the chain rule makes of the claimed g_q: a way from t to E is followed up to the first q on it,
and from there on the claim is believed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from autograd import functions
from autograd.order import arguments, topological
from autograd.value import Value, constant, node_of


def surrogate(
    root: Value, target: Sequence[Value], claimed: Mapping[Value, float], name: str, shape: tuple[int, ...]
) -> tuple[Value, list[Value]]:
    """S as a graph of its own, and its inputs: one fresh leaf for each element of `target`."""
    places, inputs = list(np.ndindex(shape)), set(target)
    claimed = {q: g for q, g in claimed.items() if q not in inputs}
    leaves = [
        Value(t._data if isinstance(t, Value) else float(t), f"{name}[{','.join(map(str, p))}]" if p else name)
        for t, p in zip(target, places, strict=True)
    ]
    stands_for: dict[Value, Value] = {q: constant(q._data) for q in claimed}
    stands_for.update({t: leaf for t, leaf in zip(target, leaves, strict=True) if isinstance(t, Value)})
    moved: dict[Value, Value] = {}  # the nodes that depend on t, made again
    _, made = topological(root)
    for node in made:
        args: tuple[Value, ...] = arguments(node)
        fresh = tuple(stands_for[a] if a in stands_for else moved.get(a, a) for a in args)
        if any(a in moved or a in inputs for a in args):
            copy = node_of(node._rule, fresh)
            copy._note = node._note
            moved[node] = copy
    terms = [(g, moved[q]) for q, g in claimed.items() if q in moved]
    end = next((leaf for t, leaf in zip(target, leaves, strict=True) if t is root), None) or moved.get(root)
    if root in claimed:
        end = None  # already among the terms
    parts = [functions.dot([g for g, _ in terms], [q for _, q in terms])] if terms else []
    if end is not None:
        parts.append(end)
    if not parts:  # E does not depend on t
        parts = [leaves[0] * 0.0]
    return (parts[0] if len(parts) == 1 else parts[0] + parts[1]), leaves
