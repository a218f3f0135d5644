import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.data.vocabulary import Vocabulary
from vitrina.kernels import hashing

from . import slow


def hash_of(texts: list[str]) -> list[int]:
    raw = [t.encode() for t in texts]
    offsets = np.concatenate([[0], np.cumsum([len(r) for r in raw])]).astype(np.int64)
    return hashing.hash_strings(offsets, np.frombuffer(b"".join(raw), np.uint8)).tolist()


@given(st.lists(st.text()))
def test_strings_against_reference(texts):
    assert hash_of(texts) == [slow.mix(slow.fnv1a(t.encode())) for t in texts]


def test_values_never_change():
    """Ties of published results and saved runs rest on these numbers: a change of hash must be deliberate."""
    assert slow.fnv1a(b"a") == 0xAF63DC4C8601EC8C  # the published FNV-1a value
    assert hash_of(["", "a", "42", "ñandú"]) == [
        17665956581633026203,
        198367012849983736,
        11828931283358464770,
        18136291641220926074,
    ]
    assert Vocabulary(["a", "42"]).keys.tolist() == [198367012849983736, 11828931283358464770]
    assert int(hashing.pair_key(np.uint64(1), np.uint64(2))) == slow.pair_key(1, 2) == 13757245211066428519
    assert hashing.seeded(np.array([1, 2], np.uint64), 7).tolist() == [3835568629054834953, 3786503850065106390]
    assert hashing.uniform_scores(np.array([1], np.uint64), np.array([2], np.uint64)).item() == 0.7457817196846008


@given(st.lists(st.integers(0, 9), max_size=12), st.randoms())
def test_bag_ignores_order(items, random):
    keys = Vocabulary([f"i{n}" for n in range(10)]).keys
    shuffled = list(items)
    random.shuffle(shuffled)
    offsets = np.array([0, len(items), 2 * len(items)], np.int64)
    first, second = hashing.hash_bags(offsets, np.array(items + shuffled, np.int32), keys)
    assert first == second


def test_bags_differ():
    keys = Vocabulary(["a", "b"]).keys
    bags = hashing.hash_bags(np.array([0, 0, 1, 3, 5], np.int64), np.array([0, 0, 0, 0, 1], np.int32), keys)
    assert len(set(bags.tolist())) == 4  # {}, {a}, {a, a}, {a, b}


@pytest.mark.parametrize("seed", [0, 1, -3, 2**70, np.int64(5), np.uint64(2**63)])
def test_any_whole_number_is_a_seed(seed):
    keys = np.arange(5, dtype=np.uint64)
    np.testing.assert_array_equal(hashing.seeded(keys, seed), hashing.seeded(keys, int(seed)))


def test_seeds_give_unrelated_orders():
    rows, items = np.arange(500, dtype=np.uint64), np.arange(20, dtype=np.uint64)
    one, other = (hashing.uniform_scores(hashing.seeded(rows, seed), items).ravel() for seed in (1, 2))
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.04  # 4 standard errors of 10,000 pairs


def test_uniform_scores_are_uniform():
    scores = hashing.uniform_scores(np.arange(1000, dtype=np.uint64), np.arange(100, dtype=np.uint64))
    assert scores.dtype == np.float32
    assert scores.min() >= 0
    assert scores.max() < 1
    counts = np.bincount((scores.ravel() * 10).astype(int), minlength=10)
    assert np.abs(counts - 10_000).max() < 4 * np.sqrt(10_000 * 0.9)


def test_uniform_scores_do_not_depend_on_the_batch():
    rows, items = np.arange(50, dtype=np.uint64), np.arange(7, dtype=np.uint64)
    whole = hashing.uniform_scores(rows, items)
    np.testing.assert_array_equal(whole[20:21], hashing.uniform_scores(rows[20:21], items))
    each = np.random.default_rng(0).integers(0, 7, (50, 3))
    np.testing.assert_array_equal(np.take_along_axis(whole, each, 1), hashing.uniform_scores(rows, items[each]))
    np.testing.assert_array_equal(whole[:1, [4, 2]], hashing.uniform_scores(rows[:1], items[[[4, 2]]]))


@pytest.mark.parametrize("shape", [(0,), (4, 0)])
def test_uniform_scores_of_nothing(shape):
    assert hashing.uniform_scores(np.arange(4, dtype=np.uint64), np.empty(shape, np.uint64)).shape == (4, 0)
    assert hashing.uniform_scores(np.empty(0, np.uint64), np.empty((0, 3), np.uint64)).shape == (0, 3)
