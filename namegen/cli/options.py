"""Options that several commands share, and the words in which they are explained."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from namegen import __version__
from namegen.core.settings import LETTER_CASES
from namegen.errors import quote
from namegen.files import is_folder

Command = TypeVar("Command", bound=Callable[..., object])

MODEL = "a run folder, a checkpoint or a shipped model's name; left out, the newest run under runs/, else mlb-first"
NAMES = "a file, - for standard input, or a bundled list's name; left out, mlb-first"
MOST_THREADS = 1024


def common(command: Command) -> Command:
    """``--json``, ``--quiet`` and ``--version``, which every command has."""
    for option in (
        click.version_option(__version__, prog_name="namegen", message="%(prog)s %(version)s"),
        click.option("--quiet", is_flag=True, help="Print nothing but errors to standard error."),
        click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
    ):
        command = option(command)
    return command


class OutFile(click.ParamType):  # type: ignore[type-arg]  # generic in later versions of click alone
    """A file to write, by its endings: so no other file is written over, and no ending promises what is not in it."""

    name = "file"

    def __init__(self, *endings: str) -> None:
        self._endings = endings

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Read what was typed; whether it can be written there is found out by whoever writes."""
        path = Path(cast(str, value))  # which is what click gives
        if not str(value) or not (path.suffix.lower() in self._endings or is_folder(path, None)):
            self.fail(
                f"{quote(str(value), 200)}: expected a file that ends in {' or '.join(self._endings)}", param, ctx
            )
        return path


def examples(*lines: str) -> str:
    """The end of a command's help: lines that work as they stand, kept as they are by click's mark."""
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines)))


class Whole(click.IntRange):
    """A whole number within bounds that are told in words, in the help and in messages.

    >>> Whole(1, 1024).in_words, Whole(0).in_words
    ('from 1 to 1,024', 'at least 0')
    """

    def __init__(self, least: int, most: int | None = None) -> None:
        super().__init__(least, most)
        self._least, self._most = least, most

    @property
    def in_words(self) -> str:
        """The bounds."""
        return f"at least {self._least:,}" if self._most is None else f"from {self._least:,} to {self._most:,}"

    def _describe_range(self) -> str:  # what click shows in the help
        return self.in_words

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read what was typed."""
        with suppress(ValueError):  # no number, or one of too many digits
            number = int(cast(str, value))
            if self._least <= number and (self._most is None or number <= self._most):
                return number
        of = "of " if self._most is None else ""
        self.fail(f"{quote(str(value))}: expected a whole number {of}{self.in_words}.", param, ctx)


OUR_ENGINES_ALONE = "namegen.our_engines_alone"  # in a context's meta: help that is the same on every machine


def engines_in_help(ctx: click.Context) -> str:
    """The engines that are registered now, third parties' included; none of them is imported."""
    from namegen.backends import ENGINES, engine_paths

    return ", ".join(ENGINES if ctx.meta.get(OUR_ENGINES_ALONE) else engine_paths())


class FilledOption(click.Option):
    """An option whose help names what there is now, where ``{}`` stands: it is looked up when help is asked for."""

    def __init__(self, *args: Any, fill: Callable[[click.Context], str], **more: Any) -> None:
        super().__init__(*args, **more)
        self._fill = fill

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The option, and what it does."""
        record = super().get_help_record(ctx)
        return record and (record[0], record[1].replace("{}", self._fill(ctx)))


class OfEveryEngine(click.Command):
    """A command that runs every engine: its help ends with those that are registered."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The engines, after all options."""
        super().format_epilog(ctx, formatter)
        formatter.write_paragraph()
        formatter.write_text(f"Engines: {engines_in_help(ctx)}.")


def weights(text: str) -> tuple[float, ...]:
    """``0.6,0.4``: whether they sum to 1 is checked with the models."""
    try:
        return tuple(map(float, text.split(",")))
    except ValueError:
        raise click.BadParameter(f"{text[:40]!r}: expected a weight for each model, such as 0.6,0.4") from None


blend = click.option(
    "--blend",
    type=weights,
    metavar="W,W,...",
    help="The weight of each model in a blend; the weights sum to 1.  [default: equal weights]",
)
also = click.option(
    "--with",
    "also",
    multiple=True,
    metavar="MODEL",
    help="Blend this model with the first one; repeat the option for more models.",
)
letter_case = click.option(
    "--case",
    "letter_case",
    type=click.Choice(LETTER_CASES),
    default=LETTER_CASES[0],
    show_default=True,
    help="The letter case to write the names in.",
)
backend = click.option(
    "--backend",
    cls=FilledOption,
    fill=engines_in_help,
    metavar="NAME",
    help="The engine that runs the model: {}.  [default: numpy, or one that can read the model]",
)
threads = click.option(
    "--threads",
    type=Whole(1, MOST_THREADS),
    default=1,
    show_default=True,
    metavar="N",
    help="The number of processor threads for the engine.",
)
column = click.option(
    "--column", metavar="NAME", help="The CSV column that has the names: its title, or its number counted from 1."
)
label_column = click.option(
    "--label-column",
    metavar="NAME",
    help="The CSV column that has a label for each name, such as its origin; '' for no labels.  [default: that of a "
    "bundled list, if it has one]",
)
label = click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="LABEL",
    help="Use only this label, such as Finnish; repeat the option for several.  [default: all labels, as often as in "
    "the list]",
)
max_name_length = click.option(
    "--max-name-length",
    type=Whole(1),
    metavar="N",
    help="Refuse a list that has a name of more than N characters.  [default: 1000]",
)
