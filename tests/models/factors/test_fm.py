from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch
from scipy.sparse import csr_matrix

from tests.models.logs import checkerboard, log, random_log
from vitrina.data.catalogue import Catalogue
from vitrina.data.dataset import Dataset
from vitrina.data.queries import Queries
from vitrina.data.vocabulary import Vocabulary
from vitrina.errors import UnknownNameError, VitrinaError
from vitrina.models.factors.fm_network import FMNetwork
from vitrina.models.factors.side_features import fit_reductions, side_features
from vitrina.models.registry import make
from vitrina.training.negatives import uniform
from vitrina.training.outcome import Standing
from vitrina.training.plan import Moment
from vitrina.training.session import Session

N_ITEMS, N_COLUMNS, D = 9, 5, 4


def network(side: np.ndarray, *, x: csr_matrix | None = None, power: float = 0.5, seed: int = 0) -> FMNetwork:
    """A machine in float64 whose parameters are all far from zero."""
    x = csr_matrix(np.ones((1, len(side)), np.float32)) if x is None else x
    built = FMNetwork(x, csr_matrix(side), uniform(len(side)), factors=D, init=0.7, power=power, seed=seed).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in built.parameters():
            parameter += torch.normal(0.0, 0.7, parameter.shape, generator=generator, dtype=torch.float64)
    return built


def fitted_from(built: FMNetwork, power: float):
    """The model that has learned what ``built`` holds."""
    return make("fm", factors=D, power=power)._with(built)


def double_sum(built: FMNetwork, side: np.ndarray, history: list[int], item: int, power: float) -> float:
    """Equation 1 of the paper, word by word, on the features of one example."""
    x = np.concatenate([np.zeros(2 * len(side)), side[item]])
    x[item] = 1
    x[[len(side) + i for i in history]] = len(history) ** -power if history else 0
    tables = [(built.item, built.item_bias), (built.history, built.history_bias), (built.side, built.side_bias)]
    v = np.concatenate([vectors.detach().numpy() for vectors, _ in tables])
    w = np.concatenate([biases.detach().numpy() for _, biases in tables])[:, 0]
    y = built.bias.item() + w @ x
    for i in range(len(x)):
        for j in range(i + 1, len(x)):
            y += v[i] @ v[j] * x[i] * x[j]
    return y


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("n_columns", [0, N_COLUMNS])
def test_scores_are_the_double_sum_over_all_pairs(power, n_columns):
    rng = np.random.default_rng(0)
    side = (rng.normal(size=(N_ITEMS, n_columns)) * (rng.random((N_ITEMS, n_columns)) < 0.6)).astype(np.float32)
    built = network(side, power=power)
    histories = [[], [3], [0, 1, 8], list(range(N_ITEMS))]
    scores = fitted_from(built, power).score(Queries.from_lists(histories, np.arange(N_ITEMS, dtype=np.uint64)))
    right = [[double_sum(built, side, history, item, power) for item in range(N_ITEMS)] for history in histories]
    assert scores == pytest.approx(np.array(right), rel=1e-4, abs=1e-4)


def test_what_is_trained_is_what_is_scored():
    """The logits of an event are the scores of the person's other items."""
    rng = np.random.default_rng(1)
    x = csr_matrix((rng.random((6, N_ITEMS)) < 0.5).astype(np.float32))
    x = x[np.diff(x.indptr) > 0]
    side = rng.normal(size=(N_ITEMS, N_COLUMNS)).astype(np.float32)
    built, samples = network(side, x=x), torch.tensor([2, 0, 4])
    moment = Moment(1, 0, 1, torch.Generator().manual_seed(7))
    positive, negative, _ = built.logits(samples, moment, negatives=3)
    events = [(u, i) for u in samples.tolist() for i in x[u].indices.tolist()]
    drawn = built.sampler.draw(torch.tensor([u for u, _ in events]), 3, moment.generator.manual_seed(7))
    others = [[j for j in x[u].indices.tolist() if j != i] for u, i in events]
    for n, (_, item) in enumerate(events):
        assert positive[n].item() == pytest.approx(double_sum(built, side, others[n], item, 0.5), rel=1e-5)
        for k in range(3):
            right = double_sum(built, side, others[n], int(drawn[n, k]), 0.5)
            assert negative[n, k].item() == pytest.approx(right, rel=1e-5)


def test_one_hot_is_biased_matrix_factorisation():
    """One item in the place of the user, no side features: y = w0 + b_u + b_i + v_u . v_i."""
    built = network(np.zeros((N_ITEMS, 0), np.float32))
    queries = Queries.from_lists([[u] for u in range(N_ITEMS)], np.arange(N_ITEMS, dtype=np.uint64))
    of_users, of_items = built.history_bias.detach().numpy(), built.item_bias.detach().numpy()
    right = built.bias.item() + of_users + of_items.T + built.history.detach().numpy() @ built.item.detach().numpy().T
    assert fitted_from(built, 0.5).score(queries) == pytest.approx(right, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("kind", ["logistic", "bpr"])
@pytest.mark.parametrize("power", [0.0, 0.5])
def test_gradients_are_those_of_finite_differences(kind, power):
    rng = np.random.default_rng(2)
    x = csr_matrix((rng.random((5, N_ITEMS)) < 0.5).astype(np.float32))
    built = network(rng.normal(size=(N_ITEMS, N_COLUMNS)).astype(np.float32), x=x[np.diff(x.indptr) > 0], power=power)
    generator = torch.Generator()

    def loss() -> torch.Tensor:
        moment = Moment(1, 0, 1, generator.manual_seed(3))
        return built.loss(torch.tensor([0, 1, 2]), moment, kind=kind, negatives=2, reg=0.1)

    loss().backward()
    epsilon = 1e-5
    for name, parameter in built.named_parameters():
        assert parameter.grad is not None, name
        flat, numeric = parameter.data.view(-1), torch.zeros(parameter.numel(), dtype=torch.float64)
        for n in range(len(flat)):
            before = flat[n].item()
            values = []
            for step in (epsilon, -epsilon):
                flat[n] = before + step
                values.append(loss().item())
            flat[n] = before
            numeric[n] = (values[0] - values[1]) / (2 * epsilon)
        error = (parameter.grad.view(-1) - numeric).norm() / (parameter.grad.norm() + numeric.norm() + 1e-12)
        assert error < 1e-6, name


def test_regularisation_counts_the_squares_of_what_an_event_meets():
    """A person with items 0 and 1, and item 2 drawn for each; parameters count by the square of their feature."""
    x = csr_matrix(np.array([[1, 1, 0]], np.float32))
    side = np.array([[1, 0], [0, -2], [-1, 1]], np.float32)
    built = FMNetwork(x, csr_matrix(side), uniform(3, x), factors=2, init=0.5, power=0.5, seed=0)
    *_, size = built.logits(torch.tensor([0]), Moment(1, 0, 1, torch.Generator()), negatives=1)

    def squares(vectors, biases):
        return (vectors.square().sum(dim=1) + biases[:, 0].square()).detach().numpy()

    candidates = squares(built.item, built.item_bias) + side**2 @ squares(built.side, built.side_bias)
    histories = squares(built.history, built.history_bias)
    by_hand = candidates[2] + candidates[:2].mean() + histories[:2].mean()
    assert size.item() == pytest.approx(by_hand, rel=1e-5)


# --- what it learns


def styles(seed: int = 0, n_users: int = 120, n_items: int = 80, n_styles: int = 4) -> tuple[Dataset, np.ndarray, np.ndarray]:
    """People who like one style each; a quarter of the items has no events. Returns also the style of people and of items."""
    rng = np.random.default_rng(seed)
    of_item, of_user = rng.integers(0, n_styles, n_items), rng.integers(0, n_styles, n_users)
    seen = np.arange(n_items) < 3 * n_items // 4
    pairs = []
    for user in range(n_users):
        mine = np.flatnonzero((of_item == of_user[user]) & seen)
        pairs += [(f"u{user}", f"i{i}") for i in rng.choice(mine, min(6, len(mine)), replace=False)]
        pairs.append((f"u{user}", f"i{rng.choice(np.flatnonzero(seen))}"))
    items = pl.DataFrame(
        {
            "id": [f"i{i}" for i in range(n_items)],
            "style": [f"style {s}" for s in of_item],
            "year": (1900 + 20 * of_item + rng.integers(0, 5, n_items)).tolist(),
        }
    )
    dataset = log(pairs, items=items, users=pl.DataFrame({"id": [f"u{u}" for u in range(n_users)]}))
    vectors = np.eye(n_styles, dtype=np.float32)[of_item] + rng.normal(0, 0.1, (n_items, n_styles)).astype(np.float32)
    return replace(dataset, catalogue=replace(dataset.catalogue, features={"picture": vectors})), of_user, of_item


def never_seen_in_order(dataset: Dataset, of_user: np.ndarray, of_item: np.ndarray, **settings) -> float:
    """Share of pairs of never-seen items, one of the person's style and one of another, that are in the right order."""
    model = make("fm", factors=16, lr=0.02, epochs=25, batch=256, **settings).fit(dataset)
    never = np.flatnonzero(dataset.popularity == 0)
    scores = model.score(dataset.histories())[:, never]
    mine = of_user[:, None] == of_item[never]
    return float(np.mean([(row[own][:, None] > row[~own]).mean() for row, own in zip(scores, mine, strict=True) if own.any()]))


@pytest.mark.parametrize(
    "settings", [{}, {"attributes": ["style"]}, {"attributes": [], "features": ["picture"]}, {"loss": "bpr"}], ids=str
)
def test_side_features_rank_items_that_nobody_has_met(settings):
    assert never_seen_in_order(*styles(), **settings) > 0.9


def test_without_side_features_items_that_nobody_has_met_are_all_alike():
    dataset, *_ = styles()
    model = make("fm", factors=8, epochs=2, attributes=[]).fit(dataset)
    never = model.score(dataset.histories(), np.flatnonzero(dataset.popularity == 0).astype(np.int32))
    assert (never == never[:, :1]).all()


def test_attributes_that_have_nothing_to_do_with_taste_do_not_help():
    dataset, of_user, of_item = styles()
    found = []
    for seed in range(8):
        shuffled = pl.Series("style", [f"style {s}" for s in np.random.default_rng(seed).permutation(of_item)])
        catalogue = replace(dataset.catalogue, table=dataset.catalogue.table.with_columns(shuffled))
        found.append(never_seen_in_order(replace(dataset, catalogue=catalogue), of_user, of_item))
    assert abs(np.mean(found) - 0.5) < 0.15


def test_validation_chooses_the_epoch_and_the_curve_is_kept():
    board = checkerboard()
    values = iter([0.1, 0.3, 0.2, 0.2, 0.2, 0.2])
    standings: list[Standing] = []
    with Session(report=standings.append) as session:
        model = make("fm", factors=8, epochs=40).fit(board.train, lambda scorer: next(values))
    assert session.curve is not None
    assert session.curve.metric == [0.1, 0.3, 0.2, 0.2, 0.2, 0.2]
    assert model.epochs_ == 2
    assert standings[-1].metric == 0.2


def test_an_explosion_is_told():
    with pytest.raises(VitrinaError, match=r"fm: the weights exploded .* Use a smaller learning rate than 1e\+20"):
        make("fm", factors=8, lr=1e20).fit(random_log(30, 20, 300))


def test_people_who_consumed_everything_are_no_trouble():
    everything = [("all", f"i{i}") for i in range(4)]
    scores = make("fm", factors=4, epochs=3).fit(log([*everything, ("some", "i1"), ("some", "i2")]))
    assert np.isfinite(scores.item_vectors_).all()
    nobody_to_learn_from = make("fm", factors=4, epochs=3).fit(log(everything))
    assert nobody_to_learn_from.epochs_ == 3


@pytest.mark.needs_data
def test_learns_movielens_clearly_better_than_popularity():
    from vitrina.data.known import locate, open_dataset
    from vitrina.data.splits.protocols import make_split
    from vitrina.evaluation.evaluate import evaluate

    if locate("ml-100k") is None:
        pytest.skip("needs ml-100k under VITRINA_DATA")
    split = make_split(open_dataset("ml-100k"), "default", seed=0)
    found = {}
    for model in (make("popular"), make("fm", factors=32, lr=0.01, epochs=8)):
        model.fit(split.train)
        found[model.name] = evaluate(model, split.validation, split.train, ["ndcg@10"], seed=0).metrics["ndcg@10"]
    assert found["fm"] > 1.5 * found["popular"]


# --- side features


def catalogue(**columns):
    table = {"id": [f"i{i}" for i in range(4)], **columns}
    return log([("u", "i0")], items=pl.DataFrame(table)).catalogue


def test_dense_features_are_reduced_and_items_without_one_are_zeros():
    """Rows have the length 1 on average; what is sparse stays as it is."""
    rng = np.random.default_rng(0)
    dense = rng.normal(3, 1, (4, 50)).astype(np.float32)
    dense[2] = np.nan
    words = csr_matrix(np.eye(4, 3, dtype=np.float32))
    shop = replace(catalogue(), features={"dnn": dense, "words": words})
    reductions = fit_reductions(shop, ["dnn", "words"], 2)
    assert reductions[1] is None
    found = side_features(shop, [], ["dnn", "words"], reductions=reductions).toarray()
    assert found.shape == (4, 5)
    assert (found[2] == [0, 0, 0, 0, 1]).all()
    assert np.linalg.norm(found[[0, 1, 3], :2], axis=1).mean() == pytest.approx(1, rel=1e-5)
    as_it_is = side_features(shop, [], ["dnn"]).toarray()
    assert as_it_is[[0, 1, 3]] == pytest.approx(dense[[0, 1, 3]])
    assert not as_it_is[2].any()


def test_items_that_come_later_are_scored_as_if_they_had_been_there():
    """The last items have no events: a model that knew them at training gives them the same scores."""
    dataset, *_ = styles()
    features = np.random.default_rng(0).normal(size=(80, 40)).astype(np.float32)
    features[[3, 77]] = np.nan
    catalogue = replace(dataset.catalogue, features={"dnn": features})
    first = Catalogue(Vocabulary(catalogue.items.ids[:60], "item"), catalogue.table[:60], {"dnn": features[:60]})
    settings = {"factors": 8, "epochs": 3, "attributes": ["style", "year"], "features": ["dnn"], "reduce": 5}
    model = make("fm", **settings).fit(replace(dataset, catalogue=first))
    longer = model.with_items(catalogue)
    assert len(model.item_vectors_) == 60
    queries = dataset.histories()
    np.testing.assert_array_equal(longer.score(queries)[:, :60], model.score(queries))
    side = side_features(catalogue, ["style", "year"], ["dnn"], reductions=model._reductions(catalogue), n_known=60)
    v, w = model.side_vectors_, model.side_biases_
    for item in (61, 77):
        x = side[item].toarray()[0]
        pairs = sum(v[a] @ v[b] * x[a] * x[b] for a in range(x.size) for b in range(a))
        assert longer.item_vectors_[item] == pytest.approx(x @ v, abs=1e-5)
        assert longer.item_biases_[item] == pytest.approx(x @ w + pairs, abs=1e-5)
    other = replace(catalogue, table=catalogue.table.with_columns(style=pl.lit("one")))
    with pytest.raises(VitrinaError, match="Its first 60 items must be those of training"):
        model.with_items(other)


def test_text_attributes_become_columns_and_values_of_one_item_do_not():
    found = side_features(catalogue(style=["a", "b", "a", None], note=["x", "y", "z", "w"]), ["*"], [])
    assert found.toarray().tolist() == [[1], [0], [1], [0]]
    assert found.dtype == np.float32


def test_the_values_of_a_list_share_the_weight_one():
    found = side_features(catalogue(tags=[["a", "b"], ["b"], ["a", "a"], []]), ["tags"], [])
    assert found.toarray() == pytest.approx(np.array([[0.5, 0.5], [0, 1], [1, 0], [0, 0]]))


def test_numbers_are_taken_when_named_and_standardised():
    shop = catalogue(year=[1900, 1910, None, 1920], same=[3, 3, 3, 3])
    assert side_features(shop, ["*"], []).shape == (4, 0)
    found = side_features(shop, ["year", "same"], []).toarray()
    assert found[:, 0] == pytest.approx(np.array([-1, 0, 0, 1]) * np.sqrt(1.5))
    assert found.shape == (4, 1)


def test_feature_matrices_dense_and_sparse_are_taken_as_they_are():
    dense = np.array([[1, 0], [0, 0], [2, 0], [0, 0]], np.float32)
    for matrix in (dense, csr_matrix(dense)):
        shop = replace(catalogue(), features={"evf": matrix})
        assert side_features(shop, [], ["evf"]).toarray().tolist() == [[1], [0], [2], [0]]


def test_wrong_names_and_values_are_told():
    shop = replace(
        catalogue(style=["a", "b", "a", "b"], when=[[1], [2], [1], [2]]), features={"evf": np.array([[1], [np.inf], [0], [2]])}
    )
    with pytest.raises(UnknownNameError, match=r"unknown attribute 'stile'. Did you mean 'style'"):
        side_features(shop, ["stile"], [])
    with pytest.raises(UnknownNameError, match=r"unknown feature 'evv'. Did you mean 'evf'"):
        side_features(shop, [], ["evv"])
    with pytest.raises(VitrinaError, match="infinite or missing values in 1 rows"):
        side_features(shop, [], ["evf"])
    with pytest.raises(VitrinaError, match="attribute 'when' is List"):
        side_features(shop, ["when"], [])
