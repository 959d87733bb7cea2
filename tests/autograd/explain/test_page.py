"""The notebook's snippet and the page: well formed, from nowhere else, and playable with the keys."""

import json
import re
import unicodedata
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Value
from autograd.draw import render
from autograd.explain import explain, page

VOID = {"meta", "input", "br", "link", "img"}


class Reader(HTMLParser):
    """Checks that every tag is closed, and collects what could fetch or run something."""

    def __init__(self):
        super().__init__()
        self.open, self.attributes, self.tags = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def read(text):
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert not reader.open
    return reader


def assert_harmless(reader, scripts):
    assert reader.tags.count("script") == scripts
    assert not {"iframe", "object", "embed", "link", "img", "base", "form"} & set(reader.tags)
    for tag, name, value in reader.attributes:
        assert not name.startswith("on"), (tag, name)
        assert name not in ("src", "href", "action", "xlink:href"), (tag, name, value)


def test_the_page_is_whole_and_from_nowhere_else(story):
    text = page.write(story)
    assert_harmless(read(text), scripts=2)
    assert not re.search(r"https?://(?!www\.w3\.org/)", text)
    assert "@import" not in text
    assert "url(" not in text
    body = text.partition("<body>")[2].partition("<script>")[0]
    ElementTree.fromstring(f"<body>{body}</body>")


def test_the_snippet_is_well_formed(story):
    text = story._repr_html_()
    ElementTree.fromstring(text)
    assert_harmless(read(text), scripts=0)
    assert text.count("<tr>") == len(story) + 2
    assert 'tabindex="0"' in text


@settings(max_examples=12)
@given(st.text(max_size=20) | st.sampled_from(["</script><script>alert(1)</script>", '"><img src=x onerror=alert(1)>']))
def test_no_label_breaks_out(label):
    a, b = Value(2.0, label), Value(3.0, "</title>" + label)
    root = a * b
    root.label = "E" + label
    told = explain(root)
    text = page.write(told)
    assert_harmless(read(text), scripts=2)
    ElementTree.fromstring(told._repr_html_())
    json.loads(text.partition('id="story">')[2].partition("</script>")[0])


def test_numbers_may_be_written_in_any_way():
    a = Value(2.0, "a")
    told = explain(a * a, numbers=lambda x: f"<{x:g}> & 50% \\frac{{")
    assert_harmless(read(page.write(told)), scripts=2)
    assert "<mn>&lt;4&gt; &amp; 50% \\frac{</mn>" in told._repr_html_()


def test_expressions_are_set_as_mathematics():
    a, b = Value(2.0, "a"), Value(4.0, "b")
    made = explain((a / b) ** 2)._repr_html_()
    assert "<mfrac><mi>a</mi><mi>b</mi></mfrac>" in made
    assert "<msup><mi>v1</mi><mn>2</mn></msup>" in made


def test_without_graphviz_there_are_still_the_steps(E, monkeypatch):
    monkeypatch.setattr(render, "system_dot", lambda: None)
    monkeypatch.setattr(render, "embedded_dot", lambda: None)
    told = explain(E)
    assert "no Graphviz" in page.write(told)
    assert "no Graphviz" in told._repr_html_()
    assert page.write(told).count("<li>") == len(told)


def test_a_graph_too_large_to_draw_is_told_without_a_picture():
    x = Value(1.0, "x")
    root = x
    for _ in range(450):
        root = root + 1.0
    told = explain(root, max_steps=1000)
    text = page.write(told)
    assert "more than max_nodes" in text
    assert text.count("<li>") == 901


@pytest.fixture
def opened(browser, story, tmp_path):
    """The page in a browser, with whatever it complained about or asked for."""
    path = story.save(tmp_path / "page.html")
    tab = browser.new_page(viewport={"width": 1280, "height": 800})
    tab.trouble = []
    tab.on("console", lambda message: tab.trouble.append(message.text))
    tab.on("pageerror", lambda error: tab.trouble.append(str(error)))
    tab.on("request", lambda request: request.url.startswith("file:") or tab.trouble.append(request.url))
    tab.goto(path.as_uri())
    yield tab
    tab.close()
    assert tab.trouble == []


def shown(tab):
    """What is seen of the current step; a single letter is set in italics, which is a letter of its own."""
    return [unicodedata.normalize("NFKC", t) for t in tab.locator("ol.steps > li.now").all_inner_texts()]


def test_keys_and_buttons_step_through(opened, story):
    count = opened.locator("#count")
    first, total = f"1–{len(story.inputs)} of {len(story)}", len(story)
    assert count.inner_text() == first
    assert len(shown(opened)) == len(story.inputs)
    opened.keyboard.press("ArrowRight")
    assert "v1 = w · x = 0.5 · 2 = 1" in " ".join(shown(opened)[0].split())
    assert opened.locator("g.node.now").count() == 1
    assert opened.locator("g.edge.now").count() == 2
    assert count.inner_text() == f"{len(story.inputs) + 1} of {total}"
    assert f"step {count.inner_text()}" in opened.locator("ol.steps > li.now .phase").text_content()
    opened.keyboard.press("ArrowLeft")
    assert count.inner_text() == first
    opened.keyboard.press("End")
    assert count.inner_text() == f"{total} of {total}"
    assert opened.locator("#next").is_disabled()
    opened.keyboard.press("Home")
    opened.click("#turn")
    assert "The backward pass starts here" in shown(opened)[0]
    opened.click("#next")
    assert opened.locator("#said").inner_text().startswith("Step ")


def test_a_button_that_can_do_nothing_more_keeps_the_focus(opened, story):
    opened.locator("#next").focus()
    for _ in range(len(story) + 2):
        opened.keyboard.press("Enter")
    assert opened.locator("#count").text_content() == f"{len(story)} of {len(story)}"
    assert opened.locator("#next").is_disabled()
    assert opened.evaluate("document.activeElement.id") == "next"
    opened.keyboard.press("Home")
    assert not opened.locator("#next").is_disabled()


def test_what_a_button_shows_is_in_its_name(opened):
    for button in opened.locator(".controls button").all():
        assert button.inner_text().lower() in button.get_attribute("aria-label").lower() + "←→"


def test_numbers_come_and_go_with_the_steps(opened, story):
    def column(i):
        return opened.locator(f"tr[data-row] td:nth-child({i})").all_inner_texts()

    def picture(what):
        return opened.locator(f'g.node text[data-what="{what}"]').all_text_contents()

    assert column(3) == ["—"] * len(story.gradients)
    assert sum(text != "—" for text in picture("data")) == len(story.inputs)
    opened.keyboard.press("End")
    number = story.writer.number
    assert column(3) == [number(g) for g in story.gradients.values()]
    assert sorted(picture("grad")) == sorted(number(g) for g in story.gradients.values())
    assert sorted(picture("data")) == sorted(number(s.value) for s in story.forward)
    opened.keyboard.press("b")
    assert sum(text != "—" for text in picture("grad")) == 2  # E, and what E hands on


def test_it_plays_and_pauses(opened, story):
    opened.clock.install()
    opened.reload()
    opened.keyboard.press("Space")
    assert opened.locator("#play").inner_text() == "Pause"
    opened.clock.run_for(5100)
    assert opened.locator("#count").inner_text().startswith(f"{len(story.inputs) + 2} of")
    opened.keyboard.press("Space")
    opened.clock.run_for(10_000)
    assert opened.locator("#count").inner_text().startswith(f"{len(story.inputs) + 2} of")
    assert opened.locator("#play").inner_text() == "Play"


@pytest.mark.parametrize("width", [420, 1280])
def test_nothing_runs_over_the_edge(opened, width):
    opened.set_viewport_size({"width": width, "height": 800})
    for key in ("Home", "b", "End"):
        opened.keyboard.press(key)
        assert opened.evaluate("document.documentElement.scrollWidth") <= width
        wrong = """[...document.querySelectorAll(".line")].filter(e => e.offsetParent).filter(e => {
            const wide = e.scrollWidth > e.clientWidth; return (e.tabIndex === 0) !== wide; }).length"""
        opened.wait_for_function(f"({wrong}) === 0", timeout=5000)  # what scrolls does so by keyboard, too


def at_rest(opened):
    """Wait until what has the focus has not scrolled for a fifth of a second."""
    before = None
    while (now := opened.evaluate("document.activeElement.scrollLeft")) != before:
        before = now
        opened.wait_for_timeout(200)


@pytest.mark.parametrize("what", ["li.now .line[tabindex='0']", ".picture"])
def test_the_arrow_keys_scroll_what_is_too_wide_and_has_the_focus(opened, story, what):
    opened.set_viewport_size({"width": 320, "height": 700})
    opened.keyboard.press("End")
    at = opened.locator("#count").text_content()
    opened.locator(what).first.focus()
    at_rest(opened)  # the picture glides to the node of this step, and would glide on
    opened.evaluate("document.activeElement.scrollTo({left: 0, behavior: 'instant'})")
    for key, there in (("ArrowRight", True), ("ArrowLeft", False)):
        opened.keyboard.press(key)
        for _ in range(100):  # it takes the browser a moment
            if (opened.evaluate("document.activeElement.scrollLeft") > 0) == there:
                break
            opened.wait_for_timeout(50)
        else:
            pytest.fail(f"{key} does not scroll")
        at_rest(opened)
    assert opened.locator("#count").text_content() == at
    opened.keyboard.press("Home")
    assert opened.locator("#count").text_content() != at


def test_on_a_phone_on_its_side_the_formula_is_seen(opened):
    opened.set_viewport_size({"width": 740, "height": 360})
    opened.keyboard.press("b")
    opened.keyboard.press("ArrowRight")
    line, controls = (opened.locator(each).first.bounding_box() for each in ("li.now .line", ".controls"))
    assert line["y"] + line["height"] <= controls["y"]
    assert opened.evaluate("document.documentElement.scrollWidth") <= 740


@pytest.mark.parametrize("key", ["Home", "End"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_is_readable(browser, story, tmp_path, scheme, key):
    tab = browser.new_page(color_scheme=scheme, reduced_motion="reduce")
    tab.goto(story.save(tmp_path / "page.html").as_uri())
    tab.keyboard.press(key)
    contrast = """() => {
      const parts = (c) => c.match(/[\\d.]+/g).slice(0, 3).map(Number);
      const light = (c) => { const [r, g, b] = c.map((x) => x / 255)
        .map((x) => x <= .04045 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
      const page = parts(getComputedStyle(document.body).backgroundColor);
      const over = (e, back) => {  // the colour of an element, as far as it lets that of its background through
        const [fill, seen] = [getComputedStyle(e).fill, getComputedStyle(e).opacity];
        return fill === "none" ? back : parts(fill).map((x, i) => x * seen + back[i] * (1 - seen));
      };
      return [...document.querySelectorAll("g.node")].flatMap((g) => {
        const shape = g.querySelector("path, polygon"), back = shape ? over(shape, page) : page;
        return [...g.querySelectorAll("text")].map((t) => {
          const a = light(over(t, back)), b = light(back);
          return (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
        });
      });
    }"""
    assert min(tab.evaluate(contrast)) >= 4.5
    tab.close()


def test_without_javascript_it_is_a_list(browser, story, tmp_path):
    tab = browser.new_page(java_script_enabled=False)
    tab.goto(story.save(tmp_path / "page.html").as_uri())
    assert tab.locator("ol.steps > li").count() == len(story)
    assert all(item.is_visible() for item in tab.locator("ol.steps > li").all())
    assert not tab.locator("#next").is_visible()
    tab.close()


def test_paper_is_white_in_the_dark_too(browser, story, tmp_path):
    tab = browser.new_page(color_scheme="dark")
    tab.goto(story.save(tmp_path / "page.html").as_uri())
    colours = "() => [document.body, ...document.querySelectorAll('g.node text')].map(e => getComputedStyle(e).%s)"
    for media, bright in (("screen", True), ("print", False)):
        tab.emulate_media(media=media, color_scheme="dark")
        for colour in {*tab.evaluate(colours % "color")[:1], *tab.evaluate(colours % "fill")[1:]}:
            assert (sum(map(int, re.findall(r"\d+", colour)[:3])) > 3 * 128) == bright, (media, colour)
    tab.close()


def test_on_paper_stands_the_whole_story(opened, story):
    opened.keyboard.press("ArrowRight")
    opened.evaluate("dispatchEvent(new Event('beforeprint'))")
    opened.emulate_media(media="print")
    opened.set_viewport_size({"width": 700, "height": 1000})
    assert opened.locator("ol.steps > li:visible").count() == len(story)
    assert "\u2014" not in opened.locator("table").inner_text()
    frame, graph = (opened.locator(each).bounding_box() for each in (".picture", ".picture svg"))
    assert graph["x"] + graph["width"] <= frame["x"] + frame["width"] + 1
    opened.evaluate("dispatchEvent(new Event('afterprint'))")
    opened.emulate_media(media="screen")
    assert opened.locator("#count").inner_text().startswith(f"{len(story.inputs) + 1} of")
