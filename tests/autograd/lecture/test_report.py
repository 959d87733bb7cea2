"""The text in the terminal."""

import io

import pytest
from rich.console import Console

from autograd.lecture import Results
from autograd.lecture.report import report


def printed(results: Results, *, terminal: bool, width: int = 80) -> list[str]:
    file = io.StringIO()
    report(results, Console(file=file, width=width, force_terminal=terminal, soft_wrap=not terminal, color_system=None))
    return file.getvalue().splitlines()


def test_in_a_terminal_everything_fits_and_what_goes_on_is_indented(results: Results) -> None:
    lines = printed(results, terminal=True)
    assert max(map(len, lines)) <= 80
    start, end = lines.index("3  The formulas, as printed"), lines.index("4  Training")
    assert all(line.startswith(("F", "      ")) for line in lines[start + 1 : end - 1])


@pytest.mark.parametrize("width", [80, 40, 24])
def test_no_number_is_lost_in_a_narrow_terminal(results: Results, width: int) -> None:
    lines = printed(results, terminal=True, width=width)
    assert max(map(len, lines)) <= width
    text = " ".join(" ".join(lines).split())
    for run in results.runs:
        assert f"{run.cost:.4f}" in text
        assert f"{run.test_accuracy:.1%}" in text
    for each in results.scheduled:
        assert each.name in text
        assert f"{each.history.cost[-1]:.4f}" in text


@pytest.mark.parametrize("terminal", [True, False])
def test_every_slip_stands_there_with_its_correction(results: Results, terminal: bool) -> None:
    text = " ".join(" ".join(printed(results, terminal=terminal)).split())
    slips = [row for row in results.sheet if row.slip]
    assert text.count("the slip: ") == text.count("it should be: ") == len(slips) > 0
    for row in slips:
        assert f"the slip: {row.slip}" in text
        assert row.corrected.replace("; ", " ") in text


def test_in_a_pipe_a_formula_is_one_line(results: Results) -> None:
    lines = printed(results, terminal=False)
    for row in results.sheet:
        assert any(line.endswith(row.printed.split("; ")[0]) for line in lines)
