"""How many threads share a matrix product.

BLAS lets all cores share it. For the small matrices of a lesson they spend their time waiting for each other: with two
threads on two busy cores, a step of a 64-192-10 network on 32 examples took 7 times as long as with one thread.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

SMALL = 30_000_000  # examples × parameters in a step: some 15 ms with one thread


def one_if_small(work: int) -> AbstractContextManager[object]:
    """One thread for as long as the context lasts, if a step is small work.

    It takes the package threadpoolctl (which comes with scikit-learn). Without it, set OPENBLAS_NUM_THREADS=1 before
    Python starts.
    """
    if work > SMALL:
        return nullcontext()
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return nullcontext()
    return threadpool_limits(1, user_api="blas")  # type: ignore[no-any-return]
