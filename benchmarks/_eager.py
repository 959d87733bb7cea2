"""What `benchmarks.eager` measures, in fresh processes: this file imports nothing that the work does not need.

Python's cyclic collector looks at all that is loaded, again and again.
"""

from __future__ import annotations

import gc
import sys
import time
from typing import Any

from benchmarks.lib.timing import Step, Unavailable

WORKLOADS = {"W1": "benchmarks.workloads.readme", "W2": "benchmarks.workloads.moons", "W4": "benchmarks.workloads.gpt"}
ENGINES = ("micrograd", "chalkgrad", "chalkgrad, dot nodes")
ON, NOTEBOOK, OFF = "collector on", "… as in the demo's notebook", "collector off"


def make(workload: str, engine: str) -> Step:
    from importlib import import_module

    module = import_module(WORKLOADS[workload])
    if engine == "micrograd":
        return module.micrograd()  # type: ignore[no-any-return]
    if engine == "chalkgrad":
        return module.chalkgrad()  # type: ignore[no-any-return]
    if workload != "W2":
        raise Unavailable("written with sums and products only")
    return module.chalkgrad(dots=True)  # type: ignore[no-any-return]


def run(workload: str, engine: str, mode: str, repeat: int) -> dict[str, Any]:
    """CPU times of `repeat` steps (after one that does not count), and the value and gradient.

    All of it runs in one thread, so the processor's time is the time without what else the machine is doing.
    """
    collector = mode != OFF
    try:
        if mode == NOTEBOOK:
            import matplotlib.pyplot  # noqa: F401
            import sklearn.datasets  # noqa: F401
        step = make(workload, engine)
    except Unavailable as reason:
        return {"unavailable": str(reason)}
    except ImportError as error:
        return {"unavailable": f"not installed ({error.name})"}
    value, gradient = step()
    gc.collect()
    if not collector:
        gc.disable()
    spent = []
    for i in range(repeat):
        if not collector and i % 50 == 0:
            gc.collect()  # outside the time: micrograd's graphs are cycles, and would fill the memory
        start = time.process_time()
        step()
        spent.append(time.process_time() - start)
    loaded = sorted({name.partition(".")[0] for name in sys.modules})
    return {"seconds": spent, "value": value, "gradient": gradient, "loaded": loaded}


def count(workload: str, engine: str) -> dict[str, Any]:
    """Nodes of the graph, and bytes for each after forward and after backward, as tracemalloc sees them."""
    import tracemalloc

    from benchmarks.workloads import engines, moons

    try:
        value = engines.micrograd_value() if engine == "micrograd" else __import__("autograd").Value
    except ImportError as error:
        return {"unavailable": f"not installed ({error.name})"}
    build = moons.full(value, __import__("autograd").dot if "dot" in engine else None)
    leaves = [value(float(x)) for x in moons.start()]
    build(leaves).backward()  # warm
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    root = build(leaves)
    forward = tracemalloc.get_traced_memory()[0]
    root.backward()
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    nodes, todo = {root}, [root]
    while todo:
        for argument in todo.pop()._prev:
            if argument not in nodes:
                nodes.add(argument)
                todo.append(argument)
    n = len(nodes) - len(leaves)
    return {
        "nodes": len(nodes),
        "forward": (forward - before) / n,
        "after": (after - before) / n,
        "peak": (peak - before) / n,
    }


def long_chain(length: int) -> dict[str, Any]:
    """A chain of additions: built, differentiated, freed. And what the cyclic collector finds afterwards."""
    from autograd import Value

    gc.collect()
    gc.disable()
    x = Value(1.0)
    start = time.perf_counter()
    z = x
    for _ in range(length):
        z = z + x
    built = time.perf_counter()
    z.backward()
    walked = time.perf_counter()
    gradient = x.grad
    del z
    freed = time.perf_counter()
    return {
        "forward": built - start,
        "backward": walked - built,
        "freeing": freed - walked,
        "garbage": gc.collect(),
        "gradient": gradient,
    }
