"""External ids to codes and back."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrina.data.vocabulary import Vocabulary
from vitrina.errors import DataError, UnknownNameError

ids = st.lists(st.text(max_size=8), unique=True, max_size=30)


@given(ids)
def test_codes_are_positions(names: list[str]) -> None:
    vocabulary = Vocabulary(names)
    codes = vocabulary.encode(names)
    assert codes.dtype == np.int32
    assert codes.tolist() == list(range(len(names))) == [vocabulary.code(name) for name in names]
    assert vocabulary.decode(codes).to_list() == names
    assert all(name in vocabulary for name in names)


@given(ids, st.lists(st.text(max_size=8), max_size=20))
def test_encoding_keeps_order_and_marks_the_unknown(names: list[str], wanted: list[str]) -> None:
    codes = Vocabulary(names).encode(wanted, missing="mark")
    assert codes.tolist() == [names.index(w) if w in names else -1 for w in wanted]
    assert Vocabulary(names).decode(codes).to_list() == [w if w in names else None for w in wanted]


@given(ids, st.randoms())
def test_keys_depend_on_the_id_alone(names: list[str], random) -> None:
    shuffled = list(names)
    random.shuffle(shuffled)
    keys = dict(zip(names, Vocabulary(names).keys.tolist(), strict=True))
    assert keys == dict(zip(shuffled, Vocabulary(shuffled).keys.tolist(), strict=True))
    assert len(set(keys.values())) == len(names)


def test_keys_are_the_same_on_every_run() -> None:
    """Tie-breaks and seeds rest on these numbers (FNV-1a, then SplitMix64): they must never change."""
    assert [hex(k) for k in Vocabulary(["", "a", "vase"]).keys.tolist()] == [hex(_reference(t)) for t in ("", "a", "vase")]


def _reference(text: str) -> int:
    mask = 2**64 - 1
    h = 14695981039346656037
    for byte in text.encode():
        h = ((h ^ byte) * 1099511628211) & mask
    h = ((h ^ (h >> 30)) * 0xBF58476D1CE4E5B9) & mask
    h = ((h ^ (h >> 27)) * 0x94D049BB133111EB) & mask
    return h ^ (h >> 31)


def test_numbers_are_ids_too() -> None:
    vocabulary = Vocabulary(pl.Series([30, 10, 20]), "item")
    assert vocabulary.encode([10, 20]).tolist() == [1, 2]
    assert vocabulary.encode(pl.Series([20])).tolist() == [2]
    assert vocabulary.code(30) == 0


def test_unknown_ids_suggest_the_nearest() -> None:
    vocabulary = Vocabulary(["vase", "bowl"], "item")
    with pytest.raises(UnknownNameError, match=r"unknown item 'vaso'\. Did you mean 'vase'\?"):
        vocabulary.code("vaso")
    with pytest.raises(UnknownNameError, match=r"unknown item 'q'\. Known: vase, bowl"):
        vocabulary.encode(["bowl", "q"])


def test_missing_and_repeated_ids_are_refused() -> None:
    with pytest.raises(DataError, match="item ids must not be empty; 1 of 2 are"):
        Vocabulary(pl.Series(["a", None]), "item")
    with pytest.raises(DataError, match="user ids must be distinct; 1 repeat an earlier one"):
        Vocabulary(["a", "b", "a"], "user")


def test_equality_is_of_the_ids_in_order() -> None:
    assert Vocabulary(["a", "b"]) == Vocabulary(["a", "b"], "item")
    assert Vocabulary(["a", "b"]) != Vocabulary(["b", "a"])
    assert Vocabulary([]) != []
    assert len(Vocabulary([])) == Vocabulary([]).keys.size == Vocabulary([]).encode([]).size == 0
