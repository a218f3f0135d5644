"""Adam for the rows of a table of which a step touches a few: the arithmetic of Adam on all of them, row by row when needed.

Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015 (algorithm 1). A row without a gradient moves on by its
momentum and both its means shrink, at every step. Nobody sees that before the row is read, so it can wait until then, and all
steps that were missed are made at once, without going through memory for each. Means are kept as they were at the last
gradient; what a row does in step j follows from them, from j and from the steps since. So it does not matter, not by a bit,
when it is done: whoever reads all rows settles them first.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from vitrina.kernels.threads import over_blocks

Floats = NDArray[np.float32]

BETA_1, BETA_2, EPSILON = np.float32(0.9), np.float32(0.999), np.float32(1e-8)

#: Steps after its last gradient in which a row still moves; then the mean of gradients is 2e-12 of what it was.
_MOVES = 256
_ENOUGH = 25_000  # steps after which no correction of the means differs from 1 in single precision

_ROWS = 512  # of a table that one thread handles at a time


class Table(NamedTuple):
    """Rows ``values [n, d]`` float32 with Adam's ``means`` and ``squares``, and steps int32 ``[n]`` from 1, 0 for none.

    ``touched`` is the step of a row's last gradient, after which its means are kept; ``made`` are the steps its values have made.
    """

    values: Floats
    means: Floats
    squares: Floats
    made: NDArray[np.int32]
    touched: NDArray[np.int32]


class Rates(NamedTuple):
    """What steps have in common, all float32.

    ``steps [2, n]``, of step j at place j: the learning rate over the correction of the means, and one over the root of that of
    the squares. ``fades [3, k]``, of k steps after a gradient at place k: what is left of means, roots of squares, and squares.
    """

    steps: Floats
    fades: Floats


def rates(lr: float) -> Rates:
    """Return the rates of all steps; of those beyond the last place, that one's are right."""
    steps, since = np.arange(_ENOUGH, dtype=np.float64), np.arange(_MOVES + 1, dtype=np.float64)
    with np.errstate(divide="ignore"):
        of_steps = np.array([lr / (1 - 0.9**steps), 1 / np.sqrt(1 - 0.999**steps)], np.float32)
    return Rates(of_steps, np.array([0.9**since, 0.999 ** (since / 2), float(BETA_2) ** since], np.float32))


#: For steps that are not by Adam.
NO_RATES = Rates(np.ones((2, 1), np.float32), np.ones((3, 1), np.float32))


def settle(table: Table, step: int, at: Rates) -> None:
    """Let all rows make their steps up to ``step``."""
    over_blocks(len(table.made), _ROWS, lambda rows: _settled(*(array[rows] for array in table), step, at))


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def move(p: Floats, m: Floats, v: Floats, g: Floats, touched: int, step: int, at: Rates) -> None:
    """Make one step with a gradient, by a row that has made all others and whose last gradient was in ``touched``."""
    steps, fades = at
    place, since = min(step, steps.shape[1] - 1), step - touched
    size, root = steps[0, place], steps[1, place]
    of_m, of_v = np.float32(0), np.float32(0)
    if since < fades.shape[1]:
        of_m, of_v = fades[0, since], fades[2, since]
    else:
        of_v = np.float32(float(BETA_2) ** since)
    for f in range(p.size):
        mean = of_m * m[f] + (np.float32(1) - BETA_1) * g[f]
        square = of_v * v[f] + (np.float32(1) - BETA_2) * (g[f] * g[f])
        m[f], v[f] = mean, square  # not read again: it might be what was written to p
        p[f] -= size * mean / (np.sqrt(square) * root + EPSILON)


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract"})
def catch_up(p: Floats, m: Floats, v: Floats, made: int, touched: int, step: int, at: Rates, roots: Floats) -> None:
    """Make the steps after ``made`` up to ``step``, all without a gradient, of a row whose last one was in ``touched``.

    ``roots`` is room for as many numbers as a row has.
    """
    steps, fades = at
    last = min(step, touched + fades.shape[1] - 1)
    if touched == 0 or made >= last:
        return
    for f in range(p.size):
        roots[f] = np.sqrt(v[f])
    for j in range(made + 1, last + 1):
        place, since = min(j, steps.shape[1] - 1), j - touched
        size, root = steps[0, place] * fades[0, since], steps[1, place] * fades[1, since]
        for f in range(p.size):
            p[f] -= size * m[f] / (roots[f] * root + EPSILON)


@njit(nogil=True, cache=True)
def _settled(
    values: Floats, means: Floats, squares: Floats, made: NDArray[np.int32], touched: NDArray[np.int32], step: int, at: Rates
) -> None:  # fmt: skip
    roots = np.empty(values.shape[1], np.float32)
    for row in range(made.size):
        catch_up(values[row], means[row], squares[row], made[row], touched[row], step, at, roots)
        made[row] = step
