import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.kernels.strata import Strata


def random_log(n_users: int, n_items: int, share: float, seed: int) -> tuple[np.ndarray, np.ndarray, set]:
    rows = np.random.default_rng(seed).random((n_users, n_items)) < share
    offsets = np.concatenate([[0], np.cumsum(rows.sum(axis=1))]).astype(np.int32)
    users, columns = np.nonzero(rows)
    return offsets, columns.astype(np.int32), set(zip(users.tolist(), columns.tolist(), strict=True))


@given(st.integers(1, 300), st.integers(1, 300), st.floats(0, 0.3), st.integers(0, 100))
def test_strata_hold_every_event_once(n_users, n_items, share, seed):
    offsets, columns, events = random_log(n_users, n_items, share, seed)
    strata, met, calls = Strata(offsets, columns, n_items), [], []

    def work(stratum):
        users, items = stratum.first + stratum.users.astype(int), stratum.choice[stratum.items]
        met.extend(zip(users.tolist(), items.tolist(), strict=True))
        calls.append(stratum)
        assert set(stratum.users) <= set(stratum.everywhere)
        return 1.0

    assert strata.epoch(np.random.default_rng(seed), work) == strata.n_blocks**2 == len(calls)
    assert strata.n_events == len(events) == len(met)
    assert set(met) == events
    dealt = [item for stratum in calls if stratum.block == 0 for item in stratum.choice]
    assert sorted(dealt) == list(range(n_items))


@pytest.mark.parametrize(("n_users", "n_items", "blocks"), [(1, 10_000, 1), (10_000, 1, 1), (130, 1000, 2), (10_000, 10_000, 8)])
def test_blocks_leave_a_choice(n_users, n_items, blocks):
    assert Strata(np.zeros(n_users + 1, np.int32), np.empty(0, np.int32), n_items).n_blocks == blocks


def test_strata_at_work_together_share_nothing():
    """Whatever runs between two others in one thread belongs to the same turn: blocks of users and items are disjoint."""
    offsets, columns, _ = random_log(600, 600, 0.05, 0)
    strata, turns = Strata(offsets, columns, 600), []
    strata.epoch(np.random.default_rng(0), lambda stratum: turns.append(stratum) or 0.0)
    n = strata.n_blocks
    assert n == 8
    for turn in range(n):
        together = turns[turn * n : (turn + 1) * n]
        assert len({stratum.block for stratum in together}) == n
        items = np.concatenate([stratum.choice for stratum in together])
        assert np.unique(items).size == items.size == 600


def test_blocks_of_more_people_than_fit_two_bytes():
    n_users = 8 * 70_000
    offsets = np.zeros(n_users + 1, np.int32)
    offsets[-1] = 3  # all events are the last user's, who shares a block with everybody
    columns, met = np.array([5, 300, 899], np.int32), []
    strata = Strata(offsets, columns, 900)

    def work(stratum):
        met.extend(zip((stratum.first + stratum.users.astype(int)).tolist(), stratum.choice[stratum.items].tolist(), strict=True))
        return 0.0

    strata.epoch(np.random.default_rng(0), work)
    assert sorted(met) == [(n_users - 1, item) for item in columns]


def test_epochs_deal_anew():
    offsets, columns, _ = random_log(200, 200, 0.1, 0)
    strata, rng, dealt = Strata(offsets, columns, 200), np.random.default_rng(0), []
    for _ in range(2):
        strata.epoch(rng, lambda stratum: dealt.append((stratum.choice.tolist(), int(stratum.seed))) or 0.0)
    assert dealt[0] != dealt[strata.n_blocks**2]
    assert len({seed for _, seed in dealt}) == len(dealt)
