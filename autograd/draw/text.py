"""Labels and numbers, made fit to be shown. A label is any text: here it becomes a line that every format can hold."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import partial

NOT_COMPUTED = "—"  # a gradient that no backward pass has computed: not the same thing as 0
LONGEST = 32  # characters of a label that a picture shows; all of them are in the text shown on hovering

NumberFormat = str | Callable[[float], str]


def one_line(text: str, longest: int | None = LONGEST) -> str:
    """`text` as one line without invisible controls, shortened to `longest` characters; "" if nothing of it is seen.

    >>> one_line("two\\nlines"), one_line("x" * 40, longest=5)
    ('two↵lines', 'xxxx…')
    """
    if longest is not None and len(text) > 4 * longest:
        text = text[: 4 * longest] + "…"
    shown = "".join(map(_shown, text.replace("\r\n", "\n"))).strip()
    if all(unicodedata.category(c) in ("Cf", "Zs") for c in shown):  # joiners and blanks, with nothing to join
        return ""
    return shown if longest is None or len(shown) <= longest else shown[: longest - 1] + "…"


def _shown(c: str) -> str:
    if c in "\n\r\v\f\x85\u2028\u2029":
        return "↵"
    if c == "\t":
        return " "
    # Controls, halves of surrogate pairs and non-characters may not stand in XML; the marks that turn the
    # direction of writing would turn around what stands beside them.
    code = ord(c)
    if unicodedata.category(c) in ("Cc", "Cs") or code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF:
        return "\N{REPLACEMENT CHARACTER}"
    if 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069:
        return "\N{REPLACEMENT CHARACTER}"
    return c


def number_writer(form: NumberFormat) -> Callable[[float], str]:
    """A function from a float to its text; `form` is a format like ".4g", or already such a function.

    >>> number_writer(".3f")(2), number_writer(".4g")(-0.0)
    ('2.000', '0')
    """
    if isinstance(form, str):
        try:
            format(1.0, form)
        except ValueError:
            raise ValueError(
                f'numbers={form!r} is not a format for a number; write for example ".4g" or ".3f"'
            ) from None
        return partial(_written, form)
    if not callable(form):
        raise TypeError(f'numbers= is a format like ".4g" or a function from a float to text; got {form!r}')
    return partial(_written, form)


def _written(form: NumberFormat, x: float) -> str:
    return one_line(format(x + 0.0, form) if isinstance(form, str) else str(form(x)))  # + 0.0: no "-0"
