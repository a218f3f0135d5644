"""How long work reports itself; the command line draws bars from it, libraries may ignore it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives the steps of a run."""

    def begin(self, task: str, total: int) -> None:
        """A task of ``total`` steps begins (or goes on, with some steps done already)."""
        ...

    def advance(self, task: str, note: str = "") -> None:
        """One more step of ``task`` is done."""
        ...

    def say(self, message: str) -> None:
        """A message worth a line."""
        ...


class Silent:
    """Reports nothing."""

    def begin(self, task: str, total: int) -> None:
        """Ignore."""

    def advance(self, task: str, note: str = "") -> None:
        """Ignore."""

    def say(self, message: str) -> None:
        """Ignore."""
