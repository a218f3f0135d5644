from dataclasses import replace

from tests.models.logs import random_log
from vitrina.experiments.contest import contestants
from vitrina.models.registry import MODELS, family, model_class


def test_every_neural_and_every_simple_model_takes_part():
    found = contestants(random_log(30, 20, 150))
    assert {"popular", "itemknn", "ease", "ials", "mult-dae", "mult-vae", "curatornet"} <= set(found)
    assert found == [name for name in MODELS if name in found]
    for name in found[1:]:
        assert model_class(name).declares.neural or family(name) in ("neighbours", "linear", "factors")
    assert {name for name in MODELS if model_class(name).declares.neural} <= set(found)


def test_models_that_read_what_the_catalogue_lacks_stay_away():
    log = random_log(30, 20, 150)
    bare = replace(log, catalogue=replace(log.catalogue, features={}))
    assert set(contestants(log)) - set(contestants(bare)) == {"itemknn-cbf", "itemknn-cfcbf", "curatornet"}
