"""A whole comparison as Markdown: its result in words, where it was measured, and all tables."""

from __future__ import annotations

from namegen.experiments.compare.document import Comparison
from namegen.experiments.compare.tables.sections import list_tables
from namegen.experiments.compare.words import findings, measured_where, statement
from namegen.experiments.table import escaped


def markdown(results: Comparison) -> str:
    """All of it; text from lists is escaped."""
    points = "\n".join(f"- {escaped(point)}" for point in findings(results))
    parts = [statement(results), *filter(None, [points]), *measured_where(results)]
    for entry in results.lists:
        parts.append(f"## {escaped(entry.name)}")
        for section, tables in list_tables(entry, results).items():
            parts += [f"### {section}", *(table.markdown() for table in tables)]
    return "\n\n".join(parts)
