import numpy as np
import polars as pl
import pytest

from vitrina.data.catalogue import Catalogue
from vitrina.data.queries import Queries
from vitrina.data.vocabulary import Vocabulary
from vitrina.models.explanation import REST, Explanation
from vitrina.models.reasons import because, reasons, sentence

WORKS = Vocabulary(["a", "b", "c", "d"], "item")
TITLED = Catalogue(WORKS, pl.DataFrame({"title": ["Alba", "Bruma", None, "Duna"]}))


def asked(*histories):
    return Queries.from_lists(histories, WORKS.keys)


def parts(contributions, queries, **others):
    return Explanation(queries.offsets, np.float32(contributions), {name: np.float32(part) for name, part in others.items()})


def test_the_table_closes_to_the_score():
    query = asked([0, 1, 0, 2, 3])
    table = reasons(parts([1, 4, 0.5, -2, 0], query, bias=[0.5]), query, TITLED)
    assert table.columns == ["kind", "cause", "title", "contribution", "share"]
    assert table.rows() == [
        ("history", "b", "Bruma", 4.0, 0.5),
        ("history", "a", "Alba", 1.5, 0.1875),
        ("history", "c", "c", -2.0, -0.25),  # no title: its id
        ("other", "bias", None, 0.5, 0.0625),
        ("other", "1 further item of the history", None, 0.0, 0.0),
    ]


def test_the_strongest_alone_and_the_others_together():
    query = asked([0, 1, 2, 3])
    table = reasons(parts([1, 4, 3, -2], query), query, Catalogue(WORKS), k=2)
    assert table.columns == ["kind", "cause", "contribution", "share"]
    assert table.select("cause", "contribution").rows() == [("b", 4.0), ("c", 3.0), ("2 further items of the history", -1.0)]
    assert table["share"].to_list() == pytest.approx([0.4, 0.3, -0.1])


def test_nothing_to_tell():
    query = asked([])
    table = reasons(parts([], query), query, TITLED)
    assert table.height == 0
    assert sentence(table, "Duna", "u1") == "Duna scores 0 for u1; nothing speaks for it."


def test_two_causes_for_each_pair():
    queries = asked([0, 1, 2], [1, 2], [0], [], [3])
    found = parts([1, 3, 2, -1, 5, -1, np.nan], queries, popularity=[9, 9, 0.5, 0, np.nan], **{REST: [1, 1, 1, 9, 9]})
    named = because(found, queries, TITLED)
    assert named.name == "because"
    assert named.to_list() == ["Bruma; c", "c", "popularity", None, None]


@pytest.mark.parametrize(
    ("contributions", "others", "words"),
    [
        ([3, 6, 1, -1], {}, "Duna scores 9 for u1, mostly because of: Bruma (55 %), Alba (27 %), c (9 %)."),
        ([1, 2, 0, 0], {"bias": [7]}, "Duna scores 10 for u1, first of all because of: Bruma (20 %), Alba (10 %)."),
        ([-1, 0, 0, 0], {"popularity": [3]}, "Duna scores 2 for u1, not because of the history but of: popularity (75 %)."),
    ],
)
def test_the_sentence(contributions, others, words):
    query = asked([0, 1, 2, 3])
    assert sentence(reasons(parts(contributions, query, **others), query, TITLED), "Duna", "u1") == words
