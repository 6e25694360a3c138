"""Commands, and their help screens: the order of options, and examples. ``namegen --help`` imports this."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, TypeAlias

import click
from click.core import ParameterSource

from namegen import __version__
from namegen.cli.terminal import NARROW, columns
from namegen.threads import limit_threads

HelpRecord: TypeAlias = tuple[str, str]  # an option and its help

# What the docstrings of commands contain as ``{model}`` and so on.
ARGUMENTS = {
    "{model}": "a run folder, a model file, or a built-in model (see `namegen models`). Default: the newest run in "
    "runs/, or taverns if there is none.",
    "{names}": "a file, - for standard input, or a built-in list (see `namegen lists`).",
    "{out}": "the file to write. By default, it's next to the model and has the same name with another extension. For "
    "a built-in model, it's in the current folder.",
}


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


version = click.version_option(__version__, prog_name="namegen", message="%(prog)s %(version)s")
