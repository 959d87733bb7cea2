"""Costs of ONE example, and the penalty on the weights. Average over the examples yourself, or let `optim.train` do it.

    E(w) = 1/m Σ_i cost(model(x_i), y_i)  +  λ/(2m) Σ w²

A target y may be
- an integer label, 0 … K-1 (with one output: 0 or 1);
- a list of K numbers in [0, 1], such as a one-hot row; with one output, one such number;
- Values, where a program is being traced.

With K outputs, "a list of outputs" below is K Values; one Value is K = 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from autograd import DomainError, Value, total
from autograd.errors import ieee_is_on
from autograd.functions import dot_node
from autograd.scope import WATCHERS
from autograd.value import NUMBERS, constant, operand
from nn.data import ONE
from nn.module import Module

Target = float | Value


def binary_cross_entropy(p: Any, y: Any) -> Value:
    """The lecture's cost of one example: E = -Σ_k [ y_k log p_k + (1 - y_k) log(1 - p_k) ], a Bernoulli per output.

    `p`: one probability or a list of K, the outputs of sigmoids. A term whose factor is the plain number 0 is left out.

    Raises ValueError if a p_k is not in [0, 1] or y is not a target (see the head of this file); DomainError if a
    p_k is exactly 0 or 1 and y_k asks for the logarithm of 0. That happens when a sigmoid saturates: then use
    `binary_cross_entropy_with_logits`.
    """
    ps = _outputs(p, "p")
    if not WATCHERS and not ieee_is_on():  # one who traces a program must not be told by these numbers
        for k, p_k in enumerate(ps):
            if not 0.0 <= p_k._data <= 1.0:
                raise ValueError(
                    f"output {k} is {p_k._data!r}, not a probability: put a sigmoid on it, "
                    "or use binary_cross_entropy_with_logits"
                )
    terms = []
    for k, (p_k, y_k) in enumerate(zip(ps, targets(y, len(ps)), strict=True)):
        try:
            if isinstance(y_k, Value):
                terms.append(y_k * p_k.log() + (1 - y_k) * (1 - p_k).log())
            elif y_k == 1.0:
                terms.append(p_k.log())
            elif y_k == 0.0:
                terms.append((1 - p_k).log())
            else:
                terms.append(y_k * p_k.log() + (1.0 - y_k) * (1 - p_k).log())
        except DomainError:
            t = y_k._data if isinstance(y_k, Value) else y_k
            swapped = isinstance(y_k, Value) and p_k.is_constant
            raise DomainError(
                f"the cost takes log 0: output {k} is exactly {p_k._data!r} and its target is {t!r}. A sigmoid of a "
                "large weighted input rounds to 0 or 1; use binary_cross_entropy_with_logits on that input itself "
                '(an MLP with output="linear")' + (". Or are output and target swapped?" if swapped else ""),
                "log",
                (p_k._data,),
                (p_k.label,),
            ) from None
    return -_sum(terms)


def binary_cross_entropy_with_logits(z: Any, y: Any) -> Value:
    """`binary_cross_entropy` of p = sigmoid(z), from the weighted inputs z: E = Σ_k softplus(z_k) - y_k z_k.

    Stable at any z, with ∂E/∂z_k = σ(z_k) - y_k. For y_k = 0 and 1 the terms are softplus(z_k) and softplus(-z_k).
    Raises ValueError if y is not a target.
    """
    zs = _outputs(z, "z")
    terms = []
    for z_k, y_k in zip(zs, targets(y, len(zs)), strict=True):
        if isinstance(y_k, Value) or 0.0 < y_k < 1.0:
            terms.append(z_k.softplus() - y_k * z_k)
        else:
            terms.append((-z_k).softplus() if y_k == 1.0 else z_k.softplus())
    return _sum(terms)


def cross_entropy(logits: Any, y: Any) -> Value:
    """Softmax cross-entropy of one example: E = -Σ_k y_k log p_k with p_k = e^{z_k} / Σ_j e^{z_j}, z the logits.

    For a label c it is log(1 + Σ_{k≠c} e^{z_k - z_c}): how far the others are ahead of the right one. Sums of
    exponentials are built from log(e^a + e^b) = a + softplus(b - a), which overflows nowhere, is exact for tiny costs
    too, and, unlike a shift by the largest logit, compares nothing: no kinks, and one graph for all examples.
    ∂E/∂z_k = p_k - y_k.

    Raises ValueError for fewer than 2 logits, if y is not a target, or if a list of plain numbers y does not sum to 1.
    """
    zs = _outputs(logits, "logits")
    if len(zs) < 2:
        raise ValueError(
            "cross_entropy chooses between 2 or more classes and got 1 logit; for one output use "
            "binary_cross_entropy_with_logits"
        )
    ys = targets(y, len(zs))
    plain = [y_k for y_k in ys if not isinstance(y_k, Value)]
    if len(plain) == len(ys):
        if abs(sum(plain) - 1.0) > 1e-6:
            raise ValueError(
                f"the targets of cross_entropy are the probabilities of the classes, and sum to 1; got {y!r:.80}"
            )
        if 1.0 in plain:
            z_c = zs.pop(plain.index(1.0))
            return _log_sum_exp([z_k - z_c for z_k in zs]).softplus()
    log_sum = _log_sum_exp(zs)
    return dot_node(
        tuple(y_k if isinstance(y_k, Value) else constant(y_k) for y_k in ys), tuple(log_sum - z for z in zs)
    )


def mse(prediction: Any, target: Any) -> Value:
    """The mean squared error of one example: 1/K Σ_k (prediction_k - target_k)².

    Raises ValueError if there are not as many targets as predictions, or one is not a finite number.
    """
    ps = _outputs(prediction, "prediction")
    ts = [target] if isinstance(target, ONE) else _listed(target, "target")
    if len(ts) != len(ps):
        raise ValueError(f"there are {len(ps)} predictions and {len(ts)} targets: each needs its own")
    for k, t in enumerate(ts):
        if not isinstance(t, ONE) or (not isinstance(t, Value) and not np.isfinite(t) and not ieee_is_on()):
            raise ValueError(f"target {k} is {t!r:.80}, not a finite number")
    squares = [(p - t) ** 2 for p, t in zip(ps, ts, strict=True)]
    return squares[0] if len(squares) == 1 else _sum(squares) / len(squares)


def l2_penalty(model: Module | Iterable[Value], lam: float, m: int) -> Value:
    """The lecture's penalty λ/(2m) Σ w², over the weights of a Module and not its biases, or over a list of Values.

    `lam` is λ ≥ 0, `m` the number of examples. Slope: λ/m · w. The sum is one `dot` node.
    Raises ValueError if λ or m is out of range, or there are no weights.
    """
    ws = tuple(model.weights() if isinstance(model, Module) else _listed(model, "the list of weights"))
    for w in ws:
        if not isinstance(w, Value):
            raise TypeError(f"the penalty is over Values; got {w!r:.80} of type {type(w).__name__} among the weights")
    if not ws:
        raise ValueError("there are no weights to penalise")
    if isinstance(lam, bool) or not isinstance(lam, NUMBERS) or not 0.0 <= lam < np.inf:
        raise ValueError(f"lam, the λ of the penalty, is a finite number of at least 0; got {lam!r}")
    if isinstance(m, bool) or not isinstance(m, NUMBERS) or not 1 <= m < np.inf or m != int(m):
        raise ValueError(f"m, the number of examples, is a whole number of at least 1; got {m!r}")
    return dot_node(ws, ws) * (float(lam) / (2.0 * float(m)))


# -- Outputs and targets ------------------------------------------------------------------------------------


def targets(y: Any, K: int) -> list[Target]:
    """The lecture's y_1 … y_K of one example: plain numbers in [0, 1], or Values.

    Raises ValueError for a label outside 0..K-1, a list that is not K long, a number outside [0, 1].
    """
    if not isinstance(y, ONE) and getattr(y, "ndim", None) == 0:  # one number of NumPy's or torch's, in its box
        y = y.tolist()
    if K > 1 and isinstance(y, Value):
        raise TypeError(
            f"a label that is a Value cannot choose one of {K} outputs: give the row nn.one_hot(label, {K})"
        )
    if K > 1 and isinstance(y, NUMBERS):
        if not 0 <= y < K or y != int(y):
            raise ValueError(f"label {y!r} is not a whole number in 0..{K - 1}, and there are {K} outputs")
        return [1.0 if k == y else 0.0 for k in range(K)]
    ys = [y] if isinstance(y, ONE) else _listed(y, "y")
    if len(ys) != K:
        entries = "1 entry" if len(ys) == 1 else f"{len(ys)} entries"
        raise ValueError(f"y has {entries}, and there are {K} outputs: one each (the cost is of one example)")
    result: list[Target] = []
    for k, y_k in enumerate(ys):
        if isinstance(y_k, Value):
            result.append(y_k)
        elif not isinstance(y_k, NUMBERS):
            raise TypeError(
                f"target {k} is {y_k!r:.80} of type {type(y_k).__name__}, not a number (the cost is of one example)"
            )
        elif not 0.0 <= y_k <= 1.0:
            hint = ""
            if y_k == -1.0:
                hint = ". For labels -1 and 1 write (y + 1) / 2"
            elif K == 1 and float(y_k).is_integer():
                hint = ". For more than two classes a network needs an output for each"
            raise ValueError(f"target {k} is {y_k!r}: a target of cross-entropy is in [0, 1]{hint}")
        else:
            result.append(float(y_k))
    return result


def _outputs(p: Any, name: str) -> list[Value]:
    ps = [p] if isinstance(p, ONE) else _listed(p, name)
    if not ps:
        raise ValueError(f"{name} is empty: a cost needs at least one output")
    nodes = [operand(p_k) for p_k in ps]
    for k, node in enumerate(nodes):
        if node is NotImplemented:
            raise TypeError(
                f"{name}[{k}] is {ps[k]!r:.80} of type {type(ps[k]).__name__}, not a Value. The cost is of one "
                "example: for a batch, add up the costs and divide by m"
            )
    return nodes


def _listed(x: Any, name: str) -> list[Any]:
    if isinstance(x, str | dict) or not isinstance(x, Iterable):
        raise TypeError(f"{name} is a Value, a number, or a list of them; got {x!r:.80} of type {type(x).__name__}")
    if hasattr(x, "tolist"):  # an array, a column of pandas, a tensor
        return x.tolist() if getattr(x, "ndim", 1) else [x.tolist()]
    return list(x)


def _sum(terms: list[Value]) -> Value:
    return terms[0] if len(terms) == 1 else total(terms)


def _log_sum_exp(zs: list[Value]) -> Value:
    """log Σ e^z, two at a time: log(e^a + e^b) = a + softplus(b - a)."""
    while len(zs) > 1:
        pairs = [a + (b - a).softplus() for a, b in zip(zs[::2], zs[1::2], strict=False)]
        zs = pairs + zs[len(zs) - len(zs) % 2 :]
    return zs[0]
