import pytest
import torch
import torch.nn.functional as F

from vitrina.training.functions import selu
from vitrina.training.linear import Linear, linear


def made(n, n_in, n_out, dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randn(*shape, generator=generator, dtype=dtype).requires_grad_() for shape in ((n, n_in), (n_out, n_in), (n_out,))
    ]


@pytest.mark.parametrize("n", [0, 1, 130, 5000])
def test_is_the_layer_of_torch(n):
    x, weight, bias = made(n, 7, 5)
    ours = linear(x, weight, bias)
    right = F.linear(x, weight, bias)
    assert torch.allclose(ours, right, rtol=1e-5, atol=1e-5)
    gradients = (torch.autograd.grad(y.square().sum(), [x, weight, bias]) for y in (ours, right))
    for mine, other in zip(*gradients, strict=True):
        assert torch.allclose(mine, other, rtol=1e-4, atol=1e-3)
    layer = Linear(7, 5)
    assert torch.allclose(layer(x), F.linear(x, layer.weight, layer.bias), atol=1e-5)


@pytest.mark.parametrize("shape", [(40, 2100, 30), (40, 30, 2100), (300, 4100, 1100), (0, 2100, 5), (1, 2100, 1)])
def test_wide_layers_and_long_sums_are_cut_without_a_trace(shape):
    x, weight, bias = made(*shape, dtype=torch.float64)
    ours, right = linear(x, weight, bias), F.linear(x, weight, bias)
    torch.testing.assert_close(ours, right)
    gradients = (torch.autograd.grad(y.square().sum(), [x, weight, bias]) for y in (ours, right))
    for mine, other in zip(*gradients, strict=True):
        torch.testing.assert_close(mine, other)


def test_gradients_are_those_of_finite_differences():
    assert torch.autograd.gradcheck(linear, made(6, 4, 3, torch.float64))


def test_the_number_of_threads_changes_nothing(monkeypatch):
    threads, found = torch.get_num_threads(), []
    try:
        for n in (1, 2, 4):
            monkeypatch.setenv("VITRINA_THREADS", str(n))
            torch.set_num_threads(n)
            outcome = []
            for shape in ((90, 20, 10), (1000, 200, 200), (700, 300, 77), (130, 40, 1100), (60, 2100, 30)):
                x, weight, bias = made(*shape)
                y = selu(linear(x, weight, bias))
                outcome += [y.detach(), *torch.autograd.grad((y * y.detach()).sum(), [x, weight, bias])]
            found.append(outcome)
    finally:
        torch.set_num_threads(threads)
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))
