"""Builder: a recording under construction, in which every new node is replaced by the simplest equal one.

The identities are one function for each operation, at the end: x + 0, log σ(z), exp(a)/Σ exp(a_k), … They know nothing
of slopes: what they return is differentiated like anything else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from autograd import rules
from autograd.compile.record import Recording, empty_like
from autograd.op import Op


class Builder:
    """A recording under construction: `make` returns the slot of the simplest equal node."""

    def __init__(self, like: Recording) -> None:
        self.out = empty_like(like)
        self.known: dict[object, int] = {}
        self.logs: dict[int, tuple[int, ...]] = {}  # log Σ exp(a_k) -> the a_k
        self.shifted_sums: dict[int, tuple[int, dict[int, int], int] | None] = {}

    def finish(self, new: list[int], recording: Recording) -> Recording:
        """The recording, with the results of `recording` at their new slots."""
        self.out.root = new[recording.root]
        self.out.penalty = None if recording.penalty is None else new[recording.penalty]
        return self.out

    def leaf(self, source: Recording, slot: int) -> int:
        """A copy of a leaf of another recording."""
        if slot in source.constants:
            return self.number(source.constants[slot])
        made = self.out.add(rules.LEAF)
        if slot in source.parameters:
            self.out.parameters[made] = source.parameters[slot]
        else:
            self.out.inputs[made] = source.inputs[slot]
        self.note(made, source.labels.get(slot), source.scopes.get(slot))
        return made

    def note(self, slot: int, label: str | None, scope: str | None) -> None:
        """Remember a label and a scope, unless there are some already."""
        if label:
            self.out.labels.setdefault(slot, label)
        if scope:
            self.out.scopes.setdefault(slot, scope)

    def number(self, value: float) -> int:
        """The slot of a constant."""
        key = (value, math.copysign(1.0, value))
        slot = self.known.get(key)
        if slot is None:
            slot = self.known[key] = self.out.add(rules.CONSTANT)
            self.out.constants[slot] = value
        return slot

    def node(self, op: Op, args: tuple[int, ...]) -> int:
        """The slot of exactly this node, shared with any equal one."""
        key = (op, args if op not in (rules.add, rules.mul) or args[0] < args[1] else (args[1], args[0]))
        slot = self.known.get(key)
        if slot is None:
            slot = self.known[key] = self.out.add(op, args)
        return slot

    def make(self, op: Op, args: tuple[int, ...]) -> int:
        """The slot of the simplest node that equals `op` of `args`."""
        constants = self.out.constants
        if all(a in constants for a in args):
            try:
                value = float(op.evaluate([constants[a] for a in args]))
            except (ArithmeticError, ValueError):
                return self.node(op, args)  # it will fail when it runs, as it should
            if math.isfinite(value):
                return self.number(value)
        rule = _RULES.get(op.name)
        slot = rule(self, *args) if rule else None
        return self.node(op, args) if slot is None else slot

    # -- What is this slot? ---------------------------------------------------------------------------------

    def is_number(self, slot: int, value: float) -> bool:
        """Whether the slot is this constant."""
        return self.out.constants.get(slot) == value

    def parts(self, slot: int, op: Op) -> tuple[int, ...] | None:
        """The arguments, if `op` made this slot."""
        return self.out.args[slot] if self.out.ops[slot] is op else None

    def one_plus(self, slot: int) -> int | None:
        """x, if this is 1 + x."""
        args = self.parts(slot, rules.add)
        if args:
            for one, x in (args, args[::-1]):
                if self.is_number(one, 1.0):
                    return x
        return None

    def multiple(self, slot: int) -> tuple[float, int]:
        """(c, x), if this is c·x; (1, itself) otherwise."""
        args = self.parts(slot, rules.mul)
        if args and args[0] in self.out.constants:
            return self.out.constants[args[0]], args[1]
        return 1.0, slot

    def gathered(self, x: int, y: int) -> int | None:
        """x + y where both are multiples of one node, or y is a sum of such a multiple (or a constant) and a rest."""
        c, base = self.multiple(x)
        d, other = self.multiple(y)
        if base == other:
            return self.make(rules.mul, (self.number(c + d), base))
        for op in (rules.add, rules.sub):
            terms = self.parts(y, op)
            for k, term in enumerate(terms or ()):
                rest = terms[1 - k] if terms else -1
                d, other = self.multiple(term)
                numbers = x in self.out.constants and term in self.out.constants
                if not numbers and base != other:
                    continue
                if op is rules.sub and k:
                    both = self.make(rules.sub, (x, term)) if numbers else self._times(c - d, base)
                    return self.make(rules.add, (rest, both))
                both = self.make(rules.add, (x, term)) if numbers else self._times(c + d, base)
                return self.make(op, (both, rest))
        return None

    def _times(self, c: float, slot: int) -> int:
        return self.make(rules.mul, (self.number(c), slot))

    # -- Sums of exponentials ---------------------------------------------------------------------------------

    def shifted(self, total: int) -> tuple[int, dict[int, int], int] | None:
        """For Σ exp(a_k): (m, {exp(a_k): exp(a_k - m)}, Σ exp(a_k - m)) with m = max a_k. None for anything else."""
        if total not in self.shifted_sums:
            self.shifted_sums[total] = self._shift(total)
        return self.shifted_sums[total]

    def log_sum_exp(self, a: int, y: int) -> int | None:
        """a + softplus(b - a) = log(e^a + e^b); of several such steps, one sum of exponentials."""
        step = self.parts(y, rules.softplus)
        difference = self.parts(step[0], rules.sub) if step else None
        if difference is None or difference[1] != a:
            return None
        terms = self.logs.get(a, (a,)) + self.logs.get(difference[0], (difference[0],))
        if len(terms) == 2:
            result = self.node(rules.add, (a, y))  # two terms are best left as they are
        else:
            largest, _, total = self._moved(terms)
            result = self.node(rules.add, (largest, self.make(rules.log, (total,))))
        self.logs[result] = terms
        return result

    def _shift(self, total: int) -> tuple[int, dict[int, int], int] | None:
        terms: list[int] = []
        todo = [total]
        while todo:
            slot = todo.pop()
            if self.out.ops[slot] in (rules.add, rules.total):
                todo += reversed(self.out.args[slot])
            elif self.out.ops[slot] is rules.exp:
                terms.append(slot)
            else:
                return None
        if len(terms) < 2:
            return None
        exponents = [self.out.args[t][0] for t in terms]
        already = {self.parts(a, rules.sub) or (a, -1) for a in exponents}
        if len({m for _, m in already}) == 1 and self.out.ops[next(iter(already))[1]] is rules.maximum:
            return None  # the user has shifted it
        m, moved, total = self._moved(exponents)
        return m, dict(zip(terms, moved, strict=True)), total

    def _moved(self, exponents: Sequence[int]) -> tuple[int, list[int], int]:
        """m = max a_k, held; the exp(a_k - m); and their sum."""
        m = self.node(rules.maximum, tuple(dict.fromkeys(exponents)))
        self.out.held.add(m)
        moved = [self.make(rules.exp, (self.make(rules.sub, (a, m)),)) for a in exponents]
        return m, moved, self.make(rules.total, tuple(moved))


# -- One function for each operation that has something to simplify; None: nothing to do ------------------------


def _add(b: Builder, x: int, y: int) -> int | None:
    if b.is_number(x, 0.0):
        return y
    if b.is_number(y, 0.0):
        return x
    if minus := b.parts(y, rules.neg):
        return b.make(rules.sub, (x, minus[0]))
    if minus := b.parts(x, rules.neg):
        return b.make(rules.sub, (y, minus[0]))
    return b.log_sum_exp(x, y) or b.log_sum_exp(y, x) or b.gathered(x, y) or b.gathered(y, x)


def _sub(b: Builder, x: int, y: int) -> int | None:
    if b.is_number(y, 0.0):
        return x
    if b.is_number(x, 0.0):
        return b.make(rules.neg, (y,))
    if x == y:
        return b.number(0.0)
    if minus := b.parts(y, rules.neg):
        return b.make(rules.add, (x, minus[0]))
    if y in b.out.constants and any(term in b.out.constants for term in b.parts(x, rules.add) or ()):
        return b.make(rules.add, (x, b.number(-b.out.constants[y])))
    return None


def _neg(b: Builder, x: int) -> int | None:
    if minus := b.parts(x, rules.neg):
        return minus[0]
    if difference := b.parts(x, rules.sub):
        return b.make(rules.sub, difference[::-1])
    return None


def _mul(b: Builder, x: int, y: int) -> int | None:
    constants = b.out.constants
    if y in constants:
        x, y = y, x
    if x in constants:
        c = constants[x]
        if c == 0.0:
            return b.number(0.0)
        if c == 1.0:
            return y
        if c == -1.0:
            return b.make(rules.neg, (y,))
        if minus := b.parts(y, rules.neg):
            return b.make(rules.mul, (b.number(-c), minus[0]))
        if (inner := b.parts(y, rules.mul)) and inner[0] in constants and math.isfinite(c * constants[inner[0]]):
            return b.make(rules.mul, (b.number(c * constants[inner[0]]), inner[1]))
        return b.node(rules.mul, (x, y))
    if minus := b.parts(x, rules.neg):
        return b.make(rules.neg, (b.make(rules.mul, (minus[0], y)),))
    if minus := b.parts(y, rules.neg):
        return b.make(rules.neg, (b.make(rules.mul, (x, minus[0])),))
    return None


def _div(b: Builder, x: int, y: int) -> int | None:
    constants = b.out.constants
    if y in constants:
        c = constants[y]
        return b.make(rules.mul, (b.number(1.0 / c), x)) if c != 0.0 and math.isfinite(1.0 / c) else None
    if minus := b.parts(x, rules.neg):
        return b.make(rules.neg, (b.make(rules.div, (minus[0], y)),))
    other = b.one_plus(y)
    power = b.parts(other, rules.exp) if other is not None else None
    if power and x in constants:  # c/(1 + exp(u)) = c·σ(-u)
        return b.make(rules.mul, (x, b.make(rules.sigmoid, (b.make(rules.neg, power),))))
    if power and x == other:  # exp(u)/(1 + exp(u)) = σ(u)
        return b.make(rules.sigmoid, power)
    if b.out.ops[x] is rules.exp and (sums := b.shifted(y)) and x in sums[1]:
        return b.make(rules.div, (sums[1][x], sums[2]))
    return None


def _power(b: Builder, x: int, n: int) -> int | None:
    exponent = b.out.constants.get(n)
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
    return b.make(rules.power, (x, y)) if y in b.out.constants else None


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
    if sums := b.shifted(x):
        return b.make(rules.add, (sums[0], b.make(rules.log, (sums[2],))))
    return None


def _shifted_already(b: Builder, total: int) -> bool:
    """Whether this is a sum of exponentials, one of which is exp(0) or close to it: its log is safe."""
    terms = b.parts(total, rules.total) or b.parts(total, rules.add) or ()
    return bool(terms) and all(b.out.ops[t] in (rules.exp, rules.add, rules.total) for t in terms)


def _log1p(b: Builder, x: int) -> int | None:
    if u := b.parts(x, rules.exp):
        return b.make(rules.softplus, u)
    if (minus := b.parts(x, rules.neg)) and (z := b.parts(minus[0], rules.sigmoid)):
        return b.make(rules.neg, (b.make(rules.softplus, z),))
    return None


def _total(b: Builder, *terms: int) -> int | None:
    numbers = [t for t in terms if t in b.out.constants]
    rest = [t for t in terms if t not in b.out.constants]
    constant = b.number(math.fsum(b.out.constants[t] for t in numbers))
    if len(rest) < 2:
        return b.make(rules.add, (rest[0], constant)) if rest else constant
    if numbers:
        return b.make(rules.add, (b.make(rules.total, tuple(rest)), constant))
    return b.make(rules.add, (rest[0], rest[1])) if len(rest) == 2 else None


def _dot(b: Builder, *args: int) -> int | None:
    constants, n = b.out.constants, len(args) // 2
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
    if c in b.out.constants:
        return x if b.out.constants[c] > 0 else y
    return None


_RULES: dict[str, Callable[..., int | None]] = {
    "add": _add, "sub": _sub, "neg": _neg, "mul": _mul, "div": _div, "copy": lambda b, x: x,
    "power": _power, "pow": _pow, "log": _log, "log1p": _log1p, "total": _total, "dot": _dot, "where": _where,
}  # fmt: skip
