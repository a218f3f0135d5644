"""The small language that names models with their settings: ``visrank(feature=evf, aggregation=max)``.

::

    part    = name [ "(" [ setting { "," setting } ] ")" ]
    setting = name "=" value
    value   = text | "[" [ text { "," text } ] "]"
    text    = one or more characters other than blanks and ( ) [ ] , = "    or anything but " between two "

Texts are read as the types of the settings. Blanks between the pieces mean nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from vitrina.errors import VitrinaError
from vitrina.models.base import Recommender
from vitrina.models.registry import make

Value = str | tuple[str, ...]

_PIECE = re.compile(r'\s*(?:(?P<mark>[()\[\],=])|"(?P<quoted>[^"]*)"|(?P<bare>[^\s()\[\],="]+))')
_BARE = re.compile(r'[^\s()\[\],="]+')
_EXAMPLE = "Write it like fa, visrank(feature=evf) or visrank(feature=evf, columns=[brightness, contrast])."


@dataclass(frozen=True)
class Part:
    """A model by name, with settings as texts."""

    name: str
    settings: Mapping[str, Value] = field(default_factory=dict)

    def __str__(self) -> str:
        written = ",".join(f"{name}={_written(value)}" for name, value in self.settings.items())
        return f"{self.name}({written})" if written else self.name

    def make(self) -> Recommender:
        """Build the unfitted model; raises ``VitrinaError`` for names and settings that do not exist."""
        return make(self.name, **self.settings)


def parse_part(text: str) -> Part:
    """Read one part; raises ``VitrinaError`` that says where the text goes wrong, and how a part is written."""
    return _Reader(text).part()


def _written(value: Value) -> str:
    if isinstance(value, tuple):
        return f"[{','.join(map(_written, value))}]"
    return value if _BARE.fullmatch(value) else f'"{value}"'


class _Reader:
    """Reads pieces from the left; a piece is a kind (``mark``, ``text`` or ``end``) and what stands there."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def part(self) -> Part:
        part = Part(self._name("the name of a model"), dict(self._settings()) if self._accept("(") else {})
        if self._next()[0] != "end":
            raise self._wrong("nothing more")
        return part

    def _settings(self) -> list[tuple[str, Value]]:
        found: dict[str, Value] = {}
        while not self._accept(")"):
            if found:
                self._expect(",", "a comma or )")
            name = self._name("the name of a setting")
            if name in found:
                raise VitrinaError(f"{self._text!r} gives the setting {name!r} twice.")
            self._expect("=", "=")
            found[name] = self._list() if self._accept("[") else self._one("a value")
        return list(found.items())

    def _list(self) -> tuple[str, ...]:
        found: list[str] = []
        while not self._accept("]"):
            if found:
                self._expect(",", "a comma or ]")
            found.append(self._one("a value"))
        return tuple(found)

    def _name(self, expected: str) -> str:
        kind, piece, end = self._next()
        if kind != "text" or self._text[end - 1] == '"':
            raise self._wrong(expected)
        self._at = end
        return piece

    def _one(self, expected: str) -> str:
        kind, piece, end = self._next()
        if kind != "text":
            raise self._wrong(expected)
        self._at = end
        return piece

    def _accept(self, mark: str) -> bool:
        kind, piece, end = self._next()
        if (kind, piece) != ("mark", mark):
            return False
        self._at = end
        return True

    def _expect(self, mark: str, expected: str) -> None:
        if not self._accept(mark):
            raise self._wrong(expected)

    def _next(self) -> tuple[str, str, int]:
        match = _PIECE.match(self._text, self._at)
        if match is None:
            if self._text[self._at :].strip():
                raise self._wrong('a closing "')
            return "end", "", len(self._text)
        if match["mark"]:
            return "mark", match["mark"], match.end()
        return "text", match["bare"] if match["quoted"] is None else match["quoted"], match.end()

    def _wrong(self, expected: str) -> VitrinaError:
        rest = self._text[self._at :].strip()
        where = f"before {rest!r}" if rest else "at its end"
        return VitrinaError(f"{self._text!r} is not a model with its settings: expected {expected} {where}. {_EXAMPLE}")
