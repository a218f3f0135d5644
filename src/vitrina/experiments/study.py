"""The methods of the UGallery study by name, and the family of tests that compares them.

Messina et al., "Exploring content-based artwork recommendation with metadata and visual features", UMUAI 2018, as told in the
lecture of D. Parra: its three tables (metadata, explicit visual features, altogether), its pairwise t-tests with Bonferroni's
correction over all pairs, and its marks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vitrina.data.catalogue import NETWORK
from vitrina.evaluation.significance import compare_pairs
from vitrina.models.registry import model_class
from vitrina.models.space import settings_of

ATTRIBUTES = ("color", "medium", "style", "subject", "mood", "all")
EXPLICIT = ("brightness", "colorfulness", "contrast", "entropy", "naturalness", "saturation", "sharpness")
ALPHA = 0.05

_FA, _PRICE = "fa", "price"
_DNN, _EVF = f"visrank(feature={NETWORK})", "visrank(feature=evf)"
#: The experts' hybrid: the two liked works most similar for the network, the single most similar one for explicit features.
_EXPERTS = (f"visrank(feature={NETWORK},aggregation=average_top_k,top_k=2)", "visrank(feature=evf,aggregation=max)")

Declared = dict[str, Any]


def _by_attribute(model: str, title: str) -> dict[str, Declared]:
    return {
        f"{model}-{name}": {"model": model, "title": f"{title} ({name})", "attribute": "*" if name == "all" else name}
        for name in ATTRIBUTES
    }


def _hybrid(title: str, *parts: str) -> Declared:
    return {"model": "hybrid", "title": title, "parts": list(parts)}


METADATA = {**_by_attribute("mpav", "MPAV"), **_by_attribute("pmpav", "PMPAV")}
EVF: dict[str, Declared] = {
    "evf-all": {"model": "visrank", "title": "EVF (all features)", "feature": "evf+lbp"},
    "evf": {"model": "visrank", "title": "EVF (all, except LBP)", "feature": "evf"},
    "evf-lbp": {"model": "visrank", "title": "EVF (LBP)", "feature": "lbp"},
    **{f"evf-{n}": {"model": "visrank", "title": f"EVF ({n})", "feature": "evf", "columns": [n]} for n in EXPLICIT},
}
OTHERS: dict[str, Declared] = {
    "fa": {"model": "fa"},
    "price": {"model": "price"},
    "dnn": {"model": "visrank", "title": "DNN", "feature": NETWORK},
    "hybrid-fa-dnn-evf-price": _hybrid("Hyb1 (FA+DNN+EVF+Price)", _FA, _DNN, _EVF, _PRICE),
    "hybrid-fa-dnn": _hybrid("Hyb2 (FA+DNN)", _FA, _DNN),
    "hybrid-fa-evf": _hybrid("Hyb3 (FA+EVF)", _FA, _EVF),
    "hybrid-fa-price": _hybrid("Hyb4 (FA+Price)", _FA, _PRICE),
    "hybrid-experts": {
        **_hybrid("Experts' (DNN top 2 + EVF max)", *_EXPERTS),
        "weights": [0.5, 0.5],
    },
}

#: Every method of the study by name: the model that it is, and its settings.
STUDY: dict[str, Declared] = {**METADATA, **EVF, **OTHERS}


def looking_through(name: str, feature: str) -> Declared:
    """Return the settings of a method of the study, or of a model, that has ``feature`` where else it has a network's."""
    declared = dict(STUDY.get(name, {}))
    if "parts" in declared:
        declared["parts"] = [part.replace(f"feature={NETWORK}", f"feature={feature}") for part in declared["parts"]]
    defaults = {s.name: s.default for s in settings_of(model_class(declared.get("model", name)))}
    if declared.get("feature", defaults.get("feature")) == NETWORK:
        declared["feature"] = feature
    return declared


#: The groups of the table "altogether", the methods of each in the lecture's order, and the sign of each group.
GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "G4": ("", ("hybrid-fa-dnn-evf-price", "hybrid-fa-dnn", "hybrid-fa-evf", "hybrid-fa-price")),
    "G3": ("□", ("fa", "price")),
    "G2": ("♦", ("dnn", "evf")),
    "G1": ("▼", ("pmpav-color", "mpav-color")),
}
TABLE = tuple(name for _, names in GROUPS.values() for name in names)
METRICS = ("ndcg@5", "ndcg@10", "recall@5", "recall@10", "precision@5", "precision@10", "f1@5", "f1@10")


def study_tests(
    values: Mapping[str, Mapping[str, NDArray[np.float64]]], *, seed: int, clusters: NDArray[np.integer] | None
) -> dict[str, Any]:
    """Compare the methods of the study's table with each other, as the study did: ``values`` are metric -> method -> [n].

    Pairwise t-tests, Bonferroni's correction over all pairs of the table. A method carries the sign of a group where it is
    significantly better than every other method of that group. ``random`` takes part where it is there, outside the groups.
    """
    found: dict[str, Any] = {"alpha": ALPHA, "metrics": list(values), "marks": {}, "pairs": []}
    for metric, by_method in values.items():
        methods = {name: by_method[name] for name in (*TABLE, "random") if name in by_method}
        pairs = compare_pairs(methods, seed=seed, test="t", clusters=clusters, resamples=1000, flips=100)
        better: dict[str, set[str]] = {name: set() for name in methods}
        for pair in pairs:
            winner, loser = (pair.first, pair.second) if pair.difference > 0 else (pair.second, pair.first)
            if pair.bonferroni_p < ALPHA and pair.difference:
                better[winner].add(loser)
            found["pairs"].append(
                {"metric": metric, "a": pair.first, "b": pair.second, "difference": pair.difference, "p_t": pair.t_p,
                 "p_bonferroni": pair.bonferroni_p}
            )  # fmt: skip
        found["methods"], found["n_pairs"] = list(methods), len(pairs)
        for name in methods:
            found["marks"].setdefault(name, {})[metric] = _signs(name, better[name], methods)
    return found


def _signs(name: str, beaten: set[str], methods: Mapping[str, Any]) -> str:
    signs = ""
    for sign, group in reversed(GROUPS.values()):
        others: Sequence[str] = [other for other in group if other in methods and other != name]
        signs += sign if others and set(others) <= beaten else ""
    return signs
