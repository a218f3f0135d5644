"""citeulike-a with ten likes per user for training; numbers of the appendix of TOIS 2021, Table 16."""

from __future__ import annotations

from vitrina.experiments.published.entries import Protocol, Reproduction

_METRICS = ("recall@50", "recall@100", "recall@150", "recall@200", "recall@250", "recall@300")

PROTOCOL = Protocol(
    "citeulike-a",
    "cvae-p10",
    _METRICS,
    "Ferrari Dacrema et al., TOIS 2021, appendix, Table 16",
    "citeulike-a, ten likes per user for training, full ranking, plain recall; ties at random",
)


def _numbers(*values: float) -> dict[str, float]:
    return dict(zip(_METRICS, values, strict=True))


ENTRIES: dict[str, Reproduction] = {
    "popular": Reproduction(
        "popular",
        {},
        _numbers(0.0040, 0.0078, 0.0103, 0.0204, 0.0230, 0.0258),
        0.002,
        note="the order of equally popular papers decides much here",
    ),
    "itemknn-cosine-tfidf": Reproduction(
        "itemknn",
        {"neighbours": 423, "shrink": 936, "weighting": "tf-idf"},
        _numbers(0.0989, 0.1441, 0.1752, 0.1982, 0.2156, 0.2300),
        0.002,
    ),
}
