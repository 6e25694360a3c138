"""``namegen train``: train a network on a list of names."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

import click
from click.core import ParameterSource

from namegen.bundled_configs import find_config
from namegen.cli import options
from namegen.cli.display import Display
from namegen.cli.ending import StopOnInterrupt, silence_standard_output
from namegen.cli.opening import note_same_name, note_shadowed_backends
from namegen.cli.terminal import Notes, json_text, printable
from namegen.core.settings import DROPOUT_SETTINGS, TABLES, About, Config
from namegen.core.training import CONFIG_FILE
from namegen.errors import FolderInUseError
from namegen.files import is_file
from namegen.settings_toml import merge, read_config
from namegen.threads import limit_threads

if TYPE_CHECKING:
    from namegen.core.training.result import RunResult

ALLOWED_WITH_RESUME = frozenset(("resume", "backend", "epochs", "as_json", "notes"))


# --- options: one for every setting except the list -------------------------------------------------------------------


def network_options(text: str) -> dict[str, int | float | str | bool]:
    """Read the options of an architecture, such as ``heads=4,causal=true``."""
    values: dict[str, int | float | str | bool] = {}
    for pair in text.split(","):
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise click.BadParameter(f"{text[:40]!r}: expected NAME=VALUE pairs, such as heads=4")
        values[name.strip()] = _toml_value(value.strip())
    return values


def _toml_value(text: str) -> int | float | str | bool:
    """Return a number or a Boolean as in TOML. Any other string stays unchanged."""
    for number_type in (int, float):
        with suppress(ValueError):
            return number_type(text)
    if text in ("true", "false"):
        return text == "true"
    return text


def rate_step(text: str) -> tuple[int, float]:
    """Read a learning rate step such as ``25:0.005``, which sets the rate 0.005 from epoch 25 on."""
    epoch, rate = text.split(":")
    return int(epoch), float(rate)


# Converters for settings with values that click can't read.
CONVERTERS: dict[str, Callable[[str], object]] = {
    "hidden": options.comma_separated(int, "whole numbers separated by commas, such as 32,32"),
    "options": network_options,
    "lr_steps": options.comma_separated(rate_step, "EPOCH:RATE pairs, such as 0:0.01,25:0.005"),
}


# Maps the dotted path of each setting to its option.
SETTINGS: dict[str, Callable[[options.Command], options.Command]] = {
    f"{table}.{name}": options.setting_option(TABLES[table], name, CONVERTERS.get(name))
    for table in ("training", "network", "data", "run")
    for name in get_type_hints(TABLES[table])
    if About.of(TABLES[table], name).help
}


@options.command(
    "namegen train friends.txt",
    "namegen train people.csv --column first --quick --out runs/people",
    "namegen train --resume runs/people",
    cls=options.ShortHelp,
    shown=(
        "out",
        "resume",
        "config",
        "quick",
        "cell",
        "hidden",
        "epochs",
        "column",
        "label_column",
        "backend",
        "seed",
    ),
)
@click.argument("names", required=False)
@options.together(*SETTINGS.values())
@click.option(
    "--config",
    metavar="CONFIG",
    help="Read settings from a TOML file or a built-in config (see `namegen configs`). Options override these "
    "settings.",
)
@click.option(
    "--resume",
    metavar="RUN",
    help="Continue the run in this folder. You can only change --backend and, if the learning rates don't depend on "
    "it, --epochs.",
)
@click.option(
    "--out",
    metavar="DIR",
    help="The new folder for the model.  [default: runs/LIST-BACKEND]",
)
@options.common
def train(
    names: str | None,
    config: str | None,
    resume: str | None,
    as_json: bool,
    notes: Notes,
    **values: Any,
) -> None:
    """Train a network on a list of names.

    NAMES: a text file with one name per line, a .csv or .json file, - for standard input, or a built-in list (see
    `namegen lists`). Default: mlb-first.

    The run keeps the network of its best epoch. Ctrl-C (or the signal TERM or HUP) stops the run after the current step
    and saves its state. With --resume, the run continues, and gives the same result as a run that was never stopped.
    Only one process at a time can use a run folder.
    """
    if resume is None:
        settings = requested_settings(names, config, values, notes)
    else:
        settings = _settings_of_run(Path(resume))
    note_shadowed_backends(notes)
    limit_threads(settings.threads)
    from namegen import api

    with Display(notes, "preparing the run") as display, StopOnInterrupt(notes) as stop:
        if resume is None:
            result = api.train(
                config=settings,
                out=values["out"],
                save=True,
                on_progress=display,
                should_stop=stop,
            )
        else:
            result = api.resume(
                resume,
                backend=values["backend"],
                epochs=values["epochs"],
                on_progress=display,
                should_stop=stop,
            )
    report(result, notes, as_json=as_json, with_plot=settings.run.plot)
    if not result.finished:
        raise click.exceptions.Exit(stop.exit_code)


# --- the settings -----------------------------------------------------------------------------------------------------


def requested_settings(
    names: str | None, config: str | None, values: Mapping[str, object], notes: Notes
) -> Config:
    """Merge the config with the options, which take precedence. Raises SettingsError."""
    note_same_name(config, "config", notes)
    from_config = Config() if config is None else read_config(find_config(config))
    settings = merge(from_config, {**overrides(values), "data.names": names})
    specified = _specified_by_config(from_config)
    if values["quick"] is not None and specified:
        notes(f"--quick doesn't change what the config sets: {', '.join(specified)}")
    if names is None:
        notes(f"names: {printable(settings.data.names)}")
    note_same_name(settings.data.names, "list", notes)
    return settings


def overrides(values: Mapping[str, object]) -> dict[str, object]:
    """Map the dotted path of each setting to the value of its option."""
    by_path: dict[str, object] = {}
    for path in SETTINGS:
        _, _, name = path.partition(".")
        if name in values:
            by_path[path] = values[name]
    return by_path


def _specified_by_config(config: Config) -> list[str]:
    """Return the settings on which ``--quick`` has no effect, because the config specifies them."""
    values = {name: getattr(config.network, name) for name in ("cell", "hidden")}
    for name in (*DROPOUT_SETTINGS, "label_smoothing", "epochs", "batch_size", "learning_rate"):
        values[name] = getattr(config.training, name)
    return [name for name, value in values.items() if value is not None]


def _settings_of_run(folder: Path) -> Config:
    """Read the settings of the run to resume. Raises UsageError for options that can't change them."""
    _reject_options_with_resume(click.get_current_context())
    config = folder / CONFIG_FILE
    if not is_file(config, None):
        return Config()  # api.resume reports the problem with the folder
    return read_config(config)


def _reject_options_with_resume(context: click.Context) -> None:
    """Raise UsageError for options that have no effect because a resumed run uses its own config."""
    for param in context.command.params:
        name = param.name or ""
        is_typed = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if is_typed and name not in ALLOWED_WITH_RESUME:
            raise click.UsageError(
                f"{_as_typed(param, context)} cannot be combined with --resume: the run continues with its own "
                f"{CONFIG_FILE}. You can change only --backend and, unless the learning rates depend on it, raise "
                "--epochs."
            )


def _as_typed(param: click.Parameter, context: click.Context) -> str:
    """Return an argument or option as the user typed it, such as ``--no-bptt``."""
    if isinstance(param, click.Argument):
        return "NAMES"
    is_negated = context.params[param.name or ""] is False
    if is_negated and param.secondary_opts:
        return param.secondary_opts[0]
    return param.opts[0]


# --- the result -------------------------------------------------------------------------------------------------------


def report(result: RunResult, notes: Notes, *, as_json: bool, with_plot: bool) -> None:
    """Print a run's summary or JSON. If the run was stopped, print how to continue it."""
    from namegen.cli.train_summary import summary

    text = ""
    with Display(notes, "measuring the network"):
        plot = _plot(result) if result.finished and with_plot else None
        if as_json:
            text = json_text(result.to_dict())
        elif result.finished:
            text = summary(result, plot)
    if text:
        _print(text, is_finished=result.finished)
    if not result.finished:
        notes(_how_to_continue(result))


def _how_to_continue(result: RunResult) -> str:
    """Describe when the run stopped, and how to continue it."""
    settings = result.checkpoint.training["settings"]
    if result.epochs == settings["epochs"]:
        moment = "after the last epoch"
    else:
        moment = f"in epoch {result.epochs + 1}"
    command = f"namegen train --resume {shlex.quote(str(result.out))}"
    return f"stopped {moment}; the state is saved. To continue:\n  {command}"


def _plot(result: RunResult) -> Path | None:
    """Plot a run's history into its folder. Return None if there is no folder or another process is using it."""
    if result.out is None:
        return None
    from namegen.core.training.run_folder import RunFolder
    from namegen.drawings.training import draw_history

    folder = RunFolder(result.out)
    with suppress(FolderInUseError), folder.sole_use():
        draw_history(result, folder.plot_path)
        return folder.plot_path
    return None


def _print(text: str, *, is_finished: bool) -> None:
    """Print the result. If the run stopped because the terminal was closed, there is no one to read it."""
    try:
        click.echo(text)
    except OSError:
        if is_finished:
            raise
        silence_standard_output()
