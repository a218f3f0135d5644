"""Progress on the screen: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vitrina.cli.output import duration, say
from vitrina.experiments.progress import Progress
from vitrina.training.outcome import Standing

if TYPE_CHECKING:
    from rich.progress import TaskID

_LINES_EVERY = 10.0  # seconds between plain lines of one training


class Lines:
    """One line at the beginning and the end of each task."""

    def __init__(self) -> None:
        self._left: dict[str, int] = {}

    def begin(self, task: str, total: int) -> None:
        """Remember how much there is to do."""
        self._left[task] = total

    def advance(self, task: str, note: str = "") -> None:
        """Count down; the last step is told."""
        self._left[task] -= 1
        if self._left[task] == 0:
            say(f"{task}: done{', ' if note else ''}{note}")

    def say(self, message: str) -> None:
        """Print the message."""
        say(message)


class Bars:
    """A bar for each task."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self.bars = RichProgress(
            TextColumn("{task.description:<16}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=Console(stderr=True),
        )
        self._tasks: dict[str, TaskID] = {}

    def begin(self, task: str, total: int) -> None:
        """Show a new bar."""
        self._tasks[task] = self.bars.add_task(task, total=total, note="")

    def advance(self, task: str, note: str = "") -> None:
        """Move the bar one step."""
        self.bars.update(self._tasks[task], advance=1, note=note)

    def say(self, message: str) -> None:
        """Print the message above the bars."""
        self.bars.console.print(message, markup=False, highlight=False)


@contextmanager
def shown() -> Iterator[Progress]:
    """Yield a progress that suits the standard error at hand."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    bars = Bars()
    with bars.bars:
        yield bars


@contextmanager
def downloading() -> Iterator[Callable[[str, int, int | None], None]]:
    """Yield a callback (file, bytes at hand, bytes in all) that shows a download."""
    if not sys.stderr.isatty():
        told: set[str] = set()

        def line(name: str, done: int, total: int | None) -> None:
            if name not in told:
                told.add(name)
                say(f"downloading {name} ...")

        yield line
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
    from rich.progress import Progress as RichProgress

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with RichProgress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, TaskID] = {}

        def bar(name: str, done: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total)
            bars.update(tasks[name], completed=done, total=total)

        yield bar


@contextmanager
def drawing() -> Iterator[Callable[[str, int, int | None], None]]:
    """Yield a callback (what is made, how many are done, how many in all) that shows how far pictures are."""
    if not sys.stderr.isatty():
        yield _counted
        return
    bars = Bars()
    with bars.bars:

        def bar(name: str, done: int, total: int | None) -> None:
            if done == 1:
                bars.begin(name, total or 0)
            bars.advance(name)

        yield bar


def _counted(name: str, done: int, total: int | None) -> None:
    """A line at every tenth of the way."""
    if total and done * 10 // total > (done - 1) * 10 // total:
        say(f"{name}: {done} of {total}")


@contextmanager
def training(name: str) -> Iterator[Callable[[Standing], None]]:
    """Yield a callback that shows how the training of ``name`` stands; nothing is shown of models without epochs."""
    if not sys.stderr.isatty():
        yield _training_lines(name)
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as RichProgress

    bars = RichProgress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"), console=Console(stderr=True)
    )
    tasks: list[TaskID] = []

    def bar(standing: Standing) -> None:
        if not tasks:
            bars.start()
            tasks.append(bars.add_task(name, total=standing.epochs, note=""))
        # A model may train several networks, or one again, with other numbers of epochs.
        bars.update(tasks[0], completed=standing.done, total=standing.epochs, note=in_words(standing))

    try:
        yield bar
    finally:
        bars.stop()


def _training_lines(name: str) -> Callable[[Standing], None]:
    """A line at the first report, at the end, and now and then between them."""
    told = 0.0

    def line(standing: Standing) -> None:
        nonlocal told
        if time.monotonic() - told >= _LINES_EVERY or standing.seconds_left == 0:
            told = time.monotonic()
            say(f"{name}: {in_words(standing)}")

    return line


def in_words(standing: Standing) -> str:
    """Say how a training stands: epoch, loss, value on validation, time left, as far as they are known."""
    parts = [f"epoch {standing.epoch} of {standing.epochs}"]
    parts += [f"loss {standing.loss:.4f}"] if standing.loss is not None else []
    parts += [f"validation {standing.metric:.4f}"] if standing.metric is not None else []
    parts += [f"{duration(standing.seconds_left)} left"] if standing.seconds_left else []
    return ", ".join(parts)
