"""Measure how long "New names" takes for each model of a page: ``python -m tests.web.speed PAGE.html``."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.web.conftest import FLAGS, find_chromium

MEASURE = """async (name) => {
    const list = document.getElementById("names"), again = document.getElementById("again");
    const finished = async () => {
        while (list.hasAttribute("aria-busy")) await new Promise((done) => setTimeout(done, 1));
    };
    document.querySelector(`#models input[value="${CSS.escape(name)}"]`).click();
    await finished();
    const first = [], all = [];
    for (let k = 0; k < 20; k++) {
        const begun = performance.now();
        again.click();
        list.getBoundingClientRect();
        first.push(performance.now() - begun);
        await finished();
        list.getBoundingClientRect();
        all.push(performance.now() - begun);
        await new Promise((done) => setTimeout(done, 30));
    }
    return [first, all].map((times) => times.sort((a, b) => a - b)[10]);
}"""


def measure(page_file: Path) -> None:
    """Print the median of 20 clicks for each model."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(page_file.resolve().as_uri() + "#seed=1")
        for name in page.evaluate("namegen.descriptions.map(({ name }) => name)"):
            first, every = page.evaluate(MEASURE, name)
            print(f"{name}: first names after {first:.0f} ms, all 20 after {every:.0f} ms")
        browser.close()


if __name__ == "__main__":
    measure(Path(sys.argv[1]))
