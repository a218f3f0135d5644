import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.errors import VitrinaError
from vitrina.features.correlation import correlations, extremes


@given(st.integers(3, 30), st.integers(1, 4), st.integers(1, 6), st.integers(0, 1000))
def test_equals_numpy(n, m, d, seed):
    rng = np.random.default_rng(seed)
    measured, network = rng.normal(size=(n, m)), rng.normal(size=(n, d)).astype(np.float32)
    expected = np.corrcoef(measured, network, rowvar=False)[:m, m:]
    np.testing.assert_allclose(correlations(measured, network), expected, atol=1e-6)


def test_rows_without_a_picture_are_left_out_and_constant_columns_have_none():
    rng = np.random.default_rng(0)
    measured, network = rng.normal(size=(20, 2)), rng.normal(size=(20, 3))
    expected = correlations(measured, network)
    measured, network = np.vstack([measured, [[np.nan, np.nan]]]), np.vstack([network, [[1, 2, 3]]])
    np.testing.assert_array_equal(correlations(measured, network), expected)
    measured[:, 1] = 7
    assert [e.feature for e in extremes(measured, ["a", "b"], network)] == ["a"]


def test_finds_the_dimension_that_follows_a_feature_and_its_opposite():
    rng = np.random.default_rng(1)
    light = rng.normal(size=500)
    network = rng.normal(size=(500, 2000))
    network[:, 1500], network[:, 3] = light + 0.1 * rng.normal(size=500), -light + 0.5 * rng.normal(size=500)
    (found,) = extremes(light[:, None], ["brightness"], network)
    assert (found.highest_at, found.lowest_at) == (1500, 3)
    assert found.highest > 0.99
    assert found.lowest < -0.85


def test_too_few_rows():
    with pytest.raises(VitrinaError, match="needs at least 3"):
        correlations(np.zeros((2, 1)), np.zeros((2, 1)))
