"""Mistakes that are not in a slope: components in the wrong order, and terms that are not in the graph at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from autograd.check.diagnosis.fit import ratio
from autograd.check.diagnosis.graph import Ints, Mask
from autograd.check.problem import Array, Block, Kind, Problem

STRANGE = 1.7  # what costs more is not tried together with another mistake


@dataclass(frozen=True, slots=True)
class Rearranged:
    """Components of the right gradient in the wrong places, or with something added.

    `blocks`    the arrays concerned
    `gradient`  what the student would have got (point × component)
    `words`     how they are rearranged, or what is added ("0.1·W1")
    """

    kind: Kind
    blocks: tuple[Block, ...]
    gradient: Array
    cost: float
    words: str
    factor: float | None = None


def rearrangements(problem: Problem, at: Array, right: Array, claimed: Array, wrong: Mask) -> Iterator[Rearranged]:
    """What, done to the gradient `right`, might give `claimed`; `wrong` says which components differ.

    All arrays are point × component; `at` holds the numbers that the arguments had. The caller compares.
    """
    blocks = [b for b in problem.blocks if wrong[b.slice].any()]
    for block in blocks:
        yield from _within(block, right)
        empty = (claimed[:, block.slice] == 0).all(axis=0)
        if empty.any() and not empty.all():
            names = [block.component(int(k)) for k in np.flatnonzero(empty)]
            words = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
            mine = np.where(empty, 0.0, right[:, block.slice])
            yield Rearranged("missing-term", (block,), _with(right, (block, mine)), 1.8, words)
    if len(blocks) <= 2:
        yield from _swapped(problem, blocks, at, right)
    yield from _permuted(blocks, right, claimed)
    yield from _extra(blocks, at, right, claimed)
    yield from _extra_in_some(blocks, at, right, claimed, wrong)


def orders(problem: Problem, wrong: Mask) -> Iterator[tuple[Rearranged, Ints]]:
    """The likeliest orders in which components may stand, each with the component that stands in each place."""
    blocks = [b for b in problem.blocks if wrong[b.slice].any()]
    names = np.arange(float(len(problem.names)))[None]
    found = [r for block in blocks for r in _within(block, names)]
    found += _swapped(problem, blocks, names, names)
    for r in found:
        order = r.gradient[0].astype(np.int64)
        if r.cost < STRANGE and len(np.unique(order)) == len(order):
            yield r, order


def _with(right: Array, *parts: tuple[Block, Array]) -> Array:
    out = right.copy()
    for block, columns in parts:
        out[:, block.slice] = columns
    return out


def _within(block: Block, right: Array) -> Iterator[Rearranged]:
    mine = right[:, block.slice]
    n = len(mine)
    if len(block.shape) >= 2:
        cube = mine.reshape(n, *block.shape)
        for axes in ((-1, -2),) if len(block.shape) == 2 else ((-1, -2), (1, -1)):
            turned = np.swapaxes(cube, *axes)
            words = "transposed" if turned.shape == cube.shape else "transposed, then put into the right shape"
            yield Rearranged("transposed", (block,), _with(right, (block, turned.reshape(n, -1))), 1.2, words)
    if block.size > 1:
        yield Rearranged("permuted", (block,), _with(right, (block, mine[:, ::-1])), 1.5, "in reverse order")
        for shift in (1, -1):
            words = f"shifted by one place ({'later' if shift == 1 else 'earlier'})"
            yield Rearranged("permuted", (block,), _with(right, (block, np.roll(mine, shift, axis=1))), 1.6, words)
        for axis in range(1, len(block.shape) + 1) if len(block.shape) > 1 else []:
            turned = np.flip(mine.reshape(n, *block.shape), axis)
            words = f"in reverse order along axis {axis - 1}"
            yield Rearranged("permuted", (block,), _with(right, (block, turned.reshape(n, -1))), 1.6, words)
        mean = np.repeat(mine.mean(axis=1, keepdims=True), block.size, axis=1)
        if block.size > 2:
            words = "replaced by their mean"
            yield Rearranged("permuted", (block,), _with(right, (block, mean)), 2.2, words)
        words = "all replaced by their sum (is an axis missing in sum()?)"
        yield Rearranged("permuted", (block,), _with(right, (block, mean * block.size)), 2.2, words)


def _swapped(problem: Problem, blocks: list[Block], at: Array, right: Array) -> Iterator[Rearranged]:
    for a in blocks:
        for b in problem.blocks:
            if a.size != b.size:
                continue
            mine, other = right[:, a.slice], right[:, b.slice]
            if a is not b and b in blocks and a.offset < b.offset:
                yield Rearranged(
                    "swapped", (a, b), _with(right, (a, other), (b, mine)), 1.2, "each in place of the other"
                )
            if a is not b:
                yield Rearranged(
                    "swapped", (a, b), _with(right, (a, other)), 1.5, f"that of {b.name} given for {a.name}"
                )
            words = f"{b.name} itself in place of the gradient"
            numbers = at[:, b.slice]
            # where x is the right gradient at some points, as for x²/2 in a Huber loss, the others have another story
            cost = (
                1.6 + 0.4 * (a is not b) + 3.0 * bool((np.abs(numbers - mine) <= 1e-9 * np.abs(mine)).all(axis=1).any())
            )
            yield Rearranged("swapped", (a,), _with(right, (a, numbers)), cost, words)


def _permuted(blocks: list[Block], right: Array, claimed: Array) -> Iterator[Rearranged]:
    """Any order at all, within one array or (if the arrays are few) across them."""
    for members in [[b] for b in blocks] + ([blocks] if len(blocks) > 1 else []):
        places = np.concatenate([np.arange(b.offset, b.offset + b.size) for b in members])
        if len(places) < 3:
            continue
        mine, theirs = right[:, places], claimed[:, places]
        # both sorted by their numbers at the first point; the other points then have to agree
        order, wanted = np.argsort(mine[0], kind="stable"), np.argsort(theirs[0], kind="stable")
        permutation = np.empty(len(places), dtype=np.int64)
        permutation[wanted] = order
        if len(np.unique(mine[0])) < len(places) or (permutation == np.arange(len(places))).all():
            continue
        out = right.copy()
        out[:, places] = mine[:, permutation]
        moved = [b for b in members if (out[:, b.slice] != right[:, b.slice]).any()]
        yield Rearranged("permuted", tuple(moved), out, 2.0, "in another order")


def _for_each(words: str, blocks: list[Block]) -> str:
    return " and ".join(words.replace("w", b.name) for b in blocks)


def _extra(blocks: list[Block], at: Array, right: Array, claimed: Array) -> Iterator[Rearranged]:
    """A term too many: a multiple of the parameters, of their signs or squares, or numbers that never change."""
    if not blocks:
        return
    members = np.concatenate([np.arange(b.offset, b.offset + b.size) for b in blocks])
    rest = (claimed - right)[:, members]
    here = at[:, members]
    for basis, words, cost in (
        (here, "{c}·w", 2.3),
        (np.sign(here), "{c}·sign(w)", 2.4),
        (here * here, "{c}·w²", 2.5),
        (here**3, "{c}·w³", 2.7),
    ):
        if np.isfinite(basis).all() and basis.any():
            c = float(ratio(rest, basis))
            out = right.copy()
            out[:, members] += c * basis
            if c:
                yield Rearranged("extra-term", tuple(blocks), out, cost, _for_each(words, blocks), c)
    if len(at) > 1:
        constant = rest.mean(axis=0)
        out = right.copy()
        out[:, members] += constant
        same = bool(np.allclose(constant, constant[0], rtol=1e-9))
        words = "{c}" if same else "numbers that do not depend on the arguments"
        yield Rearranged(
            "extra-term", tuple(blocks), out, 2.2 if same else 3.5, words, float(constant[0]) if same else None
        )


def _extra_in_some(blocks: list[Block], at: Array, right: Array, claimed: Array, wrong: Mask) -> Iterator[Rearranged]:
    """A multiple of some parameters of one array: the penalty of a bias that lies in one array with the weights."""
    some = np.flatnonzero(wrong)
    if len(blocks) != 1 or len(some) == blocks[0].size or not at[:, some].any():
        return
    c = float(ratio((claimed - right)[:, some], at[:, some]))
    if c:
        out = right.copy()
        out[:, some] += c * at[:, some]
        names = [blocks[0].component(int(k) - blocks[0].offset) for k in some[:3]]
        words = (
            "{c}·(the number itself), at " + ", ".join(names) + (f" and {len(some) - 3} more" if len(some) > 3 else "")
        )
        yield Rearranged("extra-term", (blocks[0],), out, 2.6, words, c)
