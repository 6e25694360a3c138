"""What may be asked of the page beyond lengths: texts, labels, two models at once; and how names leave it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from namegen.web.export import PageModel, write_page
from tests.requirements import require
from tests.web.conftest import Opener, at_random, by_heart
from tests.web.test_page import DESKTOP, PHONE, clipboard, names

HEARTS = ["Anna", "Hanna", "Ivanna", "anNe", "Bob", "Rob", "Élan", "İo", "Ως"]
EVIL = '<img src=x onerror="alert(1)">'
ORIGINS = (EVIL, "Éire", "", "Zulu")
TITLE = 'First & <b>"best"</b> names'


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with names by heart, a few labels, and very many."""
    out = tmp_path_factory.mktemp("web") / "names.html"
    many = tuple(f"number {k}" for k in range(5000))
    models = [
        PageModel("hearts", replace(by_heart(HEARTS), drawing_temperature=0.9), title=TITLE),
        PageModel("few", at_random("gru", "abcde", ORIGINS), title="Names of the world"),
        PageModel("many", at_random("gru", "abcde", many)),
    ]
    write_page(models, out)
    return out


def hash_of(page: Any) -> str:
    text: str = page.evaluate("location.hash")
    return text


def test_texts_at_the_end_and_inside_letter_case_aside(file: Path, opened: Opener) -> None:
    page = opened(file, "#seed=1&n=40&new=any", viewport=DESKTOP)
    page.fill("#ends", "NA")
    assert {name[-2:].lower() for name in names(page)} == {"na"}
    assert {"Anna", "Hanna", "Ivanna"} <= set(names(page))
    page.fill("#ends", "")
    page.fill("#contains", "aNN")
    assert {"Anna", "Hanna", "Ivanna", "anNe"} <= set(names(page))
    assert all("ann" in name.lower() for name in names(page))
    page.fill("#first", "h")
    page.fill("#ends", "a")
    assert "Hanna" in names(page)
    assert all(name.startswith("H") and "ann" in name.lower() and name[-1] in "aA" for name in names(page))
    assert hash_of(page) == "#seed=1&model=hearts&n=40&first=h&contains=aNN&ends=a&new=any"
    before = names(page)
    page.reload()
    assert names(page) == before
    assert [page.input_value(f"#{key}") for key in ("first", "contains", "ends")] == ["h", "aNN", "a"]
    page.click("#reset")
    assert hash_of(page) == "#seed=1&model=hearts"


def test_what_cannot_be_found_is_said(file: Path, opened: Opener) -> None:
    page = opened(file, "#seed=1&new=any", viewport=DESKTOP)
    message = page.locator("#message")
    page.fill("#ends", "bobbob")
    assert names(page) == []
    assert "No names that fit turned up in" in message.text_content()
    assert "shorten or change the letters that you ask for" in message.text_content()
    assert message.text_content() in page.locator("#status").text_content()
    page.fill("#ends", "x")
    assert "has never read “x”, so no name can have it" in message.text_content()
    page.fill("#ends", "")
    page.fill("#contains", "ж")
    assert "has never read “ж”, so no name can have it" in message.text_content()
    page.fill("#contains", "anna")
    page.fill("#longest", "3")
    assert "No name can keep these lengths" in message.text_content()
    page.fill("#longest", "9")
    page.fill("#contains", "")
    page.fill("#ends", "a ")
    assert "No name begins or ends with a space" in message.text_content()
    page.fill("#ends", "a")
    assert "Anna" in names(page)


def test_a_label_is_chosen_and_kept_in_the_address(file: Path, opened: Opener) -> None:
    page = opened(file, "#seed=1&model=few", viewport=DESKTOP)
    options = page.locator("#label option").all_text_contents()
    assert options == ["any", " (3)", f"{EVIL} (1)", "Éire (2)", "Zulu (4)"]
    assert page.locator("#label-find").is_hidden()
    told = page.locator("#names .of").all_text_contents()
    assert set(told) <= set(ORIGINS)
    assert len(set(told)) > 1
    page.select_option("#label", label=f"{EVIL} (1)")
    assert f"At the start of a name of {EVIL} the random" in page.locator("#sentence").text_content()
    assert set(page.locator("#names .of").all_text_contents()) == {""}
    assert page.locator("main img, footer img").count() == 0
    chosen, before = hash_of(page), names(page)
    page.reload()
    assert names(page) == before
    assert page.locator("#label option:checked").text_content() == f"{EVIL} (1)"
    page.select_option("#label", label=" (3)")
    assert hash_of(page) == "#seed=1&model=few&label="
    assert names(page) != before
    page.select_option("#label", label="any")
    assert hash_of(page) == "#seed=1&model=few"
    again = opened(file, chosen.replace("label=", "label=no"))
    assert again.input_value("#label") == ""
    page.get_by_role("radio", name=TITLE).check()
    assert page.locator("#label").is_hidden()


def test_thousands_of_labels_can_be_narrowed(file: Path, opened: Opener) -> None:
    page = opened(file, "#seed=1&model=many", viewport=DESKTOP)
    before = names(page)
    page.fill("#label-find", "NUMBER 123")
    assert page.locator("#label option").all_text_contents()[:2] == ["any", "number 123 (124)"]
    assert page.locator("#label option").count() == 12
    assert page.locator("#status").text_content() == "11 labels"
    assert names(page) == before
    page.locator("#label-find").press("Enter")
    assert page.evaluate("document.activeElement.id") == "label"
    page.select_option("#label", label="number 1234 (1,235)")
    assert hash_of(page) == "#seed=1&model=many&label=number+1234"
    page.fill("#label-find", "no such")
    assert page.locator("#label option:checked").text_content() == "number 1234 (1,235)"
    assert "and 4,988 more" in page.locator("#facts").text_content()


def test_two_models_together(file: Path, opened: Opener) -> None:
    page = opened(file, "#seed=1", viewport=DESKTOP)
    alone = names(page)
    assert page.locator("#share").is_hidden()
    assert page.input_value("#temperature") == "0.9"
    page.select_option("#other", label="Names of the world")
    assert page.locator("#message").text_content() == ("A blend needs one label: choose a label of Names of the world.")
    assert names(page) == []
    assert page.locator("#copy-names").is_disabled()
    page.select_option("#other-label", label="Zulu (4)")
    assert page.locator("#message").is_hidden()
    assert hash_of(page) == "#seed=1&model=hearts&with=few&withlabel=Zulu"
    assert page.input_value("#temperature") == "1"  # the higher of the two
    page.locator("#share").fill("100")
    strangers = names(page)
    assert set("".join(strangers)) <= set("abcde")
    assert page.locator("#share-value").text_content() == "100 %"
    page.locator("#share").fill("0")
    assert set("".join(names(page))) <= set("".join(HEARTS))
    assert hash_of(page) == "#seed=1&model=hearts&with=few&withlabel=Zulu&share=0"
    page.locator("#share").fill("30")
    mixed = names(page)
    assert mixed not in (alone, strangers)
    assert page.locator("#memory .units").count() == 3
    assert "weighted mean" in page.locator("#watch-hint").text_content()
    facts = page.locator("#facts").text_content()
    assert TITLE in facts
    assert "Names of the world" in facts
    page.reload()
    assert names(page) == mixed
    assert page.input_value("#share") == "30"
    page.get_by_role("radio", name="Names of the world").check()  # the other of the two: no blend with itself
    assert hash_of(page) == "#seed=1&model=few"
    assert page.locator("#other option").all_text_contents() == ["no other", TITLE, "many"]


def test_names_leave_as_a_text(file: Path, opened: Opener) -> None:
    page = opened(file, "#seed=1&n=7&new=any", viewport=DESKTOP)
    found = names(page)
    page.click("#copy-names")
    page.locator("#copy-names.copied").wait_for()
    assert clipboard(page).split("\n") == found
    assert page.locator("#status").text_content() == "Copied 7 names"
    with page.expect_download() as download:
        page.click("#save-names")
    assert download.value.suggested_filename == "first-b-best-b-names.txt"
    assert Path(download.value.path()).read_text(encoding="utf-8") == "".join(f"{name}\n" for name in found)
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.evaluate("document.execCommand = (command) => (window.copied = document.activeElement.value, true)")
    page.click("#copy-names")
    page.wait_for_function("window.copied !== undefined")
    assert page.evaluate("copied").split("\n") == found


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_kept_names_are_at_hand_and_the_seed_is_whole(size: dict[str, int], file: Path, opened: Opener) -> None:
    page = opened(file, "#seed=4294967295", viewport=size, reduced_motion="reduce")
    page.evaluate("document.getElementById('settings').open = true")
    assert page.evaluate("document.getElementById('seed').value.length") == 10
    seed = page.locator("#seed")
    assert seed.evaluate("(field) => field.scrollWidth <= field.clientWidth")
    page.locator("#names .keep").first.click()
    first = names(page)[0]
    if size == DESKTOP:
        assert page.locator("#kept .text").text_content() == first
        return
    assert page.locator("#kept").is_hidden()
    for place in (0, 100_000):
        page.evaluate("(place) => scrollTo(0, place)", place)
        box = page.locator("#show-kept").bounding_box()
        assert 0 <= box["y"] <= size["height"] - box["height"]
    page.evaluate(  # a button half under the bar comes out when it has the focus
        """() => {
            const last = [...document.querySelectorAll("#names .keep")].at(-1);
            scrollBy(0, last.getBoundingClientRect().bottom - innerHeight + 30);
            last.focus();
        }"""
    )
    button = page.locator("#names .keep").last.bounding_box()
    assert button["y"] + button["height"] <= page.locator(".dock").bounding_box()["y"]
    page.click("#show-kept")
    assert page.locator("#kept .text").text_content() == first
    assert page.locator("#kept").is_visible()
    assert page.evaluate("document.activeElement.id") == "kept-heading"
    page.keyboard.press("Escape")
    assert page.locator("#kept").is_hidden()
    assert page.evaluate("document.activeElement.id") == "show-kept"


def test_new_names_are_announced_once(file: Path, opened: Opener) -> None:
    page = opened(file, "#seed=1&n=5&new=any", viewport=DESKTOP)
    page.evaluate(
        """() => {
            window.said = [];
            const status = document.getElementById("status");
            const told = (records) => said.push(...records.map(() => status.textContent));
            new MutationObserver(told).observe(status, { childList: true });
        }"""
    )
    for times in (1, 2):
        page.click("#again")
        names(page)
        page.wait_for_function("(times) => said.length >= times", arg=times)
        page.wait_for_timeout(50)
        assert len(page.evaluate("said")) == times
    assert "5 names" in page.evaluate("said")[0]


def test_the_choices_keep_nobody_out(file: Path, opened: Opener) -> None:
    """axe-core finds nothing with two models, labels, a mark and a message in sight, nor with the kept names open."""
    require("axe_playwright_python")
    from axe_playwright_python.sync_playwright import Axe

    address = "#seed=1&n=30&model=many&label=number+7&with=hearts&share=60&longest=1"
    page = opened(file, address, viewport=PHONE, color_scheme="dark", reduced_motion="reduce")
    page.evaluate("document.getElementById('settings').open = true")
    page.locator("#message:not([hidden])").wait_for()
    page.locator("#names .keep").first.click()
    for opens in (False, True):
        if opens:
            page.click("#show-kept")
        violations = Axe().run(page).response["violations"]
        assert [(v["id"], [node["html"][:120] for node in v["nodes"][:2]]) for v in violations] == []
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
