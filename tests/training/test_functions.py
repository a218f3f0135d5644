import pytest
import torch

from vitrina.training.functions import LayerNorm, selu, sigmoid, swish, tanh


@pytest.mark.parametrize(
    ("ours", "right"), [(tanh, torch.tanh), (sigmoid, torch.sigmoid), (swish, torch.nn.functional.silu), (selu, torch.selu)]
)
def test_they_are_those_of_torch(ours, right):
    x = torch.linspace(-30, 30, 999, dtype=torch.float64).view(3, 333).requires_grad_()
    torch.testing.assert_close(ours(x), right(x))
    torch.testing.assert_close(*(torch.autograd.grad(f(x).sum(), x)[0] for f in (ours, right)))
    far = torch.tensor([[-1e5, 1e5]], requires_grad=True)
    torch.testing.assert_close(ours(far), right(far))
    assert torch.autograd.grad(ours(far).sum(), far)[0].isfinite().all()


def test_rows_are_normalised_as_by_torch():
    x, weight = torch.randn(20, 7, dtype=torch.float64, requires_grad=True), torch.rand(7, dtype=torch.float64)
    ours, right = (layer(7, eps=0.1).double() for layer in (LayerNorm, torch.nn.LayerNorm))
    for layer in (ours, right):
        layer.weight.data.copy_(weight)
    torch.testing.assert_close(ours(x), right(x))
    gradients = [torch.autograd.grad(layer(x).pow(3).sum(), [x, *layer.parameters()]) for layer in (ours, right)]
    for mine, other in zip(*gradients, strict=True):
        torch.testing.assert_close(mine, other)


@pytest.mark.parametrize("function", [tanh, sigmoid, swish, selu, LayerNorm(301)])
def test_the_number_of_threads_changes_nothing(function):
    x = torch.randn(333, 301, generator=torch.Generator().manual_seed(0)).requires_grad_()
    threads, found = torch.get_num_threads(), []
    try:
        for n in (1, 2, 3, 4):
            torch.set_num_threads(n)
            y = function(x)
            weights = list(function.parameters()) if isinstance(function, LayerNorm) else []
            found.append((y.detach(), *torch.autograd.grad(y.square().sum(), [x, *weights])))
    finally:
        torch.set_num_threads(threads)
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))
