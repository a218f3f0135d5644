"""citeulike-t with ten likes per user for training; numbers and settings of the appendix of TOIS 2021, Tables 18, 23 to 26."""

from __future__ import annotations

from typing import Any

from vitrina.experiments.published.entries import Protocol, Reproduction

_METRICS = ("recall@50", "recall@100", "recall@150", "recall@200", "recall@250", "recall@300")

PROTOCOL = Protocol(
    "citeulike-t",
    "cvae-p10",
    _METRICS,
    "Ferrari Dacrema et al., TOIS 2021, appendix, Table 18",
    "citeulike-t, ten likes per user for training, full ranking, plain recall; ties at random",
)


def _entry(model: str, settings: dict[str, Any], *published: float, tolerance: float = 0.003, note: str = "") -> Reproduction:
    return Reproduction(model, settings, dict(zip(_METRICS, published, strict=True)), tolerance, note=note)


_SCALED = "the published word matrix holds counts divided by the largest count of the word"

ENTRIES: dict[str, Reproduction] = {
    "popular": _entry("popular", {}, *(0.0578, 0.0862, 0.1100, 0.1257, 0.1416, 0.1568), tolerance=0.002),
    "userknn-cosine": _entry(
        "userknn",
        {"neighbours": 347, "shrink": 1000},
        *(0.2141, 0.2661, 0.2964, 0.3169, 0.3320, 0.3437),
    ),
    "userknn-dice": _entry(
        "userknn",
        {"neighbours": 359, "shrink": 1000, "similarity": "dice"},
        *(0.2138, 0.2661, 0.2958, 0.3171, 0.3325, 0.3444),
    ),
    "userknn-jaccard": _entry(
        "userknn",
        {"neighbours": 327, "shrink": 1000, "similarity": "jaccard"},
        *(0.2139, 0.2648, 0.2954, 0.3154, 0.3308, 0.3426),
    ),
    "userknn-asymmetric": _entry(
        "userknn",
        {"neighbours": 777, "shrink": 314, "similarity": "asymmetric", "alpha": 1.9573},
        *(0.2134, 0.2656, 0.2963, 0.3170, 0.3341, 0.3458),
    ),
    "userknn-tversky": _entry(
        "userknn",
        {"neighbours": 892, "shrink": 981, "similarity": "tversky", "alpha": 0.1122, "beta": 0.0128},
        *(0.2120, 0.2651, 0.2955, 0.3172, 0.3336, 0.3462),
    ),
    "itemknn-cosine-tfidf": _entry(
        "itemknn",
        {"neighbours": 419, "shrink": 235, "normalise": False, "weighting": "tf-idf"},
        *(0.2133, 0.2658, 0.2964, 0.3173, 0.3342, 0.3457),
    ),
    "itemknn-dice": _entry(
        "itemknn",
        {"neighbours": 760, "shrink": 991, "similarity": "dice"},
        *(0.2157, 0.2681, 0.2995, 0.3206, 0.3366, 0.3492),
    ),
    "itemknn-jaccard": _entry(
        "itemknn",
        {"neighbours": 754, "shrink": 378, "similarity": "jaccard"},
        *(0.2167, 0.2685, 0.2994, 0.3205, 0.3366, 0.3491),
    ),
    "itemknn-asymmetric": _entry(
        "itemknn",
        {"neighbours": 1000, "shrink": 0, "similarity": "asymmetric", "alpha": 0.0},
        *(0.2027, 0.2616, 0.2958, 0.3197, 0.3381, 0.3525),
    ),
    "itemknn-tversky": _entry(
        "itemknn",
        {"neighbours": 749, "shrink": 0, "similarity": "tversky", "alpha": 0.0, "beta": 2.0},
        *(0.2015, 0.2606, 0.2949, 0.3190, 0.3372, 0.3521),
    ),
    "p3alpha": _entry(
        "p3alpha",
        {"neighbours": 961, "alpha": 0.3851, "normalise": False},
        *(0.2276, 0.2769, 0.3069, 0.3280, 0.3450, 0.3571),
    ),
    "rp3beta": _entry(
        "rp3beta",
        {"neighbours": 1000, "alpha": 0.8688, "beta": 0.0, "normalise": True},
        *(0.2073, 0.2636, 0.2975, 0.3210, 0.3398, 0.3538),
    ),
    "itemknn-cbf-cosine-tfidf": _entry(
        "itemknn-cbf",
        {"neighbours": 563, "shrink": 50, "weighting": "tf-idf", "scaled": True},
        *(0.1625, 0.2237, 0.2682, 0.3001, 0.3269, 0.3493),
        note=_SCALED,
    ),
    "itemknn-cbf-dice": _entry(
        "itemknn-cbf",
        {"neighbours": 636, "shrink": 7, "similarity": "dice"},
        *(0.1665, 0.2323, 0.2832, 0.3206, 0.3512, 0.3756),
    ),
    "itemknn-cbf-jaccard": _entry(
        "itemknn-cbf",
        {"neighbours": 543, "shrink": 9, "similarity": "jaccard"},
        *(0.1681, 0.2342, 0.2851, 0.3210, 0.3505, 0.3761),
    ),
    "itemknn-cbf-asymmetric-tfidf": _entry(
        "itemknn-cbf",
        {
            "neighbours": 976,
            "shrink": 92,
            "similarity": "asymmetric",
            "alpha": 0.5989,
            "weighting": "tf-idf",
            "scaled": True,
        },
        *(0.1630, 0.2259, 0.2689, 0.3031, 0.3314, 0.3562),
        note=_SCALED,
    ),
    "itemknn-cbf-tversky": _entry(
        "itemknn-cbf",
        {"neighbours": 1000, "shrink": 0, "similarity": "tversky", "alpha": 2.0, "beta": 2.0},
        *(0.1599, 0.2291, 0.2791, 0.3170, 0.3469, 0.3727),
    ),
    "itemknn-cfcbf": _entry(
        "itemknn-cfcbf",
        {
            "neighbours": 1000,
            "shrink": 1000,
            "normalise": False,
            "weighting": "tf-idf",
            "content_weight": 1.5675,
            "scaled": True,
        },
        *(0.2675, 0.3490, 0.3939, 0.4246, 0.4519, 0.4740),
        note=_SCALED,
    ),
    "itemknn-cfcbf-dice": _entry(
        "itemknn-cfcbf",
        {"neighbours": 332, "shrink": 1000, "similarity": "dice"},
        *(0.2166, 0.2868, 0.3361, 0.3738, 0.4024, 0.4284),
    ),
    "itemknn-cfcbf-jaccard": _entry(
        "itemknn-cfcbf",
        {"neighbours": 347, "shrink": 1000, "similarity": "jaccard"},
        *(0.2172, 0.2880, 0.3363, 0.3741, 0.4026, 0.4271),
    ),
    "itemknn-cfcbf-asymmetric-bm25": _entry(
        "itemknn-cfcbf",
        {
            "neighbours": 1000,
            "shrink": 1000,
            "similarity": "asymmetric",
            "alpha": 0.0,
            "weighting": "bm25",
            "content_weight": 6.7370,
            "scaled": True,
        },
        *(0.2412, 0.3160, 0.3663, 0.4051, 0.4321, 0.4548),
        note=_SCALED,
    ),
    "itemknn-cfcbf-tversky": _entry(
        "itemknn-cfcbf",
        {"neighbours": 283, "shrink": 672, "similarity": "tversky", "alpha": 0.0, "beta": 2.0},
        *(0.2178, 0.2872, 0.3383, 0.3758, 0.4053, 0.4279),
    ),
}
