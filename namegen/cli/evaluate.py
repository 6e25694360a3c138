"""``namegen evaluate`` and ``namegen ceiling``: how well a model predicts a list, and how well any could."""

from __future__ import annotations

from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

import click

from namegen.cli import options
from namegen.cli.display import Display
from namegen.cli.options import open_blend, open_list
from namegen.cli.terminal import (
    FIGURES,
    Notes,
    aligned,
    columns,
    counted,
    figures,
    fitted,
    json_text,
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


@options.command(
    "namegen evaluate mlb-last friends.txt",
    "namegen evaluate mlb-last friends.txt --with mlb-first --blend-weights 0.6,0.4",
)
@click.argument("model", required=False)
@click.argument("names", required=False)
@options.also
@options.of_models
@options.of_a_list
@options.common
def evaluate(
    model: str | None,
    names: str | None,
    also: tuple[str, ...],
    as_json: bool,
    notes: Notes,
    **how: Any,
) -> None:
    """Measure how well a model predicts a list of names.

    MODEL is a run folder, a checkpoint or the name of a shipped model. The default is the newest run under runs/, or
    mlb-first if there is none. NAMES is a file, - for standard input, or the name of a bundled list. The default is
    the list that the model learned from, if that is a bundled list or if MODEL is a run folder or the model.safetensors
    in it. --with measures a blend of models, which has no default list.

    nats/char is the loss (cross-entropy) in nats per character; argmax accuracy is how often the likeliest next
    character is the true one; sampled accuracy is how often a character drawn from the model is.

    Names with characters that the model does not know are left out, and their number is printed. On names that the
    model learned from, the figures look better than on new ones: for held-out figures, see what the training printed.

    If both the model and the list have labels, each name is predicted given its label, and the figures of each label
    are printed too.
    """
    loaded = open_blend(
        (model, *also), notes, **{name: how.pop(name) for name in options.OF_MODELS}
    )
    learned = _learned_list(loaded) if names is None else None
    corpus = open_list(names, notes, base=learned, **how)
    is_learned = loaded.learned_from(corpus)
    if learned is not None and not is_learned:
        raise NamesError(
            f"{corpus.source} has changed since {loaded.name} learned from it: give NAMES, another list"
        )
    if learned is not None:
        notes(f"names: {printable(learned.names)}, which the model learned from")
    if is_learned:
        of = "these figures are for names that the model learned from (held-out ones apart)"
        notes(fill(f"{of}, and do not say how well it predicts others", columns()))
    from namegen import api

    with Display(notes, f"evaluating {loaded.name} on {corpus.source}"):
        result = api.evaluate(loaded, corpus)
    if result.left_out:
        unknown = "characters or labels" if result.by_label else "characters"
        notes(
            f"left out: {result.left_out:,} of {len(corpus.names):,} names with {unknown} that the model lacks"
        )
    if as_json:
        click.echo(json_text(result.to_dict()))
        return
    of = f"of {printable(corpus.source)}{', which it learned from' if is_learned else ''}"
    click.echo(f"{printable(result.model)} on {counted(result.names, 'name')} {of}\n")
    rows = [
        ("this model", *figures(result.metrics)),
        ("ceiling of this list", *figures(result.ceiling)),
    ]
    click.echo(fitted([("", *FIGURES), *rows]))
    if result.by_label:
        head = ("", "names", *FIGURES)
        labels_first = sorted(result.by_label.items(), key=lambda one: one[1][0].loss_nats_per_char)
        of_each = [
            (printable(label), f"{count:,}", *figures(found))
            for label, (found, count) in labels_first
        ]
        click.echo(f"\n{fitted([head, *of_each])}")


def _learned_list(model: LoadedModel) -> DataSettings:
    """The list that a model learned from: a bundled one, or that of the run folder that the model lies in.

    No path that a model names is opened: the model may come from a stranger.

    Raises:
        UsageError: neither of them. NamesError: there is no such file any more.
    """
    from namegen.core.training.run_folder import RunFolder

    path, name = Path(model.name), model.list_name or ""
    if name in BUNDLED:
        return DataSettings(names=name)
    run = RunFolder(path.parent if path.name == MODEL_FILE else path)
    if model.checkpoint is None or not is_file(run.config_path, None):
        known = f"{model.name} learned from one called {quote(Path(name).name)}"
        raise click.UsageError(
            f"give NAMES, a list: {known if name else f'{model.name} does not say which it had'}"
        )
    learned = run.found_here(read_config(run.config_path).data)
    if learned.names not in BUNDLED and not is_file(learned.names, None):
        raise NamesError(
            f"there is no file {short(learned.names)} any more, from which {model.name} learned: give NAMES, a list"
        )
    return learned


@options.command("namegen ceiling friends.txt", "namegen ceiling people.csv --column first")
@click.argument("names", required=False)
@options.of_a_list
@options.common
def ceiling(names: str | None, as_json: bool, notes: Notes, **where: Any) -> None:
    """Show the best that any model can do on a list.

    The ceiling is the list itself, used as a model: after each prefix of a name, it predicts what follows that prefix
    in the list. NAMES is a file, - for standard input, or the name of a bundled list. The default is mlb-first.

    nats/char is the loss (cross-entropy) in nats per character, and no model has a lower one on this list. argmax
    accuracy is how often the likeliest next character is the true one, and no model has a higher one. sampled accuracy
    is how often a character drawn from the true probabilities is the true one; a model that is too sure of itself can
    exceed it. In a list with labels, the label is known before the first character.
    """
    corpus = open_list(names, notes, **where)
    from namegen import api

    with Display(notes, f"computing the ceiling of {corpus.source}"):
        result = api.list_ceiling(corpus)
    if as_json:
        click.echo(json_text(result.to_dict()))
        return
    click.echo(f"ceiling of {printable(corpus.source)}\n")
    click.echo(aligned(list(zip(FIGURES, figures(result.metrics), strict=True))))
    sizes = [
        ("names", result.names),
        ("distinct names", result.distinct_names),
        ("distinct prefixes", result.distinct_prefixes),
        ("characters and ends of names", result.characters),
    ]
    click.echo("\n" + aligned([(name, f"{size:,}") for name, size in sizes]))
