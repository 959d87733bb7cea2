"""How large a graph is, and where."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from autograd.faults import shown
from autograd.order import arguments, topological
from autograd.value import Value


@dataclass(frozen=True, slots=True)
class GraphStats:
    """Counts of a graph.

    nodes    all of them, leaves included
    edges    with repeats: ``a * a`` has two
    depth    the number of edges on the longest way from the root to a leaf
    leaves   how many leaves there are in each scope ("" outside any), constants not among them
    constants  plain numbers that took part, like the 2 in ``2 * x``
    operations  how many nodes each operation made, by its sign
    """

    nodes: int
    edges: int
    depth: int
    leaves: dict[str, int]
    constants: int
    operations: dict[str, int]

    def __str__(self) -> str:
        leaves = sum(self.leaves.values())
        lines = [
            f"{_count(self.nodes, 'node')}, {_count(self.edges, 'edge')}, depth {self.depth}, "
            f"{_count(leaves, 'leaf', 'leaves')}, {_count(self.constants, 'constant')}",
            "operations: " + (", ".join(f"{n} × {op}" for op, n in self.operations.items()) or "none"),
        ]
        if set(self.leaves) - {""}:
            lines.append(
                "leaves by scope: " + ", ".join(f"{n} in {shown(s) or '(none)'}" for s, n in self.leaves.items())
            )
        return "\n".join(lines)


def _count(n: int, one: str, more: str = "") -> str:
    return f"{n} {one if n == 1 else more or one + 's'}"


def graph_stats(root: Value) -> GraphStats:
    """Count the nodes, edges, depth and leaves (by scope) of all that `root` was made from."""
    if not isinstance(root, Value):
        raise TypeError(f"graph_stats takes a Value; got {root!r:.80} of type {type(root).__name__}")
    leaves, made = topological(root)
    depth = dict.fromkeys(leaves, 0)
    edges = 0
    for node in made:
        args = arguments(node)
        edges += len(args)
        depth[node] = 1 + max(depth[a] for a in args)
    return GraphStats(
        nodes=len(leaves) + len(made),
        edges=edges,
        depth=depth[root],
        leaves=dict(sorted(Counter(leaf.scope for leaf in leaves if not leaf.is_constant).items())),
        constants=sum(leaf.is_constant for leaf in leaves),
        operations=dict(Counter(node.op for node in made).most_common()),
    )
