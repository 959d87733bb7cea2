"""Every test that takes `backend` runs on all of them."""

import pytest

NEEDS = {"python": None, "numpy": None, "numba": "numba", "jax": "jax"}


@pytest.fixture(scope="module", params=list(NEEDS))
def backend(request):
    if NEEDS[request.param]:
        pytest.importorskip(NEEDS[request.param])
        pytest.importorskip(f"autograd.compile.{'numba_tape' if request.param == 'numba' else 'jax_matrix'}")
    return request.param
