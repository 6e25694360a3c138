"""The page that joins several reports: one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from namegen.drawings.style import drawing_style, figure_bytes
from namegen.experiments.compare.document import Comparison
from namegen.experiments.compare.html import Plot, inline_svg, list_reports, page_environment, whole
from namegen.experiments.joined.across import tables_across
from namegen.experiments.joined.differences import cautions, differences_table, sources_table
from namegen.experiments.joined.source import Source
from namegen.experiments.joined.sweeps import sweep_tables
from namegen.experiments.sweep.document import Results
from namegen.experiments.sweep.figures import sweep_detail, sweep_figure, sweep_title
from namegen.experiments.sweep.results import axes_in_words, by_setting, lists_of, setting_table, trained, untrained
from namegen.experiments.table import Table
from namegen.files import check_output, write_whole

TEMPLATE = "joined.html"


@dataclass(frozen=True)
class SweepList:
    """A list of a sweep in the page.

    Attributes:
        table: a row a setting.
        plot: None where no run has figures.
    """

    table: Table
    plot: Plot | None


def write_joined(sources: Sequence[Source], out: Path, *, force: bool = False) -> None:
    """Write the page.

    Args:
        sources: what is joined, at least one.
        out: the file.
        force: it may be written over.

    Raises:
        OutputError: it exists, or cannot be written.
    """
    check_output(out, example="joined.html", force=force)
    write_whole(out, _render(sources).encode())


def _render(sources: Sequence[Source]) -> str:
    names = [name for source in sources for name in source.lists]
    return (
        page_environment(names)
        .get_template(TEMPLATE)
        .render(
            sources=sources_table(sources),
            differences=differences_table(sources),
            cautions=cautions(sources),
            across=[*tables_across(sources), *sweep_tables(sources)],
            parts=[_part(source) for source in sources],
        )
    )


def _part(source: Source) -> dict[str, object]:
    """What the template shows of one source."""
    results = source.results
    if isinstance(results, Comparison):
        part = {**whole(results), "lists": list_reports(results, None, prefix=f"{source.letter}p"), "sweeps": []}
    else:
        why = dict.fromkeys(f"{run.status}: {run.why}" for run in untrained(results))
        part = {"verdict": [], "where": [], "troubles": list(why), "lists": [], "sweeps": _sweep_lists(source, results)}
        if results.left:
            part["troubles"] = [f"{results.left:,} runs of the sweep are still to be made.", *why]
    about = f"sweep of {axes_in_words(results)}" if isinstance(results, Results) else source.kind
    return {**part, "letter": source.letter, "title": f"{source.letter}: {', '.join([about, *source.lists])}"}


def _sweep_lists(source: Source, results: Results) -> list[SweepList]:
    found = []
    for number, name in enumerate(lists_of(results), start=1):
        table = setting_table(results, name)
        plot = _sweep_plot(results, name, f"{source.letter}s{number}")
        found.append(SweepList(replace(table, title=f"{table.title}: on the held-out names"), plot))
    return found


def _sweep_plot(results: Results, name: str, prefix: str) -> Plot | None:
    """The plot of a list, for wide screens and for narrow ones; None where no run has figures."""
    if not any(map(trained, by_setting(results, name).values())):
        return None
    title, detail = sweep_title(results, name), sweep_detail(results, name)
    with drawing_style():
        wide, narrow = (
            inline_svg(
                figure_bytes(sweep_figure(results, name, narrow=narrow), "svg").decode(),
                f"{prefix}{'n' if narrow else 'w'}",
                title,
            )
            for narrow in (False, True)
        )
    return Plot(wide, narrow, title, detail, narrow_note="", folded=False)
