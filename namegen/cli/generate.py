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
from click.core import ParameterSource

from namegen.cli import formats
from namegen.cli import options as shared
from namegen.cli.display import Display
from namegen.cli.formats import SEARCHING, Output
from namegen.cli.opening import note_same_name, open_blend
from namegen.cli.terminal import Notes, option_name
from namegen.core.generation.request import SEVERAL, GenerationRequest, NameConstraints
from namegen.core.settings import MAX_NAMES, DataSettings
from namegen.errors import GenerationError, NamesError
from namegen.files import is_taken, read_whole
from namegen.models import SHIPPED

if TYPE_CHECKING:
    from namegen.api import LoadedModel
    from namegen.core.generation.name_batch import NameBatch

TABLE_ENDINGS = (".csv", ".json", ".jsonl")
BLANKS = b"\xef\xbb\xbf \t\r\n"  # a byte order mark, spaces and line ends
MAX_BLANKS = 1_000_000  # in bytes; larger files are assumed not to be empty
MAX_MOST_LIKELY = 1_000_000
SAMPLING_OPTIONS = ("seed", "temperature", "unfiltered", "top_k", "top_p")
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


def read_excluded(options: Mapping[str, object], notes: Notes) -> dict[str, Sequence[str] | None]:
    """Read the files passed with ``--exclude-words`` and ``--exclude-names``. Raises NamesError or UsageError."""
    files = {
        name: None if file is None else str(file)
        for name, file in options.items()
        if name.endswith(SEVERAL)
    }
    _check_standard_input(files)
    for file in files.values():
        note_same_name(file, "list", notes)
    with Display(notes, "reading the names and words to exclude"):
        return {name: _read_texts(file, _name_part(name)) for name, file in files.items()}


def _check_standard_input(files: Mapping[str, str | None]) -> None:
    """Raise UsageError if several options read standard input."""
    from_stdin = [option_name(name, "-") for name, file in files.items() if file == "-"]
    if len(from_stdin) > 1:
        raise click.UsageError(
            f"{' and '.join(from_stdin)} cannot be combined, because standard input can be read only once: use files"
        )


def _read_texts(file: str | None, name_part: str) -> Sequence[str] | None:
    """Read a file with one string per line. Unlike a training list, it can be empty. Raises NamesError.

    In a table that namegen wrote, the strings are in the column of the name part, or of the whole name if ``name_part``
    is "".
    """
    from namegen.lists import read_names

    if file is None:
        return None
    if _is_empty(file):
        return ()
    if file.lower().endswith(TABLE_ENDINGS):
        with suppress(NamesError):  # the table has no such column
            return read_names(DataSettings(names=file, column=name_part or "name")).names
    return read_names(DataSettings(names=file)).names


def _is_empty(file: str) -> bool:
    """Return whether a file contains only spaces and line ends. If it can't be read, ``read_names`` reports why."""
    if file == os.devnull:
        return True
    try:
        return not read_whole(file, MAX_BLANKS).strip(BLANKS)
    except (OSError, ValueError):
        return False


def _name_part(option: str) -> str:
    """Return the name part for an option, such as "given" for ``given_exclude_names``, or "" for whole names."""
    for suffix in SEVERAL:
        option = option.removesuffix(suffix)
    return option.rstrip("_")


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


@shared.command(
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
    metavar="N",
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
    notes: Notes,
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
    _reject_commands(models)
    model = open_blend(models, notes, **of_models)
    _note_no_common_letters(model, notes)
    options |= read_excluded(options, notes)
    with Display(notes, SEARCHING) as display:
        if most_likely is None:
            batches = model.generate_batches(count, on_progress=display, **options)
            default_order = "random"
        else:
            batches = model.most_likely_batches(most_likely, on_progress=display, **options)
            default_order = "likely"
        if sort not in (None, default_order):
            batches = _sorted(batches, sort, options["seed"])
        output.write_names(model, batches, display)


def _reject_commands(models: Iterable[str]) -> None:
    """Raise UsageError if a command such as ``places`` was passed as a model, and no file has that name."""
    from namegen.cli import SECTIONS

    for name in models:
        is_model = name in SHIPPED or is_taken(name)
        if name in SECTIONS["Generate"] and not is_model:
            raise click.UsageError(
                f"{name} is a command, not a model: run `namegen {name}`, or choose a model from `namegen models`."
            )


def _note_no_common_letters(model: LoadedModel, notes: Notes) -> None:
    """Print a note if no two models of a blend share a letter."""
    letter_sets = [set(filter(str.isalpha, vocabulary.characters)) for vocabulary in model.blended]
    pairs = list(combinations(letter_sets, 2))
    if pairs and all(left.isdisjoint(right) for left, right in pairs):
        notes(
            "these models have no letters in common, so nearly every name will come from just one of them"
        )


# --- options that exclude each other ----------------------------------------------------------------------------------


def _reject_options_without_effect(context: click.Context) -> None:
    """Raise UsageError for options that have no effect with ``--most-likely`` or with ``--temperature 0``."""
    typed = [  # by the user, so they don't have their default values
        name
        for name in ("count", *SAMPLING_OPTIONS)
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    if context.params["most_likely"] is not None:
        _reject_with_most_likely(typed, is_shuffled=context.params["sort"] == "random")
    elif context.params["temperature"] == 0:
        _reject_with_temperature_0(typed)


def _reject_with_most_likely(typed: Sequence[str], *, is_shuffled: bool) -> None:
    """Raise UsageError for options that have no effect with ``--most-likely``: ``-n`` and the sampling options.

    Args:
        typed: the options that the user passed.
        is_shuffled: whether the names are shuffled with ``--sort random``, so that a seed has an effect.
    """
    if "count" in typed:
        raise click.UsageError(
            "--most-likely cannot be combined with -n: both set the number of names. Remove one of them."
        )
    without_effect = [option_name(name) for name in typed if not (is_shuffled and name == "seed")]
    if without_effect:
        raise click.UsageError(
            f"--most-likely cannot be combined with {', '.join(without_effect)}: the most likely names aren't "
            "sampled at random. Remove one of these options."
        )


def _reject_with_temperature_0(typed: Sequence[str]) -> None:
    """Raise UsageError for options that have no effect with ``--temperature 0``: ``--top-k`` and ``--top-p``."""
    without_effect = [option_name(name) for name in typed if name in ("top_k", "top_p")]
    if without_effect:
        raise click.UsageError(
            f"--temperature 0 cannot be combined with {', '.join(without_effect)}: it always takes the most likely "
            "character. Remove one of these options."
        )


# --- order ------------------------------------------------------------------------------------------------------------


def _sorted(batches: Iterable[NameBatch], order: str, seed: int | None) -> Iterator[NameBatch]:
    """Sort all names into one batch. If the search fails, yield the names found so far, and then raise the error."""
    from namegen.core.generation.name_batch import NameBatch

    all_batches: list[NameBatch] = []
    failure: GenerationError | None = None
    try:
        all_batches.extend(batches)
    except GenerationError as error:
        failure = error
    if all_batches:
        batch = NameBatch.join(all_batches)
        yield batch.select(_rows_in_order(batch, order, seed))
    if failure is not None:
        raise failure


def _rows_in_order(batch: NameBatch, order: str, seed: int | None) -> list[int]:
    """Return the row numbers of a batch in one of ``SORT_ORDERS``."""
    rows = list(range(len(batch.names)))
    if order == "random":
        random.Random(seed).shuffle(rows)
        return rows
    # Sorting is stable, so this order remains among names with the same probability or letters.
    rows.sort(key=lambda row: batch.names[row])
    if order == "likely":
        rows.sort(key=lambda row: -batch.log_probability[row])
    else:
        rows.sort(key=lambda row: batch.names[row].casefold())
    return rows
