"""What is measured: the jobs, whom each is compared with, equal settings, and the ratio to reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["fit", "curve", "work"]


@dataclass(frozen=True)
class Job:
    """One row of the table.

    ``targets`` maps each library to the largest ratio ours : theirs that is good enough (None: measured, no promise).
    ``settings`` are for all data sets, ``special`` overrides them for some. ``data`` are the sets measured by default.
    """

    name: str
    title: str
    kind: Kind
    targets: Mapping[str, float | None]
    settings: Mapping[str, Any]
    data: tuple[str, ...] = ("ml-1m",)
    special: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    per_epoch: bool = False  # seconds are divided by the number of epochs
    quality: str = "ndcg@10"  # what must be equal

    def settings_on(self, data: str) -> dict[str, Any]:
        """Return the settings for one data set."""
        return {**self.settings, **self.special.get(data, {})}


_GROWING = ("ml-1m", "2m", "20m")

#: Settings of one library alone. implicit and LensKit have another loss than the others. All are the best of a small grid on the
#: held-out events of each log, but LensKit's on 20 million events: those of implicit, which has the same loss.
_IALS_OWN: dict[str, Any] = {
    "implicit": {"alpha": 1.5, "regularization": 30.0},
    "lenskit": {"weight": 1.0, "regularization": 40.0},
}

_IALS_2M: dict[str, Any] = {
    "alpha0": 0.1,
    "reg": 0.001,
    "implicit": {"alpha": 5.0, "regularization": 1.0},
    "lenskit": {"weight": 5.0, "regularization": 5.0},
}
_IALS_20M: dict[str, Any] = {
    "alpha0": 0.01,
    "reg": 0.01,
    "implicit": {"alpha": 40.0, "regularization": 10.0},
    "lenskit": {"weight": 40.0, "regularization": 10.0},
}

#: Deviation of BPR's vectors at the start where few epochs are made of sparse logs: about that of Cornac, which has no setting.
_SMALL_START = 0.0045


def _ials(factors: int, epochs: int, data: tuple[str, ...], **special: Mapping[str, Any]) -> Job:
    return Job(
        f"ials-{factors}",
        f"iALS, {factors} factors, to the same nDCG@10",
        "curve",
        {"irspack": 1.0, "implicit": 1.0, "lenskit": 1.0},
        {"factors": factors, "epochs": epochs, "alpha0": 1.0, "reg": 0.004, **_IALS_OWN},
        data,
        {name.replace("_", "-").lstrip("-"): settings for name, settings in special.items()},
    )


JOBS: dict[str, Job] = {
    job.name: job
    for job in (
        Job(
            "itemknn",
            "ItemKNN fit (cosine, 100 neighbours)",
            "fit",
            {"irspack": 0.8, "implicit": 0.8, "lenskit": 0.8},
            {"neighbours": 100, "shrink": 0.0},
            _GROWING,
        ),
        Job(
            "ease",
            "EASE fit",
            "fit",
            {"irspack": 0.6, "lenskit": 0.6, "rectools": 0.6, "cornac": None, "bare": 1.3},
            {"l2": 500.0},
        ),
        Job(
            "slim",
            "SLIM fit (elastic net)",
            "fit",
            {"irspack": 1.0, "lenskit": 1.0},
            {"alpha": 0.01, "l1_ratio": 0.01, "neighbours": 100},
        ),
        Job(
            "p3alpha",
            "P3alpha fit (100 neighbours)",
            "fit",
            {"irspack": 1.0},
            {"alpha": 1.0, "neighbours": 100},
            _GROWING,
        ),
        Job(
            "rp3beta",
            "RP3beta fit (100 neighbours)",
            "fit",
            {"irspack": 1.0},
            {"alpha": 1.0, "beta": 0.6, "neighbours": 100},
            _GROWING,
        ),
        _ials(64, 16, _GROWING, _2m=_IALS_2M, _20m=_IALS_20M | {"epochs": 6}),
        _ials(256, 10, ("ml-1m",)),
        Job(
            "bpr-mf",
            "BPR-MF, one epoch (64 factors)",
            "fit",
            {"implicit": 1.0, "cornac": 1.0},
            {"factors": 64, "epochs": 20, "learning_rate": 0.05, "reg": 0.01, "reg_negative": 0.01, "init": 0.1},
            _GROWING,
            {"2m": {"init": _SMALL_START}, "20m": {"init": _SMALL_START, "epochs": 3}},
            per_epoch=True,
        ),
        Job(
            "vbpr",
            "VBPR, one epoch (64 + 64 factors, pictures of 512 columns)",
            "fit",
            {"cornac": 1.0},
            {
                "factors": 64,
                "visual_factors": 64,
                "epochs": 10,
                "reg": 0.01,
                "reg_visual": 1e-3,
                "cornac": {"learning_rate": 0.005},
            },
            per_epoch=True,
        ),
        Job(
            "mult-vae",
            "Mult-VAE, one epoch (600-200)",
            "fit",
            {"recbole": 0.5, "cornac": 0.5},
            {
                "layers": [600, 200],
                "dropout": 0.5,
                "beta": 0.2,
                "annealing": 0.0,
                "learning_rate": 1e-3,
                "batch": 512,
                "epochs": 30,
            },
            per_epoch=True,
        ),
        Job(
            "lightgcn",
            "LightGCN, one epoch (64 factors, 3 layers)",
            "fit",
            {"recbole": 0.7},
            {"factors": 64, "layers": 3, "epochs": 1, "learning_rate": 0.005, "reg": 1e-4, "batch": 2048},
            per_epoch=True,
        ),
        Job(
            "cdae",
            "CDAE, one epoch (64 factors, all items)",
            "fit",
            {"recbole": 0.5},
            {
                "factors": 64,
                "corruption": 0.5,
                "negatives": 0,
                "reg": 0.0,
                "learning_rate": 0.1,
                "start": 0.0,
                "batch": 2048,
                "epochs": 20,
            },
            per_epoch=True,
        ),
        Job(
            "neumf",
            "NeuMF, one epoch (64 factors, vectors of 64 into 128-64)",
            "fit",
            {"recbole": 0.33, "cornac": 0.33},
            {
                "factors": 64,
                "layers": [128, 128, 64],  # RecBole's defaults
                "negatives": 4,
                "batch": 2048,
                "learning_rate": 1e-3,
                "epochs": 3,
            },
            per_epoch=True,
        ),
        Job("puresvd", "PureSVD fit (64 factors)", "fit", {"irspack": None, "rectools": None}, {"factors": 64}),
        Job("top-100", "Top 100 for all users, given vectors (64)", "work", {"implicit": 1.0}, {}, _GROWING),
        Job(
            "metrics",
            "Ranking and 12 metrics, given vectors (64)",
            "work",
            {"rectools": 1.0, "recbole": 0.2, "lenskit": 0.2, "cornac": 0.2, "irspack": None},
            {"cutoffs": [10, 20]},
            quality="precision@10",  # defined alike everywhere
        ),
    )
}
