"""The same steps as torch.optim, where the two mean the same; and where they do not."""

from types import SimpleNamespace

import numpy as np
import pytest

from optim import SGD, AdaGrad, Adam, AdamW, RMSProp, Step

torch = pytest.importorskip("torch")

STEPS = 200
START = np.array([1.5, -0.75, 0.0, 40.0, 1e-3])
NOISE = np.random.default_rng(0).normal(size=(STEPS, START.size))


def ours(opt, params):
    """The parameters after every step on ½ Σ w² with noisy gradients."""
    path = []
    for noise in NOISE:
        for p, e in zip(params, noise, strict=True):
            p.grad = p.data + e
        opt.step()
        path.append([p.data for p in params])
    return np.array(path)


def theirs(make, lr, **settings):
    w = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    opt = make([w], lr=lr(1) if callable(lr) else lr, **settings)
    path = []
    for k, noise in enumerate(NOISE, start=1):
        if callable(lr):
            opt.param_groups[0]["lr"] = lr(k)
        w.grad = w.detach() + torch.tensor(noise)
        opt.step()
        path.append(w.detach().numpy().copy())
    return np.array(path)


PAIRS = [
    (SGD, torch.optim.SGD, {}),
    (SGD, torch.optim.SGD, {"weight_decay": 0.1}),
    (SGD, torch.optim.SGD, {"momentum": 0.9}),
    (SGD, torch.optim.SGD, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    (AdaGrad, torch.optim.Adagrad, {}),
    (RMSProp, torch.optim.RMSprop, {}),
    (RMSProp, torch.optim.RMSprop, {"alpha": 0.9, "eps": 0.1}),
    (Adam, torch.optim.Adam, {}),
    (Adam, torch.optim.Adam, {"betas": (0.5, 0.9), "eps": 0.1}),
    (AdamW, torch.optim.AdamW, {}),
    (AdamW, torch.optim.AdamW, {"weight_decay": 0.3}),
]


@pytest.fixture
def params():
    return [SimpleNamespace(data=float(w), grad=0.0) for w in START]


@pytest.mark.parametrize(("mine", "other", "settings"), PAIRS)
def test_same_steps_and_same_defaults_at_a_constant_rate(mine, other, settings, params):
    path = ours(mine(params, lr=0.05, **settings), params)
    assert path == pytest.approx(theirs(other, 0.05, **settings), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("make", ["AdaGrad", "RMSProp", "Adam", "AdamW"])
def test_same_default_rate(make, params):
    mine = {"AdaGrad": AdaGrad, "RMSProp": RMSProp, "Adam": Adam, "AdamW": AdamW}[make](params)
    other = {"AdaGrad": "Adagrad", "RMSProp": "RMSprop"}.get(make, make)
    assert mine.lr == getattr(torch.optim, other)([torch.zeros(1)]).defaults["lr"]


def test_momentum_is_torchs_until_the_rate_changes(params):
    """v = -η b at a constant rate. When η falls, the lecture's v keeps its speed and torch's does not."""
    rate = Step(0.05, every=100, factor=0.1)
    path, other = ours(SGD(params, lr=rate, momentum=0.9), params), theirs(torch.optim.SGD, rate, momentum=0.9)
    assert path[:100] == pytest.approx(other[:100], rel=1e-12, abs=1e-12)
    # At step 101: w + α v - η' g, against w + α v η'/η - η' g.
    v = path[99] - path[98]
    assert path[100] - other[100] == pytest.approx(0.9 * v * (1 - 0.1), rel=1e-9, abs=1e-12)
    assert abs(v).max() > 1e-3
