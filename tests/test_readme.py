"""What the README shows is what the project says."""

import doctest
import re
from pathlib import Path
from typing import Any

import pytest

from autograd import draw

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_formula_sheet_is_the_checkers() -> None:
    from autograd.check.sheet.formulas import formula_sheet

    def steady(text: str) -> str:  # the last digits of an error are the machine's, not ours
        return re.sub(r"agree (exactly|to \de-\d\d)", "agree", text)

    assert steady(formula_sheet().markdown()) in steady(README)


def test_the_picture_is_the_first_examples() -> None:
    (code,) = re.findall(r"```python\n(>>> from autograd import Value\n.*?)```", README, flags=re.DOTALL)
    names: dict[str, Any] = {}
    for example in doctest.DocTestParser().get_examples(code):
        exec(example.source, names)  # it is our own README
    drawn = draw(names["E"], operations="merged").svg()
    (picture,) = re.findall(r"!\[.*?\]\((.*?)\)", README)
    said = re.compile(r"<desc>.*?</desc>", flags=re.DOTALL)  # the numbers, without the layout
    assert said.findall((ROOT / picture).read_text(encoding="utf-8")) == said.findall(drawn) != []


def test_two_commands_set_everything_up() -> None:
    commands = re.findall(r"^python3 -m venv .*$", README, flags=re.MULTILINE)
    assert len(commands) == 2
    assert commands[0].endswith("chalkgrad lecture")
    assert commands[1].endswith("pytest")


def test_every_link_leads_somewhere() -> None:
    headings = re.findall(r"^#+ (.+)$", README, flags=re.MULTILINE)
    anchors = {"#" + re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    links = re.findall(r"(?<!`)\]\(([^)\s]+)\)", README)
    assert len(links) > 5
    for link in links:
        assert link in anchors if link.startswith("#") else (ROOT / link).exists(), link


@pytest.mark.parametrize("words", ["HIPS", "DomainError", "StaleGraphError"])
def test_a_user_is_warned(words: str) -> None:
    assert words in README
