"""``namegen lists``, ``models`` and ``configs``: the lists, models and configs that come with namegen."""

from __future__ import annotations

import click

from namegen.cli import options
from namegen.cli.terminal import Notes, json_text, printable, show, table
from namegen.files import is_file
from namegen.threads import limit_threads


@options.command("namegen lists", "namegen train companies")
@options.common
def lists(as_json: bool, notes: Notes) -> None:
    """List the built-in lists of names. You can use their names wherever a command takes NAMES."""
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
    rows = [
        (name, bundled.description, bundled.licence, f"{sizes[name]:,}")
        for name, bundled in BUNDLED.items()
    ]
    show(table(rows, "list", "description", "license", "names", left=3))


@options.command("namegen models", "namegen generate taverns")
@options.common
def models(as_json: bool, notes: Notes) -> None:
    """List the built-in models and their labels. You can use their names wherever a command takes MODEL."""
    limit_threads(1)
    from namegen import api
    from namegen.core.data.label_parts import by_part
    from namegen.lists import BUNDLED
    from namegen.models import GROUP_OF, GROUPS, SHIPPED, TITLES, shipped_path

    paths = {name: shipped_path(name) for name in SHIPPED}
    checkpoints = {
        name: api.read_checkpoint(path) for name, path in paths.items() if is_file(path, None)
    }
    if as_json:
        entries = [
            {
                "name": name,
                "title": TITLES[name],
                "group": GROUP_OF[name],
                "description": BUNDLED[name].description,
                "network": checkpoint.network.to_dict(),
                "training": dict(checkpoint.training),
                "labels": {label.name: label.names for label in checkpoint.labels},
            }
            for name, checkpoint in checkpoints.items()
        ]
        click.echo(json_text({"models": entries}))
        return
    rows: list[tuple[str, str]] = []
    for group, titles in GROUPS.items():
        descriptions = [(f"  {name}", BUNDLED[name].description) for name in titles]
        rows += [(group, ""), *descriptions, ("", "")]
    show(table(rows[:-1], left=2))
    for name, checkpoint in checkpoints.items():
        # If labels have several parts, such as origin and gender, list the values of each part.
        parts = by_part({label.name: label.names for label in checkpoint.labels})
        texts = [", ".join(filter(None, sorted(part))) for part in parts]
        if checkpoint.labels:
            show("", printable(f"labels of {name}: {'; '.join(texts)}"))


@options.command("namegen configs", "namegen train --config blog-rnn32-first")
@options.common
def configs(as_json: bool, notes: Notes) -> None:
    """List the built-in settings files. You can use their names wherever a command takes CONFIG."""
    from namegen.bundled_configs import bundled_configs

    bundled = bundled_configs()
    if as_json:
        entries = [
            {
                "name": name,
                "command": "sweep" if config.is_sweep else "train",
                "description": config.description,
            }
            for name, config in bundled.items()
        ]
        click.echo(json_text({"configs": entries}))
        return
    of_runs: list[tuple[str, str]] = []
    of_sweeps: list[tuple[str, str]] = []
    for name, config in bundled.items():
        rows = of_sweeps if config.is_sweep else of_runs
        rows.append((f"  {name}", config.description))
    show("namegen train --config CONFIG", table(of_runs, left=2))
    show("", "namegen sweep CONFIG", table(of_sweeps, left=2))
