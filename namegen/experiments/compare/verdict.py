"""The verdict: what a comparison says, in the six lines with which report and terminal begin; made from its figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from statistics import median

from namegen.experiments.compare.document import Comparison, ListEntry, Training
from namegen.experiments.compare.selection import curve_distance, like_for_like_by_network
from namegen.experiments.compare.speeds import Ratio, Speed, quietness, speeds
from namegen.experiments.compare.words import accuracy_in_words, counted, generation_in_words, listed, nats
from namegen.experiments.table import mebibytes, seconds, spread_around_median

PARITY_NATS = 0.01  # loss curves that stay this near are the same training


@dataclass(frozen=True)
class Line:
    """A line of the verdict.

    Attributes:
        question: what is asked.
        answers: sentences; at least one.
        warning: whether a reader has to be warned.
    """

    question: str
    answers: tuple[str, ...]
    warning: bool = False


def verdict(results: Comparison) -> list[Line]:
    """The lines of a comparison, a warning first; a question that nothing was measured for is not asked."""
    lists = results.lists
    asked = (
        Line("Which engine trains faster?", tuple(_faster(results))),
        Line("What does each engine cost?", tuple(_costs(lists))),
        Line("Do the engines learn the same?", tuple(_same(lists))),
        _trust(results),
        Line("Which network predicts best?", tuple(said for entry in lists for said in accuracy_in_words(entry))),
        Line("What are the names like?", tuple(said for entry in lists for said in generation_in_words(entry))),
    )
    return sorted((line for line in asked if line.answers), key=lambda line: not line.warning)


# --- speed ------------------------------------------------------------------------------------------------------------


def _faster(results: Comparison) -> Iterator[str]:
    """Of each network the fastest engine, beside each other one: with the batches of the training, and with large."""
    lists = results.lists
    if quietness(results).busy:
        yield "On a busy machine, so not to be relied on:"
    found = {entry.fingerprint: speeds(entry) for entry in lists}
    called = {entry.fingerprint: entry.name for entry in lists}
    networks = dict.fromkeys(one.network for of_list in found.values() for one in of_list)
    for network in networks:
        engines = dict.fromkeys(one.engine for each in found.values() for one in each if one.network == network)
        if len(engines) == 1:
            yield f"{network}: trained by {next(iter(engines))} alone."
            continue
        said: list[str] = []
        for own in (True, False):
            of_batch = {
                fingerprint: {one.engine: one for one in each if one.network == network and one.own_batch == own}
                for fingerprint, each in found.items()
            }
            said += _fastest([(called[list_], each) for list_, each in of_batch.items() if len(each) > 1])
        if said:
            yield f"{network}: {'; '.join(said)}."
    if not networks:
        engines = dict.fromkeys(run.engine for entry in lists for run in entry.trainings)
        yield (
            f"No engine was timed; networks were trained by {listed(list(engines))}."
            if engines
            else "No network could be trained."
        )


def _fastest(of_lists: Sequence[tuple[str, Mapping[str, Speed]]]) -> Iterator[str]:
    """In batches of one size: the fastest engine, and how many times as fast as each other one it is; list by list
    where another engine is the fastest one of another list.

    Args:
        of_lists: what each list is called; engine → its speed, of more than one engine.
    """
    if not of_lists:
        return
    engines = list(dict.fromkeys(engine for _, each in of_lists for engine in each))
    shared = [each for _, each in of_lists if len(each) == len(engines)] or [each for _, each in of_lists]
    typical = {
        engine: median(median(each[engine].seconds_per_epoch) for each in shared if engine in each)
        for engine in engines
    }
    first, *others = sorted(engines, key=lambda engine: typical[engine])
    beside = {other: [each[first].ratios(each[other]) for _, each in of_lists if {first, other} <= each.keys()]
              for other in others}  # fmt: skip
    if len(of_lists) > 1 and any(Ratio.of(one).slower for found in beside.values() for one in found if one):
        for name, each in of_lists:
            yield from (f"{said} on {name}" for said in _fastest([(name, each)]))
        return
    ratios = {other: Ratio.of(pooled) for other, found in beside.items() if (pooled := [*chain(*found)])}
    clear = [f"{ratio} times as fast as {other}" for other, ratio in ratios.items() if ratio.clear]
    once = [f"{other} ({ratio.shown(ratio.median)} times)" for other, ratio in ratios.items() if ratio.rounds == 1]
    even = [f"{other} ({ratio} times)" for other, ratio in ratios.items() if not ratio.clear and ratio.rounds > 1]
    parts = []
    if clear:
        parts.append(f"{first} is {listed(clear)}")
    if once:
        parts.append(f"{first} was faster than {listed(once)}, measured once")
    if even:
        parts.append(f"no difference found between {first} and {listed(even)}")
    sizes = sorted({one.batch_size for _, each in of_lists for one in each.values()})
    yield f"{', '.join(parts)} in batches of {' or '.join(f'{size:,}' for size in sizes)}"


def _costs(lists: Sequence[ListEntry]) -> Iterator[str]:
    """What each engine needs to start, and in memory, over all networks and lists."""
    own = [one for entry in lists for one in speeds(entry) if one.own_batch]
    for engine in dict.fromkeys(one.engine for one in own):
        rounds = [each for one in own if one.engine == engine for each in one.rounds]
        start = [each.starting_seconds for each in rounds]
        compilation = median(each.compilation_seconds for each in rounds)
        memory = [each.peak_memory_mib for each in rounds if each.peak_memory_mib is not None]
        said = f"{engine} is ready to train after {spread_around_median(start, seconds)} s"
        if compilation >= 0.1:
            said += f" (about {seconds(compilation)} of them to compile)"
        yield f"{said} and takes {spread_around_median(memory, mebibytes)} MiB of memory." if memory else f"{said}."


# --- whether they learn the same --------------------------------------------------------------------------------------


def _same(lists: Sequence[ListEntry]) -> Iterator[str]:
    """The first engine and those that stay near it; then each that does not."""
    every = [
        [run for run in runs if run.history.epoch]
        for entry in lists
        for runs in like_for_like_by_network(entry).values()
    ]
    groups = [runs for runs in every if len(runs) > 1]
    if not groups:
        return
    farthest: dict[str, float] = {}  # engine → from the first one
    for first, *others in groups:
        for other in others:
            farthest[other.engine] = max(farthest.get(other.engine, 0.0), curve_distance(first, other))
    first_engine = groups[0][0].engine
    alike = [first_engine, *(engine for engine, distance in farthest.items() if distance < PARITY_NATS)]
    if len(alike) == 1:
        alike.extend(farthest)  # none is near it: what is said is that they differ
    worst = max(
        (curve_distance(*pair) for runs in groups for pair in combinations(runs, 2) if _among(pair, alike)), default=0.0
    )
    if worst < PARITY_NATS:
        yield (
            f"Yes: from the same start on the same batches, the loss curves of {listed(alike)} are at most "
            f"{nats(worst)} nats per character apart."
        )
    else:
        yield (
            f"No: from the same start on the same batches, the loss curves of {listed(alike)} are up to {nats(worst)} "
            f"nats per character apart (less than {PARITY_NATS} counts as the same)."
        )
    apart = [f"{engine} by up to {nats(distance)}" for engine, distance in farthest.items() if engine not in alike]
    if apart:
        yield f"These differ from {first_engine}: {listed(apart)}."


def _among(pair: Iterable[Training], engines: Sequence[str]) -> bool:
    return all(run.engine in engines for run in pair)


# --- whether it can be trusted ----------------------------------------------------------------------------------------


def _trust(results: Comparison) -> Line:
    """How much was measured, whether the machine was quiet, and what is not there."""
    quiet = quietness(results)
    seeds = counted(len(results.seeds), "seed")
    said = []
    if quiet.known:
        cores = quiet.other_cores
        beside = "" if cores is None else f"other processes kept at most {cores:.1f} cores busy, and "
        longest = f"a fixed computation took at most {_times(quiet.drift)} as long as at its best"
        noted = f"in nine of ten measurements, {beside}{longest}"
        said.append(
            f"Not its times, as the machine was busy: {noted}. Run it again with nothing beside it."
            if quiet.busy
            else f"The machine was quiet: {noted}."
        )
    if results.split_seed is None:
        said.append(f"{seeds}, each with held-out names of its own.")
    elif len(results.seeds) == 1:
        said.append(f"{seeds}: how much another start would change is not known.")
    else:
        said.append(f"{seeds}, which change the start; the held-out names are the same for all.")
    if results.quick_epochs is not None:
        said.append(f"This was a quick look of {counted(results.quick_epochs, 'epoch')}; a full run trains to the end.")
    rounds = max((len(one.rounds) for entry in results.lists for one in speeds(entry)), default=0)
    if rounds:
        said.append(
            f"Engines were timed in up to {counted(rounds, 'round')} a list, by turns, with nothing of namegen beside "
            "them; the range stands in brackets."
            if rounds > 1
            else "Each time was measured once, nothing of namegen beside it."
        )
    if results.failed:
        said.append(f"{counted(len(results.failed), 'measurement')} failed; the rest stands.")
    return Line("Can it be trusted?", tuple(said), warning=quiet.busy or bool(results.failed))


def _times(drift: float) -> str:
    """How many times, as exactly as it matters: ``1.06 times``, ``32 times``."""
    return f"{drift:.2f} times" if drift < 2 else f"{drift:.0f} times"
