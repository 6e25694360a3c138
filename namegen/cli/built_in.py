"""``namegen lists``, ``models`` and ``configs``: the lists, models and configs that come with namegen."""

from __future__ import annotations

from typing import Any

from namegen.cli import options
from namegen.cli.commands import command
from namegen.cli.terminal import printable, show_result, table
from namegen.files import is_file


@command("namegen lists", "namegen train companies")
@options.common
def lists(as_json: bool) -> None:
    """List the built-in lists of names. You can use their names wherever a command takes NAMES."""
    from namegen.lists import BUNDLED, load_bundled

    entries: list[dict[str, Any]] = [
        {
            "name": name,
            "names": len(load_bundled(name).names),
            "description": bundled.description,
            "licence": bundled.licence,
            "credit": bundled.credit,
        }
        for name, bundled in BUNDLED.items()
    ]
    rows = [
        (entry["name"], entry["description"], entry["licence"], f"{entry['names']:,}")
        for entry in entries
    ]
    headings = ("list", "description", "license", "names")
    show_result(as_json, {"lists": entries}, table(rows, *headings, left=3))


@command("namegen models", "namegen generate taverns")
@options.common
def models(as_json: bool) -> None:
    """List the built-in models and their labels. You can use their names wherever a command takes MODEL."""
    from namegen import api
    from namegen.core.data.label_parts import by_part
    from namegen.lists import BUNDLED
    from namegen.models import GROUPS, shipped_path

    entries = []
    rows: list[tuple[str, str]] = []
    lines_of_labels: list[str] = []
    for group, titles in GROUPS.items():
        rows.append((group, ""))
        for name, title in titles.items():
            description = BUNDLED[name].description
            rows.append((f"  {name}", description))
            path = shipped_path(name)
            if not is_file(path, None):
                continue
            checkpoint = api.read_checkpoint(path)
            labels = {label.name: label.names for label in checkpoint.labels}
            entries.append(
                {
                    "name": name,
                    "title": title,
                    "group": group,
                    "description": description,
                    "network": checkpoint.network.to_dict(),
                    "training": dict(checkpoint.training),
                    "labels": labels,
                }
            )
            if labels:
                # If labels have several parts, such as origin and gender, list the values of each part.
                parts = [", ".join(filter(None, sorted(part))) for part in by_part(labels)]
                lines_of_labels += ["", printable(f"labels of {name}: {'; '.join(parts)}")]
        rows.append(("", ""))
    show_result(as_json, {"models": entries}, table(rows, left=2), *lines_of_labels)


@command("namegen configs", "namegen train --config blog-rnn32-first")
@options.common
def configs(as_json: bool) -> None:
    """List the built-in settings files. You can use their names wherever a command takes CONFIG."""
    from namegen.bundled_configs import bundled_configs

    entries = []
    rows: dict[str, list[tuple[str, str]]] = {"train": [], "sweep": []}
    for name, config in bundled_configs().items():
        command = "sweep" if config.is_sweep else "train"
        entries.append({"name": name, "command": command, "description": config.description})
        rows[command].append((f"  {name}", config.description))
    show_result(
        as_json,
        {"configs": entries},
        "namegen train --config CONFIG",
        table(rows["train"], left=2),
        "",
        "namegen sweep CONFIG",
        table(rows["sweep"], left=2),
    )
