from __future__ import annotations

import os
import time
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import polars as pl
import pytest

from vitrina.data import download, gallery, known
from vitrina.data.dataset import Dataset, DatasetInfo
from vitrina.data.known import Counts, KnownDataset, find, get, known_datasets, locate, open_dataset, open_split
from vitrina.data.public import PUBLIC, Source
from vitrina.data.splits.split import Label
from vitrina.data.storage import save_dataset
from vitrina.errors import DataError, UnknownNameError, VitrinaError

TINY = KnownDataset(
    name="tiny",
    title="Tiny ratings",
    layouts=("movielens", "recbole"),
    counts=(Counts(2, 2, 3),),
    megabytes=0.1,
    terms="Be kind.",
    terms_url="https://example.org/terms",
    positive="value >= 4",
)


def write_ratings(folder: Path, rows: int = 3) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "ratings.dat").write_text("".join(["1::10::5::100\n", "2::10::3::200\n", "2::20::4::300\n"][:rows]))
    (folder / "movies.dat").write_text("10::One (1999)::Drama\n20::Two (2000)::Comedy\n")
    return folder


def write_atomic(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "tiny.inter").write_text("user_id:token\titem_id:token\trating:float\n1\t10\t5\n2\t10\t3\n2\t20\t4\n")
    return folder


def write_ncf(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "a.train.rating").write_text("0\t0\t1\n1\t1\t1\n")
    (folder / "a.test.rating").write_text("0\t1\t1\n1\t0\t1\n")
    (folder / "a.test.negative").write_text("(0,1)\t2\n(1,0)\t2\n")
    return folder


@pytest.fixture(autouse=True)
def _homes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the tests away from the folders of whoever runs them."""
    monkeypatch.setenv("VITRINA_HOME", str(tmp_path / "home"))
    if "needs_data" not in request.keywords:
        monkeypatch.setenv("VITRINA_DATA", str(tmp_path / "given"))
        monkeypatch.setattr(known, "PUBLIC", (*PUBLIC, TINY))


def test_every_entry_is_complete() -> None:
    entries = known_datasets()
    names = [entry.name for entry in entries]
    assert names[0] == "demo"
    assert len(set(names)) == len(names)
    assert {"ml-100k", "ml-1m", "ml-20m", "ml-25m", "ml-32m", "ml-1m-ncf", "citeulike-a", "citeulike-t"} < set(names)
    for entry in entries[1:]:
        assert entry.title, entry.name
        assert entry.terms, entry.name
        assert entry.counts, entry.name
        assert entry.layouts, entry.name
        for source in entry.sources:
            assert source.url.startswith("https://"), source.url
            assert source.path or source.url.endswith(".zip"), source.url
            assert source.checksum is None or source.checksum.startswith("md5:"), source.url
    for size in ("100k", "1m", "20m", "25m", "32m"):
        entry = find(f"ml-{size}")
        assert entry.sources[0].url == f"https://files.grouplens.org/datasets/movielens/ml-{size}.zip"
        assert len(entry.sources[0].checksum.removeprefix("md5:")) == 32
        assert entry.positive == "value >= 4"
    assert find("ml-1m-ncf").positive == ""


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'ml-1m'"):
        find("ml1m")


def test_the_cache_has_a_place_on_every_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert known.cache_folder() == tmp_path / "home"
    monkeypatch.delenv("VITRINA_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    for platform, expected in (("linux", tmp_path / "xdg"), ("win32", tmp_path / "local")):
        monkeypatch.setattr(known.sys, "platform", platform)
        assert known.cache_folder() == expected / "vitrina"
    monkeypatch.setattr(known.sys, "platform", "darwin")
    assert known.cache_folder() == Path.home() / "Library" / "Caches" / "vitrina"


def test_the_given_folder_is_looked_in_before_the_cache(tmp_path: Path) -> None:
    assert locate("tiny") is None
    cached = write_ratings(tmp_path / "home" / "data" / "tiny")
    assert locate("tiny") == cached
    (tmp_path / "given" / "tiny").mkdir(parents=True)
    assert locate("tiny") == cached  # an empty folder, or one in another layout, is not the data set
    write_ncf(tmp_path / "given" / "tiny" / "inner")
    assert locate("tiny") == cached
    (tmp_path / "given" / "tiny").rename(tmp_path / "aside")
    assert locate("tiny") == cached
    given = write_atomic(tmp_path / "given" / "tiny")
    assert locate("tiny") == given


@pytest.mark.parametrize("write", [write_ratings, write_atomic])
def test_either_layout_opens_by_name_with_its_description(tmp_path: Path, write: Any) -> None:
    write(tmp_path / "given" / "tiny")
    info = open_dataset("tiny").info
    assert (info.name, info.title, info.positive) == ("tiny", "Tiny ratings", "value >= 4")
    assert info.terms == "Be kind. https://example.org/terms"


def test_a_copy_with_other_counts_is_refused(tmp_path: Path) -> None:
    write_ratings(tmp_path / "given" / "tiny", rows=2)
    with pytest.raises(DataError, match="it has 2 users, 1 items, 2 events; expected 2 users, 2 items, 3 events"):
        open_dataset("tiny")


def test_a_folder_in_a_known_layout_is_named_by_its_counts(tmp_path: Path) -> None:
    assert open_dataset(write_ratings(tmp_path / "whole")).info.title == "Tiny ratings"
    info = open_dataset(str(write_ratings(tmp_path / "part", rows=2))).info
    assert (info.name, info.title) == ("part", "")


def test_a_saved_folder_opens_with_its_splits(tmp_path: Path) -> None:
    folder = write_ncf(tmp_path / "raw")
    split = open_split(folder, "published")
    save_dataset(split.dataset, tmp_path / "saved", splits={"published": split})
    assert open_dataset(tmp_path / "saved").fingerprint == split.dataset.fingerprint
    again = open_split(str(tmp_path / "saved"), "published")
    assert again.hash == split.hash
    assert again.open_test().candidates.values.tolist() == [1, 2, 0, 2]
    with pytest.raises(UnknownNameError, match="Did you mean 'published'"):
        open_split(tmp_path / "saved", "publisht")


def test_unknown_splits_suggest_the_nearest(tmp_path: Path) -> None:
    folder = write_ncf(tmp_path / "raw")
    with pytest.raises(UnknownNameError, match="Did you mean 'published'"):
        open_split(folder, "publish")
    with pytest.raises(UnknownNameError, match="0 published splits"):
        open_split(write_ratings(tmp_path / "ml"), "published")


@pytest.mark.parametrize(
    ("data", "error", "advice"),
    [
        ("ml-1n", UnknownNameError, "Did you mean 'ml-1m'"),
        ("nowhere", UnknownNameError, "vitrina data list"),
        ("some/where", DataError, "there is no data folder some/where"),
        (Path("nowhere"), DataError, "there is no data folder nowhere"),
        ("ml-20m", DataError, "vitrina data get ml-20m; or place its files in the folder ml-20m"),
        ("art-preferences", DataError, "no public address.*VITRINA_DATA"),
    ],
)
def test_what_is_not_there_says_what_to_do(
    data: str | Path, error: type[VitrinaError], advice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=advice):
        open_dataset(data)


def test_a_folder_of_other_things_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="nor in a known layout"):
        open_dataset("photos")


def test_a_folder_that_only_bears_a_known_name_does_not_hide_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny").mkdir()
    write_ratings(tmp_path / "given" / "tiny")
    assert open_dataset("tiny").info.name == "tiny"
    write_ncf(tmp_path / "citeulike-a")
    assert open_dataset("citeulike-a").n_users == 2  # but a data set in the working folder is meant


def test_the_simulated_gallery_has_a_name() -> None:
    data = open_dataset("demo")
    assert data.info.simulated
    assert len(data) > 1_000
    assert locate("demo") is None
    assert get("demo").dataset.fingerprint == data.fingerprint


@pytest.fixture
def small_gallery(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: dict[str, Any] = {"n_users": 20, "n_works": 12, "n_artists": 4, "likes_per_user": 5.0}
    monkeypatch.setattr(gallery, "save_gallery", partial(gallery.save_gallery, **sizes))


@pytest.mark.usefixtures("small_gallery")
class TestTheSimulatedGallerySaved:
    def test_has_its_pictures(self, tmp_path: Path) -> None:
        told: list[tuple[str, int, int | None]] = []
        got = get("demo", out=tmp_path / "demo", progress=lambda *now: told.append(now)).dataset
        assert told[-1] == ("pictures", 12, 12)
        saved = open_dataset(tmp_path / "demo")
        assert saved.fingerprint == got.fingerprint
        for data in (got, saved):
            for code in range(data.n_items):
                picture = data.catalogue.picture(code)
                assert picture is not None
                assert picture.parent == tmp_path / "demo/images"
                assert picture.is_file()
        assert [path.name for path in tmp_path.iterdir()] == ["demo"]

    def test_an_interruption_leaves_nothing(self, tmp_path: Path) -> None:
        def stop(name: str, done: int, total: int | None) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            get("demo", out=tmp_path / "demo", progress=stop)
        assert not list(tmp_path.iterdir())

    def test_a_folder_that_is_taken_is_told_before_drawing(self, tmp_path: Path) -> None:
        (tmp_path / "mine.txt").write_text("mine")
        with pytest.raises(VitrinaError, match="exists already"):
            get("demo", out=tmp_path, progress=lambda *_: pytest.fail("nothing is drawn"))


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, str]]:
    """A folder served on this machine, and its address."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(download, "_wait", lambda seconds: None)
    served = tmp_path / "served"
    served.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(served)))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield served, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def publish(monkeypatch: pytest.MonkeyPatch, sources: tuple[Source, ...], **changes: Any) -> None:
    fields = {name: getattr(TINY, name) for name in TINY.__dataclass_fields__} | {"sources": sources} | changes
    monkeypatch.setattr(known, "PUBLIC", (*PUBLIC, KnownDataset(**fields)))


def serve_zip(served: Path, rows: int = 3) -> None:
    raw = write_ratings(served.parent / f"raw{rows}", rows)
    with zipfile.ZipFile(served / "tiny.zip", "w") as archive:
        for path in raw.iterdir():
            archive.write(path, f"tiny/{path.name}")


def test_get_fetches_an_archive_once(owner: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served, url = owner
    serve_zip(served)
    publish(monkeypatch, (Source(f"{url}/tiny.zip"),))
    told: list[str] = []
    imported = get("tiny", out=tmp_path / "saved", progress=lambda file, done, total: told.append(file))
    assert imported.dataset.info.source == f"{url}/tiny.zip"
    assert len(imported.dataset) == 3
    assert set(told) == {"tiny.zip"}
    home = tmp_path / "home" / "data"
    assert [p.name for p in home.iterdir()] == ["tiny"]
    assert sorted(p.name for p in (home / "tiny").iterdir()) == ["movies.dat", "ratings.dat"]
    assert open_dataset(tmp_path / "saved").info == imported.dataset.info
    (served / "tiny.zip").unlink()
    assert len(get("tiny").dataset) == 3  # from the cache


def test_get_goes_on_after_a_failure_between_files(
    owner: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, url = owner
    raw = write_ratings(tmp_path / "raw")
    (served / "ratings.dat").write_bytes((raw / "ratings.dat").read_bytes())
    publish(monkeypatch, tuple(Source(f"{url}/{name}", f"{name}") for name in ("ratings.dat", "movies.dat")))
    with pytest.raises(DataError, match=r"movies\.dat answers 404"):
        get("tiny")
    assert locate("tiny") is None
    assert [p.name for p in (tmp_path / "home" / "data").iterdir()] == [".tiny.part"]
    (served / "movies.dat").write_bytes((raw / "movies.dat").read_bytes())
    (served / "ratings.dat").unlink()  # what came already is not asked for again
    assert len(get("tiny").dataset) == 3
    assert [p.name for p in (tmp_path / "home" / "data").iterdir()] == ["tiny"]


@pytest.mark.parametrize("rows", [2, 0])
def test_a_download_that_is_something_else_leaves_nothing(
    owner: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    served, url = owner
    serve_zip(served, rows)
    publish(monkeypatch, (Source(f"{url}/tiny.zip"),))
    with pytest.raises(DataError, match="expected 2 users" if rows else "empty"):
        get("tiny")
    assert list((tmp_path / "home" / "data").iterdir()) == []


def test_an_archive_that_climbs_out_leaves_nothing(
    owner: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, url = owner
    with zipfile.ZipFile(served / "tiny.zip", "w") as archive:
        archive.writestr("../../evil", "x")
    publish(monkeypatch, (Source(f"{url}/tiny.zip"),))
    with pytest.raises(DataError, match="leave its folder"):
        get("tiny")
    assert not list(tmp_path.rglob("evil"))
    assert list((tmp_path / "home" / "data").iterdir()) == []


def test_published_splits_are_saved_with_the_data(
    owner: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served, url = owner
    files = write_ncf(tmp_path / "raw")
    for path in files.iterdir():
        (served / path.name).write_bytes(path.read_bytes())
    sources = tuple(Source(f"{url}/{path.name}", path.name) for path in files.iterdir())
    publish(monkeypatch, sources, layouts=("ncf",), counts=(Counts(2, 3, 4),), positive="")
    get("tiny", out=tmp_path / "saved")
    assert open_split(tmp_path / "saved", "published").hash == open_split("tiny", "published").hash


def test_something_else_in_the_cache_is_not_overwritten(
    owner: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(monkeypatch, (Source(f"{owner[1]}/tiny.zip"),))
    (tmp_path / "home" / "data" / "tiny").mkdir(parents=True)
    with pytest.raises(DataError, match="Move it away"):
        get("tiny")


def test_without_an_address_get_says_so() -> None:
    with pytest.raises(DataError, match="no public address"):
        get("tiny")


def test_out_is_not_overwritten(tmp_path: Path) -> None:
    write_ratings(tmp_path / "given" / "tiny")
    data = Dataset.from_frame(pl.DataFrame({"user": ["a"], "item": ["x"]}), info=DatasetInfo(name="mine"))
    save_dataset(data, tmp_path / "mine")
    with pytest.raises(VitrinaError, match="exists already"):
        get("tiny", out=tmp_path / "mine")
    assert open_dataset(tmp_path / "mine").info.name == "mine"


def real(name: str) -> None:
    if not os.environ.get("VITRINA_DATA") or locate(name) is None:
        pytest.skip(f"needs the folder {name} under the one that VITRINA_DATA names")


@pytest.mark.needs_data
@pytest.mark.parametrize("entry", PUBLIC, ids=lambda entry: entry.name)
def test_real_copies_have_the_right_counts(entry: KnownDataset) -> None:
    real(entry.name)
    imported = get(entry.name)
    assert imported.dataset.info.name == entry.name
    assert set(imported.splits) == set(entry.splits)
    assert imported.dataset.positives().interactions.height > 0


@pytest.mark.needs_data
def test_a_million_ratings_are_read_fast_enough_to_keep_no_second_copy() -> None:
    real("ml-1m")
    begun = time.perf_counter()
    open_dataset("ml-1m")
    assert time.perf_counter() - begun < 3


@pytest.mark.needs_data
def test_the_published_split_opens_by_name() -> None:
    real("ml-1m-ncf")
    split = open_split("ml-1m-ncf", "published")
    assert (split.labels == Label.TEST).sum() == 6_040
