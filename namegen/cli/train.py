"""``namegen train``: learn from a list of names."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from namegen.cli import options, silence_standard_output
from namegen.cli.progress import show_progress
from namegen.cli.signals import StopOnInterrupt
from namegen.cli.sources import note_config, note_engines, note_list
from namegen.cli.terminal import Notes, json_text, printable
from namegen.cli.training_options import SETTINGS, settings
from namegen.cli.training_summary import summary
from namegen.cli.waiting import Waiting
from namegen.config import Config, merge, read_config, read_run_config
from namegen.config_files import find_config
from namegen.core.settings import DROPS
from namegen.core.training.file_names import CONFIG_FILE
from namegen.errors import FolderInUseError
from namegen.files import is_file, is_folder
from namegen.threads import limit_threads

if TYPE_CHECKING:
    from namegen.api.teaching import SideBySide
    from namegen.core.training.run_result import RunResult

ALLOWED_WITH_RESUME = frozenset(("resume", "backend", "scheduler", "epochs", "as_json", "quiet"))


def about_the_run(command: options.Command) -> options.Command:
    """The options of every command that trains, beside the settings themselves."""
    for option in (
        click.option(
            "--scheduler",
            metavar="ADDRESS",
            help="Train the teachers of --effort best on the cluster of this dask scheduler, such as tcp://host:8786.",
        ),
        click.option(
            "--out", metavar="DIR", help="The new folder to write the model to.  [default: runs/LIST-BACKEND]"
        ),
        click.option(
            "--config",
            metavar="CONFIG",
            help="Read settings from a TOML file, or from one that `namegen configs` shows; options override them.",
        ),
    ):
        command = option(command)
    return command


@click.command(
    epilog=options.examples(
        "namegen train friends.txt",
        "namegen train people.csv --column first --effort quick --out runs/people",
        "namegen train --resume runs/people",
    ),
)
@click.argument("names", required=False)
@about_the_run
@click.option(
    "--resume",
    metavar="RUN",
    help="Continue the training of this run folder; only --backend, --scheduler and (except for the schedule "
    "one-cycle) --epochs may change.",
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
    scheduler: str | None,
    resume: str | None,
    as_json: bool,
    quiet: bool,
    **given: Any,
) -> None:
    """Learn from a list of names, and keep the best network.

    NAMES is a file (one name per line, or .csv or .json), - for standard input, or the name of a bundled list. The
    default is mlb-first.

    Ctrl-C, or the signal TERM or HUP, stops the training after the current step and saves its state. --resume continues
    from there, with the same result as without a stop. Only one training at a time can use a run folder.
    """
    notes = Notes(quiet)
    if resume is None:
        resolved = asked_for(names, config, overrides(given), notes, effort=given["effort"])
        learn(ctx, resolved, notes, scheduler=scheduler, as_json=as_json, out=out)
        return
    _refuse_beside_resume(ctx)
    run_config = Path(resume) / CONFIG_FILE
    # Of a folder that has none, api.resume says so.
    resolved = read_run_config(run_config) if is_file(run_config, None) else Config()
    backend, epochs = given["backend"], given["epochs"]
    learn(ctx, resolved, notes, scheduler=scheduler, as_json=as_json, resume=resume, backend=backend, epochs=epochs)


def asked_for(
    names: str | None, config: str | None, over: Mapping[str, object], notes: Notes, *, effort: str | None
) -> Config:
    """The settings of a new training: those of the config, with the options above them. Raises SettingsError."""
    note_config(config, notes)
    base = Config() if config is None else read_config(find_config(config))
    resolved = merge(base, {**over, "data.names": names})
    if effort is not None and (fixed := _decided_by_config(base)):
        notes(f"--effort sets only what the config does not; this config sets: {', '.join(fixed)}")
    if names is None:
        notes(f"names: {printable(resolved.data.names)}")
    note_list(resolved.data.names, notes)
    return resolved


def learn(
    ctx: click.Context,
    resolved: Config,
    notes: Notes,
    *,
    scheduler: str | None,
    as_json: bool,
    resume: str | None = None,
    out: str | None = None,
    backend: str | None = None,
    epochs: int | None = None,
) -> None:
    """Train, or go on with another backend or more epochs; say how it goes and what has come of it.

    Raises:
        NamegenError: what ``api.train`` and ``api.resume`` raise.
    """
    best = resolved.recipe.taught or resolved.training.effort == "best"
    if scheduler is not None and not best:
        raise click.UsageError("--scheduler trains teachers, and here are none: add --effort best, or leave it out.")
    if scheduler is not None and resolved.recipe.taught and resume is None:
        raise click.UsageError("--scheduler has no effect, because these teachers are already trained: leave it out.")
    note_engines(notes)
    limit_threads(resolved.threads)
    from namegen import api
    from namegen.api.teachers import train_side_by_side

    teach_on: SideBySide = train_side_by_side
    if scheduler is not None:
        from namegen.experiments.cluster import on_scheduler

        teach_on = on_scheduler(scheduler)
    with show_progress(notes) as progress, StopOnInterrupt(progress.say) as stop:
        if resume is not None:
            result = api.resume(
                resume,
                backend=backend,
                epochs=epochs,
                listener=progress,
                ready=progress.ready,
                watcher=progress,
                stop=stop,
                teach_on=teach_on,
            )
        else:
            result = api.train(
                config=resolved,
                out=out,
                save=True,
                listener=progress,
                ready=progress.ready,
                watcher=progress,
                stop=stop,
                teach_on=teach_on,
            )
    with Waiting(notes, "measuring the network"):
        plot = None
        if result.finished and resolved.run.plot:
            with suppress(FolderInUseError):  # somebody has taken the run up since, and draws it at its end
                plot = _draw(result)
        said = json_text(result.to_dict()) if as_json else summary(result, plot) if result.finished else ""
    if said:
        try:
            click.echo(said)
        except OSError:  # a terminal that has closed, which is why it was stopped
            if result.finished:
                raise
            silence_standard_output()
    if not result.finished:
        begun_teachers = result.out is not None and is_folder(result.out / "teachers", None)
        by_teachers = best and result.epochs == 0 and begun_teachers
        what = "what its teachers have learned" if by_teachers else "the state"
        notes(
            f"stopped in epoch {result.epochs + 1}; {what} is saved. To continue:\n"
            f"  namegen train --resume {shlex.quote(str(result.out))}"
        )
        ctx.exit(stop.exit_code)


def overrides(given: Mapping[str, object]) -> dict[str, object]:
    """The options as settings, by dotted path."""
    return {path: given[name] for path in SETTINGS if (name := path.partition(".")[2]) in given}


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
                f"{what} cannot be combined with --resume: a run continues with its own {CONFIG_FILE}, and only "
                "--backend, --scheduler and, without the schedule one-cycle, a higher --epochs may change"
            )


def _draw(result: RunResult) -> Path | None:
    """Draw the history into the run folder; matplotlib is loaded only now that training is over."""
    if result.out is None:
        return None
    from namegen.core.training.run_folder import RunFolder
    from namegen.drawings.training import draw_history

    folder = RunFolder(result.out)
    with folder.sole_use():
        draw_history(result, folder.plot_path)
    return folder.plot_path
