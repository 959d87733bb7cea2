"""What the README shows is what the project says."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_formula_sheet_is_the_checkers() -> None:
    from autograd.check.sheet.formulas import formula_sheet

    def steady(text: str) -> str:  # the last digits of an error are the machine's, not ours
        return re.sub(r"agree (exactly|to \de-\d\d)", "agree", text)

    assert steady(formula_sheet().markdown()) in steady(README)


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
