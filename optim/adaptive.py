"""Methods that give every parameter a rate of its own, from the size of its past gradients.

All squares, roots and quotients are taken entry by entry, and `eps` is added outside the root, as in PyTorch.
"""

import math
from collections.abc import Iterable
from typing import Final

import numpy as np

from optim._numbers import fraction, not_negative, positive
from optim._parameters import Parameter
from optim.optimizer import Array, Optimizer, State
from optim.schedules import Schedule


class AdaGrad(Optimizer):
    """G ← G + g²,  w ← w - η g / (√G + ε)   (Duchi, Hazan & Singer 2011).

    G, 0 at first, only grows: what has moved much moves less and less. `eps` > 0.
    """

    def __init__(self, params: Iterable[Parameter], lr: float | Schedule = 0.01, eps: float = 1e-10) -> None:
        self.eps: Final = positive("eps", eps, "eps=1e-10")
        super().__init__(params, lr, remember=("G",))

    def change(self, w: Array, g: Array, state: State, eta: float) -> Array:
        """-η g / (√G + ε), with the new G."""
        step, _ = state.scratch
        np.multiply(g, g, out=step)
        G = np.add(state.old["G"], step, out=state.new["G"])
        return _scaled(-eta, g, G, self.eps, out=step)


class RMSProp(Optimizer):
    """v ← α v + (1-α) g²,  w ← w - η g / (√v + ε)   (Hinton's lecture 6e, 2012).

    AdaGrad with a moving average, which forgets, in place of its sum: for the non-convex setting. v is 0 at first,
    and not corrected for it. `alpha` in [0, 1), by PyTorch's name and default (Hinton used 0.9; it is not the
    lecture's α, the momentum); `eps` > 0.
    """

    def __init__(
        self,
        params: Iterable[Parameter],
        lr: float | Schedule = 0.01,
        alpha: float = 0.99,
        eps: float = 1e-8,
    ) -> None:
        self.alpha: Final = fraction("alpha", alpha, "alpha=0.99")
        self.eps: Final = positive("eps", eps, "eps=1e-8")
        super().__init__(params, lr, remember=("v",))

    def change(self, w: Array, g: Array, state: State, eta: float) -> Array:
        """-η g / (√v + ε), with the new v."""
        step, _ = state.scratch
        np.multiply(g, g, out=step)
        v = _average(state.old["v"], step, self.alpha, out=state.new["v"], scratch=step)
        return _scaled(-eta, g, v, self.eps, out=step)


class Adam(Optimizer):
    """RMSProp combined with momentum, both corrected for starting at 0 (Kingma & Ba 2015, algorithm 1).

        m ← β₁ m + (1-β₁) g          m̂ = m / (1 - β₁^k)
        v ← β₂ v + (1-β₂) g²         v̂ = v / (1 - β₂^k)
        w ← w - η m̂ / (√v̂ + ε)

    k counts the steps from 1. `betas` = (β₁, β₂), both in [0, 1); `eps` > 0.
    """

    def __init__(
        self,
        params: Iterable[Parameter],
        lr: float | Schedule = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise TypeError(f"betas must be two numbers, but {betas!r} was given. Write betas=(0.9, 0.999).")
        self.betas: Final = (
            fraction("The first of betas", betas[0], "betas=(0.9, 0.999)"),
            fraction("The second of betas", betas[1], "betas=(0.9, 0.999)"),
        )
        self.eps: Final = positive("eps", eps, "eps=1e-8")
        super().__init__(params, lr, remember=("m", "v"))

    def change(self, w: Array, g: Array, state: State, eta: float) -> Array:
        """-η m̂ / (√v̂ + ε), with the new m and v."""
        k = state.k + 1
        beta_1, beta_2 = self.betas
        step, _ = state.scratch
        m = _average(state.old["m"], g, beta_1, out=state.new["m"], scratch=step)
        np.multiply(g, g, out=step)
        v = _average(state.old["v"], step, beta_2, out=state.new["v"], scratch=step)
        # m̂ / (√v̂ + ε) = c₂/c₁ · m / (√v + c₂ ε): the corrections cost two numbers instead of two arrays.
        c_1, c_2 = 1 - beta_1**k, math.sqrt(1 - beta_2**k)
        return _scaled(-eta * c_2 / c_1, m, v, c_2 * self.eps, out=step)


class AdamW(Adam):
    """Adam with decoupled weight decay: w ← w - η m̂ / (√v̂ + ε) - η λ w   (Loshchilov & Hutter 2019).

    λ = `weight_decay` ≥ 0 shrinks all parameters alike; as an L2 penalty in the cost, λ w would be divided by √v̂.
    λ is multiplied by η, as in PyTorch; in the paper only by the schedule's part of η.
    """

    def __init__(
        self,
        params: Iterable[Parameter],
        lr: float | Schedule = 0.001,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(params, lr, betas, eps)
        self.weight_decay: Final = not_negative("weight_decay", weight_decay, "weight_decay=0.01")

    def change(self, w: Array, g: Array, state: State, eta: float) -> Array:
        """Adam's change, minus η λ w."""
        step = super().change(w, g, state, eta)
        decay = np.multiply(w, eta * self.weight_decay, out=state.scratch[1])
        return np.subtract(step, decay, out=step)


def _average(old: Array, new: Array, keep: float, *, out: Array, scratch: Array) -> Array:
    """out = keep · old + (1 - keep) · new, the exponentially weighted moving average. `scratch` may be `new`."""
    np.multiply(new, 1 - keep, out=scratch)
    np.multiply(old, keep, out=out)
    return np.add(out, scratch, out=out)


def _scaled(factor: float, x: Array, squares: Array, eps: float, *, out: Array) -> Array:
    """out = factor · x / (√squares + eps)."""
    np.sqrt(squares, out=out)
    np.add(out, eps, out=out)
    np.divide(x, out, out=out)
    return np.multiply(out, factor, out=out)
