"""From measurements to ratios ours : theirs, round by round, at equal quality."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.jobs import JOBS, Job

#: Two results count as equally good within this share of the better one.
TOLERANCE = 0.02

#: A curve has arrived when it is this share below the lower of the two best values.
_ALMOST = 0.002

OURS, BARE = "ours", "bare"


@dataclass(frozen=True)
class Spread:
    """Median, least and greatest ratio over the rounds; below 1 we are ahead."""

    median: float
    low: float
    high: float

    @staticmethod
    def of(ratios: Sequence[float]) -> Spread:
        """Summarise ``ratios``, one a round."""
        return Spread(statistics.median(ratios), min(ratios), max(ratios))


@dataclass(frozen=True)
class Pair:
    """Ours beside one other library in one stage of a job on one data set.

    ``seconds`` are medians (ours, theirs); ``wall`` and ``cpu`` ratios of time, ``memory`` of what the stage added at its
    peak; ``peaks`` are bytes of the whole processes; ``quality`` nDCG@10, or what the job names (ours, theirs), None where
    nobody judged.
    """

    data: str
    job: str
    stage: str
    library: str
    target: float | None
    seconds: tuple[float, float]
    wall: Spread
    cpu: Spread
    memory: float | None
    peaks: tuple[int, int]
    quality: tuple[float | None, float | None]
    rounds: int

    @property
    def as_good(self) -> bool:
        """Whether ours is at least as good as theirs, up to the tolerance."""
        return not _worse(*self.quality)

    @property
    def fair(self) -> bool:
        """Whether theirs is at least as good as ours, up to the tolerance: only then is being slower a loss."""
        return not _worse(*self.quality[::-1])

    @property
    def verdict(self) -> str:
        """What the target says of this pair."""
        if not self.as_good:
            return "quality below"
        if self.target is None:
            return "no target"
        if self.wall.median <= self.target:
            return "reached"
        return "missed" if self.fair else "missed, but theirs is less accurate"


def _worse(a: float | None, b: float | None) -> bool:
    return a is not None and b is not None and a < (1 - TOLERANCE) * b


def pairs(measured: dict[str, Any]) -> list[Pair]:
    """Return ours beside every library of one measured job, stage by stage."""
    job = JOBS[measured["job"]]
    ours = measured["runs"].get(OURS)
    if not ours:
        return []
    others = {library: runs for library, runs in measured["runs"].items() if library != OURS and runs}
    found = [_pair(measured, job, library, runs, stage) for library, runs in others.items() for stage in _stages(job, ours, runs)]
    return [pair for pair in found if pair is not None]


def best(found: Sequence[Pair]) -> Pair | None:
    """Return the pair with the library that is hardest to beat: the fastest at equal quality, of those with a target."""
    peers = [pair for pair in found if pair.library != BARE]
    promised = [pair for pair in peers if pair.target is not None] or peers
    fair = [pair for pair in promised if pair.fair] or promised
    return max(fair, key=lambda pair: pair.wall.median, default=None)


def _stages(job: Job, ours: Sequence[dict[str, Any]], theirs: Sequence[dict[str, Any]]) -> list[str]:
    main = "work" if job.kind == "work" else "fit"
    return [main, *(["recommend"] if "recommend" in ours[0]["wall"] and "recommend" in theirs[0]["wall"] else [])]


def _pair(measured: dict[str, Any], job: Job, library: str, theirs: list[dict[str, Any]], stage: str) -> Pair | None:
    both = [runs for runs in zip(measured["runs"][OURS], theirs, strict=False) if all(stage in run["wall"] for run in runs)]
    quality = quality_of(measured, OURS), quality_of(measured, library)
    if job.kind == "curve":
        arrivals = _arrivals(measured, library)
        if arrivals is None:
            return None
        at = [tuple(run["epochs"][epoch] for run, epoch in zip(runs, arrivals, strict=True)) for runs in both]
    else:
        share = measured["settings"]["epochs"] if job.per_epoch and stage == "fit" else 1
        at = [tuple({kind: run[kind][stage] / share for kind in ("wall", "cpu")} for run in runs) for runs in both]
    wall, cpu = ([(mine[kind], other[kind]) for mine, other in at] for kind in ("wall", "cpu"))
    return Pair(
        measured["data"],
        job.name,
        stage,
        library,
        job.targets.get(library) if stage != "recommend" else None,
        tuple(statistics.median(side) for side in zip(*wall, strict=True)),  # type: ignore[arg-type]
        Spread.of([mine / other for mine, other in wall]),
        Spread.of([mine / max(other, 1e-6) for mine, other in cpu]),
        _memory(both, stage),
        tuple(min(run["peak"][stage] for run in side) for side in zip(*both, strict=True)),  # type: ignore[arg-type]
        quality,
        len(both),
    )


def _memory(both: Sequence[tuple[dict[str, Any], ...]], stage: str) -> float | None:
    """Compare what the stage added to the memory at hand; the least over rounds, free of what was read for the judge."""
    added = [min(run["peak"][stage] - run["before"][stage] for run in side) for side in zip(*both, strict=True)]
    return added[0] / added[1] if added[1] > 0 else None


def quality_of(measured: dict[str, Any], library: str) -> float | None:
    """Return the quality of a job: what was learned by our evaluator, else what was listed, else what the library says."""
    job, judged, runs = JOBS[measured["job"]], measured["quality"].get(library, {}), measured["runs"].get(library)
    if job.kind == "curve":
        return max(curve(measured, library), default=None)
    own = runs[0].get("values", {}) if runs else {}
    for values in (judged.get("model"), judged.get("lists"), own):
        if values:
            return float(values[job.quality])
    return None


def curve(measured: dict[str, Any], library: str) -> list[float]:
    """Return nDCG@10 after each epoch."""
    judged = measured["quality"].get(library, {})
    return [judged[name][JOBS[measured["job"]].quality] for name in sorted(judged) if name.startswith("epoch-")]


def _arrivals(measured: dict[str, Any], library: str) -> tuple[int, int] | None:
    """Return the epochs (from 0) at which ours and theirs first reach what both can reach."""
    mine, other = curve(measured, OURS), curve(measured, library)
    if not mine or not other:
        return None
    goal = min(max(mine), max(other)) * (1 - _ALMOST)
    return tuple(next(epoch for epoch, value in enumerate(values) if value >= goal) for values in (mine, other))  # type: ignore[return-value]
