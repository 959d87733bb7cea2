"""Every operation and its partial derivatives, once, laid out like the table in a calculus book.

A row says: the name, the sign in a picture, z on floats, z on arrays, and then the slope of z along each
argument as a function of (z, x, y). The slopes are plain arithmetic, so the same line serves the backward
pass on floats, higher derivatives on Values, whole batches as arrays, and, called with symbols, prints
itself as program text. The upstream gradient never appears: the engine multiplies, once.

Where a function has a kink, the row says which slope is used there: the choice is stated, not hidden.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autograd.op import TABLE, Op, SumOp, on_arrays

# -- Leaves: numbers that no operation made ---------------------------------------------------------------

LEAF = Op("leaf", "", float, np.asarray)
CONSTANT = Op("constant", "", float, np.asarray)

# -- Arithmetic -------------------------------------------------------------------------------------------

#          name   sign  z                          on arrays        ∂z/∂x                   ∂z/∂y
add = Op("add", "+", lambda x, y: x + y, np.add, lambda z, x, y: 1, lambda z, x, y: 1, infix=True)
sub = Op("sub", "-", lambda x, y: x - y, np.subtract, lambda z, x, y: 1, lambda z, x, y: -1, infix=True)
mul = Op("mul", "*", lambda x, y: x * y, np.multiply, lambda z, x, y: y, lambda z, x, y: x, infix=True)
div = Op("div", "/", lambda x, y: x / y, np.divide, lambda z, x, y: 1 / y, lambda z, x, y: -z / y, infix=True)
neg = Op("neg", "neg", lambda x: -x, np.negative, lambda z, x: -1, infix=True)
copy = Op("copy", "=", lambda x: +x, np.positive, lambda z, x: 1)  # z is x, as a node of its own

# -- Powers -----------------------------------------------------------------------------------------------


def _power_slope(x: float, n: float) -> float:
    return 0.0 if n == 0 else n * math.pow(x, n - 1)


def _power_slope_array(x: Any, n: Any) -> Any:
    x, n = np.broadcast_arrays(np.asarray(x, float), np.asarray(n, float))
    return np.multiply(n, np.power(x, n - 1, where=n != 0, out=np.zeros(n.shape)))[()]


def _xlogy(x: float, y: float) -> float:
    return 0.0 if x == 0 else x * math.log(y)


def _xlogy_array(x: Any, y: Any) -> Any:
    x, y = np.broadcast_arrays(np.asarray(x, float), np.asarray(y, float))
    return np.multiply(x, np.log(y, where=x != 0, out=np.zeros(x.shape)))[()]


# n·xⁿ⁻¹, and 0 for n = 0 whatever x is. It is the slope of xⁿ, and n times itself is its own slope.
power_slope: Op = Op(
    "power_slope", "n·xⁿ⁻¹", _power_slope, _power_slope_array, lambda z, x, n: n * power_slope(x, n - 1), None
)
log = Op("log", "log", math.log, np.log, lambda z, x: 1 / x)
# x·log y, and 0 for x = 0: the limit that makes 0² differentiable along its exponent.
xlogy = Op("xlogy", "x·log y", _xlogy, _xlogy_array, lambda z, x, y: log(y), lambda z, x, y: x / y)

# x ** 2: the exponent is a plain number, held fixed, so a negative x is no trouble.
power = Op("power", "**", math.pow, np.power, lambda z, x, n: power_slope(x, n), None)
# x ** y with a Value as exponent: sloped along both, which needs log x.
pow = Op("pow", "**", math.pow, np.power, lambda z, x, y: pow_slope(x, y), lambda z, x, y: xlogy(z, x))
pow_slope: Op = Op(
    "pow_slope", "y·xʸ⁻¹", _power_slope, _power_slope_array,
    lambda z, x, y: y * pow_slope(x, y - 1), lambda z, x, y: pow(x, y - 1) + xlogy(z, x),
)  # fmt: skip
sqrt = Op("sqrt", "sqrt", math.sqrt, np.sqrt, lambda z, x: 0.5 / z)

# -- Exponentials -----------------------------------------------------------------------------------------


def _sigmoid(x: float) -> float:
    if x >= 0:
        return 1.0 / (1.0 + math.exp(-x))
    e = math.exp(x)  # the same number, without the overflow of e⁻ˣ at x = -1000
    return e / (1.0 + e)


def _sigmoid_array(x: Any) -> Any:
    e = np.exp(-np.abs(x))
    return np.where(np.asarray(x) >= 0, 1.0, e) / (1.0 + e)


def _softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


exp = Op("exp", "exp", math.exp, np.exp, lambda z, x: z)
log1p = Op("log1p", "log1p", math.log1p, np.log1p, lambda z, x: 1 / (1 + x))
expm1 = Op("expm1", "expm1", math.expm1, np.expm1, lambda z, x: exp(x))
sigmoid = Op("sigmoid", "sigmoid", _sigmoid, _sigmoid_array, lambda z, x: z * (1 - z))
softplus = Op("softplus", "softplus", _softplus, lambda x: np.logaddexp(0.0, x), lambda z, x: sigmoid(x))
tanh = Op("tanh", "tanh", math.tanh, np.tanh, lambda z, x: 1 - z * z)
# 2/√π · e^(-x²)
erf = Op("erf", "erf", math.erf, on_arrays(math.erf), lambda z, x: 2 / math.sqrt(math.pi) * exp(-(x * x)))

# -- Trigonometry -----------------------------------------------------------------------------------------

sin = Op("sin", "sin", math.sin, np.sin, lambda z, x: cos(x))
cos: Op = Op("cos", "cos", math.cos, np.cos, lambda z, x: -sin(x))
tan = Op("tan", "tan", math.tan, np.tan, lambda z, x: 1 + z * z)

# -- Kinks ------------------------------------------------------------------------------------------------
# step and sign are flat on either side; they are here because the slopes of the others are made of them.


def _step(x: float) -> float:
    return 1.0 if x > 0 else 0.0


def _sign(x: float) -> float:
    return 1.0 if x > 0 else -1.0 if x < 0 else x - x  # 0 at 0, and NaN stays NaN


def _relu(x: float) -> float:
    return 0.0 if x <= 0 else x  # NaN stays NaN


def _maximum(x: float, y: float) -> float:
    return x if x >= y or x != x else y  # NaN stays NaN


def _minimum(x: float, y: float) -> float:
    return x if x <= y or x != x else y


step = Op(
    "step", "step", _step, lambda x: np.where(np.greater(x, 0), 1.0, 0.0), lambda z, x: 0,
    branch=lambda x: x, at_kink="step(0) = 0, step'(0) = 0",
)  # fmt: skip
sign = Op(
    "sign", "sign", _sign, np.sign, lambda z, x: 0,
    branch=lambda x: x, at_kink="sign(0) = 0, sign'(0) = 0",
)  # fmt: skip
relu = Op(
    "relu", "relu", _relu, lambda x: np.maximum(x, 0.0), lambda z, x: step(x),
    branch=lambda x: x, at_kink="relu'(0) = 0",
)  # fmt: skip
abs = Op(
    "abs", "abs", math.fabs, np.abs, lambda z, x: sign(x),
    branch=lambda x: x, at_kink="abs'(0) = 0",
)  # fmt: skip
maximum = Op(
    "maximum", "max", _maximum, np.maximum,
    lambda z, x, y: 0.5 + 0.5 * sign(x - y), lambda z, x, y: 0.5 - 0.5 * sign(x - y),
    branch=lambda x, y: x - y, at_kink="a tie of maximum gives ½ and ½",
)  # fmt: skip
minimum = Op(
    "minimum", "min", _minimum, np.minimum,
    lambda z, x, y: 0.5 - 0.5 * sign(x - y), lambda z, x, y: 0.5 + 0.5 * sign(x - y),
    branch=lambda x, y: x - y, at_kink="a tie of minimum gives ½ and ½",
)  # fmt: skip
# a where c > 0, else b
where = Op(
    "where", "where", lambda c, a, b: a if c > 0 else b, lambda c, a, b: np.where(np.greater(c, 0), a, b),
    None, lambda z, c, a, b: step(c), lambda z, c, a, b: 1 - step(c),
    branch=lambda c, a, b: c, at_kink="where(0, a, b) is b",
)  # fmt: skip

# -- Sums of many terms: one node, with the slopes of its terms ---------------------------------------------

total = SumOp("total", "total", copy)  # Σ x_k
dot = SumOp("dot", "dot", mul)  # Σ w_k·x_k + b

RULES: dict[str, Op] = TABLE  # every row, by name
