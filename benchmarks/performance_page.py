"""Write ``docs/results/performance.md`` from ``performance.json``.

With ``--check``, only check that the page is up to date.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from textwrap import fill

from benchmarks.document import Comparison, Performance, Section, format_median
from benchmarks.lead import compute_leads, lead_sentence, lead_table
from benchmarks.pages import RESULTS, read, write_or_check
from benchmarks.performance_tables import combined_table, table_heads
from benchmarks.sections import SECTIONS

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
    """Write the whole page."""
    blocks = [HEAD]
    blocks += [_wrap(sentence) for sentence in _origin_sentences(document.sections)]
    blocks += [_section_markdown(section) for section in document.sections]
    leads = compute_leads(document)
    if leads:
        blocks += [LEAD, lead_table(leads), _wrap(lead_sentence(leads))]
    return "\n\n".join(blocks) + "\n"


def _wrap(paragraph: str) -> str:
    return fill(paragraph, 120, break_long_words=False, break_on_hyphens=False)


# --- machines and versions --------------------------------------------------------------------------------------------


def _origin_sentences(sections: Sequence[Section]) -> list[str]:
    """Write one sentence per machine and commit, which lists the sections that were measured there."""
    sections_by_origin: dict[str, list[Section]] = {}
    for section in sections:
        sections_by_origin.setdefault(_origin(section), []).append(section)
    return [_origin_sentence(origin, members) for origin, members in sections_by_origin.items()]


def _origin(section: Section) -> str:
    """Describe the machine and the commit with which a section was measured."""
    machine = section.machine
    cores = f"{machine['cores']} cores"
    memory = f"{machine['memory_gib']} GiB"
    commit = section.commit or "unknown"
    return f"{machine['processor']}, {cores}, {memory}, {machine['system']}; commit {commit}"


def _origin_sentence(origin: str, sections: Sequence[Section]) -> str:
    names = _join_words([section.name for section in sections])
    versions = ", ".join(_distinct_versions(sections))
    return f"We measured the sections {names} on {origin}, with {versions}."


def _distinct_versions(sections: Sequence[Section]) -> list[str]:
    """List the versions of all libraries without duplicates. A library can have several versions."""
    versions: list[str] = []
    for section in sections:
        for library, version in section.versions.items():
            name = f"{library} {version}"
            if name not in versions:
                versions.append(name)
    return versions


def _join_words(words: Sequence[str]) -> str:
    """Join words with commas, and the last one with "and"."""
    *first_words, last_word = words
    if not first_words:
        return last_word
    return f"{', '.join(first_words)} and {last_word}"


# --- sections ---------------------------------------------------------------------------------------------------------


def _section_markdown(section: Section) -> str:
    """Write a section: its explanation, its tables, and its sentences about matrix products."""
    heading = f"## {SECTIONS[section.name].title}"
    sentences = [
        _wrap(_product_sentence(comparison))
        for comparison in section.comparisons
        if comparison.unit == "GFLOP/s"
    ]
    blocks = [heading, _wrap(_explanation(section)), *_tables(section.comparisons), *sentences]
    return "\n\n".join(blocks)


def _tables(comparisons: Sequence[Comparison]) -> list[str]:
    """Make the tables of a section. Successive comparisons with the same columns share a table."""
    shown = [comparison for comparison in comparisons if _has_table(comparison)]
    return [combined_table(list(group)) for _, group in groupby(shown, key=table_heads)]


def _has_table(comparison: Comparison) -> bool:
    """Whether the page shows a table. Processor times are almost equal to wall times, and products are a sentence."""
    return comparison.key != "processor" and comparison.unit != "GFLOP/s"


def _explanation(section: Section) -> str:
    command = f'make bench BENCH="{section.name}"'
    return (
        f"To repeat this measurement, run `{command}`. The command runs {section.rounds} rounds, which takes "
        f"{section.seconds:.0f} seconds. {SECTIONS[section.name].about}"
    )


def _product_sentence(comparison: Comparison) -> str:
    """Compare the arithmetic speed of training with that of the machine's largest matrix product."""
    network, _, _ = comparison.title.partition(":")
    shares = [_share_of_product(comparison, subject) for subject in comparison.subjects]
    return (
        f"{network} trains at {' or '.join(shares)} of the speed of the matrix product "
        f"{comparison.rival}."
    )


def _share_of_product(comparison: Comparison, subject: str) -> str:
    """Format the speed of a subject in percent of the product's speed, for example ``62% (each prefix)``."""
    shares = comparison.against(subject, comparison.best(comparison.rival))
    percent = format_median(shares, _format_percent)
    counting_method = subject.rpartition(", ")[2]
    return f"{percent}% ({counting_method})"


def _format_percent(share: float) -> str:
    return f"{100 * share:.0f}"


def main() -> None:
    """Write the page, or check it."""
    document = read(Performance, RESULTS / "performance.json")
    write_or_check(RESULTS, "performance", page(document))


if __name__ == "__main__":
    main()
