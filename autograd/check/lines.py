"""What `check_derivation` found, to read in a terminal, in a notebook, or as data."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import Any, Literal

from autograd.check.problem import Diagnosis
from autograd.check.report import Component, html_table, plain

Status = Literal["right", "wrong", "consequence"]
MARK = {"right": "right", "wrong": "WRONG", "consequence": "(follows)"}


@dataclass(frozen=True, slots=True)
class LineResult:
    """One line: `status` is "right", "wrong" (by itself) or "consequence" (of a wrong line above).

    The `components` of a wrong line are compared with the chain rule run from the student's own lines above it, those
    of a consequence with the true gradient.
    """

    name: str
    target: str
    status: Status
    reason: str
    components: list[Component]
    diagnosis: list[Diagnosis] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DerivationReport:
    """The outcome for every line: true when all are right."""

    lines: list[LineResult]
    points: int

    def __bool__(self) -> bool:
        return all(line.status == "right" for line in self.lines)

    @property
    def verdict(self) -> str:
        """ "right" or "wrong"."""
        return "right" if self else "wrong"

    @property
    def first_wrong(self) -> LineResult | None:
        """The first line that is wrong by itself."""
        return next((line for line in self.lines if line.status == "wrong"), None)

    @property
    def score(self) -> float:
        """The part of the lines that are right or follow rightly from the lines above, from 0 to 1."""
        return sum(line.status != "wrong" for line in self.lines) / len(self.lines)

    def raise_if_wrong(self) -> DerivationReport:
        """Itself; AssertionError with the whole report if a line is wrong."""
        if not self:
            raise AssertionError(str(self))
        return self

    def to_dict(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        first = self.first_wrong
        return {
            "verdict": self.verdict,
            "right": bool(self),
            "first_wrong": first.name if first else None,
            "score": self.score,
            "points": self.points,
            "lines": [
                {
                    "name": line.name,
                    "target": line.target,
                    "status": line.status,
                    "reason": line.reason,
                    "components": [{n: plain(getattr(c, n)) for n in Component.__slots__} for c in line.components],
                    "diagnosis": [d.to_dict() for d in line.diagnosis],
                }
                for line in self.lines
            ],
        }

    def _headline(self) -> str:
        first = self.first_wrong
        if first is None:
            return f"RIGHT: all {len(self.lines)} lines follow from each other and from f, at {self.points} points."
        return f"WRONG: the first wrong line is {first.name}."

    def _remarks(self) -> list[str]:
        remarks = []
        for line in self.lines:
            if line.status != "wrong":
                continue
            if line.components:
                c = line.components[0]
                name = line.name + c.name.removeprefix(line.target)  # dW[0,1]
                remarks.append(f"{name} is {c.yours:.9g} in yours, from the lines above follows {c.expected:.9g}")
            for d in line.diagnosis[:2]:
                remarks.append(f"{line.name}: {d.text}")
        return remarks

    def __str__(self) -> str:
        width = max(len(line.name) for line in self.lines)
        rows = [f"  {line.name.ljust(width)}  {MARK[line.status]:9}  {line.reason}" for line in self.lines]
        remarks = self._remarks()
        return "\n".join([self._headline(), "", *rows, *([""] if remarks else []), *remarks])

    def _repr_html_(self) -> str:
        rows = [[line.name, MARK[line.status], line.reason] for line in self.lines]
        remarks = "".join(f"<p>{html.escape(r)}</p>" for r in self._remarks())
        return (
            f'<div style="font-family:sans-serif;max-width:60em"><p>{html.escape(self._headline())}</p>'
            f"{html_table(['line', '', ''], rows)}{remarks}</div>"
        )
