"""Shared sums: sums that are used more than once, and yet are better written out in each sum that they are part of.

Sums over neighbours begin alike, and so share their beginnings; a running sum s_k = s_(k-1) + x_k is made of the one
before. Node by node they are steps, one after the other. Written out, they are rows of one matrix: see
`autograd.compile.matrix.mixing`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection

from autograd import rules
from autograd.compile.linear import is_sum
from autograd.compile.record import Recording

SHORT = 16  # terms of a sum that may be written out,
TWICE = 3  # if that makes no more than so many times as many terms
STEPS = 4  # sums in a row that are a running sum,
LONG = 64  # and how many terms of one may be written out


def written_out(r: Recording, count: list[int], added: Collection[int], weighted: Collection[int]) -> list[int]:
    """The slots that are written out in sums, and do not have a column unless something else needs it.

    `added`: what is used in sums only. `weighted`: products that have no column. What has none otherwise, but should
    have one for this reason, is given a `count` of 2.

    c_1·x and c_2·x are written out, too, where there are several multiples of one x, or x is a product.
    """
    multiples = Counter(_base(r, i) for i in added if r.ops[i] is rules.mul and is_sum(r, i))
    depths = _depths(r)
    running = _running(r, count, depths)
    length: dict[int, float] = {}  # how many terms a sum has when those in it are written out; inf if it must not be
    result: list[int] = []
    out = set[int]()
    for i in range(len(r)):
        if not is_sum(r, i) or (i not in added and i not in running):
            continue
        base = _base(r, i) if r.ops[i] is rules.mul else -1
        if count[i] > 1 and count[base] == 1 and length.get(base) == math.inf:
            count[base] = 2  # a column of x, not of c·x
            multiples[base] = 2
        products = [x for x in r.args[i] if length.get(x) == math.inf and depths[x] == depths[i]]
        if any(count[x] > 1 for x in products):  # one of them has a column, so that all have
            for x in products:
                count[x] = 2
        terms: list[float] = []
        for x in r.args[i]:
            # What a step of an iteration adds to what was there before is no part of a matrix: it is deeper
            if (_is_product(r, x) and (count[x] == 1 or x in weighted)) or depths[x] < depths[i]:
                terms.append(math.inf)
            elif x in length and (count[x] == 1 or x in out):
                terms.append(length[x])
            elif x not in r.constants:
                terms.append(1)
        n = length[i] = math.inf if r.ops[i] is rules.dot else sum(terms)
        alone = base >= 0 and multiples[base] == 1
        short = i in added and n <= SHORT and n * count[i] <= TWICE * (n + count[i])
        if count[i] > 1 and not alone and (short or (i in running and n <= LONG)):
            out.add(i)
            result.append(i)
    return result


def _running(r: Recording, count: list[int], depths: list[float]) -> set[int]:
    """Sums that are part of a running sum of terms of one kind."""
    steps: dict[int, int] = {}  # how many sums in a row end here
    kinds: dict[int, object] = {}  # of the terms; None: of several kinds
    before: dict[int, list[int]] = {}
    for i, args in enumerate(r.args):
        if not is_sum(r, i) or r.ops[i] in (rules.mul, rules.dot):
            continue
        before[i] = [x for x in args if x in steps and depths[x] == depths[i]]
        found = {kinds[x] if x in before[i] else _kind(r, x) for x in args if x not in r.constants}
        kinds[i] = found.pop() if len(found) == 1 else None
        steps[i] = (count[i] > 1) + max((steps[x] for x in before[i] if kinds[i] is not None), default=0)
    for i in reversed(steps):
        for x in before[i]:
            if kinds[i] is not None:
                steps[x] = max(steps[x], steps[i])
    return {i for i, n in steps.items() if n >= STEPS and kinds[i] is not None}


def _kind(r: Recording, slot: int) -> object:
    if r.ops[slot] is rules.mul and is_sum(r, slot):
        slot = _base(r, slot)
    return r.ops[slot].name, slot in r.parameters


def _depths(r: Recording) -> list[float]:
    """How many operations that are no sums lie below each slot, one above the other; inf for a constant."""
    result: list[float] = []
    for i, args in enumerate(r.args):
        below = max((result[x] for x in args if x not in r.constants), default=0.0)
        plain = bool(args) and (not is_sum(r, i) or r.ops[i] is rules.dot)
        result.append(math.inf if i in r.constants else below + plain)
    return result


def _is_product(r: Recording, slot: int) -> bool:
    """Whether this is a part of a matrix product: also a parameter times a constant, which is a number of the data."""
    if r.ops[slot] is rules.mul:
        return not is_sum(r, slot) or _base(r, slot) in r.parameters
    return r.ops[slot] is rules.dot


def _base(r: Recording, slot: int) -> int:
    """x, of c·x."""
    x, y = r.args[slot]
    return y if x in r.constants else x
