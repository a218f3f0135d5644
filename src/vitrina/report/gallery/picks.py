"""Recommendations as a page of pictures: what somebody liked, what is recommended, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
import polars as pl
from markupsafe import Markup

from vitrina.data.catalogue import Catalogue
from vitrina.models.explanation import REST
from vitrina.models.likeness import likeness
from vitrina.models.trained import Trained
from vitrina.report.gallery.shelves import Shown, museum_label, picture_uri
from vitrina.report.map.thumbnails import jpeg_uri, open_thumbnail
from vitrina.report.theme import theme_css

_CAUSES = 2  # works named for each pick
_LARGE, _SMALL, _QUALITY = 480, 160, 85
_LIKED = 24  # works of a history that are shown


@dataclass(frozen=True)
class Pick:
    """One recommended work: its label's lines, a picture, and why, in sentences."""

    rank: int
    lines: tuple[str, ...]
    picture: str
    why: tuple[str, ...]


def picks_html(
    trained: Trained,
    table: pl.DataFrame,
    history: Sequence[str],
    *,
    person: str,
    pictures: Mapping[str, Path] | None = None,
) -> str:
    """Return the page for one person's recommendations.

    ``table`` is what ``Trained.recommend`` gave for the owner of ``history`` (item ids, oldest first). ``pictures`` are files
    of items that are not in the catalogue's folder, by id. The page needs no network and runs no scripts.
    """
    catalogue = trained.catalogue
    files = pictures or {}
    context = {
        "css": Markup(theme_css()),
        "person": person,
        "model": trained.model.title,
        "simulated": trained.info.simulated,
        "data": trained.info.title or trained.info.name,
        "liked": [_liked(catalogue, item, files) for item in reversed(history)][:_LIKED],
        "n_liked": len(history),
        "picks": [_pick(trained, row, history) for row in table.iter_rows(named=True)],
        "exact": trained.model.declares.explains == "exact",
    }
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("vitrina.report"), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    return environment.get_template("picks.html.j2").render(context)


def _liked(catalogue: Catalogue, item: str, files: Mapping[str, Path]) -> Shown:
    code = catalogue.items.code(item)
    lines = museum_label(catalogue, code)
    image = open_thumbnail(files[item], _SMALL) if item in files else None
    picture = picture_uri(catalogue, code, _SMALL) if image is None else jpeg_uri(image, _QUALITY)
    return Shown(lines[0], ", ".join(lines), picture)


def _pick(trained: Trained, row: Mapping[str, object], history: Sequence[str]) -> Pick:
    catalogue, item = trained.catalogue, str(row["item"])
    code = catalogue.items.code(item)
    lines = tuple(museum_label(catalogue, code, trained.info.currency))
    why = _why(trained, item, history) if row["source"] == trained.model.name else ("Popular with everybody.",)
    return Pick(int(str(row["rank"])), lines, picture_uri(catalogue, code, _LARGE), why)


def _why(trained: Trained, item: str, history: Sequence[str]) -> tuple[str, ...]:
    """Name the works of the history that speak most for a pick, with their shares, and what it has in common with them."""
    parts = trained.explain(item=item, history=history, k=_CAUSES) if history else None
    if parts is None:
        return ()
    speaking = parts.filter((pl.col("contribution") > 0) & (pl.col("cause") != REST))
    liked = speaking.filter(kind="history")
    sentences = []
    if len(liked):
        titles = liked["title"] if "title" in liked.columns else liked["cause"]
        named = [f"“{title}” ({100 * share:.0f} %)" for title, share in zip(titles, liked["share"], strict=True)]
        sentences.append(f"Because of {' and '.join(named)}.")
    else:
        sentences += [f"Because of {name}." for name in speaking["cause"].head(1)]
    codes = trained.catalogue.items.encode(liked["cause"])
    shared = (likeness(trained.catalogue, trained.catalogue.items.code(item), int(code)) for code in codes)
    return (*sentences, *(f"{words}." for words in shared if words))
