import numpy as np
import pytest

from vitrina.data.gallery.names import FIRST_NAMES, MOTIFS, SHADES, SURNAMES, THINGS, artist_names, titles
from vitrina.data.gallery.styles import STYLE_NAMES, SUBJECTS
from vitrina.errors import DataError

ALL = len(FIRST_NAMES) * len(SURNAMES)


@pytest.mark.parametrize("count", [1, 60, 500, ALL])
def test_artist_names_are_distinct(count):
    names = artist_names(np.random.default_rng(0), count)
    assert len(set(names)) == len(names) == count


def test_surnames_repeat_only_when_used_up():
    names = artist_names(np.random.default_rng(1), len(SURNAMES))
    assert len({name.rsplit(" ", 1)[1] for name in names}) == len(SURNAMES)


def test_too_many_artists_are_refused_with_the_number():
    with pytest.raises(DataError, match=str(ALL)):
        artist_names(np.random.default_rng(0), ALL + 1)


def test_every_style_and_subject_has_words():
    assert set(MOTIFS) == set(STYLE_NAMES)
    assert set(THINGS) == set(SUBJECTS)
    for words in (*MOTIFS.values(), *THINGS.values(), *SHADES.values()):
        assert len(set(words)) == len(words) > 1


def test_a_title_used_twice_by_an_artist_gets_a_roman_number():
    n = 4000
    made = titles(np.random.default_rng(0), ["A"] * n, ["seas"] * n, ["blue"] * n, ["sea"] * n)
    assert len(set(made)) == n
    assert "Low Tide" in made
    assert "Low Tide II" in made
    assert "Low Tide IV" in made
    assert not any("{" in title for title in made)


def test_titles_speak_of_style_and_colour():
    n = 200
    made = titles(np.random.default_rng(0), ["A"] * n, ["grids"] * n, ["red"] * n, ["city"] * n)
    words = (*MOTIFS["grids"], *SHADES["red"])
    assert all(any(word in title for word in words) for title in made)
