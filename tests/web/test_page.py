"""The web page works in a browser: its controls, its accessibility and its protection against untrusted text.

The fixture ``opened`` fails a test if the page sends a request or logs a message to the console.
"""

from __future__ import annotations

import random
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from namegen.api import read_checkpoint
from namegen.core.checkpoint.checkpoint import Checkpoint
from namegen.core.checkpoint.metadata import bytes_to_text
from namegen.core.data.normalization import hash_name, known_set
from namegen.lists import load_bundled
from namegen.models import shipped_path
from namegen.web.description import PageModel
from namegen.web.export import write_page
from tests.requirements import require
from tests.web.conftest import HOSTILE_NAMES, Opener, at_random, by_heart, scored
from tests.web.reference import SeededSearch

PHONE, DESKTOP = {"width": 375, "height": 812}, {"width": 1280, "height": 900}
ANNAS = ("Anna", "Hanna", "Ivanna", "anNe")
HEARTS = [*ANNAS, "Bob", "Rob", "Élan", "İo", "Ως"]
NAMES = [
    start + middle + end
    for start in ("Jo", "Ma", "jo", "An")
    for middle in ("nat", "ri", "")
    for end in "an"
]
EVIL = '<img src=x onerror="alert(1)">'
ORIGINS = (EVIL, "Éire", "Zulu")
TITLE = 'First & <b>"best"</b> names'


@pytest.fixture(scope="module")
def lstm() -> Checkpoint:
    """Create a model that can score its names."""
    rng = random.Random(1)
    listed = ["".join(rng.choices("abjo", k=rng.randint(3, 7))) for _ in range(300)]
    return scored(
        replace(at_random("lstm", "abjo", hidden=(32, 32)), known_names=known_set(listed)), listed
    )


@pytest.fixture(scope="module")
def file(lstm: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a page with models that memorized names, and with random networks that have no, few or many labels."""
    out = tmp_path_factory.mktemp("web") / "names.html"
    many = tuple(f"number {k}" for k in range(5000))
    listed = replace(by_heart(NAMES), known_names=known_set(NAMES[:8]))
    models = [
        PageModel("hearts", by_heart(HEARTS), title=TITLE),
        PageModel("listed", listed),
        PageModel("lstm", lstm),
        PageModel("few", at_random("gru", "abcde", ORIGINS), title="Names of the world"),
        PageModel("many", at_random("gru", "abcde", many)),
    ]
    write_page(models, out)
    return out


def names(page: Any) -> list[str]:
    page.locator("#names:not([aria-busy])").wait_for(state="attached")
    texts: list[str] = page.locator("#names .text").all_text_contents()
    return texts


def clipboard(page: Any) -> str:
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def hash_of(page: Any) -> str:
    text: str = page.evaluate("location.hash")
    return text


def text_of(page: Any, place: str) -> str:
    text: str = page.locator(place).first.text_content()
    return text


def values_of(page: Any, *fields: str) -> list[str]:
    return [page.input_value(f"#{field}") for field in fields]


def focused(page: Any) -> str:
    text: str = page.evaluate("document.activeElement.id")
    return text


# ---- settings ----


def test_settings_work_and_are_stored_in_the_address(file: Path, opened: Opener) -> None:
    address = (
        "#seed=42&model=listed&n=5&startsWith=Jo&minLength=3&maxLength=6&allowSeen=1&temperature=2"
    )
    page = opened(file, address, viewport=DESKTOP)
    found = names(page)
    page.reload()
    assert names(page) == found
    assert len(found) == 5
    assert hash_of(page) == address
    fields = ("seed", "n", "temperature", "startsWith", "minLength", "maxLength")
    assert values_of(page, *fields) == ["42", "5", "2", "Jo", "3", "6"]
    assert {name[:2].lower() for name in found} == {"jo"}
    assert all(3 <= len(name) <= 6 for name in found)
    marks = page.locator("#names .mark").all_text_contents()
    assert marks == [
        "seen" if hash_name(name) in map(hash_name, NAMES[:8]) else "" for name in found
    ]
    assert set(marks) == {"", "seen"}
    assert text_of(page, "#count") == f"5 names, {marks.count('seen')} seen"
    page.uncheck("#allowSeen")
    assert text_of(page, "#count") == "5 names, all new"
    page.click("#reset")
    assert hash_of(page) == "#seed=42&model=listed"
    page.get_by_role("radio", name="lstm").check()
    assert "model=lstm" in hash_of(page)
    assert "LSTM with 32 and 32 units" in text_of(page, "#facts")
    before = names(page)
    page.click("#again")
    assert names(page) != before
    page.go_back()
    page.wait_for_function("document.getElementById('seed').value === '42'")
    assert names(page) == before
    page.get_by_role("radio", name=TITLE).check()
    page.check("#allowSeen")
    page.locator("#temperature").fill("0")
    assert text_of(page, "#temperature-value") == "0.00"
    assert len(names(page)) == 1
    assert "there is only one name for each label" in text_of(page, "#message")


def test_addresses_of_earlier_versions_still_work(file: Path, opened: Opener) -> None:
    page = opened(file, "#seed=1&n=9&first=a&ends=A&shortest=2&longest=9&case=upper&new=any")
    names(page)
    assert hash_of(page) == (
        "#seed=1&model=hearts&n=9&startsWith=a&endsWith=A&minLength=2&maxLength=9&letterCase=upper&allowSeen=1"
    )


def test_new_names_are_filtered_by_default(lstm: Checkpoint, file: Path, opened: Opener) -> None:
    """Unfiltered names also have different default lengths, which empty fields show."""
    page = opened(file, "#seed=5&model=lstm&n=2", viewport=DESKTOP)

    def default_lengths() -> list[str | None]:
        fields = (page.locator(f"#{field}") for field in ("minLength", "maxLength"))
        return [field.get_attribute("placeholder") for field in fields]

    assert names(page)[:1] == SeededSearch(lstm, seed=5).names(
        1
    )  # the other one misses the threshold
    assert default_lengths() == [str(lstm.shortest_name), str(lstm.longest_name)]
    assert "discarded, because their score is too low" in text_of(page, "#watch-hint")
    page.check("#unfiltered")
    assert names(page) == SeededSearch(lstm, seed=5, unfiltered=True).names(2)
    assert hash_of(page) == "#seed=5&model=lstm&n=2&unfiltered=1"
    assert default_lengths() == ["1", str(2 * lstm.longest_name)]
    assert "discarded" not in text_of(page, "#watch-hint")
    page.fill("#maxLength", "6")
    page.uncheck("#unfiltered")  # keeps a length that was set
    assert hash_of(page) == "#seed=5&model=lstm&n=2&maxLength=6"
    page.select_option("#other", label="listed")  # the names of a blend have no score
    assert page.locator("#unfiltered").is_hidden()
    page.get_by_role("radio", name="Names of the world").check()
    assert page.locator("#unfiltered").is_hidden()


def test_a_message_appears_if_most_names_miss_the_threshold(
    lstm: Checkpoint, file: Path, opened: Opener
) -> None:
    page = opened(file, "#seed=5&model=lstm&n=2", viewport=DESKTOP)
    assert len(names(page)) == 2
    assert page.locator("#message").is_hidden()
    page.fill("#n", "20")
    page.fill("#contains", "bj")
    assert len(names(page)) == 20
    said = r"Only \d+ of these 20 names (reaches|reach) the usual score. The others are the best names that fit."
    assert re.fullmatch(said, text_of(page, "#message"))
    page.fill("#contains", "ob")
    assert len(names(page)) == 20
    said = "None of these names reaches the usual score. They are the best names that fit."
    assert text_of(page, "#message") == said
    assert said in text_of(page, "#status")


def test_damaged_n_grams_are_reported(
    lstm: Checkpoint, file: Path, opened: Opener, tmp_path: Path
) -> None:
    """The message appears when the damaged model is selected. The other models still work."""
    text = file.read_text(encoding="utf-8")
    assert lstm.ngrams is not None
    ngrams = bytes_to_text(lstm.ngrams.to_bytes())
    damaged = tmp_path / "names.html"
    damaged.write_text(
        text.replace(f'"ngrams":"{ngrams}"', f'"ngrams":"{ngrams[:-5]}"'), encoding="utf-8"
    )
    page = opened(damaged, "#seed=3&model=lstm", viewport=DESKTOP)
    assert text_of(page, "#message") == "The model “lstm” is damaged. Export it again."
    assert names(page) == []
    page.get_by_role("radio", name=TITLE).check()
    assert names(page) != []
    assert page.locator("#message").is_hidden()


def test_text_constraints_ignore_case_and_explain_failures(file: Path, opened: Opener) -> None:
    page = opened(file, "#seed=1&n=40&allowSeen=1", viewport=DESKTOP)
    page.fill("#contains", "aNN")
    assert set(ANNAS) <= set(names(page))
    assert all("ann" in name.lower() for name in names(page))
    page.fill("#startsWith", "h")
    page.fill("#endsWith", "A")
    assert "Hanna" in names(page)
    for constraints, said in (
        (
            {"endsWith": "bobbob"},
            r"No matching names turned up in .* use fewer or different letters",
        ),
        ({"contains": "ж"}, "doesn’t know the letter “ж”"),
        ({"contains": "anna", "maxLength": "3"}, "No name fits these lengths"),
        ({"endsWith": "a "}, "A name can’t start or end with a space"),
    ):
        page.click("#reset")
        for field, text in constraints.items():
            page.fill(f"#{field}", text)
        assert len(names(page)) < 20, constraints
        assert page.locator("#watch-heading").is_visible() == (names(page) != []), (
            "without names, the card for watching a name has to be hidden"
        )
        assert re.search(said, text_of(page, "#message")), constraints
    assert text_of(page, "#message") in text_of(page, "#status")
    page.fill("#n", "0")  # an invalid number doesn't change the setting
    assert page.locator("#n").get_attribute("aria-invalid") is not None
    page.locator("#startsWith").focus()
    assert page.input_value("#n") == "20"


def test_labels_can_be_selected_and_are_stored_in_the_address(file: Path, opened: Opener) -> None:
    page = opened(file, "#seed=1&model=few", viewport=DESKTOP)
    options = page.locator("#label-0 option").all_text_contents()
    assert options == ["any", f"{EVIL} (1)", "Éire (2)", "Zulu (3)"]
    assert page.locator("#allowSeen").is_hidden()  # the model has no hashes of names
    assert text_of(page, "#count") == "20 names"
    told = page.locator("#names .name-label").all_text_contents()
    assert set(told) <= set(ORIGINS)
    assert len(set(told)) > 1
    page.select_option("#label-0", label=f"{EVIL} (1)")
    assert f"At the start of a name with the label {EVIL}, the random" in text_of(page, "#sentence")
    assert set(page.locator("#names .name-label").all_text_contents()) == {""}
    assert page.locator("main img, footer img").count() == 0
    before = names(page)
    page.reload()
    assert names(page) == before
    assert text_of(page, "#label-0 option:checked") == f"{EVIL} (1)"
    page.get_by_role("radio", name="many").check()
    assert "and 4,988 more" in text_of(page, "#facts")
    page.select_option("#label-0", label="number 1234 (1,235)")
    assert hash_of(page) == "#seed=1&model=many&label=number+1234"
    page.get_by_role("radio", name=TITLE).check()
    assert page.locator("#label-0").count() == 0


def test_two_models_can_be_blended(file: Path, opened: Opener) -> None:
    page = opened(file, "#seed=1", viewport=DESKTOP)
    alone = names(page)
    assert page.locator("#share").is_hidden()
    page.select_option("#other", label="Names of the world")
    assert text_of(page, "#message") == "To blend “Names of the world”, choose one of its labels."
    assert names(page) == []
    assert page.locator("#copy-names").is_disabled()
    page.select_option("#other-label-0", label="Zulu (3)")
    assert page.locator("#message").is_hidden()
    assert hash_of(page) == "#seed=1&model=hearts&with=few&withlabel=Zulu"
    page.locator("#share").fill("100")
    strangers = names(page)
    assert set("".join(strangers)) <= set("abcde")
    assert text_of(page, "#share-value") == "100%"
    page.locator("#share").fill("0")
    assert set("".join(names(page))) <= set("".join(HEARTS))
    page.locator("#share").fill("30")
    mixed = names(page)
    assert mixed not in (alone, strangers)
    assert page.locator("#memory .units").count() == 3
    assert "weighted mean" in text_of(page, "#watch-hint")
    assert TITLE in text_of(page, "#facts")
    page.reload()
    assert names(page) == mixed
    assert page.input_value("#share") == "30"
    # A model can't be blended with itself, so selecting the second model ends the blend.
    page.get_by_role("radio", name="Names of the world").check()
    assert hash_of(page) == "#seed=1&model=few"
    assert page.locator("#other option").all_text_contents() == [
        "none",
        TITLE,
        "listed",
        "lstm",
        "many",
    ]


def test_many_models_are_shown_in_groups(tmp_path: Path, opened: Opener) -> None:
    groups = {"animals": "abcdef", "": "gh", "drinks": "ij"}
    models = [
        PageModel(name, at_random("gru", name + "xyz"), title=name.upper(), group=group)
        for group, names in groups.items()
        for name in names
    ]
    write_page(models, tmp_path / "names.html")
    page = opened(tmp_path / "names.html", "#seed=1&model=i", viewport=DESKTOP)
    shown = page.locator("#models label:visible")
    assert page.locator("#groups label").all_text_contents() == ["Animals", "Other", "Drinks"]
    assert page.locator("#groups :checked").input_value() == "drinks"
    assert shown.all_text_contents() == ["I", "J"]
    page.get_by_role("radio", name="Animals").check(force=True)
    assert shown.all_text_contents() == list("ABCDEF")
    assert hash_of(page) == "#seed=1&model=a"
    page.get_by_role("radio", name="C", exact=True).check(force=True)
    page.get_by_role("radio", name="Drinks").check(force=True)
    page.get_by_role("radio", name="Animals").check(force=True)
    assert hash_of(page) == "#seed=1&model=c"  # the last selected model of this group
    headings = page.locator("#other optgroup").evaluate_all("(all) => all.map((one) => one.label)")
    assert headings == ["Animals", "Other", "Drinks"]


# ---- people, copied names and favorites ----


def test_the_page_combines_given_and_family_names(tmp_path: Path, opened: Opener) -> None:
    kinds = ("given", "family")
    models = [
        PageModel(f"world-{kind}", read_checkpoint(shipped_path(f"world-{kind}"))) for kind in kinds
    ]
    write_page(models, tmp_path / "people.html")
    page = opened(tmp_path / "people.html", "#seed=7&n=12&label=Polish&letterCase=upper")
    assert page.locator("#models :checked").input_value() == "people"
    assert page.locator("#label label").all_text_contents() == ["Origin", "Gender"]
    assert text_of(page, "#label-0 option:checked").startswith("Polish (")
    assert page.locator("#label-0").text_content().count("Croatian (") == 1
    genders = page.locator("#names .name-label").all_text_contents()
    assert set(genders) == {"female", "male"}
    given, family = (load_bundled(f"world-{kind}") for kind in kinds)
    polish = {
        name.upper()
        for name, label in zip(given.names, given.labels, strict=True)
        if "Polish" in label
    }
    people = [person.split(" ", 1) for person in names(page)]
    assert len({name for _, name in people}) == 12
    # The list contains Maria and Anna only for other origins.
    assert len({name for name, _ in people} & polish) > 8
    assert not {name for _, name in people} & {name.upper() for name in family.names}
    women = names(
        opened(tmp_path / "people.html", "#seed=4&n=90&label=Irish,female&letterCase=upper")
    )
    in_irish = [one for one in women if re.search(r"^[A-ZÁÉÍÓÚ]+ (NÍ|NIC) ", one)]
    assert 20 < len(in_irish) < 60, "the other family names have their English form"
    assert not [one for one in women if re.search(" (Ó|MAC) ", one, re.IGNORECASE)]
    irish = {
        name.upper()
        for name, label in zip(given.names, given.labels, strict=True)
        if label.startswith("Irish")
    }
    assert len([one for one in women if one.split(" ")[0] in irish]) > 70
    assert page.locator("#blend-field").is_hidden()
    page.fill("#household", "3")
    page.fill("#n", "4")
    for household in names(page):
        people = [person.split(" ", 1) for person in household.split(", ")]
        assert len({given for given, _ in people}) == 3
        assert len({re.sub("A$", "I", family) for _, family in people}) == 1
    page.select_option("#label-1", "female")
    assert (
        hash_of(page)
        == "#seed=7&model=people&label=Polish%2Cfemale&n=4&letterCase=upper&household=3"
    )
    assert not [name for name in names(page) if name.endswith("SKI")]
    page.locator("#models label", has_text="world-given").click()
    assert not set(names(page)) & {name.upper() for name in given.names}
    page.select_option("#other", "world-family")
    assert text_of(page, "#message") == "To blend “world-given”, choose one of its labels."


def test_names_can_be_copied_downloaded_and_starred(file: Path, opened: Opener) -> None:
    page = opened(file, "#seed=1&n=7&allowSeen=1", viewport=DESKTOP)
    found = names(page)
    page.locator("#names .copy").nth(2).click()
    page.locator("#names .copied").wait_for()
    assert clipboard(page) == found[2]
    assert text_of(page, "#status") == f"Copied {found[2]}"
    page.click("#copy-names")
    page.locator("#copy-names.copied").wait_for()
    assert clipboard(page).split("\n") == found
    for place in (0, 3, 4):
        page.locator("#names .star").nth(place).click()
    page.click("#copy-favorites")
    page.locator("#copy-favorites.copied").wait_for()
    assert clipboard(page).split("\n") == [found[0], found[3], found[4]]
    page.click("#copy-link")
    page.locator("#copy-link.copied").wait_for()
    assert clipboard(page) == page.url
    with page.expect_download() as download:
        page.click("#save-names")
    assert download.value.suggested_filename == "first-b-best-b-names.txt"
    assert Path(download.value.path()).read_text(encoding="utf-8") == "".join(
        f"{name}\n" for name in found
    )
    page.reload()
    favorites = page.locator("#favorites .text")
    assert favorites.all_text_contents() == [found[0], found[3], found[4]]
    assert page.locator("#names .star[aria-pressed=true]").count() == 3
    page.locator("#favorites .remove").first.click()
    page.locator("#names .star").nth(3).click()
    assert favorites.all_text_contents() == [found[4]]
    page.click("#clear-favorites")
    assert favorites.count() == 0
    assert page.locator("#favorites-none").is_visible()
    page.evaluate("localStorage.setItem('namegen.kept', '{\"not\": \"a list\"}')")
    page.reload()
    assert names(page) == found
    assert favorites.count() == 0
    assert page.locator("#favorites-lost").is_hidden()
    page.evaluate("Storage.prototype.setItem = () => { throw new Error('full'); }; null")
    page.locator("#names .star").first.click()
    assert "doesn’t keep your favorites" in text_of(page, "#favorites-lost:visible")
    assert favorites.all_text_contents() == [found[0]]


def test_phones_show_the_favorites_button_and_the_whole_seed(file: Path, opened: Opener) -> None:
    page = opened(file, "#seed=4294967295", viewport=PHONE, reduced_motion="reduce")
    page.evaluate("document.getElementById('settings').open = true")
    seed = page.locator("#seed")
    assert seed.evaluate(
        "(field) => field.value.length === 10 && field.scrollWidth <= field.clientWidth"
    )
    page.locator("#names .star").first.click()
    assert page.locator("#favorites").is_hidden()
    for place in (0, 100_000):
        page.evaluate("(place) => scrollTo(0, place)", place)
        box = page.locator("#show-favorites").bounding_box()
        assert 0 <= box["y"] <= PHONE["height"] - box["height"]
    page.evaluate(  # a button that the bar covers becomes visible if it gets the focus
        """() => {
            const last = [...document.querySelectorAll("#names .star")].at(-1);
            scrollBy(0, last.getBoundingClientRect().bottom - innerHeight + 30);
            last.focus();
        }"""
    )
    button = page.locator("#names .star").last.bounding_box()
    assert button["y"] + button["height"] <= page.locator(".dock").bounding_box()["y"]
    page.click("#show-favorites")
    assert text_of(page, "#favorites .text") == names(page)[0]
    assert focused(page) == "favorites-heading"
    page.keyboard.press("Escape")
    assert page.locator("#favorites").is_hidden()
    assert focused(page) == "show-favorites"


# ---- watching a name being drawn ----


def test_readers_can_step_through_the_letters_of_a_name(file: Path, opened: Opener) -> None:
    """Each step shows the probabilities of the next letters, and the random number that selects one of them."""
    page = opened(file, "#seed=1&model=lstm&startsWith=jo", reduced_motion="reduce")
    name = names(page)[2]
    page.locator("#names .show").nth(2).click()
    assert focused(page) == "watch-heading"
    tiles = page.locator("#tiles .tile")
    assert "you asked for" in text_of(page, "#sentence")
    for step in range(1, len(name) + 1):
        page.click("#step-on")
        assert tiles.count() == step + 1
        shares = [
            float(text.strip("< %")) for text in page.locator("#bars .percent").all_text_contents()
        ]
        assert sum(shares) == pytest.approx(100, abs=1)
        assert page.locator("#bars .chosen").count() == 1
        if step >= 2:
            needle = page.locator("#strip .needle").bounding_box()
            part = page.locator("#strip .chosen").bounding_box()
            assert (
                part["x"] - 2 <= needle["x"] + needle["width"] / 2 <= part["x"] + part["width"] + 2
            )
    assert "".join(tiles.all_text_contents()[:-1]) == name
    assert tiles.last.text_content() == "end"
    assert page.locator("#step-on").is_disabled()
    assert "falls on the end of the name" in text_of(page, "#status")
    assert page.locator("#memory .units").count() == 2
    assert page.locator("#memory .units").first.locator("span").count() == 32
    page.click("#step-back")
    assert tiles.count() == len(name)
    tiles.first.click()
    assert tiles.count() == 1


def test_drawing_can_be_paused_and_names_are_announced_once(file: Path, opened: Opener) -> None:
    page = opened(file, "#seed=1&model=lstm&minLength=4")
    page.evaluate(
        """() => {
            window.said = [];
            const status = document.getElementById("status");
            const told = (records) => said.push(...records.map(() => status.textContent));
            new MutationObserver(told).observe(status, { childList: true });
        }"""
    )
    page.click("#again")
    names(page)
    page.wait_for_function("said.length >= 1")
    page.wait_for_timeout(50)
    assert len(page.evaluate("said")) == 1
    assert "20 names" in page.evaluate("said")[0]
    page.clock.install(time=0)
    page.clock.pause_at(1_000_000)  # in seconds; from now on, only run_for moves the clock
    page.locator("#names .show").nth(1).click()
    assert text_of(page, "#play-label") == "Pause"
    page.clock.run_for(2500)
    assert page.locator("#tiles .tile").count() == 3
    page.click("#play")
    page.clock.run_for(5000)
    assert page.locator("#tiles .tile").count() == 3
    page.click("#play")
    page.clock.run_for(60_000)
    assert text_of(page, "#play-label") == "Play"
    assert page.locator("#tiles .tile").last.text_content() == "end"


# ---- accessibility and security ----


def test_all_controls_work_with_the_keyboard(file: Path, opened: Opener) -> None:
    page = opened(file, "#seed=1&n=5", viewport=DESKTOP, reduced_motion="reduce")
    found = names(page)
    reached = []
    for _ in range(100):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.id || document.activeElement.className")
        )
        if reached[-1] == "icon star" and reached.count("icon star") == 1:
            page.keyboard.press("Enter")
        style = "getComputedStyle(document.activeElement.closest('label') ?? document.activeElement).outlineStyle"
        assert page.evaluate(style) != "none", reached[-1]
        if reached[-1] == "clear-favorites":
            break
    wanted = (
        "n startsWith contains endsWith minLength maxLength letterCase allowSeen temperature seed other "
        "copy-link reset copy-names save-names show-favorites again play step-on copy-favorites save-favorites"
    )
    assert set(wanted.split()) <= set(reached)
    assert page.locator("#favorites .text").all_text_contents() == [found[0]]


def test_the_page_is_accessible_and_fits_the_screen(file: Path, opened: Opener) -> None:
    """Check the accessibility with axe-core, and the width of the page.

    The desktop page uses light colors and shows a name being drawn. The phone page uses dark colors and shows a blend,
    labels, a message and the favorites.
    """
    require("axe_playwright_python")
    from axe_playwright_python.sync_playwright import Axe

    blend = "#seed=1&n=30&model=many&label=number+7&with=hearts&share=60&maxLength=1"
    for address, size, scheme in (
        ("#seed=1&n=30&allowSeen=1", DESKTOP, "light"),
        (blend, PHONE, "dark"),
    ):
        page = opened(file, address, viewport=size, color_scheme=scheme, reduced_motion="reduce")
        page.evaluate("document.getElementById('settings').open = true")
        names(page)
        page.locator("#names .star").first.click()
        page.click("#step-on" if size == DESKTOP else "#show-favorites")
        violations = Axe().run(page).response["violations"]
        assert [
            (v["id"], [node["html"][:120] for node in v["nodes"][:2]]) for v in violations
        ] == []
        assert page.evaluate("document.documentElement.scrollWidth") == size["width"]


def test_markup_in_names_and_labels_is_shown_as_text(tmp_path: Path, opened: Opener) -> None:
    """Names and descriptions of models can contain quotes, tags, emoji, Hebrew letters and combining marks."""
    hostile = by_heart(HOSTILE_NAMES)
    label = '</title><script>alert("x")</script>'
    models = [
        PageModel(label, hostile, credit="<img src=x onerror=alert(1)>"),
        PageModel(label, hostile),
    ]
    write_page(models, tmp_path / "names.html")
    page = opened(
        tmp_path / "names.html",
        "#seed=3&n=60&allowSeen=1",
        viewport=DESKTOP,
        reduced_motion="reduce",
    )
    found = names(page)
    assert {"<script>alert(1)</script>", "</script>", "שלום", '"Q\'uote"', "&amp;"} <= set(found)
    assert len(set(found) & set(HOSTILE_NAMES)) >= 12
    assert page.locator("#names script, #names img, #names b, #facts img").count() == 0
    assert page.locator("#names bdi.text").count() == len(found)
    assert page.title() == f"Invented names: {label}, {label} (2)"
    assert label in text_of(page, "#facts")
    steps = page.evaluate(  # step through the letters of all names
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
    page.locator("#names .star").nth(place).click()
    page.locator("#names .copy").nth(place).click()
    page.locator("#names .copied").wait_for()
    assert clipboard(page) == "<script>alert(1)</script>"
    page.fill("#startsWith", "<SCR")
    page.reload()
    assert text_of(page, "#favorites .text") == "<script>alert(1)</script>"
    assert "<script>alert(1)</script>" in names(page)


def test_the_page_cannot_send_requests(file: Path, browser: Any) -> None:
    """Its Content Security Policy blocks requests and scripts that are added later."""
    page = browser.new_page()
    page.goto(file.as_uri())
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
