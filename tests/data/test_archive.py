from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrina.data.archive import safe_extract
from vitrina.errors import DataError


def pack(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_folder_around_everything_is_left_out(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.zip", {"ml/": b"", "ml/ratings.dat": b"1", "ml/more/x": b"2", "__MACOSX/ml/._x": b"3"})
    assert contents(safe_extract(archive, tmp_path / "out")) == {"ratings.dat": b"1", "more/x": b"2"}


def test_files_at_the_top_stay_there(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.zip", {"tags.dat": b"1", "more/x": b"2"})
    assert contents(safe_extract(archive, tmp_path / "out")) == {"tags.dat": b"1", "more/x": b"2"}


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/etc/evil", "C:\\evil", "..\\evil", "C:evil"])
def test_paths_that_leave_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    archive = pack(tmp_path / "a.zip", {"good": b"1", name: b"2"})
    with pytest.raises(DataError, match="leave its folder"):
        safe_extract(archive, tmp_path / "sub" / "out")
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["a.zip"]


def test_links_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DataError, match="leave its folder"):
        safe_extract(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_archive_too_large_is_refused(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.zip", {"zeros": bytes(10_000), "more": bytes(10_000)})
    with pytest.raises(DataError, match="20,000 bytes; at most 15,000"):
        safe_extract(archive, tmp_path / "out", limit=15_000)
    assert contents(safe_extract(archive, tmp_path / "out", limit=20_000))["zeros"] == bytes(10_000)


def test_a_size_that_lies_is_noticed(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.zip", {"zeros": bytes(100_000)})
    raw = archive.read_bytes()
    size = (100_000).to_bytes(4, "little")
    assert raw.count(size) == 2
    archive.write_bytes(raw.replace(size, (10).to_bytes(4, "little")))
    with pytest.raises(DataError, match="cannot be unpacked"):
        safe_extract(archive, tmp_path / "out", limit=1_000)
    assert not (tmp_path / "out").exists()


@settings(deadline=None)
@given(st.data())
def test_a_damaged_archive_leaves_nothing_behind(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    files = {"a": bytes(range(256)) * 4, "b/c": b"text" * 50}
    archive = pack(folder / "a.zip", files)
    raw = bytearray(archive.read_bytes())
    if data.draw(st.booleans()):
        del raw[data.draw(st.integers(0, len(raw) - 1)) :]
    else:
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    archive.write_bytes(raw)
    try:
        found = contents(safe_extract(archive, folder / "out"))
    except DataError:
        assert [p.name for p in folder.iterdir()] == ["a.zip"]
    else:  # the fault hit a name, a date or another thing that no checksum covers
        assert all(content in files.values() for content in found.values())


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_of_packing_are_refused(tmp_path: Path, method: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", method) as archive:
        archive.writestr("a", b"1")
    with pytest.raises(DataError, match=f"packed by method {method}"):
        safe_extract(tmp_path / "a.zip", tmp_path / "out")


def test_a_file_packed_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a", b"1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a", b"2")
    with pytest.raises(DataError, match="twice"):
        safe_extract(tmp_path / "a.zip", tmp_path / "out")


def test_a_missing_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"absent\.zip"):
        safe_extract(tmp_path / "absent.zip", tmp_path / "out")
