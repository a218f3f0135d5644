"""Recommendations as a page of pictures: what somebody liked, what is recommended, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from markupsafe import Markup

from vitrina.data.catalogue import PRICE, Catalogue
from vitrina.experiments.study import STUDY
from vitrina.models.explanation import REST
from vitrina.models.likeness import likeness
from vitrina.models.trained import Trained
from vitrina.report.gallery.shelves import Shown, museum_label, picture_uri
from vitrina.report.map.labels import museum_labels
from vitrina.report.map.thumbnails import jpeg_uri, open_thumbnail
from vitrina.report.templating import environment
from vitrina.report.theme import theme_css

_CAUSES = 2  # works named for each pick
_ALL = 0.995  # a share that reads 100 %, and so need not be said
_PRICE_SPEAKS = 0.1  # share of a score from which on the price is named
_SAME = 0.15  # relative difference of prices that are about the same
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
        "model": _method(trained),
        "simulated": trained.info.simulated,
        "data": trained.info.title or trained.info.name,
        "personal": trained.model.declares.personalised,
        "popular": bool(len(table)) and not (table["source"] == trained.model.name).any(),
        "liked": [_liked(catalogue, item, files) for item in reversed(history)][:_LIKED],
        "n_liked": len(history),
        "picks": [_pick(trained, row, history) for row in table.iter_rows(named=True)],
        "exact": trained.model.declares.explains == "exact",
    }
    return environment().get_template("picks.html.j2").render(context)


def _method(trained: Trained) -> str:
    """What chose the works, by the study's name where a general model was set up as one of its methods."""
    declared = STUDY.get(str(trained.provenance.get("method", "")), {})
    same = declared.get("model") == trained.model.name and declared["title"].lower() != trained.model.name
    return str(declared["title"]) if same else trained.model.title


def _liked(catalogue: Catalogue, item: str, files: Mapping[str, Path]) -> Shown:
    code = catalogue.items.code(item)
    lines = museum_label(catalogue, code)
    image = open_thumbnail(files[item], _SMALL) if item in files else None
    picture = picture_uri(catalogue, code, _SMALL) if image is None else jpeg_uri(image, _QUALITY)
    return Shown(lines[0], ", ".join(lines), picture)


def _pick(trained: Trained, row: Mapping[str, object], history: Sequence[str]) -> Pick:
    catalogue, item = trained.catalogue, str(row["item"])
    code = catalogue.items.code(item)
    lines = _label(catalogue, code, trained.info.currency)
    why = _why(trained, item, history) if row["source"] == trained.model.name else ("Popular with everybody.",)
    return Pick(int(str(row["rank"])), lines, picture_uri(catalogue, code, _LARGE), why)


def _label(catalogue: Catalogue, code: int, currency: str) -> tuple[str, ...]:
    """A museum label in four lines at most: title; artist; year and medium; price."""
    columns = {key: texts[0] for key, texts in museum_labels(catalogue, np.array([code]), currency).items()}
    made = ", ".join(text for key in ("year", "medium") if (text := columns[key]))
    return tuple(text for text in (columns["title"], columns["artist"], made, columns["price"]) if text)


def _why(trained: Trained, item: str, history: Sequence[str]) -> tuple[str, ...]:
    """Name the works of the history that speak most for a pick, with their shares, and what it has in common with them."""
    parts = trained.explain(item=item, history=history, k=_CAUSES) if history else None
    if parts is None:
        return ()
    speaking = parts.filter((pl.col("contribution") > 0) & (pl.col("cause") != REST))
    liked = speaking.filter(kind="history")
    price = _price(trained, item, history, parts)
    sentences = []
    if len(liked):
        titles = liked["title"] if "title" in liked.columns else liked["cause"]
        named = [f"“{title}”{_percent(share)}" for title, share in zip(titles, liked["share"], strict=True)]
        sentences.append(f"Because of {' and '.join(named)}.")
    elif not price:
        sentences += [f"Because of {_named(name)}." for name in speaking["cause"].head(1)]
    codes = trained.catalogue.items.encode(liked["cause"])
    shared = (likeness(trained.catalogue, trained.catalogue.items.code(item), int(code)) for code in codes)
    closest = next((words for words in shared if words), "")  # of the strongest cause that it has something in common with
    return (*sentences, *([f"{closest}."] if closest else []), *price)


def _named(cause: str) -> str:
    """A cause that is no work: the item's own (its popularity, its color), or a part of the model that has a longer name."""
    return f"the {cause.removeprefix('the ')}" if " " in cause else f"its {cause}"


def _percent(share: float) -> str:
    return f" ({100 * share:.0f}\N{NO-BREAK SPACE}%)" if share < _ALL else ""


def _price(trained: Trained, item: str, history: Sequence[str], parts: pl.DataFrame) -> tuple[str, ...]:
    """What the price has to do with a pick, where the method goes by prices: alone, or as a noticeable part of the score."""
    part = parts.filter(kind="other", cause="price")
    table = trained.catalogue.table
    if part.is_empty() or PRICE not in table.columns:
        return ()
    # Alone it is a distance, 0 at best; as a part of a sum it is made positive.
    alone = trained.model.name == "price"
    share = float(part["share"][0])
    before = table[PRICE].gather(trained.catalogue.items.encode(history)).drop_nulls()
    mine = table[PRICE][trained.catalogue.items.code(item)]
    if before.is_empty() or mine is None or not (alone or share >= _PRICE_SPEAKS):
        return ()
    mean = float(str(before.mean()))
    works = "that work cost" if len(history) == 1 else "those works cost on average"
    price = f"{trained.info.currency} {mean:,.0f}".strip()
    near = "about what" if abs(mine - mean) <= _SAME * max(abs(mine), abs(mean)) else "not far from what"
    much = "" if alone else f", which makes {100 * share:.0f}\N{NO-BREAK SPACE}% of the score"
    return (f"Its price is {near} {works} ({price}){much}.",)
