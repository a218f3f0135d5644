import numpy as np
import polars as pl
import pytest

from vitrina.experiments.profile_sizes import profile_sizes

LENGTHS = [1, 1, 2, 3, 4, 9, 10, 134, 0, 1]
VALUES = [0.0, 1.0, 0.5, 0.2, 0.4, 1.0, 0.0, 0.6, 1.0, np.nan]
PEOPLE = np.array([0, 1, 2, 3, 3, 3, 4, 4, 5, 6])


def table(values):
    return pl.DataFrame({"history_length": LENGTHS, "m": values})


def test_equals_means_by_hand_and_counts_people_and_sessions():
    found = profile_sizes({"a": table(VALUES), "b": table([1.0] * 9 + [np.nan])}, "m", PEOPLE, seed=0)
    assert [(row["size"], row["n_sessions"], row["n_users"]) for row in found] == [
        ("1", 2, 2),
        ("2", 1, 1),
        ("3 to 4", 2, 1),
        ("5 to 9", 1, 1),
        ("10 or more", 2, 1),
    ]
    assert [row["metrics"]["a"] for row in found] == pytest.approx([0.5, 0.5, 0.3, 1.0, 0.3])
    assert {row["metrics"]["b"] for row in found} == {1.0}


def test_intervals_are_over_people_and_not_over_sessions():
    n = 400
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(20), n // 20)
    values = rng.random(20)[person]  # sessions of a person are all alike
    many = pl.DataFrame({"history_length": [1] * n, "m": values})
    (clustered,) = profile_sizes({"a": many}, "m", person, seed=0)
    (independent,) = profile_sizes({"a": many}, "m", np.arange(n), seed=0)

    def width(row):
        return row["intervals"]["a"][1] - row["intervals"]["a"][0]

    assert width(clustered) == pytest.approx(width(independent) * np.sqrt(20), rel=0.2)


def test_nothing_from_nothing():
    assert profile_sizes({}, "m", np.empty(0, np.int64), seed=0) == []
    assert profile_sizes({"a": table([np.nan] * 10)}, "m", PEOPLE, seed=0) == []
