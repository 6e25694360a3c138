"""What is measured, how it is kept, and how figures become words: without training anything."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from namegen.backends import ENGINES
from namegen.cli.tables import without_ranges
from namegen.core.data.corpus import Corpus
from namegen.errors import NamesError
from namegen.experiments.compare import plan as planning
from namegen.experiments.compare.html import file_names, inline_svg
from namegen.experiments.compare.plan import Measurement, Scope, make_plan, original_configs
from namegen.experiments.compare.quality import describe_names, divergences, two_halves
from namegen.experiments.compare.run import measure
from namegen.experiments.compare.tables import Table, seconds, spread
from namegen.experiments.compare.tables import main as print_tables
from namegen.experiments.compare.words import findings, statement
from namegen.experiments.machine import machine, peak_memory_mib, versions
from namegen.experiments.watcher import Ended, Event, Planned, Running
from namegen.lists import load_bundled

NAMES = load_bundled("mlb-first").names[:300]
CORPUS = Corpus(NAMES, source="list.txt")
FULL = Scope(seeds=2)


class Log:
    """A watcher that remembers."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.kept = -1

    def __call__(self, event: Event) -> None:
        match event:
            case Planned():
                self.kept = event.kept
            case Running():
                self.lines.append(("started", event.under_way[-1].label))
            case Ended():
                self.lines.append((event.trouble or "ended", event.label))


def test_a_plan_has_everything_once() -> None:
    plan = make_plan([CORPUS], FULL)
    assert len({one.key for one in plan}) == len(plan)
    networks = {one.about["network"] for one in plan if one.kind == "training"}
    assert networks == {*planning.NETWORKS, *planning.ORIGINALS}
    like_for_like = [one for one in plan if "like_for_like" in one.about["roles"]]
    assert [one.engine for one in like_for_like] == 2 * list(ENGINES)
    assert all(one.timed for one in like_for_like)


def test_a_network_that_two_parts_need_is_trained_once() -> None:
    plan = make_plan([CORPUS, CORPUS], FULL)
    assert len(plan) == len(make_plan([CORPUS], FULL))
    drawn = [one.of for one in plan if one.kind == "generation" and one.engine == "numpy"]
    assert {one.key for one in drawn if one is not None} <= {one.key for one in plan if one.kind == "training"}


def test_another_list_seed_or_code_is_another_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {one.key for one in make_plan([CORPUS], FULL)}
    assert keys == {one.key for one in make_plan([Corpus(NAMES, source="of another name")], FULL)}
    assert not keys & {one.key for one in make_plan([Corpus(NAMES[1:], source="list.txt")], FULL)}
    more = {one.key for one in make_plan([CORPUS], Scope(seeds=3))}
    assert keys < more
    monkeypatch.setattr(planning, "code_fingerprint", lambda: "other code")
    assert not keys & {one.key for one in make_plan([CORPUS], FULL)}


def test_a_third_engine_is_compared_without_a_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "engine_paths", lambda: {**ENGINES, "third": "third.engine:Engine"})
    engines = [one.engine for one in make_plan([CORPUS], Scope(seeds=1, quick=True)) if one.timed]
    assert engines.count("third") == 3  # two networks, one drawing


def test_the_originals_networks_are_made_for_the_list() -> None:
    assert original_configs(load_bundled("mlb-last"))["Keras LSTM 2×32 (original)"]["training"]["batch_size"] == 134
    mean = sum(len(name) + 1 for name in NAMES) / len(NAMES)
    found = original_configs(CORPUS)
    assert found["Keras SimpleRNN 2×32 (original)"]["training"]["batch_size"] == round(1000 / mean)
    assert found["scratch 2×32 (original)"]["training"]["batch_size"] == 1


def test_too_few_names_are_refused_before_anything_is_measured() -> None:
    with pytest.raises(NamesError, match="give a longer list"):
        make_plan([Corpus(("Al", "Bo"), source="x")], FULL)


def job(kind: str, of: Measurement | None = None, **subject: Any) -> Measurement:
    return Measurement(kind, CORPUS, subject, f"{kind} {subject}", {"roles": [kind]}, of=of)


def test_measurements_are_kept_and_a_damaged_one_is_made_again(tmp_path: Path) -> None:
    first = measure([job("list")], tmp_path, Log())
    [file] = tmp_path.glob("*.json")
    kept = file.read_bytes()
    log = Log()
    assert measure([job("list")], tmp_path, log).figures == first.figures
    assert (log.kept, log.lines) == (1, [])
    file.write_bytes(kept[:100])
    assert measure([job("list")], tmp_path, Log()).figures == first.figures
    assert file.read_bytes() == kept


def test_one_that_fails_is_told_and_takes_nothing_with_it(tmp_path: Path) -> None:
    broken = job("reference", split="names", seed=0, validation=0.999999)
    dependent = job("generation", of=broken, engine="numpy")
    log = Log()
    outcome = measure([broken, dependent, job("list")], tmp_path, log)
    assert list(outcome.failed) == [broken.key]
    assert "NamesError" in outcome.failed[broken.key] or "validation" in outcome.failed[broken.key]
    assert ("left out", dependent.label) in log.lines
    assert [json.loads(path.read_text())["kind"] for path in tmp_path.glob("*.json")] == ["list"]


def slow_divergence(names: list[str], others: list[str], order: int) -> float:
    """By the definition, one n-gram at a time."""

    def shares(of: list[str]) -> dict[str, float]:
        grams: Counter[str] = Counter()
        for name in of:
            text = f"^{name}^" if order > 1 else f"{name}^"
            grams.update(text[start : start + order] for start in range(len(text) - order + 1))
        return {gram: count / grams.total() for gram, count in grams.items()}

    p, q = shares(names), shares(others)
    total = 0.0
    for gram in p.keys() | q.keys():
        middle = (p.get(gram, 0) + q.get(gram, 0)) / 2
        total += sum(share * math.log2(share / middle) / 2 for share in (p.get(gram, 0), q.get(gram, 0)) if share)
    return total


def test_divergences_are_those_of_the_definition() -> None:
    left, right = two_halves(NAMES)
    assert sorted(left + right) == sorted(NAMES)
    for order, value in divergences(left, right).items():
        assert value == pytest.approx(slow_divergence(left, right, int(order)))
    assert set(divergences(left, left).values()) == {0.0}
    assert divergences(["aa"], []) == {"1": 1.0, "2": 1.0, "3": 1.0}


def test_generated_names_are_counted() -> None:
    found = describe_names(["Al", "AL", "Bo", "Bo", "Cy"], ["Al", "Dee"], ["Al"])
    assert found["recreated_percent"] == pytest.approx(40)  # letter case does not make a name new
    assert found["unique_percent"] == pytest.approx(80)
    assert (found["duplicates"], found["duplicated_names"]) == ([["Bo", 2]], 1)
    assert found["lengths"] == {"2": 5}
    assert describe_names([], ["Al"], ["Al"])["unique_percent"] == 0


def test_text_in_markdown_is_escaped() -> None:
    text = Table("a|b", ("<b>", "n"), (("x|*y*\x1b", "1"),), "note").markdown()
    assert text.split("\n") == [
        "**a\\|b**",
        "",
        "| &#60;b&#62; | n |",
        "| --- | ---: |",
        "| x\\|\\*y\\*U+001B | 1 |",
        "",
        "note",
    ]


def test_figures_as_text() -> None:
    assert [seconds(value) for value in (1234.5, 12.34, 0.01234, 0.0000012, None)] == [
        "1,234", "12.3", "0.0123", "under 0.001", "–"
    ]  # fmt: skip
    assert (spread([0.5]), spread([0.5, 0.7]), spread([])) == ("50.0", "60.0 (50.0 to 70.0)", "–")


def test_a_comparison_without_figures_still_says_so() -> None:
    entry = {"name": "x", "references": [], "trainings": [], "like_for_like": [], "generation": []}
    nothing = {"quick": False, "lists": [entry]}
    assert (statement(nothing), findings(nothing)) == ("No network could be trained.", [])


def test_one_engine_alone_is_said_to_stand_beside_none() -> None:
    entry = {"trainings": [{"engine": "numpy", "roles": ["network"]}], "like_for_like": []}
    said = statement({"quick": True, "quick_epochs": 10, "seeds": [0], "lists": [entry]})
    assert said.startswith("Measured with the engine numpy, none beside another. This was a quick look, of 10 epochs")


def test_a_drawing_inside_a_page_has_its_own_ids_and_colours_by_name() -> None:
    svg = '<?xml version="1.0"?><svg width="9" viewBox="0 0 9 9"><metadata>x</metadata><path id="a"/>'
    svg += '<use href="#a" clip-path="url(#c)" style="fill: #0072b2; stroke: #123456"/></svg>'
    found = inline_svg(svg, "p1", 'a "list" <x>')
    assert 'id="p1-a"' in found
    assert 'href="#p1-a" clip-path="url(#p1-c)" style="fill: var(--blue); stroke: #123456"' in found
    assert 'viewBox="0 0 9 9" role="img" aria-label="a &#34;list&#34; &lt;x&gt;"' in found
    assert "metadata" not in found


def test_the_files_of_two_lists_never_have_one_name() -> None:
    assert file_names(["a/x.txt", "b/x.csv", "..", "<>"]) == ["x", "x-2", "list-3", "list-4"]
    assert file_names(["x-3.txt", "a/x.txt", "b/x.txt", "x-4"]) == ["x-3", "x", "x-5", "x-4"]


def test_the_machine_is_described_without_a_name() -> None:
    assert set(machine()) == {"processor", "cores", "memory_gib", "system"}
    assert versions()["python"]
    memory = peak_memory_mib()
    assert memory is None or memory > 20


def test_docs_name_every_field_of_the_schema() -> None:
    root = Path(__file__).parents[3]
    schema = json.loads((root / "namegen" / "reports" / "schema.json").read_text(encoding="utf-8"))
    text = (root / "docs" / "comparison.md").read_text(encoding="utf-8")
    entry = schema["$defs"]["list"]["properties"]
    for field in (*schema["properties"], *entry, *schema["$defs"]["training"]["properties"]):
        assert re.search(rf"`{field}`", text), f"docs/comparison.md does not explain {field}"


def test_a_terminal_leaves_out_ranges_and_keeps_names_whole() -> None:
    table = Table("", ("network", "held-out part"), (("Keras LSTM 2×32 (original)", "45.1 (45.0 to 45.2)"),), left=1)
    assert without_ranges(table).rows == (("Keras LSTM 2×32 (original)", "45.1"),)


def test_what_is_no_comparison_is_told_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "results.json"
    for text in ('{"format": "namegen sweep"}', "[1]", "no JSON"):
        other.write_text(text)
        with pytest.raises(SystemExit, match="2"):
            print_tables([str(other)])
        assert "is not the results.json of a comparison" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        print_tables([str(tmp_path / "none.json")])
    assert "No such file" in capsys.readouterr().err


def test_one_failure_is_not_taken_for_another_of_the_same_network() -> None:
    """Like for like and the network itself are two trainings, with a label each."""
    plan = make_plan([CORPUS], Scope(quick=True, seeds=1))
    labels = [measurement.label for measurement in plan]
    assert len(labels) == len(set(labels))
