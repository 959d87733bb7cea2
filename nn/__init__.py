"""Networks made of Values, the lecture's notation, and the costs that train them.

>>> import nn
>>> model = nn.MLP(2, [3, 1], seed=0)                     # 2 inputs, 3 hidden sigmoid units, 1 output
>>> E = nn.binary_cross_entropy(model([1.0, 0.0]), 1)
>>> E.backward()
>>> len(model.parameters())
13
"""

from nn import init
from nn.data import one_hot
from nn.layers import Layer, Neuron
from nn.losses import binary_cross_entropy, binary_cross_entropy_with_logits, cross_entropy, l2_penalty, mse
from nn.mlp import MLP
from nn.module import Module
from nn.serialize import load, save

__all__ = [
    "MLP",
    "Layer",
    "Module",
    "Neuron",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "init",
    "l2_penalty",
    "load",
    "mse",
    "one_hot",
    "save",
]
