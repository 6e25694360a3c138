"""The result of a comparison in words: a headline, new names to look at, and six questions with their answers.

The headline has at most 25 words, and a sentence of an answer at most two figures: the tables have the rest. What
speeds and ratios are, and when a machine counts as busy, stands at the end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from statistics import mean, median

from namegen.errors import counted
from namegen.experiments.compare.document import (
    BASELINE,
    CEILING,
    NUMPY,
    ODDEST,
    Comparison,
    ListEntry,
    NameFigures,
    Reference,
    SplitName,
    Timing,
)
from namegen.experiments.compare.pairs import NO_DIFFERENCE, between
from namegen.experiments.machine import code_in_words
from namegen.experiments.report import ARGMAX, CRITERIA, LOSS, Answer, Column, Table, listed, make_table, seconds
from namegen.experiments.trained import Metric

PARITY_NATS = 0.01  # loss curves that stay this near are the same training
TOLD_APART = 10.0  # points, at least, between real names and what pairs of letters make: else a judge is not heard
ENGINES = {"numpy": "NumPy", "keras": "Keras"}  # as a headline calls them
MUCH_SEEN = 10.0  # % of the held-out names: then it is said
COST = "What does each engine cost?"
CURVES = ("training_loss_nats_per_char", "validation_loss_nats_per_char")  # of a history


def headline(results: Comparison) -> str:
    """Which engine is faster, whether the engines learn the same, how many names are in the list, and whether the
    n-gram is better.
    """
    parts, apart = [_faster_in_words(results)], farthest(results.lists).values()
    if apart:
        parts.append("the engines learn alike" if max(apart) < PARITY_NATS else "the engines learn differently")
    first = [entry.generation[0] for entry in results.lists if entry.generation]
    if shares := sorted(one.best.recreated_percent for one in first):
        low, high = f"{shares[0]:.0f}", f"{shares[-1]:.0f}"
        parts.append(f"{first[0].network}, listed names: {low if low == high else f'{low}–{high}'}%")
    better = "still better" if results.quick_epochs is not None else "better"
    return f"{'; '.join([*parts, *_ngram_in_words(results.lists, better)])}."


def by_speed(of_engines: Sequence[Speed]) -> list[Speed]:
    """The engines, the fastest first."""
    return sorted(of_engines, key=lambda one: median(one.seconds_per_epoch))


def _faster_in_words(results: Comparison) -> str:
    """The two fastest engines on the first network that shows a difference between them, in the training's batches."""
    own = [by_speed(of_engines) for of_engines in speeds(results.lists) if of_engines[0].own_batch]
    if not own:
        return "No engine was timed"
    if Quietness.of(results).busy:
        return "The machine was too busy to compare speeds"
    several = [of_engines for of_engines in own if len(of_engines) > 1]
    for first, other, *_ in several:
        found = ratios(first, other, results.lists)
        where, ratio = max(found.items(), key=lambda one: (one[1].clear, median(one[1].rounds)))
        if ratio.clear or len(ratio.rounds) == 1:
            of = where or (first.network if first.network != several[0][0].network else "")
            return f"{first.called} trains {ratio.shown} times as fast as {other.called}{of and f' on {of}'}"
    return f"No difference in speed found in {own[0][0].batches}" if several else f"{own[0][0].called} alone was timed"


def _ngram_in_words(lists: Sequence[ListEntry], is_better: str) -> Iterator[str]:
    """Whether the best network has a lower loss than the n-gram, over all lists and splits; and how to say that not."""
    pairs = [(entry, split) for entry in lists for split in entry.splits]
    found = [between(entry, split, best(entry, split), BASELINE, LOSS) for entry, split in pairs]
    better = [one is not None and one.high < 0 for one in found]
    worse = [one is not None and one.low > 0 for one in found]
    if any(better) and any(worse):
        yield "the n-gram is better on some lists"
    elif any(better):
        yield f"the n-gram is {'worse' if all(better) else 'no better'}"
    elif any(worse):
        yield f"the n-gram is {is_better}{'' if all(worse) else ' or equal'}"
    elif any(found):  # else nobody knows
        yield "no difference from the n-gram"


def samples(entry: ListEntry) -> Table:
    """Ten new names of each network, and of the n-gram."""
    drawn = {network: found.new_names for network, found in entry.generated.items()}
    drawn |= {name: found.new_names for one in entry.references[:1] for name, found in [*one.names.items()][:1]}
    rows = tuple((name, ", ".join(names)) for name, names in drawn.items() if names)
    return Table(f"New names, {entry.name}", ("drawn by", "names that the training part lacks"), rows, left=2)


Drawn = tuple[str, str, NameFigures]  # what a row of names is of, how they were drawn, what they are like


def _plausible(row: Drawn) -> float | str:
    return "not known" if row[2].plausible_percent is None else row[2].plausible_percent


PLAUSIBLE = Column[Drawn]("plausible (%)", _plausible, "{:.1f}".format)
NAME_SHARES = (
    Column[Drawn]("network", lambda row: row[0]),
    Column[Drawn]("in the list (%)", lambda row: row[2].recreated_percent, "{:.1f}".format),
    Column[Drawn]("new (%)", lambda row: row[2].new_percent, "{:.1f}".format),
    PLAUSIBLE,
)


def verdict(results: Comparison) -> list[Answer]:
    """The answers of a comparison; a question that nothing was measured for is not asked."""
    lists = results.lists
    asked = (
        Answer("Which engine trains faster?", tuple(_faster(results))),
        Answer(COST, tuple(_costs(lists))),
        Answer("Do the engines learn the same?", tuple(_same(lists))),
        _best(lists),
        _names(lists),
        _trust(results),
    )
    return [line for line in asked if line.sentences]


# --- speed ------------------------------------------------------------------------------------------------------------


def _faster(results: Comparison) -> Iterator[str]:
    """Of each network the fastest engine, beside each other one; list by list if not all of them say the same."""
    if Quietness.of(results).busy:
        yield "The machine was busy, so do not rely on these times."
    groups = speeds(results.lists)
    for of_engines in groups:
        first, *others = by_speed(of_engines)
        if not others and first.own_batch:
            yield f"{first.network}: trained by {first.engine} alone."
        for other in others:
            pair = f"as fast as {other.engine} in {first.batches}"
            for where, ratio in ratios(first, other, results.lists).items():
                of = f"{first.network}, {where}" if where else first.network
                if ratio.clear:
                    yield f"{of}: {first.engine} is {ratio.shown} times {pair}."
                elif len(ratio.rounds) == 1:
                    yield f"{of}: {first.engine} was {ratio.shown} times {pair}, measured once."
                else:
                    yield f"{of}: {NO_DIFFERENCE} between {first.engine} and {other.engine} in {first.batches}."
    if not groups:
        engines = list(dict.fromkeys(run.engine for entry in results.lists for run in entry.trainings))
        by = f"No engine was timed; networks were trained by {listed(engines)}."
        yield by if engines else "No network could be trained."


def _costs(lists: Sequence[ListEntry]) -> Iterator[str]:
    """What each engine needs to start, and in memory, over all networks and lists."""
    own = [one for of_engines in speeds(lists) for one in of_engines if one.own_batch]
    for engine in dict.fromkeys(one.engine for one in own):
        times = [time for one in own if one.engine == engine for time in one.rounds.values()]
        memory = [time.peak_memory_mib for time in times if time.peak_memory_mib is not None]
        takes = f" and takes {median(memory):,.0f} MiB" if memory else ""
        starting = median(time.start_up_seconds + time.compilation_seconds for time in times)
        yield f"{engine} is ready to train after {seconds(starting)} s{takes}."


# --- whether they learn the same --------------------------------------------------------------------------------------


def farthest(lists: Sequence[ListEntry]) -> dict[str, float]:
    """Engine → how far its loss curves are at most from those of the first engine, in nats per character."""
    found: dict[str, float] = {}
    for entry in lists:
        for first, *others in entry.like_for_like.values():
            for other in others:
                pairs = [zip(getattr(first.history, one), getattr(other.history, one), strict=False) for one in CURVES]
                apart = [abs(one - another) for one, another in chain(*pairs) if None not in (one, another)]
                found[other.engine] = max([found.get(other.engine, 0.0), *apart])
    return found


def _same(lists: Sequence[ListEntry]) -> Iterator[str]:
    """Each engine that does not stay near the first one; then those that do."""
    apart = farthest(lists)
    first = next((runs[0].engine for entry in lists for runs in entry.like_for_like.values() if len(runs) > 1), NUMPY)
    near = {engine: nats for engine, nats in apart.items() if nats < PARITY_NATS}
    far = {engine: nats for engine, nats in apart.items() if engine not in near}
    if far:
        each = (f"{engine} is up to {nats:.4f} nats per character away from {first}" for engine, nats in far.items())
        yield f"No: {listed(list(each))} (less than {PARITY_NATS} counts as the same)."
    if near:
        most = f"{max(*near.values(), 0.0001):.4f}"
        begins = "The" if far else "Yes: the"
        yield f"{begins} loss curves of {listed([first, *near])} are at most {most} nats per character apart."


# --- whether it can be trusted ----------------------------------------------------------------------------------------


def _trust(results: Comparison) -> Answer:
    """How much was measured, whether the machine was quiet, and what is not there."""
    quiet, said = Quietness.of(results), []
    if quiet.drift is not None:
        if quiet.busy:
            said.append("Not its times, as the machine was busy: run it again alone, to another folder.")
        drift = f"{quiet.drift:.{2 if quiet.drift < 2 else 0}f}"
        begins = "In" if quiet.busy else "The machine was quiet enough: in"
        said.append(f"{begins} nine of ten measurements, a fixed computation took at most {drift} times its best time.")
        if quiet.other_cores is not None:
            said.append(f"In as many, others kept at most {quiet.other_cores:.1f} cores busy.")
    seeds = counted(len(results.seeds), "seed")
    if len(results.seeds) == 1:
        said.append(f"{seeds}: how much another start would change is not known.")
    else:
        said.append(f"{seeds}, which change the start; the held-out names are the same for all.")
    if results.quick_epochs is not None:
        said.append(f"This was a quick look of {counted(results.quick_epochs, 'epoch')}; a full run trains to the end.")
    if results.failed:
        said.append(f"{counted(len(results.failed), 'measurement')} failed; the rest stands.")
    return Answer("Can it be trusted?", tuple(said), warning=quiet.busy or bool(results.failed))


# --- what is learned --------------------------------------------------------------------------------------------------


def best(entry: ListEntry, split: SplitName) -> str:
    """The network with the lowest loss on the held-out part."""
    return min(entry.networks(split), key=lambda network: mean(entry.values(split, network, "held_out", LOSS)))


Best = tuple[ListEntry, SplitName, str]  # the network with the lowest loss on a list and a split
# What a table tells of it, and of what else.
FIGURES: tuple[tuple[Metric, str, str], ...] = (
    (LOSS, "", "loss (nats)"),
    (LOSS, BASELINE, "n-gram: loss (nats)"),
    (ARGMAX, "", "right (%)"),
    (ARGMAX, BASELINE, "n-gram: right (%)"),
    (ARGMAX, CEILING, "ceiling: right (%)"),
)


def _best(lists: Sequence[ListEntry]) -> Answer:
    """The best network for each split, beside the others, the n-gram and the ceiling."""
    rows = [(entry, split, best(entry, split)) for entry in lists for split in entry.splits]
    columns: list[Column[Best]] = [
        Column("list", lambda row: f"{row[0].name}, split {row[1]}"),
        Column("lowest loss", lambda row: row[2]),
        Column("no difference from", lambda row: _as_good(*row)),
        Column("beside the n-gram", lambda row: _against_ngram(*row)),
    ]
    for metric, who, head in FIGURES:
        columns.append(Column(head, partial(_held_out, who, metric), CRITERIA[metric].show))
    note = "All figures are of the held-out part; its ceiling is another than that of the whole list."
    seen = max((one.seen_percent for entry in lists for one in entry.references), default=0.0)
    if seen > MUCH_SEEN:
        note = f"All figures are of the held-out part; training has seen up to {seen:.0f}% of it: n-grams recall best."
    table = make_table("", columns, rows, note)
    said = [f"{of[0]}: {of[1]} has a loss of {of[4]} nats, the n-gram {of[5]} ({of[3]})." for of in table.rows[:1]]
    return Answer("Which network predicts best?", tuple(said), table=table)


def _held_out(who: str, metric: Metric, row: Best) -> float:
    entry, split, network = row
    return mean(entry.values(split, who or network, "held_out", metric))


def _as_good(entry: ListEntry, split: SplitName, network: str) -> str:
    """The networks that the best one is not known to be better than."""
    others = {one: between(entry, split, network, one, LOSS) for one in entry.networks(split) if one != network}
    alike = listed([other for other, apart in others.items() if apart is not None and not apart.is_found])
    return alike or ("no other network" if any(others.values()) else "not known")


def _against_ngram(entry: ListEntry, split: SplitName, network: str) -> str:
    """How sure it is that a network and the n-gram differ in their loss."""
    apart = between(entry, split, network, BASELINE, LOSS)
    if apart is None:
        return "too few names to know"
    return NO_DIFFERENCE if not apart.is_found else f"the {'network' if apart.mean < 0 else 'n-gram'} is better"


def _names(lists: Sequence[ListEntry]) -> Answer:
    """How many names are the list's, new and plausible, of the first network, of the best one and of the n-gram."""
    rows: list[Drawn] = []
    note = "Held-out names are in the list and new: the training part lacks them."
    for entry in lists:
        shown = [*[*entry.generated][:1], *(best(entry, split) for split in entry.splits[:1])]
        found: list[tuple[str, NameFigures]] = [one for one in entry.generated.items() if one[0] in shown]
        for reference in entry.references[:1]:
            found += [*reference.names.items()][:1]
            if why := why_not_plausible(reference):
                note += f" {entry.name}: {why}"
                found = [(who, replace(drawn, plausible_percent=None)) for who, drawn in found]
        rows += [(f"{entry.name}, {name}", "", drawn) for name, drawn in found]
    said = (f"{row[0]}: {row[2].recreated_percent:.0f}% of the drawn names are in the list." for row in rows[:1])
    return Answer("What are the names like?", tuple(said), table=make_table("", NAME_SHARES, rows, note))


def why_not_plausible(reference: Reference) -> str:
    """Why nobody can say which names are plausible, in a sentence; empty where somebody can.

    A judge that has counted few names takes what pairs of letters make for names: its figures would say nothing.
    """
    known, real = reference.judge_names, 100 * (1 - ODDEST)
    pairs = reference.counting_names.get("pairs")
    if pairs is None or pairs.plausible_percent is None:
        return f"Which names are plausible is not told: the judge would know {known:,} names, which are too few."
    if pairs.plausible_percent > real - TOLD_APART:
        return (
            f"Which names are plausible is not told: the judge knows {known:,} names, and calls "
            f"{pairs.plausible_percent:.0f}% of the names that pairs of letters make plausible, nearly as many as of "
            f"real names ({real:.0f}%)."
        )
    return ""


# --- where it was measured --------------------------------------------------------------------------------------------


def measured_where(results: Comparison) -> list[str]:
    """Machine, threads, versions, seeds, commit; a sentence each."""
    machine = results.machine
    memory = f", {machine.memory_gib:g} GiB" if machine.memory_gib else ""
    found = ", ".join(f"{name} {version or '(not installed)'}" for name, version in results.versions.items())
    commits = f"; commit {' and '.join(results.commits)}" if results.commits else ""
    codes = "; ".join(f"{name} ({code_in_words(code)})" for name, code in results.engine_codes.items())
    return [
        f"Measured on {machine.processor} ({counted(machine.cores, 'core')}{memory}, {machine.system}), each "
        f"measurement in a process of its own with {counted(results.threads, 'thread')}; what is timed ran alone.",
        f"{found}{commits}.",
        f"Engines: {codes}.",
        f"Seeds {', '.join(map(str, results.seeds))}, split by the seed {results.split_seed}; "
        f"{results.validation:.0%} of each list held out. The figures are those of the epoch with the lowest held-out "
        "loss (for the original's networks, with the highest held-out accuracy, as in the original).",
    ]


def troubles(results: Comparison) -> list[str]:
    """What was left out and how to get it, and what failed; a sentence each."""
    found = (("Left out", results.left_out), ("Failed", results.failed))
    return [f"{how}: {one.what}: {one.why}." for how, of_kind in found for one in of_kind]


# --- how fast the engines train, and whether the machine was quiet meanwhile ------------------------------------------

# More than so many cores that others kept busy, or a fixed computation that took so many times as long as at best, and
# the times are not to be trusted.
BUSY_CORES, DRIFT = 0.25, 1.25


@dataclass
class Speed:
    """How fast one engine trains one network with batches of one kind, on some lists.

    Attributes:
        network, engine: whose.
        own_batch: whether they are the batches of the training that the curves are of.
        rounds: list and number → time; rounds of one number were measured one after the other.
    """

    network: str
    engine: str
    own_batch: bool
    rounds: dict[tuple[str, int], Timing] = field(default_factory=dict)

    @property
    def batch_sizes(self) -> list[int]:
        """In names; those of two trainings may differ."""
        return sorted({one.batch_size for one in self.rounds.values()})

    @property
    def called(self) -> str:
        """The engine, as a headline calls it."""
        return ENGINES.get(self.engine, self.engine)

    @property
    def batches(self) -> str:
        """What they are, in words."""
        return f"batches of {self.batch_sizes[0]:,}" if len(self.batch_sizes) == 1 else "the training's batches"

    def each(self, figure: Callable[[Timing], float | None]) -> list[float]:
        """A figure of each round, where it is known."""
        return [value for one in self.rounds.values() if (value := figure(one)) is not None]

    @property
    def seconds_per_epoch(self) -> list[float]:
        """Of each round."""
        return self.each(lambda one: one.seconds_per_epoch)

    def ratios(self, other: Speed, of_list: str = "") -> list[float]:
        """How many times as fast as another it was, in each round that both have, of all lists or of one."""
        both = [key for key in self.rounds if key in other.rounds and of_list in ("", key[0])]
        return [other.rounds[key].seconds_per_epoch / self.rounds[key].seconds_per_epoch for key in both]


def speeds(lists: Sequence[ListEntry]) -> list[list[Speed]]:
    """Those that are compared with each other: by network, with the batches of the training and with large ones."""
    found: dict[tuple[str, bool], dict[str, Speed]] = {}
    for entry in lists:
        for network, runs in entry.like_for_like.items():
            for run in runs:
                timed = [one for one in entry.timings if (one.network, one.engine) == (run.network, run.engine)]
                rounds = [(0, 0, run.timing)]
                rounds += [(place, one.round, time) for one in timed for place, time in enumerate(one.batches)]
                for place, number, time in sorted(rounds, key=lambda each: each[:2]):
                    of_engines = found.setdefault((network, place == 0), {})
                    speed = of_engines.setdefault(run.engine, Speed(network, run.engine, place == 0))
                    speed.rounds[entry.fingerprint, number] = time
    return [list(of_engines.values()) for of_engines in found.values()]


@dataclass(frozen=True)
class Ratio:
    """How many times as fast one engine is as another, over rounds and lists.

    Attributes:
        rounds: the ratio of each; at least one.
    """

    rounds: Sequence[float]

    @property
    def clear(self) -> bool:
        """Whether one engine was the faster one in every round, of several."""
        return len(self.rounds) > 1 and (min(self.rounds) > 1 or max(self.rounds) < 1)

    @property
    def shown(self) -> str:
        """The median; a difference is not shown as none: 1.02 and not 1.0."""
        return self._show(median(self.rounds))

    def _show(self, number: float) -> str:
        near = any(f"{one:.1f}" == "1.0" for one in (median(self.rounds), min(self.rounds), max(self.rounds)))
        return f"{number:.{2 if near and (self.clear or len(self.rounds) == 1) else 1}f}"

    def __str__(self) -> str:
        """For people.

        >>> str(Ratio([1.62, 1.58, 1.71])), str(Ratio([2.0])), str(Ratio([1.02, 1.04]))
        ('1.6 (1.6 to 1.7)', '2.0 (one round)', '1.03 (1.02 to 1.04)')
        """
        if len(self.rounds) == 1:
            return f"{self.shown} (one round)"
        return f"{self.shown} ({self._show(min(self.rounds))} to {self._show(max(self.rounds))})"


@dataclass(frozen=True)
class Quietness:
    """What is known of the machine, over everything that was timed.

    Attributes:
        other_cores: at most so many did others keep busy, in nine measurements of ten; None where it is not known.
        drift: at most so many times its shortest time did the fixed computation take at its fastest, on average of
            both halves, in nine measurements of ten; None where nothing was timed.
    """

    other_cores: float | None
    drift: float | None

    @classmethod
    def of(cls, results: Comparison) -> Quietness:
        """Of all measurements of a comparison whose seconds are told."""
        found = [run.quiet for entry in results.lists for runs in entry.like_for_like.values() for run in runs]
        found += [one.quiet for entry in results.lists for one in entry.timings]
        found += [one.quiet for entry in results.lists for one in entry.generation]
        cores = [one.other_cores for one in found if one.other_cores is not None]
        shortest = min((min(one.control_seconds) for one in found), default=1.0)
        drift = nine_of_ten([mean(one.control_seconds) / shortest for one in found]) if found else None
        return cls(nine_of_ten(cores) if cores else None, drift)

    @property
    def busy(self) -> bool:
        """Whether the times are not to be trusted."""
        return (self.drift or 0.0) > DRIFT or (self.other_cores or 0.0) > BUSY_CORES


def ratios(first: Speed, other: Speed, lists: Sequence[ListEntry]) -> dict[str, Ratio]:
    """How many times as fast as another an engine is: over all lists (``""``), or on each list, by its name, if an
    engine is clearly faster on one of them alone.
    """
    found = {entry.name: Ratio(first.ratios(other, entry.fingerprint)) for entry in lists}
    of_all = Ratio(first.ratios(other) or [1.0])
    clear = any(one.clear for one in found.values())
    return {name: one for name, one in found.items() if one.rounds} if clear and not of_all.clear else {"": of_all}


def nine_of_ten(values: Sequence[float]) -> float:
    """What nine of ten values do not exceed (of fewer than ten, none does): one disturbance spoils one round of many,
    which the median leaves out.

    >>> nine_of_ten([1.0] * 9 + [5.0]), nine_of_ten([1.0, 5.0])
    (1.0, 5.0)
    """
    return sorted(values)[math.ceil(0.9 * len(values)) - 1]
