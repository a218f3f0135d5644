"""Every metric and variant again, slowly, in plain Python straight from its formula. Shares nothing with the library.

A user is (listed ids with None for empty slots, held-out set, full ranking).
"""

import math


def rel(listed, held_out, k):
    return [1 if item is not None and item in held_out else 0 for item in listed[:k]]


def hits(listed, held_out, k):
    count = 0
    for r in rel(listed, held_out, k):
        count += r
    return count


def dcg(gains):
    total = 0.0
    for rank, gain in enumerate(gains, start=1):
        total += (2**gain - 1) / math.log2(rank + 1)
    return total


def ideal(n):
    return dcg([1] * n)


def precision_sum(listed, held_out, k):
    total, found = 0.0, 0
    for rank, r in enumerate(rel(listed, held_out, k), start=1):
        if r:
            found += 1
            total += found / rank
    return total


def f1(listed, held_out, k):
    p = hits(listed, held_out, k) / k
    r = hits(listed, held_out, k) / len(held_out)
    return 0.0 if p + r == 0 else 2 * p * r / (p + r)


def ndcg_over(listed, held_out, k, n_ideal):
    return 0.0 if n_ideal == 0 else dcg(rel(listed, held_out, k)) / ideal(n_ideal)


def mrr(listed, held_out, k):
    for rank, r in enumerate(rel(listed, held_out, k), start=1):
        if r:
            return 1.0 / rank
    return 0.0


ACCURACY = {
    "recall": lambda li, t, k: hits(li, t, k) / len(t),
    "recall:capped": lambda li, t, k: hits(li, t, k) / min(k, len(t)),
    "precision": lambda li, t, k: hits(li, t, k) / k,
    "f1": f1,
    "hr": lambda li, t, k: 1.0 if hits(li, t, k) else 0.0,
    "hr:count": hits,
    "hr:inverse_k": lambda li, t, k: 1.0 / k if hits(li, t, k) else 0.0,
    "ndcg": lambda li, t, k: ndcg_over(li, t, k, min(k, len(t))),
    "ndcg:full": lambda li, t, k: ndcg_over(li, t, k, len(t)),
    "ndcg:hits": lambda li, t, k: ndcg_over(li, t, k, hits(li, t, k)),
    "map": lambda li, t, k: precision_sum(li, t, k) / min(k, len(t)),
    "map:k": lambda li, t, k: precision_sum(li, t, k) / k,
    "map:all": lambda li, t, k: precision_sum(li, t, k) / len(t),
    "mrr": mrr,
}


def full_mrr(ranking, held_out):
    for rank, item in enumerate(ranking, start=1):
        if item in held_out:
            return 1.0 / rank
    return 0.0


def first_rank(ranking, held_out):
    for rank, item in enumerate(ranking, start=1):
        if item in held_out:
            return float(rank)
    return math.inf


def novelty(listed, k, popularity, n_users):
    values = [-math.log2((popularity[i] + 1) / (n_users + 1)) for i in listed[:k] if i is not None]
    return sum(values) / len(values) if values else math.nan


def popularity_of(listed, k, popularity):
    values = [popularity[i] for i in listed[:k] if i is not None]
    return sum(values) / len(values) if values else math.nan


def cosine(a, b):
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    length = math.sqrt(sum(x * x for x in a)) * math.sqrt(sum(x * x for x in b))
    return 0.0 if length == 0 else dot / length


def diversity(listed, k, vectors):
    items = [i for i in listed[:k] if i is not None]
    values = []
    for a in range(len(items)):
        for b in range(a + 1, len(items)):
            values.append(1 - cosine(vectors[items[a]], vectors[items[b]]))
    return sum(values) / len(values) if values else math.nan


def counts(all_listed, k, n_items):
    result = [0] * n_items
    for listed in all_listed:
        for item in listed[:k]:
            if item is not None:
                result[item] += 1
    return result


def coverage(all_listed, k, n_items):
    return sum(1 for c in counts(all_listed, k, n_items) if c > 0) / n_items


def user_coverage(all_listed, k):
    return sum(1 for listed in all_listed if any(i is not None for i in listed[:k])) / len(all_listed)


def gini(all_listed, k, n_items):
    """Half the relative mean absolute difference, the defining form of the Gini index."""
    c = counts(all_listed, k, n_items)
    if sum(c) == 0:
        return math.nan
    return sum(abs(a - b) for a in c for b in c) / (2 * n_items * sum(c))


def entropy(all_listed, k, n_items, log=math.log):
    c = counts(all_listed, k, n_items)
    if sum(c) == 0:
        return math.nan
    return -sum(x / sum(c) * log(x / sum(c)) for x in c if x)


def herfindahl(all_listed, k, n_items):
    c = counts(all_listed, k, n_items)
    if sum(c) == 0:
        return math.nan
    return 1 - sum((x / sum(c)) ** 2 for x in c)


def mil(all_listed, k):
    values = []
    for a in range(len(all_listed)):
        for b in range(a + 1, len(all_listed)):
            shared = {i for i in all_listed[a][:k] if i is not None} & {i for i in all_listed[b][:k] if i is not None}
            values.append(1 - len(shared) / k)
    return sum(values) / len(values) if values else math.nan


SYSTEM = {
    "coverage": lambda lists, k, n: coverage(lists, k, n),
    "user_coverage": lambda lists, k, n: user_coverage(lists, k),
    "gini": gini,
    "gini:diversity": lambda lists, k, n: 1 - gini(lists, k, n),
    "entropy": entropy,
    "entropy:bits": lambda lists, k, n: entropy(lists, k, n, math.log2),
    "herfindahl": herfindahl,
    "mil": lambda lists, k, n: mil(lists, k),
}
