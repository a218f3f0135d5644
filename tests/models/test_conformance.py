"""What every model must do. A model joins by being listed in the registry; what it ``declares`` decides what is asked."""

import ctypes
import gc
import re
import tracemalloc
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import issparse

from tests.models.logs import (
    DAY,
    START,
    checkerboard,
    first_items,
    log,
    no_history,
    random_log,
    shuffled,
    strangers,
    timed,
)
from vitrina.errors import UnknownNameError, VitrinaError
from vitrina.models.base import Shape
from vitrina.models.neural import ncf_model
from vitrina.models.registry import MODELS, family, make, model_class
from vitrina.models.space import settings_of
from vitrina.models.storage import load_trained
from vitrina.models.trained import Trained
from vitrina.training.plan import PATIENCE

#: Settings fit for data this small; all other models are asked with their defaults.
SMALL = {
    "puresvd": {"factors": 2},
    "nmf": {"factors": 2, "epochs": 40},
    "ials": {"factors": 16, "reg": 0.05, "epochs": 8},
    "bpr-mf": {"factors": 8, "epochs": 40},
    "mf": {"factors": 8, "lr": 0.05, "epochs": 40},
    "fm": {"factors": 8, "lr": 0.05, "epochs": 60},
    "lightgcn": {"factors": 8, "lr": 0.05, "epochs": 60},
    "cdae": {"factors": 8, "corruption": 0.7, "reg": 0.03, "lr": 0.2, "epochs": 100},
    "mult-dae": {"layers": (8,), "lr": 0.01, "epochs": 60},
    "mult-vae": {"layers": (16, 8), "lr": 0.01, "annealing": 10, "epochs": 60},
    "recvae": {"width": 64, "depth": 1, "code": 8, "lr": 0.003, "epochs": 35},
    "gmf": {"factors": 16, "lr": 0.01, "batch": 16_000, "epochs": 40},
    "mlp": {"layers": (32, 32, 16), "lr": 0.03, "batch": 16_000, "epochs": 40},
    "neumf": {"factors": 4, "layers": (16, 8, 4), "lr": 0.03, "batch": 16_000, "epochs": 40},
    "vbpr": {"feature": "words", "factors": 2, "visual_factors": 2, "reg": 0.03, "epochs": 70},
    "curatornet": {"feature": "words", "triplets": 3000, "lr": 0.001, "batch": 64, "epochs": 7},
}

#: Trained by torch, whose memory tracemalloc does not see.
TORCH = {name for name in MODELS if model_class(name).declares.shares_batches}

#: Validated with the vectors that people have in training, which folding in afterwards replaces by ones that rank alike.
TRAINED_PEOPLE = {"vbpr"}

#: What causes their scores has a name; no single item of the history does.
NAMED = {"price"}

PERSONALISED = [name for name in MODELS if model_class(name).declares.personalised]

ADVANCES = [name for name in MODELS if model_class(name).declares.advances]

every_model = pytest.mark.parametrize("name", MODELS)


def small(name):
    return make(name, **SMALL.get(name, {}))


def declares(name):
    return model_class(name).declares


def check_scores(name, scores, shape):
    assert scores.shape == shape
    assert scores.dtype == np.float32
    assert scores.flags.c_contiguous
    assert declares(name).missing_scores or not np.isnan(scores).any()


def check_close(scores, right, rtol=1e-5, terms=()):
    """Equal up to rounding, which is relative to the terms of a sum and not to a result near zero."""
    size = max(np.max(np.abs(array), initial=0, where=~np.isnan(array)) for array in (right, *terms))
    np.testing.assert_allclose(scores, right, rtol=rtol, atol=rtol * size)


@pytest.fixture(scope="module")
def board():
    return checkerboard()


@pytest.fixture(scope="module")
def fitted(board):
    """Every model, fitted once on the checkerboard."""
    models = {}

    def get(name):
        if name not in models:
            models[name] = Trained.fit(small(name), board.train)
        return models[name]

    return get


# --- what it says of itself


@every_model
def test_says_what_it_is(name):
    cls = model_class(name)
    assert cls.name == name
    assert cls.title
    assert cls.paper
    assert family(name) == cls.__module__.split(".")[2]
    assert cls.__doc__


@every_model
def test_settings_are_documented_and_defaults_lie_in_their_range(name):
    for setting in settings_of(model_class(name)):
        assert setting.doc, f"{name}.{setting.name} has no line of explanation"
        assert setting.range is None or setting.default in setting.range


@every_model
def test_wrong_settings_are_refused_with_the_right_ones(name):
    known = settings_of(model_class(name))
    senseless = {s.name: "" if isinstance(s.default, str) else "not a value" for s in known}  # "" names nothing
    wrong = [{"no_such_setting": 1}, *[{s.name: senseless[s.name]} for s in known], *[{s.name: None} for s in known]]
    for given_settings in wrong:
        with pytest.raises(VitrinaError, match="Its settings are: ") as caught:
            make(name, **given_settings)
        assert name in str(caught.value)
        assert next(iter(given_settings)) in str(caught.value)
        assert all(f"{s.name} (default {s.default})" in str(caught.value) for s in known)


@every_model
def test_foretells_its_work(name):
    less, more = Shape(100, 50, 1000, 20_000), Shape(10_000, 5000, 200_000, 8_000_000)
    model = make(name)
    assert 0 < model.work(less) < model.work(more)
    assert 0 < model.memory(less) < model.memory(more)


@every_model
def test_foretells_its_memory(name):
    """Within a factor of two of the peak, measured where it matters: on data for which it foretells at least 20 MB."""
    small(name).fit(random_log(20, 20, 50))  # compiles the kernels
    few = {"epochs": 2} if declares(name).epochs else {}
    few |= {"batch": 20_000} if name in {"lightgcn", "fm"} else {}  # each step of theirs goes through all that they know
    pictures = {"feature": "dnn"} if name in TORCH and declares(name).needs_feature else {}
    model = make(name, **SMALL.get(name, {}) | few | pictures)
    for n_users, n_items, n_events in [(1200, 2300, 150_000), (40_000, 1000, 2_000_000)]:
        dataset = big_log(n_users, n_items, n_events)
        foretold = model.memory(Shape.of(dataset))
        if foretold >= 20e6:
            break
    dataset = big_log(n_users, n_items, n_events)  # afresh: measuring its shape has filled caches
    peak = (peak_of_process if name in TORCH else peak_of_python)(lambda: model.fit(dataset))
    if foretold >= 20e6:
        assert peak / 2 <= foretold <= peak * 2, f"{foretold / 1e6:.0f} MB foretold, {peak / 1e6:.0f} MB used"
    else:
        assert peak < 40e6


def peak_of_python(call):
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def peak_of_process(call):
    """What the whole process holds at its peak beyond what it held before, as Linux counts it."""
    status = Path("/proc/self/status")
    if not status.is_file():
        pytest.skip("only Linux counts this")

    def held(what):
        return 1024 * int(re.search(rf"{what}:\s+(\d+)", status.read_text())[1])

    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # room that was freed but kept would hide as much of what comes
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = held("VmRSS")
    call()
    return held("VmHWM") - before


def big_log(n_users, n_items, n_events):
    rng = np.random.default_rng(0)
    dataset = random_log(n_users, n_items, 1)
    events = {
        "user": rng.integers(0, n_users, n_events, np.int32),
        "item": (n_items * rng.random(n_events) ** 2).astype(np.int32),
        "timestamp": np.arange(n_events),
    }
    pictures = {"dnn": rng.random((n_items, 512), np.float32)}
    catalogue = replace(dataset.catalogue, features=dict(dataset.catalogue.features) | pictures)
    grown = type(dataset)(pl.DataFrame(events), dataset.users, catalogue)
    assert grown.items.keys.size  # the ids are the data set's own
    return grown


@every_model
def test_learns_nothing_that_cannot_be_saved(name, fitted):
    check_learned(fitted(name).model)


def check_learned(model):
    settings_names = {f.name for f in fields(model)}
    for attribute, value in vars(model).items():
        if attribute in settings_names or attribute.startswith("_"):
            continue
        assert attribute.endswith("_"), f"{attribute} is neither a setting nor learned"
        if attribute == "parts_":
            assert list(value) == list(model.parts)
            for part in value.values():
                check_learned(part)
        elif isinstance(value, np.ndarray) or issparse(value):
            assert value.dtype.kind in "fiub", f"{attribute} holds {value.dtype}"
            assert value.dtype != np.float64, f"{attribute} is not float32"
        else:
            values = value if isinstance(value, list) else [value]
            assert all(isinstance(v, int | float | bool | str | np.number) for v in values)


# --- what it learns


@pytest.mark.parametrize("name", PERSONALISED)
def test_learns_a_checkerboard(name, board, fitted):
    assert board.share_in_order(fitted(name).model.score(board.train.histories())) == 1


@pytest.mark.parametrize("name", [n for n in MODELS if n not in PERSONALISED])
def test_does_not_look_at_histories_unless_declared(name, board, fitted):
    known = board.train.histories()
    nothing = no_history(board.train, len(known))
    blank = type(known)(nothing.offsets, nothing.items, known.keys, users=known.users)
    np.testing.assert_array_equal(fitted(name).model.score(known), fitted(name).model.score(blank))


@pytest.mark.parametrize("name", [n for n in MODELS if declares(n).epochs])
def test_keeps_the_best_epoch(name, board, monkeypatch):
    """The second validation is the best one; after some without gain training stops."""
    monkeypatch.setattr(ncf_model, "_STEPS", 1)  # an epoch is enough for another validation
    patience = getattr(model_class(name), "patience", PATIENCE)
    values = iter([0.1, 0.3, *[0.2] * patience])
    asked = []

    def validate(scorer):
        asked.append(scorer.score(board.train.histories()))
        return next(values)

    model = small(name).fit(board.train, validate)
    assert len(asked) == 2 + patience
    best = model.score(board.train.histories())
    if name not in TRAINED_PEOPLE:
        np.testing.assert_array_equal(best, asked[1])
    assert model.epochs_ < model.epochs
    again = make(name, **{**model.settings, "epochs": model.epochs_}).fit(board.train)
    np.testing.assert_array_equal(again.score(board.train.histories()), best)


@every_model
def test_needs_times_only_where_declared(name):
    without = random_log(10, 8, 60, times=False)
    some = random_log(10, 8, 60)
    missing = pl.when(pl.int_range(pl.len()) == 3).then(None).otherwise(pl.col("timestamp")).alias("timestamp")
    partial = type(some)(some.interactions.with_columns(missing), some.users, some.catalogue)
    for dataset in (without, partial):
        if declares(name).needs_times:
            with pytest.raises(VitrinaError, match="timestamp"):
                small(name).fit(dataset)
        else:
            small(name).fit(dataset)


# --- how it scores


@every_model
def test_scores_are_float32_rows(name, board, fitted):
    model, known = fitted(name).model, board.train.histories()
    n, m = len(known), board.train.n_items
    check_scores(name, model.score(known), (n, m))
    check_scores(name, model.score(known, np.arange(5, dtype=np.int32)), (n, 5))
    check_scores(name, model.score(known, np.zeros((n, 3), np.int32)), (n, 3))
    check_scores(name, model.score(known.rows(0, 1)), (1, m))
    check_scores(name, model.score(known.rows(0, 0)), (0, m))


@every_model
def test_items_are_columns_of_the_full_score(name, board, fitted):
    model, known = fitted(name).model, board.train.histories()
    full = model.score(known)
    rng = np.random.default_rng(0)
    for width in (1, 5, board.train.n_items):
        shared = rng.permutation(board.train.n_items)[:width].astype(np.int32)
        check_close(model.score(known, shared), full[:, shared])
        each = rng.integers(0, board.train.n_items, (len(known), width)).astype(np.int32)
        right = np.take_along_axis(full, each.astype(np.int64), axis=1)
        check_close(model.score(known, each), right)


@every_model
def test_batches_do_not_change_scores(name, board, fitted):
    model, known = fitted(name).model, board.train.histories()
    pieces = [model.score(batch) for _, batch in known.batches(7)]
    check_close(np.concatenate(pieces), model.score(known))


@every_model
def test_a_stranger_with_the_same_history_gets_the_same_scores(name, board, fitted):
    model, known = fitted(name).model, board.train.histories()
    right, alike = model.score(known), model.score(strangers(known))
    check_strangers(name, alike, right)
    assert not declares(name).knows_people or (alike != right).any()


def check_strangers(name, scores, right):
    if declares(name).knows_people:
        assert declares(name).missing_scores or np.isfinite(scores).all()
    elif declares(name).folds_in:
        np.testing.assert_array_equal(scores, right)
    else:
        assert declares(name).missing_scores
        assert np.isnan(scores).all()


@pytest.mark.parametrize("name", [n for n in MODELS if not declares(n).folds_in])
def test_strangers_are_shown_what_is_popular(name, fitted):
    lists = fitted(name).recommend(histories=[["i0", "i1"]], k=3)
    assert lists["source"].to_list() == ["popular"] * 3
    assert fitted(name).recommend(histories=[["i0", "i1"]], k=3, fallback=False).height == 0


@every_model
def test_order_and_repeats_in_a_history_are_no_crash(name, board, fitted):
    model, keys = fitted(name).model, board.train.items.keys
    histories = type(board.train.histories()).from_lists([[3, 1, 1, 3], [1, 3]], keys)
    check_scores(name, model.score(histories), (2, board.train.n_items))


@every_model
def test_empty_histories(name, board, fitted):
    model, known = fitted(name).model, board.train.histories()
    check_scores(name, model.score(no_history(board.train)), (1, board.train.n_items))
    mixed = type(known).from_lists([[], known.histories.row(0).tolist(), []], board.train.items.keys)
    mixed = type(known)(mixed.offsets, mixed.items, np.repeat(known.keys[:1], 3))
    check_close(model.score(mixed)[1], model.score(strangers(known.rows(0, 1)))[0])


# --- why an item has its score


def check_explanation(name, model, queries, items):
    found = model.explain(queries, items)
    scores = model.score(queries, items[:, None])[:, 0]
    np.testing.assert_array_equal(found.offsets, queries.offsets)
    assert found.contributions.shape == queries.items.shape
    assert all(part.shape == items.shape for part in found.others.values())
    assert all(part.dtype == np.float32 for part in (found.contributions, *found.others.values()))
    assert found.exact == (declares(name).explains == "exact")
    lost = np.isnan(scores)
    check_close(found.totals[~lost], scores[~lost], terms=[found.contributions, model.score(queries)])
    for part in (found.contributions, *(part[found.rows] for part in found.others.values())):
        np.testing.assert_array_equal(np.isnan(part), lost[found.rows])
    return found


@every_model
def test_explains_its_scores(name, board, fitted):
    model, known = fitted(name).model, board.train.histories()
    rng = np.random.default_rng(0)
    for queries in (known, known.rows(3, 4), known.rows(0, 0), no_history(board.train, 2)):
        anything = rng.integers(0, board.train.n_items, len(queries)).astype(np.int32)
        found = check_explanation(name, model, queries, anything)
        assert declares(name).personalised or not found.contributions.any()


@every_model
def test_batches_do_not_change_explanations(name, board, fitted):
    model, known, items = fitted(name).model, board.train.histories(), board.held_out.astype(np.int32)
    pieces = [model.explain(batch, items[start : start + 7]).contributions for start, batch in known.batches(7)]
    check_close(np.concatenate(pieces), model.explain(known, items).contributions)


@pytest.mark.parametrize("name", [n for n in PERSONALISED if n not in NAMED])
def test_explains_an_item_by_those_of_its_kind(name, board, fitted):
    """What a person likes speaks for an unseen item of the same group, and hardly for one of the other."""
    model, known = fitted(name).model, board.train.histories()
    mine, other = (model.explain(known, items.astype(np.int32)) for items in (board.held_out, board.other[:, 0]))
    by_history = [np.bincount(found.rows, found.contributions) for found in (mine, other)]
    assert (by_history[0] > 0).mean() > 0.9
    assert (by_history[0] > by_history[1]).mean() > 0.9
    assert (mine.contributions >= 0).mean() > 0.7


@every_model
def test_explains_repeats_once(name, board, fitted):
    model, known = fitted(name).model, board.train.histories()
    one, two = known.histories.row(0)[:2]
    lists = type(known).from_lists([[two, one, one, two], [one, two], []], board.train.items.keys)
    histories = type(known)(lists.offsets, lists.items, np.repeat(known.keys[:1], 3), users=np.zeros(3, np.int32))
    found = check_explanation(name, model, histories, np.full(3, known.items[3], np.int32)).contributions
    if declares(name).counts_repeats:
        assert np.isfinite(found[:6]).all()
        return
    np.testing.assert_array_equal(found[[2, 3]], 0)
    check_close(found[[0, 1]], found[[5, 4]])
    scores = model.score(histories)
    check_close(scores[0], scores[1])


@every_model
def test_explains_itself_to_strangers_and_after_loading(name, board, fitted, tmp_path):
    trained, known = fitted(name), board.train.histories()
    trained.save(tmp_path / "model")
    items = board.held_out.astype(np.int32)
    right = trained.model.explain(known, items)
    loaded = load_trained(tmp_path / "model").model.explain(known, items)
    np.testing.assert_array_equal(loaded.contributions, right.contributions)
    assert list(loaded.others) == list(right.others)
    unknown = check_explanation(name, trained.model, strangers(known), items)
    if not declares(name).folds_in:
        assert np.isnan(unknown.contributions).all()
    elif not declares(name).knows_people:
        check_close(unknown.contributions, right.contributions)


# --- what comes later


@pytest.mark.parametrize("name", [n for n in MODELS if declares(n).new_items])
@pytest.mark.parametrize("loaded", [False, True])
def test_scores_items_that_come_later(name, loaded, board, tmp_path):
    """Old items keep their scores, new ones get some, and the model itself stays as it was."""
    n_old, n_items = 20, board.train.n_items
    before = first_items(board.train, n_old)
    trained = Trained.fit(small(name), before)
    if loaded:
        trained.save(tmp_path / "model")
        trained = load_trained(tmp_path / "model")
    model, known = trained.model, before.histories()
    offered = np.ones((len(known), n_items), bool)
    offered[:, n_old:] = False
    scores = model.score(replace(known, context={"on_offer": offered[:, :n_old]}))
    grown = model.with_items(board.train.catalogue)
    longer = grown.score(replace(known, context={"on_offer": offered}))
    check_scores(name, longer, (len(known), n_items))
    check_close(longer[:, :n_old], scores)
    assert np.isfinite(longer[:, n_old:]).all()
    assert model.score(known).shape == (len(known), n_old)
    latest = type(known).from_lists([[n_items - 1, n_items - 2], []], board.train.items.keys)
    check_scores(name, grown.score(latest), (2, n_items))
    check_explanation(name, grown, latest, np.array([n_items - 3, 0], np.int32))


@pytest.mark.parametrize("name", [n for n in MODELS if not declares(n).new_items])
def test_new_items_are_refused_unless_declared(name, board, fitted):
    with pytest.raises(NotImplementedError, match=f"{name} scores no items"):
        fitted(name).model.with_items(board.train.catalogue)


@pytest.mark.parametrize("name", [n for n in MODELS if not declares(n).advances])
def test_models_stay_as_fitted_unless_they_advance(name, board, fitted):
    with pytest.raises(NotImplementedError, match=f"{name} does not advance"):
        fitted(name).model.follow(board.train)


@pytest.mark.parametrize("name", ADVANCES)
@given(st.integers(1, 5), st.integers(1, 8), st.integers(1, 30), st.integers(0, 10**6))
@settings(max_examples=30)
def test_follows_the_log_and_nothing_of_what_came_later(name, n_users, n_items, n_events, seed):
    """At every moment: the scores of the model fitted on what happened before, whatever happens afterwards."""
    rng = np.random.default_rng(seed)
    dataset = timed(random_log(n_users, n_items, n_events, seed), rng.integers(0, 12, n_events))  # some at the same moment
    times = dataset.interactions["timestamp"].to_numpy()
    queries = replace(dataset.histories(), at=START + DAY * rng.integers(-1, 14, n_users))
    scores = small(name).fit(dataset).follow(dataset).score(queries)
    check_scores(name, scores, (n_users, n_items))
    items = rng.integers(0, n_items, (n_users, 3)).astype(np.int32)
    followed = small(name).fit(dataset).follow(dataset)
    np.testing.assert_array_equal(followed.score(queries, items), np.take_along_axis(scores, items.astype(np.int64), axis=1))
    np.testing.assert_array_equal(followed.score(queries, items[0]), scores[:, items[0]])
    for row, at in enumerate(queries.at.tolist()):
        before = dataset.keep(times < at)
        alone = queries.rows(row, row + 1)
        check_close(scores[row : row + 1], small(name).fit(before).score(alone))
        later = rng.integers(0, n_items, n_events)
        altered = pl.when(pl.col("timestamp") < at).then(pl.col("item")).otherwise(pl.Series(later)).cast(pl.Int32)
        other = type(dataset)(dataset.interactions.with_columns(item=altered), dataset.users, dataset.catalogue)
        for world in (before, other):
            np.testing.assert_array_equal(small(name).fit(dataset).follow(world).score(alone), scores[row : row + 1])


@pytest.mark.parametrize("name", ADVANCES)
def test_following_needs_moments_and_times(name, board, fitted):
    model = fitted(name).model
    with pytest.raises(VitrinaError, match="moment it asks about"):
        model.follow(board.train).score(board.train.histories())
    with pytest.raises(VitrinaError, match="timestamp"):
        model.follow(random_log(10, 8, 60, times=False))


# --- the same again


@every_model
def test_is_saved_and_loaded(name, board, fitted, tmp_path):
    trained = fitted(name)
    trained.save(tmp_path / "model")
    loaded = load_trained(tmp_path / "model")
    assert loaded.model == trained.model
    known = board.train.histories()
    np.testing.assert_array_equal(loaded.model.score(known), trained.model.score(known))
    for question in ({"users": ["u0", "u7"]}, {"histories": [["i3", "i4"], []]}):
        assert loaded.recommend(**question, k=30).equals(trained.recommend(**question, k=30))


@every_model
def test_is_deterministic(name, monkeypatch):
    dataset = random_log(120, 90, 2500)
    scores = []
    for threads in ("1", "1", "4", "4"):
        monkeypatch.setenv("VITRINA_THREADS", threads)
        scores.append(small(name).fit(dataset).score(dataset.histories()))
    for other in scores[1:]:
        np.testing.assert_array_equal(scores[0], other)


@pytest.mark.parametrize("name", [n for n in MODELS if "seed" in {f.name for f in fields(model_class(n))}])
def test_another_seed_is_another_model(name, board):
    one, other = (make(name, **SMALL.get(name, {}), seed=seed).fit(board.train) for seed in (1, 2))
    assert (one.score(board.train.histories()) != other.score(board.train.histories())).any()


@every_model
def test_order_of_ids_does_not_matter(name, board):
    original, permuted = board.train, shuffled(board.train)
    users = permuted.users.encode(original.users.ids)
    items = permuted.items.encode(original.items.ids)
    model, other = small(name).fit(original), small(name).fit(permuted)
    scores = model.score(original.histories())
    same_order = other.score(permuted.histories(users))[:, items]
    if not declares(name).closed_form:
        assert abs(board.share_in_order(scores) - board.share_in_order(same_order)) < 0.05
        return
    check_close(same_order, scores, rtol=1e-4)
    asked = {"users": original.users.ids.to_list(), "k": 10}
    lists, same_lists = (Trained.of(m, d).recommend(**asked) for m, d in ((model, original), (other, permuted)))
    assert lists.select("query", "rank").equals(same_lists.select("query", "rank"))
    if np.array_equal(scores, same_order):
        assert lists.equals(same_lists)
    # Otherwise items may change places only where rounding decides.
    rows = original.users.encode(same_lists["query"])
    listed_there = scores[rows, original.items.encode(same_lists["item"])]
    np.testing.assert_allclose(listed_there, lists["score"], rtol=1e-4, atol=1e-6)


# --- what is never recommended


def shop():
    """A catalogue with an item out of stock, one not yet on offer and one no longer."""
    now = 1_000
    items = pl.DataFrame(
        {
            "id": [f"i{i}" for i in range(24)],
            "stock": [0 if i == 1 else None if i == 2 else 3 for i in range(24)],
            "available_from": [2_000 if i == 3 else None for i in range(24)],
            "available_until": [500 if i == 4 else None for i in range(24)],
        }
    )
    board = checkerboard().train
    pairs = zip(board.users.decode(board.user_codes), board.items.decode(board.item_codes), strict=True)
    return log(list(pairs), items=items), now


@every_model
@pytest.mark.parametrize("fallback", [True, False])
def test_never_lists_what_is_hidden_excluded_or_not_on_offer(name, fallback):
    dataset, now = shop()
    trained = Trained.fit(small(name), dataset)
    lists = trained.recommend(users=["u0", "u1"], k=100, exclude=["i5", "i20"], at=now, fallback=fallback)
    assert set(lists["item"]).isdisjoint({"i1", "i3", "i4", "i5", "i20"})
    for user, items in lists.group_by("query"):
        history = dataset.items.decode(dataset.histories(dataset.users.encode([user[0]])).items)
        assert set(items["item"]).isdisjoint(history)
        assert items["item"].n_unique() == items.height
        if fallback or not declares(name).missing_scores:
            assert items.height == 24 - len({"i1", "i3", "i4", "i5", "i20", *history})
    later = trained.recommend(users=["u0"], k=100, at=3_000, fallback=fallback)
    assert "i4" not in set(later["item"])


@every_model
def test_asks_for_more_than_there_is(name, fitted):
    lists = fitted(name).recommend(histories=[["i0"], []], k=1000)
    assert lists.group_by("query", maintain_order=True).len()["len"].to_list() == [23, 24]
    assert lists["score"].is_not_nan().all()


@every_model
def test_unknown_ids_are_named_with_the_nearest(name, fitted):
    trained = fitted(name)
    for question in ({"users": ["u0", "u399"]}, {"histories": [["i0"], ["i1", "i233"]]}, {"users": ["u0"], "exclude": ["i233"]}):
        with pytest.raises(UnknownNameError, match=r"unknown (user 'u399'|item 'i233')\. Did you mean '(u39|i23)'\?"):
            trained.recommend(**question)


# --- unusual data

EDGES = {
    "one event": [("u", "i")],
    "one user": [("u", f"i{n}") for n in range(5)],
    "one item": [(f"u{n}", "i") for n in range(5)],
    "the same event again": [("u", "i"), ("u", "i"), ("v", "i"), ("v", "j"), ("u", "i")],
}


@every_model
@pytest.mark.parametrize("case", EDGES)
def test_unusual_data(name, case):
    dataset = log(EDGES[case], items=pl.DataFrame({"id": ["i", "never consumed"]}), users=pl.DataFrame({"id": ["u", "idle"]}))
    trained = Trained.fit(small(name), dataset)
    check_scores(name, trained.model.score(dataset.histories()), (dataset.n_users, dataset.n_items))
    lists = trained.recommend(users=["u", "idle"], k=3)
    assert "never consumed" in set(lists["item"])


@every_model
@given(st.integers(1, 6), st.integers(1, 8), st.integers(1, 30), st.integers(0, 10**6))
@settings(max_examples=20)
def test_any_small_data(name, n_users, n_items, n_events, seed):
    dataset = random_log(n_users, n_items, n_events, seed)
    model, known = small(name).fit(dataset), dataset.histories()
    scores = model.score(known)
    check_scores(name, scores, (n_users, n_items))
    assert np.isfinite(scores[~np.isnan(scores)]).all()
    shared = np.array([n_items - 1, 0], np.int32)
    check_close(model.score(known, shared), scores[:, shared])
    check_strangers(name, model.score(strangers(known)), scores)
    check_scores(name, model.score(no_history(dataset)), (1, n_items))
    check_explanation(name, model, known, np.random.default_rng(seed).integers(0, n_items, n_users).astype(np.int32))
