"""Graphs to explain, and a browser to look at the page with; both are made once."""

import os
import shutil

import pytest

from autograd import Value
from autograd.explain import explain


def cost():
    """The cost of one sigmoid unit; σ is used twice."""
    w, x, b = Value(0.5, "w"), Value(2.0, "x"), Value(-0.25, "b")
    s = w * x + b
    s.label = "s"
    σ = s.sigmoid()
    σ.label = "σ"
    E = -(0.25 * σ.log() + 0.75 * (1 - σ).log())
    E.label = "E"
    return E


@pytest.fixture
def E():
    return cost()


@pytest.fixture(scope="session")
def story():
    return explain(cost())


@pytest.fixture(scope="session")
def browser():
    """Chromium; without it the test is skipped, unless CHALKGRAD_REQUIRE_ALL=1 asks that nothing be skipped."""

    def missing(why):
        if os.environ.get("CHALKGRAD_REQUIRE_ALL") == "1":
            pytest.fail(why)
        pytest.skip(why)

    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        missing("playwright is not installed")
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as p:
        try:
            opened = p.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        except Error as error:
            missing(f"no Chromium to look at the page with: {str(error).splitlines()[0]}")
        yield opened
        opened.close()
