"""The page in a real browser: Chromium at the width of a telephone, by keyboard, light and dark."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.report.browser import needs_chromium, silent_tab
from tests.report.cases import rendered

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: the page was not tried in a browser")
pytestmark = needs_chromium


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("runs")
    paths = {name: folder / f"{name}.html" for name in ("full", "hostile", "many")}
    for name, path in paths.items():
        path.write_text(rendered(name), encoding="utf-8")
    return paths


@pytest.mark.parametrize("name", ["full", "hostile", "many"])
@pytest.mark.parametrize("width", [360, 768, 1280])
def test_no_overflow_no_errors_no_network(browser: playwright.Browser, pages: dict[str, Path], name: str, width: int) -> None:
    with silent_tab(browser, pages[name], width):
        pass


def test_one_drawing_of_each_chart_is_shown_and_inside_the_page(browser: playwright.Browser, pages: dict[str, Path]) -> None:
    script = """() => [...document.querySelectorAll('.chart svg')].filter(s => s.getClientRects().length)
        .map(s => [s.getBoundingClientRect().left, s.getBoundingClientRect().right])"""
    counts = []
    for width in (360, 1280):
        with browser.new_context(viewport={"width": width, "height": 800}) as context:
            tab = context.new_page()
            tab.goto(pages["full"].as_uri())
            boxes = tab.evaluate(script)
            counts.append(len(boxes))
            assert all(left >= 0 and right <= width for left, right in boxes)
    assert counts[0] == counts[1] == 11


def test_the_first_column_stays_while_the_table_scrolls(browser: playwright.Browser, pages: dict[str, Path]) -> None:
    with browser.new_context(viewport={"width": 360, "height": 800}) as context:
        tab = context.new_page()
        tab.goto(pages["full"].as_uri())
        box = tab.locator("#table .scroll").first
        box.focus()
        for _ in range(4):
            tab.keyboard.press("ArrowRight")
        # The page forbids scripts, so Playwright's own waiting (which evaluates a string inside it) is not to be had.
        deadline = time.monotonic() + 5
        while box.evaluate("e => e.scrollLeft") <= 60 and time.monotonic() < deadline:
            tab.wait_for_timeout(50)
        assert box.evaluate("e => e.scrollLeft") > 60
        first = box.locator("tbody th").first.bounding_box()
        outer = box.bounding_box()
        assert first is not None
        assert outer is not None
        assert abs(first["x"] - outer["x"]) <= 1


def test_charts_follow_the_colour_scheme(browser: playwright.Browser, pages: dict[str, Path]) -> None:
    seen = {}
    for scheme in ("light", "dark"):
        with browser.new_context(color_scheme=scheme) as context:
            tab = context.new_page()
            tab.goto(pages["full"].as_uri())
            seen[scheme] = tab.evaluate(
                """() => [getComputedStyle(document.body).backgroundColor,
                    ...['text', 'line', 'path'].map(t => { const e = document.querySelector('#figure-time .wide ' + t + '[fill], #figure-time .wide ' + t + '[stroke]');
                        const s = getComputedStyle(e); return e.hasAttribute('fill') ? s.fill : s.stroke })]"""
            )
    assert all(a != b for a, b in zip(seen["light"], seen["dark"], strict=True))


def test_everything_can_be_reached_by_keyboard(browser: playwright.Browser, pages: dict[str, Path]) -> None:
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        tab = context.new_page()
        tab.goto(pages["full"].as_uri())
        reached = set()
        for _ in range(60):
            tab.keyboard.press("Tab")
            reached.add(
                tab.evaluate("document.activeElement.tagName + ':' + document.activeElement.textContent.trim().slice(0, 30)")
            )
        assert {"A:Results", "SUMMARY:All 15 paired comparisons", "SUMMARY:Configuration (TOML)"} <= reached
