"""The map in a real browser: zoom, labels, search, keyboard, legend, light and dark, at the width of a telephone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.report.browser import needs_chromium, silent_tab
from vitrina.report.map import Marks, WorkMap, draw_map_page

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: the page was not tried in a browser")
pytestmark = needs_chromium

MARKS = [
    Marks("history", np.array([0, 1, 2], np.int32), "history"),
    Marks("dnn", np.array([10, 11], np.int32)),
    Marks("random", np.array([20, 21, 22], np.int32)),
]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, work_map: WorkMap, hostile_map: WorkMap) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("maps")
    made = {
        "plain": draw_map_page(work_map),
        "marked": draw_map_page(work_map, MARKS),
        "hostile": draw_map_page(hostile_map, MARKS),
    }
    for name, html in made.items():
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in made}


@pytest.fixture
def tab(browser: playwright.Browser, pages: dict[str, Path]) -> Iterator[playwright.Page]:
    with browser.new_context(viewport={"width": 1100, "height": 800}, reduced_motion="reduce") as context:
        page = context.new_page()
        page.goto(pages["marked"].as_uri())
        page.wait_for_timeout(150)
        yield page


def zoom(tab: playwright.Page) -> float:
    tab.wait_for_timeout(80)
    return float(tab.get_attribute("#map", "data-zoom"))


def selected(tab: playwright.Page) -> int:
    tab.wait_for_timeout(80)
    return int(tab.get_attribute("#map", "data-selected"))


def centre(tab: playwright.Page) -> tuple[float, float]:
    box = tab.locator("#map").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def pixels(tab: playwright.Page, colour: tuple[int, int, int]) -> int:
    """How many pixels of the canvas have exactly this colour."""
    tab.wait_for_timeout(80)
    found: int = tab.locator("#map").evaluate(
        """(canvas, [r, g, b]) => { const d = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
            let n = 0; for (let i = 0; i < d.length; i += 4) n += d[i] === r && d[i + 1] === g && d[i + 2] === b; return n }""",
        list(colour),
    )
    return found


@pytest.mark.parametrize("name", ["plain", "marked", "hostile"])
@pytest.mark.parametrize("width", [360, 1280])
def test_no_overflow_no_errors_no_network(browser: playwright.Browser, pages: dict[str, Path], name: str, width: int) -> None:
    with silent_tab(browser, pages[name], width, 760) as tab:
        tab.mouse.move(*centre(tab))
        tab.fill("#query", "w0")
        tab.keyboard.press("ArrowDown")
        tab.keyboard.press("Enter")
        assert selected(tab) >= 0
        assert tab.locator("#map").bounding_box()["height"] >= 300


def test_wheel_buttons_and_keys_zoom(tab: playwright.Page) -> None:
    assert zoom(tab) == 1
    tab.mouse.move(*centre(tab))
    tab.mouse.wheel(0, -200)
    assert (first := zoom(tab)) > 1.2
    tab.click("#in")
    assert (second := zoom(tab)) > first
    tab.click("#out")
    assert zoom(tab) < second
    tab.focus("#map")
    tab.keyboard.press("+")
    tab.keyboard.press("+")
    assert zoom(tab) > first
    tab.keyboard.press("-")
    tab.keyboard.press("0")
    assert zoom(tab) == 1
    tab.mouse.wheel(0, 5000)
    assert zoom(tab) == 1


def test_the_place_under_the_pointer_stays_there_while_zooming(tab: playwright.Page) -> None:
    tab.uncheck("#fade")
    for box in tab.locator("[data-set]").all():
        box.uncheck()
    tab.fill("#query", "w030")
    tab.keyboard.press("Enter")
    work, (x, y) = selected(tab), centre(tab)
    tab.mouse.move(x, y)
    for _ in range(3):
        tab.mouse.wheel(0, -120)
    tab.mouse.move(x + 2, y + 1)
    assert selected(tab) == work


def test_dragging_moves_and_a_click_shows_a_label(tab: playwright.Page) -> None:
    tab.fill("#query", "w030")
    tab.keyboard.press("Enter")
    work, (x, y) = selected(tab), centre(tab)
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x + 90, y + 60, steps=4)
    tab.mouse.up()
    tab.focus("#map")
    tab.keyboard.press("Escape")
    assert selected(tab) == -1
    tab.mouse.click(x + 90, y + 60)
    assert selected(tab) == work
    assert tab.inner_text(".work-title") == "Untitled 30"
    assert tab.inner_text(".work-facts") == "1930, oil"
    assert tab.inner_text(".work-price") == "EUR 3,000"
    assert tab.inner_text(".work-id") == "w030"
    assert tab.inner_text(".work-artist").startswith("Élodie Müller")


def test_pointing_at_a_marked_work_names_its_sets(tab: playwright.Page) -> None:
    tab.locator("details.list summary").first.click()
    tab.locator("[data-work]").first.click()
    assert tab.inner_text(".work-title") == "Untitled 0"
    assert tab.inner_text(".work-marks") == "history"
    tab.focus("#map")
    tab.keyboard.press("Escape")
    tab.mouse.move(*centre(tab))
    assert selected(tab) >= 0
    assert tab.inner_text(".work-title") == "Untitled 0"


def test_search_finds_without_accents_and_centres(tab: playwright.Page) -> None:
    tab.fill("#query", "untitled 17")
    assert tab.locator("#found [role=option]").all_inner_texts()[0].startswith("Untitled 17")
    tab.keyboard.press("ArrowDown")
    assert tab.get_attribute("#query", "aria-activedescendant") == "hit-0"
    tab.keyboard.press("Enter")
    assert tab.inner_text(".work-title") == "Untitled 17"
    assert zoom(tab) > 1
    assert tab.get_attribute("#query", "aria-expanded") == "false"
    tab.fill("#query", "elodie muller")
    assert tab.locator("#found [role=option]").count() == 12
    assert "There are more" in tab.inner_text("#found")
    tab.fill("#query", "nobody")
    assert "No work on the map" in tab.inner_text("#found")


def test_the_keyboard_alone_walks_the_map(tab: playwright.Page) -> None:
    reached = []
    for _ in range(12):
        tab.keyboard.press("Tab")
        reached.append(tab.evaluate("document.activeElement.id || document.activeElement.dataset.set"))
    assert {"map", "in", "out", "whole", "query", "fade", "0", "1", "2"} <= set(reached)
    tab.focus("#map")
    seen = set()
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowLeft", "ArrowUp"):
        tab.keyboard.press(key)
        seen.add(selected(tab))
    assert len(seen - {-1}) >= 2
    assert tab.inner_text(".work-title").startswith("Untitled")
    before = zoom(tab)
    tab.keyboard.press("Enter")
    assert zoom(tab) >= before


def test_the_legend_switches_marks_fading_and_lines(tab: playwright.Page) -> None:
    blue, orange = (0, 114, 178), (213, 94, 0)
    assert pixels(tab, blue) > 50
    assert pixels(tab, orange) > 50
    tab.check("#lines")
    with_lines = pixels(tab, orange)
    tab.uncheck("#lines")
    tab.uncheck("[data-set='2']")
    assert pixels(tab, orange) == 0 < with_lines
    assert pixels(tab, blue) > 50
    paper = (0xFB, 0xF9, 0xF5)
    assert pixels(tab, paper) > 10_000
    colourful = """canvas => { const d = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data; let n = 0;
        for (let i = 0; i < d.length; i += 4) n += Math.max(d[i], d[i + 1], d[i + 2]) - Math.min(d[i], d[i + 1], d[i + 2]) > 90; return n }"""
    faded = tab.locator("#map").evaluate(colourful)
    tab.uncheck("#fade")
    tab.wait_for_timeout(80)
    assert tab.locator("#map").evaluate(colourful) > 2 * faded


def test_the_map_follows_the_colour_scheme(browser: playwright.Browser, pages: dict[str, Path]) -> None:
    with browser.new_context(viewport={"width": 900, "height": 700}, color_scheme="light") as context:
        tab = context.new_page()
        tab.goto(pages["plain"].as_uri())
        assert pixels(tab, (0xFB, 0xF9, 0xF5)) > 10_000
        tab.emulate_media(color_scheme="dark")
        assert pixels(tab, (0x18, 0x16, 0x13)) > 10_000
        assert pixels(tab, (0xFB, 0xF9, 0xF5)) == 0


def test_touch_pans_pinches_and_taps(browser: playwright.Browser, pages: dict[str, Path]) -> None:
    with browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True, device_scale_factor=2) as context:
        tab = context.new_page()
        tab.goto(pages["marked"].as_uri())
        tab.wait_for_timeout(150)
        tab.locator("#map").scroll_into_view_if_needed()
        x, y = centre(tab)
        touch = context.new_cdp_session(tab)

        def send(kind: str, *points: tuple[float, float]) -> None:
            shown = [{"x": px, "y": py, "id": i} for i, (px, py) in enumerate(points)]
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": shown})

        send("touchStart", (x - 20, y), (x + 20, y))
        for reach in (40, 70, 100):
            send("touchMove", (x - reach, y), (x + reach, y))
        send("touchEnd")
        assert zoom(tab) > 2
        tab.focus("#map")
        tab.keyboard.press("Enter")
        tab.wait_for_timeout(500)
        work = selected(tab)
        tab.locator("#close").click()
        assert selected(tab) == -1
        assert not tab.locator("#card").is_visible()
        tab.touchscreen.tap(*centre(tab))
        assert selected(tab) == work
        assert tab.locator("#card").is_visible()
        assert tab.evaluate("document.documentElement.scrollWidth") <= 360


def test_print_and_no_script_show_the_picture(browser: playwright.Browser, pages: dict[str, Path]) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        tab = context.new_page()
        tab.goto(pages["marked"].as_uri())
        assert tab.locator(".still img").is_visible()
        assert not tab.locator("#map").is_visible()
        assert not tab.locator("#query").is_visible()
    with browser.new_context() as context:
        tab = context.new_page()
        tab.goto(pages["marked"].as_uri())
        assert not tab.locator(".still img").is_visible()
        tab.emulate_media(media="print")
        assert tab.locator(".still img").is_visible()
        assert not tab.locator("#map").is_visible()
