import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from vitrina.kernels.team import as_team, claim, done, gathered


@njit(nogil=True)
def _mark(standing, sizes, when, clock):
    """Note for every block of every phase when it was done, by a clock that the last of a phase puts forward."""
    for phase in range(sizes.size):
        block = claim(standing, phase, sizes[phase])
        while block >= 0:
            when[phase, block] += 1 + clock[0]
            done(standing, phase)
            block = claim(standing, phase, sizes[phase])
        if not gathered(standing, phase, sizes[phase]):
            return
        clock[0] = phase + 1


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40), st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_every_block_is_done_once_and_after_the_phase_before(sizes, threads):
    sizes = np.array(sizes)
    when, clock = np.zeros((sizes.size, 30), np.int64), np.zeros(1, np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VITRINA_THREADS", str(threads))
        as_team(lambda standing: _mark(standing, sizes, when, clock), sizes.size)
    for phase, size in enumerate(sizes):
        assert (when[phase, size:] == 0).all()
        assert ((when[phase, :size] >= 1) & (when[phase, :size] <= 1 + phase)).all()
    assert clock[0] >= 1


@pytest.mark.parametrize("threads", ["1", "3"])
def test_when_one_fails_all_go_home(threads, monkeypatch):
    """A thread that waits for the blocks of one that failed would wait for ever."""
    monkeypatch.setenv("VITRINA_THREADS", threads)
    begun = []

    def work(standing):
        begun.append(claim(standing, 0, 2))
        if begun[-1] == 0:
            raise ZeroDivisionError
        while not begun or claim(standing, 0, 2) >= 0:
            pass
        gathered(standing, 0, 2)

    with pytest.raises(ZeroDivisionError):
        as_team(work, 1)
    assert begun


def test_alone_is_this_thread_only(monkeypatch):
    monkeypatch.setenv("VITRINA_THREADS", "4")
    calls = []
    as_team(lambda standing: calls.append(1), 1, alone=True)
    assert calls == [1]
