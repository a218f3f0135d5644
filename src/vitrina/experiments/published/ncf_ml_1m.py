"""MovieLens-1M as split for Neural Collaborative Filtering; numbers and settings of TOIS 2021, appendix, Tables 55, 58, 59."""

from __future__ import annotations

from vitrina.experiments.published.entries import Protocol, Reproduction

PROTOCOL = Protocol(
    "ml-1m-ncf",
    "published",
    ("hr@10", "ndcg@10"),
    "Ferrari Dacrema et al., TOIS 2021, appendix, Table 55",
    "MovieLens-1M, last rating of each user among 99 sampled negatives (He et al. 2017); duplicate candidates removed, "
    "ties at random",
)


def _numbers(hr: float, ndcg: float) -> dict[str, float]:
    return {"hr@10": hr, "ndcg@10": ndcg}


ENTRIES: dict[str, Reproduction] = {
    "random": Reproduction("random", {}, _numbers(0.0985, 0.0454), 0.012, note="chance: 10 places for 1 of 100 candidates"),
    "popular": Reproduction("popular", {}, _numbers(0.4533, 0.2542), 0.0015),
    "itemknn-cosine-bm25": Reproduction(
        "itemknn", {"neighbours": 111, "shrink": 298, "weighting": "bm25"}, _numbers(0.6694, 0.3979), 0.0015
    ),
    "ease": Reproduction("ease", {"l2": 1320}, _numbers(0.7192, 0.4494), 0.0015),
    "ials": Reproduction(
        "ials",
        {"factors": 192, "alpha0": 0.3, "reg": 0.007, "epochs": 12},
        _numbers(0.730, 0.452),
        0.004,
        source="Rendle et al., RecSys 2022, settings of the authors' code for this split",
    ),
}
