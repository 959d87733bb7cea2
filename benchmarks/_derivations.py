"""Costs with their gradients derived by hand, as students write them, and switches for the mistakes they make.

Nothing here uses the engine's chain rule or the diagnosis: each gradient is NumPy code with an ``if`` where a student
goes wrong, so that the diagnosis is tested on work that is not its own. A `Case` says which mistakes its gradient can
make, of which kind each is (several, with "|", where two names mean the same change), and what its place must mention.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

import autograd as ag

Random = np.random.Generator
On = Collection[str]


@dataclass(frozen=True)
class Case:
    """`f` of `at`, and `gradient(*at, on=…)` with the mistakes in `on`.

    `mistakes`: for each switch the kinds and a pattern that the place must match.
    """

    f: Callable[..., Any]
    at: tuple[Any, ...]
    gradient: Callable[..., Any]
    mistakes: dict[str, tuple[str, str]]


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def softmax(z: Any) -> Any:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def logistic_regression(rng: Random) -> Case:
    m, d, lam = int(rng.integers(3, 9)), int(rng.integers(2, 6)), float(rng.uniform(0.1, 1))
    X, y = rng.normal(size=(m, d)), rng.integers(0, 2, m).astype(float)

    def f(w: Any, b: Any) -> Any:
        cost = 0.0
        for i in range(m):
            z = sum(w[k] * X[i, k] for k in range(d)) + b
            p = ag.sigmoid(z)
            cost = cost - (y[i] * ag.log(p) + (1 - y[i]) * ag.log(1 - p)) / m
        penalty = lam / (2 * m) * sum(wk**2 for wk in w)
        return cost + penalty

    def gradient(w: Any, b: Any, on: On = ()) -> Any:
        p = sigmoid(X @ w + b)
        delta = (y - p) if "sign" in on else (p - y)
        if "slope twice" in on:
            delta = delta * p * (1 - p)
        scale = 1 if "no 1/m" in on else 1 / m
        dw, db = scale * X.T @ delta, scale * delta.sum()
        if "only the last" in on:
            dw, db = scale * X[-1] * delta[-1], scale * delta[-1]
        if "no x" in on:
            dw = np.full(d, scale * delta.sum())
        if "reversed" in on:
            dw = dw[::-1]
        if "bias sign" in on:
            db = -db
        if "bias penalised" in on:
            db = db + lam / m * b
        penalty = lam / m * w
        if "penalty halved" in on:
            penalty = lam / (2 * m) * w
        if "penalty sign" in on:
            penalty = -penalty
        if "no penalty" in on:
            penalty = 0
        if "penalty of |w|" in on:
            penalty = lam / (2 * m) * np.sign(w)
        return dw + penalty, db

    mistakes = {
        "sign": ("term-sign", r"log"),
        "slope twice": ("wrong-slope", r"sigmoid"),
        "no 1/m": ("term-factor", r"log"),
        "only the last": ("overwritten", r"log|w"),
        "no x": ("missing-slope", r"w"),
        "bias sign": ("sign", r"∂f/∂b"),
        "bias penalised": ("extra-term", r"∂f/∂b"),
        "penalty halved": ("term-factor", r"w²"),
        "penalty sign": ("term-sign", r"w²"),
        "no penalty": ("missing-term", r"w²"),
        "penalty of |w|": ("wrong-slope", r"w²"),
    }
    return Case(f, (rng.normal(size=d), float(rng.normal())), gradient, mistakes)


def softmax_regression(rng: Random) -> Case:
    m, d, k = int(rng.integers(2, 6)), int(rng.integers(2, 5)), int(rng.integers(3, 5))
    X, labels = rng.normal(size=(m, d)), rng.integers(0, k, m)
    Y = np.eye(k)[labels]

    def f(W: Any, b: Any) -> Any:
        losses = []
        for x, label in zip(X, labels, strict=True):
            scores = [ag.dot(row, x, bias) for row, bias in zip(W, b, strict=True)]
            total = ag.total([ag.exp(s) for s in scores])
            losses.append(ag.log(total) - scores[label])
        return ag.total(losses) / m

    def gradient(W: Any, b: Any, on: On = ()) -> Any:
        P = softmax(X @ W.T + b)
        delta = P - Y
        if "sign" in on:
            delta = -delta
        if "no target" in on:
            delta = P
        if "target twice" in on:
            delta = P - 2 * Y
        if "not normalised" in on:
            delta = np.exp(X @ W.T + b) - Y
        dW, db = delta.T @ X, delta.sum(axis=0)
        if "only the last" in on:
            dW, db = np.outer(delta[-1], X[-1]), delta[-1]
        if "no 1/m" not in on:
            dW, db = dW / m, db / m
        if "transposed" in on:
            dW = dW.T.reshape(W.shape)
        if "no bias" in on:
            db = 0 * db
        if "bias not averaged" in on:
            db = m * db
        return dW, db

    mistakes = {
        "sign": ("sign", "whole"),
        "no target": ("missing-term", r"score|W|dot"),
        "target twice": ("term-factor", r"W"),
        "not normalised": ("missing-slope", r"log"),
        "only the last": ("overwritten", r"."),
        "no 1/m": ("factor", "whole"),
        "transposed": ("transposed", "W"),
        "no bias": ("missing-term", "b"),
        "bias not averaged": ("factor", "b"),
    }
    return Case(f, (rng.normal(size=(k, d)), rng.normal(size=k)), gradient, mistakes)


def lecture_network(rng: Random, hidden: int) -> Case:
    """Sigmoid units, a Bernoulli cross-entropy per output, and the penalty over all weights."""
    n = int(rng.integers(3, 5))
    sizes = [int(rng.integers(2, 5)), *[n] * hidden, int(rng.integers(2, 4))]
    lam, x = float(rng.uniform(0.2, 1)), rng.normal(size=sizes[0])
    y = rng.integers(0, 2, sizes[-1]).astype(float)
    layers = hidden + 1

    def f(*parameters: Any) -> Any:
        a = list(x)
        for k in range(layers):
            W, b = parameters[2 * k], parameters[2 * k + 1]
            a = [ag.sigmoid(ag.dot(row, a, bias)) for row, bias in zip(W, b, strict=True)]
        E = -sum(yk * ag.log(ak) + (1 - yk) * ag.log(1 - ak) for yk, ak in zip(y, a, strict=True))
        return E + lam / 2 * sum(w * w for W in parameters[::2] for w in W.ravel())

    def gradient(*parameters: Any, on: On = ()) -> Any:
        Ws, bs = parameters[::2], parameters[1::2]
        a, z = [x], [x]
        for W, b in zip(Ws, bs, strict=True):
            z.append(W @ a[-1] + b)
            a.append(sigmoid(z[-1]))
        dE = (a[-1] - y) / (a[-1] * (1 - a[-1]))
        if "one term's sign" in on:
            dE = -y / a[-1] - (1 - y) / (1 - a[-1])
        if "sign" in on:
            dE = -dE
        grads: list[Any] = []
        for k in reversed(range(layers)):
            s, last = a[k + 1], k == layers - 1
            slope = s * (1 - s)
            if ("output slope missing" in on and last) or (f"slope {k + 1} missing" in on and not last):
                slope = np.ones_like(s)
            if f"slope {k + 1} is s" in on:
                slope = s
            if f"slope {k + 1} is 1-s²" in on:
                slope = 1 - s**2
            if f"slope {k + 1} at output" in on:
                slope = sigmoid(s) * (1 - sigmoid(s))
            if f"slope {k + 1} is z(1-z)" in on:
                slope = z[k + 1] * (1 - z[k + 1])
            delta = dE * slope
            below = z[k] if (f"z for a at {k + 1}" in on and k > 0) else a[k]
            dW, db = np.outer(delta, below), delta
            if f"dW{k + 1} transposed" in on:
                dW = dW.T.reshape(Ws[k].shape)
            if "no penalty" not in on:
                dW = dW + (lam / 2 if "penalty halved" in on else lam) * Ws[k] * (-1 if "penalty sign" in on else 1)
            if f"b{k + 1} sign" in on:
                db = -db
            if "biases penalised" in on:
                db = db + lam * bs[k]
            if f"W{k + 1} not transposed" in on:
                dE = Ws[k] @ delta
            else:
                dE = Ws[k].T @ delta
            grads = [dW, db, *grads]
        if "b1 and b2 swapped" in on and hidden > 1:
            grads[1], grads[3] = grads[3], grads[1]
        return tuple(grads)

    where = f"in layer {layers}" if layers > 1 else "sigmoid"
    mistakes = {
        "one term's sign": ("term-sign", r"log\(1"),
        "sign": ("term-sign", "log"),
        "output slope missing": ("missing-slope", where),
        "penalty halved": ("term-factor", "W|parameters"),
        "penalty sign": ("term-sign", "W|parameters"),
        "no penalty": ("missing-term", "W|parameters"),
        "biases penalised": ("extra-term", r"∂f/∂"),
    }
    for k in range(1, layers):
        mistakes |= {
            f"slope {k} missing": ("missing-slope", f"in layer {k}"),
            f"slope {k} is s": ("wrong-slope", f"in layer {k}"),
            f"slope {k} is 1-s²": ("wrong-slope", f"in layer {k}"),
            f"slope {k} at output": ("wrong-point", f"in layer {k}"),
            f"slope {k} is z(1-z)": ("wrong-point", f"in layer {k}"),
            f"z for a at {k + 1}": ("wrong-point", f"parameters\\[{2 * k}\\]"),
            f"b{k} sign": ("sign", f"∂f/∂parameters\\[{2 * k - 1}\\]"),
        }
    if hidden > 1:
        mistakes |= {
            "dW2 transposed": ("transposed", r"parameters\[2\]"),
            "W2 not transposed": ("transposed", r"parameters\[2\]"),
            "b1 and b2 swapped": ("swapped", r"parameters\[1\].*parameters\[3\]"),
        }
    at = [array for i, o in pairwise(sizes) for array in (rng.normal(size=(o, i)), rng.normal(size=o))]
    return Case(f, tuple(at), gradient, mistakes)


def tanh_network(rng: Random) -> Case:
    m, d, h = int(rng.integers(2, 5)), int(rng.integers(2, 4)), int(rng.integers(2, 5))
    X, y = rng.normal(size=(m, d)), rng.normal(size=m)

    def f(W: Any, b: Any, v: Any, c: Any) -> Any:
        loss = 0.0
        for i in range(m):
            z = W @ X[i] + b
            t = [ag.tanh(zj) for zj in z]
            out = sum(vj * tj for vj, tj in zip(v, t, strict=True)) + c
            loss = loss + (out - y[i]) ** 2
        return loss / m

    def gradient(W: Any, b: Any, v: Any, c: Any, on: On = ()) -> Any:
        dW, db, dv, dc = 0 * W, 0 * b, 0 * v, 0.0
        for i in range(m):
            z = W @ X[i] + b
            t = np.tanh(z)
            e = (2 / m) * (v @ t + c - y[i])
            if "no 2" in on:
                e = e / 2
            if "no 1/m" in on:
                e = e * m
            if "sign" in on:
                e = -e
            slope = 1 - t**2
            if "1 - t" in on:
                slope = 1 - t
            if "1 + t²" in on:
                slope = 1 + t**2
            if "no slope" in on:
                slope = np.ones(h)
            if "at z" in on:
                slope = 1 - z**2
            if "at output" in on:
                slope = 1 - np.tanh(t) ** 2
            if "sigmoid's slope" in on:
                slope = t * (1 - t)
            delta = e * v * slope
            if "v forgotten" in on:
                delta = e * slope
            if "overwritten" in on:
                dW, db, dv, dc = np.outer(delta, X[i]), delta, e * t, e
            else:
                dW, db, dc = dW + np.outer(delta, X[i]), db + delta, dc + e
                dv = dv + e * (z if "z for t" in on else t)
        if "b sign" in on:
            db = -db
        if "b and v swapped" in on:
            db, dv = dv, db
        if "W for dW" in on:
            dW = W
        return dW, db, dv, dc

    mistakes = {
        "no 2": ("factor", "whole"),
        "no 1/m": ("factor", "whole"),
        "sign": ("sign", "whole"),
        "1 - t": ("wrong-slope", "tanh"),
        "1 + t²": ("wrong-slope", "tanh"),
        "no slope": ("missing-slope", "tanh"),
        "at z": ("wrong-point", "tanh"),
        "at output": ("wrong-point", "tanh"),
        "sigmoid's slope": ("wrong-slope", "tanh"),
        "v forgotten": ("missing-slope", "v"),
        "overwritten": ("overwritten", "."),
        "z for t": ("wrong-point", "v"),
        "b sign": ("sign", "∂f/∂b"),
        "b and v swapped": ("swapped", "b.*v"),
        "W for dW": ("swapped", "W"),
    }
    return Case(
        f, (rng.normal(size=(h, d)), rng.normal(size=h), rng.normal(size=h), float(rng.normal())), gradient, mistakes
    )


def relu_network(rng: Random) -> Case:
    m, d, h, k = int(rng.integers(3, 6)), int(rng.integers(2, 4)), int(rng.integers(3, 6)), 3
    X, labels = rng.normal(size=(m, d)), rng.integers(0, k, m)

    def f(W1: Any, W2: Any) -> Any:
        loss = 0.0
        for x, label in zip(X, labels, strict=True):
            hidden = [ag.relu(ag.dot(w, x)) for w in W1]
            logits = [ag.dot(w, hidden) for w in W2]
            powers = [ag.exp(s) for s in logits]
            p = powers[label] / sum(powers)
            loss = loss - ag.log(p)
        return loss * (1 / m)

    def gradient(W1: Any, W2: Any, on: On = ()) -> Any:
        Z = X @ W1.T
        H = np.maximum(Z, 0)
        P = softmax(H @ W2.T)
        delta = (P - np.eye(k)[labels]) / m
        if "sign" in on:
            delta = -delta
        if "no 1/m" in on:
            delta = delta * m
        dH = delta @ W2
        mask = (Z > 0).astype(float)
        if "no mask" in on:
            mask = np.ones_like(Z)
        if "relu for mask" in on:
            mask = H
        if "z for mask" in on:
            mask = Z
        dZ = dH * mask
        dW2 = delta.T @ (Z if "z for h" in on else H)
        dW1 = dZ.T @ X
        if "half" in on:
            dW1 = dW1 / 2
        return dW1, dW2

    mistakes = {
        "sign": ("sign", "whole"),
        "no 1/m": ("factor", "whole"),
        "no mask": ("missing-slope", "relu"),
        "relu for mask": ("wrong-slope", "relu"),
        "z for mask": ("wrong-slope", "relu"),
        "z for h": ("wrong-point", "W2"),
        "half": ("factor", "∂f/∂W1"),
    }
    return Case(f, (rng.normal(size=(h, d)), rng.normal(size=(k, h))), gradient, mistakes)


def matrix_factorisation(rng: Random) -> Case:
    n, k, lam = int(rng.integers(3, 5)), int(rng.integers(2, 4)), float(rng.uniform(0.1, 0.5))
    ratings = [(i, j, float(rng.normal())) for i in range(n) for j in range(n) if rng.random() < 0.7 or i == j]

    def f(U: Any, V: Any) -> Any:
        cost = 0.0
        for i, j, r in ratings:
            guess = ag.dot(U[i], V[j])
            cost = cost + (r - guess) ** 2
        return cost + lam * (sum(u * u for u in U.ravel()) + sum(v * v for v in V.ravel()))

    def gradient(U: Any, V: Any, on: On = ()) -> Any:
        dU, dV = np.zeros_like(U), np.zeros_like(V)
        for i, j, r in ratings:
            e = r - U[i] @ V[j]
            c = -1 if "no 2" in on else 2 if "sign" in on else -2
            dU[i] += c * e * (U[i] if "u for v" in on else V[j])
            if "overwritten" in on:
                dV[j] = c * e * U[i]
            else:
                dV[j] += c * e * U[i]
        if "V transposed" in on:
            dV = dV.T.reshape(V.shape)
        reg = 1 if "penalty halved" in on else 0 if "no penalty" in on else 2
        dU += reg * lam * U
        dV += (0 if "V not penalised" in on else reg) * lam * V
        if "swapped" in on:
            return dV, dU
        return dU, dV

    mistakes = {
        "no 2": ("term-factor", r"."),
        "sign": ("term-sign", r"."),
        "u for v": ("wrong-slope", "U"),
        "overwritten": ("overwritten", "V|guess"),
        "penalty halved": ("term-factor", "U"),
        "no penalty": ("missing-term", "U"),
        "V not penalised": ("missing-term", "V"),
        "swapped": ("swapped", "U.*V"),
    }
    return Case(f, (rng.normal(size=(n, k)), rng.normal(size=(n, k))), gradient, mistakes)


def gaussian_likelihood(rng: Random) -> Case:
    n = int(rng.integers(3, 9))
    data = rng.normal(size=n)

    def f(mu: Any, sigma: Any) -> Any:
        squares = sum(((x - mu) / sigma) ** 2 for x in data)
        return n * ag.log(sigma) + squares / 2

    def gradient(mu: float, sigma: float, on: On = ()) -> Any:
        dmu = -np.sum(data - mu) / sigma**2
        squares = -np.sum((data - mu) ** 2) / sigma**3
        if "mu sign" in on:
            dmu = -dmu
        if "mu by sigma" in on:
            dmu = dmu * sigma
        if "sigma squared" in on:
            squares = squares * sigma
        if "squares sign" in on:
            squares = -squares
        if "squares doubled" in on:
            squares, dmu = 2 * squares, 2 * dmu
        log_term = n / sigma
        if "no n" in on:
            log_term = 1 / sigma
        if "no log" in on:
            log_term = 0
        if "log slope" in on:
            log_term = n / sigma**2
        dsigma = log_term + squares
        if "sign" in on:
            return -dmu, -dsigma
        if "swapped" in on:
            return dsigma, dmu
        return dmu, dsigma

    mistakes = {
        "mu sign": ("sign", "∂f/∂mu"),
        "mu by sigma": ("missing-slope|wrong-slope", "."),
        "sigma squared": ("wrong-slope", "."),
        "squares sign": ("term-sign|wrong-slope", "sigma"),
        "squares doubled": ("term-factor", "."),
        "no n": ("term-factor", "log"),
        "no log": ("missing-term", "log"),
        "log slope": ("wrong-slope", "log"),
        "sign": ("sign", "whole"),
        "swapped": ("swapped", "mu.*sigma"),
    }
    return Case(f, (float(rng.normal()), float(rng.uniform(0.8, 2))), gradient, mistakes)


def recurrent_cell(rng: Random) -> Case:
    steps, h, d = int(rng.integers(3, 6)), int(rng.integers(2, 4)), int(rng.integers(2, 4))
    X, y = rng.normal(size=(steps, d)), rng.normal(size=h)

    def f(W: Any, U: Any, b: Any) -> Any:
        state = [0.0] * h
        for t in range(steps):
            z = [ag.dot(W[j], X[t]) + ag.dot(U[j], state) + b[j] for j in range(h)]
            state = [ag.tanh(zj) for zj in z]
        return sum((s - yj) ** 2 for s, yj in zip(state, y, strict=True))

    def gradient(W: Any, U: Any, b: Any, on: On = ()) -> Any:
        states = [np.zeros(h)]
        for t in range(steps):
            states.append(np.tanh(W @ X[t] + U @ states[-1] + b))
        dW, dU, db = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
        ds = 2 * (states[-1] - y)
        if "no 2" in on:
            ds = ds / 2
        if "sign" in on:
            ds = -ds
        for t in reversed(range(steps)):
            s = states[t + 1]
            slope = 1 - s**2
            if "no slope" in on:
                slope = np.ones(h)
            if "1 - s" in on:
                slope = 1 - s
            dz = ds * slope
            dU = dU + np.outer(dz, states[t])
            dW = dW + np.outer(dz, X[t])
            db = db + dz
            if "W overwritten" in on:
                dW = np.outer(dz, X[t])
            if "all overwritten" in on:
                dW, dU, db = np.outer(dz, X[t]), np.outer(dz, states[t]), dz
            ds = (U if "U not transposed" in on else U.T) @ dz
            if "last step only" in on:
                break
        if "b sign" in on:
            db = -db
        if "U transposed" in on:
            dU = dU.T
        return dW, dU, db

    mistakes = {
        "no 2": ("factor", "whole"),
        "sign": ("sign", "whole"),
        "no slope": ("missing-slope", "tanh"),
        "1 - s": ("wrong-slope", "tanh"),
        "U not transposed": ("transposed", "U"),
        "U transposed": ("transposed", "U"),
        "last step only": ("missing-term|overwritten", "U|W|b|state"),
        "W overwritten": ("overwritten", "W"),
        "all overwritten": ("overwritten", "W"),
        "b sign": ("sign", "∂f/∂b"),
    }
    return Case(f, (rng.normal(size=(h, d)), rng.normal(size=(h, h)), rng.normal(size=h)), gradient, mistakes)


def attention(rng: Random) -> Case:
    n, d = int(rng.integers(3, 5)), int(rng.integers(2, 4))
    target = rng.normal(size=d)

    def f(q: Any, K: Any, V: Any) -> Any:
        scores = [ag.dot(q, K[i]) / np.sqrt(d) for i in range(n)]
        powers = [ag.exp(s) for s in scores]
        norm = sum(powers)
        weights = [e / norm for e in powers]
        out = [sum(weights[i] * V[i, j] for i in range(n)) for j in range(d)]
        return 0.5 * sum((o - t) ** 2 for o, t in zip(out, target, strict=True))

    def gradient(q: Any, K: Any, V: Any, on: On = ()) -> Any:
        a = softmax(K @ q / np.sqrt(d))
        e = a @ V - target
        if "doubled" in on:
            e = 2 * e
        if "sign" in on:
            e = -e
        da = V @ e
        ds = a * (da - a @ da)
        if "own weight only" in on:
            ds = a * (1 - a) * da
        if "no normaliser" in on:
            ds = a * da
        if "no root" not in on:
            ds = ds / np.sqrt(d)
        dV = np.outer(a, e)
        if "V sign" in on:
            dV = -dV
        if "V transposed" in on:
            dV = dV.T.reshape(V.shape)
        dq, dK = K.T @ ds, np.outer(ds, q)
        if "no q" in on:
            dK = np.outer(ds, np.ones(d))
        if "K and V swapped" in on:
            dK, dV = dV, dK
        return dq, dK, dV

    mistakes = {
        "doubled": ("factor", "whole"),
        "sign": ("sign", "whole"),
        "own weight only": ("missing-term", "."),
        "no normaliser": ("missing-term", "."),
        "no root": ("term-factor", "."),
        "V sign": ("sign", "∂f/∂V"),
        "V transposed": ("transposed", "V"),
        "no q": ("missing-slope", "K"),
        "K and V swapped": ("swapped", "K.*V"),
    }
    return Case(f, (rng.normal(size=d), rng.normal(size=(n, d)), rng.normal(size=(n, d))), gradient, mistakes)


def ridge_regression(rng: Random) -> Case:
    m, d, lam = int(rng.integers(3, 8)), int(rng.integers(2, 6)), float(rng.uniform(0.1, 1))
    X, y = rng.normal(size=(m, d)), rng.normal(size=m)

    def f(w: Any) -> Any:
        errors = X @ w - y
        return np.sum(errors * errors) / m + lam * np.sum(w * w)

    def gradient(w: Any, on: On = ()) -> Any:
        e = X @ w - y
        data = 2 * X.T @ e / m
        if "no 2" in on:
            data = data / 2
        if "sign" in on:
            data = -data
        if "no 1/m" in on:
            data = data * m
        if "no X" in on:
            data = np.full(d, 2 * e.sum() / m)
        if "last" in on:
            data = 2 * X[-1] * e[-1] / m
        penalty = 2 * lam * w
        if "penalty halved" in on:
            penalty = lam * w
        if "no penalty" in on:
            penalty = 0 * w
        if "penalty sign" in on:
            penalty = -penalty
        g = data + penalty
        if "all doubled" in on:
            g = 2 * g
        if "all negative" in on:
            g = -g
        if "shifted" in on:
            g = np.roll(g, 1)
        return g

    mistakes = {
        "no 2": ("term-factor", "."),
        "sign": ("term-sign", "."),
        "no 1/m": ("term-factor", "."),
        "no X": ("missing-slope", "w"),
        "last": ("overwritten", "."),
        "penalty halved": ("term-factor", "w"),
        "no penalty": ("missing-term", "w"),
        "penalty sign": ("term-sign", "w"),
        "all doubled": ("factor", "whole"),
        "all negative": ("sign", "whole"),
        "shifted": ("permuted", "w"),
    }
    return Case(f, (rng.normal(size=d),), gradient, mistakes)


def poisson_regression(rng: Random) -> Case:
    m, d = int(rng.integers(3, 8)), int(rng.integers(2, 5))
    X, y = rng.normal(size=(m, d)) / 2, rng.poisson(2, m).astype(float) + 1

    def f(w: Any) -> Any:
        cost = 0.0
        for i in range(m):
            eta = ag.dot(w, X[i])
            rate = ag.exp(eta)
            cost = cost + rate - y[i] * eta
        return cost

    def gradient(w: Any, on: On = ()) -> Any:
        rate, weight = np.exp(X @ w), y
        if "no exp" in on:
            rate = np.ones(m)
        if "eta for rate" in on:
            rate = X @ w
        if "y sign" in on:
            weight = -y
        if "no y" in on:
            weight = 0 * y
        if "y left out" in on:
            weight = np.ones(m)
        g = X.T @ (rate - weight)
        if "last" in on:
            g = X[-1] * (rate[-1] - weight[-1])
        if "sign" in on:
            g = -g
        if "mean" in on:
            g = g / m
        return g

    mistakes = {
        "no exp": ("missing-slope", "exp"),
        "eta for rate": ("wrong-slope|wrong-point", "exp"),
        "y sign": ("term-sign", "."),
        "no y": ("missing-term", "."),
        "y left out": ("missing-slope", "."),
        "last": ("overwritten", "."),
        "sign": ("sign", "whole"),
        "mean": ("factor", "whole"),
    }
    return Case(f, (rng.normal(size=d),), gradient, mistakes)


def decay_fit(rng: Random) -> Case:
    m = int(rng.integers(4, 9))
    t, y = rng.uniform(0.2, 2, m), rng.normal(size=m)

    def f(a: Any, b: Any, c: Any) -> Any:
        total = 0.0
        for ti, yi in zip(t, y, strict=True):
            decay = ag.exp(-b * ti)
            residual = a * decay + c - yi
            total = total + residual**2
        return total

    def gradient(a: float, b: float, c: float, on: On = ()) -> Any:
        decay = np.exp(-b * t)
        r = a * decay + c - y
        if "sign" in on:
            r = -r
        two = 1 if "no 2" in on else 2
        da, dc = two * np.sum(r * decay), two * np.sum(r)
        inner = -t
        if "inner sign" in on:
            inner = t
        if "inner missing" in on:
            inner = np.ones(m)
        outer = a * decay
        if "a left out" in on:
            outer = decay
        db = two * np.sum(r * outer * inner)
        if "no c" in on:
            dc = 0.0
        if "a and c swapped" in on:
            da, dc = dc, da
        return da, db, dc

    mistakes = {
        "sign": ("sign", "whole"),
        "no 2": ("factor", "whole"),
        "inner sign": ("sign", "b"),
        "inner missing": ("missing-slope", "b"),
        "a left out": ("missing-slope", "a"),
        "no c": ("missing-term", "c"),
        "a and c swapped": ("swapped", "a.*c"),
    }
    return Case(f, (float(rng.normal()), float(rng.uniform(0.3, 1)), float(rng.normal())), gradient, mistakes)


def calculus_homework(rng: Random) -> Case:
    """Product, quotient and chain rule on two numbers."""
    n, k = int(rng.integers(3, 6)), float(rng.uniform(0.5, 2))

    def f(x: Any, y: Any) -> Any:
        u = ag.sin(x**n)
        q = x / (1 + y**2)
        return u * ag.exp(k * y) + q

    def gradient(x: float, y: float, on: On = ()) -> Any:
        u, e, d = np.sin(x**n), np.exp(k * y), 1 + y**2
        du = n * x ** (n - 1) * np.cos(x**n)
        if "sin for cos" in on:
            du = n * x ** (n - 1) * np.sin(x**n)
        if "power not lowered" in on:
            du = n * x**n * np.cos(x**n)
        if "inner missing" in on:
            du = np.cos(x**n)
        if "n missing" in on:
            du = x ** (n - 1) * np.cos(x**n)
        de = k * e
        if "k missing" in on:
            de = e
        dq = -x * 2 * y / d**2
        if "quotient sign" in on:
            dq = -dq
        if "quotient not squared" in on:
            dq = -x * 2 * y / d
        dx = du * e + 1 / d
        if "no quotient in x" in on:
            dx = du * e
        return dx, u * de + dq

    mistakes = {
        "sin for cos": ("wrong-slope", "sin"),
        "power not lowered": ("wrong-slope", "x"),
        "inner missing": ("missing-slope", "x"),
        "n missing": ("term-factor", "x"),
        "k missing": ("term-factor", "y|exp"),
        "quotient sign": ("term-sign", "y"),
        "quotient not squared": ("wrong-slope", "y|x"),
        "no quotient in x": ("missing-term|overwritten", "x"),
    }
    return Case(f, (float(rng.uniform(0.6, 1.2)), float(rng.normal())), gradient, mistakes)


def logits_network(rng: Random) -> Case:
    """One hidden tanh layer with a skip connection, and the cross-entropy from the logit, with softplus."""
    d = int(rng.integers(2, 5))
    x, y = rng.normal(size=d), float(rng.integers(0, 2))

    def f(W: Any, v: Any) -> Any:
        z = [ag.dot(row, x) for row in W]
        h = [ag.tanh(zj) + zj for zj in z]
        logit = ag.dot(v, h)
        return ag.softplus(logit) - y * logit

    def gradient(W: Any, v: Any, on: On = ()) -> Any:
        z = W @ x
        t = np.tanh(z)
        p = sigmoid(v @ (t + z))
        delta = p - y
        if "sign" in on:
            delta = -delta
        if "slope of sigmoid, too" in on:
            delta = delta * p * (1 - p)
        if "softplus for its slope" in on:
            delta = np.log1p(np.exp(v @ (t + z))) - y
        inner = (1 - t**2) + 1
        if "skip forgotten" in on:
            inner = 1 - t**2
        if "only the skip" in on:
            inner = np.ones(d)
        dW = np.outer(delta * v * inner, x)
        if "x left out" in on:
            dW = np.outer(delta * v * inner, np.ones(d))
        if "dW transposed" in on:
            dW = dW.T
        return dW, delta * (t + z)

    mistakes = {
        "sign": ("sign", "whole"),
        "slope of sigmoid, too": ("wrong-slope", "."),
        "softplus for its slope": ("wrong-slope", "softplus"),
        "skip forgotten": ("overwritten|missing-term", "W|tanh"),
        "only the skip": ("overwritten|missing-term", "W|tanh"),
        "x left out": ("missing-slope", "W"),
        "dW transposed": ("transposed", "W"),
    }
    return Case(f, (rng.normal(size=(d, d)), rng.normal(size=d)), gradient, mistakes)


def normalised_layer(rng: Random) -> Case:
    """A linear layer, divided by its root mean square, and the distance to a target."""
    h, d, eps = int(rng.integers(3, 5)), int(rng.integers(2, 4)), 0.1
    x, target = rng.normal(size=d), rng.normal(size=h)

    def f(W: Any, g: Any) -> Any:
        z = [ag.dot(row, x) for row in W]
        rms = ag.sqrt(sum(zj * zj for zj in z) / h + eps)
        out = [gj * zj / rms for gj, zj in zip(g, z, strict=True)]
        return 0.5 * sum((o - t) ** 2 for o, t in zip(out, target, strict=True))

    def gradient(W: Any, g: Any, on: On = ()) -> Any:
        z = W @ x
        rms = np.sqrt(np.mean(z**2) + eps)
        e = g * z / rms - target
        if "sign" in on:
            e = -e
        drms = -np.sum(e * g * z) / rms**2
        if "sign of 1/rms" in on:
            drms = -drms
        if "rms taken as constant" in on:
            drms = 0.0
        dz = e * g / rms + drms * z / (h * rms) * (2 if "root's half" in on else 1)
        if "mean taken as sum" in on:
            dz = e * g / rms + drms * z / rms
        if "g left out" in on:
            dz = e / rms + drms * z / (h * rms)
        dg = e * z / rms
        if "g not normalised" in on:
            dg = e * z
        return np.outer(dz, x), dg

    mistakes = {
        "sign": ("sign", "whole"),
        "sign of 1/rms": ("term-sign|wrong-slope", "."),
        "rms taken as constant": ("missing-term|overwritten", "."),
        "root's half": ("term-factor", "."),
        "mean taken as sum": ("term-factor", "."),
        "g not normalised": ("missing-slope|wrong-slope", "g"),
    }
    return Case(f, (rng.normal(size=(h, d)), rng.normal(size=h)), gradient, mistakes)


MODELS: dict[str, Callable[[Random], Case]] = {
    "logistic regression": logistic_regression,
    "softmax regression": softmax_regression,
    "lecture's network, 1 hidden layer": lambda rng: lecture_network(rng, 1),
    "lecture's network, 2 hidden layers": lambda rng: lecture_network(rng, 2),
    "lecture's network, 3 hidden layers": lambda rng: lecture_network(rng, 3),
    "tanh network": tanh_network,
    "ReLU network": relu_network,
    "matrix factorisation": matrix_factorisation,
    "Gaussian likelihood": gaussian_likelihood,
    "recurrent cell": recurrent_cell,
    "attention": attention,
    "ridge regression": ridge_regression,
    "Poisson regression": poisson_regression,
    "exponential decay": decay_fit,
    "calculus homework": calculus_homework,
    "logits with a skip": logits_network,
    "normalised layer": normalised_layer,
}
