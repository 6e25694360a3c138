"""``namegen export-*``: export models for phones, Keras, JavaScript programs and browsers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from namegen.cli import options
from namegen.cli.commands import command
from namegen.cli.display import Display
from namegen.cli.opening import check_model, open_list
from namegen.cli.terminal import (
    METRICS,
    counted,
    metric_cells,
    note,
    printable,
    show_result,
    table,
)
from namegen.errors import CheckpointError, EngineError, missing_library
from namegen.files import check_output
from namegen.models import SHIPPED

if TYPE_CHECKING:
    from namegen.core.checkpoint.checkpoint import Checkpoint

QUANTIZATIONS = ("none", "float16", "int8")
without_names = click.option(
    "--without-names",
    is_flag=True,
    help="Don't store the hashes (ten bits each) of the training names. The exported model then can't tell which names "
    "are new.",
)


# --- options and arguments --------------------------------------------------------------------------------------------


def file_arguments(suffix: str) -> Callable[[options.Command], options.Command]:
    """Return the arguments and options for a command that writes one model to a file."""
    out = click.argument("out", required=False, type=options.OutFile(suffix))
    model = click.argument("model", required=False)
    return options.together(model, out, options.force, options.common)


def read_model(model: str | None) -> tuple[str, Path, Checkpoint]:
    """Return the name, the path and the content of MODEL. Raises CheckpointError."""
    from namegen.api import TFLITE_SUFFIX, find_model, read_checkpoint

    check_model(model)
    name, path = find_model(model)
    if path.suffix == TFLITE_SUFFIX:
        raise CheckpointError(
            f"{name} is a .tflite file, which can't be exported: pass the model that it was made from"
        )
    checkpoint = read_checkpoint(path)
    if model is None:
        note(f"model: {printable(name)}")
    return name, path, checkpoint


def read_for_file(
    model: str | None, out: Path | None, suffix: str, *, force: bool
) -> tuple[str, Checkpoint, Path]:
    """Read MODEL, and check that the file for it can be written. Without OUT, the file gets the model's name.

    Raises:
        CheckpointError: the model can't be read.
        OutputError: the file can't be written.
    """
    name, path, checkpoint = read_model(model)
    default_out = Path(name + suffix) if name in SHIPPED else path.with_suffix(suffix)
    target = check_output(out or default_out, example=f"model{suffix}", force=force)
    if out is None:
        note(f"out: {target}")
    return name, checkpoint, target


# --- .tflite ----------------------------------------------------------------------------------------------------------


@command(
    "namegen export-tflite mlb-last",
    "namegen export-tflite runs/friends-numpy friends.tflite --quantize int8",
)
@click.option(
    "--quantize",
    type=click.Choice(QUANTIZATIONS),
    default="none",
    show_default=True,
    help="How to store the weights. none: unchanged; float16: in half precision, if that's exact enough; int8: in 8 "
    "bits, for the smallest file.",
)
@click.option(
    "--names",
    metavar="NAMES",
    help="The list of names to check the file with.  [default: 1,000 names sampled from the model]",
)
@without_names
@file_arguments(".tflite")
def export_tflite(
    model: str | None,
    out: Path | None,
    names: str | None,
    force: bool,
    as_json: bool,
    **how: Any,
) -> None:
    """Write a model as a .tflite file, for Android, iOS and LiteRT.

    MODEL: {model}

    OUT: {out}

    Before writing the file, namegen runs it in LiteRT and compares its results with the model's for every prefix of the
    names. If the results differ, namegen doesn't write the file. docs/guides/phone.md describes how to use the file.
    """
    name, checkpoint, path = read_for_file(model, out, ".tflite", force=force)
    corpus = None if names is None else open_list(names)
    from namegen.backends.tflite.export import export_tflite as export
    from namegen.backends.tflite.weights import LEAST_QUANTIZED

    with Display(f"exporting {name} to {path}"):
        listed_names = None if corpus is None else corpus.names
        report = export(checkpoint, path, names=listed_names, force=force, **how)
    if report.left_out:
        all_names = report.left_out + report.names
        note(
            f"skipped {report.left_out:,} of {all_names:,} names, because the model doesn't know their characters"
        )
    names_source = "sampled from the model" if corpus is None else f"of {corpus.source}"
    known_names = "none, so it can't tell which names are new"
    if report.known_names:
        known_names = f"{report.known_names:,}; 1 in 256 other names gives a false positive"
    rows = [("size", f"{report.bytes:,} bytes"), ("known names", known_names)]
    if report.quantize != "none":
        bits = 16 if report.quantize == "float16" else 8
        large_arrays = (
            f"{report.quantizable} arrays of {LEAST_QUANTIZED[report.quantize]:,} weights or more"
        )
        rows.append((f"in {bits} bits", f"{len(report.quantized)} of {large_arrays}"))
    checked_names = printable(f"{counted(report.names, 'name')} {names_source}")
    rows.append(("checked on", f"{checked_names}, {report.prefixes:,} distinct prefixes"))
    rows.append(("logits differ by", f"at most {report.largest_logit_difference:.2g}"))
    metrics = [
        (printable(f"before: {name}"), *metric_cells(report.before)),
        ("after", *metric_cells(report.after)),
    ]
    metrics_table = table(metrics, "", *METRICS)
    show_result(
        as_json, report.to_dict(), printable(report.out), table(rows, left=2), "", metrics_table
    )


# --- .keras and .json -------------------------------------------------------------------------------------------------


@command("namegen export-keras mlb-last", "namegen export-keras runs/friends-numpy friends.keras")
@file_arguments(".keras")
def export_keras(model: str | None, out: Path | None, force: bool, as_json: bool) -> None:
    """Write a model as a .keras file that Keras can open without namegen.

    MODEL: {model}

    OUT: {out}

    The network in the file maps character ids to logits. Keras can open it in safe mode.
    """
    name, checkpoint, path = read_for_file(model, out, ".keras", force=force)
    with Display(f"exporting {name} to {path}"):
        try:
            from namegen.backends.keras_engine.export import export_keras as export
        except ModuleNotFoundError as error:
            raise EngineError(missing_library("export-keras", error.name, "keras")) from error
        size = export(checkpoint, path, force=force)
    document = {"out": str(path), "bytes": size}
    show_result(as_json, document, printable(f"{path}: {size:,} bytes"))


@command(
    "namegen export-vocabulary mlb-last",
    "namegen export-vocabulary runs/friends-numpy friends.json",
)
@file_arguments(".json")
def export_vocabulary(model: str | None, out: Path | None, force: bool, as_json: bool) -> None:
    """Write a model's characters as JSON, for programs that use its .keras file without namegen.

    MODEL: {model}

    OUT: {out}

    The id of a character is its position in the string "characters", counting from 1. The id 0 marks the start and the
    end of a name. docs/guides/keras.md describes how to read the file.
    """
    _, checkpoint, path = read_for_file(model, out, ".json", force=force)
    count = len(checkpoint.vocabulary.characters)
    size = checkpoint.vocabulary.save(path, (label.name for label in checkpoint.labels))
    document = {"out": str(path), "bytes": size, "character_count": count}
    show_result(as_json, document, printable(f"{path}: {counted(count, 'character')}"))


# --- web pages --------------------------------------------------------------------------------------------------------


@command(
    "namegen export-web mlb-first mlb-last --out names.html",
    "namegen export-web world-given --module names.mjs",
)
@click.argument("models", metavar="[MODEL]...", nargs=-1)
@click.option(
    "--title",
    multiple=True,
    help="The model's title on the page. If there are several models, repeat the option for each of them, in order.",
)
@without_names
@click.option(
    "--out", type=options.OutFile(".html", ".htm"), metavar="OUT.html", help="The page to write."
)
@click.option(
    "--module",
    type=options.OutFile(".mjs", ".js"),
    metavar="OUT.mjs",
    help="Write a JavaScript module instead of a page. Its models are written to OUT.json, and its types to "
    "OUT.d.mts.",
)
@click.option(
    "--learn",
    is_flag=True,
    help="Let readers of the page learn from their own names. This adds the base model, which takes 1.2 MB.",
)
@options.force
@options.common
def export_web(
    models: tuple[str, ...],
    out: Path | None,
    module: Path | None,
    learn: bool,
    title: tuple[str, ...],
    without_names: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Write models as one web page, or as a module for a JavaScript program.

    MODEL: {model}

    The page is a single file that opens from disk and needs no internet connection. If it contains several models, its
    users can choose one or blend two.

    The module has no dependencies. It runs in browsers, workers and Node: load(json).generate({n: 5}) returns names.
    """
    if out and module:
        raise click.UsageError(
            "--out and --module cannot be combined: run the command once for each"
        )
    target = out or module
    if target is None:
        raise click.UsageError(
            "pass the page to write with --out, or the module to write with --module"
        )
    if learn and module:
        raise click.UsageError("--learn has an effect only with --out: remove it, or write a page")
    distinct_models: list[str | None] = [*dict.fromkeys(models)] or [None]
    if len(title) > len(distinct_models):
        raise click.UsageError(
            f"--title was passed {len(title):,} times, for {counted(len(distinct_models), 'model')}: pass one for "
            "each model"
        )
    from namegen.core.training import MODEL_FILE
    from namegen.models import TITLES
    from namegen.web.description import PageModel
    from namegen.web.export import data_path, types_path, write_module, write_page

    page_models = []
    for model, model_title in zip_longest(distinct_models, title):
        name, path, checkpoint = read_model(model)
        if without_names:
            checkpoint = replace(checkpoint, known_names=None)
        label = path.stem
        if name in SHIPPED:
            label = name
        elif path.name == MODEL_FILE:
            label = path.parent.absolute().name
        default_title = TITLES.get(name, label.replace(f"-{checkpoint.engine}", ""))
        page_models.append(PageModel(label, checkpoint, title=model_title or default_title))
    with Display(f"writing {target}"):
        if module:
            sizes = write_module(page_models, target, force=force)
        else:
            sizes = {target: write_page(page_models, target, force=force, learns=learn)}
    labels = [page_model.label for page_model in page_models]
    size = sum(sizes.values())
    document: dict[str, object] = {"out": str(target)}
    if module:
        document |= {"data": str(data_path(target)), "types": str(types_path(target))}
    document |= {"bytes": size, "models": labels}
    files = ", ".join(map(str, sizes))
    line = printable(f"{files}: {', '.join(labels)}; {size / 1e6:.2f} MB")
    show_result(as_json, document, line)
