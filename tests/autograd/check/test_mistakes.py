"""The bug lab: each mistake does what its text says, and nothing is left switched on."""

import math

import numpy as np
import pytest

from autograd import Value, reverse
from autograd.check import mistakes
from autograd.check.wrong_slopes import edits, evaluate, right_slope, wrong_slopes
from autograd.expression import symbol, write
from autograd.op import SumOp
from autograd.rules import RULES

OPERATIONS = [op for op in RULES.values() if op.slopes and not isinstance(op, SumOp)]


def test_without_a_mistake_it_is_the_chain_rule():
    x, y = Value(0.7), Value(-1.2)
    f = (x * y).tanh() + x**3 / y + (x * x).exp()
    mistakes.backward(f)
    wrong = (x.grad, y.grad)
    x.grad = y.grad = 0
    f.backward()
    assert wrong == pytest.approx((x.grad, y.grad), rel=1e-14)


def test_overwrite_keeps_the_last_contribution_only():
    x = Value(3.0)
    y = x * x + x
    mistakes.backward(y, "overwrite")
    assert x.grad in (1.0, 3.0)  # one of the contributions 3, 3 and 1; the right answer is their sum, 7


def test_stale_gradients_inside_the_graph_give_45_for_the_cube():
    x = Value(3.0)
    y = x * x * x
    with mistakes.stale():
        y.backward()
        first = x.grad
        x.grad = 0
        y.backward()
    assert first == 27.0
    assert x.grad == 45.0


def test_in_any_order_a_node_passes_on_too_little():
    x = Value(2.0)
    h = x * 3.0
    f = h + h * h * h  # h is met before all that it contributes to is done
    with mistakes.any_order:
        f.backward()
    wrong = x.grad
    x.grad = 0
    f.backward()
    assert wrong != pytest.approx(x.grad)


def test_without_zero_grad_every_pass_adds_to_those_before():
    x = Value(2.0)
    with mistakes.no_zero_grad():
        for _ in range(3):
            x.grad = 0.0
            (x * 5.0).backward()
    assert x.grad == 15.0
    x.grad = 0.0
    (x * 5.0).backward()
    assert x.grad == 5.0


def test_a_missing_a_wrong_and_a_negative_slope():
    for mistake, expected in (
        (mistakes.missing_slope("tanh"), 1.0),
        (mistakes.wrong_sign("tanh"), math.tanh(0.4) ** 2 - 1),
        (mistakes.wrong_slope("tanh", "1 - z"), 1 - math.tanh(0.4)),
    ):
        x = Value(0.4)
        with mistake:
            x.tanh().backward()
        assert x.grad == pytest.approx(expected, rel=1e-14)


def test_mistakes_can_be_made_together():
    x = Value(0.4)
    with mistakes.wrong_sign("sin"), mistakes.missing_slope("tanh"):
        x.tanh().sin().backward()
    assert x.grad == pytest.approx(-math.cos(math.tanh(0.4)))


def test_nothing_stays_switched_on_even_after_an_error():
    right = reverse.backward
    with pytest.raises(RuntimeError, match="stop"), mistakes.overwrite():
        raise RuntimeError("stop")
    assert reverse.backward is right


def test_unknown_mistakes_are_named():
    with pytest.raises(ValueError, match=r"no mistake 'typo'.*overwrite"):
        mistakes.backward(Value(1.0) * 2.0, "typo")
    with pytest.raises(ValueError, match=r"not in the table of mistakes for tanh.*1 - z"):
        mistakes.wrong_slope("tanh", "17")
    with pytest.raises(KeyError, match="no operation"):
        mistakes.missing_slope("tan_h")


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.name)
def test_the_right_slope_is_written_out_and_never_among_the_wrong_ones(op):
    numbers = {"x": np.array([0.3, 0.6]), "y": np.array([0.8, 0.4]), "u": np.array([0.5, 0.7])}
    args = [numbers[n] for n in ("x", "y", "u")[: op.arity]]
    names = {**numbers, "z": np.asarray(op.array(*args), float)}
    for i, rule in enumerate(op.slopes):
        tree = right_slope(op, i)
        if rule is None:
            assert tree is None
            assert wrong_slopes(op, i) == []
            continue
        expected = np.broadcast_to(op.slope(i, names["z"], args), (2,))
        assert evaluate(tree, names) == pytest.approx(expected, rel=1e-12)
        wrong = wrong_slopes(op, i)
        assert tree not in [w.slope for w in wrong]
        assert len({w.slope for w in wrong}) == len(wrong)


def test_edits_are_small():
    z = symbol("z")
    texts = [write(e) for e in edits(1 - z * z, ["z", "x"])]
    assert {"1", "1 - z", "1 + z * z", "z * z - 1", "1 - x * z"} <= set(texts)
    assert "1 - z * z" not in texts
