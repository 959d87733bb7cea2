"""An epoch in one scan gives what the same updates give one by one; on one device and on eight."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from autograd import DomainError, Value, dot
from autograd.compile import compile
from autograd.compile.jax.epoch import JaxTraining, momentum

jax = pytest.importorskip("jax", reason="the jax backend needs jax")
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def data():
    random = np.random.default_rng(0)
    x = random.normal(size=(22, 3))
    return x, np.tanh(x @ [0.5, -1.0, 0.3]) + 0.1


def make(backend="numpy", **options):
    ws = [Value(w) for w in (0.1, 0.2, -0.3, 0.05)]
    return compile(lambda x, t: (dot(ws[:3], x, ws[3]).tanh() - t) ** 2, ws, backend=backend, **options)


def by_hand(program, x, t, size, rate, alpha, order):
    """The same epoch, one minibatch after the other."""
    w, v, costs = program.parameters, 0.0, []
    for start in range(0, len(x), size):
        rows = order[start : start + size]
        cost, g = program(x[rows], t[rows])
        v = alpha * v - rate * g
        w += v
        costs.append(cost)
    return np.array(costs), w


@pytest.mark.parametrize(("size", "alpha", "reduce"), [(5, 0.0, "mean"), (11, 0.9, "mean"), (22, 0.5, "sum")])
def test_epoch_equals_its_updates(data, size, alpha, reduce):
    order = np.random.default_rng(3).permutation(22)
    one, other = make("jax", reduce=reduce), make(reduce=reduce)
    training = JaxTraining(one, *data, batch_size=size, update=momentum(alpha))
    costs = training.epoch(0.01, order)
    expected, w = by_hand(other, *data, size, 0.01, alpha, order)
    np.testing.assert_allclose(costs, expected, rtol=1e-12)
    np.testing.assert_allclose(one.parameters, w, rtol=1e-12)


def test_training_goes_on(data):
    program = make("jax")
    training = JaxTraining(program, *data, batch_size=6)
    first = training.epoch(0.3).mean()
    for _ in range(20):
        last = training.epoch(0.3).mean()
    assert last < 0.1 * first
    program.write_back()


def test_any_pure_update(data):
    def adagrad(w, g, s, rate):
        s = s + g * g
        return w - rate * g / (s**0.5 + 1e-8), s

    program, other = make("jax"), make()
    JaxTraining(program, *data, batch_size=11, update=adagrad).epoch(0.1)
    s = np.zeros(4)
    for part in (slice(0, 11), slice(11, 22)):
        _, g = other(data[0][part], data[1][part])
        s += g * g
        other.parameters -= 0.1 * g / (np.sqrt(s) + 1e-8)
    np.testing.assert_allclose(program.parameters, other.parameters, rtol=1e-12)


EIGHT = """
import jax
import numpy as np
from test_jax_epoch import by_hand, make
from autograd.compile.jax.epoch import JaxTraining, momentum
from autograd.compile.jax.runner import float64

assert len(jax.devices()) == 8
random = np.random.default_rng(0)
x, t = random.normal(size=(53, 3)), random.normal(size=53)
order = np.arange(53)
for size in (20, 16):  # 20 is no multiple of 8, and 53 no multiple of either
    program, other = make("jax"), make()
    training = JaxTraining(program, x, t, batch_size=size, update=momentum(0.9), devices=jax.devices())
    assert len(training._in_order[0].sharding.device_set) == 8
    assert training._in_order[0].addressable_shards[0].data.shape == (-(-53 // size), -(-size // 8), 3)
    with float64():
        w = training._put(program.parameters, training._everywhere)
        made = training._run.lower(w, training.state, 0.1, training._weights, *training._in_order).compile()
    assert "all-reduce" in made.as_text()
    costs = training.epoch(0.1)
    expected, w = by_hand(other, x, t, size, 0.1, 0.9, order)
    np.testing.assert_allclose(costs, expected, rtol=1e-11)
    np.testing.assert_allclose(program.parameters, w, rtol=1e-11)
print("eight devices agree")
"""


def test_eight_devices():
    environment = dict(os.environ, XLA_FLAGS="--xla_force_host_platform_device_count=8", JAX_PLATFORMS="cpu")
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(Path(__file__).parent)])
    done = subprocess.run([sys.executable, "-c", EIGHT], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.endswith("eight devices agree\n"), done.stderr


TWO_HOSTS = """
import sys
import jax

jax.config.update("jax_cpu_collectives_implementation", "gloo")
jax.distributed.initialize(sys.argv[2], num_processes=2, process_id=int(sys.argv[1]))
assert jax.device_count() == 4 and jax.local_device_count() == 2

import numpy as np
from autograd import Value, dot
from autograd.compile import compile
from autograd.compile.jax.epoch import JaxTraining, momentum

random = np.random.default_rng(0)
x, t = random.normal(size=(21, 5)), random.normal(size=21)
found = []
for devices in (jax.devices(), jax.local_devices()[:1]):
    ws = [Value(w) for w in (0.3, -0.2, 0.1, 0.5, -0.4)]
    program = compile(lambda x, t: (dot(ws, x).tanh() - t) ** 2, ws, backend="jax")
    training = JaxTraining(program, x, t, batch_size=8, update=momentum(0.9), devices=devices)
    for seed in range(3):
        costs = training.epoch(0.05, order=np.random.default_rng(seed).permutation(21))
    found.append([*program.parameters, *costs])
np.testing.assert_allclose(*found, rtol=1e-12)
assert not np.allclose(found[0][:5], [0.3, -0.2, 0.1, 0.5, -0.4])
"""


def test_two_hosts():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    hosts = [
        subprocess.Popen(
            [sys.executable, "-c", TWO_HOSTS, str(rank), address],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for rank in range(2)
    ]  # fmt: skip
    try:
        said = [host.communicate(timeout=120)[0] for host in hosts]
    finally:
        for host in hosts:
            host.kill()
    assert [host.returncode for host in hosts] == [0, 0], "\n".join(said)


def test_number_that_is_not_finite_names_node_and_row(data):
    w = Value(1.0, "w")
    program = compile(lambda x: (w * x).log(), [w], backend="jax")
    x = np.array([1.0, 2.0, 3.0, 1.0])
    training = JaxTraining(program, x, batch_size=2)
    program.parameters[0] = 0.4
    with pytest.raises(DomainError, match=r"row 0 .*log fails"):
        training.epoch(3.0)  # the first step goes to 0.4 - 3/0.4 < 0
    assert program.parameters[0] == 0.4


def test_bad_arguments(data):
    x, t = data
    program = make("jax")
    with pytest.raises(ValueError, match="batch_size is 23, but there are only 22"):
        JaxTraining(program, x, t, batch_size=23)
    with pytest.raises(ValueError, match="positive integer"):
        JaxTraining(program, x, t, batch_size=0)
    with pytest.raises(ValueError, match="22 rows, but argument 1 has 21"):
        JaxTraining(program, x, t[:21], batch_size=2)
    with pytest.raises(ValueError, match="examples"):
        JaxTraining(program, batch_size=2)
    with pytest.raises(ValueError, match="devices is empty"):
        JaxTraining(program, x, t, batch_size=2, devices=[])
    with pytest.raises(ValueError, match="momentum must be"):
        momentum(1.0)
    training = JaxTraining(program, x, t, batch_size=2)
    with pytest.raises(ValueError, match="learning rate"):
        training.epoch(0.0)
    with pytest.raises(ValueError, match="permutation"):
        training.epoch(0.1, [0] * 22)
    with pytest.raises(ValueError, match=r"rows of shape \(2,\)"):
        JaxTraining(program, x[:, :2], t, batch_size=2)


def test_without_jax(monkeypatch, data):
    program = make()
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(ImportError, match=r"chalkgrad\[jax\]"):
        JaxTraining(program, *data, batch_size=2)
