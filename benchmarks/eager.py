"""The eager engine against micrograd: time and memory of building a graph and walking it back.

The very same model text runs on both engines, each in a fresh process. What else is loaded matters, since Python's
cyclic collector looks at it again and again. So there are three modes: "collector on" with nothing else loaded; the
same after the imports of the demo's own notebook (matplotlib, scikit-learn), which is how people run it; and
"collector off", which shows the engine alone.
"""

from __future__ import annotations

import statistics

from benchmarks._eager import ENGINES, NOTEBOOK, OFF, ON, WORKLOADS
from benchmarks.lib import child
from benchmarks.lib.report import Report, options, seconds, times
from benchmarks.lib.timing import Prepared, disagreements

MODES = {"W2": (ON, NOTEBOOK, OFF)}
INSIDE = "benchmarks._eager"


def main(argv: list[str]) -> None:
    parser = options("eager", __doc__)
    parser.add_argument("--only", choices=[*WORKLOADS, "memory", "chain"], help="one part")
    arguments = parser.parse_args(argv)
    report = Report("eager")
    rounds, repeat = (2, 2) if arguments.quick else (5, 4)
    titles = {
        "W2": "W2: micrograd's demo, a network 2-16-16-1 on 100 points, forward + backward",
        "W1": "W1: the expression of micrograd's README, forward + backward",
        "W4": "W4: one step of a tiny GPT in scalars, forward + backward",
    }
    for workload, title in titles.items():
        if arguments.only in (None, workload):
            speed(report, workload, title, rounds, 400 * repeat if workload == "W1" else repeat)
    if arguments.only in (None, "memory"):
        memory(report)
    if arguments.only in (None, "chain"):
        chain(report, 1_000_000)
    report.write(arguments.out)


def speed(report: Report, workload: str, title: str, rounds: int, repeat: int) -> None:
    modes = MODES.get(workload, (ON, OFF))
    spent: dict[tuple[str, str], list[float]] = {}
    results: dict[str, Prepared] = {}
    missing: dict[str, str] = {}
    for _ in range(rounds):
        for mode in modes:
            for engine in ENGINES:
                if engine in missing:
                    continue
                done = child.call(f"{INSIDE}:run", workload=workload, engine=engine, mode=mode, repeat=repeat)
                if "unavailable" in done:
                    missing[engine] = done["unavailable"]
                    continue
                if engine not in results:  # gradients before times
                    results[engine] = Prepared(lambda d=done: (d["value"], d["gradient"]), 0.0)  # type: ignore[misc]
                    disagreements(results, next(iter(results)))
                spent.setdefault((engine, mode), []).extend(done["seconds"])
    medians = {key: statistics.median(t) for key, t in spent.items()}
    rows, data = [], {}
    for engine in results:
        row = [engine]
        for mode in modes:
            ratio = medians["micrograd", mode] / medians[engine, mode] if "micrograd" in results else float("nan")
            row += [seconds(medians[engine, mode]), times(ratio)]
            data[f"{engine}, {mode}"] = {"seconds": spent[engine, mode], "times micrograd": ratio}
        rows.append(row)
    worst = max(disagreements(results, next(iter(results))).values())
    columns = ["engine", *(c for mode in modes for c in (mode, "faster"))]
    report.table(title, columns, rows, data)
    report.note(f"CPU times, medians; {rounds} processes each, in turns; largest relative difference {worst:.0e}")
    for engine, why in missing.items():
        report.note(f"{engine}: {why}")
    if workload == "W2" and "micrograd" in results:
        for mode in modes[:2]:
            ratio = data[f"chalkgrad, {mode}"]["times micrograd"]
            report.target(f"W2, elementary operations, {mode}, times micrograd", ratio, 12)
        ratio = data[f"chalkgrad, {OFF}"]["times micrograd"]
        report.target(f"W2, elementary operations, {OFF}, times micrograd", ratio, 2)
        report.target(
            f"W2, dot nodes, {OFF}, times micrograd", data[f"chalkgrad, dot nodes, {OFF}"]["times micrograd"], 8
        )


def memory(report: Report) -> None:
    rows, data = [], {}
    for engine in ENGINES:
        found = child.call(f"{INSIDE}:count", workload="W2", engine=engine)
        if "unavailable" in found:
            report.note(f"{engine}: {found['unavailable']}")
            continue
        data[engine] = found
        rows.append([engine, f"{found['nodes']:,}", *(f"{found[k]:.0f}" for k in ("forward", "after", "peak"))])
    report.table(
        "W2: memory, bytes for each node that is not a parameter",
        ["engine", "nodes", "after forward", "after backward", "peak"],
        rows,
        data,
    )
    report.target("W2, elementary operations, bytes a node", data["chalkgrad"]["after"], 170, at_most=True)


def chain(report: Report, length: int) -> None:
    found = child.call(f"{INSIDE}:long_chain", length=length)
    report.table(
        f"A chain of {length:,} nodes",
        ["", "time", "per node"],
        [[part, seconds(found[part]), seconds(found[part] / length)] for part in ("forward", "backward", "freeing")],
        found,
    )
    report.note(
        f"gradient {found['gradient']:,.0f} (right: {length + 1:,}); micrograd's recursion ends near 1,000 nodes"
    )
    report.target("cyclic garbage after freeing, objects", found["garbage"], 0, at_most=True)
