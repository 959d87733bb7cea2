"""Monomials: the products in a sum, with what all examples share on one side and what they do not on the other.

    (v·x)·(v·x)               is   (v·v)·(x·x)
    w·x·s + u·x·s             is   (w + u)·(x·s)
    w·x - w·y                 is   w·(x - y)

Then the sums are matrix products: of x·x for the examples with v·v, which is computed once for the whole batch. So does
anyone who writes a factorisation machine in NumPy. A product that somebody else needs, too, is left as it is.
"""

from __future__ import annotations

from typing import NamedTuple

from autograd import rules
from autograd.compile.linear import form, is_sum, uses
from autograd.compile.record import Recording
from autograd.compile.rewrite.builder import Builder
from autograd.compile.rewrite.identities import IDENTITIES
from autograd.compile.simplify import live

Factors = tuple[int, ...]  # slots, with repeats
MOST = 8  # factors of a product that is looked into


def regrouped(recording: Recording) -> Recording:
    """The recording, with the products in its sums grouped; the same one if there is nothing to group."""
    return _Monomials(recording).regrouped() if recording.shapes else recording


class Parts(NamedTuple):
    """A sum: a constant, plain terms, and, for what the examples do not share, each (c, what they do). Or turned."""

    constant: float
    plain: list[tuple[float, Factors]]
    mixed: dict[Factors, list[tuple[float, Factors]]]


class _Monomials:
    """One pass over a recording, in which every sum is looked through for products."""

    def __init__(self, recording: Recording) -> None:
        self.r, self.count, self.batched = recording, uses(recording), recording.batched()
        self.factors = self._products()
        self._keep_what_others_need()

    def regrouped(self) -> Recording:
        """The recording; the given one if there is nothing to group."""
        r = self.r
        inner = {a for i, args in enumerate(r.args) if is_sum(r, i) for a in args if self.count[a] == 1}
        found = {i: m for i in range(len(r)) if is_sum(r, i) and i not in inner and (m := self._sum(i))}
        if not found:
            return r
        build = Builder(r, IDENTITIES)
        new: list[int] = []
        for i in range(len(r)):
            new.append(self._written(build, new, found[i]) if i in found else build.copy(r, i, new))
        return live(build.finish(new, r))

    # -- Products ---------------------------------------------------------------------------------------------------

    def _products(self) -> dict[int, Factors]:
        """What each product and each square is a product of."""
        r, found = self.r, dict[int, Factors]()
        for i, args in enumerate(r.args):
            square = r.ops[i] is rules.power and r.constants.get(args[1]) == 2.0
            if square or (r.ops[i] is rules.mul and not is_sum(r, i)):
                factors = tuple(x for a in self._two(i) for x in found.get(a, (a,)))
                if len(factors) <= MOST:
                    found[i] = factors
        return found

    def _two(self, slot: int) -> Factors:
        """x and y of x·y, x and x of x²."""
        x, y = self.r.args[slot]
        return (x, x) if self.r.ops[slot] is rules.power else (x, y)

    def _keep_what_others_need(self) -> None:
        """A product stays one factor, unless only sums are made of it, or longer products of the same factors."""
        r, factors = self.r, self.factors
        for result in (r.root, r.penalty):
            factors.pop(result, None)  # type: ignore[arg-type]
        for i in range(len(r) - 1, -1, -1):
            if is_sum(r, i) and r.ops[i] is not rules.dot:
                continue
            for a in r.args[i]:
                once = self.count[a] == 1 and (i in factors or r.ops[i] is rules.dot)
                if a in factors and not once and {*factors[a]} != {*factors.get(i, ())}:
                    del factors[a]

    def _split(self, slots: Factors) -> tuple[Factors, Factors]:
        """What the examples share of this product, and what they do not."""
        todo, found = list(slots), []
        while todo:
            slot = todo.pop()
            if slot in self.factors:
                todo += self._two(slot)
            else:
                found.append(slot)
        found.sort(key=lambda x: (self.r.parameters.get(x, -1), self.r.inputs.get(x, -1), x))
        return tuple(x for x in found if not self.batched[x]), tuple(x for x in found if self.batched[x])

    # -- Sums -------------------------------------------------------------------------------------------------------

    def _sum(self, slot: int) -> Parts | None:
        """The parts of a sum; None if there is nothing to group."""
        (terms, constant), products = form(self.r, slot, self.count)
        plain: list[tuple[float, Factors]] = []
        mixed: dict[Factors, list[tuple[float, Factors]]] = {}
        loose = n = 0
        for c, factors in [(c, (t,)) for c, t in terms] + [(c, (u, v)) for c, u, v in products]:
            shared, own = self._split(factors)
            if not shared or not own:
                plain.append((c, factors))
                continue
            mixed.setdefault(own, []).append((c, shared))
            x, y = factors if len(factors) == 2 else self._two(factors[0])
            loose += self.batched[x] == self.batched[y]
            n += 1
        turned: dict[Factors, list[tuple[float, Factors]]] = {}
        for own, products_of in mixed.items():
            for c, shared in products_of:
                turned.setdefault(shared, []).append((c, own))
        if 1 < len(turned) < len(mixed) and 2 * len(turned) <= n:  # (one weight makes no matrix product)
            mixed, loose = turned, True
        return Parts(constant, plain, mixed) if loose or (mixed and 2 * len(mixed) <= n) else None

    def _written(self, build: Builder, new: list[int], parts: Parts) -> int:
        """The sum in which the products are grouped."""
        groups = list(parts.mixed.items())
        if 2 * len(groups) > sum(len(terms) for _, terms in groups):  # as in x + W x: W stays whole
            groups = [(own, [term]) for own, terms in groups for term in terms]

        def product(factors: Factors) -> int:
            made, *rest = (new[x] for x in factors)
            for x in rest:
                made = build.make(rules.mul, (made, x))
            return made

        def times(c: float, x: int) -> int:
            return build.make(rules.mul, (build.number(c), x))

        pieces = [times(c, product(factors)) for c, factors in parts.plain]
        for own, terms in groups:
            same = len({c for c, _ in terms}) == 1
            c = terms[0][0] if same else 1.0
            shared = [times(1.0 if same else d, product(factors)) for d, factors in terms]
            weight = shared[0] if len(shared) == 1 else build.make(rules.total, tuple(shared))
            pieces.append(times(c, build.make(rules.mul, (weight, product(own)))))
        return build.make(rules.total, (*pieces, build.number(parts.constant)))
