"""Measure how fast a page is in Chromium: ``python -m tests.web.speed PAGE.html [--learn]``.

Without ``--learn``, it measures how long "New names" takes for each model. With ``--learn``, it measures how long the
page takes to learn 50 and 500 names, and the longest time in which it doesn't answer meanwhile. To write such a page,
run ``namegen export-web MODEL --learn``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from namegen.lists import load_bundled
from tests.web.conftest import FLAGS, find_chromium

COUNTS = (50, 500)
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
LEARN = """async (names) => {
    const models = document.getElementById("own-models");
    const before = models.children.length, begun = performance.now();
    let last = begun, longest = 0;
    document.getElementById("list").value = names.join("\\n");
    document.getElementById("learn-start").click();
    while (models.children.length === before) {
        await new Promise((done) => setTimeout(done, 5));
        longest = Math.max(longest, performance.now() - last);
        last = performance.now();
    }
    return [performance.now() - begun, longest];
}"""


def measure(page_file: Path, *, learn: bool) -> None:
    """Print the median of 20 clicks for each model, or the time to learn lists."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(page_file.resolve().as_uri() + "#seed=1")
        if learn:
            listed = load_bundled("mlb-last").names
            for count in COUNTS:
                names = listed[:: len(listed) // count][:count]
                total, longest = page.evaluate(LEARN, names)
                print(
                    f"{count} names learned in {total / 1000:.1f} s; no answer for {longest:.0f} ms at most"
                )
        else:
            for name in page.evaluate("namegen.descriptions.map(({ name }) => name)"):
                first, every = page.evaluate(MEASURE, name)
                print(f"{name}: first names after {first:.0f} ms, all 20 after {every:.0f} ms")
        browser.close()


if __name__ == "__main__":
    measure(Path(sys.argv[1]), learn="--learn" in sys.argv)
