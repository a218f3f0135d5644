"""What the neighbour models compute, pair by pair: the references of the tests."""

import math

import numpy as np

from tests.kernels import slow

SIMILARITIES = ("cosine", "asymmetric", "jaccard", "dice", "tversky", "correlation")
K1, B = 1.2, 0.75


def similarity(
    t: np.ndarray,
    s: np.ndarray,
    kind: str,
    *,
    shrink: float = 0.0,
    alpha: float = 0.5,
    beta: float = 0.5,
    normalise: bool = True,
) -> float:
    """How similar the source ``s`` is to the target ``t``; nothing below zero."""
    h = shrink + 1e-6
    common = sum(a * b for a, b in zip(t, s, strict=True))
    both = sum(a != 0 and b != 0 for a, b in zip(t, s, strict=True))
    only_t, only_s = np.count_nonzero(t) - both, np.count_nonzero(s) - both
    norm_t, norm_s = math.sqrt(sum(a * a for a in t)), math.sqrt(sum(b * b for b in s))
    if common == 0:
        return 0.0
    if kind == "cosine" and not normalise:
        return max(0.0, common / shrink if shrink > 0 else common)
    if kind == "cosine":
        return max(0.0, common / (norm_t * norm_s + h))
    if kind == "asymmetric":
        return max(0.0, common / (norm_t ** (2 * alpha) * norm_s ** (2 * (1 - alpha)) + h))
    if kind == "jaccard":
        return both / (both + only_t + only_s + h)
    if kind == "dice":
        return both / (2 * both + only_t + only_s + h)
    if kind == "tversky":
        return both / (both + alpha * only_t + beta * only_s + h)
    t, s = t - np.mean(t), s - np.mean(s)
    if not t.any() or not s.any():
        return 0.0
    return max(0.0, float(t @ s) / (math.sqrt(t @ t) * math.sqrt(s @ s) + h))


def weights_of(x: np.ndarray, weighting: str) -> np.ndarray:
    """Weight each non-zero of ``x [n_terms, n_documents]``, entry by entry."""
    n_terms, n_documents = x.shape
    mean_length = x.sum() / n_documents
    out = np.zeros((n_terms, n_documents))
    for u in range(n_terms):
        idf = math.log(n_documents / (1 + np.count_nonzero(x[u])))
        for i in np.flatnonzero(x[u]):
            tf, length = x[u, i], (1 - B) + B * x[:, i].sum() / mean_length
            out[u, i] = {"none": tf, "tf-idf": math.sqrt(tf) * idf, "bm25": tf * (K1 + 1) / (K1 * length + tf) * idf}[weighting]
    return out


def similarities(x: np.ndarray, weighting: str = "none", **settings) -> np.ndarray:
    """All pairs of columns of ``x``, ``[source, target]``."""
    x = weights_of(x, weighting)
    n = x.shape[1]
    return np.array([[0.0 if i == j else similarity(x[:, j], x[:, i], **settings) for j in range(n)] for i in range(n)])


def strongest_sources(weights: np.ndarray, k: int, keys: np.ndarray) -> np.ndarray:
    """Keep the k largest positive entries of each column, equal ones by hash."""
    out = np.zeros_like(weights)
    for target in range(weights.shape[1]):
        rounded = weights[:, target].astype(np.float32)
        order = [s for s in slow.ranking(rounded, keys[target], keys) if rounded[s] > 0][:k]
        out[order, target] = weights[order, target]
    return out


def walk(x: np.ndarray, k: int, keys: np.ndarray, alpha: float, beta: float, normalise: bool) -> np.ndarray:
    """Weights of P3alpha and RP3beta, ``[source, target]``, step by step."""
    n_users, n_items = x.shape
    weights = np.zeros((n_items, n_items))
    for i in range(n_items):
        for j in range(n_items):
            for u in range(n_users):
                if i != j and x[u, i] and x[u, j]:
                    weights[i, j] += (1 / x[:, i].sum()) ** alpha * (1 / x[u].sum()) ** alpha
            if weights[i, j]:
                weights[i, j] /= x[:, j].sum() ** beta
    kept = strongest_sources(weights.T, k, keys).T  # each source keeps its targets
    if normalise:
        sums = kept.sum(axis=1, keepdims=True)
        kept = kept / np.where(sums > 0, sums, 1)
    return strongest_sources(kept, k, keys)
