import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.errors import VitrinaError
from vitrina.ranking.memory import batch_size, parse_bytes


@pytest.mark.parametrize(
    ("text", "size"),
    [("2GB", 2 * 10**9), ("512MiB", 2**29), (" 1.5 kb ", 1500), ("7", 7), (1000, 1000), ("3gib", 3 * 2**30), ("0.5MB", 500_000)],
)
def test_parse(text, size):
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "much", "-2GB", "2 giga", "1e9", "2GBs", "GB", "1.GB", "nan"])
def test_parse_refuses(text):
    with pytest.raises(VitrinaError, match="Write it like 2GB or 512MiB"):
        parse_bytes(text)


@given(st.integers(0, 10**7), st.integers(0, 10**10))
def test_batches_fit_the_budget(n_columns, budget):
    rows = batch_size(n_columns, budget)
    assert rows >= 1
    assert rows == 1 or 3 * 4 * n_columns * rows <= budget
