"""LaTeX: every row of the table is there, reads as what it means, and no label can break it."""

import math
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from autograd import expression
from autograd.expression import Expression, symbol
from autograd.op import SumOp
from autograd.rules import RULES
from autograd.spell import latex, latex_text, plain
from autograd.spell.mathml import identifier

FUNCTIONS = {
    "frac": lambda a: lambda b: a / b,
    "fabs": math.fabs,
    "sigmoid": RULES["sigmoid"].value,
    "sign": RULES["sign"].value,
    "erf": math.erf,
    **{f: getattr(math, f) for f in ("log", "sqrt", "tanh", "sin", "cos", "tan", "e")},
    "max": max,
    "min": min,
}


def read(text, **names):
    """The number that LaTeX text stands for: its commands turned into Python's words."""
    where = re.fullmatch(r"\\begin{cases} (.*) & \\text{if } (.*) > 0 \\\\ (.*) & \\text{else} \\end{cases}", text)
    if where:
        return read(where[1], **names) if read(where[2], **names) > 0 else read(where[3], **names)
    text = re.sub(r"\\operatorname{(\w+)}", r"\1", text)
    for old, new in {
        r"\left|": "fabs(", r"\right|": ")", r"\left[": "float(", r"\right]": ")", r"\left": "", r"\right": "",
        r"\cdot": "*", "^": "**", "{": "(", "}": ")", "\\": "",
    }.items():  # fmt: skip
        text = text.replace(old, new)
    return eval(text, {**FUNCTIONS, "float": float}, names)


def arguments(op):
    return [0.7, 1.3, -0.4][: op.arity]


ROWS = [op for op in RULES.values() if not isinstance(op, SumOp)]


def test_every_row_has_a_spelling():
    assert set(latex.ROWS) | set(latex.SUMS) == set(RULES)


@pytest.mark.parametrize("op", [op for op in ROWS if op.slopes], ids=lambda op: op.name)
def test_a_row_reads_as_its_value(op):
    args = arguments(op)
    names = "xyu"[: len(args)]
    text = latex.write(Expression(op.name, tuple(map(symbol, names))))
    assert read(text, **dict(zip(names, args, strict=True))) == pytest.approx(op.value(*args), rel=1e-12)


@pytest.mark.parametrize("op", [op for op in ROWS if op.slopes], ids=lambda op: op.name)
def test_a_slope_called_with_symbols_reads_as_its_value(op):
    args = arguments(op)
    names = "xyu"[: len(args)]
    z = op.value(*args)
    for i in range(len(args)):
        tree = op.slope(i, symbol("z"), list(map(symbol, names)))
        if tree is None:
            continue
        tree = tree if isinstance(tree, Expression) else expression.number(tree)
        text = latex.write(tree, numbers=repr)
        got = read(text, z=z, **dict(zip(names, args, strict=True)))
        assert got == pytest.approx(op.slope(i, z, args), rel=1e-12, abs=1e-15), text


def test_sums_are_written_term_by_term():
    a, b, c, d, e = (symbol(n) for n in "abcde")
    assert latex.write(Expression("total", (a, b, c))) == "a + b + c"
    assert latex.write(Expression("dot", (a, b, c, d, e))) == r"a \cdot d + b \cdot e + c"
    assert latex.write(Expression("total", ())) == "0"


trees = st.recursive(
    st.sampled_from("xyz").map(symbol) | st.sampled_from([2.0, -3.0, 0.5]).map(expression.number),
    lambda t: st.one_of(
        st.builds(lambda o, a, b: Expression(o, (a, b)), st.sampled_from(["add", "sub", "mul"]), t, t),
        st.builds(lambda a: Expression("neg", (a,)), t),
        st.builds(lambda a: Expression("power", (a, expression.number(2.0))), t),
        st.builds(lambda o, a: Expression(o, (a,)), st.sampled_from(["abs", "tanh", "sigmoid", "relu"]), t),
    ),
    max_leaves=8,
)


@given(trees)
def test_parentheses_stand_where_they_must(tree):
    names = {"x": 0.37, "y": -1.21, "z": 2.3}

    def value(t):
        if t.op:
            return RULES[t.op].value(*map(value, t.args))
        return names[t.args[0]] if isinstance(t.args[0], str) else t.args[0]

    text = latex.write(tree)
    assert read(text, **names) == pytest.approx(value(tree), rel=1e-9, abs=1e-9), text
    # never two signs side by side, and a negative base is in parentheses
    assert not re.search(r"[-+] *-|\\cdot *-", text), text


KNOWN = {
    *latex.GREEK, *(g.capitalize() for g in latex.GREEK), "mathrm", "backslash", "sim", "wedge", "vert", "cdot",
    "times", "partial", "nabla", "textstyle", "sum", "surd", "infty", "le", "ge", "to", "dots", "text", "hookleftarrow",
    "scriptstyle", *latex.ACCENTS.values(),
}  # fmt: skip


def test_accents_are_set_as_such():
    hat, bar = "\N{COMBINING CIRCUMFLEX ACCENT}", "\N{COMBINING MACRON}"  # x with a hat is two letters to Unicode
    for label, name, text in (
        ("ŷ", r"\hat{y}", r"\^{y}"),
        (f"x{hat}", r"\hat{x}", r"\^{x}"),
        (f"x{hat}_1", r"\hat{x}_{1}", r"\^{x}\_1"),
        (f"w{bar}_12^1", r"{\bar{w}_{12}^{1}}", r"\={w}\_12\textasciicircum{}1"),
        ("coût", r"{\mathrm{co\hat{u}t}}", r"co\^{u}t"),
        (f"σ{hat}", r"\hat{\sigma}", r"\ensuremath{\sigma}{\tiny U+0302}"),
    ):
        assert (latex.name(label), latex_text.text(label)) == (name, text)
        assert plain.name(label) == label
    assert identifier(f"x{hat}_1") == f"<msub><mi>x{hat}</mi><mi>1</mi></msub>"


@given(st.text(max_size=12) | st.text(alphabet="\\{}$&%#_^~ \"'`<>|-ab1σ²₁é\u0302\n\x00", max_size=8))
@example("_⁴")
def test_no_label_breaks_the_formula(label):
    text = latex.name(label)
    assert text.isascii()
    assert text.isprintable()
    commands = re.findall(r"\\([A-Za-z]+|.)", text)
    assert all(c in KNOWN or c in "{}$&%#_ " for c in commands), text
    bare = re.sub(r"\\([A-Za-z]+|.)", "", text)
    assert not set(bare) & set("\\$&%#~")
    depth = 0
    for c in bare:
        depth += (c == "{") - (c == "}")
        assert depth >= 0
    assert depth == 0
    # one thing that can stand under an exponent and beside a sign: no two subscripts in a row outside braces
    assert not re.search(r"[_^]\{[^{}]*\}[_^]", bare), text


def test_numbers():
    assert latex.number(-0.0) == "0"
    assert latex.number(-1.5e-7) == r"-1.5 \cdot 10^{-7}"
    assert latex.number(math.nan) == r"\mathrm{NaN}"
    assert latex.write(symbol("a") * expression.number(-1.5e-7)) == r"a \cdot \left(-1.5 \cdot 10^{-7}\right)"


def test_a_product_that_begins_with_a_minus_is_no_bare_term():
    a, two = symbol("a"), expression.number(-2.0)
    product = Expression("mul", (two, a))
    assert latex.write(Expression("add", (a, product))) == r"a + \left(-2 \cdot a\right)"
    assert latex.write(Expression("dot", (a, two, a, a))) == r"a \cdot a + \left(-2 \cdot a\right)"
    assert latex.write(Expression("sub", (product, a))) == r"-2 \cdot a - a"
