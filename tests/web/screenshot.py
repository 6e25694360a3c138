"""Take a screenshot of the page for the docs: ``python -m tests.web.screenshot PAGE.html OUT.png``."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.web.conftest import FLAGS, find_chromium

ADDRESS = "#seed=8"


def take(page_file: Path, out: Path) -> None:
    """Save a desktop screenshot with two favorites and three letters of a name that is being drawn."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 1330}, device_scale_factor=1.5)
        page.goto(page_file.resolve().as_uri() + ADDRESS)
        for place in (1, 4):
            page.locator("#names .star").nth(place).click()
        for _ in range(3):
            page.click("#step-on")
        page.mouse.move(0, 0)
        page.wait_for_timeout(600)  # wait for the animation of the bars
        page.screenshot(path=out)
        browser.close()


if __name__ == "__main__":
    take(Path(sys.argv[1]), Path(sys.argv[2]))
