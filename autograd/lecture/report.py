"""Results as text for the terminal: the same numbers as on the page."""

from __future__ import annotations

import textwrap

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograd.check.sheet.examine import Row
from autograd.check.sheet.formulas import said
from autograd.lecture.experiments import Results


def report(r: Results, console: Console) -> None:
    """Print the results in the order of the lecture. In a pipe this is plain text."""
    n = r.data.X.shape[1]
    heading(console, "1  The architecture")
    console.print(
        f"{r.data.m:,} images to train on, {len(r.data.X_test)} to test on; units {n} - {3 * n} - 10, sigmoid."
    )
    heading(console, "2  The graph of one example")
    console.print(f"2-2-1 network: σ = {r.small.output:.4f}, E = {r.small.cost:.4f}. {r.small.stats}", highlight=False)
    heading(console, "3  The formulas, as printed")
    for row in r.sheet:
        statement(console, row)
    heading(console, "4  Training")
    print_table(
        console,
        ["method", "settings", "cost", "‖∇E‖", "train", "test", "seconds"],
        [
            [
                q.method.name, q.method.settings, f"{q.cost:.4f}",
                f"{q.history.gradient_norm[q.history.best_epoch]:.3f}",
                f"{q.history.accuracy[q.history.best_epoch]:.1%}", f"{q.test_accuracy:.1%}", f"{q.history.seconds:.1f}",
            ]
            for q in r.runs
        ],
    )  # fmt: skip
    best = r.outcome.run
    console.print(f"Lowest cost: {best.method.name}, with {best.test_accuracy:.1%} of the test images right.")
    heading(console, "5  Learning rates")
    print_table(
        console,
        ["η_k", "Σ η = ∞", "Σ η² < ∞", "cost", "test"],
        [
            [
                s.name, yes(s.schedule.conditions().sum_diverges), yes(s.schedule.conditions().squares_converge),
                f"{s.history.cost[-1]:.4f}", f"{s.history.test_accuracy[-1]:.1%}",
            ]
            for s in r.scheduled
        ],
    )  # fmt: skip
    heading(console, "6  Misclassified examples, verification, restarts")
    console.print(str(r.misclassified), highlight=False)
    for number, costs in enumerate(r.restart.attempts, start=1):
        console.print(f"ReLU from zeros, attempt {number}: cost {costs[0]:.4f} → {costs[-1]:.4f}", highlight=False)
    heading(console, "7  All zeros")
    for start in r.starts:
        units = "all hidden units alike" if start.units == 1 else f"{start.units} different hidden units"
        console.print(
            f"{start.name}: {units} (spread {start.spread[-1]:.3g}), "
            f"{start.moved:,} of {start.weights:,} weights moved",
            highlight=False,
        )
    heading(console, "8  Rates of convergence")
    for q in r.rates:
        console.print(
            f"{q.name}: E - E* = {q.gap[-1]:.2e}, slope {q.slope:.2f} (the bound's: {q.theory:g})", highlight=False
        )
    heading(console, "9  From scalars to matrices")
    s = r.matrices
    console.print(
        f"{s.single.nodes:,} scalar nodes for one example ({s.dots.nodes:,} with whole sums). One example: "
        f"{1e3 * s.eager:.3g} ms as a scalar graph; {s.batch} examples: {1e3 * s.program:.3g} ms in the program, "
        f"about {s.ratio:,.0f} times less for each.",
        highlight=False,
    )


def heading(console: Console, text: str) -> None:
    """The title of a section."""
    console.print(f"\n[bold]{text}[/bold]", highlight=False)


def statement(console: Console, row: Row) -> None:
    """A printed formula: its verdict, the evidence, the slip, and what it should be."""
    style = {"right": "bold green", "wrong": "bold red"}.get(row.verdict, "bold")
    head = f"{row.name}  {row.verdict.upper():6} "
    for n, part in enumerate(row.printed.split("; ")):  # the lines of a loop
        hanging(console, head if not n else " " * len(head), part, style if not n else "")
    hanging(console, "      ", f"{row.reading}: {said(row)}")
    if row.slip:
        hanging(console, "      ", f"the slip: {row.slip}")
    for n, part in enumerate(row.corrected.split("; ") if row.corrected else ()):
        hanging(console, " " * 20 if n else "      it should be: ", part)


def hanging(console: Console, head: str, text: str, style: str = "") -> None:
    """Text behind a head in a style of its own. In a terminal what is too long goes on below the text."""
    lines, below = [text], " " * (len(head) if 2 * len(head) < console.width else 6)
    if console.is_terminal:
        form = textwrap.TextWrapper(
            console.width, initial_indent=" " * len(head), subsequent_indent=below, break_on_hyphens=False
        )
        first, *rest = form.wrap(text)
        lines = [first.removeprefix(" " * len(head)), *rest]
    for n, line in enumerate(lines):
        console.print(Text(line) if n else Text(head, style) + Text(line), highlight=False)


def print_table(console: Console, heads: list[str], rows: list[list[str]]) -> None:
    """Columns side by side, without lines around them. In a narrow terminal each row becomes a few lines instead."""
    width = sum(2 + max(map(len, column)) for column in zip(heads, *rows, strict=True))
    if console.is_terminal and width > console.width:
        for name, *cells in rows:
            console.print(Text(name, "bold"), highlight=False)
            said = (f"{head} {cell}" for head, cell in zip(heads[1:], cells, strict=True))
            hanging(console, "  ", ", ".join(said))
        return
    table = Table(box=None, pad_edge=False)
    for n, head in enumerate(heads):
        table.add_column(head, justify="right" if rows and rows[0][n][:1].isdigit() else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    console.print(table, highlight=False)


def yes(condition: bool) -> str:
    """yes or no."""
    return "yes" if condition else "no"
