"""The checks of a file, run in a process of their own: whatever the file does, its results are told.

A file may end its process (os._exit), hang where no interruption arrives (one long call into C, a thread without end),
close its output. The results are written down as they come; what is not finished when the process ends is said so.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypedDict

from autograd.check.homework import Level, Report, hint
from autograd.check.homework_file import Outcome, needs, run_file

GRACE = 5.0  # seconds that a check may take to end after it was interrupted
PROGRAM = "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); from autograd.check.apart import main; main()"
END = "end"


class Result(TypedDict):
    """What is told of one check: `text` for the terminal, the rest for JSON."""

    name: str
    right: bool
    score: float
    error: str
    reports: list[dict[str, Any]]
    text: str


def run_apart(path: Path, *, level: Level, seconds: float, quiet: bool = False) -> list[Result]:
    """`run_file` in another process, each check told as `level` allows. If `quiet`, what it prints goes to stderr."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        notes = Path(folder, "notes")
        notes.touch()
        given = [str(path), str(notes), level, str(seconds), json.dumps([p for p in sys.path if isinstance(p, str)])]
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, *given], stdout=2 if quiet else None)
        try:
            late = not _ends(process, notes, seconds + GRACE)
        finally:
            process.kill()
            code = process.wait()
        lines = notes.read_text(encoding="utf-8").splitlines()
    found: list[Result] = []
    running = path.name
    for line in lines:
        with contextlib.suppress(ValueError):  # the last line may have been cut off
            said = json.loads(line) if line != END else path.name
            if isinstance(said, dict):
                found.append(said)  # type: ignore[arg-type]
            else:
                running = said
    if END not in lines:
        why = f"it took more than {seconds:g} s and could not be interrupted. Is there a loop without end?"
        why = why if late else f"the program ended here, with exit code {code}, before its end (os._exit, or a crash)"
        found.append(_told(Outcome(running, error=why), level))
        names = {result["name"] for result in found}
        rest = [name for name, arguments in needs(path).items() if not arguments and name not in names]
        found += [
            _told(Outcome(name, error=f"it was not run, since {running} ended the program"), level) for name in rest
        ]
    return found


def _ends(process: subprocess.Popen[bytes], notes: Path, patience: float) -> bool:
    """Wait for the process, as long as something new is noted in time. False if it hangs."""
    size, since = 0, time.monotonic()
    while time.monotonic() - since < patience:
        if process.poll() is not None:
            return True
        text = notes.read_bytes()
        if text.endswith(END.encode() + b"\n"):  # (a thread of the file may go on for ever)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1.0)
            return True
        if len(text) != size or not text:  # (before the first note it is Python that starts)
            size, since = len(text), time.monotonic()
        time.sleep(0.02)
    return False


def main() -> None:
    """What runs in the other process."""
    path, notes, level, seconds = sys.argv[1:]
    sys.argv = [path]
    with Path(notes).open("a", encoding="utf-8") as out:

        def note(text: str) -> None:
            out.write(text + "\n")
            out.flush()

        def notice(outcome: Outcome, done: bool) -> None:
            if not done:
                note(json.dumps(outcome.name))
            elif outcome.reports or outcome.error or outcome.name != Path(path).name:
                note(json.dumps(_told(outcome, level)))  # type: ignore[arg-type]

        try:
            run_file(path, seconds=float(seconds), notice=notice)
        except KeyboardInterrupt:
            os._exit(130)
        with contextlib.suppress(Exception):  # it may be closed
            sys.stdout.flush()
        note(END)
    os._exit(0)


def _told(outcome: Outcome, level: Level) -> Result:
    reports = [data(r, level) for r in outcome.reports]
    return Result(
        name=outcome.name, right=bool(outcome), score=outcome.score, error=outcome.error, reports=reports,
        text=outcome.text(level),
    )  # fmt: skip


def data(report: Report, level: Level) -> dict[str, Any]:
    """A report as data for JSON, with no more in it than the hint tells."""
    everything = report.to_dict()
    if level == "diagnosis":
        return everything
    return {k: everything[k] for k in ("verdict", "right", "score")} | {"hint": hint(report, level)}
