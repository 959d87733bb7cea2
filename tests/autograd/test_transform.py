"""grad, value_and_grad, jacobian, hessian."""

import math
from collections import namedtuple

import numpy as np
import pytest

import autograd
from autograd import Value, grad, hessian, jacobian, value_and_grad
from autograd.transform import derivatives


def test_derivatives_of_derivatives() -> None:
    f = grad(grad(grad(lambda x: x**4)))
    assert f(2.0) == 48.0
    assert grad(grad(lambda x: x**2))(-3.0) == 2.0
    assert grad(grad(autograd.sin))(1.0) == pytest.approx(-math.sin(1.0))
    assert grad(grad(lambda x: x**x))(1.5) == pytest.approx(1.5**1.5 * ((math.log(1.5) + 1) ** 2 + 1 / 1.5))


def test_structures_come_back_as_they_went_in() -> None:
    def f(p):  # type: ignore[no-untyped-def]
        return p["w"][0, 1] * p["b"][0] + p["c"] ** 2

    g = grad(f)({"w": np.ones((1, 2)), "b": [3.0, 4.0], "c": 5.0})
    assert (g["w"].tolist(), g["w"].dtype) == ([[0.0, 3.0]], float)
    assert g["b"] == [1.0, 0.0]
    assert g["c"] == 10.0


def test_argnums() -> None:
    f = lambda x, y: x * y**2  # noqa: E731
    assert grad(f)(2.0, 3.0) == 9.0
    assert grad(f, 1)(2.0, 3.0) == 12.0
    assert grad(f, (0, 1))(2.0, 3.0) == (9.0, 12.0)
    assert value_and_grad(f, -1)(2.0, 3.0) == (18.0, 12.0)
    for bad in ("x", 0.0, True, [0, "x"]):
        for transform in (grad, jacobian, hessian):  # at once: grad(f, 2.0) is not a number, but looks like one
            with pytest.raises(TypeError, match=r"argnums= is the number of an argument.* grad\(f\)\(x\)"):
                transform(f, argnums=bad)
    for transform in (jacobian, hessian):
        with pytest.raises(TypeError, match=r"is along one argument; got argnums=\(0, 1\)"):
            transform(f, (0, 1))
    with pytest.raises(ValueError, match="argnums=2"):
        grad(f, 2)(2.0, 3.0)


def test_an_inner_gradient_is_part_of_the_outer_one() -> None:
    assert grad(lambda x: grad(lambda y: x * y)(2.0))(3.0) == 1.0
    assert grad(lambda x: x * grad(lambda y: x + y)(x))(5.0) == 1.0  # the classic test of confused perturbations


def test_the_same_value_closed_over_and_passed_is_not_counted_twice() -> None:
    x = Value(3.0)
    assert grad(lambda y: x * y)(x).data == 3.0


def test_values_outside_keep_their_gradients() -> None:
    w = Value(2.0)
    w.grad = 7.0
    assert grad(lambda x: w * x)(3.0) == 2.0
    assert w.grad == 7.0


def test_jacobian_and_hessian() -> None:
    j = jacobian(lambda x: [x[0] * x[1], x[0].exp()])(np.array([1.0, 2.0]))
    assert np.allclose(j, [[2.0, 1.0], [math.e, 0.0]])
    h = hessian(lambda x: x[0] ** 2 * x[1] + x[1] ** 3)([1.0, 3.0])
    assert h.tolist() == [[6.0, 2.0], [2.0, 18.0]]
    assert hessian(lambda x: x**3)(2.0) == 12.0
    assert jacobian(lambda x: x**2)(3.0) == 6.0


def test_arrays_and_jacobians_inside_a_gradient() -> None:
    x = np.array([1.0, 2.0])
    cubes = lambda x: x * x * x  # noqa: E731
    inner = grad(lambda x: cubes(x).sum())
    assert grad(lambda x: inner(x).sum())(x).tolist() == [6.0, 12.0]
    assert grad(lambda x: jacobian(cubes)(x).sum())(x).tolist() == [6.0, 12.0]
    assert jacobian(inner)(x).tolist() == [[6.0, 0.0], [0.0, 12.0]]
    boxed = grad(lambda x: x[0] * x[1])(x.astype(object))
    assert (boxed.tolist(), boxed.dtype) == ([2.0, 1.0], float)


def test_what_is_flat_or_does_not_depend_on_x_is_left_alone() -> None:
    assert grad(grad(lambda x: (x * x).relu()))(3.0) == 2.0  # the slope of the step in relu' is 0
    assert grad(grad(lambda x: autograd.where(x * x, x**3, x)))(2.0) == 12.0  # where has none along its condition
    x, w = Value(3.0), Value(0.0)
    (slope,) = derivatives(x * 2 + (w * 1).sqrt(), [x])  # √w has no slope at 0, and nobody asks for it
    assert slope.data == 2.0


def test_what_is_not_a_value_is_named() -> None:
    with pytest.raises(TypeError, match=r"must return one Value.*3\.0 of type float.*look for \.data"):
        grad(lambda x: 3.0)(1.0)
    with pytest.raises(TypeError, match="cannot differentiate along 'a'"):
        grad(lambda x: x)("a")
    with pytest.raises(TypeError, match="must return one Value"):
        grad(lambda x: [x])(1.0)
    with pytest.raises(TypeError, match="not a dict"):
        hessian(lambda x: x["a"])({"a": 1.0})


def test_gradients_of_intermediate_values_are_left_alone_too() -> None:
    w = Value(2.0)
    h = w * 3
    (h * 5).backward()
    grad(lambda x: x * h)(7.0)
    assert (w.grad, h.grad) == (15.0, 5.0)


def test_named_tuples_keep_their_names() -> None:
    point = namedtuple("point", "x y")
    assert grad(lambda p: p.x * p.y)(point(2.0, 3.0)) == point(3.0, 2.0)


def test_a_component_that_does_not_depend_on_x_has_slope_0() -> None:
    assert jacobian(lambda x: [x[0] ** 2, 3.0])([2.0]).tolist() == [[4.0], [0.0]]


def test_what_is_not_a_function_is_refused_at_once() -> None:
    for transform in (grad, jacobian, hessian, value_and_grad):
        with pytest.raises(TypeError, match="takes a function of Values"):
            transform(3)  # type: ignore[arg-type]


def test_one_value_in_a_box_is_one_value() -> None:
    assert grad(lambda x: np.tensordot(x, x, 1))(np.array([1.0, 2.0])).tolist() == [2.0, 4.0]
    assert grad(lambda x: np.squeeze(x @ np.ones((2, 1))))(np.array([1.0, 2.0])).tolist() == [1.0, 1.0]


def test_several_values_are_told_to_take_the_sum_or_the_jacobian() -> None:
    for f in (lambda x: x * x, lambda x: [x[0], 1.0], lambda x: {"a": x[0]}):
        with pytest.raises(TypeError, match=r"must return one Value.*their sum; jacobian differentiates all\.$"):
            grad(f)(np.ones(2))
    with pytest.raises(ValueError, match=r"called with 0 argument\(s\) without a name"):
        grad(lambda x: x)(x=1.0)
