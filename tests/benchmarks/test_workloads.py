"""The benchmarks' work is the same work for everyone. No times here."""

import json

import numpy as np
import pytest

from benchmarks import _eager
from benchmarks.__main__ import commands, main
from benchmarks.lib import child, report
from benchmarks.lib.timing import Prepared, Unavailable, disagreements, interleaved, prepare
from benchmarks.workloads import digits, gpt, moons, random_graph, readme

HEAVY = ("CasADi SX", "JAX", "torch", "numba", "jax", "recorded graph")  # seconds of compiling


def light(makers):
    return {name: make for name, make in makers.items() if not any(h in name for h in HEAVY)}


@pytest.mark.parametrize("workload", [readme, moons], ids=["W1", "W2"])
def test_contenders_agree(workload):
    ready, _ = prepare(light(workload.contenders()))
    assert "chalkgrad eager" in ready
    found = disagreements(ready, "chalkgrad eager")
    assert set(found) == set(ready)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torch_agrees_with_the_scalars():
    pytest.importorskip("torch")
    ready, _ = prepare({"scalars": lambda: moons.chalkgrad(dots=True), "torch": moons.torch})
    assert disagreements(ready, "scalars")["torch"] < 1e-12


def test_the_demo_has_the_size_it_is_quoted_with():
    assert _eager.count("W2", "chalkgrad")["nodes"] == moons.NODES


def test_gpt_has_the_size_it_is_quoted_with():
    from autograd import Value, graph_stats

    assert len(gpt.start()) == 4192
    assert graph_stats(gpt.cost([Value(x) for x in gpt.start()])).nodes == pytest.approx(76_000, rel=0.02)


def test_weights_of_an_epoch_agree_with_the_scalars():
    pytest.importorskip("sklearn")
    sizes, size = (64, 5, 10), 16
    by_hand = digits.numpy_gradient(digits.start(sizes), sizes)
    x, t = digits.batches(size)[0]
    ready = {
        "scalars": Prepared(digits.chalkgrad(sizes, size), 0.0),
        "by hand": Prepared(lambda: by_hand(x, t), 0.0),
        "unsimplified": Prepared(lambda: digits.numpy_gradient(digits.start(sizes), sizes, simplified=False)(x, t), 0),
    }
    assert max(disagreements(ready, "scalars").values()) < 1e-13
    epochs = {
        "plain": Prepared(digits.numpy(sizes, size), 0.0),
        "buffers": Prepared(digits.numpy_buffers(sizes, size), 0.0),
        "no loss": Prepared(digits.numpy(sizes, size, loss=False), 0.0),
    }
    assert max(disagreements(epochs, "plain").values()) < 1e-12
    assert not np.allclose(epochs["plain"].step()[1], digits.start(sizes), rtol=1e-3)


def test_a_wrong_gradient_is_no_result():
    ready = {"right": Prepared(lambda: (1.0, [2.0]), 0.0), "wrong": Prepared(lambda: (1.0, [2.1]), 0.0)}
    with pytest.raises(ArithmeticError, match="wrong disagrees with right"):
        disagreements(ready, "right")
    ready["wrong"] = Prepared(lambda: (1.0, [float("nan")]), 0.0)
    with pytest.raises(ArithmeticError, match="wrong"):
        disagreements(ready, "right")


def test_what_cannot_run_is_named():
    def missing():
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    def without():
        raise Unavailable("no such backend")

    ready, notes = prepare({"a": missing, "b": without, "c": lambda: lambda: (0.0, [0.0]), "d": lambda: lambda: 1 / 0})
    assert list(ready) == ["c"]
    assert notes["a"] == "not installed (torch)"
    assert notes["b"] == "no such backend"
    assert notes["d"].startswith("FAILED with ZeroDivisionError")


def test_turns():
    order = []
    spent = interleaved({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, blocks=3, seconds=0.0)
    assert "".join(order) == "aabb" + "ab" * 3
    assert spent["a"].fastest <= spent["a"].median <= spent["a"].slowest


def test_fresh_process_has_nothing_heavy_loaded():
    done = child.call("benchmarks._eager:run", workload="W1", engine="chalkgrad", mode=_eager.OFF, repeat=2)
    assert done["gradient"] == pytest.approx([138.83381924198252, 645.5772594752186])
    assert {"rich", "pytest", "argparse"}.isdisjoint(done["loaded"])
    with pytest.raises(RuntimeError, match="no_such"):
        child.call("benchmarks._eager:no_such")


def test_chain_leaves_no_cyclic_garbage():
    found = _eager.long_chain(10_000)
    assert found["garbage"] == 0
    assert found["gradient"] == 10_001


def test_report_is_written(tmp_path, capsys):
    made = report.Report("example")
    made.table("a table", ["", "time"], [["one", report.seconds(0.0123)]])
    made.target("ratio", 3.0, 2)
    made.target("bytes", 3.0, 2, at_most=True)
    content = json.loads(made.write(str(tmp_path / "deep" / "x.json")).read_text())
    assert [t["met"] for t in content["targets"]] == [True, False]
    printed = capsys.readouterr().out
    assert "12.3 ms" in printed
    assert "MISSED" in printed
    assert "\x1b" not in printed


def test_commands(capsys):
    assert {"eager", "compile"} <= set(commands())
    assert main([]) == 0
    assert "eager" in capsys.readouterr().out
    assert main(["no-such"]) == 2


def test_the_random_graph_has_the_operations_that_are_counted():
    from autograd import Value, graph_stats

    cost, count = random_graph.graph(500)
    leaves = [Value(x) for x in random_graph.start()]
    stats = graph_stats(cost(leaves))
    assert sum(stats.operations.values()) == count == pytest.approx(500, rel=0.05)
