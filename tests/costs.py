# ruff: noqa: B905 (the models are written as users write them: a plain zip)
"""The models that people write, in scalars. Each takes a random generator and returns (cost, params, data)."""

import numpy as np

import autograd as F
import nn
from autograd import Value


def matrix(rng, *shape, label=""):
    return np.array([Value(x) for x in rng.normal(scale=0.5, size=shape).ravel()], dtype=object).reshape(shape)


def one_hot(rng, rows, classes):
    return np.eye(classes)[rng.integers(0, classes, rows)]


def logistic_regression(rng):
    w, b = matrix(rng, 5), Value(0.1)

    def cost(x, t):
        p = F.sigmoid(F.dot(w, x, b))
        return -(t * F.log(p) + (1 - t) * F.log(1 - p))

    return cost, [w, b], (rng.normal(size=(7, 5)), rng.integers(0, 2, 7).astype(float))


def mlp(activation, style):
    def make(rng):
        W1, b1, W2, b2 = matrix(rng, 6, 4), matrix(rng, 6), matrix(rng, 3, 6), matrix(rng, 3)

        def layer(W, b, x):
            if style == "dot":
                return [F.dot(r, x, c) for r, c in zip(W, b)]
            if style == "sum":
                return [sum((w * xi for w, xi in zip(r, x)), c) for r, c in zip(W, b)]
            if style == "arrays":
                return W @ np.array(list(x), dtype=object) + b
            out = []
            for r, c in zip(W, b):  # from the right, one term at a time, products the other way round
                z = c
                for w, xi in list(zip(r, x))[::-1]:
                    z = xi * w + z
                out.append(z)
            return out

        def cost(x, t):
            h = [getattr(z, activation)() for z in layer(W1, b1, x)]
            p = [z.sigmoid() for z in layer(W2, b2, h)]
            return -F.total([tk * F.log(pk) + (1 - tk) * F.log(1 - pk) for pk, tk in zip(p, t)])

        return cost, [W1, b1, W2, b2], (rng.normal(size=(8, 4)), one_hot(rng, 8, 3))

    return make


def softmax_classifier(rng):
    W, b = matrix(rng, 4, 5), matrix(rng, 4)

    def cost(x, t):
        e = [F.exp(F.dot(r, x, c)) for r, c in zip(W, b)]
        S = sum(e)
        return -sum(tk * F.log(ek / S) for tk, ek in zip(t, e))

    return cost, [W, b], (rng.normal(size=(6, 5)), one_hot(rng, 6, 4))


def neurons(rng):
    """The parameters of a unit stand together: w_1 … w_n, b."""
    layers = [[[Value(x) for x in rng.normal(size=n + 1)] for _ in range(m)] for n, m in ((3, 5), (5, 2))]

    def cost(x, t):
        for k, layer in enumerate(layers):
            z = [sum((w * xi for w, xi in zip(unit[:-1], x)), 0.0) + unit[-1] for unit in layer]
            x = [a.tanh() if k == 0 else a for a in z]
        return ((x[0] - t) ** 2 + (x[1] + t) ** 2) / 2

    return cost, layers, (rng.normal(size=(5, 3)), rng.normal(size=5))


def gaussian_mixture(rng):
    """log Σ_k π_k N(x; μ_k, σ_k), written out."""
    a, mu, s = matrix(rng, 3), matrix(rng, 3), matrix(rng, 3)

    def cost(x):
        e = [F.exp(v) for v in a]
        S = sum(e)
        density = 0.0
        for ek, m, sk in zip(e, mu, s):
            sigma = F.exp(sk)
            density = density + ek / S * F.exp(-0.5 * ((x - m) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
        return -F.log(density)

    return cost, [a, mu, s], (rng.normal(size=9),)


def recurrent(rng):
    U, W, b, v = matrix(rng, 4, 2), matrix(rng, 4, 4), matrix(rng, 4), matrix(rng, 4)

    def cost(xs, t):
        h = [Value(0.0)] * 4
        for x in xs:
            h = [F.tanh(F.dot(u, x) + F.dot(w, h) + c) for u, w, c in zip(U, W, b)]
        return (F.dot(v, h) - t) ** 2

    return cost, [U, W, b, v], (rng.normal(size=(6, 5, 2)), rng.normal(size=6))


def attention(rng):
    Q, K, V = matrix(rng, 4, 3), matrix(rng, 4, 3), matrix(rng, 2, 3)

    def cost(xs):
        q, k, v = ([[F.dot(r, x) for r in M] for x in xs] for M in (Q, K, V))
        result = 0.0
        for qi in q:
            e = [F.exp(F.dot(qi, kj) * 0.5) for kj in k]
            S = sum(e)
            out = [sum(ej / S * vj[d] for ej, vj in zip(e, v)) for d in range(2)]
            result = result + out[0] * out[1]
        return result

    return cost, [Q, K, V], (rng.normal(size=(4, 5, 3)),)


def polynomial_regression(rng):
    w = matrix(rng, 5)
    return (
        (lambda x, y: (sum(wk * x**k for k, wk in enumerate(w)) - y) ** 2),
        [w],
        (rng.normal(size=9), rng.normal(size=9)),
    )


def embedding(rng):
    """Rows are picked, more than once, in no regular order."""
    E, w = matrix(rng, 5, 3), matrix(rng, 3)
    words = [3, 0, 3, 4, 1, 3]

    def cost(t):
        total = sum(F.tanh(F.dot(E[i], w)) * (k + 1) for k, i in enumerate(words))
        pairs = sum(E[i][0] * E[j][1] * t for i, j in zip(words, words[::-1]))
        return (total + pairs - t) ** 2

    return cost, [E, w], (rng.normal(size=4),)


def kinks(rng):
    w, b = matrix(rng, 6), matrix(rng, 6)

    def cost(x):
        z = [F.maximum(a * x, c) for a, c in zip(w, b)]
        return sum(F.where(zk - 0.1, zk * zk, F.abs(zk)) for zk in z) + F.minimum(z[0], z[5]) + F.relu(z[2] - z[3])

    return cost, [w, b], (rng.normal(size=11),)


def functions(rng):
    w = matrix(rng, 7)

    def cost(x):
        a = [F.exp(w[0] * x), F.log1p(w[1] ** 2), F.expm1(w[2]), F.sqrt(1 + w[3] ** 2), F.sin(w[4] + x)]
        return F.dot(a, w[:5]) + F.erf(w[5] * x) + F.cos(w[6]) * F.tan(0.1 * x) + (1 + x * x) ** w[6] + w[0] ** 3

    return cost, [w], (rng.normal(size=6),)


def constant_features(rng):
    """Sums with constants for weights, and parts that no example touches."""
    w, c = matrix(rng, 4), np.linspace(-1, 2, 4)
    return (lambda x: (F.dot(c, w) * x + sum(w) / 3 - 2 * w[1]) ** 2 + w[0] * w[3]), [w], (rng.normal(size=5),)


def convolution(rng):
    """Sliding windows over the inputs, then over what came out, with weights that all windows share."""
    u, v, b = matrix(rng, 3, 3), matrix(rng, 2, 3), Value(0.2)

    def cost(xs, t):
        maps = [[F.tanh(F.dot(row, xs[i : i + 3], b)) for i in range(6)] for row in u]
        z = [sum(F.dot(row, maps[k][i : i + 3]) for k in range(3)) for row in v for i in range(4)]
        z += [F.dot(v[0], maps[1][i : i + 3]) * F.dot(v[1], maps[1][i : i + 3]) for i in range(0, 4, 2)]
        return (F.total([a * a for a in z]) - t) ** 2

    return cost, [u, v, b], (rng.normal(size=(5, 8)), rng.normal(size=5))


def network_of_modules(rng):
    """The project's own layers, where a unit's bias follows its weights, and its softmax cross-entropy."""
    model = nn.MLP(4, [5, 4, 3], activation="relu", output="linear", seed=3)
    return (lambda x, t: nn.cross_entropy(model(x), t)), model, (rng.normal(size=(6, 4)), one_hot(rng, 6, 3))


MODELS = {
    "logistic": logistic_regression,
    "mlp-sigmoid-dot": mlp("sigmoid", "dot"),
    "mlp-sigmoid-sum": mlp("sigmoid", "sum"),
    "mlp-tanh-arrays": mlp("tanh", "arrays"),
    "mlp-relu-loop": mlp("relu", "loop"),
    **{
        f.__name__: f
        for f in (
            softmax_classifier,
            neurons,
            gaussian_mixture,
            recurrent,
            attention,
            polynomial_regression,
            embedding,
            kinks,
            functions,
            constant_features,
            convolution,
            network_of_modules,
        )
    },
}
