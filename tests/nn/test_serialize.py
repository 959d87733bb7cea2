"""Saving and loading: exact, whole or not at all, and never code."""

import copy
import io
import json
import os
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nn
from autograd import Value
from nn.serialize import _loads

FORMS = ["model.npz", "model.json"]


class Line(nn.Module):
    def __init__(self, w=1.5, b=-2.0):
        self.w, self.b = Value(w), Value(b)


def names_in(folder):
    return [path.name for path in folder.iterdir()]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_round_trip_is_exact(tmp_path, data):
    sizes = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    names = st.sampled_from(["sigmoid", "tanh", "relu", "linear"])
    model = nn.MLP(
        data.draw(st.integers(1, 3)),
        sizes,
        data.draw(st.lists(names, min_size=len(sizes), max_size=len(sizes))),
        bias=data.draw(st.booleans()),
        expand=data.draw(st.booleans()),
    )
    for p in model.parameters():
        p.data = data.draw(st.floats(allow_nan=False, allow_infinity=False))
    for form in FORMS:
        nn.save(model, tmp_path / form)
        twin = nn.load(tmp_path / form)
        assert twin.architecture() == model.architecture()
        assert twin.state_dict() == model.state_dict()
        assert list(twin.state_dict()) == list(model.state_dict())


@pytest.mark.parametrize("form", FORMS)
def test_a_loaded_network_computes_the_same(tmp_path, form):
    model = nn.MLP(2, [3, 2], "tanh", "linear", seed=0)
    nn.save(model, str(tmp_path / form))
    assert [v.data for v in nn.load(str(tmp_path / form))([0.5, -1.0])] == [v.data for v in model([0.5, -1.0])]
    assert names_in(tmp_path) == [form]  # nothing left lying about


@pytest.mark.parametrize("form", FORMS)
def test_filling_a_model_of_ones_own(tmp_path, form):
    nn.save(Line(), tmp_path / form)
    line = Line(0.0, 0.0)
    assert nn.load(tmp_path / form, into=line) is line
    assert line.state_dict() == {"w": 1.5, "b": -2.0}
    other = Line(0.0, 0.0)
    nn.load(other, tmp_path / form)
    assert other.state_dict() == line.state_dict()
    with pytest.raises(ValueError, match="holds a Line: only a plain MLP can be built"):
        nn.load(tmp_path / form)


@pytest.mark.parametrize("form", FORMS)
def test_a_model_that_does_not_fit_stays_as_it_was(tmp_path, form):
    nn.save(nn.MLP(2, [3, 1], seed=0), tmp_path / form)
    for model in (nn.MLP(2, [4, 1], seed=1), nn.MLP(2, [3, 1], bias=False, seed=1), Line()):
        before = model.state_dict()
        with pytest.raises(ValueError, match=r"holds a MLP: this state does not fit"):
            nn.load(tmp_path / form, into=model)
        assert model.state_dict() == before


@pytest.mark.parametrize("form", FORMS)
def test_truncated_anywhere(tmp_path, form):
    path, model = tmp_path / form, nn.MLP(1, [2], seed=0)
    nn.save(model, path)
    whole, before = path.read_bytes(), model.state_dict()
    for n in [*range(0, len(whole), max(1, len(whole) // 60)), len(whole) - 1]:
        path.write_bytes(whole[:n])
        with pytest.raises(ValueError, match="not a whole chalkgrad model"):
            nn.load(path, into=model)
    assert model.state_dict() == before


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(FORMS), st.integers(0, 10**6), st.integers(1, 255))
def test_a_flipped_byte_is_an_error_or_a_model_never_a_crash(tmp_path, form, place, change):
    path = tmp_path / form
    nn.save(nn.MLP(1, [2], seed=0), path)
    raw = bytearray(path.read_bytes())
    raw[place % len(raw)] ^= change
    path.write_bytes(raw)
    try:
        model = nn.load(path)
    except ValueError:
        return
    assert all(np.isfinite(list(model.state_dict().values())))


def test_lists_may_stand_beside_one_another_and_not_far_within():
    assert _loads("[" + "[{}], " * 30 + r'"]] \"[["]') == [*[[{}]] * 30, ']] "[[']
    assert _loads("[" * 10 + "]" * 10)
    for opening, closing in ("[]", ('{"a":', "}")):
        with pytest.raises(ValueError, match="nested too deep"):
            _loads(opening * 11 + "0" + closing * 11)


def foreign_files():
    arrays = io.BytesIO()
    np.savez(arrays, a=np.zeros(3))
    objects = io.BytesIO()
    np.savez(objects, head=np.array("{}"), names=np.array([Value], dtype=object), values=np.zeros(1))
    single = io.BytesIO()
    np.save(single, np.zeros(3))
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as z:
        z.writestr("readme.txt", "hello")
    return [
        b"", b"hello", b"\x00" * 100, b"[1, 2]", b'{"w": 1.0}', b"null", b"[" * 100_000, b"\xff\xfe",
        pickle.dumps({"w": 1.0}), arrays.getvalue(), objects.getvalue(), single.getvalue(), zipped.getvalue(),
    ]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("content", foreign_files(), ids=range(len(foreign_files())))
def test_foreign_files(tmp_path, form, content):
    (tmp_path / form).write_bytes(content)
    line = Line()
    for into in (None, line):
        with pytest.raises(ValueError, match="not a whole chalkgrad model"):
            nn.load(tmp_path / form, into=into)
    assert line.state_dict() == Line().state_dict()


def test_nothing_in_a_file_is_run(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (exec, ("raise SystemExit('it was run')",))

    path = tmp_path / "model.npz"
    with path.open("wb") as file:
        np.savez(file, head=np.array("{}"), names=np.array([Bomb()], dtype=object), values=np.zeros(1))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        nn.load(path)


def edited(tmp_path, change):
    path = tmp_path / "model.json"
    nn.save(nn.MLP(1, [2], seed=0), path)
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.update(format="other"), "its format"),
        (lambda c: c.update(version=2), "its version is 2, and this chalkgrad reads version 1"),
        (lambda c: c.pop("parameters"), "no parameters"),
        (
            lambda c: c["parameters"].update({"layers.0.neurons.0.b": float("nan")}),
            r"neurons\.0\.b is nan, not a finite",
        ),
        (lambda c: c["parameters"].update({"layers.0.neurons.0.b": float("inf")}), "is inf, not a finite"),
        (lambda c: c["parameters"].update({"layers.0.neurons.0.b": "1"}), "is of type str, not one number"),
        (lambda c: c["parameters"].update({"layers.0.neurons.0.b": True}), "is of type bool, not one number"),
        (lambda c: c["parameters"].update({"layers.0.neurons.0.b": 10**400}), "not a finite"),
        (lambda c: c["parameters"].update({"layers.0.neurons.0.b": [1.0]}), "of type list"),
        (lambda c: c["parameters"].update(other=1.0), "needs 4 parameters, and it has 5"),
        (lambda c: c["parameters"].update(other=c["parameters"].pop("layers.0.neurons.0.b")), "unexpected: other"),
        (lambda c: c["architecture"].update(n_in=10**12), "parameters, and it has 4"),
        (lambda c: c["architecture"].update(sizes=[10**9] * 5), "parameters, and it has 4"),
        (lambda c: c["architecture"].update(sizes=["2"]), "architecture cannot be read"),
        (lambda c: c["architecture"].update(sizes=[-2], n_in=-3), "parameters|at least 1"),
        (lambda c: c["architecture"].update(activation=["exec"]), "no activation 'exec'"),
        (lambda c: c["architecture"].update(activation=[["relu"]]), "no activation"),
        (lambda c: c["architecture"].update(activation=3), "no activation 3"),
        (lambda c: c["architecture"].update(extra=3), "architecture cannot be read"),
        (lambda c: c["architecture"].pop("bias"), "architecture cannot be read"),
        (lambda c: c.update(architecture=[1]), "only a plain MLP"),
    ],
)
def test_edited_files(tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        nn.load(edited(tmp_path, change))


def test_a_name_that_stands_there_twice(tmp_path):
    path = edited(tmp_path, lambda content: None)
    path.write_text(
        path.read_text().replace('"layers.0.neurons.0.b": ', '"layers.0.neurons.0.b": 1.0, "layers.0.neurons.0.b": ')
    )
    with pytest.raises(ValueError, match="a name stands there twice"):
        nn.load(path)


def test_a_network_that_was_changed_by_hand_is_not_rebuilt_wrongly(tmp_path):
    model = nn.MLP(1, [2], seed=0)
    model.layers[0].neurons[1].activation = "relu"
    nn.save(model, tmp_path / "model.json")
    with pytest.raises(ValueError, match=r"load\(path, into=model\)"):
        nn.load(tmp_path / "model.json")
    twin = copy.deepcopy(model)
    twin.layers[0].neurons[1].b.data = 5.0
    nn.load(tmp_path / "model.json", into=twin)
    assert twin.state_dict() == model.state_dict()


def test_other_endings_and_places(tmp_path):
    model = nn.MLP(1, [1], seed=0)
    for name in ("model.pkl", "model", "model.npz.gz", "model.pt"):
        with pytest.raises(ValueError, match=r"saved as \.npz or \.json"):
            nn.save(model, tmp_path / name)
        with pytest.raises(ValueError, match=r"saved as \.npz or \.json"):
            nn.load(tmp_path / name)
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.json").mkdir()
    for place in ("nowhere/model.json", "file/model.json", "folder.json"):
        with pytest.raises(OSError, match=r"cannot write the model.*json"):
            nn.save(model, tmp_path / place)
        with pytest.raises(OSError, match=r"cannot read the model.*json"):
            nn.load(tmp_path / place)
    with pytest.raises(FileNotFoundError, match="cannot read the model"):
        nn.load(tmp_path / "model.npz")
    assert sorted(names_in(tmp_path)) == ["file", "folder.json"]


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "model.npz"
    nn.save(Line(), path)
    before = path.read_bytes()
    line = Line()
    line.w._data = float("nan")
    with pytest.raises(ValueError, match="w is nan"):
        nn.save(line, path)

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        nn.save(Line(7.0), path)
    assert path.read_bytes() == before
    assert names_in(tmp_path) == ["model.npz"]


def test_the_wrong_things(tmp_path):
    with pytest.raises(TypeError, match="takes a Module first"):
        nn.save(tmp_path / "model.npz", Line())
    with pytest.raises(TypeError, match="fills a Module"):
        nn.load(tmp_path / "model.npz", into={"w": 1.0})
