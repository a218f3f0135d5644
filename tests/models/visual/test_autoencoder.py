from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from vitrina.errors import DataError, ModelFileError
from vitrina.models.visual.autoencoder import SIDE, Architecture, Autoencoder, train_autoencoder
from vitrina.training.outcome import Standing
from vitrina.training.session import Session

SMALL = Architecture((8, 12), 4)


def drawn(n: int, seed: int = 0) -> NDArray[np.uint8]:
    """Pictures by three hands in turn: stripes of a hand's own direction and step, in two greys that tell nothing of the hand."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    pictures = []
    for i in range(n):
        along = (rows, columns, rows + columns)[i % 3] // (4, 11, 7)[i % 3]
        greys = np.repeat(rng.permutation([rng.integers(20, 90), rng.integers(150, 230)])[:, None], 3, axis=1)
        pictures.append(greys[(along + rng.integers(2)) % 2])
    return np.stack(pictures).astype(np.uint8)


@pytest.fixture(scope="module")
def pictures() -> NDArray[np.uint8]:
    return drawn(48)


@pytest.fixture(scope="module")
def trained(pictures: NDArray[np.uint8]) -> Autoencoder:
    return train_autoencoder(pictures, steps=12, shape=SMALL, columns=16)


def test_codes_are_finite_and_centred(trained: Autoencoder, pictures: NDArray[np.uint8]) -> None:
    codes = trained.encode(pictures)
    assert (codes.dtype, codes.shape, trained.columns) == (np.float32, (48, 16), 16)
    assert np.isfinite(codes).all()
    assert np.abs(codes.mean(axis=0)).max() < 1e-3


def test_training_lowers_the_loss_and_is_reported(pictures: NDArray[np.uint8]) -> None:
    told: list[Standing] = []
    with Session(report=told.append) as session:
        train_autoencoder(pictures, steps=12, shape=SMALL)
    assert session.curve is not None
    losses = [loss for loss in session.curve.loss if loss is not None]
    assert losses[-1] < 0.7 * losses[0]
    assert told[-1].epochs == len(losses)


def test_no_step_leaves_the_random_start(pictures: NDArray[np.uint8]) -> None:
    session = Session()
    with session:
        first, second = (train_autoencoder(pictures, steps=0, seed=seed) for seed in (1, 1))
    assert not session.outcomes
    np.testing.assert_array_equal(first.encode(pictures[:3]), second.encode(pictures[:3]))


def test_the_nearest_picture_is_by_the_same_hand(trained: Autoencoder) -> None:
    codes = trained.encode(drawn(90, seed=5))
    codes /= np.linalg.norm(codes, axis=1, keepdims=True)
    similar = codes @ codes.T
    np.fill_diagonal(similar, -1)
    assert (similar.argmax(axis=1) % 3 == np.arange(90) % 3).mean() > 0.9


def test_the_same_seed_gives_the_same_codes_and_another_does_not(pictures: NDArray[np.uint8]) -> None:
    first, again, other = (train_autoencoder(pictures, steps=4, shape=SMALL, seed=s).encode(pictures[:5]) for s in (3, 3, 4))
    assert np.array_equal(first, again)
    assert not np.allclose(first, other, atol=1e-3)


def test_a_picture_is_encoded_alone_as_in_company(trained: Autoencoder, pictures: NDArray[np.uint8]) -> None:
    alone = np.concatenate([trained.encode(pictures[i : i + 1]) for i in range(40)])
    assert np.allclose(alone, trained.encode(pictures[:40]), atol=1e-3)


def test_weights_are_kept(trained: Autoencoder, pictures: NDArray[np.uint8], tmp_path: Path) -> None:
    trained.save(tmp_path / "weights.safetensors")
    assert np.array_equal(Autoencoder.load(tmp_path / "weights.safetensors").encode(pictures), trained.encode(pictures))


def test_damaged_weights_are_refused(trained: Autoencoder, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    trained.save(path)
    whole = path.read_bytes()
    for damaged in (b"", whole[:100], whole[:-10], b"nonsense" * 50):
        path.write_bytes(damaged)
        with pytest.raises(ModelFileError, match="does not hold an autoencoder"):
            Autoencoder.load(path)
    with pytest.raises(ModelFileError, match="is missing"):
        Autoencoder.load(tmp_path / "none.safetensors")


@pytest.mark.parametrize(
    "architecture",
    [
        "{}",
        "[]",
        '{"channels": [8, 12], "bottleneck": 5}',
        '{"channels": [1e9], "bottleneck": 4}',
        '{"channels": [], "bottleneck": 4}',
        "[" * 9_999,
    ],
)
def test_hostile_weights_are_refused(trained: Autoencoder, tmp_path: Path, architecture: str) -> None:
    path = tmp_path / "weights.safetensors"
    trained.save(path)
    save_file(load_file(path), path, {"format": "1", "architecture": architecture})
    with pytest.raises(ModelFileError, match="does not hold an autoencoder"):
        Autoencoder.load(path)


def test_a_newer_format_is_refused(trained: Autoencoder, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    trained.save(path)
    save_file(load_file(path), path, {"format": "9", "architecture": '{"channels": [8, 12], "bottleneck": 4}'})
    with pytest.raises(ModelFileError, match="its format is 9"):
        Autoencoder.load(path)


@pytest.mark.parametrize("n", [1, 2])
def test_few_pictures_make_short_codes(n: int) -> None:
    found = train_autoencoder(drawn(n), steps=1, shape=SMALL)
    assert found.columns == n
    assert np.isfinite(found.encode(drawn(3))).all()


def test_pictures_of_one_colour_have_codes(trained: Autoencoder) -> None:
    plain = np.zeros((4, SIDE, SIDE, 3), np.uint8)
    assert np.isfinite(trained.encode(plain)).all()
    assert np.isfinite(train_autoencoder(plain, steps=2, shape=SMALL).encode(plain)).all()


@pytest.mark.parametrize(
    "wrong", [np.zeros((0, SIDE, SIDE, 3), np.uint8), np.zeros((2, 8, 8, 3), np.uint8), np.zeros((2, SIDE, SIDE, 3), np.float32)]
)
def test_other_things_are_refused(wrong: NDArray[np.uint8]) -> None:
    with pytest.raises(DataError, match="pictures must be uint8"):
        train_autoencoder(wrong)


def test_a_killed_training_goes_on(pictures: NDArray[np.uint8], tmp_path: Path) -> None:
    expected = train_autoencoder(pictures, steps=6, shape=SMALL).encode(pictures[:3])

    def killed(standing: Standing) -> None:
        if standing.done >= 3:
            raise KeyboardInterrupt

    def session(report: object = None) -> Session:
        return Session(checkpoints=tmp_path, every_seconds=0, report=report)  # type: ignore[arg-type]

    with session(killed), pytest.raises(KeyboardInterrupt):
        train_autoencoder(pictures, steps=6, shape=SMALL)
    with session() as again:
        found = train_autoencoder(pictures, steps=6, shape=SMALL).encode(pictures[:3])
    assert np.array_equal(found, expected)
    assert again.curve is not None
    assert len(again.curve) == 6
