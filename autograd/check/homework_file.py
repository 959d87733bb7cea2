"""The checks of a Python file: run it and what it defines, and say of each check whether it is right.

>>> import pathlib, tempfile
>>> with tempfile.TemporaryDirectory() as folder:
...     file = pathlib.Path(folder, "square.py")
...     _ = file.write_text("from autograd import gradcheck\\ngradcheck(lambda x: x**2, 3.0, lambda x: 2 * x)\\n")
...     [outcome] = run_file(file)
>>> print(outcome.text())
right  square.py
"""

from __future__ import annotations

import _thread
import ast
import inspect
import linecache
import runpy
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograd.check.homework import Level, Report, hint
from autograd.check.report import RECORDERS


@dataclass(slots=True)
class Outcome:
    """One check in a file: a function, or the lines outside any. `error` is what it raised, "" if nothing."""

    name: str
    reports: list[Report] = field(default_factory=list)
    error: str = ""

    def __bool__(self) -> bool:
        return not self.error and all(self.reports)

    @property
    def score(self) -> float:
        """The mean score of its reports; without any, 1 if it passed; 0 if it failed for another reason."""
        if self.error:
            return 0.0
        return sum(r.score for r in self.reports) / len(self.reports) if self.reports else 1.0

    def text(self, level: Level = "diagnosis") -> str:
        """What to show: one line if right, the reports that are not if wrong."""
        if self:
            return f"right  {self.name}"
        shown = [hint(r, level) for r in self.reports if not r] + [self.error] * bool(self.error)
        return "\n".join([f"WRONG  {self.name}", *("  " + line for s in shown for line in s.splitlines())])


Notice = Callable[["Outcome", bool], None]


def _unnoticed(outcome: Outcome, done: bool) -> None: ...


def run_file(path: str | Path, *, seconds: float | None = None, notice: Notice = _unnoticed) -> list[Outcome]:
    """Run a Python file of checks, in this process (`autograd.check.apart` runs it in another).

    The file is run, then every function in it whose name starts with ``check_`` or ``test_`` and that needs no
    arguments; of a file without such functions also what stands under ``if __name__ == "__main__"``. Every `gradcheck`,
    `check_derivation`, `assert_gradient` on the way counts. The file and each function may take so many `seconds`.
    `notice` is called with every outcome before (False) and after (True) it is found.
    """
    path = Path(path).absolute()  # the file may go to another folder
    top, needed = Outcome(path.name), needs(path)
    outcomes: list[Outcome] = []
    names: Mapping[str, Any] = {}
    sys.path.insert(0, str(path.resolve().parent))
    notice(top, False)
    try:
        with _noting(top, path, seconds):
            names = runpy.run_path(str(path), run_name="homework" if needed else "__main__")
        if needed and not names and not top.error:
            top.error = f"the file ended itself (sys.exit) before {', '.join(needed)} could run"
        notice(top, True)
        for name, function in names.items() if not top.error else ():
            if name.startswith(PREFIXES) and _runs_alone(function):
                outcome = Outcome(name)
                notice(outcome, False)
                with _noting(outcome, path, seconds):
                    _call(function)
                outcomes.append(outcome)
                notice(outcome, True)
    finally:
        sys.path.pop(0)
    return [top, *outcomes] if top.reports or top.error else outcomes


def _call(function: Callable[[], Any]) -> None:
    """Run a check. TypeError for one of which nothing runs when it is called: async, or with a yield.

    RuntimeError for one that ends itself: what stands below its sys.exit() was not checked.
    """
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        word = "async" if inspect.iscoroutinefunction(function) else "yield"
        raise TypeError(f"nothing in {function.__name__} was run: it is written with {word}")
    try:
        function()
    except SystemExit as error:
        if error.code not in (None, 0):
            raise
        raise RuntimeError("sys.exit() ended the check before its end") from error


PREFIXES = ("check_", "test_")


def needs(path: Path) -> dict[str, list[str]]:
    """The checks that a file defines, each with the arguments that it needs. {} for a file that cannot be read."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # (the last two: 100,000 parentheses)
        return {}
    found = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith(PREFIXES):
            names = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
            found[node.name] = names[: len(names) - len(node.args.defaults)]
    return found


def _deaf_handler() -> Any:
    """What Python does at an interruption, if that is nothing: so it is in a shell's background job, or under nohup."""
    if threading.current_thread() is not threading.main_thread():
        return None  # only the main thread may change it
    handler = signal.getsignal(signal.SIGINT)
    return handler if handler in (signal.SIG_IGN, signal.SIG_DFL) else None


@contextmanager
def _noting(outcome: Outcome, path: Path, seconds: float | None = None) -> Iterator[None]:
    """Note the reports that are made inside, and what goes wrong."""
    late: list[bool] = []

    def stop() -> None:
        late.append(True)
        _interrupt()

    clock = threading.Timer(seconds, stop) if seconds is not None else None
    handler = _deaf_handler() if clock is not None else None
    if clock is not None:
        if handler is not None:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        clock.daemon = True
        clock.start()
    RECORDERS.append(outcome.reports.append)
    try:
        yield
    except AssertionError as error:
        if all(outcome.reports):  # else it most likely is `assert_gradient`, which says what its report says
            outcome.error = _message(error)[2:] or f"an assertion failed{_place(error, path)}"
    except SystemExit as error:
        if error.code not in (None, 0):
            outcome.error = f"sys.exit({error.code!r}) ended it{_place(error, path)}"
    except KeyboardInterrupt as error:
        why = f"it took more than {seconds:g} s. Is there a loop without end?" if late else "it was interrupted"
        outcome.error = f"{why}{_place(error, path)}"
        if not late:
            raise
    except SyntaxError as error:
        outcome.error = _unreadable(error)
    except BaseException as error:
        message, place = _message(error), _place(error, path)
        if not place and "null bytes" in message:  # a ValueError before Python 3.11.4, a SyntaxError since
            place = TEXT_FILE
        outcome.error = f"{type(error).__name__}{message}{place}"
    finally:
        if clock is not None:
            clock.cancel()
        if handler is not None:
            signal.signal(signal.SIGINT, handler)
        RECORDERS.pop()


def _interrupt() -> None:
    """As if Ctrl-C had been pressed. A true signal also wakes a program that sleeps or waits for input."""
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None and callable(signal.getsignal(signal.SIGINT)):
        signal.pthread_kill(main, signal.SIGINT)
    else:
        _thread.interrupt_main()


TEXT_FILE = ". Is it a text file, saved as UTF-8?"
LONGEST = 2000  # characters of a message that are shown


def _message(error: BaseException) -> str:
    """ ": division by zero"; "" for an error without a message. No control characters, no page of text."""
    try:
        text = str(error)
    except Exception:
        return ": (its message could not be read)"
    text = "".join(c if c.isprintable() or c in "\n\t" else ascii(c)[1:-1] for c in text[: LONGEST + 1])
    return f": {text if len(text) <= LONGEST else text[:LONGEST] + ' …'}" if text.strip() else ""


def _unreadable(error: SyntaxError) -> str:
    """A SyntaxError with its line, and a mark under the place."""
    if error.lineno is None:
        return f"{type(error).__name__}: {error.msg}{TEXT_FILE}"
    said = f"{type(error).__name__} in line {error.lineno} of {Path(error.filename or '').name}: {error.msg}"
    text, place = (error.text or "").rstrip("\n"), max(0, (error.offset or 1) - 1)
    if not text.strip():
        return said
    first = max(len(text) - len(text.lstrip()), place - 60)
    return f"{said}\n  {text[first : place + 60]}\n  {' ' * max(0, place - first)}^"


def _place(error: BaseException, path: Path) -> str:
    """ " (line 6 of homework.py: a[5] = 1)": the innermost line of the file itself, of the first cause."""
    while error.__cause__ is not None:
        error = error.__cause__
    places = ((f.f_code.co_filename, n) for f, n in traceback.walk_tb(error.__traceback__))
    own = [(file, number) for file, number in places if Path(file).name == path.name]
    if not own:
        return ""
    file, number = own[-1]
    linecache.checkcache(file)  # (extract_tb would do it, but Python 3.15 warns there of what runpy ran)
    line = linecache.getline(file, number).strip()
    return f" (line {number} of {path.name}{': ' * bool(line)}{line if len(line) < 100 else line[:99] + '…'})"


def _runs_alone(function: Any) -> bool:
    """A function of the file (not imported, like check_derivation) that needs no arguments."""
    if not inspect.isfunction(function) or function.__module__ != "homework":
        return False
    return all(
        p.default is not p.empty or p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        for p in inspect.signature(function).parameters.values()
    )
