"""Code written for micrograd or for a microgpt-like script runs with only the import changed."""

import math
import random
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from autograd import DomainError, StaleGraphError, Value, exp, grad


def test_the_expression_of_micrograds_readme() -> None:
    a = Value(-4.0)
    b = Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()

    def formula(a: float, b: float, step: float = 0.0) -> float:
        c = a + b
        d = a * b + b**3
        c = c + c + 1
        c = c + 1 + c - a
        d = d + d * 2 + max(b + a, 0)
        d = d + 3 * d + max(b - a, 0)
        f = (c - d) ** 2
        return f / 2 + 10 / f

    h = 1e-6
    assert g.data == pytest.approx(formula(-4.0, 2.0), rel=1e-15)
    assert a.grad == pytest.approx((formula(-4 + h, 2) - formula(-4 - h, 2)) / (2 * h), rel=1e-7)
    assert b.grad == pytest.approx((formula(-4, 2 + h) - formula(-4, 2 - h)) / (2 * h), rel=1e-7)


def test_micrograds_own_network_on_our_values(monkeypatch: pytest.MonkeyPatch) -> None:
    nn = pytest.importorskip("micrograd.nn")
    engine = pytest.importorskip("micrograd.engine")

    def run(kind: Any) -> tuple[float, list[float]]:
        monkeypatch.setattr(nn, "Value", kind)
        random.seed(1)
        model = nn.MLP(2, [4, 4, 1])
        points = [(0.5, -1.0, 1.0), (-1.5, 2.0, -1.0), (0.3, 0.3, 1.0)]
        scores = [(model([kind(x), kind(y)]), t) for x, y, t in points]
        losses = [(1 + -t * s).relu() for s, t in scores]
        loss = sum(losses) * (1.0 / len(losses)) + 1e-4 * sum(p * p for p in model.parameters())
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= 0.1 * p.grad
        assert repr(model.layers[0])
        return loss.data, [p.grad for p in model.parameters()]

    ours, theirs = run(Value), run(engine.Value)
    assert ours[0] == pytest.approx(theirs[0], rel=1e-14)
    assert ours[1] == pytest.approx(theirs[1], rel=1e-12, abs=1e-15)


def test_a_notebooks_drawing_loop() -> None:
    def trace(root: Value) -> tuple[set[Value], set[tuple[Value, Value]]]:
        nodes, edges = set(), set()

        def build(v: Value) -> None:
            if v not in nodes:
                nodes.add(v)
                for child in v._prev:
                    edges.add((child, v))
                    build(child)

        build(root)
        return nodes, edges

    x = Value(1.0, label="x")
    y = (x * 2 + 1).relu()
    nodes, edges = trace(y)
    assert (len(nodes), len(edges)) == (6, 5)
    for n in nodes:  # before backward(): the text says nan, and does not fail
        assert ("{ data %.4f | grad %.4f }" % (n.data, n.grad)) + n._op  # noqa: UP031


def test_a_backward_pass_by_hand_as_in_a_lecture_about_micrograd() -> None:
    x1, x2, w1, w2 = Value(2.0, label="x1"), Value(0.0), Value(-3.0), Value(1.0)
    product = x1 * w1
    n = product + x2 * w2 + 6.8813735870195432
    o = n.tanh()
    order: list[Value] = []

    def build(v: Value) -> None:
        if v not in order:
            for child in v._prev:
                build(child)
            order.append(v)

    build(o)
    o.grad = 1.0
    for node in reversed(order):
        node._backward()
    assert [v.grad for v in (x1, w1, x2, w2, n)] == pytest.approx([-1.5, 1.0, 0.5, 0.0, 0.5])
    assert o.item() == pytest.approx(math.sqrt(0.5))
    by_hand = [v.grad for v in order]
    for v in order:
        v.grad = 0.0
    o.backward()
    assert [v.grad for v in order] == by_hand
    w1.data = 5.0
    with pytest.raises(StaleGraphError):
        product._backward()
    with pytest.raises(DomainError, match="sqrt has no finite slope"):
        Value(0.0).sqrt()._backward()


def softmax(logits: list[Value]) -> list[Value]:
    largest = max(v.data for v in logits)
    exps = [(v - largest).exp() for v in logits]
    return [e / sum(exps) for e in exps]


def test_a_scalar_transformer_step() -> None:
    rng = random.Random(3)
    vocabulary, width, heads = 5, 4, 2
    tokens = [0, 3, 1, 4, 0]

    def matrix(rows: int, columns: int) -> list[list[float]]:
        return [[rng.gauss(0, 0.4) for _ in range(columns)] for _ in range(rows)]

    start = {
        "wte": matrix(vocabulary, width), "wpe": matrix(len(tokens), width), "q": matrix(width, width),
        "k": matrix(width, width), "v": matrix(width, width), "o": matrix(width, width),
        "up": matrix(2 * width, width), "down": matrix(width, 2 * width), "head": matrix(vocabulary, width),
    }  # fmt: skip

    def linear(x: list[Value], w: list[list[Value]]) -> list[Value]:
        return [sum(wi * xi for wi, xi in zip(row, x, strict=True)) for row in w]

    def rmsnorm(x: list[Value]) -> list[Value]:
        scale = (sum(xi * xi for xi in x) / len(x) + 1e-5) ** -0.5
        return [xi * scale for xi in x]

    def loss_of(p: dict[str, list[list[Value]]]) -> Value:
        keys: list[list[Value]] = []
        values: list[list[Value]] = []
        losses = []
        for position, (token, target) in enumerate(pairwise(tokens)):
            x = [t + q for t, q in zip(p["wte"][token], p["wpe"][position], strict=True)]
            h = rmsnorm(x)
            q = linear(h, p["q"])
            keys.append(linear(h, p["k"]))
            values.append(linear(h, p["v"]))
            out = []
            size = width // heads
            for start in range(0, width, size):
                part = slice(start, start + size)
                scores = [sum(a * b for a, b in zip(q[part], k[part], strict=True)) / size**0.5 for k in keys]
                weights = softmax(scores)
                out += [sum(w * v[part][j] for w, v in zip(weights, values, strict=True)) for j in range(size)]
            x = [a + b for a, b in zip(x, linear(out, p["o"]), strict=True)]
            hidden = [u.relu() ** 2 for u in linear(rmsnorm(x), p["up"])]
            x = [a + b for a, b in zip(x, linear(hidden, p["down"]), strict=True)]
            losses.append(-softmax(linear(x, p["head"]))[target].log())
        return (1 / len(losses)) * sum(losses)

    parameters = {name: [[Value(x) for x in row] for row in rows] for name, rows in start.items()}
    flat = [v for rows in parameters.values() for row in rows for v in row]
    loss = loss_of(parameters)
    loss.backward()
    expected = grad(loss_of)(start)
    assert [v.grad for v in flat] == pytest.approx(
        [g for rows in expected.values() for row in rows for g in row], rel=1e-12
    )
    # along the gradient itself the cost falls by ‖∇‖² to first order
    h = 1e-6
    norm = sum(v.grad**2 for v in flat)
    for v in flat:
        v.data -= h * v.grad
        v.grad = 0
    assert (loss.data - loss_of(parameters).data) / h == pytest.approx(norm, rel=1e-3)


def test_what_microgpt_calls_its_children_and_local_gradients() -> None:
    a, b = Value(2.0), Value(-3.0)
    for node, slopes in ((a * b, (-3.0, 2.0)), (a - b, (1.0, -1.0)), (b.exp(), (math.exp(-3.0),)), (a, ())):
        assert node._children == node.args
        assert node._local_grads == pytest.approx(slopes)


def test_columns_that_have_a_method_apply_are_columns() -> None:
    class Column:  # as in pandas
        def __init__(self, *numbers: Any) -> None:
            self.numbers = numbers

        def apply(self, f: Any, args: Any = ()) -> Any:
            return [f(x, *args) for x in self.numbers]

        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            return np.array(self.numbers, dtype=dtype)

    assert exp(Column(0.0, 1.0)).tolist() == [1.0, math.e]
    assert [v.data for v in exp(Column(Value(0.0), Value(1.0)))] == [1.0, math.e]
