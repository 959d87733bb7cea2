"""Formulas with indices, as a slide prints them: read, and calculated literally.

A printed formula such as ``Σ_{p=1}^{s_{l+1}} ∂E/∂σ_j^{l+1} · w_jp^{l+1}`` is read into a small tree. The tree is
calculated exactly as it stands: every symbol is looked up with the layer and the indices that are printed on it.
Nothing is corrected on the way; the sum sign covers everything to its right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Symbol:
    """σ_j^{l+1}: a name, its indices, its layer ("" if none), and whether it belongs to example (i)."""

    name: str
    indices: str = ""
    layer: str = ""
    example: bool = False

    def __str__(self) -> str:
        example = "(x^(i))" if self.example and self.name == "σ" else ""
        layer = "(i)" if self.example and not example else self.layer
        up = f"^{layer}" if len(layer) == 1 or (self.example and not example) else f"^{{{layer}}}" if layer else ""
        return self.name + (f"_{self.indices}" if self.indices else "") + up + example


@dataclass(frozen=True, slots=True)
class Slope:
    """∂above/∂below; `above` is None for E."""

    above: Symbol | None
    below: Symbol

    def __str__(self) -> str:
        return f"∂{self.above or 'E'}/∂{self.below}"


@dataclass(frozen=True, slots=True)
class Number:
    """A number."""

    value: float

    def __str__(self) -> str:
        return f"{self.value:g}" if self.value != 0.5 else "1/2"


@dataclass(frozen=True, slots=True)
class Terms:
    """± a ± b …: signs and terms."""

    terms: tuple[tuple[int, Node], ...]

    def __str__(self) -> str:
        text = " ".join(f"{'+' if sign > 0 else '-'} {term}" for sign, term in self.terms)
        return text[2:] if text.startswith("+") else text


@dataclass(frozen=True, slots=True)
class Product:
    """a · b / c …: True for a factor, False for a divisor."""

    factors: tuple[tuple[bool, Node], ...]

    def __str__(self) -> str:
        text = ""
        for up, factor in self.factors:
            shown = (
                f"({factor})" if isinstance(factor, Terms) or (not up and isinstance(factor, Product)) else f"{factor}"
            )
            space = "" if not text or (text[-1].isdigit() and shown[0].isalpha()) else " "
            text += (space if up else "/") + shown
        return text


@dataclass(frozen=True, slots=True)
class Exponential:
    """e^{…}."""

    power: Node

    def __str__(self) -> str:
        return f"e^{{{str(self.power).replace('- ', '-')}}}"


@dataclass(frozen=True, slots=True)
class Sum:
    """Σ over `index` from 1 to `upper` (s_{l+1}, m_b, …)."""

    index: str
    upper: str
    body: Node

    def __str__(self) -> str:
        body = f"({self.body})" if isinstance(self.body, Terms) else f"{self.body}"
        return f"Σ_{{{self.index}=1}}^{{{self.upper}}} {body}"


Node = Symbol | Slope | Number | Terms | Product | Exponential | Sum


# -- Reading ----------------------------------------------------------------------------------------------------

_NAME = r"(?:σ|sum|w|y|λ|η|m_b|m)"
_SYMBOL = rf"({_NAME})(?:_([ijkp]+))?(?:\^(?:\{{([^}}]*)\}}|([lL])|(\(i\))))?(\(x\^\(i\)\))?"
_TOKEN = re.compile(
    rf"\s*(?:(?P<sum>Σ_\{{(?P<index>\w)=1\}}\^\{{(?P<upper>(?:[^{{}}]|\{{[^}}]*\}})*)\}})"
    rf"|(?P<slope>∂(?P<above>E|{_SYMBOL})/∂(?P<below>{_SYMBOL}))"
    rf"|(?P<exp>e\^\{{(?P<power>(?:[^{{}}]|\{{[^}}]*\}})*)\}})"
    rf"|(?P<symbol>{_SYMBOL})|(?P<number>\d+)|(?P<sign>[-+/·()]))"
)


def read(text: str) -> Node:
    """The printed formula as a tree. Raises ValueError for what it cannot read."""
    tokens, place = [], 0
    while place < len(text.rstrip()):
        match = _TOKEN.match(text, place)
        if match is None:
            raise ValueError(f"cannot read {text[place:]!r} in {text!r}")
        tokens.append(match)
        place = match.end()
    tree, rest = _terms(tokens)
    if rest:
        raise ValueError(f"cannot read {text[rest[0].start() :]!r} in {text!r}")
    return tree


def symbol(text: str) -> Symbol:
    """σ_j^{l+1} as a Symbol."""
    match = re.fullmatch(_SYMBOL, text)
    if match is None:
        raise ValueError(f"{text!r} is not a symbol")
    name, indices, braces, letter, first, second = match.groups()
    return Symbol(name, indices or "", braces or letter or "", bool(first or second))


def _terms(tokens: list[re.Match[str]]) -> tuple[Node, list[re.Match[str]]]:
    found: list[tuple[int, Node]] = []
    while tokens and tokens[0].group("sign") != ")":
        sign = 1
        if tokens[0].group("sign") in ("+", "-"):
            sign, tokens = (1 if tokens[0].group("sign") == "+" else -1), tokens[1:]
        term, tokens = _product(tokens)
        found.append((sign, term))
    if not found:
        raise ValueError("there is nothing to calculate: an empty formula or empty parentheses")
    return (found[0][1] if len(found) == 1 and found[0][0] == 1 else Terms(tuple(found))), tokens


def _product(tokens: list[re.Match[str]]) -> tuple[Node, list[re.Match[str]]]:
    factors: list[tuple[bool, Node]] = []
    while tokens and tokens[0].group("sign") not in ("+", "-", ")"):
        up = tokens[0].group("sign") != "/"
        if tokens[0].group("sign") in ("/", "·"):
            tokens = tokens[1:]
        factor, tokens = _factor(tokens)
        factors.append((up, factor))
    if not factors:
        raise ValueError("a term is missing after a sign or in a parenthesis")
    return (factors[0][1] if len(factors) == 1 else Product(tuple(factors))), tokens


def _factor(tokens: list[re.Match[str]]) -> tuple[Node, list[re.Match[str]]]:
    if not tokens:
        raise ValueError("a factor is missing at the end")
    token, rest = tokens[0], tokens[1:]
    if token.group("sum"):
        body, rest = _terms(rest)
        return Sum(token.group("index"), token.group("upper"), body), rest
    if token.group("slope"):
        above = token.group("above")
        return Slope(None if above == "E" else symbol(above), symbol(token.group("below"))), rest
    if token.group("exp"):
        return Exponential(read(token.group("power"))), rest
    if token.group("number"):
        return Number(float(token.group("number"))), rest
    if token.group("symbol"):
        return symbol(token.group("symbol")), rest
    if token.group("sign") == "(":
        inner, rest = _terms(rest)
        if not rest or rest[0].group("sign") != ")":
            raise ValueError(f"a parenthesis is not closed in {token.string!r}")
        return inner, rest[1:]
    raise ValueError(f"cannot read {token.string[token.start() :]!r}")


# -- Calculating ------------------------------------------------------------------------------------------------

Look = Callable[[Symbol | Slope, Mapping[str, Any]], Any]


def calculate(tree: Node, look: Look, size: Callable[[str], int], indices: Mapping[str, Any]) -> Any:
    """The formula as it stands. `look` gives the number of a symbol or slope, `size` the upper end of a sum.

    The indices may be arrays: then the result is an array, too.
    """

    def value(node: Node) -> Any:
        return calculate(node, look, size, indices)

    if isinstance(tree, Number):
        return tree.value
    if isinstance(tree, Terms):
        return sum(sign * value(term) for sign, term in tree.terms)
    if isinstance(tree, Product):
        result = 1.0
        for up, factor in tree.factors:
            result = result * value(factor) if up else result / value(factor)
        return result
    if isinstance(tree, Exponential):
        return np.exp(value(tree.power))
    if isinstance(tree, Sum):
        return sum(calculate(tree.body, look, size, {**indices, tree.index: k}) for k in range(size(tree.upper)))
    return look(tree, indices)


def children(node: Node) -> list[Node]:
    """The parts of a formula, one floor down."""
    if isinstance(node, Terms):
        return [t for _, t in node.terms]
    if isinstance(node, Product):
        return [f for _, f in node.factors]
    if isinstance(node, Sum):
        return [node.body]
    return [node.power] if isinstance(node, Exponential) else []


def symbols(tree: Node) -> Iterator[Symbol | Slope]:
    """The symbols and slopes in a formula, each as often as it stands there."""
    if isinstance(tree, Symbol | Slope):
        yield tree
    for child in children(tree):
        yield from symbols(child)


# -- LaTeX --------------------------------------------------------------------------------------------------------

OPEN, CLOSE = r"\left(", r"\right)"
_GREEK = {"σ": r"\sigma", "λ": r"\lambda", "η": r"\eta", "sum": r"\mathrm{sum}"}


def latex(node: Node, *, bare: bool = False) -> str:
    """The formula as LaTeX. `bare`: what a sum sign covers has no parentheses, where none are printed."""
    if isinstance(node, Symbol):
        name = _GREEK.get(node.name, node.name)
        up = "(i)" if node.example and node.name != "σ" else node.layer
        text = name + (f"_{{{node.indices}}}" if node.indices else "") + (f"^{{{up}}}" if up else "")
        return text + ("(x^{(i)})" if node.example and node.name == "σ" else "")
    if isinstance(node, Slope):
        return rf"\frac{{\partial {latex(node.above) if node.above else 'E'}}}{{\partial {latex(node.below)}}}"
    if isinstance(node, Number):
        return f"{node.value:g}"
    if isinstance(node, Exponential):
        return f"e^{{{latex(node.power)}}}"
    if isinstance(node, Sum):
        body = latex(node.body)
        if isinstance(node.body, Terms) and not bare:
            body = rf"\left({body}\right)"
        return rf"\sum_{{{node.index}=1}}^{{{node.upper}}} {body}"
    if isinstance(node, Terms):
        text = " ".join(f"{'+' if s > 0 else '-'} {latex(t)}" for s, t in node.terms)
        return text[2:] if text.startswith("+") else text
    shown, top = "", ""
    for multiplies, factor in node.factors:
        text = latex(factor, bare=bare)
        if not multiplies:
            top = rf"\frac{{{top.removeprefix(OPEN).removesuffix(CLOSE)}}}{{{text}}}"
        else:
            shown = f"{shown} {top}".strip()
            top = OPEN + text + CLOSE if isinstance(factor, Terms) else text
    return f"{shown} {top}".strip()
