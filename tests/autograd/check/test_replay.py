"""The graph of one point, run again at others: the same numbers as f itself, or it is not used."""

import numpy as np
import pytest

import autograd as ag
from autograd import Value, gradcheck
from autograd.check.replay import Tape
from autograd.reverse import gradient

FS = {
    "chain of sums": lambda x: sum(v * v for v in x) - x[0] + x[1] - 2.0 + x[0],
    "dot with itself": lambda x: ag.dot(x, x, x[0]) + ag.dot(x, [1.0, 2.0, 3.0]),
    "kinks": lambda x: ag.relu(x[0]) + ag.maximum(x[1], x[2]) + abs(x[0] - x[2]),
    "powers": lambda x: x[0] ** 2 + (1 + x[1] * x[1]) ** x[2] + ag.total(list(x)),
}


@pytest.mark.parametrize("name", FS)
def test_a_replay_gives_what_f_gives(name):
    f, rng = FS[name], np.random.default_rng(4)
    points = rng.normal(size=(6, 3))
    leaves = [Value(v) for v in points[0]]
    tape = Tape(f(leaves), leaves)
    values, signs = tape.at(points)
    slopes, sizes = tape.backwards(tape.run(points))
    for k, point in enumerate(points):
        here = [Value(v) for v in point]
        root = f(here)
        assert values[k] == pytest.approx(root.data, rel=1e-13)
        assert slopes[:, k] == pytest.approx(gradient(root, here), rel=1e-12)
    assert (sizes >= np.abs(slopes) * (1 - 1e-12)).all()
    assert len(signs) == (3 if name == "kinks" else 0)


def test_a_point_where_f_is_not_defined_is_nan():
    x = Value(2.0)
    values, _ = Tape(ag.log(x) + ag.sqrt(x), [x]).at(np.array([[2.0], [-1.0], [0.0]]))
    assert np.isnan(values).tolist() == [False, True, True]


def test_rounding_inside_a_long_sum_is_counted():
    """1e8 + 1e-4 - 1e8: the digits are lost inside the chain, which is one operation here."""
    x = Value(1e-4)
    root = 1e8 + x - 1e8
    tape = Tape(root, [x])
    assert len(tape.batches) == 1
    assert abs(root.data - 1e-4) <= tape.rounding(tape.run(np.array([[1e-4]])))[0] < 1e-7
    shaken = tape.run(np.full((20, 1), 1e-4), np.random.default_rng(0))[tape.root]
    assert np.ptp(shaken) > 1e-9


def test_where_f_reads_a_number_it_is_called_itself(monkeypatch):
    """`_data` is not noticed when it is read; that f is another one at other points is."""
    calls = []
    monkeypatch.setattr(Tape, "at", lambda *a: calls.append(a))
    report = gradcheck(lambda x: x * x._data, 3.0, lambda x: x)  # the engine thinks so, too
    assert report.verdict == "cannot tell"
    assert "finite differences" in report.reason
    assert calls == []
