"""Every test that takes `backend` runs on all of them.

`quick_backend` and `slow_backend` divide them by how long they take to make a program: for tests that make many.
"""

import pytest

QUICK = ["python", "numpy"]
SLOW = {"numba": "numba_matrix", "jax": "jax_matrix"}


@pytest.fixture(scope="session")
def available():
    """The name of a backend, or a skip."""
    return installed


def installed(name):
    if name in SLOW:
        pytest.importorskip(name)
        pytest.importorskip(f"autograd.compile.{SLOW[name]}")
    return name


@pytest.fixture(scope="module", params=[*QUICK, *SLOW])
def backend(request):
    return installed(request.param)


@pytest.fixture(scope="module", params=QUICK)
def quick_backend(request):
    return request.param


@pytest.fixture(scope="module", params=list(SLOW))
def slow_backend(request):
    return installed(request.param)
