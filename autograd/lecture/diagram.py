"""The architecture as a picture: a few units of each layer, and how they are joined."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from autograd.lecture.notation import svg

SHOWN = 7  # units of a layer that are drawn; of more, the first few, dots, and the last
WIDTH, HEIGHT, RADIUS, TOP, GAP = 760, 430, 15, 64, 44


def architecture(sizes: Sequence[int], names: Sequence[str]) -> str:
    """An `<svg>` of the layers with these numbers of units. Colours come from the page's style."""
    columns = [_places(n, 110 + k * (WIDTH - 220) / max(1, len(sizes) - 1)) for k, n in enumerate(sizes)]
    lines = "".join(
        f'<line x1="{x1 + RADIUS:.0f}" y1="{y1:.0f}" x2="{x2 - RADIUS:.0f}" y2="{y2:.0f}"/>'
        for left, right in itertools.pairwise(columns)
        for x1, y1, _ in left
        for x2, y2, _ in right
    )
    units, words = [], []
    for layer, (column, n, name) in enumerate(zip(columns, sizes, names, strict=True)):
        kind = "input" if layer == 0 else "output" if layer == len(sizes) - 1 else "hidden"
        x = column[0][0]
        for cx, cy, unit in column:
            units.append(f'<circle class="{kind}" cx="{cx:.0f}" cy="{cy:.0f}" r="{RADIUS}"/>')
            label = unit - 1 if kind == "output" else unit
            units.append(f'<text class="unit" x="{cx:.0f}" y="{cy + 4:.0f}">{label}</text>')
        if n > SHOWN:
            y = (column[-2][1] + column[-1][1]) / 2
            units += [f'<circle class="dots" cx="{x:.0f}" cy="{y + d:.0f}" r="2.5"/>' for d in (-9, 0, 9)]
        words.append(f'<text class="name" x="{x:.0f}" y="22">{name}</text>')
        words.append(f'<text class="count" x="{x:.0f}" y="42">l = {layer}: {n} units</text>')
    for k, (left, right) in enumerate(itertools.pairwise(sizes), start=1):
        x = (columns[k - 1][0][0] + columns[k][0][0]) / 2
        words.append(
            f'<text class="count" x="{x:.0f}" y="{HEIGHT - 8}">{svg(f"w_ij^{k}")}: {left} × {right} weights</text>'
        )
    said = ", then ".join(f"layer {layer} with {n} units" for layer, n in enumerate(sizes))
    return (
        f'<svg class="architecture" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="The network: {said}, each unit joined to all units of the layer before">'
        f"<title>The network: {said}</title>"
        f'<g class="joins">{lines}</g>{"".join(units)}{"".join(words)}</svg>'
    )


def _places(n: int, x: float) -> list[tuple[float, float, int]]:
    """(x, y, number) of the units that are drawn."""
    if n <= SHOWN:
        numbers = list(range(1, n + 1))
    else:
        numbers = [*range(1, SHOWN), n]
    count = len(numbers) + (n > SHOWN)
    top = TOP + 20 + (HEIGHT - 60 - TOP - GAP * (count - 1)) / 2 - 10
    return [
        (x, top + GAP * (row + (1 if n > SHOWN and row == len(numbers) - 1 else 0)), number)
        for row, number in enumerate(numbers)
    ]
