"""``namegen train``: learn from a list of names."""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from namegen.cli import INTERRUPTED, options
from namegen.cli.progress import show_progress
from namegen.cli.sources import note_config, note_engines, note_list
from namegen.cli.terminal import Notes, json_text
from namegen.cli.training_summary import summary
from namegen.config import Config, merge, read_config, read_run_config
from namegen.config_files import find_config
from namegen.core.settings import CELLS, CRITERIA, DROPS, EFFORTS, INITIALISERS, OPTIMIZERS, REPEATS, SCHEDULES, SPLITS
from namegen.core.training.file_names import CONFIG_FILE
from namegen.threads import limit_threads

if TYPE_CHECKING:
    from namegen.core.training.run import RunResult

ALLOWED_WITH_RESUME = frozenset(("resume", "backend", "epochs", "as_json", "quiet"))


def widths(text: str) -> tuple[int, ...]:
    """``32,32``: the width of each recurrent layer; their range is checked with all other settings."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise click.BadParameter(
            f"{text[:40]!r}: expected whole numbers with commas between them, such as 32,32"
        ) from None


def network_options(text: str) -> dict[str, int | float | str | bool]:
    """``heads=4,causal=true``: values as in TOML, or else text."""
    found: dict[str, int | float | str | bool] = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        if not equals or not name.strip():
            raise click.BadParameter(f"{text[:40]!r}: expected NAME=VALUE pairs, such as heads=4")
        found[name.strip()] = _plain_value(value.strip())
    return found


def _plain_value(text: str) -> int | float | str | bool:
    for kind in (int, float):
        with suppress(ValueError):
            return kind(text)
    return text == "true" if text in ("true", "false") else text


def rate_steps(text: str) -> tuple[tuple[int, float], ...]:
    """``0:0.01,25:0.005``: from which epoch on, which learning rate."""
    try:
        pairs = [part.split(":") for part in text.split(",")]
        return tuple((int(epoch), float(rate)) for epoch, rate in pairs)
    except ValueError:
        raise click.BadParameter(f"{text[:40]!r}: expected EPOCH:RATE pairs, such as 0:0.01,25:0.005") from None


# The setting in a config file → the option that stands above it. Their ranges are checked by the settings themselves.
SETTINGS: dict[str, Callable[[options.Command], options.Command]] = {
    "run.backend": click.option(
        "--backend", cls=options.EngineOption, metavar="NAME", help="The engine: ENGINES.  [default: numpy]"
    ),
    "training.effort": click.option(
        "--effort",
        type=click.Choice(EFFORTS),
        help="quick: the original's small network, in seconds; standard: better names, in a minute or two.  "
        "[default: standard]",
    ),
    "network.architecture": click.option(
        "--architecture", metavar="NAME", help="The kind of network.  [default: the engine's first; of ours, rnn]"
    ),
    "network.cell": click.option(
        "--cell", type=click.Choice(CELLS), help="The recurrent cell.  [default: by the effort]"
    ),
    "network.hidden": click.option(
        "--hidden", type=widths, metavar="W,W", help="The width of each layer.  [default: by the effort]"
    ),
    "network.init": click.option(
        "--init", type=click.Choice(INITIALISERS), help="The initial values.  [default: glorot]"
    ),
    "network.options": click.option(
        "--options",
        type=network_options,
        metavar="N=V,…",
        help="What else an engine's own architecture is told: heads=4.",
    ),
    "training.epochs": click.option(
        "--epochs", type=int, metavar="N", help="How often to read the list.  [default: by effort and list]"
    ),
    "training.batch_size": click.option(
        "--batch-size", type=int, metavar="N", help="Names in each step.  [default: by effort and list]"
    ),
    "training.optimizer": click.option(
        "--optimizer", type=click.Choice(OPTIMIZERS), help="How steps follow from gradients.  [default: adam]"
    ),
    "training.learning_rate": click.option(
        "--learning-rate",
        type=float,
        metavar="RATE",
        help="The highest learning rate.  [default: by the effort]",
    ),
    "training.momentum": click.option(
        "--momentum", type=float, metavar="M", help="Momentum, for the optimizer momentum.  [default: 0.9]"
    ),
    "training.clip_norm": click.option(
        "--clip-norm", type=float, metavar="NORM", help="The largest allowed gradient norm.  [default: no limit]"
    ),
    "training.schedule": click.option(
        "--schedule", type=click.Choice(SCHEDULES), help="How the learning rate changes.  [default: one-cycle]"
    ),
    "training.warmup": click.option(
        "--warmup",
        type=float,
        metavar="SHARE",
        help="The share of steps in which the rate rises, for one-cycle.  [default: 0.2]",
    ),
    "training.rate_steps": click.option(
        "--rate-steps",
        type=rate_steps,
        metavar="E:RATE,…",
        help="Epochs and rates for the schedule steps: 0:0.01,25:0.005.",
    ),
    "training.through_time": click.option(
        "--through-time/--no-through-time",
        default=None,
        help="Whether gradients flow back through the whole name.  [default: they do]",
    ),
    **{
        f"training.{name}": click.option(
            f"--{name.replace('_', '-')}",
            type=float,
            metavar="SHARE",
            help=f"{what}  [default: by the effort; quick: 0]",
        )
        for name, what in (
            ("drop_recurrent", "Leave out this share of the recurrent weights in each step."),
            ("drop_between", "Leave out this share of the units between layers in each step."),
            ("drop_output", "Leave out this share of the units before the output in each step."),
        )
    },
    "training.label_smoothing": click.option(
        "--label-smoothing",
        type=float,
        metavar="SHARE",
        help="The share of each target that counting gives.  [default: by the effort; quick: 0]",
    ),
    "data.validation": click.option(
        "--validation",
        type=float,
        metavar="SHARE",
        help="The share of the list to hold out; 0 for none.  [default: 0.1]",
    ),
    "data.test": click.option(
        "--test",
        type=float,
        metavar="SHARE",
        help="A further share to hold out and test with: nothing is chosen by it.  [default: 0.0]",
    ),
    "data.split": click.option(
        "--split",
        type=click.Choice(SPLITS),
        help="unique: no name stands on both sides; names: one that repeats may.  [default: unique]",
    ),
    "data.split_seed": click.option(
        "--split-seed", type=int, metavar="N", help="Decides which names are held out.  [default: --seed]"
    ),
    "data.repeats": click.option(
        "--repeats",
        type=click.Choice(REPEATS),
        help="Read common names as often as they stand, or less.  [default: damped with unique, kept with names]",
    ),
    "training.patience": click.option(
        "--patience", type=int, metavar="N", help="Stop after N epochs without a better one.  [default: never]"
    ),
    "training.best_by": click.option(
        "--best-by", type=click.Choice(CRITERIA), help="What makes an epoch the best.  [default: loss]"
    ),
    "training.seed": click.option("--seed", type=int, metavar="N", help="Decides all that is random.  [default: 0]"),
    "run.threads": click.option(
        "--threads", type=int, metavar="N", help="Processor threads.  [default: 1, or 2 for a wide layer]"
    ),
    "data.column": options.column,
    "data.max_name_length": options.max_name_length,
    "run.plot": click.option("--plot/--no-plot", default=None, help="Draw history.png.  [default: draw it]"),
}


def settings(command: options.Command) -> options.Command:
    """An option for every setting."""
    for option in reversed(SETTINGS.values()):
        command = option(command)
    return command


@click.command()
@click.argument("names", required=False)
@click.option(
    "--config",
    metavar="CONFIG",
    help="Settings from a TOML file or from one of `namegen configs`; options stand above it.",
)
@click.option("--out", metavar="DIR", help="A new folder for the model.  [default: runs/LIST-BACKEND]")
@click.option(
    "--resume",
    metavar="RUN",
    help="Go on with a run folder; beside it --backend, and --epochs for any schedule but one-cycle.",
)
@settings
@options.common
@click.pass_context
def train(
    ctx: click.Context,
    /,
    names: str | None,
    config: str | None,
    out: str | None,
    resume: str | None,
    as_json: bool,
    quiet: bool,
    **given: Any,
) -> None:
    """Learn from a list of names, and keep the best network.

    NAMES is a file (a name a line, .csv, .json), - for standard input, or a bundled list's name; left out, mlb-first.

    Ctrl-C stops after the step under way and saves; --resume goes on from there as if nothing had happened.
    """
    notes = Notes(quiet)
    if resume is not None:
        _refuse_beside_resume(ctx)
        run_config = Path(resume) / CONFIG_FILE
        # Of a folder that has none, api.resume says so.
        resolved = read_run_config(run_config) if os.path.isfile(run_config) else Config()
    else:
        note_config(config, notes)
        base = Config() if config is None else read_config(find_config(config))
        resolved = merge(base, {**_overrides(given), "data.names": names})
        if given["effort"] is not None and (fixed := _decided_by_config(base)):
            notes(f"--effort decides only what the config leaves open; it says itself: {', '.join(fixed)}")
        if names is None:
            notes(f"names: {resolved.data.names}")
        note_list(resolved.data.names, notes)
    note_engines(notes)
    limit_threads(resolved.threads)
    from namegen import api

    with show_progress(notes) as progress, StopOnInterrupt(progress.say) as stop:
        if resume is not None:
            result = api.resume(
                resume,
                backend=given["backend"],
                epochs=given["epochs"],
                listener=progress,
                ready=progress.ready,
                stop=stop,
            )
        else:
            result = api.train(config=resolved, out=out, save=True, listener=progress, ready=progress.ready, stop=stop)
    plot = _draw(result) if result.finished and resolved.run.plot else None
    if as_json:
        click.echo(json_text(result.to_dict()))
    elif result.finished:
        click.echo(summary(result, plot))
    if not result.finished:
        notes(
            f"stopped in epoch {result.epochs + 1}, the state is saved; to go on:\n"
            f"  namegen train --resume {shlex.quote(str(result.out))}"
        )
        ctx.exit(INTERRUPTED)


def _overrides(given: dict[str, Any]) -> dict[str, Any]:
    """The options as settings, by dotted path."""
    return {path: given[path.partition(".")[2]] for path in SETTINGS}


def _decided_by_config(config: Config) -> list[str]:
    """The settings that an effort would decide, and that a config has decided already."""
    of_training = (*DROPS, "label_smoothing", "epochs", "batch_size", "learning_rate")
    values = {name: getattr(config.network, name) for name in ("cell", "hidden")}
    values |= {name: getattr(config.training, name) for name in of_training}
    return [name for name, value in values.items() if value is not None]


def _refuse_beside_resume(ctx: click.Context) -> None:
    """A run goes on by its own config: whatever else is asked for would not happen, so it is an error."""
    for param in ctx.command.params:
        given = param.name and ctx.get_parameter_source(param.name) is click.core.ParameterSource.COMMANDLINE
        if given and param.name not in ALLOWED_WITH_RESUME:
            is_off = ctx.params[param.name or ""] is False  # of two opposite options the one that was typed
            option = (param.secondary_opts if is_off and param.secondary_opts else param.opts)[0]
            what = "NAMES" if isinstance(param, click.Argument) else option
            raise click.UsageError(
                f"{what} cannot stand beside --resume: a run goes on by its own {CONFIG_FILE}, only --backend and a "
                "longer --epochs may change"
            )


def _draw(result: RunResult) -> Path | None:
    """Draw the history into the run folder; matplotlib is loaded only now that training is over."""
    if result.out is None:
        return None
    from namegen.core.training.run_folder import RunFolder
    from namegen.drawings.training import draw_history

    plot = RunFolder(result.out).plot_path
    draw_history(result, plot)
    return plot


class StopOnInterrupt(AbstractContextManager["StopOnInterrupt"]):
    """While it lasts, Ctrl-C only asks training to stop; a second one interrupts, a third one kills."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._asked = False

    def __call__(self) -> bool:
        """Whether training should stop here."""
        return self._asked

    def __enter__(self) -> StopOnInterrupt:
        self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
        signal.signal(signal.SIGINT, self._interrupt)
        self._say("stopping after this step; Ctrl-C once more ends at once, without saving")

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        raise KeyboardInterrupt
