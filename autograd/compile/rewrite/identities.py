"""Identities: what equals an operation and is simpler, a function for each operation: x + 0, log σ(z), c/(1 + exp(u)).

They know nothing of slopes: what they return is differentiated like anything else. None: nothing to do.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from autograd import rules
from autograd.compile.rewrite.builder import Builder
from autograd.compile.rewrite.exponentials import log_sum_exp, shifted
from autograd.op import Op

ADD, SUB, NEG, MUL, CONSTANT = rules.add, rules.sub, rules.neg, rules.mul, rules.CONSTANT  # found faster here
SUMS = frozenset({ADD, SUB})
MEETING = SUMS | {rules.softplus}  # something in these may meet something in the other term of a sum


def _add(b: Builder, x: int, y: int) -> int | None:
    first, second = b.ops[x], b.ops[y]
    if first is CONSTANT and b.is_number(x, 0.0):
        return y
    if second is CONSTANT and b.is_number(y, 0.0):
        return x
    if second is NEG:
        return b.make(SUB, (x, b.args[y][0]))
    if first is NEG:
        return b.make(SUB, (y, b.args[x][0]))
    if b.bases[x] != b.bases[y] and first not in MEETING and second not in MEETING:
        return None
    for a, z, op in ((x, y, second), (y, x, first)):
        if op is rules.softplus and (made := log_sum_exp(b, a, z)) is not None:
            return made
    if (made := _gathered(b, x, y)) is not None or (made := _gathered(b, y, x)) is not None:
        return made
    if first in SUMS and second in SUMS:
        (c, base, k), (d, other, m) = _affine(b, x), _affine(b, y)
        if base == other:
            return b.make(rules.add, (_times(b, c + d, base), b.number(k + m)))
    return None


def _affine(b: Builder, slot: int) -> tuple[float, int, float]:
    """(c, x, k), if this is c·x + k."""
    if b.ops[slot] not in SUMS:
        return *b.multiple(slot), 0.0
    x, y = b.args[slot]
    sign = 1.0 if b.ops[slot] is rules.add else -1.0
    if x in b.constants:
        c, base = b.multiple(y)
        return sign * c, base, b.constants[x]
    return (*b.multiple(x), sign * b.constants[y]) if y in b.constants else (1.0, slot, 0.0)


def _gathered(b: Builder, x: int, y: int) -> int | None:
    """x + y where both are multiples of one node, or y is a sum of such a multiple (or a constant) and a rest."""
    bases, op = b.bases, b.ops[y]
    base = bases[x]
    if bases[y] == base:
        return _times(b, b.multiple(x)[0] + b.multiple(y)[0], base)
    if op is not ADD and op is not SUB:
        return None
    p, q = b.args[y]
    if base != bases[p] and base != bases[q] and x not in b.constants:
        return None
    for k, term in enumerate(b.args[y]):
        rest = b.args[y][1 - k]
        numbers = x in b.constants and term in b.constants
        if not numbers and bases[term] != base:
            continue
        c, d = b.multiple(x)[0], b.multiple(term)[0]
        if op is rules.sub and k:
            both = b.make(rules.sub, (x, term)) if numbers else _times(b, c - d, base)
            return b.make(rules.add, (rest, both))
        both = b.make(rules.add, (x, term)) if numbers else _times(b, c + d, base)
        return b.make(op, (both, rest))
    return None


def _times(b: Builder, c: float, slot: int) -> int:
    return b.make(rules.mul, (b.number(c), slot))


def _sub(b: Builder, x: int, y: int) -> int | None:
    if b.is_number(y, 0.0):
        return x
    if b.is_number(x, 0.0):
        return b.make(rules.neg, (y,))
    if x == y:
        return b.number(0.0)
    if minus := b.parts(y, rules.neg):
        return b.make(rules.add, (x, minus[0]))
    if y in b.constants and any(term in b.constants for term in b.parts(x, rules.add) or ()):
        return b.make(rules.add, (x, b.number(-b.constants[y])))
    return None


def _neg(b: Builder, x: int) -> int | None:
    if minus := b.parts(x, rules.neg):
        return minus[0]
    if difference := b.parts(x, rules.sub):
        return b.make(rules.sub, difference[::-1])
    return None


def _mul(b: Builder, x: int, y: int) -> int | None:
    constants, ops = b.constants, b.ops
    if ops[y] is CONSTANT:
        x, y = y, x
    if ops[x] is CONSTANT:
        c = constants[x]
        if c == 0.0:
            return b.number(0.0)
        if c == 1.0:
            return y
        if c == -1.0:
            return b.make(NEG, (y,))
        if ops[y] is NEG:
            return b.make(MUL, (b.number(-c), b.args[y][0]))
        inner, base = b.multiple(y)
        if base != y and math.isfinite(c * inner):
            return b.make(MUL, (b.number(c * inner), base))
        return b.node(MUL, (x, y))
    if ops[x] is NEG:
        return b.make(NEG, (b.make(MUL, (b.args[x][0], y)),))
    if ops[y] is NEG:
        return b.make(NEG, (b.make(MUL, (x, b.args[y][0])),))
    if x != y and b.bases[x] == b.bases[y]:  # (c·x)·x
        (c, base), (d, _) = b.multiple(x), b.multiple(y)
        return _times(b, c * d, b.node(MUL, (base, base)))
    return None


def _div(b: Builder, x: int, y: int) -> int | None:
    constants = b.constants
    if y in constants:
        c = constants[y]
        return b.make(rules.mul, (b.number(1.0 / c), x)) if c != 0.0 and math.isfinite(1.0 / c) else None
    if minus := b.parts(x, rules.neg):
        return b.make(rules.neg, (b.make(rules.div, (minus[0], y)),))
    if b.is_number(x, 0.0) and (b.ops[y] is rules.exp or shifted(b, y)):  # where a mask has made exp(a) 0
        return x
    other = b.one_plus(y)
    power = b.parts(other, rules.exp) if other is not None else None
    if power and x in constants:  # c/(1 + exp(u)) = c·σ(-u)
        return b.make(rules.mul, (x, b.make(rules.sigmoid, (b.make(rules.neg, power),))))
    if power and x == other:  # exp(u)/(1 + exp(u)) = σ(u)
        return b.make(rules.sigmoid, power)
    if b.ops[x] is rules.exp and (sums := shifted(b, y)) and x in sums[1]:
        return b.make(rules.div, (sums[1][x], sums[2]))
    return None


def _power(b: Builder, x: int, n: int) -> int | None:
    exponent = b.constants.get(n)
    if exponent == 0.0:
        return b.number(1.0)
    if exponent == 1.0:
        return x
    if exponent == 2.0:
        return b.make(rules.mul, (x, x))
    if exponent == -1.0:
        return b.make(rules.div, (b.number(1.0), x))
    if exponent == 0.5:
        return b.make(rules.sqrt, (x,))
    return None


def _pow(b: Builder, x: int, y: int) -> int | None:
    return b.make(rules.power, (x, y)) if y in b.constants else None


def _log(b: Builder, x: int) -> int | None:
    if exponent := b.parts(x, rules.exp):
        return exponent[0]
    if z := b.parts(x, rules.sigmoid):
        return b.make(rules.neg, (b.make(rules.softplus, (b.make(rules.neg, z),)),))
    if (other := b.one_plus(x)) is not None and (u := b.parts(other, rules.exp)):
        return b.make(rules.softplus, u)
    if (rest := b.parts(x, rules.sub)) and b.is_number(rest[0], 1.0) and (z := b.parts(rest[1], rules.sigmoid)):
        return b.make(rules.neg, (b.make(rules.softplus, z),))
    if (ratio := b.parts(x, rules.div)) and (above := b.parts(ratio[0], rules.exp)) and _shifted_already(b, ratio[1]):
        return b.make(rules.sub, (above[0], b.make(rules.log, (ratio[1],))))
    if sums := shifted(b, x):
        return b.make(rules.add, (sums[0], b.make(rules.log, (sums[2],))))
    return None


def _shifted_already(b: Builder, total: int) -> bool:
    """Whether this is a sum of exponentials, one of which is exp(0) or close to it: its log is safe."""
    terms = b.parts(total, rules.total) or b.parts(total, rules.add) or ()
    return bool(terms) and all(b.ops[t] in (rules.exp, rules.add, rules.total) for t in terms)


def _log1p(b: Builder, x: int) -> int | None:
    if u := b.parts(x, rules.exp):
        return b.make(rules.softplus, u)
    if (minus := b.parts(x, rules.neg)) and (z := b.parts(minus[0], rules.sigmoid)):
        return b.make(rules.neg, (b.make(rules.softplus, z),))
    return None


def _total(b: Builder, *terms: int) -> int | None:
    numbers = [t for t in terms if t in b.constants]
    rest = [t for t in terms if t not in b.constants]
    constant = b.number(math.fsum(b.constants[t] for t in numbers))
    if len(rest) < 2:
        return b.make(rules.add, (rest[0], constant)) if rest else constant
    if numbers:
        return b.make(rules.add, (b.make(rules.total, tuple(rest)), constant))
    return b.make(rules.add, (rest[0], rest[1])) if len(rest) == 2 else None


def _dot(b: Builder, *args: int) -> int | None:
    constants, n = b.constants, len(args) // 2
    kept, extra = [], list(args[n : len(args) - n])
    for w, x in zip(args[:n], args[-n:], strict=True):
        if w in constants or x in constants:
            extra.append(b.make(rules.mul, (w, x)))
        else:
            kept.append((w, x))
    if len(kept) == n and n > 1:
        return None
    if len(kept) > 1:
        extra.append(b.node(rules.dot, tuple(w for w, _ in kept) + tuple(x for _, x in kept)))
    else:
        extra += [b.make(rules.mul, pair) for pair in kept]
    return b.make(rules.total, tuple(extra))


def _where(b: Builder, c: int, x: int, y: int) -> int | None:
    if c in b.constants:
        return x if b.constants[c] > 0 else y
    return None


IDENTITIES: dict[Op, Callable[..., int | None]] = {
    rules.add: _add, rules.sub: _sub, rules.neg: _neg, rules.mul: _mul, rules.div: _div, rules.copy: lambda b, x: x,
    rules.power: _power, rules.pow: _pow, rules.log: _log, rules.log1p: _log1p, rules.total: _total, rules.dot: _dot,
    rules.where: _where,
}  # fmt: skip
