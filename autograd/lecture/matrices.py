"""From scalars to matrices: the graph of one example, and the program that chalkgrad derives from it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import nn
from autograd.compile import compile
from autograd.lecture.data import Digits
from autograd.lecture.plan import Plan
from autograd.lecture.training import BATCH
from autograd.stats import GraphStats, graph_stats


@dataclass(frozen=True, slots=True)
class Matrices:
    """Counts and times of one gradient; times in seconds, each the shortest of a few.

    dots, single     the graph of one example: each weighted sum as one node, and written out in + and *
    source, explain  the derived program (of the cost without the penalty), and what became of the nodes
    compile_time     recording and compiling, once
    eager            one example: its graph and backward()
    program          one minibatch of `batch` examples
    difference       the largest difference between the two gradients of one example
    """

    dots: GraphStats
    single: GraphStats
    source: str
    explain: str
    compile_time: float
    eager: float
    program: float
    batch: int
    difference: float

    @property
    def ratio(self) -> float:
        """How many times faster an example is in the program, to two digits: more of them would be noise."""
        return float(f"{self.eager / (self.program / self.batch):.2g}")


def matrices(data: Digits, plan: Plan, seed: int) -> Matrices:
    """Measure the two ways to the gradient of the lecture's network."""
    model = nn.MLP.for_data(data.X, data.y, seed=seed)
    x, t = data.X[0], nn.one_hot(int(data.y[0]), 10)
    parameters = model.parameters()
    began = time.perf_counter()
    program = compile(lambda x, t: nn.binary_cross_entropy(model(x), t), parameters)
    program(data.X[:1], t[None])
    compile_time = time.perf_counter() - began

    def eager() -> None:
        nn.binary_cross_entropy(model(x), t).backward()

    eager()
    slopes = np.array([p.grad for p in parameters])
    eager_time = _shortest(eager, plan.timings)
    difference = float(np.abs(program(data.X[:1], t[None])[1] - slopes).max())
    X, T = data.X[:BATCH], nn.one_hot(data.y[:BATCH], 10)
    program_time = _shortest(lambda: program(X, T), 20 * plan.timings)
    written_out = nn.MLP.for_data(data.X, data.y, seed=seed, expand=True)
    return Matrices(
        dots=graph_stats(nn.binary_cross_entropy(model(x), t)),
        single=graph_stats(nn.binary_cross_entropy(written_out(x), t)),
        source=program.source,
        explain=program.explain(),
        compile_time=compile_time,
        eager=eager_time,
        program=program_time,
        batch=BATCH,
        difference=difference,
    )


def _shortest(work: Callable[[], object], times: int) -> float:
    durations = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        durations.append(time.perf_counter() - began)
    return min(durations)
