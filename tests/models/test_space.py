from typing import Annotated

import pytest
from pydantic import ValidationError

from vitrina.models.neighbours.itemknn import ItemKNN
from vitrina.models.space import Choice, Floats, Only, hyperparameters, refuse_idle, settings_of, without_idle


@hyperparameters
class Lamp:
    mode: Annotated[str, Choice(("off", "warm", "cold")), "what it does"] = "off"
    power: Annotated[float, Floats(0.0, 9.0), Only("mode", ("warm", "cold")), "how bright"] = 1.0

    def __post_init__(self) -> None:
        refuse_idle(self)


def test_what_a_setting_depends_on_is_listed():
    assert [s.only for s in settings_of(Lamp)] == [None, Only("mode", ("warm", "cold"))]


def test_idle_settings_are_dropped():
    assert without_idle(Lamp, {"mode": "warm", "power": 3.0}) == {"mode": "warm", "power": 3.0}
    assert without_idle(Lamp, {"mode": "off", "power": 3.0}) == {"mode": "off"}
    assert without_idle(Lamp, {"power": 3.0}) == {}  # the default mode is off
    assert without_idle(ItemKNN, {"similarity": "tversky", "alpha": 2.0, "weighting": "bm25"}) == {
        "similarity": "tversky",
        "alpha": 2.0,
    }


def test_idle_settings_are_refused_unless_at_their_default():
    assert Lamp(mode="off", power=1.0).power == 1.0
    assert Lamp(mode="cold", power=3.0).power == 3.0
    with pytest.raises(
        ValidationError, match=r"power = 3\.0 matters only with mode = warm or cold, not with 'off'\. Leave it out\."
    ):
        Lamp(power=3.0)


def test_a_choice_knows_its_tuples_as_lists():
    widths = Choice(((200,), (600, 200)))
    assert [600, 200] in widths
    assert [600] not in widths
    assert (widths.place([600, 200]), widths.place((200,))) == (1, 0)
