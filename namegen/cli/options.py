"""Options that several commands share, the types of their values, and the order of options in help screens."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, get_args, get_type_hints

import click
from click.core import ParameterSource

from namegen import __version__
from namegen.cli.terminal import NARROW, QUIET, columns, option_name
from namegen.core.generation.request import GenerationRequest
from namegen.core.settings import About, DataSettings
from namegen.errors import NamegenError, quote
from namegen.files import is_folder
from namegen.threads import limit_threads

Command = TypeVar("Command", bound=Callable[..., object])
HelpRecord: TypeAlias = tuple[str, str]  # an option and its help

MAX_THREADS = 1024
# What the docstrings of commands contain as ``{model}`` and so on.
ARGUMENTS = {
    "{model}": "a run folder, a model file, or a built-in model (see `namegen models`). Default: the newest run in "
    "runs/, or taverns if there is none.",
    "{names}": "a file, - for standard input, or a built-in list (see `namegen lists`).",
    "{out}": "the file to write. By default, it's next to the model and has the same name with another extension. For "
    "a built-in model, it's in the current folder.",
}


# --- commands and their help ------------------------------------------------------------------------------------------

# Help screens show these options last: the options for the output, and the options that every command has.
OUTPUT_PARAMETERS = ("template", "sort", "letter_case", "form", "scores", "plot", "out", "force")
COMMON_PARAMETERS = ("as_json", "quiet")
# A key in a context's meta; if it's set, the help shows every option.
ALL_OPTIONS = "namegen.all_options"
NON_BREAKING_HYPHEN = "\u2011"


class HelpFormatter(click.HelpFormatter):
    """A formatter that doesn't break lines at hyphens. In narrow terminals, descriptions go below the options."""

    def __init__(self, **_: object) -> None:
        super().__init__(width=columns() - 2)

    def write_text(self, text: str) -> None:
        """Write a paragraph."""
        super().write_text(text.replace("-", NON_BREAKING_HYPHEN))

    def write_dl(self, rows: Iterable[HelpRecord], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write options with their descriptions."""
        unbreakable = [(name, text.replace("-", NON_BREAKING_HYPHEN)) for name, text in rows]
        super().write_dl(unbreakable, 4 if columns() < NARROW else col_max, col_spacing)

    def getvalue(self) -> str:
        """Return the help, with normal hyphens."""
        return super().getvalue().replace(NON_BREAKING_HYPHEN, "-")


class Context(click.Context):
    """The context of all commands, whose help fits in narrow terminals."""

    formatter_class = HelpFormatter


class HelpfulCommand(click.Command):
    """A command whose help lists its options in groups: for the task, for the output, and for all commands.

    Args:
        shown: the parameter names of the usual options, if there are many options. Then ``--help`` shows only these,
            and ``--help-all`` shows all options.
        others: lines of the short help that represent many options: the prefix of the options, and a description.
    """

    context_class = Context

    def __init__(
        self,
        *args: Any,
        shown: Collection[str] = (),
        others: Sequence[HelpRecord] = (),
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self.shown = shown
        self.others = others
        help_all = click.Option(
            ["--help-all"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            hidden=not shown,
            help="Show all options and exit.",
            callback=_print_help_all,
        )
        self.params.append(help_all)

    def option_records(self, ctx: click.Context) -> dict[click.Option, HelpRecord]:
        """Return the visible options and their help, in which ``{}`` stands for the backends that are installed."""
        from namegen import backends

        backend_names = ", ".join(backends.engine_paths())
        records = {}
        for option in self.get_params(ctx):
            record = option.get_help_record(ctx)
            if isinstance(option, click.Option) and record is not None:
                usage, text = record
                records[option] = (usage, text.replace("{}", backend_names))
        return records

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the groups of options in order."""
        is_short = bool(self.shown) and not ctx.meta.get(ALL_OPTIONS)
        for_task: list[HelpRecord] = []
        for_output: list[HelpRecord] = []
        for_all: list[HelpRecord] = []
        for option, record in self.option_records(ctx).items():
            if option.is_eager or option.name in COMMON_PARAMETERS:
                for_all.append(record)
            elif is_short and option.name not in self.shown:
                continue
            elif option.name in OUTPUT_PARAMETERS:
                for_output.append(record)
            else:
                for_task.append(record)
        if is_short:
            for_task += self.others
        with formatter.section("Options"):
            formatter.write_dl([*for_task, *for_output, *for_all])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Reject a repeated option that takes one value, because click would only use the last value.

        Numbers can be repeated, because the second one may be meant to replace the first.
        """
        _, _, typed = self.make_parser(ctx).parse_args([*args])
        for param in typed:
            takes_one_value = isinstance(param, click.Option) and not (
                param.is_flag or param.multiple or isinstance(param.type, NUMBER_TYPES)
            )
            if takes_one_value and typed.count(param) > 1 and not ctx.resilient_parsing:
                ctx.fail(f"{param.opts[0]} was passed {typed.count(param)} times: pass it once.")
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command with one thread, unless it sets another number later.

        The number must be set before NumPy is imported, so commands import it inside functions.
        """
        limit_threads(1)
        return super().invoke(ctx)


def typed_parameters(ctx: click.Context) -> list[click.Parameter]:
    """Return the options and arguments that the user typed, so they don't have their default values."""
    return [
        param
        for param in ctx.command.params
        if ctx.get_parameter_source(param.name or "") is ParameterSource.COMMANDLINE
    ]


NUMBER_TYPES = (click.types.IntParamType, click.types.FloatParamType)


def _print_help_all(ctx: click.Context, _: click.Parameter, requested: bool) -> None:
    """Print the help with all options and exit, if the user passed ``--help-all``."""
    if requested and not ctx.resilient_parsing:
        ctx.meta[ALL_OPTIONS] = True
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()


def command(*examples: str, **attributes: Any) -> Callable[[Callable[..., Any]], HelpfulCommand]:
    r"""Create a command whose help ends with examples. ``ARGUMENTS`` are inserted into its docstring.

    Args:
        *examples: command lines. ``\b`` makes click keep their line breaks.
        **attributes: arguments of ``HelpfulCommand``.
    """
    lines = [f"  {example}" for example in examples]
    epilog = "\n".join(["\b", "Examples:", *lines])

    def create(function: Callable[..., Any]) -> HelpfulCommand:
        text = inspect.getdoc(function) or ""
        for placeholder, description in ARGUMENTS.items():
            text = text.replace(placeholder, description)
        return click.command(cls=HelpfulCommand, help=text, epilog=epilog, **attributes)(function)

    return create


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

version = click.version_option(__version__, prog_name="namegen", message="%(prog)s %(version)s")
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
