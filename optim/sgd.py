"""Stochastic gradient descent: plain, with momentum, with Nesterov's momentum."""

from collections.abc import Iterable
from typing import Final

import numpy as np

from optim._numbers import fraction, not_negative
from optim._parameters import Parameter
from optim.optimizer import Array, Optimizer, State
from optim.schedules import Schedule


class SGD(Optimizer):
    """Gradient descent on whatever gradient it is given: of one example, a minibatch, or all of them.

        plain       w ← w - η g
        momentum    v ← α v - η g          w ← w + v              (the lecture; α = `momentum`, v = 0 at first)
        nesterov    v ← α v - η g          w ← w + α v - η g

    Here g is ∂E/∂w, plus `weight_decay` · w if that is given (an L2 penalty of ½ `weight_decay` Σ w², also on
    biases; the lecture's λ/2m Σ w² over weights only belongs to the cost).

    The learning rate stands inside v, as in the lecture: what was gathered keeps the rates it was gathered with.
    PyTorch has it outside (b ← α b + g, w ← w - η b). The two take the same steps while η is constant
    (v = -η b); when η changes, PyTorch rescales the whole past at once.

    Nesterov's method takes the gradient at the point where momentum is about to carry it (Sutskever et al. 2013):
    v ← α v - η ∂E/∂θ(θ + α v), θ ← θ + v. With w = θ + α v, the point of the gradient, as the parameters, that is
    exactly the line above: new w = new θ + α (new v) = (w - α v) + (1 + α)(new v) = w + α (new v) - η g.

    0 ≤ `momentum` < 1, the lecture's choices being 0.5, 0.9 and 0.99; `nesterov` needs momentum > 0;
    `weight_decay` ≥ 0. Raises TypeError or ValueError otherwise, and as `Optimizer` does.
    """

    def __init__(
        self,
        params: Iterable[Parameter],
        lr: float | Schedule,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        self.momentum: Final = fraction("momentum", momentum, "momentum=0.9")
        self.nesterov: Final = bool(nesterov)
        self.weight_decay: Final = not_negative("weight_decay", weight_decay, "weight_decay=0.0001")
        if self.nesterov and not self.momentum:
            raise ValueError(
                "nesterov=True needs momentum, but momentum is 0. Write SGD(…, momentum=0.9, nesterov=True)."
            )
        super().__init__(params, lr, remember=("v",) if self.momentum else ())

    def change(self, w: Array, g: Array, state: State, eta: float) -> Array:
        """-η g; with momentum the new v; with Nesterov's α (new v) - η g."""
        step, ahead = state.scratch
        if self.weight_decay:
            np.multiply(w, self.weight_decay, out=step)
            g = np.add(g, step, out=step)
        np.multiply(g, -eta, out=step)
        if not self.momentum:
            return step
        v = state.new["v"]
        np.multiply(state.old["v"], self.momentum, out=v)
        np.add(v, step, out=v)
        if not self.nesterov:
            return v
        np.multiply(v, self.momentum, out=ahead)
        return np.add(ahead, step, out=step)
