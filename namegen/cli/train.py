"""``namegen train``: train a network on a list of names."""

from __future__ import annotations

import shlex
import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

import click

from namegen.bundled_configs import find_config
from namegen.cli import options
from namegen.cli.commands import command, typed_parameters
from namegen.cli.display import Display
from namegen.cli.ending import StopOnInterrupt
from namegen.cli.opening import note_same_name
from namegen.cli.terminal import note, show_result
from namegen.core.settings import DROPOUT_SETTINGS, TABLES, About, Config
from namegen.core.training import CONFIG_FILE
from namegen.errors import FolderInUseError
from namegen.files import is_file
from namegen.settings_toml import merge, read_config
from namegen.threads import limit_threads

if TYPE_CHECKING:
    from rich.console import RenderableType

ALLOWED_WITH_RESUME = frozenset(("resume", "backend", "epochs", "as_json", "quiet"))
# What --quick chooses, unless the config does.
QUICK_SETTINGS = (
    *("cell", "hidden", *DROPOUT_SETTINGS),
    *("label_smoothing", "epochs", "batch_size", "learning_rate"),
)


# --- options: one for every setting except the list -------------------------------------------------------------------


def network_options(text: str) -> dict[str, int | float | str | bool]:
    """Read the options of an architecture, such as ``heads=4,causal=true``. Their values are written as in TOML."""
    values: dict[str, int | float | str | bool] = {}
    for pair in text.split(","):
        name, equals, value = map(str.strip, pair.partition("="))
        if not equals or not name:
            raise click.BadParameter(f"{text[:40]!r}: expected NAME=VALUE pairs, such as heads=4")
        try:
            values[name] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            values[name] = value  # a string without quotes
    return values


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


@command(
    "namegen train friends.txt",
    "namegen train people.csv --column first --quick --out runs/people",
    "namegen train --resume runs/people",
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
        settings = requested_settings(names, config, values)
    else:
        _reject_options_with_resume(click.get_current_context())
        config_file = Path(resume) / CONFIG_FILE
        # api.resume reports a missing config.
        settings = read_config(config_file) if is_file(config_file, None) else Config()
    limit_threads(settings.threads)
    from namegen import api

    with Display("preparing the run") as display, StopOnInterrupt() as stop:
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
    plot = None
    document: dict[str, object] = {}
    blocks: list[RenderableType] = []
    with Display("measuring the network"):
        if result.finished and settings.run.plot and result.out is not None:
            from namegen.core.training.run_folder import RunFolder
            from namegen.drawings.training import draw_history

            folder = RunFolder(result.out)
            with suppress(FolderInUseError), folder.sole_use():
                draw_history(result, folder.plot_path)
                plot = folder.plot_path
        if as_json:
            document = result.to_dict()  # also for a stopped run
        elif result.finished:
            from namegen.cli.train_summary import summary

            blocks = summary(result, plot)
    if as_json or result.finished:
        show_result(as_json, document, *blocks)
    if not result.finished:
        if result.epochs == result.checkpoint.training["settings"]["epochs"]:
            moment = "after the last epoch"
        else:
            moment = f"in epoch {result.epochs + 1}"
        command = f"namegen train --resume {shlex.quote(str(result.out))}"
        note(f"stopped {moment}; the state is saved. To continue:\n  {command}")
        raise click.exceptions.Exit(stop.exit_code)


# --- the settings -----------------------------------------------------------------------------------------------------


def requested_settings(
    names: str | None, config: str | None, values: Mapping[str, object]
) -> Config:
    """Merge the config with the options, which take precedence. Raises SettingsError."""
    note_same_name(config, "config")
    from_config = Config() if config is None else read_config(find_config(config))
    overrides = {path: values.get(path.partition(".")[2]) for path in SETTINGS}
    settings = merge(from_config, {**overrides, "data.names": names})
    specified = [
        name
        for name in QUICK_SETTINGS
        if getattr(from_config.network, name, None) is not None
        or getattr(from_config.training, name, None) is not None
    ]
    if values["quick"] is not None and specified:
        note(f"--quick doesn't change what the config sets: {', '.join(specified)}")
    if names is None:
        note(f"names: {settings.data.names}")
    note_same_name(settings.data.names, "list")
    return settings


def _reject_options_with_resume(context: click.Context) -> None:
    """Raise UsageError for options that have no effect because a resumed run uses its own config."""
    for param in typed_parameters(context):
        if param.name in ALLOWED_WITH_RESUME:
            continue
        typed = "NAMES" if isinstance(param, click.Argument) else param.opts[0]
        if context.params[str(param.name)] is False and param.secondary_opts:
            typed = param.secondary_opts[0]  # such as --no-bptt
        raise click.UsageError(
            f"{typed} cannot be combined with --resume: the run continues with its own {CONFIG_FILE}. You can change "
            "only --backend and, unless the learning rates depend on it, raise --epochs."
        )
