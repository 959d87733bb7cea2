"""Gradients of random graphs against oracles that share no code with the engine."""

import math

import numpy as np
import pytest
from hypothesis import given
from strategies import ComplexFunctions, Recipe, recipes

from autograd import Value, grad, hessian, ieee
from autograd.order import arguments, topological
from autograd.reverse import contributions, gradient
from autograd.transform import derivatives


def scale(*arrays: object) -> float:
    return 1.0 + max(float(np.max(np.abs(a))) for a in arrays)


@given(recipes())
def test_gradient_equals_complex_steps(recipe: Recipe) -> None:
    leaves = [Value(x) for x in recipe.inputs]
    recipe.run(leaves).backward()
    h = 1e-200
    for i, leaf in enumerate(leaves):
        moved = [complex(x, h if j == i else 0.0) for j, x in enumerate(recipe.inputs)]
        expected = recipe.run(moved, ComplexFunctions).imag / h
        assert leaf.grad == pytest.approx(expected, rel=1e-9, abs=1e-11 * scale(expected))


@given(recipes(kinks=True))
def test_gradient_equals_torch(recipe: Recipe) -> None:
    torch = pytest.importorskip("torch")

    class Functions:
        tanh, sin, cos, exp, log, sqrt = torch.tanh, torch.sin, torch.cos, torch.exp, torch.log, torch.sqrt
        sigmoid, abs, relu = torch.sigmoid, torch.abs, torch.relu
        softplus = staticmethod(lambda x: torch.logaddexp(x, torch.zeros_like(x)))
        maximum, minimum = torch.maximum, torch.minimum
        total, dot = ComplexFunctions.total, ComplexFunctions.dot

    leaves = [Value(x) for x in recipe.inputs]
    z = recipe.run(leaves)
    z.backward()
    tensors = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in recipe.inputs]
    expected = recipe.run(tensors, Functions)
    expected.backward()
    assert z.data == pytest.approx(expected.item(), rel=1e-12, abs=1e-12)
    theirs = [0.0 if t.grad is None else t.grad.item() for t in tensors]
    assert [leaf.grad for leaf in leaves] == pytest.approx(theirs, rel=1e-9, abs=1e-10 * scale(theirs))


@given(recipes())
def test_second_derivatives_equal_complex_steps_of_the_first(recipe: Recipe) -> None:
    n = len(recipe.inputs)
    matrix = hessian(lambda x: recipe.run(x))(list(recipe.inputs))
    assert matrix.shape == (n, n)
    assert np.allclose(matrix, matrix.T, rtol=1e-8, atol=1e-9 * scale(matrix))
    # finite differences of the exact first gradient
    first = grad(lambda x: recipe.run(x))
    h = 1e-5
    for j in range(n):
        up, down = list(recipe.inputs), list(recipe.inputs)
        up[j] += h
        down[j] -= h
        column = (np.array(first(up)) - np.array(first(down))) / (2 * h)
        assert np.allclose(matrix[:, j], column, rtol=1e-5, atol=1e-5 * scale(matrix, column))


@given(recipes(kinks=True))
def test_the_rules_on_values_and_on_floats_give_the_same_gradient(recipe: Recipe) -> None:
    leaves = [Value(x) for x in recipe.inputs]
    root = recipe.run(leaves)
    on_floats = gradient(root, leaves)
    on_values = [d.data for d in derivatives(root, leaves)]
    with ieee():
        assert gradient(root, leaves) == on_floats
    assert on_floats == pytest.approx(on_values, rel=1e-9, abs=1e-12 * scale(on_floats))


@given(recipes(kinks=True))
def test_every_node_holds_the_sum_of_what_its_uses_push(recipe: Recipe) -> None:
    leaves = [Value(x) for x in recipe.inputs]
    root = recipe.run(leaves)
    root.backward()
    received = dict.fromkeys([*leaves, *topological(root)[1]], 0.0)
    received[root] = 1.0
    for node in reversed(topological(root)[1]):
        for _, argument, slope in contributions(node):
            if slope is not None and argument in received:
                received[argument] += received[node] * slope
    for node, expected in received.items():
        assert node.grad == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(recipes(kinks=True))
def test_twice_backward_doubles_leaves_and_nothing_else(recipe: Recipe) -> None:
    leaves = [Value(x) for x in recipe.inputs]
    root = recipe.run(leaves)
    root.backward()
    made = topological(root)[1]
    once, inner = [leaf.grad for leaf in leaves], [node.grad for node in made]
    root.backward()
    assert [leaf.grad for leaf in leaves] == [2 * g for g in once]
    assert [node.grad for node in made] == inner


@given(recipes(kinks=True))
def test_a_node_comes_after_its_arguments(recipe: Recipe) -> None:
    leaves, made = topological(recipe.run([Value(x) for x in recipe.inputs]))
    place = {node: k for k, node in enumerate(leaves + made)}
    assert len(place) == len(leaves) + len(made)
    for node in made:
        assert all(place[a] < place[node] for a in arguments(node))
        assert math.isfinite(node.data)
