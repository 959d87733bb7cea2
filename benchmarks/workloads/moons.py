"""W2: micrograd's demo. A ReLU network 2-16-16-1 on 100 moons, full batch, hinge loss + L2 penalty.

65,818 nodes in micrograd's engine. Parameters are flat in micrograd's order: neuron by neuron, its weights, its bias.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice, pairwise
from typing import Any

import numpy as np

from benchmarks.lib.timing import Step
from benchmarks.workloads import engines

SIZES = (2, 16, 16, 1)
PENALTY = 1e-4
NODES = 65_818  # of micrograd


def data(examples: int = 100, seed: int = 1337) -> tuple[np.ndarray, np.ndarray]:
    """Two interleaved half circles with noise 0.1, and labels -1 and 1 (as scikit-learn's make_moons, by hand)."""
    random = np.random.default_rng(seed)
    half = np.linspace(0, np.pi, examples // 2)
    upper = np.column_stack([np.cos(half), np.sin(half)])
    lower = np.column_stack([1 - np.cos(half), 0.5 - np.sin(half)])
    points = np.vstack([upper, lower]) + random.normal(0, 0.1, (2 * len(half), 2))
    labels = np.repeat([-1.0, 1.0], len(half))
    order = random.permutation(len(points))
    return points[order], labels[order]


def start(sizes: Sequence[int] = SIZES, seed: int = 1) -> np.ndarray:
    """All parameters: weights uniform in (-1, 1), biases small but not 0, so that no unit sits on its kink."""
    random = np.random.default_rng(seed)
    rows = []
    for n, m in pairwise(sizes):
        rows += [np.append(random.uniform(-1, 1, n), random.uniform(-0.1, 0.1)) for _ in range(m)]
    return np.concatenate(rows)


# -- The model in scalars: the same text for every engine ----------------------------------------------------


def layers(leaves: Sequence[Any], sizes: Sequence[int] = SIZES) -> list[list[tuple[Sequence[Any], Any]]]:
    """The leaves as layers of neurons (weights, bias)."""
    rest = iter(leaves)
    return [[(tuple(islice(rest, n)), next(rest)) for _ in range(m)] for n, m in pairwise(sizes)]


def score(net: list[Any], x: Sequence[Any], dot: Callable[..., Any] | None = None) -> Any:
    """The network's output for one point, out of elementary operations or of `dot` nodes."""
    for depth, layer in enumerate(net):
        if dot is None:
            x = [sum((w * xi for w, xi in zip(ws, x, strict=True)), b) for ws, b in layer]
        else:
            x = [dot(ws, x, b) for ws, b in layer]
        if depth < len(net) - 1:
            x = [z.relu() for z in x]
        x = tuple(x)
    return x[0]


def cost(
    leaves: Sequence[Any],
    points: Any,
    labels: Any,
    value: Any,
    dot: Callable[..., Any] | None = None,
    sizes: Sequence[int] = SIZES,
) -> Any:
    """The demo's loss: mean of (1 - y·score)₊ plus 1e-4 · Σ p²."""
    net = layers(leaves, sizes)
    inputs = [tuple(map(value, row)) for row in points]
    scores = [score(net, x, dot) for x in inputs]
    losses = [(1 + -y * s).relu() for y, s in zip(labels, scores, strict=True)]
    data_loss = sum(losses) * (1.0 / len(losses))
    if dot is None:
        return data_loss + PENALTY * sum(p * p for p in leaves)
    return data_loss + PENALTY * dot(leaves, leaves)


def full(value: Any, dot: Callable[..., Any] | None = None) -> Callable[[list[Any]], Any]:
    """The cost over all points, as a function of the leaves."""
    points, labels = (a.tolist() for a in data())
    return lambda leaves: cost(leaves, points, labels, value, dot)


def micrograd() -> Step:
    value = engines.micrograd_value()
    return engines.eager(full(value), start(), value)


def chalkgrad(dots: bool = False) -> Step:
    from autograd import Value, dot

    return engines.eager(full(Value, dot if dots else None), start(), Value)


def compiled_whole(backend: str) -> Step:
    """The whole graph of 100 examples, replayed."""
    from autograd import Value

    return engines.recorded(full(Value), start(), backend)


def compiled(backend: str) -> Step:
    """One example recorded, run over the batch of 100."""
    from autograd import Value

    points, labels = data()
    leaves = [Value(x) for x in start()]
    net = layers(leaves)
    run = engines.program(
        lambda x, y: (1 + -y * score(net, x)).relu(),
        leaves,
        backend,
        penalty=lambda: PENALTY * sum(p * p for p in leaves),
    )
    return lambda: run(points, labels)


def casadi() -> Step:
    return engines.casadi_step(full(float), start())


# -- The same in matrices, by hand ---------------------------------------------------------------------------


def matrices(p: Any, sizes: Sequence[int] = SIZES) -> list[tuple[Any, Any]]:
    """Views of the flat parameters as (W, b) of each layer; W has one row for each neuron."""
    views, at = [], 0
    for n, m in pairwise(sizes):
        rows = p[at : at + m * (n + 1)].reshape(m, n + 1)
        views.append((rows[:, :n], rows[:, n]))
        at += m * (n + 1)
    return views


def numpy() -> Step:
    points, labels = data()
    p = start()
    g = np.zeros_like(p)
    net, slopes, m = matrices(p), matrices(g), len(points)

    def step() -> tuple[float, np.ndarray]:
        a, kept = points, []
        for W, b in net[:-1]:
            kept.append(a)
            a = np.maximum(a @ W.T + b, 0)
        kept.append(a)
        W, b = net[-1]
        margin = 1 - labels * (a @ W[0] + b[0])
        value = np.maximum(margin, 0).sum() / m + PENALTY * (p @ p)
        dz = np.where(margin > 0, -labels / m, 0)[:, None]
        for layer in range(len(net) - 1, -1, -1):
            dW, db = slopes[layer]
            dW[...] = dz.T @ kept[layer]
            db[...] = dz.sum(0)
            if layer:
                dz = dz @ net[layer][0] * (kept[layer] > 0)
        np.add(g, 2 * PENALTY * p, out=g)
        return value, g

    return step


def torch() -> Step:
    import torch

    points, labels = map(torch.from_numpy, data())
    p = torch.from_numpy(start()).requires_grad_()

    def step() -> tuple[float, Any]:
        p.grad = None
        a = points
        *hidden, (W, b) = matrices(p)
        for V, c in hidden:
            a = torch.relu(torch.nn.functional.linear(a, V, c))
        value = torch.relu(1 - labels * (a @ W[0] + b[0])).mean() + PENALTY * (p @ p)
        value.backward()
        return value.item(), p.grad.numpy()

    return step


def jax() -> Step:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    points, labels = map(jnp.asarray, data())
    p = jnp.asarray(start())

    @jax.jit
    @jax.value_and_grad
    def run(p: Any, x: Any, y: Any) -> Any:
        *hidden, (W, b) = matrices(p)
        for V, c in hidden:
            x = jax.nn.relu(x @ V.T + c)
        return jax.nn.relu(1 - y * (x @ W[0] + b[0])).mean() + PENALTY * (p @ p)

    return lambda: jax.block_until_ready(run(p, points, labels))


def contenders() -> dict[str, Callable[[], Step]]:
    return {
        "micrograd": micrograd,
        "chalkgrad eager": chalkgrad,
        "chalkgrad eager, dot nodes": lambda: chalkgrad(dots=True),
        **{f"chalkgrad {b}, recorded graph": lambda b=b: compiled_whole(b) for b in ("python", "numba")},
        **{f"chalkgrad {b}, batch of 100": lambda b=b: compiled(b) for b in engines.BACKENDS},
        "NumPy by hand": numpy,
        "CasADi SX": casadi,
        "torch eager": torch,
        "JAX jit": jax,
    }
