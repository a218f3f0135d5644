from __future__ import annotations

import math
import re
from typing import Any
from xml.etree import ElementTree

import altair as alt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.cases import HOSTILE_TITLE, hostile_results, many_results, trained_results
from vitrina.report.charts.labels import Box, place, shorten, spread, text_width
from vitrina.report.charts.pairs import forest_figure
from vitrina.report.charts.segments import segment_figures
from vitrina.report.charts.svg import drawing, inline
from vitrina.report.charts.tail import share_at, tail_figure
from vitrina.report.charts.tradeoff import beyond_figures, time_figure
from vitrina.report.charts.training import training_panels
from vitrina.report.charts.tuning import tuning_panels
from vitrina.report.contract import parse_results
from vitrina.report.theme import THEME, chart_css, colours, theme_css


def _texts(svg: str) -> list[str]:
    return ["".join(e.itertext()) for e in ElementTree.fromstring(svg).iter("text")]


def _alternative(svg: str) -> str:
    return ElementTree.fromstring(svg).attrib["aria-label"]


# ---- theme


def test_every_colour_of_the_style_sheet_is_distinct_and_has_a_dark_twin() -> None:
    light = colours()
    dark = dict(re.findall(r"--([a-z]+):\s*(#[0-9a-f]{6});", theme_css().split("prefers-color-scheme: dark")[1].split("}")[0]))
    assert set(dark) == set(light)
    assert len(set(light.values())) == len(light)


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(a: str, b: str) -> float:
    low, high = sorted((_luminance(a), _luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_marks_are_legible(scheme: str) -> None:
    block = theme_css().split(":root {")[1] if scheme == "light" else theme_css().split("prefers-color-scheme: dark")[1]
    c = dict(re.findall(r"--([a-z]+):\s*(#[0-9a-f]{6});", block.split("}")[0]))
    for role in ("ink", "quiet", "accent"):
        assert _contrast(c[role], c["paper"]) >= 4.5, role
    assert _contrast(c["mark"], c["paper"]) >= 3.0


def test_charts_use_only_colours_that_the_page_can_recolour() -> None:
    results = parse_results(trained_results())
    css = chart_css()
    figures = [time_figure(results), *beyond_figures(results), forest_figure(results), tail_figure(results)]
    figures += [figure for figure, _ in segment_figures(results)]
    tuning, training = tuning_panels(results), training_panels(results)
    assert tuning is not None
    assert training is not None
    drawings = [d for f in figures if f is not None for d in (f.drawing, f.narrow) if d]
    drawings += [panel.drawing for panel in [*tuning.panels, *training.panels]]
    # Time, coverage, novelty, forest and two segments, wide and narrow; the tail; four tuning and two training panels.
    assert len(drawings) == 2 * 6 + 1 + 4 + 2
    for svg in drawings:
        used = set(re.findall(r'(?:fill|stroke)="(?!none|transparent)([^"]+)"', svg))
        assert used <= set(colours().values())
        assert all(f'[fill="{colour}"]' in css for colour in used)


def test_the_theme_is_registered_but_not_imposed() -> None:
    assert THEME in alt.theme.names()
    assert alt.theme.active != THEME


# ---- drawing


def _chart(name: str = "x") -> alt.Chart:
    return (
        alt.Chart(inline([{"x": 1, "y": 2, "n": name}, {"x": 2, "y": 3, "n": name}]))
        .mark_line(clip=True)
        .encode(x="x:Q", y="y:Q")
    )


def test_a_drawing_is_small_clean_svg_with_unique_ids() -> None:
    first, second = drawing(_chart(), "one", 'says "A & B" <b>'), drawing(_chart(), "two", "")
    ids = [re.findall(r'id="([^"]+)"', svg) for svg in (first, second)]
    assert ids == [["one-0"], ["two-0"]]
    assert "url(#one-0)" in first
    assert _alternative(first) == 'says "A & B" <b>'
    assert "http" not in first
    assert "aria-roledescription" not in first
    assert not re.search(r"\d\.\d{3,}", first)


def test_the_same_chart_is_drawn_the_same_again() -> None:
    assert drawing(_chart(), "a", "b") == drawing(_chart(), "a", "b")


@pytest.mark.parametrize(
    "part", ["<script>alert(1)</script>", '<image href="x.png"/>', "<foreignObject/>", '<a href="x"><path d="M0,0"/></a>']
)
def test_anything_that_could_act_is_refused(monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1" viewBox="0 0 1 1">{part}</svg>'
    monkeypatch.setattr("vitrina.report.charts.svg.vl_convert.vegalite_to_svg", lambda *_, **__: svg)
    with pytest.raises(RuntimeError, match="does not belong in the page"):
        drawing(_chart(), "a", "b")


def test_hostile_names_are_text_in_every_chart() -> None:
    results = parse_results(hostile_results())
    figure = time_figure(results)
    assert figure is not None
    assert any(text == shorten(HOSTILE_TITLE, 24) for text in _texts(figure.drawing))
    assert "<img" not in figure.drawing
    assert "<script" not in figure.drawing


# ---- labels


@given(st.lists(st.tuples(st.floats(0, 700), st.floats(0, 300)), min_size=1, max_size=14), st.data())
def test_labels_are_the_name_or_its_number(points: list[tuple[float, float]], data: st.DataObject) -> None:
    names = [data.draw(st.text("abcdefg", min_size=2, max_size=12)) for _ in points]
    labels = place(points, names, (700, 300))
    for i, (label, name) in enumerate(zip(labels, names, strict=True)):
        assert label.text == (name if label.full else str(i + 1))
    assert labels[0].full or len(points) > 1


def _where(point: tuple[float, float], label: Any) -> Box:
    width = text_width(label.text)
    left = point[0] + label.anchor.dx - {"left": 0.0, "center": width / 2, "right": width}[label.anchor.align]
    return Box(left, point[1] + label.anchor.dy - 6, left + width, point[1] + label.anchor.dy + 6)


def test_names_do_not_cover_each_other_or_leave_the_plot() -> None:
    points = [(690.0, 50.0), (640.0, 52.0), (10.0, 290.0), (340.0, 150.0), (350.0, 156.0), (344.0, 141.0)]
    labels = place(points, ["right edge", "neighbour", "corner", "one", "two", "three"], (700, 300))
    boxes = [_where(p, label) for p, label in zip(points, labels, strict=True)]
    assert all(label.full for label in labels)
    assert all(a.overlap(b) <= 24 for i, a in enumerate(boxes) for b in boxes[i + 1 :])
    assert all(b.left >= -2 and b.right <= 702 and b.top >= -2 and b.bottom <= 302 for b in boxes)


def test_a_crowd_falls_back_to_numbers_that_the_caption_explains() -> None:
    results = parse_results(many_results())
    figure = next(f for f in beyond_figures(results) if f.id == "coverage")
    numbered = re.findall(r"(\d+) ([^;.]+)", figure.caption.split("Numbers: ")[1])
    assert numbered
    order = [results.label(m.name) for m in results.ranked]
    assert all(order[int(i) - 1].startswith(name.split(",")[0]) for i, name in numbered)


@given(st.lists(st.floats(0, 250), max_size=20), st.floats(1, 20))
def test_spread_keeps_order_gap_and_bounds(positions: list[float], gap: float) -> None:
    moved = spread(positions, gap, 0, 250)
    real_gap = min(gap, 250 / max(1, len(positions) - 1))
    assert all(-1e-6 <= y <= 250 + 1e-6 for y in moved)
    assert all(b - a >= real_gap - 1e-6 for a, b in zip(sorted(moved), sorted(moved)[1:], strict=False))
    for i, a in enumerate(positions):
        for j, b in enumerate(positions):
            assert a >= b or moved[i] < moved[j]


def test_spread_moves_nothing_that_is_free() -> None:
    assert spread([10, 50, 90], 14, 0, 100) == [10, 50, 90]
    assert spread([50, 50], 14, 0, 100) == [43, 57]


def test_shorten_keeps_both_ends() -> None:
    assert shorten("short") == "short"
    cut = shorten("ItemKNN with a long name, variant 6", 24)
    assert len(cut) <= 24
    assert cut.startswith("ItemKNN with")
    assert cut.endswith("riant 6")
    assert shorten("a\n b") == "a b"


# ---- messages


def test_time_message_sets_the_best_against_its_faster_equal(full: dict[str, Any]) -> None:
    figure = time_figure(parse_results(full))
    assert figure is not None
    assert (
        figure.message.replace("\N{NO-BREAK SPACE}", " ")
        == "EASE is the most accurate after 1.1 s of training; ItemKNN cannot be told apart from it and takes 0.41 s"
    )
    said = _alternative(figure.drawing)
    assert all(title in said for title in ("EASE", "iALS", "ItemKNN", "Popular, recent", "Random"))


def test_beyond_message_does_not_call_the_best_highest_when_another_is(full: dict[str, Any]) -> None:
    full["methods"][0]["metrics"]["coverage@10"] = 0.7
    figure = next(f for f in beyond_figures(parse_results(full)) if f.id == "coverage")
    assert figure.message == "EASE, the most accurate, also has the highest coverage of those that personalise, 0.700"


def test_forest_message(full: dict[str, Any]) -> None:
    figure = forest_figure(parse_results(full))
    assert figure is not None
    assert figure.message == "EASE is significantly better than all but ItemKNN and iALS"
    for pair in full["pairs"]:
        pair["p_holm"] = 0.001
    assert "every other method" in (forest_figure(parse_results(full)) or figure).message
    full["pairs"] = []
    assert forest_figure(parse_results(full)) is None


@pytest.mark.parametrize(("copies", "end"), [(3, "ItemKNN and iALS"), (4, "copy 4 and 2 more")])
def test_forest_message_counts_only_what_it_cannot_name(full: dict[str, Any], copies: int, end: str) -> None:
    third = next(m for m in full["methods"] if m["name"] == "itemknn")
    pair = next(p for p in full["pairs"] if {p["a"], p["b"]} == {"ease", "itemknn"})
    for n in range(1, copies + 1):
        full["methods"].append({**third, "name": f"copy-{n}", "title": f"copy {n}"})
        full["pairs"].append({**pair, "a": "ease", "b": f"copy-{n}"})
    figure = forest_figure(parse_results(full))
    assert figure is not None
    assert figure.message == f"EASE is significantly better than all but copy 1, copy 2, copy 3, {end}"


def test_tuning_says_when_the_budget_was_short(full: dict[str, Any]) -> None:
    for trial in full["tuning"]["ease"]:
        trial["value"] = 0.1 + 0.01 * trial["trial"]
    tuning = tuning_panels(parse_results(full))
    assert tuning is not None
    assert tuning.message.startswith("EASE was still gaining in the last quarter")
    assert tuning.untuned == ["Popular", "Random"]
    ials = next(p for p in tuning.panels if p.label == "iALS")
    assert ials.budget.replace("\N{NO-BREAK SPACE}", " ") == "20 trials, 6 min 52 s, 1 failed, stopped by the time limit"


def test_tuning_that_has_settled(full: dict[str, Any]) -> None:
    for trials in full["tuning"].values():
        for trial in trials:
            trial["value"] = 0.3 if trial["trial"] > 2 else 0.2
    tuning = tuning_panels(parse_results(full))
    assert tuning is not None
    assert tuning.message.startswith("No method gained more than")
    assert "found in trial 4 of 20" in _alternative(tuning.panels[0].drawing)


def _with_curve(curve: dict[str, Any]) -> dict[str, Any]:
    """EASE's best trial has this curve, its others have one that must not be drawn."""
    data = trained_results()
    data["tuning"] = {"ease": data["tuning"]["ease"]}
    best = max(data["tuning"]["ease"], key=lambda t: t["value"])
    for trial in data["tuning"]["ease"]:
        trial["curve"] = curve if trial is best else {"loss": [9.0] * 99, "metric": [0.99] * 99, "seconds": [1.0] * 99}
    return data


def test_training_shows_the_curves_of_the_chosen_trial() -> None:
    curve = {"loss": [0.8, 0.5, 0.4, 0.35], "metric": [0.1, 0.3, 0.25, 0.2], "seconds": [1.0, 1.0, 1.0, 1.0]}
    training = training_panels(parse_results(_with_curve(curve)))
    assert training is not None
    assert training.message.startswith("Every training had stopped gaining")
    assert training.losses
    (panel,) = training.panels
    assert panel.label == "EASE"
    assert panel.length.replace("\N{NO-BREAK SPACE}", " ") == "4 epochs, best after 2, 4.0 s"
    assert _alternative(panel.drawing) == (
        "EASE, training by epoch: best ndcg@10 on validation 0.300 after epoch 2; loss from 0.800 to 0.350."
    )
    assert {"0.100", "0.300", "0.350", "0.800", "1", "4", "epoch"} <= set(_texts(panel.drawing))


def test_training_that_ran_out_of_epochs() -> None:
    curve = {"loss": [None] * 3, "metric": [0.1, None, 0.3], "seconds": [1.0, None, 2.0]}
    training = training_panels(parse_results(_with_curve(curve)))
    assert training is not None
    assert training.message == "EASE was still gaining on validation when its epochs ran out: more of them might help"
    assert not training.losses
    assert "loss" not in _alternative(training.panels[0].drawing)


def test_training_whose_start_was_best() -> None:
    curve = {"start": 0.4, "loss": [0.5, 0.4, 0.3], "metric": [0.1, 0.2, 0.3], "seconds": [1.0, 1.0, 1.0]}
    training = training_panels(parse_results(_with_curve(curve)))
    assert training is not None
    assert training.message.startswith("Every training had stopped gaining")
    (panel,) = training.panels
    assert panel.length.replace("\N{NO-BREAK SPACE}", " ") == "3 epochs, best before the first, 3.0 s"
    assert "best ndcg@10 on validation 0.400 before the first epoch" in _alternative(panel.drawing)
    assert {"0", "3", "0.400"} <= set(_texts(panel.drawing))


@pytest.mark.parametrize("curve", [None, {}, {"loss": [0.5], "metric": [0.1], "seconds": [1.0]}, {"loss": [None, math.nan]}])
def test_trainings_without_a_curve_are_left_out(curve: dict[str, Any] | None) -> None:
    assert training_panels(parse_results(_with_curve(curve))) is None  # type: ignore[arg-type]


def test_a_loss_alone_and_equal_values_still_draw() -> None:
    for curve in ({"loss": [0.5, 0.4]}, {"loss": [0.0, 0.0], "metric": [0.0, 0.0]}):
        training = training_panels(parse_results(_with_curve(curve)))
        assert training is not None
        assert len(training.panels) == 1


def test_segments_leave_small_parts_out_of_the_message(full: dict[str, Any]) -> None:
    for segment in full["segments"]:
        segment["metrics"] = {"ease": 0.3, "popular": 0.9 if segment["value"] == "over 100" else 0.1}
    (figure, _), (items, _) = segment_figures(parse_results(full))
    assert figure.message == "By history length: EASE does best everywhere"
    assert "(over 100), too few to say" in figure.caption
    assert items.message == "By item popularity: EASE does best everywhere"


def test_segments_of_one_part_or_without_values_are_left_out(full: dict[str, Any]) -> None:
    full["segments"] = [full["segments"][0], {"segment": "x", "value": "a", "metrics": {"ease": None}}]
    assert segment_figures(parse_results(full)) == []


def test_tail_reads_the_curve(full: dict[str, Any]) -> None:
    full["dataset"]["tail"] = {"curve": [[0.0, 0.0], [0.1, 0.5], [0.3, 0.7], [1.0, 1.0000000002]]}
    figure = tail_figure(parse_results(full))
    assert figure is not None
    assert figure.message.replace("\N{NO-BREAK SPACE}", " ") == "The most popular 20 % of the items receive 60 % of the events"
    full["dataset"]["tail"] = {}
    assert tail_figure(parse_results(full)) is None
    assert math.isclose(share_at([(0, 0), (0.5, 0.8), (1, 1)], 0.25), 0.4)


def test_equal_values_still_draw(full: dict[str, Any]) -> None:
    for method in full["methods"]:
        method["metrics"] = dict.fromkeys(method["metrics"], 0.0)
        method["intervals"] = {}
        method["seconds"] = {"fit": 0.0, "tune": 0.0}
    for segment in full["segments"]:
        segment["metrics"] = dict.fromkeys(segment["metrics"], 0.0)
    for pair in full["pairs"]:
        pair |= {"difference": 0.0, "low": 0.0, "high": 0.0}
    for trials in full["tuning"].values():
        for trial in trials:
            trial["value"] = 0.0
    results = parse_results(full)
    assert time_figure(results)
    assert len(beyond_figures(results)) == 2
    assert forest_figure(results)
    assert tuning_panels(results)
    assert len(segment_figures(results)) == 2
