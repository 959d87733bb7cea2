"""Any line of text as LaTeX text: outside of mathematics, with nothing but LaTeX's own packages.

Greek letters, accents, subscripts and superscripts are set as they should be; a letter that pdfLaTeX does not know
appears by its number (U+4E2D). Mathematics is spelled in `autograd.spell.latex`.
"""

from __future__ import annotations

import unicodedata

from autograd.spell.latex import accented, greek

SPECIAL = {
    "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", "$": "\\$", "&": "\\&", "%": "\\%", "#": "\\#", "_": "\\_",
    "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "<": "\\textless{}", ">": "\\textgreater{}",
    "|": "\\textbar{}", '"': "{''}", "'": "{'}", "`": "{`}", "-": "{-}",
    "[": "{[}", "]": "{]}",
    "—": "---", "–": "--", "…": "\\dots{}", "·": "\\ensuremath{\\cdot}", "×": "\\ensuremath{\\times}",
    "−": "\\ensuremath{-}", "∂": "\\ensuremath{\\partial}", "∇": "\\ensuremath{\\nabla}", "∑": "\\ensuremath{\\sum}",
    "√": "\\ensuremath{\\surd}", "∞": "\\ensuremath{\\infty}", "≤": "\\ensuremath{\\le}", "≥": "\\ensuremath{\\ge}",
    "′": "\\ensuremath{'}", "½": "\\ensuremath{\\frac12}", "↵": "\\ensuremath{\\hookleftarrow}",
    "→": "\\ensuremath{\\to}", "⁻": "\\ensuremath{^{-}}", "\N{REPLACEMENT CHARACTER}": "?",
}  # fmt: skip
ACCENTS = {
    "\u0300": "\\`", "\u0301": "\\'", "\u0302": "\\^", "\u0303": "\\~", "\u0304": "\\=", "\u0307": "\\.",
    "\u0308": '\\"', "\u030a": "\\r", "\u030c": "\\v", "\u0327": "\\c",
}  # fmt: skip


def text(line: str) -> str:
    """Any line of text as LaTeX that sets it and does nothing else.

    >>> text("50% of $x_1$"), text("σ₁ é")
    ('50\\\\% of \\\\$x\\\\_1\\\\$', "\\\\ensuremath{\\\\sigma}\\\\ensuremath{_{1}} \\\\'{e}")
    """
    return "".join(map(_letter, accented(line)))


def _letter(c: str) -> str:
    if c in SPECIAL:
        return SPECIAL[c]
    if c.isascii():
        return c
    letter, *marks = list(unicodedata.normalize("NFD", c))
    if len(marks) == 1 and marks[0] in ACCENTS and letter.isascii() and letter.isalpha():
        return f"{ACCENTS[marks[0]]}{{{letter}}}"
    if len(c) > 1:
        return "".join(map(_letter, c))
    if command := greek(c):
        return f"\\ensuremath{{{command}}}"
    kind, *parts = [p if p.startswith("<") else chr(int(p, 16)) for p in unicodedata.decomposition(c).split()] or [""]
    if kind in ("<sub>", "<super>") and len(parts) == 1 and parts[0].isascii():
        return f"\\ensuremath{{{'_' if kind == '<sub>' else '^'}{{{parts[0]}}}}}"
    return " " if c.isspace() else f"{{\\tiny U+{ord(c):04X}}}"
