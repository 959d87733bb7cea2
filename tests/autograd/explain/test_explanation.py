"""An explanation: its steps, their words and formulas, and the terminal's text."""

import pickle
import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import recipes

import autograd
from autograd import Value, dot, total, where
from autograd.explain import Explanation, Step, explain, words
from autograd.op import SumOp
from autograd.order import topological
from autograd.rules import RULES


def test_it_is_a_sequence_of_steps(story):
    assert isinstance(story, Explanation)
    assert len(story) == len(list(story)) == len(story.steps) == len(story.forward) + len(story.backward)
    assert isinstance(story[0], Step)
    assert story[0].phase == "forward"
    assert story[-1].phase == "backward"
    assert story[1:3] == story.steps[1:3]
    assert all(step.text and step.latex for step in story)


def test_the_lectures_notation(story):
    step = next(s for s in story.backward if any(c.to == "w" for c in s.contributions))
    (c,) = (c for c in step.contributions if c.to == "w")
    assert c.slope == 2.0
    assert c.amount == step.upstream * 2.0
    line = next(line for line in str(story).splitlines() if "∂E/∂w +=" in line)
    assert re.search(r"∂E/∂w \+= ∂E/∂v1 · ∂v1/∂w = \(?-?[\d.]+\)? · 2 = -?[\d.]+   \(total -?[\d.]+\)", line)
    assert "∂v1/∂w = x = 2" in str(story)
    assert r"\frac{\partial E}{\partial w} \mathrel{+}= \frac{\partial E}{\partial v_{1}} \cdot" in step.latex


def test_the_slope_of_the_sigmoid_is_the_lectures(story):
    assert "∂σ/∂s = σ · (1 - σ) = 0.2179" in str(story)


def test_a_fan_out_is_told(story):
    step = next(s for s in story.backward if s.node == "σ")
    assert step.text.startswith("Both contributions have come in")
    first, second = (c for s in story.backward for c in s.contributions if c.to == "σ")
    assert first.total == first.amount
    assert second.total == first.amount + second.amount == step.upstream
    assert any("+= and not =" in s.text for s in story.backward)


def test_an_argument_that_stands_there_twice_has_a_slope_for_each_place():
    x, y = Value(2.0, "x"), Value(3.0, "y")
    told = explain(x * x)
    lines = str(told).splitlines()
    assert any(line.strip().startswith("∂v1/∂x += ∂v1/∂v1 · ∂v1/∂(1st x) = 1 · 2 = 2   (total 2)") for line in lines)
    assert any(line.endswith("(total 4)   where ∂v1/∂(2nd x) = x = 2") for line in lines)
    assert not any("∂v1/∂x = x" in line for line in lines)  # it is 2x
    assert told[-1].latex.count(r"\partial (\text{1st }x)") == 1
    assert "<mtext>2nd\N{NO-BREAK SPACE}</mtext><mi>x</mi>" in told._repr_html_()
    told = str(explain(dot([x, y], [y, x], x)))  # counted as they are read: x · y + y · x + x
    assert [place in told for place in ("∂(1st y) = x", "∂(2nd x) = y", "∂(2nd y) = x", "∂(1st x) = y")] == [True] * 4
    assert "∂v1/∂(3rd x) = 1 · 1" in told
    assert "st x" not in str(explain(where(x, x, y))), "the condition gets no slope"


def test_the_slope_of_the_root_is_not_the_gradient_that_comes_out():
    x = Value(2.0, "x")
    E = (x + 1) * x
    E.label = "E"
    told = explain(E)
    text = str(told)
    assert re.search(
        r"∂E/∂x \+= ∂E/∂E · ∂E/∂\(x here\) = 1 · 3 = 3   \(total 3\) +where ∂E/∂\(x here\) = v1 = 3$", text, re.M
    )
    assert [line for line in text.splitlines() if "∂E/∂x = " in line] == ["     ∂E/∂x = 5"]
    assert r"\partial (x\text{ here})" in "".join(step.latex for step in told)
    assert "x here" not in str(explain(E + 1))


def test_no_number_is_said_twice():
    x = Value(2.0, "x")
    for root, line in ((-x, "v1 = -x = -2"), (-Value(-2.0, "y"), "v1 = -y = -(-2) = 2"), (total([x]), "v1 = x = 2")):
        assert re.search(rf"  {re.escape(line)}$", str(explain(root)), re.MULTILINE)


def test_explaining_changes_nothing(E):
    E.backward()
    leaves, made = topological(E)
    before = [(n._data, n._grad) for n in [*leaves, *made]]
    told = explain(E)
    str(told), told._repr_html_()
    assert [(n._data, n._grad) for n in [*leaves, *made]] == before


def test_it_is_as_it_was(E):
    told = explain(E)
    before = str(told), told._repr_html_()
    for leaf in topological(E)[0]:
        leaf.data = 7.0
        leaf.label = "changed"
    assert (str(told), told._repr_html_()) == before


def test_it_goes_through_pickle(E):
    told = explain(E, numbers=".3g")
    again = pickle.loads(pickle.dumps(told))
    assert (list(again), str(again), again._repr_html_()) == (list(told), str(told), told._repr_html_())


@pytest.mark.parametrize("op", RULES.values(), ids=lambda op: op.name)
def test_every_row_has_its_words(op):
    if not op.slopes and not isinstance(op, SumOp):
        return
    assert op.name in words.WORDS
    args = [Value(x, n) for x, n in zip([0.7, 1.3, -0.4], "abc", strict=True)][: op.arity or 2]
    step = explain(Value(1.0).apply(op, args))[-1]
    assert step.contributions
    assert "{" not in step.text
    told = str(explain(Value(1.0).apply(op, args)))
    assert all(ord(c) < 0xF0000 for c in told), "a name was lost in a formula"


def test_what_text_says_is_so():
    """The formulas of the text, read back as Python, give the numbers beside them."""
    a, b = Value(-1.5, "a"), Value(2.25, "b")
    for root in (a - b, a * b, a / b, -a, a**2, a**3, a**-2, 1 - (a - b), b * (a - 1) ** 2, abs(a), b.log(), a.exp()):
        for step in explain(root, numbers=repr).forward[2:]:
            _, *sides = str(explain(root, numbers=repr).writer.text(step.formulas[0])).split(" = ")
            names = {s.node: s.value for s in explain(root).forward}
            for side in sides:
                python = side.replace("·", "*").replace("|a|", "abs(a)").replace("|-1.5|", "abs(-1.5)")
                python = re.sub("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: "**" + unicodedata.normalize("NFKC", m[0]), python)
                got = eval(python.replace("−", "-"), {"log": np.log, "exp": np.exp, **names})
                assert got == pytest.approx(step.value), (side, step)


def test_slopes_of_text_are_so():
    a, b = Value(-1.5, "a"), Value(2.25, "b")
    scope = {"log": np.log, "exp": np.exp, "sigmoid": autograd.sigmoid, "cos": np.cos, "sin": np.sin, "sign": np.sign}
    found = 0
    for root in (a * b, a / b, a**2, a**3, a**-2, b.log(), a.exp(), a.sigmoid(), a.tanh(), b.sqrt(), a.sin(), abs(a)):
        told = explain(root, numbers=repr)
        names = {s.node: s.value for s in told.forward}
        for rule, number in re.findall(r"where \S+ = (.*) = (\S+)$", str(told), re.MULTILINE):
            python = re.sub("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+", lambda m: "**" + unicodedata.normalize("NFKC", m[0]), rule)
            got = eval(python.replace("·", "*").replace("−", "-"), scope, names)
            assert got == pytest.approx(float(number))
            found += 1
    assert found >= 12


def test_a_dead_relu_and_a_kink_are_told():
    dead = explain(Value(-1.0, "s").relu())[-1]
    assert "stops the gradient" in dead.text
    assert dead.contributions[0].amount == 0.0
    assert "lets the gradient through" in explain(Value(1.0, "s").relu())[-1].text
    assert "relu'(0) = 0" in explain(Value(0.0, "s").relu())[-1].text
    tie = explain(Value(2.0, "a").maximum(Value(2.0, "b")))[-1].text
    assert tie.endswith("The two arguments are equal. Exactly at the kink: a tie of maximum gives ½ and ½.")


def test_constants_are_named_as_such():
    told = explain(where(1.0, Value(2.0, "a"), 3.0) * 4)
    assert [s.node for s in told.forward] == ["a", "v1", "v2"]
    assert "Nothing is handed on" in explain(Value(2.0).apply(RULES["mul"], (2.0, 3.0)))[-1].text


def test_long_sums_stay_readable():
    xs = [Value(0.1 * i, f"x{i}") for i in range(60)]
    told = explain(dot(xs, xs[::-1], Value(1.0, "b")) + total(xs))
    text = str(told)
    assert max(map(len, text.splitlines())) <= 100
    assert "x0 · x59 + x1 · x58 + … + x59 · x0 + b" in text
    assert "more like these" in text
    assert all(len(step.latex) < 2000 for step in told)
    assert len(told[-1].contributions) + len(told[-2].contributions) + len(told[-3].contributions) == 60 + 121 + 2


@given(recipes(kinks=True))
def test_text_is_plain_and_narrow(recipe):
    told = explain(recipe.run([Value(x) for x in recipe.inputs]), max_steps=2000)
    for line in str(told).splitlines():
        assert len(line) <= 100
        assert line.isprintable()
        assert line == line.rstrip()


def test_formulas_of_long_names_go_on_below():
    a, b = Value(2.0, "the weighted sum of unit"), Value(-3.0, "bias of the first layer")
    E = a * b + b
    E.label = "the whole cost of it all"
    assert max(map(len, str(explain(E)).splitlines())) <= 100


def test_numbers_as_one_likes(E):
    assert "= sigmoid(0.75) = 0.679179\n" in str(explain(E, numbers=".6g"))
    assert "0.50" in str(explain(E, numbers=".2f"))
    assert "<0.5>" in str(explain(E, numbers=lambda x: f"<{x}>"))
    with pytest.raises(ValueError, match="numbers="):
        explain(E, numbers="quick")
    with pytest.raises(TypeError, match="numbers="):
        explain(E, numbers=3)


def test_limits(E):
    with pytest.raises(ValueError, match="more than max_steps=5"):
        explain(E, max_steps=5)
    assert len(explain(E, max_steps=100)) == len(explain(E))
    with pytest.raises(TypeError):
        explain(E, 5)


hostile = st.text(max_size=30) | st.sampled_from(
    ["\x1b[31mred", "a\nb", "\\input{x}", "</script><script>alert(1)</script>", "a\u202eb", " ", "\x00", "$x$", "-1"]
)


@given(st.tuples(hostile, hostile, hostile))
def test_no_label_breaks_the_text(labels):
    a, b = Value(1.0, labels[0]), Value(2.0, labels[1])
    root = a * b + a
    root.label = labels[2]
    told = explain(root)
    text = str(told)
    assert "\x1b" not in text
    for line in text.splitlines():
        assert not any(unicodedata.category(c) in ("Cc", "Cs") or c in "\u202e\u2028\u2029" for c in line)
    assert len(set(told.writer.names.values())) == len(told.writer.names)
    assert {"(given)"} <= set(text.split())
    assert all(step.latex.isascii() for step in told)


def test_labels_of_several_words_stand_in_parentheses():
    a = Value(2.0, "a + b")
    root = a * 3
    root.label = "E"
    assert "E = (a + b) · 3 = 2 · 3 = 6" in str(explain(root))
    assert "∂E/∂(a + b)" in str(explain(root))


def test_the_lectures_labels_are_names():
    w, σ = Value(-0.5, "w_11^1"), Value(2.0, "σ_1^0")
    s = (w * σ) ** 2 + w**2
    s.label = "sum_1^1"
    told = explain(s)
    assert "v1 = w_11^1 · σ_1^0 = -0.5 · 2 = -1" in str(told)
    assert "= (w_11^1)² = (-0.5)² = 0.25" in str(told)
    assert any(r"{w_{11}^{1}}^{2}" in step.latex for step in told)
    assert "<msubsup><mi>w</mi><mi>11</mi><mi>1</mi></msubsup>" in told._repr_html_()


def test_many_inputs_share_their_lines():
    xs = [Value(float(i), f"x_{i}") for i in range(30)]
    text = str(explain(total(xs)))
    assert "1-30  given: x_0 = 0, x_1 = 1," in text
    assert "(given)" not in text
    assert "  31  v1 = x_0 + x_1 + … + x_29 = 0 + 1 + … + 29 = 435" in text
