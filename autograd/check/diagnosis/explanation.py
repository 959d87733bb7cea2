"""An explanation of a formula: one or two findings, and how much has to be believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from autograd.check.diagnosis.arrays import Rearranged
from autograd.check.diagnosis.changes import Candidate, times
from autograd.check.diagnosis.fit import cost_of
from autograd.check.diagnosis.graph import Graph
from autograd.check.diagnosis.groups import Group
from autograd.check.problem import Array

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
        if len(places) == 2 and places[0] is places[1]:
            return cost - places[0].cost - 0.4  # a sign and a factor at one place
        of_all = any(p.role == "whole" or (p.role == "block" and p.outer) for p in places)
        split = len(places) == 2 and all(p.outer for p in places) and of_all
        return cost + 0.4 * split


def sign_and_factor(graph: Graph, c: Candidate) -> tuple[Candidate, ...]:
    """-2 is two mistakes: a sign, and a factor of 2."""
    if c.factor is None or c.factor >= 0 or c.factor == -1 or not isinstance(c.place, Group):
        return (c,)
    return times(graph, c.place, -1.0, cost_of(-1.0)), times(graph, c.place, -c.factor, cost_of(-c.factor))


def overlap(second: Candidate, first: Finding) -> bool:
    """Whether the second change would undo the first; a factor on top of another slope does not."""
    if isinstance(first, Rearranged) or second.factor is not None:
        return False
    return bool(np.isin(second.change.edges, first.change.edges).any())
