from __future__ import annotations

from pathlib import Path

import pytest

from vitrina.data.importers import taste_profile
from vitrina.errors import DataError

PLAYS = "b80344d0\tSOAKIMP\t1\nb80344d0\tSOAPDEY\t12\n85c1f87f\tSOAPDEY\t3\n"
TRACKS = (
    "TRAAA1<SEP>SOAPDEY<SEP>Bj\xf6rk<SEP>J\xf3ga\n"
    "TRAAA2<SEP>SOAPDEY<SEP>Another<SEP>Version\n"
    "TRAAA3<SEP>SOUNHEA<SEP>Nobody<SEP>Silence\n"
)


def test_reads_plays_and_songs(tmp_path: Path) -> None:
    (tmp_path / "train_triplets.txt").write_text(PLAYS)
    data = taste_profile.read(tmp_path).dataset
    assert data.users.ids.to_list() == ["b80344d0", "85c1f87f"]
    assert data.items.ids.to_list() == ["SOAKIMP", "SOAPDEY"]
    assert data.interactions.rows() == [(0, 0, 1.0), (0, 1, 12.0), (1, 1, 3.0)]
    assert data.catalogue.attributes == []
    (tmp_path / "unique_tracks.txt").write_text(TRACKS, encoding="utf-8")
    named = taste_profile.read(tmp_path).dataset
    assert named.items.ids.to_list() == ["SOAKIMP", "SOAPDEY"]
    assert named.catalogue.table.rows() == [(None, None), ("Björk", "Jóga")]


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("train_triplets.txt", "u\ts\n", "has 2 columns"),
        ("train_triplets.txt", "u\ts\t1\nv\ts\n", "no value; "),
        ("train_triplets.txt", "u\ts\toften\n", "cannot be read"),
        ("train_triplets.txt", "u\ts\t0\n", "once or more; got 0"),
        ("train_triplets.txt", "", "empty"),
        ("unique_tracks.txt", "TRAAA1<SEP>SOAPDEY<SEP>Bj\n", "no title"),
    ],
)
def test_faulty_files_are_refused(tmp_path: Path, file: str, text: str, reason: str) -> None:
    (tmp_path / "train_triplets.txt").write_text(PLAYS)
    (tmp_path / file).write_text(text)
    with pytest.raises(DataError, match=reason):
        taste_profile.read(tmp_path)
