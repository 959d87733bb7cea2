"""A loop as a slide prints it: read as a small program, and every program that is one edit away from it.

    for l = L-1 down to 2:
      ∂E/∂σ_j^l  = Σ_{p=1}^{s_{l+1}} ∂E/∂σ_p^{l+1} σ_p^{l+1} (1 - σ_p^{l+1}) w_jp^{l+1}
      ∂E/∂w_ij^l = ∂E/∂σ_j^l σ_j^l (1 - σ_j^l) σ_i^{l-1} + λ/m w_ij^l
    w_ij^l = w_ij^l - η ∂E/∂w_ij^l

Indented lines are in the loop. A line outside it that says l is meant for every layer, all of them at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from textwrap import dedent

from autograd.check.sheet.indexed import Node, Slope, Symbol, latex, read, symbol, symbols
from autograd.check.sheet.slips import repairs

BOUND = re.compile(r"(?P<name>L)?\s*(?:(?P<sign>[-+])\s*)?(?P<number>\d+)?")
HEADER = re.compile(r"for l = (?P<first>[^:]+?) (?P<down>down )?to (?P<last>[^:]+?):?")


@dataclass(frozen=True, slots=True)
class Bound:
    """L - 1, or 2: a layer, counted from layer L or from layer 0."""

    from_top: bool
    offset: int

    def __str__(self) -> str:
        if not self.from_top:
            return str(self.offset)
        return "L" + (f"{self.offset:+d}" if self.offset else "")

    def layer(self, top: int) -> int:
        """The layer in a network whose last layer is `top`."""
        return self.offset + top * self.from_top

    def moved(self, by: int) -> Bound:
        """So many layers further up."""
        return replace(self, offset=self.offset + by)


@dataclass(frozen=True, slots=True)
class Statement:
    """left = right. `at` is the layer, where it is meant for one layer only."""

    left: Symbol | Slope
    right: Node
    at: Bound | None = None

    def __str__(self) -> str:
        return f"{self.left} = {self.right}" + (f" for l = {self.at}" if self.at else "")

    @property
    def target(self) -> Symbol:
        """What is assigned: w_ij^l for w_ij^l as well as for ∂E/∂w_ij^l."""
        return self.left.below if isinstance(self.left, Slope) else self.left

    @property
    def for_each_layer(self) -> bool:
        """Whether it says l."""
        parts = (self.left, *symbols(self.right))
        named = [p for s in parts for p in ((s.above, s.below) if isinstance(s, Slope) else (s,)) if p is not None]
        return any("l" in p.layer for p in named)

    def latex(self) -> str:
        """As LaTeX."""
        return f"{latex(self.left)} = {latex(self.right)}"


@dataclass(frozen=True, slots=True)
class Program:
    """`before` the loop; ``for l = first down to last`` (or up, if not `down`): `body`; `after` it."""

    first: Bound
    last: Bound
    body: tuple[Statement, ...]
    before: tuple[Statement, ...] = ()
    after: tuple[Statement, ...] = ()
    down: bool = True

    @property
    def header(self) -> str:
        """``for l = L-1 down to 2``."""
        return f"for l = {self.first} {'down ' * self.down}to {self.last}"

    def layers(self, top: int) -> range:
        """The layers that the loop visits, in its order."""
        first, last, step = self.first.layer(top), self.last.layer(top), -1 if self.down else 1
        return range(first, last + step, step)

    @property
    def lines(self) -> tuple[Statement, ...]:
        """All lines, in the order in which they are printed."""
        return (*self.before, *self.body, *self.after)

    def with_lines(self, other: Mapping[Statement, Statement]) -> Program:
        """The same with other lines in place of some."""
        before, body, after = (tuple(other.get(s, s) for s in part) for part in (self.before, self.body, self.after))
        return replace(self, before=before, body=body, after=after)

    def __str__(self) -> str:
        parts = [f"for every l: {s}" for s in self.before]
        parts.append(f"{self.header}: " + "; ".join(map(str, self.body)))
        parts += [f"after the loop, for every l: {s}" for s in self.after]
        return "; ".join(parts)

    def latex(self) -> str:
        """As LaTeX, in one line."""
        way = r"\text{ down to }" if self.down else r"\text{ to }"
        parts = [rf"\text{{for every }} l: \; {s.latex()}" for s in self.before]
        body = r", \quad ".join(s.latex() for s in self.body)
        parts.append(rf"\text{{for }} l = {self.first} {way} {self.last}: \quad {body}")
        parts += [rf"\text{{after the loop, for every }} l: \; {s.latex()}" for s in self.after]
        return r", \quad ".join(parts)


# -- Reading ----------------------------------------------------------------------------------------------------


def read_program(text: str) -> Program:
    """The printed loop as a program. Raises ValueError for what it cannot read."""
    lines = [line for line in dedent(text).splitlines() if line.strip()]
    heads = [k for k, line in enumerate(lines) if line.lstrip().startswith("for ")]
    if len(heads) != 1:
        raise ValueError(f"a program needs one line such as 'for l = L-1 down to 2:'; found {len(heads)}")
    header = HEADER.fullmatch(lines[heads[0]].strip())
    if header is None:
        raise ValueError(f"cannot read {lines[heads[0]].strip()!r}; write 'for l = L-1 down to 2:'")
    inside = [k for k, line in enumerate(lines) if line[0].isspace()]
    rest = [(k, read_statement(line)) for k, line in enumerate(lines) if k != heads[0]]
    body = tuple(s for k, s in rest if k in inside)
    if not body or min(inside) < heads[0]:
        raise ValueError("the lines of the loop stand below its first line, indented; there are none")
    before = tuple(s for k, s in rest if k not in inside and k < heads[0])
    after = tuple(s for k, s in rest if k not in inside and k > heads[0])
    return Program(_bound(header["first"]), _bound(header["last"]), body, before, after, bool(header["down"]))


def read_statement(text: str, at: Bound | None = None) -> Statement:
    """``∂E/∂w_ij^l = …`` or ``w_ij^l = …``. Raises ValueError for what it cannot read."""
    left, equals, right = text.partition("=")
    if not equals:
        raise ValueError(f"there is no = in {text.strip()!r}")
    if "{" in left and left.count("{") != left.count("}"):
        raise ValueError(f"cannot read the left side of {text.strip()!r}")
    left = left.strip()
    target: Symbol | Slope = Slope(None, symbol(left[4:])) if left.startswith("∂E/∂") else symbol(left)
    return Statement(target, read(right.strip()), at)


def _bound(text: str) -> Bound:
    match = BOUND.fullmatch(text.strip())
    if match is None or not text.strip() or bool(match["sign"]) != bool(match["name"] and match["number"]):
        raise ValueError(f"cannot read the bound {text!r} of the loop; write L, L-1 or a number")
    number = int(match["number"] or 0)
    return Bound(bool(match["name"]), -number if match["sign"] == "-" else number)


# -- Edits ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Edit:
    """A small change of a program: `what` in words, and the changed program.

    `of_line`  whether it is a change of the formula in a line; then `repair` says the same without naming the line
    """

    what: str
    program: Program
    of_line: bool = False
    repair: str = ""


def edits(program: Program) -> Iterator[Edit]:
    """Every program that is one slip away: a bound of the loop, the order of its lines, or one of its lines."""
    yield from _other_bounds(program)
    yield from _other_places(program)
    for s in program.lines:
        for repair in repairs(s.right, s.target.indices):
            changed = program.with_lines({s: replace(s, right=repair.formula)})
            yield Edit(f"in {s.left}: {repair.what}", changed, True, repair.what)


def _other_bounds(program: Program) -> Iterator[Edit]:
    forward = -1 if program.down else 1  # the way in which the loop goes through the layers
    for by in (forward, -forward):
        longer = replace(program, last=program.last.moved(by))
        yield Edit(f"the loop ends one layer too {'early' if by == forward else 'late'}: {longer.header}", longer)
        shifted = replace(program, first=program.first.moved(by))
        late = "early" if by == forward else "late"
        yield Edit(f"the loop starts one layer too {late}: {shifted.header}", shifted)
    turned = replace(program, first=program.last, last=program.first, down=not program.down)
    yield Edit(f"the loop runs the wrong way: {turned.header}", turned)


def _other_places(program: Program) -> Iterator[Edit]:
    body, before, after = program.body, program.before, program.after
    for k in range(len(body) - 1):
        swapped = (*body[:k], body[k + 1], body[k], *body[k + 2 :])
        what = f"the line {body[k + 1].left} = … belongs before the line {body[k].left} = …"
        yield Edit(what, replace(program, body=swapped))
    for k, s in enumerate(body if len(body) > 1 else ()):
        rest = (*body[:k], *body[k + 1 :])
        moved = replace(program, body=rest, after=(s, *after))
        yield Edit(f"the line {s.left} = … belongs after the loop, for every layer", moved)
        moved = replace(program, body=rest, before=(*before, s))
        yield Edit(f"the line {s.left} = … belongs before the loop, for every layer", moved)
    for k, s in enumerate(after):
        moved = replace(program, body=(*body, s), after=(*after[:k], *after[k + 1 :]))
        yield Edit(f"the line {s.left} = … belongs into the loop, at its end", moved)
    for k, s in enumerate(before):
        moved = replace(program, body=(s, *body), before=(*before[:k], *before[k + 1 :]))
        yield Edit(f"the line {s.left} = … belongs into the loop, at its beginning", moved)
