from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vitrina.report.map.thumbnails import SIDES, SMALLEST, open_thumbnail, per_sheet, read_thumbnails, sheets, side_for


def test_sides_shrink_with_the_number_of_works_and_fit_the_blocks_of_jpeg():
    sides = [side_for(n) for n in (1, 1_138, 4_000, 8_000, 25_000, 50_000, 100_000)]
    assert sides == sorted(sides, reverse=True)
    assert all(side % 8 == 0 for _, side in SIDES)
    assert sides[-1] == SMALLEST


def test_pictures_of_every_kind(folder: Path):
    grey = np.full((40, 60), 32768, np.uint16)
    made = {
        "rgb.png": Image.new("RGB", (60, 40), (255, 0, 0)),
        "clear.png": Image.new("RGBA", (60, 40), (255, 0, 0, 0)),
        "palette.gif": Image.new("P", (60, 40), 3),
        "cmyk.jpg": Image.new("CMYK", (60, 40), (0, 255, 255, 0)),
        "deep.png": Image.fromarray(grey),
        "one.bmp": Image.new("1", (60, 40), 1),
    }
    seen = {}
    for name, image in made.items():
        image.save(folder / name)
        small = open_thumbnail(folder / name, 32)
        assert small.mode == "RGB"
        assert small.size == (32, 21)
        seen[name] = np.asarray(small).mean(axis=(0, 1))
    assert seen["rgb.png"] == pytest.approx([255, 0, 0])
    assert seen["clear.png"] == pytest.approx([255, 255, 255])
    assert seen["deep.png"] == pytest.approx([128, 128, 128], abs=1)
    assert seen["cmyk.jpg"][0] > 200 > 60 > seen["cmyk.jpg"][1]


def test_a_turned_photograph_stands_upright(folder: Path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (60, 40)).save(folder / "turned.jpg", exif=exif)
    assert open_thumbnail(folder / "turned.jpg", 30).size == (20, 30)


def test_what_is_no_picture_is_none(folder: Path):
    (folder / "text.jpg").write_text("no picture")
    whole = io.BytesIO()
    Image.effect_noise((400, 400), 90).save(whole, "JPEG")
    (folder / "cut.jpg").write_bytes(whole.getvalue()[:2000])
    head = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (60_000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"
    (folder / "bomb.png").write_bytes(head + b"\x00" * 4)
    for path in (folder / "text.jpg", folder / "cut.jpg", folder / "bomb.png", folder / "nowhere.jpg", folder, None):
        assert open_thumbnail(path, 32) is None


def test_a_very_long_picture_keeps_a_pixel(folder: Path):
    Image.new("RGB", (4000, 2)).save(folder / "line.png")
    assert open_thumbnail(folder / "line.png", 32).size == (32, 1)


def test_every_thumbnail_lies_in_its_cell(folder: Path, monkeypatch: pytest.MonkeyPatch):
    import vitrina.report.map.thumbnails as module

    monkeypatch.setattr(module, "SHEET", 128)
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 255, (23, 3))
    for i, colour in enumerate(colours):
        Image.new("RGB", (64, 40) if i % 2 else (40, 64), tuple(int(c) for c in colour)).save(folder / f"{i}.png")
    paths: list[Path | None] = [folder / f"{i}.png" for i in range(23)]
    paths[7] = None
    told: list[int] = []
    found = read_thumbnails(paths, 64, lambda: told.append(1))
    assert len(told) == 23
    assert found.present.tolist() == [i != 7 for i in range(23)]
    assert found.boxes[0].tolist() == [0.625, 1.0]
    assert np.abs(found.colours[found.present].astype(int) - colours[found.present]).max() <= 1
    for side in (64, 32):
        made = [Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))) for uri in sheets(found, side, 92)]
        each = per_sheet(side)
        assert len(made) == -(-23 // each)
        columns = 128 // side
        for i in range(23):
            if i == 7:
                continue
            x, y = i % each % columns * side, i % each // columns * side
            cell = np.asarray(made[i // each].crop((x + 4, y + 4, x + side // 2, y + side // 2))).astype(int)
            assert np.abs(cell.mean(axis=(0, 1)) - colours[i]).max() < 6
