"""A label is text: whatever it holds, it is shown, and it breaks neither DOT, nor SVG, nor LaTeX, nor Mermaid."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograd import Value, name_scope
from autograd.draw import mermaid, render
from autograd.draw.drawing import draw
from autograd.draw.text import LONGEST, one_line
from autograd.explain import explain
from autograd.spell import latex_text

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    '"', "\\", "\\N \\G \\L \\E \\n", "two\nlines", "<b>bold</b>", "{|}", "<script>alert(1)</script>", "😀", "",
    "$x_1^2$ & 50% #1 ~", "end", "1. list", "- item", '"]; click n0 "javascript:alert(1)"', "%%{init}%%",
    "é σ ½ x² 中文",
    "]]>", "&amp;", "&#60;b&#62;", "x" * 500, "</svg>", "\\end{document}", "\\input{x}", "\x00\x1b[31m",
    "\ud800", "\u202eabc",
    "\u200b", "\ufeff \u2060",
    "a -> b [x]", "<<TABLE>>", "/* */", "// #", "ﬂ°°60¶ß", " ", "\u00a0", "n0", "^", "`", "|", "\ufffe",
]  # fmt: skip
hostile = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40), st.text('"\\<>{}|&#$%_^~[];\n `-', max_size=20))


def labelled(label):
    a, b = Value(1, label), Value(2, "b")
    if scope := label.replace("/", ""):
        with name_scope(scope):
            c = a * b
    else:
        c = a * b
    c.label = label
    return c


def words_of(drawing, name):
    root = ElementTree.fromstring(drawing.svg())
    (group,) = (g for g in root.iter(f"{SVG}g") if g.get("data-node") == name)
    return ["".join(t.itertext()) for t in group.iter(f"{SVG}text")]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(hostile, min_size=6, max_size=8))  # several in one picture: starting Graphviz takes the time
def test_the_svg_shows_the_label_and_is_well_formed(labels):
    drawing = draw([labelled(label) for label in labels], title=labels[0])
    root = ElementTree.fromstring(drawing.svg())
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "g", "polygon", "text", "path", "ellipse", "polyline"}
    assert not [a for e in root.iter() for a in e.attrib if a.startswith("on") or "href" in a]
    squeeze = lambda s: re.sub(r"\s+", " ", s).strip()  # noqa: E731 (Graphviz squeezes spaces)
    for i, label in enumerate(labels):
        shown = words_of(drawing, f"n{3 * i}")
        assert squeeze(shown[0]) == (squeeze(one_line(label)) or "data")
        assert shown[-4:] == ["data", "1", "grad", "—"]


@pytest.mark.parametrize("label", HOSTILE)
def test_both_programs_read_the_same_words(label):
    programs = [p for p in (render.system_dot(), render.embedded_dot()) if p]
    drawing = draw(labelled(label))
    seen = set()
    for program in programs:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(render, "system_dot", lambda p=program: p)
            drawing._svg = None
            seen.add(tuple(words_of(drawing, "n2")))
    assert len(seen) == 1


@given(hostile)
@settings(max_examples=300)
def test_latex_text_can_do_nothing_but_be_set(label):
    latex = latex_text.text(one_line(label, None))
    assert latex.isascii()
    commands = set(re.findall(r"\\([A-Za-z]+)", latex))
    assert commands.isdisjoint({"input", "end", "begin", "write", "def", "catcode", "csname"})
    bare = re.sub(r"\\[A-Za-z]+|\\.", "", latex)
    math = re.sub(r"(?:\{\}|[_^])\{?[^{}]*\}?", "", bare) if "ensuremath" in latex else bare
    assert not set(math) & set("#$%&~\\")
    depth = 0
    for brace in re.findall(r"[{}]", re.sub(r"\\[{}]", "", latex)):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0


@given(hostile)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_mermaid_lines_keep_their_form(label):
    text = mermaid.write(draw(labelled(label))._picture, draw(Value(1))._theme)
    word = r'"(?:[^"<>`\[\]{}|\\&\n]|<br/>)*"'
    form = re.compile(
        rf"\s*(?:flowchart LR|end|subgraph cluster_\d+\[{word}\]|[no]\d+(?:\({word}\)|\[{word}\]|\(\[{word}\]\)"
        rf"|\[\[{word}\]\]|{{{{{word}}}}}):::\w+|[no]\d+ -->(?:\|{word}\|)? [no]\d+|classDef \w+ [\w#:,. -]+)"
    )
    for line in text.splitlines():
        assert form.fullmatch(line), line
    assert text.count("subgraph") == len(re.findall(r"^\s*end$", text, re.M))


@given(st.text(max_size=200))
def test_one_line_is_one_short_line(text):
    line = one_line(text)
    assert len(line) <= LONGEST
    assert len(line.splitlines()) <= 1
    assert line == line.strip()


def test_a_long_label_is_whole_on_hovering():
    label = "weight from the first input to the second unit of the hidden layer"
    drawing = draw(Value(1, label))
    assert label in drawing.svg()
    assert label not in drawing.source


def test_what_cannot_be_seen_is_no_name():
    for label in ("\u200b", "\ufeff\u2060", " \u00ad\u00a0"):
        assert one_line(label) == ""
    assert one_line("\U0001f469\u200d\U0001f467") == "\U0001f469\u200d\U0001f467"
    a = Value(2.0, "\u200b")
    told = explain(a * a)
    assert told.writer.name("\u200b") == "?"
    assert "∂v1/∂(?) = 4" in str(told)
