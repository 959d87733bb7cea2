"""The work: W1 an expression, W2 a small network, W3 digits, W4 a tiny GPT. Each with every peer, in one file.

A contender is a function that makes a `step`; calling the step does the work once and returns (value, gradient).
Making it is where tracing and compiling happen. A peer that is not installed raises ImportError when made.
"""
