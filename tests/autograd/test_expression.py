"""Expressions are written as Python itself would write them."""

import ast

from hypothesis import given
from hypothesis import strategies as st

from autograd.expression import Expression, number, symbol, write

OPERATORS = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div"}


def trees() -> st.SearchStrategy[Expression]:
    leaves = st.one_of(st.sampled_from("xyz").map(symbol), st.sampled_from([0.0, 2.0, 0.5, 1e15, 1e300]).map(number))

    def grow(below: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
        return st.one_of(
            st.builds(
                lambda op, x, y: Expression(op, (x, y)), st.sampled_from([*OPERATORS.values(), "max"]), below, below
            ),
            st.builds(lambda op, x: Expression(op, (x,)), st.sampled_from(["neg", "exp"]), below),
        )

    return st.recursive(leaves, grow, max_leaves=12)


def read(node: ast.expr) -> Expression:
    """The tree that Python reads in a text."""
    if isinstance(node, ast.BinOp):
        return Expression(OPERATORS[type(node.op)], (read(node.left), read(node.right)))
    if isinstance(node, ast.UnaryOp):
        assert isinstance(node.op, ast.USub)
        return Expression("neg", (read(node.operand),))
    if isinstance(node, ast.Call):
        assert isinstance(node.func, ast.Name)
        return Expression(node.func.id, tuple(map(read, node.args)))
    if isinstance(node, ast.Name):
        return symbol(node.id)
    assert isinstance(node, ast.Constant)
    return number(node.value)  # type: ignore[arg-type]


@given(trees())
def test_python_reads_the_same_tree_and_needs_every_parenthesis(tree: Expression) -> None:
    text = write(tree)
    parsed = ast.parse(text, mode="eval").body
    assert read(parsed) == tree
    assert text.count("(") == ast.unparse(parsed).count("(")


def test_numbers_are_written_as_short_as_they_are_exact() -> None:
    x = symbol("x")
    assert str(2 * x - 0.5) == "2 * x - 0.5"
    assert str(x - (-3.0 * x)) == "x - -3 * x"
    assert str(-(x * -1.0)) == "-(x * -1)"
    assert write(number(1e15)) == "1000000000000000.0"
    assert write(number(float("inf"))) == "inf"


def test_the_caller_may_say_how_functions_are_written() -> None:
    tree = Expression("exp", (symbol("x") + 1,))
    assert write(tree * 2, lambda name, texts: f"np.{name}[{'; '.join(texts)}]") == "np.exp[x + 1] * 2"
