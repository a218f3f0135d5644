import time

import numpy as np
import polars as pl
import pytest
import torch

from tests.models.logs import random_log
from tests.training.interrupted import whole_and_resumed
from vitrina.data.catalogue import Catalogue
from vitrina.data.dataset import Dataset, DatasetInfo
from vitrina.data.vocabulary import Vocabulary
from vitrina.errors import VitrinaError
from vitrina.models.base import Shape
from vitrina.models.neural.likelihoods import history_loss
from vitrina.models.neural.some_items import loss_over_some
from vitrina.models.registry import make
from vitrina.training.linear import linear
from vitrina.training.losses import sampled_softmax

THREE = ("mult-dae", "mult-vae", "recvae")

SMALL = {
    "mult-dae": {"layers": (8,)},
    "mult-vae": {"layers": (8,), "annealing": 0},
    "recvae": {"width": 8, "depth": 2, "code": 4, "lr": 0.01},
}


def batch(n: int = 4, n_items: int = 30, d: int = 3):
    """Codes, vectors and biases of items, and histories as pairs; items 20 and more are in none."""
    rng = np.random.default_rng(0)
    code, vectors, bias = (torch.from_numpy(rng.normal(0, 1, s)).requires_grad_() for s in ((n, d), (n_items, d), (n_items,)))
    row, items = (torch.from_numpy(found) for found in np.nonzero(rng.random((n, 20)) < 0.3))
    return (code, vectors, bias), row, items


def whole(learned, row, items):
    return history_loss(linear(*learned), row, items, "multinomial")


def test_with_all_items_drawn_it_is_the_whole_loss():
    learned, row, items = batch()
    ours = loss_over_some(*learned, row, items, torch.randperm(30))
    right = whole(learned, row, items)
    torch.testing.assert_close(ours, right)
    for mine, other in zip(*(torch.autograd.grad(loss, learned) for loss in (ours, right)), strict=True):
        torch.testing.assert_close(mine, other)


def test_gradients_are_those_of_finite_differences():
    learned, row, items = batch()
    drawn = torch.tensor([3, 25, 25, 29, 1])
    assert torch.autograd.gradcheck(lambda *learned: loss_over_some(*learned, row, items, drawn), learned)


def test_only_what_is_scored_gets_a_gradient():
    learned, row, items = batch()
    drawn = torch.tensor([3, 25, 25, 29])
    _, of_vectors, of_bias = torch.autograd.grad(loss_over_some(*learned, row, items, drawn), learned)
    met = set(items.tolist()) | {3, 25, 29}
    assert set(of_vectors.any(dim=1).nonzero()[:, 0].tolist()) == set(of_bias.nonzero()[:, 0].tolist()) == met


def test_for_one_item_each_it_is_the_sampled_softmax():
    """Of draws that nobody of the batch consumed, and the others of the batch as they are."""
    learned, _, _ = batch()
    row, items, drawn = torch.arange(4), torch.tensor([3, 0, 7, 5]), torch.tensor([20, 21, 28])
    scores = linear(*learned)
    others = torch.stack([items[items != item] for item in items])
    negative = torch.cat([scores.gather(1, others), scores[:, drawn]], dim=1)
    log_q = torch.cat([torch.zeros(3), torch.full((3,), np.log(3 / 30))])
    expected = sampled_softmax(scores[row, items], negative, log_q_negative=log_q)
    torch.testing.assert_close(loss_over_some(*learned, row, items, drawn), expected)


def test_with_many_draws_the_gradient_comes_near_the_whole_one():
    learned, row, items = batch()
    right = torch.autograd.grad(whole(learned, row, items), learned)
    generator, apart = torch.Generator().manual_seed(0), []
    for k in (10, 100_000):
        drawn = torch.randint(0, 30, (k,), generator=generator)
        found = torch.autograd.grad(loss_over_some(*learned, row, items, drawn), learned)
        apart.append(max(float((mine - other).abs().max()) for mine, other in zip(found, right, strict=True)))
    assert apart[1] < 0.01 < apart[0]


def test_the_sum_over_all_items_is_right_on_average():
    learned, row, items = batch()
    code, vectors, bias = (t.detach() for t in learned)
    scores = linear(code, vectors, bias)
    lengths = torch.bincount(row, minlength=len(code))
    one = lengths.argmax()
    rows, mine = row[row == one], items[row == one]
    exact = scores[one].exp().sum()
    generator, sums = torch.Generator().manual_seed(0), []
    for _ in range(3000):
        drawn = torch.randint(0, 30, (5,), generator=generator)
        loss = loss_over_some(code[one : one + 1], vectors, bias, torch.zeros_like(rows), mine, drawn)
        sums.append((loss + scores[one, mine].sum()) / lengths[one])  # ln of the sum
    sums = torch.stack(sums).exp()
    assert float(sums.mean()) == pytest.approx(float(exact), abs=4 * float(sums.std()) / len(sums) ** 0.5)


@pytest.mark.parametrize("name", THREE)
def test_training_with_sampled_items_goes_on_from_a_checkpoint(name, tmp_path):
    log = random_log(60, 30, 400)
    whole, again = whole_and_resumed(name, log, tmp_path, **SMALL[name], sampled=10, epochs=11, batch=16)
    np.testing.assert_array_equal(again.score(log.histories()), whole.score(log.histories()))


@pytest.mark.parametrize("name", THREE)
def test_the_number_of_threads_changes_nothing(name, monkeypatch):
    found = []
    for threads in ("1", "2"):
        monkeypatch.setenv("VITRINA_THREADS", threads)
        log = random_log(400, 3000, 5000)
        found.append(make(name, **SMALL[name], sampled=500, epochs=1, batch=150).fit(log))
    np.testing.assert_array_equal(found[0].item_vectors_, found[1].item_vectors_)


@pytest.mark.parametrize("name", THREE)
def test_a_million_items_need_no_more_memory_than_their_vectors(name):
    shape = Shape(n_users=500_000, n_items=1_000_000, n_events=20_000_000, n_co_events=2_000_000_000)
    narrow = {"mult-dae": {"layers": (64,)}, "mult-vae": {"layers": (64,)}, "recvae": {"width": 64, "code": 64}}[name]
    all_items, some = (make(name, **narrow, sampled=sampled) for sampled in (0, 10_000))
    assert all_items.memory(shape) > 8e9 > some.memory(shape)
    assert all_items.work(shape) > 3 * some.work(shape)


def test_a_large_catalogue_is_learned_in_seconds():
    """200,000 items; each of 30 groups of people has a dozen that are its own."""
    rng, n_items = np.random.default_rng(0), 200_000
    group = np.arange(600) % 30
    pairs = {(user, 1000 * group[user] + item) for user in range(600) for item in rng.choice(12, 8, replace=False)}
    users, items = np.array(sorted(pairs), np.int32).T
    names = (Vocabulary(pl.Series(range(n)).cast(pl.String), kind) for n, kind in ((600, "user"), (n_items, "item")))
    people, works = names
    log = Dataset(pl.DataFrame({"user": users, "item": items}), people, Catalogue(works, pl.DataFrame()), DatasetInfo(name="toy"))
    began = time.perf_counter()
    model = make("mult-dae", layers=(16,), dropout=0.2, sampled=1000, lr=0.02, batch=100, epochs=5).fit(log)
    assert time.perf_counter() - began < 20
    asked = log.histories().rows(0, 60)
    scores = model.score(asked, (1000 * np.arange(30)[:, None] + np.arange(12)).ravel().astype(np.int32))
    by_group = scores.reshape(60, 30, 12).mean(axis=2)
    assert (by_group.argmax(axis=1) == group[:60]).mean() > 0.95
    never = model.score(asked, np.arange(100_000, 101_000, dtype=np.int32))
    assert (never.max(axis=1) < by_group.max(axis=1)).all()  # what is only ever drawn is pushed down


def test_other_likelihoods_score_all_items():
    with pytest.raises(VitrinaError, match="sampled = 10 matters only with likelihood = multinomial"):
        make("mult-dae", likelihood="logistic", sampled=10)
