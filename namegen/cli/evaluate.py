"""``namegen evaluate`` and ``namegen ceiling``: how well a model predicts a list, and the best possible result."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from namegen.cli import options
from namegen.cli.commands import command
from namegen.cli.display import Display
from namegen.cli.opening import open_blend, open_list
from namegen.cli.terminal import (
    METRICS,
    counted,
    metric_cells,
    note,
    printable,
    show_result,
    table,
)
from namegen.core.settings import DataSettings
from namegen.core.training import MODEL_FILE
from namegen.errors import NamesError, quote, short
from namegen.files import is_file
from namegen.lists import BUNDLED
from namegen.settings_toml import read_config

if TYPE_CHECKING:
    from rich.console import RenderableType

    from namegen.api import LoadedModel

TRAINING_LIST_WARNING = (
    "these results are for the model's training list (except for held-out names), and don't show how well it predicts "
    "new names"
)


@command(
    "namegen evaluate mlb-last friends.txt",
    "namegen evaluate mlb-last friends.txt --with mlb-first",
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
    **how: Any,
) -> None:
    """Measure how well a model predicts a list of names.

    MODEL: {model} --with measures a blend of models.

    NAMES: {names} Default: the model's training list, if it is built in, or if MODEL is a run folder or the
    model.safetensors in it. For a blend, NAMES is required.

    nats/char is the loss (cross-entropy) in nats per character. argmax accuracy is how often the most likely next
    character is the correct one. sampled accuracy is how often a character sampled from the model is the correct one.

    namegen skips names with characters that the model doesn't know, and prints how many it skipped. A model gets better
    results on its training names than on new names. The summary of its run shows the results for held-out names.

    If both the model and the list have labels, the model predicts each name given its label, and namegen also prints
    the results for each label.
    """
    of_models = {name: how.pop(name) for name in options.MODEL_OPTIONS}
    loaded = open_blend((model, *more_models), **of_models)
    if names is None:
        settings = _training_list(loaded)
        corpus = open_list(None, default=settings, **how)
        if not loaded.was_trained_on(corpus):
            raise NamesError(
                f"{corpus.source} has changed since {loaded.name} was trained on it: pass another list as NAMES"
            )
        note(f"names: {settings.names}, which the model was trained on")
    else:
        corpus = open_list(names, **how)
    was_trained_on = loaded.was_trained_on(corpus)
    if was_trained_on:
        note(TRAINING_LIST_WARNING)
    from namegen import api

    with Display(f"evaluating {loaded.name} on {corpus.source}"):
        result = api.evaluate(loaded, corpus)
    if result.left_out:
        unknown = "characters or labels" if result.by_label else "characters"
        note(
            f"skipped {result.left_out:,} of {len(corpus.names):,} names, because the model doesn't know their "
            f"{unknown}"
        )
    title = f"{result.model} on {counted(result.names, 'name')} of {corpus.source}"
    if was_trained_on:
        title += ", which it was trained on"
    rows = [
        ("this model", *metric_cells(result.metrics)),
        ("ceiling of this list", *metric_cells(result.ceiling)),
    ]
    blocks: list[RenderableType] = [printable(title), "", table(rows, "", *METRICS)]
    if result.by_label:
        by_loss = sorted(result.by_label.items(), key=lambda item: item[1][0].loss_nats_per_char)
        label_rows = [
            (f"{printable(label)} ({count:,})", *metric_cells(metrics))
            for label, (metrics, count) in by_loss
        ]
        blocks += ["", table(label_rows, "label (names)", *METRICS)]
    show_result(as_json, result.to_dict(), *blocks)


def _training_list(model: LoadedModel) -> DataSettings:
    """Return the model's training list if it's built in, or if the model is in its run folder.

    It never opens a path that is stored in the model, because the model may come from a stranger.

    Raises:
        UsageError: the training list is unknown.
        NamesError: the list's file no longer exists.
    """
    from namegen.core.training.run_folder import RunFolder

    if model.list_name in BUNDLED:
        return DataSettings(names=str(model.list_name))
    path = Path(model.name)
    run = RunFolder(path.parent if path.name == MODEL_FILE else path)
    if model.checkpoint is None or not is_file(run.config_path, None):
        if model.list_name:
            list_name = quote(Path(model.list_name).name)
            reason = (
                f"{model.name} was trained on a list called {list_name}, which namegen can't find"
            )
        elif len(model.blended) > 1:
            reason = "a blend of models has no training list of its own"
        else:
            reason = f"{model.name} doesn't contain the name of its training list"
        raise click.UsageError(f"pass a list as NAMES: {reason}")
    settings = run.found_here(read_config(run.config_path).data)
    if settings.names not in BUNDLED and not is_file(settings.names, None):
        raise NamesError(
            f"the training list of {model.name}, {short(settings.names)}, no longer exists: pass a list as NAMES"
        )
    return settings


@command("namegen ceiling friends.txt", "namegen ceiling people.csv --column first")
@click.argument("names", required=False)
@options.list_options
@options.common
def ceiling(names: str | None, as_json: bool, **how: Any) -> None:
    """Show the best result that any model can reach on a list.

    The ceiling uses the list itself as a model. After each prefix of a name, it predicts the characters that follow
    this prefix in the list.

    NAMES: {names} Default: mlb-first.

    nats/char is the loss (cross-entropy) in nats per character. No model has a lower loss on this list. argmax accuracy
    is how often the most likely next character is the correct one. No model has a higher accuracy. sampled accuracy is
    how often a character sampled from the true probabilities is the correct one. An overconfident model can exceed it.
    In a list with labels, the label is known before the first character.
    """
    corpus = open_list(names, **how)
    from namegen import api

    with Display(f"computing the ceiling of {corpus.source}"):
        result = api.list_ceiling(corpus)
    sizes = {
        "names": result.names,
        "distinct names": result.distinct_names,
        "distinct prefixes": result.distinct_prefixes,
        "characters and ends of names": result.characters,
    }
    show_result(
        as_json,
        result.to_dict(),
        printable(f"ceiling of {corpus.source}"),
        "",
        table(zip(METRICS, metric_cells(result.metrics), strict=True)),
        "",
        table((thing, f"{size:,}") for thing, size in sizes.items()),
    )
