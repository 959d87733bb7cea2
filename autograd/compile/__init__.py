"""A graph as a program: recorded once, simplified, written out as source, and run at the speed of the source.

    record     the graph of one example, as plain lists (`frozen`: what cannot be recorded, said so)
    linear     sums as linear forms, whatever way they were added up
    simplify   what a person would simplify: constants and equal parts (`builder`), x + 0 or log σ (`identities`), sums
               of exponentials that would overflow (`exponentials`), the cross-entropy (`softplus`)
    choose     which backend, where the user leaves it open

    straight   a small graph as straight-line Python, forward and backward in one function: the text (`statements`),
               what has a name in it (`names`), and the slopes, which print themselves (`slopes`)

    tensors    the language of matrix programs: tensors, views of their columns, expressions, assignments
    groups     which scalar nodes become which matrix: the forward pass as assignments
    adjoint    its backward pass: the chain rule, one tensor at a time
    text       both as the vectorised backpropagation that a textbook prints (`slices` writes the views)
    calls      both as NumPy calls that allocate nothing (`memory` makes the views)
    matrix     those calls, bound to arrays for each batch size, in blocks of rows

    batch      what the user passes, checked
    program    the thing that is called

``numba_*`` and ``jax_*`` are further backends on the same recording and the same matrices.
"""

from autograd.compile.frozen import TraceError
from autograd.compile.program import Program, compile

__all__ = ["Program", "TraceError", "compile"]
