"""Choose: the backend for a graph, where the user leaves it open (``backend="auto"``).

With a batch: matrices; for a large graph that has none, the numba tape where numba is installed. Without a batch, a
small graph is straight-line Python, and a large one the numba tape where numba is installed. Where it is not, what is
expected to be faster of Python (about 40 ns for each operation) and NumPy (about 1.5 µs for each call, if the graph
turns out to be made of matrices).
"""

from __future__ import annotations

from importlib.util import find_spec

from autograd.compile.matrix.adjoint import differentiate
from autograd.compile.matrix.groups import plan
from autograd.compile.matrix.masks import completed
from autograd.compile.matrix.nodes import nodes_of
from autograd.compile.record import Recording

SMALL = 2_000  # operations; below, Python needs less than 0.1 ms
NANOSECONDS_PER_OPERATION = 40
NANOSECONDS_PER_CALL = 1_500
CALLS_PER_ASSIGNMENT = 2.5
NODES = 10  # operations of one level and kind, on average, below which a batch is faster on the tape


def choose(recording: Recording) -> str:
    """ "python", "numpy" or "numba"."""
    operations = sum(1 for args in recording.args if args)
    if recording.shapes:
        irregular = operations >= SMALL and find_spec("numba") is not None and not is_regular(recording)
        return "numba" if irregular else "numpy"
    if operations < SMALL:
        return "python"
    if find_spec("numba") is not None:
        return "numba"
    recording = completed(recording)
    most = operations * NANOSECONDS_PER_OPERATION / NANOSECONDS_PER_CALL / CALLS_PER_ASSIGNMENT
    if len(_kinds(recording)) >= most:
        return "python"  # known without looking for the matrices, which takes long where there are none
    matrices = differentiate(plan(recording), recording)
    return "numpy" if len(matrices.forward) + len(matrices.backward) < most else "python"


def is_regular(recording: Recording) -> bool:
    """Whether many operations have the same level and kind, so that they can become an array."""
    scalars = sum(max(1, len(args) // 2) for args in recording.args if args)  # products and sums of two
    return len(_kinds(recording)) * NODES <= scalars


def _kinds(recording: Recording) -> set[tuple[int, str]]:
    """Level and name of the operations: the forward pass needs at least so many arrays."""
    return {(node.level, node.op.name) for node in nodes_of(recording).values()}
