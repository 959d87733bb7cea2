"""Sums: linear forms of one group as matrix products.

In a group of sums the rows of left factors (u_1, …, u_K) and of right factors (v_1, …, v_K) are collected. If every
left row meets every right row, the group is a matrix product: for a layer there is one left row, the activations, and
a right row for every unit, its weights. Attention scores have several of both. Where there would be many small
products, as when some entries of U Vᵀ are known, all rows are copied instead, and multiplied at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograd import rules
from autograd.compile.matrix.nodes import Factor, Node
from autograd.compile.matrix.operands import Index, Operands
from autograd.compile.matrix.tensors import Along, Elementwise, Expr, Number, Product, Shape, Sum, Table, Tensor, affine

FULL = 0.4  # the share of a matrix that must be there: more would be computed in vain
GRID = 6_000.0  # nanoseconds, forward and backward: of a matrix product,
COPIES, TERM, BATCHED = 20_000.0, 25.0, 160.0  # and of copies of all factors, and of each term; for a batch of 32


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


class Sums(Operands):
    """Makes a tensor, or several, of a group of sums."""

    def _rank(self, tensor: Tensor | None) -> int:
        """What stands on the left of a product: activations before inputs before parameters before constants."""
        if tensor is None:
            return 0
        kind = {"parameters": 1, "input": 2}.get(tensor.kind, 3)
        return kind + 4 * tensor.batched

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

    # -- Groups -----------------------------------------------------------------------------------------------------

    def blocks(self, nodes: list[Node]) -> dict[tuple[int, int, float], Block]:
        """What the nodes of one group add up, by coefficient and tensors."""
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
        blocks = self.blocks(nodes)
        wide = [b for b in blocks.values() if b.right is not None and b.width > 1]
        if wide:
            main = max(wide, key=lambda b: b.width)
            if len(blocks) == 1 and self._triangle(nodes, main):
                return
            grids, loose = self._grids(main)
            terms = main.width * sum(len(rows) for rows, _, _ in grids)
            if len(grids) * GRID > COPIES + terms * (BATCHED if self.is_batched[nodes[0].slot] else TERM):
                grids, loose = [], sorted(range(len(nodes)), key=lambda k: self._key(main, k))
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

    def _triangle(self, nodes: list[Node], block: Block) -> bool:
        """Sums of what all examples share in which many left rows meet many right rows, but not all of them, as in
        v_i · v_j with i < j: the whole matrix, made once for the batch, takes less time than its rows one by one.
        """
        assert block.right is not None
        if self.is_batched[nodes[0].slot] or len({n.constant for n in nodes}) > 1:
            return False
        meets: dict[Any, Node] = {}
        sides: tuple[dict[Any, list[Factor]], dict[Any, list[Factor]]] = {}, {}
        for node, *rows in zip(nodes, block.left, block.right, strict=True):
            u, v = (tuple(map(self.column, row)) for row in rows)
            meets[u, v] = node
            sides[0][u], sides[1][v] = rows
        lefts, rights = sorted(sides[0]), sorted(sides[1])
        share = len(nodes) / len(lefts) / len(rights)
        if len(meets) < len(nodes) or not FULL <= share < 1.0 or min(len(lefts), len(rights)) < 3:
            return False
        whole: list[Node] = []
        for u in lefts:
            for v in rights:
                if (u, v) not in meets:
                    (slot,) = self.new_slots(None, 0, 1)
                    products = [(block.coefficient, a, b) for a, b in zip(sides[0][u], sides[1][v], strict=True)]
                    meets[u, v] = Node(slot, rules.total, products=products, constant=nodes[0].constant)
                whole.append(meets[u, v])
        self._sum_group(whole, len(lefts), len(rights))
        return True

    def _sum_group(self, nodes: list[Node], i: int, j: int) -> None:
        """One tensor of sums: a grid of I · J nodes, or (J = 0) a plain row of I."""
        blocks = self.blocks(nodes)
        if j:
            shape: Shape = (i, j) if i > 1 and j > 1 else (i * j,)
        else:
            sides = [side for b in blocks.values() for side in (b.left, b.right or []) if side]
            shape = self._shape([[x for row in side for x in row] for side in sides], len(nodes))
            i, j = 0, 0
        self.assign(nodes, self.sum_of(nodes, blocks, shape, i, j), shape)

    def sum_of(self, nodes: list[Node], blocks: dict[Any, Block], shape: Shape, i: int, j: int) -> Sum:
        """The sum of these blocks; of a grid of I · J nodes, the wide ones become matrix products."""
        batched = self._are_batched(nodes)
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

    # -- Terms ------------------------------------------------------------------------------------------------------

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
        copied = tensor is not self.parameters and len(grids) * GRID > COPIES + len(columns) * TERM
        return grids if len(grids) * 4 <= len(columns) and not copied else None

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
