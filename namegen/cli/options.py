"""Options that several commands share, the types of their values, and the order of options in help screens."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeAlias, TypeVar, get_args, get_type_hints

import click

from namegen import __version__
from namegen.cli.terminal import Notes, option_name
from namegen.core.settings import LETTER_CASES, About, DataSettings
from namegen.errors import NamegenError, quote
from namegen.files import is_folder

Command = TypeVar("Command", bound=Callable[..., object])
HelpRecord: TypeAlias = tuple[str, str]  # an option and its help

MAX_THREADS = 1024
# Help screens show these options last: the options for the output, and the options that every command has.
OUTPUT_PARAMETERS = ("template", "sort", "letter_case", "form", "scores", "plot", "out", "force")
COMMON_PARAMETERS = ("as_json", "notes")


def together(*decorators: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """Combine several options into one decorator that adds them in order."""

    def add(command: Command) -> Command:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return add


# Every command has these options.
common = together(
    click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
    click.option(
        "--quiet",
        "notes",
        is_flag=True,
        callback=lambda _ctx, _parameter, quiet: Notes(quiet),
        help="Print only errors to standard error.",
    ),
    click.version_option(__version__, prog_name="namegen", message="%(prog)s %(version)s"),
)


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
        text = str(value)
        path = Path(text)
        has_ending = path.suffix.lower() in self._endings
        if not text or not (has_ending or is_folder(path, None)):
            expected = " or ".join(self._endings)
            self.fail(f"{quote(text, 200)}: expected a file ending in {expected}", param, ctx)
        return path


class WholeNumber(click.IntRange):
    """A whole number whose bounds are described in words in help texts and messages.

    >>> WholeNumber(1, 1024)._describe_range(), WholeNumber(0)._describe_range()
    ('from 1 to 1,024', 'at least 0')
    """

    def __init__(self, least: int, most: int | None = None) -> None:
        super().__init__(least, most)
        self.least = least
        self.most = most

    def _describe_range(self) -> str:  # click also shows this in the help
        if self.most is None:
            return f"at least {self.least:,}"
        return f"from {self.least:,} to {self.most:,}"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Convert the string, and check the bounds."""
        number = _whole_number(str(value))
        if number is not None and self._includes(number):
            return number
        bounds = self._describe_range()
        if self.most is None:
            bounds = f"of {bounds}"
        self.fail(f"{quote(str(value))}: expected a whole number {bounds}.", param, ctx)

    def _includes(self, number: int) -> bool:
        """Return whether a number is within the bounds."""
        is_small_enough = self.most is None or number <= self.most
        return number >= self.least and is_small_enough


def _whole_number(text: str) -> int | None:
    """Return the number in a string, or None if it isn't a whole number or has too many digits for Python."""
    try:
        return int(text)
    except ValueError:
        return None


def converter(convert: Callable[[str], object], expected: str) -> Callable[[str], object]:
    """Wrap a function that converts an option's value, so that its ValueError becomes a message for the user.

    Args:
        convert: the function.
        expected: a description of the valid values for the message.
    """

    def checked(text: str) -> object:
        try:
            return convert(text)
        except ValueError:
            raise click.BadParameter(f"{text[:40]!r}: expected {expected}") from None

    return checked


def comma_separated(convert: Callable[[str], object], expected: str) -> Callable[[str], object]:
    """Return a converter for values separated by commas, such as ``0.6,0.4``."""
    return converter(lambda text: tuple(map(convert, text.split(","))), expected)


# --- commands and their help ------------------------------------------------------------------------------------------

# A key in a context's meta. If it's set, the help lists only namegen's own backends, so it's the same on every machine.
OUR_ENGINES_ALONE = "namegen.our_engines_alone"
# A key in a context's meta; if it's set, the help shows every option.
ALL_OPTIONS = "namegen.all_options"


def command(*examples: str, **attributes: Any) -> Callable[[Callable[..., Any]], click.Command]:
    r"""Create a command whose help ends with examples.

    Args:
        *examples: command lines. ``\b`` makes click keep their line breaks.
        **attributes: arguments of ``click.command``.
    """
    lines = [f"  {example}" for example in examples]
    epilog = "\n".join(["\b", "Examples:", *lines])
    return click.command(epilog=epilog, **{"cls": OrderedHelp, **attributes})


def backend_names(ctx: click.Context) -> Iterable[str]:
    """Return the names of the registered backends, including third-party ones, without importing them."""
    from namegen.backends import ENGINES, engine_paths

    return ENGINES if ctx.meta.get(OUR_ENGINES_ALONE) else engine_paths()


class BackendOption(click.Option):
    """An option whose help contains ``{}`` instead of the backends, which are looked up when the help is printed."""

    def get_help_record(self, ctx: click.Context) -> HelpRecord | None:
        """Return the option and its help."""
        help_record = super().get_help_record(ctx)
        if help_record is None:
            return None
        names, text = help_record
        return names, text.replace("{}", ", ".join(backend_names(ctx)))


class OrderedHelp(click.Command):
    """A command whose help lists its options in groups: for the task, for the output, and for all commands."""

    has_short_help: ClassVar[bool] = False  # whether ``--help-all`` differs from ``--help``

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.params.append(_help_all_option(hidden=not self.has_short_help))

    def listed_options(self, ctx: click.Context) -> Sequence[click.Option]:
        """Return the options that the help lists."""
        return [param for param in self.get_params(ctx) if isinstance(param, click.Option)]

    def summaries(self, ctx: click.Context) -> Sequence[HelpRecord]:
        """Return summary lines, each of which represents many options for the task."""
        return ()

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the groups of options in order."""
        listed = self.listed_options(ctx)
        common_options = [option for option in listed if _is_common(option)]
        for_output = [option for option in listed if option.name in OUTPUT_PARAMETERS]
        for_task = [option for option in listed if option not in (*for_output, *common_options)]
        rows = [
            *_help_records(ctx, for_task),
            *self.summaries(ctx),
            *_help_records(ctx, for_output),
            *_help_records(ctx, common_options),
        ]
        with formatter.section("Options"):
            formatter.write_dl(rows)


def _is_common(param: click.Option) -> bool:
    """Return whether every command has the option. Eager options, such as ``--help``, print something and exit."""
    return param.is_eager or param.name in COMMON_PARAMETERS


def _help_records(ctx: click.Context, params: Iterable[click.Option]) -> list[HelpRecord]:
    """Return the options with their help, skipping hidden options."""
    records = [param.get_help_record(ctx) for param in params]
    return [record for record in records if record is not None]


class ShortHelp(OrderedHelp):
    """A command with many options: ``--help`` shows the usual options, and ``--help-all`` shows all of them.

    Args:
        shown: the parameter names of the usual options.
        others: lines of the short help that represent many options: the prefix of the options, and a description.
    """

    has_short_help = True

    def __init__(
        self,
        *args: Any,
        shown: Collection[str],
        others: Sequence[HelpRecord] = (),
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self._shown = shown
        self.others = others

    def listed_options(self, ctx: click.Context) -> Sequence[click.Option]:
        """Return the usual options, or all of them after ``--help-all``."""
        listed = super().listed_options(ctx)
        if ctx.meta.get(ALL_OPTIONS):
            return listed
        return [option for option in listed if option.name in self._shown or _is_common(option)]

    def summaries(self, ctx: click.Context) -> Sequence[HelpRecord]:
        """Return a line for each group of options that the short help doesn't show."""
        return () if ctx.meta.get(ALL_OPTIONS) else self.others


def _help_all_option(*, hidden: bool) -> click.Option:
    """Create the option ``--help-all``. It's hidden if it would show the same as ``--help``."""
    return click.Option(
        ["--help-all"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        hidden=hidden,
        help="Show all options and exit.",
        callback=_print_help_all,
    )


def _print_help_all(ctx: click.Context, _: click.Parameter, requested: bool) -> None:
    """Print the help with all options and exit, if the user passed ``--help-all``."""
    if requested and not ctx.resilient_parsing:
        ctx.meta[ALL_OPTIONS] = True
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()


class ListsBackends(OrderedHelp):
    """A command that runs every backend, and whose help ends with a list of all backends."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, followed by the backends."""
        super().format_epilog(ctx, formatter)
        formatter.write_paragraph()
        formatter.write_text(f"Backends: {', '.join(backend_names(ctx))}.")


# --- options of settings ----------------------------------------------------------------------------------------------


def setting_option(
    settings: type[object], name: str, convert: Callable[[str], object] | None = None
) -> Callable[[Command], Command]:
    """Create an option from the declaration of a setting.

    Args:
        settings: the dataclass that declares the setting.
        name: the name of the setting's field.
        convert: converts the string to a value. It's only needed if click has no such type.
    """
    about = About.of(settings, name)
    setting_type = get_type_hints(settings)[name]
    default = getattr(settings(), name)
    option = option_name(name)
    if setting_type is bool:
        return _switch(option, name, about, default=default)
    text = _help(about, default)
    if about.choices:
        return click.option(option, name, type=click.Choice(about.choices), help=text)
    return click.option(
        option,
        name,
        type=convert or _number_type(setting_type) or str,
        metavar=about.metavar,
        help=text,
        cls=BackendOption,
    )


def _switch(option: str, name: str, about: About, *, default: bool) -> Callable[[Command], Command]:
    """Create a pair of options, such as ``--quick`` and ``--no-quick``. The value is None if neither is passed."""
    negated = option.replace("--", "--no-", 1)
    text = _help(about, default=option if default else negated)
    return click.option(f"{option}/{negated}", name, default=None, help=text)


def _help(about: About, default: object) -> str:
    """Return the help of an option, with its default. Other settings are mentioned by their option names."""
    text = about.help
    if about.default:
        text += f"  [default: {about.default}]"
    elif default not in (None, (), {}):
        text += f"  [default: {default}]"
    return NamegenError(text).message_with(option_name)


def _number_type(setting_type: Any) -> type[int] | type[float] | None:
    """Return int or float if a setting is a number, which may be optional. Return None for other types."""
    types = (setting_type, *get_args(setting_type))  # such as int | None, int, NoneType
    if int in types:
        return int
    return float if float in types else None


# --- shared options ---------------------------------------------------------------------------------------------------


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
letter_case = click.option(
    "--case",
    "letter_case",
    type=click.Choice(LETTER_CASES),
    help="The letter case of the generated names.  [default: title for companies, original for other names]",
)
allow_profanity = click.option(
    "--allow-profanity",
    is_flag=True,
    help="Allow names that contain profanity.",
)
seed = click.option(
    "--seed",
    type=WholeNumber(0),
    metavar="N",
    help="The random seed. The same seed gives the same names.",
)
temperature = click.option(
    "--temperature",
    type=float,
    metavar="T",
    help="The sampling temperature. Below 1, names are more typical. Above 1, they are more varied.  [default: 1]",
)
unfiltered = click.option(
    "--unfiltered",
    is_flag=True,
    help="Sample from the model's own distribution. Without this option, namegen only returns new names with scores "
    "in the top 1%.",
)
backend = click.option(
    "--backend",
    cls=BackendOption,
    metavar="NAME",
    help="The backend that runs the model: {}.  [default: numpy, or the first one that supports the model]",
)
threads = click.option(
    "--threads",
    type=WholeNumber(1, MAX_THREADS),
    default=1,
    show_default=True,
    metavar="N",
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
        metavar="N",
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
