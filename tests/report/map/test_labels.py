from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from tests.report.map.cases import gallery
from vitrina.data.catalogue import Catalogue
from vitrina.data.vocabulary import Vocabulary
from vitrina.report.map.labels import ARTIST, find_column, museum_labels


def test_a_label_says_what_a_museum_would(folder: Path):
    labels = museum_labels(gallery(folder, 8, pictures=False).catalogue, np.array([4, 2]), "EUR")
    assert {key: values[0] for key, values in labels.items()} == {
        "title": "Untitled 4",
        "artist": labels["artist"][0],
        "year": "1904",
        "medium": "oil",
        "price": "EUR 400",
        "id": "w004",
    }
    assert labels["id"] == ["w004", "w002"]


def test_whatever_columns_are_called_and_whatever_is_missing():
    table = pl.DataFrame(
        {
            "Creator": [["A", "B"], None],
            "Technique": ["  oil \n on canvas ", ""],
            "price": [12.5, float("nan")],
            "title": ["x" * 300, None],
        },
        schema_overrides={"Creator": pl.List(pl.String)},
    )
    catalogue = Catalogue(Vocabulary(["i", "j"], "item"), table)
    labels = museum_labels(catalogue, np.array([0, 1]))
    assert find_column(catalogue, ARTIST) == "Creator"
    assert labels["artist"] == ["A, B", None]
    assert labels["medium"] == ["oil on canvas", None]
    assert labels["price"] == ["12.50", None]
    assert labels["year"] == [None, None]
    assert labels["title"][1] == "j"
    assert labels["title"][0] == "x" * 199 + "…"
    bare = museum_labels(Catalogue(Vocabulary(["i"], "item")), np.array([0]))
    assert bare["title"] == bare["id"] == ["i"]
