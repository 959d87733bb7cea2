"""Module: finding, naming, saving and restoring the parameters of any model."""

import numpy as np
import pytest

import nn
from autograd import Value


class Everything(nn.Module):
    def __init__(self):
        self.w = Value(1.0)
        self.rows = [[Value(2.0), Value(3.0)], (Value(4.0),)]
        self.named = {"u": Value(5.0), "b1": Value(6.0)}
        self.grid = np.array([[Value(7.0), Value(8.0)]], dtype=object)
        self.bias = np.array([Value(9.0)], dtype=object)
        self.inner = nn.Neuron(1, seed=0)
        self.again = self.w  # the same parameter by another name
        self.me = self  # a circle
        self.plain, self.table = 3.0, np.zeros(2)
        self.result = self.w * 2  # not a leaf


def test_parameters_are_found_in_every_container_once():
    model = Everything()
    assert [name for name, _ in model.named_parameters()] == [
        "w", "rows.0.0", "rows.0.1", "rows.1.0", "named.u", "named.b1", "grid.0.0", "grid.0.1", "bias.0",
        "inner.w.0", "inner.b",
    ]  # fmt: skip
    assert [p for _, p in model.named_parameters()] == model.parameters()
    assert [p.data for p in model.parameters()[:9]] == [float(i) for i in range(1, 10)]
    assert model.weights() == [
        p for name, p in model.named_parameters() if name not in ("named.b1", "bias.0", "inner.b")
    ]


class Micrograd(nn.Module):
    """As one writes it for micrograd: parameters() says it all."""

    def __init__(self):
        self.w = [Value(1.0), Value(2.0)]
        self.b = Value(3.0)
        self.scratch = Value(99.0)
        self.hidden = lambda: self.extra
        object.__setattr__(self, "box", type("Box", (), {"v": Value(4.0)})())

    def parameters(self):
        return [*self.w, self.b, self.box.v]


def test_subclasses_that_override_parameters():
    inner = Micrograd()
    assert [name for name, _ in inner.named_parameters()] == ["w.0", "w.1", "b", "parameters.3"]
    assert inner.weights() == [*inner.w, inner.box.v]

    class Outer(nn.Module):
        def __init__(self):
            self.parts = [inner, nn.Neuron(1, seed=0)]

    assert list(Outer().state_dict()) == [
        "parts.0.w.0", "parts.0.w.1", "parts.0.b", "parts.0.parameters.3", "parts.1.w.0", "parts.1.b",
    ]  # fmt: skip
    for p in inner.parameters():
        p.grad = 1.0
    inner.scratch.grad = 1.0
    Outer().zero_grad()
    assert [p.grad for p in inner.parameters()] == [0.0] * 4
    assert inner.scratch.grad == 1.0


def test_subclasses_that_extend_parameters():
    class More(nn.Module):
        def __init__(self):
            self.w = Value(1.0)

        def parameters(self):
            return [*super().parameters(), EXTRA]

    assert [name for name, _ in More().named_parameters()] == ["w", "parameters.1"]


EXTRA = Value(5.0)


def test_a_module_that_names_its_parameters_may_hold_itself():
    class Own(nn.Module):
        def __init__(self):
            self.w, self.me = Value(1.0), self

        def parameters(self):
            return [self.w]

    assert [name for name, _ in Own().named_parameters()] == ["w"]


def test_what_does_not_fit_is_told_in_full():
    class Row(nn.Module):
        def __init__(self):
            self.w = [Value(float(i)) for i in range(7)]

    row = Row()
    for state, faults in (
        ({}, ["missing: w.0, w.1, w.2, w.3 and 3 more"]),
        ({"w.0": 0.0, "w.1": 0.0}, ["missing: w.2, w.3, w.4, w.5 and 1 more"]),
        ({"w.0": 0.0, "w.1": 0.0, "w.2": 0.0}, ["missing: w.3, w.4, w.5, w.6"]),
        (
            row.state_dict() | {"w.0": None, "b": 1.0},
            ["unexpected: b", "wrong: w.0 is of type NoneType, not one number"],
        ),
    ):
        with pytest.raises(ValueError, match="does not fit Row with 7 parameters; nothing was changed") as caught:
            row.load_state_dict(state)
        assert [line.strip() for line in str(caught.value).splitlines()[1:]] == faults


def test_biases_of_other_names():
    class Mine(nn.Module):
        def __init__(self):
            self.w, self.b, self.offset = Value(1.0), Value(2.0), Value(3.0)

        def is_bias(self, name):
            return name == "offset" or super().is_bias(name)

    class Outer(nn.Module):
        def __init__(self):
            self.part, self.offset = Mine(), Value(4.0)

    assert [p.data for p in Outer().weights()] == [1.0, 4.0]
    b = nn.Module().is_bias
    assert all(map(b, ["b", "b1", "b_2", "bias", "biases", "bias3"]))
    assert not any(map(b, ["w", "beta", "B", "bb", "blast", "kb"]))


def test_slots():
    class Slotted(nn.Module):
        __slots__ = ("w",)

        def __init__(self):
            self.w = Value(1.0)

    assert list(Slotted().state_dict()) == ["w"]


def test_forward_is_called():
    class Twice(nn.Module):
        def forward(self, x, *, plus=0):
            return 2 * x + plus

    assert Twice()(3, plus=1) == 7
    with pytest.raises(NotImplementedError, match="Module defines neither"):
        nn.Module()(1)


def test_state_dict_restores():
    one, other = nn.MLP(2, [3, 1], seed=0), nn.MLP(2, [3, 1], seed=1)
    assert one.state_dict() != other.state_dict()
    values = other.parameters()
    other.load_state_dict(one.state_dict())
    assert other.state_dict() == one.state_dict()
    assert other.parameters() == values  # the same Values: an optimizer may hold them
    other.load_state_dict({name: np.array(x) for name, x in one.state_dict().items()})
    assert other.state_dict() == one.state_dict()


def test_a_state_that_does_not_fit_changes_nothing():
    model = nn.MLP(1, [2], seed=0)
    good, before = model.state_dict(), model.state_dict()
    first, *_, last = good
    cases = [
        ({k: v for k, v in good.items() if k != last}, f"missing: {last}"),
        (good | {"other": 1.0}, "unexpected: other"),
        (good | {last: float("nan")}, f"{last} is nan, not a finite number"),
        (good | {last: [1.0, 2.0]}, rf"{last} is of type list of shape \(2,\), not one number"),
        (good | {last: np.zeros(3)}, rf"{last} is of type ndarray of shape \(3,\)"),
        (good | {last: "1"}, f"{last} is of type str"),
        (good | {last: None}, f"{last} is of type NoneType"),
        ({}, f"missing: {first}"),
        (nn.MLP(3, [4], seed=0).state_dict(), "unexpected: .* and 8 more"),
    ]
    for state, message in cases:
        state = {k: v + 1.0 if isinstance(v, float) else v for k, v in state.items()}
        with pytest.raises(ValueError, match=message):
            model.load_state_dict(state)
        assert model.state_dict() == before
    with pytest.raises(TypeError, match="a dict of names and numbers"):
        model.load_state_dict([1.0])


def test_names_that_collide_are_an_error_not_a_loss():
    class Twins(nn.Module):
        def __init__(self):
            self.first, self.part = Value(0.0), {"a.0": Value(1.0), "a": [Value(2.0)]}

    with pytest.raises(ValueError, match=r"two parameters have the name 'part\.a\.0'"):
        Twins().state_dict()


def test_numbers_of_any_width_are_taken():
    model = nn.MLP(2, [1], seed=0)
    for kind in (np.float16, np.float32, np.longdouble, np.int8):
        model.load_state_dict(dict.fromkeys(model.state_dict(), kind(2)))
        assert set(model.state_dict().values()) == {2.0}
    before = model.state_dict()
    for wrong in (np.float32("inf"), np.float32("nan"), 10**5000, np.longdouble("inf")):
        with pytest.raises(ValueError, match="not a finite number"):
            model.load_state_dict(before | {"layers.0.neurons.0.b": wrong})
        assert model.state_dict() == before


def test_a_scaled_weight_is_no_parameter_and_that_is_said():
    class Scaled(nn.Module):
        def __init__(self):
            self.w = np.array([Value(0.5), Value(-0.25)]) * 0.1

    class WithBias(Scaled):
        def __init__(self, b):
            super().__init__()
            self.b = Value(b, "b")

    with pytest.warns(UserWarning, match=r"^WithBias: w\.0 is the result of '\*'.*Value\(0\.05\) here") as seen:
        model = WithBias(0.0)
    assert [warning.filename for warning in seen] == [__file__]  # told once, at the line that makes the model
    assert [p.label for p in model.parameters()] == ["b"]


def test_what_a_forward_pass_keeps_is_not_taken_for_a_weight():
    class Linear(nn.Module):
        def __init__(self):
            self.w, self.mean = Value(2.0, "w"), 0.0
            self.tied = [self.w * 0.1]  # trained with w

        def forward(self, x):
            self.x, self.mean = x / 255, 0.9 * self.mean + 0.1 * x
            return self.w * self.x

    class Tanh(nn.Module):
        def forward(self, x):
            self.out = x.tanh()
            return self.out

    layers = [Linear(), Tanh(), Linear()]
    z = Value(3.0)
    for layer in layers:
        z = layer(z)
    assert [len(layer.parameters()) for layer in layers] == [1, 0, 1]
