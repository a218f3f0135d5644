import numpy as np
import polars as pl
from scipy.stats import chisquare

from tests.models.logs import DAY, START, log, no_history, random_log
from tests.ranking.scorers import people
from vitrina.data.dataset import Dataset
from vitrina.models.simple.popular import Popular, PopularRecent
from vitrina.models.simple.random import Random


def test_popular_counts_people_not_events():
    toy = log([("u", "a"), ("u", "a"), ("v", "a"), ("v", "b")], items=pl.DataFrame({"id": ["a", "b", "c"]}))
    model = Popular().fit(toy)
    assert model.score(no_history(toy, 2)).tolist() == [[2, 1, 0], [2, 1, 0]]
    assert model.score(no_history(toy, 2), np.array([2, 0], np.int32)).tolist() == [[0, 2], [0, 2]]
    assert model.score(no_history(toy, 2), np.array([[0], [1]], np.int32)).tolist() == [[2], [1]]


def dated(*events: tuple[str, float]) -> Dataset:
    """Events of one person: an item, and days before the newest event."""
    days = [int(START - DAY * before) for _, before in events]
    return Dataset.from_frame(pl.DataFrame({"user": ["u"] * len(days), "item": [i for i, _ in events], "timestamp": days}))


def test_old_events_fade_by_half():
    toy = dated(("a", 0), ("b", 10), ("c", 20), ("c", 20), ("d", 5))
    scores = PopularRecent(half_life=10).fit(toy).score(no_history(toy))[0]
    np.testing.assert_allclose(scores, [1, 0.5, 2 * 0.25, 2**-0.5], rtol=1e-6)


def test_long_half_life_counts_events():
    toy = random_log(20, 10, 100)
    counts = np.bincount(toy.item_codes, minlength=10)
    np.testing.assert_allclose(PopularRecent(half_life=1e7).fit(toy).counts_, counts, rtol=1e-4)


def test_only_differences_of_time_matter():
    """Also before 1970, where seconds are negative."""
    toy = dated(("a", 0), ("b", 10), ("b", 30), ("c", 365))
    early = Dataset(toy.interactions.with_columns(pl.col("timestamp") - 2 * START), toy.users, toy.catalogue)
    np.testing.assert_array_equal(PopularRecent().fit(early).counts_, PopularRecent().fit(toy).counts_)


def test_random_is_uniform_and_differs_between_people():
    toy = random_log(5, 20, 30)
    scores = Random(seed=0).fit(toy).score(people(6000))
    for rank in (0, 19):
        items = np.argsort(scores, axis=1)[:, rank]
        assert chisquare(np.bincount(items, minlength=20)).pvalue > 0.001
    assert len({row.tobytes() for row in scores}) == 6000
    neighbours = np.corrcoef(scores[:-1].ravel(), scores[1:].ravel())[0, 1]
    assert abs(neighbours) < 4 / np.sqrt(scores.size)


def test_random_does_not_depend_on_the_data():
    one, other = random_log(5, 20, 30, seed=1), random_log(9, 20, 80, seed=2)
    np.testing.assert_array_equal(Random().fit(one).score(people(3)), Random().fit(other).score(people(3)))
