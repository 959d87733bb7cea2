"""The loops that run a tape (`autograd.compile.numba.tape`), as text generated from the rule table, compiled by numba.

Nobody wrote the derivatives below: each rule of the table, called with symbols, prints its slope. To read the loops:

>>> text = source(rows=False)
>>> print(text[text.rindex("# tanh") :][:280])
# tanh
            for i in range(last - 1, first - 1, -1):
                xat = xs[i]
                up = g[leaves + i]
                z = v[leaves + i]
                g[xat] += up * (1 - z * z)
        elif ...

The text is compiled once and kept in the user's cache folder (the environment variable NUMBA_CACHE_DIR, or
``~/.cache/chalkgrad``), never next to this file.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import sys
import tempfile
import textwrap
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from autograd import rules
from autograd.expression import Expression, number, symbol, write
from autograd.op import Op, SumOp
from autograd.spell import python

# Operations of one to three arguments, by their row of the table; and sums, whose terms are rows of the table, too.
ROWS = [op for op in rules.RULES.values() if op.slopes and not isinstance(op, SumOp)]
CODES = {name: code for code, name in enumerate([*(op.name for op in ROWS), "dot", "dot of rows", "linear", "largest"])}
ARGUMENTS = "xyu"


@cache
def source(rows: bool) -> str:
    """The text of ``run(v, g, …)``: all values forwards, then all gradients backwards. `rows`: of rows of values."""
    lines = [
        "import math",
        "from numba import njit",
        "",
        *_functions(),
        "",
        "# The sum may be taken in any order, so that the processor can take several products at a time.",
        '@njit(fastmath={"reassoc", "contract"})',
        "def row_times_row(v, w, x, n):",
        "    z = 0.0",
        "    for k in range(n):",
        f"        z += {_text(rules.mul, 'v[w + k]', 'v[x + k]')}",
        "    return z",
        "",
        "",
        '@njit(error_model="numpy", cache=True)',
        f"def run(v, g, {'size, ' if rows else ''}leaves, runs, xs, ys, us, left, right, factor):",
        "    for j in range(len(runs)):",
        "        code, first, last = runs[j]",
        *_branches(_forward, rows),
        "    for j in range(len(runs) - 1, -1, -1):",
        "        code, first, last = runs[j]",
        *_branches(_backward, rows),
    ]
    return "\n".join(lines) + "\n"


def _functions() -> list[str]:
    """The operations on floats: the functions of the table themselves, as text."""
    lines: list[str] = []
    for op in rules.RULES.values():
        if op.infix or isinstance(op, SumOp) or not op.slopes or op.name in ("copy", "where"):
            continue
        text = function_text(op.name)
        lines += ["", "", text] if "\n" in text else [text]
    return lines


def function_text(name: str) -> str:
    """The lines that define an operation of the table, for numba."""
    op, kind = rules.RULES[name], '@njit(error_model="numpy")'
    if inspect.isbuiltin(op.value):
        return f"{name} = math.{op.value.__name__}"
    if op.value.__name__ == "<lambda>":
        return f"{kind}\ndef {name}({', '.join('xyz'[: op.arity])}):\n    {python.DEFINITIONS[name]}"
    text = textwrap.dedent(inspect.getsource(op.value)).rstrip()
    return f"{kind}\n{text}\n\n\n{name} = {op.value.__name__}"


def _text(op: Op, *names: str) -> str:
    """z of these arguments."""
    if op.infix:
        return write(op.on(*map(symbol, names)))
    if op.name in ("copy", "where"):
        return python.WRITTEN_OUT[op.name].format(*names)
    return f"{op.name}({', '.join(names)})"


def _slope(op: Op, i: int, names: list[str]) -> str | None:
    """∂z/∂(argument i), None where nothing is to be added."""
    slope = op.slope(i, symbol("z"), [symbol(n) for n in names])
    if slope is None:
        return None
    text = write(slope if isinstance(slope, Expression) else number(slope), _call)
    return None if text == "0" else text


def _call(name: str, texts: list[str]) -> str:
    return _text(rules.RULES[name], *texts)


def _added(upstream: str, slope: str) -> str:
    """upstream · slope, written as briefly as possible."""
    if slope in ("1", "-1"):
        return slope[:-1] + upstream
    return f"{upstream} * {slope}" if slope.isidentifier() or slope.endswith("]") else f"{upstream} * ({slope})"


# -- The body for each operation: lines that are indented by the caller -------------------------------------------


def _branches(body: Callable[[str, bool], list[str]], rows: bool) -> list[str]:
    lines: list[str] = []
    for name, code in CODES.items():
        inner = body(name, rows)
        if not inner:
            continue
        lines.append(f"        {'if' if not lines else 'elif'} code == {code}:  # {name}")
        # a run may go over several levels, so backwards it is walked backwards
        lines.append(
            f"            for i in {'range(first, last)' if body is _forward else 'range(last - 1, first - 1, -1)'}:"
        )
        lines += ["                " + line for line in inner]
    return lines


def _at(slot: str, rows: bool, array: str = "v") -> str:
    return f"{array}[{slot}, r]" if rows else f"{array}[{slot}]"


def _each(lines: list[str], rows: bool) -> list[str]:
    """Once, or once for each example of the block."""
    return ["for r in range(size):", *("    " + line for line in lines)] if rows else lines


def _forward(name: str, rows: bool) -> list[str]:
    out = _at("leaves + i", rows)
    if name == "dot" and rows:
        return [
            *_each([f"{out} = {_at('us[i]', rows)}"], rows),
            "for k in range(xs[i], ys[i]):",
            "    w, x = left[k], right[k]",
            *("    " + line for line in _each([f"{out} += {_text(rules.mul, 'v[w, r]', 'v[x, r]')}"], rows)),
        ]
    if name == "dot":
        term = _text(rules.mul, "v[left[k]]", "v[right[k]]")
        return ["z = v[us[i]]", "for k in range(xs[i], ys[i]):", f"    z += {term}", f"{out} = z"]
    if name == "dot of rows" and rows:
        return [
            "w, x, n = left[xs[i]], right[xs[i]], int(factor[xs[i]])",
            *_each([f"{out} = {_at('us[i]', rows)}"], rows),
            "for k in range(n):",
            *("    " + line for line in _each([f"{out} += {_text(rules.mul, 'v[w + k, r]', 'v[x + k, r]')}"], rows)),
        ]
    if name == "dot of rows":
        return [f"{out} = v[us[i]] + row_times_row(v, left[xs[i]], right[xs[i]], int(factor[xs[i]]))"]
    if name == "linear" and rows:
        return [
            *_each([f"{out} = 0.0"], rows),
            "for k in range(xs[i], ys[i]):",
            "    c, x = factor[k], left[k]",
            *("    " + line for line in _each([f"{out} += {_text(rules.mul, 'c', 'v[x, r]')}"], rows)),
        ]
    if name == "linear":
        term = _text(rules.mul, "factor[k]", "v[left[k]]")
        return ["z = 0.0", "for k in range(xs[i], ys[i]):", f"    z += {term}", f"{out} = z"]
    if name == "largest":
        return _each(
            [
                f"z = {_at('left[xs[i]]', rows)}",
                "for k in range(xs[i] + 1, ys[i]):",
                f"    z = {_text(rules.maximum, 'z', _at('left[k]', rows))}",
                f"{out} = z",
            ],
            rows,
        )
    op = rules.RULES[name]
    names = list(ARGUMENTS[: len(op.slopes)])
    where = [f"{n}at = {n}s[i]" for n in names]
    return where + _each([f"{out} = {_text(op, *(_at(n + 'at', rows) for n in names))}"], rows)


def _backward(name: str, rows: bool) -> list[str]:
    up = _at("leaves + i", rows, "g")
    if name in ("dot", "dot of rows"):
        # the slopes of the products: ∂(w·x)/∂w and ∂(w·x)/∂x
        step = name == "dot of rows"
        w, x = ("w + k", "x + k") if step else ("w", "x")
        v = [_at(w, rows), _at(x, rows)]
        adds = []
        for i, slot in enumerate((w, x)):
            slope = _slope(rules.mul, i, v)
            assert slope is not None
            adds.append(f"{_at(slot, rows, 'g')} += {_added(_at('leaves + i', rows, 'g') if rows else 'up', slope)}")
        offset = _each([f"{_at('us[i]', rows, 'g')} += {up}"], rows)
        head = [] if rows else [f"up = {up}"]
        if step:
            head.append("w, x, n = left[xs[i]], right[xs[i]], int(factor[xs[i]])")
            loops = []
            for line in adds:
                loops += ["for k in range(n):", *("    " + part for part in _each([line], rows))]
            return head + offset + loops
        return [
            *head,
            *offset,
            "for k in range(xs[i], ys[i]):",
            "    w, x = left[k], right[k]",
            *("    " + line for line in _each(adds, rows)),
        ]
    if name == "linear":
        slope = _slope(rules.mul, 1, ["factor[k]", "x"])
        assert slope is not None
        return [
            "for k in range(xs[i], ys[i]):",
            *("    " + line for line in _each([f"{_at('left[k]', rows, 'g')} += {_added(up, slope)}"], rows)),
        ]
    if name == "largest":
        return []  # its slopes are known to cancel
    op = rules.RULES[name]
    names = list(ARGUMENTS[: len(op.slopes)])
    slopes = [_slope(op, i, names) for i in range(len(names))]
    if not any(slopes):
        return []
    text = " ".join(s for s in slopes if s)
    read = [f"{n} = {_at(n + 'at', rows)}" for n in names if n in _words(text)]
    if "z" in _words(text):
        read.append(f"z = {_at('leaves + i', rows)}")
    adds = [
        f"{_at(n + 'at', rows, 'g')} += {_added('up', slope)}" for n, slope in zip(names, slopes, strict=True) if slope
    ]
    used = [n for n in names if n in _words(text) or slopes[names.index(n)]]
    return [f"{n}at = {n}s[i]" for n in used] + _each([f"up = {up}", *read, *adds], rows)


def _words(text: str) -> set[str]:
    return set("".join(c if c.isalnum() or c == "_" else " " for c in text).split())


# -- Compiling, once ----------------------------------------------------------------------------------------------


@cache
def compiled(rows: bool) -> Callable[..., None]:
    """The compiled loops. The first call ever takes some seconds; later processes read them from the cache folder.

    Raises ImportError where numba is not installed.
    """
    try:
        import numba  # noqa: F401
    except ImportError:
        raise ImportError("backend \"numba\" needs numba (pip install 'chalkgrad[fast]')") from None
    return loaded(source(rows), f"tape_{'rows_' if rows else ''}")


def loaded(text: str, name: str) -> Callable[..., Any]:
    """The function `run` of this text, compiled when it is first called, and kept in the cache folder."""
    name = f"chalkgrad_{name}{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    path = _written(text, name + ".py")
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module  # numba's cache looks functions up by their module
    exec(compile(text, str(path), "exec"), module.__dict__)
    run: Callable[..., Any] = module.run
    return run


def cache_folder() -> Path:
    """Where compiled loops are kept: NUMBA_CACHE_DIR if set, else the user's cache folder."""
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", tempfile.gettempdir())) / "chalkgrad" / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chalkgrad"


def _written(text: str, name: str) -> Path:
    """The text in a file, which numba's cache needs; in a temporary folder where the cache folder cannot be written."""
    try:
        return _in_folder(cache_folder(), text, name)
    except OSError:
        return _in_folder(Path(tempfile.mkdtemp(prefix="chalkgrad-")), text, name)


def _in_folder(folder: Path, text: str, name: str) -> Path:
    path = folder / name
    if not path.exists() or path.read_text(encoding="utf-8") != text:  # (writing anew would outdate numba's cache)
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".tmp", delete=False, encoding="utf-8") as file:
            file.write(text)
        Path(file.name).replace(path)
    return path
