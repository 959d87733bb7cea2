"""A model in a file: data, never code.

``save(model, "digits.npz")`` writes the names and numbers of the parameters, exactly, and for an MLP its architecture;
".json" holds the same as text that one can read. Nothing in such a file is ever run: no pickle.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from nn.mlp import MLP
from nn.module import Module

FORMAT, VERSION = "chalkgrad model", 1
# What the readers raise for a file that is not ours: a damaged header may ask for any place or any amount of memory
_BROKEN = (
    ValueError, KeyError, TypeError, EOFError, RuntimeError, NotImplementedError, OSError, MemoryError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip

File = str | os.PathLike[str]


def save(model: Module, path: File) -> None:
    """Write the parameters of `model` to `path`, which ends in .npz or .json. The file appears whole or not at all.

    Raises ValueError for another ending or a parameter that is not finite, OSError if the folder cannot be written.
    """
    if not isinstance(model, Module):
        raise TypeError(f"save(model, path) takes a Module first; got {model!r:.80}")
    path, write = Path(path), _form(path)[0]
    state = model.state_dict()
    wrong = [name for name, number in state.items() if not np.isfinite(number)]
    if wrong:
        raise ValueError(f"{wrong[0]} is {state[wrong[0]]}: a model with numbers that are not finite is not saved")
    content = {
        "format": FORMAT,
        "version": VERSION,
        "class": type(model).__name__,
        "architecture": model.architecture() if type(model) is MLP else None,
        "parameters": state,
    }
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        with unfinished.open("wb") as file:
            write(file, content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        raise OSError(error.errno, f"cannot write the model: {error.strerror}", str(path)) from None
    finally:
        _remove(unfinished)


def load(path: File, into: Module | None = None) -> Module:
    """The model in a file that `save` wrote: ``load(path)`` builds an MLP anew, ``load(path, into=model)`` fills yours.

    (``load(model, path)`` does the latter, too.) Returns the model.

    Raises ValueError if the file is truncated, foreign, of a newer version, or does not fit the model, and
    FileNotFoundError if there is none. The model then is as it was.
    """
    if isinstance(path, Module) and into is not None and not isinstance(into, Module):
        path, into = into, path
    if into is not None and not isinstance(into, Module):
        raise TypeError(f"load(path, into=model) fills a Module; got {into!r:.80}")
    path = Path(path)
    read = _form(path)[1]
    try:
        file = path.open("rb")
    except OSError as error:
        raise OSError(error.errno, f"cannot read the model: {error.strerror or error}", str(path)) from None
    with file:
        try:
            content = read(file)
            state = _parameters(content)
        except _BROKEN as error:
            raise ValueError(f"{path} is not a whole chalkgrad model: {error}") from None
    try:
        model = into if into is not None else _build(content, len(state))
        model.load_state_dict(state)
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path} holds a {content['class']}: {error}") from None
    return model


# -- The two forms --------------------------------------------------------------------------------------------


def _write_json(file: BinaryIO, content: dict[str, Any]) -> None:
    file.write(json.dumps(content, indent=1, allow_nan=False).encode())


def _read_json(file: BinaryIO) -> Any:
    return _loads(file.read().decode())


def _loads(text: str) -> Any:
    """The JSON in `text`. Ours is three levels deep; one nested without end could break Python's own reader."""
    depth = 0
    for match in re.finditer(r'"(?:[^"\\]|\\.)*"|[][{}]', text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match[0], 0)
        if depth > 10:
            raise ValueError("its lists are nested too deep")
    return json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The pairs as a dict. Python's own reader would take the last of two with one name."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _write_npz(file: BinaryIO, content: dict[str, Any]) -> None:
    head = {key: value for key, value in content.items() if key != "parameters"}
    state = content["parameters"]
    np.savez(
        file,
        head=np.array(json.dumps(head)),
        names=np.array(list(state), dtype=str),
        values=np.array(list(state.values()), dtype=np.float64),
    )


def _read_npz(file: BinaryIO) -> Any:
    with zipfile.ZipFile(file) as parts:  # np.load would take other kinds of file, too
        if sorted(parts.namelist()) != ["head.npy", "names.npy", "values.npy"]:
            raise ValueError(f"it holds {', '.join(parts.namelist()[:5]) or 'nothing'}")
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        head, names, values = _loads(str(arrays["head"])), arrays["names"], arrays["values"]
    if (
        not isinstance(head, dict)
        or names.dtype.kind != "U"
        or names.ndim != 1
        or values.dtype != np.float64
        or names.shape != values.shape
    ):
        raise ValueError("its names and numbers do not belong together")
    if len(set(names.tolist())) != len(names):
        raise ValueError("a name stands there twice")
    return {**head, "parameters": dict(zip(names.tolist(), values.tolist(), strict=True))}


_FORMS: dict[str, tuple[Callable[[BinaryIO, dict[str, Any]], None], Callable[[BinaryIO], Any]]] = {
    ".npz": (_write_npz, _read_npz),
    ".json": (_write_json, _read_json),
}


def _form(path: File) -> tuple[Callable[[BinaryIO, dict[str, Any]], None], Callable[[BinaryIO], Any]]:
    suffix = Path(path).suffix
    if suffix not in _FORMS:
        raise ValueError(f"a model is saved as .npz or .json; got {str(path)!r}")
    return _FORMS[suffix]


# -- What a file must hold ------------------------------------------------------------------------------------


def _parameters(content: Any) -> dict[str, float]:
    """The parameters in a file's content. (Whether they are finite numbers, load_state_dict checks.)"""
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f"it does not say that its format is {FORMAT!r}")
    if content.get("version") != VERSION:
        raise ValueError(f"its version is {content.get('version')!r}, and this chalkgrad reads version {VERSION}")
    state, kind = content.get("parameters"), content.get("class")
    if not isinstance(state, dict) or not isinstance(kind, str):
        raise ValueError("it has no parameters")
    return state


def _build(content: dict[str, Any], count: int) -> MLP:
    """The MLP that a file describes."""
    plan = content.get("architecture")
    if not isinstance(plan, dict):
        raise ValueError(
            "only a plain MLP can be built from its file. Make the model yourself and use load(path, into=model)"
        )
    missing = {"n_in", "sizes", "activation", "bias", "expand"} ^ plan.keys()
    sizes = plan.get("sizes")
    if missing or not isinstance(sizes, list) or not all(isinstance(n, int) for n in [plan["n_in"], *sizes]):
        raise ValueError(f"its architecture cannot be read: {plan!r:.200}")
    widths = [plan["n_in"], *sizes]
    needed = sum((a + bool(plan["bias"])) * b for a, b in zip(widths, sizes, strict=False))
    if needed != count:  # asked before anything of that size is made
        raise ValueError(f"its architecture {widths} needs {needed} parameters, and it has {count}")
    return MLP(
        plan["n_in"],
        sizes,
        plan["activation"],
        bias=bool(plan["bias"]),
        expand=bool(plan["expand"]),
        init="zeros",
        seed=0,
    )


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
