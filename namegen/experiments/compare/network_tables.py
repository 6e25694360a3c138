"""The report's tables about training: the accuracy and loss of the networks, and the speed of the backends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median

from namegen.experiments.compare.document import (
    BASELINE,
    CEILING,
    PARTS,
    ListEntry,
    Part,
    SplitName,
    Training,
)
from namegen.experiments.compare.pairs import Difference, between, in_figures, interval_in_words
from namegen.experiments.compare.speed import Lead, Speed, speeds
from namegen.experiments.report import (
    ARGMAX,
    CRITERIA,
    LOSS,
    Column,
    Table,
    make_table,
    percent,
    seconds,
)
from namegen.experiments.trained import Metric

LIKE_FOR_LIKE = "The same training by each backend"
AGAINST_NGRAM = "compared with the n-gram"
TOO_FEW = "Too few names were held out for a confidence interval of the difference from the n-gram."


# --- networks and accuracy --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ModelRow:
    """A row for a network, the n-gram or the ceiling in a table about one metric."""

    entry: ListEntry
    split: SplitName
    model: str  # a network, BASELINE or CEILING
    metric: Metric

    @property
    def label(self) -> str:
        """The name of the model."""
        if self.model == CEILING and CRITERIA[self.metric].lower_is_better:
            return "lower bound"
        return self.entry.label_of(self.split, self.model)

    @property
    def runs(self) -> list[Training]:
        """The runs of a network, one for each seed. It's empty for the n-gram and the ceiling."""
        return self.entry.runs(self.split, self.model)

    def values(self, part: Part) -> list[float]:
        """Return the metric on one part of the list, for each seed."""
        return self.entry.values(self.split, self.model, part, self.metric)

    def held_out_values(self) -> list[float]:
        """Return the metric on the held-out names, for each seed."""
        return self.values("held_out")

    def parameters(self) -> int | None:
        """Return the number of parameters of a network."""
        return self.runs[0].parameters if self.runs else None

    def batch_size(self) -> int | None:
        """Return the number of names per batch."""
        return self.runs[0].batch_size if self.runs else None

    def epochs(self) -> str | None:
        """Return the number of epochs, or several numbers if the seeds differ."""
        if not self.runs:
            return None
        numbers = sorted({run.epochs for run in self.runs})
        return " or ".join(str(number) for number in numbers)

    def best_epochs(self) -> list[int]:
        """Return the best epoch for each seed."""
        return [run.best_epoch for run in self.runs]

    @cached_property
    def difference(self) -> Difference | None:
        """Compare a network with the n-gram on the held-out names."""
        if not self.runs:
            return None
        return between(self.entry, self.split, self.model, BASELINE, self.metric)

    def difference_in_figures(self) -> str:
        """Format the comparison with the n-gram."""
        return in_figures(self.difference, self.metric)


def accuracy_table(entry: ListEntry, split: SplitName, metric: Metric = ARGMAX) -> Table:
    """Make a table of one kind of accuracy for every network, the n-gram and the ceiling on each part of the list."""
    return _network_table(
        _model_rows(entry, split, metric),
        title=f"{CRITERIA[metric].words}, split {split}",
        columns=[_accuracy_column(part) for part in PARTS],
        note=_split_note(entry, split),
    )


def _accuracy_column(part: Part) -> Column[ModelRow]:
    return Column(PARTS[part], lambda row: row.values(part), percent)


LOSS_COLUMNS: tuple[Column[ModelRow], ...] = (
    Column("parameters", ModelRow.parameters, "{:,}".format),
    Column("epochs", ModelRow.epochs, str),
    Column("best epoch", ModelRow.best_epochs, "{:.0f}".format),
    Column("batch (names)", ModelRow.batch_size, str),
    Column("loss (nats per character)", ModelRow.held_out_values, "{:.3f}".format),
)


def loss_table(entry: ListEntry, split: SplitName) -> Table:
    """Make a table of each network's loss on the held-out names and its training settings."""
    return _network_table(
        _model_rows(entry, split, LOSS),
        title=f"Loss on the held-out names, split {split}",
        columns=LOSS_COLUMNS,
    )


def _model_rows(entry: ListEntry, split: SplitName, metric: Metric) -> list[ModelRow]:
    """Return a row for each network, followed by rows for the n-gram and the ceiling."""
    models = [*entry.networks(split), BASELINE, CEILING]
    return [ModelRow(entry, split, model, metric) for model in models]


def _network_table(
    rows: Sequence[ModelRow], *, title: str, columns: Sequence[Column[ModelRow]], note: str = ""
) -> Table:
    """Make a table of all models. If possible, its last column compares each network with the n-gram."""
    all_columns = [Column[ModelRow]("network", lambda row: row.label), *columns]
    notes = [note]
    if any(row.difference for row in rows):
        all_columns.append(Column(AGAINST_NGRAM, ModelRow.difference_in_figures, str))
        notes.append(_difference_note(rows))
    elif any(run.held_out_groups for row in rows for run in row.runs):
        notes.append(TOO_FEW)
    all_notes = " ".join(filter(None, notes))
    # The last two rows are the n-gram and the ceiling.
    return make_table(title, all_columns, rows, note=all_notes, references=2)


def _difference_note(rows: Sequence[ModelRow]) -> str:
    """Explain the column that compares each network with the n-gram."""
    interval = interval_in_words(row.difference for row in rows)
    if CRITERIA[rows[0].metric].lower_is_better:
        return (
            "The last column is the network's loss minus the n-gram's, on the same held-out names. Below 0, the network"
            f" is better. {interval}"
        )
    return (
        "The last column is the network's accuracy minus the n-gram's, in percentage points, on the same held-out"
        f" names. Above 0, the network is better. {interval}"
    )


def _split_note(entry: ListEntry, split: SplitName) -> str:
    """Explain how the parts of the list are related, and how the table summarizes several seeds."""
    reference = entry.reference(split)
    sentences = ["Each ceiling applies to the same part of the list."]
    if reference.seen_percent:
        sentences.insert(
            0, f"{reference.seen_percent:.1f}% of the held-out names are also in the training set."
        )
    seeds = {run.seed for run in entry.trainings}
    if len(seeds) > 1:
        sentences.append("Each number is the mean over the seeds, followed by their range.")
    if reference.sqrt_duplicates:
        sentences.append(
            "The networks and the n-gram train on a name with c entries only about √c times, but the results count all "
            "of its entries."
        )
    return " ".join(sentences)


# --- the same training by each backend --------------------------------------------------------------------------------


@dataclass(frozen=True)
class SpeedRow:
    """The speed of one backend, and of the first backend with the same network and batches."""

    speed: Speed
    first: Speed

    def peak_memory(self) -> list[float]:
        """Return the peak memory of each round, in MiB."""
        return self.speed.each(lambda timing: timing.peak_memory_mib)

    def compilation(self) -> list[float]:
        """Return the seconds of compilation in each round."""
        return self.speed.each(lambda timing: timing.compilation_seconds)

    def start_up(self) -> list[float]:
        """Return the seconds from the start of the process until the backend was loaded, in each round."""
        return self.speed.each(lambda timing: timing.start_up_seconds)

    def ratio(self) -> str | None:
        """Return which backend is faster and how many times as fast it is, or None in the first backend's row."""
        if self.speed is self.first:
            return None
        lead = Lead.of(self.speed, self.first)
        return None if lead is None else f"{lead.faster}: {lead.ratio}"


SPEED_COLUMNS: tuple[Column[SpeedRow], ...] = (
    Column("network", lambda row: row.speed.network),
    Column("backend", lambda row: row.speed.engine),
    Column("batch (names)", lambda row: row.speed.batch_sizes[0], "{:,}".format),
    Column("seconds per epoch", lambda row: row.speed.seconds_per_epoch, seconds, median),
    Column("times as fast", SpeedRow.ratio, str),
    Column("start-up (s)", SpeedRow.start_up, seconds, median),
    Column("compilation (s)", SpeedRow.compilation, seconds, median),
    Column("peak memory (MiB)", SpeedRow.peak_memory, "{:,.0f}".format, median),
)


def like_for_like_table(entry: ListEntry) -> Table:
    """Make a table of the time and memory that each backend needs for the same networks and batches."""
    rows = []
    for network_speeds in speeds([entry]):
        rows += [SpeedRow(speed, first=network_speeds[0]) for speed in network_speeds]
    notes = []
    if any(len(row.speed.rounds) > 1 for row in rows):
        notes.append(
            "Each number is the median of several rounds, in which the backends took turns, followed by its range."
        )
    notes.append(
        'The column "times as fast" compares each backend with the first one, and names the faster of the two.'
        " Peak memory is only measured with the smaller batch size."
    )
    return make_table(LIKE_FOR_LIKE, SPEED_COLUMNS, rows, " ".join(notes))
