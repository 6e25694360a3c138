"""The sentences about accuracy and about names, where it is known how sure they are."""

from __future__ import annotations

import re
from dataclasses import replace

from namegen.experiments.compare.document import Comparison
from namegen.experiments.compare.words import accuracy_in_words, generation_in_words
from tests.experiments.compare.grouped import with_groups, with_names


def test_the_best_network_is_named_with_those_that_may_be_as_good(comparison: Comparison) -> None:
    seen, unseen = accuracy_in_words(with_groups(comparison))
    assert "(no difference found from the others) predicts" in seen  # all have as many hits
    assert "(no difference found from the others) predicts" in unseen
    for said in (seen, unseen):
        assert "(no difference found); the ceiling is" in said
        assert "Loss: " in said
    assert re.search(
        r"Loss: [^(]+ \(no difference found from \d others\) \d\.\d{3} nats per character, counting ", seen
    )


def test_a_network_that_is_better_is_so_by_an_interval(comparison: Comparison) -> None:
    entry = with_groups(comparison, better=0.05)
    only = replace(entry, trainings=tuple(run for run in entry.trainings if run.network in ("LSTM 2×32", "GRU 2×32")))
    runs = []
    for run in only.trainings:
        held_out = replace(run.figures.held_out, loss_nats_per_char=1.95 if run.network == "LSTM 2×32" else 2.0)
        runs.append(replace(run, figures=replace(run.figures, held_out=held_out)))
    for said in accuracy_in_words(replace(only, trainings=tuple(runs))):
        loss = said.partition("Loss: ")[2]
        assert loss.startswith("LSTM 2×32 1.950 nats per character, counting ")
        assert "(−0.05" in loss
        assert ", 95% interval −0.05" in loss
        assert loss.endswith(").")


def test_without_groups_it_is_said_that_differences_are_not_known(comparison: Comparison) -> None:
    said = list(accuracy_in_words(comparison.lists[0]))
    assert said
    for one in said:
        assert "(whether it differs from the others is not known) predicts" in one
        assert "(whether they differ is not known: too few names, or a document of the first edition)" in one
        assert "no difference" not in one
        assert "Loss" not in one


def test_the_held_out_names_are_counted_and_how_many_were_seen(comparison: Comparison) -> None:
    entry = comparison.lists[0]
    seen, unseen = (said.partition(": ")[0] for said in accuracy_in_words(entry))
    [first, *_] = [one for one in entry.references if one.split == "names"]
    names = first.parts.held_out.names
    assert f"{names:,} held-out names ({first.seen_percent:.0f}% seen in training)" in seen
    assert "held-out names (none seen in training)" in unseen


def test_new_and_plausible_names_stand_beside_those_of_counting(comparison: Comparison) -> None:
    _, new, plausible = generation_in_words(with_names(comparison))
    order = comparison.lists[0].references[0].baseline_order
    assert new == (
        f"Names that the training part lacks, in one drawing from one training each: SimpleRNN 2×32 44%, counting "
        f"({order}-gram) 15%, a Markov chain of order 4 4% and pairs of letters 88%."
    )
    assert plausible == (
        f"Of these, each once, could stand in the list: SimpleRNN 2×32 77%, counting ({order}-gram) 85%, a Markov "
        "chain of order 4 85% and pairs of letters 60%."
    )
    assert len(list(generation_in_words(with_names(comparison, pairs=85.0)))) == 2
    assert len(list(generation_in_words(comparison.lists[0]))) == 1
