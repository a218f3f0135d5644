"""From an Altair chart to a small inline SVG: drawn without network, cleaned, its ids made unique, safe to put in a page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import Any
from xml.etree import ElementTree

import altair as alt
import vl_convert
from markupsafe import Markup

from vitrina.report.theme import THEME

_SVG = "http://www.w3.org/2000/svg"
_KEPT = {"svg", "g", "path", "rect", "line", "text", "tspan", "defs", "clipPath"}
_DROPPED = {
    "role",
    "class",
    "aria-roledescription",
    "aria-label",
    "aria-hidden",
    "pointer-events",
    "version",
    "stroke-miterlimit",
}
_ONES = {"opacity": "1", "font-weight": "normal", "font-style": "normal"}


Drawable = alt.Chart | alt.LayerChart | alt.FacetChart | alt.VConcatChart
"""What Altair may hand back from layering and stacking charts."""


@dataclass(frozen=True)
class Figure:
    """A figure of the page: its message, the drawing (wide and, where it differs, narrow) and a caption."""

    id: str
    message: str
    drawing: Markup
    caption: str
    narrow: Markup | None = None


def inline(values: list[dict[str, Any]]) -> alt.InlineData:
    """Wrap rows as chart data. Field names are ours; whatever comes from users is only ever a value."""
    return alt.InlineData(values=values)


def drawing(chart: Drawable, name: str, alternative: str) -> Markup:
    """Draw a chart; ``name`` makes its ids unique within the page, ``alternative`` is what a screen reader says."""
    with alt.theme.enable(THEME):
        spec = chart.to_dict()
    # allowed_base_urls: nothing in a chart may be fetched.
    source = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    root = ElementTree.fromstring(source)
    _clean(root, _id_map(root, name))
    width, height = root.attrib["width"], root.attrib["height"]
    body = "".join(_serialise(child) for child in root)
    return Markup(
        f'<svg role="img" aria-label="{escape(alternative)}" width="{width}" height="{height}" '
        f'viewBox="{root.attrib["viewBox"]}" fill="none">{body}</svg>'
    )


def _id_map(root: ElementTree.Element, name: str) -> dict[str, str]:
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    return {old: f"{name}-{i}" for i, old in enumerate(ids)}


def _clean(element: ElementTree.Element, ids: dict[str, str]) -> None:
    """Keep shapes and text only; strip what the page does not use; fail on anything that could act."""
    tag = element.tag.removeprefix(f"{{{_SVG}}}")
    if tag not in _KEPT:
        raise RuntimeError(f"a drawn chart holds <{tag}>, which does not belong in the page")
    element.tag = tag
    for key, value in list(element.attrib.items()):
        if key in _DROPPED or _ONES.get(key) == value:
            del element.attrib[key]
        elif key == "id":
            element.attrib[key] = ids[value]
        elif key == "clip-path":
            element.attrib[key] = re.sub(r"url\(#(.*?)\)", lambda m: f"url(#{ids[m[1]]})", value)
        elif key == "d" or re.search(r"\.\d{3,}", value):
            element.attrib[key] = _rounded(value)
    for child in list(element):
        if _is_empty(child):
            element.remove(child)
        else:
            _clean(child, ids)


def _rounded(value: str) -> str:
    return re.sub(r"-?\d+\.\d{3,}", lambda m: f"{float(m[0]):.2f}".rstrip("0").rstrip("."), value)


def _is_empty(element: ElementTree.Element) -> bool:
    if element.attrib.get("display") == "none":
        return True
    if element.tag == f"{{{_SVG}}}path":
        return element.attrib.get("d", "") in ("", "M0,0h0v0h0Z") or not ({"fill", "stroke"} & set(element.attrib))
    if element.tag == f"{{{_SVG}}}text":
        return not "".join(element.itertext()).strip()
    return element.tag == f"{{{_SVG}}}g" and all(_is_empty(child) for child in element)


def _serialise(element: ElementTree.Element) -> str:
    return ElementTree.tostring(element, encoding="unicode", short_empty_elements=True)
