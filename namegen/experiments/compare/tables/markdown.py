"""A whole comparison as Markdown: its verdict, where it was measured, and all tables."""

from __future__ import annotations

from namegen.experiments.compare.document import Comparison
from namegen.experiments.compare.tables.sections import list_tables
from namegen.experiments.compare.verdict import verdict
from namegen.experiments.compare.words import measured_where, troubles
from namegen.experiments.table import Table, escaped, escaped_sentence


def markdown(results: Comparison) -> str:
    """All of it; text from lists and from messages is escaped."""
    rows = tuple((line.question, " ".join(line.answers)) for line in verdict(results))
    parts = [
        Table("The verdict", ("question", "answer"), rows, left=2).markdown(),
        *map(escaped_sentence, (*measured_where(results), *troubles(results))),
    ]
    for entry in results.lists:
        parts.append(f"## {escaped(entry.name)}")
        for section, tables in list_tables(entry, results).items():
            parts += [f"### {escaped(section)}", *(table.markdown() for table in tables)]
    return "\n\n".join(parts)
