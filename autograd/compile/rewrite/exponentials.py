"""Sums of exponentials, so that nothing overflows: log Σ exp(a_k) and exp(a_i)/Σ exp(a_k), shifted by m = max a_k.

All the slopes along m cancel, so m is *held*: no gradient passes through it.
"""

from __future__ import annotations

from collections.abc import Sequence

from autograd import rules
from autograd.compile.rewrite.builder import Builder

LONG = 100  # terms: a sum to which one step at a time is added is built anew at each step, so not for ever


def log_sum_exp(b: Builder, a: int, y: int) -> int | None:
    """a + softplus(b - a) = log(e^a + e^b); of several such steps, one sum of exponentials."""
    step = b.parts(y, rules.softplus)
    difference = b.parts(step[0], rules.sub) if step else None
    if difference is None or difference[1] != a:
        return None
    first, second = b.logs.get(a, (a,)), b.logs.get(difference[0], (difference[0],))
    terms = first + second
    if len(terms) > LONG and min(len(first), len(second)) == 1:
        return None
    if len(terms) == 2:
        result = b.node(rules.add, (a, y))  # two terms are best left as they are
    else:
        largest, _, total = _moved(b, terms)
        result = b.node(rules.add, (largest, b.make(rules.log, (total,))))
    b.logs[result] = terms
    return result


def shifted(b: Builder, total: int) -> tuple[int, dict[int, int], int] | None:
    """For Σ exp(a_k): (m, {exp(a_k): exp(a_k - m)}, Σ exp(a_k - m)) with m = max a_k. None for anything else."""
    if total not in b.shifted:
        terms = _exponentials(b, total)
        if not terms or _is_shifted(b, terms):
            b.shifted[total] = None
        else:
            m, moved, whole = _moved(b, [b.args[t][0] for t in terms])
            b.shifted[total] = m, dict(zip(terms, moved, strict=True)), whole
    return b.shifted[total]


def _exponentials(b: Builder, total: int) -> list[int]:
    """The terms, if this is a sum of two or more exponentials; [] for anything else."""
    terms: list[int] = []
    todo, seen = [total], set()
    while todo:
        slot = todo.pop()
        if b.ops[slot] is rules.exp:
            terms.append(slot)
        elif b.ops[slot] in (rules.add, rules.total) and slot not in seen:
            seen.add(slot)  # a sum that occurs twice could be one of very many terms
            todo += reversed(b.args[slot])
        else:
            return []
    return terms if len(terms) > 1 else []


def _is_shifted(b: Builder, terms: list[int]) -> bool:
    """Whether these are exp(a_k - m) with one m that is a maximum: the user has shifted them."""
    differences = [b.parts(b.args[t][0], rules.sub) for t in terms]
    (m, *others) = {d[1] if d else -1 for d in differences}
    return not others and m >= 0 and b.ops[m] is rules.maximum


def _moved(b: Builder, exponents: Sequence[int]) -> tuple[int, list[int], int]:
    """m = max a_k, held; the exp(a_k - m); and their sum."""
    different = tuple(dict.fromkeys(exponents))
    m = b.held(different) if len(different) > 1 else different[0]  # e^a + e^a is 2·e^a
    moved = [b.make(rules.exp, (b.make(rules.sub, (a, m)),)) for a in exponents]
    return m, moved, b.make(rules.total, tuple(moved))
