"""``namegen lists``, ``namegen models`` and ``namegen configs``: what comes with the package."""

from __future__ import annotations

import click

from namegen.cli import options
from namegen.cli.terminal import Notes, columns, fitted, json_text, percent, printable
from namegen.files import is_file
from namegen.threads import limit_threads

NARROW = 60  # columns: with fewer, what a thing is stands below its name


def beside(name: str, *texts: str) -> str:
    """A name with texts beside it, each begun in a line of its own; in a narrow terminal they stand below the name."""
    from textwrap import wrap

    indent = len(name) + len("  ") if columns() >= NARROW else 4
    lines = [" " * indent + line for text in texts for line in wrap(text, columns() - indent)]
    return "\n".join([name.rstrip(), *lines] if columns() < NARROW else [name + lines[0][len(name) :], *lines[1:]])


@click.command(
    epilog=options.examples(
        "namegen lists",
        "namegen train companies",
    ),
)
@options.common
def lists(as_json: bool, quiet: bool) -> None:
    """Show the lists of names that come with namegen. Give the name of one wherever a command takes NAMES."""
    limit_threads(1)
    from namegen.lists import BUNDLED, load_bundled

    sizes = {name: len(load_bundled(name).names) for name in BUNDLED}
    if as_json:
        entries = [
            {
                "name": name,
                "names": sizes[name],
                "description": bundled.description,
                "licence": bundled.licence,
                "credit": bundled.credit,
            }
            for name, bundled in BUNDLED.items()
        ]
        click.echo(json_text({"lists": entries}))
        return
    width = max(map(len, BUNDLED))
    for name, bundled in BUNDLED.items():
        click.echo(beside(f"{name.ljust(width)}  {sizes[name]:>6,}", bundled.description, bundled.licence))


@click.command(
    epilog=options.examples(
        "namegen models",
        "namegen generate mlb-last",
    ),
)
@options.common
def models(as_json: bool, quiet: bool) -> None:
    """Show the trained models that come with namegen. Give the name of one wherever a command takes MODEL."""
    limit_threads(1)
    from textwrap import fill

    from namegen import api
    from namegen.models import SHIPPED, TITLES, shipped_path

    found = {name: api.read_checkpoint(shipped_path(name)) for name in SHIPPED if is_file(shipped_path(name), None)}
    if as_json:
        entries = [
            {
                "name": name,
                "title": TITLES[name],
                "network": checkpoint.network.to_dict(),
                "training": dict(checkpoint.training),
                "labels": {label.name: label.names for label in checkpoint.labels},
            }
            for name, checkpoint in found.items()
        ]
        click.echo(json_text({"models": entries}))
        return
    if not found:
        Notes(quiet)("this version comes without trained models: train one with `namegen train`")
        return
    rows = [("model", "network", "list", "held out")]
    for name, checkpoint in found.items():
        validation = checkpoint.training.get("validation") or {}
        accuracy = validation.get("accuracy_argmax")
        network = checkpoint.network.summary
        source = f"{checkpoint.training.get('names', 0):,} names of {checkpoint.training.get('list')}"
        rows.append((name, network, source, "" if accuracy is None else percent(accuracy)))
    click.echo(fitted(rows, left=3))
    click.echo("\n" + fill("held out: how often the likeliest next character is right, on held-out names", columns()))
    for name, checkpoint in found.items():
        if checkpoint.labels:
            listed = ", ".join(printable(label.name) for label in checkpoint.labels)
            click.echo("\n" + fill(f"labels of {name}: {listed}", columns(), subsequent_indent="  "))


@click.command(
    epilog=options.examples(
        "namegen configs",
        "namegen train --config blog-rnn32-first",
    ),
)
@options.common
def configs(as_json: bool, quiet: bool) -> None:
    """Show the settings files that come with namegen. Give the name of one wherever a command takes CONFIG."""
    from namegen.config_files import bundled_configs

    found = bundled_configs()
    if as_json:
        entries = [
            {"name": name, "command": "sweep" if config.is_sweep else "train", "description": config.description}
            for name, config in found.items()
        ]
        click.echo(json_text({"configs": entries}))
        return
    width = max(map(len, found))
    for heading, sweeps in (("namegen train --config CONFIG", False), ("\nnamegen sweep CONFIG", True)):
        click.echo(heading)
        for name, config in found.items():
            if config.is_sweep == sweeps:
                click.echo(beside(f"  {name.ljust(width)}", config.description))
