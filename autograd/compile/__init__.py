"""A graph as a program: recorded once, simplified, written out as source, and run at the speed of the source.

    record     the graph of one example, as plain lists (`frozen`, `chance`: what cannot be, said so)
    simplify   what a person would simplify, put together from what is in `rewrite`: constants and equal parts
               (`builder`), x + 0 or log σ (`identities`), sums of exponentials that would overflow (`exponentials`),
               the cross-entropy (`softplus`)
    linear     sums as linear forms, whatever way they were added up
    slopes     the slopes of the rule table, which print themselves
    choose     which backend, where the user leaves it open
    batch      what the user passes, checked (`arguments`: where there is no batch; `quiet`: without NumPy's warnings)
    program    the thing that is called (`eagerly`: who is asked where its result is not finite)

Then there is a folder for each backend. Its `runner` is what a program calls.

    straight   "python": a small graph as straight-line Python, forward and backward in one function: the text
               (`statements`), and what has a name in it (`names`)

    matrix     "numpy":
        tensors    the language of matrix programs: tensors, views of their columns, expressions, assignments
        groups     which scalar nodes become which matrix: the forward pass as assignments (`nodes`: which of them get a
                   column of their own; `monomials`: products in sums, (v·x)² as v²·x²;
                   `masks`: softmaxes over fewer and fewer numbers, as in causal attention;
                   `padding`: sums that lack terms, as at the border of a convolution; `sums`: groups of sums as matrix
                   products; `mixing`: sums with constants of their own as one; `shared_sums`: sums that begin alike;
                   `operands`: views and copies of columns)
        adjoint    its backward pass: the chain rule, one tensor at a time (`expressions`: what tensors are made of)
        text       both as the vectorised backpropagation that a textbook prints (`text_names` names the arrays,
                   `slices` writes the views, `text_shapes` tells the shapes)
        calls      both as NumPy calls that allocate nothing (`arrays`: what their names stand for, `memory`: the views,
                   `scatter`: sums in any order)
        runner     those calls, bound to arrays for each batch size, in blocks of rows

    numba      "numba":
        loops      the matrix program as loops that numba compiles (`fusing`: which can be one, `flattening`: which need
                   no rows, `loop_text`: their lines, `functions`: exp and log in them)
        straight   a small graph without a batch as the straight-line text
        tape       a large irregular graph as a tape of instructions, and `kernel` the loop that runs any tape
        runner     which of the three

    jax        "jax": the matrices as a JAX function (`text`), and whole `epoch`s of it, on one device or many

Each name is a file or a folder.
"""

from autograd.compile.frozen import TraceError
from autograd.compile.program import Program, compile

__all__ = ["Program", "TraceError", "compile"]
