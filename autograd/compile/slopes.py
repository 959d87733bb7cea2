"""The slopes of the rule table as text: a rule that is called with symbols prints itself.

>>> from autograd import rules
>>> [slope.times(" + g", "zxy", range(3)) for slope in slopes(rules.div)]
[' + g / y', ' - g * (z / y)']
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from autograd.expression import ATOM, BINDING, Expression, number, symbol, write
from autograd.op import Op
from autograd.spell import python

PLACES = ("place0_", "place1_", "place2_", "place3_")  # z and the arguments, as symbols that no label can be


@dataclass(frozen=True, slots=True)
class Slope:
    """∂z/∂(one argument), to be multiplied with what comes from above.

    tree         as an expression, without its sign
    sign         "+" or "-"
    tail         what is written behind that which comes from above: " * {2}", " / {1}", "" for a slope of 1. The places
                 are z, the first argument, the second, … None for a power: the exponent decides how that is written
    needs        which places occur; none in a slope of 1
    place        the place, where that is the whole slope; -1 where it is not
    is_one       whether it is 1, sign included: what comes from above passes on as it is
    is_argument  whether it is one of the arguments, sign included: the one at `place`
    """

    tree: Expression
    sign: str
    tail: str | None
    needs: tuple[int, ...]
    place: int
    is_one: bool
    is_argument: bool

    def times(self, upstream: str, text: Sequence[str], places: Sequence[int]) -> str:
        """The product with a term from above, " + g" or " - g".

        ``text[places[0]]`` is z, ``text[places[1]]`` the first argument, …; where they are needed, names or numbers.
        """
        if self.sign == "-":
            upstream = f" - {upstream[3:]}" if upstream[1] == "+" else f" + {upstream[3:]}"
        if self.place >= 0:
            return product(upstream, text[places[self.place]])
        if self.tail == "":
            return upstream
        texts = [text[i] for i in places]
        tail = _tail(_named(self.tree, texts)) if self.tail is None else self.tail.format(*texts)
        return product(upstream, tail[3:]) if tail.startswith(" * ") else upstream + tail


def product(term: str, factor: str) -> str:
    """A term times a factor: " + g" and "x" make " + g * x"."""
    if factor == "1.0":
        return term
    return f"{term} * {factor}" if term[3:] != "1.0" else term[:3] + factor


@cache
def slopes(op: Op) -> tuple[Slope | None, ...]:
    """One for each argument; None where no gradient passes: the argument is held fixed, or the slope is 0."""
    return tuple(_slope(op, k) for k in range(op.arity or 0))


@cache
def needs(op: Op) -> tuple[tuple[int, int], ...]:
    """(argument, place) for each place that occurs in the slope along an argument."""
    return tuple((k, place) for k, slope in enumerate(slopes(op)) if slope is not None for place in slope.needs)


@cache
def slope_of(op: Op, k: int) -> Expression | None:
    """∂z/∂(argument k) with the symbols z, a0, a1, … for z and the arguments; None where it is held fixed."""
    return _called(op, k, ["z", *(f"a{j}" for j in range(op.arity or 0))])


def _called(op: Op, k: int, names: list[str]) -> Expression | None:
    z, *args = map(symbol, names)
    slope = op.slope(k, z, args)
    return slope if slope is None or isinstance(slope, Expression) else number(slope)


def _slope(op: Op, k: int) -> Slope | None:
    tree = _called(op, k, list(PLACES[: 1 + (op.arity or 0)]))
    if tree is None or tree == number(0.0):
        return None
    minus, tree = _sign_and_rest(tree)
    tail: str | None = _tail(_named(tree, PLACES))
    assert tail is not None
    if "pow" in tail:
        tail = None
    else:
        for i, place in enumerate(PLACES):
            tail = tail.replace(place, f"{{{i}}}")
    names = _symbols(tree)
    whole = PLACES.index(tree.args[0]) if tree.op == "" and names else -1
    needs = tuple(i for i, place in enumerate(PLACES) if place in names)
    one, argument = not minus and tail == "", not minus and whole > 0
    return Slope(tree, "-" if minus else "+", tail, needs, whole, one, argument)


def _sign_and_rest(tree: Expression) -> tuple[bool, Expression]:
    """-a/b as minus and a/b: the same floats."""
    if tree.op == "neg":
        minus, rest = _sign_and_rest(tree.args[0])
        return not minus, rest
    if tree.op in ("mul", "div"):
        minus, rest = _sign_and_rest(tree.args[0])
        return minus, Expression(tree.op, (rest, tree.args[1]))
    if tree.op == "" and not isinstance(tree.args[0], str) and tree.args[0] < 0:
        return True, number(-tree.args[0])
    return False, tree


def _tail(tree: Expression) -> str:
    """What is written behind the other factor."""
    if tree == symbol("1.0"):
        return ""
    if tree.op == "div" and tree.args[0] == symbol("1.0"):
        return " / " + _factor(tree.args[1])
    return " * " + _factor(tree)


def _factor(tree: Expression) -> str:
    """The text, in parentheses where a factor on the right needs them."""
    text = write(tree, python.call)
    return text if BINDING.get(tree.op, ATOM) > BINDING["mul"] else f"({text})"


def _symbols(tree: Expression) -> set[str]:
    if tree.op == "":
        return {tree.args[0]} if isinstance(tree.args[0], str) else set()
    return set().union(*(_symbols(a) for a in tree.args))


def _named(tree: Expression, texts: Sequence[str]) -> Expression:
    """The tree with these texts at its places, and with its numbers as floats."""
    if tree.op == "":
        what = tree.args[0]
        return symbol(texts[PLACES.index(what)] if isinstance(what, str) else repr(what))
    return Expression(tree.op, tuple(_named(a, texts) for a in tree.args))
