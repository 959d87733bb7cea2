"""Compiled programs against every installed peer: W1 to W4, compile times, growth with batch and width.

Each workload runs twice in a fresh process: with one thread (CPU time, in which what else the machine is doing does not
count), and with as many as the libraries take (time by the clock). Gradients (for W3: the weights after an epoch) are
compared before any time is taken. The cyclic collector is off. What was aimed at is measured once more, each pair of
contenders alone in a process.
"""

from __future__ import annotations

import math
import os
import statistics
import time
from collections.abc import Callable, Collection
from typing import Any

from benchmarks.lib import child
from benchmarks.lib.report import Report, options, seconds, times
from benchmarks.lib.timing import Prepared, Step, Unavailable, disagreements, in_turns, interleaved, prepare
from benchmarks.workloads import digits, engines, gpt, moons, random_graph, readme

SELF = "benchmarks.compile"
WORKLOADS: dict[str, tuple[str, str, Callable[[], dict[str, Callable[[], Step]]]]] = {
    "W1": ("the expression of micrograd's README: value and gradient", "micrograd", readme.contenders),
    "W2": ("micrograd's demo, 100 points: value and gradient", "micrograd", moons.contenders),
    "W3": (
        "64-32-10 on digits, minibatch 32, an epoch: loss, gradient, update",
        "NumPy by hand, simplified",
        digits.contenders,
    ),
    "W3 large": (
        "64-128-64-10 on digits, minibatch 128, an epoch: loss, gradient, update",
        "NumPy by hand, simplified",
        lambda: digits.contenders(digits.LARGE, digits.LARGE_BATCH),
    ),
    "W4": ("one step of a tiny GPT in scalars: value and gradient", "micrograd", gpt.contenders),
}
BY_HAND, IN_A_SCAN = "NumPy by hand, simplified", "JAX jit, epoch in one scan"
TARGETS: dict[str, list[tuple[str, str, str, float]]] = {  # what, the slower one, the faster one, how many times
    "W1": [("straight-line Python, times micrograd", "micrograd", "chalkgrad python", 55)],
    "W2": [("straight-line Python, times micrograd", "micrograd", "chalkgrad python, recorded graph", 40)],
    "W3": [
        ("matrix form, times NumPy by hand", BY_HAND, "chalkgrad numpy", 1),
        ("matrix form, times torch eager, leanest", "torch eager, leanest", "chalkgrad numpy", 8),
        ("matrix form, times torch, same formula", "torch eager, the lecture's formula", "chalkgrad numpy", 8),
        ("matrix form, times torch, nn and optim", "torch eager, nn and optim", "chalkgrad numpy", 8),
        ("matrix form in fused loops, times torch eager, leanest", "torch eager, leanest", "chalkgrad numba", 8),
        ("matrix form in fused loops, times NumPy by hand", BY_HAND, "chalkgrad numba", 1 / 0.7),
        ("JAX epoch in one scan, times JAX by hand", IN_A_SCAN, "chalkgrad jax, epoch in one scan", 1 / 1.1),
    ],
    "W3 large": [
        ("matrix form, times NumPy by hand", BY_HAND, "chalkgrad numpy", 1),
        ("matrix form in fused loops, times NumPy by hand", BY_HAND, "chalkgrad numba", 1),
        ("JAX epoch in one scan, times JAX by hand", IN_A_SCAN, "chalkgrad jax, epoch in one scan", 1 / 1.1),
    ],
    "W4": [
        ("numba tape, times micrograd", "micrograd", "chalkgrad numba", 150),
        ("numba tape, times CasADi SX", "CasADi SX", "chalkgrad numba", 1),
    ],
}
BATCHES = (1, 8, 32, 128, 1024, 8192, 65536)
WIDTHS = (8, 32, 128, 512)
GRAPHS = [(kind, operations) for operations in (1_000, 10_000, 100_000) for kind in ("micrograd's demo", "random")]
GRAPHS.insert(4, ("tiny GPT", 76_000))
GROWING = [b for b in engines.BACKENDS if b != "python"]  # straight-line text for every row: seconds
THREADS = {"one thread, CPU": 1, "default threads, clock": None}


def main(argv: list[str]) -> None:
    parser = options("compile", __doc__)
    parser.add_argument("--only", metavar="NAME", help=f"one of {', '.join(WORKLOADS)}, batch, width, preparation")
    arguments = parser.parse_args(argv)
    report = Report("compile")
    blocks = 3 if arguments.quick else 15
    for name in WORKLOADS:
        if arguments.only in (None, name):
            compare(report, name, blocks, dict(list(THREADS.items())[: 1 if arguments.quick else 2]))
    for name, sizes in (("batch", BATCHES), ("width", WIDTHS)):
        if arguments.only in (None, name):
            growth(report, name, sizes[:4] if arguments.quick else sizes, min(blocks, 7))
    if arguments.only in (None, "preparation"):
        preparation(report, GRAPHS[:4] if arguments.quick else GRAPHS)
    report.write(arguments.out)


# -- In the fresh processes ----------------------------------------------------------------------------------


def measure(workload: str, blocks: int) -> dict[str, Any]:
    """Times of every contender that can run here, with its preparation and its disagreement."""
    _, reference, contenders = WORKLOADS[workload]
    makers = contenders()
    if workload == "W3 large":  # minutes of preparation for what these are not made for
        del makers["CasADi SX"], makers["chalkgrad python"]
    ready, notes = prepare(makers)
    reference = reference if reference in ready else next(iter(ready))
    differences = disagreements(ready, reference)
    spent = interleaved({name: c.step for name, c in ready.items()}, blocks=blocks, clock=chosen_clock())
    return {
        "reference": reference,
        "notes": notes,
        "contenders": {
            name: {"time": spent[name].to_dict(), "preparation": c.preparation, "difference": differences[name]}
            for name, c in ready.items()
        },
    }


def measure_pair(workload: str, slower: str, faster: str, blocks: int) -> dict[str, float]:
    """How many times faster one contender is than another: the median over blocks, and the quartiles."""
    makers = WORKLOADS[workload][2]()
    ready, _ = prepare({name: makers[name] for name in (slower, faster)})
    disagreements(ready, slower)
    ratios = in_turns(ready[slower].step, ready[faster].step, blocks=blocks, clock=chosen_clock())
    low, middle, high = statistics.quantiles(ratios, n=4)
    return {"low": low, "ratio": middle, "high": high}


def chosen_clock() -> Callable[[], float]:
    return time.process_time if os.environ.get("BENCHMARK_THREADS") == "1" else time.perf_counter


def measure_growth(kind: str, size: int, blocks: int) -> dict[str, Any]:
    """Value and gradient (no update) of a 64-h-10 network on made-up rows: by hand, and by each backend."""
    sizes = digits.SMALL if kind == "batch" else (64, size, 10)
    x, t = digits.synthetic(size if kind == "batch" else digits.SMALL_BATCH)

    def by_hand() -> Step:
        run = digits.numpy_gradient(digits.start(sizes), sizes)
        return lambda: run(x, t)

    def program(backend: str) -> Step:
        if backend == "numba" and size > 1024:
            raise Unavailable("a loop over all operations: not for this size")
        run = digits.compile_scalars(sizes, backend)
        return lambda: run(x, t)

    def jax_by_hand() -> Step:
        import jax

        run = jax.jit(jax.value_and_grad(digits.jax_cost(sizes)))
        on_device = [jax.numpy.asarray(a) for a in (digits.start(sizes), x, t)]
        return lambda: jax.block_until_ready(run(*on_device))

    makers = {
        "NumPy by hand": by_hand,
        **{f"chalkgrad {b}": lambda b=b: program(b) for b in GROWING},
        "JAX jit": jax_by_hand,
    }
    ready, notes = prepare(makers)
    disagreements(ready, "NumPy by hand")
    spent = interleaved({name: c.step for name, c in ready.items()}, blocks=blocks, clock=chosen_clock())
    return {
        "notes": notes,
        "contenders": {
            name: {"time": spent[name].to_dict(), "preparation": c.preparation} for name, c in ready.items()
        },
    }


def measure_preparation(kind: str, operations: int) -> dict[str, float]:
    """Seconds for each operation of a graph to become straight-line Python, and for it to run, as CPU time.

    The fastest of several repetitions: what else the machine is doing costs CPU time, too, through caches and clocks.
    """
    from autograd import Value, compile
    from autograd.compile import record, simplify
    from autograd.compile.straight import runner as straight
    from autograd.compile.straight import statements
    from autograd.order import topological, without_collector
    from autograd.reverse import gradient

    if kind == "random":
        build, start = random_graph.graph(operations)[0], random_graph.start()
    elif kind == "tiny GPT":
        build, start = gpt.cost, gpt.start().tolist()
    else:
        points = moons.data(2 * max(1, round(operations * len(moons.data()[0]) / moons.NODES / 2)))
        build, start = (lambda ps: moons.cost(ps, *(a.tolist() for a in points), Value)), moons.start().tolist()
    leaves = [Value(x) for x in start]
    root = build(leaves)
    count = len(topological(root)[1])
    best: dict[str, float] = {}

    def timed(what: str, work: Callable[[], Any]) -> Any:
        start = time.process_time()
        result = work()
        best[what] = min(best.get(what, math.inf), (time.process_time() - start) / count)
        return result

    def prepared() -> Any:
        program = compile(lambda: build(leaves), leaves, backend="python")
        program()
        return program

    for _ in range(max(3, min(30, 50_000 // operations))):
        with without_collector():
            recording = timed("recording", lambda: record.record(lambda: build(leaves), leaves))
            simple = timed("simplifying", lambda r=recording: simplify.simplify(r))
            text = timed("writing", lambda s=simple: statements.source(s))
            timed("CPython's compile", lambda t=text: straight.function(t))
        program = timed("all, and the first call", prepared)
        timed("a call", program)
    ready = {"eager": Prepared(lambda: (root.data, gradient(root, leaves)), 0), "program": Prepared(program, 0)}
    return {**best, "operations": count, "difference": disagreements(ready, "eager")["program"]}


# -- In the parent -------------------------------------------------------------------------------------------


def compare(report: Report, workload: str, blocks: int, modes: dict[str, int | None]) -> None:
    title, _, _ = WORKLOADS[workload]
    found = {
        label: child.call(f"{SELF}:measure", threads=threads, workload=workload, blocks=blocks)
        for label, threads in modes.items()
    }
    one = next(iter(found.values()))
    reference = one["reference"]
    rows = []
    for name, c in one["contenders"].items():
        row = [name, seconds(c["preparation"])]
        for part in found.values():
            mine, base = part["contenders"][name]["time"]["median"], part["contenders"][reference]["time"]["median"]
            row += [seconds(mine), times(base / mine)]
        rows.append([*row, f"{c['difference']:.0e}"])
    columns = ["", "preparation", *(c for label in modes for c in (label, "faster")), "difference"]
    report.table(f"{workload}: {title}", columns, rows, found)
    report.note(f"faster: than {reference}, in the same process. preparation: tracing, compiling and the first call.")
    for name, why in one["notes"].items():
        report.note(f"{name}: {why}")
    targets(report, workload, one["contenders"], 3 * blocks)


def targets(report: Report, workload: str, present: Collection[str], blocks: int) -> None:
    """What was aimed at. Each pair is alone in a fresh process, with one thread, and takes turns many times."""
    for what, slower, faster, wanted in TARGETS[workload]:
        if slower in present and faster in present:
            arguments = {"workload": workload, "slower": slower, "faster": faster, "blocks": blocks}
            found = child.call(f"{SELF}:measure_pair", threads=1, **arguments)
            report.target(f"{what} ({found['low']:.3g} to {found['high']:.3g})", found["ratio"], wanted)


def preparation(report: Report, graphs: list[tuple[str, int]]) -> None:
    stages = ("recording", "simplifying", "writing", "CPython's compile", "all, and the first call", "a call")
    found = [child.call(f"{SELF}:measure_preparation", threads=1, kind=kind, operations=size) for kind, size in graphs]
    rows = [
        [f"{kind}, {f['operations']:,}", *(seconds(f[s]) for s in stages), f"{f['difference']:.0e}"]
        for (kind, _), f in zip(graphs, found, strict=True)
    ]
    title = "Straight-line Python: CPU time for each operation"
    report.table(title, ["graph, operations", *stages, "difference"], rows, found)
    for (kind, _), f in zip(graphs, found, strict=True):
        per_operation = f["all, and the first call"] * 1e6
        report.target(f"µs for each of {f['operations']:,} operations, {kind}", per_operation, 15, at_most=True)


def growth(report: Report, kind: str, sizes: tuple[int, ...], blocks: int) -> None:
    rows, data, notes = [], {}, {}
    names = ["NumPy by hand", *(f"chalkgrad {b}" for b in GROWING), "JAX jit"]
    for size in sizes:
        found = child.call(f"{SELF}:measure_growth", threads=1, kind=kind, size=size, blocks=blocks)
        data[size] = found
        notes.update(found["notes"])
        row = [f"{size:,}"]
        base = found["contenders"]["NumPy by hand"]["time"]["median"]
        for name in names:
            c = found["contenders"].get(name)
            if c is None:
                row.append("-")
            elif name == "NumPy by hand":
                row.append(seconds(base))
            else:
                row.append(f"{c['time']['median'] / base:.2f} (+{seconds(c['preparation'])})")
        rows.append(row)
    title = {
        "batch": "Growth with the batch: 64-32-10, loss and gradient, one thread",
        "width": "Growth with the hidden width h: 64-h-10, minibatch 32, loss and gradient, one thread",
    }[kind]
    report.table(title, [kind, *names], rows, data)
    report.note("by hand: time; others: time relative to it (and the preparation)")
    for name, why in notes.items():
        report.note(f"{name}: {why}")
