"""``namegen evaluate`` and ``namegen ceiling``: how well a model predicts a list, and the best possible result."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import click

from namegen.cli import options
from namegen.cli.display import Display
from namegen.cli.opening import open_blend, open_list
from namegen.cli.terminal import (
    METRICS,
    Notes,
    aligned,
    columns,
    counted,
    fitted,
    json_text,
    metric_cells,
    printable,
)
from namegen.core.settings import DataSettings
from namegen.core.training import MODEL_FILE
from namegen.errors import NamesError, quote, short
from namegen.files import is_file
from namegen.lists import BUNDLED
from namegen.settings_toml import read_config

if TYPE_CHECKING:
    from namegen.api import LoadedModel
    from namegen.api.evaluation import Evaluation, ListCeiling
    from namegen.core.data.corpus import Corpus
    from namegen.core.evaluation.evaluator import Metrics
    from namegen.core.training.run_folder import RunFolder

TRAINING_LIST_WARNING = (
    "these results are for the model's training list (except for held-out names), and don't show how well it predicts "
    "new names"
)


@options.command(
    "namegen evaluate mlb-last friends.txt",
    "namegen evaluate mlb-last friends.txt --with mlb-first --blend-weights 0.6,0.4",
)
@click.argument("model", required=False)
@click.argument("names", required=False)
@options.more_models
@options.model_options
@options.list_options
@options.common
def evaluate(
    model: str | None,
    names: str | None,
    more_models: tuple[str, ...],
    as_json: bool,
    notes: Notes,
    **how: Any,
) -> None:
    """Measure how well a model predicts a list of names.

    MODEL: a run folder, a model file, or a built-in model (see `namegen models`). Default: the newest run in runs/, or
    taverns if there is none. --with measures a blend of models.

    NAMES: a file, - for standard input, or a built-in list (see `namegen lists`). Default: the model's training list,
    if it is built in, or if MODEL is a run folder or the model.safetensors in it. For a blend, NAMES is required.

    nats/char is the loss (cross-entropy) in nats per character. argmax accuracy is how often the most likely next
    character is the correct one. sampled accuracy is how often a character sampled from the model is the correct one.

    namegen skips names with characters that the model doesn't know, and prints how many it skipped. A model gets better
    results on its training names than on new names. The summary of its run shows the results for held-out names.

    If both the model and the list have labels, the model predicts each name given its label, and namegen also prints
    the results for each label.
    """
    of_models = {name: how.pop(name) for name in options.MODEL_OPTIONS}
    loaded = open_blend((model, *more_models), notes, **of_models)
    if names is None:
        corpus = _open_training_list(loaded, notes, **how)
    else:
        corpus = open_list(names, notes, **how)
    was_trained_on = loaded.was_trained_on(corpus)
    if was_trained_on:
        notes(fill(TRAINING_LIST_WARNING, columns()))
    from namegen import api

    with Display(notes, f"evaluating {loaded.name} on {corpus.source}"):
        result = api.evaluate(loaded, corpus)
    if result.left_out:
        notes(_skipped(result, len(corpus.names)))
    if as_json:
        click.echo(json_text(result.to_dict()))
    else:
        source = printable(corpus.source)
        _print(result, f"{source}, which it was trained on" if was_trained_on else source)


def _skipped(result: Evaluation, name_count: int) -> str:
    """Return a sentence about the names that the model can't read."""
    unknown = "characters or labels" if result.by_label else "characters"
    return f"skipped {result.left_out:,} of {name_count:,} names, because the model doesn't know their {unknown}"


def _print(result: Evaluation, source: str) -> None:
    """Print the model's metrics and the ceiling, followed by the metrics for each label."""
    title = f"{printable(result.model)} on {counted(result.names, 'name')} of {source}"
    rows = [
        ("", *METRICS),
        ("this model", *metric_cells(result.metrics)),
        ("ceiling of this list", *metric_cells(result.ceiling)),
    ]
    click.echo(f"{title}\n\n{fitted(rows)}")
    if result.by_label:
        click.echo(f"\n{_label_table(result.by_label)}")


def _label_table(by_label: Mapping[str, tuple[Metrics, int]]) -> str:
    """Return the metrics for each label, sorted by loss."""
    rows: list[tuple[str, ...]] = []
    for label, (metrics, count) in sorted(by_label.items(), key=_loss_of_label):
        rows.append((printable(label), f"{count:,}", *metric_cells(metrics)))
    return fitted([("", "names", *METRICS), *rows])


def _loss_of_label(item: tuple[str, tuple[Metrics, int]]) -> float:
    """Return the loss of an item of ``by_label``, to sort by it."""
    _, (metrics, _) = item
    return metrics.loss_nats_per_char


# --- the list that a model was trained on -----------------------------------------------------------------------------


def _open_training_list(model: LoadedModel, notes: Notes, **how: Any) -> Corpus:
    """Read the list that a model was trained on. Raises UsageError or NamesError."""
    settings = _training_list(model)
    corpus = open_list(None, notes, default=settings, **how)
    if not model.was_trained_on(corpus):
        raise NamesError(
            f"{corpus.source} has changed since {model.name} was trained on it: pass another list as NAMES"
        )
    notes(f"names: {printable(settings.names)}, which the model was trained on")
    return corpus


def _training_list(model: LoadedModel) -> DataSettings:
    """Return the model's training list if it's built in, or if the model is in its run folder.

    It never opens a path that is stored in the model, because the model may come from a stranger.

    Raises:
        UsageError: the training list is unknown.
        NamesError: the list's file no longer exists.
    """
    if model.list_name in BUNDLED:
        return DataSettings(names=str(model.list_name))
    run = _run_of(model)
    if run is None:
        raise click.UsageError(f"pass a list as NAMES: {_why_unknown(model)}")
    settings = run.found_here(read_config(run.config_path).data)
    if settings.names not in BUNDLED and not is_file(settings.names, None):
        raise NamesError(
            f"the training list of {model.name}, {short(settings.names)}, no longer exists: pass a list as NAMES"
        )
    return settings


def _run_of(model: LoadedModel) -> RunFolder | None:
    """Return the run folder that contains the model, or None if the model was loaded from elsewhere."""
    from namegen.core.training.run_folder import RunFolder

    if model.checkpoint is None:
        return None
    path = Path(model.name)
    run = RunFolder(path.parent if path.name == MODEL_FILE else path)
    return run if is_file(run.config_path, None) else None


def _why_unknown(model: LoadedModel) -> str:
    """Explain why a model's training list is unknown."""
    if model.list_name:
        list_name = quote(Path(model.list_name).name)
        return f"{model.name} was trained on a list called {list_name}, which namegen can't find"
    if len(model.blended) > 1:
        return "a blend of models has no training list of its own"
    return f"{model.name} doesn't contain the name of its training list"


# --- the ceiling ------------------------------------------------------------------------------------------------------


@options.command("namegen ceiling friends.txt", "namegen ceiling people.csv --column first")
@click.argument("names", required=False)
@options.list_options
@options.common
def ceiling(names: str | None, as_json: bool, notes: Notes, **how: Any) -> None:
    """Show the best result that any model can reach on a list.

    The ceiling uses the list itself as a model. After each prefix of a name, it predicts the characters that follow
    this prefix in the list.

    NAMES: a file, - for standard input, or a built-in list (see `namegen lists`). Default: mlb-first.

    nats/char is the loss (cross-entropy) in nats per character. No model has a lower loss on this list. argmax accuracy
    is how often the most likely next character is the correct one. No model has a higher accuracy. sampled accuracy is
    how often a character sampled from the true probabilities is the correct one. An overconfident model can exceed it.
    In a list with labels, the label is known before the first character.
    """
    corpus = open_list(names, notes, **how)
    from namegen import api

    with Display(notes, f"computing the ceiling of {corpus.source}"):
        result = api.list_ceiling(corpus)
    if as_json:
        click.echo(json_text(result.to_dict()))
        return
    click.echo(_ceiling_text(result, corpus.source))


def _ceiling_text(result: ListCeiling, source: str) -> str:
    """Return the best possible metrics and the size of the list."""
    metrics = aligned(list(zip(METRICS, metric_cells(result.metrics), strict=True)))
    sizes = {
        "names": result.names,
        "distinct names": result.distinct_names,
        "distinct prefixes": result.distinct_prefixes,
        "characters and ends of names": result.characters,
    }
    size_table = aligned([(thing, f"{size:,}") for thing, size in sizes.items()])
    return f"ceiling of {printable(source)}\n\n{metrics}\n\n{size_table}"
