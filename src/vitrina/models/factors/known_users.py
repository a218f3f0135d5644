"""Scoring by trained user vectors, for models that cannot fold a history in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vitrina.data.queries import Queries
from vitrina.models.explanation import REST, Explanation
from vitrina.models.factors.products import pair_products
from vitrina.models.factors.systems import solve_histories
from vitrina.ranking.scorer import Scores

#: Ridge of the regression on the history, relative to the mean squared length of its vectors.
_RIDGE = 0.1


def trained_vectors(queries: Queries, user_vectors: Scores) -> Scores:
    """Return the vectors of the queries' users ``[n, d]``; NaN for people the model was not trained on."""
    users = np.full(len(queries), -1) if queries.users is None else queries.users
    known = (users >= 0) & (users < len(user_vectors))
    return np.where(known[:, None], user_vectors[np.where(known, users, 0)], np.float32(np.nan))


def forget_inactive(user_vectors: Scores, n_events: NDArray[np.integer]) -> Scores:
    """Mark users without training events as unknown: their vectors are still the random start."""
    user_vectors[np.asarray(n_events) == 0] = np.nan
    return user_vectors


def explain_trained(
    queries: Queries, users: Scores, item_vectors: Scores, item_biases: Scores, items: NDArray[np.int32]
) -> Explanation:
    """Estimate what the history contributes to ``w_u . h_j + b_j`` where w_u ``users [n, d]`` was not made from it.

    A ridge regression writes w_u as a sum over the history, as nearly as it can::

        minimise |w_u - sum of c_i h_i|^2 + ridge |c|^2        item i contributes c_i (h_i . h_j)

    with a ridge of a tenth of the mean |h_i|^2. The bias of the item, and the rest of w_u . h_j, are no item's.
    """
    x = queries.matrix(len(item_vectors))
    n, lengths, columns = len(queries), np.diff(x.indptr), x.indices
    rows = np.repeat(np.arange(n), lengths)
    squares = np.einsum("id,id->i", item_vectors, item_vectors)[columns]
    ridge = _RIDGE * np.bincount(rows, squares, n) / np.maximum(lengths, 1)
    nothing_else = np.zeros((users.shape[1], users.shape[1]), np.float32)
    solved = solve_histories(x, item_vectors, nothing_else, np.maximum(ridge, np.finfo(np.float32).tiny), users)
    values = pair_products(item_vectors, columns, solved, rows) * pair_products(item_vectors, columns, item_vectors, items[rows])
    products = np.einsum("nd,nd->n", users, item_vectors[items])
    rest = products - np.bincount(rows, values, n).astype(np.float32)
    biases = np.where(np.isnan(products), np.float32(np.nan), item_biases[items])
    return Explanation.of_sets(queries, values, others={"bias of the item": biases, REST: rest}, exact=False)
