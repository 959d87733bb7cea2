"""The search for several changes of the chain rule that together give the student's gradient.

The factors of all terms of the cost are solved for at once; each array may have a mistake of its own. Else changes are
tried on top of changes, first on top of those that explain some components already.
"""

from __future__ import annotations

from copy import copy

import numpy as np

from autograd.check.diagnosis.arrays import orders, rearrangements
from autograd.check.diagnosis.changes import Candidate, times
from autograd.check.diagnosis.effects import gradient, gradients
from autograd.check.diagnosis.explanation import Explanation, Finding
from autograd.check.diagnosis.fit import Fit, common, cost_of, ratio, simple
from autograd.check.diagnosis.graph import Change, Mask
from autograd.check.diagnosis.groups import Group
from autograd.check.diagnosis.mixups import mixups
from autograd.check.diagnosis.products import forgotten_factors
from autograd.check.diagnosis.search import BROAD, Singles, any_of, batches
from autograd.check.diagnosis.slopes import component_wise, forgotten_divisors
from autograd.check.problem import Array

PLAIN = 2.3  # a mistake that costs no more is taken at once: there is no need to look for stranger ones
CHEAPEST = 1.0  # what a second mistake costs at least
WORK = 25_000_000  # edges passed in the search for two mistakes at once


class Search(Singles):
    """The whole search: one change, or several."""

    def several(self, work: int = WORK) -> list[Explanation]:
        """Two changes that explain it together, or factors of several terms of the cost."""
        terms, blocks = self._terms(), self._blocks()
        found = [*terms, *blocks]
        if self.untried:
            return found
        found += self._reordered()
        plain = [*terms, *(e for e in found[len(terms) :] if len(e.findings) < 3)]
        if any(all(f.cost < PLAIN for f in e.findings) for e in plain):
            return found
        return found + self._pairs(work)

    def _reordered(self) -> list[Explanation]:
        """A change in the graph, then the components in another order: that order is undone first."""
        found: list[Explanation] = []
        wrong = any_of(self.misfit(gradient(self.graph)) > self.fit)
        for rearranged, order in orders(self.problem, wrong):
            if self.graph.is_late:
                break
            undone = copy(self)
            undone.graph = copy(self.graph)
            back = np.argsort(order)
            undone.graph.claimed, undone.graph.slack = self.graph.claimed[:, back], self.graph.slack[:, back]
            undone.misfit = Fit(undone.graph, self.problem.rtol)
            for e in undone.changed():
                found.append(Explanation((*e.findings, rearranged), e.error, e.gradient[:, order]))
        return found

    def _pairs(self, work: int) -> list[Explanation]:
        """A second change on top of a first; those first that explain some of the wrong components already."""
        graph, points = self.graph, self.probe
        base = gradient(graph, points)
        wrong = any_of(self.misfit(base, points) > self.fit)
        firsts = [*self._firsts(base, wrong), *forgotten_factors(graph, self.groups)]
        firsts += forgotten_divisors(graph, self.groups)
        if len(graph.src) <= BROAD:
            firsts += [c for c in mixups(graph, self.groups) if c.kind == "swapped"]
        ranked: list[tuple[int, float, int, Candidate]] = []
        for some in batches(firsts, graph):
            fits = self.misfit(gradients(graph, [c.change for c in some], points), points).max(axis=1) <= self.fit
            gained, lost = (fits & wrong).sum(axis=1), (~fits & ~wrong).sum(axis=1)
            for k, (candidate, more, less) in enumerate(zip(some, gained.tolist(), lost.tolist(), strict=True)):
                if more or not less:  # what mends nothing and spoils what is right is no start
                    ranked.append((less - more, candidate.cost, k, candidate))
        ranked.sort(key=lambda row: row[:3])
        found: list[Explanation] = []
        patience = 60  # how many more are tried after the first success, for a simpler one
        room = max(8, work // ((len(self.others) + len(self.places)) * (len(graph.src) + 30)))
        for *_, first in ranked[:room]:
            if graph.is_late:
                break
            if not found or first.cost + CHEAPEST < min(e.cost for e in found):
                found += self._singles(graph.changed(first.change), (first,))
                patience -= bool(found)
                if patience == 0:
                    break
        return found

    def _firsts(self, base: Array, wrong: Mask) -> list[Candidate]:
        """All changes without an unknown, and each place with the factor that most components ask for."""
        graph, claimed = self.graph, self.graph.claimed[self.probe]
        few = len(graph.src) <= 60
        firsts = [c for c in self.others if c.cost < 4 and (few or c.place.cost < 1)]
        places = [k for k, g in enumerate(self.places) if few or g.cost < 1]
        for k in places:
            all_of_it = self.places[k].role in ("whole", "block")
            usual = {-1.0, 0.5, 2.0} if all_of_it else {0.0, -1.0, 0.5, 2.0, *self._without_coefficient(self.places[k])}
            firsts += [times(graph, self.places[k], c, cost_of(c)) for c in usual]
        for some in batches(places, graph):
            without = self.zeros.gradients(graph, some)
            through = base - without
            with np.errstate(all="ignore"):
                wanted = (claimed - without) / through
            for row, k in enumerate(some):
                c = common(wanted[row][:, wrong & (through[row] != 0).all(axis=0)])
                if c is not None and c not in (0.0, -1.0, 1.0, 0.5, 2.0):
                    firsts.append(times(graph, self.places[k], c, cost_of(c)))
        return firsts

    def _without_coefficient(self, place: Group) -> list[float]:
        """The factor by which the terms of a sum are too large without the number in front of them: 1/m, λ/2."""
        slopes = np.abs(self.graph.slope[place.edges])
        if any(self.graph.nodes[s].op != "sum" for s in self.graph.src[place.edges].tolist()) or not slopes.all():
            return []
        return [simple(float(1 / slopes.flat[0]))] if np.ptp(slopes) <= 1e-12 * slopes.flat[0] else []

    def _terms(self) -> list[Explanation]:
        """The factors of all terms of the cost at once, by least squares over all points and components."""
        graph, terms = self.graph, self.groups.terms
        if not 2 <= len(terms) <= 12:
            return []
        everything = np.concatenate(terms)
        shares = []
        for mine in terms:
            others = np.setdiff1d(everything, mine)
            shares.append(Change(others, 0.0 * graph.slope[others]))
        parts = gradients(graph, shares)
        scale = np.maximum(np.abs(graph.claimed), self.misfit.floor)
        matrix = (parts / scale).reshape(len(terms), -1).T
        with np.errstate(all="ignore"):
            c, _, rank, _ = np.linalg.lstsq(matrix, (graph.claimed / scale).ravel(), rcond=1e-10)
        if rank < len(terms):
            return []
        factors = [simple(x) for x in c.tolist()]
        findings = []
        for factor in sorted(set(factors) - {1.0}):
            edges = np.sort(np.concatenate([t for t, x in zip(terms, factors, strict=True) if x == factor]))
            known = [g for g in self.groups.groups if np.array_equal(g.edges, edges)]
            findings.append(times(graph, known[0] if known else Group("term", edges, 0.6), factor, cost_of(factor)))
        total = np.tensordot(np.array(factors), parts, 1)
        return list(self._kept(Explanation(tuple(findings), float(self.misfit(total).max()), total)))

    def _of_the_whole(self, findings: list[Finding]) -> list[Finding]:
        """One factor for the whole gradient, if all arrays that are not 0 have it."""
        factors = {f.factor for f in findings if isinstance(f, Candidate)} - {0.0, None}
        missing = [f for f in findings if f.factor == 0.0 and f.kind == "missing-term"]
        whole = [g for g in self.places if g.role == "whole"]
        if len(factors) != 1 or not missing or not whole or len(findings) < len(self.problem.blocks):
            return findings
        if any(f not in missing and not isinstance(f, Candidate) for f in findings):
            return findings
        c = float(next(iter(factors)))  # type: ignore[arg-type]
        return [times(self.graph, whole[0], c, cost_of(c)), *missing]

    def _blocks(self) -> list[Explanation]:
        """Each wrong array with a mistake of its own that needs nothing else: a factor, or another order."""
        graph, ours = self.graph, gradient(self.graph)
        wrong = any_of(self.misfit(ours) > self.fit)
        blocks = [b for b in self.problem.blocks if wrong[b.slice].any()]
        if not 2 <= len(blocks) <= 4:
            return []
        at, findings = np.array([p.at for p in graph.points]), []
        by_component = list(component_wise(graph, self.groups, self.misfit))
        for block in blocks:
            only = np.zeros_like(wrong)
            only[block.slice] = True
            tried: list[tuple[Finding, Array]] = []
            for r in rearrangements(self.problem, at, ours, graph.claimed, only):
                tried.append((r, r.gradient))
            for g, below in zip(self.places, self._reaches, strict=True):
                if g.role == "block" and below >> block.offset & 1:
                    mine = ours[:, block.slice]
                    factor = simple(float(ratio(graph.claimed[:, block.slice], mine)))
                    tried.append((times(graph, g, factor, cost_of(factor)), factor * ours))
            for c in by_component:
                if block.offset <= graph.nodes[graph.dst[c.change.edges[0]]].component < block.offset + block.size:
                    tried.append((c, gradients(graph, [c.change])[0]))
            fitting = [(f, g) for f, g in tried if self.misfit(g)[:, block.slice].max() <= self.fit]
            if not fitting:
                return []
            best, its = min(fitting, key=lambda fit: fit[0].cost)
            findings.append(best)
            ours = ours.copy()
            ours[:, block.slice] = its[:, block.slice]
        findings = self._of_the_whole(findings)
        return list(self._kept(Explanation(tuple(findings), float(self.misfit(ours).max()), ours)))
