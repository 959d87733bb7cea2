"""The "python" backend: the graph as one function of floats, without a loop."""
