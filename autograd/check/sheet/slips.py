"""Every formula that is one slip of the pen away from a printed one: a sign, an index, a factor."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from autograd.check.sheet.indexed import (
    Exponential,
    Node,
    Number,
    Product,
    Slope,
    Sum,
    Symbol,
    Terms,
    children,
    symbols,
)


@dataclass(frozen=True, slots=True)
class Repair:
    """A small change of a formula: `what` in words, and the changed formula."""

    what: str
    formula: Node


FACTORS: dict[str, Node] = {
    "2": Number(2.0), "1/2": Product(((True, Number(1.0)), (False, Number(2.0)))), "m": Symbol("m"),
    "1/m": Product(((True, Number(1.0)), (False, Symbol("m")))), "m_b": Symbol("m_b"),
    "1/m_b": Product(((True, Number(1.0)), (False, Symbol("m_b")))),
}  # fmt: skip


def repairs(tree: Node, free: str) -> Iterator[Repair]:
    """Every formula that is one slip away: a sign, an index, a factor. `free` are the indices of the left-hand side."""
    for rebuild, terms in _places(tree, Terms):
        assert isinstance(terms, Terms)
        for k, (sign, term) in enumerate(terms.terms):
            changed = [*terms.terms[:k], (-sign, term), *terms.terms[k + 1 :]]
            yield Repair(f"the sign before {term}", rebuild(Terms(tuple(changed))))
    yield Repair("the sign of the whole", Terms(((-1, tree),)))
    bound = "".join(node.index for _, node in _places(tree, Sum) if isinstance(node, Sum) and len(node.index) == 1)
    seen = {(s.layer, s.indices) for s in _plain_symbols(tree) if s.indices and not s.example}
    for layer, old in sorted(seen):
        for new in map("".join, itertools.product(free + bound, repeat=len(old))):
            if new != old:
                where = f" in layer {layer}" if layer else ""
                yield Repair(f"the index {old}{where}, which should be {new}", _reindexed(tree, layer, old, new))
    yield from _scaled(tree)


def _scaled(tree: Node) -> Iterator[Repair]:
    """One term times a factor; a divisor that is there already is cancelled rather than multiplied."""
    for name, factor in FACTORS.items():
        for rebuild, terms in _places(tree, Terms):
            assert isinstance(terms, Terms)
            for k, (sign, term) in enumerate(terms.terms):
                changed = [*terms.terms[:k], (sign, times(factor, term)), *terms.terms[k + 1 :]]
                yield Repair(f"{term} lacks a factor {name}", rebuild(Terms(tuple(changed))))
        yield Repair(f"the whole lacks a factor {name}", times(factor, tree))


def times(factor: Node, term: Node) -> Node:
    """factor · term, with 2/(2m) written as 1/m."""
    parts = term.factors if isinstance(term, Product) else ((True, term),)
    for k, (up, part) in enumerate(parts):
        if up:
            continue
        inner = part.factors if isinstance(part, Product) else ((True, part),)
        if (True, factor) in inner:
            left = tuple(f for j, f in enumerate(inner) if j != inner.index((True, factor)))
            kept = () if not left else ((False, left[0][1] if len(left) == 1 else Product(left)),)
            return _one(Product((*parts[:k], *kept, *parts[k + 1 :])))
    new = factor.factors if isinstance(factor, Product) else ((True, factor),)
    return Product((*new, (True, term))) if isinstance(term, Terms | Sum) else Product((*new, *parts))


def _one(product: Product) -> Node:
    return product.factors[0][1] if len(product.factors) == 1 and product.factors[0][0] else product


def _with_child(node: Any, k: int, child: Node) -> Node:
    if isinstance(node, Terms):
        return Terms((*node.terms[:k], (node.terms[k][0], child), *node.terms[k + 1 :]))
    if isinstance(node, Product):
        return Product((*node.factors[:k], (node.factors[k][0], child), *node.factors[k + 1 :]))
    return replace(node, body=child) if isinstance(node, Sum) else Exponential(child)


def _places(tree: Node, kind: type) -> Iterator[tuple[Callable[[Node], Node], Node]]:
    """Every part of this kind, with a function that puts something else in its place."""
    if isinstance(tree, kind):
        yield (lambda new: new), tree
    for k, child in enumerate(children(tree)):
        for rebuild, found in _places(child, kind):
            yield (lambda new, k=k, rebuild=rebuild: _with_child(tree, k, rebuild(new))), found  # type: ignore[misc]


def _plain_symbols(tree: Node) -> Iterator[Symbol]:
    for s in symbols(tree):
        if isinstance(s, Symbol):
            yield s
        else:
            yield from (part for part in (s.above, s.below) if part is not None)


def _reindexed(node: Node, layer: str, old: str, new: str) -> Node:
    """Every symbol of this layer with these indices gets the new ones."""
    if isinstance(node, Symbol):
        return replace(node, indices=new) if (node.layer, node.indices) == (layer, old) and not node.example else node
    if isinstance(node, Slope):
        parts = [s if s is None else _reindexed(s, layer, old, new) for s in (node.above, node.below)]
        return Slope(parts[0], parts[1])  # type: ignore[arg-type]
    for k, child in enumerate(children(node)):
        node = _with_child(node, k, _reindexed(child, layer, old, new))
    return node
