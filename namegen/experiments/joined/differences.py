"""What differs between the reports that are joined: their machines, their versions, their settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from namegen.experiments.compare.document import Comparison
from namegen.experiments.compare.words import listed
from namegen.experiments.joined.source import KIND, Source, facts, look
from namegen.experiments.table import NONE, Table

MACHINE = ("processor", "cores", "memory", "system")


def sources_table(sources: Sequence[Source]) -> Table:
    """What was joined."""
    rows = tuple((one.letter, one.path, one.kind, ", ".join(one.lists)) for one in sources)
    return Table("What was joined", ("report", "folder", "kind", "lists"), rows, left=4)


def differences_table(sources: Sequence[Source]) -> Table:
    """A row for everything that is not the same in all reports, a column for each report."""
    found = [facts(source) for source in sources]
    rows = tuple((name, *(one.get(name, NONE) for one in found)) for name in _differing(found))
    return Table(
        "What differs between them",
        ("what", *(source.letter for source in sources)),
        rows,
        f"{NONE}: not noted, or not installed.",
        left=len(sources) + 1,
    )


def cautions(sources: Sequence[Source]) -> list[str]:
    """What the differences mean for a reader who compares the figures; sentences, at least one."""
    found = [facts(source) for source in sources]
    if len(sources) == 1:
        return ["There is one report, so nothing differs."]
    machines = len({known for one in found if any(known := tuple(one.get(name) for name in MACHINE))})
    kinds = set(_differing(found))
    said = [
        f"They come from {machines} different machines: compare times within a report, not between reports."
        if machines > 1
        else "They come from machines of one kind; still, times of different days may differ."
    ]
    versions = sorted(kinds - {*MACHINE, KIND, "commit", "seeds", "threads", "seed of the split", "held out"})
    if versions:
        said.append(f"These differ too: {listed(versions)}.")
    if {"seeds", "seed of the split", "held out"} & kinds:
        said.append(
            "The held-out names or the seeds are not the same everywhere: small differences of accuracy mean nothing."
        )
    return [*said, *_quick_beside_whole(sources)]


def _quick_beside_whole(sources: Sequence[Source]) -> Iterator[str]:
    """A sentence where comparisons trained for different times; of a sweep, each setting says what it is."""
    looks: dict[str, list[str]] = {}
    for one in sources:
        if isinstance(one.results, Comparison):
            looks.setdefault(look(one.results), []).append(one.letter)
    if len(looks) > 1:
        said = "; ".join(f"{listed(letters)}: {how}" for how, letters in looks.items())
        yield f"Their networks trained for different numbers of epochs ({said}): do not compare what they have learned."


def _differing(found: Sequence[Mapping[str, str]]) -> list[str]:
    """The facts that are not the same in all reports."""
    names = dict.fromkeys(name for one in found for name in one)
    return [name for name in names if len({one.get(name) for one in found}) > 1]
