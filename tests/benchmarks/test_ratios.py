from __future__ import annotations

from typing import Any

import pytest

from benchmarks import ratios


def run(seconds: float, added: int = 10) -> dict[str, Any]:
    stages = {"fit": seconds}
    return {"wall": stages, "cpu": stages, "before": {"fit": 100}, "peak": {"fit": 100 + added}}


def measured(ours: list[float], theirs: list[float], quality: tuple[float, float] = (0.3, 0.3), **more: Any) -> dict[str, Any]:
    judged = {name: {"model": {"ndcg@10": q}} for name, q in zip(("ours", "irspack"), quality, strict=True)}
    runs = {"ours": [run(s) for s in ours], "irspack": [run(s, 20) for s in theirs]}
    return {"job": "itemknn", "data": "toy", "settings": {}, "runs": runs, "quality": judged, **more}


def test_ratios_are_taken_within_rounds() -> None:
    (pair,) = ratios.pairs(measured([1.0, 4.0, 1.0], [2.0, 10.0, 1.0]))
    assert (pair.wall.median, pair.wall.low, pair.wall.high) == (0.5, 0.4, 1.0)
    assert pair.memory == 0.5
    assert pair.verdict == "reached"


def test_a_ratio_above_the_target_is_missed() -> None:
    (pair,) = ratios.pairs(measured([0.9], [1.0]))
    assert pair.target == 0.8
    assert pair.verdict == "missed"


def test_speed_is_not_bought_with_quality() -> None:
    (pair,) = ratios.pairs(measured([0.1], [1.0], (0.29, 0.30)))
    assert pair.verdict == "quality below"


def test_the_best_peer_is_the_fastest_that_is_as_good() -> None:
    found = ratios.pairs(measured([1.0], [2.0]))
    found += ratios.pairs(measured([1.0], [0.5], (0.30, 0.25)))
    best = ratios.best(found)
    assert best is not None
    assert best.wall.median == 0.5
    assert found[1].verdict == "missed, but theirs is less accurate"


def test_a_model_that_is_not_there_yet_gives_no_ratio() -> None:
    assert ratios.pairs(measured([], [1.0])) == []
    assert ratios.best([]) is None


def curve(values: list[float], seconds: float) -> tuple[dict[str, Any], dict[str, Any]]:
    epochs = [{"wall": seconds * (1 + i), "cpu": seconds * (1 + i)} for i in range(len(values))]
    judged = {f"epoch-{i:03d}": {"ndcg@10": value} for i, value in enumerate(values, 1)}
    return {**run(9.0), "epochs": epochs}, judged


def test_curves_are_compared_at_what_both_reach() -> None:
    ours, mine = curve([0.1, 0.2, 0.4], 1.0)
    theirs, other = curve([0.2, 0.3], 2.0)
    (pair,) = ratios.pairs(
        {
            "job": "ials-64",
            "data": "toy",
            "settings": {},
            "runs": {"ours": [ours], "irspack": [theirs]},
            "quality": {"ours": mine, "irspack": other},
        }
    )
    assert pair.seconds == (3.0, 4.0)  # 0.3 is reached by us in our third epoch, by them in their second
    assert pair.wall.median == pytest.approx(0.75)
