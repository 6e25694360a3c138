"""``namegen generate``: invent names; and the options of every command that does."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import combinations
from typing import TYPE_CHECKING, Any, cast

import click
from click.core import ParameterSource

from namegen.cli import formats, options
from namegen.cli.display import Display
from namegen.cli.options import note_namesake, open_blend
from namegen.cli.terminal import Notes, option_name
from namegen.constraints import OPTIONS
from namegen.core.settings import MOST_ASKED_FOR, DataSettings
from namegen.errors import NamesError
from namegen.files import read_whole

if TYPE_CHECKING:
    from namegen.core.generation.name_batch import NameBatch

OF_FILES = ("exclude_words", "exclude_names")
MAX_MOST_LIKELY = 1_000_000
MAX_BLANKS = 1_000_000  # bytes of a file that is looked at for being empty
OF_DRAWING = (
    "seed",
    "temperature",
    "unfiltered",
    "top_k",
    "top_p",
)  # options that say how names are drawn
DRAWING = ("count", *OF_DRAWING)
# Options that --help shows.
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


def texts(file: str | None, part: str = "") -> Sequence[str] | None:
    """Read a file of texts, a line each, as lists of names are read; an empty file is an empty list.

    Whoever wants to avoid nobody may say so. Of a table that we wrote, the column of that part of a name is read,
    or that of whole names. Raises NamesError.
    """
    if file is None:
        return None
    from namegen.lists import read_names

    with suppress(OSError, ValueError):  # what is wrong with it, reading it as a list says
        if file == os.devnull or not read_whole(file, MAX_BLANKS).strip(b"\xef\xbb\xbf \t\r\n"):
            return ()
    with suppress(NamesError):
        if file.lower().endswith((".csv", ".json", ".jsonl")):
            return read_names(DataSettings(names=file, column=part or "name")).names
    return read_names(DataSettings(names=file)).names


def read_texts(
    constraint_list: Mapping[str, object], notes: Notes
) -> dict[str, Sequence[str] | None]:
    """What the files say that are not wanted. Raises NamesError, UsageError."""
    files = {
        name: cast("str | None", value)
        for name, value in constraint_list.items()
        if name.endswith(OF_FILES)
    }
    dashes = [option_name(name, "-") for name, file in files.items() if file == "-"]
    if len(dashes) > 1:
        raise click.UsageError(
            f"{' and '.join(dashes)} all read standard input, which can be read only once: give files for the others"
        )
    for file in files.values():
        note_namesake(file, "list", notes)
    with Display(notes, "reading the files of names that are not wanted"):
        return {name: texts(file, _part_of_name(name)) for name, file in files.items()}


def _part_of_name(option: str) -> str:
    """The part of a name that an option is for: given in given_exclude_names; "" for whole names."""
    for suffix in OF_FILES:
        option = option.removesuffix(suffix)
    return option.rstrip("_")


def constraint_options(
    what: str = "names", part: str = ""
) -> Callable[[options.Command], options.Command]:
    """Add an option for each constraint, under its own name.

    Args:
        what: the names that are wished for, in words: ``given names``.
        part: what the options begin with, for a part of a whole name: ``given-``.
    """
    added = []
    for constraint, asked in OPTIONS.items():
        kind = str if asked.least is None else options.Whole(asked.least, asked.most)
        told = f"Give only {what} {asked.help.replace('{exclude_names}', f'--{part}exclude-names')}"
        added.append(
            click.option(
                f"--{part}{constraint.replace('_', '-')}",
                type=kind,
                metavar=asked.metavar,
                help=told,
            )
        )
    return options.together(*added)


# All options that say how names are drawn and what is constraint_list of them: those of
# ``LoadedModel.generate_batches``.
drawing_options = options.together(
    options.seed,
    options.temperature,
    options.unfiltered,
    click.option(
        "--top-k", type=int, metavar="K", help="Draw only from the K likeliest next characters."
    ),
    click.option(
        "--top-p",
        type=float,
        metavar="P",
        help="Draw only from the likeliest next characters that together have the probability P, up to 1.",
    ),
    constraint_options(),
    click.option(
        "--allow-seen",
        is_flag=True,
        help="Also give names from the list that the model learned from.",
    ),
    click.option("--allow-repeats", is_flag=True, help="Allow the same name more than once."),
    options.allow_profanity,
    options.letter_case,
    formats.scores,
)


ORDERS = ("likely", "alphabetical", "random")


@options.command(
    "namegen generate mlb-last -n 5 --starts-with Mc",
    "namegen generate mlb-first companies --blend-weights 0.7,0.3 --format csv",
    cls=options.ShortHelp,
    shown=(*SHOWN, "labels", "most_likely"),
)
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@options.how_many("names", most=MOST_ASKED_FOR, default=20)
@drawing_options
@click.option(
    "--most-likely",
    type=options.Whole(1, MAX_MOST_LIKELY),
    metavar="N",
    help="Give the N likeliest names, found by an exact search, instead of random ones.",
)
@click.option(
    "--sort",
    type=click.Choice(ORDERS),
    help="The order of the names; likely: the likeliest first.  [default: random; likely with --most-likely]",
)
@formats.option
@options.of_models
@options.common
def generate(
    models: tuple[str, ...],
    count: int,
    most_likely: int | None,
    sort: str | None,
    as_json: bool,
    notes: Notes,
    **constraint_list: Any,
) -> None:
    """Invent new names, each of them once.

    MODEL is a run folder, a checkpoint or the name of a shipped model. The default is the newest run under runs/, or
    mlb-first if there is none. With several models, each character is drawn from the weighted mean of their
    probabilities.

    New means: not in the list that the model learned from, nor in that of the model that it began from.

    The columns of --format csv and json are: name, and for a model with labels also label, the likeliest one. --scores
    adds log_probability (in nats) and new. --json means --format json.
    """
    form = formats.chosen(as_json)
    _refuse_without_effect(click.get_current_context())
    loaded = open_blend(
        models, notes, **{name: constraint_list.pop(name) for name in options.OF_MODELS}
    )
    letters = [set(filter(str.isalpha, vocabulary.characters)) for vocabulary in loaded.blended]
    if letters and all(one.isdisjoint(other) for one, other in combinations(letters, 2)):
        notes(
            "the lists of these models share no letter: each name will be of one of them, next to none of both"
        )
    constraint_list |= read_texts(constraint_list, notes)
    with Display(notes, formats.SEARCHING) as display:
        if most_likely is None:
            batches = loaded.generate_batches(count, on_progress=display, **constraint_list)
        else:
            of_names = {
                name: constraint_list[name] for name in constraint_list if name not in OF_DRAWING
            }
            batches = loaded.most_likely_batches(most_likely, on_progress=display, **of_names)
        if sort is not None and (sort, most_likely is None) not in (
            ("random", True),
            ("likely", False),
        ):
            batches = _sorted(batches, sort, constraint_list["seed"])
        formats.write_names(form, loaded, batches, display)


def _refuse_without_effect(context: click.Context) -> None:
    """The likeliest names are not drawn: what says how to draw is a mistake beside them."""
    values = context.params
    given = [
        name
        for name in DRAWING
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    told = {name: "-n" if name == "count" else option_name(name) for name in given}
    if values["most_likely"] is not None:
        if values["sort"] == "random":
            told.pop("seed", None)  # which deals them
        if told:
            raise click.UsageError(
                f"--most-likely cannot be combined with {', '.join(told.values())}: the most likely names aren't "
                "drawn; leave one of them out."
            )
    elif values["temperature"] == 0 and (
        narrowed := [told[name] for name in ("top_k", "top_p") if name in told]
    ):
        raise click.UsageError(
            f"--temperature 0 cannot be combined with {', '.join(narrowed)}: it always takes the likeliest character; "
            "leave one of them out."
        )


def _sorted(batches: Iterable[NameBatch], order: str, seed: int | None) -> Iterator[NameBatch]:
    """All names as one batch in an order; where fewer are found than asked, those are given before the error."""
    import random

    from namegen.core.generation.name_batch import join_batches
    from namegen.errors import GenerationError

    found: list[NameBatch] = []
    failure: GenerationError | None = None
    try:
        found.extend(batches)
    except GenerationError as error:
        failure = error
    if found:
        batch = join_batches(found)
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
