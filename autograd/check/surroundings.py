"""The points at which a formula is looked at: around the one given, of other signs, and on other branches of f."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np

from autograd.check.kinks import branches
from autograd.check.problem import Array
from autograd.check.trial import Formula, FormulaFailure, Function, Look


class Surroundings:
    """Where f and the formula can be looked at. `formula` is None if only the engine is checked."""

    def __init__(self, f: Function, formula: Formula | None, seed: int) -> None:
        self.f, self.formula, self.arguments = f, formula, f.arguments
        self.rng = np.random.default_rng(seed)
        self.unseen = 0  # branches that f took at no point

    def claim(self, flat: Array) -> Array | None:
        """The formula there; None where it cannot be evaluated."""
        assert self.formula is not None
        try:
            return self.formula(flat)
        except FormulaFailure:
            return None

    def _sizes(self) -> Array:
        """How large each number is, or the others of its array."""
        at = self.arguments.flat
        size = np.empty_like(at)
        for block in self.arguments.blocks:
            part = at[block.slice]
            largest = float(np.abs(part).max(initial=0.0))
            typical = largest * np.sqrt(np.mean((part / largest) ** 2)) if largest else 0.0  # no overflow in the square
            size[block.slice] = np.maximum(np.abs(part), typical)
        size[size == 0] = 0.5
        return size

    def nearby(self, spread: float = 0.5) -> Look | None:
        """A random point around `at` where f has a gradient; closer and closer, if that is hard to find."""
        at, size = self.arguments.flat, self._sizes()
        for attempt in range(14):
            flat = self.arguments.rounded(at + spread * 0.5**attempt * size * self.rng.uniform(-1, 1, len(at)))
            look = self.f.look(flat, self.rng)
            if look.exact is not None:
                return look
        return None

    def beyond(self, looks: list[Look]) -> list[Look]:
        """Points further away, where a relu, max, abs or `if` goes the way that it went at none of these points."""
        if self.f.is_smooth:
            return []
        taken = set().union(*(branches(look.root) for look in looks if look.root is not None))
        found: list[Look] = []
        for spread in (1.0, 1.0, 2.0, 2.0, 4.0, 4.0, 8.0):
            self.unseen = sum((size, k, -side) not in taken for size, k, side in taken if side)
            if not self.unseen and not self.f.compares:
                break
            look = self.nearby(spread)
            if look is None or look.root is None or self.formula is None or self.claim(look.at) is None:
                continue
            new = branches(look.root)
            if new - taken:
                taken |= new
                found.append(look)
        self.unseen = sum((size, k, -side) not in taken for size, k, side in taken if side)
        return found

    def around(self, points: int) -> list[Look]:
        """Points around `at` where f has a gradient, fewer than `points` if they are hard to find.

        A formula may have branches, such as 1 for the slope of √x² where x > 0: if f is smooth, a few of the points
        have other signs.
        """
        others = points // 4 if self.f.is_smooth and self.formula is not None else 0
        looks = [self.nearby() for _ in range(points - others)]
        looks += list(islice(self._of_other_signs(), others))
        looks += [self.nearby() for _ in range(points - len(looks))]
        return [look for look in looks if look is not None]

    def _of_other_signs(self) -> Iterator[Look]:
        """Such points, if f and the formula are defined there at all."""
        at, size = self.arguments.flat, self._sizes()
        for attempt in range(4):
            signs = self.rng.choice([-1.0, 1.0], len(at)) if attempt else -1.0
            flat = self.arguments.rounded(signs * at + 0.5 * size * self.rng.uniform(-1, 1, len(at)))
            try:
                look = self.f.look(flat, self.rng)
                defined = look.exact is not None and self.claim(flat) is not None
            except Exception:  # so far from `at` neither needs to work
                continue
            if defined:
                yield look
