"""``namegen export-tflite``, ``-keras``, ``-vocabulary``, ``-web``: models for phones, Keras, programs, browsers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from namegen.cli import options
from namegen.cli.display import Display
from namegen.cli.options import note_namesake, open_list
from namegen.cli.terminal import FIGURES, Notes, figures, fitted, json_text, printable
from namegen.errors import CheckpointError, EngineError, missing_library
from namegen.files import check_output
from namegen.threads import limit_threads

if TYPE_CHECKING:
    from namegen.backends.tflite.export import ExportReport
    from namegen.core.checkpoint.checkpoint import Checkpoint
    from namegen.web.export import PageModel

QUANTISATIONS = ("none", "float16", "int8")
force = click.option("--force", is_flag=True, help="Overwrite OUT if it exists.")


def to_file(suffix: str) -> Callable[[options.Command], options.Command]:
    """What every command takes that writes one model as a file."""
    out = click.argument("out", required=False, type=options.OutFile(suffix))
    return options.together(click.argument("model", required=False), out, force, options.common)


def without_names(models: str, files: str) -> Callable[[options.Command], options.Command]:
    """Leave out what tells which names are new."""
    digests = f"the digests (ten bits each) of the names that {models} learned from"
    text = f"Leave out {digests}; {files} then cannot tell which names are new."
    return click.option("--without-names", is_flag=True, help=text)


@options.command(
    "namegen export-tflite mlb-last",
    "namegen export-tflite runs/friends-numpy friends.tflite --quantize int8",
)
@click.option(
    "--quantize",
    type=click.Choice(QUANTISATIONS),
    default="none",
    show_default=True,
    help="How to store the weights. none: as they are; float16: in half precision where exact enough; int8: in 8 bits.",
)
@click.option(
    "--names",
    metavar="NAMES",
    help="The list to check the file on.  [default: 1,000 names drawn from the model]",
)
@without_names("the model", "the file")
@to_file(".tflite")
def export_tflite(
    model: str | None,
    out: Path | None,
    names: str | None,
    force: bool,
    as_json: bool,
    notes: Notes,
    **how: Any,
) -> None:
    """Write a model as a .tflite, for Android, iOS and LiteRT.

    MODEL is a run folder, a checkpoint or the name of a shipped model. The default is the newest run under runs/, or
    mlb-first if there is none. OUT is the file to write. The default is model.tflite in the run folder; for a
    checkpoint, its own name with .tflite, beside it; for a shipped model, its name with .tflite, in the current folder.

    Before the file is written, it is run in LiteRT and compared with the model at every prefix of the names; if the two
    differ, no file is written. docs/use/tflite.md shows how to use the file.
    """
    limit_threads(1)
    name, checkpoint, path = _open(model, out, ".tflite", force, notes)
    corpus = None if names is None else open_list(names, notes)
    from namegen.backends.tflite.export import export_tflite as export

    with Display(notes, f"exporting {name} to {path}"):
        report = export(
            checkpoint, path, names=None if corpus is None else corpus.names, force=force, **how
        )
    if report.left_out:
        of = report.left_out + report.names
        notes(f"left out: {report.left_out:,} of {of:,} names with characters that the model lacks")
    if as_json:
        click.echo(json_text(report.to_dict()))
        return
    where = "drawn from the model" if corpus is None else f"of {corpus.source}"
    click.echo(_summary(report, printable(name), printable(where)))


def _summary(report: ExportReport, name: str, where: str) -> str:
    known = f"{report.known_names:,}; it takes one other name in 256 for one of them"
    known = known if report.known_names else "none: it cannot say which names are new"
    rows = [
        ("size", f"{report.bytes:,} bytes"),
        ("known names", known),
        ("checked on", f"{report.names:,} names {where}, {report.prefixes:,} distinct prefixes"),
        ("logits differ by", f"at most {report.largest_logit_difference:.2g}"),
    ]
    if report.quantize != "none":
        rows.insert(2, _quantized(report))
    table = [
        ("", *FIGURES),
        (f"before: {name}", *figures(report.before)),
        ("after", *figures(report.after)),
    ]
    return f"{printable(report.out)}\n{fitted([('', ''), *rows], left=2)}\n\n{fitted(table)}"


def _quantized(report: ExportReport) -> tuple[str, str]:
    """The row of the summary that tells which weights are stored in fewer bits."""
    from namegen.backends.tflite.weights import LEAST_QUANTIZED

    least = LEAST_QUANTIZED[report.quantize]
    if not report.quantizable:
        stored = f"none: every array has fewer than {least:,} weights"
    elif not report.quantized:
        stored = "none: the results would differ too much"
    elif len(report.quantized) == report.quantizable:
        stored = f"all arrays of {least:,} weights or more"
    else:
        stored = ", ".join(report.quantized)
    bits = 16 if report.quantize == "float16" else 8
    return f"in {bits} bits", stored


@options.command(
    "namegen export-keras mlb-last", "namegen export-keras runs/friends-numpy friends.keras"
)
@to_file(".keras")
def export_keras(
    model: str | None, out: Path | None, force: bool, as_json: bool, notes: Notes
) -> None:
    """Write a model as a .keras file, which Keras opens without namegen.

    MODEL is a run folder, a checkpoint or the name of a shipped model. The default is the newest run under runs/, or
    mlb-first if there is none. OUT is the file to write. The default is model.keras in the run folder; for a
    checkpoint, its own name with .keras, beside it; for a shipped model, its name with .keras, in the current folder.

    The network in the file takes ids of characters and gives logits. Keras opens it in safe mode.
    """
    limit_threads(1)
    name, checkpoint, path = _open(model, out, ".keras", force, notes)
    with Display(notes, f"exporting {name} to {path}"):
        try:
            from namegen.backends.keras_engine.export import export_keras as export
        except ModuleNotFoundError as error:
            raise EngineError(missing_library("export-keras", error.name, "keras")) from error
        size = export(checkpoint, path, force=force)
    click.echo(
        json_text({"out": str(path), "bytes": size})
        if as_json
        else printable(f"{path}: {size:,} bytes")
    )


@options.command(
    "namegen export-vocabulary mlb-last",
    "namegen export-vocabulary runs/friends-numpy friends.json",
)
@to_file(".json")
def export_vocabulary(
    model: str | None, out: Path | None, force: bool, as_json: bool, notes: Notes
) -> None:
    """Write the characters of a model as JSON, for a program that uses its .keras file without namegen.

    MODEL is a run folder, a checkpoint or the name of a shipped model. The default is the newest run under runs/, or
    mlb-first if there is none. OUT is the file to write. The default is model.json in the run folder; for a
    checkpoint, its own name with .json, beside it; for a shipped model, its name with .json, in the current folder.

    The id of a character is its place in the text "characters", counted from 1; id 0 is the beginning and the end of a
    name.
    docs/use/keras.md shows how to read it.
    """
    limit_threads(1)
    _, checkpoint, path = _open(model, out, ".json", force, notes)
    vocabulary = checkpoint.vocabulary
    count = len(vocabulary.characters)
    size = vocabulary.save(path, (label.name for label in checkpoint.labels))
    document = {"out": str(path), "bytes": size, "character_count": count}
    click.echo(json_text(document) if as_json else printable(f"{path}: {count:,} characters"))


@options.command(
    "namegen export-web mlb-first mlb-last --out names.html",
    "namegen export-web world-given --module names.mjs",
)
@click.argument("models", metavar="[MODEL]...", nargs=-1)
@click.option(
    "--out", type=options.OutFile(".html", ".htm"), metavar="OUT.html", help="The page to write."
)
@click.option(
    "--module",
    type=options.OutFile(".mjs", ".js"),
    metavar="OUT.mjs",
    help="The JavaScript module to write instead; its models are written beside it, as OUT.json.",
)
@without_names("the models", "page and module")
@click.option(
    "--title",
    multiple=True,
    help="What readers see as a model's name; give it again for the second model, and so on.",
)
@click.option("--force", is_flag=True, help="Overwrite files that exist.")
@options.common
def export_web(
    models: tuple[str, ...],
    out: Path | None,
    module: Path | None,
    title: tuple[str, ...],
    without_names: bool,
    force: bool,
    as_json: bool,
    notes: Notes,
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
        raise click.UsageError(
            "give --out with the page to write, or --module with the module to write"
        )
    if out and module:
        raise click.UsageError(
            "--out and --module cannot be combined: run the command once for each"
        )
    limit_threads(1)
    from namegen.web.export import data_path, write_module, write_page

    given = list(dict.fromkeys(models) or (None,))
    if len(title) > len(given):
        raise click.UsageError(
            f"--title is given {len(title):,} times, for {len(given):,} models: give one for each"
        )
    found = [
        _page_model(*one, without_names, notes) for one in zip_longest(given, title, fillvalue="")
    ]
    with Display(notes, f"writing {target}"):
        sizes = (
            write_module(found, target, force=force)
            if module
            else {target: write_page(found, target, force=force)}
        )
    labels, size = [model.label for model in found], sum(sizes.values())
    if as_json:
        data = {"data": str(data_path(target))} if module else {}
        click.echo(json_text({"out": str(target), **data, "bytes": size, "models": labels}))
    else:
        click.echo(
            printable(f"{' and '.join(map(str, sizes))}: {', '.join(labels)}; {size / 1e6:.2f} MB")
        )


def _page_model(model: str | None, title: str, without_names: bool, notes: Notes) -> PageModel:
    from namegen.core.training import MODEL_FILE
    from namegen.models import SHIPPED, TITLES
    from namegen.web.export import PageModel

    name, path, checkpoint = _read(model, notes)
    if without_names:
        checkpoint = replace(checkpoint, known_names=None)
    label = (
        name
        if name in SHIPPED
        else path.parent.absolute().name
        if path.name == MODEL_FILE
        else path.stem
    )
    return PageModel(
        label,
        checkpoint,
        title=title or TITLES.get(name, label.replace(f"-{checkpoint.engine}", "")),
    )


def _read(model: str | None, notes: Notes) -> tuple[str, Path, Checkpoint]:
    """What MODEL stands for: its name, its file and what is in it. Raises CheckpointError."""
    from namegen.api import TFLITE_SUFFIX, find_model, read_checkpoint

    note_namesake(model, "model", notes)
    name, path = find_model(model)
    if path.suffix == TFLITE_SUFFIX:
        raise CheckpointError(
            f"{name} is a .tflite, which cannot be exported: give the model that it was made from"
        )
    checkpoint = read_checkpoint(path)
    if model is None:
        notes(f"model: {printable(name)}")
    return name, path, checkpoint


def _open(
    model: str | None, out: Path | None, suffix: str, force: bool, notes: Notes
) -> tuple[str, Checkpoint, Path]:
    """What MODEL and OUT stand for: the model's name, its checkpoint, and the file to write.

    Raises CheckpointError, and OutputError where nothing may be written there.
    """
    from namegen.models import SHIPPED

    name, path, checkpoint = _read(model, notes)
    default = Path(name + suffix) if name in SHIPPED else path.with_suffix(suffix)
    target = check_output(out or default, example=f"model{suffix}", force=force)
    if out is None:
        notes(f"out: {printable(str(target))}")
    return name, checkpoint, target
