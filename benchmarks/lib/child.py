"""Run one function in a fresh process: nothing else loaded, threads set before NumPy starts.

``call("benchmarks.eager:walk", engine="micrograd")`` imports the module there, calls the function with these
keyword arguments, and returns what it returned, through JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.lib.fresh import MARK

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def call(function: str, *, threads: int | None = None, **arguments: Any) -> Any:
    """The result of ``module:function`` in a fresh process; `threads` limits the linear algebra's."""
    environment = dict(os.environ)
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    if threads is not None:
        environment.update(dict.fromkeys(THREADS, str(threads)))
        environment["BENCHMARK_THREADS"] = str(threads)
        if threads == 1:
            environment["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.lib.fresh", function, json.dumps(arguments)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    for line in reversed(done.stdout.splitlines()):
        if line.startswith(MARK):
            return json.loads(line[len(MARK) :])
    raise RuntimeError(f"{function}({arguments}) failed in its process:\n{done.stdout}{done.stderr}")
