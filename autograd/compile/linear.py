"""Linear forms: a sum written as Σ coefficient · term + constant, whatever way it was added up.

``a + (b - 2 * c) + 1``, ``sum([a, b, -c, -c]) + 1`` and a loop with ``+=`` are one and the same form. Only nodes that
are used once are looked into: a sum that somebody else needs, too, is computed for itself.
"""

from __future__ import annotations

from autograd import rules
from autograd.compile.record import Recording

SUMS = frozenset({rules.add, rules.sub, rules.neg, rules.total, rules.copy})
Form = tuple[list[tuple[float, int]], float]  # the terms as (coefficient, slot), and the constant


def uses(recording: Recording) -> list[int]:
    """How often each slot is an argument of one that is needed; the results count as one use each."""
    count = [0] * len(recording)
    count[recording.root] += 1
    if recording.penalty is not None:
        count[recording.penalty] += 1
    for i in range(len(recording) - 1, -1, -1):
        if count[i]:
            for a in recording.args[i]:
                count[a] += 1
    return count


def is_sum(recording: Recording, slot: int) -> bool:
    """Whether this node adds things up (or multiplies by a constant) and so can be part of a longer sum."""
    op = recording.ops[slot]
    if op is rules.mul:
        x, y = recording.args[slot]
        return x in recording.constants or y in recording.constants
    return op in SUMS or op is rules.dot


def form(recording: Recording, slot: int, count: list[int]) -> tuple[Form, list[tuple[float, int, int]]]:
    """The linear form of a sum node, and the products of its dots: ((terms, constant), [(coefficient, w, x)]).

    Sums below that are used once are part of it.
    """
    ops, args, constants = recording.ops, recording.args, recording.constants
    terms: list[tuple[float, int]] = []
    products: list[tuple[float, int, int]] = []
    constant = 0.0
    todo = [(1.0, slot)]
    while todo:
        c, i = todo.pop()
        if i in constants:
            constant += c * constants[i]
            continue
        if i != slot and (count[i] != 1 or not is_sum(recording, i)):
            terms.append((c, i))
            continue
        op, a = ops[i], args[i]
        if op is rules.sub:
            todo += [(-c, a[1]), (c, a[0])]
        elif op is rules.neg:
            todo.append((-c, a[0]))
        elif op is rules.mul:
            k, x = (a[0], a[1]) if a[0] in constants else (a[1], a[0])
            todo.append((c * constants[k], x))
        elif op is rules.dot:
            n = len(a) // 2
            todo += [(c, offset) for offset in a[n : len(a) - n]]
            for w, x in zip(a[:n], a[-n:], strict=True):
                if w in constants:
                    todo.append((c * constants[w], x))
                elif x in constants:
                    todo.append((c * constants[x], w))
                else:
                    products.append((c, w, x))
        else:
            todo += [(c, x) for x in reversed(a)]
    return (terms, constant), products
