"""Artists, each with a hand, and their works; the catalogue as the gallery publishes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from vitrina.data.gallery import names
from vitrina.data.gallery.styles import MEDIUMS, MOOD_LEVELS, MOODS, PRINTS, STYLE_NAMES, STYLES, SUBJECTS, color_names

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DAY = 86_400
OPENING = 1_672_531_200  # 2023-01-01 00:00 UTC: the first day of the log
#: Share of the works that are there when the log begins; the others arrive evenly until its end.
AT_OPENING = 0.35
#: Days for which a work is for sale, from and to; then it goes back to its artist.
FOR_SALE = (240, 700)
#: Share of works whose attribute is filled in, from the table of 3,490 works in the UGallery study (Messina et al. 2017).
PRESENT = {"color": 3391 / 3490, "style": 646 / 3490, "subject": 578 / 3490, "mood": 1550 / 3490}
USUAL = (0.50, 0.35, 0.15)  # how often an artist takes up each of the mediums or subjects of a style
LATENT = 6  # dimensions of the taste that no attribute shows


@dataclass(frozen=True)
class Artists:
    """The artists, one row each; an artist's hand is all but the name.

    ``styles``, ``mediums``, ``subjects`` int ``[n, 2]``: the main choice and the other one. ``hue`` and ``accent`` in turns,
    ``saturation`` and ``lightness`` in 0..1, ``texture`` the scale of the forms (0 fine .. 1 large), ``size`` the usual
    side in cm, ``price`` the log of the price of a picture of 60 x 60 cm, ``since`` the first year of work, ``output`` how
    many works they make compared to others.
    """

    names: list[str]
    styles: Ints
    mediums: Ints
    subjects: Ints
    hue: Floats
    accent: Floats
    saturation: Floats
    lightness: Floats
    texture: Floats
    size: Floats
    price: Floats
    upright: Floats
    since: Ints
    output: Floats

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True)
class Works:
    """The works, one row each, in order of arrival; what the catalogue hides is known here.

    ``artist``, ``style``, ``medium``, ``subject``, ``orientation`` are codes; ``palette`` float ``[n, 5]`` has hue (turns),
    accent (turns), saturation, lightness and texture (0..1); ``moods`` int ``[n, 7]`` on the scale 1..5; ``arrival`` and
    ``departure`` in seconds since 1970. ``appeal``, ``latent``, ``trend_phase`` and ``trend_period`` are traits of the single
    work, drawn apart from its artist and looks: the hidden taste leaves no trace in any of those.
    """

    titles: list[str]
    artist: Ints
    style: Ints
    medium: Ints
    subject: Ints
    color: NDArray[np.str_]
    palette: Floats
    moods: Ints
    orientation: NDArray[np.str_]
    width: Ints
    height: Ints
    price: Ints
    stock: Ints
    year: Ints
    arrival: Ints
    departure: Ints
    appeal: Floats
    trend_phase: Floats
    trend_period: Floats
    latent: Floats

    def __len__(self) -> int:
        return len(self.titles)


def draw_artists(rng: np.random.Generator, count: int) -> Artists:
    """Draw ``count`` artists, spread evenly over the styles."""
    styles = rng.permutation(np.arange(count) % len(STYLES))
    second = (styles + rng.integers(1, len(STYLES), count)) % len(STYLES)
    hue = np.array([np.nan if s.hue is None else s.hue for s in STYLES])[styles]
    hue = np.where(np.isnan(hue), rng.random(count), hue + rng.normal(0, 0.05, count)) % 1
    of_style = np.array([[s.saturation, s.lightness] for s in STYLES])[styles]
    return Artists(
        names=names.artist_names(rng, count),
        styles=np.column_stack([styles, second]),
        mediums=_two_of([s.mediums for s in STYLES], MEDIUMS, styles, rng),
        subjects=_two_of([s.subjects for s in STYLES], SUBJECTS, styles, rng),
        hue=hue,
        accent=(hue + rng.choice([0.08, 0.33, 0.5, 0.67], count)) % 1,
        saturation=np.clip(of_style[:, 0] + rng.normal(0, 0.13, count), 0.02, 0.98),
        lightness=np.clip(of_style[:, 1] + rng.normal(0, 0.10, count), 0.08, 0.92),
        texture=rng.random(count),
        size=np.clip(rng.lognormal(np.log(70), 0.30, count), 25, 180),
        price=rng.normal(np.log(900), 0.55, count),
        upright=rng.beta(1.5, 1.5, count),
        since=2023 - rng.integers(2, 25, count),
        output=rng.lognormal(0, 0.6, count),
    )


def draw_works(rng: np.random.Generator, artists: Artists, count: int, days: int, *, hands: bool = True) -> Works:
    """Draw ``count`` works by ``artists`` that arrive before or during a log of ``days`` days.

    Without ``hands`` every trait is dealt anew among the works, so that none tells of another: not the artist from the look,
    nor the price from the medium. Such a gallery is for checking that a method follows one taste only.
    """
    arrival = _arrivals(rng, count, days)
    by = _makers(rng, artists.output, count)
    style = _main_or_other(rng, artists.styles[by], 0.88)
    medium = _main_or_other(rng, artists.mediums[by], 0.80)
    subject = _main_or_other(rng, artists.subjects[by], 0.70)
    palette = _palettes(rng, artists, by)
    dealer = np.random.default_rng(count)  # apart from the other draws, which are the same with hands and without

    def dealt(trait: Any) -> Any:
        return trait if hands else trait[dealer.permutation(count)]

    style, medium, subject, palette = dealt(style), dealt(medium), dealt(subject), dealt(palette)
    color = color_names(palette[:, 0], palette[:, 2], palette[:, 3])
    orientation, width, height = _formats(rng, artists.size[by], artists.upright[by])
    is_print = np.isin(np.array(MEDIUMS)[medium], PRINTS)
    log_price = artists.price[by] + 0.75 * np.log(width * height / 3600) + rng.normal(0, 0.2, count) - 1.1 * is_print
    year = 1970 + (arrival / (365.2425 * DAY)).astype(np.int64) - np.minimum(rng.geometric(0.45, count) - 1, 12)
    return Works(
        titles=names.titles(
            rng, _words(artists.names, by), _words(STYLE_NAMES, style), color.tolist(), _words(SUBJECTS, subject)
        ),
        artist=by,
        style=style,
        medium=medium,
        subject=subject,
        color=color,
        palette=palette,
        moods=dealt(_moods(rng, style, palette)),
        orientation=orientation,
        width=width,
        height=height,
        price=dealt(np.maximum(10 * np.rint(np.exp(log_price) / 10), 20).astype(np.int64)),
        stock=np.where(is_print, rng.choice([3, 5, 8, 10, 15, 20], count), 1),
        year=np.maximum(year, artists.since[by]),
        arrival=arrival,
        departure=arrival + DAY * rng.integers(FOR_SALE[0], FOR_SALE[1], count, endpoint=True),
        appeal=(rng.standard_gamma(4, count) - 4) / 2,
        trend_phase=rng.random(count),
        trend_period=rng.uniform(250, 600, count) * DAY,
        latent=rng.normal(0, 1, (count, LATENT)),
    )


def catalogue_table(rng: np.random.Generator, works: Works, artists: Artists) -> pl.DataFrame:
    """Return the catalogue with the column ``id``: attributes missing in the shares of ``PRESENT``."""
    shown = {name: _exact_share(rng, len(works), share) for name, share in PRESENT.items()}
    digits = max(4, len(str(len(works))))

    def some(name: str, values: Sequence[str]) -> pl.Series:
        return pl.select(pl.when(pl.Series(shown[name])).then(pl.Series(values)).alias(name)).to_series()

    moods = [
        pl.select(
            pl.when(pl.Series(shown["mood"])).then(pl.Series(_words(MOOD_LEVELS[mood], level))).alias(f"mood_{mood}")
        ).to_series()
        for mood, level in zip(MOODS, np.sign(works.moods - 3).T + 1, strict=True)
    ]
    return pl.DataFrame(
        [
            pl.Series("id", [f"w{n:0{digits}d}" for n in range(1, len(works) + 1)]),
            pl.Series("title", works.titles),
            pl.Series("artist", _words(artists.names, works.artist)),
            pl.Series("year", works.year, dtype=pl.Int32),
            pl.Series("medium", _words(MEDIUMS, works.medium)),
            some("color", works.color.tolist()),
            some("style", _words(STYLE_NAMES, works.style)),
            some("subject", _words(SUBJECTS, works.subject)),
            *moods,
            pl.Series("orientation", works.orientation.tolist()),
            pl.Series("width_cm", works.width, dtype=pl.Int32),
            pl.Series("height_cm", works.height, dtype=pl.Int32),
            pl.Series("price", works.price, dtype=pl.Float64),
            pl.Series("stock", works.stock, dtype=pl.Int32),
            pl.Series("available_from", works.arrival),
            pl.Series("available_until", works.departure),
        ]
    )


def _words(words: Sequence[str], codes: Ints) -> list[str]:
    return np.array(words, dtype=object)[codes].tolist()  # type: ignore[no-any-return]


def _two_of(choices: Sequence[Sequence[str]], words: Sequence[str], styles: Ints, rng: np.random.Generator) -> Ints:
    """Pick two different ones of the three choices that each artist's style offers, as codes ``[n, 2]``; usual ones first."""
    codes = np.array([[words.index(w) for w in options] for options in choices])
    order = np.argsort(rng.standard_exponential((styles.size, 3)) / USUAL, axis=1)[:, :2]
    return np.take_along_axis(codes[styles], order, axis=1)


def _main_or_other(rng: np.random.Generator, two: Ints, main: float) -> Ints:
    return np.where(rng.random(two.shape[0]) < main, two[:, 0], two[:, 1])


def _arrivals(rng: np.random.Generator, count: int, days: int) -> Ints:
    """Return moments in ascending order: the share ``AT_OPENING`` in the half year before the log, the others during it."""
    early = int(np.ceil(AT_OPENING * count))
    day = np.concatenate([rng.uniform(-180, -1, early), rng.uniform(0, days, count - early)])
    return np.sort(OPENING + (np.floor(day) * DAY).astype(np.int64) + rng.integers(9 * 3600, 18 * 3600, count))


def _makers(rng: np.random.Generator, output: Floats, count: int) -> Ints:
    """Return who made each work: everybody one as far as the works go, the others in proportion to ``output``."""
    first = rng.permutation(output.size)[:count]
    others = rng.choice(output.size, count - first.size, p=output / output.sum())
    return rng.permutation(np.concatenate([first, others]))


def _palettes(rng: np.random.Generator, artists: Artists, by: Ints) -> Floats:
    noise = rng.normal(0, 1, (by.size, 5))
    return np.column_stack(
        [
            (artists.hue[by] + 0.06 * noise[:, 0]) % 1,
            (artists.accent[by] + 0.05 * noise[:, 1]) % 1,
            np.clip(artists.saturation[by] + 0.15 * noise[:, 2], 0, 1),
            np.clip(artists.lightness[by] + 0.15 * noise[:, 3], 0.03, 0.97),
            np.clip(artists.texture[by] + 0.18 * noise[:, 4], 0, 1),
        ]
    )


def _formats(rng: np.random.Generator, side: Floats, upright: Floats) -> tuple[NDArray[np.str_], Ints, Ints]:
    """Return orientation, width and height in cm; the area goes with the artist's usual ``side``."""
    u = rng.random(side.size)
    square = rng.random(side.size) < 0.2
    ratio = np.where(square, 1.0, rng.choice([1.25, 1.33, 1.4, 1.5], side.size))
    side = np.clip(side * rng.lognormal(0, 0.22, side.size), 15, 160)
    short, long = np.rint(side / np.sqrt(ratio)).astype(np.int64), np.rint(side * np.sqrt(ratio)).astype(np.int64)
    tall = u < upright
    orientation = np.where(square, "square", np.where(tall, "portrait", "landscape"))
    return orientation, np.where(tall, short, long), np.where(tall, long, short)


def _moods(rng: np.random.Generator, style: Ints, palette: Floats) -> Ints:
    """Return the seven moods ``[n, 7]`` in 1..5: the style's, moved by warm, bright and strong colours, and by chance."""
    hue, _, saturation, lightness, texture = palette.T
    mean = np.array([s.moods for s in STYLES])[style]
    mean[:, 0] += 1.2 * (saturation - 0.5)
    mean[:, 1] -= 1.5 * (lightness - 0.5)
    mean[:, 2] += 1.5 * saturation * np.cos(2 * np.pi * (hue - 0.06))
    mean[:, 4] -= 1.0 * (texture - 0.5)
    return np.clip(np.rint(mean + rng.normal(0, 0.7, mean.shape)), 1, 5).astype(np.int64)


def _exact_share(rng: np.random.Generator, count: int, share: float) -> NDArray[np.bool_]:
    return rng.permutation(count) < round(share * count)
