"""Groups: which scalar nodes become which matrix.

1. Sums are linear forms, however they were added up (`autograd.compile.matrix.nodes`).
2. Nodes of one level, made in the same way from the same tensors, become one tensor.
3. A group of sums becomes a matrix product if it can (`autograd.compile.matrix.sums`).
4. Its operands are views of tensors where they can be (`autograd.compile.matrix.operands`).

What fits nowhere is still computed for the whole batch at once, element by element.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, compress
from typing import Any

from autograd import rules
from autograd.compile.linear import uses
from autograd.compile.matrix.mixing import mix
from autograd.compile.matrix.nodes import Node, nodes_of
from autograd.compile.matrix.padding import pad
from autograd.compile.matrix.sums import Sums
from autograd.compile.matrix.tensors import Elementwise, Expr, Largest, Plan, Ref, Sum, Tensor
from autograd.compile.record import Recording

VARIANTS = 3  # sets of coefficients that may be groups of their own


def plan(recording: Recording) -> Plan:
    """The forward pass of a recording as assignments of tensors. `adjoint` beside it adds the backward pass."""
    return Grouper(recording).plan()


class Grouper(Sums):
    """Makes tensors of the nodes, level by level."""

    def plan(self) -> Plan:
        """All levels, from the leaves to the root."""
        nodes = nodes_of(self.r)
        self.bounds = self._row_bounds(nodes)
        root = nodes.pop(self.r.root, None) if self._root_is_loose(nodes) else None
        levels: dict[int, list[Node]] = {}
        for node in nodes.values():
            levels.setdefault(node.level, []).append(node)
        for level in sorted(levels):
            mixed = mix(self, levels[level])
            rest = [node for node in levels[level] if node.slot not in mixed]
            for node in rest:
                self._weigh(node)
            self._weigh_together(rest)
            pad(self, rest)
            groups: dict[Any, list[Node]] = {}
            for node in rest:
                groups.setdefault(self._signature(node), []).append(node)
            for group in groups.values():
                self._group(group)
        result: Ref | Sum
        if root is not None:
            self._weigh(root)
            result = self.sum_of([root], self.blocks([root]), (1,), 1, 1)
        else:
            result = self._result(self.r.root)
        penalty = None if self.r.penalty is None else self._result(self.r.penalty)
        gradient = Tensor("gradient", self.parameters.size, False, (self.parameters.size,), "g")
        padded = self.mixed or self.invented > 0
        return Plan(
            self.forward, [], result, penalty, self.parameters, gradient, self.inputs, self.r.shapes, padded=padded
        )

    def _root_is_loose(self, nodes: dict[int, Node]) -> bool:
        """Whether the root is a sum that nothing else needs: then only its total over the batch is computed."""
        root = nodes.get(self.r.root)
        return root is not None and root.is_sum and uses(self.r)[self.r.root] == 1

    def _row_bounds(self, nodes: dict[int, Node]) -> set[int]:
        """Where the weights of a unit begin and end in the vector of parameters."""
        bounds = set()
        for node in nodes.values():
            if self.is_batched[node.slot] and len(node.products) > 1:
                slots = [x for _, u, v in node.products for x in (u, v) if isinstance(x, int)]
                places = sorted(self.r.parameters[x] for x in slots if x in self.r.parameters)
                if places and places[-1] - places[0] == len(places) - 1:
                    bounds |= {places[0], places[-1] + 1}
        return bounds

    def _weigh(self, node: Node) -> None:
        """Terms of one tensor with coefficients of all kinds become its product with constants."""
        kinds: dict[Tensor | None, set[float]] = {}
        for c, t in node.singles:
            kinds.setdefault(self.tensor(t), set()).add(c)
        many = [len(kinds[self.tensor(t)]) > 2 for _, t in node.singles]
        if any(many):
            node.products += [(1.0, t, c) for c, t in compress(node.singles, many)]
            node.singles = [term for term, one in zip(node.singles, many, strict=True) if not one]

    def _weigh_together(self, nodes: list[Node]) -> None:
        """The same with nodes that differ in the coefficients of single terms only: c_1·x, c_2·x, c_3·x, …"""
        alike: dict[Any, dict[Any, list[Node]]] = {}
        for node in nodes:
            if node.is_sum and len(node.singles) > 0:
                signature = self._signature(node)
                kinds = tuple(sorted((a, b) if b == -2 else (a, b, c, n) for (a, b, c), n in signature[-1]))
                alike.setdefault((signature[1:-1], kinds), {}).setdefault(signature[-1], []).append(node)
        for variants in alike.values():
            if len(variants) > VARIANTS:
                for node in chain.from_iterable(variants.values()):
                    node.products += [(1.0, t, c) for c, t in node.singles]
                    node.singles = []

    # -- Nodes made alike -------------------------------------------------------------------------------------------

    def _signature(self, node: Node) -> Any:
        batched, held = self.is_batched[node.slot], node.slot in self.r.held
        if not node.is_sum:
            return node.op.name, batched, held, tuple(self.order[self.tensor(x)] for x in self._arguments(node))
        kinds: dict[Any, int] = {}
        for key, _, _ in self.terms(node):
            kinds[key] = kinds.get(key, 0) + 1
        return "sum", batched, held, tuple(sorted(kinds.items()))

    def _arguments(self, node: Node) -> Sequence[int]:
        """What it is made from; the largest of several numbers is the same in any order, so those of a tensor meet."""
        if node.op is rules.maximum and node.slot in self.r.held:
            return sorted(node.args, key=lambda x: self.order[self.tensor(x)])
        return node.args

    def _group(self, nodes: list[Node]) -> None:
        if nodes[0].is_sum:
            self._sums(nodes)
        elif len(nodes[0].args) > (nodes[0].op.arity or 0):
            self._largest(nodes)
        else:
            for part in self._parts(nodes):
                self._elementwise(part)

    def _parts(self, nodes: list[Node]) -> list[list[Node]]:
        """Functions of parameters, such as Σ |w|, by the matrices that they form."""
        if self.tensor(nodes[0].args[0]) is not self.parameters:
            return [nodes]
        nodes = sorted(nodes, key=lambda n: self.column(n.args[0]))
        grids = self._matrices_in(self.parameters, self._index([n.args[0] for n in nodes]))
        return [nodes] if grids is None else [[nodes[k] for row in grid for k in row] for grid in grids]

    # -- Elementwise ------------------------------------------------------------------------------------------------

    def _elementwise(self, nodes: list[Node]) -> None:
        arguments = {n.slot: self._arguments(n) for n in nodes}
        rows = list(zip(*arguments.values(), strict=True))
        variety = [0 if self.tensor(row[0]) is None else len(set(row)) for row in rows]
        order = sorted(range(len(rows)), key=lambda k: -variety[k])  # in the order of the argument that repeats least
        nodes = sorted(nodes, key=lambda n: [self.place(arguments[n.slot][k]) for k in order])
        rows = list(zip(*(arguments[n.slot] for n in nodes), strict=True))
        shape = self._shape(rows, len(nodes))
        args = tuple(self._operand(row, shape) for row in rows)
        batched = self.is_batched[nodes[0].slot]
        self.assign(nodes, Elementwise(nodes[0].op, args, shape, batched), shape)

    def _largest(self, nodes: list[Node]) -> None:
        """max over many arguments, which may come from several tensors."""
        batched = self.is_batched[nodes[0].slot]
        by_tensor = [sorted(n.args, key=lambda x: (self.order[self.tensor(x)], self.column(x))) for n in nodes]
        order = sorted(range(len(nodes)), key=lambda i: [self.column(x) for x in by_tensor[i]])
        nodes, by_tensor = [nodes[i] for i in order], [by_tensor[i] for i in order]
        result: Expr | None = None
        start, total = 0, len(by_tensor[0])
        while start < total:
            tensor = self.tensor(by_tensor[0][start])
            stop = start
            while stop < total and self.tensor(by_tensor[0][stop]) is tensor:
                stop += 1
            part = [row[start:stop] for row in by_tensor]
            shape = (len(nodes), stop - start)
            operand = self._operand([x for row in part for x in row], shape)
            piece: Expr = Largest(operand, (len(nodes),), operand.batched)
            result = piece if result is None else Elementwise(rules.maximum, (result, piece), (len(nodes),), batched)
            start = stop
        assert result is not None
        self.assign(nodes, result, (len(nodes),))
