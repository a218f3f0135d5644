import tomllib
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from vitrina.data.dataset import Dataset
from vitrina.data.gallery import simulate
from vitrina.data.ragged import Ragged
from vitrina.data.splits import PROTOCOLS, Label, Split, load_split, make_split, save_split
from vitrina.errors import DataError, VitrinaError

from .logs import dense_log, log, relabelled, shuffled


@pytest.fixture
def saved(tmp_path):
    split = make_split(dense_log(), "cold-items")
    save_split(split, tmp_path / "split")
    return split, tmp_path / "split"


@pytest.mark.parametrize("name", list(PROTOCOLS))
def test_a_split_comes_back_the_same(name, tmp_path):
    split = make_split(dense_log(), name, seed=8)
    save_split(split, tmp_path / "s")
    back = load_split(tmp_path / "s", dense_log())
    assert back.hash == split.hash
    assert (back.labels == split.labels).all()
    assert back.settings == split.settings
    assert (back.protocol, back.seed) == (split.protocol, 8)
    assert set(back.candidates) == set(split.candidates)


def test_lists_per_query_empty_lists_and_odd_settings_come_back(tmp_path):
    data = dense_log()
    lists = Ragged(np.array([0, 0, 3, 3]), np.array([4, 1, 4], np.int32))
    settings = {"none": None, "nested": {"x": [1, 2.5, "é"]}, "tuple": (1, 2)}
    split = Split(data, np.ones(len(data), np.uint8), "published", settings, 2**70, {"test": lists, "validation": None})
    save_split(split, tmp_path / "s")
    back = load_split(tmp_path / "s", data)
    assert back.hash == split.hash
    assert back.candidates["test"].offsets.tolist() == [0, 0, 3, 3]
    assert back.candidates["test"].values.tolist() == [4, 1, 4]
    assert back.candidates["test"].values.dtype == np.int32


def test_the_positive_condition_is_applied_to_the_data_given(tmp_path):
    events = [(f"u{n % 7}", f"i{n % 11}", n + 1) for n in range(70)]
    data = log(events, values=[n % 3 for n in range(70)], positive="value >= 1")
    split = make_split(data, "leave-one-out")
    save_split(split, tmp_path / "s")
    assert load_split(tmp_path / "s", data).hash == load_split(tmp_path / "s", data.positives()).hash == split.hash


def test_a_replay_of_purchases_comes_back_where_other_events_are_positive(tmp_path):
    data = simulate(3, n_users=40, n_works=80, n_artists=6, likes_per_user=5, sales_per_user=3)
    assert data.info.positive == "kind = 'like'"
    split = make_split(data, "purchase-sessions")
    save_split(split, tmp_path / "s")
    assert load_split(tmp_path / "s", data).hash == split.hash


def test_the_file_says_what_it_is(saved):
    split, folder = saved
    about = tomllib.loads((folder / "split.toml").read_text())
    assert (about["protocol"], about["hash"], about["seed"]) == ("cold-items", split.hash, 0)
    assert about["events"]["test"] == (split.labels == Label.TEST).sum()
    assert about["dataset"]["fingerprint"] == split.dataset.fingerprint
    assert sorted(p.name for p in folder.iterdir()) == [
        "candidates-test.parquet",
        "candidates-validation.parquet",
        "labels.parquet",
        "split.toml",
    ]


def test_another_data_set_is_refused_saying_what_differs(saved):
    _, folder = saved
    data = dense_log()
    with pytest.raises(DataError, match=r"events was 720, is 719"):
        load_split(folder, data.keep(np.arange(len(data)) != 5))
    with pytest.raises(DataError, match=r"users was 60, is 61"):
        load_split(folder, dense_log(n_users=61))
    with pytest.raises(DataError, match="repeats was False, is True"):
        load_split(folder, dense_log(repeats=True))
    with pytest.raises(DataError, match="their order"):
        load_split(folder, shuffled(data, 0))
    with pytest.raises(DataError, match="their order"):
        load_split(folder, relabelled(data, [f"other-{n}" for n in range(40)]))
    with pytest.raises(DataError, match="order of the users"):
        load_split(folder, shuffled(data, 0, rows=False))


def test_codes_may_differ_where_no_candidates_count_on_them(tmp_path):
    split = make_split(dense_log(), "leave-last-out")
    save_split(split, tmp_path / "s")
    assert load_split(tmp_path / "s", shuffled(dense_log(), 0, rows=False)).hash == split.hash


def test_altered_labels_are_noticed(saved):
    split, folder = saved
    labels = split.labels.copy()
    labels[0] = Label.TEST if labels[0] != Label.TEST else Label.TRAIN
    pl.DataFrame({"label": labels}).write_parquet(folder / "labels.parquet")
    with pytest.raises(DataError, match="altered"):
        load_split(folder, dense_log())


@pytest.mark.parametrize("name", ["labels.parquet", "candidates-test.parquet"])
def test_truncated_and_missing_files(saved, name):
    _, folder = saved
    path = folder / name
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(DataError, match="cannot be read"):
        load_split(folder, dense_log())
    path.unlink()
    with pytest.raises(DataError, match="missing"):
        load_split(folder, dense_log())


@pytest.mark.parametrize(
    ("table", "match"),
    [
        ({"label": [1, 2]}, "one label for each"),
        ({"label": np.full(720, 9, np.uint8)}, "unknown to this version"),
        ({"other": np.ones(720, np.uint8)}, "one label for each"),
        ({"label": ["1"] * 720}, "one label for each"),
    ],
)
def test_wrong_labels(saved, table, match):
    _, folder = saved
    pl.DataFrame(table).write_parquet(folder / "labels.parquet")
    with pytest.raises(DataError, match=match):
        load_split(folder, dense_log())


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("format = 2", "format 2; this version reads 1"),
        ("format = ", "cannot be read"),
        ("format = 1", "damaged"),
        ("format = 1\ndataset = 3", "damaged"),
    ],
)
def test_wrong_descriptions(saved, text, match):
    _, folder = saved
    (folder / "split.toml").write_text(text)
    with pytest.raises(DataError, match=match):
        load_split(folder, dense_log())


def test_candidates_of_the_wrong_kind(saved):
    _, folder = saved
    pl.DataFrame({"item": ["a"]}).write_parquet(folder / "candidates-test.parquet")
    with pytest.raises(DataError, match="shared candidates"):
        load_split(folder, dense_log())


def test_no_split_there(tmp_path):
    with pytest.raises(DataError, match="no saved split"):
        load_split(tmp_path, dense_log())


def test_nothing_half_written_stays(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    with pytest.raises(VitrinaError, match="No space left"):
        save_split(make_split(dense_log(), "global-time"), tmp_path / "s")
    assert list(tmp_path.iterdir()) == []


def test_only_splits_are_overwritten(saved, tmp_path):
    split, folder = saved
    other = replace(split, seed=9)
    with pytest.raises(VitrinaError, match="--overwrite"):
        save_split(other, folder)
    save_split(other, folder, overwrite=True)
    assert load_split(folder, dense_log()).seed == 9
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(VitrinaError, match="not replaced"):
        save_split(split, tmp_path / "mine", overwrite=True)


def test_a_split_of_nothing_but_unused_events(tmp_path):
    data: Dataset = dense_log()
    split = Split(data, np.zeros(len(data), np.uint8), "published")
    save_split(split, tmp_path / "s")
    assert load_split(tmp_path / "s", data).hash == split.hash
