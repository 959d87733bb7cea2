"""LaTeX to MathML: well-formed, complete, and honest about what it does not know."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.lecture.mathml import mathml
from autograd.lecture.page import CONDITION, FORWARD, OBJECTIVE, UPDATES


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
