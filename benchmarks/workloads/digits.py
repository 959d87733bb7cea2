"""W3: a sigmoid network on scikit-learn's digits, minibatches, the lecture's cost, plain SGD: value, gradient, update.

64-32-10 with minibatch 32, and 64-128-64-10 with minibatch 128. An epoch is all full minibatches in order (56 of 32:
1,792 of 1,797 examples), so that every contender does the same arithmetic and ends at the same weights.
Parameters are flat layer by layer: the rows of W (one for each unit), then b.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import islice, pairwise
from typing import Any

import numpy as np

from benchmarks.lib.timing import Step, Unavailable
from benchmarks.workloads import engines

SMALL, SMALL_BATCH = (64, 32, 10), 32
LARGE, LARGE_BATCH = (64, 128, 64, 10), 128
RATE = 0.5


@cache
def data() -> tuple[np.ndarray, np.ndarray]:
    """The digits as (1797, 64) in 0 … 1, and their classes one-hot."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    return np.ascontiguousarray(digits.data / 16.0), np.eye(10)[digits.target]


def batches(size: int) -> list[tuple[np.ndarray, np.ndarray]]:
    x, t = data()
    return [(x[i : i + size], t[i : i + size]) for i in range(0, len(x) - size + 1, size)]


def synthetic(examples: int, inputs: int = 64, outputs: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """As many rows as one likes, for the growth with the batch."""
    random = np.random.default_rng(5)
    return random.uniform(0, 1, (examples, inputs)), np.eye(outputs)[random.integers(outputs, size=examples)]


def start(sizes: Sequence[int], seed: int = 2) -> np.ndarray:
    """Normal weights with standard deviation 1/√inputs; biases 0."""
    random = np.random.default_rng(seed)
    parts = []
    for n, m in pairwise(sizes):
        parts += [random.normal(0, n**-0.5, m * n), np.zeros(m)]
    return np.concatenate(parts)


# -- In scalars, for one example ---------------------------------------------------------------------------


def layers(leaves: Sequence[Any], sizes: Sequence[int]) -> list[tuple[list[list[Any]], list[Any]]]:
    rest = iter(leaves)
    return [([list(islice(rest, n)) for _ in range(m)], list(islice(rest, m))) for n, m in pairwise(sizes)]


def example_cost(net: list[Any], x: Sequence[Any], t: Sequence[Any]) -> Any:
    """The lecture's cost of one example: -Σ_k t_k log p_k + (1 - t_k) log(1 - p_k)."""
    a = list(x)
    for rows, biases in net:
        a = [
            sum((w * xi for w, xi in zip(row, a, strict=True)), b).sigmoid()
            for row, b in zip(rows, biases, strict=True)
        ]
    return -sum(tk * p.log() + (1 - tk) * (1 - p).log() for tk, p in zip(t, a, strict=True))


def micrograd(sizes: Sequence[int], size: int) -> Step:
    """One minibatch, not an epoch."""
    value = engines.micrograd_value()
    return _eager(sizes, size, value)


def chalkgrad(sizes: Sequence[int], size: int) -> Step:
    """One minibatch, not an epoch."""
    from autograd import Value

    return _eager(sizes, size, Value)


def _eager(sizes: Sequence[int], size: int, value: Any) -> Step:
    x, t = (part.tolist() for part in batches(size)[0])

    def build(leaves: list[Any]) -> Any:
        net = layers(leaves, sizes)
        return sum(example_cost(net, xi, ti) for xi, ti in zip(x, t, strict=True)) * (1 / size)

    return engines.eager(build, start(sizes), value)


class Epoch:
    """Runs an epoch from the same start, each time: calling it returns (last value, parameters at the end)."""

    def __init__(self, p: np.ndarray, run: Callable[[Any, Any], tuple[Any, Any]], size: int) -> None:
        self.p, self.first, self.run, self.data = p, p.copy(), run, batches(size)

    def __call__(self) -> tuple[Any, Any]:
        p, run = self.p, self.run
        p[:] = self.first
        value = None
        for x, t in self.data:
            value, g = run(x, t)
            p -= RATE * g
        return value, p


def compile_scalars(sizes: Sequence[int], backend: str) -> Any:
    """The program of the mean cost over a batch."""
    from autograd import Value

    leaves = [Value(w) for w in start(sizes)]
    net = layers(leaves, sizes)
    return engines.program(lambda x, t: example_cost(net, x, t), leaves, backend)


def compiled(sizes: Sequence[int], size: int, backend: str) -> Step:
    run = compile_scalars(sizes, backend)
    return Epoch(run.parameters, run, size)


def jax_backend_epoch(sizes: Sequence[int], size: int) -> Step:
    """This project's JAX backend with the epoch in one lax.scan."""
    try:
        from autograd.compile.jax.epoch import JaxTraining
    except ModuleNotFoundError as error:
        raise Unavailable(f"not available ({error.name})") from None
    run = compile_scalars(sizes, "jax")
    x, t = data()
    rows = len(x) // size * size
    training = JaxTraining(run, x[:rows], t[:rows], batch_size=size)
    first = run.parameters.copy()

    def step() -> tuple[Any, Any]:
        run.parameters[:] = first
        values = training.epoch(RATE)
        return values[-1], run.parameters

    return step


# -- In matrices, by hand -----------------------------------------------------------------------------------


def matrices(p: Any, sizes: Sequence[int]) -> list[tuple[Any, Any]]:
    """Views of the flat parameters as (W, b) of each layer."""
    views, at = [], 0
    for n, m in pairwise(sizes):
        views.append((p[at : at + n * m].reshape(m, n), p[at + n * m : at + n * m + m]))
        at += m * (n + 1)
    return views


def numpy_gradient(p: np.ndarray, sizes: Sequence[int], *, simplified: bool = True, loss: bool = True) -> Any:
    """(x, t) → (value, gradient) as a person writes it: P - T for the output layer if simplified."""
    g = np.zeros_like(p)
    net, slopes = matrices(p, sizes), matrices(g, sizes)

    def run(x: np.ndarray, t: np.ndarray) -> tuple[float | None, np.ndarray]:
        kept, a = [x], x
        for W, b in net:
            z = a @ W.T + b
            a = 1 / (1 + np.exp(-z))
            kept.append(a)
        m, value = len(x), None
        if not simplified:
            value = -(t * np.log(a) + (1 - t) * np.log(1 - a)).sum() / m
            dz = (-(t / a) + (1 - t) / (1 - a)) / m * (a * (1 - a))
        else:
            if loss:  # log σ(z) and log(1 - σ(z)) in one: softplus(z) - t·z, which no z can break
                value = (np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) - t * z).sum() / m
            dz = (a - t) / m
        for layer in range(len(net) - 1, -1, -1):
            dW, db = slopes[layer]
            np.matmul(dz.T, kept[layer], out=dW)
            np.sum(dz, 0, out=db)
            if layer:
                a = kept[layer]
                dz = dz @ net[layer][0] * (a * (1 - a))
        return value, g

    return run


def numpy(sizes: Sequence[int], size: int, **how: bool) -> Step:
    p = start(sizes)
    return Epoch(p, numpy_gradient(p, sizes, **how), size)


def numpy_buffers(sizes: Sequence[int], size: int) -> Step:
    """The hardest opponent: simplified, with the loss, every array allocated beforehand."""
    p = start(sizes)
    g = np.zeros_like(p)
    net, slopes = matrices(p, sizes), matrices(g, sizes)
    acts = [np.empty((size, m)) for m in sizes[1:]]
    deltas = [np.empty((size, m)) for m in sizes[1:]]
    work = np.empty((size, sizes[-1]))
    transposed = [W.T for W, _ in net]

    def run(x: np.ndarray, t: np.ndarray) -> tuple[float, np.ndarray]:
        a, value = x, 0.0
        for i, (_, b) in enumerate(net):
            z = acts[i]
            np.matmul(a, transposed[i], out=z)
            z += b
            if i == len(net) - 1:
                np.abs(z, out=work)
                np.negative(work, out=work)
                np.exp(work, out=work)
                np.log1p(work, out=work)
                value = (work.sum() + np.maximum(z, 0).sum() - np.vdot(t, z)) / size
            np.negative(z, out=z)
            np.exp(z, out=z)
            z += 1
            np.reciprocal(z, out=z)
            a = z
        dz = deltas[-1]
        np.subtract(a, t, out=dz)
        dz *= 1 / size
        for layer in range(len(net) - 1, -1, -1):
            dW, db = slopes[layer]
            np.matmul(dz.T, acts[layer - 1] if layer else x, out=dW)
            np.add.reduce(dz, 0, out=db)
            if layer:
                below, a = deltas[layer - 1], acts[layer - 1]
                np.matmul(dz, net[layer][0], out=below)
                below *= a
                np.subtract(1, a, out=a)
                below *= a
                dz = below
        return value, g

    return Epoch(p, run, size)


def casadi(sizes: Sequence[int], size: int) -> Step:
    """One SX function for an example's value and gradient, mapped over the minibatch by CasADi."""
    import casadi

    engines.casadi_value()
    sx = casadi.SX.sym
    p, x, t = sx("p", len(start(sizes))), sx("x", sizes[0]), sx("t", sizes[-1])
    net = layers([p[i] for i in range(p.numel())], sizes)
    cost = example_cost(net, [x[i] for i in range(x.numel())], [t[i] for i in range(t.numel())])
    one = casadi.Function("f", [p, x, t], [cost, casadi.gradient(cost, p)])
    many = one.map("batch", "serial", size, [0], [])
    flat, values, gradients = start(sizes), np.zeros(size), np.zeros((size, p.numel()))
    inputs, targets = np.zeros((size, sizes[0])), np.zeros((size, sizes[-1]))
    buffer, call = many.buffer()
    for i, array in enumerate((flat, inputs, targets)):
        buffer.set_arg(i, memoryview(array))
    buffer.set_res(0, memoryview(values))
    buffer.set_res(1, memoryview(gradients))

    def run(a: np.ndarray, b: np.ndarray) -> tuple[float, np.ndarray]:
        inputs[:], targets[:] = a, b
        call()
        return values.sum() / size, gradients.sum(0) / size

    epoch = Epoch(flat, run, size)
    epoch.keep = buffer, many  # type: ignore[attr-defined]  # CasADi does not hold on to them
    return epoch


def torch_modules(sizes: Sequence[int], size: int) -> Step:
    """Eager torch as its tutorials write it: nn.Sequential, BCEWithLogitsLoss, optim.SGD."""
    import torch
    from torch import nn

    flat = start(sizes)
    module = nn.Sequential()
    for n, m in pairwise(sizes):
        module.extend([nn.Linear(n, m), nn.Sigmoid()])
    module = module[:-1].double()
    weights = list(module.parameters())
    first = [torch.from_numpy(part) for layer in matrices(flat, sizes) for part in layer]
    data = [(torch.from_numpy(x), torch.from_numpy(t)) for x, t in batches(size)]
    cost = nn.BCEWithLogitsLoss(reduction="sum")
    optimizer = torch.optim.SGD(weights, lr=RATE)

    def step() -> tuple[float, Any]:
        with torch.no_grad():
            for w, f in zip(weights, first, strict=True):
                w.copy_(f)
        value = None
        for x, t in data:
            optimizer.zero_grad()
            value = cost(module(x), t) / size
            value.backward()
            optimizer.step()
        return value.item(), torch.cat([w.detach().reshape(-1) for w in weights]).numpy()

    return step


def torch_formula(sizes: Sequence[int], size: int) -> Step:
    """Eager torch with the lecture's formula, as all others here get it: log p and log(1 - p), update in place."""
    import torch

    def cost(net: list[Any], a: Any, t: Any) -> Any:
        for W, b in net:
            a = torch.sigmoid(a @ W.T + b)
        return -(t * a.log() + (1 - t) * (1 - a).log()).sum() / size

    return _torch_in_place(sizes, size, cost)


def torch(sizes: Sequence[int], size: int) -> Step:
    """Eager torch, as lean as it can be written: functions, the fused loss on logits, update in place."""
    import torch

    functions = torch.nn.functional

    def cost(net: list[Any], x: Any, t: Any) -> Any:
        for i, (W, b) in enumerate(net):
            z = functions.linear(x, W, b)
            x = torch.sigmoid(z) if i < len(net) - 1 else z
        return functions.binary_cross_entropy_with_logits(x, t, reduction="sum") / size

    return _torch_in_place(sizes, size, cost)


def _torch_in_place(sizes: Sequence[int], size: int, cost: Callable[[list[Any], Any, Any], Any]) -> Step:
    import torch

    data = [(torch.from_numpy(x), torch.from_numpy(t)) for x, t in batches(size)]
    first = torch.from_numpy(start(sizes))
    p = first.clone()
    net = [(W.detach().requires_grad_(), b.detach().requires_grad_()) for W, b in matrices(p, sizes)]
    weights = [w for layer in net for w in layer]

    def step() -> tuple[float, Any]:
        with torch.no_grad():
            p.copy_(first)
        value = None
        for x, t in data:
            value = cost(net, x, t)
            value.backward()
            with torch.no_grad():
                for w in weights:
                    w -= RATE * w.grad
                    w.grad = None
        return value.item(), p.numpy()

    return step


def jax_cost(sizes: Sequence[int]) -> Callable[..., Any]:
    """The cost over a batch, in JAX, from the flat parameters."""
    import jax

    jax.config.update("jax_enable_x64", True)

    def cost(p: Any, x: Any, t: Any) -> Any:
        *hidden, (W, b) = matrices(p, sizes)
        for V, c in hidden:
            x = jax.nn.sigmoid(x @ V.T + c)
        z = x @ W.T + b
        return (jax.nn.softplus(z) - t * z).sum() / len(x)

    return cost


def jax(sizes: Sequence[int], size: int) -> Step:
    """A jitted step (value, gradient, update) called for each minibatch."""
    import jax
    import jax.numpy as jnp

    gradient = jax.value_and_grad(jax_cost(sizes))

    @jax.jit
    def update(p: Any, x: Any, t: Any) -> tuple[Any, Any]:
        value, g = gradient(p, x, t)
        return value, p - RATE * g

    first = jnp.asarray(start(sizes))
    data = [(jnp.asarray(x), jnp.asarray(t)) for x, t in batches(size)]

    def step() -> tuple[Any, Any]:
        p, value = first, None
        for x, t in data:
            value, p = update(p, x, t)
        return jax.block_until_ready((value, p))

    return step


def jax_scan(sizes: Sequence[int], size: int) -> Step:
    """The epoch as one lax.scan."""
    import jax
    import jax.numpy as jnp

    gradient = jax.value_and_grad(jax_cost(sizes))
    x, t = (jnp.asarray(np.stack(part)) for part in zip(*batches(size), strict=True))

    @jax.jit
    def epoch(p: Any, x: Any, t: Any) -> tuple[Any, Any]:
        def update(p: Any, batch: Any) -> tuple[Any, Any]:
            value, g = gradient(p, *batch)
            return p - RATE * g, value

        p, values = jax.lax.scan(update, p, (x, t))
        return values[-1], p

    first = jnp.asarray(start(sizes))
    return lambda: jax.block_until_ready(epoch(first, x, t))


def contenders(sizes: Sequence[int] = SMALL, size: int = SMALL_BATCH) -> dict[str, Callable[[], Step]]:
    """Whole epochs, (last value, weights at the end)."""
    return {
        "NumPy by hand, simplified": lambda: numpy(sizes, size),
        "NumPy by hand, simplified, buffers": lambda: numpy_buffers(sizes, size),
        "NumPy by hand, simplified, no loss": lambda: numpy(sizes, size, loss=False),
        "NumPy by hand, unsimplified": lambda: numpy(sizes, size, simplified=False),
        **{f"chalkgrad {b}": lambda b=b: compiled(sizes, size, b) for b in engines.BACKENDS},
        "chalkgrad jax, epoch in one scan": lambda: jax_backend_epoch(sizes, size),
        "CasADi SX": lambda: casadi(sizes, size),
        "torch eager, leanest": lambda: torch(sizes, size),
        "torch eager, the lecture's formula": lambda: torch_formula(sizes, size),
        "torch eager, nn and optim": lambda: torch_modules(sizes, size),
        "JAX jit": lambda: jax(sizes, size),
        "JAX jit, epoch in one scan": lambda: jax_scan(sizes, size),
    }
