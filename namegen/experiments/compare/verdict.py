"""What a comparison found: a headline, a table, and a few sentences about speed, quality and names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from statistics import mean
from typing import Literal

from namegen.errors import counted
from namegen.experiments.compare.document import (
    BASELINE,
    Comparison,
    ListEntry,
    SplitName,
    Training,
)
from namegen.experiments.compare.pairs import Difference, between, in_figures, interval_in_words
from namegen.experiments.compare.quietness import Quietness
from namegen.experiments.compare.speed import Lead, display_name, leads
from namegen.experiments.report import CRITERIA, LOSS, Column, Table, listed, make_table

PARITY_NATS = 0.01  # loss curves closer than this are the same run
CURVES = ("training_loss_nats_per_char", "validation_loss_nats_per_char")  # of a history
MUCH_SEEN = 10.0  # % of the held-out names that are also in the training set
MOST_CASES = 3  # lists and splits that a sentence mentions


@dataclass(frozen=True)
class Verdict:
    """The start of a report."""

    headline: str
    speed: str  # which backend trains faster, by how much, and whether the machine was quiet enough to tell
    quality: str  # whether the backends learn the same, and whether the n-gram predicts better than the best network
    names: str  # how many of the generated names were already in the list; empty if none were generated
    is_noisy: bool  # the machine was too busy to compare speeds
    table: Table  # the best network of each list and split


def verdict(results: Comparison) -> Verdict:
    """Sum up a comparison."""
    lists = results.lists
    trouble = Quietness.of(results).trouble
    of_networks = leads(lists)
    best = [Best.of(entry, split) for entry in lists for split in entry.splits]
    headlines = [_speed_headline(of_networks, trouble), _quality_headline(best)]
    return Verdict(
        headline=f"{'; '.join(filter(None, headlines))}.",
        speed=" ".join(_speed(of_networks, trouble)),
        quality=" ".join([*_parity(lists), *_quality(best), *_quick_look(results)]),
        names=_names(lists),
        is_noisy=bool(of_networks and trouble),
        table=_best_table(best),
    )


# --- speed ------------------------------------------------------------------------------------------------------------


def _speed_headline(of_networks: Sequence[Sequence[Lead]], trouble: str) -> str:
    """Say which backend is the fastest, if that is clear for every network."""
    if not of_networks:
        return "No two backends were timed"
    if trouble:
        return "The machine was too busy to compare speeds"
    largest = [of_network[0] for of_network in of_networks]
    clear = [lead for lead in largest if lead.ratio.clear]
    pairs = {(lead.faster, lead.slower) for lead in clear}
    faster = display_name(largest[0].faster)
    slower = display_name(largest[0].slower)
    if not clear:
        return f"No clear difference in speed between {faster} and {slower}"
    if len(clear) < len(largest) or len(pairs) > 1:
        return "Which backend trains faster depends on the network"
    return f"{faster} trains faster than {slower}"


def _speed(of_networks: Sequence[Sequence[Lead]], trouble: str) -> Iterator[str]:
    """Compare the backends on each network, and say whether the machine was quiet enough for that."""
    if not of_networks:
        yield "No network was timed with two backends, so there is no speed to compare."
        return
    if trouble:
        yield f"The machine was too busy to tell which backend trains faster: {trouble}."
        yield "Run the comparison again on a quiet machine, with another folder."
        return
    for lead in chain(*of_networks):
        sentence = lead_in_words(lead)
        if len(of_networks) > 1:
            sentence = f"{lead.network}: {sentence}"
        yield sentence
    yield "The machine was quiet enough to trust these times."


def lead_in_words(lead: Lead) -> str:
    """Compare two backends in a sentence.

    >>> from namegen.experiments.compare.speed import Ratio
    >>> lead_in_words(Lead("LSTM", "numpy", "keras", Ratio([1.9, 2.4, 2.8])))
    'NumPy trains 2.4 times as fast as Keras (1.9 to 2.8).'
    >>> lead_in_words(Lead("LSTM", "numpy", "keras", Ratio([0.9, 1.1, 1.2])))
    "It isn't clear whether NumPy or Keras trains faster: the ratio was 0.9 to 1.2."
    """
    ratio = lead.ratio
    faster = display_name(lead.faster)
    slower = display_name(lead.slower)
    if len(ratio.rounds) == 1:
        return f"{faster} trained {ratio.shown} times as fast as {slower}, but only one round was measured."
    if ratio.clear:
        return f"{faster} trains {ratio.shown} times as fast as {slower} ({ratio.shown_range})."
    return f"It isn't clear whether {faster} or {slower} trains faster: the ratio was {ratio.shown_range}."


# --- quality ----------------------------------------------------------------------------------------------------------

Winner = Literal["network", "n-gram", "neither", "unknown"]
WINS: dict[Winner, str] = {
    "network": "the best network predicts significantly better than the n-gram",
    "n-gram": "the n-gram predicts significantly better than the best network",
    "neither": "the best network and the n-gram don't differ significantly",
    "unknown": "too few names were held out to compare the best network with the n-gram",
}


@dataclass(frozen=True)
class Best:
    """The network with the lowest loss on the held-out names of one list and split."""

    entry: ListEntry
    split: SplitName
    network: str
    difference: Difference | None  # its loss minus the n-gram's; None if there are too few names

    @classmethod
    def of(cls, entry: ListEntry, split: SplitName) -> Best:
        """Find the best network."""
        network = min(entry.networks(split), key=lambda name: held_out_loss(entry, split, name))
        return cls(entry, split, network, between(entry, split, network, BASELINE, LOSS))

    @property
    def winner(self) -> Winner:
        """The model that predicts better, if the difference is significant."""
        if self.difference is None:
            return "unknown"
        if not self.difference.is_found:
            return "neither"
        return "network" if self.difference.mean < 0 else "n-gram"

    @property
    def where(self) -> str:
        """The list, and its split if there are several."""
        if len(self.entry.splits) == 1:
            return self.entry.name
        return f"{self.entry.name} (split {self.split})"

    @property
    def as_good(self) -> str:
        """The networks whose loss isn't significantly higher."""
        known: dict[str, Difference] = {}
        for name in self.entry.networks(self.split):
            difference = between(self.entry, self.split, self.network, name, LOSS)
            if name != self.network and difference is not None:
                known[name] = difference
        if not known:
            return "not known"
        alike = [name for name, difference in known.items() if not difference.is_found]
        return listed(alike) or "none"


def held_out_loss(entry: ListEntry, split: SplitName, model: str) -> float:
    """The loss of a network or of the n-gram on the held-out names, over all seeds."""
    return mean(entry.values(split, model, "held_out", LOSS))


def farthest(lists: Sequence[ListEntry]) -> dict[str, float]:
    """Map each backend to the largest distance of its loss curves from the first backend's, in nats per character."""
    distances: dict[str, float] = {}
    for entry in lists:
        for first, *others in entry.like_for_like.values():
            for run in others:
                distance = max(_distance(first, run, curve) for curve in CURVES)
                distances[run.engine] = max(distances.get(run.engine, 0.0), distance)
    return distances


def _distance(first: Training, other: Training, curve: str) -> float:
    """The largest distance between the same curve of two runs, where both have a value."""
    pairs = zip(getattr(first.history, curve), getattr(other.history, curve), strict=False)
    return max(
        (abs(left - right) for left, right in pairs if None not in (left, right)), default=0.0
    )


def _parity(lists: Sequence[ListEntry]) -> Iterator[str]:
    """Say whether the backends learn the same from the same start on the same batches."""
    apart = farthest(lists)
    different = {engine: nats for engine, nats in apart.items() if nats >= PARITY_NATS}
    if not apart:
        return
    if not different:
        most = max(*apart.values(), 0.0001)
        yield f"The backends learn the same: their losses differ by at most {most:.4f} nats per character."
    for engine, nats in different.items():
        yield f"{display_name(engine)} doesn't learn the same: its loss differs by up to {nats:.4f} nats per character."


def _quality_headline(best: Sequence[Best]) -> str:
    """Say whether the best network or the n-gram predicts better, if that is so everywhere."""
    winners = {case.winner for case in best} - {"unknown"}
    if not winners:
        return ""
    if len(winners) > 1:
        return "whether a network or the n-gram predicts better depends on the list and its split"
    return WINS[winners.pop()]


def _quality(best: Sequence[Best]) -> Iterator[str]:
    """Say where the best network predicts better than the n-gram, and where it doesn't; a sentence for each outcome."""
    for winner, outcome in WINS.items():
        cases = [case for case in best if case.winner == winner]
        if not cases:
            continue
        if len({case.network for case in cases}) == 1:
            named = f"the best network, {cases[0].network},"
            outcome = outcome.replace("the best network", named)
        sentence = outcome + _where(cases, best)
        yield f"{sentence[0].upper()}{sentence[1:]}.".replace(",.", ".")


def _where(cases: Sequence[Best], best: Sequence[Best]) -> str:
    """Say which lists a sentence is about; empty if there is only one."""
    if len(best) == 1:
        return ""
    if len(cases) == len(best):
        return " on every list"
    if len(cases) > MOST_CASES:
        return f" in {len(cases)} of {len(best)} cases"
    return f" on {listed([case.where for case in cases])}"


def _quick_look(results: Comparison) -> Iterator[str]:
    if results.quick_epochs is not None:
        yield f"This was a quick look: the networks trained for only {counted(results.quick_epochs, 'epoch')}."


BEST_COLUMNS: tuple[Column[Best], ...] = (
    Column("list", lambda row: row.entry.name),
    Column("split", lambda row: row.split),
    Column("best network", lambda row: row.network),
    Column("not significantly worse", lambda row: row.as_good),
    Column(
        "loss (nats)",
        lambda row: held_out_loss(row.entry, row.split, row.network),
        CRITERIA[LOSS].show,
    ),
    Column(
        "n-gram: loss (nats)",
        lambda row: held_out_loss(row.entry, row.split, BASELINE),
        CRITERIA[LOSS].show,
    ),
    Column("network minus n-gram", lambda row: in_figures(row.difference, LOSS), str),
)


def _best_table(best: Sequence[Best]) -> Table:
    """The best network of each list and split, compared with the n-gram."""
    note = interval_in_words(case.difference for case in best)
    seen = max((case.entry.reference(case.split).seen_percent for case in best), default=0.0)
    if seen > MUCH_SEEN:
        note += f" Up to {seen:.0f}% of the held-out names are also in the training set, which helps n-grams most."
    return make_table("The best network on the held-out names", BEST_COLUMNS, best, note.strip())


# --- names ------------------------------------------------------------------------------------------------------------


def _names(lists: Sequence[ListEntry]) -> str:
    """Say how many of the names of the first network, and of the n-gram, were already in the list."""
    generations = [entry.generation[0] for entry in lists if entry.generation]
    if not generations:
        return ""
    of_network = [generation.best.recreated_percent for generation in generations]
    sentence = f"{_percent(of_network)} of the names that {generations[0].network} generated"
    sentence += " were already in the list"
    references = [entry.references[0] for entry in lists if entry.references]
    ngram_names = [reference.ngram_names.get("ngram") for reference in references]
    of_ngram = [figures.recreated_percent for figures in ngram_names if figures is not None]
    if of_ngram:
        sentence += f"; of the n-gram's names, {_percent(of_ngram)}"
    return f"{sentence}."


def _percent(values: Sequence[float]) -> str:
    """A share in %, or the range of several."""
    low = f"{min(values):.0f}%"
    high = f"{max(values):.0f}%"
    return low if low == high else f"{low} to {high}"
