import pytest
from pydantic import ValidationError

from vitrina.errors import UnknownNameError, VitrinaError
from vitrina.models.linear.ease import EASE
from vitrina.models.registry import MODELS, family, make, model_class
from vitrina.models.space import Choice, Floats, Ints, search_space


def test_names():
    assert model_class("ease") is EASE
    assert family("ease") == "linear"
    assert len(MODELS) == len(set(MODELS.values()))
    with pytest.raises(UnknownNameError, match=r"unknown model 'eas'\. Did you mean 'ease'?"):
        model_class("eas")


def test_settings_from_text():
    """The command line gives texts; they are read as the types of the fields."""
    model = make("itemknn", neighbours="7", shrink="1e2", normalise="false")
    assert model.settings.items() >= {"neighbours": 7, "shrink": 100.0, "weighting": "none", "normalise": False}.items()


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [
        ("ease", "l2", -1),
        ("ease", "l2", float("nan")),
        ("ease", "l2", float("inf")),
        ("itemknn", "neighbours", 0),
        ("itemknn", "neighbours", 2.5),
        ("itemknn", "weighting", "tfidf"),
        ("ials", "factors", 0),
        ("ials", "epochs", 0),
        ("popular-recent", "half_life", 0),
    ],
)
def test_values_without_meaning(name, setting, value):
    with pytest.raises(VitrinaError, match=f"{name}: {setting}: Input should be"):
        make(name, **{setting: value})


def test_settings_are_named_not_numbered():
    with pytest.raises(ValidationError):
        EASE(5.0)


def test_ranges():
    assert 5 in Ints(5, 7)
    assert 8 not in Ints(5, 7)
    assert 5.5 not in Ints(5, 7)
    assert 2 in Floats(1.0, 2.0)
    assert "x" not in Floats(1.0, 2.0)
    assert "b" in Choice(("a", "b"))
    assert search_space(EASE) == {"l2": Floats(1.0, 1e7, log=True)}


@pytest.mark.parametrize(("text", "advice"), [("fa, price", '["fa", "price"]'), ("fa,price(scale=log)", '["...", "..."]')])
def test_a_text_in_place_of_a_list_is_told_how_to_be_written(text, advice):
    with pytest.raises(VitrinaError, match="hybrid: parts: must be a list: ") as told:
        make("hybrid", parts=text)
    assert advice in str(told.value)
