"""The lecture's algorithm: train."""

import io
import json
import math
import sys
from contextlib import nullcontext
from functools import partial
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value, compile
from optim import SGD, Adam, InverseTime
from optim._data import targets
from optim._progress import bar
from optim._threads import SMALL, one_if_small
from optim.history import History
from optim.train import train

Data = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


@pytest.fixture(scope="module")
def rings() -> Data:
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, 48)
    y = np.arange(48) % 2
    radius = 0.5 + y + 0.05 * rng.standard_normal(48)
    return np.c_[radius * np.cos(angle), radius * np.sin(angle)], y


def network(seed: int = 0, **options: Any) -> nn.MLP:
    return nn.MLP(2, [5, 1], seed=seed, **options)


def fit(model: Any, data: Data, **options: Any) -> History:
    options = {"epochs": 4, "batch_size": 8, "backend": "eager", "restarts": 0} | options
    optimizer = options.pop("optimizer", None) or Adam(model.parameters(), lr=0.1)
    return train(model, nn.binary_cross_entropy, data, optimizer, **options)


def test_the_cost_falls_and_the_history_tells_the_truth(rings: Data) -> None:
    model = network()
    history = fit(model, rings, epochs=12, test=rings)
    assert history.cost[history.best_epoch] == min(history.cost) < 0.7 * history.cost[0]
    assert len(history.cost) == len(history.accuracy) == len(history.gradient_norm) == len(history.attempt) == 13
    assert history.steps == 12 * 6
    assert history.test_accuracy == history.accuracy
    # the model is left with the parameters of the best epoch: measure them again, by hand
    X, y = rings
    p = model.forward_array(X)[:, 0]
    by_hand = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    assert history.cost[history.best_epoch] == pytest.approx(by_hand, rel=1e-12)
    assert history.accuracy[history.best_epoch] == np.mean((p >= 0.5) == y)
    assert json.loads(json.dumps(history.to_dict()))["steps"] == history.steps
    assert "12 epochs" in str(history)


def test_the_test_data_are_measured_by_themselves(rings: Data) -> None:
    X, y = rings
    model = network()
    history = fit(model, rings, epochs=1, test=(X[:7], 1 - y[:7]))
    right = [(model(x).data >= 0.5) == t for x, t in zip(X[:7], y[:7], strict=True)]
    assert history.test_accuracy[history.best_epoch] == 1 - np.mean(right)
    with pytest.raises(ValueError, match="test: X has 1 columns, but the training data has 2"):
        fit(model, rings, test=(X[:, :1], y))


def test_one_column_of_targets_is_one_target_for_each_row(rings: Data) -> None:
    X, y = rings
    assert fit(network(), (X, y[:, None]), epochs=1).cost == fit(network(), rings, epochs=1).cost


def test_what_is_measured_in_blocks_is_the_mean_over_all() -> None:
    rng = np.random.default_rng(0)
    data = rng.standard_normal((150, 2)), rng.uniform(size=150)  # more than two blocks, the last of them smaller
    histories = []
    for backend in ("eager", "numpy"):
        model = nn.MLP(2, [1], seed=0)
        penalty = partial(nn.l2_penalty, model, 15.0, 150)
        optimizer = SGD(model.parameters(), lr=0.1)
        histories.append(
            train(model, nn.mse, data, optimizer, epochs=1, restarts=0, backend=backend, batch_size=50, penalty=penalty)
        )
    for name in ("cost", "gradient_norm"):
        assert getattr(histories[0], name) == pytest.approx(getattr(histories[1], name), rel=1e-12)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_is_shown_where_there_is_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for progress, kind, shown in ((None, Terminal, True), (None, io.StringIO, False), (False, Terminal, False)):
        monkeypatch.setattr(sys, "stderr", kind())
        history = History()
        with bar(progress, 4) as advance:
            for cost in (0.75, 0.5, 0.25):
                history.cost.append(cost)
                history.accuracy.append(cost / 2)
                history.attempt.append(0)
                advance(history)
        told = sys.stderr.getvalue()  # type: ignore[attr-defined]
        assert ("training" in told and "cost 0.25, accuracy 12.5%" in told) == shown
        assert bool(told) == shown
    with bar(True, 0) as advance:
        advance(history)  # nothing to show


def test_one_step_of_plain_sgd_by_hand(rings: Data) -> None:
    X, y = rings
    model = nn.MLP(2, [1], seed=1)  # logistic regression
    (w1, w2), b = model.layers[0].neurons[0].w, model.layers[0].neurons[0].b
    before = np.array([w1.data, w2.data, b.data])
    lam, m, rate = 0.3, len(X), 0.5
    penalty = lambda: nn.l2_penalty(model, lam, m)  # noqa: E731
    fit(model, rings, epochs=1, batch_size=m, penalty=penalty, optimizer=SGD(model.parameters(), lr=rate))
    p = 1 / (1 + np.exp(-(X @ before[:2] + before[2])))
    slope = np.r_[(p - y) @ X / m + lam / m * before[:2], np.mean(p - y)]
    assert [v.data for v in model.parameters()] == pytest.approx(before - rate * slope, rel=1e-12)


def test_the_same_seed_gives_the_same_history(rings: Data) -> None:
    first, second, other = (fit(network(), rings, seed=s).cost for s in (3, 3, 4))
    assert first == second != other


def test_misclassified_examples_only(rings: Data) -> None:
    model = network()
    wrong_at_start = int(np.sum(model.predict_all(rings[0]) != rings[1]))
    history = fit(model, rings, sampler="misclassified", epochs=1, batch_size=1)
    assert history.steps == wrong_at_start


def test_misclassified_ends_when_nothing_is() -> None:
    X = np.array([[-1.0], [1.0], [-2.0], [2.0]])
    model = nn.MLP(1, [1], seed=0)
    history = fit(model, (X, (X[:, 0] > 0).astype(int)), sampler="misclassified", epochs=200, batch_size=1)
    assert history.stopped == "nothing misclassified"
    assert history.accuracy[-1] == 1.0


def test_an_attempt_that_does_not_help_is_begun_again(rings: Data) -> None:
    model = network(init="zeros")  # every hidden unit the same, and ∂E/∂w of the hidden layer 0: no progress
    stuck = fit(model, rings, epochs=1, optimizer=SGD(model.parameters(), lr=1e-6), restarts=2)
    assert stuck.restarts == 2
    assert stuck.attempt == [0, 0, 1, 1, 2, 2]
    assert len({*stuck.cost[::2]}) == 3  # each attempt begins elsewhere
    assert stuck.best_epoch == int(np.argmin(stuck.cost))


def test_one_hot_targets_for_several_outputs(rings: Data) -> None:
    X, y = rings
    labels, rows = (fit(nn.MLP(2, [4, 2], seed=0), (X, t), epochs=2).cost for t in (y, np.eye(2)[y]))
    assert labels == rows


def test_a_schedule_replaces_the_learning_rate(rings: Data) -> None:
    model = network()
    history = fit(model, rings, epochs=2, batch_size=48, schedule=InverseTime(1.0))
    assert history.learning_rate == [1.0, 1.0, 0.5]


def test_ctrl_c_keeps_the_best_parameters(rings: Data) -> None:
    model = network()

    def interrupt(history: History) -> None:
        if len(history.cost) == 4:
            raise KeyboardInterrupt

    history = fit(model, rings, epochs=50, on_epoch=interrupt)
    assert history.stopped == "interrupted"
    assert len(history.cost) == 4
    again = fit(model, rings, epochs=0)
    assert again.cost == [history.cost[history.best_epoch]]


def test_an_error_leaves_the_best_parameters(rings: Data) -> None:
    model = network()
    before = [p.data for p in model.parameters()]

    def broken(p: Value, t: float) -> Value:
        return (p - t) ** 2 * 1e308 * 1e308

    with pytest.raises(ValueError, match="mul fails"):
        train(model, broken, rings, SGD(model.parameters(), lr=1.0), backend="eager", batch_size=4)
    assert [p.data for p in model.parameters()] == before


class Custom:
    """A model that is no Module: anything with parameters() that can be called."""

    def __init__(self) -> None:
        self.w = [Value(0.1), Value(-0.2)]

    def parameters(self) -> list[Value]:
        return self.w

    def __call__(self, x: Any) -> Value:
        return (self.w[0] * x[0] + self.w[1] * x[1]).sigmoid()


def test_any_callable_with_parameters(rings: Data) -> None:
    history = fit(Custom(), rings)
    assert 0 <= history.accuracy[-1] <= 1
    assert history.cost[history.best_epoch] <= history.cost[0]


class Pair(Custom):
    """A model with two outputs, and no predict_all."""

    def __call__(self, x: Any) -> list[Value]:  # type: ignore[override]
        return [self.w[0] * x[0], self.w[1] * x[1]]


def test_of_several_outputs_the_largest_is_the_prediction(rings: Data) -> None:
    model, (X, y) = Pair(), rings
    history = train(model, nn.mse, rings, Adam(model.parameters(), lr=0.1), epochs=3, batch_size=8, backend="eager")
    w = [v.data for v in model.parameters()]
    wrong = (X * w).argmax(axis=1) != y
    assert history.accuracy[history.best_epoch] == 1 - np.mean(wrong)


@pytest.mark.parametrize("result", [3.0, [Value(1.0), 2.0], None])
def test_a_model_that_returns_no_value(rings: Data, result: Any) -> None:
    class Broken(Custom):
        def __call__(self, x: Any) -> Any:
            return result

    with pytest.raises(TypeError, match=r"model\(x\) must return a Value or a list of Values; got"):
        fit(Broken(), rings)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": -1}, "epochs"),
        ({"epochs": 1.5}, "epochs"),
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": 49}, "only 48 examples"),
        ({"sampler": "all"}, "sampler"),
        ({"restarts": -1}, "restarts"),
        ({"significant": 1.0}, "significant"),
        ({"significant": "1 %"}, "significant is a fraction"),
        ({"perturbation": 0.0}, "perturbation"),
        ({"perturbation": None}, "perturbation must be"),
    ],
)
def test_settings_out_of_range(rings: Data, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fit(network(), rings, **options)


class Sparse:  # as in SciPy
    def toarray(self) -> None: ...


def test_data_that_does_not_fit(rings: Data) -> None:
    X, y = rings
    hole = X.copy()
    hole[3, 1] = math.nan
    for data, error, message in (
        ((hole, y), ValueError, "row 3, column 1"),
        ((X, y[:-1]), ValueError, "X has 48 rows, but y has 47"),
        ((X[0], y), ValueError, "shape"),
        (X, TypeError, "a pair"),
        (([*X.tolist()[:-1], [1.0]], y), TypeError, "rows of one length"),
        ((X[:0], y[:0]), ValueError, "at least one example"),
    ):
        with pytest.raises(error, match=message):
            fit(network(), data)  # type: ignore[arg-type]
    for data, error, message in (
        ((np.ma.masked_greater(X, 0.5), y), ValueError, r"X is masked at \[\d+, \d\], so there is no number"),
        ((X, np.ma.array(y, mask=[True] + [False] * 47)), ValueError, r"y is masked at \[0\]"),
        ((Sparse(), y), TypeError, r"X is a sparse Sparse; write X.toarray\(\)"),
        ((np.where(X > 0.5, np.datetime64("2020-01-01"), X.astype(object)), y), TypeError, r"but entry \d+ is "),
    ):
        with pytest.raises(error, match=message):
            fit(network(), data)
    with pytest.raises(ValueError, match=r"row 0 of y is 2.0.*labels are 0 … 1"):
        targets("data", [2.0, 0.0], 2)
    with pytest.raises(ValueError, match=r"row 1 of y is 0.5.*labels are 0 … 1"):
        targets("data", [0.0, 0.5], 2)


def test_an_optimizer_of_another_model(rings: Data) -> None:
    with pytest.raises(ValueError, match=r"build it with SGD\(model.parameters\(\), …\)"):
        fit(network(), rings, optimizer=SGD(network().parameters(), lr=0.1))
    with pytest.raises(TypeError, match="must be an optimizer"):
        fit(network(), rings, optimizer=SGD)


def test_a_program_of_another_model(rings: Data) -> None:
    mine, other = network(), network()
    program = compile(lambda x, t: nn.mse(other(x), t), other.parameters())
    before = [p.data for p in other.parameters()]
    with pytest.raises(ValueError, match="compiled for the parameters of another model"):
        fit(mine, rings, program=program)
    assert [p.data for p in other.parameters()] == before


def test_on_epoch_sees_the_model_and_may_change_it(rings: Data) -> None:
    X, target = rings[0], rings[0][:, 0] * 4.0  # numbers to be predicted: nobody asks for an accuracy on the way
    histories = []
    for backend in ("auto", "eager"):
        model = nn.MLP(2, [1], output="linear", seed=0)
        seen = []

        def clip(history: History, model: nn.MLP = model, seen: list[float] = seen) -> None:
            costs = [nn.mse(model(x), t).data for x, t in zip(X, target, strict=True)]
            seen.append(sum(costs) / len(costs) - history.cost[-1])
            for p in model.parameters():
                p.data = min(max(p.data, -1.0), 1.0)
            if history.epochs == 5:
                raise KeyboardInterrupt

        optimizer = SGD(model.parameters(), lr=0.02)
        history = train(model, nn.mse, (X, target), optimizer, epochs=9, on_epoch=clip, backend=backend, batch_size=12)
        assert seen == pytest.approx([0.0] * 5, abs=1e-12)
        assert (history.stopped, history.epochs) == ("interrupted", 5)
        assert max(abs(p.data) for p in model.parameters()) > 1.0  # the best are those that were measured …
        assert history.cost[-1] > 2.0  # … and they are far from the 4 that it takes, for they are clipped each time
        histories.append(history.cost)
    assert histories[0] == pytest.approx(histories[1], rel=1e-12)


def test_plot(rings: Data) -> None:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    axes = fit(network(), rings, test=rings).plot()
    assert axes[0].get_yscale() == "log"
    assert len(axes[1].lines) == 2
    import matplotlib.pyplot as plt

    plt.close("all")
    with pytest.raises(ValueError, match="nothing to plot"):
        History().plot()


@pytest.mark.parametrize("backend", ["eager", "auto"])
@pytest.mark.parametrize(
    ("sizes", "y"), [([1], [0, 1, 2]), ([1], [-1, 1, 1]), ([3], [[5.0] * 3] * 3), ([3], [[-1.0, 0.0, 1.0]] * 3)]
)
def test_targets_that_the_cost_refuses(backend: str, sizes: list[int], y: Any) -> None:
    X = np.array([[0.1], [0.2], [0.3]])
    with pytest.raises(ValueError, match=r"data: row \d of y"):
        fit(nn.MLP(1, sizes, seed=0), (X, np.array(y)), backend=backend, batch_size=3)


@pytest.mark.parametrize("backend", ["eager", "auto"])
def test_a_saturated_first_example_is_no_obstacle(backend: str) -> None:
    model = nn.MLP(1, [1], seed=0)
    model.layers[0].neurons[0].w[0].data = 1.0
    X = np.array([[50.0], [1.0], [-1.0]])
    history = fit(model, (X, np.array([1, 1, 0])), backend=backend, batch_size=3)
    assert history.cost[history.best_epoch] < history.cost[0]


class Logit(Custom):
    """The same without its sigmoid."""

    def __call__(self, x: Any) -> Value:
        return self.w[0] * x[0] + self.w[1] * x[1]


def test_a_logit_says_class_1_from_0_on(rings: Data) -> None:
    model = Logit()
    optimizer = SGD(model.parameters(), lr=0.1)
    X = rings[0]
    y = (X[:, 0] > 0).astype(int)
    history = train(model, nn.binary_cross_entropy_with_logits, (X, y), optimizer, epochs=5, batch_size=48)
    w = [v.data for v in model.parameters()]
    assert history.accuracy[history.best_epoch] == np.mean((X @ w >= 0) == y)


def test_arguments_of_the_wrong_kind(rings: Data) -> None:
    model = network()
    optimizer = SGD(model.parameters(), lr=0.1)
    for args, message in (
        ((None, nn.mse, rings, optimizer), "model must be"),
        ((model, "mse", rings, optimizer), "cost must be"),
        ((model, nn.mse, (rings[0], None), optimizer), "y must hold"),
    ):
        with pytest.raises(TypeError, match=message):
            train(*args)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="on_epoch is a function"):
        fit(model, rings, on_epoch=3)
    with pytest.raises(ValueError, match="seed"):
        fit(model, rings, seed="a")


def test_training_that_diverges_names_the_learning_rate(rings: Data) -> None:
    model = nn.MLP(2, [1], output="linear", seed=0)
    optimizer = SGD(model.parameters(), lr=1e200)
    with pytest.raises(ValueError, match=r"fails|would go") as caught:
        train(model, nn.mse, rings, optimizer, epochs=50, backend="eager", batch_size=8)
    assert "learning rate" in str(caught.value) + " ".join(getattr(caught.value, "__notes__", []))


def test_a_small_data_set_needs_no_batch_size() -> None:
    X = np.array([[0.0], [1.0], [2.0]])
    model = nn.MLP(1, [1], seed=0)
    optimizer = SGD(model.parameters(), lr=0.1)
    history = train(model, nn.mse, (X, [0, 1, 1]), optimizer, epochs=2, restarts=0)
    assert history.steps == 2  # all three examples make one step
    with pytest.raises(ValueError, match="batch_size=32, but there are only 3 examples"):
        train(model, nn.mse, (X, [0, 1, 1]), optimizer, batch_size=32)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (([[1.0]], ["cat"]), "y must hold numbers, but entry 0 is 'cat'. .* np.unique"),
        ((np.array([["a"], ["b"]]), [0, 1]), "X must hold numbers, but entry 0 is 'a'$"),
        (((x for x in [[1.0]]), [0]), "X is a generator, which can be read only once; write list"),
        (([[1.0]], map(int, "0")), "y is a map"),
        ([([1.0], 0), ([2.0], 1), ([3.0], 1)], r"a pair \(X, y\); got a list of 3. .* zip"),
        (([[1j]], [0]), "X must hold real numbers"),
        ((np.array([["2020-01-01"], ["NaT"]], dtype="datetime64[D]"), [0, 1]), "X must hold numbers, not dates"),
        (([[1.0]], np.array([1], dtype="timedelta64[s]")), "y must hold numbers, not dates or times"),
    ],
)
def test_data_of_another_kind_is_told_what_to_write(data: Any, message: str) -> None:
    model = nn.MLP(1, [1], seed=0)
    with pytest.raises(TypeError, match=message):
        fit(model, data, batch_size=1)


def test_data_of_a_wrong_shape_is_told_what_to_write(rings: Data) -> None:
    X, y = rings
    for data, message in (
        ((X.T, y), "X has 2 rows, but y has 48. Did you mean X.T"),
        ((X[:, 0], y), r"got \(48,\). For one feature, write X\[:, None\]"),
        ((X, np.eye(2)[y]), r"shape \(48, 2\).* y.argmax\(axis=1\)"),
        ((X, y * 2), "row 1 of y .* target 0 is 2.0: .* an output for each"),
        ((X, y * 2 - 1), r"row 0 of y .* target 0 is -1.0: .* write \(y \+ 1\) / 2"),
    ):
        with pytest.raises(ValueError, match=message):
            fit(network(), data)
    with pytest.raises(ValueError, match="x has 3 entries") as caught:
        fit(network(), (np.c_[X, X[:, 0]], y))
    assert "X has 3 columns" in caught.value.__notes__[0]
    with pytest.raises(ValueError, match=r"one label a row, or a row of 2 targets; got shape \(48, 1, 1\)"):
        fit(nn.MLP(2, [2], seed=0), (X, y[:, None, None]))


def test_arguments_in_the_wrong_order_are_told(rings: Data) -> None:
    model = network()
    optimizer = SGD(model.parameters(), lr=0.1)
    with pytest.raises(TypeError, match="The model comes first"):
        train(nn.mse, model, rings, optimizer)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="cost must be something to call"):
        train(model, 1.0, rings, optimizer)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"cost must take the outputs .* and its target; <lambda> takes \(out\)"):
        train(model, lambda out: out, rings, optimizer)  # type: ignore[arg-type, misc]
    for penalty in (0.1, Value(1.0)):
        with pytest.raises(TypeError, match="penalty is a function of no arguments"):
            fit(model, rings, penalty=penalty)


def test_the_rate_at_the_start_is_that_of_the_step_to_come(rings: Data) -> None:
    model = network()
    optimizer = SGD(model.parameters(), InverseTime(1.0))
    fit(model, rings, epochs=1, batch_size=48, optimizer=optimizer)
    history = fit(model, rings, epochs=1, batch_size=48, optimizer=optimizer)  # goes on where it was
    assert history.learning_rate == [1 / 2, 1 / 2]


def test_a_history_counts_epochs_and_names_the_attempt() -> None:
    h = History(cost=[3.0, 2.9, 3.1, 1.0], gradient_norm=[1.0] * 4, accuracy=[0.5] * 4, attempt=[0, 0, 1, 1], steps=2)
    h.best_epoch = 3
    assert h.epochs == 2
    assert "2 epochs, 2 steps" in str(h)
    assert "1 at epoch 1 of attempt 2" in str(h)
    assert "1 restart from" in str(h)
    assert str(History()).startswith("not begun")


def test_small_products_use_one_thread_where_threadpoolctl_is(rings: Data) -> None:
    threadpoolctl = pytest.importorskip("threadpoolctl")

    def blas() -> list[int]:
        return [each["num_threads"] for each in threadpoolctl.threadpool_info() if each["user_api"] == "blas"]

    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        before, seen = blas(), []
        fit(network(), rings, epochs=1, on_epoch=lambda _: seen.append(blas()))
        assert blas() == before
    assert seen == [[1] * len(before)]


def test_large_products_are_left_alone() -> None:
    assert isinstance(one_if_small(SMALL + 1), nullcontext)


def test_without_threadpoolctl_it_trains_as_well(rings: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    assert fit(network(), rings, epochs=1).epochs == 1


def test_numbers_to_be_predicted_have_no_accuracy() -> None:
    X = np.linspace(0, 1, 30)[:, None]
    model = nn.MLP(1, [3, 1], output="linear", seed=0)
    optimizer = Adam(model.parameters(), lr=0.05)
    data = (X, 3 + 2 * X[:, 0])
    history = train(model, nn.mse, data, optimizer, epochs=3, restarts=0, test=data)
    assert (history.accuracy, history.test_accuracy) == ([], [])
    assert history.cost[-1] < history.cost[0]
    assert "accuracy" not in str(history)
    with pytest.raises(ValueError, match="needs classes"):
        train(model, nn.mse, data, optimizer, sampler="misclassified")


def test_a_model_that_cannot_be_recorded_is_told_of_the_eager_way() -> None:
    class Branch(nn.Module):
        def __init__(self) -> None:
            self.w = Value(1.0, "w")

        def forward(self, x: Any) -> Value:
            return self.w * x[0] if x[0] > 0.5 else self.w

    model, data = Branch(), (np.array([[0.0], [1.0], [2.0]]), [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="depends on the example") as caught:
        train(model, nn.mse, data, SGD(model.parameters(), lr=0.1), epochs=1)
    assert any("eager" in note for note in caught.value.__notes__)
    history = train(model, nn.mse, data, SGD(model.parameters(), lr=0.1), epochs=1, backend="eager")
    assert history.epochs >= 1


def test_a_history_is_shown_in_one_line(rings: Data) -> None:
    shown = repr(fit(network(), rings))
    assert shown.startswith("<History: 4 epochs, 24 steps")
    assert len(shown.splitlines()) == 1


@pytest.mark.parametrize(("low", "cost"), [(0, nn.mse), (-1, nn.mse), (-1, lambda s, t: (1 - t * s).relu())])
def test_a_class_is_decided_halfway_between_the_targets(low: int, cost: Any) -> None:
    class Line(nn.Module):  # without predict_all
        def __init__(self) -> None:
            self.w, self.b = Value(0.5, "w"), Value(0.4 if low == 0 else -0.1, "b")

        def forward(self, x: Any) -> Value:
            return self.w * x[0] + self.b

    X = np.array([[-1.0], [-0.5], [0.5], [1.0]])
    y = np.array([low, low, 1, 1])
    network = nn.MLP(1, [1], output="linear", seed=0)
    network.load_state_dict({"layers.0.neurons.0.w.0": 0.5, "layers.0.neurons.0.b": 0.4 if low == 0 else -0.1})
    for model in (Line(), network):
        history = train(model, cost, (X, y), SGD(model.parameters(), lr=0.1), epochs=0)
        assert history.accuracy == [1.0]


def test_a_program_without_a_console_trains(rings: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert fit(network(), rings, epochs=1).epochs == 1


def test_a_model_may_repeat_the_weights_that_it_shares(rings: Data) -> None:
    class Tied(Custom):
        def parameters(self) -> list[Value]:
            return [*self.w, self.w[0]]

    model = Tied()
    optimizer = SGD(dict.fromkeys(model.parameters()), lr=0.1)
    assert train(model, nn.mse, rings, optimizer, epochs=2, restarts=0).cost[-1] < 1.0


@pytest.mark.parametrize("backend", ["eager", "auto"])
def test_a_cost_that_lost_the_parameters_is_told(rings: Data, backend: str) -> None:
    model = network()
    before = [p.data for p in model.parameters()]
    for cost in (lambda p, t: Value((p.data - t) ** 2), lambda p, t: Value(1.0) * t):
        with pytest.raises(ValueError, match=r"depends on none of the model's 21 parameters.* \.data"):
            train(model, cost, rings, SGD(model.parameters(), lr=0.1), backend=backend)
    for wrong in (lambda p, t: None, lambda p, t: 1.0, lambda p, t: [p]):
        with pytest.raises(TypeError, match="the cost must return one Value") as caught:
            train(model, wrong, rings, SGD(model.parameters(), lr=0.1), backend=backend)  # type: ignore[arg-type]
        assert not hasattr(caught.value, "__notes__")  # backend="eager" would not help
    with pytest.raises(TypeError, match="the penalty must return one Value; it returned None"):
        fit(model, rings, penalty=lambda: None, backend=backend)
    assert [p.data for p in model.parameters()] == before


def test_one_example_that_costs_nothing_does_not_stop_the_training(rings: Data) -> None:
    model = network()

    def cost(p: Value, t: float) -> Value:
        return nn.mse(p, t) if t else Value(0.0)

    assert rings[1][0] == 0
    history = train(model, cost, rings, SGD(model.parameters(), lr=0.1), epochs=1, backend="eager", restarts=0)
    assert history.gradient_norm[0] > 0
