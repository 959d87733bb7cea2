"""Is the right mistake found in hand-derived gradients? A seeded corpus of right and wrong derivations.

The derivations are NumPy code written by hand (_derivations.py, _layers.py), with a switch for each mistake; the
sizes and the data are drawn at random. Four questions:

1. Of right formulas, how many are called wrong?
2. Of wrong formulas (some component off by more than 1e-6, relative), how many are called right?
3. Of single mistakes, how many are diagnosed with the right kind at the right place, first?
4. Of two mistakes at once, how often are both named, first?

Options: ``--quick`` for a small corpus, ``--out FILE.json`` for the numbers and every miss, ``--seed N``,
``--misses`` prints every miss, ``--model NAME`` for one model.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from autograd.check.verdict import gradcheck
from benchmarks import _derivations
from benchmarks._derivations import Case
from benchmarks._layers import LAYERS

MODELS = {**_derivations.MODELS, **LAYERS}
VAGUE = {"term-sign": "sign", "term-factor": "factor"}  # in a double, a sign of the whole may be told as that of a term


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks diagnosis")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out")
    parser.add_argument("--misses", action="store_true")
    parser.add_argument("--model", help="only models whose name contains this")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count(), help="processes; the times are those of a shared machine"
    )
    options = parser.parse_args(argv)
    console = Console(width=None if sys.stdout.isatty() else 200)
    models = [name for name in MODELS if (options.model or "") in name]
    counts = (3, 1, 6) if options.quick else (120, 6, 15)
    with ProcessPoolExecutor(options.jobs) as pool:
        parts = []
        for name, part in zip(
            models, pool.map(partial(of_one_model, seed=options.seed, counts=counts), models), strict=True
        ):
            parts.append(part)
            one, two = part["single"], part["double"]
            found = f"{one['kind and place first']} of {one['count']}"
            both = f"{two['both, kind and place']} of {two['count']} doubles"
            print(f"{name}: {found}, {both}", file=sys.stderr, flush=True)
    result = {question: merged([part[question] for part in parts]) for question in ("right", "single", "double")}
    result["lecture network 64-20-10"] = lecture_time()
    report(console, result, options.misses)
    if options.out:
        Path(options.out).write_text(json.dumps(result, indent=1, ensure_ascii=False), encoding="utf-8")
    return 0


def of_one_model(name: str, seed: int, counts: tuple[int, int, int]) -> dict[str, Any]:
    return {
        "right": right_formulas([name], seed, counts[0]),
        "single": singles([name], seed, counts[1]),
        "double": doubles([name], seed, counts[2]),
    }


def merged(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Counts added up, lists one after the other."""
    out: dict[str, Any] = {}
    for key, first in parts[0].items():
        every = [part[key] for part in parts]
        if isinstance(first, dict):
            out[key] = dict(sum((Counter(v) for v in every), Counter()))
        else:
            out[key] = sum(every, type(first)())
    return out


def case_of(name: str, seed: int, k: int) -> Case:
    return MODELS[name](np.random.default_rng([seed, k, zlib.crc32(name.encode())]))


# -- 1. Right formulas ------------------------------------------------------------------------------------------------


def right_formulas(models: list[str], seed: int, count: int) -> dict[str, Any]:
    """Each written in one of several ways that change nothing but the rounding."""
    verdicts: Counter[str] = Counter()
    misses = []
    for name in models:
        for k in range(count):
            case = case_of(name, seed, k)
            way = WAYS[k % len(WAYS)]
            report = gradcheck(case.f, case.at, lambda *at, c=case, w=way: written(c.gradient(*at), w), seed=k)
            verdicts[report.verdict] += 1
            if report.verdict == "wrong":
                misses.append(f"{name} {k} ({way})")
    return {"count": sum(verdicts.values()), "verdicts": dict(verdicts), "misses": misses}


WAYS = ("as it is", "another order of sums", "noise of 1e-13", "float32 at the end")


def written(gradient: Any, way: str) -> Any:
    parts = gradient if isinstance(gradient, tuple) else (gradient,)
    noise = np.random.default_rng(0)
    out = []
    for g in parts:
        a = np.asarray(g, float)
        if way == "another order of sums":
            a = (a * 3 + 1.5 * a) / 4.5
        elif way == "noise of 1e-13":
            a = a * (1 + 1e-13 * noise.normal(size=a.shape))
        elif way == "float32 at the end":
            a = a.astype(np.float32).astype(float)
        out.append(a if np.ndim(g) else float(a))
    return tuple(out) if isinstance(gradient, tuple) else out[0]


# -- 3. Single mistakes -----------------------------------------------------------------------------------------------


def singles(models: list[str], seed: int, repeats: int) -> dict[str, Any]:
    confusion: Counter[tuple[str, str]] = Counter()
    total = first = kind_first = listed = called_right = not_wrong = 0
    misses, seconds = [], []
    for name in models:
        for k in range(repeats):
            case = case_of(name, seed, k)
            for switch, (kinds, place) in case.mistakes.items():
                if not matters(case, {switch}):
                    continue
                start = time.perf_counter()
                report = gradcheck(case.f, case.at, partial(case.gradient, on={switch}), seed=k)
                seconds.append(time.perf_counter() - start)
                total += 1
                if report.verdict != "wrong":
                    called_right += report.verdict == "right"
                    not_wrong += 1
                    misses.append(f"{name} {k} · {switch}: called {report.verdict}")
                    continue
                best = report.diagnosis[0]
                confusion[
                    kinds.split("|")[0], best.kind if best.kind not in kinds.split("|") else kinds.split("|")[0]
                ] += 1
                good = matches(best, kinds, place)
                first += good
                kind_first += best.kind in kinds.split("|")
                listed += any(matches(d, kinds, place) for d in report.diagnosis)
                if not good:
                    also = [d.kind for d in report.diagnosis[1:]]
                    misses.append(
                        f"{name} {k} · {switch}: {kinds} at {place!r}, found {best.kind} at {best.where!r}, then {also}"
                    )
    return {
        "count": total, "kind and place first": first, "kind first": kind_first, "among those listed": listed,
        "called right": called_right, "not called wrong": not_wrong, "misses": misses,
        "confusion": {" > ".join(pair): n for pair, n in sorted(confusion.items())}, "seconds": seconds,
    }  # fmt: skip


def matches(diagnosis: Any, kinds: str, place: str) -> bool:
    return diagnosis.kind in kinds.split("|") and re.search(place, diagnosis.where) is not None


def flat(gradient: Any) -> Any:
    parts = gradient if isinstance(gradient, tuple) else (gradient,)
    return np.concatenate([np.ravel(np.asarray(g, float)) for g in parts])


def matters(case: Case, on: set[str], than: tuple[str, ...] = ()) -> bool:
    """Whether the mistakes change any component by more than 1e-6, relative."""
    right, wrong = flat(case.gradient(*case.at, on=set(than))), flat(case.gradient(*case.at, on=on))
    return bool((np.abs(right - wrong) > 1e-6 * np.maximum(np.abs(right), np.abs(wrong))).any())


# -- 4. Two mistakes at once ------------------------------------------------------------------------------------------


def doubles(models: list[str], seed: int, count: int) -> dict[str, Any]:
    total = both = vague = one = unknown = 0
    misses, seconds = [], []
    for name in models:
        for k, case, pair in pairs(name, seed, count):
            start = time.perf_counter()
            report = gradcheck(case.f, case.at, partial(case.gradient, on=set(pair)), seed=k)
            seconds.append(time.perf_counter() - start)
            total += 1
            wanted = [case.mistakes[switch] for switch in pair]
            found = list(report.diagnosis[:2])
            named = [any(matches(d, *w) for d in found) for w in wanted]
            loosely = [any(related(d.kind, w[0]) for d in found) for w in wanted]
            both += all(named)
            vague += all(loosely)
            one += any(named)
            unknown += report.verdict != "wrong" or found[0].kind == "unknown"
            if not all(named):
                shown = [f"{d.kind} at {d.where!r}" for d in found]
                misses.append(f"{name} {k} · {' + '.join(pair)}: {[w[0] for w in wanted]}, found {shown}")
    return {
        "count": total, "both, kind and place": both, "both kinds": vague, "at least one": one, "unknown": unknown,
        "misses": misses,
        "seconds": seconds,
    }  # fmt: skip


def related(found: str, kinds: str) -> bool:
    return any(VAGUE.get(found, found) == VAGUE.get(kind, kind) for kind in kinds.split("|"))


def pairs(name: str, seed: int, count: int) -> Iterator[tuple[int, Case, tuple[str, str]]]:
    """Pairs of mistakes that both show: with either of them mended, the gradient is another one."""
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    done = 0
    for k in range(1000, 1000 + 10 * count):
        case = case_of(name, seed, k)
        possible = list(combinations(case.mistakes, 2))
        pair = possible[int(rng.integers(len(possible)))]
        if all(matters(case, set(pair), (s,)) for s in pair) and matters(case, set(pair)):
            yield k, case, pair
            done += 1
        if done == count:
            return


# -- The lecture's network --------------------------------------------------------------------------------------------


def lecture_time() -> dict[str, Any]:
    """A wrong formula for the sigmoid network 64-20-10: the whole check, with its diagnosis."""
    import autograd as ag

    rng = np.random.default_rng(0)
    W1, b1, W2, b2 = (
        rng.normal(size=(20, 64)) / 8,
        rng.normal(size=20),
        rng.normal(size=(10, 20)) / 4,
        rng.normal(size=10),
    )
    x, y = rng.uniform(size=64), np.eye(10)[3]

    def f(W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
        hidden = [ag.sigmoid(ag.dot(w, x, b)) for w, b in zip(W1, b1, strict=True)]
        out = [ag.sigmoid(ag.dot(w, hidden, b)) for w, b in zip(W2, b2, strict=True)]
        cost = -sum(t * ag.log(o) + (1 - t) * ag.log(1 - o) for t, o in zip(y, out, strict=True))
        return cost + 0.05 * sum(w * w for W in (W1, W2) for w in W.ravel())

    def gradient(W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
        a = 1 / (1 + np.exp(-(W1 @ x + b1)))
        delta = 1 / (1 + np.exp(-(W2 @ a + b2))) - y
        below = W2.T @ delta  # the slope a(1 - a) is missing
        return np.outer(below, x) + 0.1 * W1, below, np.outer(delta, a) + 0.1 * W2, delta

    seconds, of_processor, found = [], [], ""
    for _ in range(3):
        start, work = time.perf_counter(), time.process_time()
        report = gradcheck(f, (W1, b1, W2, b2), gradient)
        seconds.append(time.perf_counter() - start)
        of_processor.append(time.process_time() - work)
        found = f"{report.diagnosis[0].kind}: {report.diagnosis[0].where}"
    return {"seconds": seconds, "processor seconds": of_processor, "found": found}


# -- Printing ---------------------------------------------------------------------------------------------------------


def report(console: Console, result: dict[str, Any], every_miss: bool) -> None:
    right, single, double = result["right"], result["single"], result["double"]
    table = Table("question", "answer", title="The diagnosis of hand-derived gradients")
    table.add_row(
        "right formulas called wrong", f"{right['verdicts'].get('wrong', 0)} of {right['count']} {right['verdicts']}"
    )
    table.add_row("wrong formulas called right", f"{single['called right']} of {single['count']}")
    table.add_row("single mistakes: kind and place, first", share(single["kind and place first"], single["count"]))
    table.add_row("   kind, first", share(single["kind first"], single["count"]))
    table.add_row("   kind and place, among those listed", share(single["among those listed"], single["count"]))
    table.add_row("two mistakes: both kinds and places, first", share(double["both, kind and place"], double["count"]))
    table.add_row("   both kinds (whole or term)", share(double["both kinds"], double["count"]))
    table.add_row("   at least one", share(double["at least one"], double["count"]))
    table.add_row("   unknown (else: others that give the same gradient)", share(double["unknown"], double["count"]))
    for name, part in (("one mistake", single), ("two mistakes", double)):
        seconds = part.pop("seconds")
        part["seconds, median"], part["seconds, most"] = float(np.median(seconds)), max(seconds)
        table.add_row(f"seconds, {name}", f"median {part['seconds, median']:.2f}, most {part['seconds, most']:.2f}")
    network = result["lecture network 64-20-10"]
    seconds = f"{min(network['seconds']):.2f} ({min(network['processor seconds']):.2f} of the processor)"
    table.add_row("seconds, lecture's network 64-20-10", f"{seconds}: {network['found'].split(' (')[0]}")
    console.print(table)
    counts = {tuple(pair.split(" > ")): n for pair, n in single["confusion"].items()}
    found = sorted({found for _, found in counts})
    confusion = Table("made \\ found", *found, title="Confusion of kinds, single mistakes")
    for made in sorted({made for made, _ in counts}):
        confusion.add_row(made, *(str(counts.get((made, b), "")) for b in found))
    console.print(confusion)
    for name, part in (("right formulas", right), ("single", single), ("double", double)):
        shown = part["misses"] if every_miss else part["misses"][:20]
        console.print(f"\nMisses, {name}: {len(part['misses'])}" + (f", the first {len(shown)}:" if shown else ""))
        for line in shown:
            console.print("  " + line, markup=False, highlight=False)


def share(n: int, total: int) -> str:
    return f"{n} of {total} ({100 * n / max(total, 1):.1f} %)"
