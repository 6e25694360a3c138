"""A comparison as Markdown."""

from __future__ import annotations

from dataclasses import replace

from namegen.experiments.compare.document import Comparison
from namegen.experiments.compare.tables.markdown import markdown
from tests.experiments.compare.conftest import RESULTS


def test_every_table_of_the_docs_comes_out_again(comparison: Comparison) -> None:
    assert RESULTS.with_name("tables.md").read_text(encoding="utf-8").endswith(f"\n\n{markdown(comparison)}\n")


def test_the_name_of_a_list_is_text(comparison: Comparison) -> None:
    hostile = replace(comparison, lists=(replace(comparison.lists[0], name="<b>*x*\x1b"),))
    assert "## &#60;b&#62;\\*x\\*U+001B" in markdown(hostile)
