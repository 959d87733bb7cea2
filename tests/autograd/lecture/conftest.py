"""One small lecture for all tests of this folder."""

from dataclasses import replace
from pathlib import Path

import pytest

from autograd.lecture import QUICK, Results, run, write_page

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

# As --quick, with less of what only takes time.
SMALL = replace(QUICK, single=1, side_epochs=2, sgd_steps=1_500, sgd_repeats=2, timings=2)


@pytest.fixture(scope="session")
def heard() -> list[str]:
    return []


@pytest.fixture(scope="session")
def results(heard: list[str]) -> Results:
    return run(SMALL, seed=0, tell=heard.append)


@pytest.fixture(scope="session")
def page_file(results: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lecture") / "lecture.html"
    write_page(results, path)
    return path


@pytest.fixture(scope="session")
def page_text(page_file: Path) -> str:
    return page_file.read_text(encoding="utf-8")
