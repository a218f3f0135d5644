import os
import signal
import time
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.errors import VitrinaError
from vitrina.kernels.threads import n_threads, over_blocks, over_rows


@given(st.integers(0, 3000), st.integers(1, 9), st.integers(1, 40))
def test_every_row_is_visited_once(n_rows, threads, min_rows):
    visits = np.zeros(n_rows, np.int64)

    def work(start: int, stop: int) -> None:
        visits[start:stop] += 1

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VITRINA_THREADS", str(threads))
        over_rows(n_rows, work, min_rows=min_rows)
    assert (visits == 1).all()


@given(st.integers(0, 3000), st.integers(1, 700))
def test_blocks_are_the_same_for_any_number_of_threads(n_rows, size):
    found = []
    for threads in ("1", "4"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("VITRINA_THREADS", threads)
            blocks = []
            over_blocks(n_rows, size, blocks.append)
        found.append(sorted((rows.start, rows.stop) for rows in blocks))
    assert found[0] == found[1]
    assert [row for start, stop in found[0] for row in range(start, stop)] == list(range(n_rows))


def test_errors_of_a_block_come_out(monkeypatch):
    monkeypatch.setenv("VITRINA_THREADS", "3")
    with pytest.raises(ZeroDivisionError):
        over_rows(100, lambda start, stop: 1 // (start - 32))


def test_an_error_ends_the_work(monkeypatch):
    monkeypatch.setenv("VITRINA_THREADS", "2")
    begun = []

    def work(start: int, stop: int) -> None:
        begun.append(start)
        if start:
            time.sleep(0.05)
        else:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        over_rows(800, work)
    assert len(begun) < 8


def test_work_may_spread_work_of_its_own(monkeypatch):
    monkeypatch.setenv("VITRINA_THREADS", "2")
    visits = np.zeros((8, 100), np.int64)

    def inner(row: int, start: int, stop: int) -> None:
        visits[row, start:stop] += 1

    def outer(start: int, stop: int) -> None:
        for row in range(start, stop):
            over_rows(100, partial(inner, row), min_rows=1)

    over_rows(8, outer, min_rows=1)
    assert (visits == 1).all()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_works_in_a_forked_process(monkeypatch):
    monkeypatch.setenv("VITRINA_THREADS", "2")
    over_rows(100, lambda start, stop: None)
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        done = np.zeros(100, np.int64)
        over_rows(100, lambda start, stop: done.__setitem__(slice(start, stop), 1))
        os._exit(0 if done.all() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_number_of_threads(monkeypatch):
    monkeypatch.setenv("VITRINA_THREADS", "5")
    assert n_threads() == 5
    monkeypatch.delenv("VITRINA_THREADS")
    assert n_threads() >= 1


@pytest.mark.parametrize("wanted", ["many", "0", "-2", "1.5"])
def test_wrong_number_of_threads(monkeypatch, wanted):
    monkeypatch.setenv("VITRINA_THREADS", wanted)
    with pytest.raises(VitrinaError, match=f"VITRINA_THREADS='{wanted}' is not a number of threads"):
        n_threads()
