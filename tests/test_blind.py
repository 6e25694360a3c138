"""A blind reading: what a sheet shows, which sheets count, and what the marks say."""

from __future__ import annotations

import json
import random
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest

from benchmarks.blind import choose, make_sheet, page_of, score
from benchmarks.blind_draw import beginnings, changed, divergence, draw_all
from benchmarks.blind_page import CHANGED, REAL, Blind, Drawn, page
from namegen import api
from namegen.documents import from_plain
from namegen.settings_toml import Config, merge

LETTERS = "abcdefghij"


def names(first: str, count: int = 60) -> list[str]:
    return [first + LETTERS[number // 10] + LETTERS[number % 10] for number in range(count)]


SOURCES = {"new": names("N"), "old": names("O"), REAL: names("R"), CHANGED: names("C")}


def sheet(folder: Path, sources: dict[str, list[str]] = SOURCES, per: int = 40, readers: int = 2) -> Path:
    files = {source: folder / f"{source}.txt" for source in sources}
    for source, path in files.items():
        path.write_text("\n".join(sources[source]), encoding="utf-8")
    make_sheet(folder / "a list", "names of stars", per, readers, 1, files)
    return folder / "a list"


def shown(folder: Path, reader: int) -> list[str]:
    lines = (folder / f"reader-{reader}.txt").read_text(encoding="utf-8").splitlines()
    assert [line.split("\t")[0] for line in lines] == [str(number) for number in range(1, len(lines) + 1)]
    return [line.split("\t")[1] for line in lines]


def mark(folder: Path, reader: int, taken: dict[str, float], rng: random.Random) -> None:
    """Marks 2 and 0 of a reader who takes these shares, by first letter, and gives equal names equal marks."""
    marks: dict[str, int] = {}
    for letter, share in taken.items():
        of_letter = sorted({name for name in shown(folder, reader) if name[0] == letter})
        rng.shuffle(of_letter)
        marks |= {name: 2 * (place < round(share * len(of_letter))) for place, name in enumerate(of_letter)}
    text = json.dumps([marks[name] for name in shown(folder, reader)])
    (folder / f"reader-{reader}.json").write_text(text, encoding="utf-8")


def test_each_reader_has_an_order_of_its_own_and_a_tenth_twice_far_apart(tmp_path: Path) -> None:
    folder = sheet(tmp_path)
    first, second = shown(folder, 1), shown(folder, 2)
    assert first != second
    for lines in (first, second):
        assert len(lines) == 160 + 16
        assert len(set(lines[:80])) == 80
        assert {source: sum(name[0] == source for name in set(lines)) for source in "NORC"} == dict.fromkeys("NORC", 40)


def test_a_name_that_two_sources_have_stands_there_once_and_either_may_have_it(tmp_path: Path) -> None:
    alike = {"new": names("N"), "old": [name.upper() for name in names("N")], REAL: names("R"), CHANGED: names("C")}
    folder = sheet(tmp_path, alike, per=25)
    items = json.loads((folder / "key.json").read_text(encoding="utf-8"))["items"]
    assert len({name.casefold() for _, name in items}) == len(items) == 100
    with pytest.raises(SystemExit, match=r"(new|old) has 30 names of 2 characters or more"):
        sheet(tmp_path, alike, per=31)
    items = choose(alike, 40, random.Random(0), fewer=True)
    assert Counter(of for of, _ in items) == {"new": 30, "old": 30, REAL: 40, CHANGED: 40}


def test_a_page_shows_names_as_text_whatever_they_are() -> None:
    hostile = "</script><img src=x onerror=alert(1)>"
    found: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            found.append(tag)

        def handle_data(self, data: str) -> None:
            if data.startswith("["):
                found.append(json.loads(data)[0])

    Tags().feed(page_of("<b>stars</b>", [hostile], "reader-1.json"))
    assert hostile in found
    assert "img" not in found
    assert found.count("b") == 3  # those of the buttons


def test_the_index_is_0_for_changed_names_and_1_for_real_ones(tmp_path: Path) -> None:
    folder = sheet(tmp_path)
    rng = random.Random(0)
    mark(folder, 1, {"N": 0.5, "O": 0.3, "R": 0.9, "C": 0.1}, rng)
    mark(folder, 2, {"N": 1.0, "O": 1.0, "R": 0.5, "C": 0.1}, rng)  # takes too few real names to count
    (reading,) = score([folder]).readings
    assert [one.counts for one in reading.sheets] == [True, False]
    assert [one.again for one in reading.sheets] == [1, 1]
    index = {one.name: one.index for one in reading.sources}
    assert index == pytest.approx({"new": 0.5, "old": 0.25, REAL: 1, CHANGED: 0})
    (gap,) = reading.differences
    assert (gap.other, gap.mean) == ("old", pytest.approx(0.25))
    assert -0.1 < gap.low < gap.mean < gap.high < 0.6
    assert {one.refused for one in reading.sources if one.name == "new"} == {0.5}


def test_over_all_lists_the_interval_holds_how_lists_differ(tmp_path: Path) -> None:
    folders = []
    for number, taken in enumerate((0.9, 0.3, 0.9)):
        (tmp_path / str(number)).mkdir()
        folder = sheet(tmp_path / str(number), readers=1).rename(tmp_path / str(number) / f"list {number}")
        mark(folder, 1, {"N": taken, "O": 0.3, "R": 1, "C": 0}, random.Random(number))
        folders.append(folder)
    every, *each = score(folders).readings
    assert [one.name for one in each] == ["list 0", "list 1", "list 2"]
    assert every.differences[0].mean == pytest.approx(0.4)
    assert each[1].differences[0].mean == pytest.approx(0)
    assert every.differences[0].low < 0.15  # the list where nothing is won may be drawn several times
    assert each[0].differences[0].low > 0.4


def test_marks_that_are_missing_or_too_few_are_refused(tmp_path: Path) -> None:
    folder = sheet(tmp_path, readers=1)
    with pytest.raises(SystemExit, match="expected a list of 176 marks 0, 1 or 2"):
        score([folder])
    (folder / "reader-1.json").write_text("[2, 1, 3]", encoding="utf-8")
    with pytest.raises(SystemExit, match="expected a list of 176 marks"):
        score([folder])


def test_the_page_says_what_counts_before_anything_was_read() -> None:
    made = " ".join(page(Blind()).split())
    assert "at least 60 % of the real names and at most 15 %" in made
    assert "No sheet has been read yet." in made


def test_one_letter_is_changed_into_another_of_the_same_case() -> None:
    for name in ["Al-Ba", "BALA"] * 20:
        (wrong,) = changed([name], "abl", random.Random(name))
        ((before, after),) = [pair for pair in zip(name, wrong, strict=True) if pair[0] != pair[1]]
        assert after.isalpha()
        assert after.isupper() == before.isupper()
    assert changed(["- -"], "abl", random.Random(0)) == []


def test_beginnings_and_lengths_are_measured() -> None:
    assert beginnings([f"{letter}aa{number}" for letter in "abcdefghijkl" for number in range(5)]) == 10 / 12
    assert divergence(["a", "bb"], ["c", "dd"]) == 0
    assert divergence(["a", "b"], ["cc", "dd"]) == 1


def test_draw_writes_every_source_and_what_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.blind_draw.DRAWS", (300, 500, 800))
    monkeypatch.setattr("benchmarks.blind_draw.BY_DEFAULT", 50)
    monkeypatch.setattr("benchmarks.blind_draw.ENOUGH", 20)
    some = [f"{a}{b}{c}{a.lower()}{d}na" for a in "BDKLM" for b in "aeiou" for c in "lmnrst" for d in "ae"]
    (tmp_path / "some.txt").write_text("\n".join(some), encoding="utf-8")
    quick = merge(Config(), {"training.effort": "quick", "training.epochs": 5})
    api.train(some, config=quick).checkpoint.save(tmp_path / "model.safetensors")
    draw_all(str(tmp_path / "some.txt"), tmp_path, 0.7)
    found = {path.stem: path.read_text(encoding="utf-8").splitlines() for path in tmp_path.glob("*.txt")}
    listed = set(found.pop("some"))
    drawn = from_plain(Drawn, json.loads((tmp_path / "figures.json").read_text(encoding="utf-8")))
    assert found.keys() == drawn.new.keys()
    for source, count in drawn.new.items():
        again = drawn.draws[source] > 300
        assert again == (count < 20 and source not in ("real", "changed"))
        assert again or count == len(found[source])
    assert len(set(drawn.draws.values())) > 1
    assert set(found["real"]) < listed
    for source in ("new", "old", "chain", "chain-chosen", "mixture-chosen", "changed"):
        assert not listed & set(found[source])
    assert set(found["chain-chosen"]) <= set(found["chain"])
    assert drawn.curve[f"{drawn.share:g}"][0] == drawn.new["new"] < drawn.curve["1"][0]
