"""What happens at a step, in a sentence or two for somebody who meets backpropagation this week."""

from __future__ import annotations

from collections.abc import Callable

from autograd.explain.formula import Partial
from autograd.explain.writer import Writer
from autograd.expression import number
from autograd.trace import Record

# For each row of the rule table: what the result is, and what its gradient does on the way back.
WORDS: dict[str, tuple[str, str]] = {
    "add": ("the sum of {0} and {1}", "A sum hands its gradient on unchanged."),
    "sub": ("{0} minus {1}", "A difference hands its gradient on: to what is subtracted, with the sign turned."),
    "mul": ("the product of {0} and {1}", "A product hands to each factor its gradient times the other factor."),
    "div": ("{0} divided by {1}", "For {n} = x/y the slopes are 1/y and -{n}/y."),
    "neg": ("{0} with its sign turned", "A minus sign turns the gradient's sign."),
    "copy": ("the same as {0}", "The gradient passes through unchanged."),
    "power": ("{0} to the power {1}", "The slope of xⁿ is n·xⁿ⁻¹."),
    "pow": ("{0} to the power {1}", "The slopes of xʸ are y·xʸ⁻¹ along x and xʸ·log x along y."),
    "power_slope": ("n·xⁿ⁻¹ for x = {0}, n = {1}", "The slope of n·xⁿ⁻¹ is n·(n - 1)·xⁿ⁻²."),
    "pow_slope": ("y·xʸ⁻¹ for x = {0}, y = {1}", "This is itself the slope of a power, differentiated once more."),
    "xlogy": ("{0} times the logarithm of {1}", "The slopes of x·log y are log y and x/y."),
    "log": ("the natural logarithm of {0}", "The slope of log x is 1/x."),
    "log1p": ("the natural logarithm of 1 + {0}", "The slope of log(1 + x) is 1/(1 + x)."),
    "sqrt": ("the square root of {0}", "The slope of √x is 1/(2√x)."),
    "exp": ("e to the power {0}", "The exponential function is its own slope."),
    "expm1": ("e to the power {0}, minus 1", "The slope of eˣ - 1 is eˣ."),
    "sigmoid": ("the sigmoid of {0}, 1/(1 + e⁻ˣ)", "The slope of the sigmoid is {n} · (1 - {n}), at most 0.25."),
    "softplus": ("the softplus of {0}, log(1 + eˣ)", "The slope of softplus is the sigmoid."),
    "tanh": ("the hyperbolic tangent of {0}", "The slope of tanh is 1 - {n}²."),
    "erf": ("the error function of {0}", "The slope of erf is 2/√π · e^(-x²)."),
    "sin": ("the sine of {0}", "The slope of the sine is the cosine."),
    "cos": ("the cosine of {0}", "The slope of the cosine is minus the sine."),
    "tan": ("the tangent of {0}", "The slope of the tangent is 1 + {n}²."),
    "step": ("1 where {0} > 0, else 0", "A step is flat: nothing is handed on."),
    "sign": ("the sign of {0}", "A sign is flat: nothing is handed on."),
    "relu": ("relu of {0}, max(0, x)", "relu lets the gradient through where its input is positive only."),
    "abs": ("the absolute value of {0}", "The slope of |x| is the sign of x."),
    "maximum": ("the larger of {0} and {1}", "The maximum hands its gradient to the larger argument only."),
    "minimum": ("the smaller of {0} and {1}", "The minimum hands its gradient to the smaller argument only."),
    "where": ("{1} if {0} > 0, else {2}", "The gradient goes to the branch that was taken. The condition gets none."),
    "total": ("the sum of {count} values", "A sum hands its gradient on unchanged to every term."),
    "dot": ("the sum of {pairs} products{bias}", "Each factor receives the gradient times its partner{bias_back}."),
}  # fmt: skip


def of(record: Record, root: str, writer: Writer, uses: Callable[[str], int]) -> str:
    """The sentences for a step. `uses` says in how many places a name is used."""
    if record.phase == "forward":
        return _note(_forward(record, writer), record)
    partial = writer.partial(Partial(root, record.node))
    name = writer.name(record.node)
    if record.node == root:
        told = f"The backward pass starts here: {partial} = 1, since {name} changes one for one with itself."
    elif uses(record.node) > 1:
        every = "Both" if uses(record.node) == 2 else f"All {uses(record.node)}"
        told = f"{every} contributions have come in: {partial} = {writer.number(record.upstream or 0.0)}."
    else:
        told = f"{partial} = {writer.number(record.upstream or 0.0)} has come in."
    if not record.args:
        return told
    if not record.contributions:
        return _note(f"{told} Nothing is handed on: the arguments are plain numbers or held fixed.", record)
    told += " " + _filled(_backward(record), record, writer)
    if record.upstream == 0:
        told += " The gradient is 0 here, so nothing more comes from this side."
    again = [writer.name(c.to) for c in record.contributions if uses(c.to) > 1]
    if again:
        those = ", ".join(dict.fromkeys(again[:4])) + (", …" if len(set(again)) > 4 else "")
        several = len(set(again)) > 1
        told += f" {those} {'are' if several else 'is'} used more than once, so contributions add up: += and not =."
    return _note(told, record)


def _forward(record: Record, writer: Writer) -> str:
    name = writer.name(record.node)
    if not record.args:
        return f"{name} is given: {writer.number(record.value)}."
    return f"{name} is {_filled(WORDS[record.rule][0], record, writer)}."


def _backward(record: Record) -> str:
    if record.rule == "relu" and not record.note:
        open_ = record.contributions[0].slope > 0
        return (
            "relu lets the gradient through: its input {0} is positive."
            if open_
            else "relu stops the gradient here: its input {0} is negative."
        )
    if record.rule in ("maximum", "minimum") and record.note:
        return "The two arguments are equal."
    return WORDS[record.rule][1]


def _filled(words: str, record: Record, writer: Writer) -> str:
    count = len(record.args)
    biased = record.rule == "dot" and count % 2
    return words.format(
        *(writer.name(a.name) if a.name else writer.text((number(a.value),)) for a in record.args[:3]),
        n=writer.name(record.node),
        count=count,
        pairs=count // 2,
        bias=" and a bias" if biased else "",
        bias_back=", the bias receives it unchanged" if biased else "",
    )


def _note(told: str, record: Record) -> str:
    return f"{told} Exactly at the kink: {record.note}." if record.note else told
