"""The names of places in a graph, for a student.

Places are named with what the user has given: scopes and labels first, then the formula of the place itself, then the
line of the program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from autograd.check.diagnosis.formula import latex, plain, product, total_of
from autograd.check.diagnosis.graph import Ints
from autograd.check.diagnosis.groups import Group, Groups
from autograd.check.diagnosis.uses import Uses
from autograd.check.problem import Array
from autograd.expression import Expression, number, symbol
from autograd.rules import RULES

LAYERED = frozenset({"sigmoid", "tanh", "relu", "softplus", "erf", "sin", "cos", "maximum", "exp"})


class Where(NamedTuple):
    """A place in words, and the user's line if there is one."""

    what: str
    line: str = ""

    def __str__(self) -> str:
        return self.what + self.line


class Words:
    """The names of places in one graph."""

    def __init__(self, groups: Groups) -> None:
        self.groups, self.graph = groups, groups.graph
        self._layers = self._number_layers()
        self._spread = self._coefficients()
        self._members: dict[int, list[int]] = {}
        self._constants: dict[int, tuple[float, float]] = {}  # for sums of a kind: the least and the largest constant
        least, most = self.graph.constants.min(axis=1).tolist(), self.graph.constants.max(axis=1).tolist()
        for kind, low, high in zip(groups.alike, least, most, strict=True):
            known = self._constants.get(kind, (low, high))
            self._constants[kind] = min(low, known[0]), max(high, known[1])

    def _coefficients(self) -> dict[tuple[int, int], tuple[float, float]]:
        """For terms of a kind in sums of a kind: how small and how large the numbers are that multiply them."""
        out: dict[tuple[int, int], tuple[float, float]] = {}
        graph, alike = self.graph, self.groups.alike
        size = np.abs(graph.slope)
        least, most = size.min(axis=1).tolist(), size.max(axis=1).tolist()
        for s, d, low, high in zip(graph.src.tolist(), graph.dst.tolist(), least, most, strict=True):
            known = out.get((alike[s], alike[d]), (low, high))
            out[alike[s], alike[d]] = min(low, known[0]), max(high, known[1])
        return out

    # -- Formulas -------------------------------------------------------------------------------------------------

    def show(self, node: int, longest: int = 40) -> Expression:
        """What a node is, as a formula that is not longer than it may be (if that can be)."""
        return _shortest(lambda depth: self.formula(node, depth), longest)

    def show_sum(self, edges: Ints, longest: int = 60) -> Expression:
        """What some terms of a sum are, as a formula that is not longer than it may be (if that can be)."""
        return _shortest(lambda depth: self.sum_of(edges, depth), longest)

    def formula(self, node: int, depth: int) -> Expression:
        """What a node is, as a formula in the names of the arguments, without indices; … below that depth."""
        graph = self.graph
        it = graph.nodes[node]
        if it.op == "input":
            block = graph.problem.block_of(it.component)
            return symbol(block.name)
        if it.origin.label and it.raw >= 0:
            return symbol(it.origin.label)
        if depth == 0:
            return symbol("…")
        if it.op == "sum":
            edges = np.flatnonzero(graph.src == node)
            terms = self.sum_of(edges, depth)
            least, most = self._constants[self.groups.alike[node]]
            if most - least > 1e-9 * max(abs(least), abs(most)):  # another number in each of the sums of this kind
                return terms + symbol("c")
            if max(abs(least), abs(most)) < 1e-9 * np.abs(graph.value[node]).max():
                return terms
            shown = number(rounded(most))
            return shown - terms.args[0] if terms.op == "neg" else shown + terms
        args = []
        for slot in range(len(it.operands)):
            edge = np.flatnonzero((graph.src == node) & (graph.slot == slot))
            if len(edge):
                args.append(self.formula(int(graph.dst[edge[0]]), depth - 1))
            else:
                args.append(self._constant(node, slot))
        return product(*args) if it.op == "mul" else Expression(it.op, tuple(args))

    def _constant(self, node: int, slot: int) -> Expression:
        """A constant operand: a number, or c if it is another one in other nodes of this kind."""
        graph, kind = self.graph, self.groups.alike[node]
        if kind not in self._members:
            self._members[kind] = [i for i, k in enumerate(self.groups.alike) if k == kind]
        raws = [graph.nodes[i].operands[slot] for i in self._members[kind]]
        return number_or_c(graph.raw_value[raws])

    def raw(self, i: int, depth: int = 3) -> Expression:
        """What an unflattened node is, as a formula like the others."""
        graph, rule = self.graph, self.graph.raw[i]._rule
        if graph.component[i] >= 0:
            return symbol(graph.problem.block_of(graph.component[i]).name)
        if graph.raw[i].label:
            return symbol(graph.raw[i].label)
        if not graph.arguments[i]:  # the numbers of other units and examples are others; 1 and 2 are everybody's
            x = float(graph.raw_value[i][0])
            return number(x) if x == int(x) and np.ptp(graph.raw_value[i]) == 0 else symbol("c")
        if depth == 0 or rule.arity is None:
            return symbol("…")
        args = [self.raw(a, depth - 1) for a in graph.arguments[i]]
        if rule.name == "add" and number(0) in args:  # sum() starts with it
            return args[0] if args[1] == number(0) else args[1]
        return product(*args) if rule.name == "mul" else Expression(rule.name, tuple(args))

    def sum_of(self, edges: Ints, depth: int) -> Expression:
        """The formula of some terms of a sum: terms made alike are written once, with Σ."""
        graph = self.graph
        families: dict[int, list[int]] = {}
        for e in edges.tolist():
            families.setdefault(self.groups.alike[graph.dst[e]], []).append(e)
        terms = []
        for family in list(families.values())[:3]:
            sources = len(set(graph.src[family].tolist()))
            term = self.formula(int(graph.dst[family[0]]), depth - 1)
            many = len(family) > sources
            least, most = self._spread[self.groups.alike[graph.src[family[0]]], self.groups.alike[graph.dst[family[0]]]]
            negative = graph.slope[family] < 0
            same = most - least <= 1e-12 * most and bool(negative.all() or not negative.any())
            sign = -1 if same and negative.any() else 1
            if same and most != 1:
                inner = total_of(term) if many else term
                term = product(number(rounded(most)), inner)
            elif same:
                term = total_of(term) if many else term
            else:
                term = total_of(product(symbol("c"), term)) if many else product(symbol("c"), term)
            terms.append((sign, term))
        out: Expression | None = None
        for sign, term in terms:
            if out is None:
                out = term if sign > 0 else -term
            else:
                out = out + term if sign > 0 else out - term
        if out is None:
            return symbol("0")
        return out + symbol("…") if len(families) > 3 else out

    # -- Places ---------------------------------------------------------------------------------------------------

    def _number_layers(self) -> dict[int, int]:
        """For the activations of a network with layers: which layer, counted from the input."""
        graph, alike = self.graph, self.groups.alike
        levels: dict[int, int] = {}
        for i, node in enumerate(graph.nodes):
            if node.op not in LAYERED:
                continue
            inside = np.flatnonzero(graph.src == i)
            if len(inside) and graph.nodes[graph.dst[inside[0]]].op in ("sum", "mul"):
                levels[alike[i]] = max(levels.get(alike[i], 0), int(graph.level[i]))
        order = sorted(set(levels.values()), reverse=True)
        return {kind: order.index(level) + 1 for kind, level in levels.items()} if len(order) > 1 else {}

    def layer(self, nodes: Iterable[int]) -> str:
        """ " in layer 2", if the nodes are activations of layers."""
        numbers = sorted({self._layers.get(self.groups.alike[i], 0) for i in nodes})
        if not numbers or 0 in numbers:
            return ""
        if len(numbers) == 1:
            return f" in layer {numbers[0]}"
        return " in all layers" if len(numbers) == len(set(self._layers.values())) else ""

    def scope(self, nodes: Iterable[int]) -> str:
        """ "layer2: ", if all of them were made in one scope."""
        scopes = {self.graph.nodes[i].origin.scope for i in nodes}
        return f"{next(iter(scopes))}: " if len(scopes) == 1 and "" not in scopes else ""

    def line(self, nodes: Iterable[int]) -> str:
        """ " (line 12: h = tanh(z))", if all of them were made there."""
        lines = {self.graph.nodes[i].origin.line for i in nodes if self.graph.nodes[i].op != "input"}
        line = next(iter(lines)) if len(lines) == 1 else None
        if line is None:
            return ""
        text = line[2] if len(line[2]) <= 70 else line[2][:67] + "…"
        return f" (line {line[1]}: {text})" if text else f" (line {line[1]})"

    def blocks(self, edges: Ints) -> str:
        """The arguments that some edges lead to: "W1, b1"."""
        graph = self.graph
        names = dict.fromkeys(
            graph.problem.block_of(graph.nodes[d].component).name
            for d in graph.dst[edges].tolist()
            if graph.nodes[d].op == "input"
        )
        return ", ".join(names)

    def along(self, edges: Ints) -> str:
        """The arguments below some edges, in LaTeX: what ∂ is taken by."""
        below = self.groups.reach
        bits = 0
        for d in np.unique(self.graph.dst[edges]).tolist():
            bits |= below[d]
        blocks = self.graph.problem.blocks
        names = [latex(symbol(b.name)) for b in blocks if bits >> b.offset & ((1 << b.size) - 1)]
        shown = ", ".join(names[:3] + [r"\dots"] * (len(names) > 3))
        return shown if len(names) == 1 else rf"\left({shown}\right)"

    def path(self, place: Group) -> Where:
        """Edges as a way that the gradient takes: "the path from a·b to b"."""
        above, below = int(self.graph.src[place.edges[0]]), np.unique(self.graph.dst[place.edges]).tolist()
        sources = np.unique(self.graph.src[place.edges]).tolist()
        to = self.blocks(place.edges) or plain(self.show(below[0]))
        return Where(f"{self.scope(sources)}the path from {plain(self.show(above))} to {to}", self.line(sources))

    def place(self, place: Group | Uses, *, slope: bool) -> Where:
        """Where it is: as the slope of an operation, or as a part of the gradient."""
        if isinstance(place, Uses):
            return self._uses(place)
        if not slope and place.role == "whole":
            return Where("the whole gradient")
        if not slope and place.role == "block":
            return Where(f"∂f/∂{self.blocks(place.edges)}")
        graph, edges = self.graph, place.edges
        above, below = np.unique(graph.src[edges]).tolist(), np.unique(graph.dst[edges]).tolist()
        if place.role == "into":
            shown = plain(self.show(below[0]))
            return Where(f"{self.scope(below)}the gradient that reaches {shown}{self.layer(below)}", self.line(below))
        if graph.nodes[above[0]].op == "sum":
            return self._term(place, above, below)
        ops = {graph.nodes[i].op for i in above}
        scope, line = self.scope(above), self.line(above)
        if len(ops) > 1:
            if all(graph.nodes[i].op == "input" for i in below):
                return Where(f"∂f/∂{self.blocks(edges)}", line)
            return Where(f"{scope}the edges into {plain(self.show(below[0]))}", line)
        op = ops.pop()
        if RULES[op].arity == 1:
            label = graph.nodes[above[0]].origin.label
            at = f" at {label}" if label and len(above) == 1 else ""
            return Where(f"{scope}the slope of {op}{self.layer(above)}{at}", line)
        along = plain(self.show(below[0], 20))
        return Where(f"{scope}the slope of {plain(self.show(above[0]))} along {along}", line)

    def _term(self, place: Group, above: list[int], below: list[int]) -> Where:
        graph, edges = self.graph, place.edges
        line = self.line(below) or self.line(above)
        if place.part is not None and place.part.origin.label:
            return Where(f"the term {place.part.origin.label}", line)
        kinds = {self.groups.alike[i]: i for i in reversed(above)}  # one of each kind of sum
        ones = list(kinds.values())[::-1][:3]
        shown = " and ".join(dict.fromkeys(plain(self.show_sum(edges[graph.src[edges] == i])) for i in ones))
        inner = "" if above == [0] else " of the inner sum"
        return Where(f"{self.scope(below) or self.scope(above)}the term {shown}{inner}", line)

    def _uses(self, uses: Uses) -> Where:
        graph, edges = self.graph, np.concatenate([uses.kept, uses.dropped])
        above, below = np.unique(graph.src[edges]).tolist(), np.unique(graph.dst[edges]).tolist()
        in_a_sum = len(above) == 1 or len(below) > len(above)
        if in_a_sum and all(graph.nodes[i].op == "sum" for i in above):
            total = self.show_sum(edges[graph.src[edges] == above[0]])
            return Where(f"{self.scope(above)}the sum {plain(total)}", self.line(above))
        names = self.blocks(edges)
        name = names or plain(self.show(below[0]))
        return Where(f"{self.scope(below)}the uses of {name}", "" if names else self.line(below))


def _shortest(write: Callable[[int], Expression], longest: int) -> Expression:
    """The most detailed of the formulas that are short enough."""
    for depth in (5, 4, 3, 2):
        tree = write(depth)
        if len(plain(tree)) <= longest:
            return tree
    return write(1)


def rounded(x: float) -> float:
    """With six digits."""
    return float(f"{x:.6g}")


def number_or_c(values: Array) -> Expression:
    """A constant as a number, or as the letter c if it is not the same everywhere."""
    return number(rounded(values.flat[0])) if np.ptp(values) == 0 else symbol("c")
