"""The search for the one change of the chain rule that gives the student's gradient.

A factor need not be guessed: the gradient is a straight line in the factor of any one place, so it is solved for.
Other changes (`changes`, `replacements`, `indices` and others beside this file) are tried one by one, at one or two
points first.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

import numpy as np

from autograd.check.diagnosis.arrays import Rearranged, rearrangements
from autograd.check.diagnosis.changes import Candidate, overwritten, own_paths, times
from autograd.check.diagnosis.effects import Trials, gradient, gradients
from autograd.check.diagnosis.explanation import Explanation, Finding, overlap, sign_and_factor
from autograd.check.diagnosis.fit import Fit, cost_of, ratio, simple
from autograd.check.diagnosis.graph import Change, Graph, Ints, Mask
from autograd.check.diagnosis.groups import Group, Groups
from autograd.check.diagnosis.indices import Slips
from autograd.check.diagnosis.mixups import mixups
from autograd.check.diagnosis.other_numbers import other_numbers
from autograd.check.diagnosis.products import forgotten_factors, slopes_multiplied
from autograd.check.diagnosis.replacements import on_the_way, replacements
from autograd.check.diagnosis.slopes import component_wise, quantities, solved
from autograd.check.diagnosis.steps import other_steps
from autograd.check.diagnosis.totals import other_totals
from autograd.check.problem import Array, Block, Problem

MOST = 800  # places; where there are more, only factors are tried at all of them
BROAD = 3000  # edges of a graph in which quantities are taken for each other
FEW = 200  # and other slopes at these
SECONDS = 60.0  # of the processor, for the whole search


class Singles:
    """One search: the graph, its places, and the points at which candidates are tried first."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.graph = Graph(problem)
        self.graph.ends = time.process_time() + SECONDS
        self.groups = Groups(self.graph)
        self.misfit = Fit(self.graph, problem.rtol)
        self.fit = self.misfit.most
        self.nearest: Explanation | None = None  # the best that did not fit
        self._odd: list[tuple[Candidate, bool]] | None = None
        graph = self.graph
        strength = np.count_nonzero(graph.claimed, axis=1) + np.count_nonzero(graph.exact, axis=1)
        off = np.count_nonzero(np.abs(graph.claimed - graph.exact) > graph.slack, axis=1)
        strength, self.off = strength + off, int(off.sum())  # where the formula is right, there is less to compare
        enough = 2 if graph.exact.shape[1] < 12 else 1  # numbers to compare, before the other points are looked at
        strongest = np.argsort(-strength[1:], kind="stable") + 1
        self.two = np.sort(strongest[:2]).tolist() if len(strength) > 2 else list(range(len(strength)))
        self.probe = self.two[:enough]
        self.places = self.groups.groups
        most = FEW if len(self.places) > MOST else MOST
        self.likely = sorted(self.places, key=lambda g: g.cost)[:most]
        self.untried = len(self.places) - len(self.likely)
        self.zeros = Trials(graph, [times(graph, g, 0.0).change for g in self.places], self.probe)
        self._below = self.groups.reach
        self._reaches = [_reach(graph, self._below, g.edges) for g in self.places]

    @cached_property
    def changes(self) -> Trials:
        """The `others`, ready to be tried."""
        return Trials(self.graph, [c.change for c in self.others], self.probe)

    @cached_property
    def _others_reach(self) -> list[int]:
        edges = {id(c.change.edges): c.change.edges for c in self.others}
        known = {key: _reach(self.graph, self._below, those) for key, those in edges.items()}
        return [known[id(c.change.edges)] for c in self.others]

    @cached_property
    def others(self) -> list[Candidate]:
        """All changes other than a factor that is to be solved for."""
        graph = self.graph
        others = [overwritten(graph, u) for u in self.groups.uses] + own_paths(graph, self.groups)
        others += on_the_way(graph, self.groups)
        others += [*other_steps(graph, self.groups), *other_totals(graph, self.groups), *slopes_multiplied(graph)]
        for g in self.likely:
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
        base = gradient(graph, points)
        wrong = any_of(self.misfit(base, points) > self.fit)
        found = False
        for tried in (self._factors(graph, base, wrong), self._other_slopes(graph, wrong)):
            for e in self._verified(graph, [c for c in tried if not any(overlap(c, b) for b in before)], before):
                found = True
                yield e
            if found and self.untried:
                return  # a graph so large that there is no time for stranger explanations
        yield from self._rearranged(graph, base, wrong, before)

    def changed(self) -> list[Explanation]:
        """All single changes in the graph that explain the formula."""
        graph, points = self.graph, self.probe
        base = gradient(graph, points)
        wrong = any_of(self.misfit(base, points) > self.fit)
        tried = [*self._factors(graph, base, wrong), *self._other_slopes(graph, wrong)]
        return list(self._verified(graph, tried))

    def _factors(self, graph: Graph, base: Array, wrong: Mask) -> Iterator[Candidate]:
        """The factor of each place, solved for: g(c) = g(0) + c·(g(1) - g(0)) is a straight line.

        Only places that reach all wrong components are tried, here and below.
        """
        need, claimed = _bits(wrong), graph.claimed[self.probe]
        for some in batches([k for k, below in enumerate(self._reaches) if not need & ~below], graph):
            without = self.zeros.gradients(graph, some)
            through = base - without
            c = ratio(claimed - without, through)
            misfits = self.misfit(without + c[:, None, None] * through, self.probe).max(axis=(1, 2))
            for row, (k, factor, error) in enumerate(zip(some, c.tolist(), misfits.tolist(), strict=True)):
                if error <= 10 * self.fit and simple(factor) != 1.0:
                    known = simple(factor)
                    if known == 0.0 and graph.is_faint and self.misfit(without[row], self.probe).max() > 10 * self.fit:
                        known = factor  # very small, but not 0
                    yield times(graph, self.places[k], known, cost_of(known))

    def _other_slopes(self, graph: Graph, wrong: Mask) -> Iterator[Candidate]:
        """Every other change that fits at the probe points."""
        need = _bits(wrong)
        for some in batches([k for k, below in enumerate(self._others_reach) if not need & ~below], graph):
            errors = self.misfit(self.changes.gradients(graph, some), self.probe).max(axis=(1, 2))
            yield from (
                self.others[k] for k, error in zip(some, errors.tolist(), strict=True) if error <= 10 * self.fit
            )

    def _verified(
        self, graph: Graph, candidates: list[Candidate], before: tuple[Finding, ...] = ()
    ) -> Iterator[Explanation]:
        """Those that fit at all points."""
        for some in batches(candidates, graph):
            found = gradients(graph, [c.change for c in some])
            errors = self.misfit(found).max(axis=(1, 2))
            for c, error, its in zip(some, errors.tolist(), found, strict=True):
                parts = (c,) if before else sign_and_factor(graph, c)
                yield from self._kept(Explanation((*before, *parts), error, its))

    def _rearranged(self, graph: Graph, base: Array, wrong: Mask, before: tuple[Finding, ...]) -> Iterator[Explanation]:
        """Another order of components, or something added, in the gradient or in what comes to an array on one way."""
        blocks = [b for b in self.problem.blocks if wrong[b.slice].any()]
        shares: list[Ints | None] = [None, *([] if before else self._shares(graph, blocks))]
        points = self.two  # a number that is added at all points shows at two of them
        base = gradient(graph, points) if points != self.probe else base
        for edges in shares:
            tried = self._reorder(graph, base, wrong, edges, points)
            fitting = [k for k, r in enumerate(tried) if self.misfit(r.gradient, points).max() <= self.fit]
            if not fitting:
                continue
            everywhere = list(range(len(graph.points)))
            full = self._reorder(graph, gradient(graph), wrong, edges, everywhere)
            for r in [f for f in full if any(tried[k].words == f.words for k in fitting)]:
                yield from self._kept(Explanation((*before, r), float(self.misfit(r.gradient).max()), r.gradient))

    def _reorder(
        self, graph: Graph, gradient: Array, wrong: Mask, edges: Ints | None, points: list[int]
    ) -> list[Rearranged]:
        at, claimed = np.array([p.at for p in graph.points])[points], graph.claimed[points]
        if edges is None:
            return list(rearrangements(self.problem, at, gradient, claimed, wrong))
        rest = gradients(graph, [Change(edges, 0.0 * graph.slope[edges])], points)[0]
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
            if self.off > 1 or all(f.factor is None or cost_of(f.factor) < 1.8 for f in e.findings):
                yield e  # (one wrong number alone is met by any factor: only a simple one says something)
        elif self.nearest is None or e.error < self.nearest.error:
            self.nearest = e

    def products(self) -> list[Explanation]:
        """A factor of a longer product that was forgotten on all ways but its own."""
        return list(self._verified(self.graph, list(forgotten_factors(self.graph, self.groups))))

    def indices(self) -> list[Explanation]:
        """All slips of an index at one place that explain the formula."""
        graph, points = self.graph, self.probe
        wrong = any_of(self.misfit(gradient(graph, points), points) > self.fit)
        need = _bits(wrong)
        slips = Slips(graph, self.groups)
        found: list[Explanation] = []
        for place, below in zip(self.places, self._reaches, strict=True):
            if need & ~below or place.cost > 1 or graph.is_late:
                continue
            for some in batches(list(slips.of(place)), graph):
                errors = self.misfit(gradients(graph, [c.change for c in some], points), points).max(axis=(1, 2))
                near = [c for c, error in zip(some, errors.tolist(), strict=True) if error <= 10 * self.fit]
                found += self._verified(graph, near)
        return found

    def quantities(self) -> list[Explanation]:
        """The gradient at some place multiplied or divided by a quantity of the graph."""
        graph = self.graph
        need = _bits(any_of(self.misfit(gradient(graph)) > self.fit))
        places = [
            g for g, below in zip(self.places, self._reaches, strict=True)
            if not need & ~below and g.cost < 0.7 and not _meets_itself(graph, g)
        ]  # fmt: skip
        found = list(self._verified(graph, list(quantities(graph, places[:60], self.misfit))))
        return found or list(self._verified(graph, list(component_wise(graph, self.groups, self.misfit))))

    def other_numbers(self) -> list[Explanation]:
        """The numbers of another point, of a forward pass without an argument, of weights after their update."""
        graph = self.graph
        need = _bits(any_of(self.misfit(gradient(graph)) > self.fit))
        pairs = zip(self.places, self._reaches, strict=True)
        places = sorted((g for g, below in pairs if not need & ~below), key=lambda g: g.cost)[:FEW]
        return list(self._verified(graph, list(other_numbers(graph, self.groups, places, self.misfit))))

    def mixups(self) -> list[Explanation]:
        """One quantity taken for another, wherever it occurs."""
        graph, points = self.graph, self.probe
        found: list[Explanation] = []
        if not self.untried and len(graph.src) <= BROAD:
            for some in batches(list(mixups(graph, self.groups)), graph):
                errors = self.misfit(gradients(graph, [c.change for c in some], points), points).max(axis=(1, 2))
                near = [c for c, error in zip(some, errors.tolist(), strict=True) if error <= 10 * self.fit]
                found += self._verified(graph, near)
        return found

    def odd_slopes(self, *, named: bool) -> list[Explanation]:
        """A slope that is in no table, solved for: those recognised as a formula, or those that are not."""
        if self._odd is None:
            places = [g for g in (self.likely if self.untried else self.places) if g.cost < 1]
            self._odd = list(solved(self.graph, places, self.misfit))
        return list(self._verified(self.graph, [c for c, known in self._odd if known == named]))


def any_of(wrong: Mask) -> Mask:
    """The components that are wrong at any point."""
    return np.asarray(wrong.any(axis=0))


def _bits(wrong: Mask) -> int:
    return sum(1 << int(i) for i in np.flatnonzero(wrong))


def _reach(graph: Graph, below: list[int], edges: Ints) -> int:
    """The components that a change of these edges can touch, as the bits of a number."""
    known = 0
    for d in np.unique(graph.dst[edges]).tolist():
        known |= below[d]
    return known


def _meets_itself(graph: Graph, group: Group) -> bool:
    """Whether a path may cross the group twice, as in a recurrent network."""
    inner = group.edges[~graph.is_input[graph.dst[group.edges]]]
    if not len(inner):
        return False
    return bool(graph.level[graph.src[group.edges]].max() >= graph.level[graph.dst[inner]].min())


def batches(items: list, graph: Graph) -> Iterator[list]:  # type: ignore[type-arg]
    """Not too many at once, and none when the time is over."""
    size = max(16, 2_000_000 // (len(graph.src) + graph.exact.shape[1] + 1))
    for first in range(0, len(items), size):
        if graph.is_late:
            return
        yield items[first : first + size]
