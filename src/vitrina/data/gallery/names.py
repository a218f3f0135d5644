"""Invented artists and titles, composed from word lists. No name here is meant to be a real artist's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from vitrina.errors import DataError


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split())


FIRST_NAMES = _listed(
    "Ada Aino Amara Anouk Beatriz Bram Camilo Celeste Chidi Dagny Davor Edda Elio Emeka Esther Farid Fiorella Goran Hanne "
    "Hiroko Ilse Imre Ines Isko Joao Jolanta Kaito Kerstin Lale Leandro Lucian Maren Mateo Mirela Nadir Nayra Noor Odile Oskar "
    "Paloma Pavel Quim Rafa Rin Rosalind Samir Sanna Silvio Tamsin Teo Thandi Ulla Valentin Vesna Wanjiru Xenia Yara Yusuf Zora"
)

#: Coined, so that a first name and a surname together do not happen to be a painter's.
SURNAMES = _listed(
    "Aldermoor Ansbrek Arriezal Auberlane Bastroem Bellancourt Birchwald Brannoch Calderiva Castrane Corvelho Dahlquern "
    "Delmarva Drostenberg Ebbesund Elvarez-Toll Ettering Falkenau-Ross Farrowgate Fenstrom Galdamar Gisborough Grelund Halvorne "
    "Hartwijk Hesselgrad Ibarrola-Venn Ilvonen-Strand Jarnefold Jessamund Kalvaria Kestenholm Kirunde Kovarelli Lamberglow "
    "Lindehag Lusardini Maberley-Okon Marchetta-Lund Merrivale Mondevar Narvikaite Nightingall Norremark Obrastow Okondeli "
    "Ostervang Palmisanto Pellworth Quillandre Quintavalle Radnorsky Rosenvinge-Ito Rukavio Sandoval-Hirsk Selmqvist Sorrenby "
    "Talvikki-Dane Tarrowby Thorneval Tsukimori Umbertane Uldrich-Paz Valderoy Vasquier Verhaelst Wendelaar Wolframsby "
    "Yambrosi Ylitaro Zamorelli Zellweiler"
)

#: Words for the colour a work is seen in, keyed by its ``color`` attribute.
SHADES: Mapping[str, Sequence[str]] = {
    "red": ("Crimson", "Vermilion", "Madder", "Carmine", "Brick"),
    "orange": ("Amber", "Apricot", "Rust", "Tangerine", "Saffron"),
    "yellow": ("Ochre", "Lemon", "Straw", "Mustard", "Honey"),
    "green": ("Moss", "Viridian", "Sage", "Olive", "Fern"),
    "turquoise": ("Teal", "Turquoise", "Verdigris", "Lagoon", "Celadon"),
    "blue": ("Cobalt", "Ultramarine", "Indigo", "Cerulean", "Prussian Blue"),
    "purple": ("Violet", "Plum", "Mauve", "Aubergine", "Lilac"),
    "pink": ("Rose", "Coral", "Peony", "Blush", "Magenta"),
    "brown": ("Umber", "Sienna", "Walnut", "Tobacco", "Sepia"),
    "black": ("Black", "Soot", "Jet", "Charcoal", "Coal"),
    "white": ("White", "Chalk", "Bone", "Milk", "Snow"),
    "grey": ("Slate", "Ash", "Pewter", "Graphite", "Fog"),
}

_ALL_SHADES = [shade for shades in SHADES.values() for shade in shades]

#: What a work of a style may be called after, keyed by the name of the style.
MOTIFS: Mapping[str, Sequence[str]] = {
    "colour fields": ("Threshold", "Veil", "Plain", "Room", "Held Breath", "Standing Field", "Quiet Wall", "Doorway", "Pause"),
    "grids": ("Lattice", "Ledger", "Window", "Weave", "Allotments", "Index", "City Block", "Tessera", "Crossword"),
    "stripes": ("Awning", "Interval", "Passage", "Deckchair", "Furrows", "Timetable", "Shutter", "Blinds", "Score"),
    "circles": ("Orbit", "Ring", "Eclipse", "Well", "Halo", "Roundel", "Two Moons", "Wheel", "Carousel"),
    "dots": ("Seeds", "Constellation", "Hail", "Swarm", "Confetti", "Pollen", "Punctuation", "Census", "First Snow"),
    "waves": ("Swell", "Undertow", "Frequency", "Ripple", "Echo", "Murmur", "Resonance", "Dunes", "Slow Signal"),
    "brush strokes": ("Gesture", "Sweep", "Argument", "Thaw", "Refusal", "Gust", "Tango", "Outburst", "Crossing"),
    "night scenes": ("Street Lamp", "Last Tram", "Lit Window", "Harbour Lights", "Empty Square", "Night Train", "Rooftops"),
    "seas": ("Low Tide", "Breakwater", "Headland", "Estuary", "Shingle", "Ferry", "Lighthouse", "Sandbank", "Squall"),
    "ink": ("Heron", "Winter Branch", "Reeds", "Mountain in Rain", "Crow", "Dry Garden", "River Stones", "Pine", "Gate"),
    "collage": ("Postcards", "Ticket Stubs", "Kitchen Drawer", "Letters Not Sent", "Torn Atlas", "Wallpaper", "Stamps"),
    "gradients": ("Dusk", "Fade", "Afterglow", "Ascent", "Slow Dawn", "Altitude", "Mist Lifting", "Blue Hour", "Descent"),
}  # fmt: skip

#: What is to be seen or thought of, keyed by the ``subject`` attribute.
THINGS: Mapping[str, Sequence[str]] = {
    "abstract": ("Two Thoughts", "an Afterimage", "a Correction", "Weight", "No Centre"),
    "geometry": ("a Diagonal", "Seven Angles", "a Missing Corner", "a Plumb Line", "an Arc"),
    "landscape": ("a Far Hill", "Ploughed Earth", "a Valley Road", "Hedgerows", "a Birch Wood"),
    "sea": ("a Grey Sail", "Salt", "Gulls", "a Distant Coast", "Foam"),
    "city": ("Scaffolding", "Chimneys", "a Side Street", "Neon", "a Viaduct"),
    "nature": ("Lichen", "Ferns", "a Moth", "Wild Carrots", "Rain"),
    "still life": ("a Jug", "Three Pears", "an Empty Chair", "a White Cloth", "Keys"),
    "people": ("a Sleeper", "Two Neighbours", "a Swimmer", "the Seamstress", "a Waiting Man"),
    "music": ("a Cello", "a Slow Waltz", "Brass", "Rests", "a Refrain"),
}

PLACES = (
    "Orrest Bay", "Kallavik", "Port Seren", "Tressow", "Isla Mirra", "Hollenford", "Via Sorbello", "Quai Damrond",
    "Lake Evenna", "Upper Stenning", "Vall d'Arbor", "Niedermoos", "Cape Lorrin", "Santa Vereda", "Old Wharf Street",
)  # fmt: skip

TIMES = (
    "Early Morning", "Four in the Afternoon", "after Rain", "before the Storm", "Late Summer", "First Frost", "a Sunday",
    "Midwinter", "the Longest Day", "April", "October", "Half Past Nine", "toward Evening",
)  # fmt: skip

FORMAL_PATTERNS = (
    "{motif} in {shade}", "{shade} {motif}", "{motif} No. {number}", "{shade} over {other}", "Untitled ({motif})",
    "{motif} and {second}", "Study for {motif}", "{motif}, {time}", "{motif} with {thing}",
)  # fmt: skip
SCENE_PATTERNS = (
    "{motif}, {place}", "{motif}, {time}", "{motif} with {thing}", "{motif} in {shade}", "{motif} and {second}",
    "{place}, {time}", "{motif} near {place}", "{motif} No. {number}", "{motif}",
)  # fmt: skip
#: Styles that show a place or a thing; their titles name one.
SCENES = ("night scenes", "seas", "ink", "collage")

_ROMAN = ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))


def artist_names(rng: np.random.Generator, count: int) -> list[str]:
    """Return ``count`` distinct names; surnames repeat only when there are more artists than surnames."""
    most = len(FIRST_NAMES) * len(SURNAMES)
    if count > most:
        raise DataError(f"n_artists = {count} is more than the {most} names that the gallery can compose. Ask for fewer.")
    first, last = rng.permutation(len(FIRST_NAMES)), rng.permutation(len(SURNAMES))
    # Shifting the first names by one for each round over the surnames never meets the same pair again.
    turn, place = np.divmod(np.arange(count), len(SURNAMES))
    pairs = zip(first[(place + turn) % len(FIRST_NAMES)], last[place], strict=True)
    return [f"{FIRST_NAMES[f]} {SURNAMES[s]}" for f, s in pairs]


def titles(
    rng: np.random.Generator, artists: Sequence[str], styles: Sequence[str], colors: Sequence[str], subjects: Sequence[str]
) -> list[str]:
    """Compose a title for each work from its style, colour and subject (equally long sequences of names).

    A title that an artist has used before gets a Roman number: "Low Tide", "Low Tide II".
    """
    choice = rng.random((len(artists), 8))
    used: Counter[tuple[str, str]] = Counter()
    out = []
    for artist, style, color, subject, u in zip(artists, styles, colors, subjects, choice, strict=True):
        pattern = _pick(SCENE_PATTERNS if style in SCENES else FORMAL_PATTERNS, u[0])
        motif, shade = _pick(MOTIFS[style], u[1]), _pick(SHADES[color], u[2])
        title = pattern.format(
            motif=motif,
            shade=shade,
            second=_another(MOTIFS[style], motif, u[3]),
            other=_another(_ALL_SHADES, shade, u[4]),
            place=_pick(PLACES, u[5]),
            time=_pick(TIMES, u[6]),
            thing=_pick(THINGS[subject], u[7]),
            number=2 + int(38 * u[7]),
        )
        used[artist, title] += 1
        out.append(title if used[artist, title] == 1 else f"{title} {_roman(used[artist, title])}")
    return out


def _pick(words: Sequence[str], u: float) -> str:
    return words[int(u * len(words))]


def _another(words: Sequence[str], than: str, u: float) -> str:
    rank = int(u * (len(words) - 1))
    return words[rank + (rank >= words.index(than))]


def _roman(number: int) -> str:
    out = ""
    for value, sign in _ROMAN:
        out += sign * (number // value)
        number %= value
    return out
