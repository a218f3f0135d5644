"""Ranked lists to test with: random ones from hypothesis, and small ones written by hand."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from vitrina.metrics import RankedLists

from . import reference


@dataclass(frozen=True)
class Case:
    listed: list[list[int | None]]
    held_out: list[set[int]]
    rankings: list[list[int]]
    n_items: int
    depth: int

    def lists(self) -> RankedLists:
        items = [[-1 if item is None else item for item in row] for row in self.listed]
        hits = [[item in held_out for item in row] for row, held_out in zip(self.listed, self.held_out, strict=True)]
        first = [reference.first_rank(r, t) for r, t in zip(self.rankings, self.held_out, strict=True)]
        shape = (len(self.listed), self.depth)
        return RankedLists(
            items=np.array(items, dtype=np.int32).reshape(shape),
            hits=np.array(hits, dtype=bool).reshape(shape),
            n_relevant=np.array([len(t) for t in self.held_out], dtype=np.int32),
            auc=np.linspace(0, 1, len(items)),
            first_rank=np.array(first),
        )


@st.composite
def cases(draw) -> Case:
    n_items = draw(st.integers(2, 12))
    depth = draw(st.integers(1, 10))
    users = draw(st.integers(1, 5))
    listed, held_out, rankings = [], [], []
    for _ in range(users):
        order = draw(st.permutations(range(n_items)))
        length = draw(st.integers(0, min(depth, n_items)))
        rankings.append(order[: max(length, draw(st.integers(0, n_items)))])
        listed.append(order[:length] + [None] * (depth - length))
        held_out.append(draw(st.sets(st.integers(0, n_items - 1))))
    return Case(listed, held_out, rankings, n_items, depth)


def one_user(hit_ranks: tuple[int, ...], n_relevant: int, depth: int = 5) -> RankedLists:
    """One list of `depth` items with hits at the given 1-based ranks."""
    hits = np.isin(np.arange(1, depth + 1), hit_ranks)[None, :]
    items = np.arange(depth, dtype=np.int32)[None, :]
    return RankedLists(items, hits, np.array([n_relevant], dtype=np.int32))


def spelled(name: str, k: int) -> str:
    """`ndcg:full`, 10 -> `ndcg@10:full`."""
    family, _, variant = name.partition(":")
    return f"{family}@{k}" + (f":{variant}" if variant else "")
