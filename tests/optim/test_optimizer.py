"""step(), step_array() and update() are one formula; a step is whole or does not happen."""

import json
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optim import SGD, AdaGrad, Adam, AdamW, InverseTime, LinearDecay, Optimizer, RMSProp

MAKE = {
    "SGD": lambda params: SGD(params, lr=0.1),
    "momentum": lambda params: SGD(params, lr=LinearDecay(0.1, 0.01, 3), momentum=0.9),
    "Nesterov": lambda params: SGD(params, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1),
    "AdaGrad": lambda params: AdaGrad(params, lr=0.1),
    "RMSProp": lambda params: RMSProp(params, lr=0.1),
    "Adam": lambda params: Adam(params, lr=0.1),
    "AdamW": lambda params: AdamW(params, lr=InverseTime(0.1)),
}
ADAPTIVE = ["AdaGrad", "RMSProp", "Adam", "AdamW"]
every_method = pytest.mark.parametrize("method", MAKE)

numbers = st.floats(-1e3, 1e3)


@st.composite
def runs(draw):
    """Parameters at the start, and the gradients of some steps."""
    n = draw(st.integers(1, 6))
    row = st.lists(numbers, min_size=n, max_size=n)
    return draw(row), draw(st.lists(row, min_size=1, max_size=4))


def parameters(values):
    return [SimpleNamespace(data=float(x), grad=0.0, label=f"w{i}") for i, x in enumerate(values)]


def step(opt, grads):
    for p, g in zip(opt.params, grads, strict=True):
        p.grad = float(g)
    opt.step()
    return [p.data for p in opt.params]


@every_method
@settings(max_examples=25)  # for each of the methods
@given(run=runs())
def test_parameters_and_arrays_take_bitwise_the_same_steps(method, run):
    start, gradients = run
    on_parameters, on_array, pure = (MAKE[method](parameters(start)) for _ in range(3))
    w, state, v = np.array(start), pure.new_state(), np.array(start)
    for g in map(np.array, gradients):
        v_before, g_before = v.copy(), g.copy()
        new = pure.update(v, g, state)
        assert np.array_equal(v, v_before)
        assert np.array_equal(g, g_before)
        on_array.step_array(w, g)
        assert step(on_parameters, g) == w.tolist() == new.tolist()
        v = new
    assert on_parameters.k == on_array.k == state.k == len(gradients)
    assert on_parameters.state_dict() == on_array.state_dict()
    assert pure.k == 0
    assert [p.data for p in pure.params] == start


@every_method
def test_the_array_is_updated_in_place_and_the_parameters_are_not(method):
    opt = MAKE[method](parameters([1.0, 2.0]))
    memory = np.array([1.0, 9.0, 2.0, 9.0])
    opt.step_array(memory[::2], np.array([1.0, -1.0]))  # a view, as a compiled program may hold
    assert memory[0] < 1
    assert memory[2] > 2 or method == "AdamW"  # whose decay pulls the other way, but less
    assert memory[1] == memory[3] == 9
    assert [p.data for p in opt.params] == [1.0, 2.0]


@every_method
@settings(max_examples=25)  # for each of the methods
@given(
    run=runs(),
    bad=st.sampled_from([np.nan, np.inf, -np.inf]),
    where=st.integers(0, 5),
    path=st.sampled_from(["step", "array"]),
)
def test_a_gradient_that_is_not_finite_is_named_and_changes_nothing(method, run, bad, where, path):
    start, gradients = run
    opt, undisturbed = MAKE[method](parameters(start)), MAKE[method](parameters(start))
    for g in gradients[:-1]:
        step(opt, g)
        step(undisturbed, g)
    where %= len(start)
    before, w = opt.state_dict(), [p.data for p in opt.params]
    broken = list(gradients[-1])
    broken[where] = bad
    message = rf"gradient of params\[{where}\] \('w{where}'\) is {bad} at step {len(gradients)}\. Nothing was changed"
    array = np.array(w)
    with pytest.raises(ValueError, match=message):
        step(opt, broken) if path == "step" else opt.step_array(array, np.array(broken))
    assert array.tolist() == w
    assert [p.data for p in opt.params] == w
    assert opt.state_dict() == before
    assert step(opt, gradients[-1]) == step(undisturbed, gradients[-1])


@pytest.mark.parametrize("method", ADAPTIVE)
def test_a_finite_gradient_whose_square_is_not_is_refused(method):
    """Otherwise 1/√∞ = 0 would freeze that parameter, silently."""
    opt = MAKE[method](parameters([1.0, 1.0]))
    with pytest.raises(ValueError, match=r"params\[1\] \('w1'\) is 1.0, and [Gv] would be inf at step 1"):
        step(opt, [1.0, 1e200])
    assert opt.k == 0
    assert [p.data for p in opt.params] == [1.0, 1.0]


@pytest.mark.parametrize("method", ["SGD", "Nesterov"])
def test_a_new_value_that_overflows_is_refused(method):
    opt = MAKE[method](parameters([0.0, -1.7e308]))
    with pytest.raises(ValueError, match=r"params\[1\] \('w1'\) is -1.7e\+308, and (the new value|v) would be -inf"):
        step(opt, [1.0, 1.7e308])
    assert [p.data for p in opt.params] == [0.0, -1.7e308]


def test_what_is_remembered_may_not_overflow():
    opt = SGD(parameters([0.0]), lr=1e300, momentum=0.5)
    with pytest.raises(
        ValueError, match=r"v would be -inf at step 1.*gradient is 1e\+100 and the learning rate 1e\+300"
    ):
        step(opt, [1e100])
    assert opt.state_dict()["arrays"] == {"v": [0.0]}


def test_large_numbers_that_are_fine_pass():
    """w Δw overflows, w + Δw does not: the quick look is wrong, the second is right."""
    opt = SGD(parameters([1e300, -1e300]), lr=0.5)
    assert step(opt, [1e300, 1e300]) == [5e299, -1.5e300]


@every_method
def test_a_parameter_that_has_become_nan_is_named(method):
    opt = MAKE[method](parameters([1.0, 2.0]))
    opt.params[1].data = np.nan
    with pytest.raises(ValueError, match=r"params\[1\] \('w1'\) is already nan at step 1"):
        step(opt, [1.0, 1.0])
    assert opt.params[0].data == 1.0


def test_a_parameter_without_a_label_goes_by_its_index():
    opt = SGD([SimpleNamespace(data=1.0, grad=np.nan)], lr=0.1)
    with pytest.raises(ValueError, match=r"gradient of params\[0\] is nan"):
        opt.step()


@every_method
@settings(max_examples=25)  # for each of the methods
@given(run=runs())
def test_state_goes_through_json_and_training_goes_on_as_if_never_stopped(method, run):
    start, gradients = run
    opt = MAKE[method](parameters(start))
    for g in gradients:
        step(opt, g)
    resumed = MAKE[method](parameters([p.data for p in opt.params]))
    resumed.load_state_dict(json.loads(json.dumps(opt.state_dict())))
    assert resumed.k == opt.k
    assert resumed.lr == opt.lr
    assert step(resumed, gradients[0]) == step(opt, gradients[0])
    assert resumed.state_dict() == opt.state_dict()


@every_method
def test_reset_forgets_everything(method):
    opt = MAKE[method](parameters([1.0, 2.0]))
    fresh = opt.state_dict()
    step(opt, [0.5, -3.0])
    assert opt.state_dict() != fresh
    opt.reset()
    assert opt.state_dict() == fresh


def test_the_schedule_counts_from_1_and_lr_is_the_next_rate():
    opt = SGD(parameters([0.0]), lr=InverseTime(1.0))
    seen = []
    for _ in range(3):
        seen.append(opt.lr)
        step(opt, [1.0])
    assert seen == [1, 1 / 2, 1 / 3]
    assert opt.params[0].data == -(1 + 1 / 2 + 1 / 3)
    opt.lr = 0.25
    assert opt.lr == 0.25
    opt.lr = LinearDecay(1.0, 0.0, 8)
    assert opt.lr == 0.5  # step 4 of 8
    with pytest.raises(ValueError, match=r"-1.0 was given"):
        opt.lr = -1.0


def test_zero_grad_and_parameters_from_a_generator():
    params = parameters([1.0, 2.0])
    opt = SGD((p for p in params), lr=0.1)
    step(opt, [3.0, 4.0])
    opt.zero_grad()
    assert [p.grad for p in params] == [0.0, 0.0]
    assert opt.params == tuple(params)


def test_numpy_scalars_become_plain_floats():
    p = SimpleNamespace(data=np.float64(1), grad=np.float32(0.5))
    SGD([p], lr=np.float64(0.5)).step()
    assert type(p.data) is float
    assert p.data == 0.75


def test_repr_shows_the_settings():
    params = parameters([1.0, 2.0])
    assert repr(SGD(params, lr=0.1, momentum=0.9)) == (
        "SGD(<2 parameters>, lr=0.1, momentum=0.9, nesterov=False, weight_decay=0.0)"
    )
    assert repr(AdamW(params, lr=InverseTime(0.1))) == (
        "AdamW(<2 parameters>, lr=InverseTime(eta_0=0.1, tau=1.0), betas=(0.9, 0.999), eps=1e-08, weight_decay=0.01)"
    )


def test_a_method_of_your_own_is_one_formula():
    class SignDescent(Optimizer):
        def change(self, w, g, state, eta):
            return np.multiply(np.sign(g), -eta, out=state.scratch[0])

    opt = SignDescent(parameters([1.0, 2.0]), lr=0.5)
    assert step(opt, [1e-9, -7.0]) == [0.5, 2.5]


class Counted(np.ndarray):
    """An array that writes down every ufunc that it takes part in."""

    seen: list[str]

    def __array_ufunc__(self, ufunc, method, *inputs, out, **kwargs):
        Counted.seen.append(ufunc.__name__)
        inputs = [x.view(np.ndarray) if isinstance(x, Counted) else x for x in inputs]
        getattr(ufunc, method)(*inputs, out=out[0].view(np.ndarray), **kwargs)
        return out[0]


@pytest.mark.parametrize(
    ("method", "calls"), [("SGD", 2), ("momentum", 4), ("AdaGrad", 7), ("RMSProp", 9), ("Adam", 12)]
)
def test_a_step_on_an_array_is_as_few_numpy_calls_as_the_formula_has(method, calls):
    opt = MAKE[method](parameters(range(1, 6)))
    state = opt.state
    for arrays in (state.old, state.new):
        arrays.update({name: array.view(Counted) for name, array in arrays.items()})
    state.scratch = (state.scratch[0].view(Counted), state.scratch[1].view(Counted))
    Counted.seen = []
    opt.step_array(np.ones(5).view(Counted), np.ones(5).view(Counted))
    assert len(Counted.seen) == calls, Counted.seen


@every_method
def test_a_step_on_an_array_allocates_no_array(method):
    n = 10_000
    opt = MAKE[method](parameters(np.ones(n)))
    w, g = np.ones(n), np.full(n, 0.5)
    opt.step_array(w, g)
    tracemalloc.start()
    try:
        opt.step_array(w, g)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < n  # one array has 8 n bytes
