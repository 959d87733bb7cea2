"""Names: what is worth a name where a graph is written as statements, and how its leaves are called."""

from __future__ import annotations

import builtins
import keyword
import re
from collections import Counter
from collections.abc import Iterable

import numpy as np

from autograd import rules
from autograd.compile.record import Recording
from autograd.compile.slopes import needs
from autograd.op import Op
from autograd.spell import python

REPEATS = frozenset({rules.RULES[name] for name in (*python.WRITTEN_OUT, "power")})  # write their arguments twice


def live(recording: Recording, root: int) -> bytearray:
    """For each slot up to the root, whether the root is made from it."""
    if recording.penalty is None:
        return bytearray(b"\1" * (root + 1))  # a recording holds nothing else
    result = bytearray(root + 1)
    result[root] = 1
    for i in range(root, -1, -1):
        if result[i]:
            for a in recording.args[i]:
                result[a] = 1
    return result


def active(recording: Recording) -> bytearray:
    """For each slot, whether it depends on a parameter, other than through a held slot."""
    result = bytearray(len(recording))
    for i in recording.parameters:
        result[i] = 1
    for i, args in enumerate(recording.args):
        for a in args:
            if result[a]:
                result[i] = i not in recording.held
                break
    return result


def named(recording: Recording, root: int, live: bytearray, active: bytearray) -> bytearray:
    """For each slot up to the root, whether its text would stand in more than one place, forward or backward."""
    used, result = bytearray(root + 1), bytearray(root + 1)
    used[root] = 1
    known: dict[Op, tuple[bool, tuple[tuple[int, int], ...]]] = {}
    for i, (op, args) in enumerate(zip(recording.ops[: root + 1], recording.args, strict=False)):
        if not args or not live[i]:
            continue
        if op not in known:
            known[op] = (op in REPEATS, needs(op))
        repeats, needed = known[op]
        for a in args:
            if used[a] or repeats:
                result[a] = 1
            else:
                used[a] = 1
        if op is rules.dot:
            for w, x in pairs(args):
                result[x] |= active[w]
                result[w] |= active[x]
        elif needed and active[i]:
            for k, place in needed:
                if active[args[k]]:
                    result[args[place - 1] if place else i] = 1
    return result


def pairs(args: tuple[int, ...]) -> Iterable[tuple[int, int]]:
    """The factors of a dot: (w_1, x_1), (w_2, x_2), …"""
    n = len(args) // 2
    return zip(args[:n], args[len(args) - n :], strict=True)


def parameter_names(recording: Recording) -> list[str]:
    """p0, p1, …; a label that can be a name, and is the only one of its kind, is used instead."""
    labels = {place: recording.labels.get(i, "") for i, place in recording.parameters.items()}
    count = Counter(labels.values())
    names = []
    for k in range(recording.parameter_count):
        label = labels.get(k, "")
        good = count[label] == 1 and _can_be_a_name(label) and not re.fullmatch(r"x\d+", label)
        names.append(label if good else f"p{k}")
    return names


def input_names(recording: Recording, taken: list[str]) -> list[str]:
    """What the cost calls them, t for a number and x0, x1, … for a row; x0, x1, … for all where that cannot be."""
    names = [
        name + "_".join(map(str, place))
        for name, shape in zip(recording.names, recording.shapes, strict=True)
        for place in np.ndindex(shape)
    ]
    if len({*names, *taken}) == len(names) + len(taken) and all(map(_can_be_a_name, names)):
        return names
    return [f"x{k}" for k in range(len(names))]


def _can_be_a_name(label: str) -> bool:
    ours = re.fullmatch(r"[pvgr]\d+|s", label) or label in python.FUNCTIONS or hasattr(builtins, label)
    return label.isidentifier() and label.isascii() and not keyword.iskeyword(label) and not ours
