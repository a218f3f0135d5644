from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vitrina.errors import VitrinaError
from vitrina.report.contract import parse_results, read_results


def test_unknown_keys_and_nulls_are_tolerated(full: dict[str, Any]) -> None:
    full["something_new"] = {"a": 1}
    full["methods"][0]["something_new"] = 3
    full["methods"][0]["seconds"] = None
    full["segments"] = None
    results = parse_results(full)
    assert results.methods[0].seconds.total is None
    assert results.segments == []


def test_nan_and_infinity_count_as_absent() -> None:
    data = json.loads(
        '{"metric": "m", "methods": [{"name": "a", "metrics": {"m": NaN}}, {"name": "b", "metrics": {"m": Infinity}}, {"name": "c", "metrics": {"m": 0.1}}]}'
    )
    results = parse_results(data)
    assert [m.name for m in results.ranked] == ["c", "a", "b"]
    assert results.best is not None
    assert results.best.name == "c"


def test_lower_is_better_is_respected() -> None:
    methods = [{"name": n, "metrics": {"rank": v}} for n, v in (("a", 3.0), ("b", 1.0), ("c", 2.0))]
    results = parse_results({"metric": "rank", "higher_is_better": {"rank": False}, "methods": methods})
    assert [m.name for m in results.ranked] == ["b", "c", "a"]


def test_a_pair_is_told_from_either_side(full: dict[str, Any]) -> None:
    results = parse_results(full)
    told, back = results.pair("ease", "popular"), results.pair("popular", "ease")
    assert told is not None
    assert back is not None
    assert told.low is not None
    assert back.difference == -(told.difference or 0)
    assert back.high == -told.low
    assert back.share_better == told.share_worse
    assert back.flipped() == told
    assert results.pair("ease", "nobody") is None


def test_pairs_are_ordered_from_the_better_side(full: dict[str, Any]) -> None:
    full["pairs"] = [parse_results(full).pairs[i].flipped().model_dump() for i in reversed(range(len(full["pairs"])))]
    ordered = parse_results(full).ordered_pairs
    assert all((p.difference or 0) >= 0 for p in ordered)
    assert [p.a for p in ordered][:5] == ["ease"] * 5


def test_equal_titles_are_told_apart_by_name() -> None:
    results = parse_results({"methods": [{"name": "knn-1", "title": "KNN"}, {"name": "knn-2", "title": "KNN"}, {"name": "x"}]})
    assert [results.label(m.name) for m in results.methods] == ["KNN (knn-1)", "KNN (knn-2)", "x"]
    assert results.label("unheard-of") == "unheard-of"


def test_the_deciding_metric_falls_back_to_the_first_reported() -> None:
    assert parse_results({"methods": [{"name": "a", "metrics": {"hr@5": 0.1, "x": 1}}]}).deciding == "hr@5"
    assert parse_results({}).deciding == ""


def test_a_wrong_field_is_named() -> None:
    with pytest.raises(VitrinaError, match=r"methods\.1\.metrics.*run the comparison again"):
        parse_results({"methods": [{"name": "a"}, {"name": "b", "metrics": "none"}]}, "results.json")
    with pytest.raises(VitrinaError, match="cannot read the results"):
        parse_results([1, 2])


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(VitrinaError, match=r"no results\.json.*vitrina compare"):
        read_results(tmp_path)
    with pytest.raises(VitrinaError, match=r"no results\.json"):
        read_results(tmp_path / "nowhere")


@pytest.mark.parametrize("content", [b'{"methods": [', b"", b"\xff\xfe\x00"])
def test_damaged_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "results.json").write_bytes(content)
    with pytest.raises(VitrinaError, match="not valid JSON"):
        read_results(tmp_path)
