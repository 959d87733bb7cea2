"""The progress bar of a training."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from optim.history import History


@contextmanager
def bar(progress: bool | None, epochs: int) -> Iterator[Callable[[History], None]]:
    """A bar on standard error; yields what is to be called after each epoch. None: where there is a terminal."""
    if progress is None:
        progress = sys.stderr is not None and sys.stderr.isatty()  # (None: a program without a console)
    if not progress or not epochs:
        yield lambda history: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("training", total=epochs, note="")

        def advance(history: History) -> None:
            done = history.attempt.count(history.attempt[-1]) - 1
            note = f"cost {history.cost[-1]:.4g}"
            if history.accuracy:
                note += f", accuracy {history.accuracy[-1]:.1%}"
            shown.update(task, completed=done, note=note)

        yield advance
