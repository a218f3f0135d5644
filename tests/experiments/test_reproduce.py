import os
from dataclasses import replace

import numpy as np
import pytest

from vitrina.data.known import locate
from vitrina.errors import UnknownNameError
from vitrina.experiments.published import PROTOCOLS, REPRODUCTIONS
from vitrina.experiments.published.entries import Made, Protocol, Reproduction
from vitrina.experiments.reproduce import find, fit, measure, open_protocol, reproduce
from vitrina.models.registry import make

QUICK = {"ncf-ml-1m/popular", "ncf-ml-1m/ease"}


def require(name: str) -> None:
    data = find(name)[0].data
    if locate(data) is None:
        pytest.skip(f"needs {data} under VITRINA_DATA (now {os.environ.get('VITRINA_DATA', 'not set')})")


@pytest.mark.needs_data
@pytest.mark.parametrize("name", sorted(QUICK))
def test_published_numbers(name: str):
    require(name)
    result = reproduce(name)
    assert result.reached, (result.metrics, result.published)


@pytest.mark.slow
@pytest.mark.needs_data
@pytest.mark.parametrize("name", sorted(set(REPRODUCTIONS) - QUICK))
def test_all_published_numbers(name: str):
    test_published_numbers(name)


def test_every_entry_names_a_protocol_and_its_metrics():
    for name, entry in REPRODUCTIONS.items():
        protocol = PROTOCOLS[name.split("/")[0]]
        assert set(entry.published) <= set(protocol.metrics)


def test_epochs_are_chosen_on_the_test_part_only_where_the_name_says_so():
    for name, entry in REPRODUCTIONS.items():
        assert (entry.chosen_on == "test") == name.endswith("-as-published"), name


class TestChoosing:
    """How the number of epochs is chosen, on a small made split."""

    @pytest.fixture
    def run(self, monkeypatch):
        made = Made("per-user-ratio", {"validation": 0.0})
        protocol = Protocol("demo", made, ("ndcg@10",), "nobody", "", validation={"how": "leave-last-out", "sampled": 20})

        def run(chosen_on, **changed):
            entry = Reproduction("bpr-mf", {"factors": 4, "epochs": 12}, {}, 0.0, chosen_on=chosen_on)
            monkeypatch.setitem(PROTOCOLS, "made", replace(protocol, **changed))
            monkeypatch.setitem(REPRODUCTIONS, "made/bpr-mf", entry)
            return fit("made/bpr-mf", split)

        monkeypatch.setitem(PROTOCOLS, "made", protocol)
        monkeypatch.setitem(REPRODUCTIONS, "made/bpr-mf", Reproduction("bpr-mf", {}, {}, 0.0))
        split = open_protocol("made/bpr-mf")
        run.split = split
        return run

    def test_settings_give_it(self, run):
        assert run("").epochs_ == 12

    def test_validation_chooses_and_the_final_model_learns_from_all_of_train(self, run):
        model = run("validation")
        assert model.epochs == model.epochs_ <= 12
        again = make("bpr-mf", factors=4, epochs=model.epochs).fit(run.split.train_and_validation)
        np.testing.assert_array_equal(model.item_vectors_, again.item_vectors_)

    def test_without_refitting_it_is_the_model_that_validated_best(self, run):
        model = run("validation", refits=False)
        assert model.epochs == 12
        assert not np.array_equal(model.item_vectors_, run("validation").item_vectors_)

    def test_the_test_part_chooses_at_least_as_well_as_validation(self, run):
        values = {part: measure("made/bpr-mf", run(part), run.split)["ndcg@10"] for part in ("test", "validation")}
        assert values["test"] >= values["validation"]

    def test_rare_people_and_items_are_dropped_before_the_split(self, monkeypatch):
        made = Made("strong-generalisation", {"test_users": 40, "validation_users": 40}, users=12, items=5)
        monkeypatch.setitem(PROTOCOLS, "rare", Protocol("demo", made, ("ndcg@10",), "nobody", ""))
        monkeypatch.setitem(REPRODUCTIONS, "rare/popular", Reproduction("popular", {}, {}, 0.0))
        split = open_protocol("rare/popular")
        counts = split.dataset.matrix().getnnz(axis=1)
        assert counts.min() >= 12  # nobody and nothing that was dropped is left in the vocabularies
        assert split.dataset.matrix().getnnz(axis=0).min() >= 1
        assert len(split.open_test()) == 40


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(UnknownNameError, match="ncf-ml-1m/ials"):
        find("ncf-ml-1m/ial")
