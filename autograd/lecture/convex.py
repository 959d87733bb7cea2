"""How fast SGD comes near the optimum where there is a theorem: logistic regression, a single sigmoid unit.

Is the digit odd? The features are the means of 16 blocks of 2 × 2 pixels.
E is convex; with the penalty it is strongly convex, with the constant μ = λ/m.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import nn
from autograd.compile import Program, compile
from autograd.functions import total
from autograd.lecture.data import Digits, Floats
from autograd.lecture.plan import Plan
from autograd.value import Value
from optim import SGD, InverseTime, Power, Schedule

MU = 0.1  # λ/m of the strongly convex problem


@dataclass(frozen=True, slots=True)
class Rate:
    """SGD on one of the two problems.

    k, gap          steps, and E(w_k) - E* there (for the convex problem, of the average of w_1 … w_k)
    optimum         E*, by Newton's method; gradient_norm is ‖∇E‖ there
    example_norm    ‖∇E_i‖ at the optimum, averaged over the examples: it is not 0
    slope           of log gap against log k over the last part, from k = `fitted_from` on; the theorem's is `theory`
    """

    name: str
    schedule: Schedule
    formula: str
    theory: float
    k: list[int]
    gap: list[float]
    optimum: float
    gradient_norm: float
    example_norm: float
    slope: float
    fitted_from: int


def rates(data: Digits, plan: Plan, seed: int) -> list[Rate]:
    """The strongly convex and the merely convex problem."""
    X = data.X.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(-1, 16)
    t = (data.y % 2).astype(np.float64)
    smooth = float((X**2).sum(axis=1).max()) / 4  # E_i has no more curvature than ‖x_i‖²/4
    tau = 2 * smooth / MU
    return [
        _rate(
            "strongly convex, λ/m = 0.1", X, t, plan, seed, mu=MU, theory=-1.0, average=False,
            schedule=InverseTime(1 / smooth, tau=tau), formula=f"η_k = (2m/λ) / (k + τ - 1), τ = {tau:.0f}",
        ),
        _rate(
            "convex, λ = 0", X, t, plan, seed, mu=0.0, theory=-0.5, average=True,
            schedule=Power(12 / smooth, p=0.5), formula="η_k = η_1/√k, average of w_1 … w_k",
        ),
    ]  # fmt: skip


def problem(X: Floats, mu: float, seed: int) -> tuple[nn.MLP, Program]:
    """Logistic regression without a bias, and its compiled E."""
    model = nn.MLP(X.shape[1], [1], bias=False, seed=seed)
    penalty: Callable[[], Any] | None = None
    if mu:
        penalty = lambda: nn.l2_penalty(model, mu * len(X), len(X))  # noqa: E731
    return model, compile(lambda x, t: nn.binary_cross_entropy(model(x), t), model.parameters(), penalty=penalty)


def side_by_side(X: Floats, mu: float, seed: int, runs: int) -> tuple[list[Value], Program]:
    """Such units with the same first weights, each for an example of its own: one call serves a step of every run."""
    units = [nn.MLP(X.shape[1], [1], bias=False, seed=seed) for _ in range(runs)]
    parameters = [w for unit in units for w in unit.parameters()]
    penalty: Callable[[], Any] | None = None
    if mu:
        penalty = lambda: total([nn.l2_penalty(unit, mu * len(X), len(X)) for unit in units])  # noqa: E731

    def cost(xs: Any, ts: Any) -> Any:
        return total([nn.binary_cross_entropy(unit(x), t) for unit, x, t in zip(units, xs, ts, strict=True)])

    return parameters, compile(cost, parameters, penalty=penalty)


def newton(program: Program, X: Floats, t: Floats, mu: float) -> tuple[float, Floats]:
    """E* and the gradient there. The gradient is the program's; the Hessian is Xᵀ diag(σ(1-σ)) X / m + μ I."""
    value, gradient = program(X, t)
    for _ in range(100):
        s = 1 / (1 + np.exp(-X @ program.parameters))
        hessian = (X.T * (s * (1 - s))) @ X / len(X) + mu * np.eye(X.shape[1])
        direction = np.linalg.lstsq(hessian, gradient, rcond=1e-12)[0]
        start, step = program.parameters.copy(), 1.0
        while True:
            program.parameters[:] = start - step * direction
            new, new_gradient = program(X, t)
            if new <= value or step < 1e-9:
                break
            step /= 2
        done = value - new <= 1e-15 * value and np.linalg.norm(new_gradient) < 1e-9
        value, gradient = new, new_gradient
        if done:
            break
    return float(value), gradient


def _rate(
    name: str, X: Floats, t: Floats, plan: Plan, seed: int, *,
    mu: float, theory: float, average: bool, schedule: Schedule, formula: str,
) -> Rate:  # fmt: skip
    _, program = problem(X, mu, seed)
    optimum, gradient = newton(program, X, t, mu)
    each = [float(np.linalg.norm(program(X[i : i + 1], t[i : i + 1])[1])) for i in range(len(X))]
    marks = sorted({round(k) for k in np.geomspace(1, plan.sgd_steps, 40)})
    parameters, steps = side_by_side(X, mu, seed, plan.sgd_repeats)
    optimizer, w = SGD(parameters, schedule), steps.parameters
    mean = np.zeros(len(w))
    gaps: list[float] = []
    rng = np.random.default_rng(seed)
    for k, i in enumerate(rng.integers(len(X), size=(plan.sgd_steps, plan.sgd_repeats)), start=1):
        optimizer.step_array(w, steps(X[None, i], t[None, i])[1])
        mean += (w - mean) / k
        if k == marks[len(gaps)]:
            ends = (mean if average else w).reshape(plan.sgd_repeats, -1)
            gaps.append(float(np.mean([_value(program, X, t, one) for one in ends])) - optimum)
    last = max(marks[-1] // 30, 1)
    used = [n for n, k in enumerate(marks) if k >= last]
    slope = float(np.polyfit(np.log([marks[n] for n in used]), np.log([gaps[n] for n in used]), 1)[0])
    return Rate(
        name, schedule, formula, theory, marks, gaps, optimum, float(np.linalg.norm(gradient)),
        float(np.mean(each)), slope, last,
    )  # fmt: skip


def _value(program: Program, X: Floats, t: Floats, w: Floats) -> float:
    kept = program.parameters.copy()
    program.parameters[:] = w
    value = float(program(X, t)[0])
    program.parameters[:] = kept
    return value
