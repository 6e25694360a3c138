"""``namegen lists``, ``namegen models`` and ``namegen configs``: what comes with the package."""

from __future__ import annotations

import click

from namegen.cli import options
from namegen.cli.terminal import Notes, aligned, json_text, percent, printable
from namegen.files import is_file
from namegen.threads import limit_threads

WIDTH = 80


@click.command(
    epilog=options.examples(
        "namegen lists",
        "namegen train companies",
    ),
)
@options.common
def lists(as_json: bool, quiet: bool) -> None:
    """The lists of names that come with namegen; each goes by its name wherever NAMES stands."""
    limit_threads(1)
    from textwrap import wrap

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
        lines = [*wrap(bundled.description, WIDTH - width - 10), bundled.licence]
        click.echo(f"{name.ljust(width)}  {sizes[name]:>6,}  {lines[0]}")
        for line in lines[1:]:
            click.echo(f"{' ' * width}          {line}")


@click.command(
    epilog=options.examples(
        "namegen models",
        "namegen generate mlb-last",
    ),
)
@options.common
def models(as_json: bool, quiet: bool) -> None:
    """The trained models that come with namegen; each goes by its name wherever MODEL stands."""
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
        Notes(quiet)("no trained models come with this version: make one with namegen train")
        return
    rows = [("model", "network", "learned from", "held out")]
    for name, checkpoint in found.items():
        validation = checkpoint.training.get("validation") or {}
        accuracy = validation.get("accuracy_argmax")
        network = checkpoint.network.summary
        source = f"{checkpoint.training.get('names', 0):,} names of {checkpoint.training.get('list')}"
        rows.append((name, network, source, "" if accuracy is None else percent(accuracy)))
    click.echo(aligned(rows, left=3))
    click.echo("\nheld out: how often the likeliest character is right, on names not learned from")
    for name, checkpoint in found.items():
        if checkpoint.labels:
            listed = ", ".join(printable(label.name) for label in checkpoint.labels)
            click.echo("\n" + fill(f"labels of {name}: {listed}", WIDTH, subsequent_indent="  "))


@click.command(
    epilog=options.examples(
        "namegen configs",
        "namegen train --config blog-rnn32-first",
    ),
)
@options.common
def configs(as_json: bool, quiet: bool) -> None:
    """The ready settings that come with namegen; each goes by its name wherever CONFIG stands."""
    from textwrap import wrap

    from namegen.config_files import bundled_configs

    found = bundled_configs()
    if as_json:
        entries = [
            {"name": name, "command": "sweep" if config.is_sweep else "train", "description": config.description}
            for name, config in found.items()
        ]
        click.echo(json_text({"configs": entries}))
        return
    width = max(map(len, found)) + len("  ")
    for heading, sweeps in (("namegen train --config CONFIG", False), ("\nnamegen sweep CONFIG", True)):
        click.echo(heading)
        for name, config in found.items():
            if config.is_sweep == sweeps:
                first, *more = wrap(config.description, WIDTH - width - len("  "))
                click.echo(f"  {name.ljust(width)}{first}")
                for line in more:
                    click.echo(f"  {' ' * width}{line}")
