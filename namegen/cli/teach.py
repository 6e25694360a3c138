"""``namegen teach``: learn from models, where ``namegen train`` learns from a list."""

from __future__ import annotations

import click

from namegen.cli import options
from namegen.cli.terminal import Notes
from namegen.cli.train import about_the_run, asked_for, learn, overrides
from namegen.cli.training_options import OF_TEACHING, settings_of_teaching


@click.command(
    epilog=options.examples(
        "namegen teach companies --teachers runs/a,runs/b,counting",
        "namegen teach mlb-first --cell simple_rnn --hidden 32,32",
    ),
)
@click.argument("names", required=False)
@OF_TEACHING["teaching.teachers"]
@OF_TEACHING["teaching.drawn"]
@about_the_run
@settings_of_teaching
@options.common
@click.pass_context
def teach(
    ctx: click.Context,
    /,
    names: str | None,
    teachers: tuple[str, ...] | None,
    drawn: int | None,
    config: str | None,
    out: str | None,
    scheduler: str | None,
    as_json: bool,
    quiet: bool,
    **given: object,
) -> None:
    """Let several models teach one network what they know.

    The models (the teachers) are blended, with the weights that best predict the held-out names. The blend generates
    names, and the new network (the student) learns the probabilities that the blend gives to each of their characters:
    this is called knowledge distillation.

    NAMES is the list to hold names out from, and for counting (an n-gram model) to learn from: a file, - for standard
    input, or the name of a bundled list. The default is mlb-first.

    A teacher that was trained on names that are held out here makes the figures look better than they are: train it
    with the same list, --split and --seed.

    Ctrl-C stops and saves the state; `namegen train --resume` continues from there.
    """
    notes = Notes(quiet)
    told = {**overrides(given), "training.effort": "best", "teaching.teachers": teachers, "teaching.drawn": drawn}
    resolved = asked_for(names, config, told, notes, effort=None)
    learn(ctx, resolved, notes, scheduler=scheduler, as_json=as_json, out=out)
