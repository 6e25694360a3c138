"""The result of a comparison in words: headline, new names, answers."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from namegen.cli.compare import print_summary
from namegen.documents import UNSET
from namegen.experiments.compare.document import BASELINE, Comparison, ListEntry, Quiet, TimingRound, Trouble
from namegen.experiments.compare.plan import ORIGINALS
from namegen.experiments.compare.verdict import headline, measured_where, samples, troubles, verdict
from namegen.experiments.machine import EngineCode
from tests.experiments.compare.conftest import judged, with_losses

QUIET = Quiet((0.01, 0.0101), 0.02)
FASTER, COST, SAME, BEST, NAMES, TRUST = (
    "Which engine trains faster?",
    "What does each engine cost?",
    "Do the engines learn the same?",
    "Which network predicts best?",
    "What are the names like?",
    "Can it be trusted?",
)


def bare(entry: ListEntry, **parts: object) -> ListEntry:
    """A list without any figures but these."""
    nothing = {"facts": None, "references": (), "trainings": (), "generation": (), "timings": ()}
    return replace(entry, **{**nothing, **parts})  # type: ignore[arg-type]  # any of its fields


def timed(
    comparison: Comparison,
    seconds: dict[str, list[float]],
    *,
    large: dict[str, list[float]] | None = None,
    losses: dict[str, float] | None = None,
    quiet: Quiet = QUIET,
) -> Comparison:
    """The same training by several engines: the seconds of an epoch in each round, with the batch of the training and
    with a large one from the second round on; each with its loss moved by so much.
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
            more = [(large or {})[engine][number - 1]] if large else []
            batches = (one, *(replace(one, batch_size=512, seconds_per_epoch=own) for own in more))
            rounds.append(TimingRound(run.network, engine, number, run.config, None, batches, quiet))
    made = replace(entry, trainings=tuple(runs), timings=tuple(rounds), generation=generation)
    return replace(comparison, lists=(made,))


def answers(results: Comparison, question: str) -> str:
    [line] = [line for line in verdict(results) if line.question == question]
    return " ".join(line.sentences)


# --- the headline -----------------------------------------------------------------------------------------------------

FAST, SLOW = [1.0, 1.0, 1.1], [1.6, 1.5, 1.7]
BUSY = Quiet((0.01, 0.01), 0.6)


ALL = ("SimpleRNN 2×32", "LSTM 2×32", "GRU 2×32", "SimpleRNN 2×128", *ORIGINALS)


@pytest.mark.parametrize(
    ("seconds", "losses", "splits", "quiet", "said"),
    [
        ({"numpy": FAST, "keras": SLOW}, dict.fromkeys(ALL, 0.05), ("names",), QUIET,
         "NumPy trains 1.5 times as fast as Keras; the engines learn alike; SimpleRNN 2×32, listed names: 76%; "
         "the n-gram is better or equal."),
        ({"numpy": SLOW, "keras": FAST}, {"LSTM 2×32": -0.05}, (), QUIET,
         "Keras trains 1.5 times as fast as NumPy; the engines learn alike; SimpleRNN 2×32, listed names: 76%; "
         "the n-gram is worse."),
        ({"numpy": FAST, "keras": [0.9, 1.1, 1.2]}, {}, (), QUIET,
         "No difference in speed found in batches of 128; the engines learn alike; SimpleRNN 2×32, listed names: 76%; "
         "no difference from the n-gram."),
        ({"numpy": FAST, "keras": SLOW}, dict.fromkeys(ALL, 0.05), (), BUSY,
         "The machine was too busy to compare speeds; the engines learn alike; SimpleRNN 2×32, listed names: 76%; "
         "the n-gram is better."),
    ],
    ids=["numpy", "keras", "none", "busy"],
)  # fmt: skip
def test_the_headline_has_all_that_a_reader_asks_first(
    comparison: Comparison, seconds, losses, splits, quiet, said, capsys: pytest.CaptureFixture[str]
) -> None:
    made = timed(comparison, seconds, quiet=quiet)
    made = replace(made, lists=(with_losses(made.lists[0], losses, *splits),))
    assert headline(made) == said
    assert len(said.split()) <= 25
    print_summary(made)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 24, "and the path of the report"
    assert " ".join(lines[:2]) == said
    assert max(map(len, lines)) <= 80
    assert lines[2] == "mlb-first, 8-gram: Zed, Zod"
    assert {line.partition("?")[0] + "?" for line in lines if "? " in line} == {FASTER, COST, SAME, BEST, NAMES, TRUST}


def test_without_engines_or_names_the_headline_says_less(comparison: Comparison) -> None:
    assert headline(timed(comparison, {"numpy": FAST})).startswith("NumPy alone was timed; SimpleRNN 2×32, listed ")
    apart = timed(comparison, {"numpy": FAST, "keras": SLOW}, losses={"keras": 0.05})
    assert "; the engines learn differently; " in headline(apart)
    two = tuple(with_losses(comparison.lists[0], losses) for losses in (dict.fromkeys(ALL, 0.05), {"LSTM 2×32": -0.05}))
    assert headline(replace(comparison, lists=two, quick_epochs=10)).endswith("is better on some lists.")
    assert headline(replace(comparison, lists=(bare(comparison.lists[0]),))) == "No engine was timed."
    entry = timed(comparison, {"numpy": FAST}).lists[0]
    few = tuple(replace(run, held_out_groups=UNSET) for run in entry.trainings)
    assert "n-gram" not in headline(replace(comparison, lists=(replace(entry, trainings=few),))), "nobody knows"


def test_new_names_of_each_network_and_of_the_n_gram_are_shown(comparison: Comparison) -> None:
    rows = samples(judged(comparison.lists[0])).rows
    assert len(rows) == len(comparison.lists[0].networks("names")) + 1
    assert rows[0] == ("SimpleRNN 2×32", "Ann, Ben")
    assert rows[-1] == ("8-gram", "Zed, Zod")
    assert samples(replace(comparison.lists[0], generation=(), references=())).rows == (), "nothing was drawn"


# --- the answers ------------------------------------------------------------------------------------------------------


def test_a_whole_comparison_is_answered_in_six_lines_of_at_most_two_figures(comparison: Comparison) -> None:
    assert [line.question for line in verdict(comparison)] == [FASTER, COST, SAME, BEST, NAMES, TRUST]
    names = [name for entry in comparison.lists for name in entry.networks("names")]
    called = [entry.called(split, BASELINE) for entry in comparison.lists for split in entry.splits]
    for line in verdict(comparison):
        for sentence in line.sentences:
            assert sentence.endswith(".")
            text = re.sub("|".join(map(re.escape, sorted([*names, *called], key=len, reverse=True))), "", sentence)
            assert len(re.findall(r"\d[\d.,]*", text)) <= 2, sentence


def test_a_comparison_without_figures_still_says_so(comparison: Comparison) -> None:
    nothing = replace(comparison, lists=(bare(comparison.lists[0]),))
    assert answers(nothing, FASTER) == "No network could be trained."
    assert [line.question for line in verdict(nothing)] == [FASTER, TRUST]
    assert "machine" not in answers(nothing, TRUST)


@pytest.mark.parametrize(
    ("numpy", "keras", "large", "said"),
    [
        ([1.0, 1.0, 2.0], [2.0, 1.5, 5.0], {"numpy": [0.5, 0.5], "keras": [1.5, 2.0]},
         "SimpleRNN 2×32: numpy is 2.0 times as fast as keras in batches of 128. "
         "SimpleRNN 2×32: numpy is 3.5 times as fast as keras in batches of 512."),
        ([1.0, 1.0], [1.03, 1.02], {"numpy": [1.0], "keras": [1.04]},
         "SimpleRNN 2×32: numpy is 1.02 times as fast as keras in batches of 128. "
         "SimpleRNN 2×32: numpy was 1.04 times as fast as keras in batches of 512, measured once."),
        ([1.0, 1.0], [1.1, 0.9], None,
         "SimpleRNN 2×32: no difference found between keras and numpy in batches of 128."),
    ],
)  # fmt: skip
def test_the_faster_engine_is_told_by_its_rounds(comparison, numpy, keras, large, said) -> None:
    found = answers(timed(comparison, {"numpy": numpy, "keras": keras}, large=large), FASTER)
    assert found in (said, said.replace("keras and numpy", "numpy and keras"))


def test_a_list_is_named_where_an_engine_is_faster_on_it_alone(comparison: Comparison) -> None:
    made = timed(comparison, {"numpy": [1.0, 1.1], "keras": [2.0, 2.2]})
    other = replace(timed(comparison, {"numpy": [1.0, 1.2], "keras": [1.1, 1.1]}).lists[0], name="b", fingerprint="b")
    made = replace(made, lists=(*made.lists, other))
    said = "SimpleRNN 2×32, mlb-first: numpy is 2.0 times as fast as keras in batches of 128. "
    said += "SimpleRNN 2×32, b: no difference found between numpy and keras in batches of 128."
    assert answers(made, FASTER) == said
    assert headline(made).startswith("NumPy trains 2.0 times as fast as Keras on mlb-first; ")


def test_the_headline_names_the_network_where_the_first_one_shows_no_difference(comparison: Comparison) -> None:
    [first], [other] = (timed(comparison, {"numpy": SLOW, "keras": one}).lists for one in ([1.5, 1.8, 1.6], FAST))

    def with_lstm(name: str, like: ListEntry) -> ListEntry:
        lstm = [replace(one, network="LSTM 2×32") for one in like.trainings if one.role == "like_for_like"]
        again = [replace(one, network="LSTM 2×32") for one in like.timings]
        made = bare(first, trainings=(*first.trainings, *lstm), timings=(*first.timings, *again))
        return replace(made, name=name, fingerprint=name)

    said, made = "Keras trains 1.5 times as fast as NumPy on ", with_lstm("a", other)
    assert headline(replace(comparison, lists=(made,))).startswith(f"{said}LSTM 2×32; ")
    # Where one list alone shows it, the list is named instead.
    assert headline(replace(comparison, lists=(made, with_lstm("b", first)))).startswith(f"{said}a; ")


def test_one_engine_that_differs_does_not_speak_for_the_others(comparison: Comparison) -> None:
    seconds = {engine: [1.0] for engine in ("numpy", "keras", "swift", "zig")}
    said = answers(timed(comparison, seconds, losses={"keras": 0.001, "swift": 0.05, "zig": 0.5}), SAME)
    assert said.startswith("No: swift is up to 0.0500 nats per character away from numpy and zig is up to 0.5000 nats")
    assert "The loss curves of numpy and keras are at most 0.0010 nats" in said
    said = answers(timed(comparison, {"numpy": [1.0], "keras": [1.0]}, losses={"keras": 0.05}), SAME)
    assert said.startswith("No: keras is up to 0.0500 nats")
    assert "(less than 0.01 counts as the same)" in said


@pytest.mark.parametrize(
    ("quiet", "said"),
    [
        (QUIET, "times its best time. In as many, others kept at most 0.0 cores busy"),
        (BUSY, "In as many, others kept at most 0.6 cores busy"),
        (Quiet((0.01, 0.03), 0.0), "In nine of ten measurements, a fixed computation took at most 2 times"),
        (Quiet((0.01, 0.01), None), "quiet enough: in nine of ten measurements, a fixed computation"),
    ],
)
def test_a_busy_machine_is_told(comparison: Comparison, quiet: Quiet, said: str) -> None:
    made = timed(comparison, {"numpy": FAST, "keras": SLOW}, quiet=quiet)
    assert said in answers(made, TRUST)
    [line] = [line for line in verdict(made) if line.question == TRUST]
    assert line.warning == ("Not its times" in answers(made, TRUST)) == ("do not rely" in answers(made, FASTER))
    assert verdict(made)[-1] == line, "the answers come first"


def test_one_seed_and_several_are_told_apart(comparison: Comparison) -> None:
    assert "3 seeds, which change the start; the held-out names are the same" in answers(comparison, TRUST)
    one = replace(comparison, seeds=(0,), quick=True, quick_epochs=10, failed=(Trouble("a training", "lost"),))
    assert "1 seed: how much another start would change is not known." in answers(one, TRUST)
    assert "This was a quick look of 10 epochs;" in answers(one, TRUST)
    assert "1 measurement failed; the rest stands." in answers(one, TRUST)


def test_the_best_network_is_named_with_those_that_may_be_as_good(comparison: Comparison) -> None:
    entry = with_losses(comparison.lists[0], {"LSTM 2×32": -0.05, "GRU 2×32": -0.05}, "unique")
    [line] = [line for line in verdict(replace(comparison, lists=(entry,))) if line.question == BEST]
    assert line.table is not None
    first, second = line.table.rows
    assert first[0] == "mlb-first, split names"
    assert first[3:5] == ("no difference found", "2.000")
    assert {second[1], second[2]} == {"LSTM 2×32", "GRU 2×32"}
    assert second[3:6] == ("the network is better", "1.950", "2.000")
    assert second[8] == "75.5", "the ceiling"
    assert line.sentences[0].startswith(f"mlb-first, split names: {first[1]} has a loss of 2.000 nats, the n-gram 2")


def test_new_and_plausible_names_stand_beside_those_of_the_n_gram(comparison: Comparison) -> None:
    def told(pairs: float) -> list[tuple[str, ...]]:
        lists = (judged(comparison.lists[0], pairs), judged(comparison.lists[1]))
        [line] = [line for line in verdict(replace(comparison, lists=lists)) if line.question == NAMES]
        assert line.table is not None
        assert ("mlb-first: Which names are plausible is not told" in line.table.note) == (pairs > 80)
        return [row[1:] for row in line.table.rows]

    assert [row[1:] for row in told(60.0)[:3]] == [("44.0", "77.0"), ("44.0", "77.0"), ("15.0", "85.0")]
    assert [row[2] for row in told(85.0)[:4]] == ["not known"] * 3 + ["77.0"], "each list has its judge"


def test_where_it_was_measured_and_what_went_wrong_are_told(comparison: Comparison) -> None:
    codes = {"numpy": EngineCode("12ab", {"numpy": "2.3"}), "odd": EngineCode(None, {"torch": None})}
    where = measured_where(replace(comparison, engine_codes=codes, split_seed=7))
    assert "Engines: numpy (code 12ab, numpy 2.3); odd (code in no file, without torch)." in where
    assert any("Seeds 0, 1, 2, split by the seed 7; " in one for one in where)
    lost = replace(comparison, left_out=(Trouble("keras", "install it"),), failed=(Trouble("a training", "lost"),))
    assert troubles(lost) == ["Left out: keras: install it.", "Failed: a training: lost."]
