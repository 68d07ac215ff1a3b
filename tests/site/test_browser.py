"""The site in a real browser: nothing is fetched or fails, everything can be read and reached, and a figure leads to a delivered line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request, sync_playwright

from pipelines.site.make import make_site
from tests.servers.need import need
from tests.site.lakes import make_lake

pytestmark = pytest.mark.slow
PAGES = (
    "index.html", "themes-health.html", "themes-ecology.html", "deliveries.html", "night.html", "catalogue.html", "open-data.html",
    "catalogue/themes-health-archive.html", "ledger/cleansed-health-archive.html",
)  # fmt: skip
SIGHTS = ((1600, "light", "screen"), (390, "light", "screen"), (1600, "dark", "screen"), (390, "dark", "screen"), (1000, "light", "print"))
"""Width in pixels, colour scheme, medium."""
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
TOO_FAINT = """() => {
  const linear = v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => .2126 * linear(r) + .7152 * linear(g) + .0722 * linear(b);
  const numbers = text => text.match(/[\\d.]+/g).map(Number);
  const behind = e => {
    for (; e; e = e.parentElement) { const c = numbers(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll("body *")]
    .filter(e => e.offsetParent && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()))
    .map(e => [e, ...[light(numbers(getComputedStyle(e).color)), light(behind(e))].sort((a, b) => b - a)])
    .filter(([, high, low]) => (high + .05) / (low + .05) < 4.5)
    .map(([e]) => `${e.tagName}.${e.className}: ${e.textContent.trim().slice(0, 20)}`);
}"""
"""The texts whose contrast is below 4.5, as WCAG 2.1 asks for level AA."""
NOT_DRAWN = "[...document.querySelectorAll('[data-chart]')].filter(e => !e.hidden && !e.querySelector('canvas')).map(e => e.dataset.chart)"
REACHED = "(document.activeElement.closest('a, button, input, summary, th') || {}).outerHTML || ''"
OUTLINE = "getComputedStyle(document.activeElement).outlineStyle"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_site(make_lake(tmp_path_factory.mktemp("site")), tmp_path_factory.mktemp("made") / "site").folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=need("chromium"), args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def said() -> list[str]:
    """What a page complains about or asks for."""
    return []


def opened(browser: Browser, folder: Path, said: list[str], width: int = 1600, scheme: str = "light", locale: str = "zh-CN") -> Page:
    """A page that notes errors of the console and requests that leave the folder. locale: of the browser's user."""

    def complained(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            said.append(message.text)

    def failed(error: Error) -> None:
        said.append(str(error))

    def asked(request: Request) -> None:
        if not request.url.startswith((folder.as_uri(), "data:")):
            said.append(request.url)

    page = browser.new_page(viewport={"width": width, "height": 1000}, color_scheme="dark" if scheme == "dark" else "light", locale=locale)
    page.on("console", complained)
    page.on("pageerror", failed)
    page.on("request", asked)
    return page


def test_every_page_at_every_width_in_light_dark_and_print(browser: Browser, folder: Path, said: list[str]) -> None:
    assert all((folder / name).is_file() for name in PAGES)
    for width, scheme, medium in SIGHTS:
        page = opened(browser, folder, said, width, scheme)
        page.emulate_media(media="print" if medium == "print" else "screen")
        for name in PAGES:
            page.goto((folder / name).as_uri())
            sight = f"{name} at {width}, {scheme}, {medium}"
            assert page.evaluate(NOT_DRAWN) == [], sight
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, f"{sight}: wider than the screen"
            assert page.evaluate(TOO_FAINT) == [], sight
            assert not said, f"{sight}: {said}"
        page.close()


def test_what_can_be_clicked_can_be_reached_by_keyboard_and_is_seen(browser: Browser, folder: Path, said: list[str]) -> None:
    page = opened(browser, folder, said)
    page.goto((folder / "catalogue.html").as_uri())
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(REACHED))
        assert page.evaluate(OUTLINE) != "none", f"no outline: {reached[-1]}"
    assert 'class="skip"' in reached[0]
    for part in ('data-language="en"', 'href="themes-health.html"', 'type="search"', 'href="catalogue/'):
        assert any(part in element for element in reached), f"{part} is not reached: {reached}"
    page.close()


def test_whose_browser_reads_no_chinese_begins_in_english(browser: Browser, folder: Path, said: list[str]) -> None:
    page = opened(browser, folder, said, locale="de-DE")
    page.goto((folder / "catalogue.html").as_uri())
    assert page.locator("h1").inner_text() == "Catalogue"
    page.click("button[data-language=zh]")
    page.goto((folder / "catalogue.html").as_uri())
    assert page.locator("h1").inner_text() == "数据目录", "what was chosen stays"
    page.close()


def test_language_search_and_sort(browser: Browser, folder: Path, said: list[str]) -> None:
    page = opened(browser, folder, said)
    page.goto((folder / "catalogue.html").as_uri())
    assert page.locator("h1").inner_text() == "数据目录"
    page.click("button[data-language=en]")
    assert page.locator("h1").inner_text() == "Catalogue"
    page.goto((folder / "catalogue.html").as_uri())
    assert page.locator("h1").inner_text() == "Catalogue", "the language stays"
    rows = page.locator("main tbody tr:visible")
    every = rows.count()
    page.fill("input[type=search]", "themes/health/archive")
    assert 0 < rows.count() < every
    page.fill("input[type=search]", "")
    first = rows.first.inner_text()
    head = page.locator("main thead th").first
    head.click()
    head.click()
    assert rows.count() == every
    assert rows.first.inner_text() != first
    assert not said
    page.close()


def test_a_column_leads_to_those_before_and_after_it(browser: Browser, folder: Path, said: list[str]) -> None:
    page = opened(browser, folder, said)
    page.goto((folder / "catalogue/themes-health-archive.html").as_uri())
    up, down = page.locator("tr[id=county6] td").nth(4), page.locator("tr[id=person_uid] td").nth(5)
    assert up.locator("a[href='cleansed-health-archive.html#village_county']").count() == 1
    assert page.locator("[data-made] a[href$='cleansed-health-archive.html']").count() == 1
    assert page.locator("[data-makes] a[href$='themes-health-indicator.html']").count() == 1
    down.locator("a[href='themes-health-indicator.html#numerator']").click()
    assert page.locator("tr[id=numerator] a[href='themes-health-archive.html#person_uid']").count() == 1
    assert not said
    page.close()


def test_from_a_figure_of_the_city_to_a_delivered_line_by_clicks_alone(browser: Browser, folder: Path, said: list[str]) -> None:
    page = opened(browser, folder, said)
    page.goto((folder / "index.html").as_uri())
    answers = page.locator("details.answers").first
    answers.locator("summary").click()
    answers.locator("a[href*='ledger/cleansed-health-archive']").first.click()
    assert "/ledger/" in page.url
    lines = page.locator("main").inner_text()
    assert re.search(r"archive_\d{8}\.csv", lines), "the delivered files are named"
    assert "E_ID_CHECKSUM" in lines, "with what was held back, and why"
    page.locator("nav a[href$='catalogue.html']").click()
    assert page.url.endswith("/catalogue.html"), "every page has the menu"
    assert not said
    page.close()
