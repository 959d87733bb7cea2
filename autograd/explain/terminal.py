"""An explanation as plain text, for a terminal of 80 to 100 columns."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from autograd.explain import formula
from autograd.explain.formula import Partial

if TYPE_CHECKING:
    from autograd.explain.explanation import Explanation, Step

WIDTH = 92  # of running text
WIDEST = 100  # of a formula with its slope beside it
FEW = 10  # inputs that have a line each
NO_BREAK = "\N{NO-BREAK SPACE}"
SIGNS = (" += ", " = ", " · ", " + ")  # where a formula may go on below
MOST = 12  # lines of the chain rule for one node


def write(explanation: Explanation) -> str:
    """The steps of both passes, then the gradients of the inputs."""
    writer = explanation.writer
    lines = [f"Forward pass: from the inputs to {writer.name(explanation.root)}", ""]
    digits = len(str(len(explanation)))
    inputs = [step for step in explanation.forward if not step.args]
    packed = len(inputs) > FEW
    if packed:
        given = ", ".join(writer.text(step.formulas[0]).replace(" ", NO_BREAK) for step in inputs)
        head = f"{'1-' + str(len(inputs)):>{digits + 2}}  given: "
        wrapped = textwrap.wrap(given, WIDTH, initial_indent=head, subsequent_indent=" " * (digits + 4))
        lines += [line.replace(NO_BREAK, " ") for line in wrapped]
    for i, step in enumerate(explanation, 1):
        if packed and i <= len(inputs):
            continue
        if i == len(explanation.forward) + 1:
            lines += ["", "Backward pass: the chain rule, from the end to the inputs", ""]
        head = f"{i:>{digits + 2}}  "
        if step.phase == "forward":
            (line,) = (writer.text(each) for each in step.formulas)
            told = "" if step.args else "   (given)"
            lines += _fitted(head + line + told + (f"   [{step.note}]" if step.note else ""), digits + 4)
        else:
            lines += _backward(step, explanation, head)
    lines += ["", "Gradients", ""]
    root = explanation.root
    gradients = [(writer.partial(Partial(root, name)), explanation.gradients[name]) for name in explanation.inputs]
    width = max((len(what) for what, _ in gradients), default=0)
    lines += [f"{'':{digits + 4}}{what:<{width}} = {writer.number(gradient)}" for what, gradient in gradients]
    return "\n".join(lines)


def _backward(step: Step, explanation: Explanation, head: str) -> list[str]:
    writer = explanation.writer
    indent = " " * len(head)
    lines = textwrap.wrap(step.text, WIDTH, initial_indent=head, subsequent_indent=indent)
    shown = step.contributions[:MOST]
    chain = step.formulas[len(step.formulas) - len(step.contributions) :]
    rules = [formula.slope(step, c, line) for c, line in zip(shown, chain, strict=False)]
    slopes = [f"where {writer.text(rule)}" if rule else "" for rule in rules]
    together = writer.lines(chain, step.contributions)[:MOST]
    column = max((len(line) for line in together), default=0)
    for line, slope in zip(together, slopes, strict=True):
        if not slope:
            lines += _fitted(f"{indent}  {line}", len(indent) + 2)
        elif len(indent) + 2 + column + 3 + max(map(len, slopes)) <= WIDEST:
            lines.append(f"{indent}  {line:<{column}}   {slope}")
        else:
            lines += _fitted(f"{indent}  {line}", len(indent) + 2) + _fitted(f"{indent}      {slope}", len(indent) + 6)
    if len(step.contributions) > MOST:
        lines.append(f"{indent}  … and {len(step.contributions) - MOST} more like these")
    return lines


def _fitted(line: str, indent: int) -> list[str]:
    """A line that is too long goes on below, at its signs."""
    if len(line) <= WIDEST:
        return [line]
    cut = max(line.rfind(sign, indent, WIDEST) for sign in SIGNS)
    if cut <= indent:  # a long name before the first sign: no sooner than there
        cut = min((at for sign in SIGNS if (at := line.find(sign, indent)) > indent), default=0)
    if not cut:
        return [line]
    return [line[:cut], *_fitted(" " * (indent + 2) + line[cut + 1 :], indent + 2)]
