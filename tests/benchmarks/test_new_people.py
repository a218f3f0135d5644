"""What peers are given of people whom nobody has trained on, and the lists that come back."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.log import Log
from benchmarks.machine import surroundings
from benchmarks.tasks import best_unseen
from scipy.sparse import csr_matrix

#: Two people to train on, and two that are new, with items of theirs that are given.
LOG = Log(
    4,
    5,
    np.array([0, 2, 3, 3, 3]),
    np.array([0, 4, 1], np.int32),
    np.array([0, 0, 0, 1, 3]),
    np.array([2, 0, 3], np.int32),
)


def test_new_people_are_not_among_those_trained_on():
    trained = LOG.of_trained()
    np.testing.assert_array_equal(trained.matrix().toarray(), [[1, 0, 0, 0, 1], [0, 1, 0, 0, 0]])
    np.testing.assert_array_equal(LOG.given().toarray(), [[0, 0, 1, 0, 0], [1, 0, 0, 1, 0]])


def test_the_best_unseen_items_come_first():
    scores = np.array([[0.1, 0.5, 0.9, 0.3], [0.4, 0.3, 0.2, 0.1]], np.float32)
    given = csr_matrix(np.array([[0, 0, 1, 0], [1, 0, 0, 0]], np.float32))
    np.testing.assert_array_equal(best_unseen(scores, given, 2), [[1, 3], [1, 2]])


@pytest.mark.parametrize("library", ["recbole", "cornac", "implicit"])
def test_peers_keep_their_own_ways_of_waiting(library, monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")
    assert not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & set(surroundings(library, 2))
    assert surroundings(library, 2)["OMP_NUM_THREADS"] == "2"
