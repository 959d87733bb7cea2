"""Layers with their gradients derived by hand, like the models in `benchmarks._derivations`, with the same switches."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd as ag
from benchmarks._derivations import Case, On, Random, sigmoid, softmax


def gated_unit(rng: Random) -> Case:
    """One step of a GRU, and the square of its output."""
    d, h = int(rng.integers(2, 4)), int(rng.integers(2, 4))
    x, before = rng.normal(size=d), rng.normal(size=h)

    def f(Wz: Any, Wr: Any, Wn: Any) -> Any:
        seen = [*x, *before]
        z = [ag.sigmoid(ag.dot(row, seen)) for row in Wz]
        r = [ag.sigmoid(ag.dot(row, seen)) for row in Wr]
        gated = [*x, *[a * b for a, b in zip(r, before, strict=True)]]
        n = [ag.tanh(sum(w * v for w, v in zip(row, gated, strict=True))) for row in Wn]
        return sum(((1 - a) * b + a * c) ** 2 for a, b, c in zip(z, before, n, strict=True)) / 2

    def gradient(Wz: Any, Wr: Any, Wn: Any, on: On = ()) -> Any:
        seen = np.concatenate([x, before])
        z, r = sigmoid(Wz @ seen), sigmoid(Wr @ seen)
        n = np.tanh(Wn @ np.concatenate([x, r * before]))
        out = (1 - z) * before + z * n
        if "sign" in on:
            out = -out
        if "gates exchanged" in on:
            z, r = r, z
        gated = seen if "not gated" in on else np.concatenate([x, r * before])
        dn = out * ((1 - z) if "1 - z for z" in on else z) * (1 if "no slope" in on else 1 - n * n)
        dz = out * (n if "h forgotten" in on else n - before) * z * (1 - z)
        dr = (Wn.T @ dn)[d:] * (1 if "no h" in on else before) * r * (1 - r)
        grads = [np.outer(dz, seen), np.outer(dr, seen), np.outer(dn, gated)]
        if "swapped" in on:
            grads[0], grads[1] = grads[1], grads[0]
        return tuple(grads)

    mistakes = {
        "sign": ("sign", "whole"),
        "gates exchanged": ("swapped", r"sigmoid.*sigmoid"),
        "not gated": ("wrong-point", "along Wn"),
        "1 - z for z": ("wrong-slope|wrong-point", "tanh"),
        "no slope": ("missing-slope", "tanh"),
        "h forgotten": ("missing-term|overwritten", "sigmoid"),
        "no h": ("missing-slope", "sigmoid"),
        "swapped": ("swapped", r"∂f/∂Wz, ∂f/∂Wr"),
    }
    return Case(f, tuple(rng.normal(size=(h, d + h)) for _ in range(3)), gradient, mistakes)


def batch_norm(rng: Random) -> Case:
    m, d = int(rng.integers(3, 6)), int(rng.integers(2, 4))
    target = rng.normal(size=(m, d))

    def f(x: Any, gamma: Any, beta: Any) -> Any:
        centred = x - x.sum(axis=0) / m
        scale = np.sqrt((centred * centred).sum(axis=0) / m + 0.1)
        return np.sum((gamma * centred / scale + beta - target) ** 2) / 2

    def gradient(x: Any, gamma: Any, beta: Any, on: On = ()) -> Any:
        s = np.sqrt(x.var(axis=0) + 0.1)
        unit = (x - x.mean(axis=0)) / s
        dy = gamma * unit + beta - target
        d = dy * (1 if "no gamma" in on else gamma)
        dx = d.copy()
        if "mean is constant" not in on:
            dx = dx - d.mean(axis=0)
        if "variance is constant" not in on:
            dx = dx - unit * (d * unit).sum(axis=0) / (m - 1 if "m - 1" in on else m)
        dgamma, dbeta = (dy * unit).sum(axis=0), dy.sum(axis=0)
        if "beta for gamma" in on:
            dgamma = dbeta
        if "summed too far" in on:
            dbeta = np.full_like(dbeta, dbeta.sum())
        return dx if "no 1/s" in on else dx / s, dgamma, dbeta

    mistakes = {
        "no gamma": ("missing-slope", "∂f/∂x|gamma·"),
        "mean is constant": ("missing-term|overwritten", "x"),
        "variance is constant": ("missing-term|overwritten", "sqrt|uses of"),
        "m - 1": ("term-factor", "sqrt"),
        "no 1/s": ("missing-slope", "∂f/∂x|along"),
        "beta for gamma": ("swapped", "gamma"),
        "summed too far": ("permuted", "beta"),
    }
    return Case(f, (rng.normal(size=(m, d)), rng.normal(size=d), rng.normal(size=d)), gradient, mistakes)


def pooled_convolution(rng: Random) -> Case:
    """A signal, a kernel of 3, a bias, tanh, the larger of each two, and the cross-entropy of what is left."""
    n = 2 * int(rng.integers(3, 5))
    signal, label = rng.normal(size=n + 2), int(rng.integers(n // 2))

    def f(k: Any, b: Any) -> Any:
        a = [ag.tanh(ag.dot(k, signal[i : i + 3], b)) for i in range(n)]
        pooled = [ag.maximum(a[i], a[i + 1]) for i in range(0, n, 2)]
        return ag.log(ag.total([ag.exp(p) for p in pooled])) - pooled[label]

    def gradient(k: Any, b: Any, on: On = ()) -> Any:
        windows = np.array([signal[i : i + 3] for i in range(n)])
        a = np.tanh(windows @ k + b)
        pairs = a.reshape(-1, 2)
        d = softmax(pairs.max(axis=1)) - np.eye(n // 2)[label]
        if "sign" in on:
            d = -d
        if "no target" in on:
            d = softmax(pairs.max(axis=1))
        chosen = (pairs == pairs.max(axis=1, keepdims=True)).astype(float)
        if "to both" in on:
            chosen = np.ones_like(chosen)
        if "to the smaller" in on:
            chosen = 1 - chosen
        dz = (d[:, None] * chosen).ravel() * (1 if "no slope" in on else 1 - a * (1 if "1 - a" in on else a))
        dk = windows.T @ dz
        return dk[::-1] if "kernel turned" in on else dk, 0.0 if "no bias" in on else dz.sum()

    mistakes = {
        "sign": ("sign", "whole"),
        "no target": ("missing-term", "."),
        "to both": ("missing-slope", "maximum"),
        "to the smaller": ("wrong-slope", "maximum"),
        "no slope": ("missing-slope", "tanh"),
        "1 - a": ("wrong-slope", "tanh"),
        "kernel turned": ("permuted", "∂f/∂k"),
        "no bias": ("missing-term", "∂f/∂b"),
    }
    return Case(f, (rng.normal(size=3), float(rng.normal())), gradient, mistakes)


LAYERS = {"gated unit": gated_unit, "batch norm": batch_norm, "convolution and pooling": pooled_convolution}
