"""Bad logs: each fault has its message or its reason in the list of refused rows; nothing else is lost."""

import datetime
import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from vitrina.data.importers.log import import_frames, import_log
from vitrina.errors import DataError, UnknownNameError

from .import_help import NOW, events, imported, reasons, write


def refuse(tmp_path: Path, text: str | bytes, message: str, file: str = "log.csv", **options) -> None:
    with pytest.raises(DataError, match=message):
        imported(tmp_path, text, file, **options)


def test_missing_file_suggests_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, "user,item\n1,2\n", "sales.csv")
    with pytest.raises(DataError, match=r"there is no file .*sale\.csv\. Did you mean .*sales\.csv\?"):
        import_log(tmp_path / "sale.csv")
    with pytest.raises(DataError, match=r"there is no file .*Check the path"):
        import_log(tmp_path / "deep" / "nothing.parquet")


def test_folder_in_place_of_a_file(tmp_path: Path) -> None:
    write(tmp_path, "user,item\n1,2\n", "sales.csv")
    with pytest.raises(DataError, match=r"is a folder; expected a file\. It holds: sales\.csv"):
        import_log(tmp_path)
    write(tmp_path, "", "dataset.toml")
    with pytest.raises(DataError, match="is a folder that was imported already"):
        import_log(tmp_path)


@pytest.mark.parametrize("text", [b"", b"  \n\n \t\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\xef\xbb\xbf\n\n"])
def test_empty_file(tmp_path: Path, text: bytes) -> None:
    refuse(tmp_path, text, r"log\.csv is empty\. Expected one event a line, for example: user,item,timestamp")


@pytest.mark.parametrize("text", ["user,item\n", "user,item", "user,item\r\n\r\n"])
def test_header_only(tmp_path: Path, text: str) -> None:
    refuse(tmp_path, text, r"has a header \(user, item\) but no rows below it")


def test_wrong_delimiter_names_the_likely_one(tmp_path: Path) -> None:
    text = "user,item,rating\nana,vase,5\nben,bowl,4\n"
    refuse(
        tmp_path,
        text,
        r"separated by ';', every line of .*log\.csv is one single column.*looks separated by comma: pass --delimiter ','",
        delimiter=";",
    )
    refuse(tmp_path, text.replace(",", "\t"), r"looks separated by tab: pass --delimiter '\\t'", delimiter=",")
    refuse(
        tmp_path,
        text.replace(",", "^"),
        r"one single column \('user\^item\^rating'\).*looks separated by '\^': pass --delimiter '\^'",
    )
    refuse(tmp_path, text.replace(",", ""), r"one single column \('useritemrating'\); expected a user and an item at least")
    refuse(tmp_path, text, "'' cannot separate columns", delimiter="")
    refuse(tmp_path, text, "cannot separate columns", delimiter="\n")


def test_lists_of_items_are_recognised(tmp_path: Path) -> None:
    refuse(tmp_path, "1 10 20 30\n2 10\n3 20 40\n", "lists of different lengths separated by ' '; write one event a line instead")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("buyer,price,colour", r"no column looks like the item\. Columns are 'buyer', 'price', 'colour'.*--column item=price"),
        ("a,b,c", r"no column looks like the user\. Columns are 'a', 'b', 'c'.*--column user=a"),
        ("user_id,customer_id,item", r"2 columns could be the user: 'user_id', 'customer_id'.*--column user=user_id\."),
        ("user,item_id,product_id", r"2 columns could be the item: 'item_id', 'product_id'.*--column item=item_id"),
        ("user,item,date,timestamp", r"2 columns could be the timestamp: 'date', 'timestamp'.*or --column timestamp= for none"),
        ("user,item,rating,quantity", r"2 columns could be the value: 'rating', 'quantity'.*--column value=rating"),
        ("user,item,session_id,order_id", r"2 columns could be the session"),
    ],
)
def test_missing_and_ambiguous_columns(tmp_path: Path, header: str, message: str) -> None:
    width = header.count(",") + 1
    refuse(tmp_path, f"{header}\n" + ",".join("opqr"[:width]) + "\n" + ",".join("efgh"[:width]), message)


def test_columns_that_need_quoting_are_shown_quoted(tmp_path: Path) -> None:
    refuse(tmp_path, "the one,user's item\na,b\nc,d\n", "--column 'user=the one'")


def test_unknown_roles_and_columns_suggest_the_nearest(tmp_path: Path) -> None:
    text = "user,item,rating\na,x,5\nb,y,4\n"
    with pytest.raises(UnknownNameError, match=r"unknown role 'usr'\. Did you mean 'user'\?"):
        imported(tmp_path, text, columns={"usr": "user"})
    with pytest.raises(UnknownNameError, match=r"unknown column 'ratings'\. Did you mean 'rating'\?"):
        imported(tmp_path, text, columns={"value": "ratings"})
    refuse(tmp_path, text, "column 'user' of log.csv was given two roles", columns={"user": "user", "item": "user"})
    refuse(tmp_path, text, "no column looks like the item", columns={"item": ""})


def test_faulty_ids_are_refused_with_their_line(tmp_path: Path) -> None:
    text = "user,item\n1,10\nNaN,10\n3,inf\n-5,11\n,12\n6,  \nnull,13\n7,-1\n8,Infinity\n9,12\n"
    result = imported(tmp_path, text)
    assert events(result) == [("1", "10"), ("9", "12")]
    assert reasons(result) == [
        (3, "user id is NaN"),
        (4, "item id is infinite"),
        (5, "user id is negative"),
        (6, "user id is empty"),
        (7, "item id is empty"),
        (8, "user id is empty"),
        (9, "item id is negative"),
        (10, "item id is infinite"),
    ]
    assert result.rejected.row(0, named=True) == {
        "file": "log.csv",
        "line": 3,
        "reason": "user id is NaN",
        "user": "NaN",
        "item": "10",
    }
    assert result.counts["log"] == {
        "item id is infinite": 2,
        "user id is empty": 2,
        "user id is NaN": 1,
        "user id is negative": 1,
        "item id is empty": 1,
        "item id is negative": 1,
    }
    assert any("8 of 10 rows were refused" in w and "Check which column is which" in w for w in result.warnings)


def test_names_that_look_like_faults_are_fine_among_names(tmp_path: Path) -> None:
    text = "user,item\n-anna-,inf\n-5,NA\nben,vase\neva,bowl\ninf,jug\n"
    result = imported(tmp_path, text)
    assert len(result.dataset) == 5
    assert result.n_rejected == 0


def test_typed_faults(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"user": [1.0, float("nan"), float("inf"), -2.0, None, 6.0], "item": ["x"] * 6, "rating": [1.0, 2, 3, 4, 5, float("nan")]}
    )
    result = import_frames(frame, now=NOW)
    assert events(result) == [("1", "x", 1.0)]
    assert reasons(result) == [
        (2, "user id is NaN"),
        (3, "user id is infinite"),
        (4, "user id is negative"),
        (5, "user id is empty"),
        (6, "value is NaN or infinite"),
    ]
    with pytest.raises(DataError, match=r"column 'item' \(item\) holds List"):
        import_frames(pl.DataFrame({"user": ["a"], "item": [["x"]]}))


def test_faulty_values(tmp_path: Path) -> None:
    result = imported(tmp_path, "user,item,rating\na,x,5\nb,x,NaN\nc,x,-inf\nd,x,good\ne,x,1e400\nf,x,-3\n")
    assert events(result) == [("a", "x", 5.0), ("f", "x", -3.0)]
    assert reasons(result) == [
        (3, "value is NaN or infinite"),
        (4, "value is NaN or infinite"),
        (5, "value is not a number"),
        (6, "value is NaN or infinite"),
    ]


def test_faulty_timestamps(tmp_path: Path) -> None:
    day = 86_400
    moments = [1_600_000_000, "yesterday", -5, 0, NOW + 2 * day, NOW + day // 2, "", "inf"]
    rows = [f"u{n},x,{moment}" for n, moment in enumerate(moments)]
    result = imported(tmp_path, "user,item,timestamp\n" + "\n".join(rows))
    assert events(result) == [("u0", "x", 1_600_000_000), ("u3", "x", None), ("u5", "x", NOW + day // 2), ("u6", "x", None)]
    assert reasons(result) == [
        (3, "timestamp cannot be read"),
        (4, "timestamp is negative (before 1970)"),
        (6, "timestamp lies in the future"),
        (9, "timestamp cannot be read"),
    ]
    assert "1 event(s) have the timestamp 0, which stands for an unknown time." in result.warnings
    assert "2 of 4 events have no timestamp." in result.warnings


def test_unsorted_times_keep_the_order_of_the_source(tmp_path: Path) -> None:
    result = imported(tmp_path, "user,item,timestamp\na,x,1600000300\na,y,1600000100\n")
    assert [e[2] for e in events(result)] == [1600000300, 1600000100]
    assert result.dataset.histories().items.tolist() == [1, 0]


def test_exact_duplicates_are_kept_once(tmp_path: Path) -> None:
    text = "user,item,event,timestamp\na,x,like,1600000000\na,x,view,1600000000\na,x,like,1600000000\na,x,like,1600000001\na, x ,like,1600000000.0\n"
    result = imported(tmp_path, text)
    assert [e[2:] for e in events(result)] == [(1600000000, "like"), (1600000000, "view"), (1600000001, "like")]
    assert reasons(result) == [(4, "exact duplicate of an earlier row"), (6, "exact duplicate of an earlier row")]


def test_repeats_without_a_time_are_no_duplicates_where_people_repeat(tmp_path: Path) -> None:
    assert len(imported(tmp_path, "user,item\na,x\na,x\n").dataset) == 1
    assert len(imported(tmp_path, "user,item\na,x\na,x\n", repeats=True).dataset) == 2
    timed = "user,item,timestamp\na,x,1600000000\na,x,1600000000\na,x,\na,x,\n"
    assert len(imported(tmp_path, timed, repeats=True).dataset) == 3
    sessions = "user,item,order_id\na,x,\na,x,\na,x,7\n"
    assert len(imported(tmp_path, sessions).dataset) == 2


def test_no_row_left(tmp_path: Path) -> None:
    refuse(tmp_path, "user,item\n,x\n,y\na,\n", r"no row of log\.csv can be used: 2 x user id is empty; 1 x item id is empty")


@pytest.mark.parametrize(("text", "what"), [("user,item\na,x\na,y\n", "user"), ("user,item\na,x\nb,x\n", "item")])
def test_one_user_or_one_item_is_a_warning(tmp_path: Path, text: str, what: str) -> None:
    result = imported(tmp_path, text)
    assert result.warnings == [f"the log has a single {what}: a model can be fitted, but nothing can be compared."]


def test_ragged_lines(tmp_path: Path) -> None:
    result = imported(tmp_path, "user,item,rating\na,x,5\nb,y,4,9\nc\n\nd,z\ne,w,1,2,3\n")
    assert events(result) == [("a", "x", 5.0), ("d", "z", None)]
    assert reasons(result) == [
        (3, "more fields than the 3 columns"),
        (4, "item id is empty"),
        (7, "more fields than the 3 columns"),
    ]
    assert "log.csv: 1 empty line(s) were skipped." in result.warnings
    assert result.rejected["raw line"].to_list() == ["b,y,4,9", None, "e,w,1,2"]


@pytest.mark.parametrize("line", ['b,"y', '"b"x,y', 'b,"y"z'])
def test_misplaced_quotation_marks(tmp_path: Path, line: str) -> None:
    result = imported(tmp_path, f"user,item\na,x\n{line}\nc,z\n")
    assert [e[0].strip('"x') for e in events(result)] == ["a", "b", "c"]
    assert any("1 line(s) have misplaced quotation marks, the first is line 3" in w for w in result.warnings)
    assert len(result.dataset) + result.n_rejected == 3


def test_open_quotation_mark_does_not_swallow_the_rest(tmp_path: Path) -> None:
    result = imported(tmp_path, 'user,item\na,x\n"b,y\nc,z\n"d,",w\n')
    assert events(result) == [("a", "x"), ('"b', "y"), ("c", "z"), ("d,", "w")]
    result = imported(tmp_path, 'user,item\na,x\n"b,y,\nc,z\n"d,",w\n')
    assert events(result) == [("a", "x"), ("c", "z"), ("d,", "w")]
    assert reasons(result) == [(3, "quotation marks are not balanced")]


def test_bad_json_lines_are_refused_alone(tmp_path: Path) -> None:
    lines = [
        '{"user": 1, "item": "x"}',
        "{oops",
        "",
        "[1, 2]",
        '{"user": 2, "item": "y"}',
        '"text"',
        '{"other": 1}',
        '{"user": 3}',
    ]
    result = imported(tmp_path, "\n".join(lines), "log.jsonl")
    assert events(result) == [("1", "x"), ("2", "y")]
    assert [line for line, _ in reasons(result)] == [2, 4, 6, 7, 8]
    assert dict(reasons(result))[2] == "not a line of JSON"
    assert dict(reasons(result))[8] == "item id is empty"
    assert result.rejected["raw line"][0] == "{oops"


def test_json_of_another_kind(tmp_path: Path) -> None:
    refuse(tmp_path, '[{"user": 1}]', r"is one JSON array; expected JSON lines.*jq -c '\.\[\]'", "log.json")
    refuse(
        tmp_path, "user,item\n1,2\n", r"is not JSON lines.*starts with 'user,item'\. If it is a table, call it \.csv", "log.jsonl"
    )
    refuse(tmp_path, json.dumps({"a": 1, "b": 2}), "no column looks like the user", "log.json")


def test_broken_parquet(tmp_path: Path) -> None:
    pl.DataFrame({"user": ["a"], "item": ["x"]}).write_parquet(tmp_path / "log.parquet")
    whole = (tmp_path / "log.parquet").read_bytes()
    refuse(tmp_path, whole[:-30], "is not a whole Parquet file: it is truncated", "log.parquet")
    refuse(tmp_path, b"user,item\n1,2\n", "is not a whole Parquet file", "log.parquet")
    refuse(tmp_path, whole[:10] + b"\xff" * 60 + whole[-8:], "cannot be read as Parquet", "log.parquet")
    pl.DataFrame(schema={"user": pl.String, "item": pl.String}).write_parquet(tmp_path / "none.parquet")
    with pytest.raises(DataError, match=r"none\.parquet has no rows"):
        import_log(tmp_path / "none.parquet")
    pl.DataFrame({"user": ["a"]}).write_parquet(tmp_path / "one.parquet")
    with pytest.raises(DataError, match="has the column 'user' alone"):
        import_log(tmp_path / "one.parquet")


def test_archives_and_workbooks_are_named(tmp_path: Path) -> None:
    refuse(tmp_path, gzip.compress(b"user,item\n1,2\n"), r"is compressed with gzip; unpack it first \(gunzip\)", "log.csv.gz")
    refuse(tmp_path, b"PK\x03\x04rest", "an Excel workbook; unpack it, or save the sheet as CSV", "log.xlsx")


def test_too_many_columns(tmp_path: Path) -> None:
    header = ",".join(f"c{n}" for n in range(3_000))
    refuse(tmp_path, f"{header}\n{header}1\n", "has 3,000 columns; at most 2,000 are read")


def test_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    path = write(tmp_path, "user,item\n1,2\n")
    monkeypatch.setattr(Path, "read_bytes", denied)
    with pytest.raises(DataError, match=r"log\.csv cannot be read: Permission denied\. Check its permissions"):
        import_log(path)


def test_day_and_month_that_cannot_be_told_apart(tmp_path: Path) -> None:
    text = "user,item,date\na,x,03/04/2020\nb,x,05/06/2020\n"
    refuse(tmp_path, text, r"dates such as 03/04\.\.\. can be day first or month first.*--timestamp-format '%d/%m/%Y'")
    first, _ = events(imported(tmp_path, text, timestamp_format="%d/%m/%Y"))
    assert datetime.datetime.fromtimestamp(first[2], datetime.UTC).date() == datetime.date(2020, 4, 3)
    refuse(tmp_path, text, r"no timestamp follows '%Y'; the first is '03/04/2020'", timestamp_format="%Y")


def test_numbered_events_are_doubted(tmp_path: Path) -> None:
    result = imported(tmp_path, "user,item,timestamp\na,x,1\nb,x,2\nb,y,3\n")
    assert any("lies around 1970-01-01" in w and "are these really times?" in w for w in result.warnings)
