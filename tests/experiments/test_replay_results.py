"""What a comparison on purchase sessions leaves behind, from the run to its report."""

import json
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from vitrina.data.gallery import simulate
from vitrina.experiments.compare import compare
from vitrina.experiments.config import make_config
from vitrina.report import write_report

MODELS = ("random", "popular", "fa", "price", "mpav-color", "pmpav-color", "hybrid-fa-price")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("replay") / "run"
    gallery = simulate(seed=2, n_users=150, n_works=400, n_artists=15)
    config = make_config(data="gallery", models={name: {} for name in MODELS}, split={"protocol": "purchase-sessions"}, trials=1)
    compare(config, gallery, folder)
    return folder


@pytest.fixture(scope="module")
def results(run):
    return json.loads((run / "results.json").read_text(encoding="utf-8"))


def test_a_catalogue_may_hold_dates(tmp_path):
    """Works of the examples are written with all that the catalogue says of them."""
    gallery = simulate(seed=2, n_users=80, n_works=200, n_artists=10)
    catalogue = gallery.catalogue
    dated = catalogue.table.with_columns(made=pl.lit(date(2020, 3, 1)), title=pl.lit("Untitled"))
    gallery = replace(gallery, catalogue=replace(catalogue, table=dated))
    config = make_config(data="gallery", models={"fa": {}, "random": {}}, split={"protocol": "purchase-sessions"}, trials=1)
    found = compare(config, gallery, tmp_path / "run")
    assert found["works"]
    assert {work["made"] for work in found["works"].values()} == {"2020-03-01"}


def test_all_methods_ran(results):
    assert results["failures"] == results["skipped"] == []
    assert {m["name"] for m in results["methods"]} == set(MODELS)


def test_profile_sizes_cover_all_sessions_and_agree_with_the_tables(run, results):
    users = pl.read_parquet(run / "users" / "fa.parquet")
    assert results["sessions"] == len(users)
    assert sum(part["n_sessions"] for part in results["profile_sizes"]) == len(users)
    for part in results["profile_sizes"]:
        low = int(part["size"].split()[0])
        high = np.inf if "more" in part["size"] else int(part["size"].split()[-1])
        mine = users.filter((pl.col("history_length") >= low) & (pl.col("history_length") <= high))
        assert (part["n_sessions"], part["n_users"]) == (len(mine), mine["user"].n_unique())
        assert part["metrics"]["fa"] == pytest.approx(mine["ndcg@10"].mean())
        assert part["intervals"]["fa"][0] <= part["metrics"]["fa"] <= part["intervals"]["fa"][1]


def test_people_are_counted_and_not_sessions(run, results):
    users = pl.read_parquet(run / "users" / "fa.parquet")
    assert users["user"].n_unique() < len(users)
    assert results["verdict"]["n_users"] == users["user"].n_unique()
    assert {pair["n"] for pair in results["pairs"]} == {users["user"].n_unique()}


def test_examples_agree_with_the_lists_and_show_nothing_sold_before(results):
    assert results["examples"]
    for one in results["examples"]:
        shown = {item for picks in one["picks"].values() for item in picks}
        assert not shown & set(one["history"])
        assert shown & set(one["targets"])
        assert set(one["history"]) | set(one["targets"]) | shown <= set(results["works"])


def test_methods_that_need_a_profile_reach_fewer(results):
    reach = {m["name"]: m["reach"] for m in results["methods"]}
    assert reach["random"] == reach["popular"] == {"users": 1.0, "sessions": 1.0}
    assert 0 < reach["pmpav-color"]["users"] <= reach["fa"]["users"] < 1


def test_the_report_tells_it(run):
    html = write_report(run).read_text(encoding="utf-8")
    for title in ("The tables of the UGallery study", "Sessions, with their pictures", "How well a person must be known"):
        assert title in html
    assert "### Altogether" in (run / "tables.md").read_text(encoding="utf-8")
    assert r"\multicolumn" in (run / "tables.tex").read_text(encoding="utf-8")
