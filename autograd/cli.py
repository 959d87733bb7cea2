"""The command `chalkgrad`.

What a command needs is imported when it runs, so that ``chalkgrad --help`` answers at once.
"""

from __future__ import annotations

import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from autograd.check.command import check

app = typer.Typer(
    help="Backpropagation you can read: see every step of the chain rule, check a gradient, run the lecture.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

LESSONS = {"sklearn": "scikit-learn", "matplotlib": "matplotlib"}  # what the extra [lessons] brings, by import name


def main() -> None:
    """The entry point."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a pipe on Windows may not know σ: print ? there, do not fail
            stream.reconfigure(errors="replace")
    try:
        app(prog_name="chalkgrad")
    except OSError as error:  # such as a disk that is full
        sys.exit(f"chalkgrad: {error}")


def fail(message: str, code: int = 1) -> NoReturn:
    """End with a sentence for the user."""
    typer.echo(f"chalkgrad: {message}", err=True)
    raise typer.Exit(code)


def _show_version(wanted: bool) -> None:
    if not wanted:
        return
    try:
        typer.echo(f"chalkgrad {version('chalkgrad')}")
    except PackageNotFoundError:
        typer.echo("chalkgrad (run from its source, not installed)")
    raise typer.Exit


@app.callback()
def options(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Backpropagation you can read: see every step of the chain rule, check a gradient, run the lecture."""


@app.command(short_help="Carry out the lecture on real digits, as one page.")
def lecture(
    out: Annotated[Path, typer.Option(help="The folder for lecture.html; it is made if it is not there.")] = Path(
        "lecture"
    ),
    quick: Annotated[bool, typer.Option("--quick", help="Less of everything: under a minute.")] = False,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="The same seed gives the same numbers.")] = 0,
) -> None:
    """Carry out the lecture on real digits and write it as one page, lecture.html.

    The network and its cost, a graph with its gradients, every formula checked as printed, training by every method,
    what zeros do, rates of convergence, and the matrices that the scalars become.
    """
    missing = [name for module, name in LESSONS.items() if find_spec(module) is None]
    if missing:
        fail(f'the lecture needs {" and ".join(missing)}. Install with: python -m pip install "chalkgrad[lessons]"', 2)
    path = _writable(out) / "lecture.html"

    from rich.console import Console

    from autograd.lecture import FULL, QUICK, run, write_page
    from autograd.lecture.report import report

    console = Console(width=None if sys.stdout.isatty() else 110, soft_wrap=not sys.stdout.isatty())
    plan = QUICK if quick else FULL
    console.print(f"The lecture, {plan.name}, seed {seed}", highlight=False)
    try:
        with console.status("…") if console.is_terminal else _Silent() as status:

            def tell(what: str) -> None:
                console.print(f"… {what}", highlight=False)
                status.update(what.strip())

            results = run(plan, seed, tell)
            tell("writing the page")
            try:
                write_page(results, path)
            except OSError as error:
                fail(f"cannot write {path}: {error.strerror or error}")
    except KeyboardInterrupt:
        fail("stopped; no page was written", 130)
    report(results, console)
    console.print(f"\n{path} was written after {results.seconds:.0f} s. Open it in a browser.", highlight=False)


# A formula may begin with a minus sign, which is not an option
app.command(context_settings={"ignore_unknown_options": True}, short_help="Check a derivative that you found by hand.")(
    check
)


class _Silent:
    """What stands for the moving sign where there is no terminal."""

    def __enter__(self) -> _Silent:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def update(self, _: str) -> None:
        """Show nothing."""


def _writable(folder: Path) -> Path:
    """The folder, made and tried; or an error before any work is done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except FileExistsError:
        fail(f"the output folder {str(folder)!r} cannot be made: there is a file of that name")
    except OSError as error:
        fail(f"the output folder {str(folder)!r} cannot be written: {error.strerror or error}")


if __name__ == "__main__":  # python -m autograd.cli, where the command itself is not on the path
    main()
