"""What the kernels compute, written as plainly as possible: the references of the tests."""

import numpy as np

_MASK = 2**64 - 1


def mix(x: int) -> int:
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)


def pair_key(row_key: int, item_key: int) -> int:
    return mix(int(row_key) ^ ((int(item_key) * 0x9E3779B97F4A7C15) & _MASK))


def fnv1a(text: bytes) -> int:
    h = 0xCBF29CE484222325
    for byte in text:
        h = ((h ^ byte) * 0x100000001B3) & _MASK
    return h


def ranking(scores: np.ndarray, row_key: int, column_keys: np.ndarray) -> list[int]:
    """All columns with a score, best first."""
    scored = [c for c in range(len(scores)) if not np.isnan(scores[c])]
    return sorted(scored, key=lambda c: (scores[c], pair_key(row_key, column_keys[c])), reverse=True)


def auc(scores: np.ndarray, targets: list[int]) -> float:
    """Share of (target, other) pairs in the right order, ties one half; a target without a score loses to all."""
    others = [c for c in range(len(scores)) if c not in targets and not np.isnan(scores[c])]
    if not others or not targets:
        return np.nan
    won = 0.0
    for target in targets:
        if target >= 0 and not np.isnan(scores[target]):
            won += sum((scores[target] > scores[o]) + 0.5 * (scores[target] == scores[o]) for o in others)
    return won / (len(targets) * len(others))


def first_rank(scores: np.ndarray, targets: list[int], row_key: int, column_keys: np.ndarray) -> float:
    """Rank of the best target among everything but the other targets; infinite when none has a score."""
    ranks = [r for r, column in enumerate(ranking(scores, row_key, column_keys), start=1) if column in targets]
    return float(ranks[0]) if ranks else np.inf
