"""Saving, and the two Graphvizes: the system's and the embedded one."""

import json
import os
import re
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from autograd import Value, name_scope
from autograd.draw import render, tikz
from autograd.draw.drawing import draw

needs_dot = pytest.mark.skipif(render.system_dot() is None, reason="needs the system's dot")
needs_embedded = pytest.mark.skipif(render.embedded_dot() is None, reason="needs the package graphviz-pure")


@pytest.fixture
def drawing():
    with name_scope("unit"):
        root = (Value(0.5, "w₁") * Value(2, "x₁") + Value(0.25, "b")).sigmoid()
    root.label = "σ"
    root.backward()
    return draw(root, title="One unit", slopes=True)


@pytest.fixture
def no_system_dot(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.parametrize(
    ("suffix", "start"),
    [("svg", b"<?xml"), ("png", b"\x89PNG"), ("dot", b"digraph"), ("tex", b"%"), ("mmd", b"flowchart LR"),
     ("SVG", b"<?xml")],
)  # fmt: skip
def test_every_form_is_saved(drawing, tmp_path, suffix, start):
    path = drawing.save(tmp_path / f"picture.{suffix}")
    assert path.read_bytes().startswith(start)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]  # nothing is left lying about


@needs_dot
def test_pdf(drawing, tmp_path):
    assert drawing.save(str(tmp_path / "picture.pdf")).read_bytes().startswith(b"%PDF")


@needs_embedded
@pytest.mark.usefixtures("no_system_dot")
def test_without_a_system_dot_the_embedded_one_draws(drawing, tmp_path):
    assert render.system_dot() is None
    assert "σ" in drawing.svg()
    for suffix in ("svg", "png", "tex"):
        assert drawing.save(tmp_path / f"picture.{suffix}").stat().st_size > 500
    with pytest.raises(render.RenderError, match="PDF needs"):
        drawing.save(tmp_path / "picture.pdf")
    assert not (tmp_path / "picture.pdf").exists()


@needs_embedded
def test_a_system_dot_that_fails_is_no_hindrance(drawing, monkeypatch):
    monkeypatch.setattr(render, "system_dot", lambda: shutil.which("false"))
    assert "σ" in drawing.svg()


def test_long_arrows_are_for_the_younger_graphviz(monkeypatch):
    def chain(n):
        x = y = Value(1.0, "x")
        for _ in range(n):
            y = y + x
        return draw(y, max_nodes=5_000)

    # x_k = x_{k-1} + x: one arrow of each length 1, 3, 5, … from x, and 2n-1 of length 1 between the others
    assert render.ranks_crossed(chain(3).source) == (1 + 3 + 5) + 1 + 5
    y = Value(1.0)
    for _ in range(50):  # a plain number stands beside what it goes into, however far down that is
        y = y * 0.9 + 0.1
    assert render.ranks_crossed(draw(y).source) == 2 * 50 * 3
    started = []

    def run(command, **options):
        started.append(command[0])
        raise OSError("not today")

    monkeypatch.setattr(render, "system_dot", lambda: "old")
    monkeypatch.setattr(render, "embedded_dot", lambda: "young")
    monkeypatch.setattr(render.subprocess, "run", run)
    for n, first in ((10, "old"), (60, "young")):
        with pytest.raises(render.RenderError, match="not today"):
            chain(n).svg()
        assert started[-2:] == [first, {"old": "young", "young": "old"}[first]]
    started.clear()
    with pytest.raises(render.RenderError, match=r"cross 3,999,999 columns of nodes\. Draw a smaller part"):
        chain(1_999).svg()
    assert not started


@needs_embedded
def test_a_system_dot_that_is_too_slow_is_given_up(drawing, monkeypatch, tmp_path):
    slow = tmp_path / "dot"
    slow.write_text(f"#!{sys.executable}\nimport time\n\ntime.sleep(20)\n")
    slow.chmod(0o755)
    monkeypatch.setattr(render, "system_dot", lambda: str(slow))
    monkeypatch.setattr(render, "PATIENCE", 0.1)
    assert "σ" in drawing.svg()
    monkeypatch.setattr(render, "SECONDS", 0.1)
    monkeypatch.setattr(render, "embedded_dot", lambda: None)
    drawing._svg = None
    with pytest.raises(render.RenderError, match="smaller part"):
        drawing.svg()


def test_no_graphviz_at_all_says_what_to_install(drawing, monkeypatch, tmp_path):
    monkeypatch.setattr(render, "system_dot", lambda: None)
    monkeypatch.setattr(render, "embedded_dot", lambda: None)
    with pytest.raises(render.RenderError, match="pip install graphviz-pure"):
        drawing.svg()
    assert drawing.save(tmp_path / "picture.mmd").exists()  # needs none


def test_text_that_is_not_dot_is_an_error():
    with pytest.raises(render.RenderError, match="could not draw"):
        render.render("digraph {", "svg")


@pytest.mark.parametrize("name", ["picture.gif", "picture", "svg"])
def test_an_unknown_ending_names_the_known_ones(drawing, tmp_path, name):
    with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf, \.dot, \.tex, \.mmd"):
        drawing.save(tmp_path / name)


def test_a_missing_folder_is_named(drawing, tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        drawing.save(tmp_path / "nowhere" / "picture.svg")


def test_a_failed_save_leaves_the_old_file(drawing, tmp_path, monkeypatch):
    path = drawing.save(tmp_path / "picture.dot")
    before = path.read_bytes()

    def fail(*_):
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "fdopen", fail)
    with pytest.raises(OSError, match="full"):
        drawing.save(path)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_the_saved_svg_is_the_one_shown(drawing, tmp_path):
    root = ElementTree.parse(drawing.save(tmp_path / "picture.svg")).getroot()
    assert ElementTree.tostring(root) == ElementTree.tostring(ElementTree.fromstring(drawing.svg()))


def test_tikz_has_every_node_where_graphviz_put_it(drawing):
    latex = tikz.write(drawing._picture, drawing._theme)
    places = {o["name"]: o["pos"] for o in json.loads(render.render(drawing.source, "json0"))["objects"] if "pos" in o}
    found = dict(re.findall(r"\((\w+)\) at \(([-\d.,]+)\)", latex))
    assert found.keys() == places.keys()
    # the letters of the labels differ, so the places agree only in their order from left to right
    across = lambda each: sorted(each, key=lambda n: (round(float(each[n].split(",")[0]), -1), n))  # noqa: E731
    assert across(found)[-1] == across(places)[-1]
    assert latex.count("\\draw[->") == len(drawing._picture.edges)
    assert latex.count("{") == latex.count("}")


def test_a_png_has_a_size_that_can_be_opened():
    root = Value(1.0)
    for _ in range(150):
        root = -root
    content = draw(root)._as("png")
    assert max(int.from_bytes(content[16:20]), int.from_bytes(content[20:24])) <= 8_200


def test_a_picture_too_large_for_tex():
    root = Value(1.0)
    for _ in range(180):
        root = -root
    with pytest.raises(ValueError, match="TeX knows no length"):
        tikz.write(draw(root)._picture, draw(root)._theme)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
def test_the_tex_file_compiles(drawing, tmp_path):
    drawing.save(tmp_path / "picture.tex")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "picture.tex"], cwd=tmp_path, capture_output=True
    )
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
