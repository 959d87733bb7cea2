"""Every mistake is told by what was wrong, what was given, and what to write instead."""

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from autograd import Value
from nn import MLP
from optim import SGD, AdaGrad, Adam, AdamW, Constant, Cosine, InverseTime, LinearDecay, Power, RMSProp, Schedule, Step


def P(data=1.0, grad=0.5, label=""):
    return SimpleNamespace(data=data, grad=grad, label=label)


METHODS = [SGD, AdaGrad, RMSProp, Adam, AdamW]
every_method = pytest.mark.parametrize("make", METHODS)


@pytest.mark.parametrize(
    ("lr", "error", "message"),
    [
        (0, ValueError, "lr must be greater than 0, but 0.0 was given. Write for example lr=0.1"),
        (-0.1, ValueError, "lr must be greater than 0, but -0.1 was given. .* Write lr=0.1"),
        (float("nan"), ValueError, "lr must be finite, but nan was given. Write"),
        (float("inf"), ValueError, "lr must be finite, but inf was given. Write"),
        (float("-inf"), ValueError, "lr must be finite, but -inf was given. Write"),
        (10**400, ValueError, "lr must be finite, but inf was given. Write"),
        ("0.1", TypeError, "lr must be a number, but '0.1' was given, which is a str. Write"),
        (None, TypeError, "lr must be a number, but None was given"),
        (True, TypeError, "lr must be a number, but True was given, which is a bool"),
        (0.1j, TypeError, "lr must be a number, but 0.1j was given"),
        (Cosine, TypeError, "lr must be a number or a schedule, but <class .*Cosine.* was given. Write"),
        (lambda k: 1 / k, TypeError, "lr must be a number or a schedule, but <function .* was given. Write"),
        (Fraction(1, 2), TypeError, "lr must be a number, but .* which is a Fraction"),
    ],
)
@every_method
def test_learning_rate(make, lr, error, message):
    with pytest.raises(error, match=message):
        make([P()], lr=lr)


@pytest.mark.parametrize(
    ("make", "settings", "error", "message"),
    [
        (SGD, {"momentum": 1}, ValueError, "momentum must be .* less than 1, but 1.0 was given. Write .* momentum=0.9"),
        (SGD, {"momentum": -0.1}, ValueError, "momentum must be at least 0 .* -0.1 was given. Write"),
        (SGD, {"momentum": np.nan}, ValueError, "momentum must be finite, but nan"),
        (SGD, {"momentum": "0.9"}, TypeError, "momentum must be a number, but '0.9'"),
        (SGD, {"nesterov": True}, ValueError, "nesterov=True needs momentum, but momentum is 0. Write"),
        (SGD, {"weight_decay": -0.01}, ValueError, "weight_decay must be 0 or greater, but -0.01 was given. Write"),
        (AdaGrad, {"eps": 0}, ValueError, "eps must be greater than 0, but 0.0 was given. Write .* eps=1e-10"),
        (RMSProp, {"eps": -1e-8}, ValueError, "eps must be greater than 0, but -1e-08"),
        (RMSProp, {"alpha": 1.5}, ValueError, "alpha must be .* less than 1, but 1.5 was given. Write"),
        (Adam, {"eps": 0.0}, ValueError, "eps must be greater than 0"),
        (Adam, {"betas": (1.0, 0.999)}, ValueError, "first of betas must be .* but 1.0 was given. Write"),
        (Adam, {"betas": (0.9, -0.5)}, ValueError, "second of betas must be .* but -0.5 was given. Write"),
        (Adam, {"betas": (0.9, "x")}, TypeError, "second of betas must be a number, but 'x'"),
        (Adam, {"betas": 0.9}, TypeError, "betas must be two numbers, but 0.9 was given. Write"),
        (Adam, {"betas": (0.9, 0.99, 0.999)}, TypeError, "betas must be two numbers, but"),
        (AdamW, {"betas": (0.9, 1)}, ValueError, "second of betas"),
        (AdamW, {"weight_decay": -1}, ValueError, "weight_decay must be 0 or greater, but -1.0"),
    ],
)
def test_settings(make, settings, error, message):
    with pytest.raises(error, match=message):
        make([P()], lr=0.1, **settings)


SAME = P(label="w")


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ([], ValueError, "There are no parameters. .* Write {make}.model.parameters"),
        (iter(()), ValueError, "There are no parameters. A generator can be read only once"),
        ([], ValueError, r"what an operation made is none: instead of Value\(0.5\) \* 0.1 write"),
        (P(), TypeError, "a single one was given. Write {make}..p., …"),
        (SimpleNamespace(), TypeError, "params must be a list .* but a SimpleNamespace was given. Write {make}"),
        ([].copy, TypeError, "params must be a list of parameters, but a builtin_function_or_method"),
        (None, TypeError, "params must be a list of parameters, but a NoneType"),
        ([P(), 0.5], TypeError, r"params\[1\] is 0.5, a float without .data and .grad. Write"),
        (["w"], TypeError, r"params\[0\] is 'w', a str without .data and .grad"),
        ([("w", P())], TypeError, r"params\[0\] is \('w', .*, a tuple without .data and .grad"),
        ([np.zeros(3)], TypeError, r"params\[0\] is array.*, a ndarray without .grad. Write"),
        ([SimpleNamespace(grad=0.0)], TypeError, r"params\[0\] is .* without .data. Write"),
        ([P(data=None)], TypeError, r".data of params\[0\] must be a number, but None was given. .* Write"),
        ([P(), P(data=[1.0], label="b")], TypeError, r".data of params\[1\] \('b'\) must be a number, but \[1.0\]"),
        ([P(data=np.zeros(2))], TypeError, r".data of params\[0\] must be a number, but array"),
        ([P(data=np.nan, label="b")], ValueError, r".data of params\[0\] \('b'\) must be finite, but nan was given"),
        ([P(), P(data=-np.inf)], ValueError, r".data of params\[1\] must be finite, but -inf was given"),
        ([P(data=10**400)], ValueError, r".data of params\[0\] must be finite, but inf"),
        ([SAME, P(), SAME], ValueError, r"params\[2\] \('w'\) is the same parameter as params\[0\]. .* once"),
    ],
)
@every_method
def test_parameters(make, params, error, message):
    with pytest.raises(error, match=message.format(make=make.__name__)):
        make(params, lr=0.1)


def test_equal_parameters_are_not_the_same_parameter():
    first, second = P(), P()
    assert first == second
    SGD([first, second], lr=0.1).step()
    assert first.data == second.data == 0.95


@every_method
def test_a_step_before_backward_says_so_and_does_nothing(make):
    model = MLP(2, [2, 1], seed=0)
    before = [p.data for p in model.parameters()]
    settings = {"weight_decay": 0.0} if make is AdamW else {}  # decay moves the weights without any gradient
    opt = make(model.parameters(), lr=0.1, **settings)
    for forgotten in (lambda: None, opt.zero_grad, model.zero_grad):
        forgotten()
        with pytest.raises(RuntimeError, match=r"no backward\(\) has reached any of the 9 .* zero_grad\(\), backward"):
            opt.step()
        assert (opt.k, [p.data for p in model.parameters()]) == (0, before)
    model([1.0, 2.0]).backward()
    opt.step()
    assert opt.k == 1
    opt.zero_grad()
    Value(1.0).backward()  # of something else
    if make in (SGD, AdaGrad, RMSProp):  # the others coast
        with pytest.raises(RuntimeError, match="its cost was not made from these parameters"):
            opt.step()


def test_a_gradient_that_is_0_is_a_gradient():
    dead, unused = Value(-1.0), Value(2.0)
    opt = SGD([dead, unused], lr=0.1)
    dead.relu().backward()
    opt.step()
    assert (opt.k, dead.data, unused.data) == (1, -1.0, 2.0)
    opt.zero_grad()
    dead.grad = 0.0  # somebody's own gradient
    opt.step()
    assert opt.k == 2
    by_hand = [P(grad=0.0)]  # of a kind that has no backward()
    SGD(by_hand, lr=0.1).step()
    decays = Value(1.0)
    SGD([decays], lr=0.1, weight_decay=0.5).step()
    assert decays.data == 0.95


@every_method
def test_what_an_operation_made_is_not_trained(make):
    s = Value(2.0) * 3.0
    s.label = "s"
    with pytest.raises(ValueError, match=r"params\[1\] \('s'\) was made by an operation"):
        make([Value(1.0), s], lr=0.1)


@pytest.mark.parametrize("grad", [None, [1.0], "x", 1j])
@every_method
def test_a_gradient_that_is_no_number(make, grad):
    good, bad = P(), P(label="b")
    opt = make([good, bad], lr=0.1)
    bad.grad = grad
    with pytest.raises(TypeError, match=r".grad of params\[1\] \('b'\) is .*, not a number. Run backward\(\) before"):
        opt.step()
    assert (good.data, bad.data, opt.k) == (1.0, 1.0, 0)


@pytest.mark.parametrize(
    ("w", "g", "message"),
    [
        (np.ones(3), np.ones(2), r"w must be a float64 array of shape \(2,\).*float64 of shape \(3,\). Write"),
        (np.ones(2), np.ones((2, 1)), r"g must be a float64 array of shape \(2,\).*of shape \(2, 1\)"),
        (np.ones(2, dtype=np.float32), np.ones(2), r"w must be a float64 array .* it is float32 of shape"),
        (np.ones(2), np.ones(2, dtype=int), r"g must be a float64 array .* it is int"),
        ([1.0, 1.0], np.ones(2), r"w must be a float64 array .* it is list"),
        (np.ones(2), None, r"g must be a float64 array .* it is NoneType"),
    ],
)
@every_method
def test_arrays(make, w, g, message):
    opt = make([P(), P()], lr=0.1)
    opt.step_array(np.ones(2), np.ones(2))
    with pytest.raises(ValueError, match=message):
        opt.step_array(w, g)
    assert opt.k == 1


@every_method
def test_an_array_that_may_not_be_written(make):
    opt = make([P()], lr=0.1)
    w = np.ones(1)
    w.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        opt.step_array(w, np.ones(1))
    assert opt.k == 0


@pytest.mark.parametrize("rate", [-0.1, float("nan"), float("inf")])
def test_a_schedule_of_your_own_that_goes_wrong_later(rate):
    class Broken(Schedule):
        def rate(self, k):
            return 0.1 if k == 1 else rate

        def conditions(self):
            raise NotImplementedError

    opt = SGD([P()], lr=Broken())
    opt.step()
    with pytest.raises(ValueError, match=rf"learning rate of step 2 is {rate}, from .*Broken.* 0 or greater"):
        opt.step()
    assert opt.k == 1


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Constant(0), ValueError, "eta must be greater than 0, but 0.0 was given. Write"),
        (lambda: Constant("1"), TypeError, "eta must be a number, but '1' was given"),
        (lambda: InverseTime(-1), ValueError, "eta_0 must be greater than 0, but -1.0"),
        (lambda: InverseTime(1, tau=0), ValueError, "tau must be greater than 0, but 0.0"),
        (lambda: Power(1, p=-1), ValueError, "p must be 0 or greater, but -1.0"),
        (lambda: Power(np.nan, p=1), ValueError, "eta_0 must be finite, but nan"),
        (lambda: LinearDecay(0, 0, 10), ValueError, "eta_0 must be greater than 0"),
        (lambda: LinearDecay(0.1, -0.1, 10), ValueError, "eta_K must be 0 or greater, but -0.1"),
        (lambda: LinearDecay(0.1, 0.5, 10), ValueError, "eta_0=0.1 and eta_K=0.5 were given. Are they swapped. Write"),
        (lambda: LinearDecay(0.5, 0.1, 0), ValueError, "K must be 1 or greater, but 0 was given. Write"),
        (lambda: LinearDecay(0.5, 0.1, 10.0), TypeError, "K must be a whole number, but 10.0 was given"),
        (lambda: Cosine(0.1, 0.5, 10), ValueError, "Are they swapped. Write for example Cosine"),
        (lambda: Cosine(0.5, 0.1, True), TypeError, "K must be a whole number, but True"),
        (lambda: Step(0.5, every=0), ValueError, "every, must be 1 or greater, but 0"),
        (lambda: Step(0.5, every=10, factor=0), ValueError, "factor must be greater than 0, but 0.0"),
        (lambda: Step(0.5, every=10, factor=2), ValueError, "factor must be at most 1, but 2.0 was given. .* Write"),
    ],
)
def test_schedules(make, error, message):
    with pytest.raises(error, match=message):
        make()


GOOD = {"optimizer": "Adam", "k": 1, "arrays": {"m": [0.0, 0.0], "v": [0.0, 0.0]}}


@pytest.mark.parametrize(
    ("saved", "error", "message"),
    [
        ([], TypeError, r"A saved state is a dict, but \[\] was given"),
        ({}, ValueError, "state of None, not of Adam"),
        ({**GOOD, "optimizer": "SGD"}, ValueError, "state of 'SGD', not of Adam"),
        ({**GOOD, "k": -1}, ValueError, "step count k must be 0 or greater, but -1"),
        ({**GOOD, "k": None}, TypeError, "step count k must be a whole number, but None"),
        ({**GOOD, "k": 1.5}, TypeError, "step count k must be a whole number, but 1.5"),
        ({**GOOD, "arrays": None}, ValueError, r"holds the arrays None, but this Adam remembers \['m', 'v'\]"),
        ({**GOOD, "arrays": {"m": [0.0, 0.0]}}, ValueError, r"holds the arrays \['m'\], but this Adam"),
        ({**GOOD, "arrays": {"m": [0.0], "v": [0.0]}}, ValueError, r"'m' has the shape \(1,\), but .* 2 parameters"),
        ({**GOOD, "arrays": {"m": [0.0, 0.0], "v": "no"}}, ValueError, "'v' is not a list of numbers"),
        ({**GOOD, "arrays": {"m": [0.0, 0.0], "v": [[0.0], []]}}, ValueError, "'v' is not a list of numbers"),
        (
            {**GOOD, "arrays": {"m": [0.0, 0.0], "v": [0.0, np.nan]}},
            ValueError,
            "'v' holds a number that is not finite",
        ),
    ],
)
def test_saved_states(saved, error, message):
    opt = Adam([P(), P()], lr=0.1)
    opt.step()
    before = opt.state_dict()
    with pytest.raises(error, match=message):
        opt.load_state_dict(saved)
    assert opt.state_dict() == before
    opt.load_state_dict(GOOD)
    assert opt.state_dict() == GOOD


def test_a_saved_state_with_momentum_does_not_fit_plain_descent():
    saved = SGD([P()], lr=0.1, momentum=0.9).state_dict()
    with pytest.raises(ValueError, match=r"holds the arrays \['v'\], but this SGD remembers \[\]. Build"):
        SGD([P()], lr=0.1).load_state_dict(saved)


@every_method
def test_only_the_learning_rate_changes_in_the_middle(make):
    p = P()
    opt = make([p], lr=0.1)
    opt.step()
    for name in ("params", "momentum", "nesterov", "weight_decay", "alpha", "betas", "eps"):
        if hasattr(opt, name):
            before = getattr(opt, name)
            with pytest.raises(AttributeError, match=f"{name} was settled when this {make.__name__} was built"):
                setattr(opt, name, 0.5)
            assert getattr(opt, name) == before
    with pytest.raises(AttributeError, match="is called lr"):
        opt.learning_rate = 0.5
    opt.lr = 0.5
    assert opt.lr == 0.5
    opt.step()


def test_an_optimizer_of_ones_own_keeps_its_own_counts():
    class Slow(SGD):
        def __init__(self, params, lr):
            super().__init__(params, lr)
            self.asked = 0

        def change(self, w, g, state, eta):
            self.asked += 1
            return super().change(w, g, state, eta) / 2

    p = P()
    opt = Slow([p], lr=0.1)
    opt.step()
    assert (opt.asked, p.data) == (1, 1.0 - 0.1 * 0.5 / 2)
