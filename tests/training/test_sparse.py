import numpy as np
import pytest
import torch
import torch.nn.functional as F

from vitrina.training.sparse import weighted_sums


def histories(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Items, lengths and values of 40 histories of up to 9 of 30 items; some have none, some items are nobody's."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, 10, 40)
    items = np.concatenate([rng.choice(28, n, replace=False) for n in lengths]).astype(np.int64)
    return torch.from_numpy(items), torch.from_numpy(lengths), torch.rand(len(items))


@pytest.mark.parametrize("threads", ["1", "2"])
def test_sums_and_gradients_are_those_of_an_embedding_bag(monkeypatch, threads):
    monkeypatch.setenv("VITRINA_THREADS", threads)
    items, lengths, values = histories()
    ours, theirs = (torch.randn(30, 7, generator=torch.Generator().manual_seed(1)).requires_grad_() for _ in range(2))
    sums = weighted_sums(ours, items, lengths, values)
    expected = F.embedding_bag(items, theirs, lengths.cumsum(0) - lengths, mode="sum", per_sample_weights=values)
    torch.testing.assert_close(sums, expected)
    weights = torch.randn(40, 7)
    (sums * weights).sum().backward()
    (expected * weights).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_double_precision_is_kept():
    items, lengths, values = histories()
    table = torch.randn(30, 7, dtype=torch.float64)
    assert weighted_sums(table, items, lengths, values.double()).dtype == torch.float64
