"""Whole epochs in JAX, on one device or on many.

    program = compile(lambda x, t: (w * x + b - t) ** 2, [w, b], backend="jax")
    training = JaxTraining(program, X, T, batch_size=32, update=momentum(0.9))
    for _ in range(20):
        costs = training.epoch(rate=0.1, order=random.permutation(len(X)))
    program.write_back()

An epoch is one `jax.lax.scan` over the minibatches: value, gradient and update of each without coming back to Python.
With several devices every minibatch is spread over them (data parallelism): the examples are sharded, the parameters
are on every device, and JAX adds up the gradients. The same lines run on one machine's devices and, where
`jax.distributed.initialize()` was called on every host, on all devices of all hosts (``devices=jax.devices()``): each
host then has the whole data, and hands its own devices their part.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.compile.batch import arrays
from autograd.compile.jax.runner import cost_function, float64, the_jax
from autograd.compile.program import Program

Array = NDArray[np.float64]
Update = Callable[[Any, Any, Any, Any], tuple[Any, Any]]


def momentum(alpha: float = 0.0) -> Update:
    """The lecture's momentum, v = α v - η ∂E/∂w and w = w + v; plain SGD for α = 0."""
    if not 0.0 <= alpha < 1.0:
        raise ValueError(f"momentum must be at least 0 and less than 1; got {alpha}")

    def plain(w: Any, g: Any, v: Any, rate: Any) -> tuple[Any, Any]:
        return w - rate * g, v

    def update(w: Any, g: Any, v: Any, rate: Any) -> tuple[Any, Any]:
        v = alpha * v - rate * g
        return w + v, v

    return update if alpha else plain


class JaxTraining:
    """Trains a program's parameters on this data, one epoch per call of `epoch`.

    program      a compiled program with a batch, of whatever backend
    data         one array for each argument of the cost, the leading axis the examples
    batch_size   examples in a minibatch; a last, shorter one counts its own examples only
    update       a pure function (w, g, state, rate) -> (w, state) in JAX; by default `momentum(0.0)`, plain SGD
    state        what `update` starts with; by default zeros like the parameters
    devices      JAX devices to spread every minibatch over; by default the first one

    Raises ImportError without JAX, ValueError for data that does not fit the program.
    """

    def __init__(
        self,
        program: Program,
        *data: Any,
        batch_size: int,
        update: Update | None = None,
        state: Any = None,
        devices: Sequence[Any] | None = None,
    ) -> None:
        jax = the_jax()
        if not data:
            raise ValueError("an epoch goes over examples: give one array for each argument of the cost")
        if not isinstance(batch_size, int) or batch_size < 1:
            raise ValueError(f"batch_size must be a positive integer; got {batch_size!r}")
        if devices is not None and not devices:
            raise ValueError("devices is empty: leave it out to use one device")
        self.program = program
        self.data = arrays(data)
        self.rows = len(self.data[0])
        if batch_size > self.rows:
            raise ValueError(f"batch_size is {batch_size}, but there are only {self.rows} examples")
        self.size = batch_size
        if program._runner is None:
            program._make([x[[0, -1]] for x in self.data])
        arrays(self.data, program.recording.shapes)
        self.update = momentum() if update is None else update
        chosen = list(devices) if devices is not None else jax.devices()[:1]
        mesh = jax.sharding.Mesh(np.array(chosen), ("batch",))
        self._everywhere = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
        self._spread = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(None, "batch"))
        self.steps = -(-self.rows // batch_size)
        self._width = -(-batch_size // len(chosen)) * len(chosen)  # as many for every device; those too many weigh 0
        with float64():
            self.state = self._put(np.zeros(len(program.parameters)) if state is None else state, self._everywhere)
            self._weights = self._put(self._weigh(), self._spread)
            self._in_order = [self._put(self._minibatches(x, None), self._spread) for x in self.data]
            self._run = jax.jit(self._scan(cost_function(program)))

    def epoch(self, rate: float, order: Any = None) -> Array:
        """One pass over the data. Returns the cost of each minibatch; the program's parameters are updated in place.

        order   a permutation of the examples, as from ``numpy.random.Generator.permutation``

        Raises DomainError where a result is not finite, naming node and row; then the parameters stay as they were.
        """
        if not np.isfinite(rate) or rate <= 0:
            raise ValueError(f"the learning rate must be a positive number; got {rate}")
        data = self._in_order if order is None else self._shuffled(order)
        before = self.program.parameters
        with float64():
            w = before if self._everywhere.is_fully_addressable else self._put(before, self._everywhere)
            w, state, costs = self._run(w, self.state, float(rate), self._weights, *data)
            after, values = np.asarray(w), np.array(costs)
        if not (np.isfinite(after).all() and np.isfinite(values).all()):
            self._say_where(rate, order)
        self.state = state
        before[:] = after
        return values

    # -- Minibatches ------------------------------------------------------------------------------------------------

    def _places(self) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """(steps, width): which example stands where, and whether it counts. Filled up with a minibatch's first one."""
        first = np.arange(self.steps)[:, None] * self.size
        column = np.arange(self._width)
        counts = column < np.minimum(self.size, self.rows - first)
        return np.where(counts, first + column, first), counts

    def _minibatches(self, x: Array, order: Any) -> Array:
        places, _ = self._places()
        return x[places if order is None else np.asarray(order)[places]]

    def _weigh(self) -> Array:
        """The weight of every place in a minibatch: 1/m_b (or 1, for a sum) for an example, 0 where filled up."""
        _, counts = self._places()
        return counts / counts.sum(1, keepdims=True) if self.program._mean else counts.astype(float)

    def _shuffled(self, order: Any) -> list[Any]:
        if not np.array_equal(np.sort(np.asarray(order)), np.arange(self.rows)):
            raise ValueError(f"order must be a permutation of the {self.rows} examples")
        with float64():
            return [self._put(self._minibatches(x, order), self._spread) for x in self.data]

    def _put(self, x: Any, sharding: Any) -> Any:
        """An array on the devices; on several hosts each gives its own devices their part."""
        jax = the_jax()

        def place(leaf: Any) -> Any:
            leaf = np.asarray(leaf)
            if sharding.is_fully_addressable:
                return jax.device_put(leaf, sharding)
            return jax.make_array_from_callback(leaf.shape, sharding, lambda index: leaf[index])

        return jax.tree.map(place, x)

    # -- The epoch ----------------------------------------------------------------------------------------------------

    def _scan(self, cost: Callable[..., Any]) -> Callable[..., Any]:
        jax = the_jax()
        gradient = jax.value_and_grad(cost)

        def epoch(w: Any, state: Any, rate: Any, weights: Any, *data: Any) -> Any:
            def step(carried: Any, minibatch: Any) -> Any:
                w, state = carried
                value, g = gradient(w, *minibatch)
                return self.update(w, g, state, rate), value

            (w, state), values = jax.lax.scan(step, (w, state), (weights, *data))
            everywhere = jax.lax.with_sharding_constraint
            return everywhere(w, self._everywhere), state, everywhere(values, self._everywhere)

        return epoch

    def _say_where(self, rate: float, order: Any) -> None:
        """Repeat the epoch one minibatch at a time: the program names the node and the row where it fails."""
        program, index = self.program, np.arange(self.rows) if order is None else np.asarray(order)
        before, state = program.parameters.copy(), self.state
        try:
            with float64():
                for step in range(self.steps):
                    rows = index[step * self.size : (step + 1) * self.size]
                    _, g = program(*(x[rows] for x in self.data))
                    w, state = self.update(program.parameters, g, state, rate)
                    program.parameters[:] = np.asarray(w)
        finally:
            program.parameters[:] = before
        raise ArithmeticError("an epoch in JAX gave a number that is not finite: is the learning rate too large?")
