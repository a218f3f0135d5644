from __future__ import annotations

from pathlib import Path

import pytest

from vitrina.data.importers import hetrec
from vitrina.errors import DataError


def write(folder: Path) -> Path:
    (folder / "user_artists.dat").write_bytes(b"userID\tartistID\tweight\r\n2\t51\t13883\r\n2\t52\t11690\r\n4\t51\t228\r\n")
    (folder / "artists.dat").write_bytes(
        "id\tname\turl\tpictureURL\r\n"
        '51\tDuran "D" Duran\thttp://www.last.fm/music/Duran+Duran\thttp://a/b.jpg\r\n'
        "52\tSigur Rós\thttp://www.last.fm/music/Sigur\t\r\n"
        "99\tUnheard\thttp://www.last.fm/music/Unheard\thttp://a/c.jpg\r\n".encode()
    )
    (folder / "tags.dat").write_bytes("tagID\ttagValue\r\n1\tmetal\r\n2\trock en español\r\n3\t80s\r\n".encode("latin-1"))
    (folder / "user_taggedartists-timestamps.dat").write_bytes(
        b"userID\tartistID\ttagID\ttimestamp\r\n2\t51\t3\t1238536800000\r\n4\t51\t3\t1238536800000\r\n4\t51\t2\t1238536800000\r\n"
        b"4\t7\t1\t1238536800000\r\n"
    )
    return folder


def test_reads_counts_artists_and_tags(tmp_path: Path) -> None:
    imported = hetrec.read(write(tmp_path))
    data = imported.dataset
    assert data.users.ids.to_list() == ["2", "4"]
    assert data.items.ids.to_list() == ["51", "52"]
    assert data.interactions.columns == ["user", "item", "value"]
    assert data.interactions["value"].to_list() == [13883.0, 11690.0, 228.0]
    assert data.catalogue.table.rows() == [
        ('Duran "D" Duran', "http://www.last.fm/music/Duran+Duran", ["80s", "rock en español"]),  # the most frequent tag first
        ("Sigur Rós", "http://www.last.fm/music/Sigur", None),
    ]
    assert "1 of 3 listed items have no event and are left out" in imported.notes
    assert any("tagging, not of listening" in note for note in imported.notes)


def test_tags_are_optional(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "tags.dat").unlink()
    assert hetrec.read(tmp_path).dataset.catalogue.attributes == []


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("user_artists.dat", "userID\tartist\tweight\n2\t51\t1\n", "no column artistID"),
        ("user_artists.dat", "userID\tartistID\tweight\n2\t51\n", "may be cut"),
        ("user_artists.dat", "userID\tartistID\tweight\n", "no rows"),
        ("user_artists.dat", "userID\tartistID\tweight\n2\t51\tmany\n", "cannot be read"),
        ("tags.dat", "tagID\n1\n", "no column tagValue"),
    ],
)
def test_faulty_files_are_refused(tmp_path: Path, file: str, text: str, reason: str) -> None:
    write(tmp_path)
    (tmp_path / file).write_text(text)
    with pytest.raises(DataError, match=reason):
        hetrec.read(tmp_path)
