"""The map as one page: pictures on a canvas that one can zoom and move, search, labels, marks; no network, one script.

Everything that a catalogue says is data: text is escaped in the template, the JSON cannot end its element, the script only
ever sets text, and the page's own policy runs no script but that one, known by its checksum.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from vitrina import __version__
from vitrina.report.map.labels import texts
from vitrina.report.map.marks import CORNERS, Marks, Style, styles
from vitrina.report.map.neighbourhood import NEIGHBOURS, SAMPLE
from vitrina.report.map.picture import FADED, map_image
from vitrina.report.map.thumbnails import SHEET, SMALL, jpeg_uri, sheets
from vitrina.report.map.work_map import WorkMap
from vitrina.report.numbers import counted, listed, percent
from vitrina.report.templating import environment, source
from vitrina.report.theme import theme_css

_HOME = "vitrina.report.map"  # the package with the templates

_STILL = 1600  # pixels across, of the picture for print and for readers without scripts
_LISTED = 200  # works of a set that are written out
_QUALITY = 82


def draw_map_page(
    work_map: WorkMap, marks: Sequence[Marks] = (), *, by: str = "", values_left_out: int = 0, lines: bool = False
) -> str:
    """Return the page, HTML in one piece.

    ``marks`` are pointed out, and listed below the map for those who do not see it. ``by`` names the attribute when the marks
    are groups of one, ``values_left_out`` how many of its values have no frame. ``lines`` shows from the start what can be
    switched on: from each pick to the work of the history most like it. Raises ``VitrinaError`` for marks that cannot be told
    apart.
    """
    drawn, links = styles(marks), work_map.links(marks)
    style, script = source("map.css", _HOME), source("map.js", _HOME)
    css = f"{theme_css()}\n{style}"
    still = map_image(work_map, marks, width=_STILL)
    two_sizes = work_map.thumbnails.side >= 2 * SMALL
    context = {
        "version": __version__,
        "style": Markup(css),
        "style_hash": _policy_hash(css),
        "script": script,
        "script_hash": _policy_hash(script),
        "title": work_map.title,
        "simulated": work_map.dataset.info.simulated,
        "headline": headline(work_map),
        "measured": measured(work_map),
        "counted": counted(len(work_map), "work"),
        "still": jpeg_uri(still, _QUALITY),
        "still_size": still.size,
        "sets": [_set(work_map, one, how) for one, how in zip(marks, drawn, strict=True)],
        "listed": [_set(work_map, one, how) for one, how in zip(marks, drawn, strict=True) if one.role != "group"],
        "by": by,
        "further": f"{counted(values_left_out, 'value')} more, without frames." if values_left_out else "",
        "fade": any(one.role != "group" for one in marks),
        "has_links": bool(links),
        "lines": lines,
        "made": made(work_map),
        "large": sheets(work_map.thumbnails, work_map.thumbnails.side, _QUALITY),
        "small": sheets(work_map.thumbnails, SMALL, _QUALITY) if two_sizes else [],
        "data": _safe_json(_data(work_map, marks, drawn, links)),
        "swatch": _swatch,
    }
    return environment(_HOME).get_template("map.html.j2").render(context)


def headline(work_map: WorkMap) -> str:
    """Say in one sentence what is seen."""
    return f"{counted(len(work_map), 'work')}, laid out so that those alike by {work_map.feature} lie close together"


def measured(work_map: WorkMap) -> str:
    """Say in one sentence how often neighbours share a style or an artist, or nothing where it could not be measured."""
    found = [f"{percent(a.share)} have the same {a.attribute} ({percent(a.chance)} by chance)" for a in work_map.agreements]
    return f"Of the ten works nearest to a work, {listed(found)}." if found else ""


def made(work_map: WorkMap) -> list[str]:
    """Say how the map was made, and how far it can be trusted."""
    layout, lost = work_map.layout, int((~work_map.thumbnails.present).sum())
    how = (
        f"Places: t-SNE (perplexity {layout.perplexity:g}, seed {layout.seed}) of the first 50 principal components of "
        f"{work_map.feature}, by cosine."
        if layout.method == "t-sne"
        else f"Places: the first two principal components of {work_map.feature}, the works being too few for t-SNE."
    )
    recipe = work_map.dataset.catalogue.recipes.get(work_map.feature)
    if recipe and recipe.network:
        how += f" The feature comes from {recipe.network}{f', layer {recipe.layer}' if recipe.layer else ''}."
    sentences = [how, "Works that lie close are alike; how far groups lie from each other means little."]
    if work_map.kept is not None:
        sentences.append(
            f"A flat map cannot keep everything: of the {NEIGHBOURS} works most like a work, {percent(work_map.kept)} are among "
            f"its {NEIGHBOURS} nearest here. Thumbnails were moved a little so as not to hide each other."
        )
    if work_map.agreements and len(work_map) > SAMPLE:
        sentences.append(f"Shares were measured on {SAMPLE:,} works drawn at random.")
    if work_map.agreements:
        sentences.append("Shares are those of the feature itself, by cosine, not of this flat map of it.")
    if work_map.n_left_out:
        sentences.append(f"Not on the map: {counted(work_map.n_left_out, 'work')} without this feature.")
    if lost:
        sentences.append(f"{counted(lost, 'work')} without a picture that can be read: drawn as plain tiles.")
    return sentences


def _set(work_map: WorkMap, marks: Marks, style: Style) -> dict[str, Any]:
    """What the template says of a set; its works are written out with the labels of the catalogue."""
    rows = work_map.index_of[marks.codes]
    labels, catalogue = work_map.labels, work_map.dataset.catalogue
    n_off = int((rows < 0).sum())
    works = []
    for code, row in zip(marks.codes[:_LISTED], rows[:_LISTED], strict=True) if marks.role != "group" else ():
        here = int(row) if row >= 0 else None
        title = labels["title"][row] if here is not None else texts(catalogue.titles.gather([int(code)]))[0]
        own = {key: labels[key][row] if here is not None else None for key in ("artist", "year")}
        works.append({"index": here, "title": title or catalogue.items.ids[int(code)], **own})
    words = counted(len(rows), "work")
    words += f", {n_off:,} of them not on the map" if n_off else ""
    words += f"; the first {_LISTED} are listed" if marks.role != "group" and len(rows) > _LISTED else ""
    return {"name": marks.name, "style": style, "count": f"{len(rows) - n_off:,}", "words": words, "works": works}


def _data(
    work_map: WorkMap, marks: Sequence[Marks], drawn: Sequence[Style], links: Sequence[tuple[int, int, int]]
) -> dict[str, Any]:
    thumbnails = work_map.thumbnails
    low = work_map.positions.min(axis=0).astype(np.float64)
    extent = np.maximum(work_map.positions.max(axis=0) - low, 1e-6)
    places = np.round((work_map.positions - low) / extent * 65535).astype("<u2")
    labels: Mapping[str, Sequence[str | None]] = work_map.labels
    return {
        "n": len(work_map),
        "low": low.tolist(),
        "extent": extent.tolist(),
        "side": work_map.side,
        "largest": min(thumbnails.side, 192) if thumbnails.side > 24 else 2 * thumbnails.side,
        "sides": {"large": thumbnails.side, "small": SMALL},
        "sheet": SHEET,
        "faded": FADED,
        "places": _base64(places),
        "boxes": _base64(np.maximum(np.round(thumbnails.boxes * 255), 1).astype(np.uint8)),
        "colours": _base64(thumbnails.colours),
        "present": _base64(thumbnails.present.astype(np.uint8)),
        "labels": labels,
        "sets": [
            {
                "name": one.name,
                "role": one.role,
                "colour": how.colour,
                "corners": CORNERS[how.shape],
                "works": work_map.rows(one).tolist(),
            }
            for one, how in zip(marks, drawn, strict=True)
        ],
        "links": links,
    }


def _base64(array: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")


def _safe_json(value: object) -> Markup:
    """Write JSON that can stand inside a script element: no text in it can end the element or begin a comment."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # Half of a surrogate pair cannot be written as UTF-8.
    text = text.encode("utf-8", "replace").decode("utf-8")
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def _policy_hash(text: str) -> str:
    """Return how a Content-Security-Policy names an inline script or style."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"


def _swatch(style: Style) -> Markup:
    """Draw the shape of a set, as it is on the map."""
    corners = CORNERS[style.shape]
    paint = 'data-colour="ink"' if style.colour == "ink" else f'fill="{style.colour}"'
    form = f'<polygon points="{" ".join(f"{x},{y}" for x, y in corners)}" {paint}/>' if corners else f'<circle r="1" {paint}/>'
    return Markup(f'<svg class="swatch" viewBox="-1.1 -1.1 2.2 2.2" aria-hidden="true">{form}</svg>')
