"""Groups: which scalar nodes become which matrix.

1. Sums are linear forms, however they were added up (`autograd.compile.nodes`).
2. Nodes of one level, made in the same way from the same tensors, become one tensor.
3. In a group of sums the rows of left factors (u_1, …, u_K) and of right factors (v_1, …, v_K) are collected. If every
   left row meets every right row, the group is a matrix product: for a layer there is one left row, the activations,
   and a right row for every unit, its weights. Attention scores have several of both.
4. The columns that an operand needs are a view of its tensor where their positions are affine in the indices (a matrix
   inside the flat vector of parameters, a slice of a layer), and are gathered otherwise.

What fits nowhere is still computed for the whole batch at once, element by element.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, compress
from typing import Any

import numpy as np

from autograd import rules
from autograd.compile.linear import uses
from autograd.compile.nodes import Factor, Node, nodes_of
from autograd.compile.padding import pad
from autograd.compile.record import Recording
from autograd.compile.tensors import (
    Along,
    Assign,
    Elementwise,
    Expr,
    Gather,
    Largest,
    Number,
    Plan,
    Product,
    Ref,
    Shape,
    Sum,
    Table,
    Tensor,
    affine,
    dense,
    whole,
)

VARIANTS = 3  # sets of coefficients that may be groups of their own
Index = np.ndarray[Any, Any]


@dataclass
class Block:
    """The terms of a group of sums that come from the same tensors: n nodes with K terms each."""

    coefficient: float
    left: list[list[Factor]]
    right: list[list[Factor]] | None  # None: single terms

    @property
    def width(self) -> int:
        """K."""
        return len(self.left[0])


def plan(recording: Recording) -> Plan:
    """The forward pass of a recording as assignments of tensors; `autograd.compile.adjoint` adds the backward pass."""
    return Grouper(recording).plan()


class Grouper:
    """Makes tensors of the nodes, level by level."""

    def __init__(self, recording: Recording) -> None:
        self.r = recording
        self.parameters = Tensor("parameters", recording.parameter_count, False, (recording.parameter_count,), "w")
        self.inputs = [
            Tensor("input", int(np.prod(shape)), True, shape or (1,), "", argument=k)
            for k, shape in enumerate(recording.shapes)
        ]
        self.where: dict[int, tuple[Tensor | None, float]] = {  # slot -> its tensor and column; a constant is its own
            slot: (None, value) for slot, value in recording.constants.items()
        }
        self.order: dict[Tensor | None, int] = {None: -1, self.parameters: 0}
        self.forward: list[Assign] = []
        self.gathered: dict[tuple[int, bytes], Tensor] = {}
        self.invented = 0  # slots behind which there is no scalar node
        self.bounds: set[int] = set()
        self.scopes = {place: recording.scopes.get(slot, "") for slot, place in recording.parameters.items()}
        self.is_batched = recording.batched()
        for slot, place in recording.parameters.items():
            self.where[slot] = (self.parameters, place)
        starts = np.cumsum([0] + [t.size for t in self.inputs])
        for slot, place in recording.inputs.items():
            k = int(np.searchsorted(starts, place, side="right")) - 1
            self.where[slot] = (self.inputs[k], place - int(starts[k]))
        for tensor in self.inputs:
            self.order[tensor] = len(self.order)

    def plan(self) -> Plan:
        """All levels, from the leaves to the root."""
        nodes = nodes_of(self.r)
        self.bounds = self._row_bounds(nodes)
        root = nodes.pop(self.r.root, None) if self._root_is_loose(nodes) else None
        levels: dict[int, list[Node]] = {}
        for node in nodes.values():
            levels.setdefault(node.level, []).append(node)
        for level in sorted(levels):
            for node in levels[level]:
                self._weigh(node)
            self._weigh_together(levels[level])
            pad(self, levels[level])
            groups: dict[Any, list[Node]] = {}
            for node in levels[level]:
                groups.setdefault(self._signature(node), []).append(node)
            for group in groups.values():
                self._group(group)
        result: Ref | Sum
        if root is not None:
            self._weigh(root)
            result = self._sum_of([root], self._blocks([root]), (1,), 1, 1)
        else:
            result = self._result(self.r.root)
        penalty = None if self.r.penalty is None else self._result(self.r.penalty)
        gradient = Tensor("gradient", self.parameters.size, False, (self.parameters.size,), "g")
        return Plan(self.forward, [], result, penalty, self.parameters, gradient, self.inputs, self.r.shapes)

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

    # -- 2. Nodes made alike ----------------------------------------------------------------------------------------

    def tensor(self, x: Factor) -> Tensor | None:
        """The tensor that a factor is a column of; None for a constant."""
        return None if x.__class__ is float else self.where[x][0]  # type: ignore[index]

    def column(self, x: Factor) -> float:
        """The column of its tensor; a constant itself."""
        return x if x.__class__ is float else self.where[x][1]  # type: ignore[index]

    def place(self, x: Factor) -> float:
        """The column, to sort by; constants stay in the order in which they come."""
        return 0.0 if self.tensor(x) is None else self.column(x)

    def is_shared(self, x: Factor) -> bool:
        """Whether all examples share it."""
        tensor = self.tensor(x)
        return tensor is None or not tensor.batched

    def _rank(self, tensor: Tensor | None) -> int:
        """What stands on the left of a product: activations before inputs before parameters before constants."""
        if tensor is None:
            return 0
        kind = {"parameters": 1, "input": 2}.get(tensor.kind, 3)
        return kind + 4 * tensor.batched

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

    def terms(self, node: Node) -> Iterable[tuple[tuple[int, int, float], Factor, Factor | None]]:
        """(the key of its block, left factor, right factor) for every term of a sum."""
        order, tensor = self.order, self.tensor
        known: dict[tuple[Tensor | None, Tensor | None], tuple[bool, int, int]] = {}
        for c, u, v in node.products:
            both = tensor(u), tensor(v)
            if both not in known:
                swapped = self._rank(both[0]) < self._rank(both[1])
                first, second = reversed(both) if swapped else both
                known[both] = swapped, order[first], order[second]
            swapped, a, b = known[both]
            yield (a, b, c), *((v, u) if swapped else (u, v))
        for c, t in node.singles:
            yield (self.order[self.tensor(t)], -2, c), t, None

    def key_of(self, product: tuple[float, Factor, Factor]) -> tuple[int, int, float]:
        """The key of the block of this product."""
        return next(iter(self.terms(Node(-1, rules.total, products=[product]))))[0]

    def new_slots(self, tensor: Tensor, start: int, count: int) -> list[int]:
        """Slots for columns of a tensor behind which there is no scalar node."""
        self.invented += count
        slots = list(range(-self.invented, count - self.invented))
        self.where.update({slot: (tensor, start + k) for k, slot in enumerate(slots)})
        return slots

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
        self._assign(nodes, Elementwise(nodes[0].op, args, shape, batched), shape)

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
        self._assign(nodes, result, (len(nodes),))

    # -- 3. Sums ----------------------------------------------------------------------------------------------------

    def _blocks(self, nodes: list[Node]) -> dict[tuple[int, int, float], Block]:
        blocks: dict[tuple[int, int, float], Block] = {}
        for k, node in enumerate(nodes):
            terms: dict[tuple[int, int, float], list[tuple[Factor, Factor | None]]] = {}
            for key, u, v in self.terms(node):
                terms.setdefault(key, []).append((u, v))
            for key, pairs in terms.items():
                pairs.sort(key=lambda p: (self.column(p[0]), 0 if p[1] is None else self.column(p[1])))
                block = blocks.setdefault(key, Block(key[2], [], None if key[1] == -2 else []))
                block.left.append([u for u, _ in pairs])
                if block.right is not None:
                    block.right.append([v for _, v in pairs if v is not None])
                assert len(block.left) == k + 1
        return blocks

    def _sums(self, nodes: list[Node]) -> None:
        blocks = self._blocks(nodes)
        wide = [b for b in blocks.values() if b.right is not None and b.width > 1]
        if wide:
            main = max(wide, key=lambda b: b.width)
            grids, loose = self._grids(main)
            for rows, i, j in grids:
                self._sum_group([nodes[k] for k in rows], i, j)
            if loose:
                self._sum_group([nodes[k] for k in loose], len(loose), 0)
            return
        if blocks:
            main = max(blocks.values(), key=lambda b: len({row[0] for row in b.left}))
            nodes = [nodes[k] for k in sorted(range(len(nodes)), key=lambda k: self._key(main, k))]
        self._sum_group(nodes, len(nodes), 0)

    def _key(self, block: Block, k: int) -> list[float]:
        right = block.right[k] if block.right is not None else []
        return [self.place(x) for x in (*block.left[k][:2], *right[:2])]

    def _grids(self, block: Block) -> tuple[list[tuple[list[int], int, int]], list[int]]:
        """The nodes as grids, ([positions], I, J), in which every left row meets every right row; and the others."""
        assert block.right is not None
        lefts = [tuple(self.column(x) for x in row) for row in block.left]
        rights = [tuple(self.column(x) for x in row) for row in block.right]
        meets: dict[Any, dict[Any, int]] = {}
        doubles: list[int] = []
        for k, (u, v) in enumerate(zip(lefts, rights, strict=True)):
            if v in meets.setdefault(u, {}):
                doubles.append(k)
            else:
                meets[u][v] = k
        alike: dict[Any, list[Any]] = {}
        for u in sorted(meets):
            alike.setdefault(tuple(sorted(meets[u])), []).append(u)
        grids, loose = [], doubles
        for right, left in alike.items():
            rows = [meets[u][v] for u in left for v in right]
            if len(rows) == 1 and len(lefts) > 1:
                loose += rows
            else:
                grids.append((rows, len(left), len(right)))
        return grids, sorted(loose, key=lambda k: self._key(block, k))

    def _sum_group(self, nodes: list[Node], i: int, j: int) -> None:
        """One tensor of sums: a grid of I · J nodes, or (J = 0) a plain row of I."""
        blocks = self._blocks(nodes)
        if j:
            shape: Shape = (i, j) if i > 1 and j > 1 else (i * j,)
        else:
            sides = [side for b in blocks.values() for side in (b.left, b.right or []) if side]
            shape = self._shape([[x for row in side for x in row] for side in sides], len(nodes))
            i, j = 0, 0
        self._assign(nodes, self._sum_of(nodes, blocks, shape, i, j), shape)

    def _sum_of(self, nodes: list[Node], blocks: dict[Any, Block], shape: Shape, i: int, j: int) -> Sum:
        batched = self.is_batched[nodes[0].slot]
        terms: list[tuple[float, Expr]] = []
        for block in blocks.values():
            pieces = self._matrices(block) if len(nodes) == 1 else None
            if pieces is None:
                terms.append((block.coefficient, self._term(block, shape, i, j)))
            else:
                terms += [(block.coefficient, piece) for piece in pieces]
        terms.sort(key=lambda t: 0 if isinstance(t[1], Product) else 1)
        constants = np.array([n.constant for n in nodes])
        constant: Expr | None = None
        if np.any(constants != 0.0):
            constant = (
                Number(float(constants[0])) if np.all(constants == constants[0]) else Table(constants.reshape(shape))
            )
        return Sum(terms, constant, shape, batched)

    def _matrices(self, block: Block) -> list[Expr] | None:
        """One long sum over columns that are not in a row, as sums over the matrices that they form.

        Such is the penalty Σ w² over all weights, when biases stand between them.
        """
        left = self._index(block.left[0])
        right = None if block.right is None else self._index(block.right[0])
        grids = self._matrices_in(self.tensor(block.left[0][0]), left)
        if grids is None:
            return None
        pieces: list[Expr] = []
        for grid in grids:
            rows = np.concatenate(grid).tolist()
            shape = (1, len(grid), len(grid[0])) if len(grid) > 1 else (1, len(rows))
            axes = tuple(range(1, len(shape)))
            if right is not None and affine(right[rows].reshape(shape)) is None:
                return None
            x = self._operand([block.left[0][k] for k in rows], shape)
            if block.right is not None:
                y = self._operand([block.right[0][k] for k in rows], shape)
                x = Elementwise(rules.mul, (x, y), shape, x.batched or y.batched)
            pieces.append(Along(x, axes, False, (1,), x.batched))
        return pieces

    def _matrices_in(self, tensor: Tensor | None, columns: Index) -> list[list[Index]] | None:
        """Columns that are no single view as the rows of some matrices: for each matrix, positions of its rows.

        A row ends where a column is left out, or, among the parameters, where the weights of a unit do.
        """
        if len(columns) < 4 or tensor is None or (tensor is self.parameters and len(columns) == tensor.size):
            return None
        bounds, scopes = (self.bounds, self.scopes) if tensor is self.parameters else (set(), {})
        cuts = [k for k in range(1, len(columns)) if columns[k] != columns[k - 1] + 1 or columns[k] in bounds]
        if affine(columns) is not None and not any(columns[k] in bounds for k in cuts):
            return None
        rows = sorted(np.split(np.arange(len(columns)), cuts), key=len, reverse=True)
        grids: list[list[Index]] = []
        for row in rows:
            last = grids[-1] if grids else []
            spacing = columns[last[-1][0]] - columns[last[-2][0]] if len(last) > 1 else None
            alike = last and len(last[-1]) == len(row)
            alike = alike and scopes.get(columns[last[-1][0]]) == scopes.get(columns[row[0]])
            if alike and spacing in (None, columns[row[0]] - columns[last[-1][0]]):
                last.append(row)
            else:
                grids.append([row])
        return grids if len(grids) * 4 <= len(columns) else None

    def _term(self, block: Block, shape: Shape, i: int, j: int) -> Expr:
        k = block.width
        if block.right is None:
            if k == 1:
                return self._operand([row[0] for row in block.left], shape)
            x = self._operand([x for row in block.left for x in row], (*shape, k))
            return Along(x, (len(shape),), False, shape, x.batched)
        left, right = [x for row in block.left for x in row], [x for row in block.right for x in row]
        if k == 1:
            a, b = self._operand(left, shape), self._operand(right, shape)
            return Elementwise(rules.mul, (a, b), shape, a.batched or b.batched)
        one = i == j == 1 and self.is_shared(left[0]) == self.is_shared(right[0])  # a number for each example
        if j and not one:
            u = self._index(left).reshape(i, j, k)
            v = self._index(right).reshape(i, j, k)
            if (u == u[:, :1]).all() and (v == v[:1]).all():
                rows = [x for row in block.left[::j] for x in row]
                columns = [x for row in block.right[:j] for x in row]
                a, b = self._factor(rows, (i, k)), self._factor(columns, (j, k))
                return Product(a, b, "z", shape, a.batched or b.batched)
        a, b = self._factor(left, (*shape, k)), self._factor(right, (*shape, k))
        return Product(a, b, ".", shape, a.batched or b.batched)

    def _factor(self, row: Sequence[Factor], shape: Shape) -> Expr:
        """An operand of a matrix product: an array, even if all of its constants are equal."""
        operand = self._operand(row, shape)
        return Table(np.full(shape, operand.value)) if isinstance(operand, Number) else operand

    # -- 4. Operands ------------------------------------------------------------------------------------------------

    def _index(self, row: Sequence[Factor]) -> Index:
        return np.array([self.column(x) for x in row])

    def _shape(self, operands: Iterable[Sequence[Factor]], n: int) -> Shape:
        """The shape of n nodes with these operands: that of a tensor all of whose columns they are; else (n,), or the
        (n/b, b) in which all are affine when they are not in a row.
        """
        tensors = {k: (self.tensor(row[0]), self._index(row).reshape(n, -1)) for k, row in enumerate(operands)}
        indices = [index for tensor, index in tensors.values() if tensor is not None]
        if all(affine(i) is not None for i in indices):
            for tensor, index in tensors.values():
                if tensor and 1 not in tensor.shape and np.array_equal(index, np.arange(tensor.size)[:, None]):
                    return tensor.shape
            return (n,)
        for index in indices:
            steps = np.diff(index[:, 0])
            breaks: Any = np.flatnonzero(steps != steps[0]) if len(steps) else []
            if len(breaks):
                b = int(breaks[0]) + 1
                if (
                    b > 1
                    and n % b == 0
                    and all(affine(i.reshape(n // b, b, *i.shape[1:])) is not None for i in indices)
                ):
                    return (n // b, b)
        return (n,)

    def _operand(self, row: Sequence[Factor], shape: Shape) -> Expr:
        """These slots, all of one tensor, as an array of this shape."""
        tensor = self.tensor(row[0])
        index = self._index(row)
        if tensor is None:
            return Number(float(index[0])) if np.all(index == index[0]) else Table(index.reshape(shape))
        return self.operand_at(tensor, index, shape)

    def operand_at(self, tensor: Tensor, index: Index, shape: Shape) -> Ref:
        """These columns of a tensor as an array of this shape: a view, or a copy."""
        found = affine(index.reshape(shape))
        if found is not None:
            return Ref(tensor, found[0], shape, found[1])
        index = index.ravel()
        key = (id(tensor), index.tobytes())
        copy = self.gathered.get(key)
        if copy is None:
            copy = self.gathered[key] = Tensor("gather", len(index), tensor.batched, shape, slots=[])
            self.forward.append(Assign(whole(copy, (len(index),)), Gather(tensor, index.astype(int))))
            self.order[copy] = len(self.order)
        return whole(copy, shape)

    def _assign(self, nodes: list[Node], value: Expr, shape: Shape) -> None:
        tensor = Tensor("node", len(nodes), self.is_batched[nodes[0].slot], shape, slots=[n.slot for n in nodes])
        self.order[tensor] = len(self.order)
        for column, node in enumerate(nodes):
            self.where[node.slot] = (tensor, column)
        self.forward.append(Assign(whole(tensor), value))

    def _result(self, slot: int) -> Ref:
        """A result that may be a leaf."""
        if slot in self.r.constants:
            tensor = Tensor("node", 1, False, (1,), slots=[slot])
            self.forward.append(Assign(whole(tensor), Number(self.r.constants[slot])))
            return whole(tensor)
        where, column = self.where[slot]
        assert where is not None
        return Ref(where, int(column), (1,), dense((1,)))
