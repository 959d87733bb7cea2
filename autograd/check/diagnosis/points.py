"""The graphs of all points as one table of Values, as they were made.

What is a sum, and what a square, for the flattened graph (`autograd.check.diagnosis.graph`) is decided here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.check.problem import Array, Point
from autograd.op import SumOp
from autograd.order import arguments, topological
from autograd.value import Value, constant

LINEAR = frozenset({"add", "sub", "neg", "copy", "total", "dot"})  # and mul, div by a constant


class Points:
    """`raw` (the Values at the first point), `arguments` (their places), and `raw_value` (Value × point).

    `points` are those whose graph has the same structure: the most frequent one at which the formula is wrong.
    """

    def __init__(self, points: list[Point]) -> None:
        families: dict[Any, list[tuple[Point, list[Value]]]] = {}
        for point in points:
            leaves, made = topological(point.root)
            all_of_it = leaves + made
            place = {node: i for i, node in enumerate(all_of_it)}
            component = {leaf: i for i, leaf in enumerate(point.inputs)}
            signature = (
                tuple(component.get(leaf, -1) for leaf in leaves),
                tuple((node._rule.name, tuple(place[a] for a in arguments(node))) for node in made),
            )
            families.setdefault(signature, []).append((point, all_of_it))
        if not families:
            raise ValueError("no point at which both gradients are finite")
        signature, members = max(families.items(), key=lambda item: (_is_wrong(item[1]), len(item[1])))
        self.points = [point for point, _ in members]
        self.raw_value: Array = np.array([[v._data for v in nodes] for _, nodes in members]).T.copy()
        self.raw: list[Value] = members[0][1]
        components, made_of = signature
        self.component = [*components, *[-1] * len(made_of), -1]
        self.arguments: list[tuple[int, ...]] = [*[()] * len(components), *(args for _, args in made_of), ()]
        self.two = len(self.raw)  # the exponent of a·a
        self.raw.append(constant(2.0))
        self.raw_value = np.vstack([self.raw_value, np.full(len(members), 2.0)])
        self.exact: Array = np.array([p.exact for p in self.points])
        self.claimed: Array = np.array([p.claimed for p in self.points])
        self.slack: Array = np.array([p.slack for p in self.points])
        # whether the student's gradient is so much smaller than the right one that it would be lost in its rounding
        self.is_faint = bool(((self.claimed != 0) & (np.abs(self.claimed) < 1e-9 * np.abs(self.exact))).any())
        self._depends = self._find_dependent()
        self._uses = self._count_uses()

    def _find_dependent(self) -> list[bool]:
        """Which Values depend on the arguments of f."""
        depends = [c >= 0 for c in self.component]
        for i in range(len(self.raw)):
            if self.arguments[i]:
                depends[i] = any(depends[a] for a in self._sloped(i))
        return depends

    def _count_uses(self) -> list[int]:
        """How often each Value is used."""
        uses = [0] * len(self.raw)
        for i in range(len(self.raw)):
            if self.arguments[i] and self._depends[i]:
                for a in self._sloped(i):
                    uses[a] += 1
        return uses

    def _sloped(self, i: int) -> list[int]:
        """The arguments of raw node i along which it has a slope."""
        rule = self.raw[i]._rule
        if isinstance(rule, SumOp):
            return list(self.arguments[i])
        return [a for a, s in zip(self.arguments[i], rule.slopes, strict=True) if s is not None]

    def _is_square(self, i: int) -> bool:
        """Whether it is a·a, which people see as a²."""
        args = self.arguments[i]
        return self.raw[i]._rule.name == "mul" and args[0] == args[1]

    def _scaled_square(self, i: int) -> tuple[int, Array, tuple[int, ...]] | None:
        """(a)·(c·a), as in -x·x or 0.5·r·r: what is squared, its coefficient, and the constants that make it up."""
        (a, c, f), (b, d, g) = (self._stripped(k) for k in self.arguments[i])
        return (a, c * d, (*f, *g)) if a == b and self._depends[a] else None

    def _stripped(self, i: int) -> tuple[int, Array, tuple[int, ...]]:
        """Raw node i as a constant times another node."""
        c, f = np.ones(len(self.points)), tuple[int, ...]()
        while True:
            name, args = self.raw[i]._rule.name, self.arguments[i]
            fixed = [a for a in args if not self._depends[a]]
            if name == "neg":
                i, c = args[0], -c
            elif name == "mul" and len(fixed) == 1:
                i, c, f = args[0] if fixed[0] == args[1] else args[1], c * self.raw_value[fixed[0]], (*f, fixed[0])
            elif name == "div" and fixed == [args[1]]:
                i, c = args[0], c / self.raw_value[args[1]]
            else:
                return i, c, f

    def _is_linear(self, i: int) -> bool:
        name, args = self.raw[i]._rule.name, self.arguments[i]
        if name == "mul" and self._depends[args[0]] and self._depends[args[1]]:
            return args[0] != args[1] and self._scaled_square(i) is not None
        if name == "mul":
            return True
        return name in LINEAR or (name == "div" and not self._depends[args[1]])


def _is_wrong(members: list[tuple[Point, list[Value]]]) -> bool:
    return any((np.abs(p.claimed - p.exact) > p.slack).any() for p, _ in members)
