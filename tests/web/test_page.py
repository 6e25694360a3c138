"""The page in a browser: every control does its thing, for every reader; nothing leaves it; texts stay texts.

The fixture ``opened`` fails a test after which the browser's console holds anything, or a request went anywhere.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from namegen.core.data.sameness import digest
from namegen.web.export import PageModel, write_page
from tests.requirements import require
from tests.web.conftest import HOSTILE_NAMES, Opener, by_heart

PHONE, DESKTOP = {"width": 375, "height": 812}, {"width": 1280, "height": 900}


def names(page: Any) -> list[str]:
    page.locator("#names:not([aria-busy])").wait_for(state="attached")
    texts: list[str] = page.locator("#names .text").all_text_contents()
    return texts


def clipboard(page: Any) -> str:
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def test_names_are_there_at_once_and_those_of_the_list_are_marked(page_file: Path, opened: Opener) -> None:
    page = opened(page_file, "#seed=1", viewport=DESKTOP)
    assert page.locator("#count").text_content() == "20 names, all new"
    page = opened(page_file, "#seed=1&new=any", viewport=DESKTOP)
    assert len(set(names(page))) == 20
    marks = page.locator("#names .mark").all_text_contents()
    assert set(marks) == {"", "seen"}
    assert page.locator("#count").text_content() == f"20 names, {marks.count('seen')} seen"
    assert page.locator("#names li.seen").count() == marks.count("seen")


def test_the_same_address_gives_the_same_names(page_file: Path, opened: Opener) -> None:
    address = "#seed=42&model=gru&n=12&temperature=0.8&first=Ma&shortest=3&longest=9&new=any"
    first, second = opened(page_file, address), opened(page_file, address)
    assert names(first) == names(second)
    assert len(names(first)) == 12
    assert names(opened(page_file, address.replace("42", "43"))) != names(first)
    assert first.evaluate("location.hash") == address
    assert [first.input_value(f"#{key}") for key in ("seed", "n", "temperature", "first", "shortest", "longest")] == [
        "42",
        "12",
        "0.8",
        "Ma",
        "3",
        "9",
    ]


def test_new_names_and_back(page_file: Path, opened: Opener) -> None:
    page = opened(page_file, "#seed=1")
    before = names(page)
    page.click("#again")
    assert names(page) != before
    assert page.input_value("#seed") != "1"
    page.go_back()
    page.wait_for_function("document.getElementById('seed').value === '1'")
    assert names(page) == before


def test_every_setting_counts(page_file: Path, opened: Opener) -> None:
    page = opened(page_file, "#seed=1&model=gru&new=any", viewport=DESKTOP)
    page.fill("#n", "7")
    assert len(names(page)) == 7
    page.fill("#first", "jo")
    assert {name[:2].lower() for name in names(page)} == {"jo"}
    page.fill("#shortest", "5")
    page.fill("#longest", "6")
    assert {len(name) for name in names(page)} <= {5, 6}
    page.check("#only-new")
    assert set(page.locator("#names .mark").all_text_contents()) == {""}
    assert page.locator("#count").text_content() == "7 names, all new"
    assert page.evaluate("location.hash") == "#seed=1&model=gru&n=7&first=jo&shortest=5&longest=6"
    page.fill("#seed", "2")
    changed = names(page)
    page.fill("#seed", "1")
    assert names(page) != changed
    page.click("#reset")
    assert len(names(page)) == 20
    assert page.evaluate("location.hash") == "#seed=1&model=gru"
    page.get_by_role("radio", name="lstm").check()
    assert "model=lstm" in page.evaluate("location.hash")
    assert "LSTM, 2 layers of 32" in page.locator("#facts").text_content()
    page.locator("#temperature").fill("0")
    assert page.locator("#temperature-value").text_content() == "0.00"
    assert len(names(page)) == 1
    assert "always the same name" in page.locator("#message").text_content()


def test_a_model_without_digests_marks_nothing(page_file: Path, opened: Opener) -> None:
    page = opened(page_file, "#seed=1&model=no-digests")
    assert len(names(page)) == 20
    assert set(page.locator("#names .mark").all_text_contents()) == {""}
    assert page.locator("#count").text_content() == "20 names"
    assert page.locator("#only-new").is_hidden()


def test_wishes_that_cannot_be_met_are_answered(page_file: Path, opened: Opener) -> None:
    page = opened(page_file, "#seed=1&model=gru", viewport=DESKTOP)
    message = page.locator("#message")
    page.fill("#first", "Jж")
    assert names(page) == []
    assert "has never read “ж”" in message.text_content()
    page.fill("#first", "Johnathanson")
    page.fill("#longest", "5")
    assert names(page) == []
    assert "No name can keep these lengths" in message.text_content()
    page.fill("#first", "")
    page.fill("#shortest", "1")
    page.fill("#longest", "1")
    assert len(names(page)) < 20
    assert re.search(r"No (more )?names that fit turned up in 2,400 tries", message.text_content())
    page.fill("#n", "0")  # not a number that the field allows: what holds stays
    assert page.locator("#n").get_attribute("aria-invalid") is not None
    page.locator("#first").focus()
    assert page.input_value("#n") == "20"


def test_copying_one_name_all_kept_and_the_link(page_file: Path, opened: Opener) -> None:
    page = opened(page_file, "#seed=1", viewport=DESKTOP)
    found = names(page)
    page.locator("#names .copy").nth(2).click()
    page.locator("#names .copied").wait_for()
    assert clipboard(page) == found[2]
    assert page.locator("#status").text_content() == f"Copied {found[2]}"
    for place in (0, 3):
        page.locator("#names .keep").nth(place).click()
    page.click("#copy-kept")
    page.locator("#copy-kept.copied").wait_for()
    assert clipboard(page).split("\n") == [found[0], found[3]]
    page.click("#copy-link")
    page.locator("#copy-link.copied").wait_for()
    assert clipboard(page) == page.url


def test_kept_names_stay_and_can_be_removed(page_file: Path, opened: Opener) -> None:
    page = opened(page_file, "#seed=1")
    found = names(page)
    for place in (1, 4, 5):
        page.locator("#names .keep").nth(place).click()
    page.reload()
    kept = page.locator("#kept .text")
    assert kept.all_text_contents() == [found[1], found[4], found[5]]
    assert page.locator("#kept-count").text_content() == "3"
    assert page.locator("#names .keep[aria-pressed=true]").count() == 3
    page.locator("#kept .remove").first.click()
    page.locator("#names .keep").nth(4).click()
    assert kept.all_text_contents() == [found[5]]
    page.click("#show-kept")
    assert page.evaluate("document.activeElement.id") == "kept-heading"
    page.click("#clear-kept")
    assert kept.count() == 0
    assert page.locator("#kept-none").is_visible()
    page.evaluate("localStorage.setItem('namegen.kept', '{\"not\": \"a list\"}')")
    page.reload()
    assert len(names(page)) == 20
    assert kept.count() == 0


def test_a_name_is_drawn_letter_by_letter(page_file: Path, opened: Opener) -> None:
    """Each step shows the probabilities of what may come next; the number drawn falls on what comes."""
    page = opened(page_file, "#seed=1&model=lstm&first=jo", reduced_motion="reduce")
    name = names(page)[2]
    page.locator("#names .show").nth(2).click()
    assert page.evaluate("document.activeElement.id") == "watch-heading"
    tiles = page.locator("#tiles .tile")
    assert "you asked for" in page.locator("#sentence").text_content()
    for step in range(1, len(name) + 1):
        page.click("#step-on")
        assert tiles.count() == step + 1
        shares = [float(text.strip("< %")) for text in page.locator("#bars .percent").all_text_contents()]
        assert sum(shares) == pytest.approx(100, abs=1)
        assert page.locator("#bars .chosen").count() == 1
        if step >= 2:
            needle = page.locator("#strip .needle").bounding_box()
            part = page.locator("#strip .chosen").bounding_box()
            assert part["x"] - 2 <= needle["x"] + needle["width"] / 2 <= part["x"] + part["width"] + 2
    assert "".join(tiles.all_text_contents()[:-1]) == name
    assert tiles.last.text_content() == "end"
    assert page.locator("#step-on").is_disabled()
    assert "falls on the end of the name" in page.locator("#status").text_content()
    assert page.locator("#memory .units").count() == 2
    assert page.locator("#memory .units").first.locator("span").count() == 32
    page.click("#step-back")
    assert tiles.count() == len(name)
    tiles.first.click()
    assert tiles.count() == 1
    page.click("#watch-another")
    page.click("#step-first", force=True)
    assert tiles.count() == 1


def test_drawing_plays_by_itself_and_can_be_paused(page_file: Path, opened: Opener) -> None:
    page = opened(page_file, "#seed=1&model=gru&shortest=4")
    page.clock.install(time=0)
    page.clock.pause_at(1_000_000)  # seconds: long after, where time stands still but for run_for
    page.locator("#names .show").nth(1).click()
    assert page.locator("#play-label").text_content() == "Pause"
    page.clock.run_for(2500)
    assert page.locator("#tiles .tile").count() == 3
    page.click("#play")
    page.clock.run_for(5000)
    assert page.locator("#tiles .tile").count() == 3
    page.click("#play")
    page.clock.run_for(60_000)
    assert page.locator("#play-label").text_content() == "Play"
    assert page.locator("#tiles .tile").last.text_content() == "end"


def test_everything_works_by_keyboard(page_file: Path, opened: Opener) -> None:
    page = opened(page_file, "#seed=1", viewport=DESKTOP, reduced_motion="reduce")
    found = names(page)
    reached = []
    for _ in range(160):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.className"))
        if reached[-1] == "icon keep" and reached.count("icon keep") == 1:
            page.keyboard.press("Enter")
        style = "getComputedStyle(document.activeElement.closest('label') ?? document.activeElement).outlineStyle"
        assert page.evaluate(style) != "none", reached[-1]
        if reached[-1] == "clear-kept":
            break
    wanted = (
        "n first contains ends shortest longest only-new temperature other seed copy-link reset "
        "copy-names save-names show-kept again play step-on copy-kept save-kept"
    )
    assert set(wanted.split()) <= set(reached)
    assert page.locator("#kept .text").all_text_contents() == [found[0]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_nothing_keeps_readers_out(size: dict[str, int], scheme: str, page_file: Path, opened: Opener) -> None:
    """axe-core finds nothing, and nothing is wider than the screen."""
    require("axe_playwright_python")
    from axe_playwright_python.sync_playwright import Axe

    page = opened(page_file, "#seed=1&n=62", viewport=size, color_scheme=scheme, reduced_motion="reduce")
    names(page)
    page.locator("#names .keep").first.click()
    page.evaluate("document.getElementById('settings').open = true")
    page.click("#step-on")
    violations = Axe().run(page).response["violations"]
    found = [(v["id"], v["impact"], [node["html"][:120] for node in v["nodes"][:2]]) for v in violations]
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth") == size["width"]


def test_texts_that_look_like_markup_stay_texts(tmp_path: Path, opened: Opener) -> None:
    """Names, the model's label, its list and its credit: quotes, tags, emoji, right-to-left, combining marks."""
    hostile = by_heart(HOSTILE_NAMES)
    label = '</title><script>alert("x")</script>'
    models = [PageModel(label, hostile, credit="<img src=x onerror=alert(1)>"), PageModel(label, hostile)]
    write_page(models, tmp_path / "names.html")
    page = opened(tmp_path / "names.html", "#seed=3&n=60&new=any", viewport=DESKTOP, reduced_motion="reduce")
    found = names(page)
    assert {"<script>alert(1)</script>", "</script>", "שלום", '"Q\'uote"', "&amp;"} <= set(found)
    assert len(set(found) & set(HOSTILE_NAMES)) >= 12
    assert page.locator("#names script, #names img, #names b, #facts img").count() == 0
    assert page.locator("#names bdi.text").count() == len(found)
    assert page.title() == f"Invented names: {label}, {label} (2)"
    assert label in page.locator("#facts").text_content()
    seen = page.locator("#names .mark").all_text_contents()
    assert seen == ["seen" if digest(name) in map(digest, HOSTILE_NAMES) else "" for name in found]
    assert set(seen) == {"", "seen"}
    steps = page.evaluate(  # every letter of every name goes through the view of its drawing
        """() => {
            let steps = 0;
            for (const button of document.querySelectorAll("#names .show")) {
                button.click();
                for (const on = document.getElementById("step-on"); !on.disabled; steps++) on.click();
            }
            return steps;
        }"""
    )
    assert steps == sum(map(len, found))
    place = found.index("<script>alert(1)</script>")
    page.locator("#names .keep").nth(place).click()
    page.locator("#names .copy").nth(place).click()
    page.locator("#names .copied").wait_for()
    assert clipboard(page) == "<script>alert(1)</script>"
    page.reload()
    assert page.locator("#kept .text").text_content() == "<script>alert(1)</script>"
    page.fill("#first", "<SCR")
    assert "<script>alert(1)</script>" in names(page)
    assert all(name.startswith("<scr") for name in names(page))


def test_the_page_may_not_reach_out(page_file: Path, browser: Any) -> None:
    """Its own Content-Security-Policy forbids every way, should a script ever try."""
    page = browser.new_page()
    page.goto(page_file.as_uri())
    blocked = page.evaluate(
        """async () => {
            const blocked = [];
            document.addEventListener("securitypolicyviolation", (event) => blocked.push(event.effectiveDirective));
            await fetch("http://localhost:9/").catch(() => {});
            const image = new Image();
            image.src = "http://localhost:9/x.png";
            const script = document.createElement("script");
            script.textContent = "window.injected = true";
            document.body.append(script);
            await new Promise((done) => setTimeout(done, 300));
            return [blocked, window.injected];
        }"""
    )
    page.close()
    assert sorted(blocked[0]) == ["connect-src", "img-src", "script-src-elem"]
    assert blocked[1] is None
