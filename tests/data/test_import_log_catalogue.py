"""Catalogues and tables of users: which column is the id, what the attributes are, and what cannot be used."""

from pathlib import Path

import polars as pl
import pytest

from vitrina.data.importers.log import import_frames, save_import
from vitrina.data.storage import load_dataset
from vitrina.errors import DataError, UnknownNameError

from .import_help import imported, reasons, roles, write

LOG = "user,item\nana,1\nben,2\nana,3\n"


def with_items(tmp_path: Path, text: str | bytes, name: str = "items.csv", **options):
    return imported(tmp_path, LOG, items=write(tmp_path, text, name), **options)


def column(result, name: str) -> list:
    """One catalogue column in the order of the ids 1, 2, 3."""
    catalogue = result.dataset.catalogue
    values = catalogue.attribute(name).to_list()
    return [values[catalogue.items.code(i)] for i in ("1", "2", "3")]


def test_known_columns_are_recognised_and_typed(tmp_path: Path) -> None:
    text = (
        "sku,name,price,stock,available_from,available_until,image,link,year,colour\n"
        "1,Vase,$12.50,3,2024-01-02,,vases/1.jpg,https://shop/1,1999,red\n"
        '2,Bowl,"1,200",0,2024-01-02T10:00:00Z,2030-01-01,,http://shop/2,,blue\n'
        "3,Jug,7 EUR,,,,3.png,/pieces/3,2001,\n"
    )
    result = with_items(tmp_path, text)
    assert roles(result, "items") == {
        "id": "sku", "title": "name", "price": "price", "stock": "stock", "available_from": "available_from",
        "available_until": "available_until", "image": "image", "url": "link",
    }  # fmt: skip
    assert result.dataset.catalogue.attributes == ["year", "colour"]
    assert column(result, "title") == ["Vase", "Bowl", "Jug"]
    assert column(result, "price") == [12.5, 1200.0, 7.0]
    assert column(result, "stock") == [3, 0, None]
    assert column(result, "available_from") == [1_704_153_600, 1_704_189_600, None]
    assert column(result, "available_until") == [None, 1_893_456_000, None]
    assert column(result, "image") == ["vases/1.jpg", None, "3.png"]
    assert column(result, "url") == ["https://shop/1", "http://shop/2", "/pieces/3"]
    assert column(result, "year") == [1999, None, 2001]
    assert column(result, "colour") == ["red", "blue", None]
    assert result.warnings == []
    save_import(result, tmp_path / "shop")
    assert load_dataset(tmp_path / "shop").catalogue.table.equals(result.dataset.catalogue.table)


@pytest.mark.parametrize(
    ("given", "price"),
    [
        ("12", 12.0),
        ("12.5", 12.5),
        ("$ 12.50", 12.5),
        ("12,50 €", 12.5),
        ("1.234,50", 1234.5),
        ("1,234.50", 1234.5),
        ("1'234.50", 1234.5),
        ("CLP 45000", 45000.0),
        ("free", None),
        ("-3", None),
        ("inf", None),
    ],
)
def test_prices(tmp_path: Path, given: str, price: float | None) -> None:
    result = with_items(tmp_path, f"id|price\n1|{given}\n2|1\n")
    assert column(result, "price")[0] == price
    lost = [w for w in result.warnings if "price value(s) cannot be read" in w]
    assert len(lost) == (price is None)
    if lost:
        assert repr(given) in lost[0]
        assert reasons(result) == [(2, "price value(s) cannot be read; the row is kept without it")]
        assert result.n_rejected == 0


@pytest.mark.parametrize("given", ["2.5", "-1", "many", "99999999999"])
def test_stock_is_a_whole_number(tmp_path: Path, given: str) -> None:
    result = with_items(tmp_path, f"id,stock\n1,{given}\n2,true\n3,12.0\n")
    assert column(result, "stock") == [None, 1, 12]
    assert any("1 stock value(s) cannot be read" in w for w in result.warnings)


def test_lists_are_split_at_pipes(tmp_path: Path) -> None:
    result = with_items(tmp_path, "id,genres\n1,Drama|War\n2,Comedy\n3, Drama || Drama \n")
    assert column(result, "genres") == [["Drama", "War"], ["Comedy"], ["Drama"]]
    assert "items.csv: 'genres' was split at '|' into lists." in result.warnings


def test_lists_by_request(tmp_path: Path) -> None:
    text = "id;tags;note\n1;a, b;x|y\n2;a;z\n3;;w\n"
    result = with_items(tmp_path, text, lists={"tags": ","})
    assert column(result, "tags") == [["a", "b"], ["a"], None]
    with pytest.raises(DataError, match=r"items.csv has no column 'tag' to split. Columns are 'id', 'tags', 'note'"):
        with_items(tmp_path, text, lists={"tag": ","})


def test_lists_of_json_and_parquet(tmp_path: Path) -> None:
    lines = '{"id": 1, "tags": ["a", "b"], "size": 2.5}\n{"id": 2, "tags": [], "size": 3}\n{"id": 3}\n'
    for result in (
        with_items(tmp_path, lines, "items.jsonl"),
        import_frames(
            pl.DataFrame({"user": ["ana", "ben", "ana"], "item": [1, 2, 3]}),
            pl.DataFrame({"id": [1, 2, 3], "tags": [["a", "b"], [], None], "size": [2.5, 3.0, float("nan")]}),
        ),
    ):
        assert column(result, "tags") == [["a", "b"], None, None]
        assert column(result, "size") == [2.5, 3.0, None]
    assert any("1 value(s) of 'size' are NaN or infinite and were left empty" in w for w in result.warnings)


def test_codes_with_leading_zeros_stay_text(tmp_path: Path) -> None:
    result = with_items(tmp_path, "id,zip,floor\n1,00123,-1\n2,91000,0\n3,10000,2\n")
    assert column(result, "zip") == ["00123", "91000", "10000"]
    assert column(result, "floor") == [-1, 0, 2]


def test_repeated_and_missing_ids_are_reported(tmp_path: Path) -> None:
    result = with_items(tmp_path, "id,title\n1,first\n1,second\n,nobody\n2,two\n1.0,third\n")
    assert column(result, "title") == ["first", "two", None]
    assert reasons(result) == [
        (3, "item id repeats an earlier row, which is kept"),
        (4, "item id is empty"),
        (6, "item id repeats an earlier row, which is kept"),
    ]
    assert result.counts == {"items": {"item id repeats an earlier row, which is kept": 2, "item id is empty": 1}}
    assert any("1 of 3 items of the log are not in items.csv (first '3')" in w for w in result.warnings)


def test_id_is_told_by_the_log_where_names_do_not(tmp_path: Path) -> None:
    result = with_items(tmp_path, "nr,what\n9,1\n8,2\n7,3\n")
    assert roles(result, "items")["id"] == "what"
    result = with_items(tmp_path, "id,item_id,title\n10,1,Vase\n11,2,Bowl\n12,3,Jug\n")
    assert roles(result, "items")["id"] == "item_id"
    assert column(result, "id_2") == [10, 11, 12]
    result = with_items(tmp_path, "1::Vase::a|b\n2::Bowl::c\n")
    assert roles(result, "items")["id"] == "column_1"
    assert column(result, "column_3") == [["a", "b"], ["c"], None]


def test_id_by_request_and_wrong_requests(tmp_path: Path) -> None:
    text = "id,old,title,headline\n1,2,a,b\n2,1,c,d\n"
    result = with_items(tmp_path, text, item_columns={"id": "old", "title": "headline"})
    assert column(result, "title") == ["d", "b", None]
    assert "title_2" in result.dataset.catalogue.attributes
    with pytest.raises(UnknownNameError, match=r"unknown role 'titel'\. Did you mean 'title'\?.*--item-column ROLE=COLUMN"):
        with_items(tmp_path, text, item_columns={"titel": "title"})
    with pytest.raises(UnknownNameError, match=r"unknown column 'headlin'\. Did you mean 'headline'"):
        with_items(tmp_path, text, item_columns={"title": "headlin"})


def test_catalogue_of_other_ids_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        DataError,
        match=r"none of the 3 items in the log is in items\.csv: the log has '1', column 'id' has 'A-1'.*--item-column id=COLUMN",
    ):
        with_items(tmp_path, "id,title\nA-1,Vase\nA-2,Bowl\n")
    with pytest.raises(DataError, match=r"items\.csv: no column looks like the id.*--item-column id=nr"):
        with_items(tmp_path, "nr,what\nA-1,Vase\nA-2,Bowl\n")
    with pytest.raises(DataError, match=r"no row of items\.csv can be used: 2 x item id is empty"):
        with_items(tmp_path, "id,title\n,Vase\n,Bowl\n")


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "C:\\x.jpg", "a/../../b.jpg"])
def test_image_paths_that_leave_the_folder_are_dropped_and_said(tmp_path: Path, path: str) -> None:
    result = with_items(tmp_path, f"id,image\n1,{path}\n2,ok.jpg\n")
    assert column(result, "image") == [None, "ok.jpg", None]
    assert any("1 image path(s) leave the data folder" in w and repr(path) in w for w in result.warnings)
    assert reasons(result) == [(2, "image path(s) leave the data folder; the row is kept without it")]
    save_import(result, tmp_path / "shop")
    assert load_dataset(tmp_path / "shop").n_items == 3


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", " JavaScript:x", "file:///etc/passwd"])
def test_links_of_other_schemes_are_dropped_and_said(tmp_path: Path, link: str) -> None:
    result = with_items(tmp_path, f"id|url\n1|{link}\n2|https://shop/2\n")
    assert column(result, "url") == [None, "https://shop/2", None]
    assert any("1 url link(s) are not http(s)" in w for w in result.warnings)


def test_users_table(tmp_path: Path) -> None:
    users = write(tmp_path, "user_id,town,age\nben,Talca,30\nzoe,Lima,\nben,Arica,1\n", "users.csv")
    result = imported(tmp_path, LOG, users=users)
    assert result.dataset.users.ids.to_list() == ["ben", "zoe", "ana"]
    assert result.dataset.user_table.rows() == [("Talca", 30), ("Lima", None), (None, None)]
    assert result.counts == {"users": {"user id repeats an earlier row, which is kept": 1}}
    assert any("1 of 2 users of the log are not in users.csv (first 'ana')" in w for w in result.warnings)
    with pytest.raises(DataError, match=r"none of the 2 users .*--user-column id=COLUMN"):
        imported(tmp_path, LOG, users=write(tmp_path, "user_id,town\nx,y\nw,z\n", "other.csv"))


def test_separator_of_the_catalogue_can_be_settled(tmp_path: Path) -> None:
    result = with_items(tmp_path, "id^title\n1^a, b\n2^c, d\n", item_delimiter="^")
    assert column(result, "title") == ["a, b", "c, d", None]


def test_many_lines_in_a_description(tmp_path: Path) -> None:
    result = with_items(tmp_path, 'id,about\n1,"one\ntwo\nthree"\n2,x\n,y\n')
    assert column(result, "about")[0] == "one\ntwo\nthree"
    assert reasons(result) == [(6, "item id is empty")]
