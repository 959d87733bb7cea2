"""Neuron, Layer, MLP: the numbers, the gradients, the names, and what they refuse."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from autograd import DomainError, Value, grad, graph_stats, ieee, name_scope
from autograd.order import topological
from autograd.scope import noting_lines, watching

NAMES = ["sigmoid", "tanh", "relu", "linear"]
G = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "linear": lambda z: z,
}


def by_hand(model, x):
    """(F1), with explicit loops over plain numbers."""
    a = [float(v) for v in x]
    for layer in model.layers:
        a = [
            G[u.activation](sum(w.data * v for w, v in zip(u.w, a, strict=True)) + (u.b.data if u.b else 0.0))
            for u in layer.neurons
        ]
    return a


def outputs(model, x):
    out = model(x)
    return [out] if isinstance(out, Value) else out


@st.composite
def networks(draw):
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    activation = draw(st.lists(st.sampled_from(NAMES), min_size=len(sizes), max_size=len(sizes)))
    options = {"bias": draw(st.booleans()), "init": draw(st.sampled_from(["xavier", "he", "uniform", "normal"]))}
    model = nn.MLP(draw(st.integers(1, 4)), sizes, activation, seed=draw(st.integers(0, 99)), **options)
    for p in model.parameters():  # biases that are not 0
        p.data += 0.1
    return model


@settings(max_examples=60, deadline=None)
@given(networks(), st.integers(0, 99))
def test_scalars_arrays_and_the_expanded_form_agree_with_the_formula(model, seed):
    X = np.random.default_rng(seed).normal(size=(3, model.n_in))
    expected = np.array([by_hand(model, x) for x in X])
    assert model.forward_array(X) == pytest.approx(expected, rel=1e-12, abs=1e-12)
    assert [[v.data for v in outputs(model, x)] for x in X] == pytest.approx(expected, rel=1e-12, abs=1e-12)
    plan = model.architecture()
    expanded = nn.MLP(plan["n_in"], plan["sizes"], plan["activation"], bias=plan["bias"], expand=True)
    expanded.load_state_dict(model.state_dict())
    for x in X:
        one, other = sum(outputs(model, x)), sum(outputs(expanded, x))
        assert other.data == pytest.approx(one.data, rel=1e-12, abs=1e-12)
        model.zero_grad()
        expanded.zero_grad()
        one.backward()
        other.backward()
        assert [p.grad for p in expanded.parameters()] == pytest.approx(
            [p.grad for p in model.parameters()], rel=1e-11, abs=1e-12
        )


@pytest.mark.parametrize("activation", NAMES)
@pytest.mark.parametrize("sizes", [[1], [3], [4, 2], [3, 3, 2]])
def test_gradients_are_torchs(activation, sizes):
    torch = pytest.importorskip("torch")
    model = nn.MLP(3, sizes, activation, output="tanh", seed=4)
    x = np.random.default_rng(1).normal(size=3)
    E = sum((k + 1.0) * p for k, p in enumerate(outputs(model, x)))
    E.backward()
    modules = []
    for layer in model.layers:
        linear = torch.nn.Linear(layer.n_in, layer.n_out, dtype=torch.float64)
        with torch.no_grad():
            linear.weight[:] = torch.tensor([[w.data for w in u.w] for u in layer.neurons], dtype=torch.float64)
            linear.bias[:] = torch.tensor([u.b.data for u in layer.neurons], dtype=torch.float64)
        g = {"sigmoid": torch.nn.Sigmoid, "tanh": torch.nn.Tanh, "relu": torch.nn.ReLU, "linear": torch.nn.Identity}
        modules += [linear, g[layer.neurons[0].activation]()]
    out = torch.nn.Sequential(*modules)(torch.tensor(x))
    theirs = (out * torch.arange(1.0, len(out) + 1, dtype=torch.float64)).sum()
    theirs.backward()
    assert E.data == pytest.approx(theirs.item(), rel=1e-12)
    for layer, linear in zip(model.layers, modules[::2], strict=True):
        mine = np.array([[w.grad for w in u.w] for u in layer.neurons])
        assert mine == pytest.approx(linear.weight.grad.numpy(), rel=1e-10, abs=1e-12)
        assert [u.b.grad for u in layer.neurons] == pytest.approx(linear.bias.grad.numpy(), rel=1e-10, abs=1e-12)


def test_gradient_of_the_inputs_against_differences():
    model = nn.MLP(3, [4, 1], "tanh", seed=2)
    x = np.array([0.3, -0.2, 0.9])
    h = 1e-5
    for i, slope in enumerate(grad(model)(x)):
        step = h * np.eye(3)[i]
        numeric = (model.forward_array([x + step]) - model.forward_array([x - step]))[0, 0] / (2 * h)
        assert slope == pytest.approx(numeric, rel=1e-8)


def test_a_weighted_sum_is_one_node_and_expanded_it_is_many():
    x = [1.0, 2.0, 3.0]
    stats = graph_stats(nn.Neuron(3, "sigmoid", seed=0)(x))
    assert stats.operations == {"dot": 1, "sigmoid": 1}
    stats = graph_stats(nn.Neuron(3, "sigmoid", seed=0, expand=True)(x))
    assert stats.operations == {"*": 3, "+": 3, "sigmoid": 1}
    assert graph_stats(nn.Neuron(3, "linear", seed=0, expand=True, bias=False)(x)).operations == {"*": 3, "+": 2}


def test_neurons_of_a_layer_share_their_inputs():
    first, second = nn.Layer(3, 2, "linear", seed=0)([1.0, 2.0, 3.0])
    assert first._y is second._y


@pytest.mark.parametrize("expand", [False, True])
def test_labels_are_the_lectures_and_unambiguous(expand):
    model = nn.MLP(12, [11, 2], seed=0, expand=expand)
    w = model.layers[0].neurons[1].w
    assert [w[0].label, w[9].label, w[11].label] == ["w_12^1", "w_10,2^1", "w_12,2^1"]
    assert model.layers[1].neurons[0].b.label == "b_1^2"
    labels = [p.label for p in model.parameters()]
    assert len(set(labels)) == len(labels)
    out = model(np.zeros(12))[1]
    assert (out.label, out.args[0].label) == ("σ_2^2", "sum_2^2")
    assert nn.MLP(1, [1], output="linear")(0.5).label == "sum_1^1"
    assert [x.label for x in nn.Neuron(2, expand=False)([1.0, 2]).args[0].args[-2:]] == ["x_1", "x_2"]


@pytest.mark.parametrize("expand", [False, True])
def test_each_layer_is_a_scope(expand):
    model = nn.MLP(2, [3, 1], seed=0, expand=expand)
    stats = graph_stats(model([0.5, 1.0]))
    assert stats.leaves == {"layer1": 9, "layer2": 4}
    with name_scope("net"):
        out = model([0.5, 1.0])
    assert (out.scope, out.label) == ("net/layer2", "σ_1^2")
    assert {node.scope for node in topological(out)[1]} == {"net/layer1", "net/layer2"}
    assert model([0.5, 1.0]).scope == "layer2"


def test_lines_are_noted():
    model = nn.MLP(1, [2, 1], seed=0)
    with noting_lines():
        out = model([0.5])
    assert out.line[2] == "out = model([0.5])"
    assert out.args[0].args[0].label == "w_11^2"


def test_values_pass_through_and_nobody_looks_at_their_numbers():
    model = nn.MLP(2, [3, 2], "relu", seed=0)
    xs = [Value(0.5, "a"), Value(-1.0, "b")]
    looked = []
    with watching(lambda value, what: looked.append(what)):
        first = model(xs)
        second = model(np.array(xs, dtype=object))
    assert not looked
    assert first[0].data == second[0].data == pytest.approx(by_hand(model, [0.5, -1.0])[0])
    sum(first).backward()
    assert xs[0].grad != 0


def test_replaced_weights_count_at_once():
    model = nn.MLP(2, [2, 1], "linear", "linear", seed=0)
    unit = model.layers[0].neurons[0]
    for change in (
        lambda: setattr(unit, "w", [Value(3.0), Value(4.0)]),
        lambda: unit.w.__setitem__(1, Value(7.0)),
        lambda: setattr(unit.w[0], "data", -2.0),
        lambda: setattr(unit, "b", Value(0.5)),
        lambda: setattr(unit, "b", None),
        lambda: setattr(unit, "activation", "tanh"),
        lambda: setattr(unit, "w", [1.5, 2.5]),
    ):
        before = model([1.0, 2.0]).data
        change()
        after = model([1.0, 2.0]).data
        assert after != before
        assert after == pytest.approx(by_hand_any(model, [1.0, 2.0]))
        assert after == pytest.approx(model.forward_array([[1.0, 2.0]])[0, 0])
    assert unit.w[0] not in model.parameters()
    assert len(model.parameters()) == 3 + 3  # the unit of plain numbers has none; nothing stale is left


def by_hand_any(model, x):
    a = x
    for layer in model.layers:
        a = [
            G[u.activation](
                sum(float(getattr(w, "data", w)) * v for w, v in zip(u.w, a, strict=True)) + (u.b.data if u.b else 0.0)
            )
            for u in layer.neurons
        ]
    return a[0]


def test_somebodys_own_neuron_is_asked_by_the_array_form_too():
    class Squared(nn.Neuron):
        def forward(self, xs):
            return super().forward(xs) ** 2

    model = nn.MLP(2, [2, 1], "tanh", seed=0)
    model.layers[0].neurons[0] = Squared(2, "tanh", seed=1)
    x = [0.4, -0.8]
    assert model.forward_array([x])[0, 0] == pytest.approx(model(x).data, rel=1e-14)


def test_seeds():
    def numbers(**options):
        return list(nn.MLP(3, [4, 2], **options).state_dict().values())

    assert numbers(seed=7) == numbers(seed=7)
    assert numbers(seed=7) != numbers(seed=8)
    assert numbers(seed=7) == numbers(seed=np.random.default_rng(7))
    assert numbers() != numbers()
    layer = nn.MLP(3, [3, 3], seed=0).layers
    assert [w.data for w in layer[0].neurons[0].w] != [w.data for w in layer[1].neurons[0].w]


def test_copies_are_independent():
    model = nn.MLP(2, [2, 1], seed=0)
    model([1.0, 2.0])
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin([1.0, 2.0]).data == model([1.0, 2.0]).data
        twin.layers[0].neurons[0].w[0].data += 1.0
        assert twin([1.0, 2.0]).data != model([1.0, 2.0]).data
        assert not set(twin.parameters()) & set(model.parameters())


def test_micrograd_habits():
    model = nn.MLP(2, [16, 16, 1])
    assert len(model.parameters()) == 337
    unit = model.layers[0].neurons[0]
    assert unit.w + [unit.b] == model.parameters()[:3]  # noqa: RUF005 (as written for micrograd)
    assert isinstance(model([2.0, -1.0]), Value)
    model([2.0, -1.0]).backward()
    model.zero_grad()
    assert {p.grad for p in model.parameters()} == {0.0}


def test_micrograds_nonlin():
    x = [0.5, -2.0]
    for make in (nn.Neuron, lambda n, *args, **options: nn.Layer(n, 3, *args, **options).neurons[2]):
        assert make(2).activation == "sigmoid"
        for curved, straight in (
            (make(2, nonlin=True, seed=0), make(2, nonlin=False, seed=0)),
            (make(2, True, seed=0), make(2, False, seed=0)),
        ):
            assert (curved.activation, straight.activation) == ("relu", "linear")
            assert straight(x).data == pytest.approx(sum(w.data * v for w, v in zip(straight.w, x, strict=True)))
            assert curved(x).data == max(straight(x).data, 0.0)
        with pytest.raises(ValueError, match="activation='tanh' and nonlin=True both say"):
            make(2, "tanh", nonlin=True)
        with pytest.raises(TypeError, match="nonlin is True"):
            make(2, nonlin="relu")


def test_repr_can_be_typed():
    for model in (nn.MLP(2, [3, 1]), nn.MLP(1, [2, 2, 1], ["relu", "tanh"], "linear", bias=False), nn.MLP(4, [1])):
        assert eval(repr(model), {"MLP": nn.MLP}).architecture() == model.architecture()
    assert repr(nn.Layer(2, 3, "relu")) == "Layer(2, 3, 'relu')"
    assert repr(nn.Neuron(2, bias=False)) == "Neuron(2, 'sigmoid', bias=False)"


def changed(change):
    model = nn.MLP(2, [3, 1], seed=0)
    change(model, model.layers[0].neurons[0])
    return model


CHANGES = [
    lambda model, unit: setattr(unit, "activation", "relu"),
    lambda model, unit: setattr(unit, "b", None),
    lambda model, unit: unit.w.append(Value(1.0)),
    lambda model, unit: unit.w.__setitem__(0, 1.0),
    lambda model, unit: model.layers.pop(0),
    lambda model, unit: model.layers[0].neurons.pop(),
]


@pytest.mark.parametrize("change", CHANGES[:4])
def test_a_network_that_no_call_makes_has_no_architecture(change):
    model = changed(change)
    assert model.architecture() is None
    assert repr(model).startswith("MLP of [Layer(")


def test_a_network_without_its_first_layer_is_another_network():
    assert changed(CHANGES[4]).architecture()["n_in"] == 3
    assert changed(CHANGES[5]).architecture() is None  # three weights where two units are left


def test_layers_that_share_weights_make_no_architecture(tmp_path):
    model = nn.MLP(2, [2, 2, 1], seed=0)
    model.layers[1] = model.layers[0]
    assert (model.architecture(), len(model.parameters())) == (None, 9)
    nn.save(model, tmp_path / "tied.npz")
    with pytest.raises(ValueError, match="Make the model yourself"):
        nn.load(tmp_path / "tied.npz")
    before = model([1.0, 2.0]).data
    model.layers[0].neurons[0].w[0].data = 5.0
    assert nn.load(tmp_path / "tied.npz", into=model)([1.0, 2.0]).data == before


def test_activation_lists():
    assert nn.MLP(2, [3, 4, 1], ["relu", "tanh", "linear"]).architecture()["activation"] == ["relu", "tanh", "linear"]
    assert nn.MLP(2, [3, 4, 1], ["relu", "tanh"]).architecture()["activation"] == ["relu", "tanh", "sigmoid"]
    assert nn.MLP(2, [3, 4, 1], "relu").architecture()["activation"] == ["relu", "relu", "sigmoid"]


def test_classes():
    model = nn.MLP(2, [1], init="zeros")  # 0.5 everywhere: the lecture's step is 1 at its threshold
    assert model.predict([1.0, 2.0]) == 1
    for output in NAMES:
        model = nn.MLP(2, [1], output=output, seed=0)
        w, threshold = model.layers[0].neurons[0].w, 0.5 if output == "sigmoid" else 0.0
        w[0].data, w[1].data = 1.0, 0.0
        for x in (-2.0, -0.1, 0.1, 2.0):
            assert model.predict([x, 5.0]) == int(model([x, 5.0]).data > threshold) == int(x > 0)
    model = nn.MLP(2, [3], seed=1)
    X = np.random.default_rng(0).normal(size=(20, 2))
    expected = [int(np.argmax([v.data for v in model(x)])) for x in X]
    assert model.predict_all(X).tolist() == expected == [model.predict(x) for x in X]
    assert model.accuracy(X, expected) == 1.0
    assert model.accuracy(X, nn.one_hot(expected, 3)) == 1.0
    assert model.accuracy(X, [(e + 1) % 3 if i < 5 else e for i, e in enumerate(expected)]) == 0.75


# -- The lecture's default architecture -----------------------------------------------------------------------


def test_for_data_is_step_0():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(12, 4)), [0, 1, 2] * 4
    assert nn.MLP.for_data(X, y).architecture()["sizes"] == [12, 3]
    assert nn.MLP.for_data(X, nn.one_hot(y, 3)).architecture()["sizes"] == [12, 3]
    assert nn.MLP.for_data(X, y, factor=4, hidden_layers=2).architecture()["sizes"] == [16, 16, 3]
    assert nn.MLP.for_data(X, y, hidden_layers=0).architecture()["sizes"] == [3]
    assert nn.MLP.for_data(X, y).architecture()["activation"] == ["sigmoid", "sigmoid"]
    assert nn.MLP.for_data(X, y, activation="relu", output="linear").architecture()["activation"] == ["relu", "linear"]
    assert nn.MLP.for_data(X, y, seed=3).state_dict() == nn.MLP.for_data(X, y, seed=3).state_dict()
    assert isinstance(type("Mine", (nn.MLP,), {}).for_data(X, y), nn.MLP)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        ([[1.0, 2.0], [3.0, np.nan]], [0, 1], r"X\[1, 1\] is nan \(row 1, column 1\)"),
        ([[1.0, np.inf], [3.0, 1.0]], [0, 1], r"X\[0, 1\] is inf"),
        ([1.0, 2.0], [0, 1], r"X is a matrix.*shape \(2,\)"),
        ([[1.0, 2.0], [3.0]], [0, 1], "rows of different lengths"),
        ([["a", "b"]], [0], "X should hold real numbers"),
        ([[1.0, None]], [0], r"X\[0, 1\] is None"),
        (np.zeros((0, 2)), [], "no data"),
        (np.zeros((2, 0)), [0, 1], "no data"),
        ([[1.0], [2.0]], [0, 1, 1], "X has 2 examples, and y has 3"),
        ([[1.0], [2.0]], [0, -1], r"y\[1\] is -1"),
        ([[1.0], [2.0]], [0, 0.5], r"y\[1\] is 0.5"),
        ([[1.0], [2.0]], [0, np.nan], r"y\[1\] is nan"),
        ([[1.0], [2.0]], [0, 2], "no example has label 1"),
        ([[1.0], [2.0]], [0, 0], "one class only"),
        ([[1.0], [2.0]], ["a", "b"], "y should hold real numbers"),
        ([[1.0], [2.0]], [[0], [1]], r"y.ravel\(\)"),
        ([[1.0], [2.0]], [[0, 1], [1, 1]], "row 1 of y is not one-hot"),
        ([[1.0], [2.0]], [[0, 0], [0, 1]], "row 0 of y is not one-hot"),
        ([[1.0], [2.0]], [[0, 1], [0.5, 0.5]], "row 1 of y is not one-hot"),
        ([[1.0], [2.0]], [[0, 1], [1]], "y has rows of different lengths"),
    ],
)
def test_bad_data(X, y, message):
    with pytest.raises(ValueError, match=message):
        nn.MLP.for_data(X, y)


@pytest.mark.parametrize("options", [{"factor": 0}, {"factor": 1.5}, {"hidden_layers": -1}, {"hidden_layers": True}])
def test_bad_options_of_for_data(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        nn.MLP.for_data([[1.0], [2.0]], [0, 1], **options)


# -- What is refused --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((2, []), "empty network"),
        ((2, [3, 0, 1]), "layer 2 is a whole number of at least 1; got 0"),
        ((0, [1]), "n_in, is a whole number of at least 1; got 0"),
        ((2, [-3]), "layer 1.*got -3"),
        ((2.5, [1]), "n_in.*got 2.5"),
        ((2, [True]), "layer 1.*got True"),
        ((2, [3, 1], "step"), "no activation 'step': choose sigmoid, tanh, relu, linear"),
        ((2, [1], "step"), "no activation 'step'"),
        ((2, [3, 1], 3), "no activation 3"),
        ((2, [3, 1], "relu", "softmax"), "no activation 'softmax'"),
        ((2, [3, 1], ["relu"] * 3), "lists 3 names; a network of 2 layers takes 2"),
    ],
)
def test_bad_networks(args, message):
    with pytest.raises(ValueError, match=message):
        nn.MLP(*args)


def test_more_bad_networks():
    for sizes in (3, "31"):
        with pytest.raises(TypeError, match="the sizes are a list"):
            nn.MLP(2, sizes)
    with pytest.raises(ValueError, match="at least 1"):
        nn.Layer(2, 0)
    with pytest.raises(ValueError, match="at least 1"):
        nn.Neuron(0)


@pytest.mark.parametrize("model", [nn.MLP(3, [2, 1], seed=0), nn.Layer(3, 2, seed=0), nn.Neuron(3, seed=0)])
@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        ([1.0, 2.0], ValueError, "x has 2 entries; this network takes 3"),
        (np.zeros(4), ValueError, "x has 4 entries; this network takes 3"),
        ([1.0, float("nan"), 0.0], ValueError, r"x\[1\], the input of column 1, is nan"),
        (np.array([1.0, 0.0, -np.inf]), ValueError, r"x\[2\].*-inf"),
        ([1.0, "2", 0.0], TypeError, r"x\[1\]"),
        ([1.0, None, 0.0], TypeError, r"x\[1\]"),
        ([[1.0, 2.0, 3.0]] * 3, TypeError, r"x\[0\]"),
        (np.zeros((2, 3)), TypeError, r"shape \(2, 3\). For many examples use forward_array"),
        (1.0, TypeError, "list of 3 numbers"),
        ("abc", TypeError, "list of 3 numbers"),
        ({1.0, 2.0, 3.0}, TypeError, "list of 3 numbers"),
    ],
)
def test_bad_inputs(model, x, error, message):
    with pytest.raises(error, match=message):
        model(x)


def test_other_kinds_of_input():
    model = nn.MLP(3, [1], seed=0)
    expected = model([1.0, 0.0, 2.0]).data
    for x in ((1, False, 2), np.array([1, 0, 2]), iter([1.0, 0.0, 2.0]), np.array([1, 0, 2], np.float32), range(3)):
        if not isinstance(x, range):
            assert model(x).data == expected
    assert model(range(3)).data == model([0, 1, 2]).data
    with ieee():
        assert np.isnan(model([1.0, float("nan"), 0.0]).data)
    assert nn.MLP(1, [1], seed=0)(Value(2.0)).data == nn.MLP(1, [1], seed=0)([2.0]).data


def test_bad_matrices():
    model = nn.MLP(2, [1], output="linear", seed=0)
    with pytest.raises(ValueError, match=r"2 columns.*got 3"):
        model.forward_array(np.zeros((4, 3)))
    with pytest.raises(ValueError, match=r"X\[3, 1\] is nan"):
        model.predict_all([[0, 0]] * 3 + [[0, np.nan]])
    with pytest.raises(ValueError, match="X has 2 examples, and y has 1"):
        model.accuracy(np.zeros((2, 2)), [1])
    with pytest.raises(ValueError, match=r"y\[0\] is 2: labels are whole numbers from 0 to 1"):
        model.accuracy(np.zeros((1, 2)), [2])
    with pytest.raises(ValueError, match="no rows"):
        model.accuracy(np.zeros((0, 2)), [])
    for w in model.layers[0].neurons[0].w:
        w.data = 1e300
    with pytest.raises(DomainError, match="row 1 of X"):
        model.forward_array([[0, 0], [1e300, 0]])
    with pytest.raises(DomainError, match="w_11"):
        model([1e300, 0])


def test_what_numpy_was_told_to_leave_out_is_not_taken_for_data():
    X, y = np.zeros((4, 2)), np.array([0, 1, 0, 1])
    with pytest.raises(ValueError, match=r"X is masked at \[2, 1\]"):
        nn.MLP(2, [1], seed=0).forward_array(np.ma.array(X, mask=[[0, 0], [0, 0], [0, 1], [0, 0]]))
    with pytest.raises(ValueError, match=r"y is masked at \[3\]"):
        nn.MLP.for_data(X, np.ma.array(y, mask=[0, 0, 0, 1]))
    assert nn.MLP.for_data(np.ma.array(X), np.ma.array(y), seed=0).n_in == 2


def test_a_neuron_with_too_few_weights_says_so():
    model = nn.MLP(2, [2, 1], seed=0)
    model.layers[1].neurons[0].w.pop()
    with pytest.raises(ValueError, match="1 weights and gets 2 inputs"):
        model([1.0, 2.0])


def test_predict_of_a_matrix_points_to_predict_all():
    with pytest.raises(TypeError, match=r"predict_all\(X\)"):
        nn.MLP(2, [1], seed=0).predict(np.zeros((3, 2)))


def test_names_of_classes_are_told_how_to_become_labels():
    with pytest.raises(ValueError, match=r"np.unique\(y, return_inverse=True\)"):
        nn.MLP.for_data(np.eye(2), ["cat", "dog"])


def test_a_row_of_another_library_is_a_row():
    class Tensor:
        def tolist(self):
            return [1.0, 2.0]

        def __iter__(self):
            raise AssertionError("its entries are tensors themselves")

    model = nn.MLP(2, [1], seed=0)
    assert model(Tensor()).data == model([1.0, 2.0]).data


def test_a_table_of_another_library_points_to_forward_array():
    class Table:  # iterates over its columns' names, as in pandas
        ndim, shape = 2, (5, 2)

        def __iter__(self):
            return iter(["height", "weight"])

    with pytest.raises(TypeError, match=r"Table of shape \(5, 2\)\. For many examples use forward_array\(X\)"):
        nn.MLP(2, [1])(Table())


def test_names_of_classes_in_an_array_of_objects_are_told_the_same():
    with pytest.raises(ValueError, match=r"y\[0\] is 'cat' .*np.unique"):
        nn.MLP.for_data([[1.0], [2.0]], np.array(["cat", "dog"], dtype=object))


@pytest.mark.parametrize("seed", ["a", -1, 0.5])
def test_what_is_no_seed(seed):
    for make in (nn.Neuron, lambda n, **more: nn.Layer(n, 1, **more), lambda n, **more: nn.MLP(n, [1], **more)):
        with pytest.raises(ValueError, match="seed is a whole number of at least 0"):
            make(2, seed=seed)


def test_an_activation_that_there_is_not_is_refused_wherever_it_is_named():
    for name in ("step", 3, None, ["relu"]):
        for make in (nn.Neuron, lambda n, activation: nn.Layer(n, 2, activation=activation)):
            with pytest.raises(ValueError, match=r"there is no activation .*: choose sigmoid, tanh, relu, linear"):
                make(2, activation=name)
        neuron = nn.Neuron(2, activation="relu")
        with pytest.raises(ValueError, match="there is no activation"):
            neuron.activation = name
        assert neuron.activation == "relu"
