"""TrainingRun: one training, from a list to a finished model.

corpus ─► parts (split, as trees) ─► batches ─► trainer and engine ─► checkpoint ─► run folder
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import median

import numpy as np

from namegen.core.data.batching import BatchMaker, ListParts
from namegen.core.data.corpus import Corpus
from namegen.core.data.labels import Beginnings
from namegen.core.data.sameness import sameness_of
from namegen.core.data.shapes import MOST_NAMES, shapes_of
from namegen.core.engine import Engine, EngineClass
from namegen.core.evaluation.evaluator import AccuracyEvaluator, Metrics, check_probe, probe
from namegen.core.evaluation.references import HeldOutReferences
from namegen.core.evaluation.scoring import score_quantiles
from namegen.core.generation.generator import Generator
from namegen.core.generation.plausibility import PlausibilityJudge, drawing_temperature
from namegen.core.network.architecture import Network, as_recurrent, checked_tensors, parameters_of
from namegen.core.network.checkpoint import Checkpoint
from namegen.core.network.record import Label, TrainingSummary, default_max_length
from namegen.core.settings import NetworkSettings, Recipe
from namegen.core.teaching.lesson import CountingTargets
from namegen.core.training import CONFIG_FILE
from namegen.core.training.effort import LESSON_EPOCH, ListSize, by_effort, data_by_effort
from namegen.core.training.progress import BestEpoch, EpochRecord, Listener, TrainingProgress
from namegen.core.training.run_folder import RunFolder, SavedState
from namegen.core.training.trainer import DIVERGED, STOPS, Dropping, Trainer, diverged
from namegen.documents import Json, to_plain
from namegen.errors import CheckpointError, EngineError, NamesError, TrainingError, engine_at_work, setting
from namegen.types import Array


def architecture_for(engine_class: EngineClass, settings: NetworkSettings) -> str:
    """The name of the architecture that the settings ask for, or else of the engine's usual one."""
    return settings.architecture or engine_class.architectures[0].architecture


def network_for(
    engine_class: EngineClass, settings: NetworkSettings, vocabulary_size: int, *, labels: int = 0
) -> Network:
    """The network that the settings describe, of the architecture that they name, or else the engine's usual one.

    Raises:
        EngineError: the engine does not train that architecture, or that cell of it.
        SettingsError: the architecture does not have what a setting asks for.
    """
    known = {architecture.architecture: architecture for architecture in engine_class.architectures}
    name = architecture_for(engine_class, settings)
    if name not in known:
        raise EngineError(
            f"the engine {engine_class.name} does not train the architecture {name!r}: choose one of "
            f"{', '.join(known)}, or another engine"
        )
    network = known[name].from_settings(settings, vocabulary_size, labels=labels)
    recurrent = as_recurrent(network)
    if recurrent is not None and recurrent.cell not in engine_class.cells:
        raise EngineError(
            f"the engine {engine_class.name} has no cell {recurrent.cell}: choose one of "
            f"{', '.join(sorted(engine_class.cells))}, or another engine"
        )
    return network


@dataclass(frozen=True)
class RunResult:
    """A finished (or stopped) training: the best model and its figures.

    Attributes:
        checkpoint: the best model.
        backend, seed: which engine trained it, and from which random numbers.
        epochs, best_epoch: how many were trained, and which of them gave the model.
        seconds: inside ``train_epoch`` and validation.
        chars_per_second: the median of the epochs after the first; None without one.
        training, validation, test: the model's figures on the parts of the list; None where nothing is held out.
        references: what the held-out figures stand beside, computed when asked for; None where nothing is held out.
        history: a record an epoch.
        out: the run folder; None where nothing was written.
        finished: whether it was trained to its end.
    """

    checkpoint: Checkpoint
    backend: str
    seed: int
    epochs: int
    best_epoch: int
    seconds: float
    chars_per_second: float | None
    training: Metrics
    validation: Metrics | None
    test: Metrics | None
    references: HeldOutReferences | None
    history: tuple[EpochRecord, ...]
    out: Path | None
    finished: bool

    def to_dict(self) -> dict[str, object]:
        """As plain values, for JSON."""
        validation = test = None
        if self.references is not None and self.validation is not None:
            validation = {**self.validation.to_dict(), **self.references.to_dict()}
        if self.test is not None:
            test = {**self.test.to_dict(), **({} if self.references is None else self.references.test_to_dict())}
        return {
            "out": None if self.out is None else str(self.out),
            "backend": self.backend,
            "seed": self.seed,
            "epochs": self.epochs,
            "best_epoch": self.best_epoch,
            "seconds": self.seconds,
            "chars_per_second": self.chars_per_second,
            "training": self.training.to_dict(),
            "validation": validation,
            "test": test,
        }


SECONDS_BETWEEN_SAVES = 5.0


class TrainingRun:
    """Everything of one training, put together.

    Args:
        corpus: the list.
        recipe: what is read of it, which network learns, and how.
        engine_class: which engine trains; core does not know which there are.
        threads: for the engine.
        dtype: in which the engine computes.
        folder: where the files go; None: nothing is written.
        for_use: whether names will be asked of the model: then the temperature that suits them is measured at the end.
        listener, stop: see ``Trainer``.

    Raises:
        NamesError: too few names to split. EngineError: the engine lacks the cell. SettingsError: a wrong value.
    """

    def __init__(
        self,
        corpus: Corpus,
        recipe: Recipe,
        engine_class: EngineClass,
        *,
        threads: int = 1,
        dtype: str = "float32",
        folder: RunFolder | None = None,
        for_use: bool = False,
        listener: Listener | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self.corpus, self.folder, self.vocabulary = corpus, folder, corpus.vocabulary
        seed, kind = recipe.training.seed, recipe.data.sameness or corpus.sameness
        data = data_by_effort(recipe.data, recipe.training, corpus.names)
        recipe = replace(recipe, data=replace(data, sameness=kind))
        self.parts = ListParts.from_corpus(corpus, recipe.data, seed=seed)
        self.size = ListSize.of(self.parts, self.vocabulary.size)
        chosen = replace(recipe.network, architecture=architecture_for(engine_class, recipe.network))
        recipe = by_effort(replace(recipe, network=chosen), self.size)
        self.recipe = recipe.resolved(name_count=self.parts.batches.name_count)
        names_of_label = self.parts.names_of_label(self.vocabulary.size, len(corpus.label_counts))
        self.labels = tuple(map(Label, corpus.label_counts, names_of_label))
        self.beginnings = Beginnings.from_counts(self.vocabulary.size, names_of_label)
        self.network = network_for(engine_class, self.recipe.network, self.vocabulary.size, labels=len(self.labels))
        self._dropping = Dropping(self.network, self.recipe.training)  # refuses before anything takes long
        # Streams of random numbers: [seed, e] orders the names of epoch e, [seed, e, 1] draws its sample.
        start = self.network.initial_parameters(recipe.network.init, rng=np.random.default_rng([seed, 0, 2]))
        with engine_at_work(engine_class.name, "before training", ": report it to those who make the engine"):
            self.engine = engine_class(self.network, self.recipe.training, threads=threads, dtype=dtype)
            self.engine.set_state(start)
        self.sameness = sameness_of(kind)
        self.known_names = self.sameness.known_set(self.parts.distinct_names)
        self._tell, self._stop, self._for_use = listener, stop, for_use
        self._judges: Sequence[PlausibilityJudge] = ()
        self.drawing_temperature: float | None = None  # where it is known already
        self._cut_short = False  # whether a stop was asked for after training, while that was measured
        self.trainer = self._make_trainer(self.parts.batches if self.recipe.taught else self._smoothed())
        self.progress = TrainingProgress()
        self._saved_best = 0  # the epoch whose parameters the folder's model holds
        self._saved_at = time.monotonic()

    def _make_trainer(self, batches: BatchMaker) -> Trainer:
        return Trainer(
            self.engine,
            batches,
            self.parts.held_out,
            self._generator(),
            self.recipe.training,
            self._dropping,
            listener=self._tell,
            stop=self._stop,
        )

    def _generator(self) -> Generator:
        """Draws names from the network as it is now."""
        known, starts = self.known_names, self.beginnings
        return Generator(self.engine, self.vocabulary, known_names=known, beginnings=starts, sameness=self.sameness)

    def _smoothed(self) -> BatchMaker:
        """Those of the training part, with targets where they are smoothed."""
        share, batches = self.recipe.training.label_smoothing, self.parts.batches
        return batches.with_targets(CountingTargets(batches.tree, self.vocabulary.size, share)) if share else batches

    def take_lesson(self, lesson: BatchMaker, judges: Sequence[PlausibilityJudge] = ()) -> None:
        """Read this in place of the training part, a slice of it an epoch; see ``core/teaching/lesson.py``.

        Args:
            lesson: the names, with targets.
            judges: who says, beside counting, how daring the drawing of names may be.
        """
        self._judges = judges
        names = LESSON_EPOCH * lesson.name_count / lesson.tree.characters
        self.trainer = self._make_trainer(lesson.in_slices(round(names)))

    @cached_property
    def references(self) -> HeldOutReferences | None:
        """What figures on the held-out names stand beside; None where nothing is held out."""
        held_out = self.parts.held_out
        return None if held_out is None else HeldOutReferences(held_out, self.parts, self.vocabulary.size)

    @np.errstate(all="ignore")  # a training that diverges shows in the loss
    def run(self) -> RunResult:
        """Train to the end, or until it is stopped; save on the way and at the end.

        Raises:
            TrainingError: the loss is no longer finite; what was saved before stays.
            OutputError: a file cannot be written.
        """
        self.save()  # so that a run that is killed at once can be resumed, too
        try:
            for progress in self.trainer.run(self.progress):
                if time.monotonic() - self._saved_at >= SECONDS_BETWEEN_SAVES and not self.trainer.finished(progress):
                    self.save()
        except TrainingError:
            self._save_best()  # its epoch was sound; the state is not, so the last one that was written stays
            raise
        if not self.trainer.finished(self.progress):
            self.save()  # at once: the figures of a long list take a while, and whoever asked it to stop may not wait
        result = self.finish()
        self.save()
        return result

    def save(self) -> None:
        """Write the model (if there is a new best one), the history, and last the state."""
        if self.folder is not None:
            self._save_best()
            with engine_at_work(self.engine.name, "while its state was being saved", STOPS):
                engine_state, computed = self.engine.get_state(), probe(self.engine, self.network.beginnings[0])
            self.folder.save_state(
                SavedState(engine_state, self.progress, self._identity(), self.engine.name, computed)
            )
            self._saved_at = time.monotonic()

    def resume(self) -> None:
        """Take up what the folder holds: the next ``run`` continues as if there had been no pause.

        Raises:
            CheckpointError: the state is damaged, or belongs to another network or other settings; or this engine
                computes something else of it than the one that saved it.
            NamesError: the list has changed since.
        """
        if self.folder is None:
            raise CheckpointError("this run has no folder to go on from: make it with one")
        saved = self.folder.load_state()
        identity, here = saved.identity, self._identity()
        if identity.get("list") != here["list"]:
            raise NamesError(
                f"the list {self.corpus.source} has changed since this run began, so it cannot go on (or its state and "
                f"{CONFIG_FILE} are of two runs): put the old files back, or train anew"
            )
        for part in ("network", "training", "data", "teaching"):
            if identity.get(part) != here.get(part):
                raise CheckpointError(
                    f"the state in {self.folder.path} was made with other settings [{part}] than the run's "
                    f"{CONFIG_FILE} has now: put the old ones back, or train anew"
                )
        if saved.progress.best is not None:
            best, _ = checked_tensors(self.network, saved.progress.best.parameters, ())
            types = {values.dtype for values in parameters_of(self.engine.get_state()).values()}
            if not {values.dtype for values in best.values()} <= types:
                raise CheckpointError(
                    f"the best parameters in {self.folder.path} are not of the type that the engine computes in: take "
                    "another copy of the state, or train anew"
                )
        self.engine.set_state(saved.engine_state)
        check_probe(
            self.engine,
            saved.probe,
            self.network.beginnings[0],
            reader=f"the engine {self.engine.name!r}",
            trained_by=saved.engine,
            is_own=self.engine.name == saved.engine,
            name=f"the run {self.folder.path}",
            advice=f"go on with {setting('backend', saved.engine)}",
        )
        self.progress = saved.progress
        self.corpus = replace(self.corpus, source=str(identity["list_name"]))
        self._saved_best = 0

    @np.errstate(all="ignore")
    def finish(self) -> RunResult:
        """Give the best model with its figures, and write it; of a run that was stopped in its first epoch, the model
        as it stands, unwritten. A stop that is asked for while the drawing temperature is measured leaves that open.
        """
        progress, training = self.progress, self.recipe.training
        best = progress.best or BestEpoch(0, float("inf"), parameters_of(self.engine.get_state()))
        with _borrowed(self.engine, best.parameters):
            evaluator = AccuracyEvaluator(self.engine)
            figures = evaluator.evaluate(self.parts.training)
            validation, test = (
                None if part is None else evaluator.evaluate(part) for part in (self.parts.held_out, self.parts.test)
            )
        if progress.best is not None and not figures.loss_nats_per_char < DIVERGED:
            raise TrainingError(diverged(training, best.epoch))  # its last update may be the one that went astray
        checkpoint = self._checkpoint(figures, test)
        if self.folder is not None and progress.best is not None:
            self.folder.save_model(checkpoint)
            self._saved_best = best.epoch
        characters = self.trainer.batches.characters
        speeds = [characters / one.training_seconds for one in progress.history[1:] if one.training_seconds > 0]
        return RunResult(
            checkpoint=checkpoint,
            backend=self.engine.name,
            seed=training.seed,
            epochs=progress.epoch,
            best_epoch=best.epoch,
            seconds=progress.seconds,
            chars_per_second=median(speeds) if speeds else None,
            training=figures,
            validation=validation,
            test=test,
            references=self.references,
            history=tuple(progress.history),
            out=None if self.folder is None else self.folder.path,
            finished=self.trainer.finished(progress) and not self._cut_short,
        )

    def _save_best(self) -> None:
        best = self.progress.best
        if self.folder is not None and best is not None and best.epoch != self._saved_best:
            self.folder.save_model(self._checkpoint())
            self._saved_best = best.epoch

    def _checkpoint(self, figures: Metrics | None = None, test: Metrics | None = None) -> Checkpoint:
        """The best parameters with all that belongs to them, and what is known of their figures on the training part
        and on the test part.

        Without figures, on the way, the list's own scores are left out: to read the whole list takes longer than an
        epoch of a short one.
        """
        best, history, data = self.progress.best, self.progress.history, self.recipe.data
        parameters = parameters_of(self.engine.get_state()) if best is None else best.parameters
        record, distinct = None if best is None else history[best.epoch - 1], self.parts.distinct_names
        summary: TrainingSummary = {
            "list": self.corpus.source,
            "names": len(self.corpus.names),
            "distinct_names": len(distinct),
            "split": data.split,
            "validation_share": data.held_out,
            "test_share": data.test,
            "backend": self.engine.name,
            "settings": to_plain(self.recipe.training),
            "seed": self.recipe.training.seed,
            "epochs": self.progress.epoch,
            "best_epoch": 0 if best is None else best.epoch,
            "training": None if figures is None else figures.to_dict(),
            "validation": None if record is None or record.validation is None else record.validation.to_dict(),
            "test": None if test is None else test.to_dict(),
        }
        with _borrowed(self.engine, parameters):
            quantiles = None if figures is None else score_quantiles(self.engine, self.parts.whole, self.beginnings)
            temperature = None if figures is None or not self._for_use else self._drawing_temperature()
            computed = probe(self.engine, self.network.beginnings[0])
        return Checkpoint(
            self.network,
            self.vocabulary,
            parameters,
            engine=self.engine.name,
            labels=self.labels,
            longest_name=max(map(len, distinct)),
            drawing_temperature=temperature,
            endings=self.sameness.endings,
            shapes=self._shapes() if self._for_use else (),
            training=summary,
            score_quantiles=quantiles,
            probe=computed,
            known_names=self.known_names,
        )

    def _shapes(self) -> tuple[str, ...]:
        """Those of the names that were learned; none where the list is long. Held-out names have no part in it."""
        if len(self.parts.distinct_names) >= MOST_NAMES:
            return ()
        learned = self.parts.training.under_one_root().sequences().tokens
        return tuple(sorted(shapes_of(self.vocabulary.decode_all(learned))))

    def _drawing_temperature(self) -> float | None:
        """For the parameters that the engine has now; None where nobody can tell."""
        if self.drawing_temperature is not None:
            return self.drawing_temperature
        longest = default_max_length(max(map(len, self.parts.distinct_names)))
        rng = np.random.default_rng([self.recipe.training.seed, 0, 4])
        stopped_before = self._stop()

        def proceed() -> bool:
            self.trainer.listener.on_measuring(self.progress)
            self._cut_short = not stopped_before and self._stop()
            return not self._cut_short

        return drawing_temperature(
            self._generator(),
            self.parts.training,
            longest=longest,
            rng=rng,
            judges=self._judges,
            proceed=proceed,
        )

    def _identity(self) -> dict[str, Json]:
        """What must be the same when the run goes on: all but the number of epochs, which may grow, unless the learning
        rates hang on it.
        """
        training = to_plain(self.recipe.training)
        if self.recipe.training.schedule != "one-cycle":
            del training["epochs"]
        return {
            "list": self.corpus.fingerprint,
            "list_name": self.corpus.source,  # how it was called; it may lie elsewhere by now
            "network": self.network.to_dict(),
            "training": training,
            "data": {**self.recipe.data.identity},
            **({"teaching": to_plain(self.recipe.teaching)} if self.recipe.taught else {}),
        }


@contextmanager
def _borrowed(engine: Engine, parameters: Mapping[str, Array]) -> Iterator[None]:
    """Let an engine hold other parameters for a while; afterwards it is, bit for bit, what it was."""
    with engine_at_work(engine.name, "while it was being judged", STOPS):
        state = engine.get_state()
        engine.set_state(parameters)
        try:
            yield
        finally:
            engine.set_state(state)
