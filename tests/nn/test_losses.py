"""Costs: against mpmath and torch, at the ends of the number line, and what they refuse."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from autograd import DomainError, Value, grad, graph_stats, hessian, ieee, value_and_grad
from autograd.scope import watching

mp = mpmath.mp.clone()
mp.dps = 400  # log(1 + e^-800) must not be 0


def logits(smallest):
    number = st.one_of(st.floats(-5, 5), st.floats(-300, 300), st.sampled_from([0.0, 800.0, -800.0]))
    return st.lists(number, min_size=smallest, max_size=6)


def exact_bernoulli(z, y):
    E, slopes = mp.mpf(0), []
    for a, t in zip(z, y, strict=True):
        p = 1 / (1 + mp.exp(-mp.mpf(a)))
        q = 1 / (1 + mp.exp(mp.mpf(a)))
        E -= (t * mp.log(p) if t else 0) + ((1 - mp.mpf(t)) * mp.log(q) if t != 1 else 0)
        slopes.append(float(p - t))
    return float(E), slopes


def exact_softmax(z, y):
    top = sum(mp.exp(mp.mpf(a)) for a in z)
    E = -sum(t * mp.log(mp.exp(mp.mpf(a)) / top) for a, t in zip(z, y, strict=True) if t)
    return float(E), [float(mp.exp(mp.mpf(a)) / top * sum(y) - t) for a, t in zip(z, y, strict=True)]


@settings(max_examples=100, deadline=None)
@given(logits(1), st.data())
def test_bernoulli_from_logits(z, data):
    hard = data.draw(st.booleans())
    target = st.sampled_from([0.0, 1.0]) if hard else st.floats(0, 1)
    y = data.draw(st.lists(target, min_size=len(z), max_size=len(z)))
    got, slopes = value_and_grad(lambda z: nn.binary_cross_entropy_with_logits(z, y))(z)
    exact, exact_slopes = exact_bernoulli(z, y)
    tolerance = 1e-300 if hard else 1e-13 * (1 + max(map(abs, z)))  # exact, however small, for labels
    assert got == pytest.approx(exact, rel=1e-13, abs=tolerance)
    assert slopes == pytest.approx(exact_slopes, rel=1e-10, abs=1e-15)


@settings(max_examples=100, deadline=None)
@given(logits(2), st.data())
def test_softmax(z, data):
    c = data.draw(st.integers(0, len(z) - 1))
    exact, exact_slopes = exact_softmax(z, nn.one_hot(c, len(z)))
    for y in (c, nn.one_hot(c, len(z)), [float(k == c) for k in range(len(z))]):
        got, slopes = value_and_grad(lambda z, y=y: nn.cross_entropy(z, y))(z)
        assert got == pytest.approx(exact, rel=1e-12, abs=1e-300)  # exact, however small
        assert slopes == pytest.approx(exact_slopes, rel=1e-9, abs=1e-15)


@settings(max_examples=60, deadline=None)
@given(logits(2), st.integers(0, 99))
def test_softmax_with_soft_targets_and_with_targets_that_are_values(z, seed):
    y = np.random.default_rng(seed).dirichlet(np.ones(len(z)))
    exact, exact_slopes = exact_softmax(z, y)
    for target in (y, [Value(t) for t in y]):
        got, slopes = value_and_grad(lambda z, y=target: nn.cross_entropy(z, y))(z)
        assert got == pytest.approx(exact, rel=1e-12, abs=1e-12)
        assert slopes == pytest.approx(exact_slopes, rel=1e-9, abs=1e-14)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.001, 0.999), min_size=1, max_size=5), st.data())
def test_bernoulli_from_probabilities(p, data):
    y = data.draw(st.lists(st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1)), min_size=len(p), max_size=len(p)))
    expected = -sum(t * mp.log(a) + (1 - t) * mp.log(1 - mp.mpf(a)) for a, t in zip(p, y, strict=True))
    f6 = [-t / a + (1 - t) / (1 - a) for a, t in zip(p, y, strict=True)]  # (F6), with its sign put right
    for target in (y, [Value(t) for t in y]):
        got, slopes = value_and_grad(lambda p, y=target: nn.binary_cross_entropy(p, y))(p)
        assert got == pytest.approx(float(expected), rel=1e-12, abs=1e-12)
        assert slopes == pytest.approx(f6, rel=1e-9, abs=1e-9)


def test_both_forms_of_the_lectures_cost_agree_on_a_network():
    x, model = [0.3, -0.7], nn.MLP(2, [4, 3], seed=0)
    linear = nn.MLP(2, [4, 3], output="linear", seed=0)
    for y in (2, [0, 1, 1], [0.2, 0.5, 1.0]):
        one, other = nn.binary_cross_entropy(model(x), y), nn.binary_cross_entropy_with_logits(linear(x), y)
        model.zero_grad()
        linear.zero_grad()
        one.backward()
        other.backward()
        assert one.data == pytest.approx(other.data, rel=1e-14)
        assert [p.grad for p in model.parameters()] == pytest.approx([p.grad for p in linear.parameters()], rel=1e-11)


def test_torch_agrees():
    torch = pytest.importorskip("torch")
    F = torch.nn.functional
    z = [1.5, -2.0, 0.25]
    p = [0.9, 0.2, 0.6]
    hot = torch.tensor([[0.0, 0.0, 1.0]], dtype=torch.float64)

    def theirs(f, x):
        x = torch.tensor([x], dtype=torch.float64, requires_grad=True)
        E = f(x)
        E.backward()
        return E.item(), x.grad[0].tolist()

    for mine, f, x in (
        (lambda x: nn.cross_entropy(x, 2), lambda x: F.cross_entropy(x, torch.tensor([2])), z),
        (lambda x: nn.binary_cross_entropy(x, 2), lambda x: F.binary_cross_entropy(x, hot, reduction="sum"), p),
        (
            lambda x: nn.binary_cross_entropy_with_logits(x, 2),
            lambda x: F.binary_cross_entropy_with_logits(x, hot, reduction="sum"),
            z,
        ),
        (lambda x: nn.mse(x, [0.0, 0.0, 1.0]), lambda x: F.mse_loss(x, hot), z),
    ):
        got, slopes = value_and_grad(mine)(x)
        expected, expected_slopes = theirs(f, x)
        assert got == pytest.approx(expected, rel=1e-12)
        assert slopes == pytest.approx(expected_slopes, rel=1e-12)


def test_second_derivatives():
    z = np.array([0.5, -1.0, 2.0])
    p = np.exp(z) / np.exp(z).sum()
    assert hessian(lambda z: nn.cross_entropy(z, 1))(z) == pytest.approx(np.diag(p) - np.outer(p, p), abs=1e-14)
    s = 1 / (1 + np.exp(-z))
    got = hessian(lambda z: nn.binary_cross_entropy_with_logits(z, 1))(z)
    assert got == pytest.approx(np.diag(s * (1 - s)), abs=1e-14)


def test_mse():
    assert nn.mse([Value(1.0), Value(4.0)], [0.0, 2.0]).data == 2.5
    assert nn.mse(Value(3.0), 1).data == 4.0
    assert grad(lambda t: nn.mse([1.0, 4.0], t))([0.0, 2.0]) == [-1.0, -2.0]
    assert grad(lambda p: nn.mse(p, np.array([0.0, 2.0])))([1.0, 4.0]) == [1.0, 2.0]
    for target in ([1.0], 1.0, [1.0, 2.0, 3.0]):
        with pytest.raises(ValueError, match=r"2 predictions and [13] targets"):
            nn.mse([Value(1.0), Value(2.0)], target)
    for bad in (float("nan"), float("inf"), None, "1"):
        with pytest.raises(ValueError, match=r"target 1 is .*, not a finite number"):
            nn.mse([Value(1.0), Value(2.0)], [0.0, bad])


def test_a_label_and_its_one_hot_row_make_the_same_graph():
    for cost in (nn.binary_cross_entropy, nn.binary_cross_entropy_with_logits, nn.cross_entropy):
        values = {
            (E.data, str(graph_stats(E)))
            for y in (1, np.int64(1), np.array(1), 1.0, [0, 1, 0], np.array([0.0, 1.0, 0.0]), nn.one_hot(1, 3))
            for E in [cost([Value(0.25), Value(0.5), Value(0.75)], y)]
        }
        assert len(values) == 1


def test_one_output():
    for y in (1, 1.0, True, [1], np.array([1.0])):
        assert nn.binary_cross_entropy(Value(0.25), y).data == pytest.approx(np.log(4))
        assert nn.binary_cross_entropy([Value(0.25)], y).data == pytest.approx(np.log(4))
        assert nn.binary_cross_entropy_with_logits(Value(0.0), y).data == pytest.approx(np.log(2))
    assert graph_stats(nn.binary_cross_entropy(Value(0.25), 1)).operations == {"log": 1, "neg": 1}


@pytest.mark.parametrize("traced", [False, True])
def test_nobody_looks_at_the_numbers(traced):
    model = nn.MLP(2, [3, 2], output="linear", seed=0)
    looked = []
    y = [Value(0.0), Value(1.0)] if traced else [0.0, 1.0]
    with watching(lambda value, what: looked.append(what)):
        z = model([Value(0.5), Value(1.0)])
        for cost in (nn.binary_cross_entropy_with_logits, nn.cross_entropy, nn.mse):
            cost(z, y)
        nn.binary_cross_entropy([v.sigmoid() for v in z], y)
        nn.l2_penalty(model, 0.1, 5)
    assert not looked


# -- The penalty -------------------------------------------------------------------------------------------------


def test_penalty_is_over_weights_and_not_biases():
    model = nn.MLP(2, [3, 1], seed=0)
    for p in model.parameters():
        p.data += 1.0
    E = nn.l2_penalty(model, 0.3, 20)
    weights = [w for layer in model.layers for u in layer.neurons for w in u.w]
    assert E.data == pytest.approx(0.3 / 40 * sum(w.data**2 for w in weights), rel=1e-14)
    E.backward()
    assert [w.grad for w in weights] == pytest.approx([0.3 / 20 * w.data for w in weights], rel=1e-14)
    assert {u.b.grad for layer in model.layers for u in layer.neurons} == {0.0}
    everything = model.parameters()
    assert nn.l2_penalty(everything, 0.3, 20).data == pytest.approx(0.3 / 40 * sum(p.data**2 for p in everything))
    assert nn.l2_penalty(model, 0, 20).data == 0.0


def test_penalty_refuses():
    model = nn.MLP(2, [1], seed=0)
    for lam in (-0.1, float("nan"), float("inf"), "0.1", None, True):
        with pytest.raises(ValueError, match="lam, the λ"):
            nn.l2_penalty(model, lam, 10)
    for m in (0, -1, 2.5, float("nan"), float("inf"), None):
        with pytest.raises(ValueError, match="m, the number of examples"):
            nn.l2_penalty(model, 0.1, m)
    for none in ([], nn.Module()):
        with pytest.raises(ValueError, match="no weights"):
            nn.l2_penalty(none, 0.1, 10)
    for bad in ([1.0], [model]):
        with pytest.raises(TypeError, match="over Values"):
            nn.l2_penalty(bad, 0.1, 10)


# -- What is refused ---------------------------------------------------------------------------------------------

COSTS = [nn.binary_cross_entropy, nn.binary_cross_entropy_with_logits, nn.cross_entropy]


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (3, ValueError, r"label 3 is not a whole number in 0\.\.2"),
        (-1, ValueError, "label -1"),
        (0.5, ValueError, "label 0.5"),
        (float("nan"), ValueError, "label nan"),
        ([0, 1], ValueError, "y has 2 entries, and there are 3 outputs"),
        ([0, 1, 0, 0], ValueError, "y has 4 entries"),
        ([0, 1.5, 0], ValueError, r"target 1 is 1.5: a target of cross-entropy is in \[0, 1\]"),
        ([0, 0, -0.1], ValueError, "target 2 is -0.1"),
        ([0, float("nan"), 0], ValueError, "target 1 is nan"),
        ([[0, 1, 0]], ValueError, "y has 1 entry"),
        ([[0], [1], [0]], TypeError, "target 0 is .*of one example"),
        (Value(1.0), TypeError, "one_hot"),
        ("1", TypeError, "y is a Value, a number, or a list"),
        (None, TypeError, "y is a Value, a number, or a list"),
    ],
)
def test_bad_targets(cost, y, error, message):
    with pytest.raises(error, match=message):
        cost([Value(0.2), Value(0.3), Value(0.5)], y)


@pytest.mark.parametrize("cost", COSTS[:2])
@pytest.mark.parametrize(
    ("y", "message"),
    [
        (2, r"target 0 is 2: .* is in \[0, 1\]\. For more than two classes a network needs an output for each$"),
        (-1, r"target 0 is -1: .* is in \[0, 1\]\. For labels -1 and 1 write \(y \+ 1\) / 2$"),
        (1.5, r"target 0 is 1\.5: .* is in \[0, 1\]$"),
        ([0, 1], "y has 2 entries"),
    ],
)
def test_bad_targets_of_one_output(cost, y, message):
    with pytest.raises(ValueError, match=message):
        cost(Value(0.5), y)


@pytest.mark.parametrize("cost", COSTS)
def test_bad_outputs(cost):
    with pytest.raises(ValueError, match="is empty"):
        cost([], 0)
    with pytest.raises(TypeError, match="add up the costs"):
        cost([[Value(0.5), Value(0.5)]] * 2, [0, 1])
    with pytest.raises(TypeError, match="got 'ab'"):
        cost("ab", 0)


def test_softmax_needs_two_classes_and_targets_that_sum_to_one():
    with pytest.raises(ValueError, match="use binary_cross_entropy_with_logits"):
        nn.cross_entropy(Value(1.0), 0)
    with pytest.raises(ValueError, match="sum to 1"):
        nn.cross_entropy([Value(1.0), Value(2.0)], [0.5, 0.4])
    with pytest.raises(ValueError, match="sum to 1"):
        nn.cross_entropy([Value(1.0), Value(2.0)], [1, 1])


@pytest.mark.parametrize(("p", "y"), [(0.0, 1), (1.0, 0), (1.0, 0.5), (0.0, Value(1.0)), (1.0, Value(1.0))])
def test_a_saturated_sigmoid_says_which_cost_to_use(p, y):
    with pytest.raises(DomainError, match="binary_cross_entropy_with_logits") as caught:
        nn.binary_cross_entropy(Value(p, "σ_1^2"), y)
    assert caught.value.labels == ("σ_1^2",)
    assert caught.value.where[0] == __file__


def test_a_sure_and_right_answer_costs_nothing():
    assert nn.binary_cross_entropy([Value(1.0), Value(0.0)], 0).data == 0.0
    with ieee():
        assert nn.binary_cross_entropy(Value(0.0), 1).data == np.inf


@pytest.mark.parametrize("p", [-0.1, 1.5, 40.0])
def test_logits_taken_for_probabilities(p):
    with pytest.raises(ValueError, match=f"output 1 is {p}, not a probability"):
        nn.binary_cross_entropy([Value(0.5), Value(p)], 0)


def test_one_hot():
    assert nn.one_hot([2, 0], 3).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert nn.one_hot(1, 2).tolist() == [0, 1]
    assert nn.one_hot([], 2).shape == (0, 2)
    assert nn.one_hot(np.array([1.0, 0.0]), 2).dtype == np.float64
    for bad, row in (([0, 3], 1), ([0, 1, -1], 2), ([0.5], 0), ([0, float("nan")], 1)):
        with pytest.raises(ValueError, match=rf"y\[{row}\] is .*labels are whole numbers from 0 to 2"):
            nn.one_hot(bad, 3)
    for K in (0, 2.5, True, None):
        with pytest.raises(ValueError, match="K, the number of classes"):
            nn.one_hot([0], K)
    with pytest.raises(ValueError, match=r"shape \(1, 2\)"):
        nn.one_hot([[0, 1]], 2)


def test_the_arguments_the_wrong_way_round():
    with pytest.raises(DomainError, match="swapped"):
        nn.binary_cross_entropy(1, Value(0.3))


class Boxed:  # as a tensor of torch
    def __init__(self, numbers):
        self.numbers, self.ndim = numbers, np.ndim(numbers)

    def tolist(self):
        return self.numbers

    def __iter__(self):
        return map(Boxed, self.numbers)


@pytest.mark.parametrize("box", [Boxed, np.array])
def test_targets_in_a_box(box):
    z = [Value(0.5), Value(-1.0)]
    assert nn.cross_entropy(z, box(1)).data == nn.cross_entropy(z, 1).data
    assert nn.cross_entropy(z, box([0.25, 0.75])).data == nn.cross_entropy(z, [0.25, 0.75]).data
    assert nn.mse(z[0], box(2.0)).data == nn.mse(z[0], box([2.0])).data == 2.25
    assert nn.binary_cross_entropy_with_logits(z, box([1, 0])).data == (
        nn.binary_cross_entropy_with_logits(z, [1, 0]).data
    )
    assert nn.binary_cross_entropy_with_logits(z[0], box(1)).data == z[0].data * -1 + z[0].softplus().data
