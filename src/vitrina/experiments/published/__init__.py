"""Published numbers, one module a protocol. A number joins ``vitrina reproduce`` by being listed there."""

from __future__ import annotations

from vitrina.experiments.published import citeulike_a_p10, citeulike_t_p10, liang, ncf_ml_1m
from vitrina.experiments.published.entries import Protocol, Reproduction

PROTOCOLS: dict[str, Protocol] = {
    "ncf-ml-1m": ncf_ml_1m.PROTOCOL,
    "citeulike-a-p10": citeulike_a_p10.PROTOCOL,
    "citeulike-t-p10": citeulike_t_p10.PROTOCOL,
    "liang-ml-1m": liang.SMALL,
    "liang-ml-20m": liang.LARGE,
    "liang-netflix": liang.NETFLIX,
    "liang-msd": liang.SONGS,
}

#: "protocol/model" -> entry.
REPRODUCTIONS: dict[str, Reproduction] = {
    **{f"ncf-ml-1m/{name}": entry for name, entry in ncf_ml_1m.ENTRIES.items()},
    **{f"citeulike-a-p10/{name}": entry for name, entry in citeulike_a_p10.ENTRIES.items()},
    **{f"citeulike-t-p10/{name}": entry for name, entry in citeulike_t_p10.ENTRIES.items()},
    **{f"liang-ml-1m/{name}": entry for name, entry in liang.SMALL_ENTRIES.items()},
    **{f"liang-ml-20m/{name}": entry for name, entry in liang.LARGE_ENTRIES.items()},
    **{f"liang-netflix/{name}": entry for name, entry in liang.NETFLIX_ENTRIES.items()},
    **{f"liang-msd/{name}": entry for name, entry in liang.SONGS_ENTRIES.items()},
}
