import os
import subprocess
import sys
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from vitrina.kernels.team import as_team, claim, done, gathered


@njit(nogil=True)
def _mark(standing, sizes, made, early, noise):
    """Count how often every block is done, and those that were begun before all of the phase before were done."""
    for phase in range(sizes.size):
        block = claim(standing, phase, sizes[phase])
        while block >= 0:
            if phase and made[phase - 1, : sizes[phase - 1]].sum() < sizes[phase - 1]:
                early[phase] = 1
            for i in range(2000):  # long enough for another thread to come in between
                noise[phase, block] += np.sin(float(i))
            made[phase, block] += 1
            done(standing, phase)
            block = claim(standing, phase, sizes[phase])
        if not gathered(standing, phase, sizes[phase]):
            return


def marked(sizes: list[int], threads: int) -> None:
    sizes = np.array(sizes)
    made, early, noise = np.zeros((sizes.size, 30), np.int64), np.zeros(sizes.size, np.int64), np.zeros((sizes.size, 30))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VITRINA_THREADS", str(threads))
        as_team(lambda standing: _mark(standing, sizes, made, early, noise), sizes.size, most=9)
    assert not early.any()
    np.testing.assert_array_equal(made, np.arange(30) < sizes[:, None])


@given(st.lists(st.integers(0, 30), min_size=1, max_size=40), st.integers(1, 6))
@settings(max_examples=30, deadline=None)
def test_every_block_is_done_once(sizes, threads):
    marked(sizes, threads)


def test_no_block_is_begun_before_all_of_the_phase_before_are_done():
    """Many phases of few blocks: without waiting some of them are early in every run."""
    marked([3] * 1000, 2)


_FAILING = """
from vitrina.kernels.team import as_team, claim, gathered

def work(standing):
    mine = claim(standing, 0, 2)
    if mine == 0:
        raise ZeroDivisionError
    gathered(standing, 0, 2)
    assert claim(standing, 0, 2) == -1

try:
    as_team(work, 1, most=9)
except ZeroDivisionError:
    print("came out")
"""


@pytest.mark.parametrize("threads", ["1", "3"])
def test_when_one_fails_all_go_home(threads):
    """A thread that waits for the blocks of one that failed would wait for ever: in a process of its own, with a limit."""
    env = {**os.environ, "VITRINA_THREADS": threads}
    done = subprocess.run([sys.executable, "-c", _FAILING], env=env, timeout=120, capture_output=True, text=True, check=True)
    assert done.stdout == "came out\n"


def test_one_at_most_is_this_thread(monkeypatch):
    monkeypatch.setenv("VITRINA_THREADS", "4")
    calls = []
    as_team(lambda standing: calls.append(threading.get_ident()), 1, most=1)
    assert calls == [threading.get_ident()]
