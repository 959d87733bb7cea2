"""Mistakes with products: a factor forgotten on all ways but its own, and (uv)' = u'v'.

A product of three or more factors is made of several operations, as γ·(x - μ)/s is. Its slope along any factor is the
product of all the others; whoever forgets γ on the way to x does so in the slopes of several operations at once.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograd.check.diagnosis.changes import Candidate
from autograd.check.diagnosis.effects import down
from autograd.check.diagnosis.graph import Change, Graph
from autograd.check.diagnosis.groups import Group, Groups
from autograd.check.problem import Array

Key = tuple[int, int, tuple[int, ...]]
Way = tuple[tuple[int, int], ...]  # down a product: at each step the edge, and whether it goes below the line


def forgotten_factors(graph: Graph, groups: Groups) -> Iterator[Candidate]:
    """For each factor of a product of three or more: the slopes along the others, without it."""
    below: list[list[int]] = [[] for _ in graph.nodes]
    for e, s in enumerate(graph.src.tolist()):
        below[s].append(e)

    def is_product(i: int) -> bool:
        return graph.nodes[i].op in ("mul", "div") or (graph.nodes[i].op == "sum" and len(below[i]) == 1)

    inner = {
        int(d)
        for s, d in zip(graph.src.tolist(), graph.dst.tolist(), strict=True)
        if is_product(s) and is_product(d) and graph.uses[d] == 1
    }
    families: dict[Key, dict[int, Array]] = {}
    nearest: dict[Key, list[int]] = {}  # the edges beside each factor
    factors: dict[Key, int] = {}
    for top in range(len(graph.nodes)):
        if not is_product(top) or top in inner:
            continue
        for way in _ways(graph, below, inner, top, ()):
            beside = [o for e, _ in way for o in below[graph.src[e]] if o != e]
            if len(beside) < 2:
                continue
            factor = int(graph.dst[way[-1][0]])
            value = graph.value[factor]
            if sum(under for _, under in way) % 2:
                value = 1 / value
            key = (groups.alike[top], groups.alike[factor], tuple(int(graph.slot[e]) for e, _ in way))
            families.setdefault(key, {}).update({o: graph.slope[o] / value for o in beside})
            nearest.setdefault(key, []).append(beside[-1])
            factors.setdefault(key, factor)
    for key, slopes in families.items():
        edges = np.array(sorted(slopes), np.int64)
        place = Group("slope", np.unique(nearest[key]), 0.6)
        change = Change(edges, np.array([slopes[e] for e in edges.tolist()]))
        by = "the factor {}, on every way but its own."
        yield Candidate("missing-slope", place, change, place.cost + 1.4, by=by, node=factors[key])


def slopes_multiplied(graph: Graph) -> Iterator[Candidate]:
    """The slopes of two factors, multiplied or divided: (uv)' = u'v', (u/v)' = u'/v'. In a function of one number."""
    if graph.exact.shape[1] != 1:
        return
    slope_of = down(graph)
    edges: dict[int, list[int]] = {}
    for e, s in enumerate(graph.src.tolist()):
        if graph.nodes[s].op in ("mul", "div"):
            edges.setdefault(s, []).append(e)
    for node, both in edges.items():
        if len(both) != 2:
            continue
        first, second = sorted(both, key=lambda e: int(graph.slot[e]))
        other = slope_of[graph.dst[second]][:, 0]
        is_product = graph.nodes[node].op == "mul"
        with np.errstate(all="ignore"):
            along = other if is_product else 1 / other
        if not np.isfinite(along).all():
            continue
        by = "(uv)' = u'v'. It should be u'v + uv'" if is_product else "(u/v)' = u'/v'. It should be (u'v - uv')/v²"
        place = Group("slope", np.array([first, second], np.int64), 0.6)
        change = Change(place.edges, np.array([along, 0 * along]))
        if first > second:
            change = Change(place.edges[::-1].copy(), change.slopes[::-1].copy())
        yield Candidate("wrong-slope", place, change, place.cost + 1.5, by=by, node=node)


def _ways(graph: Graph, below: list[list[int]], inner: set[int], node: int, way: Way) -> Iterator[Way]:
    """All ways from the top of a product down to one of its factors."""
    for e in below[node]:
        further = (*way, (e, int(graph.nodes[node].op == "div" and graph.slot[e] == 1)))
        d = int(graph.dst[e])
        yield from _ways(graph, below, inner, d, further) if d in inner else [further]
