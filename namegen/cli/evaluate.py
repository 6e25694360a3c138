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
@options.column
@options.max_name_length
@options.backend
@options.threads
@options.common
def evaluate(
    model: str | None,
    names: str | None,
    also: tuple[str, ...],
    blend: tuple[float, ...] | None,
    column: str | None,
    max_name_length: int | None,
    backend: str | None,
    threads: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Measure how well a model predicts a list of names.

    MODEL is a run folder, a checkpoint or a shipped model's name; left out, it is the newest run under runs/, else
    mlb-first. NAMES is a file, - or a bundled list's name; left out, mlb-first. With --with it is measured as a
    blend.

    Names with characters that the model does not know are left out, and counted. A list that the model has learned
    from flatters it: the held-out figures of the training are in its run folder.
    """
    notes = Notes(quiet)
    loaded = open_blend((model, *also), blend, notes, backend=backend, threads=threads)
    corpus = open_list(names, notes, column=column, max_name_length=max_name_length)
    from namegen import api

    with Waiting(notes, f"evaluating {loaded.name} on {corpus.source}"):
        result = api.evaluate(loaded, corpus)
    if result.left_out:
        notes(f"left out: {result.left_out:,} of {len(corpus.names):,} names, with characters the model does not know")
    if as_json:
        click.echo(json_text(result.to_dict()))
        return
    click.echo(f"{printable(result.model)} on {counted(result.names, 'name')} of {printable(corpus.source)}\n")
    rows = [("", *FIGURES), ("this model", *figures(result.metrics)), ("ceiling of these", *figures(result.ceiling))]
    click.echo(aligned(rows))


@click.command(
    epilog=options.examples(
        "namegen ceiling friends.txt",
        "namegen ceiling people.csv --column first",
    ),
)
@click.argument("names", required=False)
@options.column
@options.max_name_length
@options.common
def ceiling(names: str | None, column: str | None, max_name_length: int | None, as_json: bool, quiet: bool) -> None:
    """The best that any model can do on a list: each prefix predicts what follows it in this very list.

    NAMES is a file, - or a bundled list's name; left out, mlb-first.

    For the loss and the likeliest character nothing does better on this list. A drawn character is right as often as
    given here for a model that knows the true chances; one that is surer of itself than it should be exceeds that.
    """
    notes = Notes(quiet)
    corpus = open_list(names, notes, column=column, max_name_length=max_name_length)
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
