"""``namegen evaluate`` and ``namegen ceiling``: how well a model predicts a list, and how well any could."""

from __future__ import annotations

import click

from namegen.cli import options
from namegen.cli.options import open_blend, open_list
from namegen.cli.terminal import FIGURES, Notes, Waiting, aligned, counted, figures, fitted, json_text, printable


@click.command(
    epilog=options.examples(
        "namegen evaluate mlb-last friends.txt",
        "namegen evaluate mlb-last friends.txt --with mlb-first --blend 0.6,0.4",
    ),
)
@click.argument("model", required=False)
@click.argument("names", required=False)
@options.also
@options.blend
@options.label
@options.column
@options.label_column
@options.max_name_length
@options.backend
@options.threads
@options.common
def evaluate(
    model: str | None,
    names: str | None,
    also: tuple[str, ...],
    blend: tuple[float, ...] | None,
    labels: tuple[str, ...],
    column: str | None,
    label_column: str | None,
    max_name_length: int | None,
    backend: str | None,
    threads: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Measure how well a model predicts a list of names.

    MODEL is a run folder, a checkpoint or the name of a shipped model. The default is the newest run under runs/, or
    mlb-first if there is none. NAMES is a file, - for standard input, or the name of a bundled list. The default is
    the bundled list that the model learned from, or mlb-first if there is none. --with measures a blend of models.

    nats/char is the loss (cross-entropy) in nats per character; argmax accuracy is how often the likeliest next
    character is the true one; sampled accuracy is how often a character drawn from the model is.

    Names with characters that the model does not know are left out, and their number is printed. On names that the
    model learned from, the figures look better than on new ones: for held-out figures, see what the training printed.

    If both the model and the list have labels, each name is predicted given its label, and the figures of each label
    are printed too.
    """
    notes = Notes(quiet)
    loaded = open_blend((model, *also), blend, notes, labels=labels, backend=backend, threads=threads)
    from namegen.lists import BUNDLED

    if names is None and loaded.list_name in BUNDLED:
        names = loaded.list_name
        notes(f"names: {names}, which the model learned from")
    corpus = open_list(names, notes, column=column, label_column=label_column, max_name_length=max_name_length)
    from namegen import api

    with Waiting(notes, f"evaluating {loaded.name} on {corpus.source}"):
        result = api.evaluate(loaded, corpus)
    if result.left_out:
        unknown = "characters or labels" if result.by_label else "characters"
        notes(
            f"left out: {result.left_out:,} of {len(corpus.names):,} names with {unknown} that the model does not know"
        )
    if as_json:
        click.echo(json_text(result.to_dict()))
        return
    click.echo(f"{printable(result.model)} on {counted(result.names, 'name')} of {printable(corpus.source)}\n")
    rows = [
        ("", *FIGURES),
        ("this model", *figures(result.metrics)),
        ("ceiling of this list", *figures(result.ceiling)),
    ]
    click.echo(fitted(rows))
    if result.by_label:
        head = ("", "names", *FIGURES)
        labels_first = sorted(result.by_label.items(), key=lambda one: one[1][0].loss_nats_per_char)
        of_each = [(printable(label), f"{count:,}", *figures(found)) for label, (found, count) in labels_first]
        click.echo(f"\n{fitted([head, *of_each])}")


@click.command(
    epilog=options.examples(
        "namegen ceiling friends.txt",
        "namegen ceiling people.csv --column first",
    ),
)
@click.argument("names", required=False)
@options.column
@options.label_column
@options.max_name_length
@options.common
def ceiling(
    names: str | None,
    column: str | None,
    label_column: str | None,
    max_name_length: int | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Show the best that any model can do on a list.

    The ceiling is the list itself, used as a model: after each prefix of a name, it predicts what follows that prefix
    in the list. NAMES is a file, - for standard input, or the name of a bundled list. The default is mlb-first.

    nats/char is the loss (cross-entropy) in nats per character, and no model has a lower one on this list. argmax
    accuracy is how often the likeliest next character is the true one, and no model has a higher one. sampled accuracy
    is how often a character drawn from the true probabilities is the true one; a model that is too sure of itself can
    exceed it. In a list with labels, the label is known before the first character.
    """
    notes = Notes(quiet)
    corpus = open_list(names, notes, column=column, label_column=label_column, max_name_length=max_name_length)
    from namegen import api

    with Waiting(notes, f"computing the ceiling of {corpus.source}"):
        result = api.list_ceiling(corpus)
    if as_json:
        click.echo(json_text(result.to_dict()))
        return
    click.echo(f"ceiling of {printable(corpus.source)}\n")
    click.echo(aligned(list(zip(FIGURES, figures(result.metrics), strict=True))))
    click.echo()
    click.echo(
        aligned(
            [
                ("names", f"{result.names:,}"),
                ("distinct names", f"{result.distinct_names:,}"),
                ("distinct prefixes", f"{result.distinct_prefixes:,}"),
                ("characters and ends of names", f"{result.characters:,}"),
            ]
        )
    )
