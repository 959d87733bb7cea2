r"""Results → lecture.html: one file that needs nothing else, no network either.

The words stand in page.html, with formulas between ``\(`` and ``\)`` and a place ``${name}`` for each number, table and
picture; sections/ says what stands there.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from string import Template

from autograd.draw.files import write_whole
from autograd.lecture.experiments import Results
from autograd.lecture.notation import inline
from autograd.lecture.sections import SECTIONS
from autograd.lecture.tables import Places


def write_page(results: Results, path: Path) -> None:
    """Write the page to `path`, whole or not at all."""
    write_whole(path, page(results).encode())


def page(results: Results) -> str:
    """The page as text."""
    here = files("autograd.lecture")
    template = Template(inline(here.joinpath("page.html").read_text(encoding="utf-8")))
    places = frame(results) | {"style": here.joinpath("style.css").read_text(encoding="utf-8")}
    for section in SECTIONS:
        places |= section.places(results)
    return template.substitute(places)


def frame(r: Results) -> Places:
    """What stands around the sections."""
    try:
        number = version("chalkgrad")
    except PackageNotFoundError:
        number = ""
    options = (" --quick" if r.plan.name == "quick" else "") + (f" --seed {r.seed}" if r.seed else "")
    return {
        "settings": f"the {r.plan.name} one, with seed {r.seed}",
        "version": number,
        "seconds": f"{r.seconds:.0f} s",
        "options": options,
    }
