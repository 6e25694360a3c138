"""Write the tables of ``docs/results/original.md`` from the results of ``compare-backends``.

``blog.csv`` contains the blog's results. The tool replaces everything between ``<!-- table NAME -->`` and
``<!-- end -->``. With ``--check``, it only checks that the page is up to date.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean
from textwrap import fill

from options import is_check_requested, write_or_check

from namegen.experiments.document import Table, escaped
from namegen.experiments.report import make_report
from namegen.experiments.rows import Results, read_results
from namegen.experiments.summary import ARGMAX, SAMPLED, lists_of

RESULTS = Path(__file__).parents[1] / "results"
PAGE = RESULTS / "original.md"
# The last table of each section with such a title appears on the page.
SECTIONS = {
    "by_row": "networks, by-row",
    "by_name": "networks, by-name",
    "backends": "by each backend",
    "names": "generated names",
}


def blog_table(results: Results) -> str:
    """Compare the accuracy on the whole list, and the generated names that are in the list, with the blog's."""
    ours: dict[tuple[str, str, str], float] = {}
    for each in lists_of(results):
        for model in each.networks()["by-row"]:
            for words, metric in (("sampled", SAMPLED), ("argmax", ARGMAX)):
                ours[each.name, model.name, words] = 100 * mean(model.values(metric, "whole"))
        for network, backend, generation in each.generations():
            if backend == "numpy":
                ours[each.name, network, "in the list"] = generation.recreated_percent
    rows: dict[tuple[str, str], dict[str, str]] = {}
    with (RESULTS / "blog.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            model = (line["list"], line["network"])
            value = ours[*model, line["measurement"]]
            cells = rows.setdefault(model, {"list": line["list"], "network": line["network"]})
            cells[f"{line['measurement']} (%)"] = f"{line['percent']} → {value:.1f}"
    return Table("The blog's result → ours", list(rows.values()), left=2).markdown()


def update_page(page: str, results: Results) -> str:
    """Return the page with up-to-date tables."""
    report = make_report(results)
    verdict = [fill(escaped(text), 120) for text in (report.headline, *report.findings)]
    parts = {
        "where": fill(escaped(" ".join(report.details)), 120),
        "verdict": "\n\n".join(verdict),
        "blog": blog_table(results),
    }
    for name, title in SECTIONS.items():
        sections = [section for section in report.sections if section.title.endswith(title)]
        tables = [replace(section.tables[-1], title=section.title) for section in sections]
        parts[name] = "\n\n".join(table.markdown() for table in tables)
    return re.sub(
        r"(<!-- table (\w+) -->\n).*?(<!-- end -->)",
        lambda match: f"{match[1]}{parts[match[2]]}\n{match[3]}",
        page,
        flags=re.DOTALL,
    )


def main(arguments: Sequence[str]) -> None:
    """Write the page, or check it."""
    check = is_check_requested(__doc__, arguments)
    results = read_results(RESULTS / "results.json")
    write_or_check({PAGE: update_page(PAGE.read_text("utf-8"), results)}, check=check)


if __name__ == "__main__":
    main(sys.argv[1:])
