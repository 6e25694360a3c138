"""``namegen lists``, ``models`` and ``configs``: the lists, models and configs that come with namegen."""

from __future__ import annotations

from collections.abc import Container, Mapping
from textwrap import fill
from typing import TYPE_CHECKING

import click

from namegen.cli import options
from namegen.cli.terminal import Notes, columns, described, json_text, printable
from namegen.files import is_file
from namegen.threads import limit_threads

if TYPE_CHECKING:
    from namegen.bundled_configs import BundledConfig
    from namegen.core.checkpoint.checkpoint import Checkpoint


# --- lists ------------------------------------------------------------------------------------------------------------


@options.command("namegen lists", "namegen train companies")
@options.common
def lists(as_json: bool, notes: Notes) -> None:
    """List the built-in lists of names. You can use their names wherever a command takes NAMES."""
    limit_threads(1)
    from namegen.lists import BUNDLED, load_bundled

    sizes = {name: len(load_bundled(name).names) for name in BUNDLED}
    if as_json:
        click.echo(json_text({"lists": _list_entries(sizes)}))
        return
    width = max(map(len, BUNDLED))
    for name, bundled in BUNDLED.items():
        heading = f"{name.ljust(width)}  {sizes[name]:>6,}"
        click.echo(described(heading, bundled.description, bundled.licence))


def _list_entries(sizes: Mapping[str, int]) -> list[dict[str, object]]:
    """Return the JSON objects of the built-in lists."""
    from namegen.lists import BUNDLED

    return [
        {
            "name": name,
            "names": sizes[name],
            "description": bundled.description,
            "licence": bundled.licence,
            "credit": bundled.credit,
        }
        for name, bundled in BUNDLED.items()
    ]


# --- models -----------------------------------------------------------------------------------------------------------


@options.command("namegen models", "namegen generate taverns")
@options.common
def models(as_json: bool, notes: Notes) -> None:
    """List the built-in models and their labels. You can use their names wherever a command takes MODEL."""
    limit_threads(1)
    from namegen import api
    from namegen.models import SHIPPED, shipped_path

    paths = {name: shipped_path(name) for name in SHIPPED}
    checkpoints = {
        name: api.read_checkpoint(path) for name, path in paths.items() if is_file(path, None)
    }
    if as_json:
        click.echo(json_text({"models": _model_entries(checkpoints)}))
        return
    click.echo(_model_groups(checkpoints))
    for name, checkpoint in checkpoints.items():
        if checkpoint.labels:
            click.echo(f"\n{_label_paragraph(name, checkpoint)}")


def _model_entries(checkpoints: Mapping[str, Checkpoint]) -> list[dict[str, object]]:
    """Return the JSON objects of the built-in models."""
    from namegen.lists import BUNDLED
    from namegen.models import GROUP_OF, TITLES

    return [
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


def _model_groups(names: Container[str]) -> str:
    """List the models with their descriptions, group by group."""
    from namegen.lists import BUNDLED
    from namegen.models import GROUPS, SHIPPED

    width = max(map(len, SHIPPED))
    groups = []
    for group, titles in GROUPS.items():
        lines = [group]
        for name in titles:
            if name in names:
                lines.append(described(f"  {name.ljust(width)}", BUNDLED[name].description))
        groups.append("\n".join(lines))
    return "\n\n".join(groups)


def _label_paragraph(name: str, checkpoint: Checkpoint) -> str:
    """List a model's labels. If labels have several parts, list the values of each part."""
    from namegen.core.data.label_parts import by_part

    name_counts = {label.name: label.names for label in checkpoint.labels}
    parts = []
    for values in by_part(name_counts):
        shown_values = filter(None, sorted(values))
        parts.append(printable(", ".join(shown_values)))
    return fill(f"labels of {name}: {'; '.join(parts)}", columns(), subsequent_indent="  ")


# --- configs ----------------------------------------------------------------------------------------------------------


@options.command("namegen configs", "namegen train --config blog-rnn32-first")
@options.common
def configs(as_json: bool, notes: Notes) -> None:
    """List the built-in settings files. You can use their names wherever a command takes CONFIG."""
    from namegen.bundled_configs import bundled_configs

    bundled = bundled_configs()
    if as_json:
        click.echo(json_text({"configs": _config_entries(bundled)}))
        return
    width = max(map(len, bundled))
    click.echo("namegen train --config CONFIG")
    _print_configs(bundled, width, of_sweeps=False)
    click.echo("\nnamegen sweep CONFIG")
    _print_configs(bundled, width, of_sweeps=True)


def _config_entries(bundled: Mapping[str, BundledConfig]) -> list[dict[str, object]]:
    """Return the JSON objects of the built-in configs."""
    return [
        {
            "name": name,
            "command": "sweep" if config.is_sweep else "train",
            "description": config.description,
        }
        for name, config in bundled.items()
    ]


def _print_configs(bundled: Mapping[str, BundledConfig], width: int, *, of_sweeps: bool) -> None:
    """Print the configs for ``sweep`` or the configs for ``train``."""
    for name, config in bundled.items():
        if config.is_sweep == of_sweeps:
            click.echo(described(f"  {name.ljust(width)}", config.description))
