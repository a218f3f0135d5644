from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from vitrina.report.map import Marks, WorkMap, draw_map_png, map_figure, user_figures
from vitrina.report.map.marks import grouped, styles
from vitrina.report.map.picture import _colour, _frame, _thinned


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def count(image: Image.Image, colour: str) -> int:
    return int((np.asarray(image.convert("RGB")).reshape(-1, 3) == _colour(colour)).all(axis=1).sum())


def test_the_picture_shows_every_work_where_it_lies(work_map: WorkMap):
    data = draw_map_png(work_map, width=1200)
    assert data.startswith(b"\x89PNG")
    assert data == draw_map_png(work_map, width=1200)
    image = opened(data)
    assert image.width == 1200
    frame = _frame(work_map, 1200)
    for row in _thinned(work_map, frame)[:20]:
        pixel = image.getpixel(tuple(int(c) for c in frame.centres[row]))
        if work_map.thumbnails.present[row]:
            assert np.abs(np.array(pixel) - work_map.thumbnails.colours[row]).max() < 5


def test_where_there_is_no_room_fewer_are_drawn_and_none_is_hidden(work_map: WorkMap):
    crowded = replace(work_map, positions=work_map.positions * 0.01, side=work_map.side * 0.2)
    frame = replace(_frame(crowded, 400), side=150.0)
    shown = _thinned(crowded, frame)
    assert 1 <= len(shown) < len(crowded) / 2
    assert len(_thinned(work_map, _frame(work_map, 2400))) > 0.9 * len(work_map)


def test_marks_are_frames_of_their_colour_and_the_rest_fades(work_map: WorkMap, marks: list[Marks]):
    plain, marked = opened(draw_map_png(work_map, width=900)), opened(draw_map_png(work_map, marks, width=900))
    for style in styles(marks)[1:]:
        assert count(plain, style.colour) == 0
        assert count(marked, style.colour) > 200
    assert marked.height > plain.height  # the legend
    saturation = [np.ptp(np.asarray(i.crop((0, 0, *plain.size)), int), axis=2).mean() for i in (plain, marked)]
    assert saturation[1] < 0.7 * saturation[0]


def test_groups_are_thin_frames_and_nothing_fades(work_map: WorkMap):
    groups, _ = grouped(work_map.dataset.catalogue, "style", work_map.codes)
    image = opened(map_figure(work_map, groups, width=450, format="PNG"))
    for style in styles(groups):
        assert count(image, style.colour) > 100


def test_small_multiples_show_one_method_each(work_map: WorkMap, marks: list[Marks]):
    figures = user_figures(work_map, marks[0], marks[1:], width=300)
    assert [one.name for one, _ in figures] == ["dnn", "random"]
    looks = styles(marks)[1:]
    for (_, data), own in zip(figures, looks, strict=True):
        image = opened(data)
        assert image.format == "JPEG"
        assert image.width == 600
        pixels = np.asarray(image.convert("RGB"), int).reshape(-1, 3)
        near = [int((np.abs(pixels - _colour(look.colour)).max(axis=1) < 30).sum()) for look in looks]
        assert near[looks.index(own)] > 100


def test_lines_are_drawn_when_wanted(work_map: WorkMap, marks: list[Marks]):
    without = count(opened(map_figure(work_map, marks, format="PNG")), "#d55e00")
    assert count(opened(map_figure(work_map, marks, links=True, format="PNG")), "#d55e00") > without + 50


@pytest.mark.parametrize("width", [64, 320, 2400])
def test_any_width(work_map: WorkMap, marks: list[Marks], width: int):
    assert opened(draw_map_png(work_map, marks, width=width)).width == width
