"""All experiments, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from autograd.check.sheet.formulas import FormulaSheet, formula_sheet
from autograd.lecture.convex import Rate, rates
from autograd.lecture.data import Digits, digits
from autograd.lecture.matrices import Matrices, matrices
from autograd.lecture.plan import Plan
from autograd.lecture.small import Small, small
from autograd.lecture.symmetry import Restart, Start, restart, starts
from autograd.lecture.training import (
    METHODS,
    Outcome,
    Run,
    Scheduled,
    Trainer,
    misclassified,
    train_scheduled,
)
from optim.history import History

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Results:
    """Every number of the page and of the text in the terminal."""

    plan: Plan
    seed: int
    data: Digits
    small: Small
    sheet: FormulaSheet
    runs: list[Run]
    outcome: Outcome
    misclassified: History
    scheduled: list[Scheduled]
    starts: list[Start]
    restart: Restart
    rates: list[Rate]
    matrices: Matrices
    seconds: float


def run(plan: Plan, seed: int = 0, tell: Tell = lambda _: None) -> Results:
    """Do the lecture. `tell` hears what is being done, before each part.

    Matrix products use one thread: the matrices are small, and the numbers are then the same on every machine with
    the same libraries.
    """
    from threadpoolctl import threadpool_limits  # comes with scikit-learn

    began = time.perf_counter()
    with threadpool_limits(1):
        tell("the digits")
        data = digits(seed)
        tell("one small network and its graph")
        picture = small(seed)
        tell("the formulas F1 to F9, as printed")
        sheet = formula_sheet(seed)
        runs: list[Run] = []
        tell("training the lecture's network by every method")
        trainer = Trainer(data, seed)
        for method in METHODS:
            each = trainer.train(method, plan)
            runs.append(each)
            tell(f"  {each.method.name}: cost {each.cost:.3f}, test accuracy {each.test_accuracy:.1%}")
        tell("training on misclassified examples only")
        picked = misclassified(data, plan, seed)
        tell("learning rate schedules")
        scheduled = list(train_scheduled(data, plan, seed))
        tell("zero initialisation, and a restart")
        begun, again = starts(data, plan, seed), restart(data, plan, seed)
        tell("convergence rates on a convex problem")
        convex = rates(data, plan, seed)
        tell("from scalars to matrices")
        compared = matrices(data, plan, seed)
    return Results(
        plan, seed, data, picture, sheet, runs, trainer.outcome(runs), picked, scheduled, begun, again, convex,
        compared, time.perf_counter() - began,
    )  # fmt: skip
