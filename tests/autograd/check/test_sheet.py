"""The lecture's formula sheet is read as it is printed, and the checker finds what is right in it."""

import json
import re

import numpy as np
import pytest

from autograd.check.report import markup
from autograd.check.sheet.derivation import sheet_derivation
from autograd.check.sheet.examine import examine
from autograd.check.sheet.formulas import FormulaSheet, formula_sheet, formulas
from autograd.check.sheet.indexed import calculate, latex, read, symbol
from autograd.check.sheet.network import EXAMPLES, LAMBDA, L, Run, Setting, along_outputs, along_weights
from autograd.check.sheet.program import read_program
from autograd.check.sheet.slips import repairs

# -- Reading ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "printed",
    [
        *(text.partition(" = ")[2] for name, text in formulas().items() if name != "F7"),
        *(str(line.right) for line in read_program(formulas()["F7"]).lines),
        "Σ_{k=1}^{s_{l-1}} w_kj^l σ_k^{l-1}",
    ],
)
def test_a_formula_that_was_read_prints_as_it_was(printed):
    plain = lambda text: re.sub(r"[ ·()]", "", text)  # noqa: E731
    assert plain(str(read(printed))) == plain(printed)
    assert str(read(str(read(printed)))) == str(read(printed))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 - 2 - 3", -4),
        ("- 2 - 3/(4 2)", -2.375),
        ("λ/(2m) w_ij^l", 0.3 / 8 * 7),
        ("1/(1 + e^{-sum})", 1 / (1 + np.exp(-7))),
        ("Σ_{p=1}^{s_{l}} 2 w_ip^l - 1", 3 * 13),
    ],
)
def test_a_formula_is_calculated_as_it_stands(text, value):
    known = {"λ": 0.3, "m": 4.0}
    assert calculate(read(text), lambda s, _: known.get(s.name, 7.0), lambda _: 3, {"i": 0, "j": 0}) == pytest.approx(
        value
    )


@pytest.mark.parametrize("text", ["σ_j^l @ 2", "(1 - σ_j^l", "1 -", "1 /", "()"])
def test_what_cannot_be_read_is_said(text):
    with pytest.raises(ValueError):
        read(text)


def test_repairs_are_one_slip_away():
    found = {str(r.formula) for r in repairs(read("- y_j/σ_j^L - (1 - y_j)/(1 - σ_j^L)"), "j")}
    assert "- y_j/σ_j^L + (1 - y_j)/(1 - σ_j^L)" in found
    assert "- y_j/σ_j^L - (1 - y_j)/(1 - σ_j^L)" not in found
    found = {str(r.formula): r.what for r in repairs(read("σ_j^l + λ/(2m) w_ij^l"), "ij")}
    assert found["σ_j^l + λ/m w_ij^l"] == "λ/(2m) w_ij^l lacks a factor 2"


def test_latex():
    assert latex(read("λ/(2m) w_ij^l")) == r"\frac{\lambda}{2 m} w_{ij}^{l}"
    assert latex(symbol("σ_j^{l+1}")) == r"\sigma_{j}^{l+1}"


# -- The network --------------------------------------------------------------------------------------------------


def test_the_network_is_the_lectures():
    s = Setting.draw(3)
    total = 0.0
    for x, y in zip(s.features, s.labels, strict=True):
        σ = x
        for w in s.weights[1:]:
            σ = 1 / (1 + np.exp(-(σ @ w)))
        total += -(y * np.log(σ) + (1 - y) * np.log(1 - σ)).sum() / EXAMPLES
    total += LAMBDA / (2 * EXAMPLES) * sum((w**2).sum() for w in s.weights[1:])
    costs = [Run(s.weights, x, y).cost.data for x, y in zip(s.features, s.labels, strict=True)]
    assert np.mean(costs) == pytest.approx(total, rel=1e-13)


# -- The verdicts, derived here once more with NumPy ---------------------------------------------------------------


def true_gradients(s):
    """∂E/∂σ^l and ∂E/∂w^l of one example, in vector form."""
    σ, y = [s.features[0]], s.labels[0]
    for w in s.weights[1:]:
        σ.append(1 / (1 + np.exp(-(σ[-1] @ w))))
    dσ = {L: -y / σ[L] + (1 - y) / (1 - σ[L])}
    dw = {}
    for layer in range(L, 0, -1):
        d = dσ[layer] * σ[layer] * (1 - σ[layer])
        dw[layer] = np.outer(σ[layer - 1], d) + LAMBDA / EXAMPLES * s.weights[layer]
        dσ[layer - 1] = s.weights[layer] @ d
    return dσ, dw


def test_the_networks_gradients_are_true():
    s = Setting.draw(5)
    dσ, dw = true_gradients(s)
    run = Run(s.weights, s.features[0], s.labels[0]).backward()
    for layer in range(1, L + 1):
        np.testing.assert_allclose([[v.grad for v in row] for row in run.w[layer]], dw[layer], rtol=1e-12)
        np.testing.assert_allclose([v.grad for v in run.σ[layer]], dσ[layer], rtol=1e-12)


@pytest.mark.parametrize(
    ("lhs", "rhs", "verdict"),
    [
        ("σ_j^L", "- y_j/σ_j^L + (1 - y_j)/(1 - σ_j^L)", "right"),
        ("σ_j^L", "(1 - y_j)/(1 - σ_j^L) - y_j/σ_j^L", "right"),
        ("σ_j^L", "y_j/σ_j^L - (1 - y_j)/(1 - σ_j^L)", "wrong"),
    ],
)
def test_another_printed_formula_gets_its_own_verdict(lhs, rhs, verdict):
    row = examine("?", lhs, rhs, "E of one example", along_outputs(Setting.draw(1), [L]), 0)
    assert row.verdict == verdict
    assert (row.slip == "the sign of the whole") == (verdict == "wrong")


def test_two_slips_in_one_formula():
    rhs = "∂E/∂σ_i^l σ_j^l (1 - σ_j^l) σ_i^{l-1} - λ/(2m) w_ij^l"
    wrong = "∂E/∂σ_j^l σ_j^l (1 - σ_j^l) σ_i^{l-1} - λ/(2m) w_ij^l"
    checks = along_weights(Setting.draw(1), [2])
    row = examine("?", "w_ij^l", wrong, "", checks, 0)
    assert "the sign before λ/(2m) w_ij^l" in row.slip
    assert "lacks a factor 2" in row.slip
    assert examine("?", "w_ij^l", rhs, "", checks, 0).verdict == "wrong"


# -- The sheet ----------------------------------------------------------------------------------------------------


def test_every_formula_of_the_sheet_is_there(sheet):
    assert [r.name for r in sheet] == sorted(r.name for r in sheet)
    assert {r.name for r in sheet} == {f"F{k}" for k in range(1, 10)}
    assert all(r.verdict in ("right", "wrong", "not differentiable here") for r in sheet)


def test_the_corrected_formulas_are_the_true_gradients(sheet):
    """Every correction, calculated with true numbers, against the gradients derived above."""
    s = Setting.draw(11)
    dσ, dw = true_gradients(s)
    run = Run(s.weights, s.features[0], s.labels[0]).backward()
    checked = 0
    for row in sheet:
        if not row.corrected.startswith("∂E/∂") or "m_b" in row.corrected or "1/m (" in row.corrected:
            continue
        left, right = row.corrected.split(" = ")
        below = symbol(left.removeprefix("∂E/∂"))
        layer = L if below.layer == "L" else 2
        truth = {"σ": dσ, "w": dw}[below.name][layer]
        for place in np.ndindex(truth.shape):
            at = dict(zip(below.indices, place, strict=True))
            look = lambda what, indices, layer=layer: run.look(what, indices, layer)  # noqa: E731
            assert calculate(read(right), look, lambda _: 3, at) == pytest.approx(truth[place], rel=1e-10)
        checked += 1
    assert checked >= 4


def test_as_printed_has_no_parentheses_that_are_not_printed(sheet):
    (row,) = [row for row in sheet if row.name == "F8"]
    assert r"\sum_{i=1}^{m_b} - \frac" in row.latex
    assert r"\sum_{i=1}^{m_b} \left(- \frac" in row.corrected_latex
    again = examine("F8", *row.corrected.removeprefix("∂E/∂").split(" = "), "", {}, 0)
    assert again.latex == row.corrected_latex


def test_a_wrong_row_has_its_evidence_and_a_right_one_its_accuracy(sheet):
    for row in sheet:
        if row.verdict == "wrong":
            assert row.slip
            assert row.corrected
            assert row.evidence["wrong"] > 0
            if "printed" in row.evidence:
                assert row.evidence["printed"] != pytest.approx(row.evidence["true"])
        elif row.verdict == "right" and "error" in row.evidence:
            assert row.evidence["error"] < 1e-12


def test_the_verdicts_do_not_depend_on_the_numbers_drawn(sheet):
    other = formula_sheet(seed=7)
    assert [(r.verdict, r.slip, r.corrected) for r in other] == [(r.verdict, r.slip, r.corrected) for r in sheet]


def test_the_sheet_can_be_shown(sheet):
    assert isinstance(sheet, FormulaSheet)
    assert json.loads(json.dumps(sheet.to_dict()))[0]["name"] == "F1"
    assert sheet.markdown().count("\n") == len(sheet) + 1
    assert sheet._repr_html_().count("<tr>") == len(sheet) + 1
    assert all(row.printed in str(sheet) for row in sheet)


def test_indices_are_set_below_and_above():
    assert markup("w_jp^{l+1} & Σ_{p=1}^{s_{l+1}}") == (
        "w<sub>jp</sub><sup>l+1</sup> &amp; Σ<sub>p=1</sub><sup>s<sub>l+1</sub></sup>"
    )
    assert markup("<i>^2") == "&lt;i&gt;<sup>2</sup>"


def test_the_sheet_as_a_derivation(sheet):
    report = sheet_derivation()
    wrong = {r.name for r in sheet if r.verdict == "wrong"}
    for line in report.lines:
        assert (line.status == "wrong") == (re.search(r"\((F\d)\)", line.name)[1] in wrong)
    assert report.first_wrong is report.lines[0]
