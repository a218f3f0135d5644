import pytest
import torch

from vitrina.training.chosen import chosen_scores


def made(n, n_items, d, dtype=torch.float32):
    """Rows, vectors and biases of items, and pairs of them: some rows meet nothing, some an item twice."""
    generator = torch.Generator().manual_seed(0)
    x, vectors, bias = (
        torch.randn(*shape, generator=generator, dtype=dtype).requires_grad_() for shape in ((n, d), (n_items, d), (n_items,))
    )
    lengths = torch.randint(0, 5, (n,), generator=generator)
    lengths[0] = 0
    return x, vectors, bias, torch.randint(0, n_items, (int(lengths.sum()),), generator=generator), lengths


@pytest.mark.parametrize("n", [1, 7, 300])
def test_they_are_entries_of_the_whole_product(n):
    x, vectors, bias, items, lengths = made(n, 5, 3)
    whole = (x @ vectors.T + bias)[torch.repeat_interleave(lengths), items]
    ours = chosen_scores(x, vectors, bias, items, lengths)
    torch.testing.assert_close(ours, whole)
    gradients = (torch.autograd.grad(y.square().sum(), [x, vectors, bias]) for y in (ours, whole))
    for mine, other in zip(*gradients, strict=True):
        torch.testing.assert_close(mine, other)


def test_gradients_are_those_of_finite_differences():
    *learned, items, lengths = made(6, 4, 3, torch.float64)
    assert torch.autograd.gradcheck(lambda x, vectors, bias: chosen_scores(x, vectors, bias, items, lengths), learned)
