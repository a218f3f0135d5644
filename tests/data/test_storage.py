"""The data set folder: round trips, and every way in which a folder can be wrong."""

import datetime
import resource
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from vitrina.data.catalogue import Recipe
from vitrina.data.dataset import Dataset, DatasetInfo
from vitrina.data.splits.split import Split
from vitrina.data.storage import add_features, checksum, load_dataset, read_manifest, save_dataset, split_names
from vitrina.errors import DataError, VitrinaError


def small() -> Dataset:
    log = pl.DataFrame(
        {
            "user": ["ana", "ben", "ana", "eva"],
            "item": ["b", "a", "c", "b"],
            "value": [5.0, None, 3.5, 1.0],
            "timestamp": [10, 20, None, 40],
            "kind": ["like", "view", None, "like"],
            "session": [1, 1, 2, 3],
        }
    )
    items = pl.DataFrame(
        {"id": ["a", "b", "z"], "title": ["Añil", None, "Zinc"], "tags": [["x", "y"], None, []], "price": [1.5, None, 9]}
    )
    users = pl.DataFrame({"id": ["eva"], "town": ["Talca"]})
    info = DatasetInfo(name="small", positive="value >= 3", currency="CLP", notes=["made by hand"])
    dataset = Dataset.from_frame(log, items=items, users=users, info=info)
    features = {"evf": np.arange(8, dtype=np.float32).reshape(4, 2), "tfidf-title": csr_matrix(np.eye(4, 3, dtype=np.float32))}
    return replace(dataset, catalogue=replace(dataset.catalogue, features=features))


def assert_equal(one: Dataset, other: Dataset) -> None:
    assert one.interactions.equals(other.interactions)
    assert one.users == other.users
    assert one.items == other.items
    assert one.catalogue.table.equals(other.catalogue.table)
    assert one.user_table.equals(other.user_table)
    assert one.info == other.info
    assert one.fingerprint == other.fingerprint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_dataset(small(), tmp_path / "shop")
    return tmp_path / "shop"


def edit(folder: Path, change) -> None:
    """Rewrite dataset.toml, as a person or an attacker would."""
    manifest = tomllib.loads((folder / "dataset.toml").read_text())
    change(manifest)
    (folder / "dataset.toml").write_text(tomli_w.dumps(manifest))


def swap(folder: Path, name: str, frame: pl.DataFrame) -> None:
    """Replace a table and its checksum, so that only the content can give it away."""
    frame.write_parquet(folder / name)
    edit(folder, lambda m: m["files"].update({name: checksum(folder / name)}))


def test_round_trip_keeps_everything(folder: Path) -> None:
    loaded = load_dataset(folder)
    assert_equal(loaded, small())
    features = loaded.catalogue.features
    assert features["evf"].dtype == np.float32
    np.testing.assert_array_equal(features["evf"], small().catalogue.features["evf"])
    np.testing.assert_array_equal(features["tfidf-title"].toarray(), np.eye(4, 3))
    assert features["tfidf-title"].indices.dtype == np.int32


def test_manifest_is_readable_alone(folder: Path) -> None:
    manifest = read_manifest(folder)
    assert manifest.info.name == "small"
    assert manifest.counts == {"interactions": 4, "users": 3, "items": 4}
    assert manifest.fingerprint == small().fingerprint


def test_flags_may_be_edited_by_hand(folder: Path) -> None:
    edit(folder, lambda m: m["info"].update(positive="value >= 5"))
    assert len(load_dataset(folder).positives()) == 1


@settings(max_examples=25, deadline=None)
@given(
    pairs=st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5), st.none() | st.integers(0, 2**40)), max_size=30),
    repeats=st.booleans(),
)
def test_any_ids_survive(tmp_path_factory, pairs, repeats) -> None:
    schema = {"user": pl.String, "item": pl.String, "timestamp": pl.Int64}
    dataset = Dataset.from_frame(pl.DataFrame(pairs, schema=schema, orient="row"), info=DatasetInfo(repeats=repeats))
    folder = tmp_path_factory.mktemp("any") / "data"
    save_dataset(dataset, folder)
    assert_equal(load_dataset(folder), dataset)


def test_splits_are_saved_beside(tmp_path: Path) -> None:
    from vitrina.data.splits.storage import load_split

    dataset = small()
    split = Split(dataset, np.array([1, 1, 2, 3], np.uint8), "by-hand", seed=7)
    save_dataset(dataset, tmp_path / "shop", splits={"mine": split})
    assert split_names(tmp_path / "shop") == ["mine"]
    assert load_split(tmp_path / "shop" / "splits" / "mine", load_dataset(tmp_path / "shop")).hash == split.hash
    assert split_names(tmp_path) == []


def test_missing_folder_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no folder .*nowhere.*vitrina data import log.csv --out"):
        load_dataset(tmp_path / "nowhere")


def test_other_folder_or_file_is_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is not a Vitrina data set \(a folder with dataset.toml\)"):
        load_dataset(tmp_path)
    (tmp_path / "log.csv").write_text("user,item\n1,2\n")
    with pytest.raises(DataError, match=r"log\.csv is not a Vitrina data set.*--out .*log$"):
        load_dataset(tmp_path / "log.csv")


@pytest.mark.parametrize("name", ["interactions.parquet", "items.parquet", "users.parquet", "features/evf.safetensors"])
def test_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(DataError, match=rf"{name} is missing\. Restore it from a copy, or import the data again"):
        load_dataset(folder)


@pytest.mark.parametrize("name", ["interactions.parquet", "items.parquet", "users.parquet", "features/tfidf-title.safetensors"])
def test_truncated_or_altered_file_is_named(folder: Path, name: str) -> None:
    whole = (folder / name).read_bytes()
    for broken in (whole[:-20], whole[: len(whole) // 2] + b"\x00" + whole[len(whole) // 2 + 1 :][:-1] + b"!"):
        (folder / name).write_bytes(broken)
        with pytest.raises(DataError, match=rf"{name} is truncated or was altered: its checksum"):
            load_dataset(folder)


@pytest.mark.parametrize("name", ["interactions.parquet", "features/evf.safetensors"])
def test_rubbish_with_a_right_checksum_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"PAR1" + bytes(range(256)) + b"PAR1")
    edit(folder, lambda m: m["files"].update({name: checksum(folder / name)}))
    with pytest.raises(DataError, match=r"cannot be read as Parquet|does not hold a feature matrix"):
        load_dataset(folder)


def test_newer_format_says_upgrade(folder: Path) -> None:
    edit(folder, lambda m: m.update(format=99, vitrina="7.0", something="new"))
    with pytest.raises(DataError, match=r"written by a newer Vitrina \(7\.0, format 99\).*Upgrade Vitrina"):
        load_dataset(folder)


def test_broken_toml_is_named(folder: Path) -> None:
    (folder / "dataset.toml").write_bytes(b"format = [\xff")
    with pytest.raises(DataError, match="cannot be read as TOML"):
        load_dataset(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m["info"].update(colour="red"), r"info\.colour: Extra inputs"),
        (lambda m: m.update(plugin="os.system"), r"plugin: Extra inputs"),
        (lambda m: m["info"].update(repeats=[]), r"info\.repeats"),
        (lambda m: m.pop("counts"), r"counts: Field required"),
        (lambda m: m.update(format="x"), r"format: "),
        (lambda m: m["counts"].update(users=5), r"announces .* but the files hold"),
        (lambda m: m["files"].pop("users.parquet"), r"must name interactions.parquet, items.parquet, users.parquet"),
        (lambda m: m["files"].update({"features/../../../etc/passwd": "00"}), r"must name .* got 'features/\.\./"),
        (lambda m: m["files"].update({"/etc/passwd": "00"}), r"must name .* got '/etc/passwd'"),
        (lambda m: m["files"].update({"features/.hidden.safetensors": "00"}), r"must name "),
    ],
)
def test_manifest_faults_are_named(folder: Path, change, message: str) -> None:
    edit(folder, change)
    with pytest.raises(DataError, match=message):
        load_dataset(folder)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (
            pl.DataFrame({"user": [0, 9], "item": [0, 1]}, schema={"user": pl.Int32, "item": pl.Int32}),
            r"user codes must lie in 0\.\.2",
        ),
        (
            pl.DataFrame({"user": [0, 1], "item": [0, -1]}, schema={"user": pl.Int32, "item": pl.Int32}),
            r"item codes must lie in 0\.\.3",
        ),
        (pl.DataFrame({"user": [0], "item": [None]}, schema={"user": pl.Int32, "item": pl.Int32}), "rows without user or item"),
        (pl.DataFrame({"user": [0], "item": [0]}), r"unexpected user \(Int64\)"),
        (pl.DataFrame({"user": [0]}, schema={"user": pl.Int32}), "has no item"),
        (
            pl.DataFrame(
                {"user": [0], "item": [0], "mood": ["x"]}, schema={"user": pl.Int32, "item": pl.Int32, "mood": pl.String}
            ),
            "mood",
        ),
    ],
)
def test_impossible_interactions_are_refused(folder: Path, frame: pl.DataFrame, message: str) -> None:
    swap(folder, "interactions.parquet", frame)
    with pytest.raises(DataError, match=message):
        load_dataset(folder)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pl.DataFrame({"id": [1, 2, 3, 4]}), "must have a text column 'id'"),
        (pl.DataFrame({"id": ["a", "a", "b", "c"]}), "item ids must be distinct; 1 repeat"),
        (pl.DataFrame({"id": ["a", None, "b", "c"]}), "item ids must not be empty"),
        (pl.DataFrame({"id": ["a", "b", "c", "d"], "price": ["1", "2", "3", "4"]}), "column 'price' must be a number"),
        (pl.DataFrame({"id": ["a", "b", "c", "d"], "stock": [0.5, 1, 2, 3]}), "column 'stock' must be a whole number"),
        (pl.DataFrame({"id": ["a", "b", "c", "d"], "code": [b"1", b"2", b"3", b"4"]}), "column 'code' is Binary"),
    ],
)
def test_impossible_catalogue_is_refused(folder: Path, frame: pl.DataFrame, message: str) -> None:
    swap(folder, "items.parquet", frame)
    with pytest.raises(DataError, match=message):
        load_dataset(folder)


@pytest.mark.parametrize("path", ["../x.jpg", "/etc/passwd", "a/../../b", "..\\x", "C:\\x", "~/x", "\\\\host\\x", "a\nb", ".."])
def test_image_paths_cannot_leave_the_folder(folder: Path, path: str) -> None:
    hostile = pl.DataFrame({"id": ["a", "b", "z", "c"], "image": ["ok.jpg", None, path, "sub/ok..2.jpg"]})
    swap(folder, "items.parquet", hostile)
    with pytest.raises(DataError, match=r"1 image path\(s\) leave the data folder.*must be relative"):
        load_dataset(folder)
    dataset = Dataset.from_frame(pl.DataFrame({"user": ["u"], "item": ["a"]}), items=hostile)
    with pytest.raises(DataError, match="leave the data folder"):
        save_dataset(dataset, folder.parent / "new")
    assert not (folder.parent / "new").exists()


@pytest.mark.parametrize("name", ["../evil", "a/b", "", ".hidden", "x\0y", "a" * 200])
def test_feature_and_split_names_are_plain(tmp_path: Path, name: str) -> None:
    dataset = small()
    features = {name: np.zeros((4, 1), np.float32)}
    with pytest.raises(DataError, match=r"feature name .* cannot be used for a file"):
        save_dataset(replace(dataset, catalogue=replace(dataset.catalogue, features=features)), tmp_path / "shop")
    split = Split(dataset, np.ones(4, np.uint8), "by-hand")
    with pytest.raises(DataError, match=r"split name .* cannot be used for a file"):
        save_dataset(dataset, tmp_path / "shop", splits={name: split})
    assert list(tmp_path.iterdir()) == []


def test_hostile_feature_matrix_is_refused(folder: Path) -> None:
    from safetensors.numpy import save_file

    path = folder / "features" / "evf.safetensors"
    for tensors in (
        {"matrix": np.zeros((4, 2), np.float64)},
        {"matrix": np.zeros(4, np.float32)},
        {
            "data": np.ones(2, np.float32),
            "indices": np.array([0, 99]),
            "indptr": np.array([0, 1, 2, 2, 2]),
            "shape": np.array([4, 3]),
        },
        {"data": np.ones(1, np.float32)},
    ):
        save_file(tensors, path)
        edit(folder, lambda m: m["files"].update({"features/evf.safetensors": checksum(path)}))
        with pytest.raises(DataError, match="does not hold"):
            load_dataset(folder)


def test_feature_with_other_rows_is_refused(folder: Path) -> None:
    from safetensors.numpy import save_file

    path = folder / "features" / "evf.safetensors"
    save_file({"matrix": np.zeros((3, 2), np.float32)}, path)
    edit(folder, lambda m: m["files"].update({"features/evf.safetensors": checksum(path)}))
    with pytest.raises(DataError, match="feature 'evf' has 3 rows for 4 items"):
        load_dataset(folder)


def test_existing_folder_is_replaced_only_on_request(folder: Path) -> None:
    with pytest.raises(VitrinaError, match=r"exists already.*--overwrite"):
        save_dataset(small(), folder)
    save_dataset(small().keep(np.array([True, False, False, False])), folder, overwrite=True)
    assert len(load_dataset(folder)) == 1


def test_a_folder_of_somebody_else_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "me.jpg").write_bytes(b"x")
    with pytest.raises(VitrinaError, match="was not written by Vitrina"):
        save_dataset(small(), tmp_path / "photos", overwrite=True)
    assert (tmp_path / "photos" / "me.jpg").exists()


@pytest.mark.parametrize("fails", ["write_parquet", "save_file", "write_text"])
def test_full_disk_leaves_nothing_and_keeps_the_old(folder: Path, monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    target = {"write_parquet": pl.DataFrame, "write_text": Path}.get(fails, "vitrina.data.storage")
    with monkeypatch.context() as patch:
        patch.setattr(target, fails, full) if not isinstance(target, str) else patch.setattr(f"{target}.{fails}", full)
        with pytest.raises(VitrinaError, match=r"No space left on device.*Free some space"):
            save_dataset(small(), folder, overwrite=True)
        with pytest.raises(VitrinaError, match="No space left on device"):
            save_dataset(small(), folder.parent / "new")
    assert [path.name for path in folder.parent.iterdir()] == ["shop"]
    assert_equal(load_dataset(folder), small())


def test_real_write_failure_leaves_nothing(tmp_path: Path) -> None:
    """The system itself refuses to write (a limit on file size), below Polars and safetensors."""
    rng = np.random.default_rng(0)
    log = pl.DataFrame({"user": rng.integers(0, 500, 20_000), "item": rng.integers(0, 500, 20_000)}).cast(pl.String)
    plain = Dataset.from_frame(log)
    featured = replace(plain, catalogue=replace(plain.catalogue, features={"evf": rng.random((500, 100), np.float32)}))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        for dataset, limit in ((plain, 20_000), (featured, 150_000)):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
            with pytest.raises(VitrinaError, match=r"cannot write .*shop.*File too large"):
                save_dataset(dataset, tmp_path / "shop")
            assert list(tmp_path.iterdir()) == []
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_interrupt_while_writing_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("vitrina.data.storage.checksum", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_dataset(small(), tmp_path / "shop")
    assert list(tmp_path.iterdir()) == []


def test_an_attribute_called_id_is_refused(tmp_path: Path) -> None:
    dataset = small()
    catalogue = replace(dataset.catalogue, table=dataset.catalogue.table.with_columns(id=pl.lit("x")))
    with pytest.raises(DataError, match="must not have an attribute named 'id'"):
        save_dataset(replace(dataset, catalogue=catalogue), tmp_path / "shop")


def test_attribute_types_are_checked_before_writing(tmp_path: Path) -> None:
    items = pl.DataFrame({"id": ["a"], "made": [datetime.datetime(2020, 1, 1)]})
    dataset = Dataset.from_frame(pl.DataFrame({"user": ["u"], "item": ["a"]}), items=items)
    with pytest.raises(DataError, match=r"column 'made' is Datetime.*Cast it first"):
        save_dataset(dataset, tmp_path / "shop")


def test_empty_data_set_round_trips(tmp_path: Path) -> None:
    empty = Dataset.from_frame(pl.DataFrame(schema={"user": pl.String, "item": pl.String}))
    save_dataset(empty, tmp_path / "empty")
    assert len(load_dataset(tmp_path / "empty")) == 0


def test_keeps_how_a_feature_was_made_and_where_the_pictures_lie(tmp_path):
    items = pl.DataFrame({"id": ["a", "b"], "image": ["a.jpg", None]})
    dataset = Dataset.from_frame(pl.DataFrame({"user": ["u"], "item": ["a"]}), items=items)
    recipe = Recipe(source="network", network="squeezenet", layer="fire9", columns=("x", "y"))
    made = np.array([[1, 2], [np.nan, np.nan]], np.float32)
    catalogue = replace(dataset.catalogue, features={"net.v1-fire9": made}, recipes={"net.v1-fire9": recipe})
    save_dataset(replace(dataset, catalogue=catalogue), tmp_path / "data")
    (tmp_path / "data" / "images").mkdir()
    loaded = load_dataset(tmp_path / "data").catalogue
    assert loaded.recipes == {"net.v1-fire9": recipe}
    assert loaded.feature_name("dnn") == "net.v1-fire9"
    assert loaded.picture(0) == tmp_path / "data" / "images" / "a.jpg"
    assert loaded.picture(1) is None
    np.testing.assert_array_equal(loaded.feature("dnn"), made)


def test_features_are_added_without_touching_the_rest(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "dataset.toml"}
    recipe = Recipe(source="network", network="net", layer="fc6")
    fresh = np.array([[1, 2, 3], [np.nan] * 3, [4, 5, 6], [7, 8, 9]], np.float32)
    add_features(folder, {"net-fc6": fresh}, {"net-fc6": recipe})
    loaded = load_dataset(folder)
    assert_equal(loaded, load_dataset(folder))
    assert np.array_equal(np.asarray(loaded.catalogue.feature("net-fc6")), fresh, equal_nan=True)
    assert loaded.catalogue.recipes == {"net-fc6": recipe}
    assert set(loaded.catalogue.features) == {"evf", "tfidf-title", "net-fc6"}
    assert all(path.read_bytes() == content for path, content in before.items())


def test_a_feature_of_the_same_name_is_replaced(folder: Path) -> None:
    add_features(folder, {"evf": np.zeros((4, 1), np.float32), "words": csr_matrix(np.eye(4, dtype=np.float32))})
    loaded = load_dataset(folder).catalogue
    assert np.asarray(loaded.feature("evf")).tolist() == [[0.0]] * 4
    assert loaded.feature("words").nnz == 4


@pytest.mark.parametrize("step", range(6))
def test_adding_features_may_be_stopped_at_any_moment(folder: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    renames = 0

    def replace_or_die(source: Path, target: Path) -> None:
        nonlocal renames
        renames += 1
        if renames > step:
            raise KeyboardInterrupt
        Path(source).rename(target)

    features = {"evf": np.zeros((4, 3), np.float32), "new": np.ones((4, 2), np.float32)}
    monkeypatch.setattr("vitrina.data.files.os.replace", replace_or_die)
    if step < 4:
        with pytest.raises(KeyboardInterrupt):
            add_features(folder, features)
    else:
        add_features(folder, features)
    monkeypatch.undo()
    assert load_dataset(folder).n_items == 4
    assert not list(folder.rglob("*.part"))
    add_features(folder, features)
    assert np.asarray(load_dataset(folder).catalogue.feature("evf")).shape == (4, 3)


def test_features_that_do_not_fit_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has 3 rows for 4 items"):
        add_features(folder, {"x": np.zeros((3, 1), np.float32)})
    with pytest.raises(DataError, match="cannot be used for a file"):
        add_features(folder, {"../x": np.zeros((4, 1), np.float32)})
    with pytest.raises(DataError, match="there is no folder"):
        add_features(tmp_path / "none", {})


class TestPictures:
    """A data set takes its pictures along."""

    @pytest.fixture
    def pictured(self, tmp_path: Path) -> Dataset:
        home = tmp_path / "photos"
        (home / "in").mkdir(parents=True)
        (home / "a.jpg").write_bytes(b"a")
        (home / "in/b.jpg").write_bytes(b"b")
        (home / "other.jpg").write_bytes(b"not of the catalogue")
        catalogue = small().catalogue
        table = catalogue.table.with_columns(image=pl.Series(["a.jpg", "in/b.jpg", "missing.jpg", None]))
        return replace(small(), catalogue=replace(catalogue, table=table, pictures=home))

    @staticmethod
    def images(folder: Path) -> dict[str, bytes]:
        home = folder / "images"
        return {path.relative_to(home).as_posix(): path.read_bytes() for path in home.rglob("*") if path.is_file()}

    def test_those_it_names_and_that_are_there(self, pictured: Dataset, tmp_path: Path) -> None:
        save_dataset(pictured, tmp_path / "shop")
        assert self.images(tmp_path / "shop") == {"a.jpg": b"a", "in/b.jpg": b"b"}
        loaded = load_dataset(tmp_path / "shop")
        assert loaded.catalogue.picture(1) == tmp_path / "shop/images/in/b.jpg"
        assert loaded.catalogue.picture(3) is None

    def test_saved_over_itself(self, pictured: Dataset, tmp_path: Path) -> None:
        save_dataset(pictured, tmp_path / "shop")
        save_dataset(load_dataset(tmp_path / "shop"), tmp_path / "shop", overwrite=True)
        assert self.images(tmp_path / "shop") == {"a.jpg": b"a", "in/b.jpg": b"b"}

    def test_where_links_cannot_be_made(self, pictured: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> None:
            raise OSError("another disk")

        monkeypatch.setattr("os.link", refuse)
        save_dataset(pictured, tmp_path / "shop")
        assert self.images(tmp_path / "shop") == {"a.jpg": b"a", "in/b.jpg": b"b"}

    def test_all_or_nothing(self, pictured: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("os.link", full)
        monkeypatch.setattr("shutil.copyfile", full)
        with pytest.raises(VitrinaError, match="No space left"):
            save_dataset(pictured, tmp_path / "shop")
        assert [path.name for path in tmp_path.iterdir()] == ["photos"]

    def test_the_source_is_a_link(self, pictured: Dataset, tmp_path: Path) -> None:
        (tmp_path / "photos/a.jpg").rename(tmp_path / "far.jpg")
        (tmp_path / "photos/a.jpg").symlink_to("../far.jpg")
        save_dataset(pictured, tmp_path / "shop")
        assert not (tmp_path / "shop/images/a.jpg").is_symlink()
        assert self.images(tmp_path / "shop")["a.jpg"] == b"a"

    def test_none_there(self, pictured: Dataset, tmp_path: Path) -> None:
        save_dataset(replace(pictured, catalogue=replace(pictured.catalogue, pictures=tmp_path / "gone")), tmp_path / "shop")
        assert load_dataset(tmp_path / "shop").catalogue.pictures is None
