"""What is added to Graphviz's SVG: words for a screen reader, and the exact numbers on hovering over a node."""

from __future__ import annotations

from xml.etree import ElementTree

from autograd.draw.model import Picture

SVG = "http://www.w3.org/2000/svg"


def finish(drawn: bytes, picture: Picture) -> str:
    """Graphviz's SVG as an element that can stand in a page, next to others: no prologue, no ids.

    Each node's group has ``data-node="n3"``, its name in the DOT text.
    """
    root = ElementTree.fromstring(drawn)
    about = {node.id: node.about for node in picture.nodes}
    for parent in root.iter():
        parent.attrib.pop("id", None)
        if parent.get("font-family"):
            parent.set("font-family", "Arial,Helvetica,'Liberation Sans',sans-serif")
        title = parent.find(f"{{{SVG}}}title")
        if title is None:
            continue
        name = title.text or ""
        if parent.get("class") == "node" and name in about:
            parent.set("data-node", name)
            title.text = about[name]
        else:
            parent.remove(title)
    root.set("role", "img")
    root.set("aria-label", picture.name)
    root.set("style", "max-width:100%;height:auto")
    for tag, text in (("desc", picture.about), ("title", picture.name)):
        element = ElementTree.Element(f"{{{SVG}}}{tag}")
        element.text = text
        root.insert(0, element)
    ElementTree.register_namespace("", SVG)
    return ElementTree.tostring(root, encoding="unicode")
