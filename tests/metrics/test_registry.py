import pickle

import numpy as np
import pytest

from vitrina.metrics import definitions, known_metrics, parse

from . import reference
from .cases import one_user, spelled


def test_names_are_canonical():
    assert parse("recall@20").name == "recall@20"
    assert parse("recall@20:plain").name == "recall@20"
    assert parse(" NDCG@010:Full ").name == "ndcg@10:full"
    assert parse("mrr").name == "mrr"
    assert parse("auc").name == "auc"


@pytest.mark.parametrize(
    ("name", "k", "variant", "better", "per_user"),
    [
        ("ndcg@10", 10, "truncated", True, True),
        ("hr@10:inverse_k", 10, "inverse_k", True, True),
        ("mrr", None, "plain", True, True),
        ("novelty@5", 5, "plain", None, True),
        ("gini@5", 5, "plain", False, False),
        ("gini@5:diversity", 5, "diversity", True, False),
        ("mil@5", 5, "plain", True, False),
    ],
)
def test_properties(name: str, k: int | None, variant: str, better: bool | None, per_user: bool):
    metric = parse(name)
    assert (metric.k, metric.variant, metric.higher_is_better, metric.per_user) == (k, variant, better, per_user)


def test_needs_tell_what_to_prepare():
    assert parse("ndcg@10").needs == frozenset()
    assert parse("mrr@10").needs == frozenset()
    assert parse("mrr").needs == {"first_rank"}
    assert parse("auc").needs == {"auc"}
    assert parse("coverage@10").needs == {"context"}
    assert parse("diversity@10").needs == {"context", "item_vectors"}


def test_definitions_for_tables():
    assert definitions(["Recall@20", "recall@20:capped"]) == {
        "recall@20": "hits / |T|",
        "recall@20:capped": "hits / min(k, |T|)",
    }


def test_every_known_variant_parses_and_has_a_reference():
    spelled_out = set()
    for known in known_metrics():
        default = next(iter(known.variants))
        for variant, definition in known.variants.items():
            suffix = "" if known.name == "auc" else "@3"
            metric = parse(f"{known.name}{suffix}:{variant}")
            assert (metric.variant, metric.definition) == (variant, definition)
            spelled_out.add(known.name if variant == default else f"{known.name}:{variant}")
    per_list = {"novelty", "popularity", "diversity", "auc"}
    assert spelled_out == {*reference.ACCURACY, *reference.SYSTEM, *per_list}


def test_a_metric_can_be_sent_to_another_process():
    metric = pickle.loads(pickle.dumps(parse("ndcg@3:full")))
    assert metric == parse("ndcg@3:full")
    np.testing.assert_allclose(metric.compute(one_user((1,), 1)), [1.0])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ndgc@10", r"unknown metric 'ndgc@10'; did you mean 'ndcg'\? Known metrics: recall@k, "),
        ("", "unknown metric ''"),
        ("ndcg 10", "unknown metric 'ndcg 10'"),
        ("recall@20:caped", r"recall has no variant 'caped'; it has: plain \(hits / \|T\|\); capped"),
        ("recall@20:", "recall has no variant ''"),
        ("recall", "recall needs a cut-off: write recall@10"),
        ("recall@0", "must be a whole number of at least 1"),
        ("recall@-5", "must be a whole number of at least 1"),
        ("recall@ten", "must be a whole number of at least 1"),
        ("recall@", "must be a whole number of at least 1"),
        ("recall@" + "9" * 5000, "must be a whole number of at least 1"),
        ("auc@10", "takes no cut-off: write auc"),
    ],
)
def test_errors_teach(name: str, message: str):
    with pytest.raises(ValueError, match=message):
        parse(name)


def test_spelled_helper_matches_the_grammar():
    assert parse(spelled("map:all", 7)).name == "map@7:all"
