"""The lecture, item by item: what Lecture 22 says must work, checked by means other than the project's own."""

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import pytest

import nn
from autograd import Value, gradcheck, relu
from autograd.check.sheet.formulas import formula_sheet
from autograd.compile import compile
from optim import SGD, AdaGrad, Adam, Constant, InverseTime, LinearDecay, Power, RMSProp
from optim.train import train

RNG = np.random.default_rng(22)
X = RNG.normal(size=(24, 3))
Y = np.where(X[:, 0] > 0.4, 0, np.where(X[:, 1] > 0, 1, 2))
X += 0.4 * np.eye(3)[Y]


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def layers(model: nn.MLP) -> list[tuple[np.ndarray, np.ndarray]]:
    """(w, b) of each layer as arrays; w[i, j] is the lecture's w_ij."""
    return [
        (np.array([[w.data for w in n.w] for n in layer.neurons]).T, np.array([n.b.data for n in layer.neurons]))
        for layer in model.layers
    ]


def objective(model: nn.MLP, lam: float) -> float:
    """E(w), written with NumPy from the lecture's formula."""
    out = X
    for w, b in layers(model):
        out = sigmoid(out @ w + b)
    y = np.eye(3)[Y]
    m = len(X)
    fit = -np.sum(y * np.log(out) + (1 - y) * np.log(1 - out)) / m
    return float(fit + lam / (2 * m) * sum(np.sum(w**2) for w, _ in layers(model)))


# -- Step 0 ------------------------------------------------------------------------------------------------------


def test_the_default_architecture() -> None:
    model = nn.MLP.for_data(X, Y, seed=0)
    assert model.n_in == 3
    assert model.n_out == 3
    assert model.architecture()["sizes"] == [3 * 3, 3]
    assert model.architecture()["activation"] == ["sigmoid", "sigmoid"]
    assert nn.MLP.for_data(X, Y, factor=4, hidden_layers=2).architecture()["sizes"] == [12, 12, 3]


def test_the_smooth_sigmoid_stands_for_the_step_function() -> None:
    for s in (-30.0, -1.0, 0.0, 2.0, 30.0):
        assert Value(s).sigmoid().data == pytest.approx(1 / (1 + np.exp(-s)), rel=1e-15)
    assert [round(Value(s).sigmoid().data) for s in (-30.0, 30.0)] == [0, 1]


def test_a_single_sigmoid_node_is_logistic_regression() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    t, lam, m = (Y == 0).astype(float), 2.0, len(X)
    model = nn.MLP(3, [1], seed=0)
    train(
        model, nn.binary_cross_entropy, (X, t), SGD(model.parameters(), 3.0), epochs=600, batch_size=m, restarts=0,
        penalty=lambda: nn.l2_penalty(model, lam, m),
    )  # fmt: skip
    fitted = linear_model.LogisticRegression(C=1 / lam, tol=1e-12, max_iter=10_000).fit(X, t)
    w, b = layers(model)[0]
    assert w[:, 0] == pytest.approx(fitted.coef_[0], abs=1e-5)
    assert b[0] == pytest.approx(fitted.intercept_[0], abs=1e-5)


# -- The objective and the formulas ------------------------------------------------------------------------------


@pytest.mark.parametrize("lam", [0.0, 0.7])
def test_the_objective(lam: float) -> None:
    model = nn.MLP(3, [4, 3], seed=1)
    E = sum((nn.binary_cross_entropy(model(x), int(y)) for x, y in zip(X, Y, strict=True)), Value(0.0)) / len(X)
    E = E + nn.l2_penalty(model, lam, len(X))
    assert E.data == pytest.approx(objective(model, lam), rel=1e-13)
    program = compile(
        lambda x, t: nn.binary_cross_entropy(model(x), t), model.parameters(),
        penalty=lambda: nn.l2_penalty(model, lam, len(X)),
    )  # fmt: skip
    assert program(X, np.eye(3)[Y])[0] == pytest.approx(objective(model, lam), rel=1e-13)


def test_every_printed_formula_has_a_verdict_and_the_slips_are_found() -> None:
    rows = formula_sheet(seed=3)
    verdicts: dict[str, set[str]] = {}
    for row in rows:
        verdicts.setdefault(row.name, set()).add(row.verdict)
    assert set(verdicts) == {f"F{k}" for k in range(1, 10)}
    assert all(verdicts[name] == {"right"} for name in ("F1", "F3", "F4"))
    assert all(verdicts[name] == {"wrong"} for name in ("F2", "F5", "F6", "F8"))
    assert verdicts["F7"] == {"right", "wrong"}  # the update is right, the slopes are not
    assert all(row.slip for row in rows if row.verdict == "wrong")


def test_backpropagation_by_hand_with_the_corrected_formulas() -> None:
    """F1, F6, F5, F2 as they should be, for one example, in NumPy: the gradients of the engine."""
    model = nn.MLP(3, [4, 3], seed=2)
    (w1, b1), (w2, b2) = layers(model)
    x, y = X[0], np.eye(3)[Y[0]]
    s1 = sigmoid(x @ w1 + b1)
    s2 = sigmoid(s1 @ w2 + b2)
    d2 = -y / s2 + (1 - y) / (1 - s2)
    d1 = w2 @ (d2 * s2 * (1 - s2))
    nn.binary_cross_entropy(model(x), int(Y[0])).backward()
    slopes = [np.array([[w.grad for w in n.w] for n in layer.neurons]).T for layer in model.layers]
    assert slopes[1] == pytest.approx(np.outer(s1, d2 * s2 * (1 - s2)), rel=1e-12)
    assert slopes[0] == pytest.approx(np.outer(x, d1 * s1 * (1 - s1)), rel=1e-12)


def test_relu_with_its_subgradient_and_tanh() -> None:
    for at in (-1.5, 2.5):
        assert gradcheck(relu, at, lambda s: 1.0 if s > 0 else 0.0)
    corner = Value(0.0)
    corner.relu().backward()
    assert corner.grad == 0.0
    for activation in ("relu", "tanh"):
        model = nn.MLP(3, [6, 3], activation, init="he", seed=0)
        history = train(
            model, nn.binary_cross_entropy, (X, Y), SGD(model.parameters(), 0.1), epochs=60, batch_size=4, seed=0
        )
        assert history.cost[history.best_epoch] < 0.7 * history.cost[0]


# -- The algorithm -----------------------------------------------------------------------------------------------


def test_zeros_make_hidden_units_copies_and_random_weights_do_not() -> None:
    for init, different in (("zeros", 1), ("xavier", 4)):
        model = nn.MLP(3, [4, 3], init=init, seed=0)
        train(model, nn.binary_cross_entropy, (X, Y), SGD(model.parameters(), 0.5), epochs=5, batch_size=6)
        columns = layers(model)[0][0].T
        assert len(np.unique(columns.round(12), axis=0)) == different
        assert np.abs(columns).max() > 0  # zeros do move with sigmoid units …
    model = nn.MLP(3, [4, 3], "relu", init="zeros", seed=0)
    train(model, nn.binary_cross_entropy, (X, Y), SGD(model.parameters(), 0.5), epochs=5, batch_size=6)
    assert all(not w.any() for w, _ in layers(model))  # … and not with ReLU


def test_forward_propagation_of_every_x() -> None:
    model = nn.MLP(3, [4, 3], seed=0)
    expected = X
    for w, b in layers(model):
        expected = sigmoid(expected @ w + b)
    assert model.forward_array(X) == pytest.approx(expected, rel=1e-14)
    assert [v.data for v in model(X[5])] == pytest.approx(expected[5].tolist(), rel=1e-14)


@pytest.mark.parametrize("backend", ["auto", "eager"])
def test_one_step_is_w_minus_eta_times_the_average_gradient(backend: str) -> None:
    model, lam, eta, m = nn.MLP(3, [4, 3], seed=4), 0.5, 1e-3, len(X)
    before = np.array([p.data for p in model.parameters()])
    slopes = []
    for i, p in enumerate(model.parameters()):  # central differences of E, from NumPy
        ends = []
        for h in (1e-5, -1e-5):
            p.data = before[i] + h
            ends.append(objective(model, lam))
        p.data = before[i]
        slopes.append((ends[0] - ends[1]) / 2e-5)
    history = train(
        model, nn.binary_cross_entropy, (X, Y), SGD(model.parameters(), eta), epochs=1, batch_size=m, restarts=0,
        penalty=lambda: nn.l2_penalty(model, lam, m), backend=backend,
    )  # fmt: skip
    after = np.array([p.data for p in model.parameters()])
    assert after == pytest.approx(before - eta * np.array(slopes), abs=1e-11)
    assert history.gradient_norm[0] == pytest.approx(np.linalg.norm(slopes), rel=1e-6)


def test_only_misclassified_examples_are_picked_and_it_ends_when_there_are_none() -> None:
    model = nn.MLP(3, [9, 3], seed=0)
    history = train(
        model, nn.binary_cross_entropy, (X, Y), SGD(model.parameters(), 0.3), epochs=800, batch_size=1,
        sampler="misclassified",
    )  # fmt: skip
    wrong = [round((1 - a) * len(X)) for a in history.accuracy]
    assert history.steps == sum(wrong[:-1])
    assert history.stopped == "nothing misclassified"
    assert wrong[-1] == 0


def test_the_cost_is_verified_and_the_weights_are_perturbed_where_it_did_not_fall() -> None:
    model = nn.MLP(3, [4, 3], "relu", init="zeros", bias=False, seed=0)
    history = train(
        model, nn.binary_cross_entropy, (X, Y), SGD(model.parameters(), 0.1), epochs=4, batch_size=4, restarts=2, seed=1
    )
    assert history.restarts >= 1
    first = [c for c, attempt in zip(history.cost, history.attempt, strict=True) if attempt == 0]
    assert first == pytest.approx([3 * np.log(2)] * 5)
    assert history.gradient_norm[0] == 0.0  # necessary at an optimum, and not sufficient
    assert min(history.cost) < first[0]
    # the model is left with the best weights that were seen
    cost = np.mean([nn.binary_cross_entropy(model(x), int(y)).data for x, y in zip(X, Y, strict=True)])
    assert cost == pytest.approx(min(history.cost), rel=1e-12)


def test_at_an_optimum_the_average_gradient_vanishes_and_those_of_the_examples_do_not() -> None:
    t, model = (Y == 0).astype(float), nn.MLP(3, [1], seed=0)
    history = train(
        model, nn.binary_cross_entropy, (X, t), SGD(model.parameters(), 4.0), epochs=900, batch_size=len(X),
        restarts=0, penalty=lambda: nn.l2_penalty(model, 1.0, len(X)),
    )  # fmt: skip
    assert history.gradient_norm[history.best_epoch] < 1e-6
    norms = []
    for x, y in zip(X, t, strict=True):
        model.zero_grad()
        nn.binary_cross_entropy(model(x), y).backward()
        norms.append(np.linalg.norm([p.grad for p in model.parameters()]))
    assert max(norms) > 0.1


def test_a_program_that_is_compiled_already_gives_the_same_history() -> None:
    histories = []
    for ready in (False, True):
        model = nn.MLP(3, [4, 3], seed=0)
        program = None
        if ready:
            program = compile(lambda x, t, model=model: nn.binary_cross_entropy(model(x), t), model.parameters())
        histories.append(
            train(
                model,
                nn.binary_cross_entropy,
                (X, Y),
                SGD(model.parameters(), 0.2),
                epochs=3,
                batch_size=5,
                program=program,
            )
        )
    assert histories[0].cost == histories[1].cost
    small = nn.MLP(3, [3])
    with pytest.raises(ValueError, match=r"the program has 31 parameters, and the model has 12"):
        train(small, nn.binary_cross_entropy, (X, Y), SGD(small.parameters(), 0.2), batch_size=8, program=program)


# -- Alternatives to plain SGD -----------------------------------------------------------------------------------


def test_which_learning_rates_meet_the_sufficient_condition() -> None:
    inverse = InverseTime(1.0).conditions()
    assert inverse
    assert inverse.bound == pytest.approx(np.pi**2 / 6)
    k = np.arange(1, 200_000)
    assert np.sum([InverseTime(1.0)(int(i)) ** 2 for i in k[:5000]]) < np.pi**2 / 6
    line = LinearDecay(eta_0=0.5, eta_K=0.1, K=10)
    for i in range(1, 11):
        beta = i / 10
        assert line(i) == pytest.approx((1 - beta) * 0.5 + beta * 0.1)
    assert not Constant(0.1).conditions()
    assert not line.conditions()
    assert not Power(1.0, p=0.5).conditions()
    assert Power(1.0, p=0.75).conditions()


@pytest.mark.parametrize("alpha", [0.5, 0.9, 0.99])
def test_momentum_in_the_form_of_the_lecture(alpha: float) -> None:
    w, v, eta = 1.5, 0.0, 0.1
    p = SimpleNamespace(data=w, grad=0.0)
    optimizer = SGD([p], eta, momentum=alpha)
    for _ in range(50):
        g = w**3 - w
        v = alpha * v - eta * g
        w = w + v
        p.grad = p.data**3 - p.data
        optimizer.step()
        assert p.data == pytest.approx(w, rel=1e-12)


def test_adaptive_methods() -> None:
    def path(optimizer: type, **settings: float) -> Sequence[float]:
        p = SimpleNamespace(data=1.0, grad=0.0)
        made, seen = optimizer([p], 0.1, **settings), []
        for _ in range(30):
            p.grad = 2 * p.data
            made.step()
            seen.append(p.data)
        return seen

    w, G, adagrad = 1.0, 0.0, []
    for _ in range(30):
        g = 2 * w
        G += g * g
        w -= 0.1 * g / (np.sqrt(G) + 1e-10)
        adagrad.append(w)
    assert path(AdaGrad) == pytest.approx(adagrad, rel=1e-12)
    w, v, rms = 1.0, 0.0, []
    for _ in range(30):
        g = 2 * w
        v = 0.9 * v + 0.1 * g * g  # AdaGrad's sum becomes a moving average
        w -= 0.1 * g / (np.sqrt(v) + 1e-8)
        rms.append(w)
    assert path(RMSProp, alpha=0.9) == pytest.approx(rms, rel=1e-12)
    w, m, v, adam = 1.0, 0.0, 0.0, []
    for k in range(1, 31):
        g = 2 * w
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g  # momentum, and RMSProp
        w -= 0.1 * (m / (1 - 0.9**k)) / (np.sqrt(v / (1 - 0.999**k)) + 1e-8)
        adam.append(w)
    assert path(Adam) == pytest.approx(adam, rel=1e-10)
