"""Being taught, from a list to a model: teachers in processes of their own, what is kept, and what reaches whom."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from namegen import api
from namegen.api import teachers, teaching
from namegen.api.teachers import train_side_by_side
from namegen.api.teaching import be_taught, is_trained
from namegen.children import PartEnded
from namegen.core.data.batching import BatchMaker
from namegen.core.data.corpus import Corpus
from namegen.core.network.checkpoint import Checkpoint
from namegen.core.settings import DataSettings
from namegen.core.training import effort
from namegen.errors import CheckpointError, SettingsError, TrainingError
from namegen.events import Event, Running, StepBegins, UnderWay, Watcher, Weighed
from namegen.lists import load_bundled
from namegen.settings_toml import Config, merge, read_config

pytestmark = pytest.mark.usefixtures("tiny_teachers")
NAMES = list(dict.fromkeys(load_bundled("mlb-first").names))[:240]
TINY = replace(
    effort.FEW,
    teachers=(("gru", 6), ("simple_rnn", 6)),
    drawn_characters=3_000,
    lesson_characters=20_000,  # fewer than any list asks for
    most_characters=4_000,
)
BEST = merge(Config(), {"training.effort": "best", "network.cell": "gru", "network.hidden": (8,), "run.threads": 1})


@pytest.fixture
def tiny_teachers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the sizes that a list of 240 names would get, only smaller."""
    monkeypatch.setattr(effort, "FEW", TINY)
    for module in (effort, teaching):
        monkeypatch.setattr(module, "LESSON_EPOCH", 5_000)


def train_here(folders: Sequence[Path], *, watch: Watcher, stop: Callable[[], bool]) -> None:
    """One after the other, in this process."""
    for folder in folders:
        teachers.go_on(folder, stop=stop)


class Noting:
    """Notes what it is told, and what the student reads."""

    def __init__(self) -> None:
        self.weights: dict[str, float] = {}
        self.seen: list[UnderWay] = []
        self.lesson: BatchMaker | None = None

    def __call__(self, event: Event) -> None:
        match event:
            case Running(under_way):
                self.seen += under_way
            case Weighed(names, weights):
                self.weights = dict(zip(names, weights, strict=True))


def train(names: Sequence[str] | Corpus = NAMES, config: Config = BEST, **more: Any) -> tuple[Any, Noting]:
    noting = Noting()

    def noted(*arguments: Any, **options: Any) -> Any:
        taught = be_taught(*arguments, **options)
        noting.lesson = taught and taught[1]
        return taught

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("namegen.api.training.be_taught", noted)
        return api.train(names, config=config, watch=noting, **{"teach_on": train_here, **more}), noting


def test_best_trains_teachers_in_processes_and_then_a_student(tmp_path: Path) -> None:
    result, noting = train(out=tmp_path / "run", teach_on=train_side_by_side)
    assert result.finished
    assert result.checkpoint.network.summary == "gru 8"
    assert list(noting.weights) == ["teachers/1", "teachers/2", "counting"]
    assert sum(noting.weights.values()) == pytest.approx(1)
    assert any(teacher.epoch for teacher in noting.seen)
    for place, cell in (("1", "gru"), ("1-whole", "gru"), ("2", "simple_rnn"), ("2-whole", "simple_rnn")):
        folder = tmp_path / "run" / "teachers" / place
        assert is_trained(folder)
        assert Checkpoint.load(folder / "model.safetensors").network.summary == f"{cell} 6"
    text = (tmp_path / "run" / "config.toml").read_text(encoding="utf-8")
    assert 'teachers = ["teachers/1", "teachers/2", "counting"]' in text


def test_no_held_out_name_leaves_a_trace(tmp_path: Path) -> None:
    """With other names in the held-out parts nothing differs: no teacher, weight, name or target of the lesson."""
    config = merge(BEST, {"data.test": 0.1, "training.epochs": 1})
    training, *others = Corpus.from_names(NAMES).split(DataSettings(test=0.1), seed=0)
    held_out = {name for part in others for name in part.names}
    assert len(held_out) > 30
    alphabet = set("".join(training.names))
    marked = [name for name in marked_names(held_out) if set(name) <= alphabet]
    assert len(marked) > 4
    changed = [name for name in NAMES if name not in held_out] + marked
    lists = (NAMES, "a"), (changed, "b")
    (_, first), (_, second) = (train(names, config, out=tmp_path / out) for names, out in lists)
    for place in ("1", "1-whole", "2"):
        one, other = (Checkpoint.load(tmp_path / out / "teachers" / place / "model.safetensors") for out in ("a", "b"))
        for name, values in one.parameters.items():
            np.testing.assert_array_equal(values, other.parameters[name])
        kept = tmp_path / "b" / "teachers" / place / "names.csv"
        listed = kept.read_text(encoding="utf-8").replace('"', "").split()
        assert not held_out & set(listed)
        assert not set(marked) & set(listed)
    assert first.weights == second.weights
    assert first.lesson is not None
    assert second.lesson is not None
    np.testing.assert_array_equal(first.lesson.tree.token, second.lesson.tree.token)
    for one, other in zip(
        first.lesson.epoch(0, batch_size=64, seed=0), second.lesson.epoch(0, batch_size=64, seed=0), strict=True
    ):
        np.testing.assert_array_equal(one.targets, other.targets)


def marked_names(like: set[str]) -> list[str]:
    """Names that no list has, all held out by the split of the seed 0."""
    made = [f"{name}{name.lower()}" for name in sorted(like)]
    learned, _, _ = Corpus.from_names([*NAMES, *made]).split(DataSettings(test=0.1), seed=0)
    return [name for name in made if name not in learned.names]


@pytest.mark.slow
def test_a_run_that_is_stopped_among_its_teachers_and_as_it_learns_goes_on(tmp_path: Path) -> None:
    calls = iter(range(10_000))
    result, _ = train(out=tmp_path / "run", stop=lambda: next(calls) > 20)
    assert not result.finished
    assert not is_trained(tmp_path / "run" / "teachers" / "2")
    started = threading.Event()
    steps = iter(range(10_000))
    note = lambda event: started.set() if isinstance(event, StepBegins) else None  # noqa: E731
    stops: dict[str, Any] = {"stop": lambda: started.is_set() and next(steps) > 5, "watch": note}
    assert not api.resume(tmp_path / "run", teach_on=train_here, **stops).finished
    assert started.is_set()
    result = api.resume(tmp_path / "run", teach_on=train_here)
    assert result.finished
    whole, _ = train(out=tmp_path / "whole")
    for name, values in whole.checkpoint.parameters.items():
        np.testing.assert_array_equal(values, result.checkpoint.parameters[name])


def test_few_names_are_trained_as_the_standard_effort_does() -> None:
    result = api.train(NAMES[:60], config=merge(BEST, {"training.epochs": 1}))
    assert result.finished
    assert result.checkpoint.training["settings"]["label_smoothing"] == 0.5
    assert result.validation is None


class TestGivenTeachers:
    """``teach``: models that exist already."""

    @pytest.fixture
    def given(self, tmp_path: Path) -> Path:
        quick = merge(Config(), {"training.effort": "quick", "training.epochs": 2, "network.hidden": (5,)})
        api.train(NAMES, config=quick, out=tmp_path / "given")
        return tmp_path / "given"

    def taught_by(self, *teachers: str, **more: Any) -> tuple[Any, Noting]:
        return train(config=merge(BEST, {"teaching.teachers": teachers, "training.epochs": 2}), **more)

    def test_run_folders_and_shipped_models_teach(self, given: Path) -> None:
        result, noting = self.taught_by(str(given), "companies", "counting")
        assert result.finished
        assert set(noting.weights) == {str(given), "companies", "counting"}
        _, noting = self.taught_by(str(given))
        assert noting.weights == {str(given): 1.0}

    def test_a_teacher_that_knows_other_characters_alone_is_hardly_heard(self) -> None:
        _, noting = self.taught_by("japanese-given", "counting")
        assert noting.weights["counting"] > 3 * noting.weights["japanese-given"]

    def test_a_teacher_that_is_not_there_is_told_at_once(self, tmp_path: Path) -> None:
        with pytest.raises(CheckpointError, match="there is no model"):
            self.taught_by("nobody", out=tmp_path / "run")
        assert not (tmp_path / "run").exists()

    def test_a_model_twice_is_refused(self) -> None:
        with pytest.raises(SettingsError, match="each once"):
            self.taught_by("companies", "companies")


class TestSideBySide:
    """Processes that come to their end, that do not, and that are not wanted any more."""

    @pytest.fixture
    def folders(self, tmp_path: Path) -> list[Path]:
        train(out=tmp_path / "run", stop=lambda: True)
        return sorted((tmp_path / "run" / "teachers").iterdir())

    def test_one_that_dies_again_is_told_in_words(self, folders: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
        def dying(runner: object, parts: Any, watch: object, stop: object) -> Any:
            yield from (PartEnded(part, trouble="it died twice", died=True) for part in parts)

        monkeypatch.setattr(teachers, "run_all", dying)
        with pytest.raises(TrainingError, match=r"it died twice; .*continue with resume=.*run$"):
            train_side_by_side(folders)

    def test_what_cannot_be_trained_says_why(self, folders: list[Path]) -> None:
        config = folders[0] / "config.toml"
        text = config.read_text(encoding="utf-8")
        assert read_config(config).run.threads == 1, "each teacher is trained by one"
        config.write_text(text.replace('cell = "gru"', 'cell = "gruu"'), encoding="utf-8")
        with pytest.raises(TrainingError, match=r"was not trained: .*cell is 'gruu'"):
            train_side_by_side(folders)

    @pytest.mark.slow
    def test_one_that_is_not_wanted_saves_itself(self, folders: list[Path]) -> None:
        noting = Noting()
        train_side_by_side(
            folders[:1], watch=noting, stop=lambda: any(0 < teacher.epoch < teacher.epochs for teacher in noting.seen)
        )
        assert (folders[0] / "state.safetensors").is_file()
        train_side_by_side(folders[:1])
        assert is_trained(folders[0])
