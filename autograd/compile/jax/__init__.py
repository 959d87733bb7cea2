"""The "jax" backend: the recovered matrices as a function in JAX, and whole epochs of it on one device or many."""

from autograd.compile.jax.epoch import JaxTraining, momentum
from autograd.compile.jax.runner import cost_function

__all__ = ["JaxTraining", "cost_function", "momentum"]
