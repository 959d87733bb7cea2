"""Section 9: from scalars to matrices."""

from __future__ import annotations

from html import escape

from autograd.lecture.experiments import Results
from autograd.lecture.notation import scientific
from autograd.lecture.tables import Places, details


def places(r: Results) -> Places:
    """The derived program, what became of the nodes, and the times."""
    q = r.matrices
    return {
        "nodes_single": f"{q.single.nodes:,}",
        "nodes_dots": f"{q.dots.nodes:,}",
        "source": escape(q.source.strip()),
        "explain": details(
            "Which nodes became which matrix", f'<pre tabindex="0"><code>{escape(q.explain)}</code></pre>'
        ),
        "eager_time": f"{1e3 * q.eager:.3g} ms",
        "program_time": f"{1e3 * q.program:.3g} ms",
        "compile_time": f"{q.compile_time:.1f} s",
        "ratio": f"{q.ratio:,.0f}",
        "difference": scientific(q.difference, 0),
    }
