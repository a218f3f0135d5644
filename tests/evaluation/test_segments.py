import numpy as np
import polars as pl
import pytest

from vitrina.data.dataset import Dataset
from vitrina.data.splits.split import Label, Split
from vitrina.evaluation.evaluate import evaluate
from vitrina.evaluation.segments import by_segment
from vitrina.models.registry import make


@pytest.fixture
def split() -> Split:
    """Nine people like the hit, one likes the rarity; two test events fall on the hit, one on the rarity, one on a novelty."""
    train = [(f"u{n}", "hit") for n in range(9)] + [("u9", "rarity"), ("u9", "other"), ("u8", "other")]
    test = [("u9", "hit"), ("new", "hit"), ("u0", "rarity"), ("u1", "novelty")]
    frame = pl.DataFrame(train + test, schema=["user", "item"], orient="row")
    labels = np.array([Label.TRAIN] * len(train) + [Label.TEST] * len(test), np.uint8)
    return Split(Dataset.from_frame(frame), labels, "by hand")


def test_segments_by_history_and_by_item(split: Split):
    part = split.open_test()
    result = evaluate(make("popular").fit(split.train), part, split.train, ["hr@1"])
    found = {(s.segment, s.value): (s.n_users, s.metric) for s in by_segment(result.lists, part, split.train, "hr@1")}
    assert found["history length", "none"] == (1, 1.0)  # the newcomer is given the hit
    assert found["items to be found", "head"] == (2, 1.0)
    assert found["items to be found", "tail"] == (1, 0.0)
    assert found["items to be found", "new"] == (1, 0.0)


def test_history_groups_cover_everybody_once(split: Split):
    part = split.open_test()
    result = evaluate(make("popular").fit(split.train), part, split.train, ["hr@1"])
    groups = [s for s in by_segment(result.lists, part, split.train, "hr@1") if s.segment == "history length"]
    assert sum(s.n_users for s in groups) == len(part)


@pytest.mark.parametrize("metric", ["auc", "mrr"])
def test_metrics_of_the_full_ranking_are_split_by_people_alone(split: Split, metric: str):
    """The full ranking is not kept, so nothing tells where its head would stand."""
    part = split.open_test()
    result = evaluate(make("popular").fit(split.train), part, split.train, [metric])
    found = by_segment(result.lists, part, split.train, metric)
    assert {s.segment for s in found} == {"history length"}
    assert sum(s.n_users for s in found) == len(part)
