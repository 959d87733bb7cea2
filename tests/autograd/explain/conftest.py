"""Graphs to explain."""

import pytest

from autograd import Value
from autograd.explain import explain


def cost():
    """The cost of one sigmoid unit; σ is used twice."""
    w, x, b = Value(0.5, "w"), Value(2.0, "x"), Value(-0.25, "b")
    s = w * x + b
    s.label = "s"
    σ = s.sigmoid()
    σ.label = "σ"
    E = -(0.25 * σ.log() + 0.75 * (1 - σ).log())
    E.label = "E"
    return E


@pytest.fixture
def E():
    return cost()


@pytest.fixture(scope="session")
def story():
    return explain(cost())
