"""One run of a sweep, as a child makes it."""

from __future__ import annotations

import tempfile
from base64 import b64encode
from pathlib import Path
from typing import Literal

from namegen.backends import load_engine
from namegen.children import Parent
from namegen.core.data.corpus import Corpus
from namegen.core.evaluation.references import HeldOutReferences
from namegen.core.training.preparation import prepare
from namegen.core.training.run import TrainingRun
from namegen.documents import Json, from_plain, to_plain
from namegen.errors import EngineError, NamegenError, TrainingError
from namegen.experiments.machine import machine, versions
from namegen.experiments.sweep.document import HeldOut, Outcome, PartFigures, RunJob, Trained
from namegen.experiments.sweep.grid import in_config
from namegen.experiments.trained import plain_metrics, summarise


def train_run(document: dict[str, Json], parent: Parent) -> dict[str, Json]:
    """Train one network.

    Args:
        document: a ``RunJob``.
        parent: who is told how far it is.

    Returns:
        The outcome, trained or why not, and the network's file in base 64, or None.
    """
    job = from_plain(RunJob, document)
    engine = job.config.run.backend
    try:
        corpus, threads = (
            Corpus(job.names, source=job.source),
            job.config.run.threads or 1,
        )  # others run beside it
        prepared = prepare(corpus, job.config.recipe, load_engine(engine), threads=threads)
        run = TrainingRun(prepared, on_progress=parent.on_progress)
        result = run.run()
    except NamegenError as error:
        astray, missing = isinstance(error, TrainingError), isinstance(error, EngineError)
        status: Literal["diverged", "unavailable", "failed"]
        status = "diverged" if astray else "unavailable" if missing else "failed"
        outcome = Outcome(status, error.told(in_config), machine(), versions((engine,)), None)
        return {"outcome": to_plain(outcome), "model": None}
    if result.validation is None or result.references is None:
        raise TrainingError("nothing was held out: a sweep makes no such run")
    trained = Trained(
        **vars(summarise(prepared, result)),
        figures=PartFigures(plain_metrics(result.training), plain_metrics(result.validation)),
        held_out=job.held_out or _held_out(result.references),
        seconds=result.seconds,
        chars_per_second=result.chars_per_second,
    )
    outcome = Outcome("done", "", machine(), versions((engine,)), trained)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        result.checkpoint.save(path)
        return {"outcome": to_plain(outcome), "model": b64encode(path.read_bytes()).decode()}


def _held_out(references: HeldOutReferences) -> HeldOut:
    baseline = references.same_reading
    return HeldOut(
        names=references.tree.name_count,
        characters=references.tree.characters,
        seen_percent=references.parts.seen_percent,
        ceiling=plain_metrics(references.ceiling),
        baseline=plain_metrics(baseline.metrics),
        baseline_order=baseline.order,
    )
