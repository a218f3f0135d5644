"""Whatever comes in: equal data from every format, and never an error that does not teach."""

import csv
import io
import json
from pathlib import Path

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vitrina.data.importers.log import import_log
from vitrina.data.importers.log_values import clean_ids, clean_numbers, clean_sessions
from vitrina.errors import VitrinaError

from .import_help import NOW, events, write

quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

# an initial letter keeps ids from being numbers or one of the words for "nothing"
words = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), max_size=6).map(lambda text: "x" + text)
numbers = st.integers(0, 10**12).map(str)
moments = st.integers(10**9, NOW)
rows = st.lists(
    st.tuples(words | numbers, words, st.sampled_from([1.0, 2.5, 4.0]), moments),
    min_size=2,
    max_size=25,
    unique_by=lambda r: r[:2],
)
NAMES = ("user_id", "item_id", "rating", "timestamp")


def as_csv(table: list, separator: str, quoting: int) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=separator, quoting=quoting, lineterminator="\n").writerows([NAMES, *table])
    return buffer.getvalue()


@quick
@given(rows=rows, quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]))
def test_all_formats_give_the_same_data(tmp_path: Path, rows: list, quoting: int) -> None:
    frame = pl.DataFrame(rows, schema=list(NAMES), orient="row")
    frame.write_parquet(tmp_path / "log.parquet")
    lines = "\n".join(json.dumps(dict(zip(NAMES, row, strict=True)), ensure_ascii=len(rows) % 2 == 0) for row in rows)
    paths = [
        write(tmp_path, as_csv(rows, ",", quoting), "comma.csv"),
        write(tmp_path, as_csv(rows, "\t", quoting), "tab.tsv"),
        write(tmp_path, as_csv(rows, ";", quoting), "semicolon.csv"),
        write(tmp_path, as_csv(rows, ",", quoting).encode("utf-16"), "utf16.csv"),
        write(tmp_path, lines, "log.jsonl"),
        tmp_path / "log.parquet",
    ]
    results = [import_log(path, now=NOW, name="same") for path in paths]
    for result in results:
        assert result.n_rejected == 0
        assert events(result) == rows
    assert len({result.dataset.fingerprint for result in results}) == 1


def checked_import(path: Path, **options) -> None:
    """Import a log of unknown quality: either a message, or a data set in which no row went missing unsaid."""
    result, message = None, "no message"
    try:
        result = import_log(path, now=NOW, **options)
    except VitrinaError as error:
        message = str(error)
    if result is None:
        assert len(message) > 20
        return
    assert len(result.dataset) > 0
    assert result.rejected.height == result.n_rejected
    assert len(result.dataset) + result.n_rejected == result.read["log"]


@quick
@given(data=st.binary(max_size=300))
def test_random_bytes_never_crash(tmp_path: Path, data: bytes) -> None:
    for name in ("log.csv", "log.jsonl", "log.parquet"):
        checked_import(write(tmp_path, data, name))
    checked_import(write(tmp_path, b"PAR1" + data + b"PAR1", "marked.parquet"))


fields = st.sampled_from(
    [
        "",
        "a",
        "b",
        "1",
        "-2",
        "3.0",
        "nan",
        "inf",
        '"',
        '"x',
        'x"y',
        '"q"',
        "2020-01-01",
        "1600000000",
        "é",
        "\x00",
        "\x1c",
        " ",
        "\u3000",
        "\r",
        "|",
        "::",
    ]
)


@settings(quick, max_examples=150)
@given(
    table=st.lists(st.lists(fields, max_size=4), min_size=1, max_size=12),
    separator=st.sampled_from([",", "\t", ";", "|", "::"]),
    header=st.sampled_from([None, True, False]),
    top=st.sampled_from(["user,item", "user,item,rating,timestamp", "user;item", "user\titem\tdate", ""]),
    encoding=st.sampled_from(["utf-8", "latin-1", "utf-16"]),
)
def test_crooked_tables_never_crash_and_lose_nothing(tmp_path: Path, table, separator, header, top, encoding) -> None:
    text = "\n".join([top, *(separator.join(line) for line in table)])
    checked_import(write(tmp_path, text.encode(encoding, errors="replace")), header=header)
    checked_import(
        write(tmp_path, text.encode(encoding, errors="replace")), columns={"user": "column_1", "item": "column_2"}, header=False
    )


@quick
@given(
    table=st.lists(st.lists(st.sampled_from(["a", "1", "é", '"', '"x', "nan"]), min_size=1, max_size=4), min_size=1, max_size=12),
    separator=st.sampled_from([",", "\t", "::"]),
)
def test_every_line_is_accounted_for(tmp_path: Path, table: list, separator: str) -> None:
    lines = [separator.join(line) for line in table]
    text = "\n".join([separator.join(["user", "item"]), *lines, separator.join("zz")])
    result = import_log(write(tmp_path, text), now=NOW)
    swallowed = sum(row.count("\n") for row in [*result.dataset.users.ids, *result.dataset.items.ids])
    assert swallowed == 0
    within = result.rejected.select(pl.exclude("file", "line", "reason")).select(
        pl.sum_horizontal(pl.all().str.count_matches("\n").fill_null(0)).sum()
    )
    assert result.read["log"] + within.item() == len(table) + 1


@settings(quick, max_examples=100)
@given(
    lines=st.lists(
        st.dictionaries(
            st.sampled_from(["user", "item", "rating", "timestamp", "tags"]),
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats()
            | words
            | st.lists(words | st.integers(), max_size=2)
            | st.dictionaries(words, words, max_size=1),
            max_size=5,
        ).map(json.dumps)
        | st.sampled_from(["{", "[]", "1", "null", "", "{}", "x"]),
        min_size=1,
        max_size=8,
    )
)
def test_crooked_json_never_crashes(tmp_path: Path, lines: list[str]) -> None:
    checked_import(write(tmp_path, "\n".join(lines), "log.jsonl"))


@quick
@given(st.lists(st.none() | st.text(max_size=4) | st.sampled_from(["1", "2.0", "-1", "nan", "inf", " 3 ", "1e3"]), max_size=20))
def test_cleaning_accounts_for_every_row(values: list) -> None:
    column = pl.Series("x", values, dtype=pl.String)
    coded = clean_ids(column, "user")
    faulty = [any(mask[n] for mask, _ in coded.faults) for n in range(len(values))]
    assert [code < 0 for code in coded.codes.tolist()] == faulty
    assert len(coded.texts) == coded.texts.n_unique()
    singles, faults, _ = clean_numbers(column, "value")
    assert len(singles) == len(values)
    assert all(len(mask) == len(values) for mask, _ in faults)
    filled, given_sessions = clean_sessions(column)
    assert filled.null_count() == 0
    alone = filled.filter(given_sessions.is_null())
    assert alone.n_unique() == len(alone)
    assert not alone.is_in(given_sessions.drop_nulls().implode()).any()
