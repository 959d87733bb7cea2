"""The first wrong line is found, and what only follows from it is not blamed."""

import json

import numpy as np
import pytest

import autograd as ag
from autograd import log, sigmoid, total
from autograd.check import check_derivation
from autograd.check.derivation_lines import target_of

rng = np.random.default_rng(1)
X, Y = rng.normal(size=3), np.array([1.0, 0.0])
AT = (rng.normal(size=(4, 3)), rng.normal(size=(2, 4)))


def forward(W1, W2):
    z1 = W1 @ X
    a1 = sigmoid(z1)
    z2 = W2 @ a1
    p = sigmoid(z2)
    loss = -total(Y * log(p) + (1 - Y) * log(1 - p))
    return {"z1": z1, "a1": a1, "z2": z2, "p": p, "y": Y, "x": X, "E": loss}


RIGHT = {
    "dp": lambda p, y: -y / p + (1 - y) / (1 - p),
    "dz2": lambda dp, p: dp * p * (1 - p),
    "dW2": lambda dz2, a1: np.outer(dz2, a1),
    "da1": lambda dz2, W2: W2.T @ dz2,
    "dz1": lambda da1, a1: da1 * a1 * (1 - a1),
    "dW1": lambda dz1, x: np.outer(dz1, x),
}


def test_a_right_derivation():
    report = check_derivation(forward, AT, RIGHT)
    assert report, str(report)
    assert report.first_wrong is None
    assert report.score == 1.0


MISTAKES = {
    "dp": lambda p, y: -y / p - (1 - y) / (1 - p),
    "dz2": lambda dp, p: dp * p,
    "dW2": lambda dz2, a1: 2 * np.outer(dz2, a1),
    "da1": lambda dz2, W2: W2.T @ (dz2**2),
    "dz1": lambda da1, a1, z1: da1 * z1 * (1 - z1),
    "dW1": lambda dz1, x: -np.outer(dz1, x),
}
BELOW = {"dp": 5, "dz2": 4, "dW2": 0, "da1": 2, "dz1": 1, "dW1": 0}


@pytest.mark.parametrize("name", RIGHT)
def test_one_wrong_line_and_its_consequences(name):
    report = check_derivation(forward, AT, {**RIGHT, name: MISTAKES[name]})
    assert report.first_wrong.name == name
    status = [line.status for line in report.lines]
    assert status.count("wrong") == 1
    assert status.count("consequence") == BELOW[name]
    assert name in str(report).splitlines()[0]


@pytest.mark.parametrize(("first", "second"), [("dp", "dz1"), ("dz2", "dW1"), ("dp", "dW2"), ("da1", "dz1")])
def test_two_wrong_lines_are_both_wrong_on_their_own(first, second):
    report = check_derivation(forward, AT, {**RIGHT, first: MISTAKES[first], second: MISTAKES[second]})
    assert [line.name for line in report.lines if line.status == "wrong"] == [first, second]
    assert report.score == pytest.approx(4 / 6)


def test_a_line_that_does_not_use_the_wrong_one_is_right():
    lines = {**RIGHT, "dp": MISTAKES["dp"], "dz2": lambda p, y: p - y}
    report = check_derivation(forward, AT, lines)
    assert [line.status for line in report.lines] == ["wrong"] + ["right"] * 5


def test_lines_may_be_left_out():
    report = check_derivation(
        forward,
        AT,
        {"dz2": lambda p, y: y - p, "dW1": lambda dz2, W2, a1, x: np.outer((W2.T @ dz2) * a1 * (1 - a1), x)},
    )
    assert [line.status for line in report.lines] == ["wrong", "consequence"]


def test_the_diagnosis_of_the_first_wrong_line_is_local():
    report = check_derivation(forward, AT, {**RIGHT, "dz1": lambda da1: da1})
    assert report.first_wrong.name == "dz1"
    assert report.first_wrong.diagnosis[0].kind == "missing-slope"


def test_a_shape_that_does_not_fit():
    report = check_derivation(forward, AT, {**RIGHT, "dW2": lambda dz2, a1: np.outer(a1, dz2)})
    assert report.first_wrong.name == "dW2"
    assert "transposed?" in report.first_wrong.reason
    assert [line.status for line in report.lines].count("wrong") == 1


def test_lines_by_other_names():
    lines = [("∂E/∂p", RIGHT["dp"]), ("the weighted input", "z2", RIGHT["dz2"]), ("dE/dW2", RIGHT["dW2"])]
    assert check_derivation(forward, AT, lines)
    assert [target_of(n) for n in ("dw", "d_w", "∂E/∂w", "dE/dw", "∂E/∂σ2")] == ["w", "w", "w", "w", "σ2"]


def test_the_report_as_data_and_page():
    report = check_derivation(forward, AT, {**RIGHT, "dp": MISTAKES["dp"]})
    data = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert data["first_wrong"] == "dp"
    assert [line["status"] for line in data["lines"]] == [line.status for line in report.lines]
    assert "WRONG" in report._repr_html_()
    with pytest.raises(AssertionError, match="the first wrong line is dp"):
        report.raise_if_wrong()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ({}, "at least one line"),
        ({"dz9": lambda p: p}, "'z9', which forward does not have"),
        ({"dp": lambda q: q}, "uses 'q'"),
        ({"dz2": lambda dp: dp}, "uses 'dp'"),
        ({"dp": lambda p: p / 0.0 * np.inf}, "not a finite number"),
        ({"dp": lambda p: p.nonsense}, "line dp raised AttributeError"),
        ({"dp": lambda p: None}, "line dp returned None: is a `return` missing"),
        ({"gradient": lambda p: p}, "cannot read"),
        ([3], "a line is"),
        ([(1, lambda p: p)], "a line is a name and a function"),
    ],
)
def test_a_derivation_that_is_none(lines, message):
    with pytest.raises((TypeError, ValueError), match=message):
        check_derivation(forward, AT, lines)


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda W1, W2: W1[0, 0], "must return a dict"),
        (lambda W1, W2: {"a": W1[0, 0]}, "no cost 'E'"),
        (lambda W1, W2: {"E": (W1[0, 0] * 0.0 - 1.0).log()}, "the forward pass has no value at `at`"),
    ],
)
def test_a_forward_pass_that_is_none(f, message):
    with pytest.raises((TypeError, ValueError), match=message):
        check_derivation(f, AT, RIGHT)


def test_a_matrix_that_is_not_transposed_in_a_line():
    """The weights are constants in such a line: the slip is one of the index of the coefficients."""
    x, weights = np.array([0.3, -0.8]), (np.array([[0.5, -1.1], [0.7, 0.2]]), np.array([[0.4, 1.3], [-0.6, 0.9]]))

    def forward(W1, W2):
        h = [ag.tanh(ag.dot(w, x)) for w in W1]
        o = [ag.dot(w, h) for w in W2]
        return {"h": h, "o": o, "E": sum((v - 1) ** 2 for v in o)}

    report = check_derivation(
        forward, weights, [("do", lambda o: 2 * (o - 1)), ("dh", lambda do, W2: W2 @ do)]
    )  # right: W2.T @ do
    assert report.first_wrong.name == "dh"
    assert report.first_wrong.diagnosis[0].kind == "transposed"


def test_a_mistake_with_what_the_lines_above_have_dealt_with():
    """∂E/∂p taken for ∂E/∂z²: no slope between ∂E/∂z² and ∂E/∂a¹ is wrong; the σ' above them is missing."""
    report = check_derivation(forward, AT, {**RIGHT, "da1": lambda dp, W2: W2.T @ dp})
    (first, *_) = report.first_wrong.diagnosis
    assert report.first_wrong.name == "da1"
    assert first.kind == "missing-slope"
    assert "the slope of sigmoid is missing" in first.text


def test_the_number_of_a_wrong_line_is_named_as_the_line():
    def forward(w):
        p = w * w
        return {"p": p, "E": p.sum()}

    report = check_derivation(forward, np.array([3.0, 2.0]), {"dp": lambda p: [1.0, 1.0], "dw": lambda dp, w: dp * w})
    assert "\ndw[0] is 3 in yours, from the lines above follows 6\n" in str(report)  # and not: w[0] is 3
