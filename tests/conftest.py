"""Settings for the whole suite."""

import gc
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))  # so that every test finds strategies.py

settings.register_profile(
    "suite", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
settings.load_profile("suite")


def pytest_collection_finish() -> None:
    """What all the tests share will not become garbage: the collector need not walk it again and again."""
    given(st.none())(lambda _: None)()  # Hypothesis asks once what holds its generator: nothing frozen is found then
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One Chromium for all tests of pages: the environment's CHROMIUM, or the one that is installed.

    Without it the test is skipped, unless CHALKGRAD_REQUIRE_ALL=1 asks that nothing be skipped.
    """

    def missing(why: str) -> NoReturn:
        if os.environ.get("CHALKGRAD_REQUIRE_ALL") == "1":
            pytest.fail(why)
        pytest.skip(why)

    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        missing("playwright is not installed")
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as p:
        try:
            opened = p.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        except Error as error:
            missing(f"no Chromium to look at the page with: {str(error).splitlines()[0]}")
        yield opened
        opened.close()
