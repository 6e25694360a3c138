"""``namegen generate``, and the options shared by all commands that generate names."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from itertools import combinations
from typing import TYPE_CHECKING, Any

import click

from namegen.cli import formats
from namegen.cli import options as shared
from namegen.cli.commands import command, typed_parameters
from namegen.cli.display import Display
from namegen.cli.formats import SEARCHING, Output
from namegen.cli.opening import note_same_name, open_blend
from namegen.cli.terminal import note, option_name
from namegen.core.generation.request import SEVERAL, GenerationRequest, NameConstraints
from namegen.core.settings import MAX_NAMES, DataSettings
from namegen.errors import NamesError
from namegen.files import is_taken, read_whole
from namegen.models import SHIPPED

if TYPE_CHECKING:
    from namegen.core.generation.name_batch import NameBatch

TABLE_ENDINGS = (".csv", ".json", ".jsonl")
BLANKS = b"\xef\xbb\xbf \t\r\n"  # a byte order mark, spaces and line ends
MAX_BLANKS = 1_000_000  # in bytes; larger files are assumed not to be empty
MAX_MOST_LIKELY = 1_000_000
SORT_ORDERS = ("likely", "alphabetical", "random")
# The sampling options that ``--help`` shows.
SHOWN = (
    "count",
    "seed",
    "unfiltered",
    "starts_with",
    "ends_with",
    "contains",
    "max_length",
    "form",
    "scores",
    "out",
)


# --- files of names and words -----------------------------------------------------------------------------------------


def read_excluded(options: Mapping[str, Any]) -> dict[str, Sequence[str] | None]:
    """Read the files passed with ``--exclude-words`` and ``--exclude-names``. Raises NamesError or UsageError."""
    files = {name: file for name, file in options.items() if name.endswith(SEVERAL)}
    from_stdin = [option_name(name, "-") for name, file in files.items() if file == "-"]
    if len(from_stdin) > 1:
        raise click.UsageError(
            f"{' and '.join(from_stdin)} cannot be combined, because standard input can be read only once: use files"
        )
    excluded: dict[str, Sequence[str] | None] = dict.fromkeys(files)
    with Display("reading the names and words to exclude"):
        for name, file in files.items():
            if file is not None:
                note_same_name(file, "list")
                # A table that namegen wrote has a column for each part of a name, such as "given".
                part, _, _ = name.rpartition("_exclude_")
                excluded[name] = _read_texts(file, column=part or "name")
    return excluded


def _read_texts(file: str, column: str) -> Sequence[str]:
    """Read a file with one string per line, or a column of a table. Unlike a training list, it can be empty.

    Raises:
        NamesError: the file can't be read.
    """
    from namegen.lists import read_names

    if file == os.devnull:
        return ()
    with suppress(OSError, ValueError):  # if it can't be read, ``read_names`` reports why
        is_blank = not read_whole(file, MAX_BLANKS).strip(BLANKS)
        if is_blank:
            return ()
    if file.lower().endswith(TABLE_ENDINGS):
        with suppress(NamesError):  # the table has no such column
            return read_names(DataSettings(names=file, column=column)).names
    return read_names(DataSettings(names=file)).names


# --- options ----------------------------------------------------------------------------------------------------------


CONSTRAINTS = tuple(declaration.name for declaration in fields(NameConstraints))


def constraint_options(
    names: str = "names", prefix: str = ""
) -> Callable[[shared.Command], shared.Command]:
    """Create an option for each constraint.

    Args:
        names: a phrase for the names to constrain, such as ``given names``.
        prefix: the prefix of the options for one part of a whole name, such as ``given_``.
    """
    return shared.together(
        *(shared.request_option(name, names=names, prefix=prefix) for name in CONSTRAINTS)
    )


# The options of ``LoadedModel.generate_batches``.
drawing_options = shared.together(
    shared.request_option("seed"),
    constraint_options(),
    *(
        shared.request_option(declaration.name)
        for declaration in fields(GenerationRequest)
        if declaration.name not in (*CONSTRAINTS, "n", "seed", "letter_case")
    ),
)
# Options for writing names from a model.
output_options = shared.together(
    shared.request_option("letter_case"), formats.option, formats.scores
)


# --- the command ------------------------------------------------------------------------------------------------------


@command(
    "namegen generate mlb-last -n 5 --starts-with Mc",
    "namegen generate mlb-first companies --blend-weights 0.7,0.3 --format csv",
    shown=(*SHOWN, "labels", "most_likely", "blend_weights"),
)
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@shared.count_option("names", most=MAX_NAMES, default=20)
@drawing_options
@click.option(
    "--most-likely",
    type=shared.WholeNumber(1, MAX_MOST_LIKELY),
    help="Find the N most likely names with an exact search, instead of sampling names at random.",
)
@shared.model_options
@click.option(
    "--sort",
    type=click.Choice(SORT_ORDERS),
    help="The order of the names. likely: the most likely names first.  [default: random; likely with --most-likely]",
)
@output_options
@shared.common
def generate(
    models: tuple[str, ...],
    count: int,
    most_likely: int | None,
    sort: str | None,
    **options: Any,
) -> None:
    """Invent new names, without repeats.

    MODEL: a run folder, a model file, or a built-in model (see `namegen models`). Default: the newest run in runs/, or
    taverns if there is none. With several models, each character is sampled from the weighted mean of their
    probabilities.

    A name is new if it isn't in the list that the model was trained on. For a fine-tuned model, a new name also isn't
    in the list of the base model.

    --format csv and json write the column name. For a model with labels, they also write the column label, which
    contains the most likely label. --scores adds log_probability (in nats) and new. --json is short for --format json.
    """
    output = Output.requested(options, most_likely or count)
    _reject_options_without_effect(click.get_current_context())
    of_models = {name: options.pop(name) for name in shared.MODEL_OPTIONS}
    from namegen.cli import SECTIONS

    for name in models:
        is_model = name in SHIPPED or is_taken(name)
        if name in SECTIONS["Generate"] and not is_model:
            raise click.UsageError(
                f"{name} is a command, not a model: run `namegen {name}`, or choose a model from `namegen models`."
            )
    model = open_blend(models, **of_models)
    letters = [set(filter(str.isalpha, vocabulary.characters)) for vocabulary in model.blended]
    all_differ = all(left.isdisjoint(right) for left, right in combinations(letters, 2))
    if len(letters) > 1 and all_differ:
        note(
            "these models have no letters in common, so nearly every name will come from just one of them"
        )
    options |= read_excluded(options)
    with Display(SEARCHING) as display:
        if most_likely is None:
            batches = model.generate_batches(count, on_progress=display, **options)
            default_order = "random"
        else:
            batches = model.most_likely_batches(most_likely, on_progress=display, **options)
            default_order = "likely"
        if sort not in (None, default_order):
            batches = _sorted(batches, sort, options["seed"])
        output.write_names(model, batches, display)


# --- options without an effect, and order -----------------------------------------------------------------------------


def _reject_options_without_effect(context: click.Context) -> None:
    """Raise UsageError for options that have no effect with ``--most-likely`` or with ``--temperature 0``."""
    options = context.params
    if options["most_likely"] is not None:
        cause = "--most-likely"
        unused = ["count", "temperature", "unfiltered", "top_k", "top_p"]
        if options["sort"] != "random":  # otherwise, the seed determines the order
            unused.append("seed")
        reason = "it sets the number of names, and they aren't sampled at random"
    elif options["temperature"] == 0:
        cause = "--temperature 0"
        unused = ["top_k", "top_p"]
        reason = "it always takes the most likely character"
    else:
        return
    without_effect = [param.opts[0] for param in typed_parameters(context) if param.name in unused]
    if without_effect:
        raise click.UsageError(
            f"{cause} cannot be combined with {', '.join(without_effect)}: {reason}. Remove one of these options."
        )


def _sorted(batches: Iterable[NameBatch], order: str, seed: int | None) -> Iterator[NameBatch]:
    """Sort all names into one batch, in one of ``SORT_ORDERS``."""
    from namegen.core.generation.name_batch import NameBatch

    all_batches: list[NameBatch] = []
    try:
        all_batches.extend(batches)
    finally:
        # If the search fails, the names that it found come before the error.
        if all_batches:
            batch = NameBatch.join(all_batches)
            rows = list(range(len(batch.names)))
            if order == "random":
                random.Random(seed).shuffle(rows)
            else:
                # Sorting is stable, so this order remains among names with the same probability or letters.
                rows.sort(key=lambda row: batch.names[row])
                if order == "likely":
                    rows.sort(key=lambda row: -batch.log_probability[row])
                else:
                    rows.sort(key=lambda row: batch.names[row].casefold())
            yield batch.select(rows)
