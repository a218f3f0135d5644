"""The bare linear algebra behind EASE, timed alone: what a faster way around it would have to beat."""

from __future__ import annotations

import numpy as np
from scipy.linalg.lapack import spotrf, spotri
from scipy.sparse import csr_matrix

from benchmarks.artefacts import Artefact
from benchmarks.tasks import Fit, NotThereYet, Settings, Task
from vitrina.kernels.sparse import sparse_sparse

DISTRIBUTION = "scipy"


def task(job: str) -> Task:
    """Gram product, Cholesky factor and Cholesky inverse, in single precision."""
    if job != "ease":
        raise NotThereYet(f"no bare-metal yardstick for {job}")
    return Fit(lambda log: log.matrix(), _invert, _nothing)


def _invert(x: csr_matrix, settings: Settings) -> np.ndarray:
    """Return one triangle of the inverse; the product is our kernel, faster here than SciPy's or a dense one."""
    gram = sparse_sparse(x.T.tocsr(), x)
    gram[np.diag_indices_from(gram)] += np.float32(settings["l2"])
    factor, failed = spotrf(gram.T, lower=1, clean=0, overwrite_a=1)
    inverse, failed_inverse = spotri(factor, lower=1, overwrite_c=1)
    if failed or failed_inverse:
        raise ValueError("the Gram matrix is not positive definite")
    return np.asarray(inverse)


def _nothing(inverse: np.ndarray) -> Artefact:
    return {}
