"""A random graph with little to fuse: products and means of any two earlier nodes, and the sum of all that nobody used.

It is what a compiler of straight-line code likes least: no two nodes alike, and no order in which they could be near.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

LEAVES = 20


def start() -> list[float]:
    """The numbers at the leaves; all products of them stay within range."""
    return [0.9 + 0.005 * k for k in range(LEAVES)]


def graph(operations: int, seed: int = 0) -> tuple[Callable[[Sequence[Any]], Any], int]:
    """(the cost as a function of its leaves, the exact number of its operations: about as many as asked for)."""
    choice = random.Random(seed)
    plan: list[tuple[bool, int, int]] = []
    used: set[int] = set()
    count = 0
    while count < operations / 1.22:  # the rest are the additions at the end
        size = LEAVES + len(plan)
        product, i, j = choice.random() < 0.5, choice.randrange(size), choice.randrange(size)
        plan.append((product, i, j))
        used |= {i, j}
        count += 1 if product else 2
    unused = [k for k in range(LEAVES, LEAVES + len(plan)) if k not in used]

    def cost(leaves: Sequence[Any]) -> Any:
        nodes = list(leaves)
        for product, i, j in plan:
            nodes.append(nodes[i] * nodes[j] if product else (nodes[i] + nodes[j]) * 0.5)
        total = nodes[unused[0]]
        for k in unused[1:]:
            total = total + nodes[k]
        return total

    return cost, count + len(unused) - 1
