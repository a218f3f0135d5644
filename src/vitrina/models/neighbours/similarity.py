"""Six similarities of vectors, with the settings that they share.

For vectors t (the target: the column of the item-item or user-user matrix) and s (the source), with c = t . s, shrinkage h
and n the number of non-zeros::

    cosine       c / (|t| |s| + h + 1e-6)                      normalise = False: c / h, or c where h = 0
    asymmetric   c / (|t|^2a |s|^2(1-a) + h + 1e-6)            a = .5 is the cosine
    jaccard      c / (n_t + n_s - c + h + 1e-6)
    dice         c / (n_t + n_s + h + 1e-6)                    half of Dice's coefficient, as in the source below
    tversky      c / (c + a (n_t - c) + b (n_s - c) + h + 1e-6)
    correlation  (c - N m_t m_s) / (sd_t sd_s + h + 1e-6)      m: mean over all N entries, zeros too; sd^2 = |t|^2 - N m^2

a (alpha) belongs to the target, b (beta) to the source. Jaccard, Dice and Tversky compare sets: they see which entries are
there, not how large they are. Correlation is Pearson's, which for ones and zeros is the phi coefficient; correlations over
the common entries only, as used for ratings, are undefined where every value is 1. Similarities that are not positive are
no similarity.

Ferrari Dacrema et al., "A Troubling Analysis of Reproducibility and Progress in Recommender Systems Research", TOIS 2021
(section 3 and its appendix: formulas, orientation, search ranges).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse import csr_matrix

from vitrina.kernels.strongest import Measure
from vitrina.models.neighbours.weighting import Weighting
from vitrina.models.space import Choice, Floats, Ints, Only, Wide, hyperparameters, refuse_idle

Similarity = Literal["cosine", "asymmetric", "jaccard", "dice", "tversky", "correlation"]

_EPSILON = 1e-6
_OF_SETS = ("jaccard", "dice", "tversky")


@dataclass(frozen=True)
class Sizes:
    """What similarities know of vectors beside their products: float64 ``[n]`` each, and the vectors' length."""

    length: int
    counts: NDArray[np.float64]
    sums: NDArray[np.float64]
    squares: NDArray[np.float64]

    @staticmethod
    def of_rows(x: csr_matrix) -> Sizes:
        """Measure the rows of a matrix ``[n, length]``."""
        n, length = x.shape
        rows = np.repeat(np.arange(n), np.diff(x.indptr))
        values = x.data.astype(np.float64)
        return Sizes(
            length,
            np.diff(x.indptr).astype(np.float64),
            np.asarray(np.bincount(rows, values, n), np.float64),
            np.asarray(np.bincount(rows, values * values, n), np.float64),
        )

    @staticmethod
    def of_dense_rows(x: NDArray[np.float32]) -> Sizes:
        """Measure the rows of a dense matrix ``[n, length]``."""
        return Sizes(
            x.shape[1],
            np.count_nonzero(x, axis=1).astype(np.float64),
            x.sum(axis=1, dtype=np.float64),
            np.einsum("ij,ij->i", x, x, dtype=np.float64),
        )

    def __add__(self, other: Sizes) -> Sizes:
        """The sizes of longer vectors, made of two parts."""
        parts = ((getattr(self, name), getattr(other, name)) for name in ("counts", "sums", "squares"))
        return Sizes(self.length + other.length, *(a + b for a, b in parts))


@hyperparameters
class SimilaritySettings:
    """Hyper-parameters of all models that compare vectors."""

    neighbours: Annotated[int, Ints(5, 1000), Field(ge=1), "size of a neighbourhood"] = 100
    shrink: Annotated[float, Floats(0.0, 1000.0), Field(ge=0), "added to the denominator: damps rare pairs"] = 100.0
    similarity: Annotated[
        Similarity,
        Choice(("cosine", "asymmetric", "jaccard", "dice", "tversky", "correlation")),
        Wide(40),
        "how vectors are compared",
    ] = "cosine"
    alpha: Annotated[
        float,
        Floats(0.0, 2.0),
        Field(ge=0),
        Only("similarity", ("asymmetric", "tversky")),
        "asymmetric: exponent of the target's norm; tversky: weight of what only the target has",
    ] = 0.5
    beta: Annotated[
        float, Floats(0.0, 2.0), Field(ge=0), Only("similarity", ("tversky",)), "weight of what only the source has"
    ] = 0.5
    weighting: Annotated[
        Weighting,
        Choice(("none", "tf-idf", "bm25")),
        Only("similarity", ("cosine", "asymmetric")),
        "weighting of the entries before they are compared",
    ] = "none"
    normalise: Annotated[
        bool,
        Choice((True, False)),
        Only("similarity", ("cosine",)),
        "divide by the norms (False: products / shrink)",
    ] = True

    def __post_init__(self) -> None:
        refuse_idle(self)

    @property
    def compares_sets(self) -> bool:
        """Whether only the presence of an entry counts, not its value."""
        return self.similarity in _OF_SETS

    def measure(self, rows: Sizes, columns: Sizes, *, targets: Literal["rows", "columns"]) -> Measure:
        """Return the similarity between the rows and the columns of a product, with one side as targets."""
        flip = targets == "columns"
        return Measure(self._terms(rows, target=not flip), self._terms(columns, target=flip), *self._constants())

    def _terms(self, sizes: Sizes, *, target: bool) -> NDArray[np.float64]:
        """Return what one side brings: subtracted mean, factor of the denominator, summand of the denominator."""
        terms = np.zeros((3, sizes.counts.size))
        mean, factor, summand = terms
        match self.similarity:
            case "cosine" if self.normalise:
                factor[:] = np.sqrt(sizes.squares)
            case "asymmetric":
                exponent = self.alpha if target else 1 - self.alpha
                np.power(sizes.squares, exponent, out=factor, where=sizes.squares > 0)
            case "jaccard" | "dice":
                summand[:] = sizes.counts
            case "tversky":
                summand[:] = sizes.counts * (self.alpha if target else self.beta)
            case "correlation":
                mean[:] = sizes.sums / np.sqrt(sizes.length)
                variance = sizes.squares - mean**2
                factor[:] = np.where(variance > 1e-9 * sizes.squares, np.sqrt(np.maximum(variance, 0)), np.inf)
        return terms

    def _constants(self) -> tuple[float, float]:
        """Return the factor of the product itself in the denominator, and what is added to the denominator."""
        added = self.shrink + _EPSILON
        match self.similarity:
            case "cosine" if not self.normalise:
                return 0.0, self.shrink or 1.0
            case "jaccard":
                return -1.0, added
            case "tversky":
                return 1.0 - self.alpha - self.beta, added
            case _:
                return 0.0, added


def fractions(
    measure: Measure, products: NDArray[np.float32], rows: NDArray[np.integer], columns: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what is subtracted from ``products [p]`` of pairs (row, column) in their similarities, and the denominators."""
    (row_means, row_factors, row_summands), (means, factors, summands) = measure.rows[:, rows], measure.columns[:, columns]
    sizes = measure.own * products + row_factors * factors + row_summands + summands
    return row_means * means, sizes + measure.added
