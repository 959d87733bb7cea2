"""The "numpy" backend: scalar nodes become matrices, and these become NumPy calls and a text to read."""
