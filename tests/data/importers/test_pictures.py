from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.features.pictures.draw import noise, save
from vitrina.data.importers.log import ImportResult, import_frames, save_import
from vitrina.data.importers.pictures import NO_ITEM, NO_PICTURE, REFUSED, add_pictures
from vitrina.data.storage import load_dataset
from vitrina.errors import DataError, VitrinaError


def shop(ids: list[str], images: list[str | None] | None = None) -> ImportResult:
    log = pl.DataFrame({"user": ["ann"] * len(ids), "item": ids})
    items = pl.DataFrame({"id": ids, "title": [f"T{i}" for i in ids]})
    return import_frames(
        log, items if images is None else items.with_columns(image=pl.Series(images, dtype=pl.String)), now=1_760_000_000
    )


def files(folder: Path, *names: str) -> Path:
    for n, name in enumerate(names):
        save(folder / name, noise(n, 4, 4))
    return folder


def matched(result: ImportResult) -> dict[str, str | None]:
    catalogue = result.dataset.catalogue
    return dict(zip(catalogue.items.ids.to_list(), catalogue.table["image"].to_list(), strict=True))


def unmatched(result: ImportResult, what: str) -> list[str]:
    assert result.pictures is not None
    rows = result.pictures.unmatched.filter(pl.col("what") == what)
    return rows["item" if what == NO_PICTURE else "path"].to_list()


def test_files_called_after_items_are_their_pictures(tmp_path: Path) -> None:
    result = add_pictures(shop(["a", "b", "c"]), files(tmp_path, "a.jpg", "deep/er/b.PNG", "other.Jpeg"))
    assert matched(result) == {"a": "a.jpg", "b": "deep/er/b.PNG", "c": None}
    assert unmatched(result, NO_PICTURE) == ["c"]
    assert unmatched(result, NO_ITEM) == ["other.Jpeg"]
    assert any("1 item(s) have no picture (first 'c')" in warning for warning in result.warnings)
    assert any("1 picture(s) belong to no item (first 'other.Jpeg')" in warning for warning in result.warnings)


def test_the_column_image_comes_first(tmp_path: Path) -> None:
    folder = files(tmp_path, "a.jpg", "x/1.jpg", "2.JPG", "y/3.png", "d.png")
    images = ["x/1.jpg", "2.jpg", "pictures\\3.png", "gone.jpg", None]
    result = add_pictures(shop(["a", "b", "c", "d", "e"], images), folder)
    assert matched(result) == {"a": "x/1.jpg", "b": "2.JPG", "c": "y/3.png", "d": "d.png", "e": None}
    assert unmatched(result, NO_ITEM) == ["a.jpg"]


def test_ids_with_dots_and_folders_alike(tmp_path: Path) -> None:
    result = add_pictures(shop(["v1.2", "b"]), files(tmp_path, "v1.2.jpg", "one/b.jpg", "two/b.jpg"))
    assert matched(result) == {"v1.2": "v1.2.jpg", "b": "one/b.jpg"}
    assert result.pictures is not None
    assert result.pictures.unmatched.rows() == [(NO_ITEM, None, "two/b.jpg", "another picture of that name is used")]


def test_everything_is_saved_with_the_data_set(tmp_path: Path) -> None:
    folder = files(tmp_path / "pictures", "a.png", "in/b.png", "z.png")
    result = add_pictures(shop(["a", "b", "c"]), folder)
    save_import(result, tmp_path / "shop")
    catalogue = load_dataset(tmp_path / "shop").catalogue
    assert [catalogue.picture(code) for code in range(3)] == [
        tmp_path / "shop/images/a.png",
        tmp_path / "shop/images/in/b.png",
        None,
    ]
    for name in ("a.png", "in/b.png"):
        assert (tmp_path / "shop" / "images" / name).read_bytes() == (folder / name).read_bytes()
    assert pl.read_csv(tmp_path / "shop" / "pictures.csv")["what"].to_list() == [NO_PICTURE, NO_ITEM]
    report = json.loads((tmp_path / "shop" / "import.json").read_text())
    assert report["pictures"] == {"items with picture": 2, NO_PICTURE: 1, NO_ITEM: 1}


def test_nothing_is_left_when_a_picture_cannot_be_copied(tmp_path: Path) -> None:
    folder = files(tmp_path / "pictures", "a.png", "b.png")
    result = add_pictures(shop(["a", "b"]), folder)
    (folder / "b.png").unlink()
    with pytest.raises(VitrinaError, match="cannot write"):
        save_import(result, tmp_path / "shop")
    assert [path.name for path in tmp_path.iterdir()] == ["pictures"]


def test_a_catalogue_without_any_column_gets_one(tmp_path: Path) -> None:
    result = import_frames(pl.DataFrame({"user": ["ann", "bob"], "item": ["a", "b"]}))
    assert matched(add_pictures(result, files(tmp_path, "b.png"))) == {"a": None, "b": "b.png"}


def test_links_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    secret = save(tmp_path / "secret" / "b.png", noise())
    folder = files(tmp_path / "pictures", "a.png")
    (folder / "b.png").symlink_to(secret)
    (folder / "c.png").symlink_to(folder / "a.png")
    (folder / "all").symlink_to(secret.parent)
    (folder / "up").symlink_to(folder)
    (folder / "loop.png").symlink_to("loop.png")
    result = add_pictures(shop(["a", "b", "c"]), folder)
    assert matched(result) == {"a": "a.png", "b": None, "c": "c.png"}
    assert sorted(set(unmatched(result, REFUSED)) - {"loop.png"}) == ["all", "b.png", "up"]
    assert "loop.png" not in unmatched(result, NO_ITEM)


def test_names_that_no_data_set_can_hold_are_refused(tmp_path: Path) -> None:
    files(tmp_path, "a.png")
    (tmp_path / "b\n.png").write_bytes(b"")
    (tmp_path / "~c.png").write_bytes(b"")
    (tmp_path / b"\xff.png".decode("utf-8", "surrogateescape")).write_bytes(b"")
    result = add_pictures(shop(["a", "b"]), tmp_path)
    assert len(unmatched(result, REFUSED)) == 3
    save_import(result, tmp_path / "shop")


@pytest.mark.parametrize("image", ["../secret/b.png", "/etc/passwd", "x/../../secret/b.png"])
def test_paths_in_the_catalogue_cannot_leave_the_folder(tmp_path: Path, image: str) -> None:
    save(tmp_path / "secret" / "b.png", noise())
    result = add_pictures(shop(["a", "q"], [None, image]), files(tmp_path / "pictures", "a.png"))
    assert matched(result) == {"a": "a.png", "q": None}


def test_folders_without_use_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no folder of pictures"):
        add_pictures(shop(["a"]), tmp_path / "none")
    (tmp_path / "readme.txt").write_text("hello")
    with pytest.raises(DataError, match="holds no pictures"):
        add_pictures(shop(["a"]), tmp_path)
    with pytest.raises(
        DataError, match=r"none of the 1 pictures .* belongs to an item: the first is 'x\.png', the first item is 'a'"
    ):
        add_pictures(shop(["a"]), files(tmp_path, "x.png"))


names = st.text("ab.é", min_size=1, max_size=4).filter(lambda s: s.strip("."))


@given(st.lists(names, min_size=1, max_size=4, unique_by=str.casefold), st.sets(names, max_size=3))
def test_every_item_and_every_picture_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str], others: set[str]
) -> None:
    folder = files(tmp_path_factory.mktemp("p"), *{f"{ids[0]}.png", *(f"{other}.png" for other in others)})
    result = add_pictures(shop(ids), folder)
    with_picture = [item for item, path in matched(result).items() if path]
    assert sorted([*with_picture, *unmatched(result, NO_PICTURE)]) == sorted(matched(result))
    assert result.pictures is not None
    there = sorted(path.name for path in folder.iterdir())
    assert sorted([*result.pictures.files, *unmatched(result, NO_ITEM)]) == there
