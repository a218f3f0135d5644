"""The pictures of the simulated works: each as its work says, and in its artist's hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vitrina.data.gallery import World, draw_world, gallery_with_pictures
from vitrina.data.gallery.drawing import draw_picture, draw_pictures
from vitrina.data.gallery.drawing.colour import Palette, hue_angle, lab_to_srgb, srgb_to_lab, strongest_chroma
from vitrina.data.gallery.drawing.hand import HABITS, hand_of
from vitrina.data.gallery.drawing.noise import fractal, smooth, streaks
from vitrina.data.gallery.styles import MEDIUMS, STYLE_NAMES, SUBJECTS
from vitrina.data.storage import load_dataset, save_dataset
from vitrina.errors import DataError, VitrinaError

N_STYLES = len(STYLE_NAMES)


@pytest.fixture(scope="module")
def world() -> World:
    return draw_world(0, n_users=1, n_works=600)


@pytest.fixture(scope="module")
def sample(world: World) -> tuple[np.ndarray, np.ndarray]:
    """Works in their artists' main styles, five or so an artist, and their pictures, small ``[n, 96 x 96 at most]``."""
    main = world.works.style == world.artists.styles[world.works.artist, 0]
    works = np.concatenate([np.flatnonzero(main & (world.works.artist == artist))[:5] for artist in range(len(world.artists))])
    return works, np.array([descriptor(draw_picture(world, int(work), longest=96)) for work in works])


def descriptor(picture: Image.Image) -> np.ndarray:
    """Return the roots of the shares of 4 x 4 x 4 colours and of 9 directions of edges, then lightness and saturation."""
    rgb = np.asarray(picture, np.float32)
    bins = (rgb // 64).astype(int) @ np.array([16, 4, 1])
    colours = np.bincount(bins.ravel(), minlength=64) / bins.size
    down, right = np.gradient(rgb.mean(-1))
    turn = ((np.arctan2(down, right) % np.pi) / np.pi * 9).astype(int) % 9
    edges = np.bincount(turn.ravel(), np.hypot(down, right).ravel(), minlength=9)
    top, bottom = rgb.max(-1), rgb.min(-1)
    lightness, saturation = np.mean(top + bottom) / 510, np.mean((top - bottom) / np.maximum(top, 1))
    return np.concatenate([np.sqrt(colours), np.sqrt(edges / edges.sum()), [lightness, saturation]])


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        picture.load()
        return picture.size


def with_works(world: World, **columns: object) -> World:
    return replace(world, works=replace(world.works, **columns))


def repainted(world: World, style: int, medium: int, subject: int) -> World:
    """The same world with all works in one style, medium and subject."""
    n = len(world.works)
    return with_works(world, style=np.full(n, style), medium=np.full(n, medium), subject=np.full(n, subject))


class TestEveryWork:
    @pytest.mark.parametrize("style", range(N_STYLES), ids=STYLE_NAMES)
    def test_is_not_flat_whatever_its_style_and_shape(self, world: World, style: int) -> None:
        of_style = np.flatnonzero(world.works.style == style)
        by_shape = [of_style[world.works.orientation[of_style] == shape] for shape in ("portrait", "landscape", "square")]
        for longest, works in zip((64, 200, 320), by_shape, strict=True):
            picture = draw_picture(world, int(works[0]), longest=longest)
            assert max(picture.size) == longest
            assert picture.mode == "RGB"
            pixels = np.asarray(picture).reshape(-1, 3)
            assert pixels.astype(float).std(0).max() > 4
            assert len(np.unique(pixels, axis=0)) > min(400, len(pixels) // 8)

    @pytest.mark.parametrize("style", range(N_STYLES), ids=STYLE_NAMES)
    def test_every_hand_can_draw_every_subject(self, world: World, style: int) -> None:
        """An artist who for once takes up another style brings subjects that this style does not have by itself."""
        for subject in range(len(SUBJECTS)):
            other = repainted(world, style, (style + subject) % len(MEDIUMS), subject)
            for work in range(subject, subject + 4):
                assert np.asarray(draw_picture(other, work, longest=40)).std() > 1

    @pytest.mark.parametrize("medium", range(len(MEDIUMS)), ids=MEDIUMS)
    def test_the_medium_shows(self, world: World, medium: int) -> None:
        one, other = (
            draw_picture(repainted(world, 0, code, 0), 3, longest=96).convert("L")
            for code in (medium, (medium + 1) % len(MEDIUMS))
        )
        size = (min(one.width, other.width), min(one.height, other.height))
        assert np.abs(np.asarray(one.resize(size), float) - np.asarray(other.resize(size), float)).mean() > 1

    def test_has_the_shape_of_its_work(self, world: World) -> None:
        for work in range(0, 600, 60):
            width, height = draw_picture(world, work, longest=160).size
            assert width / height == pytest.approx(world.works.width[work] / world.works.height[work], rel=0.02)

    @pytest.mark.parametrize("style", range(N_STYLES), ids=STYLE_NAMES)
    @pytest.mark.parametrize(("width", "height"), [(1000, 1), (1, 1000), (30, 1), (1, 1)])
    def test_odd_shapes(self, world: World, style: int, width: int, height: int) -> None:
        n = len(world.works)
        odd = with_works(world, style=np.full(n, style), width=np.full(n, width), height=np.full(n, height))
        for work in range(5):
            assert max(draw_picture(odd, work, longest=60).size) == 60

    @pytest.mark.parametrize("style", range(N_STYLES), ids=STYLE_NAMES)
    @pytest.mark.parametrize("longest", [1, 2, 5, 16])
    def test_tiny_pictures(self, world: World, style: int, longest: int) -> None:
        for work in np.flatnonzero(world.works.style == style)[:6]:
            assert max(draw_picture(world, int(work), longest=longest).size) == longest

    def test_extreme_palettes(self, world: World) -> None:
        for row in ([0, 0, 0, 0.03, 0], [0.999, 0.5, 1, 0.97, 1], [0.3, 0.3, 1, 0.5, 0], [0.6, 0.1, 0, 0.97, 1]):
            extreme = with_works(world, palette=np.tile(np.array(row, float), (600, 1)))
            for work in range(24):
                assert np.isfinite(np.asarray(draw_picture(extreme, work, longest=32), float)).all()

    def test_only_works_that_exist(self, world: World) -> None:
        for work in (-1, 600):
            with pytest.raises(DataError, match="600 works"):
                draw_picture(world, work)
        with pytest.raises(DataError, match="at least 1 pixel"):
            draw_picture(world, 0, longest=0)


class TestLikeness:
    def test_pictures_have_the_lightness_and_saturation_of_their_works(
        self, world: World, sample: tuple[np.ndarray, np.ndarray]
    ) -> None:
        works, seen = sample
        _, _, saturation, lightness, _ = world.works.palette[works].T
        assert np.corrcoef(lightness, seen[:, -2])[0, 1] > 0.85
        assert np.corrcoef(saturation, seen[:, -1])[0, 1] > 0.75

    def test_pictures_have_the_hue_of_their_works(self, world: World) -> None:
        """Where a work is coloured, its mean colour points towards its hue or lies on the way to its accent."""
        works = np.flatnonzero((world.works.palette[:, 2] > 0.5) & (world.works.palette[:, 3] > 0.35))[:120]
        away = []
        for work in works:
            mean = srgb_to_lab(np.asarray(draw_picture(world, int(work), longest=48), float) / 255).mean((0, 1))
            away.append(np.angle(np.exp(1j * (np.arctan2(mean[2], mean[1]) - hue_angle(world.works.palette[work, 0])))))
        assert np.mean(np.cos(away)) > 0.5
        assert np.median(np.abs(away)) < 0.7

    def test_an_artists_works_are_most_alike(self, world: World, sample: tuple[np.ndarray, np.ndarray]) -> None:
        works, seen = sample
        artist, style = world.works.artist[works], world.works.style[works]
        far = ((seen[:, None, :-2] - seen[None, :, :-2]) ** 2).sum(-1)
        np.fill_diagonal(far, np.inf)
        nearest = far.argmin(1)
        assert np.mean(artist[nearest] == artist) > 0.5  # by chance: 1 of 60
        # Not for their style alone: among works of the same style the artist tells, too (by chance: about 1 of 5).
        far[style[:, None] != style] = np.inf
        assert np.mean(artist[far.argmin(1)] == artist) > 0.7

    def test_artists_of_a_style_lay_out_differently(self, world: World) -> None:
        for style in range(N_STYLES):
            artists = np.flatnonzero(world.artists.styles[:, 0] == style)
            habits = {hand_of(world.artists, int(artist), 0).habit for artist in artists}
            assert len(habits) == min(HABITS, len(artists))


class TestTheSame:
    def test_for_the_same_seed(self, world: World) -> None:
        again = draw_world(0, n_users=1, n_works=600)
        for work in (0, 123, 599):
            assert draw_picture(world, work, longest=64).tobytes() == draw_picture(again, work, longest=64).tobytes()
        other = draw_world(1, n_users=1, n_works=600)
        assert draw_picture(world, 0, longest=64).tobytes() != draw_picture(other, 0, longest=64).tobytes()

    def test_two_works_alike_in_all_are_two_pictures(self, world: World) -> None:
        same = with_works(world, palette=np.tile(world.works.palette[:1], (600, 1)), artist=np.zeros(600, int))
        same = with_works(same, width=np.full(600, 50), height=np.full(600, 50), style=np.zeros(600, int))
        assert draw_picture(same, 0, longest=64).tobytes() != draw_picture(same, 1, longest=64).tobytes()


class TestFolder:
    def test_some_works_are_drawn_as_among_all(self, tmp_path: Path) -> None:
        small = draw_world(5, n_users=1, n_works=9, n_artists=4)
        ids = [f"w{n}" for n in range(9)]
        told: list[tuple[int, int]] = []
        draw_pictures(small, tmp_path / "all", ids=ids, progress=lambda done, total: told.append((done, total)))
        draw_pictures(small, tmp_path / "some", ids=ids, works=[4, 7])
        assert told == [(n, 9) for n in range(1, 10)]
        assert sorted(p.name for p in (tmp_path / "all").iterdir()) == [f"w{n}.jpg" for n in range(9)]
        assert sorted(p.name for p in (tmp_path / "some").iterdir()) == ["w4.jpg", "w7.jpg"]
        for name in ("w4.jpg", "w7.jpg"):
            assert (tmp_path / "some" / name).read_bytes() == (tmp_path / "all" / name).read_bytes()

    def test_processes_draw_the_same(self, tmp_path: Path) -> None:
        small = draw_world(5, n_users=1, n_works=4, n_artists=2)
        for processes in (False, True):
            draw_pictures(small, tmp_path / str(processes), ids=list("abcd"), processes=processes)
        for name in ("a.jpg", "d.jpg"):
            assert (tmp_path / "True" / name).read_bytes() == (tmp_path / "False" / name).read_bytes()

    def test_interrupted(self, tmp_path: Path) -> None:
        small = draw_world(0, n_users=1, n_works=200, n_artists=4)

        def stop(done: int, total: int) -> None:
            if done == 3:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            draw_pictures(small, tmp_path, ids=[str(n) for n in range(200)], progress=stop)
        files = list(tmp_path.iterdir())
        assert 3 <= len(files) < 100
        for file in files:
            assert file.suffix == ".jpg"
            assert max(size(file)) == 320

    def test_one_work(self, tmp_path: Path) -> None:
        draw_pictures(draw_world(0, n_users=1, n_works=1, n_artists=1), tmp_path, ids=["only"])
        assert max(size(tmp_path / "only.jpg")) == 320

    def test_no_work(self, world: World, tmp_path: Path) -> None:
        draw_pictures(world, tmp_path / "none", ids=[str(n) for n in range(600)], works=[])
        assert not list((tmp_path / "none").iterdir())

    def test_what_cannot_be_drawn(self, world: World, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="2 ids for 600 works"):
            draw_pictures(world, tmp_path, ids=["a", "b"])
        with pytest.raises(DataError, match="work 600"):
            draw_pictures(world, tmp_path, ids=[str(n) for n in range(600)], works=[0, 600])
        (tmp_path / "file").write_text("in the way")
        with pytest.raises(VitrinaError, match="cannot write"):
            draw_pictures(world, tmp_path / "file", ids=[str(n) for n in range(600)], works=[0])

    def test_a_data_set_with_pictures(self, tmp_path: Path) -> None:
        data = gallery_with_pictures(3, tmp_path / "drawn", n_users=12, n_works=8, n_artists=3, likes_per_user=4.0)
        assert data.catalogue.picture(7) == tmp_path / "drawn/w0008.jpg"
        save_dataset(data, tmp_path / "shop")
        loaded = load_dataset(tmp_path / "shop")
        for code in range(8):
            picture = loaded.catalogue.picture(code)
            assert picture is not None
            wide, high = loaded.catalogue.table.select("width_cm", "height_cm").row(code)
            shown = size(picture)
            assert shown[0] / shown[1] == pytest.approx(wide / high, rel=0.02)


class TestColour:
    def test_there_and_back(self) -> None:
        srgb = np.random.default_rng(0).random((500, 3))
        np.testing.assert_allclose(lab_to_srgb(srgb_to_lab(srgb).astype(np.float32)), srgb, atol=0.002)

    def test_known_values(self) -> None:
        """The values that Ottosson gives for white and that follow for black; red's hue in OKLab is 29 degrees."""
        np.testing.assert_allclose(srgb_to_lab(np.array([[1.0, 1, 1], [0, 0, 0]])), [[1, 0, 0], [0, 0, 0]], atol=1e-3)
        np.testing.assert_allclose(srgb_to_lab(np.array([1.0, 0, 0])), [0.628, 0.225, 0.126], atol=1e-3)
        assert np.degrees(hue_angle(0.0)) == pytest.approx(29.2, abs=0.2)

    def test_the_strongest_chroma_is_the_edge_of_what_a_screen_shows(self) -> None:
        red = srgb_to_lab(np.array([1.0, 0, 0]))
        found = strongest_chroma(red[:1], np.array([np.arctan2(red[2], red[1])]))
        assert found[0] == pytest.approx(np.hypot(red[1], red[2]), rel=0.05)
        assert strongest_chroma(np.array([0.0, 1.0]), np.zeros(2)).max() < 0.03

    def test_tones_go_from_dark_to_light(self) -> None:
        palette = Palette(0.1, 0.6, 0.7, 0.5, 0.8, np.zeros((6, 3)))
        lightness = palette.tones(np.linspace(-1, 1, 9), np.zeros(9), np.ones(9))[:, 0]
        assert (np.diff(lightness) > 0).all()
        assert 0.1 < lightness[0] < lightness[-1] < 0.98


@pytest.mark.parametrize("make", [smooth, fractal])
@pytest.mark.parametrize("cell", [1, 5, 40, 900])
def test_noise_has_its_size_and_about_its_spread(make, cell: float) -> None:
    fields = np.stack([make(np.random.default_rng(seed), 60, 90, cell) for seed in range(200 if cell > 30 else 10)])
    assert fields.shape[1:] == (60, 90)
    assert 0.6 < fields.std() < 1.5


@pytest.mark.parametrize("angle", [0.0, 0.5, np.pi / 2, -2.0])
def test_streaks_run_along_their_angle(angle: float) -> None:
    field = streaks(np.random.default_rng(0), 120, 120, angle, 30, 2)
    down, right = np.gradient(field)
    along = right * np.cos(angle) + down * np.sin(angle)
    across = down * np.cos(angle) - right * np.sin(angle)
    assert along.std() < 0.25 * across.std()
