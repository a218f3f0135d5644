"""Results of a replayed gallery, and a small gallery with pictures and features that belong to them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tests.report.cases import full_results
from tests.report.map.cases import HOSTILE
from tests.report.map.cases import gallery as works
from vitrina.data.catalogue import Catalogue, Recipe
from vitrina.data.dataset import Dataset

NAMED = {
    "hybrid-fa-dnn-evf-price": ("Hyb1 (FA+DNN+EVF+Price)", 0.30),
    "fa": ("FA", 0.22),
    "dnn": ("DNN", 0.17),
    "evf-all": ("EVF (all features)", 0.12),
    "evf": ("EVF (all, except LBP)", 0.09),
    "price": ("Price", 0.02),
    "pmpav-color": ("PMPAV (color)", 0.015),
    "mpav-color": ("MPAV (color)", 0.008),
    "random": ("Random", 0.005),
}
_COLUMNS = ("ndcg@5", "ndcg@10", "recall@5", "recall@10", "precision@5", "precision@10", "f1@5", "f1@10", "diversity@10")
SIZES = (("1", 120), ("2", 90), ("3 to 4", 70), ("10 or more", 20))


def gallery(folder: Path, *, hostile: bool = False, pictures: bool = True) -> Dataset:
    """Twenty-four works with pictures, a network's feature, two measured features, colours and moods."""
    data = works(folder, 24, hostile=hostile, pictures=pictures)
    catalogue, rng = data.catalogue, np.random.default_rng(5)
    measured = rng.random((24, 2)).astype(np.float32)
    measured[5] = np.nan
    table = catalogue.table.with_columns(color=pl.Series(["red", None] * 12), mood=pl.Series(["calm", None, None] * 8))
    recipe = Recipe(source="evf", columns=("brightness", "contrast"))
    return replace(
        data,
        catalogue=Catalogue(
            catalogue.items,
            table,
            {**catalogue.features, "evf": measured},
            {**catalogue.recipes, "evf": recipe},
            catalogue.pictures if pictures else None,
        ),
    )


def replay_results(*, hostile: bool = False) -> dict[str, Any]:
    """A comparison of the study's methods on sessions, with examples, profile sizes and the study's own tests."""
    data = full_results()
    template = {**data["methods"][0], "capped": False, "failed_trials": 0, "group": "", "paper": "Messina et al. 2018"}
    methods = [
        {
            **template,
            "name": name,
            "title": title,
            "metrics": {column: value * (1.2 if column.startswith("recall") else 1.0) for column in _COLUMNS},
            "intervals": {"ndcg@10": [0.9 * value, 1.1 * value]},
            "reach": {"users": 0.64 if name.startswith("pmpav") else 1.0, "sessions": 0.7},
        }
        for name, (title, value) in NAMED.items()
    ]
    picks = {name: [f"w{(3 * n + i) % 24:03}" for i in range(10)] for n, name in enumerate(NAMED)}
    picks["evf"] = []
    example = {"user": "u1", "at": 1_700_000_000, "history": ["w000", "w001"], "n_history": 12, "targets": ["w010", "w002"]}
    marks = {"fa": dict.fromkeys(_COLUMNS, "▼♦□"), "evf": dict.fromkeys(_COLUMNS, "▼")}
    data |= {
        "methods": methods,
        "pairs": [],
        "tuning": {},
        "sessions": 300,
        "verdict": {
            **data["verdict"],
            "winner": "hybrid-fa-dnn-evf-price",
            "equal_to_best": [],
            "runner_up": "fa",
            "n_users": 160,
        },
        "study": {"alpha": 0.05, "n_pairs": 28, "methods": list(NAMED), "marks": marks},
        "examples": [{**example, "picks": picks}],
        "works": {
            "w000": {"title": HOSTILE if hostile else "First Light", "artist": "Ada", "year": 2020, "medium": ["oil", "gold"]}
        },
        "profile_sizes": [
            {
                "size": size,
                "n_sessions": 2 * n,
                "n_users": n,
                "metrics": {name: value for name, (_, value) in NAMED.items()},
                "intervals": {name: [0.8 * value, 1.2 * value] for name, (_, value) in NAMED.items()},
            }
            for size, n in SIZES
        ],
        "segments": [
            {"segment": kind, "value": value, "n_users": n, "metrics": {name: v for name, (_, v) in NAMED.items()}}
            for kind, value, n in (
                ("history length", "1 to 2", 200),
                ("history length", "3 to 9", 100),
                ("items to be found", "head", 20),
                ("items to be found", "new", 280),
            )
        ],
    }
    data["dataset"]["attributes"] = [
        {"name": "color", "present": 1940, "absent": 60},
        {"name": "medium", "present": 2000, "absent": 0},
        *({"name": f"mood_{name}", "present": 800, "absent": 1200} for name in ("energy", "warmness", "purpose")),
        {"name": "year", "present": 2000, "absent": 0},
    ]
    if hostile:
        for method in data["methods"]:
            method["title"] = f"{HOSTILE} {method['name']}"
        data["examples"][0]["user"] = HOSTILE
        data["profile_sizes"][0]["size"] = HOSTILE
        data["dataset"]["attributes"][0]["name"] = HOSTILE
    return json.loads(json.dumps(data))
