"""The tables of the section "Like for like": the same training by each engine."""

from __future__ import annotations

from collections.abc import Sequence

from namegen.experiments.compare.document import ListEntry, Training
from namegen.experiments.compare.selection import like_for_like_by_network
from namegen.experiments.compare.speeds import by_network_and_batch, speeds
from namegen.experiments.table import NONE, Table, mebibytes, percent, seconds, spread_around_median, whole


def like_for_like_table(entry: ListEntry) -> Table:
    """Every engine, the same networks, the same batches: time and memory, and what was learned."""
    learned = {
        (network, run.engine): run.figures.held_out.accuracy_argmax
        for network, runs in like_for_like_by_network(entry).items()
        for run in runs
    }
    rows = []
    most = 1
    for (network, batch_size), of_engines in by_network_and_batch(speeds(entry)).items():
        for one in of_engines:
            rounds = one.rounds
            most = max(most, len(rounds))
            memory = [each.peak_memory_mib for each in rounds if each.peak_memory_mib is not None]
            rows.append(
                (
                    network,
                    one.engine,
                    f"{batch_size:,}",
                    spread_around_median(one.seconds_per_epoch, seconds),
                    whole(one.chars_per_second),
                    spread_around_median([each.start_up_seconds for each in rounds], seconds),
                    spread_around_median([each.compilation_seconds for each in rounds], seconds),
                    spread_around_median(memory, mebibytes) if memory else NONE,
                    percent(learned[network, one.engine]) if one.own_batch else NONE,
                )
            )
    columns = (
        *("network", "engine", "batch (names)", "seconds per epoch", "characters per second", "start-up (s)"),
        *("compilation (s)", "peak memory (MiB)", "held-out, likeliest right (%)"),
    )
    note = "Seconds per epoch: in training only, the median of all epochs but the first. Start-up: from the start of "
    note += "the process until its libraries are loaded and the engine is made."
    if most > 1:
        note += (
            " Each figure is the median of several rounds, in which the engines took turns; in brackets their range."
        )
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
