from pathlib import Path

import pytest

from vitrina.errors import VitrinaError
from vitrina.experiments.config import make_config, read_config
from vitrina.models.registry import MODELS


def test_defaults_compare_every_model_with_the_deciding_metric_first():
    config = make_config(data="demo")
    assert list(config.models) == list(MODELS)
    assert config.metrics[0] == config.metric == "ndcg@10"


def test_toml_round_trip(tmp_path: Path):
    config = make_config(data="demo", models={"ease": {"l2": 10.0}, "popular": {}}, trials=3, metric="recall@20", seconds=5)
    path = tmp_path / "run.toml"
    path.write_text(config.to_toml())
    assert read_config(path) == config


def test_options_override_the_file(tmp_path: Path):
    path = tmp_path / "run.toml"
    path.write_text('data = "demo"\ntrials = 3\nmodels = ["ease"]\n[split]\nprotocol = "leave-last-out"\n')
    config = read_config(path, trials=7)
    assert (config.trials, config.split.protocol, config.models) == (7, "leave-last-out", {"ease": {}})


def test_another_seed_keeps_the_declared_protocol(tmp_path: Path):
    path = tmp_path / "run.toml"
    path.write_text('data = "demo"\n[split]\nprotocol = "leave-last-out"\n')
    assert read_config(path, seed=3, split={"seed": 3}).split.protocol == "leave-last-out"
    assert read_config(path, seed=3, split={"seed": 3}).split.seed == 3


def test_fixed_settings_are_not_tuned_and_nothing_left_means_one_trial():
    config = make_config(data="demo", models={"ease": {"l2": 10.0}, "itemknn": {"shrink": 5.0}}, trials=9)
    assert config.trials_of("ease") == 1
    assert "shrink" not in config.tuned("itemknn")
    assert {"neighbours", "weighting"} <= set(config.tuned("itemknn"))
    assert config.trials_of("itemknn") == 9


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"models": ["eaze"]}, "Did you mean 'ease'"),
        ({"models": []}, "no models"),
        ({"models": {"ease": {"l3": 1}}}, "Its settings are: l2"),
        ({"models": {"ease": {"l2": "big"}}}, "l2"),
        ({"trials": 0}, "trials"),
        ({"metric": "ndgc@10"}, "ndcg"),
        ({"metric": "coverage@10"}, "cannot decide"),
        ({"metrics": ["recall@0"]}, "recall"),
        ({"memory": "lots"}, "Write it like 2GB"),
        ({"sede": 1}, "A configuration has"),
    ],
)
def test_wrong_values_are_named(values: dict[str, object], message: str):
    with pytest.raises(VitrinaError, match=message):
        make_config(data="demo", **values)


def test_missing_and_broken_files(tmp_path: Path):
    with pytest.raises(VitrinaError, match="no configuration"):
        read_config(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("data = ")
    with pytest.raises(VitrinaError, match="not valid TOML"):
        read_config(tmp_path / "bad.toml")


def test_a_wide_choice_is_searched_only_with_trials_enough_for_it():
    few, many = (make_config(data="demo", models=["itemknn", "userknn"], trials=n) for n in (39, 40))
    assert set(few.tuned("itemknn")) == {"neighbours", "shrink", "weighting", "normalise"}
    assert set(many.tuned("itemknn")) == {*few.tuned("itemknn"), "similarity", "alpha", "beta"}
    assert "neighbourhood" in few.tuned("userknn")
    tversky = make_config(data="demo", models={"itemknn": {"similarity": "tversky"}}, trials=5)
    assert set(tversky.tuned("itemknn")) == {"neighbours", "shrink", "alpha", "beta"}


def test_a_model_may_take_part_under_several_names(tmp_path: Path):
    config = make_config(
        data="demo", models={"near": {"model": "itemknn", "neighbours": 5, "title": "Near"}, "itemknn": {}}, trials=4
    )
    assert config.make("near", shrink=3.0).settings["neighbours"] == 5
    assert config.make("near").name == "itemknn"
    assert (config.title("near"), config.title("itemknn")) == ("Near", "ItemKNN")
    assert "neighbours" not in config.tuned("near")
    path = tmp_path / "run.toml"
    path.write_text(config.to_toml())
    assert read_config(path) == config
    with pytest.raises(VitrinaError, match="Did you mean 'itemknn'"):
        make_config(data="demo", models={"near": {"model": "itemkn"}})
    with pytest.raises(VitrinaError, match=r"method name '\.\./near' cannot be used"):
        make_config(data="demo", models={"../near": {"model": "itemknn"}})


def test_one_model_twice_has_two_titles():
    models = {"fa": {}, "mine": {"model": "fa"}, "named": {"model": "fa", "title": "Theirs"}}
    config = make_config(data="demo", models=models)
    assert [config.title(name) for name in models] == ["Favourite artist (FA)", "Favourite artist (FA) (mine)", "Theirs"]
