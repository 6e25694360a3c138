"""Write the report of a comparison, with sections, tables and plots, as an HTML page or as Markdown.

``python -m namegen.experiments.compare.tables DIR/results.json`` prints the report as Markdown.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from namegen.core.data.corpus import FEWEST_TO_COMPARE, SHORT_LIST
from namegen.documents import to_plain
from namegen.errors import ResultsError, counted
from namegen.experiments.compare.document import Comparison, ListEntry, read_comparison
from namegen.experiments.compare.load_summary import LoadSummary
from namegen.experiments.compare.name_tables import (
    duplicates_table,
    generated_names_table,
    samples,
    speed_table,
)
from namegen.experiments.compare.network_tables import (
    LIKE_FOR_LIKE,
    accuracy_table,
    like_for_like_table,
    loss_table,
)
from namegen.experiments.compare.verdict import verdict
from namegen.experiments.machine import code_in_words
from namegen.experiments.report import (
    SAMPLED,
    Block,
    Plot,
    Section,
    Table,
    Text,
    file_names,
    markdown,
    more,
    percent,
    plots,
    write_page,
)

TITLE = "namegen: the backends compared"
LISTS_IN_SIGHT = 2  # the sections of all further lists are folded
NETWORKS = "Networks and accuracy"
GENERATION = "Generation"


def comparison_blocks(results: Comparison) -> list[Block]:
    """Make the whole report of a comparison."""
    where = [Text(sentence, "where") for sentence in measured_where(results)]
    samples_tables = [samples(entry) for entry in results.lists]
    return [
        *verdict_blocks(results),
        *[table for table in samples_tables if table.rows],
        *[Text(sentence, "missing") for sentence in troubles(results)],
        Section("Where and how it was measured", tuple(where), "plain"),
        *[_list_section(results, number) for number in range(len(results.lists))],
    ]


# --- the start --------------------------------------------------------------------------------------------------------


def verdict_blocks(results: Comparison) -> list[Block]:
    """Make the start of the report: the headline, a few sentences, and the best network for each list."""
    summary = verdict(results)
    blocks: list[Block] = [
        Text(summary.headline, "headline"),
        Text(summary.speed, "missing" if summary.is_noisy else ""),
    ]
    blocks += [Text(sentence) for sentence in (summary.quality, summary.names) if sentence]
    if summary.table.rows:
        blocks.append(summary.table)
    return blocks


def measured_where(results: Comparison) -> list[str]:
    """Describe the machine, threads, versions, backends and seeds, in one sentence each."""
    sentences = [_machine_sentence(results)]
    load = LoadSummary.of(results)
    if load is not None:
        sentences.append(load.describe())
    return [
        *sentences,
        _versions_sentence(results),
        _backends_sentence(results),
        *_rule_sentences(results),
    ]


def _machine_sentence(results: Comparison) -> str:
    """Describe the machine, and how many measurements ran at the same time."""
    machine = results.machine
    facts = [counted(machine.cores, "core")]
    if machine.memory_gib:
        facts.append(f"{machine.memory_gib:g} GiB")
    facts.append(machine.system)
    threads = counted(results.threads, "thread")
    return (
        f"Measured on {machine.processor} ({', '.join(facts)}). Each measurement ran in its own process with {threads},"
        " and timed measurements ran alone."
    )


def _versions_sentence(results: Comparison) -> str:
    """List the versions of the libraries and the commits of namegen."""
    versions = []
    for name, version in results.versions.items():
        versions.append(f"{name} {version or '(not installed)'}")
    sentence = f"Versions: {', '.join(versions)}"
    if results.commits:
        sentence += f"; commit {' and '.join(results.commits)}"
    return f"{sentence}."


def _backends_sentence(results: Comparison) -> str:
    backends = [f"{name} ({code_in_words(code)})" for name, code in results.engine_codes.items()]
    return f"Backends: {'; '.join(backends)}."


def _rule_sentences(results: Comparison) -> list[str]:
    """Describe the seeds, the held-out names and the choice of the best epoch."""
    seeds = ", ".join(str(seed) for seed in results.seeds)
    return [
        f"Training seeds: {seeds}. Split seed: {results.split_seed}. {results.validation:.0%} of each list was held"
        " out.",
        "The results are from the epoch with the lowest loss on the held-out names. For the original networks, they are"
        " from the epoch with the highest accuracy, as in the original.",
    ]


def troubles(results: Comparison) -> list[str]:
    """List failed and skipped measurements in one sentence each. Explain how to get the skipped ones."""
    skipped = [f"Skipped: {trouble.what}: {trouble.why}." for trouble in results.left_out]
    failed = [f"Failed: {trouble.what}: {trouble.why}." for trouble in results.failed]
    return skipped + failed


# --- the section of a list --------------------------------------------------------------------------------------------


def _list_section(results: Comparison, number: int) -> Section:
    """Make the section of a list. Only the first lists are visible, and readers can unfold the others."""
    entry = results.lists[number]
    return Section(
        entry.name,
        tuple(_list_blocks(entry, results)),
        fold="whole" if number >= LISTS_IN_SIGHT else "",
        anchor=f"list-{number}",
    )


def _list_blocks(entry: ListEntry, results: Comparison) -> Iterator[Block]:
    """Make the report for one list, skipping sections that have no results."""
    engines = list(results.engines)
    for any_entry in results.lists:
        engines += any_entry.engines
    yield from _list_facts(entry)
    if entry.like_for_like:
        yield _like_for_like_section(entry, engines)
    if entry.splits:
        yield _networks_section(entry, engines)
    if entry.generation:
        yield _generation_section(entry, engines, results.generated_names)


def _list_facts(entry: ListEntry) -> Iterator[Text]:
    """Describe the size of a list."""
    facts = entry.facts
    if facts is None:
        return
    ceiling = percent(facts.ceiling.accuracy_argmax)
    yield Text(
        f"The list has {facts.names:,} names ({facts.distinct_names:,} distinct). A model has to predict "
        f"{facts.characters:,} characters, including the end of each name. At best, it can predict {ceiling}% of them, "
        "which is the ceiling of the list."
    )
    if FEWEST_TO_COMPARE <= facts.distinct_names < SHORT_LIST:
        yield Text(
            "This comparison trains its networks only on this list. For a list of fewer than "
            f"{SHORT_LIST} different names, namegen train fine-tunes a pretrained base model if one fits the list."
        )


def _like_for_like_section(entry: ListEntry, engines: Sequence[str]) -> Section:
    """Make the section that compares how the backends train the same networks."""
    from namegen.experiments.compare.figures import curve_plots

    about = (
        "Each backend trains the same network with the same initial weights on the same batches. The learning rate is"
        " only a third of the other networks' rate, so the results are different. Accuracy (argmax) is how often the"
        " most likely next character is the right one."
    )
    curves = list(curve_plots(entry, engines))
    return _section(LIKE_FOR_LIKE, about, curves, [like_for_like_table(entry)])


def _networks_section(entry: ListEntry, engines: Sequence[str]) -> Section:
    """Make the section about the accuracy and the loss of the networks."""
    from namegen.experiments.compare.figures import accuracy_plots

    about = (
        "The plots and tables show how often the most likely next character is the right one (argmax), and how often a"
        " character drawn from the network's probabilities is the right one (sampled)."
    )
    tables: list[Table] = []
    for split in entry.splits:
        tables.append(accuracy_table(entry, split))
        tables.append(accuracy_table(entry, split, SAMPLED))
        tables.append(loss_table(entry, split))
    return _section(NETWORKS, about, list(accuracy_plots(entry, engines)), tables)


def _generation_section(entry: ListEntry, engines: Sequence[str], names: int) -> Section:
    """Make the section about generated names, of which each model generated this number."""
    from namegen.experiments.compare.figures import generation_plots

    about = (
        "The plots and tables show how fast each model draws names, one by one or with count-splitting, and what the"
        " names are like."
    )
    tables = [
        speed_table(entry, names),
        generated_names_table(entry, names),
        duplicates_table(entry),
    ]
    return _section(GENERATION, about, list(generation_plots(entry, names, engines)), tables)


def _section(
    title: str, about: str, section_plots: Sequence[Plot], tables: Sequence[Table]
) -> Section:
    """Make a section that shows its first plot and folds the rest."""
    filled_tables = [table for table in tables if table.rows]
    folded = more(title, [*section_plots[1:], *filled_tables])
    return Section(title, (Text(about, "about"), *section_plots[:1], *folded))


# --- files ------------------------------------------------------------------------------------------------------------


def write_report(results: Comparison, path: Path) -> None:
    """Write the report as an HTML page, and its plots as PNG files next to it.

    Raises:
        OutputError: a file can't be written.
    """
    blocks = comparison_blocks(results)
    document = json.dumps(to_plain(results), ensure_ascii=True, allow_nan=False)
    write_page(path, TITLE, blocks, document)
    list_names = [entry.name for entry in results.lists]
    file_name_of_list = dict(zip(list_names, file_names(list_names), strict=True))
    for plot in plots(blocks):
        plot.write(path.parent / f"{file_name_of_list[plot.of]}-{plot.key}.png")


def main(arguments: Iterable[str] | None = None) -> None:
    """Print the report of a ``results.json`` as Markdown."""
    parser = argparse.ArgumentParser(
        prog="python -m namegen.experiments.compare.tables", description=__doc__
    )
    parser.add_argument("results", type=Path, help="the results.json of a comparison")
    path = parser.parse_args(None if arguments is None else list(arguments)).results
    try:
        print("\n\n".join(markdown(comparison_blocks(read_comparison(path)))))
    except ResultsError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
