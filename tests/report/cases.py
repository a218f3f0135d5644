"""Results of comparisons as `vitrina compare` writes them, generated from simulated per-user values so that they hang together."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from vitrina.report import report_html

# name, title, family, personalised, mean nDCG, seconds (tune, fit, evaluate), coverage, novelty, paper, settings
METHODS: list[tuple[str, str, str, bool, float, tuple[float, float, float], float, float, str, dict[str, Any]]] = [
    ("ease", "EASE", "linear", True, 0.312, (81.2, 1.13, 0.81), 0.412, 9.1, "Steck 2019", {"l2": 312.4471}),
    (
        "ials",
        "iALS",
        "factors",
        True,
        0.305,
        (412.5, 9.72, 0.92),
        0.466,
        9.4,
        "Rendle et al. 2021",
        {"factors": 128, "regularisation": 0.0031, "unobserved_weight": 0.12},
    ),
    (
        "itemknn",
        "ItemKNN",
        "neighbours",
        True,
        0.299,
        (38.4, 0.41, 0.77),
        0.388,
        9.2,
        "Sarwar et al. 2001",
        {"k": 120, "shrinkage": 18.0, "weighting": "bm25"},
    ),
    ("popular-recent", "Popular, recent", "simple", False, 0.142, (3.1, 0.02, 0.31), 0.021, 7.2, "", {"half_life_days": 21.0}),
    ("popular", "Popular", "simple", False, 0.118, (0.0, 0.004, 0.3), 0.013, 6.9, "", {}),
    ("random", "Random", "simple", False, 0.006, (0.0, 0.001, 0.34), 0.998, 12.6, "", {}),
]
TUNED = {"ease": 20, "ials": 20, "itemknn": 20, "popular-recent": 20}
DEFINITIONS = {
    "ndcg@10": "DCG / ideal DCG cut at min(k, |T|), k = 10",
    "recall@10": "hits / |T|, k = 10",
    "coverage@10": "share of the catalogue that appears in some user's top 10",
    "novelty@10": "mean self-information of the recommended items, in bits",
    "gini@10": "Gini index of how often items are recommended: 0 even, 1 one item only",
}


def _users(n: int, seed: int, scale: float = 1.0) -> dict[str, np.ndarray]:
    """Per-user nDCG: one difficulty a user shared by all methods, and noise of each method's own."""
    rng = np.random.default_rng(seed)
    base = rng.beta(0.8, 1.6, n)
    values = {}
    for name, *_, mean, _s, _c, _n, _p, _set in METHODS:
        raw = np.clip(base + rng.normal(0, 0.28, n), 0, 1) * (rng.random(n) < 0.75)
        values[name] = np.clip(raw * mean * scale / max(raw.mean(), 1e-9), 0, 1)
    return values


def _interval(x: np.ndarray) -> list[float]:
    half = 1.96 * x.std(ddof=1) / np.sqrt(len(x))
    return [float(max(0.0, x.mean() - half)), float(x.mean() + half)]


def _pairs(values: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    names = sorted(values, key=lambda m: -values[m].mean())
    pairs = []
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            d = values[a] - values[b]
            half = 1.96 * d.std(ddof=1) / np.sqrt(len(d))
            pairs.append(
                {
                    "a": a, "b": b, "difference": float(d.mean()), "low": float(d.mean() - half), "high": float(d.mean() + half),
                    "p_value": float(stats.ttest_rel(values[a], values[b]).pvalue), "test": "t",
                    "effect_size": float(d.mean() / d.std(ddof=1)), "share_better": float((d > 0).mean()),
                    "share_worse": float((d < 0).mean()), "n": len(d),
                }
            )  # fmt: skip
    order = np.argsort([p["p_value"] for p in pairs])
    running = 0.0
    for rank, i in enumerate(order):
        running = max(running, min(1.0, pairs[i]["p_value"] * (len(pairs) - rank)))
        pairs[i]["p_holm"] = running
        pairs[i]["p_bonferroni"] = min(1.0, pairs[i]["p_value"] * len(pairs))
    return pairs


def _letters(names: list[str], pairs: list[dict[str, Any]]) -> dict[str, str]:
    """Compact letter display for methods in order: runs of neighbours that are not significantly different."""
    apart = {frozenset((p["a"], p["b"])) for p in pairs if p["p_holm"] < 0.05}
    letters: dict[str, str] = dict.fromkeys(names, "")
    spans: list[tuple[int, int]] = []
    for i in range(len(names)):
        j = i
        while j + 1 < len(names) and all(frozenset((names[k], names[j + 1])) not in apart for k in range(i, j + 1)):
            j += 1
        if not any(a <= i and j <= b for a, b in spans):
            spans.append((i, j))
    for letter, (a, b) in zip("abcdefghij", spans, strict=False):
        for k in range(a, b + 1):
            letters[names[k]] += letter
    return letters


def _tuning(mean: float, n: int, seed: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    values = mean * (1 - 0.35 * rng.random(n) ** 2)
    rows: list[dict[str, Any]] = []
    for i, v in enumerate(values):
        failed = seed == 1 and i == 7
        best = max([float(v), *(r["best"] for r in rows if r["best"] is not None)])
        rows.append({"trial": i, "value": None if failed else float(v), "best": rows[-1]["best"] if failed else best,
                     "seconds": 1.2, "state": "failed" if failed else "complete", "settings": {"l2": 10.0 * (i + 1)}})  # fmt: skip
    return rows


def _tail() -> list[list[float]]:
    weights = 1 / np.arange(1, 2001) ** 0.85
    share = np.cumsum(weights) / weights.sum()
    return [
        [float(i / 2000), float(share[i - 1])]
        for i in (1, 5, 10, 20, 40, 60, 100, 150, 200, 300, 400, 600, 800, 1000, 1400, 2000)
    ]


def full_results(n_users: int = 940, seed: int = 4) -> dict[str, Any]:
    """Six methods, tested, tuned, by segment: everything the contract names."""
    values = _users(n_users, seed)
    pairs = _pairs(values)
    names = sorted(values, key=lambda m: -values[m].mean())
    letters = _letters(names, pairs)
    methods = []
    for i, (name, title, family, personal, _mean, (tune, fit, evaluate), coverage, novelty, paper, settings) in enumerate(
        METHODS
    ):
        x = values[name]
        recall = np.clip(x * 0.93, 0, 1)
        methods.append(
            {
                "name": name, "title": title, "family": family, "personalised": personal, "paper": paper, "settings": settings,
                "metrics": {"ndcg@10": float(x.mean()), "recall@10": float(recall.mean()), "coverage@10": coverage,
                            "novelty@10": novelty, "gini@10": 1 - coverage * 0.8},
                "intervals": {"ndcg@10": _interval(x), "recall@10": _interval(recall)},
                "seconds": {"tune": tune, "fit": fit, "evaluate": evaluate}, "memory_mb": 30.0 + 40 * i,
                "trials": TUNED.get(name, 1), "failed_trials": int(name == "ials"), "capped": name == "ials",
                "missing_scores": 0, "group": letters[name],
            }
        )  # fmt: skip
    best, second = names[0], names[1]
    lead = next(p for p in pairs if {p["a"], p["b"]} == {best, second})
    titles = {m[0]: m[1] for m in METHODS}
    equal = [n for n in names if set(letters[n]) & set(letters[best])]
    sentence = (
        f"{titles[best]} wins: its ndcg@10 of {values[best].mean():.3f} is {lead['difference']:.3f} above {titles[second]}, the next best."
        if len(equal) == 1
        else f"No single winner: {' and '.join(titles[n] for n in equal)} cannot be told apart on ndcg@10."
    )
    return {
        "format": 1, "name": "shop", "created": "2026-03-02T10:15:00+00:00", "vitrina": "0.1.0", "finished": True,
        "metric": "ndcg@10", "definitions": DEFINITIONS,
        "higher_is_better": {"ndcg@10": True, "recall@10": True, "coverage@10": True, "novelty@10": None, "gini@10": None},
        "methods": methods, "failures": [], "skipped": [{"name": "sequence-knn", "reason": "needs sessions, this log has none"}],
        "pairs": pairs,
        "verdict": {"winner": best if len(equal) == 1 else None, "equal_to_best": equal, "reason": "", "sentence": sentence,
                    "runner_up": second, "smallest_detectable": (lead["high"] - lead["difference"]) * (1.96 + 0.84) / 1.96, "n_users": n_users, **{k: lead[k] for k in ("difference", "low", "high", "p_value")}},
        "segments": _segments(values, names, n_users),
        "tuning": {name: _tuning(values[name].mean() * 1.03, 20, i) for i, name in enumerate(TUNED)},
        "split": {"protocol": "global-time", "settings": {"validation": 0.1, "test": 0.1}, "seed": 0, "hash": "9f1c2a77d0b34e15",
                  "events": {"train": 79842, "validation": 9981, "test": 9977}, "test_users": n_users, "candidates": "all items"},
        "audit": {"verdict": "The split is sound. Two things to keep in mind.", "fatal": False, "findings": [
            {"code": "cold-items", "severity": "warning", "count": 312, "share": 0.031, "sentence": "312 test events are on items that nobody bought during training; no collaborative method can find them."},
            {"code": "popularity-drift", "severity": "note", "count": 7, "share": 0.14, "sentence": "Popularity moved: 7 of the 50 most popular training items are among the 50 most popular of the test period."},
        ]},
        "dataset": {"name": "shop", "title": "Simulated gallery, likes", "simulated": True, "events": 99800, "users": 2400, "items": 2000,
                    "density": 0.0208, "first_date": "2023-01-02T00:00:00", "last_date": "2024-12-30T00:00:00",
                    "attributes": [{"name": "artist", "present": 2000, "absent": 0}, {"name": "color", "present": 1940, "absent": 60},
                                   {"name": "year", "present": 1600, "absent": 400}, {"name": "price", "present": 2000, "absent": 0}, {"name": "technique", "present": 320, "absent": 1680}],
                    "tail": {"curve": _tail()}, "events_per_user": {"min": 5, "median": 31, "max": 412}, "warnings": [], "fingerprint": "b7e04c19aa20"},
        "environment": {"python": "3.11.9", "numpy": "2.4.0", "vitrina": "0.1.0", "cpu": "two cores", "threads": 2, "platform": "Linux"},
        "config_toml": 'name = "shop"\n\n[split]\nprotocol = "global-time"\nseed = 0\n', "command": "vitrina compare data/shop --out runs/shop",
    }  # fmt: skip


def _segments(values: dict[str, np.ndarray], names: list[str], n_users: int) -> list[dict[str, Any]]:
    parts = [("history length", "1-5", 0.13, 0.62), ("history length", "6-20", 0.4, 0.9), ("history length", "21-100", 0.43, 1.14), ("history length", "over 100", 0.04, 1.21),
             ("item popularity", "head", None, 1.4), ("item popularity", "middle", None, 0.66), ("item popularity", "tail", None, 0.21)]  # fmt: skip
    rows = []
    for kind, value, share, factor in parts:
        flat = {"popular": 0.9, "popular-recent": 0.95, "random": 1.0}
        # Popularity does best on the head and nothing on the tail; the histories hardly matter to it.
        rng = np.random.default_rng(len(rows))
        change = {
            n: rng.uniform(0.9, 1.1)
            * (
                flat.get(n, factor)
                if kind == "history length"
                else factor * (0.02 if n.startswith("popular") and value == "tail" else 1.0)
            )
            for n in names
        }
        rows.append(
            {
                "segment": kind,
                "value": value,
                "n_users": None if share is None else int(share * n_users),
                "metrics": {n: float(values[n].mean() * change[n]) for n in names},
            }
        )
    return rows


def unfinished_results() -> dict[str, Any]:
    """A run that was stopped: three methods, no tests, most keys absent or null."""
    data = full_results()
    kept = ("format", "name", "created", "metric", "definitions", "dataset")
    methods = [
        {k: m[k] for k in ("name", "title", "metrics", "seconds")}
        for m in data["methods"]
        if m["name"] in ("ease", "popular", "random")
    ]
    return {**{k: data[k] for k in kept}, "finished": False, "methods": methods, "verdict": None, "segments": None, "pairs": []}


def few_users_results() -> dict[str, Any]:
    """Thirty test users, one method failed, a duplicated title."""
    data = full_results(n_users=30, seed=9)
    data["methods"] = [m for m in data["methods"] if m["name"] != "ials"]
    data["pairs"] = [p for p in data["pairs"] if "ials" not in (p["a"], p["b"])]
    data["tuning"].pop("ials")
    data["failures"] = [{"name": "ials", "reason": "out of memory: needs 3.1 GB, the limit is 2 GB"}]
    data["methods"][3]["title"] = data["methods"][2]["title"]
    return data


def faulty_results() -> dict[str, Any]:
    """A winner, on a split whose audit found a fatal fault."""
    data = full_results()
    del data["tuning"], data["segments"]
    data["audit"] = {"verdict": "8 % of the test events lie before the end of training.", "fatal": True, "findings": [
        {"code": "future-leak", "severity": "fatal", "count": 801, "share": 0.08, "sentence": "801 test events happened before the last training event."}]}  # fmt: skip
    return data


HOSTILE = "<script>alert('x')</script>"
HOSTILE_TITLE = 'A|B & "C" _x_ <img src=http://evil.example/p.png onerror=alert(1)> 100% $y$ {z} \\end'


def hostile_results() -> dict[str, Any]:
    """Names, titles and sentences that try to leave their place."""
    data = json.loads(json.dumps(full_results()).replace("itemknn", HOSTILE))
    for method in data["methods"]:
        if method["name"] == HOSTILE:
            method |= {"title": HOSTILE_TITLE, "paper": HOSTILE, "settings": {HOSTILE: HOSTILE_TITLE}}
    data |= {
        "name": f"</title>{HOSTILE}",
        "command": HOSTILE,
        "config_toml": f"</code></pre>{HOSTILE}",
        "vitrina": HOSTILE,
        "created": HOSTILE,
    }
    data["audit"]["findings"][0] |= {"code": HOSTILE, "sentence": HOSTILE, "severity": '"><script>'}
    data["dataset"] |= {
        "title": HOSTILE_TITLE,
        "attributes": [{"name": HOSTILE, "present": 3, "absent": 1}],
        "warnings": [HOSTILE],
    }
    data["verdict"]["sentence"] = f"{HOSTILE_TITLE} wins {HOSTILE}"
    data["segments"][0] |= {"value": HOSTILE}
    data["environment"][HOSTILE] = HOSTILE_TITLE
    data["definitions"]["ndcg@10"] = HOSTILE
    data["split"] |= {"protocol": HOSTILE, "settings": {HOSTILE: HOSTILE}}
    return data


def _curve(best: float, n: int, seed: int, *, loss: bool = True, every: int = 1) -> dict[str, Any]:
    """A training whose validation rises and then falls a little, asked every so many epochs."""
    rng = np.random.default_rng(seed)
    epochs = np.arange(1, n + 1)
    metric = best * (1 - np.exp(-epochs / (n / 5))) * (1 - 0.1 * epochs / n) + rng.normal(0, 0.001, n)
    return {
        "loss": [float(v) for v in 0.1 + 0.5 * np.exp(-epochs / (n / 4))] if loss else [None] * n,
        "metric": [float(v) if e % every == 0 else None for e, v in zip(epochs, metric, strict=True)],
        "seconds": [0.21] * n,
    }


def trained_results() -> dict[str, Any]:
    """Two methods kept the curves of their trainings: one with a loss, one without and validated every fifth epoch."""
    data = full_results()
    for trial in data["tuning"]["ials"]:
        trial["curve"] = _curve(0.31, 24, trial["trial"])
    for trial in data["tuning"]["itemknn"]:
        trial["curve"] = _curve(0.29, 60, trial["trial"], loss=False, every=5)
    return data


def many_results() -> dict[str, Any]:
    """Sixteen methods with long titles and twenty-four metrics: the page must bear it."""
    data = full_results()
    rng = np.random.default_rng(2)
    for i in range(10):
        extra = copy.deepcopy(data["methods"][i % 4])
        extra |= {"name": f"method-{i}", "title": f"{extra['title']} with a long name, variant {i}", "group": "ab"[i % 2]}
        extra["metrics"] = {k: v * float(rng.uniform(0.8, 1.05)) for k, v in extra["metrics"].items()}
        extra["intervals"] = {k: [extra["metrics"][k] - 0.012, extra["metrics"][k] + 0.012] for k in extra["intervals"]}
        extra["seconds"] = {k: v * float(rng.uniform(0.2, 9)) for k, v in extra["seconds"].items()}
        data["methods"].append(extra)
        data["tuning"][extra["name"]] = _tuning(extra["metrics"]["ndcg@10"], 20, 30 + i)
        for segment in data["segments"]:
            segment["metrics"][extra["name"]] = segment["metrics"]["ease"] * float(rng.uniform(0.7, 1.02))
    best = max(data["methods"], key=lambda m: m["metrics"]["ndcg@10"])
    for other in data["methods"]:
        lead = best["metrics"]["ndcg@10"] - other["metrics"]["ndcg@10"]
        if other is not best:
            data["pairs"].append(
                {
                    **data["pairs"][0],
                    "a": best["name"],
                    "b": other["name"],
                    "difference": lead,
                    "low": lead - 0.02,
                    "high": lead + 0.02,
                    "p_holm": 0.3 if lead < 0.02 else 0.001,
                }
            )
    for method in data["methods"]:
        for k in (20, 50, 100):
            for kind in ("ndcg", "recall", "precision", "hr", "map", "mrr"):
                method["metrics"][f"{kind}@{k}"] = float(rng.uniform(0.1, 0.6))
    return data


CASES: dict[str, Callable[[], dict[str, Any]]] = {
    "full": full_results,
    "unfinished": unfinished_results,
    "few-users": few_users_results,
    "faulty": faulty_results,
    "hostile": hostile_results,
    "many": many_results,
    "trained": trained_results,
}


def write_run(folder: Path, data: dict[str, Any]) -> Path:
    """Write a run folder that holds results only."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(data), encoding="utf-8")
    return folder


@cache
def rendered(name: str) -> str:
    """The page of a case, drawn once for all tests."""
    return report_html(CASES[name]())
