"""``namegen generate``, and the options of all commands that generate names."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import combinations
from typing import TYPE_CHECKING, Any, cast

import click
from click.core import ParameterSource

from namegen.cli import formats
from namegen.cli import options as shared
from namegen.cli.display import Display
from namegen.cli.options import note_same_name, open_blend
from namegen.cli.terminal import Notes, option_name
from namegen.constraints import OPTIONS
from namegen.core.settings import MOST_ASKED_FOR, DataSettings
from namegen.errors import GenerationError, NamesError
from namegen.files import is_taken, read_whole
from namegen.models import SHIPPED

if TYPE_CHECKING:
    from namegen.api import LoadedModel
    from namegen.core.generation.name_batch import NameBatch

FILE_OPTIONS = ("exclude_words", "exclude_names")
TABLE_ENDINGS = (".csv", ".json", ".jsonl")
BLANKS = b"\xef\xbb\xbf \t\r\n"  # a byte order mark, spaces and line ends
MAX_BLANKS = 1_000_000  # bytes; a larger file isn't checked for being empty
MAX_MOST_LIKELY = 1_000_000
SAMPLING_OPTIONS = ("seed", "temperature", "unfiltered", "top_k", "top_p")
SORT_ORDERS = ("likely", "alphabetical", "random")
# The options of drawing that ``--help`` shows.
SHOWN = (
    "count",
    "seed",
    "unfiltered",
    "starts_with",
    "ends_with",
    "contains",
    "max_length",
    "form",
    "out",
)


def read_excluded(options: Mapping[str, object], notes: Notes) -> dict[str, Sequence[str] | None]:
    """Read the files of ``--exclude-words`` and ``--exclude-names``. Raises NamesError, UsageError."""
    files = {
        name: cast("str | None", value)
        for name, value in options.items()
        if name.endswith(FILE_OPTIONS)
    }
    from_stdin = [option_name(name, "-") for name, file in files.items() if file == "-"]
    if len(from_stdin) > 1:
        raise click.UsageError(
            f"{' and '.join(from_stdin)} all read standard input, which can be read only once: use files"
        )
    for file in files.values():
        note_same_name(file, "list", notes)
    with Display(notes, "reading the names and words to exclude"):
        return {name: _read_texts(file, _name_part(name)) for name, file in files.items()}


def _read_texts(file: str | None, name_part: str) -> Sequence[str] | None:
    """Read a file with one text per line; unlike a list to train on, it may be empty. Raises NamesError.

    In a table that namegen wrote, this reads the column of the name part, or of the whole name if ``name_part`` is "".
    """
    if file is None:
        return None
    from namegen.lists import read_names

    with suppress(OSError, ValueError):  # read_names reports what's wrong with the file
        if file == os.devnull or not read_whole(file, MAX_BLANKS).strip(BLANKS):
            return ()
    if file.lower().endswith(TABLE_ENDINGS):
        with suppress(NamesError):  # the table has no such column
            return read_names(DataSettings(names=file, column=name_part or "name")).names
    return read_names(DataSettings(names=file)).names


def _name_part(option: str) -> str:
    """The part of a name that an option is for, such as given in given_exclude_names; "" for whole names."""
    for suffix in FILE_OPTIONS:
        option = option.removesuffix(suffix)
    return option.rstrip("_")


def constraint_options(
    names: str = "names", prefix: str = ""
) -> Callable[[shared.Command], shared.Command]:
    """Make an option for each constraint.

    Args:
        names: the names to constrain, in words, such as ``given names``.
        prefix: how the options for a part of a whole name start, such as ``given-``.
    """
    decorators = []
    for constraint, about in OPTIONS.items():
        value_type: Any = str
        if about.least is not None:
            value_type = shared.WholeNumber(about.least, about.most)
        which = about.help.replace("{exclude_names}", f"--{prefix}exclude-names")
        decorators.append(
            click.option(
                f"--{prefix}{constraint.replace('_', '-')}",
                type=value_type,
                metavar=about.metavar,
                help=f"Generate only {names} {which}",
            )
        )
    return shared.together(*decorators)


# The options of ``LoadedModel.generate_batches``.
drawing_options = shared.together(
    shared.seed,
    constraint_options(),
    click.option(
        "--allow-seen",
        is_flag=True,
        help="Also return names that are in the training list.",
    ),
    click.option("--allow-repeats", is_flag=True, help="Allow the same name more than once."),
    shared.allow_profanity,
    shared.unfiltered,
    shared.temperature,
    click.option(
        "--top-k",
        type=int,
        metavar="K",
        help="Sample only from the K most likely next characters.",
    ),
    click.option(
        "--top-p",
        type=float,
        metavar="P",
        help="Sample only from the most likely next characters whose probabilities add up to P.",
    ),
)
# How to write names from a model.
output_options = shared.together(shared.letter_case, formats.option, formats.scores)


@shared.command(
    "namegen generate mlb-last -n 5 --starts-with Mc",
    "namegen generate mlb-first companies --blend-weights 0.7,0.3 --format csv",
    cls=shared.ShortHelp,
    shown=(*SHOWN, "labels", "most_likely"),
)
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@shared.count_option("names", most=MOST_ASKED_FOR, default=20)
@drawing_options
@click.option(
    "--most-likely",
    type=shared.WholeNumber(1, MAX_MOST_LIKELY),
    metavar="N",
    help="Find the N most likely names with an exact search, instead of drawing random names.",
)
@shared.model_options
@click.option(
    "--sort",
    type=click.Choice(SORT_ORDERS),
    help="The order of the names; likely: most likely first.  [default: random; likely with --most-likely]",
)
@output_options
@shared.common
def generate(
    models: tuple[str, ...],
    count: int,
    most_likely: int | None,
    sort: str | None,
    as_json: bool,
    notes: Notes,
    **options: Any,
) -> None:
    """Invent new names, without repeats.

    MODEL: a run folder, a model file, or a built-in model (see `namegen models`). Default: the newest run in runs/, or
    taverns if there is none. With several models, each character is drawn from the weighted mean of their
    probabilities.

    A name is new if it isn't in the list that the model was trained on. For a fine-tuned model, it also isn't in the
    list of the base model.

    --format csv and json have the column name. For a model with labels, they also have label, the most likely one.
    --scores adds log_probability (in nats) and new. --json means --format json.
    """
    form = formats.requested(as_json)
    _reject_options_without_effect(click.get_current_context())
    of_models = {name: options.pop(name) for name in shared.MODEL_OPTIONS}
    _reject_commands(models)
    model = open_blend(models, notes, **of_models)
    _note_no_common_letters(model, notes)
    options |= read_excluded(options, notes)
    with Display(notes, formats.SEARCHING) as display:
        if most_likely is None:
            batches = model.generate_batches(count, on_progress=display, **options)
        else:
            constraints = {
                name: value for name, value in options.items() if name not in SAMPLING_OPTIONS
            }
            batches = model.most_likely_batches(most_likely, on_progress=display, **constraints)
        default_order = "random" if most_likely is None else "likely"
        if sort not in (None, default_order):
            batches = _sorted(batches, sort, options["seed"])
        formats.write_names(form, model, batches, display)


def _reject_commands(models: Iterable[str]) -> None:
    """Raise UsageError if a command was passed as a model, such as places, and no file has that name."""
    from namegen.cli import SECTIONS

    for name in models:
        is_model = name in SHIPPED or is_taken(name)
        if name in SECTIONS["Generate"] and not is_model:
            raise click.UsageError(
                f"{name} is a command, not a model: run `namegen {name}`, or choose a model from `namegen models`."
            )


def _note_no_common_letters(model: LoadedModel, notes: Notes) -> None:
    """Print a note if no two models of a blend share a letter."""
    alphabets = [set(filter(str.isalpha, vocabulary.characters)) for vocabulary in model.blended]
    if not alphabets:
        return
    if all(first.isdisjoint(second) for first, second in combinations(alphabets, 2)):
        notes(
            "these models have no letters in common, so nearly every name will come from just one of them"
        )


def _reject_options_without_effect(context: click.Context) -> None:
    """Raise UsageError for sampling options with ``--most-likely``, and for two with ``--temperature 0``."""
    values = context.params
    typed = {
        name: "-n" if name == "count" else option_name(name)
        for name in ("count", *SAMPLING_OPTIONS)
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    if values["most_likely"] is not None:
        if values["sort"] == "random":
            typed.pop("seed", None)  # the seed shuffles the names
        if typed:
            raise click.UsageError(
                f"--most-likely cannot be combined with {', '.join(typed.values())}: the most likely names aren't "
                "drawn at random. Remove one of these options."
            )
    elif values["temperature"] == 0:
        narrowing = [typed[name] for name in ("top_k", "top_p") if name in typed]
        if narrowing:
            raise click.UsageError(
                f"--temperature 0 cannot be combined with {', '.join(narrowing)}: it always takes the most likely "
                "character. Remove one of these options."
            )


def _sorted(batches: Iterable[NameBatch], order: str, seed: int | None) -> Iterator[NameBatch]:
    """Sort all names into one batch. If the search fails, return the names found so far, then raise its error."""
    from namegen.core.generation.name_batch import join_batches

    all_batches: list[NameBatch] = []
    failure: GenerationError | None = None
    try:
        all_batches.extend(batches)
    except GenerationError as error:
        failure = error
    if all_batches:
        batch = join_batches(all_batches)
        rows = list(range(len(batch.names)))
        if order == "random":
            random.Random(seed).shuffle(rows)
        elif order == "likely":
            rows.sort(key=lambda row: (-batch.log_probability[row], batch.names[row]))
        else:
            rows.sort(key=lambda row: (batch.names[row].casefold(), batch.names[row]))
        yield batch.select(rows)
    if failure is not None:
        raise failure
