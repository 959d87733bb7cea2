"""Cross-entropy of σ(z) and t keeps all its digits, also where the output is right and sure."""

import mpmath
import numpy as np
import pytest

from autograd import Value, compile
from autograd.reverse import gradient


def of_logits(z, t):
    p = z.sigmoid()
    return -(t * p.log() + (1 - t) * (1 - p).log())


def exactly(w, x, t):
    """(E, ∂E/∂w) of E = softplus(w x) - t w x, with 400 digits."""
    with mpmath.workdps(400):
        z = mpmath.mpf(w) * mpmath.mpf(x)
        e = mpmath.log1p(mpmath.exp(-abs(z))) + (max(z, 0) - t * z)
        return float(e), float((1 / (1 + mpmath.exp(-z)) - t) * x)


@pytest.mark.parametrize(("x", "t"), [(s * x, t) for x in (0.3, 5.0, 40.0, 300.0) for s in (1, -1) for t in (0.0, 1.0)])
@pytest.mark.parametrize("penalty", [False, True])
def test_a_sure_output_keeps_its_digits(x, t, penalty):
    w, v = Value(1.25), Value(0.0)
    program = compile(
        lambda x, t: of_logits(w * x, t), [w, v], backend="numpy", penalty=(lambda: v * v) if penalty else None
    )
    value, slopes = program([x], [t])
    wanted = exactly(1.25, x, t)
    assert value == pytest.approx(wanted[0], rel=1e-14, abs=0.0)
    assert slopes[0] == pytest.approx(wanted[1], rel=1e-14, abs=0.0)
    assert "signbit" in program.fast_source


@pytest.mark.parametrize("zero", [0.0, -0.0])
@pytest.mark.parametrize("t", [0.0, 0.25, 1.0])
def test_either_zero_is_the_middle(zero, t):
    w = Value(1.0)
    value, slopes = compile(lambda x, t: of_logits(w * x, t), [w], backend="numpy")([zero, 2.0, zero], [t, t, t])
    e, slope = exactly(1.0, 2.0, t)
    assert value == pytest.approx((2 * np.log(2) + e) / 3, rel=1e-15)
    assert slopes[0] == pytest.approx(slope / 3, rel=1e-15)
    b = Value(zero)
    assert compile(lambda t: of_logits(-b, t), [b], backend="numpy")([t])[1][0] == t - 0.5
    assert compile(lambda t: of_logits(1.0 * b, t), [b], backend="numpy")([t])[1][0] == 0.5 - t


W = [Value(w, f"w{k}") for k, w in enumerate((0.7, -1.1, 0.4, 2.0))]
MODELS = {
    "two of them": lambda x, t: of_logits(W[0] * x[0] + W[1], t[0]) + of_logits(W[2] * x[1] + W[3], t[1]),
    "two of one z": lambda x, t: of_logits(W[0] * x[0], t[0]) + of_logits(W[0] * x[0], t[1]),
    "weighed by the data": lambda x, t: x[1] * x[1] * of_logits(W[0] * x[0] + W[1], t[0]),
    "weighed by a number": lambda x, t: 3 * of_logits(W[0] * x[0] + W[1], t[0]) + W[2] * W[3],
    "and something else of z": lambda x, t: of_logits(W[0] * x[0], t[0]) + (W[0] * x[0]) ** 2,
    "and something else of p": lambda x, t: of_logits(W[0] * x[0], t[0]) + (W[0] * x[0]).sigmoid() * W[1],
    "and something else": lambda x, t: of_logits(W[0] * x[0], t[0]) + (W[1] * x[1]).exp() - 3.0,
    "targets learned as well": lambda x, t: of_logits(W[0] * x[0], W[2] * t[0]),
    "targets made of data": lambda x, t: of_logits(W[0] * x[0], t[0] * t[1]),
    "targets that all share": lambda x, t: of_logits(W[0] * x[0] + t[0] * W[1], 0.25),
    "another sign": lambda x, t: W[1] * W[1] - of_logits(W[0] * x[0], t[0]),
    "inside a function": lambda x, t: of_logits(W[0] * x[0], t[0]).exp(),
    "an output inside": lambda x, t: of_logits(W[0] * (W[1] * x[0] + W[2]).sigmoid() + W[3], t[0]),
    "targets turned": lambda x, t: sum(
        of_logits(w * xk, tk) for w, xk, tk in zip(W[:2], x, reversed(list(t)), strict=True)
    ),
    "each an output": lambda x, t: sum(of_logits(w * xk, tk) for w, xk, tk in zip(W[:2], x, t, strict=True)),
    "no batch in z": lambda x, t: of_logits(W[0] * W[1], t[0]) + W[2] * x[0],
}


@pytest.mark.parametrize("penalty", [None, lambda: 0.5 * W[3] * W[3]], ids=["", "penalty"])
@pytest.mark.parametrize("rows", [1, 6])
@pytest.mark.parametrize("name", MODELS)
def test_costs_of_every_kind(name, rows, penalty, backend):
    model, random = MODELS[name], np.random.default_rng(4)
    x, t = random.normal(size=(rows, 2)), random.uniform(size=(rows, 2))
    value, slopes = compile(model, W, backend=backend, penalty=penalty)(x, t)
    costs = [model(list(map(Value, a)), list(map(Value, b))) for a, b in zip(x, t, strict=True)]
    more = penalty() if penalty else Value(0.0) * W[3]
    assert value == pytest.approx(np.mean([c.data for c in costs]) + more.data, rel=1e-13)
    wanted = np.mean([gradient(c, W) for c in costs], axis=0) + gradient(more, W)
    np.testing.assert_allclose(slopes, wanted, rtol=1e-12, atol=1e-14)


def test_a_sum_and_a_mean_and_blocks_of_rows_weigh_alike():
    random = np.random.default_rng(5)
    x, t = random.normal(size=(70_000, 2)), random.uniform(size=(70_000, 2))
    mean, total = (compile(MODELS["each an output"], W, backend="numpy", reduce=r) for r in ("mean", "sum"))
    (e, g), (s, h) = mean(x, t), total(x, t)
    assert s == pytest.approx(70_000 * e, rel=1e-12)
    np.testing.assert_allclose(h, 70_000 * g, rtol=1e-10)
    assert mean._runner.block < 70_000
    assert mean(x[:3], t[:3])[0] == pytest.approx(total(x[:3], t[:3])[0] / 3, rel=1e-14)
