"""A comparison runs its plan once, keeps what it has measured, and its numbers are those of a plain training run."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path
from statistics import stdev

import pytest

from namegen.backends import load_engine
from namegen.core.data.corpus import Corpus
from namegen.core.training.preparation import prepare
from namegen.core.training.trainer import Trainer
from namegen.errors import FolderInUseError, NamesError, OutputError
from namegen.events import Ended, Planned
from namegen.experiments import run
from namegen.experiments.experiment import compare
from namegen.experiments.measure import GENERATED_NAMES, describe_names
from namegen.experiments.plan_comparison import Options
from namegen.experiments.rows import Generation, Reference, Results, Training
from namegen.experiments.run import RowStore, open_folder, run_jobs
from namegen.experiments.summary import LOSS, lists_of
from namegen.experiments.workers import local_workers


def test_every_job_has_a_result_and_every_file_is_written(measured: Results, folder: Path) -> None:
    assert [row.status for row in measured.rows] == ["done"] * len(measured.rows)
    assert measured.jobs_left == 0
    kinds = [row.job.kind for row in measured.rows]
    assert kinds == ["reference", *["network"] * 2, *["backend"] * 3, "generation"]
    for row in measured.rows:
        if row.model:
            assert (folder / row.model).is_file()
    written = {path.name for path in folder.iterdir() if path.suffix != ".png"}
    expected = {".namegen-compare-backends", "rows.jsonl", "models", "results.json", "summary.csv"}
    assert written == expected | {"report.html", "report.md"}


def test_a_finished_comparison_runs_nothing(folder: Path, corpus: Corpus, options: Options) -> None:
    events: list[object] = []
    compare([corpus], folder, options, on_progress=events.append)
    [planned] = [event for event in events if isinstance(event, Planned)]
    assert planned.kept == planned.total
    assert not any(isinstance(event, Ended) for event in events)


def test_the_measured_network_is_that_of_a_plain_run(measured: Results, corpus: Corpus) -> None:
    row = next(row for row in measured.rows if row.job.kind == "network")
    training = row.result
    assert isinstance(training, Training)
    result = Trainer(prepare(corpus, row.job.config.recipe, load_engine("numpy"))).run()
    assert result.validation is not None
    assert training.metrics["held_out"].loss_nats_per_char == result.validation.loss_nats_per_char
    assert training.metrics["training"].accuracy_argmax == result.training.accuracy_argmax
    losses = [record.training_loss_nats_per_char for record in result.history]
    assert list(training.history.training_loss_nats_per_char) == losses


def test_generated_names_are_counted(measured: Results, corpus: Corpus) -> None:
    [generation] = [row.result for row in measured.rows if isinstance(row.result, Generation)]
    assert set(generation.names_per_second) == {"one by one", "count-splitting"}
    [reference] = [row.result for row in measured.rows if isinstance(row.result, Reference)]
    for names in (generation, reference.ngram_generation):
        assert sum(names.lengths.values()) == GENERATED_NAMES
        assert not set(names.new_names) & set(corpus.names)
    # An n-gram of high order knows the list, and a network that was trained for two epochs doesn't.
    assert reference.ngram_generation.recreated_percent > generation.recreated_percent


def test_names_that_differ_only_in_letter_case_are_in_the_list() -> None:
    names = describe_names(["ANN", "Bo", "Ann", "Zed"], Corpus(("Ann", "Al"), source="x"))
    assert (names.recreated_percent, names.unique_percent) == (50, 100)
    assert names.new_names == ("Bo", "Zed")
    assert names.lengths == {"2": 1, "3": 3}


def test_the_summary_contains_means_and_spreads(measured: Results, folder: Path) -> None:
    [model] = lists_of(measured)[0].networks()["by-row"]
    losses = model.values(LOSS)
    summary = csv.DictReader(io.StringIO((folder / "summary.csv").read_text("utf-8")))
    measurement = "metrics.held_out.loss_nats_per_char"
    [line] = [
        line for line in summary if (line["kind"], line["measurement"]) == ("network", measurement)
    ]
    assert (line["network"], line["runs"]) == ("GRU 1×8", "2")
    assert float(line["mean"]) == pytest.approx(sum(losses) / 2)
    assert float(line["standard_deviation"]) == pytest.approx(stdev(losses))
    assert (float(line["lowest"]), float(line["highest"])) == (min(losses), max(losses))


# --- keeping rows -----------------------------------------------------------------------------------------------------


def test_damaged_rows_and_rows_without_their_network_are_measured_again(
    measured: Results, tmp_path: Path
) -> None:
    training = next(row for row in measured.rows if row.model)
    reference = next(row for row in measured.rows if row.job.kind == "reference")
    with open_folder(tmp_path / "out", "sweep") as folder:
        store = RowStore(folder)
        store.keep(reference, None)
        kept = store.keep(training, b"network")
        path = folder / run.ROWS
        whole = path.read_bytes()
        path.write_bytes(whole + whole[:100])  # the process was killed while writing a row
        assert RowStore(folder).rows == {reference.key: reference, training.key: kept}
        assert path.read_bytes() == whole
        path.write_bytes(b"{}\n\xff\n" + whole.replace(b'"done"', b'"odd"', 1))
        assert set(RowStore(folder).rows) == {training.key}
        (folder / kept.model).unlink()
        assert RowStore(folder).rows == {}


def test_a_full_disk_keeps_earlier_rows(
    measured: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = measured.rows[0], measured.rows[1]
    with open_folder(tmp_path / "out", "sweep") as folder:
        store = RowStore(folder)
        store.keep(first, None)

        def is_full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "open", is_full)
        with pytest.raises(OutputError, match="No space left"):
            store.keep(second, None)
        monkeypatch.undo()
        assert set(RowStore(folder).rows) == {first.key}


def test_a_folder_belongs_to_one_command_and_one_process(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    (tmp_path / "name").touch()
    for out, message in (("full", "other files"), ("name", "can't create")):
        with pytest.raises(OutputError, match=message), open_folder(tmp_path / out, "sweep"):
            pass
    with (
        open_folder(tmp_path / "new", "sweep"),
        pytest.raises(FolderInUseError),
        open_folder(tmp_path / "new", "sweep"),
    ):
        pass
    with (
        pytest.raises(OutputError, match="other files"),
        open_folder(tmp_path / "new", "compare-backends"),
    ):
        pass


def end_process(_: object) -> None:
    os._exit(9)


def test_a_process_that_dies_fails_only_its_own_job(
    measured: Results, corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = [row.job for row in measured.rows if row.job.kind == "network"][:1]
    monkeypatch.setattr(run, "measure", end_process)
    with open_folder(tmp_path / "out", "sweep") as folder, local_workers(2) as workers:
        store = RowStore(folder)
        lists = {corpus.fingerprint: corpus}
        [row] = run_jobs(jobs, lists, store, workers, lambda _: None)
        assert row.status == "failed"
        assert "process" in row.why
        assert store.rows == {}  # so that it's tried again
        monkeypatch.undo()
        [row] = run_jobs(jobs, lists, store, workers, lambda _: None)
        assert row.status == "done"


def test_a_list_that_cannot_be_split_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(NamesError):
        compare([Corpus(("Al",), source="x")], tmp_path / "out", Options(quick=True))
    assert not (tmp_path / "out").exists()
