"""`make pictures`: the pictures of the README, of a demo city: pages of its site and of Dagster.

Here: what is photographed, and how wide. Not here: making the demo city (`make demo`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.servers.need import found
from tests.servers.process import LOOPBACK, Process, free_port, listens

OF_SITE = {
    "city.png": ("index.html", None),
    "ecology.png": ("themes-ecology.html", "#sections"),
    "table.png": ("catalogue/themes-health-archive.html", None),
}
"""Picture -> page, and the part of it to which it is scrolled."""
OF_DAGSTER = {"graph.png": "/asset-groups?open-nodes%5B0%5D=workspace.yaml"}
SIZE = {"width": 1280, "height": 800}
SECONDS_TO_START, SECONDS_TO_DRAW = 120, 8
FLAGS = ["--no-sandbox", "--disable-gpu"]


@contextmanager
def dagster(demo: Path) -> Iterator[str]:
    """The address of Dagster's UI over the demo's history, while the block runs."""
    port = free_port()
    environment = os.environ | {"DAGSTER_HOME": str(demo / "dagster"), "CITYLAKE_CONFIG": str(demo / "citylake.toml")}
    command = [str(Path(sys.executable).with_name("dagster-webserver")), "-w", "workspace.yaml", "-h", LOOPBACK, "-p", str(port)]
    server = Process(command, demo / "webserver.log", env=environment)
    server.start(lambda: listens(port), SECONDS_TO_START)
    try:
        yield f"http://{LOOPBACK}:{port}"
    finally:
        server.stop()


def photograph(page: Page, address: str, part: str | None, file: Path, seconds: float = 0.5) -> None:
    """Open an address, scroll to a part of it, and keep what is on the screen."""
    page.goto(address)
    page.wait_for_timeout(1000 * seconds)
    if part:
        page.evaluate("part => document.querySelector(part).scrollIntoView()", part)
    page.screenshot(path=file)
    print(file)


def main(demo: Path, folder: Path) -> int:
    """Photograph a demo city. demo: its folder; folder: of the pictures."""
    chromium = found("chromium")
    if chromium is None or not (demo / "site" / "index.html").is_file():
        print("Chromium and a demo city with its site are needed: make servers, make demo DEPARTMENTS=", file=sys.stderr)
        return 2
    with sync_playwright() as play, dagster(demo.resolve()) as address:
        browser = play.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport=SIZE, locale="zh-CN")  # type: ignore[arg-type]
        for name, (path, part) in OF_SITE.items():
            photograph(page, (demo.resolve() / "site" / path).as_uri(), part, folder / name)
        for name, path in OF_DAGSTER.items():
            photograph(page, address + path, None, folder / name, SECONDS_TO_DRAW)
        browser.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), Path(sys.argv[2])))
