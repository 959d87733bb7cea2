"""How each operation is written in NumPy.

`UFUNCS` are single calls that take an `out=`. The others have a definition of a few lines, which a generated program
brings along.
"""

from __future__ import annotations

UFUNCS: dict[str, str] = {
    "add": "add", "sub": "subtract", "mul": "multiply", "div": "divide", "neg": "negative", "copy": "positive",
    "power": "power", "pow": "power", "sqrt": "sqrt", "exp": "exp", "log": "log", "log1p": "log1p", "expm1": "expm1",
    "tanh": "tanh", "sin": "sin", "cos": "cos", "tan": "tan", "abs": "absolute", "sign": "sign",
    "maximum": "maximum", "minimum": "minimum",
}  # fmt: skip

INFIX: dict[str, str] = {"add": "+", "sub": "-", "mul": "*", "div": "/"}

DEFINITIONS: dict[str, str] = {
    "sigmoid": """
def sigmoid(z):
    e = np.exp(-np.abs(z))  # never overflows
    return np.where(z >= 0, 1.0, e) / (1.0 + e)
""",
    "softplus": """
def softplus(z):
    return np.maximum(z, 0.0) + np.log1p(np.exp(-np.abs(z)))
""",
    "relu": """
def relu(z):
    return np.maximum(z, 0.0)
""",
    "step": """
def step(z):
    return np.where(z > 0, 1.0, 0.0)
""",
    "where": """
def where(c, a, b):
    return np.where(np.greater(c, 0), a, b)
""",
    "erf": """
def erf(z):
    return np.vectorize(math.erf, otypes=[float])(z)
""",
    "power_slope": """
def power_slope(x, n):
    return np.where(np.equal(n, 0), 0.0, n * np.power(x, np.where(np.equal(n, 0), 1.0, n - 1.0)))
""",
    "pow_slope": """
def pow_slope(x, y):
    return np.where(np.equal(y, 0), 0.0, y * np.power(x, np.where(np.equal(y, 0), 1.0, y - 1.0)))
""",
    "xlogy": """
def xlogy(x, y):
    return np.where(np.equal(x, 0), 0.0, x * np.log(np.where(np.equal(x, 0), 1.0, y)))
""",
}


def call(name: str, args: list[str]) -> str:
    """The text of an operation that has no sign of its own."""
    if name in DEFINITIONS:
        return f"{name}({', '.join(args)})"
    return f"np.{UFUNCS[name]}({', '.join(args)})"
