"""``namegen evaluate`` and ``namegen ceiling``: how well a model predicts a list, and how well any could."""

from __future__ import annotations

import click

from namegen.cli import options
from namegen.cli.sources import open_blend, open_list
from namegen.cli.terminal import FIGURES, Notes, aligned, counted, figures, json_text, printable
from namegen.cli.waiting import Waiting


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

    MODEL is a run folder, a checkpoint or a shipped model's name; left out, it is the newest run under runs/, else
    mlb-first. NAMES is a file, - or a bundled list's name; left out, the bundled list that the model learned from, or
    else mlb-first. With --with it is measured as a blend.

    Names with characters that the model does not know are left out, and counted. A list that the model has learned
    from flatters it: the held-out figures of the training are in its run folder.

    Where both model and list have labels, each name is predicted given its label, and the figures of each label follow.
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
        notes(f"left out: {result.left_out:,} of {len(corpus.names):,} names, with {unknown} the model does not know")
    if as_json:
        click.echo(json_text(result.to_dict()))
        return
    click.echo(f"{printable(result.model)} on {counted(result.names, 'name')} of {printable(corpus.source)}\n")
    rows = [("", *FIGURES), ("this model", *figures(result.metrics)), ("ceiling of these", *figures(result.ceiling))]
    click.echo(aligned(rows))
    if result.by_label:
        head = ("", "names", *FIGURES)
        labels_first = sorted(result.by_label.items(), key=lambda one: one[1][0].loss_nats_per_char)
        of_each = [(printable(label), f"{count:,}", *figures(found)) for label, (found, count) in labels_first]
        click.echo(f"\n{aligned([head, *of_each])}")


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
    """The best that any model can do on a list: each prefix predicts what follows it in this very list.

    NAMES is a file, - or a bundled list's name; left out, mlb-first.

    For the loss and the likeliest character nothing does better on this list. A drawn character is right as often as
    given here for a model that knows the true chances; one that is surer of itself than it should be exceeds that.
    Of a labelled list it is what can be told from the label and the prefix.
    """
    notes = Notes(quiet)
    corpus = open_list(names, notes, column=column, label_column=label_column, max_name_length=max_name_length)
    from namegen import api

    with Waiting(notes, f"the ceiling of {corpus.source}"):
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
                ("characters, ends of names included", f"{result.characters:,}"),
            ]
        )
    )
