"""Several reports in one: read, told apart, put side by side."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from namegen.cli import cli
from namegen.config import Config, RunSettings
from namegen.documents import to_plain
from namegen.errors import OutputError, ResultsError
from namegen.experiments.compare.document import Comparison, Machine
from namegen.experiments.joined.across import tables_across
from namegen.experiments.joined.differences import cautions, differences_table, sources_table
from namegen.experiments.joined.page import write_joined
from namegen.experiments.joined.source import Source, facts, read_sources
from namegen.experiments.sweep.document import Results, TrainedRun, UntrainedRun
from tests.experiments.compare.conftest import RESULTS, comparison  # noqa: F401  # a fixture
from tests.experiments.sweep.made import trained_run


def sweep() -> Results:
    runs = tuple(trained_run(rate, seed, 0.5 + rate) for rate in (0.01, 0.03) for seed in (0, 1))
    axes = {"training.learning_rate": (0.01, 0.03), "training.seed": (0, 1)}
    return Results("namegen sweep", 2, axes, Config(), 0, (), {}, runs)


def written(folder: Path, results: Comparison | Results) -> str:
    folder.mkdir()
    (folder / "results.json").write_text(json.dumps(to_plain(results)), encoding="utf-8")
    return str(folder)


def elsewhere(results: Comparison) -> Comparison:
    """The same comparison on another machine, twice as slow, with another NumPy."""
    entries = []
    for entry in results.lists:
        runs = [
            replace(run, timing=replace(run.timing, seconds_per_epoch=2 * run.timing.seconds_per_epoch))
            for run in entry.trainings
        ]
        entries.append(replace(entry, trainings=tuple(runs)))
    versions = {**results.versions, "numpy": "9.9"}
    return replace(results, machine=Machine("abacus", 1, None, "none"), versions=versions, lists=tuple(entries))


def test_folders_and_files_are_read_in_their_order_each_once(tmp_path: Path, comparison: Comparison) -> None:  # noqa: F811
    first, second = written(tmp_path / "a", comparison), written(tmp_path / "b", sweep())
    found = read_sources([first, second, f"{first}/results.json", f"{tmp_path}/b/../a"])
    assert [(one.letter, one.path) for one in found] == [("A", first), ("B", second)]
    assert [one.kind for one in found] == ["comparison", "sweep"]
    assert found[1].results == sweep()
    assert found[0].lists == ("mlb-first", "mlb-last")
    assert found[1].lists == ("list.txt",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", r"results\.json is damaged or incomplete JSON \(Expecting .*\): copy it again, or make it anew with"),
        ('{"format": "namegen comparison", "lists": ["a', "is damaged or incomplete JSON"),
        ("[1]", "is not the results of a comparison or a sweep"),
        ('{"format": "namegen quality"}', "is not the results of a comparison or a sweep"),
        ('{"format": "namegen comparison", "format_version": 9}', "format version 9"),
        ('{"format": "namegen sweep", "format_version": 2}', "is damaged"),
        ('{"format": "namegen sweep", "format_version": 9}', "format version 9, this namegen reads 2: join it with"),
        (None, "has no results.json: give the folder of a finished comparison or sweep"),
    ],
)
def test_what_cannot_be_joined_is_told_in_a_sentence(tmp_path: Path, text: str | None, said: str) -> None:
    if text is not None:
        (tmp_path / "results.json").write_text(text)
    with pytest.raises(ResultsError, match=said):
        read_sources([str(tmp_path)])


def changed_run(**changes: object) -> Results:
    made = sweep()
    return replace(made, runs=(*made.runs[1:], replace(made.runs[0], **changes)))  # type: ignore[arg-type]


def test_runs_that_no_sweep_leaves_together_are_refused(tmp_path: Path) -> None:
    made = sweep()
    first = made.runs[0]
    assert isinstance(first, TrainedRun)
    short_column = replace(first.history, seconds=first.history.seconds[1:])
    for place, (results, said) in enumerate(
        (
            (replace(made, runs=(*made.runs, first)), f"the run '{first.run}' stands twice"),
            (changed_run(settings={}), "has other settings than the axes of the sweep"),
            (changed_run(history=short_column), "history of the run .* have different lengths"),
            (changed_run(timing=replace(first.timing, seconds=-5.0)), r"at `\$\.timing\.seconds` of `\$\.runs\["),
        )
    ):
        folder = written(tmp_path / str(place), results)
        with pytest.raises(ResultsError, match=rf"is damaged \(.*{said}.*\): make it anew with namegen sweep"):
            read_sources([folder])


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="there is no such file or folder"):
        read_sources([str(tmp_path / "none")])


def test_more_reports_than_letters_have_numbers(tmp_path: Path) -> None:
    paths = [written(tmp_path / str(place), sweep()) for place in range(28)]
    assert [one.letter for one in read_sources(paths)][24:] == ["Y", "Z", "A2", "B2"]


def test_only_what_differs_stands_in_the_table(comparison: Comparison) -> None:  # noqa: F811
    one, other = Source("A", "a", comparison), Source("B", "b", elsewhere(comparison))
    table = differences_table([one, other])
    assert [row[0] for row in table.rows] == ["processor", "cores", "memory", "system", "numpy"]
    assert table.rows[0][2] == "abacus"
    assert cautions([one, other]) == [
        "They come from 2 different machines: compare times within a report, not between reports.",
        "These differ too: numpy.",
    ]
    assert differences_table([one, one]).rows == ()
    assert "of one kind" in cautions([one, one])[0]
    seeds = replace(comparison, split_seed=3)
    assert "differences of accuracy mean nothing" in cautions([one, Source("B", "b", seeds)])[-1]


def test_a_sweep_tells_every_machine_of_its_runs() -> None:
    made = sweep()
    other = {**made.runs[0].machine, "processor": "loom"}  # type: ignore[dict-item]
    runs = (replace(made.runs[0], machine=other), *made.runs[1:])
    assert facts(Source("A", "a", replace(made, runs=runs)))["processor"] == "loom and abacus"


def test_a_sweep_that_has_not_run_yet_is_from_no_machine() -> None:
    sources = [Source("A", "a", sweep()), Source("B", "b", replace(sweep(), runs=(), left=4))]
    assert cautions(sources)[0].startswith("They come from machines of one kind")


def test_a_quick_look_beside_a_whole_comparison_is_told(comparison: Comparison) -> None:  # noqa: F811
    quick = replace(comparison, quick=True, quick_epochs=10)
    sources = [Source("A", "a", comparison), Source("B", "b", quick), Source("C", "c", sweep())]
    said = "trained for different numbers of epochs (A: in full; B: a quick look, 10 epochs): do not compare what"
    assert said in cautions(sources[:2])[-1]
    assert said in cautions(sources)[-1]
    assert differences_table(sources[:2]).rows == (("kind", "comparison", "comparison (a quick look, 10 epochs)"),)
    for alike in (sources[::2], [sources[1], Source("D", "d", quick)]):
        assert "numbers of epochs" not in " ".join(cautions(alike))


def test_a_sweep_that_was_split_as_a_comparison_differs_in_nothing_of_that(comparison: Comparison) -> None:  # noqa: F811
    """What no axis changes stands beside the grid."""
    data = replace(Config().data, validation=comparison.validation, split_seed=5)
    alike = replace(sweep(), base=replace(Config(), data=data, run=RunSettings(threads=2)))
    of_sweep = facts(Source("A", "a", alike))
    of_comparison = facts(Source("B", "b", replace(comparison, seeds=(0, 1), split_seed=5, threads=2)))
    for name in ("seeds", "seed of the split", "held out", "threads"):
        assert of_sweep[name] == of_comparison[name]
    varied = {**alike.axes, "data.validation": (0.1, 0.2), "data.split_seed": (5, None)}
    of_sweep = facts(Source("A", "a", replace(alike, axes=varied)))
    assert (of_sweep["held out"], of_sweep["seed of the split"]) == ("10% and 20%", "5 and that of each training")


def test_a_list_stands_once_with_a_column_for_each_report(comparison: Comparison) -> None:  # noqa: F811
    slow = elsewhere(comparison)
    renamed = replace(slow, lists=(replace(slow.lists[0], name="first.txt"),))
    tables = list(tables_across([Source("A", "a", comparison), Source("B", "b", sweep()), Source("C", "c", renamed)]))
    first = next(
        table for table in tables if table.title.startswith("mlb-first = first.txt, held-out part, split names")
    )
    assert first.columns == ("network", "A", "C")
    assert all(row[1] == row[2] for row in first.rows), "the same figures, whatever the machine"
    [speed] = [table for table in tables if table.title == "mlb-first = first.txt: speed of training"]
    by_engine = {row[:2]: row[3:] for row in speed.rows}
    here, there = by_engine["SimpleRNN 2×32", "keras"]
    assert here.partition(" s")[0] != there.partition(" s")[0]
    assert here.partition(", ")[2] == there.partition(", ")[2] == "0.5 (one round) × numpy"
    assert not any("mlb-last" in table.title for table in tables), "one report has it, which says it all"


def test_what_was_joined_is_listed(comparison: Comparison) -> None:  # noqa: F811
    table = sources_table([Source("A", "a", comparison), Source("B", "b", sweep())])
    assert table.rows == (("A", "a", "comparison", "mlb-first, mlb-last"), ("B", "b", "sweep", "list.txt"))
    assert RESULTS.exists()


def test_the_page_holds_all_and_escapes_what_lists_bring(tmp_path: Path, comparison: Comparison) -> None:  # noqa: F811
    """A list's name is data, in a table, a title and a plot."""
    hostile = "</script><b>x</b>\x1b{{7*7}}"
    comparison = replace(comparison, lists=comparison.lists[:1])
    named = replace(elsewhere(comparison), lists=(replace(comparison.lists[0], name=hostile),))
    out = tmp_path / "joined.html"
    write_joined([Source("A", "a", comparison), Source("B", "<b>", named), Source("C", "c", sweep())], out)
    page = out.read_text(encoding="utf-8")
    assert "<b>" not in page
    assert "&lt;b&gt;x&lt;/b&gt;U+001B{{7*7}}" in page
    assert page.count("Which engine trains faster?") == 2
    assert "C: sweep of learning rate, list.txt" in page
    assert "3 different machines" in page
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids)), "two plots of one page share no id"
    with pytest.raises(OutputError, match="exists already"):
        write_joined([Source("A", "a", comparison)], out)


def test_a_single_report_is_unfolded(tmp_path: Path) -> None:
    sources = [Source("A", "a", sweep()), Source("B", "b", sweep())]
    for number, some in enumerate((sources[:1], sources)):
        out = tmp_path / f"{number}.html"
        write_joined(some, out)
        assert ("<details open>" in out.read_text(encoding="utf-8")) == (len(some) == 1)


def test_a_sweep_without_figures_has_a_table_and_no_plot(tmp_path: Path) -> None:
    made = sweep()
    identity = {name: getattr(made.runs[0], name) for name in ("run", "list", "backend", "seed", "settings")}
    lost = UntrainedRun(**identity, model=None, status="failed", why="<i>")
    for number, (runs, plots) in enumerate((((lost,), 0), (made.runs, 1))):
        out = tmp_path / f"{number}.html"
        write_joined([Source("A", "a", replace(made, runs=runs))], out)
        page = out.read_text(encoding="utf-8")
        assert page.count("<figure>") == plots
        assert page.count("<caption>list.txt: on the held-out names</caption>") == 1
        assert "<i>" not in page


def test_the_command_joins_folders(tmp_path: Path, comparison: Comparison) -> None:  # noqa: F811
    """Nothing heavy is asked for: no engine, no cluster."""
    folders = [
        written(tmp_path / "a", replace(comparison, lists=comparison.lists[:1])),
        written(tmp_path / "b", sweep()),
    ]
    run = CliRunner().invoke(cli, ["report", *folders, "--out", str(tmp_path / "all.html")])
    assert run.exit_code == 0, run.output
    assert max(map(len, run.output.split("\n"))) <= 80 + len(str(tmp_path))
    assert "What differs between them" in run.output
    assert (tmp_path / "all.html").stat().st_size > 100_000
    run = CliRunner().invoke(cli, ["report", folders[1], "--out", str(tmp_path / "all.html"), "--force", "--json"])
    assert [one["letter"] for one in json.loads(run.stdout)["reports"]] == ["A"]
