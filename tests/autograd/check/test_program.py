"""F7 is a program: it is read, run literally, and mended by a search that knows nothing of F7."""

import numpy as np
import pytest

from autograd.check.sheet.formulas import formula_sheet
from autograd.check.sheet.loop import Machine, Missing, Points, program_row, update_row
from autograd.check.sheet.network import EXAMPLES, LAMBDA, LEARNING_RATE, L, Setting
from autograd.check.sheet.program import Bound, edits, read_program, read_statement

BACK = "∂E/∂σ_j^l = Σ_{p=1}^{s_{l+1}} ∂E/∂σ_p^{l+1} σ_p^{l+1} (1 - σ_p^{l+1}) w_jp^{l+1}"
WEIGHTS = "∂E/∂w_ij^l = ∂E/∂σ_j^l σ_j^l (1 - σ_j^l) σ_i^{l-1} + λ/m w_ij^l"
UPDATE = "w_ij^l = w_ij^l - η ∂E/∂w_ij^l"
GIVEN = (
    read_statement("∂E/∂σ_j^L = - y_j/σ_j^L + (1 - y_j)/(1 - σ_j^L)"),
    read_statement("∂E/∂w_ij^l = ∂E/∂σ_j^l ∂σ_j^l/∂sum_j^l ∂sum_j^l/∂w_ij^l + λ/m w_ij^l", Bound(True, 0)),
)


def loop(header="for l = L-1 down to 1:", body=(BACK, WEIGHTS), after=(UPDATE,)):
    return read_program("\n".join([header, *(f"  {line}" for line in body), *after]))


@pytest.fixture(scope="module")
def points():
    return Points(0, GIVEN)


def descended(setting, example):
    """w - η ∂E/∂w with NumPy alone."""
    σ, y = [setting.features[example]], setting.labels[example]
    for w in setting.weights[1:]:
        σ.append(1 / (1 + np.exp(-(σ[-1] @ w))))
    d, new = -y / σ[L] + (1 - y) / (1 - σ[L]), {}
    for layer in range(L, 0, -1):
        d = d * σ[layer] * (1 - σ[layer])
        w = setting.weights[layer]
        new[layer] = w - LEARNING_RATE * (np.outer(σ[layer - 1], d) + LAMBDA / EXAMPLES * w)
        d = w @ d
    return new


def test_the_right_program_is_gradient_descent():
    found = Machine(Setting.draw(4), 2).run(loop(), GIVEN)
    for layer, w in descended(Setting.draw(4), 2).items():
        np.testing.assert_allclose(found[layer], w, rtol=1e-12)


def test_lines_are_carried_out_literally():
    """Updating inside the loop spoils what comes later: layer 1 is calculated with the new w^2."""
    setting = Setting.draw(4)
    found = Machine(setting, 2).run(loop(body=(BACK, WEIGHTS, UPDATE), after=()), GIVEN)
    wanted = descended(setting, 2)
    np.testing.assert_allclose(found[2], wanted[2], rtol=1e-12)
    assert not np.allclose(found[1], wanted[1], rtol=1e-9)
    np.testing.assert_array_equal(found[L], setting.weights[L])  # nobody updates the last layer


@pytest.mark.parametrize("header", ["for l = L down to 1:", "for l = 1 to L-1:", "for l = L-1 down to 0:"])
def test_a_line_that_cannot_be_carried_out_is_named(header):
    with pytest.raises(Missing, match=r"∂E/∂σ_j\^l with l = \d"):
        Machine(Setting.draw(0), 0).run(loop(header), GIVEN)


@pytest.mark.parametrize("text", ["for l = L-1 down to 2:", "for l = 1 to L-1:", "for l = L down to 0:"])
def test_headers_print_as_they_were_read(text):
    assert loop(text).header + ":" == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (UPDATE, "needs one line such as"),
        (f"for l in layers:\n  {UPDATE}", "cannot read 'for l in layers:'"),
        (f"for l = K down to 1:\n  {UPDATE}", "bound 'K'"),
        (f"for l = L 2 down to 1:\n  {UPDATE}", "bound 'L 2'"),
        (f"for l = L-1 down to 1:\n{UPDATE}", "indented"),
        ("for l = L-1 down to 1:\n  w_ij^l", "no = in"),
        ("for l = L-1 down to 1:\n  w_ij^l = w_ij^l -", "missing"),
        ("for l = L-1 down to 1:\n  q_i = 1", "'q_i' is not a symbol"),
    ],
)
def test_what_cannot_be_read_is_said(text, said):
    with pytest.raises(ValueError, match=said):
        read_program(text)


def test_no_edit_is_the_program_itself():
    program = loop(body=(BACK, WEIGHTS, UPDATE), after=())
    found = list(edits(program))
    assert program not in [e.program for e in found]
    assert {e.of_line for e in found} == {True, False}


# -- What the search says, for programs with slips of which it was not told ------------------------------------------

PLUS = UPDATE.replace("-", "+")
SLIPS = [
    (loop("for l = L-1 down to 2:"), "the loop ends one layer too early: for l = L-1 down to 1"),
    (loop("for l = L-1 down to 0:"), "the loop ends one layer too late: for l = L-1 down to 1"),
    (loop("for l = L down to 1:"), "the loop starts one layer too early: for l = L-1 down to 1"),
    (loop("for l = L-2 down to 1:"), "the loop starts one layer too late: for l = L-1 down to 1"),
    (loop("for l = 1 to L-1:"), "the loop runs the wrong way: for l = L-1 down to 1"),
    (loop(body=(WEIGHTS, BACK)), "the line ∂E/∂σ_j^l = … belongs before the line ∂E/∂w_ij^l = …"),
    (loop(body=(BACK, WEIGHTS, UPDATE), after=()), "the line w_ij^l = … belongs after the loop, for every layer"),
    (loop(after=(PLUS,)), "in w_ij^l: the sign before η ∂E/∂w_ij^l"),
    (loop(body=(BACK.replace("w_jp", "w_pj"), WEIGHTS)), "in ∂E/∂σ_j^l: the index pj in layer l+1, which should be jp"),
    (
        loop("for l = L-1 down to 2:", body=(WEIGHTS, BACK)),
        "the loop ends one layer too early: for l = L-1 down to 1; and "
        "the line ∂E/∂σ_j^l = … belongs before the line ∂E/∂w_ij^l = …",
    ),
]


@pytest.mark.parametrize(("program", "slip"), SLIPS, ids=[slip[:50] for _, slip in SLIPS])
def test_a_different_slip_gets_a_different_correction(program, slip, points):
    row = program_row("?", program, {}, points)
    assert row.verdict == "wrong"
    assert row.slip.split(" (")[0] == slip
    assert row.corrected.startswith("for l = L-1 down to 1: ")
    assert row.evidence["wrong"] > 0


@pytest.mark.parametrize("program", [loop(), loop(body=(BACK,), after=(WEIGHTS, UPDATE))], ids=["usual", "other"])
def test_a_right_program_is_called_right(program, points):
    row = program_row("?", program, {}, points)
    assert (row.verdict, row.slip, row.corrected, row.evidence["wrong"]) == ("right", "", "", 0)


def test_what_no_edit_explains_is_said(points):
    row = program_row("?", loop(body=(BACK,)), {}, points)  # ∂E/∂w is never calculated
    assert (row.verdict, row.corrected) == ("wrong", "")
    assert row.slip == "no single or double slip explains the rest"


def test_the_update_by_itself():
    points = Points(1)
    row = update_row("?", read_statement(UPDATE), points)
    assert row.verdict == "right"
    assert 0.9 < row.evidence["fall"] < 1.0
    row = update_row("?", read_statement(PLUS), points)
    assert (row.verdict, row.slip, row.corrected) == ("wrong", "the sign before η ∂E/∂w_ij^l", UPDATE)


def test_the_sheet_changes_with_what_is_printed(sheet):
    """A right loop, a loop with another slip: the table says so, and its other rows stay as they are."""
    as_printed = sheet
    right = formula_sheet(printed={"F7": f"for l = L-1 down to 1:\n  {BACK}\n  {WEIGHTS}\n{UPDATE}"})
    assert {r.verdict for r in right if r.name == "F7"} == {"right"}
    assert [r.to_dict() for r in right if r.name != "F7"] == [r.to_dict() for r in as_printed if r.name != "F7"]
    wrong = {r.printed: r.verdict for r in as_printed if r.name == "F7"}
    assert set(wrong.values()) == {"right", "wrong"}
    assert wrong[UPDATE] == "right"
    last = [r for r in as_printed if r.name == "F7"][-1]
    for words in ("should be p", "lacks a factor 2", "ends one layer too early", "after the loop"):
        assert words in last.slip


def test_another_name_is_an_error():
    with pytest.raises(ValueError, match="F99"):
        formula_sheet(printed={"F99": "∂E/∂σ_j^L = 1"})
