"""Test that the conclusions of a comparison have the right sentences and numbers in each case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from namegen.cli.compare import print_summary
from namegen.documents import UNSET
from namegen.experiments.compare.document import Comparison, ListEntry, MachineLoad, TimingRound
from namegen.experiments.compare.networks import ORIGINALS
from namegen.experiments.compare.speed import leads
from namegen.experiments.compare.verdict import verdict
from tests.experiments.compare.conftest import judged, with_losses

QUIET, BUSY, DRIFTING = (
    MachineLoad((0.01, 0.0101), 0.02),
    MachineLoad((0.01, 0.01), 0.6),
    MachineLoad((0.01, 0.03), 0.0),
)
FAST, SLOW = [1.0, 1.0, 1.1], [1.6, 1.5, 1.7]
ALL = ("SimpleRNN 2×32", "LSTM 2×32", "GRU 2×32", "SimpleRNN 2×128", *ORIGINALS)


def bare(entry: ListEntry, **parts: object) -> ListEntry:
    """Return a list with only the given results."""
    nothing = {"facts": None, "references": (), "trainings": (), "generation": (), "timings": ()}
    return replace(entry, **{**nothing, **parts})  # type: ignore[arg-type]  # parts can be any fields


def timed(
    comparison: Comparison,
    seconds: dict[str, list[float]],
    *,
    losses: dict[str, float] | None = None,
    quiet: MachineLoad = QUIET,
) -> Comparison:
    """Make a comparison of one network that several backends trained.

    Args:
        comparison: the comparison to change.
        seconds: the seconds per epoch of each backend, for each round.
        losses: by how much to change the training loss of each backend. The default is 0.
        quiet: the machine load of every measurement.
    """
    entry = judged(with_losses(comparison.lists[0], {}))
    run = entry.like_for_like["SimpleRNN 2×32"][0]
    runs, rounds = [run for run in entry.trainings if run.role == "network"], []
    generation = tuple(replace(one, quiet=quiet) for one in entry.generation)
    for engine, of_rounds in seconds.items():
        moved = (losses or {}).get(engine, 0)
        curve = tuple(loss + moved for loss in run.history.training_loss_nats_per_char)
        history = replace(run.history, training_loss_nats_per_char=curve)
        first, *others = [replace(run.timing, seconds_per_epoch=one) for one in of_rounds]
        runs.append(replace(run, engine=engine, history=history, timing=first, quiet=quiet))
        for number, one in enumerate(others, start=1):
            rounds.append(TimingRound(run.network, engine, number, run.config, None, (one,), quiet))
    made = replace(entry, trainings=tuple(runs), timings=tuple(rounds), generation=generation)
    return replace(comparison, lists=(made,))


def named(entry: ListEntry, name: str) -> ListEntry:
    return replace(entry, name=name, fingerprint=name)


# --- speed ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "headline", "numbers"),
    [
        (
            {"numpy": FAST, "keras": SLOW},
            "NumPy trains faster than Keras",
            ("1.5", "(1.5 to 1.6 in 3 rounds)"),
        ),
        (
            {"numpy": SLOW, "keras": FAST},
            "Keras trains faster than NumPy",
            ("1.5", "(1.5 to 1.6 in 3 rounds)"),
        ),
        (
            {"numpy": [1.0, 1.0], "keras": [1.03, 1.02]},
            "NumPy trains faster than Keras",
            ("1.02", "(1.02 to 1.03 in 2 rounds)"),
        ),
        (
            {"numpy": FAST, "keras": [0.9, 1.1, 1.2]},
            "There's no clear difference in speed",
            ("ranged from 0.9 to 1.1",),
        ),
        (
            {"numpy": [1.0], "keras": [2.0]},
            "There's no clear difference in speed",
            ("2.0", "only one round"),
        ),
    ],
    ids=["faster", "slower", "a-little", "unclear", "one-round"],
)
def test_the_faster_backend_is_named_with_its_range(
    comparison: Comparison, seconds: dict[str, list[float]], headline: str, numbers: tuple[str, ...]
) -> None:
    summary = verdict(timed(comparison, seconds))
    assert summary.headline.startswith(headline)
    assert all(number in summary.speed for number in numbers)
    assert "Low machine load" in summary.speed
    assert not summary.is_noisy


@pytest.mark.parametrize(
    ("quiet", "cause"), [(BUSY, "60% of a processor core"), (DRIFTING, "100% longer")]
)
def test_no_backend_is_called_faster_on_a_busy_machine(
    comparison: Comparison, quiet: MachineLoad, cause: str
) -> None:
    summary = verdict(timed(comparison, {"numpy": FAST, "keras": SLOW}, quiet=quiet))
    assert summary.is_noisy
    assert "too busy" in summary.headline
    assert cause in summary.speed
    assert "1.5" not in summary.speed
    unknown = verdict(
        timed(comparison, {"numpy": FAST, "keras": SLOW}, quiet=MachineLoad((0.01, 0.01), None))
    )
    assert not unknown.is_noisy, "the system doesn't report its load"


def test_every_network_and_every_backend_is_compared(comparison: Comparison) -> None:
    [fast] = timed(comparison, {"numpy": SLOW, "keras": FAST, "swift": [4.0, 4.0, 4.4]}).lists
    [other] = timed(comparison, {"numpy": SLOW, "keras": [1.5, 1.8, 1.6]}).lists
    lstm = [replace(run, network="LSTM") for run in other.trainings if run.role == "like_for_like"]
    rounds = [replace(one, network="LSTM") for one in other.timings]
    both = replace(fast, trainings=(*fast.trainings, *lstm), timings=(*fast.timings, *rounds))
    summary = leads([both])
    assert [
        (lead.network, lead.faster, lead.slower) for of_network in summary for lead in of_network
    ] == [
        ("SimpleRNN 2×32", "keras", "numpy"),
        ("SimpleRNN 2×32", "keras", "swift"),
        ("LSTM", "keras", "numpy"),
    ]
    text = verdict(replace(comparison, lists=(both,)))
    assert "depends on the network" in text.headline
    assert "SimpleRNN 2×32: Keras trains 4.0 times as fast as swift" in text.speed


def test_speeds_are_compared_in_common_rounds(comparison: Comparison) -> None:
    """A backend that failed on the longer list has shorter epochs, but it can still be slower."""
    [long] = timed(comparison, {"numpy": [9.0, 9.0]}).lists
    [short] = timed(comparison, {"numpy": [1.0, 1.0], "keras": [2.0, 2.0]}).lists
    [[lead]] = leads([named(long, "long"), short, named(long, "longer")])
    assert (lead.faster, lead.ratio.rounds) == ("numpy", [2.0, 2.0])


def test_one_backend_alone_has_no_speed_comparison(comparison: Comparison) -> None:
    alone = verdict(timed(comparison, {"numpy": FAST}, quiet=BUSY))
    nothing = verdict(replace(comparison, lists=(bare(comparison.lists[0]),)))
    for summary in (alone, nothing):
        assert "no speeds to compare" in summary.speed
        assert not summary.is_noisy
    assert (nothing.quality, nothing.names, nothing.table.rows) == ("", "", ())


def test_a_single_timed_backend_is_mentioned(comparison: Comparison) -> None:
    summary = verdict(timed(comparison, {"keras": FAST}))
    assert summary.headline.startswith("Only Keras was timed.")
    assert "learn the same" not in summary.quality


# --- quality ----------------------------------------------------------------------------------------------------------


def test_a_backend_with_different_losses_is_named(comparison: Comparison) -> None:
    seconds = {engine: [1.0] for engine in ("numpy", "keras", "swift")}
    alike = verdict(timed(comparison, seconds, losses={"keras": 0.001})).quality
    assert "learn the same" in alike
    assert "0.0010 nats" in alike
    apart = verdict(timed(comparison, seconds, losses={"keras": 0.001, "swift": 0.05})).quality
    assert "swift doesn't learn the same" in apart
    assert "0.0500 nats" in apart
    assert "Keras" not in apart


@pytest.mark.parametrize(
    ("losses", "headline", "quality"),
    [
        (
            {"LSTM 2×32": -0.05},
            "The best network predicts held-out names significantly better",
            "LSTM 2×32",
        ),
        (
            dict.fromkeys(ALL, 0.05),
            "The n-gram predicts held-out names significantly better",
            "For all lists",
        ),
        ({}, "no significant difference", "For all lists"),
    ],
    ids=["network", "n-gram", "neither"],
)
def test_the_better_model_is_named_if_the_difference_is_significant(
    comparison: Comparison, losses: dict[str, float], headline: str, quality: str
) -> None:
    summary = verdict(replace(comparison, lists=(with_losses(comparison.lists[0], losses),)))
    assert headline in summary.headline
    assert quality in summary.quality
    assert len(summary.table.rows) == 2


def test_lists_are_named_if_the_outcome_depends_on_them(comparison: Comparison) -> None:
    worse = with_losses(comparison.lists[0], dict.fromkeys(ALL, 0.05))
    better = with_losses(comparison.lists[1], {"LSTM 2×32": -0.05}, "by-name")
    summary = verdict(replace(comparison, lists=(worse, better)))
    assert "depends on the list" in summary.headline
    network, ngram, neither = (
        next(one for one in summary.quality.split(". ") if text in one)
        for text in ("(LSTM 2×32) predicts", "n-gram predicts", "no significant difference")
    )
    assert "mlb-last (split by-name)" in network
    assert "mlb-first (split by-row) and mlb-first (split by-name)" in ngram
    assert "mlb-last (split by-row)" in neither
    many = tuple(named(worse, f"list {number}") for number in range(2))
    assert (
        "For 4 of 6 combinations of list and split"
        in verdict(replace(comparison, lists=(*many, better))).quality
    )


def test_a_list_with_one_split_is_named_without_it(comparison: Comparison) -> None:
    worse = with_losses(comparison.lists[0], dict.fromkeys(ALL, 0.05))
    better = with_losses(comparison.lists[1], {"LSTM 2×32": -0.05})
    lists = tuple(replace(entry, references=entry.references[:1]) for entry in (worse, better))
    quality = verdict(replace(comparison, lists=lists)).quality
    assert "For mlb-first, the n-gram predicts" in quality
    assert "For mlb-last, the best network" in quality


def test_a_tie_is_no_win_in_the_headline(comparison: Comparison) -> None:
    worse = with_losses(comparison.lists[0], dict.fromkeys(ALL, 0.05))
    partly_worse = with_losses(comparison.lists[1], dict.fromkeys(ALL, 0.05), "by-row")
    summary = verdict(replace(comparison, lists=(worse, partly_worse)))
    assert summary.headline.endswith(
        "The n-gram predicts better on 3 of 4 splits; on the other one, there's no significant difference."
    )
    better = with_losses(comparison.lists[1], {"LSTM 2×32": -0.05}, "by-name")
    tied = with_losses(comparison.lists[0], {})
    summary = verdict(replace(comparison, lists=(tied, better)))
    assert summary.headline.endswith(
        "The best network predicts better on 1 of 4 splits; on the others, there's no significant difference."
    )


def test_too_few_held_out_names_give_no_conclusion(comparison: Comparison) -> None:
    entry = comparison.lists[0]
    few = replace(
        entry, trainings=tuple(replace(run, held_out_groups=UNSET) for run in entry.trainings)
    )
    summary = verdict(replace(comparison, lists=(few,)))
    assert "n-gram" not in summary.headline
    assert "too few held-out names" in summary.quality.lower()
    assert {(row[3], row[-1]) for row in summary.table.rows} == {("not known", "–")}


def test_the_table_shows_the_best_networks(
    comparison: Comparison,
) -> None:
    entry = with_losses(comparison.lists[0], {"LSTM 2×32": -0.05, "GRU 2×32": -0.05}, "by-name")
    names, unique = verdict(replace(comparison, lists=(entry,))).table.rows
    assert (names[0], names[1], names[4], names[5]) == ("mlb-first", "by-row", "2.000", "2.000")
    assert names[6].startswith("no difference found")
    assert {unique[2], unique[3]} == {"LSTM 2×32", "GRU 2×32"}
    assert unique[4:6] == ("1.950", "2.000")
    assert unique[6].startswith("−0.05")
    far_ahead = with_losses(entry, {"LSTM 2×32": -0.05})
    assert verdict(replace(comparison, lists=(far_ahead,))).table.rows[0][2:4] == (
        "LSTM 2×32",
        "none",
    )


def test_a_quick_comparison_is_mentioned(comparison: Comparison) -> None:
    assert "10 epochs" in verdict(replace(comparison, quick=True, quick_epochs=10)).quality
    assert "quick comparison" not in verdict(comparison).quality


# --- names ------------------------------------------------------------------------------------------------------------


def test_the_percentage_of_names_from_the_list_is_shown(comparison: Comparison) -> None:
    one, two = (
        verdict(replace(comparison, lists=comparison.lists[:number])).names for number in (1, 2)
    )
    assert "76% of the names generated by SimpleRNN 2×32" in one
    assert "85%" in one, "the percentage for the n-gram"
    assert "17% to 76%" in two
    assert "51% to 85%" in two


# --- terminal output --------------------------------------------------------------------------------------------------


def test_the_terminal_shows_headline_names_and_sentences(
    comparison: Comparison, capsys: pytest.CaptureFixture[str]
) -> None:
    made = timed(comparison, {"numpy": FAST, "keras": SLOW})
    summary = verdict(made)
    print_summary(made)
    printed = capsys.readouterr().out
    lines = printed.splitlines()
    assert len(lines) <= 24, "leave room for the path of the report"
    assert max(map(len, lines)) <= 80
    assert "mlb-first, 8-gram: Zed, Zod" in lines
    words = " ".join(printed.split())
    for text in (summary.headline, summary.speed, summary.quality, summary.names):
        assert text in words
