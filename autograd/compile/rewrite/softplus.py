"""softplus(z) and softplus(-z) in one sum: the cross-entropy of a sigmoid, -t·log σ(z) - (1 - t)·log(1 - σ(z)).

softplus(-z) = softplus(z) - z, and so t·softplus(-z) + (1 - t)·softplus(z) = softplus(z) - t·z.
"""

from __future__ import annotations

from typing import NamedTuple

from autograd import rules
from autograd.compile.linear import form, is_sum, uses
from autograd.compile.record import Recording
from autograd.compile.rewrite.builder import Builder


class Twin(NamedTuple):
    """One of two nodes softplus(z) and softplus(-z): the first of them, z, and whether this is the second."""

    plus: int
    z: int
    minus: bool


class Term(NamedTuple):
    """c · factor · twin in a sum, by slots; a factor of None is 1."""

    c: float
    factor: int | None
    twin: int


def meet(recording: Recording, build: Builder) -> Recording:
    """L·softplus(-z) + M·softplus(z) with L + M constant becomes (L + M)·softplus(z) - L·z.

    The builder is the one that has made this very recording: what changes is added at its end.
    """
    twins = _twins(recording)
    return _Meeting(recording, twins, build).rewritten() if twins else recording


def _twins(recording: Recording) -> dict[int, Twin]:
    """For softplus nodes that come as a pair."""
    ops, args = recording.ops, recording.args
    plus = {args[i][0]: i for i, op in enumerate(ops) if op is rules.softplus}
    differences = {args[z]: z for z in plus if ops[z] is rules.sub}
    twins: dict[int, Twin] = {}
    for u, i in plus.items():
        z = args[u][0] if ops[u] is rules.neg else -1
        if ops[u] is rules.sub:  # -(a - b) was turned into b - a
            z = differences.get(args[u][::-1], -1)
        if z in plus and i not in twins:
            twins[i], twins[plus[z]] = Twin(plus[z], z, True), Twin(plus[z], z, False)
    return twins


class _Meeting:
    """One pass over a recording, in which every sum is looked through for pairs."""

    def __init__(self, recording: Recording, twins: dict[int, Twin], build: Builder) -> None:
        self.r, self.twins, self.count = recording, twins, uses(recording)
        self.build = build
        self.new = list(range(min(twins)))  # what became of each slot so far

    def rewritten(self) -> Recording:
        r, new, rest = self.r, self.new, range(len(self.new), len(self.r))
        sums = {i for i in rest if self.count[i] and is_sum(r, i)}
        outer = sums.difference(a for i in sums for a in r.args[i] if self.count[a] == 1)
        for i in rest:
            made = self._sum(i) if i in outer else None
            if made is None:
                made = i if all(new[a] == a for a in r.args[i]) else self.build.copy(r, i, new)
            new.append(made)
        return self.build.finish(new, r)

    def _sum(self, slot: int) -> int | None:
        """The sum in which all pairs have met; None if there are none."""
        r = self.r
        (terms, constant), products = form(r, slot, self.count)
        pairs: dict[tuple[int, int], list[Term]] = {}
        others: list[tuple[float, tuple[int, ...]]] = []
        every = [(c, r.args[t] if r.ops[t] is rules.mul else (t,)) for c, t in terms]
        for c, factors in every + [(c, (w, x)) for c, w, x in products]:
            found = self._term(c, factors)
            if found is None:
                others.append((c, factors))
            else:
                pairs.setdefault(self.twins[found.twin][:2], []).append(found)
        met = {pair: self._met(pair, both) if pair[0] < slot else [] for pair, both in pairs.items()}
        if not any(met.values()):
            return None
        pieces: list[int] = []
        for pair, both in pairs.items():
            pieces += met[pair] or [self._product(c, (u,) if f is None else (f, u)) for c, f, u in both]
        pieces += [self._product(c, factors) for c, factors in others]
        return self.build.make(rules.total, (*pieces, self.build.number(constant)))

    def _term(self, c: float, factors: tuple[int, ...]) -> Term | None:
        """These factors, if one of them is a twin."""
        plain = []
        for factor in factors:
            while self.r.ops[factor] is rules.neg:
                c, factor = -c, self.r.args[factor][0]
            plain.append(factor)
        for k, factor in enumerate(plain):
            if factor in self.twins:
                return Term(c, plain[1 - k] if len(plain) == 2 else None, factor)
        return None

    def _met(self, pair: tuple[int, int], both: list[Term]) -> list[int]:
        """L·softplus(-z) + M·softplus(z) as (L + M)·softplus(z) and -L·z; [] where L + M is not constant."""
        plus, z = pair
        minus = [t for t in both if self.twins[t.twin].minus]
        slots, constant = self._linear(both)
        if not minus or any(slots.values()):
            return []
        factors, rest = self._linear(minus)
        products = [self._product(-c, (factor, z)) for factor, c in factors.items()]
        return [self._product(constant, (plus,)), *products, self._product(-rest, (z,))]

    def _linear(self, terms: list[Term]) -> tuple[dict[int, float], float]:
        """The factors Σ c·L of these terms, as {slot: coefficient} and a constant."""
        slots: dict[int, float] = {}
        constant = 0.0
        for c, factor, _ in terms:
            if factor is None:
                constant += c
                continue
            parts, number = [(1.0, factor)], 0.0
            if is_sum(self.r, factor):
                linear, products = form(self.r, factor, self.count)
                if not products:
                    parts, number = linear
            constant += c * number
            for k, t in parts:
                slots[t] = slots.get(t, 0.0) + c * k
        return slots, constant

    def _product(self, c: float, factors: tuple[int, ...]) -> int:
        """A term of the new sum, from slots of the old recording."""
        made = [self.new[f] for f in factors]
        product = made[0] if len(made) == 1 else self.build.make(rules.mul, (made[0], made[1]))
        return self.build.make(rules.mul, (self.build.number(c), product))
