"""Names: what is worth a name where a graph is written as statements, and how its leaves are called."""

from __future__ import annotations

import builtins
import keyword
from collections import Counter
from collections.abc import Iterable

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


def leaf_names(recording: Recording) -> dict[int, str]:
    """p0, p1, … and x0, x1, …; a label that can be a name, and is the only one of its kind, is used instead."""
    r = recording
    count = Counter([r.labels.get(i, "") for i in (*r.parameters, *r.inputs)])
    names: dict[int, str] = {}
    for letter, leaves in (("p", r.parameters), ("x", r.inputs)):
        for i, place in leaves.items():
            label = r.labels.get(i, "")
            names[i] = label if count[label] == 1 and _can_be_a_name(label) else f"{letter}{place}"
    return names


def _can_be_a_name(label: str) -> bool:
    ours = label[:1] in "pxvgsr" or label in python.FUNCTIONS or hasattr(builtins, label)
    return label.isidentifier() and label.isascii() and not keyword.iskeyword(label) and not ours
