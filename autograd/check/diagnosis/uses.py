"""``=`` written for ``+=``: of several contributions to one value only the last, or the first, is left.

What is overwritten is found from the graph: the uses of an argument or of a value in different operations, the terms
of a sum over examples, the steps of a loop.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from autograd.check.diagnosis.graph import Graph, Ints, Part

KINDS = 40  # uses of different kinds; where there are more, as in a long loop, only the first and the last are kept


@dataclass(frozen=True, slots=True)
class Uses:
    """What is left if ``=`` is written for ``+=``: `kept` edges stay, `dropped` ones are overwritten."""

    kept: Ints
    dropped: Ints
    which: str  # "first" or "last"
    cost: float


# A sum inside a sum: where it stands, its edges, and what kinds of terms it holds
MixedPart = tuple[Part, Ints, frozenset[int]]


def all_uses(graph: Graph, made: list[int], alike: list[int], order: list[int], parts: list[MixedPart]) -> list[Uses]:
    """Every way to keep one of several contributions. `made`, `alike` and `order` are of the nodes (see `groups`)."""
    return _Finder(graph, made, alike, order, parts).all()


class _Finder:
    def __init__(
        self, graph: Graph, made: list[int], alike: list[int], order: list[int], parts: list[MixedPart]
    ) -> None:
        self.graph, self.made, self.alike, self.order, self._parts = graph, made, alike, order, parts
        self._reach = graph.reach()
        self._src, self._dst = graph.src.tolist(), graph.dst.tolist()
        self._ops = [n.op for n in graph.nodes]
        self._below: list[list[int]] = [[] for _ in graph.nodes]
        self._like: Counter[tuple[int, int]] = Counter()  # how many edges of a node lead to nodes of a kind
        for e, (s, d) in enumerate(zip(self._src, self._dst, strict=True)):
            self._below[s].append(e)
            self._like[s, made[d]] += 1

    def all(self) -> list[Uses]:
        """Every way to keep one of several contributions."""
        found: dict[bytes, Uses] = {}

        def add(kept: list[int], dropped: list[int], which: str, cost: float) -> None:
            if kept and dropped:
                drop = np.unique(np.array(dropped, np.int64))
                if drop.tobytes() not in found:
                    cost += 0.3 if which == "middle" else -0.5 * self._fans_out(kept, dropped)
                    found[drop.tobytes()] = Uses(np.array(kept, np.int64), drop, which, cost)

        for kept, dropped, which in self._repeated_parts():
            add(kept, dropped, which, 0.6)
        graph, src, slot = self.graph, self._src, self.graph.slot.tolist()
        uses: list[list[int]] = [[] for _ in graph.nodes]
        for e, d in enumerate(self._dst):
            uses[d].append(e)
        for edges in uses:
            edges.sort(key=lambda e: (self.order[src[e]], slot[e]))
        for family in self._shared(uses):
            self._by_position([uses[i] for i in family], add, 0.7)
            kinds: dict[int, list[int]] = {}
            for i in family:
                for e in uses[i]:
                    kinds.setdefault(self.alike[src[e]], []).append(e)
            ordered = sorted(kinds.values(), key=lambda es: min(self.order[src[e]] for e in es))
            if len(ordered) < 2:
                continue
            places = range(len(ordered)) if len(ordered) <= KINDS else (0, len(ordered) - 1)
            for k in places:
                which = "last" if k == len(ordered) - 1 else "first" if k == 0 else "middle"
                add(ordered[k], [e for j, other in enumerate(ordered) if j != k for e in other], which, 0.75)
            for members in ordered:  # several uses of one kind: one of those
                self._by_position(self._rows(members), add, 0.8)
        sums: dict[tuple[int, int], list[int]] = {}
        for e in [e for e, s in enumerate(src) if self._ops[s] == "sum"]:
            sums.setdefault((self.alike[src[e]], self.alike[self._dst[e]]), []).append(e)
        for members in sums.values():
            rows_: dict[int, list[int]] = {}
            for e in members:
                rows_.setdefault(src[e], []).append(e)
            self._by_position(list(rows_.values()), add, 0.65)
        return list(found.values())

    def _fans_out(self, kept: list[int], dropped: list[int]) -> bool:
        """Whether ``=`` for ``+=`` is likelier than a forgotten term: what is dropped lives on beside the shared value.

        So it is for a value inside the graph, and for an argument that is dropped in a product with other arguments.
        In e/Σ e, a normaliser that was taken for a constant (or an e above) is a rule forgotten, not a loop.
        """
        ops, src = self._ops, self._src
        for one, other in ((kept, dropped), (dropped, kept)):
            if all(ops[src[e]] != "sum" for e in one) and any(map(self._is_shared, other)):
                return False
        for e in dropped:
            s, d = src[e], self._dst[e]
            if s == 0 and ops[0] == "sum":
                return False
            if ops[d] == "input":
                others = [o for o in self._below[s] if o != e]
                if ops[s] == "sum" or not others:
                    return False
                if any(self._reach[self._dst[o]] >> self.graph.nodes[d].component & 1 for o in others):
                    return False
        return True

    def _is_shared(self, e: int) -> bool:
        """Whether this edge leads from a sum over several values of one kind."""
        s = self._src[e]
        return self._ops[s] == "sum" and self._like[s, self.made[self._dst[e]]] > 1

    def _rows(self, edges: list[int]) -> list[list[int]]:
        rows: dict[int, list[int]] = {}
        for e in edges:
            rows.setdefault(self._dst[e], []).append(e)
        return list(rows.values())

    def _shared(self, uses: list[list[int]]) -> list[list[int]]:
        """Families of nodes that are used more than once: the arguments, one by one and block by block, and values."""
        families: dict[Hashable, list[int]] = {}
        for i, edges in enumerate(uses):
            if len(edges) > 1:
                families.setdefault(self.alike[i], []).append(i)
                line = self.graph.nodes[i].origin.line
                if line is not None and self.graph.nodes[i].op != "input":
                    families.setdefault((line[1], self.graph.nodes[i].op), []).append(i)
        everything = [i for i, edges in enumerate(uses) if len(edges) > 1 and self.graph.nodes[i].op == "input"]
        if everything:
            families["all"] = everything
        return list(families.values())

    def _by_position(self, rows: list[list[int]], add: object, cost: float) -> None:
        """Keep only the first, or only the last, of each row."""
        rows = [row for row in rows if len(row) > 1]
        for which, kept in (("last", -1), ("first", 0)):
            keep = [row[kept] for row in rows]
            left = set(keep)
            add(keep, [e for row in rows for e in row if e not in left], which, cost)  # type: ignore[operator]

    def _repeated_parts(self) -> list[tuple[list[int], list[int], str]]:
        """Sums over examples, each a sum of terms of several kinds: only the first or last example kept."""
        graph = self.graph
        families: dict[tuple[int, frozenset[int]], list[Ints]] = {}
        for part, edges, kinds in self._parts:
            if len(kinds) > 1:
                families.setdefault((part.node, kinds), []).append(edges)
        for node in np.unique(graph.src):
            if graph.nodes[node].op == "sum":
                edges = np.flatnonzero(graph.src == node)
                kinds = frozenset(self.alike[d] for d in graph.dst[edges])
                families.setdefault((int(node), kinds), []).append(edges)
        out = []
        for parts in families.values():
            least, most = min(parts, key=len), max(parts, key=len)
            n = len(least)
            if 2 * n <= len(most):
                out.append((most[:n].tolist(), most[n:].tolist(), "first"))
                out.append((most[-n:].tolist(), most[:-n].tolist(), "last"))
        return out
