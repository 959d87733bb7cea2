"""A graph as a program: recorded once, simplified, written out as source, and run at the speed of the source.

record     the graph of one example, as plain lists
simplify   what a person would simplify: log σ through softplus, constants, common subexpressions
straight   a small graph as straight-line Python, forward and backward in one function
plan       a large or batched graph as matrices: which scalar nodes become which matrix
program    the thing that is called
"""

from autograd.compile.program import Program, compile
from autograd.compile.record import TraceError

__all__ = ["Program", "TraceError", "compile"]
