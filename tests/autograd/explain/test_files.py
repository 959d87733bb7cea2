"""Saved pages, frames and slides: what is in them, and what happens where they cannot be written."""

import os
import re
import shutil
import subprocess
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Value, name_scope, total
from autograd.explain import explain, frames, slides
from autograd.rules import RULES

SVG = "{http://www.w3.org/2000/svg}"


def test_saving(story, tmp_path):
    path = story.save(tmp_path / "page.HTML")
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert story.save(tmp_path / "steps.txt").read_text(encoding="utf-8") == f"{story}\n"
    assert story.save(tmp_path / "a.tex").read_text() == story.tikz(str(tmp_path / "b.tex")).read_text()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.tex", "b.tex", "page.HTML", "steps.txt"]


def test_where_nothing_can_be_saved(story, tmp_path):
    with pytest.raises(ValueError, match=r"'page\.pdf' does not end in \.html"):
        story.save(tmp_path / "page.pdf")
    with pytest.raises(ValueError, match=r"does not end in \.tex"):
        story.tikz(tmp_path / "slides")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        story.save(tmp_path / "nowhere" / "page.html")
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(IsADirectoryError, match="is a folder"):
        story.save(tmp_path / "folder.html")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        story.frames(tmp_path / "nowhere" / "frames")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(NotADirectoryError, match="is a file"):
        story.frames(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder.html"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_not_ours(story, tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PermissionError):
            story.save(tmp_path / "page.html")
    finally:
        tmp_path.chmod(0o700)


def test_a_failed_save_leaves_the_old_file(story, tmp_path, monkeypatch):
    path = story.save(tmp_path / "page.html")
    before = path.read_bytes()

    def full(self, target):
        raise OSError("no space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OSError, match="no space"):
        story.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_film_is_there_or_not(story, tmp_path, monkeypatch):
    write, count = frames.write_whole, []

    def full(path, content):
        count.append(path)
        if len(count) == 3:
            raise OSError("no space left on device")
        write(path, content)

    monkeypatch.setattr(frames, "write_whole", full)
    with pytest.raises(OSError, match="no space"):
        story.frames(tmp_path / "frames")
    assert list(tmp_path.iterdir()) == []


def test_there_is_a_frame_for_each_step(story, tmp_path):
    paths = story.frames(tmp_path / "frames")
    assert [p.name for p in paths] == [f"step-{i:03}.svg" for i in range(1, len(story) + 1)]
    sizes = set()
    for step, path in zip(story, paths, strict=True):
        root = ElementTree.parse(path).getroot()
        sizes.add((root.get("width"), root.get("height")))
        lines = [text.text for text in root.findall(f"{SVG}text")]
        assert " ".join(lines).startswith(f"{story.steps.index(step) + 1}/{len(story)}")
        assert len(marked(root)) == 1 + len(step.contributions if step.phase == "backward" else step.args)
    assert len(sizes) == 1, "the pictures jump"
    assert story.frames(tmp_path / "frames") == paths  # again, into the same folder


def marked(root):
    groups = [g for g in root.iter(f"{SVG}g") if g.get("class") in ("node", "edge")]
    return [g for g in groups if any(s.get("stroke-width") == "4" for s in g)]


def test_a_frame_shows_what_is_known_by_then(story):
    def texts(k, what):
        root = ElementTree.fromstring(frames.pictures_of(story)[k].split("\n", 1)[1])
        return [t.text or "" for t in root.iter(f"{SVG}text") if t.get("data-what") == what]

    number = story.writer.number
    assert set(texts(0, "grad")) == {"—"}
    assert sorted(set(texts(0, "data"))) == sorted({"—", number(story[0].value)})
    last = len(story) - 1
    assert sorted(texts(last, "grad")) == sorted(number(g) for g in story.gradients.values())
    assert sorted(t for t in texts(last, "slope") if t) == sorted(
        f"× {number(c.slope)}" for s in story for c in s.contributions
    )


def overlays(text):
    return {int(n) for n in re.findall(r"\\only<(\d+)", text)}


def test_the_slides_have_an_overlay_for_each_step(story):
    text = slides.write(story)
    stops = 1 + sum(bool(s.args) for s in story.forward) + len(story.backward)
    assert overlays(text) == set(range(1, stops + 1))
    captions = re.findall(r"^\\only<(\d+)>\{.*\\par\}$", text, re.MULTILINE)
    assert [int(c) for c in captions] == list(range(1, stops + 1))
    assert text.count(r"\begin{frame}") == text.count(r"\end{frame}") == 1
    assert text.startswith("%")
    assert text.rstrip().endswith(r"\end{document}")
    assert text.isascii()
    assert r"\textcolor{gradient}{\only<1-" in text


def check_latex(text):
    """Braces and environments are closed in the order they were opened in; nothing is left that TeX would act on."""
    depth = 0
    for c in re.sub(r"\\.", "", re.sub(r"^%.*$", "", text, flags=re.MULTILINE)):
        depth += (c == "{") - (c == "}")
        assert depth >= 0
    assert depth == 0
    open_ = []
    for what, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
        if what == "begin":
            open_.append(name)
        else:
            assert open_.pop() == name
    assert not open_
    assert not re.search(r"\\(input|write|include|immediate|openout|def|catcode|csname)\b", text)
    assert text.isascii()
    assert all(c == "\n" or c.isprintable() for c in text)


@settings(max_examples=10)
@given(st.text(max_size=15) | st.sampled_from(["\\input{x}", "}}{", "$", "%", "^^5cdef", "a\n\nb", "\x00", "#1"]))
def test_no_label_breaks_the_slides(label):
    a, b = Value(2.0, label), Value(-3.0, label)
    with name_scope("layer_1 & 50%"):
        root = (a * b).relu() + a
    root.label = label
    check_latex(slides.write(explain(root)))


def test_every_letter_of_our_own_words_is_set():
    results = []
    for op in RULES.values():
        if op.slopes:
            results.append(Value(0.5).apply(op, [Value(0.5), Value(0.5), Value(0.5)][: op.arity]))
    text = slides.write(explain(total(results)))
    assert text.count("Backward pass") == len(results) + 1
    assert "U+" not in text


def test_the_slides_compile(story, tmp_path):
    program = shutil.which("pdflatex")
    if program is None:
        pytest.skip("no pdflatex")  # nowhere is LaTeX needed: CHALKGRAD_REQUIRE_ALL does not ask for it
    story.tikz(tmp_path / "slides.tex")
    done = subprocess.run([program, "-interaction=batchmode", "slides.tex"], cwd=tmp_path, capture_output=True)
    assert done.returncode == 0, (tmp_path / "slides.log").read_text()[-3000:]


def test_too_large_a_graph_is_not_drawn(tmp_path):
    root = Value(1.0, "x")
    for _ in range(450):
        root = root + 1.0
    told = explain(root, max_steps=1000)
    for make in (lambda: told.frames(tmp_path / "frames"), lambda: told.tikz(tmp_path / "a.tex")):
        with pytest.raises(ValueError, match="more than max_nodes"):
            make()
    assert list(tmp_path.iterdir()) == []


def test_closed_scopes_are_drawn_as_boxes():
    x = Value(1.0, "x")
    root = x
    for layer in range(3):
        with name_scope(f"layer{layer}"):
            for _ in range(150):
                root = root * 1.0
    told = explain(root, max_steps=1000)
    assert "layer1" in "".join(told.stage.drawn().itertext())
    check_latex(slides.write(told))


def test_of_a_large_graph_each_overlay_shows_what_it_is_about():
    a = Value(0.5, "a")
    root = sum((a * float(k)).sigmoid() for k in range(1, 9))
    told = explain(root)
    text = slides.write(told)
    clips = re.findall(r"\\only<(\d+)>\{\\clip \((\S+),(\S+)\) rectangle \((\S+),(\S+)\);\}", text)
    assert [int(i) for i, *_ in clips] == list(range(1, len(told.stage.views) + 1))
    middles = {n: (float(x), float(y)) for n, x, y in re.findall(r"\((n\d+)\) at \((\S+?),(\S+?)\)", text)}
    for (_, *corners), view in zip(clips, told.stage.views, strict=True):
        left, low, right, high = map(float, corners)
        for k in view:
            x, y = middles[told.stage.scenes[k].node]
            assert left < x < right
            assert low < y < high
    check_latex(text)


def test_a_small_graph_is_seen_whole(story):
    assert "\\clip" not in slides.write(explain(Value(2.0, "a") * Value(3.0, "b")))
