"""The page: whole, offline, readable with eyes, keyboard and screen reader, and saying what was measured."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from autograd.lecture import Results, figures, write_page
from autograd.lecture.diagram import architecture
from autograd.lecture.training import METHODS

SECTIONS = ["architecture", "graph", "formulas", "training", "schedules", "algorithm", "zeros", "rates", "matrices"]
VOID = {"meta", "link", "img", "input", "br", "hr"}


class Reader(HTMLParser):
    """Checks nesting and collects what the tests ask for."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"<{tag}> says an attribute twice"
        self.tags.append((tag, dict(attrs)))
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def reader(page_text: str) -> Reader:
    reader = Reader()
    reader.feed(page_text)
    reader.close()
    return reader


def test_the_page_is_well_formed(reader: Reader) -> None:
    assert not reader.open


def test_ids_are_unique_and_every_reference_has_its_target(reader: Reader) -> None:
    ids = [attrs["id"] for _, attrs in reader.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for _, attrs in reader.tags:
        for name in ("aria-labelledby", "for"):
            for target in (attrs.get(name) or "").split():
                assert target in ids
        link = attrs.get("href") or attrs.get("xlink:href") or ""
        if link.startswith("#"):
            assert link[1:] in ids


def test_nothing_is_fetched(page_text: str, reader: Reader) -> None:
    for tag, attrs in reader.tags:
        assert not (tag == "script" and "src" in attrs)
        for name in ("src", "href", "xlink:href", "srcset", "action", "poster"):
            value = attrs.get(name)
            if value is not None:
                assert value.startswith(("#", "data:")), f"<{tag} {name}={value[:60]}>"
    assert "@import" not in page_text
    assert not re.search(r"url\((?!#)", page_text)
    assert not re.search(r"https?://(?!www\.w3\.org/)", page_text)  # the namespaces of SVG are names, not addresses


def test_every_section_is_there_and_in_the_contents(reader: Reader) -> None:
    assert [attrs["id"] for tag, attrs in reader.tags if tag == "section"] == SECTIONS
    links = [attrs["href"] for tag, attrs in reader.tags if tag == "a"]
    assert links == ["#main", *(f"#{name}" for name in SECTIONS)]


def test_it_reads_well_without_eyes(reader: Reader) -> None:
    tags = [tag for tag, _ in reader.tags]
    assert ("html", {"lang": "en"}) in reader.tags
    for landmark in ("header", "nav", "main", "footer", "h1"):
        assert tags.count(landmark) == 1
    assert all(b <= a + 1 for a, b in zip(reader.headings, reader.headings[1:], strict=False))
    for tag, attrs in reader.tags:
        if tag == "img":
            assert attrs["alt"]
        if tag == "svg":
            assert attrs["role"] == "img"
            assert attrs.get("aria-label") or attrs.get("aria-labelledby")
        if tag == "th":
            assert attrs["scope"] in ("row", "col")
    regions = [attrs["aria-label"] for tag, attrs in reader.tags if attrs.get("role") == "region"]
    assert len(regions) == len(set(regions))
    assert all("role" in attrs for tag, attrs in reader.tags if tag in ("span", "div", "pre") and "aria-label" in attrs)
    assert tags.count("math") > 15
    assert tags.count("table") == tags.count("caption")
    assert tags.count("figure") == tags.count("figcaption")


def test_behind_every_plot_are_its_numbers(page_text: str) -> None:
    figures = re.findall(r"<figure>.*?</figure>", page_text, flags=re.DOTALL)
    plots = [figure for figure in figures if 'class="plot"' in figure]
    assert len(plots) == 6
    assert all("<details><summary>" in plot and "<table>" in plot for plot in plots)


def test_the_numbers_are_those_of_the_run(page_text: str, results: Results) -> None:
    for run, method in zip(results.runs, METHODS, strict=True):
        assert method.name in page_text
        assert f"{run.cost:.4f}" in page_text
        assert f"{run.test_accuracy:.1%}" in page_text
    for row in results.sheet:
        assert row.name in page_text
    wrong = sum(row.verdict == "wrong" for row in results.sheet)
    assert page_text.count("The slip:") == wrong > 0
    assert f"{wrong} are wrong" in page_text
    for each in results.scheduled:
        assert each.name in page_text
    for rate in results.rates:
        assert f"{rate.slope:.2f}" in page_text
    assert f"{results.matrices.single.nodes:,}" in page_text
    assert "Z1 = X @ W1.T + b1" in page_text
    assert "In the first attempt the cost stayed at 6.9315." in page_text  # 10 ln 2
    blank = (results.data.X == 0).all(axis=0).sum()
    assert f"belong to {blank} pixels that are blank in every training image" in page_text
    assert "${" not in page_text


def test_the_times_are_not_said_more_exactly_than_they_were_measured(page_text: str) -> None:
    found = re.search(
        r"took at best ([\d.]+) ms.*?took at best ([\d.]+) ms\. That is about ([\d,]+) times", page_text, re.S
    )
    assert found
    eager, program, times = (float(x.replace(",", "")) for x in found.groups())
    assert times == float(f"{times:.2g}")
    assert times == pytest.approx(32 * eager / program, rel=0.06)


def test_the_graph_shows_a_dash_before_backward(results: Results) -> None:
    assert "—" in results.small.before["light"]
    assert "—" not in results.small.after["light"]
    label, _, slope = results.small.parameters[0]
    assert label == "w_11^1"
    assert f"{slope:.4g}" in results.small.after["light"]


def test_the_same_results_give_the_same_pictures(results: Results, page_text: str) -> None:
    assert figures.rates(results.rates) in page_text
    assert figures.spread(results.starts) in page_text


def test_a_page_that_cannot_be_written_leaves_nothing_behind(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("autograd.lecture.page.page", lambda _: "the page")
    (tmp_path / "lecture.html").mkdir()
    with pytest.raises(OSError, match=r"lecture\.html"):
        write_page(results, tmp_path / "lecture.html")
    assert [p.name for p in tmp_path.iterdir()] == ["lecture.html"]


def test_the_diagram_draws_small_layers_whole_and_large_ones_in_part() -> None:
    small = architecture([2, 3, 1], ["a", "b", "c"])
    assert small.count("<circle") == 6
    assert small.count("<line") == 2 * 3 + 3
    large = architecture([64, 192, 10], ["a", "b", "c"])
    assert large.count('class="dots"') == 9
    assert ">192<" in large


def luminance(colour: str) -> float:
    """The relative luminance of the Web Content Accessibility Guidelines."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (x / 12.92 if x <= 0.03928 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


@pytest.mark.parametrize("colour", figures.COLOURS)
@pytest.mark.parametrize("card", ["#ffffff", "#1b1f24"])
def test_every_line_of_a_plot_stands_out_in_light_and_in_dark(colour: str, card: str) -> None:
    dark, light = sorted((luminance(colour), luminance(card)))
    assert (light + 0.05) / (dark + 0.05) >= 3


# -- In a real browser -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def complaints() -> list[str]:
    return []


@pytest.fixture(scope="module")
def tab(browser: Any, complaints: list[str]) -> Iterator[Any]:
    """One tab for all tests, offline."""
    context = browser.new_context(offline=True)
    tab = context.new_page()
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.on("request", lambda request: request.url.startswith(("file:", "data:")) or complaints.append(request.url))
    yield tab
    context.close()


@pytest.fixture
def opened(tab: Any, complaints: list[str], page_file: Path) -> Iterator[Any]:
    """The page, opened anew on a large screen; what the browser complains of fails the test."""
    complaints.clear()
    tab.emulate_media(media="screen", color_scheme="light", forced_colors="none")
    tab.set_viewport_size({"width": 1400, "height": 900})
    tab.goto(page_file.as_uri())
    yield tab
    assert not complaints


def test_the_browser_has_no_complaints_and_sets_the_formulas(opened: Any) -> None:
    assert opened.title().startswith("Neural networks")
    assert opened.evaluate("document.querySelector('#architecture math').getBoundingClientRect().height") > 15


def test_the_keyboard_gets_to_the_contents_and_into_a_section(opened: Any) -> None:
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.className") == "skip"
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.hash") == "#architecture"
    for _ in range(3):
        opened.keyboard.press("Tab")
    opened.keyboard.press("Enter")
    opened.wait_for_url("**#training", timeout=5000)
    opened.wait_for_function("document.querySelector('nav a[aria-current]')?.hash == '#training'", timeout=5000)


def test_the_graph_can_be_seen_before_and_after_backward(opened: Any) -> None:
    before, after = opened.locator(".graph.before"), opened.locator(".graph.after")
    assert (before.is_visible(), after.is_visible()) == (False, True)
    opened.locator("#pass-after").focus()
    opened.keyboard.press("ArrowLeft")
    assert (before.is_visible(), after.is_visible()) == (True, False)


@pytest.mark.parametrize("width", [420, 1400])
def test_it_fits_the_width_of_the_screen(opened: Any, width: int) -> None:
    opened.set_viewport_size({"width": width, "height": 900})
    assert opened.evaluate("document.documentElement.scrollWidth") <= width


def test_it_has_a_dark_side(opened: Any) -> None:
    light = opened.evaluate("getComputedStyle(document.body).backgroundColor")
    opened.emulate_media(color_scheme="dark")
    assert opened.evaluate("getComputedStyle(document.body).backgroundColor") != light
    assert opened.locator(".graph.after .dark").is_visible()
    assert not opened.locator(".graph.after .light").is_visible()


def test_what_stands_below_and_above_is_set_there(opened: Any) -> None:
    text = opened.evaluate(
        """(() => { const copy = document.querySelector("main").cloneNode(true);
        for (const e of copy.querySelectorAll("pre, code, .graph, desc")) e.remove();
        return copy.textContent; })()"""
    )
    assert not re.findall(r"[^\W\d_][_^][\w{(]+", text)
    assert not re.findall(r"\de-\d", text)


def test_on_paper_both_graphs_are_seen_and_nothing_scrolls(opened: Any) -> None:
    opened.emulate_media(media="print")
    opened.set_viewport_size({"width": 700, "height": 1000})  # A4 between its margins
    assert opened.locator(".graph.before").is_visible()
    assert opened.locator(".graph.after").is_visible()
    assert not opened.locator("nav").is_visible()
    wide = """[...document.querySelectorAll(".picture, .graph, .scroll, .formula, .sheet li, pre")]
        .filter(e => e.offsetParent && e.scrollWidth > e.clientWidth + 1).map(e => e.outerHTML.slice(0, 200))"""
    assert opened.evaluate(wide) == []


def test_the_keyboard_stops_at_what_scrolls_and_nowhere_else(opened: Any) -> None:
    wrong = """[...document.querySelectorAll(".picture, .graph, .scroll, .formula, pre")].filter(e => e.offsetParent)
        .filter(e => (e.tabIndex === 0) !== (e.scrollWidth > e.clientWidth)).map(e => e.outerHTML.slice(0, 100))"""
    for width in (1400, 500):
        opened.set_viewport_size({"width": width, "height": 900})
        opened.wait_for_function(f"({wrong}).length === 0", timeout=5000)
    assert opened.evaluate("document.querySelectorAll('.picture[tabindex=\"0\"]').length") > 0  # at 500 they scroll


def test_on_a_projector_of_1024_dots_every_picture_is_seen_whole(opened: Any) -> None:
    opened.set_viewport_size({"width": 1024, "height": 768})
    wide = """[...document.querySelectorAll(".picture, .graph")]
        .filter(e => e.offsetParent && e.scrollWidth > e.clientWidth).map(e => e.ariaLabel)"""
    assert opened.evaluate(wide) == []


def test_no_word_of_a_plot_is_cut_off(opened: Any) -> None:
    cut = """[...document.querySelectorAll(".plot text")].filter(e => {
        const word = e.getBoundingClientRect(), plot = e.closest("svg").getBoundingClientRect();
        return word.top < plot.top - 2 || word.bottom > plot.bottom + 2 || word.left < plot.left - 2
            || word.right > plot.right + 2; }).map(e => e.textContent)"""
    assert opened.evaluate(cut) == []


def test_what_scrolls_fades_until_its_end_is_reached(opened: Any) -> None:
    faded = "document.querySelector('#architecture > .formula').classList.contains('more')"
    assert not opened.evaluate(faded)
    opened.set_viewport_size({"width": 390, "height": 844})
    opened.wait_for_function(faded, timeout=5000)
    opened.evaluate("document.querySelector('#architecture > .formula').scrollLeft = 10000")
    opened.wait_for_function(f"!{faded}", timeout=5000)


def test_with_the_systems_own_colours_the_chosen_graph_is_marked(opened: Any) -> None:
    opened.emulate_media(forced_colors="active")
    before, after = (
        opened.evaluate(f"getComputedStyle(document.querySelector('label[for=pass-{name}]')).backgroundColor")
        for name in ("before", "after")
    )
    assert before != after
