"""How much of everything is done."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plan:
    """The sizes of the experiments.

    name          for the reader
    epochs        passes over the data for each method on the lecture's network
    single        … for SGD on one example at a time, which takes a step for every example
    side_epochs   … for the smaller networks of the other sections
    sgd_steps     steps on the convex problems; sgd_repeats how many runs, each with its own examples, are averaged
    timings       how often a duration is measured; the shortest counts
    """

    name: str
    epochs: int
    single: int
    side_epochs: int
    sgd_steps: int
    sgd_repeats: int
    timings: int


FULL = Plan("full", epochs=30, single=15, side_epochs=30, sgd_steps=30_000, sgd_repeats=20, timings=9)
QUICK = Plan("quick", epochs=10, single=2, side_epochs=8, sgd_steps=4_000, sgd_repeats=20, timings=5)
