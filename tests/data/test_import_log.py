"""Good logs in every format: what is read, which column is what, and what is said about it."""

import json
import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from vitrina.data.dataset import Dataset
from vitrina.data.importers.log import dataset_from, import_frames, import_log, save_import
from vitrina.data.sample import N_EVENTS, N_ITEMS, N_USERS, write_sample
from vitrina.data.storage import load_dataset
from vitrina.errors import DataError, VitrinaError

from .import_help import NOW, events, imported, reasons, roles, write

ROWS = [("ana", "vase", 5.0, 1_600_000_000), ("ben", "vase", 3.5, 1_600_000_100), ("ana", "bowl", 1.0, 1_600_000_200)]
NAMES = ["user_id", "item_id", "rating", "timestamp"]


def table() -> pl.DataFrame:
    return pl.DataFrame(ROWS, schema=NAMES, orient="row")


@pytest.mark.parametrize("separator", [",", "\t", ";", "|", "::", " ", "^"])
@pytest.mark.parametrize("header", [True, False])
def test_separated_text(tmp_path: Path, separator: str, header: bool) -> None:
    lines = [separator.join(map(str, row)) for row in ([NAMES] if header else []) + ROWS]
    given = {"delimiter": separator} if separator in " ^" else {}
    result = imported(tmp_path, "\n".join(lines) + "\n", **given)
    assert events(result) == ROWS
    assert reasons(result) == []
    assert len(result.warnings) == (0 if header else 1)
    if not header:
        assert (
            "has no header line; its columns were read as column_1 = user, column_2 = item, column_3 = value"
            in result.warnings[0]
        )


@pytest.mark.parametrize("name", ["log.jsonl", "log.ndjson", "log.csv", "log"])
def test_json_lines_by_name_and_by_content(tmp_path: Path, name: str) -> None:
    text = "\n".join(json.dumps(dict(zip(NAMES, row, strict=True))) for row in ROWS)
    assert events(imported(tmp_path, text, name)) == ROWS


@pytest.mark.parametrize("name", ["log.parquet", "log.pq", "log.csv"])
def test_parquet_by_name_and_by_content(tmp_path: Path, name: str) -> None:
    table().write_parquet(tmp_path / name)
    assert events(import_log(tmp_path / name, now=NOW)) == ROWS


def test_frames_of_three_libraries() -> None:
    pandas = pytest.importorskip("pandas")
    for frame in (table(), table().lazy(), table().to_arrow(), pandas.DataFrame(ROWS, columns=NAMES)):
        assert events(import_frames(frame, now=NOW)) == ROWS
    with pytest.raises(DataError, match="interactions is a list; expected a Polars, pandas or PyArrow table"):
        import_frames([1, 2])


def test_dataset_from_warns_of_refused_rows() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"user": [1.0, 2.0, float("nan")], "item": ["a", "b", "c"]})
    with pytest.warns(UserWarning, match=r"1 row\(s\) were refused \(1 x user id is empty\); import_frames"):
        dataset = dataset_from(frame, now=NOW)
    assert isinstance(dataset, Dataset)
    assert dataset.users.ids.to_list() == ["1", "2"]


def test_windows_and_old_mac_line_ends_and_marks(tmp_path: Path) -> None:
    text = "user,item\nana,vase\nben,bowl\n"
    want = [("ana", "vase"), ("ben", "bowl")]
    for coded in (
        text.replace("\n", "\r\n").encode(),
        text.replace("\n", "\r").encode(),
        text.encode("utf-8-sig"),
        text.encode()[:-1],
    ):
        result = imported(tmp_path, coded)
        assert events(result) == want
        assert result.warnings == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_utf16_is_read_and_said(tmp_path: Path, encoding: str) -> None:
    result = imported(tmp_path, "user,item\nana,jarrón\nben,bowl\n".encode(encoding))
    assert events(result) == [("ana", "jarrón"), ("ben", "bowl")]
    assert "was read as UTF-" in result.warnings[0]


def test_other_encodings_name_the_line(tmp_path: Path) -> None:
    result = imported(tmp_path, "user,item\nana,vase\nben,jarrón €\n".encode("cp1252"))
    assert events(result)[1] == ("ben", "jarrón €")
    assert "log.csv is not UTF-8 (first at line 3); it was read as Windows-1252" in result.warnings[0]
    result = imported(tmp_path, b"user,item\nana,va\x81se\xe9\n")
    assert events(result) == [("ana", "va\x81seé")]
    assert "(first at line 2); it was read as Latin-1" in result.warnings[0]


def test_named_encoding_is_obeyed_or_refused(tmp_path: Path) -> None:
    text = "user,item\nana,Ваза\n"
    assert events(imported(tmp_path, text.encode("cp1251"), encoding="cp1251")) == [("ana", "Ваза")]
    with pytest.raises(DataError, match="cannot be read with encoding 'utf-8'"):
        imported(tmp_path, text.encode("cp1251"), encoding="utf-8")
    with pytest.raises(DataError, match="unknown encoding: klingon"):
        imported(tmp_path, text, encoding="klingon")


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("userId,movieId,rating,timestamp", {"user": "userId", "item": "movieId", "value": "rating", "timestamp": "timestamp"}),
        (
            "timestamp,visitorid,event,itemid,transactionid",
            {"user": "visitorid", "item": "itemid", "kind": "event", "session": "transactionid"},
        ),
        ("Customer ID,SKU,Qty,Order Date", {"user": "Customer ID", "item": "SKU", "value": "Qty", "timestamp": "Order Date"}),
        ("user_id:token,item_id:token,rating:float", {"user": "user_id:token", "item": "item_id:token", "value": "rating:float"}),
        ("user,user_name,item,title,created_at", {"user": "user", "item": "item", "timestamp": "created_at"}),
        ("buyer,artwork,artist,basket_id", {"user": "buyer", "item": "artwork", "session": "basket_id"}),
        ("user,user_id,product,product_id", {"user": "user_id", "item": "product_id"}),
        ("cliente,producto,cantidad,fecha", {"user": "cliente", "item": "producto", "value": "cantidad", "timestamp": "fecha"}),
        ("listener,track,weight", {"user": "listener", "item": "track", "value": "weight"}),
    ],
)
def test_names_decide(tmp_path: Path, header: str, found: dict[str, str]) -> None:
    width = header.count(",") + 1
    rows = [",".join(["1"] * width), ",".join(["2"] * width)]
    result = imported(tmp_path, "\n".join([header, *rows]))
    assert found.items() <= roles(result).items()


def test_content_decides_where_names_do_not(tmp_path: Path) -> None:
    text = "who,artwork,stamp\nana,v1,2020-01-05\nben,v2,2020-02-05\nana,v2,2020-03-01\n"
    result = imported(tmp_path, text)
    assert roles(result) == {"user": "who", "item": "artwork", "timestamp": "stamp"}
    why = {use.role: use.why for use in result.mapping}
    assert (why["user"], why["timestamp"]) == ("the only column left that holds ids", "it holds dates")
    assert str(result.mapping[0]) == "log.csv: user = who (the only column left that holds ids)"


def test_requests_come_first(tmp_path: Path) -> None:
    text = "user_id,customer_id,item,rating,timestamp\n1,a,x,5,1600000000\n2,b,y,4,1600000001\n"
    result = imported(tmp_path, text, columns={"user": "customer_id", "value": "", "timestamp": "TIMESTAMP"})
    assert events(result) == [("a", "x", 1600000000), ("b", "y", 1600000001)]
    assert "column(s) not used: 'user_id', 'rating'" in result.warnings[0]


def test_without_header_content_must_agree(tmp_path: Path) -> None:
    assert events(imported(tmp_path, "7,v9,1600000000\n8,v9,1600000001\n")) == [("7", "v9", 1600000000), ("8", "v9", 1600000001)]
    assert events(imported(tmp_path, "7,v9\n8,v9\n")) == [("7", "v9"), ("8", "v9")]
    result = imported(tmp_path, "1600000000,7,v9\n1600000001,8,v9\n", columns={"timestamp": "column_1"})
    assert events(result) == [("7", "v9", 1600000000), ("8", "v9", 1600000001)]
    with pytest.raises(DataError, match=r"has no header line, and its columns do not read as user, item.*--column user=column_1"):
        imported(tmp_path, "2020-01-01,7,v9\n2020-01-02,8,v9\n")


def test_header_can_be_settled(tmp_path: Path) -> None:
    text = "ana,vase\nben,bowl\n"
    assert events(imported(tmp_path, text, header=False)) == [("ana", "vase"), ("ben", "bowl")]
    with pytest.raises(DataError, match=r"no column looks like the user. Columns are 'ana', 'vase'"):
        imported(tmp_path, text)
    result = imported(tmp_path, "1,2\n3,4\n", header=True, columns={"user": "1", "item": "2"})
    assert events(result) == [("3", "4")]


def test_index_column_of_pandas_is_not_mistaken(tmp_path: Path) -> None:
    result = imported(tmp_path, ",user,item\n0,ana,vase\n1,ben,bowl\n")
    assert events(result) == [("ana", "vase"), ("ben", "bowl")]


def test_quoted_fields(tmp_path: Path) -> None:
    text = 'user,item\n"Pérez, Ana","the ""big"" vase"\nben,"two\nlines, one note"\neva,bowl\n'
    result = imported(tmp_path, text)
    assert events(result) == [("Pérez, Ana", 'the "big" vase'), ("eva", "bowl")]
    assert reasons(result) == [(3, "item id contains a line break")]
    assert "1 row(s) contain line breaks inside quotation marks (the first at line 3)" in result.warnings[0]


def test_ids_written_as_floats_become_whole(tmp_path: Path) -> None:
    result = imported(tmp_path, "user,item\n12.0,007\n3.0,01\n12.0,7.5\n")
    assert [row[0] for row in events(result)] == ["12", "3", "12"]
    assert [row[1] for row in events(result)] == ["007", "01", "7.5"]
    assert "user ids such as '12.0' were read as whole numbers" in result.warnings[0]


def test_big_numbers_keep_their_digits(tmp_path: Path) -> None:
    big = 9_007_199_254_740_993  # 2**53 + 1, which a float cannot hold
    assert events(imported(tmp_path, f"user,item\n{big},1\n"))[0][0] == str(big)
    assert events(imported(tmp_path, f'{{"user": {big}, "item": 1}}', "log.jsonl"))[0][0] == str(big)


def test_codes_follow_the_catalogue_then_first_appearance(tmp_path: Path) -> None:
    items = write(tmp_path, "id,title\nz,Zinc\nb,Bowl\n", "items.csv")
    result = imported(tmp_path, "user,item\nu2,q\nu1,b\nu2,a\n", items=items)
    assert result.dataset.items.ids.to_list() == ["z", "b", "q", "a"]
    assert result.dataset.users.ids.to_list() == ["u2", "u1"]
    assert result.dataset.catalogue.titles.to_list() == ["Zinc", "Bowl", "q", "a"]
    assert any("2 of 3 items of the log are not in items.csv (first 'q')" in w for w in result.warnings)


def test_same_data_set_as_built_by_hand(tmp_path: Path) -> None:
    result = imported(tmp_path, "user,item,rating\nana,vase,5\nben,vase,3\nana,bowl,1\n")
    by_hand = Dataset.from_frame(
        pl.DataFrame({"user": ["ana", "ben", "ana"], "item": ["vase", "vase", "bowl"], "value": [5.0, 3, 1]})
    )
    assert result.dataset.fingerprint == by_hand.fingerprint
    assert result.dataset.interactions.schema == by_hand.interactions.schema


def test_sessions_become_numbers(tmp_path: Path) -> None:
    result = imported(tmp_path, "user,item,order_id\na,x,77\na,y,77\nb,x,5\n")
    assert result.dataset.interactions["session"].to_list() == [77, 77, 5]
    result = imported(tmp_path, "user,item,order_id\na,x,o-1\na,y,o-2\nb,x,\nb,y,o-1\nb,z,\n")
    session = result.dataset.interactions["session"].to_list()
    assert session[0] == session[3]
    assert len(set(session)) == 4, "events without session are sessions of their own"
    assert result.dataset.interactions["session"].dtype == pl.Int64


def test_values_in_words_and_with_commas(tmp_path: Path) -> None:
    assert [e[2] for e in events(imported(tmp_path, "user;item;rating\na;x;4,5\nb;x;3\n"))] == [4.5, 3.0]
    assert [e[2] for e in events(imported(tmp_path, "user,item,value\na,x,true\nb,x,FALSE\n"))] == [1.0, 0.0]
    result = imported(tmp_path, "user,item,rating\na,x,\nb,x,3\n")
    assert [e[2] for e in events(result)] == [None, 3.0]
    assert "1 of 2 events have no value." in result.warnings


def test_flags_reach_the_data_set(tmp_path: Path) -> None:
    text = "user,item,rating\na,x,5\nb,x,2\n"
    result = imported(tmp_path, text, name="shop", positive="value >= 4", repeats=True, currency="CLP")
    info = result.dataset.info
    assert (info.name, info.positive, info.repeats, info.currency, info.source) == ("shop", "value >= 4", True, "CLP", "log.csv")
    assert imported(tmp_path, text).dataset.info.name == "log"
    with pytest.raises(DataError, match=r"positive = 'stars > 3' cannot be applied.*value >= 4"):
        imported(tmp_path, text, positive="stars > 3")
    result = imported(tmp_path, text, positive="value > 9")
    assert any("no event is positive" in w for w in result.warnings)


def test_saved_import_has_mapping_and_refused_rows(tmp_path: Path) -> None:
    result = imported(tmp_path, "user,item,line\nana,vase,x\n,bowl,y\n")
    save_import(result, tmp_path / "shop")
    assert load_dataset(tmp_path / "shop").fingerprint == result.dataset.fingerprint
    report = json.loads((tmp_path / "shop" / "import.json").read_text())
    assert report["mapping"][0] == {"file": "log.csv", "role": "user", "column": "user", "why": "by its name"}
    assert report["rejected"] == {"log": {"user id is empty": 1}}
    assert report["read"] == {"log": 2}
    refused = pl.read_csv(tmp_path / "shop" / "rejected.csv")
    assert refused.rows(named=True) == [
        {"file": "log.csv", "line": 3, "reason": "user id is empty", "user": None, "item": "bowl", "raw_line": "y"}
    ]
    with pytest.raises(VitrinaError, match="exists already"):
        save_import(result, tmp_path / "shop")
    save_import(imported(tmp_path, "user,item\nana,vase\n"), tmp_path / "shop", overwrite=True)
    assert not (tmp_path / "shop" / "rejected.csv").exists()


def test_failed_save_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = imported(tmp_path, "user,item\nana,vase\n,bowl\n")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_csv", full)
    with pytest.raises(VitrinaError, match="No space left"):
        save_import(result, tmp_path / "shop")
    assert [p.name for p in tmp_path.iterdir()] == ["log.csv"]


def test_sample_imports_without_a_refused_row(tmp_path: Path) -> None:
    log, catalogue = write_sample(tmp_path / "sample")
    result = import_log(log, items=catalogue)
    assert result.n_rejected == 0
    assert result.rejected.height == 0
    dataset = result.dataset
    assert (len(dataset), dataset.n_users, dataset.n_items) == (N_EVENTS, N_USERS, N_ITEMS)
    assert dataset.has_times
    assert dataset.catalogue.table.schema["styles"] == pl.List(pl.String)
    assert roles(result, "catalogue") == {
        "id": "item",
        "title": "title",
        "price": "price",
        "stock": "stock",
        "available_from": "available_from",
    }
    first, again, other = tmp_path / "sample", tmp_path / "again", tmp_path / "other"
    write_sample(again)
    write_sample(other, seed=1)
    assert (first / "log.csv").read_bytes() == (again / "log.csv").read_bytes() != (other / "log.csv").read_bytes()
    with pytest.raises(VitrinaError, match="exists already"):
        write_sample(again)


def test_sample_holds_tastes(tmp_path: Path) -> None:
    """Items that a user has taken share styles more than items at large do: there is something to learn."""
    log, catalogue = write_sample(tmp_path / "sample")
    dataset = import_log(log, items=catalogue).dataset
    style = dataset.catalogue.attribute("styles").list.first().rank("dense").to_numpy()
    seen = style[dataset.item_codes]
    order = np.argsort(dataset.user_codes, kind="stable")
    same_user = dataset.user_codes[order][1:] == dataset.user_codes[order][:-1]
    agree = (seen[order][1:] == seen[order][:-1])[same_user].mean()
    chance = sum((np.bincount(seen)[1:] / seen.size) ** 2)
    assert agree > chance + 0.1


@pytest.mark.needs_data
def test_real_movielens_files(tmp_path: Path) -> None:
    folder = Path(os.environ.get("VITRINA_DATA", "")) / "ml-1m"
    if not os.environ.get("VITRINA_DATA") or not (folder / "ratings.dat").is_file():
        pytest.skip("needs VITRINA_DATA with ml-1m/ratings.dat")
    result = import_log(
        folder / "ratings.dat", items=folder / "movies.dat", users=folder / "users.dat", item_columns={"title": "column_2"}
    )
    assert result.n_rejected == 0
    dataset = result.dataset
    assert (len(dataset), dataset.n_users, int((dataset.popularity > 0).sum())) == (1_000_209, 6_040, 3_706)
    assert dataset.interactions["timestamp"].null_count() == 1_000_209 - 392_520
    assert dataset.catalogue.titles[dataset.items.code("1")] == "Toy Story (1995)"
    assert dataset.catalogue.attribute("column_3")[dataset.items.code("1")].to_list() == ["Animation", "Children's", "Comedy"]
