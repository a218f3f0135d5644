"""How near VisRank is to the bare matrix product: ``python -m benchmarks.visrank_speed``.

One profile over many pictures whose vectors lie in a file mapped to memory. Prints the seconds of ``vectors @ profile.T`` and
of ``VisRank.score`` for each aggregation, the least of several measured in turns, and their ratio.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from vitrina.data.catalogue import Catalogue, Recipe
from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.data.vocabulary import Vocabulary
from vitrina.models.visual.visrank import VisRank

_BLOCK = 10_000


def main() -> None:
    """Print one line an aggregation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--columns", type=int, default=2048)
    parser.add_argument("--profile", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        vectors = mapped(Path(folder) / "vectors.npy", asked.pictures, asked.columns)
        for aggregation, (ours, bare) in measured(vectors, asked.profile, asked.rounds).items():
            print(f"{aggregation:<14} {ours:.3f} s, bare product {bare:.3f} s: {ours / bare:.2f} times")


def mapped(path: Path, n: int, width: int) -> np.memmap:
    """Write random vectors to a file and map it."""
    out = np.lib.format.open_memmap(path, "w+", np.float32, (n, width))
    rng = np.random.default_rng(0)
    for start in range(0, n, _BLOCK):
        out[start : start + _BLOCK] = rng.standard_normal((min(_BLOCK, n - start), width), np.float32)
    out.flush()
    return np.load(path, mmap_mode="r")  # type: ignore[no-any-return]


def measured(vectors: np.memmap, profile: int, rounds: int) -> dict[str, tuple[float, float]]:
    """Return the least seconds of scoring and of the bare product, for each aggregation."""
    queries = Queries.from_lists([list(range(profile))], np.arange(len(vectors), dtype=np.uint64))
    rows = np.ascontiguousarray(vectors[:profile])
    found = {}
    for aggregation in ("max", "average_top_k", "average"):
        model = VisRank(aggregation=aggregation).fit(_dataset(vectors))
        assert np.shares_memory(model.vectors_, vectors), "the vectors were copied"
        pairs = [(_timed(lambda: vectors @ rows.T), _timed(lambda m=model: m.score(queries))) for _ in range(rounds + 1)]
        bare, ours = (min(times) for times in zip(*pairs[1:], strict=True))
        found[aggregation] = (ours, bare)
    return found


def _dataset(vectors: np.memmap) -> Dataset:
    ids = pl.int_range(len(vectors), eager=True).cast(pl.String).alias("id")
    catalogue = Catalogue(Vocabulary(ids, "item"), features={"dnn": vectors}, recipes={"dnn": Recipe(source="network")})
    users = Vocabulary(pl.Series("id", ["u"]), "user")
    return Dataset(pl.DataFrame({"user": [0], "item": [0]}, {"user": pl.Int32, "item": pl.Int32}), users, catalogue)


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
