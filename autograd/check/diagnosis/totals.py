"""Values divided by their sum, as in a softmax: only their own part of the sum, or the sum along another axis.

In pᵢⱼ = eᵢⱼ/Σⱼ eᵢⱼ every value reaches all others of its row through the sum. In place of that row, people take the
column, or everything (a NumPy sum without its axis), in p, in what comes back through the sum, or in both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from autograd.check.diagnosis.changes import Candidate
from autograd.check.diagnosis.effects import arriving
from autograd.check.diagnosis.graph import Change, Graph, Ints
from autograd.check.diagnosis.groups import Group, Groups

COST = 2.0


@dataclass(frozen=True, slots=True)
class _Softmax:
    """Edges, as row × column: from the quotients to their numerators and to the sums, from the sums to their terms.

    Where the sum was calculated anew for each quotient, there are several edges to each term: row × column × sum.
    """

    direct: Ints
    through: Ints
    terms: Ints
    sums: Ints  # a sum of each row


def other_totals(graph: Graph, groups: Groups) -> Iterator[Candidate]:
    """Every softmax of the graph with the sums along another axis."""
    for it in _softmaxes(graph, groups):
        arrives = arriving(graph)[graph.src[it.through]]
        back = arrives * graph.slope[it.through]  # ∂f/∂(sum), the part of each quotient
        total = graph.value[it.sums][:, None]
        terms = graph.slope[it.terms[:, :, 0]] * graph.value[graph.dst[it.terms[:, :, 0]]]
        axes = {"column": (0,), "everything": (0, 1), "row": (1,)}
        for of_p in axes:
            other = terms.sum(axis=axes[of_p], keepdims=True)
            for of_sum in axes:
                if of_p == of_sum == "row":
                    continue
                with np.errstate(all="ignore"):
                    came = (back * total**2 / other).sum(axis=axes[of_sum], keepdims=True) / other
                    came = np.broadcast_to(came, back.shape)
                    slopes = graph.slope[it.terms] * (came / back.sum(axis=1, keepdims=True))[:, :, None]
                    direct = graph.slope[it.direct] * (total / other)
                if not np.isfinite(slopes).all():
                    continue
                edges = np.concatenate([it.terms.ravel(), it.direct.ravel()])
                both = np.concatenate([slopes.reshape(-1, slopes.shape[-1]), direct.reshape(-1, direct.shape[-1])])
                order = np.argsort(edges)
                wrong = of_sum if of_p == "row" else of_p
                asked = "is an axis missing?" if wrong == "everything" else "is it the wrong axis?"
                what = "the total" if of_p != "row" else "what comes back through the sum"
                of = "everything" if wrong == "everything" else f"a {wrong}"
                by = f"{what} of {of}, not of the row that the value stands in ({asked})"
                place = Group("slope", np.sort(it.terms.ravel()), 0.5)
                cost = COST + 0.1 * (of_p != of_sum) + 0.05 * (wrong == "everything")
                yield Candidate("wrong-point", place, Change(edges[order], both[order]), place.cost + cost, by=by)


def _softmaxes(graph: Graph, groups: Groups) -> Iterator[_Softmax]:
    below: list[list[int]] = [[] for _ in graph.nodes]
    above: list[list[int]] = [[] for _ in graph.nodes]
    for e, (s, d) in enumerate(zip(graph.src.tolist(), graph.dst.tolist(), strict=True)):
        below[s].append(e)
        above[d].append(e)
    rows: dict[tuple[int, ...], list[int]] = {}  # the sums of the same terms
    for z, node in enumerate(graph.nodes):
        if node.op == "sum" and len(below[z]) > 1:
            rows.setdefault(tuple(sorted(graph.dst[below[z]].tolist())), []).append(z)
    families: dict[int, list[list[int]]] = {}
    for sums in rows.values():
        families.setdefault(groups.made[sums[0]], []).append(sums)
    for family in families.values():
        if len(family) < 2 or len({(len(sums), len(below[sums[0]])) for sums in family}) > 1:
            continue
        family.sort(key=lambda sums: groups.order[sums[0]])
        found = [_row(graph, below, above, sums) for sums in family]
        table = [row for row in found if row is not None]
        if len(table) == len(family):
            direct, through, terms = (
                np.array([[cell[k] for cell in row] for row in table], np.int64) for k in range(3)
            )
            yield _Softmax(direct, through, terms, np.array([sums[0] for sums in family], np.int64))


def _row(
    graph: Graph, below: list[list[int]], above: list[list[int]], sums: list[int]
) -> list[tuple[int, int, list[int]]] | None:
    """For each term of a row: the edges from the quotient that it is the numerator of, and those from the sums.

    None if there is not one quotient for each term.
    """
    quotients: dict[int, tuple[int, int]] = {}
    uses = [through for z in sums for through in above[z]]
    for through in uses:
        q = int(graph.src[through])
        direct = [e for e in below[q] if e != through]
        if graph.nodes[q].op != "div" or graph.slot[through] != 1 or len(direct) != 1:
            return None
        term = int(graph.dst[direct[0]])
        while graph.nodes[term].op in ("sum", "mul") and len(below[term]) == 1:  # c·e in place of e
            term = int(graph.dst[below[term][0]])
        quotients[term] = direct[0], through
    terms = [int(graph.dst[e]) for e in below[sums[0]]]
    if set(terms) != set(quotients) or len(uses) != len(terms):
        return None
    edge = {(z, int(graph.dst[e])): e for z in sums for e in below[z]}
    return [(*quotients[term], [edge[z, term] for z in sums]) for term in terms]
