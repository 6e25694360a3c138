"""The tables of the section "Like for like": the same training by each engine."""

from __future__ import annotations

from collections.abc import Sequence

from namegen.experiments.compare.document import ListEntry, Training
from namegen.experiments.compare.selection import like_for_like_by_network, like_for_like_runs
from namegen.experiments.table import NONE, Table, mebibytes, percent, seconds, whole


def like_for_like_table(entry: ListEntry) -> Table:
    """Both engines, the same networks, the same batches: time and memory, and what was learned."""
    rows: list[tuple[str, ...]] = []
    for run in like_for_like_runs(entry):
        timing = run.timing
        rows.append(
            (
                run.network,
                run.engine,
                seconds(timing.seconds_per_epoch),
                whole(timing.chars_per_second),
                seconds(timing.start_up_seconds),
                seconds(timing.compilation_seconds),
                seconds(timing.first_epoch_seconds),
                mebibytes(timing.peak_memory_mib),
                percent(run.figures.held_out.accuracy_argmax),
            )
        )
    columns = (
        *("network", "engine", "seconds per epoch", "characters per second", "start-up (s)", "compilation (s)"),
        *("first epoch (s)", "peak memory (MiB)", "held-out argmax (%)"),
    )
    note = "Seconds per epoch: in training only, the median of all epochs but the first. Start-up: from the start of "
    note += "the process until its libraries are loaded and the engine is made."
    return Table("The same training by each engine", columns, tuple(rows), note, left=2)


def distance_table(entry: ListEntry) -> Table:
    """How far the loss curves of the engines are apart."""
    rows = [
        (
            one.network,
            " and ".join(one.largest_distance.engines),
            f"{one.largest_distance.distance_nats:.6f}",
            one.largest_distance.curve.partition("_")[0].replace("validation", "held-out"),
            str(one.largest_distance.epoch),
        )
        for one in entry.like_for_like
        if one.largest_distance is not None
    ]
    columns = ("network", "engines", "largest distance (nats per character)", "curve", "at epoch")
    return Table("How far the loss curves are apart", columns, tuple(rows), left=2)


def curve_tables(entry: ListEntry) -> list[Table]:
    """The curves of each network."""
    return [curve_table(runs) for runs in like_for_like_by_network(entry).values()]


def curve_table(runs: Sequence[Training]) -> Table:
    """Every epoch of the engines' curves: the numbers of the plot."""
    columns: list[str] = ["epoch"]
    for run in runs:
        columns += [f"{run.engine}: {what}" for what in ("training loss", "held-out loss", "seconds", "argmax (%)")]
    rows = []
    for place, epoch in enumerate(runs[0].history.epoch):
        row = [str(epoch)]
        for run in runs:
            history = run.history
            if place >= len(history.epoch):
                row += [NONE] * 4
                continue
            losses = (history.training_loss_nats_per_char[place], history.validation_loss_nats_per_char[place])
            row += [NONE if loss is None else f"{loss:.4f}" for loss in losses]
            row += [seconds(history.seconds[place]), percent(history.validation_accuracy_argmax[place])]
        rows.append(tuple(row))
    return Table(f"Every epoch, {runs[0].network}", tuple(columns), tuple(rows), "Losses in nats per character.")
