"""The "numba" backend: loops, a tape, or straight-line code, compiled to machine code."""
