"""The table of ratios as JSON and Markdown, and the plots, over all measurements in a folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import plots, ratios
from benchmarks.data import TITLES
from benchmarks.jobs import JOBS
from benchmarks.ratios import Pair

_STAGES = {"fit": "", "work": "", "recommend": ", then top 100 for all users"}

_HOW = """Each row sets Vitrina beside one library: **ratio = seconds of ours : seconds of theirs, below 1 we are ahead**.
Median over the rounds, least and greatest in brackets. In every round each library runs once, one after the other, in a
process of its own, after a warm-up on a toy log; the order is turned round from round to round. *Processor* is the same
ratio of processor time (all threads), which other work on the machine disturbs less. *Memory* is the ratio of what the work
added at its peak to the process that already held the data. Quality is nDCG@10 on held-out events, judged by one evaluator
(ours) for all; of the metrics job it is precision@10 as each library computes it."""


def write(out: Path) -> str:
    """Write ``results.json``, ``results.md`` and the plots into ``out``; return the Markdown."""
    measured = [json.loads(path.read_text()) for path in sorted((out / "measured").glob("*.json"))]
    measured.sort(key=lambda m: (list(JOBS).index(m["job"]), list(TITLES).index(m["data"])))
    found = [ratios.pairs(m) for m in measured]
    content = {"pairs": [_as_json(pair) for group in found for pair in group], "measurements": [_setting(m) for m in measured]}
    (out / "results.json").write_text(json.dumps(content, indent=1) + "\n")
    text = _markdown(measured, found)
    (out / "results.md").write_text(text)
    plots.write(measured, found, out)
    return text


def _as_json(pair: Pair) -> dict[str, Any]:
    return asdict(pair) | {"verdict": pair.verdict}


def _setting(measured: dict[str, Any]) -> dict[str, Any]:
    kept = {key: measured[key] for key in ("job", "data", "settings", "setting", "failed")}
    return kept | {"versions": {library: runs[0]["versions"] for library, runs in measured["runs"].items() if runs}}


def _markdown(measured: Sequence[dict[str, Any]], found: Sequence[Sequence[Pair]]) -> str:
    lines = ["# Vitrina beside its peers", "", _HOW, "", "## Against the best peer", "", *_leading(measured, found)]
    lines += ["", "![Ratios](ratios.svg)", "", "## Against each library", "", *_all(found)]
    return "\n".join([*lines, "", "## Setting", "", *_where(measured)]) + "\n"


def _leading(measured: Sequence[dict[str, Any]], found: Sequence[Sequence[Pair]]) -> list[str]:
    rows = [["job", "data", "best peer", "ratio", "target", "", "processor", "memory", "quality, ours / theirs"]]
    for m, group in zip(measured, found, strict=True):
        title = JOBS[m["job"]].title
        hardest = ratios.best([pair for pair in group if pair.stage != "recommend"])
        if hardest is None:
            reason = m["failed"].get(ratios.OURS, "no peer was measured")
            rows.append([title, TITLES[m["data"]], "", "", "", f"not there yet: {reason}", "", "", ""])
        else:
            rows.append([title, TITLES[m["data"]], hardest.library, *_numbers(hardest)])
    return _table(rows)


def _all(found: Sequence[Sequence[Pair]]) -> list[str]:
    rows = [["job", "data", "library", "ours", "theirs", "ratio", "target", "", "processor", "memory", "quality, ours / theirs"]]
    for group in found:
        for pair in sorted(group, key=lambda pair: (pair.stage == "recommend", -pair.wall.median)):
            title = JOBS[pair.job].title + _STAGES[pair.stage]
            rows.append([title, TITLES[pair.data], pair.library, *map(_seconds, pair.seconds), *_numbers(pair)])
    return _table(rows)


def _numbers(pair: Pair) -> list[str]:
    spread = f"**{pair.wall.median:.2f}** ({pair.wall.low:.2f} to {pair.wall.high:.2f})"
    target = "" if pair.target is None else f"{pair.target:g}"
    quality = " / ".join("n/a" if value is None else f"{value:.4f}" for value in pair.quality)
    memory = "" if pair.memory is None else f"{pair.memory:.2f}"
    return [spread, target, pair.verdict, f"{pair.cpu.median:.2f}", memory, quality]


def _where(measured: Sequence[dict[str, Any]]) -> list[str]:
    rows = [["job", "data", "date", "rounds", "threads", "load", "not measured"]]
    for m in measured:
        s = m["setting"]
        failed = "; ".join(f"{library}: {' '.join(reason.split())[:120]}" for library, reason in m["failed"].items())
        rounds = str(max((len(runs) for runs in m["runs"].values()), default=0))
        rows.append(
            [m["job"], m["data"], s["date"], rounds, str(s["threads"]), f"{max(s['load']):.1f}", failed.replace("|", "/")]
        )
    machines = sorted(
        {f"{s['processor']}, {s['cores']} cores, {s['memory_gib']} GiB, {s['system']}" for s in (m["setting"] for m in measured)}
    )
    versions = sorted({v for m in measured for runs in m["runs"].values() if runs for v in _versions(runs[0]["versions"])})
    note = "Load: the greatest one-minute load at the start of a round; above the number of cores, the machine was shared."
    return [f"Machine: {'; '.join(machines)}.", "", f"Versions: {', '.join(versions)}.", "", note, "", *_table(rows)]


def _versions(found: dict[str, str]) -> list[str]:
    return [f"{name} {version}" for name, version in list(found.items())[:1]]


def _seconds(value: float) -> str:
    return f"{value:.3g} s"


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return [lines[0], "|" + " --- |" * len(rows[0]), *lines[1:]]
