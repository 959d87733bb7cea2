"""The style and the script of the page, as text that stands in it: the page is one file that needs no network.

Colours are those of `autograd.draw.theme`. In the dark the picture's own colours are exchanged for those of the dark
theme.
"""

from __future__ import annotations

from dataclasses import fields

from autograd.draw.theme import DARK, LIGHT


def style() -> str:
    """The page's CSS, for light and for dark."""
    return (
        f":root {{ {_variables('LIGHT')} color-scheme: light dark; }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {_variables('DARK')} }} {_recoloured()} }}\n"
        f"@media print {{ :root {{ color-scheme: light; }} }}\n{STYLE}"
    )


def _variables(which: str) -> str:
    theme = DARK if which == "DARK" else LIGHT
    names = ("background", "text", "faint", "gradient", "line", "highlight")
    pairs = [f"--{name}: {getattr(theme, name)};" for name in names]
    return " ".join(
        [*pairs, f"--panel: {theme.operation[0]};", f"--leaf: {theme.leaf[1]};", f"--warm: {theme.root[0]};"]
    )


def _recoloured() -> str:
    """Rules that turn each colour of the light picture into the one that stands for it in the dark theme."""
    rules = set()
    for field in fields(LIGHT):
        light, dark = getattr(LIGHT, field.name), getattr(DARK, field.name)
        pair = (light, dark) if isinstance(light, tuple) else ((light,), (dark,))
        kinds = ("fill", "stroke") if isinstance(light, tuple) else ("both",)
        for old, new, kind in zip(*pair, kinds, strict=True):
            for attribute in ("fill", "stroke") if kind == "both" else (kind,):
                rules.add((attribute, old, new, field.name))
    lines = []
    for attribute, old, new, name in sorted(rules):
        scope = {"background": ".graph", "made": ".node", "root": ".node", "leaf": ".node"}.get(name, "")
        lines.append(f'svg {scope} [{attribute}="{old}"] {{ {attribute}: {new}; }}')
    # black is what Graphviz leaves unsaid
    return " ".join([*lines, f"svg text:not([fill]) {{ fill: {DARK.text}; }}"])


STYLE = """
* { box-sizing: border-box; }
body { margin: 0; background: var(--background); color: var(--text); font: 1.125rem/1.45 system-ui, sans-serif; }
main { max-width: 100rem; margin: 0 auto; padding: .75rem 1.25rem 1.5rem; }
h1 { font-size: 1.4rem; margin: .25rem 0 .5rem; }
h2 { font-size: 1.1rem; margin: 1rem 0 .4rem; }
.wide { overflow-x: auto; }
.picture { border: 1px solid var(--panel); border-radius: .5rem; padding: .25rem; overflow: auto; text-align: center; }
.picture { max-height: 54vh; }
.picture svg { max-width: none !important; height: auto; display: block; margin: auto; }
math { font-size: 1.1em; math-style: normal; }
mfrac > * { padding: .08em .12em; }
button { font: inherit; color: var(--text); background: var(--panel); border: 2px solid var(--faint);
  border-radius: .4rem; padding: .3rem .8rem; min-height: 2.75rem; min-width: 2.75rem; cursor: pointer; }
button[aria-disabled=true] { opacity: .45; cursor: default; }
:focus-visible { outline: 3px solid var(--highlight); outline-offset: 2px; }
input[type=range] { flex: 1 1 10rem; min-width: 6rem; accent-color: var(--leaf); height: 2rem; }
.controls { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin: .6rem 0; }
.controls .count { font-variant-numeric: tabular-nums; min-width: 6.5em; }
.hint { color: var(--faint); font-size: .95rem; margin: .3rem 0; }
.below { display: grid; grid-template-columns: minmax(0, 2.2fr) minmax(15rem, 1fr); gap: 0 2rem; align-items: start; }
ol.steps { list-style: none; margin: 0; padding: 0; }
ol.steps > li { padding: .5rem 0; border-bottom: 1px solid var(--panel); }
.steps p { margin: .1rem 0 .4rem; max-width: 46em; }
.steps .phase { color: var(--faint); font-size: .95rem; }
.steps .line { overflow-x: auto; padding: .25rem 0 .25rem 1rem; }
.steps .line.more:not(:focus-visible) { -webkit-mask-image: linear-gradient(to left, transparent, #000 2.5rem);
  mask-image: linear-gradient(to left, transparent, #000 2.5rem); }
.steps .total, .steps .where { display: inline-block; white-space: nowrap; padding: .3rem 0; }
.steps .total { margin-left: .8em; }
.steps .where { color: var(--faint); margin-left: .8em; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: bold; padding-bottom: .3rem; }
th, td { text-align: right; padding: .15rem .7rem .15rem 0; border-bottom: 1px solid var(--panel); }
th { font-weight: normal; }
th:first-child { text-align: left; }
thead th { color: var(--faint); }
td.grad { color: var(--gradient); }
tr.now > * { background: var(--warm); }
.quiet { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.playing ol.steps > li { border: 0; display: none; padding: 0; }
.playing ol.steps > li.now { display: block; }
.playing li:not(.only) .phase { display: none; }
.playing li:not(.only) p { margin: 0; font-size: 1.15rem; }
.playing .below { min-height: 16rem; }
.playing .wide { max-height: 75vh; overflow-y: auto; position: relative; }
.playing .wide thead th { position: sticky; top: 0; background: var(--background); }
.playing .steps li.only p { font-size: 1.25rem; }
.playing .steps li.only .line { font-size: 1.15rem; }
html:not(.playing) .controls, html:not(.playing) .keys { display: none; }
svg .now > path, svg .now > polygon, svg .now > ellipse { stroke: var(--highlight) !important; stroke-width: 4px; }
svg .edge.now > polygon { fill: var(--highlight) !important; }
svg .edge.now > text { fill: var(--text); font-weight: bold; }
svg .later > :is(path, polygon, ellipse) { opacity: .38; } svg .later text { opacity: .85; }
@media (prefers-reduced-motion: no-preference) { svg .node > *, svg .edge > * { transition: opacity .2s; } }
@media (forced-colors: active) { tr.now > th { font-weight: bold; text-decoration: underline; } }
@media (max-width: 48rem) {
  body { font-size: 1rem; } main { padding: .5rem .75rem 8rem; } h1 { font-size: 1.1rem; }
  .picture { max-height: 42vh; } .playing .steps li.only p { font-size: 1.1rem; } .below { display: block; }
  .playing .controls { position: fixed; inset: auto 0 0 0; margin: 0; padding: .4rem .6rem;
    background: var(--background); border-top: 2px solid var(--panel); gap: .3rem; justify-content: space-between;
    z-index: 1; }
  .playing .controls button { padding: .3rem .35rem; min-width: 2.6rem; font-size: .95rem; }
  .controls .count { display: none; }
  .controls input[type=range] { flex-basis: 100%; order: -1; } .keys { display: none; }
  .playing .below { min-height: 0; } .playing .steps li.only .line { font-size: 1rem; padding-left: 0; }
}
@media (max-width: 48rem) and (max-height: 27rem) {  /* a phone on its side */
  main { padding-bottom: 4.5rem; } h1 { font-size: 1rem; margin: 0 0 .2rem; }
  .controls input[type=range] { flex: 1 1 4rem; min-width: 4rem; order: 0; }
  .playing .controls { flex-wrap: nowrap; padding: .2rem .6rem; }
}
@media print {
  .steps .line.more { -webkit-mask-image: none !important; mask-image: none !important; }
  .controls, .keys { display: none !important; } .playing ol.steps > li { display: block !important; }
  ol.steps > li, .picture { break-inside: avoid; } .below { display: block; }
  .picture { max-height: none; overflow: hidden; } .picture svg { width: 100% !important; max-height: 20cm; }
  .playing .wide { max-height: none; overflow: visible; break-inside: avoid; margin-top: 1rem; }
}
"""

SCRIPT = """
"use strict";
(() => {
  const story = JSON.parse(document.getElementById("story").textContent);
  const $ = (id) => document.getElementById(id);
  const all = (query) => [...document.querySelectorAll(query)];
  const byName = (attribute) => new Map(all(`.picture [${attribute}]`).map((e) => [e.getAttribute(attribute), e]));
  const nodes = byName("data-node"), edges = byName("data-edge");
  const items = all("ol.steps > li"), rows = new Map(all("tr[data-row]").map((r) => [r.dataset.row, r]));
  const last = story.views.length - 1;
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let at = 0, timer = 0;

  const put = (name, what, text) => {
    const group = nodes.get(name) || edges.get(name);
    const place = group && group.querySelector(`[data-what="${what}"]`);
    if (place) place.textContent = text;
  };

  const show = (view) => {
    at = Math.max(0, Math.min(last, view));
    const [first, end] = story.views[at];
    for (const e of [...nodes.values(), ...edges.values()]) e.classList.remove("now");
    for (const group of [...nodes.values(), ...edges.values()])
      for (const place of group.querySelectorAll("[data-what=data],[data-what=grad],[data-what=slope]"))
        place.textContent = place.dataset.what === "slope" ? "" : "\\u2014";
    for (const row of rows.values()) {
      row.classList.remove("now");
      row.cells[1].textContent = row.cells[2].textContent = "\\u2014";
    }
    const reached = new Set(story.constants);
    for (let k = 0; k < end; k++) {
      const scene = story.scenes[k];
      reached.add(scene.node);
      for (const [name, what, text] of scene.picture) put(name, what, text);
      for (const [name, column, text] of scene.table) {
        const row = rows.get(String(name));
        if (!row) continue;
        row.cells[column].textContent = text;
        if (k >= first) row.classList.add("now");
      }
    }
    for (let k = first; k < end; k++) {
      const scene = story.scenes[k], node = nodes.get(scene.node);
      if (node) node.classList.add("now");
      for (const name of scene.edges) if (edges.has(name)) edges.get(name).classList.add("now");
    }
    for (const [name, group] of nodes) group.classList.toggle("later", !reached.has(name));
    items.forEach((item, k) => {
      item.classList.toggle("now", k >= first && k < end);
      item.classList.toggle("only", end - first === 1);
    });
    // the inputs are one view of many steps; the numbers are those of the steps
    const number = `${end - first > 1 ? `${first + 1}–` : ""}${end} of ${story.scenes.length}`;
    $("count").textContent = number;
    $("where").value = at;
    $("where").setAttribute("aria-valuetext", `step ${number}`);
    for (const [id, end] of [["first", 0], ["back", 0], ["next", last], ["last", last]])
      $(id).setAttribute("aria-disabled", at === end);  // (one that is disabled altogether would lose the focus)
    $("said").textContent = `Step ${number}. ` +
      items.slice(first, end).map((item) => item.querySelector("p").textContent).join(" ");
    const changed = document.querySelector("tr.now"), table = document.querySelector(".wide");
    if (changed) table.scrollTop = changed.offsetTop - table.clientHeight / 3;
    if (at === last) pause();
    measure();
    follow(nodes.get(story.scenes[first].node));
  };

  // A formula too long for the screen scrolls, with the arrow keys too while it has the focus (as the picture does).
  // It fades where there is more to come.
  const fade = (line) => line.classList.toggle("more", line.scrollLeft + line.clientWidth < line.scrollWidth - 2);
  const measure = () => {
    for (const line of all("li.now .line")) {
      line.tabIndex = line.scrollWidth > line.clientWidth ? 0 : -1;
      line.onscroll = () => fade(line);
      fade(line);
    }
  };

  const frame = document.querySelector(".picture"), graph = frame.querySelector("svg");
  const follow = (node) => {  // a graph too large for the screen scrolls along
    if (!node) return;
    const a = node.getBoundingClientRect(), b = frame.getBoundingClientRect();
    frame.scrollBy({
      left: a.left + a.width / 2 - b.left - b.width / 2, top: a.top + a.height / 2 - b.top - b.height / 2,
      behavior: still.matches ? "auto" : "smooth",
    });
  };
  const fit = () => {  // as large as there is room for, but never too small to read
    if (!graph) return;
    const box = graph.viewBox.baseVal, room = innerHeight * (innerWidth < 768 ? 0.42 : 0.5);
    const scale = Math.min((frame.clientWidth - 12) / box.width, room / box.height);
    graph.style.width = `${box.width * Math.max(0.8, Math.min(1.9, scale))}px`;
  };

  const pause = () => { clearInterval(timer); timer = 0; $("play").textContent = "Play"; };
  const play = () => {
    if (timer) return pause();
    if (at === last) show(0);
    $("play").textContent = "Pause";
    timer = setInterval(() => show(at + 1), 2500);
  };
  const go = (view) => { pause(); show(view); };
  const does = {
    ArrowRight: () => go(at + 1), ArrowLeft: () => go(at - 1), PageDown: () => go(at + 1), PageUp: () => go(at - 1),
    Home: () => go(0), End: () => go(last), f: () => go(0), b: () => go(story.backward), p: play,
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const seen = event.target, inside = seen.matches(":is(.line, .picture, .wide):focus-visible");
    const scrolls = inside && seen.scrollWidth > seen.clientWidth;
    if (scrolls && ["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    const what = does[event.key] || (event.key === " " && event.target.tagName !== "BUTTON" && play);
    if (!what) return;
    event.preventDefault();
    what();
  });
  $("first").onclick = does.Home; $("back").onclick = does.ArrowLeft; $("next").onclick = does.ArrowRight;
  $("last").onclick = does.End; $("turn").onclick = does.b; $("play").onclick = play;
  $("where").max = last; $("where").oninput = (event) => go(Number(event.target.value));
  document.documentElement.classList.add("playing");
  addEventListener("resize", () => { fit(); measure(); });
  let seen = 0;  // on paper stands the whole story
  addEventListener("beforeprint", () => { seen = at; show(last); });
  addEventListener("afterprint", () => show(seen));
  fit();
  show(0);
})();
"""
