"""The lecture's notation in running text: what stands after _ and ^ is set below and above."""

from __future__ import annotations

import re
from html import escape

from autograd.spell.mathml import mathml

ONE = r"\{[^{}]*\}|[^\W_⁰¹²³⁴⁵⁶⁷⁸⁹]+"  # what can stand below or above: {l+1}, ij
SCRIPTED = re.compile(rf"([^\W\d_]+)(?:_({ONE}))?(?:\^({ONE}|\([^()]*\)))?")
POWER = re.compile(r"\b\d(?:\.(\d+))?e[-+]\d+\b")
INLINE = re.compile(r"\\\((.+?)\\\)", re.DOTALL)
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def html(text: str) -> str:
    """A line of text as HTML, with its scripts and its powers of ten.

    >>> html("w_ij^l < η_0²"), html("to 2e-16")
    ('w<sub>ij</sub><sup>l</sup> &lt; η<sub>0</sub>²', 'to 2·10⁻¹⁶')
    """
    text = POWER.sub(lambda found: scientific(float(found[0]), len(found[1] or "")), text)
    return _set(escape(text), "<sub>{}</sub>", "<sup>{}</sup>")


def svg(text: str) -> str:
    """The same inside an SVG `<text>` of some 14 units; `text` is escaped already.

    >>> svg("η_k")
    'η<tspan dy="4" font-size="75%">k</tspan><tspan dy="-4">\u200b</tspan>'
    """
    small = '<tspan dy="{0}" font-size="75%">{{}}</tspan><tspan dy="{1}">\u200b</tspan>'
    return _set(text, small.format(4, -4), small.format(-6, 6))


def _set(text: str, below: str, above: str) -> str:
    def one(found: re.Match[str]) -> str:
        base, sub, sup = found.groups()
        parts = [form.format(part.strip("{}")) for form, part in ((below, sub), (above, sup)) if part]
        return base + "".join(parts)

    return SCRIPTED.sub(one, text)


def inline(page: str) -> str:
    r"""The formulas between ``\(`` and ``\)`` of a page, set."""
    return INLINE.sub(lambda found: mathml(found[1]), page)


def displayed(latex: str) -> str:
    """A formula on a line of its own, which scrolls where it is too long."""
    return f'<div class="formula">{mathml(latex, display=True)}</div>'


def side_by_side(latex: str) -> str:
    r"""Formulas with ``\quad`` between them, which stand below each other where there is not room for all."""
    return f'<div class="formulas">{listed(latex)}</div>'


def listed(latex: str) -> str:
    r"""Several formulas with ``\quad`` between them, such as the lines of a loop, each on a line of its own."""
    lines = [line.strip().rstrip(",") for line in latex.split(r"\quad")]
    return "".join(map(displayed, lines))


def scientific(x: float, digits: int = 2) -> str:
    """A small number as a reader writes it.

    >>> scientific(0.000138), scientific(3e-17, 0), scientific(0.0)
    ('1.38·10⁻⁴', '3·10⁻¹⁷', '0')
    """
    if x == 0:
        return "0"
    mantissa, exponent = f"{x:.{digits}e}".split("e")
    return f"{mantissa}·10{str(int(exponent)).translate(SUPERSCRIPT)}"
