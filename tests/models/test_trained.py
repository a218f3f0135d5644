import numpy as np
import polars as pl
import pytest

from tests.models.logs import checkerboard, log
from vitrina.errors import DataError, VitrinaError
from vitrina.models.neighbours.itemknn import ItemKNN
from vitrina.models.registry import make
from vitrina.models.simple.popular import Popular
from vitrina.models.trained import Trained

#: Three people, five works: u likes a and b, v likes a, b and c, w likes only d; nobody knows e.
PAIRS = [("u", "a"), ("u", "b"), ("v", "a"), ("v", "b"), ("v", "c"), ("w", "d")]
WORKS = pl.DataFrame({"id": ["a", "b", "c", "d", "e"], "title": ["Alba", "Bruma", None, "Duna", "Eco"]})


@pytest.fixture(scope="module")
def trained():
    return Trained.fit(ItemKNN(shrink=0), log(PAIRS, items=WORKS))


def test_the_table(trained):
    lists = trained.recommend(users=["u"], k=2)
    assert lists.schema == {
        "query": pl.String, "rank": pl.Int32, "item": pl.String, "title": pl.String, "score": pl.Float32, "source": pl.String,
    }  # fmt: skip
    assert lists["query"].to_list() == ["u", "u"]
    assert lists["rank"].to_list() == [1, 2]
    assert lists.row(0)[2:4] == ("c", "c")  # no title: its id
    assert lists["score"][0] == pytest.approx(2 / np.sqrt(2), rel=1e-5)
    assert lists["source"].to_list() == ["itemknn", "itemknn"]


def test_titles_only_where_the_catalogue_has_them():
    lists = Trained.fit(Popular(), log(PAIRS)).recommend(users=["w"], k=1)
    assert lists.columns == ["query", "rank", "item", "score", "source"]


def test_users_and_their_histories_agree(trained):
    """Also where order and repeats differ."""
    by_user = trained.recommend(users=["u", "v"], k=1)
    by_history = trained.recommend(histories=[["b", "a"], ["c", "b", "a", "b"]], k=1)
    assert by_history["query"].to_list() == ["0", "1"]
    assert by_user.drop("query").equals(by_history.drop("query"))


def test_ids_may_be_numbers():
    trained = Trained.fit(Popular(), log([(1, 10), (1, 20), (2, 10)]))
    assert trained.recommend(users=[2], k=1)["item"].to_list() == ["20"]
    assert trained.recommend(histories=[[20]], k=1)["item"].to_list() == ["10"]


def test_exclude(trained):
    assert "c" not in trained.recommend(users=["u"], k=5, exclude=["c"])["item"].to_list()
    everything = trained.recommend(users=["u"], k=5, exclude=["a", "b", "c", "d", "e"])
    assert everything.height == 0
    assert everything.columns == trained.recommend(users=["u"]).columns


def test_people_who_buy_again_see_their_history():
    repeats = Trained.fit(ItemKNN(shrink=0), log(PAIRS, items=WORKS, repeats=True)).recommend(users=["u"], k=5)
    assert set(repeats["item"]) == {"a", "b", "c", "d", "e"}
    once = Trained.fit(ItemKNN(shrink=0), log(PAIRS, items=WORKS)).recommend(users=["u"], k=5)
    assert set(once["item"]) == {"c", "d", "e"}


def test_nothing_known_falls_back_to_popular(trained):
    lists = trained.recommend(histories=[[], ["a"]], k=3)
    stranger, known = lists.filter(query="0"), lists.filter(query="1")
    assert set(stranger["source"]) == {"popular"}
    assert set(stranger["item"][:2]) == {"a", "b"}
    assert stranger["score"].to_list() == [2, 2, 1]
    assert set(known["source"]) == {"itemknn"}
    bare = trained.recommend(histories=[[]], k=3, fallback=False)
    assert set(bare["source"]) == {"itemknn"}
    assert bare["score"].to_list() == [0, 0, 0]


def test_a_model_that_does_not_personalise_needs_no_fallback():
    lists = Trained.fit(Popular(), log(PAIRS, items=WORKS)).recommend(histories=[[]], k=5)
    assert set(lists["source"]) == {"popular"}
    assert lists["score"].to_list() == [2, 2, 1, 1, 0]


@pytest.mark.parametrize("k", [0, -1, 2.5, "3", None])
def test_k(trained, k):
    with pytest.raises(VitrinaError, match="k must be a whole number of at least 1"):
        trained.recommend(users=["u"], k=k)


@pytest.mark.parametrize("question", [{}, {"users": ["u"], "histories": [["a"]]}])
def test_either_users_or_histories(trained, question):
    with pytest.raises(VitrinaError, match="give either users or histories"):
        trained.recommend(**question)


@pytest.mark.parametrize(
    "question", [{"users": "u"}, {"histories": "ab"}, {"histories": ["a", "b"]}, {"users": ["u"], "exclude": "a"}]
)
def test_a_text_is_not_a_list(trained, question):
    with pytest.raises(VitrinaError, match="expected a list of ids, got the text"):
        trained.recommend(**question)


def test_nobody_asks(trained):
    for question in ({"users": []}, {"histories": []}):
        lists = trained.recommend(**question)
        assert lists.height == 0
        assert lists.schema == trained.recommend(users=["u"]).schema


def test_everybody_at_once():
    board = checkerboard().train
    for name in ("itemknn", "popular", "random"):
        trained = Trained.fit(make(name), board)
        together = trained.recommend(users=board.users.ids.to_list(), k=4)
        assert pl.concat(trained.recommend_all(k=4)).equals(together)
        pieces = list(trained.recommend_all(k=4, batch=7))
        assert len(pieces) == 6
        assert pl.concat(pieces).equals(together)


def test_without_known_users(trained):
    anonymous = Trained(trained.model, trained.catalogue, trained.info)
    with pytest.raises(VitrinaError, match="without the histories of known users"):
        anonymous.recommend(users=["u"])
    with pytest.raises(VitrinaError, match="without the histories of known users"):
        next(anonymous.recommend_all())
    assert anonymous.recommend(histories=[["a"]], k=1)["item"].to_list() == ["b"]
    assert anonymous.recommend(histories=[[]], k=1)["source"].to_list() == ["itemknn"]  # no popularity to fall back on


def test_only_positive_events_are_learned():
    frame = pl.DataFrame({"user": ["u", "u", "v"], "item": ["a", "b", "b"], "value": [5.0, 1.0, 2.0]})
    dataset = log(PAIRS)
    rated = type(dataset).from_frame(frame, info=dataset.info.model_copy(update={"positive": "value >= 4"}))
    trained = Trained.fit(Popular(), rated)
    assert trained.model.counts_.tolist() == [1, 0]
    assert trained.recommend(users=["u"], k=5)["item"].to_list() == ["b"]  # a low rating is no history
    none = type(rated).from_frame(frame, info=rated.info.model_copy(update={"positive": "value > 9"}))
    with pytest.raises(VitrinaError, match="no positive events"):
        Trained.fit(Popular(), none)
    wrong = type(rated).from_frame(frame, info=rated.info.model_copy(update={"positive": "stars > 9"}))
    with pytest.raises(DataError, match="cannot be applied"):
        Trained.fit(Popular(), wrong)


def test_the_moment_reaches_the_model():
    class Clock(Popular):
        def score(self, queries, items=None):
            assert queries.at.tolist() == [77]
            return super().score(queries, items)

    assert Trained.fit(Clock(), log(PAIRS)).recommend(users=["u"], at=77, k=1).height == 1


def test_explains_in_external_ids(trained):
    known = trained.explain(user="u", item="c")
    assert known.select("kind", "cause", "title").rows() == [("history", "a", "Alba"), ("history", "b", "Bruma")]
    assert known["contribution"].to_list() == pytest.approx([1 / np.sqrt(2)] * 2, rel=1e-5)
    score = trained.recommend(users=["u"], k=1)["score"][0]
    assert known["contribution"].sum() == pytest.approx(score, rel=1e-6)
    assert trained.explain(history=["b", "a"], item="c").sort("cause").equals(known)
    assert trained.explain(history=["b", "a"], item="c", k=1)["kind"].to_list() == ["history", "other"]
    assert trained.explain(history=[], item="c").height == 0


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({"item": "c"}, "give either a user or a history"),
        ({"item": "c", "user": "u", "history": ["a"]}, "give either a user or a history"),
        ({"item": "z", "user": "u"}, "unknown item 'z'"),
        ({"item": "c", "user": "zz"}, "unknown user 'zz'"),
        ({"item": "c", "history": ["a", "z"]}, "unknown item 'z'"),
        ({"item": "c", "history": "ab"}, "expected a list of ids"),
        ({"item": "c", "user": "u", "k": 0}, "k must be a whole number of at least 1"),
    ],
)
def test_explaining_refuses(trained, question, message):
    with pytest.raises(VitrinaError, match=message):
        trained.explain(**question)


def test_nothing_is_explained_where_there_is_no_score(trained):
    with pytest.raises(VitrinaError, match="without the histories of known users"):
        Trained(trained.model, trained.catalogue, trained.info).explain(user="u", item="c")
    strict = Trained.fit(make("bpr-mf", epochs=1), log(PAIRS, items=WORKS))
    assert strict.explain(user="u", item="c").height >= 2
    with pytest.raises(VitrinaError, match=r"bpr-mf has no score for 'c' here.* give a user"):
        strict.explain(history=["a"], item="c")


def test_lists_can_say_why(trained):
    lists = trained.recommend(histories=[["a", "b"], [], ["d"]], k=2, why=True)
    assert lists.drop("because").equals(trained.recommend(histories=[["a", "b"], [], ["d"]], k=2))
    assert lists.filter(query="0", item="c")["because"].to_list() == ["Alba; Bruma"]
    assert set(lists.filter(query="1")["because"]) == {"popularity"}
    assert set(lists.filter(query="2")["because"]) == {None}  # nobody shares d with anything
    assert trained.recommend(users=[], why=True).columns[-1] == "because"


def test_lists_for_everybody_can_say_why():
    board = checkerboard().train
    for name in ("itemknn", "bpr-mf", "popular"):
        trained = Trained.fit(make(name, **({"epochs": 2} if name == "bpr-mf" else {})), board)
        lists = pl.concat(trained.recommend_all(k=3, batch=7, why=True))
        assert lists.equals(trained.recommend(users=board.users.ids.to_list(), k=3, why=True))
        first = trained.explain(user=lists["query"][0], item=lists["item"][0], k=2)
        causes = first.filter((pl.col("contribution") > 0) & (pl.col("cause") != "rest"))["cause"].head(2)
        assert lists["because"][0] == "; ".join(causes)


def test_what_cannot_fit_is_refused_with_the_number(monkeypatch):
    monkeypatch.setattr("vitrina.models.base.total_memory", lambda: 10)
    with pytest.raises(VitrinaError, match=r"ease: 2 items and 2 people need about 0\.0 GB of memory; this machine has 0\.0 GB"):
        Trained.fit(make("ease"), log([("u", "i"), ("v", "j")]))


class TestJoined:
    """Further items of which only features are known, such as pictures that somebody likes."""

    @pytest.fixture(scope="class")
    def looking(self):
        return Trained.fit(make("visrank", feature="evf"), checkerboard().train)

    def test_they_stand_in_histories_like_any_other(self, looking):
        own = looking.catalogue.features["evf"][:2]
        grown = looking.joined_by(["x.jpg", "y.jpg"], {"evf": own})
        assert len(grown.catalogue) == len(looking.catalogue) + 2
        np.testing.assert_array_equal(grown.catalogue.features["evf"][-2:], own)
        assert grown.popularity.tolist() == [*looking.popularity.tolist(), 0, 0]
        first = looking.catalogue.items.ids[0]
        listed = grown.recommend(histories=[["x.jpg"]], k=5, exclude=["x.jpg", "y.jpg"])
        assert listed["item"][0] == first  # nothing is more like a picture than the work that it shows
        assert listed["score"][0] == pytest.approx(1, abs=1e-5)
        usual, apart = (
            grown.recommend(histories=[["x.jpg"]], k=5, exclude=[*out, "y.jpg"]) for out in ([first], ["x.jpg", first])
        )
        assert usual.equals(apart)  # what is in a history is not listed

    def test_known_people_get_what_they_got(self, looking):
        grown = looking.joined_by(["x.jpg"], {"evf": looking.catalogue.features["evf"][:1]})
        people = looking.users.ids[:5].to_list()
        assert grown.recommend(users=people, exclude=["x.jpg"]).equals(looking.recommend(users=people))

    def test_what_is_not_known_of_them_is_missing(self, looking):
        grown = looking.joined_by(["x.jpg"], {"evf": looking.catalogue.features["evf"][:1]}).catalogue
        assert np.isnan(grown.features["dnn"][-1]).all()
        words = grown.features["words"]  # sparse: an empty row
        assert (words.shape[0], words[-1].nnz) == (len(grown), 0)
        assert (words[:-1] != looking.catalogue.features["words"]).nnz == 0
        assert grown.table.row(-1) == (None,) * grown.table.width

    def test_nobody_joins(self, looking):
        assert looking.joined_by([], {}).catalogue.items == looking.catalogue.items

    def test_names_that_are_taken_are_refused(self, looking):
        taken, one = looking.catalogue.items.ids[0], looking.catalogue.features["evf"][:1]
        with pytest.raises(DataError, match="distinct"):
            looking.joined_by([taken], {"evf": one})
        with pytest.raises(DataError, match="distinct"):
            looking.joined_by(["x", "x"], {"evf": np.concatenate([one, one])})

    def test_models_that_know_only_their_items_refuse(self, trained):
        with pytest.raises(VitrinaError, match="itemknn knows only the items that it was trained on"):
            trained.joined_by(["x.jpg"], {"evf": np.zeros((1, 6), np.float32)})

    def test_a_feature_of_another_width_is_refused(self, looking):
        with pytest.raises(ValueError, match=r"dimension|columns"):
            looking.joined_by(["x.jpg"], {"evf": np.zeros((1, 5), np.float32)})
