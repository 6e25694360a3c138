"""``namegen train``: learn from a list of names. And what it says at the end."""

from __future__ import annotations

import math
import shlex
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any, get_type_hints

import click

from namegen.bundled_configs import find_config
from namegen.cli import options
from namegen.cli.display import Display
from namegen.cli.ending import StopOnInterrupt, silence_standard_output
from namegen.cli.options import note_engines, note_namesake
from namegen.cli.terminal import (
    FIGURES,
    Notes,
    columns,
    counted,
    figures,
    fitted,
    json_text,
    percent,
    printable,
)
from namegen.core.settings import DROPS, About
from namegen.core.training import CONFIG_FILE
from namegen.errors import FolderInUseError, GenerationError, NamegenError
from namegen.events import Event, Searched
from namegen.files import is_file
from namegen.settings_toml import TABLES, Config, merge, read_config
from namegen.threads import limit_threads

if TYPE_CHECKING:
    from namegen.core.evaluation.evaluator import Metrics
    from namegen.core.evaluation.references import HeldOutReferences
    from namegen.core.training.result import RunResult

ALLOWED_WITH_RESUME = frozenset(("resume", "backend", "epochs", "as_json", "notes"))
DRAWN_NAMES = 1000
MIN_DRAWN, MAX_CHARACTERS = 100, 100_000  # fewer names where they may be long
ASKED_FOR, MAX_CHARACTERS_READ = (
    20,
    20_000_000,
)  # new names; characters of all that are drawn for them
NAMES_SHOWN = 60  # characters of them
TIE = 0.005  # nats per character: less than a held-out tenth can tell
SMALL_LIST = 300  # distinct names
MIN_TO_JUDGE = 10  # distinct names that are held out


# ---- the options: one for every setting but the list ----


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


def rate_step(text: str) -> tuple[int, float]:
    """``25:0.005``: from which epoch on, which learning rate."""
    epoch, rate = text.split(":")
    return int(epoch), float(rate)


# Text of the command line → a value, where a setting is none of click's own types.
READERS: dict[str, Callable[[str], object]] = {
    "hidden": options.several(int, "whole numbers with commas between them, such as 32,32"),
    "options": network_options,
    "lr_steps": options.several(rate_step, "EPOCH:RATE pairs, such as 0:0.01,25:0.005"),
}


# By dotted path, the option of each setting that has one.
SETTINGS: dict[str, Callable[[options.Command], options.Command]] = {
    f"{table}.{name}": options.of_setting(TABLES[table], name, READERS.get(name))
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
        "label_column",
        "backend",
        "seed",
    ),
)
@click.argument("names", required=False)
@click.option(
    "--config",
    metavar="CONFIG",
    help="Read settings from a TOML file, or from one that `namegen configs` shows; options override them.",
)
@click.option(
    "--out",
    metavar="DIR",
    help="The new folder to write the model to.  [default: runs/LIST-BACKEND]",
)
@click.option(
    "--resume",
    metavar="RUN",
    help="Continue the training of this run folder; only --backend and (unless the learning rates depend on it) "
    "--epochs may change.",
)
@options.together(*SETTINGS.values())
@options.common
def train(
    names: str | None,
    config: str | None,
    resume: str | None,
    as_json: bool,
    notes: Notes,
    **given: Any,
) -> None:
    """Learn from a list of names, and keep the best network.

    NAMES is a file (one name per line, or .csv or .json), - for standard input, or the name of a bundled list. The
    default is mlb-first.

    Ctrl-C, or the signal TERM or HUP, stops the training after the current step and saves its state. --resume continues
    from there, with the same result as without a stop. Only one training at a time can use a run folder.
    """
    if resume is None:
        resolved = asked_for(names, config, given, notes)
        learn(resolved, notes, as_json, out=given["out"])
        return
    _refuse_beside_resume(click.get_current_context())
    run_config = Path(resume) / CONFIG_FILE
    # Of a folder that has none, api.resume says so.
    resolved = read_config(run_config) if is_file(run_config, None) else Config()
    changed = {name: given[name] for name in ("backend", "epochs")}
    learn(resolved, notes, as_json, folder=resume, **changed)


def asked_for(
    names: str | None, config: str | None, given: Mapping[str, object], notes: Notes
) -> Config:
    """The settings of a new training: those of the config, with the options above them. Raises SettingsError."""
    note_namesake(config, "config", notes)
    base = Config() if config is None else read_config(find_config(config))
    resolved = merge(base, {**overrides(given), "data.names": names})
    if given["quick"] is not None:
        specified = _specified_by_config(base)
        if specified:
            notes(f"--quick doesn't change settings of the config; it sets: {', '.join(specified)}")
    if names is None:
        notes(f"names: {printable(resolved.data.names)}")
    note_namesake(resolved.data.names, "list", notes)
    return resolved


def learn(resolved: Config, notes: Notes, as_json: bool, **how: Any) -> None:
    """Train, or go on; say how it goes and what has come of it.

    Args:
        resolved: the settings.
        notes: where it is said.
        as_json: whether the figures are given as JSON.
        how: for ``api.resume`` if there is a ``folder``, else for ``api.train``.

    Raises:
        NamegenError: what ``api.train`` and ``api.resume`` raise.
    """
    note_engines(notes)
    limit_threads(resolved.threads)
    from namegen import api

    with Display(notes, "preparing the training") as display, StopOnInterrupt(notes) as stop:
        how |= {"on_progress": display, "should_stop": stop}
        result = (
            api.resume(**how) if "folder" in how else api.train(config=resolved, save=True, **how)
        )
    with Display(notes, "measuring the network"):
        plot = None
        if result.finished and resolved.run.plot and result.out is not None:
            from namegen.core.training.run_folder import RunFolder
            from namegen.drawings.training import draw_history

            folder = RunFolder(result.out)
            with (
                suppress(FolderInUseError),
                folder.sole_use(),
            ):  # else another one goes on with it, and draws
                draw_history(result, folder.plot_path)
                plot = folder.plot_path
        said = (
            json_text(result.to_dict())
            if as_json
            else summary(result, plot)
            if result.finished
            else ""
        )
    if said:
        try:
            click.echo(said)
        except OSError:  # a terminal that has closed, which is why it was stopped
            if result.finished:
                raise
            silence_standard_output()
    if not result.finished:
        at_the_end = result.epochs == result.checkpoint.training["settings"]["epochs"]
        where, out = (
            "after the last epoch" if at_the_end else f"in epoch {result.epochs + 1}",
            str(result.out),
        )
        notes(
            f"stopped {where}; the state is saved. To continue:\n  namegen train --resume {shlex.quote(out)}"
        )
        raise click.exceptions.Exit(stop.exit_code)


def overrides(given: Mapping[str, object]) -> dict[str, object]:
    """The options as settings, by dotted path."""
    return {path: given[name] for path in SETTINGS if (name := path.partition(".")[2]) in given}


def _specified_by_config(config: Config) -> list[str]:
    """The settings that ``--quick`` would choose, but that the config specifies."""
    of_training = (*DROPS, "label_smoothing", "epochs", "batch_size", "learning_rate")
    values = {name: getattr(config.network, name) for name in ("cell", "hidden")}
    values |= {name: getattr(config.training, name) for name in of_training}
    return [name for name, value in values.items() if value is not None]


def _refuse_beside_resume(ctx: click.Context) -> None:
    """A run goes on by its own config: whatever else is asked for would not happen, so it is an error."""
    for param in ctx.command.params:
        given = (
            param.name
            and ctx.get_parameter_source(param.name) is click.core.ParameterSource.COMMANDLINE
        )
        if given and param.name not in ALLOWED_WITH_RESUME:
            is_off = (
                ctx.params[param.name or ""] is False
            )  # of two opposite options the one that was typed
            option = (param.secondary_opts if is_off and param.secondary_opts else param.opts)[0]
            what = "NAMES" if isinstance(param, click.Argument) else option
            raise click.UsageError(
                f"{what} cannot be combined with --resume: a run continues with its own {CONFIG_FILE}, and only "
                "--backend and, unless the learning rates depend on it, a higher --epochs may change"
            )


# --- what is said at the end ------------------------------------------------------------------------------------------


def summary(result: RunResult, plot: Path | None) -> str:
    """The figures of the best epoch beside what they are to be compared with, new names, files, what to do next."""
    speed = (
        ""
        if result.chars_per_second is None
        else f", {result.chars_per_second:,.0f} characters per second"
    )
    best = f"best epoch: {result.best_epoch} of {result.epochs}; trained in {result.seconds:.1f} seconds{speed}"
    lines = [fill(best, columns()), ""]
    rows: list[tuple[str, ...]] = []
    references = result.references
    parts = {"on held-out names": result.validation, "on the test names": result.test}
    beside: list[tuple[str, Metrics | None, Metrics | None]] = [("", None, None)] * len(parts)
    if references is not None:
        by = references.baseline
        beside = [
            (by.summary, by.metrics, references.ceiling),
            ("n-gram", by.test, references.test_ceiling),
        ]
    for (what, network), (name, ngram, ceiling) in zip(parts.items(), beside, strict=True):
        if network is not None:
            rows += [(what, *FIGURES), ("  this network", *figures(network))]
            if ngram is not None and ceiling is not None:
                rows += [(f"  {name}", *figures(ngram)), ("  ceiling", *figures(ceiling))]
    rows += [
        ("on the training names", *([""] * len(FIGURES) if rows else FIGURES)),
        ("  this network", *figures(result.training)),
    ]
    said, drawn = [fill(sentence, columns()) for sentence in verdict(result)], _drawn(result)
    lines += [
        fitted(rows),
        "",
        *said,
        *([""] if said else []),
        *(fill(one, columns()) for one in drawn),
    ]
    if result.out is not None:
        lines.append(f"model: {printable(str(result.out))}")
        lines += [f"plot: {printable(str(plot))}"] if plot else []
        lines.append(f"next: namegen generate {printable(shlex.quote(str(result.out)))}")
    return "\n".join(lines)


def verdict(result: RunResult) -> list[str]:
    """The network beside the n-gram baseline, in words."""
    references = result.references
    on_test = result.test is not None and (  # which judges, unless its names are too few for it
        references is None
        or result.validation is None
        or references.judging(test=True) >= MIN_TO_JUDGE
    )
    judged = result.test if on_test else result.validation
    if judged is not None and judged.loss_nats_per_char > math.log(
        result.checkpoint.network.vocabulary_size
    ):
        return ["The network has learned nothing: a random guess is better."]
    said = []
    if judged is None:
        said.append(
            "No names are held out: these figures are for names that the network has learned from, and do not say how "
            "well it predicts others."
        )
    elif references is None:
        said.append(
            "No n-gram comparison: the n-gram baseline is tuned on a validation set, and this run has none."
        )
    elif 0 < (held_out := references.judging(test=on_test)) < MIN_TO_JUDGE:
        said.append(
            f"Only {counted(held_out, 'name')} held out: too few to compare the network with the n-gram baseline."
        )
    elif (
        ngram := references.baseline.test if on_test else references.baseline.metrics
    ) is not None:
        better_by = ngram.loss_nats_per_char - judged.loss_nats_per_char
        uses_base_model = "base_model" in result.checkpoint.training
        which = (
            "On held-out names, which its base model may know"
            if uses_base_model
            else _which_names(references, on_test=on_test)
        )
        chance = abs(better_by) >= TIE and better_by**2 * held_out < 1  # a rule of thumb
        said.append(
            f"{which}, this network is {_beside_counting(better_by)}{', which may be chance' * chance}."
        )
    if result.epochs > 1 and result.best_epoch == 1:
        said.append("The first epoch was the best, and all later ones were worse.")
    names = result.checkpoint.training.get("distinct_names", SMALL_LIST)
    if names < SMALL_LIST:
        said.append(
            f"The list has only {counted(names, 'distinct name')}: the new ones are variations of them."
        )
    return said


def _which_names(references: HeldOutReferences, *, on_test: bool) -> str:
    if on_test:
        return "On the test names"
    seen = references.parts.seen_percent
    return (
        f"On the held-out names, {_some(seen)} of which it has seen"
        if seen
        else "On names that it has not seen"
    )


def _some(per_cent: float) -> str:
    """A share above 0 in whole per cent: one that rounds to none of it is not none.

    >>> _some(0.2), _some(83.4)
    ('under 1%', '83%')
    """
    return f"{per_cent:.0f}%" if per_cent >= 0.5 else "under 1%"


def _beside_counting(better_by: float) -> str:
    """``better_by``: nats per character that the n-gram baseline loses more than the network."""
    if abs(better_by) < TIE:
        return "as good as the n-gram baseline"
    which = "better" if better_by > 0 else "worse"
    return f"{which} than the n-gram baseline, by {abs(better_by):.3f} nats per character"


def _drawn(result: RunResult) -> list[str]:
    """A few new names, and how many of those drawn stand in the list; nothing where the network cannot say."""
    from namegen import api

    try:
        model = api.open_checkpoint(result.checkpoint, "")
        longest = result.checkpoint.longest_name
        drawn = max(MIN_DRAWN, min(DRAWN_NAMES, MAX_CHARACTERS // longest))

        def not_long(event: Event) -> None:
            if (
                isinstance(event, Searched)
                and (event.drawn + event.read) * longest > MAX_CHARACTERS_READ
            ):
                raise GenerationError("names that a summary shows are not worth more")

        freely: dict[str, Any] = {
            "allow_seen": True,
            "allow_repeats": True,
            "allow_profanity": True,
        }
        as_learned = list(model.generate_batches(drawn, seed=result.seed, **freely))
        names: list[str] = []
        with suppress(GenerationError):  # there are fewer, or to find them takes long
            for batch in model.generate_batches(ASKED_FOR, seed=result.seed, on_progress=not_long):
                names += batch.names
    except NamegenError:  # a cell of a third party's, or a network whose names never end
        return []
    shown = ""
    for name in names:
        longer = f"{shown}, {printable(name)}" if shown else printable(name)
        if len(longer) <= NAMES_SHOWN:
            shown = longer
    said = [f"new names: {shown}"] if shown else []
    new = [is_new for batch in as_learned if batch.new is not None for is_new in batch.new.tolist()]
    if new:  # nobody knows that of a model that does not keep the names it learned from
        where = (
            "in the list or names of the base model"
            if "base_model" in result.checkpoint.training
            else "in the list"
        )
        said.append(
            f"of {len(new):,} names drawn at temperature 1, {percent(1 - sum(new) / len(new))} are {where}"
        )
    return said
