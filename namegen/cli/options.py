"""Options that several commands share, and from the arguments MODEL and NAMES to a model and a list.

NumPy is loaded in the second part and no earlier, after its threads are set.
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


def together(*added: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """Several options as one decorator, in this order."""

    def add(command: Command) -> Command:
        for option in reversed(added):
            command = option(command)
        return command

    return add


# Every command has these.
common = together(
    click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
    click.option(
        "--quiet",
        "notes",
        is_flag=True,
        callback=lambda _ctx, _parameter, quiet: Notes(quiet),
        help="Print nothing but errors to standard error.",
    ),
    click.version_option(__version__, prog_name="namegen", message="%(prog)s %(version)s"),
)


class OutFile(click.ParamType):  # type: ignore[type-arg]  # generic in later versions of click alone
    """A file to write, by its endings: so no other file is written over, and no ending promises what is not in it."""

    name = "file"

    def __init__(self, *endings: str) -> None:
        self._endings = endings

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path:
        """Read what was typed; whether it can be written there is found out by whoever writes."""
        path = Path(cast(str, value))  # which is what click gives
        if not str(value) or not (path.suffix.lower() in self._endings or is_folder(path, None)):
            self.fail(
                f"{quote(str(value), 200)}: expected a file ending in {' or '.join(self._endings)}",
                param,
                ctx,
            )
        return path


def command(*examples: str, **more: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """A command whose help ends with examples: lines that work as they stand, kept as they are by click's mark."""
    epilog = "\n".join(("\b", "Examples:", *(f"  {line}" for line in examples)))
    return click.command(epilog=epilog, **more)


class Whole(click.IntRange):
    """A whole number within bounds that are told in words, in the help and in messages.

    >>> Whole(1, 1024)._describe_range(), Whole(0)._describe_range()
    ('from 1 to 1,024', 'at least 0')
    """

    def _describe_range(self) -> str:  # what click shows in the help, too
        return (
            f"at least {self.min:,}" if self.max is None else f"from {self.min:,} to {self.max:,}"
        )

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Read what was typed."""
        with suppress(ValueError):  # no number, or one of too many digits
            number = int(cast(str, value))
            if cast(int, self.min) <= number and (self.max is None or number <= self.max):
                return number
        of = "of " if self.max is None else ""
        self.fail(
            f"{quote(str(value))}: expected a whole number {of}{self._describe_range()}.",
            param,
            ctx,
        )


OUR_ENGINES_ALONE = (
    "namegen.our_engines_alone"  # in a context's meta: help that is the same on every machine
)


def engines_in_help(ctx: click.Context) -> Iterable[str]:
    """The engines that are registered now, third parties' included; none of them is imported."""
    from namegen.backends import ENGINES, engine_paths

    return ENGINES if ctx.meta.get(OUR_ENGINES_ALONE) else engine_paths()


def filled_by(choices: Callable[[click.Context], Iterable[str]]) -> type[click.Option]:
    """An option whose help says what there is, where ``{}`` stands: that is looked up when help is asked for."""

    class Filled(click.Option):
        def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
            record = super().get_help_record(ctx)
            return record and (record[0], record[1].replace("{}", ", ".join(choices(ctx))))

    return Filled


ALL_OPTIONS = "namegen.all_options"  # in a context's meta: help that leaves no option out


class ShortHelp(click.Command):
    """A command with many options: ``--help`` shows those that most people use, and ``--help-all`` every one.

    Args:
        shown: which of its parameters most people use, by name.
        others: lines of the short help for many options at once: how they begin, and what they are.
    """

    def __init__(
        self,
        *args: Any,
        shown: Collection[str],
        others: Sequence[tuple[str, str]] = (),
        **more: Any,
    ) -> None:
        super().__init__(*args, **more)
        self._shown, self.others = shown, others
        text = "Show all options and exit."
        self.params.append(
            click.Option(
                ["--help-all"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                help=text,
                callback=_help_all,
            )
        )

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options, or some of them."""
        if ctx.meta.get(ALL_OPTIONS):
            super().format_options(ctx, formatter)
            return
        found = [
            (one, record) for one in self.get_params(ctx) if (record := one.get_help_record(ctx))
        ]
        shown = [record for one, record in found if one.name in self._shown]
        common = [
            record for one, record in found if one.is_eager or one.name in ("as_json", "notes")
        ]
        with formatter.section("Options"):
            formatter.write_dl([*shown, *self.others, *common])


def _help_all(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        ctx.meta[ALL_OPTIONS] = True
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()


class OfEveryEngine(click.Command):
    """A command that runs every engine: its help ends with those that are registered."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The engines, after all options."""
        super().format_epilog(ctx, formatter)
        formatter.write_paragraph()
        formatter.write_text(f"Backends: {', '.join(engines_in_help(ctx))}.")


def of_setting(
    kind: type[object], name: str, read: Callable[[str], object] | None = None
) -> Callable[[Command], Command]:
    """The option of a setting, as its declaration has it.

    Args:
        kind: the settings dataclass that declares it.
        name: of the field.
        read: makes a value of what is typed, where click has no such type.
    """
    about, hint, flag = About.of(kind, name), get_type_hints(kind)[name], option_name(name)
    default = getattr(kind(), name)
    if hint is bool:
        told, flag = flag if default else f"--no-{flag[2:]}", f"{flag}/--no-{flag[2:]}"
        return click.option(flag, name, default=None, help=f"{about.help}  [default: {told}]")
    told = about.default or ("" if default in (None, (), {}) else str(default))
    text = NamegenError(f"{about.help}  [default: {told}]" if told else about.help).told(
        option_name
    )
    if about.choices:
        return click.option(flag, name, type=click.Choice(about.choices), help=text)
    kind_of = read or next((one for one in (int, float) if one in (hint, *get_args(hint))), str)
    return click.option(
        flag, name, type=kind_of, metavar=about.metavar, help=text, cls=filled_by(engines_in_help)
    )


def reading(read: Callable[[str], object], expected: str) -> Callable[[str], object]:
    """What reads a value, and says what is expected in place of a wrong one; ranges are checked with all settings."""

    def convert(text: str) -> object:
        try:
            return read(text)
        except ValueError:
            raise click.BadParameter(f"{text[:40]!r}: expected {expected}") from None

    return convert


def several(read: Callable[[str], object], expected: str) -> Callable[[str], object]:
    """What reads values with commas between, such as ``0.6,0.4``."""
    return reading(lambda text: tuple(map(read, text.split(","))), expected)


blend_weights = click.option(
    "--blend-weights",
    type=several(float, "a weight for each model, such as 0.6,0.4"),
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
    help="The letter case to write the names in.  [default: title for companies, original for others]",
)
allow_profanity = click.option(
    "--allow-profanity",
    is_flag=True,
    help="Allow names that contain profanity.",
)
seed = click.option(
    "--seed", type=Whole(0), metavar="N", help="The random seed: the same one gives the same names."
)
temperature = click.option(
    "--temperature",
    type=float,
    metavar="T",
    help="The sampling temperature: below 1 prefers what is likely, above 1 gives more variety.  [default: 1]",
)
unfiltered = click.option(
    "--unfiltered",
    is_flag=True,
    help="Draw from the model's own distribution. By default, new names are returned only if their score is in the top "
    "1%.",
)
backend = click.option(
    "--backend",
    cls=filled_by(engines_in_help),
    metavar="NAME",
    help="The backend that runs the model: {}.  [default: numpy, or one that can read the model]",
)


def how_many(
    what: str, *, most: int = 1_000_000, default: int = 25
) -> Callable[[Command], Command]:
    """Add ``-n``."""
    return click.option(
        "-n",
        "count",
        type=Whole(1, most),
        default=default,
        show_default=True,
        metavar="N",
        help=f"How many {what} to give.",
    )


threads = click.option(
    "--threads",
    type=Whole(1, MAX_THREADS),
    default=1,
    show_default=True,
    metavar="N",
    help="The number of processor threads for the backend, as far as there are cores.",
)
label_column = of_setting(DataSettings, "label_column")
label = click.option(
    "--label",
    "labels",
    multiple=True,
    metavar="LABEL",
    help="Use only this label, such as Finnish; of labels of several parts any part or several, such as female or "
    "Finnish,female; repeat the option for several.  [default: all labels, as often as in the list]",
)
# How MODEL is read; ``open_blend`` takes them together.
of_models = together(blend_weights, label, backend, threads)
OF_MODELS = ("blend_weights", "labels", "backend", "threads")
# How NAMES is read; ``open_list`` takes them together.
of_a_list = together(
    of_setting(DataSettings, "column"), label_column, of_setting(DataSettings, "max_name_length")
)


# --- models and lists -------------------------------------------------------------------------------------------------


def note_namesake(name: str | None, what: str, notes: Notes) -> None:
    """Say so where a name means the model, list or config that comes with namegen, and something here has it too."""
    from namegen.bundled_configs import bundled_configs
    from namegen.lists import BUNDLED

    known: Container[str] = (
        SHIPPED if what == "model" else BUNDLED if what == "list" else bundled_configs()
    )
    if name is not None and name in known and is_taken(name):
        kind = "folder" if is_folder(name, None) else "file"
        notes(
            f"{name} means the {what} that comes with namegen; to use the {kind} of that name, give ./{name}"
        )


def note_engines(notes: Notes) -> None:
    """Say so where a third party's engine has the name of one of ours, and so is not used."""
    from namegen.backends import shadowed

    for sentence in shadowed():
        notes(sentence)


def open_model(
    model: str | None, notes: Notes, *, backend: str | None = None, threads: int = 1
) -> LoadedModel:
    """Load MODEL. Raises CheckpointError, EngineError."""
    limit_threads(threads)
    import namegen.api as api

    note_namesake(model, "model", notes)
    with Display(notes, f"opening {model or 'a model'}"):
        loaded = api.load(model, backend=backend, threads=threads)
    if model is None:
        more = " (`namegen models` shows others)" if loaded.name in SHIPPED else ""
        notes(f"model: {printable(loaded.name)}{more}")
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
    """Load MODEL, or several of them as one, for names of some labels. Raises CheckpointError, EngineError,
    SettingsError.
    """
    if blend_weights is not None and len(models) < 2:
        raise click.UsageError(
            "--blend-weights is for several models: give two or more, or leave it out."
        )
    loaded = [
        open_model(model, notes, backend=backend, threads=threads) for model in models or (None,)
    ]
    if len(loaded) == 1 or any(model.labels for model in loaded):
        loaded = [
            model.for_labels(*labels) if model.labels or len(loaded) == 1 else model
            for model in loaded
        ]
    elif labels:
        raise click.UsageError(
            "--label needs a model with labels, and none of these has any: leave it out, or give one, such as "
            "world-given."
        )
    if backend is not None and all(one.checkpoint is None for one in loaded):
        raise click.UsageError(
            f"--backend has no effect on {loaded[0].name}, because a .tflite runs in LiteRT: leave it out."
        )
    import namegen.api as api

    return loaded[0] if len(loaded) == 1 else api.blend(loaded, blend_weights)


def open_list(
    names: str | None, notes: Notes, *, base: DataSettings | None = None, **where: Any
) -> Corpus:
    """Read NAMES, or what stands in for it if it is left out. Raises NamesError.

    Args:
        names: as it was given.
        notes: what is said of it.
        base: the list that stands in; None: the default one, and it is said which that is.
        where: what ``of_a_list`` gives; None: not given.
    """
    limit_threads(1)
    data = base or DataSettings()
    if names is None and base is None:
        notes(f"names: {data.names}")
    given = {name: value for name, value in {"names": names, **where}.items() if value is not None}
    return read_list(replace(data, **given), notes)


def read_list(settings: DataSettings, notes: Notes) -> Corpus:
    """Read a list, and say what was dropped from it. Raises NamesError."""
    from namegen.lists import read_names

    note_namesake(settings.names, "list", notes)
    with Display(notes, f"reading {settings.names}"):
        corpus = read_names(settings)
    notes(corpus.dropped_sentence())
    notes(corpus.alike_labels_sentence())
    return corpus
