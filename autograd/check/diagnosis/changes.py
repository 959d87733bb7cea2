"""A change of the chain rule that might be the student's: a factor, ``=`` for ``+=``, paths that are left out.

Other slopes are in `autograd.check.diagnosis.replacements`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from autograd.check.diagnosis.graph import Change, Graph
from autograd.check.diagnosis.groups import Group, Groups
from autograd.check.diagnosis.uses import Uses
from autograd.check.problem import Array, Kind
from autograd.check.wrong_slopes import WrongSlope


@dataclass(frozen=True, slots=True)
class Candidate:
    """A change of some slopes that might be the student's.

    `factor`  the slopes times this number (None: other slopes)
    `slope`   what was written in place of the slope, if it was something else
    `by`      a quantity that the slopes were multiplied by, or what was taken in their place, in words
    `node`    the node whose formula completes these words, -1 if none
    `raw`     the unflattened node whose formula completes the words of `slope`, -1 if none
    """

    kind: Kind
    place: Group | Uses
    change: Change
    cost: float
    factor: float | None = None
    slope: WrongSlope | None = None
    by: str = ""
    node: int = -1
    raw: int = -1


def times(graph: Graph, place: Group, factor: float, cost: float = 0.0) -> Candidate:
    """All slopes of the group times a number."""
    change = Change(place.edges, graph.slope[place.edges] * factor)
    return Candidate(kind_of_factor(place, factor), place, change, place.cost + cost, factor)


def kind_of_factor(place: Group, factor: float) -> Kind:
    """What to call a factor at this place."""
    if factor == 0:
        return "missing-term"
    whole = place.role in ("whole", "block")
    if factor == -1:
        return "sign" if whole else "term-sign"
    return "factor" if whole else "term-factor"


def overwritten(graph: Graph, uses: Uses) -> Candidate:
    """``=`` in place of ``+=``."""
    return Candidate("overwritten", uses, Change(uses.dropped, 0.0 * graph.slope[uses.dropped]), uses.cost + 1.25)


def own_paths(graph: Graph, groups: Groups) -> list[Candidate]:
    """Where values are divided by a sum of the same values, as in a softmax: only each value's own part of the sum.

    The paths through the sum from one value to the others are dropped; the path back to itself is kept, as part
    of the direct slope.
    """
    below: list[list[int]] = [[] for _ in graph.nodes]
    above: list[list[int]] = [[] for _ in graph.nodes]
    for e, (s, d) in enumerate(zip(graph.src.tolist(), graph.dst.tolist(), strict=True)):
        below[s].append(e)
        above[d].append(e)
    families: dict[tuple[int, int], dict[int, Array]] = {}
    for z, node in enumerate(graph.nodes):
        if node.op != "sum" or len(below[z]) < 2:
            continue
        top, through = z, np.ones(len(graph.points))
        while len(above[top]) == 1 and len(below[graph.src[above[top][0]]]) == 1:  # 1/Z, √Z: still shared by all
            through = through * graph.slope[above[top][0]]
            top = int(graph.src[above[top][0]])
        terms = {int(graph.dst[e]): e for e in below[z]}
        new: dict[int, Array] = {}
        for user in above[top]:
            new[user] = 0 * through
            for direct in below[graph.src[user]]:
                term, on = int(graph.dst[direct]), np.ones(len(graph.points))
                while term not in terms and len(below[term]) == 1:  # c·e in place of e
                    on = on * graph.slope[below[term][0]]
                    term = int(graph.dst[below[term][0]])
                if direct != user and term in terms and (on != 0).all():
                    own = graph.slope[user] * through * graph.slope[terms[term]]
                    new[direct] = graph.slope[direct] + own / on
        if len(new) >= 2 * len(above[top]) > 2:
            families.setdefault((groups.alike[z], groups.alike[graph.src[above[top][0]]]), {}).update(new)
    out = []
    for slopes in families.values():
        edges = np.array(sorted(slopes), np.int64)
        change = Change(edges, np.array([slopes[e] for e in edges.tolist()]))
        by = "the paths from one value to the others, through their sum."
        out.append(Candidate("missing-term", Group("slope", edges, 0.6), change, 1.9, by=by))
    return out
