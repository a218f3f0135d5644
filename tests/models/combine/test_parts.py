import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.errors import UnknownNameError, VitrinaError
from vitrina.models.combine.parts import Part, parse_part

words = st.text(st.characters(exclude_characters='"', exclude_categories=("Cs",)), max_size=8)
names = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)
parts = st.builds(Part, names, st.dictionaries(names, words | st.lists(words, max_size=3).map(tuple), max_size=3))


@given(parts)
def test_what_is_written_is_read(part):
    assert parse_part(str(part)) == part


@given(st.text(st.sampled_from('ab(),=[]" 1'), max_size=14))
def test_any_text_is_a_part_or_a_clear_error(text):
    try:
        part = parse_part(text)
    except VitrinaError:
        with pytest.raises(VitrinaError, match=re.escape(repr(text))):
            parse_part(text)
    else:
        assert parse_part(str(part)) == part


def test_blanks_mean_nothing():
    part = parse_part(' visrank ( feature = evf , columns=[ brightness,"two words" ] ) ')
    assert part == Part("visrank", {"feature": "evf", "columns": ("brightness", "two words")})
    assert parse_part("fa") == parse_part("fa()") == Part("fa")


def test_settings_get_the_types_of_the_model():
    model = parse_part("visrank(feature=evf,columns=[contrast],top_k=3)").make()
    assert (model.feature, model.columns, model.top_k) == ("evf", ("contrast",), 3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "expected the name of a model at its end"),
        ("(feature=evf)", "expected the name of a model before '(feature=evf)'"),
        ("visrank(feature)", "expected = before ')'"),
        ("visrank(feature=evf", "expected a comma or ) at its end"),
        ("visrank(feature=)", "expected a value before ')'"),
        ("visrank(feature=evf top_k=2)", "expected a comma or ) before 'top_k=2)'"),
        ("visrank(feature=evf,)", "expected the name of a setting before ')'"),
        ("visrank(columns=[a b])", "expected a comma or ] before 'b])'"),
        ('visrank(feature="evf)', "expected a closing \" before '\"evf)'"),
        ("fa price", "expected nothing more before 'price'"),
        ("visrank(top_k=1,top_k=2)", "gives the setting 'top_k' twice"),
    ],
)
def test_what_is_wrong_is_said(text, expected):
    with pytest.raises(VitrinaError, match=re.escape(expected)):
        parse_part(text)


def test_models_and_settings_that_do_not_exist():
    with pytest.raises(UnknownNameError, match=r"unknown model 'visrang'\. Did you mean 'visrank'"):
        parse_part("visrang").make()
    with pytest.raises(VitrinaError, match=r"visrank: size: .*Its settings are: feature"):
        parse_part("visrank(size=2)").make()
