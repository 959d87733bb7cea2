"""``chalkgrad check``: a formula against f, both as text; or every check in a Python file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from os.path import isfile
from pathlib import Path
from typing import Annotated, Any

import typer

from autograd.check.apart import data, run_apart
from autograd.check.formula import Formula, FormulaError, parse
from autograd.check.homework import LEVELS, Level, hint
from autograd.check.homework_file import needs
from autograd.check.report import GradientReport
from autograd.check.verdict import gradcheck
from autograd.errors import DomainError
from autograd.transform import value_and_grad
from autograd.value import Value


def check(
    what: Annotated[str, typer.Argument(help="The function, as text; or a Python file of checks.")],
    values: Annotated[list[str] | None, typer.Argument(help="A number for every name: w=0.5 x=2")] = None,
    by: Annotated[list[str] | None, typer.Option(help="Differentiate by this name. May be given again.")] = None,
    claim: Annotated[list[str] | None, typer.Option(help="Your derivative, one for each --by.")] = None,
    points: Annotated[int, typer.Option(help="How many random points are tried besides the one given.")] = 8,
    rtol: Annotated[float, typer.Option(help="Relative tolerance.")] = 1e-6,
    seed: Annotated[int, typer.Option(help="Seed of the random points.")] = 0,
    hints: Annotated[str, typer.Option(help="How much to tell: verdict, place or diagnosis.")] = "diagnosis",
    seconds: Annotated[float, typer.Option(help="How long a file, and each check in it, may take.")] = 60.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Check a derivative that you found by hand: is it right, and if not, which step is wrong?

    chalkgrad check "sigmoid(w*x)" --by w --claim "x*sigmoid(w*x)*(1 - sigmoid(w*x))" w=0.5 x=2

    chalkgrad check homework.py

    The exit code is 0 if everything is right, 1 if something is not, 2 for input that cannot be read.
    """
    if hints not in LEVELS:
        raise _stop(f"--hints is one of {', '.join(LEVELS)}; got {hints!r}")
    if not seconds > 0:
        raise _stop(f"--seconds must be more than 0; got {seconds:g}")
    if what.endswith(".py") and not (values or by or claim):
        raise typer.Exit(_check_file(Path(what), hints, seconds, as_json=as_json))
    if isfile(what):  # noqa: PTH113 - Path.is_file() fails at a formula that is too long for a name
        if what.endswith(".py"):
            raise _stop(f"{what} is a file of checks: give it alone, without values, --by and --claim")
        raise _stop(f"{what} is a file, but no Python file: its name should end in .py")
    try:
        report, said = check_text(what, by or [], claim or [], values or [], points=points, rtol=rtol, seed=seed)
    except (TypeError, ValueError) as error:
        raise _stop(str(error)) from None
    if as_json:
        typer.echo(json.dumps(data(report, hints), ensure_ascii=False, indent=2))
    else:
        typer.echo(said + "\n\n" + hint(report, hints))
    raise typer.Exit(0 if report else 1)


def check_text(
    f: str, by: list[str], claims: list[str], values: list[str], *, points: int = 8, rtol: float = 1e-6, seed: int = 0
) -> tuple[GradientReport, str]:
    """Check `claims`, the derivatives of the formula `f` along the names `by`, at ``["w=0.5", "x=2"]``.

    Returns the report and what was understood, as mathematics. Raises FormulaError or ValueError for what cannot be
    read, with the place underlined.
    """
    function = _read(f, "f")
    formulas = [_read(c, "the claim") for c in claims]
    at = _numbers(values)
    by = [name.strip() for entry in by for name in entry.split(",")] or (
        list(function.names) if len(function.names) == 1 else []
    )
    if not by:
        raise ValueError(
            f"say by which name to differentiate: {' or '.join(f'--by {n}' for n in function.names or 'w')}"
        )
    if not claims:
        raise ValueError(f'give the derivative that you found by hand, along {by[0]}: --claim "…"')
    if len(formulas) != len(by):
        raise ValueError(f"there must be one --claim for each --by: got {len(formulas)} for {', '.join(by)}")
    if len(set(by)) != len(by):
        raise ValueError(f"--by names {', '.join(by)}: each name once")
    _complete(function, formulas, by, at)
    names = [*by, *(n for n in at if n not in by)]
    report = _check(function, formulas, by, names, at, points=points, rtol=rtol, seed=seed)
    said = [f"f = {function}", *(f"claimed ∂f/∂{n} = {c}" for n, c in zip(by, formulas, strict=True))]
    return report, "\n".join(said) + f"\nat {', '.join(f'{n} = {x:.12g}' for n, x in at.items())}"


def _check(
    function: Formula, claims: list[Formula], by: list[str], names: list[str], at: dict[str, float], **options: Any
) -> GradientReport:
    """The other names are moved, too: a derivative with 2 in the place of x, where x = 2, is not right."""

    def f(*args: Value) -> Any:
        result = function(**dict(zip(names, args, strict=True)))
        return result if isinstance(result, Value) else args[0] * 0.0 + result

    def gradient(*args: float) -> tuple[float, ...]:
        numbers = dict(zip(names, args, strict=True))
        claimed = [claim(**numbers) for claim in claims]
        rest = range(len(by), len(names))
        return (*claimed, *(value_and_grad(f, list(rest))(*args)[1] if rest else ()))

    f.__signature__ = _signature(names)  # type: ignore[attr-defined]
    f.is_text = True  # type: ignore[attr-defined]
    report = gradcheck(f, tuple(at[n] for n in names), gradient, **options)
    shown = [c for c in report.components if c.name in by]
    wrong = [c for c in shown if c.status == "wrong"]
    reason, notes = report.reason, list(report.notes)
    if report.verdict == "wrong":
        some = ", ".join(c.name for c in wrong)
        reason = "the formula disagrees with f." if len(by) == 1 else f"the derivatives along {some} disagree with f."
        if all(c.point for c in wrong):
            _, right, elsewhere = report.reason.partition(" It is right at the point you gave")
            reason += right + elsewhere
            notes.append(
                "Is a number written where a name belongs, or is the formula right for numbers of one sign only?"
            )
    elif report:
        reason = f"the formula agrees with f at {report.points} point{'s' if report.points > 1 else ''}."
    return replace(report, components=shown, reason=reason, notes=notes)


def _read(text: str, what: str) -> Formula:
    try:
        return parse(text)
    except FormulaError as error:
        raise ValueError(f"in {what}: {error}") from None


def _signature(names: list[str]) -> Any:
    from inspect import Parameter, Signature

    return Signature([Parameter(n, Parameter.POSITIONAL_ONLY) for n in names])


def _numbers(values: list[str]) -> dict[str, float]:
    """``["w=0.5", "x=2"]`` as numbers by name. A number may be a formula of numbers: x=1/3."""
    at: dict[str, float] = {}
    for entry in values:
        name, equals, text = entry.partition("=")
        name = name.strip()
        if entry.startswith("--"):
            raise ValueError(f"there is no option {name}: see chalkgrad check --help")
        if equals and name:
            parse(name)  # says what is wrong with w₁
        if not equals or not name.isidentifier():
            raise ValueError(f"give numbers as name=number, like x=2; got {entry!r}")
        formula = _read(text, repr(entry))
        if formula.names:
            raise ValueError(f"{entry!r} must be a number; {formula.names[0]} is a name")
        if name in at:
            raise ValueError(f"{name} is given twice")
        try:
            at[name] = float(formula())
        except DomainError as error:
            raise ValueError(f"{entry!r} is no number: {str(error).splitlines()[0]}") from None
    return at


def _complete(function: Formula, claims: list[Formula], by: list[str], at: dict[str, float]) -> None:
    used = dict.fromkeys([*function.names, *(n for c in claims for n in c.names)])
    for name in by:
        if name not in function.names:
            have = ", ".join(function.names) or "no names at all"
            raise ValueError(f"f has no {name}: it has {have}{_joined(function.names, at)}")
    lacking = [n for n in used if n not in at]
    if lacking:
        hint = " (for the number e, write exp(1))" if "e" in lacking else _joined(lacking, at)
        raise ValueError(f"give a number for {', '.join(lacking)}, like {lacking[0]}=0.5{hint}")
    for name, number in at.items():
        if name not in used:
            have = ", ".join(used)
            raise ValueError(
                f"{name} is given as {number:.12g}, and there is no {name} in f or in a claim: there is {have}"
            )


def _joined(names: Iterable[str], at: dict[str, float]) -> str:
    """A hint where a name is two known names without a sign between them."""
    for name in names:
        for k in range(1, len(name)):
            if name not in at and name[:k] in at and name[k:] in at:
                return f". {name} is one name; there is no implicit multiplication: write {name[:k]}*{name[k:]}"
    return ""


def _check_file(path: Path, hints: Level, seconds: float, *, as_json: bool) -> int:
    if not path.is_file():
        raise _stop(f"{path} is a folder" if path.is_dir() else f"there is no file {str(path)!r}")
    try:
        needed = needs(path)
    except OSError as error:
        raise _stop(f"{path} cannot be read: {error.strerror}") from None
    results = run_apart(path, level=hints, seconds=seconds, quiet=as_json)
    if as_json:
        shown = [{k: v for k, v in result.items() if k != "text"} for result in results]
        typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return int(not results or not all(result["right"] for result in results))
    for result in results:
        typer.echo(result["text"])
    if not results:
        typer.echo(f"{path} holds no checks: call gradcheck in it, or write functions named check_… or test_…")
    for name, arguments in needed.items():
        if arguments:
            typer.echo(f"{name} was not run, since it needs arguments: {', '.join(arguments)}")
    if not results:
        return 1
    right = sum(result["right"] for result in results)
    score = sum(result["score"] for result in results)
    typer.echo(f"{right} of {len(results)} right; score {score:.2f} of {len(results)}")
    return int(right < len(results))


def _stop(message: str) -> typer.Exit:
    typer.echo(message, err=True)
    return typer.Exit(2)
