"""Write ``docs/results/performance.md`` from ``performance.json``.

With ``--check``, only check that the page is up to date.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from statistics import median
from textwrap import fill

from benchmarks.document import Comparison, Performance, Section, Unit, Way, around_median, typical
from benchmarks.pages import RESULTS, read, write_or_check
from benchmarks.sections import SECTIONS
from namegen.experiments.report import NONE, Table, seconds, whole

HEAD = """\
# Speed

This page compares the speed of namegen with that of PyTorch, JAX and Keras. To repeat the measurements, run
`make bench`, which takes about an hour. It writes `performance.json`, which contains the result of each round.
To repeat only some of the sections, list them, for example `make bench BENCH="gated keras"`.

**How to read the tables.** In each round, every row of a table is measured once, in a single process on one
core with one thread. Each value is the median of all rounds. We compute the ratios within each round, and the
table shows the median ratio. The ranges are 95% confidence intervals for the median. If there were fewer than
nine rounds, the range shows the lowest and the highest value. Only compare values within the same table,
because we measured the sections at different times.

On a shared machine, a core can slow down to half its speed for several minutes. This hardly affects the medians
and ratios, but the absolute speeds depend on when they were measured."""

LEAD = """\
## Where the lead comes from

namegen's NumPy backend processes each distinct prefix in a batch only once. With packed or padded names,
PyTorch processes every character of every name. namegen's lead over PyTorch is therefore the product of three
factors:

- **Repeats**: If each repeated name in a batch is processed only once, the number of characters is divided by
  this factor.
- **Common prefixes**: If each common prefix is also processed only once, the number is divided by this factor
  as well.
- **Engine**: This is the number of distinct prefixes that namegen processes in the time that PyTorch takes to
  process one character.

The first two factors depend on the list and increase with the batch size. The third factor is the lead that
would remain if names had nothing in common. If it's greater than 1, namegen's computation itself is faster than
PyTorch's."""


def page(document: Performance) -> str:
    """The whole document."""
    parts = [HEAD, *(_wrapped(line) for line in _origins(document.sections))]
    parts += [_part(section) for section in document.sections]
    shared = lead_markdown(document)
    if shared:
        parts += [LEAD, shared, _wrapped(_lead_sentence(document))]
    return "\n\n".join(parts) + "\n"


def _origins(sections: Sequence[Section]) -> list[str]:
    """A sentence for each machine and commit: which sections were measured there, and with which versions."""
    found: dict[str, list[Section]] = {}
    for section in sections:
        machine = section.machine
        words = f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']}"
        found.setdefault(f"{words}; commit {section.commit or 'unknown'}", []).append(section)
    sentences = []
    for origin, members in found.items():
        pairs = dict.fromkeys(
            pair for section in members for pair in section.versions.items()
        )  # each once, in order
        versions = ", ".join(f"{name} {version}" for name, version in pairs)
        sentences.append(
            f"We measured the sections {_listed([one.name for one in members])} on {origin}, with {versions}."
        )
    return sentences


def _part(section: Section) -> str:
    plan = SECTIONS[section.name]
    command = (
        f'To repeat this measurement, run `make bench BENCH="{section.name}"`. '
        f"The command runs {section.rounds} rounds, which takes {section.seconds:.0f} seconds."
    )
    parts = [f"## {plan.title}", _wrapped(f"{command} {plan.about}")]
    told = [
        one for one in section.comparisons if one.key != "processor"
    ]  # which is the wall time of one core
    for _, alike in groupby(
        (one for one in told if one.unit != "GFLOP/s"), key=lambda one: rows(one)[0]
    ):
        parts.append(_table(list(alike)))
    parts += [_wrapped(_share_of_products(one)) for one in told if one.unit == "GFLOP/s"]
    return "\n\n".join(parts)


def _table(comparisons: Sequence[Comparison]) -> str:
    """Comparisons with the same columns as one table, a row with its title before each."""
    (_, *heads), found = rows(comparisons[0])
    first = comparisons[0].title
    if len(comparisons) > 1:
        titles = ([f"{one.title}:", *[""] * len(heads)] for one in comparisons)
        first, pairs = "", zip(titles, comparisons, strict=True)
        found = [row for title, one in pairs for row in (title, *rows(one)[1])]
    return Table("", (first, *heads), tuple(map(tuple, found))).markdown().partition("\n\n")[2]


def _wrapped(paragraph: str) -> str:
    return fill(paragraph, 120, break_long_words=False, break_on_hyphens=False)


def _share_of_products(comparison: Comparison) -> str:
    """How fast a whole training is beside the machine's largest matrix product."""
    best = comparison.best(comparison.rival)
    shares = (
        f"{typical(comparison.against(subject, best), lambda share: f'{100 * share:.0f}')}% "
        f"({subject.rpartition(', ')[2]})"
        for subject in comparison.subjects
    )
    return (
        f"{comparison.title.partition(':')[0]} trains at {' or '.join(shares)} of the speed of the matrix product "
        f"{comparison.rival}."
    )


def _lead_sentence(document: Performance) -> str:
    """Between which numbers the two causes lie, with the work where the engine does least and most."""
    engines, shared = {}, []
    for section in document.sections:
        for comparison in section.comparisons:
            for subject, size in comparison.shares.items():
                sharing = next(one.by_all for one in comparison.sharing if one.batch_size == size)
                times = median(comparison.against(subject, comparison.best(comparison.rival)))
                engines[f"{comparison.title.partition(', namegen batch')[0]}, batch {size:,}"] = (
                    times / sharing
                )
                shared.append(sharing)
    least, most = min(engines, key=engines.__getitem__), max(engines, key=engines.__getitem__)
    return (
        f"Without sharing between names, namegen's speed would range from {engines[least]:.2f} times the speed "
        f"of PyTorch ({least}) to {engines[most]:.2f} times ({most}). Sharing multiplies this speed by "
        f"{min(shared):.2f} to {max(shared):.2f}."
    )


def _listed(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))


# --- tables -----------------------------------------------------------------------------------------------------------

HEADS: dict[Unit, str] = {
    "characters a second": "1,000 chars/s",
    "GFLOP/s": "GFLOP/s",
    "names a second": "names/s",
    "microseconds": "µs",
    "seconds": "seconds",
    "nats a character": "nats",
}


def shown(unit: Unit) -> Callable[[float], str]:
    """How a value of that unit is written."""
    if unit == "characters a second":
        return lambda value: whole(value / 1000) if value >= 100_000 else seconds(value / 1000)
    if unit == "names a second":
        return whole
    if unit == "nats a character":
        return "{:.3f}".format
    return seconds


def ratio(unit: Unit) -> Callable[[float], str]:
    """How a subject held against another is written: times as much, or of losses the difference."""
    return "{:+.3f}".format if unit == "nats a character" else _times


def _times(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}" if value >= 10 else f"{value:.2f}"


def rows(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """The heads of the columns, and a row for each way."""
    show, sign = shown(comparison.unit), "−" if comparison.unit == "nats a character" else "÷"
    has_start = any(way.start_seconds is not None for way in comparison.ways)
    has_memory = any(way.peak_mebibytes is not None for way in comparison.ways)
    short = _without_common_beginning(comparison.subjects)
    heads = ["", HEADS[comparison.unit], "range", *(f"{name} {sign} this" for name in short)]
    heads += ["start-up"] * has_start + ["peak MiB"] * has_memory
    found = []
    for way in comparison.ways:
        row = [way.name, show(way.median), "–".join(map(show, around_median(way.values)))]
        row += [_against(comparison, subject, way) for subject in comparison.subjects]
        row += [_or_none(way.start_seconds, ".1f")] * has_start + [
            _or_none(way.peak_mebibytes, ",.0f")
        ] * has_memory
        found.append(row)
    return heads, found


def _or_none(value: float | None, form: str) -> str:
    return NONE if value is None else format(value, form)


def _against(comparison: Comparison, subject: str, way: Way) -> str:
    if way is comparison.best(subject):
        return NONE
    return typical(comparison.against(subject, way), ratio(comparison.unit))


def _without_common_beginning(subjects: Sequence[str]) -> list[str]:
    """``whole training, a`` and ``whole training, b`` as ``a`` and ``b``: the column has little room."""
    parts = [subject.rpartition(", ")[2] for subject in subjects]
    return parts if len(subjects) > 1 else list(subjects)


def markdown(comparison: Comparison) -> str:
    """With its title."""
    heads, found = rows(comparison)
    return Table(comparison.title, tuple(heads), tuple(map(tuple, found))).markdown()


# --- where a lead comes from ------------------------------------------------------------------------------------------


def lead(section: Section) -> list[list[str]]:
    """For each training that shares prefixes: what of its lead is sharing, and what the engine."""
    found = []
    for comparison in section.comparisons:
        by_size = {shared.batch_size: shared for shared in comparison.sharing}
        for subject, size in comparison.shares.items():
            shared, rival = by_size[size], comparison.best(comparison.rival)
            prefixes = shared.prefixes / shared.characters
            times = comparison.against(subject, rival)
            work = comparison.title.partition(", namegen batch")[0]
            found.append(
                [
                    f"{work}, batch {size}",
                    f"{prefixes:.2f}",
                    f"{shared.repeats:.2f}",
                    f"{shared.common_prefixes:.2f}",
                    typical([value * prefixes for value in times], _times),
                    typical(times, _times),
                ]
            )
    return found


LEAD_HEADS = ("", "prefixes a character", "repeats", "common prefixes", "engine", "lead")


def lead_markdown(document: Performance) -> str:
    """All of them in one table; empty without any."""
    found = [row for section in document.sections for row in lead(section)]
    return (
        Table("", LEAD_HEADS, tuple(map(tuple, found))).markdown().partition("\n\n")[2]
        if found
        else ""
    )


def main() -> None:
    """Write the file, or check it."""
    write_or_check(RESULTS, "performance", page(read(Performance, RESULTS / "performance.json")))


if __name__ == "__main__":
    main()
