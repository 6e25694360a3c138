"""Test the tables and sections of a comparison's report, as Markdown and as a page."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from namegen.experiments.compare.document import Comparison, Trouble
from namegen.experiments.compare.name_tables import generated_names_table, samples
from namegen.experiments.compare.network_tables import (
    AGAINST_NGRAM,
    TOO_FEW,
    accuracy_table,
    like_for_like_table,
    loss_table,
)
from namegen.experiments.compare.tables import (
    comparison_blocks,
    main,
    measured_where,
    troubles,
    write_report,
)
from namegen.experiments.machine import EngineCode
from namegen.experiments.report import Section, markdown
from tests.experiments.compare.conftest import RESULTS, judged, with_losses
from tests.experiments.compare.test_verdict import bare


def test_each_network_is_compared_with_the_n_gram(comparison: Comparison) -> None:
    entry = with_losses(comparison.lists[0], {"LSTM 2×32": -0.05})
    table = loss_table(entry, "by-name")
    assert table.columns[-1] == AGAINST_NGRAM
    cells = {row[0]: row[-1] for row in table.rows}
    assert cells["LSTM 2×32"].startswith("−0.05")
    assert cells["GRU 2×32"].startswith("no difference found (−0.0")
    assert ([row[0] for row in table.rows[-2:]], table.references) == (
        ["4-gram", "lower bound"],
        2,
    )
    assert [row[-1] for row in table.rows[-2:]] == ["–", "–"]
    assert "Below 0, the network is better." in table.note
    assert "the choice of held-out names and the 3 training seeds into account" in table.note
    accuracy = accuracy_table(entry, "by-row")
    assert {row[-1] for row in accuracy.rows[:-2]} == {"no difference found (+0.0 to +0.0)"}
    assert "Above 0, the network is better." in accuracy.note
    assert re.fullmatch(r"[\d.]+ \([\d.]+ to [\d.]+\)", accuracy.rows[0][2]), (
        "shows the range over seeds"
    )


def test_too_few_held_out_names_are_mentioned(
    comparison: Comparison, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("namegen.experiments.compare.pairs.FEWEST_GROUPS", 65)
    table = loss_table(comparison.lists[0], "by-name")
    assert AGAINST_NGRAM not in table.columns
    assert table.note == TOO_FEW


def test_each_backend_is_compared_with_the_first_one(
    comparison: Comparison,
) -> None:
    rows = [dict(zip(like_for_like_table(comparison.lists[0]).columns, row, strict=True))
            for row in like_for_like_table(comparison.lists[0]).rows]  # fmt: skip
    assert [(row["backend"], row["batch (names)"]) for row in rows[:4]] == [
        ("numpy", "128"), ("keras", "128"), ("numpy", "512"), ("keras", "512")
    ]  # fmt: skip
    assert rows[0]["times as fast"] == "–"
    assert re.fullmatch(r"numpy: \d\.\d+ \(\d\.\d+ to \d\.\d+\)", rows[3]["times as fast"])
    assert rows[2]["peak memory (MiB)"] == "–", "memory is only measured for the first batch size"


def test_names_from_networks_and_n_grams_are_described(comparison: Comparison) -> None:
    entry = judged(comparison.lists[0])
    table = generated_names_table(entry, 10_000)
    new, plausible = table.columns.index("new (%)"), table.columns.index("plausible (%)")
    cells = {row[0]: (row[new], row[plausible]) for row in table.rows}
    assert cells["LSTM 2×32"] == ("44.0", "77.0")
    assert cells["8-gram"] == ("15.0", "85.0")
    assert cells["a Markov chain of order 4"] == ("4.0", "85.0")
    assert cells["pairs of letters"] == ("88.0", "60.0")
    assert table.references == 3
    assert "was trained on 1,701 held-out names" in table.note
    assert (
        "chance changes a percentage by at most 1.0 points (95% confidence interval)" in table.note
    )
    assert (
        "By chance alone, the other half of the list has 0.0003, 0.0053 and 0.0345." in table.note
    )
    assert "By chance" not in generated_names_table(replace(entry, facts=None), 10_000).note


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        (
            85.0,
            "trained on 1,701 names, it accepts 85% of the names made of random letter pairs",
        ),
        (None, "Only 1,701 names were held out"),
    ],
)
def test_an_unreliable_judge_is_not_used(
    comparison: Comparison, pairs: float | None, expected: str
) -> None:
    table = generated_names_table(judged(comparison.lists[0], pairs), 10_000)
    assert "new (%)" in table.columns
    assert "plausible (%)" not in table.columns
    assert expected in table.note


def test_new_names_of_networks_and_n_gram_are_shown(comparison: Comparison) -> None:
    rows = samples(judged(comparison.lists[0])).rows
    assert len(rows) == len(comparison.lists[0].networks("by-row")) + 1
    assert rows[0] == ("SimpleRNN 2×32", "Ann, Ben")
    assert rows[-1] == ("8-gram", "Zed, Zod")
    assert samples(replace(comparison.lists[0], generation=(), references=())).rows == (), (
        "no names were generated"
    )


@pytest.mark.parametrize(
    ("engines", "chosen"),
    [
        (("keras", "numpy", "tflite"), "numpy"),
        (("tflite", "keras", "swift"), "keras"),
        (("tflite",), None),
    ],
)
def test_a_network_has_the_names_of_one_backend(
    comparison: Comparison, engines: tuple[str, ...], chosen: str | None
) -> None:
    """These are NumPy's names, or else those of the first backend, but never those of an export."""
    entry = judged(comparison.lists[0])
    algorithm, result = next(iter(entry.generation[0].algorithms.items()))
    generation = tuple(
        replace(
            entry.generation[0],
            engine=engine,
            algorithms={algorithm: replace(result, new_names=(engine,))},
        )
        for engine in engines
    )
    shown = dict(samples(replace(entry, generation=generation)).rows)
    assert shown.get("SimpleRNN 2×32") == chosen


def test_the_machine_and_the_problems_are_described(comparison: Comparison) -> None:
    codes = {
        "numpy": EngineCode("12ab", {"numpy": "2.3"}),
        "odd": EngineCode(None, {"torch": None}),
    }
    where = measured_where(replace(comparison, engine_codes=codes, split_seed=7))
    assert "Backends: numpy (code 12ab, numpy 2.3); odd (code in no file, without torch)." in where
    assert any("Training seeds: 0, 1, 2. Split seed: 7." in one for one in where)
    assert any("within 10% of its best time" in one for one in where)
    lost = replace(
        comparison,
        left_out=(Trouble("keras", "install it"),),
        failed=(Trouble("a training", "lost"),),
    )
    assert troubles(lost) == ["Skipped: keras: install it.", "Failed: a training: lost."]


def test_the_report_of_a_short_list_mentions_base_models(comparison: Comparison) -> None:
    for names, expected in ((499, True), (500, False)):
        entry = bare(
            comparison.lists[0], facts=replace(comparison.lists[0].facts, distinct_names=names)
        )
        text = "\n".join(markdown(comparison_blocks(replace(comparison, lists=(entry,)))))
        assert ("For a list of fewer than 500 different names" in text) == expected


def test_sections_without_results_are_missing(comparison: Comparison) -> None:
    def sections(**parts: object) -> list[str]:
        entry = replace(comparison.lists[0], **parts)  # type: ignore[arg-type]  # parts can be any fields
        [of_list] = [
            block
            for block in comparison_blocks(replace(comparison, lists=(entry,)))
            if isinstance(block, Section) and block.anchor
        ]
        return [one.title for one in of_list.blocks if isinstance(one, Section)]

    names = ["The same training by each backend", "Networks and accuracy", "Generation"]
    assert sections() == names
    assert sections(generation=()) == names[:2]
    assert sections(references=()) == [names[0], names[2]]
    assert sections(trainings=(), references=(), generation=()) == []


def test_the_report_is_printed_as_markdown(
    comparison: Comparison, capsys: pytest.CaptureFixture[str]
) -> None:
    main([str(RESULTS)])
    printed = capsys.readouterr().out
    for entry in comparison.lists:
        assert f"\n## {entry.name}\n" in printed
        for table in (
            like_for_like_table(entry),
            generated_names_table(entry, comparison.generated_names),
        ):
            assert table.markdown() in printed


def test_a_section_shows_its_first_plot_and_folds_the_rest(
    comparison: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("namegen.drawings.style.figure_bytes", lambda *_: b"<svg></svg>")
    entry = comparison.lists[0]
    runs = tuple(
        run for run in entry.trainings if not (run.engine == "keras" and run.network == "LSTM 2×32")
    )
    broken = replace(entry, trainings=runs, generation=())
    write_report(replace(comparison, lists=(broken,)), tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert len(list(tmp_path.glob("*.png"))) == page.count("<svg") == 4
    in_sight = re.sub(r'<details class="folded">.*?</details>', "", page, flags=re.S)
    assert re.findall(r"<figcaption>(.*)", in_sight) == [
        "SimpleRNN 2×32 on mlb-first, by each backend",
        "Accuracy of the networks on mlb-first, split by-row",
    ]
    assert "LSTM 2×32 on mlb-first, by numpy" in page
    assert re.findall(r'<details class="folded"><summary>(.*?)</summary>', page) == [
        "The same training by each backend: 1 more plot and 1 more table",
        "Networks and accuracy: 1 more plot and 6 more tables",
    ]


def test_lists_after_the_second_are_folded(comparison: Comparison, tmp_path: Path) -> None:
    lists = tuple(
        bare(comparison.lists[0], name=name, exported=None) for name in ("<b>\x1b", "b", "c")
    )
    write_report(replace(comparison, lists=lists), tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert '<h2 id="list-0">&lt;b&gt;U+001B</h2>' in page
    assert [bool(fold) for fold in re.findall(r"(<details><summary>)?<h2 id", page)] == [
        False,
        False,
        True,
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
