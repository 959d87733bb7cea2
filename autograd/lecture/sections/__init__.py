"""What stands in the places of page.html: one file for each section, in the order of the lecture.

Each has `places(results)`, a dict from the name of a place to the number, the text or the HTML that stands there.
"""

from autograd.lecture.sections import (
    algorithm,
    architecture,
    formulas,
    graph,
    matrices,
    rates,
    schedules,
    training,
    zeros,
)

SECTIONS = (architecture, graph, formulas, training, schedules, algorithm, zeros, rates, matrices)

__all__ = ["SECTIONS"]
