import errno
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from tests.models.logs import log, random_log
from vitrina.data.catalogue import Recipe
from vitrina.errors import ModelFileError, VitrinaError
from vitrina.models import storage
from vitrina.models.registry import MODELS, make
from vitrina.models.storage import load_trained
from vitrina.models.trained import Trained

WORKS = pl.DataFrame(
    {"id": ["a", "b", "c"], "title": ["Alba", None, "Çelik"], "price": [1.5, None, 3.0], "tags": [["x", "y"], [], None]}
)
PAIRS = [("u", "a"), ("u", "c"), ("v", "c"), ("v", "b"), ("v", "b")]


@pytest.fixture
def trained():
    return Trained.fit(make("itemknn"), log(PAIRS, items=WORKS, users=pl.DataFrame({"id": ["v", "silent", "u"]})))


@pytest.fixture
def folder(trained, tmp_path):
    trained.save(tmp_path / "model")
    return tmp_path / "model"


def rewrite(folder, **changes):
    """Change the manifest, keeping it consistent with the files."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text()) | changes
    manifest["checksums"] = {f.name: storage.checksum(f) for f in sorted(folder.iterdir()) if f != path}
    path.write_text(json.dumps(manifest))


def rewrite_state(folder, **arrays):
    """Change arrays of the state (None removes one), and the manifest with them: a hostile folder, not a broken one."""
    state = {k: v for k, v in (load_file(folder / "state.safetensors") | arrays).items() if v is not None}
    save_file(state, folder / "state.safetensors")
    rewrite(folder, arrays=storage._described(state))


def test_everything_returns(folder, trained):
    loaded = load_trained(folder)
    assert loaded.model.settings == trained.model.settings
    assert loaded.catalogue.items == trained.catalogue.items
    assert loaded.catalogue.table.equals(trained.catalogue.table)
    assert loaded.info == trained.info
    assert loaded.users == trained.users
    assert [loaded.histories.row(r).tolist() for r in range(3)] == [[2, 1, 1], [], [0, 2]]
    assert loaded.popularity.tolist() == [1, 1, 2]
    assert loaded.provenance == trained.provenance
    assert {f.name for f in folder.iterdir()} == {"manifest.json", "state.safetensors", "items.parquet", "histories.parquet"}


def test_what_is_in_the_folder_can_be_read(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["model"] == "itemknn"
    assert manifest["arrays"]["popularity"] == "float32 [3]"
    assert set(manifest["arrays"]) == {"popularity", *[f"weights_/{p}" for p in ("data", "indices", "indptr", "shape")]}


def test_whoever_may_read_the_folder_may_read_its_files(folder):
    modes = {f.name: f.stat().st_mode for f in folder.iterdir()}
    assert len(set(modes.values())) == 1, modes


def test_without_histories(trained, tmp_path):
    trained.save(tmp_path / "model", histories=False)
    assert not (tmp_path / "model" / "histories.parquet").exists()
    loaded = load_trained(tmp_path / "model")
    assert loaded.users is None
    with pytest.raises(VitrinaError, match="without the histories"):
        loaded.recommend(users=["u"])
    asked = {"histories": [["a"]], "k": 2}
    assert loaded.recommend(**asked).equals(trained.recommend(**asked))


def test_without_titles_or_users_with_events(tmp_path):
    Trained.fit(make("popular"), log([("u", "a")])).save(tmp_path / "model")
    assert load_trained(tmp_path / "model").recommend(histories=[[]], k=2)["item"].to_list() == ["a"]


def test_an_existing_folder_is_kept_unless_told(folder, trained, tmp_path):
    before = (folder / "manifest.json").read_text()
    with pytest.raises(VitrinaError, match="exists already"):
        trained.save(folder)
    assert (folder / "manifest.json").read_text() == before
    Trained.fit(make("popular"), log(PAIRS)).save(folder, overwrite=True)
    assert load_trained(folder).model.name == "popular"
    (tmp_path / "diary").mkdir()
    (tmp_path / "diary" / "monday.txt").write_text("rain")
    with pytest.raises(VitrinaError, match="was not written by Vitrina"):
        trained.save(tmp_path / "diary", overwrite=True)
    assert {p.name for p in tmp_path.iterdir()} == {"model", "diary"}


# --- saving fails


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("raised", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_failed_save_leaves_nothing_behind(trained, tmp_path, monkeypatch, raised, overwrite):
    target = tmp_path / "model"
    if overwrite:
        trained.save(target)
        before = load_trained(target).provenance

    def fails(arrays, path):
        path.write_bytes(b"half a file")
        raise raised

    monkeypatch.setattr(storage, "save_file", fails)
    with pytest.raises((VitrinaError, KeyboardInterrupt)) as caught:
        trained.save(target, overwrite=overwrite)
    if isinstance(raised, OSError):
        assert "No space left on device" in str(caught.value)
        assert "Free some space" in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == (["model"] if overwrite else [])
    if overwrite:
        assert load_trained(target).provenance == before


def test_a_disk_that_is_really_full(tmp_path):
    """A limit on file sizes makes the writes of safetensors, Parquet and JSON fail, each in its turn."""
    code = f"""
import resource, pathlib
from tests.models.logs import random_log
from vitrina.errors import VitrinaError
from vitrina.models.registry import make
from vitrina.models.trained import Trained

trained = Trained.fit(make("popular"), random_log(500, 60, 900))
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
for limit in range(100, 20_000, 100):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))
    try:
        trained.save({str(tmp_path / "model")!r})
    except VitrinaError as error:
        assert "Free some space or choose another --out" in str(error)
        assert not list(pathlib.Path({str(tmp_path)!r}).iterdir())
    else:
        print(limit)
        break
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    files = {f.name: f.stat().st_size for f in (tmp_path / "model").iterdir()}
    assert max(files.values()) <= int(done.stdout) < max(files.values()) + 100
    assert max(files, key=files.get) != "state.safetensors"  # so that Parquet failed too


# --- loading broken folders


def test_no_model(tmp_path):
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(ModelFileError, match=r"no model at .* Make one with: vitrina fit"):
            load_trained(path)


@pytest.mark.parametrize("name", ["state.safetensors", "items.parquet", "histories.parquet"])
def test_missing_truncated_or_altered_files(folder, name):
    path = folder / name
    whole = path.read_bytes()
    for broken in (whole[:-1], whole[: len(whole) // 2], b"", whole[:-5] + bytes([whole[-5] ^ 1]) + whole[-4:]):
        path.write_bytes(broken)
        with pytest.raises(ModelFileError, match=f"{name} is truncated or was altered"):
            load_trained(folder)
    path.unlink()
    with pytest.raises(ModelFileError, match=f"{name} is missing"):
        load_trained(folder)


def test_saved_by_a_newer_version(folder):
    rewrite(folder, format=storage.FORMAT + 1, vitrina="9.0")
    with pytest.raises(ModelFileError, match=r"saved by Vitrina 9\.0 in format 2; .* Upgrade Vitrina"):
        load_trained(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"format": "x", "checksums": {}}', "\xff", "[" * 100_000])
def test_damaged_manifest(folder, text):
    (folder / "manifest.json").write_text(text, encoding="latin-1")
    with pytest.raises(ModelFileError, match=r"manifest\.json is damaged"):
        load_trained(folder)


def test_truncated_manifest(folder):
    path = folder / "manifest.json"
    path.write_text(path.read_text()[:-20])
    with pytest.raises(ModelFileError, match=r"manifest\.json is damaged"):
        load_trained(folder)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../secret", ".."])
def test_files_outside_the_folder_are_not_touched(folder, name):
    (folder.parent / "secret").write_text("secret")
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["checksums"][name] = storage.checksum(folder.parent / "secret")
    path.write_text(json.dumps(manifest))
    with pytest.raises(ModelFileError, match="is incomplete"):
        load_trained(folder)


@pytest.mark.parametrize("checksums", [{}, [], None, {"state.safetensors": "0"}])
def test_manifest_without_its_files(folder, checksums):
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"checksums": checksums}))
    with pytest.raises(ModelFileError, match="damaged"):
        load_trained(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "no-such-model"},
        {"model": ["itemknn"]},
        {"model": "os:system"},
        {"settings": {"neighbours": "many"}},
        {"settings": {"unknown": 1}},
        {"settings": [1]},
        {"settings": {"name": "x"}},
        {"numbers": {"score": 1}},
        {"numbers": {"__class__": "x"}},
        {"numbers": {"_hidden_": 1}},
        {"numbers": [1]},
        {"arrays": {}},
        {"arrays": None},
        {"dataset": {"name": 3}},
        {"dataset": {"unknown": "x"}},
        {"dataset": []},
    ],
    ids=str,
)
def test_manifest_that_makes_no_sense(folder, changes):
    rewrite(folder, **changes)
    with pytest.raises(ModelFileError, match=r"cannot be read as a model: .* Fit and save the model again"):
        load_trained(folder)


@pytest.mark.parametrize("key", ["model", "settings", "numbers", "arrays", "dataset", "provenance"])
def test_manifest_lacks_a_part(folder, key):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest[key]
    path.write_text(json.dumps(manifest))
    with pytest.raises(ModelFileError, match=f"cannot be read as a model: '{key}'"):
        load_trained(folder)


# --- loading hostile folders: consistent, but with arrays that compiled code must not meet


def test_types_and_sizes_are_compared_with_the_manifest(folder):
    state = load_file(folder / "state.safetensors")
    for change in ({"popularity": np.zeros(3)}, {"popularity": np.zeros(4, np.float32)}):
        save_file(state | change, folder / "state.safetensors")
        rewrite(folder)
        with pytest.raises(ModelFileError, match=r"state\.safetensors holds .* but manifest\.json says"):
            load_trained(folder)


@pytest.mark.parametrize(
    "arrays",
    [
        {"popularity": np.zeros(2, np.float32)},
        {"popularity": np.zeros(3)},
        {"weights_/indices": np.array([0, 10**6, 1, 2], np.int32)},
        {"weights_/indices": np.array([0, -7, 1, 2], np.int32)},
        {"weights_/indptr": np.array([0, 1, 10**6, 4], np.int32)},
        {"weights_/shape": np.array([3, 2])},
        {"weights_/shape": np.array([2, 3])},
        {"weights_/shape": np.array([3])},
        {"weights_/data": None},
        {"score": np.zeros(3, np.float32)},
    ],
    ids=str,
)
def test_sparse_weights_that_do_not_fit(folder, arrays):
    assert load_file(folder / "state.safetensors")["weights_/indices"].size == 4
    rewrite_state(folder, **arrays)
    with pytest.raises(ModelFileError, match="cannot be read as a model"):
        load_trained(folder)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("ease", {"weights_": np.zeros((2, 3), np.float32)}),
        ("ease", {"weights_": np.zeros((3, 4), np.float32)}),
        ("ease", {"weights_": np.zeros(3, np.float32)}),
        ("ease", {"weights_": None}),
        ("popular", {"counts_": np.zeros(4, np.float32)}),
        ("popular", {"counts_": np.zeros(3)}),
        ("random", {"keys_": np.zeros(2, np.uint64)}),
        ("ials", {"item_vectors_": np.zeros((2, 192), np.float32)}),
        ("ials", {"item_vectors_": np.zeros((3, 5), np.float32)}),
        ("ials", {"shared_": np.zeros(5, np.float32)}),
        ("ials", {"spread_": np.zeros((2, 2), np.float32)}),
    ],
    ids=str,
)
def test_dense_arrays_that_do_not_fit(tmp_path, name, array):
    Trained.fit(make(name), log(PAIRS, items=WORKS)).save(tmp_path / "model")
    rewrite_state(tmp_path / "model", **array)
    with pytest.raises(ModelFileError, match="cannot be read as a model"):
        load_trained(tmp_path / "model")


@pytest.mark.parametrize("items", [[[0, 3]], [[-1]], [[None, 2**40]]])
def test_histories_of_unknown_items(folder, items):
    pl.DataFrame({"id": ["u"], "item": items}).write_parquet(folder / "histories.parquet")
    rewrite(folder)
    with pytest.raises(ModelFileError, match="cannot be read as a model"):
        load_trained(folder)


@pytest.mark.parametrize(
    "table", [{"name": ["a", "b", "c"]}, {"id": ["a", "a", "b"]}, {"id": ["a", "b"]}, {"id": ["a", None, "c"]}, {"id": []}]
)
def test_catalogues_that_do_not_fit(folder, table):
    pl.DataFrame(table).write_parquet(folder / "items.parquet")
    rewrite(folder)
    with pytest.raises(ModelFileError, match="cannot be read as a model"):
        load_trained(folder)


@pytest.mark.parametrize("name", ["state.safetensors", "items.parquet", "histories.parquet"])
def test_files_of_another_kind(folder, name):
    (folder / name).write_bytes(b"\x80\x04\x95(cposix\nsystem\n(S'true'\ntR.")  # a pickle that would run a command
    rewrite(folder)
    with pytest.raises(ModelFileError, match="cannot be read as a model"):
        load_trained(folder)


# --- models that are made of others


@pytest.fixture
def combined(tmp_path):
    works = WORKS.with_columns(artist=pl.Series(["A", "A", "B"]))
    model = make("hybrid", parts=("fa", "price", "itemknn(shrink=0)"), weights=(1, 2, 1))
    Trained.fit(model, log(PAIRS, items=works)).save(tmp_path / "hybrid")
    return tmp_path / "hybrid"


def test_parts_are_in_the_same_file(combined):
    manifest = json.loads((combined / "manifest.json").read_text())
    assert list(manifest["parts"]) == ["fa", "price", "itemknn(shrink=0)"]
    assert {"0:held_/data", "1:prices_", "2:weights_/indptr", "weights_"} <= set(manifest["arrays"])
    model = load_trained(combined).model
    assert [type(part).__name__ for part in model.parts_.values()] == ["FavouriteArtist", "Price", "ItemKNN"]
    assert model.parts_["itemknn(shrink=0)"].shrink == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"parts": {}},
        {"parts": {"fa": {"numbers": {}, "parts": {}}}},
        {"parts": ["fa", "price", "itemknn(shrink=0)"]},
        {"parts": {name: {"numbers": {}} for name in ("fa", "price", "itemknn(shrink=0)")}},
        {"parts": {name: {"numbers": {"score": 1}, "parts": {}} for name in ("fa", "price", "itemknn(shrink=0)")}},
        {"parts": {name: {"numbers": {}, "parts": {"fa": {}}} for name in ("fa", "price", "itemknn(shrink=0)")}},
        {"settings": {"parts": ["fa", "price", "popular"], "weights": [1, 2, 1], "normalise": "minmax"}},
        {"settings": {"parts": ["fa", "price"], "weights": [1, 2], "normalise": "minmax"}},
        {"settings": {"parts": ["os.system(run)", "price", "fa"], "weights": [], "normalise": "minmax"}},
        {"numbers": {"n_items_": 10**12}},
    ],
)
def test_hostile_parts_are_refused(combined, changes):
    rewrite(combined, **changes)
    with pytest.raises(ModelFileError, match="cannot be read as a model"):
        load_trained(combined)


@pytest.mark.parametrize(
    "arrays",
    [
        {"1:prices_": None},
        {"1:prices_": np.zeros(2, np.float32)},
        {"0:held_/indices": np.array([9] * 3, np.int32)},
        {"2:weights_/shape": np.array([9, 9])},
        {"weights_": np.ones(2, np.float32)},
        {"weights_": np.ones((3, 3), np.float32)},
        {"3:prices_": np.zeros(3, np.float32), "0:0:0:held_": np.zeros(3, np.float32), "1:prices_": None},
    ],
)
def test_arrays_of_parts_that_do_not_fit_are_refused(combined, arrays):
    rewrite_state(combined, **arrays)
    with pytest.raises(ModelFileError, match="cannot be read as a model"):
        load_trained(combined)


@given(st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_damage_is_a_clear_error(folder, data):
    """Whatever byte changes in whichever file: an error that teaches, or (in a harmless place of the manifest) none."""
    path = folder / data.draw(st.sampled_from(sorted(f.name for f in folder.iterdir())))
    whole = path.read_bytes()
    at, bit = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 7))
    path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
    try:
        load_trained(folder)
        assert path.name == "manifest.json"
    except ModelFileError:
        pass
    finally:
        path.write_bytes(whole)


def test_no_pickle_is_written(tmp_path):
    for name in MODELS:
        Trained.fit(make(name), random_log(10, 8, 50)).save(tmp_path / name)
        for array in load_file(tmp_path / name / "state.safetensors").values():
            assert array.dtype != object
        assert {f.suffix for f in (tmp_path / name).iterdir()} == {".json", ".safetensors", ".parquet"}


# --- what pictures need: how the features were made, the measures for explanations, the weights of networks


@pytest.fixture
def looking(tmp_path):
    """A saved model that reads pictures, with measures and two networks, of which it needs one."""
    toy = random_log(12, 8, 40)
    networks = tmp_path / "shop" / "features" / "networks"
    networks.mkdir(parents=True)
    for name in ("mine", "other"):
        (networks / f"{name}.onnx").write_bytes(name.encode())
    recipes = {
        "dnn": Recipe(source="network", network="mine.onnx", checksum=storage.checksum(networks / "mine.onnx"), layer="last"),
        "evf": Recipe(source="evf", columns=tuple("abcdef")),
    }
    table = toy.catalogue.table.with_columns(image=pl.Series([f"{n}.jpg" for n in range(8)]))
    pictures = tmp_path / "shop" / "images"
    catalogue = replace(toy.catalogue, table=table, recipes=recipes, pictures=pictures)
    trained = Trained.fit(make("visrank", feature="dnn"), replace(toy, catalogue=catalogue))
    trained.save(tmp_path / "model")
    return trained, tmp_path / "model"


def test_recipes_measures_pictures_and_networks_return(looking, tmp_path):
    trained, folder = looking
    loaded = load_trained(folder)
    assert loaded.recipes == trained.recipes
    assert list(loaded.recipes) == ["dnn"]  # what the model reads
    assert list(loaded.catalogue.features) == ["evf"]  # what explanations need
    np.testing.assert_array_equal(loaded.catalogue.features["evf"], trained.catalogue.features["evf"])
    assert loaded.catalogue.recipes["evf"].columns == tuple("abcdef")
    assert loaded.catalogue.pictures == trained.catalogue.pictures
    assert loaded.catalogue.picture(3) == tmp_path / "shop" / "images" / "3.jpg"
    assert [f.name for f in (folder / "features" / "networks").iterdir()] == ["mine.onnx"]
    assert loaded.recommend(users=["u1"]).equals(trained.recommend(users=["u1"]))


def test_a_loaded_model_saves_again(looking, tmp_path):
    load_trained(looking[1]).save(tmp_path / "again")
    assert (tmp_path / "again" / "features" / "networks" / "mine.onnx").read_bytes() == b"mine"
    assert load_trained(tmp_path / "again").recipes == looking[0].recipes


def test_no_network_is_taken_twice_or_without_need(looking, tmp_path):
    trained, _ = looking
    kept = tmp_path / "shop" / "features" / "networks"
    trained.save(tmp_path / "model", overwrite=True)
    assert len(list((tmp_path / "model" / "features" / "networks").iterdir())) == 1
    measured = Trained.fit(make("visrank", feature="evf"), replace(random_log(12, 8, 40), catalogue=trained.catalogue))
    measured.save(tmp_path / "measured")
    assert not (tmp_path / "measured" / "features").exists()
    (kept / "mine.onnx").unlink()  # one that is no longer there can be had anew, or not: the model serves all the same
    trained.save(tmp_path / "model", overwrite=True)
    assert load_trained(tmp_path / "model").recommend(users=["u1"]).height


@pytest.mark.parametrize(
    "measures",
    [
        {"evf": np.zeros((8, 6), np.float64)},
        {"evf": np.zeros((8, 6), np.int32)},
        {"evf": np.zeros(8, np.float32)},
        {"evf": np.zeros((7, 6), np.float32)},
        {"evf": np.zeros((9, 6), np.float32)},
        {"lbp": np.zeros((8, 6), np.float32)},  # a recipe without its feature
    ],
)
def test_measures_that_do_not_fit_are_refused(looking, measures):
    _, folder = looking
    save_file(measures, folder / "measures.safetensors")
    rewrite_with_folders(folder)
    with pytest.raises(ModelFileError, match="cannot be read as a model"):
        load_trained(folder)


@pytest.mark.parametrize(
    "changes",
    [
        {"recipes": ["dnn"]},
        {"recipes": {"dnn": {"source": "network", "run": "rm"}}},
        {"recipes": {"dnn": None}},
        {"measures": {"evf": {"columns": 3}}},
        {"measures": {"nothing": {"source": "evf"}}},
        {"measures": "evf"},
        {"pictures": "\x00"},
    ],
)
def test_hostile_recipes_are_refused_or_harmless(looking, changes):
    _, folder = looking
    rewrite_with_folders(folder, **changes)
    try:
        loaded = load_trained(folder)
    except ModelFileError as error:
        refused = str(error)
    else:
        refused = ""
        assert loaded.recommend(users=["u1"]).height
    assert not refused or "cannot be read as a model" in refused


@pytest.mark.parametrize("path", ["../secret.jpg", "/etc/passwd", "a/../../b.jpg", "C:\\x.jpg", "~/x.jpg"])
def test_pictures_cannot_leave_their_folder(looking, path):
    _, folder = looking
    items = pl.read_parquet(folder / "items.parquet").with_columns(image=pl.lit(path))
    items.write_parquet(folder / "items.parquet")
    rewrite_with_folders(folder)
    with pytest.raises(ModelFileError, match="leave the folder of the pictures"):
        load_trained(folder)


def rewrite_with_folders(folder, **changes):
    """As ``rewrite``, for a model with a folder of networks, which the manifest does not list."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text()) | changes
    manifest["checksums"] = {name: storage.checksum(folder / name) for name in manifest["checksums"]}
    path.write_text(json.dumps(manifest))
