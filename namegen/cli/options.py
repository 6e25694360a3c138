"""Options that several commands share, and the types of their values."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

import click

from namegen.cli.commands import version
from namegen.cli.terminal import QUIET, option_name
from namegen.core.generation.request import GenerationRequest
from namegen.core.settings import About, DataSettings
from namegen.errors import NamegenError, quote
from namegen.files import is_folder

Command = TypeVar("Command", bound=Callable[..., object])

MAX_THREADS = 1024


def together(*decorators: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """Combine several options into one decorator that adds them in order."""

    def add(command: Command) -> Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return add


# --- types of values --------------------------------------------------------------------------------------------------


class OutFile(click.ParamType):  # type: ignore[type-arg]  # generic only in later versions of click
    """An output file. Its extension must match its contents, so that a typo doesn't overwrite another file.

    Args:
        endings: the allowed extensions in lower case, such as ``.csv``.
    """

    name = "file"

    def __init__(self, *endings: str) -> None:
        self._endings = endings

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path:
        """Check the extension. The command itself checks whether the file can be written."""
        path = Path(str(value))
        if path.suffix.lower() not in self._endings and not (value and is_folder(path, None)):
            expected = " or ".join(self._endings)
            self.fail(f"{quote(str(value), 200)}: expected a file ending in {expected}", param, ctx)
        return path


class WholeNumber(click.IntRange):
    """A whole number whose bounds are described in words in help texts and messages."""

    name = "whole number"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Return what stands for the value in the help."""
        return "N"

    def _describe_range(self) -> str:
        if self.max is None:
            return f"at least {self.min:,}"
        return f"from {self.min:,} to {self.max:,}"


def comma_separated(convert: Callable[[str], object], expected: str) -> Callable[[str], object]:
    """Return a converter for values separated by commas, such as ``0.6,0.4``.

    Args:
        convert: converts one value, or raises ValueError.
        expected: a description of the valid values for the message.
    """

    def convert_all(text: str) -> object:
        try:
            return tuple(map(convert, text.split(",")))
        except ValueError:
            raise click.BadParameter(f"{text[:40]!r}: expected {expected}") from None

    return convert_all


def setting_option(
    settings: type[object],
    name: str,
    convert: Callable[[str], object] | None = None,
    *,
    names: str = "names",
    prefix: str = "",
) -> Callable[[Command], Command]:
    """Create an option from the declaration of a setting. Its value is None or False if the option isn't passed.

    Args:
        settings: the dataclass that declares the setting, such as ``GenerationRequest``.
        name: the name of the setting's field.
        convert: converts the string to a value. It's only needed if click has no such type.
        names: a phrase for the names that the option is about, such as ``given names``.
        prefix: the prefix of options for one part of a whole name, such as ``given_``.
    """
    about = About.of(settings, name)
    setting_type = get_type_hints(settings)[name]
    types = (setting_type, *get_args(setting_type))  # such as int | None, int, NoneType
    default = about.default or getattr(settings(), name)
    option = option_name(prefix + name)
    attributes: dict[str, Any]
    if setting_type is bool and settings is GenerationRequest:
        attributes = {"is_flag": True}
        default = None
    elif setting_type is bool:
        negated = option.replace("--", "--no-", 1)
        default = option if default else negated
        option = f"{option}/{negated}"
        attributes = {"default": None}
    elif about.choices:
        attributes = {"type": click.Choice(about.choices)}
    else:
        number_type = next((number for number in (int, float) if number in types), str)
        attributes = {"type": convert or number_type, "metavar": about.metavar}
    text = about.help.replace("only names", f"only {names}")
    if default not in (None, "", (), {}):
        text += f"  [default: {default}]"
    # Mention other settings by their options.
    text = NamegenError(text).message_with(lambda other, value: option_name(prefix + other, value))
    return click.option(option, prefix + name, help=text, **attributes)


request_option = partial(setting_option, GenerationRequest)


# --- shared options ---------------------------------------------------------------------------------------------------

force = click.option("--force", is_flag=True, help="Overwrite the file if it exists.")


def _remember_quiet(ctx: click.Context, _: click.Parameter, quiet: bool) -> None:
    """Store ``--quiet`` where ``terminal.note`` finds it."""
    ctx.meta[QUIET] = quiet


# Every command has these options.
common = together(
    click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
    click.option(
        "--quiet",
        is_flag=True,
        expose_value=False,
        callback=_remember_quiet,
        help="Print only errors to standard error.",
    ),
    version,
)
blend_weights = click.option(
    "--blend-weights",
    type=comma_separated(float, "a weight for each model, such as 0.6,0.4"),
    metavar="W,W,...",
    help="The weight of each model in a blend. The weights must add up to 1.  [default: equal weights]",
)
more_models = click.option(
    "--with",
    "more_models",
    multiple=True,
    metavar="MODEL",
    help="Blend this model with the first one. Repeat the option for more models.",
)
backend = click.option(
    "--backend",
    metavar="NAME",
    help="The backend that runs the model: {}.  [default: numpy, or the first one that supports the model]",
)
threads = click.option(
    "--threads",
    type=WholeNumber(1, MAX_THREADS),
    default=1,
    show_default=True,
    help="The number of CPU threads for the backend, at most one per core.",
)
label_column = setting_option(DataSettings, "label_column")
label = click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="LABEL",
    help="Use only names with this label, such as Finnish. If labels have several parts, pass one part or more, such "
    "as female or Finnish,female. Repeat the option for more labels.  [default: all labels, as often as in the list]",
)


def count_option(
    things: str, *, most: int = 1_000_000, default: int = 25
) -> Callable[[Command], Command]:
    """Create the option ``-n``, the number of ``things`` to generate."""
    return click.option(
        "-n",
        "count",
        type=WholeNumber(1, most),
        default=default,
        show_default=True,
        help=f"How many {things} to generate.",
    )


# Options for loading MODEL. They are the parameters of ``open_blend``.
model_options = together(label, blend_weights, backend, threads)
MODEL_OPTIONS = ("labels", "blend_weights", "backend", "threads")
# Options for reading NAMES. They are the parameters of ``open_list``.
list_options = together(
    setting_option(DataSettings, "column"),
    label_column,
    setting_option(DataSettings, "max_name_length"),
)
