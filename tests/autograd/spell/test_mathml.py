"""LaTeX to MathML: well-formed, complete, and honest about what it does not know."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.expression import Expression, symbol
from autograd.lecture.sections.architecture import FORWARD, OBJECTIVE
from autograd.lecture.sections.schedules import CONDITION
from autograd.lecture.sections.training import UPDATES
from autograd.op import SumOp
from autograd.rules import RULES
from autograd.spell import latex as spelling
from autograd.spell.mathml import identifier, mathml


def text(latex: str) -> str:
    return "".join(ElementTree.fromstring(mathml(latex).replace("&#8289;", "")).itertext())


@pytest.mark.parametrize("latex", [CONDITION, FORWARD, OBJECTIVE, *(tex for _, tex in UPDATES)])
def test_the_formulas_of_the_page_are_well_formed(latex: str) -> None:
    root = ElementTree.fromstring(mathml(latex, display=True))
    assert root.tag == "math"
    assert root.get("display") == "block"


def test_scripts_and_fractions_have_the_children_that_mathml_asks_for() -> None:
    wanted = {"mfrac": 2, "msub": 2, "msup": 2, "msubsup": 3, "munder": 2, "mover": 2, "munderover": 3}
    found = set()
    for latex in (OBJECTIVE, FORWARD, CONDITION, r"\sum^n a_{ij}^l x^2 y_k"):
        for element in ElementTree.fromstring(mathml(latex)).iter():
            if element.tag in wanted:
                found.add(element.tag)
                assert len(element) == wanted[element.tag]
    assert found == set(wanted) - {"munder"} | {"munder"}


def test_the_order_of_reading_is_kept() -> None:
    assert text(r"w_{ij}^l = w - \eta \frac{\partial E}{\partial w}") == "wijl=w−η∂E∂w"
    assert text(r"\text{for } l = L-1") == "for\xa0l=L−1"
    assert text(r"\left(1 - \sigma\right)") == "(1−σ)"
    assert text("a < b & c") == "a<b&c"


@pytest.mark.parametrize("latex", [r"\unknown", r"\frac{1}", "{", "}", "x_", r"\left( x", r"\text", "a^{b"])
def test_what_it_does_not_know_is_an_error_that_shows_the_formula(latex: str) -> None:
    with pytest.raises(ValueError, match="in the formula"):
        mathml(latex)


@given(st.text(alphabet=r"ab1_^{}\ ()<>&σ", max_size=12))
def test_the_result_is_always_well_formed(latex: str) -> None:
    try:
        made = mathml(latex)
    except ValueError:
        return
    ElementTree.fromstring(made.replace("&#8289;", ""))


@pytest.mark.parametrize("op", [op for op in RULES.values() if op.slopes], ids=lambda op: op.name)
def test_every_row_of_the_table_can_be_set(op) -> None:
    arguments = [symbol(name) for name in "xyu"[: op.arity or 3]]
    seen = text(spelling.write(Expression(op.name, tuple(arguments))))
    assert all(str(a.args[0]) in seen for a in arguments)
    if not isinstance(op, SumOp):
        for i in range(len(arguments)):
            slope = op.slope(i, symbol("z"), arguments)
            if isinstance(slope, Expression):
                text(spelling.write(slope))


def test_cases_are_rows_of_two_cells() -> None:
    made = mathml(r"\begin{cases} a & \text{if } c > 0 \\ b & \text{else} \end{cases}")
    assert ["".join(row.itertext()) for row in ElementTree.fromstring(made).iter("mtr")] == ["aif\xa0c>0", "belse"]


@pytest.mark.parametrize("latex", [r"\begin{cases} a", r"\begin{matrix} a \end{matrix}", r"\begin{cases} a \end{x}"])
def test_cases_that_do_not_end_are_an_error(latex: str) -> None:
    with pytest.raises(ValueError, match="in the formula"):
        mathml(latex)


@pytest.mark.parametrize(
    ("latex", "signs"),
    [
        ("-1", [True]), ("a - 1", [False]), ("a = -1", [True]), (r"a \cdot \left(-1\right) - 2", [True, False]),
        ("(-1) - 2", [True, False]), ("e^{-x}", [True]), (r"\left|x\right| - 1", [False]), ("|x| - 1", [False]),
    ],
)  # fmt: skip
def test_the_sign_of_a_number_is_no_difference(latex: str, signs: list[bool]) -> None:
    minus = [mo for mo in ElementTree.fromstring(mathml(latex)).iter("mo") if mo.text == "−"]
    assert [mo.get("form") == "prefix" for mo in minus] == signs


def test_a_power_of_a_name_that_is_raised_itself_is_in_parentheses() -> None:
    assert "".join(ElementTree.fromstring(mathml("x^2", names={"x": identifier("w_1^2")})).itertext()) == "(w12)2"


@given(st.text(max_size=8))
def test_any_label_can_be_a_name(label: str) -> None:
    label = "".join(c for c in label if c.isprintable())
    root = ElementTree.fromstring(mathml("x + 1", names={"x": identifier(label)}))
    assert "".join(root.itertext()).replace("+1", "") in (label, label.replace("_", "").replace("^", ""))


def brackets(latex: str) -> str:
    """The brackets of a formula, those that are set large as <( and )>."""
    said = ""
    for style, sign in re.findall(r"<mo([^>]*)>([][()])</mo>", mathml(latex)):
        large = "font-size" in style
        said += "<" * (large and sign in "([") + sign + ">" * (large and sign in ")]")
    return said


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        (r"f(x)", "()"),
        (r"\frac{1}{m} (-\frac{y}{s} + (1 - y)^2)", "<(())>"),
        (r"(1 - (\frac{a}{b})^2)^3", "<(<()>)>"),
        (r"\left[ \sum_{i=1}^m (x^{(i)}) \right]", "<[(())]>"),
        (r"\left( x \right) + \left(\frac{a}{b}\right)", "()<()>"),
        (r"\frac{1}{(x)} (y)", "()()"),
        (r"(x^{(i)}) \frac{1}{2}", "(())"),
        (r")\frac{1}{2}(", ")("),
    ],
)
def test_brackets_around_what_is_tall_are_large(latex: str, expected: str) -> None:
    assert brackets(latex) == expected
    ElementTree.fromstring(mathml(latex))
