"""The least-squares systems that a history makes, solved for other right sides than its own: what explanations ask for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vitrina.data.ragged import Ragged
from vitrina.kernels.lapack import one_blas_thread
from vitrina.kernels.threads import over_rows
from vitrina.ranking.scorer import Scores

#: Bytes of gathered vectors and systems that a thread handles at a time.
_BLOCK_BYTES = 2**24


def solve_histories(x: csr_matrix, vectors: Scores, gram: Scores, ridge: NDArray[np.floating], right: Scores) -> Scores:
    """Solve, for each row r of the binary ``x [n, m]`` with columns C,

    ``(gram + ridge[r] I + sum over c in C of v_c v_c') y_r = right[r]``

    with v_c the rows of ``vectors [m, d]``. Returns float32 ``[n, d]``; computed in float64, since explanations add up
    terms that may cancel. Rows without columns get zeros.
    """
    d, lengths = vectors.shape[1], np.diff(x.indptr)
    histories, out = Ragged(x.indptr.astype(np.int64), x.indices), np.zeros((x.shape[0], d), np.float32)
    step = max(1, _BLOCK_BYTES // (8 * d * (int(lengths.max(initial=0)) + 2 * d)))
    filled = np.flatnonzero(lengths)

    def block(begin: int, end: int) -> None:
        for start in range(begin, end, step):
            rows = filled[start : min(end, start + step)]
            columns = histories.take(rows).padded()
            mine = np.where(columns[..., None] >= 0, vectors[columns], np.float32(0)).astype(np.float64)
            systems = np.matmul(mine.transpose(0, 2, 1), mine) + gram
            systems[:, np.arange(d), np.arange(d)] += ridge[rows, None]
            out[rows] = np.linalg.solve(systems, right[rows, :, None].astype(np.float64))[..., 0]

    with one_blas_thread():  # a small system is solved hundreds of times faster by one thread than by several that wait
        over_rows(filled.size, block)
    return out
