"""The search for the changes of the chain rule that give the student's gradient.

A factor need not be guessed: the gradient is a straight line in the factor of any one place, so it is solved for; the
factors of all terms of the cost are solved for at once. Where no single change explains it, changes are tried on top of
changes, first on top of those that explain some components already.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from autograd.check.diagnose_arrays import Rearranged, rearrangements
from autograd.check.diagnose_changes import Candidate, on_the_way, overwritten, own_paths, replacements, times
from autograd.check.diagnose_fit import Fit, common, cost_of, ratio, simple
from autograd.check.diagnose_graph import Batch, Change, Graph, Ints, Mask
from autograd.check.diagnose_indices import Slips
from autograd.check.diagnose_slopes import solved
from autograd.check.groups import Group, Groups, Uses
from autograd.check.problem import Array, Block, Problem

PLAIN = 2.3  # a mistake that costs no more is taken at once: there is no need to look for stranger ones
CHEAPEST = 1.3  # what a second mistake costs at least
WORK = 25_000_000  # edges passed in the search for two mistakes at once
Finding = Candidate | Rearranged


@dataclass(frozen=True, slots=True)
class Explanation:
    """One or two findings that give the student's gradient, and how far from it they are."""

    findings: tuple[Finding, ...]
    error: float
    gradient: Array  # point × component

    @property
    def cost(self) -> float:
        """How much has to be believed: a simple mistake at a simple place costs least."""
        cost = sum(f.cost for f in self.findings)
        factors = [f for f in self.findings if isinstance(f, Candidate) and f.factor]
        # a factor of everything and another one of a term say no more than a factor for each of two terms
        places = [f.place for f in factors if isinstance(f.place, Group)]
        split = len(places) == 2 and all(p.outer for p in places) and any(p.role == "whole" for p in places)
        return cost + 0.9 * split


class Search:
    """One search: the graph, its places, and the points at which candidates are tried first."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.graph = Graph(problem)
        self.groups = Groups(self.graph)
        self.misfit = Fit(self.graph, problem.rtol)
        self.fit = self.misfit.most
        self.nearest: Explanation | None = None  # the best that did not fit
        self._odd: list[tuple[Candidate, bool]] | None = None
        graph = self.graph
        strength = np.count_nonzero(graph.claimed, axis=1) + np.count_nonzero(graph.exact, axis=1)
        enough = 2 if graph.exact.shape[1] < 12 else 1  # numbers to compare, before the other points are looked at
        strongest = np.argsort(-strength[1:], kind="stable") + 1
        self.two = np.sort(strongest[:2]).tolist() if len(strength) > 2 else list(range(len(strength)))
        self.probe = self.two[:enough]
        self.places = self.groups.groups
        self.zeros = Batch(graph, [times(graph, g, 0.0).change for g in self.places], self.probe)
        self.others = self._others()
        self.changes = Batch(graph, [c.change for c in self.others], self.probe)
        below = graph.reach()
        self._reaches = [_reach(graph, below, g) for g in self.places]
        reaches = {id(c.place): c.place for c in self.others}
        known = {key: _reach(graph, below, place) for key, place in reaches.items()}
        self._others_reach = [known[id(c.place)] for c in self.others]

    def _others(self) -> list[Candidate]:
        """All changes other than a factor that is to be solved for."""
        graph = self.graph
        others = [overwritten(graph, u) for u in self.groups.uses] + own_paths(graph, self.groups)
        others += on_the_way(graph, self.groups)
        for g in self.places:
            others += replacements(graph, self.groups, g)
            if _meets_itself(graph, g):  # the gradient is no straight line in its factor: the common ones are tried
                others += [times(graph, g, c, cost_of(c)) for c in (-1.0, 2.0, 0.5)]
        return others

    # -- One mistake --------------------------------------------------------------------------------------------------

    def single(self) -> list[Explanation]:
        """All single changes that explain the formula."""
        return list(self._singles(self.graph, ()))

    def _singles(self, graph: Graph, before: tuple[Finding, ...]) -> Iterator[Explanation]:
        points = self.probe
        base = graph.gradient(points)
        wrong = _any(self.misfit(base, points) > self.fit)
        for candidate in self._tried(graph, base, wrong):
            if not any(_overlap(candidate, first) for first in before):
                yield from self._verified(graph, candidate, before)
        yield from self._rearranged(graph, base, wrong, before)

    def _tried(self, graph: Graph, base: Array, wrong: Mask) -> Iterator[Candidate]:
        """Every change that fits at the probe points; only places that reach all wrong components are tried."""
        need = sum(1 << int(i) for i in np.flatnonzero(wrong))
        places = [k for k, below in enumerate(self._reaches) if not need & ~below]
        yield from self._solved(graph, base, places)
        others = [k for k, below in enumerate(self._others_reach) if not need & ~below]
        for some in _batches(others, graph):
            errors = self.misfit(self.changes.gradients(graph, some), self.probe).max(axis=(1, 2))
            yield from (
                self.others[k] for k, error in zip(some, errors.tolist(), strict=True) if error <= 10 * self.fit
            )

    def _solved(self, graph: Graph, base: Array, places: list[int]) -> Iterator[Candidate]:
        """The factor of each place, solved for: g(c) = g(0) + c·(g(1) - g(0)) is a straight line."""
        claimed = graph.claimed[self.probe]
        for some in _batches(places, graph):
            without = self.zeros.gradients(graph, some)
            through = base - without
            c = ratio(claimed - without, through)
            with np.errstate(all="ignore"):
                misfits = self.misfit(without + c[:, None, None] * through, self.probe).max(axis=(1, 2))
            for row, (k, factor, error) in enumerate(zip(some, c.tolist(), misfits.tolist(), strict=True)):
                if error <= 10 * self.fit and simple(factor) != 1.0:
                    known = simple(factor)
                    if known == 0.0 and self.misfit(without[row], self.probe).max() > 10 * self.fit:
                        known = factor  # very small, but not 0
                    yield times(graph, self.places[k], known, cost_of(known))

    def _verified(self, graph: Graph, candidate: Candidate, before: tuple[Finding, ...]) -> Iterator[Explanation]:
        gradient = graph.gradients([candidate.change])[0]
        yield from self._kept(Explanation((*before, candidate), float(self.misfit(gradient).max()), gradient))

    def _rearranged(self, graph: Graph, base: Array, wrong: Mask, before: tuple[Finding, ...]) -> Iterator[Explanation]:
        """Another order of components, or something added, in the gradient or in what comes to an array on one way."""
        blocks = [b for b in self.problem.blocks if wrong[b.slice].any()]
        shares: list[Ints | None] = [None, *self._shares(graph, blocks)]
        points = self.two  # a number that is added at all points shows at two of them
        base = graph.gradient(points) if points != self.probe else base
        for edges in shares:
            tried = self._reorder(graph, base, wrong, edges, points)
            fitting = [k for k, r in enumerate(tried) if self.misfit(r.gradient, points).max() <= self.fit]
            if not fitting:
                continue
            everywhere = list(range(len(graph.points)))
            full = self._reorder(graph, graph.gradient(), wrong, edges, everywhere)
            for r in [f for f in full if any(tried[k].words == f.words for k in fitting)]:
                yield from self._kept(Explanation((*before, r), float(self.misfit(r.gradient).max()), r.gradient))

    def _reorder(
        self, graph: Graph, gradient: Array, wrong: Mask, edges: Ints | None, points: list[int]
    ) -> list[Rearranged]:
        at, claimed = np.array([p.at for p in graph.points])[points], graph.claimed[points]
        if edges is None:
            return list(rearrangements(self.problem, at, gradient, claimed, wrong))
        rest = graph.gradients([Change(edges, 0.0 * graph.slope[edges])], points)[0]
        found = rearrangements(self.problem, at, gradient - rest, claimed - rest, wrong)
        return [replace(r, gradient=r.gradient + rest, cost=r.cost + 0.4) for r in found if r.kind != "extra-term"]

    def _shares(self, graph: Graph, blocks: list[Block]) -> list[Ints]:
        """The edges into the wrong arrays (if they are one or two) by kind, where there are several kinds."""
        if not 1 <= len(blocks) <= 2:
            return []
        numbers = [self.problem.blocks.index(b) for b in blocks]
        families: dict[str, list[int]] = {}
        for e in np.flatnonzero(np.isin(self.groups.block[graph.dst], numbers)).tolist():
            families.setdefault(graph.nodes[graph.src[e]].op, []).append(e)
        return [np.array(family) for family in families.values()] if len(families) > 1 else []

    def _kept(self, e: Explanation) -> Iterator[Explanation]:
        if e.error <= self.fit:
            if self.graph.claimed.size > 1 or all(f.factor is None or cost_of(f.factor) < 1.8 for f in e.findings):
                yield e  # (one number alone is met by any factor: only a simple one says something)
        elif self.nearest is None or e.error < self.nearest.error:
            self.nearest = e

    def indices(self) -> list[Explanation]:
        """All slips of an index at one place that explain the formula."""
        graph, points = self.graph, self.probe
        wrong = _any(self.misfit(graph.gradient(points), points) > self.fit)
        need = sum(1 << int(i) for i in np.flatnonzero(wrong))
        slips = Slips(graph, self.groups)
        found: list[Explanation] = []
        for place, below in zip(self.places, self._reaches, strict=True):
            if need & ~below or place.cost > 1:
                continue
            for some in _batches(list(slips.of(place)), graph):
                errors = self.misfit(graph.gradients([c.change for c in some], points), points).max(axis=(1, 2))
                for candidate, error in zip(some, errors.tolist(), strict=True):
                    if error <= 10 * self.fit:
                        found += self._verified(graph, candidate, ())
        return found

    def odd_slopes(self, *, named: bool) -> list[Explanation]:
        """A slope that is in no table, solved for: those recognised as a formula, or those that are not."""
        if self._odd is None:
            self._odd = list(solved(self.graph, [g for g in self.places if g.cost < 1], self.misfit))
        return [e for c, known in self._odd if known == named for e in self._verified(self.graph, c, ())]

    # -- Several mistakes ----------------------------------------------------------------------------------------------

    def several(self) -> list[Explanation]:
        """Two changes that explain it together, or factors of several terms of the cost."""
        found = [*self._terms(), *self._blocks()]
        if any(all(f.cost < PLAIN for f in e.findings) for e in found):
            return found
        return found + self._pairs()

    def _pairs(self) -> list[Explanation]:
        """A second change on top of a first; those first that explain some of the wrong components already."""
        graph, points = self.graph, self.probe
        base = graph.gradient(points)
        wrong = _any(self.misfit(base, points) > self.fit)
        firsts = self._firsts(base, wrong)
        ranked: list[tuple[int, float, int, Candidate]] = []
        for some in _batches(firsts, graph):
            fits = self.misfit(graph.gradients([c.change for c in some], points), points).max(axis=1) <= self.fit
            gained, lost = (fits & wrong).sum(axis=1), (~fits & ~wrong).sum(axis=1)
            for k, (candidate, more, less) in enumerate(zip(some, gained.tolist(), lost.tolist(), strict=True)):
                if more or not less:  # what mends nothing and spoils what is right is no start
                    ranked.append((less - more, candidate.cost, k, candidate))
        ranked.sort(key=lambda row: row[:3])
        found: list[Explanation] = []
        patience = 60  # how many more are tried after the first success, for a simpler one
        room = max(8, WORK // ((len(self.others) + len(self.places)) * (len(graph.src) + 30)))
        for *_, first in ranked[:room]:
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
            usual = (-1.0, 0.5, 2.0) if all_of_it else (0.0, -1.0, 0.5, 2.0)
            firsts += [times(graph, self.places[k], c, cost_of(c)) for c in usual]
        for some in _batches(places, graph):
            without = self.zeros.gradients(graph, some)
            through = base - without
            with np.errstate(all="ignore"):
                wanted = (claimed - without) / through
            for row, k in enumerate(some):
                c = common(wanted[row][:, wrong & (through[row] != 0).all(axis=0)])
                if c is not None and c not in (0.0, -1.0, 1.0, 0.5, 2.0):
                    firsts.append(times(graph, self.places[k], c, cost_of(c)))
        return firsts

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
        parts = graph.gradients(shares)
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
        gradient = np.tensordot(np.array(factors), parts, 1)
        return list(self._kept(Explanation(tuple(findings), float(self.misfit(gradient).max()), gradient)))

    def _blocks(self) -> list[Explanation]:
        """Each wrong array with a mistake of its own that needs nothing else: a factor, or another order."""
        graph, gradient = self.graph, self.graph.gradient()
        wrong = _any(self.misfit(gradient) > self.fit)
        blocks = [b for b in self.problem.blocks if wrong[b.slice].any()]
        if not 2 <= len(blocks) <= 4:
            return []
        at, findings = np.array([p.at for p in graph.points]), []
        for block in blocks:
            only = np.zeros_like(wrong)
            only[block.slice] = True
            tried: list[tuple[Finding, Array]] = []
            for r in rearrangements(self.problem, at, gradient, graph.claimed, only):
                tried.append((r, r.gradient))
            for g, below in zip(self.places, self._reaches, strict=True):
                if g.role == "block" and below >> block.offset & 1:
                    mine = gradient[:, block.slice]
                    c = simple(float(ratio(graph.claimed[:, block.slice], mine)))
                    tried.append((times(graph, g, c, cost_of(c)), c * gradient))
            fitting = [(f, g) for f, g in tried if self.misfit(g)[:, block.slice].max() <= self.fit]
            if not fitting:
                return []
            best, its = min(fitting, key=lambda fit: fit[0].cost)
            findings.append(best)
            gradient = gradient.copy()
            gradient[:, block.slice] = its[:, block.slice]
        return list(self._kept(Explanation(tuple(findings), float(self.misfit(gradient).max()), gradient)))


def _any(wrong: Mask) -> Mask:
    """The components that are wrong at any point."""
    return np.asarray(wrong.any(axis=0))


def _overlap(second: Candidate, first: Finding) -> bool:
    """Whether the second change would undo the first; a factor on top of another slope does not."""
    if isinstance(first, Rearranged) or second.factor is not None:
        return False
    return bool(np.isin(second.change.edges, first.change.edges).any())


def _reach(graph: Graph, below: list[int], place: Group | Uses) -> int:
    """The components that a change at this place can touch, as the bits of a number."""
    edges = place.edges if isinstance(place, Group) else place.dropped
    known = 0
    for d in np.unique(graph.dst[edges]).tolist():
        known |= below[d]
    return known


def _meets_itself(graph: Graph, group: Group) -> bool:
    """Whether a path may cross the group twice, as in a recurrent network."""
    return bool(np.ptp(graph.level[graph.src[group.edges]]) > 0)


def _batches(items: list, graph: Graph) -> Iterator[list]:  # type: ignore[type-arg]
    """Not too many at once."""
    size = max(16, 2_000_000 // (len(graph.src) + graph.exact.shape[1] + 1))
    for first in range(0, len(items), size):
        yield items[first : first + size]
