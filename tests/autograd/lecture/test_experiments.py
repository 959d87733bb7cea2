"""The numbers of the lecture: each is computed again another way, or must have the property that the lecture names."""

import numpy as np
import pytest

import nn
from autograd.lecture import Results
from autograd.lecture.convex import MU, newton, problem, side_by_side
from autograd.lecture.data import digits
from autograd.lecture.small import small
from autograd.lecture.symmetry import different, restart
from autograd.lecture.training import LAMBDA, METHODS


def test_the_split_is_stratified_seeded_and_loses_nothing() -> None:
    a, b, other = digits(0), digits(0), digits(1)
    assert len(a.X) + len(a.X_test) == 1797
    assert np.array_equal(a.X, b.X)
    assert np.array_equal(a.y_test, b.y_test)
    assert not np.array_equal(a.X, other.X)
    assert a.X.min() == 0.0
    assert a.X.max() == 1.0
    shares = np.bincount(a.y) / a.m
    assert np.allclose(shares, np.bincount(a.y_test) / len(a.y_test), atol=0.005)


def test_the_best_run_classifies_at_least_95_percent_of_the_test_images(results: Results) -> None:
    assert results.outcome.run.test_accuracy >= 0.95
    # … counted again from the predictions and from the confusion matrix
    share = float(np.mean(results.outcome.predicted == results.data.y_test))
    assert share == pytest.approx(results.outcome.run.test_accuracy)
    assert np.trace(results.outcome.confusion) / results.outcome.confusion.sum() == pytest.approx(share)


def test_the_best_run_is_chosen_on_the_training_data(results: Results) -> None:
    assert results.outcome.run.cost == min(min(run.history.cost) for run in results.runs)


def test_every_method_of_the_lecture_is_there_and_starts_from_the_same_weights(results: Results) -> None:
    names = " ".join(method.name for method in METHODS)
    for word in ("SGD", "α = 0.5", "α = 0.9", "α = 0.99", "AdaGrad", "RMSProp", "Adam"):
        assert word in names
    assert [run.method for run in results.runs] == METHODS
    assert len({run.history.cost[0] for run in results.runs}) == 1
    assert all(run.cost < 0.2 * run.history.cost[0] for run in results.runs)


def test_the_cost_of_a_run_is_the_objective_computed_by_hand(results: Results) -> None:
    run, data = results.outcome.run, results.data
    W1 = run.weights[: 192 * 65].reshape(192, 65)
    W2 = run.weights[192 * 65 :].reshape(10, 193)
    hidden = 1 / (1 + np.exp(-(data.X @ W1[:, :64].T + W1[:, 64])))
    output = 1 / (1 + np.exp(-(hidden @ W2[:, :192].T + W2[:, 192])))
    Y = np.eye(10)[data.y]
    cost = -np.sum(Y * np.log(output) + (1 - Y) * np.log(1 - output)) / data.m
    cost += LAMBDA / (2 * data.m) * (np.sum(W1[:, :64] ** 2) + np.sum(W2[:, :192] ** 2))
    assert run.cost == pytest.approx(cost, rel=1e-12)


def test_the_same_network_has_the_same_cost_in_every_section(results: Results) -> None:
    """The same first weights, the same E(w): λ is not another one here and there."""
    started = [each.history.cost[0] for each in results.scheduled]
    assert {results.misclassified.cost[0], *started} == {started[0]}


def test_zeros_keep_the_hidden_units_alike_and_random_weights_do_not(results: Results) -> None:
    zeros, random, relu = results.starts
    assert zeros.units == 1
    assert max(zeros.spread) < 1e-9
    assert zeros.moved > 0
    assert random.units == 32
    assert min(random.spread) > 0.1
    assert relu.moved == 0
    assert relu.weights == 64 * 32 + 32 * 10


def test_different_counts_rows() -> None:
    assert different(np.array([[1.0, 2.0], [1.0, 2.0 + 1e-12], [1.0, 3.0]])) == 2


def test_the_restart_mends_what_a_vanishing_gradient_cannot(results: Results) -> None:
    again = results.restart
    assert again.first_gradient == 0.0
    assert again.history.restarts >= 1
    assert set(again.attempts[0]) == {again.attempts[0][0]}  # E did not move
    assert again.attempts[0][0] == pytest.approx(10 * np.log(2))  # every σ is ½
    assert min(again.attempts[-1]) < again.attempts[0][0]


def test_training_on_misclassified_examples_lowers_the_cost(results: Results) -> None:
    picked = results.misclassified
    assert picked.cost[picked.best_epoch] < 0.5 * picked.cost[0]
    # it takes steps on the misclassified ones only
    assert picked.steps == sum(round((1 - a) * results.data.m) for a in picked.accuracy[: len(picked.cost) - 1])


def test_newton_finds_the_optimum_of_the_convex_problem() -> None:
    data = digits(0)
    X, t = data.X[:300, 20:30], (data.y[:300] % 2).astype(float)
    _, program = problem(X, MU, seed=0)
    value, gradient = newton(program, X, t, MU)
    assert np.linalg.norm(gradient) < 1e-12
    w = program.parameters.copy()
    z = X @ w
    by_hand = np.mean(np.logaddexp(0, z) - t * z) + MU / 2 * w @ w
    assert value == pytest.approx(by_hand, rel=1e-12)
    rng = np.random.default_rng(0)
    for _ in range(20):
        program.parameters[:] = w + 0.1 * rng.standard_normal(len(w))
        assert program(X, t)[0] > value


@pytest.mark.parametrize("mu", [0.0, MU])
def test_runs_side_by_side_are_the_runs_one_by_one(mu: float) -> None:
    data = digits(0)
    X, t = data.X[:, 20:30], (data.y % 2).astype(float)
    _, one = problem(X, mu, seed=0)
    parameters, several = side_by_side(X, mu, 0, 3)
    assert len(parameters) == 3 * 10
    i = np.array([7, 0, 7])
    value, gradient = several(X[None, i], t[None, i])
    alone = [one(X[[k]], t[[k]]) for k in i]
    assert value == pytest.approx(sum(v for v, _ in alone), rel=1e-13)
    assert gradient == pytest.approx(np.concatenate([g for _, g in alone]), rel=1e-13)


def test_the_gradient_of_an_example_is_averaged_over_all_of_them(results: Results) -> None:
    data, convex = results.data, results.rates[1]
    X = data.X.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(-1, 16)
    t = (data.y % 2).astype(float)
    _, program = problem(X, 0.0, seed=0)
    newton(program, X, t, 0.0)
    off = 1 / (1 + np.exp(-X @ program.parameters)) - t
    assert convex.example_norm == pytest.approx(np.mean(np.abs(off) * np.linalg.norm(X, axis=1)), rel=1e-9)


def test_the_rates_are_those_of_the_theorems(results: Results) -> None:
    strong, convex = results.rates
    assert (strong.theory, convex.theory) == (-1.0, -0.5)
    assert strong.schedule.conditions()
    assert not convex.schedule.conditions()
    for rate in (strong, convex):
        assert rate.gradient_norm < 1e-8
        assert rate.example_norm > 0.01  # the gradient of each example is not 0
        assert all(gap > 0 for gap in rate.gap)
    assert strong.slope < -0.7
    assert convex.slope < -0.3


def test_the_program_gives_the_gradient_of_the_scalar_graph(results: Results) -> None:
    compared = results.matrices
    assert compared.difference < 1e-12
    assert compared.single.nodes > 2.5 * compared.dots.nodes
    assert sum(compared.dots.leaves.values()) == 192 * 65 + 10 * 193
    for line in ("Z1 = X @ W1.T + b1", "A1 = sigmoid(Z1)", "dW2 = dZ2.T @ A1"):
        assert line in compared.source


def test_the_printed_program_runs_by_itself(results: Results) -> None:
    space: dict[str, object] = {}
    exec(results.matrices.source, space)  # it is our own source
    data = results.data
    model = nn.MLP.for_data(data.X, data.y, seed=0)
    w = np.array([p.data for p in model.parameters()])
    T = nn.one_hot(data.y[:3], 10)
    value, gradient = space["program"](w, data.X[:3], T)  # type: ignore[operator]
    p = model.forward_array(data.X[:3])
    assert value == pytest.approx(-np.sum(T * np.log(p) + (1 - T) * np.log(1 - p)) / 3)
    assert gradient.shape == w.shape


def test_progress_is_told(results: Results, heard: list[str]) -> None:
    assert any("F1 to F9" in line for line in heard)
    assert sum("test accuracy" in line for line in heard) == len(METHODS)


def test_the_lecture_is_reproducible_from_its_seed(results: Results) -> None:
    again = restart(results.data, results.plan, 0)
    assert again.history.cost == results.restart.history.cost
    assert small(0).after == results.small.after
    assert small(1).cost != results.small.cost
