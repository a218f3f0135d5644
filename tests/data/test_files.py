from pathlib import Path

import pytest

from vitrina.data import files
from vitrina.errors import VitrinaError


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path):
    def interrupted() -> None:
        with files.atomic_folder(tmp_path / "out", marker="m") as part:
            (part / "m").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not list(tmp_path.iterdir())


def test_an_interrupt_between_the_two_renames_brings_the_old_folder_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with files.atomic_folder(tmp_path / "out", marker="m") as part:
        (part / "m").write_text("old")
    replace = files.os.replace

    def interrupted(source: Path, target: Path) -> None:
        replace(source, target)
        if Path(source).name == "out":
            raise KeyboardInterrupt

    def new_version() -> None:
        with files.atomic_folder(tmp_path / "out", marker="m", overwrite=True) as part:
            (part / "m").write_text("new")

    with monkeypatch.context() as patched:
        patched.setattr(files.os, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            new_version()
    assert (tmp_path / "out" / "m").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_somebody_elses_folder_is_never_replaced(tmp_path: Path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("years")
    with (
        pytest.raises(VitrinaError, match="not written by Vitrina"),
        files.atomic_folder(tmp_path / "out", marker="m", overwrite=True),
    ):
        pass
    assert (tmp_path / "out" / "thesis.txt").exists()


def test_a_full_disk_is_told(tmp_path: Path):
    def write() -> None:
        with files.atomic_file(tmp_path / "f"):
            raise OSError(28, "No space left on device")

    with pytest.raises(VitrinaError, match="No space left"):
        write()
    assert not list(tmp_path.iterdir())
