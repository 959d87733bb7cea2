"""exp, log and their kin for numba, written so that the processor takes several numbers at a time.

A loop that calls the C library's ``exp`` takes one number after the other. The functions below have no branches and
call nothing, so numba's compiler turns a loop over them into vector instructions. Each is a range reduction and a
power series that is summed until the next term is below the last bit:

    exp x   = 2^k · exp r,              k = round(x / ln 2),  r = x - k ln 2,  |r| ≤ 0.35
    log x   = e ln 2 + log(1 + f),      x = 2^e (1 + f),      √½ ≤ 1 + f ≤ √2,
              log(1 + f) = 2 (s + s³/3 + s⁵/5 + …),           s = f / (2 + f)
    log1p u = log y + (u - (y - 1)) / y,                      y = 1 + u as it was rounded
    expm1 x = x + x²/2! + x³/3! + …     for |x| ≤ ½,          exp x - 1 elsewhere

They agree with the exact values to a few units in the last place (tested against mpmath), overflow to inf, fade out
through the smallest numbers to 0, and pass NaN on.
"""

from __future__ import annotations

import math

# a sum and a product may be taken in one step, but nothing may be reordered: the rounding errors are made to cancel
EXACT = '@njit(fastmath={"contract"}, error_model="numpy", forceinline=True)'

BITS = """
@intrinsic
def as_integer(context, x):  # the 64 bits of a float as an integer that is not negative
    return uint64(float64), lambda _, builder, signature, args: builder.bitcast(args[0], ir.IntType(64))


@intrinsic
def as_float(context, bits):
    return float64(uint64), lambda _, builder, signature, args: builder.bitcast(args[0], ir.DoubleType())


ROUND = 6755399441055744.0  # 1.5 · 2^52: added to x, it leaves x rounded to a whole number in the lowest bits
WHOLE = 4503599627370496.0  # 2^52
ROUND_BITS, WHOLE_BITS, ONE_BITS = uint64(0x4338000000000000), uint64(0x4330000000000000), uint64(0x3FF0000000000000)
MANTISSA, BIAS, EXPONENT = uint64(0x000FFFFFFFFFFFFF), uint64(1023), uint64(52)
LN2_HIGH, LN2_LOW = 0.6931471803691238, 1.9082149292705877e-10  # k · LN2_HIGH has no rounding error
"""


def _series(coefficients: list[float], x: str) -> str:
    """c_0 + x (c_1 + x (c_2 + …))."""
    text = repr(coefficients[-1])
    for c in reversed(coefficients[:-1]):
        text = f"{c!r} + {x} * ({text})"
    return text


_EXP = _series([1 / math.factorial(n) for n in range(2, 14)], "r")
_EXPM1 = _series([1 / math.factorial(n) for n in range(2, 17)], "x")
_LOG = _series([2 / (2 * n + 1) for n in range(1, 11)], "q")

TEXTS: dict[str, str] = {
    "exp": f"""
{EXACT}
def exp(x):
    x = 800.0 if x > 800.0 else x
    x = -800.0 if x < -800.0 else x
    whole = x * {1 / math.log(2)!r} + ROUND
    k = whole - ROUND
    r = (x - k * LN2_HIGH) - k * LN2_LOW
    half = as_integer(k * 0.5 + ROUND) - ROUND_BITS  # 2^k as a product of two, each of which a float can hold
    rest = as_integer(whole) - ROUND_BITS - half
    y = 1.0 + (r + r * r * ({_EXP}))
    return y * as_float((half + BIAS) << EXPONENT) * as_float((rest + BIAS) << EXPONENT)
""",
    "log": f"""
{EXACT}
def log(x):
    small = x < 1e-290
    bits = as_integer(x * 1.8014398509481984e16 if small else x)
    e = as_float((bits >> EXPONENT) + WHOLE_BITS) - WHOLE - (1077.0 if small else 1023.0)
    m = as_float((bits & MANTISSA) | ONE_BITS)
    large = m > 1.4142135623730951
    e = e + 1.0 if large else e
    f = (m * 0.5 if large else m) - 1.0
    s = f / (2.0 + f)
    q = s * s
    square = 0.5 * f * f
    y = e * LN2_HIGH - ((square - (s * (square + q * ({_LOG})) + e * LN2_LOW)) - f)
    y = y if x < inf else x
    y = y if x >= 0.0 else nan
    return -inf if x == 0.0 else y
""",
    "log1p": f"""
{EXACT}
def log1p(u):
    y = 1.0 + u
    z = log(y) + (u - (y - 1.0)) / y
    z = z if u < inf else u
    return -inf if y == 0.0 else z
""",
    "expm1": f"""
{EXACT}
def expm1(x):
    near = x + x * x * ({_EXPM1})
    far = exp(x) - 1.0
    return near if fabs(x) <= 0.5 else far
""",
    "tanh": f"""
{EXACT}
def tanh(x):
    a = fabs(x)
    e = expm1(2.0 * (20.0 if a > 20.0 else a))
    t = e / (e + 2.0)
    return -t if x < 0.0 else t
""",
    "sigmoid": f"""
{EXACT}
def sigmoid(z):
    e = exp(-fabs(z))
    return (1.0 if z >= 0.0 else e) / (1.0 + e)
""",
    "softplus": f"""
{EXACT}
def softplus(z):  # max(z, 0) + log(1 + u), and u is at most 1
    u = exp(-fabs(z))
    large = u > 0.41421356237309503
    f = (u - 1.0) * 0.5 if large else u
    s = f / (2.0 + f)
    q = s * s
    square = 0.5 * f * f
    y = f - (square - s * (square + q * ({_LOG})))
    y = y + {math.log(2)!r} if large else y
    return (z if z > 0.0 else 0.0) + y
""",
}
NEEDS = {
    "log1p": ("log",), "expm1": ("exp",), "tanh": ("expm1",), "sigmoid": ("exp",), "softplus": ("exp",),
}  # fmt: skip


def with_needs(names: set[str]) -> list[str]:
    """These functions and those that they call, each after what it needs."""
    order: list[str] = []

    def add(name: str) -> None:
        for other in NEEDS.get(name, ()):
            add(other)
        if name not in order:
            order.append(name)

    for name in sorted(names):
        add(name)
    return order


def header(names: set[str]) -> list[str]:
    """The lines that define these functions of the table: the fast ones here, the others as the table has them."""
    from autograd.compile.numba.kernel import function_text

    order = with_needs(names)
    lines = [
        "import math",
        "from math import fabs, inf, nan",
        "",
        "import numpy as np",
        "from numba import njit",
    ]
    if any(name in TEXTS for name in order):
        lines += ["from llvmlite import ir", "from numba.core.types import float64, uint64"]
        lines += ["from numba.extending import intrinsic", "", *BITS.splitlines()]
    for name in order:
        lines += ["", *(TEXTS[name] if name in TEXTS else function_text(name)).splitlines()]
    return [*lines, "", ""]
