import itertools

import numpy as np
import polars as pl
import pytest
from scipy.stats import chi2_contingency, f_oneway
from scipy.stats.contingency import crosstab

from vitrina.data.gallery import draw_world, simulate
from vitrina.data.gallery.names import SHADES
from vitrina.data.gallery.styles import MEDIUMS, MOOD_LEVELS, MOODS, PRINTS, STYLES, SUBJECTS, color_names
from vitrina.data.gallery.works import AT_OPENING, DAY, FOR_SALE, OPENING

from .sizes import MIDDLE, WORLD

COLUMNS = [
    "title", "artist", "year", "medium", "color", "style", "subject", *(f"mood_{m}" for m in MOODS),
    "orientation", "width_cm", "height_cm", "price", "stock", "available_from", "available_until",
]  # fmt: skip


@pytest.fixture(scope="module")
def table():
    return simulate(0, **MIDDLE).catalogue.table


@pytest.fixture(scope="module")
def world():
    return draw_world(0, **WORLD)


def test_columns(table):
    assert table.columns == COLUMNS


def test_missing_shares_are_the_lectures(table):
    present = {c: 1 - table[c].null_count() / table.height for c in table.columns}
    targets = {"color": 0.97, "style": 0.185, "subject": 0.166, "mood_energy": 0.44, "medium": 1.0, "artist": 1.0, "price": 1.0}
    for column, share in targets.items():
        assert present[column] == pytest.approx(share, abs=0.006), column


def test_moods_are_filled_in_together_in_words_of_three_levels(table, world):
    moods = table.select(f"mood_{m}" for m in MOODS)
    assert set(moods.select(pl.sum_horizontal(pl.all().is_null())).to_series()) == {0, 7}
    for column, (mood, levels) in enumerate(MOOD_LEVELS.items()):
        known = table[f"mood_{mood}"].is_not_null().to_numpy()
        words, scale = table[f"mood_{mood}"].to_numpy()[known], world.works.moods[known, column]
        assert set(words) == set(levels)
        for word, low, high in zip(levels, (1, 3, 4), (2, 3, 5), strict=True):
            assert ((words == word) == ((scale >= low) & (scale <= high))).all()


def test_sixty_artists_in_twelve_styles(table, world):
    assert table["artist"].n_unique() == 60
    assert np.bincount(world.artists.styles[:, 0]).tolist() == [5] * 12
    assert set(table["style"].drop_nulls()) == {s.name for s in STYLES}


def test_an_artists_works_are_alike(world):
    works = world.works

    def spread_within(values):
        total = np.bincount(works.artist)
        mean = np.bincount(works.artist, values) / total
        return np.mean((values - mean[works.artist]) ** 2) / np.var(values)

    for values in (np.log(works.price), works.palette[:, 2], works.palette[:, 3], works.palette[:, 4]):
        assert spread_within(values) < 0.6
    for values in (works.appeal, works.latent[:, 0], works.arrival.astype(float)):
        assert spread_within(values) > 0.85  # traits of the single work: 60 means explain 6 % by chance


def test_format_fits_orientation(table):
    width, height, orientation = (table[c].to_numpy() for c in ("width_cm", "height_cm", "orientation"))
    assert ((width == height) == (orientation == "square")).all()
    assert ((width > height) == (orientation == "landscape")).all()
    assert (np.minimum(width, height) >= 12).all()
    assert (np.maximum(width, height) <= 200).all()


def test_prices_are_log_normal_and_grow_with_size(table):
    price = table["price"].to_numpy()
    assert (price > 0).all()
    assert (price % 10 == 0).all()
    logs = np.log(price)
    skew = np.mean(((logs - logs.mean()) / logs.std()) ** 3)
    assert abs(skew) < 0.6
    assert np.mean(price) > 1.2 * np.median(price)
    area = np.log((table["width_cm"] * table["height_cm"]).to_numpy())
    assert np.corrcoef(area, logs)[0, 1] > 0.3


def test_most_works_are_one_of_a_kind_and_prints_have_copies(table, world):
    stock = world.works.stock
    is_print = table["medium"].is_in(PRINTS).to_numpy()
    assert ((stock == 1) == ~is_print).all()
    assert 0.05 < is_print.mean() < 0.3


def test_works_come_and_go_and_most_are_there_before_a_test_period(table):
    arrival = table["available_from"].to_numpy()
    days = (table["available_until"].to_numpy() - arrival) / DAY
    assert (days.min() >= FOR_SALE[0], days.max() <= FOR_SALE[1], np.ptp(days) > 400) == (True, True, True)
    assert np.mean(arrival < OPENING) == pytest.approx(AT_OPENING, abs=0.002)
    assert np.mean(arrival < OPENING + 0.8 * 730 * DAY) > 0.85
    assert arrival.max() < OPENING + 730 * DAY
    assert (table["year"].to_numpy() <= 1970 + arrival // (365 * DAY)).all()


def test_few_titles_repeat(table):
    assert table["title"].n_unique() > 0.8 * table.height
    assert table.select("artist", "title").n_unique() == table.height


def test_styles_name_known_mediums_and_subjects():
    for style in STYLES:
        assert set(style.mediums) <= set(MEDIUMS)
        assert set(style.subjects) <= set(SUBJECTS)
        assert len(style.moods) == len(MOODS)
        assert len(style.mediums) == len(style.subjects) == 3


@pytest.mark.parametrize(
    ("degrees", "saturation", "lightness", "name"),
    [
        (0, 0.8, 0.5, "red"),
        (359, 0.8, 0.5, "red"),
        (30, 0.8, 0.5, "orange"),
        (30, 0.5, 0.3, "brown"),
        (58, 0.8, 0.5, "yellow"),
        (120, 0.6, 0.4, "green"),
        (180, 0.6, 0.4, "turquoise"),
        (225, 0.6, 0.4, "blue"),
        (280, 0.6, 0.4, "purple"),
        (330, 0.6, 0.6, "pink"),
        (355, 0.6, 0.8, "pink"),
        (225, 0.6, 0.05, "black"),
        (225, 0.05, 0.95, "white"),
        (225, 0.05, 0.5, "grey"),
    ],
)
def test_color_names(degrees, saturation, lightness, name):
    assert color_names(np.array([degrees / 360]), np.array([saturation]), np.array([lightness])).tolist() == [name]


def test_every_color_has_shades():
    h, s, light = (a.ravel() for a in np.meshgrid(np.linspace(0, 0.999, 60), np.linspace(0, 1, 15), np.linspace(0, 1, 15)))
    assert set(color_names(h, s, light).tolist()) == set(SHADES)


def test_without_hands_no_trait_tells_of_another(world):
    """The same works, each trait dealt anew: as often as before, and by chance."""
    dealt = draw_world(0, **WORLD, hands=False).works
    works = world.works
    assert (dealt.artist == works.artist).all()
    assert (dealt.arrival == works.arrival).all()
    for name in ("style", "medium", "subject"):
        assert (np.sort(getattr(dealt, name)) == np.sort(getattr(works, name))).all()
    assert (np.sort(dealt.palette[:, 3]) == np.sort(works.palette[:, 3])).all()
    traits = {"artist": dealt.artist, "style": dealt.style, "medium": dealt.medium, "price": dealt.price // 400}
    for one, other in itertools.combinations(traits, 2):
        assert chi2_contingency(crosstab(traits[one], traits[other]).count).pvalue > 1e-3, (one, other)
    assert chi2_contingency(crosstab(works.artist, works.style).count).pvalue < 1e-30
    for value in (dealt.palette[:, 2], dealt.palette[:, 3], np.log(dealt.price)):
        assert f_oneway(*(value[dealt.artist == artist] for artist in np.unique(dealt.artist))).pvalue > 1e-3
