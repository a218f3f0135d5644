"""The hybrid against its equation, its weights, and what it takes over from its parts."""

from dataclasses import replace
from functools import partial

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.logs import DAY, START, checkerboard, first_items, log, random_log, timed
from vitrina.data.splits.protocols import make_split
from vitrina.errors import VitrinaError
from vitrina.experiments.config import make_config
from vitrina.experiments.progress import Silent
from vitrina.experiments.tune import chosen_settings, tune
from vitrina.models.base import Recommender
from vitrina.models.combine.blend import Memo
from vitrina.models.combine.hybrid import Hybrid
from vitrina.models.registry import make, model_class
from vitrina.models.storage import load_trained
from vitrina.models.trained import Trained

#: The hybrids of the study, and its experts'.
STUDY = {
    "hyb1": ("fa", "visrank", "visrank(feature=evf)", "price"),
    "hyb2": ("fa", "visrank"),
    "hyb3": ("fa", "visrank(feature=evf)"),
    "hyb4": ("fa", "price"),
    "experts": ("visrank(feature=dnn,aggregation=average_top_k,top_k=2)", "visrank(feature=evf,aggregation=max)"),
}


@pytest.fixture(scope="module")
def board():
    return checkerboard()


def by_hand(parts, weights, normalise, dataset, queries, on_offer):
    """The weighted sum of normalised scores, query by query."""
    total, known = np.zeros((len(queries), dataset.n_items)), np.zeros((len(queries), dataset.n_items), bool)
    for text, weight in zip(parts, weights, strict=True):
        name, _, rest = text.partition("(")
        given_settings = dict(pair.split("=") for pair in rest.rstrip(")").split(",") if pair)
        scores = make(name, **given_settings).fit(dataset).score(queries).astype(float)
        for row in range(len(queries)):
            offered = scores[row, on_offer[row]]
            seen = offered[~np.isnan(offered)]
            if seen.size and weight:
                low, high, mean, sd = seen.min(), seen.max(), seen.mean(), seen.std()
                shift, spread = {"minmax": (low, high - low), "zscore": (mean, sd), "none": (0, 1)}[normalise]
                scaled = (
                    (scores[row] - shift) / spread if normalise == "none" or high - low > 1e-6 * abs(high) else 0 * scores[row]
                )
                there = ~np.isnan(scores[row])
                lowest = np.nanmin(scaled[on_offer[row]])
                total[row] += weight * np.where(there, scaled, lowest)
                known[row] |= there
    return np.where(known, total, np.nan)


@pytest.mark.parametrize("parts", STUDY.values(), ids=STUDY)
@pytest.mark.parametrize("normalise", ["minmax", "zscore", "none"])
def test_equals_the_equation(parts, normalise, board):
    rng = np.random.default_rng(0)
    queries = board.train.histories().rows(0, 6)
    weights = rng.random(len(parts))
    on_offer = rng.random((6, board.train.n_items)) < 0.7
    model = make("hybrid", parts=parts, normalise=normalise, weights=weights).fit(board.train)
    asked = replace(queries, context={"on_offer": on_offer})
    right = by_hand(parts, weights / weights.sum(), normalise, board.train, queries, on_offer)
    scores = model.score(asked)
    # Items that are not on offer lie anywhere on the scale.
    np.testing.assert_allclose(scores[on_offer], right[on_offer], rtol=1e-3, atol=1e-4)
    items = np.array([3, 17], np.int32)
    np.testing.assert_allclose(model.score(asked, items), scores[:, items], rtol=1e-6)
    found = model.explain(asked, np.full(6, 9, np.int32))
    assert found.exact
    np.testing.assert_allclose(found.totals, scores[:, 9], rtol=1e-3, atol=1e-4)


def test_scores_do_not_depend_on_what_else_is_asked_for(board):
    model, queries = make("hybrid").fit(board.train), board.train.histories()
    whole = model.score(queries)
    for items in ([5], [5, 6], [20, 5]):
        np.testing.assert_allclose(model.score(queries, np.array(items, np.int32)), whole[:, items], rtol=1e-6)


def test_unknown_scores_count_as_the_lowest_and_all_unknown_as_none():
    works = pl.DataFrame({"id": list("abcd"), "artist": ["A", "A", None, None], "price": [1.0, 2.0, 3.0, None]})
    dataset = log([("u", "a"), ("v", "b")], items=works)
    queries = dataset.histories().rows(0, 1)
    both = make("hybrid", parts=("fa", "price")).fit(dataset).score(queries)[0]
    np.testing.assert_allclose(both, [0.5, 0.25, 0, np.nan])  # fa knows one artist only: all equal, 0
    prices = make("hybrid", parts=("fa", "price"), weights=(1, 0)).fit(dataset).score(queries)[0]
    np.testing.assert_array_equal(np.isnan(prices), [False, False, True, True])


def test_by_ranks_it_is_an_estimate(board):
    model = make("hybrid", normalise="rank").fit(board.train)
    assert model.declares.explains == "estimate"
    queries, items = board.train.histories().rows(0, 4), np.array([1, 2, 13, 14], np.int32)
    found = model.explain(queries, items)
    assert not found.exact
    np.testing.assert_allclose(found.totals, model.score(queries, items[:, None])[:, 0], rtol=1e-5)
    assert ((model.score(queries) >= 0) & (model.score(queries) <= 1)).all()


# --- what it declares


def test_declares_what_its_parts_can_do(board):
    assert make("hybrid").declares == model_class("hybrid").declares
    assert not make("hybrid", parts=("fa", "ease")).declares.new_items
    assert make("hybrid", parts=("fa", "mpav")).declares.advances
    assert not make("hybrid", parts=("popular", "mpav")).declares.personalised
    assert not make("hybrid", parts=("fa", "ials")).declares.closed_form
    assert make("hybrid", parts=("fa", "popular-recent")).declares.needs_times
    assert make("hybrid", parts=("fa", "mult-dae")).declares.neural
    assert not make("hybrid", parts=("fa", "ease")).declares.neural
    assert make("hybrid", parts=("fa", "nmf")).declares.explains == model_class("nmf").declares.explains
    assert "its part fa needs the attribute 'artist'" in make("hybrid").why_not(bare(board.train))
    assert make("hybrid").why_not(board.train) == ""


def bare(dataset):
    return replace(dataset, catalogue=replace(dataset.catalogue, table=pl.DataFrame(), features={}))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"parts": ("fa", "fa()")}, "parts names a model twice: fa, fa"),
        ({"parts": ("fa", "price"), "weights": (1.0,)}, "1 weights for 2 parts"),
        ({"parts": ("fa", "price"), "weights": (0.0, 0.0)}, "all weights are 0"),
        ({"parts": ("fa", "price"), "weights": (1.0, -1.0)}, "weights"),
        ({"parts": ()}, "parts"),
        ({"parts": ("fa", "pricy")}, "unknown model 'pricy'. Did you mean 'price'"),
        ({"parts": ("fa", "price(scale=cubic)")}, "price: scale"),
        ({"parts": ("fa(", "price")}, "is not a model with its settings"),
    ],
)
def test_senseless_settings_are_refused(wrong, message):
    with pytest.raises(VitrinaError) as caught:
        make("hybrid", **wrong)
    assert message in str(caught.value)


def test_hybrids_can_be_parts(board, tmp_path):
    text = "hybrid(parts=[fa,price],weights=[3,1])"
    trained = Trained.fit(make("hybrid", parts=(text, "visrank"), weights=(1, 1)), board.train)
    trained.save(tmp_path / "model")
    loaded = load_trained(tmp_path / "model").model
    np.testing.assert_array_equal(loaded.score(board.train.histories()), trained.model.score(board.train.histories()))
    np.testing.assert_allclose(loaded.parts_[text].weights_, [0.75, 0.25])


# --- following


@given(st.integers(0, 10**6))
@settings(max_examples=15)
def test_parts_that_advance_follow_the_log(seed):
    rng = np.random.default_rng(seed)
    dataset = timed(random_log(4, 8, 30, seed), rng.integers(0, 12, 30))
    queries = replace(dataset.histories(), at=START + DAY * rng.integers(-1, 14, 4))
    model = make("hybrid", parts=("fa", "mpav", "popular"), weights=(0.2, 0.3, 0.5)).fit(dataset)
    scores = model.follow(dataset).score(queries)
    times = dataset.interactions["timestamp"].to_numpy()
    for row, at in enumerate(queries.at.tolist()):
        right = make("hybrid", parts=model.parts, weights=model.weights).fit(dataset.keep(times < at))
        np.testing.assert_allclose(scores[row], right.score(queries.rows(row, row + 1))[0], rtol=1e-5, atol=1e-6)


# --- choosing weights


def share(board, queries):
    """A validation value: pairs in the right order; counts how often it is asked."""

    def value(scorer):
        value.asked += 1
        assert isinstance(scorer, Recommender)  # so that an evaluation sees what it declares
        return board.share_in_order(scorer.score(queries))

    value.asked = 0
    return value


def spied(monkeypatch, name):
    """Count the questions to a model."""
    cls, asked = model_class(name), []
    score = cls.score

    def counting(self, queries, items=None):
        asked.append(len(queries))
        return score(self, queries, items)

    monkeypatch.setattr(cls, "score", counting)
    return asked


def test_weights_are_chosen_on_validation_and_parts_asked_once(board, monkeypatch):
    """Random is worth nothing, and the artist everything."""
    asked = spied(monkeypatch, "random")
    model, queries = make("hybrid", parts=("random", "fa", "price")), board.train.histories()
    value = share(board, queries)
    model.fit(board.train, value)
    assert value.asked == 1 + 66
    assert len(asked) == 1
    assert model.weights_.sum() == pytest.approx(1)
    assert board.share_in_order(model.score(queries)) == 1
    again = make("hybrid", **{**model.settings, **chosen_settings(model)}).fit(board.train)
    np.testing.assert_array_equal(again.weights_, model.weights_)
    np.testing.assert_allclose(again.score(queries), model.score(queries), rtol=1e-5)


def test_too_much_to_remember_is_asked_again(board, monkeypatch):
    queries, chosen, asked = board.train.histories(), [], spied(monkeypatch, "random")
    for limit in (2**29, 0):
        monkeypatch.setattr("vitrina.models.combine.hybrid.Memo", partial(Memo, limit))
        chosen.append(make("hybrid", parts=("random", "price")).fit(board.train, share(board, queries)).weights_)
    np.testing.assert_array_equal(*chosen)
    assert len(asked) == 1 + 11


def test_given_weights_are_not_chosen(board):
    value = share(board, board.train.histories())
    model = make("hybrid", parts=("random", "fa"), weights=(3, 1)).fit(board.train, value)
    assert value.asked == 0
    np.testing.assert_allclose(model.weights_, [0.75, 0.25])
    assert make("hybrid", parts=("fa",)).fit(board.train, value).weights_ == [1]


def test_weights_are_chosen_while_the_log_is_followed(board):
    """What is remembered of one log is not taken for another."""
    queries = replace(board.train.histories(), at=np.full(40, START + 100 * DAY))
    logs = (board.train, board.train.keep(np.arange(len(board.train)) % 2 == 0))
    plain = make("hybrid", parts=("fa", "mpav"), weights=(0.5, 0.5)).fit(board.train)
    right = [plain.follow(each).score(queries) for each in logs]

    def validate(scorer):
        if scorer.weights_[0] == 0.5:
            for each, scores in zip(logs, right, strict=True):
                np.testing.assert_allclose(scorer.follow(each).score(queries), scores)
            np.testing.assert_allclose(scorer.score(queries), plain.score(queries))
        return 0.0

    make("hybrid", parts=("fa", "mpav")).fit(board.train, validate)


def test_tuning_hands_the_chosen_weights_to_the_refit(tmp_path):
    dataset = random_log(60, 24, 900)
    split = make_split(dataset, "per-user-ratio", seed=0)
    config = make_config(data="toy", models={"hybrid": {"parts": ["random", "fa"]}}, trials=3)
    tuned = tune("hybrid", split, config, tmp_path, Silent())
    assert len(tuned.trials) == 1  # nothing is searched: the fit chooses
    assert tuned.trials[0].state == "complete"
    weights = tuned.best.settings["weights"]
    assert sum(weights) == pytest.approx(1)
    assert all(w == round(w, 1) for w in weights)
    refit = make("hybrid", **tuned.best.settings).fit(split.train_and_validation)
    np.testing.assert_allclose(refit.weights_, weights)


# --- new items


def test_every_part_looks_at_new_items(board):
    before = first_items(board.train, 20)
    model = make("hybrid", parts=("mpav", "visrank")).fit(before)
    grown = model.with_items(board.train.catalogue)
    assert grown.score(before.histories()).shape[1] == 24
    assert model.score(before.histories()).shape[1] == 20
    with pytest.raises(NotImplementedError):
        Hybrid(parts=("fa", "ease")).fit(before).with_items(board.train.catalogue)


def test_long_lists_of_queries_are_scored_in_pieces(board, monkeypatch):
    model, queries = make("hybrid", parts=("fa", "price", "mpav")).fit(board.train), board.train.histories()
    each = np.random.default_rng(0).integers(0, 24, (40, 3)).astype(np.int32)

    def answers():
        found = model.explain(queries, each[:, 0])
        return model.score(queries), model.score(queries, each), found.contributions, *found.others.values()

    whole = answers()
    monkeypatch.setattr("vitrina.models.combine.blend._BLOCK", 24 * 7)
    monkeypatch.setattr("vitrina.models.combine.hybrid._BLOCK", 24 * 7)
    for one, other in zip(whole, answers(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert list(model.explain(queries, each[:, 0]).others)[1:] == ["price", "color", "style", "mood"]
