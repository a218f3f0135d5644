"""Which column plays which role: by its name, where names do not decide by what it holds, and never by a coin."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vitrina.errors import DataError, unknown

#: Roles of a log's columns, in the order of ``Dataset.interactions``.
ROLES = ("user", "item", "value", "timestamp", "kind", "session")

_STRONG: dict[str, str] = {
    "user": "user uid customer client visitor buyer member person household reader listener viewer account shopper subscriber "
    "patron consumer reviewer player guest usuario cliente",
    "item": "item iid product artwork work movie film article sku asin book isbn song track piece paper listing offer good game "
    "show video painting print recipe course news content producto articulo obra pelicula libro",
    "value": "rating star score quantity qty value count play_count plays preference grade valor cantidad nota puntaje",
    "timestamp": "timestamp time datetime date ts created_at created event_time event_timestamp event_date event_datetime "
    "unixtime unix_time unixreviewtime when fecha",
    "kind": "event kind action event_type event_kind event_name interaction interaction_type behavior behaviour behavior_type "
    "behaviour_type action_type evento",
    "session": "session basket order cart visit transaction invoice ticket",
    "id": "id key code",
    "title": "title titulo",
    "price": "price precio",
    "stock": "stock in_stock inventory copies",
    "available_from": "available_from available_since on_sale_from",
    "available_until": "available_until available_to on_sale_until",
    "image": "image picture photo image_path image_file image_name img",
    "url": "url link href page_url product_url item_url web_page",
}
#: Names that count only when no strong name is there.
_WEAK: dict[str, str] = {
    "user": "user_name username email customer_name",
    "item": "artist item_name product_name title name",
    "value": "weight amount stars_given play",
    "kind": "type",
    "title": "name item_title product_title movie_title item_name product_name movie_name artwork_title work_title nombre label",
    "price": "unit_price list_price price_usd price_eur price_clp",
    "image": "filename file file_name path",
}
_ID_WORDS = {"id", "ids", "key", "code", "uuid", "guid", "no", "nr", "num", "number", "hash", "idx", "index"}
_NOT_THE_EVENT = {"birth", "release", "released", "delivery", "expiry", "updated", "modified", "available", "run", "play"}
_TIME_ENDING = re.compile(r".*_(at|on|date|time|timestamp|ts|datetime|fecha)")
_TYPED_HEADER = re.compile(r":(token|token_seq|float|float_seq)$")  # RecBole writes user_id:token


@dataclass(frozen=True)
class ColumnUse:
    """The column that plays a role (None: there is none) and why it was chosen."""

    column: str | None
    why: str


def normalise(name: str) -> str:
    """Return a column name in lower snake case without type suffix: ``"userId"``, ``"User ID"`` -> ``"user_id"``."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", untyped(name))
    return re.sub(r"[\W_]+", "_", name.lower()).strip("_")


def untyped(name: str) -> str:
    """Return a column name without the type that some formats add to it."""
    return _TYPED_HEADER.sub("", name.strip())


def by_name(names: Sequence[str], role: str, *, only_strong: bool = False) -> list[str]:
    """Return the columns whose names fit ``role`` best: none, one, or the rivals among which names cannot decide."""
    for weak in (False,) if only_strong else (False, True):
        stems: dict[str, str] = {}
        for name in names:
            stem = _stem(name, role, weak=weak)
            # of "user" and "user_id" the second is meant: one stem, one candidate
            if stem and (stem not in stems or _has_id_word(name)):
                stems[stem] = name
        if stems:
            return list(stems.values())
    return []


def overridden(
    names: Sequence[str], overrides: Mapping[str, str], roles: Sequence[str], where: str, option: str
) -> dict[str, ColumnUse]:
    """Return the roles that the user settled; an empty column name means "none".

    Raises ``UnknownNameError`` for an unknown role or column, ``DataError`` for a column given two roles.
    """
    uses: dict[str, ColumnUse] = {}
    for role, wanted in overrides.items():
        if role not in roles:
            raise unknown("role", role, roles, f"A role is given as {option} ROLE=COLUMN.")
        if not wanted:
            uses[role] = ColumnUse(None, "left out on request")
            continue
        matches = [n for n in names if n == wanted] or [n for n in names if normalise(n) == normalise(wanted)]
        if len(matches) != 1:
            raise unknown("column", wanted, names, f"{where} has the columns {listed(names)}.")
        if any(use.column == matches[0] for use in uses.values()):
            raise DataError(f"column {matches[0]!r} of {where} was given two roles. Give each role its own column.")
        uses[role] = ColumnUse(matches[0], "as requested")
    return uses


def ambiguous(where: str, role: str, rivals: Sequence[str], names: Sequence[str], option: str, *, optional: bool) -> DataError:
    """Build the error for a role that several columns could play."""
    none = f", or {option} {role}= for none of them" if optional else ""
    return DataError(
        f"{where}: {len(rivals)} columns could be the {role}: {listed(rivals)}. Columns are {listed(names)}. Say which, for "
        f"example {option} {quoted(role, rivals[0])}{none}."
    )


def missing(where: str, role: str, names: Sequence[str], free: Sequence[str], option: str, *, header: bool) -> DataError:
    """Build the error for a role that no column seems to play."""
    example = free[0] if free else names[0]
    hint = "" if header else " The file has no header line, so its columns were numbered."
    return DataError(
        f"{where}: no column looks like the {role}. Columns are {listed(names)}. Say which, for example "
        f"{option} {quoted(role, example)}.{hint}"
    )


def listed(names: Sequence[str]) -> str:
    """Show column names, the first twenty of many."""
    shown = ", ".join(repr(name) for name in names[:20])
    return f"{shown} and {len(names) - 20} more" if len(names) > 20 else shown


def quoted(role: str, column: str) -> str:
    """Show ``role=column`` as one would type it in a shell."""
    pair = f"{role}={column}"
    return pair if re.fullmatch(r"[\w=.:@+-]+", pair) else "'" + pair.replace("'", "'\\''") + "'"


def _words(role: str, *, weak: bool) -> set[str]:
    return set((_WEAK if weak else _STRONG).get(role, "").split())


def _has_id_word(name: str) -> bool:
    return bool(_ID_WORDS & set(normalise(name).split("_"))) or normalise(name).endswith("id")


def _stem(name: str, role: str, *, weak: bool) -> str | None:
    """Return the word by which ``name`` says that it plays ``role``, if it does."""
    plain = normalise(name)
    words = _words(role, weak=weak)
    if plain in words:
        return plain
    if role == "timestamp" and weak and _TIME_ENDING.fullmatch(plain) and not _NOT_THE_EVENT & set(plain.split("_")):
        return plain
    if role in ("user", "item", "session", "value"):
        core = "_".join(part for part in plain.split("_") if part not in _ID_WORDS) or plain
        for candidate in (core, core.removesuffix("id"), core.removesuffix("s")):
            if candidate in words:
                return candidate
    return None
