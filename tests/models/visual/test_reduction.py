import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.decomposition import PCA

from vitrina.errors import VitrinaError
from vitrina.models.visual import reduction as reduction_module
from vitrina.models.visual.clusters import k_means
from vitrina.models.visual.pictures import Pictures
from vitrina.models.visual.reduction import fit_pca, known_rows
from vitrina.models.visual.scaling import Scaling


def pictures(n: int, d: int, seed: int = 0) -> np.ndarray:
    """Columns of very different variance, far from zero."""
    rng = np.random.default_rng(seed)
    return (5 + rng.normal(size=(n, d)) * np.linspace(3, 0.2, d)).astype(np.float32)


@pytest.mark.parametrize(("n", "d"), [(200, 30), (25, 60), (40, 40)])
@pytest.mark.parametrize("whiten", [False, True])
@pytest.mark.parametrize("block", [None, 7])
def test_components_are_those_of_scikit_learn(n, d, whiten, block, monkeypatch):
    if block:
        monkeypatch.setattr(reduction_module, "_BLOCK_BYTES", 8 * d * block)
    features, later = pictures(n, d), pictures(9, d, seed=1)
    ours, theirs = fit_pca(features, 6, whiten=whiten), PCA(6, whiten=whiten, svd_solver="full").fit(features.astype(np.float64))
    right = theirs.transform(later)
    signs = np.sign((ours.transform(later) * right).sum(axis=0))
    assert ours.transform(later) * signs == pytest.approx(right, rel=1e-3, abs=1e-3)
    assert ours.transform(later).dtype == np.float32
    largest = np.take_along_axis(ours.axes, np.abs(ours.axes).argmax(axis=1)[:, None], axis=1)
    assert (largest > 0).all()


def test_sparse_features_are_reduced_like_dense_ones():
    features = np.where(np.random.default_rng(0).random((50, 20)) < 0.3, pictures(50, 20), 0).astype(np.float32)
    dense, sparse = fit_pca(features, 4), fit_pca(csr_matrix(features), 4)
    assert sparse.axes == pytest.approx(dense.axes, abs=1e-5)
    assert sparse.transform(csr_matrix(features)) == pytest.approx(dense.transform(features), abs=1e-4)


def test_items_without_a_picture_teach_nothing_and_become_zeros():
    features = pictures(60, 10)
    with_gaps = np.insert(features, [0, 30], np.float32(np.nan), axis=0)
    one, other = fit_pca(features, 3), fit_pca(with_gaps, 3)
    assert other.axes == pytest.approx(one.axes, abs=1e-5)
    reduced = other.transform(with_gaps)
    assert not reduced[[0, 31]].any()
    assert np.delete(reduced, [0, 31], axis=0) == pytest.approx(one.transform(features), abs=1e-4)
    assert fit_pca(np.full((4, 3), np.nan, np.float32), 2).transform(np.full((2, 3), np.nan, np.float32)).shape == (2, 0)


def test_no_more_components_than_there_are():
    flat = np.outer(np.arange(8), np.ones(5)).astype(np.float32)
    reduced = fit_pca(flat, 10, whiten=True).transform(flat)
    assert reduced.shape == (8, 5)
    assert reduced[:, 0].std(ddof=1) == pytest.approx(1)
    assert not reduced[:, 1:].any()


def test_damaged_features_and_other_widths_are_told():
    damaged = pictures(5, 4)
    damaged[2, 1] = np.nan
    with pytest.raises(VitrinaError, match=r"in 1 rows\. A row is all numbers, or all NaN"):
        known_rows(damaged)
    with pytest.raises(VitrinaError, match="expected a feature of 4 columns, as at training; got 3"):
        fit_pca(pictures(5, 4), 2).transform(pictures(5, 3))
    with pytest.raises(VitrinaError, match="expected a feature of 4 columns, as at training; got 3"):
        Scaling.of(Pictures.of(pictures(5, 4))).transform(pictures(5, 3))


def test_scaled_columns_have_deviation_one_and_rows_length_one_on_average():
    features = np.insert(pictures(60, 10), 4, np.float32(np.nan), axis=0)
    features[:, 3] = np.where(np.isnan(features[:, 3]), np.nan, 7)  # the same everywhere
    scaled = Scaling.of(Pictures.of(features)).transform(features)
    known = np.delete(scaled, 4, axis=0)
    assert not scaled[4].any()
    assert not scaled[:, 3].any()
    assert np.delete(known.std(axis=0), 3) == pytest.approx(1, rel=1e-4)
    unit = np.delete(Scaling.of(Pictures.of(features), unit=True).transform(features), 4, axis=0)
    assert np.linalg.norm(unit, axis=1).mean() == pytest.approx(1, rel=1e-4)
    assert unit / np.linalg.norm(unit) == pytest.approx(known / np.linalg.norm(known), abs=1e-6)


def test_k_means_finds_groups_that_lie_apart():
    rng = np.random.default_rng(0)
    group = rng.integers(0, 6, 300)
    points = (20 * rng.normal(size=(6, 5))[group] + rng.normal(size=(300, 5))).astype(np.float32)
    found = k_means(points, 6, np.random.default_rng(1))
    assert len(np.unique(found)) == len(np.unique(np.stack([group, found]), axis=1).T) == 6
    assert (k_means(np.zeros((4, 2), np.float32), 3, rng) == 0).all()
    assert not k_means(np.zeros((0, 2), np.float32), 3, rng).size
