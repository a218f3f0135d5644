"""Hyper-parameters: typed fields whose annotations carry the search range and one line of explanation."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, TypeVar, dataclass_transform, get_type_hints

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass as pydantic_dataclass

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
    """One of a few values."""

    values: tuple[Any, ...]

    def __contains__(self, value: Any) -> bool:
        return value in self.values


Range = Ints | Floats | Choice


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
            )
        )
    return found


def search_space(model: type) -> dict[str, Range]:
    """Return the hyper-parameters that have a search range."""
    return {s.name: s.range for s in settings_of(model) if s.range is not None}
