"""Find the best network for each list, and compare it with the n-gram."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Literal, get_args

from namegen.experiments.compare.document import BASELINE, ListEntry, SplitName
from namegen.experiments.compare.pairs import Difference, between, in_figures, interval_in_words
from namegen.experiments.report import CRITERIA, LOSS, Column, Table, listed, make_table

MUCH_SEEN = 10.0  # % of the held-out names that are also in the training set
MOST_CASES = 3  # the number of lists and splits that a sentence can mention

# The model that predicts significantly better, or None if there is none.
Winner = Literal["network", "n-gram", "neither", "unknown"]
WINNERS: tuple[Winner, ...] = get_args(Winner)


@dataclass(frozen=True)
class BestNetwork:
    """The network with the lowest loss on the held-out names of one list and split."""

    entry: ListEntry
    split: SplitName
    network: str
    # The network's loss minus the n-gram's; None if there are too few names.
    difference: Difference | None

    @classmethod
    def of(cls, entry: ListEntry, split: SplitName) -> BestNetwork:
        """Find the best network of a list and split."""
        networks = entry.networks(split)
        losses = {network: held_out_loss(entry, split, network) for network in networks}
        best = min(networks, key=losses.__getitem__)
        return cls(entry, split, best, between(entry, split, best, BASELINE, LOSS))

    @property
    def loss(self) -> float:
        """The mean loss over all seeds on the held-out names."""
        return held_out_loss(self.entry, self.split, self.network)

    @property
    def ngram_loss(self) -> float:
        """The n-gram's loss on the held-out names."""
        return held_out_loss(self.entry, self.split, BASELINE)

    @property
    def winner(self) -> Winner:
        """The model that predicts better, if the difference is significant."""
        if self.difference is None:
            return "unknown"
        if not self.difference.is_significant:
            return "neither"
        return "network" if self.difference.mean < 0 else "n-gram"

    @property
    def label(self) -> str:
        """The list, and the split if there are several."""
        if len(self.entry.splits) == 1:
            return self.entry.name
        return f"{self.entry.name} (split {self.split})"

    @property
    def equally_good(self) -> str:
        """The other networks whose loss isn't significantly higher."""
        differences = self._differences()
        if not differences:
            return "not known"
        names = [name for name, each in differences.items() if not each.is_significant]
        return listed(names) or "none"

    def _differences(self) -> dict[str, Difference]:
        """Compare the best network with each of the other networks."""
        differences = {}
        for name in self.entry.networks(self.split):
            difference = between(self.entry, self.split, self.network, name, LOSS)
            if name != self.network and difference is not None:
                differences[name] = difference
        return differences


def held_out_loss(entry: ListEntry, split: SplitName, model: str) -> float:
    """Return the mean loss over all seeds of a network or the n-gram on the held-out names."""
    return mean(entry.values(split, model, "held_out", LOSS))


def best_networks(lists: Sequence[ListEntry]) -> list[BestNetwork]:
    """Find the best network of each list and split."""
    return [BestNetwork.of(entry, split) for entry in lists for split in entry.splits]


# --- in words ---------------------------------------------------------------------------------------------------------


def outcome_headline(best: Sequence[BestNetwork]) -> str:
    """State whether the best network or the n-gram predicts better. A tie doesn't count as a win."""
    winners = [case.winner for case in best if case.winner != "unknown"]
    distinct_winners = set(winners)
    if not distinct_winners:
        return ""
    if {"network", "n-gram"} <= distinct_winners:
        return "Whether a network or the n-gram predicts better depends on the list and its split."
    if len(distinct_winners) == 1:
        clause = _outcome_clause(distinct_winners.pop(), "the best network")
        return _as_sentence(clause)
    # One of them wins on some splits, and there is a tie on the others.
    name = "The n-gram" if "n-gram" in distinct_winners else "The best network"
    ties = winners.count("neither")
    others = "the other one" if ties == 1 else "the others"
    return (
        f"{name} predicts better on {len(winners) - ties} of {len(winners)} splits; on {others}, there's no "
        "significant difference."
    )


def outcome_sentences(best: Sequence[BestNetwork]) -> Iterator[str]:
    """Yield a sentence for each winner, with the lists and splits that it wins."""
    for winner in WINNERS:
        cases = [case for case in best if case.winner == winner]
        if not cases:
            continue
        clause = _outcome_clause(winner, _network_in_words(cases))
        if len(best) == 1:
            yield _as_sentence(clause)
        else:
            yield f"{_cases_in_words(cases, len(best))}, {clause}."


def _outcome_clause(winner: Winner, network: str) -> str:
    """State which model predicts better, as a clause without a capital letter and a period."""
    if winner == "network":
        return f"{network} predicts held-out names significantly better than the n-gram"
    if winner == "n-gram":
        return f"the n-gram predicts held-out names significantly better than {network}"
    if winner == "neither":
        return f"there's no significant difference between the n-gram and {network}"
    return f"there are too few held-out names to compare the n-gram with {network}"


def _as_sentence(clause: str) -> str:
    return f"{clause[0].upper()}{clause[1:]}."


def _network_in_words(cases: Sequence[BestNetwork]) -> str:
    """Describe the best network, with its name if it's the same in all cases."""
    names = {case.network for case in cases}
    if len(names) == 1:
        return f"the best network ({names.pop()})"
    return "the best network"


def _cases_in_words(cases: Sequence[BestNetwork], total: int) -> str:
    """Return the start of a sentence: the lists and splits that the sentence describes.

    Args:
        cases: the lists and splits.
        total: the number of combinations of list and split in the whole comparison.
    """
    if len(cases) == total:
        return "For all lists and splits"
    if len(cases) > MOST_CASES:
        return f"For {len(cases)} of {total} combinations of list and split"
    return f"For {listed([case.label for case in cases])}"


# --- the table --------------------------------------------------------------------------------------------------------


BEST_NETWORK_COLUMNS: tuple[Column[BestNetwork], ...] = (
    Column("list", lambda row: row.entry.name),
    Column("split", lambda row: row.split),
    Column("best network", lambda row: row.network),
    Column("networks that aren't significantly worse", lambda row: row.equally_good),
    Column("loss (nats)", lambda row: row.loss, CRITERIA[LOSS].show),
    Column("n-gram: loss (nats)", lambda row: row.ngram_loss, CRITERIA[LOSS].show),
    Column("network minus n-gram", lambda row: in_figures(row.difference, LOSS), str),
)


def best_networks_table(best: Sequence[BestNetwork]) -> Table:
    """Make a table of the best network for each list and split."""
    notes = [interval_in_words(case.difference for case in best)]
    seen_percents = [case.entry.reference(case.split).seen_percent for case in best]
    most_seen = max(seen_percents, default=0.0)
    if most_seen > MUCH_SEEN:
        notes.append(
            f"Up to {most_seen:.0f}% of the held-out names are also in the training set, which helps n-grams most."
        )
    note = " ".join(filter(None, notes))
    return make_table("The best network on the held-out names", BEST_NETWORK_COLUMNS, best, note)
