"""Train one run of a sweep, in a child process."""

from __future__ import annotations

import tempfile
from base64 import b64encode
from pathlib import Path

from namegen.backends import load_engine
from namegen.children import Parent
from namegen.core.data.corpus import Corpus
from namegen.core.evaluation.references import HeldOutReferences
from namegen.core.training.preparation import PreparedTraining, prepare
from namegen.core.training.result import RunResult
from namegen.core.training.run import TrainingRun
from namegen.documents import Json, from_plain, to_plain
from namegen.errors import EngineError, NamegenError, TrainingError
from namegen.experiments.machine import machine, versions
from namegen.experiments.sweep.document import (
    HeldOut,
    Outcome,
    PartFigures,
    RunJob,
    Status,
    Trained,
)
from namegen.experiments.sweep.grid import in_config
from namegen.experiments.trained import plain_metrics, summarize


def train_run(document: dict[str, Json], parent: Parent) -> dict[str, Json]:
    """Train one network.

    Args:
        document: a ``RunJob`` as plain values.
        parent: receives the progress.

    Returns:
        The ``Outcome`` under "outcome", and the model file in Base64 under "model", or None if the run failed.
    """
    job = from_plain(RunJob, document)
    try:
        prepared = _prepare(job)
        result = TrainingRun(prepared, on_progress=parent.on_progress).run()
    except NamegenError as error:
        return {"outcome": _describe_failure(job, error), "model": None}
    trained = _describe_network(job, prepared, result)
    return {"outcome": _make_outcome(job, "done", trained=trained), "model": _encode_model(result)}


def _encode_model(result: RunResult) -> str:
    """Encode the model file of a run in Base64."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        result.checkpoint.save(path)
        return b64encode(path.read_bytes()).decode()


def _describe_failure(job: RunJob, error: NamegenError) -> Json:
    """Describe a run that ended with an error. The message names settings as in the config of a sweep."""
    return _make_outcome(job, _status_after(error), why=error.message_with(in_config))


def _make_outcome(
    job: RunJob, status: Status, why: str = "", trained: Trained | None = None
) -> Json:
    """Describe the outcome of a run on this machine, as plain values."""
    outcome = Outcome(
        status=status,
        why=why,
        machine=machine(),
        versions=versions((job.config.run.backend,)),
        trained=trained,
    )
    return to_plain(outcome)


def _prepare(job: RunJob) -> PreparedTraining:
    """Prepare the training of a run."""
    corpus = Corpus(job.names, source=job.source)
    settings = job.config.run
    threads = settings.threads or 1  # the other cores are used by other runs
    return prepare(corpus, job.config.recipe, load_engine(settings.backend), threads=threads)


def _status_after(error: NamegenError) -> Status:
    """Return the status of a run that ended with this error."""
    if isinstance(error, TrainingError):
        return "diverged"
    if isinstance(error, EngineError):
        return "unavailable"
    return "failed"


def _describe_network(job: RunJob, prepared: PreparedTraining, result: RunResult) -> Trained:
    """Describe the network of a finished run."""
    if result.validation is None or result.references is None:
        raise TrainingError("a run of a sweep needs held-out names: set data.validation above 0")
    figures = PartFigures(
        training=plain_metrics(result.training), held_out=plain_metrics(result.validation)
    )
    return Trained(
        **vars(summarize(prepared, result)),
        figures=figures,
        held_out=job.held_out or _describe_held_out(result.references),
        seconds=result.seconds,
        chars_per_second=result.chars_per_second,
    )


def _describe_held_out(references: HeldOutReferences) -> HeldOut:
    """Describe the held-out names and their references."""
    baseline = references.with_same_weighting
    return HeldOut(
        names=references.validation.name_count,
        characters=references.validation.characters,
        seen_percent=references.parts.seen_percent,
        ceiling=plain_metrics(references.ceiling),
        baseline=plain_metrics(baseline.metrics),
        baseline_order=baseline.order,
    )
