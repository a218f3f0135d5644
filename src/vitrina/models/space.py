"""Hyper-parameters: typed fields whose annotations carry the search range and one line of explanation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar, dataclass_transform, get_type_hints

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass as pydantic_dataclass

from vitrina.errors import VitrinaError

T = TypeVar("T")


@dataclass(frozen=True)
class Ints:
    """Whole numbers from ``low`` to ``high``, both included."""

    low: int
    high: int
    log: bool = False

    def __contains__(self, value: Any) -> bool:
        return isinstance(value, int) and self.low <= value <= self.high


@dataclass(frozen=True)
class Floats:
    """Real numbers from ``low`` to ``high``; ``log`` searches their logarithm."""

    low: float
    high: float
    log: bool = False

    def __contains__(self, value: Any) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high


@dataclass(frozen=True)
class Choice:
    """One of a few values, which may be tuples."""

    values: tuple[Any, ...]

    def __contains__(self, value: Any) -> bool:
        return self._own(value) in self.values

    def place(self, value: Any) -> int:
        """Return which of the values it is; files hold lists for tuples."""
        return self.values.index(self._own(value))

    @staticmethod
    def _own(value: Any) -> Any:
        return tuple(value) if isinstance(value, list) else value


Range = Ints | Floats | Choice


@dataclass(frozen=True)
class Only:
    """The setting matters only where another one, ``setting``, has one of ``values``; elsewhere it keeps its default."""

    setting: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Wide:
    """A choice that multiplies the space: searched only with at least ``trials`` trials, else the default stands.

    With fewer, every kind of model would be tried once or twice with settings drawn at random, and none searched.
    """

    trials: int


@dataclass_transform(kw_only_default=True)
def hyperparameters(cls: type[T]) -> type[T]:
    """Turn a model class into a keyword-only, validated dataclass of its hyper-parameters."""
    return pydantic_dataclass(cls, kw_only=True, config=ConfigDict(extra="forbid", allow_inf_nan=False), repr=True)  # type: ignore[return-value]


@dataclass(frozen=True)
class Setting:
    """One hyper-parameter as tables and ``--help`` show it."""

    name: str
    default: Any
    range: Range | None
    doc: str
    only: Only | None = None
    wide: Wide | None = None

    def searched(self, trials: int) -> bool:
        """Whether a search of so many trials chooses the setting."""
        return self.range is not None and (self.wide is None or trials >= self.wide.trials)

    def matters(self, settings: Mapping[str, Any], defaults: Mapping[str, Any]) -> bool:
        """Whether the setting changes anything beside the other ``settings``."""
        other = self.only
        return other is None or settings.get(other.setting, defaults[other.setting]) in other.values


def settings_of(model: type) -> list[Setting]:
    """List the hyper-parameters of a model class, in the order of the file."""
    hints = get_type_hints(model, include_extras=True)
    found = []
    for field in fields(model):
        notes = getattr(hints[field.name], "__metadata__", ())
        found.append(
            Setting(
                field.name,
                field.default,
                next((n for n in notes if isinstance(n, Range)), None),
                next((n for n in notes if isinstance(n, str)), ""),
                next((n for n in notes if isinstance(n, Only)), None),
                next((n for n in notes if isinstance(n, Wide)), None),
            )
        )
    return found


def search_space(model: type) -> dict[str, Range]:
    """Return the hyper-parameters that have a search range."""
    return {s.name: s.range for s in settings_of(model) if s.range is not None}


def without_idle(model: type, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``settings`` less those that do not matter beside the others, so that a search tries no setting twice."""
    listed = {s.name: s for s in settings_of(model)}
    defaults = {name: s.default for name, s in listed.items()}
    return {name: value for name, value in settings.items() if listed[name].matters(settings, defaults)}


def refuse_idle(model: Any) -> None:
    """Raise ``VitrinaError`` when a setting was given that does not matter beside the others: it would mislead."""
    settings = {s.name: getattr(model, s.name) for s in settings_of(type(model))}
    for s in settings_of(type(model)):
        if s.only is not None and settings[s.name] != s.default and not s.matters(settings, settings):
            values = " or ".join(map(str, s.only.values))
            raise VitrinaError(
                f"{s.name} = {settings[s.name]!r} matters only with {s.only.setting} = {values}, "
                f"not with {settings[s.only.setting]!r}. Leave it out."
            )
