"""The result of a comparison in words, made from its figures: the verdict, and a sentence on each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from statistics import mean, median

from namegen.documents import UnsetType
from namegen.errors import counted
from namegen.experiments.compare import selection
from namegen.experiments.compare.document import Comparison, ListEntry
from namegen.experiments.compare.measurements import Algorithm, NameFigures, SplitName
from namegen.experiments.compare.pairs import NO_DIFFERENCE, Figure, against_counting, between, in_figures
from namegen.experiments.machine import code_in_words
from namegen.experiments.table import mebibytes, percent, seconds, spread_around_median, whole

NOT_KNOWN = "whether they differ is not known: too few names"


def accuracy_in_words(entry: ListEntry) -> Iterator[str]:
    """The best network on held-out names, beside the others, counting and the ceiling, for each split."""
    for split in selection.splits(entry):
        networks = selection.network_names(entry, split)
        if not networks:
            continue
        top = mean(selection.reference_values(entry, split, "held_out", "ceiling", "accuracy_argmax"))
        best, found, baseline = _best(entry, split, "accuracy_argmax")
        said = (
            f"{entry.name}, {_held_out(entry, split)}: {_named(entry, split, best, 'argmax')} predicts "
            f"{percent(found)}% of the characters, counting ({selection.baseline_name(entry, split)}) "
            f"{percent(baseline)}%{_beside_counting(entry, split, best, 'argmax')}; the ceiling is {percent(top)}%."
        )
        if all(against_counting(entry, split, network, "loss") for network in networks):
            best, found, baseline = _best(entry, split, "loss_nats_per_char")
            said += (
                f" Loss: {_named(entry, split, best, 'loss')} {found:.3f} nats per character, "
                f"counting {baseline:.3f}{_beside_counting(entry, split, best, 'loss')}."
            )
        yield said


def _held_out(entry: ListEntry, split: SplitName) -> str:
    """How many held-out names, and how many of them were seen in training: ``4,708 held-out names (51% …)``."""
    of_split = [one for one in entry.references if one.split == split]
    names = mean(one.parts.held_out.names for one in of_split)
    seen = mean(one.seen_percent for one in of_split)
    return f"{names:,.0f} held-out names ({f'{seen:.0f}%' if seen else 'none'} seen in training)"


def _best(entry: ListEntry, split: SplitName, figure: selection.Metric) -> tuple[str, float, float]:
    """The best network on the held-out part; its figure, mean over the seeds, and that of counting."""
    found = {
        network: mean(selection.network_values(entry, split, network, "held_out", figure))
        for network in selection.network_names(entry, split)
    }
    choose = min if figure == "loss_nats_per_char" else max
    best = choose(found, key=lambda network: found[network])
    return best, found[best], mean(selection.reference_values(entry, split, "held_out", "baseline", figure))


def _named(entry: ListEntry, split: SplitName, best: str, figure: Figure) -> str:
    """The best network, and those that it is not known to be better than."""
    networks = selection.network_names(entry, split)
    others = {other: between(entry, split, best, other, figure) for other in networks if other != best}
    if others and not any(others.values()):
        return f"{best} (whether it differs from the others is not known)"
    alike = [other for other, apart in others.items() if apart is not None and not apart.is_found]
    if not alike:
        return best
    these = alike[0] if len(alike) == 1 else f"{'the' if len(alike) == len(others) else len(alike)} others"
    return f"{best} ({NO_DIFFERENCE} from {these})"


def _beside_counting(entry: ListEntry, split: SplitName, network: str, figure: Figure) -> str:
    """How sure it is that a network and counting differ."""
    apart = against_counting(entry, split, network, figure)
    if apart is None:
        return f" ({NOT_KNOWN})"
    if not apart.is_found:
        return f" ({NO_DIFFERENCE})"
    mean_, _, interval = in_figures(apart, figure).partition(" (")
    return f" ({mean_}{'' if figure == 'loss' else ' points'}, 95% interval {interval}"  # which has its bracket


def generation_in_words(entry: ListEntry) -> Iterator[str]:
    """The fastest way to names of the first network, and how many of them are the list's."""
    ways: dict[Algorithm, str] = {"one_by_one": "one by one", "count_splitting": "by count-splitting"}
    if entry.generation:
        first = entry.generation[0]
        speed, model, way = max(
            (drawn.names_per_second, one.model, ways[name])
            for one in entry.generation
            if one.network == first.network
            for name, drawn in one.algorithms.items()
        )
        generated = selection.best_generated(first)
        yield (
            f"{entry.name}, drawing names: {first.network} gives up to {whole(speed)} per second ({model}, {way}); "
            f"{generated.recreated_percent:.0f}% of them are in the list."
        )
        yield from _new_and_plausible(entry, first.network, generated)


def _new_and_plausible(entry: ListEntry, network: str, generated: NameFigures) -> Iterator[str]:
    """How many names are new and how many of these plausible, beside what counting draws."""
    reference = selection.counting_reference(entry)
    if reference is None or isinstance(generated.new_percent, UnsetType):
        return
    drawn = {network: generated} | selection.names_of_counting(reference)
    new = [f"{name} {found.new_percent:.0f}%" for name, found in drawn.items()]
    yield f"Names that the training part lacks, in one drawing from one training each: {listed(new)}."
    why = selection.why_not_plausible(reference)
    plausible = [
        f"{name} {found.plausible_percent:.0f}%"
        for name, found in drawn.items()
        if isinstance(found.plausible_percent, float)
    ]
    if not why and plausible:
        yield f"Of these, each once, could stand in the list: {listed(plausible)}."


def listed(parts: Sequence[str]) -> str:
    """Parts as one says them.

    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def nats(distance: float) -> str:
    """A distance of losses for people, who need no more than its size."""
    return "0.0001" if distance < 0.0001 else f"{distance:.4f}"


def measured_where(results: Comparison) -> list[str]:
    """Machine, threads, versions, seeds, commit; a sentence each."""
    machine, versions = results.machine, results.versions
    memory = f", {machine.memory_gib:g} GiB" if machine.memory_gib else ""
    found = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    absent = [name for name, version in versions.items() if version is None]
    without = f"; not installed: {', '.join(absent)}" if absent else ""
    commits = f"; commit {' and '.join(results.commits)}" if results.commits else ""
    codes = [f"{name} ({code_in_words(code)})" for name, code in results.engine_codes.items()]
    split = "" if results.split_seed is None else f", split by the seed {results.split_seed}"
    return [
        f"Measured on {machine.processor} ({counted(machine.cores, 'core')}{memory}, {machine.system}). Every "
        f"measurement ran in a process of its own with {counted(results.threads, 'thread')}; measurements of time ran "
        "one after the other.",
        f"{found}{without}{commits}.",
        *([f"Engines: {'; '.join(codes)}."] if codes else []),
        f"Seeds {', '.join(map(str, results.seeds))}{split}; {results.validation:.0%} of each list held out. The "
        "figures are those of the epoch with the lowest held-out loss (for the original's networks, with the highest "
        "held-out accuracy, as in the original). The same seeds give the same figures on the same machine, except for "
        "times.",
    ]


def troubles(results: Comparison) -> list[str]:
    """What is missing and how to get it, what was left out, what failed; a sentence each."""
    found = (("Missing", results.missing), ("Left out", results.left_out), ("Failed", results.failed))
    return [f"{how}: {one.what}: {one.why}." for how, of_kind in found for one in of_kind]


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
    if selection.quietness(results).busy:
        yield "On a busy machine, so not to be relied on:"
    found = [(entry.name, selection.speeds(entry)) for entry in results.lists]
    networks = dict.fromkeys(one.network for _, each in found for one in each)
    for network in networks:
        engines = dict.fromkeys(one.engine for _, each in found for one in each if one.network == network)
        if len(engines) == 1:
            yield f"{network}: trained by {next(iter(engines))} alone."
            continue
        said: list[str] = []
        for own in (True, False):
            of_lists = [
                (name, {one.engine: one for one in each if one.network == network and one.own_batch == own})
                for name, each in found
            ]
            said += _fastest([(name, each) for name, each in of_lists if len(each) > 1])
        if said:
            yield f"{network}: {'; '.join(said)}."
    if not networks:
        engines = dict.fromkeys(run.engine for entry in results.lists for run in entry.trainings)
        yield (
            f"No engine was timed; networks were trained by {listed(list(engines))}."
            if engines
            else "No network could be trained."
        )


def _fastest(of_lists: Sequence[tuple[str, Mapping[str, selection.Speed]]]) -> Iterator[str]:
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
    if len(of_lists) > 1 and any(selection.Ratio.of(one).slower for found in beside.values() for one in found if one):
        for name, each in of_lists:
            yield from (f"{said} on {name}" for said in _fastest([(name, each)]))
        return
    ratios = {other: selection.Ratio.of(pooled) for other, found in beside.items() if (pooled := [*chain(*found)])}
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
    own = [one for entry in lists for one in selection.speeds(entry) if one.own_batch]
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
        for runs in selection.like_for_like_by_network(entry).values()
    ]
    groups = [runs for runs in every if len(runs) > 1]
    if not groups:
        return
    farthest: dict[str, float] = {}  # engine → from the first one
    for first, *others in groups:
        for other in others:
            farthest[other.engine] = max(farthest.get(other.engine, 0.0), selection.curve_distance(first, other))
    first_engine = groups[0][0].engine
    alike = [first_engine, *(engine for engine, distance in farthest.items() if distance < PARITY_NATS)]
    if len(alike) == 1:
        alike.extend(farthest)  # none is near it: what is said is that they differ
    pairs = [pair for runs in groups for pair in combinations(runs, 2) if {run.engine for run in pair} <= set(alike)]
    worst = max((selection.curve_distance(*pair) for pair in pairs), default=0.0)
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


# --- whether it can be trusted ----------------------------------------------------------------------------------------


def _trust(results: Comparison) -> Line:
    """How much was measured, whether the machine was quiet, and what is not there."""
    quiet = selection.quietness(results)
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
    rounds = max((len(one.rounds) for entry in results.lists for one in selection.speeds(entry)), default=0)
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
