"""Options that several commands share, and how the arguments MODEL and NAMES become a model and a list.

NumPy must be imported after the number of its threads is set, so functions import the modules that use it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast, get_args, get_type_hints

import click

from namegen import __version__
from namegen.cli.display import Display
from namegen.cli.terminal import Notes, option_name, printable
from namegen.core.settings import LETTER_CASES, About, DataSettings
from namegen.errors import NamegenError, quote
from namegen.files import is_folder, is_taken
from namegen.models import SHIPPED
from namegen.threads import limit_threads

if TYPE_CHECKING:
    from namegen.api import LoadedModel
    from namegen.core.data.corpus import Corpus

Command = TypeVar("Command", bound=Callable[..., object])

MAX_THREADS = 1024
OUTPUT_OPTIONS = ("template", "letter_case", "form", "out")  # by parameter name


def together(*decorators: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """Combine several options into one decorator that adds them in this order."""

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
    """A file to write. Its ending must match its contents, so that a typo doesn't overwrite another file.

    Args:
        endings: the allowed endings, in lower case, such as ``.csv``.
    """

    name = "file"

    def __init__(self, *endings: str) -> None:
        self._endings = endings

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path:
        """Check the ending. The command itself checks whether the file can be written."""
        text = str(value)
        path = Path(text)
        has_ending = path.suffix.lower() in self._endings
        if not text or not (has_ending or is_folder(path, None)):
            expected = " or ".join(self._endings)
            self.fail(f"{quote(text, 200)}: expected a file ending in {expected}", param, ctx)
        return path


class WholeNumber(click.IntRange):
    """A whole number whose bounds are described in words, in the help and in messages.

    >>> WholeNumber(1, 1024)._describe_range(), WholeNumber(0)._describe_range()
    ('from 1 to 1,024', 'at least 0')
    """

    def _describe_range(self) -> str:  # click also shows this in the help
        if self.max is None:
            return f"at least {self.min:,}"
        return f"from {self.min:,} to {self.max:,}"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Convert the text, and check the bounds."""
        with suppress(ValueError):  # it isn't a number, or it has too many digits
            number = int(cast(str, value))
            if cast(int, self.min) <= number and (self.max is None or number <= self.max):
                return number
        bounds = self._describe_range()
        if self.max is None:
            bounds = f"of {bounds}"
        self.fail(f"{quote(str(value))}: expected a whole number {bounds}.", param, ctx)


def converter(convert: Callable[[str], object], expected: str) -> Callable[[str], object]:
    """Wrap ``convert`` so that a value it can't read is reported together with the ``expected`` form."""

    def checked(text: str) -> object:
        try:
            return convert(text)
        except ValueError:
            raise click.BadParameter(f"{text[:40]!r}: expected {expected}") from None

    return checked


def comma_separated(convert: Callable[[str], object], expected: str) -> Callable[[str], object]:
    """A converter for values separated by commas, such as ``0.6,0.4``."""
    return converter(lambda text: tuple(map(convert, text.split(","))), expected)


# --- commands and their help ------------------------------------------------------------------------------------------


def command(*examples: str, **more: Any) -> Callable[[Callable[..., Any]], click.Command]:
    r"""Make a command whose help ends with examples; ``\b`` makes click keep their line breaks."""
    epilog = "\n".join(("\b", "Examples:", *(f"  {line}" for line in examples)))
    return click.command(epilog=epilog, **more)


# A key of a context's meta: the help lists only namegen's own backends, so it's the same on every machine.
OUR_ENGINES_ALONE = "namegen.our_engines_alone"
ALL_OPTIONS = "namegen.all_options"  # a key of a context's meta: the help shows every option


def backend_names(ctx: click.Context) -> Iterable[str]:
    """The registered backends, including third-party ones. It doesn't import them."""
    from namegen.backends import ENGINES, engine_paths

    return ENGINES if ctx.meta.get(OUR_ENGINES_ALONE) else engine_paths()


class BackendOption(click.Option):
    """An option whose help has ``{}`` in place of the backends; they are looked up when the help is printed."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The option and its help."""
        help_record = super().get_help_record(ctx)
        if help_record is None:
            return None
        names, text = help_record
        return names, text.replace("{}", ", ".join(backend_names(ctx)))


class ShortHelp(click.Command):
    """A command with many options: ``--help`` shows the usual options, and ``--help-all`` shows all of them.

    Args:
        shown: the usual options, by parameter name.
        others: lines of the short help that stand for many options: how these begin, and what they do.
    """

    def __init__(
        self,
        *args: Any,
        shown: Collection[str],
        others: Sequence[tuple[str, str]] = (),
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self._shown = shown
        self.others = others
        help_all = click.Option(
            ["--help-all"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            help="Show all options and exit.",
            callback=_print_help_all,
        )
        self.params.append(help_all)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the usual options, or all of them after ``--help-all``."""
        if ctx.meta.get(ALL_OPTIONS):
            super().format_options(ctx, formatter)
            return
        task: list[tuple[str, str]] = []
        output: list[tuple[str, str]] = []
        shared: list[tuple[str, str]] = []
        for param in self.get_params(ctx):
            help_record = param.get_help_record(ctx)
            if help_record is None:
                continue
            if param.name in self._shown:
                if param.name in OUTPUT_OPTIONS:
                    output.append(help_record)
                else:
                    task.append(help_record)
            if param.is_eager or param.name in ("as_json", "notes"):
                shared.append(help_record)
        with formatter.section("Options"):
            formatter.write_dl([*task, *self.others, *output, *shared])


def _print_help_all(ctx: click.Context, _: click.Parameter, requested: bool) -> None:
    if requested and not ctx.resilient_parsing:
        ctx.meta[ALL_OPTIONS] = True
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()


class ListsBackends(click.Command):
    """A command that runs every backend; its help ends with a list of them."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, then the backends."""
        super().format_epilog(ctx, formatter)
        formatter.write_paragraph()
        formatter.write_text(f"Backends: {', '.join(backend_names(ctx))}.")


def setting_option(
    settings: type[object], name: str, convert: Callable[[str], object] | None = None
) -> Callable[[Command], Command]:
    """Make an option of a setting from its declaration.

    Args:
        settings: the dataclass that declares the setting.
        name: the name of its field.
        convert: makes a value of the text, if click has no such type.
    """
    about = About.of(settings, name)
    hint = get_type_hints(settings)[name]
    default = getattr(settings(), name)
    option = option_name(name)
    if hint is bool:
        negated = f"--no-{option[2:]}"
        text = f"{about.help}  [default: {option if default else negated}]"
        return click.option(f"{option}/{negated}", name, default=None, help=text)
    default_text = about.default
    if not default_text and default not in (None, (), {}):
        default_text = str(default)
    text = about.help
    if default_text:
        text = f"{text}  [default: {default_text}]"
    text = NamegenError(text).told(option_name)  # settings get the names of their options
    if about.choices:
        return click.option(option, name, type=click.Choice(about.choices), help=text)
    return click.option(
        option,
        name,
        type=convert or _number_type(hint) or str,
        metavar=about.metavar,
        help=text,
        cls=BackendOption,
    )


def _number_type(hint: Any) -> type[int] | type[float] | None:
    """The type of a setting that is a number or None."""
    types = (hint, *get_args(hint))
    if int in types:
        return int
    return float if float in types else None


# --- shared options ---------------------------------------------------------------------------------------------------


blend_weights = click.option(
    "--blend-weights",
    type=comma_separated(float, "a weight for each model, such as 0.6,0.4"),
    metavar="W,W,...",
    help="The weight of each model in a blend; the weights must add up to 1.  [default: equal weights]",
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
    help="The letter case of the names.  [default: title for companies, original for other names]",
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
    help="The sampling temperature: below 1, names are more typical; above 1, more varied.  [default: 1]",
)
unfiltered = click.option(
    "--unfiltered",
    is_flag=True,
    help="Draw from the model's own distribution. Without this option, namegen returns a new name only if its score is "
    "in the top 1%.",
)
backend = click.option(
    "--backend",
    cls=BackendOption,
    metavar="NAME",
    help="The backend that runs the model: {}.  [default: numpy, or the first that can read the model]",
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
    help="Use only this label, such as Finnish. If labels have several parts, pass one part or more: female, or "
    "Finnish,female. Repeat the option for more labels.  [default: all labels, as often as in the list]",
)


def count_option(
    things: str, *, most: int = 1_000_000, default: int = 25
) -> Callable[[Command], Command]:
    """Make the option ``-n``, the number of ``things`` to generate."""
    return click.option(
        "-n",
        "count",
        type=WholeNumber(1, most),
        default=default,
        show_default=True,
        metavar="N",
        help=f"How many {things} to generate.",
    )


# How to load MODEL: the parameters of ``open_blend``.
model_options = together(label, blend_weights, backend, threads)
MODEL_OPTIONS = ("labels", "blend_weights", "backend", "threads")
# How to read NAMES: the parameters of ``open_list``.
list_options = together(
    setting_option(DataSettings, "column"),
    label_column,
    setting_option(DataSettings, "max_name_length"),
)


# --- models and lists -------------------------------------------------------------------------------------------------


def note_same_name(name: str | None, thing: str, notes: Notes) -> None:
    """Print a note if a built-in model, list or config has the same name as a file or folder here.

    Args:
        name: the name that the user typed; None if there is none.
        thing: ``model``, ``list`` or ``config``.
        notes: prints the note.
    """
    from namegen.bundled_configs import bundled_configs
    from namegen.lists import BUNDLED

    built_in: Container[str]
    if thing == "model":
        built_in = SHIPPED
    elif thing == "list":
        built_in = BUNDLED
    else:
        built_in = bundled_configs()
    if name is not None and name in built_in and is_taken(name):
        file = "folder" if is_folder(name, None) else "file"
        notes(
            f"{name} is namegen's built-in {thing}; to use the {file} of that name, pass ./{name}"
        )


def note_shadowed_backends(notes: Notes) -> None:
    """Print a note for each third-party backend that isn't used because a built-in backend has its name."""
    from namegen.backends import shadowed

    for sentence in shadowed():
        notes(sentence)


def open_model(
    model: str | None, notes: Notes, *, backend: str | None = None, threads: int = 1
) -> LoadedModel:
    """Load MODEL. Raises CheckpointError, EngineError."""
    limit_threads(threads)
    import namegen.api as api

    note_same_name(model, "model", notes)
    with Display(notes, f"opening {model or 'a model'}"):
        loaded = api.load(model, backend=backend, threads=threads)
    if model is None:
        hint = " (`namegen models` lists the others)" if loaded.name in SHIPPED else ""
        notes(f"model: {printable(loaded.name)}{hint}")
    return loaded


def open_blend(
    models: Sequence[str | None],
    notes: Notes,
    *,
    blend_weights: Sequence[float] | None,
    labels: Sequence[str],
    backend: str | None,
    threads: int,
) -> LoadedModel:
    """Load MODEL, or a blend of several models, for names with some labels.

    Raises:
        CheckpointError: a model can't be read.
        EngineError: the backend can't run it.
        SettingsError: the weights or labels don't fit the models.
    """
    if blend_weights is not None and len(models) < 2:
        raise click.UsageError(
            "--blend-weights needs two models or more: name another model, or remove the option."
        )
    loaded = [
        open_model(model, notes, backend=backend, threads=threads) for model in models or (None,)
    ]
    is_single = len(loaded) == 1
    have_labels = any(model.labels for model in loaded)
    if is_single or have_labels:
        loaded = [
            model.for_labels(*labels) if is_single or model.labels else model for model in loaded
        ]
    elif labels:
        raise click.UsageError(
            "--label needs a model with labels, and these models have none: remove it, or use a model such as "
            "world-given."
        )
    if backend is not None and all(model.checkpoint is None for model in loaded):
        raise click.UsageError(
            f"--backend has no effect on {loaded[0].name}, because LiteRT runs .tflite files: remove the option."
        )
    import namegen.api as api

    return loaded[0] if is_single else api.blend(loaded, blend_weights)


def open_list(
    names: str | None, notes: Notes, *, default: DataSettings | None = None, **how: Any
) -> Corpus:
    """Read NAMES, or a default list. Raises NamesError.

    Args:
        names: the argument; None if it's missing.
        notes: prints what was dropped from the list.
        default: the list to read if ``names`` is None; without it, the default list is read, and a note names it.
        how: the values of ``list_options``; None if an option isn't used.
    """
    limit_threads(1)
    settings = default or DataSettings()
    if names is None and default is None:
        notes(f"names: {settings.names}")
    values = {"names": names, **how}
    changed = {name: value for name, value in values.items() if value is not None}
    return read_list(replace(settings, **changed), notes)


def read_list(settings: DataSettings, notes: Notes) -> Corpus:
    """Read a list, and print what was dropped from it. Raises NamesError."""
    from namegen.lists import read_names

    note_same_name(settings.names, "list", notes)
    with Display(notes, f"reading {settings.names}"):
        corpus = read_names(settings)
    notes(corpus.dropped_sentence())
    notes(corpus.alike_labels_sentence())
    return corpus
