"""Optimizers as update formulas on arrays, and learning rates that say whether they promise convergence.

>>> from types import SimpleNamespace as Parameter      # autograd.Value, or anything with .data and .grad
>>> w = Parameter(data=1.0, grad=0.0)
>>> opt = SGD([w], lr=0.25)
>>> for _ in range(3):
...     opt.zero_grad()
...     w.grad += 2 * w.data                             # what backward() does for E(w) = w²
...     opt.step()
>>> w.data
0.125

The same formula updates the flat array of a compiled program: `opt.step_array(program.parameters, gradient)`.
An optimizer needs of a parameter only `.data` and `.grad`.
"""

from optim.adaptive import AdaGrad, Adam, AdamW, RMSProp
from optim.history import History
from optim.optimizer import Optimizer, State
from optim.schedules import Conditions, Constant, Cosine, InverseTime, LinearDecay, Power, Schedule, Step
from optim.sgd import SGD
from optim.train import train

__all__ = [
    "SGD",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Conditions",
    "Constant",
    "Cosine",
    "History",
    "InverseTime",
    "LinearDecay",
    "Optimizer",
    "Power",
    "RMSProp",
    "Schedule",
    "State",
    "Step",
    "train",
]
