"""The strongest entries of each row of a product, without ever holding the product: neighbourhoods.

Row r of ``a @ b`` is made in a buffer of one row; each product c with column s becomes the similarity::

    (c - r_0 s_0) / (own c + r_1 s_1 + (r_2 + s_2) + added)

in float64, rounded to float32; r and s are three numbers of the row and of the column, see ``Measure``. Only positive
similarities are entries. Equal ones are told apart by a hash of (row key, column key), never by position.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from vitrina.kernels.hashing import pair_key
from vitrina.kernels.threads import over_rows

Keys = NDArray[np.uint64]
#: A CSR matrix as compiled code takes it: offsets, columns, values.
Csr = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float32]]
#: How many entries each of some rows has; and columns and values of them all, one row after the other.
Found = tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]

#: Rows with fewer products than 1 / this of the columns are gathered entry by entry instead of scanned.
_SPARSE = 8

_DIGIT = 11  # bits
_LAST = np.uint64(2**_DIGIT - 1)


class Measure(NamedTuple):
    """A similarity of rows and columns: float64 ``rows [3, n]`` and ``columns [3, m]``, and two numbers for all pairs."""

    rows: NDArray[np.float64]
    columns: NDArray[np.float64]
    own: float
    added: float


def plain(n_rows: int, n_columns: int) -> Measure:
    """Return the measure that leaves products as they are."""
    return Measure(np.zeros((3, n_rows)), np.zeros((3, n_columns)), 0.0, 1.0)


@njit(nogil=True, cache=True)
def _similarity(product: np.float32, measure: Measure, row: int, column: int) -> np.float32:
    rows, columns, own, added = measure
    numerator = product - rows[0, row] * columns[0, column]
    sizes = own * product + rows[1, row] * columns[1, column] + (rows[2, row] + columns[2, column])
    return np.float32(numerator / (sizes + added))


@njit(nogil=True, cache=True)
def _product_row(a: Csr, b: Csr, row: int, sums: NDArray[np.float32], columns: NDArray[np.int32]) -> int:
    """Add row ``row`` of the product to ``sums`` (zeros); list the columns it touches and return how many they are."""
    offsets, inner, weights = a
    n_products = 0
    for p in range(offsets[row], offsets[row + 1]):
        n_products += b[0][inner[p] + 1] - b[0][inner[p]]
    gather, found = n_products * _SPARSE < sums.size, 0
    for p in range(offsets[row], offsets[row + 1]):
        start, stop = b[0][inner[p]], b[0][inner[p] + 1]
        mine, values, weight = b[1][start:stop], b[2][start:stop], weights[p]
        for q in range(mine.size):
            if gather:
                columns[found] = mine[q]
                found += sums[mine[q]] == 0  # what cancelled out is listed again, which does no harm
            sums[mine[q]] += weight * values[q]
    if not gather:
        for column in range(sums.size):
            columns[found] = column
            found += sums[column] != 0
    return found


@njit(nogil=True, cache=True)
def _similarity_row(
    measure: Measure,
    row: int,
    sums: NDArray[np.float32],
    columns: NDArray[np.int32],
    n: int,
    excluded: int,
    values: NDArray[np.float32],
) -> int:
    """Turn the products of the first ``n`` columns into positive similarities, packed; return how many; empty ``sums``."""
    found = 0
    for at in range(n):
        column = columns[at]
        product = sums[column]
        sums[column] = np.float32(0)
        columns[found], values[found] = column, _similarity(product, measure, row, column)
        found += values[found] > 0 and product != 0 and column != excluded
    return found


@njit(nogil=True, cache=True)
def _kth_largest(codes: Keys, n: int, k: int, n_digits: int, counts: NDArray[np.int32]) -> tuple[np.uint64, int, int]:
    """Find the ``k``-th largest of ``n`` codes by their 11-bit digits from the top; overwrites ``codes``.

    Returns the code (lower digits zero), how many equal ones belong to the ``k`` largest, and how many equal ones there are.
    """
    code = np.uint64(0)
    for number in range(n_digits):
        shift = np.uint64(max(0, 64 - _DIGIT * (number + 1)))
        counts[:] = 0
        for at in range(n):
            counts[(codes[at] >> shift) & _LAST] += 1
        digit = _LAST
        while counts[digit] < k:
            k -= counts[digit]
            digit -= np.uint64(1)
        code |= digit << shift
        kept = 0
        for at in range(n):
            codes[kept] = codes[at]
            kept += (codes[at] >> shift) & _LAST == digit
        n = kept
    return code, k, n


@njit(nogil=True, cache=True)
def _keep(
    columns: NDArray[np.int32],
    values: NDArray[np.float32],
    n: int,
    k: int,
    row_key: np.uint64,
    keys: Keys,
    codes: Keys,
    counts: NDArray[np.int32],
) -> int:
    """Pack the ``k`` strongest of the first ``n`` entries and return how many there are; all ``values`` are positive."""
    if n <= k:
        return n
    bits = values.view(np.uint32)
    for at in range(n):
        codes[at] = np.uint64(bits[at]) << np.uint64(33)  # positive numbers are ordered as their bits are
    code, room, n_equal = _kth_largest(codes, n, k, 3, counts)
    weakest, lowest = code >> np.uint64(33), np.uint64(0)
    if room < n_equal:
        found = 0
        for at in range(n):
            if bits[at] == weakest:
                codes[found] = pair_key(row_key, keys[columns[at]])
                found += 1
        lowest = _kth_largest(codes, found, room, 6, counts)[0]
    kept = 0
    for at in range(n):
        strong = bits[at] > weakest
        if bits[at] == weakest:
            strong = lowest == 0 or pair_key(row_key, keys[columns[at]]) >= lowest
        columns[kept], values[kept] = columns[at], values[at]
        kept += strong
    return kept


@njit(nogil=True, cache=True)
def _append(found: Found, used: int, row: int, columns: NDArray[np.int32], values: NDArray[np.float32], n: int) -> Found:
    """Store the entries of a row behind the ``used`` ones, in larger arrays where there is no room."""
    counts, all_columns, all_values = found
    if used + n > all_columns.size:
        size = 2 * (used + n)
        more_columns, more_values = np.empty(size, np.int32), np.empty(size, np.float32)
        for at in range(used):  # loops compile seven times faster than slices
            more_columns[at], more_values[at] = all_columns[at], all_values[at]
        all_columns, all_values = more_columns, more_values
    for at in range(n):
        all_columns[used + at], all_values[used + at] = columns[at], values[at]
    counts[row] = n
    return counts, all_columns, all_values


@njit(nogil=True, cache=True)
def _nothing(n_rows: int) -> Found:
    return np.zeros(n_rows, np.int64), np.empty(0, np.int32), np.empty(0, np.float32)


@njit(nogil=True, cache=True)
def _strongest_rows(
    a: Csr, b: Csr, measure: Measure, excluded: NDArray[np.int32], k: int, row_keys: Keys, keys: Keys, start: int, stop: int
) -> Found:
    m, used, found = keys.size, 0, _nothing(stop - start)
    sums, columns, values = np.zeros(m, np.float32), np.empty(m + 1, np.int32), np.empty(m + 1, np.float32)
    codes, counts = np.empty(m + 1, np.uint64), np.empty(2**_DIGIT, np.int32)
    for row in range(start, stop):
        n = _product_row(a, b, row, sums, columns)
        n = _similarity_row(measure, row, sums, columns, n, excluded[row], values)
        n = _keep(columns, values, n, k, row_keys[row], keys, codes, counts)
        found = _append(found, used, row - start, columns, values, n)
        used += n
    return found[0], found[1][:used], found[2][:used]


@njit(nogil=True, cache=True)
def _strongest_of_dense_rows(
    products: NDArray[np.float32],
    measure: Measure,
    excluded: NDArray[np.int32],
    k: int,
    row_keys: Keys,
    keys: Keys,
    start: int,
    stop: int,
) -> Found:
    m, used, found = keys.size, 0, _nothing(stop - start)
    columns, values = np.empty(m + 1, np.int32), np.empty(m + 1, np.float32)
    codes, counts = np.empty(m + 1, np.uint64), np.empty(2**_DIGIT, np.int32)
    for row in range(start, stop):
        for column in range(m):
            columns[column] = column
        n = _similarity_row(measure, row, products[row], columns, m, excluded[row], values)
        n = _keep(columns, values, n, k, row_keys[row], keys, codes, counts)
        found = _append(found, used, row - start, columns, values, n)
        used += n
    return found[0], found[1][:used], found[2][:used]


@njit(nogil=True, cache=True)
def _strongest_entries_rows(a: Csr, k: int, row_keys: Keys, keys: Keys, start: int, stop: int) -> Found:
    offsets, used, found = a[0], 0, _nothing(stop - start)
    columns, values = a[1][offsets[start] : offsets[stop]].copy(), a[2][offsets[start] : offsets[stop]].copy()
    codes, counts = np.empty(keys.size, np.uint64), np.empty(2**_DIGIT, np.int32)
    for row in range(start, stop):
        begin, n = offsets[row] - offsets[start], offsets[row + 1] - offsets[row]
        mine, strengths = columns[begin : begin + n], values[begin : begin + n]
        n = _keep(mine, strengths, n, k, row_keys[row], keys, codes, counts)
        found = _append(found, used, row - start, mine, strengths, n)
        used += n
    return found[0], found[1][:used], found[2][:used]


@njit(nogil=True, cache=True)
def _weakest_rows(
    a: Csr, b: Csr, measure: Measure, k: int, keys: Keys, weakest: NDArray[np.float32], lowest: Keys, start: int, stop: int
) -> None:
    m = keys.size
    sums, columns, values = np.zeros(m, np.float32), np.empty(m + 1, np.int32), np.empty(m + 1, np.float32)
    codes, counts = np.empty(m + 1, np.uint64), np.empty(2**_DIGIT, np.int32)
    for row in range(start, stop):
        n = _product_row(a, b, row, sums, columns)
        n = _similarity_row(measure, row, sums, columns, n, row, values)
        n = _keep(columns, values, n, k, keys[row], keys, codes, counts)
        weakest[row], lowest[row] = np.float32(0), np.uint64(0)
        if n < k:
            continue
        weakest[row], lowest[row] = values[0], ~np.uint64(0)
        for at in range(1, n):
            weakest[row] = min(weakest[row], values[at])
        for at in range(n):
            if values[at] == weakest[row]:
                lowest[row] = min(lowest[row], pair_key(keys[row], keys[columns[at]]))


@njit(nogil=True, cache=True)
def _admitted_rows(
    a: Csr,
    b: Csr,
    measure: Measure,
    excluded: NDArray[np.int32],
    weakest: NDArray[np.float32],
    lowest: Keys,
    row_keys: Keys,
    keys: Keys,
    start: int,
    stop: int,
) -> Found:
    m, used, found = keys.size, 0, _nothing(stop - start)
    sums, columns, values = np.zeros(m, np.float32), np.empty(m + 1, np.int32), np.empty(m + 1, np.float32)
    for row in range(start, stop):
        n = _product_row(a, b, row, sums, columns)
        n = _similarity_row(measure, row, sums, columns, n, excluded[row], values)
        kept = 0
        for at in range(n):
            column, value = columns[at], values[at]
            columns[kept], values[kept] = column, value
            kept += value > weakest[column] or (
                value == weakest[column] and pair_key(keys[column], row_keys[row]) >= lowest[column]
            )
        found = _append(found, used, row - start, columns, values, kept)
        used += kept
    return found[0], found[1][:used], found[2][:used]


def _gathered(n_rows: int, n_columns: int, work: Callable[[int, int], Found]) -> csr_matrix:
    """Run ``work`` over blocks of rows in several threads and join what they found to one matrix."""
    blocks: dict[int, Found] = {}
    over_rows(n_rows, lambda start, stop: blocks.__setitem__(start, work(start, stop)))
    counts, columns, values = (np.concatenate([blocks[start][part] for start in sorted(blocks)]) for part in range(3))
    blocks.clear()
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    return csr_matrix((values, columns, offsets), shape=(n_rows, n_columns))


def _parts(matrix: csr_matrix) -> Csr:
    return matrix.indptr.astype(np.int32, copy=False), matrix.indices.astype(np.int32, copy=False), matrix.data


def strongest_products(
    a: csr_matrix, b: csr_matrix, k: int, *, measure: Measure, excluded: NDArray[np.int32], row_keys: Keys, column_keys: Keys
) -> csr_matrix:
    """Return the ``k`` strongest entries of each row of ``a [n, m] @ b [m, p]``, float32 CSR ``[n, p]``, columns in any order.

    ``excluded [n]`` is a column of each row that is left out, -1 for none.
    """
    _check(a, b, measure, row_keys, column_keys)
    x, y = _parts(a), _parts(b)
    return _gathered(
        a.shape[0],
        b.shape[1],
        lambda start, stop: _strongest_rows(x, y, measure, excluded, k, row_keys, column_keys, start, stop),
    )


def weakest_kept(a: csr_matrix, b: csr_matrix, k: int, *, measure: Measure, keys: Keys) -> tuple[NDArray[np.float32], Keys]:
    """Return what it takes to be among the ``k`` strongest of each row of the square ``a [n, m] @ b [m, n]``.

    The value of the weakest one kept and the hash that it has among equals, ``[n]`` each; zeros where fewer than ``k``
    entries are positive. The diagonal is left out.
    """
    _check(a, b, measure, keys, keys)
    x, y = _parts(a), _parts(b)
    values, hashes = np.empty(a.shape[0], np.float32), np.empty(a.shape[0], np.uint64)
    over_rows(a.shape[0], lambda start, stop: _weakest_rows(x, y, measure, k, keys, values, hashes, start, stop))
    return values, hashes


def admitted_products(
    a: csr_matrix,
    b: csr_matrix,
    *,
    measure: Measure,
    excluded: NDArray[np.int32],
    weakest: NDArray[np.float32],
    lowest: Keys,
    row_keys: Keys,
    column_keys: Keys,
) -> csr_matrix:
    """Return the entries of ``a @ b`` that are at least what their column asks for (``weakest_kept``), float32 CSR."""
    _check(a, b, measure, row_keys, column_keys)
    if not b.shape[1] == weakest.size == lowest.size:
        raise ValueError(f"{b.shape[1]} columns that ask for {weakest.size} similarities and {lowest.size} hashes.")
    x, y = _parts(a), _parts(b)
    return _gathered(
        a.shape[0],
        b.shape[1],
        lambda start, stop: _admitted_rows(x, y, measure, excluded, weakest, lowest, row_keys, column_keys, start, stop),
    )


def strongest_of_dense(
    products: NDArray[np.float32],
    k: int,
    *,
    measure: Measure,
    excluded: NDArray[np.int32],
    row_keys: Keys,
    column_keys: Keys,
) -> csr_matrix:
    """Like ``strongest_products`` for products ``[n, p]`` made already; they are overwritten."""
    return _gathered(
        len(products),
        products.shape[1],
        lambda start, stop: _strongest_of_dense_rows(products, measure, excluded, k, row_keys, column_keys, start, stop),
    )


def strongest_entries(matrix: csr_matrix, k: int, *, row_keys: Keys, column_keys: Keys) -> csr_matrix:
    """Return the ``k`` largest entries of each row of a CSR matrix, all of whose values are positive."""
    parts = _parts(matrix)
    n, m = matrix.shape
    return _gathered(n, m, lambda start, stop: _strongest_entries_rows(parts, k, row_keys, column_keys, start, stop))


def _check(a: csr_matrix, b: csr_matrix, measure: Measure, row_keys: Keys, column_keys: Keys) -> None:
    """Refuse what compiled code would read out of bounds."""
    sizes = (a.shape[0], b.shape[1])
    given = (measure.rows.shape[1], measure.columns.shape[1])
    if a.shape[1] != b.shape[0] or given != sizes or (row_keys.size, column_keys.size) != sizes:
        raise ValueError(
            f"a product {a.shape} @ {b.shape} with measures of {given} and keys of {row_keys.size}, {column_keys.size}."
        )
