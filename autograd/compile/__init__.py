"""A graph as a program: recorded once, simplified, written out as source, and run at the speed of the source.

    record     the graph of one example, as plain lists (`frozen`, `chance`: what cannot be, said so)
    linear     sums as linear forms, whatever way they were added up
    simplify   what a person would simplify: constants and equal parts (`builder`), x + 0 or log σ (`identities`), sums
               of exponentials that would overflow (`exponentials`), the cross-entropy (`softplus`)
    choose     which backend, where the user leaves it open

    straight   a small graph as straight-line Python, forward and backward in one function: the text (`statements`),
               what has a name in it (`names`), and the slopes, which print themselves (`slopes`)

    tensors    the language of matrix programs: tensors, views of their columns, expressions, assignments
    groups     which scalar nodes become which matrix: the forward pass as assignments (`nodes`: which of them get a
               column of their own; `masks`: softmaxes over fewer and fewer numbers, as in causal attention;
               `padding`: sums that lack terms, as at the border of a convolution; `sums`: groups of sums as matrix
               products; `operands`: views and copies of columns)
    adjoint    its backward pass: the chain rule, one tensor at a time (`expressions`: what tensors are made of)
    text       both as the vectorised backpropagation that a textbook prints (`text_names` names the arrays, `slices`
               writes the views, `text_shapes` tells the shapes)
    calls      both as NumPy calls that allocate nothing (`arrays`: what their names stand for, `memory`: the views,
               `scatter`: sums in any order)
    matrix     those calls, bound to arrays for each batch size, in blocks of rows
    loops      both as loops that numba compiles (`fusing`: which can be one, `flattening`: which need no rows,
               `loop_text`: their lines, `numba_functions`: exp and log in them, `numba_matrix`: bound and run)

    numba_straight   a small graph without a batch as the straight-line text, compiled by numba
    numba_tape a large irregular graph as a tape of instructions, and `numba_kernel` the loop that runs any tape
    jax_matrix the matrices as a JAX function (`jax_text`: its text), and `jax_epoch` whole epochs of it, on one
               device or many

    batch      what the user passes, checked (`quiet`: without NumPy's warnings)
    program    the thing that is called

Each name is a file of this folder.
"""

from autograd.compile.frozen import TraceError
from autograd.compile.program import Program, compile

__all__ = ["Program", "TraceError", "compile"]
