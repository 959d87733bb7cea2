"""Colours and line styles. Kinds of nodes differ by shape and border as well, so nothing is said by colour alone.

The colours are from Okabe and Ito's palette for all kinds of colour vision (https://jfly.uni-koeln.de/color/),
darkened where they carry text, so that they also survive a projector.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as #rrggbb: (fill, border) for the kinds of nodes, one colour for each kind of text or line."""

    background: str
    text: str
    faint: str
    gradient: str
    line: str
    highlight: str
    scope: str
    leaf: tuple[str, str]
    made: tuple[str, str]
    root: tuple[str, str]
    operation: tuple[str, str]
    closed: tuple[str, str]


LIGHT = Theme(
    background="#ffffff", text="#111111", faint="#555555", gradient="#9c0059", line="#333333", highlight="#d55e00",
    scope="#5f5f5f", leaf=("#dcecf9", "#0072b2"), made=("#ffffff", "#333333"), root=("#fff0c9", "#8a5a00"),
    operation=("#ebebeb", "#555555"), closed=("#e3f4ee", "#00664b"),
)  # fmt: skip
DARK = Theme(
    background="#16191d", text="#f5f5f5", faint="#b5b5b5", gradient="#f0a3cf", line="#d0d0d0", highlight="#ff9440",
    scope="#b0b0b0", leaf=("#10364f", "#56b4e9"), made=("#22262b", "#d0d0d0"), root=("#4a3a0c", "#f0c648"),
    operation=("#3a3f45", "#c0c0c0"), closed=("#0f3d30", "#35c79a"),
)  # fmt: skip
PRINT = Theme(  # for a black-and-white printer
    background="#ffffff", text="#000000", faint="#333333", gradient="#000000", line="#000000", highlight="#000000",
    scope="#333333", leaf=("#ffffff", "#000000"), made=("#ffffff", "#000000"), root=("#ffffff", "#000000"),
    operation=("#e8e8e8", "#000000"), closed=("#ffffff", "#000000"),
)  # fmt: skip

THEMES = {"light": LIGHT, "dark": DARK, "print": PRINT}
