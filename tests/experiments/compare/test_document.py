"""The document of results.json: its form, how it is made, and what its readers say of another one."""

from __future__ import annotations

import json
import lzma
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from namegen.core.data.corpus import Corpus
from namegen.documents import schema, to_plain
from namegen.experiments.compare import document as making
from namegen.experiments.compare.document import Comparison, ListEntry, Training, make_results
from namegen.experiments.compare.measurements import (
    GenerationResult,
    GenerationSubject,
    ListFacts,
    ListSubject,
    TrainingResult,
    TrainingSubject,
)
from namegen.experiments.compare.plan import KeptResult, Measurement, PlanOutcome, Scope, make_plan
from namegen.experiments.compare.tables import main
from namegen.lists import load_bundled
from tests.experiments.compare.conftest import MEASURED, RESULTS


@pytest.fixture(scope="module")
def plain() -> dict[str, Any]:
    """A comparison that an earlier version has written."""
    found: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return found


def test_results_made_before_are_read_and_written_to_the_letter(comparison: Comparison, documented: Comparison) -> None:
    text = json.dumps(to_plain(documented), ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    assert text == RESULTS.read_text(encoding="utf-8")
    assert to_plain(comparison) == json.loads(lzma.decompress(MEASURED.read_bytes()))


def test_results_keep_to_the_schema_that_is_made_of_the_classes(plain: dict[str, Any]) -> None:
    made = Draft202012Validator(schema(Comparison))
    made.validate(plain)
    assert not made.is_valid({**plain, "seeds": ["0"]})
    assert not made.is_valid({**plain, "validation": 1.5})


def test_docs_name_every_field() -> None:
    text = (RESULTS.parents[1] / "use" / "comparison.md").read_text(encoding="utf-8")
    for field in (*fields(Comparison), *fields(ListEntry), *fields(Training)):
        assert re.search(rf"`{field.name}`", text), f"docs/use/comparison.md does not explain {field.name}"


CORPUS = Corpus(load_bundled("mlb-first").names[:300], source="list.txt")
SCOPE = Scope(seeds=1, quick=True)


def training(comparison: Comparison) -> TrainingResult:
    """The result of some training."""
    run = comparison.lists[0].trainings[0]
    return TrainingResult(**{field.name: getattr(run, field.name) for field in fields(TrainingResult)})


def like_for_like(plan: list[Measurement], engine: str) -> Measurement:
    return next(one for one in plan if "like_for_like" in one.roles and one.engine == engine)


def test_a_result_stands_beside_what_was_measured(comparison: Comparison, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "commit", lambda: None)
    plan = make_plan([CORPUS], SCOPE)
    run, facts = like_for_like(plan, "numpy"), comparison.lists[0].facts
    assert isinstance(facts, ListFacts)
    of_list = next(one for one in plan if isinstance(one.subject, ListSubject))
    figures = {of_list.key: KeptResult(facts, None), run.key: KeptResult(training(comparison), "abc")}
    generated = comparison.lists[0].generation[0]
    drawn = GenerationResult(**{field.name: getattr(generated, field.name) for field in fields(GenerationResult)})
    of_names = next(one for one in plan if isinstance(one.subject, GenerationSubject))
    figures[of_names.key] = KeptResult(drawn, None)
    made = make_results([CORPUS], SCOPE, PlanOutcome(plan, figures, missing={"keras": "install it"}))
    [entry] = made.lists
    assert (entry.name, entry.fingerprint, entry.facts) == ("list.txt", CORPUS.fingerprint, facts)
    [trained] = entry.trainings
    assert isinstance(run.subject, TrainingSubject)
    assert (trained.network, trained.split, trained.seed) == (run.network, run.subject.split, run.subject.seed)
    assert (trained.config, trained.roles) == (run.subject.config, ("like_for_like",))
    assert trained.figures == training(comparison).figures
    assert made.commits == ("abc",)
    assert [one.what for one in made.missing] == ["keras"]
    assert (entry.references, entry.exported) == ((), None)
    [generation] = entry.generation
    assert (generation.network, generation.model, generation.seed) == (of_names.network, "numpy", 0)
    assert generation.algorithms == generated.algorithms


def test_a_list_is_called_by_its_file_and_by_its_path_where_two_files_have_one_name() -> None:
    sources = ("/a/long/way/list.txt", "here/other.txt", "there/other.txt", "mlb-first")
    corpora = [Corpus(CORPUS.names[place:], source=source) for place, source in enumerate(sources)]
    called = ["list.txt", "here/other.txt", "there/other.txt", "mlb-first"]
    made = make_results(corpora, SCOPE, PlanOutcome([], {}))
    assert [entry.name for entry in made.lists] == called


def test_the_largest_distance_of_two_engines_is_found(comparison: Comparison) -> None:
    scope = Scope(seeds=1)
    plan, result = make_plan([CORPUS], scope), training(comparison)
    curve = list(result.history.training_loss_nats_per_char)
    curve[4] += 0.25
    moved = replace(result, history=replace(result.history, training_loss_nats_per_char=tuple(curve)))
    figures = {
        like_for_like(plan, "numpy").key: KeptResult(result, None),
        like_for_like(plan, "keras").key: KeptResult(moved, None),
    }
    first, second = make_results([CORPUS], scope, PlanOutcome(plan, figures)).lists[0].like_for_like
    assert first.largest_distance is not None
    assert first.largest_distance.engines == ("numpy", "keras")
    assert (first.largest_distance.curve, first.largest_distance.epoch) == ("training_loss_nats_per_char", 5)
    assert first.largest_distance.distance_nats == pytest.approx(0.25)
    assert (second.engines, second.largest_distance) == ((), None)
    quick = make_results([CORPUS], SCOPE, PlanOutcome(make_plan([CORPUS], SCOPE))).lists[0].like_for_like
    assert [one.network for one in quick] == [first.network], "what a quick look does not train stands nowhere"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"format": "namegen sweep"}', "is no results.json of namegen compare-backends"),
        (None, "No such file"),
        ({"seeds": ["0"]}, "$.seeds[0]"),
        ({"format_version": 1}, "format version 1, this namegen reads 2"),
        ({"format_version": "\x1b[31m" + "9" * 100_000}, "has the format version"),
        ({}, ""),
    ],
)
def test_the_tables_are_printed_or_it_is_told_why_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], plain: dict[str, Any], text: Any, said: str
) -> None:
    file = tmp_path / "results.json"
    if text is not None:
        file.write_text(text if isinstance(text, str) else json.dumps({**plain, **text}), encoding="utf-8")
    if not said:
        main([str(file)])
        assert "| SimpleRNN 2×32 | numpy |" in capsys.readouterr().out
        return
    with pytest.raises(SystemExit, match="2"):
        main([str(file)])
    told = capsys.readouterr().err
    assert said in told
    assert len(told) < 1000
    assert "\x1b" not in told
