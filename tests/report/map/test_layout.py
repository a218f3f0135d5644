from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.spatial import cKDTree

from tests.report.map.cases import clusters
from vitrina.errors import DataError
from vitrina.report.map.layout import (
    FEWEST,
    map_layout,
    n_steps,
    nearest,
    principal_components,
    unit_rows,
)


def test_the_same_call_gives_the_same_map_and_another_seed_another():
    matrix, _ = clusters(120)
    first, again, other = map_layout(matrix), map_layout(matrix.copy()), map_layout(matrix, seed=1)
    assert np.array_equal(first.positions, again.positions)
    assert not np.array_equal(first.positions, other.positions)


def test_works_of_a_cluster_stay_neighbours():
    matrix, which = clusters(200)
    layout = map_layout(matrix)
    _, found = cKDTree(layout.positions).query(layout.positions, 6)
    assert (which[found[:, 1:]] == which[:, None]).mean() > 0.97
    assert layout.method == "t-sne"


def test_the_map_fills_a_box_of_side_one_and_is_widest_across():
    positions = map_layout(clusters(150)[0]).positions
    assert positions.min(axis=0) == pytest.approx([0, 0], abs=1e-6)
    assert positions[:, 0].max() == pytest.approx(1)
    assert 0 < positions[:, 1].max() <= 1.0
    variance = positions.var(axis=0)
    assert variance[0] >= variance[1]


def test_scale_does_not_matter_even_huge():
    """Works are compared by cosine: the length of a row is nothing."""
    matrix, _ = clusters(60)
    factors = np.float32(2.0) ** np.random.default_rng(0).integers(-60, 60, 60).astype(np.float32)
    assert map_layout(matrix * factors[:, None]).positions == pytest.approx(map_layout(matrix).positions, abs=1e-3)


@pytest.mark.parametrize("n", [1, 2, 3, 9, FEWEST, 11, 31])
def test_few_works(n: int):
    layout = map_layout(clusters(n)[0])
    assert layout.positions.shape == (n, 2)
    assert np.isfinite(layout.positions).all()
    assert layout.method == ("pca" if n < FEWEST else "t-sne")
    assert layout.perplexity == (0 if n < FEWEST else pytest.approx(min(30, (n - 1) / 3)))
    if n > 1:
        assert len(np.unique(layout.positions, axis=0)) == n


def test_rows_without_the_feature_get_no_place_and_change_nothing():
    matrix, _ = clusters(80)
    holes = np.insert(matrix, [0, 40, 80], np.nan, axis=0)
    holes[0, 1:] = 1.0  # one NaN is enough
    layout = map_layout(holes)
    assert np.flatnonzero(np.isnan(layout.positions[:, 0])).tolist() == [0, 41, 82]
    assert np.array_equal(layout.positions[layout.placed], map_layout(matrix).positions)


def test_infinite_values_count_as_missing():
    matrix, _ = clusters(20)
    matrix[4, 2] = np.inf
    assert 4 not in map_layout(matrix).placed


def test_copies_of_a_picture_lie_together():
    matrix, _ = clusters(60)
    matrix[30:40] = matrix[30]
    positions = map_layout(matrix).positions
    assert np.ptp(positions[30:40], axis=0).max() < 0.15
    assert np.isfinite(map_layout(np.ones((25, 4), np.float32)).positions).all()
    assert np.isfinite(map_layout(np.zeros((25, 4), np.float32)).positions).all()


def test_sparse_features_give_the_components_of_dense_ones():
    rng = np.random.default_rng(0)
    dense = (rng.random((40, 30)) * (rng.random((40, 30)) < 0.3)).astype(np.float32)
    assert principal_components(csr_matrix(dense), 5) == pytest.approx(principal_components(dense, 5), abs=1e-4)
    assert np.isfinite(map_layout(csr_matrix(dense)).positions).all()


@pytest.mark.parametrize("shape", [(40, 12), (12, 40)])
def test_components_are_those_of_the_singular_values(shape: tuple[int, int]):
    rows = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    centred = rows - rows.mean(axis=0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    found = principal_components(rows, 4)
    assert np.abs(found) == pytest.approx(np.abs(left[:, :4] * values[:4]), abs=1e-4)
    assert (found[np.abs(found).argmax(axis=0), range(4)] > 0).all()


def test_nearest_are_exact_and_leave_the_work_itself_out():
    rows = np.asarray(unit_rows(clusters(300)[0])[0])
    own = np.arange(300)
    found, products = nearest(rows, rows, own, 7)
    scores = rows @ rows.T
    np.fill_diagonal(scores, -2)
    assert products == pytest.approx(-np.sort(-scores, axis=1)[:, :7], abs=1e-5)
    assert not (found == own[:, None]).any()


def test_steps_are_told():
    told: list[int] = []
    map_layout(clusters(30)[0], step=lambda: told.append(1))
    assert len(told) == n_steps()


def test_what_cannot_be_laid_out_is_said():
    with pytest.raises(DataError, match="every row is NaN"):
        map_layout(np.full((5, 3), np.nan, np.float32))
    with pytest.raises(DataError, match=r"perplexity is 0\.5"):
        map_layout(clusters(20)[0], perplexity=0.5)


def test_interpolation_for_many_works_repeats_too(monkeypatch: pytest.MonkeyPatch):
    import vitrina.report.map.layout as layout

    monkeypatch.setattr(layout, "_FFT_FROM", 100)
    monkeypatch.setattr(layout, "STEPS", (50, 20))
    matrix, which = clusters(150)
    first = map_layout(matrix).positions
    assert np.array_equal(first, map_layout(matrix).positions)
    _, found = cKDTree(first).query(first, 6)
    assert (which[found[:, 1:]] == which[:, None]).mean() > 0.8
