"""How each operation is written in Python, NumPy, JavaScript and LaTeX: spellings, never derivatives."""
