"""The graphs of all points as one table of edges, and the chain rule on it with changed slopes.

A student does not see every `+` of a sum as a step, so sums are flattened: whatever is made by adding,
subtracting and multiplying by constants becomes one node ``sum``, with one edge (and one coefficient) for
each term. ``dot`` becomes a sum of products. What remains are the inputs, the sums, the products and the
other operations; each edge has a slope at every point.

What changes of slopes do to the gradient is calculated in `autograd.check.diagnosis.effects`.
"""

from __future__ import annotations

import math
import time
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.check.diagnosis.points import Points
from autograd.check.problem import Array, Problem
from autograd.rules import RULES
from autograd.value import Value

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(slots=True)
class Node:
    """A node of the flattened graph.

    `op`         "input", "sum", or the name of the row of the rule table
    `origin`     the Value at the first point, for its label, scope and line
    `raw`        its place in `Graph.raw`, -1 for a product inside a dot
    `operands`   the unflattened arguments (places in `Graph.raw`), constants included; () for a sum
    `component`  which input it is, -1 if none
    """

    op: str
    origin: Value
    raw: int
    operands: tuple[int, ...] = ()
    component: int = -1


@dataclass(frozen=True, slots=True)
class Part:
    """A sum inside sum `node`: its edges between `first` and `last` were one Value before flattening."""

    origin: Value
    node: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Change:
    """Some edges with other slopes: `slopes[k]` (one for each point) in place of the slope of `edges[k]`."""

    edges: Ints
    slopes: Array


class Graph(Points):
    """`nodes`; `value` (node × point); edges as `src`, `dst`, `slot` and `slope` (edge × point).

    `points` are the points of the problem whose graph has this structure: an ``if`` in the user's f can make
    others, which are left out.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.passes: dict[tuple[int, ...], Any] = {}  # what was calculated with these slopes, by points
        self.ends = math.inf  # when the search in it has to end (`time.process_time`)
        self.nodes: list[Node] = []
        self.parts: list[Part] = []
        super().__init__([p for p in problem.points if np.isfinite(p.claimed).all() and np.isfinite(p.exact).all()])
        self._flatten()
        self._levels()

    # -- Flattening ---------------------------------------------------------------------------------------------

    def _flatten(self) -> None:
        raw, args, depends, root = self.raw, self.arguments, self._depends, self.two - 1
        self._node_of: dict[int, int] = {}
        self._edges: list[tuple[int, int, int]] = []
        self._coefficients: list[Array | None] = []  # None: the slope is that of an operation
        self.factors: list[tuple[int, ...]] = []  # the constants (places in `raw`) that make up a coefficient
        if depends[root]:
            self._keep(root)
        for i in range(root, -1, -1):
            if i in self._node_of and args[i]:
                at = self._node_of[i]
                if self._is_linear(i):
                    self._flatten_sum(i, at)
                elif self._is_square(i):
                    self._edge(at, self._keep(args[i][0]), 0)
                else:
                    for slot, a in enumerate(args[i]):
                        if depends[a] and raw[i]._rule.slopes[slot] is not None:
                            self._edge(at, self._keep(a), slot)
        table = np.array(self._edges, dtype=np.int64).reshape(-1, 3)
        self.src, self.dst, self.slot = table[:, 0], table[:, 1], table[:, 2]
        self.value: Array = self.value_of(self.raw_value)
        self.slope: Array = np.zeros((len(table), len(self.points)))
        for e, c in enumerate(self._coefficients):
            if c is not None:
                self.slope[e] = c
        self._slopes_of_operations()

    def _keep(self, i: int) -> int:
        """The node for raw node i, made when first met."""
        at = self._node_of.get(i)
        if at is None:
            at = self._node_of[i] = len(self.nodes)
            if not self.arguments[i]:
                self.nodes.append(Node("input", self.raw[i], i, component=self.component[i]))
            elif self._is_linear(i):
                self.nodes.append(Node("sum", self.raw[i], i))
            elif self._is_square(i):
                self.nodes.append(Node("power", self.raw[i], i, (self.arguments[i][0], self.two)))
            else:
                self.nodes.append(Node(self.raw[i]._rule.name, self.raw[i], i, self.arguments[i]))
        return at

    def _edge(
        self, src: int, dst: int, slot: int, coefficient: Array | None = None, factors: tuple[int, ...] = ()
    ) -> None:
        self.factors.append(factors)
        self._edges.append((src, dst, slot))
        self._coefficients.append(coefficient)

    def _flatten_sum(self, i: int, at: int) -> None:
        todo: list[tuple[int, Array, tuple[int, ...]] | Part] = [(i, np.ones(len(self.points)), ())]
        while todo:
            item = todo.pop()
            if isinstance(item, Part):
                self.parts.append(Part(item.origin, at, item.first, len(self._edges)))
                continue
            j, c, f = item
            if j != i and not (self.arguments[j] and self._is_linear(j) and self._uses[j] == 1):
                self._edge(at, self._keep(j), 0, c, f)
                continue
            if j != i:
                todo.append(Part(self.raw[j], at, len(self._edges), 0))
            name, args = self.raw[j]._rule.name, self.arguments[j]
            if name == "dot":
                self._flatten_dot(j, c, at, f)
                continue
            square = self._scaled_square(j) if name == "mul" else None
            if square is not None:
                self.nodes.append(Node("power", self.raw[j], -1, (square[0], self.two)))
                self._edge(at, len(self.nodes) - 1, 0, c * square[1], (*f, *square[2]))
                self._edge(len(self.nodes) - 1, self._keep(square[0]), 0)
                continue
            if name == "mul":
                free, fixed = (args[0], args[1]) if self._depends[args[0]] else (args[1], args[0])
                terms = [(free, c * self.raw_value[fixed], (*f, fixed))]
            elif name == "div":
                terms = [(args[0], c / self.raw_value[args[1]], f)]
            elif name == "sub":
                terms = [(args[0], c, f), (args[1], -c, f)]
            else:
                terms = [(a, -c if name == "neg" else c, f) for a in args]
            todo += [term for term in reversed(terms) if self._depends[term[0]]]

    def _flatten_dot(self, j: int, c: Array, at: int, f: tuple[int, ...]) -> None:
        args, depends = self.arguments[j], self._depends
        n = len(args) // 2
        for a, b in zip(args[:n], args[-n:], strict=True):
            if a == b and depends[a]:
                self.nodes.append(Node("power", self.raw[j], -1, (a, self.two)))
                self._edge(at, len(self.nodes) - 1, 0, c, f)
                self._edge(len(self.nodes) - 1, self._keep(a), 0)
            elif depends[a] and depends[b]:  # a product of its own, as if it had been written w·x
                self.nodes.append(Node("mul", self.raw[j], -1, (a, b)))
                product = len(self.nodes) - 1
                self._edge(at, product, 0, c, f)
                self._edge(product, self._keep(a), 0)
                self._edge(product, self._keep(b), 1)
            elif depends[a]:
                self._edge(at, self._keep(a), 0, c * self.raw_value[b], (*f, b))
            elif depends[b]:
                self._edge(at, self._keep(b), 0, c * self.raw_value[a], (*f, a))
        if len(args) > 2 * n and depends[args[n]]:
            self._edge(at, self._keep(args[n]), 0, c, f)

    def value_of(self, raw_value: Array) -> Array:
        """The numbers of the nodes (node × point), where those of the Values are `raw_value`."""
        found = [
            raw_value[n.raw] if n.raw >= 0 else RULES[n.op].array(*(raw_value[a] for a in n.operands))
            for n in self.nodes
        ]
        return np.array(found).reshape(len(self.nodes), -1)

    def _slopes_of_operations(self) -> None:
        families: dict[tuple[str, int], list[int]] = {}
        for e, c in enumerate(self._coefficients):
            if c is None:
                families.setdefault((self.nodes[self.src[e]].op, int(self.slot[e])), []).append(e)
        for (op, slot), edges in families.items():
            with np.errstate(all="ignore"):
                slope = RULES[op].slope(slot, self.value[self.src[edges]], self.operands(np.array(edges)))
            self.slope[edges] = slope

    @cached_property
    def constants(self) -> Array:
        """What a sum is without its terms (node × point): the -t of w·x - t."""
        terms = np.zeros_like(self.value)
        np.add.at(terms, self.src, self.slope * self.value[self.dst])
        rest = self.value - terms
        size = np.zeros_like(self.value)
        np.add.at(size, self.src, np.abs(self.slope * self.value[self.dst]))
        return np.where(np.abs(rest) > 1e-12 * (size + np.abs(self.value)), rest, 0.0)

    @cached_property
    def uses(self) -> Ints:
        """How many edges lead to each node."""
        return np.bincount(self.dst, minlength=len(self.nodes))

    def operands(self, edges: Ints) -> list[Array]:
        """The numbers that the operations above these edges (all of one kind) were given: edge × point each."""
        table = np.array([self.nodes[s].operands for s in self.src[edges]])
        return [self.raw_value[column] for column in table.T]

    def changed(self, change: Change) -> Graph:
        """The same graph with other slopes."""
        other = copy(self)
        other.passes = {}
        other.slope = self.slope.copy()
        other.slope[change.edges] = change.slopes
        return other

    @property
    def is_late(self) -> bool:
        """Whether the time for the search is over."""
        return time.process_time() > self.ends

    # -- The chain rule, with changes -----------------------------------------------------------------------------

    def _levels(self) -> None:
        level = np.zeros(len(self.nodes), dtype=np.int64)
        # edges stand in the order in which their upper ends were made ready: parents first
        for s, d in zip(self.src.tolist(), self.dst.tolist(), strict=True):
            level[d] = max(level[d], level[s] + 1)
        self.level: Ints = level
        edge_level = level[self.src]
        self.steps: list[
            tuple[Ints, Ints, Ints]
        ] = []  # for each level: edges sorted by dst, where each dst starts, dst
        order = np.lexsort((self.dst, edge_level))
        bounds = np.searchsorted(edge_level[order], np.arange(level.max(initial=0) + 1))
        self.row = np.empty(len(order), dtype=np.int64)  # where an edge stands within its step
        for first, last in zip(bounds, [*bounds[1:], len(order)], strict=True):
            edges = order[first:last]
            if len(edges):
                self.row[edges] = np.arange(len(edges))
                targets, starts = np.unique(self.dst[edges], return_index=True)
                self.steps.append((edges, starts, targets))
        self.step_of = np.empty(len(order), dtype=np.int64)
        for number, (edges, _, _) in enumerate(self.steps):
            self.step_of[edges] = number
        self.is_input: Mask = np.array([n.op == "input" for n in self.nodes])
        inputs = [(i, n.component) for i, n in enumerate(self.nodes) if n.op == "input"]
        self.inputs = tuple(np.array(inputs, dtype=np.int64).reshape(-1, 2).T)

    def reach(self) -> list[int]:
        """For each node the inputs below it, as the bits of a number."""
        below = [1 << n.component if n.op == "input" else 0 for n in self.nodes]
        for e in np.argsort(-self.level[self.src], kind="stable").tolist():
            below[self.src[e]] |= below[self.dst[e]]
        return below
