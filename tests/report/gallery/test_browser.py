"""A gallery's report and the page of picks in a real browser: telephone, desk, keyboard, print."""

from __future__ import annotations

from pathlib import Path

import pytest

import vitrina
from tests.report.browser import needs_chromium, silent_tab
from tests.report.gallery.cases import replay_results
from tests.report.gallery.test_picks import with_sales
from vitrina.report import report_html
from vitrina.report.gallery.picks import picks_html

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: the page was not tried in a browser")
pytestmark = needs_chromium
NAMES = ("report", "hostile-report", "picks", "hostile-picks")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, shop, hostile_shop) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    paths = {name: folder / f"{name}.html" for name in NAMES}
    for data_set, prefix in ((shop, ""), (hostile_shop, "hostile-")):
        html = report_html(replay_results(hostile=bool(prefix)), data_set)
        paths[f"{prefix}report"].write_text(html, encoding="utf-8")
        trained = vitrina.fit("fa", with_sales(data_set))
        listed, history = trained.recommend(users=["ann"]), trained.history_of("ann")
        paths[f"{prefix}picks"].write_text(picks_html(trained, listed, history, person="ann"), encoding="utf-8")
    return paths


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [360, 1280])
def test_no_overflow_no_errors_no_network(browser: playwright.Browser, pages: dict[str, Path], name: str, width: int) -> None:
    with silent_tab(browser, pages[name], width) as tab:
        broken = "[...document.images].filter(i => !i.complete || i.naturalWidth === 0 || !i.alt).length"
        assert tab.evaluate("document.images.length") > 0
        assert tab.evaluate(broken) == 0


@pytest.mark.parametrize("name", ["report", "picks"])
def test_shelves_scroll_by_keyboard_on_a_telephone(browser: playwright.Browser, pages: dict[str, Path], name: str) -> None:
    with browser.new_context(viewport={"width": 360, "height": 800}) as context:
        tab = context.new_page()
        tab.goto(pages[name].as_uri())
        shelves = tab.locator(".scroll:has(ol)")
        assert shelves.count() >= 1
        assert all(shelves.nth(n).get_attribute("tabindex") == "0" for n in range(shelves.count()))
        assert all(shelves.nth(n).get_attribute("aria-label") for n in range(shelves.count()))


def test_on_paper_every_work_of_a_shelf_is_there(browser: playwright.Browser, pages: dict[str, Path]) -> None:
    inside = """() => [...document.querySelectorAll('.works li')].every(li => {
        const box = li.closest('section').getBoundingClientRect(), own = li.getBoundingClientRect();
        return own.left >= box.left - 1 && own.right <= box.right + 1 })"""
    with browser.new_context(viewport={"width": 700, "height": 990}) as context:
        tab = context.new_page()
        tab.goto(pages["report"].as_uri())
        tab.emulate_media(media="print")
        assert tab.evaluate(inside)


def test_hits_are_framed_in_the_accent(browser: playwright.Browser, pages: dict[str, Path]) -> None:
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        tab = context.new_page()
        tab.goto(pages["report"].as_uri())
        colours = tab.evaluate(
            """() => ['.works li.hit', '.works li:not(.hit)'].map(s => getComputedStyle(document.querySelector(s)).borderTopColor)"""
        )
        assert colours == ["rgb(157, 59, 36)", "rgba(0, 0, 0, 0)"]
