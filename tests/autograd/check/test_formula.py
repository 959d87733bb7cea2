"""Formulas as text: read as written, never run as Python, and hostile text gets an error."""

import math

import numpy as np
import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from autograd import DomainError, Value
from autograd.check.command import check
from autograd.check.formula import FUNCTIONS, FormulaError, parse


@pytest.mark.parametrize(
    ("text", "value", "shown"),
    [
        ("1 - 2 - 3", -4, "1 - 2 - 3"),
        ("1 - (2 - 3)", 2, "1 - (2 - 3)"),
        ("2*3 + 4/2", 8, "2·3 + 4/2"),
        ("8/2/2", 2, "8/2/2"),
        ("8/(2*2)", 2, "8/(2·2)"),
        ("-2**2", -4, "-2²"),
        ("(-2)^2", 4, "(-2)²"),
        ("2**3**2", 512, "2^(3²)"),
        ("2^-1 * 3", 1.5, "2⁻¹·3"),
        ("-(-3)", 3, "-(-3)"),
        ("+3 - -2", 5, "3 - (-2)"),
        (".5e1 + 1.", 6, "5 + 1"),
        ("max(2, 3) - min(2, 3)", 1, "maximum(2, 3) - minimum(2, 3)"),
        ("ln(exp(2))", 2, "log(exp(2))"),
        ("σ(0) + pi*0", 0.5, "sigmoid(0) + π·0"),
        ("pi", math.pi, "π"),
        ("x*θ_1", 6, "x·θ_1"),
    ],
)
def test_reading(text, value, shown):
    formula = parse(text)
    assert formula(x=2.0, θ_1=3.0) == pytest.approx(value)
    assert str(formula) == shown


def test_sigma_is_a_function_only_where_it_is_called():
    formula = parse("σ(z) * (1 - σ)")
    assert formula.names == ("z", "σ")
    assert formula(z=0.0, σ=0.25) == 0.375


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_on_numbers_and_values(name):
    two = FUNCTIONS[name] in ("maximum", "minimum")
    formula = parse(f"{name}(x, y)" if two else f"{name}(x)")
    x, y = Value(0.4), Value(0.7)
    assert formula(x=x, y=y).data == pytest.approx(formula(x=0.4, y=0.7))
    assert formula.latex()


@st.composite
def texts(draw, depth=4):
    if depth == 0 or draw(st.booleans()):
        return draw(st.sampled_from(["x", "y", "2", "0.5", "3"]))
    a, b = draw(texts(depth=depth - 1)), draw(texts(depth=depth - 1))
    return draw(st.sampled_from([f"({a} + {b})", f"{a} - ({b})", f"({a})*({b})", f"-({a})", f"sin({a})", f"({a})**2"]))


@given(texts())
@settings(max_examples=60, deadline=None)
def test_the_same_number_as_python_gives(text):
    known = {"x": 0.3, "y": -1.2, "sin": math.sin}
    expected = eval(text, {"__builtins__": {}}, known)  # the oracle, on text that the test itself made
    assert parse(text)(x=0.3, y=-1.2) == pytest.approx(expected, rel=1e-12, abs=1e-12)
    again = str(parse(text)).replace("·", "*").replace("²", "**2")
    assert parse(again)(x=0.3, y=-1.2) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("2x", "no implicit multiplication", 1),
        ("2(x)", "no implicit multiplication", 1),
        ("x y", "no implicit multiplication", 2),
        ("(x)(y)", "no implicit multiplication", 3),
        ("x(y)", r"write x\*", 0),
        ("sin x", r"sin is a function: write sin\(", 0),
        ("x = 2", "'=' is not part of a formula", 2),
        ("x +", "ends where", 3),
        ("* x", "should stand before", 0),
        ("(x", "not closed", 0),
        ("sin(x", "not closed", 0),
        ("x)", "never opened", 1),
        ("()", "missing before", 1),
        ("x, y", "comma", 1),
        ("(x, y)", "comma", 2),
        ("max(x)", "takes 2", 0),
        ("sin(x, y)", "takes 1", 0),
        ("1e999", "too large", 0),
        ("", "empty", 0),
        ("   ", "empty", 0),
        ("x.y", "'.'", 1),
        ("__import__('os').system('true')", "__import__ is not a function", 0),
        ("x if y else 2", "no implicit", 2),
        ("[x for x in y]", r"'\['", 0),
        ("lambda: 0", "':'", 6),
        ("'a'*9", '"\'"', 0),
        ("2*w²", r"'²' is not part of a formula: write \^2", 3),
        ("2²", r"write \^2", 1),
        ("½*w", "write 1/2", 0),
        ("w₁", "write _1", 1),
        ("w·x", r"write \*", 1),
        ("w−1", "write -", 1),
        ("|w|", r"write abs\(", 0),
        ("1,5*w", "a decimal has a point", 1),
    ],
)
def test_what_is_not_a_formula_and_where(text, message, place):
    with pytest.raises(FormulaError, match=message) as caught:
        parse(text)
    assert caught.value.start == place
    lines = str(caught.value).splitlines()
    assert lines[-1].index("^") == 2 + place


@pytest.mark.parametrize(
    "text",
    ["(" * 100_000, "(" * 2000 + "x" + ")" * 2000, "-" * 100_000, "x" * 100_000, "x+" * 50_000 + "x", "9" * 10_000],
)
def test_hostile_text_gets_an_error(text):
    with pytest.raises(FormulaError):
        parse(text)


@pytest.mark.parametrize(
    "text", ["-" * 4000 + "x", "x" + "+x" * 2000, "sin(" * 150 + "x" + ")" * 150, "2" + "^1" * 2000]
)
def test_long_text_needs_no_recursion(text):
    assert np.isfinite(parse(text)(x=0.5))
    assert str(parse(text))
    assert parse(text).latex()


@pytest.mark.parametrize("text", ["9^9^9^9", "1/0", "log(0)", "(-8)^0.5", "exp(1000)"])
def test_what_is_not_defined_is_a_domain_error(text):
    with pytest.raises(DomainError):
        parse(text)()


def test_the_grammar_is_not_python(monkeypatch):
    def forbidden(*args, **kwargs):
        raise AssertionError("eval")

    monkeypatch.setattr("builtins.eval", forbidden)
    monkeypatch.setattr("builtins.exec", forbidden)
    monkeypatch.setattr("builtins.compile", forbidden)
    assert parse("x**2 + sin(x)")(x=1.0) == pytest.approx(1 + math.sin(1))


# -- The command -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def run():
    app = typer.Typer()
    app.command(context_settings={"ignore_unknown_options": True})(check)  # as cli.py has it
    runner = CliRunner()
    return lambda *args: runner.invoke(app, list(args))


def test_a_right_claim(run):
    result = run("sigmoid(w*x)", "--by", "w", "--claim", "x*sigmoid(w*x)*(1 - sigmoid(w*x))", "w=0.5", "x=2")
    assert result.exit_code == 0, result.output
    assert "f = sigmoid(w·x)" in result.output
    assert "claimed ∂f/∂w = x·sigmoid(w·x)·(1 - sigmoid(w·x))" in result.output
    assert result.output.index("claimed") < result.output.index("RIGHT")


def test_a_wrong_claim(run):
    result = run("(w*x - y)^2", "--by", "w", "--claim", "-2*(w*x - y)*x", "w=0.5", "x=2", "y=1/3")
    assert result.exit_code == 1
    assert "WRONG" in result.output
    assert "∂f/∂w has the wrong sign" in result.output
    assert "typer" not in result.output


def test_a_number_in_the_place_of_a_name(run):
    result = run("w*x^2", "--by", "w", "--claim", "4", "w=0.5", "x=2")
    assert result.exit_code == 1
    assert "a number written where a name belongs" in result.output


def test_several_names(run):
    args = ["w*x", "--by", "w,x", "--claim", "x", "--claim", "w", "w=0.5", "x=2"]
    assert run(*args).exit_code == 0
    assert run("w^2", "--claim", "2*w", "w=-0.5").exit_code == 0


def test_hints_and_json(run):
    args = ["w^2", "--by", "w", "--claim", "w", "w=3"]
    assert run(*args, "--hints", "verdict").output.strip().endswith("WRONG.")
    assert '"verdict": "wrong"' in run(*args, "--json").output
    hidden = run(*args, "--json", "--hints", "place").output
    assert '"verdict": "wrong"' in hidden
    assert "expected" not in hidden


def test_a_claim_for_one_sign(run):
    result = run("sqrt(x^2)", "--by", "x", "--claim", "1", "x=2")
    assert result.exit_code == 1
    assert "It is right at the point you gave, and wrong at x = -" in result.output


def test_one_point_is_one_point(run):
    assert "agrees with f at 1 point.\n" in run("w^2", "--claim", "2*w", "w=3", "--points", "0").output


def test_a_formula_may_be_longer_than_the_name_of_a_file(run):
    long = " + ".join(["x"] * 200)
    assert run(long, "--claim", "200", "x=2").exit_code == 0


def test_a_file_of_checks_goes_without_values(run, tmp_path):
    path = tmp_path / "homework.py"
    path.write_text("")
    result = run(str(path), "x=2")
    assert result.exit_code == 2
    assert "homework.py is a file of checks: give it alone" in result.stderr


def test_huge_numbers_warn_of_nothing(run):
    assert "Warning" not in run("exp(w)", "--by", "w", "--claim", "exp(w)", "w=709").output


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["2w", "--by", "w", "--claim", "2", "w=1"], "in f: an operator is missing"),
        (["w^2", "--by", "w", "--claim", "2w", "w=1"], "in the claim: an operator is missing"),
        (["wx", "--by", "w", "--claim", "x", "w=1", "x=2"], r"write w*x"),
        (["w*x", "--by", "w", "--claim", "x", "w=1"], "give a number for x"),
        (["w*e", "--by", "w", "--claim", "e", "w=1"], "exp(1)"),
        (["w*x", "--by", "v", "--claim", "x", "w=1", "x=2"], "f has no v"),
        (["w*x", "--claim", "x", "w=1", "x=2"], "--by"),
        (["w*e", "--claim", "e", "w=1"], "--by w or --by e"),
        (["w*x", "--by", "w", "w=1", "x=2"], "by hand, along w: --claim"),
        (["w*x", "--by", "w,x", "--claim", "x", "w=1", "x=2"], "one --claim for each --by"),
        (["w", "--claims=1", "w=1"], "no option --claims"),
        (["w", "--claim", "1", "w=1", "--seed", "-1"], "seed is a whole number, 0 or more; got -1"),
        (["w", "--claim", "1", "w=1", "--points", "1000000000"], "0 to 100,000; got 1000000000"),
        (["w", "--claim", "1", "w=1", "--seconds", "-1"], "--seconds must be more than 0; got -1"),
        (["w", "--claim", "1", "w=1", "x=3"], "x is given as 3, and there is no x in f or in a claim: there is w"),
        (["w", "--by", "w", "--claim", "1", "w"], "name=number"),
        (["w", "--by", "w", "--claim", "1", "w=x"], "must be a number"),
        (["w", "--by", "w", "--claim", "1", "w=1", "w=2"], "twice"),
        (["w", "--by", "w", "--claim", "1", "w=1", "--points", "-1"], "points"),
        (["w", "--by", "w", "--claim", "1", "w=1", "--hints", "all"], "--hints"),
        (["w", "--by", "w", "--claim", "1", "w="], "in 'w=': the formula is empty"),
        (["w*x", "--by", "w", "--claim", "x", "x=2", "w=1,5"], "in 'w=1,5': a comma"),
        (["w", "--by", "w", "--claim", "1", "w=1/0"], "'w=1/0' is no number: div fails"),
        (["w₁", "--by", "w₁", "--claim", "1", "w₁=1"], "write _1"),
        (["nothing_here.py"], "no file"),
    ],
)
def test_input_that_cannot_be_used(run, args, message):
    result = run(*args)
    assert result.exit_code == 2, result.output
    assert message in result.output


def test_a_file(run, tmp_path):
    path = tmp_path / "homework.py"
    head = "from autograd.check import gradcheck\n"
    path.write_text(head + "gradcheck(lambda x: x * x, 3.0, lambda x: 2 * x)\n")
    assert run(str(path)).exit_code == 0
    path.write_text(head + "def check_it():\n    return gradcheck(lambda x: x * x, 3.0, lambda x: x)\n")
    result = run(str(path))
    assert result.exit_code == 1
    assert "WRONG  check_it" in result.output
    assert run(str(path), "--json").exit_code == 1
    path.write_text("x = 1\n")
    assert run(str(path)).exit_code == 1
