from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from tests.report.map.cases import clusters, gallery
from vitrina.report.map import make_map
from vitrina.report.map.cache import layout_file, layouts_folder, read_layout, write_layout
from vitrina.report.map.layout import map_layout


def test_a_layout_comes_back_as_it_was(folder: Path):
    matrix, _ = clusters(40)
    matrix[7] = np.nan
    layout = map_layout(matrix, seed=3)
    path = layout_file(folder, matrix, perplexity=30.0, seed=3)
    assert write_layout(layout, path)
    back = read_layout(path, 40)
    assert back is not None
    assert np.array_equal(back.positions, layout.positions, equal_nan=True)
    assert (back.method, back.perplexity, back.seed) == (layout.method, layout.perplexity, 3)


def test_the_name_depends_on_everything_that_matters(folder: Path):
    matrix, _ = clusters(40)
    other = matrix.copy()
    other[0, 0] += 1
    names = {
        layout_file(folder, matrix, perplexity=30.0, seed=0),
        layout_file(folder, other, perplexity=30.0, seed=0),
        layout_file(folder, matrix, perplexity=10.0, seed=0),
        layout_file(folder, matrix, perplexity=30.0, seed=1),
        layout_file(folder, matrix.reshape(20, -1), perplexity=30.0, seed=0),
        layout_file(folder, csr_matrix(matrix), perplexity=30.0, seed=0),
    }
    assert len(names) == 6
    assert layout_file(folder, matrix.copy(), perplexity=30.0, seed=0) in names


@pytest.mark.parametrize("damage", [b"", b"no tensors", None])
def test_a_damaged_layout_is_made_again(folder: Path, damage: bytes | None):
    dataset = gallery(folder, 30)
    first = make_map(dataset, layouts=folder / "layouts")
    again = make_map(dataset, layouts=folder / "layouts")
    (path,) = (folder / "layouts").iterdir()
    assert (first.cached, again.cached) == (False, True)
    assert np.array_equal(first.positions, again.positions)
    path.write_bytes(path.read_bytes()[:-8] if damage is None else damage)
    assert read_layout(path, 30) is None
    third = make_map(dataset, layouts=folder / "layouts")
    assert not third.cached
    assert np.array_equal(first.positions, third.positions)
    assert make_map(dataset, layouts=folder / "layouts").cached


def test_a_layout_of_another_number_of_items_is_not_taken(folder: Path):
    path = folder / "x.safetensors"
    write_layout(map_layout(clusters(12)[0]), path)
    assert read_layout(path, 13) is None


def test_a_folder_that_cannot_be_written_costs_nothing(folder: Path):
    (folder / "file").write_text("in the way")
    assert not write_layout(map_layout(clusters(12)[0]), folder / "file" / "x.safetensors")
    assert len(make_map(gallery(folder / "shop", 12), layouts=folder / "file")) == 11


def test_where_layouts_are_kept(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VITRINA_HOME", str(folder / "home"))
    (folder / "dataset.toml").write_text("")
    assert layouts_folder(str(folder)) == folder / "layouts"
    assert layouts_folder("demo") == folder / "home" / "layouts"
