"""Figures as SVG inside an HTML page: unique ids, nothing that a browser would fetch."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ElementTree
from typing import TYPE_CHECKING

from rl_zoo.plots.style import zoo_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_XML = "http://www.w3.org/XML/1998/namespace"
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_SANS_SERIF = re.compile(r"\s*font-family: 'DejaVu Sans'[^;]*sans-serif;?")
_NUMBERS = ("d", "x", "y", "width", "height", "points", "transform")
"""Attributes that hold coordinates, in points."""


def figure_to_svg(figure: Figure, prefix: str, title: str, description: str) -> str:
    """Return ``figure`` as an ``<svg>`` element to put into an HTML page.

    Text stays text, in the fonts of the page. Several figures on one page do not disturb each
    other: Matplotlib numbers the parts of each from 1, so every id gets ``prefix``.

    Args:
        figure: Any figure.
        prefix: Unique on the page.
        title: What it is called, for who cannot see it.
        description: What it shows, likewise.
    """
    written = io.StringIO()
    with zoo_style():
        figure.savefig(written, format="svg", metadata={"Date": None})
    root = ElementTree.fromstring(written.getvalue())
    _drop_head(root)
    for element in root.iter():
        _clean(element, prefix)
    names = {"title": f"{prefix}title", "desc": f"{prefix}desc"}
    root.attrib = {
        "viewBox": root.attrib["viewBox"],
        "role": "img",
        "aria-labelledby": " ".join(names.values()),
    }
    for place, (tag, text) in enumerate({"title": title, "desc": description}.items()):
        element = ElementTree.Element(tag, {"id": names[tag]})
        element.text = text
        root.insert(place, element)
    return ElementTree.tostring(root, encoding="unicode")


def _drop_head(root: ElementTree.Element) -> None:
    """Remove the metadata, and the style that would hold for the whole page."""
    for child in list(root):
        name = _local(child.tag)
        style = child.find("{*}style") if name == "defs" else None
        if name == "metadata":
            root.remove(child)
        elif style is not None:
            child.remove(style)
            if not len(child):
                root.remove(child)


def _clean(element: ElementTree.Element, prefix: str) -> None:
    """Prefix the ids of one element, drop namespaces, needless digits and blank text."""
    element.tag = _local(element.tag)
    element.attrib = {_attribute(name): text for name, text in element.attrib.items()}
    for name, text in element.attrib.items():
        if name == "id":
            element.attrib[name] = prefix + text
        elif name == "href" and text.startswith("#"):
            element.attrib[name] = f"#{prefix}{text[1:]}"
        elif name in _NUMBERS:
            element.attrib[name] = _LONG_NUMBER.sub(_shortened, text)
        else:
            element.attrib[name] = _REFERENCE.sub(rf"url(#{prefix}\1)", text)
    if "style" in element.attrib:
        element.attrib["style"] = _SANS_SERIF.sub("", element.attrib["style"])
    if element.tag not in ("text", "tspan"):
        element.text = (element.text or "").strip() or None
    element.tail = None if element.tag != "tspan" else element.tail


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _attribute(name: str) -> str:
    return f"xml:{_local(name)}" if name.startswith(f"{{{_XML}}}") else _local(name)


def _shortened(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")
