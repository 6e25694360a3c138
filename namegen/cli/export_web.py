"""``namegen export-web``: one or more models as a single page for a browser, or as a module for a program."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from namegen.cli import options
from namegen.cli.options import note_model
from namegen.cli.terminal import Notes, Waiting, json_text, printable
from namegen.errors import CheckpointError
from namegen.files import is_file
from namegen.threads import limit_threads

if TYPE_CHECKING:
    from namegen.web.export import PageModel


@click.command(
    "export-web",
    epilog=options.examples(
        "namegen export-web mlb-first mlb-last --out names.html",
        "namegen export-web world-given --module names.mjs",
    ),
)
@click.argument("models", metavar="[MODEL]...", nargs=-1)
@click.option("--out", type=options.OutFile(".html", ".htm"), metavar="OUT.html", help="The page to write.")
@click.option(
    "--module",
    type=options.OutFile(".mjs", ".js"),
    metavar="OUT.mjs",
    help="The JavaScript module to write instead; its models are written beside it, as OUT.json.",
)
@click.option(
    "--without-names",
    is_flag=True,
    help="Leave out the digests (8 bytes each) of the names that the models learned from; page and module then cannot "
    "tell which names are new.",
)
@click.option("--force", is_flag=True, help="Overwrite files that exist.")
@options.common
def export_web(
    models: tuple[str, ...],
    out: Path | None,
    module: Path | None,
    without_names: bool,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write models as one web page, or as a module for a JavaScript program.

    Each MODEL is a run folder, a checkpoint or the name of a shipped model. The default is the newest run under runs/,
    or mlb-first if there is none.

    The page is one file that contains everything: it opens from a disk and needs no network. If it has several models,
    its reader chooses one of them, or blends two.

    The module needs no other code, in a browser, a worker or Node: load(json).generate({n: 5}) gives names.
    """
    target = out or module
    if target is None:
        raise click.UsageError("give --out with the page to write, or --module with the module to write")
    if out and module:
        raise click.UsageError("--out and --module cannot be combined: run the command once for each")
    limit_threads(1)
    from namegen.web.export import write_page
    from namegen.web.module import data_path, write_module

    notes = Notes(quiet)
    found = [_open(model, without_names, notes) for model in dict.fromkeys(models) or (None,)]
    with Waiting(notes, f"writing {target}"):
        sizes = write_module(found, target, force=force) if module else {target: write_page(found, target, force=force)}
    labels, size = [model.label for model in found], sum(sizes.values())
    if as_json:
        data = {"data": str(data_path(target))} if module else {}
        click.echo(json_text({"out": str(target), **data, "bytes": size, "models": labels}))
    else:
        click.echo(printable(f"{' and '.join(map(str, sizes))}: {', '.join(labels)}; {size / 1e6:.2f} MB"))


def _open(model: str | None, without_names: bool, notes: Notes) -> PageModel:
    """Load one model for the page. Raises CheckpointError."""
    from namegen.api import find_model, read_checkpoint
    from namegen.core.training import MODEL_FILE
    from namegen.lists import BUNDLED
    from namegen.models import SHIPPED, TITLES
    from namegen.web.export import PageModel

    note_model(model, notes)
    name, path = find_model(model)
    if path.suffix == ".tflite":
        raise CheckpointError(
            f"{name} is a .tflite, which a browser cannot run: give the run folder or the .safetensors that it was "
            "made from"
        )
    if name in SHIPPED and not is_file(path, CheckpointError):
        raise CheckpointError(
            f"this namegen came without the model {name}: install namegen again, or train one with `namegen train`"
        )
    checkpoint = read_checkpoint(path)
    if without_names:
        checkpoint = replace(checkpoint, known_names=None)
    if model is None:
        notes(f"model: {printable(name)}")
    bundled = BUNDLED.get(str(checkpoint.training.get("list")))
    credit, notice = (f"{bundled.credit}; {bundled.licence}", bundled.licence_text) if bundled else ("", "")
    label = name if name in SHIPPED else path.parent.absolute().name if path.name == MODEL_FILE else path.stem
    return PageModel(label, checkpoint, credit, TITLES[name] if name in SHIPPED else "", notice)
