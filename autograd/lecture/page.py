"""Results → lecture.html: one file that needs nothing else, no network either.

The words stand in page.html, with a place ``${name}`` for each number, table and picture; this module fills the places.
"""

from __future__ import annotations

from html import escape
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from string import Template

from autograd.check.sheet import said
from autograd.check.sheet_examine import Row
from autograd.lecture import figures
from autograd.lecture.data import Digits
from autograd.lecture.diagram import architecture
from autograd.lecture.experiments import Results
from autograd.lecture.tables import confusion, details, figure, images, table
from autograd.lecture.training import BATCH, HIDDEN, LAMBDA
from autograd.spell.mathml import mathml

FORWARD = (
    r"\mathrm{sum}_j^l = \sum_{i=1}^{s_{l-1}} w_{ij}^l \, \sigma_i^{l-1} + b_j^l"
    r" \quad \sigma_j^l = \frac{1}{1 + e^{- \mathrm{sum}_j^l}}"
)
OBJECTIVE = (
    r"E(w) = - \frac{1}{m} \left[ \sum_{i=1}^{m} \sum_{k=1}^{K} y_k^{(i)} \log \sigma_k^L (x^{(i)})"
    r" + (1 - y_k^{(i)}) \log (1 - \sigma_k^L (x^{(i)})) \right]"
    r" + \frac{\lambda}{2m} \sum_l \sum_i \sum_j (w_{ij}^l)^2"
)
UPDATES = [
    ("SGD", r"w \leftarrow w - \eta \frac{\partial E}{\partial w}"),
    ("momentum", r"v \leftarrow \alpha v - \eta \frac{\partial E}{\partial w} \quad w \leftarrow w + v"),
    ("AdaGrad", r"G \leftarrow G + g^2 \quad w \leftarrow w - \eta \frac{g}{\sqrt{G}}"),
    ("RMSProp", r"v \leftarrow \alpha v + (1 - \alpha) g^2 \quad w \leftarrow w - \eta \frac{g}{\sqrt{v}}"),
    ("Adam", r"\text{RMSProp with momentum, both corrected for starting at 0}"),
]
CONDITION = r"\sum_k \eta_k = \infty \quad \text{and} \quad \sum_k \eta_k^2 \le \gamma < \infty"


def write_page(results: Results, path: Path) -> None:
    """Write the page to `path`, whole or not at all."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        unfinished.write_text(page(results), encoding="utf-8")
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def page(results: Results) -> str:
    """The page as text."""
    here = files("autograd.lecture")
    template = Template(here.joinpath("page.html").read_text(encoding="utf-8"))
    style = here.joinpath("style.css").read_text(encoding="utf-8")
    return template.substitute(
        style=style,
        **frame(results),
        **the_architecture(results.data),
        **the_graph(results),
        **the_formulas(results),
        **the_training(results),
        **the_schedules(results),
        **the_algorithm(results),
        **the_zeros(results),
        **the_rates(results),
        **the_matrices(results),
    )


Places = dict[str, object]


def numbers(content: str) -> str:
    """What is behind a plot, on request."""
    return details("The numbers behind this plot", content)


def displayed(latex: str) -> str:
    """A formula on a line of its own, which scrolls where it is too long."""
    return f'<div class="formula">{mathml(latex, display=True)}</div>'


def frame(r: Results) -> Places:
    """What stands around the sections."""
    try:
        number = version("chalkgrad")
    except PackageNotFoundError:
        number = ""
    options = (" --quick" if r.plan.name == "quick" else "") + (f" --seed {r.seed}" if r.seed else "")
    return {
        "settings": f"the {r.plan.name} one, with seed {r.seed}",
        "version": number,
        "seconds": f"{r.seconds:.0f} s",
        "options": options,
    }


def the_architecture(data: Digits) -> Places:
    """Section 1."""
    n, K = data.X.shape[1], 10
    hidden = 3 * n
    return {
        "examples": f"{data.m + len(data.X_test):,}",
        "m": f"{data.m:,}",
        "tested": len(data.X_test),
        "inputs": n,
        "outputs": K,
        "hidden": hidden,
        "parameters": f"{n * hidden + hidden + hidden * K + K:,}",
        "architecture": figure(
            architecture([n, hidden, K], ["features φ(x)", "hidden layer", "one unit per class"]),
            "The network. Every unit is joined to all units of the layer before; only a few are drawn.",
        ),
        "forward": displayed(FORWARD),
        "objective": displayed(OBJECTIVE),
        "lam": LAMBDA,
    }


def the_graph(r: Results) -> Places:
    """Section 2."""
    s = r.small

    def both(which: str, svgs: dict[str, str]) -> str:
        label = "The graph before backward()" if which == "before" else "The graph after backward(), with the gradients"
        inside = "".join(f'<div class="{theme}">{svg}</div>' for theme, svg in svgs.items())
        return f'<div class="graph {which}" tabindex="0" role="group" aria-label="{label}">{inside}</div>'

    rows = [[label, f"{value:.6f}", f"{slope:.6f}"] for label, value, slope in s.parameters]
    return {
        "small_x": f"({s.x[0]:g}, {s.x[1]:g})",
        "small_y": s.y,
        "small_nodes": s.stats.nodes,
        "small_output": f"{s.output:.4f}",
        "small_cost": f"{s.cost:.4f}",
        "graphs": both("before", s.before) + both("after", s.after),
        "small_table": details(
            "The gradient as a table", table("Each weight and bias", ["parameter", "value", "∂E/∂ parameter"], rows)
        ),
    }


def the_formulas(r: Results) -> Places:
    """Section 3: the verdicts are the checker's."""
    verdicts = [row.verdict for row in r.sheet]
    return {
        "sheet": "\n".join(map(_statement, r.sheet)),
        "sheet_count": len(verdicts),
        "sheet_right": verdicts.count("right"),
        "sheet_wrong": verdicts.count("wrong"),
    }


def _statement(row: Row) -> str:
    sign = {"right": "✓", "wrong": "✗"}.get(row.verdict, "?")
    parts = [
        f'<li class="{row.verdict if row.verdict in ("right", "wrong") else "other"}">',
        f'<p><span class="verdict">{sign} {escape(row.verdict)}</span><span class="name">{escape(row.name)}</span>',
        f'<span class="reading">{escape(row.reading)}</span></p>',
        _formula("" if row.name == "F9" else row.latex, row.printed),  # F9 says more than a formula
    ]
    parts.append(f'<p class="evidence">{escape(said(row).rstrip("."))}.</p>')
    if row.slip:
        parts.append(f"<p><b>The slip:</b> {escape(row.slip)}.</p>")
    if row.corrected:
        parts.append(f"<p><b>It should be:</b></p>{_formula(row.corrected_latex, row.corrected)}")
    return "".join([*parts, "</li>"])


def _formula(latex: str, text: str) -> str:
    try:
        return displayed(latex) if latex else f"<p><code>{escape(text)}</code></p>"
    except ValueError:  # a formula that this small writer cannot set is still shown
        return f"<p><code>{escape(text)}</code></p>"


def the_training(r: Results) -> Places:
    """Section 4."""
    best = r.outcome.run
    heads = [
        "method",
        "settings",
        "epochs",
        "steps",
        "cost E(w)",
        "‖∇E‖",
        "training accuracy",
        "test accuracy",
        "seconds",
    ]
    rows = []
    for run in r.runs:
        h, n = run.history, run.history.best_epoch
        rows.append(
            [
                run.method.name, run.method.settings, len(h.cost) - 1, f"{h.steps:,}", f"{h.cost[n]:.4f}",
                f"{h.gradient_norm[n]:.3f}", f"{h.accuracy[n]:.1%}", f"{h.test_accuracy[n]:.1%}", f"{h.seconds:.1f}",
            ]
        )  # fmt: skip
    curves = [
        [run.method.name, epoch, f"{c:.4f}", f"{a:.1%}"]
        for run in r.runs
        for epoch, (c, a) in enumerate(zip(run.history.cost, run.history.test_accuracy, strict=True))
    ]
    y, guess = r.data.y_test, r.outcome.predicted
    wrong = [i for i in range(len(y)) if y[i] != guess[i]]
    right = [next(i for i in range(len(y)) if y[i] == guess[i] == digit) for digit in sorted({*y[y == guess].tolist()})]

    def gallery(which: list[int]) -> str:
        return images(r.data.X_test, y, guess, r.outcome.probabilities, which)

    updates = "".join(f"<tr><th scope='row'>{name}</th><td>{mathml(tex)}</td></tr>" for name, tex in UPDATES)
    return {
        "batch": BATCH,
        "updates": f'<div class="scroll"><table><caption>The updates; g is ∂E/∂w, squares and quotients are taken '
        f"entry by entry</caption><tbody>{updates}</tbody></table></div>",
        "best": escape(best.method.name),
        "best_accuracy": f"{best.test_accuracy:.1%}",
        "training_figure": figure(
            figures.training(r.runs),
            "Cost (logarithmic) and test accuracy at the end of each epoch. Epoch 0 is the start.",
            numbers(table("Each epoch", ["method", "epoch", "cost", "test accuracy"], curves)),
        ),
        "training_table": table("With the weights of the lowest cost of each run", heads, rows),
        "confusion": confusion(r.outcome.confusion),
        "right_images": gallery(right),
        "wrong_images": gallery(wrong[:20]),
        "wrong_shown": min(20, len(wrong)),
        "wrong_count": len(wrong),
    }  # fmt: skip


def the_schedules(r: Results) -> Places:
    """Section 5."""
    rows = []
    for each in r.scheduled:
        c = each.schedule.conditions()
        rows.append(
            [
                each.name, "∞" if c.sum_diverges else "finite", "finite" if c.squares_converge else "∞",
                "yes" if c else "no", c.why, f"{each.history.cost[-1]:.4f}", f"{each.history.test_accuracy[-1]:.1%}",
            ]
        )  # fmt: skip
    curves = [
        [each.name, epoch, f"{eta:.4g}", f"{c:.4f}"]
        for each in r.scheduled
        for epoch, (eta, c) in enumerate(zip(each.history.learning_rate, each.history.cost, strict=True))
    ]
    heads = ["η_k", "Σ\u00a0η_k", "Σ\u00a0η_k²", "meets it", "why", "cost at the end", "test accuracy"]
    return {
        "condition": displayed(CONDITION),
        "side_hidden": HIDDEN,
        "schedule_figure": figure(
            figures.schedules(r.scheduled),
            "The learning rate of every step, and the cost at the end of each epoch.",
            numbers(table("Each epoch", ["η_k", "epoch", "rate", "cost"], curves)),
        ),
        "schedule_table": table("Does the schedule meet the sufficient condition?", heads, rows),
    }


def the_algorithm(r: Results) -> Places:
    """Section 6."""
    h = r.misclassified
    wrong = [round((1 - a) * r.data.m) for a in h.accuracy]
    rows = [
        [epoch, f"{c:.4f}", "" if not epoch else "yes" if c < h.cost[epoch - 1] else "no", w, f"{g:.3f}", f"{t:.1%}"]
        for epoch, (c, w, g, t) in enumerate(zip(h.cost, wrong, h.gradient_norm, h.test_accuracy, strict=True))
    ]
    rose = sum(b >= a for a, b in zip(h.cost, h.cost[1:], strict=False))
    said = (
        f"The cost went from {h.cost[0]:.3f} to {h.cost[h.best_epoch]:.3f}, but it rose in {rose} of "
        f"{len(h.cost) - 1} epochs: a step that mends one example may spoil others. The best weights are kept."
        if rose
        else f"The cost went from {h.cost[0]:.3f} to {h.cost[h.best_epoch]:.3f} and fell in every epoch."
    )
    again, times = r.restart.attempts, r.restart.history.restarts
    ended = (
        f"In the first attempt the cost went from {again[0][0]:.4f} to {again[0][-1]:.4f}. "
        + (f"So the weights were perturbed at random, {times} time{'s' if times > 1 else ''}. "
           f"The last attempt went from {again[-1][0]:.4f} to {again[-1][-1]:.4f}." if times
           else "No restart was needed.")
    )  # fmt: skip
    return {
        "picked_table": table(
            "SGD on misclassified examples",
            ["epoch", "cost E(w)", "has it fallen?", "misclassified", "‖∇E‖", "test accuracy"], rows,
        ),
        "picked_said": said,
        "picked_norm": f"{h.gradient_norm[h.best_epoch]:.3f}",
        "restart_norm": f"{r.restart.first_gradient:.3g}",
        "restart_said": ended,
        "restart_table": table(
            "Verification of the cost at the end of each epoch", ["attempt", "costs"],
            [[n + 1, ", ".join(f"{c:.4f}" for c in costs)] for n, costs in enumerate(again)],
        ),
    }  # fmt: skip


def the_zeros(r: Results) -> Places:
    """Section 7."""
    rows = [
        [s.name, f"{s.spread[0]:.3g}", f"{s.spread[-1]:.3g}", s.units, f"{s.moved:,} of {s.weights:,}",
         f"{s.history.cost[-1]:.3f}", f"{s.history.test_accuracy[-1]:.1%}"]
        for s in r.starts
    ]  # fmt: skip
    curves = [[s.name, epoch, f"{v:.4g}"] for s in r.starts for epoch, v in enumerate(s.spread)]
    relu = next(s for s in r.starts if s.activation == "relu")
    return {
        "spread_figure": figure(
            figures.spread(r.starts),
            "The spread: the largest difference, over the inputs i, between the weights w_ij of two hidden units j.",
            numbers(table("Each epoch", ["start", "epoch", "spread"], curves)),
        ),
        "zeros_table": table(
            f"After training; {HIDDEN} hidden units",
            [
                "start",
                "spread at first",
                "spread at the end",
                "different units",
                "weights that moved",
                "cost",
                "test accuracy",
            ],
            rows,
        ),
        "zeros_said": (
            f"With ReLU units it is worse: relu(0) = 0 with slope 0, so no gradient passes. {relu.moved:,} of its "
            f"{relu.weights:,} weights moved; only the biases of the output units learn how frequent each class is."
        ),
    }


def the_rates(r: Results) -> Places:
    """Section 8."""
    rows = [
        [q.name, q.formula, f"{q.optimum:.6f}", f"{q.gradient_norm:.0e}", f"{q.gap[-1]:.2e}", f"{q.slope:.2f}",
         f"{q.theory:g}"]
        for q in r.rates
    ]  # fmt: skip
    curves = [[q.name, f"{k:,}", f"{gap:.4g}"] for q in r.rates for k, gap in zip(q.k, q.gap, strict=True)]
    return {
        "rates_figure": figure(
            figures.rates(r.rates),
            "E - E* against the step k. On logarithmic axes a power of k is a straight line.",
            numbers(table("Each mark", ["problem", "k", "E - E*"], curves)),
        ),
        "rates_table": table(
            f"After {r.plan.sgd_steps:,} steps; the slope is fitted from step {r.rates[0].fitted_from:,} on",
            ["problem", "learning rate", "E*", "‖∇E‖ there", "E - E*", "slope measured", "slope of the bound"],
            rows,
        ),
        "features": 16,
        "repeats": r.plan.sgd_repeats,
        "example_norms": " ".join(
            f"For the {q.name.split(',')[0]} problem, ‖∇E‖ = {q.gradient_norm:.0e}, but ‖∇E_i‖ is "
            f"{q.example_norm:.2f} for an average example."
            for q in r.rates
        ),
    }


def the_matrices(r: Results) -> Places:
    """Section 9."""
    q = r.matrices
    return {
        "nodes_single": f"{q.single.nodes:,}",
        "nodes_dots": f"{q.dots.nodes:,}",
        "source": escape(q.source.strip()),
        "explain": details(
            "Which nodes became which matrix", f'<pre tabindex="0"><code>{escape(q.explain)}</code></pre>'
        ),
        "eager_time": f"{1e3 * q.eager:.1f} ms",
        "program_time": f"{1e3 * q.program:.2f} ms",
        "compile_time": f"{q.compile_time:.1f} s",
        "ratio": f"{q.ratio:,.0f}",
        "difference": f"{q.difference:.0e}" if q.difference else "0",
    }
