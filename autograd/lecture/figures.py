"""The plots, as SVG that stands in the page: text stays text, and black follows the page's colour."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from autograd.lecture import notation
from autograd.lecture.convex import Rate
from autograd.lecture.symmetry import Start
from autograd.lecture.training import Run, Scheduled
from optim.history import History, logarithmic

# Okabe and Ito's colours, the light ones darkened until each has a contrast of 3 to white and to the page in the dark;
# every line also has its own marker, and dashes that differ most where the colour-blind see little difference.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#BE8A00", "#3F9BD0", "#7a7a7a", "#8E63C7"]
DASHES: list[Any] = ["-", "--", "-.", ":", "-", (0, (3, 1, 1, 1)), (0, (8, 3)), (0, (1, 1))]
MARKERS = ["o", "s", "^", "D", "v", "P", "X", "*"]

STYLE: Any = {
    "svg.fonttype": "none", "svg.hashsalt": "chalkgrad", "font.family": "sans-serif", "font.size": 13,
    "axes.labelsize": 14, "axes.titlesize": 15, "legend.fontsize": 12,
    "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "grid.color": "#999999", "grid.alpha": 0.35, "lines.linewidth": 2.2, "lines.markersize": 6,
    "legend.frameon": False, "mathtext.default": "regular",
}  # fmt: skip


def plot(name: str, title: str, description: str, paint: Callable[[Any], None], *, columns: int = 1) -> str:
    """What `paint` draws on a row of axes, as an `<svg>` with a title and a description."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context({**STYLE, "svg.hashsalt": f"chalkgrad {name}"}):
        figure = Figure(figsize=(5.6 * columns, 4.6) if columns > 1 else (8.8, 3.8), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.subplots(1, columns)
        paint(axes)
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _embedded(file.getvalue(), name, title, description)


def _embedded(svg: str, name: str, title: str, description: str) -> str:
    """An `<svg>` that can stand in a page next to others: ids of its own, the page's colours, words for everyone."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r' id="([^"]*)"', rf' id="{name}-\1"', svg)
    svg = re.sub(r"url\(#", f"url(#{name}-", svg)
    svg = re.sub(r'href="#', f'href="#{name}-', svg)
    svg = re.sub(r"#000000|\bblack\b", "currentColor", svg)
    svg = re.sub(r"(<text [^>]*>)([^<]*)(?=</text>)", lambda found: found[1] + notation.svg(found[2]), svg)
    svg = re.sub(r"(<text [^>]*style=\")", r"\1fill: currentColor; ", svg)
    svg = re.sub(r"font: (\S+) '[^;\"]*", r"font: \1 var(--sans)", svg)
    head = f'<svg class="plot" role="img" aria-labelledby="{name}-title {name}-about" '
    words = f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-about">{escape(description)}</desc>'
    svg = re.sub(r"<svg [^>]*?(viewBox=\"[^\"]*\")[^>]*>", rf"{head}\1>{words}", svg, count=1, flags=re.DOTALL)
    return svg.strip()


def lines(
    axes: Any, series: Sequence[tuple[str, Sequence[float], Sequence[float]]], *, markers: bool = True, start: int = 0
) -> None:
    """Draw each (name, x, y) in its own colour, dashes and marker."""
    for n, (name, x, y) in enumerate(series, start=start):
        style = {"color": COLOURS[n % 8], "linestyle": DASHES[n % 8], "label": name}
        if markers:
            style |= {"marker": MARKERS[n % 8], "markevery": max(1, len(x) // 8)}
        axes.plot(x, y, **style)


def training(runs: Sequence[Run]) -> str:
    """Cost and test accuracy of every method."""

    def paint(axes: Any) -> None:
        lines(axes[0], [(r.method.name, range(len(r.history.cost)), r.history.cost) for r in runs])
        axes[0].set(xlabel="epoch", ylabel="cost E(w)", title="cost on the training data")
        logarithmic(axes[0])
        lines(axes[1], [(r.method.name, range(len(r.history.cost)), r.history.test_accuracy) for r in runs])
        axes[1].set(xlabel="epoch", ylabel="accuracy", title="accuracy on the test data", ylim=(0.8, 1.0))
        axes[1].set_yticks([0.8, 0.85, 0.9, 0.95, 1.0], ["80%", "85%", "90%", "95%", "100%"])
        axes[0].figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)

    ends = "; ".join(f"{r.method.name}: cost {r.cost:.3g}, test accuracy {r.test_accuracy:.1%}" for r in runs)
    return plot("training", "Cost and test accuracy against the epoch, for every method", ends, paint, columns=2)


def schedules(results: Sequence[Scheduled]) -> str:
    """η_k against k, and the cost."""

    def paint(axes: Any) -> None:
        for n, each in enumerate(results):
            k = range(1, max(2, each.history.steps) + 1)
            lines(axes[0], [(each.name, k, [each.schedule(i) for i in k])], start=n)
            lines(axes[1], [(each.name, range(len(each.history.cost)), each.history.cost)], start=n)
        axes[0].set(yscale="log", xlabel="step k", ylabel="learning rate η_k", title="learning rate", ylim=(5e-4, 2))
        axes[1].set(xlabel="epoch", ylabel="cost E(w)", title="cost on the training data")
        logarithmic(axes[1])
        axes[0].figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)

    ends = "; ".join(f"{s.name}: cost {s.history.cost[-1]:.3g} at the end" for s in results)
    return plot("schedules", "Learning rates, and the cost they lead to", ends, paint, columns=2)


def picked(history: History) -> str:
    """SGD on misclassified examples only: the cost, with the epochs in which it rose, and the examples still wrong."""
    epochs, cost = range(len(history.cost)), history.cost
    rose = [n for n in epochs if n and cost[n] >= cost[n - 1]]

    def paint(axes: Any) -> None:
        lines(axes[0], [("cost", epochs, cost)])
        axes[0].plot(rose, [cost[n] for n in rose], "s", color=COLOURS[1], markersize=8, label="it rose")
        axes[0].set(xlabel="epoch", ylabel="cost E(w)", title="cost on the training data")
        logarithmic(axes[0])
        axes[0].legend()
        lines(axes[1], [("misclassified", epochs, [100 * (1 - a) for a in history.accuracy])], start=2)
        axes[1].set(xlabel="epoch", ylabel="misclassified", title="misclassified training examples", ylim=(0, None))
        axes[1].yaxis.set_major_formatter("{x:.0f}%")

    said = f"The cost goes from {cost[0]:.3g} to {min(cost):.3g}, and rises in {len(rose)} of {len(cost) - 1} epochs"
    return plot("picked", "Training on misclassified examples only", said, paint, columns=2)


def restarts(attempts: Sequence[Sequence[float]]) -> str:
    """The cost of each attempt, one after the other."""

    def paint(axes: Any) -> None:
        first = 0
        for n, costs in enumerate(attempts):
            lines(axes, [(f"attempt {n + 1}", range(first, first + len(costs)), costs)], start=n)
            first += len(costs) - 1  # the weights are perturbed where the last attempt ended
        axes.set(xlabel="epoch", ylabel="cost E(w)")
        logarithmic(axes)
        axes.legend()

    said = "; ".join(f"attempt {n}: from {c[0]:.3g} to {c[-1]:.3g}" for n, c in enumerate(attempts, start=1))
    return plot("restarts", "The cost in each attempt of a ReLU network that starts from zeros", said, paint)


def spread(starts: Sequence[Start]) -> str:
    """How far the hidden units lie apart."""

    def paint(axes: Any) -> None:
        lines(axes, [(s.name, range(len(s.spread)), s.spread) for s in starts])
        axes.set(xlabel="epoch", ylabel="spread of the weights", ylim=(-0.1, None))
        axes.legend()

    ends = "; ".join(f"{s.name}: {s.spread[-1]:.3g} after the last epoch" for s in starts)
    return plot("spread", "How far the weights of the hidden units lie apart, against the epoch", ends, paint)


def rates(results: Sequence[Rate]) -> str:
    """E - E* against k, both axes logarithmic, with the theorem's slopes."""

    def paint(axes: Any) -> None:
        for n, rate in enumerate(results):
            lines(axes[n], [("measured", rate.k, rate.gap)], start=n)
            start = next(i for i, k in enumerate(rate.k) if k >= rate.fitted_from)
            reference = [1.6 * rate.gap[start] * (k / rate.k[start]) ** rate.theory for k in rate.k[start:]]
            name = "slope -1: O(1/k)" if rate.theory == -1 else "slope -1/2: O(1/√k)"
            axes[n].plot(rate.k[start:], reference, color="#7a7a7a", linestyle="--", label=name)
            axes[n].set(xscale="log", yscale="log", xlabel="step k", ylabel="E - E*", title=rate.name)
            axes[n].legend(loc="lower left")

    said = "; ".join(f"{r.name}: measured slope {r.slope:.2f}, theorem {r.theory:g}" for r in results)
    return plot("rates", "Distance to the lowest cost against the step, on logarithmic axes", said, paint, columns=2)
