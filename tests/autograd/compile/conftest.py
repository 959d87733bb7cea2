"""Every test that takes `backend` runs on all of them.

`quick_backend` and `slow_backend` divide them by how long they take to make a program: for tests that make many.
"""

from importlib import import_module

import pytest

QUICK = ["python", "numpy"]
SLOW = ["numba", "jax"]


@pytest.fixture(autouse=True)
def tapes(request, monkeypatch):
    """Small graphs go on the tape, as large ones do: to compile each of them would take a second."""
    if not request.module.__name__.endswith("test_numba_straight"):
        monkeypatch.setattr(import_module("autograd.compile.numba.runner"), "SHORT", 0)


@pytest.fixture(scope="session")
def available():
    """The name of a backend, or a skip."""
    return installed


def installed(name):
    if name in SLOW:
        pytest.importorskip(name)
    return name


@pytest.fixture(scope="module", params=[*QUICK, *SLOW])
def backend(request):
    return installed(request.param)


@pytest.fixture(scope="module", params=QUICK)
def quick_backend(request):
    return request.param


@pytest.fixture(scope="module", params=SLOW)
def slow_backend(request):
    return installed(request.param)
