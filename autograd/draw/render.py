"""Running Graphviz: the system's `dot` where there is one, else the one that comes with the package graphviz-pure."""

from __future__ import annotations

import re
import shutil
import subprocess
from itertools import groupby

SECONDS = 120  # a layout that takes longer than this is given up
PATIENCE = 15  # … and so soon where another program is left to try: old Graphvizes are slow with long arrows
LONG = 2_000  # ranks that all arrows cross together: of so many on, old Graphvizes take seconds and then minutes
TOO_LONG = 1_000_000  # … and of so many on, all of them
PDF_NEEDS_DOT = "PDF needs Graphviz's own program `dot`, which is not on the PATH"


class RenderError(RuntimeError):
    """Graphviz is missing, or could not draw this graph."""


def system_dot() -> str | None:
    """The path of the system's `dot`, None if there is none."""
    return shutil.which("dot")


def embedded_dot() -> str | None:
    """The path of the program in the package graphviz-pure, None if it is not installed."""
    from importlib import metadata  # (a large part of the standard library comes with it: only where it is needed)

    try:
        files = metadata.files("graphviz-pure") or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name in ("graphviz-pure", "graphviz-pure.exe") and (path := file.locate()).exists():  # type: ignore[attr-defined]
            return str(path)
    return shutil.which("graphviz-pure")


def render(source: str, form: str, *options: str) -> bytes:
    """DOT text drawn as "svg", "png", "pdf" or "json0"; `options` go to Graphviz.

    Raises RenderError if no program can.
    """
    crossed = ranks_crossed(source)
    if crossed > TOO_LONG:
        raise RenderError(
            f"the arrows of this graph are too long to lay out: together they cross {crossed:,} columns of nodes. "
            "Draw a smaller part of the graph."
        )
    found = [system_dot(), embedded_dot() if form != "pdf" else None]
    if crossed > LONG:
        found.reverse()  # the embedded one is the younger
    programs = [program for program in found if program]
    trouble = ""
    for program in programs:
        seconds = SECONDS if program == programs[-1] else PATIENCE
        try:
            done = subprocess.run(
                [program, f"-T{form}", *options], input=source.encode(), capture_output=True, timeout=seconds
            )
        except subprocess.TimeoutExpired:
            trouble = f"the layout took more than {seconds} seconds; draw a smaller part of the graph"
            continue
        except OSError as error:
            trouble = str(error)
            continue
        if done.returncode == 0 and done.stdout:
            return done.stdout
        trouble = done.stderr.decode(errors="replace").strip() or f"it ended with code {done.returncode}"
    if trouble:
        raise RenderError(f"Graphviz could not draw this as {form}: {trouble[:500]}")
    if form == "pdf":
        raise RenderError(
            f"{PDF_NEEDS_DOT}. Install Graphviz (https://graphviz.org/download), or save as .svg, .png or .tex."
        )
    raise RenderError(
        "there is no Graphviz to draw with: `pip install graphviz-pure`, or install Graphviz "
        "(https://graphviz.org/download). The DOT text is in `.source`."
    )


def ranks_crossed(source: str) -> int:
    """Over how many ranks all arrows go together, for DOT text that names each node's arguments before the node.

    What no arrow leads to stands beside the first node that it leads to.
    """
    rank: dict[str, int] = {}
    arrows = re.findall(r"^\t+(\w+) -> (\w+)", source, re.MULTILINE)
    for tail, head in arrows:
        rank[head] = max(rank.get(head, 0), rank.get(tail, 0) + 1)
    first = {tail: min(rank[head] for _, head in of_it) for tail, of_it in groupby(sorted(arrows), key=lambda a: a[0])}
    return sum(rank[head] - rank.get(tail, first[tail] - 1) for tail, head in arrows)
