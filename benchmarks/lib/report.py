"""Tables for people (rich; plain text in a pipe) and JSON for machines."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parents[1] / "results"
PEERS = ("numpy", "micrograd", "torch", "jax", "casadi", "numba")


def machine() -> dict[str, Any]:
    """What a time depends on."""
    versions = {}
    for name in PEERS:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = None
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = names[0] if names else cpu
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "load": os.getloadavg() if hasattr(os, "getloadavg") else None,
        "system": platform.system(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "versions": versions,
    }


class Report:
    """Collects tables and facts; prints as it goes, writes JSON at the end."""

    def __init__(self, command: str) -> None:
        piped = not sys.stdout.isatty()
        self.console = Console(width=120 if piped else None, soft_wrap=piped, highlight=False)
        self.piped = piped
        self.content: dict[str, Any] = {
            "command": command,
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "tables": [],
            "targets": [],
            "notes": [],
        }
        m = self.content["machine"]
        versions = ", ".join(f"{k} {v}" for k, v in m["versions"].items() if v)
        self.console.print(f"{m['cpu']}, {m['cores']} cores, {m['python']}; {versions}")

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], data: Any = None) -> None:
        """Print a table now and keep it (with `data`, the unrounded numbers) for the JSON."""
        look = box.ASCII if self.piped else box.SIMPLE_HEAD
        table = Table(title=title, title_justify="left", box=look, title_style="bold")
        for i, column in enumerate(columns):
            table.add_column(column, justify="left" if i == 0 else "right")
        for row in rows:
            table.add_row(*(str(cell) for cell in row))
        self.console.print()
        self.console.print(table)
        self.content["tables"].append({"title": title, "columns": list(columns), "rows": rows, "data": data})

    def note(self, text: str) -> None:
        self.console.print("  " + text, markup=False)
        self.content["notes"].append(text)

    def target(self, what: str, reached: float, wanted: float, *, at_most: bool = False) -> None:
        """Say whether a target was reached, either way."""
        met = reached <= wanted if at_most else reached >= wanted
        sign = "<=" if at_most else ">="
        self.console.print(
            f"  {'reached' if met else 'MISSED '}  {what}: {reached:.3g} (target {sign} {wanted:g})", markup=False
        )
        self.content["targets"].append(
            {"what": what, "reached": reached, "wanted": wanted, "at_most": at_most, "met": bool(met)}
        )

    def write(self, out: str | None) -> Path:
        """Write the JSON to `out`, or into benchmarks/results/."""
        path = Path(out) if out else RESULTS / f"{self.content['command']}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.content, indent=1, default=float) + "\n")
        self.console.print(f"\nwritten to {path}", markup=False)
        return path


def options(command: str, doc: str | None) -> argparse.ArgumentParser:
    """The options that every command has; a command may add its own."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks {command}", description=(doc or "").strip())
    parser.add_argument("--out", metavar="FILE.json", help="where to write the results (benchmarks/results/)")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions: a look, not a result")
    return parser


def seconds(t: float) -> str:
    """A time that a person can read."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if t >= size:
            return f"{t / size:.3g} {unit}"
    return f"{t / 1e-9:.3g} ns"


def times(ratio: float) -> str:
    """A ratio: 12.3 ×."""
    return f"{ratio:,.0f} ×" if ratio >= 100 else f"{ratio:.3g} ×"
