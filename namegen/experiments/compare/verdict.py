"""The conclusions of a comparison: a headline, a table, and a few sentences about speed, quality and names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from namegen.errors import counted
from namegen.experiments.compare.best_network import (
    BestNetwork,
    best_networks,
    best_networks_table,
    outcome_headline,
    outcome_sentences,
)
from namegen.experiments.compare.document import Comparison, ListEntry, Training
from namegen.experiments.compare.load_summary import LoadSummary
from namegen.experiments.compare.speed import Lead, display_name, leads
from namegen.experiments.report import Table

PARITY_NATS = 0.01  # loss curves that are closer than this count as equal
SMALLEST_SHOWN_NATS = 0.0001
CURVES = ("training_loss_nats_per_char", "validation_loss_nats_per_char")  # of a history


@dataclass(frozen=True)
class Verdict:
    """The start of a report."""

    headline: str
    speed: str  # which backend trains faster and by how much, and whether the times are reliable
    # Whether all backends learn the same, and whether the best network or the n-gram predicts better.
    quality: str
    # How many of the generated names were already in the list; empty if none were generated.
    names: str
    is_noisy: bool  # the machine was too busy to compare speeds
    table: Table  # the best network for each list and split


def verdict(results: Comparison) -> Verdict:
    """Summarize a comparison."""
    load = LoadSummary.of(results)
    leads_by_network = leads(results.lists)
    best = best_networks(results.lists)
    is_noisy = load is not None and not load.is_low
    quality = [
        *_parity_sentences(results.lists),
        *outcome_sentences(best),
        *_quick_comparison_sentence(results),
    ]
    return Verdict(
        headline=_headline(results, leads_by_network, best, is_noisy),
        speed=" ".join(_speed_sentences(leads_by_network, load)),
        quality=" ".join(quality),
        names=_names_sentence(results.lists),
        is_noisy=is_noisy and bool(leads_by_network),
        table=best_networks_table(best),
    )


def _headline(
    results: Comparison,
    leads_by_network: Sequence[Sequence[Lead]],
    best: Sequence[BestNetwork],
    is_noisy: bool,
) -> str:
    """State in two sentences which backend is faster, and whether a network or the n-gram predicts best."""
    if leads_by_network:
        speed_sentence = _speed_headline(leads_by_network, is_noisy)
    else:
        speed_sentence = _untimed_headline(results)
    sentences = [speed_sentence, outcome_headline(best)]
    return " ".join(filter(None, sentences))


# --- speed ------------------------------------------------------------------------------------------------------------


def _speed_headline(leads_by_network: Sequence[Sequence[Lead]], is_noisy: bool) -> str:
    """Name the fastest backend, if it's the same for every network."""
    if is_noisy:
        return "The machine was too busy to compare speeds."
    largest_leads = [network_leads[0] for network_leads in leads_by_network]
    clear_leads = [lead for lead in largest_leads if lead.ratio.is_clear]
    if not clear_leads:
        return f"There's no clear difference in speed between {_pair(largest_leads[0])}."
    backend_pairs = {(lead.faster, lead.slower) for lead in clear_leads}
    if len(clear_leads) < len(largest_leads) or len(backend_pairs) > 1:
        return "Which backend trains faster depends on the network."
    [(faster, slower)] = backend_pairs  # the same for every network
    return f"{display_name(faster)} trains faster than {display_name(slower)}."


def _untimed_headline(results: Comparison) -> str:
    """Explain why fewer than two backends can be compared."""
    backends = {engine for entry in results.lists for engine in entry.timed_engines}
    if len(backends) == 1:
        return f"Only {display_name(backends.pop())} was timed."
    return "No two backends were timed."


def _pair(lead: Lead) -> str:
    return f"{display_name(lead.faster)} and {display_name(lead.slower)}"


def _speed_sentences(
    leads_by_network: Sequence[Sequence[Lead]], load: LoadSummary | None
) -> Iterator[str]:
    """Compare the backends on each network, and explain whether the times are reliable."""
    if not leads_by_network or load is None:
        yield "No network was timed with two backends, so there are no speeds to compare."
        return
    if not load.is_low:
        yield "The machine was too busy to find out which backend trains faster."
        yield load.describe()
        yield "Run the comparison again on an idle machine, with another output folder."
        return
    names_networks = len(leads_by_network) > 1
    for lead in chain(*leads_by_network):
        yield lead_sentence(lead, names_network=names_networks)
    yield load.describe()


def lead_sentence(lead: Lead, *, names_network: bool = False) -> str:
    """Compare two backends in a sentence.

    Args:
        lead: the two backends and their network.
        names_network: whether the sentence starts with the name of the network.

    >>> from namegen.experiments.compare.speed import Ratio
    >>> lead_sentence(Lead("LSTM", "numpy", "keras", Ratio([1.9, 2.4, 2.8])))
    'NumPy trains 2.4 times as fast as Keras (1.9 to 2.8 in 3 rounds).'
    >>> lead_sentence(Lead("LSTM", "numpy", "keras", Ratio([0.9, 1.1, 1.2])), names_network=True)
    "LSTM: it isn't clear whether NumPy or Keras trains faster, because the ratio ranged from 0.9 to 1.2."
    """
    clause = _lead_clause(lead)
    if names_network:
        return f"{lead.network}: {clause}."
    return f"{clause[0].upper()}{clause[1:]}."


def _lead_clause(lead: Lead) -> str:
    """Compare two backends in a clause without a capital letter and a period."""
    ratio = lead.ratio
    faster = display_name(lead.faster)
    slower = display_name(lead.slower)
    rounds = len(ratio.rounds)
    if rounds == 1:
        return f"{faster} trained {ratio.middle} times as fast as {slower}, but only one round was measured"
    if ratio.is_clear:
        return f"{faster} trains {ratio.middle} times as fast as {slower} ({ratio.range} in {rounds} rounds)"
    return f"it isn't clear whether {faster} or {slower} trains faster, because the ratio ranged from {ratio.range}"


# --- quality ----------------------------------------------------------------------------------------------------------


def _parity_sentences(lists: Sequence[ListEntry]) -> Iterator[str]:
    """Yield sentences about whether the backends learn the same from the same initial weights and batches."""
    distances = largest_distances(lists)
    large_distances = {engine: nats for engine, nats in distances.items() if nats >= PARITY_NATS}
    for engine, nats in large_distances.items():
        yield (
            f"{display_name(engine)} doesn't learn the same as the other backends: its loss differs by up to "
            f"{nats:.4f} nats per character."
        )
    if distances and not large_distances:
        largest = max(*distances.values(), SMALLEST_SHOWN_NATS)
        yield f"The backends learn the same: their losses differ by at most {largest:.4f} nats per character."


def largest_distances(lists: Iterable[ListEntry]) -> dict[str, float]:
    """Map each backend to the largest distance of its loss curves from the first backend's, in nats per character."""
    distances: dict[str, float] = {}
    for entry in lists:
        for first_run, *other_runs in entry.like_for_like.values():
            for run in other_runs:
                distance = curve_distance(first_run, run)
                distances[run.engine] = max(distance, distances.get(run.engine, 0.0))
    return distances


def curve_distance(run: Training, other: Training) -> float:
    """Return the largest distance between the loss curves of two runs, in nats per character."""
    distances = [0.0]
    for curve in CURVES:
        losses = getattr(run.history, curve)
        other_losses = getattr(other.history, curve)
        for loss, other_loss in zip(losses, other_losses, strict=False):
            if loss is not None and other_loss is not None:
                distances.append(abs(loss - other_loss))
    return max(distances)


def _quick_comparison_sentence(results: Comparison) -> Iterator[str]:
    """Yield a sentence that warns about a quick comparison, or nothing after a full one."""
    if results.quick_epochs is not None:
        epochs = counted(results.quick_epochs, "epoch")
        yield f"This was a quick comparison, in which each network trained for only {epochs}."


# --- names ------------------------------------------------------------------------------------------------------------


def _names_sentence(lists: Sequence[ListEntry]) -> str:
    """State which share of the names that the first network and the n-gram generated was already in the list."""
    generations = [entry.generation[0] for entry in lists if entry.generation]
    if not generations:
        return ""
    network = generations[0].network
    percents = [generation.best.recreated_percent for generation in generations]
    ngram_percents = list(_ngram_recreated_percents(lists))
    sentence = (
        f"{_percent_range(percents)} of the names generated by {network} were already in the list"
    )
    if ngram_percents:
        sentence += (
            f", compared with {_percent_range(ngram_percents)} of the names generated by the n-gram"
        )
    if len(generations) > 1:
        return f"Depending on the list, {sentence}."
    return f"{sentence}."


def _ngram_recreated_percents(lists: Iterable[ListEntry]) -> Iterator[float]:
    """Yield the percentage of the n-gram's names that were already in each list."""
    for entry in lists:
        if entry.references:
            figures = entry.references[0].ngram_names.get("ngram")
            if figures is not None:
                yield figures.recreated_percent


def _percent_range(values: Iterable[float]) -> str:
    """Format a percentage, or the range of several."""
    rounded = [f"{value:.0f}%" for value in sorted(values)]
    if rounded[0] == rounded[-1]:
        return rounded[0]
    return f"{rounded[0]} to {rounded[-1]}"
